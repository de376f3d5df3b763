"""The mixture of all biases: stops, temperatures, weights, and scikit-learn's checks."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import IRIS, FailsOnFirstSample, textures
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold, cross_val_predict, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from ibestimators import (
    BiasSearchClassifier,
    BiasSearchRegressor,
    ConvClassifier,
    MLPClassifier,
    MLPRegressor,
    biases,
    compare_biases,
)
from ibestimators.comparison._weights import (
    at_temperature,
    choice_probability,
    fitted_temperature,
    greedy_weights,
    log_loss_of,
)

IGNORES_CONVERGENCE = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = IRIS
CLASSIFIERS = {
    "linear": LogisticRegression(max_iter=1000),
    "neighbours": KNeighborsClassifier(),
    "bayes": GaussianNB(),
    "dummy": DummyClassifier(),
}
REGRESSORS = {
    "linear": LinearRegression(),
    "neighbours": KNeighborsRegressor(),
    "dummy": DummyRegressor(),
}


# A second member makes weights and a race; both read what a network of this package reads.
@parametrize_with_checks(
    [
        BiasSearchClassifier(
            {
                "MLP": MLPClassifier(max_epochs=15),
                "narrow": MLPClassifier(hidden_layer_sizes=(8,), max_epochs=2),
            },
            cv=2,
            random_state=0,
        ),
        BiasSearchRegressor(
            {
                "MLP": MLPRegressor(max_epochs=15),
                "narrow": MLPRegressor(hidden_layer_sizes=(8,), max_epochs=2),
            },
            cv=2,
            random_state=0,
        ),
    ]
)
@IGNORES_CONVERGENCE
def test_sklearn_check(estimator: Any, check: Any) -> None:
    estimator = clone(estimator)
    name = getattr(check, "func", check).__name__
    if name.startswith("check_sample_weight_equivalence"):  # holds within one batch, to 1e-7
        for member in estimator.estimators.values():
            member.set_params(dtype="float64", batch_size=1_000_000, lr=1e-2)
    check(estimator)


@pytest.fixture(scope="module")
def search() -> Any:
    return BiasSearchClassifier(CLASSIFIERS, random_state=0).fit(X, y)


def test_out_of_fold_predictions_are_those_of_cross_val_predict(search):
    folds = search.result_.cells.query("estimator == 'linear'")
    assert folds["fold"].tolist() == [0, 1, 2, 3, 4]
    cv = GroupKFold(5)  # ready-made folds, so that both functions have the same
    groups = np.arange(len(y)) // 3
    fitted = BiasSearchClassifier(CLASSIFIERS, cv=cv, random_state=0).fit(X, y, groups=groups)
    for name, weight in fitted.weights_.items():
        if weight > 0:
            expected = cross_val_predict(
                CLASSIFIERS[name], X, y, groups=groups, cv=cv, method="predict_proba"
            )
            np.testing.assert_allclose(fitted.result_.probabilities[name], expected, atol=1e-6)


def test_an_estimator_that_is_clearly_worse_stops_after_three_folds(search):
    folds = search.result_.cells.groupby("estimator").size()
    assert folds["dummy"] == 3
    assert folds[search.best_name_] == 5
    assert search.weights_["dummy"] == search.choice_probability_["dummy"] == 0
    assert "dummy was dropped after 3 folds." in search.result_.verdict()
    assert search.result_.predictions["dummy"].isna().sum() == 60
    assert np.isnan(search.cv_results_["split4_test_score"][3])


def test_probabilities_are_the_weighted_mean_of_the_members(search):
    expected = np.zeros((len(X), 3))
    for name, weight in search.weights_.items():
        if weight > 0:
            alone = clone(CLASSIFIERS[name]).fit(X, y).predict_proba(X)
            logits = np.log(np.maximum(alone, 1e-12)) / search.temperatures_[name]
            expected += weight * softmax(logits, axis=1)
    got = search.predict_proba(X)
    np.testing.assert_allclose(got, expected, atol=1e-6)
    np.testing.assert_allclose(got.sum(axis=1), 1)
    np.testing.assert_array_equal(search.predict(X), search.classes_[got.argmax(axis=1)])
    np.testing.assert_allclose(np.exp(search.predict_log_proba(X)), got)


def test_weights_and_probabilities_of_the_choice_sum_to_one(search):
    assert [*search.weights_] == [*search.choice_probability_] == [*CLASSIFIERS]
    assert sum(search.weights_.values()) == pytest.approx(1)
    assert sum(search.choice_probability_.values()) == pytest.approx(1)
    assert search.weights_[search.best_name_] > 0
    assert search.best_estimator_ is search.estimators_[search.best_name_]
    assert {*search.estimators_} == {name for name, w in search.weights_.items() if w > 0}


def test_the_mixture_has_no_larger_loss_than_any_member(search):
    members = search.result_.members
    assert search.result_.loss <= members["loss"].min() + 1e-12
    rows = [name for name, weight in search.weights_.items() if weight > 0]
    mixture = sum(
        search.weights_[name]
        * at_temperature(search.result_.probabilities[name].to_numpy(), search.temperatures_[name])
        for name in rows
    )
    assert log_loss(y, mixture) == pytest.approx(search.result_.loss)


def test_a_search_is_a_row_of_a_comparison_and_of_cross_validation():
    candidates = {"dummy": DummyClassifier(), "search": BiasSearchClassifier(CLASSIFIERS, cv=3)}
    result = compare_biases(X, y, candidates, cv=3, random_state=0)
    assert result.to_frame().loc["search", "score"] > 0.9
    assert result.to_frame().loc["search", "assumption"] == "what the data show, a mixture"
    groups = np.arange(len(y)) // 3
    scores = cross_val_score(
        BiasSearchRegressor(REGRESSORS, cv=3, random_state=0),
        *load_diabetes(return_X_y=True),
        cv=3,
    )
    assert scores.mean() > 0.4
    grouped = compare_biases(X, y, candidates, cv=3, groups=groups, random_state=0)
    assert grouped.to_frame().loc["search", "score"] > 0.9


@IGNORES_CONVERGENCE
def test_networks_of_this_package_are_mixed():
    series, classes = textures(120, 20)
    members = {"MLP": MLPClassifier(max_epochs=5), "Conv": ConvClassifier(max_epochs=15)}
    fitted = BiasSearchClassifier(members, cv=3, random_state=0).fit(series, classes)
    assert fitted.best_name_ == "Conv"
    assert fitted.weights_["Conv"] > 0.8
    assert fitted.n_parameters_ == sum(e.n_parameters_ for e in fitted.estimators_.values())
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_allclose(again.predict_proba(series), fitted.predict_proba(series), atol=1e-6)


def test_the_result_shows_the_weights(search, tmp_path):
    page = search.result_.to_html(tmp_path / "page.html").read_text()
    assert "Weights of the mixture" in page
    assert search.result_.verdict().startswith("The weights of the mixture are ")
    assert f"{max(search.weights_.values()):.2f}" in str(search.result_)
    assert search.result_.to_dict()["members"][0]["estimator"] == "linear"


def test_a_failed_member_is_left_out():
    members = {"fails": FailsOnFirstSample(), "linear": LogisticRegression(max_iter=1000)}
    members["fails"].predict_proba = None
    with pytest.warns(FitFailedWarning, match="fails is left out, as a fit failed: RuntimeError"):
        fitted = BiasSearchClassifier(members, random_state=0).fit(X, y)
    assert fitted.weights_ == {"fails": 0.0, "linear": 1.0}


def test_a_class_that_training_parts_lack_has_a_probability():
    classes = np.where(np.arange(len(y)) == 7, 9, y)
    members = {"linear": LogisticRegression(max_iter=1000), "bayes": GaussianNB()}
    with pytest.warns(UserWarning, match="least populated class"):
        fitted = BiasSearchClassifier(members, random_state=0).fit(X, classes)
    assert fitted.predict_proba(X).shape == (len(X), 4)


@pytest.mark.parametrize(
    ("search", "target", "error", "message"),
    [
        (BiasSearchClassifier([GaussianNB()]), y, TypeError, "a dict of estimators by name"),
        (BiasSearchClassifier({"r": Ridge()}), y, TypeError, "needs estimators for classification"),
        (BiasSearchRegressor({"c": GaussianNB()}), y, TypeError, "estimators for regression"),
        (BiasSearchClassifier({"svm": LinearSVC()}), y, TypeError, "CalibratedClassifierCV"),
        (BiasSearchClassifier(CLASSIFIERS), np.c_[y > 0, y > 1] * 1, ValueError, "one value a"),
        (BiasSearchClassifier({}), y, ValueError, "estimators is empty"),
        (
            BiasSearchClassifier(biases("classification", target="position")),
            y,
            ValueError,
            "predicts at positions",
        ),
    ],
)
def test_what_cannot_be_mixed_is_refused_before_training(search, target, error, message):
    with pytest.raises(error, match=message):
        search.fit(X, target)


def test_temperature_scaling_finds_the_temperature_of_the_labels():
    random = np.random.default_rng(0)
    logits = random.normal(size=(20000, 4))
    logits -= logits.mean(axis=1, keepdims=True)
    codes = (logits + random.gumbel(size=logits.shape)).argmax(axis=1)
    assert fitted_temperature(softmax(3 * logits, axis=1), codes) == pytest.approx(3, rel=0.1)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.floats(0.05, 20))
def test_a_temperature_keeps_the_order_of_classes(seed, temperature):
    probability = np.random.default_rng(seed).dirichlet(np.ones(4), size=5)
    scaled = at_temperature(probability, temperature)
    np.testing.assert_allclose(scaled.sum(axis=1), 1)
    np.testing.assert_array_equal(scaled.argmax(axis=1), probability.argmax(axis=1))
    np.testing.assert_allclose(at_temperature(probability, 1.0), probability)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_greedy_weights_are_no_worse_than_any_member(seed, n_members):
    responses = np.random.default_rng(seed).uniform(0.01, 1, size=(n_members, 40))
    weights = greedy_weights(responses, log_loss_of)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    mixture = log_loss_of(weights @ responses).mean()
    assert mixture <= log_loss_of(responses).mean(axis=1).min() + 1e-12


def test_greedy_weights_come_close_to_the_best_of_all():
    """Two unbiased predictions of variances 1 and 4 mix best with 0.8 and 0.2."""
    random = np.random.default_rng(0)
    errors = random.normal(size=(2, 20000)) * [[1], [2]]
    weights = greedy_weights(errors, np.square)
    np.testing.assert_allclose(weights, [0.8, 0.2], atol=0.03)


def test_the_probability_of_a_choice_is_that_of_the_bootstrap():
    random = np.random.RandomState(0)
    better = np.zeros((2, 100))
    better[1] = 1
    np.testing.assert_array_equal(choice_probability(better, random), [1, 0])
    even = random.normal(size=(2, 400))
    even[1] += even[0].mean() - even[1].mean()
    assert 0.4 < choice_probability(even, random)[0] < 0.6
    # Each of a few groups favours one of two: whole groups make the choice less sure.
    groups = np.repeat(np.arange(6), 50)
    losses = np.array([np.zeros(300), np.where(groups < 2, -1.0, 0.7)])
    losses += 0.1 * random.normal(size=losses.shape)
    assert choice_probability(losses, random)[0] > 0.6
    assert (
        choice_probability(losses, random, groups)[0] < choice_probability(losses, random)[0] - 0.1
    )


def test_the_same_seed_gives_the_same_search():
    first, second = (
        BiasSearchClassifier(CLASSIFIERS, cv=3, random_state=1).fit(X, y) for _ in range(2)
    )
    assert first.weights_ == second.weights_
    pd.testing.assert_frame_equal(first.result_.members, second.result_.members)


def test_a_classifier_without_probabilities_can_be_wrapped():
    members = {"svm": CalibratedClassifierCV(LinearSVC(), cv=2), "bayes": GaussianNB()}
    assert BiasSearchClassifier(members, cv=2, random_state=0).fit(X, y).score(X, y) > 0.9
