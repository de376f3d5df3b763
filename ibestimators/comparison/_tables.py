"""The tables of a comparison, for the terminal and for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ibestimators.comparison._cells import scores_by_fold
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


def table_of_differences(result: ComparisonResult) -> Table:
    """The score and the difference of each estimator, the best first."""
    heads = ["estimator", result.scoring, f"vs {result.baseline}", "p", "assumes"]
    frame = _best_first(result)
    rows = [
        [
            str(row.Index),
            _score(frame, row.Index),
            difference_of(result, row),
            Number.small(row.p_value),
            row.assumption,
        ]
        for row in records(frame)
    ]
    return Table("Estimators, scores and differences", heads, rows, sorted_by=1)


def table_of_scores(result: ComparisonResult) -> Table:
    """All other numbers of each estimator, the best first."""
    others: dict[str, Any] = {name: result.to_frame(name) for name in result.other_scorings}
    heads = [
        "estimator",
        result.scoring,
        *others,
        "training score",
        "seed spread",
        "P(better)",
        "P(equal)",
        "P(worse)",
        "parameters",
        "multiply-adds",
        "fit (s)",
        "predict (s)",
        "failed",
    ]
    frame = _best_first(result)
    rows = [
        [
            str(row.Index),
            Number.of(row.score, ".3f"),
            *(_score(other, row.Index) for other in others.values()),
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
        ]
        for row in records(frame)
    ]
    table = Table("Scores, probabilities and costs", heads, rows, sorted_by=1)
    return table.without("seed spread") if frame["seed_std"].isna().all() else table


def table_of_folds(result: ComparisonResult) -> Table:
    """The score of each estimator in each fold."""
    scores = scores_by_fold(result.cells)[[*result.estimators]]
    sizes = result.cells.groupby("fold")[["n_train", "n_test"]].first()
    rows = [
        [
            str(size.Index + 1),
            Number.of(size.n_train, ",d"),
            Number.of(size.n_test, ",d"),
            *(Number.of(score, ".3f") for score in own),
        ]
        for size, own in zip(records(sizes), scores.to_numpy(), strict=True)
    ]
    heads = ["fold", "training samples", "test samples", *map(str, scores)]
    return Table(f"{result.scoring} in each fold", heads, rows)


def _best_first(result: ComparisonResult) -> pd.DataFrame:
    return result.to_frame().sort_values("score", ascending=False, na_position="last")


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
