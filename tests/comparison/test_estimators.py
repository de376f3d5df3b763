"""Estimators are given as a dict, a list, names, or one alone."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import IRIS
from sklearn.naive_bayes import GaussianNB

from ibestimators import (
    ConvClassifier,
    MLPClassifier,
    MLPRegressor,
    race_biases,
    structure_ablation,
)
from ibestimators.comparison import compare_biases, compare_learning_curves
from ibestimators.comparison._estimators import named_estimators

X, y = IRIS


def types(estimators, y=y):
    return {name: type(est).__name__ for name, est in named_estimators(estimators, y).items()}


def test_names_stand_for_biases_of_the_task():
    assert types("Conv") == {"Conv": "ConvClassifier"}
    assert types(["MLP", "Graph"], np.linspace(0, 1, 9)) == {
        "MLP": "MLPRegressor",
        "Graph": "GraphRegressor",
    }
    assert list(types(None)) == ["MLP", "Conv", "Recurrent", "Graph", "Attention"]


def test_what_has_no_name_gets_that_of_its_class():
    assert list(types(MLPRegressor())) == ["MLP"]
    items = [ConvClassifier(), ("mine", GaussianNB()), GaussianNB(), ConvClassifier(), "MLP"]
    assert list(types(items)) == ["Conv", "mine", "GaussianNB", "Conv 2", "MLP"]


def test_a_dict_stays_as_it_is():
    given = {"b": GaussianNB(), "a": MLPClassifier()}
    assert named_estimators(given, y) == given


@pytest.mark.parametrize(
    ("estimators", "error", "match"),
    [
        ({}, ValueError, "estimators is empty"),
        ([], ValueError, "estimators is empty"),
        ("Forest", ValueError, "the name 'Forest', but biases are MLP, Conv"),
        (["MLP", ("MLP", GaussianNB())], ValueError, "the name 'MLP' twice"),
        ([GaussianNB], TypeError, "must hold estimators, names of biases or pairs"),
        (3, TypeError, "must be a dict, a list, the name of a bias or one estimator, got int"),
    ],
)
def test_other_things_are_refused(estimators, error, match):
    with pytest.raises(error, match=match):
        named_estimators(estimators, y)


@pytest.mark.parametrize(
    ("function", "own"),
    [
        (compare_biases, {}),
        (compare_learning_curves, {"train_sizes": [30, 60]}),
        (structure_ablation, {"structure": "positions"}),
        (race_biases, {}),
    ],
)
def test_all_functions_take_lists(function, own):
    result = function(X, y, [GaussianNB(), GaussianNB()], cv=3, random_state=0, **own)
    names = result.rounds["estimator"] if function is race_biases else result.cells["estimator"]
    assert {*names} == {"GaussianNB", "GaussianNB 2"}


def test_guests_join_a_list():
    result = compare_biases(X, y, [GaussianNB()], guests=True, cv=2, random_state=0)
    assert list(result.estimators)[0] == "GaussianNB"
    assert len(result.estimators) == 2
