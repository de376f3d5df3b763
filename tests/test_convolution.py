"""Truths about convolution: shifts, sizes, Prince's networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ibestimators import ConvClassifier, MLPClassifier
from ibestimators.convolution import ConvLayer

PRINCE_CONV = {
    "n_filters": (15, 15, 15),
    "kernel_size": 3,
    "stride": 2,
    "padding": "valid",
    "pooling": None,
    "normalization": None,
    "readout": "flatten",
    "head_layer_sizes": (),
}


def make_layer(n_axes: int = 1, **changes: object) -> ConvLayer:
    settings = {
        "kernel_size": 3,
        "stride": 1,
        "padding": "same",
        "pooling": None,
        "activation": "relu",
        "dropout": 0.0,
        "normalization": "layer",
    }
    return ConvLayer(n_axes, 2, 4, **{**settings, **changes})


@given(
    shift=st.integers(1, 8),
    kernel_size=st.integers(1, 6),
    normalization=st.sampled_from([None, "layer"]),
)
def test_a_shifted_signal_gives_a_shifted_feature_map(shift, kernel_size, normalization):
    layer = make_layer(kernel_size=kernel_size, padding="valid", normalization=normalization)
    signal = torch.randn(3, 2, 30)
    shifted = torch.roll(signal, shift, dims=2)
    before, after = layer(signal)[0], layer(shifted)[0]
    torch.testing.assert_close(after[:, :, shift:], before[:, :, :-shift])


@given(down=st.integers(1, 4), right=st.integers(1, 4))
def test_a_shifted_image_gives_a_shifted_feature_map(down, right):
    layer = make_layer(2, padding="valid")
    image = torch.randn(2, 2, 12, 14)
    shifted = torch.roll(image, (down, right), dims=(2, 3))
    torch.testing.assert_close(
        layer(shifted)[0][:, :, down:, right:], layer(image)[0][:, :, :-down, :-right]
    )


def test_mean_readout_forgets_where_a_pattern_stands():
    X = np.zeros((2, 60, 1))  # what four layers see of the pattern stays clear of the ends
    X[0, 20:23, 0] = X[1, 35:38, 0] = [1, -2, 3]
    fitted = ConvClassifier(
        pooling=None, standardize=False, max_epochs=1, dtype="float64", random_state=0
    ).fit(X, [0, 1])
    proba = fitted.predict_proba(X)
    np.testing.assert_allclose(proba[0], proba[1], atol=1e-12)


@settings(max_examples=60)
@given(
    size=st.integers(3, 20),
    kernel_size=st.integers(1, 5),
    stride=st.integers(1, 3),
    padding=st.sampled_from(["same", "valid"]),
    pooling=st.sampled_from(["mean", "max", None]),
    n_axes=st.sampled_from([1, 2]),
)
def test_output_sizes_are_what_forward_gives(size, kernel_size, stride, padding, pooling, n_axes):
    layer = make_layer(
        n_axes, kernel_size=kernel_size, stride=stride, padding=padding, pooling=pooling
    )
    sizes = (size,) * n_axes
    expected = layer.output_sizes(sizes)
    if min(expected) >= 1:
        assert layer(torch.randn(1, 2, *sizes))[0].shape[2:] == expected


def test_same_padding_at_stride_1_keeps_the_length():
    assert make_layer(kernel_size=4).output_sizes((17,)) == (17,)


def test_princes_networks_have_2050_and_59065_parameters():
    X, y = np.random.default_rng(0).normal(size=(20, 40)), np.arange(20) % 10
    conv = ConvClassifier(**PRINCE_CONV, max_epochs=1).fit(X, y)
    dense = MLPClassifier(hidden_layer_sizes=(285, 135, 60), max_epochs=1).fit(X, y)
    assert conv.n_parameters_ == 2050
    assert dense.n_parameters_ == 59065


@pytest.mark.parametrize("shape", [(30,), (30, 2), (9, 8, 3)])
@pytest.mark.parametrize("readout", ["flatten", "mean", "max"])
def test_reads_features_signals_and_images(shape, readout):
    X = np.random.default_rng(0).normal(size=(12, *shape))
    fitted = ConvClassifier(readout=readout, max_epochs=1).fit(X, np.arange(12) % 3)
    assert fitted.predict_proba(X).shape == (12, 3)


def test_one_size_a_layer_or_a_clear_error():
    X, y = np.random.default_rng(0).normal(size=(12, 30)), np.arange(12) % 2
    conv = ConvClassifier(n_filters=(4, 8), kernel_size=(7, 3), max_epochs=1).fit(X, y)
    assert [layer.kernel_size for layer in conv.module_.encoder.layers] == [7, 3]
    with pytest.raises(ValueError, match="kernel_size.*3 entries, but n_filters has 2 layers"):
        ConvClassifier(n_filters=(4, 8), kernel_size=(7, 3, 3)).fit(X, y)
    with pytest.raises(ValueError, match="padding='valid' is larger than the"):
        ConvClassifier(kernel_size=31, padding="valid").fit(X, y)
