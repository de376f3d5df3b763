"""``ibestimators predict MODEL DATA``: predictions of a saved estimator as CSV."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ibestimators.cli._errors import InputError, one_line
from ibestimators.cli._model import Model
from ibestimators.cli._problem import texts_of
from ibestimators.cli._source import Source, load_bundled, reading, source_of

_KINDS = {
    "table": "the rows of a table",
    "texts": "texts in a column of a table",
    "array": "an array",
    "sequences": "sequences of different lengths",
}


def predict(options: argparse.Namespace) -> Any:
    """Predictions, a data frame with a row for each sample, or for each position."""
    path = Path(options.model)
    model = Model.read(path)
    if options.proba and not hasattr(model.estimator, "predict_proba"):
        raise InputError(
            f"--proba: {path} holds {type(model.estimator).__name__}, which predicts no "
            "probabilities; leave it out"
        )
    X, index, notes = _samples(model, options.data)
    samples = f"{options.data}: {len(X)} sample{'s' * (len(X) != 1)}"
    print("; ".join([samples, *notes]), file=sys.stderr)
    try:
        labels = model.estimator.predict(X)
        probabilities = model.estimator.predict_proba(X) if options.proba else None
        if model.at_positions:
            index = _positions(labels)
            labels, probabilities = _rows_of(labels, 0), _rows_of(probabilities, 1)
    except Exception as error:  # of any library in the pipeline
        raise InputError(f"{options.data}: {one_line(error)}") from error
    return _frame(labels, probabilities, index, model)


def _samples(model: Model, data: str) -> tuple[Any, Any, list[str]]:
    """X, read as the training data were, names of samples or None, and what was done to X."""
    from ibestimators import datasets
    from ibestimators.structures import kind_of

    source, path = source_of(data), Path(data)
    if (source is Source.TABLE) != (model.form is not None):
        raise _other_kind(model, f"{data} is {source.value}")
    with reading(data):
        if source is Source.TABLE:
            return _rows(model, path)
        if source is Source.BUNDLED:
            read = datasets.Data(load_bundled(data)[0], None)
        elif source is Source.ARRAYS:
            read = datasets.read_npz(path, None, model.array, samples_only=True)
        elif source is Source.GRAPHS:
            read = datasets.read_tudataset(path, samples_only=True)
        else:
            read = datasets.read_ts(path, samples_only=True)
        found = kind_of(read[0])
        # Sequences that happen to have one length come as an array.
        if found != model.kind and not (found == "array" and model.kind in ("sequences", "tokens")):
            raise _other_kind(model, f"{data} holds {_KINDS.get(found, found)}")
        return read[0], None, [*read.notes]


def _other_kind(model: Model, found: str) -> InputError:
    return InputError(
        f"{found}, but the estimator was fitted on {_KINDS.get(model.kind, model.kind)} "
        f"({model.source})"
    )


def _rows(model: Model, path: Path) -> tuple[Any, Any, list[str]]:
    from ibestimators import datasets

    X, _ = data = datasets.read_table(path, like=model.form)
    index = getattr(X, "index", None)
    index = None if index is None or index.name is None else index
    notes = [*data.notes]
    if model.kind == "texts":
        return texts_of(X), index, notes
    if model.kind == "table" and not hasattr(model.estimator, "steps"):
        gaps = [repr(name) for name, column in X.items() if column.isna().any()]
        if gaps:
            raise InputError(
                f"{path}: {'; '.join([*notes, ''])}gaps in {', '.join(gaps)}, but {model.source} "
                "had none, so that the estimator cannot fill them; fill them, or drop these rows"
            )
    return X, index, notes


def _positions(labels: Any) -> Any:
    """The sample and the place of each position of all samples."""
    import numpy as np
    import pandas as pd

    places = [np.argwhere(np.ones_like(values, dtype=bool)) for values in labels]
    samples = np.repeat(np.arange(len(places)), [len(rows) for rows in places])
    columns = np.concatenate(places).T
    names = [f"position_{i}" for i in range(len(columns))] if len(columns) > 1 else ["position"]
    return pd.MultiIndex.from_arrays([samples, *columns], names=["sample", *names])


def _rows_of(values: Any, n_axes: int) -> Any:
    """A row for each position of all samples."""
    import numpy as np

    if values is None:
        return None
    return np.concatenate(
        [np.reshape(v, (-1, *np.shape(v)[np.ndim(v) - n_axes :])) for v in values]
    )


def _frame(labels: Any, probabilities: Any, index: Any, model: Model) -> Any:
    import numpy as np
    import pandas as pd

    parts = [_columns("prediction", np.asarray(labels), None)]
    if probabilities is not None:
        classes = None if np.ndim(labels) > 1 else model.estimator.classes_
        parts.append(_columns("probability", np.asarray(probabilities), classes))
    frame = pd.concat(parts, axis=1)
    return frame if index is None else frame.set_index(index)


def _columns(name: str, values: Any, classes: Any) -> Any:
    import pandas as pd

    if values.ndim == 1:
        return pd.DataFrame({name: values})
    endings = range(values.shape[1]) if classes is None else classes
    return pd.DataFrame(values, columns=[f"{name}_{ending}" for ending in endings])
