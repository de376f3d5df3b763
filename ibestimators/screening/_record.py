"""What the benchmark of the documentation knows about guesses (docs/benchmark.md).

`record.json` is written by examples/benchmark_page.py: how far each source of `screen_biases` is to
be trusted, and how good the guesses are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import pandas as pd

SOURCES = ("log_density", "short_score")  # of an expected gain


class Score(NamedTuple):
    """How good guesses were on the data sets of the benchmark, each left out in turn."""

    n_sets: int
    n_near: int  # sets on which the first guess was within 0.01 of the best bias
    regret: float  # mean difference of the first guess to the best bias
    error: float  # of an expected gain, root mean square


@cache
def _record() -> dict[str, Any]:
    text = files("ibestimators.screening").joinpath("record.json").read_text()
    return dict(json.loads(text))


def sources_of(frame: pd.DataFrame) -> pd.DataFrame:
    """The sources that were measured, each minus its mean over the estimators.

    An R² below 0 counts as 0.
    """
    sources = frame[[*SOURCES]].dropna(axis="columns")
    if "short_score" in sources:
        sources = sources.assign(short_score=sources["short_score"].clip(lower=0))
    return sources - sources.mean()


def weights_of(sources: Iterable[str]) -> pd.Series:
    """How far each of some sources is to be trusted."""
    return pd.Series(_record()["+".join(sources)]["weights"])


def score_of_guesses(sources: Iterable[str]) -> Score:
    """How good guesses from some sources were."""
    return Score(**_record()["+".join(sources)]["score"])


def expected_gains(frame: pd.DataFrame) -> pd.Series:
    """The score that each estimator is expected to have, minus the mean of all."""
    sources = sources_of(frame)
    return sources @ weights_of([*sources])
