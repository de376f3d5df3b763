"""Checks of what comes beside X and y in fit, and the split into training and validation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.utils.validation import _check_sample_weight

from ibestimators.structures import Samples, refuse_masked
from ibestimators.training import LabelledSamples, PositionLabels

Rows = NDArray[np.int64]

_NO_WEIGHT = (
    "sample_weight and class_weight leave no weight in the training or the validation part; give "
    "more samples a weight above 0, or set early_stopping=False."
)


def check_weight(sample_weight: ArrayLike | None, y: NDArray[Any]) -> NDArray[Any] | None:
    """Sample weights as an array, or an error."""
    if sample_weight is None:
        return None
    refuse_masked(sample_weight, "sample_weight")
    weight = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
    if not weight.any():
        raise ValueError("sample_weight is zero for all samples; give at least one weight above 0.")
    return np.asarray(weight)


def check_groups(groups: ArrayLike) -> NDArray[Any]:
    """Group labels as an array, or an error."""
    refuse_masked(groups, "groups")
    labels = np.asarray(groups)
    if labels.ndim != 1:
        raise ValueError(
            f"groups must have shape (n_samples,), one label a sample, but has {labels.shape}."
        )
    if pd.isna(labels).any():
        raise ValueError(
            "groups has missing labels. Give each sample a label; a sample that belongs to no "
            "other is a group of its own."
        )
    return labels


def validation_split(
    n_samples: int,
    strata: NDArray[Any] | None,
    groups: NDArray[Any] | None,
    fraction: float,
    seed: int,
) -> Sequence[Rows]:
    """Rows to train on and rows to validate on, or an error.

    Parameters
    ----------
    n_samples : int
    strata : ndarray of shape (n_samples,) or None
        Classes, whose shares are kept.
    groups : ndarray of shape (n_samples,) or None
        Groups, which are kept whole.
    fraction : float
        Share of the samples, or of the groups, to validate on.
    seed : int
    """
    try:
        if groups is not None:
            return _split_groups(n_samples, strata, groups, fraction, seed)
        rows = np.arange(n_samples)
        parts: Sequence[Rows] = train_test_split(
            rows, test_size=fraction, stratify=strata, random_state=seed
        )
        return parts
    except ValueError as error:
        raise ValueError(
            f"early_stopping=True could not set validation_fraction={fraction} of {n_samples} "
            f"samples aside: {error} Give more "
            f"{'samples of each class' if groups is None else 'groups'}, change "
            "validation_fraction, or set early_stopping=False."
        ) from error


def _split_groups(
    n_samples: int, strata: NDArray[Any] | None, groups: NDArray[Any], fraction: float, seed: int
) -> Sequence[Rows]:
    """Whole groups set aside, and no class with them as a whole."""
    splitter = GroupShuffleSplit(10, test_size=fraction, random_state=seed)
    for train, validation in splitter.split(np.empty(n_samples), groups=groups):
        if strata is None or not len(np.setdiff1d(strata, strata[train])):
            return train, validation
    raise ValueError("each of ten draws of groups left a class without training samples.")


def labelled_samples(
    samples: Samples,
    labels: torch.Tensor | PositionLabels,
    weight: NDArray[Any] | None,
    rows: Rows,
    dtype: torch.dtype,
    *,
    rescale: bool,
) -> LabelledSamples:
    """The samples of some rows, without those of weight 0.

    Parameters
    ----------
    samples, labels, weight
        Of all rows.
    rows : ndarray of int
    dtype : torch.dtype
        Of the weights.
    rescale : bool
        Whether to divide the weights by their mean.
    """
    if weight is not None:
        rows = rows[weight[rows] > 0]
        if not rows.size:
            raise ValueError(_NO_WEIGHT)
    if len(rows) < len(samples):
        index = torch.from_numpy(rows)
        samples, labels = samples.take(index), labels[index]
    scaled = None
    if weight is not None:
        weight = weight[rows]
        scaled = torch.from_numpy(weight / weight.mean() if rescale else weight).to(dtype)
    if isinstance(labels, PositionLabels):
        labels = _with_mean_weight_1(labels, scaled)
    return LabelledSamples(samples, labels, scaled)


def _with_mean_weight_1(labels: PositionLabels, weight: torch.Tensor | None) -> PositionLabels:
    """Labels whose weights sum to 1 a sample: the mean over samples, weighted by `weight`."""
    totals = labels.total_weight()
    mean = totals.mean() if weight is None else (weight * totals).sum() / weight.sum()
    if not mean:
        raise ValueError(_NO_WEIGHT)
    return PositionLabels(labels.rows, labels.weight / mean, labels.lengths)
