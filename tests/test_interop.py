"""Other libraries, the real ones, take these estimators as they take scikit-learn's own."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import IRIS, optional
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import MlflowLogger

from ibestimators import (
    ConvClassifier,
    GraphClassifier,
    GraphRegressor,
    MLPClassifier,
    MLPRegressor,
    RecurrentClassifier,
    compare_biases,
)

X, Y = IRIS


def test_optuna_searches_and_prunes():
    optuna = optional("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def objective(trial):
        est = MLPClassifier(
            lr=trial.suggest_float("lr", 1e-5, 1e-1, log=True), max_epochs=1, random_state=0
        )
        for epoch in range(4):
            est.partial_fit(X[::2], Y[::2], classes=[0, 1, 2])
            trial.report(score := est.score(X[1::2], Y[1::2]), epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return score

    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=2),
    )
    study.optimize(objective, n_trials=8)
    states = [trial.state.name for trial in study.trials]
    assert "PRUNED" in states
    assert study.best_value > 0.6


def test_imbalanced_learn_resamples_in_front():
    imblearn = optional("imblearn")
    rare = np.r_[np.arange(50), np.arange(50, 55)]
    pipeline = imblearn.pipeline.make_pipeline(
        StandardScaler(),
        imblearn.over_sampling.SMOTE(k_neighbors=3, random_state=0),
        MLPClassifier(max_epochs=5, random_state=0),
    )
    pipeline.fit(X[rare], Y[rare])
    assert pipeline.score(X[50:100], Y[50:100]) > 0.9
    assert imblearn.ensemble.BalancedBaggingClassifier(
        MLPClassifier(max_epochs=2), n_estimators=2, random_state=0
    ).fit(X[rare], Y[rare]).predict(X).shape == (150,)


def test_shap_explains_predictions():
    shap = optional("shap")
    rng = np.random.default_rng(0)
    data = rng.normal(size=(300, 4))
    est = MLPRegressor(max_epochs=40, random_state=0).fit(data, 3 * data[:, 0] - data[:, 2])
    explained = shap.Explainer(est.predict, data[:50], seed=0)(data[:20])
    # Additive: the parts sum to the prediction; and the columns that matter are found.
    total = explained.base_values + explained.values.sum(1)
    np.testing.assert_allclose(total, est.predict(data[:20]), atol=1e-4)
    size = np.abs(explained.values).mean(0)
    assert list(np.argsort(-size)[:2]) == [0, 2]


def test_polars_frames_keep_their_names():
    polars = optional("polars")
    frame = polars.DataFrame(X, schema=["a", "b", "c", "d"])
    est = MLPClassifier(max_epochs=1, random_state=0).fit(frame, polars.Series(Y))
    assert list(est.feature_names_in_) == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(est.predict(frame), est.predict(frame[["a", "b", "c", "d"]]))
    with pytest.raises(ValueError, match="feature names"):
        est.predict(frame[["b", "a", "c", "d"]])
    biases = {"MLP": MLPClassifier(max_epochs=1)}
    assert len(compare_biases(frame, polars.Series(Y), biases, cv=2, random_state=0).cells) == 2


def test_sktime_series_of_any_length():
    optional("sktime")
    from sktime.datasets import load_gunpoint, load_japanese_vowels

    panel, y = load_gunpoint("TRAIN", return_type="numpy3D")
    est = ConvClassifier(channels_first=True, max_epochs=10, random_state=0).fit(panel, y)
    assert est.sample_shape_ == (150, 1)
    assert est.score(panel, y) > 0.6
    frames, y = load_japanese_vowels("TRAIN", return_type="df-list")
    est = RecurrentClassifier(max_epochs=5, random_state=0).fit(frames, y)
    assert list(est.feature_names_in_) == list(map(str, frames[0].columns))
    assert est.score(frames, y) > 0.5


def test_aeon_collections():
    optional("aeon")
    from aeon.datasets import load_japanese_vowels, load_unit_test

    series, y = load_unit_test("train")  # (n, channels, steps)
    est = ConvClassifier(channels_first=True, max_epochs=3, random_state=0).fit(series, y)
    assert est.sample_shape_ == (24, 1)
    ragged, y = load_japanese_vowels("train")  # a list of (channels, steps)
    est = RecurrentClassifier(channels_first=True, max_epochs=5, random_state=0).fit(ragged, y)
    assert est.sample_shape_ == (None, 12)
    assert est.score(ragged, y) > 0.5


def test_pytorch_geometric_data():
    pyg = optional("torch_geometric")
    import torch

    torch.manual_seed(0)
    graphs = []
    for i in range(40):  # rings, and stars of as many nodes
        node = torch.arange(4 + i % 5)
        edges = torch.stack([node, node.roll(-1)] if i % 2 else [node[1:], 0 * node[1:]])
        edges = torch.cat([edges, edges.flip(0)], 1)
        degree = torch.bincount(edges[1]).float().unsqueeze(1)
        graphs.append(pyg.data.Data(x=degree, edge_index=edges, y=i % 2))
    y = np.array([graph.y for graph in graphs])
    est = GraphClassifier(random_state=0).fit(graphs, y)
    assert est.score(graphs, y) == 1
    batch = pyg.data.Batch.from_data_list(graphs)
    np.testing.assert_array_equal(est.predict(batch.to_data_list()), est.predict(graphs))
    GraphRegressor(max_epochs=1).fit(graphs, y.astype(float))


@pytest.mark.filterwarnings("ignore:The ``noload`` loader")  # of SQLAlchemy, which MLflow uses
def test_skorchs_logger_writes_epochs_to_mlflow(tmp_path):
    mlflow = optional("mlflow")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/runs.db")
    client = mlflow.tracking.MlflowClient()
    run = client.create_run(client.create_experiment("biases"))
    logger = MlflowLogger(run, client, create_artifact=False, terminate_after_train=True)
    est = MLPClassifier(max_epochs=3, callbacks=[logger], random_state=0).fit(X, Y)
    logged = [metric.value for metric in client.get_metric_history(run.info.run_id, "train_loss")]
    np.testing.assert_allclose(logged, est.loss_curve_)


@pytest.mark.filterwarnings("ignore:.*type hint is inferred")  # MLflow of its own functions
def test_mlflow_keeps_a_model_by_its_own_means(tmp_path):
    mlflow = optional("mlflow")
    optional("mlflow.sklearn")
    est = make_pipeline(StandardScaler(), MLPClassifier(max_epochs=2, random_state=0)).fit(X, Y)
    mlflow.sklearn.save_model(est, tmp_path / "model", serialization_format="cloudpickle")
    again = mlflow.sklearn.load_model(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(X), est.predict_proba(X))


def test_cross_val_score_of_a_pandas_frame():
    frame, y = load_iris(return_X_y=True, as_frame=True)
    assert cross_val_score(MLPClassifier(random_state=0), frame, y, cv=3).mean() > 0.9
