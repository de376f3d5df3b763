"""How far a comparison is, and how long the rest will take."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from threading import Event, Thread
from types import TracebackType
from typing import Self

from tqdm.auto import tqdm

from ibestimators.comparison._fold_task import FoldTask
from ibestimators.formatting import counted

_BAR = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]"


class Progress:
    """The fits that are done, and an estimate of the time for the others.

    The time of a fit is taken to be in proportion to its training samples, at the rate of the
    fits of the same estimator that are done; before there are any, at the mean rate of the other
    estimators.

    Parameters
    ----------
    tasks : sequence of FoldTask
        In the order of their results.
    """

    def __init__(self, tasks: Sequence[FoldTask]) -> None:
        self.tasks = tasks
        self.n_done = 0
        self.n_workers = 1
        self.delay = 0.0  # seconds until workers that start now do any work
        self.start = self.last = time.perf_counter()
        self._seconds: dict[str, float] = defaultdict(float)
        self._samples: dict[str, int] = defaultdict(int)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def add(self, seconds: float) -> None:
        """Note that the next task is done, after so many seconds of work."""
        task = self.tasks[self.n_done]
        self._seconds[task.name] += seconds
        self._samples[task.name] += len(task.train)
        self.n_done += 1
        self.delay = 0.0
        self.last = time.perf_counter()

    def work_left(self) -> float | None:
        """Seconds that the other tasks will take one after the other; None before the first."""
        if not self.n_done:
            return None
        rates = {name: self._seconds[name] / self._samples[name] for name in self._seconds}
        mean = sum(rates.values()) / len(rates)
        left = self.tasks[self.n_done :]
        return sum(rates.get(task.name, mean) * len(task.train) for task in left)

    def time_left(self) -> float | None:
        """Seconds until the last result; None before the first."""
        work = self.work_left()
        if work is None or self.n_done == len(self.tasks):
            return None
        at_once = min(self.n_workers, len(self.tasks) - self.n_done)
        return max(0.0, self.delay + work / at_once - (time.perf_counter() - self.last))

    def running(self) -> str:
        """The fit whose result comes next."""
        task = self.tasks[min(self.n_done, len(self.tasks) - 1)]
        labels = "".join(f", {name} {value}" for name, value in task.labels.items())
        return f"running {task.name}, fold {task.fold + 1}{labels}"


class Bar(Progress):
    """A bar, drawn again each second."""

    def __enter__(self) -> Self:
        self.bar = tqdm(total=len(self.tasks), leave=False, bar_format=_BAR)
        self._draw()
        self._closed = Event()
        self._thread = Thread(target=self._tick, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed.set()
        self._thread.join()
        self.bar.close()

    def add(self, seconds: float) -> None:
        super().add(seconds)
        self._draw()

    def _tick(self) -> None:
        while not self._closed.wait(1):
            self._draw()

    def _draw(self) -> None:
        left = self.time_left()
        self.bar.n = self.n_done
        self.bar.set_description_str(self.running(), refresh=False)
        self.bar.set_postfix_str("" if left is None else in_words(left), refresh=False)
        self.bar.refresh()


class Lines(Progress):
    """A line at the start and after each tenth of the fits, for log files."""

    def __enter__(self) -> Self:
        self._print()
        return self

    def add(self, seconds: float) -> None:
        tenths = 10 * self.n_done // len(self.tasks)
        super().add(seconds)
        if 10 * self.n_done // len(self.tasks) > tenths:
            self._print()

    def _print(self) -> None:
        parts = [f"{self.n_done} of {counted(len(self.tasks), 'fit')}"]
        if self.n_done:
            parts.append(f"{time.perf_counter() - self.start:.0f} s")
        left = self.time_left()
        if left is not None:
            parts.append(in_words(left))
        if self.n_done < len(self.tasks):
            parts.append(self.running())
        print(*parts, sep=", ", file=sys.stderr, flush=True)


def new_progress(tasks: Sequence[FoldTask], verbose: int) -> Progress:
    """Progress that is not shown, or as a bar on terminals and in notebooks, else as lines."""
    if not verbose:
        return Progress(tasks)
    has_bar = sys.stderr.isatty() or "ipykernel" in sys.modules
    return (Bar if has_bar else Lines)(tasks)


def in_words(seconds: float) -> str:
    """A time that is left, no more precise than an estimate is.

    Examples
    --------
    >>> in_words(3), in_words(42), in_words(130), in_words(9000)
    ('a few seconds left', 'about 40 s left', 'about 2 min left', 'about 2.5 h left')
    """
    if seconds < 8:
        return "a few seconds left"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} s left"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} min left"
    return f"about {seconds / 3600:.1f} h left"
