"""English text to words."""

from __future__ import annotations

import re

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


def english_words(text: str) -> list[str]:
    """Splits text much as the Penn Treebank does, which is what GloVe was trained on.

    Punctuation stands alone, one mark a token but for the ellipsis; contractions are cut (``do n't``, ``it 's``);
    hyphens and the periods of abbreviations stay inside. Text that was split like this already stays as it is.

    Args:
        text: Text of English, or of another language that puts spaces between words.
    """
    return _WORD.findall(text)
