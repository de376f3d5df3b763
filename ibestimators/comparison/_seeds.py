"""How much scores move with the seed alone: each fit of a fold is repeated with several seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from ibestimators.comparison._fold_task import FoldTask
from ibestimators.comparison._setup import Setup

TIMES = ("train_score", "fit_time", "predict_time")


def tasks_of_seeds(setup: Setup, n_seeds: int) -> list[FoldTask]:
    """The fits of all estimators in all folds, with `n_seeds` seeds each.

    The first are those of the setup, whose predictions are kept. An estimator without a parameter
    ``random_state`` is fitted once.
    """
    if n_seeds == 1:
        return [*setup.tasks()]
    seeds = [setup.estimators]
    for _ in range(n_seeds - 1):
        others = {n: _with_other_seeds(e, setup.generator) for n, e in setup.estimators.items()}
        seeds.append({name: est for name, est in others.items() if est is not None})
    return [
        setup.task(name, fold, est, seed=seed)
        for fold in range(len(setup.splits))
        for seed, estimators in enumerate(seeds)
        for name, est in estimators.items()
    ]


def _with_other_seeds(est: BaseEstimator, generator: np.random.RandomState) -> BaseEstimator | None:
    """A copy with new seeds, also where one was given; None if it has none."""
    names = [name for name in sorted(est.get_params()) if name.split("__")[-1] == "random_state"]
    seeds = {name: generator.randint(2**31 - 1) for name in names}
    return clone(est).set_params(**seeds) if seeds else None


def mean_over_seeds(cells: pd.DataFrame, scores: Sequence[str]) -> pd.DataFrame:
    """A row for each estimator and fold: the means over seeds, and the spread ``seed_std``.

    Parameters
    ----------
    cells : pandas.DataFrame
        With ``seed``, or they are returned as they are.
    scores : sequence of str
        Columns of scores, the one that decides first.

    Returns
    -------
    pandas.DataFrame
        ``seed_std`` is the standard deviation of the first score; NaN with one seed. What is no
        score and no time is that of the first seed, an error that of the first fit that failed.
    """
    if "seed" not in cells:
        return cells
    columns = [*scores, *TIMES]
    numbers = cells.astype(dict.fromkeys(columns, float))
    fits = numbers.groupby(["estimator", "fold"], sort=False)
    whole = fits.first()
    whole[columns] = fits[columns].mean()
    whole["seed_std"] = fits[scores[0]].std(ddof=1)
    return whole.drop(columns="seed").reset_index()[[*cells.columns.drop("seed"), "seed_std"]]
