"""Exchanged units: the important come first, those that are ignored have importance 0."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch
from conftest import optional
from matplotlib.figure import Figure
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.datasets import load_iris
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from ibestimators import ConvClassifier, GraphClassifier, MLPClassifier, Pair, TextTokenizer
from ibestimators.inspection import (
    ImportanceDisplay,
    ImportanceResult,
    sample_importance,
    structure_importance,
)
from ibestimators.perturbations import units_of
from ibestimators.testing import _data as kinds


class Known(RegressorMixin, BaseEstimator):
    """Predicts a function of each sample; nothing is learned."""

    def __init__(self, function):
        self.function = function

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def predict(self, X):
        return np.array([self.function(x) for x in X], dtype=float)


class KnownClass(ClassifierMixin, Known):
    """Predicts a class, 0 or 1, likewise."""

    classes_ = np.arange(2)

    def predict(self, X):
        return super().predict(X).astype(int)


def importance(function, X, unit="auto", **kwargs):
    """Importances to an estimator that knows the function."""
    model = Known(function)
    kwargs = {"random_state": 0, **kwargs}
    return structure_importance(model, X, model.predict(X), unit, **kwargs)


def assert_only(result, unit, others_exactly_zero=True):
    """Only one unit has an importance."""
    frame = result.to_frame()["importance"]
    at = list(result.units).index(unit)
    assert frame.iloc[at] > 0.1
    rest = np.delete(result.importances, at, axis=0)
    np.testing.assert_allclose(rest, 0, atol=0 if others_exactly_zero else 1e-12)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# --- arrays


def test_columns_are_those_of_scikit_learn():
    X, y = load_iris(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    ours = structure_importance(model, X, y, random_state=0, n_repeats=1)
    theirs = permutation_importance(model, X, y, random_state=0, n_repeats=1)
    np.testing.assert_allclose(ours.importances, theirs.importances, atol=1e-10)
    assert ours.unit == "feature"
    assert ours.baseline_score == model.score(X, y)
    ours = structure_importance(model, X, y, random_state=0, n_repeats=40)
    theirs = permutation_importance(model, X, y, random_state=1, n_repeats=40)
    noise = np.hypot(ours.importances_std, theirs.importances_std) / np.sqrt(40)
    assert (np.abs(ours.importances_mean - theirs.importances_mean) <= 4 * noise).all()
    np.testing.assert_allclose(ours.importances_std, theirs.importances_std, rtol=0.5)


def test_columns_of_frames_keep_their_names(frame):
    X, y = load_iris(return_X_y=True, as_frame=True)
    fitted = LogisticRegression(max_iter=1000).fit(X.to_numpy(), y)
    numbers = structure_importance(fitted, X.to_numpy(), y, random_state=0)
    X = frame({name: X[name].to_numpy() for name in X})
    model = LogisticRegression(max_iter=1000).fit(X, y)
    named = structure_importance(model, X, y, random_state=0)
    assert named.units == tuple(X.columns)
    assert numbers.units == (0, 1, 2, 3)
    np.testing.assert_allclose(named.importances, numbers.importances, atol=1e-12)
    for row in (X[:1], *([X.iloc[0]] if frame is pd.DataFrame else [])):
        of_one = sample_importance(model, row, X, random_state=0)
        assert of_one.units == named.units


def test_frames_of_several_types_stay_so():
    X = pd.DataFrame({"a": [1.5, 2.5, 3.5] * 5, "b": list("xyz") * 5}, index=range(20, 35))
    seen = []
    model = Known(lambda row: seen.append(row) or row.a + len(row.b))
    rows = make_pipeline(FunctionTransformer(lambda X: list(X.itertuples(index=False))), model)
    rows.fit(X)
    result = structure_importance(rows, X, X["a"], random_state=0)
    assert_only(result, "a")
    units = units_of(X, "auto", None)
    exchanged = units.exchange(units.places[1], np.random.RandomState(0))
    assert exchanged.dtypes.tolist() == X.dtypes.tolist()
    assert exchanged.index.equals(X.index)
    assert sorted(exchanged["b"]) == sorted(X["b"])


@pytest.mark.parametrize(
    ("shape", "unit", "size", "at", "label"),
    [
        ((6,), "feature", None, np.s_[:, 2], 2),
        ((6,), "step", None, np.s_[:, 2], 2),
        ((6,), "region", 4, np.s_[:, 5], "4-5"),
        ((6, 3), "feature", None, np.s_[:, :, 1], 1),
        ((6, 3), "step", None, np.s_[:, 4], 4),
        ((6, 3), "node", None, np.s_[:, 4], 4),
        ((6, 3), "region", 2, np.s_[:, 2:4], "2-3"),
        ((4, 5, 2), "patch", 2, np.s_[:, 3, 4], "2-3, 4"),
        ((4, 5, 2), "node", None, np.s_[:, 3, 4], (3, 4)),
        ((4, 5, 2), "feature", None, np.s_[:, ..., 1], 1),
        ((2, 4, 5, 2), "patch", 3, np.s_[:, 1, 3, 2], "0-1, 3, 0-2"),
    ],
)
def test_the_only_important_unit(shape, unit, size, at, label):
    X = normal(30, *shape)
    one = at[1:] if isinstance(at, tuple) else at
    result = importance(lambda x: x[one].sum(), X, unit, size=size)
    assert_only(result, label)
    assert result.importances.shape == (len(result.units), 5)
    assert np.ptp(result.importances[list(result.units).index(label)]) > 0


def test_what_is_exchanged_stays_together_and_nothing_else_moves():
    X = np.arange(20 * 6 * 2).reshape(20, 6, 2)
    units = units_of(X, "region", 2)
    changed = units.exchange(units.places[1], np.random.RandomState(0))
    others = [0, 1, 4, 5]
    np.testing.assert_array_equal(changed[:, others], X[:, others])
    order = changed[:, 2, 0] // 12
    assert sorted(order) == list(range(20))
    assert (order != np.arange(20)).any()
    np.testing.assert_array_equal(changed[:, 2:4], X[order, 2:4])


@pytest.mark.parametrize(
    ("shape", "unit", "n_units"),
    [
        ((7,), "feature", 7),
        ((40, 1), "step", 40),
        ((120, 2), "region", 40),
        ((8, 8, 1), "patch", 16),
        ((28, 28, 1), "patch", 49),
    ],
)
def test_auto_has_fifty_units_at_most(shape, unit, n_units):
    units = units_of(normal(2, *shape), "auto", None)
    assert units.unit == unit
    assert len(units.places) == len(set(units.labels)) == n_units
    covered = np.zeros((2, *shape), dtype=int)
    for place in units.places:
        covered[(slice(None), *place)] += 1
    assert (covered == 1).all()


def test_a_convolution_finds_the_patch():
    y = np.arange(240) % 2
    X = normal(240, 8, 8, 1)
    X[:, 2:4, 4:6, 0] += 2 * y[:, None, None]
    net = ConvClassifier(readout="flatten", max_epochs=15, random_state=0).fit(X[:120], y[:120])
    net.predict(X)
    training, weights = net.module_.training, [p.clone() for p in net.module_.parameters()]
    result = structure_importance(net, X[120:], y[120:], size=2, random_state=0)
    assert result.to_frame()["importance"].idxmax() == "2-3, 4-5"
    assert result.importances_mean.max() > 0.2
    assert net.module_.training == training
    for before, after in zip(weights, net.module_.parameters(), strict=True):
        assert torch.equal(before, after)


# --- sequences and tokens


def test_steps_are_exchanged_among_the_samples_that_have_them():
    X = [normal(length, 2, seed=length) for length in (1, 3, 3, 5, 5, 5, 8)]
    units = units_of(X, "region", 3)
    assert units.labels == ("0-2", "3-5", "6-7")
    changed = units.exchange(slice(3, 6), np.random.RandomState(1))
    assert [len(item) for item in changed] == [len(item) for item in X]
    for before, after in zip(X, changed, strict=True):
        np.testing.assert_array_equal(before[:3], after[:3])
        np.testing.assert_array_equal(before[6:], after[6:])
    for t in range(3, 6):
        rows = [[item[t].tolist() for item in items if len(item) > t] for items in (X, changed)]
        assert sorted(rows[0]) == sorted(rows[1])


@pytest.mark.parametrize(
    ("function", "unit", "label"),
    [
        (lambda x: x[0, 1], "step", 0),
        (lambda x: x[1:3, 0].sum(), "region", "0-2"),
        (lambda x: x[:, 1].mean(), "feature", 1),
    ],
)
def test_the_only_important_unit_of_sequences(function, unit, label):
    result = importance(function, kinds.ragged(2), unit, size=3 if unit == "region" else None)
    assert_only(result, label)


def test_sequences_of_one_length_are_as_the_array():
    X = normal(20, 6, 2)
    for unit in ("step", "region"):
        size = 4 if unit == "region" else None
        array = importance(lambda x: x.prod(), X, unit, size=size)
        listed = importance(lambda x: x.prod(), list(X), unit, size=size)
        np.testing.assert_allclose(array.importances, listed.importances, rtol=1e-10)
        assert array.units == listed.units


def test_sequences_that_are_frames_stay_so():
    X = [pd.DataFrame(item, columns=["a", "b"]) for item in kinds.ragged(2)]
    result = importance(lambda x: x["b"].mean(), X, "feature")
    assert_only(result, "b")
    assert_only(importance(lambda x: x["b"].iloc[0], X, "step"), 0)
    assert sample_importance(Known(lambda x: x["b"].mean()), X[0], X).importances.any()


def test_the_only_important_token():
    X = kinds.tokens()
    result = importance(lambda x: np.mean(x == 4), X)
    assert result.unit == "token"
    assert result.to_frame()["importance"].idxmax() == 4
    count = pd.Series(np.concatenate(X)).value_counts()
    assert set(result.units) == set(count.index)
    assert count[list(result.units)].is_monotonic_decreasing  # the most frequent first
    changed = units_of(X, "token", None).exchange(4, np.random.RandomState(0))
    assert not any((item == 4).any() for item in changed)
    for before, after in zip(X, changed, strict=True):
        np.testing.assert_array_equal(before[before != 4], after[before != 4])
    assert_only(importance(lambda x: x[0], X, "step"), 0)


def test_a_vocabulary_of_one_has_nothing_to_exchange():
    result = structure_importance(Known(len), [np.zeros(k, int) for k in (1, 2, 3)], [1, 2, 3])
    assert result.units == (0,)
    assert result.importances_mean == [0]


def texts():
    words = ["film", "book", "play", "plot", "the"]
    random = np.random.default_rng(0)
    y = np.arange(120) % 2
    return [" ".join([*random.choice(words, 4), "good" if k else "the"]) for k in y], y


def test_units_of_texts_are_labelled_by_their_words():
    X, y = texts()
    pipeline = make_pipeline(TextTokenizer(), MLPClassifier(max_epochs=20, random_state=0))
    search = GridSearchCV(pipeline, {"texttokenizer__level": ["word"]}, cv=2)
    for model in (pipeline, search):
        result = structure_importance(model.fit(X, y), X, y, random_state=0)
        assert result.units[result.importances_mean.argmax()] == "good"
        assert result.importances_mean.max() > 0.2
    of_one = sample_importance(pipeline, "the film the plot good", X, random_state=0)
    assert of_one.units == ("the", "film", "the", "plot", "good")
    assert of_one.importances_mean.argmax() == 4
    assert of_one.scoring == "probability of 1"
    with pytest.raises(TypeError, match="X holds text"):
        importance(len, X)


# --- graphs


def form_of(graph, form):
    """A networkx graph with the node attributes a, b and the edge attribute w in other forms."""
    if form == "networkx":
        return graph
    features = np.array([[row["a"], row["b"]] for _, row in graph.nodes(data=True)])
    weight = nx.to_numpy_array(graph, weight="w")
    if form == "dense":
        return weight, features
    if form == "sparse":
        return sparse.csr_array(weight), sparse.csr_array(features)
    links = sparse.coo_array(weight)
    data = {"edge_index": np.stack([links.row, links.col]).astype(np.int64), "x": features}
    data["edge_attr"] = links.data[:, None]
    if form == "pyg":
        data = {name: torch.from_numpy(value) for name, value in data.items()}
        return optional("torch_geometric.data").Data(**data)
    return SimpleNamespace(**data)


FORMS = ["networkx", "dense", "sparse", "pyg", "namespace"]


def graphs(form="networkx", n=12, size=None, directed=False):
    """Random graphs, all of one size or of sizes that vary."""
    random = np.random.default_rng(0)
    made = []
    for i in range(n):
        graph = nx.gnp_random_graph(size or 4 + i % 4, 0.5, seed=i, directed=directed)
        for node in graph:
            graph.nodes[node].update(a=random.normal(), b=random.normal())
        for edge in graph.edges:
            graph.edges[edge]["w"] = random.normal()
        made.append(form_of(graph, form))
    return made


def nodes_and_weights(graph):
    """Node features (nodes, 2), weights of edges (nodes, nodes)."""
    if isinstance(graph, nx.Graph):
        graph = form_of(graph, "dense")
    if isinstance(graph, tuple):
        weight, x = (m.toarray() if sparse.issparse(m) else np.asarray(m) for m in graph)
        return x, weight
    x = np.asarray(graph.x)
    weight = np.zeros((len(x), len(x)))
    weight[tuple(np.asarray(graph.edge_index))] = np.asarray(graph.edge_attr)[:, 0]
    return x, weight


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("directed", [False, True])
def test_the_only_important_unit_of_graphs(form, directed):
    X = graphs(form, directed=directed)
    first = "a" if form == "networkx" else 0
    result = importance(lambda g: nodes_and_weights(g)[0][:, 0].mean(), X)
    assert result.unit == "feature"
    assert_only(result, first)
    weight = {"networkx": "w", "pyg": 0, "namespace": 0}.get(form, "weight")
    result = importance(lambda g: np.square(nodes_and_weights(g)[1]).sum(), X, "edge_feature")
    assert result.units == (weight,)
    assert result.importances_mean > 0.1
    X = graphs(form, size=5, directed=directed)
    result = importance(lambda g: nodes_and_weights(g)[0][3].sum(), X, "node")
    assert_only(result, 3)
    result = importance(lambda g: nodes_and_weights(g)[1][3, 1], X, "edge")
    assert_only(result, (3, 1) if directed else (1, 3))
    assert len(result.units) == (20 if directed else 10)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("unit", ["feature", "edge_feature", "node", "edge"])
def test_undirected_graphs_stay_so_in_their_form(form, unit):
    X = graphs(form, size=5)
    units = units_of(X, unit, None)
    for place in units.places[:3]:
        changed = units.exchange(place, np.random.RandomState(0))
        for before, after in zip(X, changed, strict=True):
            assert type(before) is type(after)
            weight = nodes_and_weights(after)[1]
            np.testing.assert_array_equal(weight, weight.T)
            if unit in ("feature", "node"):
                np.testing.assert_array_equal(nodes_and_weights(before)[1], weight)
            else:
                np.testing.assert_array_equal(*(nodes_and_weights(g)[0] for g in (before, after)))
        for part in (0, 1):  # values move, and none is added or lost
            rows = [sorted_values(some, part) for some in (X, changed)]
            np.testing.assert_array_equal(*rows)


def sorted_values(some, part):
    return np.sort(np.concatenate([nodes_and_weights(graph)[part].ravel() for graph in some]))


@pytest.mark.parametrize("form", FORMS[1:])
def test_all_forms_of_graphs_are_one(form):
    found, expected = (
        importance(lambda g: nodes_and_weights(g)[0][:3].prod(), graphs(f, size=5), "node")
        for f in (form, FORMS[0])
    )
    np.testing.assert_allclose(found.importances, expected.importances)


def test_nodes_are_identified_by_name_and_not_by_position():
    X = graphs(size=5)
    turned = []
    for i, graph in enumerate(X):
        named = nx.Graph()
        order = np.random.default_rng(i).permutation(5)
        named.add_nodes_from((f"n{v}", graph.nodes[v]) for v in order)
        named.add_edges_from((f"n{a}", f"n{b}", d) for a, b, d in graph.edges(data=True))
        turned.append(named)
    assert_only(importance(lambda g: g.nodes["n3"]["a"], turned, "node"), "n3")
    result = importance(lambda g: float(g.has_edge("n1", "n3")), turned, "edge")
    at = next(k for k, unit in enumerate(result.units) if set(unit) == {"n1", "n3"})
    assert_only(result, result.units[at])


def test_nodes_without_an_attribute_do_not_get_it():
    X = kinds.networkx_graphs()
    for i, graph in enumerate(X):
        if i % 2:
            nx.set_node_attributes(graph, dict.fromkeys(list(graph)[:1], float(i)), "rare")
    units = units_of(X, "feature", None)
    assert set(units.places) == {"q", "element", "rare"}
    changed = units.exchange("rare", np.random.RandomState(0))
    for before, after in zip(X, changed, strict=True):
        assert type(before) is type(after)
        assert [("rare" in row) for _, row in before.nodes(data=True)] == [
            ("rare" in row) for _, row in after.nodes(data=True)
        ]
        assert sorted(before.edges()) == sorted(after.edges())
    rare = [
        sorted(v for graph in some for _, v in graph.nodes(data="rare") if v is not None)
        for some in (X, changed)
    ]
    assert rare[0] == rare[1]


def test_graphs_without_shared_nodes_point_to_one_graph():
    X = graphs()
    for unit in ("node", "edge"):
        with pytest.raises(ValueError, match="must share their nodes.*sample_importance"):
            importance(len, X, unit)
    bare = [nx.gnp_random_graph(5, 0.5, seed=i) for i in range(12)]
    assert importance(nx.number_of_edges, bare).unit == "edge"
    with pytest.raises(ValueError, match="no attributes to exchange. Choose 'edge'"):
        importance(len, bare, "node")
    with pytest.raises(ValueError, match="edges of X have no attributes"):
        importance(len, bare, "edge_feature")


def test_attributes_that_message_passing_does_not_read_have_no_importance():
    X = graphs(n=80)
    y = np.array([nodes_and_weights(g)[0][:, 0].mean() > 0 for g in X]).astype(int)
    for unit, attrs in (("feature", {"node_attrs": ["a"]}), ("edge_feature", {"edge_attrs": []})):
        net = GraphClassifier(max_epochs=40, random_state=0, **attrs).fit(X, y)
        frame = structure_importance(net, X, y, unit, random_state=0).to_frame()["importance"]
        if unit == "feature":
            assert frame["a"] > 0.1
            assert frame["b"] == 0
        else:
            assert frame["w"] == 0


# --- one sample


@pytest.mark.parametrize(
    ("shape", "unit", "size", "at", "label"),
    [
        ((6,), "feature", None, np.s_[2], 2),
        ((6, 2), "step", None, np.s_[4], 4),
        ((6, 2), "region", 4, np.s_[5], "4-5"),
        ((4, 5, 1), "patch", 2, np.s_[3, 4], "2-3, 4"),
        ((4, 5, 2), "feature", None, np.s_[..., 1], 1),
    ],
)
def test_the_important_unit_of_one_array(shape, unit, size, at, label):
    X = normal(40, *shape)
    x = np.full(shape, 3.0)
    model = Known(lambda x: x[at].sum())
    result = sample_importance(model, x, X, unit, size=size, random_state=0, n_draws=200)
    assert_only(result, label)
    assert result.scoring == "prediction"
    assert result.baseline_score == x[at].sum()
    mean = np.mean([X[i][at].sum() for i in range(40)])
    spread = result.importances_std.max() / np.sqrt(200)
    assert result.importances_mean.max() == pytest.approx(x[at].sum() - mean, abs=4 * spread)


def test_units_that_contradict_the_prediction_have_negative_importance():
    X, y = load_iris(return_X_y=True)
    X, y = X[y > 0][:, 2:], y[y > 0]
    model = LogisticRegression().fit(X, y)
    x = np.array([7.0, 1.0])  # long petals as of class 2, narrow ones as of class 1
    result = sample_importance(model, x, X, random_state=0)
    assert result.scoring == "probability of 2"
    assert result.baseline_score == pytest.approx(model.predict_proba([x])[0, 1])
    assert result.importances_mean[0] > 0 > result.importances_mean[1]
    sure = sample_importance(RidgeClassifier().fit(X, y), x, X, random_state=0)
    assert set(np.unique(sure.importances)) <= {0.0, 1.0}
    assert sure.baseline_score == 1


@pytest.mark.parametrize("unit", ["step", "region"])
def test_the_important_unit_of_one_sequence(unit):
    X = kinds.ragged(2)
    x = np.full((7, 2), 9.0)
    size = 3 if unit == "region" else None
    model = Known(lambda x: x[4].sum())
    result = sample_importance(model, x, X, unit, size=size, random_state=0)
    assert_only(result, 4 if unit == "step" else "3-5")
    seen = []
    spy = Known(lambda x: seen.append(x) or 0)
    sample_importance(spy, x, X, unit, size=size, random_state=0)
    known = {tuple(row) for item in X for row in item} | {(9.0, 9.0)}
    assert {tuple(row) for item in seen for row in item} <= known
    assert_only(sample_importance(Known(lambda x: x[:, 1].sum()), x, X, "feature"), 1)
    if size:
        with pytest.raises(ValueError, match="no sample of X has 9 steps"):
            sample_importance(model, np.ones((9, 2)), X, unit, size=9)


def test_the_important_token_of_one_text():
    X = kinds.tokens()
    result = sample_importance(Known(lambda x: x[2]), np.array([1, 1, 99]), X, random_state=0)
    assert result.units == (1, 1, 99)
    assert result.importances_mean.argmax() == 2
    assert not result.importances[:2].any()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("directed", [False, True])
def test_the_important_unit_of_one_graph(form, directed):
    X = graphs(form, directed=directed)
    graph = nx.path_graph(6, nx.DiGraph if directed else nx.Graph)
    for node in graph:
        graph.nodes[node].update(a=5.0, b=5.0)
    nx.set_edge_attributes(graph, 2.0, "w")
    x = form_of(graph, form)

    def of_one(function, unit="auto"):
        model = Known(lambda g: function(*nodes_and_weights(g)))
        return sample_importance(model, x, X, unit, random_state=0)

    result = of_one(lambda x, w: x[4].sum())
    assert result.unit == "node"
    assert_only(result, 4)
    assert_only(of_one(lambda x, w: x[:, 1].sum(), "feature"), "b" if form == "networkx" else 1)
    result = of_one(lambda x, w: float(w[2, 3] != 0), "edge")
    assert result.units == ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5))
    assert_only(result, (2, 3))
    result = of_one(lambda x, w: (w != 0).sum() + w.sum(), "edge")  # edges move, none is removed
    np.testing.assert_array_equal(result.importances, 0)
    result = of_one(lambda x, w: np.abs(w - w.T).sum(), "edge_feature")
    assert directed or not result.importances.any()
    assert of_one(lambda x, w: w.sum(), "edge_feature").importances.any()


def test_the_edges_of_a_triangle_are_important():
    X = [nx.gnp_random_graph(8, 0.2, seed=i) for i in range(10)]
    x = nx.Graph([(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5)])
    model = KnownClass(lambda g: any(nx.triangles(g).values()))
    frame = sample_importance(model, x, X, random_state=0).to_frame()["importance"]
    assert frame.iloc[0] > 0.5
    assert set(frame.nlargest(3).index) == {(0, 1), (1, 2), (0, 2)}
    assert frame.nsmallest(3).tolist() == [0, 0, 0]


def test_edges_that_cannot_move_are_removed():
    x = nx.complete_graph(4)
    model = Known(nx.number_of_edges)
    result = sample_importance(model, x, [x], random_state=0)
    np.testing.assert_array_equal(result.importances, 1)
    looped = nx.Graph([(0, 0), (0, 1), (1, 2)])
    loops = Known(nx.number_of_selfloops)
    assert not sample_importance(loops, looped, [looped], random_state=0).importances.any()


# --- all kinds


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_x_stays_as_it_is_and_seeds_decide(kind):
    X = kinds.KINDS[kind]()
    before = copy.deepcopy(X)
    y = kinds.targets("classifier")
    net = MLPClassifier(max_epochs=2, random_state=0).fit(X, y)
    state = np.random.get_state()[1].tobytes(), torch.get_rng_state().numpy().tobytes()
    settings = {"random_state": 3, "n_repeats": 2}
    result = structure_importance(net, X, y, **settings)
    again = structure_importance(net, X, y, **settings)
    one = sample_importance(net, X[0], X, random_state=0, n_draws=3)
    np.testing.assert_array_equal(result.importances, again.importances)
    structure_importance(net, X, y, n_repeats=1)  # fresh entropy, not numpy's
    assert state == (np.random.get_state()[1].tobytes(), torch.get_rng_state().numpy().tobytes())
    assert_same(before, X)
    for made, drawn in ((result, 2), (one, 3)):
        assert np.isfinite(made.importances).all()
        assert made.importances.shape == (len(made.units), drawn)
        assert made.plot().ax_.figure is not None
        assert f"mean ± standard deviation of {drawn} exchanges" in repr(made)


def assert_same(a, b):
    if isinstance(a, nx.Graph):
        assert list(a.nodes(data=True)) == list(b.nodes(data=True))
        assert list(a.edges(data=True)) == list(b.edges(data=True))
    elif isinstance(a, list | tuple):
        for one, other in zip(a, b, strict=True):
            assert_same(one, other)
    elif isinstance(a, SimpleNamespace | Pair):
        assert_same(list(vars(a).values()), list(vars(b).values()))
    elif sparse.issparse(a):
        np.testing.assert_array_equal(a.toarray(), b.toarray())
    else:
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", ["series", "networkx"])
def test_workers_change_nothing(kind):
    X = kinds.KINDS[kind]()
    if kind == "networkx":  # missing attributes are recognised in other processes
        nx.set_node_attributes(X[0], dict.fromkeys(list(X[0])[:1], 1.0), "rare")
    model = make_pipeline(FunctionTransformer(_sums), LinearRegression())
    model.fit(X, kinds.targets("regressor"))
    alone, shared = (
        structure_importance(model, X, kinds.targets("regressor"), random_state=0, n_jobs=n_jobs)
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(alone.importances, shared.importances)


def _sums(X):
    if isinstance(X, list):
        return np.array([[sum(q for _, q in graph.nodes(data="q")), len(graph)] for graph in X])
    return X.sum(1)


def test_scores():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000).fit(X, y)
    assert structure_importance(model, X, y).scoring == "accuracy"
    result = structure_importance(model, X, y, scoring="neg_log_loss", random_state=0)
    assert result.scoring == "neg_log_loss"
    assert result.baseline_score < 0
    assert (result.importances_mean[2:] > 0.1).all()
    called = structure_importance(model, X, y, scoring=lambda est, X, y: est.score(X, y) * 100)
    assert called.baseline_score == 100 * model.score(X, y)


def test_the_result_is_a_table():
    X = normal(40, 30)
    result = importance(lambda x: 5 * x[7] + x[2], X)
    frame = result.to_frame()
    assert frame.index.name == "feature"
    assert list(frame.columns) == ["importance", "std"]
    np.testing.assert_array_equal(frame["importance"], result.importances.mean(1))
    lines = repr(result).splitlines()
    assert lines[2].split()[0] == "7"
    assert lines[3].split()[0] == "2"
    assert "… and 18 more, of 0.000 at most" in lines
    assert lines[-2].startswith("R² 1.000; importance: its drop without the unit")
    assert lines[-1].startswith("Without feature 7, R² drops most: by ")
    pairs = importance(nx.number_of_edges, [nx.gnp_random_graph(4, 0.5, seed=i) for i in range(9)])
    assert pairs.to_frame().index.nlevels == 1
    assert "0 – 1" in repr(pairs)
    with pytest.raises(AttributeError):
        result.unit = "step"


def test_errors():
    X, y = normal(12, 6, 2), np.arange(12) % 2
    with pytest.raises(ValueError, match="unit must be 'auto' or one of.*got 'pixel'"):
        importance(np.sum, X, "pixel")
    with pytest.raises(ValueError, match="'token' does not apply to an array.*Choose one of"):
        importance(np.sum, X, "token")
    with pytest.raises(ValueError, match=r"'patch' does not apply to an array of shape \(12, 6, 2"):
        importance(np.sum, X, "patch")
    with pytest.raises(ValueError, match="'step' does not apply to .* 2 axes.* Choose 'patch'"):
        importance(np.sum, normal(12, 3, 4, 1), "step")
    with pytest.raises(ValueError, match="size must be a positive integer or None, got 0"):
        importance(np.sum, X, "region", size=0)
    with pytest.raises(ValueError, match="size=2 applies to unit='region' and 'patch'"):
        importance(np.sum, X, "step", size=2)
    with pytest.raises(ValueError, match="n_repeats must be a positive integer, got 0"):
        importance(np.sum, X, n_repeats=0)
    with pytest.raises(ValueError, match="one sample, but units are exchanged among samples"):
        importance(np.sum, X[:1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        structure_importance(Known(np.sum), X, y[:3])
    with pytest.raises(ValueError, match="scoring must be the name of one score"):
        importance(np.sum, X, scoring=["accuracy"])
    with pytest.raises(ValueError, match="channels_first=True"):
        structure_importance(make_pipeline(ConvClassifier(channels_first=True)), X, y)
    with pytest.raises(ValueError, match=r"x is a ndarray of shape \(5, 2\), but the samples of X"):
        sample_importance(Known(np.sum), X[0][:5], X)
    with pytest.raises(ValueError, match="x is a Graph, but X is a list of sequences"):
        sample_importance(Known(np.sum), nx.Graph(), kinds.ragged())
    with pytest.raises(ValueError, match="predicts 2 outputs"):
        sample_importance(LinearRegression().fit(X[..., 0], normal(12, 2)), X[0, :, 0], X[..., 0])


# --- pictures


def result_over(over, units, places, unit):
    values = np.linspace(-0.2, 1, len(units))[:, None] + np.array([[0.0, 0.1]])
    return ImportanceResult(values, tuple(units), unit, "accuracy", 0.9, tuple(places), over)


def test_bars_are_in_order():
    display = result_over(None, range(30), range(30), "feature").plot()
    labels = [tick.get_text() for tick in display.ax_.get_yticklabels()]
    assert labels == [str(k) for k in range(10, 30)]  # the most important on top
    widths = [bar.get_width() for bar in display.ax_.patches]
    np.testing.assert_allclose(widths, display.importances_mean[10:])
    ax = Figure().add_subplot()
    assert result_over(None, "ab", "ab", "token").plot(ax).ax_ is ax


def test_bands_stand_where_the_regions_are():
    X = normal(10, 6, 1)
    display = importance(lambda x: x[2:4].sum(), X, "region", size=2).plot()
    bands = list(display.ax_.patches)
    corners = [np.reshape(band.get_xy(), (-1, 2))[0] for band in bands]  # polygons or rectangles
    np.testing.assert_allclose([x for x, _ in corners], [-0.5, 1.5, 3.5])
    red, blue = bands[1].get_facecolor()[0], bands[1].get_facecolor()[2]
    assert red > blue
    np.testing.assert_allclose(bands[0].get_facecolor()[:3], 0.97, atol=0.01)  # white at 0
    np.testing.assert_array_equal(display.ax_.lines[0].get_ydata(), X.mean(0)[:, 0])


def test_patches_cover_the_image():
    X = normal(10, 4, 5, 1)
    display = importance(lambda x: x[0, 0, 0], X, "patch", size=2).plot()
    assert len(display.ax_.patches) == 6
    assert sum(p.get_width() * p.get_height() for p in display.ax_.patches) == 20
    np.testing.assert_array_equal(display.ax_.images[0].get_array(), X.mean(0)[..., 0])


def test_graphs_show_their_nodes_or_edges():
    X = graphs(size=5)
    for unit in ("node", "edge"):
        result = importance(lambda g: g.nodes[0]["a"] + g.has_edge(0, 1), X, unit)
        display = result.plot()
        assert {text.get_text() for text in display.ax_.texts} == set("01234")
        assert display.over.number_of_edges() == 10
        assert len(display.figure_.axes) == 2  # with a colour bar
    alone = nx.Graph()
    alone.add_node(0, q=1.0)
    assert sample_importance(Known(len), alone, [alone, alone]).plot().ax_ is not None


def test_a_display_can_measure():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000).fit(X, y)
    display = ImportanceDisplay.from_estimator(model, X, y, random_state=0, n_repeats=2)
    expected = structure_importance(model, X, y, random_state=0, n_repeats=2)
    np.testing.assert_array_equal(display.importances_mean, expected.importances_mean)
    assert display.ax_.get_xlabel() == "drop of accuracy"
