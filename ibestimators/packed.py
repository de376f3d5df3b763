"""Samples of different sizes, packed: all their rows in one table, one after the other.

A batch is ``x`` of shape (rows, features) and ``lengths`` of shape (batch,). Memory is
as large as the data, whatever the longest sample. What needs a rectangle pads its own
batch, and masks what it padded.
"""

from __future__ import annotations

import torch

from ibestimators.structures import Index


class PackedSamples:
    """Rows of all samples, and how many each has.

    Parameters
    ----------
    rows : torch.Tensor of shape (n_rows, ...)
    lengths : torch.Tensor of shape (n_samples,)
    """

    def __init__(self, rows: torch.Tensor, lengths: torch.Tensor) -> None:
        self.values = rows
        self.sizes = lengths
        self.starts = lengths.cumsum(0) - lengths

    def __len__(self) -> int:
        return len(self.sizes)

    def rows(self, index: Index) -> torch.Tensor:
        """The rows of some samples."""
        return self.values[row_numbers(self.starts[index], self.sizes[index])]

    def batch(self, index: Index) -> dict[str, torch.Tensor]:
        return {"x": self.rows(index), "lengths": self.sizes[index]}

    def take(self, index: torch.Tensor) -> PackedSamples:
        return PackedSamples(self.rows(index), self.sizes[index])


def row_numbers(starts: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """start_0, ..., start_0 + length_0 - 1, start_1, ... of all samples: (sum of lengths,)."""
    ends = lengths.cumsum(0)
    total = int(ends[-1]) if len(ends) else 0
    shift = (starts - (ends - lengths)).repeat_interleave(lengths)
    return shift + torch.arange(total, device=starts.device)


def owners(lengths: torch.Tensor) -> torch.Tensor:
    """The sample that each row belongs to: (sum of lengths,)."""
    return torch.arange(len(lengths), device=lengths.device).repeat_interleave(lengths)


def pad(
    x: torch.Tensor, lengths: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:  # (rows, features), (batch,)
    """A rectangle with zeros where a sample has ended, and the lengths in it.

    A sample without rows becomes one row of zeros. Returns (batch, longest, features) and
    (batch,).
    """
    steps = max(1, int(lengths.max()))
    padded = x.new_zeros(len(lengths), steps, x.shape[-1])
    padded[valid(lengths, (steps,))] = x
    return padded, lengths.clamp(min=1)


def valid(lengths: torch.Tensor, sizes: tuple[int, ...]) -> torch.Tensor:
    """Where a padded sample still is, along each axis alike: (batch, *sizes)."""
    mask = torch.ones((), dtype=torch.bool, device=lengths.device)
    for size in sizes:
        inside = torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)  # (batch, size)
        along = inside if mask.ndim == 0 else inside.view(len(inside), *[1] * (mask.ndim - 1), size)
        mask = along if mask.ndim == 0 else mask.unsqueeze(-1) & along
    return mask


def aggregate(
    rows: torch.Tensor, group: torch.Tensor, n_groups: int, how: str
) -> torch.Tensor:  # (rows, features), (rows,)
    """Sum, mean or maximum of the rows of each group: (n_groups, features).

    A group without rows gets zeros.
    """
    if how == "max":
        # From -inf, not from 0 with include_self=False: a maximum of 0 would share its
        # gradient with the 0 that it replaced.
        lowest = rows.new_full((n_groups, rows.shape[1]), -torch.inf)
        where = group.unsqueeze(1).expand_as(rows)
        highest = lowest.scatter_reduce(0, where, rows, "amax")
        return highest.masked_fill(highest == -torch.inf, 0)
    total = rows.new_zeros(n_groups, rows.shape[1]).index_add(0, group, rows)
    if how == "sum":
        return total
    count = torch.bincount(group, minlength=n_groups).clamp(min=1)
    return total / count.unsqueeze(1)
