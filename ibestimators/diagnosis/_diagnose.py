"""Findings before training: symmetries, and what else decides which bias can win."""

from __future__ import annotations

import math
import time
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples, check_consistent_length

from ibestimators.base import draw_seed, random_generator
from ibestimators.diagnosis._findings import (
    Finding,
    duplicates,
    few_of_a_class,
    grouped,
    near_noise,
    no_symmetries,
    order_unused,
    size_alone,
)
from ibestimators.diagnosis._result import DiagnosisResult
from ibestimators.structures import (
    reads_containers,
    structure_of,
)
from ibestimators.suite import biases, check_target
from ibestimators.symmetries import (
    SymmetryResult,
    check_numbers,
    find_symmetries,
    numbers_of,
)

_FEW, _MANY = 60, 300  # samples of a trial, and at most


@reads_containers
def diagnose(
    X: Any,
    y: ArrayLike,
    *,
    task: str | None = None,
    groups: ArrayLike | None = None,
    random_state: int | np.random.RandomState | None = None,
    time_limit: float = 30,
) -> DiagnosisResult:
    """Say what the data suggest, before any network is trained.

    Symmetries (`find_symmetries`), whether the order or the edges are needed, whether the labels
    are near noise, copies of samples, rare classes, and, for samples of different sizes, whether
    the size alone predicts y. A comparison then confirms or corrects it.

    Parameters
    ----------
    X : array-like of shape (n_samples, d), (n_samples, steps, features) or more axes; or list
        As the estimators take it. Symmetries are measured of all but pairs.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Classes or numbers.
    task : {"classification", "regression"}, default=None
        None guesses it from y: integers with few distinct values, such as counts, look like
        classes.
    groups : array-like of shape (n_samples,), default=None
        Group of each sample, such as its patient. One sample of each group, drawn at random, is
        used for symmetries, because samples of a group predict each other.
    random_state : int, RandomState instance or None, default=None
    time_limit : float, default=30
        Seconds that symmetries may take, about: fewer samples are used where 300 would take longer.

    Returns
    -------
    DiagnosisResult
        Prints as a table with a verdict; `suggest_estimator` gives an estimator.

    Raises
    ------
    TypeError
        If X is sparse or holds texts.
    ValueError
        If X has missing values or words, y is None, holds dates, one value only or what no
        estimator takes, `task` is neither of the two, the lengths differ, or `time_limit` is not
        a positive number.

    Examples
    --------
    >>> from ibestimators import diagnose
    >>> from ibestimators.datasets import load_mnist1d
    >>> data = load_mnist1d()
    >>> result = diagnose(data.data[:150], data.target[:150], random_state=0)
    >>> result.suggest_estimator()
    ConvClassifier(readout='mean')
    """
    if not isinstance(time_limit, Real) or not time_limit > 0:
        raise ValueError(f"time_limit must be a positive number of seconds, got {time_limit!r}.")
    random = random_generator(random_state)
    structure = structure_of(X)
    y, task = check_target(y, _num_samples(X), "diagnose", task)
    groups = None if groups is None else np.asarray(groups)
    check_consistent_length(X, groups)
    numbers_of(y, task)  # an error if it holds one value only
    symmetries, sized = None, list[Finding]()
    if structure.kind == "array":
        X = check_numbers(X, "diagnose")
    else:
        checked = structure.check(X, biases(task)["MLP"])
        sized = size_alone(np.asarray(structure.positions(checked).lengths), y, task)
    shown = no_symmetries(X, structure.kind, groups)
    if not shown:
        symmetries = _symmetries(X, y, task, groups, random, float(time_limit))
        shown = [*near_noise(symmetries), *order_unused(symmetries)]
    findings = [
        *duplicates(X, y),
        *few_of_a_class(y, task),
        *sized,
        *shown,
        *([] if groups is None else grouped(groups, symmetries is not None)),
    ]
    return DiagnosisResult(tuple(findings), symmetries, structure.kind, task)


def _symmetries(
    X: Any,
    y: NDArray[Any],
    task: str,
    groups: NDArray[Any] | None,
    random: np.random.RandomState,
    time_limit: float,
) -> SymmetryResult:
    """Symmetries by as many samples as the time allows."""
    if groups is not None:
        order = random.permutation(len(y))
        rows = np.sort(order[np.unique(groups[order], return_index=True)[1]])
        X, y = _safe_indexing(X, rows), y[rows]
    seed = draw_seed(random)
    start = time.perf_counter()
    trial = find_symmetries(X, y, task=task, max_samples=_FEW, random_state=seed)
    # Between the square and the cube of the number of samples.
    affordable = (time_limit / (time.perf_counter() - start)) ** (1 / 2.5)
    n = math.floor(min(_MANY, _FEW * affordable))
    if n <= _FEW or len(y) <= _FEW:
        return trial
    return find_symmetries(X, y, task=task, max_samples=n, random_state=seed)
