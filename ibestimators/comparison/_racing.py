"""Successive halving: drop the candidates with the lowest scores on a small part of the data.

Each round keeps the better candidates and gives them more data, until one is left or all data
are used. Candidates are estimators, and settings of each.

References: Jamieson & Talwalkar, "Non-stochastic best arm identification and hyperparameter
optimization" (2016); Li et al., "Hyperband", JMLR 18 (2018).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import ParameterGrid
from sklearn.utils.validation import _num_samples

from ibestimators.comparison._estimators import Estimators
from ibestimators.comparison._setup import Setup, prepare
from ibestimators.comparison._shared_parameters import shares_parameters
from ibestimators.folds import nested_order
from ibestimators.formatting import counted, records
from ibestimators.report import Curve, CurveChart, Number, Result, Section, Table, Verdict
from ibestimators.structures import reads_containers


@dataclass(frozen=True, repr=False)
class RaceResult(Result):
    """Which candidates were dropped in which round, and the one that leads.

    Attributes
    ----------
    rounds : pandas.DataFrame
        A row for each candidate and round that it ran in: ``round``, ``n_samples``,
        ``estimator``, ``settings`` (a dict), ``score`` (mean over folds), ``spread`` (standard
        deviation over folds), ``rank`` (equal scores share one) and ``dropped`` (whether this
        round was its last, except for the leader).
    best_estimator_ : estimator
        The leader, fitted on all data.
    leader : str
        Its name.
    fingerprint : dict of str to str
        As in `ComparisonResult`.
    """

    rounds: pd.DataFrame
    best_estimator_: Any
    leader: str
    fingerprint: Mapping[str, str] = field(default_factory=dict)

    def to_frame(self) -> pd.DataFrame:
        """The table: a row for each candidate and round, the best of each round first.

        Returns
        -------
        pandas.DataFrame
            The columns of ``rounds``.
        """
        return self.rounds.sort_values(["round", "rank"])

    def _sentences(self) -> list[str]:
        scored = self.rounds.dropna(subset="score").sort_values("rank", kind="stable")
        sentences = [f"{self.leader} leads and is fitted on all data."]
        contested = scored["round"][scored["round"].duplicated()]
        if len(contested):  # a last round of one candidate compares nothing
            own = scored[scored["round"] == contested.max()]
            first, second = (_in_words(row) for row in [*records(own)][:2])
            level = "level with" if (own["rank"] == 1).sum() > 1 else "ahead of"
            n_samples = counted(int(own["n_samples"].iloc[0]), "sample")
            sentences.append(f"With {n_samples}, {first} was {level} {second}.")
        return [*sentences, "A race does not test differences: use compare_biases."]

    def _best_of_rounds(self) -> pd.Series[float]:
        """Scores, by estimator and number of samples."""
        best: pd.Series[float] = (
            self.rounds.dropna(subset="score").groupby(["estimator", "n_samples"])["score"].max()
        )
        return best

    def _display(self) -> Any:
        from ibestimators.comparison._displays import RaceDisplay

        return RaceDisplay(self._best_of_rounds(), self.leader)

    def _table(self) -> Table:
        heads = ["round", "samples", "estimator", "settings", "score", "sd of folds", ""]
        rows = [
            [
                str(row["round"] + 1),
                Number.of(row["n_samples"], ",d"),
                row["estimator"],
                ", ".join(f"{name}={value!r}" for name, value in row["settings"].items()),
                Number.with_interval(row["score"], np.nan, np.nan),
                Number.of(row["spread"], ".3f"),
                "dropped" if row["dropped"] else "",
            ]
            for row in self.to_frame().to_dict("records")
        ]
        table = Table("Candidates of each round", heads, rows)
        return table if any(map(len, self.rounds["settings"])) else table.without("settings")

    def _title(self) -> str:
        return f"A race of {counted(self.rounds['estimator'].nunique(), 'estimator')}"

    def _sections(self) -> list[Section]:
        best: Any = self._best_of_rounds()
        curves = [Curve(str(name), list(best.xs(name).items())) for name in best.index.unique(0)]
        caption = "Best score of each estimator in each round that it reached, by samples."
        ticks = sorted(best.index.unique(1))
        chart = CurveChart("Best score by samples", caption, curves, ticks)
        return [Section("Race", [Verdict(self.verdict()), chart, self._table()])]

    def _how_to_read(self) -> str:
        return (
            "In each round of the race the better candidates advance and get more data. A round "
            "on a small part of the data may drop what would win on all of it, so its scores are "
            "no test of a difference."
        )


@shares_parameters
@reads_containers
def race_biases(
    X: Any,
    y: ArrayLike | None,
    estimators: Estimators = None,
    *,
    settings: Mapping[str, Mapping[str, list[Any]]] | None = None,
    factor: int = 3,
    min_samples: int | str = "exhaust",
    cv: Any = 3,
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
) -> RaceResult:
    """Race estimators, and settings of each, on growing parts of the data.

    Parameters
    ----------
    {data}
    settings : dict of str to dict, default=None
        For each name, values of its parameters that race against each other, a grid such as
        ``{"Conv": {"kernel_size": [3, 7]}}``.
    factor : int, default=3
        After each round, one in `factor` candidates stays, with `factor` times the samples, and
        so do those with the same score as the last that stays.
    min_samples : int or "exhaust", default="exhaust"
        Samples of the first round; "exhaust" takes as many as let the last round use all.
    cv : int, splitter or iterable of splits, default=3
        As in `compare_biases`. A round uses a part of the training and test samples of each
        fold.
    {options}

    Returns
    -------
    RaceResult
        The candidates of each round and the leader; prints as a table. A candidate that is
        dropped on a small part of the data might have won on all of it.

    Raises
    ------
    ValueError
        If `settings` has unknown names, there are too few samples for a round, or as in
        `compare_biases`.

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
    >>> race_biases(X, y, candidates, factor=2, random_state=0).leader
    'neighbours'
    """
    if not factor > 1:
        raise ValueError(f"factor must be an int of at least 2, got {factor!r}.")
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
    candidates = _candidates(setup.estimators, settings or {})
    strata = setup.strata
    sizes = _round_sizes(setup, strata, len(candidates), factor, min_samples)
    orders = [
        [nested_order(rows, strata, setup.generator) for rows in split] for split in setup.splits
    ]
    rounds: list[dict[str, Any]] = []
    running = list(range(len(candidates)))
    for number, size in enumerate(sizes):
        ranked = _ranked(setup, candidates, running, orders, size)
        is_last = size == sizes[-1]
        n_kept = 1 if is_last else ceil(len(running) / factor)
        places = ranked["score"].rank(ascending=False, method="min").fillna(len(ranked))
        at_most = places.iloc[n_kept - 1]  # who shares the last place stays as well
        running = [ranked.index[0]] if is_last else sorted(ranked.index[places <= at_most])
        rounds += [
            {
                "round": number,
                "n_samples": size,
                "estimator": candidates[i].name,
                "settings": candidates[i].settings,
                "score": ranked.loc[i, "score"],
                "spread": ranked.loc[i, "spread"],
                "rank": int(places[i]),
                "dropped": i not in running,
            }
            for i in ranked.index
        ]
    leader = candidates[running[0]]
    best = setup.fit(leader.estimator)
    return RaceResult(pd.DataFrame(rounds), best, leader.name, setup.fingerprint)


class _Candidate(NamedTuple):
    """An estimator with settings of its own."""

    name: str
    settings: dict[str, Any]
    estimator: BaseEstimator


def _candidates(
    estimators: Mapping[str, BaseEstimator], settings: Mapping[str, Mapping[str, list[Any]]]
) -> list[_Candidate]:
    unknown = sorted(set(settings) - set(estimators))
    if unknown:
        raise ValueError(f"settings has the names {unknown}, which are not in {list(estimators)}.")
    return [
        _Candidate(name, params, clone(est).set_params(**params))
        for name, est in estimators.items()
        for params in ParameterGrid(dict(settings.get(name, {})))
    ]


def _round_sizes(
    setup: Setup, strata: Any, n_candidates: int, factor: int, min_samples: int | str
) -> list[int]:
    """Numbers of samples of the rounds."""
    n_samples = _num_samples(setup.X)
    n_classes = 1 if strata is None else len(np.unique(strata))
    smallest_test = min(len(test) for _, test in setup.splits)
    first = ceil(2 * n_classes * n_samples / smallest_test)  # two per class in each test part
    n_rounds = 1
    while factor**n_rounds <= n_candidates:
        n_rounds += 1
    if min_samples == "exhaust":
        first = max(first, n_samples // factor ** (n_rounds - 1))
    elif isinstance(min_samples, Integral) and min_samples >= 1:
        first = int(min_samples)
    else:
        raise ValueError(f"min_samples must be 'exhaust' or a positive int, got {min_samples!r}.")
    if first > n_samples:
        raise ValueError(
            f"The first round needs {first} samples, but X has {n_samples}. Give more samples, a "
            "cv with fewer folds, or a smaller min_samples."
        )
    return [first * factor**i for i in range(n_rounds) if first * factor**i <= n_samples]


def _ranked(
    setup: Setup,
    candidates: Sequence[_Candidate],
    running: Sequence[int],
    orders: Sequence[Sequence[NDArray[Any]]],
    n_samples: int,
) -> pd.DataFrame:
    """``score`` and ``spread`` of the candidates on a part of each fold, the best first."""
    share = n_samples / _num_samples(setup.X)
    parts = [[np.sort(o[: max(1, int(share * len(o)))]) for o in order] for order in orders]
    tasks = [
        setup.task(name, fold, est, rows=(train, test), candidate=i)
        for fold, (train, test) in enumerate(parts)
        for i in running
        for name, _, est in [candidates[i]]
    ]
    scores = setup.run(tasks).pivot(index="candidate", columns="fold", values="score")
    # A failed fit ranks last; rounding makes no order.
    table = {"score": scores.mean(axis=1, skipna=False).round(9), "spread": scores.std(axis=1)}
    return pd.DataFrame(table).sort_values("score", ascending=False, kind="stable")


def _in_words(row: Any) -> str:
    """A candidate with its settings and score."""
    settings = ", ".join(f"{name}={value!r}" for name, value in row.settings.items())
    name = f"{row.estimator} ({settings})" if settings else row.estimator
    spread = "" if pd.isna(row.spread) else f", standard deviation {row.spread:.3f} over folds"
    return f"{name} ({row.score:.3f}{spread})"
