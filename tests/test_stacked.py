"""Truths about stacks: what is fitted together is what would have been fitted alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import KFold

from ibestimators import (
    ConvClassifier,
    MLPClassifier,
    MLPRegressor,
    RecurrentClassifier,
    compare_biases,
    stacked,
)
from ibestimators.stacked import can_stack, fit_together, stacking_pays

rng = np.random.default_rng(0)
X = rng.normal(size=(203, 12))
y = (X[:, 0] + X[:, 3] > 0).astype(int) + (X[:, 1] > 1)
SMALL = {"max_epochs": 4, "dtype": "float64"}

CASES = {
    "dense": MLPClassifier(hidden_layer_sizes=(8, 8), **SMALL),
    "batch norm": ConvClassifier(n_filters=(4, 4), **SMALL),
    "layer norm": ConvClassifier(n_filters=(4,), normalization="layer", pooling="max", **SMALL),
    "weights": MLPClassifier(hidden_layer_sizes=(8,), class_weight="balanced", **SMALL),
    "weighted batch norm": ConvClassifier(n_filters=(4,), class_weight="balanced", **SMALL),
    "regression": MLPRegressor(hidden_layer_sizes=(8,), **SMALL),
}


def folds(n_samples=203):
    # 203 samples make folds of 162 and 163: a batch may be one short.
    return [train for train, _ in KFold(5, shuffle=True, random_state=0).split(X[:n_samples])]


def together_and_alone(estimators, rows):
    alone = [clone(est).fit(X[r], y[r]) for est, r in zip(estimators, rows, strict=True)]
    return fit_together([clone(est) for est in estimators], X, y, rows), alone


def outputs(est):
    return est.predict_proba(X) if hasattr(est, "predict_proba") else est.predict(X)


@pytest.mark.parametrize("case", CASES)
def test_a_stack_learns_what_each_would_alone(case, monkeypatch):
    stacks = []
    train = stacked._train

    def counted(nets, works):
        stacks.append(len(nets))
        train(nets, works)

    monkeypatch.setattr(stacked, "_train", counted)
    estimators = [clone(CASES[case]).set_params(random_state=i) for i in range(5)]
    assert can_stack(estimators, X)
    for one, other in zip(*together_and_alone(estimators, folds()), strict=True):
        np.testing.assert_allclose(outputs(one), outputs(other), rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=1e-7)
        assert one.n_iter_ == other.n_iter_ == 4
        np.testing.assert_array_equal(
            one.net_.history[:, "train_batch_count"], other.net_.history[:, "train_batch_count"]
        )
    assert sum(stacks) == 5


def test_rates_and_decays_may_differ():
    base = MLPClassifier(hidden_layer_sizes=(8,), random_state=0, **SMALL)
    settings = [{"lr": 1e-3}, {"lr": 1e-2}, {"weight_decay": 0.0}, {"weight_decay": 10.0}]
    estimators = [clone(base).set_params(**s) for s in settings]
    one, other = together_and_alone(estimators, [np.arange(100)] * 4)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(outputs(a), outputs(b), rtol=1e-7)
    assert not np.allclose(outputs(one[0]), outputs(one[1]))


def test_each_network_stops_early_on_its_own():
    base = MLPClassifier(
        hidden_layer_sizes=(8,), early_stopping=True, n_iter_no_change=2, lr=0.05,
        max_epochs=40, dtype="float64",
    )  # fmt: skip
    estimators = [clone(base).set_params(random_state=i) for i in range(5)]
    one, other = together_and_alone(estimators, folds(200))
    assert len({est.n_iter_ for est in one}) > 1
    for a, b in zip(one, other, strict=True):
        assert a.n_iter_ == b.n_iter_
        np.testing.assert_allclose(a.validation_curve_, b.validation_curve_, rtol=1e-6)
        np.testing.assert_allclose(outputs(a), outputs(b), rtol=1e-6)


def test_networks_are_their_own_afterwards():
    estimators = [clone(CASES["dense"]).set_params(random_state=i) for i in range(2)]
    first, second = fit_together(estimators, X, y, [np.arange(100), np.arange(100, 200)])
    before = outputs(second)
    first.partial_fit(X, y)
    np.testing.assert_array_equal(outputs(second), before)


def test_what_cannot_be_stacked_is_not():
    mlp = MLPClassifier(hidden_layer_sizes=(8,))
    assert stacking_pays(mlp, X, y, 5)
    assert not stacking_pays(mlp, X, y, 1)
    assert not stacking_pays(MLPClassifier(hidden_layer_sizes=(256, 256)), X, y, 5)
    assert not stacking_pays(MLPClassifier(lr=-1), X, y, 5)
    for other in (
        MLPClassifier(dropout=0.1), MLPClassifier(verbose=1), MLPClassifier(warm_start=True),
        RecurrentClassifier(),
    ):  # fmt: skip
        assert not can_stack([other, other], X)
    assert not can_stack([mlp, MLPClassifier(hidden_layer_sizes=(9,))], X)
    assert not can_stack([mlp, ConvClassifier()], X)
    assert not can_stack([mlp, mlp], [X, X[:5]])


def test_a_comparison_is_the_same_with_and_without(monkeypatch):
    candidates = {name: CASES[name] for name in ("dense", "batch norm")}
    settings = {"cv": 4, "n_repeats": 3, "random_state": 0, "scoring": "neg_log_loss"}
    fused = compare_biases(X, y, candidates, **settings).cells
    monkeypatch.setattr(stacked, "_MOST_PARAMETERS", 0)
    alone = compare_biases(X, y, candidates, **settings).cells
    keys = ["estimator", "fold"]
    columns = [*keys, "score", "n_train", "n_test", "n_parameters", "error"]
    fused, alone = (cells.sort_values(keys, ignore_index=True)[columns] for cells in (fused, alone))
    pd.testing.assert_frame_equal(fused, alone, rtol=1e-6)


def test_a_failing_fold_costs_its_own_cell_alone():
    labels = np.zeros(60, int)
    labels[:30] = 1
    rows = [(np.arange(10, 60), np.arange(10)), (np.arange(30, 60), np.arange(30))]
    candidates = {"dense": MLPClassifier(hidden_layer_sizes=(4,), max_epochs=1)}
    cells = compare_biases(X[:60], labels, candidates, cv=rows).cells
    assert cells["error"].isna().tolist() == [True, False]
    assert "at least 2 classes" in cells["error"][1]
