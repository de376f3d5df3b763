"""
How far back can a network remember?
====================================

A recurrence passes information from step to step; attention reads all steps directly. The target is
the first of T symbols, predicted after the last; the other symbols are irrelevant. The same
networks are trained for increasing T, each time on 500 samples for 25 epochs.
"""

# %%
# The task
# --------
# There are four symbols with equal probability, one-hot encoded; chance is a quarter. All networks
# read out their last step, T - 1 steps after the target.

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

from ibestimators import AttentionClassifier, RecurrentClassifier
from ibestimators.attention import MultiHeadAttention

SEED = 0
N_TRAIN, N_TEST, N_SYMBOLS = 500, 300, 4
LENGTHS = (4, 8, 16, 32, 64)


def recall(length: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([SEED, length])
    symbols = rng.integers(N_SYMBOLS, size=(N_TRAIN + N_TEST, length))
    return np.eye(N_SYMBOLS)[symbols], symbols[:, 0]


# %%
# Three networks
# --------------
# All networks have a small weight decay, since strong decay also shrinks what a recurrence passes
# on. All have the same learning rate.

TRAINING = {
    "readout": "last",
    "lr": 0.01,
    "weight_decay": 0.01,
    "batch_size": 50,
    "max_epochs": 25,
    "random_state": SEED,
}
ONE_LAYER = {"hidden_size": 32, "n_layers": 1, "bidirectional": False}
ESTIMATORS = {
    "RNN": RecurrentClassifier(cell="rnn", **ONE_LAYER, **TRAINING),
    "GRU": RecurrentClassifier(cell="gru", **ONE_LAYER, **TRAINING),
    "attention": AttentionClassifier(
        embedding_size=16, n_heads=2, n_layers=1, patch_size=1, **TRAINING
    ),
}

scores = pd.DataFrame(index=pd.Index(LENGTHS, name="T"), columns=list(ESTIMATORS), dtype=float)
for length in LENGTHS:
    X, y = recall(length)
    for name, estimator in ESTIMATORS.items():
        fitted = estimator.fit(X[:N_TRAIN], y[:N_TRAIN])
        scores.loc[length, name] = fitted.score(X[N_TRAIN:], y[N_TRAIN:])
print(scores.round(3))

# %%
# The influence of the first symbol
# ---------------------------------
# Before training, we change the first symbol and measure the change of the last state, relative to
# its norm. The gates of a GRU with torch's initial weights are about half open, so that each step
# halves the influence; gradients in the other direction are as small. One head of untrained
# attention has nearly uniform weights over T steps, so that the first has a share of about 1 / T.

torch.manual_seed(SEED)
CELLS = {"RNN": torch.nn.RNN, "GRU": torch.nn.GRU}
networks = {name: cell(N_SYMBOLS, 32, batch_first=True).double() for name, cell in CELLS.items()}
attention = MultiHeadAttention(32, 1).double()
embed = torch.nn.Linear(N_SYMBOLS, 32).double()


def last_state(name: str, x: torch.Tensor) -> torch.Tensor:  # (batch, T, symbols)
    if name == "attention":
        x = embed(x)  # (batch, T, 32)
        return attention(x[:, -1:], x)[:, 0]  # (batch, 32)
    return networks[name](x)[0][:, -1]  # (batch, 32)


left = pd.DataFrame(index=scores.index, columns=scores.columns, dtype=float)
for length in LENGTHS:
    x = torch.tensor(recall(length)[0][:200])
    changed = x.clone()
    changed[:, 0] = x[:, 0].roll(1, -1)  # the next symbol
    with torch.no_grad():
        for name in ESTIMATORS:
            state = last_state(name, x)
            moved = (last_state(name, changed) - state).norm(dim=1)
            left.loc[length, name] = (moved / state.norm(dim=1)).mean().item()
print(left.map("{:.1e}".format))

# %%
# The picture
# -----------

figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for ax, values in zip(axes, (scores, left), strict=True):
    for name, marker in zip(ESTIMATORS, "os^", strict=True):
        ax.plot(values.index, values[name], f"{marker}-", label=name)
    ax.set_xscale("log", base=2)
    ax.set_xticks(LENGTHS, [str(length) for length in LENGTHS])
    ax.set_xlabel("T, the number of steps")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].axhline(1 / N_SYMBOLS, color="0.45", ls="--", lw=1, label="chance")
axes[0].set(title="trained", ylabel="test accuracy", ylim=(0, 1.05))
axes[0].legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 0.28))
axes[1].set(title="not trained", ylabel="relative change of the last state")
axes[1].set_yscale("log")
plt.show()

# %%
# Conclusion
# ----------
# Up to 16 steps all three are accurate. At 32 the GRU is at chance (0.25), and the RNN has 0.99,
# but 0.22, 0.87 and 1.00 with three other seeds; at 64 both are at chance with all four. Attention
# has 1.00 throughout. Gates alone do not help: they have to learn to stay closed, but a symbol 64
# steps back gives almost no gradient, since it changes the last state by a share of 1e-13.
# Attention has this range at a cost of T times T products, and identifies the first step only by
# its position.
