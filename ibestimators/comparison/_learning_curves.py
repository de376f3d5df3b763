"""How much data is an inductive bias worth?

Scores of several estimators against the number of training samples. In each
fold all estimators are trained on the same nested subsets, so that their
scores can be compared fold by fold. An estimator is worth k times the data of
the baseline if it reaches with n samples what the baseline reaches with k n:
the horizontal distance between two curves, read within the sizes that were
tried and never beyond them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from joblib import delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.utils import _safe_indexing, indexable

from ibestimators.base import random_generator
from ibestimators.comparison._compare import candidates, score_names
from ibestimators.comparison._fold_task import FoldTask, collect_with_progress, run_in_order
from ibestimators.comparison._folds import can_stratify, make_splits, with_seeds
from ibestimators.comparison._learning_curves_result import LearningCurvesResult
from ibestimators.comparison._result import assumption

SMALLEST = 20
SMALLEST_PER_CLASS = 3


def compare_learning_curves(
    X: ArrayLike,
    y: ArrayLike,
    estimators: Mapping[str, BaseEstimator] | None = None,
    *,
    train_sizes: Sequence[int] | NDArray[np.integer[Any]] | None = None,
    cv: Any = 5,
    scoring: Any = None,
    baseline: str | None = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
) -> LearningCurvesResult:
    """Compare estimators by how much data they need.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        Whatever the estimators read.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Class labels or numbers.
    estimators : dict of str to estimator, default=None
        Any scikit-learn estimators, pipelines or searches, by name. None takes
        the five biases, as classifiers or regressors by `guess_task`.
    train_sizes : sequence of int, default=None
        Numbers of training samples, increasing. None takes six, evenly spaced on a
        log scale, from 20 (or 3 a class, if that is more) to a whole training fold.
        Subsets of a fold are nested; for classifiers they keep the shares of the
        classes, and have a sample of each where they are large enough.
    cv : int, splitter or iterable of splits, default=5
        An int makes that many shuffled folds, stratified by class; a splitter does
        as it does.
    scoring : str or callable, default=None
        As in scikit-learn; None takes accuracy or R².
    baseline : str, default=None
        Name of the estimator to compare to; None takes the first.
    n_jobs : int, default=None
        Fits at a time, through joblib.
    random_state : int, RandomState instance or None, default=None
        Decides shuffled folds, subsets, and the estimators' own ``random_state``
        where that is None.
    verbose : int, default=0
        Above 0, shows a progress bar.

    Returns
    -------
    LearningCurvesResult
        Prints as a table, with a sentence for each estimator. A fit that fails
        costs its own cell alone.

    Raises
    ------
    ValueError
        If `estimators` is empty, `baseline` is not in it, `scoring` is several
        scores, `train_sizes` are not increasing or more than a training fold has, or
        every fit fails.

    References
    ----------
    Viering & Loog, "The shape of learning curves: a review", IEEE TPAMI 45 (2023).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from ibestimators.comparison._learning_curves import compare_learning_curves
    >>> X, y = load_iris(return_X_y=True)
    >>> candidates = {"neighbours": KNeighborsClassifier(), "normal": GaussianNB()}
    >>> result = compare_learning_curves(X, y, candidates, train_sizes=[15, 120], random_state=0)
    >>> round(float(result.to_frame().loc[("normal", 15), "score"]), 1)
    0.9
    >>> list(result.data_efficiency().index)
    ['normal']
    """
    X, y = indexable(X, y)
    if not (scoring is None or isinstance(scoring, str) or callable(scoring)):
        raise ValueError(f"scoring must be one score, a str or a callable, got {scoring!r}.")
    estimators, baseline = candidates(estimators, baseline, y)

    generator = random_generator(random_state)
    classifier = is_classifier(estimators[baseline])
    splits = make_splits(cv, 1, X, y, classifier, None, generator)
    # Seeds are drawn as in compare_biases: at the size of a fold its scores come out again.
    prepared = {name: with_seeds(clone(est), generator) for name, est in estimators.items()}
    scorers = {name: check_scoring(est, scoring) for name, est in prepared.items()}
    strata = y if can_stratify(classifier, y) else None
    sizes = _sizes_within(train_sizes, min(len(train) for train, _ in splits), strata)
    orders = [_nested_order(train, strata, generator) for train, _ in splits]
    tasks = [(f, n, name) for f in range(len(splits)) for n in sizes for name in prepared]
    work = (
        # In the order of the data, as folds are.
        delayed(
            FoldTask(
                name,
                prepared[name],
                scorers[name],
                X,
                y,
                [f],
                [(np.sort(orders[f][:n]), splits[f][1])],
            )
        )()
        for f, n, name in tasks
    )
    labels = [(f"{name} with {n:,} samples", [f]) for f, n, name in tasks]
    cells = pd.DataFrame(collect_with_progress(run_in_order(n_jobs, work), labels, verbose))
    if cells["score"].isna().all():
        raise ValueError(f"Every fit failed. The first reason: {cells['error'].dropna().iloc[0]}")
    return LearningCurvesResult(
        cells=cells[["estimator", "fold", "n_train", "score", "fit_time", "error"]],
        assumptions={name: assumption(est) for name, est in prepared.items()},
        baseline=baseline,
        scoring=score_names(scoring, classifier)[0],
        # Folds are correlated through the training samples that they share. Subsets share fewer
        # than whole folds do, so that the ratio of whole folds is on the safe side for all.
        test_train_ratio=float(np.mean([len(test) / len(train) for train, test in splits])),
    )


def _sizes_within(train_sizes: Any, largest: int, strata: Any) -> list[int]:
    """The sizes asked for, or six that fit the smallest training fold."""
    if train_sizes is None:
        n_classes = 0 if strata is None else len(np.unique(strata))
        smallest = max(SMALLEST, SMALLEST_PER_CLASS * n_classes)
        if largest <= smallest:
            raise ValueError(
                f"train_sizes=None begins with {smallest} samples, but a training fold has only "
                f"{largest}; give train_sizes, or more data."
            )
        train_sizes = np.unique(np.geomspace(smallest, largest, 6).round().astype(int))
    sizes = np.asarray(train_sizes)
    counts = sizes.ndim == 1 and sizes.size > 0 and sizes.dtype.kind in "iu"
    if not counts or sizes[0] < 1 or (np.diff(sizes.astype(int)) <= 0).any():
        raise ValueError(
            f"train_sizes must be increasing whole numbers of samples, such as [50, 100, 200], "
            f"got {train_sizes!r}."
        )
    if sizes[-1] > largest:
        raise ValueError(
            f"train_sizes goes up to {sizes[-1]}, but the smallest training fold has {largest} "
            f"samples; give sizes up to that, or a cv with more folds."
        )
    return [int(size) for size in sizes]


def _nested_order(
    train: NDArray[Any], strata: Any, generator: np.random.RandomState
) -> NDArray[Any]:
    """A random order of a fold, of which every beginning keeps the shares of the classes."""
    order = generator.permutation(train)
    if strata is None:
        return order
    labels = np.asarray(_safe_indexing(strata, order))
    _, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    rank = pd.Series(codes).groupby(codes).cumcount().to_numpy()
    # Seats by Sainte-Laguë's quotients, after a first seat for each class.
    return order[np.lexsort(((rank + 0.5) / counts[codes], rank > 0))]
