"""Sequences and tokens: samples with steps, of any lengths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ibestimators.perturbations._arrays import roll
from ibestimators.perturbations._base import MAX_UNITS, Perturbations, block_label, blocks
from ibestimators.structures import Positions

Frames = list[pd.DataFrame | None]


class SequencePerturbations(Perturbations):
    """Sequences (steps, features), as arrays or data frames."""

    kind = "sequences"
    structures = {"time": "steps or frames in random order"}
    transforms: ClassVar[tuple[str, ...]] = (
        "shift",
        "reflection",
        "permutation",
        "time_reversal",
        "rescaling",
    )
    unit_names = ("feature", "step", "region")

    def __init__(self, X: Any) -> None:
        super().__init__(X)
        self.frames: Frames = [item if isinstance(item, pd.DataFrame) else None for item in X]
        self.items = [np.asarray(item) for item in X]

    def destroy(self, structure: str, random: np.random.RandomState) -> list[Any]:
        return self.permutation(random)

    @property
    def positions(self) -> Positions:
        return Positions(np.array([len(item) for item in self.items]), None)

    def numbered(self, rows: NDArray[Any]) -> Any:
        return self.positions.unpack(rows)

    def shift(self, random: np.random.RandomState) -> list[Any]:
        rolled = [roll(item, (len(item),), random) for item in self.items]
        return with_frames(rolled, self.frames)

    def reflection(self, random: np.random.RandomState) -> list[Any]:
        return self.time_reversal(random)

    def permutation(self, random: np.random.RandomState) -> list[Any]:
        permuted = [item[random.permutation(len(item))] for item in self.items]
        return with_frames(permuted, self.frames)

    def time_reversal(self, random: np.random.RandomState) -> list[Any]:
        return with_frames([item[::-1].copy() for item in self.items], self.frames)

    def rescaling(self, random: np.random.RandomState) -> list[Any]:
        return with_frames([2 * item for item in self.items], self.frames)

    def units(self, unit: str, size: int | None, x: Any) -> SequenceUnits:
        x = np.asarray(x) if isinstance(x, list) else x
        if x is not None:
            self.check_sample(x)
        return SequenceUnits(self, unit, size, x)


class TokenPerturbations(SequencePerturbations):
    """Tokens, integers for which rescaling has no meaning."""

    kind = "tokens"
    structures = {"tokens": "tokens in random order"}
    transforms = ("shift", "reflection", "permutation", "time_reversal")
    unit_names = ("token", "step", "region")


def with_frames(items: list[NDArray[Any]], frames: Frames) -> list[Any]:
    """Samples as data frames where they were data frames."""
    return [
        item if frame is None else pd.DataFrame(item, frame.index, frame.columns)
        for item, frame in zip(items, frames, strict=True)
    ]


class SequenceUnits:
    """Units of sequences and tokens: a place is a slice of steps, a feature, or a token."""

    def __init__(
        self, perturbations: SequencePerturbations, unit: str, size: int | None, x: Any
    ) -> None:
        self.items, self.frames = perturbations.items, perturbations.frames
        self.x = None if x is None else np.asarray(x)
        self.x_frame = x if isinstance(x, pd.DataFrame) else None
        self.has_tokens = perturbations.kind == TokenPerturbations.kind
        self.rows = np.concatenate(self.items)  # (steps of all samples, features) or (steps,)
        self.lengths = np.array([len(item) for item in self.items])
        longest = int(self.lengths.max() if self.x is None else len(self.x))
        self.unit = self._resolve(unit, size, longest)
        self.places = self._places(size, longest)
        self.labels = tuple(self._label(place) for place in self.places)
        self.over = self._over(longest)

    def _resolve(self, unit: str, size: int | None, longest: int) -> str:
        if unit != "auto":
            return unit
        if self.has_tokens and size is None:
            return "token"
        return "region" if size is not None or longest > MAX_UNITS else "step"

    def _places(self, size: int | None, longest: int) -> list[Any]:
        if self.unit == "feature":
            return list(range(self.rows.shape[1]))
        if self.unit == "token" and self.x is None:
            return [token for token, _ in Counter(self.rows.tolist()).most_common(MAX_UNITS)]
        return [steps for (steps,) in blocks([longest], size if self.unit == "region" else 1)]

    def _label(self, place: Any) -> Hashable:
        if self.unit == "feature":
            first = self.frames[0]
            return place if first is None else first.columns[place]
        if self.unit == "token":
            return place if self.x is None else self.x[place.start].item()
        return block_label(place)

    def _over(self, longest: int) -> Any:
        """A signal (steps, features), a text (tokens,), or None."""
        if self.unit == "feature" or (self.unit == "token" and self.x is None):
            return None
        if self.has_tokens:  # as a signal, steps without a feature
            return self.x if self.unit == "token" else np.zeros((longest, 0))
        if self.x is not None:
            return self.x
        return np.stack(
            [np.mean([item[t] for item in self.items if len(item) > t], 0) for t in range(longest)]
        )

    def exchange(self, place: Any, random: np.random.RandomState) -> list[Any]:
        if isinstance(place, slice):
            return with_frames(self._exchange_steps(place, random), self.frames)
        rows = self.rows.copy()
        if self.unit == "feature":
            rows[:, place] = rows[random.permutation(len(rows)), place]
        else:
            removed = rows == place
            if not removed.all():
                rows[removed] = random.choice(rows[~removed], removed.sum())
        return with_frames(np.split(rows, self.lengths.cumsum()[:-1]), self.frames)

    def _exchange_steps(self, steps: slice, random: np.random.RandomState) -> list[NDArray[Any]]:
        """One order of the samples for all steps; each step takes the samples that have it."""
        order = random.permutation(len(self.items))
        changed = [item.copy() for item in self.items]
        for t in range(steps.start, steps.stop):
            long_enough = np.flatnonzero(self.lengths > t)
            for i, j in zip(long_enough, order[self.lengths[order] > t], strict=True):
                changed[i][t] = self.items[j][t]
        return changed

    def repeat(self, n: int) -> list[Any]:
        return with_frames(self._copies(n), [self.x_frame] * n)

    def _copies(self, n: int) -> list[NDArray[Any]]:
        assert self.x is not None
        return [self.x.copy() for _ in range(n)]

    def replace(self, place: Any, n: int, random: np.random.RandomState) -> list[Any]:
        changed = self._copies(n)
        if self.unit == "feature":
            for item in changed:
                item[:, place] = self.rows[random.randint(len(self.rows), size=len(item)), place]
        else:
            size = place.stop - place.start
            for item, start in zip(changed, random.choice(self._windows(size), n), strict=True):
                item[place] = self.rows[start : start + size]
        return with_frames(changed, [self.x_frame] * n)

    def _windows(self, size: int) -> NDArray[np.int64]:
        """Where in `rows` each run of so many steps of one sample begins."""
        before = self.lengths.cumsum() - self.lengths
        starts = np.concatenate(
            [
                np.arange(start, start + max(0, length - size + 1))
                for start, length in zip(before, self.lengths, strict=True)
            ]
        )
        if not len(starts):
            raise ValueError(
                f"no sample of X has {size} steps to replace a region of x. Give a size of "
                f"{self.lengths.max()} or less."
            )
        return starts
