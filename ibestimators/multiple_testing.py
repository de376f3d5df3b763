"""p-values of several tests together.

Reference: Holm, "A simple sequentially rejective multiple test procedure" (1979).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """p-values adjusted for multiple tests: controls the family-wise error rate (Holm 1979).

    Parameters
    ----------
    p_values : array-like of shape (n_tests,)
        NaN marks a test that was not made.

    Returns
    -------
    ndarray of shape (n_tests,)

    Examples
    --------
    >>> from ibestimators.multiple_testing import holm
    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    made = np.flatnonzero(~np.isnan(p))
    order = made[np.argsort(p[made])]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(factors * p[order]))
    return adjusted
