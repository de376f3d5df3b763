"""scikit-learn's own callbacks, from its version 1.9 on: each epoch is a task of the fit.

``estimator.set_callbacks(ProgressBar())`` shows a bar; set on a `GridSearchCV`, the bars of all
its fits. With an older scikit-learn there is no ``set_callbacks``, and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from skorch.callbacks import Callback

from ibestimators.training import Stop

__all__ = ["CallbackSupportMixin", "Epochs", "fitted_attributes", "with_callbacks"]

T = TypeVar("T")

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""

    def with_callbacks(method: Callable[..., T]) -> Callable[..., T]:
        return method


class Epochs(Callback):  # type: ignore[misc]
    """Tells scikit-learn's callbacks of each epoch, and ends training if one says so.

    Parameters
    ----------
    estimator : Estimator
        What is being fitted.
    fit : sklearn.callback.CallbackContext
        The task that the epochs are parts of.
    """

    def __init__(self, estimator: Any, fit: Any) -> None:
        self.estimator = estimator
        self.fit = fit

    def on_epoch_begin(self, net: Any, **_: Any) -> None:
        self.epoch_ = self.fit.subcontext(task_name="epoch")
        self.epoch_.call_on_fit_task_begin(estimator=self.estimator)

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        if self.epoch_.call_on_fit_task_end(
            estimator=self.estimator, reconstruction_attributes=fitted_attributes(self.estimator)
        ):
            raise Stop


def fitted_attributes(estimator: Any) -> dict[str, Any]:
    """What an estimator knows beyond its parameters: enough to predict with."""
    return {
        name: value
        for name, value in vars(estimator).items()
        if name not in estimator.get_params(deep=False)
    }
