"""Training and test rows of each fold, and the seeds of the estimators."""

from __future__ import annotations

import contextlib
import warnings
from copy import copy
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
    TimeSeriesSplit,
    check_cv,
)
from sklearn.utils import _safe_indexing
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _num_samples

BALANCE_DRAWS = 10


def make_splits(
    cv: Any,
    n_repeats: int,
    X: Any,
    y: Any,
    classifier: bool,
    stratified: bool,
    groups: Any,
    time: Any,
    generator: np.random.RandomState,
) -> list[Any]:
    """Training and test rows of each fold, repeat after repeat."""
    if isinstance(cv, type):
        raise TypeError(f"cv is the class {cv.__name__}. Give an object, such as {cv.__name__}().")
    if time is not None:
        if n_repeats > 1 or groups is not None:
            other = f"n_repeats={n_repeats}" if n_repeats > 1 else "groups"
            raise ValueError(f"time decides the folds, so that {other} has no use. Leave one out.")
        return splits_in_time(cv, time, _num_samples(X))
    if not isinstance(cv, Integral) and n_repeats == 1:
        return _split(check_cv(cv, y, classifier=classifier), X, y, groups)
    if not can_repeat(cv):
        kind = "Group" if groups is not None else "Stratified" if stratified else ""
        raise ValueError(
            f"n_repeats={n_repeats} needs a cv that makes new folds with a new seed, got {cv!r}. "
            f"Give an int, or a splitter such as {kind}KFold(5, shuffle=True)."
        )
    repeats: list[list[Any]] = []
    for _ in range(n_repeats):
        seed = generator.randint(2**31 - 1)
        if not isinstance(cv, Integral):
            folds = copy(cv)
            folds.random_state = seed
            repeats.append(_split(folds, X, y, groups))
        elif groups is not None and stratified and n_repeats > 1:
            repeats.append(_balanced_groups(int(cv), seed, X, y, groups, repeats))
        else:
            folds = shuffled_folds(int(cv), seed, stratified, groups is not None)
            repeats.append(_split(folds, X, y, groups))
    different = {*map(_partition, repeats)}
    if groups is not None and len(different) < n_repeats:
        raise ValueError(
            f"n_repeats={n_repeats} with cv={cv} makes the same folds of the groups again, which "
            f"adds nothing. Use at most n_repeats={len(different)}, or fewer folds than groups."
        )
    return [split for splits in repeats for split in splits]


def _partition(splits: list[Any]) -> frozenset[bytes]:
    """The folds without their order."""
    return frozenset(test.tobytes() for _, test in splits)


def _balanced_groups(
    n_splits: int, seed: int, X: Any, y: Any, groups: Any, before: list[list[Any]]
) -> list[Any]:
    """The folds, of several random ones, whose proportions of classes differ least.

    Not those of `before`, if there are others.

    A shuffled StratifiedGroupKFold makes the same folds with nearly all seeds, since it deals out
    the groups in the order of their numbers of samples in each class.
    """
    random = np.random.RandomState(seed)
    codes = np.unique(np.asarray(y), return_inverse=True)[1]
    whole = np.bincount(codes) / len(codes)

    def imbalance(splits: list[Any]) -> float:
        shares = [np.bincount(codes[test], minlength=len(whole)) / len(test) for _, test in splits]
        return float(np.abs(shares - whole).sum())

    drawn = [
        _split(GroupKFold(n_splits, shuffle=True, random_state=random), X, y, groups)
        for _ in range(BALANCE_DRAWS)
    ]
    taken = {*map(_partition, before)}
    return min(drawn, key=lambda splits: (_partition(splits) in taken, imbalance(splits)))


def can_repeat(cv: Any) -> bool:
    """Whether a new seed makes new folds."""
    return isinstance(cv, Integral) or (
        hasattr(cv, "random_state") and bool(getattr(cv, "shuffle", True))
    )


def _split(cv: Any, X: Any, y: Any, groups: Any) -> list[Any]:
    try:
        with warnings.catch_warnings():  # of groups that are ignored there is a warning below
            warnings.filterwarnings("ignore", "The groups parameter is ignored")
            splits = list(cv.split(X, y, groups))
    except ValueError as error:
        if groups is None and "'groups'" in str(error):
            raise ValueError(
                f"cv={cv} needs the group of each sample. Give groups=, such as an array of the "
                "patients."
            ) from error
        raise
    mixed = groups is not None and any(
        np.isin(_safe_indexing(groups, train), _safe_indexing(groups, test)).any()
        for train, test in splits
    )
    if mixed:
        warnings.warn(
            f"cv={cv} ignores groups: samples of one group are in training and test parts. Give an "
            "int, or a splitter that keeps groups whole, such as GroupKFold.",
            UserWarning,
            stacklevel=6,  # behind `reads_containers`
        )
    return splits


def splits_in_time(cv: Any, time: Any, n_samples: int) -> list[Any]:
    """Folds that are trained on the past and tested on the future.

    Parameters
    ----------
    cv : int or splitter
        Splits the distinct times of samples, in order; an int is the number of splits of
        `TimeSeriesSplit`.
    time : array-like of shape (n_samples,) or (n_samples, 2)
    n_samples : int

    Returns
    -------
    list of tuple
        Training rows and test rows of each fold.

    Raises
    ------
    ValueError
        If the times are not valid, or no sample is left to train on.
    """
    first, last = _checked_time(time, n_samples)
    moments, moment = np.unique(first, return_inverse=True)
    if not (isinstance(cv, Integral) or hasattr(cv, "split")):
        raise ValueError(
            f"time decides the folds, so that cv must be an int or a splitter, got {cv!r}. Leave "
            "time out to use ready-made splits."
        )
    if isinstance(cv, Integral):
        if len(moments) <= int(cv):
            raise ValueError(
                f"cv={cv} needs at least {cv + 1} different times, but time has {len(moments)}."
            )
        cv = TimeSeriesSplit(int(cv))
    splits = []
    for fold, (_, later) in enumerate(check_cv(cv).split(moments)):
        test = np.flatnonzero(np.isin(moment, later))
        train = np.flatnonzero(last < first[test].min())
        if len(train) == 0:
            raise ValueError(
                f"No sample ends before the test samples of fold {fold} begin. Use fewer folds, "
                "more samples, or shorter ones, such as windows with a shorter horizon."
            )
        splits.append((train, test))
    return splits


def _checked_time(time: Any, n_samples: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The first and the last time of each sample."""
    times = np.asarray(time)
    if times.dtype == object:  # such as pandas' timestamps
        with contextlib.suppress(TypeError, ValueError):  # refused below
            dates = pd.to_datetime(pd.Series(times.ravel()), utc=True).dt.tz_localize(None)
            times = np.asarray(dates).reshape(times.shape)
    if times.dtype.kind not in "iufM" or times.shape not in ((n_samples,), (n_samples, 2)):
        raise ValueError(
            f"time must be numbers or dates, of shape ({n_samples},) or, with the first and the "
            f"last time of each sample, ({n_samples}, 2), got shape {times.shape} and "
            f"dtype {times.dtype}."
        )
    if pd.isna(times).any():
        row = int(np.argwhere(pd.isna(times))[0][0])
        raise ValueError(f"time has no value for sample {row}. Fill it, or leave the sample out.")
    first, last = (times, times) if times.ndim == 1 else times.T
    if (last < first).any():
        row = int(np.argmax(last < first))
        raise ValueError(f"time says that sample {row} ends at {last[row]}, before {first[row]}.")
    return first, last


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
