"""Weights of a mixture of estimators, from their out-of-fold predictions.

References: Caruana et al., "Ensemble selection from libraries of models", ICML (2004); Guo et al.,
"On calibration of modern neural networks", ICML (2017).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

MIN_PROBABILITY = 1e-12
MAX_TEMPERATURE = 20.0
N_STEPS = 50
N_DRAWS = 1000

Floats = NDArray[np.float64]


def log_loss_of(probability: Floats) -> Floats:
    """The loss of each sample, from the probability of its class."""
    return -np.log(np.maximum(probability, MIN_PROBABILITY))


def fitted_temperature(
    probability: Floats, codes: NDArray[np.intp], weight: Floats | None = None
) -> float:
    """The temperature that makes the log loss least (Guo et al. 2017, section 4.2).

    Parameters
    ----------
    probability : ndarray of shape (n_samples, n_classes)
    codes : ndarray of int, shape (n_samples,)
        The column of each sample's class.
    weight : ndarray of shape (n_samples,), default=None
        Of each sample; None weighs all the same.

    Returns
    -------
    float
        Above 1 if the probabilities are too sure; between 1 / 20 and 20.
    """
    logits = np.log(np.maximum(probability, MIN_PROBABILITY))
    rows = np.arange(len(codes))

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits * np.exp(-log_temperature), axis=1)
        return -float(np.average(scaled[rows, codes], weights=weight))

    end = np.log(MAX_TEMPERATURE)
    return float(np.exp(minimize_scalar(loss, bounds=(-end, end), method="bounded").x))


def at_temperature(probability: Floats, temperature: float) -> Floats:
    """Probabilities whose logarithms are divided by a temperature."""
    logits = np.log(np.maximum(probability, MIN_PROBABILITY))
    return np.asarray(softmax(logits / temperature, axis=1))


def greedy_weights(responses: Floats, loss: Callable[[Floats], Floats]) -> Floats:
    """Weights by greedy selection with replacement (Caruana et al. 2004, section 2).

    Starting from the best, each step adds the member that makes the loss of the mean least; the
    best of all steps is taken.

    Parameters
    ----------
    responses : ndarray of shape (n_members, n_samples)
        What is mixed.
    loss : callable
        The losses of samples, from mixtures of shape (..., n_samples).

    Returns
    -------
    ndarray of shape (n_members,)
        They sum to 1.
    """
    counts = np.zeros(len(responses), dtype=int)
    total = np.zeros(responses.shape[1])
    best, weights = np.inf, counts / 1.0
    for step in range(1, N_STEPS + 1):
        losses = loss((total + responses) / step).mean(axis=1)
        chosen = int(losses.argmin())
        counts[chosen] += 1
        total += responses[chosen]
        if losses[chosen] < best - 1e-12:
            best, weights = losses[chosen], counts / step
    return weights


def choice_probability(
    losses: Floats, generator: np.random.RandomState, groups: ArrayLike | None = None
) -> Floats:
    """The share of bootstrap samples in which each member has the least mean loss.

    Parameters
    ----------
    losses : ndarray of shape (n_members, n_samples)
    generator : RandomState
    groups : array-like of shape (n_samples,), default=None
        Drawn as a whole.

    Returns
    -------
    ndarray of shape (n_members,)
    """
    if groups is not None:
        codes = pd.factorize(np.asarray(groups))[0]
        losses = np.array([np.bincount(codes, member) for member in losses])
    n = losses.shape[1]
    wins = np.zeros(len(losses))
    for _ in range(N_DRAWS):
        drawn = np.bincount(generator.randint(n, size=n), minlength=n)
        wins[(losses @ drawn).argmin()] += 1
    return wins / N_DRAWS
