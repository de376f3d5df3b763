"""An output at each position: forms of y, missing labels, weights, and what each bias keeps."""

from __future__ import annotations

import pickle
import re
import warnings
from typing import Any

import networkx as nx
import numpy as np
import pytest
from conftest import ESTIMATORS
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score

import ibestimators
from ibestimators import biases, load
from ibestimators.training._dense_gradient import DenseGradient

CLASSIFIERS = [name for name in ESTIMATORS if name.endswith("Classifier")]
BIASES = [name.removesuffix("Classifier") for name in CLASSIFIERS]
N = 12
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture(autouse=True)
def _short_training(recwarn: pytest.WarningsRecorder) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def quick(name: str, **params: Any) -> Any:
    params = {"target": "position", "max_epochs": 2, "batch_size": 4, "random_state": 0} | params
    return getattr(ibestimators, name)(**params)


def array(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=(N, *shape))


def ragged() -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(3 + i % 4, 2)) for i in range(N)]


def tokens() -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 5, size=3 + i % 4) for i in range(N)]


def graphs() -> list[Any]:
    made = []
    for i in range(N):
        graph = nx.gnp_random_graph(3 + i % 4, 0.5, seed=i)
        values = np.random.default_rng(i).normal(size=len(graph))
        nx.set_node_attributes(graph, dict(enumerate(values.tolist())), "x")
        made.append(graph)
    return made


# X of each kind, and the shape of the positions of each sample.
KINDS: dict[str, Any] = {
    "table": (lambda: array(5), [(5,)] * N),
    "signal": (lambda: array(6, 2), [(6,)] * N),
    "image": (lambda: array(4, 3, 2), [(4, 3)] * N),
    "volume": (lambda: array(2, 3, 2, 1), [(2, 3, 2)] * N),
    "sequences": (ragged, [(3 + i % 4,) for i in range(N)]),
    "tokens": (tokens, [(3 + i % 4,) for i in range(N)]),
    "graphs": (graphs, [(3 + i % 4,) for i in range(N)]),
}


def data(kind: str, of: str = "classes") -> tuple[Any, Any]:
    """X of a kind and y at its positions: "classes", "names", "labels", "numbers" or "vectors"."""
    make, shapes = KINDS[kind]
    rng = np.random.default_rng(1)
    make_y: Any = {
        "classes": lambda shape: rng.integers(0, 3, size=shape),
        "names": lambda shape: rng.choice(["a", "b"], size=shape),
        "labels": lambda shape: rng.integers(0, 2, size=(*shape, 2)),
        "numbers": lambda shape: rng.normal(5, 3, size=shape),
        "vectors": lambda shape: rng.normal(size=(*shape, 2)),
    }[of]
    y = [make_y(shape) for shape in shapes]
    X = make()
    return X, np.stack(y) if isinstance(X, np.ndarray) else y


def rows(values: Any, *shape: int) -> Any:
    """Values at positions, of all samples."""
    return np.concatenate([np.reshape(value, (-1, *shape)) for value in values])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_predictions_have_the_form_of_y(name, kind):
    X, y = data(kind, "names")
    est = quick(name, max_epochs=1).fit(X, y)
    predicted, proba = est.predict(X), est.predict_proba(X)
    assert type(predicted) is type(proba) is type(y)
    for given, found, of_classes in zip(y, predicted, proba, strict=True):
        assert found.shape == given.shape
        assert of_classes.shape == (*given.shape, 2)
        assert_allclose(of_classes.sum(-1), 1)
        assert_array_equal(found, est.classes_[of_classes.argmax(-1)])
    assert_array_equal(est.classes_, ["a", "b"])
    assert_allclose(rows(est.predict_log_proba(X), 2), np.log(rows(proba, 2)))
    assert 0 <= est.score(X, y) <= 1


@pytest.mark.parametrize("kind", ["table", "image", "sequences", "graphs"])
@pytest.mark.parametrize("bias", BIASES)
def test_several_labels_and_outputs(bias, kind):
    X, y = data(kind, "labels")
    est = quick(f"{bias}Classifier", max_epochs=1).fit(X, y)
    for given, found, of_labels in zip(y, est.predict(X), est.predict_proba(X), strict=True):
        assert found.shape == of_labels.shape == given.shape
        assert_array_equal(found, of_labels > 0.5)
    for of in ("numbers", "vectors"):
        X, y = data(kind, of)
        est = quick(f"{bias}Regressor", max_epochs=1).fit(X, y)
        for given, found in zip(y, est.predict(X), strict=True):
            assert found.shape == given.shape
        assert est.score(X, y) <= 1


@pytest.mark.parametrize("kind", ["table", "image", "sequences", "tokens", "graphs"])
@pytest.mark.parametrize("bias", BIASES)
def test_files_copies_and_pickles_predict_the_same(bias, kind, tmp_path):
    X, y = data(kind)
    est = quick(f"{bias}Classifier").fit(X, y)
    est.save(tmp_path / "model")
    for again in (load(tmp_path / "model"), pickle.loads(pickle.dumps(est)), clone(est).fit(X, y)):
        assert_allclose(rows(again.predict_proba(X), 3), rows(est.predict_proba(X), 3), **CLOSE)
        assert again.target == "position"


@pytest.mark.parametrize("bias", BIASES)
def test_the_scale_of_numbers_is_saved(bias, tmp_path):
    X, y = data("sequences", "numbers")
    est = quick(f"{bias}Regressor").fit(X, y)
    est.save(tmp_path / "model")
    assert_allclose(rows(load(tmp_path / "model").predict(X)), rows(est.predict(X)), **CLOSE)


# ---------------------------------------------------------------- positions without a label


def without(y: Any, missing: Any, where: Any) -> Any:
    """A copy of y with some positions missing: `where` gives those of each sample."""
    changed = [np.array(item, dtype=object if missing is None else np.float64) for item in y]
    for item, lost in zip(changed, where, strict=True):
        item[lost] = missing
    return np.stack(changed) if isinstance(y, np.ndarray) else changed


def drawn(y: Any) -> list[Any]:
    """A part of the positions of each sample, at least one of them in each."""
    rng = np.random.default_rng(2)
    lost = [rng.random(size=np.shape(item)) < 0.4 for item in y]
    for each in lost:
        each[(-1,) * each.ndim] = True
    return lost


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("kind", ["signal", "image", "sequences", "graphs"])
@pytest.mark.parametrize("bias", BIASES)
def test_a_position_without_a_label_has_no_effect(bias, kind, early_stopping):
    X, y = data(kind)
    lost = drawn(y)
    # In float64, since batch normalisation amplifies rounding.
    options = {"early_stopping": early_stopping, "validation_fraction": 0.3, "dtype": "float64"}
    name = f"{bias}Classifier"
    expected = rows(quick(name, **options).fit(X, without(y, np.nan, lost)).predict_proba(X), 3)
    weight = [1.0 - each for each in lost]
    weight = np.stack(weight) if isinstance(y, np.ndarray) else weight
    # A class that is given there, and a weight of 0, is the same as none.
    moved = [np.where(each, (item + 1) % 3, item) for item, each in zip(y, lost, strict=True)]
    moved = np.stack(moved) if isinstance(y, np.ndarray) else moved
    for labels, weights in (
        (without(y, -1, lost), None),
        (without(y, None, lost), None),
        (y, weight),
        (moved, weight),
    ):
        est = quick(name, **options).fit(X, labels, sample_weight=weights)
        assert_allclose(rows(est.predict_proba(X), 3), expected, **CLOSE)
        assert len(est.classes_) == 3


@pytest.mark.parametrize("bias", BIASES)
def test_the_scale_of_y_is_that_of_its_labels(bias):
    X, y = data("signal", "numbers")
    lost = drawn(y)
    moved = np.where(lost, 1e6, y)
    weight = 1.0 - np.stack(lost)
    est = quick(f"{bias}Regressor", dtype="float64")
    expected = est.fit(X, without(y, np.nan, lost)).predict(X)
    assert_allclose(est.fit(X, moved, sample_weight=weight).predict(X), expected, **CLOSE)
    assert np.abs(expected).max() < 100


@pytest.mark.parametrize("kind", ["signal", "sequences"])
@pytest.mark.parametrize("bias", BIASES)
def test_a_sample_without_a_label_is_left_out(bias, kind):
    X, y = data(kind)
    lost = [np.full(np.shape(item), i == 3) for i, item in enumerate(y)]
    kept = [i for i in range(N) if i != 3]
    few = X[kept] if isinstance(X, np.ndarray) else [X[i] for i in kept]
    fewer = y[kept] if isinstance(y, np.ndarray) else [y[i] for i in kept]
    name, exact = f"{bias}Classifier", {"dtype": "float64"}
    est = quick(name, **exact).fit(X, without(y, np.nan, lost))
    expected = quick(name, **exact).fit(few, fewer)
    assert_allclose(rows(est.predict_proba(X), 3), rows(expected.predict_proba(X), 3), **CLOSE)


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize("kind", ["signal", "sequences"])
@pytest.mark.parametrize("name", ["MLPClassifier", "ConvClassifier", "GraphClassifier"])
def test_a_weight_of_2_repeats_a_sample(name, kind, normalization):
    X, y = data(kind)
    of_samples = np.where(np.arange(N) < 4, 2.0, 1.0)
    twice = [*range(N), *range(4)]
    more = X[twice] if isinstance(X, np.ndarray) else [X[i] for i in twice]
    labels = y[twice] if isinstance(y, np.ndarray) else [y[i] for i in twice]
    of_positions = [np.full(np.shape(item), w) for item, w in zip(y, of_samples, strict=True)]
    # One step on all samples, since the order of batches would differ.
    params = {"batch_size": 100, "max_epochs": 1, "lr": 0.01, "dtype": "float64"}
    params |= {"normalization": normalization, "weight_decay": 0.1}
    expected = rows(quick(name, **params).fit(more, labels).predict_proba(X), 3)
    for weight in (of_samples, of_positions):
        est = quick(name, **params).fit(X, y, sample_weight=weight)
        assert_allclose(rows(est.predict_proba(X), 3), expected, rtol=1e-5)


def test_class_weights_are_those_of_labels():
    X, y = data("sequences", "names")
    share = {"a": 1.0, "b": 3.0}
    weight = [np.where(item == "b", 3.0, 1.0) for item in y]
    params = {"max_epochs": 3, "normalization": None}
    by_class = quick("MLPClassifier", class_weight=share, **params).fit(X, y)
    by_weight = quick("MLPClassifier", standardize=False, **params).fit(X, y, weight)
    plain = quick("MLPClassifier", class_weight=share, standardize=False, **params).fit(X, y)
    proba = [rows(est.predict_proba(X), 2) for est in (by_weight, plain)]
    assert_allclose(*proba, **CLOSE)
    balanced = quick("MLPClassifier", class_weight="balanced").fit(X, y)
    assert by_class.n_iter_ == 3
    assert balanced.n_iter_ == 2
    with pytest.raises(ValueError, match="class_weight='balanced' needs the frequencies"):
        balanced.partial_fit(X, y)


@pytest.mark.parametrize("kind", ["image", "sequences", "tokens"])
@pytest.mark.parametrize("bias", BIASES)
def test_training_goes_on(bias, kind):
    X, y = data(kind)
    est = quick(f"{bias}Classifier").partial_fit(X, y, classes=[0, 1, 2])
    assert est.partial_fit(X[:5], y[:5]).n_iter_ == 2
    assert est.set_params(warm_start=True).fit(X, y).n_iter_ == 4
    if kind == "sequences":
        reg = quick(f"{bias}Regressor").partial_fit(*data(kind, "numbers"))
        with pytest.raises(ValueError, match="y has targets of shape"):
            reg.partial_fit(*data(kind, "vectors"))


@pytest.mark.parametrize("bias", BIASES)
def test_early_stopping_sets_samples_aside(bias):
    X, y = data("sequences")
    est = quick(f"{bias}Classifier", early_stopping=True, validation_fraction=0.25, max_epochs=5)
    assert len(est.fit(X, y).validation_curve_) == est.n_iter_
    assert est.fit(X, y, groups=np.arange(N) // 2).n_iter_ == est.n_iter_


def test_the_loss_is_the_mean_over_labels():
    X, y = data("sequences", "numbers")
    y = without(y, np.nan, drawn(y))
    params = {"lr": 1e-12, "weight_decay": 0.0, "max_epochs": 1, "hidden_layer_sizes": ()}
    for batch_size in (4, 100):
        est = quick("MLPRegressor", batch_size=batch_size, dtype="float64", **params).fit(X, y)
        error = rows(est.predict(X)) - rows(y)
        scale = np.nanstd(rows(y))
        assert_allclose(est.loss_curve_[0], np.nanmean((error / scale) ** 2), rtol=1e-6)


# ---------------------------------------------------------------- what each bias keeps


@pytest.mark.parametrize("shape", [(30,), (30, 2), (24, 26, 1)])
@pytest.mark.parametrize("kernel_size", [3, 4])
def test_a_shifted_signal_has_shifted_outputs(shape, kernel_size):
    X = array(*shape)
    axes = len(shape[:-1]) or 1
    y = np.random.default_rng(0).integers(0, 2, size=X.shape[: 1 + axes])
    # The last layer sees 1 + (1 + 2) * 3 = 10 positions around each.
    params = {"n_filters": (4, 4), "kernel_size": kernel_size, "max_epochs": 1}
    for standardize in (False, shape != (30,)):  # the columns of a table have scales of their own
        conv = quick("ConvClassifier", standardize=standardize, **params).fit(X, y)
        before, after = (conv.predict_proba(x) for x in (X, np.roll(X, 3, axis=1)))
        assert_allclose(after[:, 13:-10], before[:, 10:-13], **CLOSE)
        mlp = quick("MLPClassifier", standardize=standardize, max_epochs=1).fit(X, y)
        before, after = (mlp.predict_proba(x) for x in (X, np.roll(X, 3, axis=1)))
        assert_allclose(after, np.roll(before, 3, axis=1), **CLOSE)


def test_dilation_widens_the_receptive_field_as_pooling_does():
    X, y = array(80, 1), np.random.default_rng(0).integers(0, 2, size=(N, 80))
    conv = quick("ConvClassifier", kernel_size=3, n_filters=(4, 4, 4), max_epochs=1).fit(X, y)
    changed = X.copy()
    changed[:, 40] += 10
    moved = np.abs(conv.predict_proba(changed) - conv.predict_proba(X)).max((0, 2)) > 1e-7
    fields = ibestimators.receptive_field(conv)
    assert fields.loc[2].tolist() == [15, 1, -7]
    reached = np.flatnonzero(moved)
    assert reached.min() >= 33
    assert reached.max() <= 47
    assert len(reached) > 7  # more than one layer of width 3, or three without dilation


@pytest.mark.parametrize(("name", "reach"), [("MLPClassifier", 0), ("ConvClassifier", 3)])
@pytest.mark.parametrize("shape", [(12, 2), (9, 10, 1)])
def test_arrays_of_other_sizes_are_read_where_weights_are_shared(name, reach, shape, tmp_path):
    X = array(*shape)
    y = np.random.default_rng(0).integers(0, 2, size=X.shape[:-1])
    filters = {"n_filters": (4, 4), "kernel_size": 3} if name == "ConvClassifier" else {}
    est = quick(name, **filters).fit(X, y)
    est.save(tmp_path / "model")
    larger = np.concatenate([X, X[::-1]], 1)
    labels = np.concatenate([y, y[::-1]], 1)
    for fitted in (est, load(tmp_path / "model"), pickle.loads(pickle.dumps(est))):
        found = fitted.predict_proba(larger)
        assert found.shape == (*labels.shape, 2)
        inner = shape[0] - reach
        assert_allclose(found[:, :inner], fitted.predict_proba(X)[:, :inner], **CLOSE)
        assert fitted.score(larger, labels) == np.mean(fitted.predict(larger) == labels)
    with pytest.raises(ValueError, match="X has samples of shape"):
        est.predict(np.concatenate([X, X], -1))  # more features
    with pytest.raises(ValueError, match="X has samples of shape"):
        est.predict(X[:, :, None])  # more axes
    whole = quick(name, target="sample", **filters).fit(X, y.reshape(N, -1)[:, 0])
    with pytest.raises(ValueError, match="X has samples of shape"):
        whole.predict(larger)


@pytest.mark.parametrize("bias", ["Recurrent", "Graph", "Attention"])
def test_arrays_of_other_sizes_are_refused_elsewhere(bias):
    est = quick(f"{bias}Classifier").fit(*data("signal"))
    with pytest.raises(ValueError, match="X has samples of shape .9, 2., but fit saw"):
        est.predict(array(9, 2))


def test_causal_filters_reach_the_past_as_far_as_others_reach_both_sides():
    X, y = array(80, 1), np.random.default_rng(0).integers(0, 2, size=(N, 80))
    params = {"padding": "causal", "kernel_size": 3, "n_filters": (4, 4, 4), "max_epochs": 1}
    conv = quick("ConvClassifier", **params).fit(X, y)
    assert ibestimators.receptive_field(conv).loc[2].tolist() == [15, 1, -14]
    changed = X.copy()
    changed[:, 40] += 10
    moved = np.abs(conv.predict_proba(changed) - conv.predict_proba(X)).max((0, 2)) > 1e-7
    reached = np.flatnonzero(moved)
    assert reached[0] == 40
    assert 47 < reached[-1] <= 54  # further than one layer, or three without dilation


def test_what_has_no_order_cannot_be_causal():
    message = "requires positions in order, along one axis, but X is"
    for kind in ("image", "volume", "graphs"):
        with pytest.raises(ValueError, match=message):
            quick("ConvClassifier", padding="causal").fit(*data(kind))
    for kind in ("image", "volume"):
        with pytest.raises(ValueError, match="graph='causal' requires steps in order"):
            quick("GraphClassifier", graph="causal").fit(*data(kind))
    with pytest.raises(ValueError, match="graph='causal' requires samples of one shape"):
        quick("GraphClassifier", graph="causal").fit(*data("graphs"))
    X, y = data("signal")
    with pytest.raises(ValueError, match="one output, of all positions"):
        quick("ConvClassifier", padding="causal", target="sample").fit(X, y[:, 0])


@pytest.mark.parametrize("bias", BIASES)
def test_relabelled_nodes_have_relabelled_outputs(bias):
    if bias in ("Conv", "Recurrent"):
        pytest.skip("reads nodes in their order")
    X, y = data("graphs")
    est = quick(f"{bias}Classifier").fit(X, y)
    rng = np.random.default_rng(0)
    for graph in X:
        order = rng.permutation(len(graph))
        other = nx.Graph()
        other.add_nodes_from((int(v), graph.nodes[int(v)]) for v in order)
        other.add_edges_from(graph.edges)
        (expected,), (found,) = est.predict_proba([graph]), est.predict_proba([other])
        assert_allclose(found, expected[order], **CLOSE)


@pytest.mark.parametrize("kind", ["signal", "sequences", "tokens"])
@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("AttentionClassifier", {"mask": "causal"}),
        *(
            ("RecurrentClassifier", {"cell": cell, "bidirectional": False})
            for cell in ("mingru", "lstm")
        ),
        ("MLPClassifier", {}),
        ("ConvClassifier", {"padding": "causal"}),
        ("ConvClassifier", {"padding": "causal", "normalization": "layer", "kernel_size": 4}),
        ("ConvClassifier", {"padding": "causal", "kernel_size": ((1, 2, 4), (2, 3))}),
        ("GraphClassifier", {"graph": "causal"}),
        ("GraphClassifier", {"graph": "causal", "aggregation": "attention"}),
        ("GraphClassifier", {"graph": "empty", "normalization": "layer"}),
    ],
)
def test_nothing_looks_ahead(name, params, kind):
    X, y = data(kind)
    if isinstance(params.get("kernel_size"), tuple):
        params = params | {"n_filters": (4, 5)}
    est = quick(name, **params).fit(X, y)
    allowed = type(est).causal
    assert all(getattr(est, parameter) in values for parameter, values in allowed.items())
    later = [np.concatenate([x[:2], x[2:][::-1] + (kind != "tokens")]) for x in X]
    later = np.stack(later) if isinstance(X, np.ndarray) else later
    before, after = est.predict_proba(X), est.predict_proba(later)
    for first, second in zip(before, after, strict=True):
        assert_allclose(second[:2], first[:2], **CLOSE)
    assert not np.allclose(rows(after, 3), rows(before, 3))


@pytest.mark.parametrize("kind", ["sequences", "tokens", "graphs"])
@pytest.mark.parametrize(
    ("name", "params"),
    [
        *((name, {}) for name in CLASSIFIERS),
        ("MLPClassifier", {"context": 1}),
        ("RecurrentClassifier", {"cell": "gru"}),
        ("AttentionClassifier", {"mask": "local", "window": 1}),
        ("AttentionClassifier", {"readout": "cls", "position": "rotary"}),
    ],
)
def test_padding_does_not_change_the_outputs_of_a_shorter_sample(name, params, kind):
    X, y = data(kind)
    if kind == "graphs" and ({"context", "mask"} & set(params)):
        pytest.skip("for samples in order")
    est = quick(name, **params).fit(X, y)
    alone = [est.predict_proba([x])[0] for x in X]
    for together, expected in zip(est.predict_proba(X), alone, strict=True):
        assert_allclose(together, expected, **CLOSE)


def test_context_reads_neighbours_and_no_others():
    X, y = array(9, 1), np.random.default_rng(0).integers(0, 2, size=(N, 9))
    mlp = quick("MLPClassifier", context=2).fit(X, y)
    changed = X.copy()
    changed[:, 4] += 5
    moved = np.abs(mlp.predict_proba(changed) - mlp.predict_proba(X)).max((0, 2)) > 1e-6
    assert_array_equal(np.flatnonzero(moved), [2, 3, 4, 5, 6])
    with pytest.raises(ValueError, match="context=1 requires positions in order"):
        quick("MLPClassifier", context=1).fit(*data("graphs"))


def window_signs(n: int) -> tuple[Any, Any]:
    """Whether the sum of the five values around each step is positive."""
    X = np.random.default_rng(n).normal(size=(n, 20))
    return X, np.array([np.convolve(x, np.ones(5), "same") > 0 for x in X]).astype(int)


def test_biases_that_see_neighbours_beat_the_blind_baseline():
    train, test = window_signs(150), window_signs(80)
    params = {"target": "position", "random_state": 0}
    blind = ibestimators.MLPClassifier(max_epochs=10, **params).fit(*train).score(*test)
    assert 0.55 < blind < 0.72
    conv = ibestimators.ConvClassifier(max_epochs=10, **params)
    attention = ibestimators.AttentionClassifier(
        max_epochs=15, lr=0.02, position="rotary", n_layers=1, embedding_size=32, **params
    )
    wider = ibestimators.MLPClassifier(max_epochs=10, context=2, **params)
    for est in (conv, attention, wider):
        assert est.fit(*train).score(*test) > blind + 0.2


def test_a_state_carries_the_parity_of_all_steps_before():
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 2, size=(8, 1)) for _ in range(150)]
    longer = [rng.integers(0, 2, size=(20, 1)) for _ in range(30)]
    y, expected = ([np.cumsum(x) % 2 for x in samples] for samples in (X, longer))
    gru = ibestimators.RecurrentClassifier(
        target="position", cell="gru", bidirectional=False, n_layers=1, random_state=0
    )
    assert gru.fit(X, y).score(longer, expected) > 0.98


# ---------------------------------------------------------------- errors, before training


@pytest.mark.parametrize("bias", BIASES)
def test_errors_name_the_sample_and_the_remedy(bias):
    X, y = data("sequences")
    est = quick(f"{bias}Classifier")
    wrong = [*y[:3], y[3][:-1], *y[4:]]
    with pytest.raises(ValueError, match="sample 3 of y has the shape .5,., but sample 3 of X"):
        est.fit(X, wrong)
    with pytest.raises(ValueError, match="y has 11 samples, but X has 12"):
        est.fit(X, y[:-1])
    with pytest.raises(ValueError, match="one value a sample, but target='position'"):
        est.fit(X, np.arange(N) % 2)
    with pytest.raises(ValueError, match="value for each position of X.*Set target='position'"):
        quick(f"{bias}Classifier", target="sample").fit(X, y)
    with pytest.raises(ValueError, match="value for each position of X.*Set target='position'"):
        quick(f"{bias}Regressor", target="sample").fit(*data("image", "numbers"))
    with pytest.raises(ValueError, match="y holds no label"):
        est.fit(X, [np.full(len(x), np.nan) for x in X])
    with pytest.raises(ValueError, match="sample 0 of y has the shape .7,., but sample 0 of X"):
        est.fit(array(6, 2), np.zeros((N, 7)))
    with pytest.raises(ValueError, match="sample_weight has 3 weights"):
        est.fit(X, y, sample_weight=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="Negative values"):
        est.fit(X, y, sample_weight=[-np.ones(len(x)) for x in X])


def test_errors_of_labels():
    X, y = data("signal", "vectors")
    y[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="some values missing and others not"):
        quick("MLPRegressor").fit(X, y)
    with pytest.raises(ValueError, match="infinity"):
        quick("MLPRegressor").fit(X, np.where(np.isnan(y), np.inf, y))
    with pytest.raises(ValueError, match="found one class: 1. -1 marks a position without"):
        quick("MLPClassifier").fit(X, np.where(array(6) > 0, 1, -1))
    with pytest.raises(ValueError, match="one-hot"):
        quick("MLPClassifier").fit(X, np.eye(2)[(array(6) > 0).astype(int)])
    empty = [nx.empty_graph(0), *graphs()[1:]]
    with pytest.raises(ValueError, match="sample 0 of X has no position"):
        quick("GraphClassifier").fit(empty, data("graphs")[1])


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("AttentionClassifier", {"patch_size": 2}, "patch_size=2 makes one token of several"),
        ("ConvClassifier", {"stride": 2}, "stride=2 leaves fewer positions.*Set stride=1"),
        ("ConvClassifier", {"padding": "valid"}, "padding='valid' leaves.*Set padding='same'"),
        ("ConvClassifier", {"pooling": "max"}, "pooling='max' leaves.*Set pooling='auto'"),
    ],
)
def test_parameters_that_would_lose_positions_are_refused(name, params, message):
    with pytest.raises(ValueError, match=message):
        quick(name, **params).fit(*data("signal"))
    X, y = array(80, 1), data("signal")[1]
    quick(name, **params, target="sample").fit(X, y[:, 0])


def test_what_needs_one_output_a_sample_is_refused(tmp_path):
    pytest.importorskip("onnxscript")
    X, y = data("signal")
    conv = quick("ConvClassifier").fit(X, y)
    for refused in (
        lambda: conv.to_onnx(tmp_path / "model.onnx"),
        lambda: ibestimators.as_dense(conv),
        lambda: ibestimators.equivariance_error(conv, X, "shift"),
        lambda: ibestimators.sample_importance(conv, X[0], X),
        lambda: ibestimators.GradientNormDisplay.from_estimator(
            quick("RecurrentClassifier", bidirectional=False).fit(X, y), X, y
        ),
    ):
        with pytest.raises(ValueError, match="one output a sample"):
            refused()


# ---------------------------------------------------------------- scikit-learn


def test_the_explicit_gradient_of_dense_layers_does_not_apply():
    X, y = data("signal")
    mlp = quick("MLPClassifier").fit(X, y)
    for criterion in (mlp.net_.criterion_, mlp._fitted.target.of_rows.loss()):
        assert not DenseGradient.applies(mlp.module_, criterion)


@pytest.mark.parametrize("kind", ["table", "signal", "image", "sequences", "tokens", "graphs"])
def test_scikit_learn_splits_samples(kind):
    X, y = data(kind)
    est = quick("MLPClassifier")
    scores = cross_val_score(est, X, y, cv=3, error_score="raise")
    assert scores.shape == (3,)
    search = GridSearchCV(est, {"lr": [0.01, 0.1]}, cv=3, error_score="raise").fit(X, y)
    assert search.score(X, y) == search.best_estimator_.score(X, y)
    assert type(search.predict(X)) is type(y)


def test_flattened_and_channels_first_samples():
    X, y = data("image")
    expected = quick("ConvClassifier").fit(X, y).predict_proba(X)
    flat = quick("ConvClassifier", input_shape=(4, 3, 2)).fit(X.reshape(N, -1), y)
    assert_allclose(flat.predict_proba(X.reshape(N, -1)), expected, **CLOSE)
    first = np.moveaxis(X, -1, 1)
    moved = quick("ConvClassifier", channels_first=True).fit(first, y)
    assert_allclose(moved.predict_proba(first), expected, **CLOSE)


@pytest.mark.parametrize("bias", BIASES)
def test_parameters_are_counted_without_training(bias):
    for kind in ("image", "sequences"):
        X, y = data(kind)
        est = quick(f"{bias}Classifier")
        assert est.count_parameters(X, y) == est.fit(X, y).n_parameters_
        assert est.count_multiply_adds(X[:3]) > 0


def test_target_is_a_parameter_of_all_and_never_guessed():
    for est in biases("regression").values():
        assert est.target == "sample"
        with pytest.raises(ValueError, match=re.escape("target")):
            est.set_params(target="steps").fit(*data("signal", "numbers"))
