"""Untrained networks and a brief training rank biases."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from ibestimators import (
    AttentionClassifier,
    ConvClassifier,
    GraphClassifier,
    MLPClassifier,
    MLPRegressor,
    RecurrentClassifier,
    screen_biases,
)
from ibestimators.datasets import load_mnist1d
from ibestimators.screening._record import (
    expected_gains,
    score_of_guesses,
    weights_of,
)
from ibestimators.symmetries import best_process, feature_kernel
from ibestimators.untrained import UntrainedNetworks

X, y = load_mnist1d(return_X_y=True)
X, y = X[:120], y[:120]
CLASSIFIERS = [
    MLPClassifier,
    ConvClassifier,
    RecurrentClassifier,
    GraphClassifier,
    AttentionClassifier,
]


def features_of(estimator, labels, n_features):
    """Features of untrained networks for the first 40 samples."""
    random = np.random.RandomState(0)
    return UntrainedNetworks(estimator, X[:40], labels, n_features, random).features(X[:40])


@pytest.mark.parametrize("make", CLASSIFIERS)
def test_features_are_standardised_and_know_no_answers(make):
    features = features_of(make(), y[:40], 30)
    assert features.shape[0] == 40
    assert features.shape[1] >= 30
    np.testing.assert_allclose(features.mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(features.std(0), 1)
    others = np.roll(y[:40], 1)
    again = features_of(make(), others, 30)
    np.testing.assert_allclose(features, again, atol=1e-3)


def test_moments_of_the_normalisation_are_those_of_the_samples():
    def features(scale):
        model = ConvClassifier(standardize=False)
        random = np.random.RandomState(0)
        return UntrainedNetworks(model, scale * X[:40], y[:40], 30, random).features(scale * X[:40])

    np.testing.assert_allclose(features(1.0), features(100.0), atol=0.02)


def test_more_features_are_those_of_other_networks():
    few = features_of(MLPClassifier(), y[:40], 1)
    many = features_of(MLPClassifier(), y[:40], few.shape[1] + 1)
    assert many.shape[1] > few.shape[1]
    np.testing.assert_allclose(many[:, : few.shape[1]], few)
    assert not np.allclose(many[:, -few.shape[1] :], few)


def test_shared_weights_are_the_better_prior_of_shifted_patterns():
    pair = {"MLP": MLPClassifier(), "Conv": ConvClassifier()}
    result = screen_biases(X, y, pair, random_state=0)
    frame = result.to_frame()
    assert list(frame.index) == ["Conv", "MLP"]
    assert frame.loc["Conv", "log_density"] > frame.loc["MLP", "log_density"] + 0.03
    assert frame.loc["Conv", "score"] > frame.loc["MLP", "score"]
    assert "First guess: Conv." in result.verdict()
    again = screen_biases(X, y, pair, random_state=0).to_frame()
    np.testing.assert_allclose(frame["log_density"], again["log_density"], atol=1e-6)


def test_samples_with_nothing_in_common_do_not_tell_each_other():
    features = 10 * (np.eye(100) - 1 / 100)  # orthogonal but for their mean
    answers = np.where(np.arange(100) % 2, 1.0, -1.0)[:, np.newaxis]
    assert np.abs(best_process(feature_kernel(features), answers).mean).max() < 0.1
    without = best_process(feature_kernel(features) - 1, answers).mean
    assert ((without > 0) == (answers > 0)).all()  # they sum to 0


def test_graphs_tokens_and_numbers_are_read():
    random = np.random.default_rng(0)
    sizes = random.integers(4, 9, 40)
    graphs = [nx.cycle_graph(n) if i % 2 else nx.star_graph(n) for i, n in enumerate(sizes)]
    frame = screen_biases(graphs, np.arange(40) % 2, {"G": GraphClassifier()}, random_state=0)
    assert frame.to_frame().loc["G", "score"] > 0.9
    tokens = [random.integers(0, 5, n) for n in sizes]
    texts = screen_biases(tokens, np.arange(40) % 2, {"C": ConvClassifier()}, random_state=0)
    assert texts.n_samples == 40
    table = random.normal(size=(150, 3))
    linear = screen_biases(table, table.sum(1), {"M": MLPRegressor()}, random_state=0)
    assert linear.to_frame().loc["M", "score"] > 0.9
    assert linear.task == "regression"


def test_errors():
    with pytest.raises(TypeError, match="is a LogisticRegression, but screening needs"):
        screen_biases(X, y, {"linear": LogisticRegression()})
    with pytest.raises(ValueError, match="estimators is empty"):
        screen_biases(X, y, {})
    with pytest.raises(ValueError, match="at least 20"):
        screen_biases(X[:10], y[:10])
    with pytest.raises(ValueError, match="max_samples must be an int of at least 20"):
        screen_biases(X, y, max_samples=2)
    with pytest.raises(ValueError, match="max_epochs must be an int of at least 0"):
        screen_biases(X, y, max_epochs=-1)
    with pytest.raises(TypeError, match="cv must be a splitter"):
        screen_biases(X, y, cv=3)
    with pytest.raises(ValueError, match="y is None"):
        screen_biases(X, None)
    with pytest.raises(ValueError, match="one value only"):
        screen_biases(X, np.ones(len(X)))
    with pytest.raises(ValueError, match="cannot tell them apart"):
        screen_biases(np.ones((30, 4)), np.arange(30) % 2, {"MLP": MLPClassifier()})


def test_the_expected_gain_is_a_weighted_sum_of_its_sources():
    models = {"MLP": MLPClassifier(), "Conv": ConvClassifier(), "Graph": GraphClassifier()}
    frame = screen_biases(X, y, models, random_state=0).to_frame()
    sources = frame[["log_density", "short_score"]]
    weights = weights_of(sources.columns)
    np.testing.assert_allclose(frame["gain"], (sources - sources.mean()) @ weights, atol=1e-9)
    assert (weights >= 0).all()
    assert frame["gain"].mean() == pytest.approx(0, abs=1e-9)
    assert frame["gain"].is_monotonic_decreasing
    assert (frame["seconds"] > 0).all()
    quick = screen_biases(X, y, models, max_epochs=0, random_state=0).to_frame()
    assert quick["short_score"].isna().all()
    assert quick["gain"].is_monotonic_decreasing
    np.testing.assert_allclose(quick["log_density"], frame["log_density"][quick.index], atol=1e-6)


def test_only_differences_count_and_no_score_below_0():
    frame = pd.DataFrame(
        {"log_density": [-1.0, -2.0], "short_score": [-3.0, 0.5]}, index=["a", "b"]
    )
    gains = expected_gains(frame)
    np.testing.assert_allclose(gains, expected_gains(frame.assign(log_density=[5.0, 4.0])))
    np.testing.assert_allclose(gains, expected_gains(frame.assign(short_score=[-9.0, 0.5])))
    without = expected_gains(frame.assign(short_score=np.nan))
    assert without["a"] > 0 > without["b"]


def test_a_training_of_a_few_epochs_sees_features_that_are_learned():
    random = np.random.default_rng(0)
    table = random.normal(size=(200, 4))
    classes = (table[:, 0] * table[:, 1] > 0).astype(int)
    frame = screen_biases(table, classes, {"MLP": MLPClassifier()}, max_epochs=60, random_state=0)
    assert frame.to_frame().loc["MLP", "short_score"] > 0.8


def test_the_record_says_how_good_guesses_were():
    for sources in (["log_density"], ["log_density", "short_score"]):
        known = score_of_guesses(sources)
        assert known.n_near <= known.n_sets
        assert known.regret < 0.1 > known.error
