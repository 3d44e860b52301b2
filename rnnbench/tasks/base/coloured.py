"""Texts in pieces that are coloured, for terminals and browsers."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from rnnbench.examples import Piece

# The first two are told apart by colour-blind people, too; classes are in the order of their names.
_COLOURS = ((224, 113, 0), (0, 114, 222), (0, 158, 96), (200, 40, 150), (110, 80, 220), (150, 130, 0))
# How far towards the pure colour a certain model goes; black and white text stay readable on it.
_STRONGEST = 0.6

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>rnnbench: {title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1.1rem/1.8 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }}
p {{ white-space: pre-wrap; overflow-wrap: anywhere }}
span {{ border-radius: .2em; padding: .1em 0 }}
b {{ border-radius: .2em; padding: .1em .4em; font-size: .8em }}
</style>
<p>{explained}
{legend}</p>
{texts}
</html>
"""


def ansi_text(pieces: Iterable[Piece]) -> str:
    """A text for a terminal with true colours, black on tinted white whatever the terminal's own colours are."""
    parts = []
    for piece in pieces:
        if piece.label:
            share = _STRONGEST * piece.strength
            red, green, blue = (round(255 - (255 - value) * share) for value in _COLOURS[piece.hue % len(_COLOURS)])
            parts.append(f"\x1b[30;48;2;{red};{green};{blue}m{piece.text}\x1b[0m")
        else:
            parts.append(piece.text)
    return "".join(parts)


def html_page(texts: Iterable[Sequence[Piece]], labels: Sequence[str], title: str, explained: str) -> str:
    """A page that needs nothing else, for light and dark screens.

    Args:
        texts: The texts in pieces.
        labels: What each colour stands for.
        title: What the page is about.
        explained: What a colour means, in a sentence.
    """
    legend = " ".join(f'<b style="background:{_tint(i, 1.0)}">{html.escape(name)}</b>' for i, name in enumerate(labels))
    words = {"title": html.escape(title), "explained": html.escape(explained), "legend": legend}
    return _PAGE.format(**words, texts="\n".join(map(_paragraph, texts)))


def _paragraph(pieces: Sequence[Piece]) -> str:
    parts, end = [], ""
    for piece in pieces:
        text, label = html.escape(piece.text), html.escape(piece.label)
        if label:
            tint = _tint(piece.hue, piece.strength)
            text = f'<span style="background:{tint}" title="{label}">{text}</span>'
            end = f' <b style="background:{tint}">{label}</b>'
        parts.append(text)
    return f"<p>{''.join(parts)}{end}</p>"


def _tint(hue: int, strength: float) -> str:
    red, green, blue = _COLOURS[hue % len(_COLOURS)]
    return f"rgb({red} {green} {blue} / {_STRONGEST * strength:.2f})"
