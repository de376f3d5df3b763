"""Checks of the numbers of samples, layers and nodes that a view is asked for."""

from __future__ import annotations

from numbers import Integral
from typing import Any


def check_number(name: str, number: Any, n: int, of: str = "") -> int:
    """A number below n, counted from the end if negative; or an error that names it."""
    if not isinstance(number, Integral) or not -n <= int(number) < n:
        raise ValueError(
            f"{name}={number!r}, but there are {n}{of and ' '}{of}. Give an int from 0 to {n - 1}, "
            f"or from -{n} to -1 to count from the end."
        )
    return int(number) % n
