"""Intervals and tests for scores of cross-validation.

Folds share training data, so their scores are correlated, and the usual t-test finds differences
that do not exist. All functions here use one standard error (Nadeau & Bengio 2003, section 4),
which adds the ratio of test to training samples to the variance of the mean of J scores:

    se = sqrt((1/J + n_test / n_train) s^2)

The Bayesian correlated t-test (Corani & Benavoli 2015) uses the same standard error as the
scale of its posterior, a Student distribution with J - 1 degrees of freedom.

References: Nadeau & Bengio, "Inference for the generalization error", Machine Learning 52
(2003); Corani & Benavoli, "A Bayesian approach for comparing cross-validated algorithms on
multiple data sets", Machine Learning 100 (2015); Benavoli et al., "Time for a change", JMLR
18 (2017); Holm, "A simple sequentially rejective multiple test procedure" (1979); Demsar,
"Statistical comparisons of classifiers over multiple data sets", JMLR 7 (2006).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ibestimators.multiple_testing import holm

CONFIDENCE = 0.95
POWER = 0.8
MIN_FOLDS = 4  # with fewer, Student's t has such long tails that intervals say nothing
_ROUNDING = 1e-9

_FROM_0_TO_1 = (
    "accuracy",
    "average_precision",
    "balanced_accuracy",
    "f1",
    "jaccard",
    "precision",
    "recall",
    "roc_auc",
    "top_k_accuracy",
)


def bounds_of(scoring: str) -> tuple[float, float]:
    """The smallest and the largest value that a score can have, by its name.

    Parameters
    ----------
    scoring : str

    Returns
    -------
    low, high : float
        Infinite where there is no bound, or none is known.

    Examples
    --------
    >>> from ibestimators.comparison._statistics import bounds_of
    >>> bounds_of("f1_macro"), bounds_of("r2"), bounds_of("neg_log_loss")
    ((0.0, 1.0), (-inf, 1.0), (-inf, 0.0))
    """
    if scoring.startswith(_FROM_0_TO_1):
        return 0.0, 1.0
    if scoring == "matthews_corrcoef":
        return -1.0, 1.0
    if scoring.startswith(("R²", "r2", "d2_", "explained_variance")):
        return -np.inf, 1.0
    return -np.inf, (0.0 if scoring.startswith("neg_") else np.inf)


def resolution(scoring: str, n_test: float) -> float:
    """By how much one test sample changes a score; 0 for scores without two bounds."""
    low, high = bounds_of(scoring)
    return (high - low) / n_test if np.isfinite(high - low) else 0.0


def resampled_interval(
    values: ArrayLike,
    test_train_ratio: float,
    n_comparisons: int = 1,
    step: float = 0.0,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> tuple[float, float, float]:
    """Mean of correlated scores and its 95 % interval (Nadeau & Bengio 2003).

    Parameters
    ----------
    values : array-like of shape (n_splits,)
        Scores, or differences of scores; NaN marks a missing one.
    test_train_ratio : float
        Ratio of test samples to training samples in a split.
    n_comparisons : int, default=1
        Number of intervals that hold together with 95 % confidence (Bonferroni); each excludes
        0 if and only if `resampled_p_value`, with the same number, is below 0.05.
    step : float, default=0.0
        By how much one test sample changes a value. If all values are the same, their spread
        is taken to be that of one sample, changed in one split.
    bounds : pair of float, default=(-inf, inf)
        Values that the mean cannot exceed.

    Returns
    -------
    mean, low, high : float
        All NaN without a value; low and high NaN with fewer than four values, or without any
        variance.
    """
    mean, error, n = _standard_error(values, test_train_ratio, step)
    if n < MIN_FOLDS or error == 0:
        return mean, np.nan, np.nan
    half = _quantile(n, n_comparisons) * error
    return mean, max(mean - half, bounds[0]), min(mean + half, bounds[1])


def score_interval(
    values: ArrayLike,
    test_train_ratio: float,
    bounds: tuple[float, float],
    n_test: float,
    n_intervals: int = 1,
) -> tuple[float, float, float]:
    """Mean of correlated scores and a 95 % interval within the bounds of the score.

    Between two bounds it is Wilson's interval, with Student's quantile and as many samples as
    give the corrected variance of Nadeau & Bengio; else that of `resampled_interval`.

    Parameters
    ----------
    values : array-like of shape (n_splits,)
        Scores; NaN marks a missing one.
    test_train_ratio : float
        Ratio of test samples to training samples in a split.
    bounds : pair of float
        From `bounds_of`.
    n_test : float
        Test samples of a split.
    n_intervals : int, default=1
        Number of intervals that hold together with 95 % confidence (Bonferroni).

    Returns
    -------
    mean, low, high : float
        As those of `resampled_interval`.

    References
    ----------
    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22
    (1927).
    """
    low, high = bounds
    if not np.isfinite(high - low):
        return resampled_interval(values, test_train_ratio, n_intervals, bounds=bounds)
    mean, error, n = _standard_error(values, test_train_ratio)
    if n < MIN_FOLDS:
        return mean, np.nan, np.nan
    share, spread = (mean - low) / (high - low), error / (high - low)
    n_samples = n_test / (1 / n + test_train_ratio)  # for the variance of shares of n_test
    if spread > 0:
        n_samples = share * (1 - share) / spread**2
    reach = _quantile(n, n_intervals) ** 2 / n_samples
    middle = (share + reach / 2) / (1 + reach)
    half = np.sqrt(reach * (share * (1 - share) + reach / 4)) / (1 + reach)
    ends = [low + (high - low) * float(middle + sign * half) for sign in (-1, 1)]
    return mean, max(low, min(ends[0], mean)), min(high, max(ends[1], mean))


def resampled_p_value(
    differences: ArrayLike, test_train_ratio: float, n_comparisons: int = 1, step: float = 0.0
) -> float:
    """Two-sided corrected resampled t-test of a mean difference of 0 (Nadeau & Bengio 2003).

    Parameters
    ----------
    differences : array-like of shape (n_splits,)
        Differences of the scores of two estimators, split by split; NaN marks a missing one.
    test_train_ratio : float
        Ratio of test samples to training samples in a split.
    n_comparisons : int, default=1
        Number of tests that the p-value is adjusted for (Bonferroni).
    step : float, default=0.0
        As in `resampled_interval`.

    Returns
    -------
    float
        NaN with fewer than four differences, or without any variance.

    Examples
    --------
    >>> from ibestimators.comparison._statistics import resampled_p_value
    >>> round(resampled_p_value([0.1, 0.2, 0.1, 0.2, 0.1], 0.25), 3)
    0.019
    """
    mean, error, n = _standard_error(differences, test_train_ratio, step)
    if n < MIN_FOLDS or error == 0:
        return np.nan
    return min(1.0, n_comparisons * float(2 * stats.t.sf(abs(mean) / error, n - 1)))


def detectable_difference(
    differences: ArrayLike, test_train_ratio: float, n_comparisons: int = 1, step: float = 0.0
) -> float:
    """The true difference that the test would find in 80 of 100 such comparisons.

    Parameters
    ----------
    differences : array-like of shape (n_splits,)
    test_train_ratio : float
    n_comparisons : int, default=1
    step : float, default=0.0
        All as in `resampled_p_value`.

    Returns
    -------
    float
        NaN with fewer than four differences, or without any variance.
    """
    _, error, n = _standard_error(differences, test_train_ratio, step)
    if n < MIN_FOLDS or error == 0:
        return np.nan
    return float(_quantile(n, n_comparisons) + stats.t.ppf(POWER, n - 1)) * error


def _quantile(n: int, n_comparisons: int = 1) -> float:
    """Student's quantile for intervals that hold together."""
    return float(stats.t.isf((1 - CONFIDENCE) / 2 / n_comparisons, n - 1))


def correlated_bayes(
    differences: ArrayLike, test_train_ratio: float, rope: float, step: float = 0.0
) -> tuple[float, float, float]:
    """Probabilities of being worse, practically equal and better (Corani & Benavoli 2015).

    Parameters
    ----------
    differences : array-like of shape (n_splits,)
        Differences of the scores of two estimators, split by split; NaN marks a missing one.
    test_train_ratio : float
        Ratio of test samples to training samples in a split.
    rope : float
        Region of practical equivalence: differences up to this size do not matter.
    step : float, default=0.0
        As in `resampled_interval`.

    Returns
    -------
    p_worse, p_equal, p_better : float
        They sum to 1; all NaN with fewer than two differences, or without any variance.

    Examples
    --------
    >>> from ibestimators.comparison._statistics import correlated_bayes
    >>> worse, equal, better = correlated_bayes([0.1, 0.2, 0.1, 0.2, 0.1], 0.25, rope=0.01)
    >>> better > 0.95
    True
    """
    if not rope >= 0:
        raise ValueError(f"rope must be a difference of scores of at least 0, got {rope!r}.")
    mean, error, n = _standard_error(differences, test_train_ratio, step)
    if n < 2 or error == 0:
        return np.nan, np.nan, np.nan
    posterior = stats.t(n - 1, loc=mean, scale=error)
    # No number of folds makes anything certain, whatever rounding does.
    tails = posterior.cdf(-rope), posterior.sf(rope)
    worse, better = np.clip(tails, _ROUNDING, 1 - _ROUNDING).tolist()
    return worse, max(0.0, 1 - worse - better), better


def compare_over_data_sets(scores: pd.DataFrame, baseline: str | None = None) -> pd.DataFrame:
    """Compare estimators over several data sets: average ranks and signed-rank tests.

    Parameters
    ----------
    scores : pandas.DataFrame
        A row per data set, a column per estimator; higher is better.
    baseline : str, default=None
        Column of the estimator to compare to; None takes the first.

    Returns
    -------
    pandas.DataFrame
        Indexed by estimator, best rank first: ``rank`` (mean over data sets, 1 is best, ties
        share a rank), ``wins`` and ``losses`` against the baseline, ``difference`` (median), and
        ``p_value`` of Wilcoxon's signed-rank test, Holm-adjusted; NaN for the baseline.

    Raises
    ------
    ValueError
        If a score is missing, there are fewer than two data sets, or no such baseline.

    References
    ----------
    Demsar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7 (2006).

    Examples
    --------
    >>> import pandas as pd
    >>> from ibestimators.comparison._statistics import compare_over_data_sets
    >>> scores = pd.DataFrame({"MLP": [0.6, 0.7, 0.8], "Conv": [0.9, 0.8, 0.9]})
    >>> compare_over_data_sets(scores)["rank"].to_dict()
    {'Conv': 1.0, 'MLP': 2.0}
    """
    baseline = scores.columns[0] if baseline is None else baseline
    if baseline not in scores:
        raise ValueError(f"baseline={baseline!r} is not among the columns {list(scores)}.")
    if len(scores) < 2 or scores.isna().any(axis=None):
        raise ValueError(
            f"scores has {len(scores)} rows and {int(scores.isna().sum().sum())} missing scores; "
            "give at least two data sets, and a score of every estimator on each."
        )
    differences = scores.sub(scores[baseline], axis=0)
    frame = pd.DataFrame(
        {
            "rank": scores.rank(axis=1, ascending=False).mean(),
            "wins": (differences > 0).sum(),
            "losses": (differences < 0).sum(),
            "difference": differences.median(),
        }
    )
    p_values = [
        np.nan if name == baseline else signed_rank(differences[name].to_numpy()) for name in scores
    ]
    frame["p_value"] = holm(p_values)
    return frame.rename_axis("estimator").sort_values("rank")


def signed_rank(differences: NDArray[np.float64]) -> float:
    """The p-value of Wilcoxon's signed-rank test; 1 if there are no differences."""
    if not differences.any():
        return 1.0
    return float(stats.wilcoxon(differences).pvalue)


def _standard_error(
    values: ArrayLike, test_train_ratio: float, step: float = 0.0
) -> tuple[float, float, int]:
    """Mean, corrected standard error and number of the values that are not missing."""
    scores = np.asarray(values, dtype=float)
    scores = scores[~np.isnan(scores)]
    n = len(scores)
    if n < 2:
        return (float(scores[0]) if n else np.nan), np.nan, n
    variance = float(np.square(scores - scores.mean()).sum()) / (n - 1)
    if np.ptp(scores) < _ROUNDING:  # rounding, not variance
        variance = step**2 / n  # that of step, 0, 0, ...
    return float(scores.mean()), float(np.sqrt((1 / n + test_train_ratio) * variance)), n
