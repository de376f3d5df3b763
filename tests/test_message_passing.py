"""Truths about message passing: relabelling, the matrix form, PyG's GIN."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch
from conftest import optional
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from ibestimators import GraphClassifier, GraphRegressor
from ibestimators.layers import Batch
from ibestimators.message_passing import GraphEncoder, MessagePassing, aggregate
from ibestimators.structures import Pairs, read_edges


def random_edges(n_nodes: int, seed: int) -> torch.Tensor:
    return torch.from_numpy(read_edges(nx.gnp_random_graph(n_nodes, 0.3, seed=seed), (n_nodes,)))


@pytest.mark.parametrize("aggregation", ["sum", "mean", "max"])
def test_equals_pyg_gin(aggregation):
    geometric = optional("torch_geometric.nn")
    ours = MessagePassing(3, 8, aggregation, "relu")
    with torch.no_grad():
        ours.eps.fill_(0.3)
    theirs = geometric.GINConv(ours.update.layers, eps=0.3, aggr=aggregation)
    x, edges = torch.randn(20, 3), random_edges(20, 0)
    torch.testing.assert_close(ours(x, edges), theirs(x, edges))


@given(seed=st.integers(0, 1000), n_nodes=st.integers(1, 15), n_inputs=st.sampled_from([3, 9]))
def test_equals_the_matrix_form(seed, n_nodes, n_inputs):
    edges = random_edges(n_nodes, seed)
    adjacency = torch.zeros(n_nodes, n_nodes)
    adjacency[edges[1], edges[0]] = 1  # row: who receives
    x = torch.randn(n_nodes, n_inputs, generator=torch.Generator().manual_seed(seed))
    layer = MessagePassing(n_inputs, 4, "sum", "relu")
    torch.testing.assert_close(layer(x, edges), layer.update((1 + layer.eps) * x + adjacency @ x))
    degree = adjacency.sum(1, keepdim=True).clamp(min=1)
    layer = MessagePassing(n_inputs, 4, "mean", "relu")
    torch.testing.assert_close(
        layer(x, edges), layer.update((1 + layer.eps) * x + adjacency @ x / degree)
    )


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    aggregation=st.sampled_from(["sum", "mean", "max"]),
    readout=st.sampled_from(["sum", "mean", "max", "mean+max"]),
    position=st.sampled_from(["none", "learned"]),
    residual=st.booleans(),
)
def test_relabelled_nodes_give_equal_outputs(seed, aggregation, readout, position, residual):
    rng = np.random.default_rng(seed)
    graph = nx.gnp_random_graph(9, 0.4, seed=seed)
    order = rng.permutation(9)
    X, y = rng.normal(size=(12, 9)), rng.normal(size=12)
    params = {
        "aggregation": aggregation,
        "readout": readout,
        "position": position,
        "residual": residual,
        "n_layers": 2,
        "hidden_size": 16,
        "standardize": False,
        "max_epochs": 2,
        "batch_size": 12,
        "dtype": "float64",
        "random_state": 0,
    }
    first = GraphRegressor(graph=graph, **params).fit(X, y)
    adjacency = nx.to_numpy_array(graph)[np.ix_(order, order)]
    second = GraphRegressor(graph=adjacency, **params).fit(X[:, order], y)
    np.testing.assert_allclose(first.predict(X), second.predict(X[:, order]), atol=1e-8)


def test_learned_positions_have_no_effect_at_the_start():
    graph = nx.gnp_random_graph(7, 0.4, seed=0)
    order = torch.from_numpy(np.random.default_rng(0).permutation(7))
    edges = torch.from_numpy(read_edges(graph, (7,)))
    adjacency = nx.to_numpy_array(graph)[np.ix_(order, order)]
    first, second = (
        GraphEncoder(
            1,
            8,
            3,
            aggregation="mean",
            activation="relu",
            dropout=0.0,
            normalization="layer",
            residual=True,
            edges=each,
            causal=False,
            n_edge_features=0,
            n_identities=7,
        )
        .double()
        .eval()
        for each in (edges, torch.from_numpy(read_edges(adjacency, (7,))))
    )
    weights = {k: v for k, v in first.state_dict().items() if k != "edges"}
    second.load_state_dict(weights, strict=False)
    x = torch.randn(3, 7, dtype=torch.float64)

    def outputs():
        ours = first(Batch(x)).features.unflatten(0, (3, 7))
        return ours[:, order], second(Batch(x[:, order])).features.unflatten(0, (3, 7))

    torch.testing.assert_close(*outputs(), atol=1e-12, rtol=0)
    for table in (first.scales, second.scales):  # the same for a position, not for a node
        with torch.no_grad():
            table.weight.copy_(torch.linspace(-0.5, 0.5, 56).reshape(7, 8))
    ours, theirs = outputs()
    assert (ours - theirs).abs().max() > 1e-3


def test_without_residual_connections_a_round_replaces_the_features():
    X, y = np.random.default_rng(0).normal(size=(10, 6)), np.arange(10) % 2
    rounds = {}
    for residual in (False, True):
        fitted = GraphClassifier(residual=residual, max_epochs=1, dtype="float64", random_state=0)
        encoder = fitted.fit(X, y).module_.encoder
        with torch.no_grad():
            for norm in encoder.norms[1:]:
                norm.weight.zero_()
                norm.bias.zero_()
            graph, sample = encoder.as_graph(Batch(torch.from_numpy(X)))
            rounds[residual] = list(encoder.rounds(graph, sample))
    assert rounds[True][0].abs().max() > 0
    torch.testing.assert_close(rounds[True][-1], rounds[True][0])
    assert rounds[False][-1].abs().max() == 0


def test_readouts_that_do_not_exist_are_refused():
    X, y = np.zeros((4, 3)), [0, 1, 0, 1]
    message = r"'readout' parameter of GraphClassifier.*'mean\+max'.*Got 'max\+mean'"
    with pytest.raises(ValueError, match=message):
        GraphClassifier(readout="max+mean").fit(X, y)


def test_packed_graphs_do_not_hear_of_each_other():
    X = np.random.default_rng(0).normal(size=(30, 8))
    fitted = GraphClassifier(max_epochs=2, dtype="float64", random_state=0).fit(
        X, np.arange(30) % 2
    )
    together = fitted.predict_proba(X)
    alone = np.concatenate([fitted.predict_proba(X[i : i + 1]) for i in range(30)])
    np.testing.assert_allclose(together, alone, atol=1e-12)


def test_a_message_travels_one_edge_a_round():
    layers = [MessagePassing(2, 2, "sum", "tanh") for _ in range(3)]
    edges = torch.from_numpy(read_edges(None, (8,)))  # a path

    def embed(x):
        for layer in layers:
            x = layer(x, edges)
        return x

    x = torch.randn(8, 2)
    changed = x.clone()
    changed[0] += 1
    same = (embed(x) == embed(changed)).all(1)
    assert same.tolist() == [False] * 4 + [True] * 4


def test_groups_without_messages_get_zeros():
    messages, index = torch.tensor([[-1.0], [-2.0]]), torch.tensor([2, 2])
    for how, value in (("sum", -3.0), ("mean", -1.5), ("max", -1.0)):
        assert aggregate(messages, index, 4, how).flatten().tolist() == [0, 0, value, 0]


def test_by_default_neighbouring_positions_are_joined():
    assert read_edges(None, (3,)).T.tolist() == [[0, 1], [1, 0], [1, 2], [2, 1]]
    grid = nx.from_edgelist(read_edges(None, (2, 3)).T.tolist())
    # Row-major numbers: 0 1 2 above 3 4 5.
    assert set(map(frozenset, grid.edges)) == set(
        map(frozenset, [(0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5)])
    )


@pytest.mark.parametrize(
    "graph",
    [nx.DiGraph([("a", "b"), ("b", "c")]), np.eye(3, k=1), sparse.csr_array(np.eye(3, k=1))],
    ids=["networkx", "dense", "sparse"],
)
def test_a_directed_edge_sends_one_way(graph):
    assert read_edges(graph, (3,)).T.tolist() == [[0, 1], [1, 2]]


def test_numbered_nodes_are_the_positions_of_their_numbers():
    graph = nx.Graph([(2, 0), (0, 1)])  # first met: 2
    assert read_edges(graph, (3,)).T.tolist() == [[0, 1], [0, 2], [1, 0], [2, 0]]


def test_an_entry_given_twice_is_one_edge():
    twice = sparse.coo_array(([1.0, 1.0], ([0, 0], [1, 1])), shape=(2, 2))
    assert read_edges(twice, (2,)).T.tolist() == [[0, 1]]


def test_a_graph_of_another_size_is_refused():
    X, y = np.zeros((4, 5)), [0, 1, 0, 1]
    with pytest.raises(ValueError, match="graph has 4 nodes, but samples have 5 positions"):
        GraphClassifier(graph=nx.path_graph(4)).fit(X, y)
    with pytest.raises(ValueError, match=r"shape \(4, 4\), but samples have 5 positions"):
        GraphClassifier(graph=np.eye(4)).fit(X, y)


def test_a_graph_without_edges_is_a_set():
    X = np.random.default_rng(0).normal(size=(10, 6))
    fitted = GraphClassifier(
        graph=nx.empty_graph(6), position="none", standardize=False, max_epochs=2, dtype="float64"
    ).fit(X, np.arange(10) % 2)
    np.testing.assert_allclose(
        fitted.predict_proba(X), fitted.predict_proba(X[:, ::-1].copy()), atol=1e-12
    )


def test_every_round_has_its_own_normalisation():
    X, y = np.random.default_rng(0).normal(size=(10, 6)), np.arange(10) % 2
    module = GraphClassifier(n_layers=3, max_epochs=1).fit(X, y).module_.encoder
    assert len({id(norm) for norm in module.norms}) == 3


def test_learned_positions_tell_nodes_apart_that_neighbours_cannot():
    X = np.random.default_rng(0).normal(size=(300, 10))
    y = X[:, 2]  # its mirror image on the path, 7, has the same neighbourhood
    scores = {
        position: GraphRegressor(
            position=position, n_layers=2, hidden_size=16, max_epochs=20, random_state=0
        )
        .fit(X, y)
        .score(X, y)
        for position in ("none", "learned")
    }
    assert scores["learned"] > 0.9 > 0.7 > scores["none"]


@given(
    n=st.integers(1, 6), m=st.integers(1, 6), n_pairs=st.integers(0, 12), seed=st.integers(0, 99)
)
def test_sums_along_pairs_are_the_matrix_product(n, m, n_pairs, seed):
    generator = torch.Generator().manual_seed(seed)
    source = torch.randint(n, (n_pairs,), generator=generator)
    target = torch.randint(m, (n_pairs,), generator=generator)
    matrix = torch.zeros(m, n, dtype=torch.float64)
    matrix.index_put_((target, source), torch.ones(n_pairs, dtype=torch.float64), accumulate=True)
    x = torch.randn(n, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    pairs = Pairs(source, target, n, m)
    torch.testing.assert_close(pairs.sum(x), matrix @ x)
    assert torch.autograd.gradcheck(pairs.sum, (x,))
    assert torch.autograd.gradgradcheck(lambda x: pairs.sum(x.square()), (x,))
    weight = torch.rand(n_pairs, generator=generator, dtype=torch.float64, requires_grad=True)
    weighted = torch.zeros_like(matrix).index_put((target, source), weight, accumulate=True)
    torch.testing.assert_close(pairs.weighted_sum(weight, x), weighted @ x)
    assert torch.autograd.gradcheck(pairs.weighted_sum, (weight, x))
    y = torch.randn(m, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(pairs.dot(y, x), (y @ x.T)[target, source])
    assert torch.autograd.gradcheck(pairs.dot, (y, x))
