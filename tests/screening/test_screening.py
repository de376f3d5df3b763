"""Untrained networks and a brief training rank biases."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold, LeaveOneOut, PredefinedSplit

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
from ibestimators.screening._screen import mean_over_folds
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


ONE_CLASS = [([*range(15, 30)], [*range(10, 20)]), ([*range(20)], [*range(15, 25)])]


@pytest.mark.parametrize(
    ("error", "message", "wrong"),
    [
        (
            TypeError,
            "is a LogisticRegression, but screening needs",
            {"estimators": {"a": LogisticRegression()}},
        ),
        (ValueError, "at least one estimator by name", {"estimators": {}}),
        (ValueError, "must be a dict", {"estimators": [MLPClassifier()]}),
        (
            ValueError,
            "has classifiers and regressors",
            {"estimators": {"a": MLPClassifier(), "b": MLPRegressor()}},
        ),
        (ValueError, "at least 20", {"X": X[:10], "y": y[:10]}),
        (ValueError, "max_samples must be an int of at least 20", {"max_samples": 2}),
        (ValueError, "max_epochs must be an int of at least 0", {"max_epochs": -1}),
        (ValueError, "Expected .?cv.? as an integer", {"cv": "a"}),
        (TypeError, r"cv is the class KFold. Give an object, such as KFold\(\)", {"cv": KFold}),
        (ValueError, "needs the group of each sample. Give groups=", {"cv": GroupKFold(3)}),
        (
            ValueError,
            "Fold 1 of cv has one class in training, 0",
            {"y": np.arange(120) // 20, "cv": ONE_CLASS},
        ),
        (
            ValueError,
            "Fold 0 of cv tests no class that it trains on",
            {"y": np.arange(120) // 20, "cv": PredefinedSplit(np.arange(120) // 60)},
        ),
        (ValueError, "Fold 0 of cv has 119 training and 1 test samples", {"cv": LeaveOneOut()}),
        (ValueError, "cv has no folds", {"cv": []}),
        (IndexError, "out of bounds", {"cv": [([*range(60)], [60, 120])]}),
        (ValueError, "inconsistent numbers of samples", {"groups": [0, 1], "max_epochs": 0}),
        (ValueError, "y is None", {"y": None}),
        (ValueError, "X has 120 samples, but y has 3", {"y": [0, 1, 1]}),
        (ValueError, "y holds dates", {"y": pd.Series(pd.date_range("2020", periods=120))}),
        (ValueError, "Input y contains NaN", {"y": np.r_[np.nan, np.ones(119)]}),
        (ValueError, "y contains None, 1 times, first at 2", {"y": ["a", "b", None] + ["a"] * 117}),
        (
            ValueError,
            "must hold a column of 0 and 1 for each label",
            {"y": np.c_[np.arange(120) % 3, np.arange(120) % 4]},
        ),
        (
            ValueError,
            "could not convert string",
            {"y": ["a", "b"] * 60, "estimators": {"a": MLPRegressor()}},
        ),
        (ValueError, "one value only", {"y": np.ones(120)}),
        (
            ValueError,
            "cannot tell them apart",
            {"X": np.ones((120, 4)), "estimators": {"a": MLPClassifier()}},
        ),
    ],
)
def test_errors_come_before_the_training(monkeypatch, error, message, wrong):
    monkeypatch.setattr("ibestimators.screening._screen.cross_val_score", None)
    with pytest.raises(error, match=message):
        screen_biases(**{"X": X, "y": y} | wrong)


def test_the_random_state_decides_all():
    pair = {"MLP": MLPClassifier(), "Conv": ConvClassifier()}
    one, same, other = (
        screen_biases(X, y, pair, max_epochs=2, random_state=seed).to_frame() for seed in (0, 0, 1)
    )
    measured = ["log_density", "short_score", "gain"]
    pd.testing.assert_frame_equal(one[measured], same[measured], rtol=1e-4)
    assert not np.allclose(one["short_score"], other.loc[one.index, "short_score"], rtol=1e-3)


def test_folds_are_those_of_all_samples_and_keep_groups_whole(monkeypatch):
    trained = []

    def score(estimator, X, y, cv, **_):
        trained.append(cv[0])
        return np.array([0.5])

    monkeypatch.setattr("ibestimators.screening._screen.cross_val_score", score)
    groups = np.repeat(np.arange(30), 4)
    models = {"MLP": MLPClassifier(), "same": MLPClassifier()}
    screen_biases(X, y, models, groups=groups, random_state=0)
    for train, test in trained:
        assert not {*groups[train]} & {*groups[test]}
    trained.clear()
    thirds = np.arange(120) // 40
    screen_biases(X, y, models, cv=PredefinedSplit(thirds), max_samples=60, random_state=0)
    sizes = [len(test) for _, test in trained]
    assert len(sizes) == 6  # of given folds, none is left out
    assert sum(sizes[::2]) == 60
    trained.clear()
    first = np.arange(120) < 80
    screen_biases(X, y, models, cv=[(first, ~first), (np.arange(-60, 0), np.arange(60))])
    assert [(len(train), len(test)) for train, test in trained[::2]] == [(80, 40), (60, 60)]


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


def test_what_is_far_behind_is_not_trained_in_the_next_fold(monkeypatch):
    scores = {
        MLPClassifier: [0.3, 0.9, 0.9],
        GraphClassifier: [0.79, 0.3, 0.9],
        ConvClassifier: [0.8, 0.8, 0.8],
        AttentionClassifier: [0.8, 0.8, 0.8],
    }
    left = {make: iter(own) for make, own in scores.items()}
    same = dict.fromkeys(["log_density", "error", "evidence", "score", "seconds"], 0.0)
    monkeypatch.setattr("ibestimators.screening._screen._screened", lambda *_: same)
    monkeypatch.setattr(
        "ibestimators.screening._screen._short_score", lambda short, *_: next(left[type(short)])
    )
    frame = screen_biases(X, y, {make.__name__: make() for make in scores}, random_state=0)
    expected = {
        "ConvClassifier": 3,
        "AttentionClassifier": 3,
        "GraphClassifier": 2,
        "MLPClassifier": 1,
    }
    assert frame.to_frame()["n_folds"].to_dict() == expected
    assert "A brief training in fewer folds" in repr(frame)


@given(
    scores=arrays(float, (3, 4), elements=st.floats(-1, 1)),
    n_folds=st.integers(1, 4),
    lead=st.floats(0, 1),
)
def test_a_score_does_not_depend_on_how_hard_the_folds_are_that_it_has(scores, n_folds, lead):
    behind = np.full((1, 4), np.nan)
    behind[0, :n_folds] = scores.mean(0)[:n_folds] - lead  # always as far behind
    untouched = np.full((4, 1), np.nan)
    means = mean_over_folds(np.hstack([np.vstack([scores, behind]), untouched]))
    np.testing.assert_allclose(means[:3], scores.mean(1), atol=1e-9)
    assert means[3] == pytest.approx(scores.mean() - lead, abs=1e-9)
