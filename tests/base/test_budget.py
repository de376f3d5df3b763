"""How fast, how long and with how much decay a network is trained, as functions of n."""

from __future__ import annotations

import math
import pickle
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ESTIMATORS
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone
from skorch.callbacks import Callback

import ibestimators
from ibestimators import ConvClassifier, MLPClassifier, MLPRegressor, RecurrentRegressor, load
from ibestimators.base._budget import Budget, BudgetRule
from ibestimators.datasets import make_adding_problem
from ibestimators.testing._data import KINDS, targets

NAMES = ("lr", "weight_decay", "batch_size", "max_epochs")
AUTO = dict.fromkeys(NAMES, "auto")
N_SAMPLES = st.integers(1, 10**7)
RULES = st.builds(
    BudgetRule,
    lr=st.floats(1e-5, 1.0),
    n_steps=st.integers(1, 5000),
    weight_decay=st.floats(1e-3, 10.0),
)
BIASES = [name for name in ESTIMATORS if name.endswith("Classifier")]
X = np.random.default_rng(0).normal(size=(100, 4))
Y = (X[:, 0] > 0).astype(int)


def resolve(rule: BudgetRule, n: int, words: bool = False, **given: Any) -> Budget:
    layout: Any = SimpleNamespace(has_words=words)
    return rule.resolve(SimpleNamespace(**(AUTO | given)), layout, n)


def steps_per_epoch(budget: Budget, n: int) -> int:
    return math.ceil(n / budget.batch_size)


def steps(budget: Budget, n: int) -> int:
    return budget.max_epochs * steps_per_epoch(budget, n)


def tiny(name: str = "MLPClassifier", **params: Any) -> Any:
    own: dict[str, Any] = {"MLPClassifier": {"hidden_layer_sizes": (4,)}}
    return getattr(ibestimators, name)(**{"random_state": 0, **own.get(name, {}), **params})


def attributes(est: Any) -> dict[str, Any]:
    return {name: getattr(est, f"{name}_") for name in NAMES}


class Recorder(Callback):
    """Records the settings of each step; is itself, not copied, so that a test can read it."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.decays: set[float] = set()
        self.sizes: list[int] = []

    def __deepcopy__(self, memo: Any) -> Recorder:
        return self

    def on_grad_computed(self, net: Any, batch: Any = None, **_: Any) -> None:
        first, second = net.optimizer_.param_groups
        assert second["weight_decay"] == 0
        self.rates.append(first["lr"])
        self.decays.add(first["weight_decay"])
        self.sizes.append(len(batch[1][0]))


# ---------------------------------------------------------------- the rule


@given(rule=RULES, n=N_SAMPLES, words=st.booleans())
def test_the_batch_is_a_twentieth_from_8_to_64(rule, n, words):
    budget = resolve(rule, n, words)
    assert budget.batch_size == min(64, max(8, n // 20))


@given(rule=RULES, n=N_SAMPLES, words=st.booleans())
def test_the_learning_rate_is_in_proportion_to_the_square_root_of_the_batch(rule, n, words):
    budget = resolve(rule, n, words)
    assert budget.lr == pytest.approx(rule.lr * math.sqrt(min(n, budget.batch_size) / 64))
    if n >= 1280:
        assert budget.lr == rule.lr


@given(rule=RULES, n=N_SAMPLES, words=st.booleans())
def test_the_decay_is_constant_and_then_in_inverse_proportion(rule, n, words):
    decay = resolve(rule, n, words).weight_decay
    assert decay == pytest.approx(rule.weight_decay * (1 if n <= 1000 else 1000 / n))


@given(rule=RULES, n=N_SAMPLES, words=st.booleans())
def test_the_steps_are_constant_and_then_a_power(rule, n, words):
    budget = resolve(rule, n, words)
    wanted = 300 if words else rule.n_steps
    if n > 4000:
        wanted *= (n / 4000) ** 0.75
    # Whole epochs, and none too many.
    assert wanted <= steps(budget, n) * (1 + 1e-9)
    assert steps(budget, n) - steps_per_epoch(budget, n) < wanted
    assert budget.max_epochs >= 1


@given(rule=RULES, sizes=st.tuples(N_SAMPLES, N_SAMPLES).map(sorted), words=st.booleans())
def test_more_samples_never_get_fewer_steps_or_more_decay(rule, sizes, words):
    few, many = sizes
    of_few, of_many = (resolve(rule, n, words) for n in sizes)
    # But for the last epoch of the few, which is rounded up.
    assert steps(of_many, many) > steps(of_few, few) - steps_per_epoch(of_few, few)
    assert of_many.weight_decay <= of_few.weight_decay
    assert of_many.batch_size >= of_few.batch_size
    assert of_many.lr >= of_few.lr


@given(
    rule=RULES,
    n=N_SAMPLES,
    given=st.fixed_dictionaries(
        {},
        optional={
            "lr": st.floats(1e-8, 10),
            "weight_decay": st.floats(0, 10),
            "batch_size": st.integers(1, 10**6),
            "max_epochs": st.integers(1, 10**6),
        },
    ),
)
def test_explicit_numbers_win(rule, n, given):
    budget, automatic = resolve(rule, n, **given), resolve(rule, n)
    assert budget._asdict().items() >= given.items()
    # The others follow a batch size that is given, and depend on nothing else.
    follow = {"lr", "max_epochs"} if "batch_size" in given else set()
    for name in set(NAMES) - set(given) - follow:
        assert getattr(budget, name) == getattr(automatic, name)
    if "lr" not in given:
        assert budget.lr == pytest.approx(rule.lr * math.sqrt(min(n, budget.batch_size) / 64))
    if "max_epochs" not in given:
        assert steps(budget, n) >= rule.n_steps


@pytest.mark.parametrize(("highest", "words"), [(255, False), (256, True), (1000, True)])
def test_tokens_of_a_large_vocabulary_are_words(highest, words):
    data = np.array_split(np.arange(highest + 1), 10)
    est = tiny(max_epochs=1, embedding_size=2).fit(data, np.arange(10) % 2)
    assert est._fitted.structure.layout.has_words == words
    assert est._fitted.settings.dropout == (0.5 if words else 0)
    est.set_params(max_epochs="auto", embedding_size=1).fit(data, np.arange(10) % 2)
    assert est.max_epochs_ == math.ceil((300 if words else 1000) / 2)


@pytest.mark.parametrize("number", [np.int64(5), np.int32(5)])
def test_numbers_of_numpy_are_numbers(number):
    est = tiny(max_epochs=number, batch_size=number, lr=np.float32(0.01), weight_decay=number)
    est.fit(X, Y)
    assert attributes(est) == {
        "lr": float(np.float32(0.01)),
        "weight_decay": 5.0,
        "batch_size": 5,
        "max_epochs": 5,
    }
    assert {type(value) for value in attributes(est).values()} == {int, float}


# ---------------------------------------------------------------- what fit does with it


@pytest.mark.parametrize("kind", ["table", "series", "tokens", "networkx"])
@pytest.mark.parametrize("name", BIASES)
def test_the_attributes_are_those_of_the_rule(name, kind):
    data, y = KINDS[kind](), targets("classifier")
    est = getattr(ibestimators, name)(max_epochs=1, random_state=0)
    before = est.get_params()
    est.fit(data, y)
    layout = est._fitted.structure.layout
    expected = est._budget_rule(layout).resolve(est, layout, len(y))
    assert attributes(est) == expected._asdict()
    assert est.get_params() == before == clone(est).get_params()
    assert est.lr == est.weight_decay == est.batch_size == "auto"


@pytest.mark.parametrize("given", [{}, {"lr": 0.02, "weight_decay": 0.5, "batch_size": 30}])
def test_the_attributes_are_what_the_net_was_trained_with(given):
    recorder = Recorder()
    est = tiny(max_epochs=11, callbacks=[recorder], **given).fit(X, Y)
    assert attributes(est).items() >= given.items()
    assert est.net_.lr == est.lr_ == max(recorder.rates)
    assert recorder.decays == {est.weight_decay_} == {est.net_.weight_decay}
    assert est.net_.batch_size == est.batch_size_
    assert max(recorder.sizes) <= est.batch_size_
    assert len(recorder.sizes) == 11 * math.ceil(100 / est.batch_size_)
    assert est.n_iter_ == est.max_epochs_ == 11


def test_by_default_the_net_trains_for_the_steps_of_the_rule():
    recorder = Recorder()
    est = tiny(callbacks=[recorder]).fit(X, Y)
    assert est.n_iter_ == est.max_epochs_ == math.ceil(1000 / 13)
    assert est.batch_size_ == 8
    assert len(recorder.rates) == 13 * est.max_epochs_
    assert est.max_epochs == "auto"


def test_only_the_samples_trained_on_count():
    many = np.tile(X, (12, 1))  # 1,200: beyond the 1,000 up to which the decay is constant
    labels = np.tile(Y, 12)
    once = {"max_epochs": 1}
    est = tiny(early_stopping=True, validation_fraction=0.5, **once).fit(many, labels)
    assert est.batch_size_ == 30
    assert est.weight_decay_ == 3
    weight = np.arange(1200) < 400
    est = tiny(**once).fit(many, labels, sample_weight=weight)
    assert est.batch_size_ == 20
    alone = tiny(**once).fit(many[:400], labels[:400])
    assert attributes(est) == attributes(alone)
    whole = tiny(**once).fit(many, labels)
    assert whole.batch_size_ == 60
    assert whole.weight_decay_ == 2.5


def test_a_second_fit_forgets_the_size_of_the_first():
    est = tiny(max_epochs=1).fit(np.tile(X, (20, 1)), np.tile(Y, 20))
    assert est.batch_size_ == 64
    first = attributes(tiny(max_epochs=1).fit(X, Y))
    assert attributes(est.fit(X, Y)) == first
    warm = tiny(max_epochs=1, warm_start=True).fit(np.tile(X, (20, 1)), np.tile(Y, 20))
    assert attributes(warm.fit(X, Y)) == first == attributes(est)
    assert warm.net_.lr == warm.lr_
    assert warm.net_.batch_size == 8


def test_a_failed_fit_leaves_the_attributes():
    est = tiny(max_epochs=1).fit(X, Y)
    before = attributes(est)
    with pytest.raises(ValueError, match="loss"):
        est.set_params(lr=1e30, batch_size=50).fit(X, Y)
    assert attributes(est) == before
    assert est.net_.batch_size == 8


def test_an_interrupted_partial_fit_leaves_the_attributes():
    class Interrupt(Recorder):
        def on_epoch_end(self, net: Any, **_: Any) -> None:
            if net.lr == 0.5:
                raise KeyboardInterrupt

    est = tiny(callbacks=[Interrupt()]).partial_fit(X, Y, classes=[0, 1])
    before, net = attributes(est), est.net_
    with pytest.raises(KeyboardInterrupt):
        est.set_params(lr=0.5, batch_size=50, weight_decay=0.0).partial_fit(X, Y)
    assert attributes(est) == before
    assert est.net_ is net
    assert (net.lr, net.weight_decay, net.batch_size) == tuple(before.values())[:3]


@pytest.mark.parametrize("fit_first", [False, True])
def test_partial_fit_takes_one_pass_with_the_settings_of_its_samples(fit_first):
    recorder = Recorder()
    est = tiny(callbacks=[recorder])
    if fit_first:
        est.set_params(max_epochs=2).fit(np.tile(X, (20, 1)), np.tile(Y, 20))
    for n in (100, 4, 1):
        recorder.__init__()
        est.partial_fit(X[:n], Y[:n], classes=[0, 1])
        rule = resolve(est._budget_rule(est._fitted.structure.layout), n)
        assert attributes(est) == rule._replace(max_epochs=1)._asdict()
        assert set(recorder.rates) == {est.lr_} == {est.net_.lr}
        assert recorder.decays == {est.weight_decay_} == {est.net_.weight_decay}
        assert est.net_.batch_size == est.batch_size_ == 8
    est.set_params(lr=0.5, weight_decay=0.0, batch_size=3).partial_fit(X[:6], Y[:6])
    assert attributes(est) == {"lr": 0.5, "weight_decay": 0.0, "batch_size": 3, "max_epochs": 1}
    assert est.net_.lr == 0.5
    assert recorder.decays == {0.003 * 1000, 0.0}


def test_a_batch_that_the_memory_made_smaller_is_reported():
    class Full(Callback):
        """A memory that holds ten samples."""

        def on_batch_begin(self, net: Any, batch: Any = None, **_: Any) -> None:
            if len(batch[1][0]) > 10:
                raise torch.cuda.OutOfMemoryError("out of memory")

    with pytest.warns(RuntimeWarning, match="was full"):
        est = tiny(max_epochs=2, batch_size=32, callbacks=[Full()]).fit(X, Y)
    assert est.net_.batch_size == est.batch_size_ == 8


# ---------------------------------------------------------------- files and copies


@pytest.mark.parametrize("form", ["file", "pickle", "skops"])
@pytest.mark.parametrize("trained", ["fit", "partial_fit"])
def test_copies_keep_the_settings_of_the_training(form, trained, tmp_path):
    many, labels = np.tile(X, (13, 1)), np.tile(Y, 13)
    est = MLPRegressor(hidden_layer_sizes=(4,), random_state=0)
    if trained == "fit":
        est.set_params(max_epochs=2).fit(many, labels).set_params(max_epochs="auto")
    else:
        est.partial_fit(many, labels)
    if form == "file":
        est.save(tmp_path / "model")
        again = load(tmp_path / "model")
    elif form == "pickle":
        again = pickle.loads(pickle.dumps(est))
    else:
        skops = pytest.importorskip("skops.io")
        again = skops.loads(skops.dumps(est), trusted=["ibestimators.mlp.MLPRegressor"])
    assert attributes(again) == attributes(est)
    assert again.net_.lr == est.net_.lr == est.lr_
    assert again.net_.weight_decay == est.net_.weight_decay == est.weight_decay_
    assert again.net_.batch_size == est.net_.batch_size == est.batch_size_
    assert again.get_params() == est.get_params()
    assert again.lr == "auto"
    # And training continues alike.
    first, second = est.partial_fit(X, Y), again.partial_fit(X, Y)
    assert attributes(first) == attributes(second)


@pytest.mark.parametrize("kind", ["series", "tokens"])
def test_what_auto_stood_for_is_no_parameter(kind, tmp_path):
    data, y = KINDS[kind](), targets("classifier")
    est = ConvClassifier(max_epochs=1, random_state=0)
    before = est.get_params()
    est.fit(data, y)
    settings = est._fitted.settings.get_params()
    # The settings of the network are resolved, the estimator's own parameters are not.
    own = {"dropout", "n_filters", "kernel_size", "pooling", "readout", "normalization"}
    assert {name for name, value in before.items() if value == "auto"} >= own
    assert not any(isinstance(settings[name], str) and settings[name] == "auto" for name in own)
    assert est.get_params() == before
    est.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.get_params() == before
    assert again._fitted.settings.get_params() == settings
    # A refit of the loaded estimator on another kind resolves 'auto' anew.
    other = "tokens" if kind == "series" else "series"
    fresh = ConvClassifier(max_epochs=1, random_state=0).fit(KINDS[other](), y)
    refitted = again.fit(KINDS[other](), y)
    assert_array_equal(refitted.predict_proba(KINDS[other]()), fresh.predict_proba(KINDS[other]()))
    assert clone(refitted).get_params() == before


@pytest.mark.parametrize(
    "params",
    [
        {"n_filters": np.array([4, 3])},
        {"n_filters": [4, 3]},
        {"n_filters": (4, 3), "kernel_size": np.array([3, 2])},
    ],
    ids=["array", "list", "kernels"],
)
def test_arrays_in_the_place_of_auto(params):
    est = ConvClassifier(max_epochs=1, **params).fit(X, Y)
    assert [layer.n_filters for layer in est.module_.encoder.layers] == [4, 3]


def test_invalid_settings_name_the_parameter_before_training():
    for name, value in (
        ("lr", "fast"),
        ("lr", None),
        ("lr", 0),
        ("weight_decay", None),
        ("max_epochs", 2.5),
        ("max_epochs", None),
        ("batch_size", "all"),
    ):
        with pytest.raises(ValueError, match=f"The '{name}' parameter of MLPClassifier must be"):
            MLPClassifier(**{name: value}).fit(X, Y)


def test_a_loss_at_chance_is_not_called_still_decreasing():
    # It falls by a thousandth, and most of that late; warnings are errors here.
    X, y = make_adding_problem(1000, n_steps=50, random_state=0, return_X_y=True)
    est = RecurrentRegressor(
        cell="rnn",
        n_layers=1,
        bidirectional=False,
        readout="last",
        batch_size=50,
        weight_decay=0,
        lr=1e-2,
        max_epochs=14,
        random_state=0,
    ).fit(X, y)
    assert est.loss_curve_[-1] > 0.95
