"""See through pipelines and searches to the estimator that does the work."""

from __future__ import annotations

from typing import Any, TypeVar

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

T = TypeVar("T")


def unwrap_estimator(estimator: Any, X: Any, expected: type[T]) -> tuple[T, Any]:
    """The fitted estimator at the end of pipelines and searches, and X as it reaches it.

    Parameters
    ----------
    estimator : estimator, Pipeline or search
        Fitted.
    X
        Samples, as the whole takes them; None if there are none.
    expected : type
        Class that the estimator must have.

    Returns
    -------
    estimator : expected
    X

    Raises
    ------
    TypeError
        If the estimator at the end has another class.
    sklearn.exceptions.NotFittedError
    """
    given = type(estimator).__name__
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(estimator, Pipeline):
            if X is not None and len(estimator) > 1:
                X = estimator[:-1].transform(X)
            estimator = estimator[-1]
        else:
            break
    if not isinstance(estimator, expected):
        raise TypeError(
            f"{given} ends in {type(estimator).__name__}, but a fitted {expected.__name__} is "
            "expected. Give one, or a pipeline or search that ends in one."
        )
    check_is_fitted(estimator)
    return estimator, X


def innermost(est: Any) -> Any:
    """The estimator at the end of a pipeline, or inside a search, fitted if it is."""
    while True:
        if hasattr(est, "steps"):
            est = est.steps[-1][1]
        elif hasattr(est, "best_estimator_") and not hasattr(est, "weights_"):  # no mixture
            est = est.best_estimator_
        elif hasattr(est, "count_parameters"):  # a network, or the nodes of a graph as samples
            return est
        elif isinstance(getattr(est, "estimator_", None), BaseEstimator):
            est = est.estimator_
        elif isinstance(getattr(est, "estimator", None), BaseEstimator):
            est = est.estimator
        else:
            return est
