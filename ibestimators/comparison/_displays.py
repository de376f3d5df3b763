"""Pictures of the results of comparisons."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd

from ibestimators.comparison._power_law import optimum, power_law
from ibestimators.formatting import records, with_interval
from ibestimators.plotting import Display, Style, remove_frame

GREY = "0.45"
MAX_NAME = 32  # characters of a name on one line


class ComparisonDisplay(Display):
    """Scores of a comparison and their intervals, best on top.

    Style keywords of `plot`: ``line_kw`` for the intervals, ``marker_kw`` for the means,
    ``text_kw`` for their labels.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `ComparisonResult.to_frame`.
    baseline : str
        The row that the others are compared to, in grey.
    scoring : str
        Name of the score.
    """

    def __init__(self, frame: pd.DataFrame, baseline: str, scoring: str) -> None:
        self.frame = frame
        self.baseline = baseline
        self.scoring = scoring

    def _figure_size(self) -> tuple[float, float]:
        return 8.0, 1.3 + 0.62 * len(self.frame)

    def _draw(self, ax: Any, *, line_kw: Style, marker_kw: Style, text_kw: Style) -> None:
        frame = self.frame.dropna(subset="score").sort_values("score")
        interval = {"linewidth": 7, "alpha": 0.3, "solid_capstyle": "butt"}
        mean = {"marker": "o", "markersize": 7, "linestyle": ""}
        for height, row in enumerate(records(frame)):
            colour = {"color": GREY if row.Index == self.baseline else "C0"}
            ends = np.where(pd.isna(row.score_low), row.score, [row.score_low, row.score_high])
            ax.plot(ends, [height, height], **colour | interval | line_kw)
            ax.plot(row.score, height, **colour | mean | marker_kw)
            _label_mark(ax, f"{row.score:.3f}", row.score, height, text_kw)
        ax.axvline(self.frame.loc[self.baseline, "score"], color=GREY, lw=1, ls="--", zorder=0)
        _label_rows(ax, frame)
        ax.set_xlabel(f"{self.scoring}, mean and 95 % interval over folds")


class AblationDisplay(Display):
    """Scores with and without a structure, in colour if the interval of the drop excludes 0.

    Style keywords of `plot`: ``line_kw`` from one score to the other, ``marker_kw`` for the
    scores, ``text_kw`` for the labels.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `AblationResult.to_frame`.
    structure : str
        The structure that was destroyed.
    scoring : str
        Name of the score.
    """

    def __init__(self, frame: pd.DataFrame, structure: str, scoring: str) -> None:
        self.frame = frame
        self.structure = structure
        self.scoring = scoring

    def _figure_size(self) -> tuple[float, float]:
        return 8.0, 1.6 + 0.62 * len(self.frame)

    def _draw(self, ax: Any, *, line_kw: Style, marker_kw: Style, text_kw: Style) -> None:
        frame = self.frame.dropna(subset=["drop"]).sort_values("intact")
        score = {"marker": "o", "markersize": 7, "linestyle": ""}
        for height, row in enumerate(records(frame)):
            significant = row.drop_low > 0 or row.drop_high < 0
            colour = {"color": "C0" if significant else GREY}
            ends = row.intact, row.destroyed
            ax.plot(ends, [height, height], **colour | {"linewidth": 2} | line_kw)
            open_ = {"markerfacecolor": "white"}
            ax.plot(row.destroyed, height, **colour | score | open_ | marker_kw)
            ax.plot(row.intact, height, **colour | score | marker_kw)
            change = 0 - row.drop, 0 - row.drop_high, 0 - row.drop_low  # no -0.000
            text = with_interval(*change, sign="+")
            _label_mark(ax, text, sum(ends) / 2, height, text_kw)
        _label_rows(ax, frame)
        ax.margins(x=0.1)
        ax.set_xlabel(f"{self.scoring}: intact (filled) → {self.structure} destroyed (open)")


class LearningCurvesDisplay(Display):
    """Scores by the number of training samples, or of parameters.

    Style keywords of `plot`: ``line_kw`` for the means, ``band_kw`` for their intervals,
    ``law_kw`` for the power laws, dashed.

    Parameters
    ----------
    frame : pandas.DataFrame
        Indexed by estimator and number: ``score`` with ``score_low`` and ``score_high``.
    laws : pandas.DataFrame
        Indexed by estimator: ``a``, ``b``, ``c`` of a power law, drawn where they are not NaN.
    baseline : str
        The estimator that the others are compared to, in grey.
    scoring : str
        Name of the score.
    unit : str, default="training samples"
        What is counted.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        laws: pd.DataFrame,
        baseline: str,
        scoring: str,
        unit: str = "training samples",
    ) -> None:
        self.frame = frame
        self.laws = laws
        self.baseline = baseline
        self.scoring = scoring
        self.unit = unit

    def _figure_size(self) -> tuple[float, float]:
        return 7.0, 4.5

    def _draw(self, ax: Any, *, line_kw: Style, band_kw: Style, law_kw: Style) -> None:
        others = [name for name in self.laws.index if name != self.baseline]
        for name, law in self.laws.iterrows():
            colour = {"color": f"C{others.index(name)}" if name in others else GREY}
            curve: Any = self.frame.xs(name)
            curve = curve.dropna(subset="score")
            look = {"marker": "o", "markersize": 5, "label": name}
            ax.plot(curve.index, curve["score"], **colour | look | line_kw)
            look = {"alpha": 0.15, "linewidth": 0}
            low, high = curve["score_low"], curve["score_high"]
            ax.fill_between(curve.index, low, high, **colour | look | band_kw)
            if np.isfinite(law["a"]) and len(curve):
                grid = np.geomspace(curve.index[0], curve.index[-1], 100)
                fitted = optimum(self.scoring) - power_law(grid, *law[["a", "b", "c"]])
                look = {"linestyle": "--", "linewidth": 1}
                ax.plot(grid, fitted, **colour | look | law_kw)
        _log_axis(ax, sorted(self.frame.index.get_level_values(1).unique()))
        dashed = " (dashed: a power law)" if self.laws["a"].notna().any() else ""
        ax.set_xlabel(f"{self.unit}{dashed}")
        ax.set_ylabel(f"{self.scoring}, mean and 95 % interval over folds")
        ax.legend(frameon=False)


class RaceDisplay(Display):
    """The best score of each estimator in each round that it reached.

    Style keyword of `plot`: ``line_kw``.

    Parameters
    ----------
    best : pandas.Series
        Scores, indexed by estimator and number of samples.
    winner : str
        The estimator whose line is thick.
    """

    def __init__(self, best: pd.Series[float], winner: str) -> None:
        self.best = best
        self.winner = winner

    def _draw(self, ax: Any, *, line_kw: Style) -> None:
        for name in self.best.index.unique(0):
            scores = self.best.xs(name)
            look = {"marker": "o", "label": name, "linewidth": 3 if name == self.winner else 1.5}
            ax.plot(scores.index, scores, **look | line_kw)
        _log_axis(ax, sorted(self.best.index.unique(1)))
        ax.set_xlabel("samples of the round")
        ax.set_ylabel("best score of the round")
        ax.legend(frameon=False)


def _label_mark(ax: Any, text: str, x: float, height: int, text_kw: Style) -> None:
    look = {"horizontalalignment": "center", "fontsize": 9, "textcoords": "offset points"}
    ax.annotate(text, (x, height), **{"xytext": (0, 8), **look} | text_kw)


def _label_rows(ax: Any, frame: pd.DataFrame) -> None:
    """A row for each estimator, with what it assumes below its name."""
    labels = [
        "\n".join([*wrap(str(row.Index), MAX_NAME), *filter(None, [row.assumption])])
        for row in records(frame)
    ]
    ax.set_yticks(range(len(frame)), labels)
    ax.set_ylim(-0.6, len(frame) - 0.4)
    ax.tick_params(axis="y", length=0)
    remove_frame(ax, "top", "right", "left", grid="x")


def _log_axis(ax: Any, values: list[int]) -> None:
    """Numbers on a logarithmic axis, each with its tick."""
    ax.set_xscale("log")
    ax.set_xticks(values, [f"{value:,}" for value in values])
    ax.minorticks_off()
    remove_frame(ax, grid="y")
