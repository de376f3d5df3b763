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
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import StrOptions
from torch import nn

from ibestimators.base import POSITIVE_INT, Classifier, Estimator, Regressor, estimator, parameter
from ibestimators.layers import ACTIVATIONS, Readout
from ibestimators.structures import NAMES, Layout, owners, pad, row_numbers, valid

_BLOCK = 16  # tokens of a block of local attention, at least


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
        mask: torch.Tensor | Neighbourhood | None = None,
    ) -> torch.Tensor:  # (batch, queries, size), (batch, keys, size), (..., queries, keys)
        """Attend; `mask` is true where a query may see a key, in all heads and samples or each.

        Its axes broadcast with (batch, heads, queries, keys).
        """
        q, k, v = self.project(x, x if context is None else context)
        dropout = self.dropout if self.training else 0.0
        if isinstance(mask, Neighbourhood):
            attended = mask.attend(q, k, v, dropout)  # (batch, heads, queries, size / heads)
        else:
            attended = nn.functional.scaled_dot_product_attention(
                q, k, v, attn_mask=mask, dropout_p=dropout
            )  # (batch, heads, queries, size / heads)
        y: torch.Tensor = self.out(attended.transpose(1, 2).flatten(2))  # (batch, queries, size)
        return y

    def weights(
        self,
        x: torch.Tensor,
        context: torch.Tensor | None = None,
        mask: torch.Tensor | Neighbourhood | None = None,
    ) -> torch.Tensor:  # as in forward
        """The attention map: (batch, heads, queries, keys), each row summing to 1."""
        q, k, _ = self.project(x, x if context is None else context)
        if isinstance(mask, Neighbourhood):
            # What is attended to where each token tells its own number, one out of many.
            own = torch.eye(k.shape[2], dtype=k.dtype, device=k.device)
            return mask.attend(q, k, own.expand(*k.shape[:2], -1, -1), 0.0)
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


@dataclass(frozen=True)
class Neighbourhood:
    """Attention to near tokens alone, in time and memory that grow with the tokens.

    What a square mask gives, without the square: tokens are cut into blocks, and each block
    sees itself and `window` tokens on both sides.

    Parameters
    ----------
    window : int
        Furthest token seen on each side.
    n_global : {0, 1}
        Tokens at the start that see all and are seen by all, as a class token does.
    seen : torch.Tensor of shape (batch, tokens) or None
        False for tokens that are padded; they see themselves and are seen by no other.
    """

    window: int
    n_global: int = 0
    seen: torch.Tensor | None = None

    @staticmethod
    def pays(n_tokens: int, window: int) -> bool:
        """Whether the blocks take fewer products than the square."""
        return n_tokens > 4 * max(window, _BLOCK)

    def attend(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, dropout: float
    ) -> torch.Tensor:  # (batch, heads, tokens, size / heads) each
        g = self.n_global
        near = self.near(q[:, :, g:], k, v, dropout)
        if not g:
            return near
        mask = None if self.seen is None else self.seen[:, None, None]
        first = nn.functional.scaled_dot_product_attention(
            q[:, :, :g], k, v, attn_mask=mask, dropout_p=dropout
        )
        return torch.cat([first, near], 2)

    def near(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, dropout: float
    ) -> torch.Tensor:  # (batch, heads, local tokens, size / heads), (batch, heads, tokens, ...)
        n_heads, n_tokens = q.shape[1], q.shape[2]
        size = max(self.window, _BLOCK)
        n_blocks = math.ceil(n_tokens / size)
        room = n_blocks * size - n_tokens
        q = nn.functional.pad(q, (0, 0, 0, room)).unflatten(2, (n_blocks, size))
        q = q.flatten(0, 1)  # (batch x heads, blocks, size, size / heads)
        keys, values = (self.surroundings(t, size, room).flatten(0, 1) for t in (k, v))
        mask = self.mask(n_tokens, size, room, q.device)  # (batch or 1, blocks, size, keys)
        if len(mask) > 1:
            mask = mask.repeat_interleave(n_heads, 0)  # (batch x heads, blocks, size, keys)
        y = nn.functional.scaled_dot_product_attention(
            q, keys, values, attn_mask=mask, dropout_p=dropout
        )  # (batch x heads, blocks, size, size / heads)
        y = y.unflatten(0, (-1, n_heads)).flatten(2, 3)  # (batch, heads, blocks x size, ...)
        return y[:, :, :n_tokens]

    def surroundings(
        self, x: torch.Tensor, size: int, room: int
    ) -> torch.Tensor:  # (batch, heads, tokens, features)
        """The global tokens and those around each block: (batch, heads, blocks, keys, features)."""
        first, x = x[:, :, : self.n_global], x[:, :, self.n_global :]
        x = nn.functional.pad(x, (0, 0, self.window, self.window + room))
        around = x.unfold(2, size + 2 * self.window, size).transpose(-1, -2)
        if not self.n_global:
            return around
        first = first.unsqueeze(2).expand(-1, -1, around.shape[2], -1, -1)
        return torch.cat([first, around], 3)

    def mask(self, n_tokens: int, size: int, room: int, device: torch.device) -> torch.Tensor:
        """Which token sees which around its block: (batch or 1, blocks, size, keys)."""
        token = torch.arange(size, device=device).unsqueeze(1)
        offset = torch.arange(size + 2 * self.window, device=device) - self.window - token
        itself, near = offset == 0, offset.abs() <= self.window  # (size, keys)
        seen = self.seen
        if seen is None:
            seen = torch.ones(1, self.n_global + n_tokens, dtype=torch.bool, device=device)
        blocks = self.surroundings(seen[:, None, :, None].float(), size, room)
        there = blocks[:, 0, :, None, :, 0] > 0  # (batch, blocks, 1, keys)
        near = nn.functional.pad(near, (self.n_global, 0), value=True)
        itself = nn.functional.pad(itself, (self.n_global, 0), value=False)
        return near & there | itself


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


def graph_mask(
    edges: torch.Tensor, lengths: torch.Tensor, n_tokens: int
) -> torch.Tensor:  # (2, edges), (batch,)
    """Which node may see which: itself, and those that have an edge to it.

    (batch, 1, tokens, tokens), for the graphs of a batch padded to so many tokens.
    """
    graph = owners(lengths)  # (nodes,)
    place = row_numbers(torch.zeros_like(lengths), lengths)  # (nodes,)
    mask = torch.eye(n_tokens, dtype=torch.bool, device=edges.device).repeat(len(lengths), 1, 1)
    source, target = edges
    mask[graph[source], place[target], place[source]] = True
    return mask.unsqueeze(1)


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
        self,
        embedding_size: int,
        n_heads: int,
        feedforward_size: int,
        *,
        activation: str,
        dropout: float,
        rotary: bool,
    ) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(embedding_size)
        self.attention = MultiHeadAttention(embedding_size, n_heads, dropout, rotary)
        self.norm_dense = nn.LayerNorm(embedding_size)
        self.dense = nn.Sequential(
            nn.Linear(embedding_size, feedforward_size),
            ACTIVATIONS[activation](),
            nn.Linear(feedforward_size, embedding_size),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: torch.Tensor, mask: torch.Tensor | Neighbourhood | None
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
        Tokens of a sample, without the class token; of the longest in fit, if they differ.
    blocks : sequence of Block
    embedding_size : int
    readout : Readout
        With ``how="cls"`` a learned token is put first and read out.
    position : {"none", "sinusoidal", "learned", "rotary"}
    mask : {"full", "causal", "local", "graph"}
    window : int
    patch_size : int
        Side of the patches that signals, images and volumes are cut into.
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
        patch_size: int,
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

    def tokens(
        self, x: torch.Tensor, lengths: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:  # (batch, *sample_shape), or packed, (batch,)
        """Cut samples into tokens, (batch, tokens, features), and count those of each."""
        if lengths is not None:
            x, lengths = pad(x, lengths)  # (batch, longest, features)
            lengths = (lengths + self.patch_size - 1) // self.patch_size
        if x.ndim == 2:
            x = x.unsqueeze(-1)  # each feature is a token
        return patches(x, self.patch_size), lengths

    def embeddings(self, tokens: torch.Tensor) -> torch.Tensor:  # (batch, tokens, features)
        """Tokens with their positions, the class token first: (batch, tokens, embedding_size)."""
        x: torch.Tensor = self.embed(tokens)  # (batch, tokens, embedding_size)
        if self.position in ("learned", "sinusoidal"):
            x = x + self.position_table(x)
        if self.readout.how == "cls":
            x = torch.cat([self.class_token.expand(x.shape[0], 1, -1), x], 1)
        return x

    def position_table(self, x: torch.Tensor) -> torch.Tensor:  # (batch, tokens, embedding_size)
        """A vector for each position: (tokens, embedding_size).

        Beyond the longest sample of fit, learned positions go on as they began.
        """
        if self.position == "sinusoidal":
            return sinusoidal(x.shape[1], x.shape[2], x)
        learned, n = self.positions.weight, x.shape[1]
        if n <= len(learned):
            return learned[:n]
        return torch.cat([learned, sinusoidal(n, x.shape[2], x)[len(learned) :]])

    def attention_mask(
        self,
        x: torch.Tensor,
        lengths: torch.Tensor | None = None,
        edges: torch.Tensor | None = None,
        n_nodes: torch.Tensor | None = None,
    ) -> torch.Tensor | None:  # (batch, tokens, embedding_size), (batch,), (2, edges), (batch,)
        """The mask for embedded tokens; the class token sees all.

        It is seen by all but under a causal mask, where it would tell of the future. What is
        padded sees itself, for a softmax of nothing is undefined, and is seen by no other.
        """
        n_tokens = x.shape[1]
        with_class = self.readout.how == "cls"
        if self.mask == "graph":
            assert edges is not None
            assert n_nodes is not None
            among_nodes = graph_mask(edges, n_nodes, n_tokens - with_class)
            room = (int(with_class), 0, int(with_class), 0)
            mask: torch.Tensor | None = nn.functional.pad(among_nodes, room, value=True)
        else:
            mask = attention_mask(self.mask, n_tokens, self.window, x.device)
            if mask is not None and with_class:
                mask[0], mask[1:, 0] = True, self.mask != "causal"
        if lengths is None:
            return mask
        seen = valid(lengths, (n_tokens,))[:, None, None]  # (batch, 1, 1, tokens)
        if mask is None:
            return seen
        return mask & seen | torch.eye(n_tokens, dtype=torch.bool, device=x.device)

    def begun(
        self,
        x: torch.Tensor,
        lengths: torch.Tensor | None = None,
        edges: torch.Tensor | None = None,
    ) -> tuple[
        torch.Tensor, torch.Tensor | None, torch.Tensor | Neighbourhood | None
    ]:  # as in forward
        """What goes into the first block: (batch, tokens, embedding_size).

        And how many tokens each sample has, (batch,), or None if all have as many; and the mask
        of all blocks.
        """
        n_nodes = lengths
        x, lengths = self.tokens(x, lengths)
        x = self.embeddings(x)  # (batch, tokens, embedding_size)
        with_class = self.readout.how == "cls"
        if lengths is not None and with_class:
            lengths = lengths + 1
        if self.mask == "local" and Neighbourhood.pays(x.shape[1], self.window):
            seen = None if lengths is None else valid(lengths, (x.shape[1],))
            return x, lengths, Neighbourhood(self.window, int(with_class), seen)
        return x, lengths, self.attention_mask(x, lengths, edges, n_nodes)

    def contextual(
        self,
        x: torch.Tensor,
        lengths: torch.Tensor | None = None,
        edges: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:  # as in forward
        """Each token in its context, after all blocks: (batch, tokens, embedding_size).

        And a mask of those that are not padded, (batch, tokens), or None if none is.
        """
        x, lengths, mask = self.begun(x, lengths, edges)
        for block in self.blocks:
            x = block(x, mask)  # (batch, tokens, embedding_size)
        return self.norm(x), None if lengths is None else valid(lengths, (x.shape[1],))

    def maps(
        self,
        x: torch.Tensor,
        lengths: torch.Tensor | None = None,
        edges: torch.Tensor | None = None,
        **_: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:  # as in forward
        """The attention map of each block: (batch, layers, heads, tokens, tokens).

        And how many tokens each sample has, (batch,), or None if all have as many.
        """
        x, lengths, mask = self.begun(x, lengths, edges)
        maps = []
        for block in self.blocks:
            assert isinstance(block, Block)
            maps.append(block.attention.weights(block.norm_attention(x), mask=mask))
            x = block(x, mask)  # (batch, tokens, embedding_size)
        return torch.stack(maps, 1), lengths

    def forward(
        self,
        x: torch.Tensor,
        lengths: torch.Tensor | None = None,
        edges: torch.Tensor | None = None,
        **_: torch.Tensor,
    ) -> torch.Tensor:  # (batch, *sample_shape), or (rows, features), (batch,), (2, edges)
        y: torch.Tensor = self.readout(*self.contextual(x, lengths, edges))  # (batch, n_outputs)
        return y


def patches(x: torch.Tensor, size: int) -> torch.Tensor:  # (batch, *sizes, features)
    """Patches as long along each axis, zeros where it ends: (batch, patches, features).

    A patch has size x ... x size times the features.
    """
    n_axes = x.ndim - 2
    room = [0, 0]  # on both sides of each axis, the last first
    for length in reversed(x.shape[1:-1]):
        room += [0, -length % size]
    x = nn.functional.pad(x, room)
    for axis in reversed(range(1, n_axes + 1)):
        x = x.unflatten(axis, (-1, size))  # (batch, patches, size, patches, size, ..., features)
    numbers, insides = range(1, 2 * n_axes, 2), range(2, 2 * n_axes + 1, 2)
    x = x.permute(0, *numbers, *insides, x.ndim - 1)
    return x.flatten(1, n_axes).flatten(2)


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
    feedforward_size: int | None = parameter(
        None, [POSITIVE_INT, None], "int or None",
        "Hidden units of the dense step after attention; None takes twice `embedding_size`.",
    )  # fmt: skip
    n_layers: int = parameter(
        2, [POSITIVE_INT], "int", "Blocks of attention and a dense step.",
    )  # fmt: skip
    mask: str = parameter(
        "full", [StrOptions({"full", "causal", "local", "graph"})],
        "{'full', 'causal', 'local', 'graph'}",
        "Which tokens a token may see: all, those before it, those within `window` or, where "
        "tokens are the nodes of graphs, those with an edge to it. It always sees itself.",
    )  # fmt: skip
    window: int = parameter(
        8, [POSITIVE_INT], "int", "Furthest token seen on each side if ``mask='local'``.",
    )  # fmt: skip
    position: str = parameter(
        "learned", [StrOptions({"none", "sinusoidal", "learned", "rotary"})],
        "{'none', 'sinusoidal', 'learned', 'rotary'}",
        "How tokens know where they stand; with 'none' they are a set, as the nodes of graphs "
        "always are.",
    )  # fmt: skip
    patch_size: int | None = parameter(
        None, [POSITIVE_INT, None], "int or None",
        "Side of the patches that signals, images and volumes are cut into. None makes each "
        "step a token, and cuts the longest side of an image or volume into 6 or less.",
    )  # fmt: skip
    readout: str = parameter(
        "mean", [StrOptions({"mean", "cls", "last"})], "{'mean', 'cls', 'last'}",
        "How the tokens become one vector: their mean, a learned token, or the last.",
    )  # fmt: skip
    head_layer_sizes: tuple[int, ...] = parameter(
        (), ["array-like"], "tuple of int", "Hidden units of the dense head.",
    )  # fmt: skip

    def _build_network(self, layout: Layout, n_outputs: int) -> nn.Module:
        if self.embedding_size % (2 * self.n_heads):
            raise ValueError(
                f"embedding_size={self.embedding_size} must be a multiple of twice "
                f"n_heads={self.n_heads}, such as {2 * self.n_heads * 8}."
            )
        of_graphs = layout.kind == "graphs"
        if of_graphs != (self.mask == "graph") and self.mask != "full":
            raise ValueError(
                f"mask={self.mask!r} does not suit X, which is {NAMES[layout.kind]}. "
                + ("Nodes have no order: use 'full' or 'graph'." if of_graphs else
                   "Use 'full', 'causal' or 'local'; 'graph' is for graphs.")
            )  # fmt: skip
        if of_graphs and self.readout == "last":
            raise ValueError(
                "readout='last' does not suit X, which is a list of graphs: nodes have no order. "
                "Use 'mean' or 'cls'."
            )
        sizes = layout.axes if layout.kind == "array" else (layout.longest,)
        size = 1 if of_graphs else self._patch_size(sizes)
        n_tokens = math.prod(math.ceil(side / size) for side in sizes)
        position = "none" if of_graphs else self.position
        blocks = [
            Block(
                self.embedding_size,
                self.n_heads,
                self.feedforward_size or 2 * self.embedding_size,
                activation=self.activation,
                dropout=self.dropout,
                rotary=position == "rotary",
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
            layout.n_features * size ** len(sizes),
            n_tokens,
            blocks,
            self.embedding_size,
            readout,
            position=position,
            mask=self.mask,
            window=self.window,
            patch_size=size,
        )

    def widened(self, factor: float) -> dict[str, Any]:
        # Embeddings grow by whole steps, the dense step fills what is between: a block has
        # about 4 e² + 2 e f weights, with embeddings of size e and f hidden units.
        e, step = self.embedding_size, 2 * self.n_heads
        f = self.feedforward_size or 2 * e
        weights = (4 * e * e + 2 * e * f) * factor**2
        wider = max(step, int(factor * e) // step * step)
        return {
            "embedding_size": wider,
            "feedforward_size": max(1, round((weights - 4 * wider * wider) / (2 * wider))),
        }

    def _patch_size(self, sizes: Sequence[int]) -> int:
        if self.patch_size is not None:
            return self.patch_size
        return 1 if len(sizes) == 1 else math.ceil(max(sizes) / 6)

    def _costs(self, sizes: torch.Tensor) -> torch.Tensor:
        # A mask for each sample is a square.
        return sizes.clamp(min=1) * (1 if self.mask in ("full", "local") else sizes // 64 + 1)


@estimator
class AttentionClassifier(AttentionPrimitive, Classifier):
    """Classifier that assumes tokens whose relevance is learned from context.

    Reads (n, d) as d tokens, (n, steps, features) and sequences of any lengths as a token a
    step, the patches of images and volumes as tokens, tokens as they are, and graphs as
    the set of their nodes.

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

    Reads (n, d) as d tokens, (n, steps, features) and sequences of any lengths as a token a
    step, the patches of images and volumes as tokens, tokens as they are, and graphs as
    the set of their nodes.

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
