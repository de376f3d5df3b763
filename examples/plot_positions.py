"""
How should attention encode positions?
======================================

Attention reads a set unless positions are added: as a learned or a sinusoidal vector for each
token, or as rotations of queries and keys, which represent only distances (rotary). Which one is
right depends on whether order, distance or neither matters.
"""

# %%
# Two tasks where positions matter
# --------------------------------
# A series of 8 to 16 steps contains two events. Order: does the first kind come first? Distance:
# are they 1 to 3 steps apart, or 5 to 7, in either order? Both are also tested on series of 24 to
# 32 steps, which are longer than those of training.

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from ibestimators import AttentionClassifier, AttentionRegressor
from ibestimators.datasets import make_set_maximum

SEED = 0
POSITIONS = ("none", "learned", "sinusoidal", "rotary")
rng = np.random.default_rng(SEED)


def events(n: int, shortest: int, longest: int, task: str) -> tuple[list[np.ndarray], np.ndarray]:
    X, y = [], []
    for length in rng.integers(shortest, longest + 1, size=n):
        apart = rng.integers(1, 4) if rng.random() < 0.5 else rng.integers(5, 8)
        early = rng.integers(length - apart)
        places = rng.permutation([early, early + apart])
        series = np.zeros((length, 2))
        series[places, [0, 1]] = 1
        X.append(series)
        y.append(places[0] < places[1] if task == "order" else apart <= 3)
    return X, np.array(y)


TRAINING = {
    "embedding_size": 16,
    "patch_size": 1,
    "random_state": SEED,
}
scores = pd.DataFrame(index=list(POSITIONS), dtype=float)
for task in ("order", "distance"):
    X, y = events(800, 8, 16, task)
    within, beyond = events(300, 8, 16, task), events(300, 24, 32, task)
    for position in POSITIONS:
        model = AttentionClassifier(position=position, **TRAINING).fit(X, y)
        scores.loc[position, task] = model.score(*within)
        scores.loc[position, f"{task}, longer"] = model.score(*beyond)

# %%
# A task where positions do not matter
# ------------------------------------
# The target is the largest number of a set of 1 to 10. The order of a set has no meaning, so we
# also reverse each set and measure the change of the predictions.

X, y = make_set_maximum(1000, random_state=SEED, return_X_y=True)
turned = [numbers[::-1] for numbers in X[300:]]
moved = {}
for position in POSITIONS:
    model = AttentionRegressor(position=position, readout="cls", **TRAINING).fit(X[:300], y[:300])
    predicted = model.predict(X[300:])
    scores.loc[position, "set"] = model.score(X[300:], y[300:])
    moved[position] = np.abs(model.predict(turned) - predicted).mean()
print(scores.round(3))
print("Mean change of predictions for a reversed set (targets are between 0 and 100):")
print(pd.Series(moved).map("{:.5f}".format).to_string())

# %%
# The picture
# -----------
# The plot shows the accuracy, for which chance is 0.5, and R² for the sets.

figure, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
image = ax.imshow(scores, cmap="viridis", vmin=0.4, vmax=1, aspect="auto")
for (row, column), score in np.ndenumerate(scores.to_numpy()):
    colour = "black" if score > 0.7 else "white"
    ax.text(column, row, f"{score:.2f}", ha="center", va="center", color=colour)
heads = [head.replace(", ", ",\n") for head in scores.columns]
ax.set_xticks(range(len(heads)), [*heads[:-1], "maximum of\na set (R²)"])
ax.set_yticks(range(len(POSITIONS)), [f"position={position!r}" for position in POSITIONS])
ax.spines[:].set_visible(False)
figure.colorbar(image, label="test score")
plt.show()

# %%
# Conclusion
# ----------
# Without positions attention is at chance for order and distance, as expected for a set. With any
# positions it learns both on series of the lengths of training (0.99 to 1.00). On longer series,
# rotary positions, which represent only distances, have 0.84 for order and 0.79 for distance;
# positions that are added have 0.57 to 0.59, and 0.56 to 0.66. The set needs no positions: R² is
# 0.98 with all four, but only with ``"none"`` does the order of the set have no effect; with the
# others predictions change by 0.1 to 0.6.
