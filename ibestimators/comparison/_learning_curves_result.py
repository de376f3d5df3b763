"""The result of learning curves: scores, power laws, data efficiency, plot and page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ibestimators.comparison._cells import count_folds, failed_fits, test_size
from ibestimators.comparison._code_length import code_lengths
from ibestimators.comparison._data_efficiency import (
    Efficiency,
    bootstrapped_means,
    data_efficiency,
    mean_without_missing,
)
from ibestimators.comparison._power_law import (
    fit_power_law,
    optimum,
    power_law,
    power_law_intervals,
)
from ibestimators.comparison._statistics import (
    bounds_of,
    resampled_interval,
    resolution,
    score_interval,
)
from ibestimators.formatting import counted, span
from ibestimators.report import (
    Bullets,
    Curve,
    CurveChart,
    Facts,
    Number,
    Paragraph,
    Result,
    Section,
    Table,
)

DRAWS = 1000
FITTED_DRAWS = 200  # each is an iterative fit
LOG_LOSS = "neg_log_loss"


@dataclass(frozen=True, repr=False)
class LearningCurvesResult(Result):
    """Scores of several estimators on the same folds and training subsets.

    Attributes
    ----------
    cells : pandas.DataFrame
        A row for each estimator, fold and size: ``estimator``, ``fold``,
        ``n_train``, ``n_test``, ``score``, ``fit_time`` in seconds, ``error`` (the reason of
        a failed fit, or None).
    assumptions : dict of str to str
        What each estimator assumes about the data.
    baseline : str
        The estimator that the others are compared to.
    scoring : str
        Name of the score; higher is better.
    test_train_ratio : float
        Number of test samples by number of samples in a whole training fold, for
        the intervals.
    fingerprint : dict of str to str
        As in `ComparisonResult`.
    n_classes : int or None
        Number of classes of y, or None if it has not one class a sample.

    References
    ----------
    Nadeau & Bengio, "Inference for the generalization error", Machine Learning
    52 (2003). Cortes et al., "Learning curves: asymptotic values and rate of
    convergence", NIPS 6 (1993). Hestness et al., "Deep learning scaling is
    predictable, empirically", arXiv:1712.00409 (2017). Viering & Loog, "The shape of
    learning curves: a review", IEEE TPAMI 45 (2023).
    """

    cells: pd.DataFrame
    assumptions: dict[str, str]
    baseline: str
    scoring: str
    test_train_ratio: float
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    n_classes: int | None = None

    def to_frame(self) -> pd.DataFrame:
        """The curves: a row for each estimator and size.

        Returns
        -------
        pandas.DataFrame
            Indexed by estimator and ``n_train``: ``score`` with the ends
            ``score_low`` and ``score_high`` of its 95 % interval, ``difference`` to
            the baseline, paired by fold, with ``difference_low`` and
            ``difference_high``. Each interval holds alone; all are NaN with fewer than four
            folds.
        """
        rows = {
            (name, size): self._row(name, size) for name in self.assumptions for size in self._sizes
        }
        ends = ("", "_low", "_high")
        columns = [f"{value}{end}" for value in ("score", "difference") for end in ends]
        index = pd.MultiIndex.from_tuples(list(rows), names=["estimator", "n_train"])
        return pd.DataFrame(list(rows.values()), index=index, columns=columns)

    def power_laws(self) -> pd.DataFrame:
        """Error as a power law of the number of samples, error = a n^-b + c.

        The error is 1 - score, or -score for ``neg_...``; c is the error that remains with
        unlimited data, and b the rate at which the rest vanishes.

        Returns
        -------
        pandas.DataFrame
            Indexed by estimator: ``a``, ``b`` and ``c``, none below 0, fitted by
            least squares to the mean errors, each with the ends ``..._low`` and
            ``..._high`` of a 95 % interval (bootstrap over folds). NaN where nothing
            can be fitted (fewer than four sizes, an error that does not decrease, no
            convergence); the ends also where more than one draw in twenty has no fit.
        """
        sizes = np.array(self._sizes, dtype=float)
        picks, best = self._picks(FITTED_DRAWS), optimum(self.scoring)
        rows = []
        for name in self.assumptions:
            scores = self._scores(name)
            law = fit_power_law(sizes, best - mean_without_missing(scores, axis=0))
            drawn = best - bootstrapped_means(scores, picks, self.test_train_ratio)
            low, high = power_law_intervals(sizes, drawn) if np.isfinite(law[0]) else (law, law)
            rows.append(np.column_stack([law, low, high]).ravel())
        columns = [f"{value}{end}" for value in "abc" for end in ("", "_low", "_high")]
        index = pd.Index(list(self.assumptions), name="estimator")
        return pd.DataFrame(rows, index=index, columns=columns)

    def data_efficiency(self) -> pd.DataFrame:
        """How many times the baseline's data each estimator is worth.

        At the largest size N, one of the two is better. It needs n samples for the score
        that the other reaches with N; the factor is N / n if the estimator is better, n / N
        if the baseline is. n is where the running best of its mean curve reaches that score,
        interpolated over log n; curves that flatten lie above the chord, which biases the
        factor towards 1. If both are equal at N, each is taken at the size where it first
        reached that score.

        Returns
        -------
        pandas.DataFrame
            Indexed by estimator, without the baseline: ``factor``, the ends
            ``factor_low`` and ``factor_high`` of its 95 % interval (bootstrap over
            folds), ``reached`` and ``sentence``. Where the better one is as good already
            at the smallest size, ``reached`` is False, and the factor is a bound: "at
            least" above 1, "at most" below. Only sizes at which both have a score count;
            NaN with fewer than two.
        """
        others = [name for name in self.assumptions if name != self.baseline]
        sizes, picks = np.array(self._sizes, dtype=float), self._picks(DRAWS)
        base = self._scores(self.baseline)
        rows = [
            data_efficiency(
                (name, self.baseline),
                (self._scores(name), base),
                sizes,
                picks,
                self.test_train_ratio,
            )
            for name in others
        ]
        index = pd.Index(others, name="estimator")
        return pd.DataFrame(rows, index=index, columns=list(Efficiency._fields))

    def code_length(self) -> pd.DataFrame:
        """Bits that the classes cost if each block of samples is predicted from those before it.

        A block is what lies between two training sizes; it is predicted by an estimator that was
        trained with the smaller one. The first block costs log2 of the number of classes a sample.
        The fewer bits, the better the assumption suits the data at all sizes together: the code
        length is minus the log evidence in Bayes' theorem, up to the first block and to the
        training, which need not be Bayesian.

        Returns
        -------
        pandas.DataFrame
            Indexed by estimator: ``bits``, the mean over folds; ``saved``, how many fewer than
            those of the baseline, with the ends ``saved_low`` and ``saved_high`` of its 95 %
            interval.

        Raises
        ------
        ValueError
            If "neg_log_loss" is not among the scores, or there is only one size.

        References
        ----------
        Blier & Ollivier, "The description length of deep learning models", NeurIPS 31 (2018).

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.dummy import DummyClassifier
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from ibestimators import compare_learning_curves
        >>> X, y = load_iris(return_X_y=True)
        >>> candidates = {"classes": DummyClassifier(), "normal": GaussianNB()}
        >>> result = compare_learning_curves(
        ...     X, y, candidates, scoring=["accuracy", "neg_log_loss"], random_state=0
        ... )
        >>> bool(result.code_length().loc["normal", "saved"] > 100)
        True
        """
        reason = self._no_code_length()
        if reason is not None or self.n_classes is None:
            raise ValueError(reason)
        column = "score" if self.scoring == LOG_LOSS else LOG_LOSS
        return code_lengths(
            {name: -self._scores(name, column) for name in self.assumptions},
            np.array(self._sizes),
            self.n_classes,
            self.baseline,
            self.test_train_ratio,
        )

    def _no_code_length(self) -> str | None:
        """Why there is no code length; None if there is one."""
        if self.n_classes is None or (self.scoring != LOG_LOSS and LOG_LOSS not in self.cells):
            return (
                "A code length needs the log loss of classes. Give scoring=['accuracy', "
                f"{LOG_LOSS!r}], for instance."
            )
        if len(self._sizes) < 2:
            return f"A code length needs two sizes, but there is only {self._sizes[0]}."
        return None

    def _sentences(self) -> list[str]:
        sentences = list(self.data_efficiency()["sentence"])
        if self._no_code_length() is not None:
            return sentences
        frame = self.code_length()
        saved = frame.drop(index=self.baseline)["saved"].dropna()
        n_labels = self._sizes[-1]
        for name, row in frame.loc[saved.index].iterrows():
            interval = ""
            if not np.isnan(row["saved_low"]):
                low, high = row["saved_low"], row["saved_high"]
                interval = f" (95 % interval of the bits saved: {low:+,.0f} to {high:+,.0f})"
            sentences.append(
                f"{name} describes the classes of {n_labels:,} samples in {row['bits']:,.0f} bits, "
                f"{abs(row['saved']):,.0f} {'fewer' if row['saved'] > 0 else 'more'} than "
                f"{self.baseline}{interval}."
            )
        return sentences

    def _display(self) -> Any:
        from ibestimators.comparison._displays import LearningCurvesDisplay

        return LearningCurvesDisplay(
            self.to_frame(), self.power_laws(), self.baseline, self.scoring
        )

    def _table(self) -> Table:
        heads = [f"{self.scoring} with", *(f"{size:,}" for size in self._sizes)]
        rows: list[list[str | Number]] = [
            [
                name,
                *(
                    Number.with_interval(mean, np.nan, np.nan)
                    for mean in mean_without_missing(self._scores(name), axis=0)
                ),
            ]
            for name in self.assumptions
        ]
        if self._no_code_length() is None:
            heads.append("bits")
            bits = self.code_length()["bits"]
            for row, value in zip(rows, bits, strict=True):
                row.append(Number.of(value, ",.0f"))
        return Table("Scores by training samples", heads, rows)

    def _notes(self) -> list[str]:
        n_folds = counted(count_folds(self.cells), "fold")
        failures = (f"{name}: {text}" for name, text in self._failed_fits())
        return [
            f"Scores by training samples are means over {n_folds}, the same for all.",
            *failures,
        ]

    def _failed_fits(self) -> list[tuple[str, str]]:
        return failed_fits(self.cells, lambda own: f"with {span(own['n_train'])} samples")

    def _title(self) -> str:
        return f"Learning curves of {counted(len(self.assumptions), 'estimator')}"

    def _sections(self) -> list[Section]:
        laws = self.power_laws()
        n_folds = counted(count_folds(self.cells), "fold")
        caption = f"Mean of {self.scoring} over {n_folds}, by the number of training samples."
        curves = curve_chart(
            f"{self.scoring} by training samples",
            caption,
            self.to_frame(),
            laws,
            self.baseline,
            self.scoring,
        )
        return [
            Section(
                "Learning curves",
                [
                    curves,
                    Bullets(self._sentences()),
                    power_laws_section(laws, "samples"),
                    Section("Failed fits", [Facts(self._failed_fits())]),
                ],
            )
        ]

    def _how_to_read(self) -> str:
        return (
            f"An estimator is worth k times the data of {self.baseline} if it reaches with n "
            f"samples the score that {self.baseline} reaches with k n samples. The 95 % interval "
            "of k is a bootstrap over the folds."
        )

    @property
    def _sizes(self) -> list[int]:
        return sorted(int(size) for size in self.cells["n_train"].unique())

    def _scores(self, name: str, column: str = "score") -> NDArray[np.float64]:
        """Scores of one estimator, folds by sizes."""
        own = self.cells[self.cells["estimator"] == name]
        table = own.pivot(index="fold", columns="n_train", values=column)
        folds = sorted(self.cells["fold"].unique())
        return table.reindex(index=folds, columns=self._sizes).to_numpy(dtype=float)

    def _picks(self, n_draws: int) -> NDArray[np.int64]:
        """Folds of each draw of the bootstrap, the same for all."""
        n_folds = self.cells["fold"].nunique()
        return np.random.default_rng(0).integers(n_folds, size=(n_draws, n_folds))

    def _row(self, name: str, size: int) -> tuple[float, ...]:
        column = self._sizes.index(size)
        scores, ratio = self._scores(name)[:, column], self.test_train_ratio
        n_test = test_size(self.cells)
        score = score_interval(scores, ratio, bounds_of(self.scoring), n_test)
        if name == self.baseline:
            return *score, np.nan, np.nan, np.nan
        differences = scores - self._scores(self.baseline)[:, column]
        step = resolution(self.scoring, n_test)
        return *score, *resampled_interval(differences, ratio, step=step)


def curve_chart(
    title: str, caption: str, frame: pd.DataFrame, laws: pd.DataFrame, baseline: str, scoring: str
) -> CurveChart:
    """Curves for a page, with their power laws.

    Parameters
    ----------
    title, caption : str
    frame : pandas.DataFrame
        Indexed by estimator and size: ``score``, ``score_low``, ``score_high``.
    laws : pandas.DataFrame
        Indexed by estimator: ``a``, ``b``, ``c``.
    baseline : str
        Drawn in grey.
    scoring : str

    Returns
    -------
    CurveChart
    """
    curves = []
    for name, law in laws.iterrows():
        own: Any = frame.xs(name)
        own = own.dropna(subset="score")
        band = own.dropna(subset="score_low")
        dashed: list[tuple[float, float]] = []
        if np.isfinite(law["a"]) and len(own):
            grid = np.geomspace(own.index[0], own.index[-1], 40)
            errors = power_law(grid, *law[["a", "b", "c"]])
            dashed = list(zip(grid, optimum(scoring) - errors, strict=True))
        curves.append(
            Curve(
                label=str(name),
                points=list(own["score"].items()),
                band=list(zip(band.index, band["score_low"], band["score_high"], strict=True)),
                dashed=dashed,
                is_highlighted=name != baseline,
            )
        )
    if frame["score_low"].notna().any():
        caption += " Bands: 95 % intervals."
    if laws["a"].notna().any():
        caption += " Dashed: a power law."
    sizes = sorted(frame.index.get_level_values(1).unique())
    return CurveChart(title, caption, curves, sizes)


def power_laws_section(laws: pd.DataFrame, unit: str) -> Section:
    """A table of power laws, or why there is none.

    Parameters
    ----------
    laws : pandas.DataFrame
        Indexed by estimator: ``a``, ``b``, ``c`` with their intervals.
    unit : str
        What n counts.

    Returns
    -------
    Section
    """
    fitted = laws.dropna(subset="a")
    if fitted.empty:
        reason = "No power law was fitted: that takes at least four sizes and a decreasing error."
        return Section("Power laws", [Paragraph(reason, is_note=True)])
    rows = [
        [str(name), *(Number.with_ends(*row[[v, f"{v}_low", f"{v}_high"]]) for v in "abc")]
        for name, row in fitted.iterrows()
    ]
    note = (
        f"Error = a n⁻ᵇ + c for n {unit}: c is the error that remains as n grows, b the rate at "
        "which the rest vanishes. In brackets: 95 % intervals."
    )
    table = Table("Power laws of the error", ["estimator", "a", "b", "c"], rows)
    return Section("Power laws", [table, Paragraph(note, is_note=True)])
