"""Whatever comes in: finite predictions of the right shape, or an error that says why.

Ten thousand cases and more in the slow run, drawn anew each time the tests change; hypothesis
prints what it takes to repeat one that fails.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from conftest import ESTIMATORS
from hypothesis import HealthCheck, currently_in_test_context, event, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning

import ibestimators
from ibestimators.testing import _data as kinds

pytestmark = pytest.mark.slow


def cases(n: int) -> Any:
    """So many cases for each estimator."""
    return settings(max_examples=n, deadline=None, suppress_health_check=list(HealthCheck))


SEEDS = st.integers(0, 2**32 - 1)
DTYPES = ["f2", "f4", "f8", ">f8", "i1", "u1", "i4", "i8", "u8", "?", "O"]
LAYOUTS = ["C", "F", "reversed", "strided", "read-only", "memory map", "list"]
SPOILT = [None] * 8 + ["nan", "inf", "-inf", "huge", "text", "masked", "complex", "short y"]


@st.composite
def arrays(draw) -> Any:
    """X of 2 to 5 axes, of any type, scale and layout, sometimes spoilt."""
    rng = np.random.default_rng(draw(SEEDS))
    n = draw(st.one_of(st.integers(1, 12), st.integers(13, 60)))
    shape = (n, *draw(st.lists(st.integers(1, 7), min_size=1, max_size=4)))
    X = rng.normal(size=shape)
    X *= 10.0 ** draw(st.integers(-30, 30)) if draw(st.booleans()) else 1
    X += draw(st.sampled_from([0, 0, 1, -1e3, 1e6]))
    if draw(st.booleans()):
        X[..., rng.integers(shape[-1])] = draw(st.sampled_from([0, 1, -7.5, 1e30]))  # constant
    if draw(st.integers(0, 4)) == 0:
        X[:] = X[0]  # all samples alike
    dtype = draw(st.sampled_from(DTYPES))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        X = (X if np.dtype(dtype).kind in "fO" else np.nan_to_num(X * 10)).astype(dtype)
    return laid_out(X, draw(st.sampled_from(LAYOUTS))), n


def laid_out(X: Any, layout: str) -> Any:
    if layout == "F":
        return np.asfortranarray(X)
    if layout == "reversed":
        return X[::-1]
    if layout == "strided":
        return np.repeat(X, 2, axis=0)[::2]
    if layout == "read-only":
        X = X.copy()
        X.flags.writeable = False
        return X
    if layout == "memory map" and X.dtype != object:
        path = Path(tempfile.mkdtemp()) / "X.npy"
        np.save(path, X)
        return np.load(path, mmap_mode="r")
    return X.tolist() if layout == "list" else X


@st.composite
def ragged(draw) -> Any:
    rng = np.random.default_rng(draw(SEEDS))
    n, features = draw(st.integers(1, 20)), draw(st.integers(1, 3))
    longest = draw(st.integers(1, 30))
    scale = 10.0 ** draw(st.integers(-30, 30))
    X = [rng.normal(size=(rng.integers(1, longest + 1), features)) * scale for _ in range(n)]
    if draw(st.integers(0, 9)) == 0:
        X[rng.integers(n)] = np.zeros((0, features))
    return [x.astype(draw(st.sampled_from(["f4", "f8"]))) for x in X], n


@st.composite
def tokens(draw) -> Any:
    rng = np.random.default_rng(draw(SEEDS))
    n = draw(st.integers(1, 20))
    highest = draw(st.sampled_from([1, 5, 1000, 2**40]))
    lowest = draw(st.sampled_from([0, 0, -(2**40)]))
    sizes = rng.integers(draw(st.sampled_from([0, 1, 1, 1, 1, 1])), 9, size=n)
    return [rng.integers(lowest, highest, size=size) for size in sizes], n


@st.composite
def graphs(draw) -> Any:
    rng = np.random.default_rng(draw(SEEDS))
    n = draw(st.integers(1, 12))
    kind = draw(st.sampled_from([nx.Graph, nx.DiGraph, nx.MultiGraph]))
    attributes = draw(st.sampled_from(["none", "numbers", "texts", "vectors"] * 3 + ["some"]))
    weighted = draw(st.booleans())
    least = draw(st.sampled_from([0, 1, 1, 1]))
    made = []
    for _ in range(n):
        graph = kind(nx.gnp_random_graph(int(rng.integers(least, 7)), rng.random(), seed=rng))
        for i, node in enumerate(graph):
            if attributes == "numbers" or (attributes == "some" and i % 2):
                graph.nodes[node]["a"] = rng.normal() * 1e20
            elif attributes == "texts":
                graph.nodes[node]["a"] = "uvw"[rng.integers(3)]
            elif attributes == "vectors":
                graph.nodes[node]["a"] = rng.normal(size=3)
        if weighted:
            nx.set_edge_attributes(graph, 2.5, "weight")
        made.append(graph)
    return made, n


@st.composite
def targets(draw, name: str, n: int) -> Any:
    rng = np.random.default_rng(draw(SEEDS))
    if name.endswith("Regressor"):
        shape = (n, draw(st.integers(1, 3))) if draw(st.booleans()) else (n,)
        return rng.normal(size=shape) * 10.0 ** draw(st.integers(-30, 30))
    n_classes = draw(st.one_of(st.integers(1, 4), st.integers(2, 4), st.just(n)))
    y = np.arange(n) % n_classes if draw(st.booleans()) else rng.integers(n_classes, size=n)
    if draw(st.booleans()):
        y = np.where(np.arange(n) == 0, 1, 0)  # one against all others
    label = draw(st.sampled_from(["int", "text", "bool", "float", "object"]))
    return {
        "int": y,
        "text": np.array(list("abcdefghij") * 9)[y % 10],
        "bool": y > 0,
        "float": y.astype(float),
        "object": np.array([f"c{v}" for v in y], dtype=object),
    }[label]


@st.composite
def parameters(draw, name: str) -> dict[str, Any]:
    shared = {
        "lr": st.sampled_from([1e-6, 3e-3, 1.0, 1e6]),
        "weight_decay": st.sampled_from([0.0, 1.0, 100.0]),
        "batch_size": st.sampled_from(["auto", 1, 2, 3, 1000]),
        "early_stopping": st.booleans(),
        "dropout": st.sampled_from([0.0, 0.9]),
        "standardize": st.booleans(),
        "activation": st.sampled_from(["relu", "gelu", "tanh", "silu"]),
        "dtype": st.sampled_from(["float32", "float64"]),
        "channels_first": st.booleans(),
        "max_epochs": st.sampled_from([1, 2, 6]),
    }
    own: dict[str, dict[str, Any]] = {
        "MLP": {"hidden_layer_sizes": st.sampled_from([(), (1,), (5, 3)])},
        "Conv": {
            "n_filters": st.sampled_from([(2,), (3, 2), (2, 2, 2)]),
            "kernel_size": st.integers(1, 9),
            "readout": st.sampled_from(["mean", "max", "flatten"]),
            "normalization": st.sampled_from([None, "batch"]),
        },
        "Recurrent": {
            "hidden_size": st.integers(1, 4),
            "cell": st.sampled_from(["rnn", "gru", "lstm"]),
            "bidirectional": st.booleans(),
            "n_layers": st.integers(1, 2),
        },
        "Graph": {
            "hidden_size": st.integers(1, 4),
            "n_layers": st.integers(1, 2),
            "aggregation": st.sampled_from(["sum", "mean", "max", "attention"]),
            "readout": st.sampled_from(["mean", "sum", "max"]),
        },
        "Attention": {
            "embedding_size": st.sampled_from([4, 8]),
            "n_heads": st.sampled_from([1, 2, 3]),
            "n_layers": st.just(1),
            "mask": st.sampled_from(["full", "causal", "local", "graph"]),
            "position": st.sampled_from(["none", "sinusoidal", "learned", "rotary"]),
        },
    }
    primitive = name.removesuffix("Classifier").removesuffix("Regressor")
    small = {
        "Conv": {"n_filters": (2, 2)},
        "Recurrent": {"hidden_size": 3},
        "Graph": {"hidden_size": 4},
        "Attention": {"embedding_size": 8, "n_layers": 1},
    }.get(primitive, {})
    choices = shared | own[primitive]
    chosen = draw(st.lists(st.sampled_from(sorted(choices)), max_size=5, unique=True))
    return {"max_epochs": 1, **small, **{key: draw(choices[key]) for key in chosen}}


ALLOWED = (ConvergenceWarning, DataConversionWarning)


def tried(name: str, X: Any, y: Any, params: dict[str, Any]) -> Any:
    """The estimator, fitted, or None after an error that is in order."""
    est, outputs, reason = getattr(ibestimators, name)(random_state=0, **params), {}, None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            est.fit(X, y)
            outputs = {"predict": est.predict(X)}
            if hasattr(est, "predict_proba"):
                outputs["predict_proba"] = est.predict_proba(X)
                outputs["log"] = np.exp(est.predict_log_proba(X))
        except (ValueError, TypeError) as error:
            reason = error
    said = [str(w.message) for w in caught if not issubclass(w.category, ALLOWED)]
    # What scikit-learn says of labels that might be meant as numbers.
    assert not [text for text in said if "unique classes" not in text], said
    assert len(caught) <= 2, [str(w.message) for w in caught]
    for how, values in outputs.items():
        if values.dtype.kind == "f":
            assert np.isfinite(values).all(), how
    if currently_in_test_context():  # for --hypothesis-show-statistics
        event("fitted" if reason is None else f"refused: {str(reason)[:60]}")
    if reason is not None:
        assert len(str(reason)) > 15, repr(reason)
        return None
    n = len(y)
    if name.endswith("Classifier"):
        n_classes = len(np.unique(y))
        assert outputs["predict"].shape == (n,)
        assert outputs["predict_proba"].shape == outputs["log"].shape == (n, n_classes)
        np.testing.assert_allclose(outputs["predict_proba"].sum(1), 1, atol=1e-6)
        np.testing.assert_allclose(outputs["log"], outputs["predict_proba"], atol=1e-6)
        assert set(outputs["predict"]) <= set(np.unique(y))
    else:
        assert outputs["predict"].shape == np.shape(y)
    return est


@pytest.mark.parametrize("name", ESTIMATORS)
@cases(650)
@given(data=st.data())
def test_arrays(name, data):
    X, n = data.draw(arrays())
    y = data.draw(targets(name, n))
    spoilt = data.draw(st.sampled_from(SPOILT))
    X, y = spoil(X, y, spoilt)
    params = data.draw(parameters(name))
    est = tried(name, X, y, params)
    if spoilt is not None and spoilt != "huge":
        assert est is None, f"{spoilt} was taken"


def spoil(X: Any, y: Any, how: str | None) -> tuple[Any, Any]:
    if how is None:
        return X, y
    if how == "short y":
        return X, y[:-1]
    X = np.array(X, dtype={"text": object, "complex": complex}.get(how, float))
    place = (0,) * X.ndim
    if how == "masked":
        X = np.ma.masked_array(X, mask=False)
        X[place] = np.ma.masked
        return X, y
    X[place] = {
        "nan": np.nan,
        "inf": np.inf,
        "-inf": -np.inf,
        "huge": 1e300,
        "text": "a",
        "complex": 1j,
    }[how]
    return X, y


@pytest.mark.parametrize("samples", [ragged, tokens, graphs])
@pytest.mark.parametrize("name", ESTIMATORS)
@cases(130)
@given(data=st.data())
def test_lists(name, samples, data):
    X, n = data.draw(samples())
    tried(name, X, data.draw(targets(name, n)), data.draw(parameters(name)))


@pytest.mark.parametrize("name", ESTIMATORS)
@cases(20)
@given(power=st.integers(-30, 30), seed=SEEDS)
def test_the_unit_of_x_and_y_does_not_matter(name, power, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(20, 4, 2)) + 3
    y = np.arange(20) % 2 if name.endswith("Classifier") else rng.normal(size=20)
    unit = 10.0**power
    small = {"GraphClassifier": {"hidden_size": 4}, "GraphRegressor": {"hidden_size": 4}}
    est = getattr(ibestimators, name)(max_epochs=1, random_state=0, **small.get(name, {}))
    plain = est.fit(X, y)
    expected = kinds.outputs(plain, X)
    if hasattr(est, "predict_proba"):
        scaled = est.fit(X * unit, y).predict_proba(X * unit)
    else:
        scaled = est.fit(X * unit, y * unit).predict(X * unit) / unit
    np.testing.assert_allclose(scaled, expected, atol=2e-3)


@pytest.mark.parametrize("name", [n for n in ESTIMATORS if n.endswith("Classifier")])
def test_one_in_ten_thousand(name):
    X = np.random.default_rng(0).normal(size=(10_001, 3))
    y = np.r_[np.zeros(10_000, dtype=int), 1]
    X[-1] += 20
    small = {"max_epochs": 1, "batch_size": 1000, "class_weight": "balanced"}
    est = tried(name, X, y, small)
    assert est is not None


@pytest.mark.parametrize("name", [n for n in ESTIMATORS if n.endswith("Classifier")])
def test_more_classes_than_a_batch_has_samples(name):
    X = np.repeat(np.arange(40.0), 2)[:, None] * np.ones((1, 3))
    est = tried(name, X, np.repeat(np.arange(40), 2), {"batch_size": 4, "max_epochs": 2})
    assert est.predict_proba(X).shape == (80, 40)
