"""Samples of different sizes and their answers, as the search for symmetries takes them.

Tokens and graphs have no distances that mean something. The features of untrained networks make a
kernel instead, a draw from the prior of these networks, and the mean of the features over the
changed copies of a sample makes it invariant:

    k(x, x') = f(x) f(x')' / D + 1,    K_G(x, x') = mean over g, h of k(g x, h x')
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ibestimators.suite import REGRESSORS
from ibestimators.symmetries._gaussian_process import (
    Array,
    GaussianProcess,
    best_process,
    feature_kernel,
)
from ibestimators.symmetries._list_changes import ListChange, list_changes, scramble
from ibestimators.symmetries._result import any_order_of
from ibestimators.untrained import SameFeaturesError, UntrainedNetworks

_N_FEATURES = 100  # of each kind of network
# Networks that see what the changes destroy: the order of steps, or edges.
_OF_STEPS: dict[str, Any] = {"cell": "rnn"}
_NETWORKS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "sequences": [("Recurrent", _OF_STEPS), ("Conv", {"n_filters": (32, 64)})],
    "tokens": [("Recurrent", _OF_STEPS), ("Conv", {"n_filters": (40,)})],
    "graphs": [("Graph", {}), ("Graph", {"readout": "sum"})],
}


@dataclass(frozen=True)
class ListProblem:
    """Sequences, tokens or graphs.

    Attributes
    ----------
    X : list
    Y : ndarray of shape (n_samples, n_outputs)
        With mean 0 and deviation 1; classes are columns.
    kind : {"sequences", "tokens", "graphs"}
    changes : sequence of ListChange
    networks : sequence of UntrainedNetworks
    random : numpy.random.RandomState
        Draws the changes.
    """

    X: list[Any]
    Y: Array
    kind: str
    changes: Sequence[ListChange]
    networks: Sequence[UntrainedNetworks]
    random: np.random.RandomState

    plain_sees_order = True

    @classmethod
    def of(cls, X: list[Any], Y: Array, kind: str, random: np.random.RandomState) -> Self:
        """The problem of checked samples."""
        networks = []
        for name, params in _NETWORKS[kind]:
            with suppress(SameFeaturesError):
                estimator = REGRESSORS[name](**params)
                networks.append(UntrainedNetworks(estimator, X, Y[:, 0], _N_FEATURES, random))
        return cls(X, Y, kind, list_changes(kind, X), networks, random)

    @property
    def any_order(self) -> str:
        """The name of the change that leaves nothing of the order, or of the edges."""
        return any_order_of(self.kind)

    @cached_property
    def plain(self) -> GaussianProcess:
        """The process without a symmetry."""
        return best_process(feature_kernel(self._original), self.Y)

    def process(self, change: ListChange) -> GaussianProcess:
        """The process whose features are averaged over a change."""
        parts = [self._original] if change.with_original else []
        parts += [self._features(copy) for copy in self.copies(change)]
        return best_process(feature_kernel(np.mean(parts, axis=0)), self.Y)

    def scrambled(self, random: np.random.RandomState) -> Self:
        """The problem after the steps of each sample were put in random order."""
        return replace(self, X=scramble(self.X, random))

    def copies(self, change: ListChange) -> list[list[Any]]:
        """Changed copies of X."""
        return [copy(self.X, self.random) for copy in change.copies]

    @cached_property
    def _original(self) -> NDArray[np.float64]:
        return self._features(self.X)

    def _features(self, X: list[Any]) -> NDArray[np.float64]:
        """Features of all networks; one of zeros if these samples look the same to them."""
        parts = [network.features(X) for network in self.networks]
        return np.hstack(parts) if parts else np.zeros((len(X), 1))
