"""scikit-learn's full battery on all ten estimators, none expected to fail."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import ESTIMATORS
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator

import ibestimators

# These compare two fits, or two orders of prediction, to 1e-7: a sample of weight
# 2 in one batch equals two samples in one batch, but not two in different batches,
# and a float32 is known to 6e-8 only. The default lr depends on the number of samples.
NUMERIC_EQUALITY = {
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
    "check_sample_weights_invariance",
    "check_methods_subset_invariance",
    "check_methods_sample_order_invariance",
}

# These require a good score on a few hundred simple samples. The other checks hold after any number
# of epochs, of which three are enough to show it.
SCORES = {
    "check_classifiers_train",
    "check_classifiers_classes",
    "check_class_weight_classifiers",
    "check_class_weight_balanced_classifiers",
    "check_regressors_train",
    "check_supervised_y_2d",
}


def cases() -> list[Any]:
    """All checks of all estimators.

    A check of the score on read-only arrays is slow, except for the MLP: how X is read does not
    depend on the bias.
    """
    found = []
    for name in ESTIMATORS:
        # Some checks leave the seed open, and a fit to a dozen samples of noise may then end
        # above chance.
        made = getattr(ibestimators, name)(random_state=0)
        for estimator, check in estimator_checks_generator(made):
            keywords = getattr(check, "keywords", {})
            what = "-".join([check.func.__name__, *(f"{k}={v}" for k, v in keywords.items())])
            again = keywords.get("readonly_memmap") and not name.startswith("MLP")
            marks = [pytest.mark.slow] if again and check.func.__name__ in SCORES else []
            found.append(pytest.param(estimator, check, id=f"{name}-{what}", marks=marks))
    return found


@pytest.mark.parametrize(("estimator", "check"), cases())
def test_sklearn_check(estimator: Any, check: Any) -> None:
    name = getattr(check, "func", check).__name__
    estimator = clone(estimator).set_params(max_epochs=15 if name in SCORES else 3)
    if name in NUMERIC_EQUALITY:
        estimator.set_params(dtype="float64", batch_size=1_000_000, lr=1e-2)
    check(estimator)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_at_least_50_checks_apply(name: str) -> None:
    checks = list(estimator_checks_generator(getattr(ibestimators, name)()))
    assert len(checks) >= 50
