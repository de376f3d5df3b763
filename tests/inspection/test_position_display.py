"""Predictions at positions, drawn: the numbers are those of predict, in the form of the sample."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from ibestimators import (
    ConvClassifier,
    ConvRegressor,
    GraphRegressor,
    MLPClassifier,
    PositionDisplay,
    TextTokenizer,
)

RNG = np.random.default_rng(0)
SIGNALS = RNG.normal(size=(20, 12, 2))
STEPS = np.where(SIGNALS[..., 0] > 0, "up", "down").astype(object)
STEPS[:, 0] = None
QUICK = {"target": "position", "max_epochs": 2, "random_state": 0}


def drawn(ax):
    return np.ma.filled(ax.images[0].get_array(), np.nan)


def test_steps_of_a_signal():
    fitted = ConvClassifier(**QUICK).fit(SIGNALS, STEPS)
    display = PositionDisplay.from_estimator(fitted, SIGNALS, STEPS, sample=-1)
    assert display.values["truth"].tolist() == STEPS[-1].tolist()
    assert display.values["prediction"].tolist() == fitted.predict(SIGNALS[-1:])[0].tolist()
    of_frame = PositionDisplay.from_estimator(fitted, SIGNALS, pd.DataFrame(STEPS), sample=-1)
    assert of_frame.values["truth"].tolist() == STEPS[-1].tolist()
    above, below = display.axes_
    assert len(above.lines) == 2  # features
    codes = drawn(below)
    assert np.isnan(codes[0, 0])
    np.testing.assert_array_equal(codes[0, 1:], STEPS[-1, 1:] == "up")
    np.testing.assert_array_equal(codes[1], display.values["prediction"] == "up")


def test_numbers_of_a_signal():
    y = SIGNALS.cumsum(1)
    fitted = ConvRegressor(**QUICK).fit(SIGNALS, y)
    display = PositionDisplay.from_estimator(fitted, SIGNALS, y, output=1, line_kw={"lw": 3})
    truth, prediction = display.axes_[1].lines
    np.testing.assert_array_equal(truth.get_ydata(), y[0, :, 1])
    np.testing.assert_allclose(prediction.get_ydata(), fitted.predict(SIGNALS)[0, :, 1], atol=1e-5)
    assert prediction.get_linewidth() == 3


def test_pixels_of_an_image():
    X = RNG.normal(size=(20, 5, 6, 3))
    y = (X.sum(-1) > 0).astype(int)
    fitted = ConvClassifier(**QUICK).fit(X, y)
    display = PositionDisplay.from_estimator(fitted, X, y)
    assert [ax.get_title() for ax in display.axes_] == ["image", "truth", "prediction"]
    np.testing.assert_array_equal(drawn(display.axes_[1]), y[0])
    alone = PositionDisplay.from_estimator(fitted, X)
    assert [*alone.values] == ["prediction"]


def test_nodes_of_a_graph():
    X = [
        (nx.to_numpy_array(nx.path_graph(3 + i % 2)), RNG.normal(size=(3 + i % 2, 1)))
        for i in range(8)
    ]
    y = [features[:, 0] for _, features in X]
    fitted = GraphRegressor(**QUICK).fit(X, y)
    display = PositionDisplay.from_estimator(fitted, X, y, sample=1)
    truth, prediction = (ax.collections[1].get_facecolor() for ax in display.axes_)
    assert truth.shape == prediction.shape == (4, 4)
    assert display.over.number_of_edges() == 3


def test_words_of_a_text_are_its_ticks():
    X = ["the cat sat", "a dog ran far"] * 6
    tokenizer = TextTokenizer()
    tags = [np.arange(len(tokens)) % 2 for tokens in tokenizer.fit_transform(X)]
    fitted = make_pipeline(tokenizer, MLPClassifier(**QUICK)).fit(X, tags)
    display = PositionDisplay.from_estimator(fitted, X, tags, sample=1)
    (ax,) = display.axes_
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["a", "dog", "ran", "far"]


def test_clear_errors():
    fitted = ConvClassifier(**QUICK).fit(SIGNALS, STEPS)
    with pytest.raises(ValueError, match="sample=20, but there are 20 samples"):
        PositionDisplay.from_estimator(fitted, SIGNALS, sample=20)
    with pytest.raises(ValueError, match=r"sample 0 of y has the shape \(11,\)"):
        PositionDisplay.from_estimator(fitted, SIGNALS, STEPS[:, 1:])
    whole = ConvClassifier(max_epochs=1, random_state=0).fit(SIGNALS, np.arange(20) % 2)
    with pytest.raises(ValueError, match="the estimator has target='sample'"):
        PositionDisplay.from_estimator(whole, SIGNALS)
    volumes = RNG.normal(size=(6, 3, 3, 3, 1))
    solid = MLPClassifier(**QUICK).fit(volumes, (volumes[..., 0] > 0).astype(int))
    with pytest.raises(ValueError, match="3 axes of positions"):
        PositionDisplay.from_estimator(solid, volumes)
