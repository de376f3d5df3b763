"""An estimator whose predictions are numbers."""

from __future__ import annotations

from typing import Any, Self

from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ibestimators.base._estimator import Estimator
from ibestimators.base._parameters import estimator
from ibestimators.base._targets import Numbers
from ibestimators.scoring import position_scorer
from ibestimators.structures import reads_containers


@estimator
class Regressor(RegressorMixin, Estimator):  # type: ignore[misc]
    """Abstract: predicts one number or several."""

    _target_types = (Numbers,)

    @reads_containers
    def partial_fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train for one pass over X, on from the present state.

        Parameters
        ----------
        X : array-like
            As in `fit`. The first call decides structure and scale.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, or targets at positions as in `fit`. The first call decides their scale.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss, not rescaled: 2 everywhere doubles it. Or, as in
            `fit`, of each position.

        Returns
        -------
        self
        """
        self._validate_params()
        before = self._fitted if self.__sklearn_is_fitted__() else None
        return self._train(X, y, sample_weight, before=before, one_pass=True)

    @reads_containers
    def predict(self, X: Any) -> Any:
        """Predicted targets, in the units of y.

        Parameters
        ----------
        X : array-like
            In the layout seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            With the number of dimensions that y had in `fit`. If ``target='position'``: in the
            form of y in `fit`, such as (n_samples, n_steps), or a list of (n_steps_i,).
        """
        return self._predictions(X)

    @reads_containers
    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """R² of the predictions of samples, or of positions that have a label.

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
            return position_scorer("r2")(self, X, y, sample_weight)
        return float(super().score(X, y, sample_weight))

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
