"""Inspect fitted estimators: learned features, attention, importances and symmetries."""

from ibestimators.inspection._attention import AttentionMapDisplay
from ibestimators.inspection._convolution import FeatureMapDisplay, FilterDisplay, receptive_field
from ibestimators.inspection._dense_equivalent import as_dense
from ibestimators.inspection._equivariance import equivariance_error
from ibestimators.inspection._importance import (
    ImportanceDisplay,
    ImportanceResult,
    sample_importance,
    structure_importance,
)
from ibestimators.inspection._message_passing import (
    MessageDisplay,
    NodeEmbeddingDisplay,
    ReachDisplay,
)
from ibestimators.inspection._positions import PositionDisplay
from ibestimators.inspection._recurrence import GradientNormDisplay, HiddenStateDisplay
from ibestimators.inspection._training_curves import TrainingCurveDisplay

__all__ = [
    "equivariance_error",
    "AttentionMapDisplay",
    "FeatureMapDisplay",
    "FilterDisplay",
    "GradientNormDisplay",
    "HiddenStateDisplay",
    "ImportanceDisplay",
    "ImportanceResult",
    "MessageDisplay",
    "NodeEmbeddingDisplay",
    "PositionDisplay",
    "ReachDisplay",
    "TrainingCurveDisplay",
    "as_dense",
    "receptive_field",
    "sample_importance",
    "structure_importance",
]
