"""Small data sets of every kind that the estimators read, the signal in the features."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

N = 24


def targets(task: str) -> NDArray[Any]:
    """Two classes by name, or numbers."""
    y = np.arange(N) % 2
    return np.array(["no", "yes"])[y] if task == "classifier" else y + np.linspace(0, 0.1, N)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def shifts() -> list[float]:
    return [2.0 * (i % 2) for i in range(N)]


def array(*shape: int) -> NDArray[np.float64]:
    return rng().normal(size=(N, *shape)) + np.reshape(shifts(), (N, *[1] * len(shape)))


def ragged(features: int = 2) -> list[NDArray[np.float64]]:
    r = rng()
    return [r.normal(size=(r.integers(1, 9), features)) + shift for shift in shifts()]


def tokens() -> list[NDArray[np.int64]]:
    r = rng()
    return [r.integers(0, 6, size=r.integers(1, 9)) + 2 * int(shift) for shift in shifts()]


def networkx_graphs() -> list[nx.Graph]:
    r = rng()
    graphs = []
    for i, shift in enumerate(shifts()):
        graph = nx.gnp_random_graph(int(r.integers(1, 7)), 0.5, seed=i)
        graph = [nx.Graph, nx.DiGraph, nx.MultiGraph][i % 3](graph)
        for node in graph:
            graph.nodes[node].update(q=r.normal() + shift, element=str(r.choice(["C", "N"])))
        for edge in graph.edges:
            graph.edges[edge]["length"] = r.normal()
        graphs.append(graph)
    return graphs


def adjacency_pairs() -> list[tuple[Any, NDArray[np.float64]]]:
    r = rng()
    pairs = []
    for shift in shifts():
        n = int(r.integers(1, 7))
        matrix = r.random((n, n)) * (r.random((n, n)) < 0.4)
        pairs.append((sparse.csr_array(matrix), r.normal(size=(n, 2)) + shift))
    return pairs


def edge_index_objects() -> list[SimpleNamespace]:
    """Like PyTorch Geometric's ``Data``, in all that is looked at."""
    return [
        SimpleNamespace(edge_index=np.stack(matrix.nonzero()), x=features)
        for matrix, features in adjacency_pairs()
    ]


KINDS: dict[str, Any] = {
    "table": lambda: array(5),
    "series": lambda: array(6, 2),
    "images": lambda: array(6, 5, 2),
    "volumes": lambda: array(3, 4, 3, 1),
    "ragged": ragged,
    "tokens": tokens,
    "networkx": networkx_graphs,
    "adjacency": adjacency_pairs,
    "edge_index": edge_index_objects,
}

STRUCTURE = {
    "table": "array", "series": "array", "images": "array", "volumes": "array",
    "ragged": "sequences", "tokens": "tokens",
    "networkx": "graphs", "adjacency": "graphs", "edge_index": "graphs",
}  # fmt: skip


def outputs(est: Any, X: Any) -> Any:
    """Probabilities, or predictions of a regressor."""
    return est.predict_proba(X) if hasattr(est, "predict_proba") else est.predict(X)


def rows(X: Any, index: Any) -> Any:
    """Some samples of X, of any kind."""
    if isinstance(X, list):
        return [X[i] for i in np.atleast_1d(index)]
    return X[np.atleast_1d(index)]
