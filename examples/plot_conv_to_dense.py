"""
Can a dense network find what a convolution assumes?
====================================================

A convolutional network is a dense network whose weights are mostly 0 and otherwise repeated.
`as_dense` builds that dense network, so a dense network that computes the same function exists.
Universal approximation guarantees no more than this. Whether training finds it is a different
question.

The networks are those of Prince, "Understanding Deep Learning" (2023), figure 10.8, on
MNIST-1D: three convolution layers of 2,050 parameters, dense layers of 59,065.
"""

# %%
# The two networks are each trained from random weights. Both fit the training signals; on new
# signals the small network is far better.
import matplotlib.pyplot as plt
import numpy as np

from ibestimators import ConvClassifier, MLPClassifier, TrainingCurveDisplay, as_dense
from ibestimators.datasets import load_mnist1d

X, y = load_mnist1d(return_X_y=True)
X_test, y_test = load_mnist1d(subset="test", return_X_y=True)


def errors(fitted):
    """Training and test error in percent."""
    return tuple(100 * (1 - fitted.score(*data)) for data in ((X, y), (X_test, y_test)))


training = {"batch_size": 100, "weight_decay": 0, "random_state": 0}
conv = ConvClassifier(
    n_filters=(15, 15, 15),
    kernel_size=3,
    stride=2,
    padding="valid",
    pooling=None,
    normalization=None,
    readout="flatten",
    lr=1e-2,
    max_epochs=60,
    **training,
).fit(X, y)
alone = MLPClassifier(hidden_layer_sizes=(285, 135, 60), max_epochs=60, **training).fit(X, y)

# %%
# The convolution as a dense network: the same probabilities from 59,065 weights, most of them 0.
unrolled = as_dense(conv)
difference = np.abs(unrolled.predict_proba(X_test) - conv.predict_proba(X_test)).max()
print(f"{conv.n_parameters_:,} parameters became {unrolled.n_parameters_:,}")
print(f"largest difference of a probability: {difference:.1e}")

# %%
# Training then continues for the same number of epochs, with all weights trainable.
continued = as_dense(conv).set_params(warm_start=True, lr=1e-3, max_epochs=60).fit(X, y)
networks = {
    "convolution": conv,
    "dense, unrolled from it": unrolled,
    "dense, trained from there": continued,
    "dense, from random weights": alone,
}
found = {name: errors(fitted) for name, fitted in networks.items()}
print(f"{'':28} training error  test error")
for name, (on_training, on_test) in found.items():
    print(f"{name:28} {on_training:13.1f}% {on_test:10.1f}%")

# %%
# The first dense layer of each network, as a matrix from 40 positions to the 19 outputs of the
# first filter: the converted convolution has a band of three weights, which is still visible after
# training; the network trained from random weights has no visible structure.
figure, axes = plt.subplots(1, 4, figsize=(11, 3.4), layout="constrained")
for ax, (name, fitted) in zip(axes, list(networks.items())[1:], strict=False):
    weight = fitted.module_.readout.head.layers[0].weight.detach().numpy()[:19]
    limit = np.abs(weight).max()
    ax.imshow(weight, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    ax.set(title=name, xlabel="position", ylabel="unit", yticks=range(0, 19, 6))
    ax.title.set_fontsize(10)
curves = {name: networks[name] for name in ("dense, from random weights", "convolution")}
TrainingCurveDisplay.from_estimators(curves, ax=axes[3])
axes[3].set_title("training loss", fontsize=10)
axes[3].legend(frameon=False, fontsize=8, loc="lower left")
axes[3].set_ylim(bottom=1e-5)  # room for the legend
plt.show()

# %%
# **Answer**: it can represent the convolution, but training does not find it. Converted from the
# convolution, the dense network has the convolution's test error (10.6 %); further training
# improves it (9.5 %); from random weights it fits the training set as well, and has a test error
# of 27 %. Universal approximation guarantees that a network exists, not that training finds it;
# that depends on the inductive bias.
