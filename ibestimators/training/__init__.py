"""The training loop: batches, net, callbacks, and the forward pass."""

from ibestimators.training._batches import Batches, LabelledSamples, length_bucketed_batches
from ibestimators.training._callbacks import (
    EpochTasks,
    GradientClipping,
    LastGoodWeights,
    WarmUpAndDecay,
    any_scheduler,
    diverged,
    early_stopping,
)
from ibestimators.training._given_callbacks import check_callbacks, score_meanings
from ibestimators.training._loop import forward, train
from ibestimators.training._multiply_adds import multiply_adds
from ibestimators.training._net import TrainingNet, build_net, curve, restored_on_error
from ibestimators.training._positions import PositionLabels, PositionLoss
from ibestimators.training._runtime import gradients_on, intra_op_threads, resolve_device, seeded

__all__ = [
    "Batches",
    "EpochTasks",
    "GradientClipping",
    "LabelledSamples",
    "LastGoodWeights",
    "PositionLabels",
    "PositionLoss",
    "TrainingNet",
    "WarmUpAndDecay",
    "any_scheduler",
    "build_net",
    "check_callbacks",
    "curve",
    "diverged",
    "early_stopping",
    "forward",
    "gradients_on",
    "intra_op_threads",
    "length_bucketed_batches",
    "multiply_adds",
    "resolve_device",
    "restored_on_error",
    "score_meanings",
    "seeded",
    "train",
]
