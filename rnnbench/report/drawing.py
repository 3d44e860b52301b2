"""Figures of matplotlib as SVG for the page, and as SVG and PDF files.

matplotlib, and not a library that draws in the browser: it is there anyway, so that a report needs nothing more; the
page needs no script of a megabyte that the browser must be allowed to evaluate, opens at once, and prints.
"""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rnnbench.report.text import clean
from rnnbench.report.theme import GRID, INK, MUTED, Mark, variables

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 360
"""Points: a chart fills the width of a phone, and two or three stand side by side elsewhere."""

_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "rnnbench",
    "pdf.fonttype": 42,
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.formatter.use_mathtext": False,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.solid_capstyle": "round",
    "text.parse_math": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@dataclass(frozen=True)
class Chart:
    """A chart.

    Args:
        key: Its file name, without extension.
        title: What it shows.
        caption: What is seen in it.
        inline: As SVG for the page, in the colours of its style sheet.
        svg: As a file of its own.
        pdf: The same.
    """

    key: str
    title: str
    caption: str
    inline: str
    svg: bytes
    pdf: bytes


@dataclass
class Canvas:
    """A figure under construction, and what its parts say when the pointer is on them.

    Args:
        figure: The figure.
        axes: Its one pair of axes.
        tips: Id of a part -> the name of the series and the text.
    """

    figure: Figure
    axes: Axes
    tips: dict[str, tuple[str, str]] = field(default_factory=dict)

    def tip(self, series: str, text: str) -> str:
        """The id for a part that says ``text``."""
        name = f"tip-{len(self.tips)}"
        self.tips[name] = (series, text)
        return name


def chart(key: str, title: str, caption: str, height: float, paint: Callable[[Canvas], None]) -> Chart:
    """Draws a chart.

    Args:
        key: Its file name, without extension.
        title: What it shows.
        caption: What is seen in it.
        height: In points.
        paint: Draws into the axes.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # A browser has fonts for every script; on paper a box stands for what the font lacks.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        figure = Figure(figsize=(WIDTH / 72, height / 72), layout="constrained")
        canvas = Canvas(figure, figure.subplots())
        paint(canvas)
        svg, pdf = io.BytesIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        figure.set_layout_engine("none")
        figure.savefig(pdf, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
    text = svg.getvalue().decode()
    return Chart(key, title, caption, _inline(text, key, title, canvas.tips), svg.getvalue(), pdf.getvalue())


def marker(mark: Mark) -> Any:
    """A mark's symbol as matplotlib takes it."""
    from matplotlib.path import Path

    return Path([*mark.shape, mark.shape[0]], closed=True)


def dashes(mark: Mark) -> Any:
    """A mark's line as matplotlib takes it."""
    return (0, mark.dashes) if mark.dashes else "-"


def _inline(svg: str, key: str, title: str, tips: dict[str, tuple[str, str]]) -> str:
    """The SVG within a page: ids of its own, the page's colours, and its parts named."""
    svg = svg[svg.index("<svg") :]
    # The metadata say nothing, and the style is for every element of the page.
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)

    def name(match: re.Match[str]) -> str:
        given = match[1]
        if given in tips:
            series, text = tips[given]
            return f'class="mark" data-series="{html.escape(series)}" data-tip="{html.escape(text)}"'
        # matplotlib gives every group an id; only definitions, whose ids are hashes, are referred to.
        return f'id="{key}-{given}"' if re.fullmatch(r"[a-zA-Z][0-9a-f]{10}", given) else ""

    svg = re.sub(r'\bid="([^"]*)"', name, svg)
    svg = re.sub(r"url\(#([^)]*)\)", rf"url(#{key}-\1)", svg)
    svg = re.sub(r'xlink:href="#([^"]*)"', rf'href="#{key}-\1"', svg)
    for colour, variable in variables().items():
        svg = svg.replace(colour, f"var({variable})")
    box = re.search(r'viewBox="([^"]*)"', svg)
    head = f'<svg viewBox="{box[1] if box else ""}" role="img" aria-label="{html.escape(clean(title))}">'
    return re.sub(r"^<svg[^>]*>", lambda _: head, svg)
