"""Structures destroyed, and samples transformed: what moves, and what stays."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from ibestimators import structure_ablation
from ibestimators.perturbations import destroy_structure, transform_samples
from ibestimators.testing import _data as kinds

# --- destroy_structure: arrays, sequences, tokens


@given(array_shapes(min_dims=2, max_dims=5, max_side=5), st.integers(0, 2**31 - 1))
@settings(max_examples=40)
def test_positions_get_one_order_for_all_samples(shape, seed):
    X = np.arange(np.prod(shape)).reshape(shape)
    before = X.copy()
    destroyed = destroy_structure(X, "positions", seed)
    n_features = shape[-1] if len(shape) > 2 else 1
    rows, moved = X.reshape(shape[0], -1, n_features), destroyed.reshape(shape[0], -1, n_features)
    # numbers of X name their position, so the first sample tells the order
    order = moved[0, :, 0] // n_features
    assert sorted(order) == list(range(rows.shape[1]))
    np.testing.assert_array_equal(moved, rows[:, order])
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(destroy_structure(X, "auto", seed), destroyed)


def test_time_of_arrays_is_one_order_of_steps():
    X = kinds.array(6, 2)
    time, positions = (destroy_structure(X, structure, 0) for structure in ("time", "positions"))
    np.testing.assert_array_equal(time, positions)
    assert (time != X).any()


@given(array_shapes(min_dims=4, max_dims=5, max_side=5), st.integers(0, 2**31 - 1))
@settings(max_examples=40)
def test_time_moves_whole_frames_and_space_the_same_pixels_of_each(shape, seed):
    X = np.arange(np.prod(shape)).reshape(shape)
    n_samples, n_frames, n_features = shape[0], shape[1], shape[-1]
    frames = X.reshape(n_samples, n_frames, -1, n_features)  # pixels along one axis
    time, space = (
        destroy_structure(X, structure, seed).reshape(frames.shape)
        for structure in ("time", "space")
    )
    n_pixels = frames.shape[2]
    order = time[0, :, 0, 0] // (n_pixels * n_features)
    assert sorted(order) == list(range(n_frames))
    np.testing.assert_array_equal(time, frames[:, order])
    order = space[0, 0, :, 0] // n_features
    assert sorted(order) == list(range(n_pixels))
    np.testing.assert_array_equal(space, frames[:, :, order])


@pytest.mark.parametrize("kind", ["ragged", "tokens"])
@given(seed=st.integers(0, 2**31 - 1))
@settings(max_examples=10)
def test_steps_and_tokens_are_shuffled_sample_by_sample(kind, seed):
    X = kinds.KINDS[kind]()
    before = copy.deepcopy(X)
    destroyed = destroy_structure(X, random_state=seed)
    for old, new in zip(X, destroyed, strict=True):
        assert sorted(old.tolist()) == sorted(new.tolist())
        assert (old.shape, old.dtype) == (new.shape, new.dtype)
    assert any((old != new).any() for old, new in zip(X, destroyed, strict=True))
    again = destroy_structure(X, {"ragged": "time", "tokens": "tokens"}[kind], seed)
    for i in range(len(X)):
        np.testing.assert_array_equal(destroyed[i], again[i])
        np.testing.assert_array_equal(X[i], before[i])


def test_orders_of_samples_differ():
    X = [np.arange(50)] * 2
    first, second = destroy_structure(X, random_state=0)
    assert (first != second).any()


def test_columns_of_a_frame_take_their_names_along():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [0.5, 1.5], "d": [3, 4]})
    destroyed = destroy_structure(frame, random_state=0)
    assert list(destroyed.columns) != list(frame.columns)
    pd.testing.assert_frame_equal(destroyed[frame.columns], frame)


def test_without_a_seed_numpys_generator_stays():
    before = np.random.get_state()[1].tobytes()
    destroy_structure(kinds.array(5))
    assert np.random.get_state()[1].tobytes() == before


# --- transform_samples


@given(shape=array_shapes(min_dims=2, max_dims=5, max_side=4), seed=st.integers(0, 2**31 - 1))
@settings(max_examples=40)
def test_transforms_of_arrays_move_whole_positions(shape, seed):
    """All values of a sample stay, and the features of a position stay together."""
    X = np.arange(np.prod(shape)).reshape(shape)
    before = X.copy()
    n_features = shape[-1] if len(shape) > 2 else 1
    for transform in ("shift", "reflection", "permutation"):
        changed = transform_samples(X, transform, np.random.RandomState(seed))
        assert (changed.shape, changed.dtype) == (X.shape, X.dtype)
        for old, new in zip(X, changed, strict=True):
            rows = [x.reshape(-1, n_features).tolist() for x in (old, new)]
            assert sorted(rows[0]) == sorted(rows[1])
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("kind", ["ragged", "tokens"])
@given(seed=st.integers(0, 2**31 - 1))
@settings(max_examples=10)
def test_transforms_of_steps_keep_them(kind, seed):
    X = kinds.KINDS[kind]()
    before = copy.deepcopy(X)
    for transform in ("shift", "reflection", "permutation", "time_reversal"):
        changed = transform_samples(X, transform, np.random.RandomState(seed))
        for old, new in zip(X, changed, strict=True):
            assert (old.shape, old.dtype) == (new.shape, new.dtype)
            assert sorted(old.tolist()) == sorted(new.tolist())
    for old, new in zip(before, X, strict=True):
        np.testing.assert_array_equal(old, new)


def test_shifts_reflections_and_rotations_by_hand():
    random = np.random.RandomState(0)
    X = np.array([[1, 2]])
    assert transform_samples(X, "shift", random).tolist() == [[2, 1]]
    image = np.array([[[[1], [2]], [[3], [4]]]])
    assert transform_samples(image, "reflection", random)[..., 0].tolist() == [[[2, 1], [4, 3]]]
    assert transform_samples(image, "rotation", random)[..., 0].tolist() == [[[2, 4], [1, 3]]]
    assert transform_samples(X, "rescaling", random).tolist() == [[2, 4]]
    series = np.array([[[1, 2], [3, 4]]])
    assert transform_samples(series, "time_reversal", random).tolist() == [[[3, 4], [1, 2]]]


def test_sequences_of_frames_stay_frames():
    X = [pd.DataFrame(item, columns=["a", "b"]) for item in kinds.ragged(2)]
    for changed in (
        destroy_structure(X, random_state=0),
        transform_samples(X, "time_reversal", np.random.RandomState(0)),
    ):
        for old, new in zip(X, changed, strict=True):
            assert new.columns.equals(old.columns)
            assert sorted(new["a"]) == sorted(old["a"])


# --- errors


@pytest.mark.parametrize(
    ("kind", "structure", "remedy"),
    [
        ("table", "time", "positions"),
        ("table", "space", "positions"),
        ("series", "space", "time"),
        ("ragged", "positions", "time"),
        ("tokens", "time", "tokens"),
        ("networkx", "tokens", "edges"),
        ("series", "edges", "positions"),
    ],
)
def test_a_structure_that_is_not_there(kind, structure, remedy):
    X = kinds.KINDS[kind]()
    with pytest.raises(ValueError, match=f"structure='{structure}' does not apply to.*'{remedy}'"):
        destroy_structure(X, structure)
    with pytest.raises(ValueError, match="does not apply to"):
        structure_ablation(X, kinds.targets("classifier"), structure=structure)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="structure must be 'auto' or one of.*got 'order'"):
        destroy_structure(kinds.array(5), "order")
    with pytest.raises(ValueError, match=r"X has shape \(3,\), but \(n_samples, ...\)"):
        destroy_structure([1.0, 2.0, 3.0])
