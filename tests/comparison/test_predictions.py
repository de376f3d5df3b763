"""Out-of-fold predictions: those of scikit-learn, made once, kept by the cache."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import IRIS, FailsOnFirstSample
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, PredictionErrorDisplay, recall_score
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KernelDensity, KNeighborsClassifier
from sklearn.svm import LinearSVC

from ibestimators import MLPClassifier, biases, compare_biases
from ibestimators.comparison._predictions import predictions_of, remembering

X, y = IRIS
NAMES = np.array(["setosa", "versicolor", "virginica"])[y]
CV = StratifiedKFold(4, shuffle=True, random_state=0)
CALLS: Counter[str] = Counter()


class Counts(GaussianNB):
    """Counts the calls of its methods."""

    def predict(self, X: Any) -> Any:
        CALLS[f"predict {len(X)}"] += 1
        return super().predict(X)

    def predict_proba(self, X: Any) -> Any:
        CALLS[f"predict_proba {len(X)}"] += 1
        return super().predict_proba(X)


@pytest.fixture(scope="module")
def candidates() -> dict[str, Any]:
    return {
        "net": MLPClassifier(max_epochs=10, random_state=0),
        "bayes": GaussianNB(),
        "svm": LinearSVC(random_state=0),
    }


@pytest.fixture(scope="module")
def result(candidates: dict[str, Any]) -> Any:
    return compare_biases(X, NAMES, candidates, cv=CV, random_state=0)


@pytest.mark.parametrize("name", ["net", "bayes", "svm"])
def test_predictions_are_those_of_cross_val_predict(result, candidates, name):
    expected = cross_val_predict(candidates[name], X, NAMES, cv=CV)
    assert (result.predictions[name] == expected).mean() > 0.99  # ties of a float32
    if name == "svm":
        assert name not in result.probabilities
        return
    expected = cross_val_predict(candidates[name], X, NAMES, cv=CV, method="predict_proba")
    np.testing.assert_allclose(result.probabilities[name], expected, atol=1e-5)
    assert result.probabilities[name].columns.tolist() == [*np.unique(NAMES)]


def test_errors_agree_with_the_scores(result):
    scores = result.cells.pivot(index="fold", columns="estimator", values="score")
    errors = result.sample_errors(NAMES)
    for fold, (_, test) in enumerate(CV.split(X, NAMES)):
        for name in errors:
            assert 1 - errors[name].iloc[test].mean() == pytest.approx(scores[name][fold])


def test_errors_by_class_are_one_minus_recall(result):
    by_class = result.sample_errors(NAMES).groupby(NAMES).mean()
    for name in by_class:
        recall = recall_score(NAMES, result.predictions[name], average=None)
        np.testing.assert_allclose(1 - by_class[name], recall)


def test_disagreements_are_the_samples_that_some_get_right(result):
    frame = result.disagreements(NAMES)
    right = result.predictions.eq(NAMES, axis=0)
    assert {*frame.index} == {*np.flatnonzero(right.any(axis=1) & ~right.all(axis=1))}
    for i, row in frame.iterrows():
        assert row["best"] == tuple(right.columns[right.loc[i]])
        assert row["y"] == NAMES[i]


def test_scikit_learns_displays_take_them(result):
    display = ConfusionMatrixDisplay.from_predictions(NAMES, result.predictions["bayes"])
    assert display.confusion_matrix.sum() == len(NAMES)
    CalibrationDisplay.from_predictions(
        NAMES == "virginica", result.probabilities["bayes"]["virginica"], n_bins=5
    )
    plt.close("all")


def test_numbers_have_residuals():
    X, y = load_diabetes(return_X_y=True)
    folds = KFold(4, shuffle=True, random_state=0)
    result = compare_biases(X, y, {"linear": LinearRegression()}, cv=folds)
    expected = cross_val_predict(LinearRegression(), X, y, cv=folds)
    np.testing.assert_allclose(result.predictions["linear"], expected)
    np.testing.assert_allclose(result.sample_errors(y)["linear"], np.abs(expected - y))
    assert result.probabilities is None
    PredictionErrorDisplay.from_predictions(y, result.predictions["linear"])
    plt.close("all")


def test_several_numbers_have_a_column_each():
    X, y = load_diabetes(return_X_y=True)
    y = np.column_stack([y, -2 * y])
    result = compare_biases(X, y, {"linear": LinearRegression()}, cv=KFold(4))
    expected = cross_val_predict(LinearRegression(), X, y, cv=KFold(4))
    assert result.predictions.columns.tolist() == [("linear", 0), ("linear", 1)]
    np.testing.assert_allclose(result.predictions, expected)
    np.testing.assert_allclose(result.sample_errors(y), np.abs(expected - y))
    with pytest.raises(ValueError, match="one value a sample is needed"):
        result.disagreements(y)


def test_a_failed_fold_has_no_prediction():
    candidates = {"fails": FailsOnFirstSample(), "linear": LogisticRegression(max_iter=1000)}
    result = compare_biases(X, y, candidates, cv=CV)
    tested = next(test for _, test in CV.split(X, y) if 0 in test)
    predicted = result.predictions["fails"].notna()
    assert {*np.flatnonzero(predicted)} == {*tested}
    assert result.sample_errors(y)["fails"].notna().equals(predicted)
    assert result.predictions["linear"].notna().all()


def test_of_repeats_the_first_prediction_is_kept():
    first = compare_biases(X, y, {"bayes": GaussianNB()}, random_state=0)
    more = compare_biases(X, y, {"bayes": GaussianNB()}, n_repeats=3, random_state=0)
    pd.testing.assert_frame_equal(first.predictions, more.predictions)


def test_nothing_is_predicted_twice():
    CALLS.clear()
    compare_biases(X, y, {"counts": Counts()}, cv=CV, scoring=["accuracy", "neg_log_loss"])
    in_test = {k: n for k, n in CALLS.items() if k.endswith(("37", "38"))}
    assert sum(n for k, n in in_test.items() if k.startswith("predict ")) == 4
    assert sum(n for k, n in in_test.items() if k.startswith("predict_proba")) == 4
    est = Counts().fit(X, y)
    before = dict(vars(est))
    CALLS.clear()
    with remembering(est, X):
        est.score(X, y)
        predictions_of(est, X, np.unique(y))
    assert CALLS == {"predict 150": 1, "predict_proba 150": 1}
    assert vars(est) == before


def test_the_cache_keeps_them(tmp_path):
    def compare() -> Any:
        return compare_biases(
            X, NAMES, {"k": KNeighborsClassifier()}, cache=tmp_path, random_state=0
        )

    first = compare()
    second = compare()
    pd.testing.assert_frame_equal(first.predictions, second.predictions)
    pd.testing.assert_frame_equal(first.probabilities, second.probabilities)
    for path in tmp_path.glob("*.json"):  # as a version without them wrote it
        cell = json.loads(path.read_text())
        path.write_text(
            json.dumps({k: v for k, v in cell.items() if k[:4] not in ("pred", "prob")})
        )
    pd.testing.assert_frame_equal(compare().predictions, first.predictions)


def test_several_labels_are_predicted_too():
    labels = np.column_stack([y > 0, y > 1]).astype(int)
    result = compare_biases(X, labels, {"k": KNeighborsClassifier()}, cv=KFold(3, shuffle=True))
    accuracy = 1 - result.sample_errors(labels).max(axis=1).mean()
    assert accuracy == pytest.approx(result.cells["score"].mean())


def test_there_are_none_where_there_is_not_one_value_a_sample():
    series = np.random.default_rng(0).normal(size=(20, 6, 1))
    at_steps = (series[..., 0] > 0).astype(int)
    candidates = biases("classification", target="position", max_epochs=1)
    result = compare_biases(series, at_steps, {"MLP": candidates["MLP"]}, cv=2, random_state=0)
    assert result.predictions is None
    with pytest.raises(ValueError, match="holds no predictions"):
        result.sample_errors(at_steps)
    result = compare_biases(X, None, {"density": KernelDensity()}, cv=KFold(2, shuffle=True))
    assert result.predictions is None


def test_a_y_of_another_length_is_refused(result):
    with pytest.raises(ValueError, match="y has 10 samples, but the predictions are of 150"):
        result.sample_errors(NAMES[:10])


def test_json_leaves_them_out(result):
    assert not {"predictions", "probabilities"} & {*result.to_dict()}
