"""What X is: one class for each kind of X."""

from ibestimators.structures._arrays import (
    ArrayStructure,
    arrange,
    finite_scale,
    new_scaler,
    scaler_from_state,
    scaler_state,
)
from ibestimators.structures._graph_forms import (
    MISSING,
    GraphParts,
    parse,
    put_together,
    read_edges,
    take_apart,
)
from ibestimators.structures._kinds import NAMES, Index, Layout, kind_of
from ibestimators.structures._packed import Pairs, aggregate, owners, pad, row_numbers, valid

__all__ = [
    "ArrayStructure",
    "GraphParts",
    "Index",
    "Layout",
    "MISSING",
    "NAMES",
    "Pairs",
    "aggregate",
    "arrange",
    "finite_scale",
    "kind_of",
    "new_scaler",
    "owners",
    "pad",
    "parse",
    "put_together",
    "read_edges",
    "row_numbers",
    "scaler_from_state",
    "scaler_state",
    "take_apart",
    "valid",
]
