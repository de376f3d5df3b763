"""What may be amiss with a comparison: one function for each check.

A check is a function of a result and its table that returns sentences, none if all is well.
``@check("code")`` registers it; its code is also its heading in docs/checks.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ibestimators.comparison._cells import count_folds, test_size, unfinished_training
from ibestimators.comparison._design import too_few_folds
from ibestimators.comparison._statistics import MIN_FOLDS, bounds_of
from ibestimators.formatting import counted, listed, records, significant

if TYPE_CHECKING:
    from ibestimators.comparison._result import ComparisonResult

DOCUMENTATION = "https://github.com/ibestimators/ibestimators/blob/main/docs/checks.md"

MAX_MAJORITY = 0.8
MAX_PARAMETER_RATIO = 10
MIN_DUPLICATES = 0.02
MAX_SPREAD = 2.5  # times the spread of random test samples
MIN_SPREAD = 0.05  # of the range of the score
COARSE = 0.1  # of the range of the score

Check = Callable[["ComparisonResult", pd.DataFrame], Iterable[str]]
CHECKS: dict[str, Check] = {}


class Finding(NamedTuple):
    """A sentence on what may be amiss, and the code of its check."""

    code: str
    text: str


def check(code: str) -> Callable[[Check], Check]:
    """Register a check.

    Parameters
    ----------
    code : str
        Short name, and heading of its documentation.
    """

    def register(function: Check) -> Check:
        CHECKS[code] = function
        return function

    return register


def findings(result: ComparisonResult) -> list[Finding]:
    """What the checks find in a result, in the order in which they are defined."""
    frame = result.to_frame()
    return [Finding(code, text) for code, own in CHECKS.items() for text in own(result, frame)]


@check("chance")
def _chance(result: ComparisonResult, frame: pd.DataFrame) -> Iterable[str]:
    if result.data is None or np.isnan(result.data.chance):
        return
    chance = result.data.chance
    for row in records(frame):
        low = row.score if np.isnan(row.score_low) else row.score_low
        if low <= chance and not _ignores_inputs(result, row.Index):
            yield (
                f"{row.Index} may be no better than chance: its {result.scoring} is "
                f"{row.score:.3f}, and that of a prediction that ignores X is {chance:.3f}."
            )


def _ignores_inputs(result: ComparisonResult, name: str) -> bool:
    return type(result.estimators[name]).__name__.startswith("Dummy")


@check("training")
def _training(result: ComparisonResult, frame: pd.DataFrame) -> Iterable[str]:
    return unfinished_training(result.cells, result.scoring)


@check("folds")
def _folds(result: ComparisonResult, frame: pd.DataFrame) -> Iterable[str]:
    n_folds = count_folds(result.cells)
    if n_folds < MIN_FOLDS:
        yield too_few_folds(n_folds, result.design)


@check("power")
def _power(result: ComparisonResult, frame: pd.DataFrame) -> Iterable[str]:
    low, high = bounds_of(result.scoring)
    unsure = frame.loc[frame["finding"] == "undecided", "detectable"]
    coarse = unsure[unsure > COARSE * (high - low)] if np.isfinite(high - low) else unsure[:0]
    if len(coarse):
        yield (
            f"These folds would mostly miss a difference to {result.baseline} below "
            f"{significant(coarse.min())}, for {listed(coarse.index)}."
        )


@check("classes")
def _classes(result: ComparisonResult, frame: pd.DataFrame) -> Iterable[str]:
    if result.data is None:
        return
    parts = {
        "training": result.data.missing_in_training,
        "test": result.data.missing_in_test,
    }
    for part, missing in parts.items():
        if missing:
            name, n_folds = max(missing.items(), key=lambda pair: pair[1])
            others = f" (of {len(missing)} such classes)" if len(missing) > 1 else ""
            yield (
                f"Class {name!r}{others} is missing in the {part} part of "
                f"{counted(n_folds, 'fold')}. Use fewer folds, or stratified ones."
            )


@check("imbalance")
def _imbalance(result: ComparisonResult, frame: pd.DataFrame) -> Iterable[str]:
    if result.data is None or result.scoring != "accuracy":
        return
    rate = result.data.majority_rate
    if rate >= MAX_MAJORITY:
        yield (
            f"{rate:.0%} of the samples are of one class, so that always predicting it has an "
            f"accuracy of {rate:.2f}. Use scoring='balanced_accuracy'."
        )


@check("duplicates")
def _duplicates(result: ComparisonResult, frame: pd.DataFrame) -> Iterable[str]:
    if result.data is None:
        return
    if result.data.duplicates >= MIN_DUPLICATES:
        yield (
            f"{result.data.duplicates:.0%} of the test samples are in the training part too. "
            "Remove the copies, or give groups that keep them together."
        )
    if result.data.near_duplicates >= MIN_DUPLICATES:
        yield (
            f"{result.data.near_duplicates:.0%} of the test samples nearly equal a training "
            "sample. If they are copies or repeated measurements, give groups that keep them "
            "together."
        )


@check("ids")
def _ids(result: ComparisonResult, frame: pd.DataFrame) -> Iterable[str]:
    if result.data is not None and result.data.id_columns:
        names = result.data.id_columns
        yield (
            f"X seems to hold numbers or names of rows, in {listed(names)}. Leave "
            f"{'it' if len(names) == 1 else 'them'} out."
        )


@check("groups")
def _groups(result: ComparisonResult, frame: pd.DataFrame) -> Iterable[str]:
    if result.data is not None and result.data.mixed_columns:
        names = listed(result.data.mixed_columns)
        yield (
            f"X seems to hold groups, in {names}, which are in training and test parts at once. If "
            "you will predict new groups, pass them as groups and leave them out of X."
        )


@check("time")
def _time(result: ComparisonResult, frame: pd.DataFrame) -> Iterable[str]:
    if result.data is not None and result.data.time_columns:
        names = listed(result.data.time_columns)
        yield (
            f"By the dates in {names}, folds train on samples that are later than test samples. If "
            "you will predict the future, pass the dates as time."
        )


@check("spread")
def _spread(result: ComparisonResult, frame: pd.DataFrame) -> Iterable[str]:
    low, high = bounds_of(result.scoring)
    if not np.isfinite(high - low):
        return
    n_test = test_size(result.cells)
    for name in result.estimators:
        scores = result.cells.loc[result.cells["estimator"] == name, "score"].dropna()
        share = (scores.mean() - low) / (high - low)
        by_chance = (high - low) * np.sqrt(max(share * (1 - share), 1 / n_test) / n_test)
        if len(scores) < MIN_FOLDS:
            continue
        spread = scores.std(ddof=1)
        if spread > max(MAX_SPREAD * by_chance, MIN_SPREAD * (high - low)):
            yield (
                f"{result.scoring} of {name} differs more between folds than random test samples "
                f"do, from {scores.min():.3f} to {scores.max():.3f}: its training is unstable, or "
                "the folds hold different kinds of samples."
            )


@check("seeds")
def _seeds(result: ComparisonResult, frame: pd.DataFrame) -> Iterable[str]:
    ranked = frame.dropna(subset="score").sort_values("score", ascending=False, kind="stable")
    for one, other in pairwise(records(ranked)):
        gap = one.score - other.score
        spreads = {row.Index: row.seed_std for row in (one, other) if row.seed_std > gap}
        for name, spread in sorted(spreads.items(), key=lambda item: -item[1])[:1]:
            neighbour = other.Index if name == one.Index else one.Index
            yield (
                f"{result.scoring} of {name} moves by {significant(spread)} (standard deviation) "
                f"with the seed alone, more than its difference to {neighbour}, "
                f"{significant(gap)}: one training of each does not show which is better."
            )


@check("parameters")
def _parameters(result: ComparisonResult, frame: pd.DataFrame) -> Iterable[str]:
    sizes = result.cells.groupby("estimator")["n_parameters"].max().dropna().astype(float)
    if len(sizes) < 2:
        return
    sizes = sizes.sort_values()
    ratio = sizes.iloc[-1] / max(sizes.iloc[0], 1)
    if ratio > MAX_PARAMETER_RATIO:
        yield (
            f"{sizes.index[-1]} has {significant(ratio)} times as many parameters as "
            f"{sizes.index[0]}. match_parameters=True compares networks of one size."
        )
