"""The text for a paper says what the table says, and can be pasted."""

from __future__ import annotations

import re

import pytest
from conftest import IRIS
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from ibestimators import MLPClassifier, compare_biases
from ibestimators.comparison._tables import table_of_differences, table_of_scores

X, y = IRIS
NASTY = r"100% of_a|b & {$c$} <\x^~"


@pytest.fixture(scope="module")
def result():
    candidates = {"dummy": DummyClassifier(), "normal": GaussianNB(), NASTY: LogisticRegression()}
    return compare_biases(X, y, candidates, cv=4, random_state=0)


def test_the_text_states_folds_findings_and_references(result):
    text = result.to_paper()
    frame = result.to_frame()
    assert "4 folds of 150 samples, the same for all" in text
    assert "normal was better than dummy" in text
    assert f"difference {frame.loc['normal', 'difference']:+.3f}" in text
    assert f"{frame.loc['normal', 'score']:.3f}" in text
    assert "Machine Learning 52, 239-281, 2003" in text


def test_a_row_of_the_markdown_table_has_as_many_cells_as_its_head(result):
    rows = [line for line in result.to_paper().splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(result.estimators)
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}


def test_latex_is_escaped(result):
    text = result.to_paper("latex")
    for begin, end in (("{", "}"), (r"\begin{", r"\end{")):
        assert text.count(begin) - text.count(rf"\{begin}") == text.count(end) - text.count(
            rf"\{end}"
        )
    plain = text.replace(r"\textbackslash{}", "").replace(r"\\", "")
    assert not re.search(r"(?<!\\)[%#_]", plain)
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {4}
    assert r"$\pm$" in text


def test_too_few_folds_have_no_test_and_no_reference():
    text = compare_biases(X, y, [GaussianNB(), DummyClassifier()], cv=2).to_paper()
    assert "Nadeau" not in text
    assert "better than" not in text


def test_training_is_stated_and_its_curve_on_the_page():
    result = compare_biases(X, y, MLPClassifier(max_epochs=3), cv=2, random_state=0)
    assert "MLP 3 epochs, learning rate" in result.to_paper()
    assert [len(curve) for curve in result.cells["loss_curve"]] == [3, 3]
    section = next(s for s in result._sections() if s.heading == "Training curves")
    (chart,) = section.blocks
    assert [y for _, y in chart.curves[0].points] == result.cells["loss_curve"][0]
    assert chart.ticks == [1, 2, 3]


def test_other_formats_are_refused(result):
    with pytest.raises(ValueError, match="format must be 'markdown' or 'latex', got 'html'"):
        result.to_paper("html")


def test_score_and_difference_come_first_on_the_page(result):
    first, second = table_of_differences(result), table_of_scores(result)
    assert first.heads[:3] == ["estimator", "accuracy", "vs dummy"]
    for table in (first, second):
        assert table.sorted_by == 1
        assert {len(row) for row in table.rows} == {len(table.heads)}
