"""Writes a report: page, tables and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnbench.errors import UserError
from rnnbench.report.charts.cost import cost_chart
from rnnbench.report.charts.learning import learning
from rnnbench.report.charts.over_tasks import effect_chart, profile_chart, rank_chart, typical_chart, win_chart
from rnnbench.report.charts.ranking import ranking
from rnnbench.report.charts.sensitivity import sensitivity
from rnnbench.report.content import COSTS, Content, Section
from rnnbench.report.curves import curves
from rnnbench.report.drawing import Chart
from rnnbench.report.overall import Overall, overall
from rnnbench.report.page import Chapter, render
from rnnbench.report.panels import panels
from rnnbench.report.sensitivity import sensitivity_of
from rnnbench.report.tables import comma_separated, latex, markdown
from rnnbench.report.theme import Mark, marks
from rnnbench.safe_files import replace_bytes, replace_text

PAGE = "index.html"
_MOST_DRAWN = 18
_MOST_CURVES = 10


@dataclass(frozen=True)
class Written:
    """What was written.

    Args:
        page: The page.
        files: How many tables and figures lie beside it.
    """

    page: Path
    files: int


def build(content: Content, out: Path, cells: Sequence[str] = (), reference: str | None = None) -> Written:
    """Writes ``index.html``, ``tables/`` and ``figures/``.

    Args:
        content: What the report says.
        out: The folder; it is made where there is none, and files of other names stay in it.
        cells: The cells to compare over all tasks; those of the largest table without a gap where none is named.
        reference: The cell that the others are compared with over all tasks; the first one where none is named.
    """
    for folder in (out, out / "tables", out / "figures"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"this folder cannot be made: {error.strerror}", where=folder, hint="--out FOLDER"
            ) from None
    entries = [entry for section in content.sections for entry in section.entries]
    drawn = marks([e.kind for e in entries if e.cell], [e.kind for e in entries if not e.cell])
    across = overall(content.sections, cells, reference)
    general = _overall_charts(across, drawn)
    # Charts of many small rankings would take long to draw and to scroll past.
    largest = sorted(content.sections, key=lambda section: -len(section.entries))[:_MOST_DRAWN]
    chapters = [
        Chapter(section, _charts(section, drawn) if section in largest else [], panels(section), section in largest)
        for section in content.sections
    ]
    files: dict[Path, bytes] = {}
    for chart in [*general, *(chart for chapter in chapters for chart in chapter.charts)]:
        files[out / "figures" / f"{chart.key}.svg"] = chart.svg
        files[out / "figures" / f"{chart.key}.pdf"] = chart.pdf
    for section in content.sections:
        for ending, make in (("md", markdown), ("tex", latex), ("csv", comma_separated)):
            files[out / "tables" / f"{section.key}.{ending}"] = make(section).encode("utf-8", "backslashreplace")
    for path, written in files.items():
        replace_bytes(path, written)
    replace_text(out / PAGE, render(content, chapters, across, general, drawn, out))
    return Written(out / PAGE, len(files))


def _charts(section: Section, drawn: Mapping[str, Mark]) -> list[Chart]:
    """The charts of a ranking that have something to show."""
    found = [ranking(section, drawn)]
    if section.leading:
        for name in (f"validation/{section.leading.metric}", "train/loss"):
            found.append(learning(section, curves(section.entries, name, _MOST_CURVES), drawn, name=name))
    found += [cost_chart(section, cost, drawn) for cost in COSTS]
    found.append(sensitivity(section, sensitivity_of(section), drawn))
    return [chart for chart in found if chart is not None]


def _overall_charts(across: Overall | None, drawn: Mapping[str, Mark]) -> Sequence[Chart]:
    if across is None:
        return []
    made = (make(across, drawn) for make in (rank_chart, win_chart, typical_chart, profile_chart, effect_chart))
    return [chart for chart in made if chart is not None]
