"""Language models of five biases and counts of n-grams: the next character of a text.

    python examples/next_token.py [SEED ...]

The text is the reference that Python's `help` prints, 200,000 characters of it; paragraphs that it
repeats are read once. It is cut into blocks of 65 characters that do not overlap, of which a
random tenth tests and the others train. A network reads at most the 64 characters before the one
that it predicts. Without seeds: seed 0. Takes about two minutes for each seed on one core.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pydoc_data.topics import topics
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from ibestimators import LanguageModel, NGramClassifier, TextTokenizer, biases

BLOCK = 65
NOT_LOOKING_AHEAD: dict[str, dict[str, Any]] = {
    "MLP": {},  # reads one character
    "Conv": {"padding": "causal"},
    "Recurrent": {"bidirectional": False},
    "Graph": {"graph": "causal"},
    "Attention": {"mask": "causal", "position": "rotary"},
}


def characters(n: int) -> tuple[np.ndarray, TextTokenizer]:
    """The first n characters of the reference as tokens, rare ones as one."""
    paragraphs = [each for name in sorted(topics) for each in topics[name].split("\n\n")]
    text = " ".join(dict.fromkeys(" ".join(each.split()) for each in paragraphs))[:n]
    tokenizer = TextTokenizer(level="character", vocabulary_size=60)
    return tokenizer.fit_transform([text])[0], tokenizer


def blocks(tokens: np.ndarray) -> list[np.ndarray]:
    """The tokens, cut into blocks of one length that do not overlap."""
    return [tokens[i : i + BLOCK] for i in range(0, len(tokens) - BLOCK + 1, BLOCK)]


def models(seed: int, max_epochs: int) -> dict[str, LanguageModel]:
    """The baselines, and the five biases without what would look ahead."""
    orders = {"bigram": 2, "trigram": 3, "6-gram": 6}
    counts = {name: NGramClassifier(n=n) for name, n in orders.items()}
    networks = biases("classification", target="position", random_state=seed)
    for name, settings in NOT_LOOKING_AHEAD.items():
        networks[name].set_params(max_epochs=max_epochs, **settings)
    return {name: LanguageModel(each) for name, each in {**counts, **networks}.items()}


def in_words(name: str, loss: float) -> str:
    """A loss in nats."""
    return f"{name:10} {loss / math.log(2):.2f} bits a character, perplexity {math.exp(loss):.2f}"


def main(
    seeds: Sequence[int] = (0,), n_characters: int = 200_000, max_epochs: int = 8
) -> dict[str, float]:
    """Perplexity on the test blocks, the mean over seeds."""
    tokens, tokenizer = characters(n_characters)
    found: dict[str, list[float]] = {}
    for seed in seeds:
        train, test = train_test_split(blocks(tokens), test_size=0.1, random_state=seed)
        fitted = models(seed, max_epochs)
        print(f"seed {seed}")
        for name, model in fitted.items():
            found.setdefault(name, []).append(-model.fit(train).score(test))
            print(in_words(name, found[name][-1]), flush=True)
    print(f"mean over {len(seeds)} seeds")
    for name, losses in found.items():
        print(in_words(name, float(np.mean(losses))))
    written = fitted["Attention"].generate(test[0], 100, temperature=0.5, random_state=0)
    start, rest = tokenizer.inverse_transform([test[0], written])
    print(f"{start!r} continues: {rest!r}")
    return {name: float(np.exp(np.mean(losses))) for name, losses in found.items()}


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]] or (0,))
