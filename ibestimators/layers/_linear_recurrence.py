"""Linear recurrences: a gated state whose gates depend on the input alone.

    h_t = (1 - z_t) h_{t-1} + z_t v_t        (minGRU: Feng et al. 2024, section 3.1)

With z_t from 0 to 1, the state is a moving average of values. With z_t from 0 to 2, the factor
1 - z_t, the eigenvalue of the recurrence, is from -1 to 1, and a step can turn the state over
(Grazzi et al. 2025).

No gate and no candidate v_t waits for the state before it, so that all of them are computed at
once, and what is left to do step by step is one elementwise operation. On a GPU, where starting an
operation takes longer than a step, and in an exported file, where each step would be nodes of the
graph, each operation instead doubles the number of steps that every state has seen (Hillis & Steele
1986).

References: Feng, Tung, Ahmed, Bengio & Hajimirsadeghi, "Were RNNs all we needed?" (2024).
Grazzi, Siems, Zela, Franke, Hutter & Pontil, "Unlocking state-tracking in linear RNNs through
negative eigenvalues", ICLR 2025.
Hillis & Steele, "Data parallel algorithms", Communications of the ACM 29 (1986).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable

_LONGEST_MEMORY = 30.0  # steps, of a new network


def linear_recurrence(
    share: torch.Tensor, values: torch.Tensor, n_backwards: int = 0
) -> torch.Tensor:  # (steps, batch, size)
    """Moving means ``h_t = h_{t-1} + share_t (values_t - h_{t-1})``, from h = 0.

    Parameters
    ----------
    share : torch.Tensor of shape (steps, batch, size)
        Weight of each value in the mean, from 0 to 1; 0 leaves the state unchanged, and beyond 1
        the state changes its sign.
    values : torch.Tensor of shape (steps, batch, size)
    n_backwards : int, default=0
        Number of the last features whose means start from the last step.

    Returns
    -------
    torch.Tensor of shape (steps, batch, size)
    """
    if torch.compiler.is_compiling() or share.device.type != "cpu":
        return by_doubling(share, values, n_backwards)
    y: torch.Tensor = _LinearRecurrence.apply(share, values, n_backwards)  # type: ignore[no-untyped-call]
    return y


class _LinearRecurrence(torch.autograd.Function):
    """The gradient of a linear recurrence is a linear recurrence in the other direction."""

    @staticmethod
    def forward(
        ctx: Any, share: torch.Tensor, values: torch.Tensor, n_backwards: int
    ) -> torch.Tensor:
        states = torch.empty_like(values)
        for step, (each, new, weight) in _time(n_backwards, states, values, share):
            state = torch.zeros_like(new[0])
            for t in range(len(each))[::step]:
                state = torch.lerp(state, new[t], weight[t], out=each[t])
        ctx.save_for_backward(share, values, states)
        ctx.n_backwards = n_backwards
        return states

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        share, values, states = ctx.saved_tensors
        arriving = gradient.clone(memory_format=torch.contiguous_format)
        for step, (each, keep) in _time(ctx.n_backwards, arriving, 1 - share):
            for later, earlier in pairwise(range(len(each))[::-step]):
                each[earlier].addcmul_(keep[later], each[later])
        change = values.clone(memory_format=torch.contiguous_format)
        n = values.shape[2] - ctx.n_backwards
        change[1:, :, :n] -= states[:-1, :, :n]  # values minus the states before them
        change[:-1, :, n:] -= states[1:, :, n:]
        return change.mul_(arriving), arriving.mul_(share), None


def by_doubling(
    share: torch.Tensor, values: torch.Tensor, n_backwards: int = 0
) -> torch.Tensor:  # (steps, batch, size)
    """As `linear_recurrence`, with about log2(steps) operations on all steps."""
    share, values = (_turned(x, n_backwards) for x in (share, values))
    if torch.compiler.is_compiling():  # an ONNX export cannot follow a gradient of our own
        states = _doubled(1 - share, share * values)
    else:
        states = _Doubling.apply(share, values)  # type: ignore[no-untyped-call]
    return _turned(states, n_backwards)


def _turned(x: torch.Tensor, n_backwards: int) -> torch.Tensor:  # (steps, batch, size)
    """With the steps of the last features in reverse order."""
    n = x.shape[2] - n_backwards
    return torch.cat([x[..., :n], x[..., n:].flip(0)], 2) if n_backwards else x


class _Doubling(torch.autograd.Function):
    """A linear recurrence in one direction."""

    @staticmethod
    def forward(ctx: Any, share: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        states = _doubled(1 - share, share * values)
        ctx.save_for_backward(share, values, states)
        return states

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        share, values, states = ctx.saved_tensors
        keep = (1 - share).roll(-1, 0)  # what the next step keeps of each state
        arriving = _doubled(keep.flip(0), gradient.flip(0)).flip(0)
        change = values.clone()
        change[1:] -= states[:-1]
        return change.mul_(arriving), arriving.mul_(share)


def _doubled(factor: torch.Tensor, added: torch.Tensor) -> torch.Tensor:  # (steps, batch, size)
    """The states ``h_t = factor_t h_{t-1} + added_t``, from h = 0."""
    state, n_seen = added, 1  # the sum of what the last n_seen steps added to each state
    while n_seen < len(state):
        state = torch.cat([state[:n_seen], state[n_seen:] + factor[n_seen:] * state[:-n_seen]])
        factor = torch.cat([factor[:n_seen], factor[n_seen:] * factor[:-n_seen]])
        n_seen *= 2
    return state


def _time(
    n_backwards: int, *tensors: torch.Tensor
) -> Iterator[tuple[int, list[tuple[torch.Tensor, ...]]]]:
    """For each direction of time: 1 or -1, and the steps of its features of each tensor."""
    n = tensors[0].shape[2] - n_backwards
    for step, features in ((1, slice(n)), (-1, slice(n, None))):
        if tensors[0][..., features].shape[2]:
            yield step, [x[..., features].unbind() for x in tensors]


class MinGRU(nn.Module):
    """A linear recurrence with gates, and an output gate.

    Parameters
    ----------
    n_features, hidden_size : int
        Size of the input of a step, and of the state in each direction.
    bidirectional : bool, default=False
        Whether a second state, of as many features, carries the future.
    signed : bool, default=False
        Whether the factor of the last state is from -1 to 1, not from 0 to 1.
    """

    def __init__(
        self,
        n_features: int,
        hidden_size: int,
        bidirectional: bool = False,
        signed: bool = False,
    ) -> None:
        super().__init__()
        self.largest_share = 2 if signed else 1
        self.n_backwards = hidden_size if bidirectional else 0
        self.size = hidden_size + self.n_backwards
        self.share = nn.Linear(n_features, self.size)
        self.value = nn.Linear(n_features, self.size)
        self.gate = nn.Linear(n_features, self.size)
        # Units remember from 1 to 30 steps at the start.
        with torch.no_grad():
            self.share.bias.uniform_(-math.log(_LONGEST_MEMORY), 0)

    def forward(self, x: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Output of the gate on given states: (..., size) each."""
        return state * nn.functional.silu(self.gate(x))

    def states(
        self, x: torch.Tensor, mask: torch.Tensor | None = None
    ) -> torch.Tensor:  # (steps, batch, n_features), (steps, batch)
        """The state after each step: (steps, batch, size). Padding leaves it unchanged."""
        share = self.share_of(x)
        if mask is not None:
            share = share * mask.unsqueeze(2)
        return linear_recurrence(share, self.value(x), self.n_backwards)

    def next_state(
        self, x: torch.Tensor, state: torch.Tensor
    ) -> torch.Tensor:  # (batch, n_features), (batch, size)
        """The state after one more step, in one direction: (batch, size)."""
        return torch.lerp(state, self.value(x), self.share_of(x))

    def share_of(self, x: torch.Tensor) -> torch.Tensor:
        """Weight of the value of each step: (..., size)."""
        return self.largest_share * self.share(x).sigmoid()
