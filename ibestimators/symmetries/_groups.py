r"""The transformations that the answer may not mind, by the form of the samples.

Samples are arrays (n_samples, \*axes, features). A symmetry gives pairs of transformed samples,
whose mean kernel is invariant. Where transformations keep all distances (they move positions, or
change signs), the mean over both sides is one over their differences: h^-1 g.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ibestimators.symmetries._gaussian_process import Array
from ibestimators.symmetries._result import any_order_of

Transform = Callable[[Array], Array]
Pairs = Iterator[tuple[Array, Array, float]]


@dataclass(frozen=True)
class Symmetry:
    """Transformations of samples, the identity among them.

    Attributes
    ----------
    name : str
        What the transformations are, as a subject of a sentence.
    transforms : tuple of callable
        Each maps samples to samples of the same shape.
    differences : tuple of (callable, float) or None, default=None
        Where the transformations keep distances: what leads from one to another, and how many
        pairs it leads between. None for other transformations.
    moves_positions : bool, default=True
        Whether positions move, so that the order of the positions decides what a
        transformation is.
    changes_values : bool, default=False
        Whether the values change, in units of their standard deviations.
    """

    name: str
    transforms: tuple[Transform, ...]
    differences: tuple[tuple[Transform, float], ...] | None = None
    moves_positions: bool = True
    changes_values: bool = False

    def pairs(self, X: Array) -> Pairs:
        """Pairs of transformed samples, flat, each with its weight; the weights sum to 1."""
        flat = X.reshape(len(X), -1)
        if self.differences is not None:
            total = sum(weight for _, weight in self.differences)
            for transform, weight in self.differences:
                yield transform(X).reshape(len(X), -1), flat, weight / total
            return
        copies = [transform(X).reshape(len(X), -1) for transform in self.transforms]
        n = len(copies)
        for i, j in product(range(n), range(n)):
            if i <= j:  # a pair and its opposite are transposed: the caller makes both equal
                yield copies[i], copies[j], (1 + (i < j)) / n**2


def identity(X: Array) -> Array:
    """The samples as they are."""
    return X


ANY_ORDER = any_order_of("array")
NONE = Symmetry("no change", (identity,), ((identity, 1.0),))


def symmetries_of(
    axes: tuple[int, ...], n_features: int, random: np.random.RandomState
) -> list[Symmetry]:
    """The symmetries that samples of one form may have.

    Parameters
    ----------
    axes : tuple of int
        Sizes of the axes of positions.
    n_features : int
        Features at each position.
    random : numpy.random.RandomState
        Draws the orders of positions.
    """
    found = [shifts(axes, width) for width in _widths(min(axes))]
    if len(axes) == 1:
        found += [cyclic_shifts(axes[0]), reversal(1, "reversal"), stretches()]
    else:
        names = (
            ("upside down", "mirror images") if len(axes) == 2 else ("axis 1", "axis 2", "axis 3")
        )
        found += [reversal(1 + i, name) for i, name in enumerate(names)]
    if len(axes) == 2 and axes[0] == axes[1]:
        found += [transposition(), quarter_turns()]
    if len(axes) == 2 and min(axes) > 2:
        found.append(small_turns())
    found += [orders(axes, random), signs(), factors(), offsets()]
    if n_features > 1:
        found.append(channel_orders(n_features, random))
    return found


def symmetry_named(
    name: str, axes: tuple[int, ...], n_features: int, random: np.random.RandomState
) -> Symmetry:
    """One of `symmetries_of` by its name; shifts may have any width.

    Raises
    ------
    ValueError
        If samples of this form have no symmetry of this name.
    """
    width = re.fullmatch(r"shifts up to (\d+) (step|pixel|voxel)s?", name)
    if width and 0 < int(width[1]) < min(axes):
        return shifts(axes, int(width[1]))
    known = {symmetry.name: symmetry for symmetry in symmetries_of(axes, n_features, random)}
    if name not in known:
        raise ValueError(
            f"symmetry={name!r} is unknown for samples with positions {axes}. Use one of "
            f"{list(known)}; shifts may have another width below {min(axes)}."
        )
    return known[name]


def _widths(size: int) -> list[int]:
    """A small and a larger width of shifts."""
    return sorted({max(1, size // 20), max(1, size // 8)})


def _roll(*steps: int) -> Transform:
    if not any(steps):
        return identity
    axes = tuple(range(1, 1 + len(steps)))
    return lambda X: np.roll(X, steps, axes)


def shifts(axes: tuple[int, ...], width: int) -> Symmetry:
    """Shifts by up to a width along each axis, what leaves at one end enters at the other."""
    # Three or five shifts along each axis of images and volumes.
    stride = 1 if len(axes) == 1 else max(1, width)
    steps = range(-width, width + 1, stride)
    n = len(steps)
    away = [(k * stride, float(n - abs(k))) for k in range(1 - n, n)]
    transforms = [_roll(*place) for place in product(steps, repeat=len(axes))]
    differences = [
        (_roll(*[step for step, _ in place]), float(np.prod([weight for _, weight in place])))
        for place in product(away, repeat=len(axes))
    ]
    unit = "step" if len(axes) == 1 else "pixel" if len(axes) == 2 else "voxel"
    name = f"shifts up to {width} {unit}{'s' if width > 1 else ''}"
    return Symmetry(name, tuple(transforms), tuple(differences))


def _group(name: str, transforms: list[Transform]) -> Symmetry:
    """Transformations that keep distances, and of which any two make another one."""
    return Symmetry(name, tuple(transforms), tuple((t, 1.0) for t in transforms))


def cyclic_shifts(n_steps: int) -> Symmetry:
    """Shifts around the whole length; at most 40 of them."""
    n = min(n_steps, 40)
    return _group("cyclic shifts", [_roll(round(k * n_steps / n)) for k in range(n)])


def reversal(axis: int, name: str) -> Symmetry:
    """The reverse order along an axis."""
    return _group(name, [identity, lambda X: np.flip(X, axis)])


def transposition() -> Symmetry:
    """Rows as columns."""
    return _group("transposed images", [identity, lambda X: np.swapaxes(X, 1, 2)])


def quarter_turns() -> Symmetry:
    """Turns by 90 degrees."""
    return _group("turns by 90°", [identity, *(partial(_quarters, k=k) for k in (1, 2, 3))])


def _quarters(X: Array, k: int) -> Array:
    return np.rot90(X, k, (1, 2))


def small_turns() -> Symmetry:
    """Turns by up to 15 degrees; pixels that come from outside have the value at the edge."""
    return Symmetry("turns by up to 15°", tuple(_turn(angle) for angle in (-15, -7.5, 0, 7.5, 15)))


def _turn(angle: float) -> Transform:
    if not angle:
        return identity
    return lambda X: ndimage.rotate(X, angle, (2, 1), reshape=False, order=1, mode="nearest")


def stretches() -> Symmetry:
    """Time scales from 0.8 to 1.25, about the middle."""
    return Symmetry("stretched time", tuple(_stretch(f) for f in (0.8, 0.9, 1.0, 1.11, 1.25)))


def _stretch(factor: float) -> Transform:
    if factor == 1:
        return identity

    def stretched(X: Array) -> Array:
        n = X.shape[1]
        middle = (n - 1) / 2
        place = np.clip(middle + (np.arange(n) - middle) / factor, 0, n - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, n - 1)
        part = (place - low)[:, np.newaxis].astype(X.dtype)
        return (1 - part) * X[:, low] + part * X[:, high]

    return stretched


def orders(axes: tuple[int, ...], random: np.random.RandomState) -> Symmetry:
    """Six orders of the positions: the answer depends on the set of values."""
    n = int(np.prod(axes))
    permuted = [_ordered(random.permutation(n)) for _ in range(5)]
    return Symmetry(ANY_ORDER, (identity, *permuted), None, False)


def _ordered(permutation: NDArray[np.integer]) -> Transform:
    return lambda X: X.reshape(len(X), -1, X.shape[-1])[:, permutation].reshape(X.shape)


def channel_orders(n_channels: int, random: np.random.RandomState) -> Symmetry:
    """Up to six orders of the features at each position."""
    permuted = [_with_channels(random.permutation(n_channels)) for _ in range(5)]
    return Symmetry("any order of features", (identity, *permuted), None, False)


def _with_channels(permutation: NDArray[np.integer]) -> Transform:
    return lambda X: X[..., permutation]


def signs() -> Symmetry:
    """Both signs."""
    return _values("change of sign", identity, lambda X: -X)


def factors() -> Symmetry:
    """All values of a sample times a factor from 0.7 to 1.4."""
    return _values("factors 0.7 to 1.4", identity, *map(_times, (0.7, 0.84, 1.18, 1.4)))


def _times(factor: float) -> Transform:
    return lambda X: (factor * X).astype(X.dtype)


def offsets() -> Symmetry:
    """A number added to all values of a sample, up to one standard deviation."""
    return _values("offsets", identity, *map(_plus, (-1.0, -0.5, 0.5, 1.0)))


def _plus(offset: float) -> Transform:
    return lambda X: (X + offset).astype(X.dtype)


def _values(name: str, *transforms: Transform) -> Symmetry:
    return Symmetry(name, transforms, None, moves_positions=False, changes_values=True)
