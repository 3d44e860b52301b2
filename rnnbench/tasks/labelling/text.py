"""Text to tokens, and tagged tokens as text to read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from rnnbench.data.text.spans import spans
from rnnbench.tasks.labelling.sentences import LabellingTask, Sentence, words_of


def split_text(line: str, of_characters: bool) -> list[str]:
    """The tokens of a line: what white space separates, or every character but white space.

    Args:
        line: The line.
        of_characters: Whether a token is a character.
    """
    words = line.split()
    return list("".join(words)) if of_characters else words


def show(line: str, tokens: list[str], tags: list[str], task: LabellingTask, of_characters: bool) -> str:
    """A tagged line.

    Args:
        line: The line as it was given; a word never goes beyond a space in it.
        tokens: Its tokens.
        tags: Their tags.
        task: What was looked for: words are parted by spaces, entities stand in brackets with their kind in front
            (``[PER Peter Blackburn]``), and any other tag behind its token (``saw/VBD``).
        of_characters: Whether a token is a character.
    """
    if task == "tags":
        return " ".join(f"{token}/{tag}" for token, tag in zip(tokens, tags, strict=True))
    if task == "segmentation":
        starts = {start for start, _ in words_of(Sentence(tokens, tags))}
        starts |= set(accumulate(len(word) for word in line.split()))
        return "".join(f" {token}" if i and i in starts else token for i, token in enumerate(tokens))
    return _bracketed(tokens, tags, "" if of_characters else " ")


def _bracketed(tokens: Sequence[str], tags: Sequence[str], space: str) -> str:
    parts, end = [], 0
    for span in spans(tags):
        parts += [*tokens[end : span.start], f"[{span.kind} {space.join(tokens[span.start : span.end])}]"]
        end = span.end
    return space.join([*parts, *tokens[end:]])
