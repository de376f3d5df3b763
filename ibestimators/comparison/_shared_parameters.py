"""The parameters that all functions that compare share, and their documentation."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

_SECTIONS = {
    "data": """
X : array-like of shape (n_samples, ...), or list
    Samples of any kind that the estimators read.
y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_outputs)
    Classes; 0 and 1 for each of several labels, maybe as a sparse matrix; or numbers. At
    positions, in the form of X without its features, if `estimators` have ``target='position'``,
    as those of ``biases("classification", target="position")`` have. None for estimators that
    learn from X alone, such as `LanguageModel`, which are scored by their own `score`.
estimators : dict of str to estimator, list, str or estimator, default=None
    Any scikit-learn estimators, pipelines or searches, by name; or a list of them, of names of
    biases, such as "Conv", and of pairs (name, estimator); or one alone. None takes the five
    biases. Names and None stand for classifiers or regressors, depending on y.
""",
    "cv": """
cv : int, splitter or iterable of splits, default=5
    An int makes that many shuffled folds, which keep the proportions of classes (if y holds one
    a sample) and keep `groups` whole. Splitters and ready-made splits are used as they are.
    Folds are of samples, also if y is at positions.
""",
    "options": """
groups : array-like of shape (n_samples,), default=None
    Group of each sample, such as the patient. `cv` gets them, and so does whatever splits
    samples inside an estimator and takes groups: the splitter of a search, and
    `early_stopping` of the estimators of this package.
sample_weight : array-like of shape (n_samples,), default=None
    Weight of each sample, at least 0; those of weight 0 are left out. `fit` and the scores of
    training and test parts get them. In a pipeline, transformers get them only if they request
    them by ``set_fit_request``. Scores that take no weights, such as "neg_max_error" and callables
    without ``sample_weight``, ignore them with a warning. The mean over folds is not weighted.
time : array-like of shape (n_samples,) or (n_samples, 2), default=None
    Time of each sample, or its first and last time, as numbers or dates. Then each fold is
    trained on the past and tested on the future: `cv` splits the distinct times in order (an
    int, by `TimeSeriesSplit`), and training samples that do not end before the first test
    sample begins are left out. Samples may be in any order.
scoring : str, callable, list of str or dict, default=None
    As in scikit-learn; None takes accuracy or R². With several scores the first one decides.
    The accuracy of several labels is the share of samples whose labels are all correct. For y
    at positions, the name of a score stands for that score over all positions with a label;
    see `position_scorer`.
baseline : str, default=None
    Name of the estimator to compare to; None takes the first.
n_repeats : int, default=1
    Number of times to make new folds: `cv` is an int, or a splitter that shuffles and gets a new
    seed each time.
cache : path, default=None
    Directory to which each finished fit is written. A comparison that was interrupted resumes
    from there. Needs an int as `random_state`.
error_score : "raise" or float, default=nan
    Score of a fit that fails; "raise" stops at the first failure.
n_jobs : int, "auto" or None, default=None
    Number of parallel fits, by joblib: ``with parallel_config(backend="dask")`` distributes
    them over a cluster. "auto" starts worker processes once the times of the first fits show
    that they would finish the others sooner. The scores do not depend on it.
random_state : int, RandomState instance or None, default=None
    Seeds the shuffled folds, all other random choices, and the estimators whose
    ``random_state`` is None.
verbose : int, default=0
    Above 0, shows the progress and an estimate of the remaining time: as a bar on a terminal
    or in a notebook, elsewhere as a line for each tenth of the fits.
""",
}


def shares_parameters(function: F) -> F:
    """Replace ``{data}``, ``{cv}`` and ``{options}`` in a docstring by shared parameters."""
    doc = inspect.cleandoc(function.__doc__ or "")
    for name, text in _SECTIONS.items():
        doc = doc.replace(f"{{{name}}}", text.strip())
    function.__doc__ = doc
    return function
