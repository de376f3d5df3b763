"""What to learn: the samples and targets that the arguments name, and what is known of them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ibestimators.cli._errors import InputError
from ibestimators.cli._order import in_order
from ibestimators.cli._source import Source, load_bundled, reading, source_of

if TYPE_CHECKING:
    from ibestimators.datasets import TableForm

COUNTS = ("atlas",)  # targets that are integers, but not classes
_WORDS = 4  # mean number of blanks in the cells of a column of texts


@dataclass
class Problem:
    """The data of a comparison.

    Parameters
    ----------
    X, y
    task : {"classification", "regression"}
    notes : list of str
        What was done to the file.
    groups, time : array-like of shape (n_samples,) or None
    splits : list of (train, test) or None
        Those that the files state.
    front : {"table", "text"} or None
        What has to be in front of an estimator.
    form : TableForm or None
        How the columns of X were read from a table.
    is_ordered : bool
        Whether the order of columns was stated.
    """

    X: Any
    y: Any
    task: str = ""
    notes: list[str] = field(default_factory=list)
    groups: Any = None
    time: Any = None
    splits: list[tuple[Any, Any]] | None = None
    front: str | None = None
    form: TableForm | None = None
    is_ordered: bool = False

    @property
    def kind(self) -> str:
        """What the samples are: "table", "texts", or the kind of X as the estimators name it."""
        from ibestimators.structures import kind_of

        if self.front == "text":
            return "texts"
        return "table" if hasattr(self.X, "columns") else kind_of(self.X)

    @property
    def has_no_order(self) -> bool:
        """Whether samples are rows of a table whose columns have no order."""
        return hasattr(self.X, "columns") and not self.is_ordered

    def prepared(self, estimator: Any) -> Any:
        """The estimator in a pipeline that makes X readable, if it needs one."""
        if self.front == "table":
            from ibestimators.tables import table_pipeline

            return table_pipeline(estimator)
        if self.front == "text":
            from sklearn.pipeline import make_pipeline

            from ibestimators.text import TextTokenizer

            return make_pipeline(TextTokenizer(), estimator)
        return estimator

    def numbers(self) -> Any:
        """X as it reaches an estimator, with all samples seen."""
        pipeline = self.prepared(None)
        return self.X if pipeline is None else pipeline[:-1].fit_transform(self.X, self.y)

    def summary(self) -> str:
        """What the samples are, and what was and will be done to them."""
        from ibestimators.structures import structure_of

        samples = f"{len(self.X)} texts"
        if self.front != "text":
            samples = structure_of(self.X).summary(self.X)
        parts = [f"{samples}, {self.task}", *self.notes]
        if self.front == "table":
            from ibestimators.tables import encoding_of

            parts.append(encoding_of(self.X))
        return "; ".join(parts)


def open_problem(options: argparse.Namespace) -> Problem:
    """Read the data that the options name.

    Raises
    ------
    InputError
        If the data does not exist or cannot be used.
    """
    with reading(options.data):
        problem = _open(options)
    if problem.front == "text" and options.ablation:
        raise InputError(f"--ablation does not apply to the texts of {options.data}")
    labels = _labels(problem.y) if options.positions else problem.y
    if isinstance(labels, list):
        raise InputError(
            f"{options.data}: the target has a value for each row of a sample; add --positions"
        )
    if not options.positions and _is_at_positions(problem):
        problem.notes.append(
            f"the target read as {labels.shape[1]} values of a sample (--positions reads it as one "
            "value of each position)"
        )
    _settle_task(problem, labels, options)
    _check_target(labels, problem.task)
    return problem


def _open(options: argparse.Namespace) -> Problem:
    from ibestimators import datasets

    path = Path(options.data)
    if path.suffix.lower() != ".npz" and options.positions:
        raise InputError("--positions applies to .npz files only")
    source = source_of(options.data)
    if source is Source.TABLE:
        _refuse(options, ["array"], source)
        return _open_table(path, options)
    _refuse(options, ["drop", "text", "groups", "time", "header", "order"], source)
    if source is Source.ARRAYS:
        return Problem(*datasets.read_npz(path, options.target, options.array))
    _refuse(options, ["target", "array"], source)
    if source is Source.BUNDLED:
        return Problem(*load_bundled(options.data))
    if source is Source.GRAPHS:
        return _problem(datasets.read_tudataset(path))
    return _open_series(path)


def _refuse(options: argparse.Namespace, names: list[str], source: Source) -> None:
    """Raise an error if an option is given that does not apply."""
    for name in names:
        if getattr(options, name) not in (None, []):
            option = "--data" if name == "array" else f"--{name}"
            raise InputError(f"{option} does not apply to {options.data}, which is {source.value}")


def _problem(data: Any) -> Problem:
    X, y = data
    return Problem(X, y, data.task or "", [*data.notes], form=data.form)


def _open_table(path: Path, options: argparse.Namespace) -> Problem:
    import pandas as pd

    from ibestimators import datasets
    from ibestimators.tables import needs_encoding

    aside = [name for name in (options.text, options.groups, options.time) if name is not None]
    if len({*aside}) < len(aside):
        raise InputError("--text, --groups and --time must name different columns")
    data = datasets.read_table(
        path, options.target, drop=options.drop, keep=aside, header=options.header
    )
    problem = _problem(data)
    if not isinstance(problem.X, pd.DataFrame):
        return problem
    _set_aside(problem, path, options)
    text = options.text and _column(problem.X, options.text, "text")
    if text is None and _is_text(problem.X):
        (text,) = problem.X
        problem.notes.append(f"the words of `{text}` read as tokens")
    if options.order is not None:
        if text is not None:
            raise InputError(f"--order does not apply to the texts of {path}")
        problem.X = problem.X[in_order([*problem.X], options.order)]
    problem.is_ordered = options.order is not None or options.input_shape is not None
    read = [text] if text is not None else [*problem.X]
    if data.form is not None:
        contents = {name: data.form.columns[name] for name in read}
        problem.form = replace(data.form, columns=contents)
    if text is not None:
        problem.X, problem.front = texts_of(problem.X[read]), "text"
    elif not len(problem.X.columns):
        raise InputError(f"{path}: no column is left besides the target")
    elif needs_encoding(problem.X):
        problem.front = "table"
    return problem


def _set_aside(problem: Problem, path: Path, options: argparse.Namespace) -> None:
    """Move the columns of groups and time out of X."""
    for option in ("groups", "time"):
        name = getattr(options, option)
        if name is not None:
            column = problem.X.pop(_column(problem.X, name, option))
            if column.isna().any():
                raise InputError(f"{path}: column {name!r} of --{option} has gaps")
            setattr(problem, option, _moments(column) if option == "time" else column.to_numpy())


def texts_of(X: Any) -> list[str]:
    """The texts of a table of one column."""
    return ["" if cell is None else str(cell) for cell in X.iloc[:, 0]]


def _column(X: Any, name: str, option: str) -> str:
    if name not in X:
        raise InputError(f"--{option}: no column {name!r}; the columns are {', '.join(X)}")
    return name


def _moments(column: Any) -> Any:
    """A column of times as numbers or dates, which can be sorted."""
    import pandas as pd

    if column.dtype.kind in "iufM":
        return column.to_numpy()
    try:
        return pd.to_datetime(column, format="mixed").to_numpy()
    except (ValueError, TypeError) as error:
        raise InputError(
            f"--time: column {column.name!r} holds {column.iloc[0]!r}, which is neither a number "
            "nor a date"
        ) from error


def _is_text(X: Any) -> bool:
    """Whether a table is one column of texts of several words each."""
    if len(X.columns) != 1 or X.iloc[:, 0].dtype.kind != "O":
        return False
    return bool(X.iloc[:, 0].dropna().astype(str).str.count(" ").mean() >= _WORDS)


def _open_series(path: Path) -> Problem:
    """A file of series, with the one beside it that holds the other part of an official split."""
    import numpy as np

    from ibestimators import datasets

    other = path.with_name(path.name.replace("_TRAIN", "_TEST"))
    if "_TRAIN" not in path.name or not other.is_file():
        return _problem(datasets.read_ts(path))
    first, second = datasets.read_ts(path), datasets.read_ts(other)
    n_train, n_test = len(first[1]), len(second[1])
    parts = [part if isinstance(part, list) else [*part] for part in (first[0], second[0])]
    X = parts[0] + parts[1]
    problem = _problem(first)
    problem.X = np.stack(X) if len({len(x) for x in X}) == 1 else X
    problem.y = np.concatenate([first[1], second[1]])
    problem.splits = [(np.arange(n_train), np.arange(n_train, n_train + n_test))]
    problem.notes += [f"trained on {path.name}, tested on {other.name}", *second.notes]
    return problem


def _is_at_positions(problem: Problem) -> bool:
    """Whether an array of series has targets in its own form."""
    shape = getattr(problem.X, "shape", ())
    return len(shape) > 2 and problem.y.ndim > 1 and problem.y.shape[:2] == shape[:2]


def _labels(y: Any) -> Any:
    """The labels of all positions that have one."""
    import numpy as np

    from ibestimators.structures import is_labelled, rows_of

    rows = np.concatenate([np.ravel(values) for values in y])
    return rows_of(rows, is_labelled(rows, has_classes=rows.dtype.kind != "f"))


def _settle_task(problem: Problem, y: Any, options: argparse.Namespace) -> None:
    """The task that is asked for, stated by the file, or guessed, in this order."""
    from ibestimators.suite import guess_task

    stated = "regression" if options.data in COUNTS else problem.task
    problem.task = options.task or stated or guess_task(y)


def _check_target(y: Any, task: str) -> None:
    import numpy as np

    if task == "regression" and y.dtype.kind not in "biuf":
        raise InputError(f"the target contains {y.flat[0]!r}, but regression needs numbers")
    if task == "regression" and y.ndim == 1 and (y == y[0]).all():
        raise InputError(f"the target has only one value, {y[0]}")
    if task == "classification":
        try:
            n_classes = len(np.unique(y))
        except TypeError as error:
            raise InputError(f"the target has no sortable classes: {error}") from error
        if n_classes < 2:
            raise InputError(f"the target has only one class, {y.flat[0]!r}")
