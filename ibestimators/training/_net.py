"""The training loop: the one file that knows skorch.

`TrainingNet` is a private `skorch.NeuralNet` with the library's loop, history
and callbacks, and these differences: batches are cut from whole tensors by
index, a step costs little more than its arithmetic, the loss takes sample
weights, and an interrupt by the user stops the program instead of passing for a
finished fit.
"""

from __future__ import annotations

import copy
import math
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, Protocol, Self

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping, GradientNormClipping, LRScheduler
from skorch.utils import TeeGenerator
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from ibestimators.layers import BatchNorm, weighing
from ibestimators.structures import Index

# By this name in torch 2.4 too.
OutOfMemory = torch.cuda.OutOfMemoryError

# Modules draw their first weights, and dropout its masks, from torch's global
# generator. It is borrowed, never changed; threads take turns with it.
_global_generator = threading.RLock()


class Samples(Protocol):
    """What can be trained on: see `ibestimators.structures`."""

    sizes: torch.Tensor | None

    def __len__(self) -> int: ...

    def batch(self, index: Index) -> dict[str, torch.Tensor]: ...


class LabelledSamples:
    """Samples with their targets and, if any differ, their weights.

    ``costs`` are set if samples differ in size and are padded to the longest of a batch.
    """

    def __init__(
        self, samples: Samples, target: torch.Tensor, weight: torch.Tensor | None = None
    ) -> None:
        self.samples = samples
        self.target = target
        self.weight = weight
        self.costs: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.samples)


class Batches:
    """Batches cut by index, shuffled anew in each epoch if given a generator."""

    def __init__(
        self,
        data: LabelledSamples,
        batch_size: int,
        generator: torch.Generator | None,
        blur: float = 1.5,
    ) -> None:
        self.data = data
        self.batch_size = batch_size
        self.generator = generator
        self.blur = blur

    def __iter__(self) -> Iterator[tuple[dict[str, torch.Tensor], tuple[Any, Any]]]:
        data = self.data
        for index in self.indices():
            weight = None if data.weight is None else data.weight[index]
            yield data.samples.batch(index), (data.target[index], weight)

    def indices(self) -> Iterator[Index]:
        data, n = self.data, len(self.data)
        if data.costs is not None:
            yield from alike(data.costs, self.batch_size, self.generator, blur=self.blur)
            return
        # One batch of everything has no order to shuffle.
        shuffle = self.generator is not None and self.batch_size < n
        order = torch.randperm(n, generator=self.generator) if shuffle else None
        for start, stop in even_cuts(n, self.batch_size):
            yield slice(start, stop) if order is None else order[start:stop]


def even_cuts(n: int, batch_size: int) -> Iterator[tuple[int, int]]:
    """Bounds of batches whose sizes differ by one at most: a last one of few would be noise."""
    n_batches = math.ceil(n / batch_size)
    return pairwise(round(n * i / n_batches) for i in range(n_batches + 1))


def alike(
    costs: torch.Tensor,
    batch_size: int,
    generator: torch.Generator | None = None,
    most: float | None = None,
    blur: float = 1.5,
) -> Iterator[torch.Tensor]:
    """Batches of samples alike in size, so that little is padded.

    Given a generator, sizes are blurred, so that the company changes from epoch to epoch,
    and the batches come in any order.

    Parameters
    ----------
    costs : torch.Tensor of shape (n_samples,)
        Size of each sample.
    batch_size : int
    generator : torch.Generator or None
    most : float or None
        Batches that padded to their largest sample would be larger are cut in two; None
        takes four times the size of a mean batch.
    blur : float
        Factor that a size is taken for larger by, at most; inf makes random batches.
    """
    if most is None:
        most = 4 * batch_size * float(costs.double().mean())
    key = costs.double().log()
    if generator is not None:
        noise = torch.rand(len(costs), generator=generator, dtype=torch.float64)
        key = noise if math.isinf(blur) else key + math.log(blur) * noise
    order = key.argsort(stable=True)
    batches = [
        part
        for start, stop in even_cuts(len(costs), batch_size)
        for part in _within(order[start:stop], costs, most)
    ]
    if generator is None:
        return iter(batches)
    places = torch.randperm(len(batches), generator=generator)
    return (batches[int(place)] for place in places)


def _within(index: torch.Tensor, costs: torch.Tensor, most: float) -> list[torch.Tensor]:
    """An index cut in two, and again, until what is padded fits."""
    if len(index) == 1 or len(index) * int(costs[index].max()) <= most:
        return [index]
    index = index[costs[index].argsort(stable=True)]
    half = len(index) // 2
    return [*_within(index[:half], costs, most), *_within(index[half:], costs, most)]


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
        if not training:
            return Batches(dataset, self.batch_size, None)
        # A batch of samples of one length may be a batch of one target, and its moments
        # would take the signal away.
        by_batch = any(isinstance(module, BatchNorm) for module in self.module_.modules())
        return Batches(dataset, self.batch_size, self.generator, math.inf if by_batch else 1.5)

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
        self.optimizer_ = torch.optim.AdamW(
            groups, self.lr, weight_decay=self.weight_decay, fused=_can_fuse(self.device)
        )
        return self

    def notify(self, method_name: str, **kwargs: Any) -> None:
        """As in skorch, without the calls of methods that do nothing."""
        getattr(self, method_name)(self, **kwargs)
        for _, callback in self.callbacks_:
            if getattr(type(callback), method_name, None) is not getattr(Callback, method_name):
                getattr(callback, method_name)(self, **kwargs)

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

    def train_step(self, batch: Any, **_: Any) -> dict[str, torch.Tensor]:
        """A step of the optimiser, with the samples' weights in batch normalisation too.

        (skorch hands the optimiser a closure, as only others than AdamW need.)
        """
        if not self.module_.training:
            self.module_.train()
        x, y = batch
        for group in self.optimizer_.param_groups:
            for weight in group["params"]:
                weight.grad = None
        with weighing(self.module_, None if y[1] is None else y[1].to(self.device)):
            predicted = self.infer(x)
            loss = self.get_loss(predicted, y)
            loss.backward()  # type: ignore[no-untyped-call]
        parameters = TeeGenerator(self.get_all_learnable_params())
        self.notify("on_grad_computed", named_parameters=parameters, batch=batch, training=True)
        self.optimizer_.step()
        return {"loss": loss, "y_pred": predicted}

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
        n_batches = 0  # not known before: see `alike`
        for batch in iterator:
            n_batches += 1
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            self.history.record_batch(f"{prefix}_loss", step["loss"].item())
            self.history.record_batch(f"{prefix}_batch_size", len(batch[1][0]))
            self.notify("on_batch_end", batch=batch, training=training, **step)
        self.history.record(f"{prefix}_batch_count", n_batches)


def _can_fuse(device: str) -> bool:
    """Whether one kernel can do a whole step of the optimiser there."""
    return device.startswith(("cpu", "cuda"))


def memory(net: TrainingNet) -> Callable[[], None]:
    """A function that takes a net back to where it is now."""
    weights = copy.deepcopy(net.module_.state_dict())
    optimizer = copy.deepcopy(net.optimizer_.state_dict())
    order, n_epochs = net.generator.get_state(), len(net.history)
    settings = net.lr, net.weight_decay, net.batch_size, net.verbose

    def go_back() -> None:
        net.module_.load_state_dict(weights)
        net.go_on(*settings)
        net.optimizer_.load_state_dict(optimizer)
        net.generator.set_state(order)
        del net.history[n_epochs:]

    return go_back


def train(
    net: TrainingNet, training: LabelledSamples, validation: LabelledSamples | None, epochs: int
) -> None:
    """Train for some epochs, or until an `EarlyStopping` callback has seen enough.

    skorch's `partial_fit` takes every `KeyboardInterrupt` for the end of
    training, since `EarlyStopping` ends it by raising one. Here only that one
    does; the user's Ctrl-C goes on to the caller. A batch that does not fit into
    the memory of a GPU is halved, with a warning.
    """
    data = (training, validation)
    net.notify("on_train_begin", X=data, y=None)
    before = len(net.history)
    try:
        while (left := epochs - (len(net.history) - before)) > 0:
            _epochs(net, data, left)
    except (KeyboardInterrupt, Stop) as error:
        if not asked_to_stop(net, error):
            raise
    net.notify("on_train_end", X=data, y=None)


class Stop(Exception):  # noqa: N818 (no error)
    """Raised by a callback: training ends here, and what was learned is kept."""


def asked_to_stop(net: TrainingNet, error: BaseException) -> bool:
    """Whether a callback ended training, and not the user's Ctrl-C."""
    return isinstance(error, Stop) or any(_has_stopped(callback) for _, callback in net.callbacks_)


def _has_stopped(callback: Callback) -> bool:
    return isinstance(callback, EarlyStopping) and callback.misses_ >= callback.patience


def _epochs(
    net: TrainingNet, data: tuple[LabelledSamples, LabelledSamples | None], epochs: int
) -> None:
    """Some epochs; fewer, and smaller batches from then on, if one does not fit into memory."""
    try:
        net.fit_loop(data, epochs=epochs)
        return
    except OutOfMemory:
        if min(net.batch_size, len(data[0])) == 1:
            raise
    # Out here the error, which holds on to what filled the memory, is gone.
    net.batch_size = min(net.batch_size, len(data[0])) // 2
    del net.history[-1]
    for _, callback in net.callbacks_:
        if isinstance(callback, WarmUpAndDecay):
            callback.seen_ -= callback.seen_ % len(data[0])
    for weight in net.module_.parameters():
        weight.grad = None
    _say_halved(net, f"epoch {len(net.history) + 1} begins again with batches", net.batch_size)


def _say_halved(net: TrainingNet, what: str, size: int) -> None:
    if str(net.device).startswith("cuda"):
        torch.cuda.empty_cache()
    warnings.warn(
        f"The memory of {net.device!r} was full: {what} of {size} samples. Give batch_size={size} "
        "or less from the start, or make the network smaller.",
        RuntimeWarning,
        stacklevel=2,
    )


class Epochs(Callback):  # type: ignore[misc]
    """Tells callbacks of scikit-learn of each epoch, and ends training if one says so.

    Parameters
    ----------
    estimator : Estimator
        What is being fitted.
    fit : sklearn.callback.CallbackContext
        The task that the epochs are parts of.
    learned : callable
        Gives what the estimator knows beyond its parameters.
    **data
        X and y, as given to `fit`.
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


class LastGoodWeights(Callback):  # type: ignore[misc]
    """Ends training once the loss or a weight is infinite or no number, and goes one epoch back.

    So it does at the end, if the last weights, which no loss has met, give such outputs.

    Attributes
    ----------
    diverged_ : bool
        Whether that happened in the last training.
    """

    def on_train_begin(self, net: NeuralNet, **_: Any) -> None:
        self.diverged_ = False
        self.good_ = [value.detach().clone() for value in _values(net.module_)]

    def on_epoch_begin(self, net: NeuralNet, **_: Any) -> None:
        torch._foreach_copy_(self.good_, _values(net.module_))

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        size = torch.stack(torch._foreach_norm(_values(net.module_), math.inf)).max()
        if not (math.isfinite(net.history[-1, "train_loss"]) and bool(size.isfinite())):
            self._go_back(net)
            raise Stop

    def on_train_end(self, net: NeuralNet, X: Any, **_: Any) -> None:
        if not (self.diverged_ or _outputs_are_finite(net, X[0])):
            self._go_back(net)
        self.good_ = []

    def _go_back(self, net: NeuralNet) -> None:
        torch._foreach_copy_(_values(net.module_), self.good_)
        net.initialize_optimizer()  # its momentum has gone the same way
        self.diverged_ = True


@torch.inference_mode()
def _outputs_are_finite(net: NeuralNet, data: LabelledSamples) -> bool:
    """Whether they are for a first batch."""
    net.module_.eval()
    x, _ = next(iter(net.get_iterator(data)))
    return bool(net.infer(x).isfinite().all())


def _values(module: nn.Module) -> list[torch.Tensor]:
    """All weights, and the moments that layers keep."""
    values = [*module.parameters(), *module.buffers()]
    return [value.detach() for value in values if value.is_floating_point() and value.numel()]


def diverged(net: TrainingNet) -> bool:
    """Whether the last training ended because numbers left the finite."""
    return any(isinstance(c, LastGoodWeights) and c.diverged_ for _, c in net.callbacks_)


@torch.inference_mode()
def forward(
    net: TrainingNet,
    samples: Samples,
    batch_size: int,
    costs: torch.Tensor | None = None,
    most: float | None = None,
) -> torch.Tensor:
    """Outputs of the network for all samples, on the CPU.

    Samples of different sizes are taken in batches that are alike, of no more than `most`.
    Batches that do not fit into memory are halved, with a warning.
    """
    net.module_.eval()
    while True:
        try:
            return _forward(net, samples, batch_size, costs, most)
        except OutOfMemory:
            if batch_size == 1:
                raise
        batch_size = min(batch_size, len(samples)) // 2 or 1
        most = None if most is None else most / 2
        _say_halved(net, "predictions are made in batches", batch_size)


def _forward(
    net: TrainingNet,
    samples: Samples,
    batch_size: int,
    costs: torch.Tensor | None,
    most: float | None,
) -> torch.Tensor:
    if costs is None:
        return torch.cat([
            net.infer(samples.batch(slice(start, start + batch_size))).cpu()
            for start in range(0, len(samples), batch_size)
        ])  # fmt: skip
    indices = list(alike(costs, batch_size, most=most))
    outputs = torch.cat([net.infer(samples.batch(index)).cpu() for index in indices])
    return torch.empty_like(outputs).index_copy_(0, torch.cat(indices), outputs)


def multiply_adds(net: TrainingNet, samples: Samples) -> int:
    """Multiply-adds of the network, the mean over samples."""
    net.module_.eval()
    # The one way of computing attention that is counted: by matrix products.
    with (
        FlopCounterMode(display=False) as counter,
        sdpa_kernel(SDPBackend.MATH),
        torch.no_grad(),
    ):
        for i in range(len(samples)):
            net.infer(samples.batch(slice(i, i + 1)))
    return round(counter.get_total_flops() / 2 / len(samples))


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

    def __init__(self, n_steps: int, n_samples: int) -> None:
        self.n_steps = n_steps
        self.n_samples = n_samples

    def on_train_begin(self, net: NeuralNet, **_: Any) -> None:
        self.seen_ = 0

    def on_batch_begin(
        self, net: NeuralNet, batch: Any = None, training: bool = False, **_: Any
    ) -> None:
        if training:
            # By samples: those of different sizes may come in more batches than planned.
            step = self.seen_ / self.n_samples * self.n_steps
            for group in net.optimizer_.param_groups:
                group["lr"] = net.lr * self.factor(step)
            self.seen_ += len(batch[1][0])

    def factor(self, step: float) -> float:
        warm_up = max(1, self.n_steps // 10)
        if step < warm_up:
            return min(1.0, (step + 1) / warm_up)
        return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (self.n_steps - warm_up)))


def _silent(*_: Any) -> None:
    """A sink for messages (skorch's own `noop` returns its arguments)."""


def schedule(net: TrainingNet) -> WarmUpAndDecay:
    """The schedule of a net that has one."""
    return next(c for _, c in net.callbacks_ if isinstance(c, WarmUpAndDecay))


def clip_norm(net: TrainingNet) -> float | None:
    """Highest norm of a gradient, if there is one."""
    norms = (
        c.gradient_clip_value for _, c in net.callbacks_ if isinstance(c, GradientNormClipping)
    )
    return next(norms, None)


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
