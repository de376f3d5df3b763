"""
Can one grid search choose the bias?
====================================

An estimator is a parameter of the pipeline that contains it. So one `GridSearchCV` can compare
convolution, recurrence, message passing, attention and dense layers, each with its own settings,
and select the best.
"""

# %%
# One grid, five biases
# ---------------------
# The digits are flat, so that a scaler can precede the network; `input_shape` restores the 8 by 8
# pixels. Each bias has two settings, and half of the default training, so that the search takes
# less than a minute. Two thirds of the data are held out and not used in the search.

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from ibestimators import (
    AttentionClassifier,
    ConvClassifier,
    GraphClassifier,
    MLPClassifier,
    RecurrentClassifier,
)

SEED = 0
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=600, stratify=y, random_state=SEED
)

SHARED = {"input_shape": (8, 8, 1), "max_epochs": 20, "random_state": SEED}
pipeline = Pipeline([("scale", MinMaxScaler()), ("model", MLPClassifier())])
grid = [
    {
        "model": [MLPClassifier(**SHARED)],
        "model__hidden_layer_sizes": [(64,), (128, 128)],
    },
    {"model": [ConvClassifier(**SHARED)], "model__kernel_size": [3, 5]},
    {"model": [RecurrentClassifier(**SHARED)], "model__cell": ["mingru", "gru"]},
    {"model": [GraphClassifier(**SHARED)], "model__aggregation": ["sum", "mean"]},
    {"model": [AttentionClassifier(**SHARED)], "model__patch_size": [2, 4]},
]
folds = StratifiedKFold(3, shuffle=True, random_state=SEED)
search = GridSearchCV(pipeline, grid, cv=folds, n_jobs=1).fit(X_train, y_train)

# %%
# All candidates
# --------------
# ``cv_results_`` has a row for each setting. Columns that do not apply to an estimator are empty.


def bias_and_setting(params: dict[str, object]) -> tuple[str, str]:
    bias = type(params["model"]).__name__.removesuffix("Classifier")
    [(name, value)] = ((name, value) for name, value in params.items() if name != "model")
    return bias, f"{name.removeprefix('model__')}={value!r}"


results = pd.DataFrame(
    map(bias_and_setting, search.cv_results_["params"]), columns=["bias", "setting"]
)
by_fold = np.array([search.cv_results_[f"split{fold}_test_score"] for fold in range(3)]).T
results["accuracy"] = search.cv_results_["mean_test_score"]
results["fit, s"] = search.cv_results_["mean_fit_time"]
print(results.round(3).to_string(index=False))

# %%
# An unbiased estimate
# --------------------
# ``best_score_`` is the largest of ten noisy estimates, and comes from networks that were trained
# on two thirds of the 600 digits. The first makes it too high, the second too low. Only held-out
# samples give an unbiased estimate of the selected model, refitted on all 600.

chosen = type(search.best_estimator_["model"]).__name__
test_score = search.score(X_test, y_test)
print(f"Chosen: {chosen}, {search.best_score_:.3f} by cross-validation, {test_score:.3f} on test")

# %%
# The picture
# -----------
# Large dots are means, small ones folds.

BIASES = list(dict.fromkeys(results["bias"]))
order = results["accuracy"].argsort().to_numpy()
figure, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
for height, row in enumerate(order):
    colour = f"C{BIASES.index(results['bias'][row])}"
    ax.plot(by_fold[row], [height] * 3, "o", color=colour, ms=4, alpha=0.5)
    ax.plot(results["accuracy"][row], height, "o", color=colour, ms=9)
ax.axvline(test_score, color="0.3", ls="--", lw=1, label="selected model, test samples")
ax.set_yticks(range(len(order)), [f"{results['bias'][i]}: {results['setting'][i]}" for i in order])
ax.set_xlabel("accuracy, three folds of 600 digits")
ax.legend(frameon=False, loc="upper left")
ax.grid(axis="x", alpha=0.3)
ax.spines[["top", "right", "left"]].set_visible(False)
ax.tick_params(axis="y", length=0)
plt.show()

# %%
# Conclusion
# ----------
# Yes: one search compares ten settings of five biases. It selects convolution with a kernel of 3
# (0.982), and the 1,197 held-out digits agree (0.987). Here the unbiased estimate is higher, since
# refitting on half as many samples again has a larger effect than selection. The choice of the bias
# is clear, since convolution leads with either kernel. That of the kernel is not: they are 0.007
# apart, no more than the folds. Settings matter less than biases here, and most for message
# passing: 0.915 or 0.883, depending on the aggregation.
