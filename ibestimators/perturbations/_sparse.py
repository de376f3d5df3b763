"""Units of sparse matrices: columns exchange their entries, and nothing else becomes dense."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ibestimators.perturbations._arrays import ArrayUnits, Place


class SparseUnits(ArrayUnits):
    """As those of arrays, for a sparse matrix in CSR format."""

    def _as_row(self, x: Any) -> NDArray[Any]:
        x = x.toarray() if sparse.issparse(x) else x
        row: NDArray[Any] = super()._as_row(np.atleast_2d(np.asarray(x)))
        return row

    def _over(self) -> Any:
        if self.unit not in ("step", "region"):
            return None
        mean = self.x if self.x is not None else self.X.mean(0)
        return np.asarray(mean).reshape(-1, 1)

    def exchange(self, place: Place, random: np.random.RandomState) -> Any:
        """The matrix with the entries of some columns in other rows."""
        new_row = np.argsort(random.permutation(self.X.shape[0]))
        changed = self.X.tocsc(copy=True)
        first, end, _ = place[-1].indices(self.X.shape[1])
        entries = slice(changed.indptr[first], changed.indptr[end])
        changed.indices[entries] = new_row[changed.indices[entries]]
        changed.has_sorted_indices = False
        return changed.tocsr()

    def repeat(self, n: int) -> Any:
        return type(self.X)(self._copies(n))

    def replace(self, place: Place, n: int, random: np.random.RandomState) -> Any:
        changed = self._copies(n)
        donors = random.randint(self.X.shape[0], size=n)
        changed[:, place[-1]] = self.X[donors][:, place[-1]].toarray()
        return type(self.X)(changed)

    def _copies(self, n: int) -> NDArray[Any]:
        assert self.x is not None
        return np.repeat(self.x, n, 0)
