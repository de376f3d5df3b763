"""Which defaults do well on many data sets? The study for docs/defaults.md.

    python examples/defaults_study.py Conv   variants of a primitive, on development data
    python examples/defaults_study.py check  the chosen defaults, on held-out data

Thirteen real data sets and one synthetic, all of which come with packages: tables, images,
series, sequences of different lengths, names as characters, molecules. Development data is
the training split where a set has an official one, else a stratified 70 %; each variant is
scored on it by two folds, twice. Only ``check`` uses the rest.

Needs ``pip install sktime aeon grakel names``. A primitive takes five to ten minutes on two
cores.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from sklearn import datasets
from sklearn.model_selection import (
    RepeatedKFold,
    RepeatedStratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline

from ibestimators import TextTokenizer
from ibestimators.datasets import load_mnist1d, read_ts, read_tudataset
from ibestimators.suite import biases

VARIANTS: dict[str, list[dict[str, Any]]] = {
    "MLP": [
        {},
        {"weight_decay": 1.0},
        {"hidden_layer_sizes": (128, 128)},
        {"max_epochs": 40},
        {"max_epochs": 40, "dropout": 0.2},
    ],
    "Conv": [
        {},
        {"n_filters": (32, 64, 64)},
        {"kernel_size": 7},
        {"max_epochs": 80},
        {"weight_decay": 0.1},
        {"readout": "max"},
        {"normalization": None},
    ],
    "Recurrent": [
        {},
        {"cell": "lstm"},
        {"bidirectional": True},
        {"lr": 3e-3},
        {"readout": "mean"},
        {"weight_decay": 0.1},
    ],
    "Graph": [
        {},
        {"aggregation": "mean"},
        {"aggregation": "max"},
        {"readout": "sum"},
        {"readout": "max"},
        {"n_layers": 2},
        {"weight_decay": 0.1},
    ],
    "Attention": [
        {},
        {"position": "rotary"},
        {"readout": "cls"},
        {"weight_decay": 0.3},
        {"embedding_size": 64, "n_heads": 4},
        {"lr": 1e-3, "max_epochs": 80},
    ],
}
LONG = ("OSULeaf",)  # 427 steps: takes most of the time; used for Conv and MLP only


class Parts(NamedTuple):
    """A data set: the part that defaults are chosen on, and the part that they are checked on."""

    X: Any
    y: Any
    X_check: Any
    y_check: Any


def folder(package: str, *parts: str) -> Path:
    """A folder inside an installed package."""
    spec = find_spec(package)
    assert spec is not None, f"pip install {package}"
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0], *parts)


def official(package: str, name: str) -> Parts:
    """A set of the UCR archive with its official split."""
    stem = folder(package, "datasets", "data", name) / name
    X, y = read_ts(f"{stem}_TRAIN.ts")
    X_check, y_check = read_ts(f"{stem}_TEST.ts")
    return Parts(X, y, X_check, y_check)


def cut(X: Any, y: Any) -> Parts:
    """70 % to develop on, stratified by class."""
    strata = None if np.asarray(y).dtype.kind == "f" else y
    X, X_check, y, y_check = train_test_split(X, y, test_size=0.3, stratify=strata, random_state=0)
    return Parts(X, y, X_check, y_check)


def names() -> tuple[list[str], Any]:
    """First names of the United States, as many of women as of men, the most common ones."""
    given = {}
    for sex in ("female", "male"):
        lines = (folder("names") / f"dist.{sex}.first").read_text().splitlines()
        given[sex] = [line.split()[0].lower() for line in lines][:1000]
    X = given["female"] + given["male"]
    return X, np.repeat(["female", "male"], 1000)


def data_sets() -> dict[str, Parts]:
    digits, y_digits = datasets.load_digits(return_X_y=True)
    signals, y_signals = load_mnist1d(return_X_y=True)
    return {
        "wine": cut(*datasets.load_wine(return_X_y=True)),
        "cancer": cut(*datasets.load_breast_cancer(return_X_y=True)),
        "diabetes": cut(*datasets.load_diabetes(return_X_y=True)),
        "digits": cut(digits.reshape(-1, 8, 8, 1)[:1000], y_digits[:1000]),
        "OSULeaf": official("sktime", "OSULeaf"),
        "GunPoint": official("sktime", "GunPoint"),
        "ArrowHead": official("sktime", "ArrowHead"),
        "ItalyPower": official("sktime", "ItalyPowerDemand"),
        "BasicMotions": official("sktime", "BasicMotions"),
        "Tecator": official("sktime", "Tecator"),
        "Vowels": official("sktime", "JapaneseVowels"),
        "names": cut(*names()),
        "MUTAG": cut(*read_tudataset(folder("grakel", "tests", "data", "MUTAG"))),
        "mnist1d": Parts(
            signals[:1000], y_signals[:1000], *load_mnist1d(subset="test", return_X_y=True)
        ),
    }


def estimator(primitive: str, data: Parts, seed: int, params: dict[str, Any]) -> Any:
    """The primitive's classifier or regressor, behind a tokenizer for names."""
    regression = np.asarray(data.y).dtype.kind == "f"
    task = "regression" if regression else "classification"
    est = biases(task)[primitive].set_params(random_state=seed, **params)
    if isinstance(data.X[0], str):
        return make_pipeline(TextTokenizer(level="character"), est)
    return est


def development_score(primitive: str, params: dict[str, Any], data: Parts) -> float:
    """Mean accuracy or R² of two shuffled folds, twice."""
    warnings.simplefilter("ignore")
    regression = np.asarray(data.y).dtype.kind == "f"
    folds = RepeatedKFold if regression else RepeatedStratifiedKFold
    cv = folds(n_splits=2, n_repeats=2, random_state=0)
    est = estimator(primitive, data, 0, params)
    return float(cross_val_score(est, data.X, data.y, cv=cv).mean())


def check_score(primitive: str, data: Parts, seed: int) -> float:
    """Accuracy or R² on held-out data, after a fit on all development data."""
    warnings.simplefilter("ignore")
    fitted = estimator(primitive, data, seed, {}).fit(data.X, data.y)
    return float(fitted.score(data.X_check, data.y_check))


def develop(primitive: str, data: dict[str, Parts]) -> Iterator[tuple[str, list[float]]]:
    variants = VARIANTS[primitive]
    kept = [name for name in data if primitive in ("MLP", "Conv") or name not in LONG]
    scores = Parallel(n_jobs=2)(
        delayed(development_score)(primitive, params, data[name])
        for params in variants
        for name in kept
    )
    rows = np.reshape(scores, (len(variants), len(kept)))
    yield "variant", kept
    for i in np.argsort(-rows.mean(1)):
        variant = ", ".join(f"`{k}={v!r}`" for k, v in variants[i].items()) or "**default**"
        yield variant, list(rows[i])


def check(data: dict[str, Parts]) -> Iterator[tuple[str, list[Any]]]:
    tasks = [(p, name, seed) for p in VARIANTS for name in data for seed in range(3)]
    scores = Parallel(n_jobs=2)(
        delayed(check_score)(p, data[name], seed) for p, name, seed in tasks
    )
    yield "defaults", list(data)
    for p, row in zip(VARIANTS, np.reshape(scores, (len(VARIANTS), len(data), 3)), strict=True):
        yield p, list(row.mean(1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=[*VARIANTS, "check"])
    what = parser.parse_args().what
    rows = check(data_sets()) if what == "check" else develop(what, data_sets())
    head, columns = next(rows)
    print(f"| {head} | mean | " + " | ".join(columns) + " |")
    print("|" + "---|" * (len(columns) + 2))
    for name, scores in rows:
        cells = " | ".join(f"{s:.3f}" for s in scores)
        print(f"| {name} | {np.mean(scores):.3f} | {cells} |")


if __name__ == "__main__":
    main()
