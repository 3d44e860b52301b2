"""Configuration of the documentation's builder."""

from rnnbench import __version__

project = "rnnbench"
author = "the rnnbench authors"
release = __version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
html_theme = "furo"
html_title = f"rnnbench {release}"
templates_path = ["_templates"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
autosummary_generate = True
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_typehints = "description"
autodoc_mock_imports = ["triton"]
napoleon_google_docstring = True
# Names in single backquotes are code, as in docstrings read in a terminal.
default_role = "code"
