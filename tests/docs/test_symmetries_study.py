"""The study of symmetries runs, and says what the documentation says of it."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NULLS = ["labels", "columns", "shuffled", "tokens", "sequences", "graphs", "bag", "set", "nodes"]


@pytest.fixture(scope="module")
def study():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        import symmetries_study

        yield symmetries_study
    for module in ("symmetries_study", "study_data"):
        sys.modules.pop(module)


@pytest.mark.parametrize("name", [*NULLS, "power"])
def test_a_draw_is_made_anew_by_its_seed(study, name):
    (X, y), (again, _), (other, _) = (study.draw(name, seed) for seed in (0, 0, 1))
    assert len(X) == len(y) >= 60
    same, differs = (all(equal(a, b) for a, b in zip(X, Z, strict=True)) for Z in (again, other))
    assert same
    assert not differs


def equal(a, b):
    if hasattr(a, "nodes"):
        return a.edges == b.edges and dict(a.nodes.data()) == dict(b.nodes.data())
    return np.array_equal(a, b)


def test_shares_of_draws_are_printed(study, capsys):
    study.main(["columns=2", "power=1"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("columns: order 0.000, any 0.000")
    assert lines[1] == "power: order 1.000, any 1.000, moving 1.000, shift 1.000"
    with pytest.raises(SystemExit, match="'nothing' is not one of labels"):
        study.main(["nothing=1"])


def test_an_answer_is_compared_with_what_trained_networks_gain(study, capsys, monkeypatch):
    monkeypatch.setattr(study, "N_SEEDS", 1)
    monkeypatch.setattr(study, "biases", partial(study.biases, max_epochs=8))
    study.main(["digits_moved"])
    line, outcomes = capsys.readouterr().out.splitlines()
    assert line.startswith("digits_moved (300, 8, 8, 1): shift supported yes")
    assert line.endswith(": True")
    assert outcomes == "{'True': 1}"


@pytest.mark.slow
@pytest.mark.parametrize("name", NULLS)
def test_few_false_alarms(study, name):
    order, any_change, _, _ = np.mean([study.found(name, seed) for seed in range(40)], axis=0)
    assert order <= 0.1
    assert any_change <= 0.1


@pytest.mark.slow
def test_power(study):
    assert np.mean([study.found("power", seed) for seed in range(20)], axis=0).min() >= 0.8
