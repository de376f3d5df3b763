"""Do the intervals and tests of a comparison keep what they say, with correlated folds?

    python tests/benchmarks/coverage_of_intervals.py            all designs, 2,000 runs each
    python tests/benchmarks/coverage_of_intervals.py --runs 500
    python tests/benchmarks/coverage_of_intervals.py --looks    repeats that end when all is decided

In each run, a data set is drawn and five classifiers are cross-validated on it: each knows one of
five features and puts its threshold between the means of the two classes. All are equally good,
or the last ones are better. What each scores on average, over all runs, is what its intervals
should contain. With groups, each group shifts all its samples, and folds keep groups whole.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tabulate import tabulate

from ibestimators.comparison import _statistics
from ibestimators.comparison._statistics import (
    resampled_interval,
    resampled_p_value,
    score_interval,
)
from ibestimators.multiple_testing import holm

N_CLASSIFIERS = 5


class Design(NamedTuple):
    """Folds, repeats, samples and groups of a comparison; 0 groups are none."""

    folds: int
    repeats: int = 1
    samples: int = 100
    groups: int = 0

    def __str__(self) -> str:
        folds = f"{self.folds} folds" + (f", {self.repeats} times" if self.repeats > 1 else "")
        return folds if not self.groups else f"{folds} of {self.groups} groups"


DESIGNS = (
    Design(3),
    Design(4),
    Design(5),
    Design(10),
    Design(5, repeats=5),
    Design(4, groups=8),
    Design(5, groups=8),
    Design(8, groups=8),
    Design(5, groups=30),
)


def scores_of(
    design: Design, shift: Sequence[float], random: np.random.Generator
) -> tuple[NDArray[np.float64], float]:
    """Scores, folds by classifiers, and the ratio of test to training samples."""
    n = design.samples
    y = random.permutation(np.arange(n) % 2)
    X = random.normal(size=(n, N_CLASSIFIERS)) + 0.5 * random.normal(size=(n, 1))
    X += np.outer(2 * y - 1, shift)
    units = np.arange(n)
    if design.groups:
        units = np.arange(n) % design.groups
        X += 0.7 * random.normal(size=(design.groups, N_CLASSIFIERS))[units]
    n_units = design.groups or n
    scores, ratios = [], []
    for _ in range(design.repeats):
        for held_out in np.array_split(random.permutation(n_units), design.folds):
            test = np.isin(units, held_out)
            means = [X[~test & (y == label)].mean(axis=0) for label in (0, 1)]
            above = X[test] > (means[0] + means[1]) / 2
            up = means[1] > means[0]
            scores.append(((above == up) == y[test, None]).mean(axis=0))
            ratios.append(test.sum() / (~test).sum())
    return np.array(scores), float(np.mean(ratios))


def figures(design: Design, shift: Sequence[float], runs: int, seed: int = 0) -> dict[str, float]:
    """How often intervals and tests are right.

    Parameters
    ----------
    design : Design
    shift : sequence of float
        How far apart the classes are for each classifier; the first is the baseline.
    runs : int
    seed : int, default=0

    Returns
    -------
    dict
        ``error``: share of runs with a false find among the adjusted tests; ``unadjusted`` and
        ``holm``: that of other tests; ``coverage``: share of runs in which all intervals of
        differences hold the true ones; ``scores``: share of intervals of a score that hold the
        true one; ``plain``: that of symmetric intervals; ``power``: share of true differences
        that are found; ``power_holm``: that of Holm's test.
    """
    random = np.random.default_rng(seed)
    drawn = [scores_of(design, shift, random) for _ in range(runs)]
    truth = np.mean([scores.mean(axis=0) for scores, _ in drawn], axis=0)
    is_equal = np.isclose(shift, shift[0])
    true_differences = np.where(is_equal, 0, truth - truth[0])[1:]
    false, k = is_equal[1:], N_CLASSIFIERS - 1
    n_test = design.samples / design.folds
    step = 1 / n_test
    found = []
    for scores, ratio in drawn:
        gains = (scores[:, 1:] - scores[:, :1]).T
        single = np.array([resampled_p_value(gain, ratio, step=step) for gain in gains])
        adjusted = np.array([resampled_p_value(gain, ratio, k, step) for gain in gains])
        ends = np.array([resampled_interval(gain, ratio, k, step) for gain in gains])
        held = (ends[:, 1] <= true_differences) & (true_differences <= ends[:, 2])
        plain = np.array([resampled_interval(own, ratio, step=step) for own in scores.T])
        bounded = np.array([score_interval(own, ratio, (0, 1), n_test) for own in scores.T])
        by_holm = holm(single)
        found.append(
            {
                "error": (adjusted[false] < 0.05).any(),
                "holm": (by_holm[false] < 0.05).any(),
                "unadjusted": (single[false] < 0.05).any(),
                "coverage": held.all(),
                "scores": np.mean((bounded[:, 1] <= truth) & (truth <= bounded[:, 2])),
                "plain": np.mean((plain[:, 1] <= truth) & (truth <= plain[:, 2])),
                "outside": np.mean((plain[:, 1] < 0) | (plain[:, 2] > 1)),
                "width": np.mean(ends[:, 2] - ends[:, 1]) / 2,
                "power": (adjusted[~false] < 0.05).mean() if (~false).any() else np.nan,
                "power_holm": (by_holm[~false] < 0.05).mean() if (~false).any() else np.nan,
            }
        )
    return pd.DataFrame(found).astype(float).mean().to_dict()


LOOKS = (
    Design(5, repeats=10),
    Design(10, repeats=5),
    Design(5, repeats=10, groups=30),
)


def figures_of_looks(
    design: Design, shift: Sequence[float], runs: int, seed: int = 0
) -> dict[str, float]:
    """How often a comparison that is looked at after each repeat finds what is not there.

    Parameters
    ----------
    design : Design
        With the most repeats.
    shift : sequence of float
        As in `figures`.
    runs : int
    seed : int, default=0

    Returns
    -------
    dict
        ``unadjusted``: share of runs with a false find at some look, if each look is tested as if
        it were the only one; ``error``: if p-values are adjusted for the number of looks;
        ``found``: share of runs in which all true differences are found at some look; ``repeats``:
        mean number of repeats until then, or until the last; ``all_at_once``: share in which all
        are found by one test after the last repeat.
    """
    random = np.random.default_rng(seed)
    is_equal = np.isclose(shift, shift[0])[1:]
    n_others, step = len(shift) - 1, design.folds / design.samples
    found = []
    for _ in range(runs):
        scores, ratio = scores_of(design, shift, random)
        gains = (scores[:, 1:] - scores[:, :1]).T
        ends = design.folds * np.arange(1, design.repeats + 1)
        p_values = np.array(
            [
                [resampled_p_value(gain[:end], ratio, n_others, step) for gain in gains]
                for end in ends
            ]
        )
        adjusted = p_values * design.repeats
        decided = (adjusted[:, ~is_equal] < 0.05).all(axis=1)
        found.append(
            {
                "unadjusted": (p_values[:, is_equal] < 0.05).any(),
                "error": (adjusted[:, is_equal] < 0.05).any(),
                "found": decided.any(),
                "repeats": decided.argmax() + 1 if decided.any() else design.repeats,
                "all_at_once": (p_values[-1, ~is_equal] < 0.05).all(),
            }
        )
    return pd.DataFrame(found).astype(float).mean().to_dict()


def print_looks(runs: int) -> None:
    """The table of repeats that end when all is decided."""
    rows = []
    for design in LOOKS:
        null = figures_of_looks(design, [0.8] * N_CLASSIFIERS, runs)
        real = figures_of_looks(design, [0.8, 0.8, 0.8, 0.8, 2.0], max(1, runs // 4), seed=1)
        shares = [null["unadjusted"], null["error"], real["found"], real["all_at_once"]]
        rows.append([str(design), *(f"{100 * s:.1f} %" for s in shares), f"{real['repeats']:.1f}"])
    heads = ["at most", "false find, unadjusted", "adjusted", "found", "by one test", "repeats"]
    print(tabulate(rows, heads, tablefmt="github", disable_numparse=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--looks", action="store_true")
    options = parser.parse_args()
    runs = options.runs
    if options.looks:
        print_looks(runs)
        return
    _statistics.MIN_FOLDS = 2  # to show what three folds would give
    rows = []
    for design in DESIGNS:
        null = figures(design, [0.8] * 5, runs)
        real = figures(design, [0.8, 0.8, 0.8, 1.6, 2.0], runs, seed=1)
        rows.append(
            [
                str(design),
                *(f"{100 * null[name]:.1f} %" for name in ("unadjusted", "holm", "error")),
                *(f"{100 * min(null[name], real[name]):.1f} %" for name in ("coverage", "scores")),
                f"{100 * real['plain']:.1f} %",
                f"{100 * real['outside']:.1f} %",
                f"{null['width']:.2f}",
                *(f"{100 * real[name]:.0f} %" for name in ("power_holm", "power")),
            ]
        )
    heads = [
        "design",
        "false find, unadjusted",
        "Holm",
        "adjusted",
        "coverage, differences",
        "coverage, scores",
        "plain",
        "beyond 1",
        "half-width",
        "power, Holm",
        "adjusted",
    ]
    print(tabulate(rows, heads, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
