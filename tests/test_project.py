"""The project keeps its own rules: layers, names, documentation."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from conftest import ESTIMATORS

import ibestimators

ROOT = Path(ibestimators.__file__).parent
PRIMITIVES = {"mlp", "convolution", "recurrence", "message_passing", "attention"}
SHARED = {
    "parameters", "dense", "readout", "structures", "packed", "graphs", "training", "base",
}  # fmt: skip

# What each room may import from this package.
ALLOWED = {
    "parameters": set(),
    "dense": set(),
    "readout": {"dense"},
    "structures": set(),
    "packed": {"structures"},
    "arrays": {"structures"},
    "sequences": {"structures", "packed", "arrays"},
    "graphs": {"structures", "packed", "arrays"},
    "training": {"dense", "structures"},
    "progress": {"training"},
    "base": {
        "parameters",
        "dense",
        "structures",
        "arrays",
        "sequences",
        "graphs",
        "training",
        "progress",
        "persistence",  # to save, at first use
        "exporting",  # likewise
    },
    **dict.fromkeys(PRIMITIVES, SHARED),
    "suite": PRIMITIVES | {"base"},
    "inside": {"base"},
    "feature_maps": {"convolution", "inside", "packed"},
    "hidden_states": {"inside", "packed", "recurrence"},
    "attention_maps": {"attention", "inside", "text"},
    "messages": {"inside", "message_passing"},
    "units": {"ablation", "graphs", "structures"},
    "importance": {"comparison", "text", "units"},
    "persistence": {"base", "suite"},
    "exporting": {"base", "inside", "persistence"},
    "training_curves": {"base", "inside"},
    "unrolled": {"convolution", "inside", "mlp", "readout"},
    "statistics": set(),
    "equal_terms": set(),
    "stacked": {"base", "dense", "structures", "training"},
    "comparison": {"stacked", "suite", "displays", "report", "statistics", "equal_terms"},
    "report": {"comparison", "learning_curves", "ablation", "structures"},
    "displays": {"comparison"},
    "parameter_scaling": {"comparison", "learning_curves"},
    "racing": {"comparison"},
    "learning_curves": {"comparison", "statistics"},
    "ablation": {"comparison", "graphs", "statistics", "structures"},
    "text": {"base", "parameters"},
    "readers": set(),
    "datasets": {"readers"},
    "cli": {"comparison", "suite", "datasets", "readers", "structures"},
    "__main__": {"cli"},
}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return found


@pytest.mark.parametrize("room", sorted(p.stem for p in ROOT.glob("*.py") if p.stem != "__init__"))
def test_imports_go_one_way(room):
    inner = {
        name.split(".")[1]
        for name in imports(ROOT / f"{room}.py")
        if name.startswith("ibestimators.")
    }
    assert inner <= ALLOWED[room]


def test_one_file_knows_skorch():
    knowing = {p.stem for p in ROOT.glob("*.py") if any("skorch" in i for i in imports(p))}
    assert knowing == {"training"}


def test_the_table_of_contents_is_complete():
    assert set(ibestimators.__all__) == set(ibestimators._HOME)
    for name in ibestimators.__all__:
        assert name in dir(ibestimators)
        assert f"`{name}`" in ibestimators.__doc__
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
