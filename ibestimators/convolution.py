"""Convolution and pooling: the relevant features are local and can occur at any position.

A filter W reads k neighbouring positions, with the same weights at every position,

    h_i = a(b + sum_{j=1..k} W_j x_{s i + j})        (Prince 2023, eq. 10.3)

so a shifted input gives a shifted feature map (equivariance). Pooling over all
positions then removes the shift (invariance).

References: LeCun et al., "Gradient-based learning applied to document
recognition", Proc. IEEE 86 (1998); Prince, "Understanding Deep Learning" (2023),
chapter 10; Wang, Yan & Oates, "Time series classification from scratch" (2017)
for pooling over the whole series.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar, Literal

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
    EachPosition,
    Encoder,
    Network,
    Packed,
    Padded,
    Readout,
    normalization_layer,
)
from ibestimators.structures import NAMES, Layout, pad, padding_mask, row_numbers, sample_index

_CONVOLUTIONS: dict[int, Any] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
_POOLS: dict[tuple[str, int], Any] = {
    ("mean", 1): nn.functional.avg_pool1d,
    ("mean", 2): nn.functional.avg_pool2d,
    ("mean", 3): nn.functional.avg_pool3d,
    ("max", 1): nn.functional.max_pool1d,
    ("max", 2): nn.functional.max_pool2d,
    ("max", 3): nn.functional.max_pool3d,
}
_DEFAULTS: dict[str, Any] = {
    "n_filters": (32, 32, 64, 64),
    "kernel_size": 5,
    "pooling": "max",
    "readout": "mean",
    "normalization": "batch",
}
_OF_TOKENS: dict[str, Any] = {
    "n_filters": (100,),
    "kernel_size": ((3, 4, 5),),
    "pooling": None,
    "readout": "max",
    "normalization": None,
}
MAX_SIDE = 64  # largest side, in pixels, of the image of a graph's adjacency matrix


class SideBySide(nn.Module):
    """Convolutions of several widths, aligned at the same positions; their outputs are joined.

    Parameters
    ----------
    n_axes : {1, 2, 3}
    n_inputs, n_filters : int
        Number of features of the input, and of filters of each width.
    widths : sequence of int
    stride : int
    dilation : int, default=1
        Distance between the positions that a filter covers.
    causal : bool, default=False
        Whether the filters are aligned at their last positions, and not at their centres.
    """

    def __init__(
        self,
        n_axes: int,
        n_inputs: int,
        n_filters: int,
        widths: Sequence[int],
        stride: int,
        dilation: int = 1,
        causal: bool = False,
    ) -> None:
        super().__init__()
        self.n_axes = n_axes
        self.causal = causal
        self.widths = tuple(widths)
        self.dilation = dilation
        self.convs = nn.ModuleList(
            _CONVOLUTIONS[n_axes](n_inputs, n_filters, width, stride=stride, dilation=dilation)
            for width in widths
        )

    def room(self, width: int) -> tuple[int, int]:
        """Positions of the widest kernel before and after those of a narrower one."""
        widest = max(self.widths)
        if self.causal:
            return widest - width, 0
        return (widest - 1) // 2 - (width - 1) // 2, widest // 2 - width // 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (batch, n_inputs, *sizes)
        outputs = []
        for conv, width in zip(self.convs, self.widths, strict=True):
            before, after = (self.dilation * room for room in self.room(width))
            outputs.append(conv(nn.functional.pad(x, (-before, -after) * self.n_axes)))
        return torch.cat(outputs, 1)  # (batch, filters of all widths, *sizes)

    @property
    def weight(self) -> torch.Tensor:
        """All filters, with zeros around the narrower ones: (filters, n_inputs, *widest)."""
        return torch.cat(
            [
                nn.functional.pad(conv.get_parameter("weight"), self.room(width) * self.n_axes)
                for conv, width in zip(self.convs, self.widths, strict=True)
            ]
        )


class ConvLayer(nn.Module):
    """Convolve, normalise, activate, pool by 2.

    Parameters
    ----------
    n_axes : {1, 2, 3}
        Number of axes of the structure: 1 for signals, 2 for images, 3 for volumes.
    n_inputs, n_filters : int
        Number of features before and after the layer.
    kernel_size : int or tuple of int
        Size of the kernel, the same along each axis; several for filters of several widths,
        `n_filters` of each.
    stride : int
        Step of the filters, the same along each axis.
    padding : {"same", "causal", "valid"}
        "same" pads with zeros on both sides, and "causal" before the first position alone, so that
        stride 1 keeps the length; "valid" does not pad.
    pooling : {"mean", "max"} or None
        Pools pairs of neighbours, along the axes that have at least two positions.
    activation : str
    dropout : float
    normalization : {"batch", "layer"} or None
    dilation : int, default=1
        Distance between the positions that a filter covers.
    """

    def __init__(
        self,
        n_axes: int,
        n_inputs: int,
        n_filters: int,
        *,
        kernel_size: int | tuple[int, ...],
        stride: int,
        padding: str,
        pooling: str | None,
        activation: str,
        dropout: float,
        normalization: str | None,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        self.n_axes = n_axes
        self.dilation = dilation
        widths = tuple(kernel_size) if isinstance(kernel_size, tuple | list) else (kernel_size,)
        self.kernel_size = max(widths)
        self.stride = stride
        self.padding = padding
        self.pooling = pooling
        if len(widths) == 1:
            self.conv = _CONVOLUTIONS[n_axes](
                n_inputs, n_filters, *widths, stride=stride, dilation=dilation
            )
        else:
            self.conv = SideBySide(
                n_axes, n_inputs, n_filters, widths, stride, dilation, padding == "causal"
            )
            n_filters *= len(widths)
        self.n_filters = n_filters
        self.norm = None if normalization is None else normalization_layer(normalization, n_filters)
        self.activation = ACTIVATIONS[activation]()
        self.dropout = nn.Dropout(dropout)

    @property
    def n_zeros(self) -> tuple[int, int]:
        """Number of zeros before the first and after the last position of an axis."""
        if self.padding == "valid":
            return 0, 0
        reach = self.dilation * (self.kernel_size - 1)
        after = 0 if self.padding == "causal" else self.dilation * (self.kernel_size // 2)
        return reach - after, after

    def after_conv(self, size: Any) -> Any:
        """Size of an axis (an int or a tensor of ints) after the convolution."""
        reach = self.dilation * (self.kernel_size - 1)
        return (size + sum(self.n_zeros) - reach - 1) // self.stride + 1

    def output_sizes(self, sizes: Sequence[int]) -> tuple[int, ...]:
        """Sizes of the structure's axes after this layer."""
        after = tuple(self.after_conv(size) for size in sizes)
        if self.pooling is None:
            return after
        return tuple(size // 2 if size > 1 else size for size in after)

    def forward(
        self, x: torch.Tensor, lengths: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:  # (batch, n_inputs, *sizes), (batch,)
        """Filter outputs, and the lengths of padded samples, which are equal along all axes."""
        x = self.padded(x)
        if lengths is not None:
            lengths = self.lengths_after_conv(lengths)
        x = self.conv(x)  # (batch, n_filters, *sizes)
        x = self.normalized(x, lengths)
        x = self.dropout(self.activation(x))
        if lengths is not None:
            x = x * padding_mask(lengths, x.shape[2:]).unsqueeze(1)
        if self.pooling is not None:
            x, lengths = self.pooled(x, lengths)  # (batch, n_filters, *halved)
        return x, lengths

    def padded(self, x: torch.Tensor) -> torch.Tensor:  # (batch, n_inputs, *sizes)
        """The input with the zeros of `padding`."""
        return nn.functional.pad(x, self.n_zeros * self.n_axes)

    def lengths_after_conv(self, lengths: torch.Tensor) -> torch.Tensor:
        after: torch.Tensor = self.after_conv(lengths)
        if int(after.min()) < 1:
            raise ValueError(
                f"kernel_size={self.kernel_size} with padding='valid' is larger than the input of "
                f"a layer: the shortest sample has {int(lengths.min())} positions there. Use "
                "padding='same', a smaller kernel_size or fewer layers in n_filters, or remove "
                "the shortest samples."
            )
        return after

    def normalized(
        self, x: torch.Tensor, lengths: torch.Tensor | None
    ) -> torch.Tensor:  # (batch, n_filters, *sizes), (batch,)
        if self.norm is None:
            return x
        if lengths is None:
            y: torch.Tensor = self.norm(x)
            return y
        # Padding must not be part of the batch statistics.
        mask = padding_mask(lengths, x.shape[2:])  # (batch, *sizes)
        x = x.movedim(1, -1)
        rows = self.norm(x[mask], mask.nonzero()[:, 0])  # (unpadded positions, n_filters)
        return torch.zeros_like(x).masked_scatter(mask.unsqueeze(-1), rows).movedim(-1, 1)

    def pooled(
        self, x: torch.Tensor, lengths: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:  # (batch, n_filters, *sizes), (batch,)
        assert self.pooling is not None
        pool = _POOLS[self.pooling, self.n_axes]
        window = [2 if size > 1 else 1 for size in x.shape[2:]]
        if lengths is None:
            return pool(x, window), None
        mask = padding_mask(lengths, x.shape[2:]).unsqueeze(1)  # (batch, 1, *sizes)
        lengths = torch.where(lengths > 1, lengths // 2, lengths)
        if self.pooling == "max":
            y = pool(x.masked_fill(~mask, -torch.inf), window)
        else:  # the mean over the unpadded positions
            y = pool(x, window) / pool(mask.to(x.dtype), window).clamp(min=1e-3)
        return y.masked_fill(~padding_mask(lengths, y.shape[2:]).unsqueeze(1), 0), lengths


class ConvEncoder(Encoder):
    """Convolution layers.

    Parameters
    ----------
    layers : sequence of ConvLayer
    of_graphs : bool, default=False
        Whether the samples are graphs, which are read as images of their adjacency matrices.
    of_nodes : bool, default=False
        Whether the features are those of the nodes of graphs, on the diagonals of their images.
    """

    def __init__(
        self, layers: Sequence[ConvLayer], of_graphs: bool = False, of_nodes: bool = False
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.of_graphs = of_graphs
        self.of_nodes = of_nodes

    def forward(self, batch: Batch) -> Padded | Packed:
        x, lengths = self.feature_map(*self.as_images(batch))
        if self.of_nodes:
            assert batch.lengths is not None
            graph, place = places_in_images(batch.lengths)
            return Packed(x[graph, place, place], graph, len(batch.lengths))
        mask = None if lengths is None else padding_mask(lengths, x.shape[1:-1]).flatten(1)
        return Padded(x.flatten(1, -2), mask)

    def as_images(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Input of the first layer, (batch, *sizes, features), and sides of padded samples."""
        x, lengths, edges, edge_features, *_ = batch
        if lengths is None:
            return (x.unsqueeze(-1) if x.ndim == 2 else x), None  # d features: a signal of d steps
        if edges is None:
            return pad(x, lengths)
        return adjacency_images(x, lengths, edges, edge_features)

    def feature_map(
        self, x: torch.Tensor, lengths: torch.Tensor | None = None, n_layers: int | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:  # (batch, *sizes, features), (batch,)
        """Output of the first `n_layers` layers (None: all layers), and the lengths of samples.

        (batch, *sizes, filters) and (batch,); lengths are None if all samples have one size.
        """
        x = x.movedim(-1, 1)
        for layer in self.layers[:n_layers]:
            x, lengths = layer(x, lengths)  # (batch, n_filters, *sizes)
        return x.movedim(1, -1), lengths

    def padded_size(self, sizes: torch.Tensor) -> torch.Tensor:
        return sizes.clamp(1, MAX_SIDE).square() if self.of_graphs else sizes.clamp(min=1)


def places_in_images(lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:  # (batch,)
    """The graph of each node, and its row in the image of the adjacency matrix: (nodes,) twice."""
    sides = lengths.clamp(min=1, max=MAX_SIDE)
    graph = sample_index(lengths)
    numbers = row_numbers(torch.zeros_like(lengths), lengths)
    return graph, numbers * sides[graph] // lengths[graph]


def adjacency_images(
    x: torch.Tensor,
    lengths: torch.Tensor,
    edges: torch.Tensor,
    edge_features: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:  # (nodes, features), (batch,), (2, edges), (edges, ...)
    """The adjacency matrices of a batch of graphs as images, and the sides of the images.

    Pixel (i, j) has the number of edges from i to j and the sum of their features. The
    diagonal has the node features. In a graph of more than `MAX_SIDE` nodes, several nodes
    share a pixel, which has the mean of their values. Returns
    (batch, side, side, 1 + edge features + features) and (batch,).
    """
    sides = lengths.clamp(min=1, max=MAX_SIDE)
    graph, place = places_in_images(lengths)  # (nodes,)
    side = int(sides.max())
    source, target = edges
    links = x.new_ones(edges.shape[1], 1)
    if edge_features is not None:
        links = torch.cat([links, edge_features], 1)
    shared = (lengths.clamp(min=1) / sides).to(x.dtype)  # nodes per pixel
    links = links / shared[graph[source]].square().unsqueeze(1)
    matrix = x.new_zeros(len(lengths), side, side, links.shape[1])
    matrix.index_put_((graph[source], place[source], place[target]), links, accumulate=True)
    diagonal = x.new_zeros(len(lengths), side, side, x.shape[1])
    own = x / shared[graph].unsqueeze(1)
    diagonal = diagonal.index_put((graph, place, place), own, accumulate=True)
    return torch.cat([matrix, diagonal], -1), sides


@estimator
class ConvEstimator(Estimator):
    """Abstract base class of the estimators that learn convolution and pooling."""

    assumption: ClassVar[str] = "locality, translation invariance"
    causal: ClassVar[dict[str, tuple[Any, ...]] | None] = {"padding": ("causal",)}

    n_filters: tuple[int, ...] | Literal["auto"] = parameter(
        "auto",
        ["array-like", StrOptions({"auto"})],
        "tuple of int or 'auto'",
        "Number of filters of each convolution layer, and of each width. 'auto' is "
        "(32, 32, 64, 64), and (100,) for the pooled tokens of ``target='sample'``.",
    )
    kernel_size: int | tuple[Any, ...] | Literal["auto"] = parameter(
        "auto",
        [POSITIVE_INT, "array-like", StrOptions({"auto"})],
        "int, tuple or 'auto'",
        "Number of positions that a filter covers along each axis: one value for all layers or "
        "one per layer. A tuple in the place of one value, as in ((3, 4, 5),), gives a layer "
        "filters of several widths side by side. 'auto' is 5, and ((3, 4, 5),) for pooled tokens.",
    )
    stride: int | tuple[int, ...] = parameter(
        1,
        [POSITIVE_INT, "array-like"],
        "int or tuple of int",
        "Step of the filters: one value for all layers or one per layer.",
    )
    padding: str = parameter(
        "same",
        [StrOptions({"same", "causal", "valid"})],
        "{'same', 'causal', 'valid'}",
        "'same' pads with zeros on both sides, so that stride 1 keeps the length; 'valid' does not "
        "pad. 'causal', for ``target='position'`` and samples with one axis of positions, pads "
        "before the first position alone: an output depends on its position and on those before.",
    )
    pooling: str | None = parameter(
        "auto",
        [StrOptions({"auto", "mean", "max"}), None],
        "{'auto', 'mean', 'max'} or None",
        "Pooling of neighbouring pairs after each layer. 'auto' is 'max', and None for tokens and "
        "for ``target='position'``, where the positions that a filter covers are twice as far "
        "apart in each layer as in the one before.",
    )
    readout: str = parameter(
        "auto",
        [StrOptions({"auto", "flatten", "mean", "max"})],
        "{'auto', 'flatten', 'mean', 'max'}",
        "How the last feature map is reduced to one vector; 'mean' and 'max' discard the "
        "positions of features. 'auto' is 'mean', and 'max' for tokens: whether a phrase occurs.",
    )
    head_layer_sizes: tuple[int, ...] = parameter(
        (),
        ["array-like"],
        "tuple of int",
        "Number of units of each hidden layer of the dense head.",
    )
    normalization: str | None = parameter(
        "auto",
        [StrOptions({"auto", "batch", "layer"}), None],
        "{'auto', 'batch', 'layer'} or None",
        "Normalisation before the activation: over the batch, with sample weights, or at each "
        "position separately. 'auto' is 'batch', and None for pooled tokens.",
    )

    def _auto(self, layout: Layout) -> dict[str, Any]:
        # Tokens: one layer, several widths, the maximum over time (Kim 2014).
        pools_tokens = layout.kind == "tokens" and self.target == "sample"
        own = _OF_TOKENS if pools_tokens else _DEFAULTS
        if self.target == "position":
            own = own | {"pooling": None}
        if pools_tokens and not isinstance(self.n_filters, str):
            own = own | {"kernel_size": own["kernel_size"] * len(self.n_filters)}
        return {**super()._auto(layout), **own}

    def _build_network(self, layout: Layout, n_outputs: int) -> Network:
        n_features = layout.n_features
        if layout.kind == "array":
            sizes = list(layout.axes)
        elif layout.kind == "graphs":
            sizes = [min(layout.longest, MAX_SIDE)] * 2
            n_features += 1 + layout.n_edge_features
        else:
            sizes = [layout.longest]
        if len(sizes) > 3:
            raise ValueError(
                "Convolution expects signals, images or volumes, with 1 to 3 axes of structure, "
                f"but the samples have shape {layout.sample_shape}, with {len(sizes)} axes of "
                "structure. Use input_shape to merge axes."
            )
        at_positions = self.target == "position"
        self._check_padding(len(sizes), layout)
        if at_positions:
            self._refuse_fewer_positions()
        elif layout.kind != "array" and self.readout == "flatten":
            raise ValueError(
                "readout='flatten' requires samples of one size, but X has samples of different "
                "sizes. Use readout='mean' or 'max'."
            )
        filters = self._layer_sizes("n_filters", at_least=1)
        n_layers = len(filters)
        layers: list[ConvLayer] = []
        for n_filters, kernel_size, stride in zip(
            filters,
            self._per_layer("kernel_size", n_layers),
            self._per_layer("stride", n_layers),
            strict=True,
        ):
            layer = ConvLayer(
                len(sizes),
                n_features,
                n_filters,
                kernel_size=kernel_size,
                stride=stride,
                padding=self.padding,
                pooling=self.pooling,
                activation=self.activation,
                dropout=float(self.dropout),
                normalization=self.normalization,
                # In the place of pooling, which widens the receptive field in the same way.
                dilation=2 ** len(layers) if at_positions else 1,
            )
            after = layer.output_sizes(sizes)
            if min(after) < 1:
                raise ValueError(
                    f"kernel_size={self.kernel_size} with padding='valid' is larger than the "
                    f"input of layer {len(layers) + 1}, which has {tuple(sizes)} positions. Use "
                    "padding='same', a smaller kernel_size or fewer layers in n_filters."
                )
            layers.append(layer)
            n_features, sizes = layer.n_filters, list(after)
        of_graphs = layout.kind == "graphs"
        if at_positions:
            encoder = ConvEncoder(layers, of_graphs, of_nodes=of_graphs)
            return Network(encoder, EachPosition(self._head(n_features, n_outputs)))
        if self.readout == "flatten":
            n_features *= math.prod(sizes)
        readout = Readout(self.readout, self._head(n_features, n_outputs))
        return Network(ConvEncoder(layers, of_graphs), readout)

    def _check_padding(self, n_axes: int, layout: Layout) -> None:
        """Raise an error if causal filters have no order, or all positions are pooled anyway."""
        if self.padding != "causal":
            return
        if self.target == "sample":
            raise ValueError(
                "padding='causal' keeps an output from later positions, but with target='sample' "
                "there is one output, of all positions. Set padding='same' or target='position'."
            )
        if n_axes > 1:
            what = (
                NAMES[layout.kind]
                if layout.kind == "graphs"
                else f"an array of samples of shape {layout.sample_shape}"
            )
            raise ValueError(
                f"padding='causal' requires positions in order, along one axis, but X is {what}. "
                "Set padding='same'."
            )

    def _refuse_fewer_positions(self) -> None:
        """Raise an error if a parameter would leave fewer positions than the sample has."""
        strides = self._per_layer("stride", len(self.n_filters))
        for name, value, keeps, remedy in (
            ("stride", self.stride, all(stride == 1 for stride in strides), 1),
            ("padding", self.padding, self.padding != "valid", "same"),
            ("pooling", self.pooling, self.pooling is None, "auto"),
        ):
            if not keeps:
                raise ValueError(
                    f"{name}={value!r} leaves fewer positions than X has, but target='position' "
                    f"needs them all. Set {name}={remedy!r}."
                )

    @property
    def reads_any_size(self) -> bool:
        return self.target == "position"

    def _budget_rule(self, layout: Layout) -> BudgetRule:
        return BudgetRule(lr=1e-2, n_steps=800, weight_decay=1.0)

    def _widened(self, factor: float) -> dict[str, Any]:
        sizes = self._layer_sizes("n_filters", at_least=1)
        return {"n_filters": tuple(max(1, round(factor * size)) for size in sizes)}

    def _per_layer(self, name: str, n_layers: int) -> Sequence[Any]:
        """A value for each layer: an int or, for kernels, several."""
        value = getattr(self, name)
        if isinstance(value, Integral):
            return (int(value),) * n_layers
        for entry in value:
            several = name == "kernel_size" and isinstance(entry, list | tuple) and len(entry)
            for size in entry if several else (entry,):
                if not isinstance(size, Integral) or size < 1:
                    raise ValueError(
                        f"The {name!r} parameter of {type(self).__name__} must hold ints above 0"
                        f"{', or tuples of them,' if name == 'kernel_size' else ','} one for each "
                        f"layer. Got {value!r} instead."
                    )
        if len(value) != n_layers:
            raise ValueError(
                f"{name}={value} has {len(value)} entries, but n_filters has {n_layers} layers. "
                "Pass one int, or one per layer."
                + (
                    f" Several widths in one layer are a tuple of their own, such as ({value},)."
                    if name == "kernel_size" and n_layers == 1
                    else ""
                )
            )
        return tuple(value)


@estimator
class ConvClassifier(ConvEstimator, Classifier):
    """Classifier that assumes locality and translation invariance.

    Reads (n, d) as signals of d steps, (n, steps, features) and sequences of any length as
    signals, (n, height, width, features) as images, (n, depth, height, width, features) as
    volumes, tokens as signals of their embeddings (Kim 2014), and graphs as images of
    their adjacency matrices, which depend on the order of the nodes. If ``target='position'``,
    nothing is pooled, and a node is on the diagonal of its image.

    {sections}

    See Also
    --------
    AttentionClassifier : Learns from context which positions are relevant.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document
    recognition", Proc. IEEE 86 (1998). Prince, "Understanding Deep Learning"
    (2023), equation 10.3. Kim, "Convolutional neural networks for sentence
    classification" (2014).

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from ibestimators import ConvClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = ConvClassifier(input_shape=(8, 8, 1), max_epochs=5, random_state=0)
    >>> clf.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.9
    True

    A class at each step: whether it is above the step before.

    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 20))
    >>> y = X > np.roll(X, 1, axis=1)
    >>> clf = ConvClassifier(target="position", max_epochs=10, random_state=0).fit(X, y)
    >>> clf.predict(X).shape, clf.predict_proba(X).shape, clf.score(X, y) > 0.9
    ((100, 20), (100, 20, 2), True)
    """


@estimator
class ConvRegressor(ConvEstimator, Regressor):
    """Regressor that assumes locality and translation invariance.

    Reads (n, d) as signals of d steps, (n, steps, features) and sequences of any length as
    signals, (n, height, width, features) as images, (n, depth, height, width, features) as
    volumes, tokens as signals of their embeddings (Kim 2014), and graphs as images of
    their adjacency matrices, which depend on the order of the nodes. If ``target='position'``,
    nothing is pooled, and a node is on the diagonal of its image.

    {sections}

    See Also
    --------
    AttentionRegressor : Learns from context which positions are relevant.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document
    recognition", Proc. IEEE 86 (1998). Prince, "Understanding Deep Learning"
    (2023), equation 10.3. Kim, "Convolutional neural networks for sentence
    classification" (2014).

    Examples
    --------
    The height of the highest peak, at any position:

    >>> import numpy as np
    >>> from ibestimators import ConvRegressor
    >>> X = np.random.default_rng(0).normal(size=(500, 20))
    >>> y = X.max(axis=1)
    >>> ConvRegressor(readout="max", random_state=0).fit(X, y).score(X, y) > 0.9
    True
    """
