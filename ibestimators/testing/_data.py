"""Small data sets of every kind of X, with a signal in the features that is easy to learn."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ibestimators.structures import Pair

N_SAMPLES = 24


def targets(task: str) -> NDArray[Any]:
    """Two classes with names ("classifier"), or numbers ("regressor")."""
    y = np.arange(N_SAMPLES) % 2
    if task == "classifier":
        return np.array(["no", "yes"])[y]
    return y + np.linspace(0, 0.1, N_SAMPLES)


def at_positions(y: NDArray[Any], X: Any) -> Any:
    """The value of each sample at each of its positions, in the form of X."""
    if not isinstance(X, list):
        axes = X.shape[1:-1] or X.shape[1:]
        return np.stack([np.broadcast_to(value, (*axes, *value.shape)) for value in y])
    return [np.repeat(y[i : i + 1], n_positions(x), axis=0) for i, x in enumerate(X)]


def n_positions(x: Any) -> int:
    """The number of steps, tokens, nodes or queries of one item of a list."""
    if isinstance(x, Pair):
        return len(x.queries)
    if isinstance(x, tuple):  # of an adjacency matrix and the features of the nodes
        return len(x[1])
    return len(x.x) if hasattr(x, "edge_index") else len(x)


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def shifts() -> list[float]:
    """What is added to the features of each sample: 0 or 2, by its class."""
    return [2.0 * (i % 2) for i in range(N_SAMPLES)]


def array(*shape: int) -> NDArray[np.float64]:
    """Samples of any shape."""
    noise = generator().normal(size=(N_SAMPLES, *shape))
    return noise + np.reshape(shifts(), (N_SAMPLES, *[1] * len(shape)))


def table() -> NDArray[np.float64]:
    return array(5)


def series() -> NDArray[np.float64]:
    return array(6, 2)


def images() -> NDArray[np.float64]:
    return array(6, 5, 2)


def volumes() -> NDArray[np.float64]:
    return array(3, 4, 3, 1)


def ragged(n_features: int = 2) -> list[NDArray[np.float64]]:
    """Sequences of 1 to 8 steps."""
    rng = generator()
    return [rng.normal(size=(rng.integers(1, 9), n_features)) + shift for shift in shifts()]


def tokens() -> list[NDArray[np.int64]]:
    """Sequences of 1 to 8 tokens."""
    rng = generator()
    return [rng.integers(0, 6, size=rng.integers(1, 9)) + 2 * int(shift) for shift in shifts()]


def networkx_graphs() -> list[nx.Graph]:
    """Directed, undirected and multigraphs with attributes of nodes and edges."""
    rng = generator()
    graphs = []
    for i, shift in enumerate(shifts()):
        graph = nx.gnp_random_graph(int(rng.integers(1, 7)), 0.5, seed=i)
        graph = [nx.Graph, nx.DiGraph, nx.MultiGraph][i % 3](graph)
        for node in graph:
            graph.nodes[node].update(q=rng.normal() + shift, element=str(rng.choice(["C", "N"])))
        for edge in graph.edges:
            graph.edges[edge]["length"] = rng.normal()
        graphs.append(graph)
    return graphs


def adjacency_pairs() -> list[tuple[Any, NDArray[np.float64]]]:
    """Pairs of a sparse weighted adjacency matrix and the features of the nodes."""
    rng = generator()
    pairs = []
    for shift in shifts():
        n_nodes = int(rng.integers(1, 7))
        matrix = rng.random((n_nodes, n_nodes)) * (rng.random((n_nodes, n_nodes)) < 0.4)
        pairs.append((sparse.csr_array(matrix), rng.normal(size=(n_nodes, 2)) + shift))
    return pairs


def edge_index_objects() -> list[SimpleNamespace]:
    """Objects with the attributes of PyTorch Geometric's ``Data`` that are read."""
    return [
        SimpleNamespace(edge_index=np.stack(matrix.nonzero()), x=features)
        for matrix, features in adjacency_pairs()
    ]


def pairs() -> list[Pair]:
    """Pairs of 1 to 3 queries and a context of 1 to 8 elements, of other features."""
    rng = generator()
    return [
        Pair(rng.normal(size=(rng.integers(1, 4), 2)) + shift, context)
        for shift, context in zip(shifts(), ragged(3), strict=True)
    ]


KINDS: dict[str, Callable[[], Any]] = {
    "table": table,
    "series": series,
    "images": images,
    "volumes": volumes,
    "ragged": ragged,
    "tokens": tokens,
    "networkx": networkx_graphs,
    "adjacency": adjacency_pairs,
    "edge_index": edge_index_objects,
    "pairs": pairs,
}


def outputs(estimator: Any, X: Any) -> Any:
    """Probabilities of a classifier, predictions of a regressor."""
    if hasattr(estimator, "predict_proba"):
        return estimator.predict_proba(X)
    return estimator.predict(X)


def flat(values: Any) -> NDArray[Any]:
    """All values, of samples or of positions."""
    return np.concatenate([np.ravel(value) for value in values])


def shapes(values: Any) -> list[tuple[int, ...]]:
    """The shape of the values of each sample."""
    return [np.shape(value) for value in values]


def rows(X: Any, index: Any) -> Any:
    """Some samples of X, or their values in y or in outputs."""
    if isinstance(X, list):
        return [X[i] for i in np.atleast_1d(index)]
    return X[np.atleast_1d(index)]
