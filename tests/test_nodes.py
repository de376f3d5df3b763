"""The nodes of one graph as samples: what a fit sees, and what scikit-learn does with it."""

from __future__ import annotations

import pickle
import re
import warnings
from types import SimpleNamespace
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from conftest import ESTIMATORS
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    cross_val_predict,
    cross_val_score,
    learning_curve,
)

import ibestimators
from ibestimators import (
    AttentionClassifier,
    GraphClassifier,
    GraphRegressor,
    MLPClassifier,
    NodeClassifier,
    NodeRegressor,
    biases,
    community_folds,
    compare_biases,
    compare_learning_curves,
    load,
)
from ibestimators.pipelines import innermost

N = 30
X = np.arange(N).reshape(-1, 1)
Y = np.where(np.arange(N) < N // 2, "left", "right")
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture(autouse=True)
def _short_training() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def adjacency(seed: int = 0, inside: float = 0.4, between: float = 0.05) -> Any:
    """Two communities of equal size, as a dense matrix."""
    rng = np.random.default_rng(seed)
    same = Y[:, np.newaxis] == Y
    upper = np.triu(rng.random((N, N)) < np.where(same, inside, between), 1)
    return (upper | upper.T).astype(float)


def features(seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(N, 3))


def quick(bias: str = "Graph", **params: Any) -> Any:
    params = {"max_epochs": 3, "dropout": 0.0, "random_state": 0} | params
    return getattr(ibestimators, f"{bias}Classifier")(**params)


def nodes(bias: str = "Graph", **params: Any) -> NodeClassifier:
    return NodeClassifier(quick(bias, **params), adjacency(), features())


# ---------------------------------------------------------------- what a fit is


@pytest.mark.parametrize("name", ESTIMATORS)
def test_it_is_a_fit_on_one_graph_with_labels_at_some_nodes(name):
    train = X[::2]
    est = getattr(ibestimators, name)(max_epochs=3, random_state=0)
    of_classes = name.endswith("Classifier")
    y = Y if of_classes else features(1)[:, 0]
    known = np.full(N, None if of_classes else np.nan, dtype=object if of_classes else float)
    known[::2] = y[::2]
    graph = adjacency(), features()
    expected = clone(est).set_params(target="position").fit([graph], [known])
    make = NodeClassifier if of_classes else NodeRegressor
    fitted = make(est, adjacency(), features()).fit(train, y[::2])
    assert_array_equal(fitted.predict(X), expected.predict([graph])[0])
    if of_classes:
        assert_array_equal(fitted.classes_, ["left", "right"])
        assert_array_equal(fitted.predict_proba(X[5:9]), expected.predict_proba([graph])[0][5:9])
        assert_allclose(np.exp(fitted.predict_log_proba(X)), fitted.predict_proba(X), rtol=1e-5)
        assert fitted.score(X, Y) == np.mean(fitted.predict(X) == Y)
    assert est.target == "sample"  # the parameter is not changed
    assert fitted.n_features_in_ == 1


def test_labels_of_other_nodes_have_no_effect():
    # cross_val_predict slices y: changing the labels of one fold changes no prediction for it.
    folds = [(np.r_[5:N], np.r_[0:5]), (np.r_[0:5, 10:N], np.r_[5:10])]
    moved = Y.copy()
    moved[:5] = "right"
    for train, test in folds[:1]:
        before = nodes().fit(X[train], Y[train]).predict_proba(X[test])
        after = nodes().fit(X[train], moved[train]).predict_proba(X[test])
        assert_array_equal(before, after)
    # But they would if they were seen.
    seen = [nodes().fit(X, y).predict_proba(X[:5]) for y in (Y, moved)]
    assert np.abs(seen[0] - seen[1]).max() > 1e-3


@settings(max_examples=5)
@given(seed=st.integers(0, 1000))
def test_relabelled_nodes_have_relabelled_predictions(seed):
    order = np.random.default_rng(seed).permutation(N)
    A, F = adjacency(seed), features(seed)
    train = np.arange(0, N, 2)
    est = quick(dtype="float64")
    before = NodeClassifier(est, A, F).fit(X[train], Y[train]).predict_proba(X)
    place = np.argsort(order)  # node i is node place[i] of the other graph
    other = NodeClassifier(est, A[np.ix_(order, order)], F[order])
    after = other.fit(place[train], Y[train]).predict_proba(place)
    assert_allclose(after, before, **CLOSE)


@pytest.mark.parametrize(("bias", "blind"), [("MLP", True), ("Attention", True), ("Graph", False)])
def test_who_reads_the_edges(bias, blind):
    with_edges, without = (
        NodeClassifier(quick(bias), A, features()).fit(X, Y).predict_proba(X)
        for A in (adjacency(), np.zeros((N, N)))
    )
    assert np.allclose(with_edges, without, **CLOSE) == blind


def test_dense_layers_read_features_of_the_node_only():
    clf = NodeClassifier(quick("MLP"), adjacency(), features()).fit(X, Y)
    moved = features()
    moved[1:] += 5.0
    after = clf.estimator_.predict_proba([(adjacency(), moved)])[0]
    assert_allclose(after[0], clf.predict_proba(X[:1])[0], **CLOSE)
    assert np.abs(after[1:] - clf.predict_proba(X[1:])).max() > 1e-3


# ---------------------------------------------------------------- forms of the graph


def forms() -> dict[str, Any]:
    A, F = adjacency(), features()
    ends = np.stack(np.nonzero(A))
    return {
        "dense": (A, F),
        "sparse": (sparse.csr_array(A), F),
        "frame": (A, pd.DataFrame(F)),
        "sparse features": (A, sparse.csr_array(F)),
        "pair": ((A, F), None),
        "pair without": ((A, None), F),
        "networkx": (nx.from_numpy_array(A.astype(int)), F),
        "index": (SimpleNamespace(edge_index=ends, x=F), None),
        "index without": (SimpleNamespace(edge_index=ends, num_nodes=N), F),
    }


@pytest.mark.parametrize("form", forms())
def test_all_forms_of_a_graph_are_read_alike(form):
    graph, F = forms()[form]
    est = quick(edge_attrs=())
    expected = NodeClassifier(est, adjacency(), features()).fit(X, Y).predict_proba(X)
    clf = NodeClassifier(est, graph, F).fit(X, Y)
    assert_allclose(clf.predict_proba(X), expected, **CLOSE)
    assert_array_equal(community_folds(graph, resolution=2.0, random_state=0), groups())


def groups() -> Any:
    return community_folds(adjacency(), resolution=2.0, random_state=0)


def test_nodes_of_a_networkx_graph_go_by_their_names():
    A, order = adjacency(), np.random.default_rng(1).permutation(N)
    numbered = nx.Graph()
    numbered.add_nodes_from(order.tolist())  # named by their numbers, but in another order
    numbered.add_edges_from(np.argwhere(np.triu(A)).tolist())
    F = features()
    est = quick(dtype="float64")
    expected = NodeClassifier(est, A, F).fit(X, Y).predict_proba(X)
    clf = NodeClassifier(est, numbered, F[order]).fit(X, Y)
    assert_allclose(clf.predict_proba(X), expected, **CLOSE)
    names = np.array([f"node {i}" for i in range(N)]).reshape(-1, 1)
    named = nx.relabel_nodes(numbered, dict(enumerate(names[:, 0].tolist())))  # in that order
    clf = NodeClassifier(est, named, F[order]).fit(names, Y)
    assert_allclose(clf.predict_proba(names), expected, **CLOSE)
    assert_array_equal(clf.predict(names[3]), clf.predict(names)[3:4])
    with pytest.raises(ValueError, match="X holds .*0.*, which is none of the 30 nodes of graph"):
        clf.predict(X)


def test_without_features_the_number_of_edges_is_one():
    A = adjacency()
    degrees = NodeClassifier(quick(), A, A.sum(0)).fit(X, Y)
    assert_allclose(NodeClassifier(quick(), A).fit(X, Y).predict_proba(X), degrees.predict_proba(X))


def test_attributes_are_read_by_name_only():
    graph = nx.karate_club_graph()
    clubs = np.array([club for _, club in graph.nodes(data="club")])
    people = np.arange(34).reshape(-1, 1)
    with pytest.raises(ValueError, match=r"attributes \('club',\), and labels may be among them"):
        NodeClassifier(quick(), graph).fit(people, clubs)
    leaking = NodeClassifier(quick("MLP", node_attrs=("club",), max_epochs=50), graph)
    assert leaking.fit(people[::3], clubs[::3]).score(people, clubs) == 1
    blind = NodeClassifier(quick("MLP", node_attrs=(), max_epochs=50), graph)
    assert blind.fit(people[::3], clubs[::3]).score(people, clubs) < 0.9


def test_another_graph_can_be_predicted():
    clf = nodes().fit(X, Y)
    other = adjacency(5)[:20, :20], features(5)[:20]
    assert clf.estimator_.predict([other])[0].shape == (20,)
    assert_array_equal(clf.estimator_.predict([clf.graph_])[0], clf.predict(X))


# ---------------------------------------------------------------- y and weights


def test_several_labels_and_outputs():
    y = np.random.default_rng(0).integers(0, 2, size=(N, 2))
    clf = nodes().fit(X[:20], y[:20])
    assert clf.predict(X).shape == clf.predict_proba(X).shape == (N, 2)
    assert 0 <= clf.score(X, y) <= 1
    assert_array_equal(nodes().fit(X[:20], sparse.csr_array(y[:20])).predict(X), clf.predict(X))
    reg = NodeRegressor(GraphRegressor(max_epochs=2, random_state=0), adjacency(), features())
    assert reg.fit(X, features(2)).predict(X[4:9]).shape == (5, 3)
    with pytest.warns(DataConversionWarning):
        assert reg.fit(X, features(2)[:, :1]).predict(X).shape == (N,)


def test_a_weight_of_0_leaves_a_node_out():
    weight, clf = np.r_[np.zeros(4), np.ones(N - 4)], nodes(dtype="float64")
    left_out = clf.fit(X[4:], Y[4:]).predict_proba(X)
    assert_allclose(clf.fit(X, Y, weight).predict_proba(X), left_out, **CLOSE)
    assert_allclose(clf.fit(X, Y, weight * 3).predict_proba(X), left_out, **CLOSE)
    heavy = clf.fit(X, Y, np.linspace(1, 9, N)).predict_proba(X)
    assert np.abs(heavy - clf.fit(X, Y).predict_proba(X)).max() > 1e-3


def test_early_stopping_sets_labels_aside():
    params = {"early_stopping": True, "validation_fraction": 0.4, "max_epochs": 40}
    clf = nodes(n_iter_no_change=2, **params).fit(X, Y).estimator_
    assert len(clf.validation_curve_) == clf.n_iter_
    # The loss of the labels that are set aside, and of no other, is the validation loss.
    losses = []
    for classes in (Y, Y[::-1]):
        one = nodes(early_stopping=True, validation_fraction=0.4, max_epochs=1, lr=1e-12)
        losses.append(one.fit(X, classes).estimator_)
    assert losses[0].loss_curve_ != losses[0].validation_curve_
    with pytest.raises(ValueError, match="early_stopping=True could not set"):
        nodes(early_stopping=True).fit(X[13:16], Y[13:16])


def test_the_labels_of_one_graph_set_the_budget():
    few, many = (
        NodeClassifier(GraphClassifier(random_state=0), adjacency(), features()).fit(X[::s], Y[::s])
        for s in (3, 1)
    )
    for clf, n in ((few, 10), (many, 30)):
        assert clf.estimator_.max_epochs_ == 200
        assert clf.estimator_.lr_ == pytest.approx(5e-3 * (n / 64) ** 0.5)


# ---------------------------------------------------------------- scikit-learn and comparisons


def test_splitters_searches_and_copies():
    clf = nodes()
    assert cross_val_score(clf, X, Y, cv=3, scoring="f1_macro").shape == (3,)
    assert cross_val_score(clf, X, Y, cv=GroupKFold(2), groups=groups()).shape == (2,)
    assert cross_val_predict(clf, X, Y, cv=3, method="predict_proba").shape == (N, 2)
    assert learning_curve(clf, X, Y, cv=2, train_sizes=[8], shuffle=True)[2].shape == (1, 2)
    search = GridSearchCV(clf, {"estimator__n_layers": [1, 2]}, cv=2).fit(X, Y)
    assert search.best_estimator_.estimator_.n_layers in (1, 2)
    assert search.predict(X[:, 0]).shape == (N,)
    bag = BaggingClassifier(clf, 2, max_samples=0.8, bootstrap=False, random_state=0).fit(X, Y)
    assert bag.predict(X).shape == (N,)
    fitted = clf.fit(X, Y)
    for again in (pickle.loads(pickle.dumps(fitted)), clone(fitted).fit(X, Y)):
        assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_the_estimator_inside_is_saved(tmp_path):
    clf = nodes().fit(X, Y)
    clf.estimator_.save(tmp_path / "model")
    again = load(tmp_path / "model").predict_proba([(adjacency(), features())])[0]
    assert_allclose(again, clf.predict_proba(X), **CLOSE)


@pytest.mark.parametrize("x", [X, X[:, 0]], ids=["column", "flat"])
def test_comparisons_have_all_columns(x, tmp_path):
    made = {
        name: NodeClassifier(est, adjacency(), features())
        for name, est in biases("classification", max_epochs=3).items()
    }
    params = {"cv": 2, "random_state": 0, "groups": groups()}
    result = compare_biases(x, Y, made, cache=tmp_path, **params)
    table = result.to_frame()
    assert (table["parameters"] > 0).all()
    assert (table["multiply_adds"] > 0).all()
    assert (table["score"] >= 0).all()
    assert table.loc["Graph", "assumption"] == GraphClassifier.assumption
    assert (result.cells["max_epochs"] == 3).all()
    again = compare_biases(x, Y, made, cache=tmp_path, **params)
    assert_array_equal(again.cells["fit_time"], result.cells["fit_time"])  # from the cache
    for node_estimator in made.values():
        assert innermost(node_estimator) is node_estimator


def test_matched_searched_and_learning_curves():
    made = {name: nodes(name) for name in ("MLP", "Graph")}
    result = compare_biases(X, Y, made, match_parameters=5000, cv=2, random_state=0)
    assert_allclose(result.to_frame()["parameters"], 5000, rtol=0.05)
    for est in made.values():
        assert est.count_parameters(X, Y) == est.fit(X, Y).estimator_.n_parameters_
    searched = compare_biases(
        X, Y, {"MLP": made["MLP"]}, search="random", n_iter=1, cv=2, random_state=0
    )
    assert "estimator__lr" in str(searched.estimators["MLP"].param_distributions)
    curves = compare_learning_curves(X, Y, made, train_sizes=[6, 12], cv=2, random_state=0)
    assert len(curves.to_frame()) == 4


# ---------------------------------------------------------------- communities


def test_communities_keep_neighbours_together():
    A = adjacency(inside=0.6, between=0.02)
    found = community_folds(A, random_state=0)
    inside = (found[:, np.newaxis] == found)[A > 0].mean()
    assert inside > 0.8
    assert_array_equal(found, community_folds(A, random_state=0))
    parts = nx.disjoint_union(nx.complete_graph(5), nx.complete_graph(6))
    assert community_folds(parts).tolist() == [0] * 5 + [1] * 6
    finer = community_folds(A, resolution=3.0, random_state=0)
    assert len(set(finer)) > len(set(found))


# ---------------------------------------------------------------- bad input

A, F = adjacency(), features()
BAD_X: dict[str, tuple[Any, str]] = {
    "beyond": (X + 1, "X holds .*30.*, which is none of the 30 nodes of graph"),
    "negative": (X - 1, "X holds .*-1.*, which is none of the 30 nodes"),
    "float": (X.astype(float), "X is of type float64, but the nodes of graph have the integers"),
    "bool": (X > 3, "X is of type bool"),
    "strings": (X.astype(str), "X is of type <U"),
    "missing": (np.where(X > 3, X, np.nan), "X is of type float64"),
    "features": (F, r"X has shape \(30, 3\), but names of nodes are expected"),
    "none": (X[:0], "X holds no nodes"),
}


@pytest.mark.parametrize("case", BAD_X)
def test_bad_names_of_nodes(case):
    x, message = BAD_X[case]
    with pytest.raises(ValueError, match=message):
        nodes().fit(x, Y[: len(x)])
    fitted = nodes().fit(X, Y)
    with pytest.raises(ValueError, match=message):
        fitted.predict(x)


WRONG: dict[str, tuple[Any, type[Exception], str]] = {
    "twice": (lambda: nodes().fit(X // 2, Y), ValueError, "the node 0 more than once"),
    "short y": (lambda: nodes().fit(X, Y[:5]), ValueError, "inconsistent numbers of samples"),
    "no y": (lambda: nodes().fit(X, None), ValueError, "requires y to be passed"),
    "short weight": (
        lambda: nodes().fit(X, Y, np.ones(3)),
        ValueError,
        "inconsistent numbers of samples",
    ),
    "no weight": (lambda: nodes().fit(X, Y, np.zeros(N)), ValueError, "at least one non-zero"),
    "no label": (
        lambda: nodes().fit(X, np.full(N, np.nan)),
        ValueError,
        "no label .* for 30 of the nodes in X, such as 0. Leave",
    ),
    "class -1": (lambda: nodes().fit(X, np.repeat([1, -1], 15)), ValueError, "another name than"),
    "NaN number": (
        lambda: NodeRegressor(GraphRegressor(), A).fit(X, np.r_[np.nan, np.ones(N - 1)]),
        ValueError,
        "no label .* for 1 of the nodes in X, such as 0",
    ),
    "one class": (lambda: nodes().fit(X[:9], Y[:9]), ValueError, "class"),
    "few features": (
        lambda: NodeClassifier(quick(), A, F[:5]).fit(X, Y),
        ValueError,
        r"node_features has shape \(5, 3\) .* one row for each of the 30 nodes",
    ),
    "NaN feature": (
        lambda: NodeClassifier(quick(), A, np.where(F > 0, F, np.nan)).fit(X, Y),
        ValueError,
        "contains NaN or infinity",
    ),
    "texts": (
        lambda: NodeClassifier(quick(), A, F.astype(str)).fit(X, Y),
        ValueError,
        "node_features has shape .* numbers of shape",
    ),
    "two features": (
        lambda: NodeClassifier(quick(), (A, F), F).fit(X, Y),
        ValueError,
        "Give one of the two",
    ),
    "no graph": (
        lambda: NodeClassifier(quick(), "graph").fit(X, Y),
        ValueError,
        "graph is a str, but a networkx graph",
    ),
    "None": (lambda: NodeClassifier(quick(), None).fit(X, Y), ValueError, "graph is a NoneType"),
    "list": (lambda: NodeClassifier(quick(), [A]).fit(X, Y), TypeError, "a list of 1 items"),
    "rectangle": (
        lambda: NodeClassifier(quick(), A[:5]).fit(X, Y),
        ValueError,
        "must be square",
    ),
    "no nodes": (lambda: NodeClassifier(quick(), nx.Graph()).fit(X, Y), ValueError, "no nodes"),
    "regressor": (
        lambda: NodeClassifier(GraphRegressor(), A).fit(X, Y),
        TypeError,
        "needs a classifier of this package",
    ),
    "classifier": (
        lambda: NodeRegressor(GraphClassifier(), A).fit(X, F[:, 0]),
        TypeError,
        "needs a regressor of this package",
    ),
    "other": (
        lambda: NodeClassifier(LogisticRegression(), A).fit(X, Y),
        TypeError,
        "needs a classifier of this package",
    ),
    "class": (
        lambda: NodeClassifier(GraphClassifier, A).fit(X, Y),
        TypeError,
        "needs a classifier of this package",
    ),
    "unfitted": (lambda: nodes().predict(X), ValueError, "not fitted yet"),
    "too many": (
        lambda: NodeClassifier(AttentionClassifier(), sparse.eye_array(30_000)).fit(X, Y),
        ValueError,
        "30,000 nodes",
    ),
    "communities of no graph": (lambda: community_folds([A]), TypeError, "a list of 1 items"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_use_says_what_to_do(case):
    call, error, message = WRONG[case]
    with pytest.raises(error, match=message):
        call()


def test_a_failed_fit_changes_nothing():
    clf = nodes().fit(X, Y)
    before = clf.predict_proba(X)
    with pytest.raises(ValueError, match=re.escape("names of nodes")):
        clf.fit(F, Y)
    assert_array_equal(clf.predict_proba(X), before)
    clf.set_params(graph=np.zeros((N, N)))  # a parameter has no effect until the next fit
    assert_array_equal(clf.predict_proba(X), before)


def test_mlp_does_not_lead_by_the_edges_and_graph_does():
    """Labels follow the edges alone: features are noise."""
    train = np.r_[0:6, 15:21]
    test = np.setdiff1d(np.arange(N), train)
    scores = {}
    for name, est in {"MLP": MLPClassifier, "Graph": GraphClassifier}.items():
        runs = [
            NodeClassifier(est(random_state=seed), adjacency(seed, 0.6, 0.02), features(seed))
            .fit(X[train], Y[train])
            .score(X[test], Y[test])
            for seed in range(3)
        ]
        scores[name] = np.mean(runs)
    assert scores["Graph"] > scores["MLP"] + 0.15
