"""Texts that are written after a test: how many, and what all of them are asked."""

from __future__ import annotations

import itertools
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar

from rnnbench.data.source import Document
from rnnbench.decode.sample import Sampling
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_1

COPIED = "copied_lines"
_RECITED = 0.2

Write = Callable[[str, Sampling], Iterator[str]]
"""Continues a text, piece by piece."""


class Samples(ABC):
    """Texts written from the beginning of a document, each with a seed of its own. Subclasses write `judge`.

    Args:
        count: Number of texts.
        length: Most tokens of a text; one that ends sooner is as long as it is.
        temperature: How they are written, see ``predict``.
        seed: Seed of the first text; the others have those after it.
    """

    line_ends: ClassVar[str] = r"\n"
    """What parts two lines, as a pattern."""
    ends: ClassVar[str | None] = None
    """What ends a document, where texts are whole documents."""
    shortest: ClassVar[int] = 1
    """Characters of a line from which on it counts as copied where it stands in the training text."""

    def __init__(
        self, count: Annotated[int, AT_LEAST_1] = 50, length: int = 200, temperature: float = 0.8, seed: int = 1
    ) -> None:
        if (problem := AT_LEAST_1.complaint(count)) is not None:
            raise UserError(problem, where="data.samples.count")
        self.count = count
        self.sampling = Sampling(temperature=temperature, length=length, seed=seed)

    @abstractmethod
    def judge(self, texts: Sequence[str]) -> dict[str, float]:
        """What is counted on texts, by the names of metrics.

        Args:
            texts: The texts.
        """

    def write(self, write: Write) -> list[str]:
        """Has a model write the texts.

        Args:
            write: The model, see `rnnbench.tasks.text_generation.model.TextModel.write`.
        """
        seeds = range(self.sampling.seed, self.sampling.seed + self.count)
        if self.ends is None:
            return ["".join(write("", replace(self.sampling, seed=seed))).strip("\n") for seed in seeds]
        # Twice as long, for two documents: the first begins with nothing read before it, which a network that reads one
        # document after the other has hardly ever seen, and is left out.
        sampling = replace(self.sampling, length=2 * self.sampling.length)
        return [_second(write("", replace(sampling, seed=seed)), self.ends) for seed in seeds]

    def measure(self, texts: Sequence[str], training: Iterable[str | Document]) -> dict[str, float]:
        """What `judge` says, and the share of lines that stand in the training text as they are.

        Args:
            texts: The texts.
            training: The documents of the training split.
        """
        lines = [line for text in texts for line in self.lines(text) if len(line) >= self.shortest]
        known = set(lines)
        seen: set[str] = set()
        for document in training:
            rest = ""
            for piece in (document,) if isinstance(document, str) else document:
                *whole, rest = re.split(self.line_ends, rest + piece)
                seen.update(known.intersection(map(str.strip, whole)))
            seen.update(known & {rest.strip()})
        copied = sum(line in seen for line in lines)
        if lines and copied > _RECITED * len(lines):
            print(
                f"{copied:,} of {len(lines):,} lines that it wrote stand in the training text as they are: it recites;"
                " a smaller network, more dropout or fewer epochs help, or more text",
                flush=True,
            )
        return {**self.judge(texts), COPIED: copied / len(lines) if lines else 0.0}

    def lines(self, text: str) -> list[str]:
        """The lines of a text, those with nothing in them left out."""
        return [line for line in map(str.strip, re.split(self.line_ends, text)) if line]

    def signature(self) -> str:
        """How the texts were written."""
        sampling = self.sampling
        return (
            f"samples:{self.count}|length:{sampling.length}|temperature:{sampling.temperature:g}|seed:{sampling.seed}"
        )


def _second(pieces: Iterable[str], end: str) -> str:
    """The second document of what is written, or the only one."""
    text, documents = "", [""]
    for piece in pieces:
        text += piece
        documents = [found for one in text.split(end) if (found := one.strip("\n"))] or [""]
        if len(documents) > 2:
            break
    return documents[:2][-1]


def share(found: Iterable[bool]) -> float:
    """The share of what is true; 0 of nothing."""
    one, other = itertools.tee(found)
    return sum(one) / max(sum(1 for _ in other), 1)
