"""The report: one page, whole, escaped, and readable in a real browser."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from conftest import IRIS, FailsOnFirstSample, optional
from markupsafe import escape
from scipy import sparse
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression

from ibestimators import MLPClassifier, compare_biases, compare_learning_curves, structure_ablation
from ibestimators.formatting import runs
from ibestimators.report import Paragraph, Section
from ibestimators.report._charts import Axis
from ibestimators.report._facts import facts_of_data, facts_of_samples, facts_of_target
from ibestimators.report._page import write_page

X, y = IRIS

NASTY = '<b>&"x'
LONG = "an_estimator_whose_name_was_made_by_a_machine_and_has_no_space_anywhere_in_it"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


CANDIDATES = {
    "dummy": DummyClassifier(),
    NASTY: LogisticRegression(max_iter=1000),
    "broken": FailsOnFirstSample("no luck with <script>alert(1)</script> & $title"),
    LONG: LogisticRegression(max_iter=1000, C=0.01),
}


@pytest.fixture(scope="module")
def results():
    sound = {name: CANDIDATES[name] for name in ("dummy", NASTY)}
    settings = {"cv": 4, "random_state": 0}
    sizes = [10, 20, 40, 100]
    return {
        "result": compare_biases(X, y, CANDIDATES, **settings),
        "curves": compare_learning_curves(X, y, CANDIDATES, train_sizes=sizes, **settings),
        "ablation": structure_ablation(X, y, sound, **settings),
    }


@pytest.fixture(scope="module")
def path(results, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    named = {"curves": results["curves"], "ablation": results["ablation"]}
    return results["result"].to_html(path, X=X, y=y, **named, title=f"All of {NASTY}")


@pytest.fixture(scope="module")
def page(path):
    return path.read_text(encoding="utf-8")


class Outline(HTMLParser):
    """Headings, tags that stay open, and what the page refers to."""

    VOID = {"meta", "link", "br", "circle", "line", "path", "polygon", "polyline"}

    def __init__(self, page):
        super().__init__()
        self.open, self.headings, self.references, self.tags = [], [], [], set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.references += [value for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("h1", "h2", "h3"):
            self.headings.append(data)


def text_of(page):
    return re.sub(r"<[^>]*>", " ", page)


def test_sections_come_in_order_and_tags_close(page):
    outline = Outline(page)
    assert outline.open == []
    assert outline.headings == [
        f"All of {NASTY}",
        "Differences",
        "How to read",
        "Scores",
        "Folds",
        "Failed fits",
        "Checks",
        "Learning curves",
        "Power laws",
        "Failed fits",
        "How to read",
        "Structure ablation",
        "How to read",
        "Data",
        "Settings",
        "Versions",
    ]


def test_sections_without_content_are_left_out(results, tmp_path):
    cells = results["result"].cells
    sound = {name: est for name, est in CANDIDATES.items() if name != "broken"}
    result = replace(
        results["result"], cells=cells[cells["estimator"] != "broken"], estimators=sound
    )
    page = result.to_html(tmp_path / "r.html").read_text("utf-8")
    assert Outline(page).headings == [
        "3 estimators compared by accuracy",
        "Differences",
        "How to read",
        "Scores",
        "Folds",
        "Checks",
        "Data",
        "Settings",
        "Versions",
    ]


def test_the_page_refers_to_nothing_outside(page):
    outline = Outline(page)
    assert [name for name in outline.references if not name.startswith("#")] == ["data:,"]
    assert not outline.tags & {"img", "iframe", "object", "embed", "form", "base"}
    assert "http://" not in page
    assert "https://" not in page
    assert "url(" not in page
    assert "@import" not in page


def test_names_reprs_and_errors_are_escaped(page):
    assert NASTY not in page
    assert escape(NASTY) in page
    assert "<script>alert" not in page
    assert escape("<script>alert(1)</script> & $title") in page
    assert page.count("<script>") == 1


def test_the_page_says_what_the_results_say(page, results):
    result = results["result"]
    assert escape(result.verdict()) in page
    for sentence in results["curves"].data_efficiency()["sentence"]:
        assert str(escape(sentence)) in page
    for name in CANDIDATES:
        assert f"<summary>{escape(name)}</summary>" in page
    row = result.to_frame().loc[NASTY]
    half = (row["difference_high"] - row["difference_low"]) / 2
    assert f"{row['difference']:+.3f} ± {half:.3f}" in page
    assert "random_state=" in page
    for told in (
        "positions in one random order",
        "Bonferroni",
        "scikit-learn",
        "does not drop significantly",
    ):
        assert told in page


def test_failures_are_told_once_with_their_folds(page, results):
    cells = results["result"].cells
    folds = cells.loc[cells["error"].notna(), "fold"] + 1
    assert f"{len(folds)} of 4 fits failed, in folds {runs(sorted(folds))}" in page


def test_long_reprs_keep_their_seeds(tmp_path):
    weights = {i: 1.0 + i / 1000 for i in range(300)}
    long = LogisticRegression(class_weight=weights, max_iter=321, random_state=123456)
    candidates = {"dummy": DummyClassifier(), "long": long}
    result = compare_biases(X, y, candidates, cv=2, random_state=0)
    page = result.to_html(tmp_path / "r.html").read_text("utf-8")
    assert "random_state=123456" in page


def test_the_settings_tell_the_training_of_networks(tmp_path):
    candidates = {
        NASTY: MLPClassifier(max_epochs=1, lr=0.5, weight_decay=0.25),
        "dummy": DummyClassifier(),
    }
    result = compare_biases(X, y, candidates, cv=2, random_state=0)
    cells = result.cells.replace({"max_epochs": {1: 1234}})
    page = replace(result, cells=cells).to_html(tmp_path / "r.html").read_text("utf-8")
    assert f"training of {escape(NASTY)}, fold 1" in page
    assert "lr=0.5, weight_decay=0.25, batch_size=8, max_epochs=1234" in page
    assert page.count("training of ") == 1 + page.count("training of dummy")
    assert "training of dummy" not in page


def test_a_comparison_with_nothing_to_say_says_so(results, tmp_path):
    alone = compare_biases(X, y, {"alone": DummyClassifier()}, cv=2, random_state=0)
    page = alone.to_html(tmp_path / "r.html").read_text("utf-8")
    assert "No other estimator was compared with alone." in page
    assert "1 estimator compared by accuracy" in page
    lost = results["result"].cells.copy()
    lost.loc[lost["estimator"] == "dummy", "score"] = np.nan
    page = replace(results["result"], cells=lost).to_html(tmp_path / "r.html")
    assert "The baseline dummy has no score." in page.read_text("utf-8")


def test_regression_and_several_scores(tmp_path):
    X, y = load_diabetes(return_X_y=True)
    candidates = {"mean": DummyRegressor(), "linear": LinearRegression()}
    scoring = ["r2", "neg_mean_absolute_error"]
    result = compare_biases(X, y, candidates, cv=3, scoring=scoring, random_state=0)
    page = result.to_html(tmp_path / "r.html", X=X, y=y).read_text("utf-8")
    assert page.count("neg_mean_absolute_error") == 1
    assert f"{y.mean():.4g} ± {y.std():.4g}" in page


def test_curves_too_short_for_a_law_say_so(tmp_path, results):
    cells = results["curves"].cells
    short = replace(results["curves"], cells=cells[cells["n_train"] < 30])
    page = results["result"].to_html(tmp_path / "r.html", curves=short).read_text("utf-8")
    assert "No power law was fitted" in page


@pytest.mark.parametrize(
    ("X", "facts"),
    [
        (
            np.zeros((3, 8, 8, 1)),
            {"X": "an array", "samples": "3", "shape of a sample": "8 × 8 × 1"},
        ),
        ([[1.0, np.nan], [2.0, 3.0]], {"shape of a sample": "2", "missing values": "1"}),
        (pd.DataFrame({"a": [1, None], "b": ["x", None]}), {"missing values": "2"}),
        (sparse.csr_matrix(np.eye(4)), {"samples": "4", "missing values": "none"}),
        (
            [np.zeros((2, 5)), np.full((7, 5), np.nan)],
            {"steps of a sample": "2 to 7", "features of a step": "5", "missing values": "35"},
        ),
        ([np.arange(3), np.arange(4)], {"tokens of a sample": "3 to 4"}),
        ([nx.path_graph(3), nx.path_graph(9)], {"nodes of a graph": "3 to 9"}),
        ([(np.eye(4), np.ones((4, 2)))] * 2, {"nodes of a graph": "4"}),
        (["a text", "another"], {"samples": "2"}),
    ],
    ids=["images", "lists", "frame", "sparse", "sequences", "tokens", "graphs", "pairs", "text"],
)
def test_the_data_are_described(X, facts):
    got = dict(facts_of_samples(X))
    assert {name: got[name] for name in facts} == facts


def test_targets_are_described():
    labels = np.repeat(np.arange(30), np.arange(30, 0, -1))
    facts = dict(facts_of_target(labels, are_classes=True))
    assert facts["classes"] == "30"
    assert facts["samples of each"].startswith("0 (30), 1 (29), ")
    assert facts["samples of each"].endswith("19 (11), and 10 more classes")
    two = dict(facts_of_target([[0, 1], [2, 1]], are_classes=False))
    assert two == {"target, mean ± sd": "1 ± 1, 1 ± 0"}
    assert dict(facts_of_target([[0, 1], [2, 1]], are_classes=True)) == {"outputs": "2"}
    for labels in ([[0, 1], [1, 1]], sparse.csr_array([[0, 1], [1, 1]])):
        facts = dict(facts_of_target(labels, are_classes=True))
        assert facts == {"labels": "2", "samples of each": "1 (2), 0 (1)"}


@pytest.mark.parametrize("ends", [(0.3, 0.9), (0, 1), (-1e6, 3), (0.5, 0.5), (0, 0), (-1e-7, 2e-7)])
def test_ticks_lie_on_the_axis(ends):
    axis = Axis.over([*ends, np.nan, np.inf])
    assert 2 <= len(axis.ticks()) <= 7
    assert all(0 <= axis.at(tick) <= 100 for tick in axis.ticks())


def test_runs_of_folds():
    assert runs([1, 2, 3, 5, 7, 8]) == "1–3, 5, 7–8"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"curves": 3}, "curves must be a result as compare_learning_curves returns it, got int"),
        ({"ablation": {}}, "ablation must be a result as structure_ablation returns it, got dict"),
        ({"others": ["text"]}, "others must hold results, .* got str"),
    ],
)
def test_other_results_are_refused(results, tmp_path, change, message):
    with pytest.raises(TypeError, match=message):
        results["result"].to_html(tmp_path / "r.html", **change)


def test_paths_that_cannot_be_written_are_refused(results, tmp_path):
    with pytest.raises(FileNotFoundError, match="Create .*nowhere' first"):
        results["result"].to_html(tmp_path / "nowhere" / "r.html")
    with pytest.raises(IsADirectoryError, match="Give the name of a file"):
        results["result"].to_html(tmp_path)


def test_the_page_is_written_whole_or_not_at_all(results, tmp_path, monkeypatch):
    path = tmp_path / "r.html"
    path.write_text("the page of before")

    def full(self, target):
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.replace", full)
        with pytest.raises(OSError, match="no space"):
            results["result"].to_html(path)
    assert path.read_text() == "the page of before"
    assert [*tmp_path.iterdir()] == [path]
    results["result"].to_html(str(path), title="half \ud83d a pair")
    assert "half &#55357; a pair" in path.read_text("utf-8")
    assert [*tmp_path.iterdir()] == [path]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    webdriver = optional("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("no chromium, or no chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    profile = tmp_path_factory.mktemp("profile")
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(driver))
    yield browser
    browser.quit()


@pytest.fixture
def opened(browser, path):
    browser.get(path.as_uri())
    return browser


def first_column(browser):
    script = (
        "return [...document.querySelector('table.sortable').querySelectorAll('tbody th')]"
        ".map(c => c.textContent)"
    )
    return browser.execute_script(script)


def orders(browser):
    script = (
        "return [...document.querySelector('table.sortable').querySelectorAll('thead th')]"
        ".map(h => h.getAttribute('aria-sort'))"
    )
    return browser.execute_script(script)


def resize(browser, width):
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def test_the_browser_has_no_complaint_and_loads_nothing_else(opened):
    assert opened.title == f"All of {NASTY}"
    assert opened.get_log("browser") == []
    script = "return performance.getEntriesByType('resource').map(e => e.name)"
    assert [name for name in opened.execute_script(script) if not name.startswith("data:")] == []


def test_headings_sort_by_mouse_and_keyboard(opened, results):
    resize(opened, 1200)
    heads = opened.find_elements("css selector", "table.sortable thead button")
    scores = results["result"].to_frame()["score"]
    assert first_column(opened)[0] == scores.idxmax()
    assert orders(opened) == ["none", "descending", "none", "none", "none"]
    heads[1].click()
    shown = scores[first_column(opened)]
    assert shown.index[-1] == scores.idxmax()
    assert shown.is_monotonic_increasing
    assert orders(opened)[1] == "ascending"
    heads[0].send_keys("\ue007")  # Enter
    assert orders(opened) == ["ascending", "none", "none", "none", "none"]
    assert first_column(opened)[-1] == "dummy"
    for _ in range(2):  # missing numbers come last, whichever way
        heads[2].send_keys(" ")
        assert first_column(opened)[-1] == "dummy"
    assert orders(opened)[2] == "ascending"


def test_the_page_never_scrolls_sideways_and_the_table_does(opened):
    for width in (360, 768, 1200):
        resize(opened, width)
        for link in opened.find_elements("css selector", ".tabs a"):
            link.click()
            script = "return [document.documentElement.scrollWidth, innerWidth]"
            wide, there = opened.execute_script(script)
            assert wide <= there == width
    resize(opened, 360)
    opened.find_element("link text", "Verdict").click()
    script = "const s = document.querySelector('.scroll'); return s.scrollWidth > s.clientWidth"
    assert opened.execute_script(script)


def test_a_phone_shows_the_score_and_that_the_table_is_cut(opened):
    resize(opened, 390)
    cells = opened.find_elements("css selector", "table.sortable tbody tr:first-child > *")
    score = cells[1].rect
    assert score["x"] + score["width"] <= 390
    script = "return getComputedStyle(document.querySelector('.scroll')).backgroundAttachment"
    assert opened.execute_script(script) == "local, local, scroll, scroll"
    script = "return getComputedStyle(document.querySelector('.scroll'), '::before').content"
    assert "Scroll for more columns" in opened.execute_script(script)
    resize(opened, 1200)
    assert opened.execute_script(script) == "none"


SHOWN = (
    "return [...document.querySelectorAll('.tab')].filter(t => t.checkVisibility("
    "{contentVisibilityAuto: true}) && !t.hidden).map(t => t.getAttribute('aria-label'))"
)
TABS = ["Verdict", "Scores", "Folds", "Checks", "Learning curves", "Structure ablation"]


def test_one_tab_is_shown_by_mouse_and_keyboard_and_all_in_print(opened, path):
    resize(opened, 1200)
    links = opened.find_elements("css selector", ".tabs a")
    assert [link.text for link in links] == [*TABS, "Data", "Settings"]
    assert opened.execute_script(SHOWN) == ["Verdict"]
    links[1].click()
    assert opened.execute_script(SHOWN) == ["Scores"]
    assert links[1].get_attribute("aria-current") == "true"
    assert links[0].get_attribute("aria-current") is None
    links[2].send_keys("\ue007")  # Enter
    assert opened.execute_script(SHOWN) == ["Folds"]
    opened.back()
    assert opened.execute_script(SHOWN) == ["Scores"]
    opened.get(f"{path.as_uri()}#structure-ablation")
    assert opened.execute_script(SHOWN) == ["Structure ablation"]
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    script = "return [...document.querySelectorAll('.tab')].map(t => t.innerText.trim() !== '')"
    assert opened.execute_script(script) == [True] * 8
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_without_scripts_all_tabs_are_shown(browser, path):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(path.as_uri())
        shown = [tab.is_displayed() for tab in browser.find_elements("css selector", ".tab")]
        assert shown == [True] * 8
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_sections_of_one_tab_stay_together_and_one_tab_has_no_bar(tmp_path):
    text = [Paragraph("text")]
    first, second = Section("A", text), Section("B", text, tab="A")
    page = write_page(tmp_path / "r.html", "t", [first, second]).read_text("utf-8")
    assert "<nav" not in page
    assert page.count('class="tab"') == 1
    page = write_page(tmp_path / "r.html", "t", [first, Section("C ä", text), second])
    outline = Outline(page.read_text("utf-8"))
    assert outline.references == ["data:,", "#a", "#c-ä"]
    assert outline.headings == ["t", "A", "B", "C ä"]


def test_what_was_done_to_the_data_is_in_their_tab(results, tmp_path):
    notes = ["2 columns dropped: <a>, b"]
    page = results["result"].to_html(tmp_path / "r.html", data_notes=notes).read_text("utf-8")
    (tab,) = re.findall(r'id="data".*?(?=<section class="tab")', page, re.DOTALL)
    assert "2 columns dropped: &lt;a&gt;, b" in tab
    assert "<dt>samples</dt><dd>150</dd>" in tab


def test_samples_of_other_data_are_refused(results, tmp_path):
    for other in ((X[::-1], y), (X, y[::-1])):
        with pytest.raises(ValueError, match="not the data of this result"):
            results["result"].to_html(tmp_path / "r.html", X=other[0], y=other[1])
    results["result"].to_html(tmp_path / "r.html", X=X.copy(), y=[*y])


def test_dark_and_light_differ_and_can_be_read(opened):
    pages = {}
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        script = (
            "const of = (e, what) => getComputedStyle(document.querySelector(e))[what];"
            "return [of('body', 'backgroundColor'), of('body', 'color'), of('small', 'color'),"
            "of('.ticks text', 'fill')]"
        )
        pages[scheme], *inks = opened.execute_script(script)
        assert min(contrast(pages[scheme], ink) for ink in inks) > 4.5
    assert pages["light"] != pages["dark"]


def contrast(a, b):
    """Contrast ratio of two colours by WCAG 2."""
    bright, dim = sorted([luminance(a), luminance(b)], reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour):
    parts = np.array([int(part) for part in re.findall(r"\d+", colour)[:3]]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_y_at_positions_is_described_by_its_labels():
    ragged = [np.array([0, 1, -1]), np.array([1])]
    for y, at_positions in ((ragged, False), (np.array([[0, 1], [1, -1]]), True)):
        facts = facts_of_data(None, y, True, at_positions)
        assert facts == [("classes", "2"), ("samples of each", "1 (2), 0 (1)")]
