"""Time series: files of the UCR and UEA archives, and arrays padded with NaN."""

from __future__ import annotations

import re
from collections import Counter
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ibestimators.datasets._data import Data

_STEP = re.compile(r"\(([^()]*),([^(),]*)\)")  # a time stamp and a value


def read_ts(path: str | PathLike[str], *, samples_only: bool = False) -> Data:
    r"""Read a time series file of the UCR and UEA archives.

    Parameters
    ----------
    path : path
        A ``.ts`` file.
    samples_only : bool, default=False
        Whether to read X alone, from a file with or without labels; y is None then.

    Returns
    -------
    Data
        The pair X, y. X is an ndarray of shape (n_samples, n_steps, n_features) if all series have
        the same length, else a list of (n_steps_i, n_features). y has class labels as str, or
        numbers if the file has a ``@targetlabel``, which ``task`` states too. ``notes`` say what
        was done: gaps (``?``) at the end of a series cut it, others are interpolated linearly.
        Time stamps at equal intervals are dropped; others become the first feature, the seconds or
        units since the first step of a series.

    Raises
    ------
    ValueError
        If the file has an invalid format; the message names the line.

    References
    ----------
    Bagnall et al., "The UEA multivariate time series classification archive" (2018),
    timeseriesclassification.com.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from ibestimators.datasets import read_ts
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "toy.ts"
    >>> _ = path.write_text("@classLabel true up down\n@data\n1,?,3:0,0,0:up\n3,2:0,0:down\n")
    >>> data = read_ts(path)
    >>> X, y = data
    >>> [x.shape for x in X], y.tolist(), data.task
    ([(3, 2), (2, 2)], ['up', 'down'], 'classification')
    >>> data.notes
    ('gaps in 1 series filled by linear interpolation',)
    """
    header: dict[str, str] = {}
    samples, labels, in_data = [], [], False
    stamps: list[NDArray[np.float64]] = []
    done: Counter[str] = Counter()
    for number, line in enumerate(_lines(path), 1):
        line = line.strip()
        where = f"{path}, line {number}"
        if not line or line.startswith(("#", "%")):
            continue
        if in_data:
            if samples_only and not _has_target(header):
                line += ":"  # an empty label
            if line.startswith("("):
                *dimensions, label, stamp = _stamped(line, where)
                stamps.append(stamp)
            else:
                *dimensions, label = line.split(":")
            samples.append(_series(dimensions, where, done))
            labels.append(label.strip())
        elif line.startswith("@"):
            key, _, value = line[1:].partition(" ")
            header[key.lower()] = value.strip().lower()
            in_data = key.lower() == "data"
        else:
            raise ValueError(f"{where}: data before the line '@data'; this is not a .ts file.")
    if not samples:
        raise ValueError(f"{path}: no series after the line '@data'; this is not a .ts file.")
    notes = [f"{what.format(n)}" for what, n in done.items()]
    if stamps:
        samples, note = _with_times(samples, stamps, path)
        notes.append(note)
    features = {sample.shape[1] for sample in samples}
    if len(features) > 1:
        raise ValueError(
            f"{path}: series have {sorted(features)} dimensions, but all must have the same number."
        )
    y, task = (None, None) if samples_only else _labels(np.array(labels), header, path)
    X = np.stack(samples) if len({len(x) for x in samples}) == 1 else samples
    return Data(X, y, task, notes)


def _lines(path: str | PathLike[str]) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a file of text in UTF-8.") from error


def unpad(X: ArrayLike) -> list[NDArray[Any]]:
    """Series of different lengths from an array that is padded with NaN at their ends.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_steps, n_features)

    Returns
    -------
    list of ndarray of shape (n_steps_i, n_features)
        Up to the last step that is not all NaN.

    Raises
    ------
    ValueError
        If X has another shape, or a sample is all NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators.datasets import unpad
    >>> [x.tolist() for x in unpad([[[1.0], [2.0]], [[3.0], [np.nan]]])]
    [[[1.0], [2.0]], [[3.0]]]
    """
    values = np.asarray(X)
    if values.ndim != 3:
        raise ValueError(
            f"X has shape {values.shape}, but (n_samples, n_steps, n_features) is expected."
        )
    filled = np.logical_not(np.asarray(pd.isna(values)).all(2))
    empty = np.flatnonzero(~filled.any(1))
    if empty.size:
        raise ValueError(f"sample {empty[0]} of X is all NaN; drop it.")
    lengths = filled.shape[1] - np.flip(filled, 1).argmax(1)
    return [sample[:length] for sample, length in zip(values, lengths, strict=True)]


def _has_target(header: dict[str, str]) -> bool:
    declared = [header[key] for key in ("classlabel", "targetlabel") if key in header]
    return not declared or any(value.startswith("true") for value in declared)


def _labels(
    y: NDArray[Any], header: dict[str, str], path: str | PathLike[str]
) -> tuple[NDArray[Any], str]:
    """Class labels, or numbers if the header declares a target; and the task."""
    if header.get("targetlabel", "false").startswith("true"):
        try:
            return y.astype(np.float64), "regression"
        except ValueError as error:
            raise ValueError(f"{path}: a target is not a number: {error}") from error
    if not _has_target(header):
        raise ValueError(f"{path}: the file has no labels to predict.")
    return y, "classification"


def _stamped(line: str, where: str) -> list[Any]:
    """The dimensions of a line with time stamps, its label, and the stamps as numbers."""
    body, separator, label = line.rpartition("):")
    dimensions = [_STEP.findall(part + ")") for part in re.split(r"\)\s*:", body)]
    if not separator or not all(dimensions):
        raise ValueError(f"{where}: expected (time,value),(time,value),…:label.")
    times = {tuple(time for time, _ in steps) for steps in dimensions}
    if len(times) > 1:
        raise ValueError(f"{where}: dimensions have different time stamps; bring them together.")
    stamps = [*times.pop()]
    try:
        numbers: NDArray[Any] = np.array(stamps, dtype=np.float64)
    except ValueError:
        try:
            dates = pd.to_datetime(pd.Series(stamps), format="mixed")
        except ValueError as error:
            raise ValueError(f"{where}: a time stamp is no number or date: {error}") from error
        numbers = (dates - dates.iloc[0]).dt.total_seconds().to_numpy()
    return [*(",".join(value for _, value in steps) for steps in dimensions), label, numbers]


def _with_times(
    samples: list[NDArray[np.float64]], stamps: list[NDArray[np.float64]], path: Any
) -> tuple[list[NDArray[np.float64]], str]:
    """Series with the time of each step as a feature, unless steps have equal intervals."""
    if len(stamps) < len(samples):
        raise ValueError(f"{path}: some series have time stamps and others none.")
    intervals = np.concatenate([np.diff(stamp) for stamp in stamps])
    if np.allclose(intervals, intervals[:1]):
        return samples, "time stamps at equal intervals dropped"
    timed = [
        np.column_stack([stamp[: len(sample)] - stamp[0], sample])
        for sample, stamp in zip(samples, stamps, strict=True)
    ]
    return timed, "the time since the first step is a feature"


def _series(dimensions: list[str], where: str, done: Counter[str]) -> NDArray[np.float64]:
    if not dimensions:
        raise ValueError(f"{where}: no ':' between a series and its label.")
    try:
        columns = [
            np.array([np.nan if _is_gap(cell) else cell for cell in text.split(",")], np.float64)
            for text in dimensions
        ]
    except ValueError as error:
        raise ValueError(f"{where}: {error}.") from error
    if any(np.isinf(column).any() for column in columns):
        raise ValueError(f"{where}: infinite values are not supported; replace them.")
    if len({len(column) for column in columns}) > 1:
        raise ValueError(
            f"{where}: dimensions of {[len(c) for c in columns]} steps, but all must have the same "
            "length."
        )
    return _without_gaps(np.stack(columns, 1), where, done)


def _is_gap(cell: str) -> bool:
    return cell.strip() in ("?", "NaN", "nan", "")


def _without_gaps(
    series: NDArray[np.float64], where: str, done: Counter[str]
) -> NDArray[np.float64]:
    """Cut after the last step that has a value; interpolate in each dimension."""
    known = ~np.isnan(series)
    if known.all():
        return series
    if not known.any(0).all():
        raise ValueError(f"{where}: a dimension has no values; drop the series.")
    length = len(series) - int(np.flip(known.any(1)).argmax())
    if length < len(series):
        done["{} series cut where only gaps follow"] += 1
    series, known = series[:length].copy(), known[:length]
    if not known.all():
        done["gaps in {} series filled by linear interpolation"] += 1
        steps = np.arange(length)
        for column, given in zip(series.T, known.T, strict=True):
            column[~given] = np.interp(steps[~given], steps[given], column[given])
    return series
