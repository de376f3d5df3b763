"""What the folds show: the score of each estimator, and its difference to the others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pandas as pd

from ibestimators.comparison._cells import scores_by_fold, test_size
from ibestimators.comparison._statistics import (
    bounds_of,
    correlated_bayes,
    detectable_difference,
    resampled_interval,
    resampled_p_value,
    resolution,
    score_interval,
)

if TYPE_CHECKING:
    from ibestimators.comparison._result import ComparisonResult


def table_of_estimators(result: ComparisonResult, scoring: str | None) -> pd.DataFrame:
    """A row for each estimator, as `ComparisonResult.to_frame` describes it."""
    column = column_of(result, scoring)
    scores = scores_by_fold(result.cells, column)
    scoring = scoring or result.scoring
    rows = []
    for name in result.estimators:
        own = result.cells[result.cells["estimator"] == name]
        ends = score_interval(
            scores[name],
            result.test_train_ratio,
            bounds_of(scoring),
            test_size(result.cells),
            _looks(result),
        )
        rows.append(
            {
                "estimator": name,
                "assumption": result.assumptions[name],
                "parameters": own["n_parameters"].max(),
                "multiply_adds": own["multiply_adds"].max(),
                **dict(zip(("score", "score_low", "score_high"), ends, strict=True)),
                "train_score": _mean(own, "train_score"),
                "converged": _mostly(own, "converged"),
                "seed_std": np.sqrt(_mean(own.filter(["seed_std"]) ** 2, "seed_std")),
                **_compared(result, scores, name, scoring),
                "fit_time": own["fit_time"].mean(),
                "predict_time": own["predict_time"].mean(),
                "failures": int((own[column].isna() | own["error"].notna()).sum()),
            }
        )
    frame = pd.DataFrame(rows).set_index("estimator")
    return frame.astype({"parameters": "Int64", "multiply_adds": "Int64", "converged": "boolean"})


def _compared(
    result: ComparisonResult, scores: pd.DataFrame, name: str, scoring: str
) -> dict[str, Any]:
    """The columns on the difference of an estimator to the baseline."""
    gain = scores[name] - scores[result.baseline]
    if name == result.baseline:
        gain = gain * np.nan
    ratio, n_tests = result.test_train_ratio, max(1, len(result.estimators) - 1) * _looks(result)
    step = resolution(scoring, test_size(result.cells))
    mean, low, high = resampled_interval(gain, ratio, n_tests, step, _widest(scoring))
    worse, equal, better = correlated_bayes(gain, ratio, result.rope, step)
    return {
        "difference": mean,
        "difference_low": low,
        "difference_high": high,
        "p_value": resampled_p_value(gain, ratio, n_tests, step),
        "detectable": detectable_difference(gain, ratio, n_tests, step),
        "p_worse": worse,
        "p_equal": equal,
        "p_better": better,
        "finding": _finding(low, high, result.rope),
    }


def table_of_pairs(result: ComparisonResult, scoring: str | None) -> pd.DataFrame:
    """A row for each pair of estimators, as `ComparisonResult.pairs` describes it."""
    scores = scores_by_fold(result.cells, column_of(result, scoring)).dropna(axis=1, how="all")
    scoring = scoring or result.scoring
    ratio, step = result.test_train_ratio, resolution(scoring, test_size(result.cells))
    pairs = [*combinations(_ranked(scores), 2)]
    n_tests = len(pairs) * _looks(result)
    rows = []
    for better, other in pairs:
        gain = scores[better] - scores[other]
        ends = resampled_interval(gain, ratio, n_tests, step, _widest(scoring))
        p_value = resampled_p_value(gain, ratio, n_tests, step)
        rows.append([*ends, p_value, _finding(*ends[1:], result.rope)])
    columns = ["difference", "difference_low", "difference_high", "p_value", "finding"]
    index = pd.MultiIndex.from_tuples(pairs, names=["estimator", "other"])
    return pd.DataFrame(rows, index=index, columns=columns)


def tied_groups(result: ComparisonResult, scoring: str | None) -> list[tuple[str, ...]]:
    """Estimators that no pair tells apart, as `ComparisonResult.ties` describes them."""
    pairs = result.pairs(scoring)
    ranked = _ranked(scores_by_fold(result.cells, column_of(result, scoring)))
    tied: nx.Graph = nx.Graph()
    tied.add_nodes_from(ranked)
    tied.add_edges_from(pairs.index[~pairs["finding"].isin(["better", "worse"])])
    groups = [sorted(map(ranked.index, clique)) for clique in nx.find_cliques(tied)]
    return [tuple(ranked[i] for i in group) for group in sorted(groups)]


def _looks(result: ComparisonResult) -> int:
    """How often intervals were or might have been looked at, each time to end the comparison."""
    return 1 if result.design is None else result.design.n_looks


def column_of(result: ComparisonResult, scoring: str | None) -> str:
    """The column of the cells that holds a score."""
    if scoring is None or scoring == result.scoring:
        return "score"
    if scoring not in result.other_scorings:
        raise ValueError(
            f"scoring={scoring!r} was not computed; there is "
            f"{', '.join([result.scoring, *result.other_scorings])}."
        )
    return scoring


def _ranked(scores: pd.DataFrame) -> Sequence[str]:
    """Estimators that have a score, the highest mean first."""
    means = scores.mean().dropna()
    return [*map(str, means.sort_values(ascending=False, kind="stable").index)]


def _finding(low: float, high: float, rope: float) -> str | None:
    """What an interval of a difference says."""
    if pd.isna(low):
        return None
    if -rope <= low and high <= rope:
        return "equal"
    if low > 0 or high < 0:
        return "better" if low > 0 else "worse"
    return "undecided"


def _widest(scoring: str) -> tuple[float, float]:
    """What a difference of two scores cannot exceed."""
    low, high = bounds_of(scoring)
    return low - high, high - low


def _mean(cells: pd.DataFrame, column: str) -> float:
    """The mean of a column that cells of an older version lack."""
    return float(cells[column].astype(float).mean()) if column in cells else np.nan


def _mostly(cells: pd.DataFrame, column: str) -> bool | None:
    """Whether a column is true in most rows that have it."""
    known = list(cells[column].dropna()) if column in cells else []
    return bool(np.mean(known) > 0.5) if known else None
