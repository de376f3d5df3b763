"""Pictures of results, by scikit-learn's Display convention.

A display is made by ``from_...``, keeps the numbers that it draws as
attributes, and draws them with ``plot(ax=None)``, after which ``ax_`` and
``figure_`` are set.
"""

from __future__ import annotations

from typing import Any, Self

import pandas as pd

from ibestimators.comparison._result import ComparisonResult


class ComparisonDisplay:
    """Scores of a comparison and their intervals.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `ComparisonResult.to_frame`.
    baseline : str
        The row that the others are compared to.
    scoring : str
        Name of the score.
    """

    def __init__(self, frame: pd.DataFrame, baseline: str, scoring: str) -> None:
        self.frame = frame
        self.baseline = baseline
        self.scoring = scoring

    @classmethod
    def from_result(cls, result: ComparisonResult, ax: Any = None) -> Self:
        """Draw a result; see `ComparisonResult.plot`."""
        return cls(result.to_frame(), result.baseline, result.scoring).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the scores, best on top, and what each difference to the baseline is.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        self
        """
        if ax is None:
            from matplotlib.figure import Figure

            # No pyplot: no window, no global state.
            figure = Figure(figsize=(8, 1.3 + 0.62 * len(self.frame)), layout="constrained")
            ax = figure.add_subplot()
        frame = self.frame.dropna(subset="score").sort_values("score")
        for height, (name, row) in enumerate(frame.iterrows()):
            colour = "0.45" if name == self.baseline else "C0"
            ends = row[["score_low", "score_high"]].astype(float).fillna(row["score"])
            ax.plot(ends, [height, height], color=colour, lw=7, alpha=0.3, solid_capstyle="butt")
            ax.plot(row["score"], height, "o", color=colour, ms=7)
            ax.annotate(
                f"{row['score']:.3f}", (row["score"], height), (0, 8),
                textcoords="offset points", ha="center", fontsize=9,
            )  # fmt: skip
        ax.axvline(self.frame.loc[self.baseline, "score"], color="0.45", lw=1, ls="--", zorder=0)
        ax.set_yticks(range(len(frame)), [self._label(name) for name in frame.index])
        ax.set_ylim(-0.6, len(frame) - 0.4)
        ax.set_xlabel(f"{self.scoring}, mean and 95 % interval over folds")
        ax.grid(axis="x", alpha=0.3)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(axis="y", length=0)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _label(self, name: Any) -> str:
        assumes = self.frame.loc[name, "assumption"]
        return f"{name}\n{assumes}" if assumes else str(name)
