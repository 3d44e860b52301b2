"""Text of one sample to token ids and back: words, characters, bytes or subwords.

`rnnbench.data.text.tokenizer` does the same for text as one endless stream; here every text is a sequence of its own,
and an application adds `TextEncoder.begin` and `TextEncoder.end` where it needs them. `TextEncoder.state` goes into the
model's spec, so that a run folder predicts on its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.lazy import each
from rnnbench.data.text.english import ENGLISH_WORD, english_words
from rnnbench.data.text.reversible import join_words, reversible_words
from rnnbench.data.text.subword import Subwords
from rnnbench.data.text.vocabulary import BEGIN, END, PAD, SPECIALS, UNKNOWN, Vocabulary, grown
from rnnbench.errors import UserError, did_you_mean

Unit = Literal["word", "english", "reversible", "char", "byte", "bpe", "unigram"]
"""What a token is: what white space separates; English words, punctuation and clitics
(`rnnbench.data.text.english.english_words`); words and punctuation of any language that has spaces, from which the
text comes back (`rnnbench.data.text.reversible.reversible_words`); a Unicode character, as usual for Chinese; a byte of
UTF-8; a subword."""


class TextEncoder:
    """Maps text to ids. Ids 0 to 3 are padding, unknown, begin and end, whatever the unit.

    Args:
        unit: What a token is.
        lowercase: Whether text is lower-cased first.
        table: The vocabulary: tokens of words and characters, subwords, nothing for bytes.
    """

    pad = SPECIALS.index(PAD)
    unknown = SPECIALS.index(UNKNOWN)
    begin = SPECIALS.index(BEGIN)
    end = SPECIALS.index(END)

    def __init__(self, unit: Unit, lowercase: bool, table: Vocabulary | Subwords | None) -> None:
        self.unit = unit
        self.lowercase = lowercase
        self._table = table

    @classmethod
    def train(
        cls,
        unit: Unit,
        texts: Sequence[str],
        *,
        lowercase: bool = False,
        min_count: int = 1,
        max_size: int | None = None,
    ) -> TextEncoder:
        """Builds the vocabulary from the training split.

        Args:
            unit: What a token is.
            texts: Texts of the training split.
            lowercase: Lower-case all text first.
            min_count: Rarer words or characters become ``<unk>``; rarer pairs are not merged by BPE.
            max_size: Size of a subword vocabulary, or the most words or characters to keep; special tokens included.

        Raises:
            UserError: There is no such unit, or a subword vocabulary was given no size.
        """
        if unit not in get_args(Unit):
            raise UserError(f"no unit is called {unit!r}", where="unit", hint=did_you_mean(unit, get_args(Unit)))
        if min_count < 1 or (max_size is not None and max_size <= len(SPECIALS)):
            raise UserError(
                f"a vocabulary of {max_size} tokens that occur {min_count} times or more is empty",
                where="vocabulary",
                hint=f"at least 1 time, and more than the {len(SPECIALS)} special tokens",
            )
        texts = each(texts, lambda text, _: text.lower()) if lowercase else texts
        if unit == "byte":
            return cls(unit, lowercase, None)
        if unit in ("bpe", "unigram"):
            if max_size is None:
                raise UserError(f"{unit} needs the size of its vocabulary", where="vocabulary", hint="such as 8000")
            return cls(unit, lowercase, Subwords.train(unit, texts, max_size, min_count))
        words = (_split(unit, text) for text in texts)
        return cls(unit, lowercase, Vocabulary.train(words, min_count=min_count, max_size=max_size))

    def __len__(self) -> int:
        return len(SPECIALS) + 256 if self._table is None else len(self._table)

    @property
    def kind(self) -> str:
        """What a token is, whatever rule finds it: ``word``, ``character``, ``byte`` or ``subword``."""
        return {"char": "character", "byte": "byte", "bpe": "subword", "unigram": "subword"}.get(self.unit, "word")

    def grown(self, known: Sequence[str]) -> TextEncoder:
        """The same with the words or characters of a trained model besides; bytes and subwords cover every text."""
        if not isinstance(self._table, Vocabulary):
            return self
        return TextEncoder(self.unit, self.lowercase, Vocabulary(grown(self._table.tokens, known)))

    def split(self, text: str) -> list[str]:
        """The tokens of a text as they stand in it (lower-cased where that is wanted), one for each id of `encode`."""
        text = text.lower() if self.lowercase else text
        return self._table.split(text) if isinstance(self._table, Subwords) else _split(self.unit, text)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where each token of a text begins and ends; a token that is no part of the text as it is has no width."""
        # Character by character, because a few grow longer in lower case.
        lower = [char.lower() if self.lowercase else char for char in text]
        origin = [i for i, part in enumerate(lower) for _ in part]
        searched, spans, position, end = "".join(lower), [], 0, 0
        for token in self.split(text):
            token = token.replace("▁", " ").strip() or token
            found = searched.find(token, position)
            if found < 0:
                spans.append((end, end))
                continue
            position = found + len(token)
            start = max(origin[found], end)
            end = max(origin[position - 1] + 1, start)
            spans.append((start, end))
        return spans

    def encode(self, text: str) -> NDArray[np.int64]:
        """Ids ``(N,)``, with no begin and end; what is not in the vocabulary is `unknown`."""
        if isinstance(self._table, Vocabulary):
            return self._table.encode(self.split(text))
        text = text.lower() if self.lowercase else text
        if isinstance(self._table, Subwords):
            return np.array(self._table.encode(text), dtype=np.int64)
        return np.frombuffer(text.encode("utf-8"), dtype=np.uint8).astype(np.int64) + len(SPECIALS)

    def missing(self, text: str) -> list[str]:
        """The distinct tokens of a text that are not in the vocabulary, in the order of their first appearance."""
        return list(dict.fromkeys(self.unknown_in(text)))

    def unknown_in(self, text: str) -> list[str]:
        """What stands in a text behind each id that is `unknown`, in its order."""
        ids = self.encode(text).tolist()
        return [token for token, i in zip(self.split(text), ids, strict=True) if i == self.unknown]

    def knows_nothing(self, text: str) -> bool:
        """Whether a text has tokens, apart from white space, and none of them is in the vocabulary."""
        ids = self.encode(text).tolist()
        told = [i for token, i in zip(self.split(text), ids, strict=True) if token.strip(" \t\u2581")]
        return bool(told) and all(i == self.unknown for i in told)

    def decode(self, ids: Iterable[int]) -> str:
        """Text of ids, without padding, begin and end; words are parted by a space, unless their unit is reversible."""
        if isinstance(self._table, Subwords):
            return self._table.decode(ids)
        if isinstance(self._table, Vocabulary):
            return _join(self.unit, self._table.decode(ids))
        raw = bytes(i - len(SPECIALS) for i in ids if i >= len(SPECIALS))
        return raw.decode("utf-8", errors="replace")

    @property
    def tokens(self) -> list[str]:
        """All tokens in the order of ids, as pretrained vectors are looked up by."""
        if isinstance(self._table, Vocabulary):
            return self._table.tokens
        names = self._table.pieces if isinstance(self._table, Subwords) else [f"<0x{i:02x}>" for i in range(256)]
        return [*SPECIALS, *names]

    def state(self) -> dict[str, Any]:
        """Plain values that `from_state` takes back."""
        state: dict[str, Any] = {"unit": self.unit, "lowercase": self.lowercase}
        if isinstance(self._table, Subwords):
            state |= {"pieces": self._table.pieces, "table": self._table.table}
        elif isinstance(self._table, Vocabulary):
            state["tokens"] = self._table.tokens
        return state

    def portable(self) -> dict[str, Any]:
        """What another program needs to do as `encode` does, as plain values.

        Returns:
            `state`, with ``pattern``, a regular expression that finds all tokens in a text, where there is one; an id
            is the place in ``tokens``, that of a byte its value and four; ``unknown`` is what is not there.
        """
        pattern = {"word": r"\S+", "english": ENGLISH_WORD, "char": r"[\s\S]"}.get(self.unit)
        return self.state() | {"unknown": self.unknown, **({} if pattern is None else {"pattern": pattern})}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> TextEncoder:
        """The inverse of `state`."""
        unit = state["unit"]
        table: Vocabulary | Subwords | None = None
        if "pieces" in state:
            table = Subwords(unit, state["pieces"], state["table"])
        elif "tokens" in state:
            table = Vocabulary(state["tokens"])
        return cls(unit, state["lowercase"], table)


def _split(unit: Unit, text: str) -> list[str]:
    if unit == "word":
        return text.split()
    if unit == "english":
        return english_words(text)
    if unit == "reversible":
        return reversible_words(text)
    if unit == "char":
        return list(text)
    return [chr(byte) if 32 <= byte < 127 else f"<0x{byte:02x}>" for byte in text.encode("utf-8")]


def _join(unit: Unit, tokens: Iterable[str]) -> str:
    if unit == "reversible":
        return join_words(tokens)
    return ("" if unit == "char" else " ").join(tokens)
