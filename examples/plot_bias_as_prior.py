"""
How much data does a correct assumption save?
=============================================

An assumption restricts the functions that a learner considers, before it has seen any data. With a
correct assumption a few points are enough. With a weak assumption, which allows all functions, the
same result needs more data. With a false assumption it is never reached, with any amount of data.

This example shows it twice: with polynomials, where the true function is known, and with networks,
by their training and validation loss.
"""

# %%
# Three sets of polynomials
# -------------------------
# Points come from a quadratic law with noise. Least squares fits straight lines, which cannot
# represent the law, parabolas, which can, and polynomials of degree 15, which contain the law and
# assume almost nothing.

import matplotlib.pyplot as plt
import numpy as np
from numpy.polynomial.polynomial import polyfit, polyval

from ibestimators import ConvClassifier, GraphClassifier, MLPClassifier, TrainingCurveDisplay

SEED = 0
NOISE = 0.3
COLOURS = {1: "C3", 2: "C2", 15: "C1"}  # by degree
SIZES = [4, 8, 16, 32, 64, 128, 256, 512]

grid = np.linspace(-1, 1, 201)


def law(x):
    return 1 - x + 2 * x**2


def points(n, rng):
    x = rng.uniform(-1, 1, size=n)
    return x, law(x) + NOISE * rng.normal(size=n)


def curve(degree, x, y):
    """The polynomial that fits best, on the grid."""
    coefficients, _ = polyfit(x, y, degree, full=True)
    return polyval(grid, coefficients)


def error_of(degree, n, n_draws=200):
    """Mean squared distance to the law; the median over draws of n points."""
    rng = np.random.default_rng(SEED)
    curves = [curve(degree, *points(n, rng)) for _ in range(n_draws)]
    return np.median(((curves - law(grid)) ** 2).mean(axis=1))


errors = {degree: np.array([error_of(degree, n) for n in SIZES]) for degree in COLOURS}

print("points" + "".join(f"{f'degree {degree}':>12}" for degree in COLOURS))
for i, n in enumerate(SIZES):
    print(f"{n:6}" + "".join(f"{errors[degree][i]:12.3g}" for degree in COLOURS))

# %%
# With as many points as coefficients, 16, the polynomial of degree 15 passes through every point,
# including the noise, and has a very large error. With more points, its error and that of the
# parabola decrease in the same way, as one over the number of points: least squares has the same
# cost for each coefficient, and degree 15 has 16 of them where 3 are enough. The line soon reaches
# the error of the best line and does not improve further.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
x, y = points(20, np.random.default_rng(SEED))
left.plot(grid, law(grid), "k--", label="law")
left.plot(x, y, "ko", ms=4)
for degree, colour in COLOURS.items():
    left.plot(grid, curve(degree, x, y), color=colour, label=f"degree {degree}")
    right.loglog(SIZES, errors[degree], "o-", color=colour, ms=4, label=f"degree {degree}")
left.set(ylim=(-0.5, 5), xlabel="x", ylabel="y", title="fits to 20 points")
right.set(
    ylim=(1e-4, 1e2),
    xlabel="points",
    ylabel="mean squared distance to the law",
    title="test error",
)
right.grid(alpha=0.3)
left.legend(frameon=False, loc="upper center")
right.legend(frameon=False)
plt.show()

# %%
# Number of points at which the error is below 0.01:

needed = {}
for degree, error in errors.items():
    enough = [n for n, e in zip(SIZES, error, strict=True) if e < 0.01]
    needed[degree] = min(enough, default=None)
    print(f"degree {degree:2}: {needed[degree] or 'never'}")

# %%
# Three networks
# --------------
# A signal of 40 steps of noise contains a ramp at a random position. Does it rise or fall? A
# convolution assumes local patterns at any position, which is true here. Dense layers make no
# structural assumption, and could learn the same. Message passing on a graph without edges assumes
# that steps have no order; a rising ramp has the same values as a falling one.

N_STEPS, WIDTH = 40, 8


def ramps(n, seed):
    rng = np.random.default_rng(seed)
    X = 0.3 * rng.normal(size=(n, N_STEPS, 1))
    y = rng.integers(2, size=n)
    starts = rng.integers(N_STEPS - WIDTH + 1, size=n)
    for signal, rises, start in zip(X, y, starts, strict=True):
        signal[start : start + WIDTH, 0] += np.linspace(-1, 1, WIDTH) * (1 if rises else -1)
    return X, y


X, y = ramps(1000, SEED)
X_test, y_test = ramps(2000, SEED + 1000)

# Half of the data is held out for the validation loss; training does not stop early.
training = {
    "max_epochs": 30,
    "early_stopping": True,
    "n_iter_no_change": 30,
    "validation_fraction": 0.5,
    "random_state": SEED,
}
networks = {
    "wrong bias: a set of steps": GraphClassifier(graph="empty", position="none", **training),
    "no bias: dense": MLPClassifier(**training),
    "right bias: convolution": ConvClassifier(n_filters=(16, 16, 16), **training),
}
scores = {}
for name, network in networks.items():
    scores[name] = network.fit(X, y).score(X_test, y_test)
    print(
        f"{name:26}  loss: training {network.loss_curve_[-1]:.3f}, lowest validation "
        f"{min(network.validation_curve_):.3f}; test accuracy {scores[name]:.3f}"
    )

figure, ax = plt.subplots(figsize=(9.5, 4.5), layout="constrained")
display = TrainingCurveDisplay.from_estimators(networks, ax)
ax.set_ylim(top=2)
ax.set_ylabel("loss, nats")
ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %%
# Without a structural assumption the network learns the same from more data:

n_more = 8000
more = MLPClassifier(random_state=SEED).fit(*ramps(n_more, SEED + 2000)).score(X_test, y_test)
print(f"dense, {n_more:,} signals: test accuracy {more:.3f}")

# %%
# Conclusion
# ----------
# The correct assumption needs 32 points, the weak one 256, and the false one never reaches the same
# error: no number of points makes a line fit a parabola. Networks behave in the same way. On 500
# signals the convolution reaches 0.99, dense layers fit the training set too and reach 0.85, and
# the set of steps is at chance, with a training loss that does not decrease. With 8,000 signals the
# dense network reaches 0.99, with sixteen times the data.
