"""AdamW whose step is one operation on one tensor that holds all weights.

A network of many small weights spends more time on starting an operation for each of them than
on the arithmetic. On a CPU, the weights are therefore parts of one tensor while a network trains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.optim.adamw import adamw


class FlatAdamW(torch.optim.Optimizer):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019).

    It equals `torch.optim.AdamW`, but for the count of steps, which is one for all weights of a
    group. It does not import torch's compiler, as the methods of torch's optimisers do.

    Parameters
    ----------
    groups : sequence of dict
        Each with "params", a list of weights, and "weight_decay".
    lr : float
    """

    def __init__(self, groups: Sequence[dict[str, Any]], lr: float) -> None:
        super().__init__(groups, {"lr": lr, "betas": (0.9, 0.999), "eps": 1e-8})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        weights: list[nn.Parameter] = list(param_group["params"])
        n = sum(weight.numel() for weight in weights)
        like = weights[0] if weights else torch.empty(0)
        moments = [torch.zeros(n, dtype=like.dtype, device=like.device) for _ in range(2)]
        state = {"moments": moments, "n_steps": torch.zeros((), device=like.device), "flat": None}
        self.param_groups.append({**self.defaults, **param_group, "params": weights, **state})

    @contextmanager
    def flattened(self) -> Iterator[None]:
        """Let the weights of each group be parts of one tensor inside the context, on a CPU."""
        groups = [g for g in self.param_groups if g["params"] and g["n_steps"].device.type == "cpu"]
        for group in groups:
            weights = group["params"]
            flat = torch.cat([weight.detach().flatten() for weight in weights])
            gradient = torch.empty_like(flat)
            group["flat"] = flat, gradient, _parts(gradient, weights)
            for weight, part in zip(weights, _parts(flat, weights), strict=True):
                weight.data = part
        try:
            yield
        finally:
            for group in groups:
                group["flat"] = None
                for weight in group["params"]:
                    weight.data = weight.detach().clone()

    @property
    def gradients(self) -> dict[nn.Parameter, torch.Tensor]:
        """Where the gradient of each weight has its place, if the weights are flattened."""
        return {
            weight: part
            for group in self.param_groups
            if group["flat"] is not None
            for weight, part in zip(group["params"], group["flat"][2], strict=True)
        }

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Change all weights that have a gradient."""
        for group in self.param_groups:
            weights, moments = group["params"], group["moments"]
            gradients = [weight.grad for weight in weights]
            if group["flat"] is not None and all(g is not None for g in gradients):
                flat, gradient, parts = group["flat"]
                torch._foreach_copy_(parts, gradients)  # nothing to do where they are the same
                first, second = moments
                self._step(group, [flat], [gradient], [first], [second])
            else:
                first, second = (_parts(moment, weights) for moment in moments)
                known = [i for i, g in enumerate(gradients) if g is not None]
                of_each = (weights, gradients, first, second)
                self._step(group, *([each[i] for i in known] for each in of_each))

    # torch would wrap it in a record for its profiler, which takes longer than a small step.
    step.hooked = True  # type: ignore[attr-defined]

    @staticmethod
    def _step(
        group: dict[str, Any],
        weights: list[torch.Tensor],
        gradients: list[torch.Tensor],
        first: list[torch.Tensor],
        second: list[torch.Tensor],
    ) -> None:
        if not weights:
            return
        beta1, beta2 = group["betas"]
        steps = [group["n_steps"]] * len(weights)
        options = {
            "lr": group["lr"],
            "beta1": beta1,
            "beta2": beta2,
            "weight_decay": group["weight_decay"],
            "eps": group["eps"],
            "amsgrad": False,
            "maximize": False,
        }
        if weights[0].device.type in ("cpu", "cuda"):
            group["n_steps"] += 1
            torch._fused_adamw_(weights, gradients, first, second, [], steps, **options)
        else:
            steps = [step.clone() for step in steps]  # each is increased
            adamw(weights, gradients, first, second, [], steps, foreach=True, **options)
            group["n_steps"] += 1

    def state_dict(self) -> dict[str, Any]:
        """The moments and the settings of each group."""
        left_out = ("params", "flat")
        return {
            "groups": [
                {name: value for name, value in group.items() if name not in left_out}
                for group in self.param_groups
            ]
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Return to a state from `state_dict`."""
        for group, saved in zip(self.param_groups, state_dict["groups"], strict=True):
            group.update(saved)


def _parts(flat: torch.Tensor, weights: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Views of a flat tensor in the shapes of the weights."""
    parts = flat.split([weight.numel() for weight in weights])
    return [part.view_as(weight) for part, weight in zip(parts, weights, strict=True)]
