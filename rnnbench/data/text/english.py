"""English text to words."""

from __future__ import annotations

import re
from itertools import chain

# In this order: an ellipsis; the verb before n't; n't; other clitics; a number with its separators; a word, with
# hyphens and periods inside (well-known, U.S.); any other character that is no white space.
ENGLISH_WORD = (
    r"(?i)\.\.\."
    r"|\w+(?=n['’]t\b)"
    r"|n['’]t\b"
    r"|['’](?:s|re|ve|ll|d|m)\b"
    r"|\d+(?:[.,]\d+)*"
    r"|(?:[^\W\d_]\.){2,}"
    r"|\w+(?:-\w+)*"
    r"|[^\w\s]"
)
"""Finds the tokens of `english_words`."""
_WORD = re.compile(ENGLISH_WORD)
# Longer strings without white space are hardly met again, and nothing may fill memory.
_LONGEST, _MOST = 32, 2**17


def english_words(text: str) -> list[str]:
    """Splits text much as the Penn Treebank does, which is what GloVe was trained on.

    Punctuation stands alone, one mark a token but for the ellipsis; contractions are cut (``do n't``, ``it 's``);
    hyphens and the periods of abbreviations stay inside. Text that was split like this already stays as it is.

    Args:
        text: Text of English, or of another language that puts spaces between words.
    """
    # No token has white space in it, and most of what white space parts was met before.
    return list(chain.from_iterable(map(_TOKENS.__getitem__, text.split())))


class _Tokens(dict[str, list[str]]):
    """The tokens of strings without white space that were met already."""

    def __missing__(self, string: str) -> list[str]:
        tokens: list[str] = _WORD.findall(string)
        if len(string) <= _LONGEST and len(self) < _MOST:
            self[string] = tokens
        return tokens


_TOKENS = _Tokens()
