"""Text to words and punctuation, and back without a loss."""

from __future__ import annotations

import re
from collections.abc import Iterable

JOINED = "￭"
"""What a token begins with that no white space parts from the one before it."""

# Words with their digits; any other character that is no white space stands alone.
_TOKEN = re.compile(r"(\s*)(\w+|[^\w\s])")


def reversible_words(text: str) -> list[str]:
    """Cuts text into runs of letters and digits, and single other characters.

    A token that no white space parts from the one before it begins with ￭: ``It's late.`` becomes
    ``It ￭' ￭s late ￭.``, from which `join_words` makes the text again.

    Args:
        text: Text of a language that puts spaces between words.
    """
    tokens = []
    for match in _TOKEN.finditer(text):
        space, token = match.groups()
        tokens.append(token if space or match.start() == 0 else JOINED + token)
    return tokens


def join_words(tokens: Iterable[str]) -> str:
    """The inverse of `reversible_words`, with a single space wherever there was white space.

    Args:
        tokens: The tokens; others than those of a text are joined by the same rule.
    """
    parts: list[str] = []
    for token in tokens:
        # A ￭ alone is one that stood in the text.
        joined = len(token) > 1 and token.startswith(JOINED)
        parts += [token[1:]] if joined else [" ", token]
    return "".join(parts).removeprefix(" ")
