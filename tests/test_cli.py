"""The command line as a user meets it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from ibestimators import comparison
from ibestimators.cli import load, main

QUICK = ["--max-epochs", "1", "--cv", "2", "--n-jobs", "1"]


@pytest.fixture
def files(tmp_path):
    X, y = load_iris(return_X_y=True)
    table = pd.DataFrame(X, columns=["a", "b", "c", "d"]).assign(kind=np.array(["x", "y", "z"])[y])
    table.to_csv(tmp_path / "iris.csv", index=False)
    table.to_parquet(tmp_path / "iris.parquet")
    np.savez(tmp_path / "iris.npz", X=X, y=y, z=X[:, 0])
    table.assign(kind2="text").to_csv(tmp_path / "text.csv", index=False)
    table.assign(a=np.nan).to_csv(tmp_path / "missing.csv", index=False)
    (tmp_path / "broken.npz").write_bytes(b"no zip")
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "iris.npz").read_bytes()[:300])
    np.savez(tmp_path / "flat.npz", X=X[:, 0], y=y)
    np.savez(tmp_path / "short.npz", X=X, y=y[:9], s=y[0])
    np.savez(tmp_path / "nan.npz", X=np.where(X > 5, np.nan, X), y=y)
    table.to_csv(tmp_path / "numbered.csv")
    table.assign(one="only").to_parquet(tmp_path / "one.parquet")
    (tmp_path / "void.csv").write_text("")
    (tmp_path / "latin.csv").write_bytes("a,b\n1,é\n".encode("latin-1"))
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
    ],
    ids=lambda args: " ".join(args),
)
def test_compares_and_writes_a_picture(files, args, monkeypatch, capsys):
    monkeypatch.chdir(files)
    assert main(["compare", *args, *QUICK]) == 0
    output = capsys.readouterr().out
    assert "MLP" in output
    assert "locality" in output
    assert (files / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_mnist1d_is_signals_and_its_budget_that_of_the_estimators(files, monkeypatch, capsys):
    X, y = load("mnist1d", None)
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
        (["compare", "iris.csv"], "--target must name the column to predict, one of a, b"),
        (
            ["compare", "iris.csv", "--target", "e"],
            "no column 'e'; the columns are a, b, c, d, kind",
        ),
        (["compare", "iris.npz", "--target", "e"], "no array 'e'; the arrays are X, y, z"),
        (["compare", "broken.npz"], "broken.npz: not an .npz file"),
        (["compare", "empty.npz"], "empty.npz: not an .npz file"),
        (["compare", "cut.npz"], "cut.npz: not an .npz file"),
        (["compare", "flat.npz"], "array X must contain numbers and have at least 2 axes"),
        (["compare", "short.npz"], "array y has shape (9,), X (150, 4)"),
        (["compare", "short.npz", "--target", "s"], "array s has shape (), X (150, 4)"),
        (["compare", "nan.npz"], "array X has missing or infinite values"),
        (["compare", "iris.npz", "--target", "X"], "the target must not be the array X"),
        (["compare", "numbered.csv", "--target", "kind"], "the first column has no name"),
        (
            ["compare", "one.parquet", "--target", "one"],
            "column 'kind' contains 'x', which is not a number",
        ),
        (["compare", "void.csv", "--target", "a"], "void.csv: No columns to parse"),
        (["compare", "latin.csv", "--target", "a"], "latin.csv: "),
        (["compare", "folder.csv"], "folder.csv: expected one file NAME_A.txt"),
        (["compare", "pairs", "--target", "y"], "--target applies to tables and .npz"),
        (["compare", "iris", "--target", "a"], "--target applies to files only"),
        (["compare", "iris", "--output", "folder.png"], "folder.png: cannot be written"),
        (["compare", "iris", "--n-jobs", "0"], "'0' is not an integer of at least 1"),
        (["compare", "iris", "--random-state", "-1"], "'-1' is not an integer of at least 0"),
        (
            ["compare", "iris.csv", "--target", "kind", "--task", "regression"],
            "the target contains 'x', but regression needs numbers",
        ),
        (
            ["compare", "text.csv", "--target", "kind"],
            "column 'kind2' contains 'text', which is not a number",
        ),
        (["compare", "missing.csv", "--target", "kind"], "column 'a' has 150 missing values"),
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
            "unknown score 'acuracy'; did you mean accuracy",
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
