"""MASE and skill equal their formulas, and naive regressors refuse what they cannot read."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import optional
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_score

from ibestimators.forecasting import NaiveRegressor, forecast_scorer, mase, windows

rng = np.random.default_rng(0)
SERIES = rng.normal(size=60).cumsum()


@pytest.mark.parametrize("season", [1, 4])
@pytest.mark.filterwarnings("ignore")
def test_mase_equals_that_of_sktime(season):
    optional("sktime")
    from sktime.performance_metrics.forecasting import MeanAbsoluteScaledError

    truth, forecast = SERIES[50:], SERIES[50:] + rng.normal(size=10)
    theirs = MeanAbsoluteScaledError(sp=season)(truth, forecast, y_train=SERIES[:50])
    assert mase(truth, forecast, SERIES[:50], season) == pytest.approx(theirs)


@pytest.mark.parametrize("subtract_last", [True, False])
@pytest.mark.parametrize("n_series", [1, 2])
def test_scores_equal_their_formulas(subtract_last, n_series):
    series = rng.normal(size=(60, n_series)).cumsum(axis=0)
    X, y, *_ = windows(series, 8, 3, subtract_last=subtract_last)
    flat = X.reshape(len(X), -1)
    est = LinearRegression().fit(flat, y)
    errors = np.abs(y - est.predict(flat)).reshape(-1, 3, n_series).mean((0, 1))
    windowed = np.stack([series[i : i + 8] for i in range(len(X))])
    scale = np.abs(windowed[:, 4:] - windowed[:, :-4]).mean((0, 1))
    ahead = np.stack([series[i + 8 : i + 11] for i in range(len(X))])
    naive = np.abs(ahead - windowed[:, 4:7]).mean((0, 1))

    class Reads3D:
        predict = staticmethod(lambda X: est.predict(X.reshape(len(X), -1)))

    options = {"season": 4, "n_series": n_series}
    found = forecast_scorer("mase", **options)(Reads3D, X, y)
    assert found == pytest.approx(-(errors / scale).mean())
    found = forecast_scorer("skill", **options)(Reads3D, X, y)
    assert found == pytest.approx((1 - errors / naive).mean())


def test_the_naive_forecast_has_no_skill():
    X, y, *_ = windows(SERIES, 8, 3)
    scores = cross_val_score(NaiveRegressor(season=4), X, y, scoring=forecast_scorer("skill", 4))
    assert scores == pytest.approx(0, abs=1e-12)


def test_a_2d_window_has_one_series():
    X, y, *_ = windows(SERIES, 8, 3)
    est = NaiveRegressor(season=4).fit(X[..., 0], y)
    np.testing.assert_array_equal(est.predict(X[..., 0]), est.predict(X))
    scorer = forecast_scorer(season=4)
    assert scorer(est, X[..., 0], y) == scorer(est, X, y)
    assert repr(scorer) == "forecast_scorer('mase', season=4, n_series=1)"


def test_one_step_gives_one_axis():
    X, y, *_ = windows(SERIES, 8)
    assert NaiveRegressor().fit(X, y).predict(X).shape == y.shape


def fit(n_lags=8, horizon=3, y=None, **options):
    X, targets, *_ = windows(SERIES, n_lags, horizon)
    return NaiveRegressor(**options).fit(X, targets if y is None else y)


BAD = {
    "season exceeds the window": (lambda: fit(season=9), "season=9 needs 9 lags.*has 8"),
    "drift of one value": (lambda: fit(1, strategy="drift"), "'drift' needs 2 lags"),
    "unknown strategy": (lambda: fit(strategy="mean"), "'strategy' parameter"),
    "more series than features": (lambda: fit(n_series=2), "n_series=2, but X has 1"),
    "other lengths": (lambda: fit(y=np.zeros(5)), "X has 50 windows, but y has 5"),
    "X has one axis": (lambda: NaiveRegressor().fit(SERIES, SERIES), "X must be windows"),
    "unknown metric": (lambda: forecast_scorer("rmse"), "metric must be 'mase' or 'skill'"),
    "season of 0": (lambda: forecast_scorer(season=0), "season must be an int"),
    "shapes differ": (lambda: mase([1.0], [1.0, 2.0], SERIES), "y_true has the shape"),
    "NaN in the forecast": (lambda: mase([1.0], [np.nan], SERIES), "y_pred contains NaN"),
    "NaN in the past": (lambda: mase([1.0], [1.0], [1.0, np.nan, 2.0]), "past contains NaN"),
    "NaN in windows": (
        lambda: fit().predict(np.full((3, 8, 1), np.nan)),
        "X contains NaN",
    ),
    "NaN in y": (lambda: fit(y=np.full((50, 3), np.nan)), "y contains NaN"),
    "past of one season": (lambda: mase([1.0], [1.0], SERIES[:4], 4), "more than season=4 steps"),
    "past without change": (lambda: mase([1.0], [1.0], [2.0] * 5), "past repeats exactly"),
    "series without change": (
        lambda: forecast_scorer("skill")(fit(), np.zeros((4, 8, 1)), np.zeros((4, 3))),
        "naive forecast with season=1 has no error",
    ),
    "outputs that do not divide": (
        lambda: forecast_scorer(n_series=2)(fit(), np.zeros((4, 8, 2)), np.zeros((4, 3))),
        "no multiple of n_series=2",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_itself(case):
    act, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        act()


def test_outputs_that_are_no_multiple_of_the_series():
    X, y, *_ = windows(np.stack([SERIES, SERIES], axis=1), 8, 3)
    with pytest.raises(ValueError, match="5 columns, which is no multiple of n_series=2"):
        NaiveRegressor(n_series=2).fit(X, y[:, :5])
