"""Graphs: nodes with features, edges between them, samples of different sizes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import networkx as nx
import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import OneHotEncoder

from ibestimators.structures._arrays import (
    finite_scale,
    new_scaler,
    scaler_from_state,
    scaler_state,
)
from ibestimators.structures._kinds import Index, Layout, is_graph
from ibestimators.structures._packed import PackedSamples

Columns = dict[str, list[Any]]

_MOST_CATEGORIES = 1000  # each becomes a feature of every row


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


class GraphSamples:
    """Graphs; a batch is one graph of disjoint parts.

    ``x`` is (nodes, features), ``lengths`` the number of nodes of each graph, ``edges``
    (2, edges) with sources and targets, ``edge_features`` (edges, features) or absent.
    """

    def __init__(
        self, nodes: PackedSamples, edges: PackedSamples, features: PackedSamples | None
    ) -> None:
        self.values = nodes.values
        self.sizes = nodes.sizes
        self.nodes = nodes
        self.edges = edges
        self.features = features

    def __len__(self) -> int:
        return len(self.nodes)

    def batch(self, index: Index) -> dict[str, torch.Tensor]:
        batch = self.nodes.batch(index)
        before = batch["lengths"].cumsum(0) - batch["lengths"]
        offset = before.repeat_interleave(self.edges.sizes[index])  # (edges,)
        batch["edges"] = (self.edges.rows(index) + offset.unsqueeze(1)).T
        if self.features is not None:
            batch["edge_features"] = self.features.rows(index)
        return batch

    def take(self, index: torch.Tensor) -> GraphSamples:
        features = None if self.features is None else self.features.take(index)
        return GraphSamples(self.nodes.take(index), self.edges.take(index), features)


class GraphStructure:
    """Features of nodes and edges: which attributes, their scales and categories.

    Numbers and vectors of numbers are standardised; anything else is a category, coded one
    out of many, and by zeros if fit did not see it. Nodes without attributes get the number
    of edges that arrive.

    Parameters
    ----------
    X : ParsedGraphs
        From `parse`.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the samples in the means and scales.
    standardize : bool
        Whether to learn means and scales at all.
    keep_weights : bool, default=False
        Whether edges have a feature ``weight`` even if it is 1 for all.
    """

    def __init__(
        self,
        X: ParsedGraphs,
        sample_weight: NDArray[Any] | None,
        standardize: bool,
        keep_weights: bool = False,
    ) -> None:
        self.counts_edges = not X.node_columns
        nodes, edges = self._columns(X)
        node_weight = edge_weight = None
        if sample_weight is not None:
            node_weight = np.repeat(sample_weight, X.n_nodes)
            edge_weight = np.repeat(sample_weight, X.n_edges)
        self.node_encoder = _Encoder(nodes, node_weight, standardize, "node")
        self.edge_encoder = _Encoder(
            {name: v for name, v in edges.items() if keep_weights or not _all_one(name, v)},
            edge_weight, standardize, "edge",
        )  # fmt: skip
        self.layout = self._layout(max(1, *X.n_nodes), max(1, round(float(np.mean(X.n_nodes)))))

    def state(self) -> dict[str, Any]:
        """What was learned, as plain values."""
        return {
            "counts_edges": self.counts_edges,
            "nodes": self.node_encoder.state(),
            "edges": self.edge_encoder.state(),
            "longest": self.layout.longest,
            "typical": self.layout.typical,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The structure that had this state."""
        structure = cls.__new__(cls)
        structure.counts_edges = state["counts_edges"]
        structure.node_encoder = _Encoder.from_state(state["nodes"], "node")
        structure.edge_encoder = _Encoder.from_state(state["edges"], "edge")
        structure.layout = structure._layout(state["longest"], state["typical"])
        return structure

    def _layout(self, longest: int, typical: int) -> Layout:
        shape = (None, self.node_encoder.n_features)
        return Layout("graphs", shape, longest, typical, self.edge_encoder.n_features)

    @property
    def node_attrs(self) -> tuple[str, ...]:
        """The attributes of nodes that count."""
        return () if self.counts_edges else tuple(self.node_encoder.coders)

    @property
    def edge_attrs(self) -> tuple[str, ...]:
        """The attributes of edges that count."""
        return tuple(self.edge_encoder.coders)

    def read(self, X: ParsedGraphs, dtype: torch.dtype) -> GraphSamples:
        """Code the attributes as learned."""
        nodes, edges = self._columns(X)
        lengths = torch.tensor(X.n_nodes)
        n_edges = torch.tensor(X.n_edges)
        node_rows = self.node_encoder.transform(nodes, sum(X.n_nodes))
        packed_nodes = PackedSamples(_to_tensor(node_rows, dtype), lengths)
        edge_list = np.concatenate(X.edges)
        # Edges to one node stand together, which sums of messages make use of.
        order = np.lexsort((edge_list[:, 1], np.repeat(np.arange(len(X.n_edges)), X.n_edges)))
        packed_edges = PackedSamples(torch.from_numpy(edge_list[order]), n_edges)
        features = None
        if self.edge_encoder.n_features:
            edge_rows = self.edge_encoder.transform(edges, sum(X.n_edges))[order]
            features = PackedSamples(_to_tensor(edge_rows, dtype), n_edges)
        return GraphSamples(packed_nodes, packed_edges, features)

    def _columns(self, X: ParsedGraphs) -> tuple[Columns, Columns]:
        if not self.counts_edges:
            return X.node_columns, X.edge_columns
        arriving = [
            np.bincount(edges[:, 1], minlength=n)
            for edges, n in zip(X.edges, X.n_nodes, strict=True)
        ]
        return {"degree": list(np.concatenate(arriving))}, X.edge_columns


class _Encoder:
    """Turns columns of attributes into features."""

    def __init__(
        self, columns: Columns, weight: NDArray[Any] | None, standardize: bool, of: str
    ) -> None:
        self.of = of
        self.coders: dict[str, Any] = {}
        self.n_features = 0
        for name, values in sorted(columns.items(), key=lambda item: str(item[0])):
            # graphs without any row have nothing to learn from; a zero stands for it
            table = _table(name, values, of) if len(values) else np.zeros((1, 1))
            if table.dtype == object:
                coder = _one_hot().fit(table)
                if len(coder.categories_[0]) > _MOST_CATEGORIES:
                    raise ValueError(
                        f"the {of} attribute {name!r} has {len(coder.categories_[0])} categories, "
                        f"more than {_MOST_CATEGORIES}; is it a name? Leave it out by "
                        f"{of}_attrs, which lists those to read, or give it as numbers."
                    )
                self.n_features += len(coder.categories_[0])
            else:
                # with_mean and with_std off: only the width is checked later
                coder = new_scaler(with_mean=standardize, with_std=standardize)
                with finite_scale(coder, f"the {of} attribute {name!r}"):
                    coder.fit(table, sample_weight=weight if len(values) else None)
                self.n_features += table.shape[1]
            self.coders[name] = coder

    def state(self) -> dict[str, Any]:
        """What was learned of each attribute: categories, or a scale."""
        return {
            name: coder.categories_[0] if isinstance(coder, OneHotEncoder) else scaler_state(coder)
            for name, coder in self.coders.items()
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], of: str) -> Self:
        """The encoder that had this state."""
        encoder = cls({}, None, standardize=False, of=of)
        for name, learned in state.items():
            if isinstance(learned, dict):
                coder: Any = scaler_from_state(learned)
                encoder.n_features += coder.n_features_in_
            else:
                coder = _one_hot().fit(learned.reshape(-1, 1))
                encoder.n_features += len(learned)
            encoder.coders[name] = coder
        return encoder

    def transform(self, columns: Columns, n_rows: int) -> NDArray[np.float64]:
        parts = [np.zeros((n_rows, 0))]
        for name, coder in self.coders.items():
            if n_rows == 0:
                return np.zeros((0, self.n_features))
            if name not in columns:
                raise ValueError(
                    f"X has no {self.of} attribute {name!r}, which fit saw. It has "
                    f"{sorted(columns)}. Give X the same attributes as in fit."
                )
            table = _table(name, columns[name], self.of)
            categories = isinstance(coder, OneHotEncoder)
            if categories != (table.dtype == object):
                kinds = "categories", "numbers"
                raise ValueError(
                    f"the {self.of} attribute {name!r} holds {kinds[not categories]} in fit, "
                    f"but {kinds[categories]} in X. Give it one type."
                )
            if not categories and table.shape[1] != coder.n_features_in_:
                raise ValueError(
                    f"the {self.of} attribute {name!r} has {table.shape[1]} entries, but fit "
                    f"saw {coder.n_features_in_}."
                )
            parts.append(coder.transform(table))
        return np.concatenate(parts, 1)


def _one_hot() -> OneHotEncoder:
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return encoder.set_output(transform="default")  # whatever scikit-learn is set to give


def _table(name: str, values: list[Any], of: str) -> NDArray[Any]:
    """One attribute as a float table (rows, entries), or as objects (rows, 1)."""
    n_strings = sum(isinstance(value, str) for value in values)
    if 0 < n_strings < len(values):
        raise ValueError(
            f"the {of} attribute {name!r} mixes strings with {_first_other(values)!r}. Make "
            "it all numbers, or all strings, which are read as categories."
        )
    if n_strings:
        return np.array(values, dtype=object).reshape(-1, 1)
    try:
        table = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"the {of} attribute {name!r} must hold numbers, vectors of one length, or "
            f"strings, such as {values[0]!r}: {error}"
        ) from error
    table = table.reshape(len(table), -1)
    if not np.isfinite(table).all():
        raise ValueError(f"the {of} attribute {name!r} contains NaN or infinity. Fill the gaps in.")
    return table


def _first_other(values: list[Any]) -> Any:
    return next(value for value in values if not isinstance(value, str))


def _all_one(name: str, values: list[Any]) -> bool:
    """Whether these are the weights of edges that carry none, in an adjacency matrix of 0 and 1."""
    return name == "weight" and all(np.ndim(value) == 0 and value == 1 for value in values)


def _to_tensor(rows: NDArray[np.float64], dtype: torch.dtype) -> torch.Tensor:
    values = torch.from_numpy(rows).to(dtype)
    if not torch.isfinite(values).all():
        raise ValueError(
            f"X holds attributes too large for {dtype}. Rescale them, or set standardize=True "
            "or dtype='float64'."
        )
    return values


def parse(
    X: Sequence[Any], node_attrs: Iterable[str] | None, edge_attrs: Iterable[str] | None
) -> ParsedGraphs:
    """Read graphs of any form, or raise an error that names the graph.

    Parameters
    ----------
    X : sequence of networkx.Graph, (adjacency, node_features), or objects with `edge_index`
    node_attrs, edge_attrs : iterable of str or None
        Attributes to read; None reads all.
    """
    parsed = ParsedGraphs()
    tables: list[tuple[Columns, Columns]] = []
    for i, graph in enumerate(X):
        if not is_graph(graph):
            raise ValueError(
                f"item {i} of X is a {type(graph).__name__}, but a networkx graph, a pair "
                "(adjacency, node_features) or an object with edge_index is expected."
            )
        if isinstance(graph, nx.Graph):
            n_nodes, edges, nodes, links = _parse_networkx(graph)
        elif isinstance(graph, tuple):
            n_nodes, edges, nodes, links = _parse_adjacency(graph, i)
        else:
            n_nodes, edges, nodes, links = _parse_edge_index(graph, i)
        parsed.n_nodes.append(n_nodes)
        parsed.n_edges.append(len(edges))
        parsed.edges.append(edges)
        tables.append((nodes, links))
    parsed.node_columns = _join([nodes for nodes, _ in tables], parsed.n_nodes, node_attrs, "node")
    parsed.edge_columns = _join([links for _, links in tables], parsed.n_edges, edge_attrs, "edge")
    return parsed


_MISSING = object()
_Parsed = tuple[int, NDArray[np.int64], Columns, Columns]


def _parse_networkx(graph: nx.Graph) -> _Parsed:
    number = {node: i for i, node in enumerate(graph)}
    links = [(number[a], number[b], attributes) for a, b, attributes in graph.edges(data=True)]
    if not graph.is_directed():  # a loop sends once
        links += [(b, a, attributes) for a, b, attributes in links if a != b]
    edges = np.array([link[:2] for link in links], dtype=np.int64).reshape(-1, 2)
    return (
        len(number),
        edges,
        _as_columns([attributes for _, attributes in graph.nodes(data=True)]),
        _as_columns([attributes for _, _, attributes in links]),
    )


def _as_columns(rows: list[dict[str, Any]]) -> Columns:
    names = {name for row in rows for name in row}
    return {name: [row.get(name, _MISSING) for row in rows] for name in names}


def entries(adjacency: Any) -> sparse.coo_array:
    """The entries of a matrix other than 0, each once, in a copy."""
    given = adjacency if sparse.issparse(adjacency) else np.asarray(adjacency)
    matrix = sparse.coo_array(given, copy=True)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def _parse_adjacency(graph: tuple[Any, Any], i: int) -> _Parsed:
    adjacency = entries(graph[0])
    n_nodes = adjacency.shape[0]
    if adjacency.shape != (n_nodes, n_nodes):
        raise ValueError(
            f"the adjacency matrix of graph {i} has shape {adjacency.shape}; it must be square."
        )
    if adjacency.dtype.kind not in "biuf":
        raise ValueError(
            f"the adjacency matrix of graph {i} is of type {adjacency.dtype}; numbers are expected."
        )
    edges = np.stack([adjacency.row, adjacency.col], 1).astype(np.int64)
    nodes = _features(graph[1], n_nodes, f"node_features of graph {i}", "nodes")
    return n_nodes, edges, nodes, {"weight": list(adjacency.data)}


def _parse_edge_index(graph: Any, i: int) -> _Parsed:
    index = np.asarray(graph.edge_index)
    if not index.size:  # an empty list is of floats
        index = np.zeros((2, 0), dtype=np.int64)
    if index.ndim != 2 or index.shape[0] != 2 or index.dtype.kind not in "iu":
        raise ValueError(
            f"edge_index of graph {i} has shape {index.shape} and type {index.dtype}; integers "
            "of shape (2, edges) are expected."
        )
    features = getattr(graph, "x", None)
    n_nodes = getattr(graph, "num_nodes", None) if features is None else len(features)
    n_nodes = int(index.max(initial=-1)) + 1 if n_nodes is None else int(n_nodes)
    if index.size and not 0 <= index.min() <= index.max() < n_nodes:
        raise ValueError(
            f"edge_index of graph {i} names node {index.max()} or {index.min()}, but the graph "
            f"has nodes 0 to {n_nodes - 1}."
        )
    nodes = _features(features, n_nodes, f"x of graph {i}", "nodes")
    edge_attr = getattr(graph, "edge_attr", None)
    links = _features(edge_attr, index.shape[1], f"edge_attr of graph {i}", "edges")
    weight = getattr(graph, "edge_weight", None)
    links |= _features(weight, index.shape[1], f"edge_weight of graph {i}", "edges", "weight")
    return n_nodes, index.T.astype(np.int64), nodes, links


def _features(features: Any, n_rows: int, name: str, rows: str, column: str = "x") -> Columns:
    if features is None:
        return {}
    if sparse.issparse(features):
        features = features.toarray()
    table = np.asarray(features)
    if table.ndim not in (1, 2) or len(table) != n_rows or table.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} has shape {table.shape} and type {table.dtype}; numbers of shape "
            f"({n_rows}, features) are expected, one row for each of the {n_rows} {rows}."
        )
    return {column: list(table if table.ndim == 2 else table[:, np.newaxis])}


def _join(
    tables: list[Columns], sizes: list[int], wanted: Iterable[str] | None, of: str
) -> Columns:
    """Columns over all graphs; every row must have every attribute."""
    names = {name for table in tables for name in table} if wanted is None else set(wanted)
    joined: Columns = {}
    for name in names:
        column: list[Any] = []
        for i, (table, size) in enumerate(zip(tables, sizes, strict=True)):
            values = table.get(name, [_MISSING] * size)
            if any(value is _MISSING for value in values):
                one = {"node": "a node", "edge": "an edge"}[of]
                raise ValueError(
                    f"graph {i} of X has {one} without the attribute {name!r}. Set it on every "
                    f"{of}, or name the attributes to read in {of}_attrs."
                )
            column += values
        joined[name] = column
    return joined


def read_edges(graph: Any, sizes: Sequence[int]) -> NDArray[np.int64]:
    """Edges between the positions of array samples.

    Parameters
    ----------
    graph : networkx.Graph, (n, n) array or sparse matrix, "empty" or None
        Nodes named 0 to n - 1 are the positions of these numbers; nodes with other
        names are taken in the order of the graph. "empty" has no edges. None joins
        neighbouring positions of a grid of these sizes.
    sizes : sequence of int
        Sizes of the structure's axes; their product is the number of positions.

    Returns
    -------
    ndarray of shape (2, n_edges)
        Sources, then targets; an undirected edge stands in both directions.
    """
    n_positions = int(np.prod(sizes))
    if isinstance(graph, str):
        return np.zeros((2, 0), dtype=np.int64)
    if graph is None:
        graph = nx.grid_graph(tuple(reversed(sizes)))  # row-major, as arrays are
        graph = nx.relabel_nodes(graph, {node: _as_tuple(node) for node in graph})
        order = sorted(graph)
    elif isinstance(graph, nx.Graph):
        numbered = set(graph) == set(range(n_positions))
        order = list(range(n_positions)) if numbered else list(graph)
    else:
        adjacency = entries(graph)
        if adjacency.ndim != 2 or adjacency.shape != (n_positions, n_positions):
            raise ValueError(
                f"graph is an adjacency matrix of shape {adjacency.shape}, but samples have "
                f"{n_positions} positions. Give one of shape ({n_positions}, {n_positions})."
            )
        return np.stack([adjacency.row, adjacency.col]).astype(np.int64)
    if len(order) != n_positions:
        raise ValueError(
            f"graph has {len(order)} nodes, but samples have {n_positions} positions "
            f"{tuple(sizes)}. Give one node a position, in the order of the features."
        )
    number = {node: i for i, node in enumerate(order)}
    edges = {(number[a], number[b]) for a, b in graph.edges()}
    if not graph.is_directed():
        edges |= {(b, a) for a, b in edges}
    return np.array(sorted(edges), dtype=np.int64).reshape(-1, 2).T.copy()


def _as_tuple(node: Any) -> tuple[int, ...]:
    return node if isinstance(node, tuple) else (node,)
