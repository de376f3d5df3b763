"""The tables and pictures of docs/benchmark.md, from the measurements in docs/benchmark.

    python examples/benchmark_page.py

benchmark_study.py makes the measurements. Scores of several seeds are folds of one comparison. An
R² below 0 counts as 0: how far below the mean a prediction is says nothing about an assumption.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression
from tabulate import tabulate

from ibestimators.comparison import compare_over_data_sets
from ibestimators.comparison._displays import RanksDisplay
from ibestimators.comparison._statistics import resampled_p_value
from ibestimators.multiple_testing import holm
from ibestimators.screening._record import SOURCES, sources_of

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "benchmark"
RECORD = ROOT / "ibestimators" / "screening" / "record.json"
BIASES = ["MLP", "Conv", "Recurrent", "Graph", "Attention"]
KINDS = {  # in the order of the page
    "tables": "tables",
    "small": "tables",
    "surveys": "tables",
    "series": "series",
    "windows": "windows of series",
    "images": "images",
    "text": "texts",
    "graphs": "graphs",
    "tasks": "generated tasks",
}
FORMS = {  # of X
    **dict.fromkeys(("tables", "small", "surveys"), "tables"),
    **dict.fromkeys(("series", "windows", "adding"), "series"),
    **dict.fromkeys(("JapaneseVowels", "PickupGestureWiimoteZ", "PLAID"), "sequences"),
    **dict.fromkeys(("trajectories", "set_maximum"), "sequences"),
    **dict.fromkeys(("text", "parity", "modular"), "tokens"),
    **dict.fromkeys(("graphs", "csl", "atlas"), "graphs"),
    "images": "images",
}
LEVEL = 0.05
CLEAR = 0.05  # a difference of scores that a ranking should get right
NEAR = 0.01
SMALL_SPREAD = 0.03  # of gains, about their standard error
RECORD_OF_FORM = "record"  # a source that `screen_biases` does not have

Gains = NDArray[np.float64]  # of the five biases


class Measured:
    """The measurements of one data set."""

    def __init__(self, name: str, seeds: list[dict[str, Any]]) -> None:
        self.name, self.first, self.seeds = name, seeds[0], seeds
        self.kind = KINDS[self.first["kind"]]
        self.form = FORMS.get(name) or FORMS[self.first["kind"]]
        self.n_samples, self.n_seeds = self.first["n_samples"], len(seeds)
        self.folds = pd.concat([folds_of(shard) for shard in seeds], ignore_index=True)
        self.is_ordered = self.first["kind"] == "windows"

    @cached_property
    def scores(self) -> pd.Series:
        """Mean scores of the biases and of the guest."""
        return means_of(self.folds)

    @cached_property
    def guest(self) -> str | None:
        return next((name for name in self.folds if name not in BIASES), None)

    @cached_property
    def gains(self) -> Gains:
        """Scores of the five biases minus their mean."""
        own = self.scores[BIASES].to_numpy()
        return np.asarray(own - own.mean())

    @cached_property
    def screenings(self) -> list[pd.DataFrame]:
        """What `screen_biases` measured of each bias, a frame a seed."""
        frames = [pd.DataFrame(found).drop(columns="seconds") for found in self.parts("screening")]
        return [sources_of(frame.loc[BIASES]) for frame in frames]

    def part(self, name: str) -> dict[str, Any] | None:
        """A part of the first seed, or None where it was not measured or could not be."""
        return self.first[name] if was_measured(self.first, name) else None

    def parts(self, name: str) -> list[dict[str, Any]]:
        """A part of all seeds for which it was measured."""
        return [shard[name] for shard in self.seeds if was_measured(shard, name)]

    def p_values(self) -> dict[str, float]:
        """Of the differences to the MLP, adjusted for their number."""
        gains = self.folds.sub(self.folds["MLP"], axis=0).drop(columns="MLP")
        n_folds = len(folds_of(self.first))
        # Test to training samples of a fold; the first of those in order has one part of each.
        ratios = 1 / np.arange(1, n_folds + 1) if self.is_ordered else 1 / (n_folds - 1)
        each = [resampled_p_value(gains[name], float(np.mean(ratios))) for name in gains]
        return dict(zip(gains, holm(each), strict=True))

    def regret(self, bias: str) -> float:
        """How far a bias is behind the best of the five."""
        return float(self.scores[BIASES].max() - self.scores[bias])

    def mean_regret(self, merits: pd.DataFrame) -> float:
        """That of the first guesses, a row each."""
        return float(np.mean([self.regret(str(name)) for name in merits.idxmax(axis=1)]))


def was_measured(shard: dict[str, Any], name: str) -> bool:
    """Whether a shard has a part, and not the reason why it could not be measured."""
    return "error" not in shard.get(name, {"error": ""})


def folds_of(shard: dict[str, Any]) -> pd.DataFrame:
    """A row a fold, a column an estimator."""
    return pd.DataFrame(shard["scores"]["folds"]).clip(lower=0)


def means_of(folds: pd.DataFrame) -> pd.Series:
    """Means over folds, without what rounding leaves: equal means are equal to the last digit."""
    return folds.mean().round(7)


def measurements(folder: Path = RESULTS) -> list[Measured]:
    """All data sets that have scores, by kind."""
    shards: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*-[0-9].json")):
        shard = json.loads(path.read_text())
        if was_measured(shard, "scores"):
            shards.setdefault(re.sub(r"-\d$", "", path.stem), []).append(shard)
    found = [Measured(name, seeds) for name, seeds in shards.items()]
    order = list(dict.fromkeys(KINDS.values()))
    return sorted(found, key=lambda one: (order.index(one.kind), one.name))


def mean_gains(sets: list[Measured], form: str | None = None) -> Gains:
    """Mean gains of the biases over their mean, on sets of a form, or on all.

    One more set, on which all are equal, draws the means of few sets towards 0.
    """
    own = [one.gains for one in sets if form in (None, one.form)]
    return np.sum([np.zeros(len(BIASES)), *own], axis=0) / (len(own) + 1)


def mean_ranks(sets: list[Measured]) -> pd.Series:
    """Mean ranks of the biases; 1 is best."""
    ranks = [one.scores[BIASES].rank(ascending=False) for one in sets]
    return pd.concat(ranks, axis=1).mean(axis=1)


def sources(one: Measured, others: list[Measured], names: tuple[str, ...]) -> NDArray[np.float64]:
    """What speaks for each bias: (n_seeds, 5, n_names)."""
    record = mean_gains([other for other in others if other is not one], one.form)
    frames = [frame.assign(**{RECORD_OF_FORM: record - record.mean()}) for frame in one.screenings]
    return np.stack([frame[[*names]].to_numpy() for frame in frames])


def weights(sets: list[Measured], names: tuple[str, ...]) -> NDArray[np.float64]:
    """How far some sources are to be trusted: a regression of the gains on them.

    Gains count by their spread on a set, so that no set with large differences decides alone.
    """
    X, y, sample_weight = [], [], []
    for one in screened(sets):
        found = sources(one, sets, names)
        X.append(found.reshape(-1, len(names)))
        y.append(np.tile(one.gains, len(found)))
        each = (one.gains.std() + SMALL_SPREAD) ** -2 / len(found)  # a set counts once
        sample_weight.append(np.full(y[-1].shape, each))
    model = LinearRegression(fit_intercept=False, positive=True)
    model.fit(*map(np.concatenate, (X, y, sample_weight)))
    return np.asarray(model.coef_)


def expected(one: Measured, others: list[Measured], names: tuple[str, ...]) -> Gains:
    """Expected gains from some sources, as the other sets weigh them: (n_seeds, 5)."""
    return np.asarray(sources(one, others, names) @ weights(others, names))


# What speaks for each bias on a set, (5,) or a row a seed, from the measurements of the set and of
# the others.
Guess = Callable[[Measured, list[Measured]], Gains]


def always(bias: str) -> Gains:
    return np.array([float(name == bias) for name in BIASES])


GUESSES: dict[str, Guess] = {
    **{f"always {bias}": lambda one, others, bias=bias: always(bias) for bias in BIASES},
    "mean gain on the other sets": lambda one, others: mean_gains(others),
    "mean gain on others of the form": lambda one, others: mean_gains(others, one.form),
    "diagnosis": lambda one, others: always(one.first["diagnosis"]["suggested"]),
    "12 epochs": lambda one, others: sources(one, others, SOURCES[1:])[..., 0],
    "12 epochs, others of the form": lambda one, others: expected(
        one, others, ("short_score", RECORD_OF_FORM)
    ),
    "untrained, others of the form": lambda one, others: expected(
        one, others, ("log_density", RECORD_OF_FORM)
    ),
    "untrained, 12 epochs, others of the form": lambda one, others: expected(
        one, others, (*SOURCES, RECORD_OF_FORM)
    ),
    "`max_epochs=0`: untrained": lambda one, others: expected(one, others, SOURCES[:1]),
    "`screen_biases`: untrained, 12 epochs": lambda one, others: expected(one, others, SOURCES),
}
WITHOUT, SCREENING = [*GUESSES][-2:]


def guessed(sets: list[Measured], name: str) -> list[tuple[Measured, pd.DataFrame]]:
    """What speaks for each bias, by a guess that knows all sets but the one that is guessed.

    A row a seed. Rounded, so that equal ones are equal to the last digit.
    """
    found = []
    for one in screened(sets):
        merits = GUESSES[name](one, [other for other in sets if other is not one])
        found.append((one, pd.DataFrame(np.atleast_2d(merits), columns=BIASES).round(9)))
    return found


def screened(sets: list[Measured]) -> list[Measured]:
    """Those for which all guesses can be made."""
    return [one for one in sets if one.screenings and one.part("diagnosis")]


def guesses(sets: list[Measured]) -> str:
    """How good each guess is."""
    rows = []
    for name in GUESSES:
        found = guessed(sets, name)
        regrets = [one.mean_regret(merits) for one, merits in found]
        ordered = [
            right
            for one, merits in found
            for _, row in merits.iterrows()
            for right in right_pairs(row, one.scores)
        ]
        rows.append(
            [
                name,
                f"{np.mean(ordered):.2f}",
                f"{sum(regret <= NEAR for regret in regrets)}/{len(regrets)}",
                f"{np.mean(regrets):.3f} ({max(regrets):.2f})",
            ]
        )
    heads = [
        "guess",
        f"pairs > {CLEAR} apart in the right order",
        f"within {NEAR} of the best",
        "mean regret (largest)",
    ]
    return pipe(rows, heads)


def seeds_sentence(sets: list[Measured]) -> str:
    """On how many sets there are scores of how many seeds."""
    numbers = Counter(one.n_seeds for one in sets)
    words = {3: "three seeds", 2: "two seeds", 1: "one seed"}
    if len(numbers) == 1:
        return f"{len(sets)} data sets, each with {words[sets[0].n_seeds]}.\n"
    parts = [f"{numbers[n]} with {word}" for n, word in words.items() if numbers[n]]
    return f"{len(sets)} data sets: {', '.join(parts)}.\n"


def seconds_sentence(sets: list[Measured]) -> str:
    """What guesses cost."""
    median = {
        part: np.median([found["seconds"] for one in screened(sets) for found in one.parts(part)])
        for part in ("screening", "diagnosis")
    }
    return (
        f"Median seconds of one core: `screen_biases` {median['screening']:.0f}, "
        f"`diagnose` {median['diagnosis']:.0f}.\n"
    )


def record(sets: list[Measured]) -> dict[str, Any]:
    """What `screen_biases` knows: weights of its sources, and how good its guesses are."""
    return {
        "+".join(names): {
            "weights": dict(zip(names, weights(sets, names).round(3), strict=True)),
            "score": score_of(guessed(sets, guess)),
        }
        for names, guess in ((SOURCES[:1], WITHOUT), (SOURCES, SCREENING))
    }


def score_of(found: list[tuple[Measured, pd.DataFrame]]) -> dict[str, Any]:
    """How good expected gains were."""
    regrets = [one.mean_regret(gains) for one, gains in found]
    errors = [np.square(gains - one.gains).to_numpy().mean() for one, gains in found]
    return {
        "n_sets": len(regrets),
        "n_near": sum(regret <= NEAR for regret in regrets),
        "regret": round(float(np.mean(regrets)), 3),
        "error": round(float(np.sqrt(np.mean(errors))), 3),
    }


def right_pairs(merits: pd.Series, scores: pd.Series) -> list[float]:
    """For each clear pair: 1 if it is in the right order, 0.5 if it is not decided."""
    pairs = combinations(BIASES, 2)
    return [
        0.5 if merits[a] == merits[b] else float((merits[a] > merits[b]) == (scores[a] > scores[b]))
        for a, b in pairs
        if abs(scores[a] - scores[b]) > CLEAR
    ]


def score_table(sets: list[Measured]) -> str:
    rows = []
    for one in sets:
        p_values = one.p_values()
        best = one.scores[BIASES].idxmax()
        rows.append(
            [
                one.name,
                one.kind,
                one.n_samples,
                "R²" if one.first["task"] == "regression" else "accuracy",
                f"{one.first['chance']:.3f}",
                *(
                    f"{'**' if name == best else ''}{one.scores[name]:.3f}"
                    f"{'**' if name == best else ''}"
                    f"{mark(one, name, p_values)}"
                    for name in BIASES
                ),
                "" if one.guest is None else f"{one.guest} {one.scores[one.guest]:.3f}",
            ]
        )
    return pipe(rows, ["set", "kind", "samples", "score", "chance", *BIASES, "guest"])


def chance_sentence(sets: list[Measured]) -> str:
    """On which sets nothing was learned."""
    names = [one.name for one in sets if one.scores[BIASES].max() <= one.first["chance"] + NEAR]
    return (
        "Chance: the most frequent class, or the mean of all numbers. On these sets no bias is "
        f"more than {NEAR} above it: {', '.join(names) or 'none'}.\n"
    )


def mark(one: Measured, name: str, p_values: dict[str, float]) -> str:
    """An arrow where a bias is significantly different from the MLP."""
    if name == "MLP" or not p_values[name] < LEVEL:
        return ""
    return " ↑" if one.scores[name] > one.scores["MLP"] else " ↓"


def kinds_table(sets: list[Measured]) -> str:
    """How often each bias is best, or within `NEAR` of it, by kind."""
    rows = []
    for kind in [*dict.fromkeys(one.kind for one in sets), "all"]:
        own = [one for one in sets if kind in (one.kind, "all")]
        near = [sum(one.regret(bias) <= NEAR for one in own) for bias in BIASES]
        mean = mean_ranks(own)
        cells = [f"{n} ({mean[bias]:.1f})" for n, bias in zip(near, BIASES, strict=True)]
        rows.append([kind, len(own), *cells])
    return pipe(rows, ["kind", "sets", *BIASES])


def times_table(sets: list[Measured]) -> str:
    """How long a fit takes, next to that of the MLP."""
    rows = []
    for kind in [*dict.fromkeys(one.kind for one in sets), "all"]:
        own = [one for one in sets if kind in (one.kind, "all")]
        times = pd.DataFrame([one.first["scores"]["fit_time"] for one in own])
        ratios = times[BIASES].div(times["MLP"], axis=0).median()
        rows.append([kind, *(f"{ratios[bias]:.1f}" for bias in BIASES)])
    return pipe(rows, ["kind", *BIASES])


def twins_table(sets: list[Measured]) -> str:
    """The gain of the best bias with and without the structure of the data."""
    rows = []
    for one in sets:
        twin = one.part("twin")
        if twin is None:
            continue
        folds = means_of(pd.DataFrame(twin["folds"]).clip(lower=0))
        (best,) = folds.index.drop("MLP")
        gain = one.scores[best] - one.scores["MLP"]
        rows.append(
            [one.name, one.kind, best, f"{gain:+.3f}", f"{folds[best] - folds['MLP']:+.3f}"]
        )
    return pipe(rows, ["set", "kind", "best bias", "gain over the MLP", "without the structure"])


def noise_sentence(sets: list[Measured]) -> str:
    """False findings with labels in random order."""
    found = [one.part("noise")["p_values"] for one in sets if one.part("noise")]
    false = sum(any(p < LEVEL for p in p_values.values()) for p_values in found)
    return (
        f"With labels in random order, {false} of {len(found)} comparisons found at least one "
        f"difference to the MLP at the level of {LEVEL:.0%}.\n"
    )


def curves_table(sets: list[Measured]) -> str:
    rows = []
    for one in sets:
        curve = one.part("curve")
        if curve is None or curve["factor"] is None or np.isnan(curve["factor"]):
            continue
        bound = "" if curve["reached"] else "at least " if curve["factor"] > 1 else "at most "
        interval = f"{curve['factor_low']:.2g} to {curve['factor_high']:.2g}" if not bound else ""
        rows.append([one.name, curve["name"], f"{bound}{curve['factor']:.2g}", interval])
    return pipe(rows, ["set", "best bias", "times the data of the MLP", "95 % interval"])


def diagnosis_table(sets: list[Measured]) -> str:
    rows = []
    for one in sets:
        found = one.part("diagnosis")
        if found is None:
            continue
        supported = [name for name, status in found["status"].items() if status == "supported"]
        best = str(one.scores[BIASES].idxmax())
        regret = one.regret(found["suggested"])
        rows.append(
            [one.name, ", ".join(supported) or "none", found["suggested"], best, f"{regret:.3f}"]
        )
    return pipe(rows, ["set", "supported symmetries", "suggested", "best", "regret"])


def pipe(rows: list[list[Any]], heads: Iterable[str]) -> str:
    if not rows:
        return "Not measured yet.\n"
    return tabulate(rows, list(heads), tablefmt="pipe", disable_numparse=True) + "\n"


def heat_map(sets: list[Measured]) -> Figure:
    """Gains over the MLP: a row a set, a column an estimator; those not told apart are grey."""
    columns = [*BIASES[1:], "guest"]
    figure = Figure(figsize=(7.4, 0.9 + 0.235 * len(sets)), layout="constrained")
    ax = figure.subplots()
    colours = np.full((len(sets), len(columns)), np.nan)
    for row, one in enumerate(sets):
        p_values = one.p_values()
        for column, title in enumerate(columns):
            name = one.guest if title == "guest" else title
            if name is None:
                continue
            gain = one.scores[name] - one.scores["MLP"]
            is_found = p_values[name] < LEVEL
            colours[row, column] = gain if is_found else np.nan
            shade = "black" if not is_found or abs(gain) < 0.2 else "white"
            ax.text(
                column, row, f"{gain:+.2f}", ha="center", va="center", fontsize=7.5, color=shade
            )
    ax.set_facecolor("0.88")
    picture = ax.imshow(colours, cmap="RdBu", vmin=-0.4, vmax=0.4, aspect="auto")
    ax.set_xticks(range(len(columns)), columns)
    ax.xaxis.tick_top()
    ax.set_yticks(range(len(sets)), [f"{one.name}  {one.scores['MLP']:.2f}" for one in sets])
    ax.tick_params(length=0, labelsize=8)
    kinds = [one.kind for one in sets]
    for row in range(1, len(sets)):
        if kinds[row] != kinds[row - 1]:
            ax.axhline(row - 0.5, color="white", linewidth=3)
    for kind in dict.fromkeys(kinds):
        own = [row for row, other in enumerate(kinds) if other == kind]
        ax.text(len(columns) - 0.4, np.mean(own), kind, va="center", fontsize=8, rotation=0)
    bar = figure.colorbar(picture, ax=ax, shrink=0.25, pad=0.16)
    bar.set_label("gain over the MLP", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return figure


def rank_picture(sets: list[Measured]) -> Figure:
    scores = pd.DataFrame({one.name: one.scores[BIASES] for one in sets}).T
    figure = Figure(figsize=(7.4, 2.6), layout="constrained")
    RanksDisplay(scores).plot(figure.subplots())
    return figure


def rank_table(sets: list[Measured]) -> str:
    scores = pd.DataFrame({one.name: one.scores[BIASES] for one in sets}).T
    frame = compare_over_data_sets(scores, "MLP")
    rows = [
        [row.Index, f"{row.rank:.2f}", row.wins, row.losses, f"{row.difference:+.3f}",
         "" if row.Index == "MLP" else f"{row.p_value:.2g}"]
        for row in frame.itertuples()
    ]  # fmt: skip
    return pipe(rows, ["bias", "mean rank", "wins", "losses", "median gain", "p"])


PARTS: dict[str, Callable[[list[Measured]], str]] = {
    "seeds": seeds_sentence,
    "scores": score_table,
    "chance": chance_sentence,
    "kinds": kinds_table,
    "ranks": rank_table,
    "guesses": guesses,
    "seconds": seconds_sentence,
    "times": times_table,
    "twins": twins_table,
    "noise": noise_sentence,
    "curves": curves_table,
    "diagnosis": diagnosis_table,
}
PICTURES = {"gains": heat_map, "ranks": rank_picture}


def main() -> None:
    sets = measurements()
    for name, part in PARTS.items():
        (RESULTS / f"{name}.md").write_text(part(sets))
    RECORD.write_text(json.dumps(record(sets), indent=1) + "\n")
    with rc_context({"svg.hashsalt": "benchmark", "svg.fonttype": "none"}):
        for name, draw in PICTURES.items():
            draw(sets).savefig(RESULTS / f"{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
