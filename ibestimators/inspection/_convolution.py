"""Inside a convolution: what its filters look for, where they find it, how far they see.

An output of a layer sees a stretch of the input, its receptive field. With r_0 = 1 position
and a step j_0 = 1 between neighbours that begin at p_0 = 0, a kernel of size k with stride s
after b zeros of padding makes

    r_l = r_{l-1} + (k - 1) j_{l-1},  p_l = p_{l-1} - b j_{l-1},  j_l = s j_{l-1}

and pooling of pairs is a kernel of 2 with stride 2 and no padding.

References: Araujo, Norris & Sim, "Computing receptive fields of convolutional neural
networks", Distill (2019), section "Computing the receptive field region"; Zeiler & Fergus,
"Visualizing and understanding convolutional networks" (2014) for pictures of feature maps.
"""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from ibestimators.convolution import ConvLayer, ConvNetwork, Convolution, adjacency_images
from ibestimators.pipelines import inputs, network, opened, place
from ibestimators.structures import pad

_MOST_LINES = 4  # features of a signal that are drawn as lines; more make an image


class Field(NamedTuple):
    """What one output sees of the input: see `receptive_field`."""

    size: int
    step: int
    start: int

    def before(self, kernel_size: int, stride: int, n_zeros: int) -> Field:
        """The field of an output of one more filter."""
        return Field(
            self.size + (kernel_size - 1) * self.step,
            self.step * stride,
            self.start - n_zeros * self.step,
        )


def receptive_field(estimator: Any, axis: int = 0) -> pd.DataFrame:
    """What an output position of each layer sees of the input, along one axis.

    Parameters
    ----------
    estimator : ConvClassifier, ConvRegressor, Pipeline or search that ends in one
        Fitted.
    axis : int, default=0
        Axis of the structure: 0 of a signal, 0 or 1 of an image, 0, 1 or 2 of a volume. They
        differ only where one is so short that pooling leaves it alone.

    Returns
    -------
    pandas.DataFrame
        A row a layer, counted from 0, after its pooling. Output i sees the `size` input
        positions from ``start + i * step`` on; those before the first and after the last
        are zeros of the padding. There may be gaps in between: a stride above the size of a
        kernel leaves some out, and pooling drops the last of an odd number of positions.
        Samples of different sizes are taken to be long enough for all layers to pool.

    Raises
    ------
    TypeError
        If the estimator is no convolution.
    ValueError
        If there is no such axis.

    References
    ----------
    Araujo, Norris & Sim, "Computing receptive fields of convolutional neural networks",
    Distill (2019).

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators import ConvClassifier
    >>> from ibestimators import receptive_field
    >>> X, y = np.random.default_rng(0).normal(size=(20, 40)), np.arange(20) % 2
    >>> fitted = ConvClassifier(kernel_size=3, max_epochs=1).fit(X, y)
    >>> receptive_field(fitted).reset_index()
       layer  size  step  start
    0      0     4     2     -1
    1      1    10     4     -3
    2      2    22     8     -7
    3      3    46    16    -15
    """
    conv, _ = opened(estimator, None, Convolution)
    net: ConvNetwork = network(conv)
    n_axes = _layer(net, 0).n_axes
    if not isinstance(axis, Integral) or not 0 <= axis < n_axes:
        raise ValueError(
            f"axis={axis!r}, but samples have {n_axes} axes of structure. Give an int from 0 to "
            f"{n_axes - 1}."
        )
    size = conv._structure.layout.axes[axis] if conv._kind == "array" else math.inf
    field, fields = Field(1, 1, 0), []
    for i in range(len(net.layers)):
        layer = _layer(net, i)
        n_zeros = (layer.kernel_size - 1) // 2 if layer.padding == "same" else 0
        field = field.before(layer.kernel_size, layer.stride, n_zeros)
        size = layer.after_conv(size)
        if layer.pooling is not None and size > 1:
            field = field.before(2, 2, 0)
            size //= 2
        fields.append(field)
    return pd.DataFrame(fields, index=pd.RangeIndex(len(fields), name="layer"))


class FilterDisplay:
    """The filters of a convolution layer.

    Parameters
    ----------
    filters : ndarray of shape (n_filters, n_inputs, *kernel)
        Weights, without biases and normalisation; `kernel` has 1, 2 or 3 axes.
    layer : int
        Number of the layer, from 0.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators import ConvClassifier
    >>> from ibestimators import FilterDisplay
    >>> X, y = np.random.default_rng(0).normal(size=(20, 40)), np.arange(20) % 2
    >>> fitted = ConvClassifier(n_filters=(8, 16), max_epochs=1).fit(X, y)
    >>> FilterDisplay.from_estimator(fitted, layer=1).filters.shape
    (16, 8, 5)
    """

    def __init__(self, filters: NDArray[np.floating], layer: int) -> None:
        self.filters = filters
        self.layer = layer

    @classmethod
    def from_estimator(cls, estimator: Any, layer: int = 0, ax: Any = None) -> Self:
        """Draw the filters of a layer.

        Parameters
        ----------
        estimator : ConvClassifier, ConvRegressor, Pipeline or search that ends in one
            Fitted.
        layer : int, default=0
            Number of the layer, from 0; -1 is the last.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        FilterDisplay
        """
        net: ConvNetwork = network(opened(estimator, None, Convolution)[0])
        layer = place("layer", layer, len(net.layers))
        weights = _layer(net, layer).conv.weight.detach().cpu().numpy()
        return cls(weights.copy(), layer).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw what each filter does with its first input, all on one scale.

        Filters of signals are lines about 0, of images images; of volumes the middle slice
        is drawn.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        self
        """
        n_filters, n_inputs, *kernel = self.filters.shape
        first = self.filters[:, 0]  # (n_filters, *kernel)
        title = f"{n_filters} filters of layer {self.layer}"
        if n_inputs > 1:
            title += f"\nfirst of their {n_inputs} inputs"
        if len(kernel) == 3:
            first = first[:, kernel[0] // 2]
            title += ", middle slice"
        n_columns = _n_columns(n_filters)
        if ax is None:
            n_rows = -(-n_filters // n_columns)
            ax = _figure(0.75 * n_columns, 0.75 * n_rows + 0.5).add_subplot()
        if len(kernel) == 1:
            _draw_lines(ax, first, n_columns)
        else:
            image = ax.imshow(_mosaic(first, n_columns), **_colours(first, signed=True))
            ax.set_axis_off()
            ax.figure.colorbar(image, ax=ax, label="weight")
        ax.set_title(title, fontsize="medium")
        self.ax_, self.figure_ = ax, ax.figure
        return self


class FeatureMapDisplay:
    """A sample and what the filters of a layer make of it.

    Parameters
    ----------
    maps : ndarray of shape (n_samples, *sizes, n_filters), or list of (*sizes_i, n_filters)
        Outputs of the layer after its normalisation, activation and pooling; a list for
        samples of different sizes.
    samples : ndarray of shape (n_samples, *sizes, n_features), or list
        What the network gets to see: standardised features, embeddings of tokens, the
        adjacency matrices of graphs as images.
    layer : int
        Number of the layer, from 0.
    sample : int
        The sample that is drawn.
    field : Field
        The layer's size, step and start by `receptive_field`, which tell where the outputs of a
        signal stand.

    Attributes
    ----------
    axes_ : tuple of 2 matplotlib.axes.Axes
        Of the sample, and of the maps.
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators import ConvClassifier
    >>> from ibestimators import FeatureMapDisplay
    >>> X, y = np.random.default_rng(0).normal(size=(20, 40)), np.arange(20) % 2
    >>> fitted = ConvClassifier(n_filters=(8, 16), max_epochs=1).fit(X, y)
    >>> FeatureMapDisplay.from_estimator(fitted, X[:3]).maps.shape
    (3, 10, 16)
    """

    def __init__(
        self,
        maps: NDArray[np.floating] | list[NDArray[np.floating]],
        samples: NDArray[np.floating] | list[NDArray[np.floating]],
        *,
        layer: int,
        sample: int,
        field: Field,
    ) -> None:
        self.maps = maps
        self.samples = samples
        self.layer = layer
        self.sample = sample
        self.field = field

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, layer: int = -1, sample: int = 0, ax: Any = None
    ) -> Self:
        """Compute the outputs of a layer for some samples, and draw those of one.

        Parameters
        ----------
        estimator : ConvClassifier, ConvRegressor, Pipeline or search that ends in one
            Fitted.
        X
            A few samples, in the layout seen in fit; all are taken at once.
        layer : int, default=-1
            Number of the layer, from 0; -1 is the last.
        sample : int, default=0
            Number of the sample that is drawn.
        ax : array-like of 2 matplotlib.axes.Axes, default=None
            Where to draw the sample and the maps; None makes a new figure.

        Returns
        -------
        FeatureMapDisplay

        Raises
        ------
        TypeError
            If the estimator is no convolution.
        ValueError
            If there is no such layer or sample.
        """
        conv, X = opened(estimator, X, Convolution)
        net: ConvNetwork = network(conv)
        layer = place("layer", layer, len(net.layers))
        seen, lengths = _seen(**inputs(conv, X))
        sample = place("sample", sample, len(seen))
        with torch.no_grad():
            part = ConvNetwork([_layer(net, i) for i in range(layer + 1)], net.readout).eval()
            maps, lengths_after = part.feature_map(seen, lengths)
        return cls(
            _cut(maps, lengths_after),
            _cut(seen, lengths),
            layer=layer,
            sample=sample,
            field=Field(*receptive_field(conv).iloc[layer].tolist()),
        ).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the sample and the maps.

        Of a signal, the maps are an image of filters by positions below it, each output
        in the middle of what it sees. Of an image they are a grid of images, of a volume
        the middle slices; the image itself is shown by its first feature, which for graphs
        is the number of edges.

        Parameters
        ----------
        ax : array-like of 2 matplotlib.axes.Axes, default=None
            Where to draw the sample and the maps; None makes a new figure.

        Returns
        -------
        self
        """
        maps, seen = self.maps[self.sample], self.samples[self.sample]  # (*sizes, features)
        is_signal = maps.ndim == 2
        axes = self._new_axes(is_signal, maps.shape[-1]) if ax is None else np.ravel(ax)
        if len(axes) != 2:
            raise ValueError(
                f"ax holds {len(axes)} axes, but 2 are needed: of the sample and of the maps. "
                "Give 2, or None for a new figure."
            )
        title = f"outputs of the {maps.shape[-1]} filters of layer {self.layer}"
        if maps.ndim == 4:
            maps, seen = maps[len(maps) // 2], seen[len(seen) // 2]
            title += ", middle slice"
        draw = self._draw_signal if is_signal else self._draw_image
        first, second = axes
        draw(first, second, seen, maps)
        first.set_title(f"sample {self.sample}, as the network gets it", fontsize="medium")
        second.set_title(title, fontsize="medium")
        self.axes_, self.figure_ = (first, second), second.figure
        return self

    @staticmethod
    def _new_axes(is_signal: bool, n_filters: int) -> Any:
        if is_signal:
            figure = _figure(7, 5)
            return figure.subplots(2, 1, sharex=True, height_ratios=[1, 2])
        n_columns = _n_columns(n_filters)
        height = 0.9 * -(-n_filters // n_columns) + 0.5
        figure = _figure(0.9 * n_columns + 3.5, max(2.6, height))
        return figure.subplots(1, 2, width_ratios=[2.5, 0.9 * n_columns])

    def _draw_signal(
        self, above: Any, below: Any, seen: NDArray[np.floating], maps: NDArray[np.floating]
    ) -> None:  # (positions, features), (outputs, n_filters)
        n_positions, n_features = seen.shape
        if n_features <= _MOST_LINES:
            above.plot(seen, marker="" if n_positions > 1 else "o")
            above.set_ylabel("input")
            above.spines[["top", "right"]].set_visible(False)
        else:
            above.imshow(seen.T, aspect="auto", **_colours(seen, signed=True))
            above.set_ylabel("feature")
        size, step, start = self.field
        left = start + (size - step) / 2 - 0.5  # each output stands in the middle of its field
        image = below.imshow(
            maps.T,
            aspect="auto",
            extent=(left, left + step * len(maps), maps.shape[1] - 0.5, -0.5),
            **_colours(maps, signed=bool(maps.min() < 0)),
        )
        below.set_xlim(min(left, -0.5), max(left + step * len(maps), n_positions - 0.5))
        above.set_xlim(below.get_xlim())
        below.xaxis.get_major_locator().set_params(integer=True)
        below.yaxis.get_major_locator().set_params(integer=True)
        below.set_xlabel("position")
        below.set_ylabel("filter")
        below.figure.colorbar(image, ax=below, label="output", location="bottom", aspect=40)

    @staticmethod
    def _draw_image(
        left: Any, right: Any, seen: NDArray[np.floating], maps: NDArray[np.floating]
    ) -> None:  # (height, width, features), (*sizes, n_filters)
        left.imshow(seen[..., 0], cmap="viridis")
        tiles = np.moveaxis(maps, -1, 0)  # (n_filters, *sizes)
        image = right.imshow(
            _mosaic(tiles, _n_columns(len(tiles))), **_colours(maps, signed=bool(maps.min() < 0))
        )
        for axes in (left, right):
            axes.set_axis_off()
        right.figure.colorbar(image, ax=right, label="output")


def _layer(net: ConvNetwork, i: int) -> ConvLayer:
    layer = net.layers[i]
    assert isinstance(layer, ConvLayer)
    return layer


def _seen(
    x: torch.Tensor,
    lengths: torch.Tensor | None = None,
    edges: torch.Tensor | None = None,
    edge_features: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor | None]:  # as in ConvNetwork.forward
    """What the first layer gets, (batch, *sizes, features), and the sides of padded samples."""
    if edges is not None:
        assert lengths is not None
        return adjacency_images(x, lengths, edges, edge_features)
    if lengths is not None:
        return pad(x, lengths)
    return (x.unsqueeze(-1) if x.ndim == 2 else x), None


def _cut(x: torch.Tensor, lengths: torch.Tensor | None) -> Any:  # (batch, *sizes, features)
    """As arrays, without what was padded."""
    values = x.cpu().numpy()
    if lengths is None:
        return values
    inside = (slice(0, length) for length in lengths.tolist())
    return [value[(cut,) * (value.ndim - 1)] for value, cut in zip(values, inside, strict=True)]


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(max(width, 4), max(height, 1.6)), layout="constrained")


def _n_columns(n: int) -> int:
    """Of a grid of n that is twice as wide as high."""
    return min(n, math.ceil(math.sqrt(2 * n)))


def _colours(values: NDArray[np.floating], *, signed: bool) -> dict[str, Any]:
    if not signed:
        return {"cmap": "viridis", "vmin": 0}
    highest = float(np.abs(values).max()) or 1.0
    return {"cmap": "RdBu_r", "vmin": -highest, "vmax": highest}


def _mosaic(tiles: NDArray[np.floating], n_columns: int) -> NDArray[np.floating]:
    """Images (n, height, width) side by side in one, with gaps of NaN between."""
    n, height, width = tiles.shape
    gap = max(1, min(height, width) // 8)
    rows = -(-n // n_columns)
    whole = np.full((rows * (height + gap) - gap, n_columns * (width + gap) - gap), np.nan)
    for i, tile in enumerate(tiles):
        top, left = i // n_columns * (height + gap), i % n_columns * (width + gap)
        whole[top : top + height, left : left + width] = tile
    return whole


def _draw_lines(ax: Any, lines: NDArray[np.floating], n_columns: int) -> None:
    """Lines (n, positions) in a grid of cells of one scale, each about its own 0."""
    size = lines.shape[1]
    highest = float(np.abs(lines).max()) or 1.0
    across = (np.arange(size) - (size - 1) / 2) / max(1, size - 1)
    for i, line in enumerate(lines):
        column, row = i % n_columns, i // n_columns
        ax.plot(column + 0.8 * np.array([-0.5, 0.5]), [-row, -row], color="0.7", lw=0.8)
        ax.plot(column + 0.8 * across, -row + 0.42 * line / highest, "o-", color="C0", ms=2.5)
    ax.set_xlim(-0.6, n_columns - 0.4)
    ax.set_ylim(-((len(lines) - 1) // n_columns) - 0.55, 0.55)
    ax.set_axis_off()
