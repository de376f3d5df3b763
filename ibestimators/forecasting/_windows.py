"""Windows of series: the past of each as a sample, its future as the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ibestimators.structures import reads_containers


class Windows(NamedTuple):
    """Samples for any regressor; see `windows`."""

    X: NDArray[np.float64]
    y: NDArray[np.float64]
    time: NDArray[Any]
    groups: NDArray[np.int64]


@reads_containers
def windows(
    series: Any,
    lags: int,
    horizon: int = 1,
    *,
    step: int = 1,
    exog: Any = None,
    known: Any = None,
    subtract_last: bool = True,
) -> Windows:
    """Cut series into windows: X holds the past of each, y its future.

    Parameters
    ----------
    series : array-like of shape (n_steps,) or (n_steps, n_series), or list of these
        One series; several that are measured together and forecast together; or a list of
        arrays, which may have different lengths. The index of a pandas object is its time.
    lags : int
        Number of past steps in a window.
    horizon : int, default=1
        Number of steps to forecast.
    step : int, default=1
        Steps from one window to the next.
    exog : array-like of shape (n_steps, n_inputs), or list of these, default=None
        Further inputs whose future is unknown: they are features of the past steps.
    known : array-like of shape (at least n_steps, n_inputs), or list of these, default=None
        Inputs whose future is known, such as the calendar. They are features that are read
        `horizon` steps ahead: step t of a window holds their values at t + `horizon`, so that
        the last `horizon` steps hold those of the steps to forecast.
    subtract_last : bool, default=True
        Whether to subtract the last value of each window from its past and from y, so that y are
        changes from now. Then a level outside the range of the training data is no extrapolation
        (Zeng et al. 2023), but the level itself is not seen. Naive forecasts, `mase` and skill
        are the same in both forms.

    Returns
    -------
    X : ndarray of shape (n_windows, lags, n_features)
        Features in this order: the series, `exog`, `known`.
    y : ndarray of shape (n_windows,) or (n_windows, horizon * n_series)
        Step after step, each with all series that are forecast together.
    time : ndarray of shape (n_windows, 2)
        Times of the first and of the last value of y, for ``compare_biases(..., time=time)``.
    groups : ndarray of shape (n_windows,)
        The number of the series in a list, else 0.

    Raises
    ------
    ValueError
        If a series is shorter than `lags` + `horizon`, or holds NaN; if an input has another
        length; if the index of a pandas object does not increase; or if `known` is given and
        `horizon` exceeds `lags`.

    References
    ----------
    Bontempi, Ben Taieb & Le Borgne, "Machine learning strategies for time series forecasting"
    (2013). Zeng, Chen, Zhang & Xu, "Are transformers effective for time series forecasting?"
    (2023), the model NLinear.

    Examples
    --------
    >>> from ibestimators.forecasting import windows
    >>> X, y, time, groups = windows([10, 11, 12, 14, 16], lags=2, horizon=2)
    >>> X[..., 0]
    array([[-1.,  0.],
           [-1.,  0.]])
    >>> y
    array([[1., 3.],
           [2., 4.]])
    >>> time
    array([[2, 3],
           [3, 4]])
    """
    check_sizes(lags=lags, horizon=horizon, step=step)
    panel = read_panel(series, exog, known)
    check_known(panel, lags, horizon)
    parts = [one.windows(lags, horizon, step) for one in panel]
    past, future = (np.concatenate(both) for both in list(zip(*parts, strict=True))[:2])
    if subtract_last:
        n_series = panel[0].values.shape[1]
        past, last = without_last(past, n_series)
        future = future - last
    return Windows(
        past,
        as_targets(future),
        np.concatenate([time for _, _, time in parts]),
        np.repeat(np.arange(len(parts)), [len(time) for _, _, time in parts]),
    )


@dataclass(frozen=True)
class Series:
    """One series, or several that are forecast together, with its inputs."""

    values: NDArray[np.float64]  # (n_steps, n_series)
    exog: NDArray[np.float64]  # (n_steps, n_inputs)
    known: NDArray[np.float64]  # (at least n_steps, n_inputs)
    time: NDArray[Any]  # (n_steps,)
    is_1d: bool  # whether it was given without the axis of several series
    name: str  # for errors

    @classmethod
    def read(cls, series: Any, exog: Any, known: Any, number: int | None) -> Self:
        where = "" if number is None else f"[{number}]"
        values = _as_columns(series, f"series{where}")
        if values.shape[1] == 0:
            raise ValueError(f"series{where} has no column. Give one for each series.")
        n_steps = len(values)
        inputs = {}
        for name, given in (("exog", exog), ("known", known)):
            rows = np.empty((n_steps, 0)) if given is None else _as_columns(given, name + where)
            wrong = len(rows) < n_steps if name == "known" else len(rows) != n_steps
            if wrong:
                remedy = "a row for each step of the series"
                remedy += ", and may have more for the future" if name == "known" else ""
                raise ValueError(
                    f"{name}{where} has {len(rows)} rows, but series{where} has {n_steps} steps. "
                    f"It needs {remedy}."
                )
            inputs[name] = rows
        time = _time_of(series, n_steps, f"series{where}")
        is_1d = np.ndim(series) == 1
        return cls(values, time=time, is_1d=is_1d, name=f"series{where}", **inputs)

    def past(self, ends: NDArray[np.int64], lags: int, ahead: int) -> NDArray[np.float64]:
        """X of the windows whose last steps are `ends`, with `known` from `ahead` steps later."""
        starts = ends - lags + 1
        parts = [_rows(self.values, starts, lags), _rows(self.exog, starts, lags)]
        if self.known.shape[1]:  # without columns there are no rows of the future either
            parts.append(_rows(self.known, starts + ahead, lags))
        return np.concatenate(parts, axis=2)

    def future(self, ends: NDArray[np.int64], horizon: int) -> NDArray[np.float64]:
        """The values that follow, (n_windows, horizon, n_series)."""
        return _rows(self.values, ends + 1, horizon)

    def ends(self, lags: int, horizon: int, step: int = 1) -> NDArray[np.int64]:
        """The last steps of all windows that `horizon` steps follow."""
        n_steps = len(self.values)
        if n_steps < lags + horizon:
            raise ValueError(
                f"{self.name} has {n_steps} steps, but a window needs lags + horizon = "
                f"{lags} + {horizon} = {lags + horizon}. Lower one of them, or give more data."
            )
        return np.arange(lags - 1, n_steps - horizon, step)

    @reads_containers
    def windows(self, lags: int, horizon: int, step: int) -> tuple[NDArray[Any], ...]:
        """Past, future and time of all windows."""
        ends = self.ends(lags, horizon, step)
        time = np.stack([self.time[ends + 1], self.time[ends + horizon]], axis=1)
        return self.past(ends, lags, horizon), self.future(ends, horizon), time


def read_panel(series: Any, exog: Any = None, known: Any = None) -> list[Series]:
    """A list of series, of one if `series` is no list of arrays."""
    if not is_panel(series):
        return [Series.read(series, exog, known, None)]
    inputs = []
    for name, given in (("exog", exog), ("known", known)):
        if given is not None and not (is_panel(given) and len(given) == len(series)):
            raise ValueError(
                f"series is a list of {len(series)}, so that {name} must be a list of as many "
                f"arrays, got {_described(given)}."
            )
        inputs.append([None] * len(series) if given is None else given)
    panel = [
        Series.read(one, exog_of_one, known_of_one, number)
        for number, (one, exog_of_one, known_of_one) in enumerate(zip(series, *inputs, strict=True))
    ]
    for name in ("values", "exog", "known"):
        widths = [getattr(one, name).shape[1] for one in panel]
        if len(set(widths)) > 1:
            what = "series" if name == "values" else name
            raise ValueError(
                f"All arrays of {what} need the same number of columns, got {widths}. Forecast "
                "those that differ by forecasters of their own."
            )
    if len({one.time.dtype.kind for one in panel}) > 1:
        raise ValueError(
            "Some series have dates as their index and others do not. Give all of them one kind "
            "of index."
        )
    return panel


def is_panel(series: Any) -> bool:
    """Whether an argument is a list of arrays."""
    return isinstance(series, (list, tuple)) and len(series) > 0 and np.ndim(series[0]) > 0


def check_sizes(**sizes: Any) -> None:
    """Check that numbers of steps are integers of at least 1."""
    for name, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < 1:
            raise ValueError(f"{name} must be an int of at least 1, got {value!r}.")


def check_known(panel: Sequence[Series], lags: int, horizon: int) -> None:
    """Check that the steps to forecast fit into a window of `known`."""
    if panel[0].known.shape[1] and horizon > lags:
        raise ValueError(
            f"horizon={horizon} exceeds lags={lags}, so that a window cannot hold known for all "
            "steps to forecast. Raise lags, or lower horizon."
        )


def without_last(
    past: NDArray[np.float64], n_series: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """X without the last values of its series, and these, (n_windows, 1, n_series)."""
    last = past[:, -1:, :n_series]
    inputs = past[..., n_series:]
    return np.concatenate([past[..., :n_series] - last, inputs], axis=2), last


def as_targets(future: NDArray[np.float64]) -> NDArray[np.float64]:
    """y of a regressor: a row a window, or a number if there is one output."""
    rows = future.reshape(len(future), -1)
    return rows[:, 0] if rows.shape[1] == 1 else rows


def _as_columns(values: Any, name: str) -> NDArray[np.float64]:
    try:
        columns = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers, got {_described(values)}.") from error
    if columns.ndim not in (1, 2):
        raise ValueError(
            f"{name} must have the shape (n_steps,) or (n_steps, n_columns), got an array of "
            f"shape {columns.shape}. Give several series of their own as a list."
        )
    columns = columns[:, np.newaxis] if columns.ndim == 1 else columns
    invalid = np.argwhere(~np.isfinite(columns))
    if len(invalid):
        step, column = invalid[0]
        raise ValueError(
            f"{name} has {columns[step, column]} at step {step}. Fill it, such as by pandas' "
            "interpolate, or cut the series there and give the parts as a list."
        )
    return columns


def _time_of(series: Any, n_steps: int, name: str) -> NDArray[Any]:
    index = getattr(series, "index", None)
    if index is None or callable(index):  # a list has a method of that name
        return np.arange(n_steps)
    if hasattr(index, "to_timestamp"):
        index = index.to_timestamp()
    if getattr(index, "tz", None) is not None:
        index = index.tz_convert(None)
    time = np.asarray(index)
    if time.dtype.kind not in "iufM":
        return np.arange(n_steps)
    late = ~(time[1:] > time[:-1])  # a missing time too
    if late.any():
        first = int(np.argmax(late)) + 1
        raise ValueError(
            f"The index of {name} must increase without duplicates, but at step {first} "
            f"{time[first]} follows {time[first - 1]}. Sort it, and merge duplicates."
        )
    return time


def _rows(values: NDArray[np.float64], starts: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """`n` rows from each start, (n_starts, n, n_columns)."""
    return sliding_window_view(values, n, axis=0)[starts].transpose(0, 2, 1)


def _described(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return type(value).__name__ + (f" of shape {shape}" if shape is not None else "")
