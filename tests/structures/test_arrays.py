"""Arrays are scaled in blocks, whatever their layout in memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ibestimators import ConvClassifier, MLPClassifier
from ibestimators.structures import ArrayStructure, is_finite

X = np.random.default_rng(0).integers(0, 100, size=(200, 6, 2)).astype(np.float64)
Y = np.arange(200) % 2


def read_only(values):
    values = values.copy()
    values.flags.writeable = False
    return values


LAYOUTS = {
    "read-only": read_only,
    "columns first in memory": np.asfortranarray,
    "backwards in memory": lambda values: values[::-1].copy()[::-1],
    "other byte order": lambda values: values.astype(">f8"),
    "integers": lambda values: values.astype(np.uint8),
    "float32": lambda values: values.astype(np.float32),
    "float16": lambda values: values.astype(np.float16),
    "Booleans and one row": lambda values: np.broadcast_to(values[:1] > 50, values.shape),
}


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_scaled_samples_do_not_depend_on_the_layout_in_memory(layout, standardize):
    given = LAYOUTS[layout](X)
    structure = ArrayStructure.learn(X, None, MLPClassifier(standardize=standardize))
    expected = given.astype(np.float64)
    if standardize:
        expected = (expected - X.mean((0, 1))) / X.std((0, 1))
    for samples in (structure.read(given, torch.float32), structure.stream(given, torch.float32)):
        found = samples.batch(slice(None))["x"]
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
        some = samples.take(torch.tensor([7, 3, 9])).batch(torch.tensor([2, 0]))["x"]
        np.testing.assert_allclose(some, expected[[9, 7]], rtol=1e-6, atol=1e-6)


def test_a_batch_is_never_x_itself():
    given = X.astype(np.float32)
    structure = ArrayStructure.learn(given, None, MLPClassifier(standardize=False))
    structure.stream(given, torch.float32).batch(slice(0, 5))["x"].zero_()
    np.testing.assert_array_equal(given, X)


def test_finite_numbers_with_an_infinite_sum_are_finite():
    large = torch.full((4,), 3e38)
    assert torch.isinf(large.sum())
    assert is_finite(large)
    for bad in (torch.inf, -torch.inf, torch.nan):
        assert not is_finite(torch.tensor([1.0, bad]))
    assert not is_finite(torch.tensor([torch.inf, -torch.inf]))


@pytest.mark.parametrize("estimator", [MLPClassifier, ConvClassifier])
def test_predictions_do_not_depend_on_the_batches(estimator, tmp_path):
    fitted = estimator(max_epochs=1, random_state=0).fit(X, Y)
    many = np.random.default_rng(1).integers(0, 100, size=(5000, 6, 2)).astype(np.float64)
    mapped = np.memmap(tmp_path / "X", np.float64, "w+", shape=many.shape)
    mapped[:] = many
    expected = np.concatenate([fitted.predict_proba(part) for part in np.split(many, 500)])
    for given in (many, mapped):
        np.testing.assert_allclose(fitted.predict_proba(given), expected, rtol=1e-5, atol=1e-6)


def test_the_first_of_two_equal_classes_is_predicted():
    fitted = MLPClassifier(max_epochs=1, random_state=0).fit(X, np.where(Y, "b", "a"))
    outputs = torch.tensor([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    assert fitted._fitted.target.predictions(outputs).tolist() == ["a", "b", "a"]
