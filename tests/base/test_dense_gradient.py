"""Truths about explicit gradients: they equal autograd's, and training with them is the same."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from skorch.callbacks import Callback, Freezer

from ibestimators import MLPClassifier, MLPRegressor
from ibestimators.training._dense_gradient import DenseGradient

RNG = np.random.default_rng(0)
SIGNALS = RNG.normal(size=(60, 5, 1))
RAGGED = [RNG.normal(size=(1 + i % 4, 2)) for i in range(60)]
GRAPHS = [nx.path_graph(2 + i % 5) for i in range(60)]
CLASSES, LABELS, NUMBERS = (
    np.arange(60) % 3,
    RNG.integers(2, size=(60, 2)),
    RNG.normal(size=(60, 2)),
)


def trained(est, X, y, explicit, monkeypatch, **fit_params):
    with monkeypatch.context() as patch:
        if not explicit:
            patch.setattr(DenseGradient, "applies", staticmethod(lambda *_: False))
        return est.fit(X, y, **fit_params)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "silu"])
@pytest.mark.parametrize(
    ("estimator", "X", "y"),
    [
        (MLPClassifier, SIGNALS, CLASSES),
        (MLPClassifier, SIGNALS[..., 0], CLASSES),
        (MLPClassifier, SIGNALS, LABELS),
        (MLPRegressor, SIGNALS, NUMBERS),
        (MLPRegressor, SIGNALS, NUMBERS[:, 0]),
        (MLPClassifier, RAGGED, CLASSES),
        (MLPClassifier, GRAPHS, CLASSES),
    ],
    ids=["classes", "table", "labels", "numbers", "number", "sequences", "graphs"],
)
def test_training_equals_that_by_autograd(estimator, X, y, activation, weighted, monkeypatch):
    weight = {"sample_weight": RNG.random(60) + 0.5} if weighted else {}
    est, reference = (
        trained(
            estimator(
                hidden_layer_sizes=(7, 6),
                activation=activation,
                dtype="float64",
                max_epochs=3,
                random_state=0,
            ),
            *(X, y, explicit, monkeypatch),
            **weight,
        )
        for explicit in (True, False)
    )
    assert_allclose(est.loss_curve_, reference.loss_curve_, rtol=1e-9)
    for weight, expected in zip(
        est.module_.parameters(), reference.module_.parameters(), strict=True
    ):
        torch.testing.assert_close(weight, expected, atol=1e-9, rtol=1e-6)


def runs_explicit(monkeypatch, X=SIGNALS, **params):
    """Whether a fit calls the explicit gradient."""
    calls, call = [], DenseGradient.__call__

    def counted(self, *args):
        calls.append(1)
        return call(self, *args)

    monkeypatch.setattr(DenseGradient, "__call__", counted)
    MLPClassifier(max_epochs=1, random_state=0, **params).fit(X, CLASSES)
    return bool(calls)


def test_it_is_used_where_only_dense_layers_learn(monkeypatch):
    assert runs_explicit(monkeypatch)


@pytest.mark.parametrize(
    "params",
    [
        {"dropout": 0.2},
        {"normalization": "batch"},
        {"normalization": "layer"},
        {"X": [np.arange(1 + i % 3) for i in range(60)]},
    ],
    ids=["dropout", "batch", "layer", "tokens"],
)
def test_it_is_not_used_where_other_layers_learn(params, monkeypatch):
    assert not runs_explicit(monkeypatch, **params)


def test_callbacks_see_and_change_the_gradients(monkeypatch):
    seen = []

    class Halve(Callback):
        def on_grad_computed(self, net, **_):
            seen.append(all(w.grad is not None for w in net.module_.parameters()))
            for weight in net.module_.parameters():
                weight.grad = 0.5 * weight.grad  # another tensor

    settings = {"max_epochs": 2, "dtype": "float64", "random_state": 0, "callbacks": [Halve()]}
    est, reference = (
        trained(MLPClassifier(**settings), SIGNALS, CLASSES, explicit, monkeypatch)
        for explicit in (True, False)
    )
    assert all(seen)
    assert_allclose(est.loss_curve_, reference.loss_curve_, rtol=1e-9)


def test_frozen_weights_stay(monkeypatch):
    frozen = "readout.head.layers.0.weight"
    settings = {"max_epochs": 1, "lr": 1e-12, "random_state": 0}
    start = MLPClassifier(**settings).fit(SIGNALS, CLASSES).module_.get_parameter(frozen)
    settings |= {"lr": 0.1, "callbacks": [Freezer(frozen)]}
    est = MLPClassifier(**settings).fit(SIGNALS, CLASSES)
    torch.testing.assert_close(est.module_.get_parameter(frozen), start)
    assert est.loss_curve_ != []
