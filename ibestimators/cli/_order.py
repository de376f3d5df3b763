"""The order of the columns of a table."""

from __future__ import annotations

from pathlib import Path

from ibestimators.cli._errors import InputError

GIVEN = "given"


def in_order(columns: list[str], order: str) -> list[str]:
    """The columns in the order that an argument states.

    Parameters
    ----------
    columns : list of str
    order : str
        "given" for the order as it is, names with commas between them, or a file with one name a
        line.

    Raises
    ------
    InputError
        If a name is no column, or occurs twice, or a column is not named.
    """
    if order == GIVEN:
        return columns
    from ibestimators.formatting import did_you_mean

    names = _names(order)
    for name in names:
        if name not in columns:
            raise InputError(f"--order: no column {name!r}{did_you_mean(name, columns)}")
        if names.count(name) > 1:
            raise InputError(f"--order: column {name!r} is named {names.count(name)} times")
    left = [repr(name) for name in columns if name not in names]
    if left:
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        raise InputError(
            f"--order must name all columns; {', '.join(left[:5])}{more} missing. Name them too, "
            "or leave them out by --drop"
        )
    return names


def _names(order: str) -> list[str]:
    path = Path(order)
    if "," in order or not path.is_file():
        return [name.strip() for name in order.split(",")]
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"--order {order}: cannot be read as text ({error})") from error
    return [line.strip() for line in lines if line.strip()]
