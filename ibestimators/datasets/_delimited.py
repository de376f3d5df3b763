"""The text of a table: its characters, its separator, its header and the cells of its rows."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas", " ": "blanks"}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as that of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 200  # lines that decide the separator
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")


@dataclass
class Delimited:
    """The cells of a table, as text.

    Parameters
    ----------
    names : list of str
        Of the columns.
    rows : list of list of str
        All of the length of `names`.
    lines : list of int
        The line of the file on which each row ends, from 1.
    separator : str
    notes : list of str
        What is not as a plain table has it.
    """

    names: list[str]
    rows: list[list[str]]
    lines: list[int]
    separator: str
    notes: list[str] = field(default_factory=list)


def decode(raw: bytes) -> tuple[str, str]:
    """The text of a file, and its encoding: by its byte order mark, else UTF-8, else Windows-1252.

    Examples
    --------
    >>> from ibestimators.datasets._delimited import decode
    >>> decode("é".encode("latin-1"))
    ('é', 'cp1252')
    """
    for encoding in _encodings(raw):
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            pass
    raise ValueError("this is not a file of text")


def _encodings(raw: bytes) -> list[str]:
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return [encoding]
    start = raw[:1000]
    zeros = start.count(0)
    if zeros > len(start) / 4:  # UTF-16 of Latin letters, without a mark
        return ["utf-16-le" if start[1::2].count(0) > zeros / 2 else "utf-16-be"]
    return ["utf-8", "cp1252", "latin-1"] if not zeros else []


def parse(text: str, header: bool | None, known: Sequence[str] = ()) -> Delimited:
    """The cells of the text of a table.

    Parameters
    ----------
    text : str
    header : bool or None
        Whether the first row holds the names of the columns; None if it does, unless it looks
        like the other rows.
    known : sequence of str, default=()
        Names of columns: a first row that has them is the header. Rows without any value are kept
        then.

    Raises
    ------
    ValueError
        If there are no rows, a row is too long, or the header is in doubt.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    skipped, comments = _leading_comments(text)
    body = text[skipped:].rstrip("\x1a\n ")  # the end of a file of DOS
    if not body.strip():
        raise ValueError("it is empty")
    separator, width = _separator_of(body, known) or _separator(body)
    first_line = text[:skipped].count("\n")
    rows, lines = _cells(body, separator, first_line, keep_empty=bool(known))
    notes = []
    above = next((i for i, row in enumerate(rows) if _fits(row, width)), 0)
    if above or comments:
        notes.append(f"{_lines(above + len(comments))} above the table skipped")
    rows, lines = rows[above:], lines[above:]
    if header is None and known and {*known} <= {*rows[0]}:
        header = True
    names = _header(rows, comments, separator, width, header)
    if names is rows[0]:
        rows, lines = rows[1:], lines[1:]
    if not rows:
        raise ValueError("it has a header but no rows")
    names = _equal_width(names, rows, lines, notes)
    return Delimited(_unique(names), rows, lines, separator, notes)


def looks_like_data(first: list[str], others: list[list[str]]) -> bool:
    """Whether a first row, which should name columns, looks like those that follow.

    It does if each of its cells is a number in a column of numbers, or recurs further down its
    column. Whole numbers at equal steps, such as years, are names.

    Examples
    --------
    >>> from ibestimators.datasets._delimited import looks_like_data
    >>> looks_like_data(["5.1", "a"], [["4.9", "b"], ["4.7", "a"]])
    True
    >>> looks_like_data(["city", "1990", "2000", "2010"], [["A", "1", "2", "3"]])
    False
    """
    numbers = [cell for cell in first if _NUMBER.fullmatch(cell)]
    if len(numbers) > 2 and all(cell.isdecimal() for cell in numbers):
        steps = {int(b) - int(a) for a, b in zip(numbers, numbers[1:], strict=False)}
        if len(steps) == 1:
            return False
    over_numbers, recurring, others_ = 0, 0, 0
    for name, *column in zip(first, *others, strict=False):
        if not name:
            continue
        filled = [cell for cell in column if cell]
        is_numeric = bool(filled) and all(_NUMBER.fullmatch(cell) for cell in filled)
        if is_numeric and not _NUMBER.fullmatch(name):
            return False  # a name over numbers
        over_numbers += is_numeric
        recurring += not is_numeric and name in column
        others_ += not is_numeric and name not in column
    return over_numbers > 0 or (recurring > 0 and not others_)


def _leading_comments(text: str) -> tuple[int, list[str]]:
    """Length and lines of what is above the table and starts with # or %, or is empty."""
    length, comments = 0, []
    for line in io.StringIO(text):
        if line.strip() and not line.startswith(("#", "%")):
            break
        length += len(line)
        if line.strip():
            comments.append(line.strip())
    return length, comments


def _separator(body: str) -> tuple[str, int]:
    """The separator and the number of fields of most rows.

    The first of `SEPARATORS` that gives nearly all rows the same number of fields, and the first
    row as well; the one that does so best, if none does.
    """
    lines = body.split("\n", _SAMPLE)[:_SAMPLE]
    best = (0.0, ",", 1)
    for separator in SEPARATORS:
        rows = [row for row in _reader(lines, separator) if row]
        widths = Counter(map(len, rows))
        del widths[1]
        if not widths:
            continue
        width, n = max(widths.items(), key=lambda item: (item[1], item[0]))
        share = n / len(rows)
        if share > 0.9 and len(rows[0]) in (width - (width > 2), width):
            return separator, width
        best = max(best, (share, separator, width), key=lambda found: found[0])
    return best[1:] if best[0] > 0.5 else (",", 1)


def _separator_of(body: str, names: Sequence[str]) -> tuple[str, int] | None:
    """The separator by which the first line holds known names, and its number of fields."""
    first = body.split("\n", 1)[:1]
    for separator in SEPARATORS if names else ():
        for row in _reader(first, separator):
            if {*names} <= {cell.strip() for cell in row}:
                return separator, len(row)
    return None


def _reader(lines: list[str], separator: str) -> list[list[str]]:
    if separator == " ":  # several blanks separate as one does
        lines = [line.strip() for line in lines]
    try:
        return [*csv.reader(lines, delimiter=separator, skipinitialspace=True)]
    except csv.Error:
        return []


def _cells(
    body: str, separator: str, first_line: int, keep_empty: bool
) -> tuple[list[list[str]], list[int]]:
    """The rows without outer blanks, and their lines; blank lines are no rows."""
    source = io.StringIO(body, newline="")
    lines = (line.strip() + "\n" for line in source) if separator == " " else source
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    rows, numbers = [], []
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells) or (keep_empty and row):
                rows.append(cells)
                numbers.append(first_line + reader.line_num)
    except csv.Error as error:
        raise ValueError(f"line {first_line + reader.line_num}: {error}") from error
    return rows, numbers


def _fits(row: list[str], width: int) -> bool:
    """Whether a row has all fields, or those of a header that does not name the row names."""
    return len(row) >= width - (width > 2)


def _header(
    rows: list[list[str]],
    comments: list[str],
    separator: str,
    width: int,
    header: bool | None,
) -> list[str]:
    """The names of the columns: the first row, the last comment, or numbers from 0."""
    numbered = [str(i) for i in range(max(len(rows[0]), width))]
    if header is False:
        return numbered
    if header is None and looks_like_data(rows[0], rows[1:_SAMPLE]):
        if comments:
            (names,) = _reader([comments[-1].lstrip("#% ")], separator) or [[]]
            if len(names) == len(rows[0]) and not looks_like_data(names, rows[:_SAMPLE]):
                return [name.strip() for name in names]
        start = ", ".join(rows[0][:4])
        raise ValueError(
            f"its first row ({start}{', …' if len(rows[0]) > 4 else ''}) looks like data, not like "
            "names of columns. Pass --no-header (header=False) if the file has no names; columns "
            "are 0, 1, 2, … then. Pass --header (header=True) if these are the names"
        )
    return rows[0]


def _equal_width(
    names: list[str], rows: list[list[str]], lines: list[int], notes: list[str]
) -> list[str]:
    """Bring all rows to the length of the header, in place; an error if one is too long."""
    width = max(map(len, rows))
    if width == len(names) + 1:
        if not any(row[width - 1] for row in rows if len(row) == width):
            for row in rows:  # a separator at the end of each row
                del row[width - 1 :]
            width -= 1
        elif all(len(row) == width for row in rows):  # as R writes names of rows
            names = ["", *names]
    long = [i for i, row in enumerate(rows) if len(row) > len(names)]
    if long:
        raise ValueError(
            f"line {lines[long[0]]} has {len(rows[long[0]])} fields, but the header has "
            f"{len(names)} ({len(long)} such line{'s' * (len(long) > 1)})"
        )
    short = [row for row in rows if len(row) < len(names)]
    for row in short:
        row += [""] * (len(names) - len(row))
    if short:
        notes.append(f"{_lines(len(short))} with fields missing at the end, read as gaps")
    return names


def _unique(names: list[str]) -> list[str]:
    """Names of which none occurs twice: ".1", ".2" mark repetitions."""
    seen: Counter[str] = Counter()
    unique: list[str] = []
    for name in names:
        new = name
        while new in unique:
            seen[name] += 1
            new = f"{name}.{seen[name]}"
        unique.append(new)
    return unique


def _lines(n: int) -> str:
    return f"{n} line{'s' * (n != 1)}"
