"""Sections as HTML: a page that loads nothing, or a fragment for a notebook."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from ibestimators.report._charts import CurvePicture, RowPicture
from ibestimators.report._section import (
    Block,
    CurveChart,
    RowChart,
    Section,
    Table,
    has_content,
)
from ibestimators.writing import write_whole


def write_page(path: str | os.PathLike[str], title: str, sections: Sequence[Section]) -> Path:
    """Write one HTML page that needs no other file and no network.

    Parameters
    ----------
    path : path
        The file, written whole or not at all; one that exists is replaced.
    title : str
        Heading of the page.
    sections : sequence of Section
        Those of one tab are shown together, under a bar of tabs if there are several.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    FileNotFoundError
        If the folder of `path` does not exist.
    IsADirectoryError
        If `path` is a folder.
    """
    path = _checked_path(path)
    page = (
        _environment()
        .get_template("page.html")
        .render(
            title=title,
            tabs=_tabs(sections),
            style=_asset("style.css"),
            scripts=[_asset("tabs.js"), _asset("tables.js")],
        )
    )
    # Names may hold halves of surrogate pairs, which UTF-8 cannot encode.
    write_whole(path, page.encode("utf-8", errors="xmlcharrefreplace"))
    return path


def fragment(sections: Sequence[Section]) -> str:
    """Sections as an HTML element with a style of its own, without any script.

    Parameters
    ----------
    sections : sequence of Section

    Returns
    -------
    str
    """
    body = [_rendered(section, is_page=False) for section in sections if has_content(section)]
    style = Markup("<style>\n{}</style>").format(_asset("style.css"))
    element = Markup('<div class="ibestimators">\n{}\n{}\n</div>')
    return str(element.format(style, Markup("\n").join(body)))


def _tabs(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """Tabs in the order of their first sections: the name, the anchor and the sections of each."""
    tabs: dict[str, list[Markup]] = {}
    for section in filter(has_content, sections):
        tabs.setdefault(section.tab or section.heading, []).append(_rendered(section))
    return [
        {"name": name, "anchor": re.sub(r"\W+", "-", name).strip("-").lower(), "sections": own}
        for name, own in tabs.items()
    ]


def _rendered(block: Block, level: int = 2, is_page: bool = True) -> Markup:
    """A block as HTML, by the macro of its name."""
    content: object = block
    if isinstance(block, Section):
        blocks = [_rendered(b, level + 1, is_page) for b in block.blocks if has_content(b)]
        content = {"heading": block.heading, "level": level, "blocks": blocks}
    elif isinstance(block, Table) and not is_page:
        content = replace(block, sorted_by=None)  # sorting needs the page's script
    elif isinstance(block, RowChart):
        content = RowPicture(block)
    elif isinstance(block, CurveChart):
        content = CurvePicture(block)
    macros = _environment().get_template("blocks.html").module
    rendered: Markup = getattr(macros, type(block).__name__)(content)
    return rendered


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__, "."), autoescape=True, lstrip_blocks=True
    )
    environment.filters |= {
        "percent": lambda value: f"{value:.2f}%",
        "points": lambda points: " ".join(f"{x:.2f},{y:.2f}" for x, y in points),
        "float_or_empty": lambda value: "" if math.isnan(value) else repr(float(value)),
    }
    return environment


def _asset(name: str) -> Markup:
    return Markup((files(__package__) / name).read_text("utf-8"))


def _checked_path(path: str | os.PathLike[str]) -> Path:
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"path={str(path)!r} is a folder, but a file is expected. Give the name of a file, "
            f"such as {str(path / 'report.html')!r}."
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"path={str(path)!r} lies in a folder that does not exist. Create "
            f"{str(path.parent)!r} first."
        )
    return path
