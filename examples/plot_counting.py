"""
What a recurrence can count
===========================

Is the number of ones in a string of bits even or odd? Modulo 2, counting takes a state of one bit,
which each 1 turns over. A recurrence that reads the bits one by one could count in strings of any
length, but not every recurrence can do so. Here three of them learn to count from strings of
20 bits, and are tested on 100 bits.
"""

# %%
# Three recurrences
# -----------------
# A linear recurrence multiplies its state by a factor and adds a number, and both depend on the
# input of the step alone:
#
# .. math:: h_t = (1 - z_t)\, h_{t-1} + z_t v_t
#
# The factor :math:`1 - z_t` is the eigenvalue of the step. With ``cell="mingru"``, the default,
# it is from 0 to 1, so that the state is a moving average of values. Each 1 in the string is the
# same input and does the same to the state: it moves the state a share of the way towards
# :math:`v_t`. After several ones the state has nearly arrived there, and one more makes hardly a
# difference. An even and an odd number of ones then look alike. Grazzi et al. (2025) prove that
# at a finite precision no number of such layers can keep a parity.
#
# With ``cell="signed_mingru"`` the factor is from -1 to 1. If it is -1, a step turns the state
# over. With :math:`z_t = 2` and :math:`v_t = 1` for a 1, and :math:`z_t = 0` for a 0, the state
# is 0 after an even number of ones, and 2 after an odd number:

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from ibestimators import RecurrentClassifier

bits, h, states = [1, 0, 1, 1, 0, 1], 0, []
for bit in bits:
    z = 2 * bit
    h = (1 - z) * h + z * 1
    states.append(h)
print("bits  ", bits)
print("states", states)

# %%
# The same form cannot count modulo 3: no real number but 1 gives 1 when it is multiplied by
# itself three times, so that no factor brings a state back at every third one. Grazzi et al.
# prove that more layers do not help, unless factors are complex or matrices. ``cell="lstm"`` is
# not linear: what a step does to the state depends on the state, so that it can go from any value
# to any other one.
#
# The data
# --------
# The label of each position is the number of ones so far, modulo 2 or 3 (``target="position"``).
# So a string of 100 bits has the answers for all lengths from 1 to 100.

SEED = 0


def counted(n_strings: int, length: int, modulus: int, seed: int) -> tuple[list, list]:
    """Strings of bits, and the number of ones up to each position."""
    rng = np.random.default_rng(seed)
    X = [rng.integers(2, size=length) for _ in range(n_strings)]
    return X, [x.cumsum() % modulus for x in X]


# %%
# Accuracy over length
# --------------------
# The recurrences read forwards only, so that they cannot look ahead.

CELLS = {
    "mingru": "linear, factor from 0 to 1",
    "signed_mingru": "linear, factor from -1 to 1",
    "lstm": "not linear",
}
TRAINED, TESTED = 20, 100
accuracy = {}
for modulus in (2, 3):
    X, y = counted(300, TRAINED, modulus, seed=SEED)
    X_test, y_test = counted(200, TESTED, modulus, seed=SEED + 1)
    scores = pd.DataFrame(index=pd.RangeIndex(1, TESTED + 1, name="length"))
    for cell in CELLS:
        est = RecurrentClassifier(
            cell=cell,
            hidden_size=24,
            bidirectional=False,
            target="position",
            random_state=SEED,
        ).fit(X, y)
        scores[cell] = (np.array(est.predict(X_test)) == np.array(y_test)).mean(axis=0)
    accuracy[modulus] = scores
    print(f"\nAccuracy modulo {modulus}, means over 20 lengths")
    print(scores.groupby((scores.index - 1) // 20 * 20 + 20).mean().round(2))

# %%
# The moving averages have learned strings of a few bits by heart; from ten bits on they answer at
# random in both tasks, within the lengths of training too. The signed recurrence counts modulo 2
# beyond them. Its factor comes close to -1 but does not reach it, so that the two states approach
# each other with every 1, and errors come up from about twice the length of training. Modulo 3 it
# has learned the lengths of training only. The LSTM counts in both tasks.

figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
for ax, (modulus, scores) in zip(axes, accuracy.items(), strict=True):
    for cell, text in CELLS.items():
        ax.plot(scores.index, scores[cell], label=f"{cell}: {text}")
    ax.axvspan(1, TRAINED, color="0.9", zorder=0)
    ax.axhline(1 / modulus, color="0.5", linestyle=":", linewidth=1)
    ax.set(title=f"ones modulo {modulus}", xlabel="length", ylim=(0, 1.03))
axes[0].set_ylabel("accuracy (grey: lengths of training)")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()

# %%
# What follows
# ------------
# The default recurrence is fast, and a moving average is what many series need. If the answer
# hangs on a count, or on a state that inputs switch back and forth, choose
# ``cell="signed_mingru"``, which is as fast, or ``cell="lstm"``. A comparison tells which of them
# the data need.
#
# References: Grazzi, Siems, Zela, Franke, Hutter & Pontil, "Unlocking state-tracking in linear
# RNNs through negative eigenvalues", ICLR 2025. Feng et al., "Were RNNs all we needed?" (2024).
