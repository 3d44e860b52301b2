"""English text to words."""

from __future__ import annotations

import re

# In this order: an ellipsis; the verb before n't; n't; other clitics; a number with its separators; a word, with
# hyphens and periods inside (well-known, U.S.); any other character that is no white space.
_WORD = re.compile(
    r"""
    \.\.\.
    | \w+(?=n['’]t\b)
    | n['’]t\b
    | ['’](?:s|re|ve|ll|d|m)\b
    | \d+(?:[.,]\d+)*
    | (?:[^\W\d_]\.){2,}
    | \w+(?:-\w+)*
    | [^\w\s]
    """,
    re.VERBOSE | re.IGNORECASE,
)


def english_words(text: str) -> list[str]:
    """Splits text much as the Penn Treebank does, which is what GloVe was trained on.

    Punctuation stands alone, one mark a token but for the ellipsis; contractions are cut (``do n't``, ``it 's``);
    hyphens and the periods of abbreviations stay inside. Text that was split like this already stays as it is.

    Args:
        text: Text of English, or of another language that puts spaces between words.
    """
    return _WORD.findall(text)
