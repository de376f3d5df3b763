"""Symmetries of sequences, tokens and graphs are found in data that have exactly these."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from ibestimators import GraphClassifier, RecurrentClassifier, diagnose, find_symmetries
from ibestimators.datasets import load_atlas
from ibestimators.symmetries._list_changes import list_changes

N = 150
random = np.random.default_rng(0)
TOKENS = [random.integers(0, 5, n) for n in random.integers(4, 10, N)]
SEQUENCES = [random.normal(size=(n, 1)) for n in random.integers(4, 10, N)]


def graphs(n_samples=N):
    """Random graphs of as many edges as nodes, each node with a random number."""
    random = np.random.default_rng(1)
    made = []
    for seed in range(n_samples):
        n = int(random.integers(6, 11))
        graph = nx.gnm_random_graph(n, n, seed=seed)
        nx.set_node_attributes(graph, dict(enumerate(random.normal(size=n))), "value")
        made.append(graph)
    return made


def statuses(result):
    return result.to_frame()["status"]


def test_the_maximum_of_a_set_does_not_mind_any_order():
    y = np.array([item.max() for item in SEQUENCES])
    result = diagnose(SEQUENCES, y, random_state=0)
    status = statuses(result.symmetries)
    assert status["any order of steps"] == "supported"
    assert status["change of sign"] == "contradicted"
    assert not result.symmetries.has_order
    assert "AttentionRegressor(position='none'" in result.verdict()
    assert "order unused" in [finding.name for finding in result.findings]


@pytest.mark.slow
def test_the_first_token_minds_what_moves_it():
    y = np.array([item[0] for item in TOKENS])
    result = diagnose(TOKENS, y, random_state=0)
    status = statuses(result.symmetries)
    for change in ("cyclic shifts", "reversal", "first tokens cut off", "any order of tokens"):
        assert status[change] == "contradicted"
    assert status["last tokens cut off"] != "contradicted"
    assert result.symmetries.has_order
    assert isinstance(result.suggest_estimator(), RecurrentClassifier)


@pytest.mark.slow
def test_the_parity_of_an_order_minds_all_but_even_permutations():
    X = [np.random.default_rng(i).permutation(5)[:3] for i in range(N)]
    y = [int((a > b) ^ (a > c) ^ (b > c)) for a, b, c in X]
    status = statuses(find_symmetries(X, y, random_state=0))
    assert status["cyclic shifts"] == "supported"  # of three tokens: an even permutation
    assert status["reversal"] == "contradicted"
    assert status["any order of tokens"] == "contradicted"


def test_triangles_need_edges():
    X, y = load_atlas(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:N]
    result = diagnose([X[i] for i in rows], y[rows] > 0, random_state=0)
    assert statuses(result.symmetries)["edges removed"] == "contradicted"
    assert result.symmetries.has_order
    assert isinstance(result.suggest_estimator(), GraphClassifier)
    assert "ignore the order of the nodes by construction" in result.verdict()


def test_a_mean_over_nodes_needs_no_edges():
    X = graphs()
    y = np.array([np.mean([v for _, v in graph.nodes.data("value")]) for graph in X])
    result = diagnose(X, y, random_state=0)
    assert statuses(result.symmetries)["edges removed"] == "supported"
    assert not result.symmetries.has_order
    assert "edges unused" in [finding.name for finding in result.findings]
    assert "MLPRegressor" in result.verdict()
    assert result.plot().figure_ is not None


@pytest.mark.parametrize(
    "X",
    [
        TOKENS[:60],
        pytest.param(SEQUENCES[:60], marks=pytest.mark.slow),
        graphs(60),
    ],
    ids=["tokens", "sequences", "graphs"],
)
def test_labels_that_have_nothing_to_do_with_the_samples(X):
    y = np.random.default_rng(2).integers(0, 2, 60)
    result = diagnose(X, y, random_state=0)
    assert not result.symmetries.has_order
    assert (statuses(result.symmetries) != "supported").all()
    (finding,) = result.findings
    assert finding.name == "labels near noise"
    assert finding.value == result.symmetries.knowledge < 0.02
    assert "(standard error 0.0" in result.verdict()


def test_graphs_that_look_the_same_to_networks_teach_nothing():
    result = find_symmetries([nx.path_graph(3)] * 30, np.arange(30) % 2, random_state=0)
    assert not result.is_learnable
    assert not result.has_order
    assert (statuses(result) == "indifferent").all()


def test_changes_keep_what_they_say():
    random = np.random.RandomState(0)
    X = [np.arange(4.0)[:, np.newaxis], np.array([[7.0]])]
    changed = {c.name: c.copies[0](X, random) for c in list_changes("sequences", X)}
    np.testing.assert_array_equal(changed["first steps cut off"][0], X[0][1:])
    np.testing.assert_array_equal(changed["last steps cut off"][0], X[0][:-1])
    np.testing.assert_array_equal(changed["reversal"][0], X[0][::-1])
    for items in changed.values():
        assert len(items[1]) == 1  # the only step stays
    mean = np.concatenate(X).mean()
    np.testing.assert_allclose(changed["change of sign"][0], 2 * mean - X[0])
    bare = list_changes("graphs", [])[1].copies[0]([nx.cycle_graph(4)], random)
    assert (len(bare[0]), bare[0].number_of_edges()) == (4, 0)


def test_the_seed_decides_and_the_fitted_estimator_stands_beside():
    X, y = graphs(40), np.arange(40) % 2
    fitted = GraphClassifier(max_epochs=1, random_state=0).fit(X, y)
    frames = [find_symmetries(X, y, estimator=fitted, random_state=3).to_frame() for _ in range(2)]
    pd.testing.assert_frame_equal(*frames, atol=1e-4)
    assert (frames[0]["estimator"] > 0).all()
