"""Forms of X that are nearly readable: each is refused in one sentence, with the remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scipy import sparse

from ibestimators.structures._kinds import first_sample, n_axes


def refuse_other_forms(X: Any) -> None:
    """Raise an error if X is in a form that can be converted to one that is read.

    Raises
    ------
    TypeError
        If X is read once only, a dict, or holds graphs in a form of another library.
    ValueError
        If X holds images of different sizes.
    """
    if isinstance(X, Iterator):
        raise TypeError(
            f"X is a {type(X).__name__}, which can be read once only. Pass list(X), or an array."
        )
    if isinstance(X, Mapping) and not sparse.issparse(X):  # a dok_array is both
        raise TypeError(
            f"X is a {type(X).__name__}. Pass a table as pandas.DataFrame(X), samples as a list."
        )
    if hasattr(X, "to_data_list"):
        raise TypeError("X is a batch of graphs. Pass its graphs, X.to_data_list().")
    if hasattr(X, "edge_index") and hasattr(X, "__getitem__") and _is_data_set(X):
        raise TypeError("X is a data set of graphs. Pass its graphs as list(X).")
    first = first_sample(X)
    for item in (X, first):
        if _is_heterogeneous(item):
            raise TypeError(
                "X holds graphs with several types of nodes (HeteroData). Pass each as "
                "graph.to_homogeneous(), with the type as a feature of its nodes."
            )
    if isinstance(first, list | tuple) and first and isinstance(first[0], set | dict):
        raise TypeError(
            "X seems to hold graphs in the form of GraKeL (edges, node labels). Pass networkx "
            "graphs: graph = nx.Graph(list(edges)), nx.set_node_attributes(graph, labels, 'label')."
        )
    if isinstance(first, tuple) and len(first) > 2 and len(set(map(_shape, first))) > 1:
        raise TypeError(
            f"X holds tuples of {len(first)} arrays of different shapes. A graph is a pair "
            "(adjacency, node_features); features of edges are entries of the adjacency matrix, "
            "or pass networkx graphs."
        )
    if n_axes(first) > 2 and len({item.shape for item in X if hasattr(item, "shape")}) > 1:
        raise ValueError(
            "X holds images or volumes of different sizes. Resize or crop them to one size, and "
            "pass one array (n_samples, height, width, channels)."
        )


def _is_data_set(X: Any) -> bool:
    return hasattr(X, "__len__") and any(cls.__name__ == "Dataset" for cls in type(X).__mro__)


def _is_heterogeneous(item: Any) -> bool:
    return any(cls.__name__ == "HeteroData" for cls in type(item).__mro__)


def _shape(item: Any) -> tuple[int, ...]:
    return tuple(getattr(item, "shape", ()))
