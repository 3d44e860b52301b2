"""Tables in LaTeX, with captions that say what is seen, how it was measured and how sure it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnnbench.results.metric import better
from rnnbench.results.render import PAIR_HEADERS, Cell, headers_of, pair_cells, rows_of
from rnnbench.results.significance import LEVEL

if TYPE_CHECKING:
    from rnnbench.results.table import Comparison, Table

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--", "±": r"$\pm$", "<": r"\textless{}",
    ">": r"\textgreater{}",
}  # fmt: skip


def render_latex(comparison: Comparison, pairs: bool = False) -> str:
    """The tables for a paper that uses booktabs, without the costs.

    Args:
        comparison: The tables.
        pairs: Whether every pair of rows is shown, too.
    """
    blocks = []
    for number, table in enumerate(comparison.tables, start=1):
        leading = [column for column in table.shown if table.leading and column.metric == table.leading.metric]
        # Of a data set's name no sign ends a label.
        key = re.sub(r"[^A-Za-z0-9_-]+", "-", f"{table.protocol.application}-{table.dataset}-{number}")
        headers, rows = headers_of(table, leading, False), rows_of(table, leading, False)
        blocks.append(latex_table(headers, rows, caption(table), key))
        if pairs and (lines := pair_cells(table)):
            blocks.append(latex_table(PAIR_HEADERS, lines, f"All pairs of Table~\\ref{{tab:{key}}}.", f"{key}-pairs"))
    return "\n".join([*blocks, *(f"% {' '.join(note.split())}" for note in comparison.notes)]).rstrip("\n") + "\n"


def caption(table: Table) -> str:
    """What a reader has to know to read the table on its own, as LaTeX."""
    leading, verdict = table.leading, table.verdict
    if leading is None:
        return escaped(f"Runs on {table.dataset}.")
    direction = f" ({better(leading.metric)} is better)" if better(leading.metric) else ""
    count = len(table.groups)
    parts = [f"{_sentence(str(leading))}{direction} of {number(count)} model{'s' * (count != 1)} on {table.dataset}"]
    parts[0] += f", {_seeds(table)}."
    if any(summary.low is not None for group in table.groups for summary in group.summaries.values()):
        parts.append("Intervals are 95% Student intervals of the mean over seeds.")
    if verdict is None:
        parts.append("Differences are not tested: that takes three seeds.")
    elif verdict.reference is not None:
        parts.append(f"Models are compared with {table.labels()[verdict.reference]} only ({_tests(table)}).")
    elif verdict.letters:
        parts.append(f"Models that share a letter are not told apart ({_tests(table)}); bold: no model is better.")
    if leading is not None and any(group.failures(leading) for group in table.groups):
        parts.append("A seed that failed counts as chance.")
    budget = table.protocol.budget
    parts.append(f"Selected by {table.protocol.selection}{f', trained for {_budget(budget)}' if budget else ''}.")
    return escaped(" ".join(parts))


def latex_table(headers: Sequence[str], rows: Sequence[Sequence[Cell]], caption: str, key: str) -> str:
    r"""A table for ``\usepackage{booktabs}``.

    Args:
        headers: The heads of the columns, the models' one first.
        rows: Its rows.
        caption: Its caption, as LaTeX.
        key: What it is referred to by.
    """
    lines = [
        "% \\usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{caption}}}",
        rf"\label{{tab:{key}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(headers) - 1)}}}",
        r"\toprule",
        " & ".join(map(escaped, headers)) + r" \\",
        r"\midrule",
        *(" & ".join(map(_cell, row)) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """A text whose signs LaTeX prints as they are."""
    return "".join(_LATEX.get(sign, sign) for sign in " ".join(text.split()))


def number(count: int) -> str:
    """A small number as a word."""
    return _NUMBERS[count] if count < len(_NUMBERS) else f"{count:,}"


def _cell(cell: Cell) -> str:
    text, _, spread = cell.text.partition(" ± ")
    written = escaped(text) + (rf" {{\footnotesize$\pm$ {escaped(spread)}}}" if spread else "")
    return rf"\textbf{{{written}}}" if cell.best else written


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _seeds(table: Table) -> str:
    """Over how many seeds."""
    counts = sorted({len(group.runs) for group in table.groups if not group.is_exact})
    if not counts:
        return "all counted, not trained"
    if counts[-1] == 1:
        return "one seed each"
    spread = "mean ± standard deviation over "
    return (
        spread + (number(counts[0]) if len(counts) == 1 else f"{number(counts[0])} to {number(counts[-1])}") + " seeds"
    )


def _tests(table: Table) -> str:
    assert table.verdict is not None
    names, pairs = ", ".join(table.verdict.tests), table.verdict.tested
    return f"{names}, Holm's correction over {pairs:,} pair{'s' * (pairs != 1)}, {LEVEL:.0%} in all"


def _budget(budget: str) -> str:
    """``epochs:13|tuning:2`` in words."""
    parts = [part.partition(":") for part in budget.split("|")]
    return ", ".join(f"{amount} {unit.replace('_', ' ')}" for unit, _, amount in parts)
