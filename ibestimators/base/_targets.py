"""What is predicted: classes, labels or numbers, how y is encoded, and what outputs mean.

A target is learned from y in ``fit``. It encodes y for the loss and turns the outputs of the
network into probabilities or predictions. A new type of output is one subclass of `Target`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import entr
from sklearn.preprocessing import LabelEncoder, StandardScaler
from sklearn.utils import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, column_or_1d
from torch import nn

from ibestimators.structures import finite_scale, new_scaler, scaler_from_state, scaler_state
from ibestimators.training import LabelledSamples


class CrossEntropy(nn.Module):
    """Cross-entropy of each sample: ``-log softmax(scores)[label]``."""

    def forward(self, scores: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(scores, label, reduction="none")

    @staticmethod
    def with_gradient(
        scores: torch.Tensor, label: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:  # (batch, classes), (batch,)
        """The loss and its gradient: softmax, minus 1 at the label."""
        label = label.unsqueeze(1)
        log_p = scores.log_softmax(1)
        losses = -log_p.gather(1, label)[:, 0]
        return losses, log_p.exp_().scatter_add_(1, label, scores.new_full(label.shape, -1))


class BinaryCrossEntropy(nn.Module):
    """Binary cross-entropy of each sample, the mean over its labels."""

    def forward(self, scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        loss = nn.functional.binary_cross_entropy_with_logits(scores, labels, reduction="none")
        return loss.mean(1)

    def with_gradient(
        self, scores: torch.Tensor, labels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:  # (batch, labels) twice
        """The loss and its gradient."""
        return self(scores, labels), (scores.sigmoid() - labels) / scores.shape[1]


class SquaredError(nn.Module):
    """Squared error of each sample, the mean over its outputs."""

    def forward(self, predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        # (batch, 1) minus (batch,) would broadcast to (batch, batch) without an error.
        if predicted.shape != target.shape:
            raise ValueError(f"predictions {predicted.shape} against targets {target.shape}")
        return (predicted - target).square().mean(1)

    def with_gradient(
        self, predicted: torch.Tensor, target: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:  # (batch, outputs) twice
        """The loss and its gradient."""
        return self(predicted, target), (predicted - target) * (2 / predicted.shape[1])


class Target(ABC):
    """What an estimator predicts for a sample.

    Attributes
    ----------
    criterion : type
        Module that maps outputs and encoded targets to one loss a sample.
    n_outputs : int
        Outputs of the network.
    """

    criterion: ClassVar[type[nn.Module]]
    estimator_type: ClassVar[str] = "regressor"  # by scikit-learn's name
    n_outputs: int

    @classmethod
    def recognises(cls, y: Any) -> bool:
        """Whether y, not checked yet, is of this type."""
        return True

    @classmethod
    @abstractmethod
    def check(cls, y: Any, estimator: Any) -> NDArray[Any]:
        """y as an array, or an error."""

    @classmethod
    @abstractmethod
    def learn(
        cls,
        y: NDArray[Any],
        sample_weight: NDArray[Any] | None,
        estimator: Any,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Learn from a checked y: its classes, or its shape and scale."""

    @abstractmethod
    def encode(self, y: NDArray[Any], dtype: torch.dtype) -> torch.Tensor:
        """A checked y as the loss takes it."""

    def decode(self, encoded: torch.Tensor) -> NDArray[Any]:
        """What `encode` was given, for callbacks that score."""
        return np.asarray(encoded.cpu().numpy())

    def labels(
        self,
        y: NDArray[Any],
        sample_weight: NDArray[Any] | None,
        estimator: Any,
        dtype: torch.dtype,
    ) -> tuple[torch.Tensor, NDArray[Any] | None]:
        """A checked y as the loss takes it, and the weight of each sample in the loss."""
        return self.encode(y, dtype), self.loss_weight(y, sample_weight, estimator)

    def loss(self) -> nn.Module:
        """Maps outputs and encoded labels to one loss a sample."""
        return self.criterion()

    @property
    def of_rows(self) -> Target:
        """What a row of outputs means: that of a sample is what is predicted for it."""
        return self

    @abstractmethod
    def outcome(self, outputs: torch.Tensor) -> torch.Tensor:
        """Probabilities, or predictions in the units of y, from outputs (n, n_outputs)."""

    def log_outcome(self, outputs: torch.Tensor) -> torch.Tensor:
        """Logarithms of probabilities."""
        return self.outcome(outputs).log()

    def predictions(self, outputs: torch.Tensor) -> NDArray[Any]:
        """What `predict` returns."""
        return np.asarray(self.outcome(outputs).numpy())

    @abstractmethod
    def baseline_loss(self, data: LabelledSamples) -> float:
        """Loss of the best constant prediction."""

    def strata(self, y: NDArray[Any]) -> NDArray[Any] | None:
        """Labels whose shares a validation split keeps, if any."""
        return None

    def loss_weight(
        self, y: NDArray[Any], sample_weight: NDArray[Any] | None, estimator: Any
    ) -> NDArray[Any] | None:
        """Weight of each sample in the loss."""
        return sample_weight

    def attributes(self) -> dict[str, Any]:
        """Fitted attributes of the estimator."""
        return {}

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What was learned, as plain values."""

    @classmethod
    @abstractmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The target that had this state."""


class Classes(Target):
    """One class a sample.

    Parameters
    ----------
    labels : array-like
        Labels of all classes, in any order, with or without duplicates.
    """

    criterion = CrossEntropy
    estimator_type = "classifier"

    def __init__(self, labels: ArrayLike) -> None:
        self.encoder = LabelEncoder().fit(labels)
        self.classes: NDArray[Any] = self.encoder.classes_
        self.n_outputs = len(self.classes)

    @classmethod
    def check(cls, y: Any, estimator: Any) -> NDArray[Any]:
        refuse_collections(y)
        if Labels.recognises(y):  # in training on, since a first fit would have learned labels
            raise ValueError(
                "y has several columns, but the first fit saw one class a sample. Give y of shape "
                "(n_samples,), or fit a new estimator."
            )
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y", estimator=estimator)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        return np.asarray(y)

    @classmethod
    def learn(
        cls,
        y: NDArray[Any],
        sample_weight: NDArray[Any] | None,
        estimator: Any,
        classes: ArrayLike | None = None,
    ) -> Self:
        target = cls(y if classes is None else classes)
        if target.n_outputs < 2:
            at_positions = estimator.target == "position"
            raise ValueError(
                f"{type(estimator).__name__} needs samples of at least 2 classes in y, but found "
                f"one class: {target.classes.tolist()[0]!r}."
                + (" -1 marks a position without a label." if at_positions else "")
            )
        return target

    def encode(self, y: NDArray[Any], dtype: torch.dtype) -> torch.Tensor:
        unseen = np.setdiff1d(y, self.classes)
        if unseen.size:
            raise ValueError(
                f"y holds labels {unseen.tolist()} that the first fit did not see; it saw "
                f"{self.classes.tolist()}. Fit a new estimator, or give all classes at first."
            )
        return torch.from_numpy(self.encoder.transform(y).astype(np.int64))

    def decode(self, encoded: torch.Tensor) -> NDArray[Any]:
        return self.classes[encoded.cpu().numpy()]

    def outcome(self, outputs: torch.Tensor) -> torch.Tensor:
        return outputs.double().softmax(1)

    def log_outcome(self, outputs: torch.Tensor) -> torch.Tensor:
        return outputs.double().log_softmax(1)

    def predictions(self, outputs: torch.Tensor) -> NDArray[Any]:
        labels: NDArray[Any]
        if self.n_outputs == 2:  # without argmax, which takes ten times as long
            second = (outputs[:, 1] > outputs[:, 0]).numpy()
            labels = np.where(second, self.classes[1:], self.classes[:1])
        else:
            labels = self.classes[outputs.argmax(1).numpy()]
        return labels

    def baseline_loss(self, data: LabelledSamples) -> float:
        return math.log(self.n_outputs)

    def strata(self, y: NDArray[Any]) -> NDArray[Any]:
        return y

    def loss_weight(
        self, y: NDArray[Any], sample_weight: NDArray[Any] | None, estimator: Any
    ) -> NDArray[Any] | None:
        class_weight = estimator.class_weight
        if class_weight is None:
            return sample_weight
        weight = np.asarray(compute_sample_weight(class_weight, y))
        if not (np.isfinite(weight).all() and (weight >= 0).all() and weight.any()):
            raise ValueError(
                f"class_weight={class_weight!r} must give each class a finite weight of 0 or "
                "more, and at least one class a weight above 0."
            )
        return weight if sample_weight is None else weight * sample_weight

    def attributes(self) -> dict[str, Any]:
        return {"classes_": self.classes}

    def state(self) -> dict[str, Any]:
        return {"classes": self.classes}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        return cls(state["classes"])


class Labels(Target):
    """Several labels a sample, each present or not.

    Parameters
    ----------
    n_labels : int
    """

    criterion = BinaryCrossEntropy
    estimator_type = "classifier"

    def __init__(self, n_labels: int) -> None:
        self.n_outputs = n_labels

    @classmethod
    def recognises(cls, y: Any) -> bool:
        """Whether y has several columns, whatever is in them."""
        try:
            shape = y.shape if hasattr(y, "shape") else np.asarray(y).shape
        except ValueError:  # rows of different lengths
            return False
        return len(shape) == 2 and shape[1] > 1

    @classmethod
    def check(cls, y: Any, estimator: Any) -> NDArray[Any]:
        y = check_array(
            y,
            accept_sparse="csr",
            ensure_2d=False,
            allow_nd=True,
            dtype=None,
            input_name="y",
            estimator=estimator,
        )
        y = y.toarray() if sparse.issparse(y) else np.asarray(y)
        others = y[~np.isin(y, (0, 1))] if y.dtype.kind in "biufO" else y.ravel()
        if others.size:
            raise ValueError(
                f"y of shape {y.shape} must hold a column of 0 and 1 for each label, but it holds "
                f"{others.tolist()[0]!r}. Encode names of labels by MultiLabelBinarizer, fit one "
                "classifier a column (MultiOutputClassifier) if columns hold classes, and a "
                "regressor if they hold numbers."
            )
        return y.astype(np.float64)

    @classmethod
    def learn(
        cls,
        y: NDArray[Any],
        sample_weight: NDArray[Any] | None,
        estimator: Any,
        classes: ArrayLike | None = None,
    ) -> Self:
        n_labels = y.shape[1]
        if classes is None:
            seen = y if sample_weight is None else y[sample_weight > 0]
            if (seen.sum(1) == 1).all():
                raise ValueError(
                    f"y looks one-hot encoded ({n_labels} classes): each row has exactly one 1. "
                    "Pass y.argmax(axis=1), one class a sample."
                )
        elif not np.array_equal(np.unique(classes), np.arange(n_labels)):
            raise ValueError(
                f"classes={classes!r}, but y has {n_labels} labels. Give "
                f"classes=np.arange({n_labels}), or the columns of a data frame y."
            )
        return cls(n_labels)

    def encode(self, y: NDArray[Any], dtype: torch.dtype) -> torch.Tensor:
        if y.shape[1:] != (self.n_outputs,):
            raise ValueError(
                f"y has shape {y.shape}, but the first fit saw {self.n_outputs} labels. Give y of "
                f"shape (n_samples, {self.n_outputs}), or fit a new estimator."
            )
        return torch.from_numpy(y).to(dtype)

    def decode(self, encoded: torch.Tensor) -> NDArray[Any]:
        return np.asarray(encoded.cpu().numpy().astype(int))

    def outcome(self, outputs: torch.Tensor) -> torch.Tensor:
        return outputs.double().sigmoid()

    def log_outcome(self, outputs: torch.Tensor) -> torch.Tensor:
        return nn.functional.logsigmoid(outputs.double())

    def predictions(self, outputs: torch.Tensor) -> NDArray[Any]:
        return np.asarray((self.outcome(outputs) > 0.5).numpy().astype(int))

    def baseline_loss(self, data: LabelledSamples) -> float:
        target = data.target.double().numpy()
        weight = None if data.weight is None else data.weight.double().numpy()
        # One more sample with each label and one without: a constant label has a loss as well.
        share = (1 + len(target) * np.average(target, axis=0, weights=weight)) / (2 + len(target))
        return float((entr(share) + entr(1 - share)).mean())

    def loss_weight(
        self, y: NDArray[Any], sample_weight: NDArray[Any] | None, estimator: Any
    ) -> NDArray[Any] | None:
        if estimator.class_weight is not None:
            raise ValueError(
                f"class_weight={estimator.class_weight!r} is for one class a sample, but y has "
                f"{self.n_outputs} labels. Set class_weight=None, and weight samples by "
                "sample_weight."
            )
        return sample_weight

    def attributes(self) -> dict[str, Any]:
        # As objects, because scikit-learn's scorers take the integers 0 and 1 for the two classes
        # of one label, and drop the first of two columns.
        return {"classes_": np.arange(self.n_outputs, dtype=object)}

    def state(self) -> dict[str, Any]:
        return {"n_labels": self.n_outputs}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        return cls(state["n_labels"])


class Numbers(Target):
    """One number or several a sample.

    Parameters
    ----------
    shape : tuple of int
        Shape of the target of one sample: () or (n_outputs,).
    scaler : StandardScaler or None
        Means and scales of the outputs; None to leave y as it is.
    """

    criterion = SquaredError

    def __init__(self, shape: tuple[int, ...], scaler: StandardScaler | None) -> None:
        self.shape = shape
        self.scaler = scaler
        self.n_outputs = math.prod(shape)

    @classmethod
    def check(cls, y: Any, estimator: Any) -> NDArray[Any]:
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y", estimator=estimator)
        if y.ndim > 2:
            raise ValueError(f"y must have shape (n,) or (n, n_outputs), got {y.shape}.")
        return np.asarray(y)

    @classmethod
    def learn(
        cls,
        y: NDArray[Any],
        sample_weight: NDArray[Any] | None,
        estimator: Any,
        classes: ArrayLike | None = None,
    ) -> Self:
        scaler = None
        if estimator.standardize:
            scaler = new_scaler()
            with finite_scale(scaler, "y"):
                scaler.fit(_as_columns(y), sample_weight=sample_weight)
        return cls(y.shape[1:], scaler)

    def encode(self, y: NDArray[Any], dtype: torch.dtype) -> torch.Tensor:
        if y.shape[1:] != self.shape:
            raise ValueError(
                f"y has targets of shape {y.shape[1:]}, but the first fit saw {self.shape}."
            )
        columns = _as_columns(y)
        if self.scaler is not None:
            columns = self.scaler.transform(columns)
        return torch.from_numpy(columns).to(dtype)

    def decode(self, encoded: torch.Tensor) -> NDArray[Any]:
        return np.asarray(self.outcome(encoded.cpu().double()).numpy())

    def outcome(self, outputs: torch.Tensor) -> torch.Tensor:
        if self.scaler is None:
            predicted = outputs.double()
        else:  # both are float64
            scale, mean = self.scaler.scale_, self.scaler.mean_
            predicted = (outputs * torch.from_numpy(scale)).add_(torch.from_numpy(mean))
        return predicted.reshape(-1, *self.shape)

    def baseline_loss(self, data: LabelledSamples) -> float:
        target = data.target.double().numpy()
        weight = None if data.weight is None else data.weight.double().numpy()
        mean = np.average(target, axis=0, weights=weight)
        return float(np.average((target - mean) ** 2, axis=0, weights=weight).mean()) or math.inf

    def state(self) -> dict[str, Any]:
        return {"shape": self.shape, "scaler": scaler_state(self.scaler)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        return cls(state["shape"], scaler_from_state(state["scaler"]))


def check_values(y: Any, task: str, user: str) -> NDArray[Any]:
    """y as an array, as the estimators of a task take it, or an error that says what is wrong."""
    target: type[Target] = Numbers
    if task == "classification":
        target = Labels if Labels.recognises(y) else Classes
    return target.check(y, user)


def refuse_collections(y: Any) -> None:
    """Raise an error if the entries of y are collections, such as lists of labels, or None."""
    if getattr(y, "dtype", np.dtype(object)) != np.dtype(object):
        return
    entries = np.asarray(y, dtype=object)
    collections = (list, tuple, set, frozenset, np.ndarray)
    if entries.ndim == 1 and any(isinstance(entry, collections) for entry in entries):
        raise ValueError(
            "y holds a collection of labels for each sample. Pass "
            "MultiLabelBinarizer().fit_transform(y), which has a column of 0 and 1 for each label."
        )
    missing = [i for i, entry in enumerate(entries) if entry is None or entry is pd.NA]
    if entries.ndim == 1 and missing:
        raise ValueError(
            f"y contains {entries[missing[0]]!r}, {len(missing)} times, first at {missing[0]}. "
            "Drop these samples, or give them a label of their own, such as 'none'."
        )


def _as_columns(y: NDArray[Any]) -> NDArray[Any]:
    return y.reshape(len(y), -1)
