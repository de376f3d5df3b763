"""Symmetries of data, found before any training, and estimators that have them."""

from ibestimators.symmetries._find import find_symmetries
from ibestimators.symmetries._invariant import Invariant
from ibestimators.symmetries._result import SymmetryDisplay, SymmetryResult

__all__ = ["Invariant", "SymmetryDisplay", "SymmetryResult", "find_symmetries"]
