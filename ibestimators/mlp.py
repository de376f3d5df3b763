"""The baseline: dense layers, which assume nothing.

Everything may depend on everything: ``h_{k+1} = a(W_k h_k + b_k)`` on the
flattened sample. What the other primitives gain, they gain over this one.

Reference: Rumelhart, Hinton & Williams, "Learning representations by
back-propagating errors", Nature 323 (1986).
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from sklearn.utils._param_validation import StrOptions
from torch import nn

from ibestimators.base import NON_NEGATIVE_REAL, POSITIVE_INT, Classifier, Estimator, Regressor
from ibestimators.dense import DenseLayers
from ibestimators.parameters import estimator, parameter


class FlattenedDense(nn.Module):
    """Dense layers on the flattened sample."""

    def __init__(self, dense: DenseLayers) -> None:
        super().__init__()
        self.dense = dense

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (batch, *sample_shape)
        y: torch.Tensor = self.dense(x.flatten(1))  # (batch, n_outputs)
        return y


@estimator
class MLP(Estimator):
    """Abstract: what is learned is a stack of dense layers."""

    assumption: ClassVar[str] = "nothing"
    _shares_weights: ClassVar[bool] = False

    weight_decay: float = parameter(
        3.0, [NON_NEGATIVE_REAL], "float",
        "Decay of the weights, decoupled from the gradient (AdamW): a step at learning rate r "
        "takes the share r x weight_decay off each. Nothing assumed, much to hold back.",
    )  # fmt: skip
    max_epochs: int = parameter(
        20, [POSITIVE_INT], "int", "Number of passes over the training data.",
    )  # fmt: skip
    hidden_layer_sizes: tuple[int, ...] = parameter(
        (256, 256), ["array-like"], "tuple of int", "Units of each hidden layer.",
    )  # fmt: skip
    normalization: str | None = parameter(
        None, [StrOptions({"batch", "layer"}), None], "{'batch', 'layer'} or None",
        "Normalisation of hidden units before their activation.",
    )  # fmt: skip

    def _build_network(self, sample_shape: tuple[int, ...], n_outputs: int) -> nn.Module:
        return FlattenedDense(
            DenseLayers(
                math.prod(sample_shape),
                self._sizes("hidden_layer_sizes"),
                n_outputs,
                activation=self.activation,
                dropout=self.dropout,
                normalization=self.normalization,
            )
        )


@estimator
class MLPClassifier(MLP, Classifier):
    """Classifier by dense layers, the baseline that assumes nothing.

    Reads X of any structure flattened.

    {sections}

    See Also
    --------
    ConvClassifier : Assumes locality and translation invariance.

    References
    ----------
    Rumelhart, Hinton & Williams, "Learning representations by back-propagating
    errors", Nature 323 (1986).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from ibestimators import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> MLPClassifier(random_state=0).fit(X, y).score(X, y) > 0.95
    True
    """


@estimator
class MLPRegressor(MLP, Regressor):
    """Regressor by dense layers, the baseline that assumes nothing.

    Reads X of any structure flattened.

    {sections}

    See Also
    --------
    ConvRegressor : Assumes locality and translation invariance.

    References
    ----------
    Rumelhart, Hinton & Williams, "Learning representations by back-propagating
    errors", Nature 323 (1986).

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators import MLPRegressor
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> y = X[:, 0] * X[:, 1]
    >>> MLPRegressor(random_state=0).fit(X, y).score(X, y) > 0.9
    True
    """
