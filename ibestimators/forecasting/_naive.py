"""Forecasts without learning: what any model has to beat."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import Tags, check_array
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from ibestimators.base import POSITIVE_INT, estimator, parameter
from ibestimators.structures import reads_containers


@estimator
class NaiveRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Forecasts of windows by their last values, their last season, or their drift.

    Reads X as `windows` returns it. With ``strategy="last"`` and `season` 1 all forecasts are the
    last value; with `season` 12 the forecast of a month is that of a year before.

    {sections}

    See Also
    --------
    windows : Cut a series into windows.

    References
    ----------
    Hyndman & Athanasopoulos, "Forecasting: principles and practice", section 5.2.

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators.forecasting import NaiveRegressor, windows
    >>> X, y, *_ = windows(np.arange(8.0), lags=3, horizon=2)
    >>> NaiveRegressor(strategy="drift").fit(X, y).predict(X[:1])
    array([[1., 2.]])
    """

    strategy: str = parameter(
        "last",
        [StrOptions({"last", "drift"})],
        "{'last', 'drift'}",
        "'last' repeats the last season of a window; 'drift' continues the line from its first "
        "value to its last.",
    )
    season: int = parameter(
        1, [POSITIVE_INT], "int", "Number of steps in a season, for 'last'; at most the lags."
    )
    n_series: int = parameter(
        1,
        [POSITIVE_INT],
        "int",
        "Number of series that are forecast together; they are the first features of X.",
    )

    _attribute_docs: ClassVar = (
        ("horizon_", "int", "Number of steps to forecast."),
        ("n_features_in_", "int", "Number of features of X, the last axis."),
    )

    @reads_containers
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Take the horizon from y.

        Parameters
        ----------
        X : array-like of shape (n_windows, lags, n_features) or (n_windows, lags)
        y : array-like of shape (n_windows,) or (n_windows, horizon * n_series)

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a season or the series do not fit into a window, or y does not fit `n_series`.
        """
        self._validate_params()
        past = self._read(X)
        targets: NDArray[Any] = check_array(y, ensure_2d=False, input_name="y", estimator=self)
        n_outputs = 1 if targets.ndim == 1 else targets.shape[1]
        if len(targets) != len(past):
            raise ValueError(f"X has {len(past)} windows, but y has {len(targets)}.")
        if n_outputs % self.n_series:
            raise ValueError(
                f"y has {n_outputs} columns, which is no multiple of n_series={self.n_series}."
            )
        self.horizon_ = n_outputs // self.n_series
        self.n_features_in_ = int(np.shape(X)[-1])
        self._is_1d = targets.ndim == 1
        return self

    @reads_containers
    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Forecast.

        Parameters
        ----------
        X : array-like of shape (n_windows, lags, n_features) or (n_windows, lags)

        Returns
        -------
        ndarray of shape (n_windows,) or (n_windows, horizon * n_series)
        """
        check_is_fitted(self)
        past = self._read(X)
        steps = np.arange(self.horizon_)
        if self.strategy == "drift":
            slope = (past[:, -1:] - past[:, :1]) / (past.shape[1] - 1)
            future = past[:, -1:] + slope * (steps[:, np.newaxis] + 1)
        else:
            future = past[:, past.shape[1] - self.season + steps % self.season]
        rows: NDArray[np.float64] = future.reshape(len(past), -1)
        return rows[:, 0] if self._is_1d else rows

    def _read(self, X: ArrayLike) -> NDArray[np.float64]:
        """The past of the series, (n_windows, lags, n_series)."""
        past: NDArray[np.float64] = check_array(
            X, dtype=np.float64, ensure_2d=False, allow_nd=True, input_name="X", estimator=self
        )
        past = past[..., np.newaxis] if past.ndim == 2 else past
        if past.ndim != 3:
            raise ValueError(
                "X must be windows of shape (n_windows, lags, n_features) or (n_windows, lags), "
                f"got an array of shape {past.shape}."
            )
        _, lags, n_features = past.shape
        if n_features < self.n_series:
            raise ValueError(f"n_series={self.n_series}, but X has {n_features} features.")
        needed = 2 if self.strategy == "drift" else self.season
        if lags < needed:
            name = "strategy='drift'" if self.strategy == "drift" else f"season={self.season}"
            raise ValueError(f"{name} needs {needed} lags, but a window has {lags}.")
        return past[..., : self.n_series]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True
        return tags
