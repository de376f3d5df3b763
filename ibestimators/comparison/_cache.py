"""Finished fits in a directory, and the keys that they are stored under."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ibestimators.hashing import content_hash

_VERSIONS = [f"{name} {version(name)}" for name in ("ibestimators", "torch", "scikit-learn")]


class Store:
    """Rows of finished fits in a directory, each under a hash of all that it depends on."""

    def __init__(
        self,
        folder: Path,
        X: Any,
        y: Any,
        scoring: Any,
        groups: Any = None,
        sample_weight: Any = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        with suppress(ValueError):  # labels at positions of samples of different sizes
            y = np.asarray(y)
        weights = () if sample_weight is None else (sample_weight,)
        self.data = content_hash(X, y, scoring, groups, _VERSIONS, *weights)

    def fetch(
        self,
        est: BaseEstimator,
        train: Any,
        test: Any,
        compute: Callable[[], dict[str, Any]],
        needs: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The stored row, else the computed one, which is stored unless the fit failed.

        A stored row that lacks a column of `needs` is computed again.
        """
        path = self.folder / f"{content_hash(self.data, est, train, test)}.json"
        cell = _load(path)
        if cell is None or not set(needs) <= set(cell):
            cell = compute()
            if cell["error"] is None:
                _save(path, cell)
        return cell


def _load(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):  # missing or incomplete
        return None
    return found if isinstance(found, dict) else None


def _save(path: Path, cell: dict[str, Any]) -> None:
    # The file is complete or absent, whatever other processes write at the same time.
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False) as part:
        part.write(json.dumps(cell, default=_plain))
        part.flush()
        os.fsync(part.fileno())
    Path(part.name).replace(path)


def _plain(value: Any) -> Any:
    """What JSON does not know: arrays and numbers of numpy."""
    return value.tolist() if isinstance(value, np.ndarray) else float(value)
