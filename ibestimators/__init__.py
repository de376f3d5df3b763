"""Every neural inductive bias as a scikit-learn estimator, and a fair comparison of them.

The names below are the whole public surface. They are imported at first use: torch takes
seconds, and the command line's help needs none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ibestimators.attention import AttentionClassifier, AttentionRegressor
    from ibestimators.comparison import (
        AblationResult,
        BiasSearchClassifier,
        BiasSearchRegressor,
        ComparisonResult,
        DataSetsResult,
        LearningCurvesResult,
        ParameterScalingResult,
        RaceResult,
        compare_biases,
        compare_data_sets,
        compare_learning_curves,
        compare_over_data_sets,
        compare_parameter_scaling,
        race_biases,
        structure_ablation,
    )
    from ibestimators.convolution import ConvClassifier, ConvRegressor
    from ibestimators.diagnosis import DiagnosisResult, diagnose
    from ibestimators.inspection import (
        AttentionMapDisplay,
        FeatureMapDisplay,
        FilterDisplay,
        GradientNormDisplay,
        HiddenStateDisplay,
        ImportanceDisplay,
        ImportanceResult,
        MessageDisplay,
        NodeEmbeddingDisplay,
        PositionDisplay,
        ReachDisplay,
        TrainingCurveDisplay,
        as_dense,
        equivariance_error,
        receptive_field,
        sample_importance,
        structure_importance,
    )
    from ibestimators.language import LanguageModel, NGramClassifier
    from ibestimators.message_passing import GraphClassifier, GraphRegressor
    from ibestimators.mlp import MLPClassifier, MLPRegressor
    from ibestimators.nodes import NodeClassifier, NodeRegressor, community_folds
    from ibestimators.recurrence import RecurrentClassifier, RecurrentRegressor
    from ibestimators.scoring import position_scorer
    from ibestimators.screening import ScreeningDisplay, ScreeningResult, screen_biases
    from ibestimators.structures import Pair
    from ibestimators.suite import biases, load
    from ibestimators.symmetries import Invariant, SymmetryDisplay, SymmetryResult, find_symmetries
    from ibestimators.tables import table_pipeline
    from ibestimators.text import TextTokenizer

__version__ = "0.1.0"

# What each module gives to the package, in the order of the API's pages.
_PUBLIC = {
    "mlp": ["MLPClassifier", "MLPRegressor"],
    "convolution": ["ConvClassifier", "ConvRegressor"],
    "recurrence": ["RecurrentClassifier", "RecurrentRegressor"],
    "message_passing": ["GraphClassifier", "GraphRegressor"],
    "attention": ["AttentionClassifier", "AttentionRegressor"],
    "nodes": ["NodeClassifier", "NodeRegressor", "community_folds"],
    "suite": ["biases", "load"],
    "scoring": ["position_scorer"],
    "tables": ["table_pipeline"],
    "text": ["TextTokenizer"],
    "language": ["LanguageModel", "NGramClassifier"],
    "structures": ["Pair"],
    "comparison": [
        "compare_biases",
        "ComparisonResult",
        "compare_learning_curves",
        "LearningCurvesResult",
        "compare_parameter_scaling",
        "ParameterScalingResult",
        "structure_ablation",
        "AblationResult",
        "race_biases",
        "RaceResult",
        "compare_data_sets",
        "DataSetsResult",
        "compare_over_data_sets",
        "BiasSearchClassifier",
        "BiasSearchRegressor",
    ],
    "inspection": [
        "TrainingCurveDisplay",
        "FilterDisplay",
        "FeatureMapDisplay",
        "receptive_field",
        "as_dense",
        "HiddenStateDisplay",
        "GradientNormDisplay",
        "NodeEmbeddingDisplay",
        "MessageDisplay",
        "ReachDisplay",
        "AttentionMapDisplay",
        "PositionDisplay",
        "structure_importance",
        "sample_importance",
        "ImportanceResult",
        "ImportanceDisplay",
        "equivariance_error",
    ],
    "diagnosis": ["diagnose", "DiagnosisResult"],
    "screening": ["screen_biases", "ScreeningResult", "ScreeningDisplay"],
    "symmetries": ["find_symmetries", "SymmetryResult", "SymmetryDisplay", "Invariant"],
}
_PACKAGES = ["comparison", "datasets", "forecasting", "inspection", "testing"]
_HOME = {name: module for module, names in _PUBLIC.items() for name in names}

__all__ = [*_HOME, *_PACKAGES]


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
