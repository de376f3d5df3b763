"""Tables are read as files hold them: what was written comes back, and what is odd is said."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import lzma
import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ibestimators.datasets import Data, read_table

WORDS = st.sampled_from(["red", "blau", "grün", "a, b", "x;y", "5 %", 'say "no"', "Ünal", "no"])
ENCODINGS = ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"]


def written(rows, separator, encoding, above):
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerows(rows)
    return ("".join(f"# {line}\r\n" for line in above) + text.getvalue()).encode(encoding)


@settings(max_examples=40)
@given(
    numbers=st.lists(
        st.none() | st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=8, max_size=30
    ),
    data=st.data(),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(ENCODINGS),
    mark=st.sampled_from(["", "?", "NA", "nan", "n/a", "-"]),
    comments=st.lists(st.sampled_from(["a table", "of numbers"]), max_size=2),
)
def test_what_was_written_comes_back(
    tmp_path_factory, numbers, data, separator, encoding, mark, comments
):
    n = len(numbers)
    words = data.draw(st.lists(WORDS, min_size=n, max_size=n))
    words[:2] = ["red", "no"]  # no constant
    whole = data.draw(st.permutations(range(10, 10 + n)))
    decimal = separator != "," and data.draw(st.booleans())
    # The first tells a decimal comma from one that separates thousands.
    numbers = [0.25, -0.5, *numbers[2:]]
    cells = [mark if x is None else repr(x).replace(".", "," if decimal else ".") for x in numbers]
    rows = [["number", "word", "whole", "kind"]]
    rows += zip(cells, words, whole, [f"k{i % 3}" for i in range(n)], strict=True)
    path = tmp_path_factory.mktemp("table") / "toy.CSV"
    path.write_bytes(written(rows, separator, encoding, comments))
    found = read_table(path, "kind")
    X, y = found
    assert list(X) == ["number", "word", "whole"]
    np.testing.assert_array_equal(
        X["number"].to_numpy(float), [np.nan if x is None else x for x in numbers]
    )
    assert X["word"].tolist() == words
    assert X["whole"].tolist() == whole
    assert y.tolist() == [f"k{i % 3}" for i in range(n)]
    assert not any("gaps" in note for note in found.notes)
    assert any("commas are decimal" in note for note in found.notes) is decimal


def read(tmp_path, text, target="y", name="toy.csv", **options):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path, target, **options)


NUMBERED = "".join(f"{i},{3 * i % 7},{'ab'[i % 2]}\n" for i in range(1, 11))


def test_columns_without_a_meaning_are_dropped_with_a_word(tmp_path):
    data = read(
        tmp_path,
        "x,nr,empty,one,y\n" + "".join(f"{i % 3},{(7 * i) % 11},,c,{i % 2}\n" for i in range(11)),
    )
    assert list(data[0]) == ["x"]
    assert data.notes == (
        "`nr` dropped: it counts the rows",
        "`empty` dropped: empty",
        "`one` dropped: constant",
    )
    named = read(tmp_path, ",x,y\n" + "".join(f"n{i},{i % 3},{i % 2}\n" for i in range(9)))
    assert named.notes == ("column without a name dropped: it names the rows",)
    kept = read(tmp_path, "nr,x,y\n" + NUMBERED, keep=["nr"])
    assert list(kept[0]) == ["nr", "x"]


def test_rows_as_r_names_them_and_trailing_separators(tmp_path):
    data = read(tmp_path, "x,z,y\n" + "".join(f"r{i},{i % 3},5.{i},{i % 2}\n" for i in range(9)))
    assert data[0]["z"].tolist() == [float(f"5.{i}") for i in range(9)]
    assert list(read(tmp_path, "x,y\n1,2,\n3,4,\n2,2,\n")[0]) == ["x"]
    assert list(read(tmp_path, "x,y,\n1,2,\n3,4,\n2,2,\n")[0]) == ["x"]


@pytest.mark.parametrize(
    ("cells", "expected", "note"),
    [
        (["1,234", "12,345.5", "7"], [1234, 12345.5, 7], "commas separate thousands in `x`"),
        (["1 234", "12 345", "7"], [1234, 12345, 7], "blanks separate thousands in `x`"),
        (["1,234", "0,5", "7"], [1.234, 0.5, 7], "commas are decimal in `x`"),
        (["1.234,5", "2,25", "7"], [1234.5, 2.25, 7], "commas are decimal in `x`"),
        (["1e3", "-2.5E-1", "+7"], [1000, -0.25, 7], None),
    ],
)
def test_forms_of_numbers(tmp_path, cells, expected, note):
    text = "x;y\n" + "".join(f"{cell};{i % 2}\n" for i, cell in enumerate(cells * 2))
    data = read(tmp_path, text)
    np.testing.assert_allclose(data[0]["x"], expected * 2)
    assert data.notes == ("semicolons separate columns", *([note] if note else []))


CURRENCIES = ["$", "€", "£", "CHF", "USD", "₹"]


@settings(max_examples=60)
@given(
    numbers=st.lists(
        st.decimals(-(10**7), 10**7, places=2, allow_nan=False), min_size=8, max_size=30
    ),
    sign=st.sampled_from([*CURRENCIES, "%"]),
    before=st.booleans(),
    blank=st.sampled_from(["", " ", "\u00a0"]),
    thousands=st.booleans(),
    gap=st.sampled_from(["", "NA", "-"]),
)
def test_numbers_with_one_sign_are_numbers_with_a_word(
    tmp_path_factory, numbers, sign, before, blank, thousands, gap
):
    cells = []
    for number in numbers:
        size = f"{abs(number):,}" if thousands else str(abs(number))
        text = f"{sign}{blank}{size}" if before and sign != "%" else f"{size}{blank}{sign}"
        cells.append("-" * (number < 0) + text)
    rows = [["amount", "kind"], *([cell, i % 3] for i, cell in enumerate([*cells, gap]))]
    path = tmp_path_factory.mktemp("signs") / "toy.csv"
    path.write_bytes(written(rows, ",", "utf-8", []))
    X, _ = found = read_table(path, "kind", keep=["amount"])
    np.testing.assert_array_equal(X["amount"], [*map(float, numbers), np.nan])
    assert any(note.startswith(f"{sign} left out") for note in found.notes)


@pytest.mark.parametrize(
    ("cells", "expected", "note"),
    [
        (["12 %", "3%", "0", "7.5 %"] * 4, [12, 3, 0, 7.5] * 4, "% left out, so that 12 % is 12,"),
        (["1,50 €", "0,99 €", "1.200,00 €"], [1.5, 0.99, 1200], "commas are decimal"),
        (["$5", "-$1,200", "($3)"] * 2 + ["$1"] * 20, None, "no numbers ('($3)'"),
        (["1.2k", "950", "3M", "10K"], [1200, 950, 3e6, 1e4], "k read as 1,000 and M as"),
        (["$1", "$2", *["3"] * 1, *["$4"] * 9], [1, 2, 3, *[4] * 9], "$ left out"),
        (["12%", "0.12", "13%", *["14 %"] * 20], "words", "with and without %, read as words"),
        (["12%", "1e-1", "13%", *["14 %"] * 20], "words", "with and without %, read as words"),
        (["$5", "€5", "$6", "€7"], "words", ""),
        (["5M", "6M", "7", "8M"], "words", ""),
        (["12", "12A", "14", "16K", "3B"], "words", ""),
        (["5 apples", "$6", "€"], "words", ""),
        (["1.2.3 %", "4.5.6 %"], "words", ""),
        (["$5 €", "$6 €"], "words", ""),
    ],
)
def test_signs_beside_numbers(tmp_path, cells, expected, note):
    path = tmp_path / "toy.csv"
    rows = [["amount", "more", "y"], *([c, i * i, i % 2] for i, c in enumerate(cells))]
    path.write_bytes(written(rows, ";", "utf-8", []))
    X, _ = found = read_table(path, "y")
    assert note in "; ".join(found.notes)
    if expected == "words":
        assert X["amount"].tolist() == cells
    elif expected is not None:
        np.testing.assert_allclose(X["amount"], expected)


def test_dots_separate_thousands_where_commas_are_decimal(tmp_path):
    data = read(tmp_path, "a;b;y\n1.234;0,5;1\n12.000;1,5;0\n999;2,5;1\n")
    assert data[0]["a"].tolist() == [1234, 12000, 999]
    assert "dots separate thousands in `a`" in data.notes


def test_words_among_numbers_are_gaps_with_a_word_and_an_error_in_the_target(tmp_path):
    text = "x,y\n" + "1,2\n2,3\n" * 10 + "high,4\ninf,5\n"
    data = read(tmp_path, text)
    assert data[0]["x"].isna().to_numpy().nonzero()[0].tolist() == [20, 21]
    assert data.notes == (
        "`x`: 1 infinite value ('inf', on line 23) and 1 value that is no number ('high', on line "
        "22) read as gaps",
    )
    with pytest.raises(ValueError, match=r"'x', the target, has 1 infinite value .* line 23"):
        read(tmp_path, text, "x")


def test_marks_of_gaps_are_classes_in_a_target_of_words(tmp_path):
    data = read(tmp_path, "x,y\n1,None\n2,yes\n3,None\n5,?\n7,yes\n")
    assert data[1].tolist() == ["None", "yes", "None", "yes"]
    assert data[0]["x"].tolist() == [1, 2, 3, 7]
    assert "1 row without a target dropped" in data.notes
    assert "'None' in `y`, the target, read as a class (2 rows)" in data.notes
    numbers = read(tmp_path, "x,y\n1,0.5\n2,NA\n3,1.5\n")
    assert numbers[1].tolist() == [0.5, 1.5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        ("# nothing\n\n", "it is empty"),
        ("x,y\n", "a header but no rows"),
        ("1.5,2\n2.5,3\n", r"first row \(1.5, 2\) looks like data"),
        ("p,x\ne,s\np,x\ne,x\n", "looks like data"),
        ("Ann,23,1.5\nBob,31,2.5\n", "looks like data"),
        ("x,y\n1,2\n1,2,3\n1,2,3\n", r"line 3 has 3 fields, but the header has 2 \(2 such lines\)"),
        ("x,y\n1,\n2,\n", "the target, has no values"),
        ("y,z\n1,5\n2,5\n", "no column is left"),
        ("x,why\n1,2\n2,3\n", "no column 'y'"),
        ("yy,x\n1,2\n2,3\n", "did you mean 'yy'"),
        (b"\x00\x01\x02\xff" * 9, "not a file of text"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, text)


def test_a_header_is_there_or_not(tmp_path):
    data = read(tmp_path, "1.5,2,a\n2.5,3,b\n3.5,4,a\n", -1, header=False)
    assert list(data[0]) == ["0", "1"]
    assert data[1].tolist() == ["a", "b", "a"]
    assert list(read(tmp_path, "1.5,2,9\n2.5,3,8\n", "9", header=True)[0]) == ["1.5", "2"]
    years = read(tmp_path, "city,1990,2000,2010\nA,1,2,3\nB,2,3,4\n", "2010")
    assert list(years[0]) == ["city", "1990", "2000"]
    above = read(tmp_path, "Table 1: sizes\n\nx,z,y\n1,2,0\n2,4,1\n")
    assert list(above[0]) == ["x", "z"]
    assert above.notes == ("1 line above the table skipped",)
    commented = read(tmp_path, "# x z y\n1.5 2 0\n2.5  5 1\n", name="toy.dat")
    assert commented[0]["z"].tolist() == [2, 5]


def test_a_short_row_is_kept_with_a_word(tmp_path):
    data = read(tmp_path, "y,x,z\n1,2,3\n0,3,4\n1,5\n")
    assert data[0]["z"].tolist()[:2] == [3, 4]
    assert data.notes == ("1 line with fields missing at the end, read as gaps",)


def test_packed_and_other_formats(tmp_path):
    text = b"x,y\n1.5,a\n2.5,b\n"
    for name, packed in (("a.csv.gz", gzip.compress(text)), ("a.TSV.XZ", lzma.compress(text))):
        assert read(tmp_path, packed, name=name)[0]["x"].tolist() == [1.5, 2.5]
    with pytest.raises(ValueError, match=r"a.csv.gz: "):
        read(tmp_path, gzip.compress(text)[:-9], name="a.csv.gz")
    table = pd.DataFrame({"x": [1.5, 2.5], "y": ["a", "b"]})
    table.to_feather(tmp_path / "a.feather")
    assert read_table(tmp_path / "a.feather", "y")[0]["x"].tolist() == [1.5, 2.5]
    np.save(tmp_path / "a.npy", np.array([[1.5, 0], [2.5, 1]]))
    assert read_table(tmp_path / "a.npy", -1)[1].tolist() == [0, 1]
    np.save(tmp_path / "b.npy", np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="a table has two axes"):
        read_table(tmp_path / "b.npy", -1)


def test_other_endings_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"ends in '.doc', but files of tables end in .csv"):
        read(tmp_path, "x", name="a.doc")


def test_types_of_parquet(tmp_path):
    table = pd.DataFrame(
        {
            "price": [Decimal("1.5"), None, Decimal("2.5")],
            "day": [datetime.date(2020, 1, i) for i in (1, 2, 3)],
            "flag": pd.array([True, None, False], dtype="boolean"),
            "count": pd.array([1, None, 5], dtype="Int64"),
            "y": pd.Categorical(["a", "b", "a"]),
        }
    )
    table.to_parquet(tmp_path / "a.parquet")
    X, y = read_table(tmp_path / "a.parquet", "y")
    np.testing.assert_array_equal(X["price"], [1.5, np.nan, 2.5])
    assert X["day"].dtype.kind == "M"
    np.testing.assert_array_equal(X["count"], [1, np.nan, 5])
    assert y.tolist() == ["a", "b", "a"]


def test_lists_in_cells_are_sequences(tmp_path):
    path = tmp_path / "a.parquet"
    table = pd.DataFrame({"a": [[1, 2], [3, 4, 5]], "b": [[0, 1], [0, 1, 2]], "y": [0, 1]})
    table.to_parquet(path)
    X, y = read_table(path, "y")
    assert [x.tolist() for x in X] == [[[1, 0], [2, 1]], [[3, 0], [4, 1], [5, 2]]]
    table.assign(z=[1, 2]).to_parquet(path)
    with pytest.raises(ValueError, match="cells of `a`, `b` are lists, those of `z` single"):
        read_table(path, "y")
    table.assign(a=[[1], [3]]).to_parquet(path)
    with pytest.raises(ValueError, match="row 1: the lists in `a`, `b` are not numbers of one"):
        read_table(path, "y")


ARFF = """% iris
@RELATION iris
@ATTRIBUTE 'sepal length' NUMERIC
@ATTRIBUTE size {small, 'very big'}
@ATTRIBUTE class {1,2}
@DATA
5.1,small,1
?,'very big',2
4.7,?,1
"""


def test_arff_states_its_types_and_task(tmp_path):
    data = read(tmp_path, ARFF, "class", "iris.arff")
    X, y = data
    np.testing.assert_array_equal(X["sepal length"], [5.1, np.nan, 4.7])
    assert X["size"].tolist()[:2] == ["small", "very big"]
    assert X["size"].isna().tolist() == [False, False, True]
    assert (y.tolist(), data.task) == (["1", "2", "1"], "classification")
    assert read(tmp_path, ARFF, "sepal length", "iris.arff").task == "regression"
    with pytest.raises(ValueError, match="line 7 has 2 fields, but there are 3 attributes"):
        read(tmp_path, ARFF.replace("5.1,small", "5.1"), "class", "iris.arff")


def test_the_target_is_found_by_its_name(tmp_path):
    data = read(tmp_path, "x,Class\n1,a\n2,b\n", None)
    assert data[1].tolist() == ["a", "b"]
    assert data.notes == ("target: `Class`, by its name",)
    with pytest.raises(ValueError, match="must name the column to predict, one of y, label"):
        read(tmp_path, "y,label\n1,a\n2,b\n", None)


def test_data_is_a_pair_that_can_be_pickled():
    data = Data(np.eye(2), np.arange(2), "classification", ["a note"])
    again = pickle.loads(pickle.dumps(data))
    assert (again.task, again.notes, len(again)) == ("classification", ("a note",), 2)


def test_another_file_has_the_same_signs(tmp_path):
    path, other = tmp_path / "toy.csv", tmp_path / "new.csv"
    cells = [(f"${i},000", f"{3 * i} %", f"{i}k", i % 2) for i in range(1, 9)]
    path.write_bytes(written([["price", "rate", "views", "y"], *cells], ";", "utf-8", []))
    data = read_table(path, "y")
    assert data.form.signs == {"price": "$", "rate": "%", "views": "k"}

    def again(row):
        other.write_bytes(written([["price", "rate", "views"], row], ";", "utf-8", []))
        return read_table(other, like=data.form)[0].to_numpy().tolist()

    assert again(["$2,500", "3%", "950"]) == [[2500, 3, 950]]
    with pytest.raises(ValueError, match=r"'rate' held numbers with % .*'0.03' on line 2"):
        again(["$1", "0.03", "2M"])
    with pytest.raises(ValueError, match="'price' held numbers .*'€1' on line 2"):
        again(["€1", "3 %", "2M"])
