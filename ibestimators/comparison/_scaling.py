"""Does a wider network help, and how fast? Scores by the number of parameters.

All networks are matched to each number of parameters N and compared on the same folds;
error = a N^-b + c is fitted to the scores (Kaplan et al. 2020), as learning curves do for the
number of samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from ibestimators.base import draw_seed
from ibestimators.comparison._compare import compare_biases
from ibestimators.comparison._learning_curves_result import (
    LearningCurvesResult,
    curve_chart,
    power_laws_section,
)
from ibestimators.formatting import counted, significant
from ibestimators.report import Bullets, Number, Result, Section, Table


@dataclass(frozen=True, repr=False)
class ParameterScalingResult(Result):
    """Scores of networks of several sizes, on the same folds.

    Attributes
    ----------
    frame : pandas.DataFrame
        Indexed by estimator and ``n_parameters`` (asked for): ``parameters`` (reached),
        ``multiply_adds``, ``score`` with ``score_low`` and ``score_high``, ``difference`` to
        the baseline with ``difference_low`` and ``difference_high``, ``fit_time``.
    laws : pandas.DataFrame
        Indexed by estimator: ``a``, ``b``, ``c`` of error = a N^-b + c with their 95 %
        intervals; NaN with fewer than four sizes or where the error does not decrease.
    scoring : str
        Name of the score.
    baseline : str
        The estimator that the others are compared to.
    """

    frame: pd.DataFrame
    laws: pd.DataFrame
    scoring: str
    baseline: str = ""

    def to_frame(self) -> pd.DataFrame:
        """The table: a row for each estimator and number of parameters.

        Returns
        -------
        pandas.DataFrame
            A copy of ``frame``.
        """
        return self.frame.copy()

    def _sentences(self) -> list[str]:
        return [self._in_words(name) for name in self.laws.index]

    def _in_words(self, name: str) -> str:
        scores = self.frame["score"].xs(name).dropna()
        if scores.empty:
            return f"{name} has no score."
        ends = [f"{scores.loc[n]:.3f} with {n:,}" for n in (scores.index.min(), scores.index.max())]
        sentence = f"{name}: {self.scoring} {' and '.join(ends)} parameters"
        exponent = self.laws.loc[name, ["b", "b_low", "b_high"]]
        if exponent.notna().all():
            b, low, high = map(significant, exponent)
            sentence += f"; exponent of the power law {b} (95 % interval {low} to {high})"
        return f"{sentence}."

    def _display(self) -> Any:
        from ibestimators.comparison._displays import LearningCurvesDisplay

        frame, unit = self.frame[["score", "score_low", "score_high"]], "parameters"
        return LearningCurvesDisplay(frame, self.laws, self.baseline, self.scoring, unit)

    def _table(self) -> Table:
        scores = self.frame["score"].unstack()
        heads = [f"{self.scoring} with", *(f"{size:,}" for size in scores.columns)]
        rows = [
            [name, *(Number.with_interval(mean, np.nan, np.nan) for mean in scores.loc[name])]
            for name in self.laws.index
        ]
        return Table("Scores by parameters", heads, rows)

    def _notes(self) -> list[str]:
        return ["parameters, within 5 %; means over the same folds."]

    def _title(self) -> str:
        return f"{counted(len(self.laws), 'estimator')} by the number of parameters"

    def _sections(self) -> list[Section]:
        caption = (
            f"Mean and 95 % interval (band) of {self.scoring} over the folds, by the number of "
            "parameters."
        )
        title = f"{self.scoring} by parameters"
        return [
            Section(
                "Parameter scaling",
                [
                    curve_chart(title, caption, self.frame, self.laws, self.baseline, self.scoring),
                    Bullets(self._sentences()),
                    power_laws_section(self.laws, "parameters"),
                ],
            )
        ]


def compare_parameter_scaling(
    X: Any,
    y: Any,
    estimators: Mapping[str, BaseEstimator] | None = None,
    *,
    n_parameters: Sequence[int] = (3_000, 10_000, 30_000, 100_000),
    cv: Any = 5,
    scoring: Any = None,
    baseline: str | None = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
) -> ParameterScalingResult:
    """Compare networks along their numbers of parameters.

    Parameters
    ----------
    X, y
        As in `compare_biases`.
    estimators : dict of str to estimator, default=None
        Networks of this package; None takes the five biases.
    n_parameters : sequence of int, default=(3000, 10000, 30000, 100000)
        Numbers to match all networks to, increasing.
    cv, scoring, baseline, n_jobs, random_state, verbose
        As in `compare_biases`; the folds are the same at all sizes.

    Returns
    -------
    ParameterScalingResult
        Prints as a table.

    Raises
    ------
    ValueError
        If an estimator cannot have so many or so few parameters, or sizes do not increase.

    References
    ----------
    Kaplan et al., "Scaling laws for neural language models" (2020).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from ibestimators import MLPClassifier, compare_parameter_scaling
    >>> X, y = load_iris(return_X_y=True)
    >>> candidates = {"MLP": MLPClassifier(max_epochs=5)}
    >>> sizes = [500, 5000]
    >>> result = compare_parameter_scaling(X, y, candidates, n_parameters=sizes, random_state=0)
    >>> result.frame.index.get_level_values("n_parameters").tolist()
    [500, 5000]
    """
    sizes = list(n_parameters)
    if not sizes or (np.diff(sizes) <= 0).any():
        raise ValueError(f"n_parameters must be increasing numbers, got {n_parameters!r}.")
    seed = random_state if isinstance(random_state, Integral) else draw_seed(random_state)
    results = {
        size: compare_biases(
            X, y, estimators, cv=cv, scoring=scoring, baseline=baseline, match_parameters=size,
            n_jobs=n_jobs, random_state=seed, verbose=verbose,
        )
        for size in sizes
    }  # fmt: skip
    frame = pd.concat({size: result.to_frame() for size, result in results.items()})
    frame = frame.rename_axis(["n_parameters", "estimator"]).swaplevel()
    first = results[sizes[0]]
    cells = pd.concat(result.cells.assign(n_train=size) for size, result in results.items())
    curves = LearningCurvesResult(
        cells, first.assumptions, first.baseline, first.scoring, first.test_train_ratio
    )
    columns = ["parameters", "multiply_adds", "score", "score_low", "score_high",
               "difference", "difference_low", "difference_high", "fit_time"]  # fmt: skip
    return ParameterScalingResult(
        frame[columns], curves.power_laws(), first.scoring, first.baseline
    )
