"""Patches: neighbouring positions, read together."""

from __future__ import annotations

import torch
from torch import nn


def patches(
    x: torch.Tensor, size: int, stride: int | None = None
) -> torch.Tensor:  # (batch, *sizes, features)
    """Patches of equal sides, `stride` apart along each axis (None: `size`, side by side).

    There is a patch for each `stride` positions of an axis, centred on them, with zeros beyond
    the ends. (batch, patches, size x ... x size x features).
    """
    n_axes, stride = x.ndim - 2, stride or size
    before = (size - stride) // 2
    room = [0, 0]  # on both sides of each axis, the last first
    for length in reversed(x.shape[1:-1]):
        room += [before, -length % stride + size - stride - before]
    x = nn.functional.pad(x, room)
    for axis in range(1, n_axes + 1):
        x = x.unfold(axis, size, stride)  # (batch, patches, ..., features, size, ...)
    return x.movedim(n_axes + 1, -1).flatten(1, n_axes).flatten(2)
