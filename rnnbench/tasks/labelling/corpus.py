"""The tagged sentences of a split as numbers: in memory, or, where the data are large, in files that are made once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.batches.sequences import Sequences
from rnnbench.data.kept import Kept
from rnnbench.data.lazy import Lazy, Numbers
from rnnbench.data.text.encoded import encoded
from rnnbench.tasks.labelling.sentences import Sentence

Strings: TypeAlias = Sequence[str] | NDArray[np.object_]


class Sentences(Lazy[Sentence]):
    """The sentences of a split.

    Args:
        words: The different tokens.
        names: The different tags.
        tokens: Of each sentence the numbers of its tokens ``(T,)`` in `words`.
        tags: Of each sentence the numbers of its tags ``(T,)`` in `names`.
    """

    def __init__(self, words: Strings, names: Strings, tokens: Sequences, tags: Sequences) -> None:
        # Arrays, because they look up a whole sentence at once.
        self._words, self._names = (np.array(strings, dtype=object) for strings in (words, names))
        self._tokens = tokens
        self._tags = tags

    @classmethod
    def of(cls, sentences: Sequence[Sentence], kept: Kept, name: str) -> Sentences:
        """Makes the numbers of sentences, or finds them.

        Args:
            sentences: The sentences; each is read several times.
            kept: What is made of these data.
            name: What the sentences are called there: by all that they depend on.
        """

        def distinct() -> dict[str, Any]:
            return {
                "words": _distinct(one.tokens for one in sentences),
                "names": _distinct(one.tags for one in sentences),
            }

        found = kept(f"{name}-distinct", distinct, dict)
        words, names = ({item: i for i, item in enumerate(found[of])} for of in ("words", "names"))

        def tokens(one: Sentence) -> NDArray[np.int64]:
            return np.array([words[token] for token in one.tokens], dtype=np.int64)

        def tags(one: Sentence) -> NDArray[np.int64]:
            return np.array([names[tag] for tag in one.tags], dtype=np.int64)

        return cls(
            found["words"],
            found["names"],
            encoded(sentences, tokens, len(words), kept, f"{name}-tokens"),
            encoded(sentences, tags, len(names), kept, f"{name}-tags"),
        )

    def chosen(self, numbers: NDArray[np.int64]) -> Sentences:
        """Some of them ``(K,)``, in this order."""
        return Sentences(self._words, self._names, self._tokens.chosen(numbers), self._tags.chosen(numbers))

    def cut(self, most: int) -> Sentences:
        """The same without what comes after so many tokens of each."""
        return Sentences(self._words, self._names, self._tokens.cut(most), self._tags.cut(most))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each ``(N,)``."""
        return self._tokens.lengths

    def __len__(self) -> int:
        return len(self._tokens)

    def take(self, numbers: Numbers) -> list[Sentence]:
        """See `Lazy.take`."""
        pairs = zip(self._tokens.take(numbers), self._tags.take(numbers), strict=True)
        return [
            Sentence(self._words[tokens.numpy()].tolist(), self._names[tags.numpy()].tolist()) for tokens, tags in pairs
        ]


def _distinct(parts: Iterable[Sequence[str]]) -> list[str]:
    """What occurs, in the order of its first appearance."""
    return list(dict.fromkeys(item for part in parts for item in part))
