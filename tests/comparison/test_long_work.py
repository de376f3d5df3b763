"""Long work: results that survive a kill, and a cluster that loses a worker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial

import joblib
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch
from conftest import IRIS, optional
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer, zero_one_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ibestimators import GraphClassifier, MLPClassifier, compare_biases
from ibestimators.comparison._fold_task import TRAINING
from ibestimators.hashing import content_hash

X, y = IRIS

SAME = ["estimator", "fold", "score", "n_parameters", "n_train", "n_test"]

PROGRAM = """
import sys, time
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from ibestimators import MLPClassifier, compare_biases

class Slow(DummyClassifier):
    def fit(self, X, y):
        time.sleep(float(sys.argv[2]))
        return super().fit(X, y)

X, y = load_iris(return_X_y=True)
candidates = {"MLP": MLPClassifier(max_epochs=2), "slow": Slow()}
result = compare_biases(X, y, candidates, cv=5, random_state=0, cache=sys.argv[1])
result.cells.to_json(sys.argv[1] + ".json", double_precision=15)
"""


def test_killed_and_started_again_it_finishes_what_is_missing(tmp_path):
    def start(folder, delay):
        return subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder), str(delay)])

    folder = tmp_path / "cells"
    first = start(folder, 5)
    deadline = time.monotonic() + 120
    while len(list(folder.glob("*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.json")}
    assert 2 <= len(before) < 10
    assert start(folder, 0).wait(timeout=120) == 0
    after = {path: path.stat().st_mtime_ns for path in folder.glob("*.json")}
    assert len(after) == 10
    assert all(after[path] == time_ for path, time_ in before.items())
    assert start(tmp_path / "fresh", 0).wait(timeout=120) == 0
    resumed, fresh = (pd.read_json(tmp_path / f"{name}.json") for name in ("cells", "fresh"))
    pd.testing.assert_frame_equal(resumed[SAME], fresh[SAME])


def test_what_is_cached_is_found_by_all_that_it_depends_on(tmp_path):
    def cells(**changes):
        settings = {"cv": 2, "random_state": 0, "cache": tmp_path, **changes}
        data = settings.pop("X", X)
        candidates = settings.pop("candidates", {"MLP": MLPClassifier(max_epochs=1)})
        compare_biases(data, y, candidates, **settings)
        return len(list(tmp_path.glob("*.json")))

    assert cells() == 2
    assert cells() == 2
    spoilt = next(iter(tmp_path.glob("*.json")))
    for text in ("", "[1]"):
        spoilt.write_text(text)
        assert cells() == 2
        assert json.loads(spoilt.read_text())["estimator"] == "MLP"
    assert cells(candidates={"other name": MLPClassifier(max_epochs=1)}) == 2
    assert cells(candidates={"MLP": MLPClassifier(max_epochs=2)}) == 4
    assert cells(X=X + 1) == 6
    assert cells(random_state=1) == 8
    assert cells(scoring="f1_macro") == 10
    assert not list(tmp_path.glob("*.part"))
    with pytest.raises(ValueError, match="needs an int as random_state"):
        cells(random_state=None)


def test_a_row_of_an_older_version_does_not_tell_the_training(tmp_path):
    settings = {"cv": 2, "random_state": 0, "cache": tmp_path}
    candidates = {"MLP": MLPClassifier(max_epochs=1)}
    compare_biases(X, y, candidates, **settings)
    for path in tmp_path.glob("*.json"):
        row = json.loads(path.read_text())
        kept = {name: row[name] for name in row if name not in TRAINING}
        assert len(kept) == len(row) - 4
        path.write_text(json.dumps(kept))
    result = compare_biases(X, y, candidates, **settings)
    assert result.training.empty
    assert result.cells[[*TRAINING]].isna().all(axis=None)
    assert result.best == "MLP"
    assert "Training" not in repr(result)


FACTOR = 1


def times_factor(values):
    return FACTOR * values


def times(k):
    return lambda values: k * values


def by_default(k):
    def multiplied(values, k=k):
        return k * values

    return multiplied


class Times:
    def __init__(self, k):
        self.k = k

    def multiplied(self, values):
        return self.k * values


PAIRS = {
    "what it calls": (lambda v: np.square(v), lambda v: np.cos(v)),
    "what it holds": (times(1), times(2)),
    "inside": (lambda v: (lambda w: w + 1)(v), lambda v: (lambda w: w + 2)(v)),
    "defaults": (by_default(1), by_default(2)),
    "bound": (Times(1).multiplied, Times(2).multiplied),
    "partial": (partial(times_factor), partial(times_factor, values=1)),
    "ufuncs": (np.log1p, np.expm1),
    "scorers": (make_scorer(accuracy_score), make_scorer(zero_one_loss)),
    "scorers of lambdas": (make_scorer(lambda y, p: 0.1), make_scorer(lambda y, p: 0.2)),
    "fitted": tuple(
        FrozenEstimator(LogisticRegression(max_iter=1000).fit(X, labels)) for labels in (y, y[::-1])
    ),
}


@pytest.mark.parametrize("what", PAIRS)
def test_functions_that_do_different_things_have_different_keys(what):
    one, other = (content_hash(value) for value in PAIRS[what])
    assert one != other
    assert content_hash(PAIRS[what][0]) == one


def test_functions_that_refer_to_different_values_have_different_keys(monkeypatch, tmp_path):
    before = content_hash(times_factor)
    monkeypatch.setattr(f"{__name__}.FACTOR", 2)
    assert content_hash(times_factor) != before

    def scores(function):
        piped = make_pipeline(FunctionTransformer(function), LogisticRegression(max_iter=1000))
        settings = {"cv": 2, "random_state": 0, "cache": tmp_path}
        return compare_biases(X, y, {"piped": piped}, **settings).cells["score"].tolist()

    assert scores(lambda v: np.square(v)) != scores(lambda v: np.isnan(v))


def test_objects_that_cannot_be_pickled_are_an_error_with_a_cache(tmp_path):
    lock = threading.Lock()
    with pytest.raises(TypeError, match="cannot pickle .*lock.* object.* Leave cache out"):
        compare_biases(
            X,
            y,
            {"a": DummyClassifier()},
            cv=2,
            random_state=0,
            cache=tmp_path,
            scoring=lambda est, X, y: float(lock.locked()),
        )


def test_graphs_are_found_again_whatever_was_looked_at(tmp_path):
    graphs = [nx.path_graph(2 + i % 4) for i in range(12)]
    labels = np.arange(12) % 2
    candidates = {"Graph": GraphClassifier(max_epochs=1)}
    for _ in range(2):
        compare_biases(graphs, labels, candidates, cv=2, random_state=0, cache=tmp_path)
        assert len(list(tmp_path.glob("*.json"))) == 2
        assert [graph.nodes for graph in graphs]  # networkx keeps this view in the graph


def test_each_worker_keeps_to_its_share_of_threads():
    n_jobs = 2
    threads = joblib.Parallel(n_jobs)(joblib.delayed(torch.get_num_threads)() for _ in range(4))
    assert max(threads) <= max(1, joblib.cpu_count() // n_jobs)


FOUND_AGAIN = """
import sys
import numpy as np, torch
from types import SimpleNamespace
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.naive_bayes import GaussianNB
from ibestimators import GraphClassifier, MLPClassifier, compare_biases

X, y = load_iris(return_X_y=True)
settings = {"cv": 2, "random_state": 0, "cache": sys.argv[1]}
piped = make_pipeline(FunctionTransformer(lambda X: X * FACTOR), GaussianNB())
compare_biases(X, y, {"p": piped}, **settings)
compare_biases(X, y, {"MLP": MLPClassifier(max_epochs=1)}, search="random", n_iter=2, **settings)
graph = SimpleNamespace(edge_index=torch.tensor([[0], [1]]), x=torch.ones(2, 1))
labels = np.arange(8) % 2
compare_biases([graph] * 8, labels, {"G": GraphClassifier(max_epochs=1)}, **settings)
"""


def test_another_process_finds_searches_tensors_and_functions_again(tmp_path):
    counts = []
    for factor in (1, 1, 2):
        program = FOUND_AGAIN.replace("FACTOR", str(factor))
        subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=120)
        counts.append(len(list(tmp_path.glob("*.json"))))
    assert counts == [6, 6, 8]  # another function is another estimator


def test_equal_fits_at_a_time_do_not_trip_over_each_other(tmp_path):
    candidates = {name: DummyClassifier() for name in "abcd"}
    with joblib.parallel_config(backend="threading"):
        for seed in range(5):
            compare_biases(X, y, candidates, cv=2, n_jobs=4, random_state=seed, cache=tmp_path)
    assert not list(tmp_path.glob("*.part"))


def test_failures_are_not_kept(tmp_path):
    candidates = {"bad": MLPClassifier(lr=-1), "linear": LogisticRegression(max_iter=1000)}
    compare_biases(X, y, candidates, cv=2, random_state=0, cache=tmp_path)
    kept = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    assert [cell["estimator"] for cell in kept] == ["linear"] * 2


SAME_EVERYWHERE = """
import sys
from joblib import parallel_config
from sklearn.datasets import load_iris
from ibestimators import biases, compare_biases

X, y = load_iris(return_X_y=True)
candidates = biases("classification", max_epochs=2, dropout=0.2)
with parallel_config(backend=sys.argv[1]):
    table = compare_biases(X, y, candidates, cv=2, random_state=0, n_jobs=int(sys.argv[2])).cells
print(table["score"].tolist())
"""


@pytest.mark.slow
def test_every_backend_of_joblib_gives_the_same_to_the_last_bit():
    def scores(*settings):
        program = [sys.executable, "-c", SAME_EVERYWHERE, *settings]
        done = subprocess.run(program, check=True, timeout=300, capture_output=True, text=True)
        return done.stdout.strip()

    alone = scores("loky", "1")
    assert alone.count(",") == 9
    for backend in ("loky", "threading", "multiprocessing"):
        assert scores(backend, "2") == alone


class Slow(DummyClassifier):
    def fit(self, X, y):
        time.sleep(0.5)
        return super().fit(X, y)


@pytest.mark.slow
def test_a_dask_cluster_that_loses_a_worker_gives_the_same_table():
    distributed = optional("distributed")
    candidates = {"MLP": MLPClassifier(max_epochs=2), "slow": Slow()}
    settings = {"cv": 8, "random_state": 0}
    alone = compare_biases(X, y, candidates, **settings).cells
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        before = client.run(os.getpid)
        killer = threading.Timer(1.5, os.kill, (next(iter(before.values())), signal.SIGKILL))
        killer.start()
        with joblib.parallel_config(backend="dask"):
            spread = compare_biases(X, y, candidates, **settings).cells
        assert not killer.is_alive()
        client.wait_for_workers(2, timeout=60)
        assert set(client.run(os.getpid).values()) != set(before.values())
    pd.testing.assert_frame_equal(spread[SAME], alone[SAME])
