"""How a table was read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

from ibestimators.datasets._typed import holds_lists


@dataclass(frozen=True)
class TableForm:
    r"""How the columns of a table were read, so that another file can be read in the same way.

    Parameters
    ----------
    columns : dict of str to {"numbers", "words", "dates", "lists"}
        What each column of X holds, in the order of X.
    names : tuple of str
        All columns of the file.
    target : str
        The column to predict.
    index : str or None, default=None
        The column that counts or names the rows.
    is_numbered : bool, default=False
        Whether the file has no names of columns, which are 0, 1, 2, … then.
    decimal_comma : bool, default=False
        Whether commas are decimal in the file.
    signs : dict of str to str or None, default=None
        The sign that was left out in columns of numbers: that of a currency, "%", or "k".

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from ibestimators.datasets import read_table
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "toy.csv"
    >>> _ = path.write_text("size;colour;kind\n1,5;red;a\n?;blue;b\n2,5;red;a\n")
    >>> read_table(path, "kind").form.columns
    {'size': 'numbers', 'colour': 'words'}
    """

    columns: dict[str, str]
    names: tuple[str, ...]
    target: str
    index: str | None = None
    is_numbered: bool = False
    decimal_comma: bool = False
    signs: dict[str, str] | None = None


def is_unnamed(name: str) -> bool:
    """Whether a column has no name, or the one that pandas gives it then."""
    return re.fullmatch(r"(Unnamed: 0)?", name) is not None


def content_of(column: pd.Series[Any]) -> str:
    """What a column holds, in the words of `TableForm`."""
    if is_numeric_dtype(column):
        return "numbers"
    if is_datetime64_any_dtype(column):
        return "dates"
    return "lists" if holds_lists(column) else "words"
