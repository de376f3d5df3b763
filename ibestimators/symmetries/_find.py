"""Which changes of a sample leave its answer as it is? Measured before any training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted

from ibestimators.base import draw_seed, random_generator
from ibestimators.inspection import equivariance_error
from ibestimators.multiple_testing import holm
from ibestimators.structures import reads_containers
from ibestimators.suite import guess_task
from ibestimators.symmetries._gaussian_process import (
    LENGTH_SCALES,
    Array,
    GaussianProcess,
    best_process,
    mean_kernel,
    median_distance,
)
from ibestimators.symmetries._groups import (
    ANY_ORDER,
    NONE,
    Symmetry,
    symmetries_of,
)
from ibestimators.symmetries._result import LEVEL, SymmetryResult
from ibestimators.symmetries._samples import Scale, axes_of, check_samples

MIN_SAMPLES = 20
MIN_GAIN = 0.005  # nats a sample; less is of no use


@dataclass(frozen=True)
class Problem:
    r"""Samples and targets as a Gaussian process takes them.

    Attributes
    ----------
    Z : ndarray of shape (n_samples, \*axes, features)
    Y : ndarray of shape (n_samples, n_outputs)
        With mean 0 and deviation 1; classes are columns.
    """

    Z: Array
    Y: Array

    @cached_property
    def scales(self) -> tuple[float, float]:
        """Squares of length scales: the best without a symmetry, and the next smaller one.

        Averages over changes are wider than the kernel itself. The scales do not depend on the
        order of the positions.
        """
        distance = median_distance(self.Z.reshape(len(self.Z), -1))
        scales = [distance * length**2 for length in LENGTH_SCALES]
        kernels = (mean_kernel(NONE.pairs(self.Z), scale) for scale in scales)
        best = int(np.argmax([best_process(kernel, self.Y).evidence for kernel in kernels]))
        return scales[best], scales[max(0, best - 1)]

    def process(self, symmetry: Symmetry, order: NDArray[Any] | None = None) -> GaussianProcess:
        """The process with a symmetry; an order is one of the positions, the same for all."""
        Z = self.Z
        if order is not None:
            Z = Z.reshape(len(Z), -1, Z.shape[-1])[:, order].reshape(Z.shape)
        kernels = (mean_kernel(symmetry.pairs(Z), scale) for scale in self.scales)
        processes = [best_process(kernel, self.Y) for kernel in kernels]
        return max(processes, key=lambda process: process.evidence)


@reads_containers
def find_symmetries(
    X: ArrayLike,
    y: ArrayLike,
    *,
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

    Parameters
    ----------
    X : array-like of shape (n_samples, d), (n_samples, steps, features) or with more axes
        Tables, series, images or volumes of finite numbers; the columns of a table are positions
        in their order.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Classes or numbers.
    estimator : fitted estimator, default=None
        Any with the interface of scikit-learn, whose `equivariance_error` under the same changes
        stands beside what the data say, in a column ``estimator``: 0 for an estimator that
        ignores the change, 1 where its output changes as much as between two samples.
    n_scrambles : int, default=19
        Random orders of the positions. The smallest p-value is 1 / (n_scrambles + 1).
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
        If X is a list of sequences, tokens or graphs.
    ValueError
        If X has missing values, fewer than 20 samples or one position, or y is constant.
    sklearn.exceptions.NotFittedError
        If `estimator` is not fitted.

    Notes
    -----
    Leave-one-out gains are tested by t-tests with Holm's adjustment over all changes. For changes
    that move positions, the rank of the gain among those after scrambling must be significant
    as well (Westfall & Young 1993): `p_value` is the larger of the two. If positions have no
    order, all orders of them are exchangeable and the rank is exact. The order matters if such a
    change is supported, or predicts better than after scrambling and better than without X.

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
    X, y = check_data(X, y, "find_symmetries")
    if estimator is not None:
        check_is_fitted(estimator)
    rows = np.sort(random.permutation(len(X))[:max_samples])
    X, y = X[rows], y[rows]
    problem = _problem(X, y)
    symmetries = symmetries_of(axes_of(X), problem.Z.shape[-1], random)
    plain = problem.process(NONE)
    densities = np.array([problem.process(symmetry).log_density for symmetry in symmetries])
    moves = np.array([s.moves_positions for s in symmetries])
    moving = [s for s in symmetries if s.moves_positions]
    scrambled = np.full((len(symmetries), int(n_scrambles)), np.nan)
    scrambled[moves] = _scrambled(
        problem, moving, plain.log_density.mean(), int(n_scrambles), random
    )
    names = pd.Index([s.name for s in symmetries], name="symmetry")
    # What the mean and variance of y say about each sample.
    unknowing = best_process(np.eye(len(X)), problem.Y).log_density
    gains, knowledge = densities - plain.log_density, densities - unknowing
    known = plain.log_density - unknowing
    frame = _frame(names, gains, knowledge, scrambled, moves)
    if estimator is not None:
        seed = draw_seed(random)
        frame["estimator"] = [_error(estimator, X, symmetry, seed) for symmetry in symmetries]
    everything = np.vstack([known, knowledge])
    return SymmetryResult(
        frame,
        pd.DataFrame(scrambled, names),
        len(X),
        knowledge=float(known.mean()),
        knowledge_p_value=float(holm(_above_zero(everything)).min()),
    )


def check_data(X: Any, y: Any, user: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """X and y as arrays, or an error that says what is wrong with them.

    Parameters
    ----------
    X, y
        As `find_symmetries` takes them.
    user : str
        What asks, for errors.
    """
    X = check_samples(X, user)
    if y is None:
        raise ValueError(f"y is None, but {user} needs the class or number of each sample.")
    y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
    check_consistent_length(X, y)
    if len(X) < MIN_SAMPLES:
        raise ValueError(
            f"X has {len(X)} samples, but at least {MIN_SAMPLES} are needed to tell symmetries."
        )
    return X, np.asarray(y)


def numbers_of(y: NDArray[Any]) -> Array:
    """Targets as columns of mean 0 and deviation 1, classes as one column each.

    Raises
    ------
    ValueError
        If all targets are the same.
    """
    if y.ndim == 1 and guess_task(y) == "classification":
        y = y[:, np.newaxis] == np.unique(y)
    y = y.reshape(len(y), -1).astype(float)
    y = y[:, y.min(0) < y.max(0)]
    if not y.shape[1]:
        raise ValueError("y holds one value only, so that there is nothing to predict.")
    return np.asarray(StandardScaler().fit_transform(y))


def _problem(X: NDArray[Any], y: NDArray[Any]) -> Problem:
    Z = Scale.of(X).scaled(X).astype(np.float32)
    return Problem(Z, numbers_of(y))


def _scrambled(
    problem: Problem,
    symmetries: Sequence[Symmetry],
    plain: float,
    n_scrambles: int,
    random: np.random.RandomState,
) -> Array:
    """Mean gains after the positions were put in random orders: (n_symmetries, n_scrambles).

    All symmetries see the same orders, and the gain of the plain process does not depend on them.
    """
    n_positions = int(np.prod(problem.Z.shape[1:-1]))
    orders = [random.permutation(n_positions) for _ in range(n_scrambles)]
    gains = [
        [problem.process(symmetry, order).log_density.mean() - plain for order in orders]
        for symmetry in symmetries
    ]
    return np.array(gains)


def _frame(
    names: pd.Index,
    gains: Array,
    knowledge: Array,
    scrambled: Array,
    moves: NDArray[np.bool_],
) -> pd.DataFrame:
    """The table, tested.

    Parameters
    ----------
    names : pandas.Index of length n_symmetries
    gains, knowledge : ndarray of shape (n_symmetries, n_samples)
        Log densities above those of the process without a symmetry, and of none at all.
    scrambled : ndarray of shape (n_symmetries, n_scrambles)
    moves : ndarray of bool of shape (n_symmetries,)
        Which symmetries move positions.
    """
    n = gains.shape[1]
    mean, error = _mean_and_error(gains)
    half_width = stats.t.ppf(1 - LEVEL / 2, n - 1) * error
    above = holm(stats.t.sf((mean - MIN_GAIN) / error, n - 1))
    below = holm(stats.t.cdf((mean + MIN_GAIN) / error, n - 1))
    rank, ordered = np.zeros(len(mean)), np.full(len(mean), np.nan)
    rank[moves] = _ranked(mean[moves], scrambled[moves])
    # Two orders differ a little even where the answer has nothing to do with X.
    surplus = (mean - scrambled.mean(1)) / error
    known = np.divide(*_mean_and_error(knowledge))
    ordered[moves] = np.maximum(
        rank[moves], holm(stats.t.sf(np.minimum(surplus, known)[moves], n - 1))
    )
    p_value = np.maximum(rank, above)
    supported, contradicted = p_value <= LEVEL, below <= LEVEL
    # Not any order will do.
    if (ordered[moves] <= LEVEL).any() or (supported & moves).any():
        supported &= names != ANY_ORDER
        contradicted |= names == ANY_ORDER
    columns = {
        "gain": mean,
        "gain_low": mean - half_width,
        "gain_high": mean + half_width,
        "scrambled": scrambled.mean(1),
        "p_value": p_value,
        "order_p_value": ordered,
        "status": np.select(
            [supported, contradicted], ["supported", "contradicted"], "indifferent"
        ),
    }
    return pd.DataFrame(columns, names)


def _mean_and_error(values: Array) -> tuple[Array, Array]:
    """Means over samples and their standard errors."""
    return values.mean(1), np.maximum(values.std(1, ddof=1) / np.sqrt(values.shape[1]), 1e-12)


def _above_zero(values: Array) -> Array:
    """p-values of means over samples that are not above 0."""
    return np.asarray(stats.t.sf(np.divide(*_mean_and_error(values)), values.shape[1] - 1))


def _ranked(own: Array, scrambled: Array) -> Array:
    """p-values of the ranks of gains among those after scrambling (Westfall & Young 1993).

    Gains are standardised for each symmetry, and the largest of each order is compared: if
    positions have no order, all orders are exchangeable, the one of X among them.
    """
    values = np.column_stack([own, scrambled])
    centred = values - values.mean(1, keepdims=True)
    z = centred / np.maximum(values.std(1, keepdims=True), 1e-12)
    exceeding = (z[:, 1:].max(0) >= z[:, :1]).sum(1)
    return np.asarray((1 + exceeding) / values.shape[1])


def _error(estimator: Any, X: NDArray[Any], symmetry: Symmetry, seed: int) -> float:
    """Mean error of equivariance over at most eight of the changes."""
    copies = Scale.of(X).copies(X, symmetry)
    some = copies[:: -(-len(copies) // 8)]
    changes = [partial(_exchanged, copy=copy) for copy in some]
    return float(np.mean([equivariance_error(estimator, X, c, seed) for c in changes]))


def _exchanged(_: Any, copy: NDArray[Any]) -> NDArray[Any]:
    return copy
