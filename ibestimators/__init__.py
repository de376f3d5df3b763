"""Every neural inductive bias as a scikit-learn estimator.

Estimators: `MLPClassifier`, `MLPRegressor`, `ConvClassifier`, `ConvRegressor`,
`RecurrentClassifier`, `RecurrentRegressor`, `GraphClassifier`, `GraphRegressor`,
`AttentionClassifier`, `AttentionRegressor`; all five at once: `biases`.
Comparison: `compare_biases`, `ComparisonResult`; how much data a bias is worth:
`compare_learning_curves`, `LearningCurvesResult`; how many parameters:
`compare_parameter_scaling`, `ParameterScalingResult`; does the structure matter:
`structure_ablation`, `AblationResult`, `equivariance_error`; a first answer early:
`race_biases`, `RaceResult`; over several data sets: `compare_over_data_sets`. Inside a bias:
`FilterDisplay`, `FeatureMapDisplay`, `receptive_field`; `HiddenStateDisplay`,
`GradientNormDisplay`; `NodeEmbeddingDisplay`, `MessageDisplay`, `ReachDisplay`;
`AttentionMapDisplay`; `TrainingCurveDisplay`. What matters to it: `structure_importance`,
`sample_importance`, `ImportanceResult`, `ImportanceDisplay`. A convolution as the dense
network that it is: `as_dense`. A saved estimator: `load`. Text: `TextTokenizer`. Data:
`ibestimators.datasets`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ibestimators.ablation import AblationResult, equivariance_error, structure_ablation
    from ibestimators.attention import AttentionClassifier, AttentionRegressor
    from ibestimators.attention_maps import AttentionMapDisplay
    from ibestimators.comparison import ComparisonResult, compare_biases
    from ibestimators.convolution import ConvClassifier, ConvRegressor
    from ibestimators.feature_maps import FeatureMapDisplay, FilterDisplay, receptive_field
    from ibestimators.hidden_states import GradientNormDisplay, HiddenStateDisplay
    from ibestimators.importance import (
        ImportanceDisplay,
        ImportanceResult,
        sample_importance,
        structure_importance,
    )
    from ibestimators.learning_curves import LearningCurvesResult, compare_learning_curves
    from ibestimators.message_passing import GraphClassifier, GraphRegressor
    from ibestimators.messages import MessageDisplay, NodeEmbeddingDisplay, ReachDisplay
    from ibestimators.mlp import MLPClassifier, MLPRegressor
    from ibestimators.parameter_scaling import (
        ParameterScalingResult,
        compare_parameter_scaling,
    )
    from ibestimators.persistence import load
    from ibestimators.racing import RaceResult, race_biases
    from ibestimators.recurrence import RecurrentClassifier, RecurrentRegressor
    from ibestimators.statistics import compare_over_data_sets
    from ibestimators.suite import biases
    from ibestimators.text import TextTokenizer
    from ibestimators.training_curves import TrainingCurveDisplay
    from ibestimators.unrolled import as_dense

__version__ = "0.1.0"

_HOME = {
    "MLPClassifier": "mlp",
    "MLPRegressor": "mlp",
    "ConvClassifier": "convolution",
    "ConvRegressor": "convolution",
    "RecurrentClassifier": "recurrence",
    "RecurrentRegressor": "recurrence",
    "GraphClassifier": "message_passing",
    "GraphRegressor": "message_passing",
    "AttentionClassifier": "attention",
    "AttentionRegressor": "attention",
    "compare_biases": "comparison",
    "ComparisonResult": "comparison",
    "biases": "suite",
    "TextTokenizer": "text",
    "LearningCurvesResult": "learning_curves",
    "compare_learning_curves": "learning_curves",
    "ParameterScalingResult": "parameter_scaling",
    "compare_parameter_scaling": "parameter_scaling",
    "RaceResult": "racing",
    "race_biases": "racing",
    "AblationResult": "ablation",
    "equivariance_error": "ablation",
    "structure_ablation": "ablation",
    "compare_over_data_sets": "statistics",
    "TrainingCurveDisplay": "training_curves",
    "FilterDisplay": "feature_maps",
    "FeatureMapDisplay": "feature_maps",
    "receptive_field": "feature_maps",
    "HiddenStateDisplay": "hidden_states",
    "GradientNormDisplay": "hidden_states",
    "AttentionMapDisplay": "attention_maps",
    "NodeEmbeddingDisplay": "messages",
    "MessageDisplay": "messages",
    "ReachDisplay": "messages",
    "ImportanceDisplay": "importance",
    "ImportanceResult": "importance",
    "structure_importance": "importance",
    "sample_importance": "importance",
    "load": "persistence",
    "as_dense": "unrolled",
}

__all__ = [
    "load",
    "sample_importance",
    "structure_importance",
    "ImportanceResult",
    "ImportanceDisplay",
    "ReachDisplay",
    "MessageDisplay",
    "NodeEmbeddingDisplay",
    "AttentionMapDisplay",
    "GradientNormDisplay",
    "HiddenStateDisplay",
    "receptive_field",
    "FeatureMapDisplay",
    "FilterDisplay",
    "AblationResult",
    "AttentionClassifier",
    "AttentionRegressor",
    "ComparisonResult",
    "ConvClassifier",
    "ConvRegressor",
    "GraphClassifier",
    "GraphRegressor",
    "LearningCurvesResult",
    "MLPClassifier",
    "MLPRegressor",
    "ParameterScalingResult",
    "RaceResult",
    "RecurrentClassifier",
    "RecurrentRegressor",
    "TextTokenizer",
    "TrainingCurveDisplay",
    "as_dense",
    "biases",
    "compare_biases",
    "compare_learning_curves",
    "compare_over_data_sets",
    "compare_parameter_scaling",
    "equivariance_error",
    "race_biases",
    "structure_ablation",
]


def __getattr__(name: str) -> Any:
    # Loaded at first use: torch takes seconds, and the command line's help needs none.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
