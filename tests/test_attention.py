"""Truths about attention: torch's own, masks, positions, patches."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ibestimators import AttentionClassifier
from ibestimators.attention import (
    MultiHeadAttention,
    attention_mask,
    patches,
    rotate,
    sinusoidal,
)
from ibestimators.layers import Batch, LocalAttention, Padded


def torchs_twin(ours: MultiHeadAttention, size: int, n_heads: int) -> nn.MultiheadAttention:
    twin = nn.MultiheadAttention(size, n_heads, batch_first=True)
    with torch.no_grad():
        twin.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key_value.weight]))
        twin.in_proj_bias.copy_(torch.cat([ours.query.bias, ours.key_value.bias]))
        twin.out_proj.weight.copy_(ours.out.weight)
        twin.out_proj.bias.copy_(ours.out.bias)
    return twin


@given(n_heads=st.sampled_from([1, 2, 4]), masked=st.booleans(), cross=st.booleans())
def test_equals_torchs_attention(n_heads, masked, cross):
    ours = MultiHeadAttention(8, n_heads)
    twin = torchs_twin(ours, 8, n_heads)
    x = torch.randn(3, 5, 8)
    context = torch.randn(3, 7, 8) if cross else x
    mask = torch.ones(5, context.shape[1], dtype=torch.bool).tril() if masked else None
    expected, weights = twin(
        x,
        context,
        context,
        attn_mask=None if mask is None else ~mask,
        average_attn_weights=False,
    )
    torch.testing.assert_close(ours(x, context if cross else None, mask), expected)
    torch.testing.assert_close(ours.weights(x, context if cross else None, mask), weights)


def test_cross_attention_reads_the_context_alone():
    attention = MultiHeadAttention(8, 2)
    x, context = torch.randn(1, 4, 8), torch.randn(1, 6, 8)
    order = torch.randperm(6)
    torch.testing.assert_close(attention(x, context), attention(x, context[:, order]))
    assert attention(x, context).shape == (1, 4, 8)


def in_context(network, X):
    """Each token after all blocks."""
    return network.encoder(Batch(torch.from_numpy(X))).features


def fitted_on(X, **params):
    return AttentionClassifier(
        max_epochs=2,
        standardize=False,
        dtype="float64",
        random_state=0,
        embedding_size=16,
        n_heads=2,
        **params,
    ).fit(X, np.arange(len(X)) % 2)


@pytest.mark.parametrize("position", ["none", "sinusoidal", "learned", "rotary"])
@pytest.mark.parametrize("t", [0, 3, 8])
def test_a_causal_mask_hides_the_future(position, t):
    X = np.random.default_rng(0).normal(size=(6, 9, 2))
    module = fitted_on(X, mask="causal", position=position).module_
    changed = X.copy()
    changed[:, t] += 1
    before, after = (in_context(module, x) for x in (X, changed))
    torch.testing.assert_close(before[:, :t], after[:, :t], atol=1e-12, rtol=0)
    assert (before[:, t:] - after[:, t:]).abs().amax((0, 2)).min() > 1e-9


def test_the_class_token_tells_nothing_of_the_future():
    X = np.random.default_rng(0).normal(size=(6, 9, 2))
    module = fitted_on(X, mask="causal", readout="cls", n_layers=3).module_
    changed = X.copy()
    changed[:, -1] += 1
    before, after = (in_context(module, x) for x in (X, changed))
    torch.testing.assert_close(before[:, 1:9], after[:, 1:9], atol=1e-12, rtol=0)
    assert (before[:, 0] != after[:, 0]).any()


def test_a_local_mask_hides_what_is_far():
    X = np.random.default_rng(0).normal(size=(6, 12, 2))
    module = fitted_on(X, mask="local", window=2, n_layers=1).module_
    changed = X.copy()
    changed[:, 0] += 1
    before, after = (in_context(module, x) for x in (X, changed))
    difference = before - after
    seen = difference.abs().amax((0, 2)) > 1e-9
    assert seen.tolist() == [True] * 3 + [False] * 9


def test_masks_as_written_out():
    device = torch.device("cpu")
    assert attention_mask("full", 3, 1, device) is None
    assert attention_mask("causal", 3, 1, device).int().tolist() == [
        [1, 0, 0],
        [1, 1, 0],
        [1, 1, 1],
    ]
    assert attention_mask("local", 3, 1, device).int().tolist() == [[1, 1, 0], [1, 1, 1], [0, 1, 1]]


@pytest.mark.parametrize("position", ["none", "sinusoidal", "learned", "rotary"])
def test_without_positions_tokens_are_a_set(position):
    X = np.random.default_rng(0).normal(size=(10, 7, 2))
    fitted = fitted_on(X, position=position)
    shuffled = X[:, np.random.default_rng(1).permutation(7)]
    difference = np.abs(fitted.predict_proba(X) - fitted.predict_proba(shuffled)).max()
    assert difference < 1e-12 if position == "none" else difference > 1e-6


@given(shift=st.integers(0, 20))
def test_rotary_scores_depend_on_distance_alone(shift):
    q, k = torch.randn(2, 1, 8, dtype=torch.float64)
    rotated_q = rotate(q.expand(30, 8))
    rotated_k = rotate(k.expand(30, 8))
    torch.testing.assert_close(
        rotated_q[3] @ rotated_k[7], rotated_q[3 + shift] @ rotated_k[7 + shift]
    )


def test_rotary_keeps_the_norm():
    x = torch.randn(2, 10, 8, dtype=torch.float64)
    torch.testing.assert_close(rotate(x).norm(dim=-1), x.norm(dim=-1))


def test_sinusoidal_positions_as_published():
    table = sinusoidal(50, 8, torch.zeros((), dtype=torch.float64)).numpy()
    position, pair = 37, 2
    angle = position / 10000 ** (2 * pair / 8)
    np.testing.assert_allclose(
        table[position, 2 * pair : 2 * pair + 2], [np.sin(angle), np.cos(angle)]
    )


def test_patches_tile_the_image():
    image = torch.arange(2 * 4 * 6 * 3.0).reshape(2, 4, 6, 3)
    cut = patches(image, 2)
    assert cut.shape == (2, 6, 12)
    torch.testing.assert_close(cut[1, 4], image[1, 2:4, 2:4].flatten())
    assert patches(torch.ones(1, 5, 5, 1), 2).sum() == 25  # the rest is zeros


def test_overlapping_patches_as_written_out():
    signal = torch.arange(1.0, 8).reshape(1, 7, 1)
    assert patches(signal, 4, 2)[0].tolist() == [
        [0, 1, 2, 3],
        [2, 3, 4, 5],
        [4, 5, 6, 7],
        [6, 7, 0, 0],
    ]


CUTS = {
    "sides": st.lists(st.integers(1, 5), min_size=1, max_size=3),
    "size": st.integers(1, 4),
    "overlap": st.integers(0, 3),
}


@settings(max_examples=30)
@given(**CUTS)
def test_a_patch_is_centred_on_its_stride_and_no_position_is_left_out(sides, size, overlap):
    stride = max(1, size - overlap)
    x = torch.randn(2, *sides, 2, requires_grad=True)
    cut = patches(x, size, stride)
    before = (size - stride) // 2  # as many positions as behind it, or one less
    room = torch.nn.functional.pad(x, (0, 0, *(before, 2 * size) * len(sides)))
    corners = list(itertools.product(*(range(-(-side // stride)) for side in sides)))
    assert cut.shape == (2, len(corners), size ** len(sides) * 2)
    for patch, corner in zip(cut.unbind(1), corners, strict=True):
        own = room[(slice(None), *(slice(stride * i, stride * i + size) for i in corner))]
        torch.testing.assert_close(patch, own.flatten(1))
    (times,) = torch.autograd.grad(cut.sum(), x)
    assert times.min() >= 1
    if stride == size:
        assert times.max() == 1
        torch.testing.assert_close(cut, patches(x, size))


@settings(max_examples=30)
@given(**CUTS, longer=st.integers(1, 5))
def test_the_padding_of_a_longer_batch_changes_no_patch(sides, size, overlap, longer):
    stride = max(1, size - overlap)
    x = torch.randn(2, *sides, 1)
    padded = torch.nn.functional.pad(x, (0, 0, *(0, longer) * len(sides)))
    own, many = ([-(-side // stride) for side in s.shape[1:-1]] for s in (x, padded))
    cut = patches(padded, size, stride).unflatten(1, many)
    kept = cut[(slice(None), *(slice(n) for n in own))]
    torch.testing.assert_close(kept.flatten(1, len(sides)), patches(x, size, stride))


@pytest.mark.parametrize("readout", ["mean", "max", "cls", "last"])
def test_a_padded_batch_of_overlapping_patches_equals_each_sample_alone(readout):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in (1, 2, 7, 12, 5, 30)]
    fitted = fitted_on(X, readout=readout, patch_size=4, patch_stride=2)
    alone = np.concatenate([fitted.predict_proba([x]) for x in X])
    np.testing.assert_allclose(fitted.predict_proba(X), alone, atol=1e-12)


def test_patches_that_leave_steps_out_are_refused():
    X, y = np.zeros((4, 30, 2)), [0, 1, 0, 1]
    with pytest.raises(ValueError, match="patch_stride=5 is larger than patch_size=4.*at most 4"):
        AttentionClassifier(patch_size=4, patch_stride=5).fit(X, y)
    with pytest.raises(ValueError, match="patch_stride=2 is larger than patch_size=1"):
        AttentionClassifier(patch_stride=2).fit(X[:, :, 0], y)  # a table
    for name in ("patch_size", "patch_stride"):
        for value in (0, 1.5, "half"):
            with pytest.raises(ValueError, match=f"The '{name}' parameter of AttentionClassifier"):
                AttentionClassifier(**{name: value}).fit(X, y)


def test_readouts_that_do_not_exist_are_refused():
    X, y = np.zeros((4, 3)), [0, 1, 0, 1]
    with pytest.raises(ValueError, match="'readout' parameter of AttentionClassifier.*'flatten'"):
        AttentionClassifier(readout="flatten").fit(X, y)
    graphs = [(np.ones((2, 2)), np.ones((2, 1)))] * 4
    with pytest.raises(ValueError, match="readout='last' is not supported.*'mean', 'max' or 'cls'"):
        AttentionClassifier(readout="last").fit(graphs, y)


@pytest.mark.parametrize("shape", [(9,), (9, 2), (9, 10, 3)])
@pytest.mark.parametrize("readout", ["mean", "cls", "last"])
@pytest.mark.parametrize("mask", ["full", "causal", "local"])
def test_reads_features_sequences_and_patches(shape, readout, mask):
    X = np.random.default_rng(0).normal(size=(8, *shape))
    fitted = fitted_on(X, readout=readout, mask=mask, window=2)
    assert fitted.predict_proba(X).shape == (8, 2)


def test_embedding_size_must_fit_the_heads():
    with pytest.raises(ValueError, match="embedding_size=18 must be a multiple of twice n_heads=2"):
        AttentionClassifier(embedding_size=18, n_heads=2).fit(np.zeros((4, 3)), [0, 1, 0, 1])


@given(
    n_tokens=st.integers(1, 70),
    window=st.integers(1, 40),
    with_class=st.booleans(),
    padded=st.booleans(),
)
def test_local_attention_in_blocks_equals_the_square_mask(n_tokens, window, with_class, padded):
    torch.manual_seed(n_tokens)
    q, k, v = torch.randn(3, 3, 2, n_tokens + with_class, 4, dtype=torch.float64)
    square = attention_mask("local", n_tokens, window, q.device)
    square = torch.nn.functional.pad(square, (int(with_class), 0, int(with_class), 0), value=True)
    seen = None
    if padded:
        lengths = torch.tensor([n_tokens, 1, (n_tokens + 1) // 2]) + with_class
        seen = torch.arange(q.shape[2]) < lengths[:, None]
        itself = torch.eye(q.shape[2], dtype=torch.bool)
        square = (square & seen[:, None] | itself)[:, None]
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=square)
    blocks = LocalAttention(window, int(with_class), seen).attend(q, k, v, 0.0)
    torch.testing.assert_close(blocks, expected)


def test_long_local_attention_is_blockwise_in_the_network():
    X = np.random.default_rng(0).normal(size=(6, 90, 2))
    for readout in ("mean", "cls"):
        network = fitted_on(X, mask="local", window=3, readout=readout, patch_size=1).module_.eval()
        local, x = network.encoder, torch.from_numpy(X)
        embedded = local.embeddings(x)
        square = local.attention_mask(embedded, None, Batch(x))
        for block in local.blocks:
            embedded = block(embedded, square)
        expected = network.readout(Padded(local.norm(embedded)))
        torch.testing.assert_close(network(x), expected)
