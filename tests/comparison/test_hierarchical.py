"""The hierarchical model of several data sets recovers what simulated data were made with."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from ibestimators import compare_data_sets
from ibestimators.comparison._hierarchical import sample_posterior
from ibestimators.comparison._statistics import correlated_bayes

RATIO = 0.25
FEW = 150  # draws a chain


def simulated(random, n_sets=12, n_folds=20, mean=0.0, scale=0.02, degrees=8.0, spread=0.03):
    """True means of data sets, and correlated differences of their folds."""
    shared = RATIO / (1 + RATIO)
    means = mean + scale * random.standard_t(degrees, size=n_sets)
    common = np.sqrt(shared) * random.normal(size=(n_sets, 1))
    own = np.sqrt(1 - shared) * random.normal(size=(n_sets, n_folds))
    return means, means[:, None] + spread * (common + own)


def test_it_recovers_mean_and_scale_of_many_data_sets():
    _, differences = simulated(np.random.default_rng(0), n_sets=150, mean=0.05, scale=0.04)
    posterior = sample_posterior(differences, [RATIO] * 150, n_kept=FEW)
    assert posterior.mean.mean() == pytest.approx(0.05, abs=0.012)
    assert posterior.scale.mean() == pytest.approx(0.04, abs=0.012)
    truth = stats.t(8, 0.05, 0.04)
    expected = truth.cdf(-0.01), truth.cdf(0.01) - truth.cdf(-0.01), truth.sf(0.01)
    found = posterior.on_a_new_set(0.01)
    assert sum(found) == pytest.approx(1)
    np.testing.assert_allclose(found, expected, atol=0.05)


@pytest.mark.slow
def test_probabilities_are_calibrated_and_intervals_cover():
    random = np.random.default_rng(0)
    n_runs, expected, happened, held = 300, [], [], []
    for _ in range(n_runs):
        mean, scale = random.normal(0, 0.02), random.uniform(0.005, 0.03)
        means, differences = simulated(random, n_sets=11, mean=mean, scale=scale)
        posterior = sample_posterior(differences[:10], [RATIO] * 10, n_kept=FEW)
        expected.append(posterior.on_a_new_set(0.01))
        happened.append((means[10] < -0.01, abs(means[10]) <= 0.01, means[10] > 0.01))
        low, high = np.quantile(posterior.mean, [0.05, 0.95])
        held.append(low <= mean <= high)
    assert np.mean(held) > 0.86
    chance, event = np.array(expected).ravel(), np.array(happened, dtype=float).ravel()
    for low, high in ((0, 0.2), (0.2, 0.4), (0.4, 0.7), (0.7, 1)):
        inside = (chance >= low) & (chance <= high)
        error = np.sqrt(0.25 / inside.sum())
        assert event[inside].mean() == pytest.approx(chance[inside].mean(), abs=3 * error)


def test_data_sets_that_say_nothing_of_each_other_have_the_correlated_t_test():
    """With a wide spread of data sets, each has the posterior that it would have alone."""
    random = np.random.default_rng(1)
    _, differences = simulated(random, n_sets=5, n_folds=10)
    far = differences + np.array([0, 40, -60, 90, -20])[:, None]
    own = sample_posterior(far, [RATIO] * 5).of_sets[:, 0]
    expected = correlated_bayes(differences[0], RATIO, 0.01)
    found = (own < -0.01).mean(), (np.abs(own) <= 0.01).mean(), (own > 0.01).mean()
    np.testing.assert_allclose(found, expected, atol=0.03)


def test_data_sets_that_are_alike_are_drawn_together():
    """The mean of a data set is drawn to those of the others, the more so the less it says."""
    random = np.random.default_rng(2)
    _, differences = simulated(random, n_sets=12, scale=0.002, mean=0.02)
    posterior = sample_posterior(differences, [RATIO] * 12, n_kept=FEW)
    alone = differences.mean(axis=1)
    together = posterior.of_sets.mean(axis=0)
    assert together.std() < 0.7 * alone.std()
    assert np.abs(together - 0.02).mean() < np.abs(alone - 0.02).mean()


def test_signs_and_missing_folds_are_taken_as_they_are():
    _, differences = simulated(np.random.default_rng(3), mean=0.03)
    ratios = [RATIO] * len(differences)
    one = sample_posterior(differences, ratios).on_a_new_set(0.01)
    other = sample_posterior(-differences, ratios).on_a_new_set(0.01)
    np.testing.assert_allclose(one, other[::-1], atol=0.03)
    gaps = np.hstack([differences, np.full((len(differences), 3), np.nan)])
    assert sample_posterior(gaps, ratios).on_a_new_set(0.01) == one


def test_folds_without_any_spread_are_no_error():
    same = [np.zeros(5), np.zeros(5), np.zeros(5)]
    assert sample_posterior(same, [RATIO] * 3, n_kept=20).on_a_new_set(0.01)[1] > 0.9
    with pytest.raises(ValueError, match="at least 3 data sets with two folds each"):
        sample_posterior(same[:2], [RATIO] * 2)


def test_the_comparison_of_data_sets_tells_them():
    random = np.random.default_rng(0)
    data = {}
    for name in "abcd":
        X = random.normal(size=(60, 3))
        data[name] = X, (X[:, 0] > 0).astype(int)
    estimators = {"dummy": DummyClassifier(), "line": LogisticRegression(), "normal": GaussianNB()}
    result = compare_data_sets(data, estimators, random_state=0)
    frame = result.to_frame()
    assert frame.loc["line", "p_better"] > 0.9
    chances = frame[["p_worse", "p_equal", "p_better"]]
    assert chances.loc[["line", "normal"]].sum(axis=1).tolist() == pytest.approx([1, 1])
    assert chances.loc["dummy"].isna().all()
    assert "On a new data set like these, line is better than dummy with probability" in (
        result.verdict()
    )
    assert "P(better)" in repr(result)
    two = compare_data_sets({name: data[name] for name in "ab"}, estimators, random_state=0)
    assert two.to_frame()["p_better"].isna().all()
    assert "new data set like these, line" not in two.verdict()
