"""MNIST-1D in one report: scores, the data efficiency of each bias, and an ablation.

    python examples/mnist1d_report.py [PATH]

Compares the five biases on the same folds, on training sets of increasing size, and with the
positions of all signals shuffled by one permutation; writes PATH (mnist1d.html). About twelve
minutes on two cores, all seeded.
"""

from __future__ import annotations

import sys
from typing import Any

from ibestimators import biases, compare_biases, compare_learning_curves, structure_ablation
from ibestimators.datasets import load_mnist1d


def main(path: str = "mnist1d.html") -> tuple[Any, Any]:
    """Write the page; return the learning curves and the ablation."""
    X, y = load_mnist1d(return_X_y=True)
    estimators = biases("classification")
    shared = {"cv": 5, "n_jobs": 2, "random_state": 0, "verbose": 1}

    result = compare_biases(X, y, estimators, **shared)
    print(result, end="\n\n")
    sizes = [100, 200, 400, 800, 1600, 3200]
    curves = compare_learning_curves(X, y, estimators, train_sizes=sizes, **shared)
    print(curves, end="\n\n")
    ablation = structure_ablation(X, y, estimators, **shared)
    print(ablation)
    result.to_html(path, X=X, y=y, curves=curves, ablation=ablation, title="MNIST-1D")
    print(f"report: {path}")
    return curves, ablation


if __name__ == "__main__":
    main(*sys.argv[1:])
