"""Dense layers: linear maps with a nonlinearity between, nothing assumed.

They are the whole of the baseline, and the small head that ends every other
network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

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
        Normalisation of hidden units before their activation.
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
                layers.append(Normalization(normalization, size))
            layers.append(ACTIVATIONS[activation]())
            if dropout:
                layers.append(nn.Dropout(dropout))
            n_inputs = size
        layers.append(nn.Linear(n_inputs, n_outputs))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (..., n_inputs)
        y: torch.Tensor = self.layers(x)  # (..., n_outputs)
        return y


class Normalization(nn.Module):
    """Layer or batch normalisation of the features, the last axis.

    Layer normalisation (Ba et al. 2016) looks at one sample and position alone,
    so a prediction never depends on the other samples; batch normalisation
    (Ioffe & Szegedy 2015) takes mean and variance over samples and positions.
    """

    def __init__(self, kind: str, n_features: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(n_features) if kind == "layer" else nn.BatchNorm1d(n_features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (..., n_features)
        if isinstance(self.norm, nn.LayerNorm):
            y: torch.Tensor = self.norm(x)
            return y
        rows = x.reshape(-1, x.shape[-1])  # (samples x positions, n_features)
        y = self.norm(rows).reshape(x.shape)  # (..., n_features)
        return y
