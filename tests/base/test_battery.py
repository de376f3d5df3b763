"""What scikit-learn's battery asks of tables, asked of every kind of X, of all ten estimators."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from conftest import ESTIMATORS
from kinds import KINDS, STRUCTURE, N, outputs, rows, targets
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score

import ibestimators
from ibestimators.structures import NAMES


def same(a: Any, b: Any) -> None:
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)


def content(X: Any) -> bytes:
    """All that X holds, but for what sparse matrices note of themselves when looked at."""
    if isinstance(X[0], tuple):
        X = [(matrix.toarray(), features) for matrix, features in X]
    return pickle.dumps(X)


def learns(make: Any, kind: str, X: Any, y: Any) -> None:
    """Fits, predicts and scores; the signal is easy."""
    estimator = make(max_epochs=60).fit(X, y)
    assert estimator.predict(X).shape == (N,)
    assert np.isfinite(outputs(estimator, X).astype(float)).all()
    assert estimator.score(X, y) > (0.75 if is_classifier(estimator) else 0.2)


def leaves_input_and_parameters_alone(make: Any, kind: str, X: Any, y: Any) -> None:
    estimator = make()
    params, before = copy.deepcopy(estimator.get_params()), content(X)
    estimator.fit(X, y).predict(X)
    assert repr(estimator.get_params()) == repr(params)
    assert content(X) == before


def repeats_with_a_seed(make: Any, kind: str, X: Any, y: Any) -> None:
    first, second, other = make(), make(), make(random_state=1)
    same(outputs(first.fit(X, y), X), outputs(second.fit(X, y), X))
    same(outputs(first, X), outputs(first.fit(X, y), X))
    assert not np.allclose(outputs(first, X), outputs(other.fit(X, y), X))


def clones(make: Any, kind: str, X: Any, y: Any) -> None:
    estimator = make().fit(X, y)
    same(outputs(clone(estimator).fit(X, y), X), outputs(estimator, X))


def pickles(make: Any, kind: str, X: Any, y: Any) -> None:
    estimator = make().fit(X, y)
    same(outputs(pickle.loads(pickle.dumps(estimator)), X), outputs(estimator, X))


def is_not_fitted_at_first(make: Any, kind: str, X: Any, y: Any) -> None:
    with pytest.raises(NotFittedError):
        make().predict(X)


def predicts_each_sample_for_itself(make: Any, kind: str, X: Any, y: Any) -> None:
    """What stands beside a sample, and how much it is padded, changes nothing."""
    estimator = make().fit(X, y)
    whole = outputs(estimator, X)
    same(np.concatenate([outputs(estimator, rows(X, i)) for i in range(N)]), whole)
    order = np.random.default_rng(1).permutation(N)
    same(outputs(estimator, rows(X, order)), whole[order])


def forgets_on_refit(make: Any, kind: str, X: Any, y: Any) -> None:
    other = "tokens" if kind == "ragged" else "ragged"
    estimator = make().fit(KINDS[other](), y)
    same(outputs(estimator.fit(X, y), X), outputs(make().fit(X, y), X))
    fresh = make().fit(X, y)
    assert set(vars(estimator)) == set(vars(fresh))


def names_the_wrong_structure(make: Any, kind: str, X: Any, y: Any) -> None:
    estimator = make().fit(X, y)
    for other, data in KINDS.items():
        if STRUCTURE[other] == STRUCTURE[kind] or (kind, other) == ("ragged", "series"):
            continue  # series of one length are sequences too
        with pytest.raises(ValueError, match="was fitted on") as caught:
            estimator.predict(data())
        assert NAMES[STRUCTURE[other]] in str(caught.value)
        assert NAMES[STRUCTURE[kind]] in str(caught.value)


def heeds_weights(make: Any, kind: str, X: Any, y: Any) -> None:
    """A sample of weight 0 might as well be absent."""
    settings = {"dtype": "float64", "batch_size": 1000, "max_epochs": 3}
    weight = np.ones(N)
    weight[::3] = 0
    kept = np.flatnonzero(weight)
    without = make(**settings).fit(rows(X, kept), y[kept])
    weighed = make(**settings).fit(X, y, sample_weight=weight)
    same(outputs(weighed, X), outputs(without, X))


def goes_on_by_partial_fit(make: Any, kind: str, X: Any, y: Any) -> None:
    estimator = make()
    known = {"classes": np.unique(y)} if is_classifier(estimator) else {}
    for _ in range(2):
        estimator.partial_fit(X, y, **known)
    assert estimator.n_iter_ == 2
    with pytest.raises(ValueError, match="was fitted on"):
        estimator.partial_fit(KINDS["tokens" if kind != "tokens" else "ragged"](), y)
    assert estimator.n_iter_ == 2


def stops_early(make: Any, kind: str, X: Any, y: Any) -> None:
    estimator = make(early_stopping=True, validation_fraction=0.25).fit(X, y)
    assert len(estimator.validation_curve_) == estimator.n_iter_


def takes_an_object_array(make: Any, kind: str, X: Any, y: Any) -> None:
    if not isinstance(X, list):
        return
    objects = np.empty(N, dtype=object)
    objects[:] = X
    same(outputs(make().fit(objects, y), objects), outputs(make().fit(X, y), X))


def is_cross_validated_and_searched(make: Any, kind: str, X: Any, y: Any) -> None:
    assert np.isfinite(cross_val_score(make(), X, y, cv=2)).all()
    search = GridSearchCV(make(), {"lr": [1e-3, 1e-2]}, cv=2, n_jobs=2, error_score="raise")
    assert search.fit(X, y).predict(X).shape == (N,)


CHECKS = [
    learns,
    leaves_input_and_parameters_alone,
    repeats_with_a_seed,
    clones,
    pickles,
    is_not_fitted_at_first,
    predicts_each_sample_for_itself,
    forgets_on_refit,
    names_the_wrong_structure,
    heeds_weights,
    goes_on_by_partial_fit,
    stops_early,
    takes_an_object_array,
    is_cross_validated_and_searched,
]


@pytest.mark.filterwarnings("ignore:.*sequences in X are longer:UserWarning")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_battery(name: str, kind: str, check: Any) -> None:
    def make(**params: Any) -> Any:
        return getattr(ibestimators, name)(**{"max_epochs": 2, "random_state": 0, **params})

    check(make, kind, KINDS[kind](), targets("classifier" if "Class" in name else "regressor"))
