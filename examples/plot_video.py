"""
Time and space in videos
========================

A video is an array of 5 axes, ``(n, frames, height, width, channels)``. A spot moves over each of
these videos, and the label is its direction. No single frame contains the answer, and no single
pixel does.
``structure_ablation`` shuffles time or space alone, which shows what each bias has used.
"""

# %%
# Spots that move
# ---------------
# A spot of 2 x 2 pixels starts anywhere and moves by one pixel a frame, up, right, down or left.
# What leaves the frame on one side enters on the other, so that the place of a spot says nothing
# about its direction.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedShuffleSplit

from ibestimators import biases, structure_ablation

SEED = 0
SIZE, N_FRAMES = 6, 6
DIRECTIONS = {"up": (-1, 0), "right": (0, 1), "down": (1, 0), "left": (0, -1)}


def make_videos(n, random):
    names = np.array([*DIRECTIONS])[np.arange(n) % 4]
    videos = random.normal(scale=0.3, size=(n, N_FRAMES, SIZE, SIZE, 1))
    for video, name in zip(videos, names, strict=True):
        spot = np.zeros((SIZE, SIZE))
        spot[:2, :2] = 1
        spot = np.roll(spot, random.integers(SIZE, size=2), axis=(0, 1))
        for t, frame in enumerate(video):
            step = np.multiply(t, DIRECTIONS[name])
            frame[:, :, 0] += np.roll(spot, step, axis=(0, 1))
    return videos, names


X, y = make_videos(400, np.random.default_rng(SEED))
print(X.shape)

figure, axes = plt.subplots(2, N_FRAMES, figsize=(9, 3.3), layout="constrained")
for i, row in enumerate(axes):
    for t, ax in enumerate(row):
        ax.imshow(X[i, t, :, :, 0], cmap="gray", vmin=-0.5, vmax=1.5)
        ax.set(xticks=[], yticks=[], title=f"frame {t}" if i == 0 else "")
    row[0].set_ylabel(y[i])
plt.show()

# %%
# Shuffle the frames, or the pixels
# ---------------------------------
# ``structure="time"`` puts the frames in one random order, ``structure="space"`` the pixels of each
# frame, with the same order for all videos: no information is lost, but neighbours are separated.
# Small networks and few epochs keep this page fast. Both calls have the same folds and seeds.

candidates = biases("classification", random_state=SEED)
candidates["Conv"].set_params(n_filters=(8, 16), max_epochs=15)
candidates["Recurrent"].set_params(max_epochs=20)
candidates["Graph"].set_params(hidden_size=16, n_layers=2, max_epochs=10)
candidates["Attention"].set_params(patch_size=2, embedding_size=32, n_layers=1, max_epochs=20)
cv = StratifiedShuffleSplit(2, train_size=160, random_state=SEED)

time, space = (
    structure_ablation(X, y, candidates, structure=structure, cv=cv, random_state=SEED).to_frame()
    for structure in ("time", "space")
)
scores = pd.DataFrame(
    {
        "intact": time["intact"],
        "frames shuffled": time["destroyed"],
        "pixels shuffled": space["destroyed"],
    }
)
print(scores.round(2))

# %%
figure, ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for name, marker in zip(scores, "os^", strict=True):
    ax.plot(scores[name], range(len(scores)), marker, ms=8, label=name)
ax.axvline(0.25, color="0.6", ls="--", lw=1)
ax.text(0.255, 4.35, "chance", color="0.4", fontsize=9)
ax.set_yticks(range(len(scores)), scores.index)
ax.set(xlabel="accuracy", xlim=(0, 1.02), ylim=(4.6, -0.6))
ax.legend(frameon=False, loc="upper left")
ax.grid(axis="x", color="0.92")
plt.show()

# %%
# Conclusion
# ----------
# - **MLP** has weights for each pixel of each frame, whatever its neighbours: no drop.
# - **Conv** reads neighbours in space and time. It drops if pixels are shuffled. If frames are, the
#   spot still moves by one step for each direction, often within reach of its filters.
# - **Recurrent** reads frame after frame, all pixels at once: it drops with shuffled frames alone.
# - **Attention** reads patches of 2 frames by 2 x 2 pixels, and drops with both.
# - **Graph** is at chance: the edges of a grid have no direction.
