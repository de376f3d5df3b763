"""The five biases as a set: estimators by name, search spaces, and the task of y."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _num_samples, check_array

from ibestimators.attention import AttentionClassifier, AttentionRegressor
from ibestimators.base import Estimator, check_values, read_estimator, refuse_collections
from ibestimators.convolution import ConvClassifier, ConvRegressor
from ibestimators.message_passing import GraphClassifier, GraphRegressor
from ibestimators.mlp import MLPClassifier, MLPRegressor
from ibestimators.nodes import NodeClassifier, NodeRegressor
from ibestimators.recurrence import RecurrentClassifier, RecurrentRegressor

__all__ = [
    "BASELINE",
    "CLASSIFIERS",
    "REGRESSORS",
    "REPRESENTATIVES",
    "SPACES",
    "biases",
    "check_target",
    "guess_task",
    "load",
    "tuned",
    "with_representatives",
]

BASELINE = "MLP"

CLASSIFIERS = {
    "MLP": MLPClassifier,
    "Conv": ConvClassifier,
    "Recurrent": RecurrentClassifier,
    "Graph": GraphClassifier,
    "Attention": AttentionClassifier,
}
REGRESSORS = {
    "MLP": MLPRegressor,
    "Conv": ConvRegressor,
    "Recurrent": RecurrentRegressor,
    "Graph": GraphRegressor,
    "Attention": AttentionRegressor,
}


def biases(task: str, **params: object) -> dict[str, Estimator]:
    """One estimator per bias, the baseline first.

    Parameters
    ----------
    task : {"classification", "regression"}
    **params
        Parameters that all five have, such as ``max_epochs=10`` or
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
    classes: dict[str, Any] = CLASSIFIERS if task == "classification" else REGRESSORS
    return {name: make(**params) for name, make in classes.items()}


# Search spaces of a random search, for classifiers and regressors: learning rate, weight decay,
# width, and the main parameter of each bias.
_SHARED: dict[str, Any] = {
    "lr": stats.loguniform(1e-3, 5e-2),
    "weight_decay": stats.loguniform(1e-2, 10),
}
SPACES: dict[str, dict[str, Any]] = {
    "MLP": {**_SHARED, "hidden_layer_sizes": [(64, 64), (256, 256), (512, 512), (256,)]},
    "Conv": {**_SHARED, "kernel_size": ["auto", 3, 7], "readout": ["mean", "max"]},
    "Recurrent": {**_SHARED, "hidden_size": [16, 32, 64], "cell": ["mingru", "lstm"]},
    "Graph": {**_SHARED, "hidden_size": [32, 48, 64], "aggregation": ["sum", "mean", "max"]},
    "Attention": {**_SHARED, "embedding_size": [32, 64, 128], "readout": ["max", "mean", "cls"]},
}


# Parameters that change the number of network parameters.
_SIZES = {"hidden_layer_sizes", "kernel_size", "hidden_size", "cell", "embedding_size"}


def tuned(
    est: Any,
    n_iter: int,
    random_state: int,
    scoring: Any = None,
    keep_size: bool = False,
    cv: Any = 3,
) -> Any:
    """Wrap an estimator of this package in a random search; others are returned unchanged.

    Of a pipeline, the last step is searched.

    Parameters
    ----------
    est : estimator
    n_iter : int
        Number of draws from the space of its bias in `SPACES`.
    random_state : int
    scoring : str, callable, list of str or dict, default=None
        The score to optimise; if there are several, the first.
    keep_size : bool, default=False
        Whether to leave out parameters that change the number of network parameters.
    cv : int, splitter or iterable of splits, default=3
        Folds of the search.

    Returns
    -------
    sklearn.model_selection.RandomizedSearchCV or est
    """
    name, prefix = bias_of(est)
    if name is None:
        return est
    own = {key: v for key, v in SPACES[name].items() if not (keep_size and key in _SIZES)}
    space = {f"{prefix}{key}": v for key, v in own.items()}
    return RandomizedSearchCV(
        est,
        space,
        n_iter=n_iter,
        cv=cv,
        scoring=_first_score(scoring),
        random_state=random_state,
    )


# Networks that stand for each bias beside the default one: small, short filters, a gated state
# that depends on itself, the largest message, steps in place of patches.
REPRESENTATIVES: dict[str, dict[str, Any]] = {
    "MLP": {"hidden_layer_sizes": (64, 64)},
    "Conv": {"kernel_size": 3},
    "Recurrent": {"cell": "lstm"},
    "Graph": {"aggregation": "max"},
    "Attention": {"patch_size": 1, "position": "sinusoidal"},
}


def with_representatives(est: Any, scoring: Any = None, cv: Any = 3) -> Any:
    """Wrap an estimator of this package in a search over the networks that stand for its bias.

    Parameters
    ----------
    est : estimator
        One of another library is returned unchanged.
    scoring : str, callable, list of str or dict, default=None
        The score to optimise; if there are several, the first.
    cv : int, splitter or iterable of splits, default=3
        Folds of the search.

    Returns
    -------
    sklearn.model_selection.GridSearchCV or est
    """
    name, prefix = bias_of(est)
    if name is None:
        return est
    other = {f"{prefix}{key}": [value] for key, value in REPRESENTATIVES[name].items()}
    return GridSearchCV(est, [{}, other], cv=cv, scoring=_first_score(scoring))


def bias_of(est: Any) -> tuple[str | None, str]:
    """The bias of an estimator, or None, and the prefix of its parameters in a pipeline."""
    prefix, network = "", est
    while True:
        if isinstance(network, Pipeline):
            step, network = network.steps[-1]
        elif isinstance(network, (NodeClassifier, NodeRegressor)):
            step, network = "estimator", network.estimator
        else:
            break
        prefix += f"{step}__"
    name = next((n for n in CLASSIFIERS if type(network) in (CLASSIFIERS[n], REGRESSORS[n])), None)
    return name, prefix


def _first_score(scoring: Any) -> Any:
    if isinstance(scoring, dict):
        return next(iter(scoring.values()))
    return scoring[0] if isinstance(scoring, (list, tuple)) else scoring


def guess_task(y: ArrayLike) -> str:
    """The task that y suggests, "classification" or "regression".

    Several columns of 0 and 1 are labels, a classification. Non-integer numbers suggest
    regression. So do integers with more than 1,000 distinct values,
    or with more distinct values than both 20 and 5 % of the samples.
    """
    kind = type_of_target(y)
    if kind == "multilabel-indicator":
        return "classification"
    if kind.startswith("continuous"):
        return "regression"
    y = np.asarray(y)
    if y.dtype.kind not in "iuf":
        return "classification"
    max_classes = min(1000, max(20, 0.05 * len(y)))
    return "regression" if len(np.unique(y)) > max_classes else "classification"


def check_target(
    y: Any, n_samples: int, user: str, task: str | None = None
) -> tuple[NDArray[Any], str]:
    """y as an array and its task, or an error that says what is wrong with it.

    Parameters
    ----------
    y
        As the estimators take it.
    n_samples : int
        In X.
    user : str
        What asks, for errors.
    task : {"classification", "regression"}, default=None
        None guesses it.
    """
    if task not in (None, "classification", "regression"):
        raise ValueError(f"task must be 'classification', 'regression' or None, got {task!r}.")
    if y is None:
        raise ValueError(f"y is None, but {user} needs the class or number of each sample.")
    refuse_collections(y)
    if _num_samples(y) != n_samples:
        raise ValueError(f"X has {n_samples} samples, but y has {_num_samples(y)}.")
    y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
    if "date" in (kind := pd.api.types.infer_dtype(y.ravel())) or "time" in kind:
        raise ValueError(
            "y holds dates or times. Give numbers, such as days since the first, or classes."
        )
    task = task or guess_task(y)
    return check_values(y, task, user), task


def load(path: str | os.PathLike[str], device: str | None = None) -> Any:
    """Read a fitted estimator that `save` wrote.

    Nothing in the file is executed: it names one of this package's estimators and holds
    numbers and texts. A checksum detects damage; it does not prove who wrote the file.

    Parameters
    ----------
    path : str or path-like
    device : str, default=None
        Replaces the parameter `device`, such as 'cpu' for a network that was trained on a
        GPU. None keeps the parameter.

    Returns
    -------
    estimator
        The saved estimator, without `callbacks` (None), the momentum of its optimiser and the
        batches in its history. Its predictions are the same, to the last bit on the same device
        and with the same versions of the libraries.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file was not written by this package, is truncated, has been changed since it was
        written, has a newer schema, or is inconsistent.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from ibestimators import MLPClassifier, load
    >>> X, y = load_iris(return_X_y=True)
    >>> fitted = MLPClassifier(max_epochs=2, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fitted.save(Path(folder) / "iris.safetensors")
    ...     again = load(Path(folder) / "iris.safetensors")
    >>> bool((again.predict_proba(X) == fitted.predict_proba(X)).all())
    True
    """
    estimators = (*CLASSIFIERS.values(), *REGRESSORS.values())
    return read_estimator(path, {cls.__name__: cls for cls in estimators}, device)
