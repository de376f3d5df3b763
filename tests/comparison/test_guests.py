"""Guests: what a user would pick in place of a network, for each kind of X."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from conftest import IRIS, optional, textures
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import KFold, cross_val_score

from ibestimators import biases, compare_biases
from ibestimators.comparison import _guests
from ibestimators.comparison._guests import LabelledGraphs, tokens_and_pairs

CLASS, NUMBER = {"dummy": DummyClassifier()}, {"dummy": DummyRegressor()}


def scores(X, y, estimators):
    """Mean scores by name."""
    frame = compare_biases(X, y, estimators, guests=True, cv=3, random_state=0).to_frame()
    assert [*frame.index][: len(estimators)] == [*estimators]
    assert (frame["failures"] == 0).all()
    return frame["score"].drop(index="dummy")


def test_gradient_boosting_reads_tables():
    assert scores(*IRIS, CLASS)["Boosting"] > 0.9
    assert scores(*load_diabetes(return_X_y=True), NUMBER)["Boosting"] > 0.3
    colours = np.array(["red", "green", "blue"])[np.random.default_rng(0).integers(3, size=300)]
    frame = pd.DataFrame({"colour": colours, "noise": np.arange(300) % 7})
    assert scores(frame, (colours == "red").astype(int), CLASS)["Boosting"] > 0.95


def test_its_score_is_that_of_scikit_learn():
    cv = KFold(3, shuffle=True, random_state=0)
    result = compare_biases(*IRIS, CLASS, guests=True, cv=cv, random_state=0)
    cells = result.cells[result.cells["estimator"] == "Boosting"]
    expected = cross_val_score(HistGradientBoostingClassifier(random_state=0), *IRIS, cv=cv)
    np.testing.assert_allclose(cells["score"], expected, atol=0.021)  # the seeds differ


def test_rocket_reads_series():
    optional("aeon")
    X, y = textures(90, 30)
    assert scores(X, y, CLASS)["ROCKET"] > 0.8
    lag = (X[:, 1:, 0] * X[:, :-1, 0]).mean(axis=1)
    assert scores(X, lag, NUMBER)["ROCKET"] > 0.3


def test_word_pairs_read_texts_and_tokens():
    random = np.random.default_rng(0)
    orders = random.integers(2, size=90)
    # The same two words in either order: only a pair tells.
    X = [["good not", "not good"][order] + " at all" for order in orders]
    assert scores(X, orders, CLASS)["TF-IDF"] == 1
    tokens = [np.array([[5, 7, 2], [7, 5, 2]][order]) for order in orders]
    assert scores(tokens, orders, CLASS)["TF-IDF"] == 1
    assert scores(tokens, orders * 1.5, NUMBER)["TF-IDF"] > 0.8
    assert tokens_and_pairs(np.array([5, 7, 2])) == ["5", "7", "2", "5 7", "7 2"]


def test_a_graph_kernel_reads_graphs_in_all_forms():
    optional("grakel")
    y = np.arange(24) % 2
    graphs = [nx.cycle_graph(5 + i // 6) if y[i] else nx.path_graph(5 + i // 6) for i in range(24)]
    assert scores(graphs, y, CLASS)["WL kernel"] == 1
    assert scores(graphs, y * 1.5, NUMBER)["WL kernel"] > 0.8
    rng = np.random.default_rng(0)
    pairs = [(nx.to_numpy_array(g), rng.normal(size=(len(g), 2))) for g in graphs]
    assert scores(pairs, y, CLASS)["WL kernel"] == 1  # numbers that are not whole are no labels


def test_labels_of_nodes_are_attributes_that_are_discrete_in_all_graphs():
    optional("grakel")
    first, second = nx.path_graph(2), nx.path_graph(2)
    nx.set_node_attributes(first, {0: "C", 1: "O"}, "atom")
    nx.set_node_attributes(second, {0: "C", 1: "C"}, "atom")
    nx.set_node_attributes(first, {0: 1.0, 1: 2.0}, "charge")
    nx.set_node_attributes(second, {0: 0.5, 1: 2.0}, "charge")
    labels = LabelledGraphs().fit([first, second])
    assert labels.discrete_ == ["atom"]
    graph = labels.transform([first])[0]
    found = graph.get_labels(purpose="dictionary")
    assert found[0] != found[1]
    assert LabelledGraphs().fit([nx.path_graph(3)]).discrete_ == []


def test_what_has_no_guest_is_said(monkeypatch):
    images = np.random.default_rng(0).normal(size=(12, 4, 4, 1))
    y = np.arange(12) % 2
    with pytest.warns(UserWarning, match="guests=True adds none: it has a method for tables"):
        result = compare_biases(images, y, CLASS, guests=True, cv=2, random_state=0)
    assert [*result.estimators] == ["dummy"]
    monkeypatch.setattr(_guests, "find_spec", lambda name: None)
    with pytest.warns(UserWarning, match="ROCKET needs aeon: pip install aeon"):
        compare_biases(images[..., 0], y, CLASS, guests=True, cv=2, random_state=0)


def test_guests_need_one_value_a_sample():
    series = np.random.default_rng(0).normal(size=(12, 4, 1))
    at_steps = biases("classification", target="position")
    for y, estimators in [
        (np.zeros((12, 2), int), CLASS),
        (np.arange(12) % 2, at_steps),
        (None, CLASS),
    ]:
        with pytest.raises(ValueError, match="guests=True adds estimators that predict one class"):
            compare_biases(series, y, estimators, guests=True)


def test_an_estimator_of_that_name_stays():
    candidates = {"Boosting": DummyClassifier()}
    result = compare_biases(*IRIS, candidates, guests=True, cv=3, random_state=0)
    assert isinstance(result.estimators["Boosting"], DummyClassifier)
