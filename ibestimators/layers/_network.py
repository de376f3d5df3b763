"""The network of every estimator: an encoder with the inductive bias, and a readout."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, NamedTuple

import torch
from torch import nn

from ibestimators.layers._readout import Packed, Padded, Readout


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
    """

    x: torch.Tensor
    lengths: torch.Tensor | None = None
    edges: torch.Tensor | None = None
    edge_features: torch.Tensor | None = None


class Encoder(nn.Module):
    """Maps a batch to features at positions: the part of a network that has the bias."""

    # Whether all positions of a sample use the same weights.
    shares_weights: ClassVar[bool] = True

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
    ) -> torch.Tensor:  # as in Batch
        x = self.embed(x)
        if self.embedding is not None:
            x = nn.functional.dropout(x, self.embedding_dropout, self.training)
        encoded = self.encoder(Batch(x, lengths, edges, edge_features))
        y: torch.Tensor = self.readout(encoded)  # (batch, n_outputs)
        return y

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """Input of the encoder: the embeddings of tokens, other samples unchanged."""
        if self.embedding is None:
            return x
        embedded: torch.Tensor = self.embedding(x)
        return embedded
