"""The symmetries of a data set: table, verdict, picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from ibestimators.formatting import counted, records
from ibestimators.plotting import Display, Style, remove_frame
from ibestimators.report import Bullets, Number, Paragraph, Result, Section, Table

LEVEL = 0.05  # of all tests
# What the order adds at most where it is called unused: nats a sample, or a share of knowledge.
_SMALL, _SMALL_SHARE = 0.05, 0.25
# What carries the order, and the change that leaves nothing of it.
POSITIONS = {
    "array": "positions",
    "sequences": "steps",
    "tokens": "tokens",
    "graphs": "edges",
}
REWIRED, NO_EDGES = "edges rewired, degrees kept", "edges removed"


def any_order_of(kind: str) -> str:
    """The name of the change that leaves nothing of the order, or of the edges."""
    return REWIRED if kind == "graphs" else f"any order of {POSITIONS[kind]}"


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
        The leave-one-out log density of the answers by distances between samples, above that by the
        class shares, or the mean and variance of y, in nats a sample: of the best prior, with or
        without a symmetry.
    knowledge_error : float
        Its standard error.
    knowledge_p_value : float
        Of answers that distances say nothing about, with or without a symmetry.
    kind : {"array", "sequences", "tokens", "graphs"}
        Of X. "Distances" are those between features of untrained networks unless it is "array".
    order_gain_limit : float
        The most that the order of positions, or the edges, adds to the log density, in nats a
        sample: the upper end of a 95 % interval.
    """

    frame: pd.DataFrame
    scrambles: pd.DataFrame
    n_samples: int
    knowledge: float
    knowledge_error: float
    knowledge_p_value: float
    kind: str
    order_gain_limit: float

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
    def undecided(self) -> list[str]:
        """Changes of which the samples are not enough to say whether they matter.

        Neither supported nor contradicted, and the 95 % interval of the gain leaves room for more
        than 0.05 nats a sample.
        """
        frame = self.frame
        wide = (frame["status"] == "indifferent") & (frame["gain_high"] > _SMALL)
        if self.has_order:
            return [str(name) for name in frame.index[wide]]
        # Without an order, a gain has to be above that of scrambled orders.
        wide &= ~(frame["gain_high"] - frame["scrambled"] <= _SMALL)
        return [str(name) for name in frame.index[wide]]

    @property
    def is_learnable(self) -> bool:
        """Whether distances between samples say anything about the answers."""
        return self.knowledge_p_value <= LEVEL

    @property
    def ignores_order(self) -> bool:
        """Whether any order of the positions gives the same answer: samples are sets."""
        return any_order_of(self.kind) in self.supported

    @property
    def has_order(self) -> bool:
        """Whether the order of the positions matters, or edges in graphs.

        Some change, or the order as it is, beats its scrambled twins; graphs without their edges,
        or with others, lose.
        """
        if self.kind == "graphs":
            return bool((self.frame["status"] == "contradicted").any())
        moves = self.frame["scrambled"].notna()
        supported = moves & (self.frame["status"] == "supported")
        return bool((supported | (self.frame["order_p_value"] <= LEVEL)).any())

    @property
    def order_is_unused(self) -> bool:
        """Whether the samples are enough to say that the order, or the edges, hardly matter."""
        small = max(_SMALL, _SMALL_SHARE * self.knowledge)
        return self.is_learnable and not self.has_order and self.order_gain_limit <= small

    def _sentences(self) -> list[str]:
        return [*self.about_knowledge(), *self.about_changes()]

    def about_knowledge(self) -> list[str]:
        """A sentence if the answers cannot be learned from distances."""
        if self.is_learnable:
            return []
        return [
            "Distances between samples say nothing about the answers: the best prior has "
            f"{self.knowledge:+.3f} nats a sample (standard error {self.knowledge_error:.3f}) over "
            "the shares of the classes, or the mean of y. Labels near noise, too few samples, or "
            "a rule that distances cannot see."
        ]

    def about_changes(self) -> list[str]:
        """Sentences about the changes, and the order or the edges."""
        sentences = []
        if supported := self.supported:
            sentences.append(f"The answer does not mind: {', '.join(supported)}.")
        if contradicted := self._named("contradicted"):
            sentences.append(f"The answer minds: {', '.join(contradicted)}.")
        if self.is_learnable and (undecided := self.undecided):
            sentences.append(f"Not enough data to say: {', '.join(undecided)}.")
        return [*sentences, self._about_edges() if self.kind == "graphs" else self._about_order()]

    def _about_edges(self) -> str:
        relabelled = "Networks on graphs ignore the order of the nodes by construction."
        if self.has_order:
            return f"The edges matter: message passing can use them. {relabelled}"
        return (
            "The edges show no effect: message passing has nothing to gain over pooled nodes, as "
            f"far as untrained networks can tell. {relabelled}"
        )

    def _about_order(self) -> str:
        name = POSITIONS[self.kind]
        if not self.has_order:
            by, other = "untrained networks", ""
            if self.kind == "array":
                by = "distances between samples"
                other = " (any other, the same for all samples, would do as well)"
            return (
                f"The order of the {name} shows no effect{other}: a bias that assumes an order has "
                f"nothing to gain here, as far as {by} can tell."
            )
        if any("shift" in change for change in self.supported):
            return (
                f"The order of the {name} matters, and where a pattern is does not: a "
                "convolution assumes this, as does attention with relative positions."
            )
        return (
            f"The order of the {name} matters: convolution, recurrence, or attention with "
            "positions can use it."
        )

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
        note = (
            f"Gain of leave-one-out log density by a prior that ignores the change, "
            f"{counted(self.n_samples, 'sample')}"
        )
        if self.frame["scrambled"].notna().any():
            note += f"; scrambled: after the {POSITIONS[self.kind]} were put in random orders"
        note += "."
        if "estimator" in self.frame:
            note += (
                " Estimator: its change of output by the change of the sample, 1 as between two "
                "samples."
            )
        return [note]

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
