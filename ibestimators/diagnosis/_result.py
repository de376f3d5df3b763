"""A diagnosis: findings, symmetries, and the estimator that they suggest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from ibestimators.diagnosis._findings import Finding
from ibestimators.report import Bullets, Number, Paragraph, Result, Section, Table, Verdict
from ibestimators.suite import BASELINE, CLASSIFIERS, REGRESSORS
from ibestimators.symmetries import SymmetryResult

# The bias of a kind where nothing is known of its changes.
_OF_LISTS = {
    "graphs": "Graph",
    "tokens": "Attention",
    "sequences": "Recurrent",
    "pairs": "Attention",
}
_OF_SETS: tuple[str, dict[str, Any]] = ("Attention", {"position": "none", "readout": "mean"})


@dataclass(frozen=True, repr=False)
class DiagnosisResult(Result):
    """What `diagnose` found.

    Attributes
    ----------
    findings : tuple of Finding
        Facts with ``name``, ``value`` and ``sentence``.
    symmetries : SymmetryResult or None
        None for pairs, for fewer than 20 samples or groups, and for one position.
    kind : {"array", "sequences", "tokens", "graphs", "pairs"}
    task : {"classification", "regression"}
    """

    findings: tuple[Finding, ...]
    symmetries: SymmetryResult | None
    kind: str
    task: str

    def to_frame(self) -> pd.DataFrame:
        """The findings, then the symmetries.

        Returns
        -------
        pandas.DataFrame
            Indexed by finding: ``value`` (the gain of a symmetry) and ``meaning``, the sentence of
            a finding or the status of a symmetry.
        """
        rows = [(f.name, float(f.value), f.sentence) for f in self.findings]
        if self.symmetries is not None:
            frame = self.symmetries.to_frame()
            rows += [*zip(frame.index, frame["gain"], frame["status"], strict=True)]
        frame = pd.DataFrame(rows, columns=["finding", "value", "meaning"])
        return frame.set_index("finding")

    @property
    def bias(self) -> str:
        """The bias that the findings suggest, by its name in the suite, such as "Conv"."""
        return self._choice()[0]

    @property
    def suggested_parameters(self) -> dict[str, Any]:
        """Parameters of the suggested estimator that differ from the defaults."""
        name, params = self._choice()
        if name == "Attention" and any(f.name == "size alone" for f in self.findings):
            return {}  # positions show the size, which a mean over a set does not
        return params

    @property
    def _is_usual(self) -> bool:
        """Whether the choice is that of the kind, since nothing else is known."""
        found = self.symmetries
        return found is None or not found.is_learnable

    def _choice(self) -> tuple[str, dict[str, Any]]:
        """The bias and its parameters, by the symmetries."""
        found = self.symmetries
        if found is None or self._is_usual:
            return _OF_LISTS.get(self.kind, BASELINE), {}
        if self.kind == "graphs":
            return "MLP" if found.order_is_unused else "Graph", {}
        if self.kind != "array":
            return self._choice_of_steps(found)
        if not found.has_order:
            return _OF_SETS if found.ignores_order else ("MLP", {})
        if "cyclic shifts" in found.supported:
            return "Conv", {"readout": "mean"}
        return "Conv", {"readout": "flatten"}

    def _choice_of_steps(self, found: SymmetryResult) -> tuple[str, dict[str, Any]]:
        """The bias for sequences and tokens that can be learned."""
        if found.has_order:
            # Convolution reads a pattern in the same way wherever it is.
            shifted = found.frame.loc["cyclic shifts", "status"]
            return "Recurrent" if shifted == "contradicted" else "Conv", {}
        if found.ignores_order:
            return _OF_SETS
        if not found.order_is_unused:
            return _OF_LISTS[self.kind], {}
        return ("MLP", {}) if self.kind == "tokens" else _OF_SETS  # a bag of words

    def suggest_estimator(self, **params: Any) -> Any:
        """The estimator that the findings suggest, not yet fitted: a first guess.

        Parameters
        ----------
        **params
            Further parameters, such as ``random_state=0``.

        Returns
        -------
        estimator
            With positions and readout set by the symmetries. Lists of which nothing is known get
            the bias of their kind.
        """
        classes: dict[str, Any] = CLASSIFIERS if self.task == "classification" else REGRESSORS
        return classes[self.bias](**self.suggested_parameters | params)

    def _sentences(self) -> list[str]:
        symmetries = [] if self.symmetries is None else self.symmetries.about_changes()
        guess = " ".join(repr(self.suggest_estimator()).split())
        findings = [f.sentence for f in self.findings]
        why = f", the usual one for {self.kind}" if self._is_usual and self.kind != "array" else ""
        return [
            *findings,
            *symmetries,
            f"First guess{why}, to be confirmed by a comparison: {guess}.",
        ]

    def _table(self) -> Table:
        if self.symmetries is not None:
            return self.symmetries._table()
        rows = [[f.name, Number.of(f.value, ".3g")] for f in self.findings]
        return Table("Findings", ["finding", "value"], rows)

    def _notes(self) -> list[str]:
        return [] if self.symmetries is None else self.symmetries._notes()

    def _title(self) -> str:
        return "Diagnosis of the data"

    def _display(self) -> Any:
        if self.symmetries is None:
            raise ValueError(
                "Symmetries were not measured, so that there is nothing to draw. Print the result "
                "instead, which says why."
            )
        return self.symmetries._display()

    def _sections(self) -> list[Section]:
        *sentences, guess = self._sentences()
        notes = [Paragraph(note, is_note=True) for note in self._notes()]
        return [Section("Diagnosis", [Verdict(guess), Bullets(sentences), self._table(), *notes])]

    def _are_classes(self) -> bool | None:
        return self.task == "classification"

    def _how_to_read(self) -> str:
        return (
            "A diagnosis says what the data support before any network is trained. It is a first "
            "guess: cross-validation confirms or corrects it."
        )
