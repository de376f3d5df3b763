"""
The nodes of one graph
======================

Which club did each member join after the split of a karate club? In one network, the samples are
the nodes: some have a label, and the others are to be predicted. `NodeClassifier` makes X the names
of nodes, so that folds, searches and comparisons work as with any samples. Every fit sees the edges
of all nodes, and the labels of the training nodes only.
"""

# %%
# The karate club
# ---------------
# 34 members without features, so that the MLP reads the number of friends of a member and nothing
# else. `community_folds` gives groups of members for a second comparison, in which whole
# communities are held out: random folds leave a member among friends whose club is known.

from __future__ import annotations

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np

from ibestimators import (
    GraphClassifier,
    MLPClassifier,
    NodeClassifier,
    community_folds,
    compare_biases,
)

SEED = 0
BIASES = {"MLP": MLPClassifier(), "Graph": GraphClassifier()}

karate = nx.karate_club_graph()
X = np.arange(34).reshape(-1, 1)
y = np.array([club for _, club in karate.nodes(data="club")])
friends = nx.to_scipy_sparse_array(karate, weight=None)

nodes = {name: NodeClassifier(est, friends) for name, est in BIASES.items()}
print(compare_biases(X, y, nodes, random_state=SEED))

# %%
# Whole communities held out:

groups = community_folds(friends, resolution=2, random_state=SEED)
print(compare_biases(X, y, nodes, groups=groups, random_state=SEED))

# %%
# Six labels
# ----------
# Trained on six members, drawn as squares; colours are the predicted probability of the second
# club, and a red outline marks a wrong prediction.

some = np.array([0, 1, 3, 32, 33, 30])
clf = NodeClassifier(GraphClassifier(random_state=SEED), friends).fit(X[some], y[some])
proba, wrong = clf.predict_proba(X)[:, 1], clf.predict(X) != y
print(f"{wrong.sum()} of {len(X) - len(some)} members without a label are predicted wrongly")

place = nx.spring_layout(karate, seed=3)
figure, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
nx.draw_networkx_edges(karate, place, ax=ax, edge_color="0.8")
for members, shape in ((some, "s"), (np.setdiff1d(X, some), "o")):
    drawn = nx.draw_networkx_nodes(
        karate,
        place,
        nodelist=members.tolist(),
        node_color=proba[members],
        node_shape=shape,
        edgecolors=np.where(wrong[members], "red", "black").tolist(),
        cmap="coolwarm",
        vmin=0,
        vmax=1,
        node_size=150,
        ax=ax,
    )
figure.colorbar(drawn, label=f"probability of {clf.classes_[1]}")
ax.axis("off")

# %%
# Women and events
# ----------------
# In the network of Davis, Gardner & Gardner (1941), 18 women are joined to the 14 events that they
# attended, so that every neighbour of a woman is an event. That neighbours differ is as informative
# as that they agree.

davis = nx.davis_southern_women_graph()
is_event = np.array([side for _, side in davis.nodes(data="bipartite")])
attended = nx.to_scipy_sparse_array(davis)
nodes = {name: NodeClassifier(est, attended) for name, est in BIASES.items()}
print(compare_biases(np.arange(32).reshape(-1, 1), is_event, nodes, cv=4, random_state=SEED))

# %%
# When do edges help?
# -------------------
# A stochastic block model: 300 nodes in two classes, each with about 8 neighbours. The homophily is
# the expected share of neighbours in the same class. Two of four features depend on the class,
# weakly. 60 nodes have a label. The MLP does not see the edges, and has one score for all.


def block_model(homophily: float, seed: int, n: int = 300, degree: int = 8) -> tuple:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % 2)
    same = y[:, np.newaxis] == y
    edge = np.triu(
        rng.random((n, n)) < np.where(same, homophily, 1 - homophily) * 2 * degree / n, 1
    )
    features = rng.normal(size=(n, 4))
    features[:, :2] += y[:, np.newaxis] - 0.5
    return (edge | edge.T).astype(float), features, y


X = np.arange(300).reshape(-1, 1)
train, test = X[:60], X[60:]
HOMOPHILY = (0.1, 0.3, 0.5, 0.7, 0.9)
scores = {name: np.zeros((3, len(HOMOPHILY))) for name in BIASES}
for seed in range(3):
    for i, homophily in enumerate(HOMOPHILY):
        edges, features, y = block_model(homophily, seed)
        for name, est in BIASES.items():
            if name == "MLP" and i:
                scores[name][seed, i] = scores[name][seed, 0]  # the same features, not the edges
                continue
            clf = NodeClassifier(est.set_params(random_state=seed), edges, features)
            scores[name][seed, i] = clf.fit(train, y[:60]).score(test, y[60:])

figure, ax = plt.subplots(figsize=(5.5, 3.5), layout="constrained")
for name, values in scores.items():
    print(name, values.mean(0).round(3))
    ax.plot(HOMOPHILY, values.mean(0), marker="o", label=name)
ax.axhline(0.5, color="0.6", lw=1, ls=":")
ax.set_xlabel("homophily: share of neighbours of the same class")
ax.set_ylabel("accuracy on nodes without a label")
ax.legend()

# %%
# Graph is ahead as neighbours agree, and likewise as they differ, since a sum over neighbours is as
# informative if they are of the other class. At 0.5 the edges say nothing about the classes:
# Graph has no lead, and is behind, since its sums add noise to the features of a node.

plt.show()
