"""Which changes of a sample leave its answer as it is? Measured before any training."""

from __future__ import annotations

from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from ibestimators.base import draw_seed, random_generator
from ibestimators.inspection import equivariance_error
from ibestimators.multiple_testing import holm
from ibestimators.structures import reads_containers, structure_of
from ibestimators.suite import biases, check_target
from ibestimators.symmetries._array_problem import ArrayProblem
from ibestimators.symmetries._gaussian_process import Array, best_process
from ibestimators.symmetries._list_problem import ListProblem
from ibestimators.symmetries._result import SymmetryResult
from ibestimators.symmetries._samples import check_samples
from ibestimators.symmetries._significance import (
    Gains,
    above_zero,
    mean_and_error,
    order_gain_limit,
    tested,
)

MIN_SAMPLES = 20


@reads_containers
def find_symmetries(
    X: Any,
    y: ArrayLike,
    *,
    task: str | None = None,
    estimator: Any = None,
    n_scrambles: int = 19,
    max_samples: int = 300,
    random_state: int | np.random.RandomState | None = None,
) -> SymmetryResult:
    """Find the changes of a sample that its answer does not mind, without training.

    A Gaussian process is made invariant to a change by averaging its kernel over it. What it gains
    in leave-one-out log density says whether the answer minds the change. The same is computed
    after the positions were put in random orders, which destroys what neighbours say: the rank
    of the gain among these is a test of whether positions have an order that the change keeps.

    Arrays are compared by their distances. Sequences, tokens and graphs, which have none that mean
    something, are compared by features of untrained networks, averaged over changed copies.

    Parameters
    ----------
    X : array-like of shape (n_samples, d), (n_samples, steps, features) or more axes; or list
        Tables, series, images or volumes of finite numbers; the columns of a table are positions
        in their order. Or sequences, tokens or graphs, as the estimators take them; texts as
        ``TextTokenizer().fit_transform(X)``.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Classes or numbers.
    task : {"classification", "regression"}, default=None
        None guesses it from y: integers with few distinct values, such as counts, look like
        classes.
    estimator : fitted estimator, default=None
        Any with the interface of scikit-learn, whose `equivariance_error` under the same changes
        stands beside what the data say, in a column ``estimator``: 0 for an estimator that
        ignores the change, 1 where its output changes as much as between two samples.
    n_scrambles : int, default=19
        Random orders of the positions, for lists another for each sample. The smallest p-value is
        1 / (n_scrambles + 1). Graphs need none.
    max_samples : int, default=300
        Samples that are used, drawn at random. The time grows with their cube.
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    SymmetryResult
        Prints as a table. A change is "supported" if the gain is above 0.005 nats a sample and,
        if it moves positions, above that after scrambling; "contradicted" if the gain is below
        −0.005, as a mirrored digit is another digit; and else "indifferent".

    Raises
    ------
    TypeError
        If X holds pairs or texts.
    ValueError
        If X is an array with missing values or one position, X has fewer than 20 samples, or y
        is constant.
    sklearn.exceptions.NotFittedError
        If `estimator` is not fitted.

    Notes
    -----
    Leave-one-out gains are tested by t-tests with Holm's adjustment over all changes. For changes
    that move positions, the rank of the gain among those after scrambling must be significant
    as well (Westfall & Young 1993): `p_value` is the larger of the two. If positions have no
    order, all orders of them are exchangeable and the rank is exact. The order matters if such a
    change is supported, or predicts better than after scrambling and better than without X; of
    lists also if the samples as they are do. Networks on graphs ignore the order of the nodes;
    edges matter if rewiring them, at the same degrees, or removing them is contradicted.

    References
    ----------
    Haasdonk & Burkhardt, "Invariant kernel functions for pattern analysis and machine learning",
    Machine Learning 68 (2007). van der Wilk, Bauer, John & Hensman, "Learning invariances using
    the marginal likelihood" (2018). Westfall & Young, "Resampling-based multiple testing" (1993).

    Examples
    --------
    >>> from ibestimators import find_symmetries
    >>> from ibestimators.datasets import load_mnist1d
    >>> data = load_mnist1d()
    >>> result = find_symmetries(data.data[:150], data.target[:150], random_state=0)
    >>> result.to_frame().loc["cyclic shifts", "status"]
    'supported'
    """
    for name, value, least in (
        ("n_scrambles", n_scrambles, 19),
        ("max_samples", max_samples, MIN_SAMPLES),
    ):
        if not isinstance(value, Integral) or value < least:
            raise ValueError(f"{name} must be an int of at least {least}, got {value!r}.")
    random = random_generator(random_state)
    kind = structure_of(X).kind
    X, y, task = check_data(X, y, task, "find_symmetries")
    if estimator is not None:
        check_is_fitted(estimator)
    rows = np.sort(random.permutation(len(y))[:max_samples])
    y = y[rows]
    targets = numbers_of(y, task)
    problem: Any
    if kind == "array":
        problem = ArrayProblem.of(X[rows], targets, random)
    else:
        problem = ListProblem.of([X[i] for i in rows], targets, kind, random)
    # What the mean and variance of y say about each sample.
    unknowing = best_process(np.eye(len(y)), targets).log_density
    known = problem.plain.log_density - unknowing
    densities = np.array([problem.process(c).log_density for c in problem.changes])
    scrambled, plain_scrambled = _scrambled(problem, int(n_scrambles), random)
    found = Gains(densities - problem.plain.log_density, densities - unknowing, scrambled)
    order = None
    if problem.plain_sees_order:
        order = Gains(known[None], known[None], plain_scrambled[None] - unknowing.mean())
    names = pd.Index([change.name for change in problem.changes], name="symmetry")
    frame = tested(names, found, problem.any_order, order)
    if estimator is not None:
        seed = draw_seed(random)
        frame["estimator"] = [_error(estimator, problem, c, seed) for c in problem.changes]
    everything = np.vstack([known, found.knowledge])
    best = int(everything.mean(1).argmax())
    knowledge, errors = mean_and_error(everything)
    return SymmetryResult(
        frame,
        pd.DataFrame(scrambled, names),
        len(y),
        knowledge=float(knowledge[best]),
        knowledge_error=float(errors[best]),
        knowledge_p_value=float(holm(above_zero(everything)).min()),
        kind=kind,
        order_gain_limit=order_gain_limit(found, order),
    )


def check_data(X: Any, y: Any, task: str | None, user: str) -> tuple[Any, NDArray[Any], str]:
    """X and y as arrays, or X as a list, and the task; or an error that says what is wrong.

    Parameters
    ----------
    X, y, task
        As `find_symmetries` takes them.
    user : str
        What asks, for errors.
    """
    structure = structure_of(X)
    if structure.kind == "pairs":
        raise TypeError(
            f"X is {structure.name}, but {user} takes arrays, sequences, tokens or graphs. Ask for "
            "each of the two inputs."
        )
    if structure.kind == "array":
        X = check_samples(X, user)
    else:
        checked = structure.check(X, biases("regression")["MLP"])
        X = list(X) if structure.kind == "graphs" else checked
    y, task = check_target(y, len(X), user, task)
    if len(X) < MIN_SAMPLES:
        raise ValueError(
            f"X has {len(X)} samples, but at least {MIN_SAMPLES} are needed to tell symmetries."
        )
    return X, y, task


def numbers_of(y: NDArray[Any], task: str) -> Array:
    """Targets as columns of mean 0 and deviation 1, classes as one column each.

    Raises
    ------
    ValueError
        If all targets are the same.
    """
    if y.ndim == 1 and task == "classification":
        y = y[:, np.newaxis] == np.unique(y)
    y = y.reshape(len(y), -1).astype(float)
    y = y[:, y.min(0) < y.max(0)]
    if not y.shape[1]:
        raise ValueError("y holds one value only, so that there is nothing to predict.")
    return np.asarray(StandardScaler().fit_transform(y))


def _scrambled(
    problem: Any, n_scrambles: int, random: np.random.RandomState
) -> tuple[Array, Array]:
    """Mean gains after the positions were put in random orders, (n_changes, n_scrambles).

    NaN where a change moves no positions. All changes see the same orders. Beside them, the mean
    log densities of the process without a symmetry, (n_scrambles,).
    """
    gains = np.full((len(problem.changes), n_scrambles), np.nan)
    densities = np.full(n_scrambles, np.nan)
    moving = [i for i, change in enumerate(problem.changes) if change.moves_positions]
    for j in range(n_scrambles if moving else 0):
        other = problem.scrambled(random)
        densities[j] = other.plain.log_density.mean()
        for i in moving:
            gains[i, j] = other.process(problem.changes[i]).log_density.mean() - densities[j]
    return gains, densities


def _error(estimator: Any, problem: Any, change: Any, seed: int) -> float:
    """Mean error of equivariance over changed copies."""
    copies = [partial(_exchanged, copy=copy) for copy in problem.copies(change)]
    return float(np.mean([equivariance_error(estimator, problem.X, c, seed) for c in copies]))


def _exchanged(_: Any, copy: Any) -> Any:
    return copy
