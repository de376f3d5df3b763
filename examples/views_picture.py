"""How each bias reads each kind of X: the picture docs/views.png.

    python examples/views_picture.py [PATH]

Blue marks the input; red marks the part that one unit, step, node or token reads.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
from matplotlib.axes import Axes

READ, LOOK, PAD = "#9db8d9", "#c0392b", "#eeeeee"
Points = Sequence[tuple[float, float]]

GRAPH = nx.Graph([(0, 1), (0, 2), (1, 2), (2, 3), (3, 4)])
PLACES = [(0.6, 0.8), (0.6, 2.4), (2.0, 1.6), (3.4, 1.6), (4.6, 2.4)]
IMAGE = [(0.55 + 0.75 * i, 2.7 - 0.6 * j) for j in range(4) for i in range(6)]
SIGNAL = [(0.3 + 0.8 * i, 1.5) for i in range(6)]


def squares(ax: Axes, points: Points, color: str = READ, text: str = "", size: float = 120) -> None:
    xs, ys = zip(*points, strict=True)
    ax.scatter(xs, ys, size, color, marker="s", linewidths=0, zorder=2)
    for (x, y), letter in zip(points, text, strict=False):
        ax.text(x, y - 0.02, letter, ha="center", va="center", fontsize=7, zorder=3)


def circles(ax: Axes, points: Points, text: str = "") -> None:
    xs, ys = zip(*points, strict=True)
    ax.scatter(xs, ys, 130, READ, zorder=2)
    for (x, y), letter in zip(points, text, strict=False):
        ax.text(x, y - 0.02, letter, ha="center", va="center", fontsize=7, zorder=3)


def arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], bend: float = 0) -> None:
    style = {"arrowstyle": "->", "color": LOOK, "lw": 1.1, "shrinkA": 5, "shrinkB": 6}
    ax.annotate("", end, start, arrowprops={**style, "connectionstyle": f"arc3,rad={bend}"})


def lines(ax: Axes, pairs: Sequence[tuple[tuple[float, float], tuple[float, float]]]) -> None:
    for (x, y), (u, v) in pairs:
        ax.plot([x, u], [y, v], color=LOOK, lw=0.7, zorder=1)


def unit(ax: Axes, points: Points, at: tuple[float, float] = (2.3, 0.3)) -> None:
    """A unit that reads some points."""
    ax.scatter(*at, 60, LOOK, zorder=3)
    lines(ax, [(point, at) for point in points])


def frame(ax: Axes, x: float, y: float, width: float, height: float) -> None:
    ax.add_patch(plt.Rectangle((x, y), width, height, fill=False, ec=LOOK, lw=1.4, zorder=4))


def dense(points: Points, text: str = "") -> Callable[[Axes], None]:
    def draw(ax: Axes) -> None:
        squares(ax, points, text=text)
        unit(ax, points)

    return draw


def window(points: Points, text: str = "") -> Callable[[Axes], None]:
    def draw(ax: Axes) -> None:
        squares(ax, points, text=text)
        unit(ax, points[1:4])
        arrow(ax, (2.5, 0.3), (4.2, 0.3))

    return draw


def steps(points: Points, text: str = "") -> Callable[[Axes], None]:
    def draw(ax: Axes) -> None:
        squares(ax, points, text=text)
        for a, b in zip(points[:-1], points[1:], strict=True):
            arrow(ax, (a[0], a[1] - 0.3), (b[0], b[1] - 0.3), 0.5)

    return draw


def path(points: Points, text: str = "") -> Callable[[Axes], None]:
    def draw(ax: Axes) -> None:
        lines(ax, list(zip(points[:-1], points[1:], strict=True)))
        circles(ax, points, text)
        arrow(ax, points[1], points[2], 0.6)
        arrow(ax, points[3], points[2], -0.6)

    return draw


def all_to_one(points: Points, text: str = "") -> Callable[[Axes], None]:
    def draw(ax: Axes) -> None:
        squares(ax, points, text=text)
        for i, point in enumerate(points):
            if i != 2:
                arrow(
                    ax,
                    (point[0], point[1] + 0.2),
                    (points[2][0], points[2][1] + 0.2),
                    -0.55 if i < 2 else 0.55,
                )

    return draw


def image(kind: str) -> Callable[[Axes], None]:
    def draw(ax: Axes) -> None:
        squares(ax, IMAGE)
        if kind == "MLP":
            unit(ax, IMAGE[::2])
        elif kind == "Conv":
            frame(ax, 0.95, 1.2, 2.2, 1.8)
            arrow(ax, (3.2, 2.1), (4.6, 2.1))
        elif kind == "Recurrent":
            for row in range(4):
                frame(ax, 0.25, 2.48 - 0.6 * row, 4.4, 0.46)
            arrow(ax, (4.85, 2.8), (4.85, 0.8))
        elif kind == "Graph":
            grid = nx.grid_2d_graph(4, 6)
            lines(ax, [(IMAGE[6 * a + b], IMAGE[6 * c + d]) for (a, b), (c, d) in grid.edges])
        else:
            for x in range(3):
                for y in range(2):
                    frame(ax, 0.22 + 1.5 * x, 1.8 - 1.2 * y, 1.35, 1.12)

    return draw


def volume(kind: str) -> Callable[[Axes], None]:
    def draw(ax: Axes) -> None:
        for depth in (2, 1, 0):
            points = [
                (0.5 + 0.5 * depth + 0.62 * i, 1.9 - 0.52 * j + 0.4 * depth)
                for j in range(3)
                for i in range(4)
            ]
            squares(ax, points, ["#6f93bf", READ, "#c9d8ea"][depth], size=95)
        if kind == "MLP":
            unit(ax, [(0.5 + 0.62 * i, 0.86) for i in range(4)], (2.3, 0.2))
        elif kind == "Conv":
            frame(ax, 0.8, 0.6, 1.25, 1.1)
            frame(ax, 1.3, 1.0, 1.25, 1.1)
            lines(ax, [((0.8, 1.7), (1.3, 2.1)), ((2.05, 0.6), (2.55, 1.0))])
        elif kind == "Recurrent":
            arrow(ax, (3.0, 0.7), (4.4, 1.8))
        elif kind == "Graph":
            ends = ((0.5, 1.38), (1.74, 1.38), (1.12, 1.9), (1.12, 0.86), (1.62, 1.78))
            for end in ends:
                ax.plot([1.12, end[0]], [1.38, end[1]], color=LOOK, lw=1.6, zorder=5)
        else:
            frame(ax, 0.22, 0.62, 1.2, 1.05)
            frame(ax, 1.46, 0.62, 1.2, 1.05)

    return draw


def ragged(draw_one: Callable[[Points], Callable[[Axes], None]], padded: bool) -> Callable:
    def draw(ax: Axes) -> None:
        points = [(0.3 + 0.8 * i, 1.2) for i in range(5)]
        short = [(0.3 + 0.8 * i, 2.6) for i in range(3)]
        squares(ax, short)
        if padded:
            squares(ax, [(0.3 + 0.8 * i, 2.6) for i in (3, 4)], PAD)
        draw_one(points)(ax)

    return draw


def graph(kind: str) -> Callable[[Axes], None]:
    def draw(ax: Axes) -> None:
        if kind == "Conv":
            matrix = nx.to_numpy_array(GRAPH)
            for i, j in np.ndindex(5, 5):
                filled = matrix[i, j] or i == j
                squares(ax, [(0.9 + 0.62 * j, 2.8 - 0.55 * i)], READ if filled else PAD, size=95)
            frame(ax, 1.2, 1.42, 1.85, 1.65)
            return
        if kind in ("MLP", "Recurrent"):
            circles(ax, PLACES, "12345" if kind == "Recurrent" else "")
            if kind == "MLP":
                unit(ax, PLACES)
            else:
                for a, b in zip(PLACES[:-1], PLACES[1:], strict=True):
                    arrow(ax, a, b, 0.25)
            return
        circles(ax, PLACES)
        if kind == "Graph":
            lines(ax, [(PLACES[a], PLACES[b]) for a, b in GRAPH.edges])
            sources = list(GRAPH[2])
        else:
            sources = [0, 1, 3, 4]
        for node in sources:
            arrow(ax, PLACES[node], PLACES[2], 0.3)

    return draw


TABLE: list[tuple[str, list[tuple[str, Callable[[Axes], None]]]]] = [
    (
        "table or signal\n(n, d)\nseries\n(n, steps, features)",
        [
            ("flattened", dense(SIGNAL)),
            ("windows of steps", window(SIGNAL)),
            ("step after step", steps(SIGNAL)),
            ("a path, or graph=", path(SIGNAL)),
            ("columns or patches", all_to_one(SIGNAL)),
        ],
    ),
    (
        "images\n(n, height, width,\nfeatures)",
        [
            ("flattened", image("MLP")),
            ("2-D windows", image("Conv")),
            ("rows as steps", image("Recurrent")),
            ("a grid, or graph=", image("Graph")),
            ("patches as tokens", image("Attention")),
        ],
    ),
    (
        "volumes\n(n, depth, height,\nwidth, features)",
        [
            ("flattened", volume("MLP")),
            ("3-D windows", volume("Conv")),
            ("slices as steps", volume("Recurrent")),
            ("a grid, or graph=", volume("Graph")),
            ("patches as tokens", volume("Attention")),
        ],
    ),
    (
        "ragged\nlist of\n(steps, features)",
        [
            ("padded, flattened", ragged(dense, True)),
            ("windows, masked", ragged(window, False)),
            ("step after step", ragged(steps, False)),
            ("paths", ragged(path, False)),
            ("patches, masked", ragged(all_to_one, False)),
        ],
    ),
    (
        "tokens\nlist of integers,\nor text",
        [
            ("a bag of embeddings", dense(PLACES, "theca")),
            ("windows of embeddings", window(SIGNAL, "thecat")),
            ("token after token", steps(SIGNAL, "thecat")),
            ("paths", path(SIGNAL, "thecat")),
            ("all tokens", all_to_one(SIGNAL, "thecat")),
        ],
    ),
    (
        "graphs\nnetworkx,\n(adjacency, features),\nPyG",
        [
            ("pooled nodes", graph("MLP")),
            ("adjacency as image", graph("Conv")),
            ("nodes as given", graph("Recurrent")),
            ("messages along edges", graph("Graph")),
            ("nodes as a set", graph("Attention")),
        ],
    ),
]


def main(path: str) -> None:
    names = ("MLP", "Conv", "Recurrent", "Graph", "Attention")
    figure, axes = plt.subplots(len(TABLE), 5, figsize=(12, 11))
    for row, (kind, cells) in zip(axes, TABLE, strict=True):
        row[0].set_ylabel(kind, rotation=0, ha="right", va="center", labelpad=12, fontsize=10)
        for ax, (title, draw) in zip(row, cells, strict=True):
            draw(ax)
            ax.set(xlim=(-0.3, 5.2), ylim=(-0.1, 3.3), xticks=[], yticks=[])
            ax.set_xlabel(title, fontsize=9, labelpad=3)
            ax.spines[:].set_color("#cccccc")
    for ax, name in zip(axes[0], names, strict=True):
        ax.set_title(name, fontsize=12, fontweight="bold")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "docs/views.png")
