"""The training net.

`TrainingNet` is a private `skorch.NeuralNet` with skorch's loop, history and callbacks. It
differs in three points: batches are selected by index from whole tensors, a step has little
overhead, and the loss uses sample weights.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, r2_score
from torch import nn

from ibestimators.layers import BatchNorm, weighted_normalization
from ibestimators.training._batches import Batches, LabelledSamples
from ibestimators.training._dense_gradient import DenseGradient
from ibestimators.training._optimizer import FlatAdamW
from ibestimators.training._skorch import Callback, NeuralNet, TeeGenerator


class Meaning(Protocol):
    """What the outputs of a network mean."""

    @property
    def estimator_type(self) -> str: ...

    def outcome(self, outputs: torch.Tensor) -> torch.Tensor: ...

    def predictions(self, outputs: torch.Tensor) -> NDArray[Any]: ...

    def decode(self, encoded: torch.Tensor) -> NDArray[Any]: ...

    def attributes(self) -> dict[str, Any]: ...


class TrainingNet(NeuralNet):  # type: ignore[misc]
    """`skorch.NeuralNet` on `LabelledSamples`.

    Parameters
    ----------
    module : torch.nn.Module
        The network, already initialised; its `forward` takes a batch's entries
        by keyword.
    generator : torch.Generator
        Shuffles the batches.
    weight_decay : float
        Weight decay of the weights of layers.
    meaning : Meaning
        What the outputs mean, for callbacks that score.
    **kwargs
        As for `skorch.NeuralNet`; `criterion` is a module that maps prediction and target to
        one loss per sample.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        generator: torch.Generator,
        weight_decay: float,
        meaning: Meaning,
        **kwargs: Any,
    ) -> None:
        self.generator = generator
        self.weight_decay = weight_decay
        self.meaning = meaning
        self.dense_gradient: DenseGradient | None = None
        self.handlers: dict[str, list[Callable[..., Any]]] | None = None  # of each event
        super().__init__(module, train_split=None, **kwargs)

    def get_split_datasets(
        self, X: tuple[LabelledSamples, LabelledSamples | None], y: None = None, **_: Any
    ) -> tuple[LabelledSamples, LabelledSamples | None]:
        return X

    def get_iterator(self, dataset: LabelledSamples, training: bool = False) -> Batches:
        if not training:
            return Batches(dataset, self.batch_size, None)
        # If the target depends on the length, a batch of one length has one target, and its
        # moments remove the signal.
        normalizes = any(isinstance(module, BatchNorm) for module in self.module_.modules())
        return Batches(dataset, self.batch_size, self.generator, math.inf if normalizes else 1.5)

    def initialize_optimizer(self, *_: Any) -> Self:
        """AdamW that decays the weights of layers, but no bias, normalisation or embedding."""
        decayed: list[nn.Parameter] = []
        others: list[nn.Parameter] = []
        for module in self.module_.modules():
            for weight in module.parameters(recurse=False):
                is_layer = weight.ndim > 1 and not isinstance(module, nn.Embedding)
                (decayed if is_layer else others).append(weight)
        groups = [
            {"params": decayed, "weight_decay": self.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self.optimizer_ = FlatAdamW(groups, self.lr)
        return self

    def notify(self, method_name: str, **kwargs: Any) -> None:
        """As in skorch, but methods that do nothing are not called."""
        getattr(self, method_name)(self, **kwargs)
        known = {} if self.handlers is None else self.handlers
        if method_name not in known:
            known[method_name] = [
                getattr(callback, method_name)
                for name, callback in self.callbacks_
                if getattr(type(callback), method_name, None) is not getattr(Callback, method_name)
                and (name != "print_log" or self.verbose)
            ]
        for handler in known[method_name]:
            handler(self, **kwargs)

    def resume(self, lr: float, weight_decay: float, batch_size: int, verbose: int) -> None:
        """Change the settings, keeping weights, momentum and history."""
        self.lr, self.weight_decay = lr, weight_decay
        self.batch_size, self.verbose = batch_size, verbose
        for group, decay in zip(self.optimizer_.param_groups, (weight_decay, 0.0), strict=True):
            group["lr"], group["weight_decay"] = lr, decay

    # What a scorer of scikit-learn asks for. Callbacks that score replace `forward_iter` by the
    # outputs that the training had.

    def predict(self, X: Any) -> NDArray[Any]:
        return self.meaning.predictions(self._outputs(X))

    def predict_proba(self, X: Any) -> NDArray[Any]:
        return np.asarray(self.meaning.outcome(self._outputs(X)).numpy())

    def score(self, X: Any, y: Any) -> float:
        """Accuracy or R²."""
        is_class = self.meaning.estimator_type == "classifier"
        return float((accuracy_score if is_class else r2_score)(y, self.predict(X)))

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes, of a classifier."""
        known = self.meaning.attributes()
        if "classes_" not in known:
            raise AttributeError("a regressor has no classes_")
        return np.asarray(known["classes_"])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = self.meaning.estimator_type
        return tags

    def _outputs(self, X: Any) -> torch.Tensor:
        return torch.cat([part.detach().cpu() for part in self.forward_iter(X)])

    def infer(self, x: dict[str, torch.Tensor], **_: Any) -> torch.Tensor:
        return self.module_(**{name: value.to(self.device) for name, value in x.items()})

    def get_loss(
        self, y_pred: torch.Tensor, y_true: tuple[Any, Any], X: Any = None, training: bool = False
    ) -> torch.Tensor:
        """Mean loss over the batch; weights have mean one over the training set."""
        target, weight = y_true
        loss = self.criterion_(y_pred, target.to(self.device))
        return loss.mean() if weight is None else (weight.to(self.device) * loss).mean()

    def train_step(self, batch: Any, **_: Any) -> dict[str, torch.Tensor]:
        """One step of the optimiser; batch normalisation uses the sample weights too.

        (skorch passes the optimiser a closure, which AdamW does not need.)
        """
        if not self.module_.training:
            self.module_.train()
        x, (target, sample_weight) = batch
        if self.dense_gradient is not None:
            loss, predicted = self.dense_gradient(x, target, sample_weight)
        else:
            loss, predicted = self._backpropagate(x, target, sample_weight)
        parameters = TeeGenerator(self.get_all_learnable_params())
        self.notify("on_grad_computed", named_parameters=parameters, batch=batch, training=True)
        self.optimizer_.step()
        return {"loss": loss, "y_pred": predicted}

    def _backpropagate(
        self, x: dict[str, torch.Tensor], target: Any, sample_weight: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss and the outputs, with gradients from autograd."""
        for group in self.optimizer_.param_groups:
            for weight in group["params"]:
                weight.grad = None
        if sample_weight is not None:
            sample_weight = sample_weight.to(self.device)
        with weighted_normalization(self.module_, sample_weight):
            predicted = self.infer(x)
            loss = self.get_loss(predicted, (target, sample_weight))
            loss.backward()  # type: ignore[no-untyped-call]
        return loss, predicted

    @contextmanager
    def fast_steps(self) -> Iterator[None]:
        """Let the weights be one tensor, and dense layers have explicit gradients, inside.

        The callbacks must not change inside.
        """
        with self.optimizer_.flattened():
            self.handlers = {}
            gradients = self.optimizer_.gradients
            if gradients and DenseGradient.applies(self.module_, self.criterion_):
                self.dense_gradient = DenseGradient(self.module_, self.criterion_, gradients)
            try:
                yield
            finally:
                self.dense_gradient = self.handlers = None

    def run_single_epoch(
        self,
        iterator: Batches | None,
        training: bool,
        prefix: str,
        step_fn: Callable[..., dict[str, torch.Tensor]],
        **fit_params: Any,
    ) -> None:
        """As in skorch, but the number of samples is read from the targets."""
        if iterator is None:
            return
        n_batches = 0  # unknown before the loop: see `length_bucketed_batches`
        for batch in iterator:
            n_batches += 1
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            self.history.record_batch(f"{prefix}_loss", step["loss"].item())
            self.history.record_batch(f"{prefix}_batch_size", len(batch[1][0]))
            self.notify("on_batch_end", batch=batch, training=training, **step)
        self.history.record(f"{prefix}_batch_count", n_batches)


def snapshot(net: TrainingNet) -> Callable[[], None]:
    """Return a function that restores the current state of a net."""
    weights = copy.deepcopy(net.module_.state_dict())
    optimizer = copy.deepcopy(net.optimizer_.state_dict())
    order, n_epochs = net.generator.get_state(), len(net.history)
    settings = net.lr, net.weight_decay, net.batch_size, net.verbose

    def restore() -> None:
        net.module_.load_state_dict(weights)
        net.resume(*settings)
        net.optimizer_.load_state_dict(optimizer)
        net.generator.set_state(order)
        del net.history[n_epochs:]

    return restore


@contextmanager
def restored_on_error(net: TrainingNet) -> Iterator[None]:
    """Restore the state of a net if training inside the context fails or is interrupted."""
    restore = snapshot(net)
    try:
        yield
    except BaseException:
        restore()
        raise


def build_net(
    module: nn.Module,
    criterion: nn.Module,
    *,
    lr: float,
    weight_decay: float,
    meaning: Meaning,
    batch_size: int,
    callbacks: Sequence[Any],
    device: str,
    seed: int,
    verbose: int,
) -> TrainingNet:
    """A net with AdamW (Loshchilov & Hutter 2019), ready to `train`."""
    net = TrainingNet(
        module,
        generator=torch.Generator().manual_seed(seed),
        criterion=criterion,
        weight_decay=weight_decay,
        meaning=meaning,
        lr=lr,
        batch_size=batch_size,
        callbacks=list(callbacks),
        device=device,
        verbose=verbose,
    )
    return net.initialize()


def curve(net: TrainingNet, name: str) -> list[float]:
    """One number per epoch from the history; empty if it was never recorded."""
    return [float(row[name]) for row in net.history if name in row]
