"""Pairs of queries and a context: what each bias reads, and what no bias may depend on."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, ShuffleSplit, cross_val_predict, train_test_split

from ibestimators import (
    AttentionClassifier,
    AttentionMapDisplay,
    AttentionRegressor,
    MLPClassifier,
    Pair,
    PositionDisplay,
    RecurrentRegressor,
    biases,
    compare_biases,
    equivariance_error,
    load,
    sample_importance,
    structure_ablation,
    structure_importance,
)
from ibestimators.attention import Block, Context
from ibestimators.structures import structure_of
from ibestimators.testing import _data as kinds
from ibestimators.testing._data import outputs

QUICK: dict[str, Any] = {"max_epochs": 2, "random_state": 0}
OTHERS = ["MLP", "Conv", "Recurrent", "Graph"]


def at_queries(X: list[Pair]) -> list[Any]:
    """A number for each query: its sum, and that of its context."""
    return [x.queries.sum(1) + x.context.sum() for x in X]


def recall(n: int, seed: int, longest: int = 3) -> tuple[list[Pair], list[Any]]:
    """Tables of keys and values as contexts, keys as queries, and their values."""
    rng = np.random.default_rng(seed)
    X, y = [], []
    for _ in range(n):
        n_rows = rng.integers(3, 7)
        keys, values = np.eye(8)[rng.permutation(8)[:n_rows]], rng.integers(2, size=n_rows)
        asked = rng.integers(n_rows, size=rng.integers(1, longest + 1))
        X.append(Pair(keys[asked], np.column_stack([keys, values])))
        y.append(values[asked])
    return X, y


def joined(pair: Pair) -> Any:
    """The context, then the queries, each in columns of its own, with a mark of queries."""
    (n, d), (m, c) = pair.queries.shape, pair.context.shape
    top = np.hstack([pair.context, np.zeros((m, d + 1))])
    return np.vstack([top, np.hstack([np.zeros((n, c)), pair.queries, np.ones((n, 1))])])


# --- the layer


@pytest.mark.parametrize("masked", [False, True])
def test_a_block_with_a_context_is_torchs_decoder_layer(masked):
    torch.manual_seed(0)
    theirs = torch.nn.TransformerDecoderLayer(8, 2, 16, 0.0, batch_first=True, norm_first=True)
    ours = Block(8, 2, 16, activation="relu", dropout=0.0, rotary=False, with_context=True)
    for own, attention in (
        (ours.attention, theirs.self_attn),
        (ours.context_attention, theirs.multihead_attn),
    ):
        weights = attention.in_proj_weight, attention.in_proj_bias
        for kind, value in zip(("weight", "bias"), weights, strict=True):
            getattr(own.query, kind).data = value.data[:8]
            getattr(own.key_value, kind).data = value.data[8:]
        own.out.load_state_dict(attention.out_proj.state_dict())
    ours.norm_attention.load_state_dict(theirs.norm1.state_dict())
    ours.norm_context.load_state_dict(theirs.norm2.state_dict())
    ours.norm_dense.load_state_dict(theirs.norm3.state_dict())
    ours.dense[0].load_state_dict(theirs.linear1.state_dict())
    ours.dense[2].load_state_dict(theirs.linear2.state_dict())
    x, memory = torch.randn(3, 4, 8), torch.randn(3, 5, 8)
    hidden = torch.arange(5) >= torch.tensor([[2], [5], [3]]) if masked else None
    mask = None if hidden is None else ~hidden[:, None, None]
    expected = theirs(x, memory, memory_key_padding_mask=hidden)
    torch.testing.assert_close(ours(x, None, Context(memory, mask)), expected)


# --- what predictions depend on


@pytest.mark.parametrize("target", ["sample", "position"])
def test_the_order_of_a_context_is_no_matter_without_positions(target):
    X = kinds.pairs()
    y = at_queries(X) if target == "position" else kinds.targets("regressor")
    shuffled = [replace(x, context=x.context[::-1]) for x in X]
    for position, same in (("none", True), ("learned", False), ("rotary", False)):
        fitted = AttentionRegressor(position=position, target=target, **QUICK).fit(X, y)
        before, after = (np.hstack(fitted.predict(given)) for given in (X, shuffled))
        assert np.allclose(before, after, atol=1e-5) == same


@pytest.mark.parametrize("target", ["sample", "position"])
def test_context_and_queries_matter(target):
    """To every bias but the MLP, which reads each position alone if there is one output each."""
    X = kinds.pairs()
    y = at_queries(X) if target == "position" else kinds.targets("regressor")
    order = np.roll(np.arange(len(X)), 1)
    moved = [replace(x, context=X[i].context) for x, i in zip(X, order, strict=True)]
    for name, regressor in biases("regression", target=target, **QUICK).items():
        regressor.fit(X, y)
        before, after = (np.hstack(regressor.predict(given)) for given in (X, moved))
        assert np.allclose(before, after, atol=1e-5) == (name == "MLP" and target == "position")


def test_one_direction_reads_the_context_before_the_queries():
    X = [x for x in kinds.pairs() if len(x.queries) > 1]
    regressor = RecurrentRegressor(bidirectional=False, target="position", **QUICK)
    regressor.fit(X, at_queries(X))
    other_end = [replace(x, queries=np.vstack([x.queries[:-1], x.queries[-1:] + 1])) for x in X]
    other_context = [replace(x, context=x.context + 1) for x in X]
    for before, later, context in zip(
        *map(regressor.predict, (X, other_end, other_context)), strict=True
    ):
        assert_allclose(before[:-1], later[:-1], atol=1e-5)
        assert abs(before[-1] - later[-1]) > 1e-4
        assert (abs(before - context) > 1e-4).all()


@pytest.mark.parametrize("name", [*OTHERS, "Attention"])
def test_a_prediction_at_queries_does_not_depend_on_the_batch(name):
    X = kinds.pairs()
    regressor = biases("regression", target="position", **QUICK)[name].fit(X, at_queries(X))
    for x, together in zip(X, regressor.predict(X), strict=True):
        (alone,) = regressor.predict([x])
        assert alone.shape == (len(x.queries),)
        assert_allclose(alone, together, atol=1e-5)


@pytest.mark.parametrize("target", ["sample", "position"])
@pytest.mark.parametrize("name", OTHERS)
def test_other_biases_read_one_sequence(name, target):
    X = kinds.pairs()
    sequences = [joined(x) for x in X]
    y, marked = kinds.targets("regressor"), kinds.targets("regressor")
    if target == "position":
        y = at_queries(X)
        marked = [np.append(np.full(len(x.context), np.nan), v) for x, v in zip(X, y, strict=True)]
    settings = {"target": target, "standardize": False, "dtype": "float64", **QUICK}
    of_pairs, of_sequences = (biases("regression", **settings)[name] for _ in range(2))
    predicted = of_pairs.fit(X, y).predict(X)
    expected = of_sequences.fit(sequences, marked).predict(sequences)
    if target == "position":
        expected = [e[len(x.context) :] for x, e in zip(X, expected, strict=True)]
    assert_allclose(np.hstack(predicted), np.hstack(expected), rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", [*OTHERS, "Attention"])
def test_each_part_has_scales_of_its_own(name):
    X, y = kinds.pairs(), kinds.targets("regressor")
    other_units = [Pair(100 * x.queries - 7, x.context / 1000 + [1, 2, 3]) for x in X]
    plain, scaled = (
        biases("regression", dtype="float64", **QUICK)[name].fit(given, y).predict(given)
        for given in (X, other_units)
    )
    assert_allclose(plain, scaled, atol=1e-8)


# --- what is learned


def test_cross_attention_recalls_values_by_their_keys_and_pooling_does_not():
    X, y = recall(300, 0)
    new, answers = recall(200, 1)
    settings = {"target": "position", "random_state": 0}
    attention = AttentionClassifier(position="none", max_epochs=10, **settings).fit(X, y)
    assert attention.score(new, answers) >= 0.95
    assert MLPClassifier(max_epochs=20, **settings).fit(X, y).score(new, answers) <= 0.65
    # The map leads to the row that a query asks for, in one head at least.
    display = AttentionMapDisplay.from_estimator(
        attention, new, context=[[f"row {i}" for i in range(len(x.context))] for x in new]
    )
    found = np.zeros((2, 4))
    for x, weights in zip(new, display.weights, strict=True):
        assert weights.shape == (2, 4, len(x.queries), len(x.context))
        assert_allclose(weights.sum(-1), 1, atol=1e-5)
        row = (x.queries @ x.context[:, :8].T).argmax(1)
        found += (weights.argmax(-1) == row).mean(-1) / len(new)
    assert found.max() >= 0.9
    assert display.key_labels[0][-1] == f"row {len(new[0].context) - 1}"
    assert display.query_labels[0] == [str(i) for i in range(len(new[0].queries))]


@pytest.fixture(scope="module")
def answering() -> Any:
    """Attention that answers one query of each pair, and new pairs with their answers."""
    X, y = recall(300, 0, longest=1)
    attention = AttentionClassifier(position="none", max_epochs=12, random_state=0)
    new, answers = recall(200, 1, longest=1)
    return attention.fit(X, np.concatenate(y)), new, np.concatenate(answers)


def test_one_answer_for_a_pair_is_learned_by_cross_attention_and_not_by_the_mlp(answering):
    attention, new, answers = answering
    assert attention.score(new, answers) >= 0.95
    X, y = recall(300, 0, longest=1)
    mlp = MLPClassifier(random_state=0).fit(X, np.concatenate(y))
    assert mlp.score(new, answers) <= 0.75


def test_an_answer_depends_on_both_parts_and_not_on_their_order(answering):
    attention, new, answers = answering
    importance = structure_importance(attention, new, answers, random_state=0).to_frame()
    assert list(importance.index) == ["queries", "context"]
    assert (importance["importance"] >= 0.2).all()
    assert equivariance_error(attention, new, "permutation", random_state=0) <= 1e-4
    importance = sample_importance(attention, new[0], new, random_state=0)
    assert importance.units == ("queries", "context")


def test_static_covariates_are_a_context_of_one_element():
    rng = np.random.default_rng(0)
    X = [Pair(rng.normal(size=(6, 1)), rng.normal(size=(1, 2))) for _ in range(200)]
    y = np.array([x.queries.mean() * np.sign(x.context[0, 0]) for x in X])
    regressor = AttentionRegressor(random_state=0, max_epochs=20).fit(X[:150], y[:150])
    assert regressor.score(X[150:], y[150:]) >= 0.5


def token_pairs() -> list[Pair]:
    """A word, and a text that may hold it."""
    rng = np.random.default_rng(0)
    return [
        Pair(rng.integers(9, size=1), rng.integers(9, size=rng.integers(2, 6))) for _ in "x" * 60
    ]


@pytest.mark.parametrize("name", [*OTHERS, "Attention"])
def test_tokens_of_both_parts_share_a_vocabulary(name):
    X = token_pairs()
    y = [x.queries[0] in x.context for x in X]
    classifier = biases("classification", embedding_size=16, **QUICK)[name].fit(X, y)
    assert classifier.module_.embedding.num_embeddings == 1 + 9  # 0 is an unknown token
    assert classifier.sample_shape_ == (None,)
    unknown = [replace(x, queries=np.array([token])) for x in X for token in (77, 99)]
    probability = classifier.predict_proba(unknown)
    assert_allclose(probability[::2], probability[1::2], atol=1e-6)


def test_a_question_of_tokens_and_a_table_of_numbers(tmp_path):
    rng = np.random.default_rng(0)
    X = [Pair(rng.integers(4, size=2), rng.normal(size=(3, 2))) for _ in range(40)]
    y = [x.queries[0] for x in X]
    for name, classifier in biases("classification", embedding_size=16, **QUICK).items():
        classifier.fit(X, y)
        expected = classifier.predict_proba(X)
        classifier.save(tmp_path / f"{name}.safetensors")
        again = load(tmp_path / f"{name}.safetensors")
        assert_allclose(again.predict_proba(X), expected, atol=1e-6)
        assert_allclose(
            pickle.loads(pickle.dumps(classifier)).predict_proba(X), expected, atol=1e-6
        )


# --- in scikit-learn and in the comparison


def test_pairs_pass_through_scikit_learn():
    X, y = kinds.pairs(), kinds.targets("classifier")
    attention = AttentionClassifier(embedding_size=16, **QUICK)
    train, test, labels, _ = train_test_split(X, y, stratify=y, random_state=0)
    assert clone(attention).fit(train, labels).predict(test).shape == (len(test),)
    assert cross_val_predict(attention, X, y, cv=3).shape == y.shape
    search = GridSearchCV(attention, {"n_heads": [1, 2]}, cv=2).fit(X, y)
    assert search.predict(X).shape == y.shape


def test_predictions_are_drawn_at_the_queries():
    X = kinds.pairs()
    fitted = AttentionRegressor(target="position", **QUICK).fit(X, at_queries(X))
    sample = max(range(len(X)), key=lambda i: len(X[i].queries))
    display = PositionDisplay.from_estimator(fitted, X, at_queries(X), sample=sample)
    assert {len(row) for row in display.values.values()} == {len(X[sample].queries)}
    assert_allclose(display.over, X[sample].queries)


def test_all_five_stand_in_one_table():
    X, y = kinds.pairs(), kinds.targets("classifier")
    result = compare_biases(X, y, biases("classification", **QUICK), cv=2, random_state=0)
    assert set(result.to_frame().index) >= {*OTHERS, "Attention"}
    assert result.to_frame()["score"].notna().all()
    structure = structure_of(X)
    assert structure.summary(X) == "24 pairs of 1 to 3 queries and contexts of 1 to 8 elements"
    assert ("features of the context", "3") in structure.describe(X)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_exchanged_contexts_leave_nothing_to_find():
    X, y = recall(250, 0, longest=1)
    attention = AttentionClassifier(position="none", max_epochs=12)
    cv = ShuffleSplit(1, test_size=50, random_state=0)
    y = np.concatenate(y)
    result = structure_ablation(X, y, {"Attention": attention}, cv=cv, random_state=0)
    assert result.structures == ("context",)
    scores = result.cells.set_index("structure")["score"]
    assert scores["intact"] >= scores["context"] + 0.2


# --- bad input


def frames(columns: str) -> list[Pair]:
    return [replace(x, queries=pd.DataFrame(x.queries, columns=[*columns])) for x in kinds.pairs()]


def test_columns_of_frames_keep_their_order():
    fitted = AttentionRegressor(**QUICK).fit(frames("ab"), kinds.targets("regressor"))
    assert list(fitted.feature_names_in_) == ["a", "b"]
    assert fitted.predict(frames("ab")).shape == (kinds.N_SAMPLES,)
    with pytest.raises(ValueError, match=r"the columns \['b', 'a'\], but fit saw \['a', 'b'\]"):
        fitted.predict(frames("ba"))


ONE = np.ones((2, 3))


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (Pair(ONE, None), "the context of sample 1 of X is None. Give each pair queries and a con"),
        (Pair(None, ONE), "the queries of sample 1 of X is None"),
        ((ONE, ONE), "sample 1 of X is a tuple, but sample 0 is a pair. Give each as Pair"),
        (ONE, "sample 1 of X is a ndarray, but sample 0 is a pair"),
        (Pair(ONE[:, :2], ONE), "the queries of sample 1 of X has 2 features, but the queries of"),
        (Pair(ONE, ONE[:, :2]), "the context of sample 1 of X has 2 features, but the context of"),
        (Pair(ONE, ONE[:0]), r"the context of sample 1 of X has shape \(0, 3\)"),
        (Pair(ONE, np.arange(3)), r"the context of sample 1 of X has shape \(3,\), but \(steps,"),
        (Pair(ONE, ONE * np.nan), "the context of sample 1 of X contains NaN"),
        (Pair(ONE, [["a"] * 3]), "the context of sample 1 of X must hold numbers"),
        (Pair(ONE, [[1, 2, 3], [4]]), "the context of sample 1 of X is not an array"),
        (Pair(np.ma.masked_equal(ONE, 1), ONE), "masked"),
    ],
)
def test_bad_pairs_are_named(bad, error):
    with pytest.raises((TypeError, ValueError), match=error):
        AttentionRegressor(**QUICK).fit([Pair(ONE, ONE), bad], [0, 1])


@pytest.mark.parametrize(
    ("first", "error"),
    [
        (
            Pair(ONE, np.ones(3)),
            r"is a vector of numbers. Give a vector as one element of shape \(1",
        ),
        (Pair(ONE, np.ones((2, 2, 2))), r"the context of sample 0 of X has shape \(2, 2, 2\)"),
        (Pair(3.0, ONE), r"the queries of sample 0 of X has shape \(\), but"),
        (Pair(np.array([], dtype=int), ONE), "with at least one token is expected"),
    ],
)
def test_a_bad_first_pair(first, error):
    with pytest.raises(ValueError, match=error):
        AttentionRegressor(**QUICK).fit([first, Pair(ONE, ONE)], [0, 1])


def test_bad_x_beside_pairs():
    X, y = kinds.pairs(), kinds.targets("regressor")
    fitted = AttentionRegressor(**QUICK).fit(X, y)
    with pytest.raises(TypeError, match="X is one pair, but a list of pairs is expected"):
        fitted.predict(X[0])
    with pytest.raises(ValueError, match="no samples"):
        fitted.predict([])
    with pytest.raises(
        ValueError, match="the context of samples in X have 2 features, but fit saw"
    ):
        fitted.predict([replace(x, context=x.context[:, :2]) for x in X])
    with pytest.raises(ValueError, match="the queries of samples in X are tokens, but fit saw seq"):
        fitted.predict([replace(x, queries=np.arange(3)) for x in X])
    # As tuples they are graphs, which is what the error says.
    with pytest.raises(ValueError, match=r"list of graphs.*was fitted on a list of pairs"):
        fitted.predict([(x.queries, x.context) for x in X])
    with pytest.raises(ValueError, match=r"square.*Pair\(queries, context\)"):
        clone(fitted).fit([(x.queries, x.context) for x in X], y)
    with pytest.raises(ValueError, match="input_shape"):
        AttentionRegressor(input_shape=(2,), **QUICK).fit(X, y)
    series = kinds.series()
    of_series = AttentionRegressor(**QUICK).fit(series, y)
    with pytest.raises(ValueError, match="context has labels, but X holds no pairs"):
        AttentionMapDisplay.from_estimator(of_series, series, context=["a"])


def test_labels_at_positions_are_those_of_queries():
    X = kinds.pairs()
    regressor = AttentionRegressor(target="position", **QUICK)
    wrong = [np.zeros(len(x.context) + 9) for x in X]
    with pytest.raises(ValueError, match="sample 0 of y has the shape"):
        regressor.fit(X, wrong)
    y = at_queries(X)
    y[0][:] = np.nan  # no label
    for target in (regressor.fit(X, y), regressor.fit(X, [np.stack([v, v], 1) for v in y])):
        assert [len(p) for p in outputs(target, X)] == [len(x.queries) for x in X]
