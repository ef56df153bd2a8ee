"""Sphinx configuration. ``./run docs`` builds the pages; nothing is fetched from a network."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs" / "_ext"))

import bafe  # noqa: E402

project = "BAFE"
author = "the BAFE authors"
copyright = author  # noqa: A001 - the name that Sphinx reads
version = release = bafe.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "bafe_directives",
]
exclude_patterns = ["_ext", "_static", "diagrams"]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
suppress_warnings = ["config.cache"]

nitpicky = True
nitpick_ignore_regex = [  # names of annotations that have no page of their own
    (r"py:.*", r"(np|numpy|os|types|typing|collections|click|onnx|argparse)\..*"),
    (r"py:.*", r"(bafe\.)?_core\..*"),
    (r"py:.*", r"(Any|Callable|Sequence|Iterable|Iterator|Mapping|optional|array|arrays|Dtype)"),
]
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False  # results are described in words
autodoc_typehints = "none"  # signatures have them in the sources; the text says what they mean
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
add_module_names = False
viewcode_line_numbers = True

html_theme = "furo"
html_title = f"BAFE {version}"
html_static_path = ["_static"]
html_css_files = ["bafe.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b6e4f", "color-brand-content": "#0b6e4f"},
    "dark_css_variables": {"color-brand-primary": "#5fd3a6", "color-brand-content": "#5fd3a6"},
    "navigation_with_keys": True,
}
pygments_style = "friendly"
pygments_dark_style = "monokai"

bafe_run_examples = True  # -D bafe_run_examples=0 leaves the printed output of examples out
