"""Compare estimators by cross-validation.

All estimators are scored on the same folds, so that their scores can be compared fold by fold.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from ibestimators.comparison import _matching
from ibestimators.comparison._data_facts import DataFacts
from ibestimators.comparison._diagnosis import diagnosis_of
from ibestimators.comparison._estimators import Estimators
from ibestimators.comparison._guests import with_guests
from ibestimators.comparison._representatives import INNER_FOLDS
from ibestimators.comparison._result import ComparisonResult
from ibestimators.comparison._scorers import over_classes
from ibestimators.comparison._seeds import mean_over_seeds, tasks_of_seeds
from ibestimators.comparison._setup import Setup, prepare
from ibestimators.comparison._shared_parameters import shares_parameters
from ibestimators.folds import shuffled_folds
from ibestimators.structures import reads_containers
from ibestimators.suite import tuned, with_representatives


@shares_parameters
@reads_containers
def compare_biases(
    X: Any,
    y: ArrayLike | None,
    estimators: Estimators = None,
    *,
    match_parameters: bool | int = False,
    search: str | None = None,
    n_iter: int = 8,
    representatives: str | None = None,
    rope: float | None = None,
    refit: bool = False,
    guests: bool = False,
    diagnose: bool = False,
    time_limit: float | None = None,
    until_decided: bool = False,
    n_seeds: int = 1,
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
) -> ComparisonResult:
    """Compare estimators by cross-validation on the same folds.

    Parameters
    ----------
    {data}
    match_parameters : bool or int, default=False
        Whether to widen or narrow the networks of this package to the number of parameters
        of the baseline, or to a given number, within 5 %.
    search : {"random"} or None, default=None
        "random" tunes each estimator of this package on the training part of each fold, by
        `n_iter` draws from the space of its bias (`ibestimators.suite.SPACES`), scored on 3
        inner folds: nested cross-validation, with the same budget for all. The inner folds
        keep `groups` whole; with ready-made splits as `cv`, give `groups` as well.
    n_iter : int, default=8
        Draws of the search.
    representatives : {"all"} or None, default=None
        "all" chooses, in the training part of each fold and by 3 inner folds, between two networks
        that stand for each bias: the default one and that of `ibestimators.suite.REPRESENTATIVES`.
        The verdict then says whether the leading bias depends on these choices. Seven times the
        fits, and not with `search`, `match_parameters` or `time`.
    rope : float, default=None
        Region of practical equivalence: differences of scores up to this size do not
        matter. None takes 0.01 for scores whose best value is 1, and 0 for scores in units of
        their own (``neg_...``, ``max_error``, callables, likelihoods).
    refit : bool, default=False
        Whether to fit the best estimator on all data.
    guests : bool, default=False
        Whether to add what a user would pick in place of a network: gradient boosting for tables
        (2-D X), ROCKET for series of equal lengths (3-D X; needs aeon), TF-IDF of words and pairs
        with a linear model for texts and tokens, a Weisfeiler-Lehman kernel for graphs (needs
        grakel). They have the settings of their libraries.
    diagnose : bool, default=False
        Whether to `diagnose` the data before the folds, in about half a minute at most. The
        diagnosis stands above the table, and the verdict says whether the scores confirm it. It
        uses the labels of all samples, also those of test folds: it describes the data, and no
        estimator sees it.
    time_limit : float, default=None
        Seconds. No repeat of `n_repeats` is started that would end later, judged by the repeats
        before; the first is always run to its end. Intervals and p-values are adjusted as for
        `until_decided`.
    until_decided : bool, default=False
        Whether to end after the first repeat, of at most `n_repeats`, that decides each difference
        to the baseline: better, worse, or equal within `rope`. Intervals and p-values are adjusted
        for a look after each of the `n_repeats` (Bonferroni), so that they hold together, whenever
        the comparison ends.
    n_seeds : int, default=1
        Number of seeds that each fit of a fold is made with, by estimators that have a
        ``random_state``. The score of a fold is their mean, on which intervals and tests rest, and
        ``seed_std`` tells how much scores move with the seed alone. Predictions are those of the
        first seed.
    {cv}
    {options}

    Returns
    -------
    ComparisonResult
        Prints as a table. If a fit fails, the others continue, and the table gives the error.

    Raises
    ------
    ValueError
        If `estimators` is empty, `baseline` is not in it, a parameter is invalid, or every fit
        fails.

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
    >>> candidates = {"linear": LogisticRegression(), "MLP": MLPClassifier(max_epochs=20)}
    >>> result = compare_biases(X, y, candidates, random_state=0)
    >>> bool(result.to_frame().loc["MLP", "score"] > 0.9)
    True
    """
    if search not in (None, "random"):
        raise ValueError(f"search must be 'random' or None, got {search!r}.")
    if search is not None and time is not None:
        raise ValueError(
            "search='random' shuffles its inner folds, which would train on the future. Give "
            "estimators that are searches with TimeSeriesSplit as their cv."
        )
    _check_representatives(representatives, search, match_parameters, time)
    rope = _default_rope(scoring, y) if rope is None else rope
    if guests:
        estimators = with_guests(X, y, estimators)
    if not rope >= 0:
        raise ValueError(f"rope must be a difference of scores of at least 0, got {rope!r}.")
    _check_looks(time_limit, until_decided, n_repeats)
    if not (isinstance(n_seeds, Integral) and n_seeds >= 1):
        raise ValueError(f"n_seeds must be an int of at least 1, got {n_seeds!r}.")
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
    diagnosis = diagnosis_of(setup) if diagnose else None
    _set_terms(setup, match_parameters, search, n_iter, representatives, cv)
    if until_decided and len(setup.estimators) < 2:
        raise ValueError("until_decided=True needs at least two estimators to compare.")
    setup.design = replace(setup.design, n_seeds=int(n_seeds))
    kept = setup.keep_predictions()
    first, *others = setup.score_names

    def result_of(cells: pd.DataFrame) -> ComparisonResult:
        return ComparisonResult(
            mean_over_seeds(cells, ["score", *others]),
            setup.estimators,
            setup.baseline,
            first,
            tuple(others),
            rope,
            design=setup.design,
        )

    def is_decided(cells: pd.DataFrame) -> bool:
        findings = result_of(cells).to_frame()["finding"].drop(setup.baseline)
        return bool(findings.isin(["better", "worse", "equal"]).all())

    cells = setup.run(
        tasks_of_seeds(setup, n_seeds), time_limit, is_decided if until_decided else None
    )
    result = replace(
        result_of(cells),
        fingerprint=setup.fingerprint,
        predictions=None if kept is None else kept.predictions,
        probabilities=None if kept is None else kept.probabilities,
        data=DataFacts.of(setup),
        has_representatives=representatives is not None,
        diagnosis=diagnosis,
    )
    return _refitted(result, setup) if refit else result


def _set_terms(
    setup: Setup,
    match_parameters: bool | int,
    search: str | None,
    n_iter: int,
    representatives: str | None,
    cv: Any,
) -> None:
    """Match the networks of a setup, or let each fold choose among their settings."""
    is_matched = match_parameters is not False
    if is_matched:
        n_parameters = None if match_parameters is True else match_parameters
        setup.estimators = _matching.match_parameters(
            setup.estimators, setup.X, setup.y, n_parameters, setup.baseline
        )
    if search is not None:
        _warn_of_mixed_groups(cv, setup.groups)
        setup.estimators = _with_searches(setup, n_iter, keep_size=is_matched)
    if representatives is not None:
        _warn_of_mixed_groups(cv, setup.groups)
        setup.estimators = _with_representatives(setup)


def _check_representatives(representatives: Any, search: Any, matched: Any, time: Any) -> None:
    if representatives is None:
        return
    if representatives != "all":
        raise ValueError(f"representatives must be 'all' or None, got {representatives!r}.")
    others = {"search": search is not None, "match_parameters": matched is not False}
    others["time"] = time is not None  # inner folds are shuffled
    used = [name for name, is_given in others.items() if is_given]
    if used:
        raise ValueError(f"representatives='all' cannot be used with {used[0]}. Leave one out.")


def _with_representatives(setup: Setup) -> dict[str, BaseEstimator]:
    """Each estimator of this package inside a search over those that stand for its bias."""
    stratified, grouped = setup.strata is not None, setup.groups is not None
    scoring = over_classes(setup.scoring, setup.classes)
    seed = setup.generator.randint(2**31 - 1)
    folds = shuffled_folds(INNER_FOLDS, seed, stratified, grouped)
    return {
        name: with_representatives(est, scoring, folds) for name, est in setup.estimators.items()
    }


def _check_looks(time_limit: Any, until_decided: bool, n_repeats: int) -> None:
    """Raise an error if what ends a comparison early is invalid, or of no use."""
    if time_limit is not None and not (isinstance(time_limit, Real) and float(time_limit) > 0):
        raise ValueError(f"time_limit must be a positive number of seconds, got {time_limit!r}.")
    given = {"time_limit": time_limit, "until_decided": until_decided or None}
    for name, value in given.items():
        if value is not None and n_repeats == 1:
            raise ValueError(
                f"{name}={value} ends a comparison after a repeat of the folds, but n_repeats=1. "
                "Give the most repeats that you would run, such as n_repeats=10."
            )


def _default_rope(scoring: Any, y: Any) -> float:
    if y is None:  # a likelihood
        return 0.0
    first = next(iter(scoring), None) if isinstance(scoring, (list, tuple, dict)) else scoring
    if isinstance(scoring, dict):
        first = scoring[first]
    has_units = not (first is None or isinstance(first, str)) or str(first).startswith(
        ("neg_", "max_error")
    )
    return 0.0 if has_units else 0.01


def _with_searches(setup: Setup, n_iter: int, keep_size: bool) -> dict[str, BaseEstimator]:
    """Each estimator of this package inside a random search on folds of its own."""
    stratified, grouped = setup.strata is not None, setup.groups is not None
    scoring = over_classes(setup.scoring, setup.classes)
    searches = {}
    for name, est in setup.estimators.items():
        seed = setup.generator.randint(2**31 - 1)
        folds = shuffled_folds(3, seed, stratified, grouped)
        searches[name] = tuned(est, n_iter, seed, scoring, keep_size, folds)
    return searches


def _warn_of_mixed_groups(cv: Any, groups: Any) -> None:
    """Inner folds cannot keep groups whole that only ready-made splits know."""
    if groups is None and not isinstance(cv, Integral) and not hasattr(cv, "split"):
        warnings.warn(
            "Inner folds split each training part at random. If the splits in cv keep groups "
            "whole, such as the samples of a patient, give groups as well, so that the inner folds "
            "keep them whole too.",
            UserWarning,
            stacklevel=4,
        )


def _refitted(result: ComparisonResult, setup: Setup) -> ComparisonResult:
    """The result with its best estimator fitted on all data."""
    try:
        best = setup.fit(setup.estimators[result.best])
    except Exception as error:  # the scores are kept
        warnings.warn(f"{result.best} could not be fitted on all data: {error}", stacklevel=4)
        return result
    return replace(result, best_estimator_=best)
