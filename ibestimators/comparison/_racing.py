"""Racing: a first answer early, by dropping the candidates with the lowest scores.

Successive halving gives every candidate a small part of the data, keeps the better ones, and
gives those more, until one is left or all data are used. scikit-learn's halving search does
the work; here its candidates are whole estimators, and settings of each.

References: Jamieson & Talwalkar, "Non-stochastic best arm identification and hyperparameter
optimization" (2016); Li et al., "Hyperband", JMLR 18 (2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.utils import indexable

from ibestimators.base import random_generator
from ibestimators.comparison._compare import candidates
from ibestimators.comparison._folds import can_stratify, with_seeds
from ibestimators.formatting import counted
from ibestimators.report import Curve, CurveChart, Number, Paragraph, Result, Section, Table


@dataclass(frozen=True, repr=False)
class RaceResult(Result):
    """Which candidates were dropped in which round, and the winner.

    Attributes
    ----------
    rounds : pandas.DataFrame
        A row for each candidate and round that it ran in: ``round``, ``n_samples``,
        ``estimator``, ``settings`` (a dict), ``score`` (mean over folds), ``rank`` and
        ``dropped`` (whether this round was its last, except for the winner).
    best_estimator_ : estimator
        The winner, fitted on all data.
    winner : str
        Its name.
    """

    rounds: pd.DataFrame
    best_estimator_: Any
    winner: str

    def to_frame(self) -> pd.DataFrame:
        """The table: a row for each candidate and round, the best of each round first.

        Returns
        -------
        pandas.DataFrame
            The columns of ``rounds``.
        """
        return self.rounds.sort_values(["round", "rank"])

    def _sentences(self) -> list[str]:
        return [f"{self.winner} wins; it is fitted on all data."]

    def _best_of_rounds(self) -> pd.Series[float]:
        """Scores, by estimator and number of samples."""
        best: pd.Series[float] = (
            self.rounds.dropna(subset="score").groupby(["estimator", "n_samples"])["score"].max()
        )
        return best

    def _display(self) -> Any:
        from ibestimators.comparison._displays import RaceDisplay

        return RaceDisplay(self._best_of_rounds(), self.winner)

    def _table(self) -> Table:
        heads = ["round", "samples", "estimator", "settings", "score", ""]
        rows = [
            [
                str(row["round"] + 1),
                Number.of(row["n_samples"], ",d"),
                row["estimator"],
                ", ".join(f"{name}={value!r}" for name, value in row["settings"].items()),
                Number.with_interval(row["score"], np.nan, np.nan),
                "dropped" if row["dropped"] else "",
            ]
            for row in self.to_frame().to_dict("records")
        ]
        return Table("Candidates of each round", heads, rows)

    def _title(self) -> str:
        return f"A race of {counted(self.rounds['estimator'].nunique(), 'estimator')}"

    def _sections(self) -> list[Section]:
        best: Any = self._best_of_rounds()
        curves = [Curve(str(name), list(best.xs(name).items())) for name in best.index.unique(0)]
        caption = "Best score of each estimator in each round that it reached, by samples."
        ticks = sorted(best.index.unique(1))
        chart = CurveChart("Best score by samples", caption, curves, ticks)
        return [Section("Race", [Paragraph(self.verdict()), chart, self._table()])]

    def _how_to_read(self) -> str:
        return (
            "In each round of the race the better candidates advance and get more data. A round "
            "on a small part of the data may drop what would win on all of it, so its scores are "
            "no test of a difference."
        )


def race_biases(
    X: Any,
    y: Any,
    estimators: Mapping[str, BaseEstimator] | None = None,
    settings: Mapping[str, Mapping[str, list[Any]]] | None = None,
    *,
    factor: int = 3,
    min_samples: int | str = "exhaust",
    cv: int = 3,
    scoring: Any = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> RaceResult:
    """Race estimators, and settings of each, on growing parts of the data.

    Parameters
    ----------
    X : array-like or list of n_samples
        Whatever the estimators read.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Class labels or numbers.
    estimators : dict of str to estimator, default=None
        By name; None takes the five biases.
    settings : dict of str to dict, default=None
        For each name, values of its parameters to race against each other, a grid such as
        ``{"Conv": {"kernel_size": [3, 7]}}``.
    factor : int, default=3
        After each round one of so many candidates stays, with so many times the samples.
    min_samples : int or "exhaust", default="exhaust"
        Samples of the first round; "exhaust" takes as many as let the last use all.
    cv : int, default=3
        Folds of each round.
    scoring : str or callable, default=None
        As in scikit-learn; None takes accuracy or R².
    n_jobs : int, default=None
        Fits at a time, through joblib.
    random_state : int, RandomState instance or None, default=None
        Decides parts, folds, and the estimators' own ``random_state`` where that is None.

    Returns
    -------
    RaceResult
        What was dropped when; prints as a table. A small part of the data may drop what
        would have won on all: the score of a round is no verdict.

    Raises
    ------
    ValueError
        If `settings` names no estimator, or there are too few samples for a round.

    References
    ----------
    Jamieson & Talwalkar, "Non-stochastic best arm identification and hyperparameter
    optimization" (2016).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from ibestimators import race_biases
    >>> X, y = load_iris(return_X_y=True)
    >>> candidates = {"neighbours": KNeighborsClassifier(), "dummy": DummyClassifier()}
    >>> race_biases(X, y, candidates, factor=2, random_state=0).winner
    'neighbours'
    """
    X, y = indexable(X, y)
    estimators, _ = candidates(estimators, None, y)
    settings = settings or {}
    unknown = set(settings) - set(estimators)
    if unknown:
        raise ValueError(f"settings names {sorted(unknown)}, but there is {list(estimators)}.")
    generator = random_generator(random_state)
    prepared = {name: with_seeds(clone(est), generator) for name, est in estimators.items()}
    classifier = is_classifier(next(iter(prepared.values())))
    folds = (StratifiedKFold if can_stratify(classifier, y) else KFold)(
        cv, shuffle=True, random_state=generator.randint(2**31 - 1)
    )
    grid = [
        {"bias": [est], **{f"bias__{k}": list(v) for k, v in settings.get(name, {}).items()}}
        for name, est in prepared.items()
    ]
    search = HalvingGridSearchCV(
        Pipeline([("bias", next(iter(prepared.values())))]),
        grid,
        factor=factor,
        min_resources=min_samples,
        cv=folds,
        scoring=scoring,
        n_jobs=n_jobs,
        random_state=generator.randint(2**31 - 1),
        error_score=np.nan,
    )
    search.fit(X, y)
    rounds = _rounds(search, prepared)
    winner = str(rounds.loc[search.best_index_, "estimator"])
    return RaceResult(rounds, search.best_estimator_.named_steps["bias"], winner)


def _rounds(search: HalvingGridSearchCV, prepared: Mapping[str, Any]) -> pd.DataFrame:
    results = search.cv_results_
    names = {id(est): name for name, est in prepared.items()}
    rows = []
    for i, params in enumerate(results["params"]):
        own = {name.removeprefix("bias__"): v for name, v in params.items() if name != "bias"}
        rows.append(
            {
                "round": int(results["iter"][i]),
                "n_samples": int(results["n_resources"][i]),
                "estimator": names[id(params["bias"])],
                "settings": own,
                "score": float(results["mean_test_score"][i]),
            }
        )
    frame = pd.DataFrame(rows)
    frame["rank"] = frame.groupby("round")["score"].rank(ascending=False, method="first")
    key = frame["estimator"] + frame["settings"].map(str)
    last = frame.groupby(key)["round"].transform("max")
    frame["dropped"] = (frame["round"] == last) & (frame.index != search.best_index_)
    return frame
