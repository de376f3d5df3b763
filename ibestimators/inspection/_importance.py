"""Importance of the parts of the structure to a prediction.

`structure_importance` is permutation importance for every kind of X: the values of one unit (a
feature, a step, a patch, a token, a node, an edge) are exchanged among samples, and the drop of
the score is the importance of the unit. `sample_importance` measures it in a single sample, whose
units are replaced, one at a time, with those of other samples.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Self

import networkx as nx
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import _num_samples, check_consistent_length

from ibestimators.base import random_generator
from ibestimators.formatting import records, score_names
from ibestimators.inspection._checks import refuse_positions
from ibestimators.inspection._graph_layout import graph_layout
from ibestimators.perturbations import Units, units_of
from ibestimators.pipelines import innermost
from ibestimators.plotting import Display, Style, largest, remove_frame
from ibestimators.report import Number, Result, Row, RowChart, Section, Table, Verdict
from ibestimators.scoring import position_scorer, predicts_positions
from ibestimators.structures import reads_containers
from ibestimators.text import TextTokenizer

MAX_ROWS = 12  # of a printed table
MAX_BARS = 20
BAND_OPACITY = 0.7  # lines are drawn over the bands


@dataclass(frozen=True, repr=False)
class ImportanceResult(Result):
    """The importance of each unit to a fitted estimator.

    Attributes
    ----------
    importances : ndarray of shape (n_units, n_repeats)
        Drops of the score, or of the output for one sample; below 0 where it rises.
    units : tuple
        Labels: names or numbers of features, numbers of steps ("10-14" for a region, first
        and last), rows and columns of patches, words, names of nodes, pairs of them.
    unit : str
        The type of unit: "feature", "step", "region", "patch", "token", "node", "edge",
        "edge_feature" or "part".
    scoring : str
        Name of the score or output; higher is better.
    baseline_score : float
        The score, or the output, with all units unchanged.
    places : tuple
        Location of each unit, in `over` if there is one: slices, names of nodes, or pairs.
    over : ndarray, networkx.Graph or None
        The data over which importances are drawn: a signal (steps, features), an image
        (height, width, features), a text (tokens,), or a graph. The mean of X, or the
        sample.
    """

    importances: NDArray[np.float64]
    units: tuple[Hashable, ...]
    unit: str
    scoring: str
    baseline_score: float
    places: tuple[Any, ...]
    over: Any

    @property
    def importances_mean(self) -> NDArray[np.float64]:
        """Mean over the repeats, of shape (n_units,)."""
        return self.importances.mean(axis=1)

    @property
    def importances_std(self) -> NDArray[np.float64]:
        """Standard deviation over the repeats, of shape (n_units,)."""
        return self.importances.std(axis=1)

    def to_frame(self) -> pd.DataFrame:
        """The table: a row for each unit.

        Returns
        -------
        pandas.DataFrame
            Indexed by unit, in the order of X: ``importance``, the mean, and ``std``.
        """
        index = pd.Index(self.units, name=self.unit, tupleize_cols=False)
        values = {"importance": self.importances_mean, "std": self.importances_std}
        return pd.DataFrame(values, index=index)

    def _ranked(self) -> pd.DataFrame:
        return self.to_frame().sort_values("importance", ascending=False, kind="stable")

    def _sentences(self) -> list[str]:
        frame = self._ranked()
        if frame.empty or not frame["importance"].iloc[0] > 0:
            return [f"Without any {self._noun()}, {self.scoring} does not drop."]
        return [
            f"Without {self._noun()} {_text(frame.index[0])}, {self.scoring} drops most: by "
            f"{frame['importance'].iloc[0]:.3f}."
        ]

    def _noun(self) -> str:
        return self.unit.replace("_", " ")

    def _display(self) -> ImportanceDisplay:
        return ImportanceDisplay(
            self.importances_mean,
            self.importances_std,
            self.units,
            self.places,
            self.unit,
            self.scoring,
            self.over,
        )

    def _table(self) -> Table:
        rows = [
            [_text(row.Index), Number(f"{row.importance:.3f} ± {row.std:.3f}", row.importance)]
            for row in records(self._ranked().head(MAX_ROWS))
        ]
        return Table("Importances", [self._noun(), "importance"], rows)

    def _notes(self) -> list[str]:
        notes = [
            f"{self.scoring} {self.baseline_score:.3f}; importance: its drop without the unit, "
            f"mean ± standard deviation of {self.importances.shape[1]} exchanges."
        ]
        rest = self._ranked()["importance"].iloc[MAX_ROWS:]
        if len(rest):
            notes.insert(0, f"… and {len(rest)} more, of {rest.max():.3f} at most")
        return notes

    def _title(self) -> str:
        return f"Importance of each {self._noun()}"

    def _sections(self) -> list[Section]:
        shown = self._ranked().head(MAX_BARS)
        rows = [
            Row(
                label=_text(row.Index),
                note="",
                value=row.importance,
                text=f"{row.importance:.3f}",
                low=row.importance - row.std,
                high=row.importance + row.std,
                is_highlighted=abs(row.importance) > row.std,
            )
            for row in records(shown)
        ]
        caption = (
            f"Drop of {self.scoring} without each {self._noun()}: mean (dot) and standard "
            f"deviation (bar) of {self.importances.shape[1]} exchanges, the largest {len(rows)}."
        )
        chart = RowChart(f"Drop of {self.scoring}", caption, rows, reference=0.0)
        return [Section("Importance", [Verdict(self.verdict()), chart])]


def _text(label: Any) -> str:
    return " – ".join(map(str, label)) if isinstance(label, tuple) else str(label)


@reads_containers
def structure_importance(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    unit: str = "auto",
    *,
    size: int | None = None,
    scoring: Any = None,
    n_repeats: int = 5,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
) -> ImportanceResult:
    """Measure the importance of each unit of the structure to a fitted estimator.

    The values of one unit are exchanged among the samples, so that they are unrelated to y,
    and the drop of the score is the importance of the unit. Use data on which the estimator was
    not fitted: on its training data the importances include what it memorised. If several units
    have the same information, each of them can be exchanged without a drop.

    Parameters
    ----------
    estimator : fitted estimator
        Any estimator with the interface of scikit-learn, a pipeline or a search.
    X : array-like of shape (n_samples, ...), or list
        At least two samples, features last. Texts are supported if the first step of a pipeline
        is a `TextTokenizer`.
    y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_outputs)
        Classes, 0 and 1 for each label, or numbers.
    unit : str, default="auto"
        - "feature": of arrays, an entry of the last axis at all positions, a column of
          ``(n, d)``. Of sequences, exchanged among all steps of all samples; of graphs, an
          attribute of nodes, exchanged among all nodes.
        - "step": one position of a signal, of sequences or tokens, exchanged among the
          samples that have it.
        - "region": `size` consecutive steps.
        - "patch": pixels or voxels, `size` along each axis.
        - "node": of arrays, one position along all axes of the structure. Of graphs that
          share their nodes, all attributes of one node.
        - "token": each of the 50 most frequent tokens, replaced at every occurrence with draws
          from all other tokens in X, by their frequency. These may be informative, so the
          importance of an uninformative token is not exactly 0.
        - "edge": of graphs that share their nodes, whether a pair of nodes has an edge (and
          the attributes of the edge), for each pair with an edge in some sample.
        - "edge_feature": an attribute of edges, such as ``weight``, exchanged among all
          edges.
        - "part": of pairs, the queries or the context.

        "auto" uses features of ``(n, d)``, steps of signals and sequences (regions if there
        are more than 50), patches, tokens, features of graphs (edges if their nodes have none),
        and parts of pairs.
    size : int, default=None
        Number of positions of a region, or of a patch along each axis. None uses the smallest
        size with at most 50 units.
    scoring : str or callable, default=None
        As in scikit-learn; None uses the ``score`` of the estimator. For an estimator with
        ``target='position'``, a name stands for that score over all positions with a label.
    n_repeats : int, default=5
        Number of exchanges of each unit.
    random_state : int, RandomState instance or None, default=None
        Determines the exchanges, which are the same for all units and every `n_jobs`.
    n_jobs : int, default=None
        Number of units measured in parallel, through joblib.

    Returns
    -------
    ImportanceResult
        Prints as a table, and draws itself with ``plot``.

    Raises
    ------
    ValueError
        If X does not have such units, or has only one sample.

    See Also
    --------
    sample_importance : Importances in one sample.
    sklearn.inspection.permutation_importance : The same for the columns of a table.

    References
    ----------
    Breiman, "Random forests", Machine Learning 45 (2001), section 10. Fisher, Rudin &
    Dominici, "All models are wrong, but many are useful: learning a variable's importance
    by studying an entire class of prediction models simultaneously", JMLR 20 (2019).

    Examples
    --------
    The class changes steps 4 and 5 of a signal.

    >>> import numpy as np
    >>> from ibestimators import MLPClassifier
    >>> from ibestimators import structure_importance
    >>> y = np.arange(200) % 2
    >>> X = np.random.default_rng(0).normal(size=(200, 8, 1))
    >>> X[:, 4:6, 0] += 2 * y[:, np.newaxis]
    >>> fitted = MLPClassifier(max_epochs=10, random_state=0).fit(X[:100], y[:100])
    >>> result = structure_importance(
    ...     fitted, X[100:], y[100:], unit="region", size=2, random_state=0
    ... )
    >>> result.units[result.importances_mean.argmax()]
    '4-5'
    """
    _check_count("n_repeats", n_repeats)
    if not (scoring is None or isinstance(scoring, str) or callable(scoring)):
        raise ValueError(f"scoring must be the name of one score or callable, got {scoring!r}.")
    tokenizer, estimator = _split_tokenizer(estimator, X)
    X = X if tokenizer is None else tokenizer.transform(X)
    check_consistent_length(X, y)
    if _num_samples(X) < 2:
        raise ValueError(
            "X has one sample, but units are exchanged among samples. Pass at least two, or use "
            "sample_importance."
        )
    _check_layout(estimator)
    over_positions = isinstance(scoring, str) and predicts_positions(estimator)
    scorer = check_scoring(estimator, position_scorer(scoring) if over_positions else scoring)
    baseline = float(scorer(estimator, X, y))
    units = units_of(X, unit, size)
    seed = random_generator(random_state).randint(2**31)
    scores = Parallel(n_jobs=n_jobs)(
        delayed(_scores)(estimator, units, place, y, scorer, n_repeats, seed)
        for place in units.places
    )
    used = scoring if scoring is not None else getattr(estimator, "scoring", None)
    name = score_names(used, estimator)[0]
    drops = baseline - np.array(scores).reshape(len(units.places), n_repeats)
    return _result(drops, units, tokenizer, name, baseline)


def _scores(
    estimator: Any, units: Units, place: Any, y: Any, scorer: Any, n_repeats: int, seed: int
) -> list[float]:
    random = np.random.RandomState(seed)
    return [scorer(estimator, units.exchange(place, random), y) for _ in range(n_repeats)]


@reads_containers
def sample_importance(
    estimator: Any,
    x: Any,
    X: Any,
    unit: str = "auto",
    *,
    size: int | None = None,
    n_draws: int = 20,
    random_state: int | np.random.RandomState | None = None,
) -> ImportanceResult:
    """Measure the importance of each unit of one sample to its prediction.

    Each unit is replaced `n_draws` times with a draw from background samples. Its importance is
    the mean drop of the output: the probability of the predicted class, or the predicted number.
    A positive importance supports the prediction, a negative one contradicts it.

    Parameters
    ----------
    estimator : fitted estimator
        Any estimator with the interface of scikit-learn, a pipeline or a search. For a
        classifier without ``predict_proba``, the probability of its prediction is 1.
    x : sample
        One sample of the same kind as those of X, such as ``X[0]``.
    X : array-like of shape (n_samples, ...), or list
        The background samples.
    unit : str, default="auto"
        The type of unit, which determines its replacement:

        - "feature", "step", "region", "patch", "node" of arrays: that of a random sample.
        - "step", "region" of sequences, and "token" (one position of the text, as "step"):
          the same number of consecutive steps from a random place in X.
        - "feature" of sequences, "feature" of nodes, "edge_feature": at each step, node or
          edge, that of a random one.
        - "node" of graphs: its attributes are replaced with those of a random node; its edges
          do not change.
        - "edge": moved, with its attributes, to a random pair of nodes without an edge (a
          loop to a node without a loop), or removed if there is no such pair.
        - "part" of pairs: that of a random sample.

        "auto" uses features of ``(n, d)``, steps of signals and sequences (regions if there
        are more than 50), patches, tokens, nodes (edges if nodes have no attributes), and parts of
        pairs.
    size : int, default=None
        As in `structure_importance`.
    n_draws : int, default=20
        Number of replacements of each unit.
    random_state : int, RandomState instance or None, default=None
        Determines the draws.

    Returns
    -------
    ImportanceResult
        Prints as a table, and draws itself over the sample with ``plot``.

    Raises
    ------
    ValueError
        If x is of another kind than X or does not have such units, or the estimator has several
        outputs.

    See Also
    --------
    structure_importance : Importances over all samples.

    References
    ----------
    Zintgraf et al., "Visualizing deep neural network decisions: prediction difference
    analysis", ICLR (2017), which compares probabilities by their log odds.

    Examples
    --------
    A graph is of class 1 if one of its nodes is red.

    >>> import networkx as nx, numpy as np
    >>> from ibestimators import MLPClassifier
    >>> from ibestimators import sample_importance
    >>> def ring(n, red):
    ...     graph = nx.cycle_graph(n)
    ...     nx.set_node_attributes(graph, {v: float(v in red) for v in graph}, "red")
    ...     return graph
    >>> y = np.arange(60) % 2
    >>> X = [ring(5 + i % 3, [i % 5] if y[i] else []) for i in range(60)]
    >>> fitted = MLPClassifier(random_state=0).fit(X, y)
    >>> result = sample_importance(fitted, ring(6, [2]), X, random_state=0)
    >>> result.units[result.importances_mean.argmax()]
    2
    """
    _check_count("n_draws", n_draws)
    tokenizer, estimator = _split_tokenizer(estimator, X)
    if tokenizer is not None:
        X = tokenizer.transform(X)
        x = tokenizer.transform([x])[0] if isinstance(x, str) else x
    refuse_positions(estimator, "sample_importance")
    _check_layout(estimator)
    units = units_of(X, unit, size, x)
    random = random_generator(random_state)
    # As many copies as replacements, since rounding depends on the batch size.
    copies = units.repeat(n_draws)
    name, output = _output(estimator, copies)
    before = output(copies)
    seeds = random.randint(2**31, size=len(units.places))
    drops = [
        before - output(units.replace(place, n_draws, np.random.RandomState(seed)))
        for place, seed in zip(units.places, seeds, strict=True)
    ]
    importances = np.array(drops).reshape(len(units.places), n_draws)
    return _result(importances, units, tokenizer, name, float(before[0]))


def _result(
    importances: NDArray[np.float64],
    units: Units,
    tokenizer: TextTokenizer | None,
    scoring: str,
    baseline_score: float,
) -> ImportanceResult:
    labels = units.labels
    if tokenizer is not None and units.unit == "token":
        words: dict[Hashable, str] = {
            number: word for word, number in tokenizer.vocabulary_.items()
        }
        labels = tuple(words.get(label, label) for label in labels)
    return ImportanceResult(
        importances=importances,
        units=labels,
        unit=units.unit,
        scoring=scoring,
        baseline_score=baseline_score,
        places=tuple(units.places),
        over=units.over,
    )


def _output(estimator: Any, samples: Any) -> tuple[str, Any]:
    """The output that is explained: its name, and the function of samples that computes it."""
    predicted = np.asarray(estimator.predict(samples))
    if predicted.ndim > 1 and predicted.size != len(predicted):
        raise ValueError(
            f"the estimator predicts {predicted.shape[1]} outputs, but importances are measured "
            "for one. Fit one estimator for each output."
        )
    if not is_classifier(estimator):
        return "prediction", lambda Z: np.asarray(estimator.predict(Z), dtype=float).reshape(-1)
    label = predicted.reshape(-1)[0]
    name = f"probability of {label.item() if hasattr(label, 'item') else label!r}"
    if not hasattr(estimator, "predict_proba"):
        return name, lambda Z: (np.asarray(estimator.predict(Z)).reshape(-1) == label).astype(float)
    column = int(np.flatnonzero(estimator.classes_ == label)[0])
    return name, lambda Z: np.asarray(estimator.predict_proba(Z), dtype=float)[:, column]


def _split_tokenizer(estimator: Any, X: Any) -> tuple[TextTokenizer | None, Any]:
    """The tokenizer at the start of a pipeline, and the steps after it, if X has texts."""
    pipeline = getattr(estimator, "best_estimator_", estimator)
    is_list = hasattr(X, "__len__") and not sparse.issparse(X)
    has_texts = is_list and len(X) > 0 and isinstance(next(iter(X)), str)
    if has_texts and isinstance(pipeline, Pipeline) and isinstance(pipeline[0], TextTokenizer):
        return pipeline[0], pipeline[1:]
    return None, estimator


def _check_count(name: str, count: Any) -> None:
    if not isinstance(count, Integral) or count < 1:
        raise ValueError(f"{name} must be a positive integer, got {count!r}.")


def _check_layout(estimator: Any) -> None:
    if getattr(innermost(estimator), "channels_first", False):
        raise ValueError(
            "the estimator has channels_first=True, but importances need X with features last. "
            "Fit it with channels_first=False on np.moveaxis(X, 1, -1)."
        )


class ImportanceDisplay(Display):
    """Importances over the signal, image, text or graph that they belong to, or as bars.

    Red means that the score drops without the unit, blue that it rises, white neither. Style
    keywords of `plot`: ``bar_kw`` for features and texts, ``line_kw`` and ``patch_kw`` for
    signals, ``im_kw`` and ``patch_kw`` for images, ``node_kw``, ``edge_kw`` and ``text_kw`` for
    graphs.

    Parameters
    ----------
    importances_mean, importances_std : ndarray of shape (n_units,)
    units, places : tuple
        Label and place of each unit.
    unit, scoring : str
        Type of unit, and name of the score.
    over : ndarray, networkx.Graph or None
        As in `ImportanceResult`.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ibestimators import ImportanceDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> fitted = LogisticRegression(max_iter=1000).fit(X, y)
    >>> ImportanceDisplay.from_estimator(fitted, X, y).importances_mean.shape
    (4,)
    """

    def __init__(
        self,
        importances_mean: NDArray[np.float64],
        importances_std: NDArray[np.float64],
        units: tuple[Hashable, ...],
        places: tuple[Any, ...],
        unit: str,
        scoring: str,
        over: Any,
    ) -> None:
        self.importances_mean = importances_mean
        self.importances_std = importances_std
        self.units = units
        self.places = places
        self.unit = unit
        self.scoring = scoring
        self.over = over

    @classmethod
    @reads_containers
    def from_estimator(
        cls, estimator: Any, X: Any, y: ArrayLike, unit: str = "auto", ax: Any = None, **kwargs: Any
    ) -> Self:
        """Measure the importances and draw them.

        Parameters
        ----------
        estimator : estimator
            Fitted.
        X, y
            Samples and targets on which it was not fitted.
        unit : str, default='auto'
            The type of unit; see `structure_importance`.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **kwargs
            Other parameters of `structure_importance`, and style keywords of `plot`.

        Returns
        -------
        ImportanceDisplay
        """
        style = {name: kwargs.pop(name) for name in list(kwargs) if name.endswith("_kw")}
        result = structure_importance(estimator, X, y, unit, **kwargs)
        return cls.from_result(result, ax, **style)

    @classmethod
    def from_result(cls, result: ImportanceResult, ax: Any = None, **style: Any) -> Self:
        """Draw a result; see `ImportanceResult.plot`.

        Parameters
        ----------
        result : ImportanceResult
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **style : dict
            Style keywords, as in `plot`.

        Returns
        -------
        ImportanceDisplay
        """
        display: Self = result.plot(ax, **style)
        return display

    def _figure_size(self) -> tuple[float, float]:
        if isinstance(self.over, nx.Graph):
            return 5.6, 4.4
        n_axes = np.ndim(self.over)
        if n_axes == 1:
            return max(4.0, 1.2 + 0.3 * len(self.units)), 3.2
        n_bars = min(len(self.units), MAX_BARS)
        return {2: (7.0, 3.2), 3: (5.2, 4.2)}.get(n_axes, (6.4, 1.2 + 0.26 * n_bars))

    def _draw(
        self,
        ax: Any,
        *,
        bar_kw: Style,
        line_kw: Style,
        im_kw: Style,
        patch_kw: Style,
        node_kw: Style,
        edge_kw: Style,
        text_kw: Style,
    ) -> None:
        if isinstance(self.over, nx.Graph):
            self._draw_graph(ax, node_kw, edge_kw, text_kw)
        elif np.ndim(self.over) == 1:
            self._draw_words(ax, bar_kw)
        elif np.ndim(self.over) == 2:
            self._draw_signal(ax, line_kw, patch_kw)
        elif np.ndim(self.over) == 3:
            self._draw_image(ax, im_kw, patch_kw)
        else:
            self._draw_bars(ax, bar_kw)

    def _measure(self) -> str:
        return f"drop of {self.scoring}"

    def _colours(self) -> ScalarMappable:
        """Colours of values, white at 0."""
        end = largest(self.importances_mean)
        return ScalarMappable(Normalize(-end, end), "RdBu_r")

    def _draw_bars(self, ax: Any, bar_kw: Style) -> None:
        """The most important units, the first on top."""
        order = np.argsort(-self.importances_mean, kind="stable")[:MAX_BARS][::-1]
        heights = np.arange(len(order))
        look = {
            "xerr": self.importances_std[order],
            "color": "C0",
            "ecolor": "0.4",
            "height": 0.7,
        }
        ax.barh(heights, self.importances_mean[order], **look | bar_kw)
        ax.set_yticks(heights, [_text(self.units[k]) for k in order])
        ax.set_xlabel(self._measure())
        ax.set_ylabel(self.unit.replace("_", " "))
        remove_frame(ax, grid="x")
        ax.axvline(0, color="0.4", lw=0.8)

    def _draw_words(self, ax: Any, bar_kw: Style) -> None:
        """A bar for each token, in the order of the text."""
        places = np.arange(len(self.units))
        look = {
            "yerr": self.importances_std,
            "color": self._colours().to_rgba(self.importances_mean),
            "edgecolor": "0.4",
            "ecolor": "0.4",
            "linewidth": 0.6,
        }
        ax.bar(places, self.importances_mean, **look | bar_kw)
        ax.set_xticks(places, [_text(unit) for unit in self.units], rotation=45, ha="right")
        ax.set_ylabel(self._measure())
        remove_frame(ax, grid="y")
        ax.axhline(0, color="0.4", lw=0.8)

    def _draw_signal(self, ax: Any, line_kw: Style, patch_kw: Style) -> None:
        """Bands of colour behind the lines of the signal."""
        colours = self._colours()
        for place, value in zip(self.places, self.importances_mean, strict=True):
            steps = place[0] if isinstance(place, tuple) else place
            look = {"color": colours.to_rgba(value, alpha=BAND_OPACITY), "linewidth": 0}
            ax.axvspan(steps.start - 0.5, steps.stop - 0.5, **look | patch_kw)
        shades = np.linspace(0.0, 0.6, max(1, self.over.shape[1]))
        for values, shade in zip(self.over.T, shades, strict=False):
            marker = "." if len(values) == 1 else ""
            look = {"color": str(shade), "linewidth": 1.2, "marker": marker}
            ax.plot(values, **look | line_kw)
        ax.set_xlim(-0.5, len(self.over) - 0.5)
        ax.set_xlabel("step")
        if not self.over.shape[1]:
            ax.set_yticks([])
        ax.figure.colorbar(colours, ax=ax, label=self._measure(), alpha=BAND_OPACITY)

    def _draw_image(self, ax: Any, im_kw: Style, patch_kw: Style) -> None:
        """Patches of colour over the image in grey."""
        colours = self._colours()
        height, width = self.over.shape[:2]
        ax.imshow(self.over.mean(-1), **{"cmap": "gray"} | im_kw)
        for (rows, columns), value in zip(self.places, self.importances_mean, strict=True):
            corner = columns.start - 0.5, rows.start - 0.5
            size = columns.stop - columns.start, rows.stop - rows.start
            # An importance of 0 leaves the image visible.
            tint = colours.to_rgba(value, alpha=0.85 * abs(value) / colours.norm.vmax)
            look: Style = {"color": tint, "linewidth": 0} | patch_kw
            ax.add_patch(Rectangle(corner, *size, **look))
        ax.set_xlim(-0.5, width - 0.5)
        ax.set_ylim(height - 0.5, -0.5)
        ax.set_axis_off()
        ax.figure.colorbar(colours, ax=ax, label=self._measure())

    def _draw_graph(self, ax: Any, node_kw: Style, edge_kw: Style, text_kw: Style) -> None:
        """The graph, its nodes or edges in colour with a grey rim."""
        place = graph_layout(self.over)
        colours = self._colours()
        rgba = list(map(tuple, colours.to_rgba(self.importances_mean)))
        lines = {frozenset(ends): [place[end] for end in ends] for ends in self.over.edges}
        of_edges = self.unit == "edge"
        rims: Style = {"color": "0.55", "linewidth": 6 if of_edges else 1.2, "zorder": 1}
        ax.add_collection(LineCollection(list(lines.values()), **rims | edge_kw))
        face: Any = [(1.0, 1.0, 1.0, 1.0)] * len(place)
        if of_edges:
            # The weakest first, so that the strongest are drawn over them.
            order = np.argsort(np.abs(self.importances_mean))
            coloured = [[place[end] for end in self.units[k]] for k in order]  # type: ignore[attr-defined]
            shades = [rgba[k] for k in order]
            ax.add_collection(LineCollection(coloured, colors=shades, linewidths=4.5, zorder=2))
        else:
            of_node = dict(zip(self.units, rgba, strict=True))
            face = [of_node[node] for node in self.over]
        look = {"s": 260, "c": face, "edgecolor": "0.3", "zorder": 3}
        ax.scatter(*np.array(list(place.values())).T, **look | node_kw)
        centre = {"horizontalalignment": "center", "verticalalignment": "center"}
        for (node, xy), shade in zip(place.items(), face, strict=True):
            ink = "white" if np.mean(shade[:3]) < 0.45 else "black"
            look = {"fontsize": 8, "color": ink, "zorder": 4, **centre}
            ax.annotate(str(node), xy, **look | text_kw)
        ax.margins(0.12)
        ax.set_aspect("equal")
        ax.set_axis_off()
        ax.figure.colorbar(colours, ax=ax, label=self._measure())
