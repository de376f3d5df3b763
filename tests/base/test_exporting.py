"""An ONNX model predicts what the estimator predicts, in another runtime."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from conftest import ESTIMATORS, optional
from sklearn.exceptions import NotFittedError
from sklearn.utils.fixes import parse_version

import ibestimators
from ibestimators import (
    AttentionClassifier,
    ConvClassifier,
    GraphClassifier,
    MLPClassifier,
    MLPRegressor,
)
from ibestimators.testing import _data as kinds

runtime = optional("onnxruntime")
if parse_version(torch.__version__) < parse_version("2.6"):
    pytest.skip("torch before 2.6 cannot export these", allow_module_level=True)


def run(path, X):
    session = runtime.InferenceSession(str(path))
    (output,) = session.run(None, {"X": np.ascontiguousarray(X, dtype=np.float64)})
    return output, session


def check(est, X, tmp_path):
    path = tmp_path / "model.onnx"
    est.to_onnx(path)
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]
    unit = np.abs(kinds.outputs(est, X)).max(0)  # float32 has seven digits of the largest output
    for n in (1, 2, 7, len(X)):
        output, _ = run(path, X[:n])
        expected = kinds.outputs(est, X[:n])
        assert output.shape == expected.shape
        np.testing.assert_allclose(output / unit, expected / unit, rtol=1e-5, atol=1e-5)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["table", "series", "images", "volumes"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_on_every_kind_of_array(name, kind, tmp_path):
    X = kinds.KINDS[kind]() * 50 + 1e6  # float32 would not tell the samples apart
    est = getattr(ibestimators, name)(max_epochs=2, random_state=0)
    check(est.fit(X, kinds.targets(name[-10:].lower())), X, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "est",
    [
        *(GraphClassifier(aggregation=a) for a in ("mean", "max", "attention")),
        *(ibestimators.RecurrentClassifier(cell=c) for c in ("rnn", "lstm")),
        *(ibestimators.RecurrentClassifier(bidirectional=b, n_layers=1) for b in (False, True)),
        ibestimators.RecurrentClassifier(cell="gru", bidirectional=True, n_layers=2),
        AttentionClassifier(mask="local", window=2),
        AttentionClassifier(position="rotary", readout="cls"),
        AttentionClassifier(patch_size=3, patch_stride=2),
        AttentionClassifier(position="sinusoidal", mask="causal"),
        ConvClassifier(normalization=None, activation="gelu", readout="max"),
        ConvClassifier(n_filters=(4,), kernel_size=((2, 3),)),
        *(
            ibestimators.RecurrentClassifier(cell=c, dtype="float64")
            for c in ("rnn", "gru", "lstm")
        ),
    ],
    ids=str,
)
def test_choices_of_layers(est, tmp_path):
    X = kinds.KINDS["series"]()
    est.set_params(max_epochs=1, random_state=0)
    check(est.fit(X, kinds.targets("classifier")), X, tmp_path)


def test_the_default_recurrence_in_the_ordinary_run(tmp_path):
    X, y = kinds.KINDS["series"](), kinds.targets("classifier")
    est = ibestimators.RecurrentClassifier(max_epochs=1, random_state=0).fit(X, y)
    assert est.cell == "mingru"
    check(est, X, tmp_path)


def test_one_in_the_ordinary_run(tmp_path):
    X, y = kinds.KINDS["series"](), kinds.targets("classifier")
    est = ConvClassifier(max_epochs=1, random_state=0).fit(X, y)
    path = check(est, X, tmp_path)
    _, session = run(path, X)
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["classes"]) == ["no", "yes"]
    assert metadata["estimator"] == "ConvClassifier"
    assert [entry.name for entry in session.get_outputs()] == ["probabilities"]
    assert session.get_inputs()[0].shape[1:] == [6, 2]
    assert est.module_.training in (True, False)
    np.testing.assert_array_equal(
        est.predict(X), np.array(["no", "yes"])[run(path, X)[0].argmax(1)]
    )


def test_units_of_several_targets_without_standardisation_of_x(tmp_path):
    X = kinds.KINDS["table"]()
    for standardize in (True, False):
        est = MLPRegressor(max_epochs=1, standardize=standardize, random_state=0)
        est.fit(X, np.column_stack([1e4 * X[:, 0], X[:, 1]]))
        check(est, X, tmp_path)
        (tmp_path / "model.onnx").unlink()


def test_labels(tmp_path):
    X, y = kinds.KINDS["table"](), np.arange(kinds.N_SAMPLES)[:, None] % [2, 3, 4] % 2
    est = MLPClassifier(max_epochs=1, random_state=0).fit(X, y)
    output, session = run(check(est, X, tmp_path), X)
    assert json.loads(session.get_modelmeta().custom_metadata_map["classes"]) == [0, 1, 2]
    np.testing.assert_array_equal(est.predict(X), output > 0.5)


def test_what_cannot_be_exported(tmp_path, monkeypatch):
    with pytest.raises(NotFittedError):
        ConvClassifier().to_onnx(tmp_path / "a")
    est = ConvClassifier(max_epochs=1).fit(kinds.ragged(), kinds.targets("classifier"))
    with pytest.raises(ValueError, match="fitted on sequences. Pad its samples"):
        est.to_onnx(tmp_path / "a")
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "ibestimators\[onnx\]"'):
        est.to_onnx(tmp_path / "a")
    assert not list(tmp_path.iterdir())
