"""Truths about the embedding of tokens in a network."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import ibestimators

# Two texts with all words of a vocabulary that is too large for symbols.
TEXTS = [np.arange(7, 300), np.array([9, 9]), np.arange(300, 7, -1), np.array([8])]


def fitted_on_tokens(name, **params):
    model = getattr(ibestimators, f"{name}Classifier")(
        max_epochs=2, dtype="float64", random_state=0, **params
    )
    return model.fit(TEXTS, [0, 1, 0, 1])


@pytest.mark.parametrize("name", ["MLP", "Conv", "Recurrent", "Graph", "Attention"])
def test_an_unseen_token_is_zero_and_nothing_is_dropped_in_predictions(name):
    fitted = fitted_on_tokens(name)
    network = fitted.module_
    embedded = network.embed(torch.arange(4))
    assert embedded[0].abs().max() == 0
    assert embedded[1:].abs().amax(1).min() > 0
    assert network.embedding_dropout == 0.5
    proba = fitted.predict_proba(TEXTS)
    np.testing.assert_array_equal(proba, fitted.predict_proba(TEXTS))
    network.embedding_dropout = 0.99
    np.testing.assert_array_equal(proba, fitted.predict_proba(TEXTS))


def test_embeddings_are_dropped_in_training():
    network = fitted_on_tokens("MLP").module_
    x, lengths = torch.tensor([1, 2, 3]), torch.tensor([3])
    network.train()
    torch.manual_seed(0)
    outputs = torch.stack([network(x, lengths)[0] for _ in range(8)])
    assert outputs.std(0).min() > 0
    network.eval()
    torch.testing.assert_close(network(x, lengths), network(x, lengths))


def test_a_dropout_of_zero_drops_no_embedding():
    network = fitted_on_tokens("MLP", dropout=0.0).module_.train()
    x, lengths = torch.tensor([1, 2, 3]), torch.tensor([3])
    assert network.embedding_dropout == 0
    torch.testing.assert_close(network(x, lengths), network(x, lengths))


def test_symbols_are_not_dropped():
    symbols = [text % 8 for text in TEXTS]
    model = ibestimators.MLPClassifier(max_epochs=2, random_state=0).fit(symbols, [0, 1, 0, 1])
    assert model.module_.embedding_dropout == 0
