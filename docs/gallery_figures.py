"""Figures of gallery examples: those of pyplot, and those that displays make without it."""

from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst, matplotlib_scraper

_SAVED = "_figures_already_on_the_page"


def figures(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figures that a block of an example made, as sphinx-gallery asks of a scraper."""
    rst: str = matplotlib_scraper(block, block_vars, gallery_conf)
    names = block_vars["example_globals"]
    saved = names.setdefault(_SAVED, [])
    paths = []
    for value in list(names.values()):
        figure = getattr(value, "figure_", value)
        if not isinstance(figure, Figure) or any(figure is other for other in saved):
            continue
        saved.append(figure)  # kept, so that no other figure gets its identity
        if hasattr(figure, "number"):  # pyplot's, saved above
            continue
        path = next(block_vars["image_path_iterator"])
        figure.savefig(path, dpi=100)
        paths.append(path)
    return rst + figure_rst(paths, gallery_conf["src_dir"])
