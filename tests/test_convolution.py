"""Truths about convolution: shifts, sizes, Prince's networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ibestimators import ConvClassifier, MLPClassifier
from ibestimators.convolution import ConvLayer, SideBySide

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


WIDTHS = st.lists(st.integers(1, 6), min_size=2, max_size=3).map(tuple)
KERNELS = st.integers(1, 6) | WIDTHS


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
    kernel_size=KERNELS,
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
    kernel_size=KERNELS,
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


@settings(max_examples=40)
@given(
    widths=WIDTHS,
    stride=st.integers(1, 3),
    n_axes=st.integers(1, 3),
    padding=st.sampled_from(["same", "causal"]),
)
def test_widths_side_by_side_equal_the_single_convolutions(widths, stride, n_axes, padding):
    layer = make_layer(n_axes, kernel_size=widths, stride=stride, padding=padding)
    x = torch.randn(2, 2, *(7, 8, 9)[:n_axes])
    outputs = []
    for conv, width in zip(layer.conv.convs, widths, strict=True):
        # For this width alone.
        room = ((width - 1) // 2, width // 2) if padding == "same" else (width - 1, 0)
        outputs.append(conv(torch.nn.functional.pad(x, room * n_axes)))
    joined = layer.conv(layer.padded(x))
    torch.testing.assert_close(joined, torch.cat(outputs, 1))
    assert layer.n_filters == joined.shape[1] == 4 * len(widths)


@settings(max_examples=40)
@given(widths=WIDTHS, stride=st.integers(1, 3), n_axes=st.integers(1, 3), causal=st.booleans())
def test_widths_side_by_side_equal_the_widest_kernel_with_zeros(widths, stride, n_axes, causal):
    layer = SideBySide(n_axes, 2, 3, widths, stride, causal=causal)
    x = torch.randn(2, 2, *(7, 8, 9)[:n_axes])
    convolve = getattr(torch.nn.functional, f"conv{n_axes}d")
    bias = torch.cat([conv.bias for conv in layer.convs])
    torch.testing.assert_close(layer(x), convolve(x, layer.weight, bias, stride), atol=1e-5, rtol=0)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("pooling", ["max", "mean", None])
def test_a_padded_batch_of_several_widths_equals_each_sample_alone(padding, pooling):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in (6, 7, 19, 8)]
    fitted = ConvClassifier(
        n_filters=(3, 4),
        kernel_size=((2, 3), (1, 2)),
        padding=padding,
        pooling=pooling,
        max_epochs=1,
        dtype="float64",
        random_state=0,
    ).fit(X, [0, 1, 0, 1])
    alone = np.concatenate([fitted.predict_proba([x]) for x in X])
    np.testing.assert_allclose(fitted.predict_proba(X), alone, atol=1e-12)


def test_a_phrase_is_seen_at_any_position():
    phrase, unseen = [3, 1, 2], 99  # an unseen token is the zeros of padding
    fitted = ConvClassifier(max_epochs=1, dtype="float64", random_state=0)
    fitted.fit([np.array(phrase), np.array([2, 2, 4, 5])], [0, 1])
    assert [layer.conv.widths for layer in fitted.module_.encoder.layers] == [(3, 4, 5)]
    texts = []
    for place in range(4, 10):
        texts.append(np.full(20, unseen))
        texts[-1][place : place + 3] = phrase
    texts.append(np.full(20, unseen))
    proba = fitted.predict_proba(texts)
    np.testing.assert_allclose(proba[:-1], proba[:1].repeat(6, 0), atol=1e-12)
    assert np.abs(proba[0] - proba[-1]).max() > 1e-4


def test_princes_networks_have_2050_and_59065_parameters():
    X, y = np.random.default_rng(0).normal(size=(20, 40)), np.arange(20) % 10
    conv = ConvClassifier(**PRINCE_CONV, max_epochs=1).fit(X, y)
    dense = MLPClassifier(
        hidden_layer_sizes=(285, 135, 60), column_embedding=None, max_epochs=1
    ).fit(X, y)
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
    with pytest.raises(ValueError, match=r"3 entries, but .*1 layers.*such as \(\(3, 4, 5\),\)"):
        ConvClassifier(n_filters=(4,), kernel_size=(3, 4, 5)).fit(X, y)
    with pytest.raises(ValueError, match="padding='valid' is larger than the"):
        ConvClassifier(kernel_size=31, padding="valid").fit(X, y)


@pytest.mark.parametrize(
    "kernel_size",
    [(3, 0), (3, "5"), (3, 2.5), ((3, 0), 3), ((), 3), ([3, None], 3), (((3, 4), 5), 3), (-1, 3)],
    ids=str,
)
def test_sizes_of_kernels_that_are_no_sizes_are_refused(kernel_size):
    X, y = np.random.default_rng(0).normal(size=(12, 30)), np.arange(12) % 2
    message = "'kernel_size' parameter of ConvClassifier must hold ints above 0, or tuples of them"
    with pytest.raises(ValueError, match=message):
        ConvClassifier(n_filters=(4, 8), kernel_size=kernel_size).fit(X, y)


def test_several_widths_are_of_kernels_alone():
    X, y = np.random.default_rng(0).normal(size=(12, 30)), np.arange(12) % 2
    with pytest.raises(ValueError, match="'stride' parameter .* must hold ints above 0, one for"):
        ConvClassifier(n_filters=(4, 8), stride=((1, 2), 1)).fit(X, y)
    with pytest.raises(ValueError, match="'readout' parameter of ConvClassifier.*'last'"):
        ConvClassifier(readout="last").fit(X, y)
