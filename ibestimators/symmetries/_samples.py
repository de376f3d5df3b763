"""Arrays as the transformations take them: positions and features apart, scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_array

from ibestimators.structures import check_columns_are_numeric, refuse_masked, structure_of
from ibestimators.symmetries._groups import Symmetry, identity


def check_samples(X: Any, user: str) -> NDArray[np.float64]:
    """X as an array of finite numbers at two positions or more, as `check_numbers`."""
    array = check_numbers(X, user)
    if np.prod(axes_of(array)) < 2:
        raise ValueError(
            f"X has the shape {array.shape}: one position, so that there is nothing to move. The "
            "last axis of X is the features, unless it has two axes."
        )
    return array


def check_numbers(X: Any, user: str) -> NDArray[np.float64]:
    """X as an array of finite numbers.

    Parameters
    ----------
    X : array-like of shape (n_samples, d), (n_samples, steps, features) or with more axes
    user : str
        What asks, for errors.

    Raises
    ------
    TypeError
        If X is no array.
    ValueError
        If it has missing values or text.
    """
    refuse_masked(X, "X")
    structure = structure_of(X)
    if structure.kind != "array":
        raise TypeError(
            f"X is {structure.name}, but {user} takes arrays of one shape: tables, series, images "
            "and volumes."
        )
    try:
        array = check_array(X, allow_nd=True, dtype=np.float64, input_name="X")
    except (TypeError, ValueError) as error:
        check_columns_are_numeric(X)  # a clearer error, if that is the reason
        if "contains NaN" in str(error):
            raise ValueError(
                f"Input X contains NaN, but {user} needs a number everywhere. Fill the gaps, those "
                "of a table by table_pipeline('passthrough').fit_transform(X)."
            ) from error
        raise
    return np.asarray(array)


def axes_of(X: NDArray[Any]) -> tuple[int, ...]:
    """Sizes of the axes of positions; the columns of a table are positions."""
    return tuple(X.shape[1:-1] or X.shape[1:])


@dataclass(frozen=True)
class Scale:
    r"""Mean and standard deviation of each feature, or column of a table.

    Between X and Z of shape (n_samples, \*axes, features), which transformations take.
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def of(cls, X: NDArray[np.float64]) -> Self:
        """The scale of a checked X."""
        scaler = StandardScaler().fit(X.reshape(-1, X.shape[-1]))
        return cls(scaler.mean_, scaler.scale_)

    def scaled(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """X as Z."""
        Z = (X - self.mean) / self.deviation
        return np.asarray(Z[..., np.newaxis] if X.ndim == 2 else Z)

    def copies(self, X: NDArray[Any], symmetry: Symmetry) -> list[NDArray[np.float64]]:
        """X after each change but the identity, in its own shape.

        Positions move with the values that they have; changes of values are in units of the scale.
        """
        changes = [transform for transform in symmetry.transforms if transform is not identity]
        Z = self.scaled(X)
        if symmetry.changes_values:
            changed = [change(Z) for change in changes]
            return [self._in_own_units(values, X.shape) for values in changed]
        positions = X.reshape(Z.shape)
        return [np.asarray(change(positions).reshape(X.shape), float) for change in changes]

    def _in_own_units(self, Z: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.float64]:
        return np.asarray(Z.reshape(shape) * self.deviation + self.mean)
