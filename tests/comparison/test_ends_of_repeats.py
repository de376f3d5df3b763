"""What ends a comparison after a whole repeat: a time limit, or that all is decided."""

from __future__ import annotations

import time
from dataclasses import replace

import pandas as pd
import pytest
from conftest import IRIS
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import GaussianNB

from ibestimators import compare_biases
from ibestimators.comparison._statistics import resampled_interval

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
    assert "after 1 of at most 3 repeats" in repr(result)
    assert "4 folds of 150 samples" in repr(result)
    assert "a look at them after each of the 3" in result.to_paper()
    assert "a look at them after each of the 3" in result._sections()[0].blocks[0].note


def test_it_is_the_comparison_of_as_many_repeats():
    short = compare_biases(X, y, TWO, time_limit=1e-6, **SETTINGS)
    planned = compare_biases(X, y, TWO, **{**SETTINGS, "n_repeats": 1})
    columns = ["estimator", "fold", "score", "n_train"]
    pd.testing.assert_frame_equal(short.cells[columns], planned.cells[columns])
    assert (short.predictions == planned.predictions).all(axis=None)
    assert short.fingerprint == planned.fingerprint


def test_a_generous_limit_runs_all_repeats():
    result = compare_biases(X, y, TWO, time_limit=1e6, **SETTINGS)
    assert result.cells["fold"].nunique() == 12
    assert (result.design.n_repeats, result.design.n_looks) == (3, 3)
    columns = ["score", "difference", "p_better", "failures"]
    plain = compare_biases(X, y, TWO, **SETTINGS)
    pd.testing.assert_frame_equal(result.to_frame()[columns], plain.to_frame()[columns])


def test_intervals_and_p_values_are_adjusted_for_the_planned_looks():
    plain = compare_biases(X, y, TWO, **SETTINGS)
    result = compare_biases(X, y, TWO, time_limit=1e6, **SETTINGS)
    ratio = result.test_train_ratio
    gain = result.cells.pivot(index="fold", columns="estimator", values="score")
    gain = gain["normal"] - gain["dummy"]
    one, three = plain.to_frame().loc["normal"], result.to_frame().loc["normal"]
    assert three["p_value"] == pytest.approx(min(1, 3 * one["p_value"]))
    low, high = resampled_interval(gain, ratio, 3)[1:]
    assert (three["difference_low"], three["difference_high"]) == pytest.approx((low, high))
    assert three["score_high"] - three["score_low"] > one["score_high"] - one["score_low"]
    assert three["detectable"] > one["detectable"]
    low, high = result.pairs().iloc[0][["difference_low", "difference_high"]]
    assert (low, high) == pytest.approx((three["difference_low"], three["difference_high"]))


def test_repeats_end_when_all_is_decided():
    settings = {**SETTINGS, "n_repeats": 5}
    clear = compare_biases(X, y, TWO, until_decided=True, **settings)
    assert clear.to_frame().loc["normal", "finding"] == "better"
    assert clear.design.n_looks == 5
    for n_repeats in range(1, clear.design.n_repeats):  # not decided before, at the same level
        before = replace(
            clear,
            cells=clear.cells[clear.cells["fold"] < 4 * n_repeats],
            design=replace(clear.design, n_repeats=n_repeats),
        )
        assert before.to_frame().loc["normal", "finding"] == "undecided"
    columns = ["estimator", "fold", "score"]
    planned = compare_biases(X, y, TWO, **{**settings, "n_repeats": clear.design.n_repeats})
    pd.testing.assert_frame_equal(clear.cells[columns], planned.cells[columns])


def test_what_is_never_decided_takes_all_repeats_or_all_the_time():
    alike = {"a": GaussianNB(), "b": GaussianNB(var_smoothing=0.01)}
    settings = {**SETTINGS, "until_decided": True, "rope": 0.0}
    assert compare_biases(X, y, alike, **settings).design.n_repeats == 3
    assert compare_biases(X, y, alike, time_limit=1e-6, **settings).design.n_repeats == 1


def test_equality_decides_too():
    alike = {"a": GaussianNB(), "b": GaussianNB(var_smoothing=1e-8)}
    result = compare_biases(X, y, alike, until_decided=True, rope=0.5, **SETTINGS)
    assert result.design.n_repeats == 1
    assert result.to_frame().loc["b", "finding"] == "equal"


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"time_limit": 0}, "time_limit must be a positive number of seconds, got 0"),
        ({"time_limit": "1 h"}, "time_limit must be a positive number of seconds, got '1 h'"),
        ({"time_limit": 5, "n_repeats": 1}, "n_repeats=1. Give the most repeats"),
        ({"until_decided": True, "n_repeats": 1}, "until_decided=True ends .* but n_repeats=1"),
    ],
)
def test_limits_of_no_use_are_refused(options, match):
    with pytest.raises(ValueError, match=match):
        compare_biases(X, y, TWO, **{**SETTINGS, **options})


def test_one_estimator_has_nothing_to_decide():
    with pytest.raises(ValueError, match="until_decided=True needs at least two estimators"):
        compare_biases(X, y, {"a": GaussianNB()}, until_decided=True, **SETTINGS)
