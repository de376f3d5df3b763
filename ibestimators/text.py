"""Text as tokens: a transformer for the first step of a pipeline.

``make_pipeline(TextTokenizer(), AttentionClassifier())`` accepts raw strings. The tokenizers are
those of the library `tokenizers`.

Reference: Sennrich, Haddow & Birch, "Neural machine translation of rare words with subword
units" (2016) for byte pairs.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from ibestimators.base import POSITIVE_INT, estimator, parameter
from ibestimators.structures import reads_containers

_UNKNOWN = "[unknown]"
_FEW = 5  # texts below which a share says nothing
_SAMPLE = 1000
_LONG_WORD = 3
_NEARLY_ALL = 0.9
_BYTES = pre_tokenizers.ByteLevel.alphabet()


@estimator
class TextTokenizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Converts strings to arrays of integer tokens, with a vocabulary learned in `fit`.

    The token 0 represents words that are not in the vocabulary, and a text without tokens.

    {sections}

    See Also
    --------
    AttentionClassifier, RecurrentClassifier, ConvClassifier : Read tokens.

    References
    ----------
    Sennrich, Haddow & Birch, "Neural machine translation of rare words with subword
    units" (2016).

    Examples
    --------
    >>> from ibestimators import TextTokenizer
    >>> tokenizer = TextTokenizer().fit(["good", "good, not bad"])
    >>> tokenizer.transform(["Good, bad, ugly"])
    [array([1, 2, 3, 2, 0])]
    """

    level: str = parameter(
        "word",
        [StrOptions({"word", "bpe", "character"})],
        "{'word', 'bpe', 'character'}",
        "The tokens: words and punctuation marks; parts of words, built by merging the most "
        "frequent pairs of bytes (no text is unknown then); or characters.",
    )
    vocabulary_size: int = parameter(
        10_000,
        [POSITIVE_INT],
        "int",
        "Maximum number of tokens to learn, the most frequent ones; at least 257 for 'bpe', "
        "which starts with 256 bytes.",
    )
    max_length: int | None = parameter(
        None,
        [POSITIVE_INT, None],
        "int or None",
        "Number of tokens after which a text is truncated; None does not truncate.",
    )
    lowercase: bool = parameter(
        True,
        ["boolean"],
        "bool",
        "Whether to convert texts to lower case.",
    )

    _attribute_docs = (
        ("vocabulary_", "dict of str to int", "The number of each token."),
        ("tokenizer_", "tokenizers.Tokenizer", "The tokenizer of the library."),
    )

    @reads_containers
    def fit(self, X: Iterable[str], y: Any = None) -> Self:
        """Learn the vocabulary.

        Parameters
        ----------
        X : iterable of str
            Texts.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If X is not a list of texts, or `vocabulary_size` is too small.

        Warns
        -----
        UserWarning
            If nearly all texts are one word, as those of languages without blanks are.
        """
        self._validate_params()
        if self.level == "bpe" and self.vocabulary_size <= len(_BYTES):
            raise ValueError(
                f"vocabulary_size={self.vocabulary_size} is too small for level='bpe', which "
                f"starts with {len(_BYTES)} bytes and the unknown token. Pass "
                f"{len(_BYTES) + 1} or more, or use level='character'."
            )
        texts = _texts(X)
        settings: dict[str, Any] = {
            "vocab_size": self.vocabulary_size,
            "special_tokens": [_UNKNOWN],
            "show_progress": False,
        }
        if self.level == "bpe":
            tokenizer = Tokenizer(models.BPE(unk_token=_UNKNOWN))
            tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
            tokenizer.decoder = decoders.ByteLevel()
            trainer: Any = trainers.BpeTrainer(**settings, initial_alphabet=_BYTES)
        else:
            tokenizer = Tokenizer(models.WordLevel(unk_token=_UNKNOWN))
            if self.level == "word":
                tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
            else:
                tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
                tokenizer.decoder = decoders.Fuse()
            trainer = trainers.WordLevelTrainer(**settings)
        steps = [normalizers.NFC(), *([normalizers.Lowercase()] if self.lowercase else [])]
        tokenizer.normalizer = normalizers.Sequence(steps)
        if self.level == "word":
            _warn_of_no_blanks(tokenizer, texts)
        tokenizer.train_from_iterator(texts, trainer)
        if self.max_length is not None:
            tokenizer.enable_truncation(self.max_length)
        self.tokenizer_ = tokenizer
        self.vocabulary_: dict[str, int] = tokenizer.get_vocab()
        return self

    @reads_containers
    def transform(self, X: Iterable[str]) -> list[NDArray[np.int64]]:
        """Convert texts to tokens.

        Parameters
        ----------
        X : iterable of str

        Returns
        -------
        list of ndarray of shape (n_tokens_i,)
            At least one token each.

        Warns
        -----
        UserWarning
            If nearly all tokens are unknown.
        """
        check_is_fitted(self)
        encoded = self.tokenizer_.encode_batch(_texts(X), add_special_tokens=False)
        n_tokens = sum(len(encoding.ids) for encoding in encoded)
        n_unknown = sum(encoding.ids.count(0) for encoding in encoded)
        if len(encoded) >= _FEW and n_unknown > _NEARLY_ALL * n_tokens:
            warnings.warn(
                f"{n_unknown} of {n_tokens} tokens of X are unknown: fit did not see them. Fit on "
                "texts of the same language, or use level='character' or 'bpe'.",
                stacklevel=3,
            )
        return [np.array(encoding.ids or [0], dtype=np.int64) for encoding in encoded]

    def inverse_transform(self, X: Iterable[NDArray[np.integer[Any]]]) -> list[str]:
        """Convert tokens to texts; words are joined by blanks.

        Parameters
        ----------
        X : iterable of array-like of int

        Returns
        -------
        list of str
        """
        check_is_fitted(self)
        ids = [[int(token) for token in tokens] for tokens in X]
        return list(self.tokenizer_.decode_batch(ids, skip_special_tokens=False))

    def set_output(self, *, transform: str | None = None) -> Self:
        """Accept any output container, and return lists: texts differ in their number of tokens.

        Parameters
        ----------
        transform : str, default=None
            Ignored; accepted so that `set_output` works on a whole pipeline.

        Returns
        -------
        self
        """
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Parameters, and the tokenizer as JSON: plain values for both skops and pickle."""
        state: dict[str, Any] = {"parameters": self.get_params(deep=False)}
        if hasattr(self, "tokenizer_"):
            state["tokenizer"] = self.tokenizer_.to_str()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        type(self).__init__(self, **state["parameters"])
        if "tokenizer" in state:
            self.tokenizer_ = Tokenizer.from_str(state["tokenizer"])
            self.vocabulary_ = self.tokenizer_.get_vocab()

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def _warn_of_no_blanks(tokenizer: Tokenizer, texts: list[str]) -> None:
    """Warn if nearly all texts are one long word, as those of Chinese and Thai are."""
    sample = texts[:_SAMPLE]
    single = [text for text in sample if len(text) > _LONG_WORD and len(text.split()) == 1]
    words = [len(tokenizer.pre_tokenizer.pre_tokenize_str(text)) for text in single]
    if len(sample) >= _FEW and sum(n == 1 for n in words) > _NEARLY_ALL * len(sample):
        warnings.warn(
            f"nearly all texts of X are one word each, such as {single[0]!r:.40}; level='word' "
            "splits at blanks and punctuation. Use level='character' or 'bpe' for languages "
            "without blanks.",
            stacklevel=4,
        )


def _texts(X: Iterable[str]) -> list[str]:
    if isinstance(X, str) or not hasattr(X, "__iter__"):
        raise TypeError(f"X is {X!r}, but a list of texts is expected. Pass X=[text].")
    shape: tuple[int, ...] = getattr(X, "shape", ())
    if isinstance(X, Mapping) or shape[1:] not in ((), (1,)):
        raise TypeError(
            f"X is a {type(X).__name__} of shape {shape}, but a list of texts is expected. Pass "
            "one column, such as X['title']; for several columns use a ColumnTransformer."
        )
    if getattr(X, "shape", ())[1:] == (1,):  # a column of a table
        X = np.asarray(X)[:, 0]
    texts = list(X)
    if not texts:
        raise ValueError("X is empty, but at least one text is required.")
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(
                f"item {i} of X is {text!r}, of type {type(text).__name__}, but texts (str) are "
                "expected. Replace missing texts, such as with ''."
            )
        if not _is_unicode(text):
            raise ValueError(
                f"item {i} of X holds a lone surrogate, which is no character: {text!r:.60}. "
                "Decode it with errors='replace', or pass text.encode('utf-8', 'replace').decode()."
            )
    return [str(text) for text in texts]


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
