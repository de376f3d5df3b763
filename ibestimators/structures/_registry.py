"""The kinds of X, in the order in which they are tried."""

from __future__ import annotations

from typing import Any

from ibestimators.structures._arrays import ArrayStructure
from ibestimators.structures._forms import refuse_other_forms
from ibestimators.structures._graphs import GraphStructure
from ibestimators.structures._kinds import Structure
from ibestimators.structures._pairs import PairStructure
from ibestimators.structures._sequences import SequenceStructure
from ibestimators.structures._tokens import TokenStructure

# An array comes last: it is whatever the others are not.
KINDS: dict[str, type[Structure]] = {
    structure.kind: structure
    for structure in (
        PairStructure,
        GraphStructure,
        TokenStructure,
        SequenceStructure,
        ArrayStructure,
    )
}
NAMES = {kind: structure.name for kind, structure in KINDS.items()}


def structure_of(X: Any) -> type[Structure]:
    """The class of the kind of X.

    Raises
    ------
    TypeError, ValueError
        If X is a single graph, raw text, a list that could be of several kinds, or in a form that
        can be converted.
    """
    refuse_other_forms(X)
    return next(structure for structure in KINDS.values() if structure.recognises(X))


def kind_of(X: Any) -> str:
    """The name of the kind of X; raises as `structure_of` does."""
    return structure_of(X).kind
