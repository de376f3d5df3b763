"""
Forecast a series
=================

How many passengers will an airline have next year? The past of the series is cut into windows, so
that a network of any bias forecasts it, with intervals from errors on months that it was not
trained on. ``compare_biases`` with ``time=`` shows which bias suits it.
"""

# %%
# The data
# --------
# Passengers of an airline in thousands, each month from 1949 to 1960. The swings grow with the
# level, so that the logarithm is forecast. The last year is kept as the truth.

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import TimeSeriesSplit
from sktime.datasets import load_airline

from ibestimators import ConvRegressor, biases, compare_biases
from ibestimators.forecasting import (
    ForecastDisplay,
    Forecaster,
    NaiveRegressor,
    forecast_scorer,
    mase,
    windows,
)

YEAR, SEED = 12, 0
series = np.log(load_airline())
past, truth = series[:-YEAR], series[-YEAR:]

# %%
# A forecast with intervals
# -------------------------
# A window has the 24 months before the forecast. The latest 40 % of the windows measure the errors
# that the intervals are made of; then the network is fitted on all windows. Each month of the year
# lies in its interval with a probability of 80 %, if errors stay what they were.

conv = ConvRegressor(random_state=SEED)
forecaster = Forecaster(conv, lags=2 * YEAR, horizon=YEAR, calibration_fraction=0.4).fit(past)
display = ForecastDisplay.from_estimator(forecaster, truth, coverage=0.8, n_past=4 * YEAR)
display.ax_.set_ylabel("log of passengers in thousands")
lower, upper = forecaster.predict_interval(0.8)
inside = int(np.sum((lower <= truth) & (truth <= upper)))
print(f"{inside} of {YEAR} months are in their interval")

# %%
# The mean absolute scaled error is below 1 if the error is smaller than that of a seasonal naive
# forecast on the past.

naive = Forecaster(NaiveRegressor(season=YEAR), 2 * YEAR, YEAR).fit(past)
for name, est in {"convolution": forecaster, "last year again": naive}.items():
    print(f"{name:16} {mase(truth, est.predict(), past, season=YEAR):.2f}")

# %%
# Direct and recursive
# --------------------
# The direct forecast has an output for each month of the year. A recursive one learns the next
# month and continues from its own forecasts, here for three years, and here by a regressor of
# scikit-learn.

recursive = Forecaster(LinearRegression(), lags=2 * YEAR, strategy="recursive").fit(past)
figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
display = ForecastDisplay.from_estimator(recursive, truth, n_steps=3 * YEAR, n_past=4 * YEAR, ax=ax)
ax.set_ylabel("log of passengers in thousands")

# %%
# Which bias?
# -----------
# On the windows themselves any estimators can be compared. With ``time`` each fold is trained on
# the past of the block that it is tested on. The skill is 0 for the seasonal naive forecast and 1
# for a perfect one. Two blocks decide little, as the intervals say; the
# :doc:`guide </guide/forecasting>` has a table of three series with four blocks and three seeds.

X, y, time, _ = windows(past, lags=2 * YEAR, horizon=YEAR)
result = compare_biases(
    X,
    y,
    {"naive": NaiveRegressor(season=YEAR), **biases("regression")},
    time=time,
    cv=TimeSeriesSplit(2, test_size=YEAR),
    scoring=forecast_scorer("skill", season=YEAR),
    random_state=SEED,
)
print(result)
