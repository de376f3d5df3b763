"""Kernels that are averaged over the changes of a sample do not mind them."""

from __future__ import annotations

import numpy as np
import pytest

from ibestimators.symmetries._gaussian_process import mean_kernel
from ibestimators.symmetries._groups import (
    NONE,
    Symmetry,
    identity,
    symmetries_of,
    symmetry_named,
)

FORMS = {
    "table": ((12,), 1),
    "series": ((30,), 2),
    "image": ((8, 8), 1),
    "wide image": ((5, 8), 3),
    "volume": ((4, 5, 6), 1),
}
# Any two changes after one another are a third one.
GROUPS = {
    "cyclic shifts",
    "reversal",
    "upside down",
    "mirror images",
    "axis 1",
    "axis 2",
    "axis 3",
    "transposed images",
    "turns by 90°",
    "change of sign",
}
CASES = {
    f"{form}: {symmetry.name}": (form, i)
    for form, shape in FORMS.items()
    for i, symmetry in enumerate(symmetries_of(*shape, np.random.RandomState(0)))
}
each = pytest.mark.parametrize(("form", "i"), CASES.values(), ids=CASES)


def samples(form, i):
    axes, n_features = FORMS[form]
    symmetry = symmetries_of(axes, n_features, np.random.RandomState(0))[i]
    return symmetry, np.random.default_rng(0).normal(size=(6, *axes, n_features))


def kernel(symmetry, X):
    return mean_kernel(symmetry.pairs(X), 0.7 * X[0].size)


@each
def test_the_kernel_is_the_mean_over_both_samples(form, i):
    symmetry, X = samples(form, i)
    everything = Symmetry(symmetry.name, symmetry.transforms)
    np.testing.assert_allclose(kernel(symmetry, X), kernel(everything, X), rtol=1e-9)
    assert sum(weight for *_, weight in symmetry.pairs(X)) == pytest.approx(1)
    assert (np.linalg.eigvalsh(kernel(symmetry, X)) > -1e-9).all()
    assert identity in symmetry.transforms
    for transform in symmetry.transforms:
        assert transform(X).shape == X.shape


@each
def test_a_group_leaves_its_kernel_as_it_is(form, i):
    symmetry, X = samples(form, i)
    changed = X.copy()
    changed[:3] = symmetry.transforms[-1](X[:3])
    same = np.allclose(kernel(symmetry, changed), kernel(symmetry, X), rtol=1e-9)
    assert same or symmetry.name not in GROUPS
    assert not np.allclose(kernel(NONE, changed), kernel(NONE, X), rtol=1e-3)


def test_names_tell_symmetries_apart():
    for axes, n_features in FORMS.values():
        names = [s.name for s in symmetries_of(axes, n_features, np.random.RandomState(0))]
        assert len(set(names)) == len(names)
        for name in names:
            found = symmetry_named(name, axes, n_features, np.random.RandomState(0))
            assert found.name == name


def test_shifts_may_have_any_width():
    found = symmetry_named("shifts up to 4 steps", (30,), 1, np.random.RandomState(0))
    X = np.eye(30)[:1, :, np.newaxis]
    assert sorted(int(t(X).argmax()) for t in found.transforms) == [0, 1, 2, 3, 4, 26, 27, 28, 29]
    for name in ("shifts up to 30 steps", "shifts up to 0 steps", "mirror images"):
        with pytest.raises(ValueError, match="is unknown for samples with positions"):
            symmetry_named(name, (30,), 1, np.random.RandomState(0))
