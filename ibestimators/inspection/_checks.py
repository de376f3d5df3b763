"""Checks of the sample, layer and node numbers that a display gets."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from ibestimators.scoring import predicts_positions


def refuse_positions(estimator: Any, name: str) -> None:
    """Raise an error if an estimator predicts a value at each position."""
    if predicts_positions(estimator):
        raise ValueError(
            f"{name} is for one output a sample, but the estimator has target='position'. Fit one "
            "with target='sample'."
        )


def check_number(name: str, number: Any, n: int, of: str = "") -> int:
    """A number from 0 to n - 1; negative numbers count from the end. Raises if out of range."""
    if not isinstance(number, Integral) or not -n <= int(number) < n:
        raise ValueError(
            f"{name}={number!r}, but there are {n}{of and ' '}{of}. Pass an int from 0 to {n - 1}, "
            f"or from -{n} to -1 to count from the end."
        )
    return int(number) % n
