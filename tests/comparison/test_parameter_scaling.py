"""Scaling over parameters: sizes are reached, folds are the same, laws are fitted."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import IRIS

from ibestimators import (
    MLPClassifier,
    RecurrentClassifier,
    compare_biases,
    compare_parameter_scaling,
)

X, y = IRIS


def test_sizes_are_reached_on_the_same_folds():
    candidates = {
        "MLP": MLPClassifier(max_epochs=2),
        "Recurrent": RecurrentClassifier(cell="gru", n_layers=1, bidirectional=False, max_epochs=1),
    }
    sizes = [500, 1000, 2000, 4000]
    result = compare_parameter_scaling(X, y, candidates, n_parameters=sizes, cv=2, random_state=0)
    assert result.frame.shape[0] == 8
    for (_, size), row in result.frame.iterrows():
        assert abs(row["parameters"] - size) <= 0.05 * size
    alone = compare_biases(X, y, candidates, cv=2, match_parameters=1000, random_state=0)
    expected = alone.to_frame()["score"]
    np.testing.assert_allclose(result.frame["score"].unstack()[1000][expected.index], expected)
    assert list(result.laws.index) == ["MLP", "Recurrent"]
    assert "1,000" in repr(result)
    assert result.frame.loc["MLP", "difference"].isna().all()


def test_bad_sizes_are_named():
    with pytest.raises(ValueError, match="n_parameters must be increasing"):
        compare_parameter_scaling(X, y, n_parameters=[10, 5])
    with pytest.raises(ValueError, match="cannot have 5 parameters"):
        compare_parameter_scaling(X, y, {"MLP": MLPClassifier()}, n_parameters=[5])
