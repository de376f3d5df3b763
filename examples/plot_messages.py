"""
How far does a message travel?
==============================

In message passing each node aggregates its neighbours, which have aggregated theirs: after k rounds
a node depends on the nodes up to k edges away, and on no others. This example shows the influence
of nodes round by round, then defines a task that needs three rounds, and trains networks with one,
two, three and four.
"""

# %%
# The reach of a node, round by round
# -----------------------------------
# The families of Renaissance Florence, connected by marriage, are a graph in networkx. A sample is
# a number for each family, for example its wealth; the target is the maximum over families of a
# family's wealth plus that of its relatives by marriage.

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np

from ibestimators import (
    GraphClassifier,
    GraphRegressor,
    MessageDisplay,
    NodeEmbeddingDisplay,
    ReachDisplay,
)

families = nx.florentine_families_graph()
adjacency = nx.to_numpy_array(families)
rng = np.random.default_rng(0)
wealth = rng.normal(size=(400, len(families)))
y = (wealth + wealth @ adjacency).max(axis=1)

florence = GraphRegressor(graph=families, readout="max", random_state=0)
florence.fit(wealth[:300], y[:300])
print(f"R² on new samples: {florence.score(wealth[300:], y[300:]):.2f}")

# %%
# The influence of one family on another is how much its number changes the other's embedding (Xu et
# al. 2018). White families have no influence. We show the Pazzi, at the end of a chain.

pazzi = list(families).index("Pazzi")
fig = plt.figure(figsize=(13, 8), layout="constrained")
reach = ReachDisplay.from_estimator(
    florence, wealth[300:], node=pazzi, ax=fig.subplots(2, 3).flat[:5]
)
fig.axes[5].remove()
for k, influence in enumerate(reach.influence):
    reaching = [name for name, value in zip(families, influence, strict=True) if value > 0]
    print(f"rounds: {k}, families that influence the Pazzi: {len(reaching):2}")

# %%
# The plot shows the norm of each message in the second round. Two connected families send messages
# to each other.

fig, ax = plt.subplots(figsize=(7.5, 6), layout="constrained")
messages = MessageDisplay.from_estimator(florence, wealth[300:], layer=1, ax=ax)
norms = np.linalg.norm(messages.messages, axis=1)
loudest = np.array(messages.labels)[messages.edges[0, norms.argmax()]]
print(f"{messages.edges.shape[1]} messages; the largest comes from {loudest}")

# %%
# A target that needs three rounds
# --------------------------------
# In a ring of 16 nodes, two are marked: are the marks 5 or 6 edges apart? In k rounds information
# about a mark travels k edges. A node that receives information from both marks can measure their
# distance, which requires 2 k >= 5. With fewer rounds, both kinds of ring look the same from every
# node, and no training can help.

ring = nx.cycle_graph(16)


def marked_ring(distance: int) -> nx.Graph:
    graph = ring.copy()
    first = rng.integers(16)
    marks = {first, (first + distance) % 16}
    nx.set_node_attributes(graph, {node: float(node in marks) for node in graph}, "mark")
    return graph


apart = np.array([5, 6] * 100)
rings = [marked_ring(distance) for distance in apart]
scores = {}
for n_layers in (1, 2, 3, 4):
    model = GraphClassifier(n_layers=n_layers, max_epochs=30, random_state=0)
    model.fit(rings[:100], apart[:100])
    scores[n_layers] = model.score(rings[100:], apart[100:])
    print(f"{n_layers} rounds: accuracy {scores[n_layers]:.2f}")

fig, ax = plt.subplots(figsize=(5, 3.2), layout="constrained")
ax.bar(list(scores), list(scores.values()), color=["0.7", "0.7", "C0", "C0"])
ax.axhline(0.5, color="0.4", lw=1, ls="--")
ax.set(xlabel="rounds (n_layers)", ylabel="accuracy", xticks=list(scores), ylim=(0, 1.05))
ax.annotate("chance", (0.5, 0.52), color="0.4")
ax.spines[["top", "right"]].set_visible(False)

# %%
# The embeddings of the nodes after four rounds, on a ring of each kind. Nodes of one colour have
# similar embeddings; each ring is symmetric, and so are the colours. The two rings differ most
# between the marks, where the information from both arrives.

fig, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for ax, sample in zip(axes, (100, 101), strict=True):
    NodeEmbeddingDisplay.from_estimator(model, rings, sample=sample, ax=ax)
    ax.set_title(f"marks {apart[sample]} edges apart")

# %%
# A message travels one edge in each round:

counts = [int((influence > 0).sum()) for influence in reach.influence]
print(
    f"After 0 to 4 rounds {counts} families influence the Pazzi, and marks 5 or 6 edges apart "
    f"are separated with accuracy {scores[2]:.2f} by two rounds and {scores[3]:.2f} by three."
)
plt.show()
