"""The same estimators compared on several data sets: ranks, and tests with a data set as sample.

References: Demsar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7
(2006); Benavoli et al., "Should we really use post-hoc tests based on mean-ranks?", JMLR 17 (2016);
Corani et al., "Statistical comparison of classifiers through Bayesian hierarchical modelling",
Machine Learning 106 (2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ibestimators.comparison._cells import scores_by_fold
from ibestimators.comparison._compare import compare_biases
from ibestimators.comparison._comparison_page import checks_section
from ibestimators.comparison._estimators import Estimators
from ibestimators.comparison._hierarchical import MIN_SETS, sample_posterior
from ibestimators.comparison._result import ComparisonResult
from ibestimators.comparison._statistics import compare_over_data_sets
from ibestimators.formatting import counted, listed, records
from ibestimators.report import Number, Result, Row, RowChart, Section, Table, Verdict


@dataclass(frozen=True, repr=False)
class DataSetsResult(Result):
    """Comparisons of the same estimators on several data sets.

    Attributes
    ----------
    results : dict of str to ComparisonResult
        The comparison on each data set.
    """

    results: Mapping[str, ComparisonResult]

    @property
    def _first(self) -> ComparisonResult:
        return next(iter(self.results.values()))

    @property
    def baseline(self) -> str:
        """The estimator that the others are compared to."""
        return self._first.baseline

    @property
    def scoring(self) -> str:
        """Name of the score; higher is better."""
        return self._first.scoring

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Mean scores over folds: data sets by estimators."""
        columns = {name: result.to_frame()["score"] for name, result in self.results.items()}
        return pd.DataFrame(columns).T.rename_axis(index="data set", columns="estimator")

    def to_frame(self) -> pd.DataFrame:
        """The table: a row for each estimator, the best rank first.

        Returns
        -------
        pandas.DataFrame
            As `compare_over_data_sets` returns it, of `scores`: ``rank``, ``wins``, ``losses``,
            ``difference`` (median) and ``p_value``. Then ``p_worse``, ``p_equal`` and
            ``p_better``, the probabilities that an estimator is worse than the baseline, within
            `rope`, or better, on a new data set like these (Corani et al. 2017); NaN for the
            baseline, and with fewer than three data sets.
        """
        frame = compare_over_data_sets(self.scores, self.baseline)
        return frame.join(self._on_a_new_set)

    @property
    def rope(self) -> float:
        """Differences of scores up to this size do not matter."""
        return self._first.rope

    @cached_property
    def _on_a_new_set(self) -> pd.DataFrame:
        found: dict[Any, tuple[float, float, float]] = {}
        ratios = [result.test_train_ratio for result in self.results.values()]
        folds = [scores_by_fold(result.cells, "score") for result in self.results.values()]
        for name in self.scores:
            found[name] = (np.nan, np.nan, np.nan)
            if name != self.baseline and len(folds) >= MIN_SETS:
                differences = [scores[name] - scores[self.baseline] for scores in folds]
                posterior = sample_posterior([*map(np.asarray, differences)], ratios)
                found[name] = posterior.on_a_new_set(self.rope)
        columns = ["p_worse", "p_equal", "p_better"]
        return pd.DataFrame.from_dict(found, orient="index", columns=columns)

    @property
    def _gains(self) -> pd.DataFrame:
        gains = self.scores.sub(self.scores[self.baseline], axis=0)
        return gains.drop(columns=self.baseline)

    def _sentences(self) -> list[str]:
        frame = self.to_frame()
        (first, *_) = records(frame)
        n_sets = counted(len(self.scores), "data set")
        sentences = [f"{first.Index} has the best mean rank on {n_sets}, {first.rank:.2f}."]
        others = frame.drop(index=self.baseline)
        sentences += [
            f"{row.Index} does {'better' if row.difference > 0 else 'worse'} than {self.baseline}, "
            f"by {abs(row.difference):.3f} in the median, with {row.wins} wins and {row.losses} "
            f"losses (p = {row.p_value:.2g})."
            for row in records(others[others["p_value"] < 0.05])
        ]
        unsure = others.index[~(others["p_value"] < 0.05)]
        if len(unsure):
            verb = "is" if len(unsure) == 1 else "are"
            sentences.append(
                f"{listed(unsure)} {verb} not significantly different from {self.baseline}."
            )
        likely = [
            f"{row.Index} is better than {self.baseline} with probability "
            f"{Number.probability(row.p_better).text}, practically equal with "
            f"{Number.probability(row.p_equal).text}, worse with "
            f"{Number.probability(row.p_worse).text}"
            for row in records(others.dropna(subset="p_better"))
        ]
        if likely:
            sentences.append(f"On a new data set like these, {'; '.join(likely)}.")
        return sentences

    def _table(self) -> Table:
        rows = [
            [
                str(row.Index),
                Number.of(row.rank, ".2f"),
                *self._test(row),
                *(Number.of(score, ".3f") for score in self.scores[row.Index]),
            ]
            for row in records(self.to_frame())
        ]
        heads = ["estimator", "mean rank", f"wins vs {self.baseline}", "median", "p"]
        heads += ["P(better)", "P(equal)", "P(worse)"]
        return Table("Data sets", [*heads, *map(str, self.scores.index)], rows)

    def _test(self, row: Any) -> list[str | Number]:
        if row.Index == self.baseline:
            return ["baseline", *[Number("", np.nan)] * 5]
        wins = f"{row.wins} of {len(self.scores)}"
        chances = (row.p_better, row.p_equal, row.p_worse)
        median = Number.of(row.difference, "+.3f")
        return [wins, median, Number.small(row.p_value), *map(Number.probability, chances)]

    def _notes(self) -> list[str]:
        return [f"Mean {self.scoring} of each data set. {self._tests_in_words()}"]

    def _tests_in_words(self) -> str:
        return (
            "p is that of Wilcoxon's signed-rank test with a data set as a sample, adjusted by "
            "Holm's method (Demsar 2006). P(better), P(equal) and P(worse) are probabilities for a "
            f"new data set like these, where differences up to {self.rope:g} count as equal, by a "
            f"hierarchical model of all folds, with at least {MIN_SETS} data sets (Corani et al. "
            "2017)."
        )

    def _title(self) -> str:
        n_estimators = counted(self.scores.shape[1], "estimator")
        return f"{n_estimators} on {counted(len(self.scores), 'data set')}"

    def plot(self, ax: Any = None, *, kind: str = "differences", **style: Any) -> Any:
        """Draw the result.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        kind : {"differences", "ranks"}, default="differences"
            "differences" draws those to the baseline, with a dot for each data set and their
            median; "ranks" a critical-difference diagram: mean ranks, with a bar over those that
            are not significantly different by pairwise signed-rank tests (Holm). It needs
            scikit-posthocs.
        **style : dict
            Properties of what is drawn, which go to matplotlib and override the defaults.
            An unknown keyword raises an error that lists those of this display.

        Returns
        -------
        Display
            With attributes ``ax_`` and ``figure_``.

        Raises
        ------
        ImportError
            If ``kind="ranks"`` and scikit-posthocs is not installed.
        """
        from ibestimators.comparison._displays import RanksDisplay

        if kind not in ("differences", "ranks"):
            raise ValueError(f"kind must be 'differences' or 'ranks', got {kind!r}.")
        display = RanksDisplay(self.scores) if kind == "ranks" else self._display()
        return display.plot(ax, **style)

    def _display(self) -> Any:
        from ibestimators.comparison._displays import ComparisonDisplay

        return ComparisonDisplay(self._medians(), self._gains, self.baseline, self.scoring, 0.0)

    def _medians(self) -> pd.DataFrame:
        """The columns that a picture of differences needs; a median has no interval here."""
        frame = self.to_frame().drop(index=self.baseline)
        signs = np.where(frame["difference"] > 0, "better", "worse")
        finding = pd.Series(signs, index=frame.index).where(frame["p_value"] < 0.05, "undecided")
        assumptions = pd.Series(self._first.assumptions).reindex(frame.index)
        return frame.assign(
            assumption=assumptions, difference_low=np.nan, difference_high=np.nan, finding=finding
        )

    def _sections(self) -> list[Section]:
        rows = [
            Row(
                label=str(row.Index),
                note=row.assumption,
                value=row.difference,
                text=f"{row.difference:+.3f}",
                points=self._gains[row.Index].tolist(),
                is_highlighted=row.finding != "undecided",
            )
            for row in records(self._medians().sort_values("difference", ascending=False))
        ]
        caption = (
            f"{self.scoring} minus that of {self.baseline} (dashed): each data set (small dots) "
            f"and their median (large dot). Coloured where p < 0.05. {self._tests_in_words()}"
        )
        chart = [RowChart(f"Difference to {self.baseline}", caption, rows, 0.0)] if rows else []
        checks = [
            Section(name, checks_section(result).blocks, tab="Checks")
            for name, result in self.results.items()
        ]
        return [
            Section("Data sets", [Verdict(self.verdict()), *chart, self._table()]),
            *checks,
        ]


def compare_data_sets(
    data: Mapping[str, Any], estimators: Estimators = None, **options: Any
) -> DataSetsResult:
    """Compare the same estimators on several data sets.

    Parameters
    ----------
    data : dict of str to tuple
        ``(X, y)`` or ``(X, y, groups)`` of each data set, at least two.
    estimators : dict of str to estimator, list, str or estimator, default=None
        As in `compare_biases`.
    **options
        Other parameters of `compare_biases`, the same for all data sets, without `groups` and
        `time`.

    Returns
    -------
    DataSetsResult
        Prints as a table of ranks and scores; ``results`` has the comparison on each data set.

    Raises
    ------
    ValueError
        If there are fewer than two data sets, an item is no such tuple, the scores are not the same
        ones, or an estimator has no score on a data set.

    References
    ----------
    Demsar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7 (2006). Corani
    et al., "Statistical comparison of classifiers through Bayesian hierarchical modelling", Machine
    Learning 106 (2017).

    Examples
    --------
    >>> from sklearn.datasets import load_iris, load_wine
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ibestimators import compare_data_sets
    >>> data = {"iris": load_iris(return_X_y=True), "wine": load_wine(return_X_y=True)}
    >>> result = compare_data_sets(data, [DummyClassifier(), GaussianNB()], random_state=0)
    >>> result.to_frame()["rank"].to_dict()
    {'GaussianNB': 1.0, 'Dummy': 2.0}
    """
    if not isinstance(data, Mapping) or len(data) < 2:
        raise ValueError(
            "data must be a dict of at least two data sets, {'name': (X, y)}. Use compare_biases "
            "for one."
        )
    refused = sorted({"groups", "time"} & set(options))
    if refused:
        raise ValueError(
            f"{refused[0]} is of one data set. Give groups with the data, (X, y, groups), and "
            "compare data with a time by compare_biases."
        )
    for name, item in data.items():
        if not (isinstance(item, tuple) and len(item) in (2, 3)):
            raise ValueError(f"data[{name!r}] must be (X, y) or (X, y, groups).")
    results = {}
    for name, item in data.items():
        groups = item[2] if len(item) == 3 else None
        result = compare_biases(item[0], item[1], estimators, groups=groups, **options)
        results[str(name)] = result
        if result.scoring != next(iter(results.values())).scoring:
            raise ValueError(
                f"The score of {name!r} is {result.scoring}, that of the first data set "
                f"{next(iter(results.values())).scoring}. Give scoring, one that suits all, or "
                "data sets of one task."
            )
        missing = result.to_frame()["score"].isna()
        if missing.any():
            error = result.cells["error"].dropna().iloc[0]
            raise ValueError(f"{missing.idxmax()!r} has no score on {name!r}. {error}")
    return DataSetsResult(results)
