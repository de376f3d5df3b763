"""
Which part of an image, a series, a graph or a text matters?
============================================================

A score shows how often a network is right, not which parts of X it uses. `structure_importance`
exchanges one part of X after the other among held-out samples and measures the drop of the score;
`sample_importance` replaces the parts of one sample and measures the drop of its prediction.
Except for the digits, the data are generated so that the deciding part is known.
"""

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from ibestimators import (
    AttentionClassifier,
    ConvClassifier,
    GraphClassifier,
    TextTokenizer,
    sample_importance,
    structure_importance,
)
from ibestimators.datasets import load_digits

random = np.random.default_rng(0)

# %%
# Images
# ------
# Handwritten digits of 8 x 8 pixels. Left: the importance of single pixels to all held-out digits,
# over the mean digit; the outer columns, blank in nearly all digits, have no importance. Right: the
# importance of patches of 2 x 2 to the prediction for one digit.

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
conv = ConvClassifier(readout="flatten", random_state=0).fit(X_train, y_train)
pixels = structure_importance(conv, X_test, y_test, "patch", size=1, n_repeats=3, random_state=0)
print(pixels)
worth = pixels.importances_mean.reshape(8, 8)
outer, inner = worth[:, [0, 7]].mean(), worth[:, 1:7].mean()
print(f"outer columns {outer:.4f}, the others {inner:.4f}")

one = X_test[np.flatnonzero(y_test == 9)[0]]
patches = sample_importance(conv, one, X_test, size=2, random_state=0)
fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
pixels.plot(axes[0]).ax_.set_title("all digits, pixel by pixel")
patches.plot(axes[1]).ax_.set_title("one 9, patches of 2 x 2")

# %%
# Series
# ------
# Noise of 120 steps; steps 60 to 69 are raised in one class and lowered in the other.

y = random.integers(0, 2, 500)
X = random.normal(size=(500, 120, 1))
X[:, 60:70, 0] += np.where(y, 1, -1)[:, None]
conv = ConvClassifier(readout="flatten", random_state=0).fit(X[:300], y[:300])
regions = structure_importance(conv, X[300:], y[300:], "region", size=5, random_state=0)
print(regions)
in_truth = regions.to_frame()["importance"].nlargest(2).index.tolist()
share = regions.importances_mean[[12, 13]].sum() / regions.importances_mean.clip(0).sum()
print(f"the first two: {in_truth}; their share of the total importance: {share:.2f}")
fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
regions.plot(ax).ax_.set_title("regions of 5 steps, over the mean of the series")

# %%
# Graphs
# ------
# Trees of 9 to 12 nodes, up to three of them red. The class is whether an edge connects two red
# nodes. For each tree of class 1 the deciding nodes and edges are known, so we can count how
# often the most important node and edge are among them.


def coloured_tree(seed):
    """A tree with red nodes, and the edges that connect two of them."""
    tree = nx.random_labeled_tree(9 + seed % 4, seed=seed)
    red = set(list(tree.edges)[seed % 8]) if seed % 2 else set()
    others = np.random.default_rng(seed).permutation(len(tree)).tolist()
    for node in others:
        joined = red & set(tree[node])
        if len(red) < 3 and node not in red and not joined:
            red.add(node)
    nx.set_node_attributes(tree, {node: float(node in red) for node in tree}, "red")
    return tree, [edge for edge in tree.edges if red >= set(edge)]


made = [coloured_tree(seed) for seed in range(600)]
X = [tree for tree, _ in made]
y = np.array([len(edges) > 0 for _, edges in made]).astype(int)
net = GraphClassifier(n_layers=2, random_state=0).fit(X[:400], y[:400])
print(f"accuracy on other trees: {net.score(X[400:], y[400:]):.3f}")

shown = [k for k in range(400, 600) if y[k] and net.predict([X[k]])[0]][:12]
found = {"node": 0, "edge": 0}
for k in shown:
    for unit in found:
        result = sample_importance(net, X[k], X[400:], unit, random_state=0)
        first = result.units[result.importances_mean.argmax()]
        truth = made[k][1]
        found[unit] += first in truth if unit == "edge" else any(first in edge for edge in truth)
print(f"of {len(shown)} trees, first node true: {found['node']}, first edge true: {found['edge']}")

fig, axes = plt.subplots(1, 2, figsize=(10.5, 4.2), layout="constrained")
for ax, unit in zip(axes, found, strict=True):
    result = sample_importance(net, X[shown[0]], X[400:], unit, random_state=0)
    result.plot(ax)
    red = [node for node, value in X[shown[0]].nodes(data="red") if value]
    ax.set_title(f"{unit}s of one tree; red nodes are {red}")

# %%
# Text
# ----
# Reviews of five words, one of which expresses an opinion. One kind of opinion is enough to decide:
# this network finds the words of praise, and takes a review without them for a bad one, so that the
# words of blame matter no more than the others. The importance of these is not exactly 0: a word of
# praise may be drawn in their place.

good, bad = ["brilliant", "lovely", "moving"], ["dull", "tedious", "clumsy"]
filler = ["film", "plot", "actor", "scene", "music", "story", "camera", "ending"]
y = random.integers(0, 2, 600)
reviews = []
for label in y:
    words = [*random.choice(filler, 4), random.choice(good if label else bad)]
    reviews.append(" ".join(random.permutation(words)))
pipeline = make_pipeline(TextTokenizer(), AttentionClassifier(random_state=0))
pipeline.fit(reviews[:400], y[:400])
tokens = structure_importance(pipeline, reviews[400:], y[400:], random_state=0)
print(tokens)
first_words = tokens.to_frame()["importance"].nlargest(3).index
n_true = len(set(first_words) & {*good, *bad})
print(f"of the 3 most important words, {n_true} express an opinion")

fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
tokens.plot(axes[0]).ax_.set_title("all reviews")
words = sample_importance(pipeline, reviews[401], reviews[400:], random_state=0)
words.plot(axes[1]).ax_.set_title("one review")

# %%
# Conclusion
# ----------

print(
    f"The parts that determine the class: the regions {' and '.join(in_truth)} of the series have "
    f"{share:.0%} of the total importance, the most important edge is a deciding one in "
    f"{found['edge']} of {len(shown)} trees and the most important node in {found['node']}, "
    f"{n_true} of the 3 most important words are deciding ones, and the mean importance of the "
    f"outer columns of the digits is {outer:.4f}, of the others {inner:.4f}."
)
