"""Does an estimator use the structure of the data? Compare it with and without."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from ibestimators.comparison._cells import count_folds, failed_fits, ratio_of_sizes
from ibestimators.comparison._result import assumption
from ibestimators.comparison._setup import prepare, shares_parameters
from ibestimators.comparison._statistics import resampled_interval
from ibestimators.formatting import counted, records, with_interval
from ibestimators.perturbations import (
    DESTRUCTIONS,
    destroy_structure,
    move_values,
    resolve_structure,
)
from ibestimators.report import Bullets, Facts, Number, Result, Row, RowChart, Section, Table
from ibestimators.scoring import predicts_positions


@dataclass(frozen=True, repr=False)
class AblationResult(Result):
    """Scores of several estimators with and without a structure, on the same folds.

    Attributes
    ----------
    cells : pandas.DataFrame
        As in `ComparisonResult`, with one more column ``structure``: "intact" or
        "destroyed".
    structure : {"positions", "time", "space", "tokens", "edges"}
        The structure that was destroyed.
    scoring : str
        Name of the score; higher is better.
    assumptions : dict of str to str
        What each estimator assumes about the data.
    """

    cells: pd.DataFrame
    structure: str
    scoring: str
    assumptions: dict[str, str]

    def to_frame(self) -> pd.DataFrame:
        """The table: a row for each estimator.

        Returns
        -------
        pandas.DataFrame
            Indexed by estimator: ``assumption``, the mean scores ``intact`` and
            ``destroyed``, and ``drop``, their mean difference over the folds that have
            both, with the ends ``drop_low`` and ``drop_high`` of its 95 % interval.
        """
        ratio = ratio_of_sizes(self.cells)
        rows = []
        for name in self.assumptions:
            own = self.cells[self.cells["estimator"] == name]
            scores = own.pivot(index="fold", columns="structure", values="score")
            drop, low, high = resampled_interval(scores["intact"] - scores["destroyed"], ratio)
            rows.append(
                {
                    "estimator": name,
                    "assumption": self.assumptions[name],
                    "intact": scores["intact"].mean(),
                    "destroyed": scores["destroyed"].mean(),
                    "drop": drop,
                    "drop_low": low,
                    "drop_high": high,
                }
            )
        return pd.DataFrame(rows).set_index("estimator")

    def _sentences(self) -> list[str]:
        sentences, unchanged = [], []
        for row in records(self.to_frame()):
            if row.drop_low > 0:
                sentences.append(
                    f"{row.Index} uses the structure: {self.scoring} drops by {row.drop:.2f}."
                )
            elif row.drop_high < 0:
                sentences.append(
                    f"{row.Index} is better without the structure: {self.scoring} rises by "
                    f"{-row.drop:.2f}."
                )
            else:
                unchanged.append(str(row.Index))
        if unchanged:
            sentences.append(f"No significant drop: {', '.join(unchanged)}.")
        return sentences

    def _display(self) -> Any:
        from ibestimators.comparison._displays import AblationDisplay

        return AblationDisplay(self.to_frame(), self.structure, self.scoring)

    def _table(self) -> Table:
        heads = ["estimator", "assumes", f"{self.scoring}, intact", "destroyed", "drop"]
        rows = [
            [
                str(row.Index),
                row.assumption,
                Number.with_interval(row.intact, np.nan, np.nan),
                Number.with_interval(row.destroyed, np.nan, np.nan),
                Number.with_interval(row.drop, row.drop_low, row.drop_high, sign="+"),
            ]
            for row in records(self.to_frame())
        ]
        return Table("Scores with and without the structure", heads, rows)

    def _notes(self) -> list[str]:
        n_folds = counted(count_folds(self.cells), "fold")
        return [
            f"Destroyed: {DESTRUCTIONS[self.structure]}.",
            f"Means over {n_folds}, the same for both; ± is half of a 95 % interval (corrected "
            "resampled t).",
            *(f"{name}: {text}" for name, text in self._failed_fits()),
        ]

    def _failed_fits(self) -> list[tuple[str, str]]:
        return failed_fits(self.cells, lambda own: " and ".join(own["structure"].unique()))

    def _title(self) -> str:
        return f"{counted(len(self.assumptions), 'estimator')} with and without {self.structure}"

    def _sections(self) -> list[Section]:
        return [
            Section(
                "Structure ablation",
                [
                    self._chart(),
                    Bullets(self._sentences()),
                    self._table(),
                    Section("Failed fits", [Facts(self._failed_fits())]),
                ],
            )
        ]

    def _chart(self) -> RowChart:
        frame = self.to_frame().dropna(subset="drop").sort_values("intact", ascending=False)
        rows = [
            Row(
                label=str(row.Index),
                note=row.assumption,
                value=row.intact,
                other=row.destroyed,
                text=with_interval(row.drop, row.drop_low, row.drop_high, sign="+"),
                is_highlighted=row.drop_low > 0 or row.drop_high < 0,
            )
            for row in records(frame)
        ]
        caption = (
            f"Mean {self.scoring} intact (dot) and destroyed (ring), with the drop and half of its "
            "95 % interval; in colour where the interval excludes 0. Destroyed: "
            f"{DESTRUCTIONS[self.structure]}."
        )
        return RowChart(f"Drop of {self.scoring}", caption, rows)

    def _how_to_read(self) -> str:
        return (
            "To find out which estimators use the structure of the data, all were trained and "
            "tested a second time on data without it. The score of an estimator that uses the "
            "structure drops."
        )


@shares_parameters
def structure_ablation(
    X: Any,
    y: ArrayLike | None,
    estimators: Mapping[str, BaseEstimator] | None = None,
    *,
    structure: str = "auto",
    cv: Any = 5,
    groups: ArrayLike | None = None,
    time: ArrayLike | None = None,
    scoring: Any = None,
    baseline: str | None = None,
    n_repeats: int = 1,
    cache: str | os.PathLike[str] | None = None,
    error_score: str | float = np.nan,
    n_jobs: int | str | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
) -> AblationResult:
    """Compare estimators with and without a structure of X, on the same folds.

    Parameters
    ----------
    {data}
    structure : {"auto", "positions", "time", "space", "tokens", "edges"}, default="auto"
        What to destroy, as in `destroy_structure`.
    {cv}
    {options}

    Returns
    -------
    AblationResult
        Prints as a table, with a sentence for each estimator. Seeds and folds are the same with
        and without the structure.

    Raises
    ------
    ValueError
        If X has no such structure, or as in `compare_biases`.

    References
    ----------
    Nadeau & Bengio, "Inference for the generalization error", Machine Learning
    52 (2003).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from ibestimators import structure_ablation
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> candidates = {"tree": DecisionTreeClassifier()}
    >>> result = structure_ablation(X, X[:, 0] > 0, candidates, random_state=0)
    >>> result.structure
    'positions'
    """
    structure = resolve_structure(X, structure)
    intact = prepare(
        X,
        y,
        estimators,
        cv=cv,
        groups=groups,
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
    destroyed = replace(intact, X=destroy_structure(X, structure, intact.seed))
    if any(predicts_positions(est) for est in intact.estimators.values()):
        destroyed.y = move_values(X, y, structure, intact.seed)  # each value with its features
    return AblationResult(
        cells=intact.run(
            [*intact.tasks(structure="intact"), *destroyed.tasks(structure="destroyed")]
        ),
        structure=structure,
        scoring=intact.score_names[0],
        assumptions={name: assumption(est) for name, est in intact.estimators.items()},
    )
