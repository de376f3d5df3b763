"""The battery of `ibestimators.testing` on all ten estimators and every kind of X."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import ESTIMATORS

import ibestimators
from ibestimators.testing import estimator_checks
from ibestimators.testing._check_estimator import EstimatorCheck
from ibestimators.testing._data import KINDS

# How an estimator passes these depends on the bias and on the kind of X together: every bias runs
# them on every kind, as classifier or as regressor in turn. The others run on one kind for each
# estimator, another one for each check, so that every estimator and every kind meets every check.
ON_EVERY_KIND = {
    "check_learns_an_easy_signal",
    "check_prediction_is_independent_of_the_batch",
    "check_wrong_kind_is_named",
    "check_zero_weight_equals_removal",
}


ON_EVERY_KIND_AT_POSITIONS = {"check_prediction_is_independent_of_the_batch"}


def cases(on_every_kind: set[str]) -> list[Any]:
    checks: dict[str, list[EstimatorCheck]] = {}
    for check in estimator_checks(ibestimators.MLPClassifier()):
        checks.setdefault(check.name, []).append(check)
    found = []
    for shift, (name, on_kinds) in enumerate(checks.items()):
        for i, estimator in enumerate(ESTIMATORS):
            one = on_kinds[(i + shift) % len(on_kinds)]
            in_turn = [check for j, check in enumerate(on_kinds) if (i // 2 + i + j) % 2]
            for check in in_turn if name in on_every_kind else [one]:
                found.append(pytest.param(estimator, check, id=f"{estimator}-{check.kind}-{name}"))
    return found


@pytest.mark.parametrize(("name", "check"), cases(ON_EVERY_KIND))
def test_battery(name: str, check: EstimatorCheck) -> None:
    check(getattr(ibestimators, name)())


@pytest.mark.parametrize(("name", "check"), cases(ON_EVERY_KIND_AT_POSITIONS))
def test_battery_at_positions(name: str, check: EstimatorCheck) -> None:
    check(getattr(ibestimators, name)(target="position"))


def test_every_check_runs_on_every_estimator_and_every_kind() -> None:
    ran = [case.values for case in cases(ON_EVERY_KIND)]
    for check in estimator_checks(ibestimators.MLPClassifier()):
        names = {name for name, other in ran if other.name == check.name}
        assert names == set(ESTIMATORS)
        assert any((other.name, other.kind) == (check.name, check.kind) for _, other in ran)


def test_a_check_that_does_nothing_for_a_kind_is_not_counted() -> None:
    checks = list(estimator_checks(ibestimators.MLPClassifier()))
    assert len(checks) == 15 * len(KINDS) - 4  # arrays are not lists that an object array holds
    assert len(set(checks)) == len(checks)
