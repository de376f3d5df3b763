"""Readout: pool the features of all positions into one vector, and map it to the outputs.

For an output at each position, the features are not pooled: see `EachPosition`.

A mean, a sum or a maximum discards the positions of features, and flattening keeps them. The last
position of a recurrence depends on all others.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from ibestimators.layers._dense import DenseLayers
from ibestimators.structures import aggregate


class Padded(NamedTuple):
    """Features at the positions of samples, padded to one size.

    ``features`` has shape (batch, positions, n_features). ``mask``, of shape (batch, positions),
    is true at unpadded positions, which come first; each sample has at least one. It is None if
    no position is padding.
    """

    features: torch.Tensor
    mask: torch.Tensor | None = None


class Packed(NamedTuple):
    """Features at the positions of all samples, concatenated.

    ``features`` has shape (rows, n_features), ``sample``, of shape (rows,), is the sample of each
    row, and ``n_samples`` is the size of the batch.
    """

    features: torch.Tensor
    sample: torch.Tensor
    n_samples: int


class Readout(nn.Module):
    """Pool the positions into one vector, then apply a small dense head.

    Parameters
    ----------
    how : {"mean", "sum", "max", "flatten", "first", "last", "ends"} or tuple of these
        How to pool; several vectors are concatenated. Packed features support "mean", "sum" and
        "max". "ends" is for features of a bidirectional recurrence: the last position of the
        forward half and the first position of the backward half, both of which depend on all
        positions.
    head : DenseLayers
        Maps the pooled vector to the outputs.
    """

    def __init__(self, how: str | tuple[str, ...], head: DenseLayers) -> None:
        super().__init__()
        self.how = (how,) if isinstance(how, str) else how
        self.head = head

    def forward(self, encoded: Padded | Packed) -> torch.Tensor:
        y: torch.Tensor = self.head(self.pool(encoded))  # (batch, n_outputs)
        return y

    def pool(self, encoded: Padded | Packed) -> torch.Tensor:
        """One vector for each sample: (batch, n_features), or all features if flattened."""
        vectors = [_pool(encoded, how) for how in self.how]
        return vectors[0] if len(vectors) == 1 else torch.cat(vectors, 1)


class EachPosition(Readout):
    """Apply the head at each position of each sample, without pooling.

    Parameters
    ----------
    head : DenseLayers
        Maps the features of a position to the outputs.
    """

    def __init__(self, head: DenseLayers) -> None:
        super().__init__((), head)

    def forward(self, encoded: Padded | Packed) -> torch.Tensor:
        """The outputs at all positions but padding, sample after sample: (rows, n_outputs)."""
        if isinstance(encoded, Packed):
            rows, sample = encoded.features, encoded.sample
        else:
            x, mask = encoded
            mask = x.new_ones(x.shape[:2], dtype=torch.bool) if mask is None else mask
            rows, sample = x[mask], mask.nonzero()[:, 0]
        y: torch.Tensor = self.head(rows, sample)
        return y


def _pool(encoded: Padded | Packed, how: str) -> torch.Tensor:
    """One vector for each sample: (batch, n_features), or all features if flattened."""
    if isinstance(encoded, Packed):
        return aggregate(encoded.features, encoded.sample, encoded.n_samples, how)
    x, mask = encoded
    if how == "first":
        return x[:, 0]
    if how == "last":
        return _last(x, mask)
    if how == "ends":
        forwards, backwards = x.chunk(2, -1)
        return torch.cat([_last(forwards, mask), backwards[:, 0]], 1)
    if how == "flatten":
        return x.flatten(1)
    if how == "max":
        return (x if mask is None else x.masked_fill(~mask.unsqueeze(2), -torch.inf)).amax(1)
    if mask is None:
        return x.mean(1) if how == "mean" else x.sum(1)
    total = x.masked_fill(~mask.unsqueeze(2), 0).sum(1)
    return total / mask.sum(1, keepdim=True) if how == "mean" else total


def _last(x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """The features at the last unpadded position: (batch, n_features)."""
    if mask is None:
        return x[:, -1]
    return x[torch.arange(len(x), device=x.device), mask.sum(1) - 1]
