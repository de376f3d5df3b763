"""Runtime settings of torch: device, threads and random generators."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# Modules draw their initial weights, and dropout its masks, from torch's global generator.
# It is seeded and restored, by one thread at a time.
_global_generator = threading.RLock()


def resolve_device(device: str) -> str:
    """Resolve 'auto' to a device name of torch; raises if the device cannot be used."""
    if device == "auto":
        n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        # Workers that start in sequence have consecutive process numbers.
        return ("cpu", "cuda")[n_gpus] if n_gpus < 2 else f"cuda:{os.getpid() % n_gpus}"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"device={device!r} cannot be used here ({error}). Use device='auto' or 'cpu'."
        ) from error
    return device


@contextmanager
def seeded(seed: int, device: str, exclusive: bool = True) -> Iterator[None]:
    """Seed torch's global generators inside the context, and restore them afterwards.

    With `exclusive` false, nothing inside draws random numbers, and threads do not wait for
    each other.
    """
    if not exclusive:
        yield
        return
    cuda = [torch.device(device)] if device.startswith("cuda") else []
    with _global_generator, torch.random.fork_rng(devices=cuda):
        # torch.manual_seed would seed the devices that nobody uses too, which takes longer.
        torch.default_generator.manual_seed(seed)
        for each in cuda:
            with torch.cuda.device(each):
                torch.cuda.manual_seed(seed)
        yield


@contextmanager
def gradients_on() -> Iterator[None]:
    """Enable gradients inside, even if the caller has turned them off."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


@contextmanager
def intra_op_threads(n_threads: int | None) -> Iterator[None]:
    """Set the number of threads within an operation (None: no change), and restore it after."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
