"""Graphs with other edges, another order of nodes, or exchanged attributes."""

from __future__ import annotations

import warnings
from collections import Counter

import networkx as nx
import numpy as np
import pytest
import torch
from conftest import optional
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from ibestimators.perturbations import destroy_structure, transform_samples, units_of


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


# --- destroy_structure


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
    with pytest.warns(UserWarning, match="No graph of X can be rewired"):
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


# --- permutations


@pytest.mark.parametrize("form", ["Graph", "MultiGraph", *ROWS])
@given(network=networks(), seed=st.integers(0, 2**31 - 1))
@settings(max_examples=10)
def test_permuted_graphs_are_the_same_graphs(form, network, seed):
    n_nodes, edges = network
    graph = graph_of(form, edges, n_nodes)
    before = content(graph)
    permuted = transform_samples([graph], "permutation", np.random.RandomState(seed))[0]
    assert content(graph) == before
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


# --- units


@pytest.mark.parametrize("form", ["Graph", "MultiGraph", *ROWS])
@given(network=networks(), seed=st.integers(0, 2**31 - 1))
@settings(max_examples=10)
def test_exchanged_attributes_stay_with_nodes_and_edges_with_graphs(form, network, seed):
    n_nodes, edges = network
    X = [graph_of(form, edges, n_nodes) for _ in range(3)]
    before = content(X[0])
    units = units_of(X, "feature", None)
    assert units.labels == (("q",) if form in ("Graph", "DiGraph", "MultiGraph") else (0,))
    changed = units.exchange(units.places[0], np.random.RandomState(seed))
    assert sorted(q for graph in changed for q in names_of(graph)) == sorted([*range(n_nodes)] * 3)
    for graph in changed:
        assert type(graph) is type(X[0])
        assert sorted(edges_of(graph)) == sorted(edges_of(X[0]))
    assert content(X[0]) == before


@pytest.mark.parametrize("form", ["Graph", *ROWS])
@given(networks=st.lists(networks(), min_size=2, max_size=4), seed=st.integers(0, 2**31 - 1))
@settings(max_examples=10)
def test_an_exchanged_edge_is_in_as_many_graphs_as_before(form, networks, seed):
    X = [graph_of(form, edges, 9) for _, edges in networks]
    units = units_of(X, "edge", None)
    for place in units.places[:3]:
        changed = units.exchange(place, np.random.RandomState(seed))
        counts = (
            Counter(p for graph in graphs for p in edges_of(graph)) for graphs in (X, changed)
        )
        assert next(counts) == next(counts)
        for old, new in zip(X, changed, strict=True):
            pair = {tuple(number(node) for node in ends) for ends in (place, place[::-1])}
            rest = [sorted(p for p in edges_of(g) if p not in pair) for g in (old, new)]
            assert rest[0] == rest[1]


def number(node):
    return int(node.split()[1]) if isinstance(node, str) else node


def pairs_of(graphs):
    return Counter(pair for graph in graphs for pair in edges_of(graph))
