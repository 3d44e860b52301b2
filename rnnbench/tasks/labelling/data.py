"""Sentences whose tokens are tagged."""

from __future__ import annotations

import functools
from collections import Counter
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from rnnbench.data.batches.batch import IGNORED, pad
from rnnbench.data.batches.bucket import Budget, TrainingBatches, evaluation_batches
from rnnbench.data.batches.bucket_loader import BucketEvaluationLoader, BucketTrainingLoader
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.left_out import LeftOut, TooLong
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.data.text.vectors import Vectors, load_vectors, prepare_vectors
from rnnbench.errors import UserError
from rnnbench.tasks.base import Spec, TaskData
from rnnbench.tasks.labelling.encoder import TaggingBatch, TokenEncoder
from rnnbench.tasks.labelling.scheme import Scheme, all_tags
from rnnbench.tasks.labelling.sentences import LabellingTask, Sentence, kinds_of, read_sentences, words_of

_STAGE_SPLITS: dict[str, tuple[Split, ...]] = {
    "fit": ("train", "validation"),
    "validate": ("validation",),
    "test": ("test",),
}
_SHOWN = 10


class TaggingData(TaskData):
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
    """

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
        num_workers: int = 0,
    ) -> None:
        super().__init__()
        for name, value in (("min_count", min_count), ("bigram_min_count", bigram_min_count)):
            if value is not None and value < 1:
                raise UserError(f"must be at least 1, found {value}", where=f"data.{name}")
        self.source = source
        self.task: LabellingTask = task
        self.tags_column = tags_column
        self.scheme: Scheme = "bmes" if task == "segmentation" else scheme
        self.lowercase = lowercase
        self.zero_digits = zero_digits
        self.min_count = min_count
        self.bigram_min_count = bigram_min_count
        self.vectors_from = vectors
        self.budget = Budget(max_tokens, batch_size)
        self.max_length = max_length
        self.too_long: TooLong = too_long
        self.num_workers = num_workers
        self.dataset = source.dataset
        self.encoder: TokenEncoder | None = None
        self.vectors: Vectors | None = None
        self.tags: list[str] = []
        self.splits: dict[Split, TaggedSentences] = {}
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
        for split, read in self.splits.items():
            sizes[f"{split}_sentences"] = len(read.sentences)
            sizes[f"{split}_tokens"] = sum(read.lengths)
        if "train" in self.splits:
            sizes["padding"] = round(self._training_batches().padding_waste(), 4)
        if self.unseen:
            sizes["unseen_tags"] = sum(self.unseen.values())
        if self.vectors is not None:
            sizes["vectors"] = self.vectors.coverage()
        return sizes

    def prepare_data(self) -> None:
        """Fetches or generates what is missing, once on each machine."""
        self.source.prepare()
        if self.vectors_from is not None:
            prepare_vectors(self.vectors_from)

    def setup(self, stage: str) -> None:
        """Reads all splits, because the fingerprint is that of the whole data set, and encodes those of this stage."""
        if stage == "predict":
            raise UserError("predictions are those of a run", hint="rnnbench predict --run RUN lines.txt")
        spec = self.model_spec()
        read = self._read()
        train = read["train"]
        if spec is not None:
            self.encoder, known = TokenEncoder.from_state(spec["encoder"]), list(spec["tags"])
        else:
            self.encoder, known = self._train_encoder(train), self._tags_of(train)
            if self.vectors_from is not None:
                self.vectors = load_vectors(self.vectors_from, self.encoder.tokens.tokens)
                if self.rank()[0] == 0:
                    print(self.vectors.coverage(), flush=True)
        wanted = _STAGE_SPLITS[stage]
        self._count_tags({split: read[split] for split in wanted}, known)
        numbers = {tag: i for i, tag in enumerate(self.tags)}
        seen = {unit for sentence in train for _, unit in self._units(sentence)}
        for split in wanted:
            novel = [[place for place, unit in self._units(sentence) if unit not in seen] for sentence in read[split]]
            self.splits[split] = TaggedSentences(read[split], self.encoder, numbers, novel)

    def train_dataloader(self) -> BucketTrainingLoader[TaggingBatch]:
        """Batches of the training split, from where an interrupted epoch stopped."""
        return BucketTrainingLoader(
            self._training_batches(), self.splits["train"], *self.rank(), self.num_workers, self.position
        )

    def val_dataloader(self) -> BucketEvaluationLoader[TaggingBatch]:
        """Batches of the validation split."""
        return self._evaluation("validation")

    def test_dataloader(self) -> BucketEvaluationLoader[TaggingBatch]:
        """Batches of the test split."""
        return self._evaluation("test")

    def _read(self) -> dict[Split, list[Sentence]]:
        """The sentences of all splits, without those that are not used."""
        rows: dict[str, list[Row]] = {split: self.source.rows(split) for split in SPLITS}
        self.fingerprint = fingerprint(rows, task=self.task, tags_column=self.tags_column)
        left_out = LeftOut()
        read: dict[Split, list[Sentence]] = {}
        for split in SPLITS:
            place = functools.partial(self.source.place, split)
            everything = read_sentences(rows[split], self.task, self.scheme, self.tags_column, place)
            for number in (i for i, sentence in enumerate(everything) if not sentence.tokens):
                left_out.add(split, number, "no tokens in it", "dropped")
            sentences = [sentence for sentence in everything if sentence.tokens]
            if not sentences:
                raise UserError(f"no sentence of {split} has a token", where=self.dataset)
            if split == "train":
                lengths = [len(sentence.tokens) for sentence in sentences]
                kept = left_out.apply_limit(split, lengths, self.max_length, self.too_long)
                sentences = [Sentence(*(part[: self.max_length] for part in sentences[i])) for i in kept]
            read[split] = sentences
        self.report(left_out)
        return read

    def _train_encoder(self, train: list[Sentence]) -> TokenEncoder:
        return TokenEncoder.train(
            [sentence.tokens for sentence in train],
            lowercase=self.lowercase,
            zero_digits=self.zero_digits,
            min_count=self.min_count,
            bigram_min_count=self.bigram_min_count,
        )

    def _tags_of(self, train: list[Sentence]) -> list[str]:
        """The tags a model chooses from."""
        if self.task == "tags":
            return sorted({tag for sentence in train for tag in sentence.tags})
        kinds = [""] if self.task == "segmentation" else kinds_of(train)
        if not kinds:
            raise UserError("no sentence of train has an entity", where=self.dataset)
        return all_tags(kinds, self.scheme)

    def _count_tags(self, read: dict[Split, list[Sentence]], known: list[str]) -> None:
        """Numbers all tags, and names those that a model cannot know, and those that a split has none of."""
        counts = {split: Counter(tag for s in sentences for tag in s.tags) for split, sentences in read.items()}
        self.unseen = Counter({tag: n for c in counts.values() for tag, n in c.items() if tag not in known})
        self.tags = [*known, *sorted(self.unseen)]
        if self.rank()[0] > 0:
            return
        for split, count in counts.items():
            foreign = {tag: n for tag, n in count.items() if tag not in known}
            if foreign:
                total = f"{sum(foreign.values()):,} of {sum(count.values()):,}"
                print(
                    f"{split}: {total} tags never occur in training and count as errors: {_named(foreign)}", flush=True
                )
            missing = [] if self.task == "segmentation" else _groups(known, self.task) - _groups(count, self.task)
            if missing:
                print(f"{split}: nothing is tagged {_named(dict.fromkeys(sorted(missing)))}", flush=True)

    def _units(self, sentence: Sentence) -> list[tuple[int, str]]:
        """What can be new to a model, with its place: words of a segmentation, else tokens."""
        return words_of(sentence) if self.task == "segmentation" else list(enumerate(sentence.tokens))

    def _training_batches(self) -> TrainingBatches:
        return TrainingBatches(self.splits["train"].lengths, self.budget, self.seed())

    def _evaluation(self, split: Split) -> BucketEvaluationLoader[TaggingBatch]:
        read = self.splits[split]
        batches = evaluation_batches(read.lengths, self.budget)
        return BucketEvaluationLoader(batches, read, *self.rank(), self.num_workers)


class TaggedSentences:
    """Makes batches of the sentences of one split.

    Args:
        sentences: The sentences.
        encoder: Maps tokens to numbers.
        tags: Number of each tag.
        novel: Of each sentence, the places where something is that training does not have.
    """

    def __init__(
        self, sentences: list[Sentence], encoder: TokenEncoder, tags: dict[str, int], novel: list[list[int]]
    ) -> None:
        self.sentences = sentences
        self.lengths = [len(sentence.tokens) for sentence in sentences]
        self._encoder = encoder
        self._tags = tags
        self._novel = novel

    def __call__(self, samples: list[int], epoch: int) -> TaggingBatch:
        """The batch of some sentences; nothing about it is random.

        Args:
            samples: Their numbers.
            epoch: Not asked for.
        """
        batch = self._encoder.batch([self.sentences[i].tokens for i in samples])
        y, _ = pad([torch.tensor([self._tags[tag] for tag in self.sentences[i].tags]) for i in samples], IGNORED)
        return batch._replace(y=y, novel=self._mark(samples, batch.x.shape), ids=torch.tensor(samples))

    def _mark(self, samples: list[int], shape: torch.Size) -> Tensor:
        novel = np.zeros(shape, dtype=bool)
        for row, i in enumerate(samples):
            novel[row, self._novel[i]] = True
        return torch.from_numpy(novel)


def _groups(tags: Any, task: LabellingTask) -> set[str]:
    """Tags, or the kinds of entities."""
    return set(tags) if task == "tags" else {tag.partition("-")[2] for tag in tags if "-" in tag}


def _named(counts: dict[str, Any]) -> str:
    names = [tag if n is None else f"{tag} ({n:,})" for tag, n in counts.items()]
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
