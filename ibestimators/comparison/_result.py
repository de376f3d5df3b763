"""The result of a comparison: table, verdict, plot and page."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier
from sklearn.model_selection import GridSearchCV

from ibestimators.comparison._cells import (
    count_folds,
    failed_fits,
    missing_scores,
    ratio_of_sizes,
    test_size,
)
from ibestimators.comparison._checks import DOCUMENTATION, Finding, findings
from ibestimators.comparison._data_facts import DataFacts
from ibestimators.comparison._design import Design, ended_early, too_few_folds, what_would_decide
from ibestimators.comparison._fold_task import TRAINING
from ibestimators.comparison._manuscript import manuscript
from ibestimators.comparison._predictions import disagreements_of_samples, errors_of_samples
from ibestimators.comparison._representatives import in_words, inner_scores
from ibestimators.comparison._statistics import (
    MIN_FOLDS,
    bounds_of,
    correlated_bayes,
    detectable_difference,
    resampled_interval,
    resampled_p_value,
    resolution,
    score_interval,
)
from ibestimators.formatting import counted, records, significant, span, with_ends
from ibestimators.pipelines import innermost
from ibestimators.report import (
    Bullets,
    Curve,
    CurveChart,
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

IN_THE_VERDICT = ("folds", "power")  # checks whose findings the verdict states


@dataclass(frozen=True, repr=False)
class ComparisonResult(Result):
    """Scores of several estimators on the same folds.

    Attributes
    ----------
    cells : pandas.DataFrame
        A row for each estimator and fold: ``estimator``, ``fold``, ``score`` and, if there
        are several scores, each by its name, ``train_score`` (the first score on training
        samples, up to 2,000), ``fit_time`` and ``predict_time`` in seconds, ``n_parameters``,
        ``multiply_adds`` (of a prediction, a sample; counted in the first fold), ``n_train``,
        ``n_test``, ``error`` (the reason of a failed fit, or None), ``score_error`` (why
        another score is missing, or None), and of the networks of this package
        ``converged``, ``loss_curve`` (the training loss of each epoch) and ``lr``,
        ``weight_decay``, ``batch_size`` and ``max_epochs`` as they
        were trained, with a number for 'auto'.
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
    design : Design or None
        Samples, groups and repeats of the folds.
    fingerprint : dict of str to str
        Hashes of ``data`` and ``folds``, and the ``score``: results with the same ones can be
        read together.
    predictions : pandas.DataFrame or None
        Of each sample, a row in the order of X, by each estimator, a column, as it was fitted
        without the sample: a class or a number, missing if that fit failed. With repeats, the
        first prediction of a sample. Several numbers a sample have a column each, below their
        estimator. None if y is None, or at positions.
    probabilities : pandas.DataFrame or None
        Likewise of classes, with columns ``(estimator, class)``, of estimators that have
        `predict_proba`; None if there are none.
    data : DataFacts or None
        What the checks know of X, y and the folds.
    has_representatives : bool
        Whether the network of each bias was chosen in the training part of each fold.
    """

    cells: pd.DataFrame
    estimators: dict[str, Any]
    baseline: str
    scoring: str
    other_scorings: tuple[str, ...] = ()
    rope: float = 0.01
    best_estimator_: Any = None
    design: Design | None = None
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    predictions: pd.DataFrame | None = None
    probabilities: pd.DataFrame | None = None
    data: DataFacts | None = None
    has_representatives: bool = False

    @property
    def assumptions(self) -> dict[str, str]:
        """What each estimator assumes about the data."""
        return {name: assumption(est) for name, est in self.estimators.items()}

    @cached_property
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
            with the ends ``score_low`` and ``score_high`` of its 95 % interval, the mean
            ``train_score``, ``converged`` (whether most fits of a network of this package
            were trained to the end), ``difference`` to the baseline with ``difference_low``
            and ``difference_high``, which hold together for all estimators with 95 %
            confidence, ``p_value`` of that difference, adjusted likewise (corrected resampled
            t, Bonferroni: p < 0.05 where the interval excludes 0), ``detectable``, the
            true difference that the folds would show in 80 of 100 cases, ``p_worse``,
            ``p_equal`` and ``p_better``, the Bayesian probabilities that it is worse, within
            `rope`, or better, ``finding`` ("better", "worse", "equal" if the interval lies
            within `rope`, "undecided"; missing without an interval), ``fit_time`` and
            ``predict_time`` in seconds (mean of a fold) and ``failures`` (folds without a
            score). Intervals and p-values are NaN with fewer than four folds.
        """
        column = self._column(scoring)
        scores = self._scores(column)
        rows = []
        for name in self.estimators:
            own = self.cells[self.cells["estimator"] == name]
            ends = score_interval(
                scores[name],
                self.test_train_ratio,
                bounds_of(scoring or self.scoring),
                test_size(self.cells),
            )
            rows.append(
                {
                    "estimator": name,
                    "assumption": self.assumptions[name],
                    "parameters": own["n_parameters"].max(),
                    "multiply_adds": own["multiply_adds"].max(),
                    **dict(zip(("score", "score_low", "score_high"), ends, strict=True)),
                    "train_score": _mean(own, "train_score"),
                    "converged": _mostly(own, "converged"),
                    **self._compared(scores, name, scoring),
                    "fit_time": own["fit_time"].mean(),
                    "predict_time": own["predict_time"].mean(),
                    "failures": int((own[column].isna() | own["error"].notna()).sum()),
                }
            )
        frame = pd.DataFrame(rows).set_index("estimator")
        return frame.astype(
            {"parameters": "Int64", "multiply_adds": "Int64", "converged": "boolean"}
        )

    def _scores(self, column: str) -> pd.DataFrame:
        """Scores, folds by estimators."""
        table = self.cells.pivot(index="fold", columns="estimator", values=column)
        return table.astype(float)

    def _compared(self, scores: pd.DataFrame, name: str, scoring: str | None) -> dict[str, Any]:
        """The columns of `to_frame` on the difference of an estimator to the baseline."""
        gain = scores[name] - scores[self.baseline]
        if name == self.baseline:
            gain = gain * np.nan
        scoring = scoring or self.scoring
        ratio, n_others = self.test_train_ratio, max(1, len(self.estimators) - 1)
        step = resolution(scoring, test_size(self.cells))
        mean, low, high = resampled_interval(gain, ratio, n_others, step, _widest(scoring))
        worse, equal, better = correlated_bayes(gain, ratio, self.rope, step)
        return {
            "difference": mean,
            "difference_low": low,
            "difference_high": high,
            "p_value": resampled_p_value(gain, ratio, n_others, step),
            "detectable": detectable_difference(gain, ratio, n_others, step),
            "p_worse": worse,
            "p_equal": equal,
            "p_better": better,
            "finding": _finding(low, high, self.rope),
        }

    def pairs(self, scoring: str | None = None) -> pd.DataFrame:
        """All pairs of estimators.

        Parameters
        ----------
        scoring : str, default=None
            One of the scores; None takes the first.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``estimator`` and ``other``, of which the first has the higher mean
            score: ``difference`` with ``difference_low``, ``difference_high``, ``p_value`` and
            ``finding``, as in `to_frame` but adjusted for the number of pairs.
        """
        scores = self._scores(self._column(scoring)).dropna(axis=1, how="all")
        names = scores.mean().sort_values(ascending=False, kind="stable").index
        scoring = scoring or self.scoring
        ratio, step = self.test_train_ratio, resolution(scoring, test_size(self.cells))
        pairs = [*combinations(names, 2)]
        rows = []
        for better, other in pairs:
            gain = scores[better] - scores[other]
            ends = resampled_interval(gain, ratio, len(pairs), step, _widest(scoring))
            p_value = resampled_p_value(gain, ratio, len(pairs), step)
            rows.append([*ends, p_value, _finding(*ends[1:], self.rope)])
        columns = ["difference", "difference_low", "difference_high", "p_value", "finding"]
        index = pd.MultiIndex.from_tuples(pairs, names=["estimator", "other"])
        return pd.DataFrame(rows, index=index, columns=columns)

    def ties(self, scoring: str | None = None) -> list[tuple[str, ...]]:
        """Groups of estimators that are not significantly different from one another.

        Parameters
        ----------
        scoring : str, default=None
            One of the scores; None takes the first.

        Returns
        -------
        list of tuples of str
            The best first, in each tuple too. An estimator may be in several groups, or in one
            of its own.
        """
        pairs = self.pairs(scoring)
        mean = self._scores(self._column(scoring)).mean().dropna()
        ranked = [str(name) for name in mean.sort_values(ascending=False, kind="stable").index]
        tied: nx.Graph = nx.Graph()
        tied.add_nodes_from(ranked)
        tied.add_edges_from(pairs.index[~pairs["finding"].isin(["better", "worse"])])
        groups = [sorted(map(ranked.index, clique)) for clique in nx.find_cliques(tied)]
        return [tuple(ranked[i] for i in group) for group in sorted(groups)]

    def checks(self) -> pd.DataFrame:
        """What may be amiss: with the data, the folds, the training or the score.

        Returns
        -------
        pandas.DataFrame
            A row for each finding, none if all is well. Indexed by ``check``, its short code:
            ``finding``, a sentence, and ``documentation``, the address of its explanation
            (docs/checks.md).
        """
        found = self._findings
        return pd.DataFrame(
            {
                "finding": [text for _, text in found],
                "documentation": [f"{DOCUMENTATION}#{code}" for code, _ in found],
            },
            index=pd.Index([code for code, _ in found], name="check", dtype=object),
            dtype=object,
        )

    def representatives(self) -> pd.DataFrame:
        """The networks that stood for each bias, if the comparison chose among ``"all"``.

        Returns
        -------
        pandas.DataFrame
            A row for each: ``estimator``, ``representative`` (what it changes), ``score``, the mean
            over folds of its score in the inner folds, and ``chosen``, the number of folds that
            chose it. No rows without a choice.
        """
        searches = {
            name: est
            for name, est in self.estimators.items()
            if self.has_representatives and "inner_scores" in self.cells
            if isinstance(est, GridSearchCV)
        }
        return inner_scores(self.cells, searches)

    def _representatives_section(self) -> Section:
        frame = self.representatives()
        rows = [
            [
                row.estimator,
                Number.of(row.score, ".3f"),
                Number.of(row.chosen, "d"),
                row.representative,
            ]
            for row in records(frame)
        ]
        heads = ["estimator", f"{self.scoring}, inner folds", "folds that chose it", "network"]
        table = Table("Networks that stand for each bias", heads, rows)
        return Section("Networks that stand for each bias", [table, Bullets(in_words(frame))])

    def to_paper(self, format: str = "markdown") -> str:
        """Methods, results, a table and references, to paste into a paper.

        Parameters
        ----------
        format : {"markdown", "latex"}, default="markdown"

        Returns
        -------
        str

        Raises
        ------
        ValueError
            If `format` is something else.
        """
        return manuscript(self, format)

    @cached_property
    def _findings(self) -> list[Finding]:
        return findings(self)

    def sample_errors(self, y: Any) -> pd.DataFrame:
        """What each out-of-fold prediction is wrong by.

        With pandas, ``result.sample_errors(y).groupby(groups).mean()`` is the error by group, and
        ``.groupby(y).mean()`` that by class.

        Parameters
        ----------
        y : array-like of n_samples
            The y of the comparison.

        Returns
        -------
        pandas.DataFrame
            Of the form of `predictions`: 0 where a class is right and 1 where it is wrong, or the
            absolute error of a number, in the units of y. NaN where there is no prediction.

        Raises
        ------
        ValueError
            If the result holds no predictions, or y has another number of samples.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.neighbors import KNeighborsClassifier
        >>> from ibestimators import compare_biases
        >>> X, y = load_iris(return_X_y=True)
        >>> result = compare_biases(X, y, {"neighbours": KNeighborsClassifier()}, random_state=0)
        >>> bool(result.sample_errors(y).groupby(y).mean().loc[0, "neighbours"] < 0.05)
        True
        """
        return errors_of_samples(self._kept_predictions(), y, self._are_classes())

    def disagreements(self, y: Any) -> pd.DataFrame:
        """The samples that some estimators predict better than others.

        They show what kind of sample needs which assumption.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            The y of the comparison.

        Returns
        -------
        pandas.DataFrame
            The rows of `predictions` on which errors differ, with columns ``y``, ``best`` (the
            names of the estimators of least error, a tuple) and ``spread`` (the largest error
            minus the least, which is 1 for classes), the largest spread first.

        Raises
        ------
        ValueError
            If the result holds no predictions, or y has another number of samples, or several
            values a sample.
        """
        predictions = self._kept_predictions()
        if np.ndim(y) == 2 and np.shape(y)[1] > 1:
            raise ValueError(
                f"y has shape {np.shape(y)}, but one value a sample is needed. Use sample_errors."
            )
        return disagreements_of_samples(predictions, y, self._are_classes())

    def _kept_predictions(self) -> pd.DataFrame:
        if self.predictions is None:
            raise ValueError(
                "This result holds no predictions: they are kept by compare_biases where y has "
                "one value or one row a sample, not at positions."
            )
        return self.predictions

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
            reprs) and all other attributes by their names, without predictions and
            probabilities; missing numbers are None.
        """
        without = replace(self, predictions=None, probabilities=None)
        values = {"best": self.best, **super(ComparisonResult, without).to_dict()}
        return {k: v for k, v in values.items() if k not in ("predictions", "probabilities")}

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
        n_folds = count_folds(self.cells)
        if len(frame) and n_folds < MIN_FOLDS:
            return [too_few_folds(n_folds, self.design)]
        sentences = [*filter(None, map(self._difference_in_words, records(frame)))]
        unsure = frame[frame["finding"] == "undecided"]
        if len(unsure):
            names = ", ".join(map(str, unsure.index))
            least, most = unsure["detectable"].min(), unsure["detectable"].max()
            size = significant(least)
            if size != significant(most):
                size += f" to {significant(most)}"
            sentences.append(
                f"Not significantly different from {self.baseline}: {names}. In 80 of 100 cases "
                f"these folds show a true difference of {size}."
            )
            sentences += what_would_decide(self._gains()[unsure.index], self)
        untested = frame[frame["finding"].isna()]
        if len(untested):
            names = ", ".join(map(str, untested.index))
            sentences.append(
                f"No test, as the difference to {self.baseline} has no spread over the folds, or "
                f"there are fewer than {MIN_FOLDS}: {names}."
            )
        return [*sentences, *in_words(self.representatives())]

    def _gains(self) -> pd.DataFrame:
        """Differences to the baseline, folds by the other estimators."""
        scores = self._scores("score")
        gains = scores.sub(scores[self.baseline], axis=0)
        return gains[[name for name in self.estimators if name != self.baseline]]

    def _baseline_failed(self) -> bool:
        own = self.cells["estimator"] == self.baseline
        return bool(self.cells.loc[own, "score"].isna().all())

    def _difference_in_words(self, row: Any) -> str:
        """A sentence on a difference to the baseline, or "" if nothing is decided."""
        if row.finding == "equal":
            return (
                f"{row.Index} does as well as {self.baseline}, within {self.rope:g} (95 % interval "
                f"{row.difference_low:+.3f} to {row.difference_high:+.3f})."
            )
        if row.finding not in ("better", "worse"):
            return ""
        low, high = sorted([abs(row.difference_low), abs(row.difference_high)])
        return (
            f"{row.Index} does {row.finding} than {self.baseline} by {abs(row.difference):.3f} "
            f"(95 % interval {low:.3f} to {high:.3f}, p = {row.p_value:.2g})."
        )

    def plot(self, ax: Any = None, *, kind: str = "differences", **style: Any) -> Any:
        """Draw the result.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        kind : {"differences", "scores"}, default="differences"
            "differences" draws those to the baseline, fold by fold, with their simultaneous
            intervals; "scores" the score of each estimator with an interval of its own. There
            are only scores if a single estimator was compared.
        **style : dict
            Properties of what is drawn, which go to matplotlib and override the defaults,
            such as ``line_kw={"linewidth": 3}``. An unknown keyword raises an error that
            lists those of this display.

        Returns
        -------
        Display
            With attributes ``ax_`` and ``figure_``.
        """
        if kind not in ("differences", "scores"):
            raise ValueError(f"kind must be 'differences' or 'scores', got {kind!r}.")
        return self._display(kind).plot(ax, **style)

    def _display(self, kind: str = "differences") -> Any:
        from ibestimators.comparison._displays import ComparisonDisplay, ScoresDisplay

        if kind == "scores" or len(self.estimators) == 1:
            return ScoresDisplay(
                self.to_frame(), self._scores("score"), self.baseline, self.scoring
            )
        return ComparisonDisplay(
            self.to_frame(), self._gains(), self.baseline, self.scoring, self.rope
        )

    def _table(self) -> Table:
        scorings = [self.scoring, *self.other_scorings]
        frames = [self.to_frame(), *map(self.to_frame, self.other_scorings)]
        heads = ["estimator", "assumes", "parameters", *scorings, f"vs {self.baseline}", "fit"]
        rows = [
            [
                str(row.Index),
                row.assumption,
                Number.of(row.parameters, ",d"),
                *(_score(frame, row.Index) for frame in frames),
                self._difference(row),
                Number("" if pd.isna(row.fit_time) else f"{row.fit_time:.1f} s", row.fit_time),
            ]
            for row in records(frames[0])
        ]
        return Table("Estimators", heads, rows)

    def _difference(self, row: Any) -> Number:
        if row.Index == self.baseline:
            return Number("baseline", np.nan)
        ends = row.difference, row.difference_low, row.difference_high
        return Number.with_interval(*ends, sign="+")

    def _notes(self) -> list[str]:
        return [
            f"{self._folds_in_words()}, the same for all. {self._intervals_in_words()}",
            *ended_early(self.design),
            *self._training_in_words(),
            *(
                f"Check [{code}]: {text}"
                for code, text in self._findings
                if code not in IN_THE_VERDICT
            ),
            *(f"{name}: {text}" for name, text in missing_scores(self.cells)),
            *(f"{name}: {text}" for name, text in failed_fits(self.cells)),
        ]

    def _folds_in_words(self) -> str:
        n_folds = count_folds(self.cells)
        return counted(n_folds, "fold") if self.design is None else self.design.in_words(n_folds)

    def _intervals_in_words(self) -> str:
        if count_folds(self.cells) < MIN_FOLDS:
            return f"Means without intervals, which take at least {MIN_FOLDS} folds."
        if len(self.estimators) == 1:
            return "In brackets: the 95 % interval of the score."
        return (
            f"± holds for all differences to {self.baseline} together with 95 % confidence; in "
            "brackets: the 95 % interval of one score."
        )

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
        best: Any = frame.loc[self.best]
        score = with_ends(best["score"], best["score_low"], best["score_high"])
        verdict = self.verdict() or f"No other estimator was compared with {self.baseline}."
        note = f"{self._folds_in_words()}. Highest mean {self.scoring}: {self.best}, {score}."
        note = " ".join([note, *ended_early(self.design)])
        return [
            Section("", [Verdict(verdict, note)]),
            self._checks_section(),
            Section("Differences", [*self._differences_chart(frame)]),
            Section("Scores", [self._scores_chart(frame)]),
            Section(
                "Estimators",
                [
                    self._wide_table(frame),
                    Paragraph(
                        f"{self._intervals_in_words()} Multiply-adds are those of predicting one "
                        "sample; times are means over the folds.",
                        is_note=True,
                    ),
                ],
            ),
            self._representatives_section(),
            Section("Other scores", [self._other_scores()]),
            Section("Training curves", self._training_curves()),
            Section("Missing scores", [Facts(missing_scores(self.cells))]),
            Section("Failed fits", [Facts(failed_fits(self.cells))]),
        ]

    def _checks_section(self) -> Section:
        found: list[tuple[str, str]] = [*self._findings]
        note = Paragraph(f"The codes are explained at {DOCUMENTATION}.", is_note=True)
        return Section("Checks", [Facts(found), note] if found else [])

    def _differences_chart(self, frame: pd.DataFrame) -> list[RowChart]:
        frame = frame.drop(index=self.baseline).dropna(subset="difference")
        if frame.empty:
            return []
        gains = self._gains()
        rows = [
            Row(
                label=str(row.Index),
                note=row.assumption,
                value=row.difference,
                text=self._difference(row).text,
                low=None if pd.isna(row.difference_low) else row.difference_low,
                high=None if pd.isna(row.difference_high) else row.difference_high,
                points=gains[row.Index].dropna().tolist(),
                is_highlighted=row.finding in ("better", "worse"),
            )
            for row in records(frame.sort_values("difference", ascending=False))
        ]
        caption = (
            f"{self.scoring} minus that of {self.baseline} (dashed): each fold (small dots), their "
            "mean (large dot)"
        )
        if frame["difference_low"].notna().any():
            caption += (
                " and its interval (bar), all of which hold together with 95 % confidence. In "
                "colour: the interval excludes 0"
            )
        band = (-self.rope, self.rope) if self.rope > 0 else None
        if band is not None:
            caption += f". Shaded: differences up to {self.rope:g}, practically equal"
        title = f"Difference of {self.scoring} to {self.baseline}"
        return [RowChart(title, f"{caption}.", rows, 0.0, band)]

    def _scores_chart(self, frame: pd.DataFrame) -> RowChart:
        frame = frame[np.isfinite(frame["score"])].sort_values("score", ascending=False)
        scores = self._scores("score")
        rows = [
            Row(
                label=str(row.Index),
                note=row.assumption,
                value=row.score,
                text=f"{row.score:.3f}",
                low=None if pd.isna(row.score_low) else row.score_low,
                high=None if pd.isna(row.score_high) else row.score_high,
                points=scores[row.Index].dropna().tolist(),
                is_highlighted=row.Index != self.baseline,
            )
            for row in records(frame)
        ]
        interval = "" if frame["score_low"].isna().all() else " and its 95 % interval (bar)"
        caption = (
            f"{self.scoring} of each fold (small dots), their mean (large dot){interval}. Dashed: "
            f"{self.baseline}, the baseline."
        )
        reference = frame["score"].get(self.baseline)
        return RowChart(f"Mean {self.scoring}", caption, rows, reference)

    def _wide_table(self, frame: pd.DataFrame) -> Table:
        heads = [
            "estimator",
            self.scoring,
            f"vs {self.baseline}",
            "p (adjusted)",
            "training score",
            "P(better)",
            "P(equal)",
            "P(worse)",
            "parameters",
            "multiply-adds",
            "fit (s)",
            "predict (s)",
            "failures",
            "assumes",
        ]
        frame = frame.sort_values("score", ascending=False, na_position="last")
        rows = [
            [
                str(row.Index),
                _score(frame, row.Index),
                self._difference(row),
                Number.small(row.p_value),
                Number.of(row.train_score, ".3f"),
                Number.probability(row.p_better),
                Number.probability(row.p_equal),
                Number.probability(row.p_worse),
                Number.of(row.parameters, ",d"),
                Number.of(row.multiply_adds, ",d"),
                Number.seconds(row.fit_time),
                Number.seconds(row.predict_time),
                Number.of(row.failures, "d"),
                row.assumption,
            ]
            for row in records(frame)
        ]
        return Table("All estimators", heads, rows, sorted_by=1)

    def _training_curves(self) -> list[CurveChart]:
        """The training losses in the first fold that a network has."""
        known = self.cells.reindex(columns=["estimator", "fold", "loss_curve"]).dropna()
        first = known.sort_values("fold", kind="stable").drop_duplicates("estimator")
        curves = [
            Curve(str(row.estimator), [*enumerate(row.loss_curve, start=1)])
            for row in records(first)
            if len(row.loss_curve) > 1
        ]
        if not curves:
            return []
        n_epochs = max(len(curve.points) for curve in curves)
        ticks = sorted({2**i for i in range(n_epochs.bit_length())} | {n_epochs})
        caption = "Training loss of each epoch in the first fold, by epoch (logarithmic axis)."
        return [CurveChart("Training loss by epoch", caption, curves, ticks)]

    def _other_scores(self) -> Table:
        frames: list[Any] = [self.to_frame(scoring) for scoring in self.other_scorings]
        rows = [
            [name, *(_score(frame, name) for frame in frames)]
            for name in (self.estimators if frames else ())
        ]
        return Table("Other scores", ["estimator", *self.other_scorings], rows)

    def _settings(self) -> list[Section]:
        sizes = self.cells.groupby("fold")[["n_train", "n_test"]].first()
        facts = [
            ("score", f"{self.scoring}, higher is better"),
            ("baseline", self.baseline),
            ("folds", f"{self._folds_in_words()}, the same for all estimators"),
            ("training samples of a fold", span(sizes["n_train"])),
            ("test samples of a fold", span(sizes["n_test"])),
            *self._chance_in_words(),
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

    def _chance_in_words(self) -> list[tuple[str, str]]:
        if self.data is None:
            return []
        facts = []
        if not np.isnan(self.data.chance):
            facts.append(("chance level", f"{self.scoring} {self.data.chance:.3f} without X"))
        if not np.isnan(self.data.majority_rate):
            rate = f"{self.data.majority_rate:.1%} of the samples"
            facts.append(("most frequent class", rate))
        return facts

    def _how_to_read(self) -> str:
        return (
            "All estimators were trained and tested on the same folds, and their scores are "
            "compared fold by fold. Folds share training samples, which correlates their scores. "
            "The 95 % intervals and the p-values are corrected for this (Nadeau & Bengio 2003); "
            "the intervals are wider than uncorrected ones. All intervals of differences hold "
            "together with 95 % confidence, and p (adjusted) is below 0.05 where an interval "
            "excludes 0: it is the probability of a difference at least as large if the estimators "
            "were equally good, times the number of comparisons (Bonferroni). Intervals take at "
            f"least {MIN_FOLDS} folds. Differences up to {self.rope:g} count as practically equal: "
            "P(better), P(equal) and P(worse) are the probabilities that an estimator is better "
            f"than {self.baseline}, practically equal to it, or worse (Corani & Benavoli 2015). "
            "The training score is that on training samples; where it is low too, the estimator "
            "was not trained to the end, or cannot learn more."
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


def _score(frame: pd.DataFrame, name: Any) -> Number:
    row: Any = frame.loc[name]
    ends = row["score"], row["score_low"], row["score_high"]
    return Number(with_ends(*ends), row["score"])


def _finding(low: float, high: float, rope: float) -> str | None:
    """What an interval of a difference says."""
    if pd.isna(low):
        return None
    if -rope <= low and high <= rope:
        return "equal"
    if low > 0 or high < 0:
        return "better" if low > 0 else "worse"
    return "undecided"


def _widest(scoring: str) -> tuple[float, float]:
    """What a difference of two scores cannot exceed."""
    low, high = bounds_of(scoring)
    return low - high, high - low


def _mean(cells: pd.DataFrame, column: str) -> float:
    """The mean of a column that cells of an older version lack."""
    return float(cells[column].astype(float).mean()) if column in cells else np.nan


def _mostly(cells: pd.DataFrame, column: str) -> bool | None:
    """Whether a column is true in most rows that have it."""
    known = list(cells[column].dropna()) if column in cells else []
    return bool(np.mean(known) > 0.5) if known else None
