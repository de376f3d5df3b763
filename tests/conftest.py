"""What several files of tests share, and the number of checks that the batteries ran."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris

settings.register_profile("ordinary", deadline=None, max_examples=30)
settings.load_profile("ordinary")

ESTIMATORS = [
    f"{primitive}{kind}"
    for primitive in ("MLP", "Conv", "Recurrent", "Graph", "Attention")
    for kind in ("Classifier", "Regressor")
]

IRIS = load_iris(return_X_y=True)
for _shared in IRIS:
    _shared.flags.writeable = False


class FailsOnFirstSample(ClassifierMixin, BaseEstimator):
    """Its fit raises an error in the folds that train on the first sample of iris."""

    def __init__(self, message: str = "no luck") -> None:
        self.message = message

    def fit(self, X: Any, y: Any) -> FailsOnFirstSample:
        self.classes_ = np.unique(y)
        if (IRIS[0][0] == X).all(1).any():
            raise RuntimeError(self.message)
        return self

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X), dtype=int)


def pairwise(first: Sequence[Any], second: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Pairs in which every value of both occurs, as few as there can be."""
    n_pairs = max(len(first), len(second))
    return [(first[i % len(first)], second[i % len(second)]) for i in range(n_pairs)]


# The extra of this project that installs what a test imports, where it is not "interop".
EXTRAS = {"onnxruntime": "onnx", "sphinx_gallery": "docs"}


def optional(module: str) -> Any:
    """The module, or a skip that names the extra which installs it."""
    extra = EXTRAS.get(module, "interop")
    return pytest.importorskip(module, reason=f'{module}: pip install ".[{extra}]"')


@pytest.fixture(params=["pandas", "polars"])
def frame(request: pytest.FixtureRequest) -> Any:
    """The class of a data frame."""
    return optional(request.param).DataFrame


def textures(n: int = 160, steps: int = 40) -> tuple[Any, Any]:
    """Noise in which neighbours are similar or opposite by class: only locality tells."""
    y = np.arange(n) % 2
    noise = np.random.default_rng(0).normal(size=(n, steps + 1))
    X = noise[:, 1:] + (2 * y - 1)[:, np.newaxis] * noise[:, :-1]
    return X[..., np.newaxis], y


BATTERIES = {
    "test_sklearn_check[": "scikit-learn's checks passed",
    "test_battery[": "own checks passed, over all kinds of X",
}
_passed: dict[str, Counter[str]] = {battery: Counter() for battery in BATTERIES}


def pytest_configure(config: pytest.Config) -> None:
    # Each worker has one core: more threads would mostly wait for one another.
    if getattr(config.option, "numprocesses", None):
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    for battery, passed in _passed.items():
        if report.when == "call" and report.passed and battery in report.nodeid:
            passed[re.split(r"[-(\]]", report.nodeid.split("[")[1])[0]] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for battery, title in BATTERIES.items():
        if _passed[battery]:
            terminalreporter.section(title)
        for name, count in sorted(_passed[battery].items()):
            terminalreporter.line(f"{name:22} {count}")
