"""Several seeds a fold: the score is their mean, and their spread is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ibestimators import MLPClassifier, compare_biases

rng = np.random.default_rng(0)
X = rng.normal(size=(80, 3))
y = (X[:, 0] > 0).astype(int)


class Lottery(ClassifierMixin, BaseEstimator):
    """Is right about a share of the samples that its seed draws."""

    def __init__(self, share=0.7, random_state=None):
        self.share = share
        self.random_state = random_state

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        right = np.random.default_rng(self.random_state).random(len(X)) < self.share
        return np.where(right, X[:, 0] > 0, X[:, 0] <= 0).astype(int)


def test_a_fold_has_the_mean_of_its_seeds_and_their_standard_deviation():
    lottery = {"lottery": make_pipeline(StandardScaler(), Lottery()), "normal": GaussianNB()}
    options = {"random_state": 0, "scoring": ["accuracy", "f1"], "cv": 4}
    once = compare_biases(X, y, lottery, **options)
    result = compare_biases(X, y, lottery, n_seeds=3, **options)
    assert len(result.cells) == len(once.cells) == 8
    assert (result.predictions == once.predictions).all(axis=None)
    own = result.cells.query("estimator == 'lottery'")
    frame = result.to_frame()
    assert frame.loc["lottery", "seed_std"] == pytest.approx(
        np.sqrt(np.square(own["seed_std"]).mean())
    )
    # That of a share of 20 test samples.
    assert 0.03 < frame.loc["lottery", "seed_std"] < 0.2
    assert np.isnan(frame.loc["normal", "seed_std"])  # it has no seed, and is fitted once
    assert frame.loc["normal", "score"] == once.to_frame().loc["normal", "score"]
    assert once.to_frame()["seed_std"].isna().all()
    assert "3 seeds each" in repr(result)
    assert "3 seeds each" in result.to_paper()
    assert "3 seeds" not in repr(once)


def test_means_are_those_of_single_comparisons():
    lottery = {"lottery": Lottery(random_state=3), "dummy": DummyClassifier()}
    result = compare_biases(X, y, lottery, n_seeds=30, random_state=0, cv=4)
    assert result.to_frame().loc["lottery", "score"] == pytest.approx(0.7, abs=0.06)
    expected = np.sqrt(0.7 * 0.3 / 20)
    assert result.to_frame().loc["lottery", "seed_std"] == pytest.approx(expected, rel=0.25)


def test_scores_within_the_spread_of_seeds_are_named():
    def found(**shares):
        candidates = {name: Lottery(share) for name, share in shares.items()}
        checks = compare_biases(X, y, candidates, n_seeds=5, random_state=0, cv=4).checks()
        return checks["finding"].get("seeds", "")

    assert "more than its difference to" in found(a=0.7, b=0.7)
    assert not found(a=0.95, b=0.4)


def test_a_seed_that_fails_is_told_and_the_others_count(monkeypatch):
    fit = Lottery.fit
    calls = []

    def failing(self, X, y):
        calls.append(self.random_state)
        if len(calls) == 2:
            raise RuntimeError("diverged")
        return fit(self, X, y)

    monkeypatch.setattr(Lottery, "fit", failing)
    result = compare_biases(X, y, {"a": Lottery()}, n_seeds=3, random_state=0, cv=4)
    assert len({*calls}) == 3
    assert result.cells["score"].notna().all()
    assert result.cells["error"].notna().tolist() == [True, False, False, False]
    assert result.to_frame()["failures"].tolist() == [1]


def test_networks_differ_by_seed_and_are_cached(tmp_path):
    options = {"random_state": 0, "cv": 2, "n_seeds": 2, "cache": tmp_path}
    networks = {"MLP": MLPClassifier(hidden_layer_sizes=(4,), max_epochs=2, random_state=0)}
    first = compare_biases(X, y, networks, **options)
    assert len([*tmp_path.iterdir()]) == 4
    again = compare_biases(X, y, networks, **options)
    pd.testing.assert_frame_equal(first.to_frame(), again.to_frame())
    assert first.training.loc["MLP", "max_epochs"] == 2


@pytest.mark.parametrize("n_seeds", [0, 1.5, "two"])
def test_numbers_of_seeds_that_are_none_are_refused(n_seeds):
    with pytest.raises(ValueError, match="n_seeds must be an int of at least 1"):
        compare_biases(X, y, {"a": Lottery()}, n_seeds=n_seeds)
