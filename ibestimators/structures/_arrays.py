"""Arrays: samples of one shape.

The last axis is the features, the axes between it and the samples are the
structure. ``(n, d)`` has d features and no structure, ``(n, steps, features)`` is
a sequence, ``(n, height, width, features)`` an image, ``(n, depth, height, width,
features)`` a volume.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_array, validate_data

from ibestimators.formatting import counted
from ibestimators.structures._columns import (
    check_columns_are_numeric,
    remedy_for_non_numeric,
)
from ibestimators.structures._kinds import (
    Fact,
    Index,
    Layout,
    Structure,
    n_axes,
)
from ibestimators.structures._positions import Positions
from ibestimators.structures._scaling import (
    finite_scale,
    is_finite,
    new_scaler,
    scaler_from_state,
    scaler_state,
)

# Rows are scaled in blocks of about this many numbers, so that the float64 scratch
# space stays small whatever the size of X.
_BLOCK = 1 << 18


class ArraySamples:
    """Samples of one shape; a batch is ``x`` of shape (batch, *sample_shape)."""

    def __init__(self, values: torch.Tensor):
        self.values = values
        self.sizes = None

    def __len__(self) -> int:
        return len(self.values)

    def batch(self, index: Index) -> dict[str, torch.Tensor]:
        if isinstance(index, slice):
            return {"x": self.values[index]}
        return {"x": self.values.index_select(0, index)}

    def take(self, index: torch.Tensor) -> ArraySamples:
        return ArraySamples(self.values[index])


class UnscaledSamples:
    """Samples that are scaled batch by batch, and never held as a whole.

    Parameters
    ----------
    X : ndarray of shape (n, *sample_shape)
    scaled : callable
        Turns some rows of X into the tensor that a network takes.
    rows : torch.Tensor of int or None, default=None
        The rows of X that are the samples; None for all.
    """

    def __init__(
        self,
        X: NDArray[Any],
        scaled: Callable[[NDArray[Any]], torch.Tensor],
        rows: torch.Tensor | None = None,
    ) -> None:
        self.X = X
        self.scaled = scaled
        self.rows = rows
        self.sizes = None

    def __len__(self) -> int:
        return len(self.X if self.rows is None else self.rows)

    def batch(self, index: Index) -> dict[str, torch.Tensor]:
        rows = index if self.rows is None else self.rows[index]
        return {"x": self.scaled(self.X[rows if isinstance(rows, slice) else rows.numpy()])}

    def take(self, index: torch.Tensor) -> UnscaledSamples:
        return UnscaledSamples(
            self.X, self.scaled, index if self.rows is None else self.rows[index]
        )


class SparseRows:
    """A sparse matrix of which rows are read as dense arrays, a batch at a time.

    Parameters
    ----------
    matrix : scipy sparse matrix or array in CSR format, of shape (n, n_features)
    """

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix
        self.shape: tuple[int, int] = matrix.shape
        self.ndim = 2
        self.dtype = matrix.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        dense: NDArray[Any] = self.matrix[rows].toarray()
        return dense


class ArrayStructure(Structure):
    """The shape of a sample and the scale of its features.

    Parameters
    ----------
    sample_shape : tuple of int
        Structure axes, then features.
    scaler : StandardScaler or None
        Means and scales of the features; None to leave X as it is.
    any_size : bool, default=False
        Whether samples whose axes have other sizes than those of fit are read, too.
    """

    kind = "array"
    name = "an array"

    def __init__(
        self,
        sample_shape: tuple[int, ...],
        scaler: StandardScaler | None,
        any_size: bool = False,
    ) -> None:
        self.sample_shape = sample_shape
        self.any_size = any_size
        self.layout = Layout(self.kind, sample_shape)
        self.scaler = scaler
        if scaler is not None:
            self.mean = torch.from_numpy(scaler.mean_)
            self.inverse_scale = torch.from_numpy(1 / scaler.scale_)

    @classmethod
    def recognises(cls, X: Any) -> bool:
        return True

    @classmethod
    def check(cls, X: Any, estimator: Any, fitted: Self | None = None) -> NDArray[Any] | SparseRows:
        shape = None
        if estimator.input_shape is not None:
            shape = estimator._layer_sizes("input_shape", at_least=1)
        try:
            # scikit-learn looks for infinity in a sum, which may overflow for finite numbers.
            with np.errstate(over="ignore", invalid="ignore"):
                given, X = X, _check_numbers(X, estimator, fitted)
        except OverflowError as error:
            raise ValueError(f"X holds a number too large for float64 ({error}).") from error
        if X.dtype.kind not in "biuf":
            check_columns_are_numeric(given)
            raise TypeError(
                f"X is of type {X.dtype}, but numbers are expected."
                f"{remedy_for_non_numeric(given, X)}"
            )
        flat = X.ndim == 2
        if isinstance(X, SparseRows):
            if shape is not None:
                raise ValueError(
                    f"input_shape={shape} is for dense arrays, but X is a sparse matrix. Set "
                    "input_shape=None, or pass X.toarray()."
                )
            return X
        X = arrange(X, shape, estimator.channels_first)
        if fitted is None and not flat and shape is not None:  # `predict` takes flat X too
            estimator.n_features_in_ = math.prod(shape)
        return X

    @classmethod
    def learn(cls, X: NDArray[Any], sample_weight: NDArray[Any] | None, estimator: Any) -> Self:
        scaler = _fit_scaler(X, sample_weight) if estimator.standardize else None
        return cls(X.shape[1:], scaler, estimator.reads_any_size)

    @classmethod
    def positions(cls, X: NDArray[Any]) -> Positions:
        axes = X.shape[1:-1] or X.shape[1:]  # the columns of a table are positions
        return Positions(np.full(len(X), math.prod(axes)), axes)

    def state(self) -> dict[str, Any]:
        sizes = {"sample_shape": self.sample_shape, "any_size": self.any_size}
        return sizes | {"scaler": scaler_state(self.scaler)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        # Older files have no `any_size`.
        scaler = scaler_from_state(state["scaler"])
        return cls(state["sample_shape"], scaler, state.get("any_size", False))

    def read(self, X: NDArray[Any], dtype: torch.dtype) -> ArraySamples | UnscaledSamples:
        """Check X against the shape seen in fit, and scale it unless it is read by batches."""
        samples = self.stream(X, dtype)
        is_read_by_batches = isinstance(X, SparseRows) or _is_memory_mapped(X)
        return samples if is_read_by_batches else ArraySamples(self.all_scaled(X, dtype))

    def stream(self, X: NDArray[Any], dtype: torch.dtype) -> UnscaledSamples:
        """Check X against the shape seen in fit; each batch is scaled when it is read."""
        if not self._fits(X.shape[1:]):
            raise ValueError(
                f"X has samples of shape {X.shape[1:]}, but fit saw samples of shape "
                f"{self.sample_shape} (structure axes, then features). Give X the same "
                "layout as in fit, or fit again."
            )
        return UnscaledSamples(X, partial(self.scaled, dtype=dtype))

    def _fits(self, shape: tuple[int, ...]) -> bool:
        if self.any_size and len(shape) > 1:
            same_axes = len(shape) == len(self.sample_shape)
            return same_axes and shape[-1] == self.sample_shape[-1]
        return shape == self.sample_shape

    def all_scaled(self, X: NDArray[Any], dtype: torch.dtype) -> torch.Tensor:
        """All samples, scaled block by block."""
        values = torch.empty(X.shape, dtype=dtype)
        for rows in _blocks(X):
            values[rows] = self.scaled(X[rows], dtype)
        return values

    def scaled(self, X: NDArray[Any], dtype: torch.dtype) -> torch.Tensor:
        """Some samples, scaled in float64; an error if they do not fit the type."""
        values = _as_tensor(X)
        if self.scaler is not None:
            values = (values - self.mean).mul_(self.inverse_scale)
        values = values.to(dtype, copy=self.scaler is None)  # never X itself
        if not is_finite(values):
            raise ValueError(
                f"X holds numbers too large for {dtype}. Rescale X, or set "
                f"{'standardize=True or ' if self.scaler is None else ''}dtype='float64'."
            )
        return values

    def adopt(self, X: Any, kind: str) -> Any:
        shapes = {np.shape(x) for x in X} if kind in ("sequences", "tokens") else set()
        return np.stack([np.asarray(x) for x in X]) if len(shapes) == 1 else None

    @classmethod
    def describe(cls, X: Any) -> list[Fact]:
        n_samples, *shape = np.shape(X)
        n_missing = count_missing(X)
        return [
            ("X", cls.name),
            ("samples", f"{n_samples:,}"),
            ("shape of a sample", " × ".join(f"{size:,}" for size in shape) or "a number"),
            ("missing values", f"{n_missing:,}" if n_missing else "none"),
        ]

    @classmethod
    def summary(cls, X: Any) -> str:
        return f"{counted(np.shape(X)[0], 'sample')} of shape {np.shape(X)[1:]}"


def _check_numbers(X: Any, estimator: Any, fitted: ArrayStructure | None) -> Any:
    """X by scikit-learn's checks: those of tables for two axes or fewer."""
    checks: dict[str, Any] = {"dtype": "numeric", "allow_nd": True}
    if (n_axes(X) if hasattr(X, "shape") else np.asarray(X).ndim) <= 2:
        if fitted is not None and estimator.input_shape is None and len(fitted.sample_shape) > 1:
            raise ValueError(
                f"X has at most 2 dimensions, but fit saw samples of shape "
                f"{fitted.sample_shape}. Give X the same layout as in fit, or set input_shape "
                "before fit."
            )
        if fitted is not None and _is_plain(X, estimator):
            return np.asarray(X)
        try:
            checked = validate_data(
                estimator, X, reset=fitted is None, accept_sparse="csr", **checks
            )
            return SparseRows(checked) if sparse.issparse(checked) else np.asarray(checked)
        except (TypeError, ValueError):
            check_columns_are_numeric(X)  # a clearer error, if that is the reason
            raise
    X = check_array(X, input_name="X", estimator=estimator, **checks)
    if 0 in X.shape:
        raise ValueError(f"X has shape {X.shape}; every axis must have at least 1 entry.")
    return np.asarray(X)


def _is_plain(X: Any, estimator: Any) -> bool:
    """Whether scikit-learn's checks would pass X as it is; they take longer than a small network.

    An array of finite floating-point numbers with the number of columns seen in fit, which had no
    names.
    """
    return (
        type(X) is np.ndarray
        and X.dtype.char in "fd"
        and X.ndim == 2
        and len(X) > 0
        and X.shape[1] == estimator.n_features_in_
        and not hasattr(estimator, "feature_names_in_")
        and math.isfinite(X.sum())
    )


def arrange(
    X: NDArray[Any], input_shape: tuple[int, ...] | None, channels_first: bool
) -> NDArray[Any]:
    """Bring X into the layout (n_samples, *structure, features) without a copy.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
    input_shape : tuple of int or None
        Shape of a sample, to restore the structure of flattened samples.
    channels_first : bool
        Whether features come before the structure, as in torchvision and aeon.
    """
    if input_shape is not None:
        n_expected, n_given = math.prod(input_shape), math.prod(X.shape[1:])
        if n_expected != n_given:
            raise ValueError(
                f"input_shape={input_shape} holds {n_expected} numbers a sample, but X has shape "
                f"{X.shape}, {n_given} numbers a sample. Make input_shape the shape of one sample "
                "of X."
            )
        if X.ndim > 2 and _without_ones(X.shape[1:]) != _without_ones(input_shape):
            raise ValueError(
                f"input_shape={input_shape} would give samples of shape {X.shape[1:]} another "
                "structure. It is for flattened samples, or an axis of 1 left out; set "
                "channels_first=True if the features come first."
            )
        X = X.reshape(len(X), *input_shape)
    if channels_first and X.ndim > 2:
        X = np.moveaxis(X, 1, -1)
    return X


def count_missing(values: Any) -> int:
    """Number of missing values of an array or sparse matrix."""
    values = values.data if sparse.issparse(values) else values
    return int(pd.isna(np.asarray(values)).sum())


def _without_ones(shape: tuple[int, ...]) -> list[int]:
    return [size for size in shape if size != 1]


def _is_memory_mapped(X: Any) -> bool:
    """Whether an array, or the array that it is a view of, is a memory map."""
    while isinstance(X, np.ndarray):
        if isinstance(X, np.memmap):
            return True
        X = X.base
    return False


def _as_tensor(X: NDArray[Any]) -> torch.Tensor:
    """X as a tensor of float32 or float64, without a copy if torch can take it as it is."""
    if X.dtype.char in "fd" and X.dtype.isnative and X.flags.writeable and min(X.strides) >= 0:
        return torch.from_numpy(X)
    return torch.from_numpy(X.astype(np.float64))


def _blocks(X: NDArray[Any]) -> Iterator[slice]:
    step = max(1, _BLOCK // max(1, int(np.prod(X.shape[1:]))))
    return (slice(start, start + step) for start in range(0, len(X), step))


def _as_rows(X: NDArray[Any]) -> NDArray[Any]:
    return X.reshape(-1, X.shape[-1])


def _fit_scaler(X: NDArray[Any], sample_weight: NDArray[Any] | None) -> StandardScaler:
    scaler = new_scaler()
    with finite_scale(scaler, "X"):
        for rows in _blocks(X):
            block = X[rows].astype(np.float64)
            if sample_weight is None:
                scaler.partial_fit(_as_rows(block))
                continue
            weight = sample_weight[rows]
            if weight.any():  # a block without weight would divide by zero
                positions = _as_rows(block).shape[0] // len(block)
                scaler.partial_fit(_as_rows(block), sample_weight=np.repeat(weight, positions))
    return scaler
