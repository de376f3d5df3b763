"""Callbacks of the training net: schedule, early stopping, divergence, progress."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from ibestimators.training._batches import LabelledSamples
from ibestimators.training._net import TrainingNet
from ibestimators.training._skorch import Callback, EarlyStopping, LRScheduler, NeuralNet


class Stop(Exception):  # noqa: N818 (not an error)
    """Raised by a callback to stop training and keep the weights."""


class WarmUpAndDecay(Callback):  # type: ignore[misc]
    """Learning rate of each batch: linear rise over a tenth of the batches, cosine decay to 0.

    (skorch's `LRScheduler` counts from the start of the history, which is wrong after a warm
    start.)
    """

    def __init__(self, n_steps: int, n_samples: int) -> None:
        self.n_steps = n_steps
        self.n_samples = n_samples

    def on_train_begin(self, net: NeuralNet, **_: Any) -> None:
        self.n_seen_ = 0

    def on_epoch_begin(self, net: NeuralNet, **_: Any) -> None:
        self.n_before_ = self.n_seen_

    def restart_epoch(self) -> None:
        """Forget what was seen since the epoch began."""
        self.n_seen_ = self.n_before_

    def on_batch_begin(
        self, net: NeuralNet, batch: Any = None, training: bool = False, **_: Any
    ) -> None:
        if training:
            # Counts samples, since samples of different sizes may need more batches than planned.
            step = self.n_seen_ / self.n_samples * self.n_steps
            for group in net.optimizer_.param_groups:
                group["lr"] = net.lr * self.factor(step)

    def on_batch_end(
        self, net: NeuralNet, batch: Any = None, training: bool = False, **_: Any
    ) -> None:
        if training:
            self.n_seen_ += len(batch[1][0])

    def factor(self, step: float) -> float:
        warm_up = max(1, self.n_steps // 10)
        if step < warm_up:
            return min(1.0, (step + 1) / warm_up)
        return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (self.n_steps - warm_up)))


def any_scheduler(callbacks: Sequence[Any]) -> bool:
    """Whether one of the callbacks, or of (name, callback) pairs, sets the learning rate."""
    bare = [c[1] if isinstance(c, tuple) else c for c in callbacks]
    return any(isinstance(callback, LRScheduler) for callback in bare)


def early_stopping(patience: int, tol: float, others: Sequence[Any]) -> EarlyStopping:
    """Stop on the validation loss and restore the best weights, unless another callback does."""
    bare = [c[1] if isinstance(c, tuple) else c for c in others]
    return EarlyStopping(
        "valid_loss",
        patience=patience,
        threshold=tol,
        threshold_mode="abs",
        load_best=not any(getattr(callback, "load_best", False) for callback in bare),
        sink=_silent,
    )


def _silent(*_: Any) -> None:
    """A sink for messages (skorch's own `noop` returns its arguments)."""


class GradientClipping(Callback):  # type: ignore[misc]
    """Scales the gradient of each step down to a maximum norm (Pascanu et al. 2013)."""

    def __init__(self, max_norm: float) -> None:
        self.max_norm = max_norm

    def on_grad_computed(self, net: NeuralNet, **_: Any) -> None:
        weights = [w for group in net.optimizer_.param_groups for w in group["params"]]
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        norm = float(torch.cat([gradient.flatten() for gradient in gradients]).norm())
        if norm > self.max_norm:
            torch._foreach_mul_(gradients, self.max_norm / norm)


class LastGoodWeights(Callback):  # type: ignore[misc]
    """Stops training when the loss or a weight is infinite or NaN, and restores the last epoch.

    After the last epoch, it also restores the previous one if the outputs are not finite.

    Attributes
    ----------
    diverged_ : bool
        Whether the last training diverged in this way.
    """

    def on_train_begin(self, net: NeuralNet, **_: Any) -> None:
        self.diverged_ = False
        self.good_ = [value.detach().clone() for value in _values(net.module_)]

    def on_epoch_begin(self, net: NeuralNet, **_: Any) -> None:
        torch._foreach_copy_(self.good_, _values(net.module_))

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        size = torch.stack(torch._foreach_norm(_values(net.module_), math.inf)).max()
        if not (math.isfinite(net.history[-1, "train_loss"]) and bool(size.isfinite())):
            self._restore(net)
            raise Stop

    def on_train_end(self, net: NeuralNet, X: Any, **_: Any) -> None:
        if not (self.diverged_ or _outputs_are_finite(net, X[0])):
            self._restore(net)
        self.good_ = []

    def _restore(self, net: NeuralNet) -> None:
        torch._foreach_copy_(_values(net.module_), self.good_)
        net.initialize_optimizer()  # its momentum is infinite too
        self.diverged_ = True


@torch.inference_mode()
def _outputs_are_finite(net: NeuralNet, data: LabelledSamples) -> bool:
    """Whether the outputs of the first batch are finite."""
    net.module_.eval()
    x, _ = next(iter(net.get_iterator(data)))
    return bool(net.infer(x).isfinite().all())


def _values(module: nn.Module) -> list[torch.Tensor]:
    """All weights and the moments of normalisation layers."""
    values = [*module.parameters(), *module.buffers()]
    return [value.detach() for value in values if value.is_floating_point() and value.numel()]


def diverged(net: TrainingNet) -> bool:
    """Whether the last training stopped because of infinite numbers or NaN."""
    return any(isinstance(c, LastGoodWeights) and c.diverged_ for _, c in net.callbacks_)


class EpochTasks(Callback):  # type: ignore[misc]
    """Reports each epoch to scikit-learn's callbacks, and stops training if one requests it.

    Parameters
    ----------
    estimator : Estimator
        The estimator that is being fitted.
    fit : sklearn.callback.CallbackContext
        The task of the whole fit.
    learned : callable
        Returns the fitted attributes of the estimator.
    **data
        X and y, as passed to `fit`.
    """

    def __init__(
        self, estimator: Any, fit: Any, learned: Callable[[], dict[str, Any]], **data: Any
    ) -> None:
        self.estimator = estimator
        self.data = data
        self.fit = fit
        self.learned = learned

    def on_epoch_begin(self, net: NeuralNet, **_: Any) -> None:
        self.epoch_ = self.fit.subcontext(task_name="epoch")
        self.epoch_.call_on_fit_task_begin(estimator=self.estimator)

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        if self.epoch_.call_on_fit_task_end(
            estimator=self.estimator, reconstruction_attributes=self.learned(), **self.data
        ):
            raise Stop
