"""A diagnosis before a comparison, and whether the comparison confirms it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from ibestimators.base import draw_seed
from ibestimators.comparison._setup import Setup
from ibestimators.diagnosis import DiagnosisResult, diagnose
from ibestimators.report import Paragraph, Section
from ibestimators.suite import bias_of

if TYPE_CHECKING:
    from ibestimators.comparison._result import ComparisonResult


def diagnosis_of(setup: Setup) -> DiagnosisResult:
    """What the data suggest, before the folds; the seeds of the comparison stay as they are."""
    if setup.y is None:
        raise ValueError("diagnose=True needs y, the class or number of each sample.")
    seed = draw_seed(copy.deepcopy(setup.generator))
    return diagnose(setup.X, setup.y, groups=setup.groups, random_state=seed)


def in_one_line(diagnosis: DiagnosisResult) -> str:
    """The estimator that a diagnosis suggests, for above the table."""
    guess = " ".join(repr(diagnosis.suggest_estimator()).split())
    return f"Diagnosis: {guess} as a first guess, from all labels and before any training."


def confirmation(result: ComparisonResult) -> list[str]:
    """Whether the scores agree with the diagnosis; nothing without one."""
    if result.diagnosis is None:
        return []
    bias = result.diagnosis.bias
    own = [n for n, est in result.estimators.items() if bias in (n, bias_of(est)[0])]
    ranked = list(result.to_frame()["score"].dropna().sort_values().index[::-1])
    own = [name for name in ranked if name in own]
    if not own or len(ranked) < 2:
        return [f"The diagnosis suggests {bias}, which was not compared with others."]
    first, best = own[0], ranked[0]
    if first == best:
        return [f"The comparison confirms the diagnosis: {first} has the highest {result.scoring}."]
    if any({first, best} <= set(group) for group in result.ties()):
        return [
            f"The comparison does not contradict the diagnosis: {first} is not significantly "
            f"different from {best}, which has the highest {result.scoring}."
        ]
    return [f"The comparison corrects the diagnosis: {best} does better than {first}."]


def diagnosis_section(result: ComparisonResult) -> Section:
    """The diagnosis for a page, and whether it was confirmed; empty without one."""
    if result.diagnosis is None:
        return Section("Diagnosis", [])
    (section,) = result.diagnosis._sections()
    note = "The diagnosis used the labels of all samples, those of the test folds as well."
    verdict = [Paragraph(text) for text in confirmation(result)]
    return Section("Diagnosis", [*verdict, *section.blocks, Paragraph(note, is_note=True)])
