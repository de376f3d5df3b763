"""Forecasts of series by any regressor on windows, with conformal intervals.

The regressor may be one of this package, which reads a window as ``(lags, features)``, or any of
scikit-learn, which gets it flattened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ibestimators.base import POSITIVE_INT
from ibestimators.forecasting._windows import (
    Series,
    as_targets,
    check_known,
    check_sizes,
    is_panel,
    read_panel,
    without_last,
)
from ibestimators.structures import reads_containers


class Forecaster(MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """Forecasts the next steps of series by a regressor on windows.

    Parameters
    ----------
    regressor : estimator
        Any regressor. Windows reach those that take 3-D arrays, by their tags, as
        ``(n_windows, lags, n_features)``; all others get them flattened. With several outputs it
        has to predict them together; `sklearn.multioutput.MultiOutputRegressor` makes it do so.
    lags : int
        Number of past steps that a forecast is made from.
    horizon : int, default=1
        Number of steps to forecast.
    strategy : {"direct", "recursive"}, default="direct"
        "direct" predicts all steps at once, one output each. "recursive" learns to predict one
        step and continues from its own predictions, to any number of steps.
    step : int, default=1
        Steps from one training window to the next.
    subtract_last : bool, default=True
        Whether to subtract the last value of each window before the regressor and to add it to
        the forecast, so that trends lead to no extrapolation (Zeng et al. 2023).
    calibration_fraction : float, default=0.0
        Share of the windows, the latest, to measure errors on for `predict_interval`. They come
        from a first fit on the windows before these; a second fit on all windows makes the
        forecasts. With 0 there is one fit and no interval.

    Attributes
    ----------
    regressor_ : estimator
        Fitted on all windows.
    residuals_ : ndarray of shape (n_held_out, horizon, n_series)
        Truth minus forecast of the held-out windows; only with `calibration_fraction`.

    See Also
    --------
    windows : The samples that the regressor is fitted on, for a comparison of regressors.

    References
    ----------
    Bontempi, Ben Taieb & Le Borgne, "Machine learning strategies for time series forecasting"
    (2013). Lei et al., "Distribution-free predictive inference for regression", JASA 113 (2018).
    Zeng, Chen, Zhang & Xu, "Are transformers effective for time series forecasting?" (2023).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from ibestimators.forecasting import Forecaster
    >>> wave = np.sin(np.arange(100) / 3)
    >>> forecaster = Forecaster(LinearRegression(), lags=10, horizon=5).fit(wave)
    >>> bool(np.allclose(forecaster.predict(), np.sin(np.arange(100, 105) / 3)))
    True
    """

    _parameter_constraints: ClassVar = {
        "regressor": [HasMethods(["fit", "predict"])],
        "lags": [POSITIVE_INT],
        "horizon": [POSITIVE_INT],
        "strategy": [StrOptions({"direct", "recursive"})],
        "step": [POSITIVE_INT],
        "subtract_last": ["boolean"],
        "calibration_fraction": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        regressor: Any,
        lags: int,
        horizon: int = 1,
        *,
        strategy: str = "direct",
        step: int = 1,
        subtract_last: bool = True,
        calibration_fraction: float = 0.0,
    ) -> None:
        self.regressor = regressor
        self.lags = lags
        self.horizon = horizon
        self.strategy = strategy
        self.step = step
        self.subtract_last = subtract_last
        self.calibration_fraction = calibration_fraction

    @reads_containers
    def fit(self, series: Any, *, exog: Any = None, known: Any = None) -> Self:
        """Fit the regressor on the windows of one or several series.

        Parameters
        ----------
        series : array-like of shape (n_steps,) or (n_steps, n_series), or list of these
            As in `windows`.
        exog : array-like of shape (n_steps, n_inputs), or list of these, default=None
            Inputs whose future is unknown.
        known : array-like of shape (at least n_steps, n_inputs), or list of these, default=None
            Inputs whose future is known. Rows beyond the series are those of the steps to
            forecast.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is invalid, a series is too short or holds NaN, an input has another
            length, or `exog` is given to a recursive forecast of several steps.
        """
        self._validate_params()
        panel = read_panel(series, exog, known)
        check_known(panel, self.lags, self._ahead)
        if self.strategy == "recursive" and self.horizon > 1 and panel[0].exog.shape[1]:
            raise ValueError(
                "strategy='recursive' needs the future of exog, which is unknown. Use "
                "strategy='direct', or pass inputs whose future you know as known."
            )
        ends = [one.ends(self.lags, self._ahead, self.step) for one in panel]
        residuals = self._residuals_of(panel, ends) if self.calibration_fraction else None
        regressor = self._fitted(panel, ends)
        self.regressor_ = regressor
        self._panel, self._is_panel = panel, is_panel(series)
        if residuals is not None:
            self.residuals_ = residuals
        elif hasattr(self, "residuals_"):
            del self.residuals_
        return self

    @reads_containers
    def predict(
        self,
        n_steps: int | None = None,
        *,
        series: Any = None,
        exog: Any = None,
        known: Any = None,
    ) -> Any:
        """Forecast the steps that follow a series.

        Parameters
        ----------
        n_steps : int, default=None
            Number of steps; None takes `horizon`, the most that a direct forecast has.
        series : array-like, or list of these, default=None
            The past to forecast from, at least `lags` steps; None takes the series of `fit`.
        exog : array-like, or list of these, default=None
            With `series`: a row for each of its steps.
        known : array-like, or list of these, default=None
            A row for each step of the series and for each step to forecast; None takes that of
            `fit`.

        Returns
        -------
        ndarray of shape (n_steps,) or (n_steps, n_series), or list of these
            In the form of the series.

        Raises
        ------
        ValueError
            If `n_steps` exceeds `horizon` in a direct forecast, a series has fewer than `lags`
            steps, or an input that the fit had is missing or too short.
        """
        n_steps, panel, restore = self._to_forecast(n_steps, series, exog, known)
        return restore([self._forecast_next(one, n_steps) for one in panel])

    @reads_containers
    def predict_interval(
        self,
        coverage: float = 0.9,
        n_steps: int | None = None,
        *,
        series: Any = None,
        exog: Any = None,
        known: Any = None,
    ) -> tuple[Any, Any]:
        """Intervals that contain the truth with a given probability, by split conformal prediction.

        Their half width at each step is the smallest absolute error that at least
        ceil((n + 1) `coverage`) of the n held-out errors at this step do not exceed. If the errors
        to come are exchangeable with these, the coverage holds for any regressor and any
        distribution (Lei et al. 2018). It is a coverage of each step, not of all steps together.
        It fails where errors grow with time, as those of a series with exponential growth do:
        forecast its logarithm.

        Parameters
        ----------
        coverage : float, default=0.9
            Between 0 and 1.
        n_steps : int, default=None
            Number of steps, at most `horizon`.
        series, exog, known : array-like, or list of these, default=None
            As in `predict`.

        Returns
        -------
        lower, upper : ndarray of shape (n_steps,) or (n_steps, n_series), or list of these
            In the form of the series.

        Raises
        ------
        ValueError
            If the fit had no `calibration_fraction`, or too few windows were held out for the
            coverage.
        """
        n_steps, panel, restore = self._to_forecast(n_steps, series, exog, known)
        if not hasattr(self, "residuals_"):
            raise ValueError(
                "predict_interval needs held-out windows. Fit with calibration_fraction, such as "
                "0.3."
            )
        if n_steps > self.horizon:
            raise ValueError(
                f"n_steps={n_steps} exceeds horizon={self.horizon}, the number of steps that "
                "errors were measured for. Raise horizon."
            )
        half = _conformal_quantile(np.abs(self.residuals_), coverage)[:n_steps]
        forecasts = [self._forecast_next(one, n_steps) for one in panel]
        return restore([one - half for one in forecasts]), restore(
            [one + half for one in forecasts]
        )

    @property
    def _ahead(self) -> int:
        """Steps that the regressor predicts."""
        return self.horizon if self.strategy == "direct" else 1

    def _fitted(self, panel: Sequence[Series], ends: Sequence[NDArray[np.int64]]) -> Any:
        """The regressor, fitted on the windows that end there."""
        X, y = (
            np.concatenate(parts)
            for parts in zip(
                *(
                    (one.past(last, self.lags, self._ahead), one.future(last, self._ahead))
                    for one, last in zip(panel, ends, strict=True)
                ),
                strict=True,
            )
        )
        if self.subtract_last:
            X, last_values = without_last(X, y.shape[2])
            y = y - last_values
        regressor = clone(self.regressor)
        return regressor.fit(_shaped(X, regressor), as_targets(y))

    def _residuals_of(
        self, panel: Sequence[Series], ends: Sequence[NDArray[np.int64]]
    ) -> NDArray[np.float64]:
        """Errors on the latest windows, by a regressor that knows nothing of their future."""
        earlier, errors = [], []
        held_out = []
        for one, last in zip(panel, ends, strict=True):
            whole = last[last + self.horizon < len(one.values)]
            n_held_out = int(np.ceil(self.calibration_fraction * len(whole)))
            held_out.append(whole[len(whole) - n_held_out :])
            first = held_out[-1][0] if n_held_out else len(one.values)
            earlier.append(last[last + self._ahead <= first])
        n_train = sum(map(len, earlier))
        if n_train == 0 or sum(map(len, held_out)) == 0:
            raise ValueError(
                f"calibration_fraction={self.calibration_fraction} leaves {n_train} windows to fit "
                f"and {sum(map(len, held_out))} to measure errors on. Give longer series, or "
                "another fraction."
            )
        regressor = self._fitted(panel, earlier)
        for one, last in zip(panel, held_out, strict=True):
            forecast = self._forecast(regressor, one, last, self.horizon)
            errors.append(one.future(last, self.horizon) - forecast)
        return np.concatenate(errors)

    def _forecast(
        self, regressor: Any, one: Series, ends: NDArray[np.int64], n_steps: int
    ) -> NDArray[np.float64]:
        """Forecasts from some steps of a series, (n_ends, n_steps, n_series)."""
        n_series = one.values.shape[1]
        if self.strategy == "direct":
            X = one.past(ends, self.lags, self.horizon)
            return self._predict(regressor, X, n_series)[:, :n_steps]
        steps: list[NDArray[np.float64]] = []
        for k in range(n_steps):
            X = one.past(ends, self.lags, k + 1)  # `known` moves on, and the forecasts move in
            done = min(k, self.lags)
            X[:, : self.lags - done, :n_series] = X[:, done:, :n_series]
            for i in range(1, done + 1):
                X[:, -i, :n_series] = steps[-i]
            steps.append(self._predict(regressor, X, n_series)[:, 0])
        return np.stack(steps, axis=1)

    def _predict(
        self, regressor: Any, X: NDArray[np.float64], n_series: int
    ) -> NDArray[np.float64]:
        """The outputs for windows, (n_windows, steps ahead, n_series)."""
        last: NDArray[np.float64] | float = 0.0
        if self.subtract_last:
            X, last = without_last(X, n_series)
        outputs = np.asarray(regressor.predict(_shaped(X, regressor)), dtype=np.float64)
        if outputs.size != len(X) * self._ahead * n_series:
            raise ValueError(
                f"regressor predicts an array of shape {outputs.shape} for {len(X)} windows, but "
                f"{self._ahead * n_series} outputs are needed for each."
            )
        return outputs.reshape(len(X), self._ahead, n_series) + last

    def _history(
        self, n_past: int | None, n_steps: int
    ) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """The last values of a single series, and the times of these and of a forecast."""
        one = self._panel[0]
        first = 0 if n_past is None else max(0, len(one.values) - n_past)
        ahead = (one.time[-1] - one.time[-2]) * np.arange(1, n_steps + 1)
        return one.values[first:, 0], np.concatenate([one.time[first:], one.time[-1] + ahead])

    def _forecast_next(self, one: Series, n_steps: int) -> NDArray[np.float64]:
        ends = np.array([len(one.values) - 1])
        return self._forecast(self.regressor_, one, ends, n_steps)[0]

    def _to_forecast(
        self, n_steps: int | None, series: Any, exog: Any, known: Any
    ) -> tuple[int, list[Series], Callable[[list[NDArray[np.float64]]], Any]]:
        """Number of steps, the series, and what gives their forecasts the form of the series."""
        check_is_fitted(self)
        n_steps = self.horizon if n_steps is None else n_steps
        check_sizes(n_steps=n_steps)
        if self.strategy == "direct" and n_steps > self.horizon:
            raise ValueError(
                f"n_steps={n_steps} exceeds horizon={self.horizon}, for which strategy='direct' "
                "was fitted. Raise horizon, or use strategy='recursive'."
            )
        if self.strategy == "recursive" and n_steps > 1 and self._panel[0].exog.shape[1]:
            raise ValueError(
                f"n_steps={n_steps} needs the future of exog, which is unknown. Forecast one step, "
                "or use strategy='direct'."
            )
        panel, several = self._panel, self._is_panel
        if series is not None:
            panel, several = read_panel(series, exog, known), is_panel(series)
        elif exog is not None:
            raise ValueError("exog belongs to series; without series, that of fit is used.")
        elif known is not None:
            panel = self._with_known(known)
        for one in panel:
            self._check(one, n_steps)

        def restore(values: list[NDArray[np.float64]]) -> Any:
            shaped = [v[:, 0] if one.is_1d else v for v, one in zip(values, panel, strict=True)]
            return shaped if several else shaped[0]

        return n_steps, panel, restore

    def _with_known(self, known: Any) -> list[Series]:
        """The series of `fit` with other known inputs."""
        given = [one.values[:, 0] if one.is_1d else one.values for one in self._panel]
        exog = [one.exog for one in self._panel]
        if self._is_panel:
            return read_panel(given, exog, known)
        return read_panel(given[0], exog[0], known)

    def _check(self, one: Series, n_steps: int) -> None:
        """Check a series that is to be continued against those of `fit`."""
        if len(one.values) < self.lags:
            raise ValueError(
                f"{one.name} has {len(one.values)} steps, but a forecast needs lags={self.lags}."
            )
        fitted = self._panel[0]
        for name, what in (("values", "series"), ("exog", "exog"), ("known", "known")):
            n, expected = getattr(one, name).shape[1], getattr(fitted, name).shape[1]
            if n != expected:
                raise ValueError(f"{what} has {n} columns, but the fit had {expected}.")
        n_known, n_rows = len(one.known), len(one.values) + n_steps
        if one.known.shape[1] and n_known < n_rows:
            raise ValueError(
                f"known has {n_known} rows, but the forecast needs {n_rows}: one for each of the "
                f"{len(one.values)} steps of {one.name}, and the {n_steps} that follow. Pass "
                "known to predict."
            )


def _shaped(X: NDArray[np.float64], regressor: Any) -> NDArray[np.float64]:
    """Windows as the regressor takes them, 3-D or flattened."""
    reader = regressor
    while True:
        if hasattr(reader, "steps"):
            reader = reader.steps[0][1]
        elif isinstance(getattr(reader, "estimator", None), BaseEstimator):
            reader = reader.estimator
        else:
            break
    return X if get_tags(reader).input_tags.three_d_array else X.reshape(len(X), -1)


def _conformal_quantile(errors: NDArray[np.float64], coverage: float) -> NDArray[np.float64]:
    """The quantile of Lei et al. (2018), over the first axis."""
    if not (isinstance(coverage, Real) and 0 < coverage < 1):
        raise ValueError(f"coverage must be a number between 0 and 1, got {coverage!r}.")
    n = len(errors)
    rank = int(np.ceil(np.round((n + 1) * coverage, 9)))  # 0.9 * 10 is 9 and no more
    if rank > n:
        needed = int(np.ceil(np.round(coverage / (1 - coverage), 9)))
        raise ValueError(
            f"coverage={coverage} needs at least {needed} held-out windows, but there are {n}. "
            "Raise calibration_fraction, or give longer series."
        )
    quantile: NDArray[np.float64] = np.sort(errors, axis=0)[rank - 1]
    return quantile
