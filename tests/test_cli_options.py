"""Options of ``ibestimators compare`` that ask for more, and its help."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ibestimators import comparison
from ibestimators.cli import main
from ibestimators.cli._parser import parser
from ibestimators.cli._problem import open_problem

QUICK = ["--max-epochs", "1", "--cv", "2", "--n-jobs", "1"]


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X = np.random.default_rng(0).normal(size=(40, 3))
    frame = pd.DataFrame(X, columns=["red", "green", "blue"]).assign(y=[0, 1] * 20)
    frame.to_csv("table.csv", index=False)
    return tmp_path


@pytest.fixture
def asked(monkeypatch):
    """What the comparison is asked for; it is not made."""
    found = {}

    def compare(X, y, estimators, **options):
        found.update(options, X=X, estimators=estimators)
        raise ValueError("stop")

    monkeypatch.setattr(comparison, "compare_biases", compare)
    return found


def columns(*arguments):
    options = parser().parse_args(["compare", "table.csv", *arguments])
    problem = open_problem(options)
    return [*problem.X], problem.has_no_order, [*problem.form.columns]


def test_columns_come_in_the_order_that_is_stated(table):
    assert columns()[:2] == (["red", "green", "blue"], True)
    assert columns("--order", "given")[:2] == (["red", "green", "blue"], False)
    wanted = ["blue", "red", "green"]
    assert columns("--order", "blue,red, green") == (wanted, False, wanted)
    (table / "order.txt").write_text("blue\n\nred \ngreen\n")
    assert columns("--order", "order.txt") == (wanted, False, wanted)
    assert columns("--order", "blue,red", "--drop", "green")[0] == ["blue", "red"]
    assert columns("--input-shape", "3,1")[1] is False


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--order", "blue,rde,green"], "--order: no column 'rde'; did you mean 'red'?"),
        (["--order", "blue,blue,green"], "--order: column 'blue' is named 2 times"),
        (["--order", "blue"], "must name all columns; 'red', 'green' missing. Name them too"),
        (["--order", "picture.bin"], "--order picture.bin: cannot be read as text"),
        (["--order", ",".join(["blue"] * 999)], "column 'blue' is named 999 times"),
        (["--order", "red", "--text", "red"], "--order does not apply to the texts of table.csv"),
        (["--groups", "red", "--time", "red"], "--groups and --time must name different columns"),
        (["--groups", "y"], "the target 'y' cannot be a column of X, or have another role"),
        (["--random-state", "9" * 20], "is not below 2**32, as a seed has to be"),
        (["--time-limit", "9"], "--time-limit ends a comparison after a whole repeat"),
        (["--time-limit", "0", "--repeats", "3"], "'0' is not a positive number of seconds"),
        (["--time-limit", "inf"], "'inf' is not a positive number of seconds"),
        (["--representatives", "--search"], "cannot be used with --search; leave one out"),
        (["--representatives", "--match-parameters"], "cannot be used with --match-parameters"),
        (["--representatives", "--time", "red"], "cannot be used with --time"),
    ],
)
def test_contradictions_are_named(table, arguments, complaint, capsys):
    (table / "picture.bin").write_bytes(bytes(range(256)))
    try:
        code = main(["compare", "table.csv", *arguments])
    except SystemExit as exit_:
        code = exit_.code
    assert code == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 1
    assert complaint in error[0]


def test_order_guests_and_diagnosis_do_not_apply_everywhere(table, capsys):
    X = np.random.default_rng(0).normal(size=(20, 6, 1))
    np.savez("steps.npz", X=X, y=(X[..., 0] > 0).astype(int))
    for option in ("--guests", "--diagnose"):
        assert main(["compare", "steps.npz", "--positions", option]) == 2
        assert f"{option} does not apply to targets at --positions" in capsys.readouterr().err
    assert main(["compare", "iris", "--order", "given"]) == 2
    assert "--order does not apply to iris, which is bundled" in capsys.readouterr().err


def test_a_stated_order_ends_the_caveat(table, capsys):
    quick = [*QUICK, "--biases", "MLP,Conv"]
    assert main(["compare", "table.csv", *quick]) == 0
    assert "A table has no order" in capsys.readouterr().out
    assert main(["compare", "table.csv", *quick, "--order", "given"]) == 0
    assert "A table has no order" not in capsys.readouterr().out


def test_options_reach_the_comparison(table, asked):
    assert main(["compare", "table.csv", "--repeats", "9", "--time-limit", "7.5"]) == 2
    assert (asked["time_limit"], asked["n_repeats"]) == (7.5, 9)
    assert (asked["guests"], asked["representatives"], asked["refit"]) == (False, None, False)
    assert main(["compare", "table.csv", "--guests", "--representatives"]) == 2
    assert (asked["guests"], asked["representatives"]) == (True, "all")
    assert (
        main(["compare", "table.csv", "--order", "blue,red,green", "--save-best", "a.skops"]) == 2
    )
    assert [*asked["X"]] == ["blue", "red", "green"]
    assert asked["refit"] is True


def test_the_diagnosis_comes_before_the_comparison(table, capsys):
    arguments = ["compare", "table.csv", "--diagnose", "--biases", "MLP", "--report", "page.html"]
    assert main([*arguments, *QUICK]) == 0
    out = capsys.readouterr().out
    assert 0 < out.index("First guess, to be confirmed by a comparison") < out.index("parameters")
    page = (table / "page.html").read_text()
    assert "First guess" in page


def test_guests_and_representatives_are_compared(table, capsys):
    arguments = ["compare", "table.csv", "--guests", "--representatives", "--biases", "MLP"]
    assert main([*arguments, *QUICK]) == 0
    out = capsys.readouterr().out
    assert "Boosting" in out


def test_warnings_are_one_line(table, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        images = np.random.default_rng(0).normal(size=(20, 4, 4, 1))
        np.savez("images.npz", X=images, y=[0, 1] * 10)
        assert main(["compare", "images.npz", "--guests", "--biases", "MLP", *QUICK]) == 0
    error = capsys.readouterr().err
    assert "ibestimators: warning: guests=True adds none" in error
    assert "UserWarning" not in error


def test_a_pipe_that_is_closed_stops_no_file(table, monkeypatch, capsys):
    """As `| head -1` closes it."""
    reader, writer = os.pipe()
    os.close(reader)
    arguments = ["compare", "table.csv", "--biases", "MLP", "--report", "page.html"]
    with open(writer, "w") as closed, monkeypatch.context() as patch:
        patch.setattr("sys.stdout", closed)
        assert main([*arguments, *QUICK, "--save-best", "best.skops"]) == 0
        assert main(["predict", "best.skops", "table.csv"]) == 0
    assert (table / "page.html").exists()
    assert "Error" not in capsys.readouterr().err


def test_no_output_at_all(table, monkeypatch):
    """As `>&-` closes it."""
    monkeypatch.setattr("sys.stdout", None)
    assert main(["compare", "table.csv", "--biases", "MLP", *QUICK]) == 0


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), MemoryError()])
def test_a_file_that_cannot_be_written_is_one_line(table, error, monkeypatch, capsys):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(comparison.ComparisonResult, "to_html", fail)
    arguments = ["compare", "table.csv", "--biases", "MLP", "--report", "page.html", *QUICK]
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert "accuracy" in captured.out
    *_, last = captured.err.splitlines()
    assert last == f"ibestimators: {str(error) or 'MemoryError'}"


def test_ctrl_c_ends_every_command(table, monkeypatch, capsys):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("ibestimators.cli._model.Model.read", interrupt)
    monkeypatch.setattr("ibestimators.datasets.read_table", interrupt)
    for command in (["predict", "best.skops"], ["diagnose"], ["compare"]):
        assert main([*command, "table.csv"]) == 130
        captured = capsys.readouterr()
        assert captured.err.startswith("ibestimators: interrupted")
        assert captured.err.count("\n") == 1


@pytest.mark.parametrize("command", ["compare", "predict", "diagnose"])
def test_help_fits_a_terminal_and_has_examples(command, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert f"examples:\n  ibestimators {command} " in text
    assert "exit codes: 0 the " in text
    assert ", 2 bad input, 130 interrupted by Ctrl-C" in text


PAGE = Path(__file__).parents[1] / "docs" / "command_line.md"


@pytest.mark.skipif(not PAGE.exists(), reason="the tests run without the documentation")
@pytest.mark.parametrize("command", ["compare", "predict", "diagnose"])
def test_each_option_stands_in_the_documentation(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    options = {*re.findall(r"--[a-z]+(?:-[a-z]+)*", capsys.readouterr().out)}
    assert "--target" in options or command == "predict"
    assert not {option for option in options if f"`{option}" not in PAGE.read_text()}
