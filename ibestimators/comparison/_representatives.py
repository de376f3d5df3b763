"""Does a verdict hang on the network that stands for a bias?

Each bias has two representatives. One is chosen inside the training part of each fold, and the
inner scores of all say what every choice would have found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV

from ibestimators.formatting import significant

INNER_FOLDS = 3


def names_of(search: GridSearchCV) -> list[str]:
    """What each representative changes, such as "kernel_size=3"; "default" changes nothing."""
    return [
        ", ".join(f"{key.rpartition('__')[2]}={values[0]!r}" for key, values in grid.items())
        or "default"
        for grid in search.param_grid
    ]


def inner_scores(cells: pd.DataFrame, searches: Mapping[str, GridSearchCV]) -> pd.DataFrame:
    """Mean inner score of each representative over the folds.

    Parameters
    ----------
    cells : pandas.DataFrame
        With ``inner_scores``, a list for each fit of a search.
    searches : dict of str to GridSearchCV

    Returns
    -------
    pandas.DataFrame
        ``estimator``, ``representative``, ``score`` and ``chosen``, the number of folds that
        chose it.
    """
    rows = []
    for name, search in searches.items():
        own = cells.loc[cells["estimator"] == name, "inner_scores"].dropna()
        if own.empty:
            continue
        scores = np.array([*own], dtype=float)
        chosen = Counter(np.argmax(np.nan_to_num(scores, nan=-np.inf), axis=1).tolist())
        means = scores.mean(axis=0)
        rows += [
            {"estimator": name, "representative": label, "score": mean, "chosen": chosen[i]}
            for i, (label, mean) in enumerate(zip(names_of(search), means, strict=True))
        ]
    return pd.DataFrame(rows, columns=["estimator", "representative", "score", "chosen"])


def in_words(frame: pd.DataFrame) -> list[str]:
    """Whether one bias leads whichever network stands for each; nothing of fewer than two."""
    known = frame.dropna(subset="score")
    groups: dict[Any, list[float]] = {
        name: own.tolist() for name, own in known.groupby("estimator", sort=False)["score"]
    }
    if len(groups) < 2:
        return []
    names = [*groups]
    leads: dict[Any, list[float]] = {}
    for choice in product(*groups.values()):
        second, first = sorted(choice)[-2:]
        leads.setdefault(names[int(np.argmax(choice))], []).append(first - second)
    if len(leads) == 1:
        ((name, gaps),) = leads.items()
        low, high = significant(min(gaps)), significant(max(gaps))
        size = low if low == high else f"{low} to {high}"
        return [
            f"{name} leads by {size} in the inner folds, whichever network stands for each bias."
        ]
    n_choices = sum(len(gaps) for gaps in leads.values())
    parts = [
        f"{name} in {len(gaps)}"
        for name, gaps in sorted(leads.items(), key=lambda item: -len(item[1]))
    ]
    return [
        f"Which bias leads in the inner folds depends on the networks that stand for them: "
        f"{', '.join(parts)} of {n_choices} choices."
    ]
