"""Callbacks that a user gives: checked before training, and let score what the outputs mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from sklearn.metrics import get_scorer

from ibestimators.training._net import Meaning
from ibestimators.training._skorch import ScoringBase

# What each epoch records whatever the callbacks are.
_ALWAYS = {"epoch", "dur", "train_loss", "train_loss_best", "train_batch_count"}
_VALIDATION = {"valid_loss", "valid_loss_best", "valid_batch_count"}


def check_callbacks(callbacks: Sequence[Any], has_validation: bool, at_positions: bool) -> None:
    """Raise an error if a callback needs what this training does not give.

    Parameters
    ----------
    callbacks : sequence of callbacks, or of (name, callback) pairs
    has_validation : bool
        Whether part of the samples is held out, so that each epoch has a ``valid_loss``.
    at_positions : bool
        Whether there is an output for each position, and not one for each sample.
    """
    bare = [*_bare(callbacks)]
    # Other callbacks may record anything.
    all_known = all(type(callback).__module__.startswith("skorch.") for callback in bare)
    recorded = _ALWAYS | (_VALIDATION if has_validation else set())
    for callback in bare:
        name = type(callback).__name__
        if isinstance(callback, ScoringBase):
            _check_scoring(callback, name, has_validation, at_positions)
            score = callback.initialize().name_
            recorded |= {score, f"{score}_best"}
        recorded |= {str(getattr(callback, "event_name", None))}
        monitor = getattr(callback, "monitor", None)
        if not isinstance(monitor, str) or monitor in recorded:
            continue
        if not has_validation and monitor.startswith("valid"):
            raise ValueError(
                f"callbacks contain {name}, which monitors {monitor!r}, but no samples are held "
                f"out. Set early_stopping=True, or {name}(monitor="
                f"{monitor.replace('valid', 'train', 1)!r})."
            )
        if all_known:
            raise ValueError(
                f"callbacks contain {name}, which monitors {monitor!r}, but no callback before it "
                f"records that. Monitor one of {sorted(recorded - {'None'})}, or put an "
                "EpochScoring of that name before it."
            )


def _check_scoring(
    callback: ScoringBase, name: str, has_validation: bool, at_positions: bool
) -> None:
    if at_positions:
        raise ValueError(
            f"callbacks contain {name}, which scores one prediction a sample, but "
            "target='position' predicts at positions. Score in a callback of your own, or read "
            "the losses in net.history."
        )
    if not callback.use_caching:
        raise ValueError(
            f"callbacks contain {name}(use_caching=False), which would predict from data sets of "
            "skorch. Leave use_caching=True: the predictions of the training are scored."
        )
    if not (has_validation or callback.on_train):
        raise ValueError(
            f"callbacks contain {name}, which scores held-out samples, but no samples are held "
            f"out. Set early_stopping=True, or {name}(..., on_train=True)."
        )
    if isinstance(callback.scoring, str):
        get_scorer(callback.scoring)  # an error if it is unknown


def score_meanings(callbacks: Sequence[Any], meaning: Meaning) -> None:
    """Let callbacks score classes or numbers as y has them, and not as the loss takes them."""
    for callback in _bare(callbacks):
        if isinstance(callback, ScoringBase):
            callback.target_extractor = partial(_truth, meaning, callback.target_extractor)


def _truth(meaning: Meaning, extract: Any, target: tuple[Any, Any]) -> Any:
    """y of a batch, from the encoded target and the weights."""
    return extract(meaning.decode(target[0]))


def _bare(callbacks: Iterable[Any]) -> Iterable[Any]:
    return (c[1] if isinstance(c, tuple) else c for c in callbacks)
