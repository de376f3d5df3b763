"""Which gains are significant: tests over samples, and ranks among those after scrambling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from ibestimators.multiple_testing import holm
from ibestimators.symmetries._gaussian_process import Array
from ibestimators.symmetries._result import LEVEL

MIN_GAIN = 0.005  # nats a sample; less is of no use


@dataclass(frozen=True)
class Gains:
    """Log densities of leave-one-out predictions, in nats a sample.

    Attributes
    ----------
    gains : ndarray of shape (n_changes, n_samples)
        Above those of the process without a symmetry.
    knowledge : ndarray of shape (n_changes, n_samples)
        Above those by the mean and variance of the targets alone.
    scrambled : ndarray of shape (n_changes, n_scrambles)
        Mean gains after scrambling; NaN for changes that move no positions.
    """

    gains: Array
    knowledge: Array
    scrambled: Array

    @property
    def moves(self) -> NDArray[np.bool_]:
        """Which changes move positions."""
        return np.asarray(~np.isnan(self.scrambled[:, 0]))


def tested(names: pd.Index, found: Gains, any_order: str, order: Gains | None) -> pd.DataFrame:
    """The table of gains, tested.

    Parameters
    ----------
    names : pandas.Index of length n_changes
    found : Gains
    any_order : str
        The name of the change that leaves nothing of the order.
    order : Gains or None
        One row: what the process without a symmetry knows, before and after scrambling. None if
        it does not see the order.
    """
    n, moves = found.gains.shape[1], found.moves
    mean, error = mean_and_error(found.gains)
    half_width = stats.t.ppf(1 - LEVEL / 2, n - 1) * error
    above = holm(stats.t.sf((mean - MIN_GAIN) / error, n - 1))
    below = holm(stats.t.cdf((mean + MIN_GAIN) / error, n - 1))
    rank, ordered = np.zeros(len(mean)), np.full(len(mean), np.nan)
    if moves.any():
        rank[moves], ordered[moves], of_order = _order_p_values(found, order)
        ordered[names == any_order] = of_order
    p_value = np.maximum(rank, above)
    supported, contradicted = p_value <= LEVEL, below <= LEVEL
    # Not any order will do.
    if (ordered <= LEVEL).any() or (supported & moves).any():
        supported &= names != any_order
        contradicted |= names == any_order
    columns = {
        "gain": mean,
        "gain_low": mean - half_width,
        "gain_high": mean + half_width,
        "scrambled": found.scrambled.mean(1),
        "p_value": p_value,
        "order_p_value": ordered,
        "status": np.select(
            [supported, contradicted], ["supported", "contradicted"], "indifferent"
        ),
    }
    return pd.DataFrame(columns, names)


def _order_p_values(found: Gains, order: Gains | None) -> tuple[Array, Array, float]:
    """p-values of the changes that move positions, and of the order itself (NaN if unknown).

    Ranks among scrambled orders, and whether the order matters: two orders differ a little even
    where the answer has nothing to do with X, so that a t-test has to say so as well.
    """
    rows = _with_order(found, order)
    mean, error = mean_and_error(rows.gains)
    rank = ranked(mean, rows.scrambled)
    surplus = (mean - rows.scrambled.mean(1)) / error
    known = np.divide(*mean_and_error(rows.knowledge))
    p_values = stats.t.sf(np.minimum(surplus, known), rows.gains.shape[1] - 1)
    matters = np.maximum(rank, holm(p_values))
    n = int(found.moves.sum())
    return rank[:n], matters[:n], float("nan") if order is None else float(matters[-1])


def _with_order(found: Gains, order: Gains | None) -> Gains:
    """The changes that move positions, and the order itself."""
    moves = found.moves
    rows = Gains(found.gains[moves], found.knowledge[moves], found.scrambled[moves])
    if order is None:
        return rows
    return Gains(
        np.vstack([rows.gains, order.gains]),
        np.vstack([rows.knowledge, order.knowledge]),
        np.vstack([rows.scrambled, order.scrambled]),
    )


def order_gain_limit(found: Gains, order: Gains | None) -> float:
    """The most that the order adds to the log density, by the ends of 95 % intervals.

    Above the densities after scrambling: of the samples as they are, if their order is seen, and
    else of all changes that move positions. Where nothing is scrambled, above those after changes
    that destroy what connects positions.
    """
    if found.moves.any():
        moves = found.moves
        rows = order or Gains(found.gains[moves], found.knowledge[moves], found.scrambled[moves])
        mean, error = mean_and_error(rows.gains)
        mean = mean - rows.scrambled.mean(1)
    else:
        mean, error = mean_and_error(-found.gains)
    return float((mean + stats.norm.ppf(1 - LEVEL / 2) * error).max())


def mean_and_error(values: Array) -> tuple[Array, Array]:
    """Means over samples and their standard errors."""
    return values.mean(1), np.maximum(values.std(1, ddof=1) / np.sqrt(values.shape[1]), 1e-12)


def above_zero(values: Array) -> Array:
    """p-values of means over samples that are not above 0."""
    return np.asarray(stats.t.sf(np.divide(*mean_and_error(values)), values.shape[1] - 1))


def ranked(own: Array, scrambled: Array) -> Array:
    """p-values of the ranks of gains among those after scrambling (Westfall & Young 1993).

    Gains are standardised for each symmetry, and the largest of each order is compared: if
    positions have no order, all orders are exchangeable, the one of X among them.
    """
    values = np.column_stack([own, scrambled])
    centred = values - values.mean(1, keepdims=True)
    z = centred / np.maximum(values.std(1, keepdims=True), 1e-12)
    exceeding = (z[:, 1:].max(0) >= z[:, :1]).sum(1)
    return np.asarray((1 + exceeding) / values.shape[1])
