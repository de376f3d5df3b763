"""Several fits in one: networks of one shape trained side by side as one stack.

Networks that differ only in their samples, first weights, learning rate or weight decay
do the same arithmetic on other numbers. Stacked along a new axis they take one operation
where they took one each, and small networks, which wait for operations to begin more
than for them to end, train up to twice as fast. What each learns is what it would have
learned alone, but for rounding.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import torch
from sklearn.utils import _safe_indexing
from torch import nn
from torch.func import functional_call, vmap

from ibestimators import training
from ibestimators.base import Estimator, Work
from ibestimators.dense import weighing
from ibestimators.structures import kind_of
from ibestimators.training import TrainingNet

_MOST_PARAMETERS = 10_000
_MOST_NUMBERS = 1 << 26  # each fit holds its own scaled part of X
# What may differ from one fit of a stack to the next.
_FREE = ("lr", "weight_decay", "random_state")


def can_stack(estimators: Sequence[Any], X: Any) -> bool:
    """Whether fits of these estimators on parts of X can be trained as one.

    Dropout draws from one generator, callbacks and progress see one net at a time, and a
    warm start has a past: they are trained alone.
    """
    first = estimators[0]
    if len(estimators) < 2 or not isinstance(first, Estimator) or not first._stacks:
        return False
    heard = first.callbacks or hasattr(first, "_skl_callbacks")
    if first.dropout or heard or first.warm_start or first.verbose:
        return False
    settings = [
        {name: value for name, value in est.get_params().items() if name not in _FREE}
        for est in estimators
    ]
    same = all(type(est) is type(first) for est in estimators)
    return same and all(s == settings[0] for s in settings) and kind_of(X) == "array"


def stacking_pays(est: Any, X: Any, y: Any, n_fits: int) -> bool:
    """Whether fits of clones of an estimator are faster as one stack, by measurements on a CPU.

    A larger network spends its time in arithmetic, which a stack does not save.
    """
    if not can_stack([est] * n_fits, X) or n_fits * np.size(X) > _MOST_NUMBERS:
        return False
    try:
        n_parameters: int = est.count_parameters(X, y)
    except (ValueError, TypeError):  # the fit itself will say why
        return False
    return n_parameters <= _MOST_PARAMETERS


def fit_together(
    estimators: Sequence[Any], X: Any, y: Any, rows: Sequence[Any], groups: Any = None
) -> Sequence[Any]:
    """Fit each estimator on its rows of X and y, as one stack if their networks allow.

    Parameters
    ----------
    estimators : sequence of estimators
        For which `can_stack` is true; they are fitted in place.
    X, y
        As in `fit`.
    rows : sequence of ndarray of int
        Training rows of each.
    groups : array-like of shape (n_samples,) or None
        As in `fit`.

    Returns
    -------
    sequence of estimators
        The same.
    """
    works = []
    for est, index in zip(estimators, rows, strict=True):
        est._validate_params()
        own = None if groups is None else _safe_indexing(groups, index)
        works.append(est._prepare(_safe_indexing(X, index), _safe_indexing(y, index), groups=own))
    alike = defaultdict(list)
    for est, work in zip(estimators, works, strict=True):
        alike[_plan(est.net_, work)].append((est.net_, work))
    with training.intra_op_threads(estimators[0]._n_threads(estimators[0].net_.batch_size)):
        for group in alike.values():
            nets, parts = zip(*group, strict=True)
            if len(nets) > 1:
                _train(nets, parts)
            else:
                training.train(nets[0], parts[0].data, parts[0].validation, parts[0].epochs)
    for est, work in zip(estimators, works, strict=True):
        est._record()
        est._judge(work)
    return estimators


def _plan(net: TrainingNet, work: Work) -> Any:
    """What networks of one stack have in common: their weights' shapes, and their batches."""
    shapes = tuple((name, value.shape) for name, value in net.module_.state_dict().items())
    n_batches = math.ceil(len(work.data) / net.batch_size)
    return shapes, work.data.weight is None, n_batches, work.epochs, net.device


class Stack:
    """Networks of one shape, all weights of each one row of a matrix, and AdamW on it.

    The parameters and buffers of each network become views into the stack, so that each
    is up to date at any time.

    Parameters
    ----------
    nets : sequence of TrainingNet
    """

    def __init__(self, nets: Sequence[TrainingNet]) -> None:
        modules = [net.module_ for net in nets]
        self.nets = list(nets)
        self.module = modules[0]
        parameters = [[p.detach() for p in module.parameters()] for module in modules]
        self.names = [name for name, _ in self.module.named_parameters()]
        self.shapes = [p.shape for p in parameters[0]]
        self.weights = torch.stack([torch.cat([p.flatten() for p in ps]) for ps in parameters])
        self.buffers = {
            name: torch.stack([dict(module.named_buffers())[name] for module in modules])
            for name, _ in self.module.named_buffers()
        }
        self.weights.requires_grad_()
        self.mean = torch.zeros_like(self.weights)
        self.square = torch.zeros_like(self.weights)
        self.n_steps = 0
        self.decay = self._decay()
        self._share()

    def _decay(self) -> torch.Tensor:
        """Weight decay of each weight of each network."""
        decayed = {id(p) for p in self.nets[0].optimizer_.param_groups[0]["params"]}
        row = torch.cat([
            torch.full((p.numel(),), float(id(p) in decayed), dtype=p.dtype, device=p.device)
            for p in self.module.parameters()
        ])  # fmt: skip
        each = [net.weight_decay for net in self.nets]
        return row * row.new_tensor(each).unsqueeze(1)

    def _share(self) -> None:
        for net, row in zip(self.nets, self.weights.detach(), strict=True):
            for p, value in zip(net.module_.parameters(), self._split(row), strict=True):
                p.data = value
        for name, values in self.buffers.items():
            for net, value in zip(self.nets, values, strict=True):
                dict(net.module_.named_buffers())[name].data = value

    def _split(self, weights: torch.Tensor) -> list[torch.Tensor]:
        """The last axis as tensors of the parameters' shapes."""
        parts = weights.split([shape.numel() for shape in self.shapes], -1)
        return [p.view(*p.shape[:-1], *s) for p, s in zip(parts, self.shapes, strict=True)]

    def keep(self, index: Sequence[int]) -> None:
        """Go on with some of the networks; the others keep their weights."""
        rows = torch.tensor(index, device=self.weights.device)
        gone = [net for i, net in enumerate(self.nets) if i not in set(index)]
        _release(gone)
        self.nets = [self.nets[i] for i in index]
        self.module = self.nets[0].module_
        self.weights = self.weights.detach()[rows].requires_grad_()
        self.mean, self.square = self.mean[rows], self.square[rows]
        self.decay = self.decay[rows]
        self.buffers = {name: values[rows] for name, values in self.buffers.items()}
        self._share()

    def losses(
        self,
        x: torch.Tensor,
        target: torch.Tensor,
        weight: torch.Tensor | None,
        share: torch.Tensor,
    ) -> torch.Tensor:  # (nets, batch, ...) twice, (nets, batch) twice
        """The loss of each network on its batch: (nets,).

        `weight` is for the layers that know of weights, `share` what a sample counts in the loss.
        """
        criterion = self.nets[0].criterion_

        def loss(
            parameters: Any, buffers: Any, x: Any, target: Any, weight: Any, share: Any
        ) -> Any:
            with weighing(self.module, weight):
                predicted = functional_call(self.module, (parameters, buffers), (), {"x": x})
            return (share * criterion(predicted, target)).sum()

        parameters = dict(zip(self.names, self._split(self.weights), strict=True))
        in_dims = (0, 0, 0, 0, None if weight is None else 0, 0)
        each: torch.Tensor = vmap(loss, in_dims)(parameters, self.buffers, x, target, weight, share)
        return each

    @torch.no_grad()
    def step(self, lr: torch.Tensor, clip: float | None) -> None:  # (nets, 1)
        """AdamW (Loshchilov & Hutter 2019, algorithm 2), at each network's own rate."""
        gradient = self.weights.grad
        assert gradient is not None
        if clip is not None:
            norm = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
            gradient.mul_((clip / (norm + 1e-6)).clamp(max=1))
        self.n_steps += 1
        self.mean.lerp_(gradient, 0.1)
        self.square.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
        size = (self.square / (1 - 0.999**self.n_steps)).sqrt_().add_(1e-8)
        self.weights.mul_(1 - lr * self.decay)
        self.weights.sub_(lr / (1 - 0.9**self.n_steps) * self.mean / size)
        self.weights.grad = None


def _release(nets: Sequence[TrainingNet]) -> None:
    """Give networks their weights for their own, out of the stack."""
    for net in nets:
        for tensor in (*net.module_.parameters(), *net.module_.buffers()):
            tensor.data = tensor.data.clone()


def _train(nets: Sequence[TrainingNet], works: Sequence[Work]) -> None:
    """As `training.train` does for each net, with the steps of all taken as one."""
    work_of = {id(net): work for net, work in zip(nets, works, strict=True)}
    stack = Stack(nets)
    for net, work in zip(nets, works, strict=True):
        net.notify("on_train_begin", X=(work.data, work.validation), y=None)
    try:
        for _ in range(works[0].epochs):
            for net in stack.nets:
                work = work_of[id(net)]
                net.notify("on_epoch_begin", dataset_train=work.data, dataset_valid=work.validation)
            _epoch(stack, [work_of[id(net)] for net in stack.nets])
            going = [i for i, net in enumerate(stack.nets) if not _ended(net, work_of[id(net)])]
            if not going:
                break
            if len(going) < len(stack.nets):
                stack.keep(going)
    finally:
        _release(nets)
    for net in nets:
        work = work_of[id(net)]
        net.notify("on_train_end", X=(work.data, work.validation), y=None)


def _ended(net: TrainingNet, work: Work) -> bool:
    """Validate after an epoch; whether the net has seen enough."""
    if work.validation is not None:
        net.run_single_epoch(
            net.get_iterator(work.validation, training=False),
            training=False, prefix="valid", step_fn=net.validation_step,
        )  # fmt: skip
    try:
        net.notify("on_epoch_end", dataset_train=work.data, dataset_valid=work.validation)
    except (KeyboardInterrupt, training.Stop) as error:
        if not training.asked_to_stop(net, error):
            raise
        return True
    return False


def _epoch(stack: Stack, works: Sequence[Work]) -> None:
    nets = stack.nets
    for net in nets:
        net.module_.train()
    schedules = [training.schedule(net) for net in nets]
    clip = training.clip_norm(nets[0])
    iterators = [
        net.get_iterator(work.data, training=True) for net, work in zip(nets, works, strict=True)
    ]
    losses, counts = [], []
    for batches in zip_longest(*iterators):
        sizes = [len(batch[1][0]) for batch in batches]
        rates = []
        for net, schedule, size in zip(nets, schedules, sizes, strict=True):
            step = schedule.seen_ / schedule.n_samples * schedule.n_steps
            rates.append(net.lr * schedule.factor(step))
            schedule.seen_ += size
        each = stack.losses(*_stacked(batches, sizes, nets[0].device))
        each.sum().backward()  # type: ignore[no-untyped-call]
        stack.step(stack.weights.new_tensor(rates).unsqueeze(1), clip)
        losses.append(each.detach())
        counts.append(sizes)
    mean = _weighted_mean(torch.stack(losses).cpu().double().numpy(), np.array(counts))
    for net, loss, count in zip(nets, mean, np.sum(counts, 0), strict=True):
        net.history.new_batch()
        net.history.record_batch("train_loss", float(loss))
        net.history.record_batch("train_batch_size", int(count))
        net.history.record("train_batch_count", len(losses))


def _weighted_mean(losses: Any, counts: Any) -> Any:
    return (losses * counts).sum(0) / counts.sum(0)


def _stacked(
    batches: Sequence[Any], sizes: Sequence[int], device: str
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None, torch.Tensor]:
    """Batches side by side; where one is a sample short, one of weight 0 fills the place."""
    longest = max(sizes)
    targets = [batch[1][0] for batch in batches]
    x = torch.stack([_filled(batch[0]["x"], longest) for batch in batches])
    target = torch.stack([_filled(t, longest) for t in targets])
    weights = [batch[1][1] for batch in batches]
    if weights[0] is None and min(sizes) == longest:
        share = x.new_full((len(batches), longest), 1 / longest)
        return x.to(device), target.to(device), None, share.to(device)
    rows = [x.new_ones(size) if w is None else w for w, size in zip(weights, sizes, strict=True)]
    weight = torch.stack([nn.functional.pad(w, (0, longest - len(w))) for w in rows])
    share = weight / x.new_tensor(sizes).unsqueeze(1)
    return x.to(device), target.to(device), weight.to(device), share.to(device)


def _filled(values: torch.Tensor, n: int) -> torch.Tensor:
    """Values with the first repeated at the end, up to n."""
    if len(values) == n:
        return values
    return torch.cat([values, values[:1].expand(n - len(values), *values.shape[1:])])
