"""Training and test rows of each fold, and the seeds of the estimators."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.model_selection import (
    BaseCrossValidator,
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    check_cv,
)
from sklearn.utils import _safe_indexing
from sklearn.utils.multiclass import type_of_target


def make_splits(
    cv: Any,
    n_repeats: int,
    X: Any,
    y: Any,
    classifier: bool,
    stratified: bool,
    groups: Any,
    generator: np.random.RandomState,
) -> list[Any]:
    """Training and test rows of each fold, repeat after repeat."""
    if not isinstance(cv, Integral):
        if n_repeats > 1:
            raise ValueError(
                f"n_repeats={n_repeats} needs an int as cv. Give a splitter that repeats instead, "
                "such as RepeatedStratifiedKFold."
            )
        return list(check_cv(cv, y, classifier=classifier).split(X, y, groups))
    splits: list[Any] = []
    for _ in range(n_repeats):
        folds = shuffled_folds(
            int(cv), generator.randint(2**31 - 1), stratified, groups is not None
        )
        splits += folds.split(X, y, groups)
    return splits


def shuffled_folds(n_splits: int, seed: int, stratified: bool, grouped: bool) -> BaseCrossValidator:
    """A splitter that shuffles, keeps the proportions of classes and keeps groups whole."""
    splitters = {
        (False, False): KFold,
        (True, False): StratifiedKFold,
        (False, True): GroupKFold,
        (True, True): StratifiedGroupKFold,
    }
    return splitters[stratified, grouped](n_splits, shuffle=True, random_state=seed)


def can_stratify(classifier: bool, y: Any) -> bool:
    """Whether y has one class per sample, so that folds can keep the proportions of classes."""
    return classifier and type_of_target(y) in ("binary", "multiclass")


def with_seeds(est: BaseEstimator, generator: np.random.RandomState) -> BaseEstimator:
    """Set each parameter `random_state` that is None to a seed."""
    unset = [
        name
        for name, value in sorted(est.get_params().items())
        if (name == "random_state" or name.endswith("__random_state")) and value is None
    ]
    return est.set_params(**{name: generator.randint(2**31 - 1) for name in unset})


def nested_order(rows: NDArray[Any], strata: Any, generator: np.random.RandomState) -> NDArray[Any]:
    """A random order of rows, of which every beginning keeps the proportions of the classes."""
    order = generator.permutation(rows)
    if strata is None:
        return order
    labels = np.asarray(_safe_indexing(strata, order))
    _, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    rank = pd.Series(codes).groupby(codes).cumcount().to_numpy()
    # Seats by Sainte-Laguë's quotients, after a first seat for each class.
    return order[np.lexsort(((rank + 0.5) / counts[codes], rank > 0))]
