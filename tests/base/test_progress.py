"""scikit-learn's callbacks, where it has them, hear of each epoch of each fit."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from conftest import IRIS, optional
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

from ibestimators import MLPClassifier, compare_biases

X, Y = IRIS

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9")


class Ear:
    """Notes what it hears of, and says stop after some epochs."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.heard = []

    def setup(self, estimator, context):
        self.heard.append("setup")

    def teardown(self, estimator, context):
        self.heard.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        self.heard.append(f"{context.task_name} begins")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.heard.append(f"{context.task_name} ends")
        self.score = fitted_estimator.score(*load_iris(return_X_y=True))
        done = self.heard.count("epoch ends")
        return self.stop_after is not None and done >= self.stop_after


def test_each_epoch_is_heard_of_and_the_estimator_is_ready_at_its_end():
    ear = Ear()
    est = MLPClassifier(max_epochs=3, random_state=0).set_callbacks(ear).fit(X, Y)
    epochs = ["epoch begins", "epoch ends"] * 3
    assert ear.heard == ["setup", "fit begins", *epochs, "fit ends", "teardown"]
    assert ear.score == est.score(X, Y)
    plain = MLPClassifier(max_epochs=3, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(plain.predict_proba(X), est.predict_proba(X))
    assert len(plain.net_.callbacks_) == len(est.net_.callbacks_)
    est.set_callbacks()
    pickle.loads(pickle.dumps(est))


def test_a_monitor_scores_every_epoch():
    monitor = callback.ScoringMonitor(scoring="accuracy")
    est = MLPClassifier(max_epochs=3, random_state=0).set_callbacks(monitor).fit(X, Y)
    scores = monitor.get_logs().data_as_pandas["accuracy"]
    assert len(scores) == 4
    assert not scores.isna().any()
    assert est.score(X, Y) in (scores.iloc[0], scores.iloc[-1])


def test_a_callback_may_end_training():
    est = MLPClassifier(max_epochs=30, random_state=0).set_callbacks(Ear(stop_after=4)).fit(X, Y)
    assert est.n_iter_ == 4
    assert est.predict(X).shape == Y.shape


def test_callbacks_are_torn_down_after_a_failed_fit():
    ear = Ear()
    est = MLPClassifier(max_epochs=3, random_state=0).fit(X, Y).set_callbacks(ear)
    with pytest.raises(ValueError, match="NaN"):
        est.fit(X * np.nan, Y)
    assert ear.heard[-1] == "teardown"
    assert not hasattr(est, "_callback_fit_ctx")
    assert est.score(X, Y) > 0.3  # the last fit is whole


def test_progress_goes_through_a_search(capsys):
    optional("rich")
    search = GridSearchCV(MLPClassifier(max_epochs=2), {"lr": [1e-3, 1e-2]}, cv=2)
    search.set_callbacks(callback.ProgressBar()).fit(X, Y)
    shown = capsys.readouterr().out
    assert "GridSearchCV" in shown
    assert "MLPClassifier" in shown


def test_a_comparison_fits_those_that_are_listened_to_alone():
    ear = Ear()
    est = MLPClassifier(hidden_layer_sizes=(8,), max_epochs=2).set_callbacks(ear)
    assert "_skl_callbacks" in vars(clone(est))
    compare_biases(X, Y, {"MLP": est}, cv=2, random_state=0)
    assert ear.heard.count("fit begins") == 2
