"""Numbers, lists and tables as text, and results as plain values."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import get_tags
from tabulate import tabulate

MISSING = "failed"  # printed in place of a score that could not be computed


def with_interval(mean: float, low: float, high: float, sign: str = "") -> str:
    """A mean and half the width of its interval, such as ``0.912 ± 0.021``.

    Parameters
    ----------
    mean, low, high : float
        A missing mean is printed as "failed", a missing interval is left out.
    sign : {"", "+"}, default=""
        "+" prints the sign of positive numbers as well.

    Returns
    -------
    str
    """
    if pd.isna(mean):
        return MISSING
    if pd.isna(low):
        return f"{mean:{sign}.3f}"
    return f"{mean:{sign}.3f} ± {(high - low) / 2:.3f}"


def with_ends(mean: float, low: float, high: float) -> str:
    """A mean and the ends of its interval, such as ``0.980 (0.972 to 0.986)``.

    Parameters
    ----------
    mean, low, high : float
        A missing mean is printed as "failed", a missing interval is left out.

    Returns
    -------
    str
    """
    if pd.isna(mean):
        return MISSING
    return f"{mean:.3f}" if pd.isna(low) else f"{mean:.3f} ({low:.3f} to {high:.3f})"


def score_names(scoring: Any, estimator: Any) -> list[str]:
    """Names of the scores that a `scoring` stands for, in its order; None for the estimator's."""
    if scoring is None:
        names = {"classifier": "accuracy", "density_estimator": "log-likelihood"}
        return [names.get(str(get_tags(estimator).estimator_type), "R²")]
    if isinstance(scoring, (list, tuple, dict)):
        return list(scoring)
    return [scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")]


def significant(value: float, digits: int = 2) -> str:
    """A number rounded to its significant digits: 0.42, 8.3, 11, 120."""
    return f"{float(f'{value:.{digits}g}'):,g}"


def number(value: Any, spec: str) -> str:
    """A formatted number, or "" if it is missing."""
    return "" if pd.isna(value) else format(value, spec)


def counted(n: int, noun: str) -> str:
    """A count and its noun: 1 fold, 5 folds."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listed(names: Iterable[Any]) -> str:
    """Names in a sentence: Conv, Recurrent and Graph."""
    *first, last = map(str, names)
    return f"{', '.join(first)} and {last}" if first else last


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """The end of a message about an unknown name; "" if no name is like it, whatever its case."""
    known = {each.strip().lower(): each for each in names}
    close = difflib.get_close_matches(name.strip().lower(), known)
    return f"; did you mean {' or '.join(repr(known[key]) for key in close)}?" if close else ""


def span(values: Iterable[int]) -> str:
    """The smallest and the largest number: 20 to 150."""
    low, high = min(values := [*values]), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def runs(numbers: Sequence[int]) -> str:
    """Increasing numbers with consecutive ones joined: 1–3, 5, 7–8."""
    groups = [
        [number for _, number in group]
        for _, group in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    ]
    return ", ".join(f"{g[0]}" if len(g) == 1 else f"{g[0]}–{g[-1]}" for g in groups)


def records(frame: pd.DataFrame) -> Iterable[Any]:
    """The rows of a data frame as named tuples, their label as ``Index``."""
    return frame.itertuples()


def text_table(heads: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> str:
    """A table for the terminal.

    Parameters
    ----------
    heads : sequence of str
    rows : sequence of sequences of str
    numeric : sequence of bool
        For each column, whether it is aligned right.

    Returns
    -------
    str
    """
    aligned = ["right" if right else "left" for right in numeric]
    return tabulate(rows, heads, tablefmt="simple", colalign=aligned, disable_numparse=True)


def plain(value: Any) -> Any:
    """A value as JSON takes it.

    Parameters
    ----------
    value : object
        Data frames become lists of rows, their index included; arrays and tuples become
        lists, slices their two ends, missing and infinite numbers None. What has no plain form
        becomes its ``repr``.

    Returns
    -------
    dict, list, str, int, float, bool or None
    """
    if isinstance(value, pd.DataFrame):
        named = any(name is not None for name in value.index.names)
        return plain((value.reset_index() if named else value).to_dict("records"))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, slice):
        return [value.start, value.stop]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or value is pd.NA:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (bool, int, str)) else repr(value)
