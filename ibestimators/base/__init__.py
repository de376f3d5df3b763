"""The estimator: parameters, fit, predict, files. A bias subclasses `Estimator`."""

from ibestimators.base._budget import BudgetRule
from ibestimators.base._classifier import Classifier
from ibestimators.base._estimator import (
    NON_NEGATIVE_REAL,
    POSITIVE_INT,
    POSITIVE_REAL,
    Estimator,
)
from ibestimators.base._fitted import COLUMNS, Fitted
from ibestimators.base._parameters import estimator, parameter
from ibestimators.base._random import draw_seed, random_generator
from ibestimators.base._regressor import Regressor
from ibestimators.base._saving import read_estimator
from ibestimators.base._targets import Target, check_values, refuse_collections

__all__ = [
    "COLUMNS",
    "NON_NEGATIVE_REAL",
    "POSITIVE_INT",
    "POSITIVE_REAL",
    "BudgetRule",
    "Classifier",
    "Estimator",
    "Fitted",
    "Regressor",
    "Target",
    "check_values",
    "draw_seed",
    "estimator",
    "parameter",
    "random_generator",
    "read_estimator",
    "refuse_collections",
]
