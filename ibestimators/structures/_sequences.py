"""Sequences: samples of different numbers of steps."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from ibestimators.formatting import counted, span
from ibestimators.structures._arrays import ArrayStructure, count_missing
from ibestimators.structures._columns import column_names, numbers_of
from ibestimators.structures._kinds import (
    Fact,
    Layout,
    Structure,
    first_sample,
    lengths_differ,
    n_axes,
    refuse_input_shape,
    refuse_no_samples,
)
from ibestimators.structures._packed import PackedSamples


class SequenceStructure(Structure):
    """Features of the steps of sequences, and their scales.

    Parameters
    ----------
    steps : ArrayStructure
        The steps of all sequences, as samples of one shape.
    longest, typical : int
        Largest and mean number of steps in fit.
    """

    kind = "sequences"
    name = "a list of sequences (2-D arrays)"

    def __init__(self, steps: ArrayStructure, longest: int, typical: int) -> None:
        self.steps = steps
        (self.n_features,) = steps.sample_shape
        self.layout = Layout(self.kind, (None, self.n_features), longest, typical)

    @classmethod
    def recognises(cls, X: Any) -> bool:
        first = first_sample(X)
        if hasattr(first, "shape") and not isinstance(first, np.generic):
            if n_axes(first) == 1 and lengths_differ(X):
                raise ValueError(
                    "X holds 1-D arrays of numbers of different lengths. For sequences give each "
                    "the shape (steps, features), such as x.reshape(-1, 1); for tokens give "
                    "integers."
                )
            return n_axes(first) == 2
        if not isinstance(first, list | tuple) or not lengths_differ(X):
            return False
        entries = [entry for item in X for entry in item[:1]]
        if all(hasattr(entry, "__len__") for entry in entries):
            return True
        if all(isinstance(entry, Real) for entry in entries):
            raise ValueError(
                "X holds lists of numbers of different lengths. For sequences give 2-D arrays "
                "(steps, features); for tokens give integers; for a table give rows of one length."
            )
        return False

    @classmethod
    def check(
        cls, X: Any, estimator: Any, fitted: Self | None = None
    ) -> list[NDArray[np.floating[Any]]]:
        refuse_no_samples(X)
        refuse_input_shape(estimator, cls.name)
        steps = check_sequences(X, estimator.channels_first)
        names = column_names(next(iter(X)))
        if fitted is None:
            if names is not None:
                estimator.feature_names_in_ = np.array(names, dtype=object)
        elif names is not None and names != list(getattr(estimator, "feature_names_in_", names)):
            raise ValueError(
                f"sequences in X have the columns {names}, but fit saw "
                f"{list(estimator.feature_names_in_)}. Give them in the same order."
            )
        return steps

    @classmethod
    def learn(
        cls, X: list[NDArray[Any]], sample_weight: NDArray[Any] | None, estimator: Any
    ) -> Self:
        lengths = lengths_of(X)
        weight = None if sample_weight is None else np.repeat(sample_weight, lengths)
        steps = ArrayStructure.learn(np.concatenate(X), weight, estimator)
        return cls(steps, int(lengths.max()), round(lengths.mean()))

    def state(self) -> dict[str, Any]:
        sizes = {"longest": self.layout.longest, "typical": self.layout.typical}
        return {"n_features": self.n_features, "steps": self.steps.state()} | sizes

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        steps = ArrayStructure.from_state(state["steps"])
        return cls(steps, state["longest"], state["typical"])

    def read(self, X: list[NDArray[Any]], dtype: torch.dtype) -> PackedSamples:
        """Check the features against those seen in fit, and scale them."""
        if X[0].shape[1] != self.n_features:
            raise ValueError(
                f"X has sequences of {X[0].shape[1]} features, but fit saw {self.n_features}. "
                "Give X the same features as in fit, or fit again."
            )
        rows = self.steps.all_scaled(np.concatenate(X), dtype)
        return PackedSamples(rows, torch.from_numpy(lengths_of(X)))

    def adopt(self, X: Any, kind: str) -> Any:
        if kind == "array" and n_axes(X) == 3:
            return list(np.asarray(X))
        return list(X) if kind == "array" and n_axes(X) < 2 and hasattr(X, "__len__") else None

    @classmethod
    def describe(cls, X: Any) -> list[Fact]:
        n_missing = sum(map(count_missing, X))
        return [
            ("X", cls.name),
            ("samples", f"{len(X):,}"),
            ("steps of a sample", span(map(len, X))),
            ("features of a step", span(np.shape(item)[-1] for item in X)),
            ("missing values", f"{n_missing:,}" if n_missing else "none"),
        ]

    @classmethod
    def summary(cls, X: Any) -> str:
        return f"{counted(len(X), 'sequence')} of {span(map(len, X))} steps"


def check_sequences(
    X: Sequence[Any], channels_first: bool, name: str = "sequence {} of X"
) -> list[NDArray[np.floating[Any]]]:
    """X as a list of float arrays (n_steps_i, n_features), or an error that names the sample.

    Parameters
    ----------
    X : sequence of array-like
    channels_first : bool
        Whether the arrays are (n_features, n_steps_i), as in aeon.
    name : str
        What errors call a sample, with its number in the place of the braces.
    """
    checked: list[NDArray[np.floating[Any]]] = []
    names = column_names(next(iter(X)))
    for i, item in enumerate(X):
        if column_names(item) != names:
            raise ValueError(
                f"{name.format(i)} has the columns {column_names(item)}, but {name.format(0)} has "
                f"{names}. Give all the same, in the same order."
            )
        steps = as_array(item, name.format(i), np.float64)
        if steps.ndim != 2:
            raise ValueError(
                f"{name.format(i)} has shape {steps.shape}, but (steps, features) is expected. "
                "A sequence of one feature is x.reshape(-1, 1)."
            )
        steps = steps.T if channels_first else steps
        if 0 in steps.shape:
            raise ValueError(
                f"{name.format(i)} has shape {steps.shape}; it needs at least one step and one "
                "feature. Drop it, or give it one step of a neutral value."
            )
        if checked and steps.shape[1] != checked[0].shape[1]:
            raise ValueError(
                f"{name.format(i)} has {steps.shape[1]} features, but {name.format(0)} has "
                f"{checked[0].shape[1]}. Give all the same number; if features come first, set "
                "channels_first=True."
            )
        if not np.isfinite(steps).all():
            raise ValueError(
                f"{name.format(i)} contains NaN or infinity. Fill the gaps in, or drop it."
            )
        checked.append(steps)
    return checked


def as_array(item: Any, name: str, dtype: type[np.float64 | np.int64]) -> NDArray[Any]:
    """A sample as an array of numbers or integers, or an error that names it."""
    integers = dtype is np.int64
    item = numbers_of(item, name) if hasattr(item, "columns") else item
    try:
        array = np.asarray(item)
    except ValueError as error:  # nested lists of different lengths
        raise ValueError(f"{name} is not an array: {error}") from error
    if array.size and array.dtype.kind not in ("iu" if integers else "biuf"):
        expected = "integers, its tokens" if integers else "numbers"
        raise ValueError(f"{name} must hold {expected}, but it is of type {array.dtype}.")
    # Floats stay as they are: a copy of all steps would double the memory.
    return array if array.dtype.kind == "f" and not integers else array.astype(dtype)


def lengths_of(X: list[NDArray[Any]]) -> NDArray[np.int64]:
    """The number of rows of each sample."""
    return np.array([len(item) for item in X], dtype=np.int64)
