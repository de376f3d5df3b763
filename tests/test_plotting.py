"""The contract of all displays: axes of one's own, attributes, style keywords, errors."""

from __future__ import annotations

import inspect
from importlib.util import find_spec

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression

from ibestimators import (
    AttentionClassifier,
    AttentionMapDisplay,
    ConvClassifier,
    FeatureMapDisplay,
    FilterDisplay,
    GradientNormDisplay,
    GraphClassifier,
    HiddenStateDisplay,
    ImportanceDisplay,
    MessageDisplay,
    NodeEmbeddingDisplay,
    PositionDisplay,
    ReachDisplay,
    RecurrentClassifier,
    TrainingCurveDisplay,
    structure_importance,
)
from ibestimators.comparison._displays import (
    AblationDisplay,
    ComparisonDisplay,
    LearningCurvesDisplay,
    RaceDisplay,
    RanksDisplay,
    ScoresDisplay,
)
from ibestimators.forecasting import ForecastDisplay
from ibestimators.plotting import Display, PanelsDisplay
from ibestimators.screening import ScreeningDisplay
from ibestimators.symmetries import SymmetryDisplay

random = np.random.default_rng(0)
y = np.arange(12) % 2
signals = random.normal(size=(12, 8, 1)) + y[:, None, None]
images = random.normal(size=(12, 6, 6, 1))
graphs = [nx.cycle_graph(4 + i % 2) for i in range(12)]
quick = {"max_epochs": 1, "random_state": 0}
# What they draw depends on the kind of X.
BY_KIND = (FilterDisplay, FeatureMapDisplay, ImportanceDisplay, PositionDisplay)


def comparisons():
    scores = {"score": [0.5, 0.9], "score_low": [0.4, 0.8], "score_high": [0.6, 1.0]}
    drops = {"intact": [0.5, 0.9], "destroyed": [0.5, 0.6], "drop": [0.0, 0.3]}
    drops |= {"drop_low": [-0.1, 0.2], "drop_high": [0.1, 0.4]}
    names = pd.Index(["MLP", "Conv"], name="estimator")
    assumes = {"assumption": ["", "locality"]}
    scores_of_folds = pd.DataFrame({"MLP": [0.4, 0.5, 0.6], "Conv": [0.8, 0.9, 1.0]})
    gains = scores_of_folds[["Conv"]] - 0.5
    differences = {"difference": [np.nan, 0.4], "difference_low": [np.nan, 0.3]}
    differences |= {"difference_high": [np.nan, 0.5], "finding": [None, "better"]}
    frame = pd.DataFrame(assumes | differences, names)
    yield ComparisonDisplay(frame, gains, "MLP", "accuracy", 0.01)
    frame = pd.DataFrame(assumes | scores, names)
    yield ScoresDisplay(frame, scores_of_folds, "MLP", "accuracy")
    frame = pd.DataFrame(assumes | drops, names)
    yield AblationDisplay({"edges": frame, "all_edges": frame}, "accuracy")
    index = pd.MultiIndex.from_product([names, [10, 100]])
    curves = pd.DataFrame({name: np.repeat(values, 2) for name, values in scores.items()}, index)
    laws = pd.DataFrame({"a": [1.0, np.nan], "b": [0.5, np.nan], "c": [0.0, np.nan]}, names)
    yield LearningCurvesDisplay(curves, laws, "MLP", "accuracy")
    yield RaceDisplay(curves["score"], "Conv")
    if find_spec("scikit_posthocs") is not None:
        yield RanksDisplay(scores_of_folds)
    gains = {"gain": [0.1, -0.2], "gain_low": [0.0, -0.3], "gain_high": [0.2, -0.1]}
    changes = pd.DataFrame(gains | {"status": ["supported", "contradicted"]}, names)
    yield SymmetryDisplay(changes, pd.DataFrame([[0.0, 0.1], [np.nan, np.nan]], names))
    yield ScreeningDisplay(pd.DataFrame({"gain": [0.1, -0.1]}, names), 0.05)
    yield ForecastDisplay([1.0, 2.0], [3.0, 4.0], [3.5], ([2.0, 2.0], [4.0, 6.0]))


def networks():
    conv = ConvClassifier(n_filters=(3,), **quick).fit(signals, y)
    conv2d = ConvClassifier(n_filters=(3,), **quick).fit(images, y)
    recurrent = RecurrentClassifier(hidden_size=4, bidirectional=False, **quick).fit(signals, y)
    graph = GraphClassifier(hidden_size=4, n_layers=2, **quick).fit(graphs, y)
    attention = AttentionClassifier(embedding_size=8, **quick).fit(signals, y)
    stopped = ConvClassifier(n_filters=(3,), early_stopping=True, **quick).fit(signals, y)
    yield TrainingCurveDisplay.from_estimator(stopped)
    yield FilterDisplay.from_estimator(conv)
    yield FilterDisplay.from_estimator(conv2d)
    yield FeatureMapDisplay.from_estimator(conv, signals)
    yield FeatureMapDisplay.from_estimator(conv2d, images)
    yield HiddenStateDisplay.from_estimator(recurrent, signals)
    yield GradientNormDisplay.from_estimator(recurrent, signals, y)
    yield NodeEmbeddingDisplay.from_estimator(graph, graphs)
    yield MessageDisplay.from_estimator(graph, graphs)
    yield ReachDisplay.from_estimator(graph, graphs)
    yield AttentionMapDisplay.from_estimator(attention, signals)
    steps = ConvClassifier(n_filters=(3,), target="position", **quick)
    labels = (signals > 0)[..., 0]
    yield PositionDisplay.from_estimator(steps.fit(signals, labels), signals, labels)
    linear = LogisticRegression().fit(signals[:, :, 0], y)
    yield ImportanceDisplay.from_estimator(linear, signals[:, :, 0], y, n_repeats=1)
    yield structure_importance(conv, signals, y, n_repeats=1).plot()
    yield structure_importance(conv2d, images, y, n_repeats=1).plot()


@pytest.fixture(scope="module")
def displays():
    return [*networks(), *comparisons()]


def new_axes(display):
    if not isinstance(display, PanelsDisplay):
        return Figure().add_subplot()
    return Figure().subplots(*display._panels()[0])


def style_keywords(display):
    parameters = inspect.signature(display._draw).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


def leaves(cls):
    below = cls.__subclasses__()
    return {cls} if not below else set().union(*map(leaves, below))


def test_all_displays_are_tested_here(displays):
    missing = set() if find_spec("scikit_posthocs") else {RanksDisplay}
    assert leaves(Display) - missing == set(map(type, displays))


def test_axes_of_ones_own_are_drawn_into_and_new_ones_are_made(displays):
    for display in displays:
        name = "axes_" if isinstance(display, PanelsDisplay) else "ax_"
        axes = new_axes(display)
        assert display.plot(axes) is display
        assert np.all(np.ravel(getattr(display, name)) == np.ravel(axes))
        assert display.figure_ is np.ravel(axes)[0].figure
        display.plot()
        assert display.figure_ is not np.ravel(axes)[0].figure
        display.figure_.draw_without_rendering()


def test_style_keywords_reach_matplotlib(displays):
    for display in displays:
        assert style_keywords(display)
        for name in style_keywords(display):
            display.plot(new_axes(display), **{name: {"gid": "mine", "alpha": 0.5}})
            found = display.figure_.findobj(lambda artist: artist.get_gid() == "mine")
            if not isinstance(display, BY_KIND):
                assert found, (type(display), name)
            assert all(artist.get_alpha() == 0.5 for artist in found)


def test_short_names_of_properties_override_the_defaults(displays):
    lines = next(d for d in displays if isinstance(d, TrainingCurveDisplay))
    lines.plot(line_kw={"c": "red", "lw": 7, "ls": ":"})
    line = lines.ax_.lines[0]
    assert (line.get_color(), line.get_linewidth(), line.get_linestyle()) == ("red", 7, ":")


def test_from_estimator_passes_the_style_on():
    fitted = ConvClassifier(n_filters=(3,), **quick).fit(images, y)
    display = FilterDisplay.from_estimator(fitted, im_kw={"cmap": "gray"})
    assert display.ax_.images[0].get_cmap().name == "gray"
    linear = LogisticRegression().fit(signals[:, :, 0], y)
    display = ImportanceDisplay.from_estimator(
        linear, signals[:, :, 0], y, n_repeats=1, bar_kw={"color": "red"}
    )
    assert display.ax_.patches[0].get_facecolor() == (1, 0, 0, 1)


def test_unknown_styles_and_wrong_axes_are_refused(displays):
    for display in displays:
        with pytest.raises(TypeError, match=f"'colour_kw' is not .* {type(display).__name__}. Use"):
            display.plot(colour_kw={})
        name = style_keywords(display)[0]
        with pytest.raises(TypeError, match=f"{name} must be a dict .* got 3"):
            display.plot(**{name: 3})
        if isinstance(display, PanelsDisplay):
            with pytest.raises(ValueError, match="ax holds 7 axes, but .* are needed: one for"):
                display.plot(Figure().subplots(7))
