"""Ragged sequences and tokens: samples of different lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import OrdinalEncoder

from ibestimators.structures._arrays import ArrayStructure
from ibestimators.structures._kinds import Layout
from ibestimators.structures._packed import PackedSamples


class SequenceStructure:
    """Features of the steps of sequences, and their scales.

    Parameters
    ----------
    X : list of ndarray of shape (n_steps_i, n_features)
        From `check_sequences`.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the samples in the means and scales.
    standardize : bool
        Whether to learn means and scales at all.
    """

    def __init__(
        self, X: list[NDArray[Any]], sample_weight: NDArray[Any] | None, standardize: bool
    ) -> None:
        lengths = _lengths(X)
        self.n_features = X[0].shape[1]
        self.layout = Layout(
            "sequences", (None, self.n_features), int(lengths.max()), round(lengths.mean())
        )
        weight = None if sample_weight is None else np.repeat(sample_weight, lengths)
        self.steps = ArrayStructure(np.concatenate(X), weight, standardize)

    def state(self) -> dict[str, Any]:
        """What was learned, as plain values."""
        sizes = {"longest": self.layout.longest, "typical": self.layout.typical}
        return {"n_features": self.n_features, "steps": self.steps.state()} | sizes

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The structure that had this state."""
        structure = cls.__new__(cls)
        structure.n_features = state["n_features"]
        shape = (None, structure.n_features)
        structure.layout = Layout("sequences", shape, state["longest"], state["typical"])
        structure.steps = ArrayStructure.from_state(state["steps"])
        return structure

    def read(self, X: list[NDArray[Any]], dtype: torch.dtype) -> PackedSamples:
        """Check the features against those seen in fit, and standardise them."""
        if X[0].shape[1] != self.n_features:
            raise ValueError(
                f"X has sequences of {X[0].shape[1]} features, but fit saw {self.n_features}. "
                "Give X the same features as in fit, or fit again."
            )
        rows = self.steps.whole(np.concatenate(X), dtype)
        return PackedSamples(rows, torch.from_numpy(_lengths(X)))


class TokenStructure:
    """The vocabulary: the tokens seen in fit.

    A token is coded by its rank among them, from 1 up; one that fit did not see by 0.

    Parameters
    ----------
    X : list of ndarray of shape (n_tokens_i,)
        From `check_tokens`.
    """

    def __init__(self, X: list[NDArray[np.int64]]) -> None:
        lengths = _lengths(X)
        self._learn(np.unique(np.concatenate(X)), int(lengths.max()), round(lengths.mean()))

    def _learn(self, vocabulary: NDArray[np.int64], longest: int, typical: int) -> None:
        # unseen tokens get -1, and all move up by one
        encoder = OrdinalEncoder(
            dtype=np.int64, handle_unknown="use_encoded_value", unknown_value=-1
        )
        encoder.set_output(transform="default")  # whatever scikit-learn is set to give
        self.encoder = encoder.fit(vocabulary.reshape(-1, 1))
        self.vocabulary_size = len(vocabulary)
        self.layout = Layout("tokens", (None,), longest, typical)

    def state(self) -> dict[str, Any]:
        """What was learned, as plain values."""
        sizes = {"longest": self.layout.longest, "typical": self.layout.typical}
        return {"vocabulary": self.encoder.categories_[0]} | sizes

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The structure that had this state."""
        structure = cls.__new__(cls)
        structure._learn(state["vocabulary"], state["longest"], state["typical"])
        return structure

    def read(self, X: list[NDArray[np.int64]], dtype: torch.dtype) -> PackedSamples:
        """Code the tokens."""
        codes = self.encoder.transform(np.concatenate(X).reshape(-1, 1))[:, 0] + 1
        return PackedSamples(torch.from_numpy(codes), torch.from_numpy(_lengths(X)))


def check_sequences(X: Sequence[Any], channels_first: bool) -> list[NDArray[np.float64]]:
    """X as a list of float arrays (n_steps_i, n_features), or an error that names the sample.

    Parameters
    ----------
    X : sequence of array-like
    channels_first : bool
        Whether the arrays are (n_features, n_steps_i), as in aeon.
    """
    checked: list[NDArray[np.float64]] = []
    names = column_names(next(iter(X)))
    for i, item in enumerate(X):
        if column_names(item) != names:
            raise ValueError(
                f"sequence {i} of X has the columns {column_names(item)}, but sequence 0 has "
                f"{names}. Give all the same, in the same order."
            )
        steps = _as_array(item, f"sequence {i} of X", (np.float64, "numbers"))
        if steps.ndim != 2:
            raise ValueError(
                f"sequence {i} of X has shape {steps.shape}, but (steps, features) is expected. "
                "A sequence of one feature is x.reshape(-1, 1)."
            )
        steps = steps.T if channels_first else steps
        if 0 in steps.shape:
            raise ValueError(
                f"sequence {i} of X has shape {steps.shape}; it needs at least one step and one "
                "feature. Drop it, or give it a step that stands for nothing."
            )
        if checked and steps.shape[1] != checked[0].shape[1]:
            raise ValueError(
                f"sequence {i} of X has {steps.shape[1]} features, but sequence 0 has "
                f"{checked[0].shape[1]}. Give all the same; if features come first, set "
                "channels_first=True."
            )
        if not np.isfinite(steps).all():
            raise ValueError(
                f"sequence {i} of X contains NaN or infinity. Fill the gaps in, or drop it."
            )
        checked.append(steps)
    return checked


def check_tokens(X: Sequence[Any]) -> list[NDArray[np.int64]]:
    """X as a list of int64 arrays (n_tokens_i,), or an error that names the sample."""
    checked: list[NDArray[np.int64]] = []
    for i, item in enumerate(X):
        tokens = _as_array(item, f"sample {i} of X", (np.int64, "integers, its tokens"))
        if tokens.ndim != 1 or not tokens.size:
            raise ValueError(
                f"sample {i} of X has shape {tokens.shape}, but (tokens,) with at least one "
                "token is expected. Drop an empty sample, or give it a token of its own."
            )
        checked.append(tokens)
    return checked


def column_names(item: Any) -> list[str] | None:
    """Names of a data frame's columns."""
    return [str(name) for name in item.columns] if hasattr(item, "columns") else None


def _as_array(item: Any, name: str, expected: tuple[type, str]) -> NDArray[Any]:
    dtype, kind = expected
    try:
        array = np.asarray(item)
    except ValueError as error:  # nested lists of different lengths
        raise ValueError(f"{name} is not an array: {error}") from error
    allowed = "iu" if dtype is np.int64 else "biuf"
    if array.size and array.dtype.kind not in allowed:
        raise ValueError(f"{name} must hold {kind}, but it is of type {array.dtype}.")
    # Floats stay as they are: a copy of all steps would be as large as the data again.
    return array if dtype is np.float64 and array.dtype.kind == "f" else array.astype(dtype)


def _lengths(X: list[NDArray[Any]]) -> NDArray[np.int64]:
    return np.array([len(item) for item in X], dtype=np.int64)
