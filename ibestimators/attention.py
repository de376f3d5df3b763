"""Attention: relevance is learned from context, and distance does not matter.

Each token compares its query with the keys of all tokens, and takes the weighted mean of their
values:

    attention(Q, K, V) = softmax(Q K^T / sqrt(d)) V         (Vaswani et al. 2017, eq. 1)

in several heads in parallel. Tokens are a set: only the position encoding gives them an order. A
mask defines which tokens each token may attend to. Of pairs, the queries attend to one another and
then to the context, which has been through blocks of its own (cross-attention, Vaswani et al. 2017,
section 3.2.3).

References: Vaswani et al., "Attention is all you need" (2017); Xiong et al., "On
layer normalization in the transformer architecture" (2020) for normalising
before each step; Su et al., "RoFormer" (2021) for rotary positions; Dosovitskiy
et al., "An image is worth 16x16 words" (2021) for patches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from sklearn.utils._param_validation import StrOptions
from torch import nn

from ibestimators.base import (
    POSITIVE_INT,
    BudgetRule,
    Classifier,
    Estimator,
    Regressor,
    estimator,
    parameter,
)
from ibestimators.layers import (
    ACTIVATIONS,
    Batch,
    ColumnEmbedding,
    EachPosition,
    Encoder,
    LocalAttention,
    Network,
    Padded,
    Readout,
    has_few_columns,
    patches,
)
from ibestimators.structures import NAMES, Layout, pad, padding_mask, row_numbers, sample_index

_PATCHES_OF_SIGNAL = 12
_PATCHES_OF_IMAGE = 6  # along its longest side
_MAX_NODES = 20_000  # of one graph: a step takes a minute


class MultiHeadAttention(nn.Module):
    """Scaled dot-product attention in several heads.

    Queries come from ``x``, keys and values from ``context``: self-attention without a
    context, cross-attention with one.

    Parameters
    ----------
    embedding_size : int
        Number of features of a token, a multiple of `n_heads`.
    n_heads : int
    dropout : float, default=0.0
        Probability of dropping an attention weight in training.
    rotary : bool, default=False
        Whether queries and keys are rotated by their positions, so that a score depends
        on positions only through the distance between the two tokens.
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
        mask: torch.Tensor | LocalAttention | None = None,
    ) -> torch.Tensor:  # (batch, queries, size), (batch, keys, size), (..., queries, keys)
        """Attend from each query to the keys for which `mask` is true.

        The mask broadcasts to (batch, heads, queries, keys).
        """
        q, k, v = self.project(x, x if context is None else context)
        dropout = self.dropout if self.training else 0.0
        if isinstance(mask, LocalAttention):
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
        mask: torch.Tensor | LocalAttention | None = None,
    ) -> torch.Tensor:  # as in forward
        """The attention map: (batch, heads, queries, keys), each row summing to 1."""
        q, k, _ = self.project(x, x if context is None else context)
        if isinstance(mask, LocalAttention):
            # With one-hot vectors of the tokens as values, the output is the weights.
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


def rotate(x: torch.Tensor) -> torch.Tensor:  # (..., tokens, features)
    """Rotate pairs of features by angles proportional to the position (Su et al., eq. 34)."""
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
    """Sinusoidal positions (Vaswani et al. 2017, section 3.5): (n_positions, n_features)."""
    angle = angles(n_positions, n_features, like)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(-2)


def graph_mask(
    edges: torch.Tensor, lengths: torch.Tensor, n_tokens: int
) -> torch.Tensor:  # (2, edges), (batch,)
    """Mask in which a node attends to itself and to the nodes with an edge to it.

    (batch, 1, n_tokens, n_tokens), for a batch of graphs padded to `n_tokens` nodes.
    """
    graph = sample_index(lengths)  # (nodes,)
    place = row_numbers(torch.zeros_like(lengths), lengths)  # (nodes,)
    mask = torch.eye(n_tokens, dtype=torch.bool, device=edges.device).repeat(len(lengths), 1, 1)
    source, target = edges
    mask[graph[source], place[target], place[source]] = True
    return mask.unsqueeze(1)


def attention_mask(
    name: str, n_tokens: int, window: int, device: torch.device
) -> torch.Tensor | None:
    """Which token (row) may attend to which (column), or None for all: (tokens, tokens)."""
    if name == "full":
        return None
    token = torch.arange(n_tokens, device=device)
    distance = token.unsqueeze(1) - token
    return distance >= 0 if name == "causal" else distance.abs() <= window


class Context(NamedTuple):
    """What queries attend to: (batch, keys, embedding_size), and (batch, 1, 1, keys)."""

    tokens: torch.Tensor
    mask: torch.Tensor | None


class Block(nn.Module):
    """Attention among tokens, then dense layers on each token, both with residual connections.

    Between the two, tokens attend to a context if `with_context`; positions in the context have no
    distance to those of the tokens, so that they are not rotated.
    """

    def __init__(
        self,
        embedding_size: int,
        n_heads: int,
        feedforward_size: int,
        *,
        activation: str,
        dropout: float,
        rotary: bool,
        with_context: bool = False,
    ) -> None:
        super().__init__()
        if with_context:
            self.norm_context = nn.LayerNorm(embedding_size)
            self.context_attention = MultiHeadAttention(embedding_size, n_heads, dropout)
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
        self,
        x: torch.Tensor,
        mask: torch.Tensor | LocalAttention | None,
        context: Context | None = None,
    ) -> torch.Tensor:  # (batch, tokens, embedding_size)
        x = self.attended(x, mask)
        if context is not None:
            x = x + self.dropout(self.context_attention(self.norm_context(x), *context))
        y: torch.Tensor = x + self.dropout(self.dense(self.norm_dense(x)))
        return y

    def attended(
        self, x: torch.Tensor, mask: torch.Tensor | LocalAttention | None
    ) -> torch.Tensor:  # (batch, tokens, embedding_size)
        """The tokens after attention among them."""
        y: torch.Tensor = x + self.dropout(self.attention(self.norm_attention(x), mask=mask))
        return y

    def weights(
        self,
        x: torch.Tensor,
        mask: torch.Tensor | LocalAttention | None,
        context: Context | None = None,
    ) -> torch.Tensor:  # (batch, tokens, embedding_size)
        """The map of attention to the context or, without one, among tokens."""
        if context is None:
            return self.attention.weights(self.norm_attention(x), mask=mask)
        x = self.attended(x, mask)
        return self.context_attention.weights(self.norm_context(x), *context)


class AttentionEncoder(Encoder):
    """Cut samples into tokens, embed them with their positions, and apply blocks of attention.

    Parameters
    ----------
    n_features : int
        Number of features of a token.
    n_tokens : int
        Number of tokens of a sample (the longest training sample, if lengths differ), without
        the class token.
    blocks : sequence of Block
    embedding_size : int
    with_class : bool
        Whether a learned class token is added as the first token.
    position : {"none", "sinusoidal", "learned", "rotary"}
    mask : {"full", "causal", "local", "graph"}
    window : int
    patch_size, patch_stride : int
        Side of the patches that signals, images and volumes are cut into, and the distance
        between neighbouring patches.
    column_embedding : ColumnEmbedding or None
        Embeds the columns of a table; None embeds all tokens by one linear map.
    of_context : AttentionEncoder or None, default=None
        Encodes the context of pairs, to which all blocks attend.
    """

    reads_context: ClassVar[bool] = True

    def __init__(
        self,
        n_features: int,
        n_tokens: int,
        blocks: Sequence[Block],
        embedding_size: int,
        *,
        with_class: bool,
        position: str,
        mask: str,
        window: int,
        patch_size: int,
        patch_stride: int,
        column_embedding: ColumnEmbedding | None,
        of_context: AttentionEncoder | None = None,
    ) -> None:
        super().__init__()
        self.of_context = of_context
        self.patch_size = patch_size
        self.patch_stride = patch_stride
        self.mask = mask
        self.window = window
        self.position = position
        self.with_class = with_class
        self.embed = column_embedding or nn.Linear(n_features, embedding_size)
        if position == "learned":
            # The sinusoidal table encodes the order from the start; a random one learns it slowly.
            table = sinusoidal(n_tokens, embedding_size, torch.zeros(()))
            self.positions = nn.Embedding.from_pretrained(table, freeze=False)
        if with_class:
            self.class_token = nn.Parameter(torch.randn(embedding_size))
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(embedding_size)

    def forward(self, batch: Batch) -> Padded:
        """Each token in its context, after all blocks: (batch, tokens, embedding_size)."""
        x, lengths, mask = self.first_input(batch)
        context = self.context(batch)
        for block in self.blocks:
            x = block(x, mask, context)  # (batch, tokens, embedding_size)
        return Padded(
            self.norm(x), None if lengths is None else padding_mask(lengths, (x.shape[1],))
        )

    def context(self, batch: Batch) -> Context | None:
        """The encoded context of pairs."""
        if self.of_context is None:
            return None
        assert batch.context is not None
        tokens, mask = self.of_context(Batch(batch.context, batch.context_lengths))
        return Context(tokens, None if mask is None else mask[:, None, None])

    def maps(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The attention map of each block, and the number of tokens of each sample.

        (batch, layers, heads, tokens, keys), and (batch,) or None if all samples have the same
        number of tokens. The keys are the tokens or, of pairs, the elements of the context.
        """
        x, lengths, mask = self.first_input(batch)
        context = self.context(batch)
        maps = []
        for block in self.blocks:
            assert isinstance(block, Block)
            maps.append(block.weights(x, mask, context))
            x = block(x, mask, context)  # (batch, tokens, embedding_size)
        return torch.stack(maps, 1), lengths

    def first_input(
        self, batch: Batch
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | LocalAttention | None]:
        """Input of the first block, number of tokens of each sample, and mask of all blocks.

        (batch, tokens, embedding_size), and (batch,) or None if all samples have the same number
        of tokens.
        """
        x, lengths = self.tokens(batch)
        x = self.embeddings(x)  # (batch, tokens, embedding_size)
        if lengths is not None and self.with_class:
            lengths = lengths + 1
        if self.mask == "local" and LocalAttention.pays(x.shape[1], self.window):
            visible = None if lengths is None else padding_mask(lengths, (x.shape[1],))
            return x, lengths, LocalAttention(self.window, int(self.with_class), visible)
        return x, lengths, self.attention_mask(x, lengths, batch)

    def tokens(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Samples cut into tokens, (batch, tokens, features), and their numbers of tokens."""
        x, lengths = batch.x, batch.lengths
        if lengths is not None:
            x, lengths = pad(x, lengths)  # (batch, longest, features)
            lengths = (lengths + self.patch_stride - 1) // self.patch_stride
        if x.ndim == 2:
            x = x.unsqueeze(-1)  # each feature is a token
        return patches(x, self.patch_size, self.patch_stride), lengths

    def embeddings(self, tokens: torch.Tensor) -> torch.Tensor:  # (batch, tokens, features)
        """Tokens with their positions, the class token first: (batch, tokens, embedding_size)."""
        x: torch.Tensor = self.embed(tokens)  # (batch, tokens, embedding_size)
        if self.position in ("learned", "sinusoidal"):
            x = x + self.position_table(x)
        if self.with_class:
            x = torch.cat([self.class_token.expand(x.shape[0], 1, -1), x], 1)
        return x

    def position_table(self, x: torch.Tensor) -> torch.Tensor:  # (batch, tokens, embedding_size)
        """A vector for each position: (tokens, embedding_size).

        Beyond the longest training sample, the sinusoidal table continues the learned positions.
        """
        if self.position == "sinusoidal":
            return sinusoidal(x.shape[1], x.shape[2], x)
        learned, n = self.positions.weight, x.shape[1]
        if n <= len(learned):
            return learned[:n]
        return torch.cat([learned, sinusoidal(n, x.shape[2], x)[len(learned) :]])

    def attention_mask(
        self, x: torch.Tensor, lengths: torch.Tensor | None, batch: Batch
    ) -> torch.Tensor | None:  # (batch, tokens, embedding_size), (batch,)
        """The mask for embedded tokens; the class token attends to all tokens.

        All tokens attend to the class token, except under a causal mask, where it would leak
        information about later tokens. Padding attends to itself, since a softmax over no
        elements is undefined, and no other token attends to it.
        """
        n_tokens = x.shape[1]
        if self.mask == "graph":
            assert batch.edges is not None
            assert batch.lengths is not None
            among_nodes = graph_mask(batch.edges, batch.lengths, n_tokens - self.with_class)
            room = (int(self.with_class), 0, int(self.with_class), 0)
            mask: torch.Tensor | None = nn.functional.pad(among_nodes, room, value=True)
        else:
            mask = attention_mask(self.mask, n_tokens, self.window, x.device)
            if mask is not None and self.with_class:
                mask[0], mask[1:, 0] = True, self.mask != "causal"
        if lengths is None:
            return mask
        visible = padding_mask(lengths, (n_tokens,))[:, None, None]  # (batch, 1, 1, tokens)
        if mask is None:
            return visible
        return mask & visible | torch.eye(n_tokens, dtype=torch.bool, device=x.device)

    def padded_size(self, sizes: torch.Tensor) -> torch.Tensor:
        # The mask of a sample has a number of entries that is quadratic in its tokens.
        return sizes.clamp(min=1) * (1 if self.mask in ("full", "local") else sizes // 64 + 1)


@estimator
class AttentionEstimator(Estimator):
    """Abstract base class of the estimators that learn attention."""

    assumption: ClassVar[str] = "tokens, relevance from context"
    causal: ClassVar[dict[str, tuple[Any, ...]] | None] = {"mask": ("causal",)}

    embedding_size: int = parameter(
        64,
        [POSITIVE_INT],
        "int",
        "Number of features of an embedded token, a multiple of 2 `n_heads`.",
    )
    n_heads: int = parameter(
        4,
        [POSITIVE_INT],
        "int",
        "Number of attention heads.",
    )
    feedforward_size: int | None = parameter(
        None,
        [POSITIVE_INT, None],
        "int or None",
        "Number of hidden units of the dense layers after attention; None uses twice "
        "`embedding_size`.",
    )
    n_layers: int = parameter(
        2,
        [POSITIVE_INT],
        "int",
        "Number of blocks, each of attention and dense layers.",
    )
    mask: str = parameter(
        "full",
        [StrOptions({"full", "causal", "local", "graph"})],
        "{'full', 'causal', 'local', 'graph'}",
        "Which tokens a token may attend to: all, those before it, those within `window` or, if "
        "tokens are the nodes of graphs, those with an edge to it. A token always attends to "
        "itself.",
    )
    window: int = parameter(
        8,
        [POSITIVE_INT],
        "int",
        "Number of tokens on each side that a token attends to if ``mask='local'``.",
    )
    position: str = parameter(
        "learned",
        [StrOptions({"none", "sinusoidal", "learned", "rotary"})],
        "{'none', 'sinusoidal', 'learned', 'rotary'}",
        "How positions are encoded: absolute ones are added to the tokens ('sinusoidal', "
        "'learned'), relative ones rotate queries and keys ('rotary'). With 'none', tokens are a "
        "set. The nodes of graphs are always a set.",
    )
    column_embedding: str | None = parameter(
        "auto",
        [StrOptions({"auto", "linear", "periodic"}), None],
        "{'auto', 'linear', 'periodic'} or None",
        "How the numbers of a table become tokens: by a map of each column's own, a linear one or "
        "one of the number and of its cosines at learned frequencies; None uses one linear map "
        "for all columns. 'auto' is 'periodic' up to 128 columns, and 'linear' for more. Columns "
        "that are cut into patches (`patch_size` above 1) are not embedded one by one.",
    )
    patch_size: int | Literal["auto"] = parameter(
        "auto",
        [POSITIVE_INT, StrOptions({"auto"})],
        "int or 'auto'",
        "Side of the patches that signals, images and volumes are cut into. 'auto' cuts the "
        "longest side of a signal into at most 12 patches that overlap by half, and that of an "
        "image or volume into at most 6 patches side by side; 1 makes each position a token, "
        "as 'auto' does for tables and tokens, for pairs, for ``target='position'``, and for "
        "signals with ``position='none'``, whose steps are a set. Contexts are never cut.",
    )
    patch_stride: int | Literal["auto"] = parameter(
        "auto",
        [POSITIVE_INT, StrOptions({"auto"})],
        "int or 'auto'",
        "Distance between neighbouring patches, at most `patch_size`. 'auto' takes `patch_size`, "
        "or half of it for the signals of ``patch_size='auto'``.",
    )
    readout: str = parameter(
        "max",
        [StrOptions({"mean", "max", "cls", "last"})],
        "{'mean', 'max', 'cls', 'last'}",
        "How the tokens are reduced to one vector: the mean or maximum of each feature, a "
        "learned class token, or the last token.",
    )
    head_layer_sizes: tuple[int, ...] = parameter(
        (),
        ["array-like"],
        "tuple of int",
        "Number of units of each hidden layer of the dense head.",
    )

    def _auto(self, layout: Layout) -> dict[str, Any]:
        sizes = layout.axes if layout.kind == "array" else (layout.longest,)
        size = stride = 1
        pooled = self.target == "sample" and layout.parts is None
        if pooled and layout.kind in ("array", "sequences") and not layout.is_table:
            if len(sizes) > 1:
                size = stride = math.ceil(max(sizes) / _PATCHES_OF_IMAGE)
            elif self.position != "none":  # a patch has an order, a set has none
                stride = math.ceil(max(sizes) / _PATCHES_OF_SIGNAL)
                size = 2 * stride if stride > 1 else 1
        if self.patch_size != "auto":
            stride = self.patch_size
        return {
            **super()._auto(layout),
            "patch_size": size,
            "patch_stride": stride,
            "column_embedding": "periodic" if has_few_columns(layout) else "linear",
        }

    def _build_network(self, layout: Layout, n_outputs: int) -> Network:
        if self.embedding_size % (2 * self.n_heads):
            raise ValueError(
                f"embedding_size={self.embedding_size} must be a multiple of twice "
                f"n_heads={self.n_heads}, such as {2 * self.n_heads * 8}."
            )
        of_graphs = layout.kind == "graphs"
        if of_graphs != (self.mask == "graph") and self.mask != "full":
            raise ValueError(
                f"mask={self.mask!r} is not supported for X, which is {NAMES[layout.kind]}. "
                + (
                    "Nodes have no order: use 'full' or 'graph'."
                    if of_graphs
                    else "Use 'full', 'causal' or 'local'; 'graph' requires graphs."
                )
            )
        at_positions = self.target == "position"
        if of_graphs and layout.longest > _MAX_NODES:
            raise ValueError(
                f"X has a graph of {layout.longest:,} nodes, but attention compares every node "
                f"with every other, which is feasible for {_MAX_NODES:,} at most. Use Graph with "
                "aggregation='attention', which compares each node with its neighbours."
            )
        if of_graphs and self.readout == "last" and not at_positions:
            raise ValueError(
                "readout='last' is not supported for X, which is a list of graphs: nodes have no "
                "order. Use 'mean', 'max' or 'cls'."
            )
        context = None
        if layout.parts is not None:
            layout, of_context = layout.parts
            context = self._context_encoder(of_context)
        sizes = layout.axes if layout.kind == "array" else (layout.longest,)
        size, stride = (1, 1) if of_graphs else (int(self.patch_size), int(self.patch_stride))
        if at_positions and size > 1:
            raise ValueError(
                f"patch_size={size} makes one token of several positions, but target='position' "
                "needs a token for each. Set patch_size='auto' or 1."
            )
        if stride > size:
            raise ValueError(
                f"patch_stride={stride} is larger than patch_size={size}, so that steps between "
                f"patches would be left out. Set patch_stride to at most {size}."
            )
        n_tokens = math.prod(math.ceil(side / stride) for side in sizes)
        position = "none" if of_graphs else self.position
        columns = None
        if layout.is_table and size == 1 and self.column_embedding is not None:
            periodic = self.column_embedding == "periodic"
            columns = ColumnEmbedding(sizes[0], self.embedding_size, periodic)
        head = self._head(self.embedding_size, n_outputs)
        encoder = AttentionEncoder(
            layout.n_features * size ** len(sizes),
            n_tokens,
            self._blocks(position, with_context=context is not None),
            self.embedding_size,
            with_class=self.readout == "cls" and not at_positions,
            position=position,
            mask=self.mask,
            window=self.window,
            patch_size=size,
            patch_stride=stride,
            column_embedding=columns,
            of_context=context,
        )
        if at_positions:
            return Network(encoder, EachPosition(head))
        how = "first" if self.readout == "cls" else self.readout
        return Network(encoder, Readout(how, head))

    def _context_encoder(self, layout: Layout) -> AttentionEncoder:
        """The encoder of the contexts of pairs: one token an element, which attends to all."""
        return AttentionEncoder(
            layout.n_features,
            layout.longest,
            self._blocks(self.position),
            self.embedding_size,
            with_class=False,
            position=self.position,
            mask="full",
            window=self.window,
            patch_size=1,
            patch_stride=1,
            column_embedding=None,
        )

    def _blocks(self, position: str, *, with_context: bool = False) -> list[Block]:
        return [
            Block(
                self.embedding_size,
                self.n_heads,
                self.feedforward_size or 2 * self.embedding_size,
                activation=self.activation,
                dropout=float(self.dropout),
                rotary=position == "rotary",
                with_context=with_context,
            )
            for _ in range(self.n_layers)
        ]

    def _budget_rule(self, layout: Layout) -> BudgetRule:
        return BudgetRule(lr=7e-3, n_steps=900, weight_decay=1.0)

    def _widened(self, factor: float) -> dict[str, Any]:
        # The embedding size changes in steps of twice n_heads, and feedforward_size compensates
        # for the rest: a block has about 4 e² + 2 e f weights, with embeddings of size e and f
        # hidden units.
        e, step = self.embedding_size, 2 * self.n_heads
        f = self.feedforward_size or 2 * e
        weights = (4 * e * e + 2 * e * f) * factor**2
        wider = max(step, int(factor * e) // step * step)
        return {
            "embedding_size": wider,
            "feedforward_size": max(1, round((weights - 4 * wider * wider) / (2 * wider))),
        }


@estimator
class AttentionClassifier(AttentionEstimator, Classifier):
    """Classifier that assumes tokens whose relevance is learned from context.

    Reads (n, d) as d tokens, (n, steps, features) and sequences of any length as one token
    per step, the patches of images and volumes as tokens, tokens unchanged, and graphs as
    sets of nodes.

    {sections}

    See Also
    --------
    RecurrentClassifier : Assumes order.

    References
    ----------
    Vaswani et al., "Attention is all you need" (2017), equation 1.

    Examples
    --------
    The value at the marked position:

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
class AttentionRegressor(AttentionEstimator, Regressor):
    """Regressor that assumes tokens whose relevance is learned from context.

    Reads (n, d) as d tokens, (n, steps, features) and sequences of any length as one token
    per step, the patches of images and volumes as tokens, tokens unchanged, and graphs as
    sets of nodes.

    {sections}

    See Also
    --------
    RecurrentRegressor : Assumes order.

    References
    ----------
    Vaswani et al., "Attention is all you need" (2017), equation 1.

    Examples
    --------
    The value at the marked position:

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
