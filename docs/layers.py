"""What each module at the top and each package imports from the others.

`tests/test_project.py` compares the table with the imports, and `docs/design.md` shows the
picture: `python docs/layers.py` prints it.
"""

from graphlib import TopologicalSorter

BIASES = ("mlp", "convolution", "recurrence", "message_passing", "attention")

LAYERS: dict[str, set[str]] = {
    "formatting": set(),
    "writing": set(),
    "pipelines": set(),
    "hashing": set(),
    "folds": set(),
    "plotting": set(),
    "structures": {"formatting"},
    "datasets": {"formatting"},
    "multiple_testing": set(),
    "layers": {"structures"},
    "training": {"structures", "layers"},
    "scoring": {"pipelines", "structures"},
    "base": {"structures", "layers", "training", "scoring", "writing"},
    **{bias: {"structures", "layers", "base"} for bias in BIASES},
    "recurrence": {"structures", "layers", "training", "base"},
    "tables": set(),
    "text": {"structures", "base"},
    "language": {"pipelines", "structures", "scoring", "base"},
    "forecasting": {"plotting", "structures", "base"},
    "nodes": {"structures", "base"},
    "suite": {"base", "nodes", *BIASES},
    "perturbations": {"structures", "base"},
    "report": {"formatting", "hashing", "plotting", "structures", "writing"},
    "comparison": {
        "formatting",
        "folds",
        "hashing",
        "multiple_testing",
        "pipelines",
        "plotting",
        "structures",
        "report",
        "perturbations",
        "scoring",
        "base",
        "suite",
        "diagnosis",
    },
    "inspection": {
        "formatting",
        "pipelines",
        "plotting",
        "report",
        "structures",
        "layers",
        "perturbations",
        "scoring",
        "training",
        "base",
        *BIASES,
        "text",
    },
    "untrained": {"layers"},
    "symmetries": {
        "formatting",
        "multiple_testing",
        "plotting",
        "report",
        "structures",
        "perturbations",
        "base",
        "suite",
        "inspection",
        "untrained",
    },
    "diagnosis": {"formatting", "report", "structures", "base", "suite", "symmetries"},
    "screening": {
        "formatting",
        "folds",
        "plotting",
        "report",
        "structures",
        "base",
        "suite",
        "symmetries",
        "untrained",
    },
    "testing": {"structures"},
    "cli": {
        "formatting",
        "structures",
        "datasets",
        "tables",
        "text",
        "suite",
        "comparison",
        "diagnosis",
        "writing",
    },
    "__main__": {"cli"},
}


def picture() -> str:
    """The layers, highest first: a line imports from lines below it only."""
    sorter = TopologicalSorter(LAYERS)
    sorter.prepare()
    lines = []
    while sorter.is_active():
        ready = sorter.get_ready()
        lines.append("   ".join(unit for unit in LAYERS if unit in ready))
        sorter.done(*ready)
    return "\n".join(reversed(lines))


if __name__ == "__main__":
    print(picture())
