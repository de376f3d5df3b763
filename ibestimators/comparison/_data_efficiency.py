"""How many times the baseline's data an estimator is worth, by their learning curves.

At the largest size N, one of the two is better. It needs n samples for the score that the other
reaches with N: the horizontal distance between the two curves, interpolated over log n within
the sizes that were tried.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ibestimators.comparison._power_law import PERCENTILES
from ibestimators.comparison._statistics import CONFIDENCE, MIN_FOLDS
from ibestimators.formatting import significant


class Efficiency(NamedTuple):
    """How many times the baseline's data an estimator is worth."""

    factor: float
    factor_low: float
    factor_high: float
    reached: bool
    sentence: str


def data_efficiency(
    names: tuple[str, str],
    scores: tuple[NDArray[np.float64], NDArray[np.float64]],
    sizes: NDArray[np.float64],
    picks: NDArray[np.int64],
    test_train_ratio: float,
) -> Efficiency:
    """Compare the learning curves of two estimators.

    Parameters
    ----------
    names : tuple of str
        Of the estimator and of the baseline.
    scores : tuple of ndarray of shape (n_folds, n_sizes)
        Of both; NaN where a fit failed.
    sizes : ndarray of shape (n_sizes,)
        Numbers of training samples.
    picks : ndarray of shape (n_draws, n_folds)
        Folds of each draw of the bootstrap.
    test_train_ratio : float
        Of a whole fold.

    Returns
    -------
    Efficiency
    """
    ours, theirs = scores
    shared = ~(np.isnan(ours).all(axis=0) | np.isnan(theirs).all(axis=0))
    if shared.sum() < 2:
        sentence = f"{names[0]} and {names[1]} need two sizes at which both have a score."
        return Efficiency(np.nan, np.nan, np.nan, False, sentence)
    ours, theirs, sizes = ours[:, shared], theirs[:, shared], sizes[shared]
    means = mean_without_missing(ours, axis=0)[None], mean_without_missing(theirs, axis=0)[None]
    own, base, bounded = (values[0].item() for values in _equivalent_sizes(*means, sizes))
    own_drawn, base_drawn, _ = _equivalent_sizes(
        bootstrapped_means(ours, picks, test_train_ratio),
        bootstrapped_means(theirs, picks, test_train_ratio),
        sizes,
    )
    low, high = _ends(base_drawn / own_drawn)
    sentence = _sentence(*names, own, base, bool(bounded), (low, high), sizes)
    return Efficiency(base / own, low, high, not bounded, sentence)


def mean_without_missing(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Mean of the values that are not NaN, and NaN where all are."""
    present = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(present, values, 0).sum(axis) / present.sum(axis)


def bootstrapped_means(
    scores: NDArray[np.float64], picks: NDArray[np.int64], test_train_ratio: float
) -> NDArray[np.float64]:
    """Mean curves of bootstrapped folds, draws by sizes.

    The means of resampled folds vary too little, since there are few folds and these share
    training data. Their distance to the mean is scaled, so that the ends of a mean's interval
    are about those of `resampled_interval`.
    """
    n = len(scores)
    if n < MIN_FOLDS:
        return np.full((len(picks), scores.shape[1]), np.nan)
    quantile = (1 + CONFIDENCE) / 2
    tails = stats.t.ppf(quantile, n - 1) / stats.norm.ppf(quantile)
    stretch = tails * np.sqrt((1 / n + test_train_ratio) * n**2 / (n - 1))
    mean = mean_without_missing(scores, axis=0)
    return mean + stretch * (mean_without_missing(scores[picks], axis=1) - mean)


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    values = values[~np.isnan(values)]
    low, high = np.percentile(values, PERCENTILES) if len(values) else (np.nan, np.nan)
    return float(low), float(high)


def _equivalent_sizes(
    own: NDArray[np.float64], base: NDArray[np.float64], sizes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Sizes at which estimator and baseline are equally good, for each pair of curves.

    The third array says whether the better one is that good already at the smallest size.
    """
    own_last, base_last = own[:, -1], base[:, -1]
    goal = np.minimum(own_last, base_last)
    own_size, own_first = _first_reach(own, goal, sizes)
    base_size, base_first = _first_reach(base, goal, sizes)
    own_better, base_better = own_last >= base_last, base_last >= own_last  # both in a tie
    missing = np.where(np.isnan(goal), np.nan, sizes[-1])
    return (
        np.where(own_better, own_size, missing),
        np.where(base_better, base_size, missing),
        (own_better & own_first) | (base_better & base_first),
    )


def _first_reach(
    curves: NDArray[np.float64], goal: NDArray[np.float64], sizes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Where the running best of each curve reaches its goal, and whether it starts there.

    Each curve ends at its goal or above.
    """
    best = np.maximum.accumulate(np.where(np.isnan(curves), -np.inf, curves), axis=1)
    rows = np.arange(len(curves))
    after = (best >= goal[:, None]).argmax(axis=1)
    before = np.maximum(after - 1, 0)
    floor = np.where(after > 0, best[rows, before], -np.inf)
    at_once = ~np.isfinite(floor)
    with np.errstate(invalid="ignore"):
        share = np.where(at_once, 1, (goal - floor) / (best[rows, after] - floor))
    steps = np.log(sizes)
    return np.exp(steps[before] + share * (steps[after] - steps[before])), at_once


def _sentence(
    name: str,
    baseline: str,
    own: float,
    base: float,
    bounded: bool,
    ends: tuple[float, float],
    sizes: NDArray[np.float64],
) -> str:
    if bounded and own == base:
        return (
            f"{name} and {baseline} do not differ: both are as good with {own:,.0f} samples as "
            f"with {sizes[-1]:,.0f}."
        )
    more = base > own
    bound = ("at least " if more else "at most ") if bounded else ""
    as_good = {
        (False, True): "as good as",
        (False, False): "as good as",
        (True, True): "already as good as",
        (True, False): "no better than",
    }[bounded, more]
    return (
        f"{name} is worth {bound}{significant(base / own)} times the data of {baseline}"
        f"{_interval_text(*ends, sizes[-1] / sizes[0])}: with {own:,.0f} samples it is {as_good} "
        f"{baseline} with {base:,.0f}."
    )


def _interval_text(low: float, high: float, most: float) -> str:
    """The interval, whose ends may lie where the sizes end."""
    if np.isnan(low):
        return ""
    below = " or less" if np.isclose(low * most, 1) else ""
    above = " or more" if np.isclose(high, most) else ""
    if np.isclose(low, high):
        return f" (95 % interval {significant(low)}{below}{above})"
    return f" (95 % interval {significant(low)}{below} to {significant(high)}{above})"
