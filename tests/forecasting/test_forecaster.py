"""Forecasts follow their definition, equal those of other libraries, and have coverage."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from conftest import optional
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ibestimators import MLPRegressor, biases
from ibestimators.forecasting import Forecaster, NaiveRegressor, windows

rng = np.random.default_rng(0)
STEPS = np.arange(120)
SERIES = np.sin(STEPS / 4) + 0.02 * STEPS + 0.1 * rng.normal(size=120)
KNOWN = np.random.default_rng(1).normal(size=(140, 1))
QUICK = {"max_epochs": 3, "random_state": 0}


def autoregressive(n, seed, coefficient=0.8):
    noise = np.random.default_rng(seed).normal(size=n)
    series = np.zeros(n)
    for t in range(1, n):
        series[t] = coefficient * series[t - 1] + noise[t]
    return series


@pytest.mark.parametrize("name", ["MLP", "Conv", "Recurrent", "Graph", "Attention"])
@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_all_biases_forecast(name, strategy):
    regressor = biases("regression", **QUICK)[name]
    forecaster = Forecaster(regressor, 12, 4, strategy=strategy).fit(SERIES)
    assert forecaster.regressor_.sample_shape_ == (12, 1)
    assert forecaster.predict().shape == (4,)
    assert not hasattr(regressor, "regressor_")
    again = clone(forecaster).fit(SERIES)
    np.testing.assert_allclose(again.predict(), forecaster.predict(), rtol=1e-5)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(forecaster)).predict(), forecaster.predict()
    )


@pytest.mark.parametrize("subtract_last", [True, False])
def test_a_direct_forecast_is_the_regressor_on_windows(subtract_last):
    X, y, *_ = windows(SERIES, 10, 3, subtract_last=subtract_last)
    expected = LinearRegression().fit(X[..., 0], y)
    last = SERIES[-1] if subtract_last else 0.0
    forecaster = Forecaster(LinearRegression(), 10, 3, subtract_last=subtract_last).fit(SERIES)
    np.testing.assert_allclose(
        forecaster.predict(), expected.predict([SERIES[-10:] - last])[0] + last
    )
    np.testing.assert_array_equal(forecaster.predict(2), forecaster.predict()[:2])


@pytest.mark.parametrize("subtract_last", [True, False])
@pytest.mark.parametrize("n_steps", [1, 4, 9])
def test_a_recursive_forecast_continues_from_its_own(subtract_last, n_steps):
    """More steps than lags too: a window then holds forecasts only."""
    forecaster = Forecaster(
        LinearRegression(), 5, strategy="recursive", subtract_last=subtract_last
    ).fit(SERIES)
    series = SERIES
    for _ in range(n_steps):
        series = np.append(series, forecaster.predict(1, series=series))
    np.testing.assert_allclose(forecaster.predict(n_steps), series[120:])


def test_a_model_that_generates_the_series_is_found():
    """x_t = 0.5 x_{t-1} - 0.8 x_{t-2} + z_t + 1, with z known: the forecast is the truth."""
    series = np.zeros(140)
    for t in range(2, 140):
        series[t] = 0.5 * series[t - 1] - 0.8 * series[t - 2] + KNOWN[t, 0] + 1
    recursive = Forecaster(LinearRegression(), 3, strategy="recursive", subtract_last=False)
    recursive.fit(series[:120], known=KNOWN)
    np.testing.assert_allclose(recursive.predict(20), series[120:], rtol=1e-6)
    direct = Forecaster(LinearRegression(), 8, 5, subtract_last=False)
    direct.fit(series[:120], known=KNOWN[:120])
    np.testing.assert_allclose(direct.predict(known=KNOWN), series[120:125], rtol=1e-6)
    np.testing.assert_allclose(
        direct.predict(series=series[:100], known=KNOWN[:105]), series[100:105], rtol=1e-6
    )


def test_exogenous_inputs_are_read():
    cause = np.random.default_rng(2).normal(size=100)
    effect = np.append(0.0, 2 * cause[:-1])  # of the step before
    forecaster = Forecaster(LinearRegression(), 3, subtract_last=False).fit(effect, exog=cause)
    np.testing.assert_allclose(forecaster.predict(), [2 * cause[-1]])
    np.testing.assert_allclose(
        forecaster.predict(series=effect[:50], exog=cause[:50]), [2 * cause[49]]
    )


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_several_series_together_and_in_a_list(strategy):
    both = np.stack([SERIES, -2 * SERIES], axis=1)
    forecaster = Forecaster(LinearRegression(), 6, 3, strategy=strategy)
    forecast = forecaster.fit(both).predict()
    assert forecast.shape == (3, 2)
    np.testing.assert_allclose(forecast[:, 1], -2 * forecast[:, 0])
    forecasts = forecaster.fit([SERIES, -2 * SERIES[:60]]).predict()
    assert [one.shape for one in forecasts] == [(3,), (3,)]
    np.testing.assert_allclose(forecaster.predict(series=SERIES), forecasts[0])
    np.testing.assert_allclose(forecaster.predict(series=[SERIES, SERIES])[1], forecasts[0])


def test_a_shift_of_the_series_shifts_the_forecast():
    """By `subtract_last`: so a trend is no extrapolation."""
    forecaster = Forecaster(MLPRegressor(**QUICK), 8, 3)
    forecast = forecaster.fit(SERIES).predict()
    np.testing.assert_allclose(forecaster.predict(series=SERIES + 1000) - 1000, forecast, atol=1e-3)


@pytest.mark.parametrize(
    ("regressor", "shape"),
    [
        (GridSearchCV(MLPRegressor(**QUICK), {"lr": [0.01]}, cv=2), (8, 1)),
        (make_pipeline(StandardScaler(), MLPRegressor(**QUICK)), (8,)),
        (MultiOutputRegressor(HistGradientBoostingRegressor(max_iter=3)), None),
    ],
    ids=["search", "pipeline", "several outputs"],
)
def test_windows_have_the_form_that_the_regressor_takes(regressor, shape):
    fitted = Forecaster(regressor, 8, 2).fit(SERIES)
    assert fitted.predict().shape == (2,)
    inner = getattr(fitted.regressor_, "best_estimator_", fitted.regressor_)
    inner = inner[-1] if hasattr(inner, "steps") else inner
    assert getattr(inner, "sample_shape_", None) in (shape, None)


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
@pytest.mark.filterwarnings("ignore")
def test_equal_to_sktime(strategy):
    optional("sktime")
    from sktime.forecasting.compose import make_reduction

    sktime = make_reduction(LinearRegression(), window_length=10, strategy=strategy)
    expected = sktime.fit(SERIES, fh=np.arange(1, 7)).predict()
    ours = Forecaster(LinearRegression(), 10, 6, strategy=strategy, subtract_last=False)
    np.testing.assert_allclose(ours.fit(SERIES).predict(), np.ravel(expected))


@pytest.mark.parametrize(("theirs", "ours"), [("multioutput", "direct"), ("recursive",) * 2])
@pytest.mark.filterwarnings("ignore")
def test_a_network_is_equal_in_sktime(theirs, ours):
    optional("sktime")
    from sktime.forecasting.compose import make_reduction

    network = MLPRegressor(input_shape=(10, 1), **QUICK)  # sktime passes flattened windows
    sktime = make_reduction(network, strategy=theirs, window_length=10, scitype="tabular-regressor")
    expected = sktime.fit(SERIES, fh=np.arange(1, 7)).predict()
    forecaster = Forecaster(MLPRegressor(**QUICK), 10, 6, strategy=ours, subtract_last=False)
    np.testing.assert_allclose(forecaster.fit(SERIES).predict(), np.ravel(expected), rtol=1e-4)


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
@pytest.mark.parametrize("regressor", [LinearRegression(), MLPRegressor(**QUICK)], ids=str)
@pytest.mark.filterwarnings("ignore")
def test_equal_to_skforecast(strategy, regressor):
    pytest.importorskip("skforecast", reason="pip install skforecast, which needs pandas below 3")
    import pandas as pd
    from skforecast.direct import ForecasterDirect
    from skforecast.recursive import ForecasterRecursive

    series = pd.Series(SERIES, pd.date_range("2020-01-01", periods=120, freq="D"), name="y")
    ours = Forecaster(regressor, 10, 3, strategy=strategy, subtract_last=False)
    if strategy == "recursive":
        theirs = ForecasterRecursive(estimator=_flat(regressor), lags=10)
    elif isinstance(regressor, MLPRegressor):
        pytest.skip("skforecast fits a network for each step, here one has all outputs")
    else:
        theirs = ForecasterDirect(estimator=regressor, lags=10, steps=3)
    theirs.fit(series)
    X = windows(SERIES, 10, ours.horizon if strategy == "direct" else 1, subtract_last=False).X
    # skforecast has the latest lag first.
    rows = theirs.create_train_X_y(series)[0].to_numpy()[: len(X), :10]
    np.testing.assert_allclose(rows[:, ::-1], X[..., 0])
    np.testing.assert_allclose(ours.fit(SERIES).predict(), theirs.predict(3).to_numpy(), rtol=1e-4)


def _flat(regressor):
    """The regressor, for windows that are flattened with the latest lag first."""
    if not isinstance(regressor, MLPRegressor):
        return regressor
    from sklearn.preprocessing import FunctionTransformer

    network = clone(regressor).set_params(input_shape=(10, 1))
    return make_pipeline(FunctionTransformer(_reversed), network)


def _reversed(X):
    return np.asarray(X)[:, ::-1]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("options", [{}, {"sp": 5}, {"strategy": "drift"}], ids=str)
def test_naive_forecasts_equal_those_of_sktime(options):
    optional("sktime")
    from sktime.forecasting.naive import NaiveForecaster

    expected = NaiveForecaster(**options, window_length=12 if "strategy" in options else None)
    expected = expected.fit(SERIES, fh=np.arange(1, 9)).predict()
    season = options.pop("sp", 1)
    ours = Forecaster(NaiveRegressor(**options, season=season), 12, 8).fit(SERIES)
    np.testing.assert_allclose(ours.predict(), np.ravel(expected))


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_intervals_cover_what_they_promise(strategy):
    """Over 60 independent series; the errors of the mean coverage are below 0.04."""
    covered = []
    for seed in range(60):
        series = autoregressive(303, seed)
        forecaster = Forecaster(
            LinearRegression(), 4, 3, strategy=strategy, calibration_fraction=0.4
        ).fit(series[:300])
        lower, upper = forecaster.predict_interval(0.8)
        # From many later origins of the same process.
        new = autoregressive(203, 1000 + seed)
        for end in range(50, 200, 10):
            low, high = forecaster.predict_interval(0.8, series=new[:end])
            np.testing.assert_allclose(high - low, upper - lower)
            truth = new[end : end + 3]
            covered.append((low <= truth) & (truth <= high))
    assert np.mean(covered, axis=0) == pytest.approx([0.8] * 3, abs=0.04)


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_intervals_come_from_a_fit_that_did_not_see_the_errors(strategy):
    """The held-out errors are those of a forecaster that is fitted on the series before."""
    lags, horizon, n = 6, 3, 100
    forecaster = Forecaster(
        LinearRegression(), lags, horizon, strategy=strategy, calibration_fraction=0.3
    ).fit(SERIES[:n])
    n_windows = n - lags - horizon + 1
    n_held_out = int(np.ceil(0.3 * n_windows))
    first = n - horizon - n_held_out  # the last known step of the first held-out window
    earlier = Forecaster(LinearRegression(), lags, horizon, strategy=strategy)
    earlier.fit(SERIES[: first + 1])
    assert forecaster.residuals_.shape == (n_held_out, horizon, 1)
    for i in (0, n_held_out - 1):
        now = first + i + 1
        expected = SERIES[now : now + horizon] - earlier.predict(series=SERIES[:now])
        np.testing.assert_allclose(forecaster.residuals_[i, :, 0], expected)
    whole = Forecaster(LinearRegression(), lags, horizon, strategy=strategy).fit(SERIES[:n])
    np.testing.assert_allclose(forecaster.predict(), whole.predict())
    lower, upper = forecaster.predict_interval(0.9)
    np.testing.assert_allclose((lower + upper) / 2, forecaster.predict())
    rank = int(np.ceil((n_held_out + 1) * 0.9))
    half = np.sort(np.abs(forecaster.residuals_[..., 0]), axis=0)[rank - 1]
    np.testing.assert_allclose((upper - lower) / 2, half)


def test_intervals_have_the_form_of_the_series():
    options = {"calibration_fraction": 0.3}
    forecaster = Forecaster(LinearRegression(), 6, 3, **options)
    lower, upper = forecaster.fit(np.stack([SERIES, SERIES], axis=1)).predict_interval()
    assert lower.shape == upper.shape == (3, 2)
    lower, upper = forecaster.fit([SERIES, SERIES[:60]]).predict_interval(n_steps=2)
    assert [len(one) for one in lower] == [2, 2]
    assert (lower[1] < upper[1]).all()
    forecaster.set_params(calibration_fraction=0.0).fit(SERIES)
    with pytest.raises(ValueError, match="calibration_fraction, such as"):
        forecaster.predict_interval()


def fitted(*sizes, fit=None, **options):
    return Forecaster(LinearRegression(), *sizes, **options).fit(SERIES, **(fit or {}))


class TooFewOutputs(LinearRegression):
    def predict(self, X):
        return super().predict(X)[:, :1]


BAD = {
    "unknown strategy": (lambda: fitted(5, strategy="both"), "strategy.*'direct'"),
    "lags of 0": (lambda: fitted(0), "'lags' parameter.*Got 0"),
    "horizon of 0": (lambda: fitted(5, 0), "'horizon' parameter.*Got 0"),
    "no regressor": (lambda: Forecaster(None, 5).fit(SERIES), "'regressor' parameter"),
    "whole series held out": (
        lambda: fitted(5, calibration_fraction=0.999),
        "leaves 0 windows to fit",
    ),
    "horizon exceeded": (
        lambda: fitted(5, 2).predict(3),
        "n_steps=3 exceeds horizon=2.*'recursive'",
    ),
    "no steps": (lambda: fitted(5).predict(0), "n_steps must be an int of at least 1"),
    "horizon of intervals exceeded": (
        lambda: fitted(5, 2, strategy="recursive", calibration_fraction=0.3).predict_interval(
            0.9, 3
        ),
        "n_steps=3 exceeds horizon=2.*Raise horizon",
    ),
    "coverage of 1": (
        lambda: fitted(5, calibration_fraction=0.3).predict_interval(1.0),
        "coverage must be",
    ),
    "coverage beyond the errors": (
        lambda: fitted(5, calibration_fraction=0.1).predict_interval(0.95),
        "at least 19 held-out windows, but there are 12",
    ),
    "known is missing at predict": (
        lambda: fitted(5, 2, fit={"known": KNOWN[:120]}).predict(),
        "known has 120 rows, but the forecast needs 122.*Pass known to predict",
    ),
    "known is too short at predict": (
        lambda: fitted(5, 2, fit={"known": KNOWN[:120]}).predict(known=KNOWN[:121]),
        "known has 121 rows",
    ),
    "known is missing beside a series": (
        lambda: fitted(5, 2, fit={"known": KNOWN}).predict(series=SERIES),
        "known has 0 columns, but the fit had 1",
    ),
    "known that the fit lacked": (
        lambda: fitted(5).predict(known=KNOWN),
        "known has 1 columns, but the fit had 0",
    ),
    "exog is missing": (
        lambda: fitted(5, fit={"exog": SERIES}).predict(series=SERIES),
        "exog has 0 columns, but the fit had 1",
    ),
    "exog without a series": (
        lambda: fitted(5, fit={"exog": SERIES}).predict(exog=SERIES),
        "exog belongs to series",
    ),
    "exog of a recursive forecast": (
        lambda: fitted(5, 2, strategy="recursive", fit={"exog": SERIES}),
        "needs the future of exog",
    ),
    "exog of a longer recursive forecast": (
        lambda: fitted(5, strategy="recursive", fit={"exog": SERIES}).predict(2),
        "needs the future of exog",
    ),
    "another number of series": (
        lambda: fitted(5).predict(series=np.zeros((20, 2))),
        "series has 2 columns, but the fit had 1",
    ),
    "a past that is too short": (
        lambda: fitted(5).predict(series=SERIES[:4]),
        "series has 4 steps, but a forecast needs lags=5",
    ),
    "NaN in the past": (
        lambda: fitted(5).predict(series=[np.nan] * 9),
        "series has nan at step 0",
    ),
    "too few outputs": (
        lambda: Forecaster(TooFewOutputs(), 5, 2).fit(SERIES).predict(),
        r"predicts an array of shape \(1, 1\).*2 outputs",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_itself(case):
    act, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        act()
