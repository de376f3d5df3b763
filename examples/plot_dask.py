"""
Does a comparison on a cluster give the same table?
===================================================

The fits of a comparison are independent, so a cluster can run them in parallel. Does it change the
result, and what is lost when a run is interrupted? In this example a comparison starts on one
machine, is interrupted, and continues on a cluster of two workers.
"""

# %%
# A complete run on one machine
# -----------------------------
#
# The five biases on a part of the digits, three folds: 15 fits. With ``cache=`` each finished fit
# is written to a directory.

import os
import tempfile
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import pandas as pd
from dask.distributed import Client, SubprocessCluster, get_task_stream
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier

from ibestimators import biases, compare_biases

SEED = 0
SAME = ["estimator", "fold", "score", "n_parameters", "n_train", "n_test"]

X, y = load_digits(return_X_y=True)
X, y = X[:450], y[:450]
estimators = biases("classification", input_shape=(8, 8, 1), max_epochs=6)
folder = tempfile.TemporaryDirectory()
shared = Path(folder.name, "shared")

alone = compare_biases(X, y, estimators, cv=3, random_state=SEED, cache=Path(folder.name, "alone"))
print(alone)

# %%
# An interrupted run
# ------------------
#
# Now the same with an empty directory, and with a sixth estimator that interrupts the run: it
# raises what Ctrl-C raises. The fits of the first folds run first, so each bias finishes one fit.


class Plug(DummyClassifier):
    def fit(self, X, y):
        raise KeyboardInterrupt


try:
    compare_biases(X, y, {**estimators, "plug": Plug()}, cv=3, random_state=SEED, cache=shared)
except KeyboardInterrupt:
    print("stopped")
before = {path: path.stat().st_mtime_ns for path in shared.glob("*.json")}
print(f"{len(before)} of {len(alone.cells)} fits are cached")

# %%
# Continued on the cluster
# ------------------------
#
# ``SubprocessCluster`` starts a scheduler and two workers as separate processes on this machine.
# For an existing cluster, use ``Client("scheduler:8786")`` and a cache directory that all machines
# share; the call itself does not change.

with (
    SubprocessCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
    Client(cluster) as client,
):
    client.wait_for_workers(2, timeout=120)
    with get_task_stream(client) as stream, joblib.parallel_config(backend="dask"):
        spread = compare_biases(X, y, estimators, cv=3, random_state=SEED, cache=shared)
    workers = client.run(os.getpid)

after = {path: path.stat().st_mtime_ns for path in shared.glob("*.json")}
untouched = sum(after[path] == time for path, time in before.items())
print(f"{len(after)} fits are cached now; {untouched} of the first {len(before)} unchanged")
pd.testing.assert_frame_equal(spread.cells[SAME], alone.cells[SAME])
print("scores, parameters and folds are equal to those of the run on one machine")

# %%
# The tasks that Dask recorded, with a row for each worker.

tasks = [
    (record["worker"], span["start"], span["stop"])
    for record in stream.data
    for span in record["startstops"]
    if span["action"] == "compute"
]
names = sorted({worker for worker, _, _ in tasks})
begin = min(start for _, start, _ in tasks)
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
for worker, start, stop in tasks:
    left.barh(
        names.index(worker), stop - start, left=start - begin, height=0.5, color="C0", ec="white"
    )
left.set_yticks(range(len(names)), [f"worker {i + 1}" for i in range(len(names))])
left.set(xlabel="seconds", title="fits on the cluster")
spread.plot(right)
plt.show()
folder.cleanup()

# %%
# Conclusion
# ----------
# Yes: scores, folds and parameters are equal, since the seed of each fit comes from
# ``random_state`` and does not depend on the worker. The 5 of 15 fits that were finished before the
# interruption did not run again. For fits of a second or less a cluster is no faster; for fits of
# hours, the same code works without other changes.
