"""Graphs: nodes with features, edges between them, samples of different sizes."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import OneHotEncoder

from ibestimators.structures._arrays import (
    finite_scale,
    new_scaler,
    scaler_from_state,
    scaler_state,
)
from ibestimators.structures._graph_forms import Columns, ParsedGraphs
from ibestimators.structures._kinds import Index, Layout
from ibestimators.structures._packed import PackedSamples

_MOST_CATEGORIES = 1000  # each becomes a feature of every row


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
