"""Truths about dense layers and normalisation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ibestimators import MLPClassifier
from ibestimators.layers import (
    ACTIVATIONS,
    BatchNorm,
    DenseLayers,
    normalization_layer,
    weighted_normalization,
)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_dense_layers_equal_the_formula(activation):
    dense = DenseLayers(4, (5, 3), 2, activation=activation)
    x = torch.randn(6, 4)
    linear = [m for m in dense.layers if isinstance(m, nn.Linear)]
    expected = x
    for i, layer in enumerate(linear):
        expected = expected @ layer.weight.T + layer.bias
        if i < len(linear) - 1:
            expected = ACTIVATIONS[activation]()(expected)
    torch.testing.assert_close(dense(x), expected)


@pytest.mark.parametrize("shape", [(8, 3), (8, 3, 5), (8, 3, 4, 2)])
def test_batch_normalisation_equals_torchs_but_for_the_moving_variance(shape):
    ours, theirs = (
        BatchNorm(3),
        {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}[len(shape)](3),
    )
    x = torch.randn(shape) * 2 + 1
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours.mean, theirs.running_mean)
    n = x.numel() // 3
    biased = 0.9 + (theirs.running_var - 0.9) * (n - 1) / n
    torch.testing.assert_close(ours.variance, biased)
    expected = (x - ours.mean.view(-1, *[1] * (x.ndim - 2))) / (
        ours.variance.view(-1, *[1] * (x.ndim - 2)) + 1e-5
    ).sqrt()
    torch.testing.assert_close(ours.eval()(x), expected)


@given(weights=st.lists(st.integers(0, 4), min_size=4, max_size=8).filter(lambda w: sum(w) > 1))
def test_a_weight_is_a_number_of_copies(weights):
    weighted, repeated = BatchNorm(2).double(), BatchNorm(2).double()
    x = torch.randn(len(weights), 2, 3, dtype=torch.float64)
    weight = torch.tensor(weights, dtype=torch.float64)
    with weighted_normalization(weighted, weight / weight.mean()):
        y = weighted(x)
    copies = torch.tensor(weights)
    torch.testing.assert_close(
        y.repeat_interleave(copies, 0), repeated(x.repeat_interleave(copies, 0))
    )
    torch.testing.assert_close(weighted.mean, repeated.mean)
    torch.testing.assert_close(weighted.variance, repeated.variance)
    assert weighted.sample_weight is None


def test_rows_take_the_weight_of_their_sample():
    norm, sample = BatchNorm(2).double(), torch.tensor([0, 0, 1, 2, 2])
    x, weight = torch.randn(5, 2, dtype=torch.float64), torch.tensor([0.0, 1.0, 2.0]).double()
    with weighted_normalization(norm, weight):
        y = norm(x, sample)
    expected = BatchNorm(2).double()(x[[2, 3, 3, 4, 4]])
    torch.testing.assert_close(y[[2, 3, 3, 4, 4]], expected)


def test_layer_normalisation_looks_at_one_position():
    norm = normalization_layer("layer", 5)
    x = torch.randn(2, 5, 7)
    torch.testing.assert_close(norm(x)[1, :, 3], nn.functional.layer_norm(x[1, :, 3], (5,)))


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
def test_the_mlp_takes_each_normalisation(normalization):
    X = np.random.default_rng(0).normal(size=(33, 4))
    fitted = MLPClassifier(normalization=normalization, max_epochs=30, random_state=0)
    assert fitted.fit(X, X[:, 0] > 0).score(X, X[:, 0] > 0) > 0.9
