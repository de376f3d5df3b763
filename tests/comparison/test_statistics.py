"""The statistics: equal to baycomp, right as often as they say, and robust at the edges."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import optional
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor

from ibestimators.comparison._statistics import (
    compare_over_data_sets,
    correlated_bayes,
    detectable_difference,
    resampled_interval,
    resampled_p_value,
    score_interval,
)
from ibestimators.multiple_testing import holm

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from coverage_of_intervals import Design, figures

scores = st.lists(st.floats(-1, 1), min_size=10, max_size=10)


@given(x=scores, y=scores, rope=st.sampled_from([0.01, 0.1]), runs=st.sampled_from([1, 2]))
def test_equals_baycomp(x, y, rope, runs):
    baycomp = optional("baycomp")
    x, y = np.array(x), np.array(y)
    if np.ptp(y - x) < 1e-6:
        return
    theirs = baycomp.CorrelatedTTest.probs(x, y, rope=rope, runs=runs)
    n_folds = 10 / runs
    ours = correlated_bayes(y - x, 1 / (n_folds - 1), rope)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@given(
    differences=st.lists(st.floats(-1, 1), min_size=4, max_size=20),
    n_comparisons=st.sampled_from([1, 4, 10]),
    step=st.sampled_from([0, 0.01]),
)
def test_interval_and_p_value_agree(differences, n_comparisons, step):
    mean, low, high = resampled_interval(differences, 0.25, n_comparisons, step)
    p = resampled_p_value(differences, 0.25, n_comparisons, step)
    assert np.isnan(low) == np.isnan(high) == np.isnan(p)
    if abs(p - 0.05) > 1e-6 and not np.isnan(p):
        assert (p < 0.05) == (not low <= 0 <= high)
        detectable = detectable_difference(differences, 0.25, n_comparisons, step)
        assert detectable > high - mean
    p = resampled_p_value(differences, 0.25)
    if np.ptp(differences) > 1e-6:  # of less scipy says itself that it computes noise
        without_correction = stats.ttest_1samp(differences, 0).pvalue
        np.testing.assert_allclose(resampled_p_value(differences, 0), without_correction, atol=1e-9)
        assert p >= without_correction - 1e-9


def cross_validated_differences(rng, n=60, folds=5, repeats=5):
    """Errors of two learners of equal worth, each of which sees one of two features alike."""
    X = rng.normal(size=(n, 2))
    y = X.sum(1) + rng.normal(size=n)
    differences = []
    for _ in range(repeats):
        for test in np.array_split(rng.permutation(n), folds):
            train = np.setdiff1d(np.arange(n), test)
            errors = [
                np.square(y[test] - np.polyval(np.polyfit(X[train, i], y[train], 1), X[test, i]))
                for i in (0, 1)
            ]
            differences.append(errors[0].mean() - errors[1].mean())
    return differences


def test_false_finds_are_as_rare_as_they_should_be():
    """500 times two learners of equal worth: the naive paired t-test errs far too often."""
    rng = np.random.default_rng(0)
    naive, corrected = [], []
    for _ in range(500):
        differences = cross_validated_differences(rng)
        naive.append(stats.ttest_1samp(differences, 0).pvalue < 0.05)
        corrected.append(resampled_p_value(differences, 1 / 4) < 0.05)
    assert np.mean(naive) > 0.15
    assert np.mean(corrected) <= 0.07


def test_edges():
    assert np.isnan(resampled_p_value([0.1], 0.25))
    assert np.isnan(resampled_p_value([0.1, np.nan], 0.25))
    assert np.isnan(resampled_p_value([0.97 - 0.98, 0.96 - 0.97, 0.91 - 0.92, 0.8 - 0.81], 0.25))
    assert np.isnan(correlated_bayes([0.1], 0.25, 0.01)).all()
    assert np.isnan(correlated_bayes([0.1] * 3, 0.25, 0.01)).all()
    assert sum(correlated_bayes([0.1, -0.2, 0.05], 0.25, 0.01)) == pytest.approx(1)
    with pytest.raises(ValueError, match="rope must be"):
        correlated_bayes([0.1, 0.2], 0.25, -1)


@pytest.mark.parametrize("values", [[0.5] * 3, [0.0] * 5, [-1.0] * 4])
def test_equal_differences_have_the_spread_of_one_sample(values):
    step = 1 / 30
    one_changed = [values[0] + step, *values[1:]]
    as_if = correlated_bayes(one_changed, 0.25, 0.01)
    probabilities = correlated_bayes(values, 0.25, 0.01, step)
    assert all(0 < p < 1 for p in probabilities)
    np.testing.assert_allclose(probabilities, as_if, atol=0.25)
    if len(values) > 3:
        _, low, high = resampled_interval(values, 0.25, step=step)
        _, *ends = resampled_interval(one_changed, 0.25)
        assert high - low == pytest.approx(ends[1] - ends[0])


def test_fewer_than_four_folds_have_no_interval():
    for values in ([0.4, 1.0], [0.7, 0.8, 0.9]):
        mean, *ends = score_interval(values, 0.5, (0, 1), 30)
        assert mean == pytest.approx(np.mean(values))
        assert np.isnan(ends).all()
        assert np.isnan(resampled_interval(values, 0.5)[1:]).all()
        assert np.isnan(resampled_p_value(values, 0.5))
        assert np.isnan(detectable_difference(values, 0.5))


@given(values=st.lists(st.floats(0, 1), min_size=4, max_size=12), n_test=st.integers(2, 100))
def test_intervals_of_bounded_scores_stay_within_the_bounds(values, n_test):
    mean, low, high = score_interval(values, 0.25, (0, 1), n_test)
    assert 0 <= low <= mean <= high <= 1
    assert low < high
    shifted = score_interval(2 * np.array(values) - 1, 0.25, (-1, 1), n_test)
    np.testing.assert_allclose(shifted, 2 * np.array([mean, low, high]) - 1, atol=1e-9)
    assert not score_interval(values, 0.25, (-np.inf, 1), n_test)[2] > 1


def test_the_interval_of_shares_is_wilsons():
    """Without training samples in common, of as many samples as give the variance of the folds."""
    values = np.array([0.8, 0.9, 0.85, 0.95, 0.9])
    mean = values.mean()
    n = mean * (1 - mean) / (values.var(ddof=1) / 5)
    statsmodels = optional("statsmodels.stats.proportion")
    z = stats.t.ppf(0.975, 4)
    alpha = 2 * stats.norm.sf(z)
    expected = statsmodels.proportion_confint(mean * n, n, alpha, method="wilson")
    np.testing.assert_allclose(score_interval(values, 0, (0, 1), 20)[1:], expected)


@pytest.mark.parametrize("design", [Design(4), Design(5), Design(10), Design(5, groups=8)])
def test_intervals_hold_together_and_false_finds_are_rare(design):
    """The study of docs/comparison.md with few runs: four standard errors below 95 %."""
    found = figures(design, [0.8] * 5, runs=150)
    assert found["error"] <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 150)
    assert found["coverage"] >= 0.95 - 4 * np.sqrt(0.05 * 0.95 / 150)
    good = figures(design, [1.6, 2.0, 2.0, 2.4, 2.4], runs=150)
    assert good["scores"] >= 0.95 - 4 * np.sqrt(0.05 * 0.95 / 150)
    assert good["coverage"] >= 0.95 - 4 * np.sqrt(0.05 * 0.95 / 150)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_holm(p_values):
    p = np.array(p_values)
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= 1).all()
    assert adjusted.min() == pytest.approx(min(1, len(p) * p.min()))
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()
    np.testing.assert_array_equal(holm([np.nan, *p])[1:], adjusted)


def test_over_data_sets():
    rng = np.random.default_rng(0)
    base = rng.uniform(size=12)
    table = pd.DataFrame({"MLP": base, "Conv": base + 0.1, "same": base, "mixed": base})
    table["mixed"] += 0.05 * np.where(np.arange(12) % 2, 1, -1)
    frame = compare_over_data_sets(table)
    assert frame.index[0] == "Conv"
    assert frame.loc["Conv", ["wins", "losses"]].tolist() == [12, 0]
    assert frame.loc["Conv", "p_value"] == pytest.approx(
        3 * stats.wilcoxon(np.full(12, 0.1)).pvalue
    )
    assert frame.loc["same", "p_value"] == 1
    assert np.isnan(frame.loc["MLP", "p_value"])
    assert frame["rank"].sum() == pytest.approx(1 + 2 + 3 + 4)
    with pytest.raises(ValueError, match="baseline='tree' is not among"):
        compare_over_data_sets(table, "tree")
    with pytest.raises(ValueError, match="1 rows and 0 missing"):
        compare_over_data_sets(table[:1])


def test_a_real_difference_is_found():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = X.sum(1) + 0.1 * rng.normal(size=200)
    differences = []
    for test in np.array_split(rng.permutation(200), 10):
        train = np.setdiff1d(np.arange(200), test)
        linear, tree = (
            model.fit(X[train], y[train]).score(X[test], y[test])
            for model in (LinearRegression(), DecisionTreeRegressor(random_state=0))
        )
        differences.append(linear - tree)
    assert resampled_p_value(differences, 1 / 9) < 0.01
    assert correlated_bayes(differences, 1 / 9, 0.01)[2] > 0.99
