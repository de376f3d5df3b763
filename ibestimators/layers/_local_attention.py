"""Attention within a window, computed block by block."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

_BLOCK_SIZE = 16  # minimum number of tokens of a block


@dataclass(frozen=True)
class LocalAttention:
    """Attention to nearby tokens only, with time and memory linear in the number of tokens.

    Equal to attention with a square mask, without computing the square: tokens are cut into
    blocks, and each block attends to itself and to `window` tokens on both sides.

    Parameters
    ----------
    window : int
        Number of tokens on each side that a token attends to.
    n_global : {0, 1}
        Number of tokens at the start that attend to all tokens, and to which all tokens attend:
        the class token.
    visible : torch.Tensor of shape (batch, tokens) or None
        False for padding, which attends to itself and to which no other token attends.
    """

    window: int
    n_global: int = 0
    visible: torch.Tensor | None = None

    @staticmethod
    def pays(n_tokens: int, window: int) -> bool:
        """Whether the blocks need fewer multiplications than the square."""
        return n_tokens > 4 * max(window, _BLOCK_SIZE)

    def attend(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, dropout: float
    ) -> torch.Tensor:  # (batch, heads, tokens, size / heads) each
        g = self.n_global
        near = self.near(q[:, :, g:], k, v, dropout)
        if not g:
            return near
        mask = None if self.visible is None else self.visible[:, None, None]
        first = nn.functional.scaled_dot_product_attention(
            q[:, :, :g], k, v, attn_mask=mask, dropout_p=dropout
        )
        return torch.cat([first, near], 2)

    def near(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, dropout: float
    ) -> torch.Tensor:  # (batch, heads, local tokens, size / heads), (batch, heads, tokens, ...)
        n_heads, n_tokens = q.shape[1], q.shape[2]
        size = max(self.window, _BLOCK_SIZE)
        n_blocks = math.ceil(n_tokens / size)
        n_padding = n_blocks * size - n_tokens
        q = nn.functional.pad(q, (0, 0, 0, n_padding)).unflatten(2, (n_blocks, size))
        q = q.flatten(0, 1)  # (batch x heads, blocks, size, size / heads)
        keys, values = (self.surroundings(t, size, n_padding).flatten(0, 1) for t in (k, v))
        mask = self.mask(n_tokens, size, n_padding, q.device)  # (batch or 1, blocks, size, keys)
        if len(mask) > 1:
            mask = mask.repeat_interleave(n_heads, 0)  # (batch x heads, blocks, size, keys)
        y = nn.functional.scaled_dot_product_attention(
            q, keys, values, attn_mask=mask, dropout_p=dropout
        )  # (batch x heads, blocks, size, size / heads)
        y = y.unflatten(0, (-1, n_heads)).flatten(2, 3)  # (batch, heads, blocks x size, ...)
        return y[:, :, :n_tokens]

    def surroundings(
        self, x: torch.Tensor, size: int, n_padding: int
    ) -> torch.Tensor:  # (batch, heads, tokens, features)
        """The global tokens and those around each block: (batch, heads, blocks, keys, features)."""
        first, x = x[:, :, : self.n_global], x[:, :, self.n_global :]
        x = nn.functional.pad(x, (0, 0, self.window, self.window + n_padding))
        around = x.unfold(2, size + 2 * self.window, size).transpose(-1, -2)
        if not self.n_global:
            return around
        first = first.unsqueeze(2).expand(-1, -1, around.shape[2], -1, -1)
        return torch.cat([first, around], 3)

    def mask(self, n_tokens: int, size: int, n_padding: int, device: torch.device) -> torch.Tensor:
        """Keys around its block that a token attends to: (batch or 1, blocks, size, keys)."""
        token = torch.arange(size, device=device).unsqueeze(1)
        offset = torch.arange(size + 2 * self.window, device=device) - self.window - token
        itself, near = offset == 0, offset.abs() <= self.window  # (size, keys)
        visible = self.visible
        if visible is None:
            visible = torch.ones(1, self.n_global + n_tokens, dtype=torch.bool, device=device)
        blocks = self.surroundings(visible[:, None, :, None].float(), size, n_padding)
        present = blocks[:, 0, :, None, :, 0] > 0  # (batch, blocks, 1, keys)
        near = nn.functional.pad(near, (self.n_global, 0), value=True)
        itself = nn.functional.pad(itself, (self.n_global, 0), value=False)
        return near & present | itself
