"""Tables with gaps, words and dates in front of any estimator, and of all five biases."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from conftest import ESTIMATORS, optional
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

import ibestimators
from ibestimators import MLPClassifier, structure_importance, table_pipeline
from ibestimators.tables import encoding_of, needs_encoding

N = 40


def messy(seed=0):
    rng = np.random.default_rng(seed)
    days = pd.date_range("2020-01-01", periods=N, freq="D")
    return pd.DataFrame(
        {
            "number": rng.normal(size=N),
            "gaps": np.where(np.arange(N) % 5 == 0, np.nan, rng.normal(size=N)),
            "colour": rng.choice(["red", "blue", None], N),
            "flag": rng.random(N) < 0.5,
            "nullable": pd.array([True, None] * (N // 2), dtype="boolean"),
            "count": pd.array([1, None, 3, 4] * (N // 4), dtype="Int64"),
            "arrow": pd.array(rng.integers(0, 5, N), dtype="int64[pyarrow]"),
            "kind": pd.Categorical(rng.choice(["p", "q", "r"], N)),
            "day": days,
            "written": days.strftime("%Y-%m-%d"),
            "remark": [f"remark {i} on case {i % 7}" for i in range(N)],
            "one": "same",
            "empty": None,
        }
    )


@pytest.mark.parametrize("name", ESTIMATORS)
def test_all_read_a_messy_table_and_unseen_words(name):
    X = messy()
    y = (X["number"] > 0).astype(int) if name.endswith("Classifier") else X["number"]
    model = table_pipeline(getattr(ibestimators, name)(max_epochs=1, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y)
        others = messy(1).assign(colour="green", kind=None, number=np.nan)
        assert np.isfinite(model.predict(others)).all()


def test_polars_gives_what_pandas_gives():
    polars = optional("polars")
    X = messy()[["number", "gaps", "colour", "remark"]]
    y = (X["number"] > 0).to_numpy()
    theirs = polars.DataFrame({name: column.tolist() for name, column in X.items()}, strict=False)
    theirs = theirs.with_columns(polars.col("gaps").fill_nan(None))
    expected, got = (table_pipeline(LogisticRegression()).fit(T, y)[:-1] for T in (X, theirs))
    np.testing.assert_allclose(got.transform(theirs), expected.transform(X), atol=1e-5)


def test_the_encoding_is_learned_from_training_folds_alone():
    """A mean of all rows would tell the training rows of an outlier in the test row."""
    X = pd.DataFrame({"a": [np.nan, 1.0, 1.0, 1.0, 1e9]})
    folds = [(np.arange(4), np.array([4])), (np.arange(4), np.array([0]))]
    seen = []

    class Spy(LogisticRegression):
        def fit(self, X, y):
            seen.append(np.asarray(X))
            return super().fit(X, y)

    model = table_pipeline(Spy())
    for train, test in folds:
        model.fit(X.iloc[train], [0, 1, 0, 1]).predict(X.iloc[test])
    assert max(values.max() for values in seen) == 1


def test_importance_names_the_columns_of_the_table():
    X = messy().drop(columns=["remark"])
    y = np.array(["low", "high"])[(X["number"] > 0).astype(int)]
    model = table_pipeline(MLPClassifier(max_epochs=20, random_state=0)).fit(X, y)
    result = structure_importance(model, X, y, random_state=0)
    frame = result.to_frame()
    assert set(frame.index) == set(X.columns)
    assert frame["importance"].idxmax() == "number"


def test_the_pipeline_is_deterministic_and_clones():
    X = messy()
    y = (X["number"] > 0).to_numpy()
    first, second = (
        cross_val_predict(
            table_pipeline(MLPClassifier(max_epochs=2, random_state=0)),
            X,
            y,
            cv=2,
            method="predict_proba",
        )
        for _ in range(2)
    )
    np.testing.assert_allclose(first, second, atol=1e-5)


def test_what_will_be_done_is_said():
    X = messy()
    assert needs_encoding(X)
    assert encoding_of(X) == "7 columns of 13 encoded, gaps in 5 filled"
    assert not needs_encoding(X[["number", "flag", "arrow"]])


def test_a_package_is_imported_at_the_first_use():
    import subprocess
    import sys

    code = "import sys, ibestimators.tables; assert 'skrub' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
