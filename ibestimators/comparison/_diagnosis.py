"""A diagnosis before a comparison, and whether the comparison confirms it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from sklearn.base import clone
from sklearn.pipeline import Pipeline

from ibestimators.base import draw_seed
from ibestimators.comparison._setup import Setup
from ibestimators.diagnosis import DiagnosisResult, diagnose
from ibestimators.formatting import listed
from ibestimators.pipelines import innermost
from ibestimators.report import Paragraph, Section
from ibestimators.scoring import predicts_positions
from ibestimators.suite import bias_of

if TYPE_CHECKING:
    from ibestimators.comparison._result import ComparisonResult


def diagnosis_of(setup: Setup) -> DiagnosisResult:
    """What the data suggest, before the folds; the seeds of the comparison stay as they are."""
    if setup.y is None:
        raise ValueError("diagnose=True needs y, the class or number of each sample.")
    if any(map(predicts_positions, setup.estimators.values())):
        raise ValueError(
            "diagnose=True needs one answer a sample, but the estimators predict a value at each "
            "position. Leave it out."
        )
    options: dict[str, Any] = {
        "task": "classification" if setup.classifier else "regression",
        "groups": setup.groups,
        "random_state": draw_seed(copy.deepcopy(setup.generator)),
    }
    try:
        return diagnose(setup.X, setup.y, **options)
    except (TypeError, ValueError):  # such as texts, words or gaps, which a pipeline may encode
        for est in setup.estimators.values():
            if isinstance(est, Pipeline) and len(est) > 1 and bias_of(est)[0] is not None:
                encoded = clone(est[:-1]).fit_transform(setup.X, setup.y)
                return diagnose(encoded, setup.y, **options)
        raise


def in_one_line(diagnosis: DiagnosisResult) -> str:
    """The estimator that a diagnosis suggests, for above the table."""
    guess = " ".join(repr(diagnosis.suggest_estimator()).split())
    return f"Diagnosis: {guess} as a first guess, from all labels and before any training."


def confirmation(result: ComparisonResult) -> list[str]:
    """Whether the scores agree with the diagnosis; nothing without one."""
    if result.diagnosis is None:
        return []
    bias, params = result.diagnosis.bias, result.diagnosis.suggested_parameters
    ranked = list(result.to_frame()["score"].dropna().sort_values().index[::-1])
    own = [name for name in ranked if bias in (name, bias_of(result.estimators[name])[0])]
    if not own or len(ranked) < 2:
        return [f"The diagnosis suggests {bias}, which was not compared with others."]
    as_suggested = [name for name in own if _has(result.estimators[name], params)]
    first, best = [*as_suggested, *own][0], ranked[0]
    note = []
    if not as_suggested:
        wanted = listed([f"{name}={value!r}" for name, value in params.items()])
        note = [
            f"{first} was compared without the parameters that the diagnosis suggests: {wanted}."
        ]
    if first == best:
        verdict = f"confirms the diagnosis: {first} has the highest {result.scoring}."
    elif any({first, best} <= set(group) for group in result.ties()):
        verdict = (
            f"does not contradict the diagnosis: {first} is not significantly different from "
            f"{best}, which has the highest {result.scoring}."
        )
    else:
        verdict = f"corrects the diagnosis: {best} does better than {first}."
    return [f"The comparison {verdict}", *note]


def _has(estimator: Any, params: dict[str, Any]) -> bool:
    """Whether an estimator, or the last step of a pipeline, has some parameters."""
    own = innermost(estimator).get_params(deep=False)
    return all(own.get(name) == value for name, value in params.items())


def diagnosis_section(result: ComparisonResult) -> Section:
    """The diagnosis for a page, and whether it was confirmed; empty without one."""
    if result.diagnosis is None:
        return Section("Diagnosis", [])
    (section,) = result.diagnosis._sections()
    note = "The diagnosis used the labels of all samples, those of the test folds as well."
    verdict = [Paragraph(text) for text in confirmation(result)]
    return Section("Diagnosis", [*verdict, *section.blocks, Paragraph(note, is_note=True)])
