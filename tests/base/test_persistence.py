"""A saved estimator is the same estimator again, and a file is never more than data."""

from __future__ import annotations

import copy
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import torch
from conftest import ESTIMATORS, optional, pairwise
from fixtures.write_schema import CASES
from numpy.testing import assert_array_equal
from safetensors import safe_open
from safetensors.torch import save_file
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import ibestimators
from ibestimators import (
    AttentionClassifier,
    ConvClassifier,
    GraphClassifier,
    MLPClassifier,
    MLPRegressor,
    RecurrentClassifier,
    TextTokenizer,
    load,
)
from ibestimators.base._saving import SCHEMA
from ibestimators.testing._data import KINDS, outputs, targets

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture
def iris(tmp_path):
    """A fitted estimator, its data, and the file that it was saved to."""
    X, y = load_iris(return_X_y=True, as_frame=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    fitted = MLPClassifier(max_epochs=2, random_state=0).fit(X, names)
    fitted.save(tmp_path / "iris.safetensors")
    return fitted, X, tmp_path / "iris.safetensors"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_on_every_structure(name, kind, tmp_path):
    X = KINDS[kind]()
    estimator = getattr(ibestimators, name)(max_epochs=2, random_state=0)
    fitted = estimator.fit(X, targets("classifier" if is_classifier(estimator) else "regressor"))
    fitted.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert_array_equal(outputs(again, X), outputs(fitted, X))
    assert repr(again) == repr(fitted)
    assert again.sample_shape_ == fitted.sample_shape_
    assert again.n_parameters_ == fitted.n_parameters_
    assert again.loss_curve_ == fitted.loss_curve_
    public = {a for a in vars(fitted) if a.endswith("_")}
    assert public == {a for a in vars(again) if a.endswith("_")}


def test_equal_in_a_new_process(iris, tmp_path):
    fitted, X, path = iris
    X.to_pickle(tmp_path / "X")
    code = (
        "import sys, pandas, numpy, ibestimators\n"
        "X = pandas.read_pickle(sys.argv[1])\n"
        "numpy.save(sys.argv[3], ibestimators.load(sys.argv[2]).predict_proba(X))"
    )
    arguments = [str(tmp_path / "X"), str(path), str(tmp_path / "out.npy")]
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, timeout=120)
    assert_array_equal(np.load(tmp_path / "out.npy"), fitted.predict_proba(X))


def test_names_of_classes_and_columns_stay(iris):
    fitted, X, path = iris
    again = load(path)
    assert_array_equal(again.classes_, fitted.classes_)
    assert_array_equal(again.feature_names_in_, X.columns)
    with pytest.raises(ValueError, match="feature names"):
        again.predict(X[X.columns[::-1]])


@pytest.mark.parametrize(
    "params",
    [
        {"graph": nx.cycle_graph(4)},
        {"graph": nx.relabel_nodes(nx.path_graph(4, nx.DiGraph), dict(enumerate("abcd")))},
        {"graph": np.ones((4, 4), dtype=int)},
        {"graph": sparse.csr_array(np.eye(4))},
        {"class_weight": {0: 1.0, 1: 2.5}},
        {"random_state": np.random.RandomState(3)},
        {"input_shape": (2, 2, 1), "dtype": "float64"},
    ],
)
def test_parameters_stay(params, tmp_path):
    X = np.random.default_rng(0).normal(size=(20, 4))
    fitted = GraphClassifier(max_epochs=2, **params).fit(X, np.arange(20) % 2)
    fitted.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert_array_equal(outputs(again, X), outputs(fitted, X))
    # A clone of both learns the same, as long as no fresh entropy is asked for.
    seed = {} if "random_state" in params else {"random_state": 0}
    assert_array_equal(
        outputs(again.set_params(**seed).fit(X, np.arange(20) % 2), X),
        outputs(fitted.set_params(**seed).fit(X, np.arange(20) % 2), X),
    )


def test_training_goes_on(tmp_path):
    X = np.random.default_rng(0).normal(size=(40, 4))
    fitted = MLPRegressor(max_epochs=3, warm_start=True, random_state=0).fit(X, X[:, 0])
    fitted.save(tmp_path / "model")
    again = load(tmp_path / "model").fit(X, X[:, 0])
    assert again.n_iter_ == 6
    assert again.loss_curve_[:3] == fitted.loss_curve_
    assert again.loss_curve_[3] < again.loss_curve_[0]


def test_saving_changes_nothing_and_leaves_no_part(iris):
    fitted, X, path = iris
    before = fitted.predict_proba(X)
    content = path.read_bytes()
    fitted.save(path)
    assert path.read_bytes() == content  # the same each time
    assert_array_equal(fitted.predict_proba(X), before)
    with pytest.raises(NotFittedError):
        MLPClassifier().save(path)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_what_is_no_data_is_refused(tmp_path):
    X = np.zeros((6, 2))
    graph = nx.Graph([(object(), object())])
    fitted = GraphClassifier(max_epochs=1, graph=graph).fit(X, [0, 1] * 3)
    with pytest.raises(TypeError, match="parameter graph has the value"):
        fitted.save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_truncated_files(iris, share):
    _, _, path = iris
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match="not a complete safetensors file"):
        load(path)


def test_every_tampered_byte_is_noticed(iris):
    _, _, path = iris
    content = path.read_bytes()
    for place in np.random.default_rng(0).integers(len(content), size=200):
        changed = bytearray(content)
        changed[place] ^= 1 << (place % 8)
        path.write_bytes(changed)
        with pytest.raises(ValueError, match="safetensors|checksum|inconsistent"):
            load(path)


def test_foreign_files(tmp_path):
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="it was not written by ibestimators"):
        load(tmp_path / "other.safetensors")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ValueError, match="not a complete safetensors file"):
        load(tmp_path / "text")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        load(tmp_path / "missing")


def rewritten(path: Path, **changes):
    """The file with other entries in its header, and a checksum that agrees."""
    from ibestimators.base import _saving

    with safe_open(path, "pt") as file:
        _, _, text = file.metadata()["ibestimators"].partition(" ")
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    text = json.dumps(json.loads(text) | changes)
    save_file(tensors, path, {"ibestimators": f"{_saving._digest(text, tensors)} {text}"})


def test_newer_files_and_forged_ones(iris):
    _, _, path = iris
    rewritten(path, schema=99)
    with pytest.raises(ValueError, match=f"reads up to {SCHEMA}. Upgrade"):
        load(path)
    rewritten(path, schema=SCHEMA, **{"class": "os.system"})
    with pytest.raises(ValueError, match="holds a 'os.system', which is none of"):
        load(path)
    rewritten(path, **{"class": "ConvClassifier"})
    with pytest.raises(ValueError, match="is inconsistent"):
        load(path)
    rewritten(path, **{"class": "MLPClassifier"}, fitted={"eval": "print(1)"})
    with pytest.raises(ValueError, match="is inconsistent"):
        load(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": None},
        {"schema": "a"},
        {"parameters": {"lr": -1}},
        {"parameters": {"size": 1}},
        {"fitted": []},
        {"class": ["MLPClassifier"]},
    ],
    ids=str,
)
def test_forged_files_name_themselves(iris, changes):
    _, _, path = iris
    rewritten(path, **changes)
    with pytest.raises(ValueError, match=re.escape(str(path))):
        load(path)


def test_a_forged_file_sets_nothing_but_what_fit_learns(iris):
    _, _, path = iris

    def change(fitted):
        pairs = dict(fitted["dict"])
        pairs["input"]["dict"] += [["max_epochs", -5], ["predict", "hello"]]
        return {"dict": list(pairs.items())}

    with safe_open(path, "pt") as file:
        fitted = json.loads(file.metadata()["ibestimators"].partition(" ")[2])["fitted"]
    rewritten(path, fitted=change(fitted))
    again = load(path)
    assert again.max_epochs > 0
    assert callable(again.predict)


def test_a_forged_type_of_target_is_none_of_the_estimator(iris):
    fitted, X, path = iris
    with safe_open(path, "pt") as file:
        text = file.metadata()["ibestimators"].partition(" ")[2]
    entries = dict(json.loads(text)["fitted"]["dict"])
    assert entries.pop("target_type") == "Classes"
    rewritten(path, fitted={"dict": list(entries.items())})  # as older files are
    assert_array_equal(load(path).predict(X), fitted.predict(X))
    for wrong in ("Numbers", "Labels", 3):
        rewritten(path, fitted={"dict": list((entries | {"target_type": wrong}).items())})
        with pytest.raises(ValueError, match="is inconsistent"):
            load(path)


@pytest.mark.parametrize(
    ("est", "changes"),
    [
        (MLPClassifier(), {"activation": "tanh", "hidden_layer_sizes": (3,)}),
        (ConvClassifier(), {"n_filters": (4,), "pooling": None}),
        (RecurrentClassifier(hidden_size=3), {"readout": "mean", "cell": "lstm"}),
        (GraphClassifier(hidden_size=3), {"graph": nx.cycle_graph(4), "readout": "sum"}),
        (AttentionClassifier(embedding_size=8), {"n_heads": 1, "mask": "causal"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_parameters_set_after_the_fit_are_kept_and_change_no_prediction(est, changes, tmp_path):
    skops = optional("skops.io")
    X, y = load_iris(return_X_y=True)
    fitted = est.set_params(max_epochs=1, random_state=0).fit(X, y).set_params(**changes)
    fitted.save(tmp_path / "model")
    first = load(tmp_path / "model")
    first.save(tmp_path / "model")  # what was saved can be saved again
    trusted = [*TRUSTED, "networkx.classes.graph.Graph"]
    by_skops = skops.loads(skops.dumps(fitted), trusted=trusted)
    for again in (first, load(tmp_path / "model"), by_skops):
        assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
        kept = again.get_params()
        assert all(kept[name] == value for name, value in changes.items() if name != "graph")


def test_only_what_can_be_read_again_is_saved(iris, tmp_path):
    fitted, _, _ = iris
    with pytest.raises(ValueError, match="'lr' parameter"):
        fitted.set_params(lr=-1).save(tmp_path / "model")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        fitted.set_params(lr=1.0).save(tmp_path)


def test_a_device_of_another_machine(tmp_path):
    X = np.random.default_rng(0).normal(size=(20, 4))
    fitted = ConvClassifier(max_epochs=1, device="cpu").fit(X, np.arange(20) % 2)
    fitted.set_params(device="cuda:7").save(tmp_path / "model")
    if torch.cuda.device_count() <= 7:
        with pytest.raises(ValueError, match="device='cuda:7' cannot be used here"):
            load(tmp_path / "model")
    again = load(tmp_path / "model", device="cpu")
    assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


FILES = sorted(FIXTURES.glob("schema_*/*.safetensors"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_files_of_every_schema_stay_readable(path, tmp_path):
    est, X, y = CASES[path.stem]
    again = load(path)
    assert type(again) is type(est)
    expected = json.loads(path.with_suffix(".json").read_text())
    np.testing.assert_allclose(outputs(again, X()), expected, rtol=1e-4, atol=1e-6)
    assert again.max_epochs_ == again.n_iter_ == 3
    for name in ("lr", "weight_decay"):
        given, resolved = getattr(again, name), getattr(again, f"{name}_")
        assert resolved > 0
        assert resolved == given or given == "auto"
    again.save(tmp_path / "model")  # in the present schema
    assert_array_equal(outputs(load(tmp_path / "model"), X()), outputs(again, X()))
    again.partial_fit(X(), y)
    again.fit(X(), y)


@pytest.mark.parametrize(
    ("name", "params", "built_with"),
    [
        ("ragged", {"readout": "mean"}, {"readout": "auto"}),
        ("recurrent_table", {"readout": "mean"}, {"readout": "auto"}),
        ("attention_images", {"patch_size": 3}, {"patch_size": None}),
        ("attention_images", {"patch_size": None}, {"patch_size": 2}),
        ("attention_signals", {"patch_size": 3}, {"patch_size": None}),
    ],
)
def test_older_files_keep_what_the_network_was_built_with(name, params, built_with, tmp_path):
    _, X, _ = CASES[name]
    source = FIXTURES / "schema_2" / f"{name}.safetensors"
    path = tmp_path / "model"
    path.write_bytes(source.read_bytes())
    with safe_open(path, "pt") as file:
        header = json.loads(file.metadata()["ibestimators"].partition(" ")[2])
    fitted = dict(header["fitted"]["dict"])
    fitted["built_with"] = {"dict": list(built_with.items())}
    changes = {"parameters": header["parameters"] | params}
    rewritten(path, fitted={"dict": list(fitted.items())}, **changes)
    expected = json.loads(source.with_suffix(".json").read_text())
    np.testing.assert_allclose(outputs(load(path), X()), expected, rtol=1e-4, atol=1e-6)


def test_there_is_a_file_of_every_case_in_the_present_schema():
    folder = FIXTURES / f"schema_{SCHEMA}"
    assert {path.stem for path in folder.glob("*.safetensors")} == set(CASES)


def test_files_have_the_usual_permissions(iris, tmp_path):
    (tmp_path / "usual").write_bytes(b"")
    assert iris[2].stat().st_mode == (tmp_path / "usual").stat().st_mode


# What docs/trust.md says to trust.
TRUSTED = [
    f"{getattr(ibestimators, name).__module__}.{name}" for name in (*ESTIMATORS, "TextTokenizer")
]


@pytest.mark.parametrize(("name", "kind"), pairwise(ESTIMATORS, list(KINDS)))
def test_skops_needs_to_trust_no_class_but_the_estimator(name, kind):
    skops = optional("skops.io")
    X = KINDS[kind]()
    est = getattr(ibestimators, name)(max_epochs=1, random_state=0)
    est.fit(X, targets("classifier" if is_classifier(est) else "regressor"))
    data = skops.dumps(est)
    (only,) = skops.get_untrusted_types(data=data)
    assert only.endswith(f".{name}")
    again = skops.loads(data, trusted=TRUSTED)
    assert_array_equal(outputs(again, X), outputs(est, X))
    assert again.get_params() == est.get_params()


def test_skops_takes_a_graph_that_was_looked_at():
    skops = optional("skops.io")
    X, y = load_iris(return_X_y=True)
    graph = nx.path_graph(4)
    fitted = GraphClassifier(graph=graph, hidden_size=3, max_epochs=1).fit(X, y)
    assert graph.nodes
    assert graph.adj  # views that networkx keeps
    again = skops.loads(skops.dumps(fitted), trusted=[*TRUSTED, "networkx.classes.graph.Graph"])
    assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_skops_takes_whole_pipelines():
    skops = optional("skops.io")
    texts, y = ["good", "not good", "bad", "not bad", "so bad"] * 4, [1, 0, 0, 1, 0] * 4
    for level in ("word", "bpe", "character"):
        pipeline = make_pipeline(TextTokenizer(level=level), ConvClassifier(max_epochs=1))
        unfitted = skops.loads(skops.dumps(pipeline), trusted=TRUSTED)
        assert str(unfitted) == str(pipeline)
        again = skops.loads(skops.dumps(pipeline.fit(texts, y)), trusted=TRUSTED)
        assert_array_equal(again.predict_proba(texts), pipeline.predict_proba(texts))
        assert again[0].vocabulary_ == pipeline[0].vocabulary_
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(max_epochs=1)).fit(X, y)
    again = skops.loads(skops.dumps(pipeline), trusted=TRUSTED)
    assert_array_equal(again.predict_proba(X), pipeline.predict_proba(X))


def test_pickles_and_copies_keep_all_there_is():
    X, y = load_iris(return_X_y=True)
    fitted = MLPClassifier(max_epochs=2, random_state=0).fit(X, y)
    fitted.note = "mine"
    for again in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert again.note == "mine"
        assert len(again.net_.history[0]["batches"]) == len(fitted.net_.history[0]["batches"]) > 1
        assert_array_equal(outputs(again, X), outputs(fitted, X))
        assert again.partial_fit(X, y).n_iter_ == 3
    shallow = copy.copy(fitted)
    assert shallow.net_ is fitted.net_


class Own(MLPClassifier):
    """A class that `load` does not know."""


def test_a_class_that_could_not_be_loaded_is_refused(tmp_path):
    fitted = Own(max_epochs=1).fit(*load_iris(return_X_y=True))
    with pytest.raises(TypeError, match="Own is a class of your own.*Use pickle"):
        fitted.save(tmp_path / "own.safetensors")
    assert not [*tmp_path.iterdir()]
