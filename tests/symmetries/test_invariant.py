"""Estimators that are averaged over the changes of a sample."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier

from ibestimators import Invariant, MLPClassifier, equivariance_error

random = np.random.default_rng(0)
SIGNALS = np.stack([np.roll([2.0, 1, 0, -1 + k % 2, 0, 0], random.integers(6)) for k in range(80)])
SIGNALS += 0.3 * random.normal(size=SIGNALS.shape)
CLASSES = np.array(["a", "b"])[np.arange(80) % 2]
IMAGES = random.normal(size=(20, 4, 4, 1))


@pytest.mark.parametrize(
    "inner",
    [KNeighborsClassifier(3), LogisticRegression(), RidgeClassifier(), DecisionTreeClassifier()],
    ids=lambda inner: type(inner).__name__,
)
def test_classes_do_not_mind_the_group(inner):
    model = Invariant(inner, "cyclic shifts").fit(SIGNALS[:40], CLASSES[:40])
    for shift in (1, 4):
        changed = np.roll(SIGNALS, shift, 1)
        assert np.mean(model.predict(changed) == model.predict(SIGNALS)) > 0.97
        for method in ("predict_proba", "decision_function"):
            if hasattr(model, method):
                output = getattr(model, method)
                np.testing.assert_allclose(output(changed), output(SIGNALS), atol=1e-9)
    assert set(model.classes_) == {"a", "b"}
    assert hasattr(model, "predict_proba") == hasattr(inner, "predict_proba")


def test_numbers_are_means_over_the_changes():
    X, y = IMAGES, IMAGES[:, 0].sum((1, 2))
    flips = [lambda X: X[:, ::-1], lambda X: X[:, :, ::-1], lambda X: X[:, ::-1, ::-1]]

    def flat(X):
        return X.reshape(len(X), -1)

    class Flat(KNeighborsRegressor):
        def fit(self, X, y):
            return super().fit(flat(X), y)

        def predict(self, X):
            return super().predict(flat(X))

    model = Invariant(Flat(2), flips).fit(X[:10], y[:10])
    copies = [X, *(flip(X) for flip in flips)]
    alone = Flat(2).fit(np.concatenate([copy[:10] for copy in copies]), np.tile(y[:10], 4))
    expected = np.mean([alone.predict(copy) for copy in copies], 0)
    np.testing.assert_allclose(model.predict(X), expected)
    assert equivariance_error(model, X, flips[0], random_state=0) < 1e-9
    assert model.score(X[:10], y[:10]) <= 1


def test_it_learns_more_from_few_samples():
    alone = cross_val_score(KNeighborsClassifier(1), SIGNALS, CLASSES, cv=4).mean()
    shifted = cross_val_score(Invariant(KNeighborsClassifier(1)), SIGNALS, CLASSES, cv=4).mean()
    assert shifted > alone


def test_it_composes_as_an_estimator_of_scikit_learn():
    model = Invariant(KNeighborsClassifier(), "reversal", random_state=0)
    grid = {"symmetry": ["any order of positions", "cyclic shifts"], "estimator__n_neighbors": [1]}
    search = GridSearchCV(model, grid, cv=4).fit(SIGNALS, CLASSES)
    assert search.best_params_["symmetry"] == "cyclic shifts"
    assert is_classifier(model)
    assert is_regressor(Invariant(LinearRegression()))
    assert clone(model).get_params()["symmetry"] == "reversal"
    fitted = pickle.loads(pickle.dumps(model.fit(SIGNALS, CLASSES)))
    np.testing.assert_array_equal(fitted.predict(SIGNALS), model.predict(SIGNALS))
    network = Invariant(MLPClassifier(max_epochs=1, random_state=0), "turns by 90°")
    assert network.fit(IMAGES, np.arange(20) % 2).predict_proba(IMAGES).shape == (20, 2)


def test_weights_count_each_copy():
    weights = np.r_[np.ones(40), np.zeros(40)]
    weighted = Invariant(LogisticRegression(), "reversal").fit(SIGNALS, CLASSES, weights)
    fewer = Invariant(LogisticRegression(), "reversal").fit(SIGNALS[:40], CLASSES[:40])
    expected = fewer.predict_proba(SIGNALS)
    np.testing.assert_allclose(weighted.predict_proba(SIGNALS), expected, atol=1e-3)


def test_errors():
    with pytest.raises(ValueError, match="is unknown for samples with positions"):
        Invariant(LogisticRegression(), "mirror images").fit(SIGNALS, CLASSES)
    for symmetry in (3, []):
        with pytest.raises(TypeError, match="a name or at least one function, got"):
            Invariant(LogisticRegression(), symmetry).fit(SIGNALS, CLASSES)
    for change in (lambda X: X[:, 1:], lambda X: X[:5]):
        with pytest.raises(ValueError, match=r"gives an array of shape \(\d+, .* for X of shape"):
            Invariant(LogisticRegression(), [change]).fit(SIGNALS, CLASSES)
    with pytest.raises(ValueError, match="one class a sample"):
        Invariant(KNeighborsClassifier()).fit(SIGNALS, np.eye(2)[np.arange(80) % 2])
    with pytest.raises(NotFittedError):
        Invariant(LogisticRegression()).predict(SIGNALS)
    fitted = Invariant(LogisticRegression()).fit(SIGNALS, CLASSES)
    with pytest.raises(ValueError, match="was fitted on samples of shape"):
        fitted.predict(SIGNALS[:, 1:])


def test_columns_keep_their_names():
    frame = pd.DataFrame(SIGNALS).add_prefix("c")
    fitted = Invariant(KNeighborsClassifier(1), "reversal").fit(frame, CLASSES)
    assert list(fitted.feature_names_in_) == list(frame.columns)
    assert fitted.score(frame, CLASSES) == 1
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(frame[frame.columns[::-1]])
