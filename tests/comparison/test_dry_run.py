"""What cannot work is said before anything is trained, and costs no more than itself."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import IRIS
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ibestimators import (
    ConvClassifier,
    MLPClassifier,
    MLPRegressor,
    biases,
    compare_biases,
    compare_learning_curves,
    compare_parameter_scaling,
    race_biases,
    structure_ablation,
)
from ibestimators.comparison import _setup

X, y = IRIS
PATIENTS = np.arange(150) % 8
COMPARING = [
    compare_biases,
    compare_learning_curves,
    compare_parameter_scaling,
    race_biases,
    structure_ablation,
]
comparing = pytest.mark.parametrize("function", COMPARING, ids=lambda function: function.__name__)


@pytest.fixture
def no_training(monkeypatch):
    def refuse(*args):
        raise AssertionError("trained")

    monkeypatch.setattr(_setup, "run_tasks", refuse)


@comparing
def test_a_score_that_cannot_work_is_refused_with_its_remedy(function, no_training):
    with pytest.raises(ValueError, match="scoring='roc_auc' cannot score y.*Choose 'roc_auc_ovr'"):
        function(X, y, scoring="roc_auc")
    with pytest.raises(ValueError, match="scoring='f1' cannot score y.*Choose 'f1_macro'"):
        function(X, y, scoring=["f1", "accuracy"])
    with pytest.raises(ValueError, match="scoring='accuracy' cannot score y, which has numbers"):
        function(*load_diabetes(return_X_y=True), scoring="accuracy")


@comparing
def test_a_shape_that_does_not_fit_is_refused(function, no_training):
    nets = biases("classification", input_shape=(3, 3, 1))
    text = (
        "Every fit failed, already on a few samples.* of MLP: ValueError: input_shape=\\(3, 3, 1\\)"
    )
    with pytest.raises(ValueError, match=text):
        function(X, y, {name: nets[name] for name in ("MLP", "Conv")})
    with pytest.raises(ValueError, match="^input_shape"):
        function(X, y, {"MLP": nets["MLP"]}, error_score="raise")


@comparing
def test_accuracy_and_r2_do_not_share_a_column(function, no_training):
    candidates = {"classes": MLPClassifier(), "numbers": MLPRegressor()}
    with pytest.raises(ValueError, match="'classes' is a classifier and 'numbers' a regressor"):
        function(X, y, candidates)


def test_with_a_score_for_both_they_may_be_compared():
    candidates = {"classes": LogisticRegression(max_iter=1000), "numbers": LinearRegression()}
    result = compare_biases(X, y, candidates, scoring="r2", random_state=0)
    assert result.to_frame()["score"].min() > 0.8


def test_a_few_samples_that_do_not_suffice_are_no_error():
    class Many(MLPClassifier):
        def fit(self, X, y):
            if len(X) < 50:
                raise ValueError("too few samples")
            return super().fit(X, y)

    result = compare_biases(X, y, {"many": Many(max_epochs=1)}, cv=2, random_state=0)
    assert result.cells["error"].isna().all()


def test_of_several_scores_the_failing_one_is_missing():
    candidates = {"linear": LogisticRegression(max_iter=1000), "dummy": DummyClassifier()}
    with pytest.warns(UserWarning, match="'roc_auc'.*roc_auc_ovr.*It will be missing"):
        result = compare_biases(
            X, y, candidates, scoring=["accuracy", "roc_auc", "f1_macro"], random_state=0
        )
    assert result.cells[["score", "f1_macro"]].notna().all(axis=None)
    assert result.cells["roc_auc"].isna().all()
    assert result.to_frame()["failures"].tolist() == [0, 0]
    text = repr(result)
    assert "linear: no score in folds 1–5: roc_auc: ValueError" in text
    for name in ("accuracy", "roc_auc", "f1_macro"):  # each in the table
        assert name in text.splitlines()[0]
    assert f"{result.to_frame('f1_macro').loc['linear', 'score']:.3f}" in text


def test_a_score_that_some_estimators_cannot_have_is_missing_there_alone():
    class Plain(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.classes_ = np.unique(y)
            return self

        def predict(self, X):
            return np.zeros(len(X), dtype=int)

    candidates = {"plain": Plain(), "dummy": DummyClassifier()}
    result = compare_biases(X, y, candidates, scoring=["accuracy", "neg_log_loss"], random_state=0)
    missing = result.cells.set_index("estimator")["neg_log_loss"].isna()
    assert missing["plain"].all()
    assert not missing["dummy"].any()


def test_log_loss_is_over_all_classes_where_a_fold_lacks_one():
    rows = np.r_[0:60, 100:103]  # three samples of the last class
    labels = np.array(["a", "b", "c"])[y[rows]]
    folds = [*KFold(4).split(rows)]  # in order: folds lack classes in training and test
    candidates = {"near": KNeighborsClassifier(3), "dummy": DummyClassifier()}
    result = compare_biases(X[rows], labels, candidates, cv=folds, scoring="neg_log_loss")
    assert result.cells["error"].isna().all()
    scores = result.cells.set_index(["estimator", "fold"])["score"]
    for fold, (train, test) in enumerate(folds):
        fitted = DummyClassifier().fit(X[rows][train], labels[train])
        proba = np.zeros((len(test), 3))
        proba[:, [list("abc").index(c) for c in fitted.classes_]] = fitted.predict_proba(test)
        expected = -log_loss(labels[test], proba, labels=["a", "b", "c"])
        assert scores["dummy", fold] == pytest.approx(expected)


def test_an_unfinished_network_is_named_with_its_training_score():
    candidates = {"short": MLPClassifier(max_epochs=1, lr=1e-4), "long": MLPClassifier()}
    result = compare_biases(X, y, candidates, cv=2, random_state=0)
    frame = result.to_frame()
    assert frame["converged"]["long"]
    score = frame.loc["short", "train_score"]
    assert score < frame.loc["long", "train_score"] - 0.3
    assert f"on its own training data is {score:.3f}" in repr(result)
    assert "short " in repr(result).split("trained to the end")[0].splitlines()[-1]
    assert "long was not" not in repr(result)
    fine = compare_biases(X, y, {"long": MLPClassifier()}, cv=2, random_state=0)
    assert "trained to the end" not in repr(fine)


def test_the_training_score_is_that_on_the_training_part():
    cv = StratifiedKFold(4)
    candidates = {"near": KNeighborsClassifier(1), "dummy": DummyClassifier()}
    cells = compare_biases(X, y, candidates, cv=cv).cells.set_index("estimator")
    assert cells.loc["near", "train_score"].tolist() == [1] * 4
    np.testing.assert_allclose(cells.loc["dummy", "train_score"].astype(float), 1 / 3, atol=0.01)
    assert cells["converged"].isna().all()


@comparing
def test_a_splitter_of_groups_says_that_it_needs_them(function):
    candidates = {"MLP": MLPClassifier(max_epochs=1)}
    own = {compare_learning_curves: {"train_sizes": [60]}}
    own[compare_parameter_scaling] = {"n_parameters": [500]}
    options = {"random_state": 0, **own.get(function, {})}
    with pytest.raises(ValueError, match="needs the group of each sample. Give groups="):
        function(X, y, candidates, cv=GroupKFold(4), **options)
    with pytest.raises(ValueError, match="Give an int, or a splitter such as GroupKFold"):
        function(X, y, candidates, cv=GroupKFold(4), groups=PATIENTS, n_repeats=2, **options)
    with pytest.warns(UserWarning, match="ignores groups: samples of one group are in training"):
        function(X, y, candidates, cv=StratifiedKFold(4), groups=PATIENTS, **options)
    assert function(X, y, candidates, cv=GroupKFold(4), groups=PATIENTS, **options) is not None
    assert function(X, y, candidates, cv=[*KFold(4).split(X)], **options) is not None


@pytest.mark.parametrize("cv", [4, GroupKFold(4, shuffle=True)])
def test_repeats_of_groups_make_new_folds_that_keep_them_whole(cv):
    candidates = {"dummy": DummyClassifier()}
    setup = _setup.prepare(
        X,
        y,
        candidates,
        cv=cv,
        groups=PATIENTS,
        sample_weight=None,
        time=None,
        scoring=None,
        baseline=None,
        n_repeats=3,
        cache=None,
        error_score=np.nan,
        n_jobs=None,
        random_state=0,
        verbose=0,
    )
    assert len(setup.splits) == 12
    parts = {frozenset(PATIENTS[test]) for _, test in setup.splits}
    assert len(parts) > 4  # four would mean three times the same folds
    for train, test in setup.splits:
        assert not set(PATIENTS[train]) & set(PATIENTS[test])
    assert setup.design.in_words(12) == (
        "3 times 4 folds of 8 groups (150 samples), 2 in each test part"
    )


def test_repeats_that_would_be_the_same_are_refused():
    with pytest.raises(ValueError, match="makes the same folds of the groups again"):
        compare_biases(X, y, {"d": DummyClassifier()}, cv=8, groups=PATIENTS, n_repeats=2)


def test_inner_folds_that_may_mix_groups_are_warned_of():
    splits = [*GroupKFold(3).split(X, y, PATIENTS)]
    nets = {"MLP": MLPClassifier(max_epochs=1)}
    with pytest.warns(UserWarning, match="give groups as well"):
        compare_biases(X, y, nets, cv=splits, search="random", n_iter=1, random_state=0)
    search = {"search": GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3]}, cv=3)}
    with pytest.warns(UserWarning, match="'search' has cv=3, whose inner folds mix groups"):
        compare_biases(X, y, search, cv=3, groups=PATIENTS, random_state=0)


def test_pipelines_are_tried_too(no_training):
    piped = {"conv": make_pipeline(StandardScaler(), ConvClassifier(input_shape=(7, 1)))}
    with pytest.raises(ValueError, match="already on a few samples"):
        compare_biases(X, y, piped)
