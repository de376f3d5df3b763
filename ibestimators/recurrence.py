"""Recurrence: order matters, and a hidden state carries information about past steps.

The same function is applied at every step, ``h_t = f(x_t, h_{t-1})``:

    rnn   h_t = tanh(W x_t + U h_{t-1} + b)                        (Elman 1990)
    lstm  a cell c_t = f_t c_{t-1} + i_t g_t, read through a gate  (Hochreiter &
          h_t = o_t tanh(c_t)                                       Schmidhuber 1997)
    gru   h_t = (1 - z_t) n_t + z_t h_{t-1}                        (Cho et al. 2014)
    mingru  h_t = (1 - z_t) h_{t-1} + z_t v_t, with z and v of the (Feng et al. 2024)
          input x_t alone

The same weights are used for sequences of any length. The product of the derivatives
of many steps vanishes or explodes. Gates mitigate vanishing gradients, and clipping the
gradient norm prevents exploding ones (Pascanu, Mikolov & Bengio 2013).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import StrOptions
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ibestimators.base import (
    POSITIVE_INT,
    POSITIVE_REAL,
    BudgetRule,
    Classifier,
    Estimator,
    Regressor,
    estimator,
    parameter,
)
from ibestimators.layers import Batch, EachPosition, Encoder, MinGRU, Network, Padded, Readout
from ibestimators.structures import Layout, pad, padding_mask
from ibestimators.training import GradientClipping

_CELLS: dict[str, Any] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
_LINEAR_CELLS = ("mingru", "signed_mingru")
State = tuple[torch.Tensor, ...]


class RecurrentEncoder(Encoder):
    """A recurrence over the steps of a sample.

    Attributes
    ----------
    each_position : bool
        Whether each position of an image or a volume is a step, row after row, and not each row
        or slice.
    """

    each_position = False

    def forward(self, batch: Batch) -> Padded:
        x, lengths = self.steps(batch)
        mask = None if lengths is None else padding_mask(lengths, (x.shape[1],))
        return Padded(self.features(x, lengths), mask)

    def steps(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Input of the recurrence, (batch, steps, features), and lengths of padded samples."""
        x, lengths = batch.x, batch.lengths
        if lengths is not None:
            return pad(x, lengths)
        if x.ndim == 2:
            x = x.unsqueeze(-1)  # d features are d steps of one feature
        # The rows of an image are steps, or its pixels.
        return x.flatten(1, -2) if self.each_position else x.flatten(2), None

    @abstractmethod
    def features(
        self, x: torch.Tensor, lengths: torch.Tensor | None
    ) -> torch.Tensor:  # (batch, steps, features), (batch,)
        """What the readout receives of each step: (batch, steps, n_features)."""

    @abstractmethod
    def hidden_states(
        self, x: torch.Tensor, lengths: torch.Tensor | None = None
    ) -> torch.Tensor:  # (batch, steps, features), (batch,)
        """The hidden state of the last layer after each step: (batch, steps, hidden_size)."""

    @abstractmethod
    def unrolled(
        self, x: torch.Tensor
    ) -> Iterator[tuple[torch.Tensor, State]]:  # (batch, steps, features)
        """What the readout receives of each step, and the states that the step passes on.

        The recurrence runs forwards, step by step, so that gradients with respect to its states
        are available. (batch, n_features), and states of shape (..., batch, hidden_size).
        """


class CellEncoder(RecurrentEncoder):
    """Layers of a cell whose next state depends on the last one by a nonlinear function.

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

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        # cuDNN needs the weights in one block of memory; a copy has them in several.
        self.recurrence.flatten_parameters()

    def features(
        self, x: torch.Tensor, lengths: torch.Tensor | None
    ) -> torch.Tensor:  # (batch, steps, features), (batch,)
        y: torch.Tensor = self.dropout(self.hidden_states(x, lengths))
        return y

    def hidden_states(
        self, x: torch.Tensor, lengths: torch.Tensor | None = None
    ) -> torch.Tensor:  # (batch, steps, features), (batch,)
        if lengths is None or not self.recurrence.bidirectional:
            states: torch.Tensor = self.recurrence(x)[0]  # padding is behind the steps that count
            return states
        # Packed, so that the backward direction starts at the end of each sample. The time of its
        # gradient is quadratic in the number of steps.
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.recurrence(packed)[0], batch_first=True)
        return states

    def unrolled(
        self, x: torch.Tensor
    ) -> Iterator[tuple[torch.Tensor, State]]:  # (batch, steps, features)
        carried = None
        for step in x.split(1, dim=1):  # (batch, 1, features)
            _, carried = self.recurrence(step, carried)
            state = carried if isinstance(carried, tuple) else (carried,)
            yield state[0][-1], state


class LinearLayer(nn.Module):
    """Linear recurrences in one or two directions, added to their input.

    Parameters
    ----------
    size : int
        Size of the input, the states and the output.
    bidirectional : bool
    dropout : float
    signed : bool
        As in `MinGRU`.
    """

    def __init__(self, size: int, bidirectional: bool, dropout: float, signed: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.cell = MinGRU(size, size, bidirectional, signed)
        self.out = nn.Linear(self.cell.size, size)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: torch.Tensor, mask: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:  # (steps, batch, size), (steps, batch)
        """The output, (steps, batch, size), and the states, (steps, batch, cell.size)."""
        y = self.norm(x)
        states = self.cell.states(y, mask)
        return self.added(x, y, states), states

    def added(
        self, x: torch.Tensor, y: torch.Tensor, states: torch.Tensor
    ) -> torch.Tensor:  # (..., size) twice: the input and its normalisation; (..., cell.size)
        """The input, and what the output gates let through of the states: (..., size)."""
        z: torch.Tensor = x + self.dropout(self.out(self.cell(y, states)))
        return z


class LinearEncoder(RecurrentEncoder):
    """Layers of linear recurrences.

    Parameters
    ----------
    n_features, hidden_size, n_layers : int
    bidirectional : bool
    dropout : float
        Dropout probability of what a layer adds to its input.
    signed : bool, default=False
        As in `MinGRU`.
    """

    def __init__(
        self,
        n_features: int,
        hidden_size: int,
        n_layers: int,
        *,
        bidirectional: bool,
        dropout: float,
        signed: bool = False,
    ) -> None:
        super().__init__()
        self.embed = nn.Linear(n_features, hidden_size)
        self.layers = nn.ModuleList(
            LinearLayer(hidden_size, bidirectional, dropout, signed) for _ in range(n_layers)
        )

    def features(
        self, x: torch.Tensor, lengths: torch.Tensor | None
    ) -> torch.Tensor:  # (batch, steps, features), (batch,)
        return self.run(x, lengths)[0].transpose(0, 1)

    def hidden_states(
        self, x: torch.Tensor, lengths: torch.Tensor | None = None
    ) -> torch.Tensor:  # (batch, steps, features), (batch,)
        return self.run(x, lengths)[1].transpose(0, 1)

    def run(
        self, x: torch.Tensor, lengths: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:  # (batch, steps, features), (batch,)
        """Output and states of the last layer, both with the steps first."""
        x, mask = self.first_input(x, lengths)
        states = x
        for layer in self.layers:
            x, states = layer(x, mask)  # (steps, batch, hidden_size), (steps, batch, cell.size)
        return x, states

    def first_input(
        self, x: torch.Tensor, lengths: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:  # (batch, steps, features), (batch,)
        """Input of the first layer, (steps, batch, hidden_size), and mask, (steps, batch)."""
        mask = None if lengths is None else padding_mask(lengths, (x.shape[1],)).T
        return self.embed(x.transpose(0, 1)), mask

    def unrolled(
        self, x: torch.Tensor
    ) -> Iterator[tuple[torch.Tensor, State]]:  # (batch, steps, features)
        first, _ = self.first_input(x, None)
        states = [torch.zeros_like(first[0]) for _ in self.layers]
        for step in first:  # (batch, hidden_size)
            for i, layer in enumerate(self.layers):
                assert isinstance(layer, LinearLayer)
                y = layer.norm(step)
                states[i] = layer.cell.next_state(y, states[i])
                step = layer.added(step, y, states[i])
            yield step, tuple(states)


@estimator
class RecurrentEstimator(Estimator):
    """Abstract base class of the estimators that learn a recurrence."""

    assumption: ClassVar[str] = "order, a state carries the past"
    causal: ClassVar[dict[str, tuple[Any, ...]] | None] = {"bidirectional": (False,)}

    cell: str = parameter(
        "mingru",
        [StrOptions({*_CELLS, *_LINEAR_CELLS})],
        "{'rnn', 'lstm', 'gru', 'mingru', 'signed_mingru'}",
        "Recurrent cell: Elman's, or one with gates. The gates of 'mingru' depend on the input of "
        "a step alone, so that all steps are computed at once but for one operation; a state whose "
        "change depends on the state itself, such as a parity, needs one of the others. The state "
        "of 'signed_mingru' can change its sign in a step, which is enough for a parity.",
    )
    hidden_size: int = parameter(
        32,
        [POSITIVE_INT],
        "int",
        "Size of the hidden state in each direction.",
    )
    n_layers: int = parameter(
        2,
        [POSITIVE_INT],
        "int",
        "Number of recurrent layers; each reads the states of the previous layer.",
    )
    bidirectional: bool = parameter(
        True,
        ["boolean"],
        "bool",
        "Whether to add a second recurrence that reads from the end.",
    )
    readout: str = parameter(
        "auto",
        [StrOptions({"auto", "last", "mean", "max", "last+max", "flatten"})],
        "{'auto', 'last', 'mean', 'max', 'last+max', 'flatten'}",
        "How the states are reduced to one vector: 'flatten' concatenates all states, 'last' "
        "takes the state after the last step, 'last+max' that and the maximum of each feature. "
        "'auto' uses 'flatten' for the columns of a table and 'last+max' otherwise.",
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

    def _auto(self, layout: Layout) -> dict[str, Any]:
        return {
            **super()._auto(layout),
            "readout": "flatten" if layout.is_table else "last+max",
        }

    def _build_network(self, layout: Layout, n_outputs: int) -> Network:
        varies = layout.kind != "array"
        if varies and self.readout == "flatten" and self.target == "sample":
            raise ValueError(
                "readout='flatten' requires samples of one length, but X has samples of "
                "different lengths. Use readout='auto', 'last', 'mean' or 'max'."
            )
        how = tuple(self.readout.split("+"))
        n_steps, *others = (1,) if varies else layout.axes
        at_positions = self.target == "position"
        if at_positions:
            n_steps, others = n_steps * math.prod(others), []
        sizes: Any = (layout.n_features * math.prod(others), self.hidden_size, self.n_layers)
        options: Any = {"bidirectional": self.bidirectional, "dropout": self.dropout}
        encoder: RecurrentEncoder
        if self.cell in _LINEAR_CELLS:
            encoder, n_states, ends = (
                LinearEncoder(*sizes, **options, signed=self.cell == "signed_mingru"),
                self.hidden_size,
                ["first", "last"],
            )
        else:
            encoder, ends = CellEncoder(self.cell, *sizes, **options), ["ends"]
            n_states = self.hidden_size * (2 if self.bidirectional else 1)
        if at_positions:
            encoder.each_position = True
            return Network(encoder, EachPosition(self._head(n_states, n_outputs)))
        if self.bidirectional and "last" in how:
            how = (*ends, *[name for name in how if name != "last"])
        n_pooled = sum(n_states * (n_steps if name == "flatten" else 1) for name in how)
        return Network(encoder, Readout(how, self._head(n_pooled, n_outputs)))

    def _budget_rule(self, layout: Layout) -> BudgetRule:
        return BudgetRule(lr=1.5e-2, n_steps=600, weight_decay=1.0)

    def _widened(self, factor: float) -> dict[str, Any]:
        return {"hidden_size": max(1, round(factor * self.hidden_size))}

    def _bias_callbacks(self) -> list[Any]:
        if self.clip_grad_norm is None:
            return []
        return [GradientClipping(self.clip_grad_norm)]


@estimator
class RecurrentClassifier(RecurrentEstimator, Classifier):
    """Classifier that assumes order and keeps information about past steps in a hidden state.

    Reads (n, d) as d steps of one feature; (n, steps, features), sequences and tokens of
    any length as steps; the rows of images and the slices of volumes as steps, or their pixels,
    row after row, if ``target='position'``; and the nodes of graphs as steps, in the given order.

    {sections}

    See Also
    --------
    AttentionClassifier : Reads all steps at once; has no order without positions.

    References
    ----------
    Elman, "Finding structure in time", Cognitive Science 14 (1990). Hochreiter &
    Schmidhuber, "Long short-term memory", Neural Computation 9 (1997). Cho et
    al., "Learning phrase representations using RNN encoder-decoder" (2014). Feng et al., "Were
    RNNs all we needed?" (2024). Grazzi et al., "Unlocking state-tracking in linear RNNs through
    negative eigenvalues", ICLR 2025.

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
    any length as steps; the rows of images and the slices of volumes as steps, or their pixels,
    row after row, if ``target='position'``; and the nodes of graphs as steps, in the given order.

    {sections}

    See Also
    --------
    AttentionRegressor : Reads all steps at once; has no order without positions.

    References
    ----------
    Elman, "Finding structure in time", Cognitive Science 14 (1990). Hochreiter &
    Schmidhuber, "Long short-term memory", Neural Computation 9 (1997). Cho et
    al., "Learning phrase representations using RNN encoder-decoder" (2014). Feng et al., "Were
    RNNs all we needed?" (2024). Grazzi et al., "Unlocking state-tracking in linear RNNs through
    negative eigenvalues", ICLR 2025.

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators import RecurrentRegressor
    >>> X = np.random.default_rng(0).normal(size=(300, 10))
    >>> y = X.cumsum(axis=1).max(axis=1)
    >>> RecurrentRegressor(random_state=0).fit(X, y).score(X, y) > 0.8
    True
    """
