"""Checks for estimators that are built on this package, such as a new inductive bias."""

from ibestimators.testing._check_estimator import (
    check_estimator,
    estimator_checks,
    parametrize_with_checks,
)

__all__ = ["check_estimator", "estimator_checks", "parametrize_with_checks"]
