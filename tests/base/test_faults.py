"""Training never goes silently wrong: divergence, no convergence, full memory."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest
import torch
from conftest import IRIS
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback

from ibestimators import (
    AttentionClassifier,
    AttentionRegressor,
    ConvClassifier,
    MLPClassifier,
    MLPRegressor,
    RecurrentClassifier,
    compare_biases,
)
from ibestimators.base._targets import Numbers
from ibestimators.layers import Network
from ibestimators.training import LabelledSamples

X_DIABETES, Y_DIABETES = load_diabetes(return_X_y=True)

X_IRIS, Y_IRIS = IRIS


class Poison(Callback):
    """Spoils a weight in an epoch, and keeps the weights that each epoch began with."""

    kept: dict[int, dict[str, torch.Tensor]] = {}

    def __init__(self, epoch, value=torch.nan, at="begin"):
        self.epoch, self.value, self.at = epoch, value, at

    def on_epoch_begin(self, net, **_):
        epoch = len(net.history)
        self.kept[epoch] = {n: v.clone() for n, v in net.module_.state_dict().items()}
        if epoch == self.epoch and self.at == "begin":
            self._spoil(net)

    def on_batch_end(self, net, training=False, **_):
        # After the last step of an epoch no loss has seen the weight yet.
        if training and len(net.history) == self.epoch and self.at == "end":
            self._spoil(net)

    def _spoil(self, net):
        with torch.no_grad():
            next(net.module_.parameters()).view(-1)[0] = self.value


def same_weights(module, state):
    return all(torch.equal(value, state[name]) for name, value in module.state_dict().items())


@pytest.mark.parametrize("make", [MLPClassifier, ConvClassifier, RecurrentClassifier])
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize("at", ["begin", "end"])
def test_a_loss_that_leaves_the_finite_ends_training_with_the_last_good_weights(make, value, at):
    # All samples in one batch, so that the spoilt weight is met in the epoch's only step.
    Poison.kept.clear()
    est = make(max_epochs=6, batch_size=1000, random_state=0, callbacks=[Poison(4, value, at)])
    with pytest.warns(ConvergenceWarning, match=r"became infinite in epoch 4\..*before\. Lower lr"):
        est.fit(X_IRIS, Y_IRIS)
    assert est.n_iter_ == 4
    assert same_weights(est.module_, Poison.kept[4])
    assert np.isfinite(est.predict_proba(X_IRIS)).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*still decreasing")
        plain = make(max_epochs=6, batch_size=1000, random_state=0).fit(X_IRIS, Y_IRIS)
    assert plain.loss_curve_[:3] == est.loss_curve_[:3]


def test_nothing_good_to_go_back_to_is_an_error():
    with pytest.raises(ValueError, match=r"became infinite in epoch 1, .* Lower lr=0.003\.$"):
        MLPClassifier(lr=0.003, callbacks=[Poison(1)]).fit(X_IRIS, Y_IRIS)
    with pytest.raises(ValueError, match=r"Lower lr=1e\+30, or set standardize=True"):
        MLPRegressor(lr=1e30, standardize=False).fit(X_DIABETES, Y_DIABETES)


def test_last_weights_whose_outputs_overflow_are_not_kept():
    # One step an epoch: no loss meets what the last step did.
    with pytest.raises(ValueError, match="outputs of MLPClassifier became infinite in epoch 1"):
        MLPClassifier(lr=1e15, max_epochs=1, batch_size=1000).fit(X_IRIS, Y_IRIS)
    Poison.kept.clear()
    callbacks = [Poison(5), Poison(4, 3e38, "end")]
    est = MLPClassifier(max_epochs=4, batch_size=1000, random_state=0, callbacks=callbacks)
    with pytest.warns(ConvergenceWarning, match="epoch 4"):
        est.fit(X_IRIS, Y_IRIS)
    assert same_weights(est.module_, Poison.kept[4])
    assert np.isfinite(est.predict_proba(X_IRIS)).all()


@pytest.mark.parametrize("make", [AttentionClassifier, AttentionRegressor])
def test_no_prediction_where_the_network_overflows(make):
    est = make(max_epochs=2, column_embedding=None, random_state=0).fit(X_IRIS, Y_IRIS)
    far = X_IRIS.copy()
    far[7] = 1e37  # its square, in layer normalisation, is infinite
    for name in {"predict", "predict_proba", "predict_log_proba"} & set(dir(est)):
        with pytest.raises(ValueError, match="infinite or NaN outputs for sample 7 of X"):
            getattr(est, name)(far)
    assert est.predict(far[:7]).shape == (7,)


@pytest.mark.parametrize("make", [MLPClassifier, AttentionClassifier])
def test_where_columns_are_embedded_all_far_values_are_alike(make):
    est = make(max_epochs=2, random_state=0).fit(X_IRIS, Y_IRIS)
    for sign in (1, -1):
        far = np.repeat(X_IRIS[:1], 4, axis=0)
        far[:, 2] = sign * np.array([1e4, 1e12, 1e25, 1e37])  # the last squares overflow
        proba = est.predict_proba(far)
        np.testing.assert_allclose(proba, proba[[0] * 4], atol=1e-4)
        assert np.abs(proba[0] - est.predict_proba(X_IRIS[:1])).max() > 1e-3


def test_early_stopping_goes_back_to_the_best_epoch_all_the_same():
    est = MLPClassifier(max_epochs=8, early_stopping=True, random_state=0, callbacks=[Poison(6)])
    with pytest.warns(ConvergenceWarning, match="epoch 6"):
        est.fit(X_IRIS, Y_IRIS)
    assert not est.converged_
    best = int(np.argmin(est.validation_curve_[:5])) + 1
    assert same_weights(est.module_, Poison.kept[best + 1])


def test_partial_fit_after_a_bad_pass_goes_on_from_before_it():
    est = MLPClassifier(random_state=0, callbacks=[Poison(3)])
    for _ in range(2):
        est.partial_fit(X_IRIS, Y_IRIS, classes=[0, 1, 2])
    before = est.predict_proba(X_IRIS)
    with pytest.warns(ConvergenceWarning, match="epoch 3"):
        est.partial_fit(X_IRIS, Y_IRIS)
    np.testing.assert_array_equal(est.predict_proba(X_IRIS), before)
    est.partial_fit(X_IRIS, Y_IRIS)  # with momentum of its own, not the spoilt one
    assert np.isfinite(est.predict_proba(X_IRIS)).all()


class Interrupt(Callback):
    def __init__(self, error, epoch):
        self.error, self.epoch = error, epoch

    def on_epoch_end(self, net, **_):
        if len(net.history) == self.epoch:
            raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("no")])
@pytest.mark.parametrize("make", [MLPClassifier, ConvClassifier])
def test_training_that_goes_on_and_fails_leaves_all_as_it_was(make, error):
    warm = make(max_epochs=3, random_state=0, warm_start=True).fit(X_IRIS, Y_IRIS)
    before = warm.predict_proba(X_IRIS)
    warm.set_params(callbacks=[Interrupt(error, 5)])
    with pytest.raises(type(error)):
        warm.fit(X_IRIS, Y_IRIS)
    np.testing.assert_array_equal(warm.predict_proba(X_IRIS), before)
    assert warm.n_iter_ == len(warm.net_.history) == 3

    est = make(random_state=0).partial_fit(X_IRIS, Y_IRIS, classes=[0, 1, 2])
    est.partial_fit(X_IRIS, Y_IRIS)
    before, untouched = est.predict_proba(X_IRIS), copy.deepcopy(est)
    est.set_params(callbacks=[Interrupt(error, 3)])
    with pytest.raises(type(error)):
        est.partial_fit(X_IRIS, Y_IRIS)
    np.testing.assert_array_equal(est.predict_proba(X_IRIS), before)
    # Momentum and the order of batches go on from there too.
    est.set_params(callbacks=None).partial_fit(X_IRIS, Y_IRIS)
    expected = untouched.partial_fit(X_IRIS, Y_IRIS).predict_proba(X_IRIS)
    np.testing.assert_array_equal(est.predict_proba(X_IRIS), expected)


def test_in_a_comparison_one_that_diverges_does_not_stop_the_others():
    candidates = {
        "good": MLPClassifier(hidden_layer_sizes=(8,), max_epochs=2),
        "bad": MLPClassifier(hidden_layer_sizes=(8,), lr=1e30, max_epochs=2),
    }
    cells = compare_biases(X_IRIS, Y_IRIS, candidates, cv=2, random_state=0).cells
    assert cells.set_index("estimator").loc["good", "error"].isna().all()
    assert cells.set_index("estimator").loc["bad", "error"].str.contains("became infinite").all()


def test_what_has_learned_nothing_says_so():
    raw = {"standardize": False, "column_embedding": None}
    est = MLPClassifier(lr=1e-6, **raw, max_epochs=5, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"not converged: after 5 .* above the 1\.1 of"):
        est.fit(1000 * X_IRIS, Y_IRIS)
    far = Y_DIABETES + 1e5
    with pytest.warns(ConvergenceWarning, match=r"above the 5\.93e\+03 of .* standardize=True"):
        MLPRegressor(standardize=False, random_state=0).fit(X_DIABETES, far)


@pytest.mark.parametrize("weight", [None, np.linspace(0.1, 3, 442)])
def test_the_blind_guess_is_the_weighted_mean(weight):
    est = MLPRegressor(max_epochs=1, random_state=0)
    target = Numbers.learn(Y_DIABETES, weight, est)
    encoded = target.encode(Y_DIABETES, torch.float64)
    weights = None if weight is None else torch.from_numpy(weight)
    data = LabelledSamples(None, encoded, weights)
    assert target.baseline_loss(data) == pytest.approx(1, abs=1e-5)


def test_labels_without_a_pattern_are_not_called_a_failure_of_training():
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # The networks learn noise by heart, and are not done with it.
        warnings.filterwarnings("ignore", ".*still decreasing")
        MLPClassifier(random_state=0).fit(rng.normal(size=(300, 5)), rng.integers(0, 2, 300))
        MLPRegressor(random_state=0).fit(rng.normal(size=(300, 5)), rng.normal(size=300))
        MLPRegressor(random_state=0).fit(rng.normal(size=(300, 5)), np.full(300, 7.0))


class Narrow(Network):
    """A network on a device whose memory holds so many samples."""

    def __init__(self, encoder, readout, most):
        super().__init__(encoder, readout)
        self.most = most
        self.asked = []

    def forward(self, x):
        self.asked.append(len(x))
        if len(x) > self.most:
            raise torch.cuda.OutOfMemoryError("out of memory")
        return super().forward(x)


@pytest.fixture
def narrow(monkeypatch):
    """MLPs whose device holds 20 samples."""
    build = MLPClassifier._build_network

    def narrowed(self, layout, n_outputs):
        network = build(self, layout, n_outputs)
        return Narrow(network.encoder, network.readout, 20)

    monkeypatch.setattr(MLPClassifier, "_build_network", narrowed)


@pytest.mark.usefixtures("narrow")
def test_a_full_memory_halves_the_batch_and_goes_on():
    with pytest.warns(RuntimeWarning, match="memory of 'cpu' was full") as caught:
        est = MLPClassifier(batch_size=64, max_epochs=3, random_state=0).fit(X_IRIS, Y_IRIS)
    assert [str(w.message).split(":")[1].split(".")[0] for w in caught] == [
        " epoch 1 restarts with batches of 32 samples",
        " epoch 1 restarts with batches of 16 samples",
    ]
    assert est.n_iter_ == len(est.loss_curve_) == 3
    assert est.net_.batch_size == 16
    # 150 samples in 10 batches of 15, three times over, and a look at what the last weights give
    assert [size for size in est.module_.asked if size <= 20] == [15] * 31
    rates = [group["lr"] for group in est.net_.optimizer_.param_groups]
    assert max(rates) < 0.01 * est.lr_  # the schedule came to its end, no further
    with pytest.warns(RuntimeWarning, match="predictions are made in batches of"):
        predicted = est.predict_proba(X_IRIS)
    est.module_.most = 10**6
    np.testing.assert_allclose(predicted, est.predict_proba(X_IRIS), atol=1e-6)


class Rates(Callback):
    """Records the learning rate of each batch, as a share of the highest."""

    kept: list[float] = []

    def on_train_begin(self, net, **_):
        self.kept.clear()

    def on_batch_end(self, net, training=False, **_):
        if training:
            self.kept.append(net.optimizer_.param_groups[0]["lr"] / net.lr)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("max_epochs", [1, 2])
def test_a_single_batch_that_is_halved_keeps_its_schedule(max_epochs):
    """The rates are those of the batches that fit in, not of the one that did not."""
    est = MLPClassifier(batch_size=30, max_epochs=max_epochs, random_state=0)
    with pytest.warns(RuntimeWarning, match="epoch 1 restarts with batches of 15"):
        est.set_params(callbacks=[Rates()]).fit(X_IRIS[::5], Y_IRIS[::5])
    expected = {1: [1, 1], 2: [1, 1, 1, 0.5]}  # warm-up of one planned batch, and a cosine
    np.testing.assert_allclose(Rates.kept, expected[max_epochs])


def test_a_memory_that_is_full_in_validation_restarts_the_schedule_of_the_epoch():
    class FullOnce(Callback):
        left = [torch.cuda.OutOfMemoryError("out of memory")]

        def on_batch_begin(self, net, training=False, **_):
            if not training and self.left:
                raise self.left.pop()

    est = MLPClassifier(batch_size=20, max_epochs=3, early_stopping=True, random_state=0)
    est.set_params(validation_fraction=0.5, callbacks=[Rates(), FullOnce()])
    with pytest.warns(RuntimeWarning, match="epoch 1 restarts with batches of 10"):
        est.fit(X_IRIS[::2], Y_IRIS[::2])  # 37 samples to train on
    rates = Rates.kept[2:]  # of the batches of 10
    assert len(rates) == 3 * 4
    assert rates[0] == pytest.approx(1)
    assert (np.diff(rates) <= 0).all()


@pytest.mark.usefixtures("narrow")
def test_a_memory_that_holds_no_sample_is_an_error():
    est = MLPClassifier(batch_size=64, max_epochs=1, random_state=0)
    with pytest.warns(RuntimeWarning):
        est.fit(X_IRIS, Y_IRIS)
    est.module_.most = 0
    with pytest.raises(torch.cuda.OutOfMemoryError), pytest.warns(RuntimeWarning):
        est.predict(X_IRIS[:4])
