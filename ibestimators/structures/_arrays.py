"""Arrays: samples of one shape.

The last axis is the features, the axes between it and the samples are the
structure. ``(n, d)`` has d features and no structure, ``(n, steps, features)`` is
a sequence, ``(n, height, width, features)`` an image, ``(n, depth, height, width,
features)`` a volume.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from ibestimators.structures._kinds import Index, Layout

# Rows are standardised in blocks of about this many numbers, so that the
# float64 scratch space stays small whatever the size of X.
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


class MappedSamples:
    """Samples of a memory map, read and scaled batch by batch, so never held whole.

    Parameters
    ----------
    X : ndarray of shape (n, *sample_shape)
    rows : torch.Tensor of int
        Which of them are the samples.
    scaled : callable
        From some samples to the tensor that a network takes.
    """

    def __init__(
        self, X: NDArray[Any], rows: torch.Tensor, scaled: Callable[[NDArray[Any]], torch.Tensor]
    ) -> None:
        self.X = X
        self.rows = rows
        self.scaled = scaled
        self.sizes = None

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, index: Index) -> dict[str, torch.Tensor]:
        return {"x": self.scaled(self.X[self.rows[index].numpy()])}

    def take(self, index: torch.Tensor) -> MappedSamples:
        return MappedSamples(self.X, self.rows[index], self.scaled)


class ArrayStructure:
    """The shape of a sample and the scale of its features.

    Parameters
    ----------
    X : ndarray of shape (n_samples, *sample_shape)
        From `arrange`.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the samples in the means and scales.
    standardize : bool
        Whether to learn means and scales at all.
    """

    def __init__(
        self, X: NDArray[Any], sample_weight: NDArray[Any] | None, standardize: bool
    ) -> None:
        self.sample_shape: tuple[int, ...] = X.shape[1:]
        self.layout = Layout("array", self.sample_shape)
        self.scaler = _fit_scaler(X, sample_weight) if standardize else None

    def state(self) -> dict[str, Any]:
        """What was learned, as plain values."""
        return {"sample_shape": self.sample_shape, "scaler": scaler_state(self.scaler)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The structure that had this state."""
        structure = cls.__new__(cls)
        structure.sample_shape = state["sample_shape"]
        structure.layout = Layout("array", structure.sample_shape)
        structure.scaler = scaler_from_state(state["scaler"])
        return structure

    def read(self, X: NDArray[Any], dtype: torch.dtype) -> ArraySamples | MappedSamples:
        """Check X against the shape seen in fit, and standardise it."""
        if X.shape[1:] != self.sample_shape:
            raise ValueError(
                f"X has samples of shape {X.shape[1:]}, but fit saw samples of shape "
                f"{self.sample_shape} (structure axes, then features). Give X the same "
                "layout as in fit, or fit again."
            )
        if _is_mapped(X):
            return MappedSamples(X, torch.arange(len(X)), partial(self.scaled, dtype=dtype))
        return ArraySamples(self.whole(X, dtype))

    def whole(self, X: NDArray[Any], dtype: torch.dtype) -> torch.Tensor:
        """All samples, standardised."""
        values = torch.empty(X.shape, dtype=dtype)
        for rows in _blocks(X):
            values[rows] = self.scaled(X[rows], dtype)
        return values

    def scaled(self, X: NDArray[Any], dtype: torch.dtype) -> torch.Tensor:
        """Some samples, standardised; an error if they do not fit the type."""
        block = X.astype(np.float64)
        if self.scaler is not None:
            block = self.scaler.transform(_as_rows(block)).reshape(block.shape)
        values = torch.from_numpy(block).to(dtype)
        if not torch.isfinite(values).all():
            raise ValueError(
                f"X holds numbers too large for {dtype}. Rescale X, or set "
                f"{'standardize=True or ' if self.scaler is None else ''}dtype='float64'."
            )
        return values


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
        if int(np.prod(input_shape)) != int(np.prod(X.shape[1:])):
            raise ValueError(
                f"input_shape={input_shape} holds {int(np.prod(input_shape))} numbers a sample, "
                f"but X has shape {X.shape}, {int(np.prod(X.shape[1:]))} numbers a sample. "
                "Make input_shape the shape of one sample of X."
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


def _without_ones(shape: tuple[int, ...]) -> list[int]:
    return [size for size in shape if size != 1]


def _is_mapped(X: Any) -> bool:
    """Whether an array, or what it is a view of, is a memory map."""
    while isinstance(X, np.ndarray):
        if isinstance(X, np.memmap):
            return True
        X = X.base
    return False


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


def new_scaler(*, with_mean: bool = True, with_std: bool = True) -> StandardScaler:
    """A scaler that gives arrays, even where scikit-learn is set to give data frames."""
    scaler = StandardScaler(with_mean=with_mean, with_std=with_std)
    return scaler.set_output(transform="default")


@contextmanager
def finite_scale(scaler: StandardScaler, name: str) -> Iterator[None]:
    """An error, and no other warnings, if what a scaler learns inside is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        yield
    for learned in (scaler.mean_, scaler.var_):
        if learned is not None and not np.isfinite(learned).all():
            raise ValueError(
                f"{name} holds numbers so large that their squares are infinite. Rescale it, as by "
                "a factor, or take logarithms."
            )


def scaler_state(scaler: StandardScaler | None) -> dict[str, Any] | None:
    """What a scaler learned, as plain values."""
    if scaler is None:
        return None
    names = ("with_mean", "with_std", "mean_", "var_", "scale_", "n_samples_seen_")
    return {name: getattr(scaler, name) for name in names}


def scaler_from_state(state: dict[str, Any] | None) -> StandardScaler | None:
    """The scaler that had this state."""
    if state is None:
        return None
    scaler = new_scaler(with_mean=state["with_mean"], with_std=state["with_std"])
    for name in ("mean_", "var_", "scale_", "n_samples_seen_"):
        setattr(scaler, name, state[name])
    known = next(v for v in (scaler.mean_, scaler.scale_) if v is not None)
    scaler.n_features_in_ = len(known)
    return scaler
