"""Forecasting: windows of series as samples, and forecasts by any regressor.

A window is a sample with the structure ``(lags, features)``, so that the estimators of this
package, `compare_biases` and scikit-learn's regressors apply as they are.
"""

from ibestimators.forecasting._display import ForecastDisplay
from ibestimators.forecasting._forecaster import Forecaster
from ibestimators.forecasting._naive import NaiveRegressor
from ibestimators.forecasting._scores import forecast_scorer, mase
from ibestimators.forecasting._windows import windows

__all__ = [
    "ForecastDisplay",
    "Forecaster",
    "NaiveRegressor",
    "forecast_scorer",
    "mase",
    "windows",
]
