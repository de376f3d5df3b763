"""The command line: ``ibestimators compare DATA`` and ``ibestimators diagnose DATA``.

Only the standard library is imported until a comparison starts, so that help and errors
appear at once.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ibestimators.cli._parser import parser
from ibestimators.cli._problem import InputError, Problem, one_line, open_problem

__all__ = ["main"]

PICTURES = (".png", ".svg", ".pdf")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    int
        0, 2 for bad input, or 130 after Ctrl-C.
    """
    options = parser().parse_args(argv)
    try:
        return _diagnose(options) if options.command == "diagnose" else _compare(options)
    except InputError as error:
        print(f"ibestimators: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        kept = "" if options.command == "diagnose" else f"; {_kept(options.cache)}"
        print(f"ibestimators: interrupted{kept}", file=sys.stderr)
        return 130


def _kept(cache: Path | None) -> str:
    if cache is None:
        return "nothing is kept. With --cache FOLDER the same command resumes"
    return f"finished fits are kept in {cache}, and the same command resumes"


def _compare(options: argparse.Namespace) -> int:
    _check_files(options)
    problem = open_problem(options)
    _check_scoring(options.scoring)
    try:
        print(f"{options.data}: {problem.summary()}", file=sys.stderr)
        result, others = _results(problem, options)
    except (ValueError, TypeError, OSError) as error:
        raise InputError(one_line(error)) from error
    _print(result, *others)
    if problem.has_no_order and {"Conv", "Recurrent", "Graph"} & {*options.biases}:
        print("A table has no order: Conv, Recurrent and Graph read columns in the order given.")
    if options.output is not None:
        result.plot().figure_.savefig(options.output, dpi=150)
        print(f"picture: {options.output}")
    _write_page(result, others, problem, options)
    return 0


def _diagnose(options: argparse.Namespace) -> int:
    _check_files(options)
    problem = open_problem(options)
    try:
        from ibestimators.diagnosis import diagnose

        print(f"{options.data}: {problem.summary()}", file=sys.stderr)
        result = diagnose(
            problem.numbers(), problem.y, groups=problem.groups, random_state=options.random_state
        )
    except (ValueError, TypeError) as error:
        raise InputError(one_line(error)) from error
    _print(result)
    _write_page(result, [], problem, options)
    return 0


def _print(*results: Any) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # for terminals without ±
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for result in results:
        print(result.to_text(width))


def _write_page(
    result: Any, others: list[Any], problem: Problem, options: argparse.Namespace
) -> None:
    """Write the page, if one is asked for."""
    if options.report is None:
        return
    title = Path(options.data).name
    page = result.to_html(options.report, X=problem.X, y=problem.y, others=others, title=title)
    print(f"report: {page}")


def _results(problem: Problem, options: argparse.Namespace) -> tuple[Any, list[Any]]:
    """The comparison, and the further results that are asked for."""
    from ibestimators.comparison import (
        compare_biases,
        compare_learning_curves,
        structure_ablation,
    )
    from ibestimators.suite import BASELINE, biases

    params: dict[str, Any] = {"channels_first": True} if options.channels_first else {}
    if options.max_epochs is not None:
        params["max_epochs"] = options.max_epochs
    if options.positions:
        params["target"] = "position"
    if options.input_shape is not None:
        params["input_shape"] = options.input_shape
    estimators = {
        name: problem.prepared(estimator)
        for name, estimator in biases(problem.task, **params).items()
        if name in options.biases
    }
    shared: dict[str, Any] = {
        "cv": options.cv if problem.splits is None else problem.splits,
        "n_repeats": options.repeats,
        "groups": problem.groups,
        "time": problem.time,
        "scoring": options.scoring,
        "baseline": BASELINE if BASELINE in options.biases else None,
        "cache": options.cache,
        "n_jobs": options.n_jobs,
        "random_state": options.random_state,
        "verbose": 1,
    }
    result = compare_biases(
        problem.X,
        problem.y,
        estimators,
        match_parameters=options.match_parameters,
        search="random" if options.search else None,
        **shared,
    )
    further: dict[str, Any] = {"ablation": structure_ablation, "curves": compare_learning_curves}
    return result, [
        compare(problem.X, problem.y, estimators, **shared)
        for name, compare in further.items()
        if getattr(options, name)
    ]


def _check_files(options: argparse.Namespace) -> None:
    """Raise an error if the output cannot be written."""
    if options.output is not None:
        if options.output.suffix not in PICTURES:
            raise InputError(f"--output {options.output}: must end in .png, .svg or .pdf")
        _check_writable("--output", options.output)
    if options.report is not None:
        if options.report.suffix != ".html":
            raise InputError(f"--report {options.report}: must end in .html")
        _check_writable("--report", options.report)


def _check_writable(option: str, path: Path) -> None:
    folder = path.resolve().parent
    if not folder.is_dir():
        raise InputError(f"{option} {path}: no such folder")
    if path.is_dir() or not os.access(folder, os.W_OK):
        raise InputError(f"{option} {path}: cannot be written")


def _check_scoring(scoring: str | None) -> None:
    if scoring is None:
        return
    import difflib

    from sklearn.metrics import get_scorer_names

    names = get_scorer_names()
    if scoring not in names:
        close = difflib.get_close_matches(scoring, names) or ["accuracy", "r2"]
        raise InputError(
            f"--scoring: unknown score {scoring!r}; did you mean {' or '.join(close)}?"
        )
