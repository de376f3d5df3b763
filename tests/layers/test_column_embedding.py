"""Truths about the embedding of columns: one column alone, outliers, linear maps."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ibestimators.layers import ColumnEmbedding

KINDS = pytest.mark.parametrize("periodic", [False, True])


def embedding_of_one_column(values, periodic=False):
    torch.manual_seed(0)
    embedding = ColumnEmbedding(1, 3, periodic)
    return embedding, embedding(torch.tensor(values).reshape(-1, 1, 1))[:, 0]


@given(column=st.integers(0, 3), periodic=st.booleans())
def test_an_embedding_depends_on_its_own_column_alone(column, periodic):
    embedding = ColumnEmbedding(4, 5, periodic).double()
    x = torch.randn(6, 4, 1, dtype=torch.float64)
    other = x.clone()
    other[:, column] += 1
    differs = (embedding(x) != embedding(other)).any(2).any(0)
    assert differs.tolist() == [i == column for i in range(4)]
    assert embedding(x).shape == (6, 4, 5)


@KINDS
def test_columns_have_maps_of_their_own(periodic):
    y = ColumnEmbedding(2, 5, periodic)(torch.ones(1, 2, 1))
    assert (y[0, 0] - y[0, 1]).abs().max() > 1e-3


@KINDS
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_far_outliers_have_the_embedding_of_the_limit(periodic, sign):
    far = [sign * 10.0**power for power in (4, 8, 16, 20, 30, 38)]
    _, y = embedding_of_one_column(far, periodic)
    assert y.isfinite().all()
    torch.testing.assert_close(y, y[:1].expand_as(y), atol=1e-3, rtol=0)


def test_compression_is_monotone_and_near_the_identity():
    values = torch.linspace(-40, 40, 801)
    embedding, y = embedding_of_one_column(values.tolist())
    compressed = (y[:, 0] - embedding.bias[0, 0]) / embedding.weight[0, 0, 0]
    assert (compressed.diff() > 0).all()
    assert compressed.abs().max() < 3
    near = values.abs() < 0.5
    torch.testing.assert_close(compressed[near], values[near], atol=0.01, rtol=0)


def test_without_frequencies_the_map_is_linear():
    embedding = ColumnEmbedding(3, 5, periodic=False).double()
    x = torch.randn(20, 3, 1, dtype=torch.float64) * 4
    compressed = x / (1 + (x / 3).square()).sqrt()
    expected = compressed * embedding.weight[:, 0] + embedding.bias
    torch.testing.assert_close(embedding(x), expected)
    assert embedding.frequency.numel() == embedding.phase.numel() == 0


def test_with_frequencies_it_is_the_formula():
    embedding = ColumnEmbedding(1, 2, periodic=True).double()
    x = torch.tensor(0.7, dtype=torch.float64)
    c = x / (1 + (x / 3) ** 2).sqrt()
    waves = torch.cos(2 * torch.pi * embedding.frequency[0] * c + embedding.phase[0])
    expected = torch.cat([c.reshape(1), waves]) @ embedding.weight[0] + embedding.bias[0]
    torch.testing.assert_close(embedding(x.reshape(1, 1, 1))[0, 0], expected)
