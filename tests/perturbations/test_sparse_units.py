"""Columns of a sparse matrix change as those of the same array, and stay sparse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from ibestimators import MLPClassifier, sample_importance, structure_ablation, structure_importance
from ibestimators.perturbations import destroy_structure, transform_samples, units_of

FORMS = [sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.coo_array, sparse.dok_array]


def table(n_rows: int, n_columns: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_rows, n_columns)) * (rng.random((n_rows, n_columns)) < 0.4)


@given(
    n_rows=st.integers(2, 9),
    n_columns=st.integers(2, 6),
    seed=st.integers(0, 99),
    form=st.sampled_from(FORMS),
    size=st.none() | st.integers(1, 4),
)
def test_as_the_array(n_rows, n_columns, seed, form, size):
    X = table(n_rows, n_columns, seed)
    S = form(X)
    unit = "auto" if size is None else "region"
    dense, thin = (units_of(A, unit, size, A[:1] if A is X else X[0]) for A in (X, S))
    assert dense.labels == thin.labels
    for place in dense.places:
        for changed, expected in (
            (u.exchange(place, np.random.RandomState(seed)) for u in (thin, dense)),
            (u.replace(place, 3, np.random.RandomState(seed)) for u in (thin, dense)),
        ):
            assert sparse.issparse(changed)
            np.testing.assert_array_equal(changed.toarray(), expected)
    destroyed = destroy_structure(S, random_state=seed)
    np.testing.assert_array_equal(destroyed.toarray(), destroy_structure(X, random_state=seed))
    random = np.random.RandomState
    for name in ("reflection", "rescaling"):
        expected = transform_samples(X, name, random(0))
        np.testing.assert_array_equal(transform_samples(S, name, random(0)), expected)
    np.testing.assert_array_equal(S.toarray(), X)  # not changed


@pytest.mark.parametrize("form", FORMS)
def test_importance_and_ablation_are_those_of_the_array(form):
    X = table(60, 12, 0)
    y = (X[:, 3] > 0).astype(int)
    S, est = form(X), MLPClassifier(max_epochs=5, random_state=0)
    found, expected = (
        structure_importance(est.fit(A, y), A, y, n_repeats=3, random_state=0) for A in (S, X)
    )
    np.testing.assert_allclose(found.importances, expected.importances, atol=0.02)
    assert found.units == expected.units
    assert found.units[found.importances_mean.argmax()] == 3
    of_sample = sample_importance(est.fit(S, y), S.tocsr()[:1], S, n_draws=5, random_state=0)
    wanted = sample_importance(est.fit(X, y), X[0], X, n_draws=5, random_state=0)
    np.testing.assert_allclose(of_sample.importances, wanted.importances, atol=1e-3)
    cells = [structure_ablation(A, y, [est], cv=2, random_state=0).cells["score"] for A in (S, X)]
    np.testing.assert_allclose(*cells, atol=0.05)


def test_a_region_of_a_sparse_matrix_is_drawn():
    X = table(40, 8, 0)
    est = MLPClassifier(max_epochs=2, random_state=0).fit(sparse.csr_array(X), X[:, 0] > 0)
    result = structure_importance(
        est, sparse.csr_array(X), X[:, 0] > 0, "region", size=4, n_repeats=1, random_state=0
    )
    assert result.units == ("0-3", "4-7")
    result.plot()
