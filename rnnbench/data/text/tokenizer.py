"""Text to token ids and back, at the level of bytes, characters or words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.source import Document
from rnnbench.data.text.english import ENGLISH_WORD, english_words
from rnnbench.data.text.token_file import Tokens, narrowest, write_tokens
from rnnbench.data.text.vocabulary import END, UNKNOWN, grown, most_frequent, ranked
from rnnbench.errors import UserError, did_you_mean

Level = Literal["byte", "char", "word", "english"]
SPECIALS = (UNKNOWN, END)
# Half a character, which stands in no text.
_LINE_END = "\ud800"
_PIECE = 2**20
# A text that never parts its words would be held in memory as one of them, and stand in the checkpoint.
_LONGEST_WORD = 2**24
LEVELS: tuple[Level, ...] = ("byte", "char", "word", "english")


class TokenStream(NamedTuple):
    """The documents of one split as a single stream of token ids."""

    tokens: Tokens
    """``(N,)``, in as few bytes as the vocabulary needs."""
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
        self._table: NDArray[np.int64] | None = None
        self.end = self._ids[END]
        if self.of_words:
            self._ids[_LINE_END] = self.end
        self.unknown = self._ids.get(UNKNOWN)

    @classmethod
    def train(
        cls,
        level: Level,
        documents: Iterable[str | Document],
        max_vocabulary: int | None = None,
        min_count: int = 1,
    ) -> Tokenizer:
        """Builds the vocabulary from the training split.

        Args:
            level: What a token is.
            documents: Texts of the training split.
            max_vocabulary: Keep only so many of the most frequent tokens, ``<unk>`` and ``<eos>`` included.
            min_count: Leave out tokens that are rarer.
        """
        if level == "byte":
            return cls(level, [*map(_byte_name, range(256)), END])
        counts: Counter[str] = Counter()
        for document in documents:
            if level == "char":
                for piece in _pieces(document):
                    points, times = np.unique(_points(piece), return_counts=True)
                    counts.update(dict(zip(map(chr, points.tolist()), times.tolist(), strict=True)))
            else:
                for words, _ in _words(level, document):
                    counts.update(words)
        without = SPECIALS if level == "char" else (*SPECIALS, _LINE_END)
        return cls(level, most_frequent(SPECIALS, ranked(counts, without, min_count), max_vocabulary))

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
        ids = self._word_ids(_split(self.level, text)) if self.of_words else self._character_ids(text)
        return np.maximum(ids, 0)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where each token of `encode` stands in a text; of the bytes of a character the last has a width."""
        if self.level == "byte":
            widths = [len(character.encode("utf-8")) for character in text]
            return [(i, i + (n == width)) for i, width in enumerate(widths) for n in range(1, width + 1)]
        if self.level == "char":
            return [(i, i + 1) for i in range(len(text))]
        if self.level == "word":
            return [match.span() for match in re.finditer(r"\S+", text)]
        # A few characters grow longer in lower case, and may be more than one token there.
        origin = [i for i, character in enumerate(text) for _ in character.lower()]
        spans, end = [], 0
        for match in re.finditer(ENGLISH_WORD, text.lower()):
            start = max(origin[match.start()], end)
            end = max(origin[match.end() - 1] + 1, start)
            spans.append((start, end))
        return spans

    def missing(self, text: str) -> list[str]:
        """The distinct tokens of a text that are not in the vocabulary, in the order of their first appearance."""
        if self.level == "byte":
            return []
        tokens = _split(self.level, text) if self.of_words else text
        return list(dict.fromkeys(token for token in tokens if token not in self._ids))

    def stream(self, documents: Iterable[str | Document], path: Path | None = None) -> TokenStream:
        """All documents as one stream; two documents are parted by ``<eos>``, which counts as one character.

        Args:
            documents: The texts.
            path: A file to write the tokens into; None keeps them in memory.
        """
        dtype = narrowest(len(self))
        counts = _Counts()
        parts = (np.maximum(ids, 0).astype(dtype) for ids in self._ids_of(documents, counts))
        if path is None:
            tokens: Tokens = np.concatenate([np.empty(0, dtype), *parts])
        else:
            tokens = write_tokens(path, parts, dtype)
        return TokenStream(tokens, counts.characters, counts.unknown)

    def _ids_of(self, documents: Iterable[str | Document], counts: _Counts) -> Iterator[NDArray[np.int64]]:
        """The ids of a stream, part by part, with -1 for what is not in the vocabulary; counts what it passes."""
        for number, document in enumerate(documents):
            if number and not self.of_words:
                counts.characters += 1
                yield np.array([self.end])
            if self.of_words:
                for words, characters in _words(self.level, document):
                    counts.characters += characters
                    yield counts.of_ids(self._word_ids(words))
            else:
                for piece in _pieces(document):
                    counts.characters += len(piece)
                    yield counts.of_ids(self._character_ids(piece))

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

    def _character_ids(self, text: str) -> NDArray[np.int64]:
        """The id of each byte or character, -1 where there is none."""
        if self.level == "byte":
            return np.frombuffer(text.encode("utf-8"), dtype=np.uint8).astype(np.int64)
        points = _points(text)
        if self._table is None:
            known = {ord(token): index for token, index in self._ids.items() if len(token) == 1}
            # One more: what all characters beyond the last one share.
            self._table = np.full(max(known, default=0) + 2, -1, dtype=np.int64)
            self._table[list(known)] = list(known.values())
        return self._table[np.minimum(points, len(self._table) - 1)]

    def _word_ids(self, words: Sequence[str]) -> NDArray[np.int64]:
        """The id of each word, -1 where there is none."""
        return np.fromiter(map(self._ids.get, words, repeat(-1)), np.int64, len(words))


class _Counts:
    """What is known of a stream when it has passed."""

    def __init__(self) -> None:
        self.characters = self.unknown = 0

    def of_ids(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        self.unknown += int((ids < 0).sum())
        return ids


def _split(level: Level, text: str) -> list[str]:
    """The words of a text as they are looked up."""
    return english_words(text.lower()) if level == "english" else text.split()


def _byte_name(value: int) -> str:
    return chr(value) if 32 <= value < 127 else f"<0x{value:02x}>"


def _points(text: str) -> NDArray[np.uint32]:
    """The number of each character."""
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


def _pieces(document: str | Document) -> Iterator[str]:
    """Pieces of a document that are small beside what is made of them."""
    for piece in (document,) if isinstance(document, str) else document:
        yield from (piece[start : start + _PIECE] for start in range(0, len(piece), _PIECE))


def _words(level: Level, document: str | Document) -> Iterator[tuple[list[str], int]]:
    """The words of a document, part by part, with `_LINE_END` after each line, the last one too.

    Each part with its characters in their plain form: words parted by one space, lines ended by one newline.

    Raises:
        UserError: There is text without end in which nothing parts words.
    """
    held: list[str] = []
    ended, begun = False, False
    for piece in _pieces(document):
        # The last word may go on in the next piece.
        last = "" if piece[-1].isspace() else piece.rsplit(None, 1)[-1]
        ended = piece[-1] == "\n"
        if len(last) == len(piece):
            held.append(piece)
            if sum(map(len, held)) > _LONGEST_WORD:
                raise UserError(
                    f"there are more than {_LONGEST_WORD:,} characters without white space: these are no words",
                    where=f"--data.level {level}",
                    hint="--data.level char, or bring text whose words are parted",
                )
            continue
        text = "".join([*held, piece[: len(piece) - len(last)]])
        held = [last]
        # All lines at once: what is done for each of them in Python would take most of the time.
        words = _split(level, text.replace("\n", f" {_LINE_END} "))
        joined = "".join(words)
        *lines, rest = joined.split(_LINE_END)
        # A word counts with the space or newline after it, and so does a line of no words.
        empty = lines.count("") - (begun and lines[:1] == [""])
        yield words, len(joined) + len(words) - 2 * len(lines) + empty
        begun = bool(rest) or (begun and not lines)
    if not ended:
        words = _split(level, "".join(held))
        yield [*words, _LINE_END], sum(map(len, words)) + len(words) + (not words and not begun)
