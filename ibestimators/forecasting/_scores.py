"""Errors of forecasts, in units of the errors of a naive forecast."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import assert_all_finite

from ibestimators.forecasting._naive import NaiveRegressor
from ibestimators.forecasting._windows import check_sizes
from ibestimators.structures import reads_containers


@reads_containers
def mase(y_true: ArrayLike, y_pred: ArrayLike, past: ArrayLike, season: int = 1) -> float:
    """Mean absolute scaled error of a forecast.

    The mean absolute error, divided by that of a one-step naive forecast of the past, which
    repeats the value of one season before. Below 1 is better than this on average, but longer
    forecasts have larger errors.

    Parameters
    ----------
    y_true, y_pred : array-like
        Of one shape.
    past : array-like of shape (n_steps,) or (n_windows, lags)
        The series that precedes the forecast, or windows of it.
    season : int, default=1
        Number of steps in a season.

    Returns
    -------
    float
        At least 0; smaller is better.

    Raises
    ------
    ValueError
        If shapes differ, a value is NaN, or the past is not longer than a season or repeats it
        exactly.

    References
    ----------
    Hyndman & Koehler, "Another look at measures of forecast accuracy", International Journal of
    Forecasting 22 (2006).

    Examples
    --------
    >>> from ibestimators.forecasting import mase
    >>> mase(y_true=[7.0, 8.0], y_pred=[6.5, 7.5], past=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    0.5
    """
    check_sizes(season=season)
    true, predicted = np.asarray(y_true, dtype=float), np.asarray(y_pred, dtype=float)
    if true.shape != predicted.shape:
        raise ValueError(f"y_true has the shape {true.shape}, but y_pred has {predicted.shape}.")
    before = np.asarray(past, dtype=float)
    for name, values in (("y_true", true), ("y_pred", predicted), ("past", before)):
        assert_all_finite(values, input_name=name)
    if before.ndim not in (1, 2) or before.shape[-1] <= season:
        raise ValueError(
            f"past must have more than season={season} steps on its last axis, to measure a naive "
            f"forecast on, got the shape {before.shape}."
        )
    scale = np.abs(before[..., season:] - before[..., :-season]).mean()
    if not scale > 0:
        raise ValueError(
            f"past repeats exactly after season={season} steps, so that a naive forecast has no "
            "error to divide by."
        )
    return float(np.abs(true - predicted).mean() / scale)


class ForecastScorer:
    """A scorer of forecasts of windows; see `forecast_scorer`."""

    def __init__(self, metric: str, season: int, n_series: int) -> None:
        self.metric = metric
        self.season = season
        self.n_series = n_series

    @property
    def __name__(self) -> str:  # noqa: PLW3201 (as functions have)
        return "neg_mase" if self.metric == "mase" else "skill"

    def __repr__(self) -> str:
        return f"forecast_scorer({self.metric!r}, season={self.season}, n_series={self.n_series})"

    def __call__(self, estimator: Any, X: ArrayLike, y: ArrayLike) -> float:
        """Score a fitted regressor on windows.

        Parameters
        ----------
        estimator : estimator
        X : array-like of shape (n_windows, lags, n_features) or (n_windows, lags)
        y : array-like of shape (n_windows,) or (n_windows, horizon * n_series)

        Returns
        -------
        float
        """
        past = np.asarray(X, dtype=float)
        past = past[..., np.newaxis] if past.ndim == 2 else past
        true, predicted = self._by_series(y), self._by_series(estimator.predict(X))
        if self.metric == "mase":
            errors = [
                mase(true[..., i], predicted[..., i], past[..., i], self.season)
                for i in range(self.n_series)
            ]
            return -float(np.mean(errors))
        naive = NaiveRegressor(season=self.season, n_series=self.n_series).fit(past, np.asarray(y))
        expected = self._by_series(naive.predict(past))
        naive_errors = np.abs(true - expected).mean(axis=(0, 1))
        if not (naive_errors > 0).all():
            raise ValueError(
                f"The naive forecast with season={self.season} has no error, so that there is "
                "nothing to gain."
            )
        return float(np.mean(1 - np.abs(true - predicted).mean(axis=(0, 1)) / naive_errors))

    def _by_series(self, y: Any) -> NDArray[np.float64]:
        values = np.asarray(y, dtype=float)
        if values.size % (len(values) * self.n_series):
            raise ValueError(
                f"y has the shape {values.shape}, whose columns are no multiple of "
                f"n_series={self.n_series}."
            )
        return values.reshape(len(values), -1, self.n_series)


def forecast_scorer(metric: str = "mase", season: int = 1, n_series: int = 1) -> ForecastScorer:
    """Make a scorer of forecasts of windows, for `scoring` in any comparison.

    X and y are those of `windows`. Both metrics measure against the naive forecast that repeats
    the last season; of several series the mean is taken.

    Parameters
    ----------
    metric : {"mase", "skill"}, default="mase"
        "mase" is minus the mean absolute scaled error, `mase`, whose past are the windows that
        are scored. "skill" is 1 minus the ratio of the mean absolute error to that of the naive
        forecast of the same steps: 1 is perfect, 0 is naive, below 0 is worse.
    season : int, default=1
        Number of steps in a season; below the number of lags.
    n_series : int, default=1
        Number of series that are forecast together.

    Returns
    -------
    ForecastScorer
        A callable ``(estimator, X, y)``; greater is better.

    Raises
    ------
    ValueError
        If the metric is unknown, or a size is no int of at least 1.

    References
    ----------
    Hyndman & Koehler, "Another look at measures of forecast accuracy", International Journal of
    Forecasting 22 (2006).

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators.forecasting import NaiveRegressor, forecast_scorer, windows
    >>> X, y, *_ = windows(np.arange(20.0) ** 2, lags=4, horizon=2)
    >>> drift = NaiveRegressor(strategy="drift").fit(X, y)
    >>> round(forecast_scorer("skill")(drift, X, y), 2)
    0.78
    """
    if metric not in ("mase", "skill"):
        raise ValueError(f"metric must be 'mase' or 'skill', got {metric!r}.")
    check_sizes(season=season, n_series=n_series)
    return ForecastScorer(metric, season, n_series)
