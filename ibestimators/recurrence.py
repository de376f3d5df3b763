"""Recurrence: order matters, and a hidden state carries information about past steps.

The same function is applied at every step, ``h_t = f(x_t, h_{t-1})``:

    rnn   h_t = tanh(W x_t + U h_{t-1} + b)                        (Elman 1990)
    lstm  a cell c_t = f_t c_{t-1} + i_t g_t, read through a gate  (Hochreiter &
          h_t = o_t tanh(c_t)                                       Schmidhuber 1997)
    gru   h_t = (1 - z_t) n_t + z_t h_{t-1}                        (Cho et al. 2014)

The same weights are used for sequences of any length. The product of the derivatives
of many steps vanishes or explodes. Gates mitigate vanishing gradients, and clipping the
gradient norm prevents exploding ones (Pascanu, Mikolov & Bengio 2013).
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import StrOptions
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ibestimators.base import (
    POSITIVE_INT,
    POSITIVE_REAL,
    Classifier,
    Estimator,
    Regressor,
    estimator,
    parameter,
)
from ibestimators.layers import Batch, Encoder, Network, Padded, Readout
from ibestimators.structures import Layout, pad, padding_mask
from ibestimators.training import gradient_clipping

_CELLS: dict[str, Any] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class RecurrentEncoder(Encoder):
    """Recurrent layers.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
    n_features, hidden_size, n_layers : int
    bidirectional : bool
    dropout : float
        Dropout probability, between layers and on the states passed to the readout.
    """

    def __init__(
        self,
        cell: str,
        n_features: int,
        hidden_size: int,
        n_layers: int,
        *,
        bidirectional: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        self.recurrence = _CELLS[cell](
            n_features,
            hidden_size,
            n_layers,
            batch_first=True,
            bidirectional=bidirectional,
            dropout=dropout if n_layers > 1 else 0.0,
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, batch: Batch) -> Padded:
        x, lengths = self.steps(batch)
        mask = None if lengths is None else padding_mask(lengths, (x.shape[1],))
        return Padded(self.dropout(self.hidden_states(x, lengths)), mask)

    @staticmethod
    def steps(batch: Batch) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Input of the recurrence, (batch, steps, features), and lengths of padded samples."""
        x, lengths = batch.x, batch.lengths
        if lengths is not None:
            return pad(x, lengths)
        if x.ndim == 2:
            x = x.unsqueeze(-1)  # d features are d steps of one feature
        return x.flatten(2), None  # the rows of an image are steps

    def hidden_states(
        self, x: torch.Tensor, lengths: torch.Tensor | None = None
    ) -> torch.Tensor:  # (batch, steps, features), (batch,)
        """The hidden state of the last layer after each step: (batch, steps, hidden_size)."""
        if lengths is None:
            states: torch.Tensor = self.recurrence(x)[0]
            return states
        # Packed, so that the backward direction starts at the end of each sample.
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.recurrence(packed)[0], batch_first=True)
        return states


@estimator
class RecurrentEstimator(Estimator):
    """Abstract base class of the estimators that learn a recurrence."""

    assumption: ClassVar[str] = "order, a state carries the past"

    lr: float = parameter(
        1e-2,
        [POSITIVE_REAL],
        "float",
        "Highest learning rate of AdamW. It rises over the first tenth of the steps and decays "
        "to 0 by a half cosine; in `partial_fit` it is constant.",
    )
    cell: str = parameter(
        "gru",
        [StrOptions(set(_CELLS))],
        "{'rnn', 'lstm', 'gru'}",
        "Recurrent cell: Elman's, or one with gates.",
    )
    hidden_size: int = parameter(
        64,
        [POSITIVE_INT],
        "int",
        "Size of the hidden state in each direction.",
    )
    n_layers: int = parameter(
        1,
        [POSITIVE_INT],
        "int",
        "Number of recurrent layers; each reads the states of the previous layer.",
    )
    bidirectional: bool = parameter(
        False,
        ["boolean"],
        "bool",
        "Whether to add a second recurrence that reads from the end.",
    )
    readout: str = parameter(
        "auto",
        [StrOptions({"auto", "last", "mean", "max", "flatten"})],
        "{'auto', 'last', 'mean', 'max', 'flatten'}",
        "How the states are reduced to one vector: 'flatten' concatenates all states, 'last' "
        "takes the state after the last step. 'auto' uses 'flatten' for samples of one length "
        "and 'last' for samples of different lengths.",
    )
    head_layer_sizes: tuple[int, ...] = parameter(
        (),
        ["array-like"],
        "tuple of int",
        "Number of units of each hidden layer of the dense head.",
    )
    clip_grad_norm: float | None = parameter(
        1.0,
        [POSITIVE_REAL, None],
        "float or None",
        "Maximum norm of the gradient of a step; larger gradients are scaled down to it.",
    )

    def _build_network(self, layout: Layout, n_outputs: int) -> Network:
        varies = layout.kind != "array"
        how = self.readout
        if how == "auto":
            how = "last" if varies else "flatten"
        if varies and how == "flatten":
            raise ValueError(
                "readout='flatten' requires samples of one length, but X has samples of "
                "different lengths. Use readout='auto', 'last', 'mean' or 'max'."
            )
        n_steps, *others = (1,) if varies else layout.axes
        n_states = self.hidden_size * (2 if self.bidirectional else 1)
        if self.bidirectional and how == "last":
            how = "ends"
        head = self._head(n_states * (n_steps if how == "flatten" else 1), n_outputs)
        encoder = RecurrentEncoder(
            self.cell,
            layout.n_features * math.prod(others),
            self.hidden_size,
            self.n_layers,
            bidirectional=self.bidirectional,
            dropout=self.dropout,
        )
        return Network(encoder, Readout(how, head))

    def widened(self, factor: float) -> dict[str, Any]:
        return {"hidden_size": max(1, round(factor * self.hidden_size))}

    def _bias_callbacks(self) -> list[Any]:
        if self.clip_grad_norm is None:
            return []
        return [gradient_clipping(self.clip_grad_norm)]


@estimator
class RecurrentClassifier(RecurrentEstimator, Classifier):
    """Classifier that assumes order and keeps information about past steps in a hidden state.

    Reads (n, d) as d steps of one feature; (n, steps, features), sequences and tokens of
    any length as steps; the rows of images and the slices of volumes as steps; and the nodes
    of graphs as steps, in the given order.

    {sections}

    See Also
    --------
    AttentionClassifier : Reads all steps at once; has no order without positions.

    References
    ----------
    Elman, "Finding structure in time", Cognitive Science 14 (1990). Hochreiter &
    Schmidhuber, "Long short-term memory", Neural Computation 9 (1997). Cho et
    al., "Learning phrase representations using RNN encoder-decoder" (2014).

    Examples
    --------
    Which of two events came first:

    >>> import numpy as np
    >>> from ibestimators import RecurrentClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = np.zeros((300, 12))
    >>> where = np.array([rng.choice(12, 2, replace=False) for _ in X])
    >>> X[np.arange(300), where[:, 0]], X[np.arange(300), where[:, 1]] = 1, -1
    >>> y = where[:, 0] < where[:, 1]
    >>> RecurrentClassifier(random_state=0).fit(X[:200], y[:200]).score(X[200:], y[200:]) > 0.9
    True
    """


@estimator
class RecurrentRegressor(RecurrentEstimator, Regressor):
    """Regressor that assumes order and keeps information about past steps in a hidden state.

    Reads (n, d) as d steps of one feature; (n, steps, features), sequences and tokens of
    any length as steps; the rows of images and the slices of volumes as steps; and the nodes
    of graphs as steps, in the given order.

    {sections}

    See Also
    --------
    AttentionRegressor : Reads all steps at once; has no order without positions.

    References
    ----------
    Elman, "Finding structure in time", Cognitive Science 14 (1990). Hochreiter &
    Schmidhuber, "Long short-term memory", Neural Computation 9 (1997). Cho et
    al., "Learning phrase representations using RNN encoder-decoder" (2014).

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators import RecurrentRegressor
    >>> X = np.random.default_rng(0).normal(size=(300, 10))
    >>> y = X.cumsum(axis=1).max(axis=1)
    >>> RecurrentRegressor(random_state=0).fit(X, y).score(X, y) > 0.8
    True
    """
