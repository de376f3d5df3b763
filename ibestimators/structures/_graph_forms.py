"""Graphs taken apart and put together again, whatever form they have.

========================== =============================================================
form                       edges and attributes
========================== =============================================================
networkx graph             named nodes; attributes of any type, which some rows may lack
(adjacency, node_features) an edge for each entry that is not 0; entries are weights
object with ``edge_index`` rows of ``x``, ``edge_attr`` and ``edge_weight``
========================== =============================================================

`take_apart` turns each form into `GraphParts`, and `put_together` turns those into a graph of
a given form. All other modules work with `GraphParts`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from itertools import chain
from typing import Any

import networkx as nx
import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from ibestimators.structures._kinds import is_graph

Columns = dict[str, list[Any]]


class _Missing(Enum):
    """One object in every process, so that it can be compared by `is`."""

    MISSING = 0


MISSING = _Missing.MISSING


@dataclass
class GraphParts:
    """The nodes and edges of one graph, and their attributes.

    Attributes
    ----------
    names : list
        Names of the nodes. Nodes without names have the numbers from 0.
    ends : ndarray of int, shape (n_edges, 2)
        Source and target of each edge, as indices into `names`.
    node_columns, edge_columns : dict of str to ndarray
        Attributes, one row for each node or edge. An attribute of a networkx graph is an array
        of objects, `MISSING` where a node or an edge lacks it. Tables of numbers are "x", of
        shape (rows, features), and weights are "weight".
    undirected : bool
        Whether each row of `ends` is an edge in both directions, as in a networkx graph. The
        other forms have a row for each direction.
    """

    names: list[Any]
    ends: NDArray[np.int64]
    node_columns: dict[str, NDArray[Any]]
    edge_columns: dict[str, NDArray[Any]]
    undirected: bool = False

    @cached_property
    def named_ends(self) -> list[tuple[Any, Any]]:
        """The names of the two nodes of each edge."""
        return [(self.names[a], self.names[b]) for a, b in self.ends.tolist()]

    def directed_edges(self) -> tuple[NDArray[np.int64], Any]:
        """Source and target of each directed edge, and the index of its row in the columns."""
        if not self.undirected:
            return self.ends, slice(None)
        reverse = np.flatnonzero(self.ends[:, 0] != self.ends[:, 1])  # a loop is one edge
        index = np.concatenate([np.arange(len(self.ends)), reverse])
        return np.concatenate([self.ends, self.ends[reverse, ::-1]]), index


def take_apart(graph: Any, name: str = "the graph") -> GraphParts:
    """Take a graph of any form apart.

    Parameters
    ----------
    graph : networkx.Graph, (adjacency, node_features), or object with `edge_index`
    name : str, default="the graph"
        What errors call it.

    Returns
    -------
    GraphParts

    Raises
    ------
    ValueError
        If it is no graph, or its parts do not fit together.
    """
    if isinstance(graph, nx.Graph):
        return _from_networkx(graph)
    if not is_graph(graph):
        raise ValueError(
            f"{name} is a {type(graph).__name__}, but a networkx graph, a pair (adjacency, "
            "node_features) or an object with edge_index is expected."
        )
    return _from_adjacency(graph, name) if isinstance(graph, tuple) else _from_index(graph, name)


def _from_networkx(graph: nx.Graph) -> GraphParts:
    position = {node: i for i, node in enumerate(graph)}
    edges = [(position[a], position[b], row) for a, b, row in graph.edges(data=True)]
    ends = np.array([(a, b) for a, b, _ in edges], dtype=np.int64)
    return GraphParts(
        list(position),
        ends.reshape(-1, 2),
        _columns([row for _, row in graph.nodes(data=True)]),
        _columns([row for _, _, row in edges]),
        undirected=not graph.is_directed(),
    )


def _columns(rows: list[dict[str, Any]]) -> dict[str, NDArray[Any]]:
    return {  # fromiter keeps vectors whole
        name: np.fromiter([row.get(name, MISSING) for row in rows], object, len(rows))
        for name in dict.fromkeys(chain.from_iterable(rows))
    }


def _from_adjacency(graph: tuple[Any, Any], name: str) -> GraphParts:
    adjacency, features = graph
    given = adjacency if sparse.issparse(adjacency) else np.asarray(adjacency)
    n_nodes = given.shape[0]
    if given.shape != (n_nodes, n_nodes):
        raise ValueError(
            f"the adjacency matrix of {name} has shape {given.shape}; it must be square. If X "
            "holds two inputs and no graphs, give each sample as Pair(queries, context)."
        )
    if given.dtype.kind not in "biuf":
        raise ValueError(
            f"the adjacency matrix of {name} is of type {given.dtype}; numbers are expected."
        )
    matrix = sparse.coo_array(given, copy=True)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return GraphParts(
        list(range(n_nodes)),
        np.stack([matrix.row, matrix.col], 1).astype(np.int64),
        _table(features, n_nodes, f"node_features of {name}", "nodes", "x"),
        {"weight": matrix.data},
    )


def _from_index(graph: Any, name: str) -> GraphParts:
    index = np.asarray(graph.edge_index)
    if not index.size:  # an empty list is of floats
        index = np.zeros((2, 0), dtype=np.int64)
    if index.ndim != 2 or index.shape[0] != 2 or index.dtype.kind not in "iu":
        raise ValueError(
            f"edge_index of {name} has shape {index.shape} and type {index.dtype}; integers "
            "of shape (2, edges) are expected."
        )
    features = getattr(graph, "x", None)
    n_nodes = getattr(graph, "num_nodes", None) if features is None else np.shape(features)[0]
    n_nodes = int(index.max(initial=-1)) + 1 if n_nodes is None else int(n_nodes)
    if index.size and not 0 <= index.min() <= index.max() < n_nodes:
        raise ValueError(
            f"edge_index of {name} names node {index.max()} or {index.min()}, but the graph "
            f"has nodes 0 to {n_nodes - 1}."
        )
    attributes, weight = getattr(graph, "edge_attr", None), getattr(graph, "edge_weight", None)
    n_edges = index.shape[1]
    return GraphParts(
        list(range(n_nodes)),
        index.T.astype(np.int64),
        _table(features, n_nodes, f"x of {name}", "nodes", "x"),
        _table(attributes, n_edges, f"edge_attr of {name}", "edges", "x")
        | _table(weight, n_edges, f"edge_weight of {name}", "edges", "weight"),
    )


def _table(values: Any, n_rows: int, name: str, rows: str, column: str) -> dict[str, NDArray[Any]]:
    """Numbers as a column of shape (rows, features); no column if there are none."""
    if values is None:
        return {}
    table = np.asarray(values.toarray() if sparse.issparse(values) else values)
    if table.ndim not in (1, 2) or len(table) != n_rows or table.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} has shape {table.shape} and type {table.dtype}; numbers of shape "
            f"({n_rows}, features) are expected, one row for each of the {n_rows} {rows}."
        )
    return {column: table if table.ndim == 2 else table[:, np.newaxis]}


def put_together(parts: GraphParts, like: Any) -> Any:
    """Put a graph together in the form of another.

    Parameters
    ----------
    parts : GraphParts
        As `take_apart` gives them for that form.
    like : networkx.Graph, (adjacency, node_features), or object with `edge_index`
        The form, the types of its arrays, and all else that it holds.

    Returns
    -------
    graph
        Of the same type. It shares the tables that are equal to those of `like`.
    """
    if isinstance(like, nx.Graph):
        return _to_networkx(parts, like)
    index = parts.ends.T
    if isinstance(like, tuple):
        adjacency, features = like
        weights = parts.edge_columns["weight"], tuple(index)
        matrix = sparse.coo_array(weights, shape=np.shape(adjacency))
        return _of_type(matrix, adjacency), _filled(features, parts.node_columns.get("x"))
    graph = copy.copy(like)
    graph.edge_index = _filled(like.edge_index, index)
    if getattr(like, "x", None) is not None:
        graph.x = _filled(like.x, parts.node_columns["x"])
    elif getattr(like, "num_nodes", None) is not None:
        graph.num_nodes = len(parts.names)
    for name, column in (("edge_attr", "x"), ("edge_weight", "weight")):
        if getattr(like, name, None) is not None:
            setattr(graph, name, _filled(getattr(like, name), parts.edge_columns[column]))
    return graph


def _to_networkx(parts: GraphParts, like: nx.Graph) -> nx.Graph:
    graph = like.__class__()
    graph.graph.update(like.graph)
    graph.add_nodes_from(zip(parts.names, _rows(parts.node_columns, len(parts.names)), strict=True))
    rows = _rows(parts.edge_columns, len(parts.ends))
    graph.add_edges_from((*ends, row) for ends, row in zip(parts.named_ends, rows, strict=True))
    return graph


def _rows(columns: dict[str, NDArray[Any]], n_rows: int) -> Iterator[dict[str, Any]]:
    for i in range(n_rows):
        yield {name: column[i] for name, column in columns.items() if column[i] is not MISSING}


def _filled(like: Any, table: NDArray[Any] | None) -> Any:
    """A table as the type of another; that other itself if they are equal."""
    if table is None:
        return like
    dense = np.asarray(like.toarray() if sparse.issparse(like) else like)
    table = table.reshape(-1) if dense.ndim == 1 else table
    return like if np.array_equal(dense, table) else _of_type(table, like)


def _of_type(values: Any, like: Any) -> Any:
    """Numbers as a matrix, an array or a tensor of the type of another."""
    if sparse.issparse(like):
        return type(like)(values)
    if sparse.issparse(values):
        values = values.toarray()
    if isinstance(like, torch.Tensor):
        return torch.from_numpy(np.array(values, order="C")).to(like)
    return values.astype(np.asarray(like).dtype)


@dataclass
class ParsedGraphs:
    """All nodes and edges of some graphs, and their attributes, one after the other."""

    n_nodes: list[int] = field(default_factory=list)
    n_edges: list[int] = field(default_factory=list)
    edges: list[NDArray[np.int64]] = field(default_factory=list)  # (n_edges_i, 2) each
    node_columns: Columns = field(default_factory=dict)
    edge_columns: Columns = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.n_nodes)


def parse(
    X: Sequence[Any], node_attrs: Iterable[str] | None, edge_attrs: Iterable[str] | None
) -> ParsedGraphs:
    """Read graphs of any form.

    Parameters
    ----------
    X : sequence of networkx.Graph, (adjacency, node_features), or objects with `edge_index`
    node_attrs, edge_attrs : iterable of str or None
        Attributes to read; None reads all.

    Returns
    -------
    ParsedGraphs
        An undirected edge counts as two, one in each direction; a loop as one.

    Raises
    ------
    ValueError
        If a graph cannot be read, or a node or an edge lacks an attribute; names the graph.
    """
    parsed = ParsedGraphs()
    nodes, edges = [], []
    for i, graph in enumerate(X):
        parts = take_apart(graph, f"graph {i} of X")
        ends, index = parts.directed_edges()
        parsed.n_nodes.append(len(parts.names))
        parsed.n_edges.append(len(ends))
        parsed.edges.append(ends)
        nodes.append(parts.node_columns)
        edges.append({name: column[index] for name, column in parts.edge_columns.items()})
    parsed.node_columns = _join(nodes, parsed.n_nodes, node_attrs, "node")
    parsed.edge_columns = _join(edges, parsed.n_edges, edge_attrs, "edge")
    return parsed


def _join(
    tables: list[dict[str, NDArray[Any]]],
    sizes: list[int],
    wanted: Iterable[str] | None,
    of: str,
) -> Columns:
    """Columns over all graphs; every row must have every attribute."""
    names = (name for table in tables for name in table) if wanted is None else wanted
    joined: Columns = {name: [] for name in names}
    for name, column in joined.items():
        for i, (table, size) in enumerate(zip(tables, sizes, strict=True)):
            rows = table.get(name)
            if rows is None:
                values: list[Any] = [MISSING] * size
            else:  # the rows of a table stay arrays
                values = rows.tolist() if rows.ndim == 1 else list(rows)
            if [value for value in values if value is MISSING]:
                one = {"node": "a node", "edge": "an edge"}[of]
                raise ValueError(
                    f"graph {i} of X has {one} without the attribute {name!r}. Set it on every "
                    f"{of}, or name the attributes to read in {of}_attrs."
                )
            column += values
    return joined


def read_edges(graph: Any, sizes: Sequence[int]) -> NDArray[np.int64]:
    """Edges between the positions of array samples.

    Parameters
    ----------
    graph : networkx.Graph, (n, n) array or sparse matrix, "empty", "causal" or None
        Nodes named 0 to n - 1 are the positions with these numbers; nodes with other
        names are taken in the order of the graph. "empty" has no edges, and "causal" those from
        each step to the next one. None connects neighbouring positions of a grid of these sizes.
    sizes : sequence of int
        Sizes of the structure's axes; their product is the number of positions.

    Returns
    -------
    ndarray of shape (2, n_edges)
        Sources, then targets; an undirected edge has both directions.
    """
    n_positions = int(np.prod(sizes))
    if isinstance(graph, str):
        if graph == "empty":
            return np.zeros((2, 0), dtype=np.int64)
        if len(sizes) > 1:
            raise ValueError(
                "graph='causal' requires steps in order, along one axis, but samples have "
                f"{n_positions} positions {tuple(sizes)}. Set graph=None, or pass a directed graph."
            )
        return np.stack([np.arange(n_positions - 1), np.arange(1, n_positions)])
    if graph is None:
        return _grid_edges(sizes)
    if isinstance(graph, nx.Graph):
        if len(graph) != n_positions:
            raise ValueError(
                f"graph has {len(graph)} nodes, but samples have {n_positions} positions "
                f"{tuple(sizes)}. Give it one node for each position, in the order of the features."
            )
        parts = take_apart(graph)
        numbered = set(parts.names) == set(range(n_positions))
        position = np.array(parts.names if numbered else range(n_positions), dtype=np.int64)
    else:
        shape = graph.shape if hasattr(graph, "shape") else np.shape(graph)
        if tuple(shape) != (n_positions, n_positions):
            raise ValueError(
                f"graph is an adjacency matrix of shape {tuple(shape)}, but samples have "
                f"{n_positions} positions. Give one of shape ({n_positions}, {n_positions})."
            )
        parts = take_apart((graph if hasattr(graph, "shape") else np.asarray(graph), None))
        position = np.arange(n_positions)
    ends, _ = parts.directed_edges()
    return np.unique(position[ends], axis=0).T.copy()


def _grid_edges(sizes: Sequence[int]) -> NDArray[np.int64]:
    """Both directions of the edges of a grid whose positions are numbered row by row."""
    positions = np.arange(int(np.prod(sizes))).reshape(tuple(sizes))
    forward = []
    for axis in range(positions.ndim):
        along = np.moveaxis(positions, axis, 0)
        forward.append(np.stack([along[:-1].ravel(), along[1:].ravel()]))
    edges = np.concatenate(forward, 1)
    return np.unique(np.concatenate([edges, edges[::-1]], 1), axis=1)
