"""The estimators inside scikit-learn's own tools, with two jobs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_validate,
    learning_curve,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from ibestimators import (
    AttentionClassifier,
    ConvClassifier,
    GraphClassifier,
    MLPClassifier,
    MLPRegressor,
    RecurrentClassifier,
)

X, y = load_digits(n_class=3, return_X_y=True)
X, y = X[:200], y[:200]
QUICK = {"max_epochs": 4, "random_state": 0}
IMAGES = {"input_shape": (8, 8, 1), **QUICK}


def test_pipeline_restores_the_structure():
    pipeline = make_pipeline(StandardScaler(), ConvClassifier(**IMAGES)).fit(X, y)
    assert pipeline[-1].sample_shape_ == (8, 8, 1)
    assert pipeline.score(X, y) > 0.95


def test_grid_search_over_parameters():
    grid = {"hidden_layer_sizes": [(1,), (32,)]}
    search = GridSearchCV(MLPClassifier(**QUICK), grid, cv=3, n_jobs=2).fit(X, y)
    assert search.best_params_ == {"hidden_layer_sizes": (32,)}
    assert search.best_score_ > search.cv_results_["mean_test_score"].min()


def test_one_grid_searches_across_biases():
    biases = [
        MLPClassifier(**QUICK),
        ConvClassifier(**IMAGES),
        RecurrentClassifier(**IMAGES),
        GraphClassifier(**IMAGES),
        AttentionClassifier(**IMAGES),
    ]
    pipeline = Pipeline([("scale", StandardScaler()), ("net", biases[0])])
    search = GridSearchCV(pipeline, {"net": biases}, cv=2, n_jobs=2).fit(X, y)
    assert len(search.cv_results_["mean_test_score"]) == 5
    assert search.score(X, y) > 0.95


def test_halving_grid_search():
    grid = {"n_filters": [(4,), (16,), (16, 16)]}
    search = HalvingGridSearchCV(
        ConvClassifier(**IMAGES),
        grid,
        cv=2,
        n_jobs=2,
        resource="max_epochs",
        min_resources=2,
        max_resources=8,
        factor=2,
        random_state=0,
    ).fit(X, y)
    assert search.score(X, y) > 0.9


def test_cross_validate_gives_the_same_with_one_job_and_two():
    estimator = AttentionClassifier(**IMAGES)
    one, two = (
        cross_validate(estimator, X, y, cv=2, n_jobs=n_jobs, scoring=["accuracy", "neg_log_loss"])
        for n_jobs in (1, 2)
    )
    for score in ("test_accuracy", "test_neg_log_loss"):
        np.testing.assert_array_equal(one[score], two[score])


def test_learning_curve():
    sizes, _, scores = learning_curve(
        MLPClassifier(max_epochs=20, random_state=0),
        X,
        y,
        train_sizes=[0.1, 1.0],
        cv=3,
        n_jobs=2,
        shuffle=True,
        random_state=0,
    )
    assert sizes[0] < sizes[1]
    assert scores[1].mean() > scores[0].mean()


def test_calibrated_classifier():
    calibrated = CalibratedClassifierCV(RecurrentClassifier(**IMAGES), cv=2, n_jobs=2).fit(X, y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(1), 1)


@pytest.mark.parametrize("ensemble", [StackingClassifier, VotingClassifier])
def test_ensembles(ensemble):
    members = [("conv", ConvClassifier(**IMAGES)), ("linear", LogisticRegression(max_iter=1000))]
    assert ensemble(members, n_jobs=2).fit(X, y).score(X, y) > 0.95


def test_transformed_target():
    X, y = load_diabetes(return_X_y=True)
    regressor = TransformedTargetRegressor(
        MLPRegressor(max_epochs=15, random_state=0), func=np.log, inverse_func=np.exp
    )
    assert cross_validate(regressor, X, y, cv=2, n_jobs=2)["test_score"].mean() > 0.2
