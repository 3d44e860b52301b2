"""What each word of a target looked at in the source, as a picture: attention as shades of blue."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from lightning.pytorch import Trainer
from torch import Tensor

from rnnbench.data.text.reversible import JOINED
from rnnbench.tasks.base.fonts import font_families, tell_missing
from rnnbench.tasks.base.pictures import record_picture, save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FILE_NAME = "alignments.png"
"""Name of the picture in a run folder."""

Item = tuple[Sequence[str], Sequence[str], Tensor]
"""Tokens of the source, tokens of the target, and the weights ``(T, S)`` of each token of the target."""

# Inches.
_CELL = 0.26
_GAP = 0.35
_MARGIN = 0.15
_WIDTH = 15.0
_MOST_TOKENS = 60
_MOST_LETTERS = 20
_MOST_ITEMS = 24
_DPI = 110
_FONT_SIZE = 9
# Signs that every font has, in place of those that nobody can see or few fonts have.
_VISIBLE = str.maketrans({" ": "␣", "\u3000": "␣", "\u00a0": "␣", JOINED: "‿"})


class _Drawn(NamedTuple):
    source: list[str]
    target: list[str]
    weights: Tensor
    title: str


def draw(path: Path, items: Sequence[Item]) -> None:
    """Draws the attention of some targets on one page, the source along the top and the target downwards.

    Only what fits on a page is drawn: the first 24 pairs, and the first 60 tokens of each side. Characters that no
    installed font has are written as their code, ``U+4E2D``, and named on stderr.

    Args:
        path: Where to write it; the extension says in which format, such as ``.png``.
        items: Source tokens, target tokens and weights ``(T, S)`` of each pair, more rows or columns than tokens
            (those of end marks) being left out.

    Raises:
        UserError: The file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = [_cut(item) for item in items[:_MOST_ITEMS]]
    tokens = [token for one in drawn for token in (*one.source, *one.target)]
    families, missing = font_families(set("".join(tokens)))
    if missing:
        tell_missing(missing, "their codes")
    names = {token: _spelled(token, missing) for token in tokens}
    figure = Figure()
    FigureCanvasAgg(figure)
    _arrange(figure, drawn, names, families)
    save_figure(figure, path, _DPI)


def record_alignments(trainer: Trainer, items: Sequence[Item]) -> None:
    """Draws the attention of some targets into the run folder, and shows it in W&B where that is the logger.

    Args:
        trainer: The trainer; its first process draws.
        items: See `draw`; nothing is drawn without any.
    """
    if not trainer.is_global_zero or not items:
        return
    draw(Path(trainer.default_root_dir, FILE_NAME), items)
    record_picture(trainer, FILE_NAME)


class _Box(NamedTuple):
    """Inches of one sentence: room for labels at the left and above, size of all cells, room for them and the title."""

    left: float
    above: float
    across: float
    down: float
    right: float


def _cut(item: Item) -> _Drawn:
    source, target, weights = item
    rows, columns = min(len(target), _MOST_TOKENS), min(len(source), _MOST_TOKENS)
    title = ""
    if rows < len(target) or columns < len(source):
        title = f"first {columns:,} of {len(source):,} and {rows:,} of {len(target):,} tokens"
    values = weights[:rows, :columns].detach().to("cpu", torch.float32)
    read, written = [_visible(token) for token in source[:columns]], [_visible(token) for token in target[:rows]]
    return _Drawn(read, written, values, title)


def _visible(token: str) -> str:
    token = token.translate(_VISIBLE)
    return token if len(token) <= _MOST_LETTERS else f"{token[: _MOST_LETTERS - 1]}…"


def _spelled(token: str, missing: set[str]) -> str:
    if not missing.intersection(token):
        return token
    return " ".join(f"U+{ord(character):04X}" if character in missing else character for character in token)


def _arrange(figure: Figure, drawn: Sequence[_Drawn], names: dict[str, str], families: list[str]) -> None:
    """Puts the sentences on the page, from left to right and then downwards, each as large as it has to be."""
    style: dict[str, Any] = {"fontfamily": families, "fontsize": _FONT_SIZE, "parse_math": False}
    boxes = [_box(figure, one, names, style) for one in drawn]
    places, x, y, row_height, width = [], 0.0, 0.0, 0.0, 1.0
    for box in boxes:
        if x and x + box.left + box.right > _WIDTH:
            x, y, row_height = 0.0, y + row_height, 0.0
        places.append((x + box.left, y + box.above))
        x += box.left + box.right + _GAP
        row_height = max(row_height, box.above + box.down + _GAP)
        width = max(width, x)
    height = max(y + row_height, 1.0)
    figure.set_size_inches(width, height)
    for one, (x, y), box in zip(drawn, places, boxes, strict=True):
        axes = figure.add_axes((x / width, 1 - (y + box.down) / height, box.across / width, box.down / height))
        if one.weights.numel():
            axes.imshow(one.weights.numpy(), cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set(xlim=(-0.5, box.across / _CELL - 0.5), ylim=(box.down / _CELL - 0.5, -0.5))
        axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False, pad=2)
        read = [names[token] for token in one.source]
        axes.set_xticks(range(len(read)), read, rotation=0 if _is_upright(read) else 90, **style)
        axes.set_yticks(range(len(one.target)), [names[token] for token in one.target], **style)
        axes.set_xlabel(one.title, loc="left", **style)
        axes.set_xticks([i + 0.5 for i in range(len(one.source) - 1)], minor=True)
        axes.set_yticks([i + 0.5 for i in range(len(one.target) - 1)], minor=True)
        axes.tick_params(which="minor", length=0)
        axes.grid(which="minor", color="0.92", linewidth=0.5)


def _box(figure: Figure, one: _Drawn, names: dict[str, str], style: dict[str, Any]) -> _Box:
    read = [names[token] for token in one.source]
    above = _CELL if _is_upright(read) else max(_length(figure, name, style) for name in read)
    across = max(len(one.source), 1) * _CELL
    return _Box(
        left=max((_length(figure, names[token], style) for token in one.target), default=0.0) + _MARGIN,
        above=above + _MARGIN,
        across=across,
        down=max(len(one.target), 1) * _CELL,
        right=max(across, _length(figure, one.title, style) if one.title else 0.0),
    )


def _is_upright(labels: Sequence[str]) -> bool:
    return all(len(label) <= 1 for label in labels)


def _length(figure: Figure, text: str, style: dict[str, Any]) -> float:
    """Inches that a text is long."""
    label = figure.text(0, 0, text, **style)
    extent = label.get_window_extent(dpi=figure.dpi)
    label.remove()
    return extent.width / figure.dpi
