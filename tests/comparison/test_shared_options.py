"""All functions that compare take the same options, and these mean the same in all of them."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ibestimators import (
    MLPClassifier,
    compare_biases,
    compare_learning_curves,
    compare_parameter_scaling,
    race_biases,
    structure_ablation,
)

SHARED = [
    "cv",
    "groups",
    "sample_weight",
    "time",
    "scoring",
    "baseline",
    "n_repeats",
    "cache",
    "error_score",
    "n_jobs",
]
SHARED += ["random_state", "verbose"]
OWN = {
    compare_biases: {},
    compare_learning_curves: {"train_sizes": [30, 60]},
    compare_parameter_scaling: {"n_parameters": [100, 200]},
    structure_ablation: {"structure": "positions"},
    race_biases: {"factor": 2},
}
N_PATIENTS, VISITS = 30, 4
PATIENT = np.repeat(np.arange(N_PATIENTS), VISITS)
rng = np.random.default_rng(0)
X = rng.normal(size=(len(PATIENT), 3))
X[:, 0] = PATIENT
y = rng.integers(2, size=N_PATIENTS)[PATIENT]
FITS: list[set[int]] = []


def patients(X):
    """The patients among samples; an ablation may have moved their column."""
    return set(X[:, (np.round(X) == X).all(axis=0)].ravel())


class Recording(ClassifierMixin, BaseEstimator):
    """Records which patients it is trained on."""

    def __init__(self, fails=False):
        self.fails = fails

    def fit(self, X, y):
        FITS.append(patients(X))
        self.classes_, self.patients_ = np.unique(y), FITS[-1]
        if self.fails:
            raise RuntimeError("refused")
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def whole_groups(est, X, y):
    assert not getattr(est, "patients_", set()) & patients(X)
    return est.score(X, y)


compare = pytest.mark.parametrize("function", OWN, ids=lambda function: function.__name__)


@compare
def test_the_signature_is_the_same(function):
    parameters = inspect.signature(function).parameters
    assert list(parameters)[:3] == ["X", "y", "estimators"]
    assert [name for name in parameters if name in SHARED] == SHARED
    assert all(p.kind is p.KEYWORD_ONLY for p in list(parameters.values())[3:])
    assert "{" not in function.__doc__.split("Examples")[0].replace('{"', "").replace("{'", "")


@compare
def test_groups_stay_whole_and_cached_fits_are_found_again(function, tmp_path):
    settings = {"cv": 3, "random_state": 0, "error_score": "raise", **OWN[function]}
    candidates = {"a": Recording(), "b": GaussianNB()}
    with pytest.raises(AssertionError):
        function(X, y, candidates, scoring=whole_groups, **settings)
    settings |= {"groups": PATIENT, "scoring": whole_groups, "cache": tmp_path}
    FITS.clear()
    first = function(X, y, candidates, **settings)
    n_fits, files = len(FITS), {path.name for path in tmp_path.glob("*.json")}
    assert n_fits > 2
    again = function(X, y, candidates, **settings)
    assert {path.name for path in tmp_path.glob("*.json")} == files
    assert len(FITS) - n_fits == (function is race_biases and again.leader == "a")
    assert repr(first) == repr(again)


@compare
def test_repeats_make_new_folds(function):
    settings = {"cv": 2, "random_state": 0, **OWN[function]}
    counts = []
    for n_repeats in (1, 2):
        FITS.clear()
        function(X, y, {"a": Recording()}, n_repeats=n_repeats, **settings)
        counts.append(len(FITS) - (function is race_biases))  # without the winner's fit
    assert counts[1] == 2 * counts[0]
    with pytest.raises(ValueError, match="n_repeats must be an int of at least 1, got 0"):
        function(X, y, {"a": Recording()}, n_repeats=0, **settings)


@compare
def test_a_failed_fit_raises_or_leaves_the_others(function):
    candidates = {"a": Recording(fails=True), "b": GaussianNB()}
    settings = {"cv": 2, "groups": PATIENT, "random_state": 0, **OWN[function]}
    assert function(X, y, candidates, **settings) is not None
    with pytest.raises(RuntimeError, match="refused"):
        function(X, y, candidates, error_score="raise", **settings)


@compare
def test_several_scores_and_progress(function, capsys):
    settings = {"cv": 2, "random_state": 0, "verbose": 1, **OWN[function]}
    result = function(
        X, y, {"a": GaussianNB(), "b": GaussianNB()}, scoring=["f1_macro", "accuracy"], **settings
    )
    assert "running a, fold 1" in capsys.readouterr().err
    assert getattr(result, "scoring", "f1_macro") == "f1_macro"


class Splits(GroupKFold):
    """Records the groups of both sides of each split."""

    made: list[tuple[set[int], set[int]]] = []

    def split(self, X, y=None, groups=None):
        for train, test in super().split(X, y, groups):
            self.made.append((set(groups[train]), set(groups[test])))
            yield train, test


@pytest.mark.parametrize("cv", [3, list(GroupKFold(3).split(X, y, PATIENT))], ids=["int", "splits"])
def test_a_random_search_keeps_groups_whole_in_its_inner_folds(cv, monkeypatch):
    made = []
    split = MLPClassifier.fit

    def fit(self, X, y, **params):
        made.append((set(X[:, 0]), params))
        return split(self, X, y, **params)

    monkeypatch.setattr(MLPClassifier, "fit", fit)
    candidates = {"MLP": MLPClassifier(max_epochs=1)}
    settings = {"search": "random", "n_iter": 1, "random_state": 0, "error_score": "raise"}
    result = compare_biases(X, y, candidates, cv=cv, groups=PATIENT, **settings)
    assert type(result.estimators["MLP"].cv).__name__ == "StratifiedGroupKFold"
    assert len(made) == 1 + 3 * (3 + 1)  # the first is a try on a few samples
    for seen, _ in made[1:]:  # all visits of a patient, or none
        assert {n for n in np.unique(PATIENT) if n in seen} == seen


def test_groups_reach_splitters_and_early_stopping_inside_searches_and_pipelines(monkeypatch):
    seen = []
    split = MLPClassifier._split

    def recorded(self, data, *args):
        parts = split(self, data, *args)
        seen.append([set(data.groups[rows]) for rows, _ in parts])
        return parts

    monkeypatch.setattr("ibestimators.base.Estimator._split", recorded)
    piped = make_pipeline(StandardScaler(), MLPClassifier(max_epochs=1, early_stopping=True))
    search = GridSearchCV(piped, {"mlpclassifier__lr": [1e-3]}, cv=Splits(2))
    Splits.made.clear()
    compare_biases(
        X,
        y,
        {"search": search, "piped": piped, "other": GaussianNB()},
        cv=2,
        groups=PATIENT,
        error_score="raise",
        random_state=0,
    )
    assert len(Splits.made) == 4
    assert len(seen) == 2 * (2 + 1) + 2
    for one, other in [*Splits.made, *seen]:
        assert one
        assert other
        assert not one & other
