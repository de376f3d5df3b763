"""The training loop: the one file that knows skorch.

`TrainingNet` is a private `skorch.NeuralNet` with the library's loop, history
and callbacks, and these differences: batches are cut from whole tensors by
index, the loss takes sample weights, and an interrupt by the user stops the
program instead of passing for a finished fit.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, Protocol, Self

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping, GradientNormClipping, LRScheduler
from torch import nn

from ibestimators.dense import weighing

Index = slice | torch.Tensor

# Modules draw their first weights, and dropout its masks, from torch's global
# generator. It is borrowed, never changed; threads take turns with it.
_global_generator = threading.RLock()


class Samples(Protocol):
    """What can be trained on: see `ibestimators.structures`."""

    def __len__(self) -> int: ...

    def batch(self, index: Index) -> dict[str, torch.Tensor]: ...


class LabelledSamples:
    """Samples with their targets and, if any differ, their weights."""

    def __init__(
        self, samples: Samples, target: torch.Tensor, weight: torch.Tensor | None = None
    ) -> None:
        self.samples = samples
        self.target = target
        self.weight = weight

    def __len__(self) -> int:
        return len(self.samples)


class Batches:
    """Batches cut by index, shuffled anew in each epoch if given a generator."""

    def __init__(
        self, data: LabelledSamples, batch_size: int, generator: torch.Generator | None
    ) -> None:
        self.data = data
        self.batch_size = batch_size
        self.generator = generator

    def __iter__(self) -> Iterator[tuple[dict[str, torch.Tensor], tuple[Any, Any]]]:
        data, n = self.data, len(self.data)
        # One batch of everything has no order to shuffle.
        shuffle = self.generator is not None and self.batch_size < n
        order = torch.randperm(n, generator=self.generator) if shuffle else None
        # Sizes differ by one at most: a last batch of few samples would be noise.
        bounds = [round(n * i / len(self)) for i in range(len(self) + 1)]
        for start, stop in pairwise(bounds):
            index: Index = slice(start, stop) if order is None else order[start:stop]
            weight = None if data.weight is None else data.weight[index]
            yield data.samples.batch(index), (data.target[index], weight)

    def __len__(self) -> int:
        return math.ceil(len(self.data) / self.batch_size)


class TrainingNet(NeuralNet):  # type: ignore[misc]
    """`skorch.NeuralNet` on `LabelledSamples`.

    Parameters
    ----------
    module : torch.nn.Module
        The network, already initialised; its `forward` takes a batch's entries
        by keyword.
    generator : torch.Generator
        Shuffles the batches.
    weight_decay : float
        For the weights of layers.
    **kwargs
        As for `skorch.NeuralNet`; `criterion` is a class whose instances map
        prediction and target to one loss a sample.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        generator: torch.Generator,
        weight_decay: float,
        **kwargs: Any,
    ) -> None:
        self.generator = generator
        self.weight_decay = weight_decay
        super().__init__(module, train_split=None, **kwargs)

    def get_split_datasets(
        self, X: tuple[LabelledSamples, LabelledSamples | None], y: None = None, **_: Any
    ) -> tuple[LabelledSamples, LabelledSamples | None]:
        return X

    def get_iterator(self, dataset: LabelledSamples, training: bool = False) -> Batches:
        return Batches(dataset, self.batch_size, self.generator if training else None)

    def initialize_optimizer(self, *_: Any) -> Self:
        """AdamW that decays the weights of layers, but no bias, normalisation or embedding."""
        decayed: list[nn.Parameter] = []
        others: list[nn.Parameter] = []
        for module in self.module_.modules():
            for weight in module.parameters(recurse=False):
                is_layer = weight.ndim > 1 and not isinstance(module, nn.Embedding)
                (decayed if is_layer else others).append(weight)
        groups: list[dict[str, Any]] = [
            {"params": decayed},
            {"params": others, "weight_decay": 0.0},
        ]
        self.optimizer_ = torch.optim.AdamW(groups, self.lr, weight_decay=self.weight_decay)
        return self

    def go_on(self, lr: float, weight_decay: float, batch_size: int, verbose: int) -> None:
        """Take new settings, keeping weights, momentum and history."""
        self.lr, self.weight_decay = lr, weight_decay
        self.batch_size, self.verbose = batch_size, verbose
        for group, decay in zip(self.optimizer_.param_groups, (weight_decay, 0.0), strict=True):
            group["lr"], group["weight_decay"] = lr, decay

    def infer(self, x: dict[str, torch.Tensor], **_: Any) -> torch.Tensor:
        return self.module_(**{name: value.to(self.device) for name, value in x.items()})

    def get_loss(
        self, y_pred: torch.Tensor, y_true: tuple[Any, Any], X: Any = None, training: bool = False
    ) -> torch.Tensor:
        """Mean loss over the batch, weights having mean one over the training set."""
        target, weight = y_true
        loss = self.criterion_(y_pred, target.to(self.device))
        return loss.mean() if weight is None else (weight.to(self.device) * loss).mean()

    def train_step_single(self, batch: Any, **fit_params: Any) -> dict[str, torch.Tensor]:
        """As in skorch, with the samples' weights in batch normalisation too."""
        weight = batch[1][1]
        with weighing(self.module_, None if weight is None else weight.to(self.device)):
            return super().train_step_single(batch, **fit_params)

    def run_single_epoch(
        self,
        iterator: Batches | None,
        training: bool,
        prefix: str,
        step_fn: Callable[..., dict[str, torch.Tensor]],
        **fit_params: Any,
    ) -> None:
        """As in skorch, but the number of samples comes from the targets."""
        if iterator is None:
            return
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            self.history.record_batch(f"{prefix}_loss", step["loss"].item())
            self.history.record_batch(f"{prefix}_batch_size", len(batch[1][0]))
            self.notify("on_batch_end", batch=batch, training=training, **step)
        self.history.record(f"{prefix}_batch_count", len(iterator))


def train(
    net: TrainingNet, training: LabelledSamples, validation: LabelledSamples | None, epochs: int
) -> None:
    """Train for some epochs, or until an `EarlyStopping` callback has seen enough.

    skorch's `partial_fit` takes every `KeyboardInterrupt` for the end of
    training, since `EarlyStopping` ends it by raising one. Here only that one
    does; the user's Ctrl-C goes on to the caller.
    """
    data = (training, validation)
    net.notify("on_train_begin", X=data, y=None)
    try:
        net.fit_loop(data, epochs=epochs)
    except KeyboardInterrupt:
        if not any(_has_stopped(callback) for _, callback in net.callbacks_):
            raise
    net.notify("on_train_end", X=data, y=None)


def _has_stopped(callback: Callback) -> bool:
    return isinstance(callback, EarlyStopping) and callback.misses_ >= callback.patience


@torch.inference_mode()
def forward(net: TrainingNet, samples: Samples, batch_size: int) -> torch.Tensor:
    """Outputs of the network for all samples, on the CPU."""
    net.module_.eval()
    outputs = [
        net.infer(samples.batch(slice(start, start + batch_size))).cpu()
        for start in range(0, len(samples), batch_size)
    ]
    return torch.cat(outputs)


def any_scheduler(callbacks: Sequence[Any]) -> bool:
    """Whether one of the callbacks, or of (name, callback) pairs, sets the learning rate."""
    bare = [c[1] if isinstance(c, tuple) else c for c in callbacks]
    return any(isinstance(callback, LRScheduler) for callback in bare)


def early_stopping(patience: int, tol: float) -> EarlyStopping:
    """Stop on the validation loss and go back to the best weights."""
    return EarlyStopping(
        "valid_loss", patience=patience, threshold=tol, threshold_mode="abs",
        load_best=True, sink=_silent,
    )  # fmt: skip


def gradient_clipping(norm: float) -> GradientNormClipping:
    """Scale the gradient of each step down to a norm (Pascanu et al. 2013)."""
    return GradientNormClipping(norm)


class WarmUpAndDecay(Callback):  # type: ignore[misc]
    """Learning rate of each batch: linear rise over a tenth of them, cosine decay to 0.

    (skorch's `LRScheduler` counts from the start of the history, which a warm
    start has behind it.)
    """

    def __init__(self, n_steps: int) -> None:
        self.n_steps = n_steps

    def on_train_begin(self, net: NeuralNet, **_: Any) -> None:
        self.step_ = 0

    def on_batch_begin(self, net: NeuralNet, training: bool = False, **_: Any) -> None:
        if training:
            for group in net.optimizer_.param_groups:
                group["lr"] = net.lr * self.factor(self.step_)
            self.step_ += 1

    def factor(self, step: int) -> float:
        warm_up = max(1, self.n_steps // 10)
        if step < warm_up:
            return (step + 1) / warm_up
        return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (self.n_steps - warm_up)))


def _silent(*_: Any) -> None:
    """A sink for messages (skorch's own `noop` returns its arguments)."""


@contextmanager
def seeded(seed: int, device: str, exclusive: bool = True) -> Iterator[None]:
    """Let torch's global generators start from a seed inside, and restore them after.

    With `exclusive` false nothing inside draws random numbers, and threads need
    not wait for each other.
    """
    if not exclusive:
        yield
        return
    cuda = [torch.device(device)] if device.startswith("cuda") else []
    with _global_generator, torch.random.fork_rng(devices=cuda):
        torch.manual_seed(seed)
        yield


@contextmanager
def intra_op_threads(n_threads: int | None) -> Iterator[None]:
    """Use some number of threads within an operation, None as is, and restore it after."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def build_net(
    module: nn.Module,
    criterion: type[nn.Module],
    *,
    lr: float,
    weight_decay: float,
    batch_size: int,
    callbacks: Sequence[Any],
    device: str,
    seed: int,
    verbose: int,
) -> TrainingNet:
    """A net with AdamW (Loshchilov & Hutter 2019), ready to `train`."""
    net = TrainingNet(
        module,
        generator=torch.Generator().manual_seed(seed),
        criterion=criterion,
        weight_decay=weight_decay,
        lr=lr,
        batch_size=batch_size,
        callbacks=list(callbacks),
        device=device,
        verbose=verbose,
    )
    return net.initialize()


def curve(net: TrainingNet, name: str) -> list[float]:
    """One number an epoch from the history; empty if it was never recorded."""
    return [float(row[name]) for row in net.history if name in row]
