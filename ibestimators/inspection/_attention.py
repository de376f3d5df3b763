"""Attention maps: which tokens each token attends to, in every layer and head.

A row of a map is the softmax of a query over the keys, ``softmax(q K^T / sqrt(d))`` (Vaswani et
al. 2017, eq. 1), the weights of the values. The weights show which tokens a head attends to, not
how important these tokens are to the prediction (Jain & Wallace, "Attention is not explanation",
2019).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

import networkx as nx
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from ibestimators.attention import AttentionEncoder, AttentionEstimator, MultiHeadAttention
from ibestimators.inspection._checks import check_number
from ibestimators.pipelines import unwrap_estimator
from ibestimators.plotting import PanelsDisplay, Style, new_figure
from ibestimators.structures import reads_containers
from ibestimators.text import TextTokenizer

_TICK = 0.15  # inches per tick label
# Blanks and line ends would be invisible as labels.
_VISIBLE = str.maketrans({" ": "␣", "\n": "↵", "\t": "⇥"})


class AttentionMapDisplay(PanelsDisplay):
    """Attention maps of samples, for all layers and heads.

    The maps of one sample are drawn, one row per layer and one column per head, on one colour
    scale. If there is no space for all labels, every second, third, ... label is shown.
    Style keyword of `plot`: ``im_kw``.

    Parameters
    ----------
    weights : list of ndarray of shape (n_layers, n_heads, n_queries_i, n_keys_i)
        The maps of each sample. Rows sum to 1; entry (q, k) is the weight of key k in the output
        of query q.
    query_labels, key_labels : list of list of str
        Names of the tokens of each sample; "class" is the class token of ``readout="cls"``.
    sample : int, default=0
        Number of the sample to draw.

    Attributes
    ----------
    axes_ : ndarray of shape (n_layers, n_heads) of matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    References
    ----------
    Vaswani et al., "Attention is all you need" (2017), equation 1.

    Examples
    --------
    >>> import numpy as np
    >>> from ibestimators import AttentionClassifier
    >>> from ibestimators import AttentionMapDisplay
    >>> X = np.random.default_rng(0).normal(size=(20, 6, 3))
    >>> clf = AttentionClassifier(mask="causal", max_epochs=1, random_state=0)
    >>> display = AttentionMapDisplay.from_estimator(clf.fit(X, np.arange(20) % 2), X[:3])
    >>> len(display.weights), display.weights[0].shape  # 2 layers of 4 heads
    (3, (2, 4, 6, 6))
    >>> display.weights[0][0, 0, 0]  # the first token attends to itself
    array([1., 0., 0., 0., 0., 0.], dtype=float32)
    """

    def __init__(
        self,
        weights: Sequence[NDArray[Any]],
        query_labels: Sequence[Sequence[str]],
        key_labels: Sequence[Sequence[str]],
        sample: int = 0,
    ) -> None:
        self.weights = list(weights)
        self.query_labels = [list(labels) for labels in query_labels]
        self.key_labels = [list(labels) for labels in key_labels]
        self.sample = sample

    @classmethod
    @reads_containers
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        sample: int = 0,
        tokens: Sequence[Any] | None = None,
        context: Sequence[Any] | None = None,
        ax: Any = None,
        **style: Any,
    ) -> Self:
        """Compute the maps of a fitted estimator and draw those of one sample.

        Parameters
        ----------
        estimator : AttentionClassifier, AttentionRegressor, Pipeline or search
            Fitted.
        X
            Samples, as in `predict`. All maps are stored, ``n_layers * n_heads * n_tokens**2``
            numbers per sample, so pass only the samples to inspect. Of pairs, the maps are those
            of the attention from queries to their context.
        sample : int, default=0
            Number of the sample to draw.
        tokens : sequence of str, or of such sequences, default=None
            Labels of the tokens of that sample, or of every sample, without the class token.
            None uses the tokens of a `TextTokenizer` at the start of a pipeline, the names of
            columns or the names of a graph's nodes. All other tokens, including patches, are
            numbered from 0. Of pairs, these are the queries.
        context : sequence of str, or of such sequences, default=None
            Labels of the elements of the context of that sample, or of every sample, if samples
            are pairs. None numbers them from 0.
        ax : array-like of matplotlib.axes.Axes of shape (n_layers, n_heads), default=None
            Where to draw; None makes a new figure.
        **style : dict
            Style keywords, as in `plot`.

        Returns
        -------
        AttentionMapDisplay

        Raises
        ------
        TypeError, ValueError
            If the estimator has no attention, `sample` is out of range, the number of `tokens` or
            of `context` differs from that of the sample, or there is no context to label.
        sklearn.exceptions.NotFittedError
        """
        inner, inner_X = unwrap_estimator(estimator, X, AttentionEstimator)
        encoder = inner._fitted.network_copy().encoder
        assert isinstance(encoder, AttentionEncoder)
        batch = inner._fitted.batch(inner_X)
        if context is not None and batch.context is None:
            raise ValueError(
                "context has labels, but X holds no pairs. Label the tokens by `tokens`."
            )
        with torch.no_grad():  # (batch, layers, heads, tokens, keys)
            padded, lengths = encoder.maps(batch)
        maps = padded.cpu().numpy()
        sizes = [maps.shape[-1]] * len(maps) if lengths is None else lengths.tolist()
        n_keys = sizes if batch.context_lengths is None else batch.context_lengths.tolist()
        weights = [w[..., :n, :k].copy() for w, n, k in zip(maps, sizes, n_keys, strict=True)]
        n_class = int(encoder.with_class)
        labels = _labels(
            tokens,
            known_names(estimator, X, inner, inner_X) if encoder.patch_size == 1 else None,
            [n - n_class for n in sizes],
            sample,
            "tokens",
        )
        labels = [["class"] * n_class + names for names in labels]
        keys = labels
        if batch.context is not None:
            keys = _labels(context, None, n_keys, sample, "context")
        return cls(weights, labels, keys, sample).plot(ax, **style)

    @classmethod
    def from_module(
        cls,
        attention: MultiHeadAttention,
        x: torch.Tensor,
        context: torch.Tensor | None = None,
        queries: Sequence[Any] | None = None,
        keys: Sequence[Any] | None = None,
        mask: Any = None,
        sample: int = 0,
        ax: Any = None,
        **style: Any,
    ) -> Self:
        """Compute the maps of a single attention module and draw that of one sample.

        Parameters
        ----------
        attention : MultiHeadAttention
        x : torch.Tensor of shape (batch, n_queries, embedding_size)
            Tokens of the queries.
        context : torch.Tensor of shape (batch, n_keys, embedding_size), default=None
            Tokens of the keys and values, for cross-attention; None is self-attention.
        queries, keys : sequence of str, or of such sequences, default=None
            Labels of the tokens of that sample, or of every sample. None numbers them from 0.
            Without a context, keys have the labels of the queries by default.
        mask : torch.Tensor of bool or LocalAttention, default=None
            As in the module's `forward`: true where a query may attend to a key.
        sample : int, default=0
            Number of the sample to draw.
        ax : array-like of matplotlib.axes.Axes of shape (1, n_heads), default=None
            Where to draw; None makes a new figure.
        **style : dict
            Style keywords, as in `plot`.

        Returns
        -------
        AttentionMapDisplay
            Its maps have one layer only.

        Raises
        ------
        TypeError, ValueError
            If `attention` is not a `MultiHeadAttention`, a tensor does not have three axes,
            `sample` is out of range, the number of labels is wrong, or the mask hides all keys
            from a query.
        """
        if not isinstance(attention, MultiHeadAttention):
            raise TypeError(
                f"attention is a {type(attention).__name__}, but a MultiHeadAttention is "
                "expected. For a fitted estimator use AttentionMapDisplay.from_estimator."
            )
        for name, tensor in (("x", x), ("context", context)):
            if tensor is not None and tensor.ndim != 3:
                raise ValueError(
                    f"{name} has shape {tuple(tensor.shape)}, but (batch, tokens, embedding_size) "
                    f"is expected. For one sample pass {name}[None]."
                )
        if isinstance(mask, torch.Tensor) and mask.dtype != torch.bool:
            raise TypeError(
                f"mask is of type {mask.dtype}, but booleans are expected, true where a query may "
                "attend to a key. Pass mask > 0, or mask == 0 if 0 means that it may."
            )
        with torch.no_grad():
            weights = attention.weights(x, context, mask).unsqueeze(1).cpu().numpy()
        hidden = np.argwhere(np.isnan(weights).all(-1))
        if len(hidden):
            raise ValueError(
                f"mask hides all keys from query {hidden[0, -1]} of sample {hidden[0, 0]}, and a "
                "softmax over no keys is undefined. Allow at least one key, such as itself."
            )
        n_samples, _, _, n_queries, n_keys = weights.shape
        query_labels = _labels(queries, None, [n_queries] * n_samples, sample, "queries")
        if context is None and keys is None:
            keys = query_labels
        key_labels = _labels(keys, None, [n_keys] * n_samples, sample, "keys")
        return cls(list(weights), query_labels, key_labels, sample).plot(ax, **style)

    def _panels(self) -> tuple[tuple[int, ...], str]:
        n_layers, n_heads = shape = self.weights[self.sample].shape[:2]
        return shape, f"one for each of {n_heads} heads in {n_layers} layers"

    def _new_axes(self) -> NDArray[Any]:
        """New axes, large enough for all tokens within the size of a screen."""
        n_layers, n_heads, n_queries, n_keys = self.weights[self.sample].shape
        per_token = min(0.24, 5 / max(n_queries, n_keys), 14 / (n_heads * n_keys))
        width, height = max(1.7, per_token * n_keys), max(1.7, per_token * n_queries)
        figure = new_figure(1.8 + n_heads * (width + 0.2), 0.9 + n_layers * (height + 0.35))
        axes: NDArray[Any] = figure.subplots(n_layers, n_heads, squeeze=False)
        return axes

    def _draw(self, axes: NDArray[Any], *, im_kw: Style) -> None:
        maps = self.weights[self.sample]
        look = {"vmin": 0, "vmax": maps.max(), "cmap": "viridis"}
        for (layer, head), panel in np.ndenumerate(axes):
            image = panel.imshow(maps[layer, head], **look | im_kw)
            panel.set_title(f"layer {layer}, head {head}", fontsize=9)
            _label_ticks(panel.xaxis, self.key_labels[self.sample], layer == len(maps) - 1)
            _label_ticks(panel.yaxis, self.query_labels[self.sample], head == 0)
        for panel in axes[-1]:
            panel.set_xlabel("key")
        for panel in axes[:, 0]:
            panel.set_ylabel("query")
        figure = axes[0, 0].figure
        figure.colorbar(image, ax=list(axes.flat), label="attention weight", aspect=30)


def _label_ticks(axis: Any, labels: list[str], shown: bool) -> None:
    """Label the ticks of an axis, as many as there is space for; none if not `shown`."""
    box = axis.axes.get_window_extent()
    inches = (box.width if axis.axis_name == "x" else box.height) / axis.axes.figure.dpi
    step = math.ceil(len(labels) * _TICK / inches)
    some = labels[::step] if shown else []
    ticks = range(0, len(labels), step) if shown else []
    axis.set_ticks(ticks, some, fontsize=8, parse_math=False)
    if axis.axis_name == "x" and max(map(len, some), default=0) > 2:
        axis.set_tick_params(rotation=90)


def _labels(
    given: Sequence[Any] | None,
    known: list[list[str]] | None,
    sizes: list[int],
    sample: int,
    name: str,
) -> list[list[str]]:
    """Labels of each sample: the given ones, or the known ones if one per token, or numbers."""
    sample = check_number("sample", sample, len(sizes), "samples in X")
    labels = [list(map(str, range(n))) for n in sizes]
    for i, own in enumerate(known or []):
        if len(own) == sizes[i]:
            labels[i] = own
    if given is None:
        return labels
    of_each = len(given) > 0 and all(isinstance(item, list | tuple | np.ndarray) for item in given)
    if of_each and len(given) != len(sizes):
        raise ValueError(
            f"{name} has labels for {len(given)} samples, but there are {len(sizes)}. Pass labels "
            f"for each, or only those of sample {sample}."
        )
    for i, names in enumerate(given) if of_each else [(sample, given)]:
        if len(names) != sizes[i]:
            raise ValueError(
                f"{name} has {len(names)} labels, but sample {i} has {sizes[i]} tokens. Pass one "
                "label per token."
            )
        labels[i] = [str(label) for label in names]
    return labels


def known_names(estimator: Any, X: Any, inner: Any, inner_X: Any) -> list[list[str]] | None:
    """Names of the tokens of each sample, if they are known from the data."""
    kind = inner._fitted.structure.kind
    if kind == "tokens":
        return _words(estimator, X)
    if kind == "graphs":
        return [list(map(str, g)) if isinstance(g, nx.Graph) else [] for g in inner_X]
    columns = getattr(inner, "feature_names_in_", None)
    if kind == "array" and len(inner.sample_shape_) == 1 and columns is not None:
        return [list(map(str, columns))] * len(inner_X)
    return None


def _words(step: Any, X: Any) -> list[list[str]] | None:
    """The tokens of each text as strings, if the first step of the pipeline is a tokenizer."""
    if hasattr(step, "best_estimator_"):
        return _words(step.best_estimator_, X)
    if isinstance(step, Pipeline):
        return _words(step[0], X)
    if not isinstance(step, TextTokenizer):
        return None
    return [
        [
            step.tokenizer_.decode([token], skip_special_tokens=False).translate(_VISIBLE)
            for token in tokens.tolist()
        ]
        for tokens in step.transform(X)
    ]
