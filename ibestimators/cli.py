"""The command line: ``ibestimators compare DATA``.

Only the standard library is imported until a comparison starts, so that help and errors
appear at once.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import pandas as pd

BUNDLED = (
    "mnist1d",
    "breast_cancer",
    "diabetes",
    "digits",
    "iris",
    "linnerud",
    "wine",
    "adding_problem",
    "atlas",
    "csl",
    "modular_arithmetic",
    "parity",
    "set_maximum",
    "trajectories",
)
COUNTS = ("atlas",)  # targets that are integers, but not classes
TABLES = (".csv", ".parquet")
PICTURES = (".png", ".svg", ".pdf")
BIASES = ("MLP", "Conv", "Recurrent", "Graph", "Attention")


class InputError(Exception):
    """An error in the input of the user, in one line."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (try {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    int
        0, 2 for bad input, or 130 after Ctrl-C.
    """
    options = _parser().parse_args(argv)
    try:
        return _compare(options)
    except InputError as error:
        print(f"ibestimators: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("ibestimators: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="ibestimators", description="Find out which inductive bias suits a data set."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    compare = commands.add_parser(
        "compare",
        help="compare the five biases by cross-validation",
        description="Compare the five biases by cross-validation on the same folds; print a "
        "table and write a picture.",
    )
    compare.add_argument(
        "data",
        metavar="DATA",
        help=f"one of {', '.join(BUNDLED)}; or a .csv, .parquet, .ts or .npz file (arrays X, y "
        "and, for samples of different lengths, lengths), or a folder of a TUDataset",
    )
    compare.add_argument(
        "--target", metavar="NAME", help="column of a table, or array of an .npz file"
    )
    compare.add_argument(
        "--task", choices=("classification", "regression"), help="default: guessed from the target"
    )
    compare.add_argument(
        "--input-shape", type=_shape, metavar="A,B,C", help="shape of one sample, such as 28,28,1"
    )
    compare.add_argument(
        "--biases", type=_names, default=BIASES, metavar="A,B", help="default: all five"
    )
    compare.add_argument(
        "--cv", type=_at_least_2, default=5, metavar="N", help="number of folds (5)"
    )
    compare.add_argument("--scoring", metavar="NAME", help="a scikit-learn score, such as f1_macro")
    compare.add_argument(
        "--max-epochs",
        type=_positive,
        metavar="N",
        help="epochs (the estimators' own default: as many as the number of samples needs)",
    )
    compare.add_argument(
        "--n-jobs",
        type=_jobs,
        default="auto",
        metavar="N",
        help="number of parallel fits (auto: as many as the times of the first fits suggest)",
    )
    compare.add_argument(
        "--random-state", type=_not_negative, default=0, metavar="SEED", help="seed (0)"
    )
    compare.add_argument(
        "--output",
        type=Path,
        default=Path("comparison.png"),
        metavar="FILE",
        help="the picture, a .png, .svg or .pdf file (comparison.png)",
    )
    compare.add_argument(
        "--report", type=Path, metavar="FILE", help="also write a report, an .html file"
    )
    compare.add_argument(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help="store finished fits there, and resume from them after an interruption",
    )
    return parser


def _compare(options: argparse.Namespace) -> int:
    if options.output.suffix not in PICTURES:
        raise InputError(f"--output {options.output}: must end in .png, .svg or .pdf")
    if options.report is not None and options.report.suffix != ".html":
        raise InputError(f"--report {options.report}: must end in .html")
    _check_writable("--output", options.output)
    if options.report is not None:
        _check_writable("--report", options.report)
    X, y = load(options.data, options.target)
    _check_scoring(options.scoring)

    from ibestimators.comparison import compare_biases
    from ibestimators.structures import structure_of
    from ibestimators.suite import BASELINE, biases, guess_task

    params: dict[str, Any] = {}
    if options.max_epochs is not None:
        params["max_epochs"] = options.max_epochs
    if options.input_shape is not None:
        params["input_shape"] = options.input_shape
    task = options.task or ("regression" if options.data in COUNTS else guess_task(y))
    _check_target(y, task)
    estimators = biases(task, **params)
    try:
        print(f"{options.data}: {structure_of(X).summary(X)}, {task}", file=sys.stderr)
        result = compare_biases(
            X,
            y,
            {name: estimators[name] for name in estimators if name in options.biases},
            cv=options.cv,
            scoring=options.scoring,
            baseline=BASELINE if BASELINE in options.biases else None,
            cache=options.cache,
            n_jobs=options.n_jobs,
            random_state=options.random_state,
            verbose=1,
        )
    except (ValueError, OSError) as error:
        raise InputError(_one_line(error)) from error
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # for terminals without ±
    print(result)
    result.plot().figure_.savefig(options.output, dpi=150)
    print(f"picture: {options.output}")
    if options.report is not None:
        print(f"report: {result.to_html(options.report, X=X, y=y, title=options.data)}")
    return 0


def _check_writable(option: str, path: Path) -> None:
    folder = path.resolve().parent
    if not folder.is_dir():
        raise InputError(f"{option} {path}: no such folder")
    if path.is_dir() or not os.access(folder, os.W_OK):
        raise InputError(f"{option} {path}: cannot be written")


def load(data: str, target: str | None) -> tuple[Any, Any]:
    """X and y of a bundled data set or a file.

    Parameters
    ----------
    data : str
        A name of `BUNDLED`, or a path.
    target : str or None
        Column or array that holds y.

    Returns
    -------
    X, y

    Raises
    ------
    InputError
        If the data does not exist or cannot be used.
    """
    if data in BUNDLED:
        if target is not None:
            raise InputError(f"--target applies to files only; {data} has a target")
        return _load_bundled(data)
    path = Path(data)
    if path.is_dir():
        return _read("read_tudataset", path, target)
    if path.suffix not in (*TABLES, ".ts", ".npz"):
        raise InputError(
            f"{data!r} is not one of {', '.join(BUNDLED)}, not a .csv, .parquet, .ts or .npz file, "
            "and not a folder"
        )
    if not path.is_file():
        raise InputError(f"{data}: no such file")
    if path.suffix in TABLES:
        return _read_table(path, target)
    return _read("read_ts" if path.suffix == ".ts" else "read_npz", path, target)


def _load_bundled(name: str) -> tuple[Any, Any]:
    from ibestimators import datasets

    if name in ("atlas", "csl", "digits", "mnist1d"):
        return getattr(datasets, f"load_{name}")(return_X_y=True)
    if hasattr(datasets, f"make_{name}"):
        return getattr(datasets, f"make_{name}")(random_state=0, return_X_y=True)
    from sklearn import datasets as sklearn_datasets

    X, y = getattr(sklearn_datasets, f"load_{name}")(return_X_y=True)
    return X, y


def _read(reader: str, path: Path, target: str | None) -> tuple[Any, Any]:
    from ibestimators import datasets

    if target is not None and reader != "read_npz":
        raise InputError(
            f"{path}: --target applies to tables and .npz files only; this one has a target"
        )
    try:
        return getattr(datasets, reader)(path, **({} if target is None else {"target": target}))
    except (ValueError, OSError) as error:
        raise InputError(_one_line(error)) from error


def _read_table(path: Path, target: str | None) -> tuple[Any, Any]:
    import pandas as pd

    try:
        table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: {_one_line(error)}") from error
    table.columns = table.columns.map(str)
    columns = ", ".join(table.columns)
    if target is None:
        raise InputError(f"{path}: --target must name the column to predict, one of {columns}")
    if target not in table:
        raise InputError(f"{path}: no column {target!r}; the columns are {columns}")
    X, y = table.drop(columns=target), table[target]
    _check_table(path, X, y)
    return X, y.to_numpy()


def _check_table(path: Path, X: pd.DataFrame, y: pd.Series[Any]) -> None:
    from pandas.api.types import is_numeric_dtype

    if X.empty:
        raise InputError(f"{path}: needs at least one row and one column besides the target")
    if str(X.columns[0]).startswith("Unnamed: 0"):
        raise InputError(
            f"{path}: the first column has no name. It may be an index saved with the table, which "
            "can reveal the target. Name or drop it"
        )
    for name, column in [*X.items(), (y.name, y)]:
        if column.isna().any():
            raise InputError(
                f"{path}: column {name!r} has {column.isna().sum()} missing values; "
                "impute them or drop the rows"
            )
    for name, column in X.items():
        if not is_numeric_dtype(column):
            raise InputError(
                f"{path}: column {name!r} contains {column.iloc[0]!r}, which is not a number; "
                "encode it (such as one-hot) or drop it"
            )


def _check_scoring(scoring: str | None) -> None:
    if scoring is None:
        return
    import difflib

    from sklearn.metrics import get_scorer_names

    names = get_scorer_names()
    if scoring not in names:
        close = difflib.get_close_matches(scoring, names) or ["accuracy", "r2"]
        raise InputError(
            f"--scoring: unknown score {scoring!r}; did you mean {' or '.join(close)}?"
        )


def _check_target(y: Any, task: str) -> None:
    import numpy as np

    if task == "regression" and y.dtype.kind not in "biuf":
        raise InputError(f"the target contains {y.flat[0]!r}, but regression needs numbers")
    if task == "classification":
        try:
            n_classes = len(np.unique(y))
        except TypeError as error:
            raise InputError(f"the target has no sortable classes: {error}") from error
        if n_classes < 2:
            raise InputError(f"the target has only one class, {y.flat[0]!r}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _shape(text: str) -> tuple[int, ...]:
    try:
        shape = tuple(int(part) for part in text.split(","))
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a shape such as 28,28,1")
    return shape


def _names(text: str) -> tuple[str, ...]:
    known = {name.lower(): name for name in BIASES}
    names = tuple(text.lower().split(","))
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(BIASES)}")
    return tuple(known[name] for name in names)


def _jobs(text: str) -> int | str:
    if text == "auto":
        return text
    return -1 if text == "-1" else _int_from(text, 1)


def _not_negative(text: str) -> int:
    return _int_from(text, 0)


def _positive(text: str) -> int:
    return _int_from(text, 1)


def _at_least_2(text: str) -> int:
    return _int_from(text, 2)


def _int_from(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of at least {least}")
    return int(text)
