"""The comparison: folds, intervals, failures, the table and the picture."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import IRIS, FailsOnFirstSample
from scipy import stats
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    LeaveOneGroupOut,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ibestimators import MLPClassifier, biases, compare_biases
from ibestimators.comparison._design import Design, _repeats
from ibestimators.comparison._estimators import assumption
from ibestimators.comparison._statistics import resampled_interval, resampled_p_value
from ibestimators.suite import guess_task

X, y = IRIS


def test_scores_are_those_of_cross_val_score_on_the_same_folds():
    cv = StratifiedKFold(4, shuffle=True, random_state=3)
    candidates = {"linear": LogisticRegression(max_iter=1000), "dummy": DummyClassifier()}
    cells = compare_biases(X, y, candidates, cv=cv).cells
    for name, estimator in candidates.items():
        expected = cross_val_score(estimator, X, y, cv=cv)
        got = cells[cells["estimator"] == name].sort_values("fold")["score"]
        np.testing.assert_allclose(got, expected)


def test_any_estimator_can_sit_in_the_table():
    candidates = {
        "net": MLPClassifier(max_epochs=3),
        "pipeline": make_pipeline(StandardScaler(), MLPClassifier(max_epochs=3)),
        "search": GridSearchCV(MLPClassifier(), {"max_epochs": [1, 3]}, cv=2),
        "linear": LogisticRegression(max_iter=1000),
    }
    frame = compare_biases(X, y, candidates, cv=3, baseline="linear", random_state=0).to_frame()
    assert frame["parameters"].isna().tolist() == [False, False, False, True]
    assert frame["assumption"].tolist() == ["nothing"] * 3 + [""]
    assert np.isnan(frame.loc["linear", "difference"])
    assert (frame["fit_time"] > 0).all()


def test_the_interval_is_nadeau_and_bengios():
    values = np.array([0.8, 0.82, 0.79, 0.85, 0.81])
    mean, low, high = resampled_interval(values, 1 / 4)
    half = stats.t.ppf(0.975, 4) * np.sqrt((1 / 5 + 1 / 4) * values.var(ddof=1))
    assert (mean, low, high) == pytest.approx((values.mean(), mean - half, mean + half))
    _, *wider = resampled_interval(values, 1 / 4, n_comparisons=4)
    half = stats.t.ppf(1 - 0.025 / 4, 4) * np.sqrt((1 / 5 + 1 / 4) * values.var(ddof=1))
    assert wider == pytest.approx([mean - half, mean + half])
    assert np.isnan(resampled_interval([0.5], 0.25)[1])
    assert np.isnan(resampled_interval([np.nan], 0.25)[0])


def test_differences_are_paired_by_fold():
    candidates = {"dummy": DummyClassifier(), "linear": LogisticRegression(max_iter=1000)}
    result = compare_biases(X, y, candidates, cv=5, random_state=0)
    scores = result.cells.pivot(index="fold", columns="estimator", values="score")
    row = result.to_frame().loc["linear"]
    expected = resampled_interval(scores["linear"] - scores["dummy"], 30 / 120)
    assert tuple(row[["difference", "difference_low", "difference_high"]]) == pytest.approx(
        expected
    )


def test_random_state_decides_everything():
    def scores(**kwargs):
        candidates = {"net": MLPClassifier(max_epochs=2)}
        return compare_biases(X, y, candidates, cv=3, **kwargs).cells["score"].tolist()

    before = np.random.get_state()[1].tobytes()
    assert scores(random_state=0) == scores(random_state=0) == scores(random_state=0, n_jobs=2)
    assert scores(random_state=0) != scores(random_state=1)
    scores()
    assert np.random.get_state()[1].tobytes() == before


def test_a_failing_fit_costs_its_cell_alone():
    candidates = {"linear": LogisticRegression(max_iter=1000), "broken": FailsOnFirstSample()}
    result = compare_biases(X, y, candidates, cv=StratifiedKFold(3))
    assert result.cells["error"].notna().sum() == 2
    frame = result.to_frame()
    assert frame["failures"].tolist() == [0, 2]
    assert frame.loc["broken", "score"] == pytest.approx(1 / 3, abs=0.01)
    assert "broken: 2 of 3 fits failed, in folds 2–3: RuntimeError: no luck" in repr(result)


def test_if_everything_fails_the_reason_is_raised():
    with pytest.raises(ValueError, match="Every fit failed.*contains NaN"):
        compare_biases(
            np.full((20, 2), np.nan),
            np.arange(20) % 2,
            {"linear": LogisticRegression(max_iter=1000)},
        )


def test_a_score_that_is_no_number_says_so():
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(ValueError, match="the score is NaN"), pytest.warns(match="R.2"):
        compare_biases(X[:6], y[:6], {"d": DummyRegressor()}, cv=6)
    with pytest.raises(ValueError, match="scoring must be a str, a callable, a list"):
        compare_biases(X, y, {"d": DummyRegressor()}, scoring=[])


def test_groups_stay_whole():
    groups = np.arange(150) % 5
    cells = compare_biases(
        X, y, {"d": DummyClassifier()}, cv=LeaveOneGroupOut(), groups=groups
    ).cells
    assert cells["n_test"].tolist() == [30] * 5
    compare_biases(X, y, {"d": DummyClassifier()}, cv=3, groups=groups, random_state=0)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="estimators is empty"):
        compare_biases(X, y, {})
    with pytest.raises(ValueError, match=r"baseline='b' is not among the estimators \['a'\]"):
        compare_biases(X, y, {"a": DummyClassifier()}, baseline="b")


def test_the_five_biases_are_the_default():
    X, y = load_diabetes(return_X_y=True)
    five = biases("regression", max_epochs=1)
    result = compare_biases(X[:60], y[:60], five, cv=2, random_state=0)
    assert list(result.to_frame().index) == ["MLP", "Conv", "Recurrent", "Graph", "Attention"]
    text = repr(result)
    for part in (
        "locality",
        "order",
        "relations",
        "context",
        "R²",
        "vs MLP",
        "baseline",
        "2 folds",
    ):
        assert part in text
    with pytest.raises(ValueError, match="task must be"):
        biases("ranking")


def test_frames_and_scoring():
    frame = pd.DataFrame(X, columns=list("abcd"))
    result = compare_biases(
        frame, pd.Series(y), {"linear": LogisticRegression(max_iter=1000)}, cv=3, scoring="f1_macro"
    )
    assert result.scoring == "f1_macro"
    assert result.to_frame().loc["linear", "score"] > 0.9


@pytest.mark.parametrize(
    ("y", "task"),
    [
        (load_diabetes().target, "regression"),
        (np.arange(10).repeat(50), "classification"),
        (["a", "b"] * 100, "classification"),
        (np.linspace(0, 1, 50), "regression"),
        (np.linspace(0.1, 0.9, 5), "regression"),
        (np.random.default_rng(0).normal(size=20_000).round(1), "regression"),
        (np.arange(4000).repeat(25), "regression"),
        (np.tile([True, False], 50), "classification"),
        (np.arange(100).repeat(500), "classification"),
    ],
)
def test_the_task_is_guessed_from_y(y, task):
    assert guess_task(y) == task


def test_assumption_is_seen_through_wrappers():
    assert assumption(make_pipeline(StandardScaler(), MLPClassifier())) == "nothing"
    assert assumption(DummyClassifier()) == ""


def test_the_picture_shows_each_estimator_once():
    candidates = {"dummy": DummyClassifier(), "linear": LogisticRegression(max_iter=1000)}
    result = compare_biases(X, y, candidates, cv=4, random_state=0)
    display = result.plot(kind="scores")
    labels = [tick.get_text() for tick in display.ax_.get_yticklabels()]
    assert labels == ["dummy", "linear"]  # the best on top
    assert "accuracy" in display.ax_.get_xlabel()
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert result.plot(ax=ax).ax_ is ax
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["linear"]
    with pytest.raises(ValueError, match="kind must be 'differences' or 'scores', got 'bars'"):
        result.plot(kind="bars")


def test_the_picture_is_of_the_differences_in_the_table():
    candidates = {name: DummyClassifier(strategy=name) for name in ("uniform", "prior")}
    candidates["linear"] = LogisticRegression(max_iter=1000)
    result = compare_biases(X, y, candidates, cv=5, random_state=0)
    display = result.plot()
    scores = result.cells.pivot(index="fold", columns="estimator", values="score")
    frame = result.to_frame().loc[["prior", "linear"]]
    intervals, dots = [
        [list(line.get_xdata()) for line in display.ax_.lines if len(line.get_xdata()) == n]
        for n in (2, 5)
    ]
    assert frame[["difference_low", "difference_high"]].to_numpy().tolist() in (
        intervals,
        intervals[1:],  # after the dashed line
    )
    np.testing.assert_allclose(
        dots, [scores[name] - scores["uniform"] for name in ("prior", "linear")]
    )
    texts = {text.get_text() for text in display.ax_.texts}
    table = repr(result)
    assert len(texts) == 2
    assert all(text in table for text in texts)
    inside = display.ax_.get_window_extent()
    display.figure_.draw_without_rendering()
    for text in display.ax_.texts:  # beside the rows: no line runs through a number
        assert text.get_window_extent().x0 > display.ax_.get_window_extent().x1
    assert inside is not None


def test_the_progress_bar_names_what_runs(capsys):
    compare_biases(X, y, {"dummy": DummyClassifier()}, cv=3, verbose=1)
    assert "running dummy, fold" in capsys.readouterr().err
    compare_biases(X, y, {"dummy": DummyClassifier()}, cv=3)
    assert capsys.readouterr().err == ""


def test_several_scores_each_have_a_table():
    candidates = {"linear": LogisticRegression(max_iter=1000), "dummy": DummyClassifier()}
    names = ["f1_macro", "accuracy"]
    result = compare_biases(X, y, candidates, cv=3, scoring=names, random_state=0)
    alone = compare_biases(X, y, candidates, cv=3, scoring="accuracy", random_state=0)
    pd.testing.assert_frame_equal(
        result.to_frame("accuracy")[["score", "difference", "p_value"]],
        alone.to_frame()[["score", "difference", "p_value"]],
    )
    assert result.scoring == "f1_macro"
    assert not result.to_frame()["score"].equals(alone.to_frame()["score"])
    with pytest.raises(ValueError, match="scoring='recall' was not computed; there is f1_macro, a"):
        result.to_frame("recall")


def test_repeats_make_new_folds():
    result = compare_biases(X, y, {"d": DummyClassifier()}, cv=3, n_repeats=2)
    assert sorted(result.cells["fold"]) == list(range(6))
    assert result.test_train_ratio == pytest.approx(1 / 2)
    with pytest.raises(ValueError, match="n_repeats=2 needs a cv that makes new folds"):
        compare_biases(X, y, {"d": DummyClassifier()}, cv=StratifiedKFold(3), n_repeats=2)


def test_the_table_has_tests_and_probabilities():
    candidates = {
        "dummy": DummyClassifier(),
        "linear": LogisticRegression(max_iter=1000),
        "same": DummyClassifier(strategy="most_frequent"),
    }
    result = compare_biases(X, y, candidates, cv=5, random_state=0)
    frame = result.to_frame()
    assert frame.loc["linear", "p_value"] < 0.001
    assert frame.loc["linear", "p_better"] > 0.99
    same = frame.loc["same", ["p_worse", "p_equal", "p_better"]]
    assert same["p_worse"] == same["p_better"] > 0
    assert sum(same) == pytest.approx(1)
    assert frame.loc["dummy", ["p_value", "p_better"]].isna().all()
    verdict = result.verdict()
    assert verdict in repr(result).replace("\n", " ")
    assert "linear does better than dummy by 0." in verdict
    assert frame["finding"].dropna().tolist() == ["better", "undecided"]
    larger = compare_biases(X, y, candidates, cv=5, random_state=0, rope=0.05)
    assert larger.to_frame().loc["same", "finding"] == "equal"
    assert "same does as well as dummy, within 0.05 (95 % interval -0.0" in larger.verdict()
    alike = {"a": LogisticRegression(C=1.0), "b": LogisticRegression(C=0.1)}
    unsure = compare_biases(X, y, alike, rope=0, cv=5, random_state=0)
    assert unsure.verdict().startswith(
        "b is not significantly different from a. In 80 of 100 cases"
    )


def test_a_result_as_plain_values():
    import json

    candidates = {"net": MLPClassifier(max_epochs=1), "linear": LogisticRegression(max_iter=1000)}
    plain = compare_biases(X, y, candidates, cv=2, random_state=0).to_dict()
    again = json.loads(json.dumps(plain))
    assert again == plain
    assert [row["estimator"] for row in plain["table"]] == ["net", "linear"]
    assert plain["table"][1]["parameters"] is None
    assert len(plain["cells"]) == 4
    assert plain["best"] == "linear"
    assert (
        plain["estimators"]["linear"] == "LogisticRegression(max_iter=1000)"
        or "random_state" in (plain["estimators"]["linear"])
    )


def test_the_training_is_told_of_the_networks_alone():
    net = MLPClassifier(max_epochs=3)
    candidates = {
        "net": net,
        "linear": LogisticRegression(max_iter=1000),
        "piped": make_pipeline(StandardScaler(), MLPClassifier(max_epochs=1, lr=0.5)),
        "search": GridSearchCV(MLPClassifier(max_epochs=2, batch_size=7), {"lr": [0.02]}, cv=2),
        "bag": BaggingClassifier(MLPClassifier(max_epochs=1), n_estimators=2),
    }
    cv = StratifiedKFold(3)
    result = compare_biases(X, y, candidates, cv=cv, baseline="linear", random_state=0)
    assert result.to_frame()["failures"].sum() == 0
    training = result.training
    assert list(training.index) == ["net", "piped", "search"]
    assert list(training.columns) == ["fold", "lr", "weight_decay", "batch_size", "max_epochs"]
    assert training["max_epochs"].tolist() == [3, 1, 2]
    assert (training["lr"]["piped"], training["batch_size"]["search"]) == (0.5, 7)
    rows = next(iter(cv.split(X, y)))[0]
    alone = net.fit(X[rows], y[rows])
    for name in ("lr", "weight_decay", "batch_size", "max_epochs"):
        assert training[name]["net"] == getattr(alone, f"{name}_")
    net_lr = f"{alone.lr_:.2g}"
    found = [line for line in repr(result).splitlines() if line.startswith("Training: ")]
    assert found == [
        f"Training: net 3 epochs at lr {net_lr}, piped 1 epoch at lr 0.5, search 2 epochs at lr "
        "0.02."
    ]
    cells = result.cells.set_index("estimator")
    assert cells.loc[["linear", "bag"], ["lr", "max_epochs"]].isna().all(axis=None)


def test_a_fold_that_failed_does_not_tell_the_training():
    class Unlucky(MLPClassifier):
        def fit(self, X, y):
            if (IRIS[0][0] == X).all(1).any():
                raise RuntimeError("no luck")
            return super().fit(X, y)

    candidates = {"net": Unlucky(max_epochs=1)}
    odd, even = np.arange(1, 150, 2), np.arange(0, 150, 2)
    cv = [(even, odd), (odd, even)]
    training = compare_biases(X, y, candidates, cv=cv, random_state=0).training
    assert training["fold"].tolist() == [1]


def test_cells_without_the_training_have_none():
    candidates = {"net": MLPClassifier(max_epochs=1), "dummy": DummyClassifier()}
    result = compare_biases(X, y, candidates, cv=2, random_state=0)
    old = result.cells.drop(columns=["lr", "weight_decay", "batch_size", "max_epochs"])
    older = replace(result, cells=old)
    assert older.training.empty
    assert "Training" not in repr(older)
    assert "Training" in repr(result)
    pd.testing.assert_frame_equal(older.to_frame(), result.to_frame())


def test_the_best_is_refitted_on_all_data():
    candidates = {"linear": LogisticRegression(max_iter=1000), "dummy": DummyClassifier()}
    result = compare_biases(X, y, candidates, cv=3, refit=True, random_state=0)
    expected = LogisticRegression(max_iter=1000).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(result.best_estimator_.predict_proba(X), expected)
    assert compare_biases(X, y, candidates, cv=3).best_estimator_ is None


def test_a_failure_may_score_or_raise():
    candidates = {"broken": FailsOnFirstSample(), "dummy": DummyClassifier()}
    cells = compare_biases(X, y, candidates, cv=3, error_score=0.0, random_state=0).cells
    failed = cells[cells["error"].notna()]
    assert (failed["score"] == 0).all()
    assert len(failed) == 2
    with pytest.raises(RuntimeError, match="no luck"):
        compare_biases(X, y, candidates, cv=3, error_score="raise", random_state=0)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"search": "grid"}, "search must be 'random' or None, got 'grid'"),
        ({"n_repeats": 0}, "n_repeats must be an int of at least 1"),
        ({"rope": -1}, "rope must be a difference"),
        ({"scoring": 3}, "scoring must be a str"),
    ],
)
def test_bad_options_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        compare_biases(X, y, {"d": DummyClassifier()}, **params)


def test_names_that_the_table_needs_are_refused():
    with pytest.raises(ValueError, match="scoring uses the names \\['score'\\]"):
        compare_biases(
            X, y, {"d": DummyClassifier()}, scoring={"acc": "accuracy", "score": "neg_log_loss"}
        )
    with pytest.raises(ValueError, match="error_score must be 'raise' or a number, got 'foo'"):
        compare_biases(X, y, {"d": DummyClassifier()}, error_score="foo")
    searched = {"s": GridSearchCV(MLPClassifier(), {"lr": [0.01]})}
    with pytest.raises(ValueError, match="cannot count the parameters of 's', a GridSearchCV"):
        compare_biases(X, y, searched, match_parameters=2000)


def test_the_same_difference_in_every_fold_is_not_certain():
    X = np.repeat(np.eye(2), 30, axis=0)
    y = np.repeat([0, 1], 30)
    candidates = {"dummy": DummyClassifier(), "linear": LogisticRegression()}
    for cv in (3, 5):
        result = compare_biases(X, y, candidates, cv=cv, random_state=0)
        row = result.to_frame().loc["linear"]
        assert row["difference"] == 0.5
        assert 0 < min(row["p_worse"], row["p_equal"]) < row["p_better"] < 1
        assert np.isnan(row["p_value"]) == np.isnan(row["score_low"]) == (cv == 3)
    assert row["difference_low"] < 0.5 < row["difference_high"]
    assert row["score_low"] < row["score"] == row["score_high"] == 1
    assert "linear does better than dummy by 0.500 (95 % interval 0.4" in result.verdict()


@pytest.mark.parametrize("seed", range(5))
def test_intervals_p_values_and_findings_agree_in_every_row(seed):
    rng = np.random.default_rng(seed)
    noisy = X + rng.normal(size=X.shape)
    candidates = {str(k): KNeighborsClassifier(k) for k in (1, 3, 9, 27)}
    candidates["dummy"] = DummyClassifier()
    result = compare_biases(noisy, y, candidates, cv=5, random_state=seed)
    table = result.to_frame().drop(index="1")
    for frame in (table, result.pairs()):
        excludes_0 = (frame["difference_low"] > 0) | (frame["difference_high"] < 0)
        assert (excludes_0 == (frame["p_value"] < 0.05)).all()
        decided = frame["finding"].isin(["better", "worse"])
        assert (decided <= excludes_0).all()
        assert excludes_0.any()
    for name, row in table.iterrows():
        sentence = f"{name} does {row['finding']} than 1 by"
        assert (sentence in result.verdict()) == (row["finding"] in ("better", "worse"))
        half = (row["difference_high"] - row["difference_low"]) / 2
        assert f"{row['difference']:+.3f} ± {half:.3f}" in repr(result)


def test_pairs_are_adjusted_for_their_number_and_ties_are_named():
    candidates = {str(k): KNeighborsClassifier(k) for k in (3, 5, 7)}
    candidates["dummy"] = DummyClassifier()
    result = compare_biases(X, y, candidates, cv=5, random_state=0)
    pairs, frame = result.pairs(), result.to_frame()
    assert len(pairs) == 6
    assert (pairs["difference"] >= 0).all()
    assert pairs.loc[("3", "dummy"), "p_value"] == pytest.approx(2 * frame.loc["dummy", "p_value"])
    groups = result.ties()
    assert set(groups[0]) == {"3", "5", "7"}
    assert groups[1:] == [("dummy",)]


def test_few_folds_say_why_there_is_no_interval():
    candidates = {"dummy": DummyClassifier(), "linear": LogisticRegression(max_iter=1000)}
    result = compare_biases(X, y, candidates, cv=2, random_state=0)
    assert "±" not in repr(result)
    assert "2 folds are too few for intervals and tests, which take at least 4. Use cv=5." in (
        repr(result)
    )
    assert (
        compare_biases(X, y, candidates, cv=4, random_state=0).verdict().startswith("linear does")
    )


def test_the_design_and_what_would_decide_are_stated():
    patients = np.arange(150) % 8
    rng = np.random.default_rng(0)
    blurred = X + 2 * rng.normal(size=X.shape)
    candidates = {"3": KNeighborsClassifier(1), "9": KNeighborsClassifier(19)}
    result = compare_biases(blurred, y, candidates, cv=5, groups=patients, random_state=0)
    text = repr(result)
    assert "5 folds of 8 groups (150 samples), 1 to 2 in each test part" in text
    row = result.to_frame().loc["9"]
    assert row["finding"] == "undecided"
    assert row["detectable"] > abs(row["difference"])
    assert f"a true difference of {row['detectable']:.2g}." in text
    needed = re.search(
        r"If the differences stay as they are, .*?(\d+) groups would decide about 9\.", text
    )
    assert int(needed[1]) > 8
    left_out = compare_biases(blurred, y, candidates, cv=8, groups=patients, random_state=0)
    assert "n_repeats=" not in left_out.verdict()  # they would be the same folds again


def test_the_number_of_repeats_that_would_decide_does():
    """Of folds with the mean and the spread of these."""
    values = pd.Series([0.12, 0.04, 0.08, 0.0, 0.06])
    design = Design(100, 1, 0, (20, 20))
    times = _repeats(values.to_numpy(), 0.25, 1, 5)
    again = np.tile(values, times)
    again = values.mean() + (again - again.mean()) * values.std() / again.std(ddof=1)
    assert resampled_p_value(again, 0.25) < 0.05
    assert resampled_p_value(values, 0.25) > 0.05
    assert design.in_words(5) == "5 folds of 100 samples"


def test_few_lucky_folds_do_not_make_the_best(recwarn):
    class Lucky(LogisticRegression):
        def fit(self, X, y):
            if len(X) != 121:
                raise RuntimeError("no luck")
            return super().fit(X, y)

    folds = [
        (np.delete(np.arange(150), np.arange(i, i + 30 - (i == 0))), np.arange(i, i + 29))
        for i in (0, 30, 60)
    ]
    candidates = {"lucky": Lucky(max_iter=1000), "dummy": DummyClassifier()}
    result = compare_biases(X, y, candidates, cv=folds, refit=True)
    assert result.to_frame()["failures"].tolist() == [2, 0]
    assert result.best == "dummy"
    failing = compare_biases(X, y, {"b": FailsOnFirstSample()}, cv=3, refit=True, random_state=0)
    assert failing.best_estimator_ is None
    assert any("could not be fitted on all data" in str(w.message) for w in recwarn)


def test_scores_with_units_have_no_default_rope():
    X, y = load_diabetes(return_X_y=True)
    candidates = {"mean": DummyRegressor(), "linear": LinearRegression()}
    squared = "neg_mean_squared_error"
    result = compare_biases(X, y / 1000, candidates, scoring=squared, random_state=0)
    assert result.rope == 0
    assert "linear does better than mean" in result.verdict()
    assert compare_biases(X, y, candidates, random_state=0).rope == 0.01


def test_several_outputs_are_not_stratified():
    Y = np.c_[y == 0, y == 1].astype(int)
    result = compare_biases(X, Y, {"neighbours": KNeighborsClassifier()}, cv=3, random_state=0)
    assert result.to_frame()["failures"].tolist() == [0]
