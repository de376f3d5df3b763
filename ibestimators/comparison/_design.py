"""What the folds of a comparison are, what they can show, and what would decide the rest."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ibestimators.comparison._cells import count_folds
from ibestimators.comparison._statistics import MIN_FOLDS, resampled_p_value
from ibestimators.folds import can_repeat
from ibestimators.formatting import counted, listed, span

MAX_REPEATS = 20
MAX_GROWTH = 50  # times the data; more is no advice


@dataclass(frozen=True)
class Design:
    """What was split into folds.

    Attributes
    ----------
    n_samples : int
        Samples of the data.
    n_repeats : int
        How often they were split.
    n_groups : int
        Groups of the samples; 0 without groups.
    held_out : tuple of int
        The smallest and the largest number of groups (without groups, of samples) that a fold
        tests.
    repeatable : bool
        Whether more repeats would make new folds.
    n_looks : int
        Of how many repeats the comparison might have been the last: intervals and p-values are
        adjusted for so many looks at them.
    n_seeds : int
        With how many seeds each fit was made; the score of a fold is their mean.
    """

    n_samples: int
    n_repeats: int = 1
    n_groups: int = 0
    held_out: tuple[int, int] = (0, 0)
    repeatable: bool = True
    n_looks: int = 1
    n_seeds: int = 1

    @classmethod
    def of(cls, splits: Any, n_samples: int, n_repeats: int, groups: Any, cv: Any) -> Design:
        """The design of the training and test rows that `cv` made."""
        if groups is None:
            sizes = [len(test) for _, test in splits]
        else:
            groups = np.asarray(groups)
            sizes = [len(np.unique(groups[test])) for _, test in splits]
        n_groups = 0 if groups is None else len(np.unique(groups))
        one_left_out = max(sizes) == 1  # all repeats are the same
        repeatable = can_repeat(cv) and not one_left_out
        return cls(n_samples, n_repeats, n_groups, (min(sizes), max(sizes)), repeatable)

    def in_words(self, n_folds: int) -> str:
        """The design, such as "5 folds of 8 groups, 1 to 2 in each test part"."""
        folds = counted(n_folds // self.n_repeats, "fold")
        if self.n_repeats > 1:
            folds = f"{self.n_repeats} times {folds}"
        seeds = f", {counted(self.n_seeds, 'seed')} each" if self.n_seeds > 1 else ""
        if not self.n_groups:
            return f"{folds} of {counted(self.n_samples, 'sample')}{seeds}"
        groups = counted(self.n_groups, "group")
        return (
            f"{folds} of {groups} ({counted(self.n_samples, 'sample')}), {span(self.held_out)} in "
            f"each test part{seeds}"
        )


def looks_in_words(design: Design | None) -> list[str]:
    """After which repeat the comparison ended, if it might have ended after several."""
    if design is None or design.n_looks == 1:
        return []
    return [
        f"The comparison ended after {design.n_repeats} of at most {design.n_looks} repeats. "
        f"Intervals and p-values are adjusted for a look at them after each of the "
        f"{design.n_looks} (Bonferroni), so that they hold whenever it ends."
    ]


def too_few_folds(n_folds: int, design: Design | None) -> str:
    """Why there are no intervals."""
    enough = "cv=5"
    if design is not None and design.n_groups:
        n_groups = design.n_groups
        enough = f"cv={min(5, n_groups)}" if n_groups >= MIN_FOLDS else "n_repeats=2"
    return (
        f"{counted(n_folds, 'fold').capitalize()} {'is' if n_folds == 1 else 'are'} too few for "
        f"intervals and tests, which take at least {MIN_FOLDS}. Use {enough}."
    )


def what_would_decide(gains: pd.DataFrame, result: Any) -> list[str]:
    """How many repeats, or how much more data, would make each difference significant.

    As if the mean and the spread of the differences stayed, and their variance fell with the
    number of samples, or of groups.

    Parameters
    ----------
    gains : pandas.DataFrame
        Differences to the baseline, folds by estimators, none of them significant.
    result : ComparisonResult

    Returns
    -------
    list of str
        A sentence, or none.
    """
    if result.design is None:
        return []
    n_tests = max(1, len(result.estimators) - 1) * result.design.n_looks
    parts = []
    for name in gains:
        values = gains[name].dropna().to_numpy()
        p_value = resampled_p_value(values, result.test_train_ratio, n_tests)
        if np.isnan(p_value) or values.mean() == 0:
            continue
        n_per_repeat = count_folds(result.cells) // result.design.n_repeats
        times = MAX_REPEATS + 1
        if result.design.repeatable:
            times = _repeats(values, result.test_train_ratio, n_tests, n_per_repeat)
        growth = _growth(values, result.test_train_ratio, n_tests)
        ways = []
        if times <= MAX_REPEATS:
            ways.append(f"n_repeats={times}")
        if growth <= MAX_GROWTH:
            n, unit = result.design.n_samples, "samples"
            if result.design.n_groups:
                n, unit = result.design.n_groups, "groups"
            ways.append(f"{_rounded(n * growth):,} {unit}")
        parts.append((" or ".join(ways) or "far more data", name))
    if not parts:
        return []
    (way, first), *others = parts
    needed = [f"{way} would decide about {first}", *(f"{way} about {name}" for way, name in others)]
    return [f"If the differences stay as they are, {listed(needed)}."]


def _repeats(values: NDArray[np.float64], ratio: float, n_others: int, n_folds: int) -> int:
    """Repeats with which a difference is significant; more than `MAX_REPEATS` if none are."""
    for times in range(2, MAX_REPEATS + 1):
        if _p_value(values, ratio, n_others, times * n_folds, 1.0) < 0.05:
            return times
    return MAX_REPEATS + 1


def _growth(values: NDArray[np.float64], ratio: float, n_others: int) -> float:
    """How many times the data make a difference significant."""
    for growth in np.geomspace(1, 2 * MAX_GROWTH, 200):
        if _p_value(values, ratio, n_others, len(values), float(growth)) < 0.05:
            return float(growth)
    return np.inf


def _p_value(
    values: NDArray[np.float64], ratio: float, n_others: int, n_folds: int, growth: float
) -> float:
    """The p-value of as many folds with the same mean, and the spread of more data."""
    signs = np.where(np.arange(n_folds) % 2, 1.0, -1.0)
    signs -= signs.mean()
    spread = values.std(ddof=1) / np.sqrt(growth)
    imagined = values.mean() + spread * signs / signs.std(ddof=1)
    return resampled_p_value(imagined, ratio, n_others)


def _rounded(n: float) -> int:
    """Two significant digits, upwards."""
    digit = 10 ** max(0, len(str(int(n))) - 2)
    return ceil(n / digit) * digit
