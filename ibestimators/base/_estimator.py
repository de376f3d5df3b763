"""What all estimators share: training parameters, validation, fit and predict.

An estimator has three axes, each implemented once: what comes in
(`ibestimators.structures`), what is learned (a primitive, which builds the
network), and what comes out (`Classifier` or `Regressor`). A public class such
as ``ConvClassifier(Convolution, Classifier)`` names one of each.
"""

from __future__ import annotations

import copy
import copyreg
import math
import os
import warnings
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, NamedTuple, Self

import networkx as nx
import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Tags, compute_sample_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_consistent_length,
    check_is_fitted,
    check_random_state,
    column_or_1d,
    validate_data,
)
from torch import nn

from ibestimators.base._parameters import estimator, parameter
from ibestimators.base._progress import CallbackSupportMixin, heard, with_callbacks
from ibestimators.layers import ACTIVATIONS
from ibestimators.structures import (
    ArrayStructure,
    Layout,
    arrange,
    finite_scale,
    new_scaler,
    parse,
    scaler_from_state,
    scaler_state,
)
from ibestimators.structures import _graphs as graphs
from ibestimators.structures import _kinds as structures
from ibestimators.structures import _sequences as sequences
from ibestimators.training import _net as training

POSITIVE_INT = Interval(Integral, 1, None, closed="left")
POSITIVE_REAL = Interval(Real, 0, None, closed="neither")
NON_NEGATIVE_REAL = Interval(Real, 0, None, closed="left")

_WORTH_THREADS = 2_000_000_000  # multiply-adds of a step
_ROWS = 1 << 15  # of a padded batch in predict
_TRIAL = 5  # fewer epochs are not expected to converge
_WORSE = 1.1  # times the loss of a blind guess: what chance may do
_OF_COLUMNS = ("n_features_in_", "feature_names_in_")
_FLOATS = {"float32": torch.float32, "float64": torch.float64}
_STRUCTURES: dict[str, Any] = {
    "array": ArrayStructure,
    "sequences": sequences.SequenceStructure,
    "tokens": sequences.TokenStructure,
    "graphs": graphs.GraphStructure,
}


class Work(NamedTuple):
    """What is to be trained on."""

    data: training.LabelledSamples
    validation: training.LabelledSamples | None
    epochs: int
    seed: int


@estimator
class Estimator(CallbackSupportMixin, BaseEstimator):  # type: ignore[misc]
    """Abstract: an estimator that trains a network. See the module's docstring."""

    lr: float = parameter(
        3e-3, [POSITIVE_REAL], "float",
        "Highest learning rate of AdamW. It rises over the first tenth of the steps and falls "
        "to 0 by a half cosine; in `partial_fit` it is constant.",
    )  # fmt: skip
    weight_decay: float = parameter(
        1.0, [NON_NEGATIVE_REAL], "float",
        "Decay of the weights, decoupled from the gradient (AdamW): a step at learning rate r "
        "takes the share r x weight_decay off each.",
    )  # fmt: skip
    max_epochs: int = parameter(
        40, [POSITIVE_INT], "int", "Number of passes over the training data.",
    )  # fmt: skip
    batch_size: int | Literal["auto"] = parameter(
        "auto", [POSITIVE_INT, StrOptions({"auto"})], "int or 'auto'",
        "Samples in a batch; more than there are means all. 'auto' takes a twentieth of the "
        "training data, at least 8 and at most 128 samples.",
    )  # fmt: skip
    early_stopping: bool = parameter(
        False, ["boolean"], "bool",
        "Whether to set `validation_fraction` of the training data aside (stratified by class, "
        "or by whole `groups`), "
        "stop once its loss has not improved for `n_iter_no_change` epochs, and restore the "
        "weights of the best epoch. The scales of X and y are learned from both parts.",
    )  # fmt: skip
    validation_fraction: float = parameter(
        0.1, [Interval(Real, 0, 1, closed="neither")], "float",
        "Share of the training data set aside if `early_stopping`.",
    )  # fmt: skip
    n_iter_no_change: int = parameter(
        10, [POSITIVE_INT], "int", "Epochs without improvement that end training early.",
    )  # fmt: skip
    tol: float = parameter(
        1e-4, [NON_NEGATIVE_REAL], "float", "Least fall of the validation loss that counts.",
    )  # fmt: skip
    activation: str = parameter(
        "relu", [StrOptions(set(ACTIVATIONS))], "{'relu', 'gelu', 'tanh', 'silu'}",
        "Nonlinearity of hidden units.",
    )  # fmt: skip
    dropout: float = parameter(
        0.0, [Interval(Real, 0, 1, closed="left")], "float",
        "Probability of dropping a hidden unit in training.",
    )  # fmt: skip
    standardize: bool = parameter(
        True, ["boolean"], "bool",
        "Whether to bring each feature (the last axis of X), and the targets of a regression, "
        "to mean 0 and variance 1. Predictions are in the units of y all the same.",
    )  # fmt: skip
    input_shape: tuple[int, ...] | None = parameter(
        None, [tuple, None], "tuple of int or None",
        "Shape of one sample, to give flattened samples their structure back: "
        "``(28, 28, 1)`` reads X of shape (n, 784) or (n, 28, 28) as images. With "
        "`channels_first`, the features come first here too.",
    )  # fmt: skip
    channels_first: bool = parameter(
        False, ["boolean"], "bool",
        "Whether X is laid out as (n, features, steps), (n, features, height, width) or, for "
        "sequences, a list of (features, steps).",
    )  # fmt: skip
    embedding_size: int = parameter(
        32, [POSITIVE_INT], "int", "Features that a token is embedded in, if X holds tokens.",
    )  # fmt: skip
    node_attrs: Sequence[str] | None = parameter(
        None, ["array-like", None], "sequence of str or None",
        "Attributes of the nodes of graphs to read, numbers or categories; () reads none, and "
        "a node then has its number of arriving edges. None reads all.",
    )  # fmt: skip
    edge_attrs: Sequence[str] | None = parameter(
        None, ["array-like", None], "sequence of str or None",
        "Attributes of the edges of graphs to read; () reads none, None reads all.",
    )  # fmt: skip
    dtype: str = parameter(
        "float32", [StrOptions(set(_FLOATS))], "{'float32', 'float64'}",
        "Floating-point type of the network.",
    )  # fmt: skip
    device: str = parameter(
        "auto", [str], "str",
        "Where to train, as torch names it; 'auto' takes a CUDA GPU if there is one; of several, "
        "worker processes take turns.",
    )  # fmt: skip
    warm_start: bool = parameter(
        False, ["boolean"], "bool",
        "Whether `fit` goes on from the weights, scales and classes of the last fit.",
    )  # fmt: skip
    callbacks: Sequence[Any] | None = parameter(
        None, [list, tuple, None], "list of skorch callbacks or None",
        "Passed on to the skorch net; each fit works on copies. An `LRScheduler` takes the "
        "place of the rise and fall of `lr`. Data sets that callbacks get are private.",
    )  # fmt: skip
    random_state: int | np.random.RandomState | None = parameter(
        None, ["random_state"], "int, RandomState instance or None",
        "Decides initial weights, order of batches, dropout and the validation split. None "
        "takes fresh entropy and leaves numpy's global generator alone.",
    )  # fmt: skip
    verbose: int = parameter(
        0, ["verbose"], "int", "Above 0, prints a line an epoch.",
    )  # fmt: skip

    _fitted: ClassVar[tuple[tuple[str, str, str], ...]] = (
        (
            "n_features_in_",
            "int",
            "Columns of a flat X, else size of the features' axis.",
        ),
        ("feature_names_in_", "ndarray of str", "Names of the columns of a data frame."),
        (
            "sample_shape_",
            "tuple of int or None",
            "Shape of one sample: structure axes, then features; None for an axis that varies.",
        ),
        ("net_", "skorch.NeuralNet", "The trained net; `net_.history` is its record."),
        ("module_", "torch.nn.Module", "The network itself; it takes standardised batches."),
        ("n_iter_", "int", "Number of epochs trained."),
        ("n_parameters_", "int", "Number of trained parameters of the network."),
        ("loss_curve_", "list of float", "Training loss of each epoch."),
        ("validation_curve_", "list of float", "Validation loss of each epoch, if any."),
        ("device_", "str", "Where the network was trained."),
    )

    assumption: ClassVar[str]
    _shares_weights: ClassVar[bool] = True  # over the positions of a sample
    _criterion: ClassVar[type[nn.Module]]

    @abstractmethod
    def _build_network(self, layout: Layout, n_outputs: int) -> nn.Module:
        """The network for samples of a layout; the primitive gives it.

        For tokens it gets their embeddings, of `layout.n_features`.
        """

    def _primitive_callbacks(self) -> list[Any]:
        """skorch callbacks that the primitive needs in training."""
        return []

    @abstractmethod
    def _check_target(self, y: Any) -> NDArray[Any]:
        """y as an array, or an error."""

    @abstractmethod
    def _learn_target(
        self, y: NDArray[Any], sample_weight: NDArray[Any] | None, classes: ArrayLike | None
    ) -> int:
        """Learn what y is made of, its classes or its scale; give the number of outputs."""

    @abstractmethod
    def _encode_target(self, y: NDArray[Any]) -> torch.Tensor:
        """y as the loss wants it."""

    @abstractmethod
    def _blind_loss(self, data: training.LabelledSamples) -> float:
        """Loss of a guess that knows nothing of X."""

    @abstractmethod
    def _strata(self, y: NDArray[Any]) -> NDArray[Any] | None:
        """What a validation split keeps the shares of."""

    def _loss_weight(
        self, y: NDArray[Any], sample_weight: NDArray[Any] | None
    ) -> NDArray[Any] | None:
        return sample_weight

    @with_callbacks  # type: ignore[untyped-decorator]
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
            integers (n_tokens_i,); or graphs: networkx graphs, pairs (adjacency,
            node_features), or PyTorch Geometric's Data.
        y : array-like of shape (n_samples,) or, for regressors, (n_samples, n_outputs)
            Class labels of any type, or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss and in the standardisation; only their
            ratios count.
        groups : array-like of shape (n_samples,), default=None
            Group of each sample, such as the patient it is of. `early_stopping` then sets
            whole groups aside; else they are not looked at.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If X, y, the weights or a parameter cannot be used, or if the loss became infinite in
            the first epoch; the message says how to mend it.

        Warns
        -----
        ConvergenceWarning
            If the loss became infinite later (the weights of the epoch before are kept), or if
            it ended above that of a guess that knows nothing of X.
        """
        self._validate_params()
        if hasattr(self, "_skl_callbacks"):
            self._init_callback_context(max_subtasks=self.max_epochs)
        reset = not (self.warm_start and hasattr(self, "net_"))
        return self._train(X, y, sample_weight, reset=reset, groups=groups)

    def _train(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        reset: bool,
        classes: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        one_pass: bool = False,
    ) -> Self:
        before = self.__dict__.copy()
        undo = None if reset else training.memory(self.net_)
        try:
            self._train_unguarded(X, y, sample_weight, reset, classes, groups, one_pass)
        except BaseException:  # what a failed or interrupted fit leaves would pass for fitted
            self.__dict__.clear()
            self.__dict__.update(before)
            if undo is not None:
                undo()
            raise
        return self

    def _train_unguarded(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        reset: bool,
        classes: ArrayLike | None,
        groups: ArrayLike | None,
        one_pass: bool,
    ) -> None:
        work = self._prepare(X, y, sample_weight, reset, classes, groups, one_pass)
        with (
            training.intra_op_threads(self._n_threads(self.net_.batch_size)),
            training.seeded(work.seed + self.n_iter_, self.device_, exclusive=self.dropout > 0),
            heard(self, self.net_, X, y),
        ):
            training.train(self.net_, work.data, work.validation, work.epochs)
        self._record()
        self._judge(work)

    def _prepare(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        reset: bool = True,
        classes: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        one_pass: bool = False,
    ) -> Work:
        """All of a fit but the training itself."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        given, X = X, self._check_input(X, reset=reset)
        structures.refuse_masked(y, "y")
        structures.refuse_masked(sample_weight, "sample_weight")
        y = self._check_target(y)
        groups = None if groups is None else _check_groups(groups)
        check_consistent_length(X, y, groups)
        weight = _check_weight(sample_weight, y)
        if weight is not None and not weight.all() and self._kind != "array":
            # The longest sample, the vocabulary, the attributes: of those that count.
            kept, given = np.flatnonzero(weight), list(given)
            X = self._check_input([given[i] for i in kept], reset=reset, kind=self._kind)
            y, weight = y[kept], weight[kept]
            groups = None if groups is None else groups[kept]
        if reset:
            self._dtype = _FLOATS[self.dtype]
            self._structure = self._learn_structure(X, weight)
            self.sample_shape_ = self._structure.layout.sample_shape
            self._n_outputs = self._learn_target(y, weight, classes)
        samples = self._structure.read(X, self._dtype)
        if samples.sizes is not None:
            self._notice(samples.sizes)
        target = self._encode_target(y)
        loss_weight = self._loss_weight(y, weight)

        seed = _seed(self.random_state)
        training_part, validation_part = np.arange(len(y)), None
        if self.early_stopping and not one_pass:
            training_part, validation_part = self._split(y, groups, seed)

        def labelled(rows: NDArray[Any]) -> training.LabelledSamples:
            data = _labelled(samples, target, loss_weight, rows, self._dtype, keep_scale=one_pass)
            if data.samples.sizes is not None and self._pads():
                data.costs = self._costs(data.samples.sizes)
            return data

        data = labelled(training_part)
        validation = None if validation_part is None else labelled(validation_part)
        epochs = 1 if one_pass else self.max_epochs
        self._prepare_net(len(data), seed, reset=reset, scheduled=not one_pass)
        return Work(data, validation, epochs, seed)

    @property
    def module_(self) -> nn.Module:
        """The network itself; it takes standardised batches."""
        return self.net_.module_

    def _prepare_net(self, n_samples: int, seed: int, *, reset: bool, scheduled: bool) -> None:
        """Build the net, or a new optimiser on the old network, or go on as it is."""
        batch_size = self._resolve_batch_size(n_samples)
        given = list(self.callbacks or ())
        if not (reset or scheduled or self._scheduled) and given == self._given_callbacks:
            # partial_fit after partial_fit, by the same callbacks: the optimiser keeps its momentum
            self.net_.go_on(self.lr, self.weight_decay, batch_size, int(self.verbose))
            return
        if reset:
            self.device_: str = _resolve_device(self.device)
            self._built_with: dict[str, Any] = self.get_params(deep=False)
            with training.seeded(seed, self.device_):
                module = self._network()
            module = module.to(self._dtype)
            self.n_parameters_ = sum(p.numel() for p in module.parameters())
        else:
            module = self.net_.module_
        history = [] if reset else list(self.net_.history)
        self._given_callbacks: list[Any] = given
        given = copy.deepcopy(given)
        callbacks = [training.LastGoodWeights(), *self._primitive_callbacks()]
        if scheduled:
            if not training.any_scheduler(given):
                n_steps = self.max_epochs * math.ceil(n_samples / batch_size)
                callbacks.append(training.WarmUpAndDecay(n_steps, self.max_epochs * n_samples))
            if self.early_stopping:
                callbacks.append(training.early_stopping(self.n_iter_no_change, self.tol))
        self.net_: training.TrainingNet = training.build_net(
            module,
            self._criterion,
            lr=self.lr,
            weight_decay=self.weight_decay,
            batch_size=batch_size,
            callbacks=[*callbacks, *given],
            device=self.device_,
            seed=seed,
            verbose=int(self.verbose),
        )
        self.net_.history.extend(history)
        self.n_iter_: int = len(history)
        self._scheduled: bool = scheduled

    def _record(self) -> None:
        self.n_iter_ = len(self.net_.history)
        self.loss_curve_ = training.curve(self.net_, "train_loss")
        self.validation_curve_ = training.curve(self.net_, "valid_loss")

    def _judge(self, work: Work) -> None:
        """Say so if training went wrong."""
        name, losses = type(self).__name__, self.loss_curve_
        remedy = f"Lower lr={self.lr}" + ("." if self.standardize else ", or set standardize=True.")
        if training.diverged(self.net_):
            what = f"The loss, weights or outputs of {name} became infinite in epoch {self.n_iter_}"
            if not np.isfinite(losses[:-1]).any():
                raise ValueError(f"{what}, and no weights before it are worth keeping. {remedy}")
            warnings.warn(
                f"{what}. Training ended there, with the weights of the epoch before. {remedy}",
                ConvergenceWarning,
                stacklevel=2,
            )
        elif work.epochs >= _TRIAL and losses[-1] > _WORSE * (blind := self._blind_loss(work.data)):
            warnings.warn(
                f"{name} has not converged: after {self.n_iter_} epochs its training loss is "
                f"{losses[-1]:.3g}, above the {blind:.3g} of a guess that "
                f"knows nothing of X. {remedy} If the loss still falls (see loss_curve_), raise "
                f"max_epochs={self.max_epochs}.",
                ConvergenceWarning,
                stacklevel=2,
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to one file, which holds data and no code.

        `ibestimators.load` reads it.

        Parameters
        ----------
        path : str or path-like
            The file, of any name; ``.safetensors`` tells its format. It appears whole or
            not at all.

        Raises
        ------
        sklearn.exceptions.NotFittedError
        TypeError
            If a parameter is an object that is no plain value, array or graph. `callbacks`
            are left out.
        ValueError
            If a parameter has been set to what `fit` would refuse.
        """
        from ibestimators.base._saving import save

        check_is_fitted(self, "net_")
        save(self, path)

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator as an ONNX model, which runs without Python or torch.

        Its input ``X`` takes float64 of shape ``(n, *sample_shape_)`` for any n, as it is, not
        standardised. Its output is ``probabilities`` (n, n_classes), in the order of
        `classes_`, or ``predictions``, as `predict` gives them. The model's metadata hold the
        classes, as JSON.

        Parameters
        ----------
        path : str or path-like
            The file; it appears whole or not at all.

        Raises
        ------
        sklearn.exceptions.NotFittedError
        ImportError
            If the libraries are not installed: ``pip install "ibestimators[onnx]"``.
        ValueError
            If the estimator was not fitted on arrays.
        """
        from ibestimators.base._onnx import to_onnx

        check_is_fitted(self, "net_")
        to_onnx(self, path)

    @abstractmethod
    def _outcome(self, scores: torch.Tensor) -> torch.Tensor:
        """Probabilities, or predictions in the units of y, from what the network gives."""

    def _learned(self) -> dict[str, Any]:
        """What fit learned but the weights, as plain values."""
        return {
            "kind": self._kind,
            "structure": self._structure.state(),
            "target": self._target_state(),
            "n_outputs": self._n_outputs,
            "dtype": next(name for name, dtype in _FLOATS.items() if dtype == self._dtype),
            "scheduled": self._scheduled,
            "loss_curve": self.loss_curve_,
            "validation_curve": self.validation_curve_,
            "input": {name: getattr(self, name) for name in _OF_COLUMNS if hasattr(self, name)},
            "built_with": self._changed_since(),
        }

    def _changed_since(self) -> dict[str, Any]:
        """Parameters that the network was built with, where they are others now."""
        now = self.get_params(deep=False)
        return {
            name: value
            for name, value in self._built_with.items()
            if value is not now[name] and name not in ("callbacks", "device")
        }

    def _take_up(self, learned: dict[str, Any], weights: dict[str, torch.Tensor]) -> None:
        """Become the estimator that learned this."""
        self._kind = learned["kind"]
        self._structure = _STRUCTURES[self._kind].from_state(learned["structure"])
        self.sample_shape_ = self._structure.layout.sample_shape
        self._n_outputs = learned["n_outputs"]
        self._dtype = _FLOATS[learned["dtype"]]
        self._set_target_state(learned["target"])
        for name in learned["input"].keys() & set(_OF_COLUMNS):
            setattr(self, name, learned["input"][name])
        now = self.get_params(deep=False)
        self.set_params(**learned.get("built_with", {}))
        self._prepare_net(1, 0, reset=True, scheduled=learned["scheduled"])
        self.set_params(**now)
        self.module_.load_state_dict(weights)
        curves = {"train_loss": learned["loss_curve"], "valid_loss": learned["validation_curve"]}
        for i in range(len(learned["loss_curve"])):
            row = {name: curve[i] for name, curve in curves.items() if i < len(curve)}
            self.net_.history.append({"epoch": i + 1, "batches": []} | row)
        self._record()

    def __getstate__(self) -> dict[str, Any]:
        """Parameters, what fit learned, and weights, all as plain values and arrays.

        What skops writes, so that it needs to trust no class but the estimator itself.
        """
        given = self.get_params(deep=False)
        # A copy of a graph has no views of itself, which skops would follow without end.
        bare = {name: v.copy() if isinstance(v, nx.Graph) else v for name, v in given.items()}
        state: dict[str, Any] = {"parameters": bare}
        if hasattr(self, "net_"):
            weights = self.module_.state_dict()
            state["learned"] = self._learned()
            state["weights"] = {name: value.cpu().numpy() for name, value in weights.items()}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "parameters" not in state:  # from pickle, or a copy
            super().__setstate__(state)
            return
        type(self).__init__(self, **state["parameters"])
        if "learned" in state:
            weights = {name: torch.from_numpy(v.copy()) for name, v in state["weights"].items()}
            self._take_up(state["learned"], weights)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """For pickle and copies: all there is, momentum and the record of batches too."""
        return copyreg.__newobj__, (type(self),), super().__getstate__()  # type: ignore[attr-defined]

    @abstractmethod
    def _target_state(self) -> dict[str, Any]:
        """What was learned of y, as plain values."""

    @abstractmethod
    def _set_target_state(self, state: dict[str, Any]) -> None:
        """Know of y what an estimator knew that had this state."""

    def _sizes(self, name: str, least: int = 0) -> tuple[int, ...]:
        """A parameter that holds at least so many sizes of layers, checked."""
        sizes = tuple(getattr(self, name))
        good = all(isinstance(size, Integral) and int(size) > 0 for size in sizes)
        if not good or len(sizes) < least:
            raise ValueError(
                f"The {name!r} parameter of {type(self).__name__} must hold "
                f"{f'at least {least} of ' if least else ''}ints above 0, one a layer. "
                f"Got {getattr(self, name)!r} instead."
            )
        return tuple(int(size) for size in sizes)

    def _resolve_batch_size(self, n_samples: int) -> int:
        if self.batch_size == "auto":
            return min(128, max(8, n_samples // 20))
        return int(self.batch_size)

    def _split(
        self, y: NDArray[Any], groups: NDArray[Any] | None, seed: int
    ) -> Sequence[NDArray[Any]]:
        try:
            if groups is not None:
                return self._split_groups(y, groups, seed)
            return train_test_split(
                np.arange(len(y)),
                test_size=self.validation_fraction,
                stratify=self._strata(y),
                random_state=seed,
            )
        except ValueError as error:
            raise ValueError(
                f"early_stopping=True could not set validation_fraction="
                f"{self.validation_fraction} of {len(y)} samples aside: {error} Give more "
                f"{'samples a class' if groups is None else 'groups'}, change "
                "validation_fraction, or set early_stopping=False."
            ) from error

    def _split_groups(
        self, y: NDArray[Any], groups: NDArray[Any], seed: int
    ) -> Sequence[NDArray[Any]]:
        """Whole groups set aside, so that no class is only among them."""
        strata = self._strata(y)
        cut = GroupShuffleSplit(10, test_size=self.validation_fraction, random_state=seed)
        for training_part, validation_part in cut.split(y, groups=groups):
            if strata is None or not len(np.setdiff1d(strata, strata[training_part])):
                return training_part, validation_part
        raise ValueError("each of ten draws of groups left a class without samples to train on.")

    def _check_input(self, X: Any, *, reset: bool, kind: str | None = None) -> Any:
        """X as its structure takes it: checked, in one layout, not yet scaled."""
        structures.refuse_masked(X, "X")
        kind = kind or structures.kind_of(X)
        if reset:
            self._kind = kind
        elif kind != self._kind:
            X = self._as_fitted(X, kind)
        if self._kind == "array":
            return self._check_array(X, reset=reset)
        if not len(X):
            raise ValueError("X holds no samples (found 0); give at least one.")
        if self.input_shape is not None:
            raise ValueError(
                f"input_shape={self.input_shape} is for arrays, but X is "
                f"{structures.NAMES[self._kind]}. Set input_shape=None."
            )
        if reset:
            for name in _OF_COLUMNS:
                self.__dict__.pop(name, None)
        if self._kind == "tokens":
            return sequences.check_tokens(X)
        if self._kind == "sequences":
            steps = sequences.check_sequences(X, self.channels_first)
            self._check_columns(sequences.column_names(next(iter(X))), reset=reset)
            if reset:
                self.n_features_in_ = steps[0].shape[1]
            return steps
        if reset:
            return parse(X, self.node_attrs, self.edge_attrs)
        return parse(X, self._structure.node_attrs, self._structure.edge_attrs)

    def _check_columns(self, names: list[str] | None, *, reset: bool) -> None:
        """Columns of sequences that are data frames, against those of fit."""
        if reset and names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)
        elif names is not None and names != list(getattr(self, "feature_names_in_", names)):
            raise ValueError(
                f"sequences in X have the columns {names}, but fit saw "
                f"{list(self.feature_names_in_)}. Give them in the same order."
            )

    def _as_fitted(self, X: Any, kind: str) -> Any:
        """X of another kind than in fit, if it can be read as that kind all the same."""
        shapes = {np.shape(x) for x in X} if kind in ("sequences", "tokens") else set()
        if self._kind == "array" and len(shapes) == 1:
            return np.stack([np.asarray(x) for x in X])
        if kind == "array":
            n_axes = len(getattr(X, "shape", ()))
            if n_axes < 2 and hasattr(X, "__len__") and (self._kind != "graphs" or not len(X)):
                return list(X)  # nested lists that happen to be of one length, or nothing
            if self._kind == "sequences" and n_axes == 3:
                return list(np.asarray(X))
            if self._kind == "tokens" and n_axes == 2 and np.asarray(X).dtype.kind in "iu":
                return list(np.asarray(X))
        raise ValueError(
            f"X is {structures.NAMES[kind]}, but {type(self).__name__} was fitted on "
            f"{structures.NAMES[self._kind]}. Give X the structure seen in fit, or fit again."
        )

    def _check_array(self, X: Any, *, reset: bool) -> NDArray[Any]:
        """X in the layout (n_samples, *structure, features)."""
        shape = None if self.input_shape is None else self._sizes("input_shape", least=1)
        try:
            # The sum that scikit-learn looks for infinities by may overflow for finite numbers.
            with np.errstate(over="ignore", invalid="ignore"):
                given, X = X, self._check_numbers(X, reset)
        except OverflowError as error:
            raise ValueError(f"X holds a number too large for float64 ({error}).") from error
        if X.dtype.kind not in "biuf":
            _check_columns_are_numbers(given)
            raise TypeError(f"X is of type {X.dtype}, but numbers are expected.{_remedy(given, X)}")
        flat = X.ndim == 2
        X = arrange(X, shape, self.channels_first)
        if reset and not flat:
            self.n_features_in_ = X.shape[-1] if shape is None else math.prod(shape)
            self.__dict__.pop("feature_names_in_", None)
        return X

    def _check_numbers(self, X: Any, reset: bool) -> NDArray[Any]:
        checks: dict[str, Any] = {"dtype": "numeric", "allow_nd": True}
        if _n_dims(X) <= 2:
            self._check_flat_is_expected(reset)
            try:
                return np.asarray(validate_data(self, X, reset=reset, **checks))
            except (TypeError, ValueError):
                _check_columns_are_numbers(X)  # says more, where that is the reason
                raise
        X = check_array(X, input_name="X", estimator=self, **checks)
        if 0 in X.shape:
            raise ValueError(f"X has shape {X.shape}; every axis must have at least 1 entry.")
        return np.asarray(X)

    def _check_flat_is_expected(self, reset: bool) -> None:
        if not reset and self.input_shape is None and len(self.sample_shape_) > 1:
            raise ValueError(
                f"X has at most 2 dimensions, but fit saw samples of shape {self.sample_shape_}. "
                "Give X the same layout as in fit, or set input_shape before fit."
            )

    def _learn_structure(self, X: Any, weight: NDArray[Any] | None) -> Any:
        if self._kind == "array":
            return ArrayStructure(X, weight, self.standardize)
        if self._kind == "sequences":
            return sequences.SequenceStructure(X, weight, self.standardize)
        if self._kind == "tokens":
            return sequences.TokenStructure(X)
        structure = graphs.GraphStructure(
            X, weight, self.standardize, keep_weights=self.edge_attrs is not None
        )
        self.n_features_in_ = structure.layout.n_features
        return structure

    def _network(self) -> nn.Module:
        layout = self._structure.layout
        if self._kind != "tokens":
            return self._build_network(layout, self._n_outputs)
        layout = replace(layout, sample_shape=(None, self.embedding_size))
        table = nn.Embedding(self._structure.vocabulary_size + 1, self.embedding_size, 0)
        return EmbeddedTokens(table, self._build_network(layout, self._n_outputs))

    @abstractmethod
    def widened(self, factor: float) -> dict[str, Any]:
        """Parameters that make the network wider, to about factor squared the size.

        Parameters
        ----------
        factor : float
            By what to multiply the sizes of hidden layers.

        Returns
        -------
        dict
            For `set_params`.
        """

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
        draft = copy.copy(self)
        draft.__dict__ = dict(self.get_params(deep=False))
        draft._validate_params()
        X = draft._check_input(X, reset=True)
        draft._dtype = torch.float32
        draft._structure = draft._learn_structure(X, None)
        draft._n_outputs = draft._learn_target(draft._check_target(y), None, None)
        with training.seeded(0, "cpu"), torch.device("meta"):
            return sum(p.numel() for p in draft._network().parameters())

    def count_multiply_adds(self, X: Any) -> int:
        """Multiply-adds of a prediction, the mean over samples.

        Parameters
        ----------
        X
            A few samples, in the layout seen in `fit`.

        Returns
        -------
        int
            Of matrix products and convolutions; what is done element by element is left out.
        """
        check_is_fitted(self, "net_")
        samples = self._structure.read(self._check_input(X, reset=False), self._dtype)
        return training.multiply_adds(self.net_, samples)

    def _notice(self, sizes: torch.Tensor) -> None:
        """A primitive's own look at the sizes of samples about to be read."""

    def _pads(self) -> bool:
        """Whether samples of different sizes are padded to the longest of a batch."""
        return True

    def _costs(self, sizes: torch.Tensor) -> torch.Tensor:
        """What samples of some sizes take of a batch's memory, in rows."""
        return sizes.clamp(min=1)

    def _forward(self, X: Any) -> torch.Tensor:
        check_is_fitted(self, "net_")
        samples = self._structure.read(self._check_input(X, reset=False), self._dtype)
        layout = self._structure.layout
        if samples.sizes is None:
            costs = None
            batch_size = max(1, min(1024, 2**20 // math.prod(self.sample_shape_)))
        else:
            self._notice(samples.sizes)
            costs = self._costs(samples.sizes)
            batch_size = max(1, min(1024, _ROWS // layout.typical))
        with training.intra_op_threads(self._n_threads(batch_size)):
            outputs = training.forward(self.net_, samples, batch_size, costs, _ROWS)
        if not outputs.isfinite().all():
            row = int(outputs.isfinite().all(1).logical_not().nonzero()[0])
            raise ValueError(
                f"{type(self).__name__} gives infinite outputs, or none, for sample {row} of X. "
                "It lies too far from the samples seen in fit: check its units. Or the weights "
                f"are too large: fit again with a lower lr (now {self.lr})."
            )
        return outputs

    def _n_threads(self, batch_size: int) -> int | None:
        """One thread within operations where more would wait for each other longer than help.

        Forward and backward take about three multiply-adds a parameter, sample and
        position that shares it.
        """
        layout = self._structure.layout
        positions = math.prod(layout.axes) if self._kind == "array" else layout.typical
        if not self._shares_weights:
            positions = 1
        return 1 if 3 * batch_size * self.n_parameters_ * positions < _WORTH_THREADS else None

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "net_")

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


class EmbeddedTokens(nn.Module):
    """A learned vector for each token, 0 for one never seen, in front of a network."""

    def __init__(self, embedding: nn.Embedding, network: nn.Module) -> None:
        super().__init__()
        self.embedding = embedding
        self.network = network

    def forward(
        self, x: torch.Tensor, lengths: torch.Tensor
    ) -> torch.Tensor:  # (tokens,), (batch,)
        y: torch.Tensor = self.network(self.embedding(x), lengths)  # (batch, n_outputs)
        return y


class CrossEntropy(nn.Module):
    """Cross-entropy of each sample: ``-log softmax(scores)[label]``."""

    def forward(self, scores: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(scores, label, reduction="none")


class SquaredError(nn.Module):
    """Squared error of each sample, the mean over its outputs."""

    def forward(self, predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        # (batch, 1) against (batch,) would broadcast to (batch, batch) unseen.
        if predicted.shape != target.shape:
            raise ValueError(f"predictions {predicted.shape} against targets {target.shape}")
        return (predicted - target).square().mean(1)


@estimator
class Classifier(ClassifierMixin, Estimator):  # type: ignore[misc]
    """Abstract: what comes out is a class."""

    class_weight: dict[Any, float] | str | None = parameter(
        None, [dict, StrOptions({"balanced"}), None], "dict, 'balanced' or None",
        "Weight of each class in the loss; 'balanced' weighs classes inversely to their numbers.",
    )  # fmt: skip

    _fitted = (("classes_", "ndarray of shape (n_classes,)", "The class labels, sorted."),)
    _criterion = CrossEntropy

    def partial_fit(
        self,
        X: Any,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one pass over X, going on from where training stands.

        Parameters
        ----------
        X : array-like
            As in `fit`. The first call decides structure and scale; tokens and categories
            that it lacks stay unknown.
        y : array-like of shape (n_samples,)
            Class labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss, at its own scale: 2 everywhere doubles it.

        Returns
        -------
        self
        """
        self._validate_params()
        reset = not hasattr(self, "net_")
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' cannot know the shares of classes in data yet to come. "
                "For partial_fit give class_weight a dict."
            )
        if reset and classes is None:
            raise ValueError(
                "classes must be passed on the first call to partial_fit: "
                "give all labels that will ever come, such as classes=np.unique(y_all)."
            )
        if (
            not reset
            and classes is not None
            and not np.array_equal(np.unique(classes), self.classes_)
        ):
            raise ValueError(
                f"classes={classes!r} is not the same as on the last call to partial_fit, "
                f"which was {self.classes_!r}."
            )
        return self._train(X, y, sample_weight, reset=reset, classes=classes, one_pass=True)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probability of each class.

        Parameters
        ----------
        X : array-like
            In the layout seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`; each row sums to 1.
        """
        return np.asarray(self._outcome(self._forward(X)).numpy())

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Logarithm of `predict_proba`, without its rounding to 0.

        Parameters
        ----------
        X : array-like
            In the layout seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return np.asarray(self._forward(X).double().log_softmax(1).numpy())

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class.

        Parameters
        ----------
        X : array-like
            In the layout seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels as in `classes_`.
        """
        scores = self._forward(X)
        return self.classes_[scores.argmax(1).numpy()]

    def _check_target(self, y: Any) -> NDArray[Any]:
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y", estimator=self)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        return y

    def _learn_target(
        self, y: NDArray[Any], sample_weight: NDArray[Any] | None, classes: ArrayLike | None
    ) -> int:
        self._encoder = LabelEncoder().fit(y if classes is None else classes)
        self.classes_ = self._encoder.classes_
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in y, but found one "
                f"class: {self.classes_.tolist()[0]!r}."
            )
        return len(self.classes_)

    def _outcome(self, scores: torch.Tensor) -> torch.Tensor:  # (n, n_classes)
        return scores.double().softmax(1)

    def _target_state(self) -> dict[str, Any]:
        return {"classes": self.classes_}

    def _set_target_state(self, state: dict[str, Any]) -> None:
        if self._learn_target(state["classes"], None, None) != self._n_outputs:
            raise ValueError(f"{len(self.classes_)} classes, but {self._n_outputs} outputs.")

    def _encode_target(self, y: NDArray[Any]) -> torch.Tensor:
        unseen = np.setdiff1d(y, self.classes_)
        if unseen.size:
            raise ValueError(
                f"y holds labels {unseen.tolist()} that the first fit did not see; it saw "
                f"{self.classes_.tolist()}. Fit a new estimator, or name all classes at first."
            )
        return torch.from_numpy(self._encoder.transform(y).astype(np.int64))

    def _blind_loss(self, data: training.LabelledSamples) -> float:
        return math.log(len(self.classes_))

    def _strata(self, y: NDArray[Any]) -> NDArray[Any]:
        return y

    def _loss_weight(
        self, y: NDArray[Any], sample_weight: NDArray[Any] | None
    ) -> NDArray[Any] | None:
        if self.class_weight is None:
            return sample_weight
        by_class = compute_sample_weight(self.class_weight, y)
        if not (np.isfinite(by_class).all() and (by_class >= 0).all() and by_class.any()):
            raise ValueError(
                f"class_weight={self.class_weight!r} must give each class a finite weight of 0 or "
                "more, and one of them more."
            )
        return by_class if sample_weight is None else by_class * sample_weight


@estimator
class Regressor(RegressorMixin, Estimator):  # type: ignore[misc]
    """Abstract: what comes out is one number or several."""

    _criterion = SquaredError

    def partial_fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train for one pass over X, going on from where training stands.

        Parameters
        ----------
        X : array-like
            As in `fit`. The first call decides structure and scale.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets. The first call decides their scale.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss, at its own scale: 2 everywhere doubles it.

        Returns
        -------
        self
        """
        self._validate_params()
        return self._train(X, y, sample_weight, reset=not hasattr(self, "net_"), one_pass=True)

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Predicted targets, in the units of y.

        Parameters
        ----------
        X : array-like
            In the layout seen in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            As many dimensions as y had in `fit`.
        """
        return np.asarray(self._outcome(self._forward(X)).numpy())

    def _check_target(self, y: Any) -> NDArray[Any]:
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y", estimator=self)
        if y.ndim > 2:
            raise ValueError(f"y must have shape (n,) or (n, n_outputs), got {y.shape}.")
        return y

    def _learn_target(
        self, y: NDArray[Any], sample_weight: NDArray[Any] | None, classes: ArrayLike | None
    ) -> int:
        self._target_shape = y.shape[1:]
        columns = _columns(y)
        self._target_scaler = None
        if self.standardize:
            self._target_scaler = new_scaler()
            with finite_scale(self._target_scaler, "y"):
                self._target_scaler.fit(columns, sample_weight=sample_weight)
        return columns.shape[1]

    def _outcome(self, scores: torch.Tensor) -> torch.Tensor:  # (n, n_outputs)
        predicted = scores.double()
        if self._target_scaler is not None:
            scale, mean = self._target_scaler.scale_, self._target_scaler.mean_
            predicted = predicted * torch.from_numpy(scale) + torch.from_numpy(mean)
        return predicted.reshape(-1, *self._target_shape)

    def _target_state(self) -> dict[str, Any]:
        return {"shape": self._target_shape, "scaler": scaler_state(self._target_scaler)}

    def _set_target_state(self, state: dict[str, Any]) -> None:
        self._target_shape = state["shape"]
        self._target_scaler = scaler_from_state(state["scaler"])

    def _encode_target(self, y: NDArray[Any]) -> torch.Tensor:
        if y.shape[1:] != self._target_shape:
            raise ValueError(
                f"y has targets of shape {y.shape[1:]}, but the first fit saw {self._target_shape}."
            )
        columns = _columns(y)
        if self._target_scaler is not None:
            columns = self._target_scaler.transform(columns)
        return torch.from_numpy(columns).to(self._dtype)

    def _blind_loss(self, data: training.LabelledSamples) -> float:
        target = data.target.double().numpy()
        weight = None if data.weight is None else data.weight.double().numpy()
        mean = np.average(target, axis=0, weights=weight)
        return float(np.average((target - mean) ** 2, axis=0, weights=weight).mean()) or math.inf

    def _strata(self, y: NDArray[Any]) -> None:
        return None

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _columns(y: NDArray[Any]) -> NDArray[Any]:
    return y.reshape(len(y), -1)


def _check_columns_are_numbers(X: Any) -> None:
    """An error that names the columns of a data frame that are texts, categories or dates."""
    names, dates = {}, {}
    for name, column in _columns_of(X):
        values = np.asarray(column)
        if values.dtype.kind in "mM":
            dates[name] = str(column.dtype)
        elif values.dtype.kind not in "biuf" and not _reads_as_numbers(values):
            names[name] = str(column.dtype)
    if names:
        raise ValueError(
            f"X has columns that are no numbers: {names}. Encode them in front, as by "
            "make_pipeline(make_column_transformer((OneHotEncoder(handle_unknown='ignore', "
            f"sparse_output=False), {list(names)}), remainder='passthrough'), estimator)."
        )
    if dates:
        raise ValueError(
            f"X has columns of dates: {dates}. Give each as the time since one of them, in a unit "
            "of your choice, such as (column - column.min()).dt.total_seconds()."
        )


def _columns_of(X: Any) -> Iterable[tuple[Any, Any]]:
    """Names and columns of a data frame, of pandas (where names may repeat) or another library."""
    if isinstance(X, pd.DataFrame):
        return X.items()
    return ((name, X[name]) for name in getattr(X, "columns", ()))


def _reads_as_numbers(values: NDArray[Any]) -> bool:
    if values.dtype.kind == "c":
        return False
    try:
        values[~pd.isna(values)].astype(np.float64)
    except (TypeError, ValueError):
        return False
    return True


def _remedy(X: Any, values: NDArray[Any]) -> str:
    """What to do about an X that scikit-learn did not make numbers of."""
    kinds = {name: str(column.dtype) for name, column in _columns_of(X)}
    if kinds:
        return f" Its columns are {kinds}; cast them to numbers."
    if values.dtype.kind in "mM":
        return " Give dates as the time since one of them, in a unit of your choice."
    for index, value in np.ndenumerate(values):
        if not isinstance(value, Real):
            return f" X{list(index)} is {value!r}, of type {type(value).__name__}."
    return ""


def _n_dims(X: Any) -> int:
    return len(X.shape) if hasattr(X, "shape") else np.asarray(X).ndim


def _seed(random_state: int | np.random.RandomState | None) -> int:
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def _resolve_device(device: str) -> str:
    if device == "auto":
        n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        # Workers started one after the other have numbers one after the other.
        return ("cpu", "cuda")[n_gpus] if n_gpus < 2 else f"cuda:{os.getpid() % n_gpus}"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"device={device!r} cannot be used here ({error}). Use device='auto' or 'cpu'."
        ) from error
    return device


def _check_weight(sample_weight: ArrayLike | None, y: NDArray[Any]) -> NDArray[Any] | None:
    if sample_weight is None:
        return None
    weight = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
    if not weight.any():
        raise ValueError("sample_weight is zero for all samples; give at least one weight above 0.")
    return np.asarray(weight)


def _check_groups(groups: ArrayLike) -> NDArray[Any]:
    structures.refuse_masked(groups, "groups")
    labels = np.asarray(groups)
    if labels.ndim != 1:
        raise ValueError(
            f"groups must have shape (n_samples,), one label a sample, but has {labels.shape}."
        )
    if pd.isna(labels).any():
        raise ValueError(
            "groups has missing labels. Give each sample one; what belongs to no other is a group "
            "of its own."
        )
    return labels


def _labelled(
    samples: Any,
    target: torch.Tensor,
    weight: NDArray[Any] | None,
    rows: NDArray[Any],
    dtype: torch.dtype,
    *,
    keep_scale: bool,
) -> training.LabelledSamples:
    """The samples of some rows; those of weight 0 might as well be absent."""
    if weight is not None:
        rows = rows[weight[rows] > 0]
        if not rows.size:
            raise ValueError(
                "sample_weight and class_weight leave no weight in the training or the "
                "validation part; give more samples a weight above 0, or set "
                "early_stopping=False."
            )
    if len(rows) < len(samples):
        index = torch.from_numpy(rows)
        samples, target = samples.take(index), target[index]
    if weight is None:
        return training.LabelledSamples(samples, target)
    weight = weight[rows]
    scaled = torch.from_numpy(weight if keep_scale else weight / weight.mean())
    return training.LabelledSamples(samples, target, scaled.to(dtype))
