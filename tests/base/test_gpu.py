"""Truths about a GPU; skipped on a machine without one."""

from __future__ import annotations

import copy
import gc
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ESTIMATORS

import ibestimators
from ibestimators.layers import linear_recurrence
from ibestimators.testing._data import KINDS, flat, outputs

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


@pytest.fixture(autouse=True)
def all_digits(monkeypatch):
    """Convolutions are as accurate as on a processor."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def fitted(name: str, kind: str, **params: Any) -> tuple[Any, Any]:
    X = KINDS[kind]()
    y = np.arange(len(X)) % 2
    settings: dict[str, Any] = {"max_epochs": 3, "random_state": 0, "device": "cuda"}
    return getattr(ibestimators, name)(**settings | params).fit(X, y), X


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_file_predicts_the_same_on_the_processor(name, kind, tmp_path):
    estimator, X = fitted(name, kind)
    assert next(estimator.module_.parameters()).is_cuda
    estimator.save(tmp_path / "model")
    there = ibestimators.load(tmp_path / "model", device="cpu")
    here, on_gpu = (flat(outputs(each, X)) for each in (there, estimator))
    np.testing.assert_allclose(here, on_gpu, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["MLP", "Conv", "Attention"])
def test_first_steps_are_those_of_the_processor(name):
    losses = [
        fitted(f"{name}Regressor", "table", dropout=0.0, device=device)[0].loss_curve_
        for device in ("cuda", "cpu")
    ]
    np.testing.assert_allclose(*losses, rtol=1e-2)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_copy_of_a_recurrence_predicts_the_same(cell):
    """Weights of a copy that cuDNN does not find together would cause a warning, an error here."""
    estimator, X = fitted("RecurrentClassifier", "series", cell=cell, n_layers=2)
    for again in (copy.deepcopy(estimator), pickle.loads(pickle.dumps(estimator))):
        here, there = (each.predict_proba(X) for each in (estimator, again))
        np.testing.assert_allclose(here, there, rtol=1e-3, atol=1e-4)


def test_a_fit_leaves_the_generators_alone():
    before = torch.get_rng_state(), torch.cuda.get_rng_state()
    fitted("MLPClassifier", "table")
    for kept, now in zip(before, (torch.get_rng_state(), torch.cuda.get_rng_state()), strict=True):
        torch.testing.assert_close(now, kept, rtol=0, atol=0)


@pytest.mark.parametrize("n_backwards", [0, 8])
def test_a_linear_recurrence_is_that_of_the_processor(n_backwards):
    generator = torch.Generator().manual_seed(0)
    given = [torch.rand(1_000, 4, 16, generator=generator) for _ in ("share", "values")]
    results = []
    for device in ("cuda", "cpu"):
        inputs = [each.to(device).requires_grad_() for each in given]
        states = linear_recurrence(*inputs, n_backwards)
        gradients = torch.autograd.grad(states.square().sum(), inputs)
        results.append([each.detach().cpu() for each in (states, *gradients)])
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-4)


def test_a_batch_that_does_not_fit_into_the_memory_is_halved():
    X = np.random.default_rng(0).normal(size=(256, 64, 64, 3))
    y = np.arange(256) % 2
    estimator = ibestimators.ConvClassifier(
        n_filters=(256, 256), batch_size=256, max_epochs=1, device="cuda", random_state=0
    )
    total = torch.cuda.get_device_properties(0).total_memory
    try:
        torch.cuda.set_per_process_memory_fraction(2**31 / total)
        with pytest.warns(RuntimeWarning, match="memory of 'cuda' was full"):
            estimator.fit(X, y)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert np.isfinite(estimator.loss_curve_).all()
    assert estimator.predict(X).shape == y.shape


def test_memory_is_free_when_an_estimator_is_gone():
    fitted("ConvClassifier", "images")
    gc.collect()
    before = torch.cuda.memory_allocated()
    for _ in range(3):
        fitted("ConvClassifier", "images")
    gc.collect()
    assert torch.cuda.memory_allocated() <= before
