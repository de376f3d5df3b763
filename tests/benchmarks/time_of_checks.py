"""The time of the checks, as a share of the comparison that they are part of.

python tests/benchmarks/time_of_checks.py
"""

from __future__ import annotations

import time
from unittest.mock import patch

from sklearn.datasets import load_digits, load_iris

from ibestimators import biases, compare_biases
from ibestimators.comparison import _compare
from ibestimators.datasets import load_mnist1d


def main() -> None:
    data = {
        "iris": (*load_iris(return_X_y=True), {}),
        # One epoch; the whole training takes 12 to 44 times as long.
        "digits, 1 epoch": (*load_digits(return_X_y=True), {"max_epochs": 1}),
        "MNIST-1D, 1 epoch": (*load_mnist1d(return_X_y=True), {"max_epochs": 1}),
    }
    facts_of = _compare.DataFacts.of
    for name, (X, y, params) in data.items():
        spent = []

        def timed(setup, spent=spent):
            start = time.perf_counter()
            facts = facts_of(setup)
            spent.append(time.perf_counter() - start)
            return facts

        start = time.perf_counter()
        with patch.object(_compare.DataFacts, "of", timed):
            estimators = biases("classification", **params)
            result = compare_biases(X, y, estimators, random_state=0)
        whole = time.perf_counter() - start
        start = time.perf_counter()
        result.checks()
        spent.append(time.perf_counter() - start)
        share = sum(spent) / whole
        print(
            f"{name}: facts {spent[0]:.3f} s, checks {spent[1]:.3f} s, {share:.2%} of {whole:.1f} s"
        )


if __name__ == "__main__":
    main()
