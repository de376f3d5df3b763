"""What the rows of a result's cells, one for each fit, have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ibestimators.comparison._fold_task import TRAINING
from ibestimators.comparison._statistics import bounds_of
from ibestimators.formatting import counted, records, runs

MAX_GAP = 0.25


def ratio_of_sizes(cells: pd.DataFrame) -> float:
    """Mean ratio of test samples to training samples of a fold."""
    sizes = cells.groupby("fold")[["n_train", "n_test"]].first()
    return float((sizes["n_test"] / sizes["n_train"]).mean())


def test_size(cells: pd.DataFrame) -> float:
    """Mean number of test samples of a fold; with weights, of as many of equal weight."""
    sizes = cells.groupby("fold")["n_test"].first()
    if "effective_n_test" in cells:
        sizes = cells.groupby("fold")["effective_n_test"].first().fillna(sizes)
    return float(sizes.mean())


def count_folds(cells: pd.DataFrame) -> int:
    """The number of folds."""
    return int(cells["fold"].nunique())


def scores_by_fold(cells: pd.DataFrame, column: str = "score") -> pd.DataFrame:
    """Scores, folds by estimators."""
    table = cells.pivot(index="fold", columns="estimator", values=column)
    return table.astype(float)


def gains_by_fold(cells: pd.DataFrame, baseline: str, names: Sequence[str]) -> pd.DataFrame:
    """Differences to the baseline, folds by the other estimators."""
    scores = scores_by_fold(cells)
    gains = scores.sub(scores[baseline], axis=0)
    return gains[[name for name in names if name != baseline]]


def training_of_networks(cells: pd.DataFrame) -> pd.DataFrame:
    """How the networks of this package were trained, in the first fold that they have."""
    known = cells.reindex(columns=["estimator", "fold", *TRAINING]).dropna()
    first = known.sort_values("fold", kind="stable").drop_duplicates("estimator")
    return first.set_index("estimator").astype(
        {"lr": float, "weight_decay": float, "batch_size": int, "max_epochs": int}
    )


def failed_fits(
    cells: pd.DataFrame, where: Callable[[pd.DataFrame], str] | None = None
) -> list[tuple[str, str]]:
    """Which fits failed and why, each reason once.

    Parameters
    ----------
    cells : pandas.DataFrame
        With ``estimator``, ``fold`` and ``error``.
    where : callable, default=None
        Says more about the cells of one reason than their folds.

    Returns
    -------
    list of pairs of str
        The name of an estimator, and a sentence.
    """
    failed = cells[cells["error"].notna()]
    found = []
    for (name, error), own in failed.groupby(["estimator", "error"], sort=False):
        n_fits = int((cells["estimator"] == name).sum())
        folds = sorted(int(fold) + 1 for fold in own["fold"].unique())
        at = f"fold{'' if len(folds) == 1 else 's'} {runs(folds)}"
        more = "" if where is None else f", {where(own)}"
        text = f"{len(own)} of {counted(n_fits, 'fit')} failed, in {at}{more}: {error}"
        found.append((str(name), text))
    return found


def unfinished_training(cells: pd.DataFrame, scoring: str) -> list[str]:
    """Which networks were not trained to the end, and how they score on their own training data.

    A network whose training loss still fell, or whose training score is more than `MAX_GAP` of the
    range of the score below that of another network.

    Parameters
    ----------
    cells : pandas.DataFrame
        With ``estimator``, ``converged`` and ``train_score``, if it has them.
    scoring : str
        Name of the score.

    Returns
    -------
    list of str
        A sentence for each.
    """
    if "converged" not in cells or cells["converged"].isna().all():
        return []
    networks = cells.dropna(subset="converged").astype({"train_score": float, "converged": bool})
    means = networks.groupby("estimator", sort=False)[["train_score", "converged"]].mean()
    best = means["train_score"].max()  # NaN without any
    leading = means.index[means["train_score"] == best]
    low, high = bounds_of(scoring)
    gap = MAX_GAP * (high - low if np.isfinite(low) else high or np.inf)
    sentences = []
    for row in records(means):
        own = f"its {scoring} on its own training data is {row.train_score:.3f}"
        if row.converged <= 0.5:
            sentences.append(
                f"{row.Index} was not trained to the end: its training loss was still falling, and "
                f"{own}. Raise max_epochs."
            )
        elif row.train_score < best - gap:
            sentences.append(
                f"{row.Index} may not be trained to the end: {own}, and that of {leading[0]} is "
                f"{best:.3f}. Try a larger max_epochs."
            )
    return sentences


def missing_scores(cells: pd.DataFrame) -> list[tuple[str, str]]:
    """Which further scores are missing and why, each reason once.

    Parameters
    ----------
    cells : pandas.DataFrame
        With ``estimator``, ``fold`` and ``score_error``, if it has it.

    Returns
    -------
    list of pairs of str
        The name of an estimator, and a sentence.
    """
    if "score_error" not in cells:
        return []
    found = []
    failed = cells[cells["score_error"].notna()]
    for (name, error), own in failed.groupby(["estimator", "score_error"], sort=False):
        folds = sorted(int(fold) + 1 for fold in own["fold"].unique())
        at = f"fold{'' if len(folds) == 1 else 's'} {runs(folds)}"
        found.append((str(name), f"no score in {at}: {error}"))
    return found
