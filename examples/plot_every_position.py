"""
A label at each step
====================

Which step of a signal belongs to which pattern? With ``target="position"`` all estimators predict a
label for each step, so that y has the form of X without its features. The MLP reads each step alone
and is the baseline: what it lacks is what the neighbours of a step tell.
"""

# %%
# The data
# --------
# A signal has 72 steps of a random walk and noise. Two or three patterns are added at random
# places: a ramp up, a ramp down, or a peak, stretched at random. The label of a step is the pattern
# that it belongs to, or "none". The first ten steps of each signal have no label (None): they are
# read, but have no weight in the loss and none in the score.

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from ibestimators import PositionDisplay, biases, compare_biases

N_SIGNALS, STEPS, SEED = 120, 72, 0
NAMES = ("none", "up", "down", "peak")
SHAPES = {
    "up": lambda t: 2 * t - 1,
    "down": lambda t: 1 - 2 * t,
    "peak": lambda t: 1 - 4 * np.abs(t - 0.5),
}
rng = np.random.default_rng(SEED)


def signal() -> tuple[np.ndarray, np.ndarray]:
    x = 0.15 * rng.normal(size=STEPS).cumsum() + 0.2 * rng.normal(size=STEPS)
    label = np.full(STEPS, "none", dtype=object)
    for start in (4, 28, 52)[: rng.integers(2, 4)]:
        name, length = rng.choice(NAMES[1:]), int(rng.integers(10, 17))
        steps = slice(where := start + int(rng.integers(5)), where + length)
        t = np.linspace(0, 1, STEPS)[: len(x[steps])] * STEPS / length
        x[steps] += 1.5 * SHAPES[name](t)
        label[steps] = name
    label[:10] = None
    return x[:, np.newaxis], label  # one feature


X, y = (np.stack(part) for part in zip(*(signal() for _ in range(N_SIGNALS)), strict=True))
print(X.shape, y.shape)

# %%
# Five biases on the same folds
# -----------------------------
# Folds are of whole signals, and the score is the accuracy over all steps that have a label.

estimators = biases("classification", target="position", max_epochs=15)
result = compare_biases(X, y, estimators, cv=3, random_state=SEED)
print(result)

# %%
# Predictions along one signal
# ----------------------------
# Trained on all signals but the last. Each row has a colour for each step.

rows = {"truth": y[-1]}
for name, est in estimators.items():
    rows[name] = est.set_params(random_state=SEED).fit(X[:-1], y[:-1]).predict(X[-1:])[0]
figure, axes = plt.subplots(
    2, 1, figsize=(8, 4.5), layout="constrained", sharex=True, height_ratios=(1, 2)
)
PositionDisplay(rows, np.array(NAMES), over=X[-1]).plot(axes)
plt.show()
