"""The result of a comparison: table, verdict, plot and page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier

from ibestimators.comparison._cells import count_folds, failed_fits, ratio_of_sizes
from ibestimators.comparison._fold_task import TRAINING
from ibestimators.comparison._statistics import (
    CONFIDENCE,
    correlated_bayes,
    holm,
    resampled_interval,
    resampled_p_value,
)
from ibestimators.formatting import counted, records, significant, span, with_interval
from ibestimators.pipelines import innermost
from ibestimators.report import (
    Details,
    Facts,
    Number,
    Paragraph,
    Result,
    Row,
    RowChart,
    Section,
    Table,
    Verdict,
)
from ibestimators.scoring import predicts_positions


@dataclass(frozen=True, repr=False)
class ComparisonResult(Result):
    """Scores of several estimators on the same folds.

    Attributes
    ----------
    cells : pandas.DataFrame
        A row for each estimator and fold: ``estimator``, ``fold``, ``score`` and, if there
        are several scores, each by its name, ``fit_time`` and ``predict_time`` in seconds,
        ``n_parameters``, ``multiply_adds`` (of a prediction, a sample; counted in the first
        fold), ``n_train``, ``n_test``, ``error`` (the reason of a failed fit, or None), and of
        the networks of this package ``lr``, ``weight_decay``, ``batch_size`` and ``max_epochs``
        as they were trained, with a number for 'auto'.
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
    def training(self) -> pd.DataFrame:
        """How the networks of this package were trained, in the first fold that they have.

        Indexed by estimator, without those of other libraries: ``fold``, ``lr``,
        ``weight_decay``, ``batch_size`` and ``max_epochs``, with a number for 'auto'.
        """
        known = self.cells.reindex(columns=["estimator", "fold", *TRAINING]).dropna()
        first = known.sort_values("fold", kind="stable").drop_duplicates("estimator")
        frame = first.set_index("estimator").astype(
            {"lr": float, "weight_decay": float, "batch_size": int, "max_epochs": int}
        )
        return frame.loc[[name for name in self.estimators if name in frame.index]]

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
            ``best``, ``verdict``, ``table`` (the rows of `to_frame`), ``estimators`` (their
            reprs) and all other attributes by their names; missing numbers are None.
        """
        return {"best": self.best, **super().to_dict()}

    def to_html(
        self,
        path: str | os.PathLike[str],
        *,
        X: Any = None,
        y: Any = None,
        curves: Any = None,
        ablation: Any = None,
        others: Sequence[Result] = (),
        title: str | None = None,
    ) -> Path:
        """Write one HTML page that needs no other file and no network.

        Parameters
        ----------
        path : path
            The page, replaced if it exists.
        X, y
            The data, for a description of them on the page.
        curves : LearningCurvesResult, default=None
            From `compare_learning_curves`, for a section of its own.
        ablation : AblationResult, default=None
            From `structure_ablation`, likewise.
        others : sequence of results, default=()
            Further results on the same data, likewise.
        title : str, default=None
            Heading of the page; None says how many estimators are compared, and by what.

        Returns
        -------
        pathlib.Path
            The page.

        Raises
        ------
        TypeError
            If `curves`, `ablation` or `others` holds something else than results.
        FileNotFoundError, IsADirectoryError
            If the folder of `path` does not exist, or `path` is a folder.
        """
        sources = {"curves": "compare_learning_curves", "ablation": "structure_ablation"}
        for name, value in {"curves": curves, "ablation": ablation}.items():
            if value is not None and not isinstance(value, Result):
                raise TypeError(
                    f"{name} must be a result as {sources[name]} returns it, got "
                    f"{type(value).__name__}."
                )
        named = [value for value in (curves, ablation) if value is not None]
        return super().to_html(path, X=X, y=y, others=[*named, *others], title=title)

    def _sentences(self) -> list[str]:
        if self._baseline_failed():
            return [f"The baseline {self.baseline} has no score."]
        frame = self.to_frame().sort_values("score", ascending=False)
        frame = frame.drop(index=self.baseline).dropna(subset="difference")
        found = {str(row.Index): self._difference_in_words(row) for row in records(frame)}
        sentences = [sentence for sentence in found.values() if sentence]
        unsure = [name for name, sentence in found.items() if not sentence]
        if unsure:
            others = ", ".join(unsure)
            sentences.append(f"Not significantly different from {self.baseline}: {others}.")
        return sentences

    def _baseline_failed(self) -> bool:
        own = self.cells["estimator"] == self.baseline
        return bool(self.cells.loc[own, "score"].isna().all())

    def _difference_in_words(self, row: Any) -> str:
        """A sentence on a significant difference to the baseline, or ""."""
        if row.p_equal > CONFIDENCE:
            return (
                f"{row.Index} does as well as {self.baseline}, within {self.rope:g} "
                f"(probability {row.p_equal:.2f})."
            )
        better = "better" if row.difference > 0 else "worse"
        start = f"{row.Index} does {better} than {self.baseline} by {abs(row.difference):.3f}"
        if pd.isna(row.p_value) and max(row.p_better, row.p_worse) == 1:
            return f"{start} in every fold; without variation between folds there is no test."
        if not row.p_value < 1 - CONFIDENCE:
            return ""
        low, high = sorted([abs(row.difference_low), abs(row.difference_high)])
        return f"{start} (95 % interval {low:.3f} to {high:.3f}, p = {row.p_value:.2g})."

    def _display(self) -> Any:
        from ibestimators.comparison._displays import ComparisonDisplay

        return ComparisonDisplay(self.to_frame(), self.baseline, self.scoring)

    def _table(self) -> Table:
        heads = ["estimator", "assumes", "parameters", self.scoring, f"vs {self.baseline}", "fit"]
        rows = [
            [
                str(row.Index),
                row.assumption,
                Number.of(row.parameters, ",d"),
                Number.with_interval(row.score, row.score_low, row.score_high),
                self._difference(row),
                Number("" if pd.isna(row.fit_time) else f"{row.fit_time:.1f} s", row.fit_time),
            ]
            for row in records(self.to_frame())
        ]
        return Table("Estimators", heads, rows)

    def _difference(self, row: Any) -> Number:
        if row.Index == self.baseline:
            return Number("baseline", np.nan)
        ends = row.difference, row.difference_low, row.difference_high
        return Number.with_interval(*ends, sign="+")

    def _notes(self) -> list[str]:
        n_folds = counted(count_folds(self.cells), "fold")
        return [
            f"Means over {n_folds}, the same for all; ± is half of a 95 % interval (corrected "
            "resampled t).",
            *self._training_in_words(),
            *(f"{name}: {text}" for name, text in failed_fits(self.cells)),
        ]

    def _training_in_words(self) -> list[str]:
        trained = [
            f"{row.Index} {counted(row.max_epochs, 'epoch')} at lr {significant(row.lr)}"
            for row in records(self.training)
        ]
        return [f"Training: {', '.join(trained)}."] if trained else []

    def _title(self) -> str:
        return f"{counted(len(self.estimators), 'estimator')} compared by {self.scoring}"

    def _sections(self) -> list[Section]:
        frame = self.to_frame()
        ends: Any = frame.loc[self.best, ["score", "score_low", "score_high"]]
        score = with_interval(*ends)
        verdict = self.verdict() or f"No other estimator was compared with {self.baseline}."
        return [
            Section("", [Verdict(verdict, f"Highest mean {self.scoring}: {self.best}, {score}.")]),
            Section("Scores", [self._chart(frame)]),
            Section(
                "Estimators",
                [
                    self._wide_table(frame),
                    Paragraph(
                        "± is half of a 95 % interval. Multiply-adds are those of predicting one "
                        "sample; times are means over the folds.",
                        is_note=True,
                    ),
                ],
            ),
            Section("Other scores", [self._other_scores()]),
            Section("Failed fits", [Facts(failed_fits(self.cells))]),
        ]

    def _chart(self, frame: pd.DataFrame) -> RowChart:
        frame = frame[np.isfinite(frame["score"])].sort_values("score", ascending=False)
        rows = [
            Row(
                label=str(row.Index),
                note=row.assumption,
                value=row.score,
                text=f"{row.score:.3f}",
                low=row.score if pd.isna(row.score_low) else row.score_low,
                high=row.score if pd.isna(row.score_high) else row.score_high,
                is_highlighted=row.Index != self.baseline,
            )
            for row in records(frame)
        ]
        caption = (
            f"Mean (dot) and 95 % interval (bar) of {self.scoring} over "
            f"{counted(count_folds(self.cells), 'fold')}. Dashed: {self.baseline}, the baseline."
        )
        reference = frame["score"].get(self.baseline)
        return RowChart(f"Mean {self.scoring}", caption, rows, reference)

    def _wide_table(self, frame: pd.DataFrame) -> Table:
        heads = [
            "estimator",
            "assumes",
            "parameters",
            "multiply-adds",
            self.scoring,
            f"vs {self.baseline}",
            "p (Holm)",
            "P(better)",
            "P(equal)",
            "P(worse)",
            "fit (s)",
            "predict (s)",
            "failures",
        ]
        frame = frame.sort_values("score", ascending=False, na_position="last")
        rows = [
            [
                str(row.Index),
                row.assumption,
                Number.of(row.parameters, ",d"),
                Number.of(row.multiply_adds, ",d"),
                Number.with_interval(row.score, row.score_low, row.score_high),
                self._difference(row),
                Number.small(row.p_value),
                Number.of(row.p_better, ".2f"),
                Number.of(row.p_equal, ".2f"),
                Number.of(row.p_worse, ".2f"),
                Number.seconds(row.fit_time),
                Number.seconds(row.predict_time),
                Number.of(row.failures, "d"),
            ]
            for row in records(frame)
        ]
        return Table("All estimators", heads, rows, sorted_by=4)

    def _other_scores(self) -> Table:
        frames: list[Any] = [self.to_frame(scoring) for scoring in self.other_scorings]
        ends = ["score", "score_low", "score_high"]
        rows = [
            [name, *(Number.with_interval(*frame.loc[name, ends]) for frame in frames)]
            for name in (self.estimators if frames else ())
        ]
        return Table("Other scores", ["estimator", *self.other_scorings], rows)

    def _settings(self) -> list[Section]:
        sizes = self.cells.groupby("fold")[["n_train", "n_test"]].first()
        facts = [
            ("score", f"{self.scoring}, higher is better"),
            ("baseline", self.baseline),
            ("folds", f"{len(sizes)}, the same for all estimators"),
            ("training samples of a fold", span(sizes["n_train"])),
            ("test samples of a fold", span(sizes["n_test"])),
            ("practically equal", f"differences up to {self.rope:g}"),
            *(
                (
                    f"training of {row.Index}, fold {row.fold + 1}",
                    f"lr={row.lr:.3g}, weight_decay={row.weight_decay:.3g}, "
                    f"batch_size={row.batch_size}, max_epochs={row.max_epochs}",
                )
                for row in records(self.training)
            ),
            ("seeds", "random_state of each estimator, below"),
        ]
        reprs = [(name, _whole_repr(est)) for name, est in self.estimators.items()]
        return [Section("Settings", [Facts(facts), Details(reprs)])]

    def _how_to_read(self) -> str:
        return (
            "All estimators were trained and tested on the same folds, and their scores are "
            "compared fold by fold. Folds share training samples, which correlates their scores. "
            "The 95 % intervals and the p-values are corrected for this (Nadeau & Bengio 2003); "
            "the intervals are wider than uncorrected ones. p (Holm) is the probability of a "
            "difference at least as large if the estimators were equally good, adjusted for the "
            f"number of comparisons. Differences up to {self.rope:g} count as practically equal: "
            "P(better), P(equal) and P(worse) are the probabilities that an estimator is better "
            f"than {self.baseline}, practically equal to it, or worse (Corani & Benavoli 2015)."
        )

    def _are_classes(self) -> bool:
        return bool(is_classifier(self.estimators[self.baseline]))

    def _at_positions(self) -> bool:
        return predicts_positions(self.estimators[self.baseline])


def assumption(est: Any) -> str:
    """What an estimator assumes, also inside pipelines and searches; "" if unknown."""
    return str(getattr(innermost(est), "assumption", ""))


def _whole_repr(est: Any) -> str:
    """The repr of an estimator without the ellipsis that could hide a seed."""
    return est.__repr__(N_CHAR_MAX=10**9) if isinstance(est, BaseEstimator) else repr(est)
