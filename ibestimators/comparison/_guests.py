"""What a user would pick in place of a network: a usual method of other libraries for X.

References: Dempster et al., "ROCKET", Data Mining and Knowledge Discovery 34 (2020);
Shervashidze et al., "Weisfeiler-Lehman graph kernels", JMLR 12 (2011).
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, is_classifier
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifierCV, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC

from ibestimators.comparison._estimators import Estimators, named_estimators
from ibestimators.scoring import predicts_positions
from ibestimators.structures import is_flat, kind_of, take_apart

ALPHAS = np.logspace(-3, 3, 10)  # as in the paper of ROCKET


def with_guests(X: Any, y: Any, estimators: Estimators) -> dict[str, BaseEstimator]:
    """The estimators of a comparison, and after them the guest for X.

    Warns
    -----
    UserWarning
        If there is none for X, or its library is not installed.

    Raises
    ------
    ValueError
        If y has not one class or number a sample.
    """
    flat = y is not None and is_flat(y)
    named = named_estimators(estimators, y) if flat else {}
    if not flat or any(map(predicts_positions, named.values())):
        raise ValueError(
            "guests=True adds estimators that predict one class or number a sample, which y does "
            "not have. Leave guests out."
        )
    classes = is_classifier(next(iter(named.values())))
    try:
        name, guest = _guest(X, classes)
    except LookupError as error:
        warnings.warn(f"guests=True adds none: {error}", UserWarning, stacklevel=4)
        return named
    return {**named, name: named.get(name, guest)}


def _guest(X: Any, classes: bool) -> tuple[str, Any]:
    """The usual method for X, and its name; LookupError says why there is none."""
    if getattr(X, "ndim", 1) == 1 and isinstance(next(iter(X)), str):
        return "TF-IDF", _tf_idf(TfidfVectorizer(ngram_range=(1, 2)), classes)
    kind = kind_of(X)
    if kind == "tokens":
        return "TF-IDF", _tf_idf(TfidfVectorizer(analyzer=tokens_and_pairs), classes)
    if kind == "graphs":
        _require("grakel", "the Weisfeiler-Lehman kernel")
        return "WL kernel", _weisfeiler_lehman(classes)
    if kind == "array" and np.ndim(X) == 2:
        return "Boosting", _boosting(X, classes)
    if kind == "array" and np.ndim(X) == 3:
        _require("aeon", "ROCKET")
        return "ROCKET", _rocket(classes)
    raise LookupError("it has a method for tables, series of one length, tokens, texts and graphs.")


def _require(library: str, method: str) -> None:
    if find_spec(library) is None:
        raise LookupError(f"{method} needs {library}: pip install {library}.")


def _boosting(X: Any, classes: bool) -> Any:
    est = HistGradientBoostingClassifier() if classes else HistGradientBoostingRegressor()
    if not hasattr(X, "dtypes"):
        return est
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    others = make_column_selector(dtype_exclude=["number", "bool"])
    return make_pipeline(make_column_transformer((encode, others), remainder="passthrough"), est)


def _tf_idf(words: Any, classes: bool) -> Any:
    return make_pipeline(words, LogisticRegression(max_iter=1000) if classes else Ridge())


def tokens_and_pairs(tokens: Any) -> list[Any]:
    """The tokens of a sample and each two that follow one another."""
    singles = [int(token) for token in tokens]
    return [*map(str, singles), *(f"{a} {b}" for a, b in pairwise(singles))]


def _rocket(classes: bool) -> Any:
    from aeon.transformations.collection.convolution_based import Rocket

    linear = RidgeClassifierCV(ALPHAS) if classes else RidgeCV(ALPHAS)
    return make_pipeline(
        FunctionTransformer(channels_first), Rocket(), StandardScaler(with_mean=False), linear
    )


def channels_first(X: Any) -> NDArray[np.float64]:
    """Series of shape (n_samples, steps, features) as aeon takes them."""
    return np.ascontiguousarray(np.moveaxis(np.asarray(X, dtype=float), 2, 1))


def _weisfeiler_lehman(classes: bool) -> Any:
    from grakel.kernels import WeisfeilerLehman

    last: Any = SVC(kernel="precomputed")
    if not classes:
        ridge = KernelRidge(kernel="precomputed")
        last = TransformedTargetRegressor(ridge, transformer=StandardScaler())
    return make_pipeline(LabelledGraphs(), WeisfeilerLehman(normalize=True), last)


class LabelledGraphs(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Graphs as grakel takes them: a label a node.

    It consists of the attributes that are texts or whole numbers in all graphs of `fit`; without
    any, it is the degree.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        columns = [take_apart(graph).node_columns for graph in X]
        names = sorted({name for each in columns for name in each})
        self.discrete_ = [
            name
            for name in names
            if all(_is_discrete(each[name]) for each in columns if name in each)
        ]
        return self

    def transform(self, X: Any) -> list[Any]:
        from grakel import Graph

        graphs = []
        for graph in X:
            parts = take_apart(graph)
            neighbours: dict[int, dict[int, float]] = {i: {} for i in range(len(parts.names))}
            edges, _ = parts.directed_edges()
            for a, b in edges.tolist():
                neighbours[a][b] = 1.0
            labels = {i: str(len(near)) for i, near in neighbours.items()}
            if self.discrete_:
                rows = [
                    np.asarray(parts.node_columns[name]).reshape(len(labels), -1).tolist()
                    for name in self.discrete_
                    if name in parts.node_columns
                ]
                labels = {i: str([row[i] for row in rows]) for i in labels}
            graphs.append(Graph(neighbours, node_labels=labels))
        return graphs


def _is_discrete(values: NDArray[Any]) -> bool:
    """Whether an attribute has texts or whole numbers only."""
    try:
        numbers = np.asarray(values.tolist(), dtype=float)
    except (TypeError, ValueError):
        return True
    return bool((numbers == np.round(numbers)).all())
