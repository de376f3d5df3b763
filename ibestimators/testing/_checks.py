"""The checks: what scikit-learn's battery requires on tables, required on every kind of X.

A check gets an unfitted estimator, the kind of X, and all kinds that the estimator reads.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils import get_tags

from ibestimators.structures import NAMES, kind_of
from ibestimators.testing._data import (
    KINDS,
    N_SAMPLES,
    at_positions,
    flat,
    outputs,
    rows,
    shapes,
    targets,
)

Check = Callable[[Any, str, Sequence[str]], None]


def data(estimator: Any, kind: str) -> tuple[Any, Any]:
    """X of a kind, and y for the estimator's task."""
    X, y = KINDS[kind](), targets("classifier" if is_classifier(estimator) else "regressor")
    return X, values_for(estimator, y, X)


def values_for(estimator: Any, y: Any, X: Any) -> Any:
    """Values of samples, or the same at all positions if the estimator predicts those."""
    return at_positions(y, X) if estimator.target == "position" else y


def quick(estimator: Any, **params: Any) -> Any:
    """A clone that trains for two epochs with a fixed seed."""
    return clone(estimator).set_params(**{"max_epochs": 2, "random_state": 0, **params})


def assert_same(found: Any, expected: Any) -> None:
    """Equal but for the rounding of float32, which depends on batch and processor."""
    assert shapes(found) == shapes(expected)
    np.testing.assert_allclose(flat(found), flat(expected), rtol=0, atol=1e-5)


@contextmanager
def raises(error: type[Exception], *parts: str) -> Iterator[None]:
    """Require an error whose message contains all parts."""
    try:
        yield
    except error as caught:
        for part in parts:
            if part not in str(caught):
                raise AssertionError(f"The error lacks {part!r}: {caught}") from caught
    else:
        raise AssertionError(f"{error.__name__} was not raised.")


def content(X: Any) -> bytes:
    """All that X holds, without what sparse matrices cache when they are read."""
    if isinstance(X[0], tuple):
        X = [(matrix.toarray(), features) for matrix, features in X]
    return pickle.dumps(X)


def structure(kind: str) -> str:
    """The kind of structure that data of a kind are read as."""
    return kind_of(KINDS[kind]())


def other_structures(kind: str) -> list[str]:
    """Kinds that an estimator fitted on `kind` refuses.

    Series of one length can be read as sequences.
    """
    return [
        other
        for other in KINDS
        if structure(other) != structure(kind) and (kind, other) != ("ragged", "series")
    ]


def check_learns_an_easy_signal(estimator: Any, kind: str, kinds: Sequence[str]) -> None:
    """fit, predict and score work, and the score is good."""
    X, y = data(estimator, kind)
    fitted = quick(estimator, max_epochs=60).fit(X, y)
    assert shapes(fitted.predict(X)) == shapes(y)
    assert np.isfinite(flat(outputs(fitted, X)).astype(float)).all()
    score, least = fitted.score(X, y), 0.75 if is_classifier(fitted) else 0.2
    assert score > least, f"The score on the training data is {score:.3f}, not above {least}."


def check_input_and_parameters_stay_unchanged(
    estimator: Any, kind: str, kinds: Sequence[str]
) -> None:
    """fit and predict change neither X nor the parameters."""
    X, y = data(estimator, kind)
    estimator = quick(estimator)
    params, before = copy.deepcopy(estimator.get_params()), content(X)
    estimator.fit(X, y).predict(X)
    assert repr(estimator.get_params()) == repr(params)
    assert content(X) == before


def check_seed_determines_the_result(estimator: Any, kind: str, kinds: Sequence[str]) -> None:
    """The same seed gives the same outputs, another seed gives others."""
    X, y = data(estimator, kind)
    first, second, other = (quick(estimator, random_state=seed).fit(X, y) for seed in (0, 0, 1))
    expected = outputs(first, X)
    assert_same(outputs(second, X), expected)
    assert not np.allclose(flat(expected), flat(outputs(other, X)))
    assert_same(outputs(first.fit(X, y), X), expected)


def check_clone_learns_the_same(estimator: Any, kind: str, kinds: Sequence[str]) -> None:
    X, y = data(estimator, kind)
    fitted = quick(estimator).fit(X, y)
    assert_same(outputs(clone(fitted).fit(X, y), X), outputs(fitted, X))


def check_pickle_predicts_the_same(estimator: Any, kind: str, kinds: Sequence[str]) -> None:
    X, y = data(estimator, kind)
    fitted = quick(estimator).fit(X, y)
    assert_same(outputs(pickle.loads(pickle.dumps(fitted)), X), outputs(fitted, X))


def check_not_fitted_error(estimator: Any, kind: str, kinds: Sequence[str]) -> None:
    """predict before fit raises NotFittedError."""
    X, _ = data(estimator, kind)
    with raises(NotFittedError):
        quick(estimator).predict(X)


def check_prediction_is_independent_of_the_batch(
    estimator: Any, kind: str, kinds: Sequence[str]
) -> None:
    """The other samples of X, their order and the padding change no prediction."""
    X, y = data(estimator, kind)
    fitted = quick(estimator).fit(X, y)
    whole = outputs(fitted, X)
    alone = [outputs(fitted, rows(X, i))[0] for i in range(N_SAMPLES)]
    assert_same(alone, whole)
    order = np.random.default_rng(1).permutation(N_SAMPLES)
    assert_same(outputs(fitted, rows(X, order)), rows(whole, order))


def check_refit_forgets_the_last_fit(estimator: Any, kind: str, kinds: Sequence[str]) -> None:
    """A fit after one on another kind of X leaves nothing of it behind."""
    X, y = data(estimator, kind)
    others = sorted(set(kinds) - {kind}, key=lambda other: structure(other) == structure(kind))
    fitted, new = quick(estimator).fit(*data(estimator, others[0])), quick(estimator).fit(X, y)
    assert_same(outputs(fitted.fit(X, y), X), outputs(new, X))
    assert set(vars(fitted)) == set(vars(new))


def check_wrong_kind_is_named(estimator: Any, kind: str, kinds: Sequence[str]) -> None:
    """predict on another kind of X raises an error that names both kinds."""
    X, y = data(estimator, kind)
    fitted = quick(estimator).fit(X, y)
    for other in other_structures(kind):
        names = NAMES[structure(other)], NAMES[structure(kind)]
        with raises(ValueError, "was fitted on", *names):
            fitted.predict(KINDS[other]())


def check_zero_weight_equals_removal(estimator: Any, kind: str, kinds: Sequence[str]) -> None:
    """A sample of weight 0 has no effect on what is learned."""
    X, y = data(estimator, kind)
    settings = {"dtype": "float64", "batch_size": 1000, "max_epochs": 3}
    weight = np.ones(N_SAMPLES)
    weight[::3] = 0
    kept = np.flatnonzero(weight)
    without = quick(estimator, **settings).fit(rows(X, kept), rows(y, kept))
    weighted = quick(estimator, **settings).fit(X, y, sample_weight=weight)
    assert_same(outputs(weighted, X), outputs(without, X))


def check_partial_fit(estimator: Any, kind: str, kinds: Sequence[str]) -> None:
    """partial_fit continues training, and refuses another kind of X."""
    X, y = data(estimator, kind)
    estimator = quick(estimator)
    known = {"classes": np.unique(flat(y))} if is_classifier(estimator) else {}
    for _ in range(2):
        estimator.partial_fit(X, y, **known)
    assert estimator.n_iter_ == 2
    with raises(ValueError, "was fitted on"):
        estimator.partial_fit(KINDS["tokens" if kind != "tokens" else "ragged"](), y)
    assert estimator.n_iter_ == 2


def check_early_stopping(estimator: Any, kind: str, kinds: Sequence[str]) -> None:
    """There is a validation loss for each epoch."""
    X, y = data(estimator, kind)
    fitted = quick(estimator, early_stopping=True, validation_fraction=0.25).fit(X, y)
    assert len(fitted.validation_curve_) == fitted.n_iter_


def check_several_outputs(estimator: Any, kind: str, kinds: Sequence[str]) -> None:
    """A y of several columns, labels or numbers, gives predictions of as many columns."""
    X, classifies = KINDS[kind](), is_classifier(estimator)
    number = np.arange(N_SAMPLES)
    several = values_for(estimator, np.column_stack([number % 2, number % 3 % 2]), X)
    fitted = quick(estimator).fit(X, several)
    predicted = fitted.predict(X)
    assert shapes(predicted) == shapes(outputs(fitted, X)) == shapes(several)
    assert not classifies or np.isin(flat(predicted), (0, 1)).all()


def check_object_array(estimator: Any, kind: str, kinds: Sequence[str]) -> None:
    """A list of samples can also come as an array of objects."""
    X, y = data(estimator, kind)
    objects = np.empty(N_SAMPLES, dtype=object)
    objects[:] = X
    expected = outputs(quick(estimator).fit(X, y), X)
    assert_same(outputs(quick(estimator).fit(objects, y), objects), expected)


def check_cross_validation_and_search(estimator: Any, kind: str, kinds: Sequence[str]) -> None:
    """cross_val_score and GridSearchCV, in two processes, take X as it is."""
    X, y = data(estimator, kind)
    assert np.isfinite(cross_val_score(quick(estimator), X, y, cv=2)).all()
    search = GridSearchCV(
        quick(estimator), {"lr": [1e-3, 1e-2]}, cv=2, n_jobs=2, error_score="raise"
    )
    assert shapes(search.fit(X, y).predict(X)) == shapes(y)


CHECKS: list[Check] = [
    check_learns_an_easy_signal,
    check_input_and_parameters_stay_unchanged,
    check_seed_determines_the_result,
    check_clone_learns_the_same,
    check_pickle_predicts_the_same,
    check_not_fitted_error,
    check_prediction_is_independent_of_the_batch,
    check_refit_forgets_the_last_fit,
    check_wrong_kind_is_named,
    check_zero_weight_equals_removal,
    check_partial_fit,
    check_early_stopping,
    check_several_outputs,
    check_object_array,
    check_cross_validation_and_search,
]


def applies(check: Check, estimator: Any, kind: str, kinds: Sequence[str]) -> bool:
    """Whether a check has anything to do for an estimator and a kind."""
    if check is check_several_outputs:
        tags = get_tags(estimator)
        of_labels = tags.classifier_tags is not None and tags.classifier_tags.multi_label
        return of_labels or tags.target_tags.multi_output
    if check is check_object_array:
        return structure(kind) != "array"
    if check is check_refit_forgets_the_last_fit:
        return len(kinds) > 1
    return True
