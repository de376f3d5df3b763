"""Dense layers: linear maps with nonlinearities between them, without an inductive bias.

They are all that the baseline learns, and the head of every other network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from ibestimators.layers._normalization import BatchNorm, normalization_layer

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
}


class DenseLayers(nn.Module):
    """``x -> W_k a(... a(W_1 x + b_1) ...) + b_k``, on the last axis of x.

    Parameters
    ----------
    n_inputs : int
        Size of the last axis of the input.
    hidden_sizes : sequence of int
        Sizes of the hidden layers; empty for one linear map.
    n_outputs : int
        Size of the last axis of the output.
    activation : str
        A key of `ACTIVATIONS`.
    dropout : float
        Probability of dropping a hidden unit in training.
    normalization : {"batch", "layer"} or None
        Normalisation of the hidden units before the activation.
    """

    def __init__(
        self,
        n_inputs: int,
        hidden_sizes: Sequence[int],
        n_outputs: int,
        *,
        activation: str,
        dropout: float = 0.0,
        normalization: str | None = None,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for size in hidden_sizes:
            layers.append(nn.Linear(n_inputs, size))
            if normalization is not None:
                layers.append(normalization_layer(normalization, size))
            layers.append(ACTIVATIONS[activation]())
            if dropout:
                layers.append(nn.Dropout(dropout))
            n_inputs = size
        layers.append(nn.Linear(n_inputs, n_outputs))
        self.layers = nn.Sequential(*layers)

    def forward(
        self, x: torch.Tensor, sample: torch.Tensor | None = None
    ) -> torch.Tensor:  # (..., n_inputs), (rows,)
        """The outputs, (..., n_outputs); `sample` is that of each row, None if row i is i."""
        if sample is None:
            y: torch.Tensor = self.layers(x)
            return y
        for layer in self.layers:
            x = layer(x, sample) if isinstance(layer, BatchNorm) else layer(x)
        return x
