"""The symmetries of a data set: table, verdict, picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from ibestimators.formatting import counted, records
from ibestimators.plotting import Display, Style, remove_frame
from ibestimators.report import Bullets, Number, Paragraph, Result, Section, Table

LEVEL = 0.05  # of all tests
_COLOURS = {"supported": "C0", "contradicted": "C3", "indifferent": "0.6"}


@dataclass(frozen=True, repr=False)
class SymmetryResult(Result):
    """What `find_symmetries` found.

    Attributes
    ----------
    frame : pandas.DataFrame
        As `to_frame` gives it.
    scrambles : pandas.DataFrame
        The gain after each of the random orders of the positions; a row for each change.
    n_samples : int
        Samples that were used.
    knowledge : float
        The leave-one-out log density of the answers by distances between samples as they are, above
        that by the mean and variance of y, in nats a sample.
    knowledge_p_value : float
        Of answers that distances say nothing about, with or without a symmetry.
    """

    frame: pd.DataFrame
    scrambles: pd.DataFrame
    n_samples: int
    knowledge: float
    knowledge_p_value: float

    def to_frame(self) -> pd.DataFrame:
        """The table: a row for each change.

        Returns
        -------
        pandas.DataFrame
            Indexed by symmetry: ``gain`` in leave-one-out log density, in nats a sample and output,
            with the ends ``gain_low`` and ``gain_high`` of its 95 % interval, ``scrambled``
            (the mean gain after the positions were put in random orders; NaN where positions
            do not move), ``p_value`` (of no gain), ``order_p_value`` (of positions without an
            order), ``status``, and ``estimator`` (its `equivariance_error`) if one was given.
        """
        return self.frame.copy()

    def _named(self, status: str) -> list[str]:
        found = self.frame[self.frame["status"] == status].sort_values("gain", ascending=False)
        return [str(name) for name in found.index]

    @property
    def supported(self) -> list[str]:
        """The supported changes, that of the largest gain first."""
        return self._named("supported")

    @property
    def is_learnable(self) -> bool:
        """Whether distances between samples say anything about the answers."""
        return self.knowledge_p_value <= LEVEL

    @property
    def has_order(self) -> bool:
        """Whether the order of the positions matters: some change beats its scrambled twins."""
        moves = self.frame["scrambled"].notna()
        supported = moves & (self.frame["status"] == "supported")
        return bool((supported | (self.frame["order_p_value"] <= LEVEL)).any())

    def _sentences(self) -> list[str]:
        sentences = []
        if not self.is_learnable:
            sentences.append(
                "Distances between samples say nothing about the answers: labels near noise, too "
                "few samples, or a rule that distances cannot see."
            )
        if supported := self.supported:
            sentences.append(f"The answer does not mind: {', '.join(supported)}.")
        if contradicted := self._named("contradicted"):
            sentences.append(f"The answer minds: {', '.join(contradicted)}.")
        if not self.has_order:
            sentences.append(
                "The order of the positions shows no effect: a bias that assumes an order has "
                "nothing to gain here, as far as distances between samples can tell."
            )
        elif any("shift" in name for name in supported):
            sentences.append(
                "The order of the positions matters, and where a pattern is does not: a "
                "convolution assumes this, as does attention with relative positions."
            )
        else:
            sentences.append(
                "The order of the positions matters: convolution, recurrence, or attention with "
                "positions can use it."
            )
        return sentences

    def _table(self) -> Table:
        heads = ["change", "gain", "scrambled", "p", ""]
        errors = "estimator" in self.frame
        heads += ["estimator"] * errors
        rows = [
            [
                str(row.Index),
                Number.with_interval(row.gain, row.gain_low, row.gain_high, sign="+"),
                Number.of(row.scrambled, "+.3f"),
                Number.small(row.p_value),
                row.status,
                *([Number.of(row.estimator, ".2f")] if errors else []),
            ]
            for row in records(self.frame)
        ]
        return Table("Gains of invariant priors", heads, rows)

    def _notes(self) -> list[str]:
        return [
            f"Gain of leave-one-out log density by a prior that ignores the change, "
            f"{counted(self.n_samples, 'sample')}; scrambled: after the positions were put in "
            "random orders."
            + (
                " Estimator: its change of output by the change of the sample, 1 as between two "
                "samples."
                if "estimator" in self.frame
                else ""
            )
        ]

    def _title(self) -> str:
        return "Symmetries of the data"

    def _display(self) -> Any:
        return SymmetryDisplay(self.frame, self.scrambles)

    def _sections(self) -> list[Section]:
        note = Paragraph(self._notes()[0], is_note=True)
        return [Section("Symmetries", [Bullets(self._sentences()), self._table(), note])]

    def _how_to_read(self) -> str:
        return (
            "A symmetry is a change of a sample that leaves its answer as it is. A Gaussian "
            "process was made to ignore each change; if it predicts better, the answer does not "
            "mind it."
        )


class SymmetryDisplay(Display):
    """Gains as bars, and the gains after scrambling as grey marks.

    Style keywords of `plot`: ``bar_kw`` for the gains, ``marker_kw`` for those after scrambling.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `SymmetryResult.to_frame`.
    scrambles : pandas.DataFrame
        As `SymmetryResult` has it.
    """

    def __init__(self, frame: pd.DataFrame, scrambles: pd.DataFrame) -> None:
        self.frame = frame
        self.scrambles = scrambles

    def _figure_size(self) -> tuple[float, float]:
        return 7.0, 1.2 + 0.34 * len(self.frame)

    def _draw(self, ax: Any, *, bar_kw: Style, marker_kw: Style) -> None:
        frame = self.frame[::-1]
        heights = range(len(frame))
        errors = [frame["gain"] - frame["gain_low"], frame["gain_high"] - frame["gain"]]
        look = {
            "color": [_COLOURS[status] for status in frame["status"]],
            "xerr": errors,
            "ecolor": "0.3",
            "height": 0.62,
        }
        ax.barh(heights, frame["gain"], **look | bar_kw)
        mark = {"marker": "|", "linestyle": "", "color": "0.25", "markersize": 9, "alpha": 0.5}
        for i, gains in enumerate(self.scrambles.to_numpy().T):
            label = {} if i else {"label": "positions in random orders"}
            ax.plot(gains[::-1], heights, **label | mark | marker_kw)
        ax.set_yticks(heights, [f"{row.Index}  ({row.status})" for row in records(frame)])
        ax.axvline(0, color="0.4", lw=0.8)
        ax.set_xlabel("gain of leave-one-out log density, nats a sample")
        ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
        remove_frame(ax, grid="x")
