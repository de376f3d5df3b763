"""How the site is built, without network: `sphinx-build -W -b html docs docs/_build`."""

import os
import sys
from pathlib import Path

import ibestimators

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))
# Examples print lines of the width of the page, and no progress bars.
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("COLUMNS", "100")

project = "ibestimators"
author = "the ibestimators developers"
release = version = ibestimators.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "api_page",
    "links",
    "mathml",
]
exclude_patterns = ["_build", "api/backreferences", "benchmark"]  # the latter are parts of a page
templates_path = ["_templates"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(sklearn|torch|matplotlib|pandas|numpy)\..*")]  # elsewhere
default_role = "literal"  # single backticks in docstrings; links.py makes links of names

autodoc_typehints = "none"  # types stand in the numpydoc sections
autodoc_member_order = "bysource"
toc_object_entries_show_parents = "hide"
autosummary_generate = ["api/index.rst"]
numpydoc_show_class_members = False

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

html_theme = "pydata_sphinx_theme"
html_title = "ibestimators"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"
html_sidebars = {"index": [], "comparison": [], "changelog": [], "contributing": []}
html_theme_options = {
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "navigation_with_keys": False,
}
html_context = {"default_mode": "light"}
copyright = author

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"(^|/)(?!plot_)[^/]*\.py$",  # studies that run for minutes
    "within_subsection_order": "gallery_order.GuideOrder",
    "image_scrapers": ("gallery_figures.figures",),
    "backreferences_dir": "api/backreferences",
    "doc_module": ("ibestimators",),
    "reference_url": {"ibestimators": None},
    "capture_repr": ("_repr_html_", "__repr__"),
    "ignore_repr_types": r"matplotlib|Display|Axes|Figure",
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 5,
    "write_computation_times": False,
    "plot_gallery": "True",
}
