"""Structures that are destroyed, and which scores drop with them."""

from __future__ import annotations

import re
from collections import Counter

import networkx as nx
import numpy as np
import pytest
from conftest import textures
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ibestimators import ConvClassifier, MLPClassifier, compare_biases
from ibestimators.comparison import destroy_structure, structure_ablation
from ibestimators.comparison._statistics import resampled_interval
from ibestimators.testing import _data as kinds

NUMBER = r"[+-]\d\.\d+ ± \d\.\d+"


class Neighbours(ClassifierMixin, BaseEstimator):
    """Knows the textures."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return ((X[:, 1:] * X[:, :-1]).sum((1, 2)) > 0).astype(int)


class Contrary(Neighbours):
    """Says the other class."""

    def predict(self, X):
        return 1 - super().predict(X)


class Fragile(DummyClassifier):
    """Fails if the first sample it sees is marked."""

    def fit(self, X, y):
        if X[0, 0] == -1:
            raise RuntimeError("no luck")
        return super().fit(X, y)


def test_convolution_uses_positions_and_mlp_does_not():
    X, y = textures()
    conv = ConvClassifier(n_filters=(8, 16), max_epochs=6)
    candidates = {"MLP": MLPClassifier(max_epochs=6), "Conv": conv}
    result = structure_ablation(X, y, candidates, cv=4, random_state=0)
    frame = result.to_frame()
    assert frame.loc["Conv", "drop"] > 0.25
    assert frame.loc["Conv", "drop_low"] > 0
    assert abs(frame.loc["MLP", "drop"]) < 0.2
    drop = f"accuracy drops by {frame.loc['Conv', 'drop']:.2f} with positions in random order"
    assert f"Conv uses the order of the positions: {drop}." in repr(result)
    assert "locality, translation invariance" in repr(result)
    assert result.structures == ("positions",)


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    linear = make_pipeline(StandardScaler(), LogisticRegression())
    candidates = {"linear": linear, "dummy": DummyClassifier()}
    return structure_ablation(X, y, candidates, cv=4, random_state=0), candidates


def test_columns_mean_nothing_to_a_linear_model(iris):
    result, _ = iris
    frame = result.to_frame()
    np.testing.assert_allclose(frame["drop"], 0, atol=0.02)
    assert (
        "of linear and dummy does not drop significantly with positions in random order."
        in repr(result)
    )
    assert frame["assumption"].tolist() == ["", ""]
    assert frame.index.tolist() == ["linear", "dummy"]
    for part in (
        "accuracy, intact",
        "in random order",
        "drop",
        "4 folds",
        "Destroyed: positions in",
    ):
        assert part in repr(result)


def test_the_intact_half_is_the_comparison(iris):
    result, candidates = iris
    X, y = load_iris(return_X_y=True)
    cells = compare_biases(X, y, candidates, cv=4, random_state=0).cells
    intact = result.cells[result.cells["structure"] == "intact"]
    np.testing.assert_array_equal(intact["score"], cells["score"])
    assert Counter(result.cells["structure"]) == {"intact": 8, "positions": 8}


def test_falls_are_paired_by_fold():
    result = structure_ablation(*textures(), {"known": Neighbours()}, cv=5, random_state=0)
    scores = result.cells.pivot(index="fold", columns="structure", values="score")
    expected = resampled_interval(scores["intact"] - scores["positions"], 1 / 4)
    row = result.to_frame().iloc[0]
    assert tuple(row[["drop", "drop_low", "drop_high"]]) == pytest.approx(expected)
    assert row["intact"] == pytest.approx(scores["intact"].mean())


def test_a_rise_is_said_as_well():
    result = structure_ablation(*textures(), {"contrary": Contrary()}, cv=5, random_state=0)
    text = "contrary is better with positions in random order: accuracy rises by "
    assert text in repr(result)


@pytest.mark.parametrize(
    "make_cv",
    [
        lambda X, y: ShuffleSplit(3),  # splits anew at each call
        lambda X, y: GroupKFold(3).split(X, y, np.arange(len(y)) % 6),  # can be read once
    ],
)
def test_both_halves_have_the_same_folds(make_cv):
    X, y = load_iris(return_X_y=True)
    linear = {"linear": make_pipeline(StandardScaler(), LogisticRegression())}
    frame = structure_ablation(X, y, linear, cv=make_cv(X, y)).to_frame()
    np.testing.assert_allclose(frame["drop"], 0, atol=1e-12)


def test_random_state_decides_everything():
    X, y = textures(40)

    def scores(**kwargs):
        candidates = {"net": MLPClassifier(max_epochs=2)}
        return structure_ablation(X, y, candidates, cv=2, **kwargs).cells["score"].tolist()

    assert scores(random_state=0) == scores(random_state=0)
    generators = [np.random.RandomState(0) for _ in range(2)]
    assert scores(random_state=generators[0]) == scores(random_state=generators[1])
    before = np.random.get_state()[1].tobytes()
    scores()
    assert np.random.get_state()[1].tobytes() == before


def test_failed_fits_are_told_and_left_out_of_the_pairs():
    X, y = np.zeros((60, 2)), np.arange(60) % 2
    X[5, 0] = -1  # in the other column once destroyed
    splits = [(np.arange(start, 60), np.arange(start)) for start in (5, 6, 7)]
    seed = next(s for s in range(9) if destroy_structure(X, random_state=s)[5, 1] == -1)
    candidates = {"fragile": Fragile(), "dummy": DummyClassifier()}
    result = structure_ablation(X, y, candidates, cv=splits, random_state=seed)
    assert "fragile: 1 of 6 fits failed, in fold 1, intact: RuntimeError: no luck" in repr(result)
    assert result.cells["score"].isna().sum() == 1
    assert result.to_frame().loc["fragile", "drop"] == 0


def trees(n, with_ring):
    """Trees, or trees whose degrees stay with one more edge each."""
    random = np.random.RandomState(n)
    graphs = []
    for i in range(n):
        graph = nx.random_labeled_tree(9, seed=int(random.randint(10**6)))
        if with_ring:
            graph.add_edge(*next(e for e in nx.non_edges(graph) if i + 1))
        graphs.append(graph)
    return graphs


def test_trees_and_trees_with_a_ring_differ_by_their_number_of_edges():
    class Edges(Neighbours):
        def predict(self, X):
            return np.array([len(graph.edges) > 8 for graph in X]).astype(int)

    graphs = [*trees(24, with_ring=False), *trees(24, with_ring=True)]
    labels = np.repeat([0, 1], 24)
    candidates = {"edges": Edges(), "dummy": DummyClassifier()}
    result = structure_ablation(graphs, labels, candidates, cv=4, random_state=0)
    assert result.to_frame().loc["edges", "drop"] == 0
    assert result.to_frame("all_edges").loc["edges", "drop"] == 0.5
    assert "edges uses how many edges there are" in result.verdict()
    assert "drops by 0.50 without edges." in result.verdict()
    assert (
        "of dummy does not drop significantly with edges rewired or without edges."
        in result.verdict()
    )
    assert len(result.plot().ax_.texts) == 4
    alone = structure_ablation(graphs, labels, candidates, structure="edges", cv=4, random_state=0)
    assert alone.structures == ("edges",)
    with pytest.raises(ValueError, match="structure='all_edges' was not destroyed; there is edges"):
        alone.to_frame("all_edges")
    bare = destroy_structure(graphs, "all_edges")
    assert all(not graph.edges and len(graph) == 9 for graph in bare)


@pytest.mark.parametrize("kind", ["ragged", "tokens", "networkx", "adjacency", "edge_index"])
def test_every_kind_can_be_ablated(kind):
    X, y = kinds.KINDS[kind](), kinds.targets("classifier")
    result = structure_ablation(
        X, y, {"MLP": MLPClassifier(max_epochs=1)}, cv=2, scoring="balanced_accuracy"
    )
    expected = {"ragged": ("time",), "tokens": ("tokens",)}.get(kind, ("edges", "all_edges"))
    assert result.structures == expected
    assert result.scoring == "balanced_accuracy"
    assert result.to_frame()["drop"].notna().all()


def test_the_picture_has_a_line_for_each_estimator(iris):
    from matplotlib.figure import Figure

    result, _ = iris
    display = result.plot()
    labels = [tick.get_text() for tick in display.ax_.get_yticklabels()]
    assert labels == ["dummy", "linear"]  # the best on top
    ends = [line.get_xdata() for line in display.ax_.lines if len(line.get_xdata()) == 2]
    np.testing.assert_array_equal(ends[1], result.to_frame().loc["linear", ["intact", "destroyed"]])
    assert "destroyed (open) positions" in display.ax_.get_xlabel()
    assert {text.get_text() for text in display.ax_.texts} <= set(re.findall(NUMBER, repr(result)))
    assert display.figure_ is display.ax_.figure
    ax = Figure().add_subplot()
    assert result.plot(ax=ax).ax_ is ax
