"""The best of all biases: a mixture whose weights come from out-of-fold predictions."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    RegressorMixin,
    is_classifier,
    is_regressor,
)
from sklearn.exceptions import FitFailedWarning
from sklearn.utils import Tags, assert_all_finite, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from ibestimators.base import COLUMNS
from ibestimators.comparison._cells import scores_by_fold, test_size
from ibestimators.comparison._predictions import OutOfFold, over_all_classes
from ibestimators.comparison._result import ComparisonResult
from ibestimators.comparison._setup import Setup, prepare
from ibestimators.comparison._statistics import CONFIDENCE, correlated_bayes, resolution
from ibestimators.comparison._weights import (
    at_temperature,
    choice_probability,
    fitted_temperature,
    greedy_weights,
    log_loss_of,
)
from ibestimators.formatting import counted, listed, records
from ibestimators.pipelines import innermost
from ibestimators.report import Number, Paragraph, Section, Table
from ibestimators.scoring import predicts_positions
from ibestimators.structures import reads_containers
from ibestimators.suite import biases

FOLDS_BEFORE_STOPS = 3


@dataclass(frozen=True, repr=False)
class BiasSearchResult(ComparisonResult):
    """The folds of a search over biases, and the weights that came of them.

    Attributes
    ----------
    members : pandas.DataFrame
        Indexed by estimator: ``weight`` in the mixture, ``choice_probability``, ``loss`` (mean
        out-of-fold log loss after temperature scaling, or squared error; NaN if the estimator
        was dropped) and ``folds``, the number that it was fitted in.
    loss : float
        That of the mixture, on the predictions that its weights were chosen on.
    """

    members: pd.DataFrame = field(default_factory=pd.DataFrame)
    loss: float = np.nan

    def _sentences(self) -> list[str]:
        kept = {name: self.estimators[name] for name in self._in_all_folds()}
        cells = self.cells[self.cells["estimator"].isin(kept)]
        compared = ComparisonResult._sentences(replace(self, cells=cells, estimators=kept))
        return [*self._weights_in_words(), *compared]

    def _in_all_folds(self) -> list[str]:
        return [name for name in self.estimators if pd.notna(self.members["loss"][name])]

    def _weights_in_words(self) -> list[str]:
        ranked = [*records(self.members.sort_values("weight", ascending=False, kind="stable"))]
        weights = [f"{row.Index} {row.weight:.2f}" for row in ranked if row.weight > 0]
        best = min((row for row in ranked if row.loss == row.loss), key=lambda row: row.loss)
        loss = "log loss" if self._are_classes() else "squared error"
        sentences = [
            f"The weights of the mixture are {listed(weights)}. Its {loss} is {self.loss:.4g}, and "
            f"that of {best.Index}, the best single estimator, is {best.loss:.4g}. {best.Index} is "
            f"the best with probability {Number.probability(best.choice_probability).text}."
        ]
        dropped = [
            f"{row.Index} was dropped after {counted(row.folds, 'fold')}."
            for row in ranked
            if row.loss != row.loss
        ]
        return [*sentences, *dropped]

    def _sections(self) -> list[Section]:
        first, *others = super()._sections()
        rows = [
            [
                str(row.Index),
                Number.of(row.weight, ".2f"),
                Number.probability(row.choice_probability),
                Number.of(row.loss, ".4g"),
                Number.of(row.folds, "d"),
            ]
            for row in records(self.members.sort_values("weight", ascending=False, kind="stable"))
        ]
        loss = "log loss" if self._are_classes() else "squared error"
        heads = ["estimator", "weight", "P(best)", loss, "folds"]
        note = (
            "Weights by greedy selection on out-of-fold predictions (Caruana et al. 2004), which "
            "say how much each assumption adds to the others. P(best): the share of bootstrap "
            "samples in which an estimator has the least loss of all. An estimator that is "
            "significantly worse than the leader is dropped before the last fold."
        )
        table = Table("Weights of the mixture", heads, rows)
        return [
            first,
            Section("Weights", [table, Paragraph(note, is_note=True)], "Verdict"),
            *others,
        ]


class _BiasSearch(MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """What `BiasSearchClassifier` and `BiasSearchRegressor` share."""

    def __init__(
        self,
        estimators: Mapping[str, BaseEstimator] | None = None,
        *,
        cv: Any = 5,
        n_jobs: int | str | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimators = estimators
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state

    assumption = "what the data show, a mixture"
    best_name_: str
    estimators_: dict[str, Any]
    weights_: dict[str, float]

    @reads_containers
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Compare the estimators on folds, choose weights, and fit the members on all data.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or list
            Samples of any kind that the estimators read.
        y : array-like of shape (n_samples,)
            Classes or numbers.
        groups : array-like of shape (n_samples,), default=None
            Group of each sample, which the folds keep whole.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample, at least 0: in the training of the members, in their scores and
            in the loss of the mixture. Samples of weight 0 are left out.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If X, y or a parameter cannot be used, or no estimator could be fitted in all folds.
        """
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        estimators = self._checked_estimators()
        setup = prepare(
            X,
            self._checked_y(y),
            estimators,
            cv=self.cv,
            groups=groups,
            sample_weight=sample_weight,
            time=None,
            scoring=None,
            baseline=None,
            n_repeats=1,
            cache=None,
            error_score=np.nan,
            n_jobs=self.n_jobs,
            random_state=self.random_state,
            verbose=0,
        )
        kept = setup.keep_predictions()
        assert kept is not None  # y has one value a sample
        cells, names = _race(setup)
        rows = np.unique(np.concatenate([test for _, test in setup.splits]))
        names = [name for name in names if not np.isnan(kept.values(name)[rows]).any()]
        if not names:
            raise ValueError(
                "No estimator could be fitted in all folds. The first error: "
                f"{cells['error'].dropna().iloc[0]}"
            )
        truth = np.asarray(setup.y)[rows]
        share = np.ones(len(rows))  # of the loss, the mean is 1
        if setup.sample_weight is not None:
            share = setup.sample_weight[rows] / setup.sample_weight[rows].mean()

        def losses_of(mixtures: NDArray[np.float64]) -> NDArray[np.float64]:
            return self._losses(mixtures, truth) * share

        responses = self._calibrated(kept, names, rows, truth, share)
        losses = losses_of(responses)
        weights = greedy_weights(responses, losses_of)
        drawn = None if setup.groups is None else np.asarray(setup.groups)[rows]
        chosen = choice_probability(losses, setup.generator, drawn)
        members = pd.DataFrame(
            {"weight": weights, "choice_probability": chosen, "loss": losses.mean(axis=1)},
            index=pd.Index(names, name="estimator"),
        ).reindex([*setup.estimators])
        members = members.fillna({"weight": 0.0, "choice_probability": 0.0})
        members["folds"] = cells.groupby("estimator").size().reindex(members.index)
        in_mixture = [str(name) for name in members.index[members["weight"] > 0]]
        fitted = Parallel(None if self.n_jobs == "auto" else self.n_jobs)(
            delayed(setup.fit)(setup.estimators[name]) for name in in_mixture
        )
        self.estimators_ = dict(zip(in_mixture, fitted, strict=True))
        self.weights_ = dict(zip(setup.estimators, members["weight"], strict=True))
        self.choice_probability_ = dict(
            zip(setup.estimators, members["choice_probability"], strict=True)
        )
        self.best_name_ = str(members["loss"].idxmin())
        self.result_ = BiasSearchResult(
            cells,
            setup.estimators,
            self.best_name_,
            setup.score_names[0],
            design=setup.design,
            fingerprint=setup.fingerprint,
            predictions=kept.predictions,
            probabilities=kept.probabilities,
            members=members,
            loss=float(losses_of(weights @ responses).mean()),
        )
        self.cv_results_ = _search_results(self.result_)
        for name in COLUMNS:
            if hasattr(self.best_estimator_, name):
                setattr(self, name, getattr(self.best_estimator_, name))
        return self

    @property
    def best_estimator_(self) -> Any:
        """The member of the least out-of-fold loss, fitted on all data."""
        check_is_fitted(self, "estimators_")
        return self.estimators_[self.best_name_]

    @property
    def n_parameters_(self) -> int | None:
        """Trained parameters of all members of this package."""
        check_is_fitted(self, "estimators_")
        counts = [getattr(innermost(e), "n_parameters_", None) for e in self.estimators_.values()]
        known = [n for n in counts if n is not None]
        return sum(known) if known else None

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        members = self.estimators
        if members is None:
            members = biases(
                "classification" if isinstance(self, ClassifierMixin) else "regression"
            )
        if isinstance(members, Mapping):
            tags.input_tags.sparse = all(get_tags(m).input_tags.sparse for m in members.values())
        return tags

    def _checked_estimators(self) -> dict[str, BaseEstimator]:
        """The estimators to compare, or an error."""
        task = "classification" if is_classifier(self) else "regression"
        if self.estimators is None:
            return dict(biases(task))
        if not isinstance(self.estimators, Mapping):
            raise TypeError(
                f"estimators must be a dict of estimators by name, got {self.estimators!r}."
            )
        fits = is_classifier if is_classifier(self) else is_regressor
        for name, est in self.estimators.items():
            if not fits(est):
                raise TypeError(
                    f"estimators[{name!r}] is {est!r}, but {type(self).__name__} needs estimators "
                    f"for {task}."
                )
            if predicts_positions(est):
                raise ValueError(
                    f"estimators[{name!r}] predicts at positions, but {type(self).__name__} mixes "
                    "one prediction a sample. Compare such estimators by compare_biases."
                )
            if is_classifier(self) and not hasattr(est, "predict_proba"):
                raise TypeError(
                    f"estimators[{name!r}] is {est!r} without predict_proba, but probabilities are "
                    "mixed. Wrap it in CalibratedClassifierCV."
                )
        return dict(self.estimators)

    @abstractmethod
    def _checked_y(self, y: Any) -> NDArray[Any]:
        """One class or number a sample, or an error."""

    @abstractmethod
    def _calibrated(
        self,
        kept: OutOfFold,
        names: list[str],
        rows: NDArray[Any],
        y: NDArray[Any],
        share: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """What is mixed, (n_members, n_samples)."""

    @abstractmethod
    def _losses(self, mixtures: NDArray[np.float64], y: NDArray[Any]) -> NDArray[np.float64]:
        """The loss of each sample."""


def _one_value_a_sample(y: Any, name: str) -> NDArray[Any]:
    if getattr(y, "ndim", 1) == 2 and y.shape[1] > 1:
        raise ValueError(
            f"y has shape {y.shape}, but {name} takes one value a sample. Fit one for each column, "
            "or wrap it in MultiOutputRegressor or MultiOutputClassifier."
        )
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name="y")
    return np.asarray(y)


def _race(setup: Setup) -> tuple[pd.DataFrame, list[str]]:
    """`cells`, and the estimators that were fitted in all folds.

    From the third fold on, an estimator that is significantly worse than the leader stops.
    """
    names = [*setup.estimators]
    folds = range(len(setup.splits))
    batches = [folds[:FOLDS_BEFORE_STOPS], *([fold] for fold in folds[FOLDS_BEFORE_STOPS:])]
    cells = pd.DataFrame()
    for batch in batches:
        if len(cells):
            names = _not_worse(setup, cells, names)
        tasks = [setup.task(name, fold) for fold in batch for name in names]
        try:
            new = setup.run(tasks)
        except ValueError:  # all failed: as a rule, for a reason that all data show as well
            setup.fit(tasks[0].estimator)
            raise
        cells = pd.concat([cells, new], ignore_index=True)
    failed = cells[cells["error"].notna()]
    for name, error in failed.groupby("estimator", sort=False)["error"].first().items():
        warnings.warn(
            f"{name} is left out, as a fit failed: {error}", FitFailedWarning, stacklevel=4
        )
    return cells, names


def _not_worse(setup: Setup, cells: pd.DataFrame, names: list[str]) -> list[str]:
    """Those whose corrected 95 % interval of the difference to the leader does not exclude 0."""
    table = cells.pivot(index="fold", columns="estimator", values="score").astype(float)
    scores = table[names].dropna(axis=1)  # a fit that failed is out
    if scores.empty:
        return names
    leader = scores.mean().idxmax()
    step = resolution(setup.score_names[0], test_size(cells))
    is_worse: dict[str, bool] = {}
    for name in map(str, scores):
        gain = scores[name] - scores[leader]
        p_worse, _, _ = correlated_bayes(gain, setup.test_train_ratio, 0.0, step)
        is_worse[name] = name != leader and p_worse > 1 - (1 - CONFIDENCE) / 2
    return [name for name in names if name in is_worse and not is_worse[name]]


def _search_results(result: BiasSearchResult) -> dict[str, Any]:
    """The arrays that scikit-learn's searches have, an entry an estimator."""
    scores = scores_by_fold(result.cells)[[*result.estimators]]
    cells = result.cells.groupby("estimator")
    means = scores.mean()
    return {
        "estimator": np.array([*result.estimators], dtype=object),
        "mean_fit_time": cells["fit_time"].mean()[means.index].to_numpy(),
        "mean_score_time": cells["predict_time"].mean()[means.index].to_numpy(),
        **{f"split{fold}_test_score": row.to_numpy() for fold, row in scores.iterrows()},
        "mean_test_score": means.to_numpy(),
        "std_test_score": scores.std(ddof=0).to_numpy(),
        "rank_test_score": means.rank(ascending=False, method="min", na_option="bottom")
        .astype(int)
        .to_numpy(),
        **{str(name): column.to_numpy() for name, column in result.members.items()},
    }


class BiasSearchClassifier(ClassifierMixin, _BiasSearch):  # type: ignore[misc]
    """The best of all biases: a mixture of classifiers, weighted by what each adds.

    All estimators are fitted on the same folds; one that is significantly worse than the leader
    stops after three folds or more. The probabilities that the others predict for the samples they
    were not trained on are calibrated by a temperature each, and greedy selection gives the weights
    whose mixture has the least log loss. Members with a weight are fitted on all data. That costs
    hardly more than one comparison.

    Parameters
    ----------
    estimators : dict of str to classifier, default=None
        Any classifiers that have `predict_proba`, by name. None takes the five biases.
    cv : int, splitter or iterable of splits, default=5
        As in `compare_biases`.
    n_jobs : int, "auto" or None, default=None
        Number of parallel fits.
    random_state : int, RandomState instance or None, default=None
        Seeds the folds, the bootstrap and the estimators whose ``random_state`` is None.

    Attributes
    ----------
    weights_ : dict of str to float
        Weight of each estimator in the mixture; they sum to 1. Much weight on one bias says that
        its assumption suits the data.
    choice_probability_ : dict of str to float
        Share of bootstrap samples (of groups, if given) in which each estimator has the least log
        loss of all: how sure it is which single one is the best.
    temperatures_ : dict of str to float
        What the logarithms of each member's probabilities are divided by.
    estimators_ : dict of str to classifier
        Members with a weight, fitted on all data.
    best_estimator_ : classifier
        The member of the least log loss.
    best_name_ : str
        Its name.
    result_ : ComparisonResult
        The folds: table, out-of-fold predictions, picture and page, with the weights. An
        estimator that was dropped lacks the folds after that.
    cv_results_ : dict of str to ndarray
        The same in the form of scikit-learn's searches, with ``estimator`` for the names.
    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted.
    n_parameters_ : int or None
        Trained parameters of all members of this package.
    n_features_in_ : int
        Number of features, as the best member counts them.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if X was a data frame.

    References
    ----------
    Caruana et al., "Ensemble selection from libraries of models", ICML (2004). Guo et al., "On
    calibration of modern neural networks", ICML (2017).

    Examples
    --------
    >>> from ibestimators import BiasSearchClassifier, ConvClassifier, MLPClassifier
    >>> from ibestimators.datasets import load_mnist1d
    >>> X, y = load_mnist1d(return_X_y=True)
    >>> members = {"MLP": MLPClassifier(max_epochs=10), "Conv": ConvClassifier(max_epochs=10)}
    >>> search = BiasSearchClassifier(members, cv=2, random_state=0).fit(X[:300], y[:300])
    >>> search.best_name_, search.weights_["Conv"] > 0.8
    ('Conv', True)
    """

    @reads_containers
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probability of each class: the weighted mean of those of the members.

        Parameters
        ----------
        X : array-like
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self, "estimators_")
        return np.asarray(
            sum(
                self.weights_[name]
                * at_temperature(self._all_classes(est, X), self.temperatures_[name])
                for name, est in self.estimators_.items()
            )
        )

    @reads_containers
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Logarithm of `predict_proba`.

        Parameters
        ----------
        X : array-like
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return np.log(self.predict_proba(X))

    @reads_containers
    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class.

        Parameters
        ----------
        X : array-like
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        probability = self.predict_proba(X)
        predicted: NDArray[Any] = self.classes_[probability.argmax(axis=1)]
        return predicted

    def _all_classes(self, est: Any, X: Any) -> NDArray[np.float64]:
        return over_all_classes(est.predict_proba(X), est.classes_, self.classes_)

    def _checked_y(self, y: Any) -> NDArray[Any]:
        y = _one_value_a_sample(y, type(self).__name__)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        return y

    def _calibrated(
        self,
        kept: OutOfFold,
        names: list[str],
        rows: NDArray[Any],
        y: NDArray[Any],
        share: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        codes = np.searchsorted(self.classes_, y)
        probabilities = {name: kept.values(name)[rows] for name in names}
        self.temperatures_ = {
            name: fitted_temperature(p, codes, share) for name, p in probabilities.items()
        }
        return np.array(
            [
                at_temperature(p, self.temperatures_[name])[np.arange(len(y)), codes]
                for name, p in probabilities.items()
            ]
        )

    def _losses(self, mixtures: NDArray[np.float64], y: NDArray[Any]) -> NDArray[np.float64]:
        return log_loss_of(mixtures)


class BiasSearchRegressor(RegressorMixin, _BiasSearch):  # type: ignore[misc]
    """The best of all biases: a mixture of regressors, weighted by what each adds.

    As `BiasSearchClassifier`, with the squared error in place of the log loss, and without a
    temperature.

    Parameters
    ----------
    estimators : dict of str to regressor, default=None
        Any regressors, by name. None takes the five biases.
    cv : int, splitter or iterable of splits, default=5
        As in `compare_biases`.
    n_jobs : int, "auto" or None, default=None
        Number of parallel fits.
    random_state : int, RandomState instance or None, default=None
        Seeds the folds, the bootstrap and the estimators whose ``random_state`` is None.

    Attributes
    ----------
    weights_ : dict of str to float
        Weight of each estimator in the mixture; they sum to 1.
    choice_probability_ : dict of str to float
        Share of bootstrap samples (of groups, if given) in which each estimator has the least
        squared error of all.
    estimators_ : dict of str to regressor
        Members with a weight, fitted on all data.
    best_estimator_ : regressor
        The member of the least squared error.
    best_name_ : str
        Its name.
    result_ : ComparisonResult
        The folds: table, out-of-fold predictions, picture and page, with the weights. An
        estimator that was dropped lacks the folds after that.
    cv_results_ : dict of str to ndarray
        The same in the form of scikit-learn's searches, with ``estimator`` for the names.
    n_parameters_ : int or None
        Trained parameters of all members of this package.
    n_features_in_ : int
        Number of features, as the best member counts them.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if X was a data frame.

    References
    ----------
    Caruana et al., "Ensemble selection from libraries of models", ICML (2004).

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from ibestimators import BiasSearchRegressor, MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> members = {"MLP": MLPRegressor(max_epochs=20), "linear": Ridge(0.1)}
    >>> search = BiasSearchRegressor(members, cv=3, random_state=0).fit(X, y)
    >>> round(sum(search.weights_.values()), 6), search.score(X, y) > 0.4
    (1.0, True)
    """

    @reads_containers
    def predict(self, X: Any) -> NDArray[np.float64]:
        """The weighted mean of the members' predictions, in the units of y.

        Parameters
        ----------
        X : array-like
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self, "estimators_")
        return np.asarray(
            sum(self.weights_[name] * est.predict(X) for name, est in self.estimators_.items())
        )

    def _checked_y(self, y: Any) -> NDArray[np.float64]:
        return _one_value_a_sample(y, type(self).__name__).astype(float)

    def _calibrated(
        self,
        kept: OutOfFold,
        names: list[str],
        rows: NDArray[Any],
        y: NDArray[Any],
        share: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        return np.array([kept.values(name)[rows] for name in names])

    def _losses(self, mixtures: NDArray[np.float64], y: NDArray[Any]) -> NDArray[np.float64]:
        return np.square(mixtures - y)
