"""Change parts of X and keep the rest: destroy a structure, transform samples, exchange units.

Each kind of X has one class, in a file of its own, and a line in the registry.
"""

from ibestimators.perturbations._base import Perturbations, Units
from ibestimators.perturbations._registry import (
    DESTRUCTIONS,
    destroy_structure,
    move_values,
    resolve_structure,
    transform_samples,
    units_of,
)

__all__ = [
    "DESTRUCTIONS",
    "Perturbations",
    "Units",
    "destroy_structure",
    "move_values",
    "resolve_structure",
    "transform_samples",
    "units_of",
]
