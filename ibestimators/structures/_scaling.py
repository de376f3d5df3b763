"""Scales of features: a `StandardScaler` that stays finite and can be written as plain values."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from sklearn.preprocessing import StandardScaler


def new_scaler(*, with_mean: bool = True, with_std: bool = True) -> StandardScaler:
    """A scaler that gives arrays, even where scikit-learn is set to give data frames."""
    scaler = StandardScaler(with_mean=with_mean, with_std=with_std)
    return scaler.set_output(transform="default")


@contextmanager
def finite_scale(scaler: StandardScaler, name: str) -> Iterator[None]:
    """Raise one error, and no other warning, if a scaler learns infinite scales inside."""
    with np.errstate(over="ignore", invalid="ignore"):
        yield
    for learned in (scaler.mean_, scaler.var_):
        if learned is not None and not np.isfinite(learned).all():
            raise ValueError(
                f"{name} holds numbers so large that their squares are infinite. Divide it by a "
                "constant, or take logarithms."
            )


def is_finite(values: torch.Tensor) -> bool:
    """Whether no value is infinite or NaN; a finite sum proves it in a tenth of the time."""
    return math.isfinite(values.sum()) or bool(values.isfinite().all())


def scaler_state(scaler: StandardScaler | None) -> dict[str, Any] | None:
    """What a scaler learned, as plain values."""
    if scaler is None:
        return None
    names = ("with_mean", "with_std", "mean_", "var_", "scale_", "n_samples_seen_")
    return {name: getattr(scaler, name) for name in names}


def scaler_from_state(state: dict[str, Any] | None) -> StandardScaler | None:
    """The scaler that had this state."""
    if state is None:
        return None
    scaler = new_scaler(with_mean=state["with_mean"], with_std=state["with_std"])
    for name in ("mean_", "var_", "scale_", "n_samples_seen_"):
        setattr(scaler, name, state[name])
    known = next(v for v in (scaler.mean_, scaler.scale_) if v is not None)
    scaler.n_features_in_ = len(known)
    return scaler
