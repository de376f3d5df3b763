"""Which bias wins where: five biases on data sets of every kind that packages bring.

    python examples/benchmark_study.py folds FOLDER            write the folds of all data sets
    python examples/benchmark_study.py run FOLDER [NAME ...]   measure what is not yet measured

FOLDER is that of study_data.py, with its texts and graphs; without them, name other sets.
Each set has up to 200 samples. ``run`` writes one file for each set and seed to docs/benchmark and
goes on from what it finds there: an interrupted run loses one part of one set. Options:
``--seeds 0 1 2`` (0 by default), ``--parts`` (see `PARTS`), ``--jobs 2`` processes, or ``--dask
ADDRESS``, the scheduler of a Dask cluster that has the data packages. ``--seeds`` other than 0
measure scores and screening only. benchmark_page.py makes the page of the documentation from the
files.

Parts: ``scores`` by 4 folds, with the usual method of other libraries for the kind of data as a
guest; ``screening`` by untrained networks and 12 epochs; ``diagnosis``; ``noise``, a control in
which no bias should win: labels in random order. Where a bias gains more than 0.05 over the MLP,
the best one and the MLP: ``twin``, another control, on the data without its structure; ``curve``,
the learning curves of both. Seconds are those of one core.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit
from study_data import groups, load, take

from ibestimators import (
    TextTokenizer,
    biases,
    compare_biases,
    compare_learning_curves,
    diagnose,
    screen_biases,
)
from ibestimators.comparison import ComparisonResult, destroy_structure
from ibestimators.hashing import content_hash

RESULTS = Path(__file__).parents[1] / "docs" / "benchmark"
MAX_SAMPLES, N_FOLDS, SEEDS = 200, 4, (0, 1, 2)
WITH_ALL_SEEDS = ("scores", "screening")  # parts that vary most
NOT_USED = ("full",)  # the same data, larger
KINDS = {name: kind for kind, sets in groups().items() if kind not in NOT_USED for name in sets}
NEVER_TESTED = "-"
GAIN = 0.05  # over the MLP, above which the best bias is looked at more closely


class DataSet(NamedTuple):
    """Up to `MAX_SAMPLES` samples of a data set; `in_order` if time decides the folds."""

    name: str
    X: Any
    y: NDArray[Any]
    in_order: bool

    @property
    def task(self) -> str:
        return "regression" if self.y.dtype.kind == "f" else "classification"

    @property
    def chance(self) -> float:
        """The score without X: the accuracy of the most frequent class, or the R² of the mean."""
        if self.task == "regression":
            return 0.0
        return float(np.unique(self.y, return_counts=True)[1].max() / len(self.y))

    @property
    def checksum(self) -> str:
        """Of rounded numbers, since their last bits depend on the processor."""
        return str(content_hash((rounded(self.X), rounded(self.y))))


def rounded(data: Any) -> Any:
    """Arrays of floats, also those in a list, to six decimals."""
    if isinstance(data, list):
        return [rounded(sample) for sample in data]
    if isinstance(data, np.ndarray) and data.dtype.kind == "f":
        return data.round(6) + 0.0  # -0.0 is 0.0
    return data


def read(name: str, folder: Path) -> DataSet:
    """Both parts of a set together; texts as tokens; the last windows of a series."""
    parts = load(name, folder)
    y = np.concatenate([parts.y, parts.y_check])
    if isinstance(parts.X, list):
        X: Any = [*parts.X, *parts.X_check]
    else:
        X = np.concatenate([parts.X, parts.X_check])
    in_order = KINDS[name] == "windows"
    if in_order:
        rows = np.arange(len(y))[-MAX_SAMPLES:]
    else:
        rows = np.sort(np.random.default_rng(0).permutation(len(y))[:MAX_SAMPLES])
    X, y = take(X, rows), y[rows]
    if isinstance(X[0], str):
        words = any(" " in text for text in X)
        X = TextTokenizer(level="word" if words else "character").fit_transform(X)
    if y.dtype.kind != "f":  # classes too rare for the folds
        classes, counts = np.unique(y, return_counts=True)
        kept = np.flatnonzero(np.isin(y, classes[counts >= N_FOLDS]))
        X, y = take(X, kept), y[kept].astype(str)
    return DataSet(name, X, y, in_order)


def folds_of(data: DataSet, seed: int) -> str:
    """The fold in which each sample is tested, a digit for each."""
    splitter: Any
    if data.in_order:
        splitter = TimeSeriesSplit(N_FOLDS)
    elif data.task == "classification":
        splitter = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    else:
        splitter = KFold(N_FOLDS, shuffle=True, random_state=seed)
    digits = np.full(len(data.y), NEVER_TESTED)
    for fold, (_, test) in enumerate(splitter.split(np.zeros(len(data.y)), data.y)):
        digits[test] = str(fold)
    return "".join(digits)


def splits_of(folds: str, in_order: bool) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Training and test samples of each fold; those in order are trained on the past."""
    digits = np.array(list(folds))
    splits = []
    for fold in range(N_FOLDS):
        test = np.flatnonzero(digits == str(fold))
        rest = np.flatnonzero(digits != str(fold))
        splits.append((rest[rest < test[0]] if in_order else rest, test))
    return splits


def estimators_of(data: DataSet, **params: Any) -> dict[str, Any]:
    return dict(biases(data.task, **params))


class Run(NamedTuple):
    """What a part needs: the data, the folds, the seed, and what was measured before."""

    data: DataSet
    splits: list[tuple[NDArray[Any], NDArray[Any]]]
    seed: int
    found: dict[str, Any]

    @property
    def pair(self) -> dict[str, Any]:
        """The baseline and the best other bias, if it gains enough to ask why."""
        models = estimators_of(self.data)
        folds = self.found["scores"]["folds"]
        means = {name: np.clip(folds[name], 0, None).mean() for name in models}
        best = max((name for name in models if name != "MLP"), key=lambda name: means[name])
        gain = means[best] - means["MLP"]
        if gain <= GAIN:
            raise ValueError(f"The best other bias gains {gain:.3f} over the MLP.")
        return {"MLP": models["MLP"], best: models[best]}


def scores(run: Run) -> dict[str, Any]:
    data = run.data
    result = compare_biases(
        data.X,
        data.y,
        estimators_of(data),
        guests=np.ndim(data.y) == 1,  # they predict one value a sample
        cv=run.splits,
        random_state=run.seed,
    )
    cells = result.cells.groupby("estimator", sort=False)
    means = cells[["fit_time", "predict_time", "train_score"]].mean().round(4)
    return {"folds": by_fold(result), **means.to_dict(), "scoring": result.scoring}


def screening(run: Run) -> dict[str, Any]:
    cv: Any = TimeSeriesSplit(3) if run.data.in_order else 3
    frame = screen_biases(run.data.X, run.data.y, cv=cv, random_state=run.seed).to_frame()
    return dict(frame[["log_density", "evidence", "score", "short_score"]].round(4).to_dict())


def diagnosis(run: Run) -> dict[str, Any]:
    result = diagnose(run.data.X, run.data.y, random_state=run.seed)
    status = {} if result.symmetries is None else dict(result.symmetries.to_frame()["status"])
    return {
        "suggested": result.bias,
        "status": status,
        "findings": [f.name for f in result.findings],
    }


def twin(run: Run) -> dict[str, Any]:
    """The baseline and the best bias without the structure of the data."""
    X = destroy_structure(run.data.X, "auto", run.seed)
    result = compare_biases(X, run.data.y, run.pair, cv=run.splits, random_state=run.seed)
    return {"folds": by_fold(result)}


def noise(run: Run) -> dict[str, Any]:
    """How many of the five biases are found to differ when labels are in random order."""
    y = np.random.default_rng(run.seed).permutation(run.data.y)
    models = estimators_of(run.data, max_epochs=3)
    result = compare_biases(run.data.X, y, models, cv=run.splits, random_state=run.seed)
    p_values = result.to_frame()["p_value"].dropna()
    return {"p_values": p_values.round(4).to_dict()}


def curve(run: Run) -> dict[str, Any]:
    """How many times the data of the MLP the best other bias is worth."""
    n = min(len(train) for train, _ in run.splits)
    sizes = sorted({n // 4, n // 2, n})
    result = compare_learning_curves(
        run.data.X, run.data.y, run.pair, train_sizes=sizes, cv=run.splits, random_state=run.seed
    )
    (row,) = result.data_efficiency().to_dict("index").items()
    keys = ("factor", "factor_low", "factor_high", "reached")
    return {"name": row[0], **{key: row[1][key] for key in keys}}


PARTS: dict[str, Callable[[Run], dict[str, Any]]] = {
    part.__name__: part for part in (scores, screening, diagnosis, noise, twin, curve)
}


def by_fold(result: ComparisonResult) -> dict[str, list[float]]:
    cells = result.cells.sort_values("fold")
    return {
        str(name): [round(float(score), 5) for score in own["score"]]
        for name, own in cells.groupby("estimator", sort=False)
    }


def file_of(name: str, seed: int) -> Path:
    return RESULTS / f"{name}-{seed}.json"


def measure(name: str, seed: int, folder: Path, parts: list[str]) -> None:
    """Add the parts that are missing to the file of a set and a seed."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    path = file_of(name, seed)
    found = json.loads(path.read_text()) if path.exists() else {}
    missing = [part for part in PARTS if part in parts and part not in found]
    if not missing:
        return
    data = read(name, folder)
    known = json.loads((RESULTS / "folds.json").read_text())[name]
    if known["checksum"] != data.checksum:
        raise SystemExit(f"The data of {name} differ from those that the folds were made for.")
    found |= {
        "n_samples": len(data.y),
        "task": data.task,
        "kind": KINDS[name],
        "chance": round(data.chance, 5),
    }
    run = Run(data, splits_of(known["folds"][str(seed)], data.in_order), seed, found)
    for part in missing:
        start = time.process_time()
        try:
            found[part] = PARTS[part](run)
        except ValueError as error:  # such as a structure that the data do not have
            found[part] = {"error": str(error)}
        found[part]["seconds"] = round(time.process_time() - start, 2)
        path.write_text(json.dumps(found, indent=1) + "\n")
        print(f"{name}, seed {seed}: {part}, {found[part]['seconds']:.0f} s", flush=True)


def write_folds(names: list[str], folder: Path) -> None:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "folds.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    for name in names:
        data = read(name, folder)
        folds = {str(seed): folds_of(data, seed) for seed in SEEDS}
        known[name] = {"checksum": data.checksum, "folds": folds}
        print(f"{name}: {len(data.y)} samples", flush=True)
    path.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("command", choices=("folds", "run"))
    parser.add_argument("folder", type=Path, help="that of study_data.py")
    parser.add_argument("names", nargs="*", metavar="NAME", help="data sets, or all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], choices=SEEDS)
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--dask", metavar="ADDRESS", help="scheduler of a cluster")
    args = parser.parse_args()
    unknown = [name for name in args.names if name not in KINDS]
    if unknown:
        parser.error(f"{unknown[0]!r} is not one of {', '.join(KINDS)}.")
    names = args.names or list(KINDS)
    if args.command == "folds":
        write_folds(names, args.folder)
        return
    tasks = [
        delayed(measure)(name, seed, args.folder, parts)
        for seed in args.seeds
        for parts in [[p for p in args.parts if seed == 0 or p in WITH_ALL_SEEDS]]
        for name in names
    ]
    if args.dask:
        from dask.distributed import Client

        with Client(args.dask), joblib.parallel_config(backend="dask"):
            Parallel()(tasks)
    else:
        Parallel(n_jobs=args.jobs)(tasks)


if __name__ == "__main__":
    main()
