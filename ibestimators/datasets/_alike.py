"""A table that is read as another one was: the same columns, with the same meanings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from ibestimators.datasets._cells import (
    is_gap,
    read_column,
    uses_decimal_commas,
    words_of,
)
from ibestimators.datasets._data import Data
from ibestimators.datasets._form import TableForm, content_of, is_unnamed
from ibestimators.datasets._naming import listed, quoted
from ibestimators.datasets._signs import lacks_percent, without_sign
from ibestimators.datasets._typed import typed, with_lists_as_samples


def rows_alike(
    columns: pd.DataFrame, lines: Sequence[int] | None, notes: list[str], form: TableForm
) -> Data:
    """Samples from the columns of a file, as those of another one were read.

    Parameters
    ----------
    columns : DataFrame
        All columns of the file.
    lines : sequence of int or None
        The line of each row, if the columns are text.
    notes : list of str
    form : TableForm
    """
    width = len(form.names)
    if form.is_numbered and form.target not in form.columns and len(columns.columns) == width - 1:
        columns.columns = pd.Index([name for name in form.names if name != form.target])
    names = [str(name) for name in columns]
    _check_names(names, form, notes)
    index = _index(names, form)
    wanted = columns[[*form.columns]]
    if lines is None:
        X = _as_before(typed(wanted, notes), form)
    else:
        X = _read(wanted, lines, notes, form)
    if index is not None:
        X.index = pd.Index(columns[index].to_numpy(), name=index)
    return Data(with_lists_as_samples(X), None, None, notes, form)


def _index(names: list[str], form: TableForm) -> str | None:
    """The column that names the rows: the same as before, or a first one without a name."""
    if form.index in names:
        return form.index
    first = names[0]
    return first if is_unnamed(first) and first not in form.names else None


def _check_names(names: list[str], form: TableForm, notes: list[str]) -> None:
    missing = [name for name in form.columns if name not in names]
    extra = [name for name in names if name not in form.names and not is_unnamed(name)]
    if missing:
        others = f"; not in the training data: {listed([*map(repr, extra)], 10)}" if extra else ""
        raise ValueError(
            f"column{'s' * (len(missing) > 1)} {listed([*map(repr, missing)], 10)} "
            f"{'are' if len(missing) > 1 else 'is'} missing{others}"
        )
    if extra:
        notes.append(f"{quoted(extra)} not read: not in the training data")


def _read(
    columns: pd.DataFrame, lines: Sequence[int], notes: list[str], form: TableForm
) -> pd.DataFrame:
    """Columns of text as what they held before."""
    texts = {
        str(name): _without_sign(cells.astype(str), str(name), lines, form)
        for name, cells in columns.items()
    }
    numbers = [texts[name] for name, content in form.columns.items() if content == "numbers"]
    decimal_comma = form.decimal_comma or uses_decimal_commas(numbers)
    read = {}
    for name, content in form.columns.items():
        cells = texts[name]
        values: pd.Series[Any] = words_of(cells)
        if content == "numbers":
            gaps = is_gap(cells)
            if gaps.all():
                values = pd.Series(np.nan, cells.index)
            else:
                column = read_column(cells, lines, decimal_comma)
                values = column.values
                if not is_numeric_dtype(values):
                    given = cells[~gaps]
                    words = (i for i, cell in given.items() if _is_word(cell, decimal_comma))
                    at: Any = next(words, given.index[0])
                    raise _other_content(name, content, f"{cells[at]!r} on line {lines[at]}")
                if column.bad:
                    notes.append(f"`{name}`: {column.bad} read as gaps")
        elif content == "dates":
            values = _dates(values, name)
        elif content == "lists":
            raise _other_content(name, content, "text")
        read[name] = values
    return pd.DataFrame(read)


def _without_sign(
    cells: pd.Series[Any], name: str, lines: Sequence[int], form: TableForm
) -> pd.Series[Any]:
    """Cells without the sign that numbers of the column had; all have it if it was %."""
    sign = (form.signs or {}).get(name, "")
    if sign == "%" and (bare := lacks_percent(cells, is_gap(cells))).any():
        at = int(bare.to_numpy().argmax())
        raise _other_content(name, "numbers with %", f"{cells[at]!r} on line {lines[at]}")
    return without_sign(cells, sign)


def _is_word(cell: str, decimal_comma: bool) -> bool:
    return not is_numeric_dtype(read_column(pd.Series([cell]), [0], decimal_comma).values)


def _as_before(columns: pd.DataFrame, form: TableForm) -> pd.DataFrame:
    """Columns that have types as what they held before."""
    read = {}
    for name, content in form.columns.items():
        column = columns[name]
        found = content_of(column)
        if content == "words" and found != "lists":
            if found != "words":
                column = column.astype(object).where(column.notna(), None)
                column = column.map(str, na_action="ignore")
        elif content == "dates" and found == "words":
            column = _dates(column, name)
        elif content == "numbers" and column.isna().all():
            column = column.astype(np.float64)
        elif content != found:
            first = column.dropna().iloc[0]
            raise _other_content(name, content, f"{found}, such as {first!r:.40}")
        read[name] = column
    return pd.DataFrame(read)


def _dates(column: pd.Series[Any], name: str) -> pd.Series[Any]:
    try:
        return pd.to_datetime(column, format="mixed")
    except (ValueError, TypeError) as error:
        raise _other_content(name, "dates", f"{column.dropna().iloc[0]!r:.40}") from error


def _other_content(name: str, content: str, found: str) -> ValueError:
    return ValueError(
        f"column {name!r} held {content} in the training data, but holds {found} here"
    )
