"""A file with a fitted estimator and what its data looked like, without code: written by skops."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ibestimators.cli._errors import InputError, one_line
from ibestimators.writing import write_whole

if TYPE_CHECKING:
    from ibestimators.cli._problem import Problem
    from ibestimators.datasets import TableForm

SCHEMA = 1
# What the usual methods beside the networks (--guests) consist of, where skops does not trust it.
_GUESTS = (
    "aeon.transformations.collection.convolution_based._rocket.Rocket",
    "grakel.kernels.vertex_histogram.VertexHistogram",
    "grakel.kernels.weisfeiler_lehman.WeisfeilerLehman",
    "ibestimators.comparison._guests.LabelledGraphs",
    "ibestimators.comparison._guests.channels_first",
    "ibestimators.comparison._guests.tokens_and_pairs",
    "scipy.sparse._csr.csr_matrix",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)


@dataclass
class Model:
    """A fitted estimator, and the data that it reads.

    Parameters
    ----------
    estimator : estimator
        Fitted, with the pipeline in front of it.
    kind : str
        "table", "texts", or the kind of X as the estimators name it.
    source : str
        The data that it was fitted on, as named on the command line.
    form : TableForm or None
        How the table was read, if the samples are its rows.
    array : str or None
        Name of the array of samples of an .npz file.
    """

    estimator: Any
    kind: str
    source: str
    form: TableForm | None = None
    array: str | None = None

    @classmethod
    def of(cls, estimator: Any, problem: Problem, source: str, array: str | None) -> Self:
        """The model of an estimator that was fitted on a problem; of a search, its best one."""
        estimator = getattr(estimator, "best_estimator_", estimator)
        return cls(estimator, problem.kind, source, problem.form, array)

    @property
    def at_positions(self) -> bool:
        """Whether there is a prediction for each position of a sample."""
        return getattr(self.estimator, "target", "sample") == "position"

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all.

        Raises
        ------
        InputError
            If the estimator has parts that `read` would not trust.
        OSError
        """
        from zipfile import ZIP_DEFLATED

        import skops.io

        content = {field.name: getattr(self, field.name) for field in fields(self)}
        content["form"] = None if self.form is None else asdict(self.form)
        data = skops.io.dumps({"schema": SCHEMA, **content}, compression=ZIP_DEFLATED)
        found = skops.io.get_untrusted_types(data=data)
        foreign = {*found} - {*trusted_types(found)}
        if foreign:
            raise InputError(
                f"{type(self.estimator).__name__} cannot be saved: the file would hold "
                f"{', '.join(sorted(foreign))}, which `ibestimators predict` does not trust"
            )
        write_whole(path, data)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file. Nothing in it is executed: types that `write` does not write are refused.

        Raises
        ------
        InputError
            If it is not a file that `write` wrote.
        """
        import skops.io
        from skops.io.exceptions import UntrustedTypesFoundException

        from ibestimators.datasets import TableForm

        if not path.is_file():
            raise InputError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}")
        try:
            found = skops.io.get_untrusted_types(file=path)
            content = skops.io.load(path, trusted=trusted_types(found))
            schema = content.pop("schema")
            if schema == SCHEMA:
                form = content.pop("form")
                return cls(**content, form=None if form is None else TableForm(**form))
        except UntrustedTypesFoundException as error:
            raise InputError(f"{path}: not loaded, since it could run code: {error}") from error
        except Exception as error:  # whatever a damaged file leads to
            raise InputError(
                f"{path}: not a file that `ibestimators compare --save-best` wrote "
                f"({type(error).__name__}: {one_line(error)})"
            ) from error
        raise InputError(f"{path}: has schema {schema!r}, but this version reads {SCHEMA}")


def trusted_types(found: list[str]) -> list[str]:
    """The types that a file may hold, beside those that skops trusts.

    Parameters
    ----------
    found : list of str
        Those in the file that skops does not trust.
    """
    from ibestimators.suite import CLASSIFIERS, REGRESSORS
    from ibestimators.text import TextTokenizer

    own = [*CLASSIFIERS.values(), *REGRESSORS.values(), TextTokenizer]
    types = [*(f"{cls.__module__}.{cls.__name__}" for cls in own), *_GUESTS]
    if any(name.startswith("skrub.") for name in found):
        types += _types_of_tables()
    return types


@cache
def _types_of_tables() -> list[str]:
    """The types that the installed version of skrub itself writes for a table."""
    import skops.io

    from ibestimators.tables import table_pipeline

    fitted = table_pipeline("passthrough").fit(_columns_of_each_type())
    return list(skops.io.get_untrusted_types(data=skops.io.dumps(fitted)))


def _columns_of_each_type() -> Any:
    import pandas as pd

    n = 60
    words = ["red", "blue"] * (n // 2)
    dates = pd.date_range("2020-01-01", periods=n)
    return pd.DataFrame(
        {
            "numbers": [None, *range(1, n)],
            "nullable numbers": pd.array([None, *range(1, n)], dtype="Int64"),
            "booleans": [True, False] * (n // 2),
            "words": words,
            "categories": pd.Categorical(words),
            "many words": [f"word {i}" for i in range(n)],
            "dates": dates,
            "written dates": dates.strftime("%Y-%m-%d"),
            "durations": dates - dates[0],
        }
    )
