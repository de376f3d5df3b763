"""The study of defaults runs, on a few samples."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def study(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import defaults_study

    threads = torch.get_num_threads()
    yield defaults_study
    torch.set_num_threads(threads)
    sys.modules.pop("defaults_study")
    sys.modules.pop("study_data")


FEW = ["--jobs", "1", "--max-samples", "30"]


def rows(capsys):
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_check_scores_each_model_on_each_set(study, capsys):
    models = ["--models", "MLP", "Conv"]
    study.main(["check", *models, "--sets", "wine", "diabetes", "--seeds", "1", *FEW])
    head, _, *scores = rows(capsys)
    assert head == ["model", "mean", "wine", "diabetes", "fit s"]
    assert [row[0] for row in scores] == ["MLP", "Conv"]
    assert all(0 <= float(row[2]) <= 1 and float(row[3]) <= 1 for row in scores)


def test_tables_gives_errors(study, capsys):
    models = ["--models", "MLP", study.TREES]
    study.main(["tables", "--sets", "diabetes", "--seeds", "1", *models, *FEW])
    head, _, *errors = rows(capsys)
    assert head == ["data set", "model", "RMSE or error", "ratio", "fit s"]
    assert [row[:2] for row in errors[:2]] == [["diabetes", "MLP"], ["diabetes", study.TREES]]
    assert all(float(row[2]) > 1 for row in errors[:2])


@pytest.mark.parametrize("name", ["subj", "NCI109"])
def test_sets_of_the_folder_ask_for_it(study, capsys, name):
    with pytest.raises(SystemExit):
        study.main(["check", "--sets", name])
    assert f"{name}: pass --data FOLDER" in capsys.readouterr().err


def test_texts_and_graphs_of_a_folder(study, tmp_path):
    import study_data

    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "subj.txt").write_text("0 a plain one\n1 a\x85fine one\n" * 5, "latin-1")
    data = study_data.load("subj", tmp_path)
    assert {*data.X, *data.X_check} == {"a plain one", "a\x85fine one"}
    assert all(
        (label == "0") == ("plain" in text) for text, label in zip(data.X, data.y, strict=True)
    )

    (tmp_path / "graphs").mkdir()
    path = "3 1\n{} 1 2\n0 1 2\n0 2 0 1\n"
    for name, label in (("PTC", "7"), ("IMDBBINARY", "0")):
        text = "10\n" + path.format(label) * 5 + "2 0\n0 0\n0 0\n" * 5
        (tmp_path / "graphs" / f"{name}.txt").write_text(text)
        data = study_data.load(name, tmp_path)
        graph = data.X[list(data.y).index(1)]
        assert list(graph) == [0, 1, 2]
        assert sorted(graph.edges) == [(0, 2), (1, 2)]
        # Labels that are all alike are left out.
        labels = [{"label": "7"}, {"label": "0"}, {"label": "0"}] if label == "7" else [{}, {}, {}]
        assert [graph.nodes[node] for node in graph] == labels
