"""What X is: told by its type, so that every part of a data set is told alike.

========= =============================================================================
kind      X
========= =============================================================================
array     an array of 2 axes or more, a data frame, or nested lists that make one
sequences a list of 2-D arrays (steps_i, features), of any lengths
tokens    a list of 1-D arrays of integers, of any lengths
graphs    a list of networkx graphs, of pairs (adjacency, node_features), or of objects
          with an ``edge_index``, as PyTorch Geometric's ``Data``
========= =============================================================================

A list may be an object array or a series as well. Each kind has a file of its own
(`arrays`, `sequences`, `graphs`) with a structure, which is learned in ``fit`` (shapes,
scales, categories) and reads every X after that into samples: an object with a
length, the ``sizes`` of the samples (None if all are of one size), and a method
``batch(index)`` that gives the keyword arguments of a network's ``forward``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import networkx as nx
import numpy as np
import torch
from scipy import sparse

Index = slice | torch.Tensor

NAMES = {
    "array": "an array",
    "sequences": "a list of sequences (2-D arrays)",
    "tokens": "a list of token sequences (1-D integer arrays)",
    "graphs": "a list of graphs",
}


_TEXT = (
    "X holds text, but tokens are expected. Put a tokenizer in front: "
    "make_pipeline(TextTokenizer(), estimator)."
)


@dataclass(frozen=True)
class Layout:
    """What a network needs to know of the samples.

    Parameters
    ----------
    kind : {"array", "sequences", "tokens", "graphs"}
    sample_shape : tuple of int or None
        Shape of a sample, features last; None for an axis of varying size.
    longest, typical : int, default=1
        Most and mean steps, tokens or nodes of a sample in fit, if they vary.
    n_edge_features : int, default=0
    """

    kind: str
    sample_shape: tuple[int | None, ...]
    longest: int = 1
    typical: int = 1
    n_edge_features: int = 0

    @property
    def n_features(self) -> int:
        """Size of the last axis, 1 if there is no other."""
        if self.kind == "array" and len(self.sample_shape) == 1:
            return 1
        size = self.sample_shape[-1]
        assert size is not None
        return size

    @property
    def axes(self) -> tuple[int, ...]:
        """Sizes of the structure's axes of an array; all features are one axis if alone."""
        sizes = tuple(size for size in self.sample_shape if size is not None)
        return sizes[:-1] or sizes


def kind_of(X: Any) -> str:
    """The kind of X, by the type of its first sample.

    Raises
    ------
    TypeError, ValueError
        If X is a single graph, raw text, or a list that could be several kinds.
    """
    if is_graph(X) and (not isinstance(X, tuple) or _is_square(X[0])):
        raise TypeError("X is one graph, but a list of graphs is expected. Pass X=[graph].")
    if not _is_list(X) or not len(X):
        if _n_axes(X) == 1 and np.asarray(X).dtype.kind in "US":
            raise TypeError(_TEXT)
        return "array"
    first = next(iter(X))
    if is_graph(first):
        return "graphs"
    if sparse.issparse(first) or _is_listed_pair(first):
        raise TypeError(
            "X seems to hold graphs, but not as pairs. Give each as a tuple (adjacency, "
            "node_features), with None for node_features if there are none."
        )
    if isinstance(first, str):
        raise TypeError(_TEXT)
    if hasattr(first, "shape") and not isinstance(first, np.generic):
        if len(first.shape) == 2:
            return "sequences"
        if len(first.shape) == 1 and np.asarray(first).dtype.kind in "iu":
            return "tokens"
    elif isinstance(first, list | tuple) and _lengths_differ(X):
        return _kind_of_nested(X)
    if len(getattr(first, "shape", ())) == 1 and _lengths_differ(X):
        raise ValueError(
            "X holds 1-D arrays of numbers of different lengths. For sequences give each the "
            "shape (steps, features), such as x.reshape(-1, 1); for tokens give integers."
        )
    return "array"


def refuse_masked(values: Any, name: str) -> None:
    """An error if entries are masked: numpy would read what lies under the mask."""
    items = values if _is_list(values) else [values]
    parts = (part for item in items for part in (item if isinstance(item, tuple) else (item,)))
    if any(np.ma.is_masked(part) for part in parts):
        raise ValueError(
            f"{name} is a masked array with masked entries, which would be read as if they were "
            "not. Fill them in, as by .filled(value), or drop the samples that have any."
        )


def is_graph(item: Any) -> bool:
    """Whether an item is a graph in one of the forms that are read."""
    if isinstance(item, nx.Graph) or hasattr(item, "edge_index"):
        return True
    if not isinstance(item, tuple) or len(item) != 2:
        return False
    return _n_axes(item[0]) == 2


def _n_axes(item: Any) -> int:
    return len(getattr(item, "shape", ()))


def _is_square(item: Any) -> bool:
    return _n_axes(item) == 2 and item.shape[0] == item.shape[1]


def _is_listed_pair(item: Any) -> bool:
    """Whether an item is a list of a square matrix and another, where a tuple is expected."""
    is_pair = isinstance(item, list) and len(item) == 2 and _is_square(item[0])
    return is_pair and (item[1] is None or _n_axes(item[1]) == 2)


def _is_list(X: Any) -> bool:
    if isinstance(X, list | tuple):
        return True
    # object arrays and series of one axis; a data frame has two
    if _n_axes(X) != 1:
        return False
    return bool(np.asarray(X).dtype.kind == "O")


def _lengths_differ(X: Sequence[Any]) -> bool:
    return len({len(item) for item in X if hasattr(item, "__len__")}) > 1


def _kind_of_nested(X: Sequence[Any]) -> str:
    entries = [entry for item in X for entry in item[:1]]
    if all(isinstance(entry, Integral) for entry in entries):
        return "tokens"
    if all(hasattr(entry, "__len__") for entry in entries):
        return "sequences"
    if all(isinstance(entry, Real) for entry in entries):
        raise ValueError(
            "X holds lists of numbers of different lengths. For sequences give 2-D arrays "
            "(steps, features); for tokens give integers; for a table give rows of one length."
        )
    return "array"
