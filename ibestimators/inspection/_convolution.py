"""Inspection of convolutions: filters, feature maps and receptive fields.

An output of a layer depends on a range of input positions, its receptive field. Let r be its
size, j the step between the fields of neighbouring outputs, and p the start of the first field,
with r_0 = 1, j_0 = 1 and p_0 = 0 for the input. After a kernel of size k with stride s and b
zeros of padding they are

    r_l = r_{l-1} + (k - 1) j_{l-1},  p_l = p_{l-1} - b j_{l-1},  j_l = s j_{l-1}

Pooling of pairs is a kernel of size 2 with stride 2 and no padding.

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

from ibestimators.convolution import ConvEncoder, ConvEstimator, ConvLayer
from ibestimators.inspection._checks import check_number
from ibestimators.pipelines import unwrap_estimator
from ibestimators.plotting import (
    Display,
    PanelsDisplay,
    Style,
    integer_ticks,
    largest,
    new_figure,
    remove_frame,
    symmetric_colours,
)
from ibestimators.structures import reads_containers

MAX_LINES = 4  # a signal with more features is drawn as an image


class Field(NamedTuple):
    """Receptive field of one output; see `receptive_field`."""

    size: int
    step: int
    start: int

    def before(self, kernel_size: int, stride: int, n_zeros: int) -> Field:
        """The field after one more layer."""
        return Field(
            self.size + (kernel_size - 1) * self.step,
            self.step * stride,
            self.start - n_zeros * self.step,
        )


def receptive_field(estimator: Any, axis: int = 0) -> pd.DataFrame:
    """Receptive field of the outputs of each layer, along one axis.

    Parameters
    ----------
    estimator : ConvClassifier, ConvRegressor, Pipeline or search that ends in one
        Fitted.
    axis : int, default=0
        Axis of the structure: 0 of a signal, 0 or 1 of an image, 0, 1 or 2 of a volume. The
        fields along the axes differ only if one axis is so short that a layer does not pool it.

    Returns
    -------
    pandas.DataFrame
        One row per layer, numbered from 0, after its pooling. Output i depends on the `size`
        input positions that start at ``start + i * step``; positions before the first and after
        the last are zeros of the padding. A field can have gaps: a stride larger than the
        kernel skips positions, and pooling drops the last of an odd number of positions.
        Samples of different sizes are assumed to be long enough for all layers to pool.

    Raises
    ------
    TypeError
        If the estimator is not convolutional.
    ValueError
        If `axis` is out of range.

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
    conv, _ = unwrap_estimator(estimator, None, ConvEstimator)
    encoder = _encoder(conv)
    n_axes = _layer(encoder, 0).n_axes
    if not isinstance(axis, Integral) or not 0 <= axis < n_axes:
        raise ValueError(
            f"axis={axis!r}, but samples have {n_axes} axes of structure. Pass an int from 0 to "
            f"{n_axes - 1}."
        )
    layout = conv._fitted.structure.layout
    size = layout.axes[axis] if layout.kind == "array" else math.inf
    field, fields = Field(1, 1, 0), []
    for i in range(len(encoder.layers)):
        layer = _layer(encoder, i)
        reach = layer.dilation * (layer.kernel_size - 1) + 1
        field = field.before(reach, layer.stride, layer.n_zeros[0])
        size = layer.after_conv(size)
        if layer.pooling is not None and size > 1:
            field = field.before(2, 2, 0)
            size //= 2
        fields.append(field)
    return pd.DataFrame(fields, index=pd.RangeIndex(len(fields), name="layer"))


class FilterDisplay(Display):
    """The filters of a convolution layer.

    Each filter is drawn by its weights for the first input, all on one scale: filters of
    signals as lines around 0 (style keyword ``line_kw``), filters of images as images and
    filters of volumes by their middle slice (``im_kw``).

    Parameters
    ----------
    filters : ndarray of shape (n_filters, n_inputs, *kernel)
        Weights, without biases or normalisation; `kernel` has 1, 2 or 3 axes.
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
    def from_estimator(cls, estimator: Any, layer: int = 0, ax: Any = None, **style: Any) -> Self:
        """Draw the filters of a layer.

        Parameters
        ----------
        estimator : ConvClassifier, ConvRegressor, Pipeline or search that ends in one
            Fitted.
        layer : int, default=0
            Number of the layer, from 0; -1 is the last.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **style : dict
            Style keywords, as in `plot`.

        Returns
        -------
        FilterDisplay
        """
        encoder = _encoder(unwrap_estimator(estimator, None, ConvEstimator)[0])
        layer = check_number("layer", layer, len(encoder.layers))
        weights = _layer(encoder, layer).conv.weight.detach().cpu().numpy()
        return cls(weights.copy(), layer).plot(ax, **style)

    def _figure_size(self) -> tuple[float, float]:
        n_columns = _n_columns(len(self.filters))
        n_rows = math.ceil(len(self.filters) / n_columns)
        return max(0.75 * n_columns, 4.0), max(0.75 * n_rows + 0.5, 1.6)

    def _draw(self, ax: Any, *, line_kw: Style, im_kw: Style) -> None:
        n_filters, n_inputs, *kernel = self.filters.shape
        first = self.filters[:, 0]  # (n_filters, *kernel)
        title = f"{n_filters} filters of layer {self.layer}"
        if n_inputs > 1:
            title += f"\nfirst of their {n_inputs} inputs"
        if len(kernel) == 3:
            first = first[:, kernel[0] // 2]
            title += ", middle slice"
        n_columns = _n_columns(n_filters)
        if len(kernel) == 1:
            _draw_lines(ax, first, n_columns, line_kw)
        else:
            image = ax.imshow(_mosaic(first, n_columns), **symmetric_colours(first) | im_kw)
            ax.set_axis_off()
            ax.figure.colorbar(image, ax=ax, label="weight")
        ax.set_title(title, fontsize="medium")


class FeatureMapDisplay(PanelsDisplay):
    """A sample, and the outputs of a layer's filters for it.

    For a signal, the maps are drawn below it as an image of filters by positions, with each
    output at the middle of its receptive field. For an image they are a grid of images, for a
    volume the middle slices. The image itself is drawn by its first feature, which for graphs is
    the number of edges. Style keywords of `plot`: ``line_kw`` for a signal, ``im_kw`` for the
    maps.

    Parameters
    ----------
    maps : ndarray of shape (n_samples, *sizes, n_filters), or list of (*sizes_i, n_filters)
        Outputs of the layer after its normalisation, activation and pooling; a list for
        samples of different sizes.
    samples : ndarray of shape (n_samples, *sizes, n_features), or list
        Input of the network: standardised features, embeddings of tokens, or the adjacency
        matrices of graphs as images.
    layer : int
        Number of the layer, from 0.
    sample : int
        Number of the sample that is drawn.
    field : Field
        Size, step and start of the layer's receptive field, as in `receptive_field`, which give
        the positions of the outputs for a signal.

    Attributes
    ----------
    axes_ : ndarray of shape (2,) of matplotlib.axes.Axes
        Axes of the sample, and axes of the maps.
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
    @reads_containers
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        layer: int = -1,
        sample: int = 0,
        ax: Any = None,
        **style: Any,
    ) -> Self:
        """Compute the outputs of a layer for some samples, and draw those of one.

        Parameters
        ----------
        estimator : ConvClassifier, ConvRegressor, Pipeline or search that ends in one
            Fitted.
        X
            A few samples, in the same layout as in fit; all are computed in one batch.
        layer : int, default=-1
            Number of the layer, from 0; -1 is the last.
        sample : int, default=0
            Number of the sample that is drawn.
        ax : array-like of 2 matplotlib.axes.Axes, default=None
            Where to draw the sample and the maps; None makes a new figure.
        **style : dict
            Style keywords, as in `plot`.

        Returns
        -------
        FeatureMapDisplay

        Raises
        ------
        TypeError
            If the estimator is not convolutional.
        ValueError
            If `layer` or `sample` is out of range.
        """
        conv, X = unwrap_estimator(estimator, X, ConvEstimator)
        encoder = _encoder(conv)
        layer = check_number("layer", layer, len(encoder.layers))
        seen, lengths = encoder.as_images(conv._fitted.batch(X))
        sample = check_number("sample", sample, len(seen))
        with torch.no_grad():
            maps, lengths_after = encoder.feature_map(seen, lengths, layer + 1)
        return cls(
            _cut(maps, lengths_after),
            _cut(seen, lengths),
            layer=layer,
            sample=sample,
            field=Field(*receptive_field(conv).iloc[layer].tolist()),
        ).plot(ax, **style)

    def _panels(self) -> tuple[tuple[int, ...], str]:
        return (2,), "one for the sample and one for the maps"

    def _new_axes(self) -> NDArray[Any]:
        maps = self.maps[self.sample]
        axes: NDArray[Any]
        if maps.ndim == 2:  # of a signal
            axes = new_figure(7.0, 5.0).subplots(2, 1, sharex=True, height_ratios=[1, 2])
            return axes
        n_columns = _n_columns(maps.shape[-1])
        height = 0.9 * math.ceil(maps.shape[-1] / n_columns) + 0.5
        figure = new_figure(max(0.9 * n_columns + 3.5, 4.0), max(height, 2.6))
        axes = figure.subplots(1, 2, width_ratios=[2.5, 0.9 * n_columns])
        return axes

    def _draw(self, axes: NDArray[Any], *, line_kw: Style, im_kw: Style) -> None:
        first, second = axes
        maps, seen = self.maps[self.sample], self.samples[self.sample]  # (*sizes, features)
        title = f"outputs of the {maps.shape[-1]} filters of layer {self.layer}"
        if maps.ndim == 2:
            self._draw_signal(first, second, seen, maps, line_kw, im_kw)
        else:
            if maps.ndim == 4:
                maps, seen = maps[len(maps) // 2], seen[len(seen) // 2]
                title += ", middle slice"
            self._draw_image(first, second, seen, maps, im_kw)
        first.set_title(f"sample {self.sample}, input of the network", fontsize="medium")
        second.set_title(title, fontsize="medium")

    def _draw_signal(
        self,
        above: Any,
        below: Any,
        seen: NDArray[np.floating],  # (positions, features)
        maps: NDArray[np.floating],  # (outputs, n_filters)
        line_kw: Style,
        im_kw: Style,
    ) -> None:
        n_positions, n_features = seen.shape
        if n_features <= MAX_LINES:
            above.plot(seen, **{"marker": "" if n_positions > 1 else "o"} | line_kw)
            above.set_ylabel("input")
            remove_frame(above)
        else:
            above.imshow(seen.T, aspect="auto", **symmetric_colours(seen))
            above.set_ylabel("feature")
        size, step, start = self.field
        left = start + (size - step) / 2 - 0.5  # each output in the middle of its field
        right = left + step * len(maps)
        look = {"aspect": "auto", "extent": (left, right, maps.shape[1] - 0.5, -0.5)}
        image = below.imshow(maps.T, **look | _colours(maps) | im_kw)
        below.set_xlim(min(left, -0.5), max(right, n_positions - 0.5))
        above.set_xlim(below.get_xlim())
        integer_ticks(below.xaxis, below.yaxis)
        below.set_xlabel("position")
        below.set_ylabel("filter")
        below.figure.colorbar(image, ax=below, label="output", location="bottom", aspect=40)

    @staticmethod
    def _draw_image(
        left: Any,
        right: Any,
        seen: NDArray[np.floating],  # (height, width, features)
        maps: NDArray[np.floating],  # (*sizes, n_filters)
        im_kw: Style,
    ) -> None:
        left.imshow(seen[..., 0], cmap="viridis")
        tiles = np.moveaxis(maps, -1, 0)  # (n_filters, *sizes)
        image = right.imshow(_mosaic(tiles, _n_columns(len(tiles))), **_colours(maps) | im_kw)
        for axes in (left, right):
            axes.set_axis_off()
        right.figure.colorbar(image, ax=right, label="output")


def _encoder(conv: ConvEstimator) -> ConvEncoder:
    encoder = conv._fitted.network_copy().encoder
    assert isinstance(encoder, ConvEncoder)
    return encoder


def _layer(encoder: ConvEncoder, i: int) -> ConvLayer:
    layer = encoder.layers[i]
    assert isinstance(layer, ConvLayer)
    return layer


def _cut(x: torch.Tensor, lengths: torch.Tensor | None) -> Any:  # (batch, *sizes, features)
    """As arrays, without padding."""
    values = x.cpu().numpy()
    if lengths is None:
        return values
    inside = (slice(0, length) for length in lengths.tolist())
    return [value[(cut,) * (value.ndim - 1)] for value, cut in zip(values, inside, strict=True)]


def _n_columns(n: int) -> int:
    """Number of columns of a grid of n cells that is about twice as wide as high."""
    return min(n, math.ceil(math.sqrt(2 * n)))


def _colours(maps: NDArray[np.floating]) -> Style:
    """Colours of outputs; the scale starts at 0 unless some outputs are negative."""
    return symmetric_colours(maps) if maps.min() < 0 else {"cmap": "viridis", "vmin": 0}


def _mosaic(tiles: NDArray[np.floating], n_columns: int) -> NDArray[np.floating]:
    """One image of all images (n, height, width) in a grid, with gaps of NaN between them."""
    n, height, width = tiles.shape
    gap = max(1, min(height, width) // 8)
    rows = -(-n // n_columns)
    whole = np.full((rows * (height + gap) - gap, n_columns * (width + gap) - gap), np.nan)
    for i, tile in enumerate(tiles):
        top, left = i // n_columns * (height + gap), i % n_columns * (width + gap)
        whole[top : top + height, left : left + width] = tile
    return whole


def _draw_lines(ax: Any, lines: NDArray[np.floating], n_columns: int, line_kw: Style) -> None:
    """Lines (n, positions) in a grid of cells with one scale, each around its own zero line."""
    size, end = lines.shape[1], largest(lines)
    across = (np.arange(size) - (size - 1) / 2) / max(1, size - 1)
    look = {"color": "C0", "marker": "o", "markersize": 2.5}
    for i, line in enumerate(lines):
        column, row = i % n_columns, i // n_columns
        ax.plot(column + 0.8 * np.array([-0.5, 0.5]), [-row, -row], color="0.7", lw=0.8)
        ax.plot(column + 0.8 * across, -row + 0.42 * line / end, **look | line_kw)
    ax.set_xlim(-0.6, n_columns - 0.4)
    ax.set_ylim(-((len(lines) - 1) // n_columns) - 0.55, 0.55)
    ax.set_axis_off()
