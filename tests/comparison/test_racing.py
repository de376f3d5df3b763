"""The race: what falls behind is dropped, the winner is fitted on all data."""

from __future__ import annotations

import pytest
from conftest import IRIS
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier

from ibestimators import GraphClassifier, MLPClassifier, race_biases
from ibestimators.testing._data import KINDS, targets

X, y = IRIS


def test_the_worse_are_dropped_and_the_winner_gets_all_data():
    candidates = {
        "dummy": DummyClassifier(),
        "neighbours": KNeighborsClassifier(),
        "linear": LogisticRegression(max_iter=1000),
        "constant": DummyClassifier(strategy="uniform"),
    }
    result = race_biases(X, y, candidates, factor=2, random_state=0)
    first = result.rounds[result.rounds["round"] == 0]
    assert len(first) == 4
    assert set(first.loc[first["dropped"], "estimator"]) == {"dummy", "constant"}
    second = result.rounds[result.rounds["round"] == 1]
    assert (second["n_samples"] > first["n_samples"].max()).all()
    assert result.leader in ("linear", "neighbours")
    assert len(result.rounds[~result.rounds["dropped"] & (result.rounds["round"] == 1)]) == 1
    expected = candidates[result.leader].fit(X, y).predict(X)
    assert (result.best_estimator_.predict(X) == expected).all()
    assert f"{result.leader} leads" in repr(result)
    assert repr(result).count("dropped") == 3
    assert " wins" not in repr(result)
    last = result.rounds[result.rounds["round"] == 1].set_index("estimator")
    best = last.sort_values("rank").iloc[0]  # the round in which two were left
    assert f"{best.name} ({best['score']:.3f}, standard deviation {best['spread']:.3f}" in (
        result.verdict()
    )
    assert f"{result.leader} leads and is fitted on all data. With " in result.verdict()
    assert "A race does not test differences" in result.verdict()


def test_ties_stay_at_the_cut():
    candidates = {name: DummyClassifier(random_state=i) for i, name in enumerate("abcd")}
    candidates["near"] = KNeighborsClassifier()
    result = race_biases(X, y, candidates, factor=2, random_state=0)
    assert result.leader == "near"
    first = result.rounds[result.rounds["round"] == 0]
    assert not first["dropped"].any()  # three stay, and the fourth and fifth are equal to the third
    assert sorted(first["rank"]) == [1, 2, 2, 2, 2]
    alike = race_biases(X, y, {"a": DummyClassifier(), "b": DummyClassifier()}, factor=2)
    assert "was level with b (" in alike.verdict()


@pytest.mark.parametrize("cv", [StratifiedKFold(3), [*StratifiedKFold(4).split(X, y)]])
def test_folds_may_be_a_splitter_or_ready_made(cv):
    candidates = {"dummy": DummyClassifier(), "near": KNeighborsClassifier()}
    assert race_biases(X, y, candidates, factor=2, cv=cv, random_state=0).leader == "near"


def test_settings_race_too_and_a_seed_repeats_it():
    images, digits = load_digits(return_X_y=True)
    candidates = {"MLP": MLPClassifier(max_epochs=3), "neighbours": KNeighborsClassifier()}
    settings = {"neighbours": {"n_neighbors": [1, 200]}, "MLP": {"lr": [1e-9, 3e-3]}}
    run = [
        race_biases(images[:400], digits[:400], candidates, settings=settings, random_state=0)
        for _ in range(2)
    ]
    assert repr(run[0]) == repr(run[1])
    first = run[0].rounds[run[0].rounds["round"] == 0]
    best = first.sort_values("rank").iloc[0]
    assert (best["estimator"], best["settings"]) == ("neighbours", {"n_neighbors": 1})
    assert len(first) == 4


def test_graphs_and_bad_settings():
    graphs, labels = KINDS["networkx"]() * 3, list(targets("classifier")) * 3
    candidates = {"Graph": GraphClassifier(max_epochs=1), "MLP": MLPClassifier(max_epochs=1)}
    result = race_biases(graphs, labels, candidates, factor=2, cv=2, random_state=0)
    assert result.best_estimator_.predict(graphs).shape == (72,)
    with pytest.raises(ValueError, match="settings has the names \\['Conv'\\]"):
        race_biases(X, y, candidates, settings={"Conv": {"lr": [1]}})
