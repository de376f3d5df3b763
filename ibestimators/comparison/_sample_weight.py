"""Weights of samples: checked before anything is trained; samples of weight 0 are left out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from ibestimators.comparison._metadata import takes_weights
from ibestimators.comparison._scorers import scorers_of
from ibestimators.comparison._scorers import takes_weights as scorer_takes_weights

Splits = list[tuple[NDArray[Any], NDArray[Any]]]


def checked_weight(sample_weight: ArrayLike | None, n_samples: int) -> NDArray[np.float64] | None:
    """Weights as numbers, or an error."""
    if sample_weight is None:
        return None
    try:
        weight = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"sample_weight must be numbers: {error}.") from error
    if weight.shape != (n_samples,):
        raise ValueError(
            f"sample_weight has shape {weight.shape}, but X has {n_samples} samples. Give one "
            "weight a sample."
        )
    wrong = ~(np.isfinite(weight) & (weight >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"sample_weight must be finite and at least 0, but sample {row} has {weight[row]}."
        )
    return weight


def with_weight(splits: Splits, weight: NDArray[np.float64]) -> Splits:
    """The folds without samples of weight 0, or an error if a part has no others."""
    kept = []
    for fold, rows in enumerate(splits):
        parts = [np.asarray(part)[weight[part] > 0] for part in rows]
        for name, part in zip(("training", "test"), parts, strict=True):
            if len(part) == 0:
                raise ValueError(
                    f"sample_weight is zero for all samples of the {name} part of fold {fold}. Use "
                    "fewer folds, or leave the samples of weight 0 out."
                )
        kept.append((parts[0], parts[1]))
    return kept


def check_weights_are_taken(
    estimators: Mapping[str, BaseEstimator], scoring: Any, baseline: str
) -> None:
    """Raise an error if an estimator takes no weights, and warn of scores that take none."""
    for name, est in estimators.items():
        if not takes_weights(est):
            raise ValueError(
                f"sample_weight was given, but {name!r}, a {type(est).__name__}, does not take it "
                "in fit. Leave the estimator out, or sample_weight."
            )
    scorers = scorers_of(estimators[baseline], scoring)
    ignoring = [name for name, scorer in scorers.items() if not scorer_takes_weights(scorer)]
    if ignoring:
        names = f"scoring={scoring!r} takes" if ignoring == ["score"] else f"{ignoring} take"
        warnings.warn(
            f"{names} no sample_weight, so that all test samples count the same.",
            UserWarning,
            stacklevel=5,
        )


def effective_size(weight: NDArray[np.float64] | None, rows: NDArray[Any]) -> float:
    """How many samples of equal weight say as much as some rows (Kish, "Survey sampling", 1965)."""
    if weight is None:
        return float(len(rows))
    return float(weight[rows].sum() ** 2 / np.square(weight[rows]).sum())
