"""False alarms and power of the search for symmetries.

    python examples/symmetries_study.py NAME=DRAWS ...

NAME is labels (smooth signals with labels that have nothing to do with them), columns (a linear
function of independent columns), shuffled (MNIST-1D, positions shuffled anew in each draw; all
three with 60 samples), or power (MNIST-1D, 150 samples). Prints the shares of draws in which the
order matters, any change is supported, one that moves positions is, and a shift is.

NAME without draws is a series of study_data.py or a table of scikit-learn, such as GunPoint or
wine: prints whether a shift is supported on its first part, and what Conv gains over MLP in 20
epochs on the second.
"""

from __future__ import annotations

import sys

import numpy as np
import study_data
from numpy.typing import NDArray
from sklearn import datasets

from ibestimators import biases, find_symmetries
from ibestimators.datasets import load_mnist1d

SIGNALS, DIGITS = load_mnist1d(return_X_y=True)


def draw(name: str, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Samples and targets of one draw."""
    random = np.random.RandomState(seed)
    if name == "labels":
        return random.normal(size=(60, 30)).cumsum(1), random.randint(0, 3, 60)
    if name == "columns":
        X = random.normal(size=(60, 30))
        return X, X @ random.normal(size=30) + random.normal(size=60)
    rows = random.permutation(len(SIGNALS))
    if name == "shuffled":
        X = SIGNALS[rows[:60]].reshape(60, -1)
        return X[:, random.permutation(X.shape[1])], DIGITS[rows[:60]]
    if name == "power":
        return SIGNALS[rows[:150]], DIGITS[rows[:150]]
    raise SystemExit(f"{name!r} is not one of labels, columns, shuffled, power.")


def found(name: str, seed: int) -> list[bool]:
    """What was found in one draw."""
    result = find_symmetries(*draw(name, seed), random_state=seed)
    frame = result.to_frame()
    supported = frame[frame["status"] == "supported"]
    return [
        result.has_order,
        len(supported) > 0,
        bool(supported["scrambled"].notna().any()),
        any("shift" in change for change in supported.index),
    ]


def agreement(name: str) -> str:
    """Whether a shift is supported, and the gain of Conv over MLP."""
    if name in study_data.SERIES:
        parts = study_data.official(name)
    else:
        parts = study_data.cut(*getattr(datasets, f"load_{name}")(return_X_y=True))
    frame = find_symmetries(parts.X, parts.y, random_state=0).to_frame()
    shifts = [change for change in frame.index if "shift" in change]
    task = "regression" if parts.y.dtype.kind == "f" else "classification"
    models = biases(task, max_epochs=20, random_state=0)
    scores = {
        bias: models[bias].fit(parts.X, parts.y).score(parts.X_check, parts.y_check)
        for bias in ("MLP", "Conv")
    }
    supported = (frame.loc[shifts, "status"] == "supported").any()
    return f"{name}: shift supported {supported}, Conv - MLP {scores['Conv'] - scores['MLP']:+.3f}"


if __name__ == "__main__":
    for request in sys.argv[1:]:
        if "=" not in request:
            print(agreement(request))
            continue
        name, n_draws = request.split("=")
        shares = np.mean([found(name, seed) for seed in range(int(n_draws))], axis=0)
        order, any_change, moving, shift = shares
        print(
            f"{name}: order {order:.3f}, any {any_change:.3f}, moving {moving:.3f}, "
            f"shift {shift:.3f}"
        )
