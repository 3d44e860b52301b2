"""Subwords: byte-pair encoding and unigram models, by the ``tokenizers`` library."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from rnnbench.data.text.vocabulary import SPECIALS, UNKNOWN, ranked

Algorithm = Literal["bpe", "unigram"]

_SPACE = "▁"
# Under these names no text is taken for a special token: there is no space in a piece.
_HIDDEN = [f" {name}" for name in SPECIALS]


class Subwords:
    """Pieces of words. A space is written as ▁ in front of the word, one stands before the text as well.

    Text comes back exactly, but for characters that did not occur in training (``<unk>``) and ▁ itself (a space).
    BPE: Sennrich, Haddow and Birch 2016, Neural machine translation of rare words with subword units. Unigram: Kudo
    2018, Subword regularization.

    Args:
        algorithm: How pieces are chosen.
        pieces: The pieces in the order of ids, after the special tokens.
        table: What the algorithm needs beside them: the merges of BPE, each a pair of pieces; the log-probability of
            each piece of a unigram model.
    """

    def __init__(self, algorithm: Algorithm, pieces: Sequence[str], table: Sequence[Any]) -> None:
        from tokenizers import Tokenizer, models, pre_tokenizers

        self.algorithm = algorithm
        self.pieces = list(pieces)
        self.table = list(table)
        self._names = dict(enumerate(self.pieces, start=len(SPECIALS))) | {SPECIALS.index(UNKNOWN): UNKNOWN}
        names = [*_HIDDEN, *pieces]
        if algorithm == "bpe":
            ids = {name: i for i, name in enumerate(names)}
            merges = [(first, second) for first, second in table]
            model: Any = models.BPE(vocab=ids, merges=merges, unk_token=_HIDDEN[SPECIALS.index(UNKNOWN)])
        else:
            scores = [*(0.0 for _ in _HIDDEN), *table]
            model = models.Unigram(list(zip(names, scores, strict=True)), unk_id=SPECIALS.index(UNKNOWN))
        self._tokenizer = Tokenizer(model)
        self._tokenizer.pre_tokenizer = pre_tokenizers.Split(_SPACE, "merged_with_next")

    @classmethod
    def train(cls, algorithm: Algorithm, texts: Sequence[str], size: int, min_count: int) -> Subwords:
        """Chooses the pieces by the training split.

        Args:
            algorithm: How pieces are chosen.
            texts: Texts of the training split.
            size: Size of the vocabulary, special tokens included; single characters are kept even if there are more.
            min_count: BPE merges no pair that is rarer.
        """
        from tokenizers import Tokenizer, models, pre_tokenizers, trainers

        pieces = size - len(SPECIALS)
        if algorithm == "bpe":
            tokenizer = Tokenizer(models.BPE())
            trainer: Any = trainers.BpeTrainer(vocab_size=pieces, min_frequency=min_count, show_progress=False)
        else:
            tokenizer = Tokenizer(models.Unigram())
            # One more, for the unknown token that the trainer insists on.
            unknown = _HIDDEN[SPECIALS.index(UNKNOWN)]
            trainer = trainers.UnigramTrainer(
                vocab_size=pieces + 1, special_tokens=[unknown], unk_token=unknown, show_progress=False
            )
        tokenizer.pre_tokenizer = pre_tokenizers.Split(_SPACE, "merged_with_next")
        tokenizer.train_from_iterator(map(_marked, texts), trainer)
        names = [name for name, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]
        if algorithm == "bpe":
            return cls("bpe", names, _model(tokenizer)["merges"])
        rough = cls("unigram", names[1:], [score for _, score in _model(tokenizer)["vocab"]][1:])
        return cls("unigram", *_settled(rough, texts))

    def __len__(self) -> int:
        return len(_HIDDEN) + len(self.pieces)

    def encode(self, text: str) -> list[int]:
        """Ids of a text."""
        return self._tokenizer.encode(_marked(text)).ids if text else []

    def split(self, text: str) -> list[str]:
        """The pieces of a text, unknown characters as they are."""
        if not text:
            return []
        marked = _marked(text)
        return [marked[start:end] for start, end in self._tokenizer.encode(marked).offsets]

    def decode(self, ids: Iterable[int]) -> str:
        """Text of ids; special tokens but ``<unk>`` are left out."""
        return "".join(self._names[i] for i in ids if i in self._names).removeprefix(_SPACE).replace(_SPACE, " ")


def _marked(text: str) -> str:
    return _SPACE + text.replace(" ", _SPACE)


def _model(tokenizer: Any) -> dict[str, Any]:
    return json.loads(tokenizer.to_str())["model"]


def _settled(rough: Subwords, texts: Sequence[str]) -> tuple[list[str], list[float]]:
    """Pieces in the order of their counts, and scores from these counts.

    The library's trainer sums in another order each time, so its scores differ in the fourth digit and near-equal
    pieces change places. How it splits the training text does not differ: one step of hard expectation maximisation
    from there gives the same numbers every time.
    """
    counts: Counter[str] = Counter(dict.fromkeys(rough.pieces, 0))
    for text in texts:
        counts.update(rough.pieces[i - len(SPECIALS)] for i in rough.encode(text) if i >= len(SPECIALS))
    # Half a count for a piece that the best split of no text uses.
    total = sum(counts.values()) + len(counts) / 2
    pieces = ranked(counts, min_count=0)
    return pieces, [math.log((counts[piece] + 0.5) / total) for piece in pieces]
