"""The five biases side by side, as the comparison takes them by default."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.multiclass import type_of_target

from ibestimators.attention import AttentionClassifier, AttentionRegressor
from ibestimators.base import Estimator
from ibestimators.convolution import ConvClassifier, ConvRegressor
from ibestimators.message_passing import GraphClassifier, GraphRegressor
from ibestimators.mlp import MLPClassifier, MLPRegressor
from ibestimators.recurrence import RecurrentClassifier, RecurrentRegressor

BASELINE = "MLP"

_CLASSIFIERS = {
    "MLP": MLPClassifier,
    "Conv": ConvClassifier,
    "Recurrent": RecurrentClassifier,
    "Graph": GraphClassifier,
    "Attention": AttentionClassifier,
}
_REGRESSORS = {
    "MLP": MLPRegressor,
    "Conv": ConvRegressor,
    "Recurrent": RecurrentRegressor,
    "Graph": GraphRegressor,
    "Attention": AttentionRegressor,
}


def biases(task: str, **params: object) -> dict[str, Estimator]:
    """One estimator a bias, the baseline first.

    Parameters
    ----------
    task : {"classification", "regression"}
    **params
        Parameters that all five share, such as ``max_epochs=10`` or
        ``input_shape=(8, 8, 1)``.

    Returns
    -------
    dict of str to estimator
        "MLP", "Conv", "Recurrent", "Graph" and "Attention".

    Raises
    ------
    ValueError
        If `task` is not one of the two.

    Examples
    --------
    >>> from ibestimators import biases
    >>> list(biases("regression", max_epochs=10))
    ['MLP', 'Conv', 'Recurrent', 'Graph', 'Attention']
    """
    if task not in ("classification", "regression"):
        raise ValueError(f"task must be 'classification' or 'regression', got {task!r}.")
    classes = _CLASSIFIERS if task == "classification" else _REGRESSORS
    return {name: make(**params) for name, make in classes.items()}


def guess_task(y: ArrayLike) -> str:
    """Tell a regression from a classification by y.

    Numbers with a fraction are a regression. Whole numbers are one if there are more
    different ones than 20 and than a twentieth of the samples, or more than 1,000.
    """
    if type_of_target(y).startswith("continuous"):
        return "regression"
    y = np.asarray(y)
    if y.dtype.kind not in "iuf":
        return "classification"
    most = min(1000, max(20, 0.05 * len(y)))
    return "regression" if len(np.unique(y)) > most else "classification"
