"""Pairs: samples of two inputs, queries and a context that they are answered from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from ibestimators.formatting import counted, span
from ibestimators.structures._columns import column_names
from ibestimators.structures._kinds import (
    Fact,
    Index,
    Layout,
    Structure,
    first_sample,
    refuse_input_shape,
    refuse_no_samples,
)
from ibestimators.structures._packed import PackedSamples
from ibestimators.structures._positions import Positions
from ibestimators.structures._sequences import (
    SequenceStructure,
    as_array,
    check_sequences,
    lengths_of,
)
from ibestimators.structures._tokens import TokenStructure, check_tokens

Part = SequenceStructure | TokenStructure

_PARTS = ("queries", "context")
_KINDS: dict[str, type[Part]] = {each.kind: each for each in (SequenceStructure, TokenStructure)}


@dataclass(frozen=True, eq=False)
class Pair:
    """One sample of two inputs: queries, and the context that they are answered from.

    A list of pairs is an X of any estimator: a question and a table, a series and its static
    covariates, two texts. The prediction is one for the pair or, if ``target="position"``, one for
    each query. Attention attends from the queries to the context; the other biases read the
    context and then the queries as one sequence, in which each has columns of its own and a last
    column marks the queries.

    Parameters
    ----------
    queries, context : array-like of shape (n_elements, n_features), or of int (n_tokens,)
        At least one element each. Their numbers of elements may differ from sample to sample;
        their numbers of features may differ from each other, and are the same in all samples. A
        vector is a context of one element: ``x[np.newaxis]``. Tokens, which are integers, share
        one vocabulary in both parts.

    References
    ----------
    Vaswani et al., "Attention is all you need" (2017), section 3.2.3.

    Examples
    --------
    The value of the row whose key is asked for:

    >>> import numpy as np
    >>> from ibestimators import AttentionClassifier, Pair
    >>> rng = np.random.default_rng(0)
    >>> X, y = [], []
    >>> for _ in range(300):
    ...     keys, values, asked = rng.permutation(4), rng.integers(2, size=4), rng.integers(4)
    ...     X.append(Pair(np.eye(4)[[asked]], np.column_stack([np.eye(4)[keys], values])))
    ...     y.append(values[keys == asked][0])
    >>> clf = AttentionClassifier(position="none", max_epochs=20, random_state=0)
    >>> clf.fit(X[:200], y[:200]).score(X[200:], y[200:]) > 0.9
    True
    """

    queries: Any
    context: Any


class PairSamples:
    """Queries and contexts; ``x`` and ``lengths`` of a batch hold the queries."""

    def __init__(self, queries: PackedSamples, context: PackedSamples) -> None:
        self.queries = queries
        self.context = context
        self.sizes = queries.sizes + context.sizes

    def __len__(self) -> int:
        return len(self.queries)

    def batch(self, index: Index) -> dict[str, torch.Tensor]:
        context = self.context.batch(index)
        return {
            **self.queries.batch(index),
            "context": context["x"],
            "context_lengths": context["lengths"],
        }

    def take(self, index: torch.Tensor) -> PairSamples:
        return PairSamples(self.queries.take(index), self.context.take(index))


class PairStructure(Structure):
    """Features, scales and vocabulary of the two parts.

    Parameters
    ----------
    queries, context : SequenceStructure or TokenStructure
    longest, typical : int
        Largest and mean number of elements of both together in fit.
    """

    kind = "pairs"
    name = "a list of pairs (queries, context)"

    def __init__(self, queries: Part, context: Part, longest: int, typical: int) -> None:
        self.queries = queries
        self.context = context
        parts = queries.layout, context.layout
        vocabulary_size = parts[0].vocabulary_size or parts[1].vocabulary_size
        self.layout = Layout(
            SequenceStructure.kind,
            joined_shape(parts),
            longest,
            typical,
            vocabulary_size=vocabulary_size,
            parts=parts,
        )

    @classmethod
    def recognises(cls, X: Any) -> bool:
        if isinstance(X, Pair):
            raise TypeError("X is one pair, but a list of pairs is expected. Pass X=[pair].")
        return isinstance(first_sample(X), Pair)

    @classmethod
    def check(cls, X: Any, estimator: Any, fitted: Self | None = None) -> list[Pair]:
        refuse_no_samples(X)
        refuse_input_shape(estimator, cls.name)
        for i, item in enumerate(X):
            if not isinstance(item, Pair):
                raise TypeError(
                    f"sample {i} of X is a {type(item).__name__}, but sample 0 is a pair. Give "
                    "each as Pair(queries, context)."
                )
        parts = [
            _check_part([getattr(item, name) for item in X], name, estimator, fitted)
            for name in _PARTS
        ]
        first = next(iter(X))
        columns = [c for name in _PARTS for c in column_names(getattr(first, name)) or ()]
        if fitted is None:
            sizes = [part[0].shape[1] for part in parts if part[0].ndim == 2]
            if sizes:
                estimator.n_features_in_ = sum(sizes)
            if columns:
                estimator.feature_names_in_ = np.array(columns, dtype=object)
        elif columns and columns != list(getattr(estimator, "feature_names_in_", columns)):
            raise ValueError(
                f"pairs in X have the columns {columns}, but fit saw "
                f"{list(estimator.feature_names_in_)}. Give them in the same order."
            )
        return [Pair(*both) for both in zip(*parts, strict=True)]

    @classmethod
    def learn(cls, X: list[Pair], sample_weight: NDArray[Any] | None, estimator: Any) -> Self:
        parts = [[getattr(item, name) for item in X] for name in _PARTS]
        tokens = [item for part in parts if part[0].ndim == 1 for item in part]
        vocabulary = np.unique(np.concatenate(tokens)) if tokens else None
        learned: list[Part] = []
        for part in parts:
            if part[0].ndim == 1:
                assert vocabulary is not None
                longest, typical = extent(lengths_of(part))
                learned.append(TokenStructure(vocabulary, longest, typical))
            else:
                learned.append(SequenceStructure.learn(part, sample_weight, estimator))
        queries, context = learned
        return cls(queries, context, *extent(lengths_of(parts[0]) + lengths_of(parts[1])))

    @classmethod
    def positions(cls, X: list[Pair]) -> Positions:
        return Positions(lengths_of([item.queries for item in X]), None)

    def read(self, X: list[Pair], dtype: torch.dtype) -> PairSamples:
        return PairSamples(
            self.queries.read([item.queries for item in X], dtype),
            self.context.read([item.context for item in X], dtype),
        )

    def state(self) -> dict[str, Any]:
        parts = {
            name: {"kind": part.kind} | part.state()
            for name, part in zip(_PARTS, (self.queries, self.context), strict=True)
        }
        return parts | {"longest": self.layout.longest, "typical": self.layout.typical}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        queries, context = (_KINDS[state[name]["kind"]].from_state(state[name]) for name in _PARTS)
        return cls(queries, context, state["longest"], state["typical"])

    def adopt(self, X: Any, kind: str) -> Any:
        # An empty list is not recognised as any kind.
        return [] if kind == "array" and hasattr(X, "__len__") and not len(X) else None

    @classmethod
    def describe(cls, X: Any) -> list[Fact]:
        facts = [("X", cls.name), ("samples", f"{len(X):,}")]
        for name in _PARTS:
            part = [np.asarray(getattr(item, name)) for item in X]
            unit = "tokens" if part[0].ndim == 1 else "elements"
            facts.append((f"{unit} of the {name}", span(map(len, part))))
            if part[0].ndim == 2:
                facts.append((f"features of the {name}", span(item.shape[1] for item in part)))
        return facts

    @classmethod
    def summary(cls, X: Any) -> str:
        queries, context = (span(len(getattr(item, name)) for item in X) for name in _PARTS)
        return f"{counted(len(X), 'pair')} of {queries} queries and contexts of {context} elements"


def joined_shape(parts: tuple[Layout, Layout]) -> tuple[int | None, ...]:
    """The shape of context and queries as one sequence, with a column that marks queries.

    None in the place of features that embeddings will have.
    """
    sizes = [part.sample_shape[-1] for part in parts]
    known = [size for size in sizes if size is not None]
    return None, sum(known) + 1 if len(known) == len(sizes) else None


def extent(lengths: NDArray[np.int64]) -> tuple[int, int]:
    """The largest and the mean length."""
    return int(lengths.max()), round(lengths.mean())


def _check_part(
    values: Sequence[Any], part: str, estimator: Any, fitted: PairStructure | None
) -> list[NDArray[Any]]:
    """The queries or the contexts of all samples as arrays, or an error that names the sample."""
    name = f"the {part} of sample {{}} of X"
    for i, value in enumerate(values):
        if value is None:
            raise ValueError(f"{name.format(i)} is None. Give each pair queries and a context.")
    first = np.shape(as_array(values[0], name.format(0), np.float64))
    if len(first) not in (1, 2):
        raise ValueError(
            f"{name.format(0)} has shape {first}, but (elements, features), or (tokens,) for "
            "integers, is expected. Reshape it."
        )
    kind = SequenceStructure if len(first) == 2 else TokenStructure
    if len(first) == 1 and first[0] and np.asarray(values[0]).dtype.kind not in "iu":
        raise ValueError(
            f"{name.format(0)} is a vector of numbers. Give a vector as one element of shape "
            f"(1, {first[0]}), x[np.newaxis], and {first[0]} numbers in order as x[:, np.newaxis]."
        )
    if fitted is not None and kind is not type(getattr(fitted, part)):
        expected = getattr(fitted, part).kind
        raise ValueError(
            f"the {part} of samples in X are {kind.kind}, but fit saw {expected}. Give X the "
            "structure seen in fit, or fit again."
        )
    if kind is TokenStructure:
        return check_tokens(values, name)
    checked = check_sequences(values, estimator.channels_first, name)
    known = None if fitted is None else getattr(fitted, part).n_features
    if known is not None and checked[0].shape[1] != known:
        raise ValueError(
            f"the {part} of samples in X have {checked[0].shape[1]} features, but fit saw {known}. "
            "Give X the same features as in fit, or fit again."
        )
    return checked
