"""Counts of the checks that whole batteries ran, printed at the end of a run."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import settings

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")

ESTIMATORS = [
    f"{primitive}{kind}"
    for primitive in ("MLP", "Conv", "Recurrent", "Graph", "Attention")
    for kind in ("Classifier", "Regressor")
]

_passed: Counter[str] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed and "test_sklearn_check[" in report.nodeid:
        _passed[report.nodeid.split("[")[1].split("(")[0]] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _passed:
        terminalreporter.section("scikit-learn checks passed")
        for name, count in _passed.items():
            terminalreporter.line(f"{name:22} {count}")
