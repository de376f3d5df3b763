"""Scores over positions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    fbeta_score,
    log_loss,
    make_scorer,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
)
from sklearn.model_selection import GridSearchCV, cross_validate, learning_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ibestimators import MLPClassifier, MLPRegressor, position_scorer

RNG = np.random.default_rng(0)
LENGTHS = RNG.integers(3, 8, size=30)
X = [RNG.normal(size=(n, 2)) for n in LENGTHS]
Y = [(x[:, 0] + 0.5 * RNG.normal(size=len(x)) > 0).astype(int) for x in X]
PARTLY = [np.where(RNG.random(len(y)) < 0.3, -1, y) for y in Y]


@pytest.fixture(scope="module")
def fitted():
    return MLPClassifier(target="position", max_epochs=5, random_state=0).fit(X, Y)


def test_pooled_scores_are_those_of_all_labels(fitted):
    labels = np.concatenate(PARTLY)
    known = labels >= 0
    predicted = np.concatenate(fitted.predict(X))[known]
    proba = np.concatenate(fitted.predict_proba(X))[known]
    for score, expected in (
        ("accuracy", accuracy_score(labels[known], predicted)),
        ("f1_macro", f1_score(labels[known], predicted, average="macro")),
        ("roc_auc", roc_auc_score(labels[known], proba[:, 1])),
        ("neg_log_loss", -log_loss(labels[known], proba)),
        (make_scorer(fbeta_score, beta=2), fbeta_score(labels[known], predicted, beta=2)),
    ):
        assert_allclose(position_scorer(score)(fitted, X, PARTLY), expected)
    assert fitted.score(X, PARTLY) == accuracy_score(labels[known], predicted)
    weight = [np.arange(len(y)) + 1.0 for y in Y]
    expected = accuracy_score(labels[known], predicted, sample_weight=np.concatenate(weight)[known])
    assert_allclose(fitted.score(X, PARTLY, sample_weight=weight), expected)
    of_samples = np.arange(30) + 1.0
    expected = np.average(labels[known] == predicted, weights=np.repeat(of_samples, LENGTHS)[known])
    assert_allclose(fitted.score(X, PARTLY, of_samples), expected)


def test_scores_by_sample_are_the_mean_over_samples(fitted):
    labels = [*Y[:-1], np.full(LENGTHS[-1], -1)]
    expected = np.mean(
        [accuracy_score(y, p) for y, p in zip(labels[:-1], fitted.predict(X)[:-1], strict=True)]
    )
    scorer = position_scorer("accuracy", by="sample")
    assert_allclose(scorer(fitted, X, labels), expected)
    assert scorer.__name__ == "accuracy by sample"
    assert repr(scorer) == "position_scorer('accuracy', by='sample')"


def test_numbers_and_several_labels():
    values = RNG.normal(size=(20, 4, 2))
    targets = values[..., ::-1].copy()
    reg = MLPRegressor(target="position", max_epochs=3, random_state=0).fit(values, targets)
    predicted = reg.predict(values).reshape(-1, 2)
    assert_allclose(reg.score(values, targets), r2_score(targets.reshape(-1, 2), predicted))
    expected = -mean_absolute_error(targets.reshape(-1, 2), predicted)
    assert_allclose(position_scorer("neg_mean_absolute_error")(reg, values, targets), expected)
    targets[:, 1:] = np.nan
    assert reg.score(values, targets) == pytest.approx(
        r2_score(targets[:, 0], reg.predict(values)[:, 0])
    )
    labels = (values > 0).astype(int)
    clf = MLPClassifier(target="position", max_epochs=3, random_state=0).fit(values, labels)
    proba = clf.predict_proba(values).reshape(-1, 2)
    assert_allclose(
        position_scorer("roc_auc")(clf, values, labels),
        roc_auc_score(labels.reshape(-1, 2), proba),
    )


def test_scikit_learn_takes_the_scorer():
    est = MLPClassifier(target="position", max_epochs=2, random_state=0)
    scoring = {"f1": position_scorer("f1"), "auc": position_scorer("roc_auc")}
    found = cross_validate(est, X, Y, cv=3, scoring=scoring, error_score="raise")
    assert found["test_f1"].shape == found["test_auc"].shape == (3,)
    piped = make_pipeline(FunctionTransformer(), est)
    search = GridSearchCV(piped, {"mlpclassifier__lr": [0.01]}, cv=3, scoring=scoring["auc"])
    search.fit(X, Y)
    assert 0 <= search.best_score_ <= 1
    assert scoring["f1"](search, X, Y) == position_scorer("f1")(search.best_estimator_, X, Y)
    learning_curve(est, X, Y, cv=3, scoring=scoring["f1"], train_sizes=[0.5], error_score="raise")


class Signs(ClassifierMixin, BaseEstimator):
    """An estimator of another library, which predicts a class at each position."""

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        return self

    def predict(self, X):
        return [(np.asarray(x)[:, 0] > 0).astype(int) for x in X]


def test_any_estimator_can_be_scored():
    signs = Signs().fit(X, Y)
    expected = np.mean(np.concatenate(signs.predict(X)) == np.concatenate(Y))
    assert position_scorer("accuracy")(signs, X, Y) == pytest.approx(expected)


def test_errors(fitted):
    with pytest.raises(ValueError, match="by must be 'pooled' or 'sample'"):
        position_scorer("f1", by="row")
    with pytest.raises(ValueError, match="scores positions already"):
        position_scorer(position_scorer("f1"))
    with pytest.raises(ValueError, match="nonsense"):
        position_scorer("nonsense")
    score = position_scorer("accuracy")
    with pytest.raises(ValueError, match="y has one value a sample"):
        score(fitted, X, np.zeros(30))
    with pytest.raises(ValueError, match="holds no label"):
        score(fitted, X, [np.full(n, -1) for n in LENGTHS])
    with pytest.raises(ValueError, match="sample 0 of predict.X. has the shape"):
        score(fitted, X, [Y[0][:-1], *Y[1:]])
