"""What a reader returns: X and y, with what the file states about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from numpy.typing import NDArray


class Data(tuple[Any, NDArray[Any]]):
    """X and y of a file: a pair, ``X, y = read_table(path)``, with facts about it.

    Parameters
    ----------
    X : data frame, ndarray or list
        Samples.
    y : ndarray
        Values to predict.
    task : {"classification", "regression"} or None, default=None
        The task that the file states; None if it states none.
    notes : sequence of str, default=()
        What was done to the content, such as "`id` dropped: it counts the rows".

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators.datasets import Data
    >>> data = Data(np.eye(2), np.array([0, 1]), task="classification")
    >>> X, y = data
    >>> y.tolist(), data.task
    ([0, 1], 'classification')
    """

    task: str | None
    notes: tuple[str, ...]

    def __new__(
        cls, X: Any, y: NDArray[Any], task: str | None = None, notes: Sequence[str] = ()
    ) -> Self:
        self = super().__new__(cls, (X, y))  # type: ignore[arg-type]
        self.task, self.notes = task, tuple(notes)
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (*self, self.task, self.notes)
