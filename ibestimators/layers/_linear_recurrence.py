"""Linear recurrences: a gated state whose gates depend on the input alone.

    h_t = (1 - z_t) h_{t-1} + z_t v_t        (minGRU: Feng et al. 2024, section 3.1)

No gate and no candidate v_t waits for the state before it, so that all of them are computed at
once, and what is left to do step by step is one elementwise operation.

Reference: Feng, Tung, Ahmed, Bengio & Hajimirsadeghi, "Were RNNs all we needed?" (2024).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable

_LONGEST_MEMORY = 30.0  # steps, of a new network


def linear_recurrence(
    share: torch.Tensor, values: torch.Tensor, backwards: bool = False
) -> torch.Tensor:  # (steps, batch, size)
    """Moving means ``h_t = h_{t-1} + share_t (values_t - h_{t-1})``, from h = 0.

    Parameters
    ----------
    share : torch.Tensor of shape (steps, batch, size)
        Weight of each value in the mean, from 0 to 1; 0 leaves the state unchanged.
    values : torch.Tensor of shape (steps, batch, size)
    backwards : bool, default=False
        Whether to start from the last step.

    Returns
    -------
    torch.Tensor of shape (steps, batch, size)
    """
    if torch.compiler.is_compiling():  # an ONNX export cannot follow a gradient of our own
        state, states = torch.zeros_like(values[0]), [values[0]] * len(values)
        for t in _order(len(values), backwards):
            state = states[t] = torch.lerp(state, values[t], share[t])
        return torch.stack(states)
    y: torch.Tensor = _LinearRecurrence.apply(share, values, backwards)  # type: ignore[no-untyped-call]
    return y


def _order(n_steps: int, backwards: bool) -> range:
    return range(n_steps - 1, -1, -1) if backwards else range(n_steps)


class _LinearRecurrence(torch.autograd.Function):
    """The gradient of a linear recurrence is a linear recurrence in the other direction."""

    @staticmethod
    def forward(
        ctx: Any, share: torch.Tensor, values: torch.Tensor, backwards: bool
    ) -> torch.Tensor:
        states = torch.empty_like(values)
        each, new, weight = states.unbind(), values.unbind(), share.unbind()
        state = torch.zeros_like(new[0])
        for t in _order(len(each), backwards):
            state = torch.lerp(state, new[t], weight[t], out=each[t])
        ctx.save_for_backward(share, values, states)
        ctx.backwards = backwards
        return states

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        share, values, states = ctx.saved_tensors
        arriving = gradient.clone()
        each, keep = arriving.unbind(), (1 - share).unbind()
        for later, t in pairwise(_order(len(each), not ctx.backwards)):
            each[t].addcmul_(keep[later], each[later])
        change = values.clone()  # values minus the states before them
        if ctx.backwards:
            change[:-1] -= states[1:]
        else:
            change[1:] -= states[:-1]
        return change.mul_(arriving), arriving.mul_(share), None


class MinGRU(nn.Module):
    """A linear recurrence with gates, and an output gate.

    Parameters
    ----------
    n_features, hidden_size : int
        Size of the input of a step, and of the state.
    backwards : bool, default=False
        Whether the state carries the future instead of the past.
    """

    def __init__(self, n_features: int, hidden_size: int, backwards: bool = False) -> None:
        super().__init__()
        self.backwards = backwards
        self.share = nn.Linear(n_features, hidden_size)
        self.value = nn.Linear(n_features, hidden_size)
        self.gate = nn.Linear(n_features, hidden_size)
        # Units remember from 1 to 30 steps at the start.
        with torch.no_grad():
            self.share.bias.uniform_(-math.log(_LONGEST_MEMORY), 0)

    def forward(self, x: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Output of the gate on given states: (..., hidden_size) each."""
        return state * nn.functional.silu(self.gate(x))

    def states(
        self, x: torch.Tensor, mask: torch.Tensor | None = None
    ) -> torch.Tensor:  # (steps, batch, n_features), (steps, batch)
        """The state after each step: (steps, batch, hidden_size). Padding leaves it unchanged."""
        share = self.share(x).sigmoid()
        if mask is not None:
            share = share * mask.unsqueeze(2)
        return linear_recurrence(share, self.value(x), self.backwards)

    def next_state(
        self, x: torch.Tensor, state: torch.Tensor
    ) -> torch.Tensor:  # (batch, n_features), (batch, hidden_size)
        """The state after one more step: (batch, hidden_size)."""
        return torch.lerp(state, self.value(x), self.share(x).sigmoid())
