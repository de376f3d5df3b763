"""The kinds of X, and what can be asked of each."""

from __future__ import annotations

from collections.abc import Collection
from numbers import Integral
from typing import Any

import numpy as np

from ibestimators.base import random_generator
from ibestimators.perturbations._arrays import ArrayPerturbations
from ibestimators.perturbations._base import Perturbations, Units
from ibestimators.perturbations._graphs import GraphPerturbations
from ibestimators.perturbations._pairs import PairPerturbations
from ibestimators.perturbations._sequences import SequencePerturbations, TokenPerturbations
from ibestimators.structures import (
    kind_of,
    reads_containers,
)

KINDS: dict[str, type[Perturbations]] = {
    perturbations.kind: perturbations
    for perturbations in (
        ArrayPerturbations,
        SequencePerturbations,
        TokenPerturbations,
        GraphPerturbations,
        PairPerturbations,
    )
}

# How each structure is destroyed, for a note under a table.
DESTRUCTIONS = {k: v for kind in KINDS.values() for k, v in kind.structures.items()}
TRANSFORMS = list(dict.fromkeys(name for kind in KINDS.values() for name in kind.transforms))
UNITS = list(dict.fromkeys(name for kind in KINDS.values() for name in kind.unit_names))


def perturbations_of(X: Any) -> Perturbations:
    """What can be changed in X, by its kind."""
    return KINDS[kind_of(X)](X)


@reads_containers
def destroy_structure(
    X: Any, structure: str = "auto", random_state: int | np.random.RandomState | None = None
) -> Any:
    """Copy X without one of its structures; everything else stays.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...), or list
        Any X that the estimators read, features last.
    structure : str, default="auto"
        What to destroy:

        - "positions", of arrays: one random order of the positions, the same for all
          samples. Positions are the columns of ``(n, d)``, the steps of ``(n, steps,
          features)``, all pixels or voxels of images and volumes; the features of a
          position stay together.
        - "time", of arrays of 3 axes or more: one random order along the first axis of a
          sample, the same for all samples: the steps of ``(n, steps, features)``, the frames of
          ``(n, frames, height, width, features)``. Of sequences: a random order of the steps,
          another for each sample.
        - "space", of arrays of 4 axes or more: one random order of the positions within a step
          or frame, such as its pixels, the same for all frames and samples.
        - "tokens", of tokens: a random order, another for each sample.
        - "edges", of graphs: swaps of edges that keep the degrees of all nodes, in and out.
          Nodes keep their attributes. The attributes of the edges that are removed go to the
          edges that are added, in random order. A graph whose edges all have an opposite
          edge is undirected, and both directions move together. Loops and further parallel
          edges stay.
        - "all_edges", of graphs: all edges are removed. What is left is the set of nodes.
        - "context", of pairs: the samples exchange their contexts.

        "auto" takes positions, time, tokens, edges or context, by the kind of X.
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    same kind as X
        An array or data frame, or a list of samples in the form that they have in X. The
        columns of a data frame keep their names.

    Raises
    ------
    ValueError
        If X has no such structure.

    Warns
    -----
    UserWarning
        If no graph can be rewired. Swaps need two edges without a common node, in directed
        graphs a path over three edges; graphs without them stay as they are.

    References
    ----------
    Milo et al., "On the uniform generation of random graphs with prescribed degree
    sequences", arXiv:cond-mat/0312028 (2003).

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators.comparison import destroy_structure
    >>> destroy_structure(np.array([[1, 2, 3, 4], [5, 6, 7, 8]]), random_state=0)
    array([[3, 4, 2, 1],
           [7, 8, 6, 5]])
    """
    perturbations = perturbations_of(X)
    structure = _resolve(perturbations, structure)
    return perturbations.destroy(structure, random_generator(random_state))


def move_values(
    X: Any, y: Any, structure: str, random_state: int | np.random.RandomState | None = None
) -> Any:
    """Values at positions, moved as `destroy_structure` moves the positions of X.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...), or list
        Before its structure is destroyed.
    y : array-like or list
        Values in the form of X without its features.
    structure : str
        As `resolve_structure` gives it.
    random_state : int, RandomState instance or None, default=None
        As for `destroy_structure`.

    Returns
    -------
    ndarray, list of ndarray, or y itself
        y itself where all positions stay, as the nodes of graphs do.

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators.perturbations import destroy_structure, move_values
    >>> X = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
    >>> moved = move_values(X, 10 * X, "positions", 0)
    >>> bool((moved == 10 * destroy_structure(X, "positions", 0)).all())
    True
    """
    perturbations = perturbations_of(X)
    positions = perturbations.positions
    if positions is None:
        return y
    rows = positions.pack(y, "y")
    numbers = type(perturbations)(perturbations.numbered(np.arange(len(rows))))
    moved = numbers.destroy(structure, random_generator(random_state))
    return positions.unpack(rows[positions.pack(moved, "X").ravel()])


def resolve_structure(X: Any, structure: str) -> str:
    """The structure that `destroy_structure` destroys, or its error."""
    return _resolve(perturbations_of(X), structure)


def _resolve(perturbations: Perturbations, structure: str) -> str:
    available = list(perturbations.structures)
    if structure == "auto":
        return available[0]
    _check("structure", structure, [*DESTRUCTIONS], available, "'auto'", perturbations)
    return structure


def transform_samples(X: Any, transform: str, random: np.random.RandomState) -> Any:
    """A transformed copy of X.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...), or list
        Features last.
    transform : str
        One of `TRANSFORMS`, as `equivariance_error` describes them.
    random : numpy.random.RandomState

    Raises
    ------
    ValueError
        If the transform is unknown, or does not apply to X.
    """
    perturbations = perturbations_of(X)
    available = perturbations.transforms
    _check("transform", transform, TRANSFORMS, available, "a function", perturbations)
    return perturbations.transform(transform, random)


def units_of(X: Any, unit: str, size: int | None, x: Any = None) -> Units:
    """The units of the samples of X, or those of one sample.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...), or list
        Any X that the estimators read, features last.
    unit : str
        "auto" or one of `UNITS`, as `structure_importance` describes them.
    size : int or None
        Positions of a region, or of a patch along each axis.
    x : sample or None
        One sample; None for the units of all samples.

    Returns
    -------
    Units
        With ``labels`` and ``places``. ``exchange(place, random)`` gives X with one unit
        exchanged among the samples, ``replace(place, n, random)`` copies of the one sample,
        each with a draw from X in one unit.

    Raises
    ------
    ValueError
        If X has no such units.

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators.perturbations import units_of
    >>> units = units_of(np.arange(12).reshape(2, 6, 1), "region", 4)
    >>> units.labels
    ('0-3', '4-5')
    >>> units.exchange(units.places[1], np.random.RandomState(3))[..., 0]
    array([[ 0,  1,  2,  3, 10, 11],
           [ 6,  7,  8,  9,  4,  5]])
    """
    if size is not None and (not isinstance(size, Integral) or size < 1):
        raise ValueError(f"size must be a positive integer or None, got {size!r}.")
    perturbations = perturbations_of(X)
    if unit != "auto":
        _check("unit", unit, UNITS, perturbations.unit_names, "'auto'", perturbations)
    units = perturbations.units(unit, size, x)
    if size is not None and units.unit not in ("region", "patch"):
        raise ValueError(
            f"size={size} applies to unit='region' and 'patch', but unit is {units.unit!r}. Leave "
            "size out."
        )
    return units


def _check(
    parameter: str,
    value: Any,
    known: Collection[str],
    available: Collection[str],
    other: str,
    perturbations: Perturbations,
) -> None:
    """Raise an error if a value is unknown, or does not apply to this X."""
    if value not in [*known]:  # an unhashable value as well
        raise ValueError(f"{parameter} must be {other} or one of {[*known]}, got {value!r}.")
    if value not in available:
        raise ValueError(
            f"{parameter}={value!r} does not apply to {perturbations.description}. Choose one of "
            f"{[*available]}, or {other}."
        )
