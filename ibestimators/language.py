"""Language models: the probability of the next token, from the tokens before it.

A classifier with ``target="position"`` is trained to predict, at each token of a text, the token
that follows. It must not look ahead, or it would read the answer:

    log p(x) = sum_t log p(x_{t + 1} | x_1, ..., x_t)

References: Shannon, "A mathematical theory of communication" (1948) for counts of n-grams;
Bengio et al., "A neural probabilistic language model" (2003); MacKay & Peto, "A hierarchical
Dirichlet language model" (1995) for the smoothing of counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, DensityMixin, clone, is_classifier
from sklearn.utils import Tags
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import check_is_fitted

from ibestimators.base import POSITIVE_INT, POSITIVE_REAL, estimator, parameter, random_generator
from ibestimators.pipelines import innermost
from ibestimators.scoring import position_scorer, predicts_positions
from ibestimators.structures import (
    Positions,
    check_tokens,
    is_labelled,
    reads_containers,
    rows_of,
    structure_of,
)

MAX_PROBABILITIES = 1 << 23  # held at a time while texts are scored

Tokens = NDArray[np.int64]


class LanguageModel(DensityMixin, BaseEstimator):  # type: ignore[misc]
    """A model of the next token, trained at all positions of token sequences.

    Each sequence is cut into blocks that do not overlap, and `estimator` learns at each token of a
    block which token follows. A prediction reads the block up to its position, and nothing
    before the block.

    Parameters
    ----------
    estimator : classifier
        With ``target="position"`` and settings that do not look ahead:
        ``AttentionClassifier(mask="causal")``, ``RecurrentClassifier(bidirectional=False)``,
        ``ConvClassifier(padding="causal")``, ``GraphClassifier(graph="causal")``,
        ``MLPClassifier()``, which reads the last token alone, or `NGramClassifier`.
    block_size : int, default=64
        Most tokens that a prediction is made from.

    Attributes
    ----------
    estimator_ : classifier
        The fitted estimator.
    classes_ : ndarray of int
        The tokens that can follow, sorted.

    See Also
    --------
    NGramClassifier : The baseline that counts.
    TextTokenizer : Turns texts into tokens.

    References
    ----------
    Bengio, Ducharme, Vincent & Jauvin, "A neural probabilistic language model", JMLR 3 (2003).

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators import AttentionClassifier, LanguageModel
    >>> X = [np.array([1, 1, 2, 3] * 10) for _ in range(20)]
    >>> attention = AttentionClassifier(
    ...     target="position", mask="causal", max_epochs=20, random_state=0
    ... )
    >>> model = LanguageModel(attention).fit(X)
    >>> model.generate([1, 1, 2], n_tokens=6, temperature=0)
    array([3, 1, 1, 2, 3, 1])
    >>> bool(1 < model.perplexity(X) < 1.5)  # the first tokens can be predicted in part only
    True
    """

    # Its parameters are positional, as those of scikit-learn's meta-estimators.
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "block_size": [POSITIVE_INT],
    }

    def __init__(self, estimator: Any, block_size: int = 64) -> None:
        self.estimator = estimator
        self.block_size = block_size

    @reads_containers
    def fit(self, X: Any, y: Any = None) -> Self:
        """Train the estimator to predict the next token.

        Parameters
        ----------
        X : list of n_samples array-like of int, (n_tokens_i,)
            Token sequences, of tokens of at least 0; some of at least two tokens.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Before training, if the estimator could look ahead or is of another type, or if X holds
            no next token.
        """
        self._validate_params()
        refuse_lookahead(self.estimator)
        inputs, following = self._blocks(X)
        self.estimator_ = clone(self.estimator).fit(inputs, following)
        self.classes_ = self.estimator_.classes_
        return self

    @reads_containers
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of the token that follows each sequence.

        Parameters
        ----------
        X : list of n_samples array-like of int, (n_tokens_i,)
            At least one token each; the last `block_size` of them are read.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        contexts = [tokens[-self.block_size :] for tokens in _token_sequences(X)]
        return np.stack([rows[-1] for rows in self.estimator_.predict_proba(contexts)])

    @reads_containers
    def score(self, X: Any, y: Any = None) -> float:
        """Mean log-likelihood of a token, given those before it in its block.

        Parameters
        ----------
        X : list of n_samples array-like of int, (n_tokens_i,)
            The first token of each sequence is not predicted.
        y : ignored

        Returns
        -------
        float
            In nats, at most 0; higher is better. Divided by ``-log(2)``: bits a token.

        Raises
        ------
        ValueError
            If a token follows that `fit` did not see: the model gives it no probability.
        """
        check_is_fitted(self)
        total, n_tokens = 0.0, 0
        for inputs, following in self._batches(*self._blocks(X)):
            probabilities = np.concatenate(self.estimator_.predict_proba(inputs))
            columns = _columns(np.concatenate(following), self.classes_)
            with np.errstate(divide="ignore"):  # -inf is the truth
                total += np.log(probabilities[np.arange(len(columns)), columns]).sum()
            n_tokens += len(columns)
        return float(total / n_tokens)

    @reads_containers
    def perplexity(self, X: Any) -> float:
        """The number of equally probable tokens that would be as hard to predict.

        Parameters
        ----------
        X : list of n_samples array-like of int, (n_tokens_i,)
            As in `score`.

        Returns
        -------
        float
            ``exp(-score(X))``; lower is better.
        """
        return math.exp(-self.score(X))

    def generate(
        self,
        prompt: ArrayLike,
        n_tokens: int,
        temperature: float = 1.0,
        random_state: int | np.random.RandomState | None = None,
    ) -> Tokens:
        """Continue a sequence, token by token.

        Parameters
        ----------
        prompt : array-like of int, (n_prompt,)
            At least one token. The last `block_size` tokens are read at each step.
        n_tokens : int
            Number of tokens to generate.
        temperature : float, default=1.0
            Tokens are drawn in proportion to their probabilities to the power of
            ``1 / temperature``; 0 takes the most probable token.
        random_state : int, RandomState instance or None, default=None
            Decides the draws; None takes fresh entropy.

        Returns
        -------
        ndarray of int, shape (n_tokens,)
            The tokens that follow the prompt.

        Raises
        ------
        ValueError
            If the prompt is empty, or a number out of range.
        """
        check_is_fitted(self)
        if not isinstance(n_tokens, Integral) or n_tokens < 1:
            raise ValueError(f"n_tokens must be an int of at least 1, got {n_tokens!r}.")
        if not isinstance(temperature, Real) or not 0 <= temperature < math.inf:
            raise ValueError(
                f"temperature must be a finite number of at least 0, got {temperature!r}."
            )
        if isinstance(prompt, str):
            raise TypeError(
                "prompt is a text, but tokens are expected. Pass tokenizer.transform([text])[0]."
            )
        if np.ndim(prompt) != 1 or not np.size(prompt):
            raise ValueError(
                f"prompt has shape {np.shape(prompt)}, but (tokens,) with at least one token is "
                "expected."
            )
        (tokens,) = check_tokens([prompt])
        generator = random_generator(random_state)
        for _ in range(n_tokens):
            (probabilities,) = self.predict_proba([tokens])
            column = _draw(probabilities, float(temperature), generator)
            tokens = np.append(tokens, self.classes_[column])
        return tokens[-n_tokens:]

    def _blocks(self, X: Any) -> tuple[list[Tokens], list[Tokens]]:
        """The blocks of all sequences, and the tokens that follow each of theirs."""
        size = self.block_size
        inputs, following = [], []
        for tokens in _token_sequences(X):
            for start in range(0, len(tokens) - 1, size):
                stop = min(start + size, len(tokens) - 1)
                inputs.append(tokens[start:stop])
                following.append(tokens[start + 1 : stop + 1])
        if not inputs:
            raise ValueError(
                "X holds no next token: each sequence has one token. Give longer sequences."
            )
        return inputs, following

    def _batches(
        self, inputs: list[Tokens], following: list[Tokens]
    ) -> Iterator[tuple[list[Tokens], list[Tokens]]]:
        """Some blocks at a time, so that memory stays small."""
        step = max(1, MAX_PROBABILITIES // (self.block_size * len(self.classes_)))
        for start in range(0, len(inputs), step):
            part = slice(start, start + step)
            yield inputs[part], following[part]

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags


@estimator
class NGramClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classifier of each token by counts of the token and those before it.

    With the tokens that follow as classes, as in a `LanguageModel`, it is the n-gram model. The
    counts c of a context of k tokens are smoothed by the probabilities of the context that is one
    shorter, down to equal probabilities of all classes (MacKay & Peto 1995, equation 14):

        p_k(class) = (c_k(class) + smoothing p_{k-1}(class)) / (sum of c_k + smoothing)

    {sections}

    See Also
    --------
    LanguageModel : Trains a classifier on next tokens.

    References
    ----------
    MacKay & Peto, "A hierarchical Dirichlet language model", Natural Language Engineering 1
    (1995).

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators import LanguageModel, NGramClassifier
    >>> bigram = LanguageModel(NGramClassifier(n=2, smoothing=1)).fit([[0, 1, 0, 1, 0]])
    >>> bigram.predict_proba([[0]])  # 2 of 2, smoothed by one of (2 + 0.5) / (4 + 1)
    array([[0.16666667, 0.83333333]])
    """

    n: int = parameter(
        2,
        [POSITIVE_INT],
        "int",
        "Length of the n-grams: a class and the n - 1 tokens before it, its own position's last; "
        "2 for bigrams. 1 reads no token.",
    )
    smoothing: float = parameter(
        5.0,
        [POSITIVE_REAL],
        "float",
        "Number of counts that the probabilities of the shorter context weigh.",
    )

    _attribute_docs = (
        ("classes_", "ndarray of shape (n_classes,)", "The classes, sorted."),
        (
            "counts_",
            "list of n sparse arrays of shape (n_contexts_k, n_classes)",
            "Counts of classes after each context of k = 0, ..., n - 1 tokens.",
        ),
    )

    assumption: ClassVar[str] = "the last tokens decide"
    causal: ClassVar[dict[str, tuple[Any, ...]] | None] = {}
    target: ClassVar[str] = "position"

    @reads_containers
    def fit(self, X: Any, y: Any) -> Self:
        """Count.

        Parameters
        ----------
        X : list of n_samples array-like of int, (n_tokens_i,)
            Tokens of at least 0.
        y : list of n_samples array-like, (n_tokens_i,)
            A class at each token; -1, NaN or None for none.

        Returns
        -------
        self
        """
        self._validate_params()
        samples = _token_sequences(X)
        rows = _positions(samples).pack(y, "y")
        if rows.ndim > 1:
            raise ValueError("y has several values at each token, but one class is expected.")
        labelled = is_labelled(rows, has_classes=True)
        if not labelled.any():
            raise ValueError("y holds no label: each position has NaN, None or -1.")
        self.classes_, classes = np.unique(rows_of(rows, labelled), return_inverse=True)
        self._n_symbols = max(int(tokens.max()) for tokens in samples) + 2  # and no token
        self._contexts: list[Tokens] = []  # sorted keys of the contexts of k tokens, for k >= 1
        self.counts_ = []
        for number in self._numbers(samples, learn=True):
            where = number[labelled], classes
            size = int(number.max()) + 1, len(self.classes_)
            self.counts_.append(sparse.coo_array((np.ones(len(classes)), where), size).tocsr())
        return self

    @reads_containers
    def predict_proba(self, X: Any) -> list[NDArray[np.float64]]:
        """Probability of each class at each token.

        Parameters
        ----------
        X : list of n_samples array-like of int, (n_tokens_i,)

        Returns
        -------
        list of n_samples ndarray of shape (n_tokens_i, n_classes)
        """
        check_is_fitted(self)
        samples = _token_sequences(X)
        n_classes = len(self.classes_)
        p = np.full((sum(map(len, samples)), n_classes), 1 / n_classes)
        for number, counts in zip(self._numbers(samples), self.counts_, strict=True):
            seen = np.zeros_like(p)
            seen[number >= 0] = counts[number[number >= 0]].toarray()
            p = (seen + self.smoothing * p) / (seen.sum(1, keepdims=True) + self.smoothing)
        return list(_positions(samples).unpack(p))

    @reads_containers
    def predict(self, X: Any) -> list[NDArray[Any]]:
        """The most probable class at each token.

        Parameters
        ----------
        X : list of n_samples array-like of int, (n_tokens_i,)

        Returns
        -------
        list of n_samples ndarray of shape (n_tokens_i,)
        """
        return [self.classes_[rows.argmax(1)] for rows in self.predict_proba(X)]

    @reads_containers
    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy over all tokens that have a label.

        Parameters
        ----------
        X, y
            As in `fit`.
        sample_weight : array-like, default=None
            Weight of each sample or, in the form of y, of each token.

        Returns
        -------
        float
        """
        return position_scorer("accuracy")(self, X, y, sample_weight)

    def _numbers(self, samples: list[Tokens], learn: bool = False) -> Iterator[Tokens]:
        """The number of the context of k tokens at each token, for k = 0, ..., n - 1.

        -1 if `fit` did not see it. A context is that of k - 1 tokens and one token before it, of
        which there is none, 0, at the start of a sample.
        """
        number = np.zeros(sum(map(len, samples)), dtype=np.int64)
        yield number
        for k in range(1, self.n):
            room = np.zeros(k - 1, dtype=np.int64)
            before = [np.concatenate([room, tokens + 1])[: len(tokens)] for tokens in samples]
            symbol = np.concatenate(before)
            known = (number >= 0) & (symbol < self._n_symbols)
            key = np.where(known, number * self._n_symbols + symbol, -1)
            if learn:
                self._contexts.append(np.unique(key))
            contexts = self._contexts[k - 1]
            number = np.minimum(np.searchsorted(contexts, key), len(contexts) - 1)
            number = np.where(contexts[number] == key, number, -1)
            yield number

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags


def refuse_lookahead(estimator: Any) -> None:
    """Raise an error if an estimator is not one of next tokens, or could see later ones."""
    inner = innermost(estimator)
    name, settings = type(inner).__name__, getattr(inner, "causal", None)
    if settings is None or not is_classifier(inner):
        raise TypeError(
            f"estimator is {name}, but a classifier with an output at each position, which does "
            "not look ahead, is expected: one of this package's."
        )
    if not predicts_positions(inner):
        raise ValueError(
            f"{name} predicts one answer a sample, but the next token is predicted at each "
            "position. Set target='position'."
        )
    for parameter_name, allowed in settings.items():
        value = getattr(inner, parameter_name)
        plain = isinstance(value, (str, Integral, np.bool_))
        if not (plain and value in allowed):
            given = value if plain or value is None else type(value).__name__
            raise ValueError(
                f"{name} with {parameter_name}={given!r} sees the tokens that it is to predict. "
                f"Set {parameter_name}={allowed[0]!r}."
            )


def _token_sequences(X: Any) -> list[Tokens]:
    """X as a list of token sequences, or an error."""
    if hasattr(X, "__len__") and len(X):
        structure_of(X)  # an error if X is a text
        first = next(iter(X))
        if np.ndim(first) == 0:
            raise ValueError("X is one sequence, but a list of sequences is expected. Pass [X].")
    tokens = check_tokens(X)
    if not tokens:
        raise ValueError("X holds no samples (found 0); give at least one.")
    for i, item in enumerate(tokens):
        if item.min() < 0:
            raise ValueError(
                f"sample {i} of X holds the token {item.min()}, but tokens of at least 0 are "
                "expected; as a class, -1 stands for none."
            )
    return tokens


def _positions(samples: list[Tokens]) -> Positions:
    return Positions(np.array([len(tokens) for tokens in samples], dtype=np.int64), None)


def _columns(tokens: Tokens, classes: Tokens) -> NDArray[np.intp]:
    """The column of each token in probabilities, or an error if there is none."""
    unseen = np.setdiff1d(tokens, classes)
    if unseen.size:
        raise ValueError(
            f"X holds tokens that no token of fit was followed by, such as {unseen[:3].tolist()}, "
            "so that they have no probability. Make rare tokens one, as "
            "TextTokenizer(vocabulary_size=...) does with fewer tokens than the texts of fit have."
        )
    return np.searchsorted(classes, tokens)


def _draw(
    probabilities: NDArray[np.float64], temperature: float, generator: np.random.RandomState
) -> int:
    """A column drawn in proportion to the probabilities to the power of 1 / temperature."""
    if temperature == 0:
        return int(probabilities.argmax())
    with np.errstate(divide="ignore", over="ignore"):
        scores = np.log(probabilities) - np.log(probabilities.max())
        weight = np.exp(scores / temperature)
    return int(generator.choice(len(weight), p=weight / weight.sum()))
