"""The network of every estimator: an encoder with the inductive bias, and a readout."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, NamedTuple

import torch
from torch import nn

from ibestimators.layers._readout import EachPosition, Packed, Padded, Readout
from ibestimators.structures import row_numbers


class Batch(NamedTuple):
    """A batch of samples, the input of an encoder.

    Parameters
    ----------
    x : torch.Tensor
        (batch, *sample_shape) if samples have one shape, otherwise (rows, n_features), the
        concatenated rows of all samples.
    lengths : torch.Tensor of shape (batch,) or None, default=None
        Number of rows of each sample, if samples differ in size.
    edges : torch.Tensor of shape (2, n_edges) or None, default=None
        Row numbers of the sources and targets of the edges of graphs.
    edge_features : torch.Tensor of shape (n_edges, n_edge_features) or None, default=None
    context : torch.Tensor of shape (context rows, n_context_features) or None, default=None
        The concatenated contexts of all samples, if samples are pairs and ``x`` holds the queries.
    context_lengths : torch.Tensor of shape (batch,) or None, default=None
        Number of rows of each context. If there is no ``context`` beside it, ``x`` holds both: the
        context of each sample before its queries.
    """

    x: torch.Tensor
    lengths: torch.Tensor | None = None
    edges: torch.Tensor | None = None
    edge_features: torch.Tensor | None = None
    context: torch.Tensor | None = None
    context_lengths: torch.Tensor | None = None

    def joined(self) -> Batch:
        """Context and queries of each sample as one sequence.

        Each has columns of its own, which are 0 in the rows of the other; the last column is 1 in
        the rows of queries.
        """
        queries, context, lengths = self.x, self.context, self.context_lengths
        assert context is not None
        assert lengths is not None
        assert self.lengths is not None
        n_queries, n_context = queries.shape[1], context.shape[1]
        total = lengths + self.lengths
        starts = total.cumsum(0) - total
        x = queries.new_zeros(len(context) + len(queries), n_context + n_queries + 1)
        x[row_numbers(starts, lengths), :n_context] = context
        marked = nn.functional.pad(queries, (0, 1), value=1.0)
        x[row_numbers(starts + lengths, self.lengths), n_context:] = marked
        return Batch(x, total, context_lengths=lengths)


class Encoder(nn.Module):
    """Maps a batch to features at positions: the part of a network that has the bias."""

    # Whether all positions of a sample use the same weights.
    shares_weights: ClassVar[bool] = True
    # Whether it reads a context itself, and not context and queries as one sequence.
    reads_context: ClassVar[bool] = False

    @abstractmethod
    def forward(self, batch: Batch) -> Padded | Packed:
        """Features at the positions of each sample."""

    def padded_size(self, sizes: torch.Tensor) -> torch.Tensor | None:
        """Size of samples in a padded batch, in rows; None if the encoder does not pad."""
        return sizes.clamp(min=1)

    def check_sizes(self, sizes: torch.Tensor) -> None:
        """Check the sizes of samples before the forward pass, and warn if necessary."""


class Network(nn.Module):
    """An encoder and a readout, after an embedding if samples are tokens.

    Parameters
    ----------
    encoder : Encoder
    readout : Readout
    embedding : torch.nn.Embedding or None, default=None
        A learned vector for each token; row 0, for tokens that are not in the training data,
        stays 0.

    Attributes
    ----------
    embedding_dropout : float
        Probability of dropping an entry of an embedding in training.
    """

    embedding_dropout = 0.0

    def __init__(
        self, encoder: Encoder, readout: Readout, embedding: nn.Embedding | None = None
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.readout = readout
        self.embedding = embedding

    def forward(
        self,
        x: torch.Tensor,
        lengths: torch.Tensor | None = None,
        edges: torch.Tensor | None = None,
        edge_features: torch.Tensor | None = None,
        context: torch.Tensor | None = None,
        context_lengths: torch.Tensor | None = None,
    ) -> torch.Tensor:  # as in Batch
        """The outputs: (batch, n_outputs), or those of all positions, sample after sample."""
        given = Batch(x, lengths, edges, edge_features, context, context_lengths)
        batch = self.input(given, self.embedding_dropout if self.training else 0.0)
        y: torch.Tensor = self.readout(self.encoder(batch))
        if batch.context_lengths is None or batch.context is not None:
            return y
        return self._of_queries(y, batch)

    def input(self, batch: Batch, dropout: float = 0.0) -> Batch:
        """What the encoder reads: tokens embedded, and pairs joined unless it reads a context.

        Parameters
        ----------
        batch : Batch
        dropout : float, default=0.0
            Probability of dropping an entry of an embedding.
        """
        context = None if batch.context is None else self.embed(batch.context, dropout)
        batch = batch._replace(x=self.embed(batch.x, dropout), context=context)
        joins = context is not None and not self.encoder.reads_context
        return batch.joined() if joins else batch

    def embed(self, x: torch.Tensor, dropout: float = 0.0) -> torch.Tensor:
        """The embeddings of tokens, other rows unchanged."""
        if self.embedding is None or x.is_floating_point():
            return x
        embedded: torch.Tensor = self.embedding(x)
        return nn.functional.dropout(embedded, dropout, dropout > 0)

    def _of_queries(self, y: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Outputs at each position of a joined batch, without those of contexts."""
        if not isinstance(self.readout, EachPosition):
            return y
        assert batch.lengths is not None
        assert batch.context_lengths is not None
        starts = batch.lengths.cumsum(0) - batch.lengths + batch.context_lengths
        return y[row_numbers(starts, batch.lengths - batch.context_lengths)]
