"""Attention: relevance is learned from context, and distance does not matter.

Each token asks (query), each is found (key) and tells (value):

    attention(Q, K, V) = softmax(Q K^T / sqrt(d)) V         (Vaswani et al. 2017, eq. 1)

in several heads at once. Tokens are a set: order reaches the network only
through positions, and a mask says which tokens may be seen.

References: Vaswani et al., "Attention is all you need" (2017); Xiong et al., "On
layer normalization in the transformer architecture" (2020) for normalising
before each step; Su et al., "RoFormer" (2021) for rotary positions; Dosovitskiy
et al., "An image is worth 16x16 words" (2021) for patches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from sklearn.utils._param_validation import StrOptions
from torch import nn

from ibestimators.base import POSITIVE_INT, Classifier, Estimator, Regressor
from ibestimators.dense import ACTIVATIONS
from ibestimators.parameters import estimator, parameter
from ibestimators.readout import Readout


class MultiHeadAttention(nn.Module):
    """Scaled dot-product attention in several heads.

    ``x`` asks and, unless a ``context`` is given, also answers: self-attention
    without a context, cross-attention with one.

    Parameters
    ----------
    embedding_size : int
        Features of a token, a multiple of `n_heads`.
    n_heads : int
    dropout : float, default=0.0
        Probability of dropping an attention weight in training.
    rotary : bool, default=False
        Whether queries and keys are rotated by their positions, so that only
        the distance between two tokens counts.
    """

    def __init__(
        self, embedding_size: int, n_heads: int, dropout: float = 0.0, rotary: bool = False
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.dropout = dropout
        self.rotary = rotary
        self.query = nn.Linear(embedding_size, embedding_size)
        self.key_value = nn.Linear(embedding_size, 2 * embedding_size)
        self.out = nn.Linear(embedding_size, embedding_size)

    def forward(
        self,
        x: torch.Tensor,
        context: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
    ) -> torch.Tensor:  # (batch, queries, size), (batch, keys, size), (queries, keys)
        """Attend; `mask` is true where a query may see a key."""
        q, k, v = self.project(x, x if context is None else context)
        attended = nn.functional.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, dropout_p=self.dropout if self.training else 0.0
        )  # (batch, heads, queries, size / heads)
        y: torch.Tensor = self.out(attended.transpose(1, 2).flatten(2))  # (batch, queries, size)
        return y

    def weights(
        self,
        x: torch.Tensor,
        context: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
    ) -> torch.Tensor:  # as in forward
        """The attention map: (batch, heads, queries, keys), each row summing to 1."""
        q, k, _ = self.project(x, x if context is None else context)
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf)
        return scores.softmax(-1)

    def project(
        self, x: torch.Tensor, context: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Queries, keys and values, each (batch, heads, tokens, size / heads)."""
        k, v = self.key_value(context).chunk(2, -1)
        q, k, v = (
            t.unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for t in (self.query(x), k, v)
        )
        if self.rotary:
            q, k = rotate(q), rotate(k)
        return q, k, v


def rotate(x: torch.Tensor) -> torch.Tensor:  # (..., tokens, features)
    """Rotate pairs of features by angles that grow with the position (Su et al., eq. 34)."""
    angle = angles(x.shape[-2], x.shape[-1], x)  # (tokens, features / 2)
    cos, sin = angle.cos(), angle.sin()
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)  # (..., tokens, features / 2)
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)


def angles(n_positions: int, n_features: int, like: torch.Tensor) -> torch.Tensor:
    """Position times frequency, from 1 down to 1/10000: (n_positions, n_features / 2)."""
    pair = torch.arange(n_features // 2, dtype=like.dtype, device=like.device)
    position = torch.arange(n_positions, dtype=like.dtype, device=like.device)
    return position.unsqueeze(1) * 10000.0 ** (-2 * pair / n_features)


def sinusoidal(n_positions: int, n_features: int, like: torch.Tensor) -> torch.Tensor:
    """Vaswani et al. 2017, section 3.5: (n_positions, n_features)."""
    angle = angles(n_positions, n_features, like)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(-2)


def attention_mask(
    kind: str, n_tokens: int, window: int, device: torch.device
) -> torch.Tensor | None:
    """Which token (row) may see which (column), or None if all may: (tokens, tokens)."""
    if kind == "full":
        return None
    token = torch.arange(n_tokens, device=device)
    distance = token.unsqueeze(1) - token
    return distance >= 0 if kind == "causal" else distance.abs() <= window


class Block(nn.Module):
    """Attention among tokens, then a dense step on each; both add to what was."""

    def __init__(
        self, embedding_size: int, n_heads: int, *, activation: str, dropout: float, rotary: bool
    ) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(embedding_size)
        self.attention = MultiHeadAttention(embedding_size, n_heads, dropout, rotary)
        self.norm_dense = nn.LayerNorm(embedding_size)
        self.dense = nn.Sequential(
            nn.Linear(embedding_size, 2 * embedding_size),
            ACTIVATIONS[activation](),
            nn.Linear(2 * embedding_size, embedding_size),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: torch.Tensor, mask: torch.Tensor | None
    ) -> torch.Tensor:  # (batch, tokens, embedding_size)
        x = x + self.dropout(self.attention(self.norm_attention(x), mask=mask))
        y: torch.Tensor = x + self.dropout(self.dense(self.norm_dense(x)))
        return y


class AttentionNetwork(nn.Module):
    """Tokens, their embeddings and positions, blocks of attention and a readout.

    Parameters
    ----------
    n_features : int
        Features of a token.
    n_tokens : int
        Tokens of a sample, without the class token.
    blocks : sequence of Block
    embedding_size : int
    readout : Readout
        With ``how="cls"`` a learned token is put first and read out.
    position : {"none", "sinusoidal", "learned", "rotary"}
    mask : {"full", "causal", "local"}
    window : int
    patch_size : int or None
        Side of the square patches that images are cut into.
    """

    def __init__(
        self,
        n_features: int,
        n_tokens: int,
        blocks: Sequence[Block],
        embedding_size: int,
        readout: Readout,
        *,
        position: str,
        mask: str,
        window: int,
        patch_size: int | None,
    ) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.mask = mask
        self.window = window
        self.position = position
        self.embed = nn.Linear(n_features, embedding_size)
        if position == "learned":
            # A small random table is learned slowly; the sinusoidal one tells order at once.
            table = sinusoidal(n_tokens, embedding_size, torch.zeros(()))
            self.positions = nn.Embedding.from_pretrained(table, freeze=False)
        if readout.how == "cls":
            self.class_token = nn.Parameter(torch.randn(embedding_size))
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(embedding_size)
        self.readout = readout

    def tokens(self, x: torch.Tensor) -> torch.Tensor:  # (batch, *sample_shape)
        """Cut samples into tokens: (batch, tokens, features)."""
        if x.ndim == 2:
            return x.unsqueeze(-1)  # each feature is a token
        if x.ndim == 4:
            assert self.patch_size is not None
            return patches(x, self.patch_size)
        return x

    def embeddings(self, x: torch.Tensor) -> torch.Tensor:  # (batch, *sample_shape)
        """Tokens with their positions, the class token first: (batch, tokens, embedding_size)."""
        x = self.embed(self.tokens(x))  # (batch, tokens, embedding_size)
        if self.position == "learned":
            x = x + self.positions.weight
        elif self.position == "sinusoidal":
            x = x + sinusoidal(x.shape[1], x.shape[2], x)
        if self.readout.how == "cls":
            x = torch.cat([self.class_token.expand(len(x), 1, -1), x], 1)
        return x

    def attention_mask(self, x: torch.Tensor) -> torch.Tensor | None:
        """The mask for embedded tokens; the class token sees all.

        It is seen by all but under a causal mask, where it would tell of the future.
        """
        mask = attention_mask(self.mask, x.shape[1], self.window, x.device)
        if mask is not None and self.readout.how == "cls":
            mask[0], mask[1:, 0] = True, self.mask != "causal"
        return mask

    def contextual(self, x: torch.Tensor) -> torch.Tensor:  # (batch, *sample_shape)
        """Each token in its context, after all blocks: (batch, tokens, embedding_size)."""
        x = self.embeddings(x)
        mask = self.attention_mask(x)
        for block in self.blocks:
            x = block(x, mask)  # (batch, tokens, embedding_size)
        y: torch.Tensor = self.norm(x)
        return y

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (batch, *sample_shape)
        y: torch.Tensor = self.readout(self.contextual(x))  # (batch, n_outputs)
        return y


def patches(x: torch.Tensor, size: int) -> torch.Tensor:  # (batch, height, width, features)
    """Square patches, zeros where an image ends: (batch, patches, size x size x features)."""
    height, width = x.shape[1:3]
    x = nn.functional.pad(x, (0, 0, 0, -width % size, 0, -height % size))
    x = x.unflatten(2, (-1, size)).unflatten(1, (-1, size))  # (batch, h, size, w, size, features)
    return x.transpose(2, 3).flatten(3).flatten(1, 2)


@estimator
class AttentionPrimitive(Estimator):
    """Abstract: what is learned is attention."""

    assumption: ClassVar[str] = "tokens, relevance from context"

    embedding_size: int = parameter(
        32, [POSITIVE_INT], "int", "Features of an embedded token, a multiple of 2 `n_heads`.",
    )  # fmt: skip
    n_heads: int = parameter(
        2, [POSITIVE_INT], "int", "Heads, each attending in its own way.",
    )  # fmt: skip
    n_layers: int = parameter(
        2, [POSITIVE_INT], "int", "Blocks of attention and a dense step.",
    )  # fmt: skip
    mask: str = parameter(
        "full", [StrOptions({"full", "causal", "local"})], "{'full', 'causal', 'local'}",
        "Which tokens a token may see: all, those before it, or those within `window`.",
    )  # fmt: skip
    window: int = parameter(
        8, [POSITIVE_INT], "int", "Furthest token seen on each side if ``mask='local'``.",
    )  # fmt: skip
    position: str = parameter(
        "learned", [StrOptions({"none", "sinusoidal", "learned", "rotary"})],
        "{'none', 'sinusoidal', 'learned', 'rotary'}",
        "How tokens know where they stand; with 'none' they are a set.",
    )  # fmt: skip
    patch_size: int | None = parameter(
        None, [POSITIVE_INT, None], "int or None",
        "Side of the patches that images are cut into; None cuts the longer side into 6 or less.",
    )  # fmt: skip
    readout: str = parameter(
        "mean", [StrOptions({"mean", "cls", "last"})], "{'mean', 'cls', 'last'}",
        "How the tokens become one vector: their mean, a learned token, or the last.",
    )  # fmt: skip
    head_layer_sizes: tuple[int, ...] = parameter(
        (), ["array-like"], "tuple of int", "Hidden units of the dense head.",
    )  # fmt: skip

    def _build_network(self, sample_shape: tuple[int, ...], n_outputs: int) -> nn.Module:
        if self.embedding_size % (2 * self.n_heads):
            raise ValueError(
                f"embedding_size={self.embedding_size} must be a multiple of twice "
                f"n_heads={self.n_heads}, such as {2 * self.n_heads * 8}."
            )
        n_tokens, n_features, patch_size = self._token_shape(sample_shape)
        blocks = [
            Block(
                self.embedding_size,
                self.n_heads,
                activation=self.activation,
                dropout=self.dropout,
                rotary=self.position == "rotary",
            )
            for _ in range(self.n_layers)
        ]
        readout = Readout(
            self.readout,
            n_tokens,
            self.embedding_size,
            self._sizes("head_layer_sizes"),
            n_outputs,
            activation=self.activation,
            dropout=self.dropout,
        )
        return AttentionNetwork(
            n_features,
            n_tokens,
            blocks,
            self.embedding_size,
            readout,
            position=self.position,
            mask=self.mask,
            window=self.window,
            patch_size=patch_size,
        )

    def _token_shape(self, sample_shape: tuple[int, ...]) -> tuple[int, int, int | None]:
        """Number of tokens, features of a token, and side of a patch."""
        if len(sample_shape) == 1:
            return sample_shape[0], 1, None
        if len(sample_shape) == 2:
            return *sample_shape, None
        if len(sample_shape) > 3:
            raise ValueError(
                f"Attention reads features, sequences and images, but samples have shape "
                f"{sample_shape}. Use input_shape to merge axes."
            )
        height, width, n_features = sample_shape
        size = self.patch_size or math.ceil(max(height, width) / 6)
        n_patches = math.ceil(height / size) * math.ceil(width / size)
        return n_patches, size * size * n_features, size


@estimator
class AttentionClassifier(AttentionPrimitive, Classifier):
    """Classifier that assumes tokens whose relevance is learned from context.

    Reads (n, d) as d tokens, (n, steps, features) as a token a step and the
    patches of images as tokens.

    {sections}

    See Also
    --------
    RecurrentClassifier : Assumes order.

    References
    ----------
    Vaswani et al., "Attention is all you need" (2017), equation 1.

    Examples
    --------
    The value that stands beside the marker:

    >>> import numpy as np
    >>> from ibestimators import AttentionClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = np.stack([rng.normal(size=(500, 8)), np.zeros((500, 8))], axis=2)
    >>> marked = rng.integers(8, size=500)
    >>> X[np.arange(500), marked, 1] = 1
    >>> y = X[np.arange(500), marked, 0] > 0
    >>> clf = AttentionClassifier(random_state=0).fit(X[:400], y[:400])
    >>> clf.score(X[400:], y[400:]) > 0.9
    True
    """


@estimator
class AttentionRegressor(AttentionPrimitive, Regressor):
    """Regressor that assumes tokens whose relevance is learned from context.

    Reads (n, d) as d tokens, (n, steps, features) as a token a step and the
    patches of images as tokens.

    {sections}

    See Also
    --------
    RecurrentRegressor : Assumes order.

    References
    ----------
    Vaswani et al., "Attention is all you need" (2017), equation 1.

    Examples
    --------
    The value that stands beside the marker:

    >>> import numpy as np
    >>> from ibestimators import AttentionRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = np.stack([rng.normal(size=(500, 8)), np.zeros((500, 8))], axis=2)
    >>> marked = rng.integers(8, size=500)
    >>> X[np.arange(500), marked, 1] = 1
    >>> y = X[np.arange(500), marked, 0]
    >>> AttentionRegressor(random_state=0).fit(X, y).score(X, y) > 0.8
    True
    """
