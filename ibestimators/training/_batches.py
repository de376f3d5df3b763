"""Batches: selected by index, of all samples or of samples of similar length."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch

from ibestimators.structures import Index, Samples


class LabelledSamples:
    """Samples with their targets and, if they differ, their weights.

    Parameters
    ----------
    samples : Samples
    target : torch.Tensor of shape (n_samples, ...), or PositionLabels
    weight : torch.Tensor of shape (n_samples,) or None, default=None
    padded_sizes : torch.Tensor of shape (n_samples,) or None, default=None
        Size of each sample in a padded batch; None if samples are not padded.
    """

    def __init__(
        self,
        samples: Samples,
        target: Any,
        weight: torch.Tensor | None = None,
        padded_sizes: torch.Tensor | None = None,
    ) -> None:
        self.samples = samples
        self.target = target
        self.weight = weight
        self.padded_sizes = padded_sizes

    def __len__(self) -> int:
        return len(self.samples)


class Batches:
    """Batches selected by index, shuffled in each epoch if there is a generator."""

    def __init__(
        self,
        data: LabelledSamples,
        batch_size: int,
        generator: torch.Generator | None,
        blur: float = 1.5,
    ) -> None:
        self.data = data
        self.batch_size = batch_size
        self.generator = generator
        self.blur = blur

    def __iter__(self) -> Iterator[tuple[dict[str, torch.Tensor], tuple[Any, Any]]]:
        data = self.data
        for index in self.indices():
            weight = None if data.weight is None else data.weight[index]
            yield data.samples.batch(index), (data.target[index], weight)

    def indices(self) -> Iterator[Index]:
        data, n = self.data, len(self.data)
        if data.padded_sizes is not None:
            yield from length_bucketed_batches(
                data.padded_sizes, self.batch_size, self.generator, blur=self.blur
            )
            return
        # A single batch of all samples does not need shuffling.
        shuffle = self.generator is not None and self.batch_size < n
        order = torch.randperm(n, generator=self.generator) if shuffle else None
        for start, stop in even_cuts(n, self.batch_size):
            yield slice(start, stop) if order is None else order[start:stop]


def even_cuts(n: int, batch_size: int) -> Iterator[tuple[int, int]]:
    """Bounds of batches whose sizes differ by at most one; a small last batch would add noise."""
    n_batches = math.ceil(n / batch_size)
    return pairwise(round(n * i / n_batches) for i in range(n_batches + 1))


def length_bucketed_batches(
    sizes: torch.Tensor,
    batch_size: int,
    generator: torch.Generator | None = None,
    max_size: float | None = None,
    blur: float = 1.5,
) -> Iterator[torch.Tensor]:
    """Batches of samples of similar size, which need little padding.

    With a generator, the sizes are blurred so that the batches differ between epochs, and the
    order of the batches is random.

    Parameters
    ----------
    sizes : torch.Tensor of shape (n_samples,)
        Size of each sample in a padded batch.
    batch_size : int
    generator : torch.Generator or None
    max_size : float or None
        Maximum size of a batch after padding; larger batches are split in two. None uses four
        times the size of a mean batch.
    blur : float
        Largest factor by which a size is blurred; inf gives random batches.
    """
    if max_size is None:
        max_size = 4 * batch_size * float(sizes.double().mean())
    key = sizes.double().log()
    if generator is not None:
        noise = torch.rand(len(sizes), generator=generator, dtype=torch.float64)
        key = noise if math.isinf(blur) else key + math.log(blur) * noise
    order = key.argsort(stable=True)
    batches = [
        part
        for start, stop in even_cuts(len(sizes), batch_size)
        for part in _split_to_fit(order[start:stop], sizes, max_size)
    ]
    if generator is None:
        return iter(batches)
    places = torch.randperm(len(batches), generator=generator)
    return (batches[int(place)] for place in places)


def _split_to_fit(index: torch.Tensor, sizes: torch.Tensor, max_size: float) -> list[torch.Tensor]:
    """Split an index in halves until each part is within `max_size` after padding."""
    if len(index) == 1 or len(index) * int(sizes[index].max()) <= max_size:
        return [index]
    index = index[sizes[index].argsort(stable=True)]
    half = len(index) // 2
    return [
        *_split_to_fit(index[:half], sizes, max_size),
        *_split_to_fit(index[half:], sizes, max_size),
    ]
