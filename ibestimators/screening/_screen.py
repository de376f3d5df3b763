"""Which bias do untrained networks and a brief training favour?"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples, check_consistent_length

from ibestimators.base import Estimator, draw_seed, random_generator
from ibestimators.folds import can_stratify, make_splits, shuffled_folds, with_seeds
from ibestimators.screening._record import expected_gains
from ibestimators.screening._result import ScreeningResult
from ibestimators.structures import reads_containers
from ibestimators.suite import biases, check_target
from ibestimators.symmetries import best_process, feature_kernel, numbers_of
from ibestimators.untrained import UntrainedNetworks

N_FEATURES = 600
CLOSE = 0.01  # of expected gains: what is closer to the best is trained in one more fold


@reads_containers
def screen_biases(
    X: Any,
    y: ArrayLike,
    estimators: Mapping[str, Any] | None = None,
    *,
    groups: Any = None,
    max_samples: int = 400,
    max_epochs: int = 12,
    cv: Any = 3,
    random_state: int | np.random.RandomState | None = None,
) -> ScreeningResult:
    """Rank biases in seconds: a first guess, from two sources.

    1. An untrained network is a draw from the prior of its estimator. The features F before the
       last layer of several of them, standardised, make a Gaussian process with the kernel
       F F' / D + 1, whose evidence and leave-one-out predictions have closed forms.
    2. A training of a few epochs in up to three folds: features that are learned are invisible to
       untrained networks. Its score is R², or the geometric mean of the probabilities of the
       true classes, which is less noisy than the accuracy. All are trained in the first fold, and
       in each other those whose expected gain is within 0.01 of the best, until one is left. A
       score is then an estimate for all folds, as if those that an estimator lacks were as hard
       for it as for the others.

    The expected gain of an estimator is a weighted sum of the two; the weights are those of a
    regression on the data sets of the benchmark in the documentation, with 12 epochs or none. The
    first guess has the highest expected gain. Never drop a bias by this alone.

    Parameters
    ----------
    X : array-like or list
        As the estimators take it.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Classes or numbers.
    estimators : dict of str to estimator, default=None
        Estimators of this package by name; None takes the five biases.
    groups : array-like of shape (n_samples,), default=None
        Group of each sample, such as the patient. An int as `cv` keeps groups whole; other
        splitters are given them.
    max_samples : int, default=400
        Samples that are used, drawn at random.
    max_epochs : int, default=12
        Epochs of the short training; 0 leaves it out.
    cv : int, splitter or iterable of splits, default=3
        Folds of the short training. An int splits at random, with the classes in proportion if none
        is too rare. Of other folds, such as those of `TimeSeriesSplit` for windows of one series,
        none is left out, since they may differ too much.
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    ScreeningResult
        Prints as a table, the first guess first.

    Raises
    ------
    TypeError
        If an estimator is not one of this package, or `cv` is a class.
    ValueError
        If X has fewer than 20 samples, y is constant or what the estimators do not take,
        `estimators` is no dict, empty or has both classifiers and regressors, `max_samples`,
        `max_epochs` or `cv` is not valid, or a fold cannot be trained or scored.

    References
    ----------
    Rahimi & Recht, "Random features for large-scale kernel machines" (2007). Lee, Bahri, Novak,
    Schoenholz, Pennington & Sohl-Dickstein, "Deep neural networks as Gaussian processes" (2018).

    Examples
    --------
    >>> from ibestimators import screen_biases
    >>> from ibestimators.datasets import load_mnist1d
    >>> data = load_mnist1d()
    >>> result = screen_biases(data.data[:100], data.target[:100], max_epochs=2, random_state=0)
    >>> result.to_frame().index[0]
    'Conv'
    """
    if not isinstance(max_samples, Integral) or max_samples < 20:
        raise ValueError(f"max_samples must be an int of at least 20, got {max_samples!r}.")
    if not isinstance(max_epochs, Integral) or max_epochs < 0:
        raise ValueError(f"max_epochs must be an int of at least 0, got {max_epochs!r}.")
    task = None if estimators is None else _task_of(estimators)
    y, task = check_target(y, _num_samples(X), "screen_biases", task)
    check_consistent_length(X, groups)
    if len(y) < 20:
        raise ValueError(f"X has {len(y)} samples, but screening needs at least 20.")
    if estimators is None:
        estimators = biases(task)
    random = random_generator(random_state)
    rows = np.sort(random.permutation(len(y))[: int(max_samples)])
    targets, seed = numbers_of(y[rows], task), draw_seed(random)
    folds = _folds(X, y, task, groups, cv, rows, seed) if max_epochs else []
    X, y = _safe_indexing(X, rows), y[rows]
    frame = pd.DataFrame.from_dict(
        {name: _screened(est, X, y, targets, random) for name, est in estimators.items()},
        orient="index",
    )
    frame["short_score"] = np.nan
    close = CLOSE if isinstance(cv, Integral) else np.inf  # others may differ too much
    _add_short_scores(frame, estimators, X, y, max_epochs, folds, close, random)
    frame["gain"] = expected_gains(frame)
    frame.index.name = "estimator"
    frame = frame.sort_values(["gain", "log_density"], ascending=False, kind="stable")
    return ScreeningResult(frame, len(y), task)


def _folds(
    X: Any, y: NDArray[Any], task: str, groups: Any, cv: Any, rows: NDArray[Any], seed: int
) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Training and test samples of each fold, among the rows that are used."""
    has_classes = task == "classification"
    if isinstance(cv, Integral):
        stratified = (
            can_stratify(has_classes, y) and np.unique(y, return_counts=True)[1].min() >= cv
        )
        cv = shuffled_folds(int(cv), seed, bool(stratified), groups is not None)
    random = np.random.RandomState(seed)
    splits = make_splits(cv, 1, X, y, has_classes, False, groups, None, random)
    if not splits:
        raise ValueError("cv has no folds. Give an int, such as 3, or at least one split.")
    folds, all_rows = [], np.arange(len(y))
    for number, split in enumerate(splits):
        train, test = (np.flatnonzero(np.isin(rows, all_rows[part])) for part in split)
        known, asked = np.unique(y[rows[train]]), y[rows[test]]
        if len(train) < 2 or len(test) < 2:
            raise ValueError(
                f"Fold {number} of cv has {len(train)} training and {len(test)} test samples of "
                f"the {len(rows)} that are used, but at least two of each are needed. Give fewer "
                "or larger folds, or a larger max_samples."
            )
        wrong = ""
        if has_classes and y.ndim == 1 and len(known) < 2:
            wrong = f"has one class in training, {known[0]!s}"
        elif has_classes and y.ndim == 1 and not np.isin(asked, known).any():
            wrong = "tests no class that it trains on"
        if wrong:
            raise ValueError(
                f"Fold {number} of cv {wrong}. Give folds in which classes recur, such as cv=3, or "
                "merge rare classes."
            )
        folds.append((train, test))
    return folds


def _add_short_scores(
    frame: pd.DataFrame,
    estimators: Mapping[str, Any],
    X: Any,
    y: NDArray[Any],
    max_epochs: int,
    folds: list[tuple[NDArray[Any], NDArray[Any]]],
    close: float,
    random: np.random.RandomState,
) -> None:
    """Train in the first fold, and in each other what is close to the best."""
    names = left = [*estimators]
    # Seeds that do not depend on what is left out.
    seeded = [[with_seeds(clone(est), random) for _ in folds] for est in estimators.values()]
    scores, seconds = np.full((len(names), len(folds)), np.nan), np.zeros(len(names))
    for number, fold in enumerate(folds):
        for i in map(names.index, left):
            start = time.perf_counter()
            scores[i, number] = _short_score(seeded[i][number], X, y, max_epochs, fold)
            seconds[i] += time.perf_counter() - start
        frame["short_score"] = mean_over_folds(scores)
        gains = expected_gains(frame)[left]
        left = [*gains.index[gains >= gains.max() - close]]
        if len(left) == 1 < len(names):
            break
    frame["n_folds"] = np.isfinite(scores).sum(axis=1)
    frame["seconds"] += seconds


def mean_over_folds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of the rows; where folds are missing, as if they were as hard as for the full rows.

    Folds that all rows lack do not count.
    """
    scores = scores[:, np.isfinite(scores).any(axis=0)]
    of_fold = scores[np.isfinite(scores).all(axis=1)].mean(axis=0)
    return np.asarray(np.nanmean(scores - of_fold, axis=1) + of_fold.mean())


def _short_score(short: Any, X: Any, y: NDArray[Any], max_epochs: int, fold: Any) -> float:
    """The score after a few epochs."""
    short.set_params(max_epochs=max_epochs, early_stopping=False)
    scoring = _mean_probability if is_classifier(short) else "r2"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is meant to be short
        scores = cross_val_score(short, X, y, cv=[fold], scoring=scoring, error_score="raise")
    return float(scores[0])


def _mean_probability(classifier: Any, X: Any, y: NDArray[Any]) -> float:
    """The geometric mean of the probabilities of the true classes, or of the true labels."""
    probability = classifier.predict_proba(X)
    if y.ndim == 2:
        of_truth = np.where(y == 1, probability, 1 - probability)
    else:
        rows = np.flatnonzero(np.isin(y, classifier.classes_))  # others were not in training
        of_truth = probability[rows, np.searchsorted(classifier.classes_, y[rows])]
    return float(np.exp(np.log(np.maximum(of_truth, np.finfo(np.float32).eps)).mean()))


def _task_of(estimators: Mapping[str, Any]) -> str:
    """What all estimators predict, or an error if they are not what can be screened."""
    if not isinstance(estimators, Mapping) or not estimators:
        raise ValueError(
            "estimators must be a dict with at least one estimator by name, or None for the five "
            f"biases, got {estimators!r}."
        )
    for name, est in estimators.items():
        if not isinstance(est, Estimator):
            raise TypeError(
                f"estimators[{name!r}] is a {type(est).__name__}, but screening needs the "
                "untrained network of an estimator of this package."
            )
    if len({*map(is_classifier, estimators.values())}) > 1:
        raise ValueError("estimators has classifiers and regressors. Screen one kind at a time.")
    return "classification" if is_classifier(est) else "regression"


def _screened(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    targets: NDArray[Any],
    random: np.random.RandomState,
) -> dict[str, float]:
    start = time.perf_counter()
    features = UntrainedNetworks(estimator, X, y, N_FEATURES, random).features(X)
    process = best_process(feature_kernel(features), targets)
    if targets.shape[1] > 1 and y.ndim == 1:  # columns of classes
        score = float((process.mean.argmax(1) == targets.argmax(1)).mean())
    else:
        score = float(1 - np.square(targets - process.mean).mean())
    return {
        "log_density": float(process.log_density.mean()),
        "error": float(process.log_density.std(ddof=1) / np.sqrt(len(y))),
        "evidence": process.evidence / len(y),
        "score": score,
        "seconds": time.perf_counter() - start,
    }
