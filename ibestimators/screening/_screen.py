"""Which bias do untrained networks favour?"""

from __future__ import annotations

import time
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_consistent_length

from ibestimators.base import Estimator, random_generator
from ibestimators.screening._result import ScreeningResult
from ibestimators.structures import reads_containers
from ibestimators.suite import biases, guess_task
from ibestimators.symmetries import best_process, feature_kernel, numbers_of
from ibestimators.untrained import UntrainedNetworks

N_FEATURES = 600


@reads_containers
def screen_biases(
    X: Any,
    y: ArrayLike,
    estimators: Mapping[str, Any] | None = None,
    *,
    max_samples: int = 400,
    random_state: int | np.random.RandomState | None = None,
) -> ScreeningResult:
    """Rank biases by untrained networks: a first guess, in seconds.

    An untrained network is a draw from the prior of its estimator. The features F before the last
    layer of several of them, standardised, make a Gaussian process with the kernel F F' / D + 1,
    whose evidence and leave-one-out predictions have closed forms. What needs features that are
    learned cannot be seen: never drop a bias by this alone.

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
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    ScreeningResult
        Prints as a table, that of the highest leave-one-out log density first.

    Raises
    ------
    TypeError
        If an estimator is not one of this package.
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
    >>> result = screen_biases(data.data[:200], data.target[:200], random_state=0)
    >>> result.to_frame().index[0]
    'Conv'
    """
    if not isinstance(max_samples, Integral) or max_samples < 20:
        raise ValueError(f"max_samples must be an int of at least 20, got {max_samples!r}.")
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
    found = {name: _screened(est, X, y, targets, random) for name, est in estimators.items()}
    frame = pd.DataFrame.from_dict(found, orient="index")
    frame.index.name = "estimator"
    frame = frame.sort_values("log_density", ascending=False, kind="stable")
    return ScreeningResult(frame, len(y), guess_task(y))


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
