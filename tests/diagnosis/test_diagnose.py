"""Facts that are known of the data are found, and decide what is suggested."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_classifier

from ibestimators import (
    AttentionRegressor,
    ConvClassifier,
    GraphClassifier,
    MLPClassifier,
    RecurrentRegressor,
    diagnose,
)
from ibestimators.datasets import load_mnist1d

random = np.random.default_rng(0)
NOISE, LABELS = random.normal(size=(60, 8)), np.arange(60) % 2


def named(result):
    return {finding.name: finding.value for finding in result.findings}


def test_shifts_suggest_a_convolution_with_the_mean_over_positions():
    X, y = load_mnist1d(return_X_y=True)
    result = diagnose(X[:200], y[:200], random_state=0)
    suggested = result.suggest_estimator(max_epochs=1)
    assert isinstance(suggested, ConvClassifier)
    assert suggested.readout == "mean"
    assert suggested.max_epochs == 1
    assert suggested.fit(X[:50], y[:50]).predict(X[:3]).shape == (3,)
    assert "ConvClassifier(readout='mean')" in result.verdict()
    assert result.plot().figure_ is not None


def test_sets_suggest_attention_without_positions():
    X = np.random.default_rng(0).normal(size=(150, 8))
    suggested = diagnose(X, X.max(1), random_state=0).suggest_estimator()
    assert isinstance(suggested, AttentionRegressor)
    assert suggested.position == "none"


def test_noise_suggests_dense_layers():
    result = diagnose(NOISE, LABELS, random_state=0)
    assert isinstance(result.suggest_estimator(), MLPClassifier)
    assert "say nothing about the answers" in result.verdict()
    assert result.findings == ()


def test_copies_are_counted():
    X = pd.DataFrame(np.vstack([NOISE, NOISE[:3]]))
    y = [*LABELS, *LABELS[:2], 1 - LABELS[2]]
    found = named(diagnose(X, y, random_state=0))
    assert found == {"duplicates": 3, "contradicting duplicates": 1}


def test_rare_classes_and_groups_are_named():
    y = [*LABELS[:58], 2, 2]
    result = diagnose(NOISE, y, groups=np.repeat(np.arange(30), 2), random_state=0)
    assert named(result) == {"rare classes": 1, "groups": 30}
    assert "too few samples for 5 folds: 2." in result.verdict()
    assert result.symmetries.n_samples == 30


@pytest.mark.parametrize("kind", ["sequences", "tokens", "graphs"])
def test_sizes_that_predict_are_found(kind):
    make = {
        "sequences": lambda n: np.ones((n, 1)),
        "tokens": lambda n: np.arange(n),
        "graphs": nx.path_graph,
    }[kind]
    sizes = random.integers(3, 9, 80)
    result = diagnose([make(n) for n in sizes], sizes > 5, random_state=0)
    assert named(result)["size alone"] == 1
    assert result.symmetries is None
    assert is_classifier(result.suggest_estimator())
    assert isinstance(result.suggest_estimator(), GraphClassifier) == (kind == "graphs")
    with pytest.raises(ValueError, match="nothing to draw"):
        result.plot()
    assert "size alone" in repr(result)


def test_sizes_that_do_not_predict_are_not_named():
    X = [random.normal(size=(n, 1)) for n in random.integers(3, 9, 80)]
    result = diagnose(X, random.normal(size=80), random_state=0)
    assert named(result) == {}
    assert isinstance(result.suggest_estimator(), RecurrentRegressor)


def test_less_time_takes_fewer_samples():
    X, y = random.normal(size=(200, 8)), np.arange(200) % 2
    few = diagnose(X, y, random_state=0, time_limit=1e-6)
    assert few.symmetries.n_samples == 60
    assert diagnose(X, y, random_state=0, time_limit=1e6).symmetries.n_samples == 200


def test_errors():
    with pytest.raises(ValueError, match="time_limit must be a positive number of seconds, got 0"):
        diagnose(NOISE, LABELS, time_limit=0)
    with pytest.raises(ValueError, match="y is None"):
        diagnose(NOISE, None)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        diagnose(NOISE, LABELS, groups=[1, 2])
    with pytest.raises(ValueError, match="non-numeric columns"):
        diagnose(pd.DataFrame({"a": ["x"] * 60, "b": LABELS}), LABELS)
