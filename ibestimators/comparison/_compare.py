"""Which bias suits the data, by how much, and how sure is the answer?

All estimators see the same folds, so that their scores can be compared fold by
fold; what the differences say, and how sure that is, `ibestimators.statistics` tells.
"""

from __future__ import annotations

import inspect
import json
import os
import sysconfig
import tempfile
import time
import types
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from numbers import Real
from pathlib import Path
from typing import Any

import joblib
import networkx as nx
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from scipy.stats.distributions import rv_frozen
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    check_cv,
)
from sklearn.utils import _safe_indexing, check_random_state, indexable
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import has_fit_parameter
from tabulate import tabulate
from tqdm.auto import tqdm

from ibestimators.comparison._matching import match_parameters as matched
from ibestimators.comparison._matching import multiply_adds
from ibestimators.comparison._statistics import (
    CONFIDENCE,
    correlated_bayes,
    holm,
    resampled_interval,
    resampled_p_value,
)

_COLUMNS = (
    "estimator", "fold", "score", "fit_time", "predict_time", "n_parameters", "multiply_adds",
    "n_train", "n_test", "error",
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class ComparisonResult:
    """Scores of several estimators on the same folds.

    Attributes
    ----------
    cells : pandas.DataFrame
        A row for each estimator and fold: ``estimator``, ``fold``, ``score`` and, if there
        are several scores, each by its name, ``fit_time`` and ``predict_time`` in seconds,
        ``n_parameters``, ``multiply_adds`` (of a prediction, a sample), ``n_train``,
        ``n_test``, ``error`` (the reason of a failed fit, or None).
    estimators : dict of str to estimator
        What was compared, not fitted, with the seeds that were used.
    baseline : str
        The estimator that the others are compared to.
    scoring : str
        Name of the score; higher is better.
    other_scorings : tuple of str
        Names of further scores, columns of `cells`.
    rope : float
        Differences of scores up to this size do not matter.
    best_estimator_ : estimator or None
        The one of the highest mean score, fitted on all data if asked to `refit`.
    """

    cells: pd.DataFrame
    estimators: dict[str, Any]
    baseline: str
    scoring: str
    other_scorings: tuple[str, ...] = ()
    rope: float = 0.01
    best_estimator_: Any = None

    @property
    def assumptions(self) -> dict[str, str]:
        """What each estimator assumes about the data."""
        return {name: assumption(est) for name, est in self.estimators.items()}

    @property
    def test_train_ratio(self) -> float:
        """Mean number of test samples by training samples of a fold."""
        return ratio_of_sizes(self.cells)

    @property
    def best(self) -> Any:
        """Name of the estimator with the highest mean score, of those with fewest failures."""
        frame = self.to_frame().dropna(subset="score")
        return frame.loc[frame["failures"] == frame["failures"].min(), "score"].idxmax()

    def to_frame(self, scoring: str | None = None) -> pd.DataFrame:
        """The table: a row for each estimator.

        Parameters
        ----------
        scoring : str, default=None
            One of the scores; None takes the first.

        Returns
        -------
        pandas.DataFrame
            Indexed by estimator: ``assumption``, ``parameters``, ``multiply_adds``, ``score``
            with the ends ``score_low`` and ``score_high`` of its 95 % interval,
            ``difference`` to the baseline with ``difference_low`` and ``difference_high``
            (corrected resampled t), ``p_value`` of that difference, Holm-adjusted for the
            number of estimators, ``p_worse``, ``p_equal`` and ``p_better``, the Bayesian
            probabilities that it is worse, within `rope`, or better, ``fit_time`` and
            ``predict_time`` in seconds (mean of a fold) and ``failures`` (folds without a
            score).
        """
        column = self._column(scoring)
        scores = self.cells.pivot(index="fold", columns="estimator", values=column)
        ratio = self.test_train_ratio
        rows = []
        for name in self.estimators:
            own = self.cells[self.cells["estimator"] == name]
            gain = scores[name] - scores[self.baseline]
            if name == self.baseline:
                gain = gain * np.nan
            mean, low, high = resampled_interval(scores[name], ratio)
            difference = resampled_interval(gain, ratio)
            worse, equal, better = correlated_bayes(gain, ratio, self.rope)
            rows.append(
                {
                    "estimator": name,
                    "assumption": self.assumptions[name],
                    "parameters": own["n_parameters"].max(),
                    "multiply_adds": own["multiply_adds"].max(),
                    "score": mean,
                    "score_low": low,
                    "score_high": high,
                    "difference": difference[0],
                    "difference_low": difference[1],
                    "difference_high": difference[2],
                    "p_value": resampled_p_value(gain, ratio),
                    "p_worse": worse,
                    "p_equal": equal,
                    "p_better": better,
                    "fit_time": own["fit_time"].mean(),
                    "predict_time": own["predict_time"].mean(),
                    "failures": int((own[column].isna() | own["error"].notna()).sum()),
                }
            )
        frame = pd.DataFrame(rows).set_index("estimator")
        frame["p_value"] = holm(frame["p_value"])
        return frame.astype({"parameters": "Int64", "multiply_adds": "Int64"})

    def _column(self, scoring: str | None) -> str:
        if scoring is None or scoring == self.scoring:
            return "score"
        if scoring not in self.other_scorings:
            raise ValueError(
                f"scoring={scoring!r} was not computed; there is "
                f"{', '.join([self.scoring, *self.other_scorings])}."
            )
        return scoring

    def to_dict(self) -> dict[str, Any]:
        """The whole result as plain values, ready for JSON.

        Returns
        -------
        dict
            ``baseline``, ``scoring``, ``rope``, ``best``, ``verdict``, ``estimators`` (their
            reprs), ``table`` (rows of `to_frame`) and ``cells``; missing numbers are None.
        """
        return {
            "baseline": self.baseline,
            "scoring": self.scoring,
            "rope": self.rope,
            "best": self.best,
            "verdict": self.verdict(),
            "estimators": {name: repr(est) for name, est in self.estimators.items()},
            "table": _plain(self.to_frame().reset_index()),
            "cells": _plain(self.cells),
        }

    def verdict(self) -> str:
        """What the comparison says, in plain words.

        Returns
        -------
        str
            A sentence for each estimator that differs from the baseline or is shown to be
            as good, and one for those that the folds do not tell apart.
        """
        return " ".join(self._sentences())

    def _sentences(self) -> list[str]:
        if self.cells.loc[self.cells["estimator"] == self.baseline, "score"].isna().all():
            return [f"{self.baseline}, which the others are compared to, has no score."]
        frame = self.to_frame().sort_values("score", ascending=False)
        frame = frame.drop(index=self.baseline).dropna(subset="difference")
        told = {name: self._told_apart(str(name), row) for name, row in frame.iterrows()}
        unsure = [str(name) for name, sentence in told.items() if not sentence]
        sentences = [sentence for sentence in told.values() if sentence]
        if unsure:
            sentences.append(
                f"Not told apart from {self.baseline} by these folds: {', '.join(unsure)}."
            )
        return sentences

    def _told_apart(self, name: str, row: Any) -> str:
        """A sentence on one difference to the baseline, or "" if nothing is shown."""
        if row.p_equal > CONFIDENCE:
            return (
                f"{name} does as well as {self.baseline}, within {self.rope:g} "
                f"(probability {row.p_equal:.2f})."
            )
        if pd.isna(row.p_value) and max(row.p_better, row.p_worse) == 1:
            more = "better" if row.difference > 0 else "worse"
            return (
                f"{name} does {more} than {self.baseline} by {abs(row.difference):.3f} in every "
                "fold alike; without a spread there is no test."
            )
        if not row.p_value < 1 - CONFIDENCE:
            return ""
        ends = sorted([abs(row.difference_low), abs(row.difference_high)])
        return (
            f"{name} does {'better' if row.difference > 0 else 'worse'} than {self.baseline} by "
            f"{abs(row.difference):.3f} (95 % interval {ends[0]:.3f} to {ends[1]:.3f}, "
            f"p = {row.p_value:.2g})."
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw scores and their intervals, best on top.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        ComparisonDisplay
            With attributes ``ax_`` and ``figure_``.
        """
        from ibestimators.comparison._displays import ComparisonDisplay

        return ComparisonDisplay.from_result(self, ax=ax)

    def to_html(
        self,
        path: str | os.PathLike[str],
        *,
        X: Any = None,
        y: Any = None,
        curves: Any = None,
        ablation: Any = None,
        title: str | None = None,
    ) -> Path:
        """Write one self-contained page: verdict, table, pictures, data, settings, versions.

        Parameters
        ----------
        path : path
            The page, replaced if it exists.
        X, y
            What was compared on, for a description of the data.
        curves : LearningCurvesResult, default=None
            From `compare_learning_curves`, for a section of its own.
        ablation : AblationResult, default=None
            From `structure_ablation`, likewise.
        title : str, default=None
            Heading of the page.

        Returns
        -------
        pathlib.Path
        """
        from ibestimators.report import write_report

        return write_report(self, path, X=X, y=y, curves=curves, ablation=ablation, title=title)

    def __repr__(self) -> str:
        rows = [
            [
                name,
                row.assumption,
                "" if pd.isna(row.parameters) else f"{row.parameters:,}",
                _with_interval(row.score, row.score_low, row.score_high),
                "baseline"
                if name == self.baseline
                else _with_interval(
                    row.difference, row.difference_low, row.difference_high, sign="+"
                ),
                "" if pd.isna(row.fit_time) else f"{row.fit_time:.1f} s",
            ]
            for name, row in self.to_frame().iterrows()
        ]
        heads = ["estimator", "assumes", "parameters", self.scoring, f"vs {self.baseline}", "fit"]
        aligned = ("left", "left", "right", "left", "left", "right")
        table = tabulate(rows, heads, tablefmt="simple", colalign=aligned, disable_numparse=True)
        n_folds = self.cells["fold"].nunique()
        note = f"{n_folds} folds, the same for all; ± half of a 95 % interval (corrected t)."
        return "\n".join([table, note, *self._sentences(), *self._failures()])

    def _failures(self) -> list[str]:
        failed = self.cells[self.cells["error"].notna()]
        return [
            f"{name}, fold {fold + 1}, failed: {error}"
            for name, fold, error in failed[["estimator", "fold", "error"]].to_numpy()
        ]


def compare_biases(
    X: ArrayLike,
    y: ArrayLike,
    estimators: Mapping[str, BaseEstimator] | None = None,
    cv: Any = 5,
    n_repeats: int = 1,
    scoring: Any = None,
    baseline: str | None = None,
    groups: ArrayLike | None = None,
    match_parameters: bool | int = False,
    search: str | None = None,
    n_iter: int = 8,
    rope: float | None = None,
    refit: bool = False,
    cache: str | os.PathLike[str] | None = None,
    error_score: str | float = np.nan,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
) -> ComparisonResult:
    """Compare estimators by cross-validation on the same folds.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        Whatever the estimators read.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Class labels or numbers.
    estimators : dict of str to estimator, default=None
        Any scikit-learn estimators, pipelines or searches, by name. None takes
        the five biases, as classifiers or regressors by `guess_task`.
    cv : int, splitter or iterable of splits, default=5
        An int makes that many shuffled folds, stratified by class, and keeping
        `groups` whole; a splitter does as it does.
    n_repeats : int, default=1
        How often to make the folds anew, if `cv` is an int.
    scoring : str, callable, list of str or dict, default=None
        As in scikit-learn; None takes accuracy or R². Of several, the first decides.
    baseline : str, default=None
        Name of the estimator to compare to; None takes the first.
    groups : array-like of shape (n_samples,), default=None
        Group of each sample, for the splitter, and for `early_stopping` of the estimators of
        this package: no group is on both sides of either split.
    match_parameters : bool or int, default=False
        Whether to widen or narrow the networks of this package to the number of parameters
        of the baseline, or to a given number, within 5 %.
    search : {"random"} or None, default=None
        "random" tunes each estimator of this package on the training part of each fold, by
        `n_iter` draws from the space of its bias (`ibestimators.suite.SPACES`) and 3 folds
        within: nested cross-validation, on the same budget for all.
    n_iter : int, default=8
        Draws of the search.
    rope : float, default=None
        Region of practical equivalence: differences of scores up to this size do not
        matter. None takes 0.01 for scores whose best is 1, and 0 for those in units of
        their own (``neg_...``, ``max_error``, callables).
    refit : bool, default=False
        Whether to fit the best estimator on all data.
    cache : path, default=None
        Directory that each finished fit is written to, as it comes; a comparison that was
        stopped goes on from there. Needs an int as `random_state`.
    error_score : "raise" or float, default=nan
        What a failed fit scores; "raise" stops at the first.
    n_jobs : int, default=None
        Fits at a time, through joblib: ``with parallel_config(backend="dask")`` spreads them
        over a cluster.
    random_state : int, RandomState instance or None, default=None
        Decides shuffled folds, and the estimators' own ``random_state`` where
        that is None.
    verbose : int, default=0
        Above 0, shows a progress bar.

    Returns
    -------
    ComparisonResult
        Prints as a table. A fit that fails costs its own cell alone, and the
        table gives the reason.

    Raises
    ------
    ValueError
        If `estimators` is empty, `baseline` is not in it, a parameter is not as expected, or
        every fit fails.

    References
    ----------
    Nadeau & Bengio, "Inference for the generalization error", Machine Learning
    52 (2003). Corani & Benavoli, "A Bayesian approach for comparing cross-validated
    algorithms on multiple data sets", Machine Learning 100 (2015).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ibestimators import MLPClassifier, compare_biases
    >>> X, y = load_iris(return_X_y=True)
    >>> candidates = {"linear": LogisticRegression(), "MLP": MLPClassifier()}
    >>> result = compare_biases(X, y, candidates, random_state=0)
    >>> bool(result.to_frame().loc["MLP", "score"] > 0.9)
    True
    """
    X, y, groups = indexable(X, y, groups)
    estimators, baseline = candidates(estimators, baseline, y)
    _check_options(n_repeats, scoring, search, groups, error_score, cache, random_state)
    rope = _default_rope(scoring) if rope is None else rope
    if not rope >= 0:
        raise ValueError(f"rope must be a difference of scores from 0 up, got {rope!r}.")

    generator = check_random_state(fresh(random_state))
    classifier = is_classifier(estimators[baseline])
    splits = _splits(cv, n_repeats, X, y, classifier, groups, generator)
    prepared = {name: with_seeds(clone(est), generator) for name, est in estimators.items()}
    if match_parameters is not False:
        _check_bare(prepared)
        target = None if match_parameters is True else match_parameters
        prepared = matched(prepared, X, y, target, baseline)
    if search is not None:
        from ibestimators.suite import tuned

        prepared = {
            name: tuned(
                est, n_iter, generator.randint(2**31 - 1), scoring, match_parameters is not False
            )
            for name, est in prepared.items()
        }
    scorers = {name: check_scoring(est, scoring) for name, est in prepared.items()}
    store = None if cache is None else _Store(Path(cache), X, y, scoring, groups)
    tasks = [(name, [fold]) for fold in range(len(splits)) for name in prepared]
    work = (
        delayed(
            Cells(name, prepared[name], scorers[name], X, y, folds,
                  [splits[fold] for fold in folds], error_score, store, groups)
        )()
        for name, folds in tasks
    )  # fmt: skip
    cells = pd.DataFrame(_watched(done_one_by_one(n_jobs, work), tasks, verbose))
    if cells["error"].notna().all():
        raise ValueError(f"Every fit failed. The first reason: {cells['error'].dropna().iloc[0]}")
    first, *others = _score_names(scoring, classifier)
    result = ComparisonResult(cells, prepared, baseline, first, tuple(others), rope)
    if refit:
        try:
            best = clone(prepared[result.best])
            best.fit(X, y, **_fit_params(best, groups))
        except Exception as error:  # the scores are not lost with it
            warnings.warn(f"{result.best} could not be fitted on all data: {error}", stacklevel=2)
        else:
            result = replace(result, best_estimator_=best)
    return result


def _default_rope(scoring: Any) -> float:
    first = next(iter(scoring), None) if isinstance(scoring, (list, tuple, dict)) else scoring
    if isinstance(scoring, dict):
        first = scoring[first]
    has_units = not (first is None or isinstance(first, str)) or str(first).startswith(
        ("neg_", "max_error")
    )
    return 0.0 if has_units else 0.01


def _check_bare(estimators: Mapping[str, BaseEstimator]) -> None:
    for name, est in estimators.items():
        if hasattr(_innermost(est), "widened") and not hasattr(est, "widened"):
            raise ValueError(
                f"match_parameters cannot see into {name!r}, a {type(est).__name__}. Give the "
                "network itself; it standardises X on its own."
            )


def candidates(
    estimators: Mapping[str, BaseEstimator] | None, baseline: str | None, y: Any
) -> tuple[Mapping[str, BaseEstimator], str]:
    """What to compare, the five biases if None, and the name of the baseline, else the first."""
    if estimators is None:
        from ibestimators.suite import biases, guess_task

        estimators = biases(guess_task(y))
    if not estimators:
        raise ValueError("estimators is empty; give at least one, or None for the five biases.")
    names = list(estimators)
    baseline = names[0] if baseline is None else baseline
    if baseline not in estimators:
        raise ValueError(f"baseline={baseline!r} is not among the estimators {names}.")
    return estimators, baseline


def _check_options(
    n_repeats: int,
    scoring: Any,
    search: Any,
    groups: Any,
    error_score: Any,
    cache: Any,
    random_state: Any,
) -> None:
    several = isinstance(scoring, (list, tuple, dict)) and len(scoring) > 0
    if not (scoring is None or isinstance(scoring, str) or callable(scoring) or several):
        raise ValueError(
            f"scoring must be a str, a callable, a list of str or a dict, got {scoring!r}."
        )
    if search not in (None, "random"):
        raise ValueError(f"search must be 'random' or None, got {search!r}.")
    if not n_repeats >= 1:
        raise ValueError(f"n_repeats must be an int from 1 up, got {n_repeats!r}.")
    if search is not None and groups is not None:
        raise ValueError(
            "search='random' does not keep groups whole within its folds. Give searches of your "
            "own as estimators, or search=None."
        )
    if error_score != "raise" and not isinstance(error_score, Real):
        raise ValueError(f"error_score must be 'raise' or a number, got {error_score!r}.")
    taken = [name for name in list(scoring)[1:] if name in _COLUMNS] if several else []
    if taken:
        raise ValueError(
            f"scoring uses the names {taken}, which the table needs for itself; choose others."
        )
    if cache is not None and not isinstance(random_state, (int, np.integer)):
        raise ValueError(
            f"cache={str(cache)!r} needs an int as random_state, or no fit would ever be found "
            f"again; got {random_state!r}."
        )


def ratio_of_sizes(cells: pd.DataFrame) -> float:
    """Mean number of test samples by training samples of a fold."""
    sizes = cells.groupby("fold")[["n_train", "n_test"]].first()
    return float((sizes["n_test"] / sizes["n_train"]).mean())


def assumption(est: Any) -> str:
    """What an estimator assumes, seen through pipelines and searches; "" if unknown."""
    return str(getattr(_innermost(est), "assumption", ""))


def _innermost(est: Any) -> Any:
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


class Cells:
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
        store: _Store | None = None,
        groups: Any = None,
    ) -> None:
        self.name, self.est, self.scorer = name, est, scorer
        self.X, self.y = X, y
        self.folds, self.splits = folds, splits
        self.error_score, self.store = error_score, store
        self.groups = groups

    def __call__(self) -> list[dict[str, Any]]:
        return [
            _cell(self.name, self.est, self.scorer, self.X, self.y, fold, *split,
                  self.error_score, self.store, self.groups)
            for fold, split in zip(self.folds, self.splits, strict=True)
        ]  # fmt: skip


def _cell(
    name: str,
    est: BaseEstimator,
    scorer: Any,
    X: Any,
    y: Any,
    fold: int,
    train: NDArray[Any],
    test: NDArray[Any],
    error_score: str | float = np.nan,
    store: _Store | None = None,
    groups: Any = None,
) -> dict[str, Any]:
    """One fit and its score."""
    kept = None if store is None else store.path(est, train, test)
    if kept is not None and (found := _kept_cell(kept)) is not None:
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
        params = _fit_params(est, groups, train)
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
        innermost = _innermost(fitted)
        cell["n_parameters"] = getattr(innermost, "n_parameters_", None)
        cell["multiply_adds"] = multiply_adds(innermost, X_test) if innermost is fitted else None
    except Exception as error:  # one cell is lost, the others are not
        if error_score == "raise":
            raise
        cell["error"] = f"{type(error).__name__}: {error}"
    if kept is not None and cell["error"] is None:
        _keep_cell(kept, cell)
    return cell


def _fit_params(est: Any, groups: Any, rows: Any = None) -> dict[str, Any]:
    """What `fit` gets beside X and y.

    An estimator that sets samples aside must know which belong together.
    """
    if groups is None or not getattr(est, "early_stopping", False):
        return {}
    if not has_fit_parameter(est, "groups"):
        return {}
    return {"groups": groups if rows is None else _safe_indexing(groups, rows)}


class _Store:
    """Finished cells in a directory, each found by all that it depends on."""

    def __init__(self, folder: Path, X: Any, y: Any, scoring: Any, groups: Any = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        data = (_content(X), np.asarray(y), _content(scoring), _versions(), _content(groups))
        self.data = joblib.hash(data)

    def path(self, est: BaseEstimator, train: Any, test: Any) -> Path:
        settings = {name: _content(value) for name, value in est.get_params().items()}
        key = joblib.hash((self.data, _content(type(est)), settings, train, test))
        return self.folder / f"{key}.json"


def _kept_cell(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):  # not there, or not whole: to be done
        return None
    return found if isinstance(found, dict) else None


def _keep_cell(path: Path, cell: dict[str, Any]) -> None:
    # Whole or not at all, whoever else writes the same.
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False) as part:
        part.write(json.dumps(cell, default=float))
        part.flush()
        os.fsync(part.fileno())
    Path(part.name).replace(path)


def _content(value: Any, above: tuple[Any, ...] = ()) -> Any:
    """What to hash of a value: what it is, without caches and global state that it refers to.

    `above` are the functions and objects that it was found in, and which may be in it in turn.
    """
    if any(value is other for other in above):
        return None
    if isinstance(value, nx.Graph):
        value = (type(value), list(value.nodes(data=True)), list(value.edges(data=True)))
    elif hasattr(value, "edge_index"):
        names = ("x", "edge_index", "edge_attr", "edge_weight", "num_nodes")
        value = [getattr(value, name, None) for name in names]
    elif type(value).__module__.startswith("torch") and hasattr(value, "numpy"):
        return value.detach().cpu().numpy()
    if isinstance(value, (list, tuple)):
        return [_content(item, above) for item in value]
    if isinstance(value, dict):
        return {key: _content(item, above) for key, item in value.items()}
    if isinstance(value, np.ndarray) and value.dtype == object:
        return value.shape, [_content(item, above) for item in value.flat]
    if isinstance(value, type):
        return value.__module__, value.__qualname__
    if isinstance(value, types.ModuleType):
        return value.__name__
    if value is None or isinstance(value, (bool, int, float, str, np.ndarray)):
        return value
    parts = _parts(value)
    if parts is not None:
        return _content((type(value), parts), (*above, value))
    try:
        return joblib.hash(value)
    except Exception as error:  # whatever its pickling raises
        raise TypeError(
            f"cache= cannot tell {value!r} from others of its kind ({error}). Leave cache out, or "
            "use what can be pickled."
        ) from error


def _parts(value: Any) -> Any:
    """What a function, an estimator or another thing that is called is made of; else None."""
    if isinstance(value, types.FunctionType):
        return value.__module__, value.__qualname__, _function(value)
    if isinstance(value, partial):
        return value.func, value.args, value.keywords
    if isinstance(value, types.MethodType):
        return value.__func__, value.__self__
    if isinstance(value, rv_frozen):
        return value.dist.name, value.args, value.kwds
    if isinstance(value, BaseEstimator):  # a fitted one may be a parameter of another
        state = value.__getstate__()
        return {name: v for name, v in state.items() if not name.startswith("_skl_callbacks")}
    if callable(value) and hasattr(value, "__dict__"):  # a scorer, say
        return getattr(value, "__name__", None), vars(value)
    return None


def _function(value: types.FunctionType) -> Any:
    """The code of a function, and the values that it refers to."""
    codes = list(_codes(value.__code__))
    steps = [
        (code.co_code, code.co_names, [repr(c) for c in code.co_consts if not _is_code(c)])
        for code in codes
    ]
    cells = inspect.getclosurevars(value).nonlocals
    return steps, value.__defaults__, value.__kwdefaults__, cells, _globals(value, codes)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A function's code, and that of the functions inside it."""
    yield code
    for inner in filter(_is_code, code.co_consts):
        yield from _codes(inner)


def _is_code(value: Any) -> bool:
    return isinstance(value, types.CodeType)


def _globals(value: types.FunctionType, codes: Sequence[types.CodeType]) -> dict[str, Any]:
    """Global names that a function of the user's own refers to; a library has its version."""
    file = value.__code__.co_filename
    if any(file.startswith(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")):
        return {}
    names = sorted({name for code in codes for name in code.co_names} & set(value.__globals__))
    return {name: value.__globals__[name] for name in names}


def _versions() -> list[str]:
    """Of what decides the numbers."""
    return [f"{name} {version(name)}" for name in ("ibestimators", "torch", "scikit-learn")]


def done_one_by_one(n_jobs: int | None, work: Iterable[Any]) -> Iterator[Any]:
    """Results in order, each as soon as it is there, where joblib's backend can do that."""
    try:
        parallel = Parallel(n_jobs, return_as="generator")
    except ValueError:  # the backend "multiprocessing"
        return iter(Parallel(n_jobs)(work))
    return iter(parallel(work))


def _watched(
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


def _splits(
    cv: Any,
    n_repeats: int,
    X: Any,
    y: Any,
    classifier: bool,
    groups: Any,
    generator: np.random.RandomState,
) -> list[Any]:
    """Training and test rows of each fold, those of each repeat together."""
    if not isinstance(cv, (int, np.integer)):
        if n_repeats > 1:
            raise ValueError(
                f"n_repeats={n_repeats} is for an int as cv; give a splitter that repeats instead, "
                "such as RepeatedStratifiedKFold."
            )
        return list(check_cv(cv, y, classifier=classifier).split(X, y, groups))
    stratify = can_stratify(classifier, y)
    if groups is None:
        kind = StratifiedKFold if stratify else KFold
    else:
        kind = StratifiedGroupKFold if stratify else GroupKFold
    splits: list[Any] = []
    for _ in range(n_repeats):
        folds = kind(int(cv), shuffle=True, random_state=generator.randint(2**31 - 1))
        splits += folds.split(X, y, groups)
    return splits


def can_stratify(classifier: bool, y: Any) -> bool:
    """Whether y is one class a sample, whose shares folds can keep."""
    return classifier and type_of_target(y) in ("binary", "multiclass")


def with_seeds(est: BaseEstimator, generator: np.random.RandomState) -> BaseEstimator:
    """Give each parameter `random_state` that is None a seed."""
    unset = [
        name
        for name, value in sorted(est.get_params().items())
        if (name == "random_state" or name.endswith("__random_state")) and value is None
    ]
    return est.set_params(**{name: generator.randint(2**31 - 1) for name in unset})


def fresh(random_state: Any) -> Any:
    """Entropy in place of None, so that numpy's global generator stays as it is."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    return random_state


def _score_names(scoring: Any, classifier: bool) -> list[str]:
    if scoring is None:
        return ["accuracy" if classifier else "R²"]
    if isinstance(scoring, (list, tuple, dict)):
        return list(scoring)
    return [scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")]


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values; missing ones are None."""
    plain: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=15))
    return plain


def _with_interval(mean: float, low: float, high: float, sign: str = "") -> str:
    if pd.isna(mean):
        return "failed"
    if pd.isna(low):
        return f"{mean:{sign}.3f}"
    return f"{mean:{sign}.3f} ± {(high - low) / 2:.3f}"
