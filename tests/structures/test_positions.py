"""Positions of samples, and values at them as rows."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from ibestimators.structures import (
    GraphStructure,
    Positions,
    is_flat,
    is_labelled,
    parse,
    rows_of,
    structure_of,
    weights_of_rows,
)


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=6),
    st.sampled_from([(), (3,)]),
    st.booleans(),
)
def test_unpacking_reverses_packing(lengths, of_each, equal):
    rng = np.random.default_rng(0)
    axes = (2, lengths[0]) if equal else None
    n = [2 * lengths[0]] * len(lengths) if equal else lengths
    positions = Positions(np.array(n), axes)
    values = [rng.normal(size=(*positions.shape_of(i), *of_each)) for i in range(len(n))]
    rows = positions.pack(np.stack(values) if equal else values, "y")
    assert rows.shape == (sum(n), *of_each)
    back = positions.unpack(rows)
    assert isinstance(back, np.ndarray) == equal
    for given_values, found in zip(values, back, strict=True):
        assert_array_equal(found, given_values)
    assert_array_equal(positions.sample, np.repeat(np.arange(len(n)), n))


def test_the_positions_of_each_kind():
    arrays = structure_of(np.zeros((4, 3)))
    assert arrays.positions(np.zeros((4, 3))).axes == (3,)
    assert arrays.positions(np.zeros((4, 3, 2, 1))).axes == (3, 2)
    sequences = [np.zeros((2, 1)), np.zeros((5, 1))]
    assert structure_of(sequences).positions(sequences).lengths.tolist() == [2, 5]
    graphs = [nx.path_graph(3), nx.empty_graph(0)]
    of_graphs = GraphStructure.positions(parse(graphs, None, None))
    assert of_graphs.lengths.tolist() == [3, 0]
    with pytest.raises(ValueError, match="sample 1 of X has no position"):
        of_graphs.refuse_empty()


def test_what_fits_beyond_doubt():
    ragged = Positions(np.array([2, 3]), None)
    assert ragged.fits([[1, 2], [1, 2, 3]])
    assert ragged.fits(pd.Series([np.zeros(2), np.zeros(3)]))
    assert not ragged.fits([[1, 2], [1, 2]])
    assert not ragged.fits([1, 2])
    assert not ragged.fits(["ab", "cde"])
    image = Positions(np.array([6, 6]), (2, 3))
    assert image.fits(np.zeros((2, 2, 3)))
    assert not image.fits(np.zeros((2, 6)))
    # Several labels of a sample may be as many as its positions.
    assert not Positions(np.array([3, 3]), (3,)).fits(np.zeros((2, 3)))
    assert not Positions(np.array([3, 3]), None).fits([np.zeros(3), np.zeros(3)])


def test_what_is_missing():
    for rows in ([0, -1, 1], [0, np.nan, 1], np.array(["a", None, "b"], dtype=object)):
        assert is_labelled(np.asarray(rows), has_classes=True).tolist() == [True, False, True]
    assert is_labelled(np.array([0.0, -1.0]), has_classes=False).all()
    assert is_labelled(np.array(["-1", "b"]), has_classes=True).all()
    vectors = np.array([[0, 1], [-1, -1], [1, 1]])
    assert is_labelled(vectors, has_classes=True).tolist() == [True, False, True]
    mixed = np.array([1, None, 2], dtype=object)
    assert rows_of(mixed, np.array([True, False, True])).dtype.kind == "i"


def test_weights_of_samples_and_of_positions():
    positions = Positions(np.array([2, 1]), None)
    assert weights_of_rows([3.0, 4.0], positions).tolist() == [3, 3, 4]
    assert weights_of_rows([[3.0, 5.0], [4.0]], positions).tolist() == [3, 5, 4]


def test_one_value_a_sample_is_flat():
    for y in ([1, 2], ["ab", "c"], np.zeros(2), pd.Series(["a", "b"])):
        assert is_flat(y)
    for y in ([[1], [2]], np.zeros((2, 1)), [np.zeros(1), np.zeros(3)], pd.DataFrame([[1]])):
        assert not is_flat(y)
