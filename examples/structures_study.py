"""Benchmarks of structures: sets, sequences and graphs, with seeds.

    python examples/structures_study.py NAME ...

NAME is one or more of mutag, csl, vowels, parity, adding, set_maximum, copy, shifted_addition,
labelled_steps, automaton; none runs all. Needs
grakel (for MUTAG) and sktime (for JapaneseVowels), which contain the data:
``pip install "ibestimators[test]"``.
"""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.metrics import mean_absolute_error, mean_squared_error
from sklearn.model_selection import StratifiedKFold, cross_val_score

from ibestimators import (
    AttentionClassifier,
    AttentionRegressor,
    ConvClassifier,
    GraphClassifier,
    GraphRegressor,
    MLPClassifier,
    RecurrentClassifier,
    RecurrentRegressor,
)
from ibestimators.datasets import (
    load_csl,
    load_mnist1d,
    make_adding_problem,
    make_parity,
    make_set_maximum,
    read_tudataset,
)


def mutag() -> dict[str, float]:
    """Accuracy in 10-fold cross-validation, the mean over three seeds."""
    spec = find_spec("grakel")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "tests" / "data" / "MUTAG"
    X, y = read_tudataset(folder)
    figures = {}
    for make in (MLPClassifier, GraphClassifier):
        scores = [
            cross_val_score(
                make(random_state=seed),
                X,
                y,
                cv=StratifiedKFold(10, shuffle=True, random_state=seed),
                n_jobs=2,
            ).mean()
            for seed in range(3)
        ]
        figures[make.__name__] = float(np.mean(scores))
    return figures


def csl() -> dict[str, float]:
    """Accuracy in 5-fold cross-validation, 100 epochs; chance is 0.1."""
    figures = {}
    for features in (None, "random", "laplacian"):
        X, y = load_csl(features=features, return_X_y=True)
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        model = GraphClassifier(lr=6e-3, max_epochs=100, random_state=0)
        figures[f"node features: {features}"] = float(
            cross_val_score(model, X, y, cv=folds, n_jobs=2).mean()
        )
    return figures


def vowels() -> dict[str, float]:
    """Accuracy on the test set of JapaneseVowels, 7 to 29 steps of 12; the mean of three seeds."""
    from sktime.datasets import load_japanese_vowels

    def ragged(split: str):
        X, y = load_japanese_vowels(split=split, return_type="nested_univ")
        return [np.stack([s.to_numpy() for s in row], 1) for row in X.to_numpy()], y

    (X, y), (X_test, y_test) = ragged("train"), ragged("test")
    figures = {}
    for make in (
        MLPClassifier,
        ConvClassifier,
        RecurrentClassifier,
        GraphClassifier,
        AttentionClassifier,
    ):
        scores = [make(random_state=seed).fit(X, y).score(X_test, y_test) for seed in range(3)]
        figures[make.__name__] = float(np.mean(scores))
    return figures


def parity() -> dict[str, float]:
    """Accuracy on strings of 41 to 200 bits after training on 1 to 40, for 40 epochs."""
    X, y = make_parity(5000, random_state=0, return_X_y=True)
    longer = {"min_length": 41, "max_length": 200}
    X_test, y_test = make_parity(1000, **longer, random_state=1, return_X_y=True)
    shared = {"dropout": 0.0, "max_epochs": 40, "random_state": 0}
    gru = RecurrentClassifier(cell="gru", n_layers=1, bidirectional=False, readout="last", **shared)
    return {
        type(model).__name__: model.fit(X, y).score(X_test, y_test)
        for model in (gru, AttentionClassifier(**shared))
    }


def adding() -> dict[str, float]:
    """Mean squared error on 50 steps; predicting 1 gives 0.167.

    One layer that reads forwards, and its last state: all gradients pass through the steps between.
    """
    layer = {"n_layers": 1, "bidirectional": False, "readout": "last", "random_state": 0}
    X, y = make_adding_problem(5000, random_state=0, return_X_y=True)
    X_test, y_test = make_adding_problem(1000, random_state=1, return_X_y=True)
    figures = {"guess": mean_squared_error(y_test, np.ones(1000))}
    for cell in ("rnn", "lstm", "gru", "mingru"):
        model = RecurrentRegressor(cell=cell, **layer).fit(X, y)
        figures[cell] = mean_squared_error(y_test, model.predict(X_test))
    return figures


def set_maximum() -> dict[str, float]:
    """Mean absolute error for numbers between 0 and 100, the mean of two seeds.

    The target has no noise, so all use a small weight decay of 0.01.
    """
    X, y = make_set_maximum(5000, random_state=0, return_X_y=True)
    X_test, y_test = make_set_maximum(1000, random_state=1, return_X_y=True)
    models = {
        "mean pooling (Graph without edges)": GraphRegressor(graph="empty", readout="mean"),
        "max pooling": GraphRegressor(graph="empty", readout="max"),
        "Attention without positions": AttentionRegressor(position="none", readout="cls"),
    }
    figures = {}
    for name, model in models.items():
        errors = []
        for seed in range(2):
            model.set_params(max_epochs=100, weight_decay=0.01, random_state=seed).fit(X, y)
            errors.append(mean_absolute_error(y_test, model.predict(X_test)))
        figures[name] = float(np.mean(errors))
    return figures


def seeds_at_positions(models, data) -> dict[str, float]:
    """Accuracy at the positions of test samples, the mean over three seeds of data and network."""
    scores: dict[str, list[float]] = {}
    for seed in range(3):
        (X, y), (X_test, y_test) = data(seed)
        for model in models:
            model.set_params(target="position", random_state=seed).fit(X, y)
            scores.setdefault(type(model).__name__, []).append(model.score(X_test, y_test))
    return {name: float(np.mean(values)) for name, values in scores.items()}


def copy() -> dict[str, float]:
    """The symbol of three steps before, of 8; sequences of 10 to 30 steps, then of 31 to 60.

    The second lengths are those of the test.
    """

    def made(n: int, lengths: tuple[int, int], rng: np.random.Generator):
        X = [rng.integers(1, 9, rng.integers(*lengths)) for _ in range(n)]
        return X, [np.where(np.arange(len(x)) < 3, -1, np.roll(x, 3)) for x in X]

    return seeds_at_positions(models_of_steps(64), lambda seed: short_and_long(made, seed))


def shifted_addition() -> dict[str, float]:
    """Bits of the sum of two numbers, given bit by bit: 10 to 30 bits, then 31 to 60.

    The lowest bit comes first, so that a carry has to be shifted to the next step.
    """

    def made(n: int, lengths: tuple[int, int], rng: np.random.Generator):
        X = [rng.integers(0, 2, (rng.integers(*lengths), 2)) for _ in range(n)]
        return X, [sum_of_bits(x) for x in X]

    return seeds_at_positions(models_of_steps(32), lambda seed: short_and_long(made, seed))


def sum_of_bits(x: np.ndarray) -> np.ndarray:
    """The lowest bits of the sum of two numbers, (bits,), from their bits, (bits, 2)."""
    numbers = [sum(int(bit) << i for i, bit in enumerate(column)) for column in x.T]
    return np.array([sum(numbers) >> i & 1 for i in range(len(x))])


def short_and_long(made, seed: int):
    """500 samples of 10 to 30 steps to train on, and 200 of 31 to 60 steps to test on."""
    rng = np.random.default_rng(seed)
    return made(500, (10, 31), rng), made(200, (31, 61), rng)


def models_of_steps(hidden_size: int) -> list:
    """Biases that do not look ahead; parts of a step are sums of states, so a nonlinear cell."""
    one_direction = {"bidirectional": False, "n_layers": 1, "hidden_size": hidden_size}
    return [
        MLPClassifier(),
        ConvClassifier(padding="causal"),
        RecurrentClassifier(cell="lstm", **one_direction),
        AttentionClassifier(mask="causal", position="rotary"),
    ]


def labelled_steps() -> dict[str, float]:
    """The digit at each of 80 steps, where two signals of MNIST-1D follow each other; 500 pairs."""

    def pairs(subset: str, seed: int):
        X, y = load_mnist1d(subset=subset, return_X_y=True)
        first, second = np.random.default_rng(seed).permutation(len(X))[:1000].reshape(2, 500)
        labels = np.repeat(np.stack([y[first], y[second]], 1), X.shape[1], axis=1)
        return np.concatenate([X[first], X[second]], 1), labels

    models = [MLPClassifier(), ConvClassifier(), AttentionClassifier(position="rotary")]
    return seeds_at_positions(models, lambda seed: (pairs("train", seed), pairs("test", seed)))


def automaton() -> dict[str, float]:
    """The next state of Conway's game of life: 50 grids of 16 x 16, then grids of 32 x 32.

    Cells outside of a grid are dead. Without standardisation they are 0 for the convolution too.
    """

    def grids(n: int, side: int, rng: np.random.Generator):
        X = rng.integers(0, 2, (n, side, side))
        room = np.pad(X, ((0, 0), (1, 1), (1, 1)))
        squares = np.lib.stride_tricks.sliding_window_view(room, (3, 3), (1, 2))
        n_neighbours = squares.sum((3, 4)) - X
        alive = (n_neighbours == 3) | ((n_neighbours == 2) & (X == 1))
        return X[..., None], alive.astype(int)

    def data(seed: int):
        rng = np.random.default_rng(seed)
        return grids(50, 16, rng), grids(20, 32, rng)

    conv = ConvClassifier(n_filters=(32, 32), kernel_size=3, standardize=False)
    return seeds_at_positions([MLPClassifier(), conv], data)


STUDIES = {
    study.__name__: study
    for study in (
        mutag,
        csl,
        vowels,
        parity,
        adding,
        set_maximum,
        copy,
        shifted_addition,
        labelled_steps,
        automaton,
    )
}

if __name__ == "__main__":
    for name in sys.argv[1:] or STUDIES:
        start = time.perf_counter()
        figures = STUDIES[name]()
        about = (STUDIES[name].__doc__ or "").splitlines()[0]
        print(f"{name}: {about} ({time.perf_counter() - start:.0f} s)")
        for what, value in figures.items():
            print(f"  {what:36} {value:.4f}")
