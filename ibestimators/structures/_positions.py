"""The positions of samples: steps, pixels, tokens, nodes; and values at each of them.

Values at positions have the form of X without its features: an array for arrays, a list of arrays
for lists. `Positions.pack` turns them into rows, one for each position of all samples, and
`Positions.unpack` turns rows into that form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

_NO_LABEL = -1  # of a class


@dataclass(frozen=True)
class Positions:
    """How many positions each sample has, and how they are arranged.

    Parameters
    ----------
    lengths : ndarray of int, shape (n_samples,)
    axes : tuple of int or None
        Sizes of the axes of positions if all samples have one shape; None if samples are items
        of a list, with one axis of positions each.
    """

    lengths: NDArray[np.int64]
    axes: tuple[int, ...] | None

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def n_axes(self) -> int:
        """Number of axes of positions of a sample."""
        return 1 if self.axes is None else len(self.axes)

    @property
    def sample(self) -> NDArray[np.int64]:
        """The sample of each row."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def shape_of(self, i: int) -> tuple[int, ...]:
        """Sizes of the axes of positions of a sample."""
        return (int(self.lengths[i]),) if self.axes is None else self.axes

    def pack(self, values: Any, name: str, of: str = "X") -> NDArray[Any]:
        """Values at positions as rows, (n_rows,) or (n_rows, n_values); or an error.

        Parameters
        ----------
        values : array-like, or list of array-like
            One sample each, with a value or a vector of values at each position.
        name : str
            What errors call the values.
        of : str, default="X"
            What errors call that which has the positions.
        """
        if len(values) != len(self):
            raise ValueError(f"{name} has {len(values)} samples, but {of} has {len(self)}.")
        whole = _as_array(values, name) if hasattr(values, "shape") else None
        if whole is not None and whole.dtype != object and self.axes is not None:
            positions, values_of_each = np.split(np.array(whole.shape[1:]), [self.n_axes])
            if tuple(positions) == self.axes and len(values_of_each) < 2:
                return whole.reshape(-1, *values_of_each)
        items = [_as_array(item, name) for item in (values if whole is None else whole)]
        for i, item in enumerate(items):
            expected = self.shape_of(i)
            if item.shape[: self.n_axes] != expected or item.ndim > self.n_axes + 1:
                raise ValueError(
                    f"sample {i} of {name} has the shape {item.shape}, but sample {i} of {of} has "
                    f"positions of shape {expected}. Give one value, or a vector of values, for "
                    "each position."
                )
        values_of_rows = {item.shape[self.n_axes :] for item in items}
        if len(values_of_rows) > 1:
            raise ValueError(
                f"{name} must hold the same number of values at each position, but samples have "
                f"vectors of shapes {sorted(values_of_rows)}."
            )
        (shape,) = values_of_rows
        return np.concatenate([item.reshape(-1, *shape) for item in items])

    def fits(self, values: Any) -> bool:
        """Whether values have a value for each position, and not merely a row a sample."""
        if _is_array(values):
            return len(values.shape) > 2 and values.shape[1 : 1 + self.n_axes] == self.axes
        try:
            if not len(values) or np.ndim(next(iter(values))) == 0:
                return False
            shapes = [np.shape(item) for item in values]
        except (TypeError, ValueError):  # no collection, or lists of different lengths
            return False
        same = len(shapes) == len(self) and all(
            shape[: self.n_axes] == self.shape_of(i) for i, shape in enumerate(shapes)
        )
        # Rows of one length could be several labels or outputs of each sample.
        return same and (len(set(shapes)) > 1 or len(shapes[0]) > 1)

    def unpack(self, rows: NDArray[Any]) -> NDArray[Any] | list[NDArray[Any]]:
        """Rows, (n_rows, ...), in the form of the samples."""
        if self.axes is not None:
            return rows.reshape(len(self), *self.axes, *rows.shape[1:])
        return np.split(rows, np.cumsum(self.lengths)[:-1])

    def refuse_empty(self) -> None:
        """Raise an error if a sample has no position."""
        if (self.lengths == 0).any():
            raise ValueError(
                f"sample {int(np.flatnonzero(self.lengths == 0)[0])} of X has no position, so that "
                "there is nothing to predict. Drop it."
            )


def is_flat(y: Any) -> bool:
    """Whether y is one number or text a sample."""
    if _is_array(y):
        return len(y.shape) == 1
    return all(isinstance(item, str) or np.ndim(item) == 0 for item in y)


def is_labelled(rows: NDArray[Any], has_classes: bool) -> NDArray[np.bool_]:
    """Whether each row has a label: it is not NaN, None or, of classes, -1.

    Parameters
    ----------
    rows : ndarray of shape (n_rows,) or (n_rows, n_outputs)
    has_classes : bool
        Whether rows hold classes or labels, of which -1 is none.
    """
    missing = np.asarray(pd.isna(rows))
    if has_classes and rows.dtype.kind in "ifO":
        missing |= np.asarray(rows == _NO_LABEL, dtype=bool)
    if rows.ndim == 1:
        return ~missing
    partly = missing.any(1) & ~missing.all(1)
    if partly.any():
        raise ValueError(
            "y has positions with some values missing and others not, such as "
            f"{rows[partly][0].tolist()}. Give all values of a position, or none."
        )
    return np.asarray(~missing.any(1))


def weights_of_rows(sample_weight: ArrayLike, positions: Positions) -> NDArray[Any]:
    """The weight of each position, from weights of samples or of positions."""
    if not is_flat(sample_weight):
        return positions.pack(sample_weight, "sample_weight")
    weight = np.asarray(sample_weight)
    if len(weight) != len(positions):
        raise ValueError(
            f"sample_weight has {len(weight)} weights, but X has {len(positions)} samples. Give "
            "one for each sample, or one for each position in the form of y."
        )
    return np.repeat(weight, positions.lengths)


def rows_of(rows: NDArray[Any], labelled: NDArray[np.bool_]) -> NDArray[Any]:
    """The rows that have a label."""
    found = rows[labelled]
    # With what is missing gone, numbers are numbers.
    return np.array(found.tolist()) if found.dtype == object else found


def _is_array(values: Any) -> bool:
    """Whether values are an array or a data frame, and no array of objects."""
    kind = getattr(getattr(values, "dtype", None), "kind", None)
    return hasattr(values, "shape") and kind != "O"


def _as_array(values: Any, name: str) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:  # nested lists of different lengths
        raise ValueError(f"{name} is not an array: {error}") from error
