"""Graphs: nodes with features, edges between them, samples of different sizes."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import OneHotEncoder

from ibestimators.formatting import counted, span
from ibestimators.structures._graph_forms import Columns, ParsedGraphs, parse, take_apart
from ibestimators.structures._kinds import (
    Fact,
    Index,
    Layout,
    Structure,
    first_sample,
    is_graph,
    n_axes,
    refuse_input_shape,
    refuse_no_samples,
)
from ibestimators.structures._packed import PackedSamples
from ibestimators.structures._positions import Positions
from ibestimators.structures._scaling import (
    finite_scale,
    new_scaler,
    scaler_from_state,
    scaler_state,
)

_MAX_CATEGORIES = 1000  # each category is a feature of every row


class GraphSamples:
    """Graphs; a batch is one graph of disjoint components.

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


class GraphStructure(Structure):
    """Features of nodes and edges: names, scales and categories of their attributes.

    Numbers and vectors of numbers are standardised. All other values are categories, which are
    encoded one-hot, and as zeros if they are not in the training data. Nodes without attributes
    get their number of incoming edges as a feature.

    Parameters
    ----------
    nodes, edges : AttributeEncoder
        Encoders of the attributes of nodes and edges.
    counts_edges : bool
        Whether nodes have no attributes, and their number of incoming edges is the feature.
    longest, typical : int
        Largest and mean number of nodes of the training graphs.
    is_one_graph : bool, default=False
        Whether there is one training graph.
    """

    kind = "graphs"
    name = "a list of graphs"

    def __init__(
        self,
        nodes: AttributeEncoder,
        edges: AttributeEncoder,
        counts_edges: bool,
        longest: int,
        typical: int,
        is_one_graph: bool = False,
    ) -> None:
        self.nodes = nodes
        self.edges = edges
        self.counts_edges = counts_edges
        shape = (None, nodes.n_features)
        self.layout = Layout(
            self.kind, shape, longest, typical, edges.n_features, is_one_graph=is_one_graph
        )

    @classmethod
    def recognises(cls, X: Any) -> bool:
        if is_graph(X) and (not isinstance(X, tuple) or _is_square(X[0])):
            raise TypeError("X is one graph, but a list of graphs is expected. Pass X=[graph].")
        first = first_sample(X)
        if sparse.issparse(first) or _is_listed_pair(first):
            raise TypeError(
                "X seems to be a list of graphs, but they are not tuples. Pass each graph as a "
                "tuple (adjacency, node_features), with None for missing node_features."
            )
        return is_graph(first)

    @classmethod
    def check(cls, X: Any, estimator: Any, fitted: Self | None = None) -> ParsedGraphs:
        refuse_no_samples(X)
        refuse_input_shape(estimator, cls.name)
        if fitted is None:
            return parse(X, estimator.node_attrs, estimator.edge_attrs)
        return parse(X, fitted.node_attrs, fitted.edge_attrs)

    @classmethod
    def learn(cls, X: ParsedGraphs, sample_weight: NDArray[Any] | None, estimator: Any) -> Self:
        counts_edges = not X.node_columns
        node_weight = edge_weight = None
        if sample_weight is not None:
            node_weight = np.repeat(sample_weight, X.n_nodes)
            edge_weight = np.repeat(sample_weight, X.n_edges)
        # Weights that are all 1 (a binary adjacency matrix) are a feature only if requested.
        keep_weights = estimator.edge_attrs is not None
        edges = {
            name: values
            for name, values in X.edge_columns.items()
            if keep_weights or not _is_trivial_weight(name, values)
        }
        return cls(
            AttributeEncoder(
                _node_columns(X, counts_edges), node_weight, estimator.standardize, "node"
            ),
            AttributeEncoder(edges, edge_weight, estimator.standardize, "edge"),
            counts_edges,
            longest=max(1, *X.n_nodes),
            typical=max(1, round(float(np.mean(X.n_nodes)))),
            is_one_graph=len(X) == 1,
        )

    @classmethod
    def positions(cls, X: ParsedGraphs) -> Positions:
        return Positions(np.array(X.n_nodes, dtype=np.int64), None)

    def state(self) -> dict[str, Any]:
        return {
            "counts_edges": self.counts_edges,
            "nodes": self.nodes.state(),
            "edges": self.edges.state(),
            "longest": self.layout.longest,
            "typical": self.layout.typical,
            "is_one_graph": self.layout.is_one_graph,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        return cls(
            AttributeEncoder.from_state(state["nodes"], "node"),
            AttributeEncoder.from_state(state["edges"], "edge"),
            state["counts_edges"],
            state["longest"],
            state["typical"],
            state.get("is_one_graph", False),  # absent in older files
        )

    @property
    def node_attrs(self) -> tuple[str, ...]:
        """The attributes of nodes that are read."""
        return () if self.counts_edges else tuple(self.nodes.coders)

    @property
    def edge_attrs(self) -> tuple[str, ...]:
        """The attributes of edges that are read."""
        return tuple(self.edges.coders)

    def read(self, X: ParsedGraphs, dtype: torch.dtype) -> GraphSamples:
        """Encode the attributes with the learned scales and categories."""
        columns = _node_columns(X, self.counts_edges)
        node_rows = self.nodes.transform(columns, sum(X.n_nodes))
        nodes = PackedSamples(_to_tensor(node_rows, dtype), torch.tensor(X.n_nodes))
        n_edges = torch.tensor(X.n_edges)
        ends = np.concatenate(X.edges)
        # Sorted by target, which makes the sums of messages faster.
        order = np.lexsort((ends[:, 1], np.repeat(np.arange(len(X.n_edges)), X.n_edges)))
        edges = PackedSamples(torch.from_numpy(ends[order]), n_edges)
        features = None
        if self.edges.n_features:
            edge_rows = self.edges.transform(X.edge_columns, sum(X.n_edges))[order]
            features = PackedSamples(_to_tensor(edge_rows, dtype), n_edges)
        return GraphSamples(nodes, edges, features)

    def adopt(self, X: Any, kind: str) -> Any:
        # The kind of an empty list is "array"; here it is an empty list of graphs.
        return [] if kind == "array" and n_axes(X) < 2 and not len(X) else None

    @classmethod
    def describe(cls, X: Any) -> list[Fact]:
        return [
            ("X", cls.name),
            ("samples", f"{len(X):,}"),
            ("nodes of a graph", span(map(_count_nodes, X))),
        ]

    @classmethod
    def summary(cls, X: Any) -> str:
        return f"{counted(len(X), 'graph')} of {span(map(_count_nodes, X))} nodes"


def _count_nodes(graph: Any) -> int:
    return len(take_apart(graph).names)


def _is_square(item: Any) -> bool:
    return n_axes(item) == 2 and item.shape[0] == item.shape[1]


def _is_listed_pair(item: Any) -> bool:
    """Whether an item is a list of a square matrix and a second matrix, not a tuple."""
    is_pair = isinstance(item, list) and len(item) == 2 and _is_square(item[0])
    return is_pair and (item[1] is None or n_axes(item[1]) == 2)


def _node_columns(X: ParsedGraphs, counts_edges: bool) -> Columns:
    if not counts_edges:
        return X.node_columns
    arriving = [
        np.bincount(edges[:, 1], minlength=n) for edges, n in zip(X.edges, X.n_nodes, strict=True)
    ]
    return {"degree": list(np.concatenate(arriving))}


class AttributeEncoder:
    """Encodes columns of node or edge attributes as features.

    Parameters
    ----------
    columns : dict of str to list
        The values of each attribute, over all samples.
    weight : ndarray or None
        Weights of the values in means and scales.
    standardize : bool
    of : {"node", "edge"}
        Used in error messages.
    """

    def __init__(
        self, columns: Columns, weight: NDArray[Any] | None, standardize: bool, of: str
    ) -> None:
        self.of = of
        self.coders: dict[str, Any] = {}
        self.n_features = 0
        for name, values in sorted(columns.items(), key=lambda item: str(item[0])):
            # Without any rows there is no data to fit; the coder is fitted to one zero.
            table = _table(name, values, of) if len(values) else np.zeros((1, 1))
            if table.dtype == object:
                coder = _one_hot().fit(table)
                if len(coder.categories_[0]) > _MAX_CATEGORIES:
                    raise ValueError(
                        f"the {of} attribute {name!r} has {len(coder.categories_[0])} categories, "
                        f"more than {_MAX_CATEGORIES}. If it is an identifier, exclude it: "
                        f"{of}_attrs lists the attributes to read. Otherwise encode it as numbers."
                    )
                self.n_features += len(coder.categories_[0])
            else:
                # Without with_mean and with_std the scaler learns only the number of entries.
                coder = new_scaler(with_mean=standardize, with_std=standardize)
                with finite_scale(coder, f"the {of} attribute {name!r}"):
                    coder.fit(table, sample_weight=weight if len(values) else None)
                self.n_features += table.shape[1]
            self.coders[name] = coder

    def state(self) -> dict[str, Any]:
        """The learned categories or scale of each attribute."""
        return {
            name: coder.categories_[0] if isinstance(coder, OneHotEncoder) else scaler_state(coder)
            for name, coder in self.coders.items()
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], of: str) -> Self:
        """The encoder with this state."""
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
                    f"X has no {self.of} attribute {name!r}, but the training data had. X has "
                    f"{sorted(columns)}. Pass graphs with the same attributes as in fit."
                )
            table = _table(name, columns[name], self.of)
            categories = isinstance(coder, OneHotEncoder)
            if categories != (table.dtype == object):
                kinds = "categories", "numbers"
                raise ValueError(
                    f"the {self.of} attribute {name!r} has {kinds[categories]} in X, but "
                    f"{kinds[not categories]} in fit. Use one type."
                )
            if not categories and table.shape[1] != coder.n_features_in_:
                raise ValueError(
                    f"the {self.of} attribute {name!r} has {table.shape[1]} entries, but it "
                    f"had {coder.n_features_in_} in fit."
                )
            parts.append(coder.transform(table))
        return np.concatenate(parts, 1)


def _one_hot() -> OneHotEncoder:
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return encoder.set_output(transform="default")  # independent of scikit-learn's configuration


def _table(name: str, values: list[Any], of: str) -> NDArray[Any]:
    """One attribute as a float table (rows, entries), or as objects (rows, 1)."""
    n_strings = sum(isinstance(value, str) for value in values)
    if 0 < n_strings < len(values):
        raise ValueError(
            f"the {of} attribute {name!r} mixes strings with {_first_other(values)!r}. Use "
            "either numbers or strings, which are read as categories."
        )
    if n_strings:
        return np.array(values, dtype=object).reshape(-1, 1)
    try:
        table = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"the {of} attribute {name!r} must be numbers, vectors of one length, or strings, "
            f"got values such as {values[0]!r}: {error}"
        ) from error
    table = table.reshape(len(table), -1)
    if not np.isfinite(table).all():
        raise ValueError(f"the {of} attribute {name!r} contains NaN or infinity. Impute it.")
    return table


def _first_other(values: list[Any]) -> Any:
    return next(value for value in values if not isinstance(value, str))


def _is_trivial_weight(name: str, values: list[Any]) -> bool:
    """Whether these are weights that are all 1, as in an adjacency matrix of 0 and 1."""
    return name == "weight" and all(np.ndim(value) == 0 and value == 1 for value in values)


def _to_tensor(rows: NDArray[np.float64], dtype: torch.dtype) -> torch.Tensor:
    values = torch.from_numpy(rows).to(dtype)
    if not torch.isfinite(values).all():
        raise ValueError(
            f"X has attributes too large for {dtype}. Rescale them, or set standardize=True "
            "or dtype='float64'."
        )
    return values
