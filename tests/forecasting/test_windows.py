"""Windows hold what their definition says, and bad series are errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ibestimators.forecasting import Forecaster, NaiveRegressor, windows

SERIES = np.random.default_rng(0).normal(size=30).cumsum()
CALENDAR = np.sin(np.arange(40))


@given(
    lags=st.integers(1, 6),
    horizon=st.integers(1, 6),
    step=st.integers(1, 4),
    n_series=st.integers(1, 3),
    n_steps=st.integers(12, 25),
    subtract_last=st.booleans(),
)
@settings(max_examples=40)
def test_each_window_is_what_the_definition_says(
    lags, horizon, step, n_series, n_steps, subtract_last
):
    rng = np.random.default_rng(0)
    series, exog = rng.normal(size=(n_steps, n_series)), rng.normal(size=(n_steps, 2))
    known = rng.normal(size=(n_steps + 5, 1)) if horizon <= lags else None
    X, y, time, groups = windows(
        series, lags, horizon, step=step, exog=exog, known=known, subtract_last=subtract_last
    )
    assert len(X) == len(range(0, n_steps - lags - horizon + 1, step))
    assert not groups.any()
    y = y.reshape(len(X), horizon, n_series)
    for i, now in enumerate(range(lags - 1, n_steps - horizon, step)):
        last = series[now] if subtract_last else 0.0
        past = slice(now - lags + 1, now + 1)
        np.testing.assert_allclose(X[i, :, :n_series], series[past] - last)
        np.testing.assert_array_equal(X[i, :, n_series : n_series + 2], exog[past])
        if known is not None:
            ahead = known[now - lags + 1 + horizon : now + 1 + horizon]
            np.testing.assert_array_equal(X[i, :, n_series + 2 :], ahead)
            np.testing.assert_array_equal(
                X[i, -horizon:, -1], known[now + 1 : now + 1 + horizon, 0]
            )
        np.testing.assert_allclose(y[i], series[now + 1 : now + 1 + horizon] - last)
        assert list(time[i]) == [now + 1, now + horizon]


def test_a_list_of_series_gives_the_windows_of_each():
    long, short = SERIES, SERIES[:12] * 2
    both = windows([long, short], 5, 2, exog=[CALENDAR[:30], CALENDAR[:12]])
    parts = [windows(long, 5, 2, exog=CALENDAR[:30]), windows(short, 5, 2, exog=CALENDAR[:12])]
    for name in ("X", "y", "time"):
        together = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(getattr(both, name), together)
    assert np.bincount(both.groups).tolist() == [len(part.y) for part in parts]


def test_one_output_gives_one_axis():
    assert windows(SERIES, 5).y.shape == (25,)
    assert windows(SERIES, 5, 2).y.shape == (24, 2)


def test_the_index_of_pandas_is_the_time():
    index = pd.date_range("2020-01-31", periods=30, freq="ME")
    time = windows(pd.Series(SERIES, index), 5, 2).time
    assert (time[0] == [index[5].to_datetime64(), index[6].to_datetime64()]).all()
    periods = pd.Series(SERIES, index.to_period("M"))
    assert (windows(periods, 5, 2).time[0] == np.array(["2020-06", "2020-07"], "M8[M]")).all()
    aware = pd.Series(SERIES, index.tz_localize("Europe/Berlin"))
    assert windows(aware, 5).time.dtype.kind == "M"
    named = pd.Series(SERIES, [f"step {i}" for i in range(30)])
    assert windows(named, 5, 2).time[0].tolist() == [5, 6]
    years = pd.DataFrame({"a": SERIES, "b": SERIES}, index=np.arange(1900, 1930))
    assert windows(years, 5, 2).time[-1].tolist() == [1928, 1929]


def with_value(value):
    series = SERIES.copy()
    series[7] = value
    return series


DATES = pd.date_range("2020-01-01", periods=30)
BAD = {
    "series is too short": (
        [SERIES[:6], 5, 2],
        {},
        r"series has 6 steps.*lags \+ horizon = 5 \+ 2 = 7.*Lower",
    ),
    "one of several is too short": ([[SERIES, SERIES[:4]], 5], {}, r"series\[1\] has 4 steps"),
    "series has no column": ([np.empty((30, 0)), 5], {}, "series has no column"),
    "series is empty": ([np.empty(0), 5], {}, "series has 0 steps"),
    "NaN": ([with_value(np.nan), 5], {}, "series has nan at step 7.*interpolate"),
    "inf": ([[SERIES, with_value(np.inf)], 5], {}, r"series\[1\] has inf at step 7"),
    "NaN in exog": ([SERIES, 5], {"exog": with_value(np.nan)}, "exog has nan at step 7"),
    "text": ([np.array(["a"] * 30), 5], {}, "series must hold numbers"),
    "three axes": ([np.zeros((3, 4, 2)), 2], {}, "series must have the shape.*as a list"),
    "exog is shorter": (
        [SERIES, 5],
        {"exog": CALENDAR[:29]},
        "exog has 29 rows, but series has 30 steps",
    ),
    "exog is longer": ([SERIES, 5], {"exog": CALENDAR}, "exog has 40 rows"),
    "known is shorter": ([SERIES, 5], {"known": CALENDAR[:29]}, "known has 29 rows.*more for the"),
    "known does not fit into a window": (
        [SERIES, 2, 3],
        {"known": CALENDAR},
        "horizon=3 exceeds lags=2",
    ),
    "exog of another number of series": (
        [[SERIES, SERIES], 5],
        {"exog": [SERIES]},
        "list of 2, so that exog",
    ),
    "exog of all series at once": ([[SERIES, SERIES], 5], {"exog": SERIES}, "of shape .30,"),
    "other numbers of columns": (
        [[SERIES, np.zeros((30, 2))], 5],
        {},
        r"same number of columns, got \[1, 2\]",
    ),
    "the index has a duplicate": (
        [pd.Series(SERIES, DATES[[*range(29), 28]]), 5],
        {},
        "increase without duplicates, but at step 29",
    ),
    "the index decreases": ([pd.Series(SERIES, DATES[::-1]), 5], {}, "at step 1.*Sort it"),
    "the index has a gap": (
        [pd.Series(SERIES, [*DATES[:5], pd.NaT, *DATES[6:]]), 5],
        {},
        "at step 5 NaT",
    ),
    "dates and numbers": ([[pd.Series(SERIES, DATES), SERIES], 5], {}, "one kind of index"),
    "lags are 0": ([SERIES, 0], {}, "lags must be an int of at least 1, got 0"),
    "lags are no int": ([SERIES, 2.0], {}, "lags must be an int"),
    "horizon is 0": ([SERIES, 5, 0], {}, "horizon must be an int of at least 1, got 0"),
    "step is 0": ([SERIES, 5], {"step": 0}, "step must be an int of at least 1, got 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_itself(case):
    arguments, options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        windows(*arguments, **options)


@pytest.mark.parametrize("case", [c for c in BAD if not c.startswith(("step", "lags", "horizon"))])
def test_a_forecaster_refuses_the_same(case):
    (series, *sizes), options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        Forecaster(NaiveRegressor(), *sizes).fit(series, **options)
