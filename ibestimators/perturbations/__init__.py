"""Changes of X: destroy a structure, transform it, exchange its units."""

from ibestimators.perturbations._units import units_of

__all__ = ["units_of"]
