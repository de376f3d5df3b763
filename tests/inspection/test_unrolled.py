"""A convolutional network lives inside a larger dense one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ibestimators import ConvClassifier, ConvRegressor, MLPClassifier, as_dense
from ibestimators.datasets import load_mnist1d

PRINCE = {
    "n_filters": (15, 15, 15),
    "kernel_size": 3,
    "stride": 2,
    "padding": "valid",
    "pooling": None,
    "normalization": None,
    "readout": "flatten",
}


def test_princes_network_of_2050_parameters_lives_inside_59065():
    X, y = load_mnist1d(return_X_y=True)
    X, y = X[:1000], y[:1000]
    conv = ConvClassifier(**PRINCE, max_epochs=5, weight_decay=0, random_state=0).fit(X, y)
    dense = as_dense(conv)
    assert isinstance(dense, MLPClassifier)
    assert (conv.n_parameters_, dense.n_parameters_) == (2050, 59065)
    assert dense.hidden_layer_sizes == (285, 135, 60)
    assert_allclose(dense.predict_proba(X), conv.predict_proba(X), atol=1e-5)
    # Most weights are 0, and the first filter's stand in 19 places.
    first = dense.module_.readout.head.layers[0].weight.detach()
    assert (first != 0).sum() == 285 * 3
    assert_allclose(first[0, 0:3], first[1, 2:5])


@settings(deadline=None, max_examples=15)
@given(
    sizes=st.lists(st.integers(1, 7), min_size=1, max_size=3),
    n_features=st.integers(1, 3),
    kernel_size=st.integers(1, 4),
    stride=st.integers(1, 2),
    pooling=st.sampled_from(["max", "mean", None]),
    normalization=st.sampled_from(["batch", None]),
    readout=st.sampled_from(["mean", "flatten"]),
    head=st.sampled_from([(), (5,)]),
)
def test_equal_outputs_for_any_network(
    sizes, n_features, kernel_size, stride, pooling, normalization, readout, head
):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, *sizes, n_features)) * 3 + 1
    y = rng.normal(size=(20, 2))
    conv = ConvRegressor(
        n_filters=(3, 2),
        kernel_size=kernel_size,
        stride=stride,
        pooling=pooling,
        normalization=normalization,
        readout=readout,
        head_layer_sizes=head,
        max_epochs=2,
        random_state=0,
    ).fit(X, y)
    assert_allclose(as_dense(conv).predict(X), conv.predict(X), atol=1e-5)


@pytest.mark.parametrize("activation", ["gelu", "tanh", "silu"])
def test_any_activation_with_mean_pooling(activation):
    X = np.random.default_rng(0).normal(size=(30, 12))
    conv = ConvClassifier(
        n_filters=(4, 4), pooling="mean", activation=activation, dropout=0.2, max_epochs=2
    )
    conv.fit(X, np.arange(30) % 3)
    assert_allclose(as_dense(conv).predict_proba(X), conv.predict_proba(X), atol=1e-5)


def test_training_goes_on_from_there():
    X, y = load_mnist1d(return_X_y=True)
    X, y = X[:500], y[:500]
    conv = ConvClassifier(**PRINCE, max_epochs=20, weight_decay=0, random_state=0).fit(X, y)
    dense = as_dense(conv).set_params(warm_start=True, max_epochs=2, lr=3e-4)
    start = dense.predict_proba(X)
    dense.fit(X, y)
    assert dense.n_iter_ == 2
    assert dense.loss_curve_[0] < 1.1 * conv.loss_curve_[-1]  # not from random weights
    assert np.abs(dense.predict_proba(X) - start).max() > 1e-4
    assert_allclose(as_dense(conv).predict_proba(X), start)  # conv is as it was


def test_at_the_end_of_a_pipeline():
    X = np.random.default_rng(0).normal(size=(30, 12))
    pipeline = make_pipeline(StandardScaler(), ConvClassifier(n_filters=(4,), max_epochs=1))
    pipeline.fit(X, np.arange(30) % 3)
    dense = as_dense(pipeline)
    assert_allclose(
        dense.predict_proba(pipeline[0].transform(X)), pipeline.predict_proba(X), atol=1e-5
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"normalization": "layer"}, "normalization='layer' divides"),
        ({"readout": "max"}, "readout='max' is not supported"),
        ({"activation": "gelu"}, "Use activation='relu'"),
        ({"n_filters": (512, 512), "pooling": None}, "dense layers would need"),
    ],
)
def test_what_dense_layers_cannot_compute(params, message):
    X = np.random.default_rng(0).normal(size=(10, 64))
    conv = ConvClassifier(max_epochs=1, **params).fit(X, np.arange(10) % 2)
    with pytest.raises(ValueError, match=message):
        as_dense(conv)


def test_samples_of_different_sizes():
    X = [np.ones((n, 1)) for n in (3, 4, 5, 6)]
    conv = ConvClassifier(max_epochs=1).fit(X, [0, 1, 0, 1])
    with pytest.raises(ValueError, match="Fit it on an array"):
        as_dense(conv)


def test_only_convolution():
    fitted = MLPClassifier(max_epochs=1).fit([[0.0], [1.0]] * 4, [0, 1] * 4)
    with pytest.raises(TypeError, match="ends in MLPClassifier"):
        as_dense(fitted)
