"""What a process has to import before its first result."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import optional

# Each of them takes about as long to import as torch.
COMPILER = ("torch._dynamo", "torch._inductor", "sympy")
PYG = ("torch_geometric",)

WORK = {
    "fit and predict": """
import numpy as np, networkx as nx
import ibestimators as ib
inputs = {
    "array": np.random.default_rng(0).normal(size=(12, 6, 2)),
    "sequences": [np.ones((2 + i % 3, 2)) * i for i in range(12)],
    "tokens": [np.arange(2 + i % 3) for i in range(12)],
    "graphs": [nx.path_graph(2 + i % 3) for i in range(12)],
}
for X in inputs.values():
    for estimator in ib.biases("classification", max_epochs=1, random_state=0).values():
        estimator.fit(X, [0, 1] * 6).predict(X)
        estimator.count_multiply_adds(X)
""",
    "the command line": """
import sys
from ibestimators.cli import main
picture, report = sys.argv[1] + "/picture.png", sys.argv[1] + "/report.html"
assert main(["compare", "iris", "--max-epochs", "1", "--n-jobs", "1", "--cv", "2",
             "--output", picture, "--report", report]) == 0
""",
}


def imported_by(code: str, packages: tuple[str, ...], *args: str) -> list[str]:
    """Which of some packages a program imports, in a process of its own."""
    code += f"\nimport sys\nprint(*(name for name in {packages} if name in sys.modules), sep=',')"
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *args],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [name for name in run.stdout.splitlines()[-1].split(",") if name]


@pytest.mark.parametrize("work", WORK)
def test_no_work_imports_pyg(work, tmp_path):
    optional("torch_geometric")
    assert imported_by(WORK[work], PYG, str(tmp_path)) == []


@pytest.mark.parametrize("work", WORK)
def test_no_work_imports_the_compiler(work, tmp_path):
    assert imported_by(WORK[work], COMPILER, str(tmp_path)) == []


def test_pyg_works_after_the_estimators_were_imported():
    optional("torch_geometric")
    code = """
import ibestimators.mlp, skorch.utils, torch, numpy as np
assert skorch.utils.to_tensor(np.ones(2), "cpu").tolist() == [1, 1]
from torch_geometric.data import Data
data = Data(x=torch.ones(3, 1), edge_index=torch.zeros(2, 1, dtype=torch.long))
assert skorch.utils.is_geometric_data_type(data)
assert not skorch.utils.is_geometric_data_type(torch.ones(2))
assert skorch.utils.to_tensor(data, "cpu") is data
"""
    assert imported_by(code, PYG) == ["torch_geometric"]
