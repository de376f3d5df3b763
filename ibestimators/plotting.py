"""The base of all displays, by scikit-learn's convention.

A display keeps the numbers that it draws as attributes and draws them with
``plot(ax=None)``, which sets ``ax_`` and ``figure_``. No pyplot: a display opens no window and
changes no global state.
"""

from __future__ import annotations

import inspect
from typing import Any, Self

import numpy as np
from matplotlib.cbook import normalize_kwargs
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.quiver import Quiver
from matplotlib.text import Text
from numpy.typing import NDArray

Style = dict[str, Any]

# Each style keyword, and what it sets the properties of.
_ARTISTS = {
    "arrow_kw": Quiver,
    "band_kw": PolyCollection,
    "bar_kw": Rectangle,
    "edge_kw": LineCollection,
    "fold_kw": Line2D,
    "im_kw": AxesImage,
    "law_kw": Line2D,
    "line_kw": Line2D,
    "marker_kw": Line2D,
    "node_kw": PathCollection,
    "past_kw": Line2D,
    "patch_kw": Rectangle,
    "text_kw": Text,
    "truth_kw": Line2D,
    "validation_kw": Line2D,
}


class Display:
    """Base of the displays that draw into one axes.

    A subclass defines ``_draw(ax, *, line_kw, ...)``, whose keyword-only parameters are the
    style keywords that it takes, and ``_figure_size()`` if the default does not suit it.
    """

    def plot(self, ax: Any = None, **style: Any) -> Self:
        """Draw the display.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        **style : dict
            Properties of what is drawn, which go to matplotlib and override the defaults,
            such as ``line_kw={"linewidth": 3}``. An unknown keyword raises an error that
            lists those of this display.

        Returns
        -------
        self
            With attributes ``ax_`` and ``figure_``.
        """
        style = self._checked(style)
        ax = new_figure(*self._figure_size()).add_subplot() if ax is None else ax
        self._draw(ax, **style)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _figure_size(self) -> tuple[float, float]:
        return 6.4, 4.0

    def _draw(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError

    def _checked(self, style: dict[str, Any]) -> dict[str, Style]:
        """All style keywords of `_draw`, with the full names of properties."""
        parameters = inspect.signature(self._draw).parameters.values()
        known = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
        for name, value in style.items():
            if name not in known:
                raise TypeError(
                    f"{name!r} is not a style keyword of {type(self).__name__}. Use one of these, "
                    f"with a dict of matplotlib properties: {', '.join(known)}."
                )
            if not isinstance(value, dict):
                raise TypeError(
                    f"{name} must be a dict of matplotlib properties, such as "
                    f"{{'alpha': 0.5}}, got {value!r}."
                )
        return {name: normalize_kwargs(style.get(name, {}), _ARTISTS[name]) for name in known}


class PanelsDisplay(Display):
    """Base of the displays that draw into several axes.

    A subclass defines ``_new_axes()``, an array of new axes; ``_panels()``, what they show, for
    errors; and ``_draw(axes, *, ...)``.
    """

    def plot(self, ax: Any = None, **style: Any) -> Self:
        """Draw the display.

        Parameters
        ----------
        ax : array-like of matplotlib.axes.Axes, default=None
            Where to draw, one axes for each panel; None makes a new figure.
        **style : dict
            Properties of what is drawn, which go to matplotlib and override the defaults,
            such as ``im_kw={"cmap": "gray"}``. An unknown keyword raises an error that lists
            those of this display.

        Returns
        -------
        self
            With attributes ``axes_`` and ``figure_``.
        """
        style = self._checked(style)
        shape, meaning = self._panels()
        axes = self._new_axes() if ax is None else np.array(ax, dtype=object)
        if axes.size != np.prod(shape):
            raise ValueError(
                f"ax holds {axes.size} axes, but {np.prod(shape)} are needed: {meaning}. Give an "
                f"array of shape {shape}, or None for a new figure."
            )
        axes = axes.reshape(shape)
        self._draw(axes, **style)
        self.axes_, self.figure_ = axes, axes.flat[0].figure
        return self

    def _new_axes(self) -> NDArray[Any]:
        raise NotImplementedError

    def _panels(self) -> tuple[tuple[int, ...], str]:
        raise NotImplementedError


def new_figure(width: float, height: float) -> Figure:
    """A figure, its size in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def remove_frame(ax: Any, *sides: str, grid: str | None = None) -> None:
    """Hide sides of the frame, and draw the grid lines of an axis behind the data.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    *sides : {"top", "right", "left", "bottom"}
        None given hides the top and the right side.
    grid : {"x", "y", "both"} or None, default=None
    """
    ax.spines[list(sides or ("top", "right"))].set_visible(False)
    if grid is not None:
        ax.grid(axis=grid, alpha=0.3)
        ax.set_axisbelow(True)


def integer_ticks(*axes: Any) -> None:
    """Ticks at whole numbers only.

    Parameters
    ----------
    *axes : matplotlib.axis.Axis
    """
    for axis in axes:
        axis.get_major_locator().set_params(integer=True)


def largest(values: Any) -> float:
    """The largest absolute value, or 1 if all are 0: the end of a symmetric colour scale."""
    return float(np.abs(values).max(initial=0)) or 1.0


def symmetric_colours(values: Any) -> Style:
    """Colours from blue to red, white at 0, for ``imshow``."""
    end = largest(values)
    return {"cmap": "RdBu_r", "vmin": -end, "vmax": end}
