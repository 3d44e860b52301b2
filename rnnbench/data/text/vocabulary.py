"""Tokens and labels by number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rnnbench.errors import UserError, did_you_mean

PAD = "<pad>"
UNKNOWN = "<unk>"
BEGIN = "<bos>"
END = "<eos>"

SPECIALS = (PAD, UNKNOWN, BEGIN, END)
"""What a vocabulary of sequences starts with, so that their ids are 0, 1, 2 and 3."""


def ranked(counts: Mapping[str, int], without: Collection[str] = (), min_count: int = 1) -> list[str]:
    """Tokens, most frequent first; equally frequent ones in the order of their characters, however they were read.

    Args:
        counts: How often each token occurs.
        without: Tokens to leave out.
        min_count: Leave out what is rarer.
    """
    kept = (token for token, count in counts.items() if count >= min_count and token not in without)
    return sorted(kept, key=lambda token: (-counts[token], token))


def most_frequent(specials: Sequence[str], tokens: Sequence[str], max_size: int | None) -> list[str]:
    """The special tokens and as many of the others as fit.

    Args:
        specials: Tokens that are always there.
        tokens: The others, most frequent first.
        max_size: How many there may be in all; None for no limit.

    Raises:
        UserError: Not one of the others fits.
    """
    if max_size is not None and max_size <= len(specials):
        raise UserError(
            f"must be at least {len(specials) + 1}, found {max_size}",
            where="data.max_vocabulary",
            hint=f"{', '.join(specials)} are counted",
        )
    return [*specials, *tokens][:max_size]


def grown(tokens: Sequence[str], known: Iterable[str]) -> list[str]:
    """The tokens of some data, then those that a trained model knows besides, each once.

    Args:
        tokens: Those of the data, which keep their ids.
        known: Those of the model.
    """
    return list(dict.fromkeys([*tokens, *known]))


class Vocabulary:
    """Tokens of sequences by id; ids 0 to 3 are `PAD`, `UNKNOWN`, `BEGIN` and `END`.

    No text is read as a special token but ``<unk>``, which is a word of some corpora.

    Args:
        tokens: The vocabulary in the order of ids.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        if tuple(tokens[: len(SPECIALS)]) != SPECIALS:
            raise ValueError(f"a vocabulary starts with {SPECIALS}")
        self.tokens = list(tokens)
        self._ids = {token: i for i, token in enumerate(tokens) if token not in (PAD, BEGIN, END)}

    @classmethod
    def train(
        cls, sequences: Iterable[Iterable[str]], *, min_count: int = 1, max_size: int | None = None
    ) -> Vocabulary:
        """Takes the tokens of the training split.

        Args:
            sequences: The tokens of each sequence.
            min_count: Rarer tokens become `UNKNOWN`.
            max_size: Keep only so many of the most frequent tokens, special ones included.
        """
        counts: Counter[str] = Counter()
        for sequence in sequences:
            counts.update(sequence)
        return cls(most_frequent(SPECIALS, ranked(counts, SPECIALS, min_count), max_size))

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, tokens: Iterable[str]) -> NDArray[np.int64]:
        """Ids ``(N,)``."""
        unknown = self._ids[UNKNOWN]
        return np.array([self._ids.get(token, unknown) for token in tokens], dtype=np.int64)

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Tokens of ids, without `PAD`, `BEGIN` and `END`."""
        return [self.tokens[i] for i in ids if self.tokens[i] in self._ids]


class Labels:
    """Classes or tags by number, in the order of their names; there is none for unknown ones.

    Args:
        names: The names in the order of ids.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self._ids = {name: i for i, name in enumerate(names)}

    @classmethod
    def train(cls, names: Iterable[str]) -> Labels:
        """Takes the labels of the training split."""
        return cls(sorted(set(names)))

    def __len__(self) -> int:
        return len(self.names)

    def encode(self, names: Iterable[str], where: object) -> NDArray[np.int64]:
        """Ids ``(N,)``.

        Args:
            names: Labels.
            where: Where they stand, for the error.

        Raises:
            UserError: A label does not occur in training.
        """
        names = list(names)
        for name in names:
            if name not in self._ids:
                raise UserError(
                    f"the label {name!r} does not occur in training",
                    where=where,
                    hint=did_you_mean(name, self.names),
                )
        return np.array([self._ids[name] for name in names], dtype=np.int64)
