"""Arrays and their answers, as the search for symmetries takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ibestimators.symmetries._gaussian_process import (
    LENGTH_SCALES,
    Array,
    GaussianProcess,
    best_process,
    mean_kernel,
    median_distance,
)
from ibestimators.symmetries._groups import ANY_ORDER, NONE, Symmetry, symmetries_of
from ibestimators.symmetries._samples import Scale, axes_of


@dataclass(frozen=True)
class ArrayProblem:
    r"""Arrays of one shape. Their kernel is that of distances between samples.

    Attributes
    ----------
    X : ndarray of shape (n_samples, ...)
        As it was given.
    Z : ndarray of shape (n_samples, \*axes, features)
        Standardised.
    Y : ndarray of shape (n_samples, n_outputs)
        With mean 0 and deviation 1; classes are columns.
    changes : sequence of Symmetry
    scales : tuple of float
        Squares of length scales: the best without a symmetry, and the next smaller one. Averages
        over changes are wider than the kernel itself.
    plain : GaussianProcess
        Without a symmetry.
    """

    X: NDArray[Any]
    Z: Array
    Y: Array
    changes: Sequence[Symmetry]
    scales: tuple[float, float]
    plain: GaussianProcess

    any_order = ANY_ORDER
    plain_sees_order = False  # one order of the positions for all samples keeps all distances

    @classmethod
    def of(cls, X: NDArray[Any], Y: Array, random: np.random.RandomState) -> Self:
        """The problem of checked samples."""
        Z = Scale.of(X).scaled(X).astype(np.float32)
        distance = median_distance(Z.reshape(len(Z), -1))
        scales = [distance * length**2 for length in LENGTH_SCALES]
        processes = [best_process(mean_kernel(NONE.pairs(Z), scale), Y) for scale in scales]
        best = int(np.argmax([process.evidence for process in processes]))
        pair = max(0, best - 1), best
        plain = max((processes[i] for i in pair), key=lambda process: process.evidence)
        changes = symmetries_of(axes_of(X), Z.shape[-1], random)
        return cls(X, Z, Y, changes, (scales[best], scales[max(0, best - 1)]), plain)

    def process(self, change: Symmetry) -> GaussianProcess:
        """The process whose kernel is averaged over a change."""
        kernels = (mean_kernel(change.pairs(self.Z), scale) for scale in self.scales)
        processes = [best_process(kernel, self.Y) for kernel in kernels]
        return max(processes, key=lambda process: process.evidence)

    def scrambled(self, random: np.random.RandomState) -> Self:
        """The problem after the positions were put in one random order."""
        flat = self.Z.reshape(len(self.Z), -1, self.Z.shape[-1])
        order = random.permutation(flat.shape[1])
        return replace(self, Z=flat[:, order].reshape(self.Z.shape))

    def copies(self, change: Symmetry) -> list[NDArray[Any]]:
        """At most eight of the changed copies of X."""
        copies = Scale.of(self.X).copies(self.X, change)
        return list(copies[:: -(-len(copies) // 8)])
