"""scikit-learn's own callbacks, from its version 1.9 on: each epoch is a task of the fit.

``estimator.set_callbacks(ProgressBar())`` shows a bar; set on a `GridSearchCV`, the bars of all
its fits. With an older scikit-learn there is no ``set_callbacks``, and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ibestimators.training import Epochs, TrainingNet

__all__ = ["CallbackSupportMixin", "heard", "with_callbacks"]

T = TypeVar("T")

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""

    def with_callbacks(method: Callable[..., T]) -> Callable[..., T]:
        return method


@contextmanager
def heard(estimator: Any, net: TrainingNet, X: Any, y: Any) -> Iterator[None]:
    """Let those that `set_callbacks` was given hear of the training inside."""
    fit = vars(estimator).get("_callback_fit_ctx")
    if fit is None:
        yield
        return

    def learned() -> dict[str, Any]:
        parameters = estimator.get_params(deep=False)
        return {name: v for name, v in vars(estimator).items() if name not in parameters}

    told = ("scikit_learn", Epochs(estimator, fit, learned, X=X, y=y))
    fit.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    net.callbacks_.append(told)
    try:
        yield
    finally:
        net.callbacks_.remove(told)
    fit.call_on_fit_task_end(estimator=estimator, X=X, y=y, reconstruction_attributes=learned())
