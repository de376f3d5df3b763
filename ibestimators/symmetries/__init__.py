"""Symmetries of data, found before any training, and estimators that have them."""

from ibestimators.symmetries._find import MIN_SAMPLES, find_symmetries, numbers_of
from ibestimators.symmetries._gaussian_process import GaussianProcess, best_process, feature_kernel
from ibestimators.symmetries._invariant import Invariant
from ibestimators.symmetries._result import POSITIONS, SymmetryDisplay, SymmetryResult
from ibestimators.symmetries._samples import axes_of, check_numbers

__all__ = [
    "MIN_SAMPLES",
    "POSITIONS",
    "GaussianProcess",
    "Invariant",
    "SymmetryDisplay",
    "SymmetryResult",
    "axes_of",
    "best_process",
    "check_numbers",
    "feature_kernel",
    "find_symmetries",
    "numbers_of",
]
