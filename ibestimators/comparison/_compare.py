"""Which bias suits the data, by how much, and how sure is the answer?

All estimators see the same folds, so that their scores can be compared fold by fold.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import delayed
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.utils import indexable

from ibestimators.base import random_generator
from ibestimators.comparison._cache import Store
from ibestimators.comparison._fold_task import (
    COLUMNS,
    FoldTask,
    collect_with_progress,
    fit_params,
    run_in_order,
)
from ibestimators.comparison._folds import make_splits, with_seeds
from ibestimators.comparison._matching import match_parameters as matched
from ibestimators.comparison._result import ComparisonResult
from ibestimators.pipelines import innermost


def compare_biases(
    X: ArrayLike,
    y: ArrayLike,
    estimators: Mapping[str, BaseEstimator] | None = None,
    cv: Any = 5,
    n_repeats: int = 1,
    scoring: Any = None,
    baseline: str | None = None,
    groups: ArrayLike | None = None,
    match_parameters: bool | int = False,
    search: str | None = None,
    n_iter: int = 8,
    rope: float | None = None,
    refit: bool = False,
    cache: str | os.PathLike[str] | None = None,
    error_score: str | float = np.nan,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
) -> ComparisonResult:
    """Compare estimators by cross-validation on the same folds.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        Whatever the estimators read.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Class labels or numbers.
    estimators : dict of str to estimator, default=None
        Any scikit-learn estimators, pipelines or searches, by name. None takes
        the five biases, as classifiers or regressors by `guess_task`.
    cv : int, splitter or iterable of splits, default=5
        An int makes that many shuffled folds, stratified by class, and keeping
        `groups` whole; a splitter does as it does.
    n_repeats : int, default=1
        How often to make the folds anew, if `cv` is an int.
    scoring : str, callable, list of str or dict, default=None
        As in scikit-learn; None takes accuracy or R². Of several, the first decides.
    baseline : str, default=None
        Name of the estimator to compare to; None takes the first.
    groups : array-like of shape (n_samples,), default=None
        Group of each sample, for the splitter, and for `early_stopping` of the estimators of
        this package: no group is on both sides of either split.
    match_parameters : bool or int, default=False
        Whether to widen or narrow the networks of this package to the number of parameters
        of the baseline, or to a given number, within 5 %.
    search : {"random"} or None, default=None
        "random" tunes each estimator of this package on the training part of each fold, by
        `n_iter` draws from the space of its bias (`ibestimators.suite.SPACES`) and 3 folds
        within: nested cross-validation, on the same budget for all.
    n_iter : int, default=8
        Draws of the search.
    rope : float, default=None
        Region of practical equivalence: differences of scores up to this size do not
        matter. None takes 0.01 for scores whose best is 1, and 0 for those in units of
        their own (``neg_...``, ``max_error``, callables).
    refit : bool, default=False
        Whether to fit the best estimator on all data.
    cache : path, default=None
        Directory that each finished fit is written to, as it comes; a comparison that was
        stopped goes on from there. Needs an int as `random_state`.
    error_score : "raise" or float, default=nan
        What a failed fit scores; "raise" stops at the first.
    n_jobs : int, default=None
        Fits at a time, through joblib: ``with parallel_config(backend="dask")`` spreads them
        over a cluster.
    random_state : int, RandomState instance or None, default=None
        Decides shuffled folds, and the estimators' own ``random_state`` where
        that is None.
    verbose : int, default=0
        Above 0, shows a progress bar.

    Returns
    -------
    ComparisonResult
        Prints as a table. A fit that fails costs its own cell alone, and the
        table gives the reason.

    Raises
    ------
    ValueError
        If `estimators` is empty, `baseline` is not in it, a parameter is not as expected, or
        every fit fails.

    References
    ----------
    Nadeau & Bengio, "Inference for the generalization error", Machine Learning
    52 (2003). Corani & Benavoli, "A Bayesian approach for comparing cross-validated
    algorithms on multiple data sets", Machine Learning 100 (2015).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ibestimators import MLPClassifier, compare_biases
    >>> X, y = load_iris(return_X_y=True)
    >>> candidates = {"linear": LogisticRegression(), "MLP": MLPClassifier()}
    >>> result = compare_biases(X, y, candidates, random_state=0)
    >>> bool(result.to_frame().loc["MLP", "score"] > 0.9)
    True
    """
    X, y, groups = indexable(X, y, groups)
    estimators, baseline = candidates(estimators, baseline, y)
    _check_options(n_repeats, scoring, search, groups, error_score, cache, random_state)
    rope = _default_rope(scoring) if rope is None else rope
    if not rope >= 0:
        raise ValueError(f"rope must be a difference of scores from 0 up, got {rope!r}.")

    generator = random_generator(random_state)
    classifier = is_classifier(estimators[baseline])
    splits = make_splits(cv, n_repeats, X, y, classifier, groups, generator)
    prepared = {name: with_seeds(clone(est), generator) for name, est in estimators.items()}
    if match_parameters is not False:
        _check_bare(prepared)
        target = None if match_parameters is True else match_parameters
        prepared = matched(prepared, X, y, target, baseline)
    if search is not None:
        from ibestimators.suite import tuned

        prepared = {
            name: tuned(
                est, n_iter, generator.randint(2**31 - 1), scoring, match_parameters is not False
            )
            for name, est in prepared.items()
        }
    scorers = {name: check_scoring(est, scoring) for name, est in prepared.items()}
    store = None if cache is None else Store(Path(cache), X, y, scoring, groups)
    tasks = [(name, [fold]) for fold in range(len(splits)) for name in prepared]
    work = (
        delayed(
            FoldTask(name, prepared[name], scorers[name], X, y, folds,
                  [splits[fold] for fold in folds], error_score, store, groups)
        )()
        for name, folds in tasks
    )  # fmt: skip
    cells = pd.DataFrame(collect_with_progress(run_in_order(n_jobs, work), tasks, verbose))
    if cells["error"].notna().all():
        raise ValueError(f"Every fit failed. The first reason: {cells['error'].dropna().iloc[0]}")
    first, *others = score_names(scoring, classifier)
    result = ComparisonResult(cells, prepared, baseline, first, tuple(others), rope)
    if refit:
        try:
            best = clone(prepared[result.best])
            best.fit(X, y, **fit_params(best, groups))
        except Exception as error:  # the scores are not lost with it
            warnings.warn(f"{result.best} could not be fitted on all data: {error}", stacklevel=2)
        else:
            result = replace(result, best_estimator_=best)
    return result


def _default_rope(scoring: Any) -> float:
    first = next(iter(scoring), None) if isinstance(scoring, (list, tuple, dict)) else scoring
    if isinstance(scoring, dict):
        first = scoring[first]
    has_units = not (first is None or isinstance(first, str)) or str(first).startswith(
        ("neg_", "max_error")
    )
    return 0.0 if has_units else 0.01


def _check_bare(estimators: Mapping[str, BaseEstimator]) -> None:
    for name, est in estimators.items():
        if hasattr(innermost(est), "widened") and not hasattr(est, "widened"):
            raise ValueError(
                f"match_parameters cannot see into {name!r}, a {type(est).__name__}. Give the "
                "network itself; it standardises X on its own."
            )


def candidates(
    estimators: Mapping[str, BaseEstimator] | None, baseline: str | None, y: Any
) -> tuple[Mapping[str, BaseEstimator], str]:
    """What to compare, the five biases if None, and the name of the baseline, else the first."""
    if estimators is None:
        from ibestimators.suite import biases, guess_task

        estimators = biases(guess_task(y))
    if not estimators:
        raise ValueError("estimators is empty; give at least one, or None for the five biases.")
    names = list(estimators)
    baseline = names[0] if baseline is None else baseline
    if baseline not in estimators:
        raise ValueError(f"baseline={baseline!r} is not among the estimators {names}.")
    return estimators, baseline


def _check_options(
    n_repeats: int,
    scoring: Any,
    search: Any,
    groups: Any,
    error_score: Any,
    cache: Any,
    random_state: Any,
) -> None:
    several = isinstance(scoring, (list, tuple, dict)) and len(scoring) > 0
    if not (scoring is None or isinstance(scoring, str) or callable(scoring) or several):
        raise ValueError(
            f"scoring must be a str, a callable, a list of str or a dict, got {scoring!r}."
        )
    if search not in (None, "random"):
        raise ValueError(f"search must be 'random' or None, got {search!r}.")
    if not n_repeats >= 1:
        raise ValueError(f"n_repeats must be an int from 1 up, got {n_repeats!r}.")
    if search is not None and groups is not None:
        raise ValueError(
            "search='random' does not keep groups whole within its folds. Give searches of your "
            "own as estimators, or search=None."
        )
    if error_score != "raise" and not isinstance(error_score, Real):
        raise ValueError(f"error_score must be 'raise' or a number, got {error_score!r}.")
    taken = [name for name in list(scoring)[1:] if name in COLUMNS] if several else []
    if taken:
        raise ValueError(
            f"scoring uses the names {taken}, which the table needs for itself; choose others."
        )
    if cache is not None and not isinstance(random_state, (int, np.integer)):
        raise ValueError(
            f"cache={str(cache)!r} needs an int as random_state, or no fit would ever be found "
            f"again; got {random_state!r}."
        )


def score_names(scoring: Any, classifier: bool) -> list[str]:
    if scoring is None:
        return ["accuracy" if classifier else "R²"]
    if isinstance(scoring, (list, tuple, dict)):
        return list(scoring)
    return [scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")]
