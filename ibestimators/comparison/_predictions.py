"""Out-of-fold predictions: those for samples of the test parts, each made once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import _num_samples

_RESPONSES = ("predict", "predict_proba", "decision_function")


@contextmanager
def remembering(estimator: Any, X: Any) -> Iterator[None]:
    """Within it, an estimator predicts each response for X once, whoever asks.

    A scorer predicts by the methods of the estimator, as its own `score` does, so that the
    predictions can be kept without making them a second time.

    Parameters
    ----------
    estimator : estimator
        Fitted; of no one else's.
    X
        The samples, known by their identity.
    """
    names = [name for name in _RESPONSES if hasattr(estimator, name)]
    known: dict[str, Any] = {}

    def once(name: str) -> Any:
        method = getattr(estimator, name)

        @wraps(method)
        def call(given: Any, *args: Any, **options: Any) -> Any:
            if given is not X or args or options:
                return method(given, *args, **options)
            if name not in known:
                known[name] = method(X)
            return known[name]

        return call

    own = {name: once(name) for name in names}
    vars(estimator).update(own)
    try:
        yield
    finally:
        for name in own:
            del vars(estimator)[name]


def predictions_of(estimator: Any, X: Any, classes: NDArray[Any] | None) -> dict[str, Any]:
    """Predictions of a fitted estimator.

    Parameters
    ----------
    estimator : estimator
    X
    classes : ndarray or None
        Of y, sorted; None if y has numbers, or several labels a sample.

    Returns
    -------
    dict
        ``prediction``: the number of each class in `classes`, or numbers; ``probability``: a row
        a sample and a column a class, or None.
    """
    predicted = np.asarray(estimator.predict(X))
    if classes is None:
        return {"prediction": predicted.astype(float), "probability": None}
    probability = None
    if hasattr(estimator, "predict_proba"):
        probability = estimator.predict_proba(X)
        probability = over_all_classes(probability, estimator.classes_, classes)
    known = np.isin(predicted, classes)
    codes = np.where(known, np.searchsorted(classes, predicted), np.nan)
    return {"prediction": codes, "probability": probability}


def over_all_classes(
    probability: Any, known: NDArray[Any], classes: NDArray[Any]
) -> NDArray[np.float64]:
    """Probabilities with a column for each class of y: 0 for one that training lacked.

    Parameters
    ----------
    probability : array-like of shape (n_samples, n_known)
    known : ndarray
        The classes of the columns, sorted.
    classes : ndarray
        All classes, sorted.
    """
    full = np.zeros((len(probability), len(classes)))
    full[:, np.searchsorted(classes, known)] = probability
    return full


class OutOfFold:
    """Predictions of each sample by estimators that were not trained on it.

    Of several predictions of a sample, such as those of repeats, the first is kept.

    Parameters
    ----------
    n_samples : int
    classes : ndarray or None
        Of y, sorted; None if it has numbers, or several labels a sample.
    """

    def __init__(self, n_samples: int, classes: NDArray[Any] | None) -> None:
        self.n_samples = n_samples
        self.classes = classes
        self._predictions: dict[str, NDArray[np.float64]] = {}
        self._probabilities: dict[str, NDArray[np.float64]] = {}

    def add(self, name: str, rows: NDArray[Any], cell: Mapping[str, Any]) -> None:
        """Keep the predictions of a fit for the samples `rows`, if it has any."""
        for kept, response in (
            (self._predictions, cell.get("prediction")),
            (self._probabilities, cell.get("probability")),
        ):
            if response is None:
                continue
            values: NDArray[np.float64] = np.asarray(response, dtype=float)
            if name not in kept:
                kept[name] = np.full((self.n_samples, *values.shape[1:]), np.nan)
            flat = kept[name].reshape(self.n_samples, -1)[rows]
            new = np.isnan(flat).all(axis=1)
            kept[name][np.asarray(rows)[new]] = values[new]

    @property
    def predictions(self) -> pd.DataFrame | None:
        """Predicted classes or numbers: a row a sample, a column an estimator.

        Of several numbers a sample, a column each, below the estimator. None if there are none.
        """
        columns: dict[Any, Any] = {}
        for name, values in self._predictions.items():
            if values.ndim == 1:
                columns[name] = self._labels(values)
            else:
                columns |= {(name, i): column for i, column in enumerate(values.T)}
        return pd.DataFrame(columns) if columns else None

    @property
    def probabilities(self) -> pd.DataFrame | None:
        """Probabilities: a row a sample, a column a class, below the estimator."""
        if not self._probabilities:
            return None
        assert self.classes is not None
        return pd.concat(
            {
                name: pd.DataFrame(values, columns=self.classes)
                for name, values in self._probabilities.items()
            },
            axis=1,
            names=["estimator", "class"],
        )

    def values(self, name: str) -> NDArray[np.float64]:
        """Probabilities of an estimator, or predicted numbers; NaN where there is none."""
        kept = self._predictions if self.classes is None else self._probabilities
        return kept.get(name, np.full(self.n_samples, np.nan))

    def _labels(self, values: NDArray[np.float64]) -> Any:
        """Classes by their numbers; NaN where there is none."""
        if self.classes is None:
            return values
        missing = np.isnan(values)
        labels = self.classes[np.where(missing, 0, values).astype(int)]
        return pd.Series(labels).mask(missing) if missing.any() else labels


def errors_of_samples(predictions: pd.DataFrame | None, y: Any, are_classes: bool) -> pd.DataFrame:
    """What each prediction is wrong by; see `ComparisonResult.sample_errors`."""
    predictions = _kept(predictions)
    if _num_samples(y) != len(predictions):
        raise ValueError(
            f"y has {_num_samples(y)} samples, but the predictions are of {len(predictions)}. Give "
            "the y of the comparison."
        )
    truth = np.asarray(y).reshape(len(predictions), -1)  # a column an output
    n_outputs = truth.shape[1]
    columns = {}
    for i, (name, column) in enumerate(predictions.items()):
        target = truth[:, i % n_outputs]
        wrong = (column != target).astype(float) if are_classes else (column - target).abs()
        columns[name] = wrong.mask(column.isna())
    return pd.DataFrame(columns, index=predictions.index)


def disagreements_of_samples(
    predictions: pd.DataFrame | None, y: Any, are_classes: bool
) -> pd.DataFrame:
    """Samples whose errors differ; see `ComparisonResult.disagreements`."""
    predictions = _kept(predictions)
    if np.ndim(y) == 2 and np.shape(y)[1] > 1:
        raise ValueError(
            f"y has shape {np.shape(y)}, but one value a sample is needed. Use sample_errors."
        )
    errors = errors_of_samples(predictions, y, are_classes).dropna(how="all")
    spread = errors.max(axis=1) - errors.min(axis=1)
    errors = errors[spread > 0]
    least = errors.eq(errors.min(axis=1), axis=0).to_numpy()
    best: Any = [tuple(errors.columns[row]) for row in least]
    frame = predictions.loc[errors.index].assign(
        y=np.asarray(y).reshape(len(predictions), -1)[errors.index, 0],
        best=best,
        spread=spread,
    )
    return frame.sort_values("spread", ascending=False, kind="stable")


def _kept(predictions: pd.DataFrame | None) -> pd.DataFrame:
    if predictions is None:
        raise ValueError(
            "This result holds no predictions: they are kept by compare_biases where y has "
            "one value or one row a sample, not at positions."
        )
    return predictions
