"""What the rows of a result's cells, one for each fit, have in common."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from ibestimators.formatting import counted, runs


def ratio_of_sizes(cells: pd.DataFrame) -> float:
    """Mean ratio of test samples to training samples of a fold."""
    sizes = cells.groupby("fold")[["n_train", "n_test"]].first()
    return float((sizes["n_test"] / sizes["n_train"]).mean())


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
