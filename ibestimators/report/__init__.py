"""Results as tables, pictures and HTML pages, made of plain sections."""

from ibestimators.report._result import Result
from ibestimators.report._section import (
    Block,
    Bullets,
    Curve,
    CurveChart,
    Details,
    Facts,
    Number,
    Paragraph,
    Row,
    RowChart,
    Section,
    Table,
    Verdict,
)

__all__ = [
    "Block",
    "Bullets",
    "Curve",
    "CurveChart",
    "Details",
    "Facts",
    "Number",
    "Paragraph",
    "Result",
    "Row",
    "RowChart",
    "Section",
    "Table",
    "Verdict",
]
