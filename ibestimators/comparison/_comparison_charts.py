"""The pictures on the page of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ibestimators.comparison._cells import gains_by_fold, scores_by_fold
from ibestimators.comparison._tables import difference_of
from ibestimators.formatting import records
from ibestimators.report import Curve, CurveChart, Row, RowChart

if TYPE_CHECKING:
    from ibestimators.comparison._result import ComparisonResult


def chart_of_differences(result: ComparisonResult) -> list[RowChart]:
    """Differences to the baseline; none if there is no other estimator with a score."""
    frame = result.to_frame().drop(index=result.baseline).dropna(subset="difference")
    if frame.empty:
        return []
    gains = gains_by_fold(result.cells, result.baseline, [*result.estimators])
    rows = [
        Row(
            label=str(row.Index),
            note=row.assumption,
            value=row.difference,
            text=difference_of(result, row).text,
            low=None if pd.isna(row.difference_low) else row.difference_low,
            high=None if pd.isna(row.difference_high) else row.difference_high,
            points=gains[row.Index].dropna().tolist(),
            is_highlighted=row.finding in ("better", "worse"),
        )
        for row in records(frame.sort_values("difference", ascending=False))
    ]
    caption = (
        f"{result.scoring} minus that of {result.baseline} (dashed): each fold (small dots), their "
        "mean (large dot)"
    )
    if frame["difference_low"].notna().any():
        caption += (
            " and its interval (bar), all of which hold together with 95 % confidence. Coloured "
            "where the interval excludes 0"
        )
    band = (-result.rope, result.rope) if result.rope > 0 else None
    if band is not None:
        caption += f". Differences in the shaded band, up to {result.rope:g}, are practically equal"
    title = f"Difference of {result.scoring} to {result.baseline}"
    return [RowChart(title, f"{caption}.", rows, 0.0, band)]


def chart_of_scores(result: ComparisonResult) -> RowChart:
    """The score of each fold, their mean and its interval."""
    frame = result.to_frame()
    reference = frame["score"].get(result.baseline)
    frame = frame[np.isfinite(frame["score"])].sort_values("score", ascending=False)
    scores = scores_by_fold(result.cells)
    rows = [
        Row(
            label=str(row.Index),
            note=row.assumption,
            value=row.score,
            text=f"{row.score:.3f}",
            low=None if pd.isna(row.score_low) else row.score_low,
            high=None if pd.isna(row.score_high) else row.score_high,
            points=scores[row.Index].dropna().tolist(),
            is_highlighted=row.Index != result.baseline,
        )
        for row in records(frame)
    ]
    interval = "" if frame["score_low"].isna().all() else " and its 95 % interval (bar)"
    caption = (
        f"{result.scoring} of each fold (small dots), their mean (large dot){interval}. Dashed: "
        f"{result.baseline}, the baseline."
    )
    return RowChart(f"Mean {result.scoring}", caption, rows, reference)


def training_curves(result: ComparisonResult) -> list[CurveChart]:
    """The training losses in the first fold that a network has."""
    known = result.cells.reindex(columns=["estimator", "fold", "loss_curve"]).dropna()
    first = known.sort_values("fold", kind="stable").drop_duplicates("estimator")
    curves = [
        Curve(str(row.estimator), [*enumerate(row.loss_curve, start=1)])
        for row in records(first)
        if len(row.loss_curve) > 1
    ]
    if not curves:
        return []
    n_epochs = max(len(curve.points) for curve in curves)
    ticks = sorted({2**i for i in range(n_epochs.bit_length())} | {n_epochs})
    caption = "Training loss of each epoch in the first fold, by epoch (logarithmic axis)."
    return [CurveChart("Training loss by epoch", caption, curves, ticks)]
