"""Scores of a fold: probabilities over all classes, and a score that fails costs itself alone."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from inspect import signature
from typing import Any

from numpy.typing import ArrayLike, NDArray
from sklearn import config_context
from sklearn.metrics import check_scoring, d2_log_loss_score, get_scorer, log_loss
from sklearn.utils.metadata_routing import MetadataRequest, get_routing_for_object

from ibestimators.comparison._predictions import over_all_classes

# Scores of probabilities that need the classes, which a fold may lack, and their signs.
_OF_PROBABILITIES: dict[str, tuple[Callable[..., float], int]] = {
    "neg_log_loss": (log_loss, -1),
    "d2_log_loss_score": (d2_log_loss_score, 1),
}


class ProbabilityScorer:
    """A score of probabilities over all classes of y, also those that a fold lacks.

    scikit-learn's scorer takes the classes from the test part and fails if that lacks one. The
    probability of a class that the training part lacks is 0.

    Parameters
    ----------
    scoring : {"neg_log_loss", "d2_log_loss_score"}
    classes : ndarray
        Of y, sorted.
    """

    def __init__(self, scoring: str, classes: NDArray[Any]) -> None:
        self.scoring = scoring
        self.classes = classes

    def __repr__(self) -> str:
        return f"{self.scoring} over all classes"

    def __call__(
        self, estimator: Any, X: Any, y: Any, sample_weight: ArrayLike | None = None
    ) -> float:
        known = estimator.predict_proba(X)
        probabilities = over_all_classes(known, estimator.classes_, self.classes)
        score, sign = _OF_PROBABILITIES[self.scoring]
        options = {"labels": self.classes, "sample_weight": sample_weight}
        return sign * float(score(y, probabilities, **options))

    def get_metadata_routing(self) -> MetadataRequest:
        """Weights are requested, in a search too."""
        request = MetadataRequest(owner=type(self).__name__)
        request.score.add_request(param="sample_weight", alias=True)
        return request


def over_classes(scoring: Any, classes: NDArray[Any] | None) -> Any:
    """A `scoring` whose scores of probabilities know all classes.

    Parameters
    ----------
    scoring : str, callable, list of str, dict or None
    classes : ndarray or None
        Of y, sorted; None if it has no classes.

    Returns
    -------
    scoring
        A dict in place of a list.
    """
    if classes is None:
        return scoring
    if isinstance(scoring, (list, tuple)):
        scoring = {str(name): name for name in scoring}
    if isinstance(scoring, dict):
        return {name: over_classes(score, classes) for name, score in scoring.items()}
    known = isinstance(scoring, str) and scoring in _OF_PROBABILITIES
    return ProbabilityScorer(scoring, classes) if known else scoring


def own_score(estimator: Any, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
    """What the `score` of an estimator returns, weighted if it takes weights."""
    if sample_weight is None:
        return float(estimator.score(X, y))
    with config_context(enable_metadata_routing=True):  # the `score` of a search needs it
        takes = "sample_weight" in signature(estimator.score).parameters or bool(
            get_routing_for_object(estimator).consumes("score", ["sample_weight"])
        )
        return float(estimator.score(X, y, **({"sample_weight": sample_weight} if takes else {})))


def scorers_of(
    estimator: Any, scoring: Any, classes: NDArray[Any] | None = None
) -> dict[str, Callable[..., float]]:
    """The scorers of a `scoring` by name, the one that decides first; "score" is a single one.

    Parameters
    ----------
    estimator : estimator
        What is scored.
    scoring : str, callable, list of str, dict or None
    classes : ndarray, default=None
        Of y, sorted; None if it has no classes.
    """
    scoring = over_classes(scoring, classes)
    if isinstance(scoring, (list, tuple)):
        scoring = {str(name): name for name in scoring}
    if not isinstance(scoring, dict):
        scoring = {"score": scoring}
    scorers = {name: check_scoring(estimator, score) for name, score in scoring.items()}
    return {name: own_score if scoring[name] is None else scorers[name] for name in scorers}


def takes_weights(scorer: Any) -> bool:
    """Whether a scorer takes weights of samples."""
    function = getattr(scorer, "_score_func", scorer)  # that of `make_scorer`
    return "sample_weight" in signature(function).parameters


def score_with(
    scorer: Callable[..., float], estimator: Any, X: Any, y: Any, sample_weight: ArrayLike | None
) -> float:
    """The score of a fitted estimator; weighted, if there are weights that the scorer takes."""
    if sample_weight is None or not takes_weights(scorer):
        return float(scorer(estimator, X, y))
    return float(scorer(estimator, X, y, sample_weight=sample_weight))


def requesting_weights(scoring: Any) -> Any:
    """A `scoring` whose scorers request weights in a search, if they take them."""
    if isinstance(scoring, (list, tuple, set)):
        scoring = {str(name): name for name in scoring}
    if isinstance(scoring, dict):
        return {name: requesting_weights(score) for name, score in scoring.items()}
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    request = getattr(get_routing_for_object(scorer), "score", None)
    is_unset = request is not None and request.requests.get("sample_weight", "") is None
    return copy(scorer).set_score_request(sample_weight=True) if is_unset else scorer
