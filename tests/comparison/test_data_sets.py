"""Several data sets: a comparison on each, ranks, tests and pictures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import IRIS, optional
from scipy.stats import wilcoxon
from sklearn.datasets import load_wine
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB

from ibestimators import compare_biases, compare_data_sets, compare_over_data_sets
from ibestimators.comparison import DataSetsResult


class Broken(GaussianNB):
    def fit(self, X, y):
        raise RuntimeError("no luck")


THREE = {"dummy": DummyClassifier(), "normal": GaussianNB(), "linear": LogisticRegression()}
SETTINGS = {"cv": 4, "random_state": 0}


def problem(seed):
    random = np.random.RandomState(seed)
    y = np.arange(60) % 2
    return random.normal(size=(60, 3)) + (0.5 + 0.1 * seed) * y[:, None], y


DATA = {f"set {seed}": problem(seed) for seed in range(8)}


@pytest.fixture(scope="module")
def result():
    return compare_data_sets(DATA, THREE, **SETTINGS)


def test_each_data_set_has_the_comparison_of_its_own(result):
    own = compare_biases(*DATA["set 3"], THREE, **SETTINGS)
    pd.testing.assert_series_equal(
        result.scores.loc["set 3"], own.to_frame()["score"], check_names=False
    )
    assert list(result.results) == list(DATA)


def test_ranks_and_tests_are_those_of_the_scores(result):
    frame = result.to_frame()
    ranks = compare_over_data_sets(result.scores)
    pd.testing.assert_frame_equal(frame[[*ranks]], ranks)
    gains = result.scores["linear"] - result.scores["dummy"]
    assert frame.loc["linear", "p_value"] <= 2 * wilcoxon(gains).pvalue + 1e-12
    assert frame.loc["linear", "wins"] == (gains > 0).sum()


def test_the_verdict_and_the_table(result):
    assert "on 8 data sets" in result.verdict()
    assert "does better than dummy" in result.verdict()
    assert "set 7" in repr(result)
    assert "Wilcoxon" in repr(result)


def test_the_page_has_the_differences_and_the_checks_of_each_data_set(tmp_path):
    rare = (np.arange(60) % 12 == 0).astype(int)
    data = {"even": DATA["set 0"], "rare": (DATA["set 1"][0], rare)}
    page = compare_data_sets(data, THREE, **SETTINGS).to_html(tmp_path / "a.html").read_text()
    assert "3 estimators on 2 data sets" in page
    assert "imbalance" in page
    assert "each data set (small dots)" in page


def test_groups_come_with_their_data():
    X, y = IRIS
    groups = np.arange(150) // 5
    result = compare_data_sets({"a": (X, y, groups), "b": (X, y)}, THREE, **SETTINGS)
    assert [own.design.n_groups for own in result.results.values()] == [30, 0]


def test_pictures(result):
    display = result.plot()
    assert display.ax_.get_xlabel() == "accuracy minus that of dummy"
    with pytest.raises(ValueError, match="kind must be 'differences' or 'ranks', got 'bars'"):
        result.plot(kind="bars")


def test_the_critical_difference_diagram_names_all_estimators(result):
    optional("scikit_posthocs")
    texts = " ".join(text.get_text() for text in result.plot(kind="ranks").ax_.texts)
    assert all(name in texts for name in THREE)


@pytest.mark.parametrize(
    ("data", "options", "match"),
    [
        ({"iris": IRIS}, {}, "at least two data sets"),
        ([IRIS, IRIS], {}, "at least two data sets"),
        ({"a": IRIS, "b": IRIS[0]}, {}, r"data\['b'\] must be \(X, y\) or"),
        ({"a": IRIS, "b": IRIS}, {"groups": IRIS[1]}, "Give groups with the data"),
        (
            {"a": IRIS, "b": IRIS},
            {"estimators": {"x": GaussianNB(), "bad": Broken()}},
            "'bad' has no score on 'a'. RuntimeError: no luck",
        ),
    ],
)
def test_data_of_another_form_are_refused(data, options, match):
    with pytest.raises(ValueError, match=match):
        compare_data_sets(data, **{"estimators": THREE, **SETTINGS, **options})


def test_scores_of_two_tasks_are_refused(monkeypatch):
    X, y = IRIS

    def compare(X, y, estimators, **options):
        est = LinearRegression() if y.dtype.kind == "f" else GaussianNB()
        return compare_biases(X, y, est, **options)

    monkeypatch.setattr("ibestimators.comparison._data_sets.compare_biases", compare)
    with pytest.raises(ValueError, match="score of 'b' is R², that of the first data set accuracy"):
        compare_data_sets({"a": (X, y), "b": (X, X[:, 0])}, None, **SETTINGS)


def test_names_of_biases_stand_for_all_data_sets():
    data = {"iris": IRIS, "wine": load_wine(return_X_y=True)}
    result = compare_data_sets(data, [GaussianNB(), DummyClassifier()], **SETTINGS)
    assert isinstance(result, DataSetsResult)
    assert result.baseline == "GaussianNB"
