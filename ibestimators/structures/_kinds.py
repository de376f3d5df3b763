"""What X is: one class for each kind of X, recognised by the type of its first sample.

========= =============================================================================
kind      X
========= =============================================================================
array     an array of 2 axes or more, a data frame, or nested lists that make one
sequences a list of 2-D arrays (steps_i, features), of any lengths
tokens    a list of 1-D arrays of integers, of any lengths
graphs    a list of networkx graphs, of pairs (adjacency, node_features), or of objects
          with an ``edge_index``, as PyTorch Geometric's ``Data``
pairs     a list of `Pair`, each of queries and a context
========= =============================================================================

An object array or a series of such items counts as a list. A new kind of X is one subclass of
`Structure`, in a file of its own, and a line in the registry (`_registry.py`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, is_dataclass, replace
from typing import Any, ClassVar, Protocol, Self

import networkx as nx
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from ibestimators.structures._positions import Positions

MAX_SYMBOLS = 256  # a vocabulary of more tokens has rare ones: words

Index = slice | torch.Tensor
Fact = tuple[str, str]


class Samples(Protocol):
    """Samples that a network can be trained on.

    ``sizes`` holds the number of rows of each sample, or None if all samples have one shape;
    ``batch(index)`` gives the keyword arguments of a network's ``forward``.
    """

    @property
    def sizes(self) -> torch.Tensor | None: ...

    def __len__(self) -> int: ...

    def batch(self, index: Index) -> dict[str, torch.Tensor]: ...

    def take(self, index: torch.Tensor) -> Samples: ...


@dataclass(frozen=True)
class Layout:
    """What a network needs to know about the samples.

    Parameters
    ----------
    kind : {"array", "sequences", "tokens", "graphs"}
    sample_shape : tuple of int or None
        Shape of a sample, features last; None for an axis of varying size.
    longest, typical : int, default=1
        Largest and mean number of steps, tokens or nodes of a training sample, if they vary.
    n_edge_features : int, default=0
    vocabulary_size : int or None, default=None
        Number of tokens seen in fit; None if samples hold no tokens.
    is_one_graph : bool, default=False
        Whether one graph is the whole training data.
    parts : tuple of two Layout or None, default=None
        Of queries and context, if samples are pairs. The rest of the layout is then that of both
        as one sequence.
    """

    kind: str
    sample_shape: tuple[int | None, ...]
    longest: int = 1
    typical: int = 1
    n_edge_features: int = 0
    vocabulary_size: int | None = None
    is_one_graph: bool = False
    parts: tuple[Layout, Layout] | None = None

    @property
    def n_features(self) -> int:
        """Size of the last axis, 1 if it is the only one."""
        if self.is_table:
            return 1
        size = self.sample_shape[-1]
        assert size is not None
        return size

    def embedded(self, size: int) -> Layout:
        """The layout after tokens have become embeddings of some size."""
        if self.parts is None:
            is_tokens = self.vocabulary_size is not None
            return replace(self, sample_shape=(None, size)) if is_tokens else self
        queries, context = (part.embedded(size) for part in self.parts)
        joined = queries.n_features + context.n_features + 1
        return replace(self, sample_shape=(None, joined), parts=(queries, context))

    @property
    def is_table(self) -> bool:
        """Whether samples are rows of a table: arrays of one axis."""
        return self.kind == "array" and len(self.sample_shape) == 1

    @property
    def has_words(self) -> bool:
        """Whether samples are tokens of a large vocabulary: words, not letters or symbols."""
        return (self.vocabulary_size or 0) > MAX_SYMBOLS

    @property
    def axes(self) -> tuple[int, ...]:
        """Sizes of the structure's axes of an array; the features if there are no others."""
        sizes = tuple(size for size in self.sample_shape if size is not None)
        return sizes[:-1] or sizes

    @property
    def n_positions(self) -> int:
        """Positions of a sample: all of an array, the mean number if they vary."""
        return int(np.prod(self.axes)) if self.kind == "array" else self.typical


class Structure(ABC):
    """One kind of X: recognises it, checks it, learns its scales, reads it into samples.

    Attributes
    ----------
    kind : str
        The name of the kind in code.
    name : str
        The name of the kind in messages, such as "a list of graphs".
    layout : Layout
        Learned in ``fit``.
    """

    kind: ClassVar[str]
    name: ClassVar[str]
    layout: Layout

    @classmethod
    @abstractmethod
    def recognises(cls, X: Any) -> bool:
        """Whether X is of this kind; an error if it is nearly so, with the remedy."""

    @classmethod
    @abstractmethod
    def check(cls, X: Any, estimator: BaseEstimator, fitted: Self | None = None) -> Any:
        """X in the form that `learn` and `read` take, not yet scaled.

        Parameters
        ----------
        X
            Of this kind.
        estimator : Estimator
            Its parameters say how to read X. It stores the columns of X if X is training data,
            and compares them if not.
        fitted : Structure or None, default=None
            What was learned; None if X is training data.
        """

    @classmethod
    @abstractmethod
    def learn(cls, X: Any, sample_weight: NDArray[Any] | None, estimator: Any) -> Self:
        """Learn shapes, scales and categories from a checked X.

        Parameters
        ----------
        X
            From `check`.
        sample_weight : ndarray of shape (n_samples,) or None
            Weights of the samples in means and scales.
        estimator : Estimator
            Its parameters say what to learn.
        """

    @classmethod
    def positions(cls, X: Any) -> Positions:
        """The positions of a checked X: the rows of each sample, unless a kind has others."""
        return Positions(np.array([len(item) for item in X], dtype=np.int64), None)

    @abstractmethod
    def read(self, X: Any, dtype: torch.dtype) -> Samples:
        """Samples of a checked X, scaled and encoded as learned."""

    def stream(self, X: Any, dtype: torch.dtype) -> Samples:
        """As `read`, for samples that are read once: it may leave work to their batches."""
        return self.read(X, dtype)

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What was learned, as plain values."""

    @classmethod
    @abstractmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The structure that had this state."""

    @classmethod
    @abstractmethod
    def describe(cls, X: Any) -> list[Fact]:
        """Facts about X for a report, as pairs of name and text."""

    @classmethod
    @abstractmethod
    def summary(cls, X: Any) -> str:
        """One line about X, such as "150 samples of shape (4,)"."""

    def adopt(self, X: Any, kind: str) -> Any:
        """X of another kind read as this kind, or None if that is impossible."""
        return None


def is_list(X: Any) -> bool:
    """Whether X is a list of samples: a list, a tuple, an object array or series of one axis."""
    if isinstance(X, list | tuple):
        return True
    return n_axes(X) == 1 and bool(np.asarray(X).dtype.kind == "O")


def first_sample(X: Any) -> Any:
    """The first sample of a list of samples; None if X is no list, or empty."""
    return next(iter(X)) if is_list(X) and len(X) else None


def n_axes(item: Any) -> int:
    """Number of axes of an array, 0 for what is not one."""
    return len(getattr(item, "shape", ()))


def is_graph(item: Any) -> bool:
    """Whether an item is a graph in one of the forms that are read."""
    if isinstance(item, nx.Graph) or hasattr(item, "edge_index"):
        return True
    return isinstance(item, tuple) and len(item) == 2 and n_axes(item[0]) == 2


def lengths_differ(X: Any) -> bool:
    """Whether the items of a list differ in length."""
    return len({len(item) for item in X if hasattr(item, "__len__")}) > 1


def refuse_masked(values: Any, name: str) -> None:
    """Raise an error if entries are masked: numpy would read the values under the mask."""
    items = values if is_list(values) else [values]
    if any(np.ma.is_masked(part) for item in items for part in _parts(item)):
        raise ValueError(
            f"{name} is a masked array with masked entries, which would be read as ordinary "
            "values. Fill them in, as by .filled(value), or drop the samples that have any."
        )


def _parts(item: Any) -> Iterable[Any]:
    """The arrays that a sample consists of, if there are several."""
    if is_dataclass(item):
        return vars(item).values()
    return item if isinstance(item, tuple) else (item,)


def refuse_no_samples(X: Any) -> None:
    """Raise an error if a list is empty."""
    if not len(X):
        raise ValueError("X holds no samples (found 0); give at least one.")


def refuse_input_shape(estimator: Any, name: str) -> None:
    """Raise an error if `input_shape` is set for samples that are no arrays."""
    if estimator.input_shape is not None:
        raise ValueError(
            f"input_shape={estimator.input_shape} is for arrays, but X is {name}. "
            "Set input_shape=None."
        )
