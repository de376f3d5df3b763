"""Structures that are destroyed, which scores drop with them, and distances from invariance."""

from __future__ import annotations

import copy
import warnings
from collections import Counter

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch
from conftest import optional
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GroupKFold, ShuffleSplit
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from ibestimators import ConvClassifier, GraphClassifier, MLPClassifier, compare_biases
from ibestimators.comparison._ablation import (
    destroy_structure,
    equivariance_error,
    structure_ablation,
)
from ibestimators.comparison._statistics import resampled_interval
from ibestimators.testing import _data as kinds

TRANSFORMS = ["shift", "reflection", "permutation", "rotation", "time_reversal", "rescaling"]


def textures(n=160, steps=40):
    """Noise whose neighbours are alike, or opposite, by class: nothing but locality tells."""
    y = np.arange(n) % 2
    noise = np.random.default_rng(0).normal(size=(n, steps + 1))
    X = noise[:, 1:] + (2 * y - 1)[:, np.newaxis] * noise[:, :-1]
    return X[..., np.newaxis], y


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


class Spy(BaseEstimator):
    """Keeps what it is asked about."""

    def predict(self, X):
        self.seen = [*getattr(self, "seen", []), X[0]]
        return np.arange(len(X))


def graph_of(form, edges, n_nodes):
    """Directed or undirected edges in one of the forms of graphs."""
    if form in ("Graph", "DiGraph", "MultiGraph"):
        graph = getattr(nx, form)(name="g")
        graph.add_nodes_from((f"node {i}", {"q": i}) for i in range(n_nodes))
        ends = [(f"node {a}", f"node {b}") for a, b in edges]
        graph.add_edges_from((*end, {"w": k}) for k, end in enumerate(ends))
        return graph
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    if form in ("numpy", "torch"):
        wrap = torch.from_numpy if form == "torch" else np.asarray
        return Data(wrap(ends), wrap(np.arange(n_nodes)[:, None]), wrap(np.arange(ends.shape[1])))
    weights = np.arange(1, ends.shape[1] + 1, dtype=np.float32)
    adjacency = sparse.coo_array((weights, tuple(ends)), shape=(n_nodes, n_nodes))
    adjacency = adjacency.toarray() if form == "dense" else form(adjacency)
    return adjacency, np.arange(n_nodes)[:, None]


class Data:
    """Like PyTorch Geometric's ``Data``."""

    def __init__(self, edge_index, x, edge_attr):
        self.edge_index, self.x, self.edge_attr = edge_index, x, edge_attr


ROWS = ["DiGraph", "numpy", "torch", "dense", sparse.csr_array, sparse.coo_matrix]


def edges_of(graph):
    """Pairs of numbers of nodes; both directions of an undirected edge."""
    if isinstance(graph, nx.Graph):
        number = {node: i for i, node in enumerate(graph)}
        pairs = [(number[a], number[b]) for a, b in graph.edges()]
        return pairs if graph.is_directed() else pairs + [(b, a) for a, b in pairs if a != b]
    if isinstance(graph, tuple):
        entries = sparse.coo_array(graph[0])
        return list(zip(entries.row.tolist(), entries.col.tolist(), strict=True))
    return [tuple(pair) for pair in np.asarray(graph.edge_index).T.tolist()]


def degrees(graph):
    pairs = edges_of(graph)
    return Counter(a for a, _ in pairs), Counter(b for _, b in pairs)


def content(graph):
    """All that is in a graph, to be compared."""
    if isinstance(graph, nx.Graph):
        return list(graph.nodes(data=True)), list(graph.edges(data=True))
    if isinstance(graph, tuple):
        return edges_of(graph), np.asarray(graph[1]).tolist()
    return {name: np.asarray(value).tolist() for name, value in vars(graph).items()}


def both_ways(edges):
    return [*edges, *[(b, a) for a, b in edges]]


# --- destroy_structure: arrays, sequences, tokens


@given(array_shapes(min_dims=2, max_dims=5, max_side=5), st.integers(0, 2**31 - 1))
@settings(max_examples=40)
def test_positions_get_one_order_for_all_samples(shape, seed):
    X = np.arange(np.prod(shape)).reshape(shape)
    before = X.copy()
    destroyed = destroy_structure(X, "positions", seed)
    n_features = shape[-1] if len(shape) > 2 else 1
    rows, moved = X.reshape(shape[0], -1, n_features), destroyed.reshape(shape[0], -1, n_features)
    # numbers of X name their position, so the first sample tells the order
    order = moved[0, :, 0] // n_features
    assert sorted(order) == list(range(rows.shape[1]))
    np.testing.assert_array_equal(moved, rows[:, order])
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(destroy_structure(X, "auto", seed), destroyed)


def test_time_of_arrays_is_one_order_of_steps():
    X = kinds.array(6, 2)
    time, positions = (destroy_structure(X, structure, 0) for structure in ("time", "positions"))
    np.testing.assert_array_equal(time, positions)
    assert (time != X).any()


@pytest.mark.parametrize("kind", ["ragged", "tokens"])
@given(seed=st.integers(0, 2**31 - 1))
@settings(max_examples=10)
def test_steps_and_tokens_are_shuffled_sample_by_sample(kind, seed):
    X = kinds.KINDS[kind]()
    before = copy.deepcopy(X)
    destroyed = destroy_structure(X, random_state=seed)
    for old, new in zip(X, destroyed, strict=True):
        assert sorted(old.tolist()) == sorted(new.tolist())
        assert (old.shape, old.dtype) == (new.shape, new.dtype)
    assert any((old != new).any() for old, new in zip(X, destroyed, strict=True))
    again = destroy_structure(X, {"ragged": "time", "tokens": "tokens"}[kind], seed)
    for i in range(len(X)):
        np.testing.assert_array_equal(destroyed[i], again[i])
        np.testing.assert_array_equal(X[i], before[i])


def test_orders_of_samples_differ():
    X = [np.arange(50)] * 2
    first, second = destroy_structure(X, random_state=0)
    assert (first != second).any()


def test_columns_of_a_frame_take_their_names_along():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [0.5, 1.5], "d": [3, 4]})
    destroyed = destroy_structure(frame, random_state=0)
    assert list(destroyed.columns) != list(frame.columns)
    pd.testing.assert_frame_equal(destroyed[frame.columns], frame)


def test_without_a_seed_numpys_generator_stays():
    before = np.random.get_state()[1].tobytes()
    destroy_structure(kinds.array(5))
    assert np.random.get_state()[1].tobytes() == before


# --- destroy_structure: graphs


@st.composite
def networks(draw):
    """Number of nodes, and distinct edges, loops among them, in one direction each."""
    n_nodes = draw(st.integers(1, 9))
    pairs = [(a, b) for a in range(n_nodes) for b in range(a, n_nodes)]
    return n_nodes, draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20))


def rewired(graph, seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nothing to swap
        return destroy_structure([graph], "edges", seed)[0]


@pytest.mark.parametrize("form", ["Graph", "MultiGraph", *ROWS])
@given(network=networks(), seed=st.integers(0, 2**31 - 1), symmetric=st.booleans())
@settings(max_examples=20)
def test_degrees_and_all_but_edges_stay(form, network, seed, symmetric):
    n_nodes, edges = network
    if symmetric and form in ROWS:
        edges = list(dict.fromkeys(both_ways(edges)))
    graph = graph_of(form, edges, n_nodes)
    before = content(graph)
    new = rewired(graph, seed)
    assert degrees(new) == degrees(graph)
    pairs = edges_of(new)
    assert len(pairs) == len(set(pairs))
    assert {p for p in pairs if p[0] == p[1]} == {p for p in edges if p[0] == p[1]}
    if symmetric and form in ROWS:
        assert set(pairs) == {(b, a) for a, b in pairs}
    assert content(graph) == before
    assert content(rewired(graph, seed)) == content(new)
    assert_same_form(graph, new)


def assert_same_form(graph, new):
    """Type, nodes and their attributes agree, and so do the edges' attributes in some order."""
    assert type(new) is type(graph)
    if isinstance(graph, nx.Graph):
        assert (new.graph, list(new.nodes(data=True))) == (
            graph.graph,
            list(graph.nodes(data=True)),
        )
        weights = [sorted(w for *_, w in g.edges(data="w")) for g in (graph, new)]
        assert weights[0] == weights[1]
        return
    if isinstance(graph, tuple):
        assert type(new[0]) is type(graph[0])
        assert (new[0].dtype, new[0].shape) == (graph[0].dtype, graph[0].shape)
        np.testing.assert_array_equal(new[1], graph[1])
        assert sorted(sparse.coo_array(new[0]).data) == sorted(sparse.coo_array(graph[0]).data)
        return
    assert type(new.edge_index) is type(graph.edge_index)
    assert new.edge_index.dtype == graph.edge_index.dtype
    assert new.x is graph.x
    assert new.edge_attr is graph.edge_attr


@pytest.mark.parametrize(
    ("form", "directed"),
    [("Graph", False), ("MultiGraph", False), *[(f, d) for f in ROWS for d in (False, True)]],
)
def test_edges_do_change(form, directed):
    edges = list(nx.gnp_random_graph(12, 0.3, seed=0, directed=directed).edges)
    if not directed and form in ROWS:
        edges = both_ways(edges)
    graph = graph_of(form, edges, 12)
    assert len(set(edges_of(rewired(graph, 0))) - set(edges_of(graph))) >= 8


def test_attributes_of_edges_stay_with_edges_that_stay_and_go_with_both_directions():
    edges = both_ways(nx.gnp_random_graph(12, 0.4, seed=0).edges)
    graph = graph_of("numpy", edges, 12)
    half = len(edges) // 2
    new = edges_of(rewired(graph, 0))
    assert new[half:] == [(b, a) for a, b in new[:half]]
    stayed = [row for row, edge in enumerate(edges) if edge in new]
    assert 0 < len(stayed) < len(edges)
    assert all(new[row] == edges[row] for row in stayed)


def test_parallel_edges_stay_parallel_or_behind():
    graph = nx.MultiGraph([(0, 1), (0, 1), (2, 3), (4, 5), (6, 6), (6, 6)])
    new = rewired(graph, 1)
    assert degrees(new) == degrees(graph)
    assert new.number_of_edges(6, 6) == 2
    assert new.number_of_edges(0, 1) >= 1


@pytest.mark.parametrize("form", ["Graph", *ROWS])
def test_graphs_too_small_are_kept_and_named(form):
    graph = graph_of(form, [(0, 1), (1, 2)], 3)
    with pytest.warns(UserWarning, match="No graph of X could be rewired"):
        new = destroy_structure([graph], random_state=0)[0]
    assert content(new) == content(graph)


def test_pytorch_geometrics_data():
    data = optional("torch_geometric.data")
    index = torch.tensor(both_ways(nx.cycle_graph(8).edges)).T
    graph = data.Data(x=torch.arange(8.0)[:, None], edge_index=index, y=torch.tensor(1))
    new = rewired(graph, 0)
    assert isinstance(new, data.Data)
    assert degrees(new) == degrees(graph)
    assert not torch.equal(new.edge_index, index)
    assert graph.edge_index is index
    assert new.y is graph.y


# --- errors


@pytest.mark.parametrize(
    ("kind", "structure", "remedy"),
    [
        ("table", "time", "positions"),
        ("images", "time", "positions"),
        ("ragged", "positions", "time"),
        ("tokens", "time", "tokens"),
        ("networkx", "tokens", "edges"),
        ("series", "edges", "positions"),
    ],
)
def test_a_structure_that_is_not_there(kind, structure, remedy):
    X = kinds.KINDS[kind]()
    with pytest.raises(ValueError, match=f"structure='{structure}' does not go with.*'{remedy}'"):
        destroy_structure(X, structure)
    with pytest.raises(ValueError, match="does not go with"):
        structure_ablation(X, kinds.targets("classifier"), structure=structure)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="structure must be 'auto' or one of.*got 'order'"):
        destroy_structure(kinds.array(5), "order")
    with pytest.raises(ValueError, match=r"X has shape \(3,\), but \(n_samples, ...\)"):
        destroy_structure([1.0, 2.0, 3.0])


# --- structure_ablation


def test_convolution_uses_positions_and_mlp_does_not():
    X, y = textures()
    conv = ConvClassifier(n_filters=(8, 16), max_epochs=6)
    candidates = {"MLP": MLPClassifier(max_epochs=6), "Conv": conv}
    result = structure_ablation(X, y, candidates, cv=4, random_state=0)
    frame = result.to_frame()
    assert frame.loc["Conv", "drop"] > 0.25
    assert frame.loc["Conv", "drop_low"] > 0
    assert abs(frame.loc["MLP", "drop"]) < 0.2
    assert f"Conv uses the structure: accuracy drops by {frame.loc['Conv', 'drop']:.2f}" in repr(
        result
    )
    assert "locality, translation invariance" in repr(result)
    assert result.structure == "positions"


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
    assert "linear: no significant drop" in repr(result)
    assert frame["assumption"].tolist() == ["", ""]
    assert frame.index.tolist() == ["linear", "dummy"]
    for part in ("accuracy, intact", "destroyed", "drop", "4 folds", "Destroyed: positions in"):
        assert part in repr(result)


def test_the_intact_half_is_the_comparison(iris):
    result, candidates = iris
    X, y = load_iris(return_X_y=True)
    cells = compare_biases(X, y, candidates, cv=4, random_state=0).cells
    intact = result.cells[result.cells["structure"] == "intact"]
    np.testing.assert_array_equal(intact["score"], cells["score"])
    assert Counter(result.cells["structure"]) == {"intact": 8, "destroyed": 8}


def test_falls_are_paired_by_fold():
    result = structure_ablation(*textures(), {"known": Neighbours()}, cv=5, random_state=0)
    scores = result.cells.pivot(index="fold", columns="structure", values="score")
    expected = resampled_interval(scores["intact"] - scores["destroyed"], 1 / 4)
    row = result.to_frame().iloc[0]
    assert tuple(row[["drop", "drop_low", "drop_high"]]) == pytest.approx(expected)
    assert row["intact"] == pytest.approx(scores["intact"].mean())


def test_a_rise_is_said_as_well():
    result = structure_ablation(*textures(), {"contrary": Contrary()}, cv=5, random_state=0)
    assert "contrary is better without the structure: accuracy rises by " in repr(result)


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
    np.testing.assert_allclose(frame[["drop", "drop_low"]], 0, atol=1e-12)


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


@pytest.mark.parametrize("kind", ["ragged", "tokens", "networkx", "adjacency", "edge_index"])
def test_every_kind_can_be_ablated(kind):
    X, y = kinds.KINDS[kind](), kinds.targets("classifier")
    result = structure_ablation(
        X, y, {"MLP": MLPClassifier(max_epochs=1)}, cv=2, scoring="balanced_accuracy"
    )
    assert result.structure == {"ragged": "time", "tokens": "tokens"}.get(kind, "edges")
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
    assert "positions destroyed" in display.ax_.get_xlabel()
    assert display.figure_ is display.ax_.figure
    ax = Figure().add_subplot()
    assert result.plot(ax=ax).ax_ is ax


# --- equivariance_error


@pytest.mark.parametrize(
    "kind", ["table", "series", "square images", "volumes", "ragged", "tokens"]
)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_sums_are_invariant_to_every_order(kind, transform):
    X = kinds.array(4, 4, 1) if kind == "square images" else kinds.KINDS[kind]()
    if not makes_sense(transform, kind):
        with pytest.raises(ValueError, match=f"transform='{transform}' makes no sense for"):
            equivariance_error(DummyClassifier(), X, transform)
        return
    total = FunctionTransformer(lambda X: np.array([[np.sum(x)] for x in X]))
    model = make_pipeline(total, LinearRegression()).fit(X, kinds.targets("regressor"))
    error = equivariance_error(model, X, transform, random_state=0)
    if transform == "rescaling":
        assert error > 0.1
    else:
        assert error == pytest.approx(0, abs=1e-9)
    constant = DummyClassifier().fit(X, kinds.targets("classifier"))
    assert equivariance_error(constant, X, transform) == 0.0


def makes_sense(transform, kind):
    return {
        "rotation": kind == "square images",
        "time_reversal": kind not in ("square images", "volumes"),
        "rescaling": kind != "tokens",
    }.get(transform, True)


@pytest.mark.parametrize("transform", ["shift", "reflection", "permutation", "time_reversal"])
def test_an_mlp_is_not_invariant(transform):
    X, y = textures(60)
    net = MLPClassifier(max_epochs=5, random_state=0).fit(X, y)
    before = X.copy()
    error = equivariance_error(net, X, transform, random_state=0)
    assert error > 0.1
    assert error == equivariance_error(net, X, transform, random_state=0)
    np.testing.assert_array_equal(X, before)


def test_before_training_a_convolution_is_nearer_to_shift_invariance_than_an_mlp():
    X, y = textures(40)
    X *= np.linspace(0.2, 3, 40)[:, np.newaxis, np.newaxis]  # samples differ by more than a shift
    untrained = {"max_epochs": 1, "lr": 1e-12, "random_state": 0}
    conv, mlp = (make(**untrained).fit(X, y) for make in (ConvClassifier, MLPClassifier))
    assert equivariance_error(conv, X, "shift", 0) < equivariance_error(mlp, X, "shift", 0) / 2


@pytest.mark.parametrize("kind", ["networkx", "adjacency", "edge_index"])
def test_message_passing_does_not_see_the_order_of_nodes(kind):
    X = kinds.KINDS[kind]()
    net = GraphClassifier(max_epochs=2, dtype="float64", random_state=0)
    net.fit(X, kinds.targets("classifier"))
    assert equivariance_error(net, X, "permutation", 0) == pytest.approx(0, abs=1e-9)
    order_matters = ConvClassifier(max_epochs=2, random_state=0).fit(X, kinds.targets("classifier"))
    assert equivariance_error(order_matters, X, "permutation", 0) > 1e-3
    with pytest.raises(ValueError, match="'shift' makes no sense for a list of graphs"):
        equivariance_error(net, X, "shift")


@pytest.mark.parametrize("form", ["Graph", "MultiGraph", *ROWS])
@given(network=networks(), seed=st.integers(0, 2**31 - 1))
@settings(max_examples=10)
def test_permuted_graphs_are_the_same_graphs(form, network, seed):
    n_nodes, edges = network
    graph = graph_of(form, edges, n_nodes)
    before = content(graph)
    spy = Spy()
    equivariance_error(spy, [graph, graph], "permutation", seed)
    original, permuted = spy.seen
    assert content(original) == before == content(graph)
    assert type(permuted) is type(graph)
    names = names_of(permuted)
    assert sorted(names) == list(range(n_nodes))
    assert sorted_pairs(names, permuted) == sorted_pairs(range(n_nodes), graph)


def names_of(graph):
    """The numbers that nodes had when the graph was made; nodes carry them."""
    if isinstance(graph, nx.Graph):
        return [q for _, q in graph.nodes(data="q")]
    features = graph[1] if isinstance(graph, tuple) else graph.x
    return np.asarray(features)[:, 0].tolist()


def sorted_pairs(names, graph):
    return sorted((names[a], names[b]) for a, b in edges_of(graph))


def test_the_error_is_a_ratio_of_distances():
    X = np.array([[0.0], [1.0]])
    line = LinearRegression().fit(X, [0.0, 2.0])
    assert equivariance_error(line, X, lambda X: X + 0.5) == pytest.approx(0.5)
    assert equivariance_error(line, X, np.flip) == pytest.approx(1)
    two = LinearRegression().fit(X, [[0.0, 0.0], [3.0, 4.0]])
    assert equivariance_error(two, X, "rescaling") == pytest.approx(0.5)


@pytest.mark.parametrize("make", [RidgeClassifier, NearestCentroid, DummyClassifier])
def test_outputs_of_any_kind(make):
    X, y = load_iris(return_X_y=True)
    labels = np.array(["setosa", "versicolor", "virginica"])[y]
    error = equivariance_error(make().fit(X, labels), X, "reflection", random_state=0)
    assert error > 0.1 or make is DummyClassifier


def test_several_outputs_and_frames():
    X, y = load_iris(return_X_y=True, as_frame=True)
    several = DummyClassifier(strategy="uniform", random_state=0).fit(X, np.c_[y, y])
    assert equivariance_error(several, X, np.copy) == 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # names of features are heeded
        model = LogisticRegression(max_iter=1000).fit(X, y)
        assert equivariance_error(model, X, "reflection", 0) > 0.1


def test_errors_of_equivariance_error():
    X, y = load_iris(return_X_y=True)
    model = DummyClassifier().fit(X, y)
    with pytest.raises(ValueError, match="transform must be a function or one of.*got 'turn'"):
        equivariance_error(model, X, "turn")
    with pytest.raises(ValueError, match="X has one sample"):
        equivariance_error(model, X[:1], "shift")
    with pytest.raises(ValueError, match=r"shape \(24, 6, 5, 2\), but for images .* high as wide"):
        equivariance_error(model, kinds.array(6, 5, 2), "rotation")
