"""Texts coloured by what a model thinks of them after each word or character, for terminals and browsers."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from torch import Tensor

from rnnbench.data.text.encoder import TextEncoder

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

    def encode(self, text: str) -> Tensor:
        """Ids ``(T,)`` of a text."""

    def probabilities(self, texts: Sequence[Tensor]) -> Tensor:
        """Probabilities ``(N, C)`` of the classes of N texts, given as their ids."""


class Step(NamedTuple):
    """A piece of a text, and what the model thinks after it."""

    text: str
    probabilities: Sequence[float] | None
    """Of the classes; None for what is no token, or comes after the last one that was read."""


def colour_steps(model: Classifier, text: str) -> list[Step]:
    """A text in pieces which together are the whole, each with the probabilities after it.

    They are those of the text if it ended there, so a model that reads from both ends is shown fairly.

    Args:
        model: A trained model.
        text: The text.
    """
    ids = model.encode(text)[:MOST_STEPS]
    after = model.probabilities([ids[: end + 1] for end in range(len(ids))]).tolist()
    steps: list[Step] = []
    position = 0
    for (start, end), probabilities in zip(model.encoder.spans(text), after, strict=False):
        steps += [Step(text[position:start], None), Step(text[start:end], probabilities)]
        position = end
    return [step for step in [*steps, Step(text[position:], None)] if step.text]


def ansi_text(steps: Iterable[Step]) -> str:
    """A text for a terminal with true colours, black on tinted white whatever the terminal's own colours are."""
    parts = []
    for text, probabilities in steps:
        if probabilities is None:
            parts.append(text)
        else:
            best, strength = _strength(probabilities)
            red, green, blue = (round(255 - (255 - value) * strength) for value in _COLOURS[best % len(_COLOURS)])
            parts.append(f"\x1b[30;48;2;{red};{green};{blue}m{text}\x1b[0m")
    return "".join(parts)


def html_page(texts: Iterable[Sequence[Step]], labels: Sequence[str]) -> str:
    """A page that needs nothing else, for light and dark screens.

    Args:
        texts: The texts in pieces.
        labels: Names of the classes.
    """
    legend = " ".join(
        f'<b style="background:{_tint(i, _STRONGEST)}">{html.escape(label)}</b>' for i, label in enumerate(labels)
    )
    return _PAGE.format(legend=legend, texts="\n".join(_paragraph(steps, labels) for steps in texts))


def _paragraph(steps: Sequence[Step], labels: Sequence[str]) -> str:
    parts = []
    for text, probabilities in steps:
        if probabilities is None:
            parts.append(html.escape(text))
        else:
            best, strength = _strength(probabilities)
            title = html.escape(f"{labels[best]} {probabilities[best]:.2f}")
            parts.append(f'<span style="background:{_tint(best, strength)}" title="{title}">{html.escape(text)}</span>')
    read = [step.probabilities for step in steps if step.probabilities is not None]
    if read:
        best, strength = _strength(read[-1])
        end = f"{html.escape(labels[best])} {read[-1][best]:.2f}"
        parts.append(f' <b style="background:{_tint(best, strength)}">{end}</b>')
    return f"<p>{''.join(parts)}</p>"


def _strength(probabilities: Sequence[float]) -> tuple[int, float]:
    """The most probable class, and how strong its colour is: none where all classes are equal."""
    best = max(range(len(probabilities)), key=lambda i: probabilities[i])
    even = 1 / len(probabilities)
    return best, _STRONGEST * (probabilities[best] - even) / (1 - even)


def _tint(label: int, strength: float) -> str:
    red, green, blue = _COLOURS[label % len(_COLOURS)]
    return f"rgb({red} {green} {blue} / {strength:.2f})"
