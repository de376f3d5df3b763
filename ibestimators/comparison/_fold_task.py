"""One fit and its score, as a call that joblib can run anywhere."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from joblib import Parallel
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import has_fit_parameter
from tqdm.auto import tqdm

from ibestimators.comparison._cache import Store, load_cell, save_cell
from ibestimators.comparison._matching import multiply_adds
from ibestimators.pipelines import innermost

COLUMNS = (
    "estimator", "fold", "score", "fit_time", "predict_time", "n_parameters", "multiply_adds",
    "n_train", "n_test", "error",
)  # fmt: skip


class FoldTask:
    """Fits to come and their scores, as a call.

    joblib's Dask backend scatters large arguments over the workers, and with a worker all that
    was scattered to it is lost. What a callable carries is sent with each task, and sent again.
    """

    def __init__(
        self,
        name: str,
        est: BaseEstimator,
        scorer: Any,
        X: Any,
        y: Any,
        folds: Sequence[int],
        splits: Sequence[Any],
        error_score: str | float = np.nan,
        store: Store | None = None,
        groups: Any = None,
    ) -> None:
        self.name, self.est, self.scorer = name, est, scorer
        self.X, self.y = X, y
        self.folds, self.splits = folds, splits
        self.error_score, self.store = error_score, store
        self.groups = groups

    def __call__(self) -> list[dict[str, Any]]:
        return [
            _fit_and_score(self.name, self.est, self.scorer, self.X, self.y, fold, *split,
                  self.error_score, self.store, self.groups)
            for fold, split in zip(self.folds, self.splits, strict=True)
        ]  # fmt: skip


def _fit_and_score(
    name: str,
    est: BaseEstimator,
    scorer: Any,
    X: Any,
    y: Any,
    fold: int,
    train: NDArray[Any],
    test: NDArray[Any],
    error_score: str | float = np.nan,
    store: Store | None = None,
    groups: Any = None,
) -> dict[str, Any]:
    """One fit and its score."""
    kept = None if store is None else store.path(est, train, test)
    if kept is not None and (found := load_cell(kept)) is not None:
        return {**found, "estimator": name, "fold": fold}
    cell: dict[str, Any] = {
        "estimator": name,
        "fold": fold,
        "score": np.nan if error_score == "raise" else error_score,
        "fit_time": np.nan,
        "predict_time": np.nan,
        "n_parameters": None,
        "multiply_adds": None,
        "n_train": len(train),
        "n_test": len(test),
        "error": None,
    }
    try:
        X_test, y_test = _safe_indexing(X, test), _safe_indexing(y, test)
        X_train, y_train = _safe_indexing(X, train), _safe_indexing(y, train)
        params = fit_params(est, groups, train)
        start = time.perf_counter()
        fitted = clone(est).fit(X_train, y_train, **params)
        cell["fit_time"] = time.perf_counter() - start
        start = time.perf_counter()
        scores = scorer(fitted, X_test, y_test)
        cell["predict_time"] = time.perf_counter() - start
        scores = scores if isinstance(scores, dict) else {"score": scores}
        first, *others = scores
        cell.update({"score": float(scores[first]), **{o: float(scores[o]) for o in others}})
        if np.isnan(cell["score"]):
            cell["error"] = "the score is not a number; the fold may be too small for it"
        inner = innermost(fitted)
        cell["n_parameters"] = getattr(inner, "n_parameters_", None)
        cell["multiply_adds"] = multiply_adds(inner, X_test) if inner is fitted else None
    except Exception as error:  # one cell is lost, the others are not
        if error_score == "raise":
            raise
        cell["error"] = f"{type(error).__name__}: {error}"
    if kept is not None and cell["error"] is None:
        save_cell(kept, cell)
    return cell


def fit_params(est: Any, groups: Any, rows: Any = None) -> dict[str, Any]:
    """What `fit` gets beside X and y.

    An estimator that sets samples aside must know which belong together.
    """
    if groups is None or not getattr(est, "early_stopping", False):
        return {}
    if not has_fit_parameter(est, "groups"):
        return {}
    return {"groups": groups if rows is None else _safe_indexing(groups, rows)}


def run_in_order(n_jobs: int | None, work: Iterable[Any]) -> Iterator[Any]:
    """Results in order, each as soon as it is there, where joblib's backend can do that."""
    try:
        parallel = Parallel(n_jobs, return_as="generator")
    except ValueError:  # the backend "multiprocessing"
        return iter(Parallel(n_jobs)(work))
    return iter(parallel(work))


def collect_with_progress(
    cells: Iterator[list[dict[str, Any]]], tasks: Sequence[tuple[str, list[int]]], verbose: int
) -> list[dict[str, Any]]:
    """Collect the cells behind a progress bar that says what comes next."""
    done: list[dict[str, Any]] = []
    n_fits = sum(len(folds) for _, folds in tasks)
    with tqdm(total=n_fits, disable=not verbose, unit="fit", leave=False) as bar:
        for name, folds in tasks:
            numbers = f"{folds[0] + 1}" + (f" to {folds[-1] + 1}" if len(folds) > 1 else "")
            bar.set_description(f"running {name}, fold {numbers}")
            done.extend(next(cells))
            bar.update(len(folds))
    return done
