"""Draw the flowchart of the guide, which_bias.svg::

python docs/which_bias.py
"""

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

QUESTIONS = [
    (
        "Are samples graphs, or do you know\nwhich columns belong together?",
        "Graph",
        "GraphClassifier, GraphRegressor; graph=… for arrays",
    ),
    (
        "Is a sample a set,\nwithout an order?",
        "Attention or Graph",
        'position="none", or graph="empty"',
    ),
    (
        "Do columns have different\nmeanings, such as age and income?",
        "MLP",
        "compare with a random forest, too",
    ),
    (
        "Are nearby values related, and can\npatterns occur at any position?",
        "Conv",
        "ConvClassifier, ConvRegressor",
    ),
    (
        "Must something be counted or\nremembered, at any length?",
        "Recurrent",
        "RecurrentClassifier, RecurrentRegressor",
    ),
    (
        "Do distant parts refer to each\nother by their content?",
        "Attention",
        "AttentionClassifier, AttentionRegressor",
    ),
]
COLOURS = ["#4c9f8a", "#b4679d", "#7a7a7a", "#4878b0", "#c98b3a", "#b4679d"]
STEP, HEIGHT = 1.3, 0.86


def box(ax: Any, left: float, y: float, width: float, face: str, edge: str) -> None:
    ax.add_patch(
        FancyBboxPatch(
            (left, y - HEIGHT / 2),
            width,
            HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.12",
            facecolor=face,
            edgecolor=edge,
            linewidth=1.2,
        )
    )


def arrow(ax: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": "0.35", "lw": 1.2})


def main(path: str) -> None:
    n = len(QUESTIONS)
    figure = Figure(figsize=(9.6, 8.6))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 11.2), ylim=(-n * STEP - 0.65, 0.65))
    ax.set_axis_off()
    for i, ((question, bias, how), colour) in enumerate(zip(QUESTIONS, COLOURS, strict=True)):
        y = -i * STEP
        box(ax, 0.3, y, 4.6, "white", "0.55")
        ax.text(2.6, y, question, ha="center", va="center", fontsize=11, linespacing=1.35)
        arrow(ax, (4.9, y), (5.9, y))
        ax.text(5.36, y + 0.1, "yes", ha="center", va="bottom", fontsize=9.5, color="0.35")
        box(ax, 5.9, y, 5.0, colour, colour)
        ax.text(6.15, y + 0.17, bias, va="center", fontsize=12, color="white", weight="bold")
        ax.text(6.15, y - 0.19, how, va="center", fontsize=9.5, color="white")
        arrow(ax, (2.6, y - HEIGHT / 2), (2.6, y - STEP + HEIGHT / 2))
        ax.text(2.72, y - STEP / 2, "no, or not sure", va="center", fontsize=9.5, color="0.35")
    y = -n * STEP
    box(ax, 0.3, y, 10.6, "#f2f2f2", "0.55")
    ax.text(
        5.6,
        y,
        "Several answers can be yes: compare the candidates and the MLP with compare_biases.\n"
        "structure_ablation then tests whether the structure matters.",
        ha="center",
        va="center",
        fontsize=10,
        linespacing=1.4,
    )
    # The same file each time: no date, no random identifiers.
    with rc_context({"svg.hashsalt": "which_bias"}):
        figure.savefig(path, facecolor="white", metadata={"Date": None})


if __name__ == "__main__":
    main(str(Path(__file__).with_name("which_bias.svg")))
