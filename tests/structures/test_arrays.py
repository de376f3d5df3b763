"""Arrays are scaled in blocks, whatever their layout in memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
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


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.full((2, 4), np.nan), "Input X contains NaN"),
        (np.full((2, 4), np.inf), "Input X contains infinity"),
        (np.array([[1e308] * 4] * 4), "gives infinite or NaN|too large for torch.float32"),
        (np.zeros((2, 3)), "X has 3 features, but MLPClassifier is expecting 4"),
        (np.zeros((0, 4)), "0 sample"),
        (np.zeros(4), "Expected 2D array"),
        (np.zeros((2, 4, 1)), "X has samples of shape"),
    ],
)
def test_predict_refuses_bad_rows_of_a_table(bad, message):
    fitted = MLPClassifier(max_epochs=1, random_state=0).fit(X[:, :2].reshape(200, 4), Y)
    with pytest.raises(ValueError, match=message):
        fitted.predict(bad)


def test_predict_warns_if_the_columns_have_lost_their_names():
    frame = pd.DataFrame(X[:, :2].reshape(200, 4), columns=list("abcd"))
    fitted = MLPClassifier(max_epochs=1, random_state=0).fit(frame, Y)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        fitted.predict(frame.to_numpy())


def test_the_first_of_two_equal_classes_is_predicted():
    fitted = MLPClassifier(max_epochs=1, random_state=0).fit(X, np.where(Y, "b", "a"))
    outputs = torch.tensor([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    assert fitted._fitted.target.predictions(outputs).tolist() == ["a", "b", "a"]
    assert fitted.predict(X).dtype == fitted.classes_.dtype
