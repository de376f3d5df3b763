"""The project keeps its own rules: layers, names, documentation."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from conftest import ESTIMATORS

import ibestimators

PACKAGE = Path(ibestimators.__file__).parent
DOCS = PACKAGE.parent / "docs"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def unit(path: Path) -> str:
    """The package, or the module at the top, that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Modules that a file imports anywhere, in functions too, with the names from each."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", [alias.name for alias in node.names]


def foreign_imports(path: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Imports from other parts of this package: the part, the module, the names."""
    for module, names in imports(path):
        if module == "ibestimators":
            yield from ((name, f"ibestimators.{name}", []) for name in names)
        elif module.startswith("ibestimators."):
            part = module.split(".")[1]
            if part != unit(path):
                yield part, module, names


def test_imports_run_downwards():
    layers = runpy.run_path(str(DOCS / "layers.py"))
    found: dict[str, set[str]] = {unit(path): set() for path in MODULES}
    for path in MODULES:
        found[unit(path)] |= {part for part, _, _ in foreign_imports(path)}
    assert found == layers["LAYERS"]
    picture = layers["picture"]()  # an error where the table has a cycle
    assert f"```\n{picture}\n```" in (DOCS / "design.md").read_text()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_other_packages_are_entered_by_the_door(path):
    for _, module, names in foreign_imports(path):
        assert module.count(".") == 1, module
        assert not [name for name in names if name.startswith("_")], module


def test_one_file_imports_skorch():
    importing = {
        str(path.relative_to(PACKAGE))
        for path in MODULES
        if any(module.split(".")[0] == "skorch" for module, _ in imports(path))
    }
    assert importing == {"training/_skorch.py"}


def test_the_table_of_contents_is_complete():
    assert dir(ibestimators) == sorted([*ibestimators.__all__, "__version__"])
    for name in ibestimators.__all__:
        assert getattr(ibestimators, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'ForestClassifier'"):
        _ = ibestimators.ForestClassifier


def test_importing_is_lazy():
    code = "import sys, ibestimators; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_parameter_and_fitted_attribute_is_documented(name):
    cls = getattr(ibestimators, name)
    for field in fields(cls):
        assert (
            f"\n{field.name} : {field.metadata['kind']}, default={field.default!r}\n" in cls.__doc__
        )
        assert field.name in cls._parameter_constraints
    for heading in ("Parameters", "Attributes", "References", "Examples"):
        assert f"\n{heading}\n{'-' * len(heading)}\n" in cls.__doc__
    X, y = [[0.0, 1.0], [1.0, 0.0]] * 10, [0, 1] * 10
    fitted = cls(max_epochs=1).fit(X, y)
    public = {a for a in vars(fitted) if a.endswith("_") and not a.startswith("_")}
    for attribute in public:
        assert f"\n{attribute} : " in cls.__doc__, attribute


def test_names_are_those_of_the_field():
    for name in ESTIMATORS:
        for field in fields(getattr(ibestimators, name)):
            assert re.fullmatch(r"[a-z]+(_[a-z]+)*", field.name)
