"""With times, all functions that compare train on the past and test on the future."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, TimeSeriesSplit

from ibestimators import (
    MLPRegressor,
    compare_biases,
    compare_learning_curves,
    compare_parameter_scaling,
    race_biases,
    structure_ablation,
)
from ibestimators.folds import splits_in_time
from ibestimators.forecasting import windows

TIMES = np.random.default_rng(0).permutation(80)
X = np.stack([TIMES, np.random.default_rng(1).normal(size=80)], axis=1).astype(float)
y = X[:, 1]
SEEN: list[tuple[float, float]] = []


class Recording(RegressorMixin, BaseEstimator):
    """Records the latest time that it was trained on and the earliest that it predicts."""

    def fit(self, X, y):
        self.latest_ = X.max()
        self.seen_ = set(X.ravel())
        return self

    def predict(self, X):
        if not set(X.ravel()) <= self.seen_:  # not for the training score
            SEEN.append((self.latest_, X[:, X.max(axis=0) > 5].min()))
        return np.zeros(len(X))


class Network(MLPRegressor):
    """The same, of this package: scaling needs networks."""

    def predict(self, X):
        if not set(X.ravel()) <= self._seen:
            SEEN.append((float(self._fit_latest), float(X[:, 0].min())))
        return super().predict(X)

    def fit(self, X, y):
        self._fit_latest, self._seen = X[:, 0].max(), set(X.ravel())
        return super().fit(X, y)


@pytest.mark.parametrize(
    ("compare", "own"),
    [
        (compare_biases, {}),
        (compare_learning_curves, {"train_sizes": [5, 10]}),
        (structure_ablation, {"structure": "positions"}),
        (race_biases, {"factor": 2, "min_samples": 40}),
        (compare_parameter_scaling, {"n_parameters": [500, 1000]}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_no_function_trains_on_the_future(compare, own):
    SEEN.clear()
    networks = compare is compare_parameter_scaling
    est = Network(max_epochs=1) if networks else Recording()
    compare(X, y, {"a": est}, time=TIMES, cv=3, random_state=0, scoring="r2", **own)
    assert len(SEEN) >= 3
    assert all(latest < earliest for latest, earliest in SEEN)


@given(
    n_times=st.integers(12, 40),
    n_series=st.integers(1, 3),
    length=st.integers(0, 3),
    cv=st.integers(2, 4),
    seed=st.integers(0, 99),
)
@settings(max_examples=40)
def test_the_folds_in_time(n_times, n_series, length, cv, seed):
    """Test parts are blocks, equal times stay together, and nothing overlaps."""
    first = np.random.default_rng(seed).permutation(np.repeat(np.arange(n_times), n_series))
    time = np.stack([first, first + length], axis=1)
    blocks = [set(later) for _, later in TimeSeriesSplit(cv).split(np.arange(n_times))]
    if length >= min(blocks[0]):
        with pytest.raises(ValueError, match="No sample ends before"):
            splits_in_time(cv, time, len(time))
        return
    splits = splits_in_time(cv, time, len(time))
    assert [set(first[test]) for _, test in splits] == blocks
    for train, test in splits:
        past = time[:, 1] < first[test].min()
        np.testing.assert_array_equal(train, np.flatnonzero(past))
        assert len(test) == n_series * len(set(first[test]))


def test_windows_share_no_value_that_is_forecast():
    series = np.arange(60.0)
    X, y, time, _ = windows(series, 5, 4, subtract_last=False)
    for train, test in splits_in_time(5, time, len(y)):
        assert max(X[train].max(), y[train].max()) < y[test].min()
        # As many as possible: the next window would have a value that is forecast.
        assert y[train].max() == y[test].min() - 1


def test_dates_are_times():
    days = pd.date_range("2020-01-01", periods=80)[TIMES]
    expected = splits_in_time(4, TIMES, 80)
    for dates in (days, pd.Series(days), days.to_numpy(), list(days), days.tz_localize("UTC")):
        for found, split in zip(splits_in_time(4, dates, 80), expected, strict=True):
            np.testing.assert_array_equal(np.concatenate(found), np.concatenate(split))


def test_a_splitter_splits_the_times():
    splits = splits_in_time(TimeSeriesSplit(3, test_size=5), np.repeat(TIMES, 2), 160)
    assert [len(test) for _, test in splits] == [10, 10, 10]
    assert sorted(TIMES[splits[-1][1] // 2]) == sorted([75, 76, 77, 78, 79] * 2)


HALF = np.arange(80) // 40
BAD = {
    "another length": (TIMES[:79], {}, r"time must be numbers or dates, of shape \(80,\)"),
    "text": (np.array(["a"] * 80), {}, "time must be numbers or dates.*dtype <U1"),
    "text as objects": (np.array(["a"] * 80, object), {}, "time must be numbers.*dtype object"),
    "three columns": (np.zeros((80, 3)), {}, r"got shape \(80, 3\)"),
    "missing": (np.where(TIMES == 5, np.nan, TIMES), {}, "time has no value for sample"),
    "ends before it begins": (
        np.stack([TIMES, TIMES - (TIMES == 7)], axis=1),
        {},
        "ends at 6, before 7",
    ),
    "too few times": (HALF, {}, "cv=5 needs at least 6 different times, but time has 2"),
    "samples that overlap": (
        np.stack([TIMES, TIMES + 30], axis=1),
        {},
        "No sample ends before the test samples of fold 0 begin",
    ),
    "nothing before": (TIMES, {"cv": KFold(4)}, "No sample ends before .* fold 0"),
    "ready-made splits": (TIMES, {"cv": [(HALF, HALF)]}, "cv must be an int or a splitter"),
    "groups": (TIMES, {"groups": HALF}, "time decides the folds, so that groups has no use"),
    "repeats": (TIMES, {"n_repeats": 2}, "so that n_repeats=2 has no use"),
    "search": (TIMES, {"search": "random"}, "searches with TimeSeriesSplit"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_times_name_themselves(case):
    time, options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        compare_biases(X, y, {"a": LinearRegression()}, time=time, **options)
