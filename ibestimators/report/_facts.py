"""What a report says about the data and the software, besides the results."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.multiclass import type_of_target

from ibestimators.report._section import Facts, Section
from ibestimators.structures import is_labelled, rows_of, structure_of

MAX_CLASSES = 20
PACKAGES = ("ibestimators", "scikit-learn", "torch", "skorch", "numpy")


def facts_of_data(
    X: Any, y: Any, are_classes: bool | None = None, at_positions: bool = False
) -> list[tuple[str, str]]:
    """What X and y are.

    Parameters
    ----------
    X, y : object or None
        None leaves out what is not given.
    are_classes : bool or None, default=None
        Whether y holds classes; None decides by its values.
    at_positions : bool, default=False
        Whether y holds a value for each position; y of more than two axes always does.

    Returns
    -------
    list of pairs of str
    """
    facts = [] if X is None else [*facts_of_samples(X)]
    if y is not None:
        y = labels_of_positions(y) if at_positions or are_at_positions(y) else y
        if are_classes is None:
            are_classes = not type_of_target(y).startswith("continuous")
        facts += facts_of_target(y, are_classes)
    return facts


def versions_section() -> Section:
    """Versions of what decides the numbers."""
    pairs = [(name, version(name)) for name in PACKAGES]
    facts = Facts([*pairs, ("Python", platform.python_version())])
    return Section("Versions", [facts], tab="Settings")


def facts_of_samples(X: Any) -> Sequence[tuple[str, str]]:
    """Kind, number and sizes of the samples."""
    try:
        structure = structure_of(X)
    except (TypeError, ValueError):  # text and the like, which a pipeline converts
        return [("samples", f"{len(X):,}")]
    return structure.describe(X)


def are_at_positions(y: Any) -> bool:
    """Whether y holds, beyond doubt, values at the positions of samples."""
    try:
        return np.ndim(y) > 2
    except ValueError:  # samples of different sizes
        return True


def labels_of_positions(y: Any) -> NDArray[Any]:
    """All labels at positions, without the positions that have none."""
    rows = np.concatenate([np.ravel(item) for item in y])
    return rows_of(rows, is_labelled(rows, has_classes=rows.dtype.kind != "f"))


def facts_of_target(y: Any, are_classes: bool) -> list[tuple[str, str]]:
    """Numbers of the classes or labels, or mean and spread of the numbers."""
    y = y.toarray() if sparse.issparse(y) else np.asarray(y)
    if are_classes and y.ndim == 1:
        return _counts("classes", *np.unique(y, return_counts=True))
    if are_classes and np.isin(y, (0, 1)).all():
        return _counts("labels", np.arange(y.shape[1]), (y == 1).sum(axis=0))
    if are_classes:
        return [("outputs", f"{y.shape[1]:,}")]
    columns = y.reshape(len(y), -1).T.astype(float)
    shown = [f"{column.mean():.4g} ± {column.std():.4g}" for column in columns[:MAX_CLASSES]]
    return [("target, mean ± sd", _with_rest(shown, len(columns), "outputs"))]


def _counts(noun: str, names: NDArray[Any], counts: NDArray[Any]) -> list[tuple[str, str]]:
    """How many classes or labels there are, and samples of the most frequent ones."""
    largest = np.argsort(-counts, kind="stable")[:MAX_CLASSES]
    shown = [f"{names[i]} ({counts[i]:,})" for i in largest]
    return [(noun, f"{len(names):,}"), ("samples of each", _with_rest(shown, len(names), noun))]


def _with_rest(shown: list[str], n: int, noun: str) -> str:
    rest = [f"and {n - len(shown):,} more {noun}"] if n > len(shown) else []
    return ", ".join([*shown, *rest])
