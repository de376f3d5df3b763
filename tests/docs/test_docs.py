"""The documentation tells the truth: its code runs, its names exist, its links lead somewhere."""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import io
import pkgutil
import re
import runpy
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import optional
from joblib import parallel_config
from numpydoc.docscrape import ClassDoc, FunctionDoc
from sklearn.utils.estimator_checks import check_estimator

import ibestimators
from ibestimators import structures

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# Those whose code runs here; the README's and the comparison's train for minutes, in
# test_examples.py.
RUNNING = [
    DOCS / "index.md",
    DOCS / "checks.md",
    *sorted(DOCS.glob("add_*.md")),
    *sorted(DOCS.glob("guide/*.md")),
]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("guide/*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")


def title(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", [p for p in RUNNING if BLOCK.search(p.read_text())], ids=title)
def test_code_runs_and_prints_what_the_page_says(page):
    with as_module() as module:
        for code, expected in BLOCK.findall(page.read_text()):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, str(page), "exec"), vars(module))
            same_words_and_numbers(printed.getvalue(), expected)


@contextlib.contextmanager
def as_module() -> Iterator[types.ModuleType]:
    """A module to run a page in, for classes and pickles of them; no other process has it.

    A kind of X that the page registers is removed.
    """
    module = sys.modules["page"] = types.ModuleType("page")
    kinds = dict(structures.KINDS)
    try:
        with parallel_config(backend="threading"):
            yield module
    finally:
        del sys.modules["page"]
        structures.KINDS.clear()
        structures.KINDS.update(kinds)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_the_added_primitive_passes_the_checks_that_its_page_says():
    code, _ = BLOCK.findall((DOCS / "add_a_primitive.md").read_text())[0]
    with as_module() as module:
        exec(compile(code, "add_a_primitive.md", "exec"), vars(module))
        spectral = module.SpectralClassifier(dtype="float64", batch_size=1000)
        checks = check_estimator(spectral, on_fail=None)
    assert len(checks) >= 50
    failed = {check["check_name"] for check in checks if check["status"] == "failed"}
    assert failed == {"check_classifiers_train"}


def same_words_and_numbers(printed: str, expected: str) -> None:
    """Numbers may differ as much as machines make trained networks differ."""
    words = [" ".join(NUMBER.sub("#", text).split()) for text in (printed, expected)]
    assert words[0] == words[1]
    numbers = [[float(n) for n in NUMBER.findall(text)] for text in (printed, expected)]
    assert numbers[0] == pytest.approx(numbers[1], abs=0.1)


def test_what_a_page_prints_is_compared():
    same_words_and_numbers("score 0.71\n", "score  0.7\n")
    for wrong in ("score 0.9", "loss 0.7", ""):
        with pytest.raises(AssertionError):
            same_words_and_numbers(wrong, "score 0.7")


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_code_imports_what_exists(page):
    for code, _ in BLOCK.findall(page.read_text()):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("ibestimators"):
                home = importlib.import_module(node.module)
                for alias in node.names:
                    assert hasattr(home, alias.name), f"{node.module}.{alias.name}"


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_links_and_paths_exist(page):
    text = page.read_text()
    prose = BLOCK.sub("", text)
    missing = [
        link
        for link in re.findall(r"\]\(([^)\s#]+)", prose)
        if "://" not in link and not (page.parent / link).exists()
    ]
    path = r"\b(?:examples|tests|docs|ibestimators)/[\w./-]+\.(?:py|md|rst|png|svg|html)\b"
    missing += [path for path in re.findall(path, text) if not (ROOT / path).exists()]
    assert not missing


# Packages whose names stay in them.
PACKAGES = ["datasets", "forecasting", "testing"]


def public() -> Iterator[tuple[str, Any]]:
    """Everything public and callable, methods too, by the name that a user calls it."""
    homes = [(name, getattr(ibestimators, name)) for name in ibestimators._HOME]
    for package in PACKAGES:
        home = getattr(ibestimators, package)
        homes += [(f"{package}.{name}", getattr(home, name)) for name in home.__all__]
    for name, value in homes:
        yield name, value
        for method in dir(value) if inspect.isclass(value) else []:
            member = getattr(value, method)
            # Of this package, not scikit-learn's or object's.
            own = inspect.isroutine(member) and getattr(inspect.unwrap(member), "__module__", None)
            if own and own.startswith("ibestimators") and not method.startswith("_"):
                yield f"{name}.{method}", member


def internal() -> Iterator[tuple[str, Any]]:
    """Functions of all modules, public there if not in the package."""
    for info in pkgutil.walk_packages(ibestimators.__path__, "ibestimators."):
        if info.name != "ibestimators.__main__":
            module = importlib.import_module(info.name)
            for name, value in vars(module).items():
                own = inspect.isfunction(value) and value.__module__ == info.name
                if own and not name.startswith("_"):
                    yield f"{info.name.removeprefix('ibestimators.')}.{name}", value


def documented(value: Any) -> dict[str, str]:
    """Parameters and their types, as the docstring has them."""
    if inspect.isclass(value):
        doc = ClassDoc(value, config={"show_class_members": False})
        # What is a result is made by the package: its fields are read, not given.
        entries = doc["Parameters"] or doc["Attributes"]
    else:
        entries = FunctionDoc(value, doc=inspect.getdoc(value) or "")["Parameters"]
    found = {}
    for entry in entries:
        names = [name.strip() for name in entry.name.split(",")]
        kind, comma, default = entry.type.partition("default=")
        # "least, most : int, default=1 and 9" states both.
        each = default.split(" and ") if len(names) > 1 and " and " in default else [default]
        each = each * len(names) if len(each) == 1 else each
        found |= {name: kind + comma + d for name, d in zip(names, each, strict=True)}
    return found


def parameters(value: Any) -> dict[str, inspect.Parameter]:
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    found = inspect.signature(value).parameters
    return {stars.get(p.kind, "") + name: p for name, p in found.items() if name != "self"}


def wrong_defaults(value: Any) -> list[str]:
    """Defaults that the docstring states and the signature has not."""
    found = parameters(value)
    wrong = []
    for name, kind in documented(value).items():
        stated = re.search(r"\bdefault=(.+)$", kind)
        if stated is None or name not in found:
            continue
        default = found[name].default
        try:
            same = ast.literal_eval(stated[1]) == default
        except (SyntaxError, ValueError):
            same = stated[1] == str(default)
        if not same:
            wrong.append(f"{name}: the docstring says {stated[1]}, the signature {default!r}")
    return wrong


PUBLIC = dict(public())


@pytest.mark.parametrize("name", PUBLIC)
def test_every_parameter_is_documented_with_its_default(name):
    value = PUBLIC[name]
    found, said = parameters(value), documented(value)
    if inspect.isclass(value) and not ClassDoc(value)["Parameters"]:
        assert found.keys() <= said.keys()  # properties are attributes too
        return
    assert found.keys() == said.keys()
    assert not wrong_defaults(value)
    # Who reads only the documentation knows what may be left out. An entry without a type
    # says where it is documented ("As in `fit`").
    for name, kind in said.items():
        if kind not in ("", "ignored") and not name.startswith("*"):
            optional = found[name].default is not inspect.Parameter.empty
            assert ("default=" in kind) == optional, name


@pytest.mark.parametrize("name", [name for name, _ in internal()])
def test_defaults_of_internal_functions_are_as_stated(name):
    value = dict(internal())[name]
    assert not wrong_defaults(value)
    assert documented(value).keys() <= parameters(value).keys()


def test_a_wrong_default_is_noticed():
    def f(a, b="x", c=None):
        """Do nothing.

        Parameters
        ----------
        a : int
        b : {"x", "y"}, default="y"
        c : int, default=None
        """

    assert wrong_defaults(f) == ["b: the docstring says \"y\", the signature 'x'"]


def test_every_public_name_is_on_the_api_page():
    page = runpy.run_path(str(DOCS / "api_page.py"))["page"]()
    listed = re.findall(r"^   ([\w.]+)$", page, re.MULTILINE)
    of_packages = {f"{p}.{name}" for p in PACKAGES for name in getattr(ibestimators, p).__all__}
    assert set(listed) == set(ibestimators._HOME) | of_packages
    assert len(listed) == len(set(listed))


def test_a_name_without_a_section_is_an_error(monkeypatch):
    page = runpy.run_path(str(DOCS / "api_page.py"))["page"]
    monkeypatch.setitem(ibestimators._HOME, "biases", "nowhere")
    with pytest.raises(LookupError, match="nowhere"):
        page()


def test_the_guide_names_every_example_of_the_gallery():
    named = runpy.run_path(str(DOCS / "gallery_order.py"))["named"]()
    assert {path.name for path in ROOT.glob("examples/plot_*.py")} <= set(named)


def test_the_chart_is_what_its_script_draws(tmp_path):
    path = tmp_path / "chart.svg"
    runpy.run_path(str(DOCS / "which_bias.py"))["main"](str(path))
    drawn, kept = (len(file.read_text()) for file in (path, DOCS / "which_bias.svg"))
    assert drawn == pytest.approx(kept, rel=0.2)  # to the letter only with one matplotlib


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    optional("sphinx_gallery")
    build = [sys.executable, "-m", "sphinx", "-D", "plot_gallery=0", "-W", "--keep-going", "-q"]
    done = subprocess.run(
        [*build, "-b", "html", "-d", str(tmp_path / "doctrees"), str(DOCS), str(tmp_path / "html")],
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr
    pages = tmp_path / "html"
    api = (pages / "api" / "ibestimators.ConvClassifier.html").read_text()
    assert "kernel_size" in api
    assert "<math" in (pages / "guide" / "convolution.html").read_text()
    # Nothing is fetched when the page is read.
    for page in pages.rglob("*.html"):
        assert not re.search(r'<(?:script|link|img)[^>]+(?:src|href)="https?:', page.read_text())
