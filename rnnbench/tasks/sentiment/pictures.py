"""Texts coloured by what a model thinks of them after each word or character, for terminals and browsers."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Protocol

from torch import Tensor

from rnnbench.data.text.encoder import TextEncoder
from rnnbench.data.text.vocabulary import Labels
from rnnbench.examples import Piece

MOST_STEPS = 1000
"""Tokens of a text that are coloured: each takes a run over all before it."""

# The first two are told apart by colour-blind people, too; classes are in the order of their names.
_COLOURS = ((224, 113, 0), (0, 114, 222), (0, 158, 96), (200, 40, 150), (110, 80, 220), (150, 130, 0))
# How far towards the pure colour a certain model goes; black and white text stay readable on it.
_STRONGEST = 0.6

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>rnnbench: sentiment</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1.1rem/1.8 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }}
p {{ white-space: pre-wrap; overflow-wrap: anywhere }}
span {{ border-radius: .2em; padding: .1em 0 }}
b {{ border-radius: .2em; padding: .1em .4em; font-size: .8em }}
</style>
<p>The colour of each word is that of the class which is most probable after it; the stronger, the more certain.
{legend}</p>
{texts}
</html>
"""


class Classifier(Protocol):
    """What is asked of a model whose texts are coloured."""

    encoder: TextEncoder
    labels: Labels

    def encode(self, text: str) -> Tensor:
        """Ids ``(T,)`` of a text."""

    def probabilities(self, texts: Sequence[Tensor]) -> Tensor:
        """Probabilities ``(N, C)`` of the classes of N texts, given as their ids."""


def in_pieces(model: Classifier, text: str) -> list[Piece]:
    """A text in pieces which together are the whole, each token with the class that is most probable after it.

    Probabilities are those of the text if it ended there, so a model that reads from both ends is shown fairly. How
    sure the model is, is 0 where all classes are equal.

    Args:
        model: A trained model.
        text: The text.
    """
    ids = model.encode(text)[:MOST_STEPS]
    after = model.probabilities([ids[: end + 1] for end in range(len(ids))]).tolist()
    even = 1 / len(model.labels)
    pieces: list[Piece] = []
    position = 0
    for (start, end), probabilities in zip(model.encoder.spans(text), after, strict=False):
        best = max(range(len(probabilities)), key=probabilities.__getitem__)
        label = f"{model.labels.names[best]} {probabilities[best]:.2f}"
        sure = (probabilities[best] - even) / (1 - even)
        pieces += [Piece(text[position:start]), Piece(text[start:end], label, sure, best)]
        position = end
    return [piece for piece in [*pieces, Piece(text[position:])] if piece.text]


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


def html_page(texts: Iterable[Sequence[Piece]], labels: Sequence[str]) -> str:
    """A page that needs nothing else, for light and dark screens.

    Args:
        texts: The texts in pieces.
        labels: Names of the classes.
    """
    legend = " ".join(f'<b style="background:{_tint(i, 1.0)}">{html.escape(name)}</b>' for i, name in enumerate(labels))
    return _PAGE.format(legend=legend, texts="\n".join(map(_paragraph, texts)))


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
