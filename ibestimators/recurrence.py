"""Recurrence: order matters, and a hidden state carries the past.

One rule is applied at every step, ``h_t = f(x_t, h_{t-1})``:

    rnn   h_t = tanh(W x_t + U h_{t-1} + b)                        (Elman 1990)
    lstm  a cell c_t = f_t c_{t-1} + i_t g_t, read through a gate  (Hochreiter &
          h_t = o_t tanh(c_t)                                       Schmidhuber 1997)
    gru   h_t = (1 - z_t) n_t + z_t h_{t-1}                        (Cho et al. 2014)

The same weights serve sequences of any length. The product of many steps'
derivatives vanishes or explodes; gates answer the one, clipping the gradient's
norm the other (Pascanu, Mikolov & Bengio 2013).
"""

from __future__ import annotations

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
from ibestimators.layers import Readout, pool
from ibestimators.structures import Layout, pad, valid
from ibestimators.training import _net as training

_CELLS: dict[str, Any] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class RecurrentNetwork(nn.Module):
    """Recurrent layers and a readout.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
    n_features, hidden_size, n_layers : int
    bidirectional : bool
    dropout : float
        Between layers, and on the states before the readout.
    readout : Readout
        On (batch, steps, hidden_size), or twice the features if bidirectional.
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
        readout: Readout,
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
        self.readout = readout

    def hidden_states(
        self, x: torch.Tensor, lengths: torch.Tensor | None = None
    ) -> torch.Tensor:  # (batch, *sample_shape), (batch,)
        """The hidden state of the last layer after each step."""
        if x.ndim == 2:
            x = x.unsqueeze(-1)  # d features are d steps of one
        x = x.flatten(2)  # (batch, steps, features); an image's rows are steps
        if lengths is None:
            states: torch.Tensor = self.recurrence(x)[0]  # (batch, steps, hidden)
            return states
        # Packed, so that the backward direction begins where each sample ends.
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.recurrence(packed)[0], batch_first=True)
        return states

    def forward(
        self, x: torch.Tensor, lengths: torch.Tensor | None = None, **_: torch.Tensor
    ) -> torch.Tensor:  # (batch, *sample_shape), or (rows, features) and (batch,)
        mask = None
        if lengths is not None:
            x, lengths = pad(x, lengths)  # (batch, longest, features)
            mask = valid(lengths, (x.shape[1],))  # (batch, longest)
        states = self.hidden_states(x, lengths)  # (batch, steps, hidden)
        if self.readout.how == "last" and self.recurrence.bidirectional:
            # The backward direction has read everything at the first step.
            half = self.recurrence.hidden_size
            forwards = pool(states[..., :half], "last", mask)  # (batch, hidden)
            states = torch.cat([forwards, states[:, 0, half:]], 1).unsqueeze(1)
            mask = None
        y: torch.Tensor = self.readout(self.dropout(states), mask)  # (batch, n_outputs)
        return y


@estimator
class Recurrence(Estimator):
    """Abstract: what is learned is a recurrence."""

    assumption: ClassVar[str] = "order, a state carries the past"

    lr: float = parameter(
        1e-2, [POSITIVE_REAL], "float",
        "Highest learning rate of AdamW. It rises over the first tenth of the steps and falls "
        "to 0 by a half cosine; in `partial_fit` it is constant.",
    )  # fmt: skip
    cell: str = parameter(
        "gru", [StrOptions(set(_CELLS))], "{'rnn', 'lstm', 'gru'}",
        "The rule of a step: Elman's, or one with gates.",
    )  # fmt: skip
    hidden_size: int = parameter(
        64, [POSITIVE_INT], "int", "Size of the hidden state, in each direction.",
    )  # fmt: skip
    n_layers: int = parameter(
        1, [POSITIVE_INT], "int", "Recurrent layers, each reading the states of the one before.",
    )  # fmt: skip
    bidirectional: bool = parameter(
        False, ["boolean"], "bool", "Whether a second recurrence reads from the end.",
    )  # fmt: skip
    readout: str = parameter(
        "auto", [StrOptions({"auto", "last", "mean", "max", "flatten"})],
        "{'auto', 'last', 'mean', 'max', 'flatten'}",
        "How the states become one vector; 'flatten' keeps them all, 'last' is the state that "
        "has read everything. 'auto' flattens samples of one length and takes the last of "
        "others.",
    )  # fmt: skip
    head_layer_sizes: tuple[int, ...] = parameter(
        (), ["array-like"], "tuple of int", "Hidden units of the dense head.",
    )  # fmt: skip
    clip_grad_norm: float | None = parameter(
        1.0, [POSITIVE_REAL, None], "float or None",
        "Highest norm of a step's gradient; longer ones are scaled down to it.",
    )  # fmt: skip

    def _build_network(self, layout: Layout, n_outputs: int) -> nn.Module:
        varies = layout.kind != "array"
        how = self.readout
        if how == "auto":
            how = "last" if varies else "flatten"
        if varies and how == "flatten":
            raise ValueError(
                "readout='flatten' needs samples of one length, but X holds samples of "
                "different lengths. Use readout='auto', 'last', 'mean' or 'max'."
            )
        n_steps, *others = (1,) if varies else layout.axes
        n_features = layout.n_features * int(torch.Size(others).numel())
        readout = Readout(
            how,
            n_steps,
            self.hidden_size * (2 if self.bidirectional else 1),
            self._sizes("head_layer_sizes"),
            n_outputs,
            activation=self.activation,
            dropout=self.dropout,
        )
        return RecurrentNetwork(
            self.cell,
            n_features,
            self.hidden_size,
            self.n_layers,
            bidirectional=self.bidirectional,
            dropout=self.dropout,
            readout=readout,
        )

    def widened(self, factor: float) -> dict[str, Any]:
        return {"hidden_size": max(1, round(factor * self.hidden_size))}

    def _primitive_callbacks(self) -> list[Any]:
        if self.clip_grad_norm is None:
            return []
        return [training.gradient_clipping(self.clip_grad_norm)]


@estimator
class RecurrentClassifier(Recurrence, Classifier):
    """Classifier that assumes order, with a hidden state that carries the past.

    Reads (n, d) as d steps of one feature, (n, steps, features), sequences and tokens of
    any lengths as steps, the rows of images and slices of volumes as steps, and the nodes
    of graphs as steps, in the order given.

    {sections}

    See Also
    --------
    AttentionClassifier : Reaches any step at once, but knows no order by itself.

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
class RecurrentRegressor(Recurrence, Regressor):
    """Regressor that assumes order, with a hidden state that carries the past.

    Reads (n, d) as d steps of one feature, (n, steps, features), sequences and tokens of
    any lengths as steps, the rows of images and slices of volumes as steps, and the nodes
    of graphs as steps, in the order given.

    {sections}

    See Also
    --------
    AttentionRegressor : Reaches any step at once, but knows no order by itself.

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
