"""``ibestimators compare --save-best`` and ``ibestimators predict`` as a user meets them."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ibestimators import MLPClassifier, comparison
from ibestimators.cli import main
from ibestimators.cli._model import Model, trusted_types
from ibestimators.cli._parser import parser
from ibestimators.cli._problem import open_problem

QUICK = ["--max-epochs", "1", "--cv", "2", "--n-jobs", "1", "--biases", "MLP"]


def write_files(folder):
    """One file of each form, and the same without its target."""
    random = np.random.default_rng(0)
    n = 40
    table = pd.DataFrame(
        {
            "who": [f"{i}" for i in range(n)],
            "size": [None if i % 9 == 0 else f"{i % 7},5" for i in range(n)],
            "colour": random.choice(["red", "blue", ""], n),
            "code": random.choice(["007", "042", "x1"], n),
            "when": [f"2020-0{1 + i % 9}-11" for i in range(n)],
            "kind": ["up", "down"] * (n // 2),
        }
    )
    table.to_csv(folder / "words.csv", sep=";", index=False)
    table.drop(columns="kind").to_csv(folder / "words_alone.csv", sep=";", index=False)
    plain = pd.DataFrame(random.normal(size=(n, 3)).round(3), columns=["a", "b", "c"])
    plain.assign(target=plain["a"] > 0).to_csv(folder / "plain.csv", index=False)
    plain[["c", "a", "b"]].to_csv(folder / "plain_alone.csv", index=False)
    bare = plain.assign(y=[0, 1] * (n // 2))[["y", "a", "b", "c"]]
    bare.to_csv(folder / "bare.csv", index=False, header=False)
    plain.to_csv(folder / "bare_alone.csv", index=False, header=False)
    texts = pd.DataFrame(
        {"stars": [0, 1] * (n // 2), "text": ["it was, a bad film", "it was a good, film"] * 20}
    )
    texts.to_csv(folder / "texts.csv", index=False)
    texts[["text"]].to_csv(folder / "texts_alone.csv", index=False)
    X, y = random.normal(size=(n, 5, 2)), random.integers(2, size=n)
    np.savez(folder / "arrays.npz", X=X, y=y)
    np.savez(folder / "arrays_alone.npz", X=X)
    np.savez(folder / "numbers.npz", X=X, y=random.normal(size=(n, 2)))
    np.savez(folder / "numbers_alone.npz", X=X)
    lengths = [2, 4] * (n // 2)
    np.savez(folder / "tokens.npz", X=np.arange(3 * n) % 7, lengths=lengths, y=y)
    np.savez(folder / "tokens_alone.npz", X=np.arange(3 * n) % 7, lengths=lengths)
    rows = [f"{','.join(['1.5', '2'] * (1 + i % 3))}" for i in range(n)]
    labelled = "".join(f"{row}:{i % 2}\n" for i, row in enumerate(rows))
    (folder / "series.ts").write_text("@classLabel true 0 1\n@data\n" + labelled)
    alone = "@classLabel false\n@data\n" + "\n".join(rows)
    (folder / "series_alone.ts").write_text(alone)
    for name in ("graphs", "graphs_alone"):
        (folder / name).mkdir()
        edges = "".join(f"{i}, {i + 1}\n{i + 1}, {i}\n" for i in range(1, 2 * n, 2))
        (folder / name / "G_A.txt").write_text(edges)
        owners = "".join(f"{i}\n{i}\n" for i in range(1, n + 1))
        (folder / name / "G_graph_indicator.txt").write_text(owners)
        (folder / name / "G_node_labels.txt").write_text("0\n0\n1\n1\n" * (n // 2))
    (folder / "graphs" / "G_graph_labels.txt").write_text("0\n1\n" * (n // 2))
    np.savez(folder / "steps.npz", X=X, y=(X[..., 0] > 0).astype(int))
    np.savez(folder / "steps_alone.npz", X=X)
    flat = X.reshape(-1, 2)
    steps = [4, 6] * (n // 2)
    np.savez(folder / "ragged.npz", X=flat, lengths=steps, y=flat[:, 0] > 0)
    np.savez(folder / "ragged_alone.npz", X=flat, lengths=steps)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    write_files(folder)
    return folder


FORMS = {
    "words.csv": ["--target", "kind"],
    "plain.csv": [],
    "bare.csv": ["--no-header", "--target", "0"],
    "texts.csv": ["--target", "stars"],
    "arrays.npz": [],
    "numbers.npz": ["--task", "regression"],
    "tokens.npz": [],
    "series.ts": [],
    "graphs": [],
    "steps.npz": ["--positions"],
    "ragged.npz": ["--positions"],
}


@pytest.mark.parametrize("name", FORMS)
def test_a_saved_estimator_predicts_as_before(files, name, tmp_path, monkeypatch, capsys):
    kept = []

    def compare(*args, compare=comparison.compare_biases, **options):
        kept.append(compare(*args, **options))
        return kept[-1]

    monkeypatch.setattr(comparison, "compare_biases", compare)
    monkeypatch.chdir(files)
    model = tmp_path / "best.skops"
    arguments = ["compare", name, *FORMS[name], *QUICK, "--save-best", str(model)]
    assert main(arguments) == 0
    assert f"model: {model}, MLP fitted on all data" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["best.skops"]  # no parts
    best, X = kept[0].best_estimator_, open_problem(parser().parse_args(arguments)).X
    expected = [np.asarray(values) for values in best.predict(X)]
    table = tmp_path / "predictions.csv"
    stem, dot, ending = name.partition(".")
    for data in (name, f"{stem}_alone{dot}{ending}"):
        assert main(["predict", str(model), data, "--output", str(table)]) == 0
        read = pd.read_csv(table)
        written = read.filter(like="prediction").to_numpy()
        flat = np.concatenate([np.ravel(values) for values in expected])
        if flat.dtype.kind == "f":
            np.testing.assert_allclose(written.ravel(), flat, rtol=1e-5)
        else:
            assert written.ravel().astype(str).tolist() == flat.astype(str).tolist()
        assert main(["predict", str(model), data]) == 0
        assert capsys.readouterr().out.endswith(table.read_text())


@pytest.fixture(scope="module")
def models(files, tmp_path_factory):
    """Fitted on words.csv, on plain.csv and on steps.npz."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("words.csv", "plain.csv", "steps.npz"):
        arguments = ["compare", str(files / name), *FORMS[name]]
        problem = open_problem(parser().parse_args(arguments))
        target = "position" if "--positions" in arguments else "sample"
        est = problem.prepared(MLPClassifier(max_epochs=1, random_state=0, target=target))
        Model.of(est.fit(problem.X, problem.y), problem, name, None).write(
            folder / f"{name.partition('.')[0]}.skops"
        )
    return folder


def predicted(capsys, *arguments):
    assert main(["predict", *map(str, arguments)]) == 0
    return pd.read_csv(io.StringIO(capsys.readouterr().out), dtype={"who": str})


def test_rows_keep_their_names_and_probabilities_sum_to_1(files, models, capsys):
    table = predicted(capsys, models / "words.skops", files / "words.csv", "--proba")
    assert [*table] == ["who", "prediction", "probability_down", "probability_up"]
    assert table["who"].tolist() == [str(i) for i in range(40)]
    np.testing.assert_allclose(table.filter(like="probability").sum(axis=1), 1, rtol=1e-5)
    likely = np.where(table["probability_up"] > table["probability_down"], "up", "down")
    assert table["prediction"].tolist() == likely.tolist()


def test_each_position_is_named(files, models, capsys):
    table = predicted(capsys, models / "steps.skops", files / "steps_alone.npz", "--proba")
    assert [*table] == ["sample", "position", "prediction", "probability_0", "probability_1"]
    assert table["position"].tolist() == [0, 1, 2, 3, 4] * 40
    assert table["sample"].tolist() == np.repeat(range(40), 5).tolist()


def test_other_columns_and_values_are_read_as_in_training(files, models, tmp_path, capsys):
    # Codes are words, though all of this file are numbers; commas are decimal, though none shows.
    (tmp_path / "row.csv").write_text(
        "code\tcolour\tsize\twhen\tnote\n042\tgreen\t1,500\t2021-02-03\tx\n"
    )
    table = predicted(capsys, models / "words.skops", tmp_path / "row.csv", "--proba")
    assert [*table] == ["prediction", "probability_down", "probability_up"]
    main(["predict", str(models / "words.skops"), str(tmp_path / "row.csv")])
    assert "`note` not read: not in the training data" in capsys.readouterr().err
    (tmp_path / "same.csv").write_text("code;colour;size;when\n042;green;1,5;2021-02-03\n")
    again = predicted(capsys, models / "words.skops", tmp_path / "same.csv", "--proba")
    np.testing.assert_allclose(table.iloc[0, 1:].astype(float), again.iloc[0, 1:].astype(float))
    frame = pd.DataFrame({"size": [1.5], "code": [42], "colour": ["green"], "when": ["2021-02-03"]})
    frame.assign(code="042").to_parquet(tmp_path / "same.parquet")
    again = predicted(capsys, models / "words.skops", tmp_path / "same.parquet", "--proba")
    np.testing.assert_allclose(table.iloc[0, 1:].astype(float), again.iloc[0, 1:].astype(float))


class Evil:
    def __reduce__(self):
        return (print, ("executed",))


@pytest.fixture
def bad(files, models, tmp_path):
    """What cannot be predicted, and what is no model."""
    (tmp_path / "missing.csv").write_text("a,b,d\n1,2,3\n")
    (tmp_path / "word.csv").write_text("a,b,c\n1,2,3\n1,high,3\n")
    (tmp_path / "gap.csv").write_text("a,b,c\n1,2,3\n1,,3\n")
    (tmp_path / "odd.csv").write_text("a,b,c\nx,0,0\n" + "1,2,3\n" * 20)
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "header.csv").write_text("a,b,c\n")
    (tmp_path / "picture.csv").write_bytes(bytes(range(256)))
    np.savez(tmp_path / "flat.npz", X=np.ones((3, 4)))
    np.savez(tmp_path / "other.npz", Z=np.ones((3, 5, 2)))
    (tmp_path / "cut.skops").write_bytes((models / "plain.skops").read_bytes()[:900])
    (tmp_path / "empty.skops").write_bytes(b"")
    skops.io.dump({"schema": 1, "estimator": MLPClassifier()}, tmp_path / "part.skops")
    skops.io.dump({"schema": 99}, tmp_path / "newer.skops")
    skops.io.dump([1, 2], tmp_path / "list.skops")
    steps = make_pipeline(FunctionTransformer(write_files), MLPClassifier())
    skops.io.dump({"schema": 1, "estimator": steps}, tmp_path / "code.skops")
    with zipfile.ZipFile(tmp_path / "zip.skops", "w") as file:
        file.writestr("schema.json", "{")
    return tmp_path


@pytest.mark.parametrize(
    ("model", "data", "complaint"),
    [
        ("plain.skops", "missing.csv", "column 'c' is missing; not in the training data: 'd'"),
        (
            "plain.skops",
            "word.csv",
            "'b' held numbers in the training data, but holds 'high' on line 3",
        ),
        ("plain.skops", "gap.csv", "gaps in 'b', but plain.csv had none"),
        ("plain.skops", "odd.csv", "`a`: 1 value that is no number ('x', on line 2) read as gaps"),
        ("plain.skops", "empty.csv", "it is empty"),
        ("plain.skops", "header.csv", "it has a header but no rows"),
        ("plain.skops", "picture.csv", "not a file of text"),
        ("plain.skops", "none.csv", "no such file"),
        ("plain.skops", "none", "'none' is not one of mnist1d"),
        ("plain.skops", "x" * 9999 + ".csv", "no name of a file"),
        ("plain.skops", "iris", "iris is bundled data, but the estimator was fitted on the rows"),
        ("plain.skops", "flat.npz", "flat.npz is an .npz file, but the estimator was fitted on"),
        ("plain.skops", ".", "is a folder of graphs, but the estimator was fitted on the rows"),
        ("steps.skops", "word.csv", "is a table, but the estimator was fitted on an array (steps"),
        ("steps.skops", "flat.npz", "5"),
        ("steps.skops", "other.npz", "no array 'X'; the arrays are Z"),
        ("steps.skops", "csl", "csl holds graphs, but the estimator was fitted on an array"),
        ("none.skops", "word.csv", "none.skops: no such file"),
        (".", "word.csv", ".: is a folder"),
        ("word.csv", "word.csv", "word.csv: not a file that `ibestimators compare --save-best`"),
        ("cut.skops", "word.csv", "cut.skops: not a file that"),
        ("empty.skops", "word.csv", "empty.skops: not a file that"),
        ("part.skops", "word.csv", "part.skops: not a file that"),
        ("list.skops", "word.csv", "list.skops: not a file that"),
        ("zip.skops", "word.csv", "zip.skops: not a file that"),
        ("newer.skops", "word.csv", "newer.skops: has schema 99, but this version reads 1"),
        ("code.skops", "word.csv", "code.skops: not loaded, since it could run code"),
    ],
)
def test_bad_input_gives_one_line(bad, models, model, data, complaint, monkeypatch, capsys):
    monkeypatch.chdir(bad)
    path = models / model if (models / model).is_file() else model
    assert main(["predict", str(path), data]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    *_, last = captured.err.splitlines()
    assert last.startswith("ibestimators: ")
    assert complaint in last


def test_probabilities_of_numbers_are_refused(files, tmp_path, capsys):
    arguments = ["compare", str(files / "numbers.npz"), "--task", "regression", *QUICK]
    model = str(tmp_path / "best.skops")
    assert main([*arguments, "--save-best", model]) == 0
    assert main(["predict", model, str(files / "numbers.npz"), "--proba"]) == 2
    assert "MLPRegressor, which predicts no probabilities" in capsys.readouterr().err
    assert main(["predict", model, str(files / "numbers.npz")]) == 0
    assert "prediction_0,prediction_1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ["compare", "iris", "--save-best", "best.pkl"],
            "--save-best best.pkl: must end in .skops",
        ),
        (["compare", "iris", "--save-best", "no/best.skops"], "no such folder"),
        (
            ["predict", "best.skops", "iris", "--output", "a.txt"],
            "--output a.txt: must end in .csv",
        ),
    ],
)
def test_files_are_checked_first(arguments, complaint, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert complaint in capsys.readouterr().err


def test_what_would_not_be_trusted_is_not_written(files, tmp_path):
    problem = open_problem(parser().parse_args(["compare", str(files / "plain.csv")]))
    foreign = make_pipeline(FunctionTransformer(write_files), MLPClassifier())
    with pytest.raises(Exception, match="write_files, which `ibestimators predict` does not trust"):
        Model.of(foreign, problem, "plain.csv", None).write(tmp_path / "best.skops")
    assert not [*tmp_path.iterdir()]


def test_only_types_of_libraries_for_estimators_are_trusted():
    of_tables = {*trusted_types(["skrub.Any"])} - {*trusted_types([])}
    assert {name.split(".")[0] for name in of_tables} == {"numpy", "skrub"}
    libraries = {"aeon", "grakel", "ibestimators", "scipy", "sklearn"}
    assert {name.split(".")[0] for name in trusted_types([])} == libraries


def test_searches_and_guests_are_saved(tmp_path, capsys):
    X = np.random.default_rng(0).random((200, 2))
    table = pd.DataFrame(X, columns=["a", "b"]).assign(y=np.floor(8 * X[:, 0]) % 2)
    data, model = tmp_path / "stripes.csv", tmp_path / "best.skops"
    table.to_csv(data, index=False)
    for option, best in (("--representatives", "MLP"), ("--guests", "Boosting")):
        arguments = ["compare", str(data), "--task", "classification", *QUICK, option]
        assert main([*arguments, "--save-best", str(model)]) == 0
        assert f"{best} fitted on all data" in capsys.readouterr().out
        assert not hasattr(Model.read(model).estimator, "best_estimator_")
        assert main(["predict", str(model), str(data), "--proba"]) == 0
