"""Embedding of the columns of a table: a vector for each number, by a map of its own column."""

from __future__ import annotations

import math
from collections.abc import Callable

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
        x, angle = self.angles(x)
        return self.mapped(torch.cat([x, angle.cos()], 2))

    def angles(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:  # (batch, columns, 1)
        """The compressed numbers, and the angle of each cosine: (batch, columns, frequencies)."""
        x = x.clamp(-_FARTHEST, _FARTHEST)  # its square has to be finite
        x = x * (1 + (x / _FAR).square()).rsqrt()
        return x, torch.addcmul(self.phase, x, 2 * math.pi * self.frequency)

    def mapped(self, features: torch.Tensor) -> torch.Tensor:  # (batch, columns, 1 + frequencies)
        """The map of each column: (batch, columns, size)."""
        return torch.bmm(features.transpose(0, 1), self.weight).transpose(0, 1) + self.bias

    def with_gradients(
        self, x: torch.Tensor
    ) -> tuple[torch.Tensor, Callable[[torch.Tensor], dict[nn.Parameter, torch.Tensor]]]:
        """The output for x, and a function that maps its gradient to those of the weights."""
        x, angle = self.angles(x)
        features = torch.cat([x, angle.cos()], 2)  # (batch, columns, 1 + frequencies)

        def gradients(output: torch.Tensor) -> dict[nn.Parameter, torch.Tensor]:
            by_column = output.transpose(0, 1)  # (columns, batch, size)
            of_cosine = torch.bmm(by_column, self.weight[:, 1:].transpose(1, 2)).transpose(0, 1)
            of_angle = -angle.sin() * of_cosine  # (batch, columns, frequencies)
            return {
                self.weight: torch.bmm(features.permute(1, 2, 0), by_column),
                self.bias: output.sum(0),
                self.phase: of_angle.sum(0),
                self.frequency: 2 * math.pi * (x * of_angle).sum(0),
            }

        return self.mapped(features), gradients
