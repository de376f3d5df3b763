"""Any estimator made invariant: it learns from, and averages over, the changes of a sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _check_feature_names,
    check_consistent_length,
    check_is_fitted,
)

from ibestimators.base import draw_seed, random_generator
from ibestimators.structures import reads_containers
from ibestimators.symmetries._groups import symmetry_named
from ibestimators.symmetries._samples import Scale, axes_of, check_samples


def _has(method: str) -> Callable[[Any], bool]:
    return lambda self: hasattr(getattr(self, "estimator_", self.estimator), method)


class Invariant(MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """Any estimator of scikit-learn, averaged over the changes of a symmetry.

    `fit` trains one estimator on all changed copies of the samples, and predictions are means over
    the changed copies of a sample. They are the same for a sample and its changed copy if
    the changes are a group, such as cyclic shifts or mirror images, and nearly so for others.
    Training takes as many times the samples as there are changes.

    Parameters
    ----------
    estimator : estimator
        Classifier or regressor.
    symmetry : str or sequence of callables, default="cyclic shifts"
        A name in the table of `find_symmetries`, such as "shifts up to 3 steps", "mirror images"
        or "change of sign". Or functions, each from samples to changed samples of the same
        shape; the samples as they are count as well. Changes of values are in units of the standard
        deviation of each feature, or column.
    random_state : int, RandomState instance or None, default=None
        Draws the orders of "any order of positions" and "any order of features".

    Attributes
    ----------
    estimator_ : estimator
        Fitted on all changed copies.
    classes_ : ndarray of shape (n_classes,)
        Of a classifier.
    sample_shape_ : tuple of int
        Shape of a sample.
    n_features_in_ : int
        Columns of X, if it is a table.
    feature_names_in_ : ndarray of shape (n_columns,)
        Names of the columns, if X is a data frame with names.

    References
    ----------
    Lyle, van der Wilk, Kwiatkowska, Gal & Bloem-Reddy, "On the benefits of invariance in neural
    networks" (2020): averages of features against augmented data.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from ibestimators import Invariant
    >>> from ibestimators.datasets import load_mnist1d
    >>> data = load_mnist1d()
    >>> X, y = data.data.reshape(len(data.data), -1), data.target
    >>> alone = KNeighborsClassifier(1).fit(X[:200], y[:200])
    >>> shifted = Invariant(KNeighborsClassifier(1)).fit(X[:200], y[:200])
    >>> bool(shifted.score(X[200:400], y[200:400]) > alone.score(X[200:400], y[200:400]) + 0.1)
    True
    """

    def __init__(
        self,
        estimator: Any,
        symmetry: str | Sequence[Callable[[Any], Any]] = "cyclic shifts",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.symmetry = symmetry
        self.random_state = random_state

    @reads_containers
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the estimator on the changed copies of all samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, d), (n_samples, steps, features) or with more axes
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
            For an estimator that takes them.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If `symmetry` is neither a name nor at least one function.
        ValueError
            If `symmetry` is not one of samples of this shape, or a classifier gets several
            columns of labels.
        """
        _check_feature_names(self, X, reset=True)
        array, y = check_samples(X, "Invariant"), np.asarray(y)
        check_consistent_length(array, y, sample_weight)
        if is_classifier(self.estimator) and y.ndim > 1:
            raise ValueError(
                f"y has the shape {y.shape}, but Invariant takes one class a sample: wrap it in "
                "MultiOutputClassifier for several labels."
            )
        scale = Scale.of(array)
        seed = draw_seed(random_generator(self.random_state))
        copies = _copies(array, self.symmetry, seed, scale)
        weights = {}
        if sample_weight is not None:
            weights["sample_weight"] = np.concatenate([np.asarray(sample_weight)] * len(copies))
        fitted = clone(self.estimator)
        fitted.fit(np.concatenate(copies), np.concatenate([y] * len(copies)), **weights)
        self.estimator_ = fitted
        self._changes = (self.symmetry, seed, scale)
        self.sample_shape_ = array.shape[1:]
        if array.ndim == 2:
            self.n_features_in_ = array.shape[1]
        if hasattr(fitted, "classes_"):
            self.classes_ = fitted.classes_
        return self

    def _mean(self, method: str, X: Any) -> NDArray[Any]:
        """The mean output over the changed copies of each sample."""
        check_is_fitted(self)
        _check_feature_names(self, X, reset=False)
        array = check_samples(X, "Invariant")
        if array.shape[1:] != self.sample_shape_:
            raise ValueError(
                f"X has samples of shape {array.shape[1:]}, but Invariant was fitted on samples of "
                f"shape {self.sample_shape_}."
            )
        output = getattr(self.estimator_, method)
        copies = _copies(array, *self._changes)
        return np.asarray(np.mean([output(copy) for copy in copies], axis=0))

    @available_if(_has("predict_proba"))  # type: ignore[untyped-decorator]
    @reads_containers
    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Mean probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return self._mean("predict_proba", X)

    @available_if(_has("decision_function"))  # type: ignore[untyped-decorator]
    @reads_containers
    def decision_function(self, X: ArrayLike) -> NDArray[Any]:
        """Mean decision values.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
        """
        return self._mean("decision_function", X)

    @reads_containers
    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class of the largest mean probability or decision value, or the mean number.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        check_is_fitted(self)
        if not is_classifier(self.estimator):
            return self._mean("predict", X)
        if hasattr(self.estimator_, "predict_proba"):
            chosen = self._mean("predict_proba", X).argmax(1)
        else:
            values = self._mean("decision_function", X)
            chosen = (values > 0).astype(int) if values.ndim == 1 else values.argmax(1)
        return np.asarray(self.classes_[chosen])

    @reads_containers
    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy of a classifier, R² of a regressor.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        float
        """
        score = accuracy_score if is_classifier(self.estimator) else r2_score
        return float(score(y, self.predict(X), sample_weight=sample_weight))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags, tags.regressor_tags = inner.classifier_tags, inner.regressor_tags
        tags.target_tags = inner.target_tags
        tags.input_tags.three_d_array = True
        return tags


def _copies(
    X: NDArray[Any], symmetry: str | Sequence[Callable[[Any], Any]], seed: int, scale: Scale
) -> list[NDArray[Any]]:
    """The samples as they are, and after each change."""
    if isinstance(symmetry, str):
        n_features = X.shape[-1] if X.ndim > 2 else 1
        random = np.random.RandomState(seed)
        changed = scale.copies(X, symmetry_named(symmetry, axes_of(X), n_features, random))
    elif isinstance(symmetry, Sequence) and symmetry and all(map(callable, symmetry)):
        changed = [np.asarray(change(X)) for change in symmetry if callable(change)]
    else:
        raise TypeError(f"symmetry must be a name or at least one function, got {symmetry!r}.")
    for copy in changed:
        if copy.shape != X.shape:
            raise ValueError(
                f"symmetry has a function that gives an array of shape {copy.shape} for X of shape "
                f"{X.shape}. A change must keep the shape."
            )
    return [X, *changed]
