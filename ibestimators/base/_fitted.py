"""What ``fit`` learned: everything that predictions, inspection, export and files need."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ibestimators import training
from ibestimators.base._budget import Budget
from ibestimators.base._positions import AtPositions
from ibestimators.base._targets import Target
from ibestimators.layers import Batch, Network
from ibestimators.structures import (
    Positions,
    Samples,
    Structure,
    is_finite,
    refuse_masked,
    structure_of,
)
from ibestimators.training import TrainingNet

MIN_WORK_FOR_THREADS = 2_000_000_000  # multiply-adds of a step
MIN_EPOCHS_TO_CONVERGE = 5  # fewer are a trial
MAX_LATE_FALL = 0.1
MAX_BATCH, MIN_BATCH = 2048, 32  # samples of a batch of arrays in predict
CACHED_POSITIONS = 1 << 14  # of a batch whose activations stay in a processor's cache
MAX_ROWS = 1 << 15  # of a padded batch in predict
COLUMNS = ("n_features_in_", "feature_names_in_")
DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass
class Fitted:
    """A trained network with what is needed to use it.

    Parameters
    ----------
    settings : Estimator
        The estimator, not fitted, with the parameters that the network was built with and the
        columns of the training data.
    structure : Structure
        Reads X.
    target : Target
        Gives outputs their meaning.
    net : TrainingNet
        Holds the network, the optimiser and the history.
    budget : Budget
        Settings of the last training, resolved from the size of the data.
    scheduled : bool
        Whether the learning rate followed a schedule in the last training.
    callbacks : list
        Callbacks of the user in the last training.
    """

    settings: Any
    structure: Structure
    target: Target | AtPositions
    net: TrainingNet
    budget: Budget
    scheduled: bool
    callbacks: list[Any] = field(default_factory=list)

    @property
    def network(self) -> Network:
        """The trained network."""
        module: Network = self.net.module_
        return module

    @property
    def dtype(self) -> torch.dtype:
        """Floating-point type of the network."""
        return DTYPES[self.settings.dtype]

    @cached_property
    def n_parameters(self) -> int:
        """Number of trained parameters."""
        return sum(p.numel() for p in self.network.parameters())

    @property
    def n_iter(self) -> int:
        """Number of epochs trained."""
        return len(self.net.history)

    @property
    def late_fall(self) -> float:
        """How much of its fall in the last training the loss made in the last fifth of epochs."""
        losses = self.curves["loss_curve_"][-self.budget.max_epochs :]
        last = max(1, round(len(losses) / 5))
        if len(losses) < 2 or losses[0] <= losses[-1]:
            return 0.0
        return max(0.0, (losses[-1 - last] - losses[-1]) / (losses[0] - losses[-1]))

    @property
    def converged(self) -> bool:
        """Whether the loss had nearly stopped falling when training ended."""
        losses = self.curves["loss_curve_"]
        return (
            len(losses) >= MIN_EPOCHS_TO_CONVERGE
            and math.isfinite(losses[-1])
            and self.late_fall <= MAX_LATE_FALL
        )

    @property
    def curves(self) -> dict[str, list[float]]:
        """Training and validation loss of each epoch."""
        return {
            "loss_curve_": training.curve(self.net, "train_loss"),
            "validation_curve_": training.curve(self.net, "valid_loss"),
        }

    def attributes(self) -> dict[str, Any]:
        """The public fitted attributes of the estimator."""
        columns = {name: v for name, v in vars(self.settings).items() if name in COLUMNS}
        layout = self.structure.layout
        return {
            **columns,
            **self.target.of_rows.attributes(),
            "sample_shape_": (layout.parts or (layout,))[0].sample_shape,
            "net_": self.net,
            **self.budget.attributes,
            "n_iter_": self.n_iter,
            "converged_": self.converged,
            "n_parameters_": self.n_parameters,
            "device_": str(self.net.device),
            **self.curves,
        }

    def check(self, X: Any) -> Any:
        """X as the structure takes it: checked, not yet scaled."""
        refuse_masked(X, "X")
        given, fitted = structure_of(X), type(self.structure)
        if given is not fitted:
            X = self.structure.adopt(X, given.kind)
            if X is None:
                raise ValueError(
                    f"X is {given.name}, but {type(self.settings).__name__} was fitted on "
                    f"{fitted.name}. Give X the structure seen in fit, or fit again."
                )
        return self.structure.check(X, self.settings, self.structure)

    def read(self, X: Any) -> Samples:
        """X as samples that the network takes, each scaled as in ``fit`` when it is read."""
        return self._samples(self.check(X))

    def _samples(self, checked: Any) -> Samples:
        samples = self.structure.stream(checked, self.dtype)
        if samples.sizes is not None:
            self.network.encoder.check_sizes(samples.sizes)
        return samples

    @torch.no_grad()
    def batch(self, X: Any) -> Batch:
        """All samples of X at once, as the encoder reads them: scaled, tokens embedded."""
        samples = self.read(X)
        batch = samples.batch(slice(0, len(samples)))
        on_device = {name: value.to(self.net.device) for name, value in batch.items()}
        return self.network.input(Batch(**on_device))

    def network_copy(self) -> Network:
        """A copy of the network in evaluation mode, whose use leaves the original unchanged."""
        return copy.deepcopy(self.network).eval()

    def new_network(self, seed: int) -> Network:
        """A network for the same samples with initial weights, on the CPU."""
        with training.seeded(seed, "cpu"):
            network: Network = self.settings._new_network(self.structure, self.target)
        return network.eval()

    @property
    def at_positions(self) -> bool:
        """Whether there is an output for each position of a sample."""
        return isinstance(self.target, AtPositions)

    def predictions(self, X: Any, meaning: Callable[[torch.Tensor], NDArray[Any]]) -> Any:
        """What the outputs of each sample mean, or of each position, in the form of X."""
        checked = self.check(X)
        positions = self.structure.positions(checked) if self.at_positions else None
        rows = np.asarray(meaning(self.outputs(self._samples(checked), positions)))
        return rows if positions is None else positions.unpack(rows)

    def outputs(self, samples: Samples, positions: Positions | None) -> torch.Tensor:
        """Outputs of the network, (n_rows, n_outputs): a row a sample, or a position."""
        n_rows = None
        if positions is not None:
            positions.refuse_empty()
            n_rows = torch.from_numpy(positions.lengths)
        padded_sizes = None
        if samples.sizes is None:
            most = CACHED_POSITIONS if self.on_cpu else 1 << 20
            n_positions = self.n_positions if positions is None else math.prod(positions.axes or ())
            batch_size = max(MIN_BATCH, min(MAX_BATCH, most // n_positions))
        else:
            padded_sizes = self.network.encoder.padded_size(samples.sizes)
            if padded_sizes is None:
                padded_sizes = samples.sizes.clamp(min=1)
            batch_size = max(1, min(1024, MAX_ROWS // self.structure.layout.typical))
        with training.intra_op_threads(self.n_threads(batch_size)):
            outputs = training.forward(
                self.net, samples, batch_size, padded_sizes, MAX_ROWS, n_rows
            )
        if not is_finite(outputs):
            row = int(outputs.isfinite().logical_not().nonzero()[0, 0])
            row = row if n_rows is None else int((n_rows.cumsum(0) <= row).sum())
            raise ValueError(
                f"{type(self.settings).__name__} gives infinite or NaN outputs for sample "
                f"{row} of X. The sample is too far from those "
                "seen in fit: check its units. Or the weights are too large: fit again with a "
                f"lower lr (now {self.budget.lr:.3g})."
            )
        return outputs

    @property
    def on_cpu(self) -> bool:
        """Whether the network runs on a processor, not on a GPU."""
        return str(self.net.device) == "cpu"

    @property
    def n_positions(self) -> int:
        """Positions of a sample that share the parameters; 1 if none are shared."""
        return self.structure.layout.n_positions if self.network.encoder.shares_weights else 1

    def n_threads(self, batch_size: int) -> int | None:
        """One thread for a network so small that several wait longer than they help, else None.

        Forward and backward pass take about three multiply-adds for each parameter, sample and
        position that shares the parameter.
        """
        work = 3 * batch_size * self.n_parameters * self.n_positions
        return 1 if work < MIN_WORK_FOR_THREADS else None

    def state(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """All but the weights, as plain values.

        Parameters
        ----------
        parameters : dict
            The present parameters of the estimator, which are stored beside the state: those
            that the network was built with are part of it only where they differ.
        """
        built_with = self.settings.get_params(deep=False)
        return {
            "kind": self.structure.kind,
            "structure": self.structure.state(),
            "target": self.target.of_rows.state(),
            "target_type": type(self.target.of_rows).__name__,
            "dtype": self.settings.dtype,
            "budget": self.budget._asdict(),
            "scheduled": self.scheduled,
            "loss_curve": self.curves["loss_curve_"],
            "validation_curve": self.curves["validation_curve_"],
            "input": {name: v for name, v in vars(self.settings).items() if name in COLUMNS},
            "built_with": {
                name: value
                for name, value in built_with.items()
                if value is not parameters[name] and name not in ("callbacks", "device")
            },
        }
