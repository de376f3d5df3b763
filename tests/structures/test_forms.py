"""What is nearly readable is refused in one sentence, with a remedy that works."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from conftest import ESTIMATORS, optional
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

import ibestimators
from ibestimators import ConvClassifier, MLPClassifier, compare_biases

Y = np.arange(20) % 2
SERIES = np.random.default_rng(0).normal(size=(20, 5, 2))
GRAKEL = [({(0, 1), (1, 0)}, {0: "a", 1: "b"}) for _ in range(20)]


def predictions(X, y=Y):
    return MLPClassifier(max_epochs=1, random_state=0).fit(X, y).predict(X)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (iter(SERIES), TypeError, r"can be read once only. Pass list\(X\)"),
        ((x for x in SERIES), TypeError, r"generator, which can be read once only"),
        ({"a": Y, "b": Y}, TypeError, r"X is a dict. Pass a table as pandas.DataFrame\(X\)"),
        (GRAKEL, TypeError, r"form of GraKeL.*nx.Graph\(list\(edges\)\)"),
        (
            [(np.eye(3), np.ones((3, 2)), np.ones(4))] * 20,
            TypeError,
            r"tuples of 3 arrays.*pair \(adjacency, node_features\)",
        ),
        (
            [np.ones((4 + i % 2, 5, 3)) for i in range(20)],
            ValueError,
            "images or volumes of different sizes. Resize or crop",
        ),
        (
            pd.DataFrame({"g": [nx.path_graph(3)] * 20}),
            ValueError,
            r"column 'g' of X holds a Graph in each cell.*X\['g'\].tolist\(\)",
        ),
        (pd.DataFrame({"s": [*SERIES]}), ValueError, "holds a ndarray in each cell"),
    ],
    ids=["iterator", "generator", "dict", "GraKeL", "triple", "sizes", "graph cells", "cells"],
)
def test_other_forms_are_refused(X, error, message):
    with pytest.raises(error, match=message):
        predictions(X)


def test_the_remedies_work():
    predictions(list(iter(SERIES)))
    predictions(pd.DataFrame({"a": Y, "b": Y}))
    graphs = []
    for edges, labels in GRAKEL:
        graph = nx.Graph(list(edges))
        nx.set_node_attributes(graph, labels, "label")
        graphs.append(graph)
    predictions(graphs)
    predictions(pd.DataFrame({"s": [*SERIES]})["s"].tolist())


def test_series_and_object_arrays_of_equal_arrays():
    objects = np.empty(20, dtype=object)
    objects[:] = [*SERIES]
    expected = predictions([*SERIES])
    for X in (objects, pd.Series([*SERIES])):
        np.testing.assert_array_equal(predictions(X), expected)


def test_forms_of_pytorch_geometric():
    data = optional("torch_geometric.data")
    import torch

    graph = data.Data(x=torch.randn(3, 2), edge_index=torch.tensor([[0, 1], [1, 2]]))
    batch = data.Batch.from_data_list([graph] * 20)
    with pytest.raises(TypeError, match=r"a batch of graphs. Pass its graphs, X.to_data_list\(\)"):
        predictions(batch)
    predictions(batch.to_data_list())
    mixed = data.HeteroData()
    mixed["a"].x = torch.randn(3, 2)
    for X in (mixed, [mixed] * 20):
        with pytest.raises(TypeError, match="several types of nodes.*to_homogeneous"):
            predictions(X)

    class Graphs(data.InMemoryDataset):
        def __init__(self):
            super().__init__(None)
            self.data, self.slices = self.collate([graph] * 25)

    for X in (Graphs(), Graphs()[:20]):
        with pytest.raises(TypeError, match=r"a data set of graphs. Pass its graphs as list\(X\)"):
            predictions(X)
    predictions(list(Graphs()[:20]))


def test_a_data_frame_for_each_subject_is_read_as_a_table_is():
    plain = [
        pd.DataFrame({"a": SERIES[i, : 3 + i % 2, 0], "b": [1.0, 0, 1, 1][: 3 + i % 2]})
        for i in range(20)
    ]
    expected = predictions(plain)
    for dtype in (bool, "boolean", "Int64", object, "int64[pyarrow]"):
        frames = [frame.astype({"b": dtype}) for frame in plain]
        np.testing.assert_array_equal(predictions(frames), expected)
    with pytest.raises(ValueError, match="sequence 0 of X: column 'b' must hold numbers.*'x'"):
        predictions([frame.assign(b="x") for frame in plain])
    with pytest.raises(ValueError, match="sequence 0 of X contains NaN"):
        predictions([frame.assign(b=pd.array([None] * len(frame), "Int64")) for frame in plain])


@pytest.mark.parametrize("missing", [None, pd.NA])
def test_none_among_labels_is_named(missing):
    y = np.array([missing, "a"] * 10, dtype=object)
    with pytest.raises(ValueError, match=f"y contains {missing}, 10 times, first at 0. Drop"):
        predictions(SERIES, y)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_sparse_rows_are_read_as_dense_ones_are(name):
    X = sparse.random(40, 12, 0.3, random_state=0, format="csr")
    y = np.arange(40) % 2
    weight = np.ones(40)
    weight[3] = 0
    fitted, expected = (
        getattr(ibestimators, name)(max_epochs=2, random_state=0).fit(values, y, weight)
        for values in (X, X.toarray())
    )
    for same in (X, X.tocoo(), sparse.csc_array(X), X.toarray()):
        np.testing.assert_allclose(fitted.predict(same), expected.predict(X.toarray()), rtol=1e-4)


def test_sparse_rows_in_a_comparison_and_what_they_cannot_be():
    texts = ["a good film", "a bad film"] * 12
    models = {
        "MLP": make_pipeline(TfidfVectorizer(), MLPClassifier(max_epochs=20)),
        "Conv": make_pipeline(TfidfVectorizer(), ConvClassifier(max_epochs=1)),
    }
    result = compare_biases(texts, [0, 1] * 12, models, cv=2, random_state=0)
    assert result.to_frame().loc["MLP", "score"] == 1
    X = sparse.csr_array(np.eye(20))
    with pytest.raises(ValueError, match=r"input_shape=\(20, 1\) is for dense arrays"):
        MLPClassifier(input_shape=(20, 1)).fit(X, Y)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        predictions(sparse.csr_array(np.where(np.eye(20) > 0, np.nan, 0)))
    assert MLPClassifier(max_epochs=1).fit(X, Y).n_features_in_ == 20
