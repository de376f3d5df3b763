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
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_consistent_length

from ibestimators.base import Estimator, draw_seed, random_generator
from ibestimators.screening._record import expected_gains
from ibestimators.screening._result import ScreeningResult
from ibestimators.structures import reads_containers
from ibestimators.suite import biases, guess_task
from ibestimators.symmetries import best_process, feature_kernel, numbers_of
from ibestimators.untrained import UntrainedNetworks

N_FEATURES = 600
N_FOLDS = 3  # of the short training


@reads_containers
def screen_biases(
    X: Any,
    y: ArrayLike,
    estimators: Mapping[str, Any] | None = None,
    *,
    max_samples: int = 400,
    max_epochs: int = 12,
    cv: Any = None,
    random_state: int | np.random.RandomState | None = None,
) -> ScreeningResult:
    """Rank biases in seconds: a first guess, from two sources.

    1. An untrained network is a draw from the prior of its estimator. The features F before the
       last layer of several of them, standardised, make a Gaussian process with the kernel
       F F' / D + 1, whose evidence and leave-one-out predictions have closed forms.
    2. A training of a few epochs in three folds: features that are learned are invisible to
       untrained networks. Its score is R², or the geometric mean of the probabilities of the
       true classes, which is less noisy than the accuracy.

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
    max_samples : int, default=400
        Samples that are used, drawn at random.
    max_epochs : int, default=12
        Epochs of the short training; 0 leaves it out.
    cv : splitter or None, default=None
        Folds of the short training, such as `TimeSeriesSplit` for windows of one series; None
        takes three in random order, with the classes in proportion if none is too rare.
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    ScreeningResult
        Prints as a table, the first guess first.

    Raises
    ------
    TypeError
        If an estimator is not one of this package, or `cv` is no splitter.
    ValueError
        If X has fewer than 20 samples, y is constant, or `estimators` is empty.

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
    if cv is not None and not hasattr(cv, "split"):
        raise TypeError(f"cv must be a splitter, such as TimeSeriesSplit(3), or None, got {cv!r}.")
    if y is None:
        raise ValueError("y is None, but screen_biases needs the class or number of each sample.")
    y = np.asarray(y)
    check_consistent_length(X, y)
    if len(y) < 20:
        raise ValueError(f"X has {len(y)} samples, but screening needs at least 20.")
    if estimators is None:
        estimators = biases(guess_task(y))
    _check_estimators(estimators)
    random = random_generator(random_state)
    rows = np.sort(random.permutation(len(y))[: int(max_samples)])
    X, y = _safe_indexing(X, rows), y[rows]
    targets = numbers_of(y)
    frame = pd.DataFrame.from_dict(
        {name: _screened(est, X, y, targets, random) for name, est in estimators.items()},
        orient="index",
    )
    frame["short_score"] = np.nan
    if max_epochs:
        folds = _folds(y, draw_seed(random)) if cv is None else cv
        for name, est in estimators.items():
            start = time.perf_counter()
            frame.loc[name, "short_score"] = _short_score(est, X, y, max_epochs, folds)
            frame.loc[name, "seconds"] += time.perf_counter() - start
    frame["gain"] = expected_gains(frame)
    frame.index.name = "estimator"
    frame = frame.sort_values(["gain", "log_density"], ascending=False, kind="stable")
    return ScreeningResult(frame, len(y), guess_task(y))


def _folds(y: NDArray[Any], seed: int) -> Any:
    """Folds that keep the proportions of classes, if none is too rare for it."""
    if guess_task(y) == "classification" and y.ndim == 1:
        _, counts = np.unique(y, return_counts=True)
        if counts.min() >= N_FOLDS:
            return StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    return KFold(N_FOLDS, shuffle=True, random_state=seed)


def _short_score(estimator: Any, X: Any, y: NDArray[Any], max_epochs: int, folds: Any) -> float:
    """The mean score after a few epochs."""
    short = clone(estimator).set_params(max_epochs=max_epochs, early_stopping=False)
    scoring = _mean_probability if is_classifier(short) else "r2"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is meant to be short
        scores = cross_val_score(short, X, y, cv=folds, scoring=scoring, error_score="raise")
    return float(scores.mean())


def _mean_probability(classifier: Any, X: Any, y: NDArray[Any]) -> float:
    """The geometric mean of the probabilities of the true classes, or of the true labels."""
    probability = classifier.predict_proba(X)
    if y.ndim == 2:
        of_truth = np.where(y == 1, probability, 1 - probability)
    else:
        rows = np.flatnonzero(np.isin(y, classifier.classes_))  # others were not in training
        of_truth = probability[rows, np.searchsorted(classifier.classes_, y[rows])]
    return float(np.exp(np.log(np.maximum(of_truth, np.finfo(np.float32).eps)).mean()))


def _check_estimators(estimators: Mapping[str, Any]) -> None:
    if not estimators:
        raise ValueError("estimators is empty; give at least one, or None for the five biases.")
    for name, est in estimators.items():
        if not isinstance(est, Estimator):
            raise TypeError(
                f"estimators[{name!r}] is a {type(est).__name__}, but screening needs the "
                "untrained network of an estimator of this package."
            )


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
