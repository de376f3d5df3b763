"""Data sets are what they say; readers read real files and name what is wrong in bad ones."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from conftest import optional

from ibestimators import datasets
from ibestimators.datasets import (
    load_atlas,
    load_csl,
    load_digits,
    make_adding_problem,
    make_modular_arithmetic,
    make_parity,
    make_set_maximum,
    make_trajectories,
    read_npz,
    read_ts,
    read_tudataset,
    unpad,
)

DRAWN = [
    make_adding_problem,
    make_modular_arithmetic,
    make_parity,
    make_set_maximum,
    make_trajectories,
]


@pytest.mark.parametrize("make", DRAWN)
def test_drawn_data_repeat_with_a_seed_and_leave_the_global_generator_alone(make):
    before = np.random.get_state()[1].copy()
    first, second, other = (make(20, random_state=seed) for seed in (0, 0, 1))
    for a, b in zip(first.data, second.data, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(first.target, second.target)
    assert any(
        a.shape != b.shape or (a != b).any() for a, b in zip(first.data, other.data, strict=True)
    )
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("name", [n for n in datasets.__all__ if n.startswith(("load", "make"))])
def test_each_tells_its_source_and_licence(name):
    description = getattr(datasets, name)().DESCR.lower()
    assert "source" in description
    assert "licence" in description


def test_lengths_are_within_bounds():
    X = make_parity(500, min_length=3, max_length=7, random_state=0).data
    assert {len(x) for x in X} == {3, 4, 5, 6, 7}
    with pytest.raises(ValueError, match="the minimum at most the maximum, got 5 to 4"):
        make_parity(min_length=5, max_length=4)


def test_modular_arithmetic_is_right():
    data = make_modular_arithmetic(200, modulus=7, random_state=0)
    for tokens, result in zip(data.data, data.target, strict=True):
        text = "".join("+-"[t - 7] if t > 6 else str(t) for t in tokens)
        assert eval(text) % 7 == result


def test_the_adding_problem_marks_one_of_each_half():
    data = make_adding_problem(500, n_steps=10, random_state=0)
    marks = data.data[:, :, 1]
    assert (marks[:, :5].sum(1) == 1).all()
    assert (marks[:, 5:].sum(1) == 1).all()
    np.testing.assert_allclose(((data.target - 1) ** 2).mean(), 1 / 6, atol=0.02)


def test_trajectories_go_on_as_they_began():
    data = make_trajectories(50, noise=0, min_length=3, random_state=0)
    for steps, after in zip(data.data, data.target, strict=True):
        # the acceleration is constant, so the third differences of positions vanish
        places = np.vstack([steps[:, :2], after])
        np.testing.assert_allclose(np.diff(places, 3, axis=0), 0, atol=1e-12)


def test_csl_graphs_are_regular_and_of_ten_kinds():
    data = load_csl(features="laplacian")
    assert np.unique(data.target, return_counts=True)[1].tolist() == [15] * 10
    for adjacency, vectors in data.data[::15]:
        assert (adjacency.sum(0) == 4).all()
        laplacian = 4 * np.eye(41) - adjacency
        values = (laplacian @ vectors * vectors).sum(0)  # each is an eigenvector
        np.testing.assert_allclose(laplacian @ vectors, vectors * values, atol=1e-9)
    spectra = {
        tuple(np.linalg.eigvalsh(adjacency.toarray()).round(6)) for adjacency, _ in data.data[::15]
    }
    assert len(spectra) == 10
    assert load_csl().data[0][1] is None
    with pytest.raises(ValueError, match="features must be"):
        load_csl(features="other")


def test_atlas_and_digits():
    X, y = load_atlas(return_X_y=True)
    triangle = next(i for i, g in enumerate(X) if nx.is_isomorphic(g, nx.complete_graph(3)))
    assert y[triangle] == 1
    assert load_digits().data.shape == (1797, 8, 8, 1)


TS = """# comment
@problemName toy
@timeStamps false
@univariate true
@classLabel true a b
@data
1,2,3:a

4,5,6:b
"""


def test_reads_series_of_one_length_as_an_array(tmp_path):
    path = tmp_path / "toy.ts"
    path.write_text(TS)
    X, y = read_ts(path)
    np.testing.assert_array_equal(X, [[[1], [2], [3]], [[4], [5], [6]]])
    assert y.tolist() == ["a", "b"]


def test_reads_numbers_to_predict(tmp_path):
    path = tmp_path / "toy.ts"
    path.write_text("@targetlabel true\n@data\n1,2:3:0.5\n".replace("2:3", "2:3,4"))
    X, y = read_ts(path)
    np.testing.assert_array_equal(X, [[[1, 3], [2, 4]]])
    assert y.tolist() == [0.5]


def test_reads_the_archive_as_sktime_does():
    sktime = optional("sktime.datasets")
    from pathlib import Path

    folder = Path(sktime.__file__).parent / "data"
    X, y = read_ts(folder / "OSULeaf" / "OSULeaf_TRAIN.ts")
    theirs, labels = sktime.load_osuleaf(split="train", return_type="numpy3D")
    np.testing.assert_allclose(X[:, :, 0], theirs[:, 0])
    assert (y == labels).all()
    X, y = read_ts(folder / "JapaneseVowels" / "JapaneseVowels_TEST.ts")
    assert (len(X), X[0].shape[1], len(set(y))) == (370, 12, 9)
    assert (min(map(len, X)), max(map(len, X))) == (7, 29)


def test_gaps_in_series_are_interpolated_and_those_at_the_end_cut(tmp_path):
    path = tmp_path / "toy.ts"
    path.write_text("@classLabel true a\n@data\n1,?,3,4:5,6,7,?:a\n?,2,?,?:3,3,NaN,?:a\n1:2:a\n")
    X, y = data = read_ts(path)
    assert [x.tolist() for x in X] == [
        [[1, 5], [2, 6], [3, 7], [4, 7]],
        [[2, 3], [2, 3]],
        [[1, 2]],
    ]
    assert data.notes == (
        "gaps in 2 series filled by linear interpolation",
        "1 series cut where only gaps follow",
    )


def test_time_stamps_are_a_feature_unless_intervals_are_equal(tmp_path):
    path = tmp_path / "toy.ts"
    head = "@timeStamps true\n@classLabel true a b\n@data\n"
    path.write_text(head + "(0,1),(1,2):(0,3),(1,4):a\n(5,1),(6,?),(7,3):(5,3),(6,2),(7,1):b\n")
    X, _ = data = read_ts(path)
    assert [x.tolist() for x in X] == [[[1, 3], [2, 4]], [[1, 3], [2, 2], [3, 1]]]
    assert "time stamps at equal intervals dropped" in data.notes
    path.write_text(head + "(2020-01-01,1),(2020-01-02,2):a\n(2020-01-01,1),(2020-01-04,2):b\n")
    X, y = read_ts(path)
    assert X.tolist() == [[[0, 1], [86400, 2]], [[0, 1], [3 * 86400, 2]]]
    assert y.tolist() == ["a", "b"]


def test_arrays_padded_with_nan_become_ragged():
    padded = np.array([[[1.0, 2], [np.nan, 3], [np.nan, np.nan]], [[1, 2]] * 3])
    first, second = unpad(padded)
    np.testing.assert_array_equal(first, padded[0, :2])
    np.testing.assert_array_equal(second, padded[1])
    with pytest.raises(ValueError, match="sample 0 of X is all NaN"):
        unpad(np.full((1, 2, 1), np.nan))
    with pytest.raises(ValueError, match="n_steps"):
        unpad(np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("1,2,3:a", "?,?,?:a"), "line 7: a dimension has no values"),
        (("1,2,3:a", "1,inf,3:a"), "line 7: infinite values"),
        (("1,2,3:a", "1,two,3:a"), "line 7: could not convert string to float: 'two'"),
        (("1,2,3:a", "(1,2),(2,3)"), "line 7: expected \\(time,value\\)"),
        (("1,2,3:a", "(1,2),(x,3):a"), "line 7: a time stamp is no number or date"),
        (("1,2,3:a", "(1,2),(2,3):(1,2),(3,3):a"), "line 7: dimensions have different time"),
        (("1,2,3:a", "(1,2),(2,3):a"), "some series have time stamps and others none"),
        (("@classLabel true a b", "@targetlabel true"), "a target is not a number"),
        (("1,2,3:a", "1,2,3"), "line 7: no ':' between"),
        (("1,2,3:a", "1,2,3:1,2:a"), "line 7: dimensions of \\[3, 2\\] steps"),
        (("4,5,6:b", "4,5,6:1,2,3:b"), "series have \\[1, 2\\] dimensions"),
        (("@data\n", ""), "line 6: data before the line '@data'"),
        (("1,2,3:a\n\n4,5,6:b", ""), "no series after"),
        (("@classLabel true a b", "@classLabel false"), "has no labels"),
    ],
)
def test_bad_series_files_are_named(tmp_path, change, message):
    path = tmp_path / "toy.ts"
    path.write_text(TS.replace(*change))
    with pytest.raises(ValueError, match=message):
        read_ts(path)


@pytest.fixture
def tudataset(tmp_path):
    """A triangle and an edge, with labels and attributes of nodes and edges."""
    folder = tmp_path / "TOY"
    folder.mkdir()
    files = {
        "A": "1, 2\n2, 1\n2, 3\n3, 2\n1, 3\n3, 1\n4, 5\n5, 4\n",
        "graph_indicator": "1\n1\n1\n2\n2\n",
        "graph_labels": "-1\n1\n",
        "node_labels": "0\n1\n0\n2\n2\n",
        "node_attributes": "0.5, 1\n1, 2\n2, 3\n3, 4\n4, 5\n",
        "edge_labels": "0\n0\n1\n1\n0\n0\n1\n1\n",
    }
    for name, text in files.items():
        (folder / f"TOY_{name}.txt").write_text(text)
    return folder


def test_reads_a_folder_of_graphs(tudataset):
    (triangle, edge), y = read_tudataset(tudataset)
    assert y.tolist() == [-1, 1]
    assert nx.is_isomorphic(triangle, nx.complete_graph(3))
    assert nx.is_isomorphic(edge, nx.path_graph(2))
    assert triangle.nodes[2]["label"] == "1"
    assert triangle.nodes[2]["attributes"].tolist() == [1, 2]
    assert triangle.edges[2, 3]["label"] == "1"
    assert not edge.is_directed()


def test_reads_directed_graphs_and_numbers_to_predict(tudataset):
    (tudataset / "TOY_A.txt").write_text("1, 2\n2, 3\n4, 5\n")
    (tudataset / "TOY_edge_labels.txt").unlink()
    (tudataset / "TOY_graph_labels.txt").unlink()
    (tudataset / "TOY_graph_attributes.txt").write_text("0.5\n1.5\n")
    (first, _), y = read_tudataset(tudataset)
    assert first.is_directed()
    assert list(first.edges) == [(1, 2), (2, 3)]
    assert y.tolist() == [0.5, 1.5]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("A", None, "expected one file NAME_A.txt, found 0"),
        ("graph_labels", None, "graph_labels.txt, or TOY_graph_attributes.txt, are required"),
        ("graph_labels", "1\n", "inconsistent: 1 targets, graphs 1 to 2"),
        ("node_labels", "1\n", "nodes: expected 5 rows of labels or attributes, found 1"),
        ("node_labels", "", "TOY_node_labels.txt: No columns"),
        ("A", "1, 2\n1, 4\n", "the edge \\[1, 4\\] connects nodes of two graphs"),
        ("A", "1 2\n", "TOY_A.txt: expected comma-separated integers"),
        ("graph_indicator", "0\n0\n1\n1\n1\n", "inconsistent: 2 targets, graphs 0 to 1"),
        (
            "graph_indicator",
            "1.5\n" * 5,
            "TOY_graph_indicator.txt: expected comma-separated integers",
        ),
        ("node_attributes", "a\n" * 5, "TOY_node_attributes.txt: expected comma-separated numbers"),
    ],
)
def test_bad_folders_are_named(tudataset, name, text, message):
    path = tudataset / f"TOY_{name}.txt"
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_tudataset(tudataset)


def test_reads_the_folders_of_pytorch_geometric_and_states_the_task(tudataset, tmp_path):
    (tmp_path / "root" / "TOY").mkdir(parents=True)
    tudataset.rename(tmp_path / "root" / "TOY" / "raw")
    for folder in (tmp_path / "root", tmp_path / "root" / "TOY"):
        data = read_tudataset(folder)
        assert (len(data[0]), data.task) == (2, "classification")


def test_other_names_of_arrays(tmp_path):
    path = tmp_path / "toy.npz"
    np.savez(path, data=np.eye(3), labels=[0, 1, 0], images=np.ones((3, 2)))
    X, y = read_npz(path)
    assert (X.shape, y.tolist()) == ((3, 3), [0, 1, 0])
    assert read_npz(path, samples="images")[0].shape == (3, 2)
    with pytest.raises(ValueError, match="no array 'pixels'; the arrays are data, labels, images"):
        read_npz(path, samples="pixels")


def test_edges_with_other_labels_one_way_are_directed(tudataset):
    (tudataset / "TOY_edge_labels.txt").write_text("0\n1\n1\n1\n0\n0\n1\n1\n")
    (first, _), _ = read_tudataset(tudataset)
    assert first.is_directed()
    assert (first.edges[1, 2]["label"], first.edges[2, 1]["label"]) == ("0", "1")


def test_reads_samples_of_different_lengths_from_arrays(tmp_path):
    path = tmp_path / "toy.npz"
    np.savez(path, X=np.arange(12.0).reshape(6, 2), lengths=[1, 2, 3], y=[0, 1, 0])
    X, y = read_npz(path)
    assert [x.shape for x in X] == [(1, 2), (2, 2), (3, 2)]
    np.testing.assert_array_equal(np.concatenate(X), np.arange(12.0).reshape(6, 2))
    for lengths, message in (
        ([1, 2], "sum of array lengths is 3"),
        ([0, 3, 3], "one positive integer"),
    ):
        np.savez(path, X=np.zeros((6, 2)), lengths=lengths, y=[0, 1, 0])
        with pytest.raises(ValueError, match=message):
            read_npz(path)
    for X in (np.zeros(6), np.zeros((6, 2, 2)), np.array(3)):
        np.savez(path, X=X, lengths=[1, 2, 3], y=[0, 1, 0])
        with pytest.raises(ValueError, match="with lengths, X must have shape"):
            read_npz(path)
