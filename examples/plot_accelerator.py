"""
Correct the orbit of an accelerator
===================================

The state of a machine and its settings are given; what is the next state? Here the state is the
orbit of a beam in a ring, read by 12 position monitors, and the settings are those of 12 corrector
magnets. The next reading of each monitor is a value at a position (``target="position"``). The
model that predicts it best then chooses the settings that centre the beam.
"""

# %%
# The ring
# --------
# A corrector j that kicks the beam by an angle :math:`\theta_j` moves the orbit at monitor i by
#
# .. math:: R_{ij} \theta_j = \frac{\sqrt{\beta_i \beta_j}}{2 \sin \pi\nu}
#           \cos(\pi\nu - |\phi_i - \phi_j|) \, \theta_j
#
# with the beta functions :math:`\beta`, the phases :math:`\phi` and the tune :math:`\nu` (S. Y.
# Lee, "Accelerator physics", section 2.3). Magnets that are not aligned kick as well, by errors
# :math:`\varepsilon_t` that drift as a random walk, and so do sextupoles, by
# :math:`-\frac12 S x^2`:
#
# .. math:: x_t = R \, (\theta_t + \varepsilon_t - \tfrac12 S x_t^2), \qquad
#           \text{reading}_t = x_t + \text{noise}
#
# The model knows none of this. It sees readings in mm and settings in mrad.

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import TimeSeriesSplit

from ibestimators import biases, compare_biases

N, TUNE, SEXTUPOLE, NOISE, DRIFT = 12, 2.23, 0.005, 0.01, 0.001
rng = np.random.default_rng(0)
beta = np.where(np.arange(N) % 2, 4.0, 12.0)  # m, of a lattice that focuses and defocuses
phase = 2 * np.pi * TUNE * np.arange(N) / N
distance = np.abs(phase[:, np.newaxis] - phase)
response = np.sqrt(np.outer(beta, beta)) * np.cos(np.pi * TUNE - distance)
response /= 2 * np.sin(np.pi * TUNE)  # mm of each monitor for one mrad of each corrector


def orbit(settings: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """The closed orbit, by iteration."""
    x = np.zeros(N)
    for _ in range(30):
        x = response @ (settings + errors - SEXTUPOLE * x**2 / 2)
    return x


def read(settings: np.ndarray, errors: np.ndarray) -> np.ndarray:
    return orbit(settings, errors) + NOISE * rng.normal(size=N)


# %%
# A day of operation: at each step the settings change at random, around zero, and the errors drift.

STEPS = 300
errors = 0.03 * rng.normal(size=N)
settings = np.zeros(N)
readings, all_settings = [], []
for _ in range(STEPS):
    settings = 0.9 * settings + 0.02 * rng.normal(size=N)
    errors = errors + DRIFT * rng.normal(size=N)
    readings.append(read(settings, errors))
    all_settings.append(settings)
readings, all_settings = np.array(readings), np.array(all_settings)

# %%
# A sample is a step. At each position of the ring it has three features: the reading now, the
# setting now, and the change of the setting. The target is the change of the reading, since "no
# change" is the forecast to beat.

X = np.stack([readings[:-1], all_settings[:-1], np.diff(all_settings, axis=0)], axis=-1)
y = np.diff(readings, axis=0)
print(X.shape, y.shape)

# %%
# Five biases
# -----------
# The skill is 1 for a perfect forecast and 0 for "no change". Folds are trained on the past. A
# linear model of all 36 inputs is in the table too: without sextupoles it would be the right one.
# Each corrector moves the beam at every monitor. The MLP reads the corrector beside a monitor only,
# and the convolution a part of the ring.


class Linear(RegressorMixin, BaseEstimator):
    """A linear model of all features of all positions."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> Linear:
        self.model_ = LinearRegression().fit(X.reshape(len(X), -1), y)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.model_.predict(X.reshape(len(X), -1))


def skill(estimator: BaseEstimator, X: np.ndarray, y: np.ndarray) -> float:
    return 1 - np.abs(y - estimator.predict(X)).mean() / np.abs(y).mean()


estimators = biases("regression", target="position") | {"linear": Linear()}
result = compare_biases(
    X,
    y,
    estimators,
    time=np.arange(len(y)),
    cv=TimeSeriesSplit(2, test_size=60),
    scoring=skill,
    random_state=0,
)
print(result)

# %%
# Choose the settings
# -------------------
# The best network is fitted on all steps. Its response to a change of each corrector, at the
# present state, is a matrix, learned where physics would give R. Least squares with a small penalty
# on the change gives the settings that bring the predicted orbit to zero; the machine answers, and
# the step repeats. The noise of a reading is 0.01 mm.

best = str(result.to_frame()["score"].drop("linear").idxmax())
model = estimators[best].set_params(random_state=0).fit(X, y)
CHANGE, PENALTY = 0.02, 0.3  # mrad; mm per mrad


def learned_response(reading: np.ndarray, settings: np.ndarray) -> np.ndarray:
    """Changes of the predicted orbit for one mrad of each corrector, by finite differences."""
    now = np.stack([reading, settings, np.zeros(N)], axis=-1)
    changed = np.stack([now] * 2 * N)
    changed[:N, :, 2], changed[N:, :, 2] = CHANGE * np.eye(N), -CHANGE * np.eye(N)
    predicted = model.predict(changed)
    return (predicted[:N] - predicted[N:]).T / (2 * CHANGE)


settings = np.zeros(N)
first = reading = read(settings, errors)
sizes = [np.sqrt(np.mean(reading**2))]
for _ in range(5):
    matrix = learned_response(reading, settings)
    left = matrix.T @ matrix + PENALTY**2 * np.eye(N)
    settings = settings - np.linalg.solve(left, matrix.T @ reading)
    reading = read(settings, errors)
    sizes.append(np.sqrt(np.mean(reading**2)))
print("rms of the orbit in mm, step by step:", np.round(sizes, 3))

figure, (left_ax, right_ax) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
left_ax.plot(first, "o-", color="0.5", label="before")
left_ax.plot(reading, "o-", label=f"corrected by {best}")
left_ax.axhline(0, color="black", lw=0.8)
left_ax.set(xlabel="monitor", ylabel="orbit in mm")
left_ax.legend(frameon=False)
learned = learned_response(reading, settings)
right_ax.plot(response.ravel(), learned.ravel(), ".", alpha=0.7)
ends = [response.min(), response.max()]
right_ax.plot(ends, ends, color="black", lw=0.8)
right_ax.set(xlabel="response by the equation, mm/mrad", ylabel="response learned")
