"""Pairs of queries and a context: each part can be exchanged as a whole."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from ibestimators.perturbations._base import Perturbations
from ibestimators.structures import Pair


class PairPerturbations(Perturbations):
    """Pairs, whose queries and contexts samples can exchange."""

    kind = "pairs"
    structures = {"context": "contexts exchanged among the samples"}
    transforms: ClassVar[tuple[str, ...]] = ("permutation",)
    unit_names = ("part",)

    def __init__(self, X: Any) -> None:
        super().__init__(list(X))

    def destroy(self, structure: str, random: np.random.RandomState) -> list[Pair]:
        return exchanged(self.X, "context", self.X, random.permutation(len(self.X)))

    def permutation(self, random: np.random.RandomState) -> list[Pair]:
        """The elements of each context in random order."""
        permuted = []
        for item in self.X:
            context = np.asarray(item.context)
            permuted.append(replace(item, context=context[random.permutation(len(context))]))
        return permuted

    def units(self, unit: str, size: int | None, x: Any) -> PairUnits:
        if x is not None:
            self.check_sample(x)
        return PairUnits(self.X, x)


def exchanged(X: list[Pair], part: str, donors: list[Pair], order: Any) -> list[Pair]:
    """Pairs with the part of other pairs, given by their numbers."""
    return [
        replace(item, **{part: getattr(donors[i], part)}) for item, i in zip(X, order, strict=True)
    ]


class PairUnits:
    """The two parts of pairs: a place is the name of a part."""

    unit: str = "part"
    over: Any = None

    def __init__(self, X: list[Pair], x: Pair | None) -> None:
        self.X = X
        self.x = x
        self.places: list[Any] = ["queries", "context"]
        self.labels: tuple[Hashable, ...] = ("queries", "context")

    def exchange(self, place: str, random: np.random.RandomState) -> list[Pair]:
        return exchanged(self.X, place, self.X, random.permutation(len(self.X)))

    def repeat(self, n: int) -> list[Pair]:
        assert self.x is not None
        return [self.x] * n

    def replace(self, place: str, n: int, random: np.random.RandomState) -> list[Pair]:
        return exchanged(self.repeat(n), place, self.X, random.randint(len(self.X), size=n))
