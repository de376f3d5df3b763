"""What the study of structures claims, by the study itself (slow)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from conftest import optional

EXAMPLES = Path(__file__).parents[2] / "examples"

pytestmark = pytest.mark.slow


@pytest.fixture
def study(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import structures_study

    yield structures_study
    sys.modules.pop("structures_study")


def test_mutag(study):
    optional("grakel")  # which MUTAG comes with
    figures = study.mutag()
    assert figures["GraphClassifier"] >= 0.85
    assert figures["MLPClassifier"] >= 0.80


def test_csl_is_at_chance_without_features_and_solved_with_them(study):
    figures = study.csl()
    assert figures["node features: None"] == pytest.approx(0.1)
    assert figures["node features: laplacian"] >= 0.95


def test_vowels(study):
    optional("sktime")  # which JapaneseVowels comes with
    figures = study.vowels()
    assert figures["RecurrentClassifier"] >= 0.97
    assert figures["ConvClassifier"] >= 0.97


def test_parity_beyond_the_lengths_of_training(study):
    figures = study.parity()
    assert figures["RecurrentClassifier"] >= 0.99
    assert abs(figures["AttentionClassifier"] - 0.5) < 0.05


def test_adding(study):
    figures = study.adding()
    assert figures["gru"] < 0.01 < 0.16 < figures["guess"]


def test_steps_that_need_a_memory(study):
    for figures in (study.copy(), study.shifted_addition()):
        assert figures["RecurrentClassifier"] >= 0.99
        assert figures["MLPClassifier"] < 0.8


def test_a_label_at_each_step(study):
    figures = study.labelled_steps()
    assert figures["ConvClassifier"] >= figures["MLPClassifier"] + 0.2
    assert figures["AttentionClassifier"] >= figures["MLPClassifier"] + 0.2


def test_an_automaton_on_larger_grids(study):
    figures = study.automaton()
    assert figures["ConvClassifier"] >= 0.99
    assert figures["MLPClassifier"] < 0.8


def test_set_maximum(study):
    figures = study.set_maximum()
    mean_pooling = figures["mean pooling (Graph without edges)"]
    assert 5 * figures["Attention without positions"] <= mean_pooling
