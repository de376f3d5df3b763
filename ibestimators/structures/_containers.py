"""Containers of other libraries: the one place that reads them into memory.

Tensors of torch, arrays and frames of Dask, tables of pyarrow and lazy frames of polars become
arrays of numpy or frames. Lists of such containers become lists of arrays. Everything else, frames
of pandas and polars too, stays as it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., Any])

# Parameters that hold data, by the names that they have in all functions.
_DATA = {
    *("X", "x", "y", "groups", "time", "sample_weight", "classes"),
    *("series", "exog", "known", "y_true", "y_pred", "past"),
}


def reads_containers(function: F) -> F:
    """Let a function take X, y and other data in containers of other libraries.

    Parameters
    ----------
    function : callable
        Its parameters are recognised by their names. It gets what `in_memory` makes of them.
    """
    names = [*inspect.signature(function).parameters]

    @wraps(function)
    def reading(*args: Any, **kwargs: Any) -> Any:
        read = [
            in_memory(value) if name in _DATA else value
            for name, value in zip(names, args, strict=False)
        ]
        named = {n: in_memory(value) if n in _DATA else value for n, value in kwargs.items()}
        return function(*read, *args[len(names) :], **named)

    return cast(F, reading)


def in_memory(values: Any) -> Any:
    """Data as arrays of numpy or as frames, if they are in a container that is read.

    Parameters
    ----------
    values : object

    Returns
    -------
    object
        An array for a tensor, without its gradient; the computed array or frame for one of Dask;
        a frame or series of pandas for one of pyarrow; a frame of polars for a lazy one; a list for
        a list that holds any of these; else `values` itself.

    Examples
    --------
    >>> import torch
    >>> from ibestimators.structures import in_memory
    >>> in_memory(torch.ones(2, requires_grad=True))
    array([1., 1.], dtype=float32)
    """
    if isinstance(values, np.ndarray):
        return values
    if isinstance(values, list | tuple):
        read = [_read(item) for item in values]
        if all(new is old for new, old in zip(read, values, strict=True)):
            return values
        return read if isinstance(values, list) else tuple(read)
    return _read(values)


def _read(values: Any) -> Any:
    if isinstance(values, torch.Tensor):
        return _array_of(values)
    if hasattr(values, "__dask_graph__"):
        return values.compute()
    library = type(values).__module__.partition(".")[0]
    if library == "pyarrow" and hasattr(values, "to_pandas"):
        return values.to_pandas()
    if library == "polars" and type(values).__name__ == "LazyFrame":
        return values.collect()
    return values


def _array_of(values: torch.Tensor) -> NDArray[Any]:
    values = values.detach().cpu()
    if values.layout != torch.strided:
        values = values.to_dense()
    if values.dtype == torch.bfloat16:  # numpy has no such type
        values = values.float()
    return np.asarray(values.resolve_conj().resolve_neg().numpy())
