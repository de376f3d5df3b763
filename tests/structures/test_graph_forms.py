"""Graphs of every form, taken apart and put together again."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from ibestimators.structures import (
    MISSING,
    GraphParts,
    parse,
    put_together,
    read_edges,
    take_apart,
)

NETWORKX = [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph]
MATRICES = ["dense", "tensor", sparse.csr_array, sparse.coo_array, sparse.csc_matrix]
ARRAYS = [np.asarray, torch.from_numpy]

attributes = st.dictionaries(
    st.sampled_from(["a", "b", "x", "weight"]),
    st.one_of(st.integers(), st.text(max_size=2), st.just([1.0, 2.0]), st.just(np.arange(2))),
    max_size=3,
)


@st.composite
def networkx_graphs(draw):
    """Graphs of any class, with names of several types and attributes that some rows lack."""
    names = draw(st.lists(st.one_of(st.integers(), st.text(max_size=2)), unique=True, max_size=6))
    graph = draw(st.sampled_from(NETWORKX))(title="a graph")
    graph.add_nodes_from((name, draw(attributes)) for name in names)
    ends = st.sampled_from([(a, b) for a in names for b in names] or [None])
    for a, b in draw(st.lists(ends, max_size=8)) if names else []:
        graph.add_edge(a, b, **draw(attributes))
    return graph


@st.composite
def tables(draw, n_rows):
    """Numbers for each row, as one axis or two, or none."""
    shape = draw(st.sampled_from([None, (n_rows,), (n_rows, 1), (n_rows, 3)]))
    return None if shape is None else np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


@st.composite
def edge_lists(draw):
    """A number of nodes, and distinct directed edges."""
    n_nodes = draw(st.integers(1, 6))
    pairs = [(a, b) for a in range(n_nodes) for b in range(n_nodes)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=10))
    return n_nodes, np.array(edges, dtype=np.int64).reshape(-1, 2)


def adjacency_of(form, n_nodes, ends):
    matrix = np.zeros((n_nodes, n_nodes), dtype=np.float32)
    matrix[tuple(ends.T)] = np.arange(1, len(ends) + 1)
    if form == "dense":
        return matrix
    return torch.from_numpy(matrix) if form == "tensor" else form(matrix)


def as_numbers(values):
    return values.toarray() if sparse.issparse(values) else np.asarray(values)


def assert_same(new, old):
    """Type and content agree."""
    assert type(new) is type(old)
    if old is not None:
        assert new.dtype == old.dtype
        np.testing.assert_array_equal(as_numbers(new), as_numbers(old))


def assert_same_networkx(new, old):
    assert type(new) is type(old)
    assert new.graph == old.graph
    for rows in (lambda g: g.nodes(data=True), lambda g: g.edges(data=True)):
        assert repr([sorted_row(row) for row in rows(new)]) == repr(
            [sorted_row(row) for row in rows(old)]
        )


def sorted_row(row):
    *names, values = row
    return names, sorted(values.items())


@given(graph=networkx_graphs())
def test_networkx_graphs_come_back(graph):
    parts = take_apart(graph)
    assert parts.names == list(graph)
    assert parts.named_ends == list(graph.edges())
    assert parts.undirected != graph.is_directed()
    assert_same_networkx(put_together(parts, graph), graph)


@pytest.mark.parametrize("form", MATRICES)
@given(edges=edge_lists(), data=st.data())
@settings(max_examples=20)
def test_adjacency_pairs_come_back(form, edges, data):
    n_nodes, ends = edges
    features = data.draw(tables(n_nodes))
    if features is not None and features.ndim == 2 and data.draw(st.booleans()):
        features = sparse.csr_array(features)
    graph = adjacency_of(form, n_nodes, ends), features
    parts = take_apart(graph)
    assert sorted(parts.named_ends) == sorted(map(tuple, ends.tolist()))
    assert not parts.undirected
    new = put_together(parts, graph)
    assert type(new) is tuple
    assert_same(new[0], graph[0])
    assert new[1] is features


@pytest.mark.parametrize("wrap", ARRAYS)
@given(edges=edge_lists(), data=st.data())
@settings(max_examples=20)
def test_objects_with_edge_index_come_back(wrap, edges, data):
    n_nodes, ends = edges
    tables_of = {
        "x": data.draw(tables(n_nodes)),
        "edge_attr": data.draw(tables(len(ends))),
        "edge_weight": data.draw(st.sampled_from([None, np.ones(len(ends))])),
    }
    given_tables = {k: wrap(v) for k, v in tables_of.items() if v is not None}
    index = np.ascontiguousarray(ends.T)
    graph = SimpleNamespace(edge_index=wrap(index), num_nodes=n_nodes, y=1, **given_tables)
    parts = take_apart(graph)
    assert parts.named_ends == list(map(tuple, ends.tolist()))
    new = put_together(parts, graph)
    assert new is not graph
    assert vars(new).keys() == vars(graph).keys()
    for name in given_tables:  # what does not change is shared
        assert getattr(new, name) is getattr(graph, name)


@given(edges=edge_lists(), seed=st.integers(0, 1000))
def test_every_form_takes_the_same_changes(edges, seed):
    """New features, weights and ends arrive in the types of the graph."""
    n_nodes, ends = edges
    index = torch.from_numpy(np.ascontiguousarray(ends.T))
    features = torch.zeros(n_nodes, 2)
    graphs = [
        (adjacency_of("tensor", n_nodes, ends), features),
        (adjacency_of(sparse.csr_array, n_nodes, ends), sparse.csr_array(features.numpy())),
        SimpleNamespace(edge_index=index, x=features, edge_weight=torch.zeros(len(ends))),
    ]
    table = np.random.default_rng(seed).normal(size=(n_nodes, 2)).astype(np.float32)
    weight = np.arange(2, len(ends) + 2, dtype=np.float32)
    for graph in graphs:
        parts = take_apart(graph)
        new = put_together(
            GraphParts(
                parts.names,
                parts.ends[:, ::-1],
                {"x": table},
                {"weight": weight.reshape(parts.edge_columns["weight"].shape)},
            ),
            graph,
        )
        again = take_apart(new)
        np.testing.assert_array_equal(again.node_columns["x"], table)
        expected = dict(zip(map(tuple, parts.ends[:, ::-1].tolist()), weight, strict=True))
        found = zip(again.named_ends, again.edge_columns["weight"].ravel(), strict=True)
        assert dict(found) == expected
        assert type(new) is type(graph)
        if isinstance(new, SimpleNamespace):
            assert isinstance(new.x, torch.Tensor)
            assert new.edge_weight.shape == (len(ends),)
            assert not graph.x.any()


@given(graph=networkx_graphs())
def test_an_undirected_edge_counts_in_both_directions_and_a_loop_once(graph):
    parsed = parse([graph], (), ())
    directed = graph.edges() if graph.is_directed() else graph.to_directed().edges()
    names = list(graph)
    pairs = [(names[a], names[b]) for a, b in parsed.edges[0].tolist()]
    assert sorted(map(str, pairs)) == sorted(map(str, directed))
    assert parsed.n_edges == [len(pairs)]


def test_attributes_go_with_both_directions():
    graph = nx.Graph()
    graph.add_edge("a", "b", w=1.0)
    graph.add_edge("b", "b", w=2.0)
    parsed = parse([graph, graph], None, None)
    assert [ends.tolist() for ends in parsed.edges] == [[[0, 1], [1, 1], [1, 0]]] * 2
    assert parsed.edge_columns == {"w": [1.0, 2.0, 1.0] * 2}


def test_missing_attributes_are_one_object_in_every_process():
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING
    graph = nx.path_graph(2)
    graph.nodes[0]["a"] = 1
    assert take_apart(graph).node_columns["a"].tolist() == [1, MISSING]


def test_stored_zeros_and_duplicates_are_no_edges_of_their_own():
    matrix = sparse.coo_array(([1.0, 2.0, 0.0], ([0, 0, 1], [1, 1, 0])), shape=(2, 2))
    parts = take_apart((matrix, None))
    assert parts.named_ends == [(0, 1)]
    assert parts.edge_columns["weight"].tolist() == [3.0]
    assert matrix.nnz == 3


def test_data_frames_are_read():
    frames = pd.DataFrame(np.eye(2)), pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    parts = take_apart(frames)
    assert parts.named_ends == [(0, 0), (1, 1)]
    assert parts.node_columns["x"].tolist() == [[1.0, 3.0], [2.0, 4.0]]


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (5, "graph 7 is a int, but a networkx graph, a pair"),
        ((np.zeros((2, 3)), None), r"adjacency matrix of graph 7 has shape \(2, 3\)"),
        ((np.full((2, 2), "a"), None), "adjacency matrix of graph 7 is of type <U1"),
        ((np.eye(2), np.zeros((3, 1))), r"node_features of graph 7 has shape \(3, 1\).*2 nodes"),
        (SimpleNamespace(edge_index=np.zeros((3, 2))), r"edge_index of graph 7 has shape \(3, 2\)"),
        (SimpleNamespace(edge_index=[[0], [1]], x=np.eye(1)), "graph 7 names node 1 or 0"),
        (SimpleNamespace(edge_index=[[0], [1]], edge_attr=[1, 2]), "edge_attr of graph 7.*1 edges"),
    ],
)
def test_errors_name_the_graph_and_what_does_not_fit(graph, message):
    with pytest.raises(ValueError, match=message):
        take_apart(graph, "graph 7")


@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_a_grid_connects_neighbouring_positions(sizes):
    grid = nx.grid_graph(tuple(reversed(sizes)))
    number = {node: i for i, node in enumerate(sorted(grid))}
    expected = {(number[a], number[b]) for a, b in grid.to_directed().edges()}
    edges = read_edges(None, sizes).T.tolist()
    assert edges == sorted(map(list, expected))
