"""A result as one page: an HTML file that asks nothing of any network.

Pictures are drawn here and not by matplotlib: positions in per cent and text of fixed size
stay readable from a phone to a wide screen, and colours follow the reader's light or dark
scheme.
"""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.base import BaseEstimator, is_classifier

from ibestimators.comparison._ablation import _DESTROYED, AblationResult, _in_words
from ibestimators.comparison._learning_curves import LearningCurvesResult, _law, optimum
from ibestimators.comparison._result import ComparisonResult, with_interval
from ibestimators.structures import NAMES, kind_of

MOST_CLASSES = 20
MARGIN = 6.0  # per cent on both sides of an axis, so that marks at its ends are not cut
ROW = 48  # pixels: two lines of text, so that the grid of one row goes on in the next
MARKS = 31  # pixels from the top of a row
CLOSEST = 9.0  # per cent between labels that do not run into each other on a phone
ENDS = ("", "_low", "_high")
PACKAGES = ("ibestimators", "scikit-learn", "torch", "skorch", "numpy")

# Centred on (0, 0), so that series differ by more than colour.
_MARKERS = (
    "M-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0",
    "M-4,-4h8v8h-8z",
    "M0,-5.5L5.5,0L0,5.5L-5.5,0z",
    "M0,-5L5,4H-5z",
    "M0,5L5,-4H-5z",
)
_N_COLOURS = 7

Cell = str | tuple[str, float]


def write_report(
    result: ComparisonResult,
    path: str | os.PathLike[str],
    *,
    X: Any = None,
    y: ArrayLike | None = None,
    curves: LearningCurvesResult | None = None,
    ablation: AblationResult | None = None,
    title: str | None = None,
) -> Path:
    """Write a comparison as one HTML page that needs no other file and no network.

    Parameters
    ----------
    result : ComparisonResult
        From `compare_biases`.
    path : path
        The file to write, whole or not at all; one that is there is replaced.
    X : array-like of shape (n_samples, ...), or list, default=None
        What was compared on; if given, the page says what it is.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        Class labels or numbers; if given, the page says how they are distributed.
    curves : LearningCurvesResult, default=None
        From `compare_learning_curves`; makes a section of its own.
    ablation : AblationResult, default=None
        From `structure_ablation`; makes a section of its own.
    title : str, default=None
        Heading of the page; None says how many estimators are compared, and by what.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    TypeError
        If `result`, `curves` or `ablation` is not such a result.
    FileNotFoundError
        If the folder of `path` does not exist.
    IsADirectoryError
        If `path` is a folder.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ibestimators import compare_biases
    >>> from ibestimators.report._page import write_report
    >>> X, y = load_iris(return_X_y=True)
    >>> candidates = {"dummy": DummyClassifier(), "normal": GaussianNB()}
    >>> result = compare_biases(X, y, candidates, random_state=0)
    >>> with TemporaryDirectory() as folder:
    ...     page = write_report(result, f"{folder}/iris.html", X=X, y=y).read_text("utf-8")
    >>> "normal does better than dummy by 0.6" in page
    True
    """
    _check_results(result, curves, ablation)
    path = _checked_path(path)
    if title is None:
        title = f"{_counted(len(result.estimators), 'estimator')} compared by {result.scoring}"
    sections = [
        _verdict(result),
        _scores(result),
        _estimators(result),
        _other_scores(result),
        _section("Failed fits", _failures(result.cells)),
        "" if curves is None else _learning_curves(curves),
        "" if ablation is None else _ablation(ablation),
        _data(result, X, y),
        _settings(result),
        _how_to_read(result),
    ]
    page = _PAGE.substitute(
        title=escape(title), style=_STYLE, script=_SCRIPT, body="\n".join(filter(None, sections))
    )
    _write_whole(path, page)
    return path


def _check_results(result: Any, curves: Any, ablation: Any) -> None:
    expected = [
        ("result", result, ComparisonResult, "compare_biases"),
        ("curves", curves, LearningCurvesResult, "compare_learning_curves"),
        ("ablation", ablation, AblationResult, "structure_ablation"),
    ]
    for name, value, kind, source in expected:
        if not isinstance(value, kind) and not (value is None and name != "result"):
            article = "an" if kind is AblationResult else "a"
            raise TypeError(
                f"{name} must be {article} {kind.__name__}, got {type(value).__name__}. "
                f"Give what {source} returns."
            )


def _checked_path(path: str | os.PathLike[str]) -> Path:
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"path={str(path)!r} is a folder, but a file is expected. Give a name in it, such as "
            f"{str(path / 'report.html')!r}."
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"path={str(path)!r} lies in a folder that does not exist. Make {str(path.parent)!r} "
            "first."
        )
    return path


def _write_whole(path: Path, page: str) -> None:
    # Whole or not at all, even if the disk is full.
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        # Names may hold halves of surrogate pairs, which UTF-8 has no bytes for.
        part.write_text(page, encoding="utf-8", errors="xmlcharrefreplace", newline="\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


# Sections, in the order of the page


def _verdict(result: ComparisonResult) -> str:
    frame = result.to_frame()
    ends: Any = frame.loc[result.best, [f"score{end}" for end in ENDS]]
    value = with_interval(*ends)
    lead = f"Highest mean {result.scoring}: {result.best}, {value}."
    said = result.verdict()
    if not said:
        missing = frame["score"].isna()[result.baseline]
        said = (
            f"{result.baseline}, which the others are compared to, has no score."
            if missing
            else f"Nothing was compared to {result.baseline}."
        )
    return (
        '<section class="verdict" aria-label="Verdict">\n'
        f"<p>{escape(said)}</p>\n<p><small>{escape(lead)}</small></p>\n</section>"
    )


def _scores(result: ComparisonResult) -> str:
    frame = result.to_frame()
    frame = frame[np.isfinite(frame["score"])].sort_values("score", ascending=False)
    for end in ("score_low", "score_high"):
        frame[end] = frame[end].fillna(frame["score"])
    axis = _Axis.over(frame[["score_low", "score", "score_high"]].to_numpy())
    reference = ""
    if result.baseline in frame.index:
        at = axis.at(frame.loc[result.baseline, "score"])
        reference = _line("reference", at, at, "0", "100%")
    rows = []
    for name, row in frame.iterrows():
        x, low, high = (axis.at(row[value]) for value in ("score", "score_low", "score_high"))
        marks = (
            _line("interval", low, high, MARKS, MARKS)
            + f'<circle cx="{x:.2f}%" cy="{MARKS}" r="5"/>'
            + _text(f"{row['score']:.3f}", x)
        )
        kind = "muted" if name == result.baseline else "accent"
        rows.append((_label(name, row["assumption"]), kind, reference + marks))
    told = "; ".join(
        f"{name} {with_interval(row.score, row.score_low, row.score_high)}"
        for name, row in frame.iterrows()
    )
    caption = (
        f"Mean (dot) and 95 % interval (bar) of {result.scoring} over "
        f"{_counted(_n_folds(result.cells), 'fold')}. Dashed: {result.baseline}, the baseline."
    )
    return _section("Scores", _figure(_rows(rows, axis, f"Mean {result.scoring}: {told}"), caption))


def _estimators(result: ComparisonResult) -> str:
    frame = result.to_frame().sort_values("score", ascending=False, na_position="last")
    heads = [
        "estimator", "assumes", "parameters", "multiply-adds", result.scoring,
        f"vs {result.baseline}", "p (Holm)", "P(better)", "P(equal)", "P(worse)",
        "fit (s)", "predict (s)", "failures",
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            str(name),
            row.assumption,
            _number(row.parameters, ",d"),
            _number(row.multiply_adds, ",d"),
            (with_interval(row.score, row.score_low, row.score_high), row.score),
            _difference(row, name == result.baseline),
            _not_tiny(row.p_value, ".2g"),
            _number(row.p_better, ".2f"),
            _number(row.p_equal, ".2f"),
            _number(row.p_worse, ".2f"),
            _seconds(row.fit_time),
            _seconds(row.predict_time),
            _number(row.failures, "d"),
        ]
        for name, row in frame.iterrows()
    ]
    note = (
        "± is half of a 95 % interval. Multiply-adds are those of a prediction, a sample; times "
        "are means of a fold. A heading sorts the table."
    )
    table = _table("All estimators", heads, rows, sorted_by=4)
    return _section("Estimators", table, f"<p><small>{note}</small></p>")


def _difference(row: Any, is_baseline: bool) -> Cell:
    if is_baseline:
        return "baseline", np.nan
    ends = row.difference, row.difference_low, row.difference_high
    return "" if pd.isna(ends[0]) else with_interval(*ends, sign="+"), ends[0]


def _other_scores(result: ComparisonResult) -> str:
    if not result.other_scorings:
        return ""
    frames = [result.to_frame(scoring) for scoring in result.other_scorings]
    rows: list[list[Cell]] = []
    for name in result.estimators:
        ends: list[Any] = [frame.loc[name, [f"score{end}" for end in ENDS]] for frame in frames]
        rows.append([name, *((with_interval(*end), end["score"]) for end in ends)])
    heads = ["estimator", *result.other_scorings]
    return _section("Other scores", _table("Other scores", heads, rows))


def _failures(cells: pd.DataFrame) -> str:
    """What failed, in which folds and why; the same reason once."""
    failed = cells[cells["error"].notna()]
    items = []
    for (name, error), own in failed.groupby(["estimator", "error"], sort=False):
        n_fits = (cells["estimator"] == name).sum()
        folds = sorted(int(fold) + 1 for fold in own["fold"].unique())
        which = "fold" if len(folds) == 1 else "folds"
        where = f"{len(own)} of {_counted(n_fits, 'fit')}, in {which} {_ranges(folds)}"
        items.append(f"<b>{escape(str(name))}</b>, {where}: <code>{escape(str(error))}</code>")
    return _list(items)


def _learning_curves(curves: LearningCurvesResult) -> str:
    laws = curves.power_laws()
    dashed = " Dashed: a power law." if laws["a"].notna().any() else ""
    n_folds = _counted(_n_folds(curves.cells), "fold")
    caption = (
        f"Mean and 95 % interval (band) of {curves.scoring} over {n_folds}, by the number of "
        f"training samples.{dashed}"
    )
    return _section(
        "How much data each is worth",
        _figure(_curves_picture(curves, laws), caption),
        _list(escape(sentence) for sentence in curves.data_efficiency()["sentence"]),
        _power_laws(laws),
        _failed_too(curves.cells),
    )


def _power_laws(laws: pd.DataFrame) -> str:
    laws = laws.dropna(subset="a")
    if laws.empty:
        return (
            "<p><small>No power law was fitted: that takes four sizes at least, and an error that "
            "falls.</small></p>"
        )
    rows: list[list[Cell]] = [
        [str(name), *(_with_ends(row[v], row[f"{v}_low"], row[f"{v}_high"]) for v in "abc")]
        for name, row in laws.iterrows()
    ]
    note = (
        "Error = a n<sup>−b</sup> + c for n samples: c is what remains however much data there "
        "is, b how fast the rest vanishes. In brackets 95 % intervals."
    )
    table = _table("Power laws of the error", ["estimator", "a", "b", "c"], rows)
    return f"<h3>Power laws</h3>\n{table}\n<p><small>{note}</small></p>"


def _with_ends(value: float, low: float, high: float) -> Cell:
    ends = "" if pd.isna(low) else f" ({_two_digits(low)} to {_two_digits(high)})"
    return f"{_two_digits(value)}{ends}", value


def _two_digits(value: float) -> str:
    return "0" if value < 5e-4 else f"{float(f'{value:.2g}'):,g}"


def _ablation(ablation: AblationResult) -> str:
    frame = ablation.to_frame()
    caption = (
        f"Mean {ablation.scoring} intact (dot) and destroyed (ring), with the fall and half of its "
        f"95 % interval; in colour where that excludes 0. Destroyed: "
        f"{_DESTROYED[ablation.structure]}."
    )
    rows: list[list[Cell]] = [
        [
            str(name),
            row.assumption,
            _number(row.intact, ".3f"),
            _number(row.destroyed, ".3f"),
            (with_interval(row.fall, row.fall_low, row.fall_high, sign="+"), row.fall),
        ]
        for name, row in frame.iterrows()
    ]
    heads = ["estimator", "assumes", "intact", "destroyed", "fall"]
    return _section(
        "What the structure is worth",
        _figure(_ablation_picture(ablation), caption),
        _list(f"{escape(_in_words(row))}." for row in frame.itertuples()),
        _table("Scores with and without the structure", heads, rows),
        _failed_too(ablation.cells),
    )


def _failed_too(cells: pd.DataFrame) -> str:
    failures = _failures(cells)
    return f"<h3>Failed fits</h3>\n{failures}" if failures else ""


def _data(result: ComparisonResult, X: Any, y: Any) -> str:
    facts: list[tuple[str, str]] = []
    if X is not None:
        facts += _facts_of_samples(X)
    if y is not None:
        facts += _facts_of_target(y, is_classifier(result.estimators[result.baseline]))
    return _section("Data", _facts(facts)) if facts else ""


def _settings(result: ComparisonResult) -> str:
    sizes = result.cells.groupby("fold")[["n_train", "n_test"]].first()
    facts = [
        ("score", f"{result.scoring}, higher is better"),
        ("baseline", result.baseline),
        ("folds", f"{len(sizes)}, the same for all"),
        ("training samples of a fold", _range(sizes["n_train"])),
        ("test samples of a fold", _range(sizes["n_test"])),
        ("practically equal", f"differences up to {result.rope:g}"),
        ("seeds", "random_state of each estimator, below"),
    ]
    details = [
        f"<details><summary>{escape(name)}</summary><pre>{escape(_whole_repr(est))}</pre></details>"
        for name, est in result.estimators.items()
    ]
    versions = [
        *((name, version(name)) for name in PACKAGES),
        ("Python", platform.python_version()),
    ]
    return "\n".join(
        [
            _section("Settings", _facts(facts), *details),
            _section("Versions", _facts(versions)),
        ]
    )


def _whole_repr(est: Any) -> str:
    """The repr of an estimator without the ellipsis that could hide a seed."""
    return est.__repr__(N_CHAR_MAX=10**9) if isinstance(est, BaseEstimator) else repr(est)


def _how_to_read(result: ComparisonResult) -> str:
    text = (
        "All estimators were trained and tested on the same folds, so that scores are compared "
        "fold by fold. Folds share training samples, which makes their scores alike; the 95 % "
        "intervals and the p-values are corrected for that (Nadeau & Bengio 2003), and are wider "
        "than the usual ones. p (Holm) is how often chance alone would show a difference as large, "
        "adjusted for the number of estimators, since of many comparisons some come out by luck. "
        f"Differences up to {result.rope:g} are taken for no difference in practice: P(better), "
        "P(equal) and P(worse) are the probabilities that an estimator lies above, within or below "
        f"that region around {result.baseline} (Corani & Benavoli 2015)."
    )
    return _section("How to read this page", f"<p>{escape(text)}</p>")


# What the data are


def _facts_of_samples(X: Any) -> list[tuple[str, str]]:
    try:
        kind = kind_of(X)
    except (TypeError, ValueError):  # text and the like, which a pipeline turns into a kind
        return [("samples", f"{len(X):,}")]
    if kind == "array":
        n_samples, *shape = np.shape(X)
        facts = [("samples", f"{n_samples:,}"), ("shape of a sample", _shape(shape))]
    else:
        unit, size = _SIZES[kind]
        facts = [("samples", f"{len(X):,}"), (unit, _range([size(item) for item in X]))]
    if kind == "sequences":
        facts.append(("features of a step", _range([np.shape(item)[-1] for item in X])))
    if kind in ("array", "sequences"):
        n_missing = sum(map(_n_missing, X)) if kind == "sequences" else _n_missing(X)
        facts.append(("missing values", f"{n_missing:,}" if n_missing else "none"))
    return [("X", NAMES[kind]), *facts]


def _n_nodes(graph: Any) -> int:
    if isinstance(graph, tuple):
        return int(graph[0].shape[0])
    n_nodes = getattr(graph, "num_nodes", None)  # PyTorch Geometric
    if isinstance(n_nodes, int):
        return n_nodes
    if hasattr(graph, "edge_index"):
        return int(np.asarray(graph.edge_index).max(initial=-1)) + 1
    return len(graph)


_SIZES: dict[str, tuple[str, Callable[[Any], int]]] = {
    "sequences": ("steps of a sample", len),
    "tokens": ("tokens of a sample", len),
    "graphs": ("nodes of a graph", _n_nodes),
}


def _n_missing(values: Any) -> int:
    values = values.data if sparse.issparse(values) else values
    return int(pd.isna(np.asarray(values)).sum())


def _facts_of_target(y: Any, classes: bool) -> list[tuple[str, str]]:
    y = np.asarray(y)
    if classes and y.ndim == 1:
        return _facts_of_classes(y)
    if classes:
        return [("outputs", f"{y.shape[1]:,}")]
    columns = y.reshape(len(y), -1).T.astype(float)
    shown = [f"{column.mean():.4g} ± {column.std():.4g}" for column in columns[:MOST_CLASSES]]
    return [("target, mean ± sd", _with_rest(shown, len(columns), "outputs"))]


def _facts_of_classes(y: Any) -> list[tuple[str, str]]:
    labels, counts = np.unique(y, return_counts=True)
    largest = np.argsort(-counts, kind="stable")[:MOST_CLASSES]
    shown = [f"{labels[i]} ({counts[i]:,})" for i in largest]
    return [
        ("classes", f"{len(labels):,}"),
        ("samples of each", _with_rest(shown, len(labels), "classes")),
    ]


def _with_rest(shown: list[str], n: int, of_what: str) -> str:
    rest = [f"and {n - len(shown):,} more {of_what}"] if n > len(shown) else []
    return ", ".join([*shown, *rest])


# Pictures


@dataclass(frozen=True)
class _Axis:
    """From values to per cent of a picture's width or height."""

    low: float
    high: float
    margin: float = MARGIN

    @classmethod
    def over(cls, values: Any) -> _Axis:
        values = np.asarray(values, dtype=float)
        values = values[np.isfinite(values)]
        low, high = (values.min(), values.max()) if values.size else (0, 1)
        if high - low < 1e-9 * max(1, abs(low)):  # one value alone still needs an axis
            low, high = low - 0.05 * max(1, abs(low)), high + 0.05 * max(1, abs(high))
        return cls(float(low), float(high))

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.margin + (100 - 2 * self.margin) * float(share)

    def ticks(self) -> list[float]:
        """Two to six round values."""
        raw = (self.high - self.low) / 6
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw * (1 - 1e-9))
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [step * i for i in range(first, last + 1)]


def _rows(rows: list[tuple[str, str, str]], axis: _Axis, told: str) -> str:
    """A picture of one line an estimator: its label, and its marks on a common axis."""
    ticks = [(axis.at(tick), f"{tick:g}") for tick in axis.ticks()]
    grid = "".join(_line("grid", x, x, "0", "100%") for x, _ in ticks)
    lines = [
        f'<div class="row"><div class="label">{label}</div>'
        f'<svg class="{kind}" width="100%" height="{ROW}">{grid}{marks}</svg></div>'
        for label, kind, marks in rows
    ]
    texts = "".join(
        f'<text x="{x:.2f}%" y="15" text-anchor="middle">{text}</text>' for x, text in ticks
    )
    lines.append(
        f'<div class="row"><div></div><svg class="ticks" width="100%" height="22">{texts}</svg>'
        "</div>"
    )
    return f'<div class="rows" role="img" aria-label="{escape(told)}">\n{_lines(lines)}\n</div>'


def _label(name: Any, assumes: str) -> str:
    small = f"<small>{escape(assumes)}</small>" if assumes else ""
    return f"<b>{escape(str(name))}</b>{small}"


def _line(kind: str, x1: float, x2: float, y1: float | str, y2: float | str) -> str:
    return f'<line class="{kind}" x1="{x1:.2f}%" x2="{x2:.2f}%" y1="{y1}" y2="{y2}"/>'


def _text(text: str, x: float) -> str:
    """Text above a mark; long text near an end grows inwards, or it would widen the page."""
    anchor, shift = "middle", 0
    if len(text) > 8 and not 22 < x < 78:
        anchor, shift = ("start", -6) if x < 50 else ("end", 6)
    return (
        f'<text x="{x:.2f}%" y="{MARKS - 13}" dx="{shift}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _ablation_picture(ablation: AblationResult) -> str:
    frame = ablation.to_frame().dropna(subset="fall").sort_values("intact", ascending=False)
    axis = _Axis.over(frame[["intact", "destroyed"]].to_numpy())
    rows = []
    for name, row in frame.iterrows():
        intact, destroyed = axis.at(row["intact"]), axis.at(row["destroyed"])
        fall = with_interval(row["fall"], row["fall_low"], row["fall_high"], sign="+")
        # The ring is larger than the dot, so that both are seen at one place.
        marks = (
            _line("change", intact, destroyed, MARKS, MARKS)
            + f'<circle class="ring" cx="{destroyed:.2f}%" cy="{MARKS}" r="6.5"/>'
            + f'<circle cx="{intact:.2f}%" cy="{MARKS}" r="4"/>'
            + _text(fall, (intact + destroyed) / 2)
        )
        shown = row["fall_low"] > 0 or row["fall_high"] < 0
        rows.append((_label(name, row["assumption"]), "accent" if shown else "muted", marks))
    told = "; ".join(
        f"{name} {row.intact:.3f}, destroyed {row.destroyed:.3f}" for name, row in frame.iterrows()
    )
    return _rows(rows, axis, f"{ablation.scoring} intact and destroyed: {told}")


def _curves_picture(curves: LearningCurvesResult, laws: pd.DataFrame) -> str:
    frame = curves.to_frame()
    sizes = frame.index.get_level_values("n_train").unique()
    across = _Axis.over(np.log(sizes.to_numpy(dtype=float)))
    up = _Axis.over(frame[["score_low", "score", "score_high"]].to_numpy())
    looks = _looks(list(laws.index), curves.baseline)
    best = optimum(curves.scoring)
    series = [
        _curve(
            frame.loc[name].dropna(subset="score"), laws.loc[name], looks[name], across, up, best
        )
        for name in laws.index
    ]
    legend = "".join(
        f'<li><svg class="{kind}" width="14" height="14">{_marker(marker, "50%", "50%")}</svg>'
        f"{escape(str(name))}</li>"
        for name, (kind, marker) in looks.items()
    )
    told = "; ".join(
        f"{name} " + ", ".join(f"{s:.3f} with {n:,}" for n, s in frame.loc[name, "score"].items())
        for name in laws.index
    )
    return (
        f'<ul class="legend">{legend}</ul>\n'
        f'<div class="curves" role="img" aria-label="{escape(curves.scoring)} by training samples: '
        f'{escape(told)}">\n<svg width="100%" height="300">\n{_curves_axes(sizes, across, up)}\n'
        f"{_lines(series)}\n</svg>\n</div>"
    )


def _looks(names: list[Any], baseline: str) -> dict[Any, tuple[str, str]]:
    """Colour and marker of each curve; the baseline is grey."""
    others = [name for name in names if name != baseline]
    looks = {
        name: (f"s{i % _N_COLOURS}", _MARKERS[1 + i % (len(_MARKERS) - 1)])
        for i, name in enumerate(others)
    }
    return {name: looks.get(name, ("muted", _MARKERS[0])) for name in names}


def _curves_axes(sizes: Any, across: _Axis, up: _Axis) -> str:
    parts = []
    for tick in up.ticks():
        y = 100 - up.at(tick)
        parts.append(f'<line class="grid" x1="0" x2="100%" y1="{y:.2f}%" y2="{y:.2f}%"/>')
        parts.append(f'<text x="-8" y="{y:.2f}%" dy="0.35em" text-anchor="end">{tick:g}</text>')
    last = math.inf
    for size in reversed(sizes):  # the largest is always told
        x = across.at(math.log(size))
        if last - x >= CLOSEST:
            last = x
            parts.append(
                f'<text x="{x:.2f}%" y="100%" dy="1.5em" text-anchor="middle">{size:,}</text>'
            )
    return "".join(parts)


def _curve(
    curve: pd.DataFrame,
    law: pd.Series[Any],
    look: tuple[str, str],
    across: _Axis,
    up: _Axis,
    best: float,
) -> str:
    kind, marker = look
    band = curve.dropna(subset="score_low")
    around = [*band["score_high"].items(), *reversed([*band["score_low"].items()])]
    a, b, c = law[["a", "b", "c"]]
    fitted: Iterable[Any] = []
    if np.isfinite(a) and len(curve):
        grid = np.geomspace(curve.index[0], curve.index[-1], 40)
        fitted = zip(grid, best - _law(grid, a, b, c), strict=True)
    # Lines stretch with the picture, markers and the width of lines do not.
    stretched = (
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">'
        f'<polygon class="band" points="{_points(around, across, up)}"/>'
        f'<polyline class="curve" points="{_points(curve["score"].items(), across, up)}"/>'
        f'<polyline class="law" points="{_points(fitted, across, up)}"/></svg>'
    )
    markers = "".join(
        _marker(marker, f"{across.at(math.log(n)):.2f}%", f"{100 - up.at(score):.2f}%")
        for n, score in zip(curve.index, curve["score"], strict=True)
    )
    return f'<g class="{kind}">{stretched}{markers}</g>'


def _points(points: Iterable[Any], across: _Axis, up: _Axis) -> str:
    return " ".join(f"{across.at(math.log(n)):.2f},{100 - up.at(y):.2f}" for n, y in points)


def _marker(marker: str, x: str, y: str) -> str:
    # Paths take no per cent, but a picture within the picture does.
    return f'<svg class="marker" x="{x}" y="{y}"><path d="{marker}"/></svg>'


# Pieces of HTML


def _section(heading: str, *parts: str) -> str:
    """A section of the page, or "" if there is nothing to say."""
    body = _lines(filter(None, parts))
    return f"<section>\n<h2>{escape(heading)}</h2>\n{body}\n</section>" if body else ""


def _figure(picture: str, caption: str) -> str:
    return f"<figure>\n{picture}\n<figcaption>{escape(caption)}</figcaption>\n</figure>"


def _list(items: Iterable[str]) -> str:
    entries = [f"<li>{item}</li>" for item in items]
    return f"<ul>\n{_lines(entries)}\n</ul>" if entries else ""


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    pairs = [f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts]
    return f"<dl>\n{_lines(pairs)}\n</dl>"


def _table(
    caption: str, heads: Sequence[str], rows: Sequence[list[Cell]], sorted_by: int | None = None
) -> str:
    """A table in a box that scrolls, so that the page does not.

    Pairs of text and number are right-aligned and sorted by the number. `sorted_by` is the
    column that the rows are sorted by, from the largest; None makes a table that cannot be
    sorted.
    """
    numeric = [isinstance(cell, tuple) for cell in rows[0]]
    top = "".join(
        _head(head, numeric[i], None if sorted_by is None else i == sorted_by)
        for i, head in enumerate(heads)
    )
    body = [f"<tr>{''.join(map(_cell, row, [True] + [False] * len(row)))}</tr>" for row in rows]
    wide, kind = ("", "") if sorted_by is None else (" wide", ' class="sortable"')
    # In the tab order, so that the arrow keys scroll it.
    return (
        f'<div class="scroll{wide}" tabindex="0" role="region" aria-label="{escape(caption)}">\n'
        f'<table{kind}>\n<caption class="hidden">{escape(caption)}</caption>\n'
        f"<thead><tr>{top}</tr></thead>\n<tbody>\n{_lines(body)}\n</tbody>\n</table>\n</div>"
    )


def _head(head: str, numeric: bool, is_sorted: bool | None) -> str:
    kind = ' class="number"' if numeric else ""
    if is_sorted is None:
        return f'<th scope="col"{kind}>{escape(head)}</th>'
    order = "descending" if is_sorted else "none"
    button = f'<button type="button">{escape(head)}</button>'
    return f'<th scope="col"{kind} aria-sort="{order}">{button}</th>'


def _cell(cell: Cell, is_name: bool) -> str:
    if is_name:
        return f'<th scope="row">{escape(str(cell))}</th>'
    if isinstance(cell, str):
        return f"<td>{escape(cell)}</td>"
    text, value = cell
    data = "" if pd.isna(value) else repr(float(value))
    return f'<td class="number" data-value="{data}">{escape(text)}</td>'


def _number(value: Any, spec: str) -> tuple[str, float]:
    return ("", np.nan) if pd.isna(value) else (format(value, spec), float(value))


def _seconds(value: float) -> tuple[str, float]:
    return _number(value, ",.1f") if value >= 10 else _not_tiny(value, ".2g")


def _not_tiny(value: float, spec: str) -> tuple[str, float]:
    return ("< 0.001", value) if value < 0.001 else _number(value, spec)


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(parts)


def _n_folds(cells: pd.DataFrame) -> int:
    return int(cells["fold"].nunique())


def _counted(n: int, thing: str) -> str:
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def _shape(sizes: Sequence[int]) -> str:
    return " × ".join(f"{size:,}" for size in sizes) if sizes else "a number"


def _range(values: Iterable[int]) -> str:
    low, high = min(values := [*values]), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _ranges(numbers: Sequence[int]) -> str:
    """1, 2, 3, 5 as 1-3, 5."""
    runs = [
        [number for _, number in run]
        for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    ]
    return ", ".join(f"{run[0]}" if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


# The policy makes the browser hold the promise: nothing is loaded from anywhere.
_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
$style
</style>
</head>
<body>
<main>
<h1>$title</h1>
$body
</main>
<script>
$script
</script>
</body>
</html>
""")

_STYLE = """
:root {
  color-scheme: light dark;
  --page: #fdfdfc; --panel: #f3f4f2; --text: #1d2125; --soft: #565e66; --line: #d9dcd8;
  --accent: #0a5ea8; --muted: #6b7278;
  --s0: #0a5ea8; --s1: #b4500a; --s2: #1b7a4b; --s3: #9a3a8c; --s4: #8a6a00; --s5: #b3303a;
  --s6: #0f7480;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #16191c; --panel: #1f2428; --text: #e6e8ea; --soft: #a8b0b8; --line: #363c42;
    --accent: #79b8f3; --muted: #9aa2aa;
    --s0: #79b8f3; --s1: #f0a063; --s2: #6fcf9a; --s3: #dd93d1; --s4: #dcbf55; --s5: #f28b91;
    --s6: #62c6d2;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text); font: 1rem/1.55 system-ui, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 1.25rem; text-wrap: balance; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.75rem 0 0.75rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 0.5rem; }
p, ul { margin: 0.5rem 0; max-width: 46rem; }
ul { padding-left: 1.25rem; }
li { margin: 0.25rem 0; }
small, figcaption { color: var(--soft); font-size: 0.875rem; }
code, pre { font: 0.875rem/1.5 ui-monospace, monospace; }
figure { margin: 0; }
figcaption { margin-top: 0.5rem; max-width: 46rem; }
.verdict {
  background: var(--panel); border-left: 4px solid var(--accent); border-radius: 4px;
  padding: 0.75rem 1.25rem;
}
.verdict p { font-size: 1.125rem; max-width: none; }
svg { display: block; overflow: visible; }
svg text {
  font-size: 13px; fill: var(--text); stroke: var(--page); stroke-width: 4px; paint-order: stroke;
}
.row { display: grid; grid-template-columns: 15rem 1fr; align-items: center; column-gap: 1rem; }
.label { line-height: 1.3; padding: 0.25rem 0; }
.label small { display: block; }
.accent { color: var(--accent); } .muted { color: var(--muted); }
.s0 { color: var(--s0); } .s1 { color: var(--s1); } .s2 { color: var(--s2); }
.s3 { color: var(--s3); } .s4 { color: var(--s4); } .s5 { color: var(--s5); }
.s6 { color: var(--s6); }
circle, .marker path { fill: currentColor; }
.grid { stroke: var(--line); }
.reference { stroke: var(--muted); stroke-dasharray: 4 3; }
.interval { stroke: currentColor; stroke-width: 8; stroke-opacity: 0.35; }
.change { stroke: currentColor; stroke-width: 2; }
.ring { fill: var(--page); stroke: currentColor; stroke-width: 1.5; }
.ticks text, .curves text { fill: var(--soft); }
.curves { margin: 0.5rem 0.5rem 2rem 3rem; }
.curve, .law { fill: none; stroke: currentColor; vector-effect: non-scaling-stroke; }
.curve { stroke-width: 2; }
.law { stroke-dasharray: 5 4; }
.band { fill: currentColor; fill-opacity: 0.1; }
.legend {
  list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem;
  max-width: none;
}
.legend li { display: flex; align-items: center; gap: 0.4rem; margin: 0; min-width: 0; }
.legend svg { flex: none; }
.scroll { overflow-x: auto; margin: 0.75rem 0; position: relative; }
.scroll:focus-visible, button:focus-visible, summary:focus-visible {
  outline: 2px solid var(--accent); outline-offset: 2px;
}
table { border-collapse: separate; border-spacing: 0; font-size: 0.875rem; overflow-wrap: normal; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.sortable { font-size: 0.8125rem; }
th, td { padding: 0.4rem 0.45rem; text-align: left; border-bottom: 1px solid var(--line); }
thead th { vertical-align: bottom; font-weight: 600; color: var(--soft); }
tbody th {
  position: sticky; left: 0; background: var(--page); max-width: 11rem; overflow-wrap: break-word;
}
td:not(.number) { min-width: 8rem; }
.number { text-align: right; }
td.number { white-space: nowrap; }
th button { all: unset; cursor: pointer; border-radius: 2px; }
th button:hover { text-decoration: underline; }
th[aria-sort="ascending"] button::after { content: "\\00a0\\2191"; }
th[aria-sort="descending"] button::after { content: "\\00a0\\2193"; }
th[aria-sort="ascending"], th[aria-sort="descending"] { color: var(--text); }
dl { display: grid; gap: 0.25rem 1rem; margin: 0.5rem 0; }
dl div { display: grid; grid-template-columns: 15rem 1fr; column-gap: 1rem; }
dt { color: var(--soft); }
dd { margin: 0; }
details { border-bottom: 1px solid var(--line); padding: 0.35rem 0; }
summary { cursor: pointer; border-radius: 2px; }
pre { white-space: pre-wrap; background: var(--panel); padding: 0.75rem; border-radius: 4px; }
@media (min-width: 64rem) {
  .wide { margin-inline: calc((58rem - min(100vw - 4rem, 74rem)) / 2); }
}
@media (max-width: 40rem) {
  main { padding-top: 1.25rem; }
  h1 { font-size: 1.375rem; }
  .row, dl div { grid-template-columns: 1fr; }
  .row { padding-top: 0.35rem; }
  dl { row-gap: 0.6rem; }
  tbody th { max-width: 7rem; }
}
""".strip()

_SCRIPT = """
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const sort = (head, column) => {
    const numeric = head.classList.contains("number");
    // Numbers begin with the largest, words with the first of the alphabet.
    const before = head.getAttribute("aria-sort");
    const down = before === "none" ? numeric : before === "ascending";
    const value = row => {
      const cell = row.cells[column];
      return numeric ? parseFloat(cell.dataset.value) : cell.textContent;
    };
    const compare = (a, b) => {
      if (!numeric) return a.localeCompare(b) * (down ? -1 : 1);
      if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b); // the missing last, always
      return (a - b) * (down ? -1 : 1);
    };
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => compare(value(a), value(b)));
    table.tBodies[0].append(...rows);
    for (const other of heads) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
  };
  heads.forEach((head, column) =>
    head.querySelector("button").addEventListener("click", () => sort(head, column)));
}
""".strip()
