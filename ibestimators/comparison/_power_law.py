"""Errors as a power law, error = a n^-b + c, of the number of samples or parameters n.

References: Cortes et al., "Learning curves: asymptotic values and rate of convergence", NIPS 6
(1993); Hestness et al., "Deep learning scaling is predictable, empirically", arXiv:1712.00409
(2017).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeWarning, curve_fit

from ibestimators.comparison._statistics import CONFIDENCE

PERCENTILES = [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)]
MAX_EXPONENT = 10.0  # a faster decrease is a step, not a power law


def optimum(scoring: str) -> float:
    """The best possible score: 0 for negative errors, else 1."""
    return 0.0 if scoring.startswith("neg_") else 1.0


def power_law(n: Any, a: float, b: float, c: float) -> Any:
    """The error with n samples or parameters."""
    return a * n**-b + c


def fit_power_law(sizes: NDArray[np.float64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """a, b and c of a n^-b + c; NaN where nothing can be fitted."""
    nothing = np.full(3, np.nan)
    present = np.isfinite(errors)
    sizes, errors = sizes[present], errors[present]
    if len(sizes) < 4 or errors[-1] >= errors[0]:
        return nothing
    # In units of the smallest size, the three parameters are of one magnitude.
    smallest = sizes[0]
    floor = max(errors.min(), 0) / 2
    start = [max(errors[0] - floor, 0), 0.5, floor]
    upper = [np.inf, MAX_EXPONENT, np.inf]
    try:
        with warnings.catch_warnings():
            # The covariance is not used, and is undefined at a bound.
            warnings.simplefilter("ignore", OptimizeWarning)
            fitted, _ = curve_fit(
                power_law,
                sizes / smallest,
                errors,
                start,
                bounds=([0, 0, 0], upper),
                jac=_law_jacobian,
            )
    except (RuntimeError, ValueError):  # no convergence
        return nothing
    a, b, c = fitted
    return np.array([a * smallest**b, b, c])


def _law_jacobian(n: NDArray[np.float64], a: float, b: float, c: float) -> NDArray[np.float64]:
    return np.column_stack([n**-b, -a * n**-b * np.log(n), np.ones_like(n)])


def power_law_intervals(
    sizes: NDArray[np.float64], drawn: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the intervals of a, b and c."""
    distinct, counts = np.unique(drawn.round(12), axis=0, return_counts=True)  # few folds repeat
    laws = np.repeat([fit_power_law(sizes, errors) for errors in distinct], counts, axis=0)
    fitted = laws[np.isfinite(laws).all(axis=1)]
    if len(fitted) < 0.95 * len(laws):
        return np.full(3, np.nan), np.full(3, np.nan)
    low, high = np.percentile(fitted, PERCENTILES, axis=0)
    return low, high
