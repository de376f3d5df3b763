"""An estimator whose predictions are classes, or several labels a sample."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils._param_validation import StrOptions

from ibestimators.base._estimator import Estimator
from ibestimators.base._parameters import estimator, parameter
from ibestimators.base._targets import Classes, Labels


@estimator
class Classifier(ClassifierMixin, Estimator):  # type: ignore[misc]
    """Abstract: predicts a class, or several labels."""

    class_weight: dict[Any, float] | str | None = parameter(
        None,
        [dict, StrOptions({"balanced"}), None],
        "dict, 'balanced' or None",
        "Weight of each class in the loss; 'balanced' weights classes inversely to their "
        "frequencies. Not for several labels a sample.",
    )

    _attribute_docs = (
        (
            "classes_",
            "ndarray of shape (n_classes,) or (n_labels,)",
            "The class labels, sorted; or the numbers of several labels, from 0.",
        ),
    )
    _target_types = (Labels, Classes)

    def partial_fit(
        self,
        X: Any,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one pass over X, on from the present state.

        Parameters
        ----------
        X : array-like
            As in `fit`. The first call decides structure and scale; tokens and categories
            that it lacks stay unknown.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or 0 and 1 for each label.
        classes : array-like of shape (n_classes,) or (n_labels,), default=None
            All class labels that any call will bring, or ``np.arange(n_labels)``, or the columns
            of a data frame y; required in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss, not rescaled: 2 everywhere doubles it.

        Returns
        -------
        self
        """
        self._validate_params()
        before = self._fitted if self.__sklearn_is_fitted__() else None
        if self.class_weight == "balanced" and not Labels.recognises(y):
            raise ValueError(
                "class_weight='balanced' needs the frequencies of classes in all data, which "
                "partial_fit does not have. Give class_weight a dict."
            )
        if before is None and classes is None:
            raise ValueError(
                "classes must be passed on the first call to partial_fit: "
                "give all labels that any call will bring, such as classes=np.unique(y_all), or "
                "np.arange(n_labels) for several labels a sample."
            )
        columns = getattr(y, "columns", ())
        if classes is not None and len(columns) > 1 and np.array_equal(classes, columns):
            classes = np.arange(len(columns))
        if (
            before is not None
            and classes is not None
            and not np.array_equal(np.unique(classes), self.classes_)
        ):
            raise ValueError(
                f"classes={classes!r} is not the same as on the last call to partial_fit, "
                f"which was {self.classes_!r}."
            )
        return self._train(X, y, sample_weight, before=before, classes=classes, one_pass=True)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probability of each class, or of each label.

        Parameters
        ----------
        X : array-like
            In the layout seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of `classes_`. The probabilities of classes sum to 1 in each row, those
            of several labels do not depend on each other.
        """
        return self._predictions(X)

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Logarithm of `predict_proba`, exact where a probability rounds to 0.

        Parameters
        ----------
        X : array-like
            In the layout seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
        """
        outputs = self._outputs(X)
        return np.asarray(self._fitted.target.log_outcome(outputs).numpy())

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class, or the labels with a probability above 0.5.

        Parameters
        ----------
        X : array-like
            In the layout seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Classes as in `classes_`, or 0 and 1 for each label.
        """
        outputs = self._outputs(X)
        return self._fitted.target.predictions(outputs)

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
