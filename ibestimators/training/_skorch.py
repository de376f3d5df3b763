"""The only file that imports skorch, and it keeps skorch from importing PyTorch Geometric.

skorch imports that package wherever it is installed, which takes longer than the import of torch.
It needs it only to recognise the package's `Data` among the values that it moves to a device, and
no such value exists before somebody else has imported the package.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _not_importable(name: str) -> Iterator[None]:
    """Make the import of a package fail inside the context, unless it was imported before."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


with _not_importable("torch_geometric"):
    import skorch.utils
    from skorch import NeuralNet
    from skorch.callbacks import (
        Callback,
        EarlyStopping,
        LRScheduler,
    )
    from skorch.callbacks.scoring import ScoringBase
    from skorch.utils import TeeGenerator


def _is_geometric_data(value: Any) -> bool:
    """skorch's test, without the import."""
    package = sys.modules.get("torch_geometric.data")
    return package is not None and isinstance(value, package.Data)


# Other nets of skorch in this process take `Data` as before.
skorch.utils.TORCH_GEOMETRIC_INSTALLED = True
skorch.utils.is_geometric_data_type = _is_geometric_data

__all__ = [
    "Callback",
    "EarlyStopping",
    "LRScheduler",
    "NeuralNet",
    "ScoringBase",
    "TeeGenerator",
]
