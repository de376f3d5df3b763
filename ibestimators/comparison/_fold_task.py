"""One fit and its score, as a call that joblib can run anywhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV
from sklearn.utils import _safe_indexing
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

from ibestimators.base import Estimator
from ibestimators.comparison._cache import Store
from ibestimators.comparison._matching import multiply_adds
from ibestimators.comparison._predictions import predictions_of, remembering
from ibestimators.pipelines import innermost

# How a network of this package was trained; the settings that are 'auto' depend on the data.
TRAINING = ("lr", "weight_decay", "batch_size", "max_epochs")
MAX_TRAIN_SCORED = 2000
RESPONSES = ("prediction", "probability")
COLUMNS = (
    "estimator",
    "fold",
    "score",
    "train_score",
    "fit_time",
    "predict_time",
    "n_parameters",
    "multiply_adds",
    "n_train",
    "n_test",
    "error",
    "score_error",
    "converged",
    "loss_curve",
    "inner_scores",
    *TRAINING,
)


class ScoreError(RuntimeError):
    """The last line of the traceback of a score that failed beside others."""


class FoldTask:
    """One fit and its score, as a call that returns a row of `cells`.

    joblib's Dask backend scatters large arguments over the workers, and what was scattered to a
    worker is lost with it. The attributes of a callable are sent with each task, and sent again.
    (Dask looks into dataclasses for tasks of its own, so this is a plain class.)
    """

    def __init__(
        self,
        name: str,
        fold: int,
        estimator: BaseEstimator,
        scorer: Any,
        X: Any,
        y: Any,
        rows: tuple[NDArray[Any], NDArray[Any]],
        groups: Any,
        error_score: str | float,
        store: Store | None,
        labels: Mapping[str, Any],
        classes: NDArray[Any] | None = None,
        keeps_predictions: bool = False,
    ) -> None:
        self.name, self.fold = name, fold
        self.estimator, self.scorer = estimator, scorer
        self.X, self.y, self.groups = X, y, groups
        self.train, self.test = rows
        self.error_score, self.store = error_score, store
        self.labels = labels  # further columns of the row
        self.classes, self.keeps_predictions = classes, keeps_predictions

    def __call__(self) -> dict[str, Any]:
        if self.store is None:
            cell = self._fit_and_score()
        else:
            cell = self.store.fetch(
                self.estimator,
                self.train,
                self.test,
                self._fit_and_score,
                needs=RESPONSES if self.keeps_predictions else (),
            )
        # A row from the cache may be of a version with fewer columns.
        blank = dict.fromkeys(COLUMNS)
        return {**blank, **cell, "estimator": self.name, "fold": self.fold, **self.labels}

    def _fit_and_score(self) -> dict[str, Any]:
        cell: dict[str, Any] = {
            "estimator": self.name,
            "fold": self.fold,
            "score": np.nan if self.error_score == "raise" else self.error_score,
            "train_score": np.nan,
            "fit_time": np.nan,
            "predict_time": np.nan,
            "n_parameters": None,
            "multiply_adds": None,
            "n_train": len(self.train),
            "n_test": len(self.test),
            "error": None,
            "score_error": None,
            "converged": None,
            "loss_curve": None,
            "inner_scores": None,
            **dict.fromkeys(TRAINING),
        }
        try:
            self._measure(cell)
        except Exception as error:  # the other fits go on
            if self.error_score == "raise":
                raise
            kind = "" if isinstance(error, ScoreError) else f"{type(error).__name__}: "
            cell["error"] = f"{kind}{error}"
        return cell

    def _measure(self, cell: dict[str, Any]) -> None:
        X_test, y_test, _ = self._rows(self.test)
        X_train, y_train, groups = self._rows(self.train)
        start = time.perf_counter()
        fitted = fit_with_groups(self.estimator, X_train, y_train, groups)
        cell["fit_time"] = time.perf_counter() - start
        with remembering(fitted, X_test):
            start = time.perf_counter()
            scores = self.scorer(fitted, X_test, y_test)
            cell["predict_time"] = time.perf_counter() - start
            if self.keeps_predictions:
                cell |= self._predictions(fitted, X_test)
        scores = scores if isinstance(scores, dict) else {"score": scores}
        first, *others = scores
        if isinstance(scores[first], str):
            raise ScoreError(_last_line(scores[first]))
        cell["score"] = float(scores[first])
        # The text of an error takes the place of a score that failed.
        failed = {name: scores[name] for name in others if isinstance(scores[name], str)}
        cell |= {name: np.nan if name in failed else float(scores[name]) for name in others}
        if failed:
            texts = (f"{name}: {_last_line(text)}" for name, text in failed.items())
            cell["score_error"] = "; ".join(texts)
        if np.isnan(cell["score"]):
            cell["error"] = "the score is NaN; the fold may have too few samples for it"
        if isinstance(fitted, GridSearchCV):
            cell["inner_scores"] = fitted.cv_results_["mean_test_score"].tolist()
        inner = innermost(fitted)
        network = getattr(inner, "estimator_", inner)  # inside one for the nodes of a graph
        cell["n_parameters"] = getattr(network, "n_parameters_", None)
        if self.fold == 0 and inner is fitted:  # `Setup.run` takes it for the other folds
            cell["multiply_adds"] = multiply_adds(inner, X_test)
        if isinstance(network, Estimator):  # not fitted itself inside a bagging
            cell |= {name: getattr(network, f"{name}_", None) for name in TRAINING}
            cell["converged"] = getattr(network, "converged_", None)
            cell["loss_curve"] = getattr(network, "loss_curve_", None)
        cell["train_score"] = self._train_score(fitted, X_train, y_train)

    def _predictions(self, fitted: Any, X: Any) -> dict[str, Any]:
        """Columns that `Setup.run` takes out of the row."""
        try:
            return predictions_of(fitted, X, self.classes)
        except Exception:  # the score counts
            return dict.fromkeys(RESPONSES)

    def _train_score(self, fitted: Any, X: Any, y: Any) -> float:
        """The first score on up to `MAX_TRAIN_SCORED` training samples; NaN if there is none."""
        if len(self.train) > MAX_TRAIN_SCORED:
            rows = np.random.RandomState(0).permutation(len(self.train))[:MAX_TRAIN_SCORED]
            X, y = _safe_indexing(X, rows), _safe_indexing(y, rows)
        try:
            scores = self.scorer(fitted, X, y)
            return float(next(iter(scores.values())) if isinstance(scores, dict) else scores)
        except Exception:  # the score of the test part counts
            return np.nan

    def _rows(self, rows: NDArray[Any]) -> list[Any]:
        return [
            None if values is None else _safe_indexing(values, rows)
            for values in (self.X, self.y, self.groups)
        ]


def _last_line(text: str) -> str:
    """The error at the end of a traceback."""
    return text.strip().splitlines()[-1]


def fit_with_groups(est: BaseEstimator, X: Any, y: Any, groups: Any = None) -> Any:
    """Fit a clone; splitters and estimators inside it that take `groups` get them."""
    est = clone(est)
    if groups is None:
        return est.fit(X, y)
    inner = innermost(est)
    takes_groups = has_fit_parameter(inner, "groups")
    if inner is est:
        return est.fit(X, y, **({"groups": groups} if takes_groups else {}))
    with config_context(enable_metadata_routing=True):
        if takes_groups:
            inner.set_fit_request(groups=True)
        params = {"groups"} & get_routing_for_object(est).consumes("fit", {"groups"})
        if params:
            return est.fit(X, y, groups=groups)
    return est.fit(X, y)
