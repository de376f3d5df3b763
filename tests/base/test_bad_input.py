"""Bad input gives an error that names what is wrong and how to mend it."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import ESTIMATORS

import ibestimators
from ibestimators import ConvClassifier, MLPClassifier

X = np.random.default_rng(0).normal(size=(20, 6))
SEQUENCES = np.random.default_rng(0).normal(size=(20, 6, 2))


def target(name):
    return np.arange(20) % 2 if name.endswith("Classifier") else np.arange(20.0)


def with_value(X, value):
    X = X.copy()
    X.flat[3] = value
    return X


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("good", [X, SEQUENCES], ids=["2-D", "3-D"])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda X: with_value(X, np.nan), "Input X contains NaN"),
        (lambda X: with_value(X, np.inf), "Input X contains infinity"),
        (lambda X: X[:0], r"Found array with 0 sample|X has shape"),
        (lambda X: X[:, :0], r"0 feature|every axis must have at least 1"),
        (lambda X: X + 1j, "[Cc]omplex data not supported"),
        (lambda X: np.full(X.shape, "a"), "could not convert|dtype='numeric'|numeric"),
        (lambda X: np.full(X.shape, {}, dtype=object), "float\\(\\) argument"),
        (
            lambda X: X[:, 0].ravel()[:20] if X.ndim == 2 else X[0, :, 0],
            "Reshape your data|1D array",
        ),
    ],
    ids=["nan", "inf", "no samples", "empty axis", "complex", "text", "object", "1-D"],
)
def test_bad_x(name, good, spoil, message):
    estimator = getattr(ibestimators, name)(max_epochs=1)
    bad = spoil(good)
    with pytest.raises((ValueError, TypeError), match=message):
        estimator.fit(bad, target(name)[: len(bad)])


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (lambda y: y[:-1], "inconsistent numbers of samples"),
        (lambda y: None, "requires y"),
        (lambda y: with_value(y.astype(float), np.nan), "Input y contains NaN"),
        (lambda y: with_value(y.astype(float), np.inf), "Input y contains infinity"),
        (
            lambda y: y[:, None, None].repeat(2, 1),
            "Found array with dim 3|must have shape|1d array",
        ),
    ],
    ids=["length", "none", "nan", "inf", "3-D"],
)
def test_bad_y(name, y, message):
    with pytest.raises(ValueError, match=message):
        getattr(ibestimators, name)(max_epochs=1).fit(X, y(target(name)))


@pytest.mark.parametrize("name", [n for n in ESTIMATORS if n.endswith("Classifier")])
def test_classes_that_cannot_be_learned(name):
    make = getattr(ibestimators, name)
    with pytest.raises(ValueError, match="at least 2 classes in y, but found one class: 'a'"):
        make().fit(X, ["a"] * 20)
    with pytest.raises(ValueError, match="Unknown label type"):
        make().fit(X, X[:, 0])


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.zeros(20), "zero"),
        (np.ones(19), "sample_weight.shape"),
        (-np.ones(20), "[Nn]egative"),
        (np.full(20, np.nan), "NaN"),
    ],
    ids=["zero", "length", "negative", "nan"],
)
def test_bad_weights(name, weight, message):
    with pytest.raises(ValueError, match=message):
        getattr(ibestimators, name)(max_epochs=1).fit(X, target(name), sample_weight=weight)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_other_structure_at_predict(name):
    estimator = getattr(ibestimators, name)(max_epochs=1)
    estimator.fit(X, target(name))
    with pytest.raises(ValueError, match="X has 5 features, but .* is expecting 6 features"):
        estimator.predict(X[:, :5])
    with pytest.raises(ValueError, match=r"samples of shape \(6, 2\), but fit saw .* \(6,\)"):
        estimator.predict(SEQUENCES)
    estimator.fit(SEQUENCES, target(name))
    with pytest.raises(ValueError, match=r"samples of shape \(5, 2\), but fit saw .* \(6, 2\)"):
        estimator.predict(SEQUENCES[:, :5])
    with pytest.raises(
        ValueError, match=r"at most 2 dimensions, but fit saw samples of .* \(6, 2\)"
    ):
        estimator.predict(X)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    "params",
    [
        {"lr": -1},
        {"lr": "fast"},
        {"max_epochs": 0},
        {"batch_size": 0},
        {"batch_size": "some"},
        {"dropout": 1.0},
        {"activation": "step"},
        {"weight_decay": -1},
        {"tol": -1},
        {"validation_fraction": 1.5},
        {"n_iter_no_change": 0},
        {"dtype": "int8"},
        {"input_shape": 6},
        {"standardize": "yes"},
        {"random_state": "x"},
        {"callbacks": 3},
    ],
    ids=str,
)
def test_unknown_parameter_values(name, params):
    ((parameter, value),) = params.items()
    with pytest.raises(ValueError, match=rf"The '{parameter}' parameter of {name} must be .* Got "):
        getattr(ibestimators, name)(**params).fit(X, target(name))


def test_parameters_of_layers_that_are_no_sizes():
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        MLPClassifier(hidden_layer_sizes=(5, -1)).fit(X, target("Classifier"))
    with pytest.raises(ValueError, match="n_filters"):
        ConvClassifier(n_filters=()).fit(X, target("Classifier"))
    with pytest.raises(ValueError, match="n_filters"):
        ConvClassifier(n_filters=(4, 2.5)).fit(X, target("Classifier"))


def test_input_shape_that_does_not_fit():
    with pytest.raises(ValueError, match=r"input_shape=\(7, 1\) holds 7 numbers .* 6 numbers"):
        ConvClassifier(input_shape=(7, 1)).fit(X, target("Classifier"))


def test_a_device_that_is_not_there():
    with pytest.raises(ValueError, match="device='nowhere' cannot be used here"):
        MLPClassifier(device="nowhere").fit(X, target("Classifier"))


def test_too_few_samples_for_early_stopping():
    y = np.array([0] * 19 + [1])
    with pytest.raises(ValueError, match="early_stopping=True could not set validation_fraction"):
        MLPClassifier(early_stopping=True).fit(X, y)


def test_numbers_too_large_for_float32():
    huge = with_value(X, 1e200)
    with pytest.raises(ValueError, match="too large for torch.float32"):
        MLPClassifier(standardize=False).fit(huge, target("Classifier"))
