"""How the documentation is built: python -m sphinx -W -b html docs docs/_build/html"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE / "_ext")]
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("TQDM_DISABLE", "1")  # a page shows no moving bars

from examples import QuickForm, WrittenPictures, prepare  # noqa: E402 - from _ext, put on the path above

project = "tinygrad_nn"
author = "the tinygrad_nn authors"
copyright = "2026, the tinygrad_nn authors"
release = version = "0.1.0"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
    "docstrings",
    "reference",
]
exclude_patterns = ["_build", "figures.md"]
suppress_warnings = ["config.cache"]  # the gallery's two helpers are objects

# -- text ------------------------------------------------------------------------------------------

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
default_role = "code"

# -- reference -------------------------------------------------------------------------------------

autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
add_module_names = False
toc_object_entries = False  # thousands of them, copied into every page
maximum_signature_line_length = 100

# -- examples --------------------------------------------------------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": [str(prepare(ROOT / "examples", HERE / "_build" / "examples"))],
    "gallery_dirs": ["gallery"],
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"(__init__|/_)",
    "image_scrapers": (WrittenPictures(),),
    "reset_argv": QuickForm(ROOT / "examples"),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "min_reported_time": 10**6,
    "remove_config_comments": True,
    "within_subsection_order": "FileNameSortKey",
}

# -- pages -----------------------------------------------------------------------------------------

html_theme = "furo"
html_title = "tinygrad_nn"
html_static_path = ["_static"]
html_copy_source = False
