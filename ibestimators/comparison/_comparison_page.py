"""The sections of a comparison's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from ibestimators.comparison._cells import failed_fits, missing_scores
from ibestimators.comparison._checks import DOCUMENTATION
from ibestimators.comparison._comparison_charts import (
    chart_of_differences,
    chart_of_scores,
    training_curves,
)
from ibestimators.comparison._design import looks_in_words
from ibestimators.comparison._diagnosis import diagnosis_section
from ibestimators.comparison._representatives import in_words
from ibestimators.comparison._statistics import MIN_FOLDS
from ibestimators.comparison._tables import (
    table_of_differences,
    table_of_folds,
    table_of_representatives,
    table_of_scores,
)
from ibestimators.comparison._verdict import folds_in_words, intervals_in_words, order_in_words
from ibestimators.formatting import records, with_ends
from ibestimators.report import (
    Block,
    Bullets,
    Details,
    Facts,
    Number,
    Paragraph,
    Section,
    Verdict,
)

if TYPE_CHECKING:
    from ibestimators.comparison._result import ComparisonResult


def sections_of(result: ComparisonResult) -> list[Section]:
    """What was found, for the tabs Verdict, Scores, Folds and Checks."""
    networks = table_of_representatives(result)
    return [
        Section("", [_verdict(result), *_differences(result)], tab="Verdict"),
        Section("Differences", [*chart_of_differences(result)], tab="Verdict"),
        Section("Scores", [chart_of_scores(result), *_scores(result)], tab="Scores"),
        Section(
            networks.caption,
            [networks, Bullets(in_words(result.representatives()))],
            tab="Scores",
        ),
        Section("Folds", [_folds(result), table_of_folds(result)], tab="Folds"),
        Section("Training curves", training_curves(result), tab="Folds"),
        Section("Missing scores", [Facts(missing_scores(result.cells))], tab="Folds"),
        Section("Failed fits", [Facts(failed_fits(result.cells))], tab="Folds"),
        checks_section(result),
        diagnosis_section(result),
    ]


def _verdict(result: ComparisonResult) -> Verdict:
    best: Any = result.to_frame().loc[result.best]
    score = with_ends(best["score"], best["score_low"], best["score_high"])
    verdict = result.verdict() or f"No other estimator was compared with {result.baseline}."
    note = [
        f"{folds_in_words(result)}. Highest mean {result.scoring}: {result.best}, {score}.",
        *looks_in_words(result.design),
        *order_in_words(result),
    ]
    codes = result.checks().index.unique()
    if len(codes):
        note.append(f"The checks have findings: {', '.join(codes)}.")
    return Verdict(verdict, " ".join(note))


def _differences(result: ComparisonResult) -> list[Block]:
    return [table_of_differences(result), Paragraph(intervals_in_words(result), is_note=True)]


def _scores(result: ComparisonResult) -> list[Block]:
    note = "Multiply-adds are those of predicting one sample. Times are means over the folds."
    return [table_of_scores(result), Paragraph(note, is_note=True)]


def _folds(result: ComparisonResult) -> Paragraph:
    return Paragraph(f"{folds_in_words(result)}, the same for all estimators.")


def checks_section(result: ComparisonResult) -> Section:
    """What the checks found."""
    found = [(str(row.Index), row.finding) for row in records(result.checks())]
    if not found:
        return Section("Checks", [Paragraph("No check found a problem.")])
    note = Paragraph(f"The codes are explained at {DOCUMENTATION}.", is_note=True)
    return Section("Checks", [Facts(found), note])


def data_facts_of(result: ComparisonResult) -> list[tuple[str, str]]:
    """What is known of the data without X and y."""
    facts = []
    if result.design is not None:
        facts.append(("samples", f"{result.design.n_samples:,}"))
        if result.design.n_groups:
            facts.append(("groups", f"{result.design.n_groups:,}"))
    if result.data is not None and result.data.class_counts:
        facts.append(("classes", f"{len(result.data.class_counts):,}"))
    return [*facts, *_chance_in_words(result)]


def settings_of(result: ComparisonResult) -> list[Section]:
    """With what the comparison was made."""
    facts = [
        ("score", f"{result.scoring}, higher is better"),
        ("baseline", result.baseline),
        ("folds", f"{folds_in_words(result)}, the same for all estimators"),
        ("practically equal", f"differences up to {result.rope:g}"),
        *(
            (
                f"training of {row.Index}, fold {row.fold + 1}",
                f"lr={row.lr:.3g}, weight_decay={row.weight_decay:.3g}, "
                f"batch_size={row.batch_size}, max_epochs={row.max_epochs}",
            )
            for row in records(result.training)
        ),
        *_times(result),
        ("seeds", "random_state of each estimator, below"),
    ]
    reprs = [(name, _whole_repr(est)) for name, est in result.estimators.items()]
    return [Section("Settings", [Facts(facts), Details(reprs)])]


def _times(result: ComparisonResult) -> list[tuple[str, str]]:
    """The time of all fits and predictions, as if they had run one after the other."""
    fits, predictions = result.cells[["fit_time", "predict_time"]].sum()
    return [
        ("time of all fits", f"{Number.seconds(fits).text} s"),
        ("time of all predictions", f"{Number.seconds(predictions).text} s"),
    ]


def _chance_in_words(result: ComparisonResult) -> list[tuple[str, str]]:
    data = result.data
    if data is None:
        return []
    facts = []
    if not np.isnan(data.chance):
        facts.append(("chance level", f"{result.scoring} {data.chance:.3f} without X"))
    if not np.isnan(data.majority_rate):
        rate = f"{data.majority_rate:.1%} of the samples"
        facts.append(("most frequent class", rate))
    return facts


def _whole_repr(est: Any) -> str:
    """The repr of an estimator without the ellipsis that could hide a seed."""
    return est.__repr__(N_CHAR_MAX=10**9) if isinstance(est, BaseEstimator) else repr(est)


def how_to_read(result: ComparisonResult) -> str:
    """The statistics of the page."""
    return (
        "All estimators were trained and tested on the same folds, and their scores are "
        "compared fold by fold. Folds share training samples, which correlates their scores. "
        "The 95 % intervals and the p-values are corrected for this (Nadeau & Bengio 2003); "
        "the intervals are wider than uncorrected ones. All intervals of differences hold "
        "together with 95 % confidence, and p is below 0.05 where an interval excludes 0: it is "
        "the probability of a difference at least as large if the estimators were equally good, "
        "times the number of comparisons (Bonferroni). Intervals take at "
        f"least {MIN_FOLDS} folds. Differences up to {result.rope:g} count as practically equal: "
        "P(better), P(equal) and P(worse) are the probabilities that an estimator is better "
        f"than {result.baseline}, practically equal to it, or worse (Corani & Benavoli 2015). "
        "The training score is that on training samples; where it is low too, the estimator "
        "was not trained to the end, or cannot learn more. The seed spread, if there were several "
        "seeds, is the standard deviation of a fold's score between them; intervals and p-values "
        "are of the means over seeds."
    )
