"""Layers that several networks share."""

from ibestimators.layers._dense import (
    ACTIVATIONS,
    BatchNorm,
    DenseLayers,
    normalization_layer,
    weighing,
)
from ibestimators.layers._readout import Readout, pool

__all__ = [
    "ACTIVATIONS",
    "BatchNorm",
    "DenseLayers",
    "Readout",
    "normalization_layer",
    "pool",
    "weighing",
]
