"""What won on the data sets of the benchmark (docs/benchmark.md), by the form of X.

`record.json` is written by examples/benchmark_page.py.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from ibestimators.structures import kind_of


class Score(NamedTuple):
    """How good first guesses were on the data sets of the benchmark, each left out in turn."""

    n_sets: int
    n_near: int  # sets on which the guess was within 0.01 of the best bias
    regret: float  # mean difference to the best bias


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


def mean_ranks(X: Any) -> dict[str, float]:
    """Mean rank of each bias on data of the same form, or on all if there were none; 1 is best."""
    ranks = _record()["ranks"]
    return dict(ranks.get(form_of(X), ranks["all"]))


def score_of_guesses() -> Score:
    """How good the combination of `screen_biases` was."""
    return Score(**_record()["guesses"])
