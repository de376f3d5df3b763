"""Message passing: relations between nodes matter, and neighbours have no order.

Each node aggregates the features of its neighbours by a function that ignores their order, and
then updates its own features:

    h_i <- update((1 + eps) h_i + aggregate_{j -> i} h_j)      (Xu et al. 2019, eq. 4.1)

The update is two dense layers, and eps is learned: without it, two nodes that are each other's
only neighbour would get equal features. With sums this is the graph isomorphism network, exactly
as powerful as the Weisfeiler-Leman test: nodes that the test does not distinguish get equal
features.

References: Gilmer et al., "Neural message passing for quantum chemistry" (2017);
Xu, Hu, Leskovec & Jegelka, "How powerful are graph neural networks?" (2019); Hu et al.,
"Strategies for pre-training graph neural networks" (2020) for features of edges; Velickovic
et al., "Graph attention networks" (2018).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise, zip_longest
from typing import Any, ClassVar

import networkx as nx
import torch
from sklearn.utils._param_validation import StrOptions
from torch import nn

from ibestimators.base import (
    POSITIVE_INT,
    BudgetRule,
    Classifier,
    Estimator,
    Regressor,
    estimator,
    parameter,
)
from ibestimators.layers import (
    ACTIVATIONS,
    Batch,
    DenseLayers,
    EachPosition,
    Encoder,
    Network,
    Packed,
    Readout,
    normalization_layer,
)
from ibestimators.structures import NAMES, Layout, Pairs, aggregate, read_edges, sample_index

# At 0, two nodes that are joined and have the same other neighbours are equal, and a maximum over
# nodes has no gradient there.
_FIRST_EPS = 0.1


class NeighbourAttention(nn.Module):
    """Mean of the messages of a node and its neighbours, weighted by relevance.

    ``aggregated_i = sum_j softmax_j(q_i . k_j / sqrt(d)) v_j`` over the neighbours j of i and i
    itself: attention (Vaswani et al. 2017, eq. 1) with the graph as its mask.

    Parameters
    ----------
    n_inputs, size : int
        Number of features of a node, and of its query and key.
    """

    def __init__(self, n_inputs: int, size: int) -> None:
        super().__init__()
        self.query = nn.Linear(n_inputs, size)
        self.key = nn.Linear(n_inputs, size)
        self.value = nn.Linear(n_inputs, n_inputs)

    def forward(self, x: torch.Tensor, pairs: Pairs) -> torch.Tensor:  # (nodes, n_inputs)
        """Aggregate the features of the neighbours: (nodes, n_inputs).

        Keys and values are computed once a node, and no message is written out. The pairs are
        edges with a self-loop at each node.
        """
        score = pairs.dot(self.query(x), self.key(x)) / math.sqrt(self.key.out_features)
        weight = unnormalized_softmax(score, pairs.target, x.shape[0])  # (pairs,)
        total = x.new_zeros(x.shape[0]).scatter_add(0, pairs.target, weight)  # (nodes,)
        return pairs.weighted_sum(weight, self.value(x)) / total.unsqueeze(1)

    def of_messages(
        self, x: torch.Tensor, edges: torch.Tensor, messages: torch.Tensor
    ) -> torch.Tensor:  # (nodes, n_inputs), (2, edges), (edges, n_inputs)
        """Aggregate messages that differ from the features of their source: (nodes, n_inputs)."""
        (_, target), messages, weight = self.scored(x, edges, messages)
        total = aggregate(weight, target, x.shape[0], "sum")  # (nodes, 1)
        return aggregate(weight * self.value(messages), target, x.shape[0], "sum") / total

    def scored(
        self, x: torch.Tensor, edges: torch.Tensor, messages: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:  # as in of_messages
        """Edges with a self-loop at each node, the messages along them, and their weights.

        (2, edges + loops), (edges + loops, n_inputs) and (edges + loops, 1). The weights are not
        normalised: those of the incoming edges of a node do not sum to 1.
        """
        n_edges = edges.shape[1]
        edges = with_loops(edges, x.shape[0])  # (2, edges + loops)
        source, target = edges
        messages = torch.cat([messages, x[source[n_edges:]]])  # (edges + loops, n_inputs)
        score = (self.query(x)[target] * self.key(messages)).sum(1)  # (edges + loops,)
        score = score / math.sqrt(self.key.out_features)
        return edges, messages, unnormalized_softmax(score, target, x.shape[0]).unsqueeze(1)


def unnormalized_softmax(
    score: torch.Tensor, target: torch.Tensor, n_nodes: int
) -> torch.Tensor:  # (edges,) twice
    """The exponential of each score minus the largest score of its target: (edges,)."""
    highest = score.new_full((n_nodes,), -torch.inf)
    highest = highest.scatter_reduce(0, target, score.detach(), "amax")  # (nodes,)
    return (score - highest[target]).exp()


def with_loops(edges: torch.Tensor, n_nodes: int) -> torch.Tensor:  # (2, edges)
    """The edges, and then a self-loop at each node that has none: (2, edges + loops)."""
    without_loop = torch.ones(n_nodes, dtype=torch.bool, device=edges.device)
    without_loop[edges[0, edges[0] == edges[1]]] = False
    return torch.cat([edges, without_loop.nonzero().T.expand(2, -1)], 1)


class MessagePassing(nn.Module):
    """One round of message passing: gather, aggregate, update.

    If edges have features e, neighbour j sends ``a(h_j + W e_ji)`` (Hu et al. 2020), otherwise
    ``h_j``.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Number of features of a node before and after the round.
    aggregation : {"sum", "mean", "max", "attention"}
    activation : str
        Activation between the two dense layers of the update.
    n_edge_features : int, default=0
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        aggregation: str,
        activation: str,
        n_edge_features: int = 0,
    ) -> None:
        super().__init__()
        self.aggregation = aggregation
        self.eps = nn.Parameter(torch.tensor(_FIRST_EPS))
        self.update = DenseLayers(n_inputs, (n_outputs,), n_outputs, activation=activation)
        if n_edge_features:
            self.edge = nn.Linear(n_edge_features, n_inputs)
            self.activation = ACTIVATIONS[activation]()
        if aggregation == "attention":
            self.attention = NeighbourAttention(n_inputs, n_outputs)

    def forward(
        self,
        x: torch.Tensor,
        edges: torch.Tensor,
        edge_features: torch.Tensor | None = None,
        pairs: Pairs | None = None,
    ) -> torch.Tensor:  # (nodes, n_inputs), (2, edges), (edges, n_edge_features)
        """Run one round; `pairs`, from the method of this name, can be reused in all rounds."""
        if edge_features is not None or self.aggregation == "max":
            aggregated = self.aggregated(x, edges, edge_features)  # (nodes, n_inputs)
        else:
            pairs = pairs or self.pairs(edges, x.shape[0])
            if self.aggregation == "attention":
                aggregated = self.attention(x, pairs)  # (nodes, n_inputs)
            else:
                return self._updated_sums(x, pairs)
        y: torch.Tensor = self.update(torch.addcmul(aggregated, x, 1 + self.eps))
        return y  # (nodes, n_outputs)

    def _updated_sums(self, x: torch.Tensor, pairs: Pairs) -> torch.Tensor:  # (nodes, n_inputs)
        """The round for sums and means: (nodes, n_outputs).

        The sum and the first dense layer are linear, so that their order is free: the layer comes
        first where it makes the rows shorter that are summed.
        """
        layers: list[Any] = [*self.update.layers]
        dense = layers[0]
        shorter = dense.out_features < dense.in_features
        if shorter:
            x = nn.functional.linear(x, dense.weight)
        aggregated = pairs.sum(x)  # as x
        if self.aggregation == "mean":
            aggregated = aggregated / pairs.degrees.unsqueeze(1)
        x = torch.addcmul(aggregated, x, 1 + self.eps)
        x = x + dense.bias if shorter else dense(x)
        for layer in layers[1:]:
            x = layer(x)
        return x

    def pairs(self, edges: torch.Tensor, n_nodes: int) -> Pairs:  # (2, edges)
        """The nodes that send a message to each node; with attention, itself too."""
        if self.aggregation == "attention":
            edges = with_loops(edges, n_nodes)
        return Pairs(edges[0], edges[1], n_nodes, n_nodes)

    def aggregated(
        self, x: torch.Tensor, edges: torch.Tensor, edge_features: torch.Tensor | None
    ) -> torch.Tensor:  # as in forward
        """Messages computed edge by edge and aggregated: (nodes, n_inputs)."""
        messages = self.messages(x, edges, edge_features)  # (edges, n_inputs)
        if self.aggregation == "attention":
            return self.attention.of_messages(x, edges, messages)
        return aggregate(messages, edges[1], x.shape[0], self.aggregation)

    def messages(
        self, x: torch.Tensor, edges: torch.Tensor, edge_features: torch.Tensor | None
    ) -> torch.Tensor:  # as in forward
        """The message along each edge: (edges, n_inputs)."""
        messages = x.index_select(0, edges[0])  # (edges, n_inputs)
        if edge_features is not None:
            messages = self.activation(messages + self.edge(edge_features))
        return messages

    def weighted_messages(
        self, x: torch.Tensor, edges: torch.Tensor, edge_features: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:  # as in forward
        """Edges, the message along each, and its weight if attention weights the messages.

        (2, edges), (edges, n_inputs) and (edges,) or None. With attention the messages are the
        values, and each node has an edge to itself.
        """
        messages = self.messages(x, edges, edge_features)
        if self.aggregation != "attention":
            return edges, messages, None
        edges, messages, weight = self.attention.scored(x, edges, messages)
        total = aggregate(weight, edges[1], x.shape[0], "sum")  # (nodes, 1)
        return edges, self.attention.value(messages), (weight / total[edges[1]])[:, 0]


class GraphEncoder(Encoder):
    """Rounds of message passing on packed graphs.

    Parameters
    ----------
    n_features, hidden_size, n_layers : int
    aggregation, activation : str
    dropout : float
    normalization : {"batch", "layer"} or None
    residual : bool
        Whether each round after the first adds to the features.
    edges : torch.Tensor of shape (2, n_edges) or None
        The graph of array samples, as rows of sources and targets; None connects the neighbouring
        steps of sequences.
    causal : bool
        Whether steps of sequences send messages to the next step only.
    n_edge_features : int
    n_identities : int or None
        Number of positions that have a learned embedding, which scales and shifts the features
        after the first round; None gives nodes no embedding.
    """

    edges: torch.Tensor | None

    def __init__(
        self,
        n_features: int,
        hidden_size: int,
        n_layers: int,
        *,
        aggregation: str,
        activation: str,
        dropout: float,
        normalization: str | None,
        residual: bool,
        edges: torch.Tensor | None,
        causal: bool,
        n_edge_features: int,
        n_identities: int | None,
    ) -> None:
        super().__init__()
        self.residual = residual
        self.causal = causal
        sizes = [n_features] + [hidden_size] * n_layers
        self.layers = nn.ModuleList(
            MessagePassing(before, after, aggregation, activation, n_edge_features)
            for before, after in pairwise(sizes)
        )
        self.norms = nn.ModuleList(
            []
            if normalization is None
            else [normalization_layer(normalization, hidden_size) for _ in range(n_layers)]
        )
        self.activation = ACTIVATIONS[activation]()
        self.dropout = nn.Dropout(dropout)
        self.identities = None
        if n_identities is not None:
            # All start at zero, so that the order of the nodes has no effect.
            table = torch.zeros(n_identities, hidden_size)
            self.identities = nn.Embedding.from_pretrained(table, freeze=False)
            self.scales = nn.Embedding.from_pretrained(table.clone(), freeze=False)
        self.register_buffer("edges", edges)

    def forward(self, batch: Batch) -> Packed:
        # shape[0] instead of len(): an ONNX export would make the length a constant.
        n_samples = batch.x.shape[0] if batch.lengths is None else len(batch.lengths)
        graph, sample = self.as_graph(batch)
        nodes = graph.x
        for features in self.rounds(graph, sample):
            nodes = features
        return Packed(nodes, sample, n_samples)

    def rounds(self, graph: Batch, sample: torch.Tensor) -> Iterator[torch.Tensor]:
        """Features of each node after each round: (nodes, hidden_size).

        Parameters
        ----------
        graph, sample
            From `as_graph`.
        """
        nodes, _, edges, edge_features, *_ = graph
        assert edges is not None
        first = self.layers[0]
        assert isinstance(first, MessagePassing)
        # The same in all rounds; messages with features of edges are written out.
        pairs = first.pairs(edges, nodes.shape[0]) if edge_features is None else None
        for i, (layer, norm) in enumerate(zip_longest(self.layers, self.norms)):
            before = nodes
            nodes = layer(nodes, edges, edge_features, pairs)  # (nodes, hidden_size)
            if i == 0 and self.identities is not None:
                nodes = nodes.unflatten(0, (-1, self.identities.num_embeddings))
                nodes = torch.addcmul(self.identities.weight, nodes, 1 + self.scales.weight)
                nodes = nodes.flatten(0, 1)  # (nodes, hidden_size)
            if norm is not None and nodes.shape[0]:
                nodes = norm(nodes, sample)
            nodes = self.dropout(self.activation(nodes))
            if i and self.residual:
                nodes = before + nodes
            yield nodes

    def as_graph(self, batch: Batch) -> tuple[Batch, torch.Tensor]:
        """Samples of any kind as one graph of disjoint components, and the sample of each node."""
        x, lengths, edges, edge_features, *_ = batch
        if lengths is None:
            return self.repeated_graph(x)
        sample = sample_index(lengths)  # (nodes,)
        if edges is None:
            edges = path_edges(sample, self.causal) if self.edges is None else self.edges
        return Batch(x, lengths, edges, edge_features), sample

    def repeated_graph(self, x: torch.Tensor) -> tuple[Batch, torch.Tensor]:
        """Array samples, (batch, *sample_shape), each on a copy of the graph."""
        if x.ndim == 2:
            x = x.unsqueeze(-1)  # d features are d nodes of one feature
        assert self.edges is not None
        x = x.flatten(1, -2)  # (batch, positions, features)
        n_samples, positions, _ = x.shape
        sample = torch.arange(n_samples, device=x.device)
        offset = (sample * positions).unsqueeze(1)  # (batch, 1)
        edges = (self.edges.unsqueeze(1) + offset).flatten(1)  # (2, batch x n_edges)
        return Batch(x.flatten(0, 1), edges=edges), sample.repeat_interleave(positions)

    def padded_size(self, sizes: torch.Tensor) -> None:
        return None


def path_edges(sample: torch.Tensor, causal: bool) -> torch.Tensor:  # (rows,)
    """Edges between neighbouring rows of the same sample: (2, edges).

    From each row to the next one, and back unless `causal`.
    """
    row = (sample[1:] == sample[:-1]).nonzero()[:, 0]
    if causal:
        return torch.stack([row, row + 1])
    return torch.stack([torch.cat([row, row + 1]), torch.cat([row + 1, row])])


@estimator
class GraphEstimator(Estimator):
    """Abstract base class of the estimators that learn message passing."""

    assumption: ClassVar[str] = "relations, neighbours unordered"
    causal: ClassVar[dict[str, tuple[Any, ...]] | None] = {"graph": ("causal", "empty")}

    aggregation: str = parameter(
        "auto",
        [StrOptions({"auto", "sum", "mean", "max", "attention"})],
        "{'auto', 'sum', 'mean', 'max', 'attention'}",
        "How a node combines the messages of its neighbours; 'attention' weights them, and its "
        "own features, by relevance. 'auto' is 'sum' for graphs, where the number of neighbours "
        "is information, and 'mean' otherwise.",
    )
    hidden_size: int = parameter(
        48,
        [POSITIVE_INT],
        "int",
        "Number of features of a node after each round.",
    )
    n_layers: int = parameter(
        4,
        [POSITIVE_INT],
        "int",
        "Number of rounds of message passing; a node receives information from nodes up to that "
        "many edges away.",
    )
    graph: Any = parameter(
        None,
        [nx.Graph, "array-like", "sparse matrix", StrOptions({"empty", "causal"}), None],
        "networkx.Graph, adjacency matrix, 'empty', 'causal' or None",
        "The edges between the positions of array samples. Nodes named 0, 1, ... are the "
        "positions; nodes with other names are taken in the order of the graph. A directed edge "
        "i -> j, or a non-zero entry (i, j), sends messages from i to j. 'empty' has no edges, "
        "for samples that are sets, and 'causal' sends messages from each step to the next one "
        "only, so that no step receives any from later ones; both are valid for sequences too. "
        "None connects neighbouring positions: a path, or a grid for images.",
    )
    residual: bool = parameter(
        True,
        ["boolean"],
        "bool",
        "Whether each round after the first adds to the features of the nodes instead of "
        "replacing them (He et al. 2016).",
    )
    position: str = parameter(
        "learned",
        [StrOptions({"none", "learned"})],
        "{'none', 'learned'}",
        "Whether each position of array samples has a learned embedding. With 'none', positions "
        "differ only in their features and neighbours. Nodes of samples of different sizes never "
        "have an embedding.",
    )
    readout: str = parameter(
        "mean+max",
        [StrOptions({"sum", "mean", "max", "mean+max"})],
        "{'sum', 'mean', 'max', 'mean+max'}",
        "How the node features are reduced to one vector, or to two that are joined.",
    )
    head_layer_sizes: tuple[int, ...] = parameter(
        (64,),
        ["array-like"],
        "tuple of int",
        "Number of units of each hidden layer of the dense head.",
    )
    normalization: str | None = parameter(
        "batch",
        [StrOptions({"batch", "layer"}), None],
        "{'batch', 'layer'} or None",
        "Normalisation of the node features after each round.",
    )

    def _auto(self, layout: Layout) -> dict[str, Any]:
        of_graphs = layout.kind == "graphs"
        return {**super()._auto(layout), "aggregation": "sum" if of_graphs else "mean"}

    def _build_network(self, layout: Layout, n_outputs: int) -> Network:
        is_array, of_graphs = layout.kind == "array", layout.kind == "graphs"
        causal = isinstance(self.graph, str) and self.graph == "causal" and not of_graphs
        is_empty = isinstance(self.graph, str) and not causal and not of_graphs
        edges = None
        if is_array or is_empty:
            edges = torch.from_numpy(read_edges(self.graph, layout.axes if is_array else ()))
        elif self.graph is not None and not causal:
            raise ValueError(
                f"graph={self.graph!r} requires samples of one shape, but X is "
                f"{NAMES[layout.kind]}. Set graph=None"
                + (": X has its own edges." if of_graphs else ", 'causal' or 'empty'.")
            )
        learned = is_array and self.position == "learned"
        how = tuple(self.readout.split("+"))
        readout = (
            EachPosition(self._head(self.hidden_size, n_outputs))
            if self.target == "position"
            else Readout(how, self._head(self.hidden_size * len(how), n_outputs))
        )
        encoder = GraphEncoder(
            layout.n_features,
            self.hidden_size,
            self.n_layers,
            aggregation=self.aggregation,
            activation=self.activation,
            dropout=float(self.dropout),
            normalization=self.normalization,
            residual=self.residual,
            edges=edges,
            causal=causal,
            n_edge_features=layout.n_edge_features,
            n_identities=math.prod(layout.axes) if learned else None,
        )
        return Network(encoder, readout)

    def _budget_rule(self, layout: Layout) -> BudgetRule:
        # Graphs differ in their edges, from which more is to be learned than from one grid.
        n_steps = 2500 if layout.kind == "graphs" else 800
        return BudgetRule(lr=5e-3, n_steps=n_steps, weight_decay=1.0)

    def _widened(self, factor: float) -> dict[str, Any]:
        return {"hidden_size": max(1, round(factor * self.hidden_size))}


@estimator
class GraphClassifier(GraphEstimator, Classifier):
    """Classifier that assumes relations: neighbours on a graph send messages.

    Reads graphs of any size; (n, d) as d nodes of one feature, and steps, pixels and
    voxels as nodes of `graph`; sequences and tokens of any length as paths.

    {sections}

    See Also
    --------
    AttentionClassifier : Every token sends to every other, weighted by relevance.

    References
    ----------
    Xu, Hu, Leskovec & Jegelka, "How powerful are graph neural networks?" (2019),
    equation 4.1.

    Examples
    --------
    Whether neighbours on a ring mostly agree:

    >>> import networkx as nx
    >>> import numpy as np
    >>> from ibestimators import GraphClassifier
    >>> X = np.random.default_rng(0).choice([-1.0, 1.0], size=(300, 10))
    >>> y = (X * np.roll(X, 1, axis=1)).sum(axis=1) > 0
    >>> clf = GraphClassifier(graph=nx.cycle_graph(10), random_state=0)
    >>> clf.fit(X[:200], y[:200]).score(X[200:], y[200:]) > 0.9
    True
    """


@estimator
class GraphRegressor(GraphEstimator, Regressor):
    """Regressor that assumes relations: neighbours on a graph send messages.

    Reads graphs of any size; (n, d) as d nodes of one feature, and steps, pixels and
    voxels as nodes of `graph`; sequences and tokens of any length as paths.

    {sections}

    See Also
    --------
    AttentionRegressor : Every token sends to every other, weighted by relevance.

    References
    ----------
    Xu, Hu, Leskovec & Jegelka, "How powerful are graph neural networks?" (2019),
    equation 4.1.

    Examples
    --------
    The warmest neighbourhood on a ring:

    >>> import networkx as nx
    >>> import numpy as np
    >>> from ibestimators import GraphRegressor
    >>> X = np.random.default_rng(0).normal(size=(300, 10))
    >>> y = (np.roll(X, 1, axis=1) + X + np.roll(X, -1, axis=1)).max(axis=1)
    >>> reg = GraphRegressor(graph=nx.cycle_graph(10), readout="max", random_state=0)
    >>> reg.fit(X, y).score(X, y) > 0.8
    True
    """
