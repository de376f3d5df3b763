"""How much data is an inductive bias worth?

Scores of several estimators against the number of training samples. In each
fold all estimators are trained on the same nested subsets, so that their
scores can be compared fold by fold. An estimator is worth k times the data of
the baseline if it reaches with n samples what the baseline reaches with k n:
the horizontal distance between two curves, read within the sizes that were
tried and never beyond them.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from joblib import delayed
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.optimize import OptimizeWarning, curve_fit
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.utils import _safe_indexing, indexable
from tabulate import tabulate

from ibestimators.base import random_generator
from ibestimators.comparison._compare import candidates, score_names
from ibestimators.comparison._fold_task import FoldTask, collect_with_progress, run_in_order
from ibestimators.comparison._folds import can_stratify, make_splits, with_seeds
from ibestimators.comparison._result import assumption
from ibestimators.comparison._statistics import CONFIDENCE, resampled_interval

ENDS = [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)]
DRAWS = 1000
FITTED_DRAWS = 200  # each is a fit by iteration
SMALLEST = 20
SMALLEST_PER_CLASS = 3
STEEPEST = 10.0  # an error that falls faster than n^-10 is a step, not a power law


@dataclass(frozen=True, repr=False)
class LearningCurvesResult:
    """Scores of several estimators on the same folds and training subsets.

    Attributes
    ----------
    cells : pandas.DataFrame
        A row for each estimator, fold and size: ``estimator``, ``fold``,
        ``n_train``, ``score``, ``fit_time`` in seconds, ``error`` (the reason of
        a failed fit, or None).
    assumptions : dict of str to str
        What each estimator assumes about the data.
    baseline : str
        The estimator that the others are compared to.
    scoring : str
        Name of the score; higher is better.
    test_train_ratio : float
        Number of test samples by number of samples in a whole training fold, for
        the intervals.

    References
    ----------
    Nadeau & Bengio, "Inference for the generalization error", Machine Learning
    52 (2003). Cortes et al., "Learning curves: asymptotic values and rate of
    convergence", NIPS 6 (1993). Hestness et al., "Deep learning scaling is
    predictable, empirically", arXiv:1712.00409 (2017). Viering & Loog, "The shape of
    learning curves: a review", IEEE TPAMI 45 (2023).
    """

    cells: pd.DataFrame
    assumptions: dict[str, str]
    baseline: str
    scoring: str
    test_train_ratio: float

    def to_frame(self) -> pd.DataFrame:
        """The curves: a row for each estimator and size.

        Returns
        -------
        pandas.DataFrame
            Indexed by estimator and ``n_train``: ``score`` with the ends
            ``score_low`` and ``score_high`` of its 95 % interval, ``difference`` to
            the baseline, paired by fold, with ``difference_low`` and
            ``difference_high``.
        """
        rows = {
            (name, size): self._row(name, size) for name in self.assumptions for size in self._sizes
        }
        ends = ("", "_low", "_high")
        columns = [f"{value}{end}" for value in ("score", "difference") for end in ends]
        index = pd.MultiIndex.from_tuples(list(rows), names=["estimator", "n_train"])
        return pd.DataFrame(list(rows.values()), index=index, columns=columns)

    def power_laws(self) -> pd.DataFrame:
        """Error as a power law of the number of samples, error = a n^-b + c.

        The error is 1 - score, or -score for ``neg_...``, so that c is what remains
        however much data there is, and b how fast the rest vanishes.

        Returns
        -------
        pandas.DataFrame
            Indexed by estimator: ``a``, ``b`` and ``c``, none below 0, fitted by
            least squares to the mean errors, each with the ends ``..._low`` and
            ``..._high`` of a 95 % interval (bootstrap over folds). NaN where nothing
            can be fitted: fewer than four sizes, an error that does not fall, no
            convergence; the ends also where that holds for more than one draw in
            twenty.
        """
        sizes = np.array(self._sizes, dtype=float)
        picks, best = self._picks(FITTED_DRAWS), optimum(self.scoring)
        rows = []
        for name in self.assumptions:
            law = _power_law(sizes, best - _mean(self._scores(name), axis=0))
            drawn = best - _drawn(self._scores(name), picks, self.test_train_ratio)
            low, high = _law_ends(sizes, drawn) if np.isfinite(law[0]) else (law, law)
            rows.append(np.column_stack([law, low, high]).ravel())
        columns = [f"{value}{end}" for value in "abc" for end in ("", "_low", "_high")]
        index = pd.Index(list(self.assumptions), name="estimator")
        return pd.DataFrame(rows, index=index, columns=columns)

    def data_efficiency(self) -> pd.DataFrame:
        """How many times the baseline's data each estimator is worth.

        At the largest size N, one of the two is better. It needs n samples for what
        the other reaches with N; the factor is N / n if that is the estimator, n / N
        if it is the baseline. n is where the running best of its mean curve gets
        there, interpolated over log n; curves that flatten lie above the chord,
        which makes the factor err towards 1. If they tie at N, each is taken at
        the size where it first got there.

        Returns
        -------
        pandas.DataFrame
            Indexed by estimator, without the baseline: ``factor``, the ends
            ``factor_low`` and ``factor_high`` of its 95 % interval (bootstrap over
            folds), ``reached`` and ``sentence``. Where the better one is as good already
            at the smallest size, ``reached`` is False, and the factor says "at
            least" above 1, "at most" below. Only sizes at which both have a score count;
            NaN with fewer than two.
        """
        others = [name for name in self.assumptions if name != self.baseline]
        columns = ["factor", "factor_low", "factor_high", "reached", "sentence"]
        index = pd.Index(others, name="estimator")
        return pd.DataFrame(map(self._efficiency, others), index=index, columns=columns)

    def plot(self, ax: Any = None) -> LearningCurvesDisplay:
        """Draw the curves with their intervals, and the power laws.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        LearningCurvesDisplay
            With attributes ``ax_`` and ``figure_``.
        """
        return LearningCurvesDisplay.from_result(self, ax=ax)

    def __repr__(self) -> str:
        rows = [
            [name, *("failed" if np.isnan(m) else f"{m:.3f}" for m in _mean(self._scores(name), 0))]
            for name in self.assumptions
        ]
        heads = [f"{self.scoring} with", *(f"{size:,}" for size in self._sizes)]
        aligned = ("left", *["right"] * len(self._sizes))
        table = tabulate(rows, heads, tablefmt="simple", colalign=aligned, disable_numparse=True)
        n_folds = self.cells["fold"].nunique()
        note = f"training samples; means of {n_folds} folds, the same for all."
        return "\n".join([table, note, *self.data_efficiency()["sentence"], *self._failures()])

    @property
    def _sizes(self) -> list[int]:
        return sorted(int(size) for size in self.cells["n_train"].unique())

    def _scores(self, name: str) -> NDArray[np.float64]:
        """Scores of one estimator, folds by sizes."""
        own = self.cells[self.cells["estimator"] == name]
        table = own.pivot(index="fold", columns="n_train", values="score")
        folds = sorted(self.cells["fold"].unique())
        return table.reindex(index=folds, columns=self._sizes).to_numpy(dtype=float)

    def _picks(self, n_draws: int) -> NDArray[np.int64]:
        """Folds of each draw of the bootstrap, the same for all estimators."""
        n_folds = self.cells["fold"].nunique()
        return np.random.default_rng(0).integers(n_folds, size=(n_draws, n_folds))

    def _row(self, name: str, size: int) -> tuple[float, ...]:
        column = self._sizes.index(size)
        scores, ratio = self._scores(name)[:, column], self.test_train_ratio
        if name == self.baseline:
            return *resampled_interval(scores, ratio), np.nan, np.nan, np.nan
        differences = scores - self._scores(self.baseline)[:, column]
        return *resampled_interval(scores, ratio), *resampled_interval(differences, ratio)

    def _efficiency(self, name: str) -> tuple[float, float, float, bool, str]:
        ours, theirs = self._scores(name), self._scores(self.baseline)
        shared = ~(np.isnan(ours).all(axis=0) | np.isnan(theirs).all(axis=0))
        if shared.sum() < 2:
            sentence = f"{name} and {self.baseline} need two sizes at which both have a score."
            return np.nan, np.nan, np.nan, False, sentence
        sizes = np.array(self._sizes, dtype=float)[shared]
        ours, theirs = ours[:, shared], theirs[:, shared]
        means = _mean(ours, axis=0)[None], _mean(theirs, axis=0)[None]
        own, base, bounded = (values[0].item() for values in _sizes_alike(*means, sizes))
        picks, ratio = self._picks(DRAWS), self.test_train_ratio
        drawn = _drawn(ours, picks, ratio), _drawn(theirs, picks, ratio)
        own_drawn, base_drawn, _ = _sizes_alike(*drawn, sizes)
        low, high = _ends(base_drawn / own_drawn)
        sentence = _sentence(name, self.baseline, own, base, bool(bounded), (low, high), sizes)
        return base / own, low, high, not bounded, sentence

    def _failures(self) -> list[str]:
        failed = self.cells[self.cells["error"].notna()]
        return [
            f"{name}: {len(own)} of {(self.cells['estimator'] == name).sum()} fits failed, the "
            f"first with {own['n_train'].iloc[0]:,} samples: {own['error'].iloc[0]}"
            for name, own in failed.groupby("estimator", sort=False)
        ]


class LearningCurvesDisplay:
    """Scores against the number of training samples.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `LearningCurvesResult.to_frame`.
    laws : pandas.DataFrame
        From `LearningCurvesResult.power_laws`; drawn where they are not NaN.
    baseline : str
        The estimator that the others are compared to.
    scoring : str
        Name of the score.
    """

    def __init__(
        self, frame: pd.DataFrame, laws: pd.DataFrame, baseline: str, scoring: str
    ) -> None:
        self.frame = frame
        self.laws = laws
        self.baseline = baseline
        self.scoring = scoring

    @classmethod
    def from_result(cls, result: LearningCurvesResult, ax: Any = None) -> Self:
        """Draw a result; see `LearningCurvesResult.plot`."""
        frame, laws = result.to_frame(), result.power_laws()
        return cls(frame, laws, result.baseline, result.scoring).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw means, their intervals as bands, and power laws dashed.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        self
        """
        if ax is None:
            from matplotlib.figure import Figure

            # No pyplot: no window, no global state.
            ax = Figure(figsize=(7, 4.5), layout="constrained").add_subplot()
        colour = 0
        for name in self.laws.index:
            self._draw(ax, name, "0.45" if name == self.baseline else f"C{colour}")
            colour += name != self.baseline
        sizes = self.frame.index.get_level_values("n_train").unique()
        ax.set_xscale("log")
        ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
        ax.minorticks_off()
        ax.set_xlabel("training samples (dashed: a power law)")
        ax.set_ylabel(f"{self.scoring}, mean and 95 % interval over folds")
        ax.legend(frameon=False)
        ax.grid(axis="y", alpha=0.3)
        ax.spines[["top", "right"]].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw(self, ax: Any, name: Any, colour: str) -> None:
        curve = self.frame.loc[name].dropna(subset="score")
        ax.plot(curve.index, curve["score"], "o-", color=colour, ms=5, label=name)
        ax.fill_between(
            curve.index, curve["score_low"], curve["score_high"], color=colour, alpha=0.15, lw=0
        )
        a, b, c = self.laws.loc[name, ["a", "b", "c"]]
        if np.isfinite(a) and len(curve):
            grid = np.geomspace(curve.index[0], curve.index[-1], 100)
            ax.plot(grid, optimum(self.scoring) - _law(grid, a, b, c), "--", color=colour, lw=1)


def compare_learning_curves(
    X: ArrayLike,
    y: ArrayLike,
    estimators: Mapping[str, BaseEstimator] | None = None,
    *,
    train_sizes: Sequence[int] | NDArray[np.integer[Any]] | None = None,
    cv: Any = 5,
    scoring: Any = None,
    baseline: str | None = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
) -> LearningCurvesResult:
    """Compare estimators by how much data they need.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        Whatever the estimators read.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Class labels or numbers.
    estimators : dict of str to estimator, default=None
        Any scikit-learn estimators, pipelines or searches, by name. None takes
        the five biases, as classifiers or regressors by `guess_task`.
    train_sizes : sequence of int, default=None
        Numbers of training samples, increasing. None takes six, evenly spaced on a
        log scale, from 20 (or 3 a class, if that is more) to a whole training fold.
        Subsets of a fold are nested; for classifiers they keep the shares of the
        classes, and have a sample of each where they are large enough.
    cv : int, splitter or iterable of splits, default=5
        An int makes that many shuffled folds, stratified by class; a splitter does
        as it does.
    scoring : str or callable, default=None
        As in scikit-learn; None takes accuracy or R².
    baseline : str, default=None
        Name of the estimator to compare to; None takes the first.
    n_jobs : int, default=None
        Fits at a time, through joblib.
    random_state : int, RandomState instance or None, default=None
        Decides shuffled folds, subsets, and the estimators' own ``random_state``
        where that is None.
    verbose : int, default=0
        Above 0, shows a progress bar.

    Returns
    -------
    LearningCurvesResult
        Prints as a table, with a sentence for each estimator. A fit that fails
        costs its own cell alone.

    Raises
    ------
    ValueError
        If `estimators` is empty, `baseline` is not in it, `scoring` is several
        scores, `train_sizes` are not increasing or more than a training fold has, or
        every fit fails.

    References
    ----------
    Viering & Loog, "The shape of learning curves: a review", IEEE TPAMI 45 (2023).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from ibestimators.comparison._learning_curves import compare_learning_curves
    >>> X, y = load_iris(return_X_y=True)
    >>> candidates = {"neighbours": KNeighborsClassifier(), "normal": GaussianNB()}
    >>> result = compare_learning_curves(X, y, candidates, train_sizes=[15, 120], random_state=0)
    >>> round(float(result.to_frame().loc[("normal", 15), "score"]), 1)
    0.9
    >>> list(result.data_efficiency().index)
    ['normal']
    """
    X, y = indexable(X, y)
    if not (scoring is None or isinstance(scoring, str) or callable(scoring)):
        raise ValueError(f"scoring must be one score, a str or a callable, got {scoring!r}.")
    estimators, baseline = candidates(estimators, baseline, y)

    generator = random_generator(random_state)
    classifier = is_classifier(estimators[baseline])
    splits = make_splits(cv, 1, X, y, classifier, None, generator)
    # Seeds are drawn as in compare_biases: at the size of a fold its scores come out again.
    prepared = {name: with_seeds(clone(est), generator) for name, est in estimators.items()}
    scorers = {name: check_scoring(est, scoring) for name, est in prepared.items()}
    strata = y if can_stratify(classifier, y) else None
    sizes = _sizes_within(train_sizes, min(len(train) for train, _ in splits), strata)
    orders = [_nested_order(train, strata, generator) for train, _ in splits]
    tasks = [(f, n, name) for f in range(len(splits)) for n in sizes for name in prepared]
    work = (
        # In the order of the data, as folds are.
        delayed(
            FoldTask(
                name,
                prepared[name],
                scorers[name],
                X,
                y,
                [f],
                [(np.sort(orders[f][:n]), splits[f][1])],
            )
        )()
        for f, n, name in tasks
    )
    labels = [(f"{name} with {n:,} samples", [f]) for f, n, name in tasks]
    cells = pd.DataFrame(collect_with_progress(run_in_order(n_jobs, work), labels, verbose))
    if cells["score"].isna().all():
        raise ValueError(f"Every fit failed. The first reason: {cells['error'].dropna().iloc[0]}")
    return LearningCurvesResult(
        cells=cells[["estimator", "fold", "n_train", "score", "fit_time", "error"]],
        assumptions={name: assumption(est) for name, est in prepared.items()},
        baseline=baseline,
        scoring=score_names(scoring, classifier)[0],
        # Folds are correlated through the training samples that they share. Subsets share fewer
        # than whole folds do, so that the ratio of whole folds is on the safe side for all.
        test_train_ratio=float(np.mean([len(test) / len(train) for train, test in splits])),
    )


def _sizes_within(train_sizes: Any, largest: int, strata: Any) -> list[int]:
    """The sizes asked for, or six that fit the smallest training fold."""
    if train_sizes is None:
        n_classes = 0 if strata is None else len(np.unique(strata))
        smallest = max(SMALLEST, SMALLEST_PER_CLASS * n_classes)
        if largest <= smallest:
            raise ValueError(
                f"train_sizes=None begins with {smallest} samples, but a training fold has only "
                f"{largest}; give train_sizes, or more data."
            )
        train_sizes = np.unique(np.geomspace(smallest, largest, 6).round().astype(int))
    sizes = np.asarray(train_sizes)
    counts = sizes.ndim == 1 and sizes.size > 0 and sizes.dtype.kind in "iu"
    if not counts or sizes[0] < 1 or (np.diff(sizes.astype(int)) <= 0).any():
        raise ValueError(
            f"train_sizes must be increasing whole numbers of samples, such as [50, 100, 200], "
            f"got {train_sizes!r}."
        )
    if sizes[-1] > largest:
        raise ValueError(
            f"train_sizes goes up to {sizes[-1]}, but the smallest training fold has {largest} "
            f"samples; give sizes up to that, or a cv with more folds."
        )
    return [int(size) for size in sizes]


def _nested_order(
    train: NDArray[Any], strata: Any, generator: np.random.RandomState
) -> NDArray[Any]:
    """A random order of a fold, of which every beginning keeps the shares of the classes."""
    order = generator.permutation(train)
    if strata is None:
        return order
    labels = np.asarray(_safe_indexing(strata, order))
    _, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    rank = pd.Series(codes).groupby(codes).cumcount().to_numpy()
    # Seats by Sainte-Laguë's quotients, after a first seat for each class.
    return order[np.lexsort(((rank + 0.5) / counts[codes], rank > 0))]


def _mean(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Mean without the missing; NaN if all are, without a warning."""
    present = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(present, values, 0).sum(axis) / present.sum(axis)


def _drawn(
    scores: NDArray[np.float64], picks: NDArray[np.int64], test_train_ratio: float
) -> NDArray[np.float64]:
    """Mean curves of bootstrapped folds, draws by sizes.

    Means of resampled folds vary too little: there are few folds, and they share
    training data. Their distance to the mean is stretched, so that the ends of a mean's
    interval are about those of `resampled_interval`.
    """
    n = len(scores)
    if n == 1:
        return np.full((len(picks), scores.shape[1]), np.nan)
    quantile = (1 + CONFIDENCE) / 2
    tails = stats.t.ppf(quantile, n - 1) / stats.norm.ppf(quantile)
    stretch = tails * np.sqrt((1 / n + test_train_ratio) * n**2 / (n - 1))
    mean = _mean(scores, axis=0)
    return mean + stretch * (_mean(scores[picks], axis=1) - mean)


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    values = values[~np.isnan(values)]
    low, high = np.percentile(values, ENDS) if len(values) else (np.nan, np.nan)
    return float(low), float(high)


def _sizes_alike(
    own: NDArray[np.float64], base: NDArray[np.float64], sizes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Sizes at which estimator and baseline are equally good, for each pair of curves.

    The third says whether the better one is so good already at the smallest size.
    """
    own_last, base_last = own[:, -1], base[:, -1]
    goal = np.minimum(own_last, base_last)
    own_size, own_first = _first_reach(own, goal, sizes)
    base_size, base_first = _first_reach(base, goal, sizes)
    own_better, base_better = own_last >= base_last, base_last >= own_last  # both in a tie
    missing = np.where(np.isnan(goal), np.nan, sizes[-1])
    return (
        np.where(own_better, own_size, missing),
        np.where(base_better, base_size, missing),
        (own_better & own_first) | (base_better & base_first),
    )


def _first_reach(
    curves: NDArray[np.float64], goal: NDArray[np.float64], sizes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Where the running best of each curve gets to its goal, and whether it begins there.

    Each curve ends at its goal or above.
    """
    best = np.maximum.accumulate(np.where(np.isnan(curves), -np.inf, curves), axis=1)
    rows = np.arange(len(curves))
    after = (best >= goal[:, None]).argmax(axis=1)
    before = np.maximum(after - 1, 0)
    floor = np.where(after > 0, best[rows, before], -np.inf)
    at_once = ~np.isfinite(floor)
    with np.errstate(invalid="ignore"):
        share = np.where(at_once, 1, (goal - floor) / (best[rows, after] - floor))
    steps = np.log(sizes)
    return np.exp(steps[before] + share * (steps[after] - steps[before])), at_once


def _sentence(
    name: str,
    baseline: str,
    own: float,
    base: float,
    bounded: bool,
    ends: tuple[float, float],
    sizes: NDArray[np.float64],
) -> str:
    if bounded and own == base:
        return (
            f"{name} and {baseline} cannot be told apart: both are as good with {own:,.0f} samples "
            f"as with {sizes[-1]:,.0f}."
        )
    more = base > own
    bound = ("at least " if more else "at most ") if bounded else ""
    as_good = {
        (False, True): "as good as",
        (False, False): "as good as",
        (True, True): "already as good as",
        (True, False): "no better than",
    }[bounded, more]
    return (
        f"{name} is worth {bound}{_number(base / own)} times the data of {baseline}"
        f"{_interval_text(*ends, sizes[-1] / sizes[0])}: with {own:,.0f} samples it is {as_good} "
        f"{baseline} with {base:,.0f}."
    )


def _interval_text(low: float, high: float, most: float) -> str:
    """The interval, whose ends may lie where the sizes end."""
    if np.isnan(low):
        return ""
    below = " or less" if np.isclose(low * most, 1) else ""
    above = " or more" if np.isclose(high, most) else ""
    if np.isclose(low, high):
        return f" (95 % interval {_number(low)}{below}{above})"
    return f" (95 % interval {_number(low)}{below} to {_number(high)}{above})"


def _number(value: float) -> str:
    """Two digits that count: 0.42, 8.3, 11, 120."""
    return f"{float(f'{value:.2g}'):,g}"


def optimum(scoring: str) -> float:
    """The best that a score can be: 0 for negative errors, else 1."""
    return 0.0 if scoring.startswith("neg_") else 1.0


def _law(n: Any, a: float, b: float, c: float) -> Any:
    return a * n**-b + c


def _power_law(sizes: NDArray[np.float64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """a, b and c of a n^-b + c; NaN where nothing can be fitted."""
    nothing = np.full(3, np.nan)
    present = np.isfinite(errors)
    sizes, errors = sizes[present], errors[present]
    if len(sizes) < 4 or errors[-1] >= errors[0]:
        return nothing
    # In units of the smallest size, the three parameters are of one magnitude.
    smallest = sizes[0]
    floor = max(errors.min(), 0) / 2
    start = [max(errors[0] - floor, 0), 0.5, floor]
    upper = [np.inf, STEEPEST, np.inf]
    try:
        with warnings.catch_warnings():
            # The covariance is not used; at a bound it cannot be had.
            warnings.simplefilter("ignore", OptimizeWarning)
            fitted, _ = curve_fit(
                _law, sizes / smallest, errors, start, bounds=([0, 0, 0], upper), jac=_law_jacobian
            )
    except (RuntimeError, ValueError):  # no convergence
        return nothing
    a, b, c = fitted
    return np.array([a * smallest**b, b, c])


def _law_jacobian(n: NDArray[np.float64], a: float, b: float, c: float) -> NDArray[np.float64]:
    return np.column_stack([n**-b, -a * n**-b * np.log(n), np.ones_like(n)])


def _law_ends(
    sizes: NDArray[np.float64], drawn: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the intervals of a, b and c."""
    distinct, counts = np.unique(drawn.round(12), axis=0, return_counts=True)  # few folds repeat
    laws = np.repeat([_power_law(sizes, errors) for errors in distinct], counts, axis=0)
    fitted = laws[np.isfinite(laws).all(axis=1)]
    if len(fitted) < 0.95 * len(laws):
        return np.full(3, np.nan), np.full(3, np.nan)
    low, high = np.percentile(fitted, ENDS, axis=0)
    return low, high
