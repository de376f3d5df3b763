"""Truths about samples of different lengths: padding changes nothing, memory follows the data."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import ESTIMATORS
from hypothesis import given, settings
from hypothesis import strategies as st

import ibestimators
from ibestimators import (
    AttentionClassifier,
    AttentionRegressor,
    ConvClassifier,
    ConvRegressor,
    GraphRegressor,
    MLPRegressor,
    RecurrentClassifier,
    RecurrentRegressor,
)
from ibestimators.structures import kind_of
from ibestimators.structures._packed import (
    PackedSamples,
    aggregate,
    pad,
    padding_mask,
    row_numbers,
    sample_index,
)
from ibestimators.structures._tokens import TokenStructure
from ibestimators.training import Batches, LabelledSamples, length_bucketed_batches

lengths_of_samples = st.lists(st.integers(1, 40), min_size=1, max_size=12)


def ragged(lengths, features=2, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(length, features)) for length in lengths]


def fitted(estimator, lengths=(20, 17, 9, 30, 4, 25)):
    X = ragged(lengths, seed=1)
    y = np.array([x.mean() for x in X])
    params = {"max_epochs": 2, "random_state": 0, "dtype": "float64", "standardize": False}
    return estimator.set_params(**params).fit(X, y)


@settings(max_examples=60)
@given(
    lengths=lengths_of_samples,
    kernel_size=st.integers(1, 6),
    stride=st.integers(1, 3),
    pooling=st.sampled_from(["max", "mean", None]),
    normalization=st.sampled_from(["batch", "layer", None]),
    readout=st.sampled_from(["mean", "max"]),
)
def test_padding_changes_no_convolution(
    lengths, kernel_size, stride, pooling, normalization, readout
):
    conv = fitted(
        ConvRegressor(
            n_filters=(4, 4),
            kernel_size=kernel_size,
            stride=stride,
            pooling=pooling,
            normalization=normalization,
            readout=readout,
        )
    )
    same_as_alone(conv, ragged(lengths))


@settings(max_examples=30)
@given(
    lengths=lengths_of_samples,
    cell=st.sampled_from(["rnn", "lstm", "gru", "mingru"]),
    bidirectional=st.booleans(),
    n_layers=st.integers(1, 2),
    readout=st.sampled_from(["last", "mean", "max"]),
)
def test_padding_changes_no_recurrence(lengths, cell, bidirectional, n_layers, readout):
    recurrent = RecurrentRegressor(
        cell=cell, bidirectional=bidirectional, n_layers=n_layers, readout=readout, hidden_size=4
    )
    same_as_alone(fitted(recurrent), ragged(lengths))


@settings(max_examples=60)
@given(
    lengths=lengths_of_samples,
    position=st.sampled_from(["none", "sinusoidal", "learned", "rotary"]),
    mask=st.sampled_from(["full", "causal", "local"]),
    readout=st.sampled_from(["mean", "max", "cls", "last"]),
    patch_size=st.sampled_from(["auto", 1, 3]),
)
def test_padding_changes_no_attention(lengths, position, mask, readout, patch_size):
    attention = AttentionRegressor(
        position=position,
        mask=mask,
        window=3,
        readout=readout,
        patch_size=patch_size,
        embedding_size=8,
    )
    same_as_alone(fitted(attention), ragged(lengths))


def same_as_alone(estimator, X):
    """A batch of padded samples against each as an array that needs no padding."""
    together = estimator.predict(X)
    alone = np.concatenate([estimator.predict([x]) for x in X])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-9)
    with torch.inference_mode():
        as_arrays = [estimator.module_(torch.from_numpy(x)[None]).item() for x in X]
    np.testing.assert_allclose(together, as_arrays, rtol=0, atol=1e-9)


@given(lengths=lengths_of_samples)
def test_padding_changes_no_dense_layer_and_no_path(lengths):
    for estimator in (MLPRegressor(), GraphRegressor(), GraphRegressor(graph="empty")):
        model = fitted(estimator, lengths=(40, 3, 8))
        X = ragged(lengths)
        alone = np.concatenate([model.predict([x]) for x in X])
        np.testing.assert_allclose(model.predict(X), alone, rtol=0, atol=1e-9)


def test_what_is_padded_stays_out_of_batch_normalisation():
    """In training too: moments are those of the steps that are there."""
    conv = fitted(ConvRegressor(n_filters=(4,), kernel_size=1, pooling=None))
    layer = conv.module_.encoder.layers[0].train()
    X = ragged([5, 1, 9])
    padded, lengths = pad(torch.from_numpy(np.concatenate(X)), torch.tensor([5, 1, 9]))
    y, _ = layer(padded.movedim(-1, 1), lengths)
    rows = torch.from_numpy(np.concatenate(X))[None].movedim(-1, 1)  # one long sample
    expected, _ = layer(rows)
    mask = padding_mask(lengths, (9,))
    torch.testing.assert_close(y.movedim(1, -1)[mask], expected.movedim(1, -1)[0])
    assert not y.movedim(1, -1)[~mask].any()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_one_step_and_a_hundred_times_as_many(name):
    lengths = [3, 5, 8, 10] * 5
    X, y = ragged(lengths), np.arange(20) % 2
    model = getattr(ibestimators, name)(max_epochs=1, random_state=0).fit(X, y)
    probe = ragged([1, 1000, 10])
    if name.startswith("MLP"):
        with pytest.warns(UserWarning, match="1 of 3 sequences in X are longer than the longest"):
            predicted = model.predict(probe)
        first_steps = model.predict([probe[1][:10]])
        assert (
            predicted[1] == first_steps
            if "Class" in name
            else abs(predicted[1] - first_steps) < 1e-6
        )
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            predicted = model.predict(probe)
    assert predicted.shape == (3,)


@settings(max_examples=50)
@given(
    lengths=st.lists(st.integers(1, 500), min_size=1, max_size=200),
    batch_size=st.integers(1, 40),
    seed=st.integers(0, 100) | st.none(),
)
def test_each_sample_is_in_one_batch_and_little_is_padded(lengths, batch_size, seed):
    sizes = torch.tensor(lengths)
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    batches = list(length_bucketed_batches(sizes, batch_size, generator))
    assert sorted(torch.cat(batches).tolist()) == list(range(len(lengths)))
    most = 4 * batch_size * np.mean(lengths)
    for batch in batches:
        assert len(batch) <= batch_size
        assert len(batch) == 1 or len(batch) * int(sizes[batch].max()) <= most


def test_batches_of_alike_lengths_change_from_epoch_to_epoch():
    X = PackedSamples(torch.zeros(600, 1), torch.full((100,), 6))
    data = LabelledSamples(X, torch.arange(100), padded_sizes=X.sizes)
    batches = Batches(data, 10, torch.Generator().manual_seed(0))
    first, second = ([target.tolist() for _, (target, _) in batches] for _ in range(2))
    assert first != second
    assert sorted(sum(first, [])) == list(range(100))


def test_one_long_sample_takes_no_memory_of_others():
    X = ragged([10_000] + [10] * 999)
    structure = fitted(ConvRegressor(), lengths=(3, 4))._fitted.structure
    samples = structure.read(X, torch.float32)
    assert samples.values.numel() == sum(x.size for x in X)
    padded = [
        len(batch) * int(samples.sizes[batch].max())
        for batch in length_bucketed_batches(samples.sizes, 128, torch.Generator().manual_seed(0))
    ]
    assert sum(padded) < 2 * len(samples.values)


@given(lengths=lengths_of_samples, seed=st.integers(0, 100))
def test_packing(lengths, seed):
    X = ragged(lengths, seed=seed)
    sizes = torch.tensor(lengths)
    samples = PackedSamples(torch.from_numpy(np.concatenate(X)), sizes)
    index = torch.from_numpy(np.random.default_rng(seed).permutation(len(X)))
    batch = samples.batch(index)
    np.testing.assert_array_equal(batch["x"], np.concatenate([X[i] for i in index]))
    np.testing.assert_array_equal(samples.take(index).batch(slice(0, 1))["x"], X[index[0]])
    padded, lengths = pad(batch["x"], batch["lengths"])
    for row, i, length in zip(padded, index, lengths, strict=True):
        np.testing.assert_array_equal(row[:length], X[i])
        assert not row[length:].any()
    for how, reduce in (("sum", np.sum), ("mean", np.mean), ("max", np.max)):
        ours = aggregate(samples.values, sample_index(sizes), len(X), how)
        np.testing.assert_allclose(ours, [reduce(x, axis=0) for x in X], atol=1e-12)
    assert not aggregate(samples.values[:0], sample_index(sizes)[:0], 2, "max").any()
    assert row_numbers(torch.tensor([7, 0]), torch.tensor([2, 3])).tolist() == [7, 8, 0, 1, 2]


def test_a_sample_without_rows_is_one_row_of_zeros():
    padded, lengths = pad(torch.ones(2, 3), torch.tensor([0, 2, 0]))
    assert lengths.tolist() == [1, 2, 1]
    assert padded.sum((1, 2)).tolist() == [0, 6, 0]


def test_tokens_may_be_any_integers_and_unseen_ones_are_all_alike():
    X = [np.array([10**12, -5]), np.array([7])] * 10
    structure = TokenStructure.learn(X, None, RecurrentClassifier())
    codes = structure.read([np.array([-5, 7, 10**12, 8, 0])], torch.float32).values
    assert codes.tolist() == [1, 2, 3, 0, 0]
    model = RecurrentClassifier(max_epochs=1, random_state=0).fit(X, [0, 1] * 10)
    p = model.predict_proba([[7, 99], [7, 1234], [7, 10**12]])
    np.testing.assert_allclose(p[0], p[1], rtol=1e-5, atol=1e-6)
    assert np.abs(p[0] - p[2]).max() > 1e-4
    assert not model.module_.embedding.weight[0].any()


def test_a_bag_of_tokens_has_no_order_and_a_recurrence_has():
    X = [[1, 2, 3], [3, 2, 1]] * 10
    y = [0, 1] * 10
    ragged_tokens = [np.array(x + [4] * (i % 3)) for i, x in enumerate(X)]
    bag = ibestimators.MLPClassifier(max_epochs=3, random_state=0).fit(ragged_tokens, y)
    p = bag.predict_proba([np.array([1, 2, 3]), np.array([3, 2, 1])])
    np.testing.assert_allclose(p[0], p[1], atol=1e-6)
    recurrent = RecurrentClassifier(max_epochs=40, random_state=0).fit(ragged_tokens, y)
    assert recurrent.predict([np.array([1, 2, 3]), np.array([3, 2, 1])]).tolist() == [0, 1]


def test_points_of_a_set_have_no_order():
    X = ragged([3, 8, 5, 9] * 5)
    y = [x.max() for x in X]
    shuffled = [np.random.default_rng(0).permutation(x) for x in X]
    for model in (AttentionRegressor(position="none"), GraphRegressor(graph="empty")):
        model.set_params(random_state=0, max_epochs=3, dtype="float64").fit(X, y)
        np.testing.assert_allclose(model.predict(X), model.predict(shuffled), atol=1e-9)
        grown = [np.concatenate([x, x]) for x in X]
        np.testing.assert_allclose(model.predict(X), model.predict(grown), atol=1e-9)
    ordered = AttentionRegressor(random_state=0, max_epochs=3).fit(X, y)
    assert not np.allclose(ordered.predict(X), ordered.predict(shuffled), atol=1e-4)


def test_next_token_by_a_causal_mask():
    """Tokens count up modulo 5, from anywhere."""
    sequence = np.arange(200) % 5
    rng = np.random.default_rng(0)
    ends = rng.integers(2, 200, size=150)
    X = [sequence[max(0, end - rng.integers(1, 12)) : end] for end in ends]
    y = sequence[ends]
    model = AttentionClassifier(mask="causal", readout="last", random_state=0)
    assert model.fit(X[:100], y[:100]).score(X[100:], y[100:]) > 0.95


def test_channels_first_transposes_each_sequence():
    X = ragged([3, 8, 5, 9] * 3)
    y = np.arange(12) % 2
    first = ConvClassifier(max_epochs=1, random_state=0).fit(X, y)
    second = ConvClassifier(max_epochs=1, random_state=0, channels_first=True)
    second.fit([x.T for x in X], y)
    transposed = second.predict_proba([x.T for x in X])
    np.testing.assert_allclose(first.predict_proba(X), transposed, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("X", "kind"),
    [
        (np.zeros((3, 2)), "array"),
        ([[1, 2], [3, 4]], "array"),
        ([np.zeros(2), np.zeros(2)], "array"),
        (pd.DataFrame({"a": [1], "b": ["x"]}), "array"),
        ([np.zeros((3, 2)), np.zeros((3, 2))], "sequences"),
        ([[[1.0], [2.0]], [[1.0]]], "sequences"),
        ([pd.DataFrame({"a": [1.0]}), pd.DataFrame({"a": [1.0]})], "sequences"),
        ([torch.zeros(3, 2)], "sequences"),
        ([np.array([1, 2]), np.array([3, 4])], "tokens"),
        ([[1, 2], [3]], "tokens"),
        (pd.Series([np.array([1, 2]), np.array([3])]), "tokens"),
    ],
)
def test_kinds_are_told_by_type(X, kind):
    assert kind_of(X) == kind


def same_predictions(model, X, other):
    found, expected = model.predict_proba(X), model.predict_proba(other)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_fitted_kind_reads_what_can_be_read_so():
    X = ragged([4, 5] * 6)
    model = ConvClassifier(max_epochs=1, random_state=0).fit(X, [0, 1] * 6)
    array = np.stack([x[:4] for x in X])
    same_predictions(model, array, list(array))
    on_array = ConvClassifier(max_epochs=1, random_state=0).fit(array, [0, 1] * 6)
    same_predictions(on_array, list(array), array)
    with pytest.raises(ValueError, match="was fitted on an array"):
        on_array.predict(X)
    tokens = AttentionClassifier(max_epochs=1).fit(
        [np.array([1, 2]), np.array([2])] * 6, [0, 1] * 6
    )
    table = np.array([[1, 2], [2, 1]])
    same_predictions(tokens, table, list(table))
    assert tokens.predict([[1, 2], [2, 1]]).shape == (2,)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (["some text", "more"], TypeError, "make_pipeline\\(TextTokenizer"),
        ([np.zeros(3), np.zeros(2)], ValueError, "x.reshape\\(-1, 1\\)"),
        ([[0.5, 1.0], [1.0]], ValueError, "lists of numbers of different lengths"),
        ([np.zeros((3, 2)), np.zeros((3, 1))], ValueError, "sequence 1 of X has 1 features"),
        ([np.zeros((3, 2)), np.zeros((0, 2))], ValueError, "sequence 1 of X has shape \\(0, 2\\)"),
        ([np.zeros((3, 2)), np.zeros(3)], ValueError, "sequence 1 of X has shape \\(3,\\)"),
        ([np.zeros((3, 2)), np.full((1, 2), np.nan)], ValueError, "sequence 1 of X contains NaN"),
        ([np.zeros((3, 2)), [["a", "b"]]], ValueError, "sequence 1 of X must hold numbers"),
        ([np.zeros((3, 2)), [[1, 2], [3]]], ValueError, "sequence 1 of X is not an array"),
        ([np.array([1]), np.array([], dtype=int)], ValueError, "sample 1 of X has shape \\(0,\\)"),
        ([np.array([1]), np.array([0.5])], ValueError, "sample 1 of X must hold integers"),
        ([np.array([1]), "text"], ValueError, "sample 1 of X must hold integers"),
    ],
)
def test_bad_lists_are_named(X, error, message):
    with pytest.raises(error, match=message):
        ConvClassifier().fit(X, [0, 1])


def test_options_that_need_one_length_say_so():
    X, y = ragged([3, 4] * 5), [0, 1] * 5
    for model in (ConvClassifier(readout="flatten"), RecurrentClassifier(readout="flatten")):
        with pytest.raises(ValueError, match="readout='flatten' requires samples of one"):
            model.fit(X, y)
    with pytest.raises(ValueError, match="input_shape=\\(3, 2\\) is for arrays"):
        ConvClassifier(input_shape=(3, 2)).fit(X, y)
    with pytest.raises(ValueError, match="requires samples of one shape"):
        ibestimators.GraphClassifier(graph=np.eye(3)).fit(X, y)
    with pytest.raises(ValueError, match="mask='graph' is not supported for X"):
        AttentionClassifier(mask="graph").fit(X, y)
    with pytest.raises(ValueError, match="the shortest sample has 1 positions"):
        ConvClassifier(padding="valid", n_filters=(4,), kernel_size=2).fit(ragged([1, 8] * 5), y)
    model = ConvClassifier(max_epochs=1).fit(X, y)
    with pytest.raises(ValueError, match="sequences of 3 features, but fit saw 2"):
        model.predict(ragged([3], features=3))
    with pytest.raises(ValueError, match="numbers too large for torch.float32"):
        model.predict([np.full((2, 2), 1e300)])


def test_the_gradient_of_a_maximum_goes_to_the_rows_alone():
    rows = torch.zeros(2, 1, requires_grad=True)
    aggregate(rows, torch.tensor([0, 0]), 1, "max").sum().backward()
    assert rows.grad.sum() == 1


def test_batches_of_one_length_do_not_hide_what_goes_with_length():
    """Moments of a batch that holds one length only would take the signal away."""
    rng = np.random.default_rng(0)

    def draw(n):
        lengths = rng.integers(5, 150, n)
        return [rng.normal(size=(length, 1)) + length / 50 for length in lengths], lengths / 50

    (X, y), (X_test, y_test) = draw(120), draw(120)
    model = ConvRegressor(random_state=0, max_epochs=12).fit(X, y)
    assert model.score(X_test, y_test) > 0.95


def test_the_learning_rate_falls_to_0_at_the_last_batch_and_not_before():
    from skorch.callbacks import Callback

    rates = []

    class Record(Callback):
        def on_batch_end(self, net, training, **_):
            rates.append(net.optimizer_.param_groups[0]["lr"])

    lengths = np.where(np.random.default_rng(0).random(1000) < 0.1, 300, 10)
    X = ragged(lengths, features=1)
    model = MLPRegressor(
        max_epochs=10, hidden_layer_sizes=(8,), batch_size=50, callbacks=[Record()]
    )
    model.fit(X, np.random.default_rng(0).normal(size=1000))
    assert len(rates) > 200  # some batches were cut in two
    assert min(rates) > 0
    assert rates[-1] < 1e-3 * max(rates)


def test_a_sample_of_weight_0_decides_nothing():
    X = [[1, 2], [3, 4], [5, 6], [7, 8], [9]]
    weight = [1, 1, 1, 1, 0]
    model = ibestimators.MLPClassifier(max_epochs=1).fit(X, [0, 1, 0, 1, 0], sample_weight=weight)
    assert model.sample_shape_ == (None,)
    assert model.predict([[1, 2], [3]]).shape == (2,)


def test_series_of_lists_are_tokens_in_predict_too():
    model = ibestimators.MLPClassifier(max_epochs=1)
    model.fit(pd.Series([[1, 2], [3], [4, 5], [1]] * 2), [0, 1] * 4)
    assert model.predict(pd.Series([[1, 2], [3, 4]])).shape == (2,)


def test_columns_of_data_frames_keep_their_order():
    frames = [pd.DataFrame(x, columns=["u", "v"]) for x in ragged([3, 4, 5, 6])]
    model = ConvRegressor(max_epochs=1).fit(frames, [0, 1, 2, 3])
    assert model.feature_names_in_.tolist() == ["u", "v"]
    swapped = [frame[["v", "u"]] for frame in frames]
    with pytest.raises(
        ValueError, match="have the columns \\['v', 'u'\\], but fit saw \\['u', 'v'"
    ):
        model.predict(swapped)
    with pytest.raises(ValueError, match="sequence 1 of X has the columns"):
        model.predict([frames[0], swapped[1]])


@pytest.mark.parametrize("kind", [ragged([3, 4] * 4), [np.array([1, 2]), np.array([1])] * 4])
def test_no_samples_at_predict_are_named(kind):
    model = ConvRegressor(max_epochs=1).fit(kind, np.arange(8.0))
    for nothing in ([], np.empty((0, 5, 2)), np.empty((0, 5), dtype=int)):
        with pytest.raises(ValueError, match="holds no samples|was fitted on"):
            model.predict(nothing)


def test_long_samples_cost_what_their_masks_take():
    X = ragged([8, 100] * 4)
    model = AttentionRegressor(mask="local", max_epochs=1).fit(X, np.arange(8.0))
    assert padded_size(model, 3000) == 3000  # in blocks, not a square
    full = AttentionRegressor(max_epochs=1).fit(X, np.arange(8.0))
    assert padded_size(full, 3000) == 3000


def padded_size(model, size):
    return model.module_.encoder.padded_size(torch.tensor([size]))
