"""
Which symmetries do these data have?
====================================

A convolution assumes that a shifted pattern means the same, a network on a set that the order means
nothing. `find_symmetries` measures such assumptions before any network is trained: it makes a
Gaussian process invariant to each change of a sample and computes what that gains.
"""

import matplotlib.pyplot as plt
from sklearn.neighbors import KNeighborsClassifier

from ibestimators import (
    ConvClassifier,
    Invariant,
    MLPClassifier,
    diagnose,
    find_symmetries,
    screen_biases,
)
from ibestimators.datasets import load_digits, load_mnist1d

# %%
# Signals
# -------
# Each signal of MNIST-1D holds a pattern at a random place. Shifts are supported, and bars that end
# right of the grey marks, which are gains after the positions were put in random orders, show that
# the order of the positions matters.

X, y = load_mnist1d(return_X_y=True)
signals = find_symmetries(X, y, random_state=0)
print(signals)
signals.plot().ax_.set_title("MNIST-1D")
plt.show()

# %%
# The same signals with their positions shuffled, all in the same way: an MLP cannot tell the
# difference, and no order is left to find.

shuffled = find_symmetries(*load_mnist1d(shuffled=True, return_X_y=True), random_state=0)
print(shuffled.verdict())

# %%
# Images
# ------
# A digit that is shifted by a pixel is the same digit; a mirrored one is not, nor is one turned by
# 90°.

images, digits = load_digits(return_X_y=True)
result = find_symmetries(images, digits, random_state=0)
result.plot().ax_.set_title("Digits")
plt.show()

# %%
# Data say, model does
# --------------------
# A fitted estimator stands beside the data: its column is 0 if a change of the sample leaves its
# output as it is, and 1 if the output changes as much as between two samples.

conv = ConvClassifier(max_epochs=15, random_state=0).fit(X[:500], y[:500])
dense = MLPClassifier(max_epochs=15, random_state=0).fit(X[:500], y[:500])
errors = {
    name: find_symmetries(X[500:], y[500:], estimator=model, random_state=0).to_frame()["estimator"]
    for name, model in {"Conv": conv, "MLP": dense}.items()
}
table = signals.to_frame()[["gain", "status"]].assign(**errors)
print(table.round(2))

# %%
# A first guess
# -------------
# `diagnose` adds copies, rare classes and sizes, and turns the findings into an estimator.
# `screen_biases` looks at the priors themselves: an untrained network is a draw from one, and its
# features predict each sample from the others.

print(diagnose(X, y, random_state=0).suggest_estimator())
print(screen_biases(X, y, random_state=0))

# %%
# Give the symmetry to another estimator
# --------------------------------------
# `Invariant` trains any estimator on all changed copies of the samples and predicts their mean.

flat = X.reshape(len(X), -1)
nearest = KNeighborsClassifier(1)
for name, model in {"alone": nearest, "invariant": Invariant(nearest, "cyclic shifts")}.items():
    score = model.fit(flat[:300], y[:300]).score(flat[300:600], y[300:600])
    print(f"nearest neighbour, {name}: {score:.2f}")
