"""Sentences as words."""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"[^\w\s'’-]|_")


def bare(text: str) -> str:
    """A sentence without its punctuation, which says nothing that its place in the story does not say."""
    return _PUNCTUATION.sub(" ", text)
