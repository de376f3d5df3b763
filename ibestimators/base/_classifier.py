"""An estimator whose predictions are classes, or several labels a sample."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from ibestimators.base._estimator import Estimator
from ibestimators.base._parameters import estimator, parameter
from ibestimators.base._targets import Classes, Labels
from ibestimators.scoring import position_scorer
from ibestimators.structures import reads_containers


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

    @reads_containers
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
            Class labels, or 0 and 1 for each label; at positions, as in `fit`.
        classes : array-like of shape (n_classes,) or (n_labels,), default=None
            All class labels that any call will bring, or ``np.arange(n_labels)``, or the columns
            of a data frame y; required in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss, not rescaled: 2 everywhere doubles it. Or, as in
            `fit`, of each position.

        Returns
        -------
        self
        """
        self._validate_params()
        before = self._fitted if self.__sklearn_is_fitted__() else None
        of_labels = self.target == "sample" and Labels.recognises(y)
        if self.class_weight == "balanced" and not of_labels:
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

    @reads_containers
    def predict_proba(self, X: Any) -> Any:
        """Probability of each class, or of each label.

        Parameters
        ----------
        X : array-like
            In the layout seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of `classes_`. The probabilities of classes sum to 1 in each row, those
            of several labels do not depend on each other. If ``target='position'``: at each
            position, (n_samples, n_steps, n_classes) or (n_samples, height, width, n_classes),
            or a list of (n_steps_i, n_classes).
        """
        return self._predictions(X)

    @reads_containers
    def predict_log_proba(self, X: Any) -> Any:
        """Logarithm of `predict_proba`, exact where a probability rounds to 0.

        Parameters
        ----------
        X : array-like
            In the layout seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Or, at positions, in the form of `predict_proba`.
        """
        check_is_fitted(self)
        fitted = self._fitted
        return fitted.predictions(X, lambda rows: fitted.target.of_rows.log_outcome(rows).numpy())

    @reads_containers
    def predict(self, X: Any) -> Any:
        """The most probable class, or the labels with a probability above 0.5.

        Parameters
        ----------
        X : array-like
            In the layout seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Classes as in `classes_`, or 0 and 1 for each label. If ``target='position'``: in the
            form of y in `fit`, such as (n_samples, n_steps), or a list of (n_steps_i,).
        """
        check_is_fitted(self)
        return self._fitted.predictions(X, self._fitted.target.of_rows.predictions)

    @reads_containers
    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy: the share of samples, or of positions that have a label, predicted right.

        Parameters
        ----------
        X : array-like
            In the layout seen in `fit`.
        y : array-like
            In the form of y in `fit`.
        sample_weight : array-like, default=None
            Weight of each sample or, at positions, of each position.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        if self._fitted.at_positions:
            return position_scorer("accuracy")(self, X, y, sample_weight)
        return float(super().score(X, y, sample_weight))

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
