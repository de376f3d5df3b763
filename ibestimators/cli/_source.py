"""Where samples come from: a file, a folder or bundled data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

from ibestimators.cli._errors import InputError, one_line
from ibestimators.cli._parser import BUNDLED, ENDINGS


class Source(Enum):
    """What reads the samples, and what an error calls their source."""

    BUNDLED = "bundled data"
    TABLE = "a table"
    ARRAYS = "an .npz file"
    SERIES = "a .ts file"
    GRAPHS = "a folder of graphs"


def source_of(data: str) -> Source:
    """The source that an argument names.

    Raises
    ------
    InputError
        If there is none.
    """
    path = Path(data)
    if data in BUNDLED:
        return Source.BUNDLED
    try:
        exists = path.exists()
    except (OSError, ValueError) as error:  # too long, or a zero in it
        raise InputError(f"{data[:60]!r}: no name of a file ({one_line(error)[:60]})") from error
    if not exists or not data:
        if not path.suffix:
            raise InputError(
                f"{data!r} is not one of {', '.join(BUNDLED)}, not a {ENDINGS}, and not a folder"
            )
        raise InputError(f"{data}: no such file")
    if path.is_dir():
        return Source.GRAPHS
    return {".npz": Source.ARRAYS, ".ts": Source.SERIES}.get(path.suffix.lower(), Source.TABLE)


@contextmanager
def reading(data: str) -> Iterator[None]:
    """Turn whatever a damaged file leads to into an error of one line."""
    try:
        yield
    except InputError:
        raise
    except (ValueError, OSError) as error:
        raise InputError(one_line(error)) from error
    except MemoryError as error:
        raise InputError(f"{data}: does not fit into memory") from error
    except Exception as error:  # of a library that reads a damaged file
        raise InputError(
            f"{data}: cannot be read ({type(error).__name__}: {one_line(error)})"
        ) from error


def load_bundled(name: str) -> tuple[Any, Any]:
    """X and y of bundled or synthetic data."""
    from ibestimators import datasets

    if name in ("atlas", "csl", "digits", "mnist1d"):
        return getattr(datasets, f"load_{name}")(return_X_y=True)
    if hasattr(datasets, f"make_{name}"):
        return getattr(datasets, f"make_{name}")(random_state=0, return_X_y=True)
    from sklearn import datasets as sklearn_datasets

    X, y = getattr(sklearn_datasets, f"load_{name}")(return_X_y=True)
    return X, y
