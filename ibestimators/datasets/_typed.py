"""The columns of files that have types: numbers, words, dates and lists."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype, is_object_dtype

from ibestimators.datasets._naming import quoted


def typed(columns: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Columns that have types as numbers, words, dates or lists."""
    read = {}
    for name, column in columns.items():
        values = column.dropna()
        first = values.iloc[0] if len(values) else None
        if isinstance(first, (bytes, dict)):
            raise ValueError(f"column {name!r} holds {type(first).__name__}; drop it (--drop)")
        if isinstance(first, Decimal):
            column = column.astype(np.float64)
        elif is_object_dtype(column) and hasattr(first, "year"):  # datetime.date
            column = pd.to_datetime(column)
        elif is_numeric_dtype(column) and column.dtype.kind != "b":
            column = _plain(column, str(name), notes)
        read[name] = column
    return pd.DataFrame(read)


def _plain(column: pd.Series[Any], name: str, notes: list[str]) -> pd.Series[Any]:
    """Numbers as NumPy has them, without infinite ones."""
    if column.isna().any() or column.dtype.kind == "f":
        column = column.astype(np.float64)
    elif not isinstance(column.dtype, np.dtype):
        column = column.astype(np.int64)
    infinite = np.isinf(column.to_numpy())
    if infinite.any():
        notes.append(
            f"`{name}`: {infinite.sum()} infinite (first in row {infinite.argmax() + 1}), read as "
            "gaps"
        )
        column = column.mask(infinite)
    return column


def holds_lists(column: pd.Series[Any]) -> bool:
    """Whether the cells of a column are lists of values."""
    return is_object_dtype(column) and isinstance(
        next(iter(column.dropna()), None), (list, tuple, np.ndarray)
    )


def with_lists_as_samples(X: pd.DataFrame) -> Any:
    """X itself, or a list of arrays of shape (n_steps_i, n_features) if its cells are lists."""
    with_lists = [name for name, column in X.items() if holds_lists(column)]
    if not with_lists:
        return X
    others = [str(name) for name in X if name not in with_lists]
    if others:
        raise ValueError(
            f"cells of {quoted(with_lists)} are lists, those of {quoted(others)} single values. "
            "Drop one or the other (--drop)"
        )
    samples = []
    for i, row in enumerate(X.itertuples(index=False), 1):
        try:
            sample = np.array([np.asarray(cell, dtype=np.float64) for cell in row])
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"row {i}: the lists in {quoted(with_lists)} are not numbers of one length"
            ) from error
        if sample.ndim != 2 or not sample.size or not np.isfinite(sample).all():
            raise ValueError(f"row {i}: a list is empty, nested, or has gaps")
        samples.append(sample.T)
    return np.stack(samples) if len({len(sample) for sample in samples}) == 1 else samples
