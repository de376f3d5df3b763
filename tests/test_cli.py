"""The command line as a user meets it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

import ibestimators
from ibestimators import MLPClassifier, comparison, suite
from ibestimators.cli import main
from ibestimators.cli._parser import parser
from ibestimators.cli._problem import open_problem

QUICK = ["--max-epochs", "1", "--cv", "2", "--n-jobs", "1"]


@pytest.fixture
def files(tmp_path):
    X, y = load_iris(return_X_y=True)
    table = pd.DataFrame(X, columns=["a", "b", "c", "d"]).assign(kind=np.array(["x", "y", "z"])[y])
    table.to_csv(tmp_path / "iris.csv", index=False)
    table.to_parquet(tmp_path / "iris.parquet")
    np.savez(tmp_path / "iris.npz", X=X, y=y, z=X[:, 0])
    (tmp_path / "broken.npz").write_bytes(b"no zip")
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "iris.npz").read_bytes()[:300])
    np.savez(tmp_path / "flat.npz", X=X[:, 0], y=y)
    np.savez(tmp_path / "short.npz", X=X, y=y[:9], s=y[0])
    np.savez(tmp_path / "nan.npz", X=np.where(X > 5, np.nan, X), y=y)
    (tmp_path / "void.csv").write_text("")
    (tmp_path / "unnamed.csv").write_text("1.5,2.5,x\n2.5,3.5,y\n3.5,4.5,x\n")
    (tmp_path / "ragged.csv").write_text("a,b\n1,2\n1,2,3\n")
    (tmp_path / "mixed.csv").write_text("a,b\n" + "1,2\n" * 20 + "3,high\n")
    (tmp_path / "single.csv").write_text("a\n1\n2\n")
    (tmp_path / "picture.csv").write_bytes(bytes(range(256)))
    (tmp_path / "picture.ts").write_bytes(bytes(range(256)))
    (tmp_path / "constant.csv").write_text("a,b,y\n" + "1,2,3.5\n3,4,3.5\n" * 9)
    (tmp_path / "picture.xlsx").write_bytes(bytes(range(256)))
    (tmp_path / "picture.parquet").write_bytes(bytes(range(256)))
    (tmp_path / "reviews.tsv").write_text(
        "stars\tid\treview\n"
        + "".join(f"{i % 2}\t{i}\tit was a {['bad', 'good'][i % 2]} film\n" for i in range(20))
    )
    table.rename(columns={"kind": "Class"}).assign(
        a=table["a"].where(table["a"] > 5), word=["u", "v", "w"] * 50, who=np.arange(150) // 5
    ).to_csv(tmp_path / "Messy.CSV.gz", sep=";", decimal=",", compression="gzip")
    table.to_csv(tmp_path / "timed.csv", index_label="when")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "pairs").mkdir()
    pairs = {
        "A": "".join(f"{i}, {i + 1}\n{i + 1}, {i}\n" for i in range(1, 40, 2)),
        "graph_indicator": "".join(f"{i}\n{i}\n" for i in range(1, 21)),
        "graph_labels": "0\n1\n" * 10,
        "node_labels": "0\n0\n1\n1\n" * 10,
    }
    for name, text in pairs.items():
        (tmp_path / "pairs" / f"PAIRS_{name}.txt").write_text(text)
    series = "".join(f"{','.join(['1', '2'] * (1 + i % 3))}:{i % 2}\n" for i in range(20))
    (tmp_path / "series.ts").write_text("@classLabel true 0 1\n@data\n" + series)
    np.savez(tmp_path / "tokens.npz", X=np.arange(60) % 7, lengths=[2, 4] * 10, y=[0, 1] * 10)
    return tmp_path


def run(*args, cwd):
    return subprocess.run(
        [sys.executable, "-m", "ibestimators", *map(str, args)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize(
    "args",
    [
        ["iris.csv", "--target", "kind"],
        ["iris.parquet", "--target", "kind"],
        ["iris.npz"],
        ["iris.npz", "--target", "z"],
        ["pairs"],
        ["series.ts"],
        ["tokens.npz"],
        ["wine"],
        ["digits", "--biases", "mlp,conv"],
        ["Messy.CSV.gz", "--biases", "mlp,conv", "--groups", "who"],
        ["reviews.tsv", "--target", "stars", "--biases", "mlp,conv"],
        ["reviews.tsv", "--target", "stars", "--biases", "mlp,conv", "--text", "review"],
        ["timed.csv", "--target", "a", "--biases", "mlp,conv", "--time", "when", "--drop", "kind"],
        ["iris.npz", "--data", "X", "--repeats", "2", "--biases", "mlp,conv"],
    ],
    ids=lambda args: " ".join(args),
)
def test_compares_and_writes_a_picture_if_asked(files, args, monkeypatch, capsys):
    monkeypatch.chdir(files)
    assert main(["compare", *args, *QUICK]) == 0
    output = capsys.readouterr().out
    assert "MLP" in output
    assert "locality" in output
    assert not (files / "scores.png").exists()
    if args == ["wine"]:
        assert main(["compare", *args, *QUICK, "--output", "scores.png"]) == 0
        assert (files / "scores.png").read_bytes().startswith(b"\x89PNG")


def problem(*args):
    return open_problem(parser().parse_args(["compare", *map(str, args)]))


def test_one_line_says_what_was_done_to_a_table(files):
    messy = problem(files / "Messy.CSV.gz")
    assert messy.summary() == (
        "150 samples of shape (6,), classification; target: `Class`, by its name; semicolons "
        "separate columns; commas are decimal in `a`, `b`, `c` and 1 more; column without a name "
        "dropped: it counts the rows; 1 column of 6 encoded, gaps in 1 filled"
    )
    assert [name for name, _ in messy.prepared(MLPClassifier()).steps][0] == "encoder"
    assert messy.X["a"].isna().sum() == 32
    plain = problem(files / "iris.csv", "--target", "kind")
    assert type(plain.prepared(MLPClassifier())) is MLPClassifier


def test_groups_time_and_text_leave_the_table(files):
    grouped = problem(files / "Messy.CSV.gz", "--groups", "who")
    assert "who" not in grouped.X
    assert grouped.groups.tolist() == [i // 5 for i in range(150)]
    timed = problem(files / "timed.csv", "--target", "kind", "--time", "when")
    assert timed.time.tolist() == [*range(150)]
    assert list(timed.X) == ["a", "b", "c", "d"]
    text = problem(files / "reviews.tsv", "--target", "stars")
    assert text.X[1] == "it was a good film"
    assert "the words of `review` read as tokens" in text.summary()


def test_the_task_that_a_file_states_wins(files, monkeypatch):
    many = "".join(f"{i}\n" for i in range(20))  # would be guessed to be numbers
    monkeypatch.setattr(suite, "guess_task", lambda y: "regression")
    assert problem(files / "pairs").task == "classification"
    (files / "pairs" / "PAIRS_graph_labels.txt").unlink()
    (files / "pairs" / "PAIRS_graph_attributes.txt").write_text(many)
    monkeypatch.setattr(suite, "guess_task", lambda y: "classification")
    assert problem(files / "pairs").task == "regression"
    assert problem(files / "pairs", "--task", "classification").task == "classification"


def test_the_other_part_of_an_official_split_is_read(files):
    text = (files / "series.ts").read_text()
    (files / "A_TRAIN.ts").write_text(text)
    (files / "A_TEST.ts").write_text(text.replace("1,2:0", "5,6:0"))
    both = problem(files / "A_TRAIN.ts")
    ((train, test),) = both.splits
    assert (len(both.X), train.tolist(), test.tolist()) == (40, [*range(20)], [*range(20, 40)])
    assert "trained on A_TRAIN.ts, tested on A_TEST.ts" in both.summary()


def test_ctrl_c_says_what_is_kept(files, monkeypatch, capsys):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(comparison, "compare_biases", interrupt)
    assert main(["compare", "iris"]) == 130
    assert "nothing is kept" in capsys.readouterr().err
    assert main(["compare", "iris", "--cache", str(files / "kept")]) == 130
    assert f"kept in {files / 'kept'}, and the same command resumes" in capsys.readouterr().err


def test_the_page_holds_all_results(files, monkeypatch, capsys):
    monkeypatch.chdir(files)
    args = ["compare", "wine", "--biases", "mlp", "--ablation", "--curves", "--report", "a.html"]
    assert main([*args, *QUICK]) == 0
    page = (files / "a.html").read_text()
    assert "Destroyed: positions" in page
    assert "Learning curve" in page or "learning curve" in page


def test_mnist1d_is_signals_and_its_budget_that_of_the_estimators(files, monkeypatch, capsys):
    data = problem("mnist1d")
    X, y = data.X, data.y
    assert X.shape == (len(y), 40, 1)
    compared = {}

    def compare(X, y, estimators, **options):
        compared.update(estimators, shape=X.shape)
        raise ValueError("stop")

    monkeypatch.setattr(comparison, "compare_biases", compare)
    monkeypatch.chdir(files)
    assert main(["compare", "mnist1d"]) == 2
    assert compared.pop("shape") == X.shape
    assert {est.max_epochs for est in compared.values()} == {"auto"}
    assert "ibestimators: stop" in capsys.readouterr().err
    assert main(["compare", "mnist1d", "--max-epochs", "7"]) == 2
    assert compared["Conv"].max_epochs == 7


def test_a_report_and_a_cache(files, monkeypatch, capsys):
    monkeypatch.chdir(files)
    args = ["compare", "wine", "--biases", "mlp", "--report", "a.html", "--cache", "kept", *QUICK]
    for _ in range(2):
        assert main(args) == 0
        assert "report: a.html" in capsys.readouterr().out
        assert len(list((files / "kept").glob("*.json"))) == 2
    assert "<html" in (files / "a.html").read_text()


def test_the_table_fits_a_terminal(files, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    args = ["compare", "wine", "--max-epochs", "1", "--cv", "4", "--n-jobs", "1"]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(args) == 0
    table = capsys.readouterr().out.splitlines()
    assert max(map(len, table)) <= 80
    assert "locality" not in "".join(table)


def test_the_heading_of_the_page_is_the_name_of_the_file(files):
    page = files / "a.html"
    data = str(files / "iris.csv")
    args = ["compare", data, "--target", "kind", "--biases", "mlp", "--report", str(page)]
    assert main([*args, *QUICK]) == 0
    assert "<h1>iris.csv</h1>" in page.read_text()


def test_print_and_page_say_what_was_done_to_a_table_and_who_reads_its_order(files, capsys):
    page = files / "a.html"
    args = ["compare", str(files / "Messy.CSV.gz"), "--biases", "mlp,recurrent"]
    assert main([*args, "--report", str(page), *QUICK]) == 0
    printed, written = capsys.readouterr().out.splitlines(), page.read_text()
    (line,) = [line for line in printed if line.startswith("Read Messy.CSV.gz: target: `Class`, ")]
    assert "column without a name dropped: it counts the rows" in line
    assert "<li>column without a name dropped: it counts the rows</li>" in written
    sentence = "Recurrent reads the columns of X in the given order"
    assert sum(line.startswith(sentence) for line in printed) == 1
    assert sentence in written


def test_as_a_program(files):
    done = run("compare", "iris.csv", "--target", "kind", *QUICK, "--output", "a.svg", cwd=files)
    assert done.returncode == 0, done.stderr
    assert "picture: a.svg" in done.stdout
    assert "10 of 10 fits" in done.stderr
    assert (files / "a.svg").exists()


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["compare"], "the following arguments are required: DATA"),
        (["compare", "nothing"], "'nothing' is not one of mnist1d"),
        (["compare", "nothing.csv"], "nothing.csv: no such file"),
        (["compare", "iris.csv"], "must name the column to predict, one of a, b"),
        (
            ["compare", "iris.csv", "--target", "e"],
            "no column 'e'; the columns are a, b, c, d, kind",
        ),
        (["compare", "iris.csv", "--target", "knid"], "no column 'knid'; did you mean 'kind'?"),
        (["compare", "iris.csv", "--target", "a", "--drop", "a"], "'a' is among the columns to"),
        (["compare", "iris.csv", "--target", "a", "--groups", "kinds"], "did you mean 'kind'?"),
        (["compare", "iris.csv", "--target", "a", "--time", "kind"], "neither a number nor a date"),
        (["compare", "unnamed.csv", "--target", "2"], "looks like data, not like names"),
        (["compare", "ragged.csv", "--target", "a"], "line 3 has 3 fields, but the header has 2"),
        (
            ["compare", "mixed.csv", "--target", "b"],
            "no number ('high', on line 22)",
        ),
        (["compare", "single.csv", "--target", "a"], "no column is left besides the target"),
        (["compare", "picture.csv", "--target", "a"], "not a file of text"),
        (["compare", "picture.ts"], "picture.ts: not a file of text in UTF-8"),
        (["compare", ""], "'' is not one of mnist1d"),
        (["compare", "a" * 9999], "no name of a file"),
        (["compare", "constant.csv"], "the target has only one value, 3.5"),
        (["compare", "picture.xlsx", "--target", "a"], "picture.xlsx: "),
        (["compare", "picture.parquet", "--target", "a"], "picture.parquet: "),
        (["compare", "iris.npz", "--target", "e"], "no array 'e'; the arrays are X, y, z"),
        (["compare", "broken.npz"], "broken.npz: not an .npz file"),
        (["compare", "empty.npz"], "empty.npz: not an .npz file"),
        (["compare", "cut.npz"], "cut.npz: not an .npz file"),
        (["compare", "flat.npz"], "array X must contain numbers and have at least 2 axes"),
        (["compare", "short.npz"], "array y has shape (9,), X (150, 4)"),
        (["compare", "short.npz", "--target", "s"], "array s has shape (), X (150, 4)"),
        (["compare", "nan.npz"], "array X has missing or infinite values"),
        (["compare", "iris.npz", "--target", "X"], "the target must not be the array X"),
        (["compare", "void.csv", "--target", "a"], "void.csv: it is empty"),
        (["compare", "folder.csv"], "folder.csv: expected one file NAME_A.txt"),
        (["compare", "pairs", "--target", "y"], "--target does not apply to pairs"),
        (["compare", "iris", "--target", "a"], "--target does not apply to iris, which is bundled"),
        (["compare", "iris.npz", "--groups", "a"], "--groups does not apply to iris.npz"),
        (["compare", "iris", "--output", "folder.png"], "folder.png: cannot be written"),
        (["compare", "iris", "--n-jobs", "0"], "'0' is not an integer of at least 1"),
        (["compare", "iris", "--random-state", "-1"], "'-1' is not an integer of at least 0"),
        (
            ["compare", "iris.csv", "--target", "kind", "--task", "regression"],
            "the target contains 'x', but regression needs numbers",
        ),
        (["compare", "iris", "--cv", "1"], "'1' is not an integer of at least 2"),
        (["compare", "iris", "--biases", "mlp,tree"], "'tree' is not one of MLP, Conv"),
        (["compare", "iris", "--input-shape", "2,x"], "'2,x' is not a shape"),
        (["compare", "iris", "--output", "a.txt"], "must end in .png, .svg or .pdf"),
        (["compare", "iris", "--output", "no/a.png"], "no such folder"),
        (["compare", "iris", "--report", "no/a.html"], "--report no/a.html: no such folder"),
        (["compare", "iris", "--report", "a.txt"], "--report a.txt: must end in .html"),
        (["compare", "iris", "--cache", "iris.csv", *QUICK], "File exists: 'iris.csv'"),
        (
            ["compare", "iris", "--scoring", "acuracy"],
            "unknown score 'acuracy'; did you mean 'accuracy'",
        ),
        (["compare", "iris", "--cv", "100"], "n_splits=100"),
        (["compare", "iris", "--input-shape", "5,1", *QUICK], "input_shape=(5, 1) holds 5 numbers"),
        (["compare", "iris", "--frobnicate"], "unrecognized arguments: --frobnicate"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_gives_one_line_and_exit_code_2(files, args, complaint, monkeypatch, capsys):
    monkeypatch.chdir(files)
    try:
        code = main(args)
    except SystemExit as exit_:
        code = exit_.code
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if line.startswith("ibestimators")]
    assert code == 2
    assert len(lines) == 1
    assert complaint in lines[0]
    assert "Traceback" not in captured.err


def test_help_needs_no_torch():
    code = (
        "import sys, ibestimators.cli as c\n"
        "try: c.main(['compare', '--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'torch', 'sklearn', 'numpy', 'pandas'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "--target" in done.stdout
    assert "exit codes: 0" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 90


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"ibestimators {ibestimators.__version__}\n"


@pytest.fixture
def steps(tmp_path):
    random = np.random.default_rng(0)
    X = random.normal(size=(20, 6, 1))
    y = (X[..., 0] > 0).astype(int)
    np.savez(tmp_path / "steps.npz", X=X, y=y)
    gaps = np.where(random.random(y.shape) < 0.2, np.nan, X[..., 0])
    np.savez(tmp_path / "gaps.npz", X=X, y=gaps)
    rows = X.reshape(-1, 1)
    np.savez(tmp_path / "ragged.npz", X=rows, lengths=[2, 4] * 20, y=y.ravel())
    return tmp_path


@pytest.mark.parametrize(
    ("file", "score"), [("steps.npz", "accuracy"), ("gaps.npz", "R²"), ("ragged.npz", "accuracy")]
)
def test_targets_at_positions(steps, file, score, capsys):
    quick = ["--max-epochs", "1", "--cv", "2", "--biases", "MLP,Recurrent"]
    assert main(["compare", str(steps / file), "--positions", *quick]) == 0
    printed = capsys.readouterr().out
    assert score in printed
    assert "failed" not in printed


def test_targets_at_positions_are_asked_for(steps, capsys):
    assert main(["compare", str(steps / "ragged.npz")]) == 2
    assert "has a value for each row of a sample; add --positions" in capsys.readouterr().err
    assert main(["compare", "iris", "--positions"]) == 2
    assert "--positions applies to .npz files only" in capsys.readouterr().err
    quick = ["--max-epochs", "1", "--cv", "2", "--biases", "MLP"]
    assert main(["compare", str(steps / "steps.npz"), *quick]) == 0
    assert "--positions reads it as one value of each position" in capsys.readouterr().err


def test_diagnose_reads_what_compare_reads(tmp_path, capsys):
    rows = [f"{i % 2},{i % 7},{['red', 'blue', ''][i % 3]}" for i in range(60)]
    (tmp_path / "words.csv").write_text("\n".join(["target,size,colour", *rows]) + "\n")
    page = tmp_path / "page.html"
    assert main(["diagnose", str(tmp_path / "words.csv"), "--report", str(page)]) == 0
    found = capsys.readouterr()
    assert "First guess, to be confirmed by a comparison: MLPClassifier()." in found.out
    assert "change of sign" in found.out
    assert "words.csv" in page.read_text()
    assert main(["diagnose", "csl"]) == 0
    assert "The edges show no effect" in capsys.readouterr().out


def test_diagnose_refuses_bad_input_in_one_line(tmp_path, capsys):
    for arguments in (["missing.csv"], ["iris", "--target", "species"], ["iris", "--report", "x"]):
        assert main(["diagnose", *arguments]) == 2
        error = capsys.readouterr().err
        assert error.startswith("ibestimators: ")
        assert error.count("\n") == 1
