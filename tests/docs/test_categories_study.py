"""The study of categories reads the columns of a word together, as a vector for each value."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

EXAMPLES = Path(__file__).parents[2] / "examples"
CODES = np.arange(60) % 3
Z = np.column_stack([np.random.default_rng(0).normal(size=60), np.eye(3)[CODES]])


@pytest.fixture
def study(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import categories_study

    yield categories_study
    for module in ("categories_study", "study_data"):
        sys.modules.pop(module)


@pytest.mark.parametrize("bias", ["Attention", "MLP"])
def test_each_value_has_a_vector_and_an_unseen_one_none(study, bias):
    _, embedded = study.PAIRS[bias, False]
    fitted = embedded(blocks=((1, 4),), max_epochs=20, random_state=0).fit(Z, CODES == 1)
    assert fitted.score(Z, CODES == 1) == 1
    encoder = fitted.module_.encoder
    table = encoder.embed if bias == "Attention" else encoder.table
    (vectors,) = (words.weight for words in table.of_words)
    rows = np.vstack([Z[:3], [0.5, 0, 0, 0]])
    x = fitted._fitted.read(rows).batch(slice(0, 4))["x"].unsqueeze(2)
    with torch.no_grad():
        *_, word = study.EmbeddedTable.forward(table, x)
    torch.testing.assert_close(word[:3], vectors[1:])
    assert not word[3].any()
    if bias == "Attention":
        assert table(x).shape == (4, 2, fitted.embedding_size)  # a number and a word


def test_the_summary_has_a_row_for_each_table_and_bias(study):
    common = {"table": "toy", "bias": "MLP", "n": 60, "given": 2, "words": 1, "values": 3}
    rows = [
        common | {"encoding": name, "fold": fold, "seed": 0, "score": score, "seconds": 1.0}
        for fold in range(5)
        for name, score in (("columns", 0.5), ("embedding", 0.6))
    ]
    *_, line = study.summary(rows).splitlines()
    assert "| 0.500 | 0.600 | +0.100 ± 0.000 |" in line
