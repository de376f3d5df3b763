"""Fair terms: networks with the same number of parameters, and the cost of a prediction.

An estimator can be matched if it has the methods ``count_parameters(X, y)``, the number of
parameters that it would have, and ``widened(factor, X)``, parameters that make it wider or
narrower. All estimators of this package do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from ibestimators.pipelines import innermost

TOLERANCE = 0.05
MAX_STEPS = 60  # of the bisection


def match_parameters(
    estimators: Mapping[str, BaseEstimator],
    X: Any,
    y: Any,
    n_parameters: int | None = None,
    baseline: str | None = None,
) -> dict[str, BaseEstimator]:
    """Widen or narrow estimators until their numbers of parameters agree within 5 %.

    Parameters
    ----------
    estimators : dict of str to estimator
        Estimators without such methods, such as a random forest, stay as they are. Of a pipeline
        the last step is matched, on X as the other steps give it.
    X, y
        The training data, which decide the sizes of inputs and outputs.
    n_parameters : int, default=None
        The number to match; None takes the number of the baseline.
    baseline : str, default=None
        Name of the estimator to match; None takes the first.

    Returns
    -------
    dict of str to estimator
        Clones with new widths, not fitted.

    Raises
    ------
    ValueError
        If the number cannot be reached, or the parameters of the baseline cannot be counted.

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators import biases
    >>> from ibestimators.comparison._matching import match_parameters
    >>> X, y = np.zeros((20, 30)), [0, 1] * 10
    >>> matched = match_parameters(biases("classification"), X, y, 20_000)
    >>> all(19_000 <= est.count_parameters(X, y) <= 21_000 for est in matched.values())
    True
    """
    _check_bare(estimators)
    baseline = next(iter(estimators)) if baseline is None else baseline
    if n_parameters is None:
        network, X_read = _network(estimators[baseline], X, y)
        if not hasattr(network, "count_parameters"):
            raise ValueError(
                f"match_parameters=True cannot count the parameters of {baseline!r}. "
                "Give a number, or a network of this package as baseline."
            )
        n_parameters = network.count_parameters(X_read, y)
    matched = {}
    for name, est in estimators.items():
        matched[name] = clone(est)
        network, X_read = _network(est, X, y)
        if hasattr(network, "widened"):
            wider = _matched(name, network, X_read, y, n_parameters)
            if isinstance(est, Pipeline):
                matched[name].steps[-1] = (est.steps[-1][0], wider)
            else:
                matched[name] = wider
    return matched


def _network(est: BaseEstimator, X: Any, y: Any) -> tuple[BaseEstimator, Any]:
    """The last step of a pipeline and X as it reaches that step; else the two themselves."""
    if not isinstance(est, Pipeline) or not hasattr(est[-1], "widened"):
        return est, X
    return est[-1], clone(est[:-1]).fit_transform(X, y) if len(est) > 1 else X


def _check_bare(estimators: Mapping[str, BaseEstimator]) -> None:
    for name, est in estimators.items():
        network = est[-1] if isinstance(est, Pipeline) else est
        if hasattr(innermost(est), "widened") and not hasattr(network, "widened"):
            raise ValueError(
                f"match_parameters cannot count the parameters of {name!r}, a "
                f"{type(est).__name__}. Give the network itself, or a pipeline that ends in it."
            )


def _matched(name: str, est: Any, X: Any, y: Any, target: int) -> Any:
    """Bisect the factor: the number of parameters increases with it, except for rounding."""

    def with_factor(factor: float) -> tuple[Any, int]:
        wider = clone(est).set_params(**est.widened(factor, X))
        return wider, wider.count_parameters(X, y)

    low, high = 1e-3, 1.0
    best, count = with_factor(high)
    while count < target and high < 1e4:
        low, high = high, 2 * high
        best, count = with_factor(high)
    for _ in range(MAX_STEPS):
        middle = float(np.sqrt(low * high))
        tried, reached = with_factor(middle)
        if abs(reached - target) < abs(count - target):
            best, count = tried, reached
        low, high = (middle, high) if reached < target else (low, middle)
        if count == target or high / low < 1 + 1e-4:
            break
    if abs(count - target) > TOLERANCE * target:
        raise ValueError(
            f"{name} cannot have {target:,} parameters within 5 %; the closest is {count:,}, with "
            f"{est.widened(1.0, X)} made wider or narrower. Choose another number."
        )
    return best


def multiply_adds(est: Any, X: Any) -> int | None:
    """Multiply-adds of a prediction, the mean over a few samples of X.

    Parameters
    ----------
    est : estimator
        Fitted.
    X
        Samples to predict.

    Returns
    -------
    int or None
        None if the estimator is not a network of this package.
    """
    if not hasattr(est, "count_multiply_adds"):
        return None
    return int(est.count_multiply_adds(X[:8]))
