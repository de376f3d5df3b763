"""Where fits run, and what is said about the time that is left."""

from __future__ import annotations

import os

import numpy as np
import pytest
from conftest import IRIS
from sklearn.dummy import DummyClassifier

from ibestimators import MLPClassifier, compare_biases
from ibestimators.comparison import _progress, _run
from ibestimators.comparison._fold_task import FoldTask
from ibestimators.comparison._progress import Progress, new_progress
from ibestimators.comparison._run import worthwhile_workers

X, y = IRIS


def process(estimator, X, y):
    """A score that says where it was computed."""
    return os.getpid()


def processes(n_jobs):
    result = compare_biases(
        X, y, {"dummy": DummyClassifier()}, cv=4, scoring=process, n_jobs=n_jobs, random_state=0
    )
    return [pid == os.getpid() for pid in result.cells["score"]]


@pytest.mark.parametrize(
    ("n_jobs", "start", "here"),
    [
        ("auto", 1e6, [True] * 4),  # workers never pay
        ("auto", 1e-9, [True] + [False] * 3),  # they do as soon as the time of a fit is known
        (1, 1e-9, [True] * 4),
        (None, 1e-9, [True] * 4),
        (2, 1e6, [False] * 4),
    ],
)
def test_workers_start_if_they_pay_or_if_the_user_says_so(monkeypatch, n_jobs, start, here):
    monkeypatch.setattr(_run, "WORKER_START", start)
    monkeypatch.setattr(_run, "cpu_count", lambda: 2)
    assert processes(n_jobs) == here


def test_scores_do_not_depend_on_where_the_fits_run(monkeypatch):
    monkeypatch.setattr(_run, "WORKER_START", 1e-9)
    monkeypatch.setattr(_run, "cpu_count", lambda: 2)
    candidates = {"MLP": MLPClassifier(max_epochs=2), "dummy": DummyClassifier()}
    found, expected = (
        compare_biases(X, y, candidates, cv=3, random_state=0, n_jobs=n_jobs).cells
        for n_jobs in ("auto", 1)
    )
    assert found["estimator"].tolist() == expected["estimator"].tolist()
    np.testing.assert_allclose(found["score"], expected["score"])


def test_an_unknown_number_of_jobs_is_an_error():
    with pytest.raises(ValueError, match="n_jobs must be an int, 'auto' or None, got 'many'"):
        processes("many")


def test_workers_pay_from_twice_their_start():
    start = _run.WORKER_START
    assert worthwhile_workers(None, 20, 8) == 1
    assert worthwhile_workers(1.9 * start, 20, 8) == 1
    assert worthwhile_workers(2.5 * start, 20, 8) == 2
    assert worthwhile_workers(100 * start, 20, 8) == 8
    assert worthwhile_workers(100 * start, 3, 8) == 3
    assert worthwhile_workers(100 * start, 20, 1) == 1


def task(name, fold, n_train):
    rows = np.arange(n_train), np.arange(2)
    return FoldTask(name, fold, None, {}, None, None, rows, None, None, np.nan, None, {})


def test_work_left_follows_from_estimator_and_samples():
    tasks = [task(name, fold, 100) for fold in range(2) for name in ("slow", "fast")]
    progress = Progress([*tasks, task("fast", 2, 300)])
    assert progress.work_left() is None
    progress.add(9.0)
    assert progress.work_left() == pytest.approx(6 * 9.0)  # nothing else is known
    progress.add(1.0)
    assert progress.work_left() == pytest.approx(9.0 + 1.0 + 3.0)
    progress.n_workers = 2
    assert 6 < progress.time_left() <= 6.5
    progress.delay = 5.0
    assert 11 < progress.time_left() <= 11.5
    for seconds in (9.0, 1.0, 3.0):
        progress.add(seconds)
    assert progress.work_left() == 0
    assert progress.time_left() is None


def test_log_files_get_a_line_for_each_tenth(capsys):
    with new_progress([task("dummy", fold, 10) for fold in range(40)], verbose=1) as progress:
        for _ in range(40):
            progress.add(100.0)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[0] == "0 of 40 fits, running dummy, fold 1"
    assert lines[1] == "4 of 40 fits, 0 s, about 60 min left, running dummy, fold 5"
    assert lines[-1] == "40 of 40 fits, 0 s"


def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with new_progress([task("dummy", fold, 10) for fold in range(4)], verbose=1) as progress:
        assert "running dummy, fold 1:   0%" in capsys.readouterr().err
        progress.add(30.0)
        text = capsys.readouterr().err
        assert "running dummy, fold 2:  25%" in text
        assert "1/4 [00:00, about 90 s left]" in text or "1/4 [00:00, about 2 min left]" in text
    assert type(progress) is _progress.Bar


def test_silence_is_the_default(capsys):
    with new_progress([task("dummy", 0, 10)], verbose=0) as progress:
        progress.add(1.0)
    assert capsys.readouterr().err == ""


def test_there_are_no_more_workers_than_fits(monkeypatch):
    started = []

    class Here:
        def __init__(self, n_jobs, **options):
            started.append(n_jobs)

        def __call__(self, tasks):
            return [function(*args, **kwargs) for function, args, kwargs in tasks]

    monkeypatch.setattr(_run, "Parallel", Here)
    assert processes(10**6) == [True] * 4
    processes(3)
    processes(-1)
    assert started == [4, 3, -1]
