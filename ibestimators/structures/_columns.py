"""Columns of data frames: their names, and errors that name the columns that are not numeric."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
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
            _refuse_samples_in_cells(name, values)
            names[name] = str(column.dtype)
    if names:
        raise ValueError(
            f"X has non-numeric columns: {names}. Put an encoder in front, as by "
            "table_pipeline(estimator), or encode X by "
            "table_pipeline('passthrough').fit_transform(X); for one column of texts use "
            "make_pipeline(TextTokenizer(), estimator)."
        )
    if dates:
        raise ValueError(
            f"X has columns of dates: {dates}. Give each as the time since one of them, in a unit "
            "of your choice, such as (column - column.min()).dt.total_seconds()."
        )


def _refuse_samples_in_cells(name: Any, values: NDArray[Any]) -> None:
    """Raise an error if the cells of a column are samples of their own."""
    first = next((value for value in values if value is not None), None)
    if isinstance(first, Real | str | bytes | Decimal) or not hasattr(first, "__len__"):
        return
    raise ValueError(
        f"column {name!r} of X holds a {type(first).__name__} in each cell. Pass the column alone "
        f"as a list of samples, X[{name!r}].tolist()."
    )


def numbers_of(frame: Any, name: str) -> NDArray[np.float64]:
    """The columns of a data frame as numbers, or an error that names the first which is not.

    Columns of nullable and Arrow types, booleans and objects are read as the numbers they hold.
    """
    columns = []
    for column_name, column in _columns_of(frame):
        values = np.asarray(column)
        if values.dtype.kind == "O":
            values = np.array([np.nan if value is pd.NA else value for value in values])
        if values.dtype.kind not in "biuf":
            bad = next((value for value in column if not isinstance(value, Real)), values[:1])
            raise ValueError(
                f"{name}: column {column_name!r} must hold numbers, but contains {bad!r}. Encode "
                "or drop it."
            )
        columns.append(values.astype(np.float64))
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))


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
