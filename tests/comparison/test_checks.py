"""Each check fires where something is amiss, and is silent where nothing is."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from conftest import IRIS
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold, KFold, cross_val_score
from sklearn.naive_bayes import GaussianNB

from ibestimators import MLPClassifier, compare_biases
from ibestimators.comparison._checks import CHECKS
from ibestimators.comparison._data_facts import DataFacts, _keys
from ibestimators.report import Paragraph

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(120, 4))
y = (X[:, 0] + 0.3 * RANDOM.normal(size=120) > 0).astype(int)
TWO = {"normal": GaussianNB(), "linear": LogisticRegression()}


def codes(X=X, y=y, estimators=TWO, **options):
    return [*compare_biases(X, y, estimators, **{"random_state": 0, **options}).checks().index]


def test_nothing_is_found_in_sound_data():
    result = compare_biases(X, y, TWO, random_state=0)
    assert result.checks().empty
    assert [*result.checks().columns] == ["finding", "documentation"]
    assert "Check" not in repr(result)
    (section,) = [section for section in result._sections() if section.heading == "Checks"]
    assert section.blocks == [Paragraph("No check found a problem.")]


def test_every_check_has_its_section_in_the_documentation():
    page = (Path(__file__).parents[2] / "docs" / "checks.md").read_text()
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == [*CHECKS]


def test_findings_are_printed_and_on_the_page():
    result = compare_biases(X, y > 9, {"dummy": DummyClassifier()}, cv=KFold(3))
    found = result.checks()
    assert {"imbalance", "folds"} <= {*found.index}
    assert found.loc["imbalance", "documentation"].endswith("docs/checks.md#imbalance")
    assert "Check [imbalance]: " in repr(result)
    assert "Check [folds]" not in repr(result)  # the verdict says it
    section = next(section for section in result._sections() if section.heading == "Checks")
    assert ("imbalance", found.loc["imbalance", "finding"]) in section.blocks[0].pairs


def test_chance_level_is_that_of_scikit_learns_dummy():
    result = compare_biases(X, y, TWO, cv=KFold(5), scoring="balanced_accuracy")
    expected = cross_val_score(DummyClassifier(), X, y, cv=KFold(5), scoring="balanced_accuracy")
    assert result.data.chance == pytest.approx(expected.mean())
    assert result.data.majority_rate == max(y.mean(), 1 - y.mean())
    facts = dict(result._data_facts())
    assert facts["chance level"] == f"balanced_accuracy {result.data.chance:.3f} without X"


@pytest.mark.parametrize("scoring", ["roc_auc", "neg_log_loss", ["accuracy", "f1"], None])
def test_chance_level_of_other_scores(scoring):
    result = compare_biases(X, y, TWO, scoring=scoring, random_state=0)
    assert result.data.chance < result.to_frame()["score"].min()


def test_a_score_that_needs_x_has_no_chance_level():
    def score(estimator, X, y):
        return balanced_accuracy_score(y, estimator.predict(X) * (X[:, 3] < 9))

    assert np.isnan(compare_biases(X, y, TWO, scoring=score, random_state=0).data.chance)


def test_chance():
    noise = np.random.RandomState(1).permutation(y)
    assert codes(y=noise).count("chance") == 2
    assert "chance" not in codes(y=noise, estimators={"dummy": DummyClassifier()})
    numbers = X @ [1.0, 2, 3, 4]
    assert "chance" not in codes(y=numbers, estimators={"linear": LinearRegression()})
    mean = {"constant": DummyRegressor(), "linear": LinearRegression()}
    assert "chance" in codes(y=np.random.RandomState(1).normal(size=120), estimators=mean)


def test_training():
    few = {"net": MLPClassifier(max_epochs=1, lr=1e-4)}
    assert "training" in codes(estimators=few)
    assert "training" not in codes(estimators={"net": MLPClassifier(max_epochs=30)})


def test_folds():
    assert "folds" in codes(cv=3)
    assert "folds" not in codes(cv=4)


def test_power():
    assert "power" in codes(X[:30], y[:30], cv=5)
    many = np.random.RandomState(0).normal(size=(2000, 2))
    assert "power" not in codes(many, (many[:, 0] > 0).astype(int))


def test_classes():
    rare = np.where(np.arange(120) < 3, "rare", np.where(y, "a", "b"))
    found = compare_biases(X, rare, TWO, cv=KFold(4), random_state=0).checks()
    assert found.loc["classes", "finding"].tolist() == [
        "Class 'rare' is missing in the training part of 1 fold. Use fewer folds, or stratified "
        "ones.",
        "Class 'rare' is missing in the test part of 3 folds. Use fewer folds, or stratified ones.",
    ]
    assert "classes" not in codes()


def test_imbalance():
    rare = (np.arange(120) % 11 == 0).astype(int)  # 91 : 9
    assert "imbalance" in codes(y=rare)
    assert "imbalance" not in codes(y=rare, scoring="balanced_accuracy")
    assert "imbalance" not in codes()


def as_lists(X):
    return [*X]


def as_texts(X):
    return [" ".join(f"{v:.3f}" for v in row) for row in X]


class Constant(ClassifierMixin, BaseEstimator):
    """Reads anything."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(X.shape[0] if hasattr(X, "shape") else len(X), self.classes_[0])


@pytest.mark.parametrize("form", [np.asarray, pd.DataFrame, sparse.csr_matrix, as_lists, as_texts])
def test_duplicates(form):
    copied = np.concatenate([X, X[:20]])
    own = {"constant": Constant()}
    assert "duplicates" in codes(form(copied), np.concatenate([y, y[:20]]), own)
    assert "duplicates" not in codes(form(X), y, own)
    together = np.concatenate([np.arange(120), np.arange(20)])
    assert "duplicates" not in codes(
        form(copied), np.concatenate([y, y[:20]]), own, groups=together
    )


def test_share_of_duplicates():
    twice, labels = np.concatenate([X, X]), np.concatenate([y, y])
    halves = [(np.arange(120), np.arange(120, 240))]
    assert compare_biases(twice, labels, TWO, cv=halves).data.duplicates == 1


def test_near_duplicates():
    shaken = X[:40] + 1e-4 * RANDOM.normal(size=(40, 4))
    found = compare_biases(
        np.concatenate([X, shaken]), np.concatenate([y, y[:40]]), TWO, random_state=0
    ).checks()
    assert "nearly equal" in found.loc["duplicates", "finding"]
    wide = RANDOM.normal(size=(200, 100))
    assert "duplicates" not in codes(wide, y[np.arange(200) % 120])


def test_graphs_of_equal_nodes_are_no_duplicates():
    assert _keys([nx.path_graph(4), nx.star_graph(3)]) is None


def test_ids():
    numbered = np.column_stack([X, np.arange(120)])
    result = compare_biases(numbered, y, TWO, random_state=0)
    assert result.data.id_columns == ("column 4",)
    assert "ids" in result.checks().index
    shuffled = np.column_stack([X, RANDOM.permutation(120) + 5000])
    assert "ids" in codes(shuffled)
    own = {"constant": Constant()}
    named = pd.DataFrame(X).assign(sample=[f"S{i}" for i in range(120)])
    assert "ids" in codes(named, estimators=own)
    counts = np.column_stack([X, RANDOM.randint(0, 50, 120)])  # repeated integers
    assert "ids" not in codes(counts)
    sparse_numbers = np.column_stack([X, RANDOM.permutation(10**6)[:120]])
    assert "ids" not in codes(sparse_numbers)


def test_groups():
    own = {"constant": Constant()}
    subjects = RANDOM.randint(0, 8, 120)
    named = pd.DataFrame(X).assign(subject_id=subjects)
    assert "groups" in codes(named, estimators=own)
    assert "groups" not in codes(named, estimators=own, groups=subjects)
    kept = [*GroupKFold(4).split(X, y, subjects)]
    assert "groups" not in codes(named, estimators=own, cv=kept)
    assert "groups" not in codes(named.rename(columns={"subject_id": "age"}), estimators=own)


def test_blocks_of_rows_are_groups():
    own = {"constant": Constant()}
    blocks = np.column_stack([X, np.repeat(np.arange(8), 15)])
    assert "groups" in codes(blocks, estimators=own)
    shuffled = np.column_stack([X, RANDOM.permutation(np.repeat(np.arange(8), 15))])
    assert "groups" not in codes(shuffled, estimators=own)


def test_time():
    own = {"constant": Constant()}
    days = pd.date_range("2020-01-01", periods=120)
    dated = pd.DataFrame(X).assign(day=days)
    assert "time" in codes(dated, estimators=own)
    assert "time" not in codes(dated, estimators=own, time=days)


def test_spread():
    groups = np.repeat(np.arange(4), 30)
    turned = np.where(groups == 3, 1 - y, y)  # one site with labels that mean the opposite
    assert "spread" in codes(y=turned, groups=groups, cv=4)
    assert "spread" not in codes(groups=groups, cv=4)


def test_parameters():
    sizes = {
        "small": MLPClassifier(hidden_layer_sizes=(2,), max_epochs=2),
        "large": MLPClassifier(hidden_layer_sizes=(200, 200), max_epochs=2),
    }
    assert "parameters" in codes(estimators=sizes)
    assert "parameters" not in codes(estimators=sizes, match_parameters=True)
    assert "parameters" not in codes()


def test_results_without_facts_are_checked_too():
    result = replace(compare_biases(X, y, TWO, cv=3, random_state=0), data=None)
    assert [*result.checks().index] == ["folds"]


def test_facts_are_small():
    result = compare_biases(*IRIS, TWO, random_state=0)
    assert isinstance(result.data, DataFacts)
    assert result.data.class_counts == {"0": 50, "1": 50, "2": 50}
