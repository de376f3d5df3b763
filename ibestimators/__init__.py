"""Every neural inductive bias as a scikit-learn estimator.

Estimators: `MLPClassifier`, `MLPRegressor`, `ConvClassifier`, `ConvRegressor`,
`RecurrentClassifier`, `RecurrentRegressor`, `GraphClassifier`, `GraphRegressor`,
`AttentionClassifier`, `AttentionRegressor`; all five at once: `biases`.
Comparison: `compare_biases`, `ComparisonResult`. Data: `ibestimators.datasets`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ibestimators.attention import AttentionClassifier, AttentionRegressor
    from ibestimators.comparison import ComparisonResult, compare_biases
    from ibestimators.convolution import ConvClassifier, ConvRegressor
    from ibestimators.message_passing import GraphClassifier, GraphRegressor
    from ibestimators.mlp import MLPClassifier, MLPRegressor
    from ibestimators.recurrence import RecurrentClassifier, RecurrentRegressor
    from ibestimators.suite import biases

__version__ = "0.1.0"

_HOME = {
    "MLPClassifier": "mlp",
    "MLPRegressor": "mlp",
    "ConvClassifier": "convolution",
    "ConvRegressor": "convolution",
    "RecurrentClassifier": "recurrence",
    "RecurrentRegressor": "recurrence",
    "GraphClassifier": "message_passing",
    "GraphRegressor": "message_passing",
    "AttentionClassifier": "attention",
    "AttentionRegressor": "attention",
    "compare_biases": "comparison",
    "ComparisonResult": "comparison",
    "biases": "suite",
}

__all__ = [
    "AttentionClassifier",
    "AttentionRegressor",
    "ComparisonResult",
    "ConvClassifier",
    "ConvRegressor",
    "GraphClassifier",
    "GraphRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "RecurrentClassifier",
    "RecurrentRegressor",
    "biases",
    "compare_biases",
]


def __getattr__(name: str) -> Any:
    # Loaded at first use: torch takes seconds, and the command line's help needs none.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
