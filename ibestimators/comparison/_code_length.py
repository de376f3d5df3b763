"""Prequential code length: bits that classes cost if each block is predicted from those before.

It is the area under a learning curve of the log loss, and minus the log evidence of a learner up to
the length of the first block. References: Dawid, "Statistical theory: the prequential approach",
Journal of the Royal Statistical Society A 147 (1984); Blier & Ollivier, "The description length of
deep learning models", NeurIPS 31 (2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ibestimators.comparison._data_efficiency import mean_without_missing
from ibestimators.comparison._statistics import resampled_interval


class CodeLength(NamedTuple):
    """Bits, and how many fewer than those of the baseline, with a 95 % interval."""

    bits: float
    saved: float
    saved_low: float
    saved_high: float


def code_lengths(
    losses: Mapping[str, NDArray[np.float64]],
    sizes: NDArray[np.int64],
    n_classes: int,
    baseline: str,
    test_train_ratio: float,
) -> pd.DataFrame:
    """The code length of the classes of the largest training set, for each estimator.

    Parameters
    ----------
    losses : dict of str to ndarray of shape (n_folds, n_sizes)
        Log loss of each estimator, in nats, at each size.
    sizes : ndarray of shape (n_sizes,)
        Numbers of training samples, increasing.
    n_classes : int
        The first block costs log2 of this number a sample: nothing is known about it.
    baseline : str
    test_train_ratio : float
        Of a whole fold.

    Returns
    -------
    pandas.DataFrame
        Indexed by estimator, with the fields of `CodeLength`.
    """
    first_block = sizes[0] * np.log2(n_classes)
    bits = {
        name: first_block + own[:, :-1] @ np.diff(sizes) / np.log(2) for name, own in losses.items()
    }
    rows = {}
    for name, own in bits.items():
        saved = (np.nan,) * 3
        if name != baseline:
            saved = resampled_interval(bits[baseline] - own, test_train_ratio)
        rows[name] = CodeLength(float(mean_without_missing(own, axis=0)), *saved)
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(CodeLength._fields))
    return frame.rename_axis("estimator")
