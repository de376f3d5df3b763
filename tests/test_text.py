"""Text becomes tokens: levels, unknown ones, limits, pipelines."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import ibestimators
from ibestimators import TextTokenizer

TEXTS = ["a good film", "a bad film", "good, good!", "not bad at all"]
REVIEWS = [
    f"{opening} {quality} {noun}"
    for opening in ("what a", "a", "such a", "quite a", "one more")
    for quality in ("good", "bad", "fine", "awful")
    for noun in ("film", "book", "play")
]
LABELS = ["awful" not in text and "bad" not in text for text in REVIEWS]


def test_words():
    tokenizer = TextTokenizer().fit(TEXTS)
    assert tokenizer.vocabulary_["[unknown]"] == 0
    assert sorted(tokenizer.vocabulary_.values()) == list(range(len(tokenizer.vocabulary_)))
    tokens = tokenizer.transform(["a GOOD plot", ""])
    assert [t.dtype for t in tokens] == [np.int64, np.int64]
    assert tokens[0].tolist() == [tokenizer.vocabulary_["a"], tokenizer.vocabulary_["good"], 0]
    assert tokens[1].tolist() == [0]
    assert tokenizer.inverse_transform(tokens) == ["a good [unknown]", "[unknown]"]


def test_capital_letters_may_count():
    tokenizer = TextTokenizer(lowercase=False).fit(["Bad", "bad"])
    assert len(tokenizer.vocabulary_) == 3


def test_the_vocabulary_holds_the_most_frequent():
    tokenizer = TextTokenizer(vocabulary_size=3).fit(["b b b", "a a", "c"])
    assert tokenizer.vocabulary_ == {"[unknown]": 0, "b": 1, "a": 2}


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_pieces_of_bytes_know_every_text(texts):
    tokenizer = TextTokenizer(level="bpe", vocabulary_size=300, lowercase=False).fit(TEXTS)
    tokens = tokenizer.transform(texts)
    for text, ids in zip(texts, tokens, strict=True):
        expected = tokenizer.tokenizer_.normalizer.normalize_str(text)
        assert (tokenizer.inverse_transform([ids])[0] == expected) or not expected
    assert all(len(ids) for ids in tokens)


@given(st.text(alphabet="abc \n", min_size=1, max_size=30))
def test_characters_are_the_text_itself(text):
    tokenizer = TextTokenizer(level="character").fit(["abc \n"])
    (tokens,) = tokenizer.transform([text])
    assert len(tokens) == len(text)
    assert tokenizer.inverse_transform([tokens]) == [text]


@pytest.mark.parametrize("level", ["word", "bpe", "character"])
def test_long_texts_are_cut_and_all_comes_back_the_same(level):
    tokenizer = TextTokenizer(level=level, vocabulary_size=300, max_length=4).fit(REVIEWS)
    tokens = tokenizer.transform(REVIEWS)
    assert max(map(len, tokens)) == 4
    for other in (pickle.loads(pickle.dumps(tokenizer)), clone(tokenizer).fit(REVIEWS)):
        for a, b in zip(other.transform(REVIEWS), tokens, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["MLP", "Conv", "Recurrent", "Graph", "Attention"])
def test_a_pipeline_takes_raw_strings(name):
    model = getattr(ibestimators, f"{name}Classifier")(random_state=0)
    pipeline = make_pipeline(TextTokenizer(), model).fit(REVIEWS[:45], LABELS[:45])
    assert pipeline.score(REVIEWS[45:], LABELS[45:]) > 0.9
    assert pipeline.predict(["an utterly unheard-of sentence"]).shape == (1,)


def test_a_search_over_levels():
    network = ibestimators.MLPClassifier(max_epochs=20)
    pipeline = make_pipeline(TextTokenizer(vocabulary_size=400), network)
    grid = {"texttokenizer__level": ["word", "bpe", "character"]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(REVIEWS, LABELS)
    assert search.best_score_ > 0.5


def test_series_and_columns_of_text():
    tokenizer = TextTokenizer().fit(pd.Series(TEXTS))
    for X in (np.array(TEXTS), np.array(TEXTS, dtype=object)[:, None], pd.Series(TEXTS)):
        assert [t.tolist() for t in tokenizer.transform(X)] == [
            t.tolist() for t in tokenizer.transform(TEXTS)
        ]


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("one text", TypeError, "Pass X=\\[text\\]"),
        ([], ValueError, "X is empty"),
        (["a", None], TypeError, "item 1 of X is None"),
        ([b"bytes"], TypeError, "item 0 of X is b'bytes'"),
        (3, TypeError, "a list of texts is expected"),
        ({"title": "a"}, TypeError, "X is a dict .*Pass one column"),
        (
            pd.DataFrame({"a": ["x"], "b": ["y"]}),
            TypeError,
            "several columns use a ColumnTransformer",
        ),
    ],
)
def test_what_is_no_text_is_named(X, error, message):
    with pytest.raises(error, match=message):
        TextTokenizer().fit(X)


CHINESE = [f"我喜欢这部电影{chr(0x4E00 + i)}" for i in range(10)]


def test_texts_without_blanks_and_of_another_language_are_warned_of():
    with pytest.warns(UserWarning, match="one word each.*level='character' or 'bpe'"):
        tokenizer = TextTokenizer().fit(CHINESE)
    with pytest.warns(UserWarning, match="5 of 5 tokens of X are unknown"):
        tokenizer.transform([text[1:] for text in CHINESE[:5]])
    for level in ("character", "bpe"):  # pytest makes warnings errors
        tokenizer = TextTokenizer(level=level, vocabulary_size=300).fit(CHINESE)
        tokenizer.transform([*CHINESE, *[""] * 90])
    TextTokenizer().fit(["good", "bad"] * 3 + ["not so good", "not bad"]).transform(["ugly"])


def test_a_lone_surrogate_is_named():
    with pytest.raises(ValueError, match=r"item 1 of X holds a lone surrogate.*'a \\ud800'"):
        TextTokenizer().fit(["a", "a \ud800"])


def test_bad_parameters():
    with pytest.raises(NotFittedError):
        TextTokenizer().transform(["a"])
    with pytest.raises(ValueError, match="vocabulary_size=200 is too small for level='bpe'"):
        TextTokenizer(level="bpe", vocabulary_size=200).fit(TEXTS)
    with pytest.raises(ValueError, match="'level' parameter"):
        TextTokenizer(level="sentence").fit(TEXTS)
