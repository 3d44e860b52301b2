"""Text to token ids and back, at the level of bytes, characters or words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.text.english import english_words
from rnnbench.data.text.vocabulary import END, UNKNOWN, grown, most_frequent, ranked
from rnnbench.errors import UserError, did_you_mean

Level = Literal["byte", "char", "word", "english"]
SPECIALS = (UNKNOWN, END)
LEVELS: tuple[Level, ...] = ("byte", "char", "word", "english")


class TokenStream(NamedTuple):
    """The documents of one split as a single stream of token ids."""

    tokens: NDArray[np.int64]
    """``(N,)``."""
    characters: int
    """Unicode characters that the stream stands for: the divisor of what is measured per character."""
    unknown: int
    """Tokens that are not in the vocabulary; a literal ``<unk>`` in word-level text is one of its words."""


class Tokenizer:
    """Maps text to ids. Id 0 is ``<unk>`` (not at byte level), ``<eos>`` ends a line of words or parts two documents.

    - byte: the 256 bytes of UTF-8, then ``<eos>``.
    - char: Unicode characters.
    - word: what white space separates; every line ends with ``<eos>``.
    - english: English words and punctuation in lower case (`english_words`), as classifiers of raw text read them;
      every line ends with ``<eos>``.

    Args:
        level: What a token is.
        tokens: The vocabulary in the order of ids.
    """

    def __init__(self, level: Level, tokens: Sequence[str]) -> None:
        if level not in LEVELS:
            raise UserError(f"no level is called {level!r}", where="level", hint=did_you_mean(level, LEVELS))
        self.level = level
        self.of_words = level in ("word", "english")
        self.tokens = list(tokens)
        self._ids = {token: index for index, token in enumerate(self.tokens)}
        self.end = self._ids[END]
        self.unknown = self._ids.get(UNKNOWN)

    @classmethod
    def train(cls, level: Level, documents: Iterable[str], max_vocabulary: int | None = None) -> Tokenizer:
        """Builds the vocabulary from the training split.

        Args:
            level: What a token is.
            documents: Texts of the training split.
            max_vocabulary: Keep only so many of the most frequent tokens, ``<unk>`` and ``<eos>`` included.
        """
        if level == "byte":
            return cls(level, [*map(_byte_name, range(256)), END])
        counts: Counter[str] = Counter()
        for document in documents:
            counts.update(_split(level, document))
        return cls(level, most_frequent(SPECIALS, ranked(counts, SPECIALS), max_vocabulary))

    @property
    def kind(self) -> str:
        """What a token is, whatever rule finds it: ``word``, ``character`` or ``byte``."""
        return {"char": "character", "byte": "byte"}.get(self.level, "word")

    def grown(self, known: Sequence[str]) -> Tokenizer:
        """The same with the tokens of a trained model besides; of bytes there are no more."""
        return self if self.level == "byte" else Tokenizer(self.level, grown(self.tokens, known))

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Ids ``(N,)`` of a piece of text, with no end added; what is not in the vocabulary is ``<unk>``."""
        return self._encode(text)[0]

    def missing(self, text: str) -> list[str]:
        """The distinct tokens of a text that are not in the vocabulary, in the order of their first appearance."""
        if self.level == "byte":
            return []
        return list(dict.fromkeys(token for token in _split(self.level, text) if token not in self._ids))

    def stream(self, documents: Sequence[str]) -> TokenStream:
        """All documents as one stream; two documents are parted by ``<eos>``, which counts as one character."""
        parts: list[NDArray[np.int64]] = []
        characters = unknown = 0
        separator = np.array([self.end], dtype=np.int64)
        for number, document in enumerate(documents):
            if number and not self.of_words:
                parts.append(separator)
                characters += 1
            ids, missing = self._encode(document, end_lines=True)
            parts.append(ids)
            unknown += missing
            characters += self._length_of_words(document) if self.of_words else len(document)
        tokens = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
        return TokenStream(tokens, characters, unknown)

    def decode(self, ids: Iterable[int]) -> str:
        """Text of ids: words are joined by spaces and ``<eos>`` ends a line; elsewhere ``<eos>`` is a blank line."""
        if self.level == "byte":
            raw = b"".join(b"\n\n" if i == self.end else bytes([i]) for i in ids)
            return raw.decode("utf-8", errors="replace")
        names = [self.tokens[i] for i in ids]
        if self.level == "char":
            return "".join("\n\n" if name == END else name for name in names)
        return " ".join("\n" if name == END else name for name in names).replace(" \n", "\n").replace("\n ", "\n")

    def state(self) -> dict[str, Any]:
        """Plain values that `from_state` takes back."""
        return {"level": self.level, "tokens": list(self.tokens)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Tokenizer:
        """The inverse of `state`."""
        return cls(state["level"], state["tokens"])

    def _encode(self, text: str, end_lines: bool = False) -> tuple[NDArray[np.int64], int]:
        if self.level == "byte":
            return np.frombuffer(text.encode("utf-8"), dtype=np.uint8).astype(np.int64), 0
        if self.of_words:
            return self._encode_words(text, end_lines)
        if not text:
            return np.empty(0, dtype=np.int64), 0
        # Each distinct character is looked up once, then spread over the text.
        points, places = np.unique(np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32), return_inverse=True)
        found = np.array([self._ids.get(chr(point), -1) for point in points], dtype=np.int64)
        ids = found[places]
        missing = int((ids < 0).sum())
        return np.maximum(ids, 0), missing

    def _encode_words(self, text: str, end_lines: bool) -> tuple[NDArray[np.int64], int]:
        ids: list[int] = []
        missing = 0
        lines = _lines(text) if end_lines else [text]
        for line in lines:
            for word in _split(self.level, line):
                index = self._ids.get(word, -1)
                missing += index < 0
                ids.append(max(index, 0))
            if end_lines:
                ids.append(self.end)
        return np.array(ids, dtype=np.int64), missing

    def _length_of_words(self, document: str) -> int:
        """Characters of words in their plain form: parted by one space, lines ended by one newline."""
        lines = (_split(self.level, line) for line in _lines(document))
        return sum(sum(map(len, words)) + max(len(words), 1) for words in lines)


def _split(level: Level, text: str) -> Sequence[str]:
    """The tokens of a text as they are looked up."""
    if level == "english":
        return english_words(text.lower())
    return text.split() if level == "word" else text


def _byte_name(value: int) -> str:
    return chr(value) if 32 <= value < 127 else f"<0x{value:02x}>"


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")
