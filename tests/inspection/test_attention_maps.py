"""Truths about attention maps: rows sum to 1, masks hold, and they are what the network does."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from test_attention import torchs_twin

from ibestimators import (
    AttentionClassifier,
    AttentionRegressor,
    ConvClassifier,
    TextTokenizer,
)
from ibestimators.attention import MultiHeadAttention, attention_mask
from ibestimators.inspection import AttentionMapDisplay
from ibestimators.layers import LocalAttention
from ibestimators.testing import _data as kinds

TEXTS = ["ann has a $5 hat", "bob has $7 and $3", "cy", ""] * 3


def fitted_on(X, cls=AttentionClassifier, **params):
    params = {"embedding_size": 16, "n_heads": 2, "max_epochs": 2, "dtype": "float64"} | params
    return cls(random_state=0, **params).fit(X, np.arange(len(X)) % 2)


def encoder(fitted):
    return fitted._fitted.network_copy().encoder


def seen_in(fitted, X):
    """Every call of an attention module while `fitted` predicts: (module, inputs, output)."""
    calls = []
    hooks = [
        module.register_forward_hook(
            lambda module, args, kwargs, out: calls.append((module, args[0], kwargs["mask"], out)),
            with_kwargs=True,
        )
        for module in fitted.module_.modules()
        if isinstance(module, MultiHeadAttention)
    ]
    fitted.predict(X)
    for hook in hooks:
        hook.remove()
    return calls


def n_tokens(fitted, kind, X):
    """Tokens of each sample, without the class token."""
    if kind in ("ragged", "tokens"):
        return [len(x) for x in X]
    if kind == "networkx":
        return [len(graph) for graph in X]
    stride, axes = encoder(fitted).patch_stride, fitted._fitted.structure.layout.axes
    return [int(np.prod([-(-side // stride) for side in axes]))] * len(X)


@pytest.mark.parametrize("readout", ["mean", "cls", "last"])
@pytest.mark.parametrize("kind", ["table", "series", "images", "volumes", "ragged", "tokens"])
@pytest.mark.parametrize("mask", ["full", "causal", "local"])
def test_rows_sum_to_one_and_masks_hold(kind, mask, readout):
    X = kinds.KINDS[kind]()
    fitted = fitted_on(X, mask=mask, window=2, readout=readout, max_epochs=1)
    display = AttentionMapDisplay.from_estimator(fitted, X, sample=1)
    with_class = readout == "cls"
    for weights, labels, n in zip(
        display.weights, display.key_labels, n_tokens(fitted, kind, X), strict=True
    ):
        assert weights.shape == (2, 2, n + with_class, n + with_class)
        assert len(labels) == n + with_class
        assert (labels[0] == "class") == with_class
        np.testing.assert_allclose(weights.sum(-1), 1)
        among_tokens = weights[..., int(with_class) :, int(with_class) :]
        row, column = np.indices((n, n))
        if mask == "causal":
            assert not among_tokens[..., column > row].any()
            assert not weights[..., 1:, 0].any() or not with_class
        if mask == "local":
            assert not among_tokens[..., abs(column - row) > 2].any()
            assert among_tokens[..., abs(column - row) <= 2].all()


def test_on_graphs_a_node_looks_at_its_neighbours():
    graphs = kinds.networkx_graphs()
    params = {"mask": "graph", "node_attrs": ["q"]}
    for readout in ("mean", "cls"):
        fitted = fitted_on(graphs, readout=readout, **params)
        display = AttentionMapDisplay.from_estimator(fitted, graphs)
        for weights, graph in zip(display.weights, graphs, strict=True):
            n_class = int(readout == "cls")
            seen = nx.to_numpy_array(graph).T + np.eye(len(graph)) > 0
            expected = np.pad(seen, ((n_class, 0), (n_class, 0)), constant_values=True)
            np.testing.assert_array_equal(weights > 0, np.broadcast_to(expected, weights.shape))


@pytest.mark.parametrize("mask", ["full", "causal", "local"])
@pytest.mark.parametrize("position", ["none", "sinusoidal", "learned", "rotary"])
def test_the_map_times_the_values_is_what_the_network_computes(mask, position):
    X = np.random.default_rng(0).normal(size=(6, 9, 2))
    fitted = fitted_on(X, mask=mask, window=2, position=position, readout="cls")
    weights = np.stack(AttentionMapDisplay.from_estimator(fitted, X).weights)
    calls = seen_in(fitted, X)
    assert len(calls) == 2
    for layer, (module, x, _, output) in enumerate(calls):
        with torch.inference_mode():
            values = module.project(x, x)[2]  # (batch, heads, tokens, size)
            mixed = torch.from_numpy(weights[:, layer]) @ values
            torch.testing.assert_close(module.out(mixed.transpose(1, 2).flatten(2)), output)


@pytest.mark.parametrize("readout", ["mean", "cls"])
def test_maps_of_local_attention_in_blocks_equal_those_of_the_square_mask(readout):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in (90, 71, 1, 17)]
    fitted = fitted_on(X, mask="local", window=3, readout=readout, patch_size=1)
    assert all(isinstance(mask, LocalAttention) for _, _, mask, _ in seen_in(fitted, X))
    display = AttentionMapDisplay.from_estimator(fitted, X)
    for x, weights in zip(X, display.weights, strict=True):
        n, n_class = len(x), int(readout == "cls")
        square = attention_mask("local", n, 3, torch.device("cpu"))
        square = torch.nn.functional.pad(square, (n_class, 0, n_class, 0), value=True)
        steps = fitted._fitted.structure.steps.all_scaled(x, torch.float64)[None]
        embedded = encoder(fitted).embeddings(steps)
        for layer, block in enumerate(encoder(fitted).blocks):
            expected = block.attention.weights(block.norm_attention(embedded), mask=square)[0]
            np.testing.assert_allclose(weights[layer], expected.detach(), atol=1e-12)
            embedded = block(embedded, square)


@pytest.mark.parametrize(("size", "stride"), [(2, "auto"), (4, 2), (3, 1)])
def test_a_sample_alone_has_the_maps_that_it_has_in_a_batch(size, stride):
    X = kinds.ragged()
    fitted = fitted_on(X, cls=AttentionRegressor, patch_size=size, patch_stride=stride)
    together = AttentionMapDisplay.from_estimator(fitted, X).weights
    step = encoder(fitted).patch_stride
    assert [w.shape[-1] for w in together] == [-(-len(x) // step) for x in X]
    for i in (0, 5, 11):
        alone = AttentionMapDisplay.from_estimator(fitted, X[i : i + 1]).weights[0]
        np.testing.assert_allclose(together[i], alone, atol=1e-12)


@pytest.mark.parametrize("cross", [False, True])
def test_from_a_module_equals_torchs_attention(cross):
    attention = MultiHeadAttention(8, 2)
    x, context = torch.randn(3, 5, 8), torch.randn(3, 7, 8) if cross else None
    display = AttentionMapDisplay.from_module(attention, x, context, queries="abcde")
    other = x if context is None else context
    _, weights = torchs_twin(attention, 8, 2)(x, other, other, average_attn_weights=False)
    np.testing.assert_allclose(np.stack(display.weights)[:, 0], weights.detach(), atol=1e-6)
    assert display.query_labels[0] == list("abcde")
    assert display.key_labels[0] == (list("0123456") if cross else list("abcde"))
    assert display.axes_.shape == (1, 2)
    assert x.grad is None


def test_a_module_under_a_mask():
    attention, x = MultiHeadAttention(8, 2), torch.randn(1, 6, 8)
    causal = torch.ones(6, 6, dtype=torch.bool).tril()
    weights = AttentionMapDisplay.from_module(attention, x, mask=causal).weights[0]
    assert not np.triu(weights, 1).any()
    local = attention_mask("local", 6, 1, x.device)
    square = AttentionMapDisplay.from_module(attention, x, mask=local).weights[0]
    blocks = AttentionMapDisplay.from_module(attention, x, mask=LocalAttention(1)).weights[0]
    np.testing.assert_allclose(square, blocks, atol=1e-6)


@pytest.mark.parametrize("level", ["word", "bpe", "character"])
def test_words_of_a_tokenizer_label_the_ticks(level):
    model = make_pipeline(
        TextTokenizer(level=level, vocabulary_size=300),
        AttentionClassifier(embedding_size=8, max_epochs=1, readout="cls", random_state=0),
    ).fit(TEXTS, np.arange(len(TEXTS)) % 2)
    display = AttentionMapDisplay.from_estimator(model, TEXTS[:4], sample=1)
    labels = display.query_labels
    assert ["".join(words[1:]).replace("␣", " ") for words in labels] == [
        text.replace(" ", "") if level == "word" else text for text in TEXTS[:3]
    ] + ["[unknown]"]
    shown = [tick.get_text() for tick in display.axes_[0, 0].get_yticklabels()]
    assert shown == labels[1]
    display.figure_.draw_without_rendering()  # a pair of $ is no formula


def test_labels_of_columns_nodes_and_those_given():
    table = pd.DataFrame(kinds.array(3), columns=["tall", "old", "rich"])
    fitted = fitted_on(table)
    assert AttentionMapDisplay.from_estimator(fitted, table).key_labels[5] == list(table.columns)
    of_one = AttentionMapDisplay.from_estimator(fitted, table, 2, tokens=["a", "b", 3])
    assert of_one.query_labels[2] == ["a", "b", "3"]
    assert of_one.query_labels[0] == list(table.columns)
    of_each = AttentionMapDisplay.from_estimator(fitted, table[:2], tokens=[["a", "b", "c"]] * 2)
    assert of_each.query_labels == [["a", "b", "c"]] * 2
    graphs = [nx.Graph([("x", "y")]), nx.path_graph(3)] * 5
    named = AttentionMapDisplay.from_estimator(fitted_on(graphs), graphs)
    assert named.key_labels[:2] == [["x", "y"], ["0", "1", "2"]]


def test_patches_are_numbered_even_if_there_is_one_for_each_position():
    overlapping = {"patch_size": 3, "patch_stride": 1}
    table = pd.DataFrame(kinds.array(4), columns=["tall", "old", "rich", "wise"])
    display = AttentionMapDisplay.from_estimator(fitted_on(table, **overlapping), table)
    assert display.key_labels[0] == list("0123")
    model = make_pipeline(
        TextTokenizer(), AttentionClassifier(max_epochs=1, random_state=0, **overlapping)
    ).fit(TEXTS, np.arange(len(TEXTS)) % 2)
    display = AttentionMapDisplay.from_estimator(model, TEXTS[:2])
    assert display.key_labels[0] == list("012345")


def test_signals_are_cut_into_overlapping_patches_by_default():
    X = kinds.array(40, 1)
    display = AttentionMapDisplay.from_estimator(fitted_on(X), X[:2])
    assert display.weights[0].shape == (2, 2, 10, 10)  # 40 steps, a patch for every 4
    assert display.key_labels[0] == list("0123456789")


def test_within_searches_and_pipelines():
    search = GridSearchCV(
        make_pipeline(TextTokenizer(), AttentionClassifier(max_epochs=1, random_state=0)),
        {"attentionclassifier__n_heads": [4]},
        cv=2,
    ).fit(TEXTS, np.arange(len(TEXTS)) % 2)
    display = AttentionMapDisplay.from_estimator(search, TEXTS[:2])
    assert display.weights[0].shape == (2, 4, 6, 6)
    assert display.query_labels[0] == ["ann", "has", "a", "$", "5", "hat"]


def test_many_tokens_thin_their_ticks_out_and_share_one_scale():
    X = np.random.default_rng(0).normal(size=(4, 200))
    display = AttentionMapDisplay.from_estimator(fitted_on(X, n_heads=4), X)
    images = [panel.images[0] for panel in display.axes_.flat]
    assert len(images) == 8
    assert {image.get_clim() for image in images} == {(0, display.weights[0].max())}
    assert 5 < len(display.axes_[-1, 0].get_xticks()) < 50
    again = AttentionMapDisplay(display.weights, display.query_labels, display.key_labels)
    assert again.plot(display.axes_).figure_ is display.figure_


def test_nothing_is_left_changed():
    X = kinds.array(5, 2)
    fitted = fitted_on(X, dropout=0.5)
    fitted.module_.train()
    before = {k: v.clone() for k, v in fitted.module_.state_dict().items()}
    random = torch.random.get_rng_state()
    first, second = (AttentionMapDisplay.from_estimator(fitted, X).weights for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert fitted.module_.training
    assert all(torch.equal(before[k], v) for k, v in fitted.module_.state_dict().items())
    assert torch.equal(random, torch.random.get_rng_state())


def test_what_is_wrong_is_said():
    X = kinds.array(5)
    fitted = fitted_on(X)
    show = AttentionMapDisplay.from_estimator
    with pytest.raises(TypeError, match="ends in ConvClassifier"):
        show(ConvClassifier(max_epochs=1).fit(X, kinds.targets("classifier")), X)
    with pytest.raises(NotFittedError):
        show(AttentionClassifier(), X)
    with pytest.raises(ValueError, match="sample=24, but there are 24 samples in X"):
        show(fitted, X, sample=24)
    with pytest.raises(ValueError, match="tokens has 2 labels, but sample 1 has 5 tokens"):
        show(fitted, X, sample=1, tokens=["a", "b"])
    with pytest.raises(ValueError, match="tokens has labels for 1 samples, but there are 24"):
        show(fitted, X, tokens=[list("abcde")])
    with pytest.raises(
        ValueError, match="ax holds 1 axes, but 4 are needed: one for each of 2 heads in 2 layers"
    ):
        show(fitted, X, ax=show(fitted, X).axes_[0, 0])
    attention, x = MultiHeadAttention(8, 2), torch.zeros(1, 3, 8)
    show = AttentionMapDisplay.from_module
    with pytest.raises(TypeError, match="a MultiHeadAttention is expected"):
        show(fitted, x)
    with pytest.raises(ValueError, match=r"context has shape \(3, 8\)"):
        show(attention, x, x[0])
    with pytest.raises(TypeError, match=r"mask is of type torch.float32"):
        show(attention, x, mask=torch.zeros(3, 3))
    hidden = torch.tensor([[1, 0, 0], [0, 0, 0], [1, 1, 1]]) > 0
    with pytest.raises(ValueError, match="mask hides all keys from query 1 of sample 0"):
        show(attention, x, mask=hidden)
