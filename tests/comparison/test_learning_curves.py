"""Learning curves: subsets, scores, power laws, what a bias is worth in data, the picture."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from conftest import IRIS
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from ibestimators import MLPClassifier, biases, compare_biases
from ibestimators.comparison import _estimators
from ibestimators.comparison._data_efficiency import bootstrapped_means
from ibestimators.comparison._learning_curves import (
    LearningCurvesResult,
    compare_learning_curves,
)
from ibestimators.comparison._statistics import resampled_interval, score_interval
from ibestimators.folds import nested_order

X, y = IRIS

SIZES = [20, 58, 167, 480, 1386, 4000]
SEEN: list[tuple[str, frozenset[int]]] = []


class Watching(ClassifierMixin, BaseEstimator):
    """Notes which samples it is trained on; the only feature is their number."""

    def __init__(self, name="a"):
        self.name = name

    def fit(self, X, y):
        SEEN.append((self.name, frozenset(np.ravel(X).astype(int))))
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


class NeedsMany(GaussianNB):
    """Fails with fewer than 50 samples."""

    def fit(self, X, y):
        if len(X) < 50:
            raise RuntimeError("too few")
        return super().fit(X, y)


class MeanLength(RegressorMixin, BaseEstimator):
    """Reads a list of sequences of any length."""

    def fit(self, X, y):
        assert isinstance(X, list)
        self.ratio_ = np.mean(y) / np.mean([len(x) for x in X])
        return self

    def predict(self, X):
        return self.ratio_ * np.array([len(x) for x in X])


def result_of(curves, sizes=SIZES, n_folds=5, noise=0.0, seed=0, ratio=0.25):
    """A result with made-up curves, the first of which is the baseline's."""
    generator = np.random.default_rng(seed)
    rows = [
        {
            "estimator": name,
            "fold": fold,
            "n_train": n,
            "n_test": 120,
            "score": score + noise * generator.normal(),
            "fit_time": 1.0,
            "error": None,
        }
        for name, curve in curves.items()
        for fold in range(n_folds)
        for n, score in zip(sizes, curve, strict=True)
    ]
    assumptions = dict.fromkeys(curves, "")
    return LearningCurvesResult(
        pd.DataFrame(rows), assumptions, next(iter(curves)), "accuracy", ratio
    )


def law(a, b, c, worth=1, sizes=SIZES):
    """Scores that leave the error a n^-b + c, with n as good as `worth` times as many."""
    return 1 - (a * (worth * np.array(sizes, dtype=float)) ** -b + c)


def test_subsets_are_nested_and_the_same_for_all():
    SEEN.clear()
    numbers = np.arange(150.0)[:, None]
    sizes = [4, 10, 31, 90]
    compare_learning_curves(
        numbers,
        y,
        {"a": Watching("a"), "b": Watching("b")},
        train_sizes=sizes,
        cv=StratifiedKFold(3),
        random_state=0,
    )
    own = [seen for name, seen in SEEN if name == "a"]
    assert own == [seen for name, seen in SEEN if name == "b"]
    assert [len(seen) for seen in own] == sizes * 3
    for fold, (train, _) in enumerate(StratifiedKFold(3).split(numbers, y)):
        subsets = own[4 * fold : 4 * fold + 4]
        assert subsets[0] < subsets[1] < subsets[2] < subsets[3] <= set(train)
        for subset in subsets:
            counts = np.bincount(y[list(subset)], minlength=3)
            assert np.ptp(counts) <= 1


@settings(max_examples=50)
@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    seed=st.integers(0, 2**31 - 1),
)
def test_every_beginning_of_the_order_has_every_class_and_keeps_their_shares(counts, seed):
    labels = np.repeat([f"class {i}" for i in range(len(counts))], counts)
    train = np.arange(len(labels))
    order = nested_order(train, labels, np.random.RandomState(seed))
    assert sorted(order) == list(train)
    for n in range(1, len(order) + 1):
        names, found = np.unique(labels[order[:n]], return_counts=True)
        assert len(names) == min(n, len(counts))
        if len(names) == len(counts):
            expected = n * np.array(counts) / sum(counts)
            assert (np.abs(found - expected) <= 1 + len(counts) / 2).all()


def test_scores_are_those_of_fits_by_hand():
    sizes = [12, 40, 100]
    candidates = {"linear": LogisticRegression(max_iter=1000), "tree": DecisionTreeClassifier()}
    cv = StratifiedKFold(3)
    cells = compare_learning_curves(
        X, y, candidates, train_sizes=sizes, cv=cv, random_state=5
    ).cells
    assert list(cells) == ["estimator", "fold", "n_train", "n_test", "score", "fit_time", "error"]
    assert len(cells) == 18
    generator = np.random.RandomState(5)
    generator.randint(2**31 - 1)  # the linear one's seed, which it does not use
    tree = DecisionTreeClassifier(random_state=generator.randint(2**31 - 1))
    splits = list(cv.split(X, y))
    orders = [nested_order(train, y, generator) for train, _ in splits]
    scores = cells.set_index(["estimator", "fold", "n_train"])["score"]
    for fold, (_, test) in enumerate(splits):
        for n in sizes:
            rows = np.sort(orders[fold][:n])
            for name, est in (("linear", candidates["linear"]), ("tree", tree)):
                expected = est.fit(X[rows], y[rows]).score(X[test], y[test])
                assert scores[name, fold, n] == expected


def test_at_the_size_of_a_fold_it_is_compare_biases():
    def candidates():
        return {"net": MLPClassifier(max_epochs=2), "linear": LogisticRegression(max_iter=1000)}

    curves = compare_learning_curves(
        X, y, candidates(), train_sizes=[30, 100], cv=3, random_state=0
    )
    frame = compare_biases(X, y, candidates(), cv=3, random_state=0).to_frame()
    columns = ["score", "score_low", "score_high", "difference", "difference_low"]
    whole = curves.to_frame().xs(100, level="n_train")
    pd.testing.assert_frame_equal(whole[columns], frame[columns])


def test_random_state_decides_everything():
    def scores(**kwargs):
        candidates = {"tree": DecisionTreeClassifier(max_features=1), "bayes": GaussianNB()}
        result = compare_learning_curves(X, y, candidates, train_sizes=[20, 50], cv=3, **kwargs)
        return result.cells["score"].tolist()

    before = np.random.get_state()[1].tobytes()
    assert scores(random_state=0) == scores(random_state=0) == scores(random_state=0, n_jobs=2)
    assert scores(random_state=0) != scores(random_state=1)
    scores()
    assert np.random.get_state()[1].tobytes() == before


def test_sizes_by_default():
    def sizes(X, y, est, **kwargs):
        cells = compare_learning_curves(X, y, {"d": est}, random_state=0, **kwargs).cells
        return sorted(cells["n_train"].unique())

    assert sizes(X, y, DummyClassifier()) == [20, 29, 41, 59, 84, 120]
    many = np.arange(300) % 15
    assert sizes(np.zeros((300, 1)), many, DummyClassifier(), cv=3)[0] == 45
    data, target = load_diabetes(return_X_y=True)
    assert sizes(data, target, Ridge(), cv=KFold(2))[::5] == [20, 221]


def test_any_estimator_can_take_part():
    candidates = {
        "linear": LogisticRegression(max_iter=1000),
        "net": MLPClassifier(max_epochs=3),
        "pipeline": make_pipeline(StandardScaler(), GaussianNB()),
        "search": GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 3]}, cv=2),
    }
    result = compare_learning_curves(
        pd.DataFrame(X, columns=list("abcd")),
        pd.Series(y),
        candidates,
        train_sizes=np.array([30, 100]),
        cv=3,
        scoring="f1_macro",
        baseline="pipeline",
        random_state=0,
    )
    assert result.cells["error"].isna().all()
    assert (result.cells["fit_time"] > 0).all()
    assert result.assumptions == {"linear": "", "net": "nothing", "pipeline": "", "search": ""}
    assert result.scoring == "f1_macro"
    assert result.to_frame().loc["pipeline", "difference"].isna().all()
    assert list(result.data_efficiency().index) == ["linear", "net", "search"]


def test_the_five_biases_read_lists():
    generator = np.random.default_rng(0)
    sequences = [generator.normal(size=(n, 2)) for n in generator.integers(2, 6, size=40)]
    lengths = np.array([len(x) for x in sequences], dtype=float) + 0.5
    five = biases("regression", max_epochs=1)
    five["length"] = MeanLength()
    result = compare_learning_curves(
        sequences, lengths, five, train_sizes=[10, 20], cv=2, random_state=0
    )
    assert result.cells["error"].isna().all()
    assert result.baseline == "MLP"
    assert result.to_frame().loc[("length", 20), "score"] > 0.9
    assert result.scoring == "R²"


def test_estimators_none_takes_the_five(monkeypatch):
    monkeypatch.setattr(_estimators, "biases", partial(biases, max_epochs=1))
    generator = np.random.default_rng(0)
    result = compare_learning_curves(
        generator.normal(size=(24, 2)), [0, 1] * 12, train_sizes=[8, 12], cv=2, random_state=0
    )
    assert list(result.assumptions) == ["MLP", "Conv", "Recurrent", "Graph", "Attention"]


def test_a_failing_fit_costs_its_cell_alone():
    candidates = {"bayes": GaussianNB(), "many": NeedsMany()}
    result = compare_learning_curves(
        X, y, candidates, train_sizes=[20, 50, 100], cv=3, random_state=0
    )
    failed = result.cells[result.cells["error"].notna()]
    assert set(zip(failed["estimator"], failed["n_train"], strict=True)) == {("many", 20)}
    reason = "many: 3 of 9 fits failed, in folds 1–3, with 20 samples: RuntimeError: too few"
    assert reason in repr(result)
    assert "failed" in repr(result).splitlines()[3]
    # Only sizes at which both have a score count: 50 and 100, where they are the same.
    assert result.data_efficiency().loc["many", "factor"] == 1
    assert result.plot().figure_ is not None
    with pytest.raises(ValueError, match="Every fit failed.*RuntimeError: too few"):
        compare_learning_curves(X, y, {"many": NeedsMany()}, train_sizes=[20], cv=3)


def test_wrong_arguments():
    candidates = {"a": DummyClassifier()}
    with pytest.raises(ValueError, match="estimators is empty"):
        compare_learning_curves(X, y, {})
    with pytest.raises(ValueError, match=r"baseline='b' is not among the estimators \['a'\]"):
        compare_learning_curves(X, y, candidates, baseline="b")
    with pytest.raises(ValueError, match="scoring must be a str, a callable"):
        compare_learning_curves(X, y, candidates, scoring=3)
    with pytest.raises(ValueError, match="begins with 20 samples.*has only 16"):
        compare_learning_curves(X[::6], y[::6], candidates, cv=3)
    with pytest.raises(ValueError, match="goes up to 101, but the smallest training fold has 100"):
        compare_learning_curves(X, y, candidates, train_sizes=[50, 101], cv=3)
    for sizes in ([50, 50], [50, 20], [0, 20], [0.1, 0.5], [], 50, [[20, 50]], ["a"]):
        with pytest.raises(ValueError, match="train_sizes must be increasing integers"):
            compare_learning_curves(X, y, candidates, train_sizes=sizes)


def test_differences_are_paired_by_fold():
    result = result_of({"MLP": law(2, 0.5, 0), "Conv": law(1, 0.5, 0)}, noise=0.02)
    cells = result.cells[result.cells["n_train"] == 480]
    scores = cells.pivot(index="fold", columns="estimator", values="score")
    row = result.to_frame().loc[("Conv", 480)]
    score = score_interval(scores["Conv"], 0.25, (0, 1), 120)
    difference = resampled_interval(scores["Conv"] - scores["MLP"], 0.25)
    assert tuple(row) == pytest.approx((*score, *difference))


@pytest.mark.parametrize("n_folds", [4, 5, 10])
def test_bootstrapped_means_vary_as_the_corrected_interval_does(n_folds):
    scores = np.random.default_rng(1).normal(size=(n_folds, 1))
    picks = np.random.default_rng(0).integers(n_folds, size=(20_000, n_folds))
    drawn = bootstrapped_means(scores, picks, 0.25)
    mean, low, _ = resampled_interval(scores[:, 0], 0.25)
    assert drawn.mean() == pytest.approx(mean, abs=0.05)
    half = stats.norm.ppf(0.975) * drawn.std()
    assert half == pytest.approx(mean - low, rel=0.03)


@settings(max_examples=25, deadline=None)
@given(a=st.floats(0.5, 5), b=st.floats(0.2, 1.2), c=st.floats(0, 0.3))
def test_power_laws_are_found_again(a, b, c):
    row = result_of({"MLP": law(a, b, c)}).power_laws().loc["MLP"]
    assert tuple(row[["a", "b", "c"]]) == pytest.approx((a, b, c), rel=0.02, abs=0.002)


def test_power_laws_have_intervals_that_cover():
    covered = []
    for seed in range(20):
        row = result_of({"MLP": law(2, 0.4, 0.05)}, noise=0.01, seed=seed).power_laws().loc["MLP"]
        truth = {"a": 2, "b": 0.4, "c": 0.05}
        covered += [row[f"{k}_low"] <= value <= row[f"{k}_high"] for k, value in truth.items()]
    assert np.mean(covered) > 0.9


def test_power_laws_are_nan_where_nothing_can_be_fitted():
    assert result_of({"MLP": law(1, 1, 0)[:3]}, SIZES[:3]).power_laws().isna().all(axis=None)
    rising = result_of({"MLP": law(1, 1, 0)[::-1]})
    assert rising.power_laws().isna().all(axis=None)
    noisy = result_of({"MLP": law(1, 0.5, 0)}, noise=0.3, n_folds=3).power_laws().loc["MLP"]
    assert noisy.isna().any()
    alone = result_of({"MLP": law(2, 0.5, 0.1)}, n_folds=1).power_laws().loc["MLP"]
    assert alone["b"] == pytest.approx(0.5, abs=0.01)
    assert alone[["b_low", "b_high"]].isna().all()


@settings(max_examples=25, deadline=None)
@given(worth=st.floats(1.2, 15), a=st.floats(0.5, 3), b=st.floats(0.2, 0.6), turned=st.booleans())
def test_a_known_factor_is_found(worth, a, b, turned):
    sizes = np.geomspace(20, 4000, 9).round().astype(int)
    factor = 1 / worth if turned else worth
    curves = {"MLP": law(a, b, 0.05, sizes=sizes), "Conv": law(a, b, 0.05, factor, sizes)}
    row = result_of(curves, sizes).data_efficiency().loc["Conv"]
    assert row["factor"] == pytest.approx(factor, rel=0.05)
    assert row["factor_low"] == pytest.approx(row["factor"])
    assert row["reached"]
    # The other way round it is the reciprocal.
    back = result_of(dict(reversed(curves.items())), sizes).data_efficiency()
    assert back.loc["MLP", "factor"] == pytest.approx(1 / row["factor"])


def test_intervals_of_the_factor_cover():
    rows = [
        result_of(
            {"MLP": law(2, 0.4, 0.05), "Conv": law(2, 0.4, 0.05, 4)},
            noise=0.01,
            seed=seed,
            ratio=0.0,  # the folds are independent here
        )
        .data_efficiency()
        .loc["Conv"]
        for seed in range(100)
    ]
    frame = pd.DataFrame(rows)
    covered = (frame["factor_low"] <= 4) & (frame["factor_high"] >= 4)
    assert 0.88 <= covered.mean() <= 0.99
    assert 3.6 < frame["factor"].median() <= 4  # between few sizes the chord errs towards 1


def test_sentences():
    curves = {
        "MLP": [0.4, 0.5, 0.6, 0.7],
        "Conv": [0.5, 0.7, 0.8, 0.9],
        "Graph": [0.8, 0.9, 0.9, 0.9],
        "Attention": [0.3, 0.4, 0.5, 0.6],
        "Recurrent": [0.1, 0.2, 0.3, 0.3],
        "twin": [0.4, 0.5, 0.6, 0.7],
        "dip": [0.4, 0.7, 0.6, 0.8],
    }
    frame = result_of(curves, [10, 100, 1000, 10_000]).data_efficiency()
    assert frame["factor"].tolist() == pytest.approx([100, 1000, 0.1, 0.001, 1, 100])
    assert frame["reached"].tolist() == [True, False, True, False, True, True]
    assert frame["sentence"].tolist() == [
        "Conv is worth 100 times the data of MLP (95 % interval 100): with 100 samples it is as "
        "good as MLP with 10,000.",
        "Graph is worth at least 1,000 times the data of MLP (95 % interval 1,000 or more): with "
        "10 samples it is already as good as MLP with 10,000.",
        "Attention is worth 0.1 times the data of MLP (95 % interval 0.1): with 10,000 samples it "
        "is as good as MLP with 1,000.",
        "Recurrent is worth at most 0.001 times the data of MLP (95 % interval 0.001 or less): "
        "with 10,000 samples it is no better than MLP with 10.",
        "twin is worth 1 times the data of MLP (95 % interval 1): with 10,000 samples it is as "
        "good as MLP with 10,000.",
        "dip is worth 100 times the data of MLP (95 % interval 100): with 100 samples it is as "
        "good as MLP with 10,000.",
    ]


def test_curves_that_are_full_early_are_compared_where_they_got_there():
    curves = {"MLP": [0.5, 0.5, 1, 1], "Conv": [0.5, 1, 1, 1], "twin": [0.5, 0.5, 1, 1]}
    frame = result_of(curves, [10, 100, 1000, 10_000]).data_efficiency()
    assert frame["factor"].tolist() == pytest.approx([10, 1])
    flat = result_of({"MLP": [1, 1], "Conv": [1, 1]}, [10, 100]).data_efficiency().loc["Conv"]
    assert flat["factor"] == 1
    assert not flat["reached"]
    assert flat["sentence"] == (
        "Conv and MLP do not differ: both are as good with 10 samples as with 100."
    )


def test_ends_of_the_interval_may_lie_where_the_sizes_end():
    curves = {"MLP": law(2, 0.4, 0.05), "Conv": law(2, 0.4, 0.05, 100)}
    row = result_of(curves, noise=0.03).data_efficiency().loc["Conv"]
    assert "to 200 or more)" in row["sentence"]
    assert row["factor_high"] == pytest.approx(200)
    alone = result_of(curves, n_folds=1).data_efficiency().loc["Conv"]
    assert alone[["factor_low", "factor_high"]].isna().all()
    assert "interval" not in alone["sentence"]


def test_missing_scores():
    result = result_of({"MLP": law(2, 0.4, 0.05), "Conv": law(2, 0.4, 0.05, 4)})
    whole = result.data_efficiency().loc["Conv", "factor"]
    own = (result.cells["estimator"] == "Conv") & (result.cells["fold"] == 0)
    result.cells.loc[own & (result.cells["n_train"] < 200), "score"] = np.nan
    assert result.data_efficiency().loc["Conv", "factor"] == pytest.approx(whole)
    result.cells.loc[result.cells["estimator"] == "Conv", "score"] = np.nan
    row = result.data_efficiency().loc["Conv"]
    assert np.isnan(row["factor"])
    assert row["sentence"] == "Conv and MLP need two sizes at which both have a score."
    assert "failed" in repr(result)
    one = result_of({"MLP": [0.5], "Conv": [0.6]}, [100]).data_efficiency().loc["Conv"]
    assert np.isnan(one["factor"])


def test_the_table_ends_with_the_sentences():
    result = result_of({"MLP": law(2, 0.4, 0.05), "Conv": law(2, 0.4, 0.05, 4)}, noise=0.001)
    lines = repr(result).splitlines()
    assert lines[0].split() == ["accuracy", "with", *(f"{n:,}" for n in SIZES)]
    assert lines[2].split()[0] == "MLP"
    assert "means over 5 folds" in lines[4]
    assert lines[5:] == result.data_efficiency()["sentence"].tolist()
    assert lines[5].startswith("Conv is worth 3.")
    assert repr(result_of({"MLP": law(2, 0.4, 0.05)})).endswith("the same for all.")


def test_one_split_is_enough_for_scores():
    split = ShuffleSplit(1, test_size=50, random_state=0)
    candidates = {"bayes": GaussianNB(), "tree": DecisionTreeClassifier()}
    result = compare_learning_curves(X, y, candidates, cv=split, random_state=0)
    frame = result.to_frame()
    assert frame["score"].notna().all()
    assert frame["score_low"].isna().all()
    assert result.test_train_ratio == pytest.approx(0.5)
    assert "bayes" in repr(result)


def test_the_picture_has_a_line_a_band_and_a_law_each():
    result = result_of({"MLP": law(2, 0.4, 0.05), "Conv": law(2, 0.4, 0.05, 4)}, noise=0.002)
    display = result.plot()
    lines = display.ax_.get_lines()
    assert [line.get_linestyle() for line in lines] == ["-", "--"] * 2
    assert len(display.ax_.collections) == 2
    np.testing.assert_allclose(lines[0].get_ydata(), result.to_frame().loc["MLP", "score"])
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["MLP", "Conv"]
    assert display.ax_.get_xscale() == "log"
    assert "4,000" in [tick.get_text() for tick in display.ax_.get_xticklabels()]
    assert "accuracy" in display.ax_.get_ylabel()
    display.figure_.canvas.draw()
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    few = result_of({"MLP": law(1, 1, 0)[:3]}, SIZES[:3])  # too few for a law
    assert few.plot(ax=ax).ax_ is ax
    assert len(ax.get_lines()) == 1


def test_the_progress_bar_names_what_runs(capsys):
    candidates = {"dummy": DummyClassifier()}
    compare_learning_curves(X, y, candidates, train_sizes=[20], cv=3, verbose=1)
    assert "running dummy, fold 1, n_train 20" in capsys.readouterr().err
    compare_learning_curves(X, y, candidates, train_sizes=[20], cv=3)
    assert capsys.readouterr().err == ""


def test_negative_errors_are_errors_down_to_0():
    sizes = np.array([10, 30, 100, 300, 1000])
    rows = [
        {"estimator": "a", "fold": fold, "n_train": n, "n_test": 9, "score": -(2 * n**-0.5 + 0.3)}
        for n in sizes
        for fold in range(3)
    ]
    cells = pd.DataFrame(rows).assign(fit_time=0.0, error=None)
    curves = LearningCurvesResult(cells, {"a": ""}, "a", "neg_mean_absolute_error", 0.25)
    law = curves.power_laws().loc["a"]
    np.testing.assert_allclose(law[["a", "b", "c"]].astype(float), [2, 0.5, 0.3], rtol=1e-3)


def test_the_code_length_is_what_the_blocks_cost():
    candidates = {"normal": GaussianNB(), "classes": DummyClassifier()}
    curves = compare_learning_curves(
        *IRIS,
        candidates,
        train_sizes=[20, 50, 120],
        baseline="classes",
        scoring=["accuracy", "neg_log_loss"],
        random_state=0,
    )
    frame = curves.code_length()
    means = -curves.cells.groupby(["estimator", "n_train"])["neg_log_loss"].mean()
    for name in candidates:
        nats = 20 * np.log(3) + 30 * means[name, 20] + 70 * means[name, 50]
        assert frame.loc[name, "bits"] == pytest.approx(nats / np.log(2))
    assert frame.loc["classes", "bits"] == pytest.approx(120 * np.log2(3), rel=0.02)
    row = frame.loc["normal"]
    assert row["saved"] == pytest.approx(frame.loc["classes", "bits"] - row["bits"])
    assert 0 < row["saved_low"] < row["saved"] < row["saved_high"]
    assert frame.loc["classes", "saved":].isna().all()
    assert f"{row['saved']:,.0f} fewer than classes" in curves.verdict()


def test_a_code_length_needs_the_log_loss_of_classes():
    candidates = {"classes": DummyClassifier()}
    curves = compare_learning_curves(*IRIS, candidates, train_sizes=[20, 50], random_state=0)
    with pytest.raises(ValueError, match=r"needs the log loss of classes. Give scoring="):
        curves.code_length()
    curves = compare_learning_curves(
        *IRIS, candidates, train_sizes=[20], scoring="neg_log_loss", random_state=0
    )
    with pytest.raises(ValueError, match="needs two sizes, but there is only 20"):
        curves.code_length()
    assert "bits" not in curves.verdict()
