"""What all estimators share: training parameters, fit, files.

A bias subclasses `Estimator` and builds the network; `Classifier` and `Regressor` say what is
predicted. A public class such as ``ConvClassifier(ConvEstimator, Classifier)`` names one of each.
"""

from __future__ import annotations

import copy
import copyreg
import math
import os
import warnings
from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, NamedTuple, Self

import networkx as nx
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_consistent_length, check_is_fitted
from torch import nn

from ibestimators import training
from ibestimators.base._budget import Budget, BudgetRule
from ibestimators.base._fitted import COLUMNS, DTYPES, MIN_EPOCHS_TO_CONVERGE, Fitted
from ibestimators.base._parameters import estimator, parameter
from ibestimators.base._positions import (
    AtPositions,
    LabelsAtPositions,
    check_labels,
    refuse_labels_at_positions,
)
from ibestimators.base._progress import CallbackSupportMixin, notify_callbacks, with_callbacks
from ibestimators.base._random import draw_seed
from ibestimators.base._targets import Target
from ibestimators.base._training_data import (
    check_groups,
    check_weight,
    labelled_samples,
    validation_split,
)
from ibestimators.layers import ACTIVATIONS, DenseLayers, Network
from ibestimators.structures import (
    KINDS,
    Layout,
    Structure,
    reads_containers,
    refuse_masked,
    structure_of,
)
from ibestimators.training import LabelledSamples, PositionLabels, TrainingNet

POSITIVE_INT = Interval(Integral, 1, None, closed="left")
POSITIVE_REAL = Interval(Real, 0, None, closed="neither")
NON_NEGATIVE_REAL = Interval(Real, 0, None, closed="left")

_STILL_FALLING = 0.2  # share of the loss's fall in the last fifth of the epochs
_EMBEDDING_STD = 0.1  # of the initial embeddings of words
_CHANCE = 1.1  # times the loss of the best constant: what a network without a signal reaches


class _TrainingData(NamedTuple):
    """X and y, checked, with what comes beside them."""

    X: Any
    y: Any  # an array, or LabelsAtPositions
    target_type: type[Target]  # of y, or of its rows
    weight: NDArray[Any] | None
    groups: NDArray[Any] | None


@estimator
class Estimator(CallbackSupportMixin, BaseEstimator):  # type: ignore[misc]
    """Abstract: an estimator that trains a network.

    A bias defines ``assumption``, ``_budget_rule``, ``_build_network`` and ``_widened``, and
    ``causal`` if it can be.
    """

    target: str = parameter(
        "sample",
        [StrOptions({"sample", "position"})],
        "{'sample', 'position'}",
        "What is predicted: one answer for each sample, or one for each of its positions: steps, "
        "pixels, tokens, nodes, the columns of a table. y at positions has the form of X without "
        "its features; NaN, None or, as a class, -1 marks a position without a label. Parameters "
        "of the pooling do not apply to it.",
    )
    lr: float | Literal["auto"] = parameter(
        "auto",
        [POSITIVE_REAL, StrOptions({"auto"})],
        "float or 'auto'",
        "Highest learning rate of AdamW. It rises over the first tenth of the steps and decays "
        "to 0 by a half cosine; in `partial_fit` it is constant. 'auto' is in proportion to the "
        "square root of the batch size.",
    )
    weight_decay: float | Literal["auto"] = parameter(
        "auto",
        [NON_NEGATIVE_REAL, StrOptions({"auto"})],
        "float or 'auto'",
        "Decay of the weights, decoupled from the gradient (AdamW): a step at learning rate r "
        "shrinks each weight by the share r x weight_decay. 'auto' is constant up to 1,000 "
        "samples and in inverse proportion to their number beyond, since a prior weighs less "
        "the more data there are.",
    )
    max_epochs: int | Literal["auto"] = parameter(
        "auto",
        [POSITIVE_INT, StrOptions({"auto"})],
        "int or 'auto'",
        "Number of passes over the training data. 'auto' gives a number of steps, constant up "
        "to 4,000 samples, which grows with the 3/4th power of their number beyond.",
    )
    batch_size: int | Literal["auto"] = parameter(
        "auto",
        [POSITIVE_INT, StrOptions({"auto"})],
        "int or 'auto'",
        "Samples in a batch, at most the number of training samples. 'auto' takes a twentieth "
        "of the training data, at least 8 and at most 64 samples.",
    )
    early_stopping: bool = parameter(
        False,
        ["boolean"],
        "bool",
        "Whether to set `validation_fraction` of the training data aside (stratified by class if "
        "y holds one a sample, or by whole `groups`), stop when its loss has not improved for "
        "`n_iter_no_change` epochs, and restore the weights of the best epoch. If there is one "
        "sample with labels at its positions, a part of these is set aside. The scales of X "
        "and y are learned from both parts.",
    )
    validation_fraction: float = parameter(
        0.1,
        [Interval(Real, 0, 1, closed="neither")],
        "float",
        "Share of the training data set aside if `early_stopping`.",
    )
    n_iter_no_change: int = parameter(
        10, [POSITIVE_INT], "int", "Epochs without improvement after which training stops early."
    )
    tol: float = parameter(
        1e-4, [NON_NEGATIVE_REAL], "float", "Smallest improvement of the validation loss."
    )
    activation: str = parameter(
        "relu",
        [StrOptions(set(ACTIVATIONS))],
        "{'relu', 'gelu', 'tanh', 'silu'}",
        "Nonlinearity of hidden units.",
    )
    dropout: float | Literal["auto"] = parameter(
        "auto",
        [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "float or 'auto'",
        "Probability of dropping a hidden unit in training. 'auto' is 0.5 for tokens of "
        "a vocabulary above 256, words, whose embeddings would learn rare ones by heart, and for "
        "the nodes of one graph, of which few have a label; 0 otherwise.",
    )
    standardize: bool = parameter(
        True,
        ["boolean"],
        "bool",
        "Whether to scale each feature (the last axis of X), and the targets of a regression, "
        "to mean 0 and variance 1. Predictions are in the units of y in any case.",
    )
    input_shape: tuple[int, ...] | None = parameter(
        None,
        [tuple, None],
        "tuple of int or None",
        "Shape of one sample, to restore the structure of flattened samples: ``(28, 28, 1)`` "
        "reads X of shape (n, 784) or (n, 28, 28) as images. With `channels_first`, the features "
        "come first here too.",
    )
    channels_first: bool = parameter(
        False,
        ["boolean"],
        "bool",
        "Whether the layout of X is (n, features, steps), (n, features, height, width) or, for "
        "sequences, a list of (features, steps).",
    )
    embedding_size: int = parameter(
        128, [POSITIVE_INT], "int", "Size of the embedding of a token, if X holds tokens."
    )
    node_attrs: Sequence[str] | None = parameter(
        None,
        ["array-like", None],
        "sequence of str or None",
        "Attributes of nodes to read, numbers or categories, if X holds graphs; () reads none, "
        "and the feature of a node is then its number of arriving edges. None reads all.",
    )
    edge_attrs: Sequence[str] | None = parameter(
        None,
        ["array-like", None],
        "sequence of str or None",
        "Attributes of edges to read, if X holds graphs; () reads none, None reads all.",
    )
    dtype: str = parameter(
        "float32",
        [StrOptions(set(DTYPES))],
        "{'float32', 'float64'}",
        "Floating-point type of the network.",
    )
    device: str = parameter(
        "auto",
        [str],
        "str",
        "Device to train on, by torch's name; 'auto' takes a CUDA GPU if there is one; worker "
        "processes take turns with several GPUs.",
    )
    warm_start: bool = parameter(
        False,
        ["boolean"],
        "bool",
        "Whether `fit` continues from the weights, scales and classes of the last fit.",
    )
    callbacks: Sequence[Any] | None = parameter(
        None,
        [list, tuple, None],
        "list of skorch callbacks or None",
        "Passed to the skorch net; each fit works on copies. An `LRScheduler` replaces the "
        "schedule of `lr`. `EpochScoring` and `BatchScoring` score the classes, labels or numbers "
        "of y, without weights; held-out samples exist if `early_stopping`. The data sets that "
        "callbacks receive are private.",
    )
    random_state: int | np.random.RandomState | None = parameter(
        None,
        ["random_state"],
        "int, RandomState instance or None",
        "Decides initial weights, order of batches, dropout and the validation split. None "
        "takes fresh entropy and does not touch numpy's global generator.",
    )
    verbose: int = parameter(
        0, ["verbose"], "int", "Verbosity; above 0, a line is printed for each epoch."
    )

    _attribute_docs: ClassVar[tuple[tuple[str, str, str], ...]] = (
        ("n_features_in_", "int", "Columns of X; only if X has two axes, or `input_shape` is set."),
        ("feature_names_in_", "ndarray of str", "Names of the columns of a data frame."),
        (
            "sample_shape_",
            "tuple of int or None",
            "Shape of one sample, or of the queries of a pair: structure axes, then features; None "
            "for an axis that varies.",
        ),
        ("net_", "skorch.NeuralNet", "The trained net; `net_.history` is its record."),
        ("module_", "torch.nn.Module", "The network itself; it takes standardised batches."),
        ("lr_", "float", "Highest learning rate of the last training."),
        ("weight_decay_", "float", "Weight decay of the last training."),
        ("batch_size_", "int", "Samples in a batch."),
        ("max_epochs_", "int", "Number of epochs that the last training had at most."),
        (
            "converged_",
            "bool",
            "Whether the training loss had nearly stopped falling when training ended: the last "
            "fifth of at least 5 epochs made at most a tenth of its fall.",
        ),
        ("n_iter_", "int", "Number of epochs trained."),
        ("n_parameters_", "int", "Number of trained parameters of the network."),
        ("loss_curve_", "list of float", "Training loss of each epoch."),
        ("validation_curve_", "list of float", "Validation loss of each epoch, if any."),
        ("device_", "str", "Device that the network was trained on."),
    )

    assumption: ClassVar[str]
    # With one of these values of each parameter, no output at a position sees later positions.
    causal: ClassVar[dict[str, tuple[Any, ...]] | None] = None
    _target_types: ClassVar[tuple[type[Target], ...]]  # the first that recognises y is learned

    # ---------------------------------------------------------------- what a bias defines

    @abstractmethod
    def _build_network(self, layout: Layout, n_outputs: int) -> Network:
        """The network for samples of a layout, not initialised by any data.

        Tokens come as embeddings, of `layout.n_features`.
        """

    @abstractmethod
    def _budget_rule(self, layout: Layout) -> BudgetRule:
        """How fast, how long and with how much decay the bias is trained on such samples."""

    @abstractmethod
    def _widened(self, factor: float) -> dict[str, Any]:
        """See `widened`; no parameter is 'auto'."""

    def _auto(self, layout: Layout) -> dict[str, Any]:
        """What 'auto' stands for in parameters of the network, which depends on what X is."""
        few_labels = self.target == "position" and layout.is_one_graph
        return {"dropout": 0.5 if layout.has_words or few_labels else 0.0}

    @property
    def reads_any_size(self) -> bool:
        """Whether it reads arrays whose axes of positions have other sizes than those of fit."""
        return False

    def _bias_callbacks(self) -> list[Any]:
        """Callbacks of `ibestimators.training` that the bias needs."""
        return []

    # ---------------------------------------------------------------- fit

    @with_callbacks  # type: ignore[untyped-decorator]
    @reads_containers
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, n_steps, n_features), \
(n_samples, height, width, n_features) or more axes; or list of n_samples
            Training data; see `input_shape` and `channels_first` for other layouts. A list
            holds sequences, arrays (n_steps_i, n_features) of any lengths; tokens, arrays of
            integers (n_tokens_i,); graphs: networkx graphs, pairs (adjacency,
            node_features), or PyTorch Geometric's Data; or a `Pair` of queries and a context
            each.
        y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_outputs)
            For classifiers: a class of any type for each sample, or a column of 0 and 1 for
            each of several labels, which may be a sparse matrix. For regressors: numbers.
            If ``target='position'``: such values at each position, (n_samples, n_steps),
            (n_samples, height, width) or a list of arrays (n_steps_i,), each with or without a
            last axis of several labels or outputs.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss and in the standardisation; only their
            ratios matter. The training budget ('auto') follows from the number of samples and
            not from their weights. If ``target='position'``, weights of positions are possible
            too, in the form of y; a weight of 0 is the same as no label.
        groups : array-like of shape (n_samples,), default=None
            Group of each sample, such as its patient. `early_stopping` then sets whole groups
            aside; otherwise groups are ignored.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If X, y, the weights or a parameter cannot be used, or if the loss became infinite in
            the first epoch; the message gives the remedy.

        Warns
        -----
        ConvergenceWarning
            If the loss became infinite later (the weights of the epoch before are kept), if the
            final loss is above that of the best constant prediction, or if it was still
            decreasing fast.
        """
        self._validate_params()
        if hasattr(self, "_skl_callbacks"):
            known = None if self.max_epochs == "auto" else self.max_epochs
            self._init_callback_context(max_subtasks=known)
        before = self._fitted if self.warm_start and self.__sklearn_is_fitted__() else None
        return self._train(X, y, sample_weight, groups, before=before)

    @training.gradients_on()
    def _train(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None = None,
        *,
        before: Fitted | None,
        classes: ArrayLike | None = None,
        one_pass: bool = False,
    ) -> Self:
        """Train from scratch, or on from an earlier fit; change the estimator last.

        Parameters
        ----------
        X, y, sample_weight, groups
            As in `fit`.
        before : Fitted or None
            The fit to continue from.
        classes : array-like or None, default=None
            All class labels, if y need not hold them all.
        one_pass : bool, default=False
            Whether to train for one pass at a constant learning rate, as `partial_fit` does.
        """
        # What X and y are.
        if before is None:
            settings = self._unfitted_copy()
            refuse_masked(X, "X")
            kind = structure_of(X)
            check = partial(kind.check, estimator=settings)
            data = self._check_data(X, y, sample_weight, groups, check, kind, None)
            structure = kind.learn(data.X, data.weight, settings)
            settings._resolve_auto(structure.layout)
            target = self._learned_target(data, settings, classes)
        else:
            settings, structure, target = before.settings, before.structure, before.target
            kind = type(structure)
            data = self._check_data(X, y, sample_weight, groups, before.check, kind, target)
        # Samples to train on and, with early stopping, to validate on.
        dtype, seed = DTYPES[settings.dtype], draw_seed(self.random_state)
        samples = structure.read(data.X, dtype)
        labels, weight = target.labels(data.y, data.weight, self, dtype)
        train, *validation = [
            labelled_samples(samples, part, weight, rows, dtype, rescale=not one_pass)
            for rows, part in self._split(data, target, labels, seed, one_pass)
        ]
        # The network, trained, and the estimator changed last.
        n_labels = train.target.n_labels if isinstance(train.target, PositionLabels) else None
        layout = structure.layout
        budget = self._budget_rule(layout).resolve(self, layout, len(train), n_labels)
        if one_pass:
            budget = budget._replace(max_epochs=1)
        net = self._net(settings, structure, target, before, budget, len(train), seed, one_pass)
        callbacks = list(self.callbacks or ())
        fitted = Fitted(settings, structure, target, net, budget, not one_pass, callbacks)
        in_place = before is not None and net is before.net
        with training.restored_on_error(net) if in_place else nullcontext():
            self._optimise(fitted, train, validation, seed, X, y)
        self._commit(fitted)
        return self

    def _target_type(self, y: Any) -> type[Target]:
        """What y holds, or its rows if it is at positions."""
        return next(target for target in self._target_types if target.recognises(y))

    def _check_data(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None,
        check: Callable[[Any], Any],
        kind: type[Structure],
        target: Target | AtPositions | None,
    ) -> _TrainingData:
        """X as its structure takes it, y, weights and groups, checked; or an error.

        `target` is what was learned from an earlier y, if there was one.
        """
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        given, X = X, check(X)
        refuse_masked(y, "y")
        group_labels = None if groups is None else check_groups(groups)
        at_positions = self.target == "position" if target is None else target is not target.of_rows
        type_of = self._target_type if target is None else lambda _: type(target.of_rows)
        positions = kind.positions(X)
        checked: NDArray[Any] | LabelsAtPositions
        if at_positions:
            target_type, checked = check_labels(y, sample_weight, positions, type_of, self)
            check_consistent_length(X, checked, group_labels)
            weight = checked.sample_weight()
        else:
            refuse_labels_at_positions(y, positions)
            target_type = type_of(y)
            checked = target_type.check(y, self)
            check_consistent_length(X, checked, group_labels)
            weight = check_weight(sample_weight, checked)
        if weight is not None and not weight.all() and kind.kind != "array":
            # The longest sample, the vocabulary, the attributes: of samples that count.
            kept, given = np.flatnonzero(weight), list(given)
            X, checked, weight = check([given[i] for i in kept]), checked[kept], weight[kept]
            group_labels = None if group_labels is None else group_labels[kept]
        return _TrainingData(X, checked, target_type, weight, group_labels)

    def _learned_target(
        self, data: _TrainingData, settings: Self, classes: ArrayLike | None = None
    ) -> Target | AtPositions:
        """What y holds, with its classes, or its shape and scale."""
        learn, y = data.target_type.learn, data.y
        if isinstance(y, LabelsAtPositions):
            return AtPositions(learn(y.rows, y.weight, settings, classes))
        return learn(y, data.weight, settings, classes)

    def _split(
        self,
        data: _TrainingData,
        target: Target | AtPositions,
        labels: torch.Tensor | PositionLabels,
        seed: int,
        one_pass: bool,
    ) -> list[tuple[NDArray[np.int64], torch.Tensor | PositionLabels]]:
        """Samples and labels to train on and, with early stopping, those to validate on."""
        samples, y = np.arange(len(data.y)), data.y
        if one_pass or not self.early_stopping:
            return [(samples, labels)]
        fraction = self.validation_fraction
        if len(y) == 1 and isinstance(y, LabelsAtPositions) and isinstance(labels, PositionLabels):
            # The only sample is in both parts, each with labels of its own.
            strata = target.of_rows.strata(y.rows)
            parts = validation_split(len(y.rows), strata, None, fraction, seed)
            return [(samples, labels.only(torch.from_numpy(y.where[part]))) for part in parts]
        parts = validation_split(len(y), target.strata(y), data.groups, fraction, seed)
        return [(part, labels) for part in parts]

    def _net(
        self,
        settings: Estimator,
        structure: Structure,
        target: Target | AtPositions,
        before: Fitted | None,
        budget: Budget,
        n_samples: int,
        seed: int,
        one_pass: bool,
    ) -> TrainingNet:
        """A net to train: new, a new one on a copy of the network, or that of the last fit."""
        if before is None:
            device = training.resolve_device(self.device)
            with training.seeded(seed, device):
                network = settings._new_network(structure, target)
            return self._new_net(network, target, device, budget, n_samples, seed, one_pass)
        same_callbacks = before.callbacks == list(self.callbacks or ())
        if one_pass and not before.scheduled and same_callbacks:
            # partial_fit after partial_fit: the optimiser keeps its momentum.
            return before.net
        network = copy.deepcopy(before.network)
        device = before.net.device
        net = self._new_net(network, target, device, budget, n_samples, seed, one_pass)
        net.history.extend(before.net.history)
        return net

    def _new_network(self, structure: Structure, target: Target | AtPositions) -> Network:
        """A network with initial weights, in the dtype of the parameters."""
        layout, embedding = structure.layout.embedded(self.embedding_size), None
        vocabulary_size = layout.vocabulary_size
        if vocabulary_size is not None:
            embedding = nn.Embedding(vocabulary_size + 1, self.embedding_size, 0)
            if layout.has_words:
                # A rare word, which training hardly changes, should not say anything.
                nn.init.normal_(embedding.weight[1:], std=_EMBEDDING_STD)
        network = self._build_network(layout, target.n_outputs)
        network.embedding, network.embedding_dropout = embedding, float(self.dropout)
        return network.to(DTYPES[self.dtype])

    def _new_net(
        self,
        network: Network,
        target: Target | AtPositions,
        device: str,
        budget: Budget,
        n_samples: int,
        seed: int,
        one_pass: bool,
    ) -> TrainingNet:
        """A net with a new optimiser and an empty history."""
        given = copy.deepcopy(list(self.callbacks or ()))
        at_positions = target is not target.of_rows
        training.check_callbacks(given, self.early_stopping and not one_pass, at_positions)
        training.score_meanings(given, target.of_rows)
        callbacks = [training.LastGoodWeights(), *self._bias_callbacks()]
        if not (one_pass or training.any_scheduler(given)):
            n_steps = budget.max_epochs * math.ceil(n_samples / budget.batch_size)
            callbacks.append(training.WarmUpAndDecay(n_steps, budget.max_epochs * n_samples))
        callbacks += given
        if self.early_stopping and not one_pass:  # last, so that the others see each epoch
            callbacks.append(training.early_stopping(self.n_iter_no_change, self.tol, given))
        return training.build_net(
            network,
            target.loss(),
            lr=budget.lr,
            weight_decay=budget.weight_decay,
            meaning=target.of_rows,
            batch_size=budget.batch_size,
            callbacks=callbacks,
            device=device,
            seed=seed,
            verbose=int(self.verbose),
        )

    def _optimise(
        self,
        fitted: Fitted,
        train: LabelledSamples,
        validation: list[LabelledSamples],
        seed: int,
        X: Any,
        y: Any,
    ) -> None:
        """Train the network, and warn if that went wrong; X and y are for callbacks."""
        net, encoder, budget = fitted.net, fitted.network.encoder, fitted.budget
        net.resume(budget.lr, budget.weight_decay, budget.batch_size, int(self.verbose))
        for part in (train, *validation):
            if part.samples.sizes is not None:
                encoder.check_sizes(part.samples.sizes)
                part.padded_sizes = encoder.padded_size(part.samples.sizes)
        epoch_seed, device = seed + len(net.history), str(net.device)
        with (
            training.intra_op_threads(fitted.n_threads(budget.batch_size)),
            training.seeded(epoch_seed, device, exclusive=fitted.settings.dropout > 0),
            notify_callbacks(self, fitted, X, y),
        ):
            training.train(net, train, next(iter(validation), None), budget.max_epochs)
        fitted.budget = budget._replace(batch_size=net.batch_size)  # less if memory was full
        self._warn_if_not_converged(fitted, train)

    def _warn_if_not_converged(self, fitted: Fitted, train: LabelledSamples) -> None:
        """Warn, or raise an error, if the loss became infinite or stayed above that of chance."""
        name, losses, n_iter = type(self).__name__, fitted.curves["loss_curve_"], fitted.n_iter
        remedy = f"Lower lr={fitted.budget.lr:.3g}" + (
            "." if self.standardize else ", or set standardize=True."
        )
        if training.diverged(fitted.net):
            what = f"The loss, weights or outputs of {name} became infinite in epoch {n_iter}"
            if not np.isfinite(losses[:-1]).any():
                raise ValueError(f"{what}, and there are no earlier weights to keep. {remedy}")
            warnings.warn(
                f"{what}. Training ended there, with the weights of the epoch before. {remedy}",
                ConvergenceWarning,
                stacklevel=2,
            )
        elif fitted.budget.max_epochs >= MIN_EPOCHS_TO_CONVERGE:
            baseline = fitted.target.baseline_loss(train)
            more = f"raise max_epochs={fitted.budget.max_epochs}."
            own_length = self.max_epochs != "auto" and not self.early_stopping
            learned = losses[-1] < baseline / _CHANCE  # else its fall is too small for a share
            if losses[-1] > _CHANCE * baseline:
                what = f"{losses[-1]:.3g}, above the {baseline:.3g} of the best constant prediction"
                advice = f"{remedy} If the loss is still decreasing (see loss_curve_), {more}"
            elif own_length and learned and fitted.late_fall > _STILL_FALLING:
                what = f"{losses[-1]:.3g} and still decreasing (see loss_curve_)"
                advice = more.capitalize()
            else:
                return
            warnings.warn(
                f"{name} has not converged: after {n_iter} epochs its training loss is {what}. "
                f"{advice}",
                ConvergenceWarning,
                stacklevel=2,
            )

    def _commit(self, fitted: Fitted) -> None:
        """Become the estimator that was fitted: the last step, after which nothing can fail."""
        if self.__sklearn_is_fitted__():
            for name in self._fitted.attributes():
                self.__dict__.pop(name, None)
        self._fitted: Fitted = fitted
        self.__dict__ |= fitted.attributes()

    # ---------------------------------------------------------------- predict

    def _predictions(self, X: Any) -> Any:
        """Probabilities, or predictions in the units of y; at positions, in the form of X."""
        check_is_fitted(self)
        fitted = self._fitted
        return fitted.predictions(X, lambda rows: fitted.target.of_rows.outcome(rows).numpy())

    @property
    def module_(self) -> Network:
        """The network itself; it takes standardised batches."""
        module: Network = self.net_.module_
        return module

    # ---------------------------------------------------------------- size and cost

    @reads_containers
    def count_parameters(self, X: Any, y: Any) -> int:
        """How many parameters the network for some data would have, without training it.

        Parameters
        ----------
        X, y
            As in `fit`.

        Returns
        -------
        int
        """
        settings, structure = self._for(X)
        check, kind = partial(structure.check, estimator=settings), type(structure)
        data = settings._check_data(X, y, None, None, check, kind, None)
        target = settings._learned_target(data, settings)
        with training.seeded(0, "cpu"), torch.device("meta"):
            return sum(p.numel() for p in settings._new_network(structure, target).parameters())

    @reads_containers
    def widened(self, factor: float, X: Any) -> dict[str, Any]:
        """Parameters that make the network wider, to about factor squared times the size.

        Parameters
        ----------
        factor : float
            Factor of the sizes of hidden layers.
        X
            As in `fit`; decides what 'auto' stands for.

        Returns
        -------
        dict
            For `set_params`.
        """
        return self._for(X)[0]._widened(factor)

    def _for(self, X: Any) -> tuple[Self, Structure]:
        """A copy with values in the place of 'auto', and the structure of X."""
        settings = self._unfitted_copy()
        settings._validate_params()
        refuse_masked(X, "X")
        kind = structure_of(X)
        structure = kind.learn(kind.check(X, settings), None, settings)
        settings._resolve_auto(structure.layout)
        return settings, structure

    @reads_containers
    def count_multiply_adds(self, X: Any) -> int:
        """Multiply-adds of a prediction, the mean over samples.

        Parameters
        ----------
        X
            A few samples, in the layout seen in `fit`.

        Returns
        -------
        int
            Of matrix products and convolutions; elementwise operations are not counted.
        """
        check_is_fitted(self)
        return training.multiply_adds(self.net_, self._fitted.read(X))

    # ---------------------------------------------------------------- files and copies

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to one file, which holds data and no code.

        `ibestimators.load` reads it.

        Parameters
        ----------
        path : str or path-like
            The file, of any name; ``.safetensors`` names its format. It is written as a whole
            or not at all.

        Raises
        ------
        sklearn.exceptions.NotFittedError
        TypeError
            If a parameter is an object other than a plain value, array or graph (`callbacks`
            are left out), or the class is not one of this package, so that `load` does not know it.
        ValueError
            If a parameter has been set to a value that `fit` would refuse.
        """
        from ibestimators.base._saving import save

        check_is_fitted(self)
        save(self, path)

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator as an ONNX model, which runs without Python or torch.

        Its input ``X`` takes float64 of shape ``(n, *sample_shape_)`` for any n, not
        standardised. Its output is ``probabilities``, as `predict_proba` gives them, or
        ``predictions``, as `predict` of a regressor does. The model's metadata hold
        `classes_`, as JSON.

        Parameters
        ----------
        path : str or path-like
            The file; it is written as a whole or not at all.

        Raises
        ------
        sklearn.exceptions.NotFittedError
        ImportError
            If the libraries are not installed: ``pip install "ibestimators[onnx]"``.
        ValueError
            If the estimator was not fitted on arrays, or has ``target='position'``.
        """
        from ibestimators.base._onnx import to_onnx

        check_is_fitted(self)
        to_onnx(self, path)

    def _restore(self, state: dict[str, Any], weights: dict[str, torch.Tensor]) -> None:
        """Become the estimator that had this state; see `Fitted.state`."""
        settings = self._unfitted_copy()
        settings.set_params(**{"dtype": state["dtype"]} | state.get("built_with", {}))
        columns = state["input"]
        settings.__dict__ |= {name: columns[name] for name in COLUMNS if name in columns}
        structure = KINDS[state["kind"]].from_state(state["structure"])
        settings._resolve_auto(structure.layout)
        target_types = {each.__name__: each for each in self._target_types}
        # In older files each estimator has one type of target.
        name = state.get("target_type", self._target_types[-1].__name__)
        of_rows = target_types[name].from_state(state["target"])
        target = AtPositions(of_rows) if settings.target == "position" else of_rows
        network = settings._new_network(structure, target)
        network.load_state_dict(weights)
        one_pass = not state["scheduled"]
        device = training.resolve_device(settings.device)
        known = state.get("budget")
        rule = self._budget_rule(structure.layout)
        budget = Budget(**known) if known else rule.resolve(settings, structure.layout, 1)
        net = settings._new_net(network, target, device, budget, 1, 0, one_pass)
        curves = {"train_loss": state["loss_curve"], "valid_loss": state["validation_curve"]}
        for i in range(len(state["loss_curve"])):
            row = {name: curve[i] for name, curve in curves.items() if i < len(curve)}
            net.history.append({"epoch": i + 1, "batches": []} | row)
        callbacks = list(self.callbacks or ())
        self._commit(Fitted(settings, structure, target, net, budget, not one_pass, callbacks))

    def __getstate__(self) -> dict[str, Any]:
        """Parameters, what fit learned, and weights, all as plain values and arrays.

        skops writes this, so that it needs to trust no class but the estimator itself.
        """
        parameters = self.get_params(deep=False)
        # A copy of a graph has no cached views of itself, which skops would follow without end.
        bare = {k: v.copy() if isinstance(v, nx.Graph) else v for k, v in parameters.items()}
        state: dict[str, Any] = {"parameters": bare}
        if self.__sklearn_is_fitted__():
            weights = self.module_.state_dict()
            state["learned"] = self._fitted.state(parameters)
            state["weights"] = {name: value.cpu().numpy() for name, value in weights.items()}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "parameters" not in state:  # from pickle, or a copy
            super().__setstate__(state)
            return
        type(self).__init__(self, **state["parameters"])
        if "learned" in state:
            weights = {name: torch.from_numpy(v.copy()) for name, v in state["weights"].items()}
            self._restore(state["learned"], weights)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """For pickle and copies: everything, with momentum and the record of batches."""
        return copyreg.__newobj__, (type(self),), super().__getstate__()  # type: ignore[attr-defined]

    def _unfitted_copy(self) -> Self:
        """A copy that has the parameters and nothing else."""
        unfitted = copy.copy(self)
        unfitted.__dict__ = dict(self.get_params(deep=False))
        return unfitted

    # ---------------------------------------------------------------- parameters

    def _resolve_auto(self, layout: Layout) -> None:
        """Give parameters of the network that are 'auto' their values."""
        for name, value in self._auto(layout).items():
            given = getattr(self, name)
            if isinstance(given, str) and given == "auto":  # an array has no single comparison
                setattr(self, name, value)

    def _layer_sizes(self, name: str, at_least: int = 0) -> tuple[int, ...]:
        """A parameter that holds sizes of layers, checked."""
        sizes = tuple(getattr(self, name))
        valid = all(isinstance(size, Integral) and int(size) > 0 for size in sizes)
        if not valid or len(sizes) < at_least:
            raise ValueError(
                f"The {name!r} parameter of {type(self).__name__} must hold "
                f"{f'at least {at_least} ' if at_least else ''}ints above 0, one for each layer. "
                f"Got {getattr(self, name)!r} instead."
            )
        return tuple(int(size) for size in sizes)

    def _head(self, n_inputs: int, n_outputs: int) -> DenseLayers:
        """The dense head of the parameters, from a pooled vector to the outputs."""
        return DenseLayers(
            n_inputs,
            self._layer_sizes("head_layer_sizes"),
            n_outputs,
            activation=self.activation,
            dropout=float(self.dropout),
        )

    # ---------------------------------------------------------------- scikit-learn

    def __sklearn_is_fitted__(self) -> bool:
        return "_fitted" in self.__dict__

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = True
        return tags
