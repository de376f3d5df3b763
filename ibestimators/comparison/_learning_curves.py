"""How much data is an inductive bias worth?

Scores of several estimators by the number of training samples. In each fold all estimators are
trained on the same nested subsets, so that their scores can be compared fold by fold. An
estimator is worth k times the data of the baseline if it reaches with n samples the score that
the baseline reaches with k n: the horizontal distance between two curves, within the sizes that
were measured and without extrapolation.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ibestimators.comparison._estimators import Estimators, assumption
from ibestimators.comparison._learning_curves_result import LearningCurvesResult
from ibestimators.comparison._setup import prepare
from ibestimators.comparison._shared_parameters import shares_parameters
from ibestimators.folds import nested_order
from ibestimators.structures import reads_containers

SMALLEST = 20
SMALLEST_PER_CLASS = 3


@shares_parameters
@reads_containers
def compare_learning_curves(
    X: Any,
    y: ArrayLike | None,
    estimators: Estimators = None,
    *,
    train_sizes: Sequence[int] | NDArray[np.integer[Any]] | None = None,
    cv: Any = 5,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    time: ArrayLike | None = None,
    scoring: Any = None,
    baseline: str | None = None,
    n_repeats: int = 1,
    cache: str | os.PathLike[str] | None = None,
    error_score: str | float = np.nan,
    n_jobs: int | str | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
) -> LearningCurvesResult:
    """Compare estimators by how much data they need.

    Parameters
    ----------
    {data}
    train_sizes : sequence of int, default=None
        Numbers of training samples, increasing. None takes six, evenly spaced on a
        log scale, from 20 (or 3 per class, if that is more) to a whole training fold.
        Subsets of a fold are nested. For classifiers they keep the proportions of the
        classes, and have a sample of each class where they are large enough.
    {cv}
    {options}

    Returns
    -------
    LearningCurvesResult
        Prints as a table, with a sentence for each estimator. If a fit fails, the others
        continue.

    Raises
    ------
    ValueError
        If `estimators` is empty, `baseline` is not in it, a parameter is invalid,
        `train_sizes` do not increase or exceed a training fold, or every fit fails.

    References
    ----------
    Viering & Loog, "The shape of learning curves: a review", IEEE TPAMI 45 (2023).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from ibestimators import compare_learning_curves
    >>> X, y = load_iris(return_X_y=True)
    >>> candidates = {"neighbours": KNeighborsClassifier(), "normal": GaussianNB()}
    >>> result = compare_learning_curves(X, y, candidates, train_sizes=[15, 120], random_state=0)
    >>> round(float(result.to_frame().loc[("normal", 15), "score"]), 1)
    0.9
    >>> list(result.data_efficiency().index)
    ['normal']
    """
    setup = prepare(
        X,
        y,
        estimators,
        cv=cv,
        groups=groups,
        sample_weight=sample_weight,
        time=time,
        scoring=scoring,
        baseline=baseline,
        n_repeats=n_repeats,
        cache=cache,
        error_score=error_score,
        n_jobs=n_jobs,
        random_state=random_state,
        verbose=verbose,
    )
    strata = setup.strata
    sizes = _sizes_within(train_sizes, min(len(train) for train, _ in setup.splits), strata)
    orders = [nested_order(train, strata, setup.generator) for train, _ in setup.splits]
    tasks = [
        # Rows in the order of the data, as in folds.
        setup.task(name, fold, rows=(np.sort(orders[fold][:size]), test), n_train=size)
        for fold, (_, test) in enumerate(setup.splits)
        for size in sizes
        for name in setup.estimators
    ]
    cells = setup.run(tasks)
    first, *others = setup.score_names
    columns = ["estimator", "fold", "n_train", "n_test", "score", "fit_time", "error", *others]
    return LearningCurvesResult(
        cells=cells[columns],
        assumptions={name: assumption(est) for name, est in setup.estimators.items()},
        baseline=setup.baseline,
        scoring=first,
        # Folds are correlated through the training samples that they share. Subsets share fewer
        # than whole folds do, so the ratio of whole folds is conservative for all sizes.
        test_train_ratio=setup.test_train_ratio,
        fingerprint=setup.fingerprint,
        n_classes=None if setup.classes is None else len(setup.classes),
    )


def _sizes_within(train_sizes: Any, largest: int, strata: Any) -> list[int]:
    """The given sizes, or six that fit the smallest training fold."""
    if train_sizes is None:
        n_classes = 0 if strata is None else len(np.unique(strata))
        smallest = max(SMALLEST, SMALLEST_PER_CLASS * n_classes)
        if largest <= smallest:
            raise ValueError(
                f"train_sizes=None begins with {smallest} samples, but a training fold has only "
                f"{largest}. Give train_sizes, or more samples."
            )
        train_sizes = np.unique(np.geomspace(smallest, largest, 6).round().astype(int))
    sizes = np.asarray(train_sizes)
    are_integers = sizes.ndim == 1 and sizes.size > 0 and sizes.dtype.kind in "iu"
    if not are_integers or sizes[0] < 1 or (np.diff(sizes.astype(int)) <= 0).any():
        raise ValueError(
            f"train_sizes must be increasing integers of at least 1, such as [50, 100, 200], "
            f"got {train_sizes!r}."
        )
    if sizes[-1] > largest:
        raise ValueError(
            f"train_sizes goes up to {sizes[-1]}, but the smallest training fold has {largest} "
            f"samples. Give sizes up to that, or a cv with more folds."
        )
    return [int(size) for size in sizes]
