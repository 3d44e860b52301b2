"""Replies with what was said before them."""

from __future__ import annotations

import functools
from typing import Annotated

import torch
from torch import Tensor

from rnnbench.data.batches.bucket import Budget
from rnnbench.data.column_names import ColumnNames, records_of
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.kept import Kept
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import SPLITS, Source, Split
from rnnbench.data.text.encoder import TextEncoder, Unit
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_0
from rnnbench.tasks.base import Spec
from rnnbench.tasks.base.pairs.data import PairData, Side, encode_target
from rnnbench.tasks.dialogue.metrics import ReplyScorer
from rnnbench.tasks.dialogue.mutual import Mutual
from rnnbench.tasks.dialogue.turns import Context, Exchange, Said, exchanges, read_dialogues, reversed_exchanges

_ALONE = Mutual()


class DialogueData(PairData[Exchange]):
    """Every turn of a dialogue but the first as a reply to the turns before it.

    Args:
        source: Where the dialogues come from.
        turns: Most turns before a reply that are read; 0 for none, which makes a language model of replies.
        reversed: Whether the reply is read, and the turn before it predicted: what re-ranks replies.
        unit: What a token is: ``reversible`` for words and punctuation, ``char`` for Chinese.
        language: Language, which decides on the words that replies are measured by: ``zh`` by characters.
        lowercase: Whether all text is lower-cased; metrics ignore case always.
        min_count: Rarer tokens become ``<unk>``.
        max_vocabulary: Keep only so many of the most frequent tokens, special ones included; size of a vocabulary of
            subwords.
        max_length: Exchanges of the training split in which context or reply has more tokens are left out; null for no
            limit.
        max_tokens: Most tokens of a batch of one process, both sides together, padding included.
        batch_size: Most exchanges of a batch of one process.
        num_workers: Processes that read ahead.
        columns: What columns are called in the data, where that is something else: ``{turns: dialog}``.
        vectors: Word vectors that ``embedding_average`` compares by: a file, or the name of a card; null counts some in
            the training split.
        mmi: What re-ranks the replies that a search has found, in test; ``rnnbench test`` takes another one for a
            trained model.
    """

    source: Source

    def __init__(
        self,
        source: Source,
        turns: Annotated[int, AT_LEAST_0] = 3,
        reversed: bool = False,
        unit: Unit = "reversible",
        language: str = "en",
        lowercase: bool = True,
        min_count: int = 1,
        max_vocabulary: int | None = None,
        max_length: int | None = None,
        max_tokens: int | None = None,
        batch_size: int | None = 32,
        num_workers: Annotated[int, AT_LEAST_0] = 0,
        columns: ColumnNames | None = None,
        vectors: str | None = None,
        mmi: Mutual = _ALONE,
    ) -> None:
        super().__init__(source, Budget(max_tokens, batch_size), num_workers, vectors)
        mmi.check()
        self.turns = turns
        self.reversed = reversed
        self.unit = unit
        self.language = language
        self.lowercase = lowercase
        self.min_count = min_count
        self.max_vocabulary = max_vocabulary
        self.max_length = max_length
        self.columns = columns
        self.mmi = mmi
        self.encoder: TextEncoder | None = None
        self.scorer: ReplyScorer | None = None

    @property
    def spec(self) -> Spec:
        """What maps text to ids, and what a context is."""
        assert self.encoder is not None, "setup comes first"
        state = self.encoder.state()
        return {
            "source": state,
            "target": state,
            "joint": True,
            "turns": self.turns,
            "reversed": self.reversed,
            "language": self.language,
            "dataset": self.dataset,
        }

    def details(self) -> dict[str, str | int | float]:
        """Unit, context, sizes of the vocabulary and of splits, share of padding in training."""
        assert self.encoder is not None, "setup comes first"
        found: dict[str, str | int | float] = {
            "unit": self.encoder.unit,
            "turns": self.turns,
            "vocabulary": len(self.encoder),
        }
        for split, read in self.splits.items():
            found[f"{split}_replies"] = len(read.lengths)
            found[f"{split}_reply_tokens"] = int(read.lengths[:, 1].sum())
        return found | self.padding()

    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """See `BucketedData.read`."""
        everything = {split: self._read(split) for split in SPLITS}
        # How much of a dialogue is read is the model's choice: what is to be said stays the same.
        backwards = {"reversed": True} if self.reversed else {}
        self.fingerprint = fingerprint(
            {split: ({"turns": [list(one) for one in dialogue]} for dialogue in everything[split]) for split in SPLITS},
            **backwards,
        )
        texts = [one.text for dialogue in everything["train"] for one in dialogue]
        spec = self.model_spec()
        if spec is not None:
            self.encoder = TextEncoder.from_state(spec["target"])
        else:
            self.encoder = TextEncoder.train(
                self.unit, texts, lowercase=self.lowercase, min_count=self.min_count, max_size=self.max_vocabulary
            )
        kept = Kept(self.source.kept_in(), self.dataset)
        for split in wanted:
            self.splits[split] = self.encode_split(split, self._exchanges(split, everything[split]), kept, left_out)
        known = {split: [one.text for dialogue in everything[split] for one in dialogue] for split in SPLITS}
        self.scorer = ReplyScorer(self.language, texts)
        if self.vectors_name is not None:
            self.load_vectors(self.scorer.words_of(text for split in SPLITS for text in known[split]))
            assert self.vectors is not None
            self.scorer.take(self.vectors)

    def sides(self) -> tuple[Side[Exchange], Side[Exchange]]:
        """See `PairData.sides`."""
        encoder = self.encoder
        assert encoder is not None
        return (
            Side(lambda pair: encode_context(encoder, pair.source, self.turns), len(encoder)),
            Side(lambda pair: encode_target(encoder, pair.target), len(encoder)),
        )

    def _read(self, split: Split) -> list[list[Said]]:
        place = functools.partial(self.source.place, split)
        return read_dialogues(records_of(self.source, split, self.columns), place)

    def _exchanges(self, split: Split, dialogues: list[list[Said]]) -> list[Exchange]:
        found = [
            one
            for dialogue in dialogues
            for one in (reversed_exchanges(dialogue) if self.reversed else exchanges(dialogue, self.turns))
        ]
        if not found:
            raise UserError(
                f"in no dialogue of {split} do two speak",
                where=self.dataset,
                hint="turns of one speaker after each other are one turn",
            )
        return found


def encode_context(encoder: TextEncoder, context: Context, turns: int) -> Tensor:
    """Ids ``(S,)`` of the last turns, each closed by the mark of its speaker.

    ``<eos>`` closes a turn of somebody else, ``<bos>`` one of the one who replies, so that no vocabulary needs marks of
    its own. A context of no turns at all is ``<bos> <eos>``, where none are ever read, and else ``<eos>``.

    Args:
        encoder: The vocabulary.
        context: What was said.
        turns: How many turns are read.
    """
    if not turns:
        return torch.tensor([encoder.begin, encoder.end])
    ids: list[int] = []
    for turn in context[-turns:]:
        ids += [*encoder.encode(turn.text).tolist(), encoder.begin if turn.own else encoder.end]
    return torch.tensor(ids or [encoder.end])


def context_tokens(encoder: TextEncoder, context: Context, turns: int) -> list[str]:
    """What the ids of `encode_context` stand for, arguments as there."""
    if not turns:
        return ["", "·"]
    found: list[str] = []
    for turn in context[-turns:]:
        found += [*encoder.split(turn.text), "«me»" if turn.own else "«you»"]
    return found or ["·"]
