"""Truths about pooling: several ways, padding, packed and padded features."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ibestimators.layers import DenseLayers, Packed, Padded, Readout

SETS = ("mean", "sum", "max")
LENGTHS = torch.tensor([3, 1, 5])


def pool(encoded, how):
    return Readout(how, DenseLayers(1, (), 1, activation="relu")).pool(encoded)


def padded_features(padding=0.0):
    mask = torch.arange(5) < LENGTHS.unsqueeze(1)
    torch.manual_seed(0)
    x = torch.randn(3, 5, 4, dtype=torch.float64)
    return Padded(x.masked_fill(~mask.unsqueeze(2), padding), mask)


@given(
    how=st.lists(
        st.sampled_from([*SETS, "first", "last", "ends", "flatten"]), min_size=1, max_size=4
    ).map(tuple),
    masked=st.booleans(),
)
def test_several_ways_equal_the_concatenation_of_each(how, masked):
    encoded = padded_features() if masked else Padded(padded_features().features)
    expected = torch.cat([pool(encoded, each) for each in how], 1)
    torch.testing.assert_close(pool(encoded, how), expected)


@given(how=st.lists(st.sampled_from(SETS), min_size=1, max_size=3).map(tuple))
def test_packed_features_give_what_padded_ones_give(how):
    padded = padded_features()
    sample = torch.arange(3).repeat_interleave(LENGTHS)
    packed = Packed(padded.features[padded.mask], sample, 3)
    torch.testing.assert_close(pool(packed, how), pool(padded, how))
    torch.testing.assert_close(
        pool(packed, how), torch.cat([pool(packed, (each,)) for each in how], 1)
    )


@pytest.mark.parametrize("how", [*SETS, "first", "last", "ends"])
def test_padding_is_not_pooled(how):
    for padding in (1e6, -1e6):
        torch.testing.assert_close(
            pool(padded_features(padding), how), pool(padded_features(), how)
        )


def test_the_ends_are_the_last_of_one_half_and_the_first_of_the_other():
    x, _ = padded_features()
    expected = torch.stack(
        [torch.cat([x[i, n - 1, :2], x[i, 0, 2:]]) for i, n in enumerate(LENGTHS)]
    )
    torch.testing.assert_close(pool(padded_features(), "ends"), expected)
