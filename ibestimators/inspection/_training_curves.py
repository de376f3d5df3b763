"""Training curves: the loss by epoch of one or several estimators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ibestimators.base import Estimator
from ibestimators.pipelines import unwrap_estimator
from ibestimators.plotting import Display, Style, remove_frame


class TrainingCurveDisplay(Display):
    """Training and validation loss by epoch, on a logarithmic scale.

    Style keywords of `plot`: ``line_kw`` and, for the validation losses, ``validation_kw``.

    Parameters
    ----------
    losses : dict of str to ndarray of shape (n_epochs,)
        Training loss of each estimator: the mean cross-entropy in nats of a classifier, the
        mean squared error of a regressor, in variances of y if `standardize`.
    validation_losses : dict of str to ndarray of shape (n_epochs,)
        The same loss on the validation data of `early_stopping`; empty arrays without it.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from ibestimators import MLPClassifier, TrainingCurveDisplay
    >>> fitted = MLPClassifier(max_epochs=5, random_state=0).fit(*load_iris(return_X_y=True))
    >>> TrainingCurveDisplay.from_estimator(fitted).losses["MLPClassifier"].shape
    (5,)
    """

    def __init__(
        self,
        losses: Mapping[str, NDArray[np.float64]],
        validation_losses: Mapping[str, NDArray[np.float64]],
    ) -> None:
        self.losses = dict(losses)
        self.validation_losses = dict(validation_losses)

    @classmethod
    def from_estimator(cls, estimator: Any, ax: Any = None, **style: Any) -> Self:
        """Draw the curves of one estimator.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            Fitted.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **style : dict
            Style keywords, as in `plot`.

        Returns
        -------
        TrainingCurveDisplay
        """
        name = type(unwrap_estimator(estimator, None, Estimator)[0]).__name__
        return cls.from_estimators({name: estimator}, ax, **style)

    @classmethod
    def from_estimators(cls, estimators: Mapping[str, Any], ax: Any = None, **style: Any) -> Self:
        """Draw the curves of several estimators, each in its own colour.

        Parameters
        ----------
        estimators : dict of str to estimator, Pipeline or search
            Fitted.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **style : dict
            Style keywords, as in `plot`.

        Returns
        -------
        TrainingCurveDisplay
        """
        fitted = {
            name: unwrap_estimator(est, None, Estimator)[0] for name, est in estimators.items()
        }
        return cls(
            {name: np.array(est.loss_curve_) for name, est in fitted.items()},
            {name: np.array(est.validation_curve_) for name, est in fitted.items()},
        ).plot(ax, **style)

    def _draw(self, ax: Any, *, line_kw: Style, validation_kw: Style) -> None:
        for i, (name, loss) in enumerate(self.losses.items()):
            epochs = np.arange(1, len(loss) + 1)
            look = {"color": f"C{i}", "label": name, "marker": "o" if len(loss) == 1 else ""}
            ax.plot(epochs, loss, **look | line_kw)
            validation = self.validation_losses[name]
            if len(validation):
                look |= {"label": f"{name}, validation", "linestyle": "--"}
                ax.plot(epochs[-len(validation) :], validation, **look | validation_kw)
        ax.set_yscale("log")
        ax.set_xlabel("epoch")
        ax.set_ylabel("loss")
        remove_frame(ax, grid="both")
        ax.legend(frameon=False)
