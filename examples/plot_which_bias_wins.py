"""
Which bias wins on MNIST-1D, and why?
=====================================

MNIST-1D (Greydanus & Kobak 2024) contains ten digits as signals of 40 steps, stretched, shifted,
sheared and noisy. Five estimators read the same signals, in the same folds, and differ in
what they assume. Then the steps of all signals are shuffled by one permutation: all values are
kept, but neighbouring steps are no longer neighbours.
"""

# %%
# The comparison
# --------------
# A part of the data keeps the example short.

import matplotlib.pyplot as plt

from ibestimators import biases, compare_biases
from ibestimators.comparison import destroy_structure
from ibestimators.datasets import load_mnist1d

SEED = 0

X, y = load_mnist1d(return_X_y=True)
X, y = X[:480], y[:480]
estimators = biases("classification")
result = compare_biases(X, y, estimators, cv=4, random_state=SEED)
print(result)

# %%
# Why: the order of the positions
# -------------------------------
# Convolution and the MLP are compared once more, on the same folds and from the same initial
# weights, with the positions of all signals in one random order.

shuffled = compare_biases(
    destroy_structure(X, "positions", SEED),
    y,
    {name: estimators[name] for name in ("MLP", "Conv")},
    cv=4,
    random_state=SEED,
)
scores = result.to_frame()["score"]
shuffled_scores = shuffled.to_frame()["score"]
for name, score in shuffled_scores.items():
    print(f"{name:4}  in order {scores[name]:.3f}  shuffled {score:.3f}")

figure, (above, below) = plt.subplots(
    2, 1, figsize=(8, 6), sharex=True, layout="constrained", height_ratios=(5, 2)
)
result.plot(above, kind="scores")
shuffled.plot(below, kind="scores")
above.set(title="positions in order", xlabel="")
below.set(title="positions shuffled", xlim=(0, 1.05))
plt.show()

# %%
# Conclusion
# ----------
# Convolution, with 0.91 on these 480 signals, just before recurrence with 0.89. Both and attention
# are significantly better than the MLP (0.39); that message passing is (0.45), four folds do not
# show. Convolution wins because of the order of the positions: with the positions of all signals
# shuffled in the same way, its score drops to 0.40, no better than the MLP. The MLP does not use
# the order: 0.39 and 0.40. (`structure_ablation` does this for all estimators at once.)
