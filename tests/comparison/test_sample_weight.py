"""Weights of samples: in training, in scores, in the key of the cache; refused where not taken."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from ibestimators import (
    BiasSearchClassifier,
    BiasSearchRegressor,
    ConvClassifier,
    MLPClassifier,
    compare_biases,
    compare_learning_curves,
    compare_parameter_scaling,
    position_scorer,
    race_biases,
    structure_ablation,
)
from ibestimators.comparison._metadata import fit_with, takes_weights
from ibestimators.comparison._scorers import ProbabilityScorer

rng = np.random.default_rng(0)
N = 60
X = rng.normal(size=(N, 3))
y = (X[:, 0] + rng.normal(size=N) > 0).astype(int)
WEIGHT = rng.integers(1, 4, size=N)
HALVES = [(np.arange(30), np.arange(30, N)), (np.arange(30, N), np.arange(30))]
TWO = {"linear": LogisticRegression(), "normal": GaussianNB()}


def repeated(weight, splits=HALVES):
    """X, y and the folds with each sample as often as its weight says."""
    rows = np.repeat(np.arange(N), weight)
    parts = [tuple(np.flatnonzero(np.isin(rows, part)) for part in split) for split in splits]
    return X[rows], y[rows], parts


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["accuracy", "neg_log_loss", None]))
def test_integer_weights_are_repeated_samples(seed, scoring):
    weight = np.random.default_rng(seed).integers(0, 4, size=N)
    weighted = compare_biases(X, y, TWO, cv=HALVES, scoring=scoring, sample_weight=weight)
    again, labels, parts = repeated(weight)
    plain = compare_biases(again, labels, TWO, cv=parts, scoring=scoring)
    for column in ("score", "train_score"):
        np.testing.assert_allclose(weighted.cells[column], plain.cells[column], atol=1e-4)
    assert weighted.data.chance == pytest.approx(plain.data.chance)
    assert weighted.data.class_counts == plain.data.class_counts


def test_scores_are_weighted_and_samples_without_weight_are_left_out():
    weight = np.where(np.arange(N) % 3 == 0, 0, WEIGHT)
    kept = np.flatnonzero(weight)
    result = compare_biases(X, y, TWO, cv=HALVES, sample_weight=weight)
    assert result.predictions["linear"].notna().tolist() == (weight > 0).tolist()
    for fold, (train, test) in enumerate(HALVES):
        train, test = np.intersect1d(train, kept), np.intersect1d(test, kept)
        fitted = LogisticRegression().fit(X[train], y[train], sample_weight=weight[train])
        cell = result.cells.query("estimator == 'linear'").iloc[fold]
        right = accuracy_score(y[test], fitted.predict(X[test]), sample_weight=weight[test])
        assert cell["score"] == pytest.approx(right)
        assert (cell["n_train"], cell["n_test"]) == (20, 20)
        assert 0 < cell["effective_n_test"] < 20


def test_equal_weights_change_nothing():
    plain = compare_biases(X, y, TWO, random_state=0)
    weighted = compare_biases(X, y, TWO, random_state=0, sample_weight=np.ones(N))
    columns = ["score", "train_score", "n_test", "effective_n_test"]
    pd.testing.assert_frame_equal(plain.cells[columns], weighted.cells[columns])


def all_functions(**options):
    """Results of all functions that compare."""
    options = {"cv": 3, "random_state": 0, **options}
    yield compare_biases(X, y, TWO, **options)
    yield compare_learning_curves(X, y, TWO, train_sizes=[10, 20], **options)
    yield compare_parameter_scaling(X, y, TWO, n_parameters=[10], **options)
    yield structure_ablation(X, y, TWO, structure="positions", **options)
    yield race_biases(X, y, TWO, factor=2, min_samples=N, **options)


def test_all_functions_take_them_and_the_cache_knows_them(tmp_path):
    plain = [repr(result) for result in all_functions()]
    weighted = [repr(result) for result in all_functions(sample_weight=WEIGHT, cache=tmp_path)]
    assert all(one != other for one, other in zip(plain, weighted, strict=True))
    files = len([*tmp_path.iterdir()])
    again = [repr(result) for result in all_functions(sample_weight=WEIGHT, cache=tmp_path)]
    assert len([*tmp_path.iterdir()]) == files
    assert again == weighted
    first = next(iter(all_functions(sample_weight=WEIGHT[::-1], cache=tmp_path)))
    assert len([*tmp_path.iterdir()]) == files + 6
    assert first.fingerprint["data"] != compare_biases(X, y, TWO, cv=3).fingerprint["data"]


class Recorder(LogisticRegression):
    """Records the weights that it is trained and scored with."""

    seen: list[tuple[str, int]] = []

    def fit(self, X, y, sample_weight=None):
        self.seen.append(("fit", -1 if sample_weight is None else len(sample_weight)))
        return super().fit(X, y, sample_weight)

    def score(self, X, y, sample_weight=None):
        self.seen.append(("score", -1 if sample_weight is None else len(sample_weight)))
        return super().score(X, y, sample_weight)


def searched(est, **options):
    prefix = "recorder__" if not isinstance(est, Recorder) else ""
    return GridSearchCV(est, {f"{prefix}C": [0.1, 1.0]}, cv=2, **options)


@pytest.mark.parametrize(
    ("make", "n_fits", "n_scores"),
    [
        (lambda: make_pipeline(StandardScaler(), Recorder()), 2, 4),
        (lambda: searched(Recorder()), 2 * 5, 2 * 4 + 4),
        (lambda: searched(make_pipeline(StandardScaler(), Recorder())), 2 * 5, 2 * 4 + 4),
        (lambda: make_pipeline(StandardScaler(), searched(Recorder())), 2 * 5, 2 * 4 + 4),
        (lambda: VotingClassifier([("a", Recorder()), ("b", GaussianNB())]), 2, 0),
    ],
    ids=["pipeline", "search", "search of pipeline", "pipeline of search", "voting"],
)
def test_weights_reach_what_predicts(make, n_fits, n_scores):
    for groups in (None, np.arange(N) // 2):
        Recorder.seen.clear()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*inner folds mix groups")
            compare_biases(
                X,
                y,
                {"a": make()},
                cv=HALVES,
                groups=groups,
                sample_weight=WEIGHT,
                error_score="raise",
            )
        counts = [sum(name == kind for name, _ in Recorder.seen) for kind in ("fit", "score")]
        assert counts == [n_fits, n_scores]
        assert all(n > 0 for _, n in Recorder.seen)


@pytest.mark.parametrize(
    "scoring", ["accuracy", ["accuracy", "recall"], make_scorer(accuracy_score), None]
)
def test_a_search_chooses_by_weighted_scores(scoring):
    options = {"refit": "accuracy"} if isinstance(scoring, list) else {}
    grid = {"C": [1e-3, 1.0]}
    search = GridSearchCV(LogisticRegression(), grid, cv=HALVES, scoring=scoring, **options)
    fitted = fit_with(search, X, y, sample_weight=WEIGHT)
    name = "accuracy" if options else "score"
    for fold, (train, test) in enumerate(HALVES):
        own = LogisticRegression(C=1e-3).fit(X[train], y[train], WEIGHT[train])
        right = own.score(X[test], y[test], WEIGHT[test])
        assert fitted.cv_results_[f"split{fold}_test_{name}"][0] == pytest.approx(right)


@pytest.mark.parametrize(
    "est",
    [
        BaggingClassifier(LogisticRegression()),
        AdaBoostClassifier(DecisionTreeClassifier(max_depth=1)),
        CalibratedClassifierCV(GaussianNB()),
        make_pipeline(StandardScaler(), BaggingClassifier(GaussianNB())),
        MLPClassifier(),
        make_pipeline(StandardScaler(), ConvClassifier()),
        GridSearchCV(MLPClassifier(), {"lr": [1e-3]}, cv=GroupKFold(2)),
    ],
    ids=lambda est: type(est).__name__,
)
def test_what_takes_weights_is_known_before_training(est):
    assert takes_weights(est)


def test_a_transformer_gets_weights_if_it_requests_them():
    import sklearn

    plain = make_pipeline(StandardScaler(), LogisticRegression())
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=True)
    asked = make_pipeline(scaler, LogisticRegression())
    means = [fit_with(est, X, y, sample_weight=WEIGHT)[0].mean_ for est in (plain, asked)]
    np.testing.assert_allclose(means[0], X.mean(axis=0))
    np.testing.assert_allclose(means[1], np.average(X, axis=0, weights=WEIGHT))


@pytest.mark.parametrize("est", [KNeighborsClassifier(), make_pipeline(KNeighborsClassifier())])
def test_estimators_without_weights_are_refused_before_training(est):
    with pytest.raises(
        ValueError, match=r"sample_weight was given, but 'other', a .*does not take"
    ):
        compare_biases(X, y, {"linear": Recorder(), "other": est}, sample_weight=WEIGHT)


@pytest.mark.parametrize(
    ("weight", "match"),
    [
        (WEIGHT[1:], r"sample_weight has shape \(59,\), but X has 60 samples"),
        (np.where(np.arange(N) == 3, np.nan, 1), "finite and at least 0, but sample 3 has nan"),
        (np.where(np.arange(N) == 5, -1, 1), "finite and at least 0, but sample 5 has -1"),
        (["a"] * N, "sample_weight must be numbers"),
        (np.arange(N) >= 30, "zero for all samples of the test part of fold 1"),
        (np.arange(N) < 30, "zero for all samples of the test part of fold 0"),
    ],
)
def test_weights_of_no_use_are_refused(weight, match):
    splits = HALVES if "fold 1" in match else HALVES[:1]
    splits = [(np.arange(N), test) for _, test in splits]
    Recorder.seen.clear()
    with pytest.raises(ValueError, match=match):
        compare_biases(X, y, {"a": Recorder()}, cv=splits, sample_weight=weight)
    assert not Recorder.seen


def test_scores_without_weights_say_so():
    def plain(estimator, X, y):
        return estimator.score(X, y)

    def weighted(estimator, X, y, sample_weight=None):
        return estimator.score(X, y, sample_weight)

    options = {"cv": HALVES, "sample_weight": WEIGHT}
    with pytest.warns(UserWarning, match="takes no sample_weight"):
        ignoring = compare_biases(X, y, TWO, scoring=plain, **options)
    assert (ignoring.cells["score"] != compare_biases(X, y, TWO, **options).cells["score"]).any()
    known = compare_biases(X, y, TWO, scoring=weighted, **options)
    pd.testing.assert_series_equal(
        known.cells["score"], compare_biases(X, y, TWO, **options).cells["score"]
    )
    with pytest.warns(UserWarning, match=r"\['neg_max_error'\] take no sample_weight"):
        compare_biases(X, X[:, 0], {"a": Ridge()}, scoring=["r2", "neg_max_error"], **options)


def test_a_score_of_probabilities_is_weighted_in_a_search_too():
    scorer = ProbabilityScorer("neg_log_loss", np.array([0, 1]))
    search = GridSearchCV(GaussianNB(), {}, cv=HALVES, scoring=scorer)
    fitted = fit_with(search, X, y, sample_weight=WEIGHT)
    train, test = HALVES[0]
    own = GaussianNB().fit(X[train], y[train], WEIGHT[train])
    loss = log_loss(y[test], own.predict_proba(X[test]), sample_weight=WEIGHT[test])
    assert fitted.cv_results_["split0_test_score"][0] == pytest.approx(-loss)


def test_scores_of_positions_take_weights():
    series = rng.normal(size=(30, 8))
    steps = (series > 0).astype(int)
    weight = rng.integers(1, 5, size=30)
    conv = {"Conv": ConvClassifier(target="position", max_epochs=1)}
    splits = [(np.arange(15), np.arange(15, 30))]
    result = compare_biases(
        series, steps, conv, cv=splits, sample_weight=weight, random_state=0, rope=0.0
    )
    fitted = fit_with(result.estimators["Conv"], series[:15], steps[:15], None, weight[:15])
    expected = position_scorer("accuracy")(fitted, series[15:], steps[15:], weight[15:])
    assert result.cells["score"].iloc[0] == pytest.approx(expected)


def test_a_bias_search_weighs_training_and_mixture():
    members = {"linear": LogisticRegression(), "normal": GaussianNB()}
    splits = [*HALVES, (np.arange(20, N), np.arange(20)), (np.arange(40), np.arange(40, N))]
    weight = np.where(np.arange(N) % 4 == 0, 0, WEIGHT)
    weighted = BiasSearchClassifier(members, cv=splits, random_state=0)
    weighted.fit(X, y, sample_weight=weight)
    again, labels, parts = repeated(weight, splits)
    plain = BiasSearchClassifier(members, cv=parts, random_state=0).fit(again, labels)
    np.testing.assert_allclose(
        weighted.result_.members[["weight", "loss"]],
        plain.result_.members[["weight", "loss"]],
        atol=1e-4,
    )
    np.testing.assert_allclose(weighted.predict_proba(X), plain.predict_proba(X), atol=1e-4)
    with pytest.raises(ValueError, match="does not take it"):
        BiasSearchClassifier({"n": KNeighborsClassifier()}).fit(X, y, sample_weight=WEIGHT)
    ridge = BiasSearchRegressor({"linear": Ridge()}, cv=2, random_state=0)
    assert ridge.fit(X, X[:, 0], sample_weight=WEIGHT).score(X, X[:, 0]) > 0.9
