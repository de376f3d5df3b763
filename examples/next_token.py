"""Next-token prediction: attention and recurrence that cannot look ahead learn to spell.

    python examples/next_token.py

The text is the reference that Python's `help` prints, 200,000 characters of it: the first nine
tenths train, the rest tests. A sample is a block of 64 characters, and y holds the next character
at each of them. Takes about two minutes on one core.
"""

from __future__ import annotations

from collections import Counter
from pydoc_data.topics import topics
from typing import Any

import numpy as np

from ibestimators import AttentionClassifier, MLPClassifier, RecurrentClassifier, TextTokenizer

BLOCK = 64


def blocks(tokens: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Blocks of the text, and the characters that follow each character of a block."""
    starts = range(0, len(tokens) - BLOCK, BLOCK)
    return (
        [tokens[start : start + BLOCK] for start in starts],
        [tokens[start + 1 : start + BLOCK + 1] for start in starts],
    )


def bits(probability: np.ndarray) -> float:
    """Mean information of a character, in bits."""
    return float(-np.log2(probability).mean())


def bits_of_counts(tokens: np.ndarray, test: np.ndarray, size: int, n_before: int) -> float:
    """A character from the `n_before` characters before it, by counts.

    Each count is joined with five that follow the probabilities of a context that is one shorter.
    """
    probability = np.full(len(test), 1 / size)
    for n in range(n_before + 1):
        counts = np.zeros((size**n, size))
        np.add.at(counts, (contexts(tokens, n, size), tokens), 1)
        seen = counts[contexts(test, n, size)]  # (characters, size)
        probability = (seen[np.arange(len(test)), test] + 5 * probability) / (seen.sum(1) + 5)
    return bits(probability)


def contexts(tokens: np.ndarray, n: int, size: int) -> np.ndarray:
    """The n characters before each character, as one number."""
    context = np.zeros(len(tokens), int)
    for distance in range(1, n + 1):
        context = context * size + np.concatenate([np.zeros(distance, int), tokens[:-distance]])
    return context


def generate(model: Any, tokens: np.ndarray, n_tokens: int, seed: int = 0) -> np.ndarray:
    """Append characters, each drawn from the probabilities after the last block."""
    rng = np.random.default_rng(seed)
    for _ in range(n_tokens):
        (probabilities,) = model.predict_proba([tokens[-BLOCK:]])  # (steps, characters)
        p = probabilities[-1] ** 2  # sharper: what is likely becomes more likely
        tokens = np.append(tokens, rng.choice(model.classes_, p=p / p.sum()))
    return tokens


def main(n_characters: int = 200_000, **params: Any) -> dict[str, float]:
    """Bits a character on the rest of the text; fewer are better."""
    text = " ".join(" ".join(topics[name].split()) for name in sorted(topics))[:n_characters]
    common = {character for character, _ in Counter(text).most_common(60)}
    text = "".join(character for character in text if character in common)
    tokenizer = TextTokenizer(level="character", vocabulary_size=62).fit([text])
    tokens = tokenizer.transform([text])[0]
    n_train = len(tokens) * 9 // 10
    train, test = tokens[:n_train], tokens[n_train:]
    X, y = blocks(train)
    X_test, y_test = blocks(test)

    shared = {"target": "position", "random_state": 0, **params}
    models = {
        "attention": AttentionClassifier(mask="causal", position="rotary", **shared),
        "recurrence": RecurrentClassifier(bidirectional=False, **shared),
        "dense, 1 before": MLPClassifier(**shared),
    }
    size = int(tokens.max()) + 1
    found = {f"{n} before, counts": bits_of_counts(train, test, size, n) for n in (1, 2)}
    for name, model in models.items():
        probabilities = model.fit(X, y).predict_proba(X_test)
        column = np.full(size, -1)
        column[model.classes_] = np.arange(len(model.classes_))
        labels = column[np.concatenate(y_test)]
        probability = np.concatenate(probabilities)[np.arange(len(labels)), labels]
        found[name] = bits(np.where(labels < 0, 1e-3, probability))  # not seen in training
    for name, value in found.items():
        print(f"{name:20} {value:.2f} bits a character")
    written = generate(models["attention"], test[:BLOCK], 60)
    start, rest = tokenizer.inverse_transform([written[:BLOCK], written[BLOCK:]])
    print(f"{start!r} continues: {rest!r}")
    return found


if __name__ == "__main__":
    main()
