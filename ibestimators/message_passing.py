"""Message passing: what matters is who is related to whom; neighbours have no order.

Each node gathers its neighbours' features, aggregates them by a function that
knows no order, and updates its own:

    h_i <- update((1 + eps) h_i + aggregate_{j -> i} h_j)      (Xu et al. 2019, eq. 4.1)

with a learned eps, without which two nodes joined to each other alone would turn into
the same, and two dense layers as the update. With sums this is the graph
isomorphism network, as discerning as the Weisfeiler-Leman test and no more:
nodes that the test cannot tell apart stay alike.

References: Gilmer et al., "Neural message passing for quantum chemistry" (2017);
Xu, Hu, Leskovec & Jegelka, "How powerful are graph neural networks?" (2019); Hu et al.,
"Strategies for pre-training graph neural networks" (2020) for features of edges; Velickovic
et al., "Graph attention networks" (2018).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, ClassVar

import networkx as nx
import torch
from sklearn.utils._param_validation import StrOptions
from torch import nn

from ibestimators.base import POSITIVE_INT, Classifier, Estimator, Regressor, estimator, parameter
from ibestimators.layers import ACTIVATIONS, DenseLayers, normalization_layer
from ibestimators.structures import NAMES, Layout, Pairs, aggregate, owners, read_edges


class NeighbourAttention(nn.Module):
    """Mean of what a node and its neighbours tell, weighed by relevance.

    ``received_i = sum_j softmax_j(q_i . k_j / sqrt(d)) v_j`` over the neighbours j of i and i
    itself: attention (Vaswani et al. 2017, eq. 1) whose mask is the graph.

    Parameters
    ----------
    n_inputs, size : int
        Features of a node, and of its query and key.
    """

    def __init__(self, n_inputs: int, size: int) -> None:
        super().__init__()
        self.query = nn.Linear(n_inputs, size)
        self.key = nn.Linear(n_inputs, size)
        self.value = nn.Linear(n_inputs, n_inputs)

    def forward(
        self, x: torch.Tensor, edges: torch.Tensor, told: torch.Tensor
    ) -> torch.Tensor:  # (nodes, n_inputs), (2, edges), (edges, n_inputs)
        """What each node receives; `told` are the features that travel along each edge."""
        (_, target), told, weight = self.scored(x, edges, told)
        total = aggregate(weight, target, x.shape[0], "sum")  # (nodes, 1)
        return aggregate(weight * self.value(told), target, x.shape[0], "sum") / total

    def scored(
        self, x: torch.Tensor, edges: torch.Tensor, told: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:  # as in forward
        """Edges with those from each node to itself, what travels along them, and its weight.

        (2, edges + loops), (edges + loops, n_inputs) and (edges + loops, 1); the weights of a
        node's edges do not sum to 1 yet.
        """
        loops = self.missing_loops(edges, x.shape[0])  # (loops,)
        edges = torch.cat([edges, loops.expand(2, -1)], 1)  # (2, edges + loops)
        target = edges[1]
        told = torch.cat([told, x[loops]])  # (edges + loops, n_inputs)
        score = (self.query(x)[target] * self.key(told)).sum(1)  # (edges + loops,)
        score = score / math.sqrt(self.key.out_features)
        highest = score.new_full((x.shape[0],), -torch.inf)
        highest = highest.scatter_reduce(0, target, score.detach(), "amax")  # (nodes,)
        return edges, told, (score - highest[target]).exp().unsqueeze(1)

    @staticmethod
    def missing_loops(edges: torch.Tensor, n_nodes: int) -> torch.Tensor:
        """Nodes without an edge to themselves."""
        alone = torch.ones(n_nodes, dtype=torch.bool, device=edges.device)
        alone[edges[0, edges[0] == edges[1]]] = False
        return alone.nonzero()[:, 0]


class MessagePassing(nn.Module):
    """One round: gather, aggregate, update.

    Where edges have features e, neighbour j sends ``a(h_j + W e_ji)`` (Hu et al. 2020), else
    ``h_j``.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Features of a node before and after.
    aggregation : {"sum", "mean", "max", "attention"}
    activation : str
        Between the two dense layers of the update.
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
        self.eps = nn.Parameter(torch.zeros(()))
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
        """`pairs` are those of the edges, if they are at hand."""
        if edge_features is None and self.aggregation in ("sum", "mean"):
            pairs = pairs or Pairs(edges[0], edges[1], x.shape[0], x.shape[0])
            received = pairs.sum(x)  # (nodes, n_inputs)
            if self.aggregation == "mean":
                received = received / pairs.degrees.unsqueeze(1)
        else:
            received = self.received(x, edges, edge_features)  # (nodes, n_inputs)
        y: torch.Tensor = self.update(
            torch.addcmul(received, x, 1 + self.eps)
        )  # (nodes, n_outputs)
        return y

    def received(
        self, x: torch.Tensor, edges: torch.Tensor, edge_features: torch.Tensor | None
    ) -> torch.Tensor:  # as in forward
        """What each node receives, messages written out edge by edge: (nodes, n_inputs)."""
        told = self.told(x, edges, edge_features)  # (edges, n_inputs)
        if self.aggregation == "attention":
            received: torch.Tensor = self.attention(x, edges, told)
            return received
        return aggregate(told, edges[1], x.shape[0], self.aggregation)

    def told(
        self, x: torch.Tensor, edges: torch.Tensor, edge_features: torch.Tensor | None
    ) -> torch.Tensor:  # as in forward
        """What travels along each edge: (edges, n_inputs)."""
        told = x.index_select(0, edges[0])  # (edges, n_inputs)
        if edge_features is not None:
            told = self.activation(told + self.edge(edge_features))
        return told

    def messages(
        self, x: torch.Tensor, edges: torch.Tensor, edge_features: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:  # as in forward
        """Edges, the message along each, and its weight where they are weighed by attention.

        (2, edges), (edges, n_inputs) and (edges,) or None. With attention the values are the
        messages, and edges hold one from each node to itself.
        """
        told = self.told(x, edges, edge_features)
        if self.aggregation != "attention":
            return edges, told, None
        edges, told, weight = self.attention.scored(x, edges, told)
        total = aggregate(weight, edges[1], x.shape[0], "sum")  # (nodes, 1)
        return edges, self.attention.value(told), (weight / total[edges[1]])[:, 0]


class GraphNetwork(nn.Module):
    """Rounds of message passing on packed graphs, and a readout.

    Parameters
    ----------
    n_features, hidden_size, n_layers : int
    aggregation, readout, activation : str
    head : DenseLayers
    dropout : float
    normalization : {"batch", "layer"} or None
    edges : torch.Tensor of shape (2, n_edges) or None
        The graph that array samples live on, sources then targets; None joins the
        neighbouring steps of sequences.
    n_edge_features : int
    n_identities : int or None
        Number of positions to learn an embedding for; it joins the features after the
        first round. None leaves nodes without identity.
    """

    edges: torch.Tensor | None

    def __init__(
        self,
        n_features: int,
        hidden_size: int,
        n_layers: int,
        *,
        aggregation: str,
        readout: str,
        activation: str,
        head: DenseLayers,
        dropout: float,
        normalization: str | None,
        edges: torch.Tensor | None,
        n_edge_features: int,
        n_identities: int | None,
    ) -> None:
        super().__init__()
        sizes = [n_features] + [hidden_size] * n_layers
        self.layers = nn.ModuleList(
            MessagePassing(before, after, aggregation, activation, n_edge_features)
            for before, after in zip(sizes[:-1], sizes[1:], strict=True)
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
            # From zero all nodes start alike, so that the order of nodes decides nothing.
            table = torch.zeros(n_identities, hidden_size)
            self.identities = nn.Embedding.from_pretrained(table, freeze=False)
        self.readout = readout
        self.head = head
        self.register_buffer("edges", edges)

    def node_embeddings(
        self,
        nodes: torch.Tensor,
        edges: torch.Tensor,
        sample: torch.Tensor,
        edge_features: torch.Tensor | None = None,
    ) -> torch.Tensor:  # (nodes, features), (2, edges), (nodes,), (edges, n_edge_features)
        """Features of each node after all rounds: (nodes, hidden_size)."""
        for after in self.rounds(nodes, edges, sample, edge_features):
            nodes = after
        return nodes

    def rounds(
        self,
        nodes: torch.Tensor,
        edges: torch.Tensor,
        sample: torch.Tensor,
        edge_features: torch.Tensor | None = None,
    ) -> Iterator[torch.Tensor]:  # as in node_embeddings
        """Features of each node after each round: (nodes, hidden_size)."""
        pairs = Pairs(edges[0], edges[1], nodes.shape[0], nodes.shape[0])
        for i, (layer, norm) in enumerate(zip_longest(self.layers, self.norms)):
            nodes = layer(nodes, edges, edge_features, pairs)  # (nodes, hidden_size)
            if i == 0 and self.identities is not None:
                nodes = nodes.unflatten(0, (-1, self.identities.num_embeddings))
                nodes = (nodes + self.identities.weight).flatten(0, 1)  # (nodes, hidden_size)
            if norm is not None and nodes.shape[0]:
                nodes = norm(nodes, sample)
            nodes = self.dropout(self.activation(nodes))
            yield nodes

    def forward(
        self,
        x: torch.Tensor,
        lengths: torch.Tensor | None = None,
        edges: torch.Tensor | None = None,
        edge_features: torch.Tensor | None = None,
    ) -> torch.Tensor:  # (batch, *sample_shape), or (rows, features), (batch,), (2, edges), ...
        # Shapes, here and below: a length is a number, which an export would hold fixed.
        n_samples = x.shape[0] if lengths is None else len(lengths)
        x, edges, sample = self.joined(x, lengths, edges)
        nodes = self.node_embeddings(x, edges, sample, edge_features)  # (nodes, hidden_size)
        pooled = aggregate(nodes, sample, n_samples, self.readout)  # (batch, hidden_size)
        y: torch.Tensor = self.head(pooled)  # (batch, n_outputs)
        return y

    def joined(
        self,
        x: torch.Tensor,
        lengths: torch.Tensor | None = None,
        edges: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:  # as in forward
        """Samples of any kind as one graph of disjoint parts; returns what `pack` does."""
        if lengths is None:
            return self.pack(x)
        sample = owners(lengths)  # (nodes,)
        if edges is None:
            edges = path_edges(sample) if self.edges is None else self.edges
        return x, edges, sample

    def pack(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """A batch of samples as one graph of disjoint parts.

        Returns nodes (batch x positions, features), edges (2, batch x n_edges) and
        the sample that each node belongs to.
        """
        if x.ndim == 2:
            x = x.unsqueeze(-1)  # d features are d nodes of one
        assert self.edges is not None
        x = x.flatten(1, -2)  # (batch, positions, features)
        batch, positions, _ = x.shape
        sample = torch.arange(batch, device=x.device)
        offset = (sample * positions).unsqueeze(1)  # (batch, 1)
        edges = (self.edges.unsqueeze(1) + offset).flatten(1)  # (2, batch x n_edges)
        return x.flatten(0, 1), edges, sample.repeat_interleave(positions)


def path_edges(sample: torch.Tensor) -> torch.Tensor:  # (rows,)
    """Edges between neighbouring rows of the same sample, both ways: (2, edges)."""
    row = (sample[1:] == sample[:-1]).nonzero()[:, 0]
    return torch.stack([torch.cat([row, row + 1]), torch.cat([row + 1, row])])


@estimator
class MessagePassingPrimitive(Estimator):
    """Abstract: what is learned is message passing."""

    assumption: ClassVar[str] = "relations, neighbours unordered"

    aggregation: str = parameter(
        "sum", [StrOptions({"sum", "mean", "max", "attention"})],
        "{'sum', 'mean', 'max', 'attention'}",
        "How a node combines what its neighbours send; 'attention' weighs them, and itself, by "
        "relevance.",
    )  # fmt: skip
    hidden_size: int = parameter(
        32, [POSITIVE_INT], "int", "Features of a node after each round.",
    )  # fmt: skip
    n_layers: int = parameter(
        4, [POSITIVE_INT], "int", "Rounds; a node hears of nodes that many edges away.",
    )  # fmt: skip
    graph: Any = parameter(
        None, [nx.Graph, "array-like", "sparse matrix", StrOptions({"empty"}), None],
        "networkx.Graph, adjacency matrix, 'empty' or None",
        "The relations between the positions of array samples. Nodes named 0, 1, ... are those "
        "positions, others count in the order of the graph; a directed edge i -> j, or entry "
        "(i, j) other than 0, lets i send to j. 'empty' joins nothing, for points that are a "
        "set, sequences too. None joins neighbouring positions: a path, or a grid for images.",
    )  # fmt: skip
    position: str = parameter(
        "learned", [StrOptions({"none", "learned"})], "{'none', 'learned'}",
        "Whether the positions of array samples each have a learned embedding, as they have a "
        "meaning of their own, or with 'none' differ by their features and neighbours alone, as "
        "samples of different sizes always do.",
    )  # fmt: skip
    readout: str = parameter(
        "mean", [StrOptions({"sum", "mean", "max"})], "{'sum', 'mean', 'max'}",
        "How the nodes become one vector.",
    )  # fmt: skip
    head_layer_sizes: tuple[int, ...] = parameter(
        (64,), ["array-like"], "tuple of int", "Hidden units of the dense head.",
    )  # fmt: skip
    normalization: str | None = parameter(
        "batch", [StrOptions({"batch", "layer"}), None], "{'batch', 'layer'} or None",
        "Normalisation of the features of each node after each round.",
    )  # fmt: skip

    def _build_network(self, layout: Layout, n_outputs: int) -> nn.Module:
        is_array = layout.kind == "array"
        edges = None
        if is_array or (isinstance(self.graph, str) and layout.kind != "graphs"):
            edges = torch.from_numpy(read_edges(self.graph, layout.axes if is_array else ()))
        elif self.graph is not None:
            raise ValueError(
                f"graph={self.graph!r} joins the positions of samples of one shape, but X is "
                f"{NAMES[layout.kind]}. Set graph=None"
                + (", since they have edges." if layout.kind == "graphs" else " or 'empty'.")
            )
        head = DenseLayers(
            self.hidden_size,
            self._sizes("head_layer_sizes"),
            n_outputs,
            activation=self.activation,
            dropout=self.dropout,
        )
        return GraphNetwork(
            layout.n_features,
            self.hidden_size,
            self.n_layers,
            aggregation=self.aggregation,
            readout=self.readout,
            activation=self.activation,
            head=head,
            dropout=self.dropout,
            normalization=self.normalization,
            edges=edges,
            n_edge_features=layout.n_edge_features,
            n_identities=math.prod(layout.axes)
            if is_array and self.position == "learned"
            else None,
        )

    def _pads(self) -> bool:
        return False

    def widened(self, factor: float) -> dict[str, Any]:
        return {"hidden_size": max(1, round(factor * self.hidden_size))}


@estimator
class GraphClassifier(MessagePassingPrimitive, Classifier):
    """Classifier that assumes relations: neighbours on a graph send messages.

    Reads graphs, of any sizes; (n, d) as d nodes of one feature, and steps, pixels and
    voxels as nodes on `graph`; sequences and tokens of any lengths as paths.

    {sections}

    See Also
    --------
    AttentionClassifier : Every token sends to every other, weighed by relevance.

    References
    ----------
    Xu, Hu, Leskovec & Jegelka, "How powerful are graph neural networks?" (2019),
    equation 4.1.

    Examples
    --------
    Do neighbours on a ring agree?

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
class GraphRegressor(MessagePassingPrimitive, Regressor):
    """Regressor that assumes relations: neighbours on a graph send messages.

    Reads graphs, of any sizes; (n, d) as d nodes of one feature, and steps, pixels and
    voxels as nodes on `graph`; sequences and tokens of any lengths as paths.

    {sections}

    See Also
    --------
    AttentionRegressor : Every token sends to every other, weighed by relevance.

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
