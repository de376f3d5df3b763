"""Callbacks of skorch that score, stop and save, with and without a validation part."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from conftest import IRIS
from sklearn.metrics import f1_score, make_scorer, mean_squared_error
from skorch.callbacks import BatchScoring, Callback, Checkpoint, EarlyStopping, EpochScoring

import ibestimators

X, Y = IRIS
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
NUMBERS = 100 + 7 * X @ np.arange(4.0)
LABELS = np.stack([Y > 0, Y > 1, X[:, 0] > 6], axis=1).astype(int)
SEQUENCES = [x[: 2 + i % 3, np.newaxis] for i, x in enumerate(X)]


def fitted(name: str, callbacks: list[Any], X: Any = X, y: Any = Y, **parameters: Any) -> Any:
    parameters = {"max_epochs": 4, "early_stopping": True, "random_state": 0} | parameters
    return getattr(ibestimators, name)(callbacks=callbacks, **parameters).fit(X, y)


@pytest.mark.parametrize("on_train", [False, True])
@pytest.mark.parametrize("callback", [EpochScoring, BatchScoring])
@pytest.mark.parametrize(
    ("name", "samples", "y"),
    [
        ("MLPClassifier", X, NAMES),
        ("ConvClassifier", X, Y),
        ("RecurrentClassifier", SEQUENCES, NAMES),
    ],
)
def test_the_log_loss_is_the_loss(name, samples, y, callback, on_train):
    scoring = callback("neg_log_loss", lower_is_better=False, on_train=on_train)
    if callback is BatchScoring:  # a batch may lack a class
        labels = np.unique(y)
        scorer = make_scorer(_log_loss, response_method="predict_proba", labels=labels)
        scoring = callback(scorer, on_train=on_train, name="neg_log_loss")
    history = fitted(name, [scoring], samples, y).net_.history
    loss = history[:, "train_loss" if on_train else "valid_loss"]
    np.testing.assert_allclose(history[:, "neg_log_loss"], np.negative(loss), rtol=1e-4)


def _log_loss(y: Any, probability: Any, labels: Any) -> float:
    return float(np.log(probability[np.arange(len(y)), np.searchsorted(labels, y)]).mean())


def test_numbers_are_scored_in_the_units_of_y():
    est = fitted("MLPRegressor", [EpochScoring("neg_mean_squared_error")], y=NUMBERS)
    ratio = np.divide(*(est.net_.history[:, n] for n in ("neg_mean_squared_error", "valid_loss")))
    np.testing.assert_allclose(ratio, -NUMBERS.var(), rtol=1e-4)


def test_labels_are_scored_as_0_and_1():
    scorer = make_scorer(f1_score, average="macro", zero_division=0.0)
    est = fitted("MLPClassifier", [EpochScoring(scorer, name="f1")], y=LABELS, max_epochs=40)
    assert est.net_.history[-1, "f1"] > 0.8


def test_a_function_of_net_and_data_and_the_own_score():
    def error(net, X, y):
        assert list(net.classes_) == ["setosa", "versicolor", "virginica"]
        return (net.predict(X) != y).mean()

    callbacks = [EpochScoring(error, name="error"), EpochScoring(None, name="right")]
    history = fitted("MLPClassifier", callbacks, y=NAMES, max_epochs=30).net_.history
    assert history[-1, "error"] < 0.2
    np.testing.assert_allclose(np.add(history[:, "error"], history[:, "right"]), 1)
    history = fitted("MLPRegressor", [EpochScoring(None)], y=NUMBERS, max_epochs=30).net_.history
    assert history[-1, "score"] > 0.9


def test_training_stops_on_a_score_and_keeps_the_best_weights(tmp_path):
    scoring = EpochScoring("accuracy", lower_is_better=False, name="right")
    stop = EarlyStopping("right", patience=3, lower_is_better=False, load_best=True)
    save = Checkpoint("right_best", dirname=tmp_path, load_best=True)
    est = fitted("MLPClassifier", [scoring, stop, save], y=NAMES, max_epochs=100)
    scores = est.net_.history[:, "right"]
    assert est.n_iter_ == np.argmax(scores) + 1  # the checkpoint holds the history as well
    assert (tmp_path / "params.pt").exists()
    again = pickle.loads(pickle.dumps(est))
    np.testing.assert_array_equal(again.predict(X), est.predict(X))


@pytest.mark.parametrize("callback", [EpochScoring, BatchScoring])
def test_without_a_validation_part_the_training_part_is_scored(callback):
    with pytest.raises(ValueError, match=f"{callback.__name__}.*early_stopping=True.*on_train"):
        fitted("MLPClassifier", [callback("accuracy")], early_stopping=False)
    scoring = callback("accuracy", on_train=True, lower_is_better=False)
    stop = EarlyStopping("accuracy_best", patience=100)
    est = fitted("MLPClassifier", [scoring, stop], early_stopping=False, max_epochs=30)
    assert est.net_.history[-1, "accuracy"] > 0.9
    est.partial_fit(X, Y)


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        ([EpochScoring("acuracy")], "acuracy"),
        ([EpochScoring("accuracy", use_caching=False)], "use_caching=False"),
        ([EarlyStopping("right")], "'right', but no callback before it records that"),
        ([EarlyStopping("accuracy"), EpochScoring("accuracy")], "before it"),
        ([("save", Checkpoint("accuracy"))], "Checkpoint, which monitors 'accuracy'"),
    ],
)
def test_an_error_before_training_says_what_is_wrong(callbacks, message):
    with pytest.raises(ValueError, match=message):
        fitted("MLPClassifier", callbacks, max_epochs=10**6)


def test_at_positions_no_sample_is_scored():
    y = (X > 3).astype(int)
    with pytest.raises(ValueError, match="EpochScoring, which scores one prediction a sample"):
        fitted("MLPClassifier", [EpochScoring("accuracy")], y=y, target="position")


def test_a_callback_of_its_own_may_record_what_is_monitored():
    class Half(Callback):
        def on_epoch_end(self, net, **_):
            net.history.record("half", net.history[-1, "train_loss"] / 2)

    est = fitted("MLPClassifier", [Half(), EarlyStopping("half", patience=50)])
    assert len(est.net_.history[:, "half"]) == est.n_iter_


def test_mean_squared_error_of_several_outputs():
    y = np.stack([NUMBERS, X[:, 0]], axis=1)
    scorer = make_scorer(mean_squared_error)
    est = fitted("MLPRegressor", [EpochScoring(scorer, name="mse")], y=y, max_epochs=30)
    assert 0 < est.net_.history[-1, "mse"] < NUMBERS.var() / 2
