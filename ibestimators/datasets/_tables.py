"""Tables as files hold them, with gaps, words and dates."""

from __future__ import annotations

import csv
import gzip
import lzma
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from ibestimators.datasets._alike import rows_alike
from ibestimators.datasets._cells import WORDS, is_gap, read_column, uses_decimal_commas
from ibestimators.datasets._data import Data
from ibestimators.datasets._delimited import SEPARATORS, decode, parse
from ibestimators.datasets._form import TableForm, content_of, is_unnamed
from ibestimators.datasets._naming import listed, quoted
from ibestimators.datasets._signs import sign_of, without_sign
from ibestimators.datasets._typed import holds_lists, typed, with_lists_as_samples
from ibestimators.formatting import counted, did_you_mean

TEXTS = (".csv", ".tsv", ".txt", ".dat", ".data", ".arff")
BINARIES = (".parquet", ".feather", ".xlsx", ".npy")
_PACKED = {".gz": gzip.open, ".xz": lzma.open}
_TARGETS = ("target", "class", "label", "y", "outcome", "response")
_FEW = 5  # rows below which a column of 0, 1, … may as well be a value


@dataclass
class _Table:
    """The columns of a file before a target is chosen."""

    columns: pd.DataFrame
    lines: Sequence[int] | None = None  # of a file of text, whose columns are text
    classes: set[str] = field(default_factory=set)  # columns that the file states are classes
    states_types: bool = False
    is_numbered: bool = False  # columns without names
    decimal_comma: bool = False
    signs: dict[str, str] = field(default_factory=dict)  # of currencies, percent, thousands
    notes: list[str] = field(default_factory=list)


def read_table(
    path: str | PathLike[str],
    target: str | int | None = None,
    *,
    drop: Iterable[str] = (),
    keep: Iterable[str] = (),
    header: bool | None = None,
    like: TableForm | None = None,
) -> Data:
    r"""Read a table from a file of text, Parquet, Feather, Excel, ARFF or NumPy.

    Parameters
    ----------
    path : path
        A file whose name ends in .csv, .tsv, .txt, .dat, .data or .arff, maybe followed by .gz or
        .xz, or in .parquet, .feather, .xlsx or .npy, in small or capital letters. Texts may
        have any of the separators comma, semicolon, tab, bar and blank, decimal commas, thousands
        separators, signs of currencies, percent and thousands (1.2k), lines that start with # or %
        above the table, and the encodings UTF-8, UTF-16
        and Windows-1252.
    target : str, int or None, default=None
        Column to predict, by name or position; -1 is the last. None takes the one column
        that is called target, class, label, y, outcome or response.
    drop : iterable of str, default=()
        Columns to leave out.
    keep : iterable of str, default=()
        Columns that stay in X although they count the rows or hold one value, such as groups.
    header : bool or None, default=None
        Whether the first row of a text holds the names of columns. None takes it as such, unless
        it looks like the other rows, which is an error. Columns without names are 0, 1, 2, …
    like : TableForm or None, default=None
        The form of another table, ``read_table(other).form``: read the same columns, each as it was
        read there, from a file with or without the target. The other parameters are not used; no
        row is dropped, and y is None. A column that counts or names rows is the index of X.

    Returns
    -------
    Data
        The pair X, y. X is a data frame of numbers, with NaN as gaps, and of texts, which
        `table_pipeline` encodes; or a list of arrays, if one of its columns holds lists of
        numbers. y is an array of numbers or labels. ``notes`` say what was changed: columns dropped
        that count the rows, index them without a name, or hold one value; rows dropped that have
        no target; values that are no numbers, or infinite, in columns of numbers, read as gaps.
        ``task`` is what a file of ARFF states. ``form`` is how each column was read.

    Raises
    ------
    ValueError
        If the file cannot be read as a table; the message names the column and line. With `like`,
        if columns are missing, which the message names, or hold something else.
    OSError
        If the file cannot be opened.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from ibestimators.datasets import read_table
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "toy.csv"
    >>> _ = path.write_text("size;colour;kind\n1,5;red;a\n?;blue;b\n2,5;red;a\n")
    >>> data = read_table(path, "kind")
    >>> X, y = data
    >>> X["size"].tolist(), X["colour"].tolist(), y.tolist()
    ([1.5, nan, 2.5], ['red', 'blue', 'red'], ['a', 'b', 'a'])
    >>> data.notes
    ('semicolons separate columns', 'commas are decimal in `size`')
    >>> _ = path.write_text("colour;size\nred;3,5\n")
    >>> read_table(path, like=data.form)[0].to_dict("list")
    {'size': [3.5], 'colour': ['red']}
    """
    try:
        if like is not None:
            table = _open(Path(path), False if like.is_numbered else None, [*like.columns])
            return rows_alike(table.columns, table.lines, table.notes, like)
        table = _open(Path(path), header)
        return _split(table, target, [*drop], [*keep])
    except (ValueError, EOFError, lzma.LZMAError) as error:
        message = " ".join(str(error).split())
        raise ValueError(f"{path}: {message}") from error


def _ending(path: str | PathLike[str]) -> str:
    *_, before, last = ["", "", *(suffix.lower() for suffix in Path(path).suffixes)]
    return before if last in _PACKED else last


def _open(path: Path, header: bool | None, known: Sequence[str] = ()) -> _Table:
    ending = _ending(path)
    if ending not in (*TEXTS, *BINARIES):
        raise ValueError(
            f"the name ends in {ending or 'nothing'!r}, but files of tables end in "
            f"{', '.join(TEXTS)} (maybe with .gz or .xz), {', '.join(BINARIES)}"
        )
    if ending in TEXTS:
        opener: Any = _PACKED.get(path.suffix.lower(), open)
        with opener(path, "rb") as file:
            text, encoding = decode(file.read())
        table = _read_arff(text) if ending == ".arff" else _read_text(text, header, known)
        if not encoding.startswith("utf-8"):
            table.notes.insert(0, f"read as {encoding}")
        return table
    if ending == ".npy":
        return _read_npy(path)
    readers = {".parquet": pd.read_parquet, ".feather": pd.read_feather, ".xlsx": pd.read_excel}
    try:
        frame = readers[ending](path)  # type: ignore[operator]
    except ImportError as error:
        raise ValueError(str(error)) from error
    except (OSError, ValueError):
        raise
    except Exception as error:  # of the library that reads it: a damaged file
        raise ValueError(f"not a {ending} file ({error})") from error
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    frame.columns = pd.Index([_name(name) for name in frame.columns])
    return _Table(frame.reset_index(drop=True))


def _name(name: Any) -> str:
    return " ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _read_npy(path: Path) -> _Table:
    values = np.load(path, allow_pickle=False)
    if values.dtype.names:
        return _Table(pd.DataFrame({name: values[name] for name in values.dtype.names}))
    if values.ndim != 2:
        raise ValueError(
            f"the array has shape {values.shape}, but a table has two axes. Save X and y as arrays "
            "of one .npz file"
        )
    names = [str(i) for i in range(values.shape[1])]
    return _Table(pd.DataFrame(values, columns=names), is_numbered=True)


def _read_text(text: str, header: bool | None, known: Sequence[str]) -> _Table:
    found = parse(text, header, known)
    notes = list(found.notes)
    if found.separator != ",":
        notes.insert(0, f"{SEPARATORS[found.separator]} separate columns")
    columns = pd.DataFrame(found.rows, columns=found.names, dtype=object)
    unnamed = [name for name in found.names if re.fullmatch(r"(\.\d+)?", name)]
    columns = columns.drop(columns=[name for name in unnamed if not (columns[name] != "").any()])
    return _Table(columns, found.lines, notes=notes, is_numbered=header is False)


def _read_arff(text: str) -> _Table:
    """A file of Weka: attributes, then rows with commas."""
    lines = text.splitlines()
    types, start = _attributes_of(lines)
    body = [line if not line.startswith("%") else "" for line in lines[start:]]
    if next((line for line in body if line.strip()), "").startswith("{"):
        raise ValueError("its rows are sparse ({…}), which is not supported; convert them")
    whole = "".join(body)
    quote = "'" if "'" in whole and '"' not in whole else '"'
    rows, numbers = [], []
    reader = csv.reader(body, quotechar=quote, skipinitialspace=True)
    for row in filter(None, reader):
        rows.append([cell.strip() for cell in row])
        numbers.append(start + reader.line_num)
        if len(row) != len(types):
            raise ValueError(
                f"line {numbers[-1]} has {len(row)} fields, but there are {len(types)} attributes"
            )
    if not rows:
        raise ValueError("no rows after the line '@data'")
    classes = {name for name, is_number in types.items() if not is_number}
    columns = pd.DataFrame(rows, columns=[*types], dtype=object)
    return _Table(columns, numbers, classes, states_types=True)


def _attributes_of(lines: list[str]) -> tuple[dict[str, bool], int]:
    """The attributes, whether each is a number, and the index of the first line of data."""
    types = {}
    for number, line in enumerate(lines, 1):
        words = line.strip()
        if words.lower().startswith("@attribute"):
            found = re.match(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s*(.*)", words, re.I)
            if not found:
                raise ValueError(f"line {number}: an attribute has no type")
            is_number = re.match(r"(numeric|real|integer)", found[2], re.I)
            types[found[1].strip("'\"")] = is_number is not None
        elif words.lower().startswith("@data"):
            return types, number
    raise ValueError("no line '@data'; this is not an ARFF file")


def _split(table: _Table, target: str | int | None, drop: list[str], keep: list[str]) -> Data:
    """X and y: the target is chosen, columns are read, and those without a meaning dropped."""
    notes = table.notes
    names = [str(name) for name in table.columns]
    name = _find_target(names, target, notes)
    unwanted = [_find(names, wanted) for wanted in drop]
    if name in unwanted:
        raise ValueError(f"the target {name!r} is among the columns to drop")
    if name in keep:
        raise ValueError(f"the target {name!r} cannot be a column of X, or have another role")
    table.columns = table.columns.drop(columns=unwanted)
    columns = typed(table.columns, notes) if table.lines is None else _read_columns(table, name)
    y = columns.pop(name)
    known = y.notna().to_numpy()
    if not known.any():
        raise ValueError(f"column {name!r}, the target, has no values")
    if not known.all():
        notes.append(f"{counted(int((~known).sum()), 'row')} without a target dropped")
    aside = columns[[_find([*columns], wanted) for wanted in keep]]
    X = columns.drop(columns=aside.columns)
    index = _index(X, notes)
    X = X.drop(columns=index)[known]
    X = pd.concat([aside[known], _without_constants(X, notes)], axis=1).reset_index(drop=True)
    if not len(X.columns):
        raise ValueError("no column is left besides the target")
    task = None
    if table.states_types:
        task = "classification" if name in table.classes else "regression"
    form = TableForm(
        {str(column): content_of(X[column]) for column in X},
        tuple(names),
        name,
        index[0] if index else None,
        table.is_numbered,
        table.decimal_comma,
        {name: sign for name, sign in table.signs.items() if name in X},
    )
    return Data(with_lists_as_samples(X), _values(y[known]), task, notes, form)


def _find_target(names: list[str], target: str | int | None, notes: list[str]) -> str:
    if target is not None:
        return _find(names, target)
    candidates = [name for name in names if name.strip().lower() in _TARGETS]
    if len(candidates) != 1:
        raise ValueError(
            f"--target (target=) must name the column to predict, one of {listed(names, 30)}"
        )
    notes.insert(0, f"target: `{candidates[0]}`, by its name")
    return candidates[0]


def _find(names: list[str], wanted: str | int) -> str:
    """A column by its name, or by its position if no name is the same."""
    if wanted in names:
        return str(wanted)
    if re.fullmatch(r"-?\d+", str(wanted)) and -len(names) <= int(wanted) < len(names):
        return names[int(wanted)]
    hint = did_you_mean(str(wanted), names) or f"; the columns are {listed(names, 30)}"
    raise ValueError(f"no column {wanted!r}{hint}")


def _read_columns(table: _Table, target: str) -> pd.DataFrame:
    """Columns of text as numbers or words."""
    lines: Any = table.lines
    texts = {str(name): cells.astype(str) for name, cells in table.columns.items()}
    signs = {name: sign_of(cells, is_gap(cells)) for name, cells in texts.items()}
    bare = {name: without_sign(cells, signs[name][0]) for name, cells in texts.items()}
    table.decimal_comma = uses_decimal_commas([*bare.values()])
    columns: dict[str, pd.Series[Any]] = {}
    formats: dict[str, list[str]] = {}
    for name, cells in texts.items():
        if name in table.classes:
            columns[name] = cells.mask(cells == "?").astype(object)
            continue
        (sign, note), column = signs[name], read_column(bare[name], lines, table.decimal_comma)
        if sign and is_numeric_dtype(column.values):
            table.signs[name] = sign
        elif sign:
            note, column = "", read_column(cells, lines, table.decimal_comma)
        if name == target:
            _check_target(column.bad, cells, name, column.values, table.notes)
        elif column.bad:
            table.notes.append(f"`{name}`: {column.bad} read as gaps")
        for meaning in filter(None, (note, column.format)):
            formats.setdefault(meaning, []).append(name)
        columns[name] = column.values
    table.notes += [f"{what} in {quoted(which)}" for what, which in formats.items()]
    return pd.DataFrame(columns)


def _check_target(
    bad: str, cells: pd.Series[Any], name: str, values: pd.Series[Any], notes: list[str]
) -> None:
    if bad:
        raise ValueError(f"column {name!r}, the target, has {bad}; correct or empty these cells")
    if not is_numeric_dtype(values):
        marks = cells[cells.str.lower().isin(WORDS)]
        if len(marks):
            notes.append(
                f"{marks.iloc[0]!r} in `{name}`, the target, read as a class "
                f"({counted(len(marks), 'row')})"
            )


def _index(columns: pd.DataFrame, notes: list[str]) -> list[str]:
    """Columns that number the rows, or name them without a name of their own."""
    found = []
    for position, name in enumerate(map(str, columns)):
        column = columns[name]
        if _counts_rows(column):
            notes.append(f"{quoted([name])} dropped: it counts the rows")
            found.append(name)
        elif position == 0 and is_unnamed(name) and column.is_unique:
            notes.append(f"{quoted([name])} dropped: it names the rows")
            found.append(name)
    return found


def _counts_rows(column: pd.Series[Any]) -> bool:
    """Whether a column holds 0 to n - 1, or 1 to n, in any order."""
    if len(column) < _FEW or column.dtype.kind not in "iuf" or column.isna().any():
        return False
    values = np.sort(column.to_numpy())
    return bool(values[0] in (0, 1) and (np.diff(values) == 1).all())


def _without_constants(X: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    empty = [name for name, column in X.items() if column.isna().all()]
    constant = [
        name
        for name, column in X.drop(columns=empty).items()
        if len(column) > 1 and not holds_lists(column) and column.nunique(dropna=False) == 1
    ]
    if named := [name for name in empty if name]:
        notes.append(f"{quoted(named)} dropped: empty")
    if constant:
        notes.append(f"{quoted(constant)} dropped: constant")
    return X.drop(columns=[*empty, *constant])


def _values(y: pd.Series[Any]) -> NDArray[Any]:
    if is_numeric_dtype(y):
        return y.to_numpy()
    if holds_lists(y):
        raise ValueError(f"column {y.name!r}, the target, holds lists; name a column of values")
    return y.astype(str).to_numpy(dtype=object)
