"""Loss by epoch: how training went, of one estimator or of several side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ibestimators.base import Estimator
from ibestimators.pipelines import opened


class TrainingCurveDisplay:
    """Training and validation loss by epoch.

    Parameters
    ----------
    losses : dict of str to ndarray of shape (n_epochs,)
        Training loss of each estimator: the mean cross-entropy in nats of a classifier, the
        mean squared error of a regressor, in variances of y if `standardize`.
    validation_losses : dict of str to ndarray of shape (n_epochs,)
        Likewise on what `early_stopping` set aside; empty arrays without it.

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
    def from_estimator(cls, estimator: Any, ax: Any = None) -> Self:
        """Draw the curves of one estimator.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            Fitted.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        TrainingCurveDisplay
        """
        name = type(opened(estimator, None, Estimator)[0]).__name__
        return cls.from_estimators({name: estimator}, ax)

    @classmethod
    def from_estimators(cls, estimators: Mapping[str, Any], ax: Any = None) -> Self:
        """Draw the curves of several estimators, each in a colour of its own.

        Parameters
        ----------
        estimators : dict of str to estimator, Pipeline or search
            Fitted.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        TrainingCurveDisplay
        """
        fitted = {name: opened(est, None, Estimator)[0] for name, est in estimators.items()}
        return cls(
            {name: np.array(est.loss_curve_) for name, est in fitted.items()},
            {name: np.array(est.validation_curve_) for name, est in fitted.items()},
        ).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the losses on a logarithmic scale, validation dashed.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        self
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6.4, 4), layout="constrained").add_subplot()
        for i, (name, loss) in enumerate(self.losses.items()):
            epochs = np.arange(1, len(loss) + 1)
            ax.plot(epochs, loss, color=f"C{i}", label=name, marker="o" if len(loss) == 1 else "")
            validation = self.validation_losses[name]
            if len(validation):
                ax.plot(
                    epochs[-len(validation) :], validation, color=f"C{i}", ls="--",
                    label=f"{name}, validation",
                )  # fmt: skip
        ax.set_yscale("log")
        ax.set_xlabel("epoch")
        ax.set_ylabel("loss")
        ax.grid(alpha=0.3)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self
