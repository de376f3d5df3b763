"""The study of the mixture of all biases runs, on a few samples."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ["wine", "diabetes"])
def test_a_row_a_set_and_the_means(monkeypatch, capsys, name):
    monkeypatch.syspath_prepend(EXAMPLES)
    import bias_search_study as study

    monkeypatch.setattr(study, "MAX_TRAIN", 60)
    monkeypatch.setattr(study, "MAX_EPOCHS", 2)
    study.main([name])
    heads, _, row, means = (
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in capsys.readouterr().out.splitlines()
    )
    found = dict(zip(heads, row, strict=True))
    singles = [float(found[name]) for name in ("MLP", "Conv", "Recurrent", "Graph", "Attention")]
    assert float(found["best single"]) == max(singles)
    assert {float(found["by score"]), float(found["by loss"])} <= {*singles}
    assert float(found["cost"]) > 0
    assert means[0] == "mean of 1"
    assert means[2:-1] == row[2:-1]
    for module in ("bias_search_study", "study_data"):
        sys.modules.pop(module)
