"""Convolution and pooling: what matters is near, and may stand anywhere.

A filter w looks at k neighbouring positions and is the same at all of them,

    h_i = a(b + sum_{j=1..k} W_j x_{s i + j})        (Prince 2023, eq. 10.3)

so a shifted input gives a shifted feature map (equivariance); pooling over all
positions then forgets the shift (invariance).

References: LeCun et al., "Gradient-based learning applied to document
recognition", Proc. IEEE 86 (1998); Prince, "Understanding Deep Learning" (2023),
chapter 10; Wang, Yan & Oates, "Time series classification from scratch" (2017)
for pooling over the whole series.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import StrOptions
from torch import nn

from ibestimators.base import POSITIVE_INT, Classifier, Estimator, Regressor
from ibestimators.dense import ACTIVATIONS, normalization_layer
from ibestimators.parameters import estimator, parameter
from ibestimators.readout import Readout

_CONVOLUTIONS: dict[int, Any] = {1: nn.Conv1d, 2: nn.Conv2d}
_POOLS: dict[tuple[str, int], Any] = {
    ("mean", 1): nn.functional.avg_pool1d,
    ("mean", 2): nn.functional.avg_pool2d,
    ("max", 1): nn.functional.max_pool1d,
    ("max", 2): nn.functional.max_pool2d,
}


class ConvLayer(nn.Module):
    """Convolve, normalise, activate, pool by 2.

    Parameters
    ----------
    n_axes : {1, 2}
        Axes of the structure: 1 for signals, 2 for images.
    n_inputs, n_filters : int
        Features before and after.
    kernel_size, stride : int
        Along each axis.
    padding : {"same", "valid"}
        Whether zeros keep the length (at stride 1) or the kernel stays inside.
    pooling : {"mean", "max"} or None
        Pools pairs of neighbours, along the axes that still have a pair.
    activation : str
    dropout : float
    normalization : {"batch", "layer"} or None
    """

    def __init__(
        self,
        n_axes: int,
        n_inputs: int,
        n_filters: int,
        *,
        kernel_size: int,
        stride: int,
        padding: str,
        pooling: str | None,
        activation: str,
        dropout: float,
        normalization: str | None,
    ) -> None:
        super().__init__()
        self.n_axes = n_axes
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.pooling = pooling
        self.conv = _CONVOLUTIONS[n_axes](n_inputs, n_filters, kernel_size, stride=stride)
        self.norm = None if normalization is None else normalization_layer(normalization, n_filters)
        self.activation = ACTIVATIONS[activation]()
        self.dropout = nn.Dropout(dropout)

    def output_sizes(self, sizes: Sequence[int]) -> tuple[int, ...]:
        """Sizes of the structure's axes after this layer."""
        k, s = self.kernel_size, self.stride
        room = k - 1 if self.padding == "same" else 0
        after = tuple((size + room - k) // s + 1 for size in sizes)
        if self.pooling is None:
            return after
        return tuple(size // 2 if size > 1 else size for size in after)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (batch, n_inputs, *sizes)
        if self.padding == "same":
            before, after = (self.kernel_size - 1) // 2, self.kernel_size // 2
            x = nn.functional.pad(x, (before, after) * self.n_axes)
        x = self.conv(x)  # (batch, n_filters, *sizes)
        if self.norm is not None:
            x = self.norm(x)
        x = self.dropout(self.activation(x))
        if self.pooling is not None:
            window = [2 if size > 1 else 1 for size in x.shape[2:]]
            x = _POOLS[self.pooling, self.n_axes](x, window)  # (batch, n_filters, *halved)
        return x


class ConvNetwork(nn.Module):
    """Convolution layers and a readout.

    Parameters
    ----------
    layers : sequence of ConvLayer
    readout : Readout
    """

    def __init__(self, layers: Sequence[ConvLayer], readout: Readout) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.readout = readout

    def feature_map(self, x: torch.Tensor) -> torch.Tensor:  # (batch, *sizes, features)
        """What the last convolution sees: (batch, *sizes, n_filters)."""
        if x.ndim == 2:
            x = x.unsqueeze(-1)  # d features are a signal of d steps
        y: torch.Tensor = self.layers(x.movedim(-1, 1))  # (batch, n_filters, *sizes)
        return y.movedim(1, -1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (batch, *sizes, features)
        x = self.feature_map(x)  # (batch, *sizes, n_filters)
        y: torch.Tensor = self.readout(x.flatten(1, -2))  # (batch, n_outputs)
        return y


@estimator
class Convolution(Estimator):
    """Abstract: what is learned is convolution and pooling."""

    assumption: ClassVar[str] = "locality, translation invariance"

    n_filters: tuple[int, ...] = parameter(
        (32, 32, 64, 64), ["array-like"], "tuple of int", "Filters of each convolution layer.",
    )  # fmt: skip
    kernel_size: int | tuple[int, ...] = parameter(
        5, [POSITIVE_INT, "array-like"], "int or tuple of int",
        "Positions a filter sees along each axis, one for all layers or one a layer.",
    )  # fmt: skip
    stride: int | tuple[int, ...] = parameter(
        1, [POSITIVE_INT, "array-like"], "int or tuple of int",
        "Step of the filters, one for all layers or one a layer.",
    )  # fmt: skip
    padding: str = parameter(
        "same", [StrOptions({"same", "valid"})], "{'same', 'valid'}",
        "'same' pads with zeros, so that stride 1 keeps the length; 'valid' pads nothing.",
    )  # fmt: skip
    pooling: str | None = parameter(
        "max", [StrOptions({"mean", "max"}), None], "{'mean', 'max'} or None",
        "Pooling of neighbouring pairs after each layer.",
    )  # fmt: skip
    readout: str = parameter(
        "mean", [StrOptions({"flatten", "mean", "max"})], "{'flatten', 'mean', 'max'}",
        "How the last feature map becomes one vector; 'mean' and 'max' forget where something "
        "was seen.",
    )  # fmt: skip
    head_layer_sizes: tuple[int, ...] = parameter(
        (), ["array-like"], "tuple of int", "Hidden units of the dense head.",
    )  # fmt: skip
    normalization: str | None = parameter(
        "batch", [StrOptions({"batch", "layer"}), None], "{'batch', 'layer'} or None",
        "Normalisation of the filters' outputs before the activation: over a batch, heeding "
        "sample weights, or at each position alone.",
    )  # fmt: skip

    def _build_network(self, sample_shape: tuple[int, ...], n_outputs: int) -> nn.Module:
        if len(sample_shape) == 1:
            sample_shape = (*sample_shape, 1)
        *sizes, n_features = sample_shape
        if len(sizes) > 2:
            raise ValueError(
                f"Convolution reads signals and images, but samples have shape {sample_shape}, "
                f"{len(sizes)} axes of structure. Use input_shape to merge axes."
            )
        filters = self._sizes("n_filters", least=1)
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
                dropout=self.dropout,
                normalization=self.normalization,
            )
            after = layer.output_sizes(sizes)
            if min(after) < 1:
                raise ValueError(
                    f"kernel_size={self.kernel_size} with padding='valid' leaves nothing of an "
                    f"input of {tuple(sizes)} positions at layer {len(layers) + 1}. "
                    "Use padding='same', a smaller kernel_size or fewer n_filters."
                )
            layers.append(layer)
            n_features, sizes = n_filters, list(after)
        n_positions = int(torch.Size(sizes).numel())
        readout = Readout(
            self.readout,
            n_positions,
            n_features,
            self._sizes("head_layer_sizes"),
            n_outputs,
            activation=self.activation,
            dropout=self.dropout,
        )
        return ConvNetwork(layers, readout)

    def _per_layer(self, name: str, n_layers: int) -> Sequence[int]:
        value = getattr(self, name)
        values = (int(value),) * n_layers if isinstance(value, Integral) else self._sizes(name)
        if len(values) != n_layers:
            raise ValueError(
                f"{name}={value} has {len(values)} entries for {n_layers} layers of n_filters. "
                "Give one int, or one a layer."
            )
        return values


@estimator
class ConvClassifier(Convolution, Classifier):
    """Classifier that assumes locality and translation invariance.

    Reads (n, d) as signals of d steps, (n, steps, features) as signals and
    (n, height, width, features) as images.

    {sections}

    See Also
    --------
    AttentionClassifier : Learns from context where to look.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document
    recognition", Proc. IEEE 86 (1998). Prince, "Understanding Deep Learning"
    (2023), equation 10.3.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from ibestimators import ConvClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = ConvClassifier(input_shape=(8, 8, 1), max_epochs=5, random_state=0)
    >>> clf.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.9
    True
    """


@estimator
class ConvRegressor(Convolution, Regressor):
    """Regressor that assumes locality and translation invariance.

    Reads (n, d) as signals of d steps, (n, steps, features) as signals and
    (n, height, width, features) as images.

    {sections}

    See Also
    --------
    AttentionRegressor : Learns from context where to look.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document
    recognition", Proc. IEEE 86 (1998). Prince, "Understanding Deep Learning"
    (2023), equation 10.3.

    Examples
    --------
    The height of the highest peak, wherever it stands:

    >>> import numpy as np
    >>> from ibestimators import ConvRegressor
    >>> X = np.random.default_rng(0).normal(size=(500, 20))
    >>> y = X.max(axis=1)
    >>> ConvRegressor(readout="max", random_state=0).fit(X, y).score(X, y) > 0.9
    True
    """
