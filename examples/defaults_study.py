"""Which defaults do well on many data sets? The study for docs/defaults.md.

    python examples/defaults_study.py variants Conv  variants of a bias, on development data
    python examples/defaults_study.py check          the defaults, on held-out data
    python examples/defaults_study.py mnist1d        MNIST-1D, 4,000 + 1,000; steps shuffled too
    python examples/defaults_study.py digits         digits as images, 5-fold cross-validation
    python examples/defaults_study.py text --data FOLDER    three sets of sentences, 10-fold
    python examples/defaults_study.py graphs --data FOLDER  sets of graphs, 10-fold
    python examples/defaults_study.py series         UCR and UEA archives, official splits
    python examples/defaults_study.py tables         five tables, with RealMLP-TD-S and trees
    python examples/defaults_study.py sizes          few samples: defaults against fixed settings

``--help`` after a command lists its options: ``--sets`` and ``--groups`` choose data sets (see
study_data.py for them, for the packages that they come with and for FOLDER), ``--models``,
``--seeds`` and ``--folds`` what is fitted, ``--max-samples 40`` tries a command out. Scores are
accuracy or R². Each fit has one thread; times (the median of the fits of a data set) are honest
with ``--jobs 1`` only. RealMLP-TD-S needs ``pip install pytabkit``.
"""

from __future__ import annotations

import argparse
import logging
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, r2_score, root_mean_squared_error
from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold
from sklearn.pipeline import make_pipeline
from study_data import GRAPHS, SERIES, TEXTS, Parts, cut, groups, load, take
from threadpoolctl import threadpool_limits

from ibestimators import TextTokenizer
from ibestimators.suite import biases

Params = dict[str, Any]
Split = Callable[[Parts], Parts]

VARIANTS: dict[str, list[Params]] = {
    "MLP": [
        {},
        {"column_embedding": None},
        {"hidden_layer_sizes": (256, 256, 256)},
        {"weight_decay": 0.3},
        {"dropout": 0.2},
    ],
    "Conv": [
        {},
        {"n_filters": (32, 64, 64)},
        {"kernel_size": 7},
        {"weight_decay": 0.1},
        {"readout": "max"},
        {"normalization": None},
    ],
    "Recurrent": [
        {},
        {"cell": "gru", "n_layers": 1, "hidden_size": 64, "bidirectional": False},
        {"bidirectional": False, "hidden_size": 64},
        {"readout": "mean"},
        {"weight_decay": 0.1},
    ],
    "Graph": [
        {},
        {"aggregation": "sum"},
        {"readout": "mean"},
        {"readout": "max"},
        {"residual": False},
        {"weight_decay": 0.1},
    ],
    "Attention": [
        {},
        {"patch_size": 1},
        {"position": "rotary"},
        {"readout": "mean"},
        {"column_embedding": None},
        {"embedding_size": 32, "n_heads": 2},
    ],
}
BIASES = tuple(VARIANTS)

# Of `sizes`: what a user would try by hand.
FIXED: dict[str, list[Params]] = {
    bias: [
        {"weight_decay": weight_decay, "lr": round(lr * factor, 4), "max_epochs": max_epochs}
        for weight_decay, factor, max_epochs in product((0.1, 1.0, 3.0), (1 / 3, 1, 3), (20, 80))
    ]
    for bias, lr in zip(BIASES, (1e-2, 1e-2, 1.5e-2, 5e-3, 7e-3), strict=True)
}

CORE = (
    *("wine", "cancer", "diabetes", "digits", "OSULeaf", "GunPoint", "ArrowHead"),
    *("ItalyPowerDemand", "BasicMotions", "Tecator", "JapaneseVowels", "names", "MUTAG", "mnist1d"),
)
LONG = ("OSULeaf", "ACSF1", "PLAID")  # 400 steps and more: variants of Conv and MLP only
SMALL = (
    *("cancer", "diabetes", "digits", "JapaneseVowels", "names", "MUTAG", "mnist1d"),
    *("bikeshare", "chile"),
)
WORDS = {"logistic-words": CountVectorizer, "logistic-tfidf": TfidfVectorizer}
REALMLP, TREES = "RealMLP-TD-S", "HistGradientBoosting"
MODELS = (*BIASES, *WORDS, REALMLP, TREES)
PUBLISHED = {
    "FCN (Ismail Fawaz et al. 2019)": {
        "OSULeaf": 0.977,
        "GunPoint": 1.0,
        "ArrowHead": 0.843,
        "ItalyPowerDemand": 0.961,
    },
    "CNN-rand (Kim 2014)": {"subj": 0.896, "mpqa": 0.834, "customer_reviews": 0.798},
}


class Fit(NamedTuple):
    score: float  # accuracy or R²
    error: float  # misclassified, or root mean squared error
    seconds: float


def estimator(model: str, params: Params, data: Parts, seed: int) -> Any:
    """The classifier or regressor for the data, behind a tokenizer for texts."""
    regression = data.y.dtype.kind == "f"
    if model in WORDS:
        words = WORDS[model](binary=model == "logistic-words", token_pattern=r"\S+")
        return make_pipeline(words, LogisticRegression(max_iter=1000))
    if model == TREES:
        trees = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
        return trees(random_state=seed)
    if model == REALMLP:
        from pytabkit import RealMLP_TD_S_Classifier, RealMLP_TD_S_Regressor

        logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
        real_mlp = RealMLP_TD_S_Regressor if regression else RealMLP_TD_S_Classifier
        return real_mlp(random_state=seed, device="cpu", n_threads=1)
    task = "regression" if regression else "classification"
    est = biases(task)[model].set_params(random_state=seed, **params)
    if not isinstance(data.X[0], str):
        return est
    words = any(" " in text for text in data.X)
    return make_pipeline(TextTokenizer(level="word" if words else "character"), est)


def one_fit(model: str, params: Params, read: Callable[[], Parts], split: Split, seed: int) -> Fit:
    torch.set_num_threads(1)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        data = split(read())
        est = estimator(model, params, data, seed)
        start = time.perf_counter()
        est.fit(data.X, data.y)
        seconds = time.perf_counter() - start
        y = est.predict(data.X_check)
    if data.y.dtype.kind == "f":
        score, error = r2_score(data.y_check, y), root_mean_squared_error(data.y_check, y)
    else:
        score = accuracy_score(data.y_check, y)
        error = 1 - score
    return Fit(score, error, seconds)


def held_out(data: Parts) -> Parts:
    return data


def inner(data: Parts) -> Parts:
    """70 and 30 % of the development part."""
    return cut(data.X, data.y)


def draw(data: Parts, n: int, seed: int) -> Parts:
    """`n` samples of the development part, and the rest of it."""
    return cut(data.X, data.y, n, seed)


def fold(data: Parts, k: int, i: int, pooled: bool = False) -> Parts:
    """Fold `i` of repeated k-fold cross-validation, of the development part or of all."""
    X, y = data.X, data.y
    if pooled:
        X = X + data.X_check if isinstance(X, list) else np.concatenate([X, data.X_check])
        y = np.concatenate([y, data.y_check])
    folds = RepeatedKFold if y.dtype.kind == "f" else RepeatedStratifiedKFold
    cv = folds(n_splits=k, n_repeats=i // k + 1, random_state=0)
    train, test = list(cv.split(np.zeros(len(y)), y))[i]
    return Parts(take(X, train), y[train], take(X, test), y[test])


def reader(args: argparse.Namespace, name: str) -> Callable[[], Parts]:
    """What reads a data set, in the process that needs it."""
    return partial(load, name, args.data, args.max_samples)


def fits(
    args: argparse.Namespace,
    models: Sequence[tuple[str, Params]],
    names: Sequence[str],
    rounds: Sequence[tuple[Split, int]],
) -> Fit:
    """Arrays of shape (models, names, rounds); a round is a split and a seed."""
    jobs = [
        delayed(one_fit)(*model, reader(args, name), *one)
        for model, name, one in product(models, names, rounds)
    ]
    done = np.array(Parallel(n_jobs=args.jobs, verbose=1)(jobs))
    return Fit(*np.moveaxis(done.reshape(len(models), len(names), len(rounds), 3), -1, 0))


def print_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Markdown; numbers have three decimals."""
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    for row in rows:
        cells = [f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row]
        print("| " + " | ".join(cells) + " |", flush=True)


def text_of(params: Params) -> str:
    return ", ".join(f"`{key}={value!r}`" for key, value in params.items()) or "**default**"


def score_rows(labels: Sequence[str], done: Fit) -> list[list[Any]]:
    """Rows of a label, the mean score, the score of each data set, and seconds of a fit."""
    scores, seconds = done.score.mean(-1), np.median(done.seconds, -1).mean(-1)
    return [
        [label, row.mean(), *row, f"{s:.1f}"]
        for label, row, s in zip(labels, scores, seconds, strict=True)
    ]


def score_table(
    args: argparse.Namespace, rounds: Sequence[tuple[Split, int]], published: str | None = None
) -> None:
    """Models by data sets, and what was published."""
    rows = score_rows(args.models, fits(args, [(m, {}) for m in args.models], args.sets, rounds))
    if published:
        known = PUBLISHED[published]
        rows.append([published, "", *(known.get(name, "") for name in args.sets), ""])
    print_table(["model", "mean", *args.sets, "fit s"], rows)


def variants(args: argparse.Namespace) -> None:
    """Variants of a bias on development parts: two folds, twice."""
    names = [n for n in args.sets if args.bias in ("MLP", "Conv") or n not in LONG]
    models = [(args.bias, params) for params in VARIANTS[args.bias]]
    done = fits(args, models, names, [(partial(fold, k=2, i=i), 0) for i in range(4)])
    rows = score_rows([text_of(params) for _, params in models], done)
    print_table(["variant", "mean", *names, "fit s"], sorted(rows, key=lambda row: -row[1]))


def check(args: argparse.Namespace) -> None:
    """The defaults on held-out parts, after a fit on the development part."""
    score_table(args, [(held_out, seed) for seed in range(args.seeds)])


def series(args: argparse.Namespace) -> None:
    """Official splits of the UCR and UEA archives."""
    rounds = [(held_out, seed) for seed in range(args.seeds)]
    score_table(args, rounds, "FCN (Ismail Fawaz et al. 2019)")


def cross_validation(args: argparse.Namespace, published: str | None = None) -> None:
    """Repeated k-fold cross-validation of all samples, with other folds for each seed."""
    score_table(
        args,
        [
            (partial(fold, k=args.folds, i=i, pooled=True), i // args.folds)
            for i in range(args.seeds * args.folds)
        ],
        published,
    )


def text(args: argparse.Namespace) -> None:
    """Cross-validation of sentences, with logistic regression on words."""
    cross_validation(args, "CNN-rand (Kim 2014)")


def tables(args: argparse.Namespace) -> None:
    """Error on tables, and its ratio to that of RealMLP-TD-S."""
    split = held_out if args.part == "check" else inner
    rounds = [(split, seed) for seed in range(args.seeds)]
    done = fits(args, [(m, {}) for m in args.models], args.sets, rounds)
    errors, seconds = done.error.mean(-1), np.median(done.seconds, -1)
    rows: list[list[Any]] = []
    ratios = np.full_like(errors, np.nan)
    if REALMLP in args.models:
        ratios = errors / errors[args.models.index(REALMLP)]
    for i, name in enumerate(args.sets):
        for j, model in enumerate(args.models):
            rows.append([name, model, f"{errors[j, i]:.4g}", ratios[j, i], f"{seconds[j, i]:.1f}"])
    means = np.exp(np.log(ratios).mean(1))
    rows += [
        ["geometric mean", m, "", mean, ""] for m, mean in zip(args.models, means, strict=True)
    ]
    print_table(["data set", "model", "RMSE or error", "ratio", "fit s"], rows)


def sizes(args: argparse.Namespace) -> None:
    """Defaults against the fixed setting that is best in hindsight, on few samples.

    The best has the highest mean over the draws of a data set; one of 18 is the best by chance
    too, so that a default does well if it comes close.
    """
    rows: list[list[Any]] = []
    for bias, n in product(args.models, args.sizes):
        names = [name for name in args.sets if len(reader(args, name)().y) >= n * 4 / 3]
        if not names:
            continue
        settings: list[Params] = [{}, *FIXED[bias]]
        rounds = [(partial(draw, n=n, seed=i), i) for i in range(args.draws)]
        done = fits(args, [(bias, params) for params in settings], names, rounds)
        default, *fixed = done.score.mean(-1)
        best = np.argmax(fixed, 0)
        scores = np.max(fixed, 0)
        for name, *row, i in zip(names, default, scores, default - scores, best, strict=True):
            rows.append([bias, n, name, *row, text_of(FIXED[bias][i])])
        means = [default.mean(), scores.mean(), (default - scores).mean()]
        rows.append([bias, n, "mean", *means, ""])
    head = ["bias", "samples", "data set", "default", "best fixed", "difference", "setting"]
    print_table(head, rows)


class Command(NamedTuple):
    run: Callable[[argparse.Namespace], None]
    sets: Sequence[str]
    models: Sequence[str] = BIASES
    folds: int | None = None
    seeds: int = 3


GROUPS = {name: tuple(sets) for name, sets in groups().items()}
COMMANDS = {
    "variants": Command(variants, CORE),
    "check": Command(check, CORE),
    "mnist1d": Command(check, ("mnist1d_full", "mnist1d_shuffled")),
    "digits": Command(cross_validation, ("digits_full",), folds=5),
    "text": Command(text, TEXTS, (*BIASES, *WORDS), folds=10, seeds=1),
    "graphs": Command(cross_validation, ("MUTAG", *GRAPHS), ("MLP", "Graph"), folds=10, seeds=1),
    "series": Command(series, tuple(SERIES), ("Conv", "Attention")),
    "tables": Command(tables, GROUPS["tables"], ("MLP", "Attention", REALMLP, TREES)),
    "sizes": Command(sizes, SMALL),
}


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        sub = commands.add_parser(name, help=(command.run.__doc__ or "").splitlines()[0])
        known = [n for sets in GROUPS.values() for n in sets]
        sub.set_defaults(run=command.run)
        sub.add_argument(
            "--sets", nargs="+", choices=known, default=list(command.sets), metavar="SET"
        )
        sub.add_argument("--groups", nargs="+", choices=list(GROUPS), help="sets of these instead")
        sub.add_argument("--data", type=Path, help="folder of texts and graphs")
        sub.add_argument("--max-samples", type=int, help="of each part of a data set")
        sub.add_argument("--jobs", type=int, default=2)
        if name == "variants":
            sub.add_argument("bias", choices=BIASES)
        else:
            sub.add_argument("--models", nargs="+", choices=MODELS, default=list(command.models))
        if name == "sizes":
            sub.add_argument("--sizes", nargs="+", type=int, default=[30, 100, 300])
            sub.add_argument("--draws", type=int, default=5)
        elif name != "variants":
            sub.add_argument("--seeds", type=int, default=command.seeds)
        if name == "tables":
            sub.add_argument("--part", choices=["development", "check"], default="development")
        if command.folds:
            sub.add_argument("--folds", type=int, default=command.folds)
    args = parser.parse_args(arguments)
    if args.groups:
        args.sets = [name for group in args.groups for name in GROUPS[group]]
    needed = {*TEXTS, *GRAPHS} & {*args.sets}
    if needed and args.data is None:
        parser.error(f"{', '.join(sorted(needed))}: pass --data FOLDER (see study_data.py)")
    return args


def main(arguments: Sequence[str] | None = None) -> None:
    args = parsed(arguments)
    args.run(args)


if __name__ == "__main__":
    main()
