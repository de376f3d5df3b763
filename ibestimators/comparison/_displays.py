"""Pictures of the results of comparisons."""

from __future__ import annotations

from itertools import combinations
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd

from ibestimators.comparison._power_law import optimum, power_law
from ibestimators.comparison._statistics import signed_rank
from ibestimators.formatting import records, with_ends, with_interval
from ibestimators.multiple_testing import holm
from ibestimators.plotting import Display, Style, remove_frame

GREY = "0.5"
MAX_NAME = 32  # characters of a name on one line


class ComparisonDisplay(Display):
    """Differences to the baseline and their simultaneous intervals, best on top.

    In colour where the interval excludes 0. Differences within the shaded region are practically
    equal.

    Style keywords of `plot`: ``line_kw`` for the intervals, ``marker_kw`` for the means,
    ``fold_kw`` for the folds, ``patch_kw`` for the region, ``text_kw`` for the labels.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `ComparisonResult.to_frame`.
    gains : pandas.DataFrame
        Differences to the baseline, folds by estimators.
    baseline : str
        The estimator that the others are compared to.
    scoring : str
        Name of the score.
    rope : float
        Differences up to this size are practically equal.
    """

    def __init__(
        self, frame: pd.DataFrame, gains: pd.DataFrame, baseline: str, scoring: str, rope: float
    ) -> None:
        self.frame = frame
        self.gains = gains
        self.baseline = baseline
        self.scoring = scoring
        self.rope = rope

    def _figure_size(self) -> tuple[float, float]:
        return 8.0, 1.3 + 0.62 * len(self.gains.columns)

    def _draw(
        self,
        ax: Any,
        *,
        line_kw: Style,
        marker_kw: Style,
        fold_kw: Style,
        patch_kw: Style,
        text_kw: Style,
    ) -> None:
        frame = self.frame.dropna(subset="difference").sort_values("difference")
        region = {"color": GREY, "alpha": 0.2, "linewidth": 0, "zorder": 0}
        ax.axvspan(-self.rope, self.rope, **region | patch_kw)
        ax.axvline(0, color=GREY, lw=1, ls="--", zorder=0)
        for height, row in enumerate(records(frame)):
            colour = {"color": "C0" if row.finding in ("better", "worse") else GREY}
            ends = row.difference_low, row.difference_high
            _draw_row(
                ax,
                height,
                (row.difference, *ends),
                self.gains[row.Index],
                [colour | kw for kw in (line_kw, marker_kw, fold_kw)],
            )
            _label_row(ax, with_interval(row.difference, *ends, sign="+"), height, text_kw)
        _name_rows(ax, frame)
        has_intervals = frame["difference_low"].notna().any()
        interval = ", 95 % intervals that hold together" if has_intervals else ""
        ax.set_xlabel(f"{self.scoring} minus that of {self.baseline}{interval}")


class ScoresDisplay(Display):
    """Scores of a comparison and an interval of each, best on top.

    Style keywords of `plot`: ``line_kw`` for the intervals, ``marker_kw`` for the means,
    ``fold_kw`` for the folds, ``text_kw`` for the labels.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `ComparisonResult.to_frame`.
    scores : pandas.DataFrame
        Folds by estimators.
    baseline : str
        The row that the others are compared to, in grey.
    scoring : str
        Name of the score.
    """

    def __init__(
        self, frame: pd.DataFrame, scores: pd.DataFrame, baseline: str, scoring: str
    ) -> None:
        self.frame = frame
        self.scores = scores
        self.baseline = baseline
        self.scoring = scoring

    def _figure_size(self) -> tuple[float, float]:
        return 8.0, 1.3 + 0.62 * len(self.frame)

    def _draw(
        self, ax: Any, *, line_kw: Style, marker_kw: Style, fold_kw: Style, text_kw: Style
    ) -> None:
        frame = self.frame.dropna(subset="score").sort_values("score")
        for height, row in enumerate(records(frame)):
            colour = {"color": GREY if row.Index == self.baseline else "C0"}
            values = row.score, row.score_low, row.score_high
            styles = [colour | kw for kw in (line_kw, marker_kw, fold_kw)]
            _draw_row(ax, height, values, self.scores[row.Index], styles)
            _label_row(ax, with_ends(*values), height, text_kw)
        ax.axvline(self.frame.loc[self.baseline, "score"], color=GREY, lw=1, ls="--", zorder=0)
        _name_rows(ax, frame)
        interval = " and 95 % interval" if frame["score_low"].notna().any() else ""
        ax.set_xlabel(f"{self.scoring}, mean{interval} over folds")


class AblationDisplay(Display):
    """Scores with and without a structure, in colour if the interval of the drop excludes 0.

    The labels give the drop, as the table does: positive where the score is lower without the
    structure. A second structure has squares, and a line of its own.

    Style keywords of `plot`: ``line_kw`` from one score to the other, ``marker_kw`` for the
    scores, ``text_kw`` for the labels.

    Parameters
    ----------
    frames : dict of str to pandas.DataFrame
        From `AblationResult.to_frame`, for each structure that was destroyed.
    scoring : str
        Name of the score.
    """

    def __init__(self, frames: dict[str, pd.DataFrame], scoring: str) -> None:
        self.frames = frames
        self.scoring = scoring

    def _figure_size(self) -> tuple[float, float]:
        first = next(iter(self.frames.values()))
        return 8.0, 1.6 + 0.62 * len(first)

    def _draw(self, ax: Any, *, line_kw: Style, marker_kw: Style, text_kw: Style) -> None:
        order = next(iter(self.frames.values())).dropna(subset=["drop"]).sort_values("intact")
        n_frames = len(self.frames)
        for i, frame in enumerate(self.frames.values()):
            look = {"marker": "os"[i], "markersize": 7, "linestyle": ""}
            for height, row in enumerate(records(frame.loc[order.index])):
                y = height + 0.3 * ((n_frames - 1) / 2 - i)
                significant = row.drop_low > 0 or row.drop_high < 0
                colour = {"color": "C0" if significant else GREY}
                ends = row.intact, row.destroyed
                ax.plot(ends, [y, y], **colour | {"linewidth": 2} | line_kw)
                open_ = {"markerfacecolor": ax.get_facecolor()}
                ax.plot(row.destroyed, y, **colour | look | open_ | marker_kw)
                ax.plot(row.intact, y, **colour | look | marker_kw)
                drop = with_interval(row.drop, row.drop_low, row.drop_high, sign="+")
                _label_row(ax, drop, y, text_kw)
        _name_rows(ax, order)
        ax.margins(x=0.1)
        shapes = zip(self.frames, ("circles", "squares"), strict=False)
        which = ", ".join(f"{name} ({shape})" if n_frames > 1 else name for name, shape in shapes)
        ax.set_xlabel(f"{self.scoring}: intact (filled), destroyed (open) {which}, and the drop")


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
        interval = " and 95 % interval" if self.frame["score_low"].notna().any() else ""
        ax.set_ylabel(f"{self.scoring}, mean{interval} over folds")
        ax.legend(frameon=False)


class RaceDisplay(Display):
    """The best score of each estimator in each round that it reached.

    Style keyword of `plot`: ``line_kw``.

    Parameters
    ----------
    best : pandas.Series
        Scores, indexed by estimator and number of samples.
    leader : str
        The estimator whose line is thick.
    """

    def __init__(self, best: pd.Series[float], leader: str) -> None:
        self.best = best
        self.leader = leader

    def _draw(self, ax: Any, *, line_kw: Style) -> None:
        for name in self.best.index.unique(0):
            scores = self.best.xs(name)
            look = {"marker": "o", "label": name, "linewidth": 3 if name == self.leader else 1.5}
            ax.plot(scores.index, scores, **look | line_kw)
        _log_axis(ax, sorted(self.best.index.unique(1)))
        ax.set_xlabel("samples of the round")
        ax.set_ylabel("best score of the round")
        ax.legend(frameon=False)


class RanksDisplay(Display):
    """A critical-difference diagram: mean ranks over data sets, drawn by scikit-posthocs.

    A bar joins estimators that are not significantly different, by pairwise signed-rank tests
    with Holm's adjustment. Style keywords of `plot`: ``line_kw`` for the bars, ``marker_kw`` for
    the ranks, ``text_kw`` for the names.

    Parameters
    ----------
    scores : pandas.DataFrame
        Data sets by estimators.
    """

    def __init__(self, scores: pd.DataFrame) -> None:
        self.scores = scores

    def _figure_size(self) -> tuple[float, float]:
        return 8.0, 1.3 + 0.3 * self.scores.shape[1]

    def _draw(self, ax: Any, *, line_kw: Style, marker_kw: Style, text_kw: Style) -> None:
        try:
            import scikit_posthocs
        except ImportError as error:
            raise ImportError(
                "kind='ranks' needs scikit-posthocs: pip install scikit-posthocs."
            ) from error
        names = [*self.scores]
        ranks = self.scores.rank(axis=1, ascending=False).mean()
        p_values = pd.DataFrame(1.0, names, names)
        pairs = [*combinations(names, 2)]
        each = [signed_rank((self.scores[a] - self.scores[b]).to_numpy()) for a, b in pairs]
        for (a, b), p_value in zip(pairs, holm(each), strict=True):
            p_values.loc[a, b] = p_values.loc[b, a] = p_value
        colour = ax.xaxis.label.get_color()
        scikit_posthocs.critical_difference_diagram(
            ranks,
            p_values,
            ax=ax,
            label_props=dict(text_kw),
            marker_props=dict(marker_kw),
            crossbar_props={"color": colour} | line_kw,
            color_palette=dict.fromkeys(names, colour),
        )
        ax.set_xlabel("mean rank (1 is best)")


def _draw_row(
    ax: Any, height: int, values: tuple[float, float, float], folds: Any, styles: list[Style]
) -> None:
    """A dot for each fold, below the mean and its interval."""
    mean, low, high = values
    line_kw, marker_kw, fold_kw = styles
    if not pd.isna(low):
        look = {"linewidth": 7, "alpha": 0.3, "solid_capstyle": "butt"}
        ax.plot([low, high], [height, height], **look | line_kw)
    look = {"marker": "o", "markersize": 3.5, "linestyle": "", "alpha": 0.6, "markeredgewidth": 0}
    ax.plot(folds, np.full(len(folds), height - 0.24), **look | fold_kw)
    ax.plot(mean, height, **{"marker": "o", "markersize": 7, "linestyle": ""} | marker_kw)


def _label_row(ax: Any, text: str, height: float, text_kw: Style) -> None:
    """Text at the right of a row, outside of the axes, where no line runs through it."""
    look = {"verticalalignment": "center", "fontsize": 9, "textcoords": "offset points"}
    at = {"xycoords": ("axes fraction", "data"), "xytext": (8, 0), "annotation_clip": False}
    ax.annotate(text, (1, height), **at | look | text_kw)


def _name_rows(ax: Any, frame: pd.DataFrame) -> None:
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
