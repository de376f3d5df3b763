"""The nodes of one large graph as samples, so that scikit-learn's splitters and searches apply.

X holds names of nodes. A fit sees the features and edges of all nodes, and the labels of those in
X only: the transductive setting of Kipf & Welling, "Semi-supervised classification with graph
convolutional networks" (2017). The estimator inside is one of this package with
``target="position"``, fitted on a list of one graph.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, Self

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    RegressorMixin,
    clone,
    is_classifier,
)
from sklearn.utils import Tags
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from ibestimators.base import Estimator, draw_seed
from ibestimators.structures import (
    GraphParts,
    is_labelled,
    put_together,
    reads_containers,
    take_apart,
)

__all__ = ["NodeClassifier", "NodeRegressor", "community_folds"]


class _NodeEstimator(MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """What `NodeClassifier` and `NodeRegressor` share."""

    def __init__(self, estimator: Any, graph: Any, node_features: Any = None) -> None:
        self.estimator = estimator
        self.graph = graph
        self.node_features = node_features

    @reads_containers
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train on the whole graph, with labels at some nodes.

        Parameters
        ----------
        X : array-like of shape (n_samples, 1) or (n_samples,)
            Names of nodes, each at most once: those of a networkx graph, and the numbers from 0
            for graphs without names. The other nodes are read and have no label.
        y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_outputs)
            As for the estimator.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each node in the loss.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If X, y, the graph, its features or a parameter cannot be used.
        """
        estimator, graph, names, labels, weight = self._checked(X, y, sample_weight)
        self.estimator_ = estimator.fit([graph], [labels], weight)
        self.graph_ = graph
        self.n_features_in_ = 1
        self._names = names
        return self

    @reads_containers
    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The prediction for each node.

        Parameters
        ----------
        X : array-like of shape (n_samples, 1) or (n_samples,)
            Names of nodes of the graph.

        Returns
        -------
        ndarray of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_outputs)
        """
        return self._at_nodes(X, "predict")

    def _at_nodes(self, X: ArrayLike, response: str) -> NDArray[Any]:
        """What a method of the estimator gives for some nodes."""
        check_is_fitted(self)
        nodes = _node_numbers(X, self._names)
        values: NDArray[Any] = getattr(self.estimator_, response)([self.graph_])[0][nodes]
        return values

    def _checked(
        self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None
    ) -> tuple[Estimator, Any, Any, NDArray[Any], list[NDArray[np.float64]] | None]:
        """The estimator to fit, the graph, names, and labels and weights of all nodes."""
        estimator = self._unfitted()
        graph, names = _one_graph(self.graph, self.node_features, estimator.node_attrs)
        nodes = _node_numbers(X, names)
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        given: NDArray[Any] = np.asarray(y.toarray() if sparse.issparse(y) else y)
        if given.ndim == 2 and given.shape[1] == 1:
            given = column_or_1d(given, warn=True)
        check_consistent_length(X, given, sample_weight)
        twice = pd.Index(nodes).duplicated()
        if twice.any():
            name = names[nodes[twice.argmax()]]
            raise ValueError(
                f"X holds the node {name!r} more than once, but a node has one label. Give each "
                "node once; sample_weight makes it count more."
            )
        labelled = is_labelled(given, has_classes=is_classifier(self))
        if not labelled.all():
            raise ValueError(
                f"y has no label (NaN, None or, as a class, -1) for {(~labelled).sum()} of the "
                f"nodes in X, such as {names[nodes[labelled.argmin()]]!r}. Leave nodes without a "
                "label out of X: the graph has them. Give a class of your own another name than -1."
            )
        missing: Any = None if is_classifier(self) else np.nan
        labels: NDArray[Any] = np.full((len(names), *given.shape[1:]), missing)
        labels[nodes] = given
        weight = None
        if sample_weight is not None:
            weight = [np.zeros(len(names))]
            weight[0][nodes] = sample_weight
        return estimator, graph, names, labels, weight

    def _unfitted(self) -> Estimator:
        """A copy of the estimator that predicts at nodes."""
        kind = "classifier" if is_classifier(self) else "regressor"
        fits = isinstance(self.estimator, Estimator)
        if not fits or is_classifier(self.estimator) != is_classifier(self):
            raise TypeError(
                f"estimator is {self.estimator!r}, but {type(self).__name__} needs a {kind} of "
                f"this package, such as Graph{kind.capitalize()}()."
            )
        copied: Estimator = clone(self.estimator)
        return copied.set_params(target="position")

    # ---------------------------------------------------------------- size and cost

    @property
    def assumption(self) -> str:
        """What the estimator assumes."""
        return str(self.estimator.assumption)

    @reads_containers
    def count_parameters(self, X: ArrayLike, y: ArrayLike) -> int:
        """How many parameters the network would have, without training it.

        Parameters
        ----------
        X, y
            As in `fit`.

        Returns
        -------
        int
        """
        estimator, graph, _, labels, _ = self._checked(X, y, None)
        return estimator.count_parameters([graph], [labels])

    @reads_containers
    def widened(self, factor: float, X: ArrayLike) -> dict[str, Any]:
        """Parameters that make the network wider, to about factor squared times the size.

        Parameters
        ----------
        factor : float
            Factor of the sizes of hidden layers.
        X
            As in `fit`.

        Returns
        -------
        dict
            For `set_params`.
        """
        estimator = self._unfitted()
        graph, _ = _one_graph(self.graph, self.node_features, estimator.node_attrs)
        wider = estimator.widened(factor, [graph])
        return {f"estimator__{name}": value for name, value in wider.items()}

    @reads_containers
    def count_multiply_adds(self, X: ArrayLike) -> int:
        """Multiply-adds of the prediction for the whole graph, divided by its number of nodes.

        Parameters
        ----------
        X
            Not used, present for API consistency.

        Returns
        -------
        int
            Of matrix products and convolutions; elementwise operations are not counted.
        """
        check_is_fitted(self)
        return round(self.estimator_.count_multiply_adds([self.graph_]) / len(self._names))


class NodeClassifier(ClassifierMixin, _NodeEstimator):  # type: ignore[misc]
    """Classify the nodes of one graph, of which some have a label.

    X holds names of nodes, so that splitters, searches and `compare_biases` work as with any
    samples. In a fit, features and edges of all nodes are read, and labels of the nodes in X.

    Parameters
    ----------
    estimator : estimator
        A classifier of this package, which is fitted with ``target='position'``. Graph passes
        messages along the edges, MLP reads the features of each node alone, Attention compares
        all nodes with each other and reads no edge (unless ``mask='graph'``), Recurrent reads the
        nodes in their order, and Conv the matrix of edges as an image.
    graph : networkx.Graph, matrix, (adjacency, node_features) or object with `edge_index`
        The graph, in any form that the estimators read. A matrix is an adjacency matrix of shape
        (n_nodes, n_nodes), dense or scipy sparse; sparse ones are read fastest.
    node_features : array-like of shape (n_nodes, n_features), default=None
        Numbers for each node, in the order of the nodes, in the place of the attributes of a
        networkx graph. None takes the features that the graph has, and the number of arriving
        edges if it has none. If the nodes of a networkx graph have attributes, `node_attrs` of the
        estimator must name those to read, since labels are often among them.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator. It predicts the nodes of another graph too (inductive):
        ``estimator_.predict([other])``, or ``[(adjacency, node_features)]``; and it is what
        displays and `save` take.
    graph_ : networkx.Graph, (adjacency, node_features), or object with `edge_index`
        The graph as `estimator_` reads it: ``estimator_.predict([graph_])`` has all nodes.
    classes_ : ndarray of shape (n_classes,) or (n_labels,)
        The class labels, sorted; or the numbers of several labels, from 0.
    n_features_in_ : int
        1, the name of a node.

    See Also
    --------
    community_folds : Groups of nodes for folds that do not leak to neighbours.

    References
    ----------
    Kipf & Welling, "Semi-supervised classification with graph convolutional networks" (2017).

    Examples
    --------
    Two communities of 30 nodes, of which 8 have a label:

    >>> import networkx as nx
    >>> import numpy as np
    >>> from ibestimators import GraphClassifier, NodeClassifier
    >>> graph = nx.planted_partition_graph(2, 30, 0.3, 0.02, seed=0)
    >>> y = np.repeat(["left", "right"], 30)
    >>> X = np.arange(60).reshape(-1, 1)
    >>> graph = nx.Graph(graph.edges)  # without attributes
    >>> clf = NodeClassifier(GraphClassifier(random_state=0), graph)
    >>> some = np.r_[0:4, 30:34]
    >>> clf.fit(X[some], y[some]).score(X, y) > 0.8
    True
    """

    @property
    def classes_(self) -> NDArray[Any]:
        """The class labels, sorted; or the numbers of several labels, from 0."""
        check_is_fitted(self)
        classes: NDArray[Any] = self.estimator_.classes_
        return classes

    @reads_containers
    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Probability of each class, or of each label, for each node.

        Parameters
        ----------
        X : array-like of shape (n_samples, 1) or (n_samples,)
            Names of nodes of the graph.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of `classes_`.
        """
        return self._at_nodes(X, "predict_proba")

    @reads_containers
    def predict_log_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Logarithm of `predict_proba`, exact where a probability rounds to 0.

        Parameters
        ----------
        X : array-like of shape (n_samples, 1) or (n_samples,)
            Names of nodes of the graph.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
        """
        return self._at_nodes(X, "predict_log_proba")

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class NodeRegressor(RegressorMixin, _NodeEstimator):  # type: ignore[misc]
    """Predict numbers at the nodes of one graph, of which some are known.

    X holds names of nodes, so that splitters, searches and `compare_biases` work as with any
    samples. In a fit, features and edges of all nodes are read, and y of the nodes in X.

    Parameters
    ----------
    estimator : estimator
        A regressor of this package, which is fitted with ``target='position'``; see
        `NodeClassifier` for what each reads.
    graph : networkx.Graph, matrix, (adjacency, node_features) or object with `edge_index`
        As in `NodeClassifier`.
    node_features : array-like of shape (n_nodes, n_features), default=None
        As in `NodeClassifier`.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator. It predicts the nodes of another graph too (inductive):
        ``estimator_.predict([other])``.
    graph_ : networkx.Graph, (adjacency, node_features), or object with `edge_index`
        The graph as `estimator_` reads it.
    n_features_in_ : int
        1, the name of a node.

    See Also
    --------
    community_folds : Groups of nodes for folds that do not leak to neighbours.

    Examples
    --------
    The mean of a feature over the neighbours of each node:

    >>> import numpy as np
    >>> from ibestimators import GraphRegressor, NodeRegressor
    >>> rng = np.random.default_rng(0)
    >>> adjacency = np.triu(rng.random((200, 200)) < 0.02, 1).astype(int)
    >>> adjacency += adjacency.T
    >>> features = rng.normal(size=(200, 1))
    >>> y = (adjacency @ features)[:, 0] / np.maximum(adjacency.sum(1), 1)
    >>> X = np.arange(200).reshape(-1, 1)
    >>> reg = NodeRegressor(GraphRegressor(random_state=0), adjacency, features)
    >>> reg.fit(X[:150], y[:150]).score(X[150:], y[150:]) > 0.6
    True
    """


def community_folds(
    graph: Any, *, resolution: float = 1.0, random_state: int | np.random.RandomState | None = None
) -> NDArray[np.int64]:
    """The community of each node, as groups for folds that do not leak to neighbours.

    Most neighbours of a node are in its community. If random folds share the nodes of a community
    out, a node to predict has neighbours with known labels; if folds keep communities whole, as
    ``compare_biases(..., groups=)`` and `sklearn.model_selection.GroupKFold` do, it has few. The
    first score is that of unlabelled nodes among labelled ones, the second that of a new region.

    Parameters
    ----------
    graph : networkx.Graph, matrix, (adjacency, node_features) or object with `edge_index`
        Its edges count as undirected and without weights.
    resolution : float, default=1.0
        Above 1, communities are smaller and there are more of them.
    random_state : int, RandomState instance or None, default=None
        Order in which nodes are visited.

    Returns
    -------
    ndarray of int, shape (n_nodes,)
        Numbers of communities, in the order of the nodes.

    References
    ----------
    Blondel, Guillaume, Lambiotte & Lefebvre, "Fast unfolding of communities in large networks"
    (2008), by `networkx.community.louvain_communities`.

    Examples
    --------
    >>> import networkx as nx
    >>> from ibestimators import community_folds
    >>> community_folds(nx.barbell_graph(4, 0), random_state=0).tolist()
    [0, 0, 0, 0, 1, 1, 1, 1]
    """
    parts = take_apart(_known_form(graph), "graph")
    plain = nx.Graph()
    plain.add_nodes_from(range(len(parts.names)))
    plain.add_edges_from(np.sort(parts.ends, axis=1).tolist())
    found = nx.community.louvain_communities(
        plain, resolution=resolution, seed=draw_seed(random_state)
    )
    groups = np.empty(len(plain), dtype=np.int64)
    for number, community in enumerate(sorted(found, key=min)):
        groups[list(community)] = number
    return groups


def _known_form(graph: Any) -> Any:
    """A graph in a form that `take_apart` takes; a matrix has no features."""
    if len(getattr(graph, "shape", ())) == 2:
        return graph, None
    if isinstance(graph, list):
        raise TypeError(
            f"graph is a list of {len(graph)} items, but one graph is expected: a networkx graph, "
            "an adjacency matrix, a pair (adjacency, node_features) or an object with edge_index."
        )
    return graph


def _one_graph(graph: Any, features: Any, node_attrs: Any) -> tuple[Any, Any]:
    """The graph with its features, as the estimators read it, and the names of its nodes."""
    graph = _known_form(graph)
    parts = take_apart(graph, "graph")
    if not parts.names:
        raise ValueError("graph has no nodes.")
    is_named = isinstance(graph, nx.Graph)
    names = (
        pd.Index(parts.names, tupleize_cols=False) if is_named else pd.RangeIndex(len(parts.names))
    )
    if features is not None:
        return _with_features(graph, parts, features), names
    if is_named and parts.node_columns and node_attrs is None:
        found = tuple(parts.node_columns)
        raise ValueError(
            f"the nodes of graph have the attributes {found}, and labels may be among them. Name "
            f"those to read as features in node_attrs of the estimator, such as node_attrs={found}"
            "; () reads none. Or give node_features."
        )
    return graph, names


def _with_features(graph: Any, parts: GraphParts, features: Any) -> Any:
    """The graph with features of nodes, in the place of attributes of a networkx graph."""
    if "x" in parts.node_columns and not isinstance(graph, nx.Graph):
        raise ValueError(
            "node_features are given, but graph has features of nodes too. Give one of the two."
        )
    table = features.toarray() if sparse.issparse(features) else np.asarray(features)
    n_nodes = len(parts.names)
    if table.ndim not in (1, 2) or len(table) != n_nodes or table.dtype.kind not in "biuf":
        raise ValueError(
            f"node_features has shape {table.shape} and type {table.dtype}; numbers of shape "
            f"({n_nodes}, n_features) are expected, one row for each of the {n_nodes} nodes."
        )
    table = table.reshape(n_nodes, -1)
    if isinstance(graph, tuple):
        return graph[0], table
    if isinstance(graph, nx.Graph):
        return put_together(replace(parts, node_columns={"x": table}), graph)
    graph = copy.copy(graph)
    graph.x = table
    return graph


def _node_numbers(X: Any, names: Any) -> NDArray[np.int64]:
    """The place of each node of X in the graph, or an error."""
    given = np.asarray(X)
    if given.ndim == 2 and given.shape[1] == 1:
        given = given[:, 0]
    if given.ndim != 1:
        raise ValueError(
            f"X has shape {given.shape}, but names of nodes are expected, of shape (n_samples, 1) "
            "or (n_samples,). Features of nodes belong to node_features."
        )
    if not len(given):
        raise ValueError("X holds no nodes (found 0 samples); give at least one.")
    if names.dtype.kind in "iu" and given.dtype.kind not in "iu":
        raise ValueError(
            f"X is of type {given.dtype}, but the nodes of graph have the integers from "
            f"{names.min()} to {names.max()} as names. Give X as integers."
        )
    numbers = names.get_indexer(given)
    if (numbers < 0).any():
        unknown = given[numbers < 0][0]
        known = ", ".join(map(repr, names[:3].tolist())) + (", ..." if len(names) > 3 else "")
        raise ValueError(
            f"X holds {unknown!r}, which is none of the {len(names)} nodes of graph. Their names "
            f"are {known}."
        )
    return np.asarray(numbers, dtype=np.int64)
