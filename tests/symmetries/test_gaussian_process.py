"""Closed forms against other libraries and against refits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from ibestimators.symmetries._gaussian_process import (
    best_process,
    mean_kernel,
    median_distance,
    squared_distances,
)
from ibestimators.symmetries._groups import NONE

random = np.random.default_rng(0)
X = random.normal(size=(25, 3))
y = np.sin(2 * X[:, 0]) + 0.3 * random.normal(size=25)
Y = ((y - y.mean()) / y.std())[:, np.newaxis]
SCALE = 2.0
KERNEL = mean_kernel(NONE.pairs(X[:, :, np.newaxis]), SCALE)


def covariances(kernel):
    """The covariance of the targets at each level of noise, its scale that of most evidence."""
    for noise in np.logspace(-3, 1.5, 13):
        covariance = kernel + noise * np.trace(kernel) / len(kernel) * np.eye(len(kernel))
        scale = (Y.T @ np.linalg.solve(covariance, Y)).item() / len(Y)
        yield scale * covariance


def evidence(covariance):
    return stats.multivariate_normal.logpdf(Y[:, 0], cov=covariance)


def test_distances_are_those_of_numpy():
    np.testing.assert_allclose(
        squared_distances(X, X[:4]), np.square(X[:, None] - X[None, :4]).sum(-1), atol=1e-12
    )
    pairs = np.square(X[:, None] - X[None]).sum(-1)[np.triu_indices(25, 1)]
    assert median_distance(X) == pytest.approx(np.median(pairs))


def test_the_evidence_is_the_log_density_of_the_best_noise():
    expected = max(map(evidence, covariances(KERNEL)))
    assert best_process(KERNEL, Y).evidence == pytest.approx(expected, abs=1e-6)


def test_the_evidence_is_that_of_scikit_learn():
    best = max(covariances(KERNEL), key=evidence)
    variance = best[0, 1] / KERNEL[0, 1]
    noise = best[0, 0] - variance
    kernel = ConstantKernel(variance) * RBF(np.sqrt(SCALE)) + WhiteKernel(noise)
    fitted = GaussianProcessRegressor(kernel, alpha=0, optimizer=None).fit(X, Y[:, 0])
    expected = fitted.log_marginal_likelihood(fitted.kernel_.theta)
    assert best_process(KERNEL, Y).evidence == pytest.approx(expected, abs=1e-6)


def test_leaving_one_out_is_refitting_without_it():
    best = max(covariances(KERNEL), key=evidence)
    found = best_process(KERNEL, Y)
    for i in (0, 7, 24):
        others = np.arange(25) != i
        weights = np.linalg.solve(best[np.ix_(others, others)], best[others, i])
        mean = weights @ Y[others, 0]
        deviation = np.sqrt(best[i, i] - weights @ best[others, i])
        assert found.mean[i, 0] == pytest.approx(mean, abs=1e-8)
        expected = stats.norm.logpdf(Y[i, 0], mean, deviation)
        assert found.log_density[i] == pytest.approx(expected, abs=1e-8)


def test_outputs_have_scales_of_their_own():
    both = best_process(KERNEL, np.hstack([Y, Y]))
    assert both.evidence == pytest.approx(best_process(KERNEL, Y).evidence)
    np.testing.assert_allclose(both.log_density, best_process(KERNEL, Y).log_density)
