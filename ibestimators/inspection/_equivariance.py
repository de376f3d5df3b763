"""Measure whether the outputs of an estimator are invariant to a transform of X."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils.validation import _num_samples

from ibestimators.base import random_generator
from ibestimators.inspection._checks import refuse_positions
from ibestimators.perturbations import transform_samples
from ibestimators.structures import reads_containers


@reads_containers
def equivariance_error(
    estimator: Any,
    X: Any,
    transform: str | Callable[[Any], Any],
    random_state: int | np.random.RandomState | None = None,
) -> float:
    """Measure how far a fitted estimator is from invariant to a transform of X.

    The mean distance between the outputs for X and for the transformed X, divided by the mean
    distance between the outputs for X and those for X in another order of samples.
    Outputs are probabilities, else decision values, else predictions.

    To separate the effect of training from that of the architecture, measure an untrained network
    as well: fit it with ``max_epochs=1`` and a very small learning rate, such as ``lr=1e-12``,
    which keeps its initial weights.

    Parameters
    ----------
    estimator : fitted estimator
        Any estimator with the interface of scikit-learn.
    X : array-like of shape (n_samples, ...), or list
        At least two samples, features last.
    transform : str or callable
        A function from X to a changed X, or one of the following names. Positions are those of
        `destroy_structure`: columns, steps, pixels, voxels, tokens.

        - "shift": rolls arrays, sequences and tokens by at least one position along each axis
          of the structure, by a random number for each sample.
        - "reflection": reverses the last axis of the structure of arrays, sequences and tokens.
        - "permutation": puts positions, steps or tokens in a random order, a different one for
          each sample; for graphs it reorders the nodes and keeps the edges between them; for
          pairs it reorders the elements of the context.
        - "rotation": rotates square images by 90 degrees.
        - "time_reversal": reverses the steps of arrays ``(n, d)`` and
          ``(n, steps, features)``, of sequences and of tokens.
        - "rescaling": multiplies arrays and sequences by 2.
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    float
        0: invariant. 1: the output changes as much as between two samples. Also 0 if the outputs
        are the same for all samples, up to rounding.

    Raises
    ------
    ValueError
        If `transform` is unknown, does not apply to X or returns another number of samples, or X
        has only one.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ibestimators import equivariance_error
    >>> X = np.array([[0.0, 3.0], [1.0, 2.0], [2.0, 1.0], [3.0, 0.0]])
    >>> linear = LogisticRegression().fit(X, [0, 0, 1, 1])
    >>> equivariance_error(linear, X, np.copy)
    0.0
    >>> equivariance_error(linear, X, "reflection", random_state=0) > 1
    True
    """
    refuse_positions(estimator, "equivariance_error")
    random = random_generator(random_state)
    changed = transform(X) if callable(transform) else transform_samples(X, transform, random)
    n_changed = None if changed is None else _num_samples(changed)
    if n_changed != _num_samples(X):
        raise ValueError(
            f"transform must return as many samples as it gets, {_num_samples(X)}, but it returned "
            f"{n_changed}."
        )
    outputs = _outputs(estimator, X)
    if len(outputs) < 2:
        raise ValueError("X has one sample, but distances require at least two samples.")
    order = random.permutation(len(outputs))  # a ring: no sample is compared with itself
    others = _mean_distance(outputs[order], outputs[np.roll(order, 1)])
    # Networks compute in float32: outputs that differ by rounding alone are constant.
    rounding = 10 * np.finfo(np.float32).eps * _mean_distance(outputs, np.zeros_like(outputs))
    if others <= rounding:
        return 0.0
    return _mean_distance(outputs, _outputs(estimator, changed)) / others


def _mean_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(a - b, axis=1).mean())


def _outputs(estimator: Any, X: Any) -> NDArray[np.float64]:
    """Outputs as an array with one row per sample."""
    for method in ("predict_proba", "decision_function", "predict"):
        if hasattr(estimator, method):
            break
    outputs = getattr(estimator, method)(X)
    if isinstance(outputs, list):  # an array for each of several targets
        outputs = np.hstack(outputs)
    outputs = np.asarray(outputs)
    if method == "predict" and is_classifier(estimator) and outputs.ndim == 1:
        outputs = outputs[:, np.newaxis] == estimator.classes_  # labels have no distances
    return outputs.astype(np.float64).reshape(len(outputs), -1)
