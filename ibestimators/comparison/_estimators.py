"""What is compared, by name: from a dict, a list, names of biases, or one estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from sklearn.base import BaseEstimator

from ibestimators.pipelines import innermost
from ibestimators.suite import CLASSIFIERS, REGRESSORS, biases, guess_task

Estimators: TypeAlias = Mapping[str, BaseEstimator] | Sequence[Any] | str | BaseEstimator | None


def named_estimators(estimators: Estimators, y: Any) -> dict[str, Any]:
    """Estimators by name.

    Parameters
    ----------
    estimators : dict of str to estimator, list, str, estimator or None
        A list holds estimators, names of biases, such as "Conv", and pairs ``(name, estimator)``.
        None takes the five biases.
    y : array-like or None
        Decides, for names and None, between classifiers and regressors.

    Returns
    -------
    dict of str to estimator
        An estimator without a name has that of its class, without "Classifier" or "Regressor", and
        a number if another has the same.

    Raises
    ------
    TypeError
        If an item is something else.
    ValueError
        If a name is unknown or given twice, or there is none.

    Examples
    --------
    >>> from ibestimators import ConvClassifier
    >>> from ibestimators.comparison._estimators import named_estimators
    >>> list(named_estimators(["MLP", ConvClassifier(), ConvClassifier(kernel_size=7)], [0, 1]))
    ['MLP', 'Conv', 'Conv 2']
    """
    if estimators is None:
        return dict(_biases(y))
    if isinstance(estimators, Mapping):
        named = dict(estimators)
    else:
        is_one = isinstance(estimators, str) or hasattr(estimators, "fit")
        named = {}
        for item in [estimators] if is_one else [*_items(estimators)]:
            name, est = _named(item, y, named)
            named[name] = est
    if not named:
        raise ValueError("estimators is empty; give at least one, or None for the five biases.")
    return named


def _items(estimators: Any) -> Sequence[Any]:
    if isinstance(estimators, (list, tuple)):
        return estimators
    raise TypeError(
        "estimators must be a dict, a list, the name of a bias or one estimator, got "
        f"{type(estimators).__name__}."
    )


def _named(item: Any, y: Any, before: Mapping[str, Any]) -> tuple[str, Any]:
    """The name and the estimator of an item of a list, after others."""
    if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str):
        name, est = item
    elif isinstance(item, str):
        if item not in CLASSIFIERS:
            raise ValueError(
                f"estimators has the name {item!r}, but biases are {', '.join(CLASSIFIERS)}. Give "
                "the estimator itself."
            )
        name, est = item, _biases(y)[item]
    elif hasattr(item, "fit") and not isinstance(item, type):
        own = type(item).__name__
        own = own.removesuffix("Classifier").removesuffix("Regressor") or own
        name, number = own, 1
        while name in before:
            number += 1
            name = f"{own} {number}"
        return name, item
    else:
        raise TypeError(
            "estimators must hold estimators, names of biases or pairs (name, estimator), got "
            f"{item!r}."
        )
    if name in before:
        raise ValueError(f"estimators has the name {name!r} twice. Give each its own.")
    return name, est


def assumption(est: Any) -> str:
    """What an estimator assumes, also inside pipelines and searches; "" if unknown."""
    return str(getattr(innermost(est), "assumption", ""))


def readers_of_order(estimators: Mapping[str, Any], X: Any) -> list[str]:
    """Names of the estimators that read the columns of a table in the given order.

    Parameters
    ----------
    estimators : dict of str to estimator
    X : object
        A table has two axes.

    Returns
    -------
    list of str
        Those of convolutions, recurrences and message passing on a path; none without a table.
    """
    if len(getattr(X, "shape", ())) != 2:
        return []
    classes = tuple(
        suite[bias]
        for suite in (CLASSIFIERS, REGRESSORS)
        for bias in ("Conv", "Recurrent", "Graph")
    )
    return [
        name
        for name, est in ((name, innermost(est)) for name, est in estimators.items())
        if isinstance(est, classes) and est.input_shape is None
        if getattr(est, "graph", None) is None
    ]


def _biases(y: Any) -> dict[str, Any]:
    """The five biases for y."""
    if y is None:
        raise ValueError("y is None. Give y, or estimators that learn from X alone.")
    if isinstance(y, list) and any(np.ndim(item) for item in y[:1]):
        raise ValueError(
            "y holds an array for each sample. If these are values at its positions, pass "
            "estimators=biases('classification', target='position'), or 'regression'."
        )
    return dict(biases(guess_task(y)))
