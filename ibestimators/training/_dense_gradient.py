"""The gradient of dense layers by their equations, without autograd.

For small networks, recording the operations of a step takes longer than their arithmetic. The
gradient of dense layers with outputs ``o = W h + b`` and ``h = a(z)`` is short enough to be written
down (Rumelhart, Hinton & Williams 1986):

    dL/dW = (dL/do)^T h        dL/db = sum of dL/do        dL/dz = (dL/do W) * a'(z)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from ibestimators.layers import Batch, Network, Readout

aten = torch.ops.aten
# Each activation, and dL/dz from dL/dh, its input z and its output h.
_ACTIVATIONS: dict[type[nn.Module], tuple[Callable[..., Any], Callable[..., Any]]] = {
    nn.ReLU: (torch.relu, lambda gradient, z, h: aten.threshold_backward(gradient, h, 0)),
    nn.Tanh: (torch.tanh, lambda gradient, z, h: aten.tanh_backward(gradient, h)),
    nn.GELU: (nn.functional.gelu, lambda gradient, z, h: aten.gelu_backward(gradient, z)),
    nn.SiLU: (nn.functional.silu, lambda gradient, z, h: aten.silu_backward(gradient, z)),
}


class DenseGradient:
    """Loss and gradient of a network whose head is dense and flattens what its encoder gives.

    The encoder has no weights, or a method ``with_gradients(batch)``: its output, and a function
    that maps the gradient with respect to the flattened output to those of its weights.

    Parameters
    ----------
    network : Network
    criterion : torch.nn.Module
        With a method ``with_gradient(outputs, target)``: the loss of each sample, and its gradient.
    gradients : mapping
        The tensor that receives the gradient of each weight.
    """

    def __init__(
        self,
        network: Network,
        criterion: Any,
        gradients: Mapping[nn.Parameter, torch.Tensor],
    ) -> None:
        self.network = network
        self.criterion = criterion
        modules = list(network.readout.head.layers)
        linear = [module for module in modules if isinstance(module, nn.Linear)]
        self.weights: list[tuple[Any, Any]] = [(each.weight, each.bias) for each in linear]
        self.activations = [_ACTIVATIONS[type(m)] for m in modules if not isinstance(m, nn.Linear)]
        self.embeds = bool(network.encoder.state_dict())
        self.gradients = gradients

    @staticmethod
    def applies(network: nn.Module, criterion: Any) -> bool:
        """Whether the gradient of the network is known here."""
        if not (type(network) is Network and type(network.readout) is Readout):
            return False
        encoder, layers = network.encoder, network.readout.head.layers
        return (
            hasattr(criterion, "with_gradient")
            and all(type(layer) in (nn.Linear, *_ACTIVATIONS) for layer in layers)
            and not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())
            and not (encoder.state_dict() and not hasattr(encoder, "with_gradients"))
            and network.embedding is None
        )

    @torch.no_grad()
    def __call__(
        self, x: dict[str, torch.Tensor], target: torch.Tensor, sample_weight: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The mean loss of a batch and the outputs; fills the gradients of the weights."""
        encoder: Any = self.network.encoder
        batch = self.network.input(Batch(**x))
        if self.embeds:
            encoded, of_encoder = encoder.with_gradients(batch)
        else:
            encoded = encoder(batch)
        h = self.network.readout.pool(encoded)
        inputs, before = [h], []
        for (weight, bias), (activate, _) in zip(self.weights, self.activations, strict=False):
            before.append(nn.functional.linear(h, weight, bias))
            h = activate(before[-1])
            inputs.append(h)
        outputs = nn.functional.linear(h, *self.weights[-1])
        losses, gradient = self.criterion.with_gradient(outputs, target)
        gradient = gradient / losses.shape[0]
        if sample_weight is not None:
            losses = losses * sample_weight
            gradient = gradient * sample_weight.unsqueeze(1)
        for i in range(len(self.weights) - 1, -1, -1):
            weight, bias = self.weights[i]
            self._set(weight, torch.mm, gradient.T, inputs[i])
            self._set(bias, torch.sum, gradient, 0)
            if i:
                slope = self.activations[i - 1][1]
                gradient = slope(gradient @ weight, before[i - 1], inputs[i])
            elif self.embeds:
                for each, value in of_encoder(gradient @ weight).items():
                    each.grad = value if each.requires_grad else None
        return losses.mean(), outputs

    def _set(self, weight: nn.Parameter, operation: Callable[..., Any], *args: Any) -> None:
        """Let the gradient of a weight be the outcome of an operation."""
        weight.grad = operation(*args, out=self.gradients[weight]) if weight.requires_grad else None
