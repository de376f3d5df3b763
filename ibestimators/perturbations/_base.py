"""What each kind of X offers: structures to destroy, transforms, and units."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from itertools import product
from typing import Any, ClassVar, Protocol

import numpy as np

from ibestimators.structures import KINDS, Positions, kind_of

MAX_UNITS = 50  # of a signal, an image or a vocabulary, unless the size of a unit is given


class Perturbations(ABC):
    """The changes that samples of one kind allow. None of them changes X itself.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...), or list
        Of this kind.

    Attributes
    ----------
    kind : str
        The kind of X, as `kind_of` gives it.
    structures : dict of str to str
        What `destroy` can destroy, each with the way in which it does so. "auto" is the first.
    transforms : tuple of str
        The transforms, each a method of that name which takes a random generator.
    unit_names : tuple of str
        The units that `units` finds.
    """

    kind: ClassVar[str]
    structures: dict[str, str]
    transforms: ClassVar[tuple[str, ...]]
    unit_names: ClassVar[tuple[str, ...]]

    def __init__(self, X: Any) -> None:
        self.X = X

    @property
    def description(self) -> str:
        """What X is, in words."""
        return KINDS[self.kind].name

    @abstractmethod
    def destroy(self, structure: str, random: np.random.RandomState) -> Any:
        """A copy of X without one of its structures."""

    @property
    def positions(self) -> Positions | None:
        """The positions that `destroy` moves; None if it moves none."""
        return None

    def numbered(self, rows: Any) -> Any:
        """Rows as the features of an X with the same positions.

        Parameters
        ----------
        rows : ndarray of shape (n_rows,)
            One for each position of all samples.
        """
        raise NotImplementedError

    def transform(self, name: str, random: np.random.RandomState) -> Any:
        """A transformed copy of X."""
        return getattr(self, name)(random)

    @abstractmethod
    def units(self, unit: str, size: int | None, x: Any) -> Units:
        """The units of all samples, or of one sample x.

        Parameters
        ----------
        unit : str
            "auto" or one of `unit_names`.
        size : int or None
            Positions of a region, or of a patch along each axis.
        x : sample or None
            None for the units of all samples.
        """

    def check_sample(self, x: Any) -> None:
        """Raise an error if x is not a sample of this kind."""
        if kind_of([x]) != self.kind:
            raise ValueError(
                f"x is a {type(x).__name__}, but X is {self.description}. Give x as one sample of "
                "the same kind, such as X[0]."
            )


class Units(Protocol):
    """Parts of samples that can be exchanged for one another.

    Attributes
    ----------
    unit : str
        The type of unit, such as "step".
    places : list
        Where each unit is.
    labels : tuple
        What each unit is called.
    over : ndarray, networkx.Graph or None
        What importances of the units are drawn over.
    """

    unit: str
    places: list[Any]
    labels: tuple[Hashable, ...]
    over: Any

    def exchange(self, place: Any, random: np.random.RandomState) -> Any:
        """A copy of X whose samples exchange the unit at a place."""

    def repeat(self, n: int) -> Any:
        """Copies of the one sample."""

    def replace(self, place: Any, n: int, random: np.random.RandomState) -> Any:
        """Copies of the one sample, each with a draw from X in the unit at a place."""


def blocks(sizes: Sequence[int], size: int | None) -> list[tuple[slice, ...]]:
    """A grid of blocks that covers all positions; the last ones may be smaller.

    Parameters
    ----------
    sizes : sequence of int
        Positions along each axis.
    size : int or None
        Positions of a block along each axis. None takes the smallest with which there are no
        more than `MAX_UNITS` blocks.
    """
    if size is None:
        size = 1
        while np.prod([-(-n // size) for n in sizes]) > MAX_UNITS:
            size += 1
    return list(product(*[[slice(a, min(a + size, n)) for a in range(0, n, size)] for n in sizes]))


def block_label(block: slice) -> int | str:
    """The number of a single position, the first and the last of several."""
    last = block.stop - 1
    return block.start if block.start == last else f"{block.start}-{last}"
