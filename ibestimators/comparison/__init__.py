"""Compare estimators on the same folds, with a verdict that says how sure it is."""

from ibestimators.comparison._ablation import AblationResult, structure_ablation
from ibestimators.comparison._bias_search import BiasSearchClassifier, BiasSearchRegressor
from ibestimators.comparison._compare import compare_biases
from ibestimators.comparison._data_sets import DataSetsResult, compare_data_sets
from ibestimators.comparison._learning_curves import compare_learning_curves
from ibestimators.comparison._learning_curves_result import LearningCurvesResult
from ibestimators.comparison._racing import RaceResult, race_biases
from ibestimators.comparison._result import ComparisonResult
from ibestimators.comparison._scaling import ParameterScalingResult, compare_parameter_scaling
from ibestimators.comparison._statistics import compare_over_data_sets
from ibestimators.perturbations import destroy_structure

__all__ = [
    "AblationResult",
    "BiasSearchClassifier",
    "BiasSearchRegressor",
    "ComparisonResult",
    "DataSetsResult",
    "LearningCurvesResult",
    "ParameterScalingResult",
    "RaceResult",
    "compare_biases",
    "compare_data_sets",
    "compare_learning_curves",
    "compare_over_data_sets",
    "compare_parameter_scaling",
    "destroy_structure",
    "race_biases",
    "structure_ablation",
]
