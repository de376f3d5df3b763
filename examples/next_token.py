"""Next-token prediction: attention with a causal mask learns to spell.

    python examples/next_token.py

The text is scikit-learn's descriptions of its data sets. A sample is 24 characters, and its class
is the next character. Takes less than a minute on two cores.
"""

from __future__ import annotations

import numpy as np
from sklearn import datasets
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import CategoricalNB

from ibestimators import AttentionClassifier, TextTokenizer

CONTEXT = 24


def samples(tokens: np.ndarray, starts: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    X = [tokens[start : start + CONTEXT] for start in starts]
    return X, tokens[starts + CONTEXT]


def main(n_train: int = 6000) -> dict[str, float]:
    loaders = (datasets.load_wine, datasets.load_breast_cancer, datasets.load_diabetes)
    text = " ".join(" ".join(loader().DESCR.split()) for loader in loaders)
    tokenizer = TextTokenizer(level="character", vocabulary_size=60).fit([text])
    tokens = tokenizer.transform([text])[0]
    starts = np.random.default_rng(0).permutation(len(tokens) - CONTEXT)
    X, y = samples(tokens, starts[:n_train])
    X_test, y_test = samples(tokens, starts[n_train : n_train + 1000])

    model = AttentionClassifier(
        mask="causal",
        readout="last",
        position="rotary",
        embedding_size=64,
        n_heads=4,
        weight_decay=0.1,
        random_state=0,
    )
    pair = CategoricalNB(min_categories=len(tokenizer.vocabulary_))
    last = np.array([x[-1:] for x in X]), np.array([x[-1:] for x in X_test])
    scores = {
        "most frequent character": DummyClassifier().fit(X, y).score(X_test, y_test),
        "from the last character": pair.fit(last[0], y).score(last[1], y_test),
        "attention, 24 characters": model.fit(X, y).score(X_test, y_test),
    }
    for name, score in scores.items():
        print(f"{name:26} {score:.3f}")

    written = list(X_test[0])
    for _ in range(60):
        written.append(model.predict([np.array(written[-CONTEXT:])])[0])
    start, rest = tokenizer.inverse_transform([written[:CONTEXT], written[CONTEXT:]])
    print(f"{start!r} continues: {rest!r}")
    return scores


if __name__ == "__main__":
    main()
