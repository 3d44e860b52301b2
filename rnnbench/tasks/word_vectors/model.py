"""What every model of this application does: vectors of words, held against what people say of these."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from rnnbench.data.text.benchmarks import Benchmarks
from rnnbench.data.text.tokenizer import Tokenizer
from rnnbench.embeddings.network import Lost
from rnnbench.embeddings.windows import PIECE
from rnnbench.examples import Example, plain
from rnnbench.tasks.base import ItemSums, Measured, Spec, Task
from rnnbench.tasks.word_vectors.data import WordBatch, WordData, left_out
from rnnbench.tasks.word_vectors.lookup import Lookup
from rnnbench.tasks.word_vectors.metrics import Answered, HeldOut, answer_questions, spearman

_EXAMPLES = 6
_NEIGHBOURS = 6


class WordModel(Task[WordData]):
    """A model that has a vector for every word. Subclasses write `build`, `vectors` and `lost`."""

    application: ClassVar[str] = "word_vectors"
    tokenizer: Tokenizer
    words: list[str]
    """The words, the most frequent first, without special tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.held_out = HeldOut()
        self._answered: Answered | None = None

    @abstractmethod
    def vectors(self) -> Tensor:
        """The vector of each token ``(V, D)``."""

    @abstractmethod
    def lost(self, piece: np.ndarray, place: int) -> Lost:
        """What the model loses on a piece of held-out text.

        Args:
            piece: Its tokens ``(T,)``.
            place: Where in the split it stands.
        """

    def unseen(self, word: str) -> Tensor | None:
        """The vector ``(D,)`` of a word that is none of the vocabulary; None where it has none."""
        return None

    def use_spec(self, spec: Spec) -> None:
        """Takes the words from the spec."""
        self.tokenizer = Tokenizer.from_state(spec)
        without = left_out(self.tokenizer)
        self._ids = [number for number in range(len(self.tokenizer)) if number not in without]
        self.words = [self.tokenizer.tokens[number] for number in self._ids]
        super().use_spec(spec)

    def lookup(self) -> Lookup:
        """The vectors by word."""
        return Lookup(self.words, self.word_vectors(), self.unseen)

    def word_vectors(self) -> Tensor:
        """The vector of each of `words`."""
        return self.vectors()[self._ids]

    def evaluate(self, batch: WordBatch) -> None:
        """Enters every piece with what is lost on it."""
        without = left_out(self.tokenizer)
        values = []
        for start in range(0, max(batch.tokens, 1), PIECE):
            piece = batch.x[start : start + PIECE].cpu().numpy()
            lost = self.lost(piece, batch.place + start)
            ends = int((piece == self.tokenizer.end).sum())
            values.append([lost.total, lost.pairs, len(piece) - ends, int(np.isin(piece, without).sum()) - ends])
        self.held_out.update(batch.ids, torch.tensor(values, dtype=torch.float64))

    def measure(self, split: str) -> Measured:
        """See `Task.measure`: of held-out text, and in a test of the benchmarks."""
        nats, pairs, tokens, unknown = self.held_out.compute().sum(0).tolist()
        signature = f"{self.objective()}|tokens:{int(tokens)}|words:{len(self.words)}"
        values = {"unknown": unknown / max(tokens, 1)}
        if pairs:
            values = {"nats_per_pair": nats / pairs, **values}
        signatures: dict[str, str] = {}
        if split == "test":
            benchmarks = self.data.benchmarks
            lookup = self.lookup()
            self._measure_pairs(benchmarks, lookup, values, signatures)
            self._measure_questions(benchmarks, lookup, values, signatures)
        return Measured(values, signature, ("nats_per_pair",), signatures)

    def objective(self) -> str:
        """How the loss of a pair is computed, as it stands in its signature."""
        return "none"

    def _measure_pairs(
        self, benchmarks: Benchmarks, lookup: Lookup, values: dict[str, float], signatures: dict[str, str]
    ) -> None:
        for name, pairs in benchmarks.pairs.items():
            found = spearman(pairs, lookup)
            if found.known < 2:
                self.data.tell(
                    f"{name}: of {len(pairs):,} pairs {found.known} have two known words: they measure nothing"
                )
                continue
            values[name] = found.value
            signatures[name] = f"spearman|pairs:{found.known}/{len(pairs)}|{benchmarks.fingerprint()}"

    def _measure_questions(
        self, benchmarks: Benchmarks, lookup: Lookup, values: dict[str, float], signatures: dict[str, str]
    ) -> None:
        self._answered = None
        questions, most = benchmarks.questions, min(self.data.analogy_words, len(self.words))
        if not questions:
            return
        found = answer_questions(questions, lookup, most)
        if not len(found.numbers):
            self.data.tell(f"none of {len(questions):,} analogies has four known words: they measure nothing")
            return
        self._answered = found
        coverage = f"questions:{len(found.numbers)}/{len(questions)}|words:{most}|{benchmarks.fingerprint()}"
        for name, right in (("analogies", found.added), ("analogies_multiplied", found.multiplied)):
            values[name] = float(right.mean())
            signatures[name] = f"{'3CosAdd' if name == 'analogies' else '3CosMul'}|{coverage}"

    def test_items(self) -> ItemSums | None:
        """Each analogy that could be answered, right or not; without any, the pieces of the text."""
        if self._answered is None:
            return super().test_items()
        right = torch.from_numpy(self._answered.added).double()
        return ItemSums(
            "analogies", torch.from_numpy(self._answered.numbers), torch.stack([right, torch.ones_like(right)], 1)
        )

    def examples(self) -> list[Example]:
        """Some words with those that are nearest to them."""
        lookup = self.lookup()
        shown: list[Example] = []
        for word in self.shown_words()[:_EXAMPLES]:
            near = lookup.nearest([word], [], _NEIGHBOURS)
            shown.append(
                (plain("word", word), plain("nearest", ", ".join(f"{one.word} ({one.cosine:.2f})" for one in near)))
            )
        return shown

    def shown_words(self) -> Sequence[str]:
        """Words for people to look at, most frequent first: those that the benchmarks ask about, or all."""
        asked = {pair.first.casefold() for pairs in self.data.benchmarks.pairs.values() for pair in pairs}
        return [word for word in self.words if word.casefold() in asked] or self.words

    def draw_test(self) -> None:
        """See `Task.draw_test`: draws the words."""
        from rnnbench.tasks.word_vectors.show import draw_test

        draw_test(self)
