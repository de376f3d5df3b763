"""The cells of a column of text as numbers, gaps or words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

# Marks of a gap, in lower case. Those in WORDS may also be words, where a column holds words.
GAPS = ("", "?", "nan", "#n/a", "<na>", "-nan", "nat")
WORDS = ("na", "n/a", "null", "none", ".", "-", "--", "*", "missing", "nil", "#null!", "#div/0!")
_INFINITE = ("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "∞", "-∞")
_THOUSANDS = r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?"
_DECIMAL_COMMA = r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d*),\d+(?:[eE][+-]?\d+)?"
_DOTTED_THOUSANDS = r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+"
_LEAST = 0.9  # share of numbers in a column of numbers; the others are gaps, with a note


@dataclass
class Column:
    """A column of text, read.

    Parameters
    ----------
    values : Series
        Numbers, with NaN as gaps; or str, with None as gaps.
    format : str, default=""
        What characters in its numbers mean.
    bad : str, default=""
        Which cells among its numbers were none, and are gaps now.
    """

    values: pd.Series[Any]
    format: str = ""
    bad: str = ""


def read_column(cells: pd.Series[Any], lines: Any, comma_is_decimal: bool) -> Column:
    """Read a column of text as numbers, if nearly all of its cells are, or as words.

    Parameters
    ----------
    cells : Series of str
        Without outer blanks, numbered from 0.
    lines : sequence of int
        The line of each in the file.
    comma_is_decimal : bool
        What the comma of 1,234 means.

    Examples
    --------
    >>> import pandas as pd
    >>> from ibestimators.datasets._cells import read_column
    >>> column = read_column(pd.Series(["1,234", "?", "5"]), [2, 3, 4], False)
    >>> column.values.tolist(), column.format
    ([1234.0, nan, 5.0], 'commas separate thousands')
    """
    plain = _plain_numbers(cells)
    if np.isfinite(plain).all() and not comma_is_decimal:  # most columns
        return Column(plain)
    lower = cells.str.lower()
    filled = ~is_gap(cells)
    words = words_of(cells)
    if not filled.any():
        few = lower[~lower.isin(GAPS)].nunique() < 2  # one mark only
        return Column(pd.Series(np.nan, cells.index) if few else words)
    numbers, meaning = _numbers(cells[filled], comma_is_decimal)
    infinite = lower[filled].isin(_INFINITE) | numbers.abs().eq(np.inf)
    wrong = numbers.isna() & ~infinite
    if wrong.mean() > 1 - _LEAST or (wrong | infinite).all():
        return Column(words)
    bad = [
        _count(where, cells, lines, what)
        for where, what in (
            (infinite, ("infinite value", "infinite values")),
            (wrong, ("value that is no number", "values that are no numbers")),
        )
        if where.any()
    ]
    if filled.all() and not bad:
        return Column(numbers, meaning)
    numbers = numbers.astype(np.float64).mask(infinite).reindex(cells.index)
    return Column(numbers, meaning, " and ".join(bad))


def is_gap(cells: pd.Series[Any]) -> pd.Series[bool]:
    """Whether each cell marks a gap, if its column holds numbers."""
    return cells.str.lower().isin([*GAPS, *WORDS])


def words_of(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Words, with None where a cell marks a gap."""
    words = cells.mask(cells.str.lower().isin(GAPS)).astype(object)
    return words.where(words.notna(), None)


def uses_decimal_commas(columns: list[pd.Series[Any]]) -> bool:
    """Whether some column holds numbers in which a comma cannot separate thousands."""
    for cells in columns:
        with_comma = cells[cells.str.contains(",", regex=False)]
        if len(with_comma) and with_comma.str.fullmatch(_DECIMAL_COMMA).all():
            if not with_comma.str.fullmatch(_THOUSANDS).all():
                return True
            if with_comma.str.match(r"[+-]?0").any():
                return True
    return False


def _count(where: pd.Series[Any], cells: pd.Series[Any], lines: Any, what: tuple[str, str]) -> str:
    """Such as "2 values that are no numbers ('a', first on line 7)"."""
    n, first = int(where.sum()), where[where].index[0]
    return f"{n} {what[n > 1]} ({cells[first]!r},{' first' * (n > 1)} on line {lines[first]})"


def _numbers(cells: pd.Series[Any], comma_is_decimal: bool) -> tuple[pd.Series[Any], str]:
    """Numbers, NaN where a cell is none, and what characters in them mean."""
    dots = cells[cells.str.contains(".", regex=False)]
    if comma_is_decimal and len(dots) and dots.str.fullmatch(_DOTTED_THOUSANDS).all():
        cells, meaning = cells.str.replace(".", "", regex=False), ["dots separate thousands"]
    else:
        meaning = []
    plain = _plain_numbers(cells)
    texts = cells[plain.isna()]
    if texts.empty:
        return plain, "".join(meaning)
    changed = texts.str.replace(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))", "", regex=True)
    if (changed != texts).any():
        meaning.append("blanks separate thousands")
    if comma_is_decimal:
        fits = changed.str.fullmatch(_DECIMAL_COMMA)
        other = changed.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    else:
        fits = changed.str.fullmatch(_THOUSANDS)
        other = changed.str.replace(",", "", regex=False)
    if fits.any():
        meaning.append(f"commas {'are decimal' if comma_is_decimal else 'separate thousands'}")
    found = _plain_numbers(changed.mask(fits, other))
    if found.isna().all():
        return plain, ""
    values = _plain_numbers(cells.mask(plain.isna(), changed.mask(fits, other)))
    return values, " and ".join(meaning)


def _plain_numbers(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Numbers as Python writes them, NaN where a cell is none."""
    numbers: Any = pd.to_numeric(cells, errors="coerce")
    # Whole numbers beyond 64 bits come as objects.
    return numbers if numbers.dtype.kind in "iuf" else numbers.astype(np.float64)
