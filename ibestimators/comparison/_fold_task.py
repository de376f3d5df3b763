"""One fit and its score, as a call that joblib can run anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.utils import _safe_indexing

from ibestimators.base import Estimator
from ibestimators.comparison._cache import Store
from ibestimators.comparison._matching import multiply_adds
from ibestimators.comparison._metadata import fit_with
from ibestimators.comparison._predictions import predictions_of, remembering
from ibestimators.comparison._sample_weight import effective_size
from ibestimators.comparison._scorers import score_with
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
    "effective_n_test",
    "error",
    "score_error",
    "converged",
    "loss_curve",
    "inner_scores",
    *TRAINING,
)


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
        scorers: Mapping[str, Callable[..., float]],
        X: Any,
        y: Any,
        rows: tuple[NDArray[Any], NDArray[Any]],
        groups: Any,
        sample_weight: NDArray[np.float64] | None,
        error_score: str | float,
        store: Store | None,
        labels: Mapping[str, Any],
        classes: NDArray[Any] | None = None,
        keeps_predictions: bool = False,
    ) -> None:
        self.name, self.fold = name, fold
        self.estimator, self.scorers = estimator, scorers  # the one that decides is first
        self.X, self.y, self.groups, self.sample_weight = X, y, groups, sample_weight
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
            "effective_n_test": effective_size(self.sample_weight, self.test),
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
            cell["error"] = _in_words(error)
        return cell

    def _measure(self, cell: dict[str, Any]) -> None:
        X_test, y_test, _, test_weight = self._rows(self.test)
        X_train, y_train, groups, weight = self._rows(self.train)
        start = time.perf_counter()
        fitted = fit_with(self.estimator, X_train, y_train, groups, weight)
        cell["fit_time"] = time.perf_counter() - start
        first, *others = self.scorers
        errors: dict[str, Exception] = {}
        with remembering(fitted, X_test):
            start = time.perf_counter()
            for name, scorer in self.scorers.items():
                column = "score" if name == first else name
                try:
                    cell[column] = score_with(scorer, fitted, X_test, y_test, test_weight)
                except Exception as error:  # costs this score alone
                    errors[name] = error
            cell["predict_time"] = time.perf_counter() - start
            if self.keeps_predictions:
                cell |= self._predictions(fitted, X_test)
        if first in errors:
            raise errors[first]
        if errors:
            cell |= {name: np.nan for name in others if name in errors}
            texts = (f"{name}: {_in_words(error)}" for name, error in errors.items())
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
        cell["train_score"] = self._train_score(fitted, X_train, y_train, weight)

    def _predictions(self, fitted: Any, X: Any) -> dict[str, Any]:
        """Columns that `Setup.run` takes out of the row."""
        try:
            return predictions_of(fitted, X, self.classes)
        except Exception:  # the score counts
            return dict.fromkeys(RESPONSES)

    def _train_score(self, fitted: Any, X: Any, y: Any, weight: Any) -> float:
        """The first score on up to `MAX_TRAIN_SCORED` training samples; NaN if there is none."""
        if len(self.train) > MAX_TRAIN_SCORED:
            rows = np.random.RandomState(0).permutation(len(self.train))[:MAX_TRAIN_SCORED]
            X, y, weight = taken([X, y, weight], rows)
        try:
            return score_with(next(iter(self.scorers.values())), fitted, X, y, weight)
        except Exception:  # the score of the test part counts
            return np.nan

    def _rows(self, rows: NDArray[Any]) -> list[Any]:
        return taken([self.X, self.y, self.groups, self.sample_weight], rows)


def taken(arrays: list[Any], rows: NDArray[Any]) -> list[Any]:
    """Some rows of each array; None stays None."""
    return [None if values is None else _safe_indexing(values, rows) for values in arrays]


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
