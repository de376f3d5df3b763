"""An estimator whose predictions are numbers."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.utils import Tags

from ibestimators.base._estimator import Estimator
from ibestimators.base._parameters import estimator
from ibestimators.base._targets import Numbers


@estimator
class Regressor(RegressorMixin, Estimator):  # type: ignore[misc]
    """Abstract: predicts one number or several."""

    _target_types = (Numbers,)

    def partial_fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train for one pass over X, on from the present state.

        Parameters
        ----------
        X : array-like
            As in `fit`. The first call decides structure and scale.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets. The first call decides their scale.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss, not rescaled: 2 everywhere doubles it.

        Returns
        -------
        self
        """
        self._validate_params()
        before = self._fitted if self.__sklearn_is_fitted__() else None
        return self._train(X, y, sample_weight, before=before, one_pass=True)

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Predicted targets, in the units of y.

        Parameters
        ----------
        X : array-like
            In the layout seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            With the number of dimensions that y had in `fit`.
        """
        return self._predictions(X)

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
