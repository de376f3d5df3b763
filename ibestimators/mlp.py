"""The baseline: dense layers, which assume nothing.

Everything may depend on everything: ``h_{k+1} = a(W_k h_k + b_k)`` on the
flattened sample. What the other primitives gain, they gain over this one.

Samples of different sizes cannot be flattened into vectors of one length as they are.
Sequences are padded with zeros to the longest of the training data; tokens become the mean
of their embeddings, a bag of words; graphs the pooled features of their nodes, the
baseline that knows no structure of Errica et al.

Reference: Rumelhart, Hinton & Williams, "Learning representations by
back-propagating errors", Nature 323 (1986); Errica, Podda, Bacciu & Micheli, "A fair
comparison of graph neural networks for graph classification" (2020).
"""

from __future__ import annotations

import math
import warnings
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import StrOptions
from torch import nn

from ibestimators.base import (
    NON_NEGATIVE_REAL,
    POSITIVE_INT,
    Classifier,
    Estimator,
    Regressor,
    estimator,
    parameter,
)
from ibestimators.layers import DenseLayers
from ibestimators.structures import Layout, aggregate, owners, pad


class FlattenedDense(nn.Module):
    """Dense layers on the flattened sample.

    Parameters
    ----------
    dense : DenseLayers
    n_steps : int, default=0
        Steps that sequences of different lengths are padded or cut to.
    """

    def __init__(self, dense: DenseLayers, n_steps: int = 0) -> None:
        super().__init__()
        self.dense = dense
        self.n_steps = n_steps

    def forward(
        self, x: torch.Tensor, lengths: torch.Tensor | None = None
    ) -> torch.Tensor:  # (batch, *sample_shape), or (rows, features) and (batch,)
        if lengths is not None:
            x, lengths = pad(x, lengths)  # (batch, longest, features)
            x = x[:, : self.n_steps]
            x = nn.functional.pad(x, (0, 0, 0, self.n_steps - x.shape[1]))
        y: torch.Tensor = self.dense(x.flatten(1))  # (batch, n_outputs)
        return y


class PooledDense(nn.Module):
    """Dense layers on what the rows of a sample are on average and, if asked, in sum.

    Parameters
    ----------
    dense : DenseLayers
    with_sum : bool
        Whether the sum over the rows, relative to the mean number of rows, comes too.
    typical : int
        Mean number of rows.
    """

    def __init__(self, dense: DenseLayers, with_sum: bool, typical: int) -> None:
        super().__init__()
        self.dense = dense
        self.with_sum = with_sum
        self.typical = typical

    def forward(
        self, x: torch.Tensor, lengths: torch.Tensor, **_: torch.Tensor
    ) -> torch.Tensor:  # (rows, features), (batch,)
        pooled = aggregate(x, owners(lengths), len(lengths), "mean")  # (batch, features)
        if self.with_sum:
            share = (lengths / self.typical).to(x.dtype).unsqueeze(1)  # (batch, 1)
            pooled = torch.cat([pooled, pooled * share, share], 1)  # (batch, 2 features + 1)
        y: torch.Tensor = self.dense(pooled)  # (batch, n_outputs)
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

    def _build_network(self, layout: Layout, n_outputs: int) -> nn.Module:
        if layout.kind == "array":
            return FlattenedDense(
                self._dense(math.prod(layout.axes) * layout.n_features, n_outputs)
            )
        if layout.kind == "sequences":
            dense = self._dense(layout.longest * layout.n_features, n_outputs)
            return FlattenedDense(dense, layout.longest)
        of_graphs = layout.kind == "graphs"
        n_inputs = 2 * layout.n_features + 1 if of_graphs else layout.n_features
        return PooledDense(self._dense(n_inputs, n_outputs), of_graphs, layout.typical)

    def widened(self, factor: float) -> dict[str, Any]:
        sizes = self._sizes("hidden_layer_sizes")
        return {"hidden_layer_sizes": tuple(max(1, round(factor * size)) for size in sizes)}

    def _dense(self, n_inputs: int, n_outputs: int) -> DenseLayers:
        return DenseLayers(
            n_inputs,
            self._sizes("hidden_layer_sizes"),
            n_outputs,
            activation=self.activation,
            dropout=self.dropout,
            normalization=self.normalization,
        )

    def _pads(self) -> bool:
        return self._kind == "sequences"

    def _notice(self, sizes: torch.Tensor) -> None:
        n_steps = self._structure.layout.longest
        if self._kind == "sequences" and int(sizes.max()) > n_steps:
            warnings.warn(
                f"{int((sizes > n_steps).sum())} of {len(sizes)} sequences in X are longer than "
                f"the longest in fit, {n_steps} steps; {type(self).__name__} reads their first "
                f"{n_steps} steps only. Fit on longer ones, or use another bias.",
                stacklevel=2,
            )


@estimator
class MLPClassifier(MLP, Classifier):
    """Classifier by dense layers, the baseline that assumes nothing.

    Reads arrays flattened, sequences padded to the longest in fit (and cut to it, with a
    warning), tokens as the mean of their embeddings, and graphs as the mean and sum of
    their nodes' features.

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

    Reads arrays flattened, sequences padded to the longest in fit (and cut to it, with a
    warning), tokens as the mean of their embeddings, and graphs as the mean and sum of
    their nodes' features.

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
