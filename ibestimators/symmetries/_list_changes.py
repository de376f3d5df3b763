"""The changes that the answer may not mind, of samples in lists: sequences, tokens, graphs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ibestimators.perturbations import destroy_structure, transform_samples
from ibestimators.symmetries._result import NO_EDGES, POSITIONS, REWIRED, any_order_of

Change = Callable[[list[Any], np.random.RandomState], list[Any]]
Items = list[NDArray[Any]]


@dataclass(frozen=True)
class ListChange:
    """What makes changed copies of samples.

    Attributes
    ----------
    name : str
        What the changes are, as a subject of a sentence.
    copies : tuple of callable
        Each makes a copy of all samples, changed at random.
    with_original : bool, default=True
        Whether samples as they are count as a copy. They do not where a random change is
        never none, in effect: the order of many steps.
    moves_positions : bool, default=False
        Whether it moves positions in a way that their order decides.
    """

    name: str
    copies: tuple[Change, ...]
    with_original: bool = True
    moves_positions: bool = False


def list_changes(kind: str, X: list[Any]) -> list[ListChange]:
    """The changes of samples of one kind.

    Parameters
    ----------
    kind : {"sequences", "tokens", "graphs"}
    X : list
        Arrays (steps, features) or (tokens,), or graphs in any form.
    """
    if kind == "graphs":
        rewired = (partial(_destroyed, structure="edges"),) * 4
        removed = (partial(_destroyed, structure="all_edges"),)
        return [ListChange(REWIRED, rewired, False), ListChange(NO_EDGES, removed, False)]
    steps = POSITIONS[kind]
    shifted, reversed_ = (partial(_transformed, name=n) for n in ("shift", "time_reversal"))
    changes = [
        ListChange("cyclic shifts", (shifted,) * 2, moves_positions=True),
        ListChange("reversal", (reversed_,), moves_positions=True),
        ListChange(f"first {steps} cut off", (_without_first,), moves_positions=True),
        ListChange(f"last {steps} cut off", (_without_last,), moves_positions=True),
        ListChange(any_order_of(kind), (partial(_transformed, name="permutation"),) * 6, False),
    ]
    return changes + (_of_values(X) if kind == "sequences" else [])


def scramble(X: list[Any], random: np.random.RandomState) -> list[Any]:
    """Samples with their steps or tokens in random order."""
    return list(transform_samples(X, "permutation", random))


def _transformed(X: list[Any], random: np.random.RandomState, name: str) -> list[Any]:
    return list(transform_samples(X, name, random))


def _destroyed(X: list[Any], random: np.random.RandomState, structure: str) -> list[Any]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No graph of X can be rewired")
        return list(destroy_structure(X, structure, random))


def _without_first(X: Items, random: np.random.RandomState) -> Items:
    return [item[_few(item, random) :] for item in X]


def _without_last(X: Items, random: np.random.RandomState) -> Items:
    return [item[: len(item) - _few(item, random)] for item in X]


def _few(item: NDArray[Any], random: np.random.RandomState) -> int:
    """Up to a quarter of the steps, at least one unless it is the only one."""
    return int(min(len(item) - 1, random.randint(1, max(1, len(item) // 4) + 1)))


def _of_values(X: Items) -> list[ListChange]:
    """Changes of the values of sequences, in units of the deviation of each feature."""
    rows = np.concatenate(X)
    mean, deviation = np.nanmean(rows, 0), np.nanstd(rows, 0)
    factors = tuple(partial(_scaled, mean=mean, factor=f) for f in (0.7, 0.84, 1.18, 1.4))
    offsets = tuple(partial(_lifted, offset=o * deviation) for o in (-1.0, -0.5, 0.5, 1.0))
    changes = [
        ListChange("change of sign", (partial(_scaled, mean=mean, factor=-1.0),)),
        ListChange("factors 0.7 to 1.4", factors),
        ListChange("offsets", offsets),
    ]
    if len(mean) > 1:
        changes.append(ListChange("any order of features", (_with_features,) * 5))
    return changes


def _scaled(X: Items, random: np.random.RandomState, mean: NDArray[Any], factor: float) -> Items:
    return [mean + factor * (item - mean) for item in X]


def _lifted(X: Items, random: np.random.RandomState, offset: NDArray[Any]) -> Items:
    return [item + offset for item in X]


def _with_features(X: Items, random: np.random.RandomState) -> Items:
    order = random.permutation(X[0].shape[1])
    return [item[:, order] for item in X]
