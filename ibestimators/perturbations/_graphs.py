"""Graphs: nodes, the edges between them, and the attributes of both."""

from __future__ import annotations

import copy
import dataclasses
import warnings
from collections import Counter, defaultdict
from collections.abc import Hashable
from contextlib import suppress
from functools import cached_property
from itertools import combinations, permutations
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from ibestimators.perturbations._base import Perturbations
from ibestimators.structures import MISSING, GraphParts, put_together, take_apart

Pair = tuple[Any, Any]
Columns = dict[str, NDArray[Any]]

# Swaps for each edge. A swap moves two, so that each moves about 20 times (Milo et al. 2003
# call 100 swaps for each edge more than adequate).
_SWAPS = 10
_TRIES = 10 * _SWAPS

_COLUMNS = {"feature": "node_columns", "edge_feature": "edge_columns"}


class GraphPerturbations(Perturbations):
    """Graphs of any form."""

    kind = "graphs"
    structures = {
        "edges": "edges between random nodes, which keep their degrees",
        "all_edges": "all edges, with their attributes",
    }
    transforms = ("permutation",)
    unit_names = ("feature", "edge_feature", "node", "edge")

    def __init__(self, X: Any) -> None:
        super().__init__(list(X))

    @cached_property
    def parts(self) -> list[GraphParts]:
        return [take_apart(graph, f"graph {i} of X") for i, graph in enumerate(self.X)]

    def destroy(self, structure: str, random: np.random.RandomState) -> list[Any]:
        if structure == "all_edges":
            return self._together(
                [_with_edges(parts, [*range(len(parts.ends))], parts, []) for parts in self.parts]
            )
        rewired = [dataclasses.replace(p, ends=_rewire(p, random)) for p in self.parts]
        pairs = zip(self.parts, rewired, strict=True)
        if all(np.array_equal(old.ends, new.ends) for old, new in pairs):
            warnings.warn(
                "No graph of X can be rewired without changing the degrees of its nodes, so all "
                "edges stay as they are. The effect of the edges cannot be tested on such graphs.",
                UserWarning,
                stacklevel=4,
            )
        return self._together(rewired)

    def permutation(self, random: np.random.RandomState) -> list[Any]:
        """The nodes in random order; edges connect the same ones."""
        permuted = []
        for parts in self.parts:
            order = random.permutation(len(parts.names))
            permuted.append(
                dataclasses.replace(
                    parts,
                    names=[parts.names[i] for i in order],
                    ends=np.argsort(order)[parts.ends],
                    node_columns={name: c[order] for name, c in parts.node_columns.items()},
                )
            )
        return self._together(permuted)

    def _together(self, changed: list[GraphParts]) -> list[Any]:
        return [put_together(*pair) for pair in zip(changed, self.X, strict=True)]

    def units(self, unit: str, size: int | None, x: Any) -> GraphUnits:
        if x is not None:
            self.check_sample(x)
        return GraphUnits(self, unit, x)


def _rewire(parts: GraphParts, random: np.random.RandomState) -> NDArray[np.int64]:
    """New ends for the edges; each node keeps its degrees."""
    ends = [(a, b) for a, b in parts.ends.tolist()]
    pairs = dict.fromkeys((a, b) for a, b in ends if a != b)
    if parts.undirected or all((b, a) in pairs for a, b in pairs):
        edges = list(dict.fromkeys((min(pair), max(pair)) for pair in pairs))
        moves = _moves(edges, _swapped(edges, random), random)
        moves |= {(b, a): (d, c) for (a, b), (c, d) in moves.items()}
    else:
        moves = _moves(list(pairs), _swapped_directed(list(pairs), random), random)
    # Each pair moves once, so that edges parallel to it stay.
    moved = [moves.pop(pair, pair) for pair in ends]
    return np.array(moved, dtype=np.int64).reshape(-1, 2)


def _swapped(edges: list[Pair], random: np.random.RandomState) -> list[Pair]:
    """Undirected edges (a, b), a < b, after swaps: a-b and c-d become a-d and c-b.

    As networkx's `double_edge_swap`, in a fifth of its time.
    """
    edges, known, n = [*edges], set(edges), len(edges)
    swaps = tries = 0
    while swaps < _SWAPS * n and tries < _TRIES * n:
        tries += n
        others, turned = random.randint(n, size=n).tolist(), (random.rand(n) < 0.5).tolist()
        for i, (j, turn) in enumerate(zip(others, turned, strict=True)):
            a, b = edges[i]
            c, d = edges[j][::-1] if turn else edges[j]
            if a in (c, d) or b in (c, d):
                continue
            first, second = (a, d) if a < d else (d, a), (c, b) if c < b else (b, c)
            if first not in known and second not in known:
                known -= {edges[i], edges[j]}
                known |= {first, second}
                edges[i], edges[j] = first, second
                swaps += 1
    return edges


def _swapped_directed(edges: list[Pair], random: np.random.RandomState) -> list[Pair]:
    """Directed edges after swaps."""
    graph = nx.DiGraph(edges)
    n = len(edges)
    # networkx raises where there are too few edges, or too few swaps within the tries; the swaps
    # made until then remain.
    with suppress(nx.NetworkXError, nx.NetworkXAlgorithmError):
        seed = int(random.randint(2**31 - 1))
        nx.directed_edge_swap(graph, nswap=_SWAPS * n, max_tries=_TRIES * n, seed=seed)
    return list(graph.edges)


def _moves(old: list[Pair], new: list[Pair], random: np.random.RandomState) -> dict[Pair, Pair]:
    """The edges that swaps remove, each with one that they add."""
    before, after = set(old), set(new)
    removed = [edge for edge in old if edge not in after]
    added = [edge for edge in new if edge not in before]
    random.shuffle(added)
    return dict(zip(removed, added, strict=True))


class GraphUnits:
    """Units of graphs: a place is an attribute, a node, a pair of nodes, or rows of an edge of x.

    An undirected edge is one unit in every form. Graphs whose edges all have an opposite edge
    are undirected.
    """

    def __init__(self, perturbations: GraphPerturbations, unit: str, x: Any) -> None:
        self.X, self.parts = perturbations.X, perturbations.parts
        self.x = x
        self.own = None if x is None else take_apart(x, "x")
        self.all_parts = [*self.parts, *([] if self.own is None else [self.own])]
        self.undirected = all(map(_is_undirected, self.all_parts))
        self.rank = {name: i for i, name in enumerate(self.parts[0].names)}
        self.unit = self._resolve(unit)
        self.places: list[Any] = self._places()
        self.labels = tuple(self._label(place) for place in self.places)
        self.over = self._over()

    def _resolve(self, unit: str) -> str:
        has_attributes = any(parts.node_columns for parts in self.parts)
        if unit == "auto":
            unit = "feature" if self.own is None else "node"
            return unit if has_attributes else "edge"
        if unit in ("feature", "node") and not has_attributes:
            raise ValueError(
                f"unit={unit!r}, but the nodes of X have no attributes to exchange. Choose 'edge'."
            )
        if unit == "edge_feature" and not any(parts.edge_columns for parts in self.parts):
            raise ValueError(
                "unit='edge_feature', but the edges of X have no attributes to exchange. Choose "
                "'edge'."
            )
        return unit

    def _places(self) -> list[Any]:
        if self.unit in _COLUMNS:
            columns = [getattr(parts, _COLUMNS[self.unit]) for parts in self.all_parts]
            return list(dict.fromkeys(name for some in columns for name in _attributes(some)))
        if self.own is not None:
            return list(self.own.names) if self.unit == "node" else self._edges(self.own)
        self._check_shared_nodes()
        if self.unit == "node":
            return list(self.rank)
        pairs = {self._pair(ends) for parts in self.parts for ends in parts.named_ends}
        return sorted(pairs, key=lambda pair: (self.rank[pair[0]], self.rank[pair[1]]))

    def _check_shared_nodes(self) -> None:
        for i, parts in enumerate(self.parts):
            if set(parts.names) != set(self.rank):
                raise ValueError(
                    f"unit={self.unit!r} exchanges a {self.unit} among samples, so all graphs must "
                    f"share their nodes, but graph 0 has {len(self.rank)} nodes, and graph {i} has "
                    f"{len(parts.names)} or other nodes. Choose 'feature', or measure the units of "
                    "one graph with sample_importance."
                )

    def _pair(self, ends: Pair) -> Pair:
        """The ends of an edge, in one order if it is undirected."""
        a, b = ends
        return (b, a) if self.undirected and self.rank[b] < self.rank[a] else (a, b)

    def _edges(self, parts: GraphParts) -> list[list[int]]:
        """The rows of each edge: one, or one for each direction."""
        if parts.undirected or not self.undirected:
            return [[row] for row in range(len(parts.ends))]
        unmatched: dict[Pair, list[list[int]]] = defaultdict(list)
        edges = []
        for row, (a, b) in enumerate(parts.ends.tolist()):
            if a != b and unmatched[b, a]:
                unmatched[b, a].pop(0).append(row)
            else:
                edges.append([row])
                unmatched[a, b].append(edges[-1])
        return edges

    def _label(self, place: Any) -> Hashable:
        if self.own is not None and self.unit == "edge":
            return self.own.named_ends[place[0]]
        return place

    def _over(self) -> Any:
        """The graph x, or all edges of graphs that share their nodes."""
        if self.unit not in ("node", "edge"):
            return None
        drawn = [self.own] if self.own is not None else self.parts
        graph: nx.Graph = nx.Graph() if self.undirected else nx.DiGraph()
        graph.add_nodes_from(drawn[0].names)
        graph.add_edges_from(ends for parts in drawn for ends in parts.named_ends)
        return graph

    def exchange(self, place: Any, random: np.random.RandomState) -> list[Any]:
        if self.unit in _COLUMNS:
            changed = self._exchange_attribute(place, random)
        else:
            order = random.permutation(len(self.parts))
            exchange = self._exchange_node if self.unit == "node" else self._exchange_edge
            changed = [exchange(place, self.parts[i], self.parts[j]) for i, j in enumerate(order)]
        return [put_together(*pair) for pair in zip(changed, self.X, strict=True)]

    def _exchange_attribute(self, name: Hashable, random: np.random.RandomState) -> list[Any]:
        """An attribute exchanged among all nodes or edges that have it."""
        changed = [self._with_copies(parts) for parts in self.parts]
        old = [self._attributes(parts).get(name) for parts in self.parts]
        new = [self._attributes(parts).get(name) for parts in changed]
        entries = [
            (column, target, rows)
            for parts, column, target in zip(self.parts, old, new, strict=True)
            if column is not None and target is not None
            for rows in self._rows(parts)
            if column[rows[0]] is not MISSING
        ]
        for (_, target, rows), k in zip(entries, random.permutation(len(entries)), strict=True):
            donor, _, donor_rows = entries[k]
            for direction, row in enumerate(rows):
                # a loop has one row where other edges have two
                target[row] = donor[donor_rows[min(direction, len(donor_rows) - 1)]]
        return changed

    def _attributes(self, parts: GraphParts) -> dict[Hashable, NDArray[Any]]:
        return _attributes(getattr(parts, _COLUMNS[self.unit]))

    def _with_copies(self, parts: GraphParts) -> GraphParts:
        """Parts whose columns of nodes, or of edges, can be written to."""
        changed = copy.copy(parts)
        columns = getattr(parts, _COLUMNS[self.unit])
        setattr(changed, _COLUMNS[self.unit], {name: c.copy() for name, c in columns.items()})
        return changed

    def _rows(self, parts: GraphParts) -> list[list[int]]:
        """The rows that belong together: of a node one, of an edge those of both directions."""
        if self.unit == "feature":
            return [[row] for row in range(len(parts.names))]
        return self._edges(parts)

    def _exchange_node(self, name: Any, parts: GraphParts, donor: GraphParts) -> GraphParts:
        """All attributes of a node from another graph; edges stay."""
        return _with_node(parts, parts.names.index(name), donor, donor.names.index(name))

    def _exchange_edge(self, pair: Pair, parts: GraphParts, donor: GraphParts) -> GraphParts:
        """The edges of a pair, with their attributes, from another graph."""
        own, others = (
            [row for row, ends in enumerate(p.named_ends) if self._pair(ends) == pair]
            for p in (parts, donor)
        )
        return _with_edges(parts, own, donor, others)

    def repeat(self, n: int) -> list[Any]:
        assert self.own is not None
        return [put_together(self.own, self.x) for _ in range(n)]

    def replace(self, place: Any, n: int, random: np.random.RandomState) -> list[Any]:
        change = self._replace_node if self.unit == "node" else self._replace_edge
        change = self._replace_attribute if self.unit in _COLUMNS else change
        assert self.own is not None
        return [put_together(change(place, self.own, random), self.x) for _ in range(n)]

    def _replace_attribute(
        self, name: Hashable, own: GraphParts, random: np.random.RandomState
    ) -> GraphParts:
        """An attribute drawn from X for each node, or edge, that has it."""
        known = [
            value
            for parts in self.parts
            for value in self._attributes(parts).get(name, ())
            if value is not MISSING
        ]
        changed = self._with_copies(own)
        column = self._attributes(changed).get(name)
        if not known or column is None:
            return changed
        edges = self._rows(own)
        for rows, k in zip(edges, random.randint(len(known), size=len(edges)), strict=True):
            for row in rows:
                if column[row] is not MISSING:
                    column[row] = known[k]
        return changed

    def _replace_node(
        self, name: Any, own: GraphParts, random: np.random.RandomState
    ) -> GraphParts:
        """The attributes of a random node of X; edges stay."""
        sizes = np.array([len(parts.names) for parts in self.parts])
        k = random.randint(sizes.sum())
        sample = np.searchsorted(sizes.cumsum(), k, side="right")
        row = int(k - sizes[:sample].sum())
        return _with_node(own, own.names.index(name), self.parts[sample], row)

    def _replace_edge(
        self, rows: list[int], own: GraphParts, random: np.random.RandomState
    ) -> GraphParts:
        """The edge between two other nodes without an edge; removed if there are none."""
        nodes = range(len(own.names))
        taken = {(a, b) for a, b in own.ends.tolist()}
        if self.undirected:
            taken |= {(b, a) for a, b in taken}
        a, b = own.ends[rows[0]]
        pairs = permutations(nodes, 2) if not self.undirected else combinations(nodes, 2)
        candidates = [(c, c) for c in nodes] if a == b else pairs
        free = [pair for pair in candidates if pair not in taken]
        if not free:
            return _with_edges(own, rows, own, [])
        c, d = free[random.randint(len(free))]
        ends = own.ends.copy()
        for row, pair in zip(rows, [(c, d), (d, c)], strict=False):
            ends[row] = pair
        return dataclasses.replace(own, ends=ends)


def _is_undirected(parts: GraphParts) -> bool:
    ends = parts.ends.tolist()
    return parts.undirected or Counter((a, b) for a, b in ends) == Counter((b, a) for a, b in ends)


def _attributes(columns: Columns) -> dict[Hashable, NDArray[Any]]:
    """A view for each attribute; the features of a table are numbered."""
    views: dict[Hashable, NDArray[Any]] = {}
    for name, column in columns.items():
        if column.ndim == 1:
            views[name] = column
        elif name == "weight":
            views[name] = column[:, 0]
        else:
            views |= {j: column[:, j] for j in range(column.shape[1])}
    return views


def _with_node(parts: GraphParts, row: int, donor: GraphParts, donor_row: int) -> GraphParts:
    """Parts in which a node has the attributes of another."""
    columns = {name: column.copy() for name, column in parts.node_columns.items()}
    for name in columns.keys() & donor.node_columns.keys():
        value = donor.node_columns[name][donor_row]
        if value is not MISSING:
            columns[name][row] = value
    return dataclasses.replace(parts, node_columns=columns)


def _with_edges(
    parts: GraphParts, rows: list[int], donor: GraphParts, donor_rows: list[int]
) -> GraphParts:
    """Parts in which the edges of another graph take the place of some edges."""
    position = {name: i for i, name in enumerate(parts.names)}
    named_ends = donor.named_ends
    new_ends = [[position[name] for name in named_ends[row]] for row in donor_rows]
    first = rows[0] if rows else len(parts.ends)
    others = [row for row in range(len(parts.ends)) if row not in rows]

    def joined(own: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
        before, after = others[:first], others[first:]
        return np.concatenate([own[before], new, own[after]])

    columns = {}
    for name in dict.fromkeys([*parts.edge_columns, *donor.edge_columns]):
        own, new = (p.edge_columns.get(name, np.full(len(p.ends), MISSING)) for p in (parts, donor))
        columns[name] = joined(own, new[donor_rows])
    ends = joined(parts.ends, np.array(new_ends, dtype=np.int64).reshape(-1, 2))
    return dataclasses.replace(parts, ends=ends, edge_columns=columns)
