"""One cheap try before the folds: what cannot work is said before anything is trained."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import get_scorer
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.multiclass import type_of_target

from ibestimators.base import Estimator
from ibestimators.comparison._scorers import over_classes
from ibestimators.pipelines import innermost

PER_CLASS = 2
MAX_SAMPLES = 40


def check_tasks(estimators: Mapping[str, BaseEstimator], scoring: Any) -> None:
    """Raise an error if classifiers and regressors would share a score that means two things."""
    classifiers = [name for name, est in estimators.items() if is_classifier(est)]
    regressors = [name for name, est in estimators.items() if is_regressor(est)]
    if scoring is None and classifiers and regressors:
        raise ValueError(
            f"{classifiers[0]!r} is a classifier and {regressors[0]!r} a regressor: accuracy and "
            "R² cannot be compared. Give scoring, one that suits both, such as 'r2' or "
            "'neg_mean_absolute_error', or estimators of one task."
        )


def check_scores(scoring: Any, y: Any, classifier: bool, classes: NDArray[Any] | None) -> None:
    """Try each score that has a name on predictions that ignore X.

    Parameters
    ----------
    scoring : str, callable, list of str, dict or None
    y : array-like
        With one class or number a sample; others are not tried.
    classifier : bool
        Whether the estimators are classifiers.
    classes : ndarray or None
        Of y.

    Raises
    ------
    ValueError
        If the first score fails: with its reason and a remedy.

    Warns
    -----
    UserWarning
        If another score fails, which will be missing.
    """
    kind = type_of_target(y)
    if kind not in ("binary", "multiclass", "continuous"):
        return
    if isinstance(scoring, str):
        scoring = [scoring]
    if isinstance(scoring, (list, tuple)):
        scoring = {str(name): name for name in scoring}
    if not isinstance(scoring, dict):
        return
    values = "which has numbers"
    if classifier:
        values = f"which has {len(np.unique(np.asarray(y)))} classes"
    X = np.zeros((len(y), 1))
    dummy = DummyClassifier(strategy="prior") if classifier else DummyRegressor()
    dummy.fit(X, y)
    for i, (name, score) in enumerate(scoring.items()):
        if not isinstance(score, str):
            continue
        score_of = over_classes(score, classes)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                score_of = get_scorer(score_of) if isinstance(score_of, str) else score_of
                score_of(dummy, X, y)
        except Exception as error:
            reason = str(error).rstrip(".")
            text = f"scoring={name!r} cannot score y, {values}: {reason}. {_remedy(score)}"
            if i == 0:
                raise ValueError(text) from error
            warnings.warn(f"{text} It will be missing.", UserWarning, stacklevel=5)


def _remedy(score: str) -> str:
    if score == "roc_auc":
        return "Choose 'roc_auc_ovr', or 'roc_auc_ovo'."
    if score in ("f1", "precision", "recall", "jaccard"):
        return f"Choose '{score}_macro', or '{score}_weighted'."
    return "Choose a score for this y."


def try_estimators(
    estimators: Mapping[str, BaseEstimator],
    X: Any,
    y: Any,
    trains: Sequence[NDArray[Any]],
    strata: Any,
) -> dict[str, Exception]:
    """Fit the networks of this package for one epoch on a few samples.

    One that fails is tried again on whole training parts, since a few samples may lack what it
    needs.

    Parameters
    ----------
    estimators : dict of str to estimator
        Those of other libraries are not tried, nor searches.
    X, y
        All samples.
    trains : sequence of ndarray of int
        Rows of the training parts.
    strata : array-like or None
        Classes of all samples.

    Returns
    -------
    dict of str to Exception
        The errors of those that fail; empty if an estimator does not, or was not tried.
    """
    few = _few(np.asarray(trains[0]), strata)
    errors: dict[str, Exception] = {}
    for name, est in estimators.items():
        if not isinstance(est, (Estimator, Pipeline)) or not isinstance(innermost(est), Estimator):
            return {}
        for rows in (few, *trains):
            error = _error(est, *(v if v is None else _safe_indexing(v, rows) for v in (X, y)))
            if error is None:
                return {}
            errors[name] = error
    return errors


def _few(train: NDArray[Any], strata: Any) -> NDArray[Any]:
    """The first rows, or some of each class."""
    if strata is None:
        return train[: 2 * PER_CLASS + 4]
    labels = np.asarray(_safe_indexing(strata, train))
    classes = np.unique(labels)[: MAX_SAMPLES // PER_CLASS]
    return np.sort(np.concatenate([train[labels == c][:PER_CLASS] for c in classes]))


def _error(est: BaseEstimator, X: Any, y: Any) -> Exception | None:
    """Why an estimator cannot be fitted, or None."""
    cheap = {"max_epochs": 1, "early_stopping": False, "callbacks": None}
    params = {
        name: cheap[name.rpartition("__")[2]]
        for name in est.get_params()
        if name.rpartition("__")[2] in cheap
    }
    copy = clone(est).set_params(**params)
    vars(innermost(copy)).pop("_skl_callbacks", None)  # those of scikit-learn hear of real fits
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            copy.fit(X, y)
    except Exception as error:
        return error
    return None
