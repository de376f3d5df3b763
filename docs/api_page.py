"""The API page, written from the package's own table of contents.

A section names the modules that its public names live in; a public name whose module no
section has is an error.
"""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import ibestimators

SECTIONS = {
    "Estimators": ["mlp", "convolution", "recurrence", "message_passing", "attention", "suite"],
    "One graph": ["nodes"],
    "Comparison": ["comparison", "scoring"],
    "Inspection": ["inspection"],
    "Before training": ["diagnosis", "symmetries", "screening"],
    "Tables and text": ["tables", "text", "language"],
    "Pairs": ["structures"],
}
# Packages whose names stay in them.
PACKAGES = {
    "Forecasting": "forecasting",
    "Data": "datasets",
    "Checks for new estimators": "testing",
}
PATH = Path(__file__).parent / "api" / "index.rst"


def page() -> str:
    """The page as reStructuredText.

    Raises
    ------
    LookupError
        If a public name would be missing.
    """
    home = ibestimators._HOME
    lost = set(home.values()) - {module for modules in SECTIONS.values() for module in modules}
    if lost:
        raise LookupError(f"no section of the API page has the modules {sorted(lost)}")
    parts = [_heading("API", "="), ".. currentmodule:: ibestimators\n"]
    for title, modules in SECTIONS.items():
        # In the order of the table of contents within a module: classes as pairs.
        names = [name for module in modules for name in home if home[name] == module]
        if names:
            parts += [_heading(title, "-"), _table(names)]
    for title, package in PACKAGES.items():
        names = import_module(f"ibestimators.{package}").__all__
        parts += [_heading(title, "-"), _table([f"{package}.{name}" for name in names])]
    return "\n".join(parts)


def _heading(title: str, line: str) -> str:
    return f"{title}\n{line * len(title)}\n"


def _table(names: list[str]) -> str:
    lines = [".. autosummary::", "   :toctree: .", "   :nosignatures:", ""]
    return "\n".join([*lines, *(f"   {name}" for name in names), ""])


def write(*_: Any) -> None:
    PATH.parent.mkdir(exist_ok=True)
    text = page()
    if not PATH.exists() or PATH.read_text() != text:
        PATH.write_text(text)


def escape_types(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Keep the star of a type such as ``ndarray of shape (n, *sizes)`` from being markup."""
    for i, line in enumerate(lines):
        if re.match(r"\s*[\w, ]+ : .*\(.*\*\w", line):
            lines[i] = line.replace("*", r"\*")


def setup(app: Any) -> dict[str, bool]:
    app.connect("config-inited", write)
    app.connect("autodoc-process-docstring", escape_types, priority=400)  # before numpydoc
    return {"parallel_read_safe": True, "parallel_write_safe": True}
