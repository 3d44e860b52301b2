"""The page: one file that needs nothing else, from a template that escapes all it is given."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import rnnbench
from rnnbench.report.content import Content, Entry, Section, Source
from rnnbench.report.drawing import Chart
from rnnbench.report.overall import Overall
from rnnbench.report.panels import Panel
from rnnbench.report.tables import Grid, grid
from rnnbench.report.text import clean, decimals, number, words
from rnnbench.report.theme import Mark, style_variables, symbol
from rnnbench.results.metric import better

_TEMPLATES = Path(__file__).parent / "templates"
_MOST_SOURCES = 12


@dataclass(frozen=True)
class Chapter:
    """A ranking with its charts and panels.

    Args:
        section: The ranking.
        charts: Its charts.
        panels: What its best runs show.
        is_drawn: Whether it was to have charts at all.
    """

    section: Section
    charts: list[Chart]
    panels: list[Panel]
    is_drawn: bool

    @property
    def grid(self) -> Grid:
        """The table."""
        return grid(self.section)


def render(
    content: Content,
    chapters: Sequence[Chapter],
    across: Overall | None,
    general: Sequence[Chart],
    marks: Mapping[str, Mark],
    out: Path,
) -> str:
    """The page as HTML.

    Args:
        content: What the report says.
        chapters: The rankings in their order.
        across: The cells over all tasks.
        general: The charts of that.
        marks: How the models are drawn.
        out: Where the page will lie: links to run folders start there.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(words=words, clean=clean)
    # Tags in the text are shown as they are written.
    findings = MarkdownIt("commonmark", {"html": False}).enable("table").render(content.findings)
    script = (_TEMPLATES / "page.js").read_text(encoding="utf-8")
    style = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    chapters = sorted(chapters, key=lambda chapter: chapter.section.application)
    applications = [
        (name, list(group)) for name, group in groupby(chapters, key=lambda chapter: chapter.section.application)
    ]

    def link(source: Source) -> str | None:
        """Where the run lies, seen from the page."""
        return None if source.folder is None else os.path.relpath(source.folder, out).replace(os.sep, "/")

    return environment.get_template("page.html").render(
        content=content,
        applications=applications,
        chapters=chapters,
        across=across,
        across_rows=_across_rows(across) if across else [],
        general=general,
        marks=marks,
        symbol=symbol,
        places={mark: f"sym-{k}" for k, mark in enumerate(dict.fromkeys(marks.values()))},
        # Our own files and drawings, in which every name was escaped when it was put there.
        findings=Markup(findings),
        drawing=lambda chart: Markup(chart.inline),
        style=Markup(style.replace("/*light*/", style_variables(False)).replace("/*dark*/", style_variables(True))),
        script=Markup(script),
        digest=digest,
        link=link,
        best_of=_best_of,
        better=better,
        arrow=lambda metric: {"lower": "↓", "higher": "↑", None: ""}[better(metric)],
        most_sources=_MOST_SOURCES,
        version=rnnbench.__version__,
        newest=max((s.finished or "" for c in chapters for e in c.section.entries for s in e.sources), default="")[:10],
    )


def _best_of(section: Section, baseline: bool) -> dict[str, Any] | None:
    """The best row of a ranking, among recurrent networks or among the others."""
    for entry in section.entries:
        mean = section.mean(entry)
        if entry.baseline == baseline and mean is not None and section.leading:
            places = decimals([mean])
            deviation = entry.values[section.leading].deviation
            return {
                "entry": entry,
                "value": number(mean, places),
                "spread": "" if deviation is None else number(deviation, places),
                "ties": _ties(section, entry),
            }
    return None


def _ties(section: Section, entry: Entry) -> int | None:
    """How many other rows are not told apart from it; None where it was not tested."""
    if not entry.letters:
        return None
    return sum(bool(set(entry.letters) & set(other.letters)) for other in section.entries) - 1


def _across_rows(across: Overall) -> list[dict[str, Any]]:
    """For each cell its mean rank, and value and rank on each task."""
    rows = []
    columns: list[list[tuple[float, str]]] = []
    for place, section in enumerate(across.tasks):
        assert section.leading is not None
        means = [section.mean(entries[place]) or 0.0 for entries in across.entries]
        places = decimals(means)
        better = [sum(_beats(section, other, mean) for other in means) for mean in means]
        columns.append([(1.0 + count, number(mean, places)) for count, mean in zip(better, means, strict=True)])
    for k, cell in enumerate(across.cells):
        rows.append({"cell": cell, "rank": across.ranks[k], "tasks": [column[k] for column in columns]})
    return rows


def _beats(section: Section, one: float, other: float) -> bool:
    assert section.leading is not None
    return one < other if better(section.leading.metric) == "lower" else one > other
