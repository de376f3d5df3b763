"""Truths about recurrence: the gate equations, and what the readout has seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ibestimators import RecurrentClassifier
from ibestimators.layers import Batch


def fitted_on(X, **params):
    y = np.arange(len(X)) % 2
    return RecurrentClassifier(
        **{"max_epochs": 2, "standardize": False, "dtype": "float64", "readout": "last", **params},
        random_state=0,
    ).fit(X, y)


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
    fitted = fitted_on(X, cell=cell, hidden_size=5)
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


def test_a_step_changes_no_state_before_it():
    X = np.random.default_rng(0).normal(size=(6, 9, 2))
    module = fitted_on(X).module_.encoder
    changed = X.copy()
    changed[:, 5] += 1
    before, after = (
        module.hidden_states(*module.steps(Batch(torch.from_numpy(x)))) for x in (X, changed)
    )
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert (before[:, 5:] != after[:, 5:]).any()


@pytest.mark.parametrize("position", [0, 8])
def test_the_last_readout_of_two_directions_has_seen_both_ends(position):
    X = np.random.default_rng(0).normal(size=(6, 9, 2))
    fitted = fitted_on(X, bidirectional=True)
    changed = X.copy()
    changed[:, position] += 1
    assert (np.abs(fitted.predict_proba(X) - fitted.predict_proba(changed)) > 1e-9).all()


@pytest.mark.parametrize("shape", [(12,), (12, 2), (6, 5, 2)])
@pytest.mark.parametrize("readout", ["last", "mean", "max", "flatten"])
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
