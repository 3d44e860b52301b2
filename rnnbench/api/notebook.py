"""How a run shows itself in a notebook: what it is and what it measured, and its pictures."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING

from rnnbench.applications import applications
from rnnbench.errors import UserError

if TYPE_CHECKING:
    from rnnbench.api.run import Run


def run_as_html(run: Run) -> str:
    """A table and the pictures, everything from elsewhere escaped.

    Args:
        run: The run.
    """
    try:
        result = run.result
    except UserError:
        return f"<p>{escape(repr(run))}: no result yet</p>"
    rows = [("run", str(run.path)), ("application", result.application), ("data", result.data.dataset)]
    rows += [("model", result.model), ("parameters", f"{result.parameters:,}"), ("status", result.status)]
    rows += [(name.replace("_", " "), f"{value:.4g}") for name, value in run.metrics.items()]
    table = "".join(
        f"<tr><th style='text-align: left'>{escape(name)}</th><td style='text-align: left'>{escape(value)}</td></tr>"
        for name, value in rows
    )
    return f"<table>{table}</table>{_pictures(run, result.application)}"


def _pictures(run: Run, application: str) -> str:
    found = applications().get(application)
    shown = ""
    for picture in found.card.pictures if found else ():
        path = run.path / picture.file
        if path.suffix == ".png" and path.is_file():
            data = base64.b64encode(path.read_bytes()).decode("ascii")
            shown += (
                f"<p>{escape(picture.shows)}<br><img style='max-width: 100%' src='data:image/png;base64,{data}'></p>"
            )
    return shown
