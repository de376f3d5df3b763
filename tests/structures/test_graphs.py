"""Truths about graphs as samples: forms, attributes, order of nodes, formulas."""

from __future__ import annotations

from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
import torch
from conftest import optional
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from ibestimators import (
    AttentionClassifier,
    AttentionRegressor,
    ConvRegressor,
    GraphClassifier,
    GraphRegressor,
    MLPRegressor,
    RecurrentRegressor,
)
from ibestimators.attention import MultiHeadAttention, graph_mask
from ibestimators.convolution import adjacency_images
from ibestimators.datasets import load_csl
from ibestimators.message_passing import (
    MessagePassing,
    NeighbourAttention,
    path_edges,
    with_loops,
)
from ibestimators.structures import GraphStructure, Pairs, parse
from ibestimators.testing._data import networkx_graphs, targets

ALL = [MLPRegressor, ConvRegressor, RecurrentRegressor, GraphRegressor, AttentionRegressor]


def read(graphs, **attrs):
    parsed = parse(graphs, attrs.get("node_attrs"), attrs.get("edge_attrs"))
    settings = GraphClassifier(standardize=False, **attrs)
    structure = GraphStructure.learn(parsed, None, settings)
    return structure.read(parsed, torch.float64).batch(slice(0, len(graphs)))


def edge_set(batch):
    return sorted(map(tuple, batch["edges"].T.tolist()))


def test_an_undirected_edge_sends_both_ways_and_a_loop_once():
    graph = nx.Graph([("a", "b"), ("b", "b")])
    assert edge_set(read([graph])) == [(0, 1), (1, 0), (1, 1)]
    assert edge_set(read([nx.DiGraph([(0, 1), (1, 1)])])) == [(0, 1), (1, 1)]
    assert edge_set(read([nx.MultiGraph([(0, 1), (0, 1)])])) == [(0, 1), (0, 1), (1, 0), (1, 0)]


def test_a_batch_is_one_graph_of_disjoint_parts():
    batch = read([nx.DiGraph([(0, 1)]), nx.empty_graph(0), nx.DiGraph([(0, 1), (1, 2)])])
    assert batch["lengths"].tolist() == [2, 0, 3]
    assert edge_set(batch) == [(0, 1), (2, 3), (3, 4)]


def test_without_attributes_a_node_has_its_number_of_arriving_edges():
    assert read([nx.star_graph(3)])["x"].tolist() == [[3], [1], [1], [1]]
    graph = nx.DiGraph([(0, 1), (2, 1)])
    nx.set_node_attributes(graph, 7.0, "ignored")
    assert read([graph], node_attrs=())["x"].tolist() == [[0], [2], [0]]


def test_numbers_vectors_and_categories():
    graph = nx.path_graph(2)
    nx.set_node_attributes(graph, {0: "C", 1: "N"}, "element")
    nx.set_node_attributes(graph, {0: 0.5, 1: True}, "charge")
    nx.set_node_attributes(graph, {0: [1, 2], 1: np.array([3, 4])}, "place")
    nx.set_edge_attributes(graph, "double", "bond")
    nx.set_edge_attributes(graph, 1.5, "length")
    batch = read([graph])
    # in the order of the names: charge, element C or N, place
    assert batch["x"].tolist() == [[0.5, 1, 0, 1, 2], [1, 0, 1, 3, 4]]
    assert batch["edge_features"].tolist() == [[1, 1.5]] * 2
    assert read([graph], node_attrs=["place"])["x"].tolist() == [[1, 2], [3, 4]]
    assert "edge_features" not in read([graph], edge_attrs=())


def test_a_category_never_seen_is_none_of_those_seen():
    graphs = networkx_graphs()
    model = GraphClassifier(max_epochs=1, random_state=0).fit(graphs, targets("classifier"))
    other = [graph.copy() for graph in graphs]
    for graph in other:
        nx.set_node_attributes(graph, "Xe", "element")
    assert np.isfinite(model.predict_proba(other)).all()
    parsed = parse(other, *attrs(model))
    one_hot = model._fitted.structure.read(parsed, torch.float32).values[:, :2]
    assert not one_hot.any()


def attrs(model):
    return model._fitted.structure.node_attrs, model._fitted.structure.edge_attrs


def forms(seed):
    """The same graph as networkx, adjacency matrices, and PyG's attributes."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 9))
    graph = nx.gnp_random_graph(n, 0.4, seed=seed, directed=True)
    features = rng.normal(size=(n, 2))
    nx.set_node_attributes(graph, dict(enumerate(features)), "x")
    for edge in graph.edges:
        graph.edges[edge]["weight"] = rng.normal()
    dense = nx.to_numpy_array(graph)
    edges = np.array(graph.edges, dtype=int).reshape(-1, 2)
    return (
        graph,
        (dense, features),
        (sparse.csr_array(dense), sparse.csr_array(features)),
        SimpleNamespace(
            edge_index=torch.from_numpy(edges.T.copy()),
            x=torch.from_numpy(features),
            edge_attr=dense[edges[:, 0], edges[:, 1]],
        ),
    )


@pytest.mark.parametrize("make", ALL)
def test_all_forms_of_a_graph_are_read_alike(make):
    samples = [forms(seed) for seed in range(12)]
    y = np.arange(12.0)
    predicted = []
    for form in zip(*samples, strict=True):
        model = make(max_epochs=2, random_state=0, dtype="float64")
        predicted.append(model.fit(list(form), y).predict(list(form)))
    for other in predicted[1:]:
        np.testing.assert_allclose(other, predicted[0], atol=1e-9)


def test_reads_pyg_data():
    data = optional("torch_geometric.data")
    rng = np.random.default_rng(0)
    graphs = [
        data.Data(x=torch.randn(n, 3), edge_index=torch.randint(n, (2, 5)), y=torch.tensor([0]))
        for n in rng.integers(1, 6, size=10)
    ]
    bare = [data.Data(edge_index=g.edge_index, num_nodes=g.num_nodes) for g in graphs]
    for X in (graphs, bare):
        model = GraphClassifier(max_epochs=1).fit(X, [0, 1] * 5)
        assert model.predict(X).shape == (10,)
    assert model.sample_shape_ == (None, 1)


@settings(max_examples=20)
@given(
    seed=st.integers(0, 10_000),
    aggregation=st.sampled_from(["sum", "mean", "max", "attention"]),
)
def test_the_order_of_nodes_means_nothing_to_three_and_something_to_two(seed, aggregation):
    graphs = networkx_graphs()
    y = targets("regressor")
    rng = np.random.default_rng(seed)
    relabelled = []
    for graph in graphs:
        order = list(rng.permutation(list(graph)))
        other = type(graph)()
        other.add_nodes_from((node, graph.nodes[node]) for node in order)
        other.add_edges_from(graph.edges(data=True))
        relabelled.append(other)
    params = {"max_epochs": 1, "random_state": 0, "dtype": "float64"}
    for model in (
        MLPRegressor(**params),
        GraphRegressor(aggregation=aggregation, **params),
        AttentionRegressor(**params),
        AttentionRegressor(mask="graph", **params),
    ):
        model.fit(graphs, y)
        np.testing.assert_allclose(model.predict(relabelled), model.predict(graphs), atol=1e-9)
    for model in (ConvRegressor(**params), RecurrentRegressor(**params)):
        model.fit(graphs, y)
        assert not np.allclose(model.predict(relabelled), model.predict(graphs), atol=1e-6)


@pytest.mark.parametrize("make", ALL)
def test_strange_graphs(make):
    """Isolated nodes, no node at all, loops, edges that no graph of fit had."""
    fine = [nx.cycle_graph(n) for n in range(3, 11)]
    strange = [nx.empty_graph(0), nx.empty_graph(1), nx.empty_graph(5), nx.DiGraph([(0, 0)])]
    X, y = fine + strange, np.arange(12.0)
    model = make(max_epochs=2, random_state=0).fit(X, y)
    together = model.predict(X)
    assert np.isfinite(together).all()
    alone = np.concatenate([model.predict([x]) for x in X])
    np.testing.assert_allclose(together, alone, atol=1e-4)
    empty = make(max_epochs=1).fit([nx.empty_graph(0)] * 8, np.arange(8.0))
    assert np.isfinite(empty.predict([nx.empty_graph(0)])).all()


@pytest.mark.parametrize("make", ALL)
def test_a_graph_of_100_000_edges(make):
    large = nx.gnm_random_graph(4_000, 100_000, seed=0)
    small = [nx.cycle_graph(n) for n in range(3, 13)]
    model = make(max_epochs=1, random_state=0).fit([*small, large], np.arange(11.0))
    assert np.isfinite(model.predict([large, *small])).all()


def test_a_graph_for_an_array_of_positions_may_be_empty():
    X = np.random.default_rng(0).normal(size=(20, 5))
    model = GraphRegressor(graph="empty", position="none", max_epochs=2, random_state=0)
    model.fit(X[:, :, None], X.max(1))
    shuffled = X[:, [3, 1, 4, 0, 2], None]
    np.testing.assert_allclose(model.predict(shuffled), model.predict(X[..., None]), atol=1e-5)


def test_path_edges():
    sample = torch.tensor([0, 0, 1, 2, 2])
    assert path_edges(sample, causal=False).tolist() == [[0, 3, 1, 4], [1, 4, 0, 3]]
    assert path_edges(sample, causal=True).tolist() == [[0, 3], [1, 4]]


@given(seed=st.integers(0, 1000))
def test_attention_on_a_graph_is_attention_under_a_mask(seed):
    """Along edges or by a mask of the full matrix, it is the same formula (one head)."""
    graphs = [nx.gnp_random_graph(n, 0.4, seed=seed, directed=True) for n in (6, 1, 4)]
    batch = read(graphs)
    torch.manual_seed(seed)
    x = torch.randn(11, 8)
    masked = MultiHeadAttention(8, 1)
    sparse_one = NeighbourAttention(8, 8)
    sparse_one.query = masked.query
    with torch.no_grad():
        key, value = masked.key_value.weight.chunk(2)
        key_bias, value_bias = masked.key_value.bias.chunk(2)
        sparse_one.key.weight.copy_(key)
        sparse_one.key.bias.copy_(key_bias)
        sparse_one.value.weight.copy_(value)
        sparse_one.value.bias.copy_(value_bias)
    edges = batch["edges"]
    source, target = with_loops(edges, 11)
    along_edges = masked.out(sparse_one(x, Pairs(source, target, 11, 11)))
    written_out = masked.out(sparse_one.of_messages(x, edges, x[edges[0]]))
    torch.testing.assert_close(along_edges, written_out)
    padded = torch.nn.utils.rnn.pad_sequence(x.split([6, 1, 4]), batch_first=True)
    mask = graph_mask(batch["edges"], batch["lengths"], 6)
    dense = masked(padded, mask=mask)
    expected = torch.cat([row[:n] for row, n in zip(dense, (6, 1, 4), strict=True)])
    torch.testing.assert_close(along_edges, expected)
    # and by hand, for the first graph
    allowed = torch.from_numpy(nx.to_numpy_array(graphs[0])).T + torch.eye(6) > 0
    q, k, v = masked.query(x[:6]), x[:6] @ key.T + key_bias, x[:6] @ value.T + value_bias
    weights = (q @ k.T / 8**0.5).masked_fill(~allowed, -torch.inf).softmax(1)
    torch.testing.assert_close(masked.out(weights @ v), along_edges[:6])


def test_equals_pyg_gine_where_edges_have_features():
    geometric = optional("torch_geometric.nn")
    ours = MessagePassing(3, 8, "sum", "relu", n_edge_features=2)
    theirs = geometric.GINEConv(ours.update.layers, eps=ours.eps.item(), edge_dim=2)
    theirs.lin = ours.edge
    x, edges, features = torch.randn(9, 3), torch.randint(9, (2, 20)), torch.randn(20, 2)
    torch.testing.assert_close(ours(x, edges, features), theirs(x, edges, features))


def test_features_of_edges_reach_the_prediction():
    rng = np.random.default_rng(0)
    graphs, y = [], []
    for _ in range(120):
        graph = nx.cycle_graph(6)
        for edge in graph.edges:
            graph.edges[edge]["weight"] = rng.normal()
        graphs.append(graph)
        y.append(sum(nx.get_edge_attributes(graph, "weight").values()) > 0)
    model = GraphClassifier(max_epochs=30, random_state=0).fit(graphs[:90], y[:90])
    assert model.score(graphs[90:], y[90:]) > 0.8
    blind = GraphClassifier(edge_attrs=(), random_state=0, max_epochs=2).fit(graphs[:90], y[:90])
    assert np.ptp(blind.predict_proba(graphs)[:, 0]) < 1e-6


def test_the_image_of_a_graph_is_its_adjacency_matrix():
    graphs = [nx.gnp_random_graph(n, 0.5, seed=n, directed=True) for n in (5, 3)]
    batch = read(graphs)
    image, sides = adjacency_images(batch["x"], batch["lengths"], batch["edges"], None)
    assert image.shape == (2, 5, 5, 2)
    assert sides.tolist() == [5, 3]
    np.testing.assert_array_equal(image[0, :, :, 0], nx.to_numpy_array(graphs[0]))
    np.testing.assert_array_equal(image[1, :3, :3, 0], nx.to_numpy_array(graphs[1]))
    np.testing.assert_array_equal(image[0, :, :, 1].diagonal(), batch["x"][:5, 0])
    assert not image[1, 3:].any()
    large = read([nx.cycle_graph(128)])
    image, sides = adjacency_images(large["x"], large["lengths"], large["edges"], None)
    assert sides.tolist() == [64]
    assert image[0, :, :, 1].diagonal().tolist() == [2.0] * 64  # the mean degree of two nodes
    assert image[..., 0].sum() == 256 / 4  # each pixel is the mean of 2 x 2


def test_message_passing_cannot_tell_regular_graphs_apart():
    """Not nearly: the outputs are equal, whatever the weights."""
    X, y = load_csl(n_copies=2, return_X_y=True)
    model = GraphClassifier(max_epochs=2, random_state=0, dtype="float64").fit(X, y)
    assert np.ptp(model.predict_proba(X), axis=0).max() < 1e-9


@pytest.mark.parametrize(
    ("graphs", "message"),
    [
        (nx.path_graph(3), "X is one graph"),
        ([nx.path_graph(3), 5], "graph 1 of X is a int"),
        ([(np.zeros((2, 3)), None), (np.eye(2), None)], "adjacency matrix of graph 0 of X has"),
        ([(np.eye(2), np.zeros((3, 1))), (np.eye(2), None)], "node_features of graph 0 of X has"),
        ([(np.eye(2), np.zeros((2, 1))), (np.eye(2), None)], "graph 1 of X has a node without"),
        (
            [SimpleNamespace(edge_index=np.array([[0], [5]]), x=np.zeros((2, 1)))] * 2,
            "names node 5 or 0, but the graph has nodes 0 to 1",
        ),
        ([SimpleNamespace(edge_index=np.zeros((3, 2)))] * 2, "edge_index of graph 0 of X"),
    ],
)
def test_bad_graphs_are_named(graphs, message):
    with pytest.raises((ValueError, TypeError), match=message):
        GraphClassifier().fit(graphs, [0, 1])


def with_attribute(*values):
    graph = nx.path_graph(len(values))
    for node, value in enumerate(values):
        if value is not None:
            graph.nodes[node]["a"] = value
    return graph


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (with_attribute(1.0, None), "graph 1 of X has a node without the attribute 'a'"),
        (with_attribute(1.0, "C"), "node attribute 'a' mixes strings"),
        (with_attribute(1.0, np.nan), "node attribute 'a' contains NaN"),
        (with_attribute(1.0, [1, 2]), "node attribute 'a' must be numbers, vectors"),
        (with_attribute(1.0, {}), "node attribute 'a' must be numbers, vectors"),
    ],
)
def test_bad_attributes_are_named(graph, message):
    with pytest.raises(ValueError, match=message):
        GraphClassifier().fit([with_attribute(0.0, 1.0), graph], [0, 1])


def test_attributes_at_predict_are_those_of_fit():
    X = [with_attribute(0.0, 1.0), with_attribute(2.0)] * 4
    model = GraphClassifier(max_epochs=1).fit(X, [0, 1] * 4)
    with pytest.raises(ValueError, match="without the attribute 'a'"):
        model.predict([nx.path_graph(2)])
    with pytest.raises(ValueError, match="has categories in X, but numbers in fit"):
        model.predict([with_attribute("C")])
    with pytest.raises(ValueError, match="has 2 entries, but it had 1 in fit"):
        model.predict([with_attribute([1.0, 2.0])])
    with pytest.raises(ValueError, match="attributes too large for torch.float32"):
        model.predict([with_attribute(1e300)])
    for node in X[0]:
        X[0].nodes[node]["another"] = 1
    model.predict(X)  # what fit did not see is not asked for


@pytest.mark.parametrize(
    "X",
    [
        [[np.eye(3), np.ones((3, 3))]] * 4,
        [[np.eye(3), None]] * 4,
        [sparse.csr_array(np.eye(3))] * 4,
    ],
)
def test_what_was_meant_for_a_pair_is_named(X):
    with pytest.raises(
        TypeError, match="Pass each graph as a tuple \\(adjacency, node_features\\)"
    ):
        GraphClassifier().fit(X, [0, 1] * 2)
    with pytest.raises(TypeError, match="X is one graph"):
        GraphClassifier().fit((np.eye(3), np.ones((3, 2))), [0, 1])


def test_a_pair_may_hold_any_matrix():
    import pandas as pd

    forms = [(np.eye(3), np.ones((3, 2)))] * 4, [(torch.eye(3), torch.ones(3, 2))] * 4
    forms += ([(pd.DataFrame(np.eye(3)), pd.DataFrame(np.ones((3, 2))))] * 4,)
    predicted = [
        GraphRegressor(max_epochs=1, random_state=0).fit(X, np.arange(4.0)).predict(X)
        for X in forms
    ]
    for other in predicted[1:]:
        np.testing.assert_allclose(other, predicted[0], rtol=1e-5, atol=1e-6)


def test_weights_of_1_count_if_asked_for():
    X = [(np.ones((n, n)), None) for n in (2, 3, 4, 5)]
    heavy = [(500 * matrix, None) for matrix, _ in X]
    params = {"max_epochs": 1, "random_state": 0}
    blind = GraphRegressor(**params).fit(X, np.arange(4.0))
    np.testing.assert_array_equal(blind.predict(heavy), blind.predict(X))
    asked = GraphRegressor(edge_attrs=["weight"], **params).fit(X, np.arange(4.0))
    assert not np.allclose(asked.predict(heavy), asked.predict(X))


def test_edge_weight_of_pyg_is_a_feature():
    graph = SimpleNamespace(edge_index=np.array([[0, 1], [1, 0]]), edge_weight=np.array([0.5, 2.0]))
    batch = read([graph])
    of_edge = dict(
        zip(map(tuple, batch["edges"].T.tolist()), batch["edge_features"].tolist(), strict=True)
    )
    assert of_edge == {(0, 1): [0.5], (1, 0): [2.0]}
    empty = SimpleNamespace(edge_index=[[], []], num_nodes=2)
    assert read([empty, graph])["lengths"].tolist() == [2, 2]


def test_a_name_is_no_category():
    graph = nx.path_graph(1001)
    nx.set_node_attributes(graph, {node: f"node {node}" for node in graph}, "name")
    with pytest.raises(ValueError, match="'name' has 1001 categories.*node_attrs"):
        GraphClassifier().fit([graph, graph], [0, 1])


def test_nodes_have_no_order_to_mask():
    X = [nx.path_graph(3), nx.path_graph(4)] * 4
    with pytest.raises(ValueError, match="readout='last' is not supported for X"):
        AttentionClassifier(readout="last").fit(X, [0, 1] * 4)
    with pytest.raises(ValueError, match="mask='causal' is not supported for X, which is a list"):
        AttentionClassifier(mask="causal").fit(X, [0, 1] * 4)
    with pytest.raises(ValueError, match="graph='empty' requires samples of one shape"):
        GraphClassifier(graph="empty").fit(X, [0, 1] * 4)
