"""Scores over the positions of samples that have a label.

A metric of scikit-learn takes one row a sample. Here its rows are positions: `position_scorer`
packs y and the predictions, and leaves out positions without a label.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_classifier
from sklearn.metrics import get_scorer
from sklearn.utils.metadata_routing import MetadataRequest

from ibestimators.pipelines import innermost
from ibestimators.structures import Positions, is_flat, is_labelled, rows_of, weights_of_rows

__all__ = ["PositionScorer", "position_scorer", "predicts_positions"]

_RESPONSES = ("predict", "predict_proba", "predict_log_proba", "decision_function")


class PositionScorer:
    """A scorer of predictions at positions; see `position_scorer`.

    Parameters
    ----------
    scoring : str or callable
    by : {"pooled", "sample"}
    """

    def __init__(self, scoring: str | Callable[..., float], by: str) -> None:
        self.scoring = scoring
        self.by = by

    @property
    def __name__(self) -> str:  # noqa: PLW3201 (as functions have)
        name = self.scoring if isinstance(self.scoring, str) else _name_of(self.scoring)
        return name if self.by == "pooled" else f"{name} by {self.by}"

    def __repr__(self) -> str:
        return f"position_scorer({self.scoring!r}, by={self.by!r})"

    def get_metadata_routing(self) -> MetadataRequest:
        """What scikit-learn's metadata routing asks: weights are requested."""
        request = MetadataRequest(owner=type(self).__name__)
        request.score.add_request(param="sample_weight", alias=True)
        return request

    def __call__(
        self, estimator: Any, X: Any, y: Any, sample_weight: ArrayLike | None = None
    ) -> float:
        """Score a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Its `predict` gives a value at each position, in the form of y.
        X : array-like or list of n_samples
        y : array-like or list of n_samples
            In the form of X without its features.
        sample_weight : array-like, default=None
            Weight of each sample or, in the form of y, of each position.

        Returns
        -------
        float
        """
        score = get_scorer(self.scoring)
        positions = _positions_of(y, estimator)
        rows = positions.pack(y, "y")
        labelled = is_labelled(rows, is_classifier(estimator))
        if not labelled.any():
            raise ValueError("y holds no label, so that there is nothing to score.")
        weight = None if sample_weight is None else weights_of_rows(sample_weight, positions)
        responses = _Responses(estimator, positions)
        if self.by == "pooled":
            parts = [labelled]
        else:
            sample = positions.sample
            parts = [labelled & (sample == i) for i in np.unique(sample[labelled])]
        scores = []
        for part in parts:
            responses.part = part
            options = {} if weight is None else {"sample_weight": weight[part]}
            scores.append(score(responses, X, rows_of(rows, part), **options))
        return float(np.mean(scores))


def position_scorer(scoring: str | Callable[..., float], by: str = "pooled") -> PositionScorer:
    """Make a scorer of scikit-learn one of the positions that have a label.

    For estimators with ``target='position'``. scikit-learn's own scorers take the second axis of y
    for several labels of a sample, or fail.

    Parameters
    ----------
    scoring : str or callable
        A score of scikit-learn, such as "f1_macro", or what `sklearn.metrics.make_scorer` returns.
    by : {"pooled", "sample"}, default="pooled"
        "pooled" scores the labels of all samples at once, so that long samples weigh more;
        "sample" takes the mean of the scores of all samples that have a label.

    Returns
    -------
    PositionScorer
        A callable ``(estimator, X, y, sample_weight=None)``, for `scoring` in scikit-learn's
        functions and in those of this package.

    Raises
    ------
    ValueError
        If `by` is neither, or there is no score of that name.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import cross_val_score
    >>> from ibestimators import ConvClassifier, position_scorer
    >>> X = np.random.default_rng(0).normal(size=(60, 20))
    >>> y = (X + np.roll(X, 1, axis=1) > 0).astype(int)  # a label at each step
    >>> y[:, 10:] = -1  # no label
    >>> conv = ConvClassifier(target="position", max_epochs=10, random_state=0)
    >>> scores = cross_val_score(conv, X, y, scoring=position_scorer("f1_macro"), cv=3)
    >>> bool(scores.mean() > 0.85)
    True
    """
    if by not in ("pooled", "sample"):
        raise ValueError(f"by must be 'pooled' or 'sample', got {by!r}.")
    if isinstance(scoring, PositionScorer):
        raise ValueError(f"{scoring!r} scores positions already.")
    get_scorer(scoring)
    return PositionScorer(scoring, by)


def predicts_positions(estimator: Any) -> bool:
    """Whether an estimator, or the one inside it, predicts a value at each position."""
    return getattr(innermost(estimator), "target", "sample") == "position"


def _name_of(scorer: Any) -> str:
    function = getattr(scorer, "_score_func", scorer)
    return str(getattr(function, "__name__", "score"))


class _Responses:
    """An estimator whose predictions are the rows of some positions.

    Parameters
    ----------
    estimator : estimator
    positions : Positions
        Of y.

    Attributes
    ----------
    part : ndarray of bool
        The rows that predictions have.
    """

    part: NDArray[np.bool_]

    def __init__(self, estimator: Any, positions: Positions) -> None:
        self.estimator = estimator
        self.positions = positions
        self.known: dict[str, NDArray[Any]] = {}  # predictions do not depend on the part

    def __sklearn_tags__(self) -> Any:
        return self.estimator.__sklearn_tags__()

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.estimator, name)
        if name not in _RESPONSES:
            return value

        def rows(X: Any) -> NDArray[Any]:
            if name not in self.known:
                self.known[name] = self.positions.pack(value(X), f"{name}(X)", of="y")
            return self.known[name][self.part]

        rows.__name__ = name
        return rows


def _positions_of(y: Any, estimator: Any) -> Positions:
    """The positions of y, as many axes as those of the samples that the estimator was fitted on."""
    if is_flat(y):
        raise ValueError(
            "y has one value a sample, but a value at each position is scored. Use a scorer of "
            "scikit-learn."
        )
    shape = getattr(innermost(estimator), "sample_shape_", None)
    is_array = hasattr(y, "shape") if shape is None else None not in shape
    if not is_array:
        return Positions(np.array([len(item) for item in y], dtype=np.int64), None)
    axes = np.shape(y)[1:] if shape is None else np.shape(y)[1 : 1 + max(1, len(shape) - 1)]
    return Positions(np.full(len(y), int(np.prod(axes))), axes)
