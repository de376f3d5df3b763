"""The base of all results: one protocol, from a table to a page."""

from __future__ import annotations

import os
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ibestimators.formatting import plain
from ibestimators.hashing import data_hash
from ibestimators.plotting import Display
from ibestimators.report._facts import facts_of_data, versions_section
from ibestimators.report._page import fragment, write_page
from ibestimators.report._section import Bullets, Facts, Paragraph, Section, Table
from ibestimators.structures import reads_containers


class Result(ABC):
    """Base of all results.

    A result is a frozen dataclass that defines `to_frame` and, as plain data, its sentences
    (`_sentences`), its table (`_table`) with notes (`_notes`), its sections of a page
    (`_sections`, `_settings`, `_how_to_read`), the title of that page (`_title`), and its
    display (`_display`).
    """

    @abstractmethod
    def to_frame(self) -> pd.DataFrame:
        """The table of the result."""

    @abstractmethod
    def _sentences(self) -> list[str]: ...

    @abstractmethod
    def _table(self) -> Table: ...

    @abstractmethod
    def _display(self) -> Display: ...

    @abstractmethod
    def _title(self) -> str: ...

    @abstractmethod
    def _sections(self) -> list[Section]: ...

    def _notes(self) -> list[str]:
        return []

    def _settings(self) -> list[Section]:
        return []

    def _data_facts(self) -> list[tuple[str, str]]:
        """What the result knows about its data."""
        return []

    def _how_to_read(self) -> str:
        return ""

    def _are_classes(self) -> bool | None:
        """Whether the targets are classes; None if the result does not know."""
        return None

    def _at_positions(self) -> bool:
        """Whether y holds a value for each position of a sample."""
        return False

    def verdict(self) -> str:
        """The result in plain sentences.

        Returns
        -------
        str
        """
        return " ".join(self._sentences())

    def to_text(self, width: int | None = None) -> str:
        """The result as `print` shows it.

        Parameters
        ----------
        width : int or None, default=None
            Characters of a line: sentences are wrapped, and a table that is wider leaves out what
            the estimators assume. None does neither.

        Returns
        -------
        str
        """
        table = self._table()
        above, below = self._lines_above(), [*self._notes(), *self._sentences()]
        if width is not None:
            above, below = (
                [textwrap.fill(line, width) for line in lines] for lines in (above, below)
            )
            if max(map(len, table.to_text().splitlines())) > width:
                table = table.without("assumes")
        return "\n".join([*above, *([table.to_text()] if table.rows else []), *below])

    def _lines_above(self) -> list[str]:
        """What is printed above the table."""
        return []

    def plot(self, ax: Any = None, **style: Any) -> Any:
        """Draw the result.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **style : dict
            Properties of what is drawn, which go to matplotlib and override the defaults,
            such as ``line_kw={"linewidth": 3}``. An unknown keyword raises an error that
            lists those of this display.

        Returns
        -------
        Display
            With attributes ``ax_`` and ``figure_``.
        """
        return self._display().plot(ax, **style)

    def to_dict(self) -> dict[str, Any]:
        """The whole result as plain values, ready for JSON.

        Returns
        -------
        dict
            ``verdict``, ``table`` (the rows of `to_frame`), and all attributes by their names.
            Missing numbers are None; what has no plain form is its ``repr``.
        """
        attributes = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        return plain({"verdict": self.verdict(), "table": self.to_frame(), **attributes})

    @reads_containers
    def to_html(
        self,
        path: str | os.PathLike[str],
        *,
        X: Any = None,
        y: Any = None,
        data_notes: Sequence[str] = (),
        others: Sequence[Result] = (),
        title: str | None = None,
    ) -> Path:
        """Write one HTML page that needs no other file and no network.

        Its parts are tabs; all are shown one below the other in print and without scripts.

        Parameters
        ----------
        path : path
            The page, replaced if it exists.
        X, y
            The data, for a description of them on the page.
        data_notes : sequence of str, default=()
            What was done to the data before, such as the ``notes`` of `read_table`, for the page.
        others : sequence of results, default=()
            Further results on the same data, each for a tab of its own.
        title : str, default=None
            Heading of the page; None says what was done.

        Returns
        -------
        pathlib.Path
            The page.

        Raises
        ------
        TypeError
            If `others` holds something else than results.
        ValueError
            If one of them is a result on other data, or X and y are other data. Other folds or
            another score are stated.
        FileNotFoundError, IsADirectoryError
            If the folder of `path` does not exist, or `path` is a folder.
        """
        for other in others:
            if not isinstance(other, Result):
                raise TypeError(
                    f"others must hold results, such as compare_learning_curves returns, got "
                    f"{type(other).__name__}."
                )
            self._check_data(other)
        self._check_samples(X, y)
        seen = dict(facts_of_data(X, y, self._are_classes(), self._at_positions()))
        facts = [*{**seen, **dict(self._data_facts())}.items()]
        done = Section("What was done to the data", [Bullets(data_notes)])
        sections = [
            *self._explained_sections(),
            *(section for other in others for section in self._sections_beside(other)),
            Section("Data", [Facts(facts), done]),
            *self._settings(),
            versions_section(),
        ]
        return write_page(path, self._title() if title is None else title, sections)

    def _explained_sections(self) -> list[Section]:
        """The sections, and how to read them at the end of the first tab."""
        sections, text = self._sections(), self._how_to_read()
        tab = sections[0].tab or sections[0].heading
        return [*sections, Section("How to read", [Paragraph(text)] if text else [], tab)]

    def _differs(self, other: Result, what: str) -> bool:
        """Whether both know the hash of their data or folds, or their score, and these differ."""
        mine, theirs = (getattr(result, "fingerprint", {}).get(what) for result in (self, other))
        return None not in (mine, theirs) and mine != theirs

    def _check_data(self, other: Result) -> None:
        if self._differs(other, "data"):
            raise ValueError(
                f"{other._title()}: this result is on other data (X or y) than the first of the "
                "page. Make one page for each data set."
            )

    def _check_samples(self, X: Any, y: Any) -> None:
        """Raise an error if the result knows the hash of its data, and these are others."""
        known = getattr(self, "fingerprint", {}).get("samples")
        if known is not None and X is not None and y is not None and data_hash(X, y) != known:
            raise ValueError(
                "X and y are not the data of this result. Give the X and y that it was made of, in "
                "the same form, such as the same data frame."
            )

    def _sections_beside(self, other: Result) -> list[Section]:
        """The sections of another result, and what it does not share with this one."""
        sections = other._explained_sections()
        different = [what for what in ("folds", "score") if self._differs(other, what)]
        if different:
            text = f"{' and '.join(different)}: not those of the first result of this page."
            note = Paragraph(f"Other {text} Do not compare the numbers.", is_note=True)
            sections[0] = replace(sections[0], blocks=[note, *sections[0].blocks])
        if len({section.tab or section.heading for section in sections}) > 1:
            return [Section(other._title(), sections)]
        return sections

    def _repr_html_(self) -> str:
        return fragment(self._sections())

    def __repr__(self) -> str:
        return self.to_text()
