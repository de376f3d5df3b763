"""Which defaults do well on many data sets? The study behind docs/defaults.md.

Each variant of a primitive is cross-validated on development data (never on the
test split that a claim is made for) and ranked by its mean score::

    python examples/defaults_study.py Conv

Needs ``pip install sktime`` for the series. A primitive takes two to five
minutes on two cores.
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn import datasets
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

from ibestimators.datasets import load_atlas, load_mnist1d, make_trajectories
from ibestimators.suite import biases

VARIANTS: dict[str, list[dict[str, Any]]] = {
    "MLP": [
        {},
        {"weight_decay": 1.0},
        {"weight_decay": 10.0},
        {"hidden_layer_sizes": (128,)},
        {"normalization": "layer"},
        {"max_epochs": 40},
    ],
    "Conv": [
        {},
        {"normalization": "layer"},
        {"normalization": None},
        {"readout": "flatten"},
        {"readout": "max"},
        {"n_filters": (32, 64, 64)},
    ],
    "Recurrent": [
        {},
        {"lr": 3e-3},
        {"cell": "lstm"},
        {"readout": "last"},
        {"readout": "max"},
    ],
    "Graph": [
        {},
        {"normalization": "layer"},
        {"position": "none"},
        {"aggregation": "mean"},
        {"readout": "max"},
    ],
    "Attention": [
        {},
        {"position": "sinusoidal"},
        {"position": "rotary"},
        {"readout": "cls"},
        {"weight_decay": 0.1},
        {"weight_decay": 0.01},
        {"weight_decay": 0.3},
    ],
}


def series(name: str) -> tuple[Any, Any]:
    """Training split of a univariate series set shipped with sktime."""
    import sktime.datasets

    X, y = getattr(sktime.datasets, f"load_{name}")(split="train", return_type="numpy3D")
    return X[:, 0], y


def vowels() -> tuple[Any, Any]:
    """Training split of JapaneseVowels, 7 to 26 steps of 12 features."""
    from sktime.datasets import load_japanese_vowels

    X, y = load_japanese_vowels(split="train", return_type="nested_univ")
    return [np.stack([s.to_numpy() for s in row], 1) for row in X.to_numpy()], y


def triangles() -> tuple[Any, Any]:
    """A third of the atlas, and how many triangles each graph has."""
    X, y = load_atlas(return_X_y=True)
    return X[::3], y[::3].astype(float)


def development_data() -> dict[str, tuple[Any, Any]]:
    digits, y_digits = datasets.load_digits(return_X_y=True)
    signals, y_signals = load_mnist1d(return_X_y=True)
    return {
        "digits": (digits[:600].reshape(-1, 8, 8, 1), y_digits[:600]),
        "mnist1d": (signals[:1000], y_signals[:1000]),
        "OSULeaf": series("osuleaf"),
        "GunPoint": series("gunpoint"),
        "ArrowHead": series("arrow_head"),
        "ItalyPower": series("italy_power_demand"),
        "wine": datasets.load_wine(return_X_y=True),
        "cancer": datasets.load_breast_cancer(return_X_y=True),
        "diabetes": datasets.load_diabetes(return_X_y=True),
        "vowels": vowels(),
        "flights": make_trajectories(400, random_state=0, return_X_y=True),
        "triangles": triangles(),
        "friedman": datasets.make_friedman1(500, noise=1, random_state=0),
    }


def score(primitive: str, params: dict[str, Any], X: Any, y: Any) -> float:
    """Mean accuracy or R² of 2 shuffled folds."""
    warnings.simplefilter("ignore")
    regression = np.asarray(y).dtype.kind == "f"
    task = "regression" if regression else "classification"
    estimator = biases(task)[primitive].set_params(random_state=0, **params)
    folds = KFold if regression else StratifiedKFold
    cv = folds(2, shuffle=True, random_state=0)
    return float(cross_val_score(estimator, X, y, cv=cv).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("primitive", choices=VARIANTS)
    primitive = parser.parse_args().primitive
    data, variants = development_data(), VARIANTS[primitive]
    if primitive in ("Recurrent", "Graph", "Attention"):
        for name in ("OSULeaf", "GunPoint", "ArrowHead"):
            del data[name]  # 150 to 427 steps: most of the time, and the least of the news
    tasks = [(params, name) for params in variants for name in data]
    scores = Parallel(n_jobs=2)(
        delayed(score)(primitive, params, *data[name]) for params, name in tasks
    )
    rows = np.reshape(scores, (len(variants), len(data)))
    print("| variant | " + " | ".join(data) + " | mean |")
    print("|" + "---|" * (len(data) + 2))
    for i in np.argsort(-rows.mean(1)):
        variant = ", ".join(f"`{k}={v!r}`" for k, v in variants[i].items()) or "**default**"
        cells = " | ".join(f"{s:.3f}" for s in rows[i])
        print(f"| {variant} | {cells} | {rows[i].mean():.3f} |")


if __name__ == "__main__":
    main()
