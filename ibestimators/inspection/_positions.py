"""Values predicted at each position of a sample: along a sequence, on an image, on a graph."""

from __future__ import annotations

from typing import Any, Self

import networkx as nx
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import BoundaryNorm, ListedColormap, Normalize
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_classifier
from sklearn.utils import _safe_indexing

from ibestimators.base import Estimator
from ibestimators.inspection._attention import known_names
from ibestimators.inspection._checks import check_number
from ibestimators.inspection._graph_layout import graph_layout
from ibestimators.pipelines import unwrap_estimator
from ibestimators.plotting import PanelsDisplay, Style, new_figure, remove_frame
from ibestimators.scoring import predicts_positions
from ibestimators.structures import (
    kind_of,
    reads_containers,
    take_apart,
)

_NO_LABEL = "0.93"  # the colour of a position without one
_MAX_NAMES = 40  # of tokens along an axis
_COLOURS = [f"C{k}" for k in range(10)]


class PositionDisplay(PanelsDisplay):
    """The values that an estimator predicts at the positions of one sample, and the true ones.

    Of a sequence: its features, and below them the values of each step. Of an image, and of a
    graph: one panel for each row of values. Positions without a label are light grey. Style
    keywords of `plot`: ``line_kw`` for sequences, ``im_kw`` for images and for the classes of
    sequences, ``node_kw`` and ``edge_kw`` for graphs.

    Parameters
    ----------
    values : dict of str to ndarray
        Values at the positions of the sample by what they are, such as "truth" and
        "prediction": of shape (steps,), (height, width) or (nodes,).
    classes : ndarray or None, default=None
        The classes that the values are among; None if they are numbers.
    over : ndarray or networkx.Graph, default=None
        The sample: a signal (steps, features), an image (height, width, features), a graph
        whose nodes have the order of the values, or None.
    names : sequence of str, default=None
        Names of the steps, such as the words of a text.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators import ConvClassifier, PositionDisplay
    >>> X = np.random.default_rng(0).normal(size=(40, 12, 1))
    >>> y = (X > np.roll(X, 1, axis=1))[:, :, 0]
    >>> conv = ConvClassifier(target="position", max_epochs=2, random_state=0).fit(X, y)
    >>> display = PositionDisplay.from_estimator(conv, X, y, sample=3)
    >>> {name: row.shape for name, row in display.values.items()}
    {'truth': (12,), 'prediction': (12,)}
    """

    def __init__(
        self,
        values: dict[str, NDArray[Any]],
        classes: NDArray[Any] | None = None,
        over: Any = None,
        names: list[str] | None = None,
    ) -> None:
        self.values = values
        self.classes = classes
        self.over = over
        self.names = names

    @classmethod
    @reads_containers
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike | None = None,
        sample: int = 0,
        output: int = 0,
        ax: Any = None,
        **style: Any,
    ) -> Self:
        """Predict the values of one sample and draw them.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            Fitted, with ``target='position'``.
        X
            Samples, as in `predict`.
        y : array-like or list, default=None
            True values, in the form of X without its features; None draws the prediction alone.
        sample : int, default=0
            Number of the sample to draw.
        output : int, default=0
            The one to draw, if there are several values at a position.
        ax : array-like of matplotlib.axes.Axes, default=None
            Where to draw, one axes for each panel; None makes a new figure.
        **style : dict
            Style keywords, as in `plot`.

        Returns
        -------
        PositionDisplay

        Raises
        ------
        TypeError, ValueError
            If the estimator predicts one value a sample, `sample` or `output` is out of range,
            y has another form than the predictions, or the samples are volumes.
        sklearn.exceptions.NotFittedError
        """
        inner, inner_X = unwrap_estimator(estimator, X, Estimator)
        if not predicts_positions(inner):
            raise ValueError(
                "PositionDisplay draws a value at each position, but the estimator has "
                "target='sample'. Fit one with target='position'."
            )
        sample = check_number("sample", sample, len(inner_X), "samples")
        item = _safe_indexing(inner_X, [sample])
        rows = {"prediction": np.asarray(inner.predict(item)[0])}
        if y is not None:
            truth = np.asarray(_safe_indexing(y, [sample]))[0]
            if truth.shape != rows["prediction"].shape:
                raise ValueError(
                    f"sample {sample} of y has the shape {truth.shape}, but the prediction has "
                    f"{rows['prediction'].shape}. Give y in the form of X without its features."
                )
            rows = {"truth": truth, **rows}
        over, n_axes = _sample(item, inner)
        if n_axes > 2:
            raise ValueError(
                f"the samples have {n_axes} axes of positions, but PositionDisplay draws one or "
                "two. Draw slices of the prediction as images."
            )
        n_values = rows["prediction"].shape[n_axes:]
        if n_values:
            output = check_number("output", output, n_values[0], "values at a position")
            rows = {name: row[..., output] for name, row in rows.items()}
        classes = None
        if is_classifier(inner):
            classes = np.array([0, 1]) if n_values else inner.classes_
        named = known_names(estimator, _safe_indexing(X, [sample]), inner, item)
        return cls(rows, classes, over, None if named is None else named[0]).plot(ax, **style)

    @property
    def _is_image(self) -> bool:
        return next(iter(self.values.values())).ndim == 2

    def _panels(self) -> tuple[tuple[int, ...], str]:
        names = [*self.values]
        if self._is_image or isinstance(self.over, nx.Graph):
            names = ["image", *names] if self._is_image else names
            return (len(names),), f"one for each of {', '.join(names)}"
        if self.over is None:
            return (1,), "one for the values of the steps"
        return (2,), "one for the features and one for the values of the steps"

    def _new_axes(self) -> NDArray[Any]:
        (n,), _ = self._panels()
        if self._is_image or isinstance(self.over, nx.Graph):
            return np.atleast_1d(new_figure(3.2 * n + 0.8, 3.2).subplots(1, n))
        height = 1.0 + 0.3 * len(self.values) + (1.6 if n == 2 else 0)
        figure = new_figure(7.0, height if self.classes is not None else max(height, 3.0))
        ratios = [3, 1 + len(self.values)] if n == 2 else [1]
        return np.atleast_1d(figure.subplots(n, 1, sharex=True, height_ratios=ratios))

    def _draw(
        self, axes: NDArray[Any], *, line_kw: Style, im_kw: Style, node_kw: Style, edge_kw: Style
    ) -> None:
        if isinstance(self.over, nx.Graph):
            self._draw_graphs(axes, node_kw, edge_kw)
        elif self._is_image:
            self._draw_images(axes, im_kw)
        else:
            self._draw_steps(axes, line_kw, im_kw)

    def _numbers(self, row: NDArray[Any]) -> NDArray[np.float64]:
        """Values as numbers: those of classes are their places; NaN without a label."""
        if self.classes is None:
            return np.asarray(row, dtype=float)
        place = {label: k for k, label in enumerate(self.classes.tolist())}
        known = [place.get(label, np.nan) for label in np.ravel(row).tolist()]
        return np.array(known, dtype=float).reshape(row.shape)

    def _colours(self) -> ScalarMappable:
        """The colour of each class, or of numbers."""
        if self.classes is None:
            rows = np.concatenate([self._numbers(row).ravel() for row in self.values.values()])
            return ScalarMappable(Normalize(np.nanmin(rows), np.nanmax(rows)), "viridis")
        n = len(self.classes)
        colours = ListedColormap(_COLOURS[:n]) if n <= len(_COLOURS) else "viridis"
        return ScalarMappable(BoundaryNorm(np.arange(n + 1) - 0.5, max(n, 2)), colours)

    def _image(self, ax: Any, numbers: NDArray[np.float64], im_kw: Style) -> None:
        colours = self._colours()
        cmap = colours.get_cmap().with_extremes(bad=_NO_LABEL)
        look = {"cmap": cmap, "norm": colours.norm, "interpolation": "none"}
        ax.imshow(np.ma.masked_invalid(numbers), **look | im_kw)

    def _key(self, axes: NDArray[Any]) -> None:
        """What the colours mean, at the right of all panels."""
        bar = axes.flat[0].figure.colorbar(self._colours(), ax=axes.tolist())
        if self.classes is not None:
            few = len(self.classes) <= len(_COLOURS)
            places = np.arange(len(self.classes)) if few else np.array([0, len(self.classes) - 1])
            bar.set_ticks(places, labels=[str(self.classes[k]) for k in places])
            bar.ax.minorticks_off()

    def _draw_images(self, axes: NDArray[Any], im_kw: Style) -> None:
        axes[0].imshow(_visible(self.over), cmap="gray")
        axes[0].set_title("image")
        for ax, (name, row) in zip(axes[1:], self.values.items(), strict=True):
            self._image(ax, self._numbers(row), im_kw)
            ax.set_title(name)
        for ax in axes:
            ax.set_axis_off()
        self._key(axes)

    def _draw_graphs(self, axes: NDArray[Any], node_kw: Style, edge_kw: Style) -> None:
        place = graph_layout(self.over)
        lines = [[place[end] for end in ends] for ends in self.over.edges]
        colours = self._colours()
        for ax, (name, row) in zip(axes, self.values.items(), strict=True):
            look: Style = {"color": "0.7", "linewidth": 1.0}
            ax.add_collection(LineCollection(lines, **look | edge_kw))
            numbers = self._numbers(row)
            face = colours.to_rgba(numbers)
            face[np.isnan(numbers)] = (1, 1, 1, 1)
            look = {"s": 90, "c": face, "edgecolor": "0.3", "linewidth": 0.8, "zorder": 2}
            ax.scatter(*np.array([place[node] for node in self.over]).T, **look | node_kw)
            ax.margins(0.1)
            ax.set_aspect("equal")
            ax.set_axis_off()
            ax.set_title(name)
        self._key(axes)

    def _draw_steps(self, axes: NDArray[Any], line_kw: Style, im_kw: Style) -> None:
        if len(axes) == 2:
            shades = np.linspace(0.0, 0.6, max(1, self.over.shape[1]))
            for feature, shade in zip(self.over.T, shades, strict=True):
                axes[0].plot(feature, **{"color": str(shade), "linewidth": 1.0} | line_kw)
            axes[0].set_ylabel("features" if self.over.shape[1] > 1 else "feature")
            remove_frame(axes[0])
        below = axes[-1]
        rows = {name: self._numbers(row) for name, row in self.values.items()}
        if self.classes is not None:
            self._image(below, np.stack([*rows.values()]), {"aspect": "auto"} | im_kw)
            below.set_yticks(range(len(rows)), [*rows])
            self._key(axes)
        else:
            for (name, row), colour in zip(rows.items(), ("0.2", "C0")[-len(rows) :], strict=True):
                below.plot(row, **{"color": colour, "label": name, "marker": "."} | line_kw)
            below.set_ylabel("value")
            remove_frame(below)
            below.legend(frameon=False)
        n_steps = len(next(iter(rows.values())))
        below.set_xlim(-0.5, n_steps - 0.5)
        if self.names is not None and n_steps <= _MAX_NAMES:
            below.set_xticks(range(n_steps), self.names, rotation=45, ha="right")
        else:
            below.set_xlabel("step")


def _sample(item: Any, estimator: Any) -> tuple[Any, int]:
    """The one sample as it is drawn, and its number of axes of positions."""
    if kind_of(item) == "pairs":
        item = [np.asarray(item[0].queries)]  # which have the positions
    kind = kind_of(item)
    if kind == "graphs":
        parts = take_apart(item[0])
        graph: nx.Graph = nx.Graph()
        graph.add_nodes_from(range(len(parts.names)))
        graph.add_edges_from(parts.ends.tolist())
        return graph, 1
    if kind == "tokens":
        return None, 1
    x = np.asarray(item if hasattr(item, "columns") else item[0])
    if kind == "array":
        axes = estimator._fitted.structure.layout.axes
        x = x.reshape(*axes, -1)
        return x, len(axes)
    return x, 1


def _visible(image: NDArray[Any]) -> NDArray[Any]:
    """An image (height, width, features) as it is shown: colours if it has three features."""
    if image.shape[-1] != 3:
        return np.asarray(image.mean(-1))
    low, high = image.min(), image.max()
    return np.asarray((image - low) / (high - low or 1))
