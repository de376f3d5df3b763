"""Truths about recurrence: the gate equations, and what the readout has seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ibestimators import RecurrentClassifier
from ibestimators.layers import Batch
from ibestimators.recurrence import CellEncoder, LinearEncoder

CELLS = ["rnn", "lstm", "gru", "mingru", "signed_mingru"]


def fitted_on(X, **params):
    y = np.arange(len(X)) % 2
    return RecurrentClassifier(
        **{"max_epochs": 2, "standardize": False, "dtype": "float64", "readout": "last", **params},
        random_state=0,
    ).fit(X, y)


def make_encoder(cell, bidirectional):
    options = {"bidirectional": bidirectional, "dropout": 0.3}
    if cell.endswith("mingru"):
        signed = cell == "signed_mingru"
        return LinearEncoder(2, 5, 2, **options, signed=signed).double().eval()
    return CellEncoder(cell, 2, 5, 2, **options).double().eval()


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def rnn_step(x, h, c, W, U, b, d):
    return np.tanh(x @ W.T + b + h @ U.T + d), c


def gru_step(x, h, c, W, U, b, d):
    """Cho et al. 2014: reset gate r, update gate z, candidate n."""
    wr, wz, wn = np.split(x @ W.T + b, 3, axis=1)
    ur, uz, un = np.split(h @ U.T + d, 3, axis=1)
    r, z = sigmoid(wr + ur), sigmoid(wz + uz)
    n = np.tanh(wn + r * un)
    return (1 - z) * n + z * h, c


def lstm_step(x, h, c, W, U, b, d):
    """Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000."""
    i, f, g, o = np.split(x @ W.T + b + h @ U.T + d, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@pytest.mark.parametrize(
    ("cell", "step"), [("rnn", rnn_step), ("gru", gru_step), ("lstm", lstm_step)]
)
def test_probabilities_equal_the_equations_in_numpy(cell, step):
    X = np.random.default_rng(0).normal(size=(10, 7, 3))
    fitted = fitted_on(X, cell=cell, hidden_size=5, n_layers=1, bidirectional=False)
    weights = {
        k: v.detach().numpy() for k, v in fitted.module_.encoder.recurrence.named_parameters()
    }
    W, U, b, d = (weights[f"{k}_l0"] for k in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    h = c = np.zeros((10, 5))
    for t in range(7):
        h, c = step(X[:, t], h, c, W, U, b, d)
    head = fitted.module_.readout.head.layers[0]
    scores = h @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    expected = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    np.testing.assert_allclose(fitted.predict_proba(X), expected, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_a_step_changes_no_state_before_it(cell):
    X = np.random.default_rng(0).normal(size=(6, 9, 2))
    module = fitted_on(X, cell=cell, bidirectional=False).module_.encoder
    changed = X.copy()
    changed[:, 5] += 1
    before, after = (
        module.hidden_states(*module.steps(Batch(torch.from_numpy(x)))) for x in (X, changed)
    )
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert (before[:, 5:] != after[:, 5:]).any()


@pytest.mark.parametrize(("cell", "largest"), [("mingru", 1), ("signed_mingru", 2)])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_features_of_a_linear_recurrence_equal_the_equations(cell, largest, bidirectional):
    encoder = make_encoder(cell, bidirectional)
    x = torch.randn(3, 7, 2, dtype=torch.float64)
    y = encoder.embed(x)
    for layer in encoder.layers:
        cell, normalized, states = layer.cell, layer.norm(y), []
        z, v = largest * cell.share(normalized).sigmoid(), cell.value(normalized)
        gate = torch.nn.functional.silu(cell.gate(normalized))
        for unit in range(cell.size):
            h = torch.zeros_like(y[:, 0, 0])
            backwards = unit >= cell.size - cell.n_backwards
            of_unit = [h] * 7
            for t in reversed(range(7)) if backwards else range(7):
                h = (1 - z[:, t, unit]) * h + z[:, t, unit] * v[:, t, unit]
                of_unit[t] = h
            states.append(torch.stack(of_unit, 1))
        y = y + layer.out(torch.stack(states, 2) * gate)
    torch.testing.assert_close(encoder.features(x, None), y)


@pytest.mark.parametrize("cell", CELLS)
def test_the_unrolled_recurrence_equals_the_features(cell):
    encoder = make_encoder(cell, bidirectional=False)
    x = torch.randn(3, 7, 2, dtype=torch.float64)
    steps = list(encoder.unrolled(x))
    torch.testing.assert_close(
        torch.stack([y for y, _ in steps], 1), encoder.features(x, None), atol=1e-12, rtol=0
    )
    if cell.endswith("mingru"):  # the state of each layer
        last = torch.stack([states[-1] for _, states in steps], 1)
        torch.testing.assert_close(last, encoder.hidden_states(x), atol=1e-12, rtol=0)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_padded_features_equal_those_of_each_sample_alone(cell, bidirectional):
    encoder = make_encoder(cell, bidirectional)
    lengths = torch.tensor([4, 1, 9, 6])
    rows = torch.randn(20, 2, dtype=torch.float64)
    padded = encoder(Batch(rows, lengths))
    states = encoder.hidden_states(*encoder.steps(Batch(rows, lengths)))
    for i, own in enumerate(rows.split(lengths.tolist())):
        alone = encoder(Batch(own.unsqueeze(0))).features
        n = len(own)
        torch.testing.assert_close(padded.features[i, :n], alone[0], atol=1e-12, rtol=0)
        own_states = encoder.hidden_states(own.unsqueeze(0))
        torch.testing.assert_close(states[i, :n], own_states[0], atol=1e-12, rtol=0)
    assert padded.mask.sum(1).tolist() == lengths.tolist()


@pytest.mark.parametrize("readout", ["last", "mean", "max", "last+max"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["gru", "mingru"])
def test_a_padded_batch_equals_each_sample_alone(cell, bidirectional, readout):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in (4, 1, 9, 6)]
    fitted = fitted_on(
        X, cell=cell, bidirectional=bidirectional, readout=readout, hidden_size=4, max_epochs=1
    )
    alone = np.concatenate([fitted.predict_proba([x]) for x in X])
    np.testing.assert_allclose(fitted.predict_proba(X), alone, atol=1e-12)


def test_readouts_that_do_not_exist_are_refused():
    X, y = np.zeros((4, 3)), [0, 1, 0, 1]
    message = r"'readout' parameter of RecurrentClassifier.*'last\+max'.*Got 'max\+last'"
    with pytest.raises(ValueError, match=message):
        RecurrentClassifier(readout="max+last").fit(X, y)
    ragged = [np.zeros((n, 1)) for n in (1, 2, 3, 4)]
    with pytest.raises(ValueError, match="readout='flatten' requires samples of one length"):
        RecurrentClassifier(readout="flatten").fit(ragged, y)


@pytest.mark.parametrize("cell", ["gru", "mingru"])
@pytest.mark.parametrize("position", [0, 8])
def test_the_last_readout_of_two_directions_has_seen_both_ends(position, cell):
    X = np.random.default_rng(0).normal(size=(6, 9, 2))
    fitted = fitted_on(X, bidirectional=True, cell=cell)
    changed = X.copy()
    changed[:, position] += 1
    assert (np.abs(fitted.predict_proba(X) - fitted.predict_proba(changed)) > 1e-9).all()


@pytest.mark.parametrize("shape", [(12,), (12, 2), (6, 5, 2)])
@pytest.mark.parametrize("readout", ["last", "mean", "max", "last+max", "flatten"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_reads_features_sequences_and_rows_of_images(shape, readout, bidirectional):
    X = np.random.default_rng(0).normal(size=(12, *shape))
    fitted = fitted_on(X, readout=readout, bidirectional=bidirectional, n_layers=2)
    assert fitted.predict_proba(X).shape == (12, 2)


def test_gradients_are_clipped_to_the_norm():
    import torch
    from skorch.callbacks import Callback

    norms = []

    class Watch(Callback):
        def on_batch_end(self, net, training=False, **_):
            gradients = [p.grad.flatten() for p in net.module_.parameters()]
            norms.append(float(torch.cat(gradients).norm()))

        def __deepcopy__(self, memo):
            return self

    X = np.random.default_rng(0).normal(size=(20, 30)) * 5
    fitted_on(X, clip_grad_norm=0.01, callbacks=[Watch()])
    assert norms
    assert max(norms) <= 0.01 * 1.001
