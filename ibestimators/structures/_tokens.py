"""Tokens: samples that are sequences of integers, each the code of a word or another symbol."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import OrdinalEncoder

from ibestimators.formatting import counted, span
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
from ibestimators.structures._sequences import as_array, lengths_of


class TokenStructure(Structure):
    """The vocabulary: the tokens seen in fit.

    A token is encoded by its rank in the vocabulary, from 1 up; a token that fit did not see
    by 0.

    Parameters
    ----------
    vocabulary : ndarray of int
        Sorted, without duplicates.
    longest, typical : int
        Largest and mean number of tokens of a sample in fit.
    """

    kind = "tokens"
    name = "a list of token sequences (1-D integer arrays)"

    def __init__(self, vocabulary: NDArray[np.int64], longest: int, typical: int) -> None:
        # Unseen tokens get -1, and all codes move up by one.
        encoder = OrdinalEncoder(
            dtype=np.int64, handle_unknown="use_encoded_value", unknown_value=-1
        )
        encoder.set_output(transform="default")  # whatever scikit-learn is set to give
        self.encoder = encoder.fit(vocabulary.reshape(-1, 1))
        self.layout = Layout(self.kind, (None,), longest, typical, vocabulary_size=len(vocabulary))

    @classmethod
    def recognises(cls, X: Any) -> bool:
        first = first_sample(X)
        if isinstance(first, str) or (n_axes(X) == 1 and np.asarray(X).dtype.kind in "US"):
            raise TypeError(
                "X holds text, but tokens are expected. Put a tokenizer in front: "
                "make_pipeline(TextTokenizer(), estimator)."
            )
        if hasattr(first, "shape") and not isinstance(first, np.generic):
            return n_axes(first) == 1 and np.asarray(first).dtype.kind in "iu"
        if not isinstance(first, list | tuple) or not lengths_differ(X):
            return False
        return all(isinstance(entry, Integral) for item in X for entry in item[:1])

    @classmethod
    def check(cls, X: Any, estimator: Any, fitted: Self | None = None) -> list[NDArray[np.int64]]:
        refuse_no_samples(X)
        refuse_input_shape(estimator, cls.name)
        return check_tokens(X)

    @classmethod
    def learn(
        cls, X: list[NDArray[np.int64]], sample_weight: NDArray[Any] | None, estimator: Any
    ) -> Self:
        lengths = lengths_of(X)
        return cls(np.unique(np.concatenate(X)), int(lengths.max()), round(lengths.mean()))

    def state(self) -> dict[str, Any]:
        sizes = {"longest": self.layout.longest, "typical": self.layout.typical}
        return {"vocabulary": self.encoder.categories_[0]} | sizes

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        return cls(state["vocabulary"], state["longest"], state["typical"])

    def read(self, X: list[NDArray[np.int64]], dtype: torch.dtype) -> PackedSamples:
        """Encode the tokens."""
        codes = self.encoder.transform(np.concatenate(X).reshape(-1, 1))[:, 0] + 1
        return PackedSamples(torch.from_numpy(codes), torch.from_numpy(lengths_of(X)))

    def adopt(self, X: Any, kind: str) -> Any:
        if kind == "array" and n_axes(X) == 2 and np.asarray(X).dtype.kind in "iu":
            return list(np.asarray(X))
        return list(X) if kind == "array" and n_axes(X) < 2 and hasattr(X, "__len__") else None

    @classmethod
    def describe(cls, X: Any) -> list[Fact]:
        return [
            ("X", cls.name),
            ("samples", f"{len(X):,}"),
            ("tokens of a sample", span(map(len, X))),
        ]

    @classmethod
    def summary(cls, X: Any) -> str:
        return f"{counted(len(X), 'token sequence')} of {span(map(len, X))} tokens"


def check_tokens(X: Sequence[Any], name: str = "sample {} of X") -> list[NDArray[np.int64]]:
    """X as a list of int64 arrays (n_tokens_i,), or an error that names the sample."""
    checked: list[NDArray[np.int64]] = []
    for i, item in enumerate(X):
        tokens = as_array(item, name.format(i), np.int64)
        if tokens.ndim != 1 or not tokens.size:
            raise ValueError(
                f"{name.format(i)} has shape {tokens.shape}, but (tokens,) with at least one "
                "token is expected. Drop an empty sample, or give it a token of its own."
            )
        checked.append(tokens)
    return checked
