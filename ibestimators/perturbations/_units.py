"""Units of X: the parts of samples that can stand in for one another, of every kind.

`units_of` finds them. Each has a label and a place, and two things can be done to it:
``exchanged`` gives X with what stands at the place exchanged among samples, ``replaced``
gives copies of one sample with something drawn from X there. X itself stays as it is.
"""

from __future__ import annotations

import copy
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import combinations, permutations, product
from numbers import Integral
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from ibestimators.comparison._ablation import _axes, _copy_without_edges, _described, _in_form_of
from ibestimators.structures import NAMES, kind_of, take_apart

Index = NDArray[np.int64]

MOST = 50  # units of a signal, an image or a vocabulary, if their size is free

_OF_KIND = {
    "array": ("feature", "step", "region", "patch", "node"),
    "sequences": ("feature", "step", "region"),
    "tokens": ("token", "step", "region"),
    "graphs": ("feature", "edge_feature", "node", "edge"),
}
NAMES_OF_UNITS = tuple(dict.fromkeys(unit for units in _OF_KIND.values() for unit in units))


def units_of(X: Any, unit: str, size: int | None, x: Any = None) -> Any:
    """The units of the samples of X, or those of one sample.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...), or list
        Whatever the estimators read, features last.
    unit : str
        "auto" or one of `NAMES_OF_UNITS`.
    size : int or None
        Positions of a region, or of a patch along each axis.
    x : sample or None
        One sample, whose units are wanted; None for those of all samples.

    Returns
    -------
    ArrayUnits, SequenceUnits or GraphUnits

    Raises
    ------
    ValueError
        If X has no such units.

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators.perturbations._units import units_of
    >>> units = units_of(np.arange(12).reshape(2, 6, 1), "region", 4)
    >>> units.labels
    ('0-3', '4-5')
    >>> units.exchanged(units.places[1], np.random.RandomState(3))[..., 0]
    array([[ 0,  1,  2,  3, 10, 11],
           [ 6,  7,  8,  9,  4,  5]])
    """
    if unit not in ("auto", *NAMES_OF_UNITS):
        raise ValueError(f"unit must be 'auto' or one of {[*NAMES_OF_UNITS]}, got {unit!r}.")
    if size is not None and (not isinstance(size, Integral) or size < 1):
        raise ValueError(f"size must be a positive integer or None, got {size!r}.")
    kind = kind_of(X)
    if kind in ("tokens", "sequences") and isinstance(x, list):
        x = np.asarray(x)
    if unit not in ("auto", *_OF_KIND[kind]):
        raise ValueError(
            f"unit={unit!r} does not go with {NAMES[kind]}. Choose one of {[*_OF_KIND[kind]]}, "
            "or 'auto'."
        )
    if x is not None and kind != "array" and kind_of([x]) != kind:
        raise ValueError(
            f"x is a {type(x).__name__}, but X is {NAMES[kind]}. Give x as one sample of the same "
            "kind, such as X[0]."
        )
    units: Any
    if kind == "array":
        units = ArrayUnits(X, unit, size, x)
    elif kind == "graphs":
        units = GraphUnits(X, unit, x)
    else:
        units = SequenceUnits(X, unit, size, x)
    if size is not None and units.unit not in ("region", "patch"):
        raise ValueError(
            f"size={size} goes with unit='region' and 'patch', but unit is {units.unit!r}. Leave "
            "size out."
        )
    return units


def _blocks(sizes: Sequence[int], size: int) -> list[tuple[slice, ...]]:
    """A grid of blocks that covers all positions; the last ones may be smaller."""
    edges = [[slice(a, min(a + size, n)) for a in range(0, n, size)] for n in sizes]
    return list(product(*edges))


def _free_size(sizes: Sequence[int]) -> int:
    """The smallest blocks of which no more than `MOST` are needed."""
    size = 1
    while np.prod([-(-n // size) for n in sizes]) > MOST:
        size += 1
    return size


def _named(block: slice) -> Any:
    """A step by its number, several by first and last."""
    last = block.stop - 1
    return block.start if block.start == last else f"{block.start}-{last}"


class ArrayUnits:
    """Units of arrays and data frames: a place is an index into the axes after the samples."""

    def __init__(self, X: Any, unit: str, size: int | None, x: Any) -> None:
        if sparse.issparse(X):
            raise TypeError("X is a sparse matrix, but an array is expected. Pass X.toarray().")
        if not hasattr(X, "columns"):
            X = np.asarray(X)
        if len(X.shape) < 2:
            raise ValueError(f"X has shape {X.shape}, but (n_samples, ...) is expected. Reshape X.")
        self.X = X
        self.x = None if x is None else self._as_rows(x)
        self.axes: tuple[int, ...] = _axes(X)
        self.unit = self._resolved(unit, size)
        self.places = self._places(size)
        self.labels = tuple(self._label(place) for place in self.places)
        self.over = self._over()

    def _as_rows(self, x: Any) -> Any:
        """A sample as X with one row."""
        if hasattr(x, "to_frame") and hasattr(self.X, "iloc"):
            x = x.to_frame().T.astype(self.X.dtypes)
        elif not hasattr(x, "columns"):
            x = np.asarray(x)
            x = x[np.newaxis] if x.ndim < len(self.X.shape) else x
        if x.shape != (1, *self.X.shape[1:]) or hasattr(x, "columns") != hasattr(self.X, "columns"):
            raise ValueError(
                f"x is a {type(x).__name__} of shape {x.shape[1:]}, but the samples of X, a "
                f"{type(self.X).__name__}, have shape {self.X.shape[1:]}. Give x as one of them."
            )
        return x

    def _resolved(self, unit: str, size: int | None) -> str:
        n_axes = len(self.axes)
        if unit == "auto":
            if len(self.X.shape) == 2 and size is None:
                return "feature"
            if n_axes > 1:
                return "patch"
            return "region" if size is not None or self.axes[0] > MOST else "step"
        if (unit in ("step", "region") and n_axes > 1) or (unit == "patch" and n_axes == 1):
            other = "'patch'" if n_axes > 1 else "'region', or reshape X to (n, height, width, 1)"
            raise ValueError(
                f"unit={unit!r} does not go with {_described(self.X)}: the structure has {n_axes} "
                f"axes, features stand last. Choose {other}."
            )
        return unit

    def _places(self, size: int | None) -> list[tuple[Any, ...]]:
        if self.unit == "feature":
            return [(..., slice(j, j + 1)) for j in range(self.X.shape[-1])]
        if self.unit in ("step", "node"):
            return _blocks(self.axes, 1)
        return _blocks(self.axes, size or _free_size(self.axes))

    def _label(self, place: tuple[Any, ...]) -> Hashable:
        if hasattr(self.X, "columns") and place[-1].stop - place[-1].start == 1:
            return self.X.columns[place[-1].start]
        names = [_named(block) for block in place if block is not ...]
        if self.unit == "patch":
            return ", ".join(map(str, names))
        return names[0] if len(names) == 1 else tuple(names)

    def _over(self) -> Any:
        """What importances are drawn over: a signal (steps, features) or an image."""
        n_drawn = {"step": 1, "region": 1, "patch": 2}.get(self.unit)
        numbers = not hasattr(self.X, "columns") and self.X.dtype.kind in "biuf"
        if n_drawn != len(self.axes) or not numbers:
            return None
        mean = self.x[0] if self.x is not None else self.X.mean(0)
        return mean.reshape(*self.axes, -1)

    def exchanged(self, place: tuple[Any, ...], random: np.random.RandomState) -> Any:
        return self._put(self.X, random.permutation(len(self.X)), place)

    def repeated(self, n: int) -> Any:
        assert self.x is not None
        if hasattr(self.X, "with_columns"):
            return self.x[[0] * n]
        return self.x.iloc[[0] * n] if hasattr(self.X, "iloc") else np.repeat(self.x, n, 0)

    def replaced(self, place: tuple[Any, ...], n: int, random: np.random.RandomState) -> Any:
        return self._put(self.repeated(n), random.randint(len(self.X), size=n), place)

    def _put(self, samples: Any, donors: Index, place: tuple[Any, ...]) -> Any:
        """Samples with what X has in the rows of donors at the place."""
        if hasattr(samples, "with_columns"):  # polars
            return samples.with_columns(self.X[:, place[-1]][donors].get_columns())
        changed = samples.copy()
        if hasattr(samples, "iloc"):
            for column in range(*place[-1].indices(samples.shape[1])):
                changed.isetitem(column, self.X.iloc[donors, column].array)
        else:
            changed[(slice(None), *place)] = self.X[(donors, *place)]
        return changed


class SequenceUnits:
    """Units of sequences and tokens: a place is steps, a feature, or a token."""

    def __init__(self, X: Any, unit: str, size: int | None, x: Any) -> None:
        self.frames = [item if isinstance(item, pd.DataFrame) else None for item in X]
        self.X = [np.asarray(item) for item in X]
        self.x = None if x is None else np.asarray(x)
        self.x_frame = x if isinstance(x, pd.DataFrame) else None
        self.tokens = self.X[0].ndim == 1
        self.rows = np.concatenate(self.X)  # (steps of all samples, features) or (steps,)
        self.lengths = np.array([len(item) for item in self.X])
        longest = int(self.lengths.max() if self.x is None else len(self.x))
        self.unit = self._resolved(unit, size, longest)
        self.places = self._places(size, longest)
        self.labels = tuple(self._label(place) for place in self.places)
        self.over = self._over(longest)

    def _resolved(self, unit: str, size: int | None, longest: int) -> str:
        if unit != "auto":
            return unit
        if self.tokens and size is None:
            return "token"
        return "region" if size is not None or longest > MOST else "step"

    def _places(self, size: int | None, longest: int) -> list[Any]:
        if self.unit == "feature":
            return list(range(self.rows.shape[1]))
        if self.unit == "token" and self.x is None:
            return [token for token, _ in Counter(self.rows.tolist()).most_common(MOST)]
        whole = self.unit != "region"
        size = 1 if whole else size or _free_size([longest])
        return [block for (block,) in _blocks([longest], size)]

    def _label(self, place: Any) -> Hashable:
        if self.unit == "feature":
            first = self.frames[0]
            return place if first is None else first.columns[place]
        if self.unit == "token":
            return place if self.x is None else self.x[place.start].item()
        return _named(place)

    def _over(self, longest: int) -> Any:
        if self.unit == "feature" or (self.unit == "token" and self.x is None):
            return None
        if self.tokens:
            # a text, or steps that have no height
            return self.x if self.unit == "token" else np.zeros((longest, 0))
        if self.x is not None:
            return self.x
        return np.stack(
            [np.mean([item[t] for item in self.X if len(item) > t], 0) for t in range(longest)]
        )

    def exchanged(self, place: Any, random: np.random.RandomState) -> list[Any]:
        if isinstance(place, slice):
            return self._like(self._steps_exchanged(place, random), self.frames)
        rows = self.rows.copy()
        if self.unit == "feature":
            rows[:, place] = rows[random.permutation(len(rows)), place]
        else:
            gone = rows == place
            if not gone.all():
                rows[gone] = random.choice(rows[~gone], gone.sum())
        return self._like(np.split(rows, self.lengths.cumsum()[:-1]), self.frames)

    def _steps_exchanged(self, steps: slice, random: np.random.RandomState) -> list[Any]:
        """One order for all steps, of which each takes the samples that have it."""
        order = random.permutation(len(self.X))
        changed = [item.copy() for item in self.X]
        for t in range(steps.start, steps.stop):
            having = np.flatnonzero(self.lengths > t)
            for i, j in zip(having, order[self.lengths[order] > t], strict=True):
                changed[i][t] = self.X[j][t]
        return changed

    def repeated(self, n: int) -> list[Any]:
        assert self.x is not None
        return self._like([self.x.copy() for _ in range(n)], [self.x_frame] * n)

    def replaced(self, place: Any, n: int, random: np.random.RandomState) -> list[Any]:
        assert self.x is not None
        changed = [self.x.copy() for _ in range(n)]
        if self.unit == "feature":
            for item in changed:
                item[:, place] = self.rows[random.randint(len(self.rows), size=len(item)), place]
        else:
            starts = self._windows(place.stop - place.start)
            for item, start in zip(changed, random.choice(starts, n), strict=True):
                item[place] = self.rows[start : start + place.stop - place.start]
        return self._like(changed, [self.x_frame] * n)

    def _windows(self, size: int) -> Index:
        """Where in `rows` so many steps of one sample begin."""
        before = self.lengths.cumsum() - self.lengths
        starts = [
            np.arange(start, start + max(0, length - size + 1))
            for start, length in zip(before, self.lengths, strict=True)
        ]
        found = np.concatenate(starts)
        if not len(found):
            raise ValueError(
                f"no sample of X has {size} steps to put in place of a region of x. Give a size "
                f"of {self.lengths.max()} or less."
            )
        return found

    @staticmethod
    def _like(items: list[Any], frames: list[Any]) -> list[Any]:
        return [
            item if frame is None else pd.DataFrame(item, frame.index, frame.columns)
            for item, frame in zip(items, frames, strict=True)
        ]


class _Gap(Enum):
    """An attribute that a node or an edge does not have; the same object in every process."""

    MISSING = 0


_MISSING = _Gap.MISSING
Pair = tuple[Any, Any]
Columns = dict[Any, NDArray[Any]]


@dataclass
class Parts:
    """A graph taken apart: its nodes, its edges by the names of their ends, and attributes.

    Both directions of an edge stand in their own rows where the graph's form has them so.
    """

    names: list[Any]
    ends: list[Pair]
    nodes: Columns
    edges: Columns


def _apart(graph: Any) -> Parts:
    if isinstance(graph, nx.Graph):
        links = list(graph.edges(data=True))
        nodes = _columns([data for _, data in graph.nodes(data=True)])
        edges = _columns([data for *_, data in links])
        return Parts(list(graph), [(a, b) for a, b, _ in links], nodes, edges)
    if isinstance(graph, tuple):
        parts = take_apart(graph)
        return Parts(parts.names, parts.named_ends, _numbered(graph[1]), parts.edge_columns)
    index = np.asarray(graph.edge_index)
    ends = [(a, b) for a, b in index.T.tolist()]
    nodes = _numbered(getattr(graph, "x", None))
    edges = _numbered(getattr(graph, "edge_attr", None))
    weight = getattr(graph, "edge_weight", None)
    if weight is not None:
        edges["weight"] = np.asarray(weight).reshape(-1)
    features = getattr(graph, "x", None)
    n_nodes = getattr(graph, "num_nodes", None) if features is None else features.shape[0]
    n_nodes = int(index.max(initial=-1)) + 1 if n_nodes is None else int(n_nodes)
    return Parts(list(range(n_nodes)), ends, nodes, edges)


def _columns(rows: list[dict[Any, Any]]) -> Columns:
    columns = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        columns[name] = np.empty(len(rows), dtype=object)
        for i, row in enumerate(rows):  # one by one: vectors stay whole
            columns[name][i] = row.get(name, _MISSING)
    return columns


def _numbered(table: Any) -> Columns:
    if table is None:
        return {}
    table = table.toarray() if hasattr(table, "toarray") else np.asarray(table)
    return dict(enumerate(table.T if table.ndim == 2 else table[np.newaxis]))


def _together(parts: Parts, form: Any) -> Any:
    """Parts as a graph in the form of another."""
    if isinstance(form, nx.Graph):
        graph = _copy_without_edges(form, list(form))
        for name, values in parts.nodes.items():
            for node, value in zip(parts.names, values, strict=True):
                if value is not _MISSING:
                    graph.nodes[node][name] = value
        rows = _as_dicts(parts.edges, len(parts.ends))
        graph.add_edges_from((*ends, row) for ends, row in zip(parts.ends, rows, strict=True))
        return graph
    index = np.array(parts.ends, dtype=np.int64).reshape(-1, 2).T
    if isinstance(form, tuple):
        shape = form[0].shape
        adjacency = sparse.coo_array((parts.edges["weight"], tuple(index)), shape=shape)
        return _in_form_of(adjacency, form[0]), _stacked(parts.nodes, form[1])
    graph = copy.copy(form)
    graph.edge_index = _in_form_of(index, form.edge_index)
    if getattr(form, "x", None) is not None:
        graph.x = _stacked(parts.nodes, form.x)
    elif getattr(form, "num_nodes", None) is not None:
        graph.num_nodes = len(parts.names)
    numbered = {name: column for name, column in parts.edges.items() if name != "weight"}
    if getattr(form, "edge_attr", None) is not None:
        graph.edge_attr = _stacked(numbered, form.edge_attr)
    if "weight" in parts.edges:
        weight = parts.edges["weight"].reshape(-1, *form.edge_weight.shape[1:])
        graph.edge_weight = _in_form_of(weight, form.edge_weight)
    return graph


def _as_dicts(columns: Columns, n_rows: int) -> Iterator[dict[Any, Any]]:
    for i in range(n_rows):
        yield {name: column[i] for name, column in columns.items() if column[i] is not _MISSING}


def _stacked(columns: Columns, form: Any) -> Any:
    if form is None:
        return None
    if not columns:
        return form  # no columns to change
    table = np.stack(list(columns.values()), 1)
    return _in_form_of(table.reshape(-1, *form.shape[1:]), form)


class GraphUnits:
    """Units of graphs: a place is an attribute, a node, an edge of a sample, or a pair.

    Undirected edges are one unit in every form: an adjacency matrix or `edge_index` whose
    every edge has an opposite one, in all graphs, is undirected.
    """

    def __init__(self, X: Any, unit: str, x: Any) -> None:
        self.X = list(X)
        self.x = x
        self.parts = [_apart(graph) for graph in self.X]
        self.own = None if x is None else _apart(x)
        everything = list(zip(self.parts, self.X, strict=True))
        if self.own is not None:
            everything.append((self.own, x))
        self.undirected = all(_undirected(*pair) for pair in everything)
        self.one_row = isinstance(self.X[0], nx.Graph)  # for both directions of an edge
        self.rank = {name: i for i, name in enumerate(self.parts[0].names)}
        self.unit = self._resolved(unit)
        self.places: list[Any] = self._places()
        self.labels = tuple(self._label(place) for place in self.places)
        self.over = self._over()

    def _resolved(self, unit: str) -> str:
        attributes = any(parts.nodes for parts in self.parts)
        if unit == "auto":
            unit = "feature" if self.own is None else "node"
            return unit if attributes else "edge"
        if unit in ("feature", "node") and not attributes:
            raise ValueError(
                f"unit={unit!r}, but the nodes of X have no attributes to exchange. Choose 'edge'."
            )
        if unit == "edge_feature" and not any(parts.edges for parts in self.parts):
            raise ValueError(
                "unit='edge_feature', but the edges of X have no attributes to exchange. Choose "
                "'edge'."
            )
        return unit

    def _places(self) -> list[Any]:
        sources = [*self.parts, *([] if self.own is None else [self.own])]
        if self.unit == "feature":
            return _all_names(parts.nodes for parts in sources)
        if self.unit == "edge_feature":
            return _all_names(parts.edges for parts in sources)
        if self.own is not None:
            return list(self.own.names) if self.unit == "node" else self._links(self.own)
        self._check_aligned()
        if self.unit == "node":
            return list(self.parts[0].names)
        rank = self.rank
        pairs = {pair: None for parts in self.parts for pair in map(self._pair, parts.ends)}
        return sorted(pairs, key=lambda pair: (rank[pair[0]], rank[pair[1]]))

    def _check_aligned(self) -> None:
        first = set(self.parts[0].names)
        for i, parts in enumerate(self.parts):
            if set(parts.names) != first:
                raise ValueError(
                    f"unit={self.unit!r} exchanges a {self.unit} among samples, for which all "
                    f"graphs must share their nodes, but graph 0 has {len(first)} nodes and graph "
                    f"{i} has {len(parts.names)}, or others. Choose 'feature', or see what counts "
                    "in one graph with sample_importance."
                )

    def _pair(self, ends: Pair) -> Pair:
        """An undirected pair in one direction of the two."""
        a, b = ends
        return (b, a) if self.undirected and self.rank[b] < self.rank[a] else (a, b)

    def _links(self, parts: Parts) -> list[list[int]]:
        """Rows of each edge: one, or one a direction."""
        if self.one_row or not self.undirected:
            return [[row] for row in range(len(parts.ends))]
        waiting: dict[Pair, list[list[int]]] = defaultdict(list)
        links = []
        for row, (a, b) in enumerate(parts.ends):
            if a != b and waiting[b, a]:
                waiting[b, a].pop(0).append(row)
            else:
                links.append([row])
                waiting[a, b].append(links[-1])
        return links

    def _label(self, place: Any) -> Hashable:
        if self.own is not None and self.unit == "edge":
            return self.own.ends[place[0]]
        return place

    def _over(self) -> Any:
        """The graph to draw: the sample, or all edges of graphs that share their nodes."""
        if self.unit not in ("node", "edge"):
            return None
        parts = [self.own] if self.own is not None else self.parts
        drawn: nx.Graph = nx.Graph() if self.undirected else nx.DiGraph()
        drawn.add_nodes_from(parts[0].names)
        drawn.add_edges_from(end for part in parts for end in part.ends)
        return drawn

    def exchanged(self, place: Any, random: np.random.RandomState) -> list[Any]:
        change = getattr(self, f"_{self.unit}s_exchanged")
        changed = change(place, random)
        return [_together(*pair) for pair in zip(changed, self.X, strict=True)]

    def _features_exchanged(self, name: Any, random: np.random.RandomState) -> list[Parts]:
        """An attribute exchanged among all nodes that have it."""
        having = [
            (i, row)
            for i, parts in enumerate(self.parts)
            for row, value in enumerate(parts.nodes.get(name, ()))
            if value is not _MISSING
        ]
        changed = [_with_own_column(parts, "nodes", name) for parts in self.parts]
        for (i, row), k in zip(having, random.permutation(len(having)), strict=True):
            j, donor = having[k]
            changed[i].nodes[name][row] = self.parts[j].nodes[name][donor]
        return changed

    def _edge_features_exchanged(self, name: Any, random: np.random.RandomState) -> list[Parts]:
        """An attribute exchanged among all edges that have it, both directions together."""
        having = [
            (i, rows)
            for i, parts in enumerate(self.parts)
            if name in parts.edges
            for rows in self._links(parts)
            if parts.edges[name][rows[0]] is not _MISSING
        ]
        changed = [_with_own_column(parts, "edges", name) for parts in self.parts]
        for (i, rows), k in zip(having, random.permutation(len(having)), strict=True):
            j, donors = having[k]
            for place, row in enumerate(rows):  # a loop has one row where others have two
                donor = donors[min(place, len(donors) - 1)]
                changed[i].edges[name][row] = self.parts[j].edges[name][donor]
        return changed

    def _nodes_exchanged(self, name: Any, random: np.random.RandomState) -> list[Parts]:
        """All attributes of a node exchanged among samples; edges stay."""
        order = random.permutation(len(self.parts))
        return [
            _with_node(parts, parts.names.index(name), donor, donor.names.index(name))
            for parts, donor in zip(self.parts, (self.parts[k] for k in order), strict=True)
        ]

    def _edges_exchanged(self, pair: Pair, random: np.random.RandomState) -> list[Parts]:
        """Whether a pair is joined, and the attributes if so, exchanged among samples."""
        order = random.permutation(len(self.parts))
        at = [[r for r, ends in enumerate(p.ends) if self._pair(ends) == pair] for p in self.parts]
        return [
            _with_rows(parts, at[i], self.parts[k], at[k])
            for i, (parts, k) in enumerate(zip(self.parts, order, strict=True))
        ]

    def repeated(self, n: int) -> list[Any]:
        assert self.own is not None
        return [_together(self.own, self.x) for _ in range(n)]

    def replaced(self, place: Any, n: int, random: np.random.RandomState) -> list[Any]:
        change = getattr(self, f"_{self.unit}_replaced")
        return [_together(change(place, random), self.x) for _ in range(n)]

    def _feature_replaced(self, name: Any, random: np.random.RandomState) -> Parts:
        return self._column_replaced("nodes", name, random)

    def _edge_feature_replaced(self, name: Any, random: np.random.RandomState) -> Parts:
        return self._column_replaced("edges", name, random)

    def _column_replaced(self, of: str, name: Any, random: np.random.RandomState) -> Parts:
        """An attribute drawn anew, for all rows that have it, from the background."""
        assert self.own is not None
        known = [v for p in self.parts for v in getattr(p, of).get(name, ()) if v is not _MISSING]
        changed = _with_own_column(self.own, of, name)
        column = getattr(changed, of).get(name, ())
        if not known:
            return changed
        # both directions of an edge get the same
        links = self._links(changed) if of == "edges" else [[r] for r in range(len(column))]
        for rows, k in zip(links, random.randint(len(known), size=len(links)), strict=True):
            for row in rows:
                if len(column) and column[row] is not _MISSING:
                    column[row] = known[k]
        return changed

    def _node_replaced(self, name: Any, random: np.random.RandomState) -> Parts:
        """The attributes of a node of the background; edges stay."""
        assert self.own is not None
        sizes = np.array([len(parts.names) for parts in self.parts])
        k = random.randint(sizes.sum())
        sample = int(np.searchsorted(sizes.cumsum(), k, side="right"))
        donor = self.parts[sample]
        row = int(k - sizes[:sample].sum())
        return _with_node(self.own, self.own.names.index(name), donor, row)

    def _edge_replaced(self, rows: list[int], random: np.random.RandomState) -> Parts:
        """The edge between two other nodes that have none, or gone where all are joined."""
        assert self.own is not None
        parts = self.own
        joined = set(parts.ends)
        a, b = parts.ends[rows[0]]
        if a == b:
            free: list[Pair] = [(c, c) for c in parts.names if (c, c) not in joined]
        elif self.undirected:
            pairs = combinations(parts.names, 2)
            free = [(c, d) for c, d in pairs if not joined & {(c, d), (d, c)}]
        else:
            free = [pair for pair in permutations(parts.names, 2) if pair not in joined]
        if not free:
            return _with_rows(parts, rows, parts, [])
        c, d = free[random.randint(len(free))]
        ends = list(parts.ends)
        for row, pair in zip(rows, [(c, d), (d, c)], strict=False):
            ends[row] = pair
        return replace(parts, ends=ends)


def _undirected(parts: Parts, graph: Any) -> bool:
    if isinstance(graph, nx.Graph):
        return not graph.is_directed()
    return Counter(parts.ends) == Counter((b, a) for a, b in parts.ends)


def _all_names(columns: Any) -> list[Any]:
    return list(dict.fromkeys(name for some in columns for name in some))


def _with_own_column(parts: Parts, of: str, name: Any) -> Parts:
    """Parts of which one column can be written to."""
    columns = getattr(parts, of)
    if name not in columns:
        return parts
    return replace(parts, **{of: columns | {name: columns[name].copy()}})


def _with_node(parts: Parts, row: int, donor: Parts, donor_row: int) -> Parts:
    nodes = {}
    for name, column in parts.nodes.items():
        nodes[name] = column.copy()
        value = donor.nodes[name][donor_row] if name in donor.nodes else _MISSING
        if value is not _MISSING:
            nodes[name][row] = value
    return replace(parts, nodes=nodes)


def _with_rows(parts: Parts, rows: list[int], donor: Parts, donor_rows: list[int]) -> Parts:
    """Parts in which some edges make room, in their place, for those of another graph."""
    at = rows[0] if rows else len(parts.ends)
    before = list(range(at))
    after = [row for row in range(at, len(parts.ends)) if row not in rows]
    ends = [*parts.ends[:at], *(donor.ends[r] for r in donor_rows), *(parts.ends[r] for r in after)]
    edges = {}
    for name in dict.fromkeys([*parts.edges, *donor.edges]):
        own = parts.edges.get(name, np.full(len(parts.ends), _MISSING))
        theirs = donor.edges.get(name, np.full(len(donor.ends), _MISSING))
        edges[name] = np.concatenate([own[before], theirs[donor_rows], own[after]])
    return replace(parts, ends=ends, edges=edges)
