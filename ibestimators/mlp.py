"""The baseline: dense layers, which assume no structure.

Each output may depend on all inputs: ``h_{k+1} = a(W_k h_k + b_k)`` on the flattened sample.
Comparisons measure the gain of every other bias against this baseline.

Samples of different sizes cannot be flattened into vectors of one length. Sequences are padded
with zeros to the longest sequence of the training data. Tokens are replaced by the mean of their
embeddings, a bag of words. Graphs are replaced by the pooled features of their nodes, the
structure-agnostic baseline of Errica et al. For an output at each position, the same dense layers
read each position alone.

Reference: Rumelhart, Hinton & Williams, "Learning representations by
back-propagating errors", Nature 323 (1986); Errica, Podda, Bacciu & Micheli, "A fair
comparison of graph neural networks for graph classification" (2020).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from numbers import Integral
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval, StrOptions
from torch import nn

from ibestimators.base import (
    BudgetRule,
    Classifier,
    Estimator,
    Regressor,
    estimator,
    parameter,
)
from ibestimators.layers import (
    Batch,
    ColumnEmbedding,
    DenseLayers,
    EachPosition,
    Encoder,
    Network,
    Packed,
    Padded,
    Readout,
    has_few_columns,
    patches,
)
from ibestimators.structures import NAMES, Layout, aggregate, pad, padding_mask, sample_index

_COLUMN_SIZE = 4


class Flatten(Encoder):
    """Flatten each sample into one vector.

    Parameters
    ----------
    n_steps : int, default=0
        Number of steps to which sequences of different lengths are padded or truncated.
    columns : ColumnEmbedding or None, default=None
        Embeds the columns of tables.
    """

    shares_weights: ClassVar[bool] = False

    def __init__(self, n_steps: int = 0, columns: ColumnEmbedding | None = None) -> None:
        super().__init__()
        self.n_steps = n_steps
        self.columns = columns

    def forward(self, batch: Batch) -> Padded:
        x, lengths = batch.x, batch.lengths
        if lengths is not None:
            x, lengths = pad(x, lengths)  # (batch, longest, features)
            x = x[:, : self.n_steps]
            x = nn.functional.pad(x, (0, 0, 0, self.n_steps - x.shape[1]))
        if self.columns is not None:
            x = self.columns(x.unsqueeze(2))  # (batch, columns, size)
        return Padded(x.flatten(1).unsqueeze(1))  # (batch, 1, all features)

    def with_gradients(
        self, batch: Batch
    ) -> tuple[Padded, Callable[[torch.Tensor], dict[nn.Parameter, torch.Tensor]]]:
        """The output for rows of a table, and a map of its gradient to those of the columns."""
        assert self.columns is not None
        x, gradients = self.columns.with_gradients(batch.x.unsqueeze(2))  # (batch, columns, size)
        return Padded(x.flatten(1).unsqueeze(1)), lambda flat: gradients(flat.view(x.shape))

    def check_sizes(self, sizes: torch.Tensor) -> None:
        if int(sizes.max()) > self.n_steps:
            warnings.warn(
                f"{int((sizes > self.n_steps).sum())} of {len(sizes)} sequences in X are longer "
                f"than the longest training sequence ({self.n_steps} steps). Dense layers read "
                f"only their first {self.n_steps} steps. Fit on longer sequences or use another "
                "bias.",
                stacklevel=2,
            )


class Neighbourhoods(Encoder):
    """Pass the features of each position on, with those of the positions around it.

    Parameters
    ----------
    context : int
        Number of positions on each side, along each axis, with zeros beyond the ends.
    """

    def __init__(self, context: int) -> None:
        super().__init__()
        self.context = context

    def forward(self, batch: Batch) -> Padded:
        x, lengths = batch.x, batch.lengths
        mask = None
        if lengths is not None:
            x, lengths = pad(x, lengths)  # (batch, longest, features)
            mask = padding_mask(lengths, (x.shape[1],))
        elif x.ndim == 2:
            x = x.unsqueeze(-1)  # d features are d positions of one feature
        return Padded(patches(x, 2 * self.context + 1, 1), mask)


class Rows(Encoder):
    """Pass the token embeddings on unchanged; their mean is a bag of words."""

    shares_weights: ClassVar[bool] = False

    def forward(self, batch: Batch) -> Packed:
        lengths = batch.lengths
        assert lengths is not None
        return Packed(batch.x, sample_index(lengths), len(lengths))

    def padded_size(self, sizes: torch.Tensor) -> None:
        return None


class PooledNodes(Encoder):
    """Mean and sum of the node features of each graph, and its number of nodes.

    Parameters
    ----------
    typical : int
        Mean number of nodes, by which the sum and the number of nodes are divided.
    """

    shares_weights: ClassVar[bool] = False

    def __init__(self, typical: int) -> None:
        super().__init__()
        self.typical = typical

    def forward(self, batch: Batch) -> Padded:
        x, lengths = batch.x, batch.lengths
        assert lengths is not None
        mean = aggregate(x, sample_index(lengths), len(lengths), "mean")  # (batch, features)
        share = (lengths / self.typical).to(x.dtype).unsqueeze(1)  # (batch, 1)
        return Padded(torch.cat([mean, mean * share, share], 1).unsqueeze(1))

    def padded_size(self, sizes: torch.Tensor) -> None:
        return None


@estimator
class MLPEstimator(Estimator):
    """Abstract base class of the estimators that learn dense layers."""

    assumption: ClassVar[str] = "nothing"
    causal: ClassVar[dict[str, tuple[Any, ...]] | None] = {"context": (0,)}

    hidden_layer_sizes: tuple[int, ...] = parameter(
        (256, 256),
        ["array-like"],
        "tuple of int",
        "Number of units of each hidden layer.",
    )
    column_embedding: str | None = parameter(
        "auto",
        [StrOptions({"auto", "periodic"}), None],
        "{'auto', 'periodic'} or None",
        "How the columns of a table enter: None as they are, 'periodic' as 4 features each, "
        "linear maps of the number and of its cosines at learned frequencies. 'auto' is "
        "'periodic' up to 128 columns, and None for more.",
    )
    normalization: str | None = parameter(
        None,
        [StrOptions({"batch", "layer"}), None],
        "{'batch', 'layer'} or None",
        "Normalisation of the hidden units before the activation.",
    )

    context: int = parameter(
        0,
        [Interval(Integral, 0, None, closed="left")],
        "int",
        "Number of positions on each side, along each axis, that are read together with a "
        "position if ``target='position'``; 0 reads each position alone. Not for graphs.",
    )

    def _auto(self, layout: Layout) -> dict[str, Any]:
        own = "periodic" if has_few_columns(layout) else None
        return {**super()._auto(layout), "column_embedding": own}

    def _build_network(self, layout: Layout, n_outputs: int) -> Network:
        encoder: Encoder
        how, n_inputs = "flatten", layout.n_features
        if self.target == "position":
            if self.context and layout.kind == "graphs":
                raise ValueError(
                    f"context={self.context} requires positions in order, but X is "
                    f"{NAMES[layout.kind]}. Set context=0."
                )
            n_axes = len(layout.axes) if layout.kind == "array" else 1
            n_inputs *= (2 * self.context + 1) ** n_axes
            encoder = Neighbourhoods(self.context)
        elif layout.kind == "array":
            n_inputs *= math.prod(layout.axes)
            columns = None
            if layout.is_table and self.column_embedding == "periodic":
                columns = ColumnEmbedding(n_inputs, _COLUMN_SIZE, periodic=True)
                n_inputs *= _COLUMN_SIZE
            encoder = Flatten(columns=columns)
        elif layout.kind == "sequences":
            encoder = Flatten(layout.longest)
            n_inputs *= layout.longest
        elif layout.kind == "graphs":
            encoder = PooledNodes(layout.typical)
            n_inputs = 2 * n_inputs + 1
        else:
            encoder, how = Rows(), "mean"
        dense = DenseLayers(
            n_inputs,
            self._layer_sizes("hidden_layer_sizes"),
            n_outputs,
            activation=self.activation,
            dropout=float(self.dropout),
            normalization=self.normalization,
        )
        if self.target == "position":
            return Network(encoder, EachPosition(dense))
        return Network(encoder, Readout(how, dense))

    @property
    def reads_any_size(self) -> bool:
        return self.target == "position"

    def _budget_rule(self, layout: Layout) -> BudgetRule:
        return BudgetRule(lr=1e-2, n_steps=1000, weight_decay=3.0)

    def _widened(self, factor: float) -> dict[str, Any]:
        sizes = self._layer_sizes("hidden_layer_sizes")
        return {"hidden_layer_sizes": tuple(max(1, round(factor * size)) for size in sizes)}


@estimator
class MLPClassifier(MLPEstimator, Classifier):
    """Classifier with dense layers, the baseline that assumes no structure.

    Arrays are flattened. Sequences are padded to the longest training sequence (longer ones
    are truncated, with a warning). Tokens are read as the mean of their embeddings, and graphs
    as the mean and sum of their node features. If ``target='position'``, the same dense layers
    read each position, and no other but those of `context`.

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
class MLPRegressor(MLPEstimator, Regressor):
    """Regressor with dense layers, the baseline that assumes no structure.

    Arrays are flattened. Sequences are padded to the longest training sequence (longer ones
    are truncated, with a warning). Tokens are read as the mean of their embeddings, and graphs
    as the mean and sum of their node features. If ``target='position'``, the same dense layers
    read each position, and no other but those of `context`.

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
