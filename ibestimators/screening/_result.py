"""What biases are expected to gain, by a first look: table, verdict, picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from ibestimators.formatting import counted, records
from ibestimators.plotting import Display, Style, remove_frame
from ibestimators.report import Bullets, Number, Paragraph, Result, Section, Table
from ibestimators.screening._record import Score, score_of_guesses, sources_of


@dataclass(frozen=True, repr=False)
class ScreeningResult(Result):
    """What `screen_biases` found.

    Attributes
    ----------
    frame : pandas.DataFrame
        As `to_frame` gives it.
    n_samples : int
        Samples that were used.
    task : {"classification", "regression"}
    """

    frame: pd.DataFrame
    n_samples: int
    task: str

    def to_frame(self) -> pd.DataFrame:
        """The table: a row for each estimator, the best first.

        Returns
        -------
        pandas.DataFrame
            Indexed by estimator: ``log_density`` of untrained networks, leave-one-out, with its
            standard ``error``, and ``evidence``, all three in nats a sample and output; ``score``
            (leave-one-out accuracy of classes, or R²); ``short_score`` after a few epochs (the
            geometric mean of the probabilities of the true classes, or R²) in ``n_folds`` folds,
            an estimate of the mean over all folds if others have more;
            ``gain``, the score that is expected from ``log_density`` and ``short_score``, minus
            the mean of the estimators; and ``seconds``.
        """
        return self.frame.copy()

    @property
    def _known(self) -> Score:
        """How good such guesses were."""
        return score_of_guesses([*sources_of(self.frame)])

    def _sentences(self) -> list[str]:
        best, known = self.frame.index[0], self._known
        return [
            f"First guess: {best}. Confirm it by a comparison, and drop no bias by this alone: on "
            f"{known.n_sets} other data sets, such guesses were within 0.01 of the best bias on "
            f"{known.n_near}, and {known.regret:.3f} behind it on average. An expected gain was "
            f"off by {known.error:.2f} (root mean square)."
        ]

    def _table(self) -> Table:
        score = "accuracy" if self.task == "classification" else "R²"
        rows = [
            [
                str(row.Index),
                Number.of(row.gain, "+.3f"),
                Number.of(row.log_density, ".3f"),
                Number.of(row.short_score, ".3f"),
                Number.of(row.n_folds, ".0f"),
                Number.of(row.evidence, ".3f"),
                Number.of(row.score, ".3f"),
                Number.seconds(row.seconds),
            ]
            for row in records(self.frame)
        ]
        heads = ["bias", "expected gain", "log density", "trained briefly", "folds"]
        return Table("Screening", [*heads, "evidence", score, "seconds"], rows)

    def _notes(self) -> list[str]:
        score = "accuracy" if self.task == "classification" else "R²"
        adjusted = ""
        if self.frame["n_folds"].nunique() > 1:
            adjusted = " A brief training in fewer folds: an estimate of the mean over all folds."
        return [
            f"Log density, evidence and {score} of Gaussian processes on features of untrained "
            f"networks, leave-one-out, in nats a sample; {counted(self.n_samples, 'sample')}. "
            "Expected gain: from log density and brief training, over the mean of the estimators."
            f"{adjusted}"
        ]

    def _title(self) -> str:
        return "First guess of a bias"

    def _display(self) -> ScreeningDisplay:
        return ScreeningDisplay(self.frame, self._known.error)

    def _sections(self) -> list[Section]:
        note = Paragraph(self._notes()[0], is_note=True)
        return [Section("Screening", [Bullets(self._sentences()), self._table(), note])]

    def _are_classes(self) -> bool | None:
        return self.task == "classification"

    def _how_to_read(self) -> str:
        return (
            "An untrained network is a draw from the prior of its estimator. The higher the log "
            "density, the better this prior predicts each sample from the others. Training for a "
            "few epochs shows what features that are learned gain."
        )


class ScreeningDisplay(Display):
    """Expected gains, with the error of such guesses on the data sets of the benchmark.

    Style keywords of `plot`: ``marker_kw`` for the dots and their intervals.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `ScreeningResult.to_frame`.
    error : float
        Root mean square error of an expected gain.
    """

    def __init__(self, frame: pd.DataFrame, error: float) -> None:
        self.frame, self.error = frame, error

    def _figure_size(self) -> tuple[float, float]:
        return 6.4, 1.2 + 0.34 * len(self.frame)

    def _draw(self, ax: Any, *, marker_kw: Style) -> None:
        frame = self.frame[::-1]
        look = {"marker": "o", "linestyle": "", "color": "C0"}
        heights = range(len(frame))
        ax.errorbar(frame["gain"], heights, xerr=self.error, **look | marker_kw)
        ax.set_yticks(heights, frame.index)
        ax.set_ylim(-0.6, len(frame) - 0.4)
        ax.set_xlabel("expected score minus the mean; bars: typical error of such guesses")
        remove_frame(ax, grid="x")
