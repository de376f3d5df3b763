"""Save a fitted estimator to one file, which has data and no code.

The file is in the safetensors format: numbers as tensors, and a JSON text in the header with
the class, its parameters, the fitted state, and the versions of the libraries that wrote it.
The reader builds objects of this package and of scikit-learn with their constructors. No entry of
the file is imported or called, so a file from an untrusted source can be wrong but cannot execute
code. `docs/trust.md` describes the guarantees.

The state is a tree of plain values: None, booleans, numbers, strings, lists, tuples,
dictionaries, numpy arrays, and graphs as their nodes and edges.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as safetensors_bytes
from scipy import sparse

from ibestimators.base._estimator import Estimator
from ibestimators.writing import write_whole

SCHEMA = 3
_KEY = "ibestimators"
_LIBRARIES = (_KEY, "torch", "scikit-learn", "numpy", "skorch")


def save(estimator: Estimator, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator; see `Estimator.save`."""
    if Path(path).is_dir():
        raise IsADirectoryError(f"{path} is a folder. Pass the path of a file.")
    if not type(estimator).__module__.startswith(f"{__package__.partition('.')[0]}."):
        raise TypeError(
            f"{type(estimator).__name__} is a class of your own, and the file holds no code: "
            "`load` would not know it. Use pickle, or save an estimator of this package."
        )
    estimator._validate_params()  # a parameter changed after fit might be invalid
    tensors: dict[str, torch.Tensor] = {}
    state = estimator.__getstate__()
    header = {
        "schema": SCHEMA,
        "class": type(estimator).__name__,
        "versions": {name: version(name) for name in _LIBRARIES},
        "parameters": {
            name: _pack(value, f"parameter {name}", tensors)
            for name, value in state["parameters"].items()
            if name != "callbacks"
        },
        "fitted": _pack(state["learned"], "fitted", tensors),
    }
    for name, value in state["weights"].items():
        tensors[f"module.{name}"] = torch.from_numpy(value.copy())
    text = json.dumps(header, sort_keys=True)
    # One entry, since the order of several entries is not deterministic in safetensors.
    metadata = {_KEY: f"{_digest(text, tensors)} {text}"}
    write_whole(Path(path), safetensors_bytes(tensors, metadata))


def read_estimator(
    path: str | os.PathLike[str], classes: Mapping[str, type[Estimator]], device: str | None = None
) -> Estimator:
    """Read a fitted estimator; see `ibestimators.load`.

    Parameters
    ----------
    path : str or path-like
    classes : dict of str to type
        The estimators that may be read, by name.
    device : str or None, default=None
        Replaces the parameter `device`.
    """
    path = Path(path)
    text, tensors = _read(path)
    try:
        return _build(_header(text), tensors, classes, device)
    except (json.JSONDecodeError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        raise ValueError(
            f"{path} is inconsistent ({type(error).__name__}: {error}). It was not written by "
            "`save`, or by another version. Save the estimator again."
        ) from error
    except ValueError as error:
        raise ValueError(f"{path} cannot be loaded: {error}") from error


def _read(path: Path) -> tuple[str, dict[str, torch.Tensor]]:
    """Header and tensors of a file, after checking that it is complete and unchanged."""
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(
            f"{path} is not a complete safetensors file ({error}). It may be truncated or in "
            "another format. Copy it again, or write it again with `save`."
        ) from error
    if _KEY not in metadata:
        raise ValueError(
            f"{path} is a safetensors file, but it was not written by ibestimators. Pass a file "
            "written by `save`."
        )
    digest, _, text = metadata[_KEY].partition(" ")
    if digest != _digest(text, tensors):
        raise ValueError(
            f"{path} has changed since it was written: its checksum does not match. Copy it "
            "again from its source."
        )
    return text, tensors


def _header(text: str) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(text)
    if header["schema"] > SCHEMA:
        raise ValueError(
            f"it has schema {header['schema']}, written by ibestimators "
            f"{header['versions'][_KEY]}; this is {version(_KEY)}, which reads up to {SCHEMA}. "
            "Upgrade ibestimators."
        )
    return header


def _build(
    header: dict[str, Any],
    tensors: dict[str, torch.Tensor],
    classes: Mapping[str, type[Estimator]],
    device: str | None,
) -> Estimator:
    if header["class"] not in classes:
        raise ValueError(f"it holds a {header['class']!r}, which is none of {sorted(classes)}.")
    params = {name: _unpack(value, tensors) for name, value in header["parameters"].items()}
    state = _unpack(header["fitted"], tensors)
    if header["schema"] < 3:
        built_with = state.get("built_with", {})
        built = _parameters_since_schema_3(header["class"], params | built_with, state)
        state["built_with"] = {name: built[name] for name in built_with}
        params = _parameters_since_schema_3(header["class"], params, state)
    if device is not None:
        params["device"] = device
    estimator = classes[header["class"]](**params)
    estimator._validate_params()
    weights = {
        name.removeprefix("module."): value
        for name, value in tensors.items()
        if name.startswith("module.")
    }
    if header["schema"] == 1:
        weights = {_name_since_schema_2(name): value for name, value in weights.items()}
    if header["schema"] < 3 and "encoder.identities.weight" in weights:
        weights["encoder.scales.weight"] = torch.zeros_like(weights["encoder.identities.weight"])
    estimator._restore(state, weights)
    return estimator


def _parameters_since_schema_3(
    name: str, params: dict[str, Any], state: dict[str, Any]
) -> dict[str, Any]:
    """Parameters of schema 2: no embedding of columns, no overlap of patches, no residuals.

    What `None` and 'auto' stood for depended on what X was, as it does now.
    """
    if name.startswith(("MLP", "Attention")):
        params = params | {"column_embedding": None}
    if name.startswith("Graph"):
        params = params | {"residual": False}
    if name.startswith("Attention") and params.get("patch_size") is None:
        is_signal = len(state["structure"].get("sample_shape", ())) <= 2
        params["patch_size"] = 1 if is_signal else "auto"
    if name.startswith("Recurrent") and params.get("readout", "auto") == "auto":
        params = params | {"readout": "flatten" if state["kind"] == "array" else "last"}
    return params


def _name_since_schema_2(name: str) -> str:
    """The current name of a weight of schema 1, when networks had no encoder and readout."""
    name = name.removeprefix("network.")  # the network behind the embedding of tokens
    if name.startswith(("embedding.", "readout.")):
        return name
    if name.startswith(("dense.", "head.")):
        return f"readout.head.{name.partition('.')[2]}"
    return f"encoder.{name}"


def _digest(text: str, tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 of the whole content of a file."""
    sha = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        value = tensors[name]
        sha.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        sha.update(value.contiguous().numpy().tobytes())
    return sha.hexdigest()


def _pack(value: Any, where: str, tensors: dict[str, torch.Tensor]) -> Any:
    """A value as JSON; arrays of numbers are moved to `tensors` and replaced with their names."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_pack(item, where, tensors) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [_pack(item, where, tensors) for item in value]}
    if isinstance(value, dict):
        pairs = [[_pack(k, where, tensors), _pack(v, where, tensors)] for k, v in value.items()]
        return {"dict": pairs}
    if isinstance(value, np.ndarray):
        return _pack_array(value, where, tensors)
    if isinstance(value, np.random.RandomState):
        return {"random_state": _pack(value.get_state(legacy=True), where, tensors)}
    if isinstance(value, nx.Graph):
        form = "directed" if value.is_directed() else "undirected"
        parts = (list(value.nodes), [tuple(edge) for edge in value.edges()])
        return {form: _pack(parts, where, tensors)}
    if sparse.issparse(value):
        m = sparse.coo_array(value)
        return {"sparse": _pack((m.shape, m.row, m.col, m.data), where, tensors)}
    raise TypeError(
        f"{where} has the value {value!r} of type {type(value).__name__}, which cannot be saved: "
        "a file has data only. Use numbers, strings, arrays or graphs of these."
    )


def _pack_array(value: NDArray[Any], where: str, tensors: dict[str, torch.Tensor]) -> Any:
    if value.dtype.kind in "OUS":
        items = [_pack(item, where, tensors) for item in value.ravel().tolist()]
        return {"items": items, "dtype": value.dtype.str, "shape": list(value.shape)}
    plain = np.array(value, order="C")
    if plain.dtype.kind == "u" and plain.itemsize > 1:  # not in all versions of safetensors
        plain = plain.view(f"i{plain.itemsize}")
    try:
        tensor = torch.from_numpy(plain)
    except TypeError as error:
        raise TypeError(
            f"{where} is an array of type {value.dtype}, which cannot be saved. Use numbers or "
            "strings."
        ) from error
    name = f"data.{len(tensors)}"
    tensors[name] = tensor
    return {"array": name, "dtype": value.dtype.str}


def _unpack(value: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    if isinstance(value, list):
        return [_unpack(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return tensors[value["array"]].numpy().astype(value["dtype"], copy=True)
    if "items" in value:
        array = np.empty(len(value["items"]), dtype=value["dtype"])
        array[:] = [_unpack(item, tensors) for item in value["items"]]
        return array.reshape(value["shape"])
    ((form, content),) = value.items()
    if form == "dict":
        return {_unpack(k, tensors): _unpack(v, tensors) for k, v in content}
    content = _unpack(content, tensors)
    if form == "tuple":
        return tuple(content)
    if form == "random_state":
        state = np.random.RandomState()
        state.set_state(content)
        return state
    if form in ("directed", "undirected"):
        graph = nx.DiGraph() if form == "directed" else nx.Graph()
        nodes, edges = content
        graph.add_nodes_from(nodes)
        graph.add_edges_from(edges)
        return graph
    if form == "sparse":
        shape, row, col, data = content
        return sparse.coo_array((data, (row, col)), shape=shape)
    raise KeyError(f"unknown type of value {form!r}")
