"""A comparison as text for a paper: methods, results, a table and the references of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from ibestimators.comparison._cells import count_folds
from ibestimators.comparison._design import looks_in_words
from ibestimators.comparison._statistics import MIN_FOLDS
from ibestimators.formatting import counted, listed, number, records, with_ends, with_interval

if TYPE_CHECKING:
    from ibestimators.comparison._result import ComparisonResult

# As tabulate names them; the cells are escaped here, together with the text.
FORMATS = {"markdown": "pipe", "latex": "latex_raw"}
PACKAGES = ("ibestimators", "scikit-learn", "torch")
REFERENCES = {
    "Nadeau & Bengio 2003": "C. Nadeau and Y. Bengio. Inference for the generalization error. "
    "Machine Learning 52, 239-281, 2003.",
    "Wilson 1927": "E. B. Wilson. Probable inference, the law of succession, and statistical "
    "inference. Journal of the American Statistical Association 22, 209-212, 1927.",
    "Pedregosa et al. 2011": "F. Pedregosa et al. Scikit-learn: machine learning in Python. "
    "Journal of Machine Learning Research 12, 2825-2830, 2011.",
}
_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "±": r"$\pm$",
        "²": r"$^2$",
        **{character: f"\\{character}" for character in "&%$#_{}"},
    }
)
_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_|<"})


def manuscript(result: ComparisonResult, style: str) -> str:
    """Methods, results, a table and references.

    Parameters
    ----------
    result : ComparisonResult
    style : {"markdown", "latex"}

    Returns
    -------
    str
    """
    if style not in FORMATS:
        raise ValueError(f"format must be 'markdown' or 'latex', got {style!r}.")
    methods, results = _methods(result), " ".join(_results(result))
    cited = [text for name, text in REFERENCES.items() if name in methods]
    escape = _in_latex if style == "latex" else _in_markdown
    return "\n\n".join(
        [
            *_paragraph("Methods", escape(methods), style),
            *_paragraph("Results", escape(results), style),
            _table(result, style, escape),
            *_paragraph("References", "\n\n".join(map(escape, cited)), style),
        ]
    )


def _in_latex(text: str) -> str:
    return text.translate(_LATEX)


def _in_markdown(text: str) -> str:
    return text.translate(_MARKDOWN)


def _paragraph(heading: str, text: str, style: str) -> list[str]:
    return [rf"\paragraph{{{heading}}}" if style == "latex" else f"**{heading}**", text]


def _methods(result: ComparisonResult) -> str:
    names = [*result.estimators]
    n_folds = count_folds(result.cells)
    folds = counted(n_folds, "fold") if result.design is None else result.design.in_words(n_folds)
    sentences = [
        f"{listed(names)} {'was' if len(names) == 1 else 'were'} scored by {result.scoring} in "
        f"cross-validation ({folds}{'' if len(names) == 1 else ', the same for all'})."
    ]
    sentences += looks_in_words(result.design)
    if result.design is not None and result.design.n_seeds > 1:
        sentences.append("The score of a fold is the mean over the seeds.")
    assumed = [f"{name}: {text}" for name, text in result.assumptions.items() if text]
    if assumed:
        sentences.append(f"Assumptions: {'; '.join(assumed)}.")
    trained = [
        f"{row.Index} {counted(row.max_epochs, 'epoch')}, learning rate {row.lr:.2g}, weight decay "
        f"{row.weight_decay:.2g}, batches of {row.batch_size}"
        for row in records(result.training)
    ]
    if trained:
        sentences.append(f"Training in the first fold: {'; '.join(trained)}.")
    if n_folds >= MIN_FOLDS:
        if len(names) > 1:
            sentences.append(
                f"Differences to {result.baseline} were tested by the corrected resampled t-test, "
                "which accounts for the training samples that folds share (Nadeau & Bengio 2003), "
                f"with Bonferroni's adjustment for {counted(len(names) - 1, 'comparison')}. All "
                "their 95 % intervals hold together."
            )
            if result.rope > 0:
                sentences.append(f"Differences up to {result.rope:g} counted as practically equal.")
        frame = result.to_frame()
        if frame["score_low"].notna().any():
            sentences.append(
                "Intervals of one score have the same corrected variance, and stay within the "
                "bounds of a score that has two (Wilson 1927)."
            )
    software = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    sentences.append(f"Software: {software} (Pedregosa et al. 2011).")
    return " ".join(sentences)


def _results(result: ComparisonResult) -> Sequence[str]:
    frame = result.to_frame().sort_values("score", ascending=False)
    (best,) = records(frame.loc[[result.best]])
    score = with_ends(best.score, best.score_low, best.score_high)
    sentences = [f"{best.Index} had the highest mean {result.scoring}, {score}."]
    for row in records(frame.drop(index=result.baseline)):
        if not isinstance(row.finding, str):
            continue
        ends = f"95 % interval {row.difference_low:+.3f} to {row.difference_high:+.3f}"
        found = {
            "better": "was better than",
            "worse": "was worse than",
            "equal": "was practically equal to",
            "undecided": "was not significantly different from",
        }[row.finding]
        p_value = "p < 0.001" if row.p_value < 0.001 else f"p = {row.p_value:.2g}"
        sentences.append(
            f"{row.Index} {found} {result.baseline} (difference {row.difference:+.3f}, {ends}, "
            f"adjusted {p_value})."
        )
    return sentences


def _table(result: ComparisonResult, style: str, escape: Callable[[str], str]) -> str:
    frame = result.to_frame().sort_values("score", ascending=False, na_position="last")
    heads = ["", "parameters", result.scoring, f"difference to {result.baseline}", "p (adjusted)"]
    rows = [
        [
            str(row.Index),
            number(row.parameters, ",d"),
            with_ends(row.score, row.score_low, row.score_high),
            "baseline" if row.Index == result.baseline else _difference(row),
            "< 0.001" if row.p_value < 0.001 else number(row.p_value, ".2g"),
        ]
        for row in records(frame)
    ]
    cells = [[escape(cell) for cell in row] for row in rows]
    heads = [escape(head) for head in heads]
    aligned = ("left", "right", "right", "right", "right")
    text = tabulate(
        cells, [*map(escape, heads)], FORMATS[style], colalign=aligned, disable_numparse=True
    )
    if style != "latex":
        return text
    return "\n".join(
        [r"\begin{table}", text, rf"\caption{{{escape(_caption(result))}}}", r"\end{table}"]
    )


def _caption(result: ComparisonResult) -> str:
    return f"Mean {result.scoring} of the folds, with 95 % intervals."


def _difference(row: Any) -> str:
    return with_interval(row.difference, row.difference_low, row.difference_high, sign="+")
