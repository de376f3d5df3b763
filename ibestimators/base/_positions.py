"""An output at each position of a sample: each step, pixel, token or node.

Labels at positions become rows, one for each position that has a label, and rows are what any other
target takes: classes, labels or numbers. A position without a label has weight 0 in the loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import is_classifier
from torch import nn

from ibestimators.base._targets import Target
from ibestimators.base._training_data import check_weight
from ibestimators.structures import (
    Positions,
    is_flat,
    is_labelled,
    refuse_masked,
    rows_of,
    weights_of_rows,
)
from ibestimators.training import LabelledSamples, PositionLabels, PositionLoss


class LabelsAtPositions:
    """A checked y: the rows that have a label and a weight, and where they are.

    Parameters
    ----------
    rows : ndarray of shape (n_labelled, ...)
        Labels, of all samples.
    where : ndarray of int, shape (n_labelled,)
        The position of each label, counted over all samples.
    lengths : ndarray of int, shape (n_samples,)
        Number of positions of each sample.
    weight : ndarray of shape (n_labelled,) or None
        Weight of each label; None if all are 1.
    """

    def __init__(
        self,
        rows: NDArray[Any],
        where: NDArray[np.int64],
        lengths: NDArray[np.int64],
        weight: NDArray[np.float64] | None,
    ) -> None:
        self.rows = rows
        self.where = where
        self.lengths = lengths
        self.weight = weight

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, samples: NDArray[np.int64]) -> LabelsAtPositions:
        """The labels of some samples, given in increasing order."""
        kept = np.isin(np.arange(len(self)), samples)
        of_rows = np.repeat(kept, self.lengths)
        rows = of_rows[self.where]
        where = (np.cumsum(of_rows) - 1)[self.where[rows]]
        weight = None if self.weight is None else self.weight[rows]
        return LabelsAtPositions(self.rows[rows], where, self.lengths[kept], weight)

    @property
    def sample(self) -> NDArray[np.int64]:
        """The sample of each label."""
        return np.repeat(np.arange(len(self)), self.lengths)[self.where]

    def spread(self, values: torch.Tensor) -> torch.Tensor:  # (n_labelled, ...)
        """Values of labels as values of positions, 0 where there is no label: (n_rows, ...)."""
        spread = values.new_zeros(int(self.lengths.sum()), *values.shape[1:])
        spread[torch.from_numpy(self.where)] = values
        return spread

    def sample_weight(self) -> NDArray[np.float64] | None:
        """The mean weight of the labels of each sample, 0 if it has none; None if all are 1."""
        count = np.bincount(self.sample, minlength=len(self))
        total = np.bincount(self.sample, self.weight, minlength=len(self))
        mean = total / np.maximum(count, 1)
        return None if (mean == 1).all() else mean


def check_labels(
    y: Any,
    sample_weight: ArrayLike | None,
    positions: Positions,
    type_of: Callable[[Any], type[Target]],
    estimator: Any,
) -> tuple[type[Target], LabelsAtPositions]:
    """The type of target of the rows, and labels as it checks them.

    Parameters
    ----------
    y
        In the form of X without its features, with or without a last axis of several outputs.
    sample_weight : array-like or None
        Weight of each sample, or of each position in the form of y.
    positions : Positions
        Of X.
    type_of : callable
        The type of target of rows.
    estimator : Estimator
    """
    positions.refuse_empty()
    y = y.toarray() if sparse.issparse(y) else y
    if is_flat(y):
        raise ValueError(
            "y has one value a sample, but target='position' predicts a value at each position: "
            f"sample 0 of X has positions of shape {positions.shape_of(0)}. Give y in this form, "
            "or set target='sample'."
        )
    rows = positions.pack(y, "y")
    labelled = is_labelled(rows, has_classes=is_classifier(estimator))
    weight = None
    if sample_weight is not None:
        refuse_masked(sample_weight, "sample_weight")
        weight = weights_of_rows(sample_weight, positions)
        weight = check_weight(weight, rows)
        assert weight is not None
        labelled &= weight > 0
        weight = weight[labelled]
    if not labelled.any():
        raise ValueError(
            "y holds no label: each position has NaN, None or, as a class, -1, or a weight of 0."
        )
    found = rows_of(rows, labelled)
    target_type = type_of(found)
    checked = target_type.check(found, estimator)
    where = np.flatnonzero(labelled)
    return target_type, LabelsAtPositions(checked, where, positions.lengths, weight)


def refuse_labels_at_positions(y: Any, positions: Positions) -> None:
    """Raise an error if y holds a value for each position where one a sample is expected."""
    if positions.fits(y):
        raise ValueError(
            "y has a value for each position of X, but target='sample' predicts one answer a "
            "sample. Set target='position'."
        )


class AtPositions:
    """A target at each position of a sample.

    Parameters
    ----------
    of_rows : Target
        What is predicted at a position.
    """

    def __init__(self, of_rows: Target) -> None:
        self.of_rows = of_rows
        self.n_outputs = of_rows.n_outputs

    def labels(
        self,
        y: LabelsAtPositions,
        sample_weight: NDArray[Any] | None,
        estimator: Any,
        dtype: torch.dtype,
    ) -> tuple[PositionLabels, NDArray[Any] | None]:
        """Encoded labels, and the weight of each sample in the loss.

        The weight of a position in the loss is a factor of that of its sample.
        """
        weight = self.of_rows.loss_weight(y.rows, y.weight, estimator)
        weight = np.ones(len(y.rows)) if weight is None else weight
        if sample_weight is not None:
            weight = weight / sample_weight[y.sample]
        labels = PositionLabels(
            y.spread(self.of_rows.encode(y.rows, dtype)),
            y.spread(torch.from_numpy(weight).to(dtype)),
            torch.from_numpy(y.lengths),
        )
        return labels, sample_weight

    def loss(self) -> nn.Module:
        """Maps outputs and encoded labels to one loss a sample."""
        return PositionLoss(self.of_rows.loss())

    def baseline_loss(self, data: LabelledSamples) -> float:
        """Loss of the best constant prediction."""
        labels = data.target
        weight = (
            labels.weight if data.weight is None else labels.weight * data.weight[labels.sample]
        )
        used = weight > 0
        return self.of_rows.baseline_loss(
            LabelledSamples(data.samples, labels.rows[used], weight[used])
        )

    def strata(self, y: LabelsAtPositions) -> None:
        """None: a sample has labels of several classes."""
