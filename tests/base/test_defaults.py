"""What the defaults reach on raw, unscaled data, with no tuning."""

from __future__ import annotations

import pytest
from conftest import optional
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

from ibestimators import ConvClassifier, MLPClassifier, MLPRegressor, RecurrentClassifier, biases


def test_a_default_of_the_primitive_holds_in_the_twins():
    assert RecurrentClassifier().lr == 1e-2
    assert MLPClassifier().weight_decay == MLPRegressor().weight_decay == 3.0
    assert ConvClassifier().weight_decay == 1.0


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
