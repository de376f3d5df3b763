"""Truths about the optimiser: it equals torch's, and leaves the network as it was."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from skorch.callbacks import Callback, Freezer, LRScheduler
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR, StepLR

from ibestimators import MLPClassifier, RecurrentClassifier
from ibestimators.training._optimizer import FlatAdamW


def two_groups(seed=0):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2), nn.LayerNorm(2)).double()
    decayed = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim == 1]
    return net, [
        {"params": decayed, "weight_decay": 0.3},
        {"params": others, "weight_decay": 0.0},
    ]


def train(net, optimizer, n_steps, frozen=()):
    generator = torch.Generator().manual_seed(1)
    for _ in range(n_steps):
        x = torch.randn(5, 3, generator=generator, dtype=torch.float64)
        net.zero_grad(set_to_none=True)
        (net(x) - 1).square().mean().backward()
        for weight in frozen:
            weight.grad = None
        optimizer.step()


@pytest.mark.parametrize("flattened", [True, False])
def test_equals_adamw_of_torch(flattened):
    (net, groups), (reference, same) = two_groups(), two_groups()
    ours, theirs = FlatAdamW(groups, 0.1), torch.optim.AdamW(same, 0.1)
    for n_steps in (3, 4):  # the moments stay from one training to the next
        if flattened:
            with ours.flattened():
                train(net, ours, n_steps)
        else:
            train(net, ours, n_steps)
        train(reference, theirs, n_steps)
    for weight, expected in zip(net.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(weight, expected)


def test_weights_without_a_gradient_do_not_change():
    (net, groups), (reference, same) = two_groups(), two_groups()
    ours, theirs = FlatAdamW(groups, 0.1), torch.optim.AdamW(same, 0.1)
    before = net[0].weight.detach().clone()
    with ours.flattened():
        train(net, ours, 5, frozen=[net[0].weight])
    train(reference, theirs, 5, frozen=[reference[0].weight])
    assert torch.equal(net[0].weight, before)
    for weight, expected in zip(net.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(weight, expected)


def test_a_state_can_be_restored():
    net, groups = two_groups()
    optimizer = FlatAdamW(groups, 0.1)
    train(net, optimizer, 3)
    weights = {name: value.clone() for name, value in net.state_dict().items()}
    state = pickle.loads(pickle.dumps(optimizer.state_dict()))
    train(net, optimizer, 4)
    expected = [weight.detach().clone() for weight in net.parameters()]
    net.load_state_dict(weights)
    optimizer.load_state_dict(state)
    train(net, optimizer, 4)
    for weight, value in zip(net.parameters(), expected, strict=True):
        torch.testing.assert_close(weight, value)


def test_weights_have_their_own_memory_after_training():
    X, y = np.random.default_rng(0).normal(size=(40, 5)), np.arange(40) % 2
    est = MLPClassifier(max_epochs=2, random_state=0).fit(X, y)
    for weight in est.module_.parameters():
        assert weight.untyped_storage().nbytes() == weight.numel() * weight.element_size()
    n_bytes = 4 * est.n_parameters_
    assert len(pickle.dumps(est)) < 5 * n_bytes  # weights and two moments


class Scaled(Callback):
    """A user's callback that replaces gradients."""

    def on_grad_computed(self, net, **_):
        for weight in net.module_.parameters():
            weight.grad = 0 * weight.grad


def fitted(callbacks, **params):
    X, y = np.random.default_rng(0).normal(size=(40, 5)), np.arange(40) % 2
    settings = {"max_epochs": 3, "random_state": 0} | params
    return MLPClassifier(callbacks=callbacks, **settings).fit(X, y)


def test_gradients_of_a_callback_count():
    first, second = (fitted([Scaled()], weight_decay=0.0, max_epochs=n) for n in (3, 4))
    for a, b in zip(first.module_.parameters(), second.module_.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_freezing_weights_works():
    free, frozen = fitted([]), fitted([Freezer("readout.*layers.0.weight")])
    name = "readout.head.layers.0.weight"
    assert not torch.equal(free.module_.get_parameter(name), frozen.module_.get_parameter(name))
    assert not frozen.module_.get_parameter(name).requires_grad


@pytest.mark.parametrize(
    ("policy", "params"),
    [
        (OneCycleLR, {"max_lr": 0.01, "total_steps": 30, "step_every": "batch"}),
        (StepLR, {"step_size": 1}),
    ],
)
def test_schedulers_of_torch_work(policy, params):
    est = fitted([LRScheduler(policy, **params)])
    group = est.net_.optimizer_.param_groups[0]
    assert group["lr"] != group["initial_lr"]


def test_the_gradient_of_a_recurrence_is_clipped():
    X, y = np.random.default_rng(0).normal(size=(40, 5, 1)), np.arange(40) % 2
    norms = []

    class Watch(Callback):
        def on_grad_computed(self, net, **_):
            gradients = [weight.grad.flatten() for weight in net.module_.parameters()]
            norms.append(float(torch.cat(gradients).norm()))

    RecurrentClassifier(clip_grad_norm=1e-3, max_epochs=2, random_state=0, callbacks=[Watch()]).fit(
        X, y
    )
    assert_allclose(norms, 1e-3, rtol=1e-3)
