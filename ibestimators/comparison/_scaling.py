"""Does a wider network help, and how fast? Scores by the number of parameters.

All networks are matched to each number of parameters N and compared on the same folds;
error = a N^-b + c is fitted to the scores (Kaplan et al. 2020), as learning curves do for the
number of samples.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ibestimators.comparison._estimators import Estimators
from ibestimators.comparison._learning_curves_result import (
    LearningCurvesResult,
    curve_chart,
    power_laws_section,
)
from ibestimators.comparison._matching import match_parameters
from ibestimators.comparison._result import ComparisonResult
from ibestimators.comparison._setup import prepare
from ibestimators.comparison._shared_parameters import shares_parameters
from ibestimators.formatting import counted, significant
from ibestimators.report import Bullets, Number, Result, Section, Table
from ibestimators.structures import reads_containers


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
    fingerprint : dict of str to str
        As in `ComparisonResult`.
    """

    frame: pd.DataFrame
    laws: pd.DataFrame
    scoring: str
    baseline: str = ""
    fingerprint: Mapping[str, str] = field(default_factory=dict)

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
        sentence = f"The {self.scoring} of {name} is {' and '.join(ends)} parameters"
        exponent = self.laws.loc[name, ["b", "b_low", "b_high"]]
        if exponent.notna().all():
            b, low, high = map(significant, exponent)
            sentence += f", and its power law has the exponent {b} (95 % interval {low} to {high})"
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
        return ["Scores are means over the same folds. Numbers of parameters agree within 5 %."]

    def _title(self) -> str:
        return f"{counted(len(self.laws), 'estimator')} by the number of parameters"

    def _sections(self) -> list[Section]:
        caption = f"Mean of {self.scoring} over the folds, by the number of parameters."
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


@shares_parameters
@reads_containers
def compare_parameter_scaling(
    X: Any,
    y: ArrayLike | None,
    estimators: Estimators = None,
    *,
    n_parameters: Sequence[int] = (15_000, 50_000, 150_000),
    cv: Any = 5,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    time: ArrayLike | None = None,
    scoring: Any = None,
    baseline: str | None = None,
    n_repeats: int = 1,
    cache: str | os.PathLike[str] | None = None,
    error_score: str | float = np.nan,
    n_jobs: int | str | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
) -> ParameterScalingResult:
    """Compare networks by their number of parameters.

    Parameters
    ----------
    {data}
    n_parameters : sequence of int, default=(15000, 50000, 150000)
        Numbers of parameters, increasing. All networks of this package are widened or narrowed
        to each of them, within 5 %; other estimators stay as they are.
    {cv}
    {options}

    Returns
    -------
    ParameterScalingResult
        Prints as a table. The folds are the same for all numbers of parameters.

    Raises
    ------
    ValueError
        If an estimator cannot have so many or so few parameters, `n_parameters` do not
        increase, or as in `compare_biases`.

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
    setup = prepare(
        X,
        y,
        estimators,
        cv=cv,
        groups=groups,
        sample_weight=sample_weight,
        time=time,
        scoring=scoring,
        baseline=baseline,
        n_repeats=n_repeats,
        cache=cache,
        error_score=error_score,
        n_jobs=n_jobs,
        random_state=random_state,
        verbose=verbose,
    )
    matched = {size: match_parameters(setup.estimators, setup.X, setup.y, size) for size in sizes}
    tasks = [task for size in sizes for task in setup.tasks(matched[size], size=size)]
    cells = setup.run(tasks)
    name = setup.score_names[0]
    tables = {
        size: ComparisonResult(cells[cells["size"] == size], matched[size], setup.baseline, name)
        for size in sizes
    }
    frame = pd.concat({size: table.to_frame() for size, table in tables.items()})
    frame = frame.rename_axis(["n_parameters", "estimator"]).swaplevel()
    curves = LearningCurvesResult(
        cells.assign(n_train=cells["size"]),
        tables[sizes[0]].assumptions,
        setup.baseline,
        name,
        setup.test_train_ratio,
    )
    ends = [f"{value}{end}" for value in ("score", "difference") for end in ("", "_low", "_high")]
    columns = ["parameters", "multiply_adds", *ends, "fit_time"]
    return ParameterScalingResult(
        frame[columns], curves.power_laws(), name, setup.baseline, setup.fingerprint
    )
