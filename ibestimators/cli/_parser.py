"""The options of the command line. Only the standard library is imported here."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

import ibestimators

BUNDLED = (
    "mnist1d",
    "breast_cancer",
    "diabetes",
    "digits",
    "iris",
    "linnerud",
    "wine",
    "adding_problem",
    "atlas",
    "csl",
    "modular_arithmetic",
    "parity",
    "set_maximum",
    "trajectories",
)
BIASES = ("MLP", "Conv", "Recurrent", "Graph", "Attention")
ENDINGS = (
    ".csv, .tsv, .txt, .dat, .data or .arff (maybe with .gz or .xz), .parquet, .feather, .xlsx, "
    ".npy, .npz or .ts file"
)
_COMPARE = """\
examples:
  ibestimators compare iris
  ibestimators compare measurements.csv --target species --report page.html
  ibestimators compare visits.csv.gz --target cost --drop name,notes \\
      --groups patient --save-best cost.skops
  ibestimators compare reviews.csv --target stars --text review --guests
  ibestimators compare spectra.csv --target fat --order given
  ibestimators compare digits.npz --data images --target labels \\
      --output scores.svg
  ibestimators compare GunPoint_TRAIN.ts --repeats 10 --time-limit 600

exit codes: 0 the comparison was made, 2 bad input, 130 interrupted by Ctrl-C
"""
_PREDICT = """\
examples:
  ibestimators predict cost.skops new_visits.csv.gz
  ibestimators predict cost.skops new_visits.csv.gz --output predictions.csv
  ibestimators predict species.skops flowers.csv --proba

exit codes: 0 the predictions were made, 2 bad input, 130 interrupted by Ctrl-C
"""
_DIAGNOSE = """\
examples:
  ibestimators diagnose mnist1d
  ibestimators diagnose visits.csv --target cost --groups patient

exit codes: 0 the diagnosis was made, 2 bad input, 130 interrupted by Ctrl-C
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (try {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """The parser of ``ibestimators COMMAND …``."""
    whole = _Parser(
        prog="ibestimators", description="Find out which inductive bias suits a data set."
    )
    whole.add_argument(
        "--version", action="version", version=f"ibestimators {ibestimators.__version__}"
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_compare(
        commands.add_parser(
            "compare",
            help="compare the five biases by cross-validation",
            description="Compare the five biases by cross-validation on the same folds.",
            epilog=_COMPARE,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    _add_predict(
        commands.add_parser(
            "predict",
            help="predict with the estimator that compare saved",
            description="Predict with the estimator that `compare --save-best` saved, as a CSV.",
            epilog=_PREDICT,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    _add_diagnose(
        commands.add_parser(
            "diagnose",
            help="say in seconds what the data suggest, without training",
            description="Say which symmetries the data have, and what else decides which bias\n"
            "can win, before any network is trained.",
            epilog=_DIAGNOSE,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    return whole


def _add_compare(command: argparse.ArgumentParser) -> None:
    data = command.add_argument_group("the data")
    _add_data(command, data)
    _add_form(data)
    _add_comparison(command.add_argument_group("the comparison"))
    _add_output(command.add_argument_group("the output"))


def _add_predict(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", metavar="MODEL", help="a file that compare --save-best wrote")
    command.add_argument(
        "data",
        metavar="DATA",
        help="data of the same form as those of compare, with or without the target. Columns of a "
        "table may be in another order; further ones are not read",
    )
    group = command.add_argument_group("the output")
    group.add_argument(
        "--proba",
        action="store_true",
        help="write the probability of each class as well",
    )
    group.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="a .csv file, with the column that names the rows if there is one. Without it: print",
    )


def _add_diagnose(command: argparse.ArgumentParser) -> None:
    _add_data(command, command.add_argument_group("the data"))
    _add_seed(command)
    _add_report(command.add_argument_group("the output"))
    command.set_defaults(
        task=None,
        positions=False,
        time=None,
        ablation=False,
        output=None,
        order=None,
        input_shape=None,
        save_best=None,
    )


def _add_data(command: argparse.ArgumentParser, group: argparse._ArgumentGroup) -> None:
    command.add_argument(
        "data",
        metavar="DATA",
        help=f"one of {', '.join(BUNDLED)}; or a {ENDINGS}; or a folder of a TUDataset",
    )
    group.add_argument(
        "--target",
        metavar="NAME",
        help="column of a table, by name or position (from 0; --target=-1 is the last), or array "
        "of an .npz file. Without it: the column that is called target, class, label, y, outcome "
        "or response, or the array y",
    )
    group.add_argument("--drop", type=_list, default=[], metavar="A,B", help="columns to leave out")
    group.add_argument(
        "--text",
        metavar="COLUMN",
        help="read the words of this column as tokens, and no other column",
    )
    group.add_argument(
        "--groups",
        metavar="COLUMN",
        help="samples with the same value are in the same fold, such as those of a patient",
    )
    group.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the first row of a text holds the names of columns (it is checked)",
    )
    group.add_argument(
        "--data", dest="array", metavar="NAME", help="array of samples of an .npz file (X)"
    )


def _add_form(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--task",
        choices=("classification", "regression"),
        help="default: that which the file states, else guessed from the target",
    )
    group.add_argument(
        "--positions",
        action="store_true",
        help="the target of an .npz file has a value at each position, such as (n, steps)",
    )
    group.add_argument(
        "--time", metavar="COLUMN", help="train on the samples before those of the test"
    )
    group.add_argument(
        "--order",
        metavar="A,B",
        help="the columns of a table have an order, such as the wavelengths of a spectrum: all "
        "their names in this order, or a file with one name a line, or `given` for the order of "
        "the table",
    )
    group.add_argument(
        "--input-shape", type=_shape, metavar="A,B,C", help="shape of one sample, such as 28,28,1"
    )
    group.add_argument(
        "--channels-first",
        action="store_true",
        help="arrays have their features before the structure, as (n, channels, height, width)",
    )


def _add_comparison(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--biases", type=_names, default=BIASES, metavar="A,B", help="default: all five"
    )
    group.add_argument("--cv", type=_at_least_2, default=5, metavar="N", help="number of folds (5)")
    group.add_argument(
        "--repeats", type=_positive, default=1, metavar="N", help="times to make new folds (1)"
    )
    group.add_argument("--scoring", metavar="NAME", help="a scikit-learn score, such as f1_macro")
    group.add_argument(
        "--max-epochs",
        type=_positive,
        metavar="N",
        help="epochs (the estimators' own default: as many as the number of samples needs)",
    )
    group.add_argument(
        "--match-parameters",
        action="store_true",
        help="widen or narrow all networks to the number of parameters of the first",
    )
    group.add_argument(
        "--search",
        action="store_true",
        help="tune each bias by a random search on the training part of each fold",
    )
    group.add_argument(
        "--ablation", action="store_true", help="also compare on X without its structure"
    )
    group.add_argument(
        "--curves", action="store_true", help="also compare on training sets of several sizes"
    )
    group.add_argument(
        "--guests",
        action="store_true",
        help="also compare with what is usual in place of a network: gradient boosting for tables, "
        "ROCKET for series, TF-IDF for texts, a kernel for graphs",
    )
    group.add_argument(
        "--representatives",
        action="store_true",
        help="choose between two networks for each bias in each fold, to see whether the result "
        "hangs on the network (seven times the fits)",
    )
    group.add_argument(
        "--diagnose",
        action="store_true",
        help="first print what `ibestimators diagnose` finds in the data",
    )
    group.add_argument(
        "--time-limit",
        type=_seconds,
        metavar="SECONDS",
        help="start no repeat of --repeats that would end later",
    )
    group.add_argument(
        "--n-jobs",
        type=_jobs,
        default="auto",
        metavar="N",
        help="number of parallel fits (auto: as many as the times of the first fits suggest)",
    )
    _add_seed(group)


def _add_seed(group: argparse._ActionsContainer) -> None:
    group.add_argument("--random-state", type=_seed, default=0, metavar="SEED", help="seed (0)")


def _add_report(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--report", type=Path, metavar="FILE", help="a page with all results, an .html file"
    )


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--output", type=Path, metavar="FILE", help="a picture, a .png, .svg or .pdf file"
    )
    _add_report(group)
    group.add_argument(
        "--save-best",
        type=Path,
        metavar="FILE",
        help="fit the best estimator on all data, and save it for `ibestimators predict`, a .skops "
        "file without code",
    )
    group.add_argument(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help="store finished fits there, and resume from them after an interruption",
    )


def _list(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _shape(text: str) -> tuple[int, ...]:
    try:
        shape = tuple(int(part) for part in text.split(","))
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a shape such as 28,28,1")
    return shape


def _names(text: str) -> tuple[str, ...]:
    known = {name.lower(): name for name in BIASES}
    names = tuple(text.lower().split(","))
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(BIASES)}")
    return tuple(known[name] for name in names)


def _jobs(text: str) -> int | str:
    if text == "auto":
        return text
    return -1 if text == "-1" else _int_from(text, 1)


def _seed(text: str) -> int:
    seed = _int_from(text, 0)
    if seed >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not below 2**32, as a seed has to be")
    return seed


def _positive(text: str) -> int:
    return _int_from(text, 1)


def _at_least_2(text: str) -> int:
    return _int_from(text, 2)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return seconds


def _int_from(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of at least {least}")
    return int(text)
