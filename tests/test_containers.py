"""Every public function takes its data in the containers of other libraries."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import optional
from sklearn.model_selection import GridSearchCV, cross_val_score

import ibestimators
from ibestimators import (
    AttentionClassifier,
    AttentionMapDisplay,
    BiasSearchClassifier,
    BiasSearchRegressor,
    ConvClassifier,
    FeatureMapDisplay,
    GradientNormDisplay,
    HiddenStateDisplay,
    ImportanceDisplay,
    Invariant,
    MLPClassifier,
    MLPRegressor,
    PositionDisplay,
    RecurrentClassifier,
    compare_biases,
    compare_learning_curves,
    compare_parameter_scaling,
    diagnose,
    equivariance_error,
    find_symmetries,
    forecasting,
    race_biases,
    sample_importance,
    screen_biases,
    structure_ablation,
    structure_importance,
)
from ibestimators.comparison import destroy_structure
from ibestimators.structures import in_memory

COLUMNS = list("abcd")
rng = np.random.default_rng(0)
N = 48


class Data(NamedTuple):
    """X, and what comes beside it."""

    X: Any
    y: Any
    numbers: Any
    weight: Any
    groups: Any
    time: Any


PLAIN = rng.normal(size=(N, 4))
DATA = Data(
    PLAIN,
    (PLAIN[:, 0] > 0).astype(int),
    PLAIN[:, 0] + 1,
    rng.uniform(0.5, 1, size=N),
    np.arange(N) // 2,
    np.arange(N),
)


def _frame(X: Any) -> pd.DataFrame:
    return pd.DataFrame(X, columns=COLUMNS)


def _dask_frame(values: Any) -> Any:
    optional("dask")
    frames = pytest.importorskip("dask.dataframe")
    whole = _frame(values) if values.ndim == 2 else pd.Series(values)
    return frames.from_pandas(whole, npartitions=2)


def _dask_array(values: Any) -> Any:
    optional("dask")
    array = pytest.importorskip("dask.array").from_array(values, chunks=(20,) * values.ndim)
    return array[array[:, 0] < np.inf] if values.ndim == 2 else array  # of unknown length


def _pyarrow(values: Any) -> Any:
    pyarrow = pytest.importorskip("pyarrow")
    if values.ndim == 1:
        return pyarrow.chunked_array([values[:20], values[20:]])
    return pyarrow.table(dict(zip(COLUMNS, values.T, strict=True)))


def _polars(values: Any) -> Any:
    polars = optional("polars")
    return polars.DataFrame(values, COLUMNS) if values.ndim == 2 else polars.Series(values)


CONTAINERS: dict[str, Callable[[Any], Any]] = {
    "torch": lambda v: torch.tensor(v, requires_grad=v.dtype.kind == "f"),
    "dask array": _dask_array,
    "dask frame": _dask_frame,
    "pyarrow": _pyarrow,
    "polars": _polars,
    "polars, lazy": lambda v: _polars(v).lazy() if v.ndim == 2 else _polars(v),
}


def mlp(**parameters: Any) -> MLPClassifier:
    return MLPClassifier(max_epochs=1, hidden_layer_sizes=(8,), random_state=0, **parameters)


def regressor() -> MLPRegressor:
    return MLPRegressor(max_epochs=1, hidden_layer_sizes=(8,), random_state=0)


def two() -> dict[str, Any]:
    return {"MLP": mlp(), "no scale": mlp(standardize=False)}


FOLDS = {"cv": 2, "random_state": 0}


def fit(d: Data) -> Any:
    est = mlp(early_stopping=True, validation_fraction=0.3)
    return est.fit(d.X, d.y, sample_weight=d.weight, groups=d.groups).predict_proba(d.X)


def predict(d: Data) -> Any:
    est = mlp().fit(d.X, d.y)
    return [est.predict(d.X), est.predict_log_proba(d.X), est.score(d.X, d.y, d.weight)]


def regression(d: Data) -> Any:
    est = regressor().fit(d.X, d.numbers, d.weight)
    return [est.predict(d.X), est.score(d.X, d.numbers, d.weight)]


def partial_fit(d: Data) -> Any:
    est = mlp().partial_fit(d.X, d.y, classes=[0, 1], sample_weight=d.weight)
    first = est.predict_proba(d.X)
    return [first, regressor().partial_fit(d.X, d.numbers, d.weight).predict(d.X)]


def sizes(d: Data) -> Any:
    est = mlp().fit(d.X, d.y)
    return [est.count_parameters(d.X, d.y), est.count_multiply_adds(d.X)]


def comparison(d: Data) -> Any:
    result = compare_biases(d.X, d.y, two(), groups=d.groups, **FOLDS)
    errors = [result.sample_errors(d.y), result.disagreements(d.y).drop(columns="best")]
    return [result.cells["score"], *errors]


def in_time(d: Data) -> Any:
    return compare_biases(d.X, d.numbers, [regressor()], time=d.time, **FOLDS).cells["score"]


def learning_curves(d: Data) -> Any:
    result = compare_learning_curves(d.X, d.y, two(), train_sizes=[10, 20], **FOLDS)
    return result.cells["score"]


def ablation(d: Data) -> Any:
    return structure_ablation(d.X, d.y, two(), groups=d.groups, **FOLDS).cells["score"]


def race(d: Data) -> Any:
    return race_biases(d.X, d.y, two(), factor=2, **FOLDS).rounds["score"]


def parameter_scaling(d: Data) -> Any:
    sizes = [400, 800]
    return compare_parameter_scaling(d.X, d.y, [mlp()], n_parameters=sizes, **FOLDS).frame["score"]


def importance(d: Data) -> Any:
    est = mlp().fit(d.X, d.y)
    overall = structure_importance(est, d.X, d.y, n_repeats=2, random_state=0)
    own = sample_importance(est, first_row(d.X), d.X, random_state=0)
    return [overall.importances, own.importances]


def first_row(X: Any) -> Any:
    return in_memory(X)[:1]


def classifier_search(d: Data) -> Any:
    search = BiasSearchClassifier(two(), **FOLDS).fit(d.X, d.y, groups=d.groups)
    return [search.predict(d.X), search.predict_proba(d.X), search.score(in_memory(d.X), d.y)]


def regressor_search(d: Data) -> Any:
    return BiasSearchRegressor({"MLP": regressor()}, **FOLDS).fit(d.X, d.numbers).predict(d.X)


def symmetries(d: Data) -> Any:
    return find_symmetries(d.X, d.y, n_scrambles=19, random_state=0).frame["gain"]


def invariant(d: Data) -> Any:
    est = Invariant(mlp(), "reversal").fit(d.X, d.y, d.weight)
    return est.predict_proba(d.X)


def screening(d: Data) -> Any:
    return screen_biases(d.X, d.y, {"MLP": MLPClassifier()}, random_state=0).frame["log_density"]


def diagnosis(d: Data) -> Any:
    return len(diagnose(d.X, d.y, groups=d.groups, random_state=0, time_limit=0.1).findings)


def equivariance(d: Data) -> Any:
    return equivariance_error(mlp().fit(d.X, d.y), d.X, "reflection", random_state=0)


def destroyed(d: Data) -> Any:
    return np.asarray(destroy_structure(d.X, random_state=0))


def cut_into_windows(d: Data) -> Any:
    cut = forecasting.windows(d.X, 3, exog=d.numbers, known=d.weight)
    return [cut.X, cut.y]


def forecasts(d: Data) -> Any:
    forecaster = forecasting.Forecaster(regressor(), lags=3).fit(d.numbers, exog=d.weight)
    ahead = forecaster.predict(series=d.numbers, exog=d.weight)
    return [ahead, forecasting.mase(d.numbers, d.weight, d.numbers)]


def displays(d: Data) -> Any:
    attention = AttentionClassifier(max_epochs=1, n_layers=1, random_state=0).fit(d.X, d.y)
    conv = ConvClassifier(max_epochs=1, random_state=0).fit(d.X, d.y)
    recurrent = RecurrentClassifier(max_epochs=1, bidirectional=False, random_state=0)
    recurrent.fit(d.X, d.y)
    GradientNormDisplay.from_estimator(recurrent, d.X, d.y)
    FeatureMapDisplay.from_estimator(conv, d.X)
    HiddenStateDisplay.from_estimator(recurrent, d.X)
    ImportanceDisplay.from_estimator(attention, d.X, d.y, n_repeats=1, random_state=0)
    at_positions = mlp(target="position").fit(d.X, (PLAIN > 0).astype(int))
    PositionDisplay.from_estimator(at_positions, d.X)
    return AttentionMapDisplay.from_estimator(attention, d.X).weights


FUNCTIONS: list[Callable[[Data], Any]] = [
    fit,
    predict,
    regression,
    partial_fit,
    sizes,
    comparison,
    in_time,
    learning_curves,
    ablation,
    race,
    parameter_scaling,
    importance,
    classifier_search,
    regressor_search,
    symmetries,
    invariant,
    screening,
    diagnosis,
    equivariance,
    destroyed,
    cut_into_windows,
    forecasts,
    displays,
]


@cache
def expected(function: Callable[[Data], Any]) -> Any:
    return function(DATA)


def packed(container: str) -> Data:
    return Data(*map(CONTAINERS[container], DATA))


def assert_same(found: Any, wanted: Any) -> None:
    if isinstance(wanted, list):
        for pair in zip(found, wanted, strict=True):
            assert_same(*pair)
    else:
        np.testing.assert_allclose(np.asarray(found, float), np.asarray(wanted, float), rtol=1e-4)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_container_gives_what_an_array_gives(function, container):
    assert_same(function(packed(container)), expected(function))


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_page_describes_data_in_a_container(container, tmp_path):
    data = packed(container)
    result = compare_biases(data.X, data.y, {"MLP": mlp()}, **FOLDS)
    page = result.to_html(tmp_path / "page.html", X=data.X, y=data.y).read_text()
    assert "48" in page


@pytest.mark.parametrize("container", CONTAINERS)
def test_scikit_learn_splits_what_it_can_index(container):
    if container in ("dask frame", "polars, lazy"):
        pytest.skip("scikit-learn cannot take rows of it")
    data = packed(container)
    est, X = mlp(), data.X
    if container == "dask array":
        X = X.compute_chunk_sizes()
    assert_same(cross_val_score(est, X, data.y, cv=2), cross_val_score(est, PLAIN, DATA.y, cv=2))
    search = GridSearchCV(est, {"lr": [0.01, 0.02]}, cv=2, error_score="raise").fit(X, data.y)
    assert_same(search.predict_proba(X), search.predict_proba(X))


def test_classes_may_be_the_only_column_of_a_frame():
    frame = pd.DataFrame({"y": DATA.y})
    found = compare_biases(PLAIN, frame, [mlp()], **FOLDS).cells["score"]
    assert_same(found, compare_biases(PLAIN, DATA.y, [mlp()], **FOLDS).cells["score"])


def test_samples_of_a_list_may_be_tensors():
    X = [torch.randn(3 + i % 4, 2, requires_grad=True) for i in range(N)]
    arrays = [x.detach().numpy() for x in X]
    est = RecurrentClassifier(max_epochs=1, random_state=0).fit(X, DATA.y)
    np.testing.assert_array_equal(est.predict(X), est.predict(arrays))
    tokens = [torch.tensor([i % 3, 1, i % 2]) for i in range(N)]
    assert len(mlp().fit(tokens, torch.tensor(DATA.y)).predict(tokens)) == N


@pytest.mark.parametrize(
    ("tensor", "array"),
    [
        (torch.tensor([1.5, 2.0], dtype=torch.bfloat16), np.array([1.5, 2.0], np.float32)),
        (torch.eye(3).to_sparse(), np.eye(3)),
        (torch.tensor([1 + 2j]).conj(), np.array([1 - 2j])),
        (torch.tensor([True]), np.array([True])),
    ],
)
def test_tensors_that_numpy_does_not_take_at_once(tensor, array):
    np.testing.assert_array_equal(in_memory(tensor), array)


def test_what_is_no_container_stays_itself():
    frame = pd.DataFrame(PLAIN)
    for values in (PLAIN, frame, frame[0], [1, 2], ["a"], None, "text", (PLAIN, PLAIN)):
        assert in_memory(values) is values


def public_functions() -> Iterator[tuple[str, Any]]:
    """All functions and methods that users call, by name."""
    for package in (ibestimators, forecasting):
        for name in set(package.__all__) - {"compare_data_sets", "compare_over_data_sets"}:
            item = getattr(package, name)
            if inspect.isclass(item):
                for method, function in inspect.getmembers(item, callable):
                    if method[0] != "_" and method != "inverse_transform":  # of tokens
                        yield f"{name}.{method}", function
            elif inspect.isroutine(item):
                yield name, item


def test_every_function_that_takes_data_reads_containers():
    deaf = []
    for name, function in public_functions():
        own = inspect.unwrap(function)
        if not (own.__module__ or "").startswith("ibestimators"):
            continue  # scikit-learn's
        takes_data = {"X", "y", "series"} & set(inspect.signature(own).parameters)
        codes, layer = [], function
        while layer is not None:
            codes.append(getattr(layer, "__qualname__", ""))
            codes.append(layer.__code__.co_qualname if hasattr(layer, "__code__") else "")
            layer = getattr(layer, "__wrapped__", None)
        if takes_data and not any("reads_containers" in code for code in codes):
            deaf.append(name)
    assert not deaf
