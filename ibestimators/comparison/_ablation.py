"""Does an estimator use the structure of the data? Compare it with and without."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ibestimators.comparison._cells import count_folds, failed_fits, ratio_of_sizes, test_size
from ibestimators.comparison._design import too_few_folds
from ibestimators.comparison._estimators import Estimators, assumption
from ibestimators.comparison._setup import prepare
from ibestimators.comparison._shared_parameters import shares_parameters
from ibestimators.comparison._statistics import MIN_FOLDS, resampled_interval, resolution
from ibestimators.formatting import counted, listed, records, with_interval
from ibestimators.perturbations import (
    DESTRUCTIONS,
    destroy_structure,
    move_values,
    resolve_structure,
)
from ibestimators.report import Bullets, Facts, Number, Result, Row, RowChart, Section, Table
from ibestimators.scoring import predicts_positions
from ibestimators.structures import reads_containers

# What an estimator uses whose score drops, by the structure that was destroyed.
_USED = {
    "positions": "the order of the positions",
    "time": "the order in time",
    "space": "the order of the positions within a step",
    "tokens": "the order of the tokens",
    "edges": "which nodes the edges connect",
    "all_edges": "how many edges there are and where, as their degrees tell",
    "context": "which context belongs to which queries",
}
_SHORT = {
    "positions": "with positions in random order",
    "time": "with time in random order",
    "space": "with space in random order",
    "tokens": "with tokens in random order",
    "edges": "with edges rewired",
    "all_edges": "without edges",
    "context": "with contexts exchanged",
}
_NEXT = {"edges": "all_edges"}  # what "auto" destroys as well


@dataclass(frozen=True, repr=False)
class AblationResult(Result):
    """Scores of several estimators with and without a structure, on the same folds.

    Attributes
    ----------
    cells : pandas.DataFrame
        As in `ComparisonResult`, with one more column ``structure``: "intact" or the one that
        was destroyed.
    structures : tuple of str
        What was destroyed, as in `destroy_structure`: one structure, or one after the other.
    scoring : str
        Name of the score; higher is better.
    assumptions : dict of str to str
        What each estimator assumes about the data.
    fingerprint : dict of str to str
        As in `ComparisonResult`.
    """

    cells: pd.DataFrame
    structures: tuple[str, ...]
    scoring: str
    assumptions: dict[str, str]
    fingerprint: Mapping[str, str] = field(default_factory=dict)

    def to_frame(self, structure: str | None = None) -> pd.DataFrame:
        """The table: a row for each estimator.

        Parameters
        ----------
        structure : str, default=None
            One of `structures`; None takes the first.

        Returns
        -------
        pandas.DataFrame
            Indexed by estimator: ``assumption``, the mean scores ``intact`` and
            ``destroyed``, and ``drop``, their mean difference over the folds that have
            both, positive where the structure is of use, with the ends ``drop_low`` and
            ``drop_high`` of intervals that hold together, for all estimators and structures,
            with 95 % confidence; NaN with fewer than four folds.
        """
        structure = self.structures[0] if structure is None else structure
        if structure not in self.structures:
            raise ValueError(
                f"structure={structure!r} was not destroyed; there is {', '.join(self.structures)}."
            )
        ratio = ratio_of_sizes(self.cells)
        step = resolution(self.scoring, test_size(self.cells))
        n_drops = len(self.assumptions) * len(self.structures)
        rows = []
        for name in self.assumptions:
            own = self.cells[self.cells["estimator"] == name]
            scores = own.pivot(index="fold", columns="structure", values="score")
            losses = scores["intact"] - scores[structure]
            drop, low, high = resampled_interval(losses, ratio, n_drops, step)
            rows.append(
                {
                    "estimator": name,
                    "assumption": self.assumptions[name],
                    "intact": scores["intact"].mean(),
                    "destroyed": scores[structure].mean(),
                    "drop": drop,
                    "drop_low": low,
                    "drop_high": high,
                }
            )
        return pd.DataFrame(rows).set_index("estimator")

    def _frames(self) -> dict[str, pd.DataFrame]:
        return {structure: self.to_frame(structure) for structure in self.structures}

    def _sentences(self) -> list[str]:
        n_folds = count_folds(self.cells)
        if n_folds < MIN_FOLDS:
            return [too_few_folds(n_folds, None)]
        frames = self._frames()
        sentences, unchanged = [], []
        for name in self.assumptions:
            found = [*filter(None, (self._drop_in_words(name, s, frames[s]) for s in frames))]
            sentences += found[:1]  # what is lost at first is lost with all edges too
            if not found:
                unchanged.append(name)
        if unchanged:
            steps = " or ".join(_SHORT.get(s, f"without {s}") for s in self.structures)
            sentences.append(
                f"The {self.scoring} of {listed(unchanged)} does not drop significantly {steps}."
            )
        return sentences

    def _drop_in_words(self, name: str, structure: str, frame: pd.DataFrame) -> str:
        row: Any = frame.loc[name]
        way = _SHORT.get(structure, f"without {structure}")
        if row["drop_low"] > 0:
            used = _USED.get(structure, f"the structure ({structure})")
            return f"{name} uses {used}: {self.scoring} drops by {row['drop']:.2f} {way}."
        if row["drop_high"] < 0:
            return f"{name} is better {way}: {self.scoring} rises by {-row['drop']:.2f}."
        return ""

    def _display(self) -> Any:
        from ibestimators.comparison._displays import AblationDisplay

        return AblationDisplay(self._frames(), self.scoring)

    def _table(self) -> Table:
        frames = self._frames()
        heads = ["estimator", "assumes", f"{self.scoring}, intact"]
        for structure in self.structures:
            heads += [_SHORT.get(structure, f"without {structure}"), "drop"]
        rows = []
        for name, assumes in self.assumptions.items():
            intact: Any = frames[self.structures[0]].loc[name, "intact"]
            row: list[object] = [name, assumes, Number.with_interval(intact, np.nan, np.nan)]
            for frame in frames.values():
                found: Any = frame.loc[name]
                ends = found["drop"], found["drop_low"], found["drop_high"]
                row.append(Number.with_interval(found["destroyed"], np.nan, np.nan))
                row.append(Number.with_interval(*ends, sign="+"))
            rows.append(row)
        return Table("Scores with and without the structure", heads, rows)

    def _notes(self) -> list[str]:
        n_folds = counted(count_folds(self.cells), "fold")
        return [
            f"Destroyed: {self._ways()}.",
            f"Means over {n_folds}, the same for all. A drop is the score with the structure "
            "minus that without. The ± of all drops hold together with 95 % confidence.",
            *(f"{name}: {text}" for name, text in self._failed_fits()),
        ]

    def _ways(self) -> str:
        return "; then ".join(DESTRUCTIONS[structure] for structure in self.structures)

    def _failed_fits(self) -> list[tuple[str, str]]:
        return failed_fits(self.cells, lambda own: " and ".join(own["structure"].unique()))

    def _title(self) -> str:
        n_estimators = counted(len(self.assumptions), "estimator")
        return f"{n_estimators} with and without {self.structures[0]}"

    def _sections(self) -> list[Section]:
        return [
            Section(
                "Structure ablation",
                [
                    *(self._chart(s, frame) for s, frame in self._frames().items()),
                    Bullets(self._sentences()),
                    self._table(),
                    Section("Failed fits", [Facts(self._failed_fits())]),
                ],
            )
        ]

    def _chart(self, structure: str, frame: pd.DataFrame) -> RowChart:
        frame = frame.dropna(subset="drop").sort_values("intact", ascending=False)
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
            f"Mean {self.scoring} with the structure (dot) and without (ring), and the drop from "
            "the dot to the ring, coloured where its interval excludes 0. Destroyed: "
            f"{DESTRUCTIONS[structure]}."
        )
        return RowChart(f"Drop of {self.scoring}", caption, rows)

    def _how_to_read(self) -> str:
        return (
            "To find out which estimators use the structure of the data, all were trained and "
            "tested a second time on data without it. The score of an estimator that uses the "
            "structure drops."
        )


@shares_parameters
@reads_containers
def structure_ablation(
    X: Any,
    y: ArrayLike | None,
    estimators: Estimators = None,
    *,
    structure: str = "auto",
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
) -> AblationResult:
    """Compare estimators with and without a structure of X, on the same folds.

    Parameters
    ----------
    {data}
    structure : str, default="auto"
        What to destroy, as in `destroy_structure`. "auto" goes two steps with graphs: edges are
        rewired, then all removed. Rewired edges keep the degrees of the nodes, which alone may
        tell the classes apart.
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
    >>> result.structures
    ('positions',)
    """
    first = resolve_structure(X, structure)
    structures = (first, _NEXT[first]) if structure == "auto" and first in _NEXT else (first,)
    intact = prepare(
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
    tasks = [*intact.tasks(structure="intact")]
    at_positions = any(predicts_positions(est) for est in intact.estimators.values())
    for name in structures:
        destroyed = replace(intact, X=destroy_structure(X, name, intact.seed))
        if at_positions:
            destroyed.y = move_values(X, y, name, intact.seed)  # each value with its features
        tasks += destroyed.tasks(structure=name)
    return AblationResult(
        cells=intact.run(tasks),
        structures=structures,
        scoring=intact.score_names[0],
        assumptions={name: assumption(est) for name, est in intact.estimators.items()},
        fingerprint=intact.fingerprint,
    )
