"""Gaussian processes whose prior is invariant to transformations of the samples.

The mean of a kernel over all transformed pairs is the kernel of the same prior made invariant
(Haasdonk & Burkhardt 2007; van der Wilk et al. 2018):

    K_G(x, x') = mean over g, h of k(g x, h x'),    k(x, x') = exp(-|x - x'|^2 / (2 l^2))

One eigendecomposition gives the evidence and the leave-one-out predictions for all levels of noise
(Rasmussen & Williams 2006, equations 2.30 and 5.10 to 5.12). Classes are regressed as 0 and 1.

References: Haasdonk & Burkhardt, "Invariant kernel functions for pattern analysis and machine
learning", Machine Learning 68 (2007); van der Wilk, Bauer, John & Hensman, "Learning invariances
using the marginal likelihood" (2018); Rasmussen & Williams, "Gaussian processes for machine
learning" (2006).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Array = NDArray[np.floating]

# Length scales, in roots of the median of the squared distances between samples.
LENGTH_SCALES = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
# Variances of the noise, by the mean variance of the function.
_NOISE = np.logspace(-3, 1.5, 13)


@dataclass(frozen=True)
class GaussianProcess:
    """What the data say about one prior, at the length scale and noise of highest evidence.

    Attributes
    ----------
    evidence : float
        Log density of all targets, the mean over outputs.
    log_density : ndarray of shape (n_samples,)
        Leave-one-out log density of the targets of each sample, the mean over outputs.
    mean : ndarray of shape (n_samples, n_outputs)
        Leave-one-out predictions.
    """

    evidence: float
    log_density: Array
    mean: Array


def median_distance(X: Array) -> float:
    """The median of the squared distances between samples, at most 200 of them."""
    few = X[:200]
    return float(np.median(squared_distances(few, few)[np.triu_indices(len(few), 1)])) or 1.0


def squared_distances(A: Array, B: Array) -> Array:
    """Squared distances between the rows of A and of B: (len(A), len(B))."""
    squares = np.square(A).sum(1)[:, np.newaxis] + np.square(B).sum(1)
    return np.maximum(squares - 2 * A @ B.T, 0)


def mean_kernel(pairs: Iterable[tuple[Array, Array, float]], scale: float) -> Array:
    """The mean kernel of pairs of transformed samples, (n_samples, n_samples).

    Parameters
    ----------
    pairs : iterable of (A, B, weight)
        Samples under two transformations, (n_samples, n_features) each, and the weight of the
        pair.
    scale : float
        The square of the length scale.
    """
    total = sum(weight * np.exp(squared_distances(A, B) / (-2 * scale)) for A, B, weight in pairs)
    return np.asarray((total + total.T) / 2)


def feature_kernel(features: Array) -> Array:
    """The kernel of a linear function of features, with an intercept: (n_samples, n_samples).

    Without it, centred features say that the targets sum to 0, and the others tell the one that is
    left out.
    """
    return np.asarray(features @ features.T / features.shape[1] + 1)


def best_process(kernel: Array, Y: Array) -> GaussianProcess:
    """The process of highest evidence among levels of noise.

    The scale of each output is that of highest evidence.

    Parameters
    ----------
    kernel : ndarray of shape (n_samples, n_samples)
    Y : ndarray of shape (n_samples, n_outputs)
        Targets, with mean 0.
    """
    n = len(Y)
    eigenvalues, vectors = linalg.eigh(kernel.astype(float), check_finite=False, driver="evd")
    levels = np.maximum(eigenvalues, 0) + np.outer(_NOISE, np.full(n, np.trace(kernel) / n))
    rotated = vectors.T @ Y  # (n, outputs)
    variance = np.maximum(np.square(rotated).T @ (1 / levels).T / n, 1e-12)  # (outputs, noise)
    evidence = -0.5 * (n * np.log(variance).mean(0) + np.log(levels).sum(1) + n)
    evidence -= 0.5 * n * np.log(2 * np.pi)
    best = int(evidence.argmax())
    weights = vectors @ (rotated / levels[best][:, np.newaxis])
    precision = (np.square(vectors) @ (1 / levels[best]))[:, np.newaxis]
    residuals = weights / precision
    spread = variance[:, best] / precision
    log_density = -0.5 * (np.log(2 * np.pi * spread) + np.square(residuals) / spread)
    return GaussianProcess(float(evidence[best]), log_density.mean(1), Y - residuals)
