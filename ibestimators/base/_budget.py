"""The training budget: how fast, how long and with how much decay a network is trained.

Each bias names three numbers, and the number of samples sets the rest.

batch size
    A twentieth of the samples, at least 8 and at most 64.
learning rate
    Proportional to the square root of the batch size, which keeps the noise of a run of steps
    the same (Malladi et al., "On the SDEs and scaling rules for adaptive gradient algorithms",
    2022).
length
    Steps and not epochs: a network needs some hundreds of steps to learn from few samples, and
    few epochs of many samples. The number of steps is constant up to 4,000 samples and grows
    with the 3/4th power of their number beyond. Embeddings of words learn the training data by
    heart within some hundreds of steps. One sample with labels at its positions, such as one large
    graph, is one batch, whose gradient has no noise: 200 steps (Kipf & Welling, "Semi-supervised
    classification with graph convolutional networks", 2017), and its labels take the place of
    samples in all other rules.
weight decay
    A prior that prefers small weights: AdamW's steps are about as long as the learning rate
    whatever the gradient, so that decay bounds a weight by about ``1 / weight_decay``. A prior
    weighs less the more data there are: beyond 1,000 samples the decay is in inverse proportion
    to their number.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ibestimators.structures import Layout

_MAX_BATCH = 64
_REFERENCE_SAMPLES = 4000
_STEPS_OF_WORDS = 300
_STEPS_OF_ONE_SAMPLE = 200
_FEW_SAMPLES = 1000  # up to which the decay is constant


class Budget(NamedTuple):
    """The settings of a training, resolved.

    Parameters
    ----------
    lr : float
        Highest learning rate.
    weight_decay : float
    batch_size : int
    max_epochs : int
    """

    lr: float
    weight_decay: float
    batch_size: int
    max_epochs: int

    @property
    def attributes(self) -> dict[str, Any]:
        """The fitted attributes of an estimator."""
        return {f"{name}_": value for name, value in self._asdict().items()}


class BudgetRule(NamedTuple):
    """What a bias needs.

    Parameters
    ----------
    lr : float
        Highest learning rate, for batches of 64.
    n_steps : int
        Number of steps of the optimiser, for 4,000 samples or fewer.
    weight_decay : float
        Weight decay for 1,000 samples or fewer.
    """

    lr: float
    n_steps: int
    weight_decay: float

    def resolve(
        self, settings: Any, layout: Layout, n_samples: int, n_labels: int | None = None
    ) -> Budget:
        """The settings of an estimator, with numbers in the place of 'auto'.

        Parameters
        ----------
        settings : Estimator
        layout : Layout
        n_samples : int
            Number of training samples.
        n_labels : int or None, default=None
            Number of labels at their positions; None if there is one label a sample.
        """
        batch_size, lr = settings.batch_size, settings.lr
        n_epochs, weight_decay = settings.max_epochs, settings.weight_decay
        n_labels = n_labels if n_samples == 1 else None
        if batch_size == "auto":
            batch_size = min(_MAX_BATCH, max(8, n_samples // 20))
        if lr == "auto":
            in_batch = min(n_labels, _MAX_BATCH) if n_labels else min(batch_size, n_samples)
            lr = self.lr * math.sqrt(in_batch / _MAX_BATCH)
        steps_per_epoch = math.ceil(n_samples / batch_size)
        if n_epochs == "auto":
            n_steps = _STEPS_OF_WORDS if layout.has_words else self.n_steps
            growth = max(1.0, n_samples / _REFERENCE_SAMPLES) ** 0.75
            n_epochs = math.ceil(n_steps * growth / steps_per_epoch)
            n_epochs = _STEPS_OF_ONE_SAMPLE if n_labels else n_epochs
        if weight_decay == "auto":
            weight_decay = self.weight_decay * min(1.0, _FEW_SAMPLES / (n_labels or n_samples))
        return Budget(float(lr), float(weight_decay), int(batch_size), int(n_epochs))
