"""The result of a comparison: table, verdict, plot and page."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.base import is_classifier
from sklearn.model_selection import GridSearchCV

from ibestimators.comparison._cells import (
    gains_by_fold,
    ratio_of_sizes,
    scores_by_fold,
    training_of_networks,
)
from ibestimators.comparison._checks import DOCUMENTATION, Finding, findings
from ibestimators.comparison._comparison_page import (
    data_facts_of,
    how_to_read,
    sections_of,
    settings_of,
)
from ibestimators.comparison._data_facts import DataFacts
from ibestimators.comparison._design import Design
from ibestimators.comparison._diagnosis import confirmation, in_one_line
from ibestimators.comparison._differences import (
    table_of_estimators,
    table_of_pairs,
    tied_groups,
)
from ibestimators.comparison._estimators import assumption
from ibestimators.comparison._manuscript import manuscript
from ibestimators.comparison._predictions import disagreements_of_samples, errors_of_samples
from ibestimators.comparison._representatives import inner_scores
from ibestimators.comparison._tables import printed_table
from ibestimators.comparison._verdict import notes_of, sentences_of
from ibestimators.diagnosis import DiagnosisResult
from ibestimators.formatting import counted
from ibestimators.report import Result, Section, Table
from ibestimators.scoring import predicts_positions
from ibestimators.structures import reads_containers


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
        ``n_test`` and ``effective_n_test`` (of as many samples of equal weight), with several
        seeds ``seed_std``, ``error`` (the reason of a failed fit, or None), ``score_error`` (why
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
        Hashes of ``samples`` (X and y), ``data`` (with weights) and ``folds``, and the ``score``:
        results with the same ones can be read together.
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
    diagnosis : DiagnosisResult or None
        Of the data before the folds, if asked to `diagnose`.
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
    diagnosis: DiagnosisResult | None = None

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
        frame = training_of_networks(self.cells)
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
            were trained to the end), ``seed_std`` (the standard deviation of the score of a fold
            between seeds; NaN without several), ``difference`` to the baseline with
            ``difference_low`` and ``difference_high``, which hold together for all estimators with
            95 % confidence, ``p_value`` of that difference, adjusted likewise (corrected resampled
            t, Bonferroni: p < 0.05 where the interval excludes 0), ``detectable``, the
            true difference that the folds would show in 80 of 100 cases, ``p_worse``,
            ``p_equal`` and ``p_better``, the Bayesian probabilities that it is worse, within
            `rope`, or better, ``finding`` ("better", "worse", "equal" if the interval lies
            within `rope`, "undecided"; missing without an interval), ``fit_time`` and
            ``predict_time`` in seconds (mean of a fold) and ``failures`` (folds without a
            score). Intervals and p-values are NaN with fewer than four folds.
        """
        return table_of_estimators(self, scoring)

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
        return table_of_pairs(self, scoring)

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
        return tied_groups(self, scoring)

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

    @reads_containers
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
        return errors_of_samples(self.predictions, y, self._are_classes())

    @reads_containers
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
        return disagreements_of_samples(self.predictions, y, self._are_classes())

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

    @reads_containers
    def to_html(
        self,
        path: str | os.PathLike[str],
        *,
        X: Any = None,
        y: Any = None,
        data_notes: Sequence[str] = (),
        curves: Any = None,
        ablation: Any = None,
        others: Sequence[Result] = (),
        title: str | None = None,
    ) -> Path:
        """Write one HTML page that needs no other file and no network.

        Its parts are tabs; all are shown one below the other in print and without scripts.

        Parameters
        ----------
        path : path
            The page, replaced if it exists.
        X, y
            The data, for a description of them on the page.
        data_notes : sequence of str, default=()
            What was done to the data before, such as the ``notes`` of `read_table`, for the page.
        curves : LearningCurvesResult, default=None
            From `compare_learning_curves`, for a tab of its own.
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
        ValueError
            If one of them is a result on other data, or X and y are other data. Other folds or
            another score are stated.
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
        others = [*named, *others]
        return super().to_html(path, X=X, y=y, data_notes=data_notes, others=others, title=title)

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
            scores = scores_by_fold(self.cells)
            return ScoresDisplay(self.to_frame(), scores, self.baseline, self.scoring)
        gains = gains_by_fold(self.cells, self.baseline, [*self.estimators])
        return ComparisonDisplay(self.to_frame(), gains, self.baseline, self.scoring, self.rope)

    def _lines_above(self) -> list[str]:
        return [] if self.diagnosis is None else [in_one_line(self.diagnosis)]

    def _sentences(self) -> list[str]:
        return [*sentences_of(self), *confirmation(self)]

    def _table(self) -> Table:
        return printed_table(self)

    def _notes(self) -> list[str]:
        return notes_of(self)

    def _title(self) -> str:
        return f"{counted(len(self.estimators), 'estimator')} compared by {self.scoring}"

    def _sections(self) -> list[Section]:
        return sections_of(self)

    def _settings(self) -> list[Section]:
        return settings_of(self)

    def _data_facts(self) -> list[tuple[str, str]]:
        return data_facts_of(self)

    def _how_to_read(self) -> str:
        return how_to_read(self)

    def _are_classes(self) -> bool:
        return bool(is_classifier(self.estimators[self.baseline]))

    def _at_positions(self) -> bool:
        return predicts_positions(self.estimators[self.baseline])
