"""Scores of a fold: probabilities over all classes, and a score that fails costs itself alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray
from sklearn.metrics import check_scoring, d2_log_loss_score, log_loss

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

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        known = estimator.predict_proba(X)
        probabilities = over_all_classes(known, estimator.classes_, self.classes)
        score, sign = _OF_PROBABILITIES[self.scoring]
        return sign * float(score(y, probabilities, labels=self.classes))


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


def scorer_of(estimator: Any, scoring: Any, classes: NDArray[Any] | None) -> Any:
    """A scorer that returns a score, or a dict of scores with the error of each that failed."""
    return check_scoring(estimator, over_classes(scoring, classes), raise_exc=False)
