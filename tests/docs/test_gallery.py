"""The gallery's examples find what they say they find."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import optional

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.slow


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run an example elsewhere, without a window, and give its names.

    As in the gallery, a figure is shown, and closed, at the end of the block that made it.
    """
    monkeypatch.chdir(tmp_path)
    before = mpl.get_backend()
    plt.switch_backend("agg")

    def run_example(name: str) -> dict[str, Any]:
        found: dict[str, Any] = {"__name__": name}
        n_figures = 0
        for block in re.split("^# %%$", (EXAMPLES / f"{name}.py").read_text(), flags=re.M):
            exec(compile(block, name, "exec"), found)
            for figure in map(plt.figure, plt.get_fignums()):
                n_figures += 1
                assert all(ax.has_data() for ax in figure.axes if ax.axison), block
            plt.close("all")
        assert n_figures
        return found

    yield run_example
    plt.close("all")
    plt.switch_backend(before)


def test_long_range(run):
    found = run("plot_long_range")
    scores, left = found["scores"], found["left"]
    # All remember for 16 steps, attention for any number, the GRU not for 32.
    assert (scores.loc[:16] >= 0.95).all(axis=None)
    assert (scores["attention"] >= 0.95).all()
    assert (scores.loc[32:, "GRU"] <= 0.5).all()
    # What is left of the first symbol: a share that halves each step, or one of T.
    assert (left.loc[64, ["RNN", "GRU"]] < 1e-10).all()
    shares = left["attention"] * left.index
    assert shares.max() < 1.5 * shares.min()


def test_counting(run):
    found = run("plot_counting")
    assert found["states"] == [2, 2, 0, 2, 2, 0]
    modulo_2, modulo_3 = found["accuracy"][2], found["accuracy"][3]
    # In training all can count, but a moving average hardly.
    assert (modulo_2.loc[:10, ["signed_mingru", "lstm"]] >= 0.95).all(axis=None)
    # Beyond it, a moving average is at chance; a signed one counts modulo 2 and not 3.
    assert abs(modulo_2.loc[60:, "mingru"].mean() - 1 / 2) < 0.05
    assert (modulo_2.loc[21:40, ["signed_mingru", "lstm"]].mean() > 0.9).all()
    assert abs(modulo_3.loc[60:, ["mingru", "signed_mingru"]] - 1 / 3).mean(axis=None) < 0.05
    assert modulo_3.loc[21:, "lstm"].mean() > 0.9


def test_every_position(run):
    found = run("plot_every_position")
    scores = found["result"].to_frame()["score"]
    assert scores["Conv"] >= 0.93
    assert (scores.drop("MLP") >= scores["MLP"] + 0.08).all()
    assert set(found["rows"]) == {"truth", *found["estimators"]}


def test_video(run):
    scores = run("plot_video")["scores"]
    drop = scores[["intact"]].to_numpy() - scores.drop(columns="intact")
    frames, pixels = drop["frames shuffled"], drop["pixels shuffled"]
    assert scores.loc["Conv", "intact"] >= 0.9
    assert scores.loc["Conv", "intact"] >= scores.loc["MLP", "intact"] + 0.1
    assert scores.loc["Graph"].max() <= 0.4
    assert drop.loc["MLP"].abs().max() <= 0.12
    assert pixels["Conv"] >= 0.15
    assert frames["Recurrent"] >= 0.1
    assert abs(pixels["Recurrent"]) <= 0.12
    assert min(pixels["Attention"], frames["Attention"]) >= 0.15


def test_two_inputs(run):
    found = run("plot_two_inputs")
    scores = found["scores"]
    assert scores.loc["Attention", "new tables"] >= 0.93
    assert scores.loc["Attention", "longer tables"] >= 0.85
    others = scores.drop("Attention")
    assert others.drop("Recurrent").max(axis=None) <= 0.2
    assert others.loc["Recurrent", "new tables"] <= 0.75
    assert others.loc["Recurrent", "longer tables"] <= 0.3
    # One head at least finds the row that each query asks for.
    pair = found["pair"]
    row = (pair.queries @ pair.context[:, :8].T).argmax(axis=1)
    (weights,) = found["display"].weights
    assert (weights[0].argmax(axis=-1) == row).all(axis=-1).any()


def test_masks(run):
    found = run("plot_masks")
    marked, neighbours, order = (found["scores"].iloc[row] for row in range(3))
    assert min(marked["full"], marked["causal"]) >= 0.9
    assert abs(marked["full"] - marked["causal"]) <= 0.05
    assert marked["local"] <= 0.7
    assert neighbours["local"] >= max(neighbours["full"], neighbours["causal"]) + 0.1
    assert order["causal"] >= 0.95
    assert max(order["full"], order["local"]) <= 0.6
    assert found["apart"] <= 1e-5
    assert found["r2"]["graph"] >= found["r2"]["full"] + 0.4
    pictures = found["pictures"]
    assert pictures["full"].all()
    np.testing.assert_array_equal(pictures["causal"], np.tri(8, dtype=bool))
    assert pictures["local"].sum() == 8 + 2 * 7
    assert pictures["graph"].sum() == 8 + 2 * 9


def test_positions(run):
    found = run("plot_positions")
    scores, moved = found["scores"], found["moved"]
    assert (scores.loc["none"].drop("set") <= 0.6).all()
    assert (scores.loc["learned":, "order"] >= 0.95).all()
    added = scores.loc[["learned", "sinusoidal"]].max()
    assert (scores.loc["learned":, "distance"] >= 0.95).all()
    for task in ("order, longer", "distance, longer"):
        assert scores.loc["rotary", task] >= added[task] + 0.05
    # A set needs no positions, and only without them is its order nothing.
    assert scores.loc["none", "set"] >= scores["set"].max() - 0.02
    assert moved["none"] <= 1e-3
    assert min(moved[position] for position in ("learned", "sinusoidal", "rotary")) >= 0.02


def test_low_data(run):
    local, lookup = (
        result.to_frame()["score"].unstack("estimator")
        for result in run("plot_low_data")["curves"].values()
    )
    assert local.loc[50, "Conv"] >= local.loc[1600, "Attention"] - 0.01
    assert lookup.loc[50, "Conv"] > lookup.loc[50, "Attention"]
    assert lookup.loc[1600, "Attention"] >= 0.95
    assert lookup.loc[1600, "Attention"] >= lookup.loc[1600, "Conv"] + 0.08
    assert lookup["Conv"].max() <= 0.92


def test_scaling_laws(run):
    found = run("plot_scaling_laws")
    laws, scaling = found["data_laws"], found["scaling"]
    assert laws.loc["MLP", "b"] <= 0.4
    assert laws.loc["Conv", "b"] >= 2 * laws.loc["MLP", "b"]
    assert scaling.laws.loc["Conv", "b"] >= 2 * scaling.laws.loc["MLP", "b"]
    for name, error in found["found"].items():
        assert 1 / 2 <= found["predicted"][name] / error <= 2
    # Along both axes no step raises the error by more than noise, and all steps together lower it.
    falls = [found["curves"].to_frame()["score"], scaling.frame["score"]]
    for table in (scores.unstack() for scores in falls):
        assert (table.diff(axis=1).iloc[:, 1:] > -0.02).all(axis=None)
        assert (table.iloc[:, -1] - table.iloc[:, 0] >= 0.05).all()
    scores = scaling.frame["score"]
    assert (scores["Conv"] >= scores["MLP"] + 0.2).all()


def test_grid_search(run):
    found = run("plot_grid_search")
    results, search = found["results"], found["search"]
    assert results["bias"].value_counts().eq(2).all()
    assert len(results) == 10
    assert found["chosen"] == "ConvClassifier"
    assert search.best_score_ == results["accuracy"].max()
    # The estimate by cross-validation agrees with the samples kept aside.
    assert abs(search.best_score_ - found["test_score"]) <= 0.02
    assert found["test_score"] >= 0.95
    # Convolution leads with either kernel, and biases differ more than their settings.
    settings = results.groupby("bias")["accuracy"].agg(["min", "max"])
    assert settings.loc["Conv", "min"] >= settings["max"].drop("Conv").max()
    assert settings["max"].max() - settings["max"].min() >= 0.03
    assert (settings["max"] - settings["min"]).mean() <= 0.03


def test_which_bias_wins(run):
    found = run("plot_which_bias_wins")
    scores, shuffled = found["scores"], found["shuffled_scores"]
    assert scores["Conv"] >= scores.max() - 0.02
    assert (scores[["Conv", "Recurrent"]] >= scores["MLP"] + 0.3).all()
    assert found["result"].to_frame().loc["Conv", "difference_low"] > 0
    assert scores["Conv"] - shuffled["Conv"] >= 0.4
    assert shuffled["Conv"] <= shuffled["MLP"] + 0.1
    assert abs(scores["MLP"] - shuffled["MLP"]) <= 0.08


def test_bias_as_prior(run):
    found = run("plot_bias_as_prior")
    assert found["needed"][1] is None
    assert found["needed"][15] >= 4 * found["needed"][2]
    wrong, none, right = found["scores"].values()
    assert abs(wrong - 0.5) <= 0.06
    assert right >= none + 0.1
    assert found["more"] >= none + 0.1


def test_bayes_theorem(run):
    found = run("plot_bayes_theorem")
    gains = found["gains"]
    assert max(gains, key=gains.get) == "Conv"
    assert gains["Conv"] >= 50
    assert gains["Graph"] <= 0
    conv = list(gains).index("Conv")
    assert found["probabilities"][-1, conv] >= 0.99
    assert found["probabilities"][0].max() <= 0.5
    second_half = {name: found["posterior"](name)[0][20:].mean() for name in gains}
    assert second_half["Conv"] >= second_half["MLP"] + 0.2


def test_shifted_patterns(run):
    found = run("plot_shifted_patterns")
    scores = found["scores"]
    assert min(scores["Conv"].values()) >= 0.9
    assert scores["MLP"]["left"] >= 0.95
    assert scores["MLP"]["right"] <= 0.5
    assert found["shift_errors"]["MLP"] >= 5 * found["shift_errors"]["Conv"]
    assert found["map_difference"] <= 1e-5


def test_order_matters(run):
    found = run("plot_order_matters")
    accuracies, distances = found["accuracies"], found["distances"]
    assert accuracies["Recurrent"].min() >= 0.99
    for name in ("MLP, bag of words", "Attention, no positions"):
        assert accuracies[name].mean() <= 0.65
    for name in ("MLP, separate weights", "Attention, no positions"):
        assert (distances[name] > 1.1 * distances["Recurrent"]).all()
        assert distances[name].mean() > 1.6 * distances["Recurrent"].mean()


def test_adjacency_as_grid(run):
    found = run("plot_adjacency_as_grid")
    scores, moved = found["scores"], found["moved"]
    assert scores["Conv"][0] >= 0.9
    assert scores["Conv"][1] <= 0.65
    assert min(scores["Graph"]) >= 0.95
    assert moved["Conv"] >= 0.5
    assert moved["Graph"] <= 1e-5
    assert moved["MLP"] <= 1e-5
    assert scores["MLP"][0] <= 0.65
    assert found["taught_score"] <= 0.75


def test_conv_to_dense(run):
    found = run("plot_conv_to_dense")
    assert found["difference"] <= 1e-5
    (_, conv), (_, unrolled), (_, continued), (training, alone) = found["found"].values()
    assert abs(conv - unrolled) <= 0.2
    assert continued <= conv + 2
    assert training <= 1
    assert alone >= 2 * max(conv, continued)


def test_inside_convolution(run):
    found = run("plot_inside_convolution")
    assert found["accuracy"] >= 0.9
    assert found["difference"] <= 1e-5
    assert found["sizes"] == sorted(found["sizes"])


def test_vanishing_gradients(run):
    found = run("plot_vanishing_gradients")
    assert max(found["rnn"], found["lstm"]) <= 1e-6
    assert found["learned"] >= 0.05
    errors = found["errors"]
    assert errors["rnn"] >= 0.13
    assert max(errors["lstm"], errors["gru"]) <= 0.01
    assert found["clipped"] >= found["unclipped"] + 0.1


def test_attention_maps(run):
    found = run("plot_attention_maps")
    assert found["accuracy"] >= 0.95
    assert np.triu(found["maps"], 1).max() == 0
    assert found["to_colour"].max() >= 0.5
    assert found["aligned"] >= 0.95


def test_messages(run):
    found = run("plot_messages")
    counts = found["counts"]
    assert counts[0] == 1
    assert counts == sorted(counts)
    assert max(found["scores"][1], found["scores"][2]) <= 0.6
    assert min(found["scores"][3], found["scores"][4]) >= 0.95


def test_importance(run):
    found = run("plot_importance")
    assert found["inner"] > found["outer"]
    assert found["share"] >= 0.9
    assert min(found["found"].values()) >= 10
    assert found["n_true"] == 3


def test_text(run):
    accuracy = run("plot_text")["accuracy"]
    bag, network = accuracy.loc["CountVectorizer"], accuracy.loc["MLP"]
    assert abs(bag["all"] - 0.5) <= 0.06
    assert network.iloc[:2].min() >= 0.9
    assert network.iloc[2:4].max() <= 0.6
    assert (accuracy.loc["Conv":, "all"] >= 0.95).all()


def test_molecules(run):
    table = run("plot_molecules")["table"]
    mass, carboxyl, ring = table.columns
    assert table.loc["MLP", mass] >= 0.95
    assert table.loc["MLP", [carboxyl, ring]].tolist() == [0.5, 0.5]
    assert (table.loc[1:, carboxyl] >= 0.95).all()
    assert table.loc[4, ring] >= 0.7


def test_pandas_to_report(run):
    found = run("plot_pandas_to_report")
    assert not found["result"].cells["error"].notna().any()
    scores = found["result"].to_frame()["score"]
    assert scores.drop("forest").min() >= 0.85
    assert scores[["MLP", "Attention"]].min() >= scores["forest"] + 0.01
    assert found["page"].startswith("<!DOCTYPE html>")
    assert found["result"].verdict().split(".")[0] in found["page"]


def test_calibration(run):
    scores = run("plot_calibration")["scores"]
    floor = scores.loc["truth", "log loss"]
    assert scores["log loss"].min() == floor
    nothing, decay = scores.loc["nothing"], scores.loc["weight decay"]
    assert nothing["log loss"] > 1
    assert decay["log loss"] <= floor + 0.1
    assert decay["accuracy"] > nothing["accuracy"]
    assert nothing["beyond 0.95"] > 5 * scores.loc["truth", "beyond 0.95"]
    # Calibration bends what the network says and does not make it more often right.
    calibrated = scores.drop(["nothing", "early stopping", "weight decay", "truth"])
    assert (calibrated["log loss"] < nothing["log loss"] / 1.5).all()
    assert (calibrated["accuracy"] <= nothing["accuracy"] + 0.02).all()


def test_dask(run):
    optional("distributed")
    found = run("plot_dask")
    assert len(found["alone"].cells) == 15
    assert len(found["before"]) == found["untouched"] == 5
    assert len(found["after"]) == 15
    assert len(found["workers"]) == 2
    assert os.getpid() not in found["workers"].values()
    assert {worker for worker, _, _ in found["tasks"]} == set(found["workers"])


def test_eight_subjects(run):
    found = run("plot_eight_subjects")
    frame = found["result"].to_frame()
    assert frame.loc["Conv", "p_value"] < 0.01
    assert frame.loc["Conv", "difference_low"] > 0.1
    assert (found["result"].cells["n_test"] == 20).all()
    assert found["right"].groupby(found["subjects"]).mean()["Conv"].min() > 0.7


def test_forecasting(run):
    optional("sktime")
    found = run("plot_forecasting")
    errors = [
        found["mase"](found["truth"], est.predict(), found["past"], season=12)
        for est in (found["forecaster"], found["naive"])
    ]
    assert errors[0] <= 0.7 * errors[1]
    assert found["inside"] >= 6
    scores = found["result"].to_frame()["score"]
    assert scores["naive"] == pytest.approx(0, abs=1e-9)
    assert scores["Conv"] > 0


def test_accelerator(run):
    found = run("plot_accelerator")
    skill = found["result"].to_frame()["score"]
    assert skill["Attention"] >= 0.75
    assert skill.drop("linear").min() >= -0.1
    assert skill["MLP"] <= 0.3
    sizes = found["sizes"]
    assert sizes[-1] <= 0.1 * sizes[0]
    truth, learned = found["response"], found["learned"]
    assert np.abs(learned - truth).max() <= 0.2 * np.abs(truth).max()
