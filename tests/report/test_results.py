"""One protocol for all results: table, plain values, verdict, plot, page, notebook."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import GaussianNB
from test_report import Outline

from ibestimators import (
    MLPClassifier,
    compare_biases,
    compare_data_sets,
    compare_learning_curves,
    compare_parameter_scaling,
    diagnose,
    find_symmetries,
    race_biases,
    screen_biases,
    structure_ablation,
    structure_importance,
)
from ibestimators.report import Result

X, y = load_iris(return_X_y=True)
NAMES = [
    "comparison",
    "data sets",
    "curves",
    "ablation",
    "scaling",
    "race",
    "symmetries",
    "diagnosis",
    "screening",
    "importance",
]


@pytest.fixture(scope="module")
def results():
    candidates = {"dummy <b>": DummyClassifier(), "normal": GaussianNB()}
    settings = {"cv": 3, "random_state": 0}
    nets = {"MLP": MLPClassifier(max_epochs=2)}
    sizes = {"n_parameters": [500, 1000, 2000, 4000]}
    return {
        "comparison": compare_biases(X, y, candidates, **settings),
        "data sets": compare_data_sets(
            {"iris": (X, y), "half <b>": (X[::2], y[::2])}, candidates, **settings
        ),
        "curves": compare_learning_curves(
            X, y, candidates, train_sizes=[10, 20, 40, 100], **settings
        ),
        "ablation": structure_ablation(X, y, candidates, **settings),
        "scaling": compare_parameter_scaling(X, y, nets, **sizes, **settings),
        "race": race_biases(X, y, candidates, factor=2, random_state=0),
        "diagnosis": diagnose(X, y, random_state=0),
        "screening": screen_biases(X, y, {"<b>": MLPClassifier()}, random_state=0),
        "symmetries": find_symmetries(X, y, random_state=0),
        "importance": structure_importance(GaussianNB().fit(X, y), X, y, random_state=0),
    }


@pytest.fixture(params=NAMES)
def result(request, results):
    return results[request.param]


def test_every_result_is_here(results):
    assert set(map(type, results.values())) == set(Result.__subclasses__())


def test_the_table_and_the_verdict(result):
    frame = result.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert len(frame)
    assert result.verdict()
    assert repr(result).splitlines()[-1] in result.verdict()
    assert result.verdict().endswith(".")


def test_plain_values_are_json(result):
    values = result.to_dict()
    assert values["verdict"] == result.verdict()
    assert len(values["table"]) == len(result.to_frame())
    assert json.loads(json.dumps(values, allow_nan=False)) == values


def test_the_numbers_of_the_table_are_those_of_the_frame(results):
    table = pd.DataFrame(results["comparison"].to_dict()["table"]).set_index("estimator")
    frame = results["comparison"].to_frame()
    np.testing.assert_array_equal(table["score"], frame["score"])
    assert table.loc["dummy <b>", "difference"] is None or np.isnan(
        table.loc["dummy <b>", "difference"]
    )


def test_the_plot_passes_its_style_on(result):
    assert result.plot().figure_ is not None
    with pytest.raises(TypeError, match="is not a style keyword"):
        result.plot(no_such_kw={})


def test_each_has_a_page_of_its_own(result, tmp_path):
    page = result.to_html(tmp_path / "r.html", X=X, y=y).read_text("utf-8")
    outline = Outline(page)
    assert outline.open == []
    assert outline.headings[0] == result._title()
    assert {"Data", "Versions"} <= set(outline.headings)
    assert "dummy <b>" not in page


def test_sections_of_others_follow(results, tmp_path):
    first, *others = results.values()
    page = first.to_html(tmp_path / "r.html", others=others).read_text("utf-8")
    headings = Outline(page).headings
    parts = ["Scores", "Learning curves", "Structure ablation", "Parameter scaling", "Race"]
    assert [heading for heading in headings if heading in parts] == parts
    assert page.count("<script>") == 1


def test_results_on_other_data_are_refused_and_other_folds_said(results, tmp_path):
    candidates = {"dummy": DummyClassifier(), "normal": GaussianNB()}
    path = tmp_path / "r.html"
    sizes = [20, 60]
    other = compare_learning_curves(X, y[::-1], candidates, train_sizes=sizes, cv=3, random_state=0)
    with pytest.raises(ValueError, match="on other data"):
        results["comparison"].to_html(path, curves=other)
    settings = {"train_sizes": sizes, "cv": 3, "random_state": 0}
    note = "not those of the first result of this page."
    for change, word in (({"random_state": 1}, "folds"), ({"scoring": "f1_macro"}, "score")):
        other = compare_learning_curves(X, y, candidates, **settings | change)
        page = results["comparison"].to_html(path, curves=other).read_text("utf-8")
        assert f"Other {word}: {note}" in page
    same = compare_learning_curves(X, y, candidates, **settings)
    assert note not in results["comparison"].to_html(path, curves=same).read_text("utf-8")


def test_notebooks_get_a_fragment_without_script(result):
    fragment = result._repr_html_()
    assert type(fragment) is str
    assert Outline(fragment).open == []
    assert "<script" not in fragment
    assert "dummy <b>" not in fragment
    assert fragment.startswith('<div class="ibestimators">')
    assert "<button" not in fragment
