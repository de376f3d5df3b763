"""What an estimator says of itself, in tags and on the screen, is so."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import sklearn
from conftest import ESTIMATORS, optional
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.fixes import parse_version

import ibestimators
from ibestimators import (
    ConvClassifier,
    GraphRegressor,
    MLPClassifier,
    TextTokenizer,
    table_pipeline,
)
from ibestimators.testing import _data as kinds

X = np.random.default_rng(0).normal(size=(30, 4))
Y = np.arange(30) % 3


def fits(est, X, y):
    try:
        est.fit(X, y).predict(X)
    except (ValueError, TypeError):
        return False
    return True


@pytest.mark.parametrize("name", ESTIMATORS)
def test_tags_are_honest(name):
    est = getattr(ibestimators, name)(max_epochs=1)
    tags = est.__sklearn_tags__()
    gaps, texts = X.copy(), X.astype(str).astype(object)
    gaps[0, 0] = np.nan
    texts[0, 0] = "a"
    y = Y if name.endswith("Classifier") else Y * 1.5
    assert tags.input_tags.two_d_array == fits(est, X, y)
    assert tags.input_tags.three_d_array == fits(est, X.reshape(30, 2, 2), y)
    assert tags.input_tags.sparse == fits(est, sparse.csr_array(X), y)
    assert tags.input_tags.allow_nan == fits(est, gaps, y)
    assert tags.input_tags.string == fits(est, texts, y)
    assert tags.input_tags.one_d_array == fits(est, X[:, 0], y)
    assert not tags.input_tags.positive_only
    assert tags.target_tags.required != fits(est, X, None)
    assert not tags.non_deterministic
    two = np.column_stack([y, y])
    if name.endswith("Classifier"):
        assert tags.classifier_tags.multi_class
        assert tags.classifier_tags.multi_label == fits(est, X, two % 2)
        assert tags.target_tags.multi_output == fits(est, X, two)
    else:
        assert tags.target_tags.multi_output == fits(est, X, two)


@pytest.mark.skipif(parse_version(sklearn.__version__) < parse_version("1.9"), reason="since 1.9")
def test_a_notebook_shows_what_was_learned():
    fitted = MLPClassifier(max_epochs=1).fit(X, Y)
    page = fitted._repr_html_()
    for name in ("n_iter_", "n_parameters_", "loss_curve_", "classes_", "device_"):
        assert name in page
    assert "n_parameters_" not in MLPClassifier()._repr_html_()


def test_frames_travel_through_pipelines_by_name():
    frame = pd.DataFrame(X, columns=list("abcd"))
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(max_epochs=1))
    pipeline.set_output(transform="pandas").fit(frame, Y)
    assert list(pipeline[-1].feature_names_in_) == list("abcd")
    frame["e"] = pd.Categorical(["u", "v"] * 15)
    with pytest.raises(ValueError, match=r"{'e': 'category'}. Put an encoder in front"):
        MLPClassifier().fit(frame, Y)
    encoder = make_column_transformer((OneHotEncoder(), ["e"]), remainder="passthrough")
    make_pipeline(encoder, MLPClassifier(max_epochs=1)).fit(frame, Y).predict(frame)
    with sklearn.config_context(transform_output="pandas"):
        dense = make_column_transformer(
            (OneHotEncoder(sparse_output=False), ["e"]), remainder="passthrough"
        )
        fitted = make_pipeline(dense, MLPClassifier(max_epochs=1)).fit(frame, Y)
        assert fitted[-1].n_features_in_ == 6


@pytest.mark.parametrize("kind", kinds.KINDS)
@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_the_output_that_scikit_learn_is_set_to_changes_nothing_inside(kind, output):
    optional(output)
    data = kinds.KINDS[kind]()
    plain = GraphRegressor(max_epochs=1, random_state=0).fit(data, kinds.targets("regressor"))
    with sklearn.config_context(transform_output=output):
        est = GraphRegressor(max_epochs=1, random_state=0).fit(data, kinds.targets("regressor"))
        np.testing.assert_array_equal(est.predict(data), plain.predict(data))


def test_a_pipeline_of_texts_can_be_told_its_output():
    texts = ["a b", "c d e"] * 10
    pipeline = make_pipeline(TextTokenizer(), ConvClassifier(max_epochs=1))
    pipeline.set_output(transform="pandas").fit(texts, [0, 1] * 10)
    assert isinstance(pipeline[0].transform(texts), list)
    assert pipeline.predict(texts).shape == (20,)


def test_dates_and_large_whole_numbers():
    with pytest.raises(TypeError, match=r"datetime64\[s\], but numbers are expected. Give dates"):
        MLPClassifier().fit(X.astype("datetime64[s]"), Y)
    frame = pd.DataFrame({"when": pd.date_range("2020", periods=30), "b": X[:, 0]})
    with pytest.raises(ValueError, match="'when': 'datetime64"):
        MLPClassifier().fit(frame, Y)
    with pytest.raises(ValueError, match="a number too large for float64"):
        MLPClassifier().fit(np.array([[10**400, 1]] * 30, dtype=object), Y)
    with pytest.raises(ValueError, match="squares are infinite"):
        MLPClassifier().fit(X * 1e300, Y)


def test_columns_that_are_no_numbers_are_named_with_a_line_that_mends_them():
    names = [f"v{i}" for i in range(30)]  # so many that one-hot columns would be sparse
    frame = pd.DataFrame({"name": names, "b": X[:, 0]})
    with pytest.raises(ValueError, match="non-numeric columns: {'name': ") as error:
        MLPClassifier().fit(frame, Y)
    line = re.search(r"table_pipeline\(.*?\)", str(error.value))[0]
    estimator = MLPClassifier(max_epochs=1)
    names_used = {"estimator": estimator, "table_pipeline": table_pipeline}
    piped = eval(line, names_used).fit(frame, Y)
    assert piped.predict(frame.assign(name="never seen")).shape == (30,)
    twice = pd.DataFrame([[1, "a"]] * 30, columns=["b", "b"])
    with pytest.raises(ValueError, match="non-numeric columns: {'b': "):
        MLPClassifier().fit(twice, Y)


def test_what_is_no_number_is_shown():
    code = pd.DataFrame({"u": X[:, 0], "code": pd.Categorical(["1", "2", "10"] * 10)})
    with pytest.raises(TypeError, match=r"columns are .*'code': 'category'}; cast them"):
        MLPClassifier().fit(code, Y)
    with pytest.raises(TypeError, match=r"X\[2, 1\] is None, of type NoneType"):
        MLPClassifier().fit([[0.0, 1.0], [2.0, 3.0], [4.0, None]] * 10, Y)
    with pytest.raises(TypeError, match=r"X holds text.*TextTokenizer"):
        MLPClassifier().fit(np.array(["a text"] * 30), Y)


@pytest.mark.parametrize("weight", [{0: -2}, {0: np.nan}, {0: 0, 1: 0, 2: 0}])
def test_weights_of_classes_are_weights(weight):
    with pytest.raises(ValueError, match="class_weight=.* finite weight of 0 or more"):
        MLPClassifier(class_weight=weight).fit(X, Y)


def test_masks_are_not_looked_through():
    masked = np.ma.masked_array(X, X > 0)
    for data in (masked, [masked[:3], masked[3:9]] * 5):
        with pytest.raises(ValueError, match=r"X is a masked array.*\.filled\(value\)"):
            ConvClassifier().fit(data, Y[: len(data)])
    with pytest.raises(ValueError, match="y is a masked array"):
        MLPClassifier().fit(X, np.ma.masked_array(Y, Y == 1))
    with pytest.raises(ValueError, match="sample_weight is a masked array"):
        MLPClassifier().fit(X, Y, sample_weight=np.ma.masked_array(np.ones(30), Y == 1))
    of_objects = np.empty(2, dtype=object)
    of_objects[:] = [masked[:3], X[:4]]
    for data in (of_objects, pd.Series(list(of_objects))):
        with pytest.raises(ValueError, match="X is a masked array"):
            ConvClassifier().fit(data, [0, 1])
    whole = np.ma.masked_array(X, mask=False)
    fitted = MLPClassifier(max_epochs=1, random_state=0).fit(whole, Y)
    with pytest.raises(ValueError, match="X is a masked array"):
        fitted.predict(masked)
