"""What all functions that compare share: parameters, folds, seeds, scorers, cache and errors."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral, Real
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import indexable
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _num_samples

from ibestimators.base import draw_seed
from ibestimators.comparison._cache import Store
from ibestimators.comparison._design import Design
from ibestimators.comparison._dry_run import check_scores, check_tasks, try_estimators
from ibestimators.comparison._estimators import Estimators, named_estimators
from ibestimators.comparison._fold_task import COLUMNS, RESPONSES, FoldTask, taken
from ibestimators.comparison._metadata import fit_with
from ibestimators.comparison._predictions import OutOfFold
from ibestimators.comparison._run import run_tasks
from ibestimators.comparison._sample_weight import (
    check_weights_are_taken,
    checked_weight,
    with_weight,
)
from ibestimators.comparison._scorers import scorers_of
from ibestimators.folds import can_stratify, make_splits, with_seeds
from ibestimators.formatting import score_names
from ibestimators.hashing import content_hash, data_hash
from ibestimators.scoring import position_scorer, predicts_positions

_SCORES_OF_ONE_CLASS = ("neg_log_loss", "d2_log_loss_score")


@dataclass
class Setup:
    """A comparison that is ready to run: each fit has its estimator, rows, scorer and store."""

    X: Any
    y: Any
    groups: Any
    sample_weight: NDArray[np.float64] | None
    estimators: dict[str, BaseEstimator]  # with seeds
    baseline: str
    classifier: bool
    strata: Any  # y if folds keep the proportions of its classes, else None
    splits: list[tuple[NDArray[Any], NDArray[Any]]]
    design: Design
    scoring: Any
    cache: str | os.PathLike[str] | None
    error_score: str | float
    n_jobs: int | str | None
    verbose: int
    seed: int
    generator: np.random.RandomState  # continues after folds and estimators were seeded
    out_of_fold: OutOfFold | None = None  # where predictions are kept, if they are

    @cached_property
    def store(self) -> Store | None:
        if self.cache is None:
            return None
        return Store(
            Path(self.cache), self.X, self.y, self.scoring, self.groups, self.sample_weight
        )

    @cached_property
    def classes(self) -> NDArray[Any] | None:
        """The classes of y, if it has one a sample."""
        return None if self.strata is None else np.unique(np.asarray(self.strata))

    @cached_property
    def fingerprint(self) -> dict[str, str]:
        """Hashes of the data and the folds, and the score: what makes results comparable."""
        splits = [[np.asarray(rows, dtype=np.int64) for rows in split] for split in self.splits]
        known = {"folds": content_hash(splits), "score": self.score_names[0]}
        try:
            samples = data_hash(self.X, self.y)
            weight = self.sample_weight
            data = samples if weight is None else content_hash(samples, weight)
            return {"data": data, "samples": samples, **known}
        except TypeError:  # what cannot be pickled cannot be compared either
            return known

    def keep_predictions(self) -> OutOfFold | None:
        """Keep those of the fits that `run` runs; None if there is not one value a sample."""
        one_a_sample = self.y is not None and not any(
            map(predicts_positions, self.estimators.values())
        )
        if one_a_sample:
            self.out_of_fold = OutOfFold(_num_samples(self.X), self.classes)
        return self.out_of_fold

    @property
    def score_names(self) -> list[str]:
        """Names of the scores, the one that decides first."""
        return score_names(self.scoring, self.estimators[self.baseline])

    @property
    def test_train_ratio(self) -> float:
        """Mean ratio of test samples to training samples of a fold."""
        return float(np.mean([len(test) / len(train) for train, test in self.splits]))

    def task(
        self,
        name: str,
        fold: int,
        estimator: BaseEstimator | None = None,
        rows: tuple[NDArray[Any], NDArray[Any]] | None = None,
        **labels: Any,
    ) -> FoldTask:
        """The fit of an estimator in a fold, with labels for its row of `cells`."""
        est = self.estimators[name] if estimator is None else estimator
        return FoldTask(
            name=name,
            fold=fold,
            estimator=est,
            scorers=scorers_of(est, self.scoring, self.classes),
            X=self.X,
            y=self.y,
            rows=self.splits[fold] if rows is None else rows,
            groups=self.groups,
            sample_weight=self.sample_weight,
            error_score=self.error_score,
            store=self.store,
            labels=labels,
            classes=self.classes,
            keeps_predictions=self.out_of_fold is not None,
        )

    def tasks(
        self, estimators: Mapping[str, BaseEstimator] | None = None, **labels: Any
    ) -> Iterator[FoldTask]:
        """The fits of all estimators in all folds."""
        estimators = self.estimators if estimators is None else estimators
        for fold in range(len(self.splits)):
            for name, est in estimators.items():
                yield self.task(name, fold, est, **labels)

    def fit(self, est: BaseEstimator) -> Any:
        """An estimator, fitted on all samples that have a weight."""
        arrays = [self.X, self.y, self.groups, self.sample_weight]
        if self.sample_weight is not None:
            arrays = taken(arrays, np.flatnonzero(self.sample_weight))
        return fit_with(est, *arrays)

    def run(
        self,
        tasks: Sequence[FoldTask],
        time_limit: float | None = None,
        is_decided: Callable[[pd.DataFrame], bool] | None = None,
    ) -> pd.DataFrame:
        """Run the fits: `cells`, a row for each.

        With a limit in seconds, or a function that says whether `cells` decide, repeat after repeat
        until there is no time for a whole one, or all is decided; `splits` and `design` are then of
        those that were run. The tasks have the order of the folds.
        """
        if time_limit is None and is_decided is None:
            rows = run_tasks(tasks, self.n_jobs, self.verbose)
        else:
            rows = self._run_repeats(tasks, time_limit, is_decided)
        for task, row in zip(tasks, rows, strict=self.design.n_looks == 1):
            kept = {response: row.pop(response, None) for response in RESPONSES}
            if self.out_of_fold is not None:
                self.out_of_fold.add(task.name, task.test, kept)
        cells = pd.DataFrame(rows)
        if cells["error"].notna().all():
            raise ValueError(f"Every fit failed. The first error: {cells['error'].iloc[0]}")
        # An estimator builds the same network in all folds. (Samples of different lengths, which
        # decide the cost of a list's predictions, have about the same lengths in all of them.)
        columns = ["estimator", *tasks[0].labels]
        counted = cells.groupby(columns, dropna=False)["multiply_adds"].transform("first")
        cells["multiply_adds"] = counted.where(cells["fit_time"].notna())
        return cells

    def _run_repeats(
        self,
        tasks: Sequence[FoldTask],
        time_limit: float | None,
        is_decided: Callable[[pd.DataFrame], bool] | None,
    ) -> list[dict[str, Any]]:
        n_repeats = self.design.n_repeats
        n_folds = len(self.splits) // n_repeats
        start = perf_counter()
        rows: list[dict[str, Any]] = []
        for n_done in range(1, n_repeats + 1):
            part = [task for task in tasks if task.fold // n_folds == n_done - 1]
            rows += run_tasks(part, self.n_jobs, self.verbose)
            self.design = replace(self.design, n_repeats=n_done, n_looks=n_repeats)
            next_end = (perf_counter() - start) * (n_done + 1) / n_done
            if time_limit is not None and next_end > time_limit:
                break
            if is_decided is not None and is_decided(pd.DataFrame(rows)):
                break
        self.splits = self.splits[: n_done * n_folds]
        return rows


def prepare(
    X: Any,
    y: Any,
    estimators: Estimators,
    *,
    cv: Any,
    groups: ArrayLike | None,
    sample_weight: ArrayLike | None,
    time: ArrayLike | None,
    scoring: Any,
    baseline: str | None,
    n_repeats: int,
    cache: str | os.PathLike[str] | None,
    error_score: str | float,
    n_jobs: int | str | None,
    random_state: int | np.random.RandomState | None,
    verbose: int,
) -> Setup:
    """Check the shared parameters, split the samples and seed the estimators."""
    if y is None:
        _check_without_y(scoring)
    X, y, groups = indexable(X, y.toarray() if sparse.issparse(y) else y, groups)
    weight = checked_weight(sample_weight, _num_samples(X))
    estimators = named_estimators(estimators, y)
    baseline = next(iter(estimators)) if baseline is None else baseline
    if baseline not in estimators:
        raise ValueError(f"baseline={baseline!r} is not among the estimators {list(estimators)}.")
    check_tasks(estimators, scoring)
    at_positions = any(predicts_positions(est) for est in estimators.values())
    if at_positions:
        scoring = _over_positions(scoring)
    _check_scoring(scoring, None if at_positions else y)
    _check_options(n_repeats, error_score, cache, n_jobs, random_state)
    if weight is not None:
        check_weights_are_taken(estimators, scoring, baseline)
    # The order of the draws is part of the result: a seed gives the same folds in all functions.
    seed = int(random_state) if isinstance(random_state, Integral) else draw_seed(random_state)
    generator = np.random.RandomState(seed)
    classifier = is_classifier(estimators[baseline])
    stratified = not at_positions and can_stratify(classifier, y)
    if stratified and np.ndim(y) == 2:  # one column
        y = np.ravel(y)
    splits = make_splits(cv, n_repeats, X, y, classifier, stratified, groups, time, generator)
    if weight is not None:
        splits = with_weight(splits, weight)
    seeded = {name: with_seeds(clone(est), generator) for name, est in estimators.items()}
    if groups is not None:
        _warn_of_inner_folds(seeded)
    setup = Setup(
        X=X,
        y=y,
        groups=groups,
        sample_weight=weight,
        estimators=seeded,
        baseline=baseline,
        classifier=classifier,
        strata=y if stratified else None,
        splits=splits,
        design=Design.of(
            splits, _num_samples(X), n_repeats, groups, None if time is not None else cv
        ),
        scoring=scoring,
        cache=cache,
        error_score=error_score,
        n_jobs=n_jobs,
        verbose=verbose,
        seed=seed,
        generator=generator,
    )
    _dry_run(setup, at_positions)
    return setup


def _warn_of_inner_folds(estimators: Mapping[str, BaseEstimator]) -> None:
    """Searches whose folds mix groups: an int as `cv` makes no others."""
    for name, est in estimators.items():
        if isinstance(est, BaseSearchCV) and (est.cv is None or isinstance(est.cv, Integral)):
            warnings.warn(
                f"The search {name!r} has cv={est.cv}, whose inner folds mix groups. Give it a "
                "splitter that keeps them whole, such as GroupKFold(3).",
                UserWarning,
                stacklevel=5,
            )


def _dry_run(setup: Setup, at_positions: bool) -> None:
    """Raise an error now if all fits would fail, or the score that decides."""
    if setup.y is not None and not at_positions:
        check_scores(setup.scoring, setup.y, setup.classifier, setup.classes)
    trains = [train for train, _ in setup.splits]
    errors = try_estimators(setup.estimators, setup.X, setup.y, trains, setup.strata)
    if errors:
        name, error = next(iter(errors.items()))
        if setup.error_score == "raise":
            raise error
        raise ValueError(
            "Every fit failed, already on a few samples and before any training. The first error, "
            f"of {name}: {type(error).__name__}: {error}"
        ) from error


def _check_without_y(scoring: Any) -> None:
    """Raise an error if the score needs y, which is None."""
    if scoring is not None and not callable(scoring):
        raise ValueError(
            f"scoring={scoring!r} compares predictions with y, but y is None. Leave scoring=None, "
            "which takes the estimators' own score, or pass a callable (estimator, X, y)."
        )


def _over_positions(scoring: Any) -> Any:
    """Scores by name as scores over positions; the others are left as they are."""
    if isinstance(scoring, str):
        scoring = [scoring]
    if isinstance(scoring, (list, tuple)):
        scoring = {str(name): name for name in scoring}
    if not isinstance(scoring, dict):
        return scoring
    return {
        name: position_scorer(score) if isinstance(score, str) else score
        for name, score in scoring.items()
    }


def _check_scoring(scoring: Any, y: Any) -> None:
    several = isinstance(scoring, (list, tuple, dict)) and len(scoring) > 0
    if not (scoring is None or isinstance(scoring, str) or callable(scoring) or several):
        raise ValueError(
            f"scoring must be a str, a callable, a list of str or a dict, got {scoring!r}."
        )
    reserved = [name for name in list(scoring)[1:] if name in COLUMNS] if several else []
    if reserved:
        raise ValueError(
            f"scoring uses the names {reserved}, which are columns of `cells`; choose other names."
        )
    scores = scoring.values() if isinstance(scoring, dict) else scoring if several else [scoring]
    of_one_class = [score for score in scores if str(score) in _SCORES_OF_ONE_CLASS]
    if of_one_class and y is not None and type_of_target(y) == "multilabel-indicator":
        raise ValueError(
            f"scoring={of_one_class[0]!r} scores the probability of one class a sample and ignores "
            "labels that are absent, but y has several labels. Choose another, such as "
            "'average_precision', 'roc_auc' or 'f1_macro'."
        )


def _check_options(
    n_repeats: Any, error_score: Any, cache: Any, n_jobs: Any, random_state: Any
) -> None:
    if not (isinstance(n_repeats, (int, np.integer)) and n_repeats >= 1):
        raise ValueError(f"n_repeats must be an int of at least 1, got {n_repeats!r}.")
    if error_score != "raise" and not isinstance(error_score, Real):
        raise ValueError(f"error_score must be 'raise' or a number, got {error_score!r}.")
    if not (n_jobs is None or n_jobs == "auto" or isinstance(n_jobs, Integral)):
        raise ValueError(f"n_jobs must be an int, 'auto' or None, got {n_jobs!r}.")
    if cache is not None and not isinstance(random_state, Integral):
        raise ValueError(
            f"cache={str(cache)!r} needs an int as random_state, got {random_state!r}. Without it "
            "seeds differ from run to run, and no cached fit is found again."
        )
