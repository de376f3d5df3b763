"""What X is: one class for each kind of X, and samples that networks train on."""

from ibestimators.structures._arrays import ArrayStructure
from ibestimators.structures._columns import check_columns_are_numeric
from ibestimators.structures._containers import in_memory, reads_containers
from ibestimators.structures._graph_forms import (
    MISSING,
    GraphParts,
    parse,
    put_together,
    read_edges,
    take_apart,
)
from ibestimators.structures._graphs import GraphStructure
from ibestimators.structures._kinds import (
    Fact,
    Index,
    Layout,
    Samples,
    Structure,
    refuse_masked,
)
from ibestimators.structures._packed import (
    PackedSamples,
    Pairs,
    aggregate,
    pad,
    padding_mask,
    row_numbers,
    sample_index,
)
from ibestimators.structures._pairs import Pair
from ibestimators.structures._positions import (
    Positions,
    is_flat,
    is_labelled,
    rows_of,
    weights_of_rows,
)
from ibestimators.structures._registry import KINDS, NAMES, kind_of, structure_of
from ibestimators.structures._scaling import (
    finite_scale,
    is_finite,
    new_scaler,
    scaler_from_state,
    scaler_state,
)
from ibestimators.structures._tokens import check_tokens

__all__ = [
    "KINDS",
    "MISSING",
    "NAMES",
    "ArrayStructure",
    "Fact",
    "GraphParts",
    "GraphStructure",
    "Index",
    "Layout",
    "PackedSamples",
    "Pair",
    "Pairs",
    "Positions",
    "Samples",
    "Structure",
    "aggregate",
    "check_columns_are_numeric",
    "check_tokens",
    "finite_scale",
    "in_memory",
    "is_finite",
    "is_flat",
    "is_labelled",
    "kind_of",
    "new_scaler",
    "pad",
    "padding_mask",
    "parse",
    "put_together",
    "read_edges",
    "reads_containers",
    "refuse_masked",
    "row_numbers",
    "rows_of",
    "sample_index",
    "scaler_from_state",
    "scaler_state",
    "structure_of",
    "take_apart",
    "weights_of_rows",
]
