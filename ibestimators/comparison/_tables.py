"""The tables of a comparison, for the terminal and for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ibestimators.formatting import records, with_ends
from ibestimators.report import Number, Table

if TYPE_CHECKING:
    from ibestimators.comparison._result import ComparisonResult


def printed_table(result: ComparisonResult) -> Table:
    """The estimators in the order in which they were given, with all scores."""
    scorings = [result.scoring, *result.other_scorings]
    frames = [result.to_frame(), *map(result.to_frame, result.other_scorings)]
    heads = ["estimator", "assumes", "parameters", *scorings, f"vs {result.baseline}", "fit"]
    rows = [
        [
            str(row.Index),
            row.assumption,
            Number.of(row.parameters, ",d"),
            *(_score(frame, row.Index) for frame in frames),
            difference_of(result, row),
            Number("" if pd.isna(row.fit_time) else f"{row.fit_time:.1f} s", row.fit_time),
        ]
        for row in records(frames[0])
    ]
    return Table("Estimators", heads, rows)


def wide_table(result: ComparisonResult) -> Table:
    """All that is known about each estimator, the best first."""
    heads = [
        "estimator",
        result.scoring,
        f"vs {result.baseline}",
        "p (adjusted)",
        "training score",
        "seed spread",
        "P(better)",
        "P(equal)",
        "P(worse)",
        "parameters",
        "multiply-adds",
        "fit (s)",
        "predict (s)",
        "failures",
        "assumes",
    ]
    frame = result.to_frame().sort_values("score", ascending=False, na_position="last")
    rows = [
        [
            str(row.Index),
            _score(frame, row.Index),
            difference_of(result, row),
            Number.small(row.p_value),
            Number.of(row.train_score, ".3f"),
            Number.of(row.seed_std, ".3f"),
            Number.probability(row.p_better),
            Number.probability(row.p_equal),
            Number.probability(row.p_worse),
            Number.of(row.parameters, ",d"),
            Number.of(row.multiply_adds, ",d"),
            Number.seconds(row.fit_time),
            Number.seconds(row.predict_time),
            Number.of(row.failures, "d"),
            row.assumption,
        ]
        for row in records(frame)
    ]
    if frame["seed_std"].isna().all():
        column = heads.index("seed spread")
        heads, *rows = ([*row[:column], *row[column + 1 :]] for row in (heads, *rows))
    return Table("All estimators", heads, rows, sorted_by=1)


def table_of_other_scores(result: ComparisonResult) -> Table:
    """The further scores; without rows if there are none."""
    frames: list[Any] = [result.to_frame(scoring) for scoring in result.other_scorings]
    rows = [
        [name, *(_score(frame, name) for frame in frames)]
        for name in (result.estimators if frames else ())
    ]
    return Table("Other scores", ["estimator", *result.other_scorings], rows)


def table_of_representatives(result: ComparisonResult) -> Table:
    """The networks that stand for each bias; without rows if there was no choice."""
    rows = [
        [
            row.estimator,
            Number.of(row.score, ".3f"),
            Number.of(row.chosen, "d"),
            row.representative,
        ]
        for row in records(result.representatives())
    ]
    heads = ["estimator", f"{result.scoring}, inner folds", "folds that chose it", "network"]
    return Table("Networks that stand for each bias", heads, rows)


def difference_of(result: ComparisonResult, row: Any) -> Number:
    """The difference to the baseline in a row of `to_frame`."""
    if row.Index == result.baseline:
        return Number("baseline", np.nan)
    ends = row.difference, row.difference_low, row.difference_high
    return Number.with_interval(*ends, sign="+")


def _score(frame: pd.DataFrame, name: Any) -> Number:
    row: Any = frame.loc[name]
    ends = row["score"], row["score_low"], row["score_high"]
    return Number(with_ends(*ends), row["score"])
