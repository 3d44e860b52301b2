"""Code of C: whether its brackets match and its strings end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rnnbench.tasks.text_generation.samples.base import Samples

# Comments first, in which neither counts; one that does not end takes all that is left. A string ends with its line.
_TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<string>\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?)"
    r"|(?P<bracket>[()\[\]{}])",
    re.DOTALL,
)
_PARTNERS = {")": "(", "]": "[", "}": "{"}


class Counted(NamedTuple):
    """What stands in some code."""

    closing: int
    """Closing brackets."""
    matched: int
    """Those among them that close the bracket opened last."""
    strings: int
    """Strings and characters in quotation marks."""
    closed: int
    """Those among them that end before the line does."""


class Code(Samples):
    """Code of C, whose comments do not count.

    - ``matched_brackets``: the share of closing brackets that close the one opened last; a text that breaks off may
      leave some open.
    - ``closed_strings``: the share of strings and characters that end on their line.

    Args:
        count: Number of texts.
        length: Most tokens of a text; one that ends sooner is as long as it is.
        temperature: How they are written, see ``predict``.
        seed: Seed of the first text; the others have those after it.
    """

    # Braces and ends of switches are everybody's.
    shortest: ClassVar[int] = 24

    def __init__(self, count: int = 20, length: int = 2000, temperature: float = 0.8, seed: int = 1) -> None:
        super().__init__(count, length, temperature, seed)

    def judge(self, texts: Sequence[str]) -> dict[str, float]:
        """See `Samples.judge`."""
        closing, matched, strings, closed = (sum(one) for one in zip(*map(tokenize, texts), strict=True))
        return {"matched_brackets": matched / max(closing, 1), "closed_strings": closed / max(strings, 1)}


def tokenize(text: str) -> Counted:
    """Counts brackets and strings of code.

    Args:
        text: The code. A string that the end of the text cuts off does not count.
    """
    closing = matched = strings = closed = 0
    waiting: list[str] = []
    for token in _TOKEN.finditer(text):
        found = token.group()
        if token.lastgroup == "string":
            ends = len(found) > 1 and found[-1] == found[0] and not _escaped(found)
            if not ends and token.end() == len(text):
                continue
            strings, closed = strings + 1, closed + ends
        elif token.lastgroup == "bracket" and found in _PARTNERS:
            closing += 1
            if waiting and waiting[-1] == _PARTNERS[found]:
                matched += 1
                waiting.pop()
        elif token.lastgroup == "bracket":
            waiting.append(found)
    return Counted(closing, matched, strings, closed)


def _escaped(string: str) -> bool:
    """Whether the last character stands behind an odd number of backslashes."""
    before = string[:-1]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1
