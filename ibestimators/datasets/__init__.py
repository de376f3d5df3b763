"""Data sets that need no network: bundled data, synthetic tasks, and readers of files."""

from ibestimators.datasets._data import Data
from ibestimators.datasets._form import TableForm
from ibestimators.datasets._readers import read_npz, read_tudataset
from ibestimators.datasets._series import read_ts, unpad
from ibestimators.datasets._synthetic import (
    load_atlas,
    load_csl,
    load_digits,
    load_mnist1d,
    make_adding_problem,
    make_modular_arithmetic,
    make_parity,
    make_set_maximum,
    make_trajectories,
)
from ibestimators.datasets._tables import read_table

__all__ = [
    "Data",
    "TableForm",
    "load_atlas",
    "load_csl",
    "load_digits",
    "load_mnist1d",
    "make_adding_problem",
    "make_modular_arithmetic",
    "make_parity",
    "make_set_maximum",
    "make_trajectories",
    "read_npz",
    "read_table",
    "read_ts",
    "read_tudataset",
    "unpad",
]
