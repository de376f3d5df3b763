"""Where and how torch computes: device, threads, random generators."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# Modules draw their initial weights, and dropout its masks, from torch's global generator.
# It is borrowed and restored; threads take turns with it.
_global_generator = threading.RLock()


def resolve_device(device: str) -> str:
    """The device by torch's name, 'auto' resolved; an error if it cannot be used."""
    if device == "auto":
        n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        # Workers that start one after the other have consecutive process numbers.
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
