"""scikit-learn's own callbacks, from its version 1.9 on: each epoch is a task of the fit.

``estimator.set_callbacks(ProgressBar())`` shows a progress bar; set on a `GridSearchCV`, it
shows those of all fits. An older scikit-learn has no ``set_callbacks``, and nothing else differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ibestimators.base._fitted import Fitted
from ibestimators.training import EpochTasks

__all__ = ["CallbackSupportMixin", "notify_callbacks", "with_callbacks"]

T = TypeVar("T")

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in for scikit-learn's class."""

    def with_callbacks(method: Callable[..., T]) -> Callable[..., T]:
        return method


@contextmanager
def notify_callbacks(estimator: Any, fitted: Fitted, X: Any, y: Any) -> Iterator[None]:
    """Notify the callbacks of `set_callbacks` of the training inside."""
    fit = vars(estimator).get("_callback_fit_ctx")
    if fit is None:
        yield
        return

    def learned() -> dict[str, Any]:
        return {"_fitted": fitted, **fitted.attributes()}

    callback = ("scikit_learn", EpochTasks(estimator, fit, learned, X=X, y=y))
    fit.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    fitted.net.callbacks_.append(callback)
    try:
        yield
    finally:
        fitted.net.callbacks_.remove(callback)
    fit.call_on_fit_task_end(estimator=estimator, X=X, y=y, reconstruction_attributes=learned())
