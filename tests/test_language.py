"""Language models: counts by hand, probabilities, generation, and no look ahead."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

import ibestimators
from ibestimators import (
    LanguageModel,
    NGramClassifier,
    TextTokenizer,
    compare_biases,
    race_biases,
)

CAUSAL: dict[str, dict[str, Any]] = {
    "MLPClassifier": {},
    "ConvClassifier": {"padding": "causal"},
    "RecurrentClassifier": {"bidirectional": False},
    "GraphClassifier": {"graph": "causal"},
    "AttentionClassifier": {"mask": "causal"},
}


@pytest.fixture(autouse=True)
def _short_training(recwarn: pytest.WarningsRecorder) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def network(name: str, **params: Any) -> Any:
    params = {"target": "position", "max_epochs": 2, "random_state": 0} | CAUSAL[name] | params
    return getattr(ibestimators, name)(**params)


def sequences(n: int = 30) -> list[Any]:
    """Ragged sequences: mostly the successor modulo 5."""
    rng = np.random.default_rng(0)
    return [np.cumsum(rng.random(8 + i % 9) < 0.8) % 5 for i in range(n)]


def model(name: str, **params: Any) -> LanguageModel:
    return LanguageModel(network(name, **params), block_size=6)


BIGRAM = LanguageModel(NGramClassifier(n=2), block_size=6)


# ---------------------------------------------------------------- counts


def test_a_bigram_equals_counts_by_hand():
    X = [np.array([3, 1, 3, 3]), np.array([1, 3])]  # 3 1, 1 3, 3 3, 1 3
    bigram = LanguageModel(NGramClassifier(n=2, smoothing=2)).fit(X)
    assert_array_equal(bigram.classes_, [1, 3])
    shorter = np.array([1 + 2 / 2, 3 + 2 / 2]) / (4 + 2)  # of one 1 and three 3, and of halves
    after_3, after_1 = (
        (np.array([1, 1]) + 2 * shorter) / (2 + 2),
        (np.array([0, 2]) + 2 * shorter) / (2 + 2),
    )
    assert_allclose(bigram.predict_proba([[3], [3, 1], [7]]), [after_3, after_1, shorter])
    expected = np.log([after_3[0], after_1[1], after_3[1], after_1[1]]).mean()
    assert_allclose(bigram.score(X), expected)


@settings(max_examples=50, deadline=None)
@given(
    X=st.lists(st.lists(st.integers(0, 3), min_size=2, max_size=7), min_size=1, max_size=5),
    n=st.integers(1, 4),
)
def test_counts_of_n_grams_are_those_of_a_dictionary(X, n):
    fitted = LanguageModel(NGramClassifier(n=n, smoothing=1.5)).fit(X)
    for tokens in X:
        padded = [None] * n + tokens
        p = np.full(len(fitted.classes_), 1 / len(fitted.classes_))
        for k in range(n):
            follow = [
                each[i + 1]
                for each in X
                for i in range(len(each) - 1)
                if ([None] * n + each)[n + i + 1 - k : n + i + 1] == padded[len(padded) - k :]
            ]
            counts = np.array([follow.count(c) for c in fitted.classes_])
            p = (counts + 1.5 * p) / (len(follow) + 1.5)
        assert_allclose(fitted.predict_proba([tokens])[0], p)


def test_n_grams_classify_tokens():
    X = sequences()
    y = [np.where(np.arange(len(x)) == 0, -1, np.roll(x, 1) + x) for x in X]  # no label at first
    tagger = NGramClassifier(n=3).fit(X, y)
    assert tagger.score(X, y) == 1
    assert -1 not in tagger.classes_
    assert [len(each) for each in tagger.predict(X)] == [len(x) for x in X]
    assert_array_equal(tagger.predict([X[0]])[0][1:], y[0][1:])
    with pytest.raises(ValueError, match="sample 1 of y has the shape"):
        tagger.fit(X, [y[0], y[1][:-1], *y[2:]])
    with pytest.raises(ValueError, match="y holds no label"):
        tagger.fit(X, [np.full(len(x), -1) for x in X])
    with pytest.raises(ValueError, match="one class is expected"):
        tagger.fit(X, [np.zeros((len(x), 2)) for x in X])


# ---------------------------------------------------------------- all models


@pytest.mark.parametrize("name", CAUSAL)
def test_the_future_does_not_change_what_was_predicted(name):
    X = sequences()
    fitted = model(name).fit(X).estimator_
    for x in X[:5]:
        (whole,) = fitted.predict_proba([x[:6]])
        (changed,) = fitted.predict_proba([np.append(x[:4], (x[4:6] + 2) % 5)])
        (shorter,) = fitted.predict_proba([x[:4]])
        for other in (changed, shorter):
            assert_allclose(other[:4], whole[:4], rtol=1e-4, atol=1e-5)
        assert not np.allclose(changed[4:], whole[4:], atol=1e-5)


@pytest.mark.parametrize("name", CAUSAL)
def test_scores_and_probabilities(name):
    X = sequences()
    fitted = model(name).fit(X)
    proba = fitted.predict_proba(X)
    assert proba.shape == (len(X), 5)
    assert_allclose(proba.sum(1), 1)
    # Block by block, with scikit-learn's log loss.
    probabilities, following = [], []
    for x in X:
        for t in range(1, len(x)):
            start = (t - 1) // 6 * 6
            probabilities.append(fitted.predict_proba([x[start:t]])[0])
            following.append(x[t])
    expected = log_loss(following, probabilities)
    assert_allclose(fitted.score(X), -expected, rtol=1e-4)
    assert_allclose(fitted.perplexity(X), np.exp(expected), rtol=1e-4)
    again = pickle.loads(pickle.dumps(fitted))
    assert_allclose(again.predict_proba(X), proba, rtol=1e-4)


@pytest.mark.parametrize("name", CAUSAL)
def test_generation(name):
    X = sequences()
    fitted = model(name, max_epochs=10).fit(X)
    tokens = list(X[0])
    for token in fitted.generate(X[0], 8, temperature=0):
        (probabilities,) = fitted.predict_proba([tokens[-6:]])
        assert probabilities[fitted.classes_ == token] >= probabilities.max() - 1e-6
        tokens.append(token)
    first, second = (fitted.generate([1, 2], 12, random_state=4) for _ in range(2))
    assert_array_equal(first, second)
    assert first.shape == (12,)
    assert set(first) <= set(fitted.classes_)
    assert_array_equal(fitted.generate([1], 5, 1e-9), fitted.generate([1], 5, 0))


def test_draws_have_the_probabilities_of_the_temperature():
    bigram = BIGRAM.fit(sequences())
    for temperature in (0.5, 1.0, 2.0):
        p = bigram.predict_proba([[2]])[0] ** (1 / temperature)
        draws = [bigram.generate([2], 1, temperature, random_state=seed)[0] for seed in range(600)]
        share = np.array([np.mean(np.array(draws) == c) for c in bigram.classes_])
        assert_allclose(share, p / p.sum(), atol=0.1)  # five standard deviations


def test_a_network_learns_more_than_counts_of_two():
    rng = np.random.default_rng(0)
    # What follows is the token of three steps before.
    X = [np.tile(rng.integers(0, 4, 3), 6) for _ in range(150)]
    recurrent = network("RecurrentClassifier", max_epochs=30)
    perplexity = {
        name: LanguageModel(each).fit(X[:120]).perplexity(X[120:])
        for name, each in {
            "bigram": NGramClassifier(),
            "4-gram": NGramClassifier(n=4),
            "recurrent": recurrent,
        }.items()
    }
    assert perplexity["recurrent"] < perplexity["bigram"] - 0.5
    assert perplexity["4-gram"] < perplexity["bigram"] - 0.5


def test_blocks_do_not_overlap_and_hold_each_next_token_once():
    x = np.arange(15)
    inputs, following = BIGRAM._blocks([x, [3], [3, 4]])
    assert [each.tolist() for each in inputs] == [
        [0, 1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10, 11],
        [12, 13],
        [3],
    ]
    assert_array_equal(np.concatenate(following), [*range(1, 15), 4])
    assert [len(each) for each in following] == [len(each) for each in inputs]


# ---------------------------------------------------------------- scikit-learn, comparison


def test_searches_and_cross_validation():
    X = sequences()
    scores = cross_val_score(BIGRAM, X, cv=3)
    assert (scores < 0).all()
    search = GridSearchCV(BIGRAM, {"estimator__n": [1, 2]}, cv=3).fit(X)
    assert search.best_params_ == {"estimator__n": 2}
    assert search.score(X) == search.best_estimator_.score(X)
    inside = LanguageModel(GridSearchCV(network("MLPClassifier"), {"lr": [1e-2]}, cv=2)).fit(X)
    assert_allclose(inside.predict_proba(X).sum(1), 1)
    assert clone(BIGRAM.set_params(block_size=6)).block_size == 6


def test_a_pipeline_reads_texts():
    texts = ["a cat sat on a mat", "a mat sat on a cat", "a cat on a mat"] * 3
    tokenizer = TextTokenizer(level="character", vocabulary_size=8)
    pipeline = make_pipeline(tokenizer, LanguageModel(NGramClassifier(n=3)))
    assert (cross_val_score(pipeline, texts, cv=3) < 0).all()
    pipeline.fit(texts)
    (prompt,) = pipeline[0].transform(["a cat s"])
    written = pipeline[-1].generate(prompt, 2, temperature=0)
    assert pipeline[0].inverse_transform([written]) == ["at"]


def test_comparisons_need_no_y(tmp_path):
    X = sequences()
    models = {"bigram": BIGRAM, **{name.removesuffix("Classifier"): model(name) for name in CAUSAL}}
    result = compare_biases(X, None, models, cv=2, random_state=0)
    frame = result.to_frame()
    assert list(frame.index) == list(models)
    assert result.scoring == "log-likelihood"
    assert (frame["failures"] == 0).all()
    assert (frame["score"] < 0).all()
    assert frame.loc["Conv", "parameters"] > 0
    assert "the last tokens decide" in str(result)
    result.to_html(tmp_path / "page.html")
    assert "log-likelihood" in (tmp_path / "page.html").read_text()
    race = race_biases(X, None, {"bigram": BIGRAM, "MLP": model("MLPClassifier")}, cv=2)
    assert race.best_estimator_.perplexity(X) > 1
    with pytest.raises(ValueError, match="y is None. Give y"):
        compare_biases(X, None)
    with pytest.raises(ValueError, match="'accuracy' compares predictions with y, but y is None"):
        compare_biases(X, None, models, scoring="accuracy")
    with pytest.raises(ValueError, match="requires y to be passed"):
        compare_biases(X, None, {"MLP": network("MLPClassifier")}, cv=2)


# ---------------------------------------------------------------- errors, before training


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("AttentionClassifier", {"mask": "full"}, "mask='full' sees.*Set mask='causal'"),
        ("AttentionClassifier", {"mask": "local"}, "Set mask='causal'"),
        ("RecurrentClassifier", {"bidirectional": True}, "Set bidirectional=False"),
        ("ConvClassifier", {"padding": "same"}, "Set padding='causal'"),
        ("MLPClassifier", {"context": 1}, "context=1 sees.*Set context=0"),
        ("GraphClassifier", {"graph": None}, "graph=None sees.*Set graph='causal'"),
        ("GraphClassifier", {"graph": np.eye(6)}, "graph='ndarray' sees.*Set graph='causal'"),
        ("MLPClassifier", {"target": "sample"}, "Set target='position'"),
    ],
)
def test_what_looks_ahead_is_refused(name, params, message):
    for wrapped in (
        model(name, **params),
        LanguageModel(GridSearchCV(network(name, **params), {"lr": [0.1]})),
    ):
        with pytest.raises(ValueError, match=message):
            wrapped.fit(sequences())
        assert not hasattr(wrapped, "estimator_")


def test_other_estimators_are_refused():
    for other in (RandomForestClassifier(), ibestimators.MLPRegressor(target="position")):
        with pytest.raises((TypeError, ValueError), match="estimator"):
            LanguageModel(other).fit(sequences())


def test_bad_x():
    bigram = BIGRAM.fit(sequences())
    for method in (bigram.fit, bigram.predict_proba, bigram.score, bigram.perplexity):
        with pytest.raises(TypeError, match="Put a tokenizer in front"):
            method(["some text"])
        with pytest.raises(ValueError, match=r"Pass \[X\]"):
            method([1, 2, 3])
        with pytest.raises(ValueError, match=r"Pass \[X\]"):
            method(np.array([1, 2, 3]))
        with pytest.raises(ValueError, match="no samples"):
            method([])
        with pytest.raises(ValueError, match="sample 1 of X has shape"):
            method([[1, 2], np.array([], int)])
        with pytest.raises(ValueError, match="sample 1 of X must hold integers"):
            method([np.array([1, 2]), np.array([0.5, 1])])
        with pytest.raises(ValueError, match="sample 1 of X holds the token -1"):
            method([[1, 2], [-1, 2]])
    for method in (bigram.fit, bigram.score):
        with pytest.raises(ValueError, match="X holds no next token"):
            method([[1], [2]])
    with pytest.raises(ValueError, match=r"followed by, such as \[9\].*vocabulary_size"):
        bigram.score([[1, 9]])
    assert bigram.score([[9, 1]]) < 0  # an unknown token before is read as one
    assert_allclose(BIGRAM.fit(np.tile([0, 1, 2], (4, 3))).predict_proba([[0]]).argmax(), 1)


def test_bad_generation():
    bigram = BIGRAM.fit(sequences())
    for n_tokens in (0, -1, 1.5):
        with pytest.raises(ValueError, match="n_tokens must be an int of at least 1"):
            bigram.generate([1], n_tokens)
    for temperature in (-0.1, np.inf, np.nan, "high"):
        with pytest.raises(ValueError, match="temperature must be a finite number"):
            bigram.generate([1], 2, temperature)
    for prompt in ([], 3, [[1, 2]]):
        with pytest.raises(ValueError, match="prompt has shape"):
            bigram.generate(prompt, 2)
    with pytest.raises(TypeError, match="prompt is a text"):
        bigram.generate("a", 2)
    with pytest.raises(ValueError, match="block_size"):
        LanguageModel(NGramClassifier(), block_size=0).fit(sequences())
    fresh = clone(BIGRAM)
    for call in (
        lambda: fresh.generate([1], 2),
        lambda: fresh.predict_proba([[1]]),
        lambda: fresh.score([[1, 2]]),
        lambda: fresh.perplexity([[1, 2]]),
        lambda: NGramClassifier().predict_proba([[1]]),
    ):
        with pytest.raises(NotFittedError):
            call()
