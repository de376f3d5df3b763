"""Two networks stand for each bias; one is chosen in each fold. Does the verdict hang on it?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ibestimators import MLPClassifier, biases, compare_biases
from ibestimators.comparison._representatives import in_words
from ibestimators.suite import CLASSIFIERS, REPRESENTATIVES, with_representatives

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(90, 12, 1))
y = np.arange(90) % 2
X[:, :4] += 1.5 * y[:, None, None]
QUICK = biases("classification", max_epochs=2)


def frame(**scores):
    rows = [(name, f"{i}", score) for name, own in scores.items() for i, score in enumerate(own)]
    return pd.DataFrame(rows, columns=["estimator", "representative", "score"])


def test_a_lead_over_all_choices_is_stated_with_its_range():
    (text,) = in_words(frame(MLP=[0.6, 0.63], Conv=[0.75, 0.78], Graph=[0.5, 0.55]))
    assert text.startswith("Conv leads by 0.12 to 0.18 in the inner folds, whichever network")


def test_a_lead_that_depends_on_the_network_is_counted():
    (text,) = in_words(frame(MLP=[0.6, 0.8], Conv=[0.7, 0.75]))
    assert "depends on the networks" in text
    assert "Conv in 2, MLP in 2 of 4 choices" in text


def test_one_bias_has_no_lead():
    assert in_words(frame(MLP=[0.6, 0.8])) == []
    assert in_words(frame()) == []


def test_each_bias_has_another_network_with_known_parameters():
    assert list(REPRESENTATIVES) == list(CLASSIFIERS)
    for name, cls in CLASSIFIERS.items():
        for parameter, value in REPRESENTATIVES[name].items():
            assert cls().get_params()[parameter] != value


def test_inner_folds_choose_and_their_scores_are_kept():
    two = {name: QUICK[name] for name in ("MLP", "Conv")}
    result = compare_biases(
        X, y, {**two, "normal": _Flat()}, representatives="all", cv=4, random_state=0
    )
    networks = result.representatives()
    assert networks["representative"].tolist() == [
        "default",
        "hidden_layer_sizes=(64, 64)",
        "default",
        "kernel_size=3",
    ]
    assert networks.groupby("estimator")["chosen"].sum().tolist() == [4, 4]
    own = result.cells.loc[result.cells["estimator"] == "Conv", "inner_scores"]
    expected = np.mean([*own], axis=0)
    np.testing.assert_allclose(networks.loc[networks["estimator"] == "Conv", "score"], expected)
    assert "in the inner folds" in result.verdict()
    headings = [s.heading for s in result._sections() if not s.is_empty()]
    assert "Networks that stand for each bias" in headings


class _Flat(GaussianNB):
    def fit(self, X, y):
        return super().fit(X.reshape(len(X), -1), y)

    def predict(self, X):
        return super().predict(X.reshape(len(X), -1))


def test_all_biases_can_be_replaced_on_signals_and_tables():
    for samples in (X[:30], X[:30, :, 0]):
        for est in QUICK.values():
            fitted = with_representatives(est, cv=2).fit(samples, y[:30])
            assert np.isfinite(fitted.cv_results_["mean_test_score"]).all()


def test_the_last_step_of_a_pipeline_is_replaced():
    piped = make_pipeline(StandardScaler(), MLPClassifier())
    grid = with_representatives(piped).param_grid
    assert grid == [{}, {"mlpclassifier__hidden_layer_sizes": [(64, 64)]}]


def test_a_search_of_ones_own_has_no_representatives():
    search = GridSearchCV(MLPClassifier(max_epochs=1), {"max_epochs": [1, 2]}, cv=2)
    result = compare_biases(X, y, {"a": search, "b": QUICK["Conv"]}, cv=2, random_state=0)
    assert result.representatives().empty


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"representatives": "some"}, "representatives must be 'all' or None, got 'some'"),
        ({"search": "random"}, "cannot be used with search"),
        ({"match_parameters": True}, "cannot be used with match_parameters"),
        ({"time": np.arange(90)}, "cannot be used with time"),
    ],
)
def test_other_uses_are_refused(options, match):
    with pytest.raises(ValueError, match=match):
        compare_biases(X, y, QUICK, **{"representatives": "all", **options})
