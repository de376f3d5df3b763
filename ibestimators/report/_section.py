"""What a report says, as plain data: sections made of blocks, without any HTML.

A result describes itself in sections; the page renders sections and knows no result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ibestimators import formatting

Points = Sequence[tuple[float, float]]


class Number(NamedTuple):
    """A cell of a table that is aligned right and sorted by its value."""

    text: str
    value: float

    @classmethod
    def of(cls, value: Any, spec: str) -> Number:
        """A formatted number; an empty cell if it is missing."""
        return cls("", np.nan) if pd.isna(value) else cls(format(value, spec), float(value))

    @classmethod
    def with_interval(cls, mean: float, low: float, high: float, sign: str = "") -> Number:
        """A mean and half the width of its interval."""
        return cls(formatting.with_interval(mean, low, high, sign), mean)

    @classmethod
    def with_ends(cls, value: float, low: float, high: float) -> Number:
        """A positive number and both ends of its interval, which need not be symmetric."""
        ends = "" if pd.isna(low) else f" ({_two_digits(low)} to {_two_digits(high)})"
        return cls(f"{_two_digits(value)}{ends}", value)

    @classmethod
    def small(cls, value: float) -> Number:
        """Two significant digits, such as those of a p-value; tiny numbers as "< 0.001"."""
        return cls("< 0.001", value) if value < 0.001 else cls.of(value, ".2g")

    @classmethod
    def probability(cls, value: float) -> Number:
        """Two decimals; what rounds to 0 or 1 is neither."""
        if 0 < value < 0.005:
            return cls("< 0.01", value)
        return cls("> 0.99", value) if value >= 0.995 else cls.of(value, ".2f")

    @classmethod
    def seconds(cls, value: float) -> Number:
        """A duration."""
        return cls.of(value, ",.1f") if value >= 10 else cls.small(value)


def _two_digits(value: float) -> str:
    return "0" if value < 5e-4 else formatting.significant(value)


@dataclass(frozen=True)
class Verdict:
    """The answer, set apart from the rest of the page."""

    text: str
    note: str = ""


@dataclass(frozen=True)
class Paragraph:
    """Running text; a note is set in small print."""

    text: str
    is_note: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: Sequence[str]


@dataclass(frozen=True)
class Facts:
    """Names and what is known about each."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Details:
    """Texts that are folded away under their names."""

    entries: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Table:
    """A table, for the page and for the terminal.

    Parameters
    ----------
    caption : str
        Read by screen readers.
    heads : sequence of str
    rows : sequence of sequences of str or Number
        A column that holds a `Number` is aligned right.
    sorted_by : int or None, default=None
        The column that the rows are sorted by, from the largest, which lets the reader sort
        by any; None makes a table that cannot be sorted.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[object]]
    sorted_by: int | None = None

    @property
    def numeric(self) -> list[bool]:
        """For each column, whether it holds numbers."""
        return [
            any(isinstance(row[i], Number) for row in self.rows) for i in range(len(self.heads))
        ]

    def without(self, head: str) -> Table:
        """The table without a column, if it has that column."""
        kept = [i for i, name in enumerate(self.heads) if name != head]
        return Table(
            self.caption,
            [self.heads[i] for i in kept],
            [[row[i] for i in kept] for row in self.rows],
            kept.index(self.sorted_by) if self.sorted_by in kept else None,
        )

    def to_text(self) -> str:
        """The table for the terminal."""
        rows = [[c.text if isinstance(c, Number) else str(c) for c in row] for row in self.rows]
        return formatting.text_table(self.heads, rows, self.numeric)


@dataclass(frozen=True)
class Row:
    """One row of a `RowChart`: a dot, perhaps with an interval or with a second value.

    Parameters
    ----------
    label, note : str
        Name, and what is printed small below it.
    value : float
        Where the dot is.
    text : str
        Printed beside the marks.
    low, high : float or None, default=None
        Ends of an interval, drawn as a bar.
    other : float or None, default=None
        A second value, drawn as a ring that a line joins to the dot.
    points : sequence of float, default=()
        Further values, drawn as small dots below.
    is_highlighted : bool, default=True
        Whether the row is in colour, or grey.
    """

    label: str
    note: str
    value: float
    text: str
    low: float | None = None
    high: float | None = None
    other: float | None = None
    points: Sequence[float] = ()
    is_highlighted: bool = True


@dataclass(frozen=True)
class RowChart:
    """One row for each estimator, on a common axis.

    Parameters
    ----------
    title : str
        What is drawn, for screen readers, which also get the texts of the rows.
    caption : str
        Printed below.
    rows : sequence of Row
    reference : float or None, default=None
        A value that a dashed line marks in all rows.
    band : pair of float or None, default=None
        Ends of a region that is shaded in all rows.
    """

    title: str
    caption: str
    rows: Sequence[Row]
    reference: float | None = None
    band: tuple[float, float] | None = None


@dataclass(frozen=True)
class Curve:
    """One curve of a `CurveChart`.

    Parameters
    ----------
    label : str
    points : sequence of pairs of float
        x and y.
    band : sequence of triples of float, default=()
        x, low and high.
    dashed : sequence of pairs of float, default=()
        x and y of a second, dashed curve.
    is_highlighted : bool, default=True
        Whether the curve is in colour, or grey.
    """

    label: str
    points: Points
    band: Sequence[tuple[float, float, float]] = ()
    dashed: Points = ()
    is_highlighted: bool = True


@dataclass(frozen=True)
class CurveChart:
    """Curves over a logarithmic axis.

    Parameters
    ----------
    title : str
        What is drawn, for screen readers, which also get the points.
    caption : str
        Printed below.
    curves : sequence of Curve
    ticks : sequence of int
        The values of x.
    """

    title: str
    caption: str
    curves: Sequence[Curve]
    ticks: Sequence[int]


@dataclass(frozen=True)
class Section:
    """A heading and blocks; a section among the blocks has a heading of the next level.

    Empty blocks (lists, facts, details and sections without content) are left out.

    Parameters
    ----------
    heading : str
    blocks : sequence of blocks
    tab : str, default=""
        The tab of the page that the section belongs to; without one it has a tab of its own, which
        is called like its heading. Sections of sections have none.
    """

    heading: str
    blocks: Sequence[Block]
    tab: str = ""

    def is_empty(self) -> bool:
        """Whether no block has content."""
        return not any(map(has_content, self.blocks))


Block = Verdict | Paragraph | Bullets | Facts | Details | Table | RowChart | CurveChart | Section


def has_content(block: Block) -> bool:
    """Whether a block says anything.

    Parameters
    ----------
    block : Block

    Returns
    -------
    bool
    """
    if isinstance(block, Section):
        return not block.is_empty()
    contents = {Bullets: "items", Facts: "pairs", Details: "entries", Table: "rows"}
    name = contents.get(type(block))
    return name is None or len(getattr(block, name)) > 0
