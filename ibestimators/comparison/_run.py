"""Run fits: in this process, in workers, or in workers as soon as their start pays."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from joblib import Parallel, cpu_count, delayed, effective_n_jobs

from ibestimators.comparison._fold_task import FoldTask
from ibestimators.comparison._progress import Progress, new_progress

# Seconds until new workers, which import torch and scikit-learn, have returned a first result.
WORKER_START = 5.0

Result = tuple[dict[str, Any], float]


class _TimedTask:
    """A task that also returns the seconds it took; a callable for the reason of `FoldTask`."""

    def __init__(self, task: FoldTask) -> None:
        self.task = task

    def __call__(self) -> Result:
        start = time.perf_counter()
        cell = self.task()
        return cell, time.perf_counter() - start


def run_tasks(
    tasks: Sequence[FoldTask], n_jobs: int | str | None, verbose: int
) -> list[dict[str, Any]]:
    """Rows of `cells`, in the order of the tasks.

    Parameters
    ----------
    tasks : sequence of FoldTask
    n_jobs : int, "auto" or None
        "auto" runs the tasks in this process until the times of the finished ones say that
        workers would finish the others sooner; then it starts workers, once.
    verbose : int
        Above 0, shows the progress.
    """
    cells = []
    with new_progress(tasks, verbose) as progress:
        for cell, seconds in _results(tasks, n_jobs, progress):
            cells.append(cell)
            progress.add(seconds)
    return cells


def _results(
    tasks: Sequence[FoldTask], n_jobs: int | str | None, progress: Progress
) -> Iterator[Result]:
    timed = [_TimedTask(task) for task in tasks]
    if n_jobs == "auto":
        while len(timed) > 0:
            n_jobs = worthwhile_workers(progress.work_left(), len(timed), cpu_count())
            if n_jobs > 1:
                break
            yield timed.pop(0)()
    if timed:
        if isinstance(n_jobs, int):  # joblib would start them all
            n_jobs = min(n_jobs, len(timed))
        progress.n_workers = effective_n_jobs(n_jobs)
        progress.delay = WORKER_START if progress.n_workers > 1 else 0.0
        try:
            parallel = Parallel(n_jobs, return_as="generator")
        except ValueError:  # the backend "multiprocessing" returns all results at once
            parallel = Parallel(n_jobs)
        yield from parallel(delayed(task)() for task in timed)


def worthwhile_workers(seconds: float | None, n_tasks: int, n_cores: int) -> int:
    """The number of workers that finish some tasks sooner than this process alone, else 1.

    Parameters
    ----------
    seconds : float or None
        What the tasks take one after the other; None if that is not known yet.
    n_tasks : int
    n_cores : int

    Examples
    --------
    >>> worthwhile_workers(8.0, 20, 2), worthwhile_workers(60.0, 20, 2)
    (1, 2)
    """
    if seconds is None:
        return 1
    n_workers = min(
        n_tasks, n_cores, int(seconds / WORKER_START)
    )  # each works longer than it starts
    if n_workers < 2:
        return 1
    return n_workers if WORKER_START + seconds / n_workers < seconds else 1
