"""The battery finds estimators that break a promise, and says which check and which kind."""

from __future__ import annotations

import numpy as np
import pytest

from ibestimators import ConvClassifier, MLPClassifier, MLPRegressor
from ibestimators.testing import check_estimator, estimator_checks, parametrize_with_checks
from ibestimators.testing._data import KINDS


class Narrow(ConvClassifier):
    """A subclass as users write them: other defaults, the same promises."""


class ChangesItsInput(MLPClassifier):
    def fit(self, X, y, **kwargs):
        if isinstance(X, np.ndarray) and X.dtype.kind == "f":
            X *= 2
        return super().fit(X, y, **kwargs)


class LooksAtItsNeighbours(MLPClassifier):
    def predict_proba(self, X):
        proba = super().predict_proba(X)
        return (proba + proba.mean(0)) / 2


class ReadsArraysOnly(MLPRegressor):
    def fit(self, X, y, **kwargs):
        if isinstance(X, list):
            raise TypeError("only arrays")
        return super().fit(X, y, **kwargs)


def failed(checks):
    return {(c["check_name"], c["kind"]) for c in checks if c["status"] == "failed"}


@parametrize_with_checks([Narrow(n_filters=(4,))], kinds=["series", "edge_index"])
def test_a_subclass_passes(estimator, check):
    check(estimator)


def test_what_fails_is_named():
    with pytest.raises(AssertionError) as caught:
        check_estimator(ChangesItsInput(), kinds=["table"])
    (note,) = caught.value.__notes__
    assert "check_input_and_parameters_stay_unchanged failed on kind 'table'" in note
    assert "ChangesItsInput()" in note


def test_all_checks_run_where_failures_are_not_raised():
    estimator = LooksAtItsNeighbours(hidden_layer_sizes=(8,))
    checks = check_estimator(estimator, kinds=["series", "ragged"], on_fail=None)
    assert len(checks) == 29
    name = "check_prediction_is_independent_of_the_batch"
    assert failed(checks) == {(name, "series"), (name, "ragged")}
    assert all((c["exception"] is None) == (c["status"] == "passed") for c in checks)


def test_kinds_that_an_estimator_does_not_read_are_left_out():
    kinds = ["table", "images"]
    checks = check_estimator(ReadsArraysOnly(hidden_layer_sizes=(8,)), kinds=kinds)
    assert {check["kind"] for check in checks} == set(kinds)
    assert {check["status"] for check in checks} == {"passed"}


def test_checks_that_do_not_apply_are_not_yielded():
    def names(kinds):
        return {(c.name, c.kind) for c in estimator_checks(MLPClassifier(), kinds=kinds)}

    everywhere = names(None)
    of_lists = {kind for name, kind in everywhere if name == "check_object_array"}
    assert of_lists == {kind for kind, make in KINDS.items() if isinstance(make(), list)}
    alone = names(["tokens"])  # there is no other kind to fit before
    assert {("check_refit_forgets_the_last_fit", "tokens")} == everywhere - alone - {
        case for case in everywhere if case[1] != "tokens"
    }


def test_clear_errors():
    with pytest.raises(TypeError, match=r"the class MLPClassifier\. Pass MLPClassifier\(\)"):
        check_estimator(MLPClassifier)
    with pytest.raises(ValueError, match=r"kinds has \['text'\], but must be among"):
        check_estimator(MLPClassifier(), kinds=["text"])
    with pytest.raises(ValueError, match="on_fail='warn'"):
        check_estimator(MLPClassifier(), on_fail="warn")
