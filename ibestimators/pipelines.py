"""The way in: the fitted network within an estimator, and what it gets to see.

What the views inside a bias share, whether its estimator stands alone, at the end of a
pipeline, or was found by a search.
"""

from __future__ import annotations

import copy
from numbers import Integral
from typing import Any, TypeVar

import torch
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ibestimators.base import EmbeddedTokens, Estimator

P = TypeVar("P", bound=Estimator)


def opened(estimator: Any, X: Any, primitive: type[P]) -> tuple[P, Any]:
    """The fitted estimator of a primitive within pipelines and searches, and X as it gets it.

    Parameters
    ----------
    estimator : estimator, Pipeline or search
        Fitted.
    X
        Samples, as the whole takes them; None where none are needed.
    primitive : type
        Class that the estimator must be of.

    Returns
    -------
    estimator : Estimator
    X

    Raises
    ------
    TypeError
        If there is no estimator of that primitive at the end.
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
    if not isinstance(estimator, primitive):
        raise TypeError(
            f"{given} ends in {type(estimator).__name__}, but this view needs a fitted estimator "
            f"that assumes {getattr(primitive, 'assumption', 'something')!r}: "
            f"{primitive.__name__}. Give one, or a pipeline or search that ends in one."
        )
    check_is_fitted(estimator, "net_")
    return estimator, X


def innermost(est: Any) -> Any:
    """The estimator at the end of a pipeline, or inside a search, fitted if it is."""
    while True:
        if hasattr(est, "steps"):
            est = est.steps[-1][1]
        elif hasattr(est, "best_estimator_"):
            est = est.best_estimator_
        elif isinstance(getattr(est, "estimator", None), BaseEstimator):
            est = est.estimator
        else:
            return est


def network(estimator: Estimator) -> Any:
    """The network of a fitted estimator, without the embedding of tokens before it.

    A copy in evaluation mode: what is asked of it leaves no trace in the estimator.
    """
    module = estimator.module_
    own = module.network if isinstance(module, EmbeddedTokens) else module
    return copy.deepcopy(own).eval()


def place(name: str, number: Any, n: int, of: str = "") -> int:
    """A number below n, those below 0 counted from the end; or an error that names it."""
    if not isinstance(number, Integral) or not -n <= int(number) < n:
        raise ValueError(
            f"{name}={number!r}, but there are {n}{of and ' '}{of}. Give an int from 0 to {n - 1}, "
            f"or from -{n} to -1 to count from the end."
        )
    return int(number) % n


@torch.no_grad()
def inputs(estimator: Estimator, X: Any) -> dict[str, torch.Tensor]:
    """What `network` takes by keyword for all samples: standardised, tokens embedded."""
    checked = estimator._check_input(X, reset=False)
    samples = estimator._structure.read(checked, estimator._dtype)
    batch = {
        name: value.to(estimator.device_)
        for name, value in samples.batch(slice(0, len(samples))).items()
    }
    module = estimator.module_
    if isinstance(module, EmbeddedTokens):
        batch["x"] = module.embedding(batch["x"])
    return batch
