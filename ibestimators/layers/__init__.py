"""Layers that several networks use, and the network of every estimator."""

from ibestimators.layers._column_embedding import ColumnEmbedding, has_few_columns
from ibestimators.layers._dense import ACTIVATIONS, DenseLayers
from ibestimators.layers._linear_recurrence import MinGRU, linear_recurrence
from ibestimators.layers._local_attention import LocalAttention
from ibestimators.layers._network import Batch, Encoder, Network
from ibestimators.layers._normalization import (
    BatchNorm,
    normalization_layer,
    weighted_normalization,
)
from ibestimators.layers._patches import patches
from ibestimators.layers._readout import EachPosition, Packed, Padded, Readout

__all__ = [
    "ACTIVATIONS",
    "Batch",
    "BatchNorm",
    "ColumnEmbedding",
    "DenseLayers",
    "EachPosition",
    "Encoder",
    "LocalAttention",
    "MinGRU",
    "Network",
    "Packed",
    "Padded",
    "Readout",
    "has_few_columns",
    "linear_recurrence",
    "normalization_layer",
    "patches",
    "weighted_normalization",
]
