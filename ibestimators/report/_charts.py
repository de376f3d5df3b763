"""Where the marks of the charts stand; the templates draw them as SVG.

Not by matplotlib: positions in per cent and text of a fixed size stay readable from a phone to
a wide screen, and colours follow the reader's light or dark scheme.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ibestimators.report._section import Curve, CurveChart, RowChart

MARGIN = 6.0  # per cent at both ends of an axis, so that marks at its ends are not cut
MIN_DISTANCE = 9.0  # per cent between labels of an axis, so that they do not overlap on a phone
N_COLOURS = 7
N_MARKERS = 5


@dataclass(frozen=True)
class Axis:
    """From values to per cent of a chart's width or height."""

    low: float
    high: float

    @classmethod
    def over(cls, values: Iterable[float | None]) -> Axis:
        """An axis that holds all finite values."""
        finite = [v for v in values if v is not None and math.isfinite(v)]
        low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
        if high - low < 1e-9 * max(1, abs(low)):  # a single value still needs an axis
            low, high = low - 0.05 * max(1, abs(low)), high + 0.05 * max(1, abs(high))
        return cls(float(low), float(high))

    def at(self, value: float) -> float:
        """Where a value stands, in per cent."""
        share = (value - self.low) / (self.high - self.low)
        return MARGIN + (100 - 2 * MARGIN) * float(share)

    def ticks(self) -> list[float]:
        """Two to seven round values."""
        raw = (self.high - self.low) / 6
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw * (1 - 1e-9))
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [step * i for i in range(first, last + 1)]


class Label(NamedTuple):
    """Text at a place along an axis."""

    at: float
    text: str


class RowPicture:
    """The places of a `RowChart`."""

    def __init__(self, chart: RowChart) -> None:
        values = [chart.reference]
        for row in chart.rows:
            values += [row.value, row.low, row.high, row.other, *row.points]
        values += chart.band or ()
        self.axis = Axis.over(values)
        self.rows = chart.rows
        self.caption = chart.caption
        self.ticks = [Label(self.axis.at(tick), f"{tick:g}") for tick in self.axis.ticks()]
        self.reference = None if chart.reference is None else self.axis.at(chart.reference)
        self.band = None if chart.band is None else tuple(map(self.axis.at, chart.band))
        self.description = f"{chart.title}: " + "; ".join(
            f"{row.label} {row.text}" for row in chart.rows
        )


class CurvePicture:
    """The places of a `CurveChart`."""

    def __init__(self, chart: CurveChart) -> None:
        self._across = Axis.over(map(math.log, chart.ticks))
        points = [y for curve in chart.curves for _, y in curve.points]
        ends = [end for curve in chart.curves for _, *both in curve.band for end in both]
        self._up = Axis.over([*points, *ends])
        self.caption = chart.caption
        self.y_ticks = [Label(100 - self._up.at(tick), f"{tick:g}") for tick in self._up.ticks()]
        self.x_ticks = self._x_ticks(chart.ticks)
        self.curves = list(map(self._placed, chart.curves, _looks(chart)))
        self.description = f"{chart.title}: " + "; ".join(
            f"{curve.label} " + ", ".join(f"{y:.3f} at {x:,}" for x, y in curve.points)
            for curve in chart.curves
        )

    def _x_ticks(self, values: Iterable[int]) -> list[Label]:
        labels: list[Label] = []
        for value in sorted(values, reverse=True):  # the largest is always shown
            at = self._across.at(math.log(value))
            if not labels or labels[-1].at - at >= MIN_DISTANCE:
                labels.append(Label(at, f"{value:,}"))
        return labels

    def _placed(self, curve: Curve, look: tuple[str, int]) -> dict[str, Any]:
        band = [(x, high) for x, _, high in curve.band]
        band += [(x, low) for x, low, _ in reversed(curve.band)]
        return {
            "label": curve.label,
            "colour": look[0],
            "marker": look[1],
            "points": self._places(curve.points),
            "band": self._places(band),
            "dashed": self._places(curve.dashed),
        }

    def _places(self, points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(self._across.at(math.log(x)), 100 - self._up.at(y)) for x, y in points]


def _looks(chart: CurveChart) -> list[tuple[str, int]]:
    """Class of the colour and number of the marker of each curve."""
    looks, i = [], 0
    for curve in chart.curves:
        if curve.is_highlighted:
            looks.append((f"s{i % N_COLOURS}", 1 + i % (N_MARKERS - 1)))
            i += 1
        else:
            looks.append(("muted", 0))
    return looks
