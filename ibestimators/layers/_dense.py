"""Dense layers: linear maps with a nonlinearity between, nothing assumed.

They are the whole of the baseline, and the small head that ends every other
network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

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
                layers.append(normalization_layer(normalization, size))
            layers.append(ACTIVATIONS[activation]())
            if dropout:
                layers.append(nn.Dropout(dropout))
            n_inputs = size
        layers.append(nn.Linear(n_inputs, n_outputs))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (..., n_inputs)
        y: torch.Tensor = self.layers(x)  # (..., n_outputs)
        return y


class BatchNorm(nn.Module):
    """Batch normalisation of features, heeding the weights of the samples.

    Each feature is brought to mean 0 and variance 1 over the samples and positions
    of a batch, then scaled and shifted as learned; predictions use moving averages
    (Ioffe & Szegedy 2015). In weighted means a sample of weight 0 might as well be
    absent, and one of weight 2 stand there twice. (torch's moving variance is
    the unbiased one, which knows no such weights; here it is the biased one.)

    Parameters
    ----------
    n_features : int
        Size of axis 1 of the input, as in torch.
    """

    mean: torch.Tensor
    variance: torch.Tensor

    momentum = 0.1

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_features))
        self.bias = nn.Parameter(torch.zeros(n_features))
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("variance", torch.ones(n_features))
        self.sample_weight: torch.Tensor | None = None

    def forward(
        self, x: torch.Tensor, sample: torch.Tensor | None = None
    ) -> torch.Tensor:  # (rows, n_features, *positions)
        """Normalise; `sample` is the sample that each row is of, if not row i of sample i."""
        n_values = x.numel() // x.shape[1]
        if not self.training or n_values == 1:
            return self.normalized(x, self.mean, self.variance)
        if self.sample_weight is None:
            mean, variance = torch.zeros_like(self.mean), torch.zeros_like(self.variance)
            y = nn.functional.batch_norm(
                x, mean, variance, self.weight, self.bias, training=True, momentum=1.0
            )  # fills mean and variance
            variance = variance * ((n_values - 1) / n_values)
        else:
            weight = self.sample_weight if sample is None else self.sample_weight[sample]
            mean, variance = self.weighted_moments(x, weight)
            y = self.normalized(x, mean, variance)
        self.mean.mul_(1 - self.momentum).add_(mean.detach(), alpha=self.momentum)
        self.variance.mul_(1 - self.momentum).add_(variance.detach(), alpha=self.momentum)
        return y

    def normalized(
        self, x: torch.Tensor, mean: torch.Tensor, variance: torch.Tensor
    ) -> torch.Tensor:
        scale = self.weight * (variance + 1e-5).rsqrt()
        shape = (-1, *[1] * (x.ndim - 2))
        return x * scale.view(shape) + (self.bias - mean * scale).view(shape)

    @staticmethod
    def weighted_moments(
        x: torch.Tensor, row_weight: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and variance of each feature: (n_features,) twice."""
        # (rows, features, positions)
        per_position = x.flatten(2) if x.ndim > 2 else x.unsqueeze(2)
        total = row_weight.sum() * per_position.shape[2]
        mean = torch.einsum("b,bfp->f", row_weight, per_position) / total
        centred = per_position - mean.unsqueeze(1)
        return mean, torch.einsum("b,bfp->f", row_weight, centred.square()) / total


@contextmanager
def weighing(module: nn.Module, sample_weight: torch.Tensor | None) -> Iterator[None]:
    """Let all `BatchNorm` of a network heed the weights of a batch, inside."""
    if sample_weight is None:
        yield
        return
    layers = [m for m in module.modules() if isinstance(m, BatchNorm)]
    for layer in layers:
        layer.sample_weight = sample_weight
    try:
        yield
    finally:
        for layer in layers:
            layer.sample_weight = None


def normalization_layer(kind: str, n_features: int) -> nn.Module:
    """Batch or layer normalisation of features that stand on axis 1.

    Layer normalisation (Ba et al. 2016) looks at one position of one sample alone.
    """
    return BatchNorm(n_features) if kind == "batch" else _LayerNorm(n_features)


class _LayerNorm(nn.LayerNorm):
    def forward(
        self, x: torch.Tensor, sample: torch.Tensor | None = None
    ) -> torch.Tensor:  # (rows, n_features, *positions)
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
