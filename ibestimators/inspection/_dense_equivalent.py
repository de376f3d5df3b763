"""From convolution to dense layers: the shared filter is copied to each position.

A convolution is a dense layer in which most weights are 0 and the others are shared between
positions (Prince 2023, section 10.2.4 and figure 10.4). Every convolutional network is thus a
point in the parameter space of a larger dense network, which can represent it but does not find
it when trained from random weights.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from sklearn.base import is_classifier
from torch import nn

from ibestimators.base import COLUMNS, Fitted
from ibestimators.convolution import ConvEncoder, ConvEstimator, ConvLayer
from ibestimators.inspection._checks import refuse_positions
from ibestimators.layers import Network, Padded
from ibestimators.mlp import MLPClassifier, MLPRegressor
from ibestimators.pipelines import unwrap_estimator

Step = Callable[[torch.Tensor], torch.Tensor]

MAX_WEIGHTS = 1 << 28  # 1 GiB of float32


def as_dense(estimator: Any) -> MLPClassifier | MLPRegressor:
    """The dense network that computes the same function as a fitted convolutional network.

    All operations between two activations are linear (padding, the filters, batch normalisation
    with its moving averages, mean pooling, flattening or averaging at the end) and are merged
    into one matrix. The maximum of a pair needs an additional dense layer, since
    ``max(a, b) = relu(a - b) + b`` where b >= 0, which holds after a rectifier.

    Parameters
    ----------
    estimator : ConvClassifier, ConvRegressor, Pipeline or search that ends in one
        Fitted on an array.

    Returns
    -------
    MLPClassifier or MLPRegressor
        Fitted, with the same predictions up to rounding, for the input of the convolutional
        estimator (after the preceding steps of a pipeline). It has the same training parameters;
        with ``set_params(warm_start=True)`` its `fit` starts from these weights, which are no
        longer shared.

    Raises
    ------
    ValueError
        If the network has a step that dense layers cannot compute (layer normalisation, a
        maximum over all positions, a maximum without rectifiers), was fitted on samples of
        different sizes, or would need more than 2**28 weights.

    References
    ----------
    Prince, "Understanding Deep Learning" (2023), section 10.2.4, figure 10.4.

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators import ConvClassifier, as_dense
    >>> X = np.random.default_rng(0).normal(size=(100, 40))
    >>> conv = ConvClassifier(
    ...     n_filters=(15, 15, 15), kernel_size=3, stride=2, padding="valid", pooling=None,
    ...     normalization=None, readout="flatten", max_epochs=1, random_state=0,
    ... ).fit(X, np.arange(100) % 10)
    >>> dense = as_dense(conv)
    >>> dense.hidden_layer_sizes, conv.n_parameters_, dense.n_parameters_
    ((285, 135, 60), 2050, 59065)
    >>> bool(np.allclose(dense.predict_proba(X), conv.predict_proba(X), atol=1e-5))
    True
    """
    conv, _ = unwrap_estimator(estimator, None, ConvEstimator)
    refuse_positions(conv, "as_dense")
    _check(conv)
    fitted = conv._fitted
    segments = _segments(fitted.network_copy().double().cpu())
    shape = conv.sample_shape_
    sizes = _sizes(segments, shape)
    n_weights = sum(before * after for before, after in pairwise(sizes))
    if n_weights > MAX_WEIGHTS:
        raise ValueError(
            f"The dense layers would need {n_weights:,} weights, more than {MAX_WEIGHTS:,}. "
            "Use fewer n_filters, a larger stride, or shorter samples."
        )
    params = fitted.settings.get_params()
    primitive = MLPClassifier if is_classifier(conv) else MLPRegressor
    shared = params.keys() & primitive().get_params().keys()
    dense = primitive(
        **{name: params[name] for name in shared}
        | {"normalization": None, "column_embedding": None},
        hidden_layer_sizes=tuple(sizes[1:-1]),
    )
    settings = dense._unfitted_copy()
    settings.__dict__ |= {name: vars(conv)[name] for name in COLUMNS if hasattr(conv, name)}
    structure, target = copy.deepcopy((fitted.structure, fitted.target))
    settings._resolve_auto(structure.layout)
    network = settings._new_network(structure, target)
    _write(network, segments, shape)
    net = settings._new_net(network, target, conv.device_, fitted.budget, 1, 0, one_pass=False)
    dense._commit(Fitted(settings, structure, target, net, fitted.budget, scheduled=True))
    return dense


def _check(conv: ConvEstimator) -> None:
    name, settings = type(conv).__name__, conv._fitted.settings
    if conv._fitted.structure.kind != "array":
        raise ValueError(
            f"{name} was fitted on samples of different sizes, but dense layers have one size "
            "of input. Fit it on an array."
        )
    if settings.normalization == "layer":
        raise ValueError(
            "normalization='layer' divides by the values of each position, which dense layers "
            "cannot compute. Use normalization='batch' or None."
        )
    if settings.readout == "max":
        raise ValueError(
            "readout='max' is not supported as dense layers. Use readout='mean' or 'flatten'."
        )
    if settings.pooling == "max" and settings.activation != "relu":
        raise ValueError(
            f"pooling='max' requires activation='relu', but activation={settings.activation!r}. "
            "Use activation='relu', or pooling='mean' or None."
        )


def _segments(network: Network) -> list[list[Step]]:
    """The linear steps of a network, split at its activations."""
    segments: list[list[Step]] = [[_channels_first]]
    layer: Any
    assert isinstance(network.encoder, ConvEncoder)
    for layer in network.encoder.layers:
        segments[-1] += [layer.padded, layer.conv]
        if layer.norm is not None:
            segments[-1].append(layer.norm)
        segments.append([])
        if layer.pooling == "mean":
            segments[-1].append(partial(_averaged, layer))
        elif layer.pooling == "max":
            for axis in range(2, 2 + layer.n_axes):
                segments[-1].append(partial(_compared, axis=axis))
                segments.append([_larger])
    segments[-1].append(lambda x: network.readout.pool(Padded(x.flatten(2).transpose(1, 2))))
    for layer in network.readout.head.layers:
        if isinstance(layer, nn.Linear):
            segments[-1].append(layer)
        elif not isinstance(layer, nn.Dropout):  # an activation
            segments.append([])
    return segments


def _channels_first(x: torch.Tensor) -> torch.Tensor:  # (batch, *sample_shape)
    if x.ndim == 2:
        x = x.unsqueeze(-1)
    return x.movedim(-1, 1)  # (batch, features, *sizes)


def _averaged(layer: ConvLayer, x: torch.Tensor) -> torch.Tensor:
    return layer.pooled(x, None)[0]


def _compared(x: torch.Tensor, axis: int) -> torch.Tensor:  # (batch, features, *sizes)
    """The differences of pairs along an axis, and the second element of each pair.

    After the rectifier, their sum is the maximum of each pair.
    """
    size = x.shape[axis]
    if size == 1:
        return torch.stack([torch.zeros_like(x), x], 1)
    first, second = (x.narrow(axis, 0, size // 2 * 2).unflatten(axis, (-1, 2))).unbind(axis + 1)
    return torch.stack([first - second, second], 1)  # (batch, 2, features, *halved)


def _larger(x: torch.Tensor) -> torch.Tensor:  # (batch, 2, features, *halved)
    return x.sum(1)


def _apply(segment: list[Step], x: torch.Tensor) -> torch.Tensor:
    for step in segment:
        x = step(x)
    return x


@torch.no_grad()
def _sizes(segments: list[list[Step]], shape: tuple[int, ...]) -> list[int]:
    """Number of inputs of the network, and number of outputs of each segment."""
    x = torch.zeros(1, *shape, dtype=torch.float64)
    sizes = [x.numel()]
    for segment in segments:
        x = _apply(segment, x)
        sizes.append(x.numel())
    return sizes


@torch.no_grad()
def _write(module: nn.Module, segments: list[list[Step]], shape: tuple[int, ...]) -> None:
    """Set the weights of the linear layers, one layer for each segment.

    An affine map is defined by its values at 0 and at each unit vector.
    """
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    zero = torch.zeros(1, *shape, dtype=torch.float64)
    for layer, segment in zip(layers, segments, strict=True):
        units = torch.eye(zero.numel(), dtype=torch.float64).view(-1, *zero.shape[1:])
        after = _apply(segment, zero)  # (1, ...)
        bias = after.flatten()
        layer.weight.copy_((_apply(segment, units).flatten(1) - bias).T)
        layer.bias.copy_(bias)
        zero = torch.zeros_like(after)
