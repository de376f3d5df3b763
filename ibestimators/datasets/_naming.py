"""How messages name columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def quoted(names: Sequence[Any]) -> str:
    return listed([f"`{name}`" if name else "column without a name" for name in names], 3)


def listed(names: Sequence[str], most: int) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
