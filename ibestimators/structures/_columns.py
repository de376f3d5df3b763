"""Columns of data frames: their names, and errors that name the columns that are not numeric."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def column_names(item: Any) -> list[str] | None:
    """Names of a data frame's columns."""
    return [str(name) for name in item.columns] if hasattr(item, "columns") else None


def check_columns_are_numeric(X: Any) -> None:
    """Raise an error that names the columns of a data frame that hold text, categories or dates."""
    names, dates = {}, {}
    for name, column in _columns_of(X):
        values = np.asarray(column)
        if values.dtype.kind in "mM":
            dates[name] = str(column.dtype)
        elif values.dtype.kind not in "biuf" and not _reads_as_numbers(values):
            names[name] = str(column.dtype)
    if names:
        raise ValueError(
            f"X has non-numeric columns: {names}. Encode them in front, as by "
            "make_pipeline(make_column_transformer((OneHotEncoder(handle_unknown='ignore', "
            f"sparse_output=False), {list(names)}), remainder='passthrough'), estimator)."
        )
    if dates:
        raise ValueError(
            f"X has columns of dates: {dates}. Give each as the time since one of them, in a unit "
            "of your choice, such as (column - column.min()).dt.total_seconds()."
        )


def remedy_for_non_numeric(X: Any, values: NDArray[Any]) -> str:
    """The remedy for an X that scikit-learn could not convert to numbers."""
    types = {name: str(column.dtype) for name, column in _columns_of(X)}
    if types:
        return f" Its columns are {types}; cast them to numbers."
    if values.dtype.kind in "mM":
        return " Give dates as the time since one of them, in a unit of your choice."
    for index, value in np.ndenumerate(values):
        if not isinstance(value, Real):
            return f" X{list(index)} is {value!r}, of type {type(value).__name__}."
    return ""


def _columns_of(X: Any) -> Iterable[tuple[Any, Any]]:
    """Names and columns of a data frame, of pandas (where names may repeat) or another library."""
    if isinstance(X, pd.DataFrame):
        return X.items()
    return ((name, X[name]) for name in getattr(X, "columns", ()))


def _reads_as_numbers(values: NDArray[Any]) -> bool:
    if values.dtype.kind == "c":
        return False
    try:
        values[~pd.isna(values)].astype(np.float64)
    except (TypeError, ValueError):
        return False
    return True
