"""
An inductive bias is a prior: Bayes' theorem with untrained networks
====================================================================

Bayes' theorem says what data do to a prior: the probability of an explanation is its prior
probability times the evidence, that is, how well it predicted the data before it saw them. An
untrained network is a draw from the prior of its architecture. Many of them give features, and a
random linear function of these features is a random function of this prior: a Gaussian process,
for which the evidence and the posterior have closed forms. No network is trained here.
"""

# %%
# The data
# --------
# A noisy signal of 40 steps contains a ramp at a random position. The target is 1 if it rises and
# -1 if it falls. To look at functions of signals, a ramp without noise moves through the signal:
# the value of a function at each position of the ramp is a curve.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone

from ibestimators import ConvRegressor, biases
from ibestimators.symmetries import best_process
from ibestimators.untrained import UntrainedNetworks

SEED = 0
N_STEPS, WIDTH, N_TRAIN = 40, 8, 120
RAMP = np.linspace(-1, 1, WIDTH)
STARTS = np.arange(N_STEPS - WIDTH + 1)


def ramps(starts, signs, noise):
    X = noise * rng.normal(size=(len(starts), N_STEPS, 1))
    for signal, start, sign in zip(X, starts, signs, strict=True):
        signal[start : start + WIDTH, 0] += sign * RAMP
    return X


rng = np.random.default_rng(SEED)
y = rng.choice([-1.0, 1.0], size=N_TRAIN)
X = ramps(rng.choice(STARTS, size=N_TRAIN), y, noise=0.15)
moving = ramps(STARTS, np.ones(len(STARTS)), noise=0.0)
everything = np.concatenate([X, moving])
targets = np.concatenate([y, np.ones(len(STARTS))])

# %%
# Draws from each prior
# ---------------------
# The features are those of untrained networks of each bias, standardised. A draw from the prior is
# a sum of these features with random weights. Convolution does not pool between its layers here, so
# that its only reduction is the mean over all positions.

networks = biases("regression") | {"Conv": ConvRegressor(pooling=None, readout="mean")}
features = {
    name: UntrainedNetworks(
        network, everything, targets, 600, np.random.RandomState(SEED)
    ).features(everything)
    for name, network in networks.items()
}
features = {name: own / np.sqrt(own.shape[1]) for name, own in features.items()}
N_DRAWS = 5

figure, axes = plt.subplots(1, 5, figsize=(11, 2.8), sharey=True, layout="constrained")
for ax, (name, own) in zip(axes, features.items(), strict=True):
    draws = own[N_TRAIN:] @ rng.normal(size=(own.shape[1], N_DRAWS))
    changes = draws - draws.mean(axis=0)
    ax.plot(STARTS, changes, linewidth=1.2)
    ax.set(title=name, xlabel="position of the ramp", ylim=(-2.5, 2.5))
    print(f"{name:10}  a random function changes by {changes.std():.2f} as the ramp moves")
axes[0].set_ylabel("value minus its mean")
figure.suptitle("Five random functions of each prior")
plt.show()

# %%
# Draws of images and sequences
# -----------------------------
# With an output at each position, a draw turns white noise into an image or a sequence of its own.
# The more alike the neighbours in a draw are, the smoother the functions of the prior are.

noise = {"image": rng.normal(size=(8, 20, 20, 1)), "sequence": rng.normal(size=(8, 60, 1))}


def drawn(network, X):
    """What an untrained network makes of white noise, with mean 0 and deviation 1."""
    untrained = {"lr": 1e-12, "max_epochs": 1, "random_state": SEED}
    network = clone(network).set_params(target="position", **untrained)
    made = network.fit(X, rng.normal(size=X.shape[:-1])).predict(X)
    return (made - made.mean()) / made.std()


made = {
    form: {"white noise": X[..., 0]}
    | {name: drawn(network, X) for name, network in biases("regression").items()}
    for form, X in noise.items()
}
figure, axes = plt.subplots(2, 6, figsize=(11, 4), layout="constrained")
for ax, (name, images) in zip(axes[0], made["image"].items(), strict=True):
    ax.imshow(images[0], cmap="RdBu", vmin=-2.5, vmax=2.5)
    ax.set_title(name)
    ax.set_axis_off()
for ax, (name, sequences) in zip(axes[1], made["sequence"].items(), strict=True):
    ax.plot(sequences[0], linewidth=1)
    ax.set(ylim=(-4, 4), xlabel="step", yticks=[])
    alike = np.mean(sequences[:, 1:] * sequences[:, :-1])
    print(f"{name:12}  correlation of a step with the next: {alike:+.2f}")
plt.show()

# %%
# The evidence
# ------------
# The evidence is the probability density of the targets under the prior. Its logarithm, for all
# training signals, minus that of dense layers:

kernels = {name: own @ own.T + 1 for name, own in features.items()}


def evidence(name, n):
    """Log density of the first n targets, in nats."""
    centred = y[:n, np.newaxis] - y[:n].mean()
    return best_process(kernels[name][:n, :n], centred).evidence


gains = {name: evidence(name, N_TRAIN) - evidence("MLP", N_TRAIN) for name in kernels}
for name, gain in gains.items():
    print(f"{name:10}  {gain:+6.1f} nats")

figure, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
ax.barh(list(gains), list(gains.values()), color="C0")
ax.axvline(0, color="0.4", linewidth=0.8)
ax.invert_yaxis()
ax.set(xlabel=f"log evidence of {N_TRAIN} signals, nats above that of dense layers")
plt.show()

# %%
# The posterior of the five biases
# --------------------------------
# All five start with the same probability. Bayes' theorem multiplies it by the evidence of the
# signals that have been seen.

sizes = np.arange(2, 42, 2)
logs = np.array([[evidence(name, n) for name in kernels] for n in sizes])
weights = np.exp(logs - logs.max(axis=1, keepdims=True))
probabilities = weights / weights.sum(axis=1, keepdims=True)

figure, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
for name, values in zip(kernels, probabilities.T, strict=True):
    ax.plot(sizes, values, label=name)
ax.set(xlabel="signals", ylabel="posterior probability", ylim=(-0.02, 1.02))
ax.legend(frameon=False)
plt.show()

# %%
# The posterior of a function
# ---------------------------
# Signals whose ramp begins in the first half are observed. What does each prior conclude about a
# rising ramp at other positions? The line is the mean of the posterior, the band two standard
# deviations; all priors have variance 1.

NOISE = 0.1
seen = np.flatnonzero([signal[:20].std() > signal[20:].std() + 0.1 for signal in X[:, :, 0]])[:16]


def posterior(name):
    """Mean and standard deviation at each position of the moving ramp."""
    deviation = np.sqrt(np.diag(kernels[name]))
    kernel = kernels[name] / np.outer(deviation, deviation)
    path = slice(N_TRAIN, None)
    solved = np.linalg.solve(kernel[np.ix_(seen, seen)] + NOISE * np.eye(len(seen)), kernel[seen])
    variance = 1 - (kernel[seen][:, path] * solved[:, path]).sum(axis=0)
    return y[seen] @ solved[:, path], np.sqrt(variance)


figure, axes = plt.subplots(1, 5, figsize=(11, 2.8), sharey=True, layout="constrained")
for ax, name in zip(axes, kernels, strict=True):
    mean, deviation = posterior(name)
    ax.fill_between(STARTS, mean - 2 * deviation, mean + 2 * deviation, alpha=0.25)
    ax.plot(STARTS, mean)
    ax.axhline(1, color="0.4", linewidth=0.8, linestyle="--")
    ax.axhline(0, color="0.4", linewidth=0.8)
    ax.set(title=name, xlabel="position of the ramp", ylim=(-2.2, 2.2))
    print(f"{name:10}  first half {mean[:16].mean():.2f}, second half {mean[20:].mean():.2f}")
axes[0].set_ylabel("target of a rising ramp")
figure.suptitle(f"After {len(seen)} signals with a ramp in the first half")
plt.show()

# %%
# Conclusion
# ----------
# A random function of dense layers changes with every step of the ramp, one of attention with its
# place in a patch of four steps; a random function of convolution hardly changes, except where the
# ramp touches the ends. This prior fits the law, in which the position of the ramp does not matter:
# the evidence of 120 signals is 149 nats above that of dense layers, and after some 14 signals
# convolution has nearly all of the probability. The same shows in the posterior: what was observed
# in the first half holds for convolution in the second half too (0.87 and 0.82 of the target 1),
# for dense layers it does not (0.49 and 0.10). Message passing treats the left and the right
# neighbour alike. A falling ramp is the mirror image of a rising one, so this prior cannot tell
# them apart, and it has the least evidence.
#
# The draws of images and sequences show what each prior takes to be alike: message passing mixes
# neighbours and attention positions that are near each other, so that one step is like the next;
# what the other three make of white noise is nearly as rough as the noise.
#
# Training finds features that no untrained network has. `screen_biases` therefore looks at a brief
# training as well, and calls what it finds a first guess.
