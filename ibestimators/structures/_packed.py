"""Packed samples of different sizes: the concatenated rows of all samples in one table.

A batch is ``x`` of shape (rows, features) and ``lengths`` of shape (batch,). Memory grows
with the data and not with the longest sample. A network that needs samples of one size pads each
batch and masks the padding.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import nn
from torch.autograd.function import once_differentiable

from ibestimators.structures._kinds import Index


class PackedSamples:
    """The rows of all samples, and the number of rows of each sample.

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


def sample_index(lengths: torch.Tensor) -> torch.Tensor:
    """The sample that each row belongs to: (sum of lengths,)."""
    return torch.arange(len(lengths), device=lengths.device).repeat_interleave(lengths)


def pad(
    x: torch.Tensor, lengths: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:  # (rows, features), (batch,)
    """Pad samples with zeros to the longest one; returns the padded batch and the lengths.

    A sample without rows becomes one row of zeros. Returns (batch, longest, features) and
    (batch,).
    """
    steps = max(1, int(lengths.max()))
    padded = x.new_zeros(len(lengths), steps, x.shape[-1])
    padded[padding_mask(lengths, (steps,))] = x
    return padded, lengths.clamp(min=1)


def padding_mask(lengths: torch.Tensor, sizes: tuple[int, ...]) -> torch.Tensor:
    """True at unpadded positions, with the same length along each axis: (batch, *sizes)."""
    mask = torch.ones((), dtype=torch.bool, device=lengths.device)
    for size in sizes:
        inside = torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)  # (batch, size)
        along = inside if mask.ndim == 0 else inside.view(len(inside), *[1] * (mask.ndim - 1), size)
        mask = along if mask.ndim == 0 else mask.unsqueeze(-1) & along
    return mask


_DOTS_AT_ONCE = 1 << 16  # pairs whose rows are written out


class Pairs:
    """Pairs (source, target) of rows, and sums over the sources of each target.

    The gradient is the sum over the targets of each source. Both sort orders are computed once
    and reused for all sums over the same pairs. On a CPU, no sum or product writes the rows of
    all pairs out.

    Parameters
    ----------
    source, target : torch.Tensor of shape (n_pairs,)
    n_sources, n_targets : int
    """

    def __init__(
        self, source: torch.Tensor, target: torch.Tensor, n_sources: int, n_targets: int
    ) -> None:
        self.source = source
        self.target = target
        self.n_sources = n_sources
        self.n_targets = n_targets

    def sum(self, x: torch.Tensor) -> torch.Tensor:  # (n_sources, features)
        """The sum over the sources of each target: (n_targets, features)."""
        if self._writes_rows_out(x):
            total = x.new_zeros(self.n_targets, x.shape[1])
            return total.index_add(0, self.target, x.index_select(0, self.source))
        y: torch.Tensor = _SumAlong.apply(x, self)  # type: ignore[no-untyped-call]
        return y

    def weighted_sum(
        self, weight: torch.Tensor, x: torch.Tensor
    ) -> torch.Tensor:  # (n_pairs,), (n_sources, features)
        """The sum over the sources of each target, with a weight a pair: (n_targets, features)."""
        if self._writes_rows_out(x):
            total = x.new_zeros(self.n_targets, x.shape[1])
            rows = weight.unsqueeze(1) * x.index_select(0, self.source)
            return total.index_add(0, self.target, rows)
        y: torch.Tensor = _WeightedSum.apply(weight, x, self)  # type: ignore[no-untyped-call]
        return y

    def dot(
        self, x: torch.Tensor, y: torch.Tensor
    ) -> torch.Tensor:  # (n_targets, features), (n_sources, features)
        """The product of the row of x and the row of y of each pair: (n_pairs,)."""
        if self._writes_rows_out(x):
            return (x.index_select(0, self.target) * y.index_select(0, self.source)).sum(1)
        products: torch.Tensor = _Dot.apply(x, y, self)  # type: ignore[no-untyped-call]
        return products

    def _writes_rows_out(self, x: torch.Tensor) -> bool:
        """Whether plain operations are used; embedding bags are faster on CPUs only."""
        plain = x.is_cuda or torch.compiler.is_compiling()
        return plain or not x.shape[1] or not self.source.shape[0]

    @cached_property
    def transposed(self) -> Pairs:
        """The pairs with sources and targets exchanged."""
        source, starts = self.sorted
        other = Pairs(self.target, self.source, self.n_targets, self.n_sources)
        # Conversion from rows to columns needs no comparisons and is four times as fast as a sort.
        order = np.arange(len(source)) if self.order is None else self.order.numpy()
        by_target = sparse.csr_array(
            (order, source.numpy(), starts.numpy()), shape=(self.n_targets, self.n_sources)
        )
        by_source = by_target.tocsc()
        other.sorted = torch.from_numpy(by_source.indices), torch.from_numpy(by_source.indptr)
        other.order = torch.from_numpy(by_source.data)
        return other

    @cached_property
    def degrees(self) -> torch.Tensor:
        """Number of sources of each target, 1 if it has none: (n_targets,)."""
        return _counts(self.target, self.n_targets).clamp(min=1)

    @cached_property
    def sorted(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Sources in the order of their targets, and the first index of each target."""
        source = self.source if self.order is None else self.source[self.order]
        ends = torch.bincount(self.target, minlength=self.n_targets).cumsum(0)
        return source, nn.functional.pad(ends, (1, 0))

    @cached_property
    def order(self) -> torch.Tensor | None:
        """The pairs in the order of their targets: (n_pairs,); None if they are in it."""
        target = self.target
        return target.argsort(stable=True) if bool((target[1:] < target[:-1]).any()) else None

    def bags(
        self, x: torch.Tensor, weight: torch.Tensor | None = None
    ) -> torch.Tensor:  # (n_sources, features), (n_pairs,)
        """The sums, without a gradient: (n_targets, features)."""
        source, starts = self.sorted
        if weight is not None and self.order is not None:
            weight = weight[self.order]
        return nn.functional.embedding_bag(
            source,
            x.contiguous(),
            starts,
            mode="sum",
            include_last_offset=True,
            per_sample_weights=weight,
        )

    def dots(
        self, x: torch.Tensor, y: torch.Tensor
    ) -> torch.Tensor:  # (n_targets, features), (n_sources, features)
        """The products, without a gradient: (n_pairs,)."""
        products = x.new_empty(len(self.source))
        for part, source, target in zip(
            *(each.split(_DOTS_AT_ONCE) for each in (products, self.source, self.target)),
            strict=True,
        ):
            torch.sum(x[target] * y[source], 1, out=part)
        return products


def _memberships(group: torch.Tensor, n_groups: int) -> Pairs:
    """Pairs of each row and its group; the transposed pairs are already sorted."""
    number = torch.arange(group.shape[0] + 1, device=group.device)
    pairs = Pairs(number[:-1], group, group.shape[0], n_groups)
    pairs.transposed = Pairs(group, number[:-1], n_groups, group.shape[0])
    pairs.transposed.sorted = group, number
    return pairs


class _SumAlong(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, pairs: Pairs) -> torch.Tensor:
        ctx.pairs = pairs
        return pairs.bags(x)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:  # type: ignore[override]
        return ctx.pairs.transposed.sum(gradient), None


class _WeightedSum(torch.autograd.Function):
    """Sums of weighted rows; the gradient of a weight is a product of two rows."""

    @staticmethod
    def forward(ctx: Any, weight: torch.Tensor, x: torch.Tensor, pairs: Pairs) -> torch.Tensor:
        ctx.save_for_backward(weight, x)
        ctx.pairs = pairs
        return pairs.bags(x, weight)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        weight, x = ctx.saved_tensors
        of_weight = ctx.pairs.dots(gradient, x)
        return of_weight, ctx.pairs.transposed.bags(gradient, weight), None


class _Dot(torch.autograd.Function):
    """Products of two rows; the gradient of a row is a sum of weighted rows."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, y: torch.Tensor, pairs: Pairs) -> torch.Tensor:
        ctx.save_for_backward(x, y)
        ctx.pairs = pairs
        return pairs.dots(x, y)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        x, y = ctx.saved_tensors
        gradient = gradient.contiguous()
        return ctx.pairs.bags(y, gradient), ctx.pairs.transposed.bags(x, gradient), None


def aggregate(
    rows: torch.Tensor, group: torch.Tensor, n_groups: int, how: str
) -> torch.Tensor:  # (rows, features), (rows,)
    """Sum, mean or maximum of the rows of each group: (n_groups, features).

    A group without rows gets zeros.
    """
    if how == "max":
        # Starts from -inf, not from 0 with include_self=False: with 0, a maximum of 0 would
        # share its gradient with the initial value.
        lowest = rows.new_full((n_groups, rows.shape[1]), -torch.inf)
        where = group.unsqueeze(1).expand_as(rows)
        highest = lowest.scatter_reduce(0, where, rows, "amax")
        return highest.masked_fill(highest == -torch.inf, 0)
    total = _memberships(group, n_groups).sum(rows)
    if how == "sum":
        return total
    return total / _counts(group, n_groups).clamp(min=1).unsqueeze(1)


def _counts(group: torch.Tensor, n_groups: int) -> torch.Tensor:
    """Number of rows of each group: (n_groups,). ONNX has no `bincount` of a fixed length."""
    return group.new_zeros(n_groups).scatter_add(0, group, torch.ones_like(group))
