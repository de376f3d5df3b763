"""Does a wider network help, and how fast? Scores along the number of parameters.

At each number all networks are matched to it (`ibestimators.equal_terms`) and compared on the
same folds; error = a N^-b + c is fitted along the numbers N (Kaplan et al. 2020), as
`ibestimators.learning_curves` does along samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from tabulate import tabulate

from ibestimators.base import draw_seed
from ibestimators.comparison._compare import compare_biases
from ibestimators.comparison._learning_curves import LearningCurvesResult


@dataclass(frozen=True, repr=False)
class ParameterScalingResult:
    """Scores of networks of several sizes, on the same folds.

    Attributes
    ----------
    frame : pandas.DataFrame
        Indexed by estimator and ``n_parameters`` (asked for): ``parameters`` (reached),
        ``multiply_adds``, ``score`` with ``score_low`` and ``score_high``, ``difference`` to
        the baseline with ``difference_low`` and ``difference_high``, ``fit_time``.
    laws : pandas.DataFrame
        Indexed by estimator: ``a``, ``b``, ``c`` of error = a N^-b + c with their 95 %
        intervals; NaN with fewer than four sizes or where the error does not fall.
    scoring : str
        Name of the score.
    """

    frame: pd.DataFrame
    laws: pd.DataFrame
    scoring: str

    def __repr__(self) -> str:
        scores = self.frame["score"].unstack()
        rows = [[name, *(f"{score:.3f}" for score in scores.loc[name])] for name in self.laws.index]
        heads = [f"{self.scoring} with", *(f"{size:,}" for size in scores.columns)]
        aligned = ("left", *["right"] * len(scores.columns))
        table = tabulate(rows, heads, tablefmt="simple", colalign=aligned, disable_numparse=True)
        return f"{table}\nparameters, within 5 %; means over the same folds."


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
    return ParameterScalingResult(frame[columns], curves.power_laws(), first.scoring)
