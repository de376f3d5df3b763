"""Truths about messages: how far they reach, what they add up to, what makes nodes alike."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ibestimators import AttentionClassifier, GraphClassifier, GraphRegressor
from ibestimators.inspection import MessageDisplay, NodeEmbeddingDisplay, ReachDisplay
from ibestimators.testing import _data as kinds

AGGREGATIONS = ["sum", "mean", "max", "attention"]


def fitted_on(X, **params):
    params = {"max_epochs": 1, "hidden_size": 8, "dtype": "float64", "random_state": 0} | params
    return GraphClassifier(**params).fit(X, np.arange(len(X)) % 2)


def pooled_and_read(fitted, embeddings):
    """The network's scores from embeddings of the nodes of each sample."""
    ways = fitted._fitted.settings.readout.split("+")
    pooled = np.stack([np.concatenate([getattr(e, how)(0) for how in ways]) for e in embeddings])
    with torch.inference_mode():
        return fitted._fitted.network_copy().readout.head(torch.from_numpy(pooled)).numpy()


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_the_readout_of_the_embeddings_is_the_prediction(kind):
    X = kinds.KINDS[kind]()
    fitted = fitted_on(X)
    display = NodeEmbeddingDisplay.from_estimator(fitted, X, sample=3)
    scores = pooled_and_read(fitted, display.embeddings)
    expected = fitted.predict_log_proba(X)
    np.testing.assert_allclose(np.diff(scores, axis=1), np.diff(expected, axis=1), atol=1e-9)
    assert len(display.positions) == len(display.embeddings[3]) == len(display.labels)
    assert len(np.unique(display.positions.round(6), axis=0)) == len(display.positions)


def test_nodes_that_the_graph_cannot_tell_apart_are_alike():
    graphs = [nx.cycle_graph(n) for n in (5, 6, 7)] + [nx.star_graph(n) for n in (3, 4, 5)]
    display = NodeEmbeddingDisplay.from_estimator(fitted_on(graphs), graphs, sample=4)
    for embedding in display.embeddings[:3]:
        alike = np.broadcast_to(embedding[0], embedding.shape)
        np.testing.assert_allclose(embedding, alike, atol=1e-10)
    hub, *leaves = display.embeddings[4]
    np.testing.assert_allclose(leaves, np.broadcast_to(leaves[0], (4, 8)), atol=1e-10)
    assert abs(hub - leaves[0]).max() > 1e-3
    every = np.concatenate(display.embeddings)
    expected = PCA(1).fit(every)
    np.testing.assert_allclose(
        np.concatenate(display.components_), expected.transform(every)[:, 0], atol=1e-9
    )
    assert display.explained_ == pytest.approx(expected.explained_variance_ratio_[0])


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("layer", [0, 2])
@pytest.mark.parametrize("kind", ["table", "ragged", "networkx", "adjacency"])
def test_messages_make_up_what_is_received(kind, layer, aggregation):
    """From what arrives, the round's own update gives what the network has after it."""
    X = kinds.KINDS[kind]()
    fitted = fitted_on(X, aggregation=aggregation, n_layers=3, normalization=None)
    sample = 5
    display = MessageDisplay.from_estimator(fitted, X, sample=sample, layer=layer)
    source, target = display.edges
    encoder = fitted._fitted.network_copy().encoder
    graph, owner = encoder.as_graph(fitted._fitted.batch(kinds.rows(X, sample)))
    with torch.inference_mode():
        rounds = [graph.x, *encoder.rounds(graph, owner)]
    n_nodes = len(graph.x)
    arriving = [display.messages[target == i] for i in range(n_nodes)]
    if aggregation == "attention":
        weights = [display.weights[target == i] for i in range(n_nodes)]
        np.testing.assert_allclose([w.sum() for w in weights], 1)
        assert (source == target).sum() >= n_nodes
        received = [w @ m for w, m in zip(weights, arriving, strict=True)]
    else:
        assert display.weights is None
        combine = getattr(np, aggregation)
        nothing = np.zeros(display.messages.shape[1])
        received = [combine(m, axis=0) if len(m) else nothing for m in arriving]
    passing = encoder.layers[layer]
    with torch.inference_mode():
        own = (1 + passing.eps) * rounds[layer]
        after = passing.update(own + torch.from_numpy(np.array(received)))
        if layer == 0 and encoder.identities is not None:
            after = after * (1 + encoder.scales.weight) + encoder.identities.weight
        after = encoder.activation(after)
        if layer > 0:
            after = after + rounds[layer]  # residual
    torch.testing.assert_close(after, rounds[layer + 1])


def test_without_features_of_edges_a_message_is_its_sender():
    X = kinds.array(5)
    display = MessageDisplay.from_estimator(fitted_on(X, standardize=False), X, sample=2)
    np.testing.assert_allclose(display.messages[:, 0], X[2, display.edges[0]])


def distances(edges, n_nodes, node):
    """Edges on the shortest way from each node to one: inf if there is none."""
    graph = nx.DiGraph(zip(*edges, strict=True))
    graph.add_nodes_from(range(n_nodes))
    found = nx.single_source_shortest_path_length(graph.reverse(), node)
    return np.array([found.get(i, np.inf) for i in range(n_nodes)])


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("kind", kinds.KINDS)
def test_after_k_rounds_a_node_has_heard_of_k_edges_away(kind, aggregation):
    X = kinds.KINDS[kind]()
    fitted = fitted_on(X, aggregation=aggregation, activation="tanh", n_layers=3)
    embeddings = NodeEmbeddingDisplay.from_estimator(fitted, X).embeddings
    for sample in (4, 9):
        node = len(embeddings[sample]) // 2
        display = ReachDisplay.from_estimator(fitted, X, sample=sample, node=node)
        n_nodes = display.influence.shape[1]
        assert len(display.influence) == len(display.axes_) == 4
        near = distances(display.edges, n_nodes, node) <= np.arange(4)[:, np.newaxis]
        assert not display.influence[~near].any()
        if aggregation != "max":  # which passes nothing on of those that are less
            assert display.influence[near].all()


def test_reach_on_a_given_graph_is_that_of_shortest_paths():
    graph = nx.florentine_families_graph()
    X = np.random.default_rng(0).normal(size=(20, len(graph)))
    fitted = fitted_on(X, graph=graph, activation="tanh")
    display = ReachDisplay.from_estimator(fitted, X, node=list(graph).index("Medici"))
    assert display.labels == list(graph)
    steps = nx.single_source_shortest_path_length(graph, "Medici")
    for k, influence in enumerate(display.influence):
        heard = {name for name, value in zip(graph, influence, strict=True) if value}
        assert heard == {name for name, n in steps.items() if n <= k}


@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
def test_influence_where_the_caller_turned_gradients_off(off):
    X = np.random.default_rng(0).normal(size=(10, 6, 2))
    fitted = fitted_on(X, n_layers=2)
    with off():
        without = ReachDisplay.from_estimator(fitted, X, node=2).influence
    expected = ReachDisplay.from_estimator(fitted, X, node=2).influence
    np.testing.assert_allclose(without, expected, atol=1e-6)
    assert expected[-1].max() > 0


def test_influence_is_the_derivative():
    X = np.random.default_rng(0).normal(size=(10, 6, 2))
    fitted = fitted_on(X, activation="tanh", standardize=False, n_layers=2)
    influence = ReachDisplay.from_estimator(fitted, X, sample=3, node=2).influence
    np.testing.assert_array_equal(influence[0], [0, 0, 2, 0, 0, 0])  # itself, two features

    def embedding(x):
        return NodeEmbeddingDisplay.from_estimator(fitted, x[None]).embeddings[0][2]

    step, measured = 1e-6, np.zeros(6)
    for j in range(6):
        for feature in range(2):
            move = np.zeros((6, 2))
            move[j, feature] = step
            slope = (embedding(X[3] + move) - embedding(X[3] - move)) / (2 * step)
            measured[j] += abs(slope).sum()
    np.testing.assert_allclose(influence[2], measured, atol=1e-6)


def test_arrays_stand_on_their_grid_and_graphs_by_distance():
    X = kinds.array(3, 4, 1)
    positions = NodeEmbeddingDisplay.from_estimator(fitted_on(X), X).positions
    row, column = np.indices((3, 4)).reshape(2, -1)
    np.testing.assert_array_equal(positions, np.stack([column, -row], 1))
    ring = [nx.cycle_graph(8), nx.disjoint_union(nx.path_graph(4), nx.empty_graph(2))] * 4
    fitted = fitted_on(ring)
    first, second = (NodeEmbeddingDisplay.from_estimator(fitted, ring) for _ in range(2))
    np.testing.assert_array_equal(first.positions, second.positions)
    from_centre = np.linalg.norm(first.positions - first.positions.mean(0), axis=1)
    np.testing.assert_allclose(from_centre, from_centre[0], rtol=1e-2)
    apart = NodeEmbeddingDisplay.from_estimator(fitted, ring, sample=1).positions
    gaps = np.linalg.norm(apart[:, None] - apart, axis=-1)[np.triu_indices(6, 1)]
    assert gaps.min() > 0.5
    assert gaps.max() < 6


def test_names_of_nodes_and_columns():
    table = pd.DataFrame(kinds.array(3), columns=["tall", "old", "rich"])
    assert MessageDisplay.from_estimator(fitted_on(table), table).labels == list(table.columns)
    graphs = [nx.Graph([("a", "b"), ("b", "$c$")]), nx.path_graph(3)] * 4
    display = MessageDisplay.from_estimator(fitted_on(graphs), graphs)
    assert display.labels == ["a", "b", "$c$"]
    display.figure_.draw_without_rendering()


def test_pipelines_searches_and_axes_of_ones_own():
    X, y = kinds.array(5), kinds.targets("regressor")
    model = GridSearchCV(
        make_pipeline(StandardScaler(), GraphRegressor(max_epochs=1, random_state=0)),
        {"graphregressor__n_layers": [2]},
        cv=2,
    ).fit(X, y)
    display = ReachDisplay.from_estimator(model, X[:3], sample=2, node=4)
    assert display.influence.shape == (3, 5)
    again = display.plot(display.axes_)
    assert again.figure_ is display.figure_
    ax = NodeEmbeddingDisplay.from_estimator(model, X).ax_
    assert MessageDisplay.from_estimator(model, X, ax=ax).ax_ is ax


def test_one_node_alone():
    graphs = [nx.empty_graph(1)] * 6
    fitted = fitted_on(graphs)
    assert NodeEmbeddingDisplay.from_estimator(fitted, graphs[:1]).explained_ == 0
    assert MessageDisplay.from_estimator(fitted, graphs).messages.shape == (0, 1)
    assert ReachDisplay.from_estimator(fitted, graphs).influence.shape == (5, 1)


@pytest.mark.parametrize("display", [NodeEmbeddingDisplay, MessageDisplay, ReachDisplay])
def test_nothing_is_left_changed(display):
    X = kinds.networkx_graphs()
    fitted = fitted_on(X, dropout=0.5)
    fitted.module_.train()
    before = {k: v.clone() for k, v in fitted.module_.state_dict().items()}
    random = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    drawn = [vars(display.from_estimator(fitted, X)) for _ in range(2)]
    for name, value in drawn[0].items():
        if isinstance(value, np.ndarray) and name != "axes_":
            np.testing.assert_array_equal(value, drawn[1][name])
    assert fitted.module_.training
    assert all(torch.equal(before[k], v) for k, v in fitted.module_.state_dict().items())
    assert all(p.requires_grad for p in fitted.module_.parameters())
    assert torch.equal(random[0], torch.random.get_rng_state())
    assert (random[1] == np.random.get_state()[1]).all()


def test_what_is_wrong_is_said():
    X = kinds.array(5)
    fitted = fitted_on(X)
    with pytest.raises(TypeError, match="ends in AttentionClassifier"):
        ReachDisplay.from_estimator(
            AttentionClassifier(max_epochs=1).fit(X, kinds.targets("classifier")), X
        )
    with pytest.raises(ValueError, match="sample=24, but there are 24 samples in X"):
        NodeEmbeddingDisplay.from_estimator(fitted, X, sample=24)
    with pytest.raises(ValueError, match="layer=4, but there are 4 rounds"):
        MessageDisplay.from_estimator(fitted, X, layer=4)
    with pytest.raises(ValueError, match="node=5, but there are 5 nodes in sample 2"):
        ReachDisplay.from_estimator(fitted, X, sample=2, node=5)
    display = ReachDisplay.from_estimator(fitted, X)
    with pytest.raises(
        ValueError, match="ax holds 1 axes, but 5 are needed: one for each of 4 rounds"
    ):
        display.plot(display.axes_[0])
    graphs = [nx.path_graph(3), nx.empty_graph(0)] * 4
    with pytest.raises(ValueError, match="sample 1 of X is a graph without nodes"):
        NodeEmbeddingDisplay.from_estimator(fitted_on(graphs), graphs, sample=1)
