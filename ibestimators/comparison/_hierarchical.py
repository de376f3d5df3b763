"""Is an estimator better on a new data set? A hierarchical model of the differences on several.

The model of Corani, Benavoli, Demsar, Mangili & Zaffalon, "Statistical comparison of classifiers
through Bayesian hierarchical modelling", Machine Learning 106 (2017). The differences of data set i
in its folds have the mean d_i and a common correlation, caused by training samples that folds
share. The d_i have Student's t-distribution around mu, with scale s and nu degrees of freedom.
Here the variance v_i of each data set has the prior 1 / v_i, so that one data set alone has the
posterior of the correlated t-test; mu and s are uniform as in the paper, and nu has the prior
Gamma(2, 0.1) of Juarez & Steel (2010).

Gibbs sampling: Student's t is a mixture of normal distributions with variances s^2 / w_i. Given v
and w, the means d_i are integrated out, so that s (a Metropolis step) and mu are drawn from what
the data say, which mixes well where all data sets are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtr, ndtri, stdtr

MIN_SETS = 3
N_CHAINS = 16
N_WARM = 300
N_KEPT = 500
_MIN_VARIANCE = 1e-12  # of data sets on which all folds give the same difference
_WIDEST = 1000  # times the spread of the data sets

Floats = NDArray[np.float64]


class Posterior(NamedTuple):
    """Draws of the model's parameters: the mean, scale and tail of data sets, and their means."""

    mean: Floats
    scale: Floats
    degrees: Floats
    of_sets: Floats  # (n_draws, n_sets)

    def on_a_new_set(self, rope: float) -> tuple[float, float, float]:
        """Probabilities of being worse, practically equal and better on a new data set.

        Parameters
        ----------
        rope : float
            Differences up to this size do not matter.
        """
        worse = stdtr(self.degrees, (-rope - self.mean) / self.scale).mean()
        better = stdtr(self.degrees, (self.mean - rope) / self.scale).mean()
        return float(worse), max(0.0, float(1 - worse - better)), float(better)


def sample_posterior(
    differences: Sequence[ArrayLike], ratios: ArrayLike, seed: int = 0, n_kept: int = N_KEPT
) -> Posterior:
    """Draw from the posterior distribution.

    Parameters
    ----------
    differences : sequence of array-like of shape (n_folds,)
        Of the scores of two estimators on each data set, fold by fold; NaN marks a missing one.
    ratios : array-like of shape (n_sets,)
        Ratio of test samples to training samples of a fold of each data set.
    seed : int, default=0
    n_kept : int, default=500
        Draws of each of the 16 chains.

    Returns
    -------
    Posterior

    Raises
    ------
    ValueError
        If there are fewer than three data sets, or fewer than two differences on one.
    """
    values = [np.asarray(x, dtype=float) for x in differences]
    values = [x[~np.isnan(x)] for x in values]
    if len(values) < MIN_SETS or min(map(len, values)) < 2:
        raise ValueError(
            f"differences must hold at least {MIN_SETS} data sets with two folds each, got folds "
            f"{[*map(len, values)]}."
        )
    n = np.array([len(x) for x in values])
    means = np.array([x.mean() for x in values])
    squares = np.array([np.square(x - x.mean()).sum() for x in values])
    squares = np.maximum(squares, n * _MIN_VARIANCE)
    shared = 1 / n + np.asarray(ratios, dtype=float)  # variance of a mean, by that of a fold
    bound = max(float(np.abs(means).max()), np.sqrt(_MIN_VARIANCE))
    widest = _WIDEST * max(float(means.std(ddof=1)), np.sqrt(_MIN_VARIANCE))

    random = np.random.default_rng(seed)
    shape = (N_CHAINS, len(values))
    v = np.broadcast_to(squares / (n - 1), shape).copy()
    w = np.ones(shape)
    mu = np.full((N_CHAINS, 1), means.mean())
    s = np.full((N_CHAINS, 1), widest / _WIDEST) * random.uniform(0.5, 2, size=(N_CHAINS, 1))
    nu = random.uniform(2, 40, size=(N_CHAINS, 1))
    kept: list[tuple[Floats, Floats, Floats, Floats]] = []
    for step in range(N_WARM + n_kept):
        log_scale = partial(_log_scale, means=means, mu=mu, own=v * shared, w=w, widest=widest)
        for size in (0.2, 1.0):
            s = _metropolis(s, size, log_scale, random)
        precision = 1 / (v * shared + np.square(s) / w)
        total = precision.sum(axis=1, keepdims=True)
        centre = (precision * means).sum(axis=1, keepdims=True) / total
        mu = _truncated_normal(centre, total, bound, random)
        within, between = 1 / (v * shared), w / np.square(s)
        d = (within * means + between * mu) / (within + between)
        d += random.normal(size=shape) / np.sqrt(within + between)
        v = (squares + np.square(means - d) / shared) / 2 / random.gamma(n / 2, size=shape)
        z = np.square((d - mu) / s)
        nu = _metropolis(nu, 0.7, partial(_log_degrees, z=z), random)
        w = random.gamma((nu + 1) / 2, size=shape) * 2 / (nu + z)
        if step >= N_WARM:
            kept.append((mu[:, 0], s[:, 0], nu[:, 0], d))
    return Posterior(*(np.concatenate(draws) for draws in zip(*kept, strict=True)))


def _metropolis(
    value: Floats, size: float, log_density: Callable[[Floats], Floats], random: np.random.Generator
) -> Floats:
    """A random step on the logarithm of a value, for each chain."""
    proposed = value * np.exp(size * random.normal(size=value.shape))
    gain = log_density(proposed) - log_density(value) + np.log(proposed / value)
    return np.where(np.log(random.random(size=value.shape)) < gain, proposed, value)


def _log_scale(
    s: Floats, means: Floats, mu: Floats, own: Floats, w: Floats, widest: float
) -> Floats:
    """The means of data sets, given their own variances, and a uniform prior up to `widest`."""
    variance = own + np.square(s) / w
    log = -0.5 * (np.log(variance) + np.square(means - mu) / variance).sum(axis=1, keepdims=True)
    return np.where(s < widest, log, -np.inf)


def _log_degrees(nu: Floats, z: Floats) -> Floats:
    """Student's t of the squared distances z, and the prior Gamma(2, 0.1)."""
    each = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu)
    log = z.shape[1] * each - (nu + 1) / 2 * np.log1p(z / nu).sum(axis=1, keepdims=True)
    return np.asarray(log + np.log(nu) - 0.1 * nu)


def _truncated_normal(
    mean: Floats, precision: Floats, bound: float, random: np.random.Generator
) -> Floats:
    """Draws between -bound and bound."""
    root = np.sqrt(precision)
    low, high = ndtr((-bound - mean) * root), ndtr((bound - mean) * root)
    drawn = mean + ndtri(low + (high - low) * random.random(size=mean.shape)) / root
    return np.clip(drawn, -bound, bound)
