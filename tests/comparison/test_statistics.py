"""The statistics: equal to baycomp, right as often as they say, and robust at the edges."""

from __future__ import annotations

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
    holm,
    resampled_interval,
    resampled_p_value,
)

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


@given(differences=st.lists(st.floats(-1, 1), min_size=2, max_size=20))
def test_interval_and_p_value_agree(differences):
    _, low, high = resampled_interval(differences, 0.25)
    p = resampled_p_value(differences, 0.25)
    if abs(p - 0.05) > 1e-6 and not np.isnan(p):
        assert (p < 0.05) == (not low <= 0 <= high)
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
    assert resampled_p_value([0.0, 0.0], 0.25) == 1
    assert np.isnan(resampled_p_value([0.97 - 0.98, 0.96 - 0.97, 0.91 - 0.92], 0.25))
    assert correlated_bayes([0.97 - 0.98, 0.96 - 0.97, 0.91 - 0.92], 0.25, 0.01) == (0, 1, 0)
    assert np.isnan(correlated_bayes([0.1], 0.25, 0.01)).all()
    assert correlated_bayes([0.1] * 3, 0.25, 0.01) == (0, 0, 1)
    assert correlated_bayes([0.001] * 3, 0.25, 0.01) == (0, 1, 0)
    assert sum(correlated_bayes([0.1, -0.2, 0.05], 0.25, 0.01)) == pytest.approx(1)
    with pytest.raises(ValueError, match="rope must be"):
        correlated_bayes([0.1, 0.2], 0.25, -1)


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
