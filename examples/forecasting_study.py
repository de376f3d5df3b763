"""Forecasts of three series by the five biases, a linear model and naive forecasts.

    python examples/forecasting_study.py [NAME ...] [--level]

NAME is one or more of airline, lynx, sunspots, log_airline; none runs the first three. With
--level, windows keep their level (``subtract_last=False``). Prints the mean absolute scaled error
(MASE), the mean of three seeds: each is trained on the past and tested on the four blocks of one
horizon that follow. Needs sktime and statsmodels, which contain the data:
``pip install "ibestimators[interop]"``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ibestimators import biases, compare_biases
from ibestimators.forecasting import NaiveRegressor, forecast_scorer, windows


def airline() -> np.ndarray:
    """Passengers of an airline in thousands, monthly, 1949 to 1960 (Box & Jenkins)."""
    from sktime.datasets import load_airline

    return load_airline().to_numpy()


def log_airline() -> np.ndarray:
    return np.log(airline())


def lynx() -> np.ndarray:
    """Logarithms of the lynxes trapped in a part of Canada, yearly, 1821 to 1934."""
    from sktime.datasets import load_lynx

    return np.log(load_lynx().to_numpy())


def sunspots() -> np.ndarray:
    """Numbers of sunspots, yearly, 1700 to 2008."""
    from statsmodels.datasets import sunspots as data

    return data.load_pandas().data["SUNACTIVITY"].to_numpy()


# Each series, its lags, and its season, which is the horizon too: the cycle for the last two.
SERIES = {
    "airline": (airline, 24, 12),
    "lynx": (lynx, 20, 10),
    "sunspots": (sunspots, 33, 11),
    "log_airline": (log_airline, 24, 12),
}


def flattened(X: np.ndarray) -> np.ndarray:
    return X.reshape(len(X), -1)


def candidates(season: int) -> dict[str, Any]:
    linear = make_pipeline(FunctionTransformer(flattened), Ridge(1e-3))
    naive = {
        "last value": NaiveRegressor(),
        "seasonal naive": NaiveRegressor(season=season),
        "drift": NaiveRegressor(strategy="drift"),
    }
    return {**biases("regression"), "linear": linear, **naive}


def study(
    name: str,
    subtract_last: bool = True,
    seeds: Sequence[int] = range(3),
    estimators: Mapping[str, Any] | None = None,
) -> pd.Series[float]:
    """MASE of each estimator, the mean over folds and seeds."""
    load, lags, season = SERIES[name]
    X, y, time, _ = windows(load(), lags, horizon=season, subtract_last=subtract_last)
    scores = [
        compare_biases(
            X,
            y,
            estimators or candidates(season),
            time=time,
            cv=TimeSeriesSplit(4, test_size=season),
            scoring=forecast_scorer("mase", season),
            error_score="raise",
            random_state=seed,
        ).to_frame()["score"]
        for seed in seeds
    ]
    return -pd.concat(scores, axis=1).mean(axis=1)


def main(arguments: Sequence[str]) -> None:
    names = [name for name in arguments if name != "--level"] or ["airline", "lynx", "sunspots"]
    for name in names:
        print(name, flush=True)
        print(study(name, "--level" not in arguments).round(2).to_string(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
