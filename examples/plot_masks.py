"""
Which tokens should attention see?
==================================

In attention every token attends to every other; a mask removes some of these pairs. Whether this
helps depends on the task. This example compares four masks, on tasks for which one of them matters.
"""

# %%
# The masks as pictures
# ---------------------
# Rows are queries, and bright columns are the tokens that they attend to. A full mask removes
# nothing. The graph is a ring of eight nodes with one chord; its mask has a row for each node, too.

from __future__ import annotations

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import pandas as pd
import torch

from ibestimators import AttentionClassifier, AttentionRegressor
from ibestimators.attention import attention_mask

SEED = 0
N_TRAIN, N_TEST, STEPS = 400, 500, 16
N_SAMPLES = N_TRAIN + N_TEST

ring = nx.cycle_graph(8)
ring.add_edge(0, 4)
pictures = {"full": np.ones((8, 8), dtype=bool)}
for kind in ("causal", "local"):
    pictures[kind] = attention_mask(kind, 8, 1, torch.device("cpu")).numpy()
pictures["graph"] = nx.to_numpy_array(ring) + np.eye(8) > 0

figure, axes = plt.subplots(1, 4, figsize=(8, 2.5), layout="constrained")
titles = ("full", "causal", "local, window 1", "graph")
for ax, title, mask in zip(axes, titles, pictures.values(), strict=True):
    ax.pcolormesh(mask[::-1], cmap="viridis", edgecolor="w", linewidth=1, vmin=0, vmax=1)
    ax.set(title=title, aspect="equal", xticks=[], yticks=[], xlabel="key")
axes[0].set_ylabel("query")

# %%
# Three tasks on series
# ---------------------
# Each task is a binary classification of 16 steps: the sign of the number at a marked step, at any
# position, read out at the last step; whether two zeros are adjacent; and which of two events came
# first, for tokens without positions. There are 400 training samples, and 200 for the neighbours.

rng = np.random.default_rng(SEED)
every = np.arange(N_SAMPLES)


def marked() -> tuple[np.ndarray, np.ndarray]:
    X = np.zeros((N_SAMPLES, STEPS, 2))
    X[:, :, 0] = rng.normal(size=(N_SAMPLES, STEPS))
    where = rng.integers(STEPS, size=N_SAMPLES)
    X[every, where, 1] = 1
    return X, X[every, where, 0] > 0


def neighbours() -> tuple[np.ndarray, np.ndarray]:
    symbols = rng.integers(5, size=(N_SAMPLES, STEPS))
    zero = symbols == 0
    return np.eye(5)[symbols], (zero[:, 1:] & zero[:, :-1]).any(axis=1)


def order() -> tuple[np.ndarray, np.ndarray]:
    X = np.zeros((N_SAMPLES, STEPS, 2))
    where = np.array([rng.choice(STEPS, 2, replace=False) for _ in every])
    X[every, where[:, 0], 0], X[every, where[:, 1], 1] = 1, 1
    return X, where[:, 0] < where[:, 1]


TRAINING = {
    "embedding_size": 16,
    "n_heads": 2,
    "patch_size": 1,
    "readout": "mean",
    "random_state": SEED,
}
TASKS = {
    "a marked number,\nread out last": (marked, N_TRAIN, {"readout": "last"}),
    "neighbours": (neighbours, N_TRAIN // 2, {"position": "rotary"}),
    "order, without\npositions": (order, N_TRAIN, {"position": "none"}),
}
MASKS = ("full", "causal", "local")

scores = pd.DataFrame(index=list(TASKS), columns=list(MASKS), dtype=float)
for task, (draw, n_train, settings) in TASKS.items():
    X, y = draw()
    for mask in MASKS:
        model = AttentionClassifier(mask=mask, window=1, **(TRAINING | settings))
        model.fit(X[:n_train], y[:n_train])
        scores.loc[task, mask] = model.score(X[N_TRAIN:], y[N_TRAIN:])
print(scores.rename(index=lambda task: task.replace("\n", " ")).round(3))

# %%
# With one block the causal mask has no effect on the last token, which attends to all tokens in
# either case: both networks compute the same function.

X, y = marked()
one_block = {**TRAINING, "n_layers": 1, "readout": "last"}
full = AttentionClassifier(**one_block).fit(X[:N_TRAIN], y[:N_TRAIN])
causal = AttentionClassifier(mask="causal", **one_block).fit(X[:N_TRAIN], y[:N_TRAIN])
apart = np.abs(full.predict_proba(X) - causal.predict_proba(X)).max()
print(f"One block, last token: full and causal differ by at most {apart:.1e}.")

# %%
# A task on graphs
# ----------------
# Ten nodes, each +1 or -1, are connected at random: how many more edges connect equal nodes than
# unequal ones? Without the graph mask attention reads only the nodes and no edges.

graphs, surplus = [], []
for _ in range(N_SAMPLES):
    adjacency = np.triu(rng.random((10, 10)) < 0.3, 1).astype(float)
    adjacency += adjacency.T
    sign = rng.choice([-1.0, 1.0], size=10)
    graphs.append((adjacency, sign[:, None]))
    surplus.append(sign @ adjacency @ sign / 2)

r2 = {}
for mask in ("full", "graph"):
    model = AttentionRegressor(mask=mask, **TRAINING).fit(graphs[:N_TRAIN], surplus[:N_TRAIN])
    r2[mask] = model.score(graphs[N_TRAIN:], surplus[N_TRAIN:])
    print(f"Surplus of edges between equal nodes, mask={mask!r}: R² {r2[mask]:.3f}")

# %%
# The scores
# ----------

COLOURS = dict(zip([*MASKS, "graph"], plt.cm.viridis([0.1, 0.4, 0.65, 0.9]), strict=True))
figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.8), layout="constrained", width_ratios=(4, 1)
)
places = np.arange(len(TASKS))
for number, mask in enumerate(MASKS):
    bars = left.bar(places + 0.27 * (number - 1), scores[mask], 0.25, color=COLOURS[mask])
    left.bar_label(bars, fmt="%.2f", fontsize=8)
    bars.set_label(mask)
left.axhline(0.5, color="0.45", ls="--", lw=1)
left.set_xticks(places, list(TASKS), fontsize=9)
left.set(ylabel="test accuracy (dashed: chance)", ylim=(0, 1.2))
left.legend(frameon=False, ncols=3, loc="upper center")
bars = right.bar(list(r2), list(r2.values()), 0.6, color=[COLOURS[mask] for mask in r2])
right.bar_label(bars, fmt="%.2f", fontsize=8)
right.set(ylabel="test R²", title="equal nodes", ylim=(0, 1.2))
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Conclusion
# ----------
# A token should see what the task needs, and preferably no more. A causal mask costs nothing if the
# last token is read out (0.97, and 0.95 without; the same function with one block). A local mask
# helps if only neighbours matter (1.00 against 0.78 with 200 samples; with 400, attention without a
# mask reaches 0.99, too), but cannot use a number at a distance (0.61). A causal mask gives
# information about order even without positions, since early tokens see fewer others (1.00; the
# full mask is at chance, and so is the local one). Attention reads the edges of a graph only
# through the mask: R² is 0.86 with it and 0.28 without, since the signs of the nodes still predict
# how many pairs are equal.
