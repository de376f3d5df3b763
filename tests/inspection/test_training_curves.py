"""Curves of training are those that the estimators recorded."""

from __future__ import annotations

import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ibestimators import ConvClassifier, MLPClassifier, TrainingCurveDisplay


def test_curves_of_several_estimators():
    X, y = load_iris(return_X_y=True)
    alone = MLPClassifier(max_epochs=3, random_state=0).fit(X, y)
    stopped = ConvClassifier(max_epochs=4, early_stopping=True, random_state=0)
    pipeline = make_pipeline(StandardScaler(), stopped).fit(X, y)
    display = TrainingCurveDisplay.from_estimators({"dense": alone, "conv": pipeline})
    assert_array_equal(display.losses["dense"], alone.loss_curve_)
    assert display.validation_losses["dense"].size == 0
    assert_array_equal(display.validation_losses["conv"], pipeline[-1].validation_curve_)
    lines = {line.get_label(): line for line in display.ax_.lines}
    assert set(lines) == {"dense", "conv", "conv, validation"}
    assert_array_equal(lines["dense"].get_ydata(), alone.loss_curve_)
    assert_array_equal(lines["conv, validation"].get_xdata(), [1, 2, 3, 4])


def test_a_curve_of_one_epoch_is_a_point():
    fitted = MLPClassifier(max_epochs=1).fit(*load_iris(return_X_y=True))
    display = TrainingCurveDisplay.from_estimator(fitted)
    assert display.ax_.lines[0].get_marker() == "o"
    assert list(display.losses) == ["MLPClassifier"]


def test_other_estimators_have_no_curve():
    linear = LogisticRegression(max_iter=1000).fit(*load_iris(return_X_y=True))
    with pytest.raises(TypeError, match="ends in LogisticRegression"):
        TrainingCurveDisplay.from_estimator(linear)
