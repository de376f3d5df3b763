"""Hashes of what values are and do: they name finished fits, and say which results share data."""

from __future__ import annotations

import inspect
import sysconfig
import types
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import networkx as nx
import numpy as np
import torch
from joblib.hashing import NumpyHasher
from scipy import sparse
from scipy.stats.distributions import rv_frozen
from sklearn.base import BaseEstimator

_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))


def data_hash(X: Any, y: Any) -> str:
    """The hash of samples and their targets, the latter as a list or an array.

    Raises
    ------
    TypeError
        If they cannot be pickled.
    """
    y = y.toarray() if sparse.issparse(y) else y
    with suppress(ValueError):  # labels at positions of samples of different sizes
        y = np.asarray(y)
    return content_hash(X.tocsr() if sparse.issparse(X) else X, y)


def content_hash(*values: Any) -> str:
    """A hash of what the values are and do, the same in every process.

    Raises
    ------
    TypeError
        If a value cannot be pickled.
    """
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
