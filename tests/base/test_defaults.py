"""What the defaults reach on raw, unscaled data, with no tuning."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import optional
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

import ibestimators
from ibestimators import ConvClassifier, MLPClassifier, MLPRegressor, biases
from ibestimators.structures import structure_of


@pytest.mark.parametrize("bias", ["MLP", "Conv", "Recurrent", "Graph", "Attention"])
def test_the_twins_have_the_same_defaults(bias):
    classifier, regressor = (
        getattr(ibestimators, f"{bias}{task}")() for task in ("Classifier", "Regressor")
    )
    params = classifier.get_params()
    assert params.pop("class_weight") is None
    assert params == regressor.get_params()
    assert {params[name] for name in ("lr", "weight_decay", "max_epochs", "batch_size")} == {"auto"}
    for X in (np.zeros((3, 4)), [np.array([0, 1]), np.array([2])]):
        layout = structure_of(X).learn(X, None, classifier).layout
        assert classifier._auto(layout) == regressor._auto(layout)
        assert classifier._budget_rule(layout) == regressor._budget_rule(layout)


@pytest.mark.slow
def test_convolution_reads_digits():
    X, y = load_digits(return_X_y=True)
    cv = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_val_score(
        ConvClassifier(random_state=0), X.reshape(-1, 8, 8, 1), y, cv=cv, n_jobs=2
    )
    assert scores.mean() >= 0.98


def test_the_mlp_on_breast_cancer():
    X, y = load_breast_cancer(return_X_y=True)
    cv = StratifiedKFold(5, shuffle=True, random_state=0)
    assert cross_val_score(MLPClassifier(random_state=0), X, y, cv=cv).mean() >= 0.96


def test_the_mlp_on_diabetes():
    X, y = load_diabetes(return_X_y=True)
    cv = KFold(5, shuffle=True, random_state=0)
    assert cross_val_score(MLPRegressor(random_state=0), X, y, cv=cv).mean() >= 0.45


@pytest.mark.slow
def test_convolution_on_leaf_outlines():
    datasets = optional("sktime.datasets")
    (X, y), (X_test, y_test) = (
        datasets.load_osuleaf(split=split, return_type="numpy3D") for split in ("train", "test")
    )
    fitted = ConvClassifier(channels_first=True, random_state=0).fit(X, y)
    assert fitted.score(X_test, y_test) >= 0.93


@pytest.mark.slow
def test_five_biases_beat_chance_on_raw_images():
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 8, 8, 1)
    for name, estimator in biases("classification", random_state=0).items():
        assert estimator.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.7, name
