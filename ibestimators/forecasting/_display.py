"""A forecast beside the past and the truth."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from ibestimators.forecasting._forecaster import Forecaster
from ibestimators.plotting import Display, Style, remove_frame


class ForecastDisplay(Display):
    """The past of a series, its forecast with intervals, and the truth.

    Style keywords of `plot`: ``past_kw``, ``truth_kw``, ``line_kw`` for the forecast, and
    ``band_kw`` for its interval.

    Parameters
    ----------
    past : array-like of shape (n_past,)
        Values before the forecast.
    forecast : array-like of shape (n_steps,)
        Values forecast.
    truth : array-like of shape (at most n_steps,), default=None
        Values that came.
    interval : tuple of two array-like of shape (n_steps,), default=None
        Lower and upper ends.
    time : array-like of shape (n_past + n_steps,), default=None
        Times of the past and the forecast; None counts steps, and the forecast starts at 0.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from ibestimators.forecasting import ForecastDisplay, Forecaster
    >>> wave = np.sin(np.arange(100) / 3)
    >>> forecaster = Forecaster(LinearRegression(), lags=10, horizon=20).fit(wave[:80])
    >>> ForecastDisplay.from_estimator(forecaster, truth=wave[80:]).forecast.shape
    (20,)
    """

    def __init__(
        self,
        past: ArrayLike,
        forecast: ArrayLike,
        truth: ArrayLike | None = None,
        interval: tuple[ArrayLike, ArrayLike] | None = None,
        time: ArrayLike | None = None,
    ) -> None:
        self.past = _line(past, "past")
        self.forecast = _line(forecast, "forecast")
        n_past, n_steps = len(self.past), len(self.forecast)
        self.truth = None if truth is None else _line(truth, "truth")
        if self.truth is not None and len(self.truth) > n_steps:
            raise ValueError(
                f"truth has {len(self.truth)} steps, but the forecast has {n_steps}. Cut it."
            )
        ends = None if interval is None else [_line(end, "interval") for end in interval]
        if ends is not None and [len(end) for end in ends] != [n_steps, n_steps]:
            raise ValueError(f"interval must be two arrays of {n_steps} steps, as the forecast.")
        self.interval = ends
        self.time = np.arange(-n_past, n_steps) if time is None else np.asarray(time)
        if len(self.time) != n_past + n_steps:
            raise ValueError(
                f"time has {len(self.time)} values, but past and forecast have {n_past} + "
                f"{n_steps}."
            )

    @classmethod
    def from_estimator(
        cls,
        forecaster: Forecaster,
        truth: ArrayLike | None = None,
        *,
        coverage: float | None = None,
        n_steps: int | None = None,
        n_past: int | None = None,
        ax: Any = None,
        **style: Any,
    ) -> Self:
        """Draw the forecast that follows the series of the fit.

        Parameters
        ----------
        forecaster : Forecaster
            Fitted on one series.
        truth : array-like of shape (at most n_steps,), default=None
            Values that came.
        coverage : float, default=None
            Of the interval; None draws none.
        n_steps : int, default=None
            Number of steps to forecast; None takes the horizon.
        n_past : int, default=None
            Number of past steps to draw; None draws all.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **style : dict
            Style keywords, as in `plot`.

        Returns
        -------
        ForecastDisplay

        Raises
        ------
        ValueError
            If the fit had several series.
        """
        forecast = forecaster.predict(n_steps)
        if isinstance(forecast, list) or forecast.ndim > 1:
            raise ValueError(
                "from_estimator draws one series, but the forecaster was fitted on several. Give "
                "ForecastDisplay the past and the forecast of one of them."
            )
        past, time = forecaster._history(n_past, len(forecast))
        interval = None
        if coverage is not None:
            interval = forecaster.predict_interval(coverage, n_steps)
        return cls(past, forecast, truth, interval, time).plot(ax, **style)

    def _figure_size(self) -> tuple[float, float]:
        return 8.0, 4.0

    def _draw(
        self, ax: Any, *, past_kw: Style, truth_kw: Style, line_kw: Style, band_kw: Style
    ) -> None:
        n_past = len(self.past)
        ahead = self.time[n_past:]
        ax.plot(self.time[:n_past], self.past, **{"color": "0.45", "label": "past"} | past_kw)
        if self.interval is not None:
            band = {"color": "C0", "alpha": 0.2, "linewidth": 0, "label": "interval"}
            ax.fill_between(ahead, *self.interval, **band | band_kw)
        if self.truth is not None:
            look = {"color": "black", "label": "truth", "linestyle": "--"}
            ax.plot(ahead[: len(self.truth)], self.truth, **look | truth_kw)
        mark = "o" if len(ahead) == 1 else ""
        ax.plot(
            ahead, self.forecast, **{"color": "C0", "label": "forecast", "marker": mark} | line_kw
        )
        ax.set_xlabel("time" if self.time.dtype.kind == "M" else "step")
        remove_frame(ax, grid="y")
        ax.legend(frameon=False, loc="upper left")


def _line(values: ArrayLike, name: str) -> Any:
    line = np.asarray(values, dtype=float)
    if line.ndim != 1:
        raise ValueError(f"{name} must have one axis, got the shape {line.shape}.")
    return line
