"""Inside a convolution: its filters, what they make of a sample, how far they see."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ibestimators import ConvClassifier, ConvRegressor, MLPClassifier
from ibestimators.inspection import FeatureMapDisplay, FilterDisplay, receptive_field
from ibestimators.testing import _data as kinds


def fitted(X, **params):
    settings = {"n_filters": (6, 4), "max_epochs": 1, "random_state": 0, **params}
    return ConvClassifier(**settings).fit(X, np.arange(len(X)) % 2)


def signals(*shape: int):
    return np.random.default_rng(0).normal(size=(8, *shape))


@settings(deadline=None, max_examples=40)
@given(
    size=st.integers(1, 24) | st.sampled_from([8, 16, 24]),
    kernel_sizes=st.lists(st.integers(1, 5), min_size=3, max_size=3),
    strides=st.lists(st.integers(1, 3), min_size=3, max_size=3),
    padding=st.sampled_from(["same", "valid"]),
    pooling=st.sampled_from(["mean", None]),
)
def test_gradients_reach_the_receptive_field_and_no_further(
    size, kernel_sizes, strides, padding, pooling
):
    X = signals(size, 1)
    try:
        conv = fitted(
            X,
            n_filters=(3, 3, 3),
            kernel_size=kernel_sizes,
            stride=strides,
            padding=padding,
            pooling=pooling,
            activation="tanh",
            normalization=None,
            dtype="float64",
        )
    except ValueError:  # a kernel larger than what is left
        assume(False)
    nothing_dropped = pooling is None or (padding == "same" and size % 8 == 0)
    field = receptive_field(conv)
    x = torch.from_numpy(X[:1]).movedim(-1, 1).requires_grad_()  # (1, 1, size)
    y = x
    for number, layer in enumerate(conv.module_.encoder.layers):
        y, _ = layer(y)  # (1, 3, outputs)
        for output in range(y.shape[2]):
            (gradient,) = torch.autograd.grad(y[0, :, output].sum(), x, retain_graph=True)
            reached = set(gradient[0, 0].nonzero().flatten().tolist())
            width, step, start = field.loc[number]
            sees = range(start + step * output, start + step * output + width)
            inside = set(sees) & set(range(size))
            assert reached <= inside
            assert {sees[0], sees[-1]} & inside <= reached
            if max(strides) == 1 and nothing_dropped:  # else there may be gaps
                assert reached == inside


def test_what_lies_outside_the_receptive_field_changes_nothing():
    X = signals(60, 1)
    conv = fitted(X, kernel_size=3, normalization="batch")
    size, step, start = receptive_field(conv).loc[1]
    inside = slice(start + 7 * step, start + 7 * step + size)
    outside = X[:1] + 5
    outside[:, inside] = X[:1, inside]
    within = X[:1].copy()
    within[:, inside] += 5
    maps = FeatureMapDisplay.from_estimator(conv, np.concatenate([X[:1], outside, within])).maps
    assert_allclose(maps[1, 7], maps[0, 7], atol=1e-6)
    assert not np.allclose(maps[1, :3], maps[0, :3], atol=1e-3)
    assert not np.allclose(maps[2, 7], maps[0, 7], atol=1e-3)


def test_princes_receptive_fields():
    # Three layers of kernel 3 and stride 2: 3, 7 and 15 positions (figure 10.4 at stride 1).
    conv = fitted(
        signals(40), n_filters=(15, 15, 15), kernel_size=3, stride=2, padding="valid", pooling=None
    )
    field = receptive_field(conv)
    assert field["size"].tolist() == [3, 7, 15]
    assert field["step"].tolist() == [2, 4, 8]
    assert field["start"].tolist() == [0, 0, 0]
    assert field.index.name == "layer"


@pytest.mark.parametrize("widths", [(3, 4, 5), (2, 4), (1, 3)])
def test_of_several_widths_the_widest_gives_the_receptive_field(widths):
    X = signals(20, 1)
    several = fitted(X, kernel_size=(widths, widths), activation="tanh", normalization=None)
    widest = fitted(X, kernel_size=max(widths))
    field = receptive_field(several)
    assert field.equals(receptive_field(widest))
    x = torch.from_numpy(X[:1]).float().movedim(-1, 1).requires_grad_()
    y, _ = several.module_.encoder.layers[0](x)  # (1, filters of all widths, outputs)
    (gradient,) = torch.autograd.grad(y[0, :, 4].sum(), x)
    size, step, start = field.loc[0]
    reached = gradient[0, 0].nonzero().flatten().tolist()
    assert set(reached) <= set(range(start + 4 * step, start + 4 * step + size))


def test_filters_of_several_widths_have_zeros_around_the_narrow_ones():
    tokens = kinds.tokens()
    conv = fitted(tokens, n_filters=(4,))
    display = FilterDisplay.from_estimator(conv)
    assert display.filters.shape == (12, 128, 5)  # of widths 3, 4 and 5
    zeros = (display.filters == 0).all(axis=(1,))
    assert zeros[:4].tolist() == [[True, False, False, False, True]] * 4
    assert zeros[4:8].tolist() == [[True, False, False, False, False]] * 4
    assert not zeros[8:].any()
    assert FeatureMapDisplay.from_estimator(conv, tokens).maps[0].shape == (len(tokens[0]), 12)
    two_layers = fitted(tokens, n_filters=(6, 4))  # both of these widths
    assert FilterDisplay.from_estimator(two_layers, layer=1).filters.shape == (12, 18, 5)
    assert receptive_field(two_layers)["size"].tolist() == [5, 9]


def test_an_axis_that_is_not_pooled_steps_by_less():
    conv = fitted(signals(8, 1, 2), kernel_size=3)
    assert receptive_field(conv)["step"].tolist() == [2, 4]
    assert receptive_field(conv, axis=1)["step"].tolist() == [1, 1]
    with pytest.raises(ValueError, match=r"axis=2.*2 axes.*0 to 1"):
        receptive_field(conv, axis=2)


def test_a_shifted_signal_gives_shifted_maps():
    X = np.zeros((2, 60, 1))
    X[0, 20:24, 0] = X[1, 28:32, 0] = [1, -2, 3, 1]
    conv = fitted(X, standardize=False)
    display = FeatureMapDisplay.from_estimator(conv, X)
    step = receptive_field(conv).loc[1, "step"]
    assert 8 % step == 0
    moved = 8 // step
    assert_allclose(display.maps[1, 1 + moved : -1], display.maps[0, 1 : -1 - moved], atol=1e-6)
    assert np.ptp(display.maps[0, 1:-1]) > 0.01


def test_maps_of_the_last_layer_are_what_the_readout_gets():
    X = signals(20, 3)
    conv = fitted(X, readout="mean")
    display = FeatureMapDisplay.from_estimator(conv, X, layer=-1, sample=-1)
    assert (display.layer, display.sample) == (1, 7)
    pooled = torch.from_numpy(display.maps.mean(axis=1))
    scores = conv.module_.readout.head(pooled).softmax(1).detach().numpy()
    assert_allclose(scores, conv.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_pictures_of_every_kind_of_x(kind):
    X = kinds.KINDS[kind]()
    conv = fitted(X, kernel_size=5)
    before = {name: value.clone() for name, value in conv.module_.state_dict().items()}
    flags = [module.training for module in conv.module_.modules()]
    display = FeatureMapDisplay.from_estimator(conv, X, layer=0, sample=3)
    display.figure_.canvas.draw()
    assert len(display.maps) == len(display.samples) == len(X)
    assert all(maps.shape[-1] == 6 for maps in display.maps)
    assert isinstance(display.maps, list if isinstance(X, list) else np.ndarray)
    # Alone, a sample gives the same maps as in company, whatever was padded.
    alone = FeatureMapDisplay.from_estimator(conv, kinds.rows(X, 3), layer=0)
    assert_allclose(alone.maps[0], display.maps[3], atol=1e-5)
    filters = FilterDisplay.from_estimator(conv)
    filters.figure_.canvas.draw()
    assert filters.filters.shape[0] == 6
    assert [module.training for module in conv.module_.modules()] == flags
    assert all(torch.equal(value, before[k]) for k, value in conv.module_.state_dict().items())


def test_filters_are_the_weights_drawn_in_cells():
    conv = fitted(signals(9, 7, 3), kernel_size=3)
    display = FilterDisplay.from_estimator(conv, layer=0)
    assert display.filters.shape == (6, 3, 3, 3)
    assert_array_equal(display.filters, conv.module_.encoder.layers[0].conv.weight.detach())
    drawn = display.ax_.images[0].get_array()
    assert_array_equal(drawn[:3, 4:7], display.filters[1, 0])
    assert drawn.mask[:, 3].all()  # the gap
    display.filters[:] = 0  # a copy
    assert conv.module_.encoder.layers[0].conv.weight.abs().sum() > 0
    lines = FilterDisplay.from_estimator(fitted(signals(9), kernel_size=3), layer=-1)
    assert lines.layer == 1
    ax = Figure().add_subplot()
    assert lines.plot(ax).ax_ is ax


def test_outputs_stand_in_the_middle_of_what_they_see():
    conv = fitted(signals(40), kernel_size=5, pooling=None, padding="valid", n_filters=(3,))
    display = FeatureMapDisplay.from_estimator(conv, signals(40))
    left, right = display.axes_[1].images[0].get_extent()[:2]
    assert (left, right) == (1.5, 37.5)  # the first output sees 0 to 4, its middle is 2
    assert display.axes_[0].get_xlim() == display.axes_[1].get_xlim()


def test_reads_pipelines_and_searches():
    X = signals(12)
    pipeline = make_pipeline(StandardScaler(), ConvRegressor(n_filters=(3, 2), max_epochs=1))
    search = GridSearchCV(pipeline, {"convregressor__kernel_size": [3]}, cv=2)
    search.fit(X, X[:, 0])
    assert receptive_field(search)["size"].tolist() == [4, 10]
    assert FilterDisplay.from_estimator(search).filters.shape == (3, 1, 3)
    inner = search.best_estimator_
    assert_array_equal(
        FeatureMapDisplay.from_estimator(search, X).maps,
        FeatureMapDisplay.from_estimator(inner[-1], inner[:-1].transform(X)).maps,
    )


def test_clear_errors():
    X = signals(12)
    conv = fitted(X)
    with pytest.raises(ValueError, match=r"layer=2, but there are 2.*0 to 1"):
        FilterDisplay.from_estimator(conv, layer=2)
    with pytest.raises(ValueError, match=r"layer='first'"):
        FeatureMapDisplay.from_estimator(conv, X, layer="first")
    with pytest.raises(ValueError, match=r"sample=8, but there are 8"):
        FeatureMapDisplay.from_estimator(conv, X, sample=8)
    with pytest.raises(ValueError, match="ax holds 1 axes, but 2 are needed"):
        FeatureMapDisplay.from_estimator(conv, X, ax=Figure().add_subplot())
    dense = MLPClassifier(max_epochs=1).fit(X, np.arange(8) % 2)
    with pytest.raises(TypeError, match="ends in MLPClassifier"):
        receptive_field(dense)
