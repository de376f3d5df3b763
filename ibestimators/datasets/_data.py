"""What a reader returns: X and y, with what the file states about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from ibestimators.datasets._form import TableForm


class Data(tuple[Any, Any]):
    """X and y of a file: a pair, ``X, y = read_table(path)``, with facts about it.

    Parameters
    ----------
    X : data frame, ndarray or list
        Samples.
    y : ndarray or None
        Values to predict; None if samples alone were read.
    task : {"classification", "regression"} or None, default=None
        The task that the file states; None if it states none.
    notes : sequence of str, default=()
        What was done to the content, such as "`id` dropped: it counts the rows".
    form : TableForm or None, default=None
        How the columns of a table were read.

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
    form: TableForm | None

    def __new__(
        cls,
        X: Any,
        y: Any,
        task: str | None = None,
        notes: Sequence[str] = (),
        form: TableForm | None = None,
    ) -> Self:
        self = super().__new__(cls, (X, y))  # type: ignore[arg-type]
        self.task, self.notes, self.form = task, tuple(notes), form
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (*self, self.task, self.notes, self.form)
