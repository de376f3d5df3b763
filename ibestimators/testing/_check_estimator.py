"""The battery of checks: all at once, one by one, or as cases of pytest."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ibestimators.testing._checks import CHECKS, Check, applies
from ibestimators.testing._data import KINDS


@dataclass(frozen=True)
class EstimatorCheck:
    """A check on one kind of X: call it with an unfitted estimator.

    Attributes
    ----------
    name : str
        Name of the check.
    kind : str
        Kind of X that it runs on.
    """

    name: str
    kind: str
    _check: Check
    _kinds: tuple[str, ...]

    def __call__(self, estimator: Any) -> None:
        """Run the check.

        Parameters
        ----------
        estimator : Estimator
            Unfitted; clones of it are fitted.

        Raises
        ------
        AssertionError
            If the estimator does not do what is required. Errors of the estimator pass through.
        """
        with warnings.catch_warnings():
            # MLPs say so when a sequence is longer than those in fit.
            warnings.filterwarnings("ignore", message=".*sequences in X are longer")
            self._check(estimator, self.kind, self._kinds)


def estimator_checks(
    estimator: Any, *, kinds: Sequence[str] | None = None
) -> Iterator[EstimatorCheck]:
    """Yield the checks of `check_estimator` one by one.

    Parameters
    ----------
    estimator : Estimator
        An instance of a subclass of `Estimator`.
    kinds : sequence of str, default=None
        As in `check_estimator`.

    Yields
    ------
    EstimatorCheck
        A function of the estimator with a `name` and a `kind`.

    Examples
    --------
    >>> from ibestimators import MLPClassifier
    >>> from ibestimators.testing import estimator_checks
    >>> mlp = MLPClassifier(hidden_layer_sizes=(8,))
    >>> for check in estimator_checks(mlp, kinds=["tokens"]):
    ...     if check.name == "check_object_array":
    ...         check(mlp)
    """
    if isinstance(estimator, type):
        raise TypeError(
            f"check_estimator expects an instance, but got the class {estimator.__name__}. "
            f"Pass {estimator.__name__}()."
        )
    read = tuple(KINDS if kinds is None else kinds)
    if unknown := set(read) - set(KINDS):
        raise ValueError(f"kinds has {sorted(unknown)}, but must be among {list(KINDS)}.")
    for kind in read:
        for check in CHECKS:
            if applies(check, estimator, kind, read):
                yield EstimatorCheck(check.__name__, kind, check, read)


def check_estimator(
    estimator: Any, *, kinds: Sequence[str] | None = None, on_fail: str | None = "raise"
) -> list[dict[str, Any]]:
    """Check an estimator on every kind of X.

    For estimators built on this package, such as a subclass of `ConvClassifier` or a new inductive
    bias. It complements ``sklearn.utils.estimator_checks.check_estimator``, which knows tables
    only: here the same is required of series, images, volumes, sequences, tokens, graphs and pairs.
    The data are small and the networks train for a few epochs, so that all checks of an estimator
    take about half a minute.

    Parameters
    ----------
    estimator : Estimator
        Unfitted instance of a subclass of `Estimator`; clones of it are fitted. The checks set
        `max_epochs` and `random_state`; one sets `batch_size` and `dtype` too. With
        ``target='position'``, y has a value at each position.
    kinds : sequence of str, default=None
        Kinds of X that the estimator reads, among "table", "series", "images", "volumes",
        "ragged" (sequences of different lengths), "tokens", "networkx", "adjacency" and
        "edge_index" (three forms of graphs), and "pairs". None for all of them.
    on_fail : {"raise"} or None, default="raise"
        Whether the first failure is raised. With None all checks run, and the result has the
        failures.

    Returns
    -------
    list of dict
        One entry for each check that ran, with the keys `check_name`, `kind`, `status` ("passed"
        or "failed") and `exception` (None if passed). A check that does not apply to a kind, or
        to the tags of the estimator, has no entry, so that the length of the list is the number
        of checks.

    Raises
    ------
    TypeError
        If `estimator` is a class.
    ValueError
        If a kind is unknown.
    AssertionError
        If a check fails and `on_fail` is "raise". Errors of the estimator pass through.

    See Also
    --------
    parametrize_with_checks : The same for pytest, each check as a test.

    Examples
    --------
    >>> from ibestimators import MLPClassifier
    >>> from ibestimators.testing import check_estimator
    >>> checks = check_estimator(MLPClassifier(hidden_layer_sizes=(8,)), kinds=["tokens"])
    >>> len(checks), {check["status"] for check in checks}
    (14, {'passed'})
    """
    if on_fail not in ("raise", None):
        raise ValueError(f"on_fail={on_fail!r}, but must be 'raise' or None.")
    results = []
    for check in estimator_checks(estimator, kinds=kinds):
        failure = None
        try:
            check(estimator)
        except Exception as error:
            if on_fail == "raise":
                error.add_note(f"{check.name} failed on kind {check.kind!r} for {estimator!r}.")
                raise
            failure = error
        results.append(
            {
                "check_name": check.name,
                "kind": check.kind,
                "status": "passed" if failure is None else "failed",
                "exception": failure,
            }
        )
    return results


def parametrize_with_checks(
    estimators: Sequence[Any], *, kinds: Sequence[str] | None = None
) -> Callable[..., Any]:
    """Make each check of each estimator a test of pytest.

    Parameters
    ----------
    estimators : sequence of Estimator
        Unfitted instances.
    kinds : sequence of str, default=None
        As in `check_estimator`.

    Returns
    -------
    pytest.MarkDecorator
        For a test with the arguments `estimator` and `check`.

    Examples
    --------
    >>> from ibestimators import ConvClassifier
    >>> from ibestimators.testing import parametrize_with_checks
    >>> @parametrize_with_checks([ConvClassifier(n_filters=(4,))], kinds=["series", "images"])
    ... def test_conv(estimator, check):
    ...     check(estimator)
    """
    import pytest

    cases = [
        pytest.param(estimator, check, id=f"{type(estimator).__name__}-{check.kind}-{check.name}")
        for estimator in estimators
        for check in estimator_checks(estimator, kinds=kinds)
    ]
    return pytest.mark.parametrize(("estimator", "check"), cases)
