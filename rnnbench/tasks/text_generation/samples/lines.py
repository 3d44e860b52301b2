"""Texts of lines, such as lyrics: what is copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rnnbench.tasks.text_generation.samples.base import Samples


class Lines(Samples):
    """Any text: how many of its lines of 12 characters or more stand in the training text as they are.

    Args:
        count: Number of texts.
        length: Most tokens of a text; one that ends sooner is as long as it is.
        temperature: How they are written, see ``predict``.
        seed: Seed of the first text; the others have those after it.
    """

    # A refrain of one word is nobody's.
    shortest: ClassVar[int] = 12

    def judge(self, texts: Sequence[str]) -> dict[str, float]:
        """Nothing else."""
        return {}
