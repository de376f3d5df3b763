"""The cost of a prediction: multiply-adds of matrix products and convolutions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ibestimators.structures import Samples
from ibestimators.training._net import TrainingNet


class _ProductCounter(TorchDispatchMode):
    """Adds up the operations of each product by torch's formulas.

    (torch's own `FlopCounterMode` imports torch's compiler, which takes as long as torch itself.)
    """

    n_operations = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Not to tell the compiler to pass over this mode: that imports the compiler."""
        return False

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        formula: Callable[..., int] | None = flop_registry.get(func.overloadpacket)
        if formula is not None:
            self.n_operations += formula(*args, **kwargs, out_val=out)
        return out


def multiply_adds(net: TrainingNet, samples: Samples) -> int:
    """Number of multiply-adds of the network, mean over samples."""
    net.module_.eval()
    n_samples = 1 if samples.sizes is None else len(samples)  # all arrays cost the same
    # The formulas know attention only as matrix products.
    with _ProductCounter() as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        for i in range(n_samples):
            net.infer(samples.batch(slice(i, i + 1)))
    return round(counter.n_operations / 2 / n_samples)
