"""Normalisation of hidden features, over a batch or at each position."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class BatchNorm(nn.Module):
    """Batch normalisation of features, with sample weights.

    Each feature is normalised to mean 0 and variance 1 over the samples and positions
    of a batch, then scaled and shifted by learned parameters; predictions use moving
    averages (Ioffe & Szegedy 2015). The moments are weighted: a sample of weight 0 has
    no effect, and a sample of weight 2 counts twice. (The moving variance is the biased
    variance, since torch's unbiased variance has no weighted form.)

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
        """Normalise; `sample` is the sample of each row, None if row i is sample i."""
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
def weighted_normalization(module: nn.Module, sample_weight: torch.Tensor | None) -> Iterator[None]:
    """Let every `BatchNorm` of a network use the weights of a batch inside the context."""
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


def normalization_layer(name: str, n_features: int) -> nn.Module:
    """Batch or layer normalisation of features on axis 1.

    Layer normalisation (Ba et al. 2016) normalises each position of each sample separately.
    """
    return BatchNorm(n_features) if name == "batch" else _LayerNorm(n_features)


class _LayerNorm(nn.LayerNorm):
    def forward(
        self, x: torch.Tensor, sample: torch.Tensor | None = None
    ) -> torch.Tensor:  # (rows, n_features, *positions)
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
