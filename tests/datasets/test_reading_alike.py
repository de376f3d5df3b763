"""A file of the same form is read as the first one was, whatever rows it has."""

from __future__ import annotations

import csv
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ibestimators.datasets import read_npz, read_table, read_ts, read_tudataset

WORDS = ["007", "042", "red", "NA", "12", ""]


@settings(max_examples=30)
@given(
    rows=st.lists(
        st.tuples(
            st.floats(-1e5, 1e5).map(lambda x: round(x, 2)) | st.none(), st.sampled_from(WORDS)
        ),
        min_size=6,
        max_size=20,
    ),
    separators=st.tuples(st.sampled_from(";\t|"), st.sampled_from(",;\t|")),
    decimal=st.booleans(),
    data=st.data(),
)
def test_a_row_is_read_alike_in_another_file(tmp_path_factory, rows, separators, decimal, data):
    # The first rows decide what the columns hold.
    rows = [(0.25, "red"), (-1.5, "007"), (2.5, "blue"), (3.5, "a b"), (4.75, "red"), *rows]
    cells = [
        ("" if x is None else repr(x).replace(".", "," if decimal else "."), word)
        for x, word in rows
    ]
    folder = tmp_path_factory.mktemp("table")

    def write(name, header, lines, separator):
        with open(folder / name, "w", newline="") as file:
            csv.writer(file, delimiter=separator).writerows([header, *lines])
        return folder / name

    labelled = [(f"k{i % 2}", number, word) for i, (number, word) in enumerate(cells)]
    first = read_table(write("first.csv", ["y", "a", "b"], labelled, separators[0]))
    some = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=5, unique=True))
    lines = [(cells[i][1], cells[i][0], "-") for i in some]
    again = write("again.csv", ["b", "a", "new"], lines, separators[1])
    X, y = found = read_table(again, like=first.form)
    assert y is None
    pd.testing.assert_frame_equal(X, first[0].iloc[some].reset_index(drop=True), check_dtype=False)
    assert "`new` not read: not in the training data" in found.notes


def test_nothing_is_dropped_from_a_file_that_is_read_alike(tmp_path):
    """Columns that count rows or are constant there, and rows without a target, stay."""
    path = tmp_path / "first.csv"
    path.write_text("id,a,b,y\n" + "".join(f"{i},{i % 3},{i % 4},{i % 2}\n" for i in range(10)))
    form = read_table(path).form
    path.write_text("id,a,b,y\n7,0,5,\n8,1,5,\n9,2,5,\n4,3,5,\n5,4,5,\n")
    X, _ = read_table(path, like=form)
    assert X.to_dict("list") == {"a": [0, 1, 2, 3, 4], "b": [5] * 5}
    assert (X.index.name, X.index.tolist()) == ("id", ["7", "8", "9", "4", "5"])


def test_rows_without_values_are_rows(tmp_path):
    """A prediction is made for each, so that predictions stay beside their rows."""
    path = tmp_path / "first.csv"
    path.write_text("text,y\n" + "good film,1\nbad film,0\n" * 3)
    form = read_table(path).form
    path.write_text('text\n""\ngood film\n\n""\n')  # a blank line is no row
    assert read_table(path, like=form)[0]["text"].tolist() == [None, "good film", None]
    path.write_text("a,b,y\n1,2,0\n,3,1\n4,5,0\n")
    form = read_table(path).form
    path.write_text("a,b\n,\n1,2\n,\n")
    assert read_table(path, like=form)[0].isna().all(axis=1).tolist() == [True, False, True]


def test_columns_without_names_are_found_by_their_place(tmp_path):
    path = tmp_path / "first.csv"
    path.write_text("".join(f"{i % 2},{i % 3}.5,{i * i}\n" for i in range(10)))
    form = read_table(path, "0", header=False).form
    path.write_text("1.5,9\n")
    assert read_table(path, like=form)[0].to_dict("list") == {"1": [1.5], "2": [9]}
    path.write_text("0,1.5,9\n")
    assert read_table(path, like=form)[0].to_dict("list") == {"1": [1.5], "2": [9]}
    path.write_text("1.5\n")
    with pytest.raises(ValueError, match="columns '1', '2' are missing"):
        read_table(path, like=form)
    np.save(tmp_path / "first.npy", np.arange(12.0).reshape(6, 2) ** 2)
    form = read_table(tmp_path / "first.npy", "1").form
    np.save(tmp_path / "again.npy", np.ones((2, 1)))
    assert read_table(tmp_path / "again.npy", like=form)[0].to_dict("list") == {"0": [1, 1]}


def test_typed_columns_are_read_alike(tmp_path):
    dates = pd.date_range("2020-01-01", periods=6)
    lists = pd.DataFrame({"steps": [[1.0, 2.0], [3.0]] * 3, "y": [0, 1] * 3})
    table = pd.DataFrame(
        {"n": [1.5] * 5 + [2.0], "word": ["x", "1"] * 3, "when": dates, "y": [0, 1] * 3}
    )
    path = tmp_path / "first.parquet"
    table.to_parquet(path)
    form = pickle.loads(pickle.dumps(read_table(path))).form
    assert form.columns == {"n": "numbers", "word": "words", "when": "dates"}
    pd.DataFrame({"when": ["2020-01-03"], "word": [1], "n": [None]}).to_parquet(path)
    X, _ = read_table(path, like=form)
    assert X["word"].tolist() == ["1"]
    assert X["when"].tolist() == [pd.Timestamp("2020-01-03")]
    assert np.isnan(X["n"]).all()
    csv_file = tmp_path / "again.csv"
    csv_file.write_text("n,word,when\nNA,1,2020-01-03\n")
    pd.testing.assert_frame_equal(read_table(csv_file, like=form)[0], X, check_dtype=False)
    for column, value, message in (
        ("n", "high", "'n' held numbers in the training data, but holds words, such as 'high'"),
        ("when", "soon", "'when' held dates in the training data, but holds 'soon'"),
        ("word", [1.0], "'word' held words in the training data, but holds lists"),
    ):
        wrong = table[["n", "word", "when"]].astype(object)
        wrong[column] = [value] * 6
        wrong.to_parquet(path)
        with pytest.raises(ValueError, match=message):
            read_table(path, like=form)
    lists.to_parquet(path)
    form = read_table(path).form
    lists[["steps"]].to_parquet(path)
    assert [x.tolist() for x in read_table(path, like=form)[0][:2]] == [[[1.0], [2.0]], [[3.0]]]
    csv_file.write_text("steps,b\n1,2\n")
    with pytest.raises(ValueError, match="'steps' held lists in the training data"):
        read_table(csv_file, like=form)


def test_the_header_decides_the_separator(tmp_path):
    path = tmp_path / "first.csv"
    path.write_text("text;y\n" + "it was, a film;1\nit was, the film;0\n" * 3)
    form = read_table(path).form
    path.write_text("text\nit was, a film\n")
    assert read_table(path, like=form)[0]["text"].tolist() == ["it was, a film"]


def test_samples_alone_are_read_from_files_without_a_target(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.eye(3))
    X, y = read_npz(tmp_path / "a.npz", samples_only=True)
    assert (X.shape, y) == ((3, 3), None)
    np.savez(tmp_path / "a.npz", X=np.arange(5), lengths=[2, 3])
    assert [x.tolist() for x in read_npz(tmp_path / "a.npz", samples_only=True)[0]] == [
        [0, 1],
        [2, 3, 4],
    ]
    with pytest.raises(ValueError, match="no array 'y'"):
        read_npz(tmp_path / "a.npz")
    series = tmp_path / "a.ts"
    for text in ("@classLabel false\n@data\n1,2:3,4\n", "@classLabel true a\n@data\n1,2:3,4:a\n"):
        series.write_text(text)
        X, y = read_ts(series, samples_only=True)
        assert (X.tolist(), y) == ([[[1, 3], [2, 4]]], None)
    series.write_text("@classLabel false\n@data\n(0,1),(1,2)\n(0,1),(1,4)\n")
    assert read_ts(series, samples_only=True)[0].tolist() == [[[1], [2]], [[1], [4]]]
    series.write_text("@classLabel false\n@data\n1,2:3,4\n")
    with pytest.raises(ValueError, match="the file has no labels to predict"):
        read_ts(series)
    (tmp_path / "G_A.txt").write_text("1, 2\n2, 1\n3, 4\n4, 3\n")
    with pytest.raises(ValueError, match="G_graph_indicator.txt is required"):
        read_tudataset(tmp_path, samples_only=True)
    (tmp_path / "G_graph_indicator.txt").write_text("1\n1\n2\n2\n")
    graphs, y = read_tudataset(tmp_path, samples_only=True)
    assert ([len(graph) for graph in graphs], y) == ([2, 2], None)
