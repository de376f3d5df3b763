"""The display of a forecast draws the numbers that the forecaster gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from ibestimators.forecasting import ForecastDisplay, Forecaster

SERIES = np.random.default_rng(0).normal(size=60).cumsum()
FORECASTER = Forecaster(LinearRegression(), 6, 4, calibration_fraction=0.3).fit(SERIES)


def test_what_is_drawn():
    display = ForecastDisplay.from_estimator(
        FORECASTER, truth=SERIES[:3], coverage=0.8, n_past=10, line_kw={"lw": 3}
    )
    past, truth, forecast = display.ax_.lines
    np.testing.assert_array_equal(past.get_xydata(), np.c_[np.arange(50, 60), SERIES[50:]])
    np.testing.assert_array_equal(truth.get_xydata(), np.c_[np.arange(60, 63), SERIES[:3]])
    np.testing.assert_allclose(
        forecast.get_xydata(), np.c_[np.arange(60, 64), FORECASTER.predict()]
    )
    assert forecast.get_linewidth() == 3
    lower, upper = FORECASTER.predict_interval(0.8)
    band = display.ax_.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((lower.min(), upper.max()))


def test_the_x_axis_has_the_dates_of_the_series():
    dates = pd.date_range("2020-01-01", periods=60)
    forecaster = Forecaster(LinearRegression(), 6, 4).fit(pd.Series(SERIES, dates))
    display = ForecastDisplay.from_estimator(forecaster, n_steps=2)
    expected = pd.date_range("2020-01-01", periods=62).to_numpy()
    assert (display.time == expected).all()
    assert display.interval is None


def test_arrays_of_ones_own():
    display = ForecastDisplay([1.0, 2.0, 3.0], [4.0, 5.0], truth=[4.0]).plot()
    assert display.time.tolist() == [-3, -2, -1, 0, 1]
    assert [len(line.get_xdata()) for line in display.ax_.lines] == [3, 1, 2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"truth": [1.0] * 3}, "truth has 3 steps, but the forecast has 2"),
        ({"interval": ([1.0], [2.0, 3.0])}, "interval must be two arrays of 2 steps"),
        ({"time": [1, 2]}, r"time has 2 values.*3 \+ 2"),
        ({"truth": [[1.0]]}, "truth must have one axis"),
    ],
)
def test_parts_that_do_not_fit(options, message):
    with pytest.raises(ValueError, match=message):
        ForecastDisplay([1.0, 2.0, 3.0], [4.0, 5.0], **options)


@pytest.mark.parametrize("series", [[SERIES, SERIES], np.stack([SERIES, SERIES], axis=1)])
def test_several_series(series):
    forecaster = Forecaster(LinearRegression(), 6, 4).fit(series)
    with pytest.raises(ValueError, match="one series.*fitted on several"):
        ForecastDisplay.from_estimator(forecaster)
