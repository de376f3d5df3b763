"""Inspection of message passing: node embeddings, messages, and influence between nodes.

After k rounds a node has received information from the nodes up to k edges away and from no
others (Xu et al. 2018, "Representation learning on graphs with jumping knowledge networks",
section 3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import networkx as nx
import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.collections import LineCollection
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from scipy import sparse
from sklearn.decomposition import PCA

from ibestimators.inspection._checks import check_number
from ibestimators.layers import Batch
from ibestimators.message_passing import GraphEncoder, GraphEstimator, MessagePassing
from ibestimators.pipelines import unwrap_estimator
from ibestimators.plotting import Display, PanelsDisplay, Style, largest, new_figure
from ibestimators.structures import reads_containers
from ibestimators.training import gradients_on

Array = NDArray[Any]

INCHES = 0.7  # length of an edge in the figure
MAX_LABELS = 60  # larger graphs are drawn without node names


class NodeEmbeddingDisplay(Display):
    """The embedding of each node after all rounds, before the readout.

    Nodes are coloured by the first principal component of the embeddings. Style keywords of
    `plot`: ``node_kw``, ``edge_kw``, ``text_kw``.

    Parameters
    ----------
    embeddings : list of ndarray of shape (n_nodes_i, hidden_size)
        Embeddings of the nodes of each sample.
    edges : ndarray of shape (2, n_edges)
        Sources and targets of the edges of the sample to draw.
    positions : ndarray of shape (n_nodes, 2)
        Positions at which its nodes are drawn.
    labels : list of str
        Names of its nodes.
    sample : int, default=0
        Number of the sample to draw.

    Attributes
    ----------
    components_ : list of ndarray of shape (n_nodes_i,)
        First principal component of the embeddings, over the nodes of all samples.
    explained_ : float
        Fraction of the variance that the component explains.
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> import networkx as nx
    >>> from ibestimators import GraphClassifier
    >>> from ibestimators import NodeEmbeddingDisplay
    >>> graphs = [nx.star_graph(4), nx.cycle_graph(6)] * 10
    >>> clf = GraphClassifier(max_epochs=1, random_state=0).fit(graphs, [0, 1] * 10)
    >>> display = NodeEmbeddingDisplay.from_estimator(clf, graphs[:2])
    >>> [e.shape for e in display.embeddings]
    [(5, 48), (6, 48)]
    >>> ring = display.embeddings[1]
    >>> bool(abs(ring - ring[0]).max() < 1e-5)  # nodes of a ring are equal
    True
    """

    def __init__(
        self,
        embeddings: Sequence[Array],
        edges: Array,
        positions: Array,
        labels: Sequence[str],
        sample: int = 0,
    ) -> None:
        self.embeddings = list(embeddings)
        self.edges = edges
        self.positions = positions
        self.labels = list(labels)
        self.sample = sample

    @classmethod
    @reads_containers
    def from_estimator(
        cls, estimator: Any, X: Any, sample: int = 0, ax: Any = None, **style: Any
    ) -> Self:
        """Compute the embeddings of the nodes of all samples and draw those of one.

        Parameters
        ----------
        estimator : GraphClassifier, GraphRegressor, Pipeline or search
            Fitted.
        X
            Samples, as in `predict`.
        sample : int, default=0
            Number of the sample to draw.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **style : dict
            Style keywords, as in `plot`.

        Returns
        -------
        NodeEmbeddingDisplay

        Raises
        ------
        TypeError, ValueError
            If the estimator does not pass messages, `sample` is out of range, or the sample has
            no nodes.
        sklearn.exceptions.NotFittedError
        """
        inner, X = unwrap_estimator(estimator, X, GraphEstimator)
        encoder, batch, graph = _graph_of(inner, X, sample)
        with torch.no_grad():
            all_nodes, sample_index, n_samples = encoder(batch)
        counts = sample_index.bincount(minlength=n_samples).cumsum(0).tolist()
        embeddings = np.split(all_nodes.cpu().numpy(), counts[:-1])
        return cls(embeddings, _numbers(graph.edges), graph.positions, graph.labels, sample).plot(
            ax, **style
        )

    def _figure_size(self) -> tuple[float, float]:
        return _size_of_graphs(self.positions, 1, 1)

    def _draw(self, ax: Any, *, node_kw: Style, edge_kw: Style, text_kw: Style) -> None:
        every = np.concatenate(self.embeddings)
        along, self.explained_ = np.zeros(len(every)), 0.0
        if np.ptp(every, axis=0).any():  # equal embeddings have no component
            pca = PCA(1, svd_solver="full").fit(every)
            along = pca.transform(every)[:, 0]
            self.explained_ = float(pca.explained_variance_ratio_[0])
        self.components_ = np.split(along, np.cumsum([len(e) for e in self.embeddings])[:-1])
        _draw_edges(ax, self.edges, self.positions, edge_kw)
        end = largest(along)
        colours = {"c": self.components_[self.sample], "vmin": -end, "vmax": end, "cmap": "RdBu_r"}
        points = _draw_nodes(ax, self.positions, self.labels, colours | node_kw, text_kw)
        label = f"first principal component\n({self.explained_:.0%} of the variance)"
        ax.figure.colorbar(points, ax=ax, label=label, shrink=0.8)


class MessageDisplay(Display):
    """The messages along the edges in one round.

    Each message is an arrow, coloured by its weight, or by its norm if it has none; a message
    from a node to itself is a ring around the node. Style keywords of `plot`: ``arrow_kw``,
    ``node_kw``, ``text_kw``.

    Parameters
    ----------
    edges : ndarray of shape (2, n_edges)
        Sources and targets of the edges. With ``aggregation="attention"`` they include an edge
        from each node to itself.
    messages : ndarray of shape (n_edges, n_features)
        The message along each edge. A node receives the sum, mean or maximum of the messages
        along its incoming edges, depending on `aggregation`, and with attention their weighted
        sum.
    weights : ndarray of shape (n_edges,) or None
        With attention, the weight of each message; the weights of the incoming edges of a node
        sum to 1.
    positions : ndarray of shape (n_nodes, 2)
        Positions at which nodes are drawn.
    labels : list of str
        Names of the nodes.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    References
    ----------
    Gilmer et al., "Neural message passing for quantum chemistry" (2017), equation 1.

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators import GraphClassifier
    >>> from ibestimators import MessageDisplay
    >>> X = np.random.default_rng(0).normal(size=(20, 4))
    >>> clf = GraphClassifier(max_epochs=1, random_state=0).fit(X, X[:, 0] > 0)
    >>> display = MessageDisplay.from_estimator(clf, X, layer=1)
    >>> display.edges  # a path, in both directions
    array([[0, 1, 1, 2, 2, 3],
           [1, 0, 2, 1, 3, 2]])
    >>> display.messages.shape
    (6, 48)
    """

    def __init__(
        self,
        edges: Array,
        messages: Array,
        weights: Array | None,
        positions: Array,
        labels: Sequence[str],
    ) -> None:
        self.edges = edges
        self.messages = messages
        self.weights = weights
        self.positions = positions
        self.labels = list(labels)

    @classmethod
    @reads_containers
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        sample: int = 0,
        layer: int = 0,
        ax: Any = None,
        **style: Any,
    ) -> Self:
        """Compute the messages of one round in one sample and draw them.

        Parameters
        ----------
        estimator : GraphClassifier, GraphRegressor, Pipeline or search
            Fitted.
        X
            Samples, as in `predict`.
        sample : int, default=0
            Number of the sample.
        layer : int, default=0
            Number of the round; in round 0 nodes send their (standardised) features.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **style : dict
            Style keywords, as in `plot`.

        Returns
        -------
        MessageDisplay

        Raises
        ------
        TypeError, ValueError
            If the estimator does not pass messages, `sample` or `layer` is out of range, or the
            sample has no nodes.
        sklearn.exceptions.NotFittedError
        """
        inner, X = unwrap_estimator(estimator, X, GraphEstimator)
        encoder, _, graph = _graph_of(inner, X, sample)
        layer = check_number("layer", layer, len(encoder.layers), "rounds")
        with torch.no_grad():
            before = [graph.nodes, *encoder.rounds(*graph.arguments())][layer]
            passing = encoder.layers[layer]
            assert isinstance(passing, MessagePassing)
            edges, messages, weights = passing.weighted_messages(
                before, graph.edges, graph.edge_features
            )
        return cls(
            _numbers(edges),
            _numbers(messages),
            None if weights is None else _numbers(weights),
            graph.positions,
            graph.labels,
        ).plot(ax, **style)

    def _figure_size(self) -> tuple[float, float]:
        return _size_of_graphs(self.positions, 1, 1)

    def _draw(self, ax: Any, *, arrow_kw: Style, node_kw: Style, text_kw: Style) -> None:
        sizes = np.linalg.norm(self.messages, axis=1) if self.weights is None else self.weights
        points = _draw_nodes(ax, self.positions, self.labels, node_kw, text_kw)
        look = {"cmap": "viridis", "clim": (0.0, largest(sizes))} | arrow_kw
        arrows = _draw_arrows(ax, self.edges, self.positions, sizes, look)
        _draw_rings(ax, points, self.edges, arrows.to_rgba(sizes))
        label = "norm of the message" if self.weights is None else "weight of the message"
        ax.figure.colorbar(arrows, ax=ax, label=label, shrink=0.8)


class ReachDisplay(PanelsDisplay):
    """The influence of every node on one node, after each round.

    The influence of node j on node i after k rounds is the sum of the absolute entries of the
    Jacobian of i's embedding with respect to j's features (Xu et al. 2018, definition 3.1). It
    is exactly 0 if j is more than k edges away.

    One graph is drawn for each round, its nodes coloured by their influence relative to the
    largest of that round. White nodes have no influence; node i has a red rim. Style keywords
    of `plot`: ``node_kw``, ``edge_kw``, ``text_kw``.

    Parameters
    ----------
    influence : ndarray of shape (n_layers + 1, n_nodes)
        Influence of each node after 0, 1, ... rounds, with respect to the standardised features,
        or to the embeddings of tokens.
    node : int
        Number of the receiving node i.
    edges : ndarray of shape (2, n_edges)
        Sources and targets of the edges.
    positions : ndarray of shape (n_nodes, 2)
        Positions at which nodes are drawn.
    labels : list of str
        Names of the nodes.

    Attributes
    ----------
    axes_ : ndarray of shape (n_layers + 1,) of matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    References
    ----------
    Xu, Li, Tian, Sonobe, Kawarabayashi & Jegelka, "Representation learning on graphs with
    jumping knowledge networks" (2018), definition 3.1.

    Examples
    --------
    >>> import networkx as nx
    >>> import numpy as np
    >>> from ibestimators import GraphRegressor
    >>> from ibestimators import ReachDisplay
    >>> X = np.random.default_rng(0).normal(size=(30, 5))
    >>> reg = GraphRegressor(n_layers=2, max_epochs=1, random_state=0).fit(X, X.sum(axis=1))
    >>> display = ReachDisplay.from_estimator(reg, X, node=0)  # the first node of a path
    >>> display.influence > 0
    array([[ True, False, False, False, False],
           [ True,  True, False, False, False],
           [ True,  True,  True, False, False]])
    """

    def __init__(
        self, influence: Array, node: int, edges: Array, positions: Array, labels: Sequence[str]
    ) -> None:
        self.influence = influence
        self.node = node
        self.edges = edges
        self.positions = positions
        self.labels = list(labels)

    @classmethod
    @reads_containers
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        sample: int = 0,
        node: int = 0,
        ax: Any = None,
        **style: Any,
    ) -> Self:
        """Compute and draw the influence of all nodes on one node of a sample.

        Parameters
        ----------
        estimator : GraphClassifier, GraphRegressor, Pipeline or search
            Fitted.
        X
            Samples, as in `predict`.
        sample : int, default=0
            Number of the sample.
        node : int, default=0
            Number of the node, in the order of the sample's nodes.
        ax : array-like of matplotlib.axes.Axes of shape (n_layers + 1,), default=None
            Where to draw; None makes a new figure.
        **style : dict
            Style keywords, as in `plot`.

        Returns
        -------
        ReachDisplay

        Raises
        ------
        TypeError, ValueError
            If the estimator does not pass messages, or `sample` or `node` is out of range.
        sklearn.exceptions.NotFittedError
        """
        inner, X = unwrap_estimator(estimator, X, GraphEstimator)
        with gradients_on():
            encoder, _, graph = _graph_of(inner, X, sample)
            node = check_number("node", node, len(graph.nodes), f"nodes in sample {sample}")
            encoder.requires_grad_(False)
            features = graph.nodes.clone().requires_grad_()
            after = encoder.rounds(*graph._replace(nodes=features).arguments())
            influence = [_influence(nodes[node], features) for nodes in [features, *after]]
        return cls(
            np.stack(influence), node, _numbers(graph.edges), graph.positions, graph.labels
        ).plot(ax, **style)

    def _panels(self) -> tuple[tuple[int, ...], str]:
        n_panels = len(self.influence)
        return (n_panels,), f"one for each of {n_panels - 1} rounds and one for the beginning"

    def _new_axes(self) -> Array:
        """Three in a row, or one above the other if the graphs are wide."""
        n_panels = len(self.influence)
        width, height = np.ptp(self.positions, axis=0) + 1.2
        n_columns = 1 if width > 2 * height else min(n_panels, 3)
        n_rows = math.ceil(n_panels / n_columns)
        figure = new_figure(*_size_of_graphs(self.positions, n_rows, n_columns))
        axes: Array = figure.subplots(n_rows, n_columns, squeeze=False).reshape(-1)
        for unused in axes[n_panels:]:
            unused.remove()
        return axes[:n_panels]

    def _draw(self, axes: Array, *, node_kw: Style, edge_kw: Style, text_kw: Style) -> None:
        receives = np.arange(self.influence.shape[1]) == self.node
        rims = {
            "edgecolor": np.where(receives, "red", "0.35"),
            "linewidth": np.where(receives, 2.0, 0.6),
        }
        for k, (panel, influence) in enumerate(zip(axes, self.influence, strict=True)):
            share = np.where(influence > 0, influence / max(influence.max(), 1e-300), np.nan)
            _draw_edges(panel, self.edges, self.positions, edge_kw)
            look = {"c": share, "vmin": 0.0, "vmax": 1.0, **rims}
            points = _draw_nodes(panel, self.positions, self.labels, look | node_kw, text_kw)
            panel.set_title(f"{k} round{'' if k == 1 else 's'}", fontsize=10)
        label = "share of the largest\ninfluence of the round"
        axes[0].figure.colorbar(points, ax=list(axes), label=label, aspect=30, shrink=0.8)


class _Graph(NamedTuple):
    """One sample as the network input, with the node positions and labels for drawing."""

    nodes: torch.Tensor  # (nodes, features)
    edges: torch.Tensor  # (2, edges)
    edge_features: torch.Tensor | None  # (edges, n_edge_features)
    positions: Array  # (nodes, 2)
    labels: list[str]

    def arguments(self) -> tuple[Batch, torch.Tensor]:
        """Arguments of `GraphEncoder.rounds`."""
        graph = Batch(self.nodes, edges=self.edges, edge_features=self.edge_features)
        return graph, self.edges.new_zeros(len(self.nodes))


def _graph_of(estimator: GraphEstimator, X: Any, sample: int) -> tuple[GraphEncoder, Batch, _Graph]:
    """A copy of the encoder, its input, and one sample of the input."""
    encoder = estimator._fitted.network_copy().encoder
    assert isinstance(encoder, GraphEncoder)
    batch = estimator._fitted.batch(X)
    n_samples = len(batch.x if batch.lengths is None else batch.lengths)
    sample = check_number("sample", sample, n_samples, "samples in X")
    (nodes, _, edges, features, *_), sample_index = encoder.as_graph(batch)
    assert edges is not None
    rows = (sample_index == sample).nonzero()[:, 0]
    if not len(rows):
        raise ValueError(f"sample {sample} of X is a graph without nodes. Pass another `sample`.")
    in_sample = sample_index[edges[0]] == sample
    edges = edges[:, in_sample] - rows[0]
    graph = _Graph(
        nodes[rows],
        edges,
        None if features is None else features[in_sample],
        _node_positions(estimator, _numbers(edges), len(rows)),
        _names(estimator, X, sample, len(rows)),
    )
    return encoder, batch, graph


def _numbers(tensor: torch.Tensor) -> Array:
    return tensor.cpu().numpy()


def _influence(embedding: torch.Tensor, features: torch.Tensor) -> Array:
    """Sum of the absolute entries of d embedding / d features_j, for each node j: (nodes,)."""
    total = torch.zeros_like(features[:, 0])
    for entry in embedding:
        (gradient,) = torch.autograd.grad(entry, features, retain_graph=True)
        total += gradient.abs().sum(1)
    return _numbers(total.detach())


def _names(estimator: GraphEstimator, X: Any, sample: int, n_nodes: int) -> list[str]:
    """Names of the nodes of a sample: those of networkx, of columns, or numbers."""
    numbers = list(map(str, range(n_nodes)))
    if estimator._fitted.structure.kind == "graphs":
        item = list(X)[sample]
        return list(map(str, item)) if isinstance(item, nx.Graph) else numbers
    if estimator._fitted.structure.kind != "array":
        return numbers
    named = isinstance(estimator.graph, nx.Graph) and set(estimator.graph) != set(range(n_nodes))
    if named:
        return list(map(str, estimator.graph))
    columns = getattr(estimator, "feature_names_in_", numbers)
    return list(map(str, columns)) if len(estimator.sample_shape_) == 1 else numbers


def _node_positions(estimator: GraphEstimator, edges: Array, n_nodes: int) -> Array:
    """Positions at which to draw nodes, with neighbours at a distance of about 1: (n_nodes, 2).

    Arrays are drawn on their grid, sequences on a line, and other samples by the distances along
    edges (Kamada & Kawai 1989).
    """
    layout = estimator._fitted.structure.layout
    if layout.kind != "graphs" and (estimator.graph is None or isinstance(estimator.graph, str)):
        return _grid(layout.axes if layout.kind == "array" else (n_nodes,))
    ends = tuple(edges.astype(np.int32))  # older versions of csgraph require int32
    links = sparse.coo_array((np.ones(edges.shape[1]), ends), (n_nodes, n_nodes))
    distance = sparse.csgraph.shortest_path(links.tocsr(), directed=False, unweighted=True)
    unconnected = np.isinf(distance)
    # Separate components are drawn side by side.
    distance[unconnected] = distance[~unconnected].max() / 2 + 1
    graph = nx.empty_graph(n_nodes)
    rows = {i: dict(enumerate(row)) for i, row in enumerate(distance.tolist())}
    places = nx.kamada_kawai_layout(graph, dist=rows)
    xy = np.array([places[i] for i in range(n_nodes)]).reshape(n_nodes, 2)
    lengths = np.linalg.norm(xy[edges[0]] - xy[edges[1]], axis=1)
    typical = np.median(lengths[lengths > 0]) if (lengths > 0).any() else 1.0
    return xy / typical


def _grid(sizes: tuple[int, ...]) -> Array:
    """Positions of a line, an image or a volume (slices behind each other): (positions, 2)."""
    slices, rows, columns = (1,) * (3 - len(sizes)) + sizes
    z, row, column = np.indices((slices, rows, columns)).reshape(3, -1)
    spacing = max(1.0, 0.6 * slices)
    return np.stack([spacing * column + 0.55 * z, 0.35 * z - spacing * row], 1)


def _size_of_graphs(positions: Array, n_rows: int, n_columns: int) -> tuple[float, float]:
    """Size of a figure with a grid of drawings of one graph, including the colour bar."""
    width, height = (np.ptp(positions, axis=0) + 1.2) * INCHES
    scale = min(1.0, 10 / n_columns / width, 10 / max(n_rows, 2) / height)
    width, height = max(1.5, scale * width), max(0.6, scale * height)
    return width * n_columns + 1.5, max((height + 0.3) * n_rows, 2.0)


def _frame(ax: Any, positions: Array) -> float:
    """Set the limits of axes, and return the size of a unit in points."""
    (left, low), (right, high) = positions.min(0) - 0.6, positions.max(0) + 0.6
    ax.set(xlim=(left, right), ylim=(low, high), aspect="equal")
    ax.set_axis_off()
    box = ax.get_window_extent()
    return 72 / ax.figure.dpi * min(box.width / (right - left), box.height / (high - low))


def _draw_edges(ax: Any, edges: Array, positions: Array, edge_kw: Style) -> None:
    look: Style = {"color": "0.7", "linewidth": 1, "zorder": 1}
    ax.add_collection(LineCollection(list(positions[edges.T]), **look | edge_kw), autolim=False)


def _draw_nodes(
    ax: Any, positions: Array, labels: list[str], node_kw: Style, text_kw: Style
) -> Any:
    """Draw nodes and their names; nodes without a value in ``c`` are white."""
    diameter = min(0.55 * _frame(ax, positions), 22)
    look: Style = {
        "s": diameter**2,
        "c": np.full(len(positions), np.nan),
        "cmap": "viridis",
        "plotnonfinite": True,
        "edgecolor": "0.35",
        "linewidth": 0.6,
        "zorder": 2,
    } | node_kw
    look["cmap"] = colormaps[look["cmap"]].with_extremes(bad="white")
    points = ax.scatter(*positions.T, **look)
    if len(labels) > MAX_LABELS:
        return points
    inside = max(map(len, labels)) <= 3 and diameter > 9
    on_a_line = not np.ptp(positions[:, 1])
    place = {
        "xytext": (0, 0 if inside else -diameter / 2 - 1),
        "textcoords": "offset points",
        "horizontalalignment": "center",
        "verticalalignment": "center" if inside else "top",
        "fontsize": 8 if inside else 7,
        "rotation": 90 if on_a_line and not inside else 0,
        "zorder": 4,
        "parse_math": False,
        "annotation_clip": False,
        "path_effects": [] if inside else [withStroke(linewidth=2, foreground="white")],
    }
    points.update_scalarmappable()
    shades = np.broadcast_to(points.get_facecolor(), (len(positions), 4))[:, :3]
    for spot, name, shade in zip(positions, labels, shades, strict=True):
        dark = inside and shade @ [0.299, 0.587, 0.114] < 0.5
        ax.annotate(name, spot, **place | {"color": "white" if dark else "black"} | text_kw)
    return points


def _draw_arrows(ax: Any, edges: Array, positions: Array, sizes: Array, arrow_kw: Style) -> Any:
    """Draw arrows between rims of nodes, shifted to the right so that opposite ones are visible."""
    start, end = positions[edges[0]], positions[edges[1]]  # (edges, 2)
    is_arrow = edges[0] != edges[1]
    start, direction = start[is_arrow], (end - start)[is_arrow]
    length = np.linalg.norm(direction, axis=1, keepdims=True)
    length[length == 0] = 1.0
    along = direction / length
    aside = 0.09 * np.stack([along[:, 1], -along[:, 0]], 1)
    begin = start + 0.3 * along + aside
    reach = (length - 0.6).clip(min=0.05) * along
    look = {"angles": "xy", "scale_units": "xy", "scale": 1, "units": "xy"}
    shape = {"width": 0.06, "headwidth": 3.5, "headlength": 4, "headaxislength": 3.5, "zorder": 3}
    return ax.quiver(*begin.T, *reach.T, sizes[is_arrow], **look | shape | arrow_kw)


def _draw_rings(ax: Any, points: Any, edges: Array, colours: Array) -> None:
    """Draw rims around nodes that send to themselves, in the colours of their messages."""
    loops = edges[0] == edges[1]
    ax.scatter(
        *points.get_offsets()[edges[0, loops]].T,
        s=points.get_sizes(),
        facecolors="none",
        linewidths=2.5,
        zorder=3,
        edgecolors=colours[loops],
    )
