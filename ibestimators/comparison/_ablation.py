"""Does an estimator use the structure of the data, and does it heed a symmetry?

Two questions that a table of scores leaves open. `structure_ablation` takes a structure
away (the order of positions, of steps, of tokens; who is joined to whom) and compares
on the same folds: an estimator whose score drops used it. `equivariance_error` changes X in a
way that a bias promises not to notice, and measures how far the outputs move.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing

from ibestimators.base import draw_seed, random_generator
from ibestimators.comparison._cells import count_folds, failed_fits, ratio_of_sizes
from ibestimators.comparison._compare import compare_biases
from ibestimators.comparison._statistics import resampled_interval
from ibestimators.formatting import counted, records, with_interval
from ibestimators.report import Bullets, Facts, Number, Result, Row, RowChart, Section, Table
from ibestimators.structures import NAMES, GraphParts, kind_of, put_together, take_apart

Pair = tuple[int, int]

# For each edge. A swap moves two, so that each moves about 20 times (Milo et al. 2003 call
# 100 swaps an edge more than adequate); where most tries fail there is little to move.
_SWAPS = 10
_TRIES = 10 * _SWAPS

_AUTO = {"array": "positions", "sequences": "time", "tokens": "tokens", "graphs": "edges"}

_DESTROYED = {
    "positions": "positions in one random order, the same for all samples",
    "time": "steps in random order",
    "tokens": "tokens in random order",
    "edges": "edges between random nodes, which keep their degrees",
}


def destroy_structure(
    X: Any, structure: str = "auto", random_state: int | np.random.RandomState | None = None
) -> Any:
    """Copy X without one of its structures; all else stays.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...), or list
        Whatever the estimators read, features last.
    structure : {"auto", "positions", "time", "tokens", "edges"}, default="auto"
        What to take away:

        - "positions", of arrays: one random order of the positions, the same for all
          samples. Positions are the columns of ``(n, d)``, the steps of ``(n, steps,
          features)``, all pixels or voxels of images and volumes; the features of a
          position stay together.
        - "time", of sequences: a random order of the steps, another for each sample.
          Of arrays ``(n, steps, features)``: one for all samples, as "positions".
        - "tokens", of tokens: a random order, another for each sample.
        - "edges", of graphs: swaps of edges that keep the degrees of all nodes, in and out.
          Nodes keep their attributes. An edge that goes leaves its own to an edge that
          comes, in random order. An adjacency matrix or `edge_index` whose every edge has
          an opposite one is undirected, and both directions move together. Loops and
          further parallel edges stay.

        "auto" takes positions, time, tokens or edges, by the kind of X.
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    same kind as X
        An array or data frame, or a list of samples in the form that they have in X. A
        data frame's columns take their names with them.

    Raises
    ------
    ValueError
        If X has no such structure.

    Warns
    -----
    UserWarning
        If no graph could be rewired. Swaps need two edges without a node in common, in
        directed graphs a path over three edges; graphs without are kept as they are.

    References
    ----------
    Milo et al., "On the uniform generation of random graphs with prescribed degree
    sequences", arXiv:cond-mat/0312028 (2003).

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators.comparison._ablation import destroy_structure
    >>> destroy_structure(np.array([[1, 2, 3, 4], [5, 6, 7, 8]]), random_state=0)
    array([[3, 4, 2, 1],
           [7, 8, 6, 5]])
    """
    structure = _resolved(X, structure)
    random = random_generator(random_state)
    if structure == "edges":
        return _with_random_edges(X, random)
    if structure == "positions" or kind_of(X) == "array":
        return _in_one_order(X, random)
    return _each_in_random_order(X, random)


def _resolved(X: Any, structure: str) -> str:
    """The structure to destroy, or an error if X does not have it."""
    kind = kind_of(X)
    if structure == "auto":
        structure = _AUTO[kind]
    if structure not in list(_DESTROYED):
        raise ValueError(f"structure must be 'auto' or one of {[*_DESTROYED]}, got {structure!r}.")
    shape = np.shape(X) if kind == "array" else ()
    if kind == "array" and len(shape) < 2:
        raise ValueError(f"X has shape {shape}, but (n_samples, ...) is expected. Reshape X.")
    if structure != _AUTO[kind] and (structure, len(shape)) != ("time", 3):
        raise ValueError(
            f"structure={structure!r} does not go with {_described(X)}. Set "
            f"structure={_AUTO[kind]!r}, or 'auto'."
        )
    return structure


def _described(X: Any) -> str:
    kind = kind_of(X)
    return f"an array of shape {np.shape(X)}" if kind == "array" else NAMES[kind]


def _in_one_order(X: Any, random: np.random.RandomState) -> Any:
    if hasattr(X, "columns"):
        return _safe_indexing(X, random.permutation(len(X.columns)), axis=1)
    X = np.asarray(X)
    flat = _with_flat_positions(X)
    return flat[:, random.permutation(flat.shape[1])].reshape(X.shape)


def _with_flat_positions(X: NDArray[Any]) -> NDArray[Any]:
    """(n, positions, features); the columns of a table are positions of one feature."""
    n_features = X.shape[-1] if X.ndim > 2 else 1
    return X.reshape(len(X), int(np.prod(_axes(X))), n_features)


def _axes(X: NDArray[Any]) -> tuple[int, ...]:
    """Sizes of the axes of the structure."""
    return X.shape[1:-1] or X.shape[1:]


def _each_in_random_order(X: Any, random: np.random.RandomState) -> list[NDArray[Any]]:
    return [np.asarray(item)[random.permutation(len(item))] for item in X]


def _with_random_edges(X: Any, random: np.random.RandomState) -> list[Any]:
    before = [take_apart(graph, f"graph {i} of X") for i, graph in enumerate(X)]
    after = [replace(parts, ends=_rewired(parts, random)) for parts in before]
    if all(np.array_equal(a.ends, b.ends) for a, b in zip(before, after, strict=True)):
        warnings.warn(
            "No graph of X could be rewired without a change of degrees, so all edges are as "
            "they were. A structure that cannot be destroyed cannot be tested in this way.",
            UserWarning,
            stacklevel=3,
        )
    return [put_together(parts, graph) for parts, graph in zip(after, X, strict=True)]


def _rewired(parts: GraphParts, random: np.random.RandomState) -> NDArray[np.int64]:
    """Other ends for the edges, such that every node has as many as before."""
    ends = [(a, b) for a, b in parts.ends.tolist()]
    pairs = list(dict.fromkeys((a, b) for a, b in ends if a != b))
    known = set(pairs)
    if parts.undirected:
        moves = _swapped(nx.Graph(pairs), nx.double_edge_swap, random)
    elif all((b, a) in known for a, b in pairs):
        half = [(a, b) for a, b in pairs if a < b]
        moves = _swapped(nx.Graph(half), nx.double_edge_swap, random)
    else:
        moves = _swapped(nx.DiGraph(pairs), nx.directed_edge_swap, random)
    # each pair moves once, so that what is parallel to it stays
    moved = [moves.pop(pair, pair) for pair in ends]
    return np.array(moved, dtype=np.int64).reshape(-1, 2)


def _swapped(graph: nx.Graph, swap: Any, random: np.random.RandomState) -> dict[Pair, Pair]:
    """The edges that swaps take away, each with one that they bring."""
    rewired = graph.copy()
    n = rewired.number_of_edges()
    # Too few edges are an error, and so is running out of tries, after as many swaps as went.
    with suppress(nx.NetworkXError, nx.NetworkXAlgorithmError):
        swap(rewired, nswap=_SWAPS * n, max_tries=_TRIES * n, seed=int(random.randint(2**31 - 1)))
    gone = [edge for edge in graph.edges if not rewired.has_edge(*edge)]
    come = [edge for edge in rewired.edges if not graph.has_edge(*edge)]
    random.shuffle(come)
    moves = dict(zip(gone, come, strict=True))
    if not graph.is_directed():
        moves |= {(b, a): (d, c) for (a, b), (c, d) in moves.items()}
    return moves


def _copy_without_edges(graph: nx.Graph, nodes: list[Any]) -> nx.Graph:
    bare = graph.__class__()
    bare.graph.update(graph.graph)
    bare.add_nodes_from((node, graph.nodes[node]) for node in nodes)
    return bare


def _in_form_of(values: Any, form: Any) -> Any:
    """Numbers as a matrix, array or tensor of the same type as another."""
    if sparse.issparse(form):
        return type(form)(values)
    if isinstance(form, torch.Tensor):
        return torch.from_numpy(values).to(form)
    return (values.toarray() if sparse.issparse(values) else values).astype(np.asarray(form).dtype)


@dataclass(frozen=True, repr=False)
class AblationResult(Result):
    """Scores of several estimators with and without a structure, on the same folds.

    Attributes
    ----------
    cells : pandas.DataFrame
        As in `ComparisonResult`, with one more column ``structure``: "intact" or
        "destroyed".
    structure : {"positions", "time", "tokens", "edges"}
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
        return [self._in_words(row) for row in records(self.to_frame())]

    def _in_words(self, row: Any) -> str:
        if row.drop_low > 0:
            return f"{row.Index} uses the structure: {self.scoring} drops by {row.drop:.2f}."
        if row.drop_high < 0:
            return (
                f"{row.Index} is better without the structure: {self.scoring} rises by "
                f"{-row.drop:.2f}."
            )
        return f"{row.Index}: no significant drop."

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
            f"Destroyed: {_DESTROYED[self.structure]}.",
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
                "What the structure is worth",
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
            f"{_DESTROYED[self.structure]}."
        )
        return RowChart(f"Drop of {self.scoring}", caption, rows)

    def _how_to_read(self) -> str:
        return (
            "To find out which estimators use the structure of the data, all were trained and "
            "tested a second time on data without it. The score of an estimator that uses the "
            "structure drops."
        )


def structure_ablation(
    X: Any,
    y: ArrayLike,
    estimators: Mapping[str, BaseEstimator] | None = None,
    *,
    structure: str = "auto",
    cv: Any = 5,
    scoring: Any = None,
    baseline: str | None = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
) -> AblationResult:
    """Compare estimators with and without a structure of X, on the same folds.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...), or list
        Whatever the estimators read, features last.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Class labels or numbers.
    estimators : dict of str to estimator, default=None
        As in `compare_biases`; None takes the five biases.
    structure : {"auto", "positions", "time", "tokens", "edges"}, default="auto"
        What to destroy, as in `destroy_structure`.
    cv : int, splitter or iterable of splits, default=5
        As in `compare_biases`. To keep groups whole give splits, such as
        ``GroupKFold().split(X, y, groups)``.
    scoring : str or callable, default=None
        As in scikit-learn; None takes accuracy or R².
    baseline : str, default=None
        As in `compare_biases`: the estimator whose type decides whether folds are
        stratified; None takes the first.
    n_jobs : int, default=None
        Fits at a time, through joblib.
    random_state : int, RandomState instance or None, default=None
        Decides what is destroyed, the folds and the estimators' seeds, the same with and
        without the structure.
    verbose : int, default=0
        Above 0, shows a progress bar.

    Returns
    -------
    AblationResult
        Prints as a table, and says which scores drop.

    Raises
    ------
    ValueError
        If X has no such structure, or as `compare_biases` does.

    References
    ----------
    Nadeau & Bengio, "Inference for the generalization error", Machine Learning
    52 (2003).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from ibestimators.comparison import structure_ablation
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> candidates = {"tree": DecisionTreeClassifier()}
    >>> result = structure_ablation(X, X[:, 0] > 0, candidates, random_state=0)
    >>> bool(abs(result.to_frame().loc["tree", "drop"]) < 0.1)
    True
    """
    structure = _resolved(X, structure)
    seed = random_state
    if not isinstance(seed, Integral):
        seed = draw_seed(seed)
    if not (cv is None or isinstance(cv, Integral)):
        # split once: an iterable may end, a splitter may shuffle anew
        cv = list(check_cv(cv, y).split(X, y))
    samples = {"intact": X, "destroyed": destroy_structure(X, structure, seed)}
    results = {
        state: compare_biases(
            values, y, estimators, cv=cv, scoring=scoring, baseline=baseline,
            n_jobs=n_jobs, random_state=seed, verbose=verbose,
        )
        for state, values in samples.items()
    }  # fmt: skip
    cells = [result.cells.assign(structure=state) for state, result in results.items()]
    intact = results["intact"]
    return AblationResult(
        cells=pd.concat(cells, ignore_index=True),
        structure=structure,
        scoring=intact.scoring,
        assumptions=intact.assumptions,
    )


def equivariance_error(
    estimator: Any,
    X: Any,
    transform: str | Callable[[Any], Any],
    random_state: int | np.random.RandomState | None = None,
) -> float:
    """Measure how far a fitted estimator is from invariant under a change of X.

    The mean distance between the outputs for X and for the changed X, by the mean
    distance between the outputs for X and those for X in another order of samples.
    Outputs are probabilities, else decision values, else predictions.

    What training taught and what the architecture promises are told apart by a network
    that has not learned: fit it with ``max_epochs=1`` and a tiny rate, such as
    ``lr=1e-12``, which leaves its weights as they were initialised.

    Parameters
    ----------
    estimator : fitted estimator
        Any that follows scikit-learn.
    X : array-like of shape (n_samples, ...), or list
        Two samples at least, features last.
    transform : str or callable
        A function from X to a changed X, or one of these. Positions are those of
        `destroy_structure`: columns, steps, pixels, voxels, tokens.

        - "shift": arrays, sequences and tokens, rolled around by at least one position
          along each axis of the structure, a random number for each sample.
        - "reflection": arrays, sequences and tokens, the last axis of the structure
          reversed.
        - "permutation": positions, steps or tokens in a random order, another for each
          sample; for graphs the nodes, and edges keep joining the same ones.
        - "rotation": images as high as wide, by 90 degrees.
        - "time_reversal": arrays ``(n, d)`` and ``(n, steps, features)``, sequences
          and tokens, the last step first.
        - "rescaling": arrays and sequences, times 2.
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    float
        0: invariant. 1: the output moves as far as to another sample's. 0 as well if the
        outputs are the same for all samples, to rounding.

    Raises
    ------
    ValueError
        If `transform` is unknown or makes no sense for X, or X has one sample only.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ibestimators.comparison._ablation import equivariance_error
    >>> X = np.array([[0.0, 3.0], [1.0, 2.0], [2.0, 1.0], [3.0, 0.0]])
    >>> linear = LogisticRegression().fit(X, [0, 0, 1, 1])
    >>> equivariance_error(linear, X, np.copy)
    0.0
    >>> equivariance_error(linear, X, "reflection", random_state=0) > 1
    True
    """
    random = random_generator(random_state)
    changed = transform(X) if callable(transform) else _transformed(X, transform, random)
    outputs = _outputs(estimator, X)
    if len(outputs) < 2:
        raise ValueError("X has one sample, but distances between samples need two at least.")
    order = random.permutation(len(outputs))  # a ring: no sample is compared to itself
    others = _mean_distance(outputs[order], outputs[np.roll(order, 1)])
    # Networks compute in float32; what differs by rounding alone is a constant.
    rounding = 10 * np.finfo(np.float32).eps * _mean_distance(outputs, np.zeros_like(outputs))
    if others <= rounding:
        return 0.0
    return _mean_distance(outputs, _outputs(estimator, changed)) / others


def _mean_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(a - b, axis=1).mean())


def _outputs(estimator: Any, X: Any) -> NDArray[np.float64]:
    """Outputs as rows of numbers."""
    for method in ("predict_proba", "decision_function", "predict"):
        if hasattr(estimator, method):
            break
    outputs = getattr(estimator, method)(X)
    if isinstance(outputs, list):  # one array an output
        outputs = np.hstack(outputs)
    outputs = np.asarray(outputs)
    if method == "predict" and is_classifier(estimator) and outputs.ndim == 1:
        outputs = outputs[:, np.newaxis] == estimator.classes_  # labels have no distances
    return outputs.astype(np.float64).reshape(len(outputs), -1)


def _transformed(X: Any, transform: str, random: np.random.RandomState) -> Any:
    if transform not in list(_TRANSFORMS):
        raise ValueError(
            f"transform must be a function or one of {[*_TRANSFORMS]}, got {transform!r}."
        )
    kind = kind_of(X)
    change = _TRANSFORMS[transform].get(kind)
    values = np.asarray(X) if kind == "array" else X
    if change is None or (kind == "array" and not _has_axes_for(transform, values)):
        raise ValueError(
            f"transform={transform!r} makes no sense for {_described(X)}, but for "
            f"{_MEANT_FOR[transform]}. Choose another, or give a function."
        )
    if kind != "array":
        return [change(item, random) for item in X]
    changed = change(values, random)
    if isinstance(X, pd.DataFrame):  # names stay in place: estimators check their order
        return pd.DataFrame(changed, index=X.index, columns=X.columns)
    return changed


def _has_axes_for(transform: str, X: NDArray[Any]) -> bool:
    if transform == "rotation":
        return X.ndim == 4 and X.shape[1] == X.shape[2]
    if transform == "time_reversal":
        return X.ndim in (2, 3)
    return X.ndim >= 2


_MEANT_FOR = {
    "shift": "arrays, sequences and tokens",
    "reflection": "arrays, sequences and tokens",
    "permutation": "arrays, sequences, tokens and graphs",
    "rotation": "images (n, height, width, features) as high as wide",
    "time_reversal": "arrays (n, d) and (n, steps, features), sequences and tokens",
    "rescaling": "arrays and sequences",
}


def _shift_arrays(X: NDArray[Any], random: np.random.RandomState) -> NDArray[Any]:
    return np.stack([_rolled(x, _axes(X), random) for x in X])


def _shift_steps(item: Any, random: np.random.RandomState) -> NDArray[Any]:
    return _rolled(np.asarray(item), (len(item),), random)


def _rolled(x: NDArray[Any], sizes: tuple[int, ...], random: np.random.RandomState) -> NDArray[Any]:
    # an axis of one position is the same after any roll
    steps = [random.randint(1, max(2, size)) for size in sizes]
    return np.roll(x, steps, tuple(range(len(sizes))))


def _reflect_arrays(X: NDArray[Any], random: np.random.RandomState) -> NDArray[Any]:
    return np.flip(X, len(_axes(X))).copy()  # torch reads no negative strides


def _reverse_steps(item: Any, random: np.random.RandomState) -> NDArray[Any]:
    return np.asarray(item)[::-1].copy()


def _permute_arrays(X: NDArray[Any], random: np.random.RandomState) -> NDArray[Any]:
    flat = _with_flat_positions(X)
    return np.stack([x[random.permutation(len(x))] for x in flat]).reshape(X.shape)


def _permute_steps(item: Any, random: np.random.RandomState) -> NDArray[Any]:
    return np.asarray(item)[random.permutation(len(item))]


def _rotate_images(X: NDArray[Any], random: np.random.RandomState) -> NDArray[Any]:
    return np.rot90(X, axes=(1, 2)).copy()


def _rescale(X: Any, random: np.random.RandomState) -> NDArray[Any]:
    return 2 * np.asarray(X)


def _permute_nodes(graph: Any, random: np.random.RandomState) -> Any:
    """The same graph, its nodes in another order."""
    parts = take_apart(graph)
    order = random.permutation(len(parts.names))
    permuted = replace(
        parts,
        names=[parts.names[i] for i in order],
        ends=np.argsort(order)[parts.ends],
        node_columns={name: column[order] for name, column in parts.node_columns.items()},
    )
    return put_together(permuted, graph)


_TRANSFORMS: dict[str, dict[str, Callable[[Any, np.random.RandomState], Any]]] = {
    "shift": {"array": _shift_arrays, "sequences": _shift_steps, "tokens": _shift_steps},
    "reflection": {"array": _reflect_arrays, "sequences": _reverse_steps, "tokens": _reverse_steps},
    "permutation": {
        "array": _permute_arrays,
        "sequences": _permute_steps,
        "tokens": _permute_steps,
        "graphs": _permute_nodes,
    },
    "rotation": {"array": _rotate_images},
    "time_reversal": {
        "array": lambda X, random: np.flip(X, 1).copy(),
        "sequences": _reverse_steps,
        "tokens": _reverse_steps,
    },
    "rescaling": {"array": _rescale, "sequences": _rescale},
}
