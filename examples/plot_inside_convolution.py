"""
What does a convolution detect?
===============================

A filter reads a few neighbouring positions and is the same at all of them. So it responds to a
pattern at any position, and a shifted signal gives a shifted feature map. The digits of MNIST-1D
are signals of 40 steps.
"""

import matplotlib.pyplot as plt
import numpy as np

from ibestimators import ConvClassifier, FeatureMapDisplay, FilterDisplay, receptive_field
from ibestimators.datasets import load_mnist1d

X, y = load_mnist1d(return_X_y=True)
X_test, y_test = load_mnist1d(subset="test", return_X_y=True)
conv = ConvClassifier(n_filters=(16, 16, 32), random_state=0).fit(X, y)
accuracy = conv.score(X_test, y_test)
print(f"test accuracy {accuracy:.3f}")

# %%
# The filters
# -----------
# Each of the first layer's 16 filters weighs 5 neighbouring steps. A filter whose weights sum to
# about 0 responds to changes, not to the level: to rises, drops, peaks.

figure, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
filters = FilterDisplay.from_estimator(conv).plot(ax).filters[:, 0]  # (filters, positions)
sums = np.abs(filters.sum(axis=1)) / np.abs(filters).sum(axis=1)
n_changes = int((sums < 0.25).sum())
print(f"{n_changes} of {len(filters)} filters respond mostly to changes")

# %%
# A signal and the same signal shifted
# ------------------------------------
# The signal is padded with zeros, and shifted by 4 steps. Layer 0 pools pairs, so that its map
# moves by 2 outputs.


def maps_of(signal, axes):
    """A sample and the feature maps of the first layer."""
    display = FeatureMapDisplay.from_estimator(conv, signal[None], layer=0)
    display.plot(axes)
    return display.maps[0]  # (outputs, filters)


signal = np.zeros((40, 1))
signal[8:32] = X_test[0, 8:32] * np.hanning(24)[:, None]
shifted = np.roll(signal, 4, axis=0)
figure, axes = plt.subplots(
    2, 2, figsize=(10, 5), sharex=True, height_ratios=[1, 2], layout="constrained"
)
before, after = maps_of(signal, axes[:, 0]), maps_of(shifted, axes[:, 1])
axes[0, 0].set_title("a signal", fontsize="medium")
axes[0, 1].set_title("4 steps later", fontsize="medium")
inner = slice(2, -4)  # where no output depends on the padding at an end
difference = np.abs(before[inner] - np.roll(after, -2, axis=0)[inner]).max()
print(f"largest difference between the maps, shift undone: {difference:.1g}")
print(f"without undoing the shift: {np.abs(before[inner] - after[inner]).max():.2f}")

# %%
# Receptive fields
# ----------------
# Each layer has a larger receptive field than the one before: it grows by the kernel size times the
# step between the inputs, which pooling doubles.

field = receptive_field(conv)
print(field)
figure, ax = plt.subplots(figsize=(7, 2.4), layout="constrained")
for layer, (size, step, start) in field.iterrows():
    output = (20 - start) // step  # an output whose field contains the middle
    first = start + step * max(0, output - size // (2 * step))
    ax.barh(layer, size, left=first - 0.5, color=f"C{layer}")
    ax.text(first + size, layer, f"{size} positions", va="center")
ax.plot(4 + X_test[0, :, 0] / np.abs(X_test[0]).max(), color="0.4")
ax.set_yticks([*field.index, 4], [*(f"layer {layer}" for layer in field.index), "signal"])
ax.set_ylim(-0.6, 5.2)
ax.set_xlabel("position")
ax.spines[["top", "right", "left"]].set_visible(False)

# %%
# Conclusion
# ----------

sizes = field["size"].tolist()
print(
    f"A convolution detects short patterns at any position. Of its {len(filters)} first filters\n"
    f"{n_changes} detect changes. A map moves with its signal, with a largest difference of\n"
    f"{difference:.1g}. The receptive fields of its layers have {sizes[0]}, {sizes[1]} and\n"
    f"{sizes[2]} of 40 positions, and the accuracy on ten digits is {accuracy:.2f}."
)
