"""The training loop, and the forward pass over all samples."""

from __future__ import annotations

import warnings

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from ibestimators.structures import Samples
from ibestimators.training._batches import LabelledSamples, length_bucketed_batches
from ibestimators.training._callbacks import Stop, WarmUpAndDecay
from ibestimators.training._net import Callback, EarlyStopping, TrainingNet

# The name that torch 2.4 has too.
OutOfMemory = torch.cuda.OutOfMemoryError


def train(
    net: TrainingNet, training: LabelledSamples, validation: LabelledSamples | None, epochs: int
) -> None:
    """Train for some epochs, or until an `EarlyStopping` callback has seen enough.

    `EarlyStopping` ends training by a `KeyboardInterrupt`, and skorch's `partial_fit` takes
    every such exception for the end of training. Here the user's Ctrl-C reaches the caller. A
    batch that does not fit into the memory of a GPU is halved, with a warning.
    """
    data = (training, validation)
    net.notify("on_train_begin", X=data, y=None)
    before = len(net.history)
    try:
        while (left := epochs - (len(net.history) - before)) > 0:
            _epochs(net, data, left)
    except (KeyboardInterrupt, Stop) as error:
        if not stopped_by_callback(net, error):
            raise
    net.notify("on_train_end", X=data, y=None)


def stopped_by_callback(net: TrainingNet, error: BaseException) -> bool:
    """Whether a callback ended training and not the user's Ctrl-C."""
    return isinstance(error, Stop) or any(_has_stopped(callback) for _, callback in net.callbacks_)


def _has_stopped(callback: Callback) -> bool:
    return isinstance(callback, EarlyStopping) and callback.misses_ >= callback.patience


def _epochs(
    net: TrainingNet, data: tuple[LabelledSamples, LabelledSamples | None], epochs: int
) -> None:
    """Train for some epochs; stop earlier, with the batch size halved, if the memory is full."""
    try:
        net.fit_loop(data, epochs=epochs)
        return
    except OutOfMemory:
        if min(net.batch_size, len(data[0])) == 1:
            raise
    # Outside the handler, the error no longer refers to the tensors that filled the memory.
    net.batch_size = min(net.batch_size, len(data[0])) // 2
    del net.history[-1]
    for _, callback in net.callbacks_:
        if isinstance(callback, WarmUpAndDecay):
            callback.seen_ -= callback.seen_ % len(data[0])
    for weight in net.module_.parameters():
        weight.grad = None
    what = f"epoch {len(net.history) + 1} begins again with batches"
    _warn_of_halved_batches(net, what, net.batch_size)


def _warn_of_halved_batches(net: TrainingNet, what: str, size: int) -> None:
    if str(net.device).startswith("cuda"):
        torch.cuda.empty_cache()
    warnings.warn(
        f"The memory of {net.device!r} was full: {what} of {size} samples. Give batch_size={size} "
        "or less from the start, or make the network smaller.",
        RuntimeWarning,
        stacklevel=2,
    )


@torch.inference_mode()
def forward(
    net: TrainingNet,
    samples: Samples,
    batch_size: int,
    padded_sizes: torch.Tensor | None = None,
    max_size: float | None = None,
) -> torch.Tensor:
    """Outputs of the network for all samples, on the CPU.

    Samples of different sizes come in batches of similar sizes, of `max_size` at most. Batches
    that do not fit into memory are halved, with a warning.
    """
    net.module_.eval()
    while True:
        try:
            return _forward(net, samples, batch_size, padded_sizes, max_size)
        except OutOfMemory:
            if batch_size == 1:
                raise
        batch_size = min(batch_size, len(samples)) // 2 or 1
        max_size = None if max_size is None else max_size / 2
        _warn_of_halved_batches(net, "predictions are made in batches", batch_size)


def _forward(
    net: TrainingNet,
    samples: Samples,
    batch_size: int,
    padded_sizes: torch.Tensor | None,
    max_size: float | None,
) -> torch.Tensor:
    if padded_sizes is None:
        starts = range(0, len(samples), batch_size)
        batches = (samples.batch(slice(start, start + batch_size)) for start in starts)
        return torch.cat([net.infer(batch).cpu() for batch in batches])
    indices = list(length_bucketed_batches(padded_sizes, batch_size, max_size=max_size))
    outputs = torch.cat([net.infer(samples.batch(index)).cpu() for index in indices])
    return torch.empty_like(outputs).index_copy_(0, torch.cat(indices), outputs)


def multiply_adds(net: TrainingNet, samples: Samples) -> int:
    """Multiply-adds of the network, the mean over samples."""
    net.module_.eval()
    # The counter knows attention only as matrix products.
    with (
        FlopCounterMode(display=False) as counter,
        sdpa_kernel(SDPBackend.MATH),
        torch.no_grad(),
    ):
        for i in range(len(samples)):
            net.infer(samples.batch(slice(i, i + 1)))
    return round(counter.get_total_flops() / 2 / len(samples))
