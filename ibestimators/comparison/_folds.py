"""Training and test rows of each fold, and the seeds of the estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    check_cv,
)
from sklearn.utils.multiclass import type_of_target


def make_splits(
    cv: Any,
    n_repeats: int,
    X: Any,
    y: Any,
    classifier: bool,
    groups: Any,
    generator: np.random.RandomState,
) -> list[Any]:
    """Training and test rows of each fold, those of each repeat together."""
    if not isinstance(cv, (int, np.integer)):
        if n_repeats > 1:
            raise ValueError(
                f"n_repeats={n_repeats} is for an int as cv; give a splitter that repeats instead, "
                "such as RepeatedStratifiedKFold."
            )
        return list(check_cv(cv, y, classifier=classifier).split(X, y, groups))
    stratify = can_stratify(classifier, y)
    if groups is None:
        kind = StratifiedKFold if stratify else KFold
    else:
        kind = StratifiedGroupKFold if stratify else GroupKFold
    splits: list[Any] = []
    for _ in range(n_repeats):
        folds = kind(int(cv), shuffle=True, random_state=generator.randint(2**31 - 1))
        splits += folds.split(X, y, groups)
    return splits


def can_stratify(classifier: bool, y: Any) -> bool:
    """Whether y is one class a sample, whose shares folds can keep."""
    return classifier and type_of_target(y) in ("binary", "multiclass")


def with_seeds(est: BaseEstimator, generator: np.random.RandomState) -> BaseEstimator:
    """Give each parameter `random_state` that is None a seed."""
    unset = [
        name
        for name, value in sorted(est.get_params().items())
        if (name == "random_state" or name.endswith("__random_state")) and value is None
    ]
    return est.set_params(**{name: generator.randint(2**31 - 1) for name in unset})
