"""Tokens as numbers: the token itself, its characters, and the pairs that it makes with its neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import torch

from rnnbench.data.batches.batch import IGNORED, TaggingBatch, pad
from rnnbench.data.lazy import each
from rnnbench.data.notice import tell
from rnnbench.data.text.vocabulary import BEGIN, END, Vocabulary

_FEW = 0.05
_HALF_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)}


class TokenEncoder:
    """Maps tokens to ids; full-width letters and digits are read as ASCII.

    Args:
        lowercase: Whether tokens are lower-cased; their characters are not.
        zero_digits: Whether every digit of a token is read as 0; its characters are not.
        tokens: The tokens.
        characters: The characters; None where tokens are characters themselves.
        bigrams: Pairs of neighbours; None where they are not used.
    """

    def __init__(
        self,
        lowercase: bool,
        zero_digits: bool,
        tokens: Vocabulary,
        characters: Vocabulary | None,
        bigrams: Vocabulary | None,
    ) -> None:
        self.lowercase = lowercase
        self.zero_digits = zero_digits
        self.tokens = tokens
        self.characters = characters
        self.bigrams = bigrams

    @classmethod
    def train(
        cls,
        sentences: Sequence[Sequence[str]],
        *,
        lowercase: bool,
        zero_digits: bool,
        min_count: int,
        bigram_min_count: int | None,
    ) -> TokenEncoder:
        """Takes the vocabularies of the training split.

        Args:
            sentences: Its tokens.
            lowercase: Whether tokens are lower-cased.
            zero_digits: Whether every digit of a token is read as 0.
            min_count: Rarer tokens become ``<unk>``.
            bigram_min_count: Rarer pairs become ``<unk>``; None for no pairs.
        """
        tokens = sum(map(len, sentences))
        longer = sum(len(token) > 1 for of_sentence in sentences for token in of_sentence)
        # Data in characters hold a few longer tokens, such as emoji with a modifier or the name of a link.
        of_characters = longer <= _FEW * tokens
        if of_characters and longer:
            tell(f"{longer:,} of {tokens:,} tokens have several characters: text will be read character by character")
        encoder = cls(lowercase, zero_digits, Vocabulary.train([]), None, None)
        read = each(sentences, lambda tokens, _: [encoder.read(token) for token in tokens])
        encoder.tokens = Vocabulary.train(read, min_count=min_count)
        if not of_characters:
            encoder.characters = Vocabulary.train(half_width(token) for tokens in sentences for token in tokens)
        if bigram_min_count is not None:
            encoder.bigrams = Vocabulary.train((_pairs(tokens) for tokens in read), min_count=bigram_min_count)
        return encoder

    @property
    def of_characters(self) -> bool:
        """Whether a token is a character, so that text needs no spaces."""
        return self.characters is None

    @property
    def kind(self) -> str:
        """What a token is: ``word`` or ``character``."""
        return "character" if self.of_characters else "word"

    def read(self, token: str) -> str:
        """The form under which a token is looked up."""
        token = half_width(token)
        token = token.lower() if self.lowercase else token
        return re.sub(r"\d", "0", token) if self.zero_digits else token

    def missing(self, tokens: Iterable[str]) -> list[str]:
        """The distinct tokens that are not in the vocabulary, in the order of their first appearance."""
        distinct = list(dict.fromkeys(tokens))
        ids = self.tokens.encode(map(self.read, distinct)).tolist()
        return [token for token, i in zip(distinct, ids, strict=True) if i == 1]

    def batch(self, sentences: Sequence[Sequence[str]]) -> TaggingBatch:
        """A batch without tags.

        Args:
            sentences: Tokens of B sentences.
        """
        read = [[self.read(token) for token in tokens] for tokens in sentences]
        x, lengths = pad([torch.from_numpy(self.tokens.encode(tokens)) for tokens in read], 0)
        batch = TaggingBatch(
            x=x,
            lengths=lengths,
            y=torch.full_like(x, IGNORED),
            novel=torch.zeros_like(x, dtype=torch.bool),
            ids=torch.arange(len(sentences)),
            tokens=int(lengths.sum()),
        )
        if self.bigrams is not None:
            pairs, _ = pad([torch.from_numpy(self.bigrams.encode(_pairs(tokens))) for tokens in read], 0)
            batch = batch._replace(bigrams=pairs)
        if self.characters is not None:
            rows = {token: i for i, token in enumerate(dict.fromkeys(token for s in sentences for token in s))}
            spelled, _ = pad([torch.tensor([rows[token] for token in s], dtype=torch.int64) for s in sentences], 0)
            spellings = [torch.from_numpy(self.characters.encode(half_width(token))) for token in rows]
            characters, sizes = pad(spellings, 0)
            batch = batch._replace(spelled=spelled, characters=characters, character_lengths=sizes)
        return batch

    def state(self) -> dict[str, Any]:
        """Plain values that `from_state` takes back."""
        return {
            "lowercase": self.lowercase,
            "zero_digits": self.zero_digits,
            "tokens": self.tokens.tokens,
            "characters": self.characters.tokens if self.characters is not None else None,
            "bigrams": self.bigrams.tokens if self.bigrams is not None else None,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> TokenEncoder:
        """The inverse of `state`."""
        characters, bigrams = (
            Vocabulary(state[name]) if state[name] is not None else None for name in ("characters", "bigrams")
        )
        return cls(state["lowercase"], state["zero_digits"], Vocabulary(state["tokens"]), characters, bigrams)


def half_width(text: str) -> str:
    """Text with full-width letters, digits and signs, as Chinese newspapers print them, in ASCII."""
    return text.translate(_HALF_WIDTH)


def _pairs(tokens: Sequence[str]) -> list[str]:
    return [f"{a} {b}" for a, b in pairwise([BEGIN, *tokens, END])]
