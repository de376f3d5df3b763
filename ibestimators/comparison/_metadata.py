"""Groups and weights of samples on their way to what takes them, through pipelines and searches.

scikit-learn's metadata routing delivers them. An estimator that has not said whether it requests
weights (``set_fit_request``) gets them, unless it only transforms.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numpy.typing import ArrayLike
from sklearn import config_context
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils.metadata_routing import MetadataRequest, get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

from ibestimators.comparison._scorers import requesting_weights


def fit_with(
    est: BaseEstimator,
    X: Any,
    y: Any,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> Any:
    """Fit a clone; it and what is inside it get the groups and weights that they take.

    Parameters
    ----------
    est : estimator
    X, y
        Training samples.
    groups, sample_weight : array-like of shape (n_samples,), default=None

    Returns
    -------
    estimator
        Fitted.
    """
    est = clone(est)
    known = {"groups": groups, "sample_weight": sample_weight}
    given = {name: values for name, values in known.items() if values is not None}
    direct, routed = _taken(est, given)
    if routed <= direct:
        return est.fit(X, y, **{name: given[name] for name in direct})
    with config_context(enable_metadata_routing=True):
        return est.fit(X, y, **{name: given[name] for name in routed})


def takes_weights(est: BaseEstimator) -> bool:
    """Whether `fit` takes weights, or that of an estimator inside."""
    direct, routed = _taken(clone(est), ["sample_weight"])
    return bool(direct | routed)


def _taken(est: BaseEstimator, names: Iterable[str]) -> tuple[set[str], set[str]]:
    """What `fit` has as a parameter of its own, and what it takes by routing."""
    direct = {name for name in names if has_fit_parameter(est, name)}
    if direct == set(names):
        return direct, set()
    with config_context(enable_metadata_routing=True):
        try:
            for part in (est, *est.get_params().values()):
                if isinstance(part, BaseEstimator):
                    _request(part, names)
            return direct, set(get_routing_for_object(est).consumes("fit", names))
        except NotImplementedError:  # a part without routing, such as AdaBoostClassifier
            return direct, set()


def _request(part: Any, names: Iterable[str]) -> None:
    """Let a part of an estimator request what it takes, where it has not said so."""
    if isinstance(part, BaseSearchCV) and "sample_weight" in names:
        part.set_params(scoring=requesting_weights(part.scoring))
    request = get_routing_for_object(part)
    if not isinstance(request, MetadataRequest):  # hands on to its own parts
        return
    only_transforms = hasattr(part, "transform") and not (is_classifier(part) or is_regressor(part))
    for name in names:
        wants = name != "sample_weight" or not only_transforms
        for method in ("fit", "score"):
            own = getattr(request, method).requests
            if name in own and own[name] is None:
                getattr(part, f"set_{method}_request")(**{name: wants})
