"""Readers for common file formats of time series, graphs and arrays."""

from __future__ import annotations

import zipfile
from os import PathLike
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

Data = tuple[Any, NDArray[Any]]


def read_ts(path: str | PathLike[str]) -> Data:
    r"""Read a time series file of the UCR and UEA archives.

    Parameters
    ----------
    path : path
        A ``.ts`` file without time stamps and missing values.

    Returns
    -------
    X : ndarray of shape (n_samples, n_steps, n_features) or list of ndarray
        An array if all series have the same length, else a list of (n_steps_i, n_features).
    y : ndarray of shape (n_samples,)
        Class labels as str, or numbers if the file has a ``@targetlabel``.

    Raises
    ------
    ValueError
        If the file has an invalid format; the message names the line.

    References
    ----------
    Bagnall et al., "The UEA multivariate time series classification archive" (2018),
    timeseriesclassification.com.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from ibestimators.datasets import read_ts
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "toy.ts"
    >>> _ = path.write_text("@classLabel true up down\n@data\n1,2,3:0,0,0:up\n3,2:0,0:down\n")
    >>> X, y = read_ts(path)
    >>> [x.shape for x in X], y.tolist()
    ([(3, 2), (2, 2)], ['up', 'down'])
    """
    header: dict[str, str] = {}
    samples, labels, in_data = [], [], False
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        where = f"{path}, line {number}"
        if not line or line.startswith(("#", "%")):
            continue
        if in_data:
            *dimensions, label = line.split(":")
            samples.append(_series(dimensions, where))
            labels.append(label.strip())
        elif line.startswith("@"):
            key, _, value = line[1:].partition(" ")
            header[key.lower()] = value.strip().lower()
            in_data = key.lower() == "data"
        else:
            raise ValueError(f"{where}: data before the line '@data'; this is not a .ts file.")
    if not samples:
        raise ValueError(f"{path}: no series after the line '@data'; this is not a .ts file.")
    if header.get("timestamps") == "true":
        raise ValueError(
            f"{path}: time stamps are not supported; resample the series at equal intervals."
        )
    features = {sample.shape[1] for sample in samples}
    if len(features) > 1:
        raise ValueError(
            f"{path}: series have {sorted(features)} dimensions, but all must have the same number."
        )
    y = _labels(np.array(labels), header, path)
    return (np.stack(samples) if len({len(x) for x in samples}) == 1 else samples), y


def _labels(y: NDArray[Any], header: dict[str, str], path: str | PathLike[str]) -> NDArray[Any]:
    """Class labels, or numbers if the header declares a target."""
    if header.get("targetlabel", "false").startswith("true"):
        try:
            return y.astype(np.float64)
        except ValueError as error:
            raise ValueError(f"{path}: a target is not a number: {error}") from error
    if not header.get("classlabel", "true").startswith("true"):
        raise ValueError(f"{path}: the file has no labels to predict.")
    return y


def _series(dimensions: list[str], where: str) -> NDArray[np.float64]:
    if not dimensions:
        raise ValueError(f"{where}: no ':' between a series and its label.")
    try:
        columns = [np.array(text.split(","), dtype=np.float64) for text in dimensions]
    except ValueError as error:
        raise ValueError(
            f"{where}: {error}. Missing values (?) and time stamps are not supported; impute or "
            "remove them."
        ) from error
    if not all(np.isfinite(column).all() for column in columns):
        raise ValueError(f"{where}: missing or infinite values are not supported; impute them.")
    if len({len(column) for column in columns}) > 1:
        raise ValueError(
            f"{where}: dimensions of {[len(c) for c in columns]} steps, but all must have the same "
            "length."
        )
    return np.stack(columns, 1)


def read_tudataset(path: str | PathLike[str]) -> Data:
    """Read a folder of the TUDataset collection of graphs.

    Parameters
    ----------
    path : path
        The folder, with ``NAME_A.txt``, ``NAME_graph_indicator.txt``,
        ``NAME_graph_labels.txt`` (or ``NAME_graph_attributes.txt``, for a regression) and,
        optionally, labels and attributes of nodes and edges.

    Returns
    -------
    X : list of networkx.Graph
        Labels are categories in the attribute ``label``; numbers are in ``attributes``.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)

    Raises
    ------
    ValueError
        If a file is missing, or the files are inconsistent.

    References
    ----------
    Morris et al., "TUDataset: a collection of benchmark datasets for learning with
    graphs" (2020), graphlearning.io.
    """
    folder = Path(path)
    found = sorted(folder.glob("*_A.txt"))
    if len(found) != 1:
        raise ValueError(f"{path}: expected one file NAME_A.txt, found {len(found)}.")
    name = found[0].name.removesuffix("_A.txt")

    def table(what: str) -> NDArray[Any] | None:
        return _table(folder / f"{name}_{what}.txt", what)

    edges, owner = table("A"), table("graph_indicator")
    y = table("graph_labels")
    y = table("graph_attributes") if y is None else y
    if edges is None or owner is None or y is None:
        raise ValueError(
            f"{path}: {name}_graph_indicator.txt and {name}_graph_labels.txt, or "
            f"{name}_graph_attributes.txt, are required."
        )
    owner = owner[:, 0] - 1
    _check_edges(edges, owner, len(y), path)
    nodes = _attributes(
        table("node_labels"), table("node_attributes"), len(owner), f"{path}, nodes"
    )
    links = _attributes(
        table("edge_labels"), table("edge_attributes"), len(edges), f"{path}, edges"
    )
    # Undirected if every edge is listed in both directions, with the same attributes.
    found_links = {(a, b): str(link) for (a, b), link in zip(edges, links, strict=True)}
    both_ways = all(found_links.get((b, a)) == link for (a, b), link in found_links.items())
    graphs = [(nx.Graph if both_ways else nx.DiGraph)() for _ in y]
    for node, (graph, attributes) in enumerate(zip(owner, nodes, strict=True), 1):
        graphs[graph].add_node(node, **attributes)
    for (a, b), attributes in zip(edges, links, strict=True):
        graphs[owner[a - 1]].add_edge(int(a), int(b), **attributes)
    return graphs, (y[:, 0] if y.shape[1] == 1 else y)


def _table(file: Path, what: str) -> NDArray[Any] | None:
    """Comma-separated numbers or labels; None if the file does not exist."""
    if not file.is_file():
        return None
    try:
        content = pd.read_csv(file, header=None, skipinitialspace=True).to_numpy()
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    whole = what in ("A", "graph_indicator")
    if content.dtype.kind not in ("iu" if whole else "iufO" if "labels" in what else "iuf"):
        raise ValueError(
            f"{file}: expected comma-separated {'integers' if whole else 'numbers'}, such as 1, 2, "
            f"but the first line contains {content[0].tolist()}."
        )
    return content


def _check_edges(
    edges: NDArray[Any], owner: NDArray[Any], n_graphs: int, path: str | PathLike[str]
) -> None:
    fit = edges.shape[1] == 2 and owner.min() == 0 and n_graphs == owner.max() + 1
    if not fit or edges.min() < 1 or edges.max() > len(owner):
        raise ValueError(
            f"{path}: the files are inconsistent: {n_graphs} targets, graphs {owner.min() + 1} "
            f"to {owner.max() + 1}, {len(owner)} nodes, "
            f"edges between nodes {edges.min()} and {edges.max()}."
        )
    across = np.flatnonzero(owner[edges[:, 0] - 1] != owner[edges[:, 1] - 1])
    if across.size:
        raise ValueError(
            f"{path}: the edge {edges[across[0]].tolist()} connects nodes of two graphs; every "
            "edge must be within one graph."
        )


def _attributes(
    labels: NDArray[Any] | None, numbers: NDArray[Any] | None, n: int, where: str
) -> list[dict[str, Any]]:
    for table in (labels, numbers):
        if table is not None and len(table) != n:
            raise ValueError(
                f"{where}: expected {n} rows of labels or attributes, found {len(table)}."
            )
    rows: list[dict[str, Any]] = [{} for _ in range(n)]
    if labels is not None:
        for row, values in zip(rows, labels, strict=True):
            row["label"] = " ".join(str(value) for value in values)
    if numbers is not None:
        for row, values in zip(rows, numbers.astype(np.float64), strict=True):
            row["attributes"] = values
    return rows


def read_npz(path: str | PathLike[str], target: str = "y") -> Data:
    """Read arrays from an ``.npz`` file.

    Parameters
    ----------
    path : path
        A file with the arrays ``X`` and `target`. For samples of different lengths, ``X``
        contains the concatenated rows of all samples, and an array ``lengths`` the number of
        rows of each sample: floats (rows, features) are sequences, integers (rows,) tokens.
    target : str, default="y"
        Name of the array to predict.

    Returns
    -------
    X : ndarray of shape (n_samples, ...) or list of ndarray
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)

    Raises
    ------
    ValueError
        If the file has an invalid format. Pickled objects are never loaded.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from ibestimators.datasets import read_npz
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "toy.npz"
    >>> np.savez(path, X=np.arange(5), lengths=[2, 3], y=[0, 1])
    >>> read_npz(path)[0]
    [array([0, 1]), array([2, 3, 4])]
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            content = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: not an .npz file of plain arrays") from error
    for name in ("X", target):
        if name not in content:
            raise ValueError(
                f"{path}: no array {name!r}; the arrays are {', '.join(content) or 'none'}"
            )
    X, y = content["X"], content[target]
    if target == "X":
        raise ValueError(f"{path}: the target must not be the array X; name another array")
    if X.dtype.kind not in "biuf" or (X.ndim < 2 and "lengths" not in content):
        raise ValueError(
            f"{path}: array X must contain numbers and have at least 2 axes, samples first; "
            f"it has shape {X.shape} and type {X.dtype}"
        )
    if "lengths" in content:
        X = _pieces(X, content["lengths"], path)
    if y.ndim not in (1, 2) or len(X) != len(y):
        raise ValueError(
            f"{path}: array {target} has shape {y.shape}, X {getattr(X, 'shape', len(X))}; "
            "both need one entry or row per sample"
        )
    for name, values in (("X", content["X"]), (target, y)):
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(f"{path}: array {name} has missing or infinite values")
    return X, y


def _pieces(X: NDArray[Any], lengths: NDArray[Any], path: Any) -> list[NDArray[Any]]:
    if X.ndim != 2 and not (X.ndim == 1 and X.dtype.kind in "iu"):
        raise ValueError(
            f"{path}: with lengths, X must have shape (rows, features), or (rows,) for integer "
            f"tokens; it has shape {X.shape} and type {X.dtype}"
        )
    if lengths.ndim != 1 or lengths.dtype.kind not in "iu" or (lengths < 1).any():
        raise ValueError(f"{path}: array lengths must contain one positive integer per sample")
    if lengths.sum() != len(X):
        raise ValueError(
            f"{path}: the sum of array lengths is {lengths.sum()}, but X has {len(X)} rows"
        )
    return np.split(X, lengths.cumsum()[:-1])
