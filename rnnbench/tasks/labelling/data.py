"""Sentences whose tokens are tagged."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.batches.batch import IGNORED, TaggingBatch, pad
from rnnbench.data.batches.bucket import Budget
from rnnbench.data.column_names import ColumnNames, rows_of
from rnnbench.data.fingerprint import kept_fingerprint
from rnnbench.data.kept import Kept, short_hash
from rnnbench.data.lazy import each
from rnnbench.data.left_out import LeftOut, TooLong
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.data.text.spans import Scheme, all_tags
from rnnbench.data.text.tokens import TokenEncoder
from rnnbench.data.text.vocabulary import SPECIALS, Vocabulary, grown
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_0
from rnnbench.tasks.base import BucketedData, Spec
from rnnbench.tasks.base.texts import listed
from rnnbench.tasks.labelling.corpus import Sentences
from rnnbench.tasks.labelling.sentences import LabellingTask, Sentence, kinds_of, read_sentences, units_of


class _Survey(NamedTuple):
    """What occurs in the sentences of a split."""

    tags: Counter[str]
    units: list[str]
    """Of training alone: all that is not new to a model, see `units_of`."""


class TaggedSentences:
    """Makes batches of the sentences of one split.

    Args:
        sentences: The sentences.
        encoder: Maps tokens to numbers.
        tags: Number of each tag.
        task: What is looked for.
        seen: What training has (`units_of`); None for these sentences themselves, in which nothing is new.
    """

    def __init__(
        self,
        sentences: Sentences,
        encoder: TokenEncoder,
        tags: dict[str, int],
        task: LabellingTask,
        seen: frozenset[str] | None,
    ) -> None:
        self.sentences = sentences
        self._encoder = encoder
        self._tags = tags
        self._task: LabellingTask = task
        self._seen = seen

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each ``(N,)``."""
        return self.sentences.lengths

    def __call__(self, samples: list[int], epoch: int) -> TaggingBatch:
        """The batch of some sentences; nothing about it is random.

        Args:
            samples: Their numbers.
            epoch: Not asked for.
        """
        sentences = self.sentences.take(samples)
        batch = self._encoder.batch([one.tokens for one in sentences])
        y, _ = pad([torch.tensor([self._tags[tag] for tag in one.tags]) for one in sentences], IGNORED)
        return batch._replace(y=y, novel=self._mark(sentences, batch.x.shape), ids=torch.tensor(samples))

    def _mark(self, sentences: list[Sentence], shape: torch.Size) -> Tensor:
        novel = np.zeros(shape, dtype=bool)
        if self._seen is not None:
            for row, one in enumerate(sentences):
                novel[row, [place for place, unit in units_of(one, self._task) if unit not in self._seen]] = True
        return torch.from_numpy(novel)


class TaggingData(BucketedData[TaggedSentences]):
    """Tagged sentences in batches of about equal length.

    Args:
        source: Where the sentences come from.
        task: What is looked for: words in text without spaces, a tag of each token, or entities.
        tags_column: Column of the records that holds the tags.
        scheme: How a model writes entities as tags, whatever the data write; metrics count whole entities.
        lowercase: Whether words are lower-cased; their characters are not.
        zero_digits: Whether every digit of a word is read as 0; its characters are not.
        min_count: Words that are rarer in training are read as unknown, so that unknown ones have a trained vector.
        bigram_min_count: Pairs of neighbouring tokens that occur at least so often are features too; null for none.
        vectors: Pretrained word vectors to start from: a file, or the name of a card such as ``glove_6b_50d``.
        max_tokens: Most tokens of a batch of one process, padding included.
        batch_size: Most sentences of a batch of one process.
        max_length: Sentences with more tokens are dropped or cut in training; null for no limit.
        too_long: What to do with them.
        num_workers: Processes that read ahead.
        columns: What columns are called in the data, where that is something else: ``{tokens: words, tags: ner_tags}``.
    """

    source: Source

    def __init__(
        self,
        source: Source,
        task: LabellingTask = "tags",
        tags_column: str = "tags",
        scheme: Literal["bioes", "bio"] = "bioes",
        lowercase: bool = False,
        zero_digits: bool = False,
        min_count: int = 1,
        bigram_min_count: int | None = None,
        vectors: str | None = None,
        max_tokens: int | None = 4096,
        batch_size: int | None = None,
        max_length: int | None = None,
        too_long: TooLong = "drop",
        num_workers: Annotated[int, AT_LEAST_0] = 0,
        columns: ColumnNames | None = None,
    ) -> None:
        super().__init__(source, Budget(max_tokens, batch_size), num_workers, vectors)
        self.columns = columns
        for name, value in (("min_count", min_count), ("bigram_min_count", bigram_min_count)):
            if value is not None and value < 1:
                raise UserError(f"must be at least 1, found {value}", where=f"data.{name}")
        self.task: LabellingTask = task
        self.tags_column = tags_column
        self.scheme: Scheme = "bmes" if task == "segmentation" else scheme
        self.lowercase = lowercase
        self.zero_digits = zero_digits
        self.min_count = min_count
        self.bigram_min_count = bigram_min_count
        self.max_length = max_length
        self.too_long: TooLong = too_long
        self.encoder: TokenEncoder | None = None
        self.tags: list[str] = []
        self.unseen: Counter[str] = Counter()

    @property
    def spec(self) -> Spec:
        """Task, scheme, tags, and what maps tokens to numbers."""
        assert self.encoder is not None, "setup comes first"
        known = len(self.tags) - len(self.unseen)
        return {"task": self.task, "scheme": self.scheme, "tags": self.tags[:known], "encoder": self.encoder.state()}

    def details(self) -> dict[str, str | int | float]:
        """Task, sizes of the vocabulary and of each split that was read, share of padding in training."""
        assert self.encoder is not None, "setup comes first"
        sizes: dict[str, str | int | float] = {"task": self.task, "vocabulary": len(self.encoder.tokens)}
        sizes["tokens_are"] = "characters" if self.encoder.of_characters else "words"
        for split, read in self.splits.items():
            sizes[f"{split}_sentences"] = len(read.sentences)
            sizes[f"{split}_tokens"] = int(read.lengths.sum())
        sizes |= self.padding()
        sizes |= self.source.details()
        if self.unseen:
            sizes["unseen_tags"] = sum(self.unseen.values())
        if self.vectors is not None:
            sizes["vectors"] = self.vectors.coverage()
        return sizes

    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """See `BucketedData.read`."""
        kept = Kept(self.source.kept_in(), self.dataset)
        rows = {split: rows_of(self.source, split, self.columns) for split in SPLITS}
        self.fingerprint = kept_fingerprint(
            kept, lambda: rows, self.columns, task=self.task, tags_column=self.tags_column
        )
        read = {split: self._sentences(split, rows[split], kept, left_out) for split in SPLITS}
        found = {split: self._survey(split, read[split], kept) for split in {"train", *wanted}}
        spec = self.model_spec()
        if spec is not None:
            self.encoder, known = TokenEncoder.from_state(spec["encoder"]), list(spec["tags"])
        else:
            self.encoder, known = self._train_encoder(read["train"], kept), self._tags_of(found["train"].tags)
            self.load_vectors(self.encoder.tokens.tokens)
        self._count_tags({split: found[split].tags for split in wanted}, known)
        numbers = {tag: i for i, tag in enumerate(self.tags)}
        seen = frozenset(found["train"].units)
        for split in wanted:
            of_others = None if split == "train" else seen
            self.splits[split] = TaggedSentences(read[split], self.encoder, numbers, self.task, of_others)

    def _name(self, what: str, *settings: object) -> str:
        """What something that is made of large data is called there: by all that it depends on."""
        return f"{what}-{short_hash([self.columns, self.task, self.scheme, self.tags_column, *settings])}"

    def _sentences(self, split: Split, rows: Sequence[Row], kept: Kept, left_out: LeftOut) -> Sentences:
        """The sentences of a split, without those that are not used."""
        place = functools.partial(self.source.place, split)
        read = read_sentences(rows, self.task, self.scheme, self.tags_column, place)
        sentences = Sentences.of(read, kept, self._name(f"{split}-sentences"))
        for number in np.flatnonzero(sentences.lengths == 0).tolist():
            left_out.add(split, number, "no tokens in it", "dropped")
        sentences = sentences.chosen(np.flatnonzero(sentences.lengths))
        if not len(sentences):
            raise UserError(f"no sentence of {split} has a token", where=self.dataset)
        if split != "train":
            return sentences
        sentences = sentences.chosen(left_out.apply_limit(split, sentences.lengths, self.max_length, self.too_long))
        return sentences if self.max_length is None else sentences.cut(self.max_length)

    def _survey(self, split: Split, sentences: Sentences, kept: Kept) -> _Survey:
        """What occurs in the sentences of a split."""

        def look() -> dict[str, Any]:
            tags: Counter[str] = Counter()
            units: set[str] = set()
            for one in sentences:
                tags.update(one.tags)
                if split == "train":
                    units.update(unit for _, unit in units_of(one, self.task))
            return {"tags": dict(tags), "units": sorted(units)}

        name = self._name(f"{split}-survey", self.max_length, self.too_long)
        return kept(name, look, lambda made: _Survey(Counter(made["tags"]), made["units"]))

    def _train_encoder(self, train: Sentences, kept: Kept) -> TokenEncoder:
        settings = (self.lowercase, self.zero_digits, self.min_count, self.bigram_min_count)
        encoder = kept(
            self._name("vocabulary", self.max_length, self.too_long, *settings),
            lambda: TokenEncoder.train(
                each(train, lambda one, _: one.tokens),
                lowercase=self.lowercase,
                zero_digits=self.zero_digits,
                min_count=self.min_count,
                bigram_min_count=self.bigram_min_count,
            ).state(),
            TokenEncoder.from_state,
        )
        own = encoder.tokens.tokens
        encoder.tokens = Vocabulary(grown(own, self.known_besides(encoder.kind, own[len(SPECIALS) :])))
        return encoder

    def _tags_of(self, occurring: Counter[str]) -> list[str]:
        """The tags a model chooses from."""
        if self.task == "tags":
            return sorted(occurring)
        kinds = [""] if self.task == "segmentation" else kinds_of(occurring)
        if not kinds:
            raise UserError("no sentence of train has an entity", where=self.dataset)
        return all_tags(kinds, self.scheme)

    def _count_tags(self, counts: dict[Split, Counter[str]], known: list[str]) -> None:
        """Numbers all tags, and names those that a model cannot know, and those that a split has none of."""
        self.unseen = Counter({tag: n for c in counts.values() for tag, n in c.items() if tag not in known})
        self.tags = [*known, *sorted(self.unseen)]
        for split, count in counts.items():
            foreign = {tag: n for tag, n in count.items() if tag not in known}
            if foreign:
                total = f"{sum(foreign.values()):,} of {sum(count.values()):,}"
                self.tell(f"{split}: {total} tags never occur in training and count as errors: {_named(foreign)}")
            missing = [] if self.task == "segmentation" else _groups(known, self.task) - _groups(count, self.task)
            if missing:
                self.tell(f"{split}: nothing is tagged {_named(dict.fromkeys(sorted(missing)))}")


def _groups(tags: Any, task: LabellingTask) -> set[str]:
    """Tags, or the kinds of entities."""
    return set(tags) if task == "tags" else kinds_of(tags)


def _named(counts: dict[str, Any]) -> str:
    names = [tag if n is None else f"{tag} ({n:,})" for tag, n in counts.items()]
    return listed(names)
