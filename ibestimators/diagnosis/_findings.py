"""Facts about samples and targets that decide what a comparison can show; each costs little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from joblib import hash as hash_of
from numpy.typing import NDArray
from scipy import stats
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ibestimators.formatting import counted
from ibestimators.symmetries import MIN_SAMPLES, POSITIONS, SymmetryResult, axes_of

LEVEL = 0.05
_FOLDS = 5
_NAMED = 10  # rare classes


class Finding(NamedTuple):
    """One fact.

    Parameters
    ----------
    name : str
    value : float
    sentence : str
        What it means.
    """

    name: str
    value: float
    sentence: str


def duplicates(X: Sequence[Any] | NDArray[Any], y: NDArray[Any]) -> list[Finding]:
    """Samples that are the same as an earlier one, and those of them with another answer."""
    first: dict[str, int] = {}
    copies, contradictions = 0, 0
    for i, sample in enumerate(X):
        earlier = first.setdefault(hash_of(sample), i)
        if earlier != i:
            copies += 1
            contradictions += not np.array_equal(y[i], y[earlier])
    found = []
    if copies:
        text = (
            f"Samples that are copies of earlier ones: {copies:,}. Folds that part them test on "
            "what was trained on: drop them, or give copies one group."
        )
        found.append(Finding("duplicates", copies, text))
    if contradictions:
        text = f"Copies with another answer than the first sample: {contradictions:,}."
        found.append(Finding("contradicting duplicates", contradictions, text))
    return found


def size_alone(sizes: NDArray[Any], y: NDArray[Any], task: str) -> list[Finding]:
    """Whether the number of steps, tokens or nodes predicts y, by a tree in five folds."""
    if y.ndim > 1 or len(y) < _FOLDS or len(np.unique(sizes)) < 2:
        return []
    if task == "classification":
        if np.unique(y, return_counts=True)[1].min() < _FOLDS:
            return []
        tree, guess = DecisionTreeClassifier(max_depth=4), DummyClassifier()
        folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    else:
        tree, guess = DecisionTreeRegressor(max_depth=4), DummyRegressor()
        folds = KFold(_FOLDS, shuffle=True, random_state=0)
    X = np.asarray(sizes)[:, np.newaxis]
    found, guessed = (cross_val_predict(model, X, y, cv=folds) for model in (tree, guess))
    if task == "classification":
        gain = (found == y).astype(float) - (guessed == y)
        score, name = accuracy_score(y, found), "accuracy"
    else:
        gain, score, name = (guessed - y) ** 2 - (found - y) ** 2, r2_score(y, found), "R²"
    if not gain.any() or stats.ttest_1samp(gain, 0, alternative="greater").pvalue > LEVEL:
        return []
    text = (
        f"The size of a sample alone predicts y: {name} {score:.2f} in {_FOLDS} folds. A bias has "
        "to beat this: sums and positions show the size to a network, a mean alone does not."
    )
    return [Finding("size alone", float(score), text)]


def few_of_a_class(y: NDArray[Any], task: str) -> list[Finding]:
    """Classes with fewer samples than there are usual folds."""
    if task != "classification" or y.ndim > 1:
        return []
    classes, counts = np.unique(y, return_counts=True)
    few = [str(c) for c in classes[counts < _FOLDS]]
    if not few:
        return []
    named = [*few[:_NAMED], *([f"and {len(few) - _NAMED:,} others"] if len(few) > _NAMED else [])]
    text = f"Classes with too few samples for {_FOLDS} folds: {', '.join(named)}."
    return [Finding("rare classes", len(few), text)]


def grouped(groups: NDArray[Any], found_symmetries: bool) -> list[Finding]:
    """How many groups there are."""
    n = len(np.unique(groups))
    used = "one of each was used for symmetries, and " if found_symmetries else ""
    text = (
        f"The samples come in {counted(n, 'group')}: {used}a comparison needs cv=GroupKFold() with "
        "these groups."
    )
    return [Finding("groups", n, text)]


def no_symmetries(X: Any, kind: str, groups: NDArray[Any] | None) -> list[Finding]:
    """Why symmetries of a checked X cannot be measured, if they cannot."""
    n = len(X) if groups is None else len(np.unique(groups))
    what = "sample" if groups is None else "group"
    if kind == "pairs":
        why = "Symmetries of pairs are not measured."
    elif n < MIN_SAMPLES:
        why = f"Symmetries need at least {MIN_SAMPLES} {what}s, but there are {n}."
    elif kind == "array" and np.prod(axes_of(X)) < 2:
        why = "X has one position, so that there is nothing to move, and no symmetry."
    else:
        return []
    return [Finding("no symmetries", n, why)]


def near_noise(symmetries: SymmetryResult) -> list[Finding]:
    """Whether no prior predicts y better than the shares of the classes do."""
    if symmetries.is_learnable:
        return []
    return [Finding("labels near noise", symmetries.knowledge, symmetries.about_knowledge()[0])]


def order_unused(symmetries: SymmetryResult) -> list[Finding]:
    """Whether the answer does not need the order of positions, or the edges of graphs."""
    if not symmetries.order_is_unused:
        return []
    limit, name = symmetries.order_gain_limit, POSITIONS[symmetries.kind]
    if symmetries.kind == "graphs":
        subject, others = "edges", "graphs without edges, or with others,"
    else:
        same = "in another order, the same for all samples," if symmetries.kind == "array" else ""
        subject, others = "order", f"{name} {same or 'in random orders'}"
    text = (
        f"The answer does not need the {subject}: {others} give as good a log density, to within "
        f"{max(0.0, limit):.3f} of {symmetries.knowledge:.3f} nats a sample."
    )
    return [Finding(f"{subject} unused", limit, text)]
