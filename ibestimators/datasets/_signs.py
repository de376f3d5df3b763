"""Signs of currencies, percent and thousands beside numbers: $1,200, 12 %, 1.2k."""

from __future__ import annotations

from typing import Any

import pandas as pd

_CURRENCIES = r"[$€£¥₹₩₽₺₪₫₦₱₴฿]|USD|EUR|GBP|CHF|JPY|CNY|INR"
_LETTERS = {"k": "e3", "K": "e3", "M": "e6"}  # and what they become
_SIGNED = (
    rf"^(?P<first>[+-]?)\s*(?P<before>{_CURRENCIES})?\s*(?P<second>[+-]?)\s*"
    rf"(?P<number>[\d.,](?:[\d.,\s]*[\d.,])?)\s*(?P<after>{_CURRENCIES}|%|[kKM])?$"
)
_LEAST = 0.9  # share of numbers with the sign among the cells that hold something
_LEAST_LETTERS = 0.5  # share of numbers with a letter: those below 1,000 have none
_SAMPLE = 200
_SOME_PERCENT = "numbers with and without %, read as words,"
_MEANINGS = {
    "%": "% left out, so that 12 % is 12,",
    "k": "k read as 1,000 and M as 1,000,000",
}


def sign_of(cells: pd.Series[Any], is_gap: pd.Series[Any]) -> tuple[str, str]:
    """The sign that nearly all numbers of a column have, and a note on it.

    Parameters
    ----------
    cells : Series of str
        Without outer blanks.
    is_gap : Series of bool
        Cells that hold nothing.

    Returns
    -------
    sign : str
        A sign of a currency, "%" or "k" for thousands and millions; "" for none.
    note : str
        What the sign means. Without a sign it says where some numbers have a % and others do not,
        since 0.12 may be 12 % there.

    Examples
    --------
    >>> import pandas as pd
    >>> from ibestimators.datasets._signs import sign_of
    >>> cells = pd.Series(["$1,200", "-$5", ""])
    >>> sign_of(cells, cells == "")
    ('$', '$ left out')
    """
    filled = cells[~is_gap]
    sample = filled.iloc[:: max(1, len(filled) // _SAMPLE)]
    if not sample.str.contains(rf"{_CURRENCIES}|%|[kK]$").any():
        return "", ""
    sign, _ = _apart(filled)
    signs = set(sign.dropna()) - {""}
    n, n_signed = len(filled), int((sign.fillna("") != "").sum())
    if signs & {"k", "K"} and signs <= {*_LETTERS}:
        has_letters = n_signed >= _LEAST_LETTERS * n and sign.notna().mean() >= _LEAST
        return ("k", _MEANINGS["k"]) if has_letters else ("", "")
    zeros = pd.to_numeric(filled, errors="coerce").eq(0)  # are 0 in any unit
    if len(signs) != 1 or signs & {*_LETTERS} or n_signed + zeros.sum() < _LEAST * n:
        return "", ""
    if signs == {"%"} and lacks_percent(cells, is_gap).any():
        return "", _SOME_PERCENT
    (only,) = signs
    return only, _MEANINGS.get(only, f"{only} left out")


def lacks_percent(cells: pd.Series[Any], is_gap: pd.Series[Any]) -> pd.Series[Any]:
    """Whether each cell is a number without %, other than 0."""
    number = pd.to_numeric(cells, errors="coerce")
    return (_apart(cells)[0].eq("") | number.notna()) & ~number.eq(0) & ~is_gap


def without_sign(cells: pd.Series[Any], sign: str) -> pd.Series[Any]:
    """Cells without a sign, where they are numbers with it.

    Parameters
    ----------
    cells : Series of str
    sign : str
        As `sign_of` gives it.

    Examples
    --------
    >>> import pandas as pd
    >>> from ibestimators.datasets._signs import without_sign
    >>> without_sign(pd.Series(["1.2k", "950", "3M", "none"]), "k").tolist()
    ['1.2e3', '950', '3e6', 'none']
    """
    if not sign:
        return cells
    own, number = _apart(cells)
    if sign == "k":
        number += own.map(_LETTERS).fillna("")
    return number.where(own.isin([*_LETTERS] if sign == "k" else [sign]), cells)


def _apart(cells: pd.Series[Any]) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """The sign of each cell, None if it is no number, and the number."""
    parts = cells.str.extract(_SIGNED).fillna("")
    both = (parts["before"] != "") & (parts["after"] != "")
    is_number = parts["number"].str.contains(r"\d") & ~both
    number = parts["first"] + parts["second"] + parts["number"]
    return (parts["before"] + parts["after"]).where(is_number), number
