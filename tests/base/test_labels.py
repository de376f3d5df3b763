"""Several labels a sample: columns of 0 and 1 in y, as scikit-learn's MLPClassifier reads them."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import ESTIMATORS, optional, pairwise
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.preprocessing import MultiLabelBinarizer

import ibestimators
from ibestimators import MLPClassifier, load
from ibestimators.base._targets import BinaryCrossEntropy, Classes, Labels
from ibestimators.testing._data import KINDS, N_SAMPLES
from ibestimators.training import LabelledSamples

CLASSIFIERS = [name for name in ESTIMATORS if name.endswith("Classifier")]
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
Y = (X[:, :3] > [-0.3, 0, 0.3]).astype(int)
FEW = rng.integers(0, 2, size=(N_SAMPLES, 3))  # for the data of the battery


def quick(name="MLPClassifier", **params):
    return getattr(ibestimators, name)(**{"max_epochs": 2, "random_state": 0, **params})


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_what_labels_mean(name):
    est = quick(name, max_epochs=40).fit(X, Y)
    proba, predicted = est.predict_proba(X), est.predict(X)
    assert proba.shape == predicted.shape == Y.shape
    assert ((proba > 0) & (proba < 1)).all()
    assert np.ptp(proba.sum(1)) > 0.5  # rows need not sum to 1
    assert predicted.dtype.kind == "i"
    assert_array_equal(predicted, proba > 0.5)
    assert_allclose(est.predict_log_proba(X), np.log(proba), rtol=1e-10, atol=1e-15)
    assert_array_equal(est.classes_, np.arange(3))
    assert est.score(X, Y) == accuracy_score(Y, predicted)
    assert (predicted == Y).mean() > 0.75


@settings(max_examples=20)
@given(
    y=st.tuples(st.integers(2, 14), st.integers(2, 5)).flatmap(
        lambda shape: arrays(np.int64, shape, elements=st.integers(0, 1))
    )
)
def test_any_labels(y):
    assume(not (y.sum(1) == 1).all())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        est = quick(hidden_layer_sizes=(4,), max_epochs=1).fit(X[: len(y)], y)
    proba = est.predict_proba(X)
    assert proba.shape == (60, y.shape[1])
    assert ((proba > 0) & (proba < 1)).all()
    assert_array_equal(est.predict(X), proba > 0.5)
    assert est.score(X[: len(y)], y) == accuracy_score(y, est.predict(X[: len(y)]))
    again = est.fit(X[: len(y)], sparse.csr_array(y))
    assert_array_equal(again.predict_proba(X), proba)
    assert again.score(X[: len(y)], sparse.csr_array(y)) == again.score(X[: len(y)], y)


FORMS = {
    "bool": lambda y: y.astype(bool),
    "float32": lambda y: y.astype(np.float32),
    "nested lists": np.ndarray.tolist,
    "list of rows": list,
    "frame": lambda y: pd.DataFrame(y, columns=list("abc")),
    "frame of Int64": lambda y: pd.DataFrame(y).astype("Int64"),
    "frame of several types": lambda y: pd.DataFrame(
        {"a": y[:, 0].astype(bool), "b": y[:, 1], "c": y[:, 2]}
    ),
    "tensor": torch.from_numpy,
    "Fortran order": np.asfortranarray,
    "csr_matrix": sparse.csr_matrix,
    "csc_array": sparse.csc_array,
    "lil_array": sparse.lil_array,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_of_y_is_read_alike(form):
    expected = quick().fit(X, Y).predict_proba(X)
    assert_array_equal(quick().fit(X, form(Y)).predict_proba(X), expected)


def test_labels_from_names_and_a_frame_of_polars():
    frame = optional("polars").DataFrame(Y, schema=list("abc"))
    expected = quick().fit(X, Y).predict_proba(X)
    assert_array_equal(quick().fit(X, frame).predict_proba(X), expected)
    names = [[name for name, has in zip("abc", row, strict=True) if has] for row in Y]
    for y in (names, [set(row) for row in names]):
        encoded = MultiLabelBinarizer().fit_transform(y)
        assert_array_equal(quick().fit(X, encoded).predict_proba(X), expected)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_weight_of_two_equals_a_repeated_sample(name):
    weight = np.arange(60) % 3  # 0, 1 or 2 times
    rows = np.repeat(np.arange(60), weight)
    # The default lr depends on the number of samples.
    settings = {"dtype": "float64", "batch_size": 1000, "max_epochs": 3, "lr": 1e-2}
    repeated = quick(name, **settings).fit(X[rows], Y[rows])
    weighted = quick(name, **settings).fit(X, Y, sample_weight=weight)
    assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-8)


def test_constant_labels():
    y = np.column_stack([Y[:, 0], np.zeros(60), np.ones(60)]).astype(int)
    est = quick(max_epochs=40).fit(X, y)  # a ConvergenceWarning would be an error here
    assert_array_equal(est.predict(X)[:, 1:], y[:, 1:])
    assert est.predict_proba(X)[:, 1].max() < 0.1 < 0.9 < est.predict_proba(X)[:, 2].min()
    for value in (0, 1):
        y = np.full((60, 2), value)
        assert quick(max_epochs=40).fit(X, y).score(X, y) == 1


def test_probabilities_that_round_to_0_have_exact_logarithms():
    target, scores = Labels(3), torch.tensor([[-800.0, 800.0, 0.0]])
    assert target.outcome(scores)[0].tolist() == [0, 1, 0.5]
    assert target.log_outcome(scores)[0].tolist() == [-800, 0, -np.log(2)]
    assert target.predictions(scores).tolist() == [[0, 1, 0]]


def test_the_loss_is_the_mean_over_labels():
    scores, labels = torch.randn(5, 3), torch.from_numpy(Y[:5]).float()
    expected = [
        torch.nn.BCEWithLogitsLoss()(one, other) for one, other in zip(scores, labels, strict=True)
    ]
    assert_allclose(BinaryCrossEntropy()(scores, labels), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "weight", [None, torch.linspace(0.5, 1.5, 10_000)], ids=["no weight", "weights"]
)
def test_the_best_constant_has_the_shares_of_the_labels(weight):
    share = torch.tensor([0.5, 0.1, 0.0])
    labels = (torch.arange(10_000).unsqueeze(1) % 10 < 10 * share).float()
    loss = Labels(3).baseline_loss(LabelledSamples(None, labels, weight))
    expected = (np.log(2) - 0.1 * np.log(0.1) - 0.9 * np.log(0.9)) / 3
    assert loss == pytest.approx(expected, abs=1e-3)


def test_what_has_learned_nothing_says_so():
    raw = {"standardize": False, "column_embedding": None}
    with pytest.warns(UserWarning, match=r"not converged: after 5 epochs .* best constant"):
        quick(lr=1e-6, **raw, max_epochs=5).fit(1000 * X, Y)


@pytest.mark.parametrize("k", [2, 3, 7])
@pytest.mark.parametrize(
    "form",
    [np.asarray, sparse.csr_array, pd.DataFrame, np.ndarray.tolist],
    ids=["array", "sparse", "frame", "list"],
)
def test_one_hot_classes_are_recognised(k, form):
    y = form(np.eye(k, dtype=int)[np.arange(60) % k])
    message = rf"y looks one-hot encoded \({k} classes\).* Pass y\.argmax\(axis=1\)"
    with pytest.raises(ValueError, match=message):
        MLPClassifier().fit(X, y)
    with pytest.raises(ValueError, match=message):
        MLPClassifier().count_parameters(X, y)


def test_one_hot_classes_among_samples_that_count():
    y = np.eye(3, dtype=int)[np.arange(60) % 3]
    y[:5] = 1
    quick().fit(X, y)
    with pytest.raises(ValueError, match="one-hot"):
        quick().fit(X, y, sample_weight=np.arange(60) >= 5)


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y + 1, r"y of shape \(60, 3\) must hold a column of 0 and 1 for each label.* holds 2\."),
        (2 * Y - 1, "it holds -1. Encode names of labels by MultiLabelBinarizer"),
        (Y + 0.5, r"it holds [01]\.5.* and a regressor if they hold numbers"),
        (np.arange(60)[:, None] % [2, 5], "holds 2.* one classifier a column .MultiOutputClass"),
        (np.where(Y, "yes", "no"), "it holds '(yes|no)'"),
        (Y.astype(str), "it holds '[01]'"),
        (np.where(Y, "yes", "no").astype(object), "it holds '(yes|no)'"),
        (np.where(Y, np.nan, 0), "Input y contains NaN"),
        (np.where(Y, np.inf, 0), "Input y contains infinity"),
        (pd.DataFrame(Y).astype("Int64").where(Y == 1), "Input y contains NaN"),
        (np.ma.masked_array(Y, Y == 1), "y is a masked array"),
        (Y + 0j, "[Cc]omplex data not supported"),
        (Y[:50], "inconsistent numbers of samples"),
        (sparse.csr_array(Y[:50]), "inconsistent numbers of samples"),
        (np.stack([Y, Y], 2), "Found array with dim 3"),
    ],
    ids=[
        "1 and 2",
        "-1 and 1",
        "halves",
        "several classes",
        "words",
        "digits as text",
        "objects",
        "NaN",
        "infinity",
        "missing",
        "masked",
        "complex",
        "too few rows",
        "too few sparse rows",
        "three axes",
    ],
)
def test_what_is_no_matrix_of_labels(name, y, message):
    with pytest.raises(ValueError, match=message):
        quick(name).fit(X, y)


@pytest.mark.parametrize(
    "y",
    [
        [[0, 2], [1], []] * 20,
        [("a", "b"), ("c",), ()] * 20,
        [{"a", "b"}, {"c"}, set()] * 20,
        pd.Series([["a", "b"], ["c"], []] * 20),
        np.array([["a", "b"], ["c"], []] * 20, dtype=object),
        [np.array([0, 2]), np.array([1])] * 30,
    ],
    ids=["lists", "tuples", "sets", "series", "object array", "arrays"],
)
def test_collections_of_labels_name_the_binarizer(y):
    with pytest.raises(ValueError, match=r"collection of labels .* Pass MultiLabelBinarizer\(\)"):
        MLPClassifier().fit(X, y)


def test_lists_of_as_many_names_name_the_binarizer():
    with pytest.raises(ValueError, match="it holds 'a'. Encode names of labels by MultiLabelBin"):
        MLPClassifier().fit(X, [["a", "b"], ["c", "a"]] * 30)


def test_a_single_column_holds_classes():
    expected = quick().fit(X, Y[:, 0])
    with pytest.warns(DataConversionWarning, match="column-vector"):
        column = quick().fit(X, Y[:, :1])
    assert_array_equal(column.predict_proba(X), expected.predict_proba(X))
    assert column.predict(X).shape == (60,)


@pytest.mark.parametrize(
    "class_weight", ["balanced", {0: 1, 1: 2}, {}], ids=["balanced", "given", "empty"]
)
def test_class_weights_are_refused(class_weight):
    est = quick(class_weight=class_weight)
    message = r"class_weight=.* one class a sample, but y has 3 labels.* sample_weight"
    with pytest.raises(ValueError, match=message):
        est.fit(X, Y)
    with pytest.raises(ValueError, match=message):
        est.partial_fit(X, Y, classes=np.arange(3))
    assert not hasattr(est, "classes_")


def test_partial_fit():
    est = quick()
    with pytest.raises(ValueError, match=r"classes must be passed .* np\.arange\(n_labels\)"):
        est.partial_fit(X, Y)
    for wrong in ([0, 1], np.arange(4), ["a", "b", "c"], np.unique(Y)):
        with pytest.raises(ValueError, match=r"y has 3 labels. Give classes=np\.arange\(3\)"):
            est.partial_fit(X, Y, classes=wrong)
    est.partial_fit(X[:3], np.eye(3, dtype=int), classes=np.arange(3))  # no sign of classes
    losses = [est.partial_fit(X, Y).loss_curve_[-1] for _ in range(30)]
    assert losses[-1] < losses[0]
    assert est.partial_fit(X[:1], sparse.csr_array(Y[:1]), classes=[0, 1, 2]).n_iter_ == 32
    with pytest.raises(ValueError, match="not the same as on the last call"):
        est.partial_fit(X, Y, classes=np.arange(4))
    frame = pd.DataFrame(Y, columns=list("abc"))
    by_name, by_number = quick(), quick().partial_fit(X, Y, classes=np.arange(3))
    for _ in range(2):
        by_name.partial_fit(X, frame, classes=frame.columns)
    assert_array_equal(by_name.predict(X), by_number.partial_fit(X, Y).predict(X))


@pytest.mark.parametrize("on", ["warm_start", "partial_fit"])
def test_training_goes_on_with_the_same_labels(on):
    est = quick(warm_start=True).fit(X, Y)
    more = est.fit if on == "warm_start" else est.partial_fit
    n_iter = more(X, Y).n_iter_
    assert n_iter == (4 if on == "warm_start" else 3)
    before = est.predict_proba(X)
    for wrong in (Y[:, :2], np.hstack([Y, Y]), Y[:, 0], Y[:, :1], np.zeros(60)):
        with pytest.raises(ValueError, match="the first fit saw 3 labels. Give y of shape .*, 3"):
            more(X, wrong)
    with pytest.raises(ValueError, match="must hold a column of 0 and 1"):
        more(X, ["a", "b"] * 30)
    assert_array_equal(est.predict_proba(X), before)
    assert est.n_iter_ == n_iter

    classes = quick(warm_start=True).fit(X, Y[:, 0])
    more = classes.fit if on == "warm_start" else classes.partial_fit
    for wrong in (Y, sparse.csr_array(Y)):
        with pytest.raises(ValueError, match="y has several columns, but the first fit saw one cl"):
            more(X, wrong)
    # A fit without warm start forgets what y was.
    classes.set_params(warm_start=False).fit(X, Y)
    assert_array_equal(classes.predict_proba(X), quick().fit(X, Y).predict_proba(X))
    assert_array_equal(classes.fit(X, Y[:, 0]).classes_, [0, 1])


def test_early_stopping_needs_no_sample_of_each_label():
    y = Y.copy()
    y[:, 1] = 0
    y[7, 1] = 1  # one sample: it cannot be in both parts
    est = quick(max_epochs=5, early_stopping=True, validation_fraction=0.2).fit(X, y)
    assert len(est.validation_curve_) == est.n_iter_
    assert np.isfinite(est.validation_curve_).all()
    quick(early_stopping=True, validation_fraction=0.2).fit(X, y, groups=np.arange(60) // 4)


@pytest.mark.parametrize("k", [2, 3])
def test_scores_of_scikit_learn(k):
    est, y = quick(max_epochs=10), Y[:, :k]
    for scoring in ("accuracy", "f1_macro", "jaccard_micro", "average_precision", "roc_auc_ovr"):
        scores = cross_val_score(est, X, y, cv=3, scoring=scoring, error_score="raise")
        assert ((scores > 0) & (scores <= 1)).all()
    scores = cross_val_score(est, X, y, cv=3, scoring="roc_auc", error_score="raise")
    assert scores.mean() > 0.7  # the probabilities, and not one column of two
    assert cross_val_predict(est, X, y, cv=3, method="predict_proba").shape == y.shape
    search = GridSearchCV(est, {"lr": [1e-3, 1e-2]}, cv=2, scoring="roc_auc", error_score="raise")
    assert search.fit(X, y).predict(X).shape == y.shape
    one_each = MultiOutputClassifier(est).fit(X, y)  # what the error for other columns names
    assert one_each.predict(X).shape == y.shape


@pytest.mark.parametrize(("name", "kind"), pairwise(CLASSIFIERS, list(KINDS)))
def test_files_and_copies_predict_the_same(name, kind, tmp_path):
    samples = KINDS[kind]()
    est = quick(name, warm_start=True).fit(samples, FEW)
    expected = est.predict_proba(samples)
    est.save(tmp_path / "model")
    for again in (load(tmp_path / "model"), pickle.loads(pickle.dumps(est)), copy.deepcopy(est)):
        assert_array_equal(again.predict_proba(samples), expected)
        assert_array_equal(again.predict(samples), est.predict(samples))
        assert_array_equal(again.classes_, est.classes_)
        assert again.fit(samples, FEW).n_iter_ == 4


def test_skops_needs_to_trust_no_class_but_the_estimator():
    skops = optional("skops.io")
    est = quick().fit(X, Y)
    again = skops.loads(skops.dumps(est), trusted=["ibestimators.mlp.MLPClassifier"])
    assert_array_equal(again.predict_proba(X), est.predict_proba(X))


def test_each_estimator_has_its_types_of_target():
    est = MLPClassifier()
    assert est._target_type(Y) is Labels
    for y in (Y[:, 0], Y[:, :1], None, ["a"], [[0, 1], [2]], 3):
        assert est._target_type(y) is Classes
