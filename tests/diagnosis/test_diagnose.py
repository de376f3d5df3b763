"""Facts that are known of the data are found, and decide what is suggested."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.dummy import DummyRegressor

from ibestimators import (
    AttentionClassifier,
    AttentionRegressor,
    ConvClassifier,
    MLPClassifier,
    MLPRegressor,
    Pair,
    RecurrentRegressor,
    compare_biases,
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
    assert result.verdict().count("say nothing about the answers") == 1
    assert named(result) == {"labels near noise": result.symmetries.knowledge}
    assert abs(result.symmetries.knowledge) < 2 * result.symmetries.knowledge_error + 0.005
    assert "nats a sample (standard error" in result.findings[0].sentence


def test_an_order_that_the_answer_does_not_need_is_found():
    result = diagnose(NOISE, NOISE.sum(1), random_state=0)
    assert list(named(result)) == ["order unused"]
    assert "does not need the order" in result.verdict()
    X, y = load_mnist1d(return_X_y=True)
    assert named(diagnose(X[:150], y[:150], random_state=0)) == {}


def test_copies_are_counted():
    X = pd.DataFrame(np.vstack([NOISE, NOISE[:3]]))
    y = [*LABELS, *LABELS[:2], 1 - LABELS[2]]
    found = named(diagnose(X, y, random_state=0))
    assert found.pop("labels near noise") < 0.1
    assert found == {"duplicates": 3, "contradicting duplicates": 1}


def test_rare_classes_and_groups_are_named():
    y = [*LABELS[:58], 2, 2]
    result = diagnose(NOISE, y, groups=np.repeat(np.arange(30), 2), random_state=0)
    assert list(named(result)) == ["rare classes", "labels near noise", "groups"]
    assert named(result)["groups"] == 30
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
    assert result.symmetries.kind == kind
    assert is_classifier(result.suggest_estimator())
    assert "The size of a sample alone" in repr(result)


def test_sizes_that_do_not_predict_are_not_named():
    X = [random.normal(size=(n, 1)) for n in random.integers(3, 9, 80)]
    result = diagnose(X, random.normal(size=80), random_state=0)
    assert list(named(result)) == ["labels near noise"]
    assert isinstance(result.suggest_estimator(), RecurrentRegressor)


def test_pairs_have_no_symmetries_that_are_measured():
    X = [Pair(random.normal(size=(2, 1)), random.normal(size=(3, 1))) for _ in range(30)]
    result = diagnose(X, np.arange(30) % 2, random_state=0)
    assert result.symmetries is None
    assert "Symmetries of pairs are not measured" in result.verdict()
    assert isinstance(result.suggest_estimator(), AttentionClassifier)
    with pytest.raises(ValueError, match="nothing to draw"):
        result.plot()


@pytest.mark.parametrize(
    ("X", "groups", "why"),
    [
        (NOISE[:12], None, "at least 20 samples, but there are 12"),
        (NOISE[:60], np.repeat(np.arange(12), 5), "at least 20 groups, but there are 12"),
        (NOISE[:60, :1], None, "one position"),
    ],
)
def test_without_symmetries_the_other_findings_remain(X, groups, why):
    X = np.r_[X[:1], X[:-1]]  # a copy
    result = diagnose(X, np.arange(len(X)) % 2, groups=groups, random_state=0)
    assert result.symmetries is None
    assert why in result.verdict()
    assert named(result)["duplicates"] >= 1
    assert "used for symmetries" not in result.verdict()
    assert isinstance(result.suggest_estimator(), MLPClassifier)


@pytest.mark.parametrize(
    ("error", "message", "X", "y"),
    [
        (ValueError, "non-numeric columns", pd.DataFrame({"a": ["x", "y"] * 6, "b": 1.0}), None),
        (ValueError, "non-numeric columns", pd.DataFrame({"t": ["one text", "two"] * 30}), None),
        (ValueError, "X contains NaN, but diagnose needs", np.full((12, 3), np.nan), None),
        (ValueError, "Expected 2D array", np.arange(12.0), None),
        (TypeError, "[Ss]parse", sparse.csr_array(NOISE[:12]), None),
        (ValueError, "one value only", NOISE[:12], np.ones(12)),
        (ValueError, "y holds dates", NOISE, pd.Series(pd.date_range("2020", periods=60))),
        (ValueError, "y holds dates", NOISE, list(pd.date_range("2020", periods=60))),
        (ValueError, "y holds dates", NOISE, pd.Series(pd.to_timedelta(range(60), unit="D"))),
    ],
)
def test_what_cannot_be_fitted_is_refused_however_few_samples_there_are(error, message, X, y):
    with pytest.raises(error, match=message):
        diagnose(X, np.arange(X.shape[0]) % 2 if y is None else y)


def test_three_sequences_are_few():
    X = [random.normal(size=(n, 1)) for n in (3, 4, 5)]
    assert list(named(diagnose(X, [0.1, 0.2, 0.3]))) == ["no symmetries"]


def test_sizes_that_predict_are_left_to_positions():
    sizes = np.random.default_rng(1).integers(3, 9, 100)
    X = [np.random.default_rng(i).normal(size=(n, 2)) for i, n in enumerate(sizes)]
    result = diagnose(X, np.where(sizes > 5, "long", "short"), random_state=0)
    assert "size alone" in named(result)
    assert "mean" not in repr(result.suggest_estimator())


def test_many_rare_classes_are_counted():
    classes = ["common"] * 45 + [str(i) for i in range(15)]
    result = diagnose(NOISE, classes, random_state=0)
    (found,) = [f.sentence for f in result.findings if f.name == "rare classes"]
    assert found.endswith("folds: 0, 1, 10, 11, 12, 13, 14, 2, 3, 4, and 5 others.")


def test_counts_are_numbers_if_the_task_says_so():
    counts = np.arange(60) % 4
    classes, numbers = (
        diagnose(NOISE, counts, task=task, random_state=0) for task in (None, "regression")
    )
    assert is_classifier(classes.suggest_estimator())
    assert isinstance(numbers.suggest_estimator(), MLPRegressor)
    pair = {"MLP": MLPRegressor(max_epochs=1), "dummy": DummyRegressor()}
    result = compare_biases(NOISE, counts, pair, diagnose=True, random_state=0)
    assert result.diagnosis.task == "regression"


def test_less_time_takes_fewer_samples():
    X, y = random.normal(size=(200, 8)), np.arange(200) % 2
    few = diagnose(X, y, random_state=0, time_limit=1e-6)
    assert few.symmetries.n_samples == 60
    assert diagnose(X, y, random_state=0, time_limit=1e6).symmetries.n_samples == 200


def test_errors():
    with pytest.raises(ValueError, match="time_limit must be a positive number of seconds, got 0"):
        diagnose(NOISE, LABELS, time_limit=0)
    with pytest.raises(ValueError, match="task must be 'classification', 'regression' or None"):
        diagnose(NOISE, LABELS, task="ranking")
    with pytest.raises(ValueError, match="y is None"):
        diagnose(NOISE, None)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        diagnose(NOISE, LABELS, groups=[1, 2])
    with pytest.raises(TypeError, match="[Ss]parse"):
        diagnose(sparse.csr_array(NOISE), LABELS)
    with pytest.raises(ValueError, match="non-numeric columns"):
        diagnose(pd.DataFrame({"a": ["x"] * 60, "b": LABELS}), LABELS)
