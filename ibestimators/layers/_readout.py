"""Readout: from features at many positions to one vector, and on to the outputs.

Pooling by a mean or a maximum forgets where something was seen, flattening
keeps it, the last position is what a recurrence remembers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from ibestimators.layers._dense import DenseLayers


def pool(
    x: torch.Tensor, how: str, mask: torch.Tensor | None = None
) -> torch.Tensor:  # (batch, positions, features), (batch, positions)
    """Pool the positions into one vector: (batch, features), or all if flattened.

    A mask is true at the positions of a padded sample that count, one at least; they come
    first.
    """
    if how == "cls":
        return x[:, 0]
    if how == "flatten":
        return x.flatten(1)
    if how == "last":
        if mask is None:
            return x[:, -1]
        return x[torch.arange(len(x), device=x.device), mask.sum(1) - 1]
    if how == "max":
        return (x if mask is None else x.masked_fill(~mask.unsqueeze(2), -torch.inf)).amax(1)
    if mask is None:
        return x.mean(1) if how == "mean" else x.sum(1)
    total = x.masked_fill(~mask.unsqueeze(2), 0).sum(1)
    return total / mask.sum(1, keepdim=True) if how == "mean" else total


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

    def forward(
        self, x: torch.Tensor, mask: torch.Tensor | None = None
    ) -> torch.Tensor:  # (batch, positions, features), (batch, positions)
        y: torch.Tensor = self.head(pool(x, self.how, mask))  # (batch, n_outputs)
        return y
