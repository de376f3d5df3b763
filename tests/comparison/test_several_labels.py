"""Everything that compares, explains or reports takes several labels a sample, or says why not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import make_scorer
from sklearn.model_selection import KFold, StratifiedKFold

from ibestimators import (
    ConvClassifier,
    GradientNormDisplay,
    MLPClassifier,
    RecurrentClassifier,
    as_dense,
    biases,
    compare_biases,
    compare_learning_curves,
    compare_parameter_scaling,
    equivariance_error,
    race_biases,
    sample_importance,
    structure_ablation,
    structure_importance,
)
from ibestimators.cli import main
from ibestimators.suite import guess_task

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 5))
Y = (X[:, :3] > [-0.3, 0, 0.3]).astype(int)
FORMS = {"array": np.asarray, "frame": pd.DataFrame, "list": np.ndarray.tolist}
FORMS["sparse"] = sparse.csr_array


def candidates():
    return {
        "MLP": MLPClassifier(max_epochs=10),
        "forest": RandomForestClassifier(5),
    }


@pytest.mark.parametrize("form", FORMS)
def test_the_five_biases_on_folds_of_any_form_of_y(form, tmp_path):
    y = FORMS[form](Y)
    compared = biases("classification", max_epochs=3) if form == "array" else candidates()
    settings = {"cv": 3, "random_state": 0, "error_score": "raise", "cache": tmp_path}
    result = compare_biases(X, y, compared, refit=True, **settings)
    assert result.scoring == "accuracy"
    assert ((result.cells["score"] >= 0) & (result.cells["score"] <= 1)).all()
    assert result.best_estimator_.predict(X).shape == Y.shape
    again = compare_biases(X, y, compared, **settings)
    assert again.cells.equals(result.cells)  # with the times of the cached fits
    path = result.to_html(tmp_path / "report.html", X=X, y=y)
    assert "samples of each" in path.read_text()


@pytest.mark.parametrize("k", [2, 3])
def test_scores_by_probabilities_and_by_predictions(k):
    scoring = ["f1_macro", "average_precision", "roc_auc", "accuracy"]
    settings = {"cv": 3, "scoring": scoring, "random_state": 0, "error_score": "raise"}
    result = compare_biases(X, Y[:, :k], candidates(), **settings)
    for name in scoring:
        assert (result.to_frame(name)["score"] > (0.3 if name == "accuracy" else 0.7)).all()


def test_splitters_searches_groups_and_equal_sizes():
    settings = {"random_state": 0, "error_score": "raise"}
    groups = np.arange(90) // 3
    mlp = {"MLP": MLPClassifier(max_epochs=1, early_stopping=True)}
    options = {"search": "random", "n_iter": 1, "match_parameters": 3000}
    compare_biases(X, Y, mlp, cv=2, groups=groups, scoring="f1_macro", **options, **settings)
    compare_biases(X, Y, mlp, cv=KFold(2), **settings)
    compare_biases(X, Y, mlp, cv=[(np.arange(60), np.arange(60, 90))], **settings)
    with pytest.raises(ValueError, match="multilabel-indicator"):
        compare_biases(X, Y, mlp, cv=StratifiedKFold(2), **settings)


def test_curves_scaling_ablation_and_races():
    settings = {"cv": 2, "random_state": 0, "error_score": "raise"}
    curves = compare_learning_curves(X, Y, candidates(), **settings)
    assert curves.cells["score"].notna().all()
    sizes = compare_parameter_scaling(X, Y, candidates(), n_parameters=[500, 1000], **settings)
    assert sizes.frame["score"].notna().all()
    ablation = structure_ablation(X, Y, candidates(), **settings)
    assert (ablation.to_frame()["intact"] > ablation.to_frame()["destroyed"]).all()
    for form in FORMS.values():
        race = race_biases(X, form(Y), candidates(), factor=2, **settings)
        assert race.best_estimator_.predict(X).shape == Y.shape


@pytest.mark.parametrize("scoring", ["neg_log_loss", ["accuracy", "d2_log_loss_score"]])
def test_scores_of_one_class_are_refused(scoring):
    with pytest.raises(ValueError, match="_log.* several labels. Choose .*'average_precision'"):
        compare_biases(X, Y, candidates(), scoring=scoring)
    with pytest.raises(ValueError, match="several labels"):
        compare_biases(X, Y, candidates(), scoring={"mine": "neg_log_loss"})
    compare_biases(X, Y[:, 0], {"MLP": MLPClassifier(max_epochs=1)}, cv=2, scoring=scoring)
    scorer = make_scorer(lambda y, predicted: np.mean(y == predicted))
    compare_biases(X, Y, {"MLP": MLPClassifier(max_epochs=1)}, cv=2, scoring=scorer)


def test_one_hot_classes_end_a_comparison():
    y = np.eye(3, dtype=int)[np.arange(90) % 3]
    with pytest.raises(ValueError, match=r"Every fit failed.* y looks one-hot encoded"):
        compare_biases(X, y, {"MLP": MLPClassifier()}, cv=2)


@pytest.mark.parametrize("form", FORMS)
def test_labels_are_a_classification(form):
    assert guess_task(FORMS[form](Y)) == "classification"
    assert guess_task(FORMS[form](Y.astype(float))) == "classification"
    assert guess_task(X[:, :2]) == "regression"


def test_importance_and_equivariance():
    est = MLPClassifier(random_state=0).fit(X, Y)
    for y in (Y, sparse.csr_array(Y)):
        result = structure_importance(est, X, y, random_state=0)
        assert set(np.argsort(-result.importances_mean)[:3]) == {0, 1, 2}
    curve = structure_importance(est, X, Y, scoring="roc_auc", random_state=0)
    assert curve.scoring == "roc_auc"
    with pytest.raises(ValueError, match="predicts 3 outputs, but importances are measured for on"):
        sample_importance(est, X[0], X)
    assert equivariance_error(est, X, np.copy) == 0
    assert equivariance_error(est, X, "permutation", random_state=0) > 0.1


def test_gradients_and_dense_equivalents():
    series = X[..., None]
    recurrent = RecurrentClassifier(bidirectional=False, max_epochs=1, random_state=0)
    recurrent.fit(series, Y)
    norms = GradientNormDisplay.from_estimator(recurrent, series, Y).norms["RecurrentClassifier"]
    assert (norms > 0).all()
    conv = ConvClassifier(n_filters=(4,), readout="flatten", max_epochs=1, random_state=0)
    conv.fit(series, Y)
    dense = as_dense(conv)
    np.testing.assert_allclose(dense.predict_proba(series), conv.predict_proba(series), atol=1e-5)
    np.testing.assert_array_equal(dense.classes_, conv.classes_)


def test_the_command_line_reads_labels_of_an_npz_file(tmp_path, capsys):
    np.savez(tmp_path / "labels.npz", X=X, y=Y)
    np.savez(tmp_path / "classes.npz", X=X, y=np.eye(3, dtype=int)[np.arange(90) % 3])
    out = ["--output", str(tmp_path / "picture.png"), "--report", str(tmp_path / "report.html")]
    options = ["--biases", "MLP", "--cv", "2", "--max-epochs", "3", "--n-jobs", "1", *out]
    assert main(["compare", str(tmp_path / "labels.npz"), "--scoring", "f1_macro", *options]) == 0
    captured = capsys.readouterr()
    assert "classification" in captured.err
    assert "f1_macro" in captured.out
    assert main(["compare", str(tmp_path / "classes.npz"), *options]) == 2
    assert "y looks one-hot encoded (3 classes)" in capsys.readouterr().err
