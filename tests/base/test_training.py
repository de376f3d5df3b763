"""How fit behaves: seeds, generators, weights, stopping, going on, interrupts."""

from __future__ import annotations

import pickle
import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import ESTIMATORS, IRIS
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.datasets import make_regression
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, LRScheduler

import ibestimators
from ibestimators import ConvClassifier, MLPClassifier, MLPRegressor
from ibestimators.structures import ArrayStructure
from ibestimators.testing._data import outputs

X_IRIS, Y_IRIS = IRIS


def quick(name: str, **params: Any) -> Any:
    return getattr(ibestimators, name)(**{"max_epochs": 2, "random_state": 0, **params})


def target_for(name: str) -> Any:
    return Y_IRIS if name.endswith("Classifier") else X_IRIS @ np.arange(4.0)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_same_seed_same_predictions_in_any_process(name, dropout):
    estimator, y = quick(name, dropout=dropout), target_for(name)

    def fit_and_predict(seed):
        return outputs(clone(estimator).set_params(random_state=seed).fit(X_IRIS, y), X_IRIS)

    here = [fit_and_predict(seed) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(here[0], here[1])
    assert (here[0] != here[2]).any()
    if name.startswith("MLP"):
        there = Parallel(n_jobs=2)(delayed(fit_and_predict)(seed) for seed in (0, 1))
        np.testing.assert_array_equal(here[0], there[0])
        np.testing.assert_array_equal(here[2], there[1])


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_threads_give_what_one_after_the_other_gives(backend):
    def fit(seed):
        return quick("MLPClassifier", dropout=0.5, random_state=seed).fit(X_IRIS, Y_IRIS)

    alone = [fit(seed).predict_proba(X_IRIS) for seed in range(4)]
    together = Parallel(n_jobs=2, backend=backend)(delayed(fit)(seed) for seed in range(4))
    for expected, fitted in zip(alone, together, strict=True):
        np.testing.assert_array_equal(expected, fitted.predict_proba(X_IRIS))


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("random_state", [None, 0, np.random.RandomState(0)])
def test_global_generators_are_left_alone(name, random_state):
    def states():
        numpy_state = np.random.get_state()
        return (
            random.getstate(),
            numpy_state[1].tobytes(),
            numpy_state[2],
            torch.random.get_rng_state(),
        )

    before, threads = states(), torch.get_num_threads()
    estimator = quick(name, random_state=random_state, dropout=0.1, early_stopping=True)
    estimator.fit(X_IRIS, target_for(name)).predict(X_IRIS)
    after = states()
    assert before[:3] == after[:3]
    assert torch.equal(before[3], after[3])
    assert torch.get_num_threads() == threads


def test_without_a_seed_two_fits_differ():
    first, second = (
        MLPClassifier(max_epochs=1).fit(X_IRIS, Y_IRIS).predict_proba(X_IRIS) for _ in range(2)
    )
    assert (first != second).any()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_pickle_predicts_the_same(name):
    fitted = quick(name, early_stopping=True).fit(X_IRIS, target_for(name))
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(outputs(fitted, X_IRIS), outputs(again, X_IRIS))
    again.partial_fit(X_IRIS, target_for(name))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_fitted_attributes(name):
    fitted = quick(name, early_stopping=True).fit(X_IRIS, target_for(name))
    assert fitted.n_features_in_ == 4
    assert fitted.sample_shape_ == (4,)
    assert fitted.n_iter_ == 2 == len(fitted.loss_curve_) == len(fitted.validation_curve_)
    assert fitted.n_parameters_ == sum(p.numel() for p in fitted.module_.parameters())
    assert fitted.net_.module_ is fitted.module_
    assert fitted.device_ == "cpu" or torch.cuda.is_available()
    assert fitted.loss_curve_ == fitted.net_.history[:, "train_loss"]


def test_predict_before_fit_says_so():
    for name in ESTIMATORS:
        with pytest.raises(NotFittedError):
            getattr(ibestimators, name)().predict(X_IRIS)


@pytest.mark.parametrize("labels", [["no", "yes"], [-1, 1], [2.0, 7.0], [False, True], ["b", "a"]])
def test_labels_of_any_type_come_back(labels):
    X = np.r_[np.full((20, 2), -1.0), np.full((20, 2), 1.0)]
    y = np.array(labels).repeat(20)
    fitted = quick("MLPClassifier", max_epochs=20).fit(X, y)
    assert fitted.classes_.tolist() == sorted(labels)
    assert fitted.predict(X).tolist() == y.tolist()
    assert fitted.predict(X).dtype == y.dtype


def test_pandas_labels():
    y = pd.Series(np.array(["setosa", "versicolor", "virginica"])[Y_IRIS], dtype="category")
    fitted = quick("MLPClassifier", max_epochs=10).fit(X_IRIS, y)
    assert fitted.score(X_IRIS, y) > 0.9


def test_data_frames_give_feature_names(frame):
    columns = {f"x{i}": X_IRIS[:, i] for i in range(4)}
    fitted = quick("MLPClassifier").fit(frame(columns), Y_IRIS)
    assert fitted.feature_names_in_.tolist() == list(columns)
    fitted.predict(frame(columns))
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame({f"y{i}": X_IRIS[:, i] for i in range(4)}))


@pytest.mark.parametrize("shape", [(60,), (60, 1), (60, 3)])
@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name.endswith("Regressor")])
def test_targets_keep_their_shape_and_units(name, shape):
    X = np.random.default_rng(0).normal(size=(60, 4))
    y = np.full(shape, 1e6) + X[:, 0].reshape(60, *[1] * (len(shape) - 1))
    predicted = quick(name).fit(X, y).predict(X)
    assert predicted.shape == y.shape
    assert np.abs(predicted - 1e6).max() < 100


def test_several_outputs_are_learned_each():
    X, y = make_regression(300, 5, n_targets=3, random_state=0)
    y *= [1, 100, 0.01]
    predicted = MLPRegressor(random_state=0).fit(X, y).predict(X)
    assert (1 - ((predicted - y) ** 2).mean(0) / y.var(0) > 0.9).all()


def test_standardize_makes_scale_irrelevant():
    y = X_IRIS @ np.arange(4.0)
    scaled = X_IRIS * [1e-9, 1, 1e9, 1e15] + [0, 1e3, 0, 0]
    first = quick("MLPRegressor", dtype="float64").fit(X_IRIS, y)
    second = quick("MLPRegressor", dtype="float64").fit(scaled, 1e6 * y + 3)
    np.testing.assert_allclose(1e6 * first.predict(X_IRIS) + 3, second.predict(scaled), rtol=1e-6)


def test_class_weight_moves_the_boundary():
    rng = np.random.default_rng(0)
    X = np.r_[rng.normal(-0.5, 1, (300, 1)), rng.normal(0.5, 1, (30, 1))]
    y = np.array([0] * 300 + [1] * 30)
    plain = quick("MLPClassifier", max_epochs=10).fit(X, y)
    for weight in ("balanced", {0: 1, 1: 10}):
        weighted = clone(plain).set_params(class_weight=weight).fit(X, y)
        assert weighted.predict(X).sum() > 3 * plain.predict(X).sum() + 30


def test_class_weight_is_sample_weight_by_class():
    weight = np.array([1.0, 2.0, 5.0])
    by_class = quick("MLPClassifier", class_weight=dict(enumerate(weight))).fit(X_IRIS, Y_IRIS)
    standard = clone(by_class).set_params(standardize=False)
    a = clone(standard).fit(X_IRIS, Y_IRIS)
    b = clone(standard).set_params(class_weight=None).fit(X_IRIS, Y_IRIS, weight[Y_IRIS])
    np.testing.assert_allclose(a.predict_proba(X_IRIS), b.predict_proba(X_IRIS), atol=1e-6)


def test_early_stopping_goes_back_to_the_best_weights():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 10)), rng.integers(2, size=80)  # noise: overfits at once
    fitted = MLPClassifier(
        early_stopping=True, n_iter_no_change=5, validation_fraction=0.25, random_state=0
    ).fit(X, y)
    curve = fitted.validation_curve_
    best = int(np.argmin(curve))
    assert fitted.n_iter_ == best + 6 < 20
    # A second run cut at the best epoch has other steps of lr, so compare losses:
    # the restored weights must give the best epoch's validation loss again.
    from sklearn.model_selection import train_test_split

    from ibestimators.base import draw_seed

    _, held_out = train_test_split(
        np.arange(80), test_size=0.25, stratify=y, random_state=draw_seed(0)
    )
    proba = fitted.predict_proba(X[held_out])
    loss = -np.log(proba[np.arange(20), y[held_out]]).mean()
    assert loss == pytest.approx(curve[best], rel=1e-5)


def test_partial_fit_goes_on():
    whole = quick("MLPClassifier", lr=0.01, weight_decay=0.0)
    losses = []
    for _ in range(20):
        whole.partial_fit(X_IRIS, Y_IRIS, classes=[0, 1, 2])
        losses.append(whole.loss_curve_[-1])
    assert whole.n_iter_ == 20 == len(whole.loss_curve_)
    assert losses[-1] < losses[0] / 3
    assert whole.score(X_IRIS, Y_IRIS) > 0.9


def test_partial_fit_takes_classes_from_the_first_call():
    estimator = quick("MLPClassifier")
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        estimator.partial_fit(X_IRIS, Y_IRIS)
    estimator.partial_fit(X_IRIS[:50], Y_IRIS[:50], classes=[0, 1, 2])
    assert estimator.predict_proba(X_IRIS).shape == (150, 3)
    estimator.partial_fit(X_IRIS[50:], Y_IRIS[50:])
    with pytest.raises(ValueError, match=r"labels \[7\] that the first fit did not see"):
        estimator.partial_fit(X_IRIS[:1], [7])


def test_partial_fit_after_fit_keeps_what_was_learned():
    fitted = MLPClassifier(max_epochs=20, random_state=0).fit(X_IRIS, Y_IRIS)
    fitted.partial_fit(X_IRIS, Y_IRIS)
    assert fitted.n_iter_ == 21
    assert fitted.loss_curve_[-1] < 3 * fitted.loss_curve_[-2] + 0.05


@pytest.mark.filterwarnings("ignore:.*still decreasing")
def test_warm_start_goes_on_and_cold_start_does_not():
    warm = quick("MLPClassifier", warm_start=True, max_epochs=5).fit(X_IRIS, Y_IRIS)
    first = warm.loss_curve_[-1]
    warm.fit(X_IRIS, Y_IRIS)
    assert warm.n_iter_ == 10
    assert warm.loss_curve_[5] < warm.loss_curve_[0] / 1.5
    assert warm.loss_curve_[-1] < first
    cold = quick("MLPClassifier", max_epochs=5).fit(X_IRIS, Y_IRIS)
    once = cold.predict_proba(X_IRIS)
    np.testing.assert_array_equal(once, cold.fit(X_IRIS, Y_IRIS).predict_proba(X_IRIS))


def test_callbacks_that_need_a_validation_part_say_so(tmp_path):
    for callback, name in (
        (EarlyStopping(patience=2), "EarlyStopping"),
        (Checkpoint(dirname=tmp_path), "Checkpoint"),
        (("stop", EarlyStopping(patience=2)), "EarlyStopping"),
    ):
        with pytest.raises(ValueError, match=f"{name}, which monitors 'valid_loss.*train_loss"):
            quick("MLPClassifier", callbacks=[callback]).fit(X_IRIS, Y_IRIS)
        quick("MLPClassifier", callbacks=[callback], early_stopping=True).fit(X_IRIS, Y_IRIS)


@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("primitive", ["MLP", "Conv", "Recurrent", "Graph", "Attention"])
def test_gradients_are_on_inside_fit(primitive, off):
    def outputs():
        estimator = quick(f"{primitive}Classifier", random_state=0).fit(X_IRIS, Y_IRIS)
        return estimator.partial_fit(X_IRIS, Y_IRIS).predict_proba(X_IRIS)

    with off():
        first = outputs()
    np.testing.assert_allclose(first, outputs(), atol=1e-6)


def test_the_layout_of_x_is_that_of_fit():
    X = np.random.default_rng(0).normal(size=(30, 4, 4))
    fitted = quick("ConvClassifier").fit(X, np.arange(30) % 2)
    before = fitted.predict_proba(X)
    fitted.set_params(channels_first=True, input_shape=(16, 1))
    np.testing.assert_allclose(fitted.predict_proba(X), before, atol=1e-6)


def test_refit_on_another_structure():
    estimator = quick("ConvClassifier")
    estimator.fit(pd.DataFrame(X_IRIS, columns=list("abcd")), Y_IRIS)
    images = np.random.default_rng(0).normal(size=(150, 6, 5, 2))
    estimator.fit(images, Y_IRIS)
    assert estimator.sample_shape_ == (6, 5, 2)
    assert not hasattr(estimator, "n_features_in_")  # of columns, which images have none of
    assert not hasattr(estimator, "feature_names_in_")


class Recorder(Callback):
    """Counts epochs; is itself, not copied, so that the test can look inside."""

    def __init__(self):
        self.epochs = 0

    def on_epoch_end(self, net, **_):
        self.epochs += 1

    def __deepcopy__(self, memo):
        return self


def test_callbacks_reach_skorch_and_are_not_changed():
    recorder = Recorder()
    quick("MLPClassifier", callbacks=[recorder]).fit(X_IRIS, Y_IRIS)
    assert recorder.epochs == 2
    stopper = EarlyStopping("train_loss", patience=3, threshold=1e9, threshold_mode="abs")
    fitted = quick("MLPClassifier", callbacks=[stopper], max_epochs=30).fit(X_IRIS, Y_IRIS)
    assert fitted.n_iter_ == 4
    assert stopper.misses_ == 0
    assert fitted.callbacks[0] is stopper


@pytest.mark.parametrize("early_stopping", [False, True])
def test_ctrl_c_is_passed_on(early_stopping):
    class Interrupt(Callback):
        def on_epoch_end(self, net, **_):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quick("MLPClassifier", callbacks=[Interrupt()], early_stopping=early_stopping).fit(
            X_IRIS, Y_IRIS
        )


def test_verbose_prints_a_line_an_epoch(capsys):
    quick("MLPClassifier", verbose=1, max_epochs=3).fit(X_IRIS, Y_IRIS)
    assert len([line for line in capsys.readouterr().out.splitlines() if line.strip()]) >= 3
    quick("MLPClassifier", early_stopping=True).fit(X_IRIS, Y_IRIS)
    assert capsys.readouterr().out == ""


def test_a_loss_that_is_not_a_number_is_reported():
    X = np.random.default_rng(0).normal(size=(50, 3))
    with pytest.raises(ValueError, match=r"loss.*became (nan|inf).*Lower lr"):
        MLPRegressor(lr=1e30, random_state=0).fit(X, X[:, 0])


def test_input_shape_and_channels_first_read_the_same_images():
    rng = np.random.default_rng(0)
    images, y = rng.normal(size=(40, 6, 5, 3)), np.arange(40) % 2
    params = {"max_epochs": 2, "random_state": 0}
    direct = ConvClassifier(**params).fit(images, y)
    flat = ConvClassifier(**params, input_shape=(6, 5, 3)).fit(images.reshape(40, -1), y)
    first = ConvClassifier(**params, channels_first=True).fit(np.moveaxis(images, -1, 1), y)
    for other, X in ((flat, images.reshape(40, -1)), (first, np.moveaxis(images, -1, 1))):
        assert other.sample_shape_ == (6, 5, 3)
        found, expected = other.predict_proba(X), direct.predict_proba(images)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_small_networks_use_one_thread_and_large_ones_do_not():
    fitted = quick("ConvClassifier").fit(np.random.default_rng(0).normal(size=(150, 40)), Y_IRIS)
    assert fitted._fitted.n_threads(128) == 1
    assert fitted._fitted.n_threads(100_000) is None
    dense = quick("MLPClassifier").fit(np.random.default_rng(0).normal(size=(150, 40, 10)), Y_IRIS)
    assert dense._fitted.n_threads(128) == 1  # no weight is used at more than one position


def test_a_failed_fit_leaves_the_last_one_whole():
    fitted = quick("MLPClassifier").fit(X_IRIS, Y_IRIS)
    before, attributes = fitted.predict_proba(X_IRIS), set(vars(fitted))
    for spoiled in ({"hidden_layer_sizes": (-1,)}, {"device": "nowhere"}, {"lr": 1e30}):
        fitted.set_params(**{"hidden_layer_sizes": (9,), "device": "auto", "lr": 0.1, **spoiled})
        with pytest.raises(ValueError, match="hidden_layer_sizes|nowhere|loss"):
            fitted.fit(X_IRIS[:, :3] * 100, np.where(Y_IRIS, "a", "b"))
        np.testing.assert_array_equal(fitted.predict_proba(X_IRIS), before)
        assert set(vars(fitted)) == attributes
    broken = quick("MLPRegressor", lr=1e30)
    with pytest.raises(ValueError, match="loss"):
        broken.fit(X_IRIS, X_IRIS[:, 0])
    with pytest.raises(NotFittedError):
        broken.predict(X_IRIS)


@pytest.mark.parametrize("normalization", [None, "batch"])
def test_samples_of_weight_0_might_as_well_be_absent(normalization):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 3)), rng.integers(2, size=200)
    weight = np.zeros(200)
    weight[:40] = 1
    estimator = quick("MLPClassifier", normalization=normalization, batch_size=8)
    with_rest = clone(estimator).fit(X, y, sample_weight=weight)
    without = clone(estimator).fit(X[:40], y[:40], sample_weight=weight[:40])
    np.testing.assert_allclose(with_rest.predict_proba(X), without.predict_proba(X), atol=1e-6)


def test_partial_fit_heeds_the_size_of_weights():
    def trained(**params):
        estimator = quick("MLPClassifier", **params)
        for label in (0, 1) * 10:
            estimator.partial_fit(X_IRIS[label == Y_IRIS], Y_IRIS[label == Y_IRIS], [0, 1, 2])
        return estimator.predict_proba(X_IRIS)

    assert np.abs(trained() - trained(class_weight={0: 1, 1: 1000, 2: 1})).max() > 0.01
    with pytest.raises(ValueError, match="class_weight='balanced' needs the frequencies"):
        quick("MLPClassifier", class_weight="balanced").partial_fit(X_IRIS, Y_IRIS, [0, 1, 2])


def test_partial_fit_takes_new_settings():
    estimator = quick("MLPClassifier").partial_fit(X_IRIS, Y_IRIS, [0, 1, 2])
    before = estimator.predict_proba(X_IRIS)
    estimator.set_params(lr=1e-12, weight_decay=0.0).partial_fit(X_IRIS, Y_IRIS)
    np.testing.assert_allclose(estimator.predict_proba(X_IRIS), before, atol=1e-6)


def test_online_learning_goes_on_after_a_pickle():
    estimator = quick("MLPClassifier").partial_fit(X_IRIS, Y_IRIS, [0, 1, 2])
    again = pickle.loads(pickle.dumps(estimator))
    for fitted in (estimator, again):
        fitted.partial_fit(X_IRIS, Y_IRIS)
        assert fitted.module_ is fitted.net_.module_
    np.testing.assert_array_equal(estimator.predict_proba(X_IRIS), again.predict_proba(X_IRIS))


def test_input_shape_restores_structure_and_never_scrambles_it():
    rng = np.random.default_rng(0)
    images, y = rng.normal(size=(40, 3, 8, 8)), np.arange(40) % 2
    with pytest.raises(ValueError, match="another structure.*channels_first"):
        ConvClassifier(input_shape=(8, 8, 3)).fit(images, y)
    grey = ConvClassifier(input_shape=(8, 8, 1), max_epochs=1).fit(images[:, 0], y)
    assert grey.sample_shape_ == (8, 8, 1)
    assert grey.n_features_in_ == 64
    grey.predict(images[:, 0].reshape(40, 64))
    for shape in [(2.5, 2.4), ("a",), (-2, -3), ()]:
        with pytest.raises(ValueError, match="'input_shape' parameter .* must hold"):
            ConvClassifier(input_shape=shape).fit(images[:, 0], y)


def test_parameters_changed_after_fit_do_not_break_predict():
    fitted = quick("MLPClassifier").fit(X_IRIS, Y_IRIS)
    before = fitted.predict_proba(X_IRIS)
    np.testing.assert_array_equal(fitted.set_params(dtype="float64").predict_proba(X_IRIS), before)


def test_a_schedule_of_ones_own_takes_the_place_of_ours():
    stop = LRScheduler("LambdaLR", lr_lambda=[lambda epoch: 0.0, lambda epoch: 0.0])
    params = {"callbacks": [stop], "weight_decay": 0.0, "max_epochs": 4, "random_state": 0}
    fitted = MLPClassifier(**params).fit(X_IRIS, Y_IRIS)
    # The first epoch, too, runs at 0: nothing is learned.
    assert fitted.loss_curve_[-1] == pytest.approx(fitted.loss_curve_[0], rel=0.05)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_dropout_acts_in_every_primitive(name):
    y = target_for(name)
    plain, dropped = (quick(name, dropout=p).fit(X_IRIS, y) for p in (0.0, 0.9))
    assert (outputs(plain, X_IRIS) != outputs(dropped, X_IRIS)).any()


def test_worker_processes_take_turns_on_several_gpus(monkeypatch):
    from ibestimators.training import resolve_device

    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    for n_gpus, expected in ((1, ["cuda"] * 3), (2, ["cuda:0", "cuda:1", "cuda:0"])):
        monkeypatch.setattr("torch.cuda.device_count", lambda n=n_gpus: n)
        found = []
        for number in (40, 41, 42):
            monkeypatch.setattr("os.getpid", lambda n=number: n)
            found.append(resolve_device("auto"))
        assert found == expected
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert resolve_device("auto") == "cpu"


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_memory_map_is_never_held_whole(tmp_path, monkeypatch, early_stopping):
    images, y = X_IRIS.reshape(-1, 2, 2), Y_IRIS
    mapped = np.memmap(tmp_path / "X", np.float64, "w+", shape=images.shape)
    mapped[:] = images
    taken = []
    scaled = ArrayStructure.scaled

    def counted(self, X, dtype):
        taken.append(len(X))
        return scaled(self, X, dtype)

    monkeypatch.setattr(ArrayStructure, "scaled", counted)
    params = {"max_epochs": 2, "random_state": 0, "early_stopping": early_stopping}
    fitted = ConvClassifier(**params).fit(mapped, y)
    assert max(taken) < 20
    alike = ConvClassifier(**params).fit(images, y)
    assert max(taken) > 20
    for X in (images, mapped):
        found, expected = fitted.predict_proba(X), alike.predict_proba(X)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_callback_hears_of_every_batch_and_gradient():
    class Listener(Callback):
        def __init__(self):
            self.heard = []

        def on_batch_begin(self, net, **_):
            self.heard.append("batch")

        def on_grad_computed(self, net, named_parameters, **_):
            self.heard.append(len(list(named_parameters)))

        def on_epoch_end(self, net, **_):
            self.heard.append("epoch")

    first, second = Listener(), Listener()
    params = {"hidden_layer_sizes": (3,), "max_epochs": 2, "batch_size": 75}
    params["column_embedding"] = None
    fitted = MLPClassifier(callbacks=[first, ("second", second)], **params).fit(X_IRIS, Y_IRIS)
    for name, callback in fitted.net_.callbacks_:
        if isinstance(callback, Listener):
            assert callback.heard == (["batch", 4] * 2 + ["epoch"]) * 2, name
    assert first.heard == []  # a fit works on copies
