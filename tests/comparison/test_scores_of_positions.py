"""Comparisons of estimators that predict a value at each position."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import optional
from sklearn.base import BaseEstimator, ClassifierMixin

from ibestimators import (
    ConvClassifier,
    biases,
    compare_biases,
    compare_learning_curves,
    compare_parameter_scaling,
    position_scorer,
    race_biases,
    structure_ablation,
    structure_importance,
)

RNG = np.random.default_rng(0)
SIGNALS = RNG.normal(size=(60, 10))
STEPS = (SIGNALS + np.roll(SIGNALS, 1, axis=1) > 0).astype(int)
SEQUENCES = [x[: 5 + i % 6, np.newaxis] for i, x in enumerate(SIGNALS)]
RAGGED = [y[: 5 + i % 6] for i, y in enumerate(STEPS)]
PAIR = {
    name: est
    for name, est in biases("classification", target="position", max_epochs=3).items()
    if name in ("MLP", "Conv")
}


@pytest.mark.parametrize(("X", "y"), [(SIGNALS, STEPS), (SEQUENCES, RAGGED)])
def test_all_five_are_compared_on_folds_of_samples(X, y, tmp_path):
    estimators = biases("classification", target="position", max_epochs=1)
    result = compare_biases(X, y, estimators, cv=3, random_state=0, cache=tmp_path)
    assert result.cells["error"].isna().all()
    assert (result.cells["n_test"] == 20).all()
    assert result.scoring == "accuracy"
    frame = result.to_frame()
    again = compare_biases(X, y, estimators, cv=3, random_state=0, cache=tmp_path).to_frame()
    assert again.equals(frame)  # from the cache
    assert "accuracy" in str(result)
    result.to_html(tmp_path / "page.html", X=X, y=y)


def test_the_name_of_a_score_stands_for_that_over_positions():
    named = compare_biases(SEQUENCES, RAGGED, PAIR, cv=2, scoring="f1_macro", random_state=0)
    made = compare_biases(
        SEQUENCES, RAGGED, PAIR, cv=2, scoring=position_scorer("f1_macro"), random_state=0
    )
    assert named.scoring == made.scoring == "f1_macro"
    assert named.to_frame()["score"].tolist() == made.to_frame()["score"].tolist()
    several = compare_biases(
        SIGNALS, STEPS, PAIR, cv=2, scoring=["accuracy", "roc_auc"], random_state=0
    )
    plain = compare_biases(SIGNALS, STEPS, PAIR, cv=2, random_state=0)
    assert several.to_frame()["score"].tolist() == plain.to_frame()["score"].tolist()
    assert several.other_scorings == ("roc_auc",)


def test_what_shares_the_setup():
    options = {"cv": 2, "random_state": 0}
    curves = compare_learning_curves(SIGNALS, STEPS, PAIR, train_sizes=[10, 20], **options)
    assert curves.cells["error"].isna().all()
    race = race_biases(SEQUENCES, RAGGED, PAIR, scoring="f1_macro", **options)
    assert race.leader in PAIR
    sizes = compare_parameter_scaling(SEQUENCES, RAGGED, PAIR, n_parameters=[500], **options)
    assert sizes.frame["score"].notna().all()
    matched = compare_biases(
        SIGNALS, STEPS, PAIR, match_parameters=2000, search="random", n_iter=1, **options
    )
    assert matched.cells["error"].isna().all()
    assert matched.to_frame()["parameters"].between(1900, 2100).all()


class StepsAlone(ClassifierMixin, BaseEstimator):
    """Knows the labels of steps that depend on their own features, wherever they are."""

    target = "position"

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        return self

    def predict(self, X):
        whole = [(np.asarray(x) > 0).astype(int).reshape(len(x)) for x in X]
        return np.stack(whole) if isinstance(X, np.ndarray) else whole


def test_spans_are_scored_by_seqeval():
    metrics = optional("seqeval.metrics")

    def spans(est, X, y):
        return metrics.f1_score([*map(list, y)], [*map(list, est.predict(X))])

    tags = [np.where(np.arange(len(y)) % 3 == 0, "B-x", "I-x") for y in RAGGED]
    known = {len(x): tag for x, tag in zip(SEQUENCES, tags, strict=True)}
    oracle = StepsAlone()
    oracle.predict = lambda X: [known[len(x)] for x in X]
    assert spans(oracle, SEQUENCES, tags) == 1
    result = compare_biases(SEQUENCES, tags, PAIR, cv=2, scoring=spans, random_state=0)
    assert result.cells["score"].between(0, 1).all()


def test_importance_scores_positions():
    conv = PAIR["Conv"].fit(SIGNALS, STEPS)
    result = structure_importance(conv, SIGNALS, STEPS, scoring="f1_macro", random_state=0)
    assert result.scoring == "f1_macro"
    assert len(result.units) == 10


@pytest.mark.parametrize("X", [SIGNALS, SIGNALS[..., np.newaxis], SEQUENCES])
def test_labels_move_with_their_steps(X):
    y = StepsAlone().predict(X)
    result = structure_ablation(X, y, {"alone": StepsAlone()}, scoring="accuracy", cv=2)
    assert (result.cells["score"] == 1).all()


def test_ablation_of_what_depends_on_neighbours():
    long = RNG.normal(size=(200, 12))
    y = (long + np.roll(long, 1, axis=1) > 0).astype(int)
    conv = {"Conv": ConvClassifier(target="position", max_epochs=12)}
    frame = structure_ablation(long[..., np.newaxis], y, conv, cv=2, random_state=0).to_frame()
    assert frame.loc["Conv", "drop"] > 0.08


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="sample 0 of y has the shape"):
        structure_ablation(SIGNALS, STEPS[:, 1:], PAIR, cv=2)

    with pytest.raises(ValueError, match="estimators=biases.'classification', target='position'."):
        compare_biases(SEQUENCES, RAGGED)


def test_some_positions_of_text_labels_may_have_none():
    names = np.array(["low", "high"], dtype=object)[STEPS]
    names[:, 0] = None
    result = compare_biases(SIGNALS, names, PAIR, cv=2, random_state=0)
    assert result.cells["error"].isna().all()
    assert result.cells["train_score"].notna().all()
