"""Symmetries are found in data that have them, and not in others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.neighbors import KNeighborsClassifier

from ibestimators import Pair, find_symmetries
from ibestimators.multiple_testing import holm
from ibestimators.symmetries._significance import ranked

SERIES, IMAGE, CHANNELS = (16, 1), (6, 6, 1), (8, 4)
CHANGES = {
    "reversal": (SERIES, lambda x, random: x[:: random.choice([-1, 1])]),
    "cyclic shifts": (SERIES, lambda x, random: np.roll(x, random.integers(16), 0)),
    "change of sign": (SERIES, lambda x, random: x * random.choice([-1, 1])),
    "any order of features": (CHANNELS, lambda x, random: x[:, random.permutation(4)]),
    "mirror images": (IMAGE, lambda x, random: x[:, :: random.choice([-1, 1])]),
    "upside down": (IMAGE, lambda x, random: x[:: random.choice([-1, 1])]),
    "transposed images": (
        IMAGE,
        lambda x, random: x.swapaxes(0, 1) if random.choice([0, 1]) else x,
    ),
    "turns by 90°": (IMAGE, lambda x, random: np.rot90(x, random.integers(4))),
}
IMPLIED = {"cyclic shifts": ["shifts up to 1 step", "shifts up to 2 steps"]}
ALWAYS = {"factors 0.7 to 1.4", "offsets"}  # a louder or lifted pattern is the same pattern


def prototypes(name, n_samples=200):
    """Two patterns of white noise, of which each sample is a changed one with noise."""
    shape, change = CHANGES[name]
    random = np.random.default_rng(5)
    patterns = random.normal(size=(2, *shape))
    y = np.arange(n_samples) % 2
    X = np.stack([change(patterns[label], random) for label in y])
    return X + 0.6 * random.normal(size=X.shape), y


@pytest.mark.parametrize("name", CHANGES)
def test_the_only_symmetry_is_found(name):
    X, y = prototypes(name)
    frame = find_symmetries(X, y, random_state=0).to_frame()
    supported = set(frame.index[frame["status"] == "supported"])
    assert name in supported
    assert supported <= ALWAYS | {name, *IMPLIED.get(name, [])}


def test_the_order_matters_where_neighbours_say_something():
    X, y = prototypes("cyclic shifts")
    result = find_symmetries(X, y, random_state=0)
    assert result.has_order
    assert "convolution" in result.verdict()
    shuffled = X[:, np.random.default_rng(0).permutation(16)]
    result = find_symmetries(shuffled, y, random_state=0)
    assert not result.has_order
    assert "The order of the positions shows no effect" in result.verdict()


def test_answers_without_a_reason_have_no_symmetry():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(60, 20)).cumsum(1), random.integers(0, 3, 60)
    result = find_symmetries(X, y, random_state=0)
    assert not result.has_order
    assert (result.to_frame()["status"] != "supported").all()


def test_numbers_of_a_set_do_not_mind_any_order():
    X = np.random.default_rng(0).normal(size=(150, 8))
    result = find_symmetries(X, X.max(1), random_state=0)
    frame = result.to_frame()
    assert frame.loc["any order of positions", "status"] == "supported"
    assert frame.loc["change of sign", "status"] == "contradicted"
    assert not result.has_order


def test_the_fitted_estimator_stands_beside_the_data():
    X, y = prototypes("change of sign", 60)
    flat = X[..., 0]
    fitted = KNeighborsClassifier(1).fit(np.vstack([flat, 2 * flat.mean(0) - flat]), [*y, *y])
    frame = find_symmetries(flat, y, estimator=fitted, random_state=0).to_frame()
    assert frame.loc["change of sign", "estimator"] == 0
    assert frame.loc["cyclic shifts", "estimator"] > 0.3
    assert "estimator" not in find_symmetries(flat, y, random_state=0).to_frame()


def test_results_depend_on_the_seed_and_data_alone():
    X, y = prototypes("reversal", 60)
    first = find_symmetries(X, y, random_state=1).to_frame()
    scaled = pd.DataFrame(X[..., 0] * 4 + 3)
    state = np.random.get_state()[1].copy()
    pd.testing.assert_frame_equal(first, find_symmetries(X, y, random_state=1).to_frame())
    assert (np.random.get_state()[1] == state).all()
    names = np.array(["no", "yes"])[y]
    renamed = find_symmetries(X * 4 + 3, names, random_state=1).to_frame()
    pd.testing.assert_frame_equal(first, renamed, atol=1e-3, rtol=1e-3)
    assert len(find_symmetries(scaled, y, random_state=1).to_frame()) == len(first)


def test_p_values_of_ranks_andholm():
    scrambled = np.random.default_rng(0).normal(size=(2, 19))
    assert ranked(np.array([9.0, 9.0]), scrambled) == pytest.approx([0.05, 0.05])
    assert (ranked(scrambled.min(1) - 1, scrambled) == 1).all()
    assert holm(np.array([0.04, 0.01, 0.03])) == pytest.approx([0.06, 0.03, 0.06])


SERIES_X, LABELS = np.random.default_rng(0).normal(size=(30, 6)), np.arange(30) % 2
WITH_NAN = SERIES_X.copy()
WITH_NAN[3, 2] = np.nan
BAD = {
    "pairs": ([Pair(np.ones((2, 1)), np.ones((3, 1)))] * 30, LABELS, "each of the two inputs"),
    "text": (["a b"] * 30, LABELS, "TextTokenizer"),
    "missing values": (WITH_NAN, LABELS, "X contains NaN"),
    "columns of text": (pd.DataFrame({"a": ["x"] * 30, "b": LABELS}), LABELS, "non-numeric"),
    "one column": (SERIES_X[:, :1], LABELS, "nothing to move"),
    "one step": (SERIES_X[:, np.newaxis], LABELS, "nothing to move"),
    "few samples": (SERIES_X[:10], LABELS[:10], "at least 20"),
    "other lengths": (SERIES_X, LABELS[:-1], "X has 30 samples, but y has 29"),
    "no y": (SERIES_X, None, "y is None"),
    "missing y": (SERIES_X, np.where(LABELS, np.nan, 1.0), "y contains NaN"),
    "constant y": (SERIES_X, np.ones(30), "one value only"),
}


@pytest.mark.parametrize("case", BAD)
def test_errors_say_what_is_wrong(case):
    X, y, message = BAD[case]
    with pytest.raises((TypeError, ValueError), match=message):
        find_symmetries(X, y)


def test_errors_name_the_parameter():
    with pytest.raises(ValueError, match="n_scrambles must be an int of at least 19, got 5"):
        find_symmetries(SERIES_X, LABELS, n_scrambles=5)
    with pytest.raises(ValueError, match="max_samples must be an int of at least 20"):
        find_symmetries(SERIES_X, LABELS, max_samples=10)
    with pytest.raises(NotFittedError):
        find_symmetries(SERIES_X, LABELS, estimator=KNeighborsClassifier())
