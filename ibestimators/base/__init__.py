"""The estimator: parameters, fit, predict, saving. A bias subclasses `Estimator`."""

from ibestimators.base._estimator import (
    NON_NEGATIVE_REAL,
    POSITIVE_INT,
    POSITIVE_REAL,
    Classifier,
    EmbeddedTokens,
    Estimator,
    Regressor,
)
from ibestimators.base._parameters import estimator, parameter
from ibestimators.base._random import draw_seed, random_generator
from ibestimators.base._saving import load

__all__ = [
    "Classifier",
    "EmbeddedTokens",
    "Estimator",
    "NON_NEGATIVE_REAL",
    "POSITIVE_INT",
    "POSITIVE_REAL",
    "Regressor",
    "draw_seed",
    "estimator",
    "load",
    "parameter",
    "random_generator",
]
