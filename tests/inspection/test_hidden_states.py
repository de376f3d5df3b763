"""Inside a recurrence: its states by step, and how far gradients reach."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ibestimators import MLPClassifier, RecurrentClassifier, RecurrentRegressor
from ibestimators.inspection._recurrence import GradientNormDisplay, HiddenStateDisplay
from ibestimators.testing import _data as kinds


def fitted(X, y=None, **params):
    settings = {"hidden_size": 6, "n_layers": 1, "bidirectional": False} | params
    return RecurrentClassifier(max_epochs=1, random_state=0, **settings).fit(
        X, np.arange(len(X)) % 2 if y is None else y
    )


def norms(estimator, X, y):
    return GradientNormDisplay.from_estimators({"it": estimator}, X, y).norms["it"]


def signals(*shape: int):
    return np.random.default_rng(0).normal(size=(8, *shape))


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("n_layers", [1, 2])
def test_unrolled_states_are_those_of_all_steps_at_once(cell, n_layers):
    X = signals(9, 3)
    model = fitted(X, cell=cell, n_layers=n_layers)
    x = torch.from_numpy(X).float()
    features, states = zip(*model.module_.encoder.unrolled(x), strict=True)
    outputs, last = model.module_.encoder.recurrence(x)
    torch.testing.assert_close(torch.stack(features, 1), outputs)
    last = last if isinstance(last, tuple) else (last,)
    for ours, torchs in zip(states[-1], last, strict=True):
        torch.testing.assert_close(ours, torchs)


@pytest.mark.parametrize("n_layers", [1, 3])
def test_a_linear_recurrence_unrolled_is_the_one_of_all_steps_at_once(n_layers):
    X = signals(9, 3)
    encoder = fitted(X, cell="mingru", n_layers=n_layers).module_.encoder.eval()
    x = torch.from_numpy(X).float()
    features, states = zip(*encoder.unrolled(x), strict=True)
    assert {len(of_step) for of_step in states} == {n_layers}
    torch.testing.assert_close(torch.stack(features, 1), encoder.features(x, None))
    of_last_layer = torch.stack([of_step[-1] for of_step in states], 1)
    torch.testing.assert_close(of_last_layer, encoder.hidden_states(x))


@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
def test_norms_where_the_caller_turned_gradients_off(off):
    X, y = signals(7, 1), np.arange(8) % 2
    model = fitted(X, y)
    with off():
        without = norms(model, X, y)
    assert_allclose(without, norms(model, X, y), atol=1e-9)
    assert without.max() > 0


def test_of_a_scalar_recurrence_norms_are_the_product_of_its_derivatives():
    # h_t = tanh(w x_t + u h_{t-1} + b), so dh_t/dh_{t-1} = u (1 - h_t^2).
    X, y = signals(7, 1), np.arange(8.0)
    model = RecurrentRegressor(
        cell="rnn",
        hidden_size=1,
        n_layers=1,
        bidirectional=False,
        readout="last",
        max_epochs=1,
        random_state=0,
        dtype="float64",
    ).fit(X, y)
    u = model.module_.encoder.recurrence.weight_hh_l0.item()
    h = HiddenStateDisplay.from_estimator(model, X).states[..., 0]  # (samples, steps)
    predicted = (model.predict(X) - y.mean()) / y.std()
    (weight,) = (p for p in model.module_.readout.parameters() if p.ndim == 2)
    at_last = 2 * np.abs(predicted - (y - y.mean()) / y.std()) * abs(weight.item())
    expected = [
        (at_last * np.abs(u * (1 - h[:, t + 1 :] ** 2)).prod(axis=1)).mean() for t in range(7)
    ]
    assert_allclose(norms(model, X, y), expected, rtol=1e-6)


@pytest.mark.parametrize("readout", ["last", "last+max"])
def test_of_a_linear_recurrence_norms_fall_by_what_its_gates_keep(readout):
    # h_t = (1 - z) h_{t-1} + z v_t, with a z that does not see the input.
    X, y = signals(7, 1), np.arange(8) % 2
    model = fitted(X, y, cell="mingru", hidden_size=1, readout=readout, dtype="float64")
    cell = model.module_.encoder.layers[0].cell
    with torch.no_grad():
        cell.share.weight.zero_()
        cell.gate.weight.zero_()
        cell.gate.bias.fill_(1.0)
    z = cell.share.bias.sigmoid().item()
    found = norms(model, X, y)
    assert found[-1] > 0
    assert_allclose(found, found[-1] * (1 - z) ** np.arange(6, -1, -1), rtol=1e-6)


def scaled(factor, X, y, **params):
    model = fitted(X, y, cell="rnn", readout="last", hidden_size=32, **params)
    with torch.no_grad():
        model.module_.encoder.recurrence.weight_hh_l0.mul_(factor)
    return model


def test_small_weights_vanish_and_large_explode():
    X, y = 0.1 * signals(40, 1), np.arange(8) % 2
    settings = {"standardize": False}
    vanishing, exploding = (norms(scaled(f, X, y, **settings), X, y) for f in (0.5, 4.0))
    assert vanishing[0] < 1e-12 * vanishing[-1]
    assert exploding[0] > 100 * exploding[-1]
    # Far below what squares of float32 can hold.
    tiny = norms(scaled(0.05, X, y, **settings), X, y)
    assert 0 < tiny[0] < 1e-40


def test_weights_that_keep_the_state_keep_the_gradient():
    X, y = signals(20, 1), np.arange(8) % 2
    model = fitted(X, y, cell="rnn", readout="last", standardize=False)
    recurrence = model.module_.encoder.recurrence
    with torch.no_grad():
        recurrence.weight_hh_l0.copy_(torch.eye(6))
        for p in (recurrence.weight_ih_l0, recurrence.bias_ih_l0, recurrence.bias_hh_l0):
            p.zero_()  # the state stays 0, where the slope of tanh is 1
    found = norms(model, X, y)
    assert_allclose(found, found[-1])
    assert found[-1] > 0


def test_an_lstm_carries_by_its_cell():
    X, y = signals(30, 1), np.arange(8) % 2
    model = fitted(X, y, cell="lstm", readout="last")
    with torch.no_grad():
        model.module_.encoder.recurrence.bias_ih_l0[6:12] = 50  # forget gates stand open
    found = norms(model, X, y)
    assert found[0] > 0.1 * found[-2]
    with torch.no_grad():
        model.module_.encoder.recurrence.bias_ih_l0[6:12] = -50  # and shut
    assert norms(model, X, y)[0] < 1e-10 * found[0]


@pytest.mark.parametrize("readout", ["flatten", "mean", "max", "last", "last+max"])
def test_earlier_states_count_only_through_the_last(readout):
    X, y = signals(12, 2), np.arange(8) % 2
    model = fitted(X, y, cell="rnn", readout=readout)
    with torch.no_grad():
        model.module_.encoder.recurrence.weight_hh_l0.zero_()  # nothing is handed on
    found = norms(model, X, y)
    assert_array_equal(found[:-1], 0)
    assert found[-1] > 0


@pytest.mark.parametrize("cell", ["gru", "mingru"])
def test_samples_of_different_lengths_are_aligned_at_their_last_step(cell):
    X = [np.random.default_rng(i).normal(size=(n, 2)) for i, n in enumerate([3, 7, 7, 5])]
    y = np.arange(4) % 2
    model = fitted(X, y, cell=cell, n_layers=2)
    alone = [norms(model, [x], y[i : i + 1]) for i, x in enumerate(X)]
    found = norms(model, X, y)
    assert [len(n) for n in alone] == [3, 7, 7, 5]
    for back in range(1, 8):
        there = [n[-back] for n in alone if len(n) >= back]
        assert_allclose(found[-back], np.mean(there))


@pytest.mark.parametrize("kind", kinds.KINDS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["gru", "mingru"])
def test_states_of_every_kind_of_x(kind, cell, bidirectional):
    X = kinds.KINDS[kind]()
    model = fitted(X, cell=cell, bidirectional=bidirectional)
    display = HiddenStateDisplay.from_estimator(model, X, sample=3)
    display.figure_.canvas.draw()
    assert isinstance(display.states, list if isinstance(X, list) else np.ndarray)
    alone = HiddenStateDisplay.from_estimator(model, kinds.rows(X, 3))
    assert_allclose(alone.states[0], display.states[3], atol=1e-6)
    assert display.states[3].shape[1] == (12 if bidirectional else 6)
    image = display.ax_.images[0]
    assert_array_equal(image.get_array(), display.states[3].T)
    assert image.norm.vmin == -image.norm.vmax


@pytest.mark.parametrize("cell", ["gru", "mingru"])
def test_states_are_causal_but_for_the_direction_from_the_end(cell):
    X = signals(10, 2)
    later = X.copy()
    later[:, 6:] += 1
    model = fitted(X, cell=cell, bidirectional=True)
    before, after = (HiddenStateDisplay.from_estimator(model, x).states for x in (X, later))
    assert_allclose(before[:, :6, :6], after[:, :6, :6], atol=1e-6)
    assert not np.allclose(before[:, 0, 6:], after[:, 0, 6:], atol=1e-5)


def test_the_estimator_is_left_as_it_was():
    X, y = signals(9, 2), np.arange(8) % 2
    model = fitted(X, y, dropout=0.5)
    for p in model.module_.parameters():
        p.grad = None
    before = {name: value.clone() for name, value in model.module_.state_dict().items()}
    flags = [module.training for module in model.module_.modules()]
    state = torch.get_rng_state()
    first = norms(model, X, y)
    HiddenStateDisplay.from_estimator(model, X)
    assert all(p.grad is None for p in model.module_.parameters())
    assert [module.training for module in model.module_.modules()] == flags
    assert all(torch.equal(value, before[k]) for k, value in model.module_.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert_array_equal(norms(model, X, y), first)  # no dropout


def test_several_estimators_in_one_picture():
    X, y = signals(9), np.arange(8) % 2
    recurrent = RecurrentClassifier(hidden_size=3, bidirectional=False, max_epochs=1)
    pipeline = make_pipeline(StandardScaler(), recurrent)
    search = GridSearchCV(pipeline, {"recurrentclassifier__cell": ["lstm"]}, cv=2).fit(X, y)
    ax = Figure().add_subplot()
    display = GradientNormDisplay.from_estimators({"mingru": fitted(X), "lstm": search}, X, y, ax)
    assert display.ax_ is ax
    lines = {line.get_label(): line for line in ax.lines}
    for name in ("mingru", "lstm"):
        assert_array_equal(lines[name].get_ydata(), display.norms[name])
        assert_array_equal(lines[name].get_xdata(), np.arange(-8, 1))
    assert list(GradientNormDisplay.from_estimator(search, X, y).norms) == ["RecurrentClassifier"]


def test_clear_errors():
    X, y = signals(9), np.arange(8) % 2
    model = fitted(X, y)
    with pytest.raises(ValueError, match=r"sample=8, but there are 8"):
        HiddenStateDisplay.from_estimator(model, X, sample=8)
    with pytest.raises(ValueError, match="bidirectional=True.*bidirectional=False"):
        norms(fitted(X, y, bidirectional=True), X, y)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        norms(model, X, y[:3])
    dense = MLPClassifier(max_epochs=1).fit(X, y)
    with pytest.raises(TypeError, match="ends in MLPClassifier"):
        HiddenStateDisplay.from_estimator(dense, X)
