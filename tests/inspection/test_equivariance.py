"""Distances from invariance."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from conftest import textures
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ibestimators import ConvClassifier, GraphClassifier, MLPClassifier
from ibestimators.inspection import equivariance_error
from ibestimators.testing import _data as kinds

TRANSFORMS = ["shift", "reflection", "permutation", "rotation", "time_reversal", "rescaling"]


@pytest.mark.parametrize(
    "kind", ["table", "series", "square images", "volumes", "ragged", "tokens"]
)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_sums_are_invariant_to_every_order(kind, transform):
    X = kinds.array(4, 4, 1) if kind == "square images" else kinds.KINDS[kind]()
    if not makes_sense(transform, kind):
        with pytest.raises(ValueError, match=f"transform='{transform}' does not apply to"):
            equivariance_error(DummyClassifier(), X, transform)
        return
    total = FunctionTransformer(lambda X: np.array([[np.sum(x)] for x in X]))
    model = make_pipeline(total, LinearRegression()).fit(X, kinds.targets("regressor"))
    error = equivariance_error(model, X, transform, random_state=0)
    if transform == "rescaling":
        assert error > 0.1
    else:
        assert error == pytest.approx(0, abs=1e-9)
    constant = DummyClassifier().fit(X, kinds.targets("classifier"))
    assert equivariance_error(constant, X, transform) == 0.0


def makes_sense(transform, kind):
    return {
        "rotation": kind == "square images",
        "time_reversal": kind not in ("square images", "volumes"),
        "rescaling": kind != "tokens",
    }.get(transform, True)


@pytest.mark.parametrize("transform", ["shift", "reflection", "permutation", "time_reversal"])
def test_an_mlp_is_not_invariant(transform):
    X, y = textures(60)
    net = MLPClassifier(max_epochs=5, random_state=0).fit(X, y)
    before = X.copy()
    error = equivariance_error(net, X, transform, random_state=0)
    assert error > 0.1
    assert error == equivariance_error(net, X, transform, random_state=0)
    np.testing.assert_array_equal(X, before)


def test_before_training_a_convolution_is_nearer_to_shift_invariance_than_an_mlp():
    X, y = textures(40)
    X *= np.linspace(0.2, 3, 40)[:, np.newaxis, np.newaxis]  # samples differ by more than a shift
    untrained = {"max_epochs": 1, "lr": 1e-12, "random_state": 0}
    conv, mlp = (make(**untrained).fit(X, y) for make in (ConvClassifier, MLPClassifier))
    assert equivariance_error(conv, X, "shift", 0) < equivariance_error(mlp, X, "shift", 0) / 2


@pytest.mark.parametrize("kind", ["networkx", "adjacency", "edge_index"])
def test_message_passing_does_not_see_the_order_of_nodes(kind):
    X = kinds.KINDS[kind]()
    net = GraphClassifier(max_epochs=2, dtype="float64", random_state=0)
    net.fit(X, kinds.targets("classifier"))
    assert equivariance_error(net, X, "permutation", 0) == pytest.approx(0, abs=1e-9)
    order_matters = ConvClassifier(max_epochs=2, random_state=0).fit(X, kinds.targets("classifier"))
    assert equivariance_error(order_matters, X, "permutation", 0) > 1e-3
    with pytest.raises(ValueError, match="'shift' does not apply to a list of graphs"):
        equivariance_error(net, X, "shift")


def test_the_error_is_a_ratio_of_distances():
    X = np.array([[0.0], [1.0]])
    line = LinearRegression().fit(X, [0.0, 2.0])
    assert equivariance_error(line, X, lambda X: X + 0.5) == pytest.approx(0.5)
    assert equivariance_error(line, X, np.flip) == pytest.approx(1)
    two = LinearRegression().fit(X, [[0.0, 0.0], [3.0, 4.0]])
    assert equivariance_error(two, X, "rescaling") == pytest.approx(0.5)


@pytest.mark.parametrize("make", [RidgeClassifier, NearestCentroid, DummyClassifier])
def test_outputs_of_any_kind(make):
    X, y = load_iris(return_X_y=True)
    labels = np.array(["setosa", "versicolor", "virginica"])[y]
    error = equivariance_error(make().fit(X, labels), X, "reflection", random_state=0)
    assert error > 0.1 or make is DummyClassifier


def test_several_outputs_and_frames():
    X, y = load_iris(return_X_y=True, as_frame=True)
    several = DummyClassifier(strategy="uniform", random_state=0).fit(X, np.c_[y, y])
    assert equivariance_error(several, X, np.copy) == 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # names of features are compared
        model = LogisticRegression(max_iter=1000).fit(X, y)
        assert equivariance_error(model, X, "reflection", 0) > 0.1


def test_errors_of_equivariance_error():
    X, y = load_iris(return_X_y=True)
    model = DummyClassifier().fit(X, y)
    with pytest.raises(ValueError, match="transform must be a function or one of.*got 'turn'"):
        equivariance_error(model, X, "turn")
    with pytest.raises(ValueError, match="X has one sample"):
        equivariance_error(model, X[:1], "shift")
    with pytest.raises(ValueError, match=r"shape \(24, 6, 5, 2\), only to square images"):
        equivariance_error(model, kinds.array(6, 5, 2), "rotation")


@pytest.mark.parametrize("transform", [lambda X: X[:1], lambda X: X[:10], lambda X: None])
def test_a_transform_that_loses_samples_is_refused(transform):
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000).fit(X, y)
    with pytest.raises(ValueError, match="must return as many samples as it gets, 150, but"):
        equivariance_error(model, X, transform)
