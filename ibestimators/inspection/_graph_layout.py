"""Where to draw the nodes of a graph."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray


def graph_layout(graph: nx.Graph) -> dict[Any, NDArray[np.float64]]:
    """Positions of the nodes: neighbours close together, components side by side."""
    graph = nx.Graph(graph)
    joined = len(graph) > 2 and nx.is_connected(graph)
    return dict(nx.kamada_kawai_layout(graph) if joined else nx.spring_layout(graph, seed=0))
