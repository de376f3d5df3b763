"""Arrays and data frames: positions, and the features at them."""

from __future__ import annotations

import math
from collections.abc import Hashable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import _safe_indexing

from ibestimators.perturbations._base import MAX_UNITS, Perturbations, block_label, blocks
from ibestimators.structures import Positions

Place = tuple[Any, ...]  # an index into the axes after the samples


class ArrayPerturbations(Perturbations):
    """Arrays, features last. The columns of ``(n, d)`` are positions with one feature."""

    kind = "array"
    structures = {
        "positions": "positions in one random order, the same for all samples",
        "time": "steps or frames in random order",
        "space": "positions within a step or frame in one random order, the same for all",
    }
    transforms = ("shift", "reflection", "permutation", "rotation", "time_reversal", "rescaling")
    unit_names = ("feature", "step", "region", "patch", "node")

    def __init__(self, X: Any) -> None:
        if sparse.issparse(X):
            X = X.tocsr()
        elif not hasattr(X, "columns"):
            X = np.asarray(X)
        if len(X.shape) < 2:
            raise ValueError(f"X has shape {X.shape}, but (n_samples, ...) is expected. Reshape X.")
        super().__init__(X)
        self.axes: tuple[int, ...] = X.shape[1:-1] or X.shape[1:]  # of the structure
        # The first axis is time, the others are space; the columns of a table are neither.
        known = ["positions", *(["time"] if len(X.shape) > 2 else [])]
        known += ["space"] if len(self.axes) > 1 else []
        self.structures = {name: self.structures[name] for name in known}

    @cached_property
    def values(self) -> NDArray[Any]:
        """X as an array."""
        return self.X.toarray() if sparse.issparse(self.X) else np.asarray(self.X)

    @property
    def description(self) -> str:
        what = "a sparse matrix" if sparse.issparse(self.X) else "an array"
        return f"{what} of shape {self.X.shape}"

    def destroy(self, structure: str, random: np.random.RandomState) -> Any:
        if hasattr(self.X, "columns") or sparse.issparse(self.X):
            return _safe_indexing(self.X, random.permutation(self.X.shape[1]), axis=1)
        n_steps = self.axes[0]
        if structure == "time":
            return self.values[:, random.permutation(n_steps)]
        positions = self._flat()
        if structure == "space":  # (n, steps, positions of a step, features)
            positions = positions.reshape(len(self.X), n_steps, -1, positions.shape[-1])
        order = random.permutation(positions.shape[-2])
        return positions[..., order, :].reshape(self.X.shape)

    @property
    def positions(self) -> Positions:
        return Positions(np.full(self.X.shape[0], math.prod(self.axes)), self.axes)

    def numbered(self, rows: NDArray[Any]) -> NDArray[Any]:
        return (
            rows.reshape(*self.X.shape[:-1], 1)
            if len(self.X.shape) > 2
            else rows.reshape(self.X.shape)
        )

    def _flat(self) -> NDArray[Any]:
        """Values of shape (n, positions, features)."""
        n_features = self.X.shape[-1] if len(self.X.shape) > 2 else 1
        return self.values.reshape(len(self.X), int(np.prod(self.axes)), n_features)

    def transform(self, name: str, random: np.random.RandomState) -> Any:
        changed = super().transform(name, random)
        if isinstance(self.X, pd.DataFrame):  # estimators compare the names of columns
            return pd.DataFrame(changed, index=self.X.index, columns=self.X.columns)
        if hasattr(self.X, "with_columns"):  # polars
            return type(self.X)(changed, schema=self.X.columns)
        return changed

    def shift(self, random: np.random.RandomState) -> NDArray[Any]:
        return np.stack([roll(x, self.axes, random) for x in self.values])

    def reflection(self, random: np.random.RandomState) -> NDArray[Any]:
        return np.flip(self.values, len(self.axes)).copy()  # torch reads no negative strides

    def permutation(self, random: np.random.RandomState) -> NDArray[Any]:
        permuted = [x[random.permutation(len(x))] for x in self._flat()]
        return np.stack(permuted).reshape(self.X.shape)

    def rotation(self, random: np.random.RandomState) -> NDArray[Any]:
        if len(self.axes) != 2 or self.axes[0] != self.axes[1]:
            self._refuse("rotation", "square images (n, size, size, features)")
        return np.rot90(self.values, axes=(1, 2)).copy()

    def time_reversal(self, random: np.random.RandomState) -> NDArray[Any]:
        if len(self.axes) > 1:
            self._refuse("time_reversal", "(n, d) or (n, steps, features)")
        return np.flip(self.values, 1).copy()

    def rescaling(self, random: np.random.RandomState) -> NDArray[Any]:
        return 2 * self.values

    def _refuse(self, transform: str, needed: str) -> None:
        raise ValueError(
            f"transform={transform!r} does not apply to {self.description}, only to {needed}. "
            "Choose another transform, or give a function."
        )

    def units(self, unit: str, size: int | None, x: Any) -> ArrayUnits:
        from ibestimators.perturbations._sparse import SparseUnits  # a subclass of ArrayUnits

        units = SparseUnits if sparse.issparse(self.X) else ArrayUnits
        return units(self, unit, size, x)


def roll(x: NDArray[Any], sizes: tuple[int, ...], random: np.random.RandomState) -> NDArray[Any]:
    """A sample rolled by one position or more along each of its first axes."""
    # an axis of one position is the same after any roll
    steps = [random.randint(1, max(2, size)) for size in sizes]
    return np.roll(x, steps, tuple(range(len(sizes))))


class ArrayUnits:
    """Units of arrays and data frames."""

    def __init__(
        self, perturbations: ArrayPerturbations, unit: str, size: int | None, x: Any
    ) -> None:
        self.X = perturbations.X
        self.axes = perturbations.axes
        self.x = None if x is None else self._as_row(x)
        self.unit = self._resolve(unit, size, perturbations.description)
        self.places = self._places(size)
        self.labels = tuple(self._label(place) for place in self.places)
        self.over = self._over()

    def _as_row(self, x: Any) -> Any:
        """A sample as X with one row."""
        if hasattr(x, "to_frame") and hasattr(self.X, "iloc"):
            x = x.to_frame().T.astype(self.X.dtypes)
        elif not hasattr(x, "columns"):
            x = np.asarray(x)
            x = x[np.newaxis] if x.ndim < len(self.X.shape) else x
        if x.shape != (1, *self.X.shape[1:]) or hasattr(x, "columns") != hasattr(self.X, "columns"):
            raise ValueError(
                f"x is a {type(x).__name__} of shape {x.shape[1:]}, but the samples of X, a "
                f"{type(self.X).__name__}, have shape {self.X.shape[1:]}. Give x as one of them."
            )
        return x

    def _resolve(self, unit: str, size: int | None, description: str) -> str:
        n_axes = len(self.axes)
        if unit == "auto":
            if len(self.X.shape) == 2 and size is None:
                return "feature"
            if n_axes > 1:
                return "patch"
            return "region" if size is not None or self.axes[0] > MAX_UNITS else "step"
        if (unit in ("step", "region") and n_axes > 1) or (unit == "patch" and n_axes == 1):
            other = "'patch'" if n_axes > 1 else "'region', or reshape X to (n, height, width, 1)"
            raise ValueError(
                f"unit={unit!r} does not apply to {description}, whose structure has {n_axes} "
                f"axes (the last axis of X is the features). Choose {other}."
            )
        return unit

    def _places(self, size: int | None) -> list[Place]:
        if self.unit == "feature":
            return [(..., slice(j, j + 1)) for j in range(self.X.shape[-1])]
        return list(blocks(self.axes, 1 if self.unit in ("step", "node") else size))

    def _label(self, place: Place) -> Hashable:
        if hasattr(self.X, "columns") and place[-1].stop - place[-1].start == 1:
            return self.X.columns[place[-1].start]
        names = [block_label(block) for block in place if block is not ...]
        if self.unit == "patch":
            return ", ".join(map(str, names))
        return names[0] if len(names) == 1 else tuple(names)

    def _over(self) -> Any:
        """A signal (steps, features), an image (height, width, features), or None."""
        n_drawn = {"step": 1, "region": 1, "patch": 2}.get(self.unit)
        numbers = not hasattr(self.X, "columns") and self.X.dtype.kind in "biuf"
        if n_drawn != len(self.axes) or not numbers:
            return None
        mean = self.x[0] if self.x is not None else self.X.mean(0)
        return mean.reshape(*self.axes, -1)

    def exchange(self, place: Place, random: np.random.RandomState) -> Any:
        return self._put(self.X, random.permutation(len(self.X)), place)

    def repeat(self, n: int) -> Any:
        assert self.x is not None
        if hasattr(self.X, "with_columns"):
            return self.x[[0] * n]
        return self.x.iloc[[0] * n] if hasattr(self.X, "iloc") else np.repeat(self.x, n, 0)

    def replace(self, place: Place, n: int, random: np.random.RandomState) -> Any:
        return self._put(self.repeat(n), random.randint(len(self.X), size=n), place)

    def _put(self, samples: Any, donors: NDArray[np.int64], place: Place) -> Any:
        """Samples with the values of other samples, the donors, at a place."""
        if hasattr(samples, "with_columns"):  # polars
            return samples.with_columns(self.X[:, place[-1]][donors].get_columns())
        changed = samples.copy()
        if hasattr(samples, "iloc"):
            for column in range(*place[-1].indices(samples.shape[1])):
                changed.isetitem(column, self.X.iloc[donors, column].array)
        else:
            changed[(slice(None), *place)] = self.X[(donors, *place)]
        return changed
