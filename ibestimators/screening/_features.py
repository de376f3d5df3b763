"""Features of untrained networks: draws from the prior of an estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import clone
from torch import nn

_MOMENT_PASSES = 3
_DEVIATION = 1e-6  # of a feature that is the same for all samples, up to rounding


def untrained_features(
    estimator: Any, X: Any, y: Any, n_features: int, random_state: np.random.RandomState
) -> NDArray[np.float64]:
    """Features before the last layer of networks with initial weights, standardised.

    Parameters
    ----------
    estimator : estimator of this package
    X, y
        Samples, as the estimator takes them.
    n_features : int
        Networks with new weights are added until there are as many features.
    random_state : numpy.random.RandomState

    Returns
    -------
    ndarray of shape (n_samples, at least n_features)
    """
    parts: list[NDArray[np.float64]] = []
    while sum(part.shape[1] for part in parts) < n_features:
        seed = int(random_state.randint(2**31))
        # Steps of no length: the weights stay, and everything else is as in training.
        still = {"lr": 1e-12, "max_epochs": 1, "early_stopping": False, "random_state": seed}
        parts.append(_features(clone(estimator).set_params(**still).fit(X, y), X))
        if not parts[-1].shape[1]:
            raise ValueError(
                f"{type(estimator).__name__} gives the same features for all samples of X: its "
                "untrained networks cannot tell them apart."
            )
    return np.hstack(parts)


@torch.no_grad()
def _features(fitted: Any, X: Any) -> NDArray[np.float64]:
    network = fitted._fitted.network_copy()
    samples = fitted._fitted.read(X)
    inputs: list[torch.Tensor] = []
    last = [module for module in network.readout.modules() if isinstance(module, nn.Linear)][-1]
    handle = last.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    batch = samples.batch(slice(0, len(samples)))
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.train()  # the moments of these samples, which training would have found
            module.momentum = 0.5
    for _ in range(_MOMENT_PASSES):
        network(**batch)
    network.eval()
    inputs.clear()
    network(**batch)
    handle.remove()
    features = inputs[0].double().numpy()
    deviation = features.std(0)
    kept = deviation > _DEVIATION
    return np.asarray((features[:, kept] - features[:, kept].mean(0)) / deviation[kept])
