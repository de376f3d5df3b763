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
    table_of_other_scores,
    table_of_representatives,
    wide_table,
)
from ibestimators.comparison._verdict import folds_in_words, intervals_in_words
from ibestimators.formatting import records, span, with_ends
from ibestimators.report import Bullets, Details, Facts, Paragraph, Section, Verdict

if TYPE_CHECKING:
    from ibestimators.comparison._result import ComparisonResult


def sections_of(result: ComparisonResult) -> list[Section]:
    """What was found."""
    table = table_of_representatives(result)
    return [
        Section("", [_verdict(result)]),
        diagnosis_section(result),
        checks_section(result),
        Section("Differences", [*chart_of_differences(result)]),
        Section("Scores", [chart_of_scores(result)]),
        Section(
            "Estimators",
            [
                wide_table(result),
                Paragraph(
                    f"{intervals_in_words(result)} Multiply-adds are those of predicting one "
                    "sample; times are means over the folds.",
                    is_note=True,
                ),
            ],
        ),
        Section(table.caption, [table, Bullets(in_words(result.representatives()))]),
        Section("Other scores", [table_of_other_scores(result)]),
        Section("Training curves", training_curves(result)),
        Section("Missing scores", [Facts(missing_scores(result.cells))]),
        Section("Failed fits", [Facts(failed_fits(result.cells))]),
    ]


def _verdict(result: ComparisonResult) -> Verdict:
    best: Any = result.to_frame().loc[result.best]
    score = with_ends(best["score"], best["score_low"], best["score_high"])
    verdict = result.verdict() or f"No other estimator was compared with {result.baseline}."
    note = f"{folds_in_words(result)}. Highest mean {result.scoring}: {result.best}, {score}."
    return Verdict(verdict, " ".join([note, *looks_in_words(result.design)]))


def checks_section(result: ComparisonResult) -> Section:
    """What the checks found; empty if all is well."""
    found = [(str(row.Index), row.finding) for row in records(result.checks())]
    note = Paragraph(f"The codes are explained at {DOCUMENTATION}.", is_note=True)
    return Section("Checks", [Facts(found), note] if found else [])


def settings_of(result: ComparisonResult) -> list[Section]:
    """With what the comparison was made."""
    sizes = result.cells.groupby("fold")[["n_train", "n_test"]].first()
    facts = [
        ("score", f"{result.scoring}, higher is better"),
        ("baseline", result.baseline),
        ("folds", f"{folds_in_words(result)}, the same for all estimators"),
        ("training samples of a fold", span(sizes["n_train"])),
        ("test samples of a fold", span(sizes["n_test"])),
        *_chance_in_words(result),
        ("practically equal", f"differences up to {result.rope:g}"),
        *(
            (
                f"training of {row.Index}, fold {row.fold + 1}",
                f"lr={row.lr:.3g}, weight_decay={row.weight_decay:.3g}, "
                f"batch_size={row.batch_size}, max_epochs={row.max_epochs}",
            )
            for row in records(result.training)
        ),
        ("seeds", "random_state of each estimator, below"),
    ]
    reprs = [(name, _whole_repr(est)) for name, est in result.estimators.items()]
    return [Section("Settings", [Facts(facts), Details(reprs)])]


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
        "together with 95 % confidence, and p (adjusted) is below 0.05 where an interval "
        "excludes 0: it is the probability of a difference at least as large if the estimators "
        "were equally good, times the number of comparisons (Bonferroni). Intervals take at "
        f"least {MIN_FOLDS} folds. Differences up to {result.rope:g} count as practically equal: "
        "P(better), P(equal) and P(worse) are the probabilities that an estimator is better "
        f"than {result.baseline}, practically equal to it, or worse (Corani & Benavoli 2015). "
        "The training score is that on training samples; where it is low too, the estimator "
        "was not trained to the end, or cannot learn more. The seed spread, if there were several "
        "seeds, is the standard deviation of a fold's score between them; intervals and p-values "
        "are of the means over seeds."
    )
