"""The training loop, and the forward pass over all samples."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import torch

from ibestimators.structures import Index, Samples, row_numbers
from ibestimators.training._batches import LabelledSamples, length_bucketed_batches
from ibestimators.training._callbacks import Stop, WarmUpAndDecay
from ibestimators.training._net import TrainingNet
from ibestimators.training._skorch import Callback, EarlyStopping

# This name exists in torch 2.4 as well.
OutOfMemory = torch.cuda.OutOfMemoryError


def train(
    net: TrainingNet, training: LabelledSamples, validation: LabelledSamples | None, epochs: int
) -> None:
    """Train for a number of epochs, or until a callback stops training.

    `EarlyStopping` stops training with a `KeyboardInterrupt`, and skorch's `partial_fit` handles
    every such exception as the end of training. Here the user's Ctrl-C reaches the caller. A
    batch that does not fit into the memory of a GPU is halved, with a warning.
    """
    data = (training, validation)
    net.notify("on_train_begin", X=data, y=None)
    before = len(net.history)
    try:
        with net.fast_steps():
            while (left := epochs - (len(net.history) - before)) > 0:
                _epochs(net, data, left)
    except (KeyboardInterrupt, Stop) as error:
        if not stopped_by_callback(net, error):
            raise
    net.notify("on_train_end", X=data, y=None)


def stopped_by_callback(net: TrainingNet, error: BaseException) -> bool:
    """Whether a callback stopped training, and not the user's Ctrl-C."""
    return isinstance(error, Stop) or any(_has_stopped(callback) for _, callback in net.callbacks_)


def _has_stopped(callback: Callback) -> bool:
    return isinstance(callback, EarlyStopping) and callback.misses_ >= callback.patience


def _epochs(
    net: TrainingNet, data: tuple[LabelledSamples, LabelledSamples | None], epochs: int
) -> None:
    """Train for a number of epochs; if the memory is full, halve the batch size and return."""
    try:
        net.fit_loop(data, epochs=epochs)
        return
    except OutOfMemory:
        if min(net.batch_size, len(data[0])) == 1:
            raise
    # Outside the handler, the error no longer references the tensors that filled the memory.
    net.batch_size = min(net.batch_size, len(data[0])) // 2
    del net.history[-1]
    for _, callback in net.callbacks_:
        if isinstance(callback, WarmUpAndDecay):
            callback.restart_epoch()
    for weight in net.module_.parameters():
        weight.grad = None
    what = f"epoch {len(net.history) + 1} restarts with batches"
    _warn_of_halved_batches(net, what, net.batch_size)


def _warn_of_halved_batches(net: TrainingNet, what: str, size: int) -> None:
    if str(net.device).startswith("cuda"):
        torch.cuda.empty_cache()
    warnings.warn(
        f"The memory of {net.device!r} was full: {what} of {size} samples. Set batch_size={size} "
        "or less, or use a smaller network.",
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
    n_rows: torch.Tensor | None = None,
) -> torch.Tensor:
    """Outputs of the network for all samples, on the CPU.

    Samples of different sizes are batched with samples of similar size, up to `max_size`. Batches
    that do not fit into memory are halved, with a warning. `n_rows`, of shape (n_samples,), is the
    number of rows of outputs that each sample has; None for one.
    """
    if net.module_.training:
        net.module_.eval()
    while True:
        try:
            return _forward(net, samples, batch_size, padded_sizes, max_size, n_rows)
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
    n_rows: torch.Tensor | None,
) -> torch.Tensor:
    if padded_sizes is not None:
        indices: Iterable[Index] = length_bucketed_batches(
            padded_sizes, batch_size, max_size=max_size
        )
    elif len(samples) <= batch_size:
        return net.infer(samples.batch(slice(None))).cpu()
    else:
        starts = range(0, len(samples), batch_size)
        indices = (slice(start, start + batch_size) for start in starts)
    outputs = None
    total = len(samples) if n_rows is None else int(n_rows.sum())
    for index in indices:
        part = net.infer(samples.batch(index)).cpu()
        if outputs is None:
            outputs = part.new_empty(total, *part.shape[1:])
        if n_rows is None:
            outputs[index] = part
        else:
            outputs[row_numbers((n_rows.cumsum(0) - n_rows)[index], n_rows[index])] = part
    assert outputs is not None  # there is at least one sample
    return outputs
