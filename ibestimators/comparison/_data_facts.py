"""Small facts about X, y and the folds, computed once, which the checks of a result need."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.dummy import DummyClassifier, DummyRegressor

from ibestimators.comparison._estimators import readers_of_order
from ibestimators.comparison._metadata import fit_with
from ibestimators.comparison._scorers import score_with, scorers_of
from ibestimators.scoring import predicts_positions

Splits = list[tuple[NDArray[Any], NDArray[Any]]]

MAX_TESTED = 300  # samples of a test part whose nearest training sample is looked for
MAX_TRAINED = 3000
N_PROJECTED = 32
NEAR = 0.01  # of the usual distance to the nearest sample
MIN_SAMPLES = 20
_NAMES_OF_GROUPS = re.compile(
    r"(subject|patient|participant|person|animal|site|hospital|clinic|center|centre|session|batch"
    r"|plate|group|block|plot|well|device|sensor|recording|speaker|user|customer|station)s?",
)


@dataclass(frozen=True)
class DataFacts:
    """What the checks know of X, y and the folds.

    Attributes
    ----------
    class_counts : dict of str to float
        Samples of each class, or their weight; empty without classes.
    missing_in_training, missing_in_test : dict of str to int
        In how many folds a class is missing; without the classes that no fold lacks.
    chance : float
        Mean score, over the folds, of a prediction that ignores X: the most frequent class and the
        proportions of the classes as probabilities, or the mean. NaN if there is none.
    duplicates, near_duplicates : float
        Mean share of a test part that is in the training part too, exactly, or up to
        `NEAR` of the usual distance to the nearest sample (of up to `MAX_TESTED` samples of the
        first fold). NaN if unknown.
    id_columns : tuple of str
        Columns of X with another value in each row that count the rows or name them.
    mixed_columns : tuple of str
        Columns of X that look like groups, whose values are in training and test parts.
    time_columns : tuple of str
        Columns of dates, with a training part that is later than a sample of its test part.
    readers_of_order : tuple of str
        Estimators that read the columns of a table in the given order.
    """

    class_counts: dict[str, float]
    missing_in_training: dict[str, int]
    missing_in_test: dict[str, int]
    chance: float = np.nan
    duplicates: float = np.nan
    near_duplicates: float = np.nan
    id_columns: tuple[str, ...] = ()
    mixed_columns: tuple[str, ...] = ()
    time_columns: tuple[str, ...] = ()
    readers_of_order: tuple[str, ...] = ()

    @property
    def majority_rate(self) -> float:
        """Share of the most frequent class; NaN without classes."""
        counts = [*self.class_counts.values()]
        return max(counts) / sum(counts) if counts else np.nan

    @classmethod
    def of(cls, setup: Any) -> DataFacts:
        """The facts of a `Setup`."""
        counts, in_training, in_test = {}, {}, {}
        if setup.classes is not None:
            codes = np.searchsorted(setup.classes, np.asarray(setup.y))
            names = [str(name) for name in setup.classes]
            sizes = np.bincount(codes, setup.sample_weight).tolist()
            counts = dict(zip(names, sizes, strict=True))
            in_training = _missing(codes, names, [train for train, _ in setup.splits])
            in_test = _missing(codes, names, [test for _, test in setup.splits])
        exact, near = _duplicates(setup.X, setup.splits)
        ids, mixed, times = _columns(setup.X, setup.splits, setup.groups is not None)
        readers = tuple(readers_of_order(setup.estimators, setup.X))
        return cls(
            counts, in_training, in_test, _chance(setup), exact, near, ids, mixed, times, readers
        )


def _missing(codes: NDArray[Any], names: list[str], parts: list[NDArray[Any]]) -> dict[str, int]:
    """In how many parts each class is missing."""
    counts = [np.bincount(codes[part], minlength=len(names)) for part in parts]
    n_missing = (np.array(counts) == 0).sum(axis=0)
    return {name: int(n) for name, n in zip(names, n_missing, strict=True) if n}


def _chance(setup: Any) -> float:
    """The score of predictions that ignore X."""
    if setup.y is None or predicts_positions(setup.estimators[setup.baseline]):
        return np.nan
    y = np.asarray(setup.y)
    X, weight = np.zeros((len(y), 1)), setup.sample_weight
    dummy = DummyClassifier(strategy="prior") if setup.classifier else DummyRegressor()
    scores = []
    try:
        scorer = next(iter(scorers_of(dummy, setup.scoring, setup.classes).values()))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for train, test in setup.splits:
                own, other = (None if weight is None else weight[rows] for rows in (train, test))
                fitted = fit_with(dummy, X[train], y[train], sample_weight=own)
                scores.append(score_with(scorer, fitted, X[test], y[test], other))
    except Exception:  # a score that needs X, or more than predictions
        return np.nan
    return float(np.mean(scores))


def _duplicates(X: Any, splits: Splits) -> tuple[float, float]:
    """Mean shares of test samples that are, exactly and nearly, in the training part too."""
    keys = _keys(X)
    if keys is None:
        return np.nan, np.nan
    codes = np.unique(keys, return_inverse=True)[1].ravel()
    shares = []
    for train, test in splits:
        is_known = np.zeros(codes.max() + 1, dtype=bool)
        is_known[codes[train]] = True
        shares.append(is_known[codes[test]].mean())
    return float(np.mean(shares)), _near_duplicates(X, codes, *splits[0])


def _keys(X: Any) -> NDArray[Any] | None:
    """A number for each sample, the same for equal samples; None if they cannot be compared."""
    if isinstance(X, (pd.DataFrame, pd.Series)):
        try:
            return np.asarray(pd.util.hash_pandas_object(X, index=False))
        except TypeError:
            return None
    if sparse.issparse(X):
        rows = X.tocsr()
        rows.sort_indices()
        ends = zip(rows.indptr[:-1], rows.indptr[1:], strict=True)
        return np.array(
            [hash(rows.indices[a:b].tobytes() + rows.data[a:b].tobytes()) for a, b in ends]
        )
    if isinstance(X, (list, tuple)) or (isinstance(X, np.ndarray) and X.dtype == object):
        keys = [_key(sample) for sample in X]
        return None if None in keys else np.array(keys)
    if not isinstance(X, np.ndarray):
        return None
    rows = np.ascontiguousarray(X.reshape(len(X), -1))
    return np.array([hash(row.tobytes()) for row in rows])


def _key(sample: Any) -> int | None:
    if isinstance(sample, str):
        return hash(sample)
    if not isinstance(sample, (np.ndarray, list, tuple)):  # of a graph, NumPy takes the nodes only
        return None
    try:
        values = np.asarray(sample)
    except (TypeError, ValueError):
        return None
    return None if values.dtype.kind not in "biufU" else hash((values.shape, values.tobytes()))


def _near_duplicates(X: Any, codes: NDArray[Any], train: NDArray[Any], test: NDArray[Any]) -> float:
    """Share of test samples that lie as close to a training sample as only a copy does."""
    if not isinstance(X, np.ndarray) or X.dtype.kind not in "iuf":
        return np.nan
    generator = np.random.RandomState(0)
    test = generator.permutation(test)[:MAX_TESTED]
    train = generator.permutation(train)[:MAX_TRAINED]
    values = X.reshape(len(X), -1)
    if values.shape[1] < 3:  # on a line, samples are close by chance
        return np.nan
    trained, tested = values[train].astype(np.float32), values[test].astype(np.float32)
    centre, scale = trained.mean(axis=0), trained.std(axis=0)
    scale[scale == 0] = 1
    projection = generator.normal(size=(values.shape[1], N_PROJECTED)).astype(np.float32)
    if values.shape[1] <= N_PROJECTED:
        projection = np.eye(values.shape[1], dtype=np.float32)
    trained, tested = ((part - centre) / scale @ projection for part in (trained, tested))
    distances = cdist(tested, trained)
    distances[codes[test][:, None] == codes[train]] = np.inf  # exact ones are counted apart
    nearest = distances.min(axis=1)
    usual = np.median(nearest)
    if not 0 < usual < np.inf:
        return np.nan
    return float((nearest < NEAR * usual).mean())


def _columns(
    X: Any, splits: Splits, has_groups: bool
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Columns that look like ids, groups and times."""
    ids, mixed, times = [], [], []
    for name, column in _candidates(X):
        if column.dtype.kind == "M":
            if any(column[train].max() > column[test].min() for train, test in splits):
                times.append(name)
            continue
        codes, values = pd.factorize(column)
        if len(values) == len(column):
            if column.dtype == object or _counts_rows(column):
                ids.append(name)
        elif not has_groups and 4 < len(values) <= len(column) / 2:
            is_named = _NAMES_OF_GROUPS.fullmatch(re.split(r"[\s_.-]", name.lower())[0])
            in_blocks = column.dtype != object and (np.diff(codes) != 0).sum() < len(values)
            if (is_named or in_blocks) and _are_mixed(codes, splits):
                mixed.append(name)
    return tuple(ids), tuple(mixed), tuple(times)


def _candidates(X: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """Columns of a table that may be an id, a group or a time, with their names."""
    if isinstance(X, pd.DataFrame):
        columns = ((str(name), X[name].to_numpy()) for name in X)
    elif isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "iuf":
        # Steps of a series are no columns, but are not integers that count either.
        columns = ((f"column {i}", X[:, i]) for i in range(X.shape[1]))
    else:
        return
    for name, column in columns:
        if len(column) < MIN_SAMPLES:
            return
        is_text = column.dtype == object and all(isinstance(v, str) for v in column[:MIN_SAMPLES])
        if column.dtype.kind == "M" or is_text or _are_integers(column):
            yield name, column


def _are_integers(column: NDArray[Any]) -> bool:
    if column.dtype.kind not in "iuf":
        return False
    start = column[:MIN_SAMPLES]  # most columns end here
    return bool((start == np.floor(start)).all() and (column == np.floor(column)).all())


def _counts_rows(column: NDArray[Any]) -> bool:
    """Whether different integers have next to no gaps."""
    return bool(column.max() - column.min() < 1.05 * len(column))


def _are_mixed(codes: NDArray[Any], splits: Splits) -> bool:
    """Whether a value is in the training part and the test part of a fold."""
    return any(np.isin(codes[test], codes[train]).any() for train, test in splits)
