"""The diagnosis stands before the comparison, and the comparison says whether it was right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ibestimators import (
    ConvClassifier,
    MLPClassifier,
    TextTokenizer,
    compare_biases,
    table_pipeline,
)
from ibestimators.datasets import load_mnist1d

X, y = load_mnist1d(return_X_y=True)
X, y = X[:120], y[:120]


def test_the_comparison_confirms_or_corrects_the_diagnosis(tmp_path):
    patterns = {"Conv": ConvClassifier(max_epochs=8), "dummy": DummyClassifier()}
    result = compare_biases(X, y, patterns, diagnose=True, random_state=0)
    assert result.diagnosis.bias == "Conv"
    assert repr(result).startswith("Diagnosis: ConvClassifier(readout='mean') as a first guess")
    assert "The comparison confirms the diagnosis: Conv" in result.verdict()
    assert "without the parameters that the diagnosis suggests: readout='mean'." in result.verdict()
    page = result.to_html(tmp_path / "page.html").read_text()
    assert "The diagnosis used the labels of all samples" in page
    assert "cyclic shifts" in page
    assert "diagnosis" in result.to_dict()


def test_seeds_and_groups_are_those_of_the_comparison():
    random = np.random.default_rng(0)
    table, labels = random.normal(size=(60, 4)), np.arange(60) % 2
    groups = np.repeat(np.arange(30), 2)
    estimators = {"MLP": MLPClassifier(max_epochs=1), "linear": LogisticRegression()}
    options = {"groups": groups, "random_state": 0}
    with_it, without = (
        compare_biases(table, labels, estimators, diagnose=d, **options) for d in (True, False)
    )
    assert with_it.diagnosis.symmetries.n_samples == 30
    assert without.diagnosis is None
    assert "iagnosis" not in repr(without)
    np.testing.assert_allclose(with_it.cells["score"], without.cells["score"])


def test_a_bias_that_was_not_compared_is_not_judged():
    others = {"linear": LogisticRegression(), "dummy": DummyClassifier()}
    result = compare_biases(X.reshape(120, -1), y, others, diagnose=True, random_state=0)
    assert "which was not compared with others" in result.verdict()


def test_a_worse_guess_is_corrected():
    random = np.random.default_rng(0)
    table, labels = random.normal(size=(100, 3)), np.arange(100) % 2
    table[:, 0] += 4 * labels
    estimators = {"MLP": DummyClassifier(), "linear": LogisticRegression()}
    result = compare_biases(table, labels, estimators, diagnose=True, random_state=0)
    if result.diagnosis.bias != "MLP":
        pytest.skip("the diagnosis suggests another bias")
    assert "The comparison corrects the diagnosis: linear does better" in result.verdict()


def test_the_estimator_with_the_suggested_parameters_is_judged():
    models = {
        "Conv": ConvClassifier(max_epochs=8),
        "first guess": ConvClassifier(readout="mean", max_epochs=1),
    }
    result = compare_biases(X, y, models, diagnose=True, random_state=0)
    assert "The comparison corrects the diagnosis: Conv does better than first guess" in str(result)
    assert "without the parameters" not in result.verdict()


def test_words_and_gaps_are_encoded_as_in_a_pipeline():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=40), "city": random.choice(["x", "z"], 40)})
    frame.loc[3, "a"] = np.nan
    models = {"MLP": table_pipeline(MLPClassifier(max_epochs=1)), "dummy": DummyClassifier()}
    result = compare_biases(frame, np.arange(40) % 2, models, diagnose=True, random_state=0)
    assert result.diagnosis.symmetries.n_samples == 40
    texts = pd.Series(["a good day", "bad"] * 20, index=range(40, 80))
    models = {"MLP": make_pipeline(TextTokenizer(), MLPClassifier(max_epochs=1))}
    result = compare_biases(texts, np.arange(40) % 2, models, diagnose=True, random_state=0)
    assert result.diagnosis.kind == "tokens"


def test_answers_at_positions_are_refused_before_the_training():
    steps = (X[..., 0] > 0).astype(int)
    models = {"Conv": ConvClassifier(target="position"), "MLP": MLPClassifier(target="position")}
    with pytest.raises(ValueError, match="diagnose=True needs one answer a sample"):
        compare_biases(X, steps, models, cv=3, diagnose=True)
