"""The README's commands and the examples do what they say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_ci_runs_the_readmes_test_command():
    command = re.search(r"<!-- test command -->\n```sh\n(.+)\n```", README).group(1)
    assert command == 'pip install ".[test]" && python -m pytest -n auto'
    assert "test command" in (ROOT / ".ci" / "run").read_text()


def test_the_readmes_text_example_says_what_it_predicts():
    code = next(c for c in re.findall(r"```python\n(.+?)```", README, re.DOTALL) if "Text" in c)
    *body, last = code.strip().splitlines()
    call, expected = last.split("  # ")
    names: dict[str, object] = {}
    exec(compile("\n".join(body), "README.md", "exec"), names)
    assert repr(eval(call, names)).startswith(expected.rstrip("])"))


def test_the_readmes_look_inside_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = next(c for c in re.findall(r"```python\n(.+?)```", README, re.DOTALL) if "as_dense" in c)
    exec(compile(code, "README.md", "exec"), {})
    assert {path.name for path in tmp_path.iterdir()} == {"map.png", "conv.safetensors"}


def test_next_token(capsys):
    main = runpy.run_path(str(ROOT / "examples" / "next_token.py"))["main"]
    perplexity = main(n_characters=10_000, max_epochs=6)
    assert perplexity["Recurrent"] < perplexity["bigram"]
    assert len(perplexity) == 8
    assert "continues" in capsys.readouterr().out


def test_the_blocks_of_next_token_do_not_overlap():
    names = runpy.run_path(str(ROOT / "examples" / "next_token.py"))
    tokens, tokenizer = names["characters"](2_000)
    assert len(tokens) == 2_000
    blocks = names["blocks"](tokens)
    joined = "".join(tokenizer.inverse_transform(blocks))
    assert tokenizer.inverse_transform([tokens])[0].startswith(joined)
    assert 2_000 - sum(map(len, blocks)) < names["BLOCK"]


def test_the_picture_of_the_views(tmp_path):
    path = tmp_path / "views.png"
    runpy.run_path(str(ROOT / "examples" / "views_picture.py"))["main"](str(path))
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_readmes_python_prints_its_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, printed = re.search(r"```python\n(.+?)```\n\n```\n(.+?)```", README, re.DOTALL).groups()
    assert len(code.strip().splitlines()) <= 11
    exec(compile(code, "README.md", "exec"), {})
    # Times differ between machines; names, assumptions and parameters do not.
    columns = re.compile(r"^(\w+ .*?[\d,]*) +0\.\d\d\d ±", re.MULTILINE)
    assert columns.findall(capsys.readouterr().out) == columns.findall(printed)
    assert (tmp_path / "digits.png").exists()


@pytest.mark.slow
def test_mnist1d_conv_against_dense():
    rows = runpy.run_path(str(ROOT / "examples" / "mnist1d_conv_against_dense.py"))["main"]()
    found = {(name, shuffled): rest for name, shuffled, *rest in rows}
    n_conv, training_conv, test_conv = found["convolution", False]
    n_dense, training_dense, test_dense = found["dense", False]
    assert (n_conv, n_dense) == (2050, 59065)
    assert test_conv <= 17
    assert test_dense >= test_conv + 15
    assert max(training_conv, training_dense) <= 3
    # Shuffled positions: what convolution relied on is gone, the MLP never used it.
    assert abs(found["dense", True][2] - test_dense) <= 3
    assert found["convolution", True][2] >= found["dense", True][2] - 3


@pytest.mark.slow
def test_mnist1d_report(tmp_path):
    main = runpy.run_path(str(ROOT / "examples" / "mnist1d_report.py"))["main"]
    curves, ablation = main(str(tmp_path / "report.html"))
    # Convolution is worth three times the data of the MLP at least ...
    assert curves.data_efficiency().loc["Conv", "factor"] >= 3
    # ... for the order of the positions, which the MLP does not mind.
    drop = ablation.to_frame()["drop"]
    assert drop["Conv"] >= 0.25
    assert drop["Recurrent"] >= 0.25
    assert abs(drop["MLP"]) <= 0.03
    assert (tmp_path / "report.html").stat().st_size > 10_000
