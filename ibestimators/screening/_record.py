"""What the benchmark of the documentation knows about the five biases (docs/benchmark.md).

`record.json` is written by examples/benchmark_page.py: the mean gain of each bias by the form of X,
and how far each source of `screen_biases` is to be trusted.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ibestimators.structures import kind_of


class Score(NamedTuple):
    """How good first guesses were on the data sets of the benchmark, each left out in turn."""

    n_sets: int
    n_near: int  # sets on which the guess was within 0.01 of the best bias
    regret: float  # mean difference to the best bias
    error: float  # of an expected gain, root mean square


@cache
def _record() -> dict[str, Any]:
    text = files("ibestimators.screening").joinpath("record.json").read_text()
    return dict(json.loads(text))


def form_of(X: Any) -> str:
    """What the record tells apart: tables, series, images, sequences, tokens or graphs."""
    kind = kind_of(X)
    if kind != "array":
        return kind
    return {2: "tables", 3: "series"}.get(np.ndim(X), "images")


def mean_gains(X: Any) -> dict[str, float]:
    """Mean score of each bias on data of the form of X, minus the mean of the five biases."""
    return dict(_record()["gains"].get(form_of(X), {}))


def sources_of(frame: pd.DataFrame) -> pd.DataFrame:
    """What speaks for each estimator, without what was left out: only differences count.

    A score below 0, an R², says no more than 0.
    """
    sources = frame[["log_density", "short_score", "record"]].dropna(axis="columns")
    if "short_score" in sources:
        sources = sources.assign(short_score=sources["short_score"].clip(lower=0))
    return sources - sources.mean()


def expected_gains(frame: pd.DataFrame) -> pd.Series:
    """The score that each estimator is expected to have, minus the mean of all."""
    sources = sources_of(frame)
    return sources @ pd.Series(_record()["weights"]["+".join(sources)])


def score_of_guesses() -> Score:
    """How good the guesses of `screen_biases` were."""
    return Score(**_record()["guesses"])
