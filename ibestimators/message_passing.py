"""Message passing: what matters is who is related to whom; neighbours have no order.

Each node gathers its neighbours' features, aggregates them by a function that
knows no order, and updates its own:

    h_i <- update((1 + eps) h_i + aggregate_{j -> i} h_j)      (Xu et al. 2019, eq. 4.1)

with a learned eps, without which two nodes joined to each other alone would turn into
the same, and two dense layers as the update. With sums this is the graph
isomorphism network, as discerning as the Weisfeiler-Leman test and no more:
nodes that the test cannot tell apart stay alike.

References: Gilmer et al., "Neural message passing for quantum chemistry" (2017);
Xu, Hu, Leskovec & Jegelka, "How powerful are graph neural networks?" (2019).
"""

from __future__ import annotations

import math
from itertools import zip_longest
from typing import Any, ClassVar

import networkx as nx
import torch
from sklearn.utils._param_validation import StrOptions
from torch import nn

from ibestimators.base import POSITIVE_INT, Classifier, Estimator, Regressor
from ibestimators.dense import ACTIVATIONS, DenseLayers, normalization_layer
from ibestimators.parameters import estimator, parameter
from ibestimators.structures import read_edges


def aggregate(
    messages: torch.Tensor, index: torch.Tensor, n_groups: int, how: str
) -> torch.Tensor:  # (messages, features), (messages,)
    """Sum, mean or maximum of the messages of each group: (n_groups, features).

    A group without messages gets zeros.
    """
    zeros = messages.new_zeros(n_groups, messages.shape[1])
    if how == "max":
        where = index.unsqueeze(1).expand_as(messages)
        return zeros.scatter_reduce(0, where, messages, "amax", include_self=False)
    total = zeros.index_add(0, index, messages)
    if how == "sum":
        return total
    count = torch.bincount(index, minlength=n_groups).clamp(min=1)
    return total / count.unsqueeze(1)


class MessagePassing(nn.Module):
    """One round: gather, aggregate, update.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Features of a node before and after.
    aggregation : {"sum", "mean", "max"}
    activation : str
        Between the two dense layers of the update.
    """

    def __init__(self, n_inputs: int, n_outputs: int, aggregation: str, activation: str) -> None:
        super().__init__()
        self.aggregation = aggregation
        self.eps = nn.Parameter(torch.zeros(()))
        self.update = DenseLayers(n_inputs, (n_outputs,), n_outputs, activation=activation)

    def forward(
        self, x: torch.Tensor, edges: torch.Tensor
    ) -> torch.Tensor:  # (nodes, n_inputs), (2, edges)
        source, target = edges
        received = aggregate(x[source], target, len(x), self.aggregation)  # (nodes, n_inputs)
        y: torch.Tensor = self.update((1 + self.eps) * x + received)  # (nodes, n_outputs)
        return y


class GraphNetwork(nn.Module):
    """Rounds of message passing on packed graphs, and a readout.

    Parameters
    ----------
    n_features, hidden_size, n_layers : int
    aggregation, readout, activation : str
    head : DenseLayers
    dropout : float
    normalization : {"batch", "layer"} or None
    edges : torch.Tensor of shape (2, n_edges)
        The graph that array samples live on, sources then targets.
    n_identities : int or None
        Number of positions to learn an embedding for; it joins the features after the
        first round. None leaves nodes without identity.
    """

    edges: torch.Tensor

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
        edges: torch.Tensor,
        n_identities: int | None,
    ) -> None:
        super().__init__()
        sizes = [n_features] + [hidden_size] * n_layers
        self.layers = nn.ModuleList(
            MessagePassing(before, after, aggregation, activation)
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
        self, nodes: torch.Tensor, edges: torch.Tensor, sample: torch.Tensor
    ) -> torch.Tensor:  # (nodes, features), (2, edges), (nodes,)
        """Features of each node after all rounds: (nodes, hidden_size)."""
        for i, (layer, norm) in enumerate(zip_longest(self.layers, self.norms)):
            nodes = layer(nodes, edges)  # (nodes, hidden_size)
            if i == 0 and self.identities is not None:
                nodes = nodes.unflatten(0, (-1, self.identities.num_embeddings))
                nodes = (nodes + self.identities.weight).flatten(0, 1)  # (nodes, hidden_size)
            if norm is not None:
                nodes = norm(nodes, sample)
            nodes = self.dropout(self.activation(nodes))
        return nodes

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (batch, *sample_shape)
        nodes, edges, sample = self.pack(x)
        nodes = self.node_embeddings(nodes, edges, sample)  # (batch x positions, hidden_size)
        pooled = aggregate(nodes, sample, len(x), self.readout)  # (batch, hidden_size)
        y: torch.Tensor = self.head(pooled)  # (batch, n_outputs)
        return y

    def pack(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """A batch of samples as one graph of disjoint parts.

        Returns nodes (batch x positions, features), edges (2, batch x n_edges) and
        the sample that each node belongs to.
        """
        if x.ndim == 2:
            x = x.unsqueeze(-1)  # d features are d nodes of one
        x = x.flatten(1, -2)  # (batch, positions, features)
        batch, positions, _ = x.shape
        sample = torch.arange(batch, device=x.device)
        offset = (sample * positions).unsqueeze(1)  # (batch, 1)
        edges = (self.edges.unsqueeze(1) + offset).flatten(1)  # (2, batch x n_edges)
        return x.flatten(0, 1), edges, sample.repeat_interleave(positions)


@estimator
class MessagePassingPrimitive(Estimator):
    """Abstract: what is learned is message passing."""

    assumption: ClassVar[str] = "relations, neighbours unordered"

    aggregation: str = parameter(
        "sum", [StrOptions({"sum", "mean", "max"})], "{'sum', 'mean', 'max'}",
        "How a node combines what its neighbours send.",
    )  # fmt: skip
    hidden_size: int = parameter(
        32, [POSITIVE_INT], "int", "Features of a node after each round.",
    )  # fmt: skip
    n_layers: int = parameter(
        4, [POSITIVE_INT], "int", "Rounds; a node hears of nodes that many edges away.",
    )  # fmt: skip
    graph: Any = parameter(
        None, [nx.Graph, "array-like", "sparse matrix", None],
        "networkx.Graph, adjacency matrix or None",
        "The relations between the positions of array samples. Nodes named 0, 1, ... are those "
        "positions, others count in the order of the graph; a directed edge i -> j, or entry "
        "(i, j) other than 0, lets i send to j. None joins neighbouring positions: a path, or a "
        "grid for images.",
    )  # fmt: skip
    position: str = parameter(
        "learned", [StrOptions({"none", "learned"})], "{'none', 'learned'}",
        "Whether the positions of array samples each have a learned embedding, as they have a "
        "meaning of their own, or with 'none' differ by their features and neighbours alone.",
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

    def _build_network(self, sample_shape: tuple[int, ...], n_outputs: int) -> nn.Module:
        if len(sample_shape) == 1:
            sample_shape = (*sample_shape, 1)
        *sizes, n_features = sample_shape
        head = DenseLayers(
            self.hidden_size,
            self._sizes("head_layer_sizes"),
            n_outputs,
            activation=self.activation,
            dropout=self.dropout,
        )
        return GraphNetwork(
            n_features,
            self.hidden_size,
            self.n_layers,
            aggregation=self.aggregation,
            readout=self.readout,
            activation=self.activation,
            head=head,
            dropout=self.dropout,
            normalization=self.normalization,
            edges=torch.from_numpy(read_edges(self.graph, sizes)),
            n_identities=math.prod(sizes) if self.position == "learned" else None,
        )


@estimator
class GraphClassifier(MessagePassingPrimitive, Classifier):
    """Classifier that assumes relations: neighbours on a graph send messages.

    Reads (n, d) as d nodes of one feature, (n, steps, features) as nodes and the
    pixels of images as nodes, on `graph`.

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

    Reads (n, d) as d nodes of one feature, (n, steps, features) as nodes and the
    pixels of images as nodes, on `graph`.

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
