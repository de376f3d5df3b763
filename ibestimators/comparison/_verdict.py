"""What a comparison says in words: its verdict, and the notes below its table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ibestimators.comparison._cells import (
    count_folds,
    failed_fits,
    gains_by_fold,
    missing_scores,
)
from ibestimators.comparison._design import looks_in_words, too_few_folds, what_would_decide
from ibestimators.comparison._representatives import in_words
from ibestimators.comparison._statistics import MIN_FOLDS
from ibestimators.formatting import counted, listed, records, significant

if TYPE_CHECKING:
    from ibestimators.comparison._result import ComparisonResult

IN_THE_VERDICT = ("folds", "power")  # checks whose findings the verdict states


def sentences_of(result: ComparisonResult) -> list[str]:
    """The verdict on each estimator but the baseline."""
    if _baseline_failed(result):
        return [f"The baseline {result.baseline} has no score."]
    frame = result.to_frame().sort_values("score", ascending=False)
    frame = frame.drop(index=result.baseline).dropna(subset="difference")
    n_folds = count_folds(result.cells)
    if len(frame) and n_folds < MIN_FOLDS:
        return [too_few_folds(n_folds, result.design)]
    sentences = [
        _difference_in_words(result, row)
        for row in records(frame)
        if row.finding in ("better", "worse", "equal")
    ]
    unsure = frame[frame["finding"] == "undecided"]
    if len(unsure):
        verb = "is" if len(unsure) == 1 else "are"
        least, most = unsure["detectable"].min(), unsure["detectable"].max()
        size = significant(least)
        if size != significant(most):
            size += f" to {significant(most)}"
        sentences.append(
            f"{listed(unsure.index)} {verb} not significantly different from {result.baseline}. In "
            f"80 of 100 cases these folds would show a true difference of {size}."
        )
        gains = gains_by_fold(result.cells, result.baseline, [*result.estimators])
        sentences += what_would_decide(gains[unsure.index], result)
    untested = frame[frame["finding"].isna()]
    if len(untested):
        sentences.append(
            f"{listed(untested.index)} could not be tested: the difference to {result.baseline} is "
            f"the same in all folds, or fewer than {MIN_FOLDS} folds have a score."
        )
    return [*sentences, *in_words(result.representatives())]


def _baseline_failed(result: ComparisonResult) -> bool:
    own = result.cells["estimator"] == result.baseline
    return bool(result.cells.loc[own, "score"].isna().all())


def _difference_in_words(result: ComparisonResult, row: Any) -> str:
    """A sentence on a difference to the baseline that is decided."""
    if row.finding == "equal":
        return (
            f"{row.Index} does as well as {result.baseline}, within {result.rope:g} (95 % interval "
            f"{row.difference_low:+.3f} to {row.difference_high:+.3f})."
        )
    low, high = sorted([abs(row.difference_low), abs(row.difference_high)])
    return (
        f"{row.Index} does {row.finding} than {result.baseline} by {abs(row.difference):.3f} "
        f"(95 % interval {low:.3f} to {high:.3f}, p = {row.p_value:.2g})."
    )


def notes_of(result: ComparisonResult) -> list[str]:
    """What the reader of the table has to know."""
    return [
        f"{folds_in_words(result)}, the same for all. {intervals_in_words(result)}",
        *looks_in_words(result.design),
        *_training_in_words(result),
        *order_in_words(result),
        *(
            f"Check [{row.Index}]: {row.finding}"
            for row in records(result.checks())
            if row.Index not in IN_THE_VERDICT
        ),
        *(f"{name}: {text}" for name, text in missing_scores(result.cells)),
        *(f"{name}: {text}" for name, text in failed_fits(result.cells)),
    ]


def folds_in_words(result: ComparisonResult) -> str:
    """The folds, such as "5 folds of 1,797 samples"."""
    n_folds = count_folds(result.cells)
    return counted(n_folds, "fold") if result.design is None else result.design.in_words(n_folds)


def intervals_in_words(result: ComparisonResult) -> str:
    """What the intervals of the table are."""
    if count_folds(result.cells) < MIN_FOLDS:
        return f"There are no intervals, which need at least {MIN_FOLDS} folds."
    if len(result.estimators) == 1:
        return "The score has its 95 % interval in brackets."
    return (
        f"The ± of all differences to {result.baseline} hold together with 95 % confidence. Each "
        "score has its 95 % interval in brackets."
    )


def order_in_words(result: ComparisonResult) -> list[str]:
    """That some estimators read the columns of a table in their order; nothing without a table."""
    names = () if result.data is None else result.data.readers_of_order
    if not names:
        return []
    verb = "reads" if len(names) == 1 else "read"
    return [
        f"{listed(names)} {verb} the columns of X in the given order, on which a difference to "
        "another estimator may depend."
    ]


def _training_in_words(result: ComparisonResult) -> list[str]:
    trained = [
        f"{row.Index} {counted(row.max_epochs, 'epoch')} at lr {significant(row.lr)}"
        for row in records(result.training)
    ]
    return [f"Training: {', '.join(trained)}."] if trained else []
