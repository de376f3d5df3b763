"""The benchmark runs on a few samples, resumes, and its page shows what was measured."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("wine", "airline", "MUTAG")


@pytest.fixture
def modules(monkeypatch, tmp_path):
    """The study and its page, with few samples, short training and a folder of their own."""
    monkeypatch.syspath_prepend(EXAMPLES)
    import benchmark_page as page
    import benchmark_study as study

    monkeypatch.setattr(study, "RESULTS", tmp_path)
    monkeypatch.setattr(study, "MAX_SAMPLES", 60)
    monkeypatch.setattr(study, "GAIN", -1)  # look closely at all sets
    monkeypatch.setattr(study, "screen_biases", partial(study.screen_biases, max_epochs=1))
    monkeypatch.setattr(
        study,
        "estimators_of",
        lambda data, **params: dict(study.biases(data.task, **{"max_epochs": 1} | params)),
    )
    yield study, page
    for module in ("benchmark_page", "benchmark_study", "study_data"):
        sys.modules.pop(module)


@pytest.fixture
def recorded(monkeypatch):
    """The page's module, with the measurements of the repository."""
    monkeypatch.syspath_prepend(EXAMPLES)
    import benchmark_page as page

    yield page
    sys.modules.pop("benchmark_page")


def test_folds_test_each_sample_once_and_time_is_in_order(modules, tmp_path):
    study, _ = modules
    study.write_folds(["wine", "airline"], tmp_path)
    known = json.loads((tmp_path / "folds.json").read_text())
    assert list(known) == ["airline", "wine"]
    folds = known["wine"]["folds"]
    assert len(folds) == 3
    assert folds["0"] != folds["1"]
    tested = np.concatenate([test for _, test in study.splits_of(folds["0"], in_order=False)])
    assert sorted(tested) == list(range(60))
    for train, test in study.splits_of(known["airline"]["folds"]["0"], in_order=True):
        assert len(train) > 0
        assert train.max() < test.min()


def test_a_run_resumes_and_the_page_shows_it(modules, tmp_path, capsys):
    study, page = modules
    study.write_folds(list(NAMES), tmp_path)
    parts = ["scores", "screening", "diagnosis"]
    for name in NAMES:
        study.measure(name, 0, tmp_path, parts)
    study.measure("wine", 0, tmp_path, list(study.PARTS))
    capsys.readouterr()
    study.measure("wine", 0, tmp_path, list(study.PARTS))
    assert capsys.readouterr().out == ""  # nothing was left to do
    study.measure("wine", 1, tmp_path, ["scores"])

    sets = page.measurements(tmp_path)
    assert [one.name for one in sets] == list(NAMES)
    assert len(sets[0].folds) == 2 * study.N_FOLDS
    assert sets[0].guest == "Boosting"
    for name, part in page.PARTS.items():
        text = part(sets)
        assert "wine" in text or name not in ("scores", "diagnosis", "twins", "curves"), name
        assert text.endswith("\n"), name
    guesses = page.guesses(sets).splitlines()
    assert len(guesses) == 2 + len(page.GUESSES)
    assert page.heat_map(sets).axes
    worst = min(page.BIASES, key=lambda bias: sets[0].scores[bias])
    assert sets[0].regret(worst) == max(sets[0].regret(bias) for bias in page.BIASES)


def test_other_data_than_that_of_the_folds_are_refused(modules, tmp_path):
    study, _ = modules
    study.write_folds(["wine"], tmp_path)
    path = tmp_path / "folds.json"
    path.write_text(path.read_text().replace('"checksum": "', '"checksum": "0'))
    with pytest.raises(SystemExit, match="The data of wine differ"):
        study.measure("wine", 0, tmp_path, ["scores"])


def test_the_checksum_does_not_depend_on_the_last_bits(modules):
    study, _ = modules
    X = [np.random.default_rng(0).normal(size=(n, 2)) for n in (3, 5)]
    y = np.array([0.0, 1 / 3])
    data = study.DataSet("", X, y, False)
    other_processor = study.DataSet("", [x * (1 + 1e-15) for x in X], y - 1e-17, False)
    assert data.checksum == other_processor.checksum
    assert data.checksum != study.DataSet("", [x + 1e-5 for x in X], y, False).checksum
    assert data.checksum != study.DataSet("", X, y[::-1], False).checksum


def test_a_guess_does_not_know_the_scores_of_its_set(recorded):
    sets = recorded.measurements()
    first, *rest = recorded.screened(sets)
    before = {one.name: merits for one, merits in recorded.guessed(sets, recorded.SCREENING)}
    first.gains = -first.gains  # as if all scores of one set were others
    after = {one.name: merits for one, merits in recorded.guessed(sets, recorded.SCREENING)}
    np.testing.assert_allclose(after[first.name], before[first.name], rtol=1e-9)
    assert any(not np.allclose(after[one.name], before[one.name]) for one in rest)


def test_a_set_counts_once_whatever_its_seeds(recorded):
    sets = recorded.measurements()
    before = recorded.weights(sets, recorded.SOURCES)
    sets[0].screenings = sets[0].screenings * 2
    np.testing.assert_allclose(recorded.weights(sets, recorded.SOURCES), before, rtol=1e-6)


def test_the_pages_tables_are_those_of_the_measurements(recorded):
    sets = recorded.measurements()
    assert len(sets) >= 15
    assert json.loads(recorded.RECORD.read_text()) == recorded.record(sets)
    for name, part in recorded.PARTS.items():
        assert (recorded.RESULTS / f"{name}.md").read_text() == part(sets), name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wine", "digits", "MUTAG", "airline", "mnist1d", "set_maximum"])
def test_measurements_can_be_repeated(monkeypatch, tmp_path, name):
    monkeypatch.syspath_prepend(EXAMPLES)
    import benchmark_page as page
    import benchmark_study as study

    recorded = {one.name: one for one in page.measurements()}[name]
    folds = (study.RESULTS / "folds.json").read_text()
    monkeypatch.setattr(study, "RESULTS", tmp_path)
    (tmp_path / "folds.json").write_text(folds)
    study.measure(name, 0, tmp_path, ["scores"])
    (again,) = page.measurements(tmp_path)
    np.testing.assert_allclose(again.scores[page.BIASES], recorded.scores[page.BIASES], atol=0.06)
    for module in ("benchmark_page", "benchmark_study", "study_data"):
        sys.modules.pop(module)
