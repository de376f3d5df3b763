"""Readout: from features at many positions to one vector, and on to the outputs.

Pooling by a mean or a maximum forgets where something was seen, flattening
keeps it, the last position is what a recurrence remembers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from ibestimators.dense import DenseLayers


def pool(x: torch.Tensor, how: str) -> torch.Tensor:  # (batch, positions, features)
    """Pool the positions into one vector: (batch, features), or all if flattened."""
    if how == "mean":
        return x.mean(1)
    if how == "sum":
        return x.sum(1)
    if how == "max":
        return x.amax(1)
    if how == "last":
        return x[:, -1]
    if how == "cls":
        return x[:, 0]
    if how == "flatten":
        return x.flatten(1)
    raise ValueError(f"unknown readout {how!r}")


class Readout(nn.Module):
    """Pool the positions, then apply a small dense head.

    Parameters
    ----------
    how : {"mean", "sum", "max", "last", "cls", "flatten"}
        How to pool.
    n_positions, n_features : int
        Shape of the input without the batch.
    head_layer_sizes : sequence of int
        Hidden layers of the head.
    n_outputs : int
    activation : str
    dropout : float
    """

    def __init__(
        self,
        how: str,
        n_positions: int,
        n_features: int,
        head_layer_sizes: Sequence[int],
        n_outputs: int,
        *,
        activation: str,
        dropout: float,
    ) -> None:
        super().__init__()
        self.how = how
        n_inputs = n_features * (n_positions if how == "flatten" else 1)
        self.head = DenseLayers(
            n_inputs, head_layer_sizes, n_outputs, activation=activation, dropout=dropout
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (batch, positions, features)
        y: torch.Tensor = self.head(pool(x, self.how))  # (batch, n_outputs)
        return y
