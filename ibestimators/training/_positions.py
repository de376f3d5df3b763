"""Labels at the positions of samples, in batches, and their loss."""

from __future__ import annotations

import torch
from torch import nn

from ibestimators.structures import row_numbers, sample_index


class PositionLabels:
    """The labels of some samples, a row for each position, as the loss takes them.

    Parameters
    ----------
    rows : torch.Tensor of shape (n_rows, ...)
        Any values where there is no label.
    weight : torch.Tensor of shape (n_rows,)
        0 where there is no label.
    lengths : torch.Tensor of shape (n_samples,)
        Number of positions of each sample.
    """

    def __init__(self, rows: torch.Tensor, weight: torch.Tensor, lengths: torch.Tensor) -> None:
        self.rows = rows
        self.weight = weight
        self.lengths = lengths
        self.starts = lengths.cumsum(0) - lengths

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: slice | torch.Tensor) -> PositionLabels:
        lengths = self.lengths[index]
        rows = row_numbers(self.starts[index], lengths)
        return PositionLabels(self.rows[rows], self.weight[rows], lengths)

    def to(self, device: torch.device | str) -> PositionLabels:
        """The labels on a device."""
        on_device = (each.to(device) for each in (self.rows, self.weight, self.lengths))
        return PositionLabels(*on_device)

    def only(self, rows: torch.Tensor) -> PositionLabels:  # (n,)
        """The same labels, of which only those of some rows have a weight."""
        weight = torch.zeros_like(self.weight)
        weight[rows] = self.weight[rows]
        return PositionLabels(self.rows, weight, self.lengths)

    @property
    def n_labels(self) -> int:
        """Number of labels that have a weight."""
        return int((self.weight > 0).sum())

    @property
    def sample(self) -> torch.Tensor:
        """The sample of each row."""
        return sample_index(self.lengths)

    def total_weight(self) -> torch.Tensor:
        """The sum of the weights of each sample: (n_samples,)."""
        return self.sums(self.weight)

    def sums(self, values: torch.Tensor) -> torch.Tensor:  # (n_rows,)
        """The sum of the values of each sample: (n_samples,)."""
        return values.new_zeros(len(self)).index_add(0, self.sample, values)


class PositionLoss(nn.Module):
    """Weighted sum of the losses at the positions of each sample.

    The weights are such that the mean over samples is the mean over labels.

    Parameters
    ----------
    of_rows : torch.nn.Module
        Maps outputs and labels to one loss a row.
    """

    def __init__(self, of_rows: nn.Module) -> None:
        super().__init__()
        self.of_rows = of_rows

    def forward(
        self, outputs: torch.Tensor, labels: PositionLabels
    ) -> torch.Tensor:  # (n_rows, n_outputs), n_rows
        loss: torch.Tensor = self.of_rows(outputs, labels.rows)  # (n_rows,)
        return labels.sums(loss * labels.weight)  # (batch,)
