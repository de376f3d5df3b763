"""What the rows of a result's cells, one for each fit, have in common."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from ibestimators.formatting import counted, runs


def ratio_of_sizes(cells: pd.DataFrame) -> float:
    """Mean ratio of test samples to training samples of a fold."""
    sizes = cells.groupby("fold")[["n_train", "n_test"]].first()
    return float((sizes["n_test"] / sizes["n_train"]).mean())


def test_size(cells: pd.DataFrame) -> float:
    """Mean number of test samples of a fold."""
    return float(cells.groupby("fold")["n_test"].first().mean())


def count_folds(cells: pd.DataFrame) -> int:
    """The number of folds."""
    return int(cells["fold"].nunique())


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


def unfinished_training(cells: pd.DataFrame, scoring: str) -> list[tuple[str, str]]:
    """Which networks were not trained to the end, and how they score on their own training data.

    Parameters
    ----------
    cells : pandas.DataFrame
        With ``estimator``, ``converged`` and ``train_score``, if it has them.
    scoring : str
        Name of the score.

    Returns
    -------
    list of pairs of str
        The name of an estimator, and a sentence.
    """
    found = []
    if "converged" in cells:
        for name, own in cells.dropna(subset="converged").groupby("estimator", sort=False):
            if own["converged"].astype(bool).mean() > 0.5:
                continue
            score = own["train_score"].astype(float).mean()
            found.append(
                (
                    str(name),
                    f"{name} was not trained to the end: its training loss was still falling, and "
                    f"{scoring} on its own training data is {score:.3f}. Raise max_epochs.",
                )
            )
    return found


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
