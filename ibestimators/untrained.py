"""Features of untrained networks: draws from the prior of an estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import clone
from torch import nn

from ibestimators.layers import BatchNorm, Network

_DEVIATION = 1e-6  # of a feature that is the same for all samples, up to rounding

Features = NDArray[np.float64]


class SameFeaturesError(ValueError):
    """Untrained networks cannot tell the samples apart."""


class UntrainedNetworks:
    """Networks with initial weights, which turn samples into features.

    Features come before the last layer, with mean 0 and deviation 1 over the given samples.

    Parameters
    ----------
    estimator : estimator of this package
    X, y
        Samples, as the estimator takes them.
    n_features : int
        Networks with new weights are added until there are as many features.
    random_state : numpy.random.RandomState

    Raises
    ------
    SameFeaturesError
        If the features are the same for all samples.
    """

    def __init__(
        self, estimator: Any, X: Any, y: Any, n_features: int, random_state: np.random.RandomState
    ) -> None:
        # Steps of no length: the weights stay, and everything else is as in training.
        still = {"lr": 1e-12, "max_epochs": 1, "batch_size": 64, "early_stopping": False}
        fitted = clone(estimator).set_params(**still, random_state=0).fit(X, y)._fitted
        self._fitted = fitted
        self._networks: list[_Untrained] = []
        batch, total = self._batch(X), 0
        while total < n_features:
            seed = int(random_state.randint(2**31))
            network = _Untrained(fitted.new_network(seed), batch)
            if not network.n_features:
                raise SameFeaturesError(
                    f"{type(estimator).__name__} gives the same features for all samples of X: "
                    "its untrained networks cannot tell them apart."
                )
            self._networks.append(network)
            total += network.n_features

    def features(self, X: Any) -> Features:
        """Features of samples: (n_samples, at least `n_features`)."""
        batch = self._batch(X)
        return np.hstack([network.features(batch) for network in self._networks])

    def _batch(self, X: Any) -> dict[str, torch.Tensor]:
        samples = self._fitted.read(X)
        return dict(samples.batch(slice(0, len(samples))))


class _Untrained:
    """One network, and the moments of its features over some samples."""

    def __init__(self, network: Network, batch: dict[str, torch.Tensor]) -> None:
        self._network = network
        if norms := [module for module in network.modules() if isinstance(module, BatchNorm)]:
            for norm in norms:
                norm.train()  # the moments of these samples, which training would have found
                norm.momentum = 1.0
            self._values(batch)
            network.eval()
        values = self._values(batch)
        deviation = values.std(0)
        self._kept = deviation > _DEVIATION
        self._mean, self._deviation = values.mean(0)[self._kept], deviation[self._kept]
        self.n_features = int(self._kept.sum())

    def features(self, batch: dict[str, torch.Tensor]) -> Features:
        values = self._values(batch)[:, self._kept]
        return np.asarray((values - self._mean) / self._deviation)

    @torch.no_grad()
    def _values(self, batch: dict[str, torch.Tensor]) -> Features:
        """What the last layer of the network receives."""
        readout = self._network.readout
        last = [module for module in readout.modules() if isinstance(module, nn.Linear)][-1]
        inputs: list[torch.Tensor] = []
        handle = last.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
        self._network(**batch)
        handle.remove()
        return np.asarray(inputs[0].double().numpy())
