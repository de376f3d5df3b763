"""Readers for common file formats of graphs and arrays."""

from __future__ import annotations

import zipfile
from os import PathLike
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ibestimators.datasets._data import Data


def read_tudataset(path: str | PathLike[str], *, samples_only: bool = False) -> Data:
    """Read a folder of the TUDataset collection of graphs.

    Parameters
    ----------
    path : path
        The folder, with ``NAME_A.txt``, ``NAME_graph_indicator.txt``,
        ``NAME_graph_labels.txt`` (or ``NAME_graph_attributes.txt``, for a regression) and,
        optionally, labels and attributes of nodes and edges; or a folder in which PyTorch Geometric
        keeps such files, in one called ``raw``.
    samples_only : bool, default=False
        Whether to read X alone, from files with or without targets; y is None then.

    Returns
    -------
    Data
        The pair X, y. X is a list of networkx.Graph: labels are categories in the attribute
        ``label``, numbers are in ``attributes``. y is an ndarray of shape (n_samples,) or
        (n_samples, n_outputs). ``task`` is "classification" for labels, "regression" for
        attributes.

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
    found = sorted(folder.glob("*_A.txt")) or sorted(folder.glob("**/raw/*_A.txt"))
    if len(found) != 1:
        raise ValueError(f"{path}: expected one file NAME_A.txt, found {len(found)}.")
    folder, name = found[0].parent, found[0].name.removesuffix("_A.txt")

    def table(what: str) -> NDArray[Any] | None:
        return _table(folder / f"{name}_{what}.txt", what)

    edges, owner = table("A"), table("graph_indicator")
    y, task = None if samples_only else table("graph_labels"), "classification"
    if y is None and not samples_only:
        y, task = table("graph_attributes"), "regression"
    if edges is None or owner is None or (y is None and not samples_only):
        targets = f" and {name}_graph_labels.txt, or {name}_graph_attributes.txt, are"
        raise ValueError(
            f"{path}: {name}_graph_indicator.txt{' is' if samples_only else targets} required."
        )
    owner = owner[:, 0] - 1
    n_graphs = int(owner.max()) + 1 if y is None else len(y)
    _check_edges(edges, owner, n_graphs, path)
    nodes = _attributes(
        table("node_labels"), table("node_attributes"), len(owner), f"{path}, nodes"
    )
    links = _attributes(
        table("edge_labels"), table("edge_attributes"), len(edges), f"{path}, edges"
    )
    # Undirected if every edge is listed in both directions, with the same attributes.
    found_links = {(a, b): str(link) for (a, b), link in zip(edges, links, strict=True)}
    both_ways = all(found_links.get((b, a)) == link for (a, b), link in found_links.items())
    graphs = [(nx.Graph if both_ways else nx.DiGraph)() for _ in range(n_graphs)]
    for node, (graph, attributes) in enumerate(zip(owner, nodes, strict=True), 1):
        graphs[graph].add_node(node, **attributes)
    for (a, b), attributes in zip(edges, links, strict=True):
        graphs[owner[a - 1]].add_edge(int(a), int(b), **attributes)
    if y is None:
        return Data(graphs, None)
    return Data(graphs, y[:, 0] if y.shape[1] == 1 else y, task)


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


def read_npz(
    path: str | PathLike[str],
    target: str | None = None,
    samples: str | None = None,
    *,
    samples_only: bool = False,
) -> Data:
    """Read arrays from an ``.npz`` file.

    Parameters
    ----------
    path : path
        A file with the arrays `samples` and `target`. For samples of different lengths, the
        first contains the concatenated rows of all samples, and an array ``lengths`` the number of
        rows of each sample: floats (rows, features) are sequences, integers (rows,) tokens.
    target : str or None, default=None
        Name of the array to predict; None takes the first of y, Y, target, targets, label and
        labels that is in the file.
    samples : str or None, default=None
        Name of the array of samples; None takes the first of X, x, data and samples.
    samples_only : bool, default=False
        Whether to read X alone, from a file with or without a target; y is None then.

    Returns
    -------
    Data
        The pair X, y: X an ndarray of shape (n_samples, ...) or a list of ndarray, y an ndarray of
        shape (n_samples,) or (n_samples, n_outputs). A y at positions has the form of X without its
        features, NaN where there is no label; with ``lengths`` it has a row for each row of X.

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
    samples = _array_name(content, samples, ("X", "x", "data", "samples"), path)
    X = content[samples]
    _check_samples(X, samples, "lengths" in content, path)
    if samples_only:
        return Data(_pieces(X, content["lengths"], path) if "lengths" in content else X, None)
    target = _array_name(content, target, ("y", "Y", "target", "targets", "label", "labels"), path)
    y = content[target]
    if target == samples:
        raise ValueError(f"{path}: the target must not be the array {samples}; name another array")
    form = X.shape[:-1] if X.ndim > 2 else X.shape
    at_positions = len(form) > 1 and y.shape[: len(form)] == form
    if "lengths" in content:
        rows, lengths = X.shape[:1], content["lengths"]
        X = _pieces(X, lengths, path)
        at_positions = y.shape[:1] == rows != lengths.shape
        y = np.split(y, lengths.cumsum()[:-1]) if at_positions else y
    if not at_positions and (y.ndim not in (1, 2) or len(X) != len(y)):
        raise ValueError(
            f"{path}: array {target} has shape {y.shape}, {samples} "
            f"{getattr(X, 'shape', len(X))}; both need one entry or row per sample"
        )
    if not at_positions:
        _check_finite(content[target], target, path)
    return Data(X, y)


def _check_samples(X: NDArray[Any], name: str, with_lengths: bool, path: Any) -> None:
    if X.dtype.kind not in "biuf" or (X.ndim < 2 and not with_lengths):
        raise ValueError(
            f"{path}: array {name} must contain numbers and have at least 2 axes, samples "
            f"first; it has shape {X.shape} and type {X.dtype}"
        )
    _check_finite(X, name, path)


def _check_finite(values: NDArray[Any], name: str, path: Any) -> None:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError(f"{path}: array {name} has missing or infinite values")


def _array_name(
    content: dict[str, Any], name: str | None, usual: tuple[str, ...], path: Any
) -> str:
    """The array of that name, or the first of the usual ones."""
    found = [known for known in (usual if name is None else (name,)) if known in content]
    if not found:
        raise ValueError(
            f"{path}: no array {name or usual[0]!r}; the arrays are "
            f"{', '.join(content) or 'none'}. Name those of the samples and of the target"
        )
    return found[0]


def _pieces(X: NDArray[Any], lengths: NDArray[Any], path: Any) -> list[NDArray[Any]]:
    """Rows of samples of different lengths."""
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
