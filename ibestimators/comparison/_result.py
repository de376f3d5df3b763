"""The result of a comparison: table, verdict and plot."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tabulate import tabulate

from ibestimators.comparison._statistics import (
    CONFIDENCE,
    correlated_bayes,
    holm,
    resampled_interval,
    resampled_p_value,
)
from ibestimators.pipelines import innermost


@dataclass(frozen=True, repr=False)
class ComparisonResult:
    """Scores of several estimators on the same folds.

    Attributes
    ----------
    cells : pandas.DataFrame
        A row for each estimator and fold: ``estimator``, ``fold``, ``score`` and, if there
        are several scores, each by its name, ``fit_time`` and ``predict_time`` in seconds,
        ``n_parameters``, ``multiply_adds`` (of a prediction, a sample), ``n_train``,
        ``n_test``, ``error`` (the reason of a failed fit, or None).
    estimators : dict of str to estimator
        What was compared, not fitted, with the seeds that were used.
    baseline : str
        The estimator that the others are compared to.
    scoring : str
        Name of the score; higher is better.
    other_scorings : tuple of str
        Names of further scores, columns of `cells`.
    rope : float
        Differences of scores up to this size do not matter.
    best_estimator_ : estimator or None
        The one of the highest mean score, fitted on all data if asked to `refit`.
    """

    cells: pd.DataFrame
    estimators: dict[str, Any]
    baseline: str
    scoring: str
    other_scorings: tuple[str, ...] = ()
    rope: float = 0.01
    best_estimator_: Any = None

    @property
    def assumptions(self) -> dict[str, str]:
        """What each estimator assumes about the data."""
        return {name: assumption(est) for name, est in self.estimators.items()}

    @property
    def test_train_ratio(self) -> float:
        """Mean number of test samples by training samples of a fold."""
        return ratio_of_sizes(self.cells)

    @property
    def best(self) -> Any:
        """Name of the estimator with the highest mean score, of those with fewest failures."""
        frame = self.to_frame().dropna(subset="score")
        return frame.loc[frame["failures"] == frame["failures"].min(), "score"].idxmax()

    def to_frame(self, scoring: str | None = None) -> pd.DataFrame:
        """The table: a row for each estimator.

        Parameters
        ----------
        scoring : str, default=None
            One of the scores; None takes the first.

        Returns
        -------
        pandas.DataFrame
            Indexed by estimator: ``assumption``, ``parameters``, ``multiply_adds``, ``score``
            with the ends ``score_low`` and ``score_high`` of its 95 % interval,
            ``difference`` to the baseline with ``difference_low`` and ``difference_high``
            (corrected resampled t), ``p_value`` of that difference, Holm-adjusted for the
            number of estimators, ``p_worse``, ``p_equal`` and ``p_better``, the Bayesian
            probabilities that it is worse, within `rope`, or better, ``fit_time`` and
            ``predict_time`` in seconds (mean of a fold) and ``failures`` (folds without a
            score).
        """
        column = self._column(scoring)
        scores = self.cells.pivot(index="fold", columns="estimator", values=column)
        ratio = self.test_train_ratio
        rows = []
        for name in self.estimators:
            own = self.cells[self.cells["estimator"] == name]
            gain = scores[name] - scores[self.baseline]
            if name == self.baseline:
                gain = gain * np.nan
            mean, low, high = resampled_interval(scores[name], ratio)
            difference = resampled_interval(gain, ratio)
            worse, equal, better = correlated_bayes(gain, ratio, self.rope)
            rows.append(
                {
                    "estimator": name,
                    "assumption": self.assumptions[name],
                    "parameters": own["n_parameters"].max(),
                    "multiply_adds": own["multiply_adds"].max(),
                    "score": mean,
                    "score_low": low,
                    "score_high": high,
                    "difference": difference[0],
                    "difference_low": difference[1],
                    "difference_high": difference[2],
                    "p_value": resampled_p_value(gain, ratio),
                    "p_worse": worse,
                    "p_equal": equal,
                    "p_better": better,
                    "fit_time": own["fit_time"].mean(),
                    "predict_time": own["predict_time"].mean(),
                    "failures": int((own[column].isna() | own["error"].notna()).sum()),
                }
            )
        frame = pd.DataFrame(rows).set_index("estimator")
        frame["p_value"] = holm(frame["p_value"])
        return frame.astype({"parameters": "Int64", "multiply_adds": "Int64"})

    def _column(self, scoring: str | None) -> str:
        if scoring is None or scoring == self.scoring:
            return "score"
        if scoring not in self.other_scorings:
            raise ValueError(
                f"scoring={scoring!r} was not computed; there is "
                f"{', '.join([self.scoring, *self.other_scorings])}."
            )
        return scoring

    def to_dict(self) -> dict[str, Any]:
        """The whole result as plain values, ready for JSON.

        Returns
        -------
        dict
            ``baseline``, ``scoring``, ``rope``, ``best``, ``verdict``, ``estimators`` (their
            reprs), ``table`` (rows of `to_frame`) and ``cells``; missing numbers are None.
        """
        return {
            "baseline": self.baseline,
            "scoring": self.scoring,
            "rope": self.rope,
            "best": self.best,
            "verdict": self.verdict(),
            "estimators": {name: repr(est) for name, est in self.estimators.items()},
            "table": _plain(self.to_frame().reset_index()),
            "cells": _plain(self.cells),
        }

    def verdict(self) -> str:
        """What the comparison says, in plain words.

        Returns
        -------
        str
            A sentence for each estimator that differs from the baseline or is shown to be
            as good, and one for those that the folds do not tell apart.
        """
        return " ".join(self._sentences())

    def _sentences(self) -> list[str]:
        if self.cells.loc[self.cells["estimator"] == self.baseline, "score"].isna().all():
            return [f"{self.baseline}, which the others are compared to, has no score."]
        frame = self.to_frame().sort_values("score", ascending=False)
        frame = frame.drop(index=self.baseline).dropna(subset="difference")
        told = {name: self._told_apart(str(name), row) for name, row in frame.iterrows()}
        unsure = [str(name) for name, sentence in told.items() if not sentence]
        sentences = [sentence for sentence in told.values() if sentence]
        if unsure:
            sentences.append(
                f"Not told apart from {self.baseline} by these folds: {', '.join(unsure)}."
            )
        return sentences

    def _told_apart(self, name: str, row: Any) -> str:
        """A sentence on one difference to the baseline, or "" if nothing is shown."""
        if row.p_equal > CONFIDENCE:
            return (
                f"{name} does as well as {self.baseline}, within {self.rope:g} "
                f"(probability {row.p_equal:.2f})."
            )
        if pd.isna(row.p_value) and max(row.p_better, row.p_worse) == 1:
            more = "better" if row.difference > 0 else "worse"
            return (
                f"{name} does {more} than {self.baseline} by {abs(row.difference):.3f} in every "
                "fold alike; without a spread there is no test."
            )
        if not row.p_value < 1 - CONFIDENCE:
            return ""
        ends = sorted([abs(row.difference_low), abs(row.difference_high)])
        return (
            f"{name} does {'better' if row.difference > 0 else 'worse'} than {self.baseline} by "
            f"{abs(row.difference):.3f} (95 % interval {ends[0]:.3f} to {ends[1]:.3f}, "
            f"p = {row.p_value:.2g})."
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw scores and their intervals, best on top.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        ComparisonDisplay
            With attributes ``ax_`` and ``figure_``.
        """
        from ibestimators.comparison._displays import ComparisonDisplay

        return ComparisonDisplay.from_result(self, ax=ax)

    def to_html(
        self,
        path: str | os.PathLike[str],
        *,
        X: Any = None,
        y: Any = None,
        curves: Any = None,
        ablation: Any = None,
        title: str | None = None,
    ) -> Path:
        """Write one self-contained page: verdict, table, pictures, data, settings, versions.

        Parameters
        ----------
        path : path
            The page, replaced if it exists.
        X, y
            What was compared on, for a description of the data.
        curves : LearningCurvesResult, default=None
            From `compare_learning_curves`, for a section of its own.
        ablation : AblationResult, default=None
            From `structure_ablation`, likewise.
        title : str, default=None
            Heading of the page.

        Returns
        -------
        pathlib.Path
        """
        from ibestimators.report import write_report

        return write_report(self, path, X=X, y=y, curves=curves, ablation=ablation, title=title)

    def __repr__(self) -> str:
        rows = [
            [
                name,
                row.assumption,
                "" if pd.isna(row.parameters) else f"{row.parameters:,}",
                with_interval(row.score, row.score_low, row.score_high),
                "baseline"
                if name == self.baseline
                else with_interval(
                    row.difference, row.difference_low, row.difference_high, sign="+"
                ),
                "" if pd.isna(row.fit_time) else f"{row.fit_time:.1f} s",
            ]
            for name, row in self.to_frame().iterrows()
        ]
        heads = ["estimator", "assumes", "parameters", self.scoring, f"vs {self.baseline}", "fit"]
        aligned = ("left", "left", "right", "left", "left", "right")
        table = tabulate(rows, heads, tablefmt="simple", colalign=aligned, disable_numparse=True)
        n_folds = self.cells["fold"].nunique()
        note = f"{n_folds} folds, the same for all; ± half of a 95 % interval (corrected t)."
        return "\n".join([table, note, *self._sentences(), *self._failures()])

    def _failures(self) -> list[str]:
        failed = self.cells[self.cells["error"].notna()]
        return [
            f"{name}, fold {fold + 1}, failed: {error}"
            for name, fold, error in failed[["estimator", "fold", "error"]].to_numpy()
        ]


def ratio_of_sizes(cells: pd.DataFrame) -> float:
    """Mean number of test samples by training samples of a fold."""
    sizes = cells.groupby("fold")[["n_train", "n_test"]].first()
    return float((sizes["n_test"] / sizes["n_train"]).mean())


def assumption(est: Any) -> str:
    """What an estimator assumes, seen through pipelines and searches; "" if unknown."""
    return str(getattr(innermost(est), "assumption", ""))


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values; missing ones are None."""
    plain: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=15))
    return plain


def with_interval(mean: float, low: float, high: float, sign: str = "") -> str:
    if pd.isna(mean):
        return "failed"
    if pd.isna(low):
        return f"{mean:{sign}.3f}"
    return f"{mean:{sign}.3f} ± {(high - low) / 2:.3f}"
