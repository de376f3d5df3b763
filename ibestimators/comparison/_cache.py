"""Finished fits in a directory, and the keys that they are stored under."""

from __future__ import annotations

import inspect
import json
import os
import sysconfig
import tempfile
import types
from collections.abc import Iterator, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import networkx as nx
import numpy as np
from scipy.stats.distributions import rv_frozen
from sklearn.base import BaseEstimator


class Store:
    """Finished cells in a directory, each found by all that it depends on."""

    def __init__(self, folder: Path, X: Any, y: Any, scoring: Any, groups: Any = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        data = (_content(X), np.asarray(y), _content(scoring), _versions(), _content(groups))
        self.data = joblib.hash(data)

    def path(self, est: BaseEstimator, train: Any, test: Any) -> Path:
        settings = {name: _content(value) for name, value in est.get_params().items()}
        key = joblib.hash((self.data, _content(type(est)), settings, train, test))
        return self.folder / f"{key}.json"


def load_cell(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):  # not there, or not whole: to be done
        return None
    return found if isinstance(found, dict) else None


def save_cell(path: Path, cell: dict[str, Any]) -> None:
    # Whole or not at all, whoever else writes the same.
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False) as part:
        part.write(json.dumps(cell, default=float))
        part.flush()
        os.fsync(part.fileno())
    Path(part.name).replace(path)


def _content(value: Any, above: tuple[Any, ...] = ()) -> Any:
    """What to hash of a value: what it is, without caches and global state that it refers to.

    `above` are the functions and objects that it was found in, and which may be in it in turn.
    """
    if any(value is other for other in above):
        return None
    if isinstance(value, nx.Graph):
        value = (type(value), list(value.nodes(data=True)), list(value.edges(data=True)))
    elif hasattr(value, "edge_index"):
        names = ("x", "edge_index", "edge_attr", "edge_weight", "num_nodes")
        value = [getattr(value, name, None) for name in names]
    elif type(value).__module__.startswith("torch") and hasattr(value, "numpy"):
        return value.detach().cpu().numpy()
    if isinstance(value, (list, tuple)):
        return [_content(item, above) for item in value]
    if isinstance(value, dict):
        return {key: _content(item, above) for key, item in value.items()}
    if isinstance(value, np.ndarray) and value.dtype == object:
        return value.shape, [_content(item, above) for item in value.flat]
    if isinstance(value, type):
        return value.__module__, value.__qualname__
    if isinstance(value, types.ModuleType):
        return value.__name__
    if value is None or isinstance(value, (bool, int, float, str, np.ndarray)):
        return value
    parts = _parts(value)
    if parts is not None:
        return _content((type(value), parts), (*above, value))
    try:
        return joblib.hash(value)
    except Exception as error:  # whatever its pickling raises
        raise TypeError(
            f"cache= cannot tell {value!r} from others of its kind ({error}). Leave cache out, or "
            "use what can be pickled."
        ) from error


def _parts(value: Any) -> Any:
    """What a function, an estimator or another thing that is called is made of; else None."""
    if isinstance(value, types.FunctionType):
        return value.__module__, value.__qualname__, _function(value)
    if isinstance(value, partial):
        return value.func, value.args, value.keywords
    if isinstance(value, types.MethodType):
        return value.__func__, value.__self__
    if isinstance(value, rv_frozen):
        return value.dist.name, value.args, value.kwds
    if isinstance(value, BaseEstimator):  # a fitted one may be a parameter of another
        state = value.__getstate__()
        return {name: v for name, v in state.items() if not name.startswith("_skl_callbacks")}
    if callable(value) and hasattr(value, "__dict__"):  # a scorer, say
        return getattr(value, "__name__", None), vars(value)
    return None


def _function(value: types.FunctionType) -> Any:
    """The code of a function, and the values that it refers to."""
    codes = list(_codes(value.__code__))
    steps = [
        (code.co_code, code.co_names, [repr(c) for c in code.co_consts if not _is_code(c)])
        for code in codes
    ]
    cells = inspect.getclosurevars(value).nonlocals
    return steps, value.__defaults__, value.__kwdefaults__, cells, _globals(value, codes)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A function's code, and that of the functions inside it."""
    yield code
    for inner in filter(_is_code, code.co_consts):
        yield from _codes(inner)


def _is_code(value: Any) -> bool:
    return isinstance(value, types.CodeType)


def _globals(value: types.FunctionType, codes: Sequence[types.CodeType]) -> dict[str, Any]:
    """Global names that a function of the user's own refers to; a library has its version."""
    file = value.__code__.co_filename
    if any(file.startswith(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")):
        return {}
    names = sorted({name for code in codes for name in code.co_names} & set(value.__globals__))
    return {name: value.__globals__[name] for name in names}


def _versions() -> list[str]:
    """Of what decides the numbers."""
    return [f"{name} {version(name)}" for name in ("ibestimators", "torch", "scikit-learn")]
