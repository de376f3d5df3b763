"""Groups of samples are never on both sides of a split that early stopping makes."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ibestimators import ConvClassifier, MLPClassifier, MLPRegressor, compare_biases

# A patient has one label and a place of its own: who knows the patient knows the label.
N_PATIENTS, VISITS = 30, 6
PATIENT = np.repeat(np.arange(N_PATIENTS), VISITS)
_rng = np.random.default_rng(0)
X = (_rng.normal(size=(N_PATIENTS, 4))[PATIENT] + 0.05 * _rng.normal(size=(PATIENT.size, 4))) * 3
Y = _rng.integers(0, 2, N_PATIENTS)[PATIENT]


@pytest.fixture
def parts(monkeypatch):
    """Training and validation part of each split, as groups."""
    made = []
    split = MLPClassifier._split

    def watched(self, data, *args):
        both, groups = split(self, data, *args), data.groups
        if len(both) == 2:
            made.append([None if groups is None else set(groups[rows]) for rows, _ in both])
        return both

    monkeypatch.setattr("ibestimators.base.Estimator._split", watched)
    return made


@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
def test_whole_groups_are_set_aside(make, parts):
    make(early_stopping=True, max_epochs=2, random_state=0).fit(X, Y, groups=PATIENT)
    ((training, validation),) = parts
    assert not training & validation
    assert training | validation == set(PATIENT)
    assert len(validation) == 3  # a tenth


def test_a_split_through_patients_flatters():
    params = {
        "early_stopping": True,
        "validation_fraction": 0.3,
        "random_state": 0,
        "max_epochs": 60,
    }
    through = MLPClassifier(weight_decay=0, **params).fit(X, Y)
    whole = MLPClassifier(weight_decay=0, **params).fit(X, Y, groups=PATIENT)
    assert min(through.validation_curve_) < 0.2 < min(whole.validation_curve_)


def test_no_class_is_set_aside_whole(parts):
    label = np.minimum(np.arange(PATIENT.size) // (5 * VISITS), 2)  # two of 5 patients, one of 20
    for seed in range(10):
        est = MLPClassifier(early_stopping=True, max_epochs=1, random_state=seed)
        est.set_params(validation_fraction=0.4).fit(X, label, groups=PATIENT)
        assert all(set(PATIENT[label == c]) & parts[-1][0] for c in range(3))
    est = MLPClassifier(early_stopping=True, max_epochs=1)
    with pytest.raises(ValueError, match=r"class without training samples\. Give more groups"):
        est.fit(X, label, groups=label)
    MLPRegressor(early_stopping=True, max_epochs=1).fit(X, label, groups=label)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (np.c_[PATIENT, PATIENT], r"groups must have shape \(n_samples,\)"),
        ([None, *PATIENT[1:]], "groups has missing labels"),
        (np.ma.masked_array(PATIENT, PATIENT == 3), "groups is a masked array"),
        (PATIENT[1:], "inconsistent numbers of samples"),
    ],
)
def test_groups_that_cannot_be_used(groups, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier().fit(X, Y, groups=groups)


def test_groups_of_samples_without_weight_go_with_them(parts):
    tokens = [[int(i) % 5] * (2 + i % 3) for i in PATIENT]
    weight = (PATIENT % 2).astype(float)
    est = ConvClassifier(early_stopping=True, max_epochs=1)
    est.fit(tokens, Y, sample_weight=weight, groups=PATIENT)
    training, validation = parts[0]
    assert all(patient % 2 for patient in training | validation)


def test_without_early_stopping_groups_change_nothing():
    plain = MLPClassifier(max_epochs=2, random_state=0).fit(X, Y)
    grouped = MLPClassifier(max_epochs=2, random_state=0).fit(X, Y, groups=PATIENT)
    np.testing.assert_array_equal(plain.predict_proba(X), grouped.predict_proba(X))


def test_groups_that_cannot_be_split():
    est = MLPClassifier(early_stopping=True)
    with pytest.raises(ValueError, match="Give more groups, change validation_fraction, or set"):
        est.fit(X, Y, groups=np.zeros(len(Y)))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        est.fit(X, Y, groups=PATIENT[:-1])


def test_a_comparison_keeps_groups_whole_in_both_splits(parts, tmp_path):
    candidates = {"MLP": MLPClassifier(hidden_layer_sizes=(8,), early_stopping=True, max_epochs=2)}
    settings = {"cv": 3, "random_state": 0, "cache": tmp_path}
    compare_biases(X, Y, candidates, groups=PATIENT, **settings)
    assert len(parts) == 3
    for training, validation in parts:
        assert training
        assert not training & validation
        assert len(training | validation) == 20
    compare_biases(X, Y, candidates, groups=PATIENT, **settings)
    assert len(parts) == 3
    n_stored = len(list(tmp_path.glob("*.json")))
    other = np.roll(PATIENT, VISITS)  # the same folds are possible, other parts within
    compare_biases(X, Y, candidates, groups=other, **settings)
    assert len(list(tmp_path.glob("*.json"))) > n_stored


def test_the_best_is_fitted_on_all_data_by_groups_too(parts):
    candidates = {"MLP": MLPClassifier(early_stopping=True, max_epochs=1)}
    compare_biases(X, Y, candidates, cv=2, groups=PATIENT, random_state=0, refit=True)
    training, validation = parts[-1]
    assert not training & validation
    assert len(training | validation) == N_PATIENTS


def accuracy():
    return get_scorer("accuracy").set_score_request(sample_weight=True)


def test_metadata_are_routed_through_pipeline_and_search(parts):
    with sklearn.config_context(enable_metadata_routing=True):
        est = MLPClassifier(early_stopping=True, max_epochs=1, random_state=0)
        est.set_fit_request(groups=True, sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=True), est)
        search = GridSearchCV(
            pipeline, {"mlpclassifier__lr": [1e-3, 1e-2]}, scoring=accuracy(), cv=GroupKFold(3)
        )
        search.fit(X, Y, groups=PATIENT, sample_weight=np.ones(len(Y)))
        assert len(parts) == 7
        for training, validation in parts:
            assert not training & validation
        parts.clear()
        unasked = make_pipeline(StandardScaler(), MLPClassifier())
        with pytest.raises(ValueError, match=r"\[groups\] are passed but are not explicitly set"):
            unasked.fit(X, Y, groups=PATIENT)
    assert parts == []


def test_weights_that_are_routed_reach_the_loss():
    weight = np.where(Y == 1, 100.0, 0.01)
    with sklearn.config_context(enable_metadata_routing=True):
        est = MLPClassifier(max_epochs=30, random_state=0).set_fit_request(sample_weight=True)
        search = GridSearchCV(
            make_pipeline(est), {"mlpclassifier__lr": [3e-3]}, scoring=accuracy(), cv=2
        )
        search.fit(np.zeros_like(X), Y, sample_weight=weight)
    assert search.predict_proba(np.zeros((1, 4)))[0, 1] > 0.9
