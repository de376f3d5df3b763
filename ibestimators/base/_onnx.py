"""Export to ONNX: standardisation, network and outcome in one graph."""

from __future__ import annotations

import copy
import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from sklearn.base import is_classifier
from torch import nn

from ibestimators.base._estimator import Estimator
from ibestimators.base._fitted import Fitted
from ibestimators.structures import ArrayStructure
from ibestimators.writing import write_whole


class OnnxModel(nn.Module):
    """What `predict_proba`, or `predict` of a regressor, computes from unscaled samples.

    Parameters
    ----------
    fitted : Fitted
        Fitted on arrays.
    """

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, fitted: Fitted) -> None:
        super().__init__()
        self.network = copy.deepcopy(fitted.network).cpu()
        self.dtype = fitted.dtype
        if any(isinstance(module, nn.GRU | nn.LSTM) for module in self.network.modules()):
            # ONNX Runtime has no gated recurrences in float64.
            self.network, self.dtype = self.network.float(), torch.float32
        self.outcome = fitted.target.of_rows.outcome
        assert isinstance(fitted.structure, ArrayStructure)
        scaler = fitted.structure.scaler
        self.standardize = scaler is not None
        if scaler is not None:
            self.register_buffer("mean", torch.from_numpy(scaler.mean_.copy()))
            self.register_buffer("scale", torch.from_numpy(scaler.scale_.copy()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (n, *sample_shape) in float64
        if self.standardize:
            x = (x - self.mean) / self.scale
        return self.outcome(self.network(x=x.to(self.dtype)))  # (n, n_classes) or (n, *outputs)


def to_onnx(estimator: Estimator, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator; see `Estimator.to_onnx`."""
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f'to_onnx needs more libraries ({error}): pip install "ibestimators[onnx]"'
        ) from error
    fitted = estimator._fitted
    if not isinstance(fitted.structure, ArrayStructure):
        raise ValueError(
            f"to_onnx is for estimators fitted on arrays, but this {type(estimator).__name__} was "
            f"fitted on {fitted.structure.kind}. Pad its samples to one shape, or use save."
        )
    if fitted.at_positions:
        raise ValueError(
            f"to_onnx is for one output a sample, but this {type(estimator).__name__} has "
            "target='position'. Use save."
        )
    # Two samples: torch treats an axis of size 1 as a constant.
    example = torch.zeros(2, *fitted.structure.sample_shape, dtype=torch.float64)
    output = "probabilities" if is_classifier(estimator) else "predictions"
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            OnnxModel(fitted).eval(),
            (example,),
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("n")},),
            input_names=["X"],
            output_names=[output],
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    for name, value in _metadata(estimator).items():
        model.metadata_props.add(key=name, value=value)
    write_whole(Path(path), model.SerializeToString())


def _metadata(estimator: Any) -> dict[str, str]:
    metadata = {
        "estimator": type(estimator).__name__,
        "ibestimators": version("ibestimators"),
        "n_features_in": str(getattr(estimator, "n_features_in_", estimator.sample_shape_[-1])),
    }
    if is_classifier(estimator):
        metadata["classes"] = json.dumps(estimator.classes_.tolist(), default=str)
    return metadata


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the exporter's messages about itself and about optional libraries."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
