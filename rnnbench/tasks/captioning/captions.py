"""What counts as a word of a caption."""

from __future__ import annotations

from typing import Literal

from rnnbench.data.text.english import english_words

CaptionUnit = Literal["english", "word"]
"""What a word is: English words and clitics (`rnnbench.data.text.english.english_words`), or what white space
separates."""


def caption_words(text: str, unit: CaptionUnit = "english", lowercase: bool = True, punctuation: bool = False) -> str:
    """The words of a caption with a space between them, which is what models learn and metrics compare.

    Args:
        text: The caption.
        unit: What a word is.
        lowercase: Whether it is lower-cased.
        punctuation: Whether words without a letter or digit stay; published scores are without.
    """
    text = text.lower() if lowercase else text
    words = english_words(text) if unit == "english" else text.split()
    return " ".join(word for word in words if punctuation or any(character.isalnum() for character in word))
