"""Truths about linear recurrences: the loop, the gradient, padding, directions."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ibestimators.layers import MinGRU, linear_recurrence
from ibestimators.layers._linear_recurrence import by_doubling

DIRECTIONS = pytest.mark.parametrize("n_backwards", [0, 1, 3])
WAYS = pytest.mark.parametrize("recurrence", [linear_recurrence, by_doubling])  # processor, GPU


def by_steps(share, values, n_backwards):
    """Of three features, each by its own loop."""
    states = torch.zeros_like(values)
    for feature in range(3):
        state = torch.zeros_like(values[0, :, 0])
        for t in sorted(range(len(values)), reverse=feature >= 3 - n_backwards):
            weight = share[t, :, feature]
            state = (1 - weight) * state + weight * values[t, :, feature]
            states[t, :, feature] = state
    return states


@given(n_steps=st.integers(1, 12), n_backwards=st.integers(0, 3), exported=st.booleans())
def test_equals_the_loop(n_steps, n_backwards, exported):
    share = torch.rand(n_steps, 2, 3, dtype=torch.float64)
    values = torch.randn(n_steps, 2, 3, dtype=torch.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.compiler, "is_compiling", lambda: exported)
        states = linear_recurrence(share, values, n_backwards)
    torch.testing.assert_close(states, by_steps(share, values, n_backwards))
    doubled = by_doubling(share, values, n_backwards)
    torch.testing.assert_close(doubled, by_steps(share, values, n_backwards))


class Recurrence(torch.nn.Module):
    def forward(self, share, values):
        return linear_recurrence(share, values, 1)


def test_an_exported_graph_grows_by_as_many_operations_each_time_the_steps_double():
    sizes = []
    for n_steps in (32, 64, 128):
        inputs = torch.rand(n_steps, 2, 3), torch.randn(n_steps, 2, 3)
        exported = torch.export.export(Recurrence(), inputs)
        torch.testing.assert_close(exported.module()(*inputs), by_steps(*inputs, 1))
        sizes.append(len(exported.graph.nodes))
    assert 0 < sizes[1] - sizes[0] == sizes[2] - sizes[1] < 32


@WAYS
@DIRECTIONS
@pytest.mark.parametrize("n_steps", [1, 2, 6])
def test_the_gradient_is_that_of_the_function(n_steps, n_backwards, recurrence):
    share = torch.rand(n_steps, 2, 3, dtype=torch.float64)
    share[0, 0], share[-1, 1] = 0, 1  # padding, and a state replaced
    values = torch.randn(n_steps, 2, 3, dtype=torch.float64)
    inputs = (share.requires_grad_(), values.requires_grad_())
    assert torch.autograd.gradcheck(lambda *given: recurrence(*given, n_backwards), inputs)
    upstream = torch.randn(n_steps, 2, 3, dtype=torch.float64)
    ours, loops = (
        torch.autograd.grad((f(*inputs, n_backwards) * upstream).sum(), inputs)
        for f in (recurrence, by_steps)
    )
    torch.testing.assert_close(ours, loops)


@WAYS
@DIRECTIONS
def test_inputs_that_are_views_give_the_same(n_backwards, recurrence):
    share = torch.rand(2, 5, 3, dtype=torch.float64).transpose(0, 1)
    values = torch.randn(1, 2, 3, dtype=torch.float64).expand(5, -1, -1)
    torch.testing.assert_close(
        recurrence(share, values, n_backwards), by_steps(share, values, n_backwards)
    )


def test_padding_leaves_the_state_unchanged():
    cell = MinGRU(2, 4, bidirectional=True).double()
    x = torch.randn(9, 3, 2, dtype=torch.float64)
    lengths = torch.tensor([9, 4, 1])
    mask = torch.arange(9).unsqueeze(1) < lengths
    states = cell.states(x, mask)
    for i, n in enumerate(lengths):
        alone = cell.states(x[:n, i : i + 1])
        torch.testing.assert_close(states[:n, i : i + 1], alone)
        behind = torch.cat([alone[-1, 0, :4], torch.zeros(4, dtype=torch.float64)])
        torch.testing.assert_close(states[n:, i], behind.expand(9 - int(n), -1))


@given(changed=st.integers(0, 8))
def test_a_state_knows_one_side_of_a_step(changed):
    cell = MinGRU(2, 4, bidirectional=True).double()
    x = torch.randn(9, 1, 2, dtype=torch.float64)
    other = x.clone()
    other[changed] += 1
    differs = (cell.states(x) - cell.states(other))[:, 0].abs() > 1e-12
    forwards, backwards = differs[:, :4].any(1), differs[:, 4:].any(1)
    assert forwards.tolist() == [t >= changed for t in range(9)]
    assert backwards.tolist() == [t <= changed for t in range(9)]


def test_the_next_state_continues_the_states():
    cell = MinGRU(2, 4).double()
    x = torch.randn(6, 3, 2, dtype=torch.float64)
    states = cell.states(x)
    torch.testing.assert_close(cell.next_state(x[5], states[4]), states[5])


@WAYS
def test_the_state_stays_within_the_values(recurrence):
    share, values = torch.rand(50, 4, 2), torch.randn(50, 4, 2)
    states = recurrence(share, values)
    assert states.abs().max() <= values.abs().max()


@given(bits=st.lists(st.booleans(), min_size=1, max_size=60))
def test_a_signed_recurrence_can_keep_a_parity(bits):
    """Weights of 2 turn the state over: 0 and 2 after an even and an odd number of ones."""
    bits = torch.tensor(bits, dtype=torch.float64).reshape(-1, 1, 1)
    states = linear_recurrence(2 * bits, torch.ones_like(bits))
    torch.testing.assert_close(states, 2 * (bits.cumsum(0) % 2))


@given(seed=st.integers(0, 99))
def test_equal_steps_move_a_state_in_one_direction_unless_it_is_signed(seed):
    """Why a moving average cannot count: only a negative factor makes equal steps alternate."""
    torch.manual_seed(seed)
    x = torch.randn(1, 1, 3, dtype=torch.float64).expand(20, 1, 3)
    for signed in (False, True):
        cell = MinGRU(3, 5, signed=signed).double()
        with torch.no_grad():
            cell.share.bias.fill_(2.0 if signed else 0.0)
            cell.share.weight.zero_()
            changes = cell.states(x).diff(dim=0).sign()
        assert (changes[1:] == (-changes[:-1] if signed else changes[:-1])).all()
