"""Which bias suits the data, by how much, and how sure is the answer?

All estimators see the same folds, so that their scores can be compared fold by
fold. Folds share training data, hence scores of folds are correlated and the
usual t-interval is too narrow; the corrected resampled one (Nadeau & Bengio
2003, section 4) adds the ratio of test to training samples to the variance:

    mean +- t_{J-1} sqrt((1/J + n_test / n_train) s^2)
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from scipy import stats
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
from tabulate import tabulate
from tqdm.auto import tqdm

CONFIDENCE = 0.95


@dataclass(frozen=True, repr=False)
class ComparisonResult:
    """Scores of several estimators on the same folds.

    Attributes
    ----------
    cells : pandas.DataFrame
        A row for each estimator and fold: ``estimator``, ``fold``, ``score``,
        ``fit_time`` and ``predict_time`` in seconds, ``n_parameters``,
        ``n_train``, ``n_test``, ``error`` (the reason of a failed fit, or None).
    assumptions : dict of str to str
        What each estimator assumes about the data.
    baseline : str
        The estimator that the others are compared to.
    scoring : str
        Name of the score; higher is better.
    """

    cells: pd.DataFrame
    assumptions: dict[str, str]
    baseline: str
    scoring: str

    def to_frame(self) -> pd.DataFrame:
        """The table: a row for each estimator.

        Returns
        -------
        pandas.DataFrame
            Indexed by estimator: ``assumption``, ``parameters``, ``score`` with
            the ends ``score_low`` and ``score_high`` of its 95 % interval,
            ``difference`` to the baseline with ``difference_low`` and
            ``difference_high``, ``fit_time`` in seconds (mean of a fold) and
            ``failures`` (folds without a score).
        """
        scores = self.cells.pivot(index="fold", columns="estimator", values="score")
        sizes = self.cells.groupby("fold")[["n_train", "n_test"]].first()
        ratio = float((sizes["n_test"] / sizes["n_train"]).mean())
        rows = []
        for name in self.assumptions:
            own = self.cells[self.cells["estimator"] == name]
            mean, low, high = resampled_interval(scores[name], ratio)
            difference = (
                (np.nan, np.nan, np.nan)
                if name == self.baseline
                else resampled_interval(scores[name] - scores[self.baseline], ratio)
            )
            rows.append(
                {
                    "estimator": name,
                    "assumption": self.assumptions[name],
                    "parameters": own["n_parameters"].max(),
                    "score": mean,
                    "score_low": low,
                    "score_high": high,
                    "difference": difference[0],
                    "difference_low": difference[1],
                    "difference_high": difference[2],
                    "fit_time": own["fit_time"].mean(),
                    "failures": int(own["score"].isna().sum()),
                }
            )
        frame = pd.DataFrame(rows).set_index("estimator")
        return frame.astype({"parameters": "Int64"})

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
        from ibestimators.displays import ComparisonDisplay

        return ComparisonDisplay.from_result(self, ax=ax)

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
        return "\n".join([table, note, *self._failures()])

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
    scoring: Any = None,
    baseline: str | None = None,
    groups: ArrayLike | None = None,
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
    scoring : str or callable, default=None
        As in scikit-learn; None takes accuracy or R².
    baseline : str, default=None
        Name of the estimator to compare to; None takes the first.
    groups : array-like of shape (n_samples,), default=None
        Group of each sample, for the splitter; estimators do not see them.
    n_jobs : int, default=None
        Fits at a time, through joblib.
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
        If `estimators` is empty, `baseline` is not in it, `scoring` is several scores, or
        every fit fails.

    References
    ----------
    Nadeau & Bengio, "Inference for the generalization error", Machine Learning
    52 (2003).

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
    if estimators is None:
        from ibestimators.suite import biases, guess_task

        estimators = biases(guess_task(y))
    if not estimators:
        raise ValueError("estimators is empty; give at least one, or None for the five biases.")
    if not (scoring is None or isinstance(scoring, str) or callable(scoring)):
        raise ValueError(f"scoring must be one score, a str or a callable, got {scoring!r}.")
    names = list(estimators)
    baseline = names[0] if baseline is None else baseline
    if baseline not in estimators:
        raise ValueError(f"baseline={baseline!r} is not among the estimators {names}.")

    generator = check_random_state(_fresh(random_state))
    classifier = is_classifier(estimators[baseline])
    splits = list(_splitter(cv, y, classifier, groups, generator).split(X, y, groups))
    prepared = {name: _with_seeds(clone(est), generator) for name, est in estimators.items()}
    scorers = {name: check_scoring(est, scoring) for name, est in prepared.items()}
    tasks = [(name, fold) for fold in range(len(splits)) for name in names]
    work = (
        delayed(_cell)(name, prepared[name], scorers[name], X, y, fold, *splits[fold])
        for name, fold in tasks
    )
    cells = pd.DataFrame(_watched(Parallel(n_jobs, return_as="generator")(work), tasks, verbose))
    if cells["score"].isna().all():
        raise ValueError(f"Every fit failed. The first reason: {cells['error'].dropna().iloc[0]}")
    return ComparisonResult(
        cells=cells,
        assumptions={name: assumption(est) for name, est in prepared.items()},
        baseline=baseline,
        scoring=_score_name(scoring, classifier),
    )


def resampled_interval(values: ArrayLike, test_train_ratio: float) -> tuple[float, float, float]:
    """Mean of correlated scores and its 95 % interval (Nadeau & Bengio 2003).

    Parameters
    ----------
    values : array-like of shape (n_splits,)
        Scores, or differences of scores; NaN stands for a missing one.
    test_train_ratio : float
        Number of test samples by number of training samples in a split.

    Returns
    -------
    mean, low, high : float
        All NaN without a value; low and high NaN with only one.
    """
    scores = np.asarray(values, dtype=float)
    scores = scores[~np.isnan(scores)]
    n = len(scores)
    if n == 0:
        return np.nan, np.nan, np.nan
    mean = float(scores.mean())
    if n == 1:
        return mean, np.nan, np.nan
    error = np.sqrt((1 / n + test_train_ratio) * scores.var(ddof=1))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * error)
    return mean, mean - half, mean + half


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


def _cell(
    name: str,
    est: BaseEstimator,
    scorer: Any,
    X: Any,
    y: Any,
    fold: int,
    train: NDArray[Any],
    test: NDArray[Any],
) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "estimator": name,
        "fold": fold,
        "score": np.nan,
        "fit_time": np.nan,
        "predict_time": np.nan,
        "n_parameters": None,
        "n_train": len(train),
        "n_test": len(test),
        "error": None,
    }
    try:
        X_train, y_train = _safe_indexing(X, train), _safe_indexing(y, train)
        X_test, y_test = _safe_indexing(X, test), _safe_indexing(y, test)
        start = time.perf_counter()
        fitted = clone(est).fit(X_train, y_train)
        cell["fit_time"] = time.perf_counter() - start
        start = time.perf_counter()
        cell["score"] = float(scorer(fitted, X_test, y_test))
        cell["predict_time"] = time.perf_counter() - start
        if np.isnan(cell["score"]):
            cell["error"] = "the score is not a number; the fold may be too small for it"
        cell["n_parameters"] = getattr(_innermost(fitted), "n_parameters_", None)
    except Exception as error:  # one cell is lost, the others are not
        cell["error"] = f"{type(error).__name__}: {error}"
    return cell


def _watched(
    cells: Iterator[dict[str, Any]], tasks: Sequence[tuple[str, int]], verbose: int
) -> list[dict[str, Any]]:
    """Collect the cells behind a progress bar that says what comes next."""
    done: list[dict[str, Any]] = []
    with tqdm(total=len(tasks), disable=not verbose, unit="fit", leave=False) as bar:
        for name, fold in tasks:
            bar.set_description(f"running {name}, fold {fold + 1}")
            done.append(next(cells))
            bar.update()
    return done


def _splitter(
    cv: Any, y: Any, classifier: bool, groups: Any, generator: np.random.RandomState
) -> Any:
    if not isinstance(cv, (int, np.integer)):
        return check_cv(cv, y, classifier=classifier)
    if groups is None:
        kind = StratifiedKFold if classifier else KFold
    else:
        kind = StratifiedGroupKFold if classifier else GroupKFold
    return kind(int(cv), shuffle=True, random_state=generator.randint(2**31 - 1))


def _with_seeds(est: BaseEstimator, generator: np.random.RandomState) -> BaseEstimator:
    """Give each parameter `random_state` that is None a seed."""
    unset = [
        name
        for name, value in sorted(est.get_params().items())
        if (name == "random_state" or name.endswith("__random_state")) and value is None
    ]
    return est.set_params(**{name: generator.randint(2**31 - 1) for name in unset})


def _fresh(random_state: Any) -> Any:
    """Entropy in place of None, so that numpy's global generator stays as it is."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    return random_state


def _score_name(scoring: Any, classifier: bool) -> str:
    if scoring is None:
        return "accuracy" if classifier else "R²"
    return scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")


def _with_interval(mean: float, low: float, high: float, sign: str = "") -> str:
    if pd.isna(mean):
        return "failed"
    if pd.isna(low):
        return f"{mean:{sign}.3f}"
    return f"{mean:{sign}.3f} ± {(high - low) / 2:.3f}"
