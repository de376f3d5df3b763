"""How fast the estimators are, as ratios measured alternately within one run.

    python tests/benchmarks/speed.py              all, in about 35 minutes on 2 cores
    python tests/benchmarks/speed.py loop memory  some, by name

Each figure is the median of paired runs, one of each kind after the other, with as many
threads for both. A machine that others use too shifts both runs of a pair alike.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from sklearn.base import clone
from tabulate import tabulate
from threadpoolctl import threadpool_limits
from torch import nn

import ibestimators as ib
from ibestimators.datasets import load_mnist1d
from ibestimators.layers._linear_recurrence import _LinearRecurrence, by_doubling

EPOCHS = 8
BIASES = ("MLP", "Conv", "Recurrent", "Graph", "Attention")
SMALL_MLPS = ((32, 32), (100,), (256, 256))
Row = tuple[str, str, str]  # figure, measured, goal


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def paired(ours: Callable[[], Any], other: Callable[[], Any], n: int = 5) -> list[float]:
    """Time of `other` divided by that of `ours`, in n pairs after one for warming up."""
    ours(), other()
    return [seconds(other) / seconds(ours) for _ in range(n)]


def spread(ratios: list[float]) -> str:
    low, high = min(ratios), max(ratios)
    return f"{statistics.median(ratios):.2f} ({low:.2f} to {high:.2f})"


def classifier(bias: str, **params: Any) -> Any:
    return getattr(ib, f"{bias}Classifier")(random_state=0, **params)


@contextmanager
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(before)


def fresh_module(estimator: Any, X: Any, y: Any) -> nn.Module:
    """The network that an estimator builds, as it is before training."""
    untrained = clone(estimator).set_params(max_epochs=1, lr=1e-12)
    return copy.deepcopy(untrained.fit(X, y).module_)


def written_by_hand(
    module: nn.Module, X: Any, y: Any, epochs: int, lr: float, clip: bool, device: str = "cpu"
) -> None:
    """The best loop that we know: whole tensors, one fused optimiser, no history."""
    values = torch.from_numpy(((X - X.mean(0)) / X.std(0)).astype(np.float32)).to(device)
    target = torch.from_numpy(y).to(device)
    module.to(device)
    decayed = [p for p in module.parameters() if p.ndim > 1]
    others = [p for p in module.parameters() if p.ndim <= 1]
    groups = [{"params": decayed}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr, weight_decay=1.0, fused=True)
    n_batches = -(-len(y) // 128)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, lr, total_steps=epochs * n_batches, pct_start=0.1, cycle_momentum=False
    )
    module.train()
    for _ in range(epochs):
        for index in torch.randperm(len(y), device=device).tensor_split(n_batches):
            optimizer.zero_grad()
            scores = module(values.index_select(0, index))
            nn.functional.cross_entropy(scores, target.index_select(0, index)).backward()
            if clip:
                nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    if device != "cpu":
        torch.cuda.synchronize()


def loop() -> Iterator[Row]:
    X, y = load_mnist1d(return_X_y=True)
    medians = []
    small: dict[str, Any] = {
        f"MLP {sizes}": classifier("MLP", hidden_layer_sizes=sizes, column_embedding=None)
        for sizes in SMALL_MLPS
    }
    for name, ours in ({bias: classifier(bias) for bias in BIASES} | small).items():
        ours.set_params(max_epochs=EPOCHS, batch_size=128, lr=3e-3)
        module = fresh_module(ours, X, y)
        with one_thread():
            ratios = paired(
                lambda m=module, clip=name == "Recurrent": written_by_hand(
                    copy.deepcopy(m), X, y, EPOCHS, 3e-3, clip
                ),
                lambda ours=ours: ours.fit(X, y),
                n=7,
            )
        if name in BIASES:
            medians.append(statistics.median(ratios))
        goal = "<= 1.08" if name in BIASES else "<= 0.5"
        yield f"fit / hand-written loop, {name}", spread(ratios), goal
    yield "... geometric mean of the defaults", f"{statistics.geometric_mean(medians):.2f}", ""


def folds() -> Iterator[Row]:
    """Five folds of a small MLP, by cross_validate and by hand-written loops."""
    from sklearn.model_selection import KFold, cross_validate

    X, y = load_mnist1d(return_X_y=True)
    ours = classifier(
        "MLP",
        hidden_layer_sizes=(32, 32),
        column_embedding=None,
        max_epochs=EPOCHS,
        batch_size=128,
        lr=3e-3,
    )
    module = fresh_module(ours, X, y)

    def by_hand() -> None:
        for train, test in KFold(5).split(X):
            own = copy.deepcopy(module)
            written_by_hand(own, X[train], y[train], EPOCHS, 3e-3, False)
            with torch.inference_mode():
                own(torch.from_numpy(X[test].astype(np.float32)))

    with one_thread():
        ratios = paired(by_hand, lambda: cross_validate(ours, X, y, cv=KFold(5)), n=7)
    yield "cross_validate / five hand-written loops, MLP (32, 32)", spread(ratios), "<= 0.25"


def ragged() -> Iterator[Row]:
    """Sequences as a list, so that they could differ in length, and as one array."""
    rng = np.random.default_rng(0)
    for n, steps in ((32, 1_500), (8, 20_000)):
        X, y = rng.normal(size=(n, steps, 1)), np.arange(n) % 2
        net = classifier("Recurrent", max_epochs=1, batch_size=8)
        with one_thread():
            ratios = paired(
                lambda net=net, X=X, y=y: net.fit(X, y),
                lambda net=net, X=X, y=y: net.fit(list(X), y),
                n=7,
            )
        yield f"list / array of sequences, Recurrent, {steps} steps", spread(ratios), "<= 1.3"


def recurrence() -> Iterator[Row]:
    """The default recurrence, and one GRU that reads all its states, on MNIST-1D."""
    (X, y), test = (load_mnist1d(subset=name, return_X_y=True) for name in ("train", "test"))
    gru = {"cell": "gru", "n_layers": 1, "hidden_size": 64, "bidirectional": False}
    training = {"lr": 1e-2, "max_epochs": 40, "batch_size": 128, "weight_decay": 1.0}
    one = classifier("Recurrent", readout="flatten", **gru, **training)
    ours = classifier("Recurrent")
    with one_thread():
        ratio = seconds(lambda: ours.fit(X, y)) / seconds(lambda: one.fit(X, y))
    scores = f"{ours.score(*test):.3f}, {one.score(*test):.3f}"
    yield "time of the default recurrence / one GRU, 40 epochs", f"{ratio:.2f}, one run", "<= 0.5"
    yield "... test accuracy", scores, "no lower"


EDGES = """
import json, sys, threading, time
import numpy as np, scipy.sparse as sp
import ibestimators as ib

def anonymous():
    for line in open("/proc/self/status"):
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024

rng = np.random.default_rng(0)
n, n_edges = 100_000, 1_000_000
A = sp.csr_array((np.ones(n_edges, "float32"), rng.integers(n, size=(2, n_edges))), shape=(n, n))
A.data[:] = 1  # edges without features
features = rng.normal(size=(n, 8))
net = ib.GraphClassifier(aggregation=sys.argv[1], max_epochs=1, batch_size=1, random_state=0)
net.fit([(A[:50, :50], features[:50])] * 2, [0, 1])
before, peak, done = anonymous(), 0, False
def watch():
    global peak
    while not done:
        peak = max(peak, anonymous())
        time.sleep(0.002)
thread = threading.Thread(target=watch)
thread.start()
start = time.perf_counter()
net.fit([(A, features)] * 2, [0, 1])
seconds = time.perf_counter() - start
done = True
thread.join()
print(json.dumps([peak - before, seconds]))
"""


def edges() -> Iterator[Row]:
    """A graph of 100,000 nodes and 1,000,000 edges."""
    plain, attention = (alone(EDGES, how) for how in ("sum", "attention"))
    name = "memory of attention / sum over 1,000,000 edges"
    yield name, f"{attention[0] / plain[0]:.2f} ({attention[0] / 1e9:.2f} GB)", "<= 1.5"
    yield "... time", f"{attention[1] / plain[1]:.2f}", ""


def plain_skorch(module: nn.Module, X: Any, y: Any, epochs: int, batch_size: int) -> None:
    from skorch import NeuralNetClassifier

    NeuralNetClassifier(
        copy.deepcopy(module),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        lr=3e-3,
        max_epochs=epochs,
        batch_size=batch_size,
        verbose=0,
    ).fit(X.astype(np.float32), y)


def skorch() -> Iterator[Row]:
    X, y = load_mnist1d(return_X_y=True)
    for bias in BIASES:
        module = fresh_module(classifier(bias), X, y)
        ours = classifier(
            bias,
            max_epochs=5,
            batch_size=128,
            early_stopping=True,
            validation_fraction=0.2,
            n_iter_no_change=99,
        )
        with one_thread():
            ratios = paired(
                lambda ours=ours: ours.fit(X, y),
                lambda m=module: plain_skorch(m, X, y, 5, 128),
            )
        yield f"plain skorch / fit, {bias}", spread(ratios), ">= 1.5"
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 20))
    y = (X[:, 0] > 0).astype(int)
    settings = {"early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 99}
    small = classifier(
        "MLP", hidden_layer_sizes=(32, 32), max_epochs=20, batch_size=128, **settings
    )
    module = copy.deepcopy(small.fit(X, y).module_)
    with one_thread():
        ratios = paired(lambda: small.fit(X, y), lambda: plain_skorch(module, X, y, 20, 128))
    yield "plain skorch / fit, MLP 2 x 32 on 1,000 x 20", spread(ratios), ">= 2"


def sklearn() -> Iterator[Row]:
    from sklearn.neural_network import MLPClassifier

    X, y = load_mnist1d(return_X_y=True)
    for sizes, goal in zip(SMALL_MLPS, (1.5, 1.5, 1.8), strict=True):
        theirs = MLPClassifier(
            sizes, batch_size=128, max_iter=EPOCHS, tol=0, n_iter_no_change=EPOCHS + 1
        )
        ours = classifier(
            "MLP",
            hidden_layer_sizes=sizes,
            column_embedding=None,
            batch_size=128,
            max_epochs=EPOCHS,
        )
        with one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ratios = paired(
                lambda ours=ours: ours.fit(X, y),
                lambda theirs=theirs: theirs.fit(X[..., 0], y),
                n=7,
            )
        yield f"scikit-learn's MLP / ours, {sizes}", spread(ratios), f">= {goal}"


def pyg() -> Iterator[Row]:
    from torch_geometric.data import Data
    from torch_geometric.loader import DataLoader
    from torch_geometric.nn import GIN, global_mean_pool

    rng = np.random.default_rng(0)
    graphs, y = [], rng.integers(2, size=4000)
    for label in y:
        edges = rng.integers(30, size=(2, 60))
        both = np.concatenate([edges, edges[::-1]], 1)
        graphs.append(
            Data(
                x=torch.randn(30, 8), edge_index=torch.from_numpy(both), y=int(label), num_nodes=30
            )
        )

    def theirs() -> None:
        gin = GIN(8, 32, 4, norm="batch_norm", train_eps=True)
        head = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 2))
        parameters = [*gin.parameters(), *head.parameters()]
        optimizer = torch.optim.AdamW(parameters, 3e-3, fused=True)
        for _ in range(10):
            for batch in DataLoader(graphs, 128, shuffle=True):
                optimizer.zero_grad()
                nodes = gin(batch.x, batch.edge_index)
                scores = head(global_mean_pool(nodes, batch.batch, batch.num_graphs))
                nn.functional.cross_entropy(scores, batch.y).backward()
                optimizer.step()

    same: dict[str, Any] = {"hidden_size": 32, "residual": False, "readout": "mean"}
    ours = classifier("Graph", head_layer_sizes=(64,), max_epochs=10, batch_size=128, **same)
    with one_thread():
        ratios = paired(lambda: ours.fit(graphs, y), theirs)
    yield "PyG GIN with DataLoader / Graph, 4,000 graphs of 30 nodes", spread(ratios), ">= 1.5"


def predict() -> Iterator[Row]:
    X, y = load_mnist1d(return_X_y=True)
    for bias in BIASES:
        fitted = classifier(bias, max_epochs=1).fit(X[:500], y[:500])
        module = fitted.module_.eval()
        one = torch.randn(1, 40, 1)
        with torch.inference_mode(), one_thread():
            pairs = []
            for _ in range(200):
                pairs.append((seconds(lambda: fitted.predict(X[:1])), seconds(lambda: module(one))))
            more = [1000 * (ours - forward) for ours, forward in pairs]
        yield (
            f"predict one sample, above forward, {bias}",
            (f"{statistics.median(more):.2f} ms"),
            "<= 1 ms",
        )


def alone(code: str, *args: str, **environment: str) -> Any:
    """What a program prints last, as JSON, in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", code, *args],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    )
    return json.loads(run.stdout.splitlines()[-1])


ROWS = """
import json, statistics, time, warnings
import numpy as np, torch
from sklearn.neural_network import MLPClassifier
import ibestimators as ib

warnings.simplefilter("ignore")
torch.set_num_threads(1)
rng = np.random.default_rng(0)
X = rng.normal(size=(100_000, 20))
y = (X[:, 0] > 0).astype(int)
ours = ib.MLPClassifier(hidden_layer_sizes=(100,), column_embedding=None, max_epochs=1)
ours.fit(X[:1000], y[:1000])
theirs = MLPClassifier((100,), max_iter=1).fit(X[:1000], y[:1000])
module, values = ours.module_.eval(), torch.from_numpy(X.astype(np.float32))

def seconds(call, *args):
    start = time.perf_counter()
    call(*args)
    return time.perf_counter() - start

@torch.inference_mode()
def forward(batch_size):
    return torch.cat([module(part) for part in values.split(batch_size)])

many, one = [], []
for _ in range(100):
    many.append(seconds(ours.predict, X) / min(seconds(forward, n) for n in (1024, 2048)))
for _ in range(2000):
    one.append(seconds(ours.predict, X[:1]) / seconds(theirs.predict, X[:1]))
print(json.dumps([statistics.median(many), statistics.median(one)]))
"""


def rows() -> Iterator[Row]:
    """A network without embeddings of columns, whose arithmetic takes little time.

    Neither side pays for memory that the system hands out again in each pass.
    """
    heap = {"MALLOC_MMAP_THRESHOLD_": "1000000000", "MALLOC_TRIM_THRESHOLD_": "1000000000"}
    many, one = zip(*(alone(ROWS, **heap, OMP_NUM_THREADS="1") for _ in range(3)), strict=True)
    yield "predict 100,000 rows / plain forward, MLP (100,)", spread([*many]), "<= 1.2"
    yield "predict one row / scikit-learn's MLP (100,)", spread([*one]), "<= 1.2"


def images() -> Iterator[Row]:
    X, y = np.random.default_rng(0).normal(size=(512, 28, 28, 1)), np.arange(100) % 2
    for bias in ("Conv", "Graph"):
        fitted = classifier(bias, max_epochs=1)
        with one_thread():
            fitted.fit(X[:100], y)
            taken = statistics.median(seconds(lambda: fitted.predict(X)) for _ in range(3))
        yield f"predict 512 images of 28 x 28, {bias}", f"{taken:.2f} s", ""


def imports() -> Iterator[Row]:
    code = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    ours, bare = code.format("ibestimators.mlp, ibestimators"), code.format("torch, sklearn")
    ratios = [alone(ours) / alone(bare) for _ in range(7)]
    yield "import the MLP estimators / import torch, sklearn", spread(ratios), ""
    ratios = [alone(code.format("ibestimators, torch, sklearn")) / alone(bare) for _ in range(7)]
    yield "import ibestimators, torch, sklearn / torch, sklearn", spread(ratios), "<= 1.05"
    command = [sys.executable, "-m", "ibestimators", "--help"]
    times = [seconds(lambda: subprocess.run(command, capture_output=True)) for _ in range(5)]
    yield "command line's help", f"{statistics.median(times):.2f} s", "< 1 s"


FITS = """
import sys, time
import torch
import ibestimators as ib
from sklearn.datasets import load_iris

# torch's own first step
module = torch.nn.Linear(4, 3)
torch.nn.functional.cross_entropy(module(torch.zeros(8, 4)), torch.zeros(8).long()).backward()
X, y = load_iris(return_X_y=True)
estimator = getattr(ib, sys.argv[1] + "Classifier")(max_epochs=5, random_state=0)
times = []
for _ in range(2):
    start = time.perf_counter()
    estimator.fit(X, y)
    times.append(time.perf_counter() - start)
print(times[0] / times[1])
"""


def startup() -> Iterator[Row]:
    bare = [sys.executable, "-c", "import torch, sklearn, pandas"]

    def command(*args: str) -> list[str]:
        picture = f"{tempfile.gettempdir()}/picture.png"
        compare = ["compare", "iris", "--biases", "MLP", "--max-epochs", "1", "--output", picture]
        return [sys.executable, "-m", "ibestimators", *compare, *args]

    def run(program: list[str]) -> None:
        subprocess.run(program, capture_output=True, check=True)

    ratios = paired(lambda: run(bare), lambda: run(command()))
    figure = "compare iris --biases MLP --max-epochs 1 / import torch, sklearn, pandas"
    yield figure, spread(ratios), "<= 2"
    ratios = paired(lambda: run(bare), lambda: run(command("--n-jobs", "2")))
    yield "... with two workers", spread(ratios), ""
    for bias in ("MLP", "Conv"):
        ratios = [alone(FITS, bias) for _ in range(5)]
        yield f"first fit / second fit, {bias}", spread(ratios), "<= 1.5"


def counting() -> Iterator[Row]:
    X, y = load_mnist1d(return_X_y=True)
    for bias in BIASES:
        est = classifier(bias, max_epochs=EPOCHS)
        with one_thread():
            fitting = seconds(lambda est=est: est.fit(X[:800], y[:800]))
            est.count_multiply_adds(X[:8])
            taken = seconds(lambda est=est: est.count_multiply_adds(X[:8]))
        yield f"count of multiply-adds / five fits, {bias}", f"{taken / fitting / 5:.2%}", "< 1 %"


MEMORY = """
import json, sys, tempfile, threading, time
import numpy as np, torch, sklearn.model_selection
import ibestimators as ib

def anonymous():  # pages of files that are mapped do not count: they can go at any time
    for line in open("/proc/self/status"):
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024

kind, bias = sys.argv[1:]
rng = np.random.default_rng(0)
shape = (400_000, 40, 1) if bias != "MLP" else (400_000, 40)
dtype = np.float32 if kind != "float64" else np.float64
y = rng.integers(2, size=shape[0])
if kind == "memmap":
    file = tempfile.NamedTemporaryFile()
    X = np.memmap(file.name, dtype, "w+", shape=shape)
    for i in range(0, len(X), 10_000):
        X[i : i + 10_000] = rng.normal(size=(len(X[i : i + 10_000]), *shape[1:]))
    X.flush()
else:
    X = rng.normal(size=shape).astype(dtype)
estimator = getattr(ib, bias + "Classifier")
params = {"hidden_layer_sizes": (8,)} if bias == "MLP" else {"n_filters": (2,)}
estimator(max_epochs=1, batch_size=1000, **params).fit(np.asarray(X[:2000]), y[:2000])
before, peak, done = anonymous(), 0, False
def watch():
    global peak
    while not done:
        peak = max(peak, anonymous())
        time.sleep(0.001)
thread = threading.Thread(target=watch)
thread.start()
estimator(max_epochs=1, batch_size=1000, **params).fit(X, y)
done = True
thread.join()
print(json.dumps((peak - before) / (X.size * 4)))
"""


def memory() -> Iterator[Row]:
    for bias in ("MLP", "Conv"):
        for kind in ("float32", "float64", "memmap"):
            share = alone(MEMORY, kind, bias)
            yield (
                f"peak memory of fit above X / X as float32, {bias}, {kind}",
                f"{share:.2f}",
                ("<= 0.5 (no copy)" if kind == "memmap" else "<= 2"),
            )


MEMORY_OF_PREDICT = """
import json, sys, tempfile, threading, time
import numpy as np, torch
import ibestimators as ib

def anonymous():
    for line in open("/proc/self/status"):
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024

name, method = sys.argv[1:]
rng = np.random.default_rng(0)
file = tempfile.NamedTemporaryFile()
X = np.memmap(file.name, np.float32, "w+", shape=(1_000_000, 40))
for i in range(0, len(X), 10_000):
    X[i : i + 10_000] = rng.normal(size=(10_000, 40))
fitted = getattr(ib, name)(max_epochs=1).fit(np.asarray(X[:5000]), np.arange(5000) % 2)
predict = getattr(fitted, method)
predict(X[:5000])
before, peak, done = anonymous(), 0, False
def watch():
    global peak
    while not done:
        peak = max(peak, anonymous())
        time.sleep(0.001)
thread = threading.Thread(target=watch)
thread.start()
outputs = predict(X)
done = True
thread.join()
print(json.dumps((peak - before - outputs.nbytes) / 1e6))
"""


def memory_of_predict() -> Iterator[Row]:
    for name, method in (
        ("MLPClassifier", "predict"),
        ("MLPClassifier", "predict_proba"),
        ("MLPRegressor", "predict"),
    ):
        yield (
            f"memory of {method} above its result, 1,000,000 rows of a memory map, {name}",
            f"{alone(MEMORY_OF_PREDICT, name, method):.0f} MB",
            "<= 20 MB",
        )


ONE_GRAPH = """
import json, resource, time
import numpy as np
from scipy import sparse
import ibestimators as ib

rng = np.random.default_rng(0)
n = 100_000
ends = rng.integers(n, size=(2, 500_000))
half = sparse.coo_array((np.ones(500_000), tuple(ends)), shape=(n, n))
graph = ((half + half.T) > 0).astype(float).tocsr()  # an edge in each direction
features = rng.normal(size=(n, 32)).astype(np.float32)
X, y = np.arange(n), rng.integers(5, size=n)

def fit(epochs):
    est = ib.GraphClassifier(max_epochs=epochs, random_state=0)
    start = time.perf_counter()
    fitted = ib.NodeClassifier(est, graph, features).fit(X, y)
    return fitted, time.perf_counter() - start

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
(_, short), (fitted, long) = fit(1), fit(4)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
start = time.perf_counter()
fitted.predict(X[:100])
epoch = (long - short) / 3
print(json.dumps([graph.nnz, short - epoch, epoch, time.perf_counter() - start, before, peak]))
"""


def one_graph() -> Iterator[Row]:
    """One graph of 100,000 nodes and 1,000,000 edges, without sampling, on one thread."""
    edges, reading, epoch, predicting, before, peak = alone(ONE_GRAPH, OMP_NUM_THREADS="1")
    name = f"one graph of 100,000 nodes, 32 features, {edges:,} edges, Graph"
    yield f"{name}: an epoch", f"{epoch:.1f} s", ""
    yield "... reading it and building the network", f"{reading:.1f} s", ""
    yield "... predict", f"{predicting:.1f} s", ""
    yield "... peak memory, before the fit", f"{peak:.2f} GB, {before:.2f} GB", ""


def scaling() -> Iterator[Row]:
    rng = np.random.default_rng(0)
    for bias in BIASES:
        # The linear head after flattening would grow with the steps.
        params = {"MLP": {}, "Recurrent": {"readout": "last"}}.get(bias, {})
        times = {}
        for n in (1_000, 10_000, 100_000):
            X, y = rng.normal(size=(n, 16, 1)), rng.integers(2, size=n)
            net = classifier(bias, max_epochs=1, batch_size=100, **params)
            n_runs = 5 if n < 100_000 else 1
            with one_thread():
                net.fit(X[:1000], y[:1000])
                times[n] = statistics.median(seconds(lambda: net.fit(X, y)) for _ in range(n_runs))
        per_sample = [times[n] / n * 1e6 for n in times]
        yield (
            f"us a sample, n = 1,000, 10,000, 100,000, {bias}",
            (", ".join(f"{t:.0f}" for t in per_sample)),
            "within 20 %",
        )
    kinds: dict[str, Any] = {
        "Conv": classifier("Conv"),
        "Recurrent": classifier("Recurrent", readout="last"),
        "Graph": classifier("Graph"),
        "Attention": classifier("Attention", patch_size=1),
        "Attention, local": classifier("Attention", patch_size=1, mask="local"),
    }
    for name, net in kinds.items():
        per_step = []
        for steps in (100, 400, 1600, 3200):
            X, y = rng.normal(size=(32, steps, 1)), np.arange(32) % 2
            net.set_params(max_epochs=2, batch_size=8)
            with one_thread():
                taken = statistics.median(seconds(lambda: net.fit(X, y)) for _ in range(3))
            per_step.append(taken / 64 / steps * 1e6)
        yield (
            f"us a step, T = 100, 400, 1600, 3200, {name}",
            (", ".join(f"{t:.1f}" for t in per_step)),
            "quadratic" if name == "Attention" else "within 20 %",
        )


def gpu() -> Iterator[Row]:
    """Fits and predictions on a GPU: against all threads of the processor, and by hand."""
    if not torch.cuda.is_available():
        raise SystemExit("The figure gpu needs a GPU that torch can use.")
    X, y = load_mnist1d(return_X_y=True)
    n_epochs = 4
    settings: dict[str, Any] = {"max_epochs": n_epochs, "batch_size": 128, "lr": 3e-3}
    for bias in BIASES:
        ours, other = (classifier(bias, device=device, **settings) for device in ("cuda", "cpu"))
        module = fresh_module(other, X, y)
        ratios = paired(lambda ours=ours: ours.fit(X, y), lambda other=other: other.fit(X, y), n=2)
        yield f"processor / GPU, fit of MNIST-1D, {bias}", spread(ratios), ""
        ratios = paired(
            lambda m=module, clip=bias == "Recurrent": written_by_hand(
                copy.deepcopy(m), X, y, n_epochs, 3e-3, clip, "cuda"
            ),
            lambda ours=ours: ours.fit(X, y),
        )
        yield f"fit / hand-written loop, both on a GPU, {bias}", spread(ratios), "<= 1.08"
    rng = np.random.default_rng(0)
    images, steps = rng.normal(size=(2_000, 32, 32, 3)), rng.normal(size=(512, 1_500, 4))
    of_images, of_steps = (rng.integers(10, size=len(samples)) for samples in (images, steps))
    epoch: dict[str, Any] = {"max_epochs": 1, "batch_size": 128}
    wide = {"n_filters": (128, 256, 256)}
    tasks: dict[str, tuple[str, dict[str, Any], Any, Any]] = {
        "Conv, 2,000 images of 32 x 32 x 3": ("Conv", {}, images, of_images),
        "... 128, 256, 256 filters": ("Conv", wide, images, of_images),
        "Attention, the same images": ("Attention", {}, images, of_images),
        "Graph, the same images": ("Graph", {}, images, of_images),
        "Recurrent, 512 sequences of 1,500 steps": ("Recurrent", {}, steps, of_steps),
    }
    for name, (bias, params, samples, labels) in tasks.items():
        ours, other = (
            classifier(bias, device=device, **epoch, **params) for device in ("cuda", "cpu")
        )
        ratios = paired(
            lambda net=ours, X=samples, y=labels: net.fit(X, y),
            lambda net=other, X=samples, y=labels: net.fit(X, y),
            n=1,
        )
        yield f"processor / GPU, an epoch: {name}", f"{ratios[0]:.1f}, one run", ""
        taken = seconds(lambda net=ours, X=samples: net.predict(X))
        yield "... predict on the GPU", f"{taken:.2f} s, one run", ""
    for n_steps, n_samples in ((40, 128), (1_500, 128), (10_000, 8)):
        given = [
            torch.rand(n_steps, n_samples, 64, device="cuda").requires_grad_() for _ in range(2)
        ]

        def run(recurrence: Callable[..., torch.Tensor], given: Any = given) -> None:
            recurrence(*given, 32).square().sum().backward()
            torch.cuda.synchronize()

        ratios = paired(
            lambda run=run: run(by_doubling), lambda run=run: run(_LinearRecurrence.apply), n=3
        )
        yield f"a linear recurrence by steps / by doubling, {n_steps} steps", spread(ratios), ""


def naive() -> Iterator[Row]:
    from sklearn.model_selection import StratifiedKFold, cross_validate
    from skorch import NeuralNetClassifier

    X, y = load_mnist1d(return_X_y=True)
    X, y = X[:1000], y[:1000]
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    nets = {bias: classifier(bias, max_epochs=EPOCHS) for bias in BIASES}
    modules = {bias: fresh_module(classifier(bias), X, y) for bias in BIASES}

    def script() -> None:
        for module in modules.values():
            net = NeuralNetClassifier(
                module,
                criterion=nn.CrossEntropyLoss,
                optimizer=torch.optim.AdamW,
                lr=3e-3,
                max_epochs=EPOCHS,
                batch_size=40,
                verbose=0,
            )
            cross_validate(net, X.astype(np.float32), y, cv=folds)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ratios = paired(lambda: ib.compare_biases(X, y, nets, cv=folds, n_jobs=2), script, n=3)
    yield "naive script / compare_biases, 5 nets x 5 folds", spread(ratios), ">= 3"


def peers() -> Iterator[Row]:
    """aeon's FCN (needs aeon and tensorflow) on OSULeaf."""
    from aeon.classification.deep_learning import FCNClassifier
    from aeon.datasets import load_classification

    X, y = load_classification("OSULeaf", split="train")
    X_test, y_test = load_classification("OSULeaf", split="test")
    ours = ib.ConvClassifier(channels_first=True, random_state=0)
    n_epochs = 200  # of 2,000; what this takes is counted ten times
    fcn = FCNClassifier(n_epochs=n_epochs, random_state=0)
    taken = seconds(lambda: ours.fit(X, y)), seconds(lambda: fcn.fit(X, y))
    accuracy = ours.score(X_test, y_test), fcn.score(X_test, y_test)
    yield f"aeon's FCN, {n_epochs} epochs / Conv on OSULeaf", f"{taken[1] / taken[0]:.1f}", ">= 2"
    yield "... test accuracy, aeon and ours", f"{accuracy[1]:.3f}, {accuracy[0]:.3f}", "equal"


FIGURES = (
    loop,
    folds,
    ragged,
    recurrence,
    edges,
    skorch,
    sklearn,
    pyg,
    predict,
    rows,
    images,
    imports,
    startup,
    counting,
    memory,
    memory_of_predict,
    one_graph,
    scaling,
    gpu,
    naive,
    peers,
)


def main() -> None:
    names = {figure.__name__: figure for figure in FIGURES}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=", ".join(names))
    rows = []
    by_default = [name for name in names if name != "gpu" or torch.cuda.is_available()]
    for name in parser.parse_args().figures or by_default:
        for row in names[name]():
            rows.append(row)
            print(*row, sep=" | ", flush=True)
    print(tabulate(rows, ("figure", "median (range)", "goal"), tablefmt="github"))


if __name__ == "__main__":
    main()
