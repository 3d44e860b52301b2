"""Configuration of the documentation's builder."""

import re

from rnnbench import __version__

project = "rnnbench"
author = "the rnnbench authors"
release = __version__
extensions = [
    "myst_nb",  # Markdown by myst_parser, and notebooks
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
# Classes are documented where they are written and named by their packages; pages may link to files beside docs/.
suppress_warnings = ["ref.python", "myst.xref_missing"]
html_theme = "furo"
html_title = f"rnnbench {release}"
templates_path = ["_templates"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
# They are run by a test; the pages have what is to be run.
nb_execution_mode = "off"
autosummary_generate = True
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_typehints = "description"
napoleon_google_docstring = True
# Names in single backquotes are code, as in docstrings read in a terminal.
default_role = "code"

_CODE = re.compile(r"(``.*?``)")


def _as_they_read(app, what, name, obj, options, lines):
    """Docstrings are written for people: a bar in an equation is a bar, and no substitution of reStructuredText."""
    for number, line in enumerate(lines):
        parts = _CODE.split(line)
        lines[number] = "".join(part if part.startswith("``") else part.replace("|", r"\|") for part in parts)


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _as_they_read)
