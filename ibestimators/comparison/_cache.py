"""Finished fits in a directory, and the keys that they are stored under."""

from __future__ import annotations

import inspect
import json
import os
import sysconfig
import tempfile
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import torch
from joblib.hashing import NumpyHasher
from scipy.stats.distributions import rv_frozen
from sklearn.base import BaseEstimator

_VERSIONS = [f"{name} {version(name)}" for name in ("ibestimators", "torch", "scikit-learn")]
_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))


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


def content_hash(*values: Any) -> str:
    """A hash of what the values are and do, the same in every process."""
    try:
        return str(_Hasher(coerce_mmap=True).hash(values))
    except Exception as error:  # whatever pickling raises
        raise TypeError(
            f"cache= needs objects that can be pickled: {error}. Leave cache out, or replace the "
            "object."
        ) from error


class _Hasher(NumpyHasher):  # type: ignore[misc]
    """joblib's hash of pickles, without what differs between equal objects.

    Such as cached views, global generators and shared references. Functions are hashed by
    their code and the values that they refer to.
    """

    def save(self, obj: Any) -> None:
        if isinstance(obj, (type, types.ModuleType, np.ufunc)):
            module = getattr(obj, "__module__", None)
            obj = (module, getattr(obj, "__qualname__", obj.__name__))
        elif isinstance(obj, types.MethodType):
            obj = (obj.__func__, obj.__self__)
        elif isinstance(obj, types.CodeType):  # without file name and line numbers
            obj = (obj.co_code, obj.co_names, obj.co_consts)
        elif isinstance(obj, frozenset):
            obj = ("frozenset", set(obj))
        elif isinstance(obj, torch.Tensor):
            obj = obj.detach().cpu().numpy()
        elif isinstance(obj, nx.Graph):
            obj = (type(obj), list(obj.nodes(data=True)), list(obj.edges(data=True)))
        elif isinstance(obj, rv_frozen):
            obj = (obj.dist.name, obj.args, obj.kwds)
        super().save(obj)

    def reducer_override(self, obj: Any) -> Any:
        # A reduction and not a replacement: these may contain themselves.
        if isinstance(obj, types.FunctionType):
            return types.FunctionType, (), _function_state(obj)
        if isinstance(obj, BaseEstimator):
            state = obj.__getstate__().items()
            return type(obj), (), {k: v for k, v in state if not k.startswith("_skl_callbacks")}
        return NotImplemented

    def memoize(self, obj: Any) -> None:
        if not isinstance(obj, tuple):  # equal constants may be one object or several
            super().memoize(obj)


def _function_state(function: types.FunctionType) -> Any:
    """What a function does: its code, and the values that the code refers to."""
    code = function.__code__
    values = dict(inspect.getclosurevars(function).nonlocals)
    if not code.co_filename.startswith(_LIBRARIES):  # libraries have a version
        names = {name for each in _codes(code) for name in each.co_names}
        values |= {name: function.__globals__[name] for name in names & set(function.__globals__)}
    defaults = function.__defaults__, function.__kwdefaults__
    return function.__module__, function.__qualname__, code, defaults, values


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of a function and of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)
