"""A time limit ends a comparison after a whole repeat, and the result says so."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from conftest import IRIS
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import GaussianNB

from ibestimators import compare_biases

X, y = IRIS
TWO = {"dummy": DummyClassifier(), "normal": GaussianNB()}
SETTINGS = {"cv": 4, "n_repeats": 3, "random_state": 0}


class Slow(GaussianNB):
    def fit(self, X, y):
        time.sleep(0.05)
        return super().fit(X, y)


def test_the_first_repeat_is_complete_and_the_others_are_not_started():
    result = compare_biases(X, y, {**TWO, "slow": Slow()}, time_limit=1e-6, **SETTINGS)
    assert result.cells.groupby("estimator")["fold"].nunique().tolist() == [4, 4, 4]
    assert "after 1 of 3 repeats" in repr(result)
    assert "4 folds of 150 samples" in repr(result)
    assert "descriptive" in result.to_paper()
    assert "descriptive" in result._sections()[0].blocks[0].note


def test_it_is_the_comparison_of_as_many_repeats():
    short = compare_biases(X, y, TWO, time_limit=1e-6, **SETTINGS)
    planned = compare_biases(X, y, TWO, **{**SETTINGS, "n_repeats": 1})
    columns = ["estimator", "fold", "score", "n_train"]
    pd.testing.assert_frame_equal(short.cells[columns], planned.cells[columns])
    assert (short.predictions == planned.predictions).all(axis=None)
    assert short.fingerprint == planned.fingerprint


def test_a_generous_limit_changes_nothing():
    result = compare_biases(X, y, TWO, time_limit=1e6, **SETTINGS)
    assert result.cells["fold"].nunique() == 12
    assert result.design.n_planned is None
    assert "descriptive" not in repr(result)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"time_limit": 0}, "time_limit must be a positive number of seconds, got 0"),
        ({"time_limit": "1 h"}, "time_limit must be a positive number of seconds, got '1 h'"),
        ({"time_limit": 5, "n_repeats": 1}, "n_repeats=1. Give the most repeats"),
    ],
)
def test_limits_of_no_use_are_refused(options, match):
    with pytest.raises(ValueError, match=match):
        compare_biases(X, y, TWO, **{**SETTINGS, **options})
