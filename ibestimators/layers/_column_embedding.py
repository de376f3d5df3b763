"""Embedding of the columns of a table: a vector for each number, by a map of its own column."""

from __future__ import annotations

import math

import torch
from torch import nn

from ibestimators.structures import Layout

_N_FREQUENCIES = 8
_FREQUENCY = 0.3  # standard deviation of the first frequencies, in periods a standard deviation
_FAR = 3.0  # standard deviations
_FARTHEST = 1e6

MAX_COLUMNS = 128


def has_few_columns(layout: Layout) -> bool:
    """Whether samples are rows of a table whose columns are worth several features each."""
    return layout.is_table and layout.axes[0] <= MAX_COLUMNS


class ColumnEmbedding(nn.Module):
    """A vector for each column of a row of a table.

    ``e_j = W_j [x_j, cos(2 pi c_j x_j + b_j)] + d_j`` with learned frequencies c_j: near values
    of a column can get different embeddings, which a linear map cannot give them (Gorishniy,
    Rubachev & Babenko 2022, section 3.3; with a phase in place of the sine, as in Holzmueller,
    Grinsztajn & Steinwart 2024). Without frequencies, the map is linear, as in FT-Transformer
    (Gorishniy et al. 2021). Values far from the mean are compressed to three standard deviations,
    ``x / sqrt(1 + (x / 3)^2)``, so that an outlier does not decide.

    Parameters
    ----------
    n_columns, size : int
    periodic : bool
        Whether the embedding has frequencies.
    """

    def __init__(self, n_columns: int, size: int, periodic: bool) -> None:
        super().__init__()
        n_frequencies = _N_FREQUENCIES if periodic else 0
        bound = 1 / math.sqrt(1 + n_frequencies)
        self.frequency = nn.Parameter(_FREQUENCY * torch.randn(n_columns, n_frequencies))
        self.phase = nn.Parameter(math.pi * (2 * torch.rand(n_columns, n_frequencies) - 1))
        weight = torch.empty(n_columns, 1 + n_frequencies, size)
        self.weight = nn.Parameter(weight.uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(n_columns, size).uniform_(-bound, bound))

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (batch, columns, 1)
        x = x.clamp(-_FARTHEST, _FARTHEST)  # its square has to be finite
        x = x * (1 + (x / _FAR).square()).rsqrt()
        waves = torch.cos(2 * math.pi * self.frequency * x + self.phase)
        features = torch.cat([x, waves], 2)  # (batch, columns, 1 + frequencies)
        # (batch, columns, size)
        return torch.einsum("bcf,cfs->bcs", features, self.weight) + self.bias
