"""
Why does a plain recurrence forget?
===================================

A recurrence applies one update at every step. The gradient of a loss at the last step with respect
to an early one passes through all steps between, and is multiplied by a matrix at each: it vanishes
or explodes with their number (Pascanu, Mikolov & Bengio 2013). The adding problem shows this: of 50
numbers two are marked, one in each half, and the target is their sum, predicted after the last
step.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

from ibestimators import GradientNormDisplay, HiddenStateDisplay, RecurrentRegressor
from ibestimators.datasets import make_adding_problem

X, y = make_adding_problem(1000, n_steps=50, random_state=0, return_X_y=True)
X_test, y_test = make_adding_problem(500, n_steps=50, random_state=1, return_X_y=True)

# %%
# Three cells with initial weights
# --------------------------------
# A learning rate of almost 0 leaves the initial weights unchanged. One layer reads in one
# direction, and the readout takes only its last state, so that all information has to be passed on
# to it. (The default cell, minGRU, multiplies by no matrix from state to state: its state is a
# moving average.)

SHARED = {
    "hidden_size": 32,
    "n_layers": 1,
    "bidirectional": False,
    "readout": "last",
    "weight_decay": 0,
    "random_state": 0,
    "warm_start": True,
}
models = {
    cell: RecurrentRegressor(cell=cell, lr=1e-9, max_epochs=1, **SHARED).fit(X, y)
    for cell in ("rnn", "lstm", "gru")
}
drawn = GradientNormDisplay.from_estimators(models, X_test[:200], y_test[:200])
drawn.ax_.set_title("initial weights", fontsize="medium")

# %%
# After training
# --------------
# ``warm_start`` continues from the same weights, with the default training. Gradients vanish at
# first in all three cells, but LSTM and GRU can learn to keep their states unchanged, and then
# gradients reach the first step. The plain recurrence cannot: its error stays near that of a
# constant guess.

for model in models.values():
    model.set_params(lr="auto", max_epochs="auto").fit(X, y)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
drawn.plot(ax=left)
left.set_title("initial weights", fontsize="medium")
trained = GradientNormDisplay.from_estimators(models, X_test[:200], y_test[:200], ax=right)
right.set_title("after training", fontsize="medium")
right.set_ylabel("")

errors = {name: np.mean((model.predict(X_test) - y_test) ** 2) for name, model in models.items()}
print("       gradient at the first step, share of the last    error")
print("cell         initial      trained                        (chance: 0.167)")
for name, error in errors.items():
    before, after = (display.norms[name] for display in (drawn, trained))
    print(f"{name:5} {before[0] / before[-1]:14.1e} {after[0] / after[-1]:12.1e} {error:31.4f}")

# %%
# The states of the LSTM
# ----------------------
# Its states change where a number is marked (dashed), and stay constant in between.

held = HiddenStateDisplay.from_estimator(models["lstm"], X_test[:1])
figure, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
held.plot(ax)
for step in np.flatnonzero(X_test[0, :, 1]):
    ax.axvline(step, color="black", ls="--", lw=1)

# %%
# Exploding gradients and clipping
# --------------------------------
# Recurrent weights three times as large change the product from vanishing to exploding. The target
# is now the sum of the last 3 of 50 numbers: the gradient is largest at irrelevant steps. Clipping
# limits the effect of any one batch on the weights.

rng = np.random.default_rng(0)
X, X_test = rng.uniform(size=(1000, 50, 1)), rng.uniform(size=(500, 50, 1))
y, y_test = (numbers[:, -3:, 0].sum(axis=1) for numbers in (X, X_test))


def with_weights_times(factor, clip_grad_norm, seed):
    """A plain recurrence, its recurrent weights multiplied before any training."""
    settings = {**SHARED, "random_state": seed, "clip_grad_norm": clip_grad_norm}
    model = RecurrentRegressor(cell="rnn", lr=1e-9, max_epochs=1, **settings).fit(X, y)
    with torch.no_grad():
        model.module_.encoder.recurrence.weight_hh_l0.mul_(factor)
    return model


exploding = GradientNormDisplay.from_estimators(
    {f"weights x {factor}": with_weights_times(factor, None, 0) for factor in (1, 2, 3)},
    X_test[:200],
    y_test[:200],
)
exploding.ax_.set_title("plain recurrence, initial weights", fontsize="medium")
for name, norms in exploding.norms.items():
    print(f"{name}: gradient at the first step {norms[0] / norms[-1]:.1e} times that at the last")

# %%
# Training starts from three times the initial weights, without and with a limit to the norm of a
# batch's gradient, from three seeds each.

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
clip_scores = {}
for colour, (name, clip) in enumerate({"no clipping": None, "clip_grad_norm=1": 1.0}.items()):
    runs = [
        with_weights_times(3, clip, seed).set_params(lr=3e-3, max_epochs=12).fit(X, y)
        for seed in range(3)
    ]
    clip_scores[name] = [run.score(X_test, y_test) for run in runs]
    for i, run in enumerate(runs):
        losses = run.loss_curve_[1:]  # the first epoch left the initial weights
        ax.plot(range(1, 13), losses, color=f"C{colour}", label="" if i else name)
    print(f"{name}: R2 {np.round(clip_scores[name], 2)}, mean {np.mean(clip_scores[name]):.2f}")
ax.set(xlabel="epoch", ylabel="training loss", yscale="log")
ax.set_title("weights x 3, three seeds each", fontsize="medium")
ax.legend(frameon=False)
ax.grid(alpha=0.3)
ax.spines[["top", "right"]].set_visible(False)

# %%
# Conclusion
# ----------

rnn, lstm = (drawn.norms[cell][0] / drawn.norms[cell][-1] for cell in ("rnn", "lstm"))
learned = trained.norms["lstm"][0] / trained.norms["lstm"][-1]
unclipped, clipped = (np.mean(scores) for scores in clip_scores.values())
print(
    "A plain recurrence forgets because its gradients vanish: before training the gradient\n"
    f"at the first step is {rnn:.1e} of that at the last. In an LSTM it is {lstm:.1e}, but\n"
    f"{learned:.2f} after training; the errors are {errors['rnn']:.3f} and {errors['lstm']:.4f}.\n"
    f"Where it explodes instead, clipping helps: R2 {clipped:.2f} against {unclipped:.2f} without."
)
