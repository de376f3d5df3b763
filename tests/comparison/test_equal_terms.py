"""Equal terms: as many parameters, multiply-adds as counted by hand, the same budget of search."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ibestimators import (
    ConvClassifier,
    GraphClassifier,
    MLPClassifier,
    RecurrentClassifier,
    biases,
    compare_biases,
)
from ibestimators.comparison._matching import match_parameters, multiply_adds
from ibestimators.suite import SPACES, tuned
from ibestimators.testing._data import KINDS, targets


@pytest.mark.parametrize("target", [20_000, 60_000])
@pytest.mark.parametrize("kind", ["table", "images", "ragged", "tokens", "networkx"])
def test_parameters_agree_within_5_percent(kind, target):
    X, y = KINDS[kind](), targets("classifier")
    candidates = biases("classification", max_epochs=1)
    for name, est in match_parameters(candidates, X, y, target).items():
        counted = est.count_parameters(X, y)
        assert abs(counted - target) <= 0.05 * target, name
        assert clone(est).fit(X, y).n_parameters_ == counted
        assert not hasattr(est, "net_")
    assert candidates["Conv"].n_filters == "auto"


def test_the_baseline_gives_the_number_and_strangers_stay_as_they_are():
    X, y = KINDS["table"](), targets("classifier")
    candidates = {
        "forest": RandomForestClassifier(),
        "MLP": MLPClassifier(),
        "Conv": ConvClassifier(),
    }
    matched = match_parameters(candidates, X, y, baseline="MLP")
    expected = MLPClassifier().count_parameters(X, y)
    assert abs(matched["Conv"].count_parameters(X, y) - expected) <= 0.05 * expected
    assert repr(matched["forest"]) == repr(candidates["forest"])
    with pytest.raises(ValueError, match="cannot count the parameters of 'forest'"):
        match_parameters(candidates, X, y)
    with pytest.raises(ValueError, match="MLP cannot have 3 parameters within 5 %"):
        match_parameters({"MLP": MLPClassifier()}, X, y, 3)


def test_the_last_step_of_a_pipeline_is_matched_and_searched():
    X, y = KINDS["table"](), targets("classifier")
    front = PCA(2, random_state=0)
    candidates = {"MLP": make_pipeline(front, MLPClassifier()), "Conv": ConvClassifier()}
    matched = match_parameters(candidates, X, y, 20_000)
    counted = matched["MLP"][-1].count_parameters(front.fit_transform(X), y)
    assert abs(counted - 20_000) <= 1_000
    assert matched["MLP"].fit(X, y)[-1].n_parameters_ == counted
    assert candidates["MLP"][-1].hidden_layer_sizes == MLPClassifier().hidden_layer_sizes
    piped = tuned(candidates["MLP"], 2, 0).param_distributions
    assert piped == {f"mlpclassifier__{name}": values for name, values in SPACES["MLP"].items()}


def test_in_the_comparison():
    X, y = KINDS["table"](), targets("classifier")
    candidates = {
        "MLP": MLPClassifier(max_epochs=1, hidden_layer_sizes=(64, 64)),
        "Recurrent": RecurrentClassifier(max_epochs=1),
    }
    result = compare_biases(X, y, candidates, cv=2, match_parameters=True, random_state=0)
    parameters = result.to_frame()["parameters"]
    assert abs(parameters["Recurrent"] / parameters["MLP"] - 1) <= 0.05
    exact = compare_biases(X, y, candidates, cv=2, match_parameters=5000, random_state=0)
    assert ((exact.to_frame()["parameters"] - 5000).abs() <= 250).all()


def test_multiply_adds_are_counted_once_for_all_folds(monkeypatch):
    counted = []

    def count(est, X):
        counted.append(type(est).__name__)
        return multiply_adds(est, X)

    monkeypatch.setattr("ibestimators.comparison._fold_task.multiply_adds", count)
    candidates = {
        "MLP": MLPClassifier(max_epochs=1),
        "other": MLPClassifier(hidden_layer_sizes=(3,), column_embedding=None, max_epochs=1),
        "logistic": LogisticRegression(),
    }
    X, y = np.random.default_rng(0).normal(size=(30, 12)), np.arange(30) % 2
    cells = compare_biases(X, y, candidates, cv=3, random_state=0).cells
    assert counted == ["MLPClassifier", "MLPClassifier", "LogisticRegression"]
    costs = cells.pivot(index="estimator", columns="fold", values="multiply_adds")
    assert costs.loc["other"].tolist() == [12 * 3 + 3 * 2] * 3
    assert costs.loc["MLP"].nunique() == 1
    assert costs.loc["logistic"].isna().all()


def test_multiply_adds_are_those_of_the_formula():
    X, y = np.random.default_rng(0).normal(size=(20, 12)), np.arange(20) % 2
    dense = MLPClassifier(hidden_layer_sizes=(7, 5), column_embedding=None, max_epochs=1)
    assert multiply_adds(dense.fit(X, y), X) == 12 * 7 + 7 * 5 + 5 * 2
    dense.set_params(column_embedding="periodic").fit(X, y)  # 9 features of a column become 4
    assert multiply_adds(dense, X) == 12 * 9 * 4 + 12 * 4 * 7 + 7 * 5 + 5 * 2
    conv = ConvClassifier(n_filters=(4,), kernel_size=3, pooling=None, max_epochs=1).fit(X, y)
    assert multiply_adds(conv, X) == 12 * 3 * 4 + 4 * 2
    recurrent = RecurrentClassifier(
        hidden_size=6, n_layers=1, bidirectional=False, readout="last", max_epochs=1
    )
    gru = clone(recurrent).set_params(cell="gru").fit(X, y)
    assert multiply_adds(gru, X) == 12 * 3 * (6 * 1 + 6 * 6) + 6 * 2
    recurrent.fit(X, y)  # an embedding, three gates and values, and an output
    assert multiply_adds(recurrent, X) == 12 * (6 * 1 + 4 * 6 * 6) + 6 * 2
    attention = biases("classification")["Attention"]
    attention.set_params(embedding_size=8, n_heads=2, n_layers=1, column_embedding=None)
    attention.set_params(max_epochs=1).fit(X, y)
    projections = 12 * (8 + 4 * 8 * 8 + 2 * 8 * 16)
    assert multiply_adds(attention, X) == projections + 2 * 12 * 12 * 8 + 8 * 2
    graph = GraphClassifier(max_epochs=1).fit(KINDS["networkx"](), targets("classifier"))
    assert multiply_adds(graph, KINDS["networkx"]()) > 0
    assert multiply_adds(LogisticRegression(), X) is None


def test_every_bias_has_a_space_of_its_own_parameters():
    for task in ("classification", "regression"):
        for name, est in biases(task).items():
            assert set(SPACES[name]) <= set(est.get_params())
            assert tuned(est, 3, 0).n_iter == 3
    forest = RandomForestClassifier()
    assert tuned(forest, 3, 0) is forest


@pytest.mark.parametrize("kind", ["table", "series", "tokens", "networkx"])
def test_the_spaces_surround_the_defaults(kind):
    X, y = KINDS[kind](), targets("classifier")
    for name, est in biases("classification", max_epochs=1).items():
        fitted = est.fit(X, y)
        settings = fitted._fitted.settings
        for param, values in SPACES[name].items():
            if isinstance(values, list):
                assert {getattr(est, param), getattr(settings, param)} & {*values}, (name, param)
        rule = fitted._budget_rule(fitted._fitted.structure.layout)
        for n_samples in (24, 1000, 50_000):
            budget = rule.resolve(est, fitted._fitted.structure.layout, n_samples)
            for param in ("lr", "weight_decay"):
                low, high = SPACES[name][param].support()
                assert low < getattr(budget, param) < high, (name, param, n_samples)


def test_nested_search():
    X, y = KINDS["table"](), targets("classifier")
    candidates = {"MLP": MLPClassifier(max_epochs=1), "linear": LogisticRegression()}
    result = compare_biases(
        X, y, candidates, cv=2, search="random", n_iter=2, refit=True, random_state=0
    )
    assert result.to_frame()["failures"].tolist() == [0, 0]
    assert result.assumptions["MLP"] == "nothing"
    assert result.estimators["MLP"].n_iter == 2
    assert result.best_estimator_.predict(X).shape == y.shape


def test_a_search_keeps_matched_sizes_and_tunes_for_the_score():
    X, y = KINDS["table"](), targets("classifier")
    candidates = {
        "MLP": MLPClassifier(max_epochs=1),
        "Recurrent": RecurrentClassifier(max_epochs=1),
    }
    result = compare_biases(
        X,
        y,
        candidates,
        cv=2,
        match_parameters=2000,
        search="random",
        n_iter=2,
        scoring=["neg_log_loss", "accuracy"],
        random_state=0,
    )
    assert ((result.to_frame()["parameters"] - 2000).abs() <= 100).all()
    assert result.estimators["MLP"].scoring.scoring == "neg_log_loss"
    assert result.estimators["MLP"].cv.shuffle
