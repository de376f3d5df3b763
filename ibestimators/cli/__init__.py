"""The command line: ``ibestimators compare``, ``predict`` and ``diagnose``.

Only the standard library is imported until the work starts, so that help and errors
appear at once.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ibestimators.cli._errors import UNUSABLE, InputError, one_line
from ibestimators.cli._output import check_files, print_results, say
from ibestimators.cli._parser import parser
from ibestimators.cli._problem import Problem, open_problem

__all__ = ["main"]


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
    commands = {"compare": _compare, "predict": _predict, "diagnose": _diagnose}
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # type: ignore[assignment]
            check_files(options)
            commands[options.command](options)
    except (InputError, *UNUSABLE) as error:
        print(f"ibestimators: {one_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        kept = f"; {_kept(options.cache)}" if options.command == "compare" else ""
        print(f"ibestimators: interrupted{kept}", file=sys.stderr)
        return 130
    return 0


def _show_warning(message: Warning | str, *_: Any) -> None:
    print(f"ibestimators: warning: {' '.join(str(message).split())}", file=sys.stderr)


def _kept(cache: Path | None) -> str:
    if cache is None:
        return "nothing is kept. With --cache FOLDER the same command resumes"
    return f"finished fits are kept in {cache}, and the same command resumes"


def _compare(options: argparse.Namespace) -> None:
    _check_choices(options)
    problem = open_problem(options)
    _check_scoring(options.scoring)
    further = []
    print(f"{options.data}: {problem.summary()}", file=sys.stderr)
    if options.diagnose:
        further.append(_diagnosis(problem, options))
        print_results(*further)
    result, others = _results(problem, options)
    print_results(result, *others)
    if problem.notes:
        say(f"Read {Path(options.data).name}: {'; '.join(problem.notes)}.")
    if problem.has_no_order and {"Conv", "Recurrent", "Graph"} & {*options.biases}:
        say("A table has no order of its own. --order states one.")
    _save_best(result, problem, options)
    if options.output is not None:
        result.plot().figure_.savefig(options.output, dpi=150)
        say(f"picture: {options.output}")
    _write_page(result, further + others, problem, options)


def _predict(options: argparse.Namespace) -> None:
    from ibestimators.cli._predictions import predict

    frame = predict(options)
    has_names = any(name is not None for name in frame.index.names)
    text = frame.to_csv(index=has_names, lineterminator="\n")
    if options.output is None:
        say(text, end="")
        return
    options.output.write_text(text, encoding="utf-8", newline="")
    say(f"predictions: {options.output}")


def _diagnose(options: argparse.Namespace) -> None:
    problem = open_problem(options)
    print(f"{options.data}: {problem.summary()}", file=sys.stderr)
    result = _diagnosis(problem, options)
    print_results(result)
    _write_page(result, [], problem, options)


def _diagnosis(problem: Problem, options: argparse.Namespace) -> Any:
    from ibestimators.diagnosis import diagnose

    return diagnose(
        problem.numbers(),
        problem.y,
        task=problem.task,
        groups=problem.groups,
        random_state=options.random_state,
    )


def _write_page(
    result: Any, others: list[Any], problem: Problem, options: argparse.Namespace
) -> None:
    """Write the page, if one is asked for."""
    if options.report is None:
        return
    title = Path(options.data).name
    page = result.to_html(
        options.report,
        X=problem.X,
        y=problem.y,
        data_notes=problem.notes,
        others=others,
        title=title,
    )
    say(f"report: {page}")


def _save_best(result: Any, problem: Problem, options: argparse.Namespace) -> None:
    """Save the best estimator, fitted on all data, if that is asked for."""
    if options.save_best is None:
        return
    from ibestimators.cli._model import Model

    if result.best_estimator_ is None:
        raise InputError(f"--save-best: {result.best} could not be fitted on all data")
    Model.of(result.best_estimator_, problem, options.data, options.array).write(options.save_best)
    say(f"model: {options.save_best}, {result.best} fitted on all data")


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
        representatives="all" if options.representatives else None,
        guests=options.guests,
        time_limit=options.time_limit,
        refit=options.save_best is not None,
        **shared,
    )
    further: dict[str, Any] = {"ablation": structure_ablation, "curves": compare_learning_curves}
    return result, [
        compare(problem.X, problem.y, estimators, **shared)
        for name, compare in further.items()
        if getattr(options, name)
    ]


def _check_choices(options: argparse.Namespace) -> None:
    """Raise an error if options contradict each other."""
    if options.time_limit is not None and options.repeats == 1:
        raise InputError(
            "--time-limit ends a comparison after a whole repeat of the folds; give the most "
            "repeats that you would run as well, such as --repeats 10"
        )
    if options.representatives:
        for name in ("search", "match_parameters", "time"):
            if getattr(options, name):
                raise InputError(
                    f"--representatives cannot be used with --{name.replace('_', '-')}; leave one "
                    "out"
                )
    for name in ("guests", "diagnose"):
        if options.positions and getattr(options, name):
            raise InputError(f"--{name} does not apply to targets at --positions")


def _check_scoring(scoring: str | None) -> None:
    if scoring is None:
        return
    from sklearn.metrics import get_scorer_names

    from ibestimators.formatting import did_you_mean

    names = get_scorer_names()
    if scoring not in names:
        hint = did_you_mean(scoring, names) or "; such as 'accuracy' or 'r2'"
        raise InputError(f"--scoring: unknown score {scoring!r}{hint}")
