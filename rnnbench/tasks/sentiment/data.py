"""Texts with their classes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnbench.data.batches.batch import SequenceBatch, pad
from rnnbench.data.batches.bucket import Budget, TrainingBatches, evaluation_batches
from rnnbench.data.batches.bucket_loader import BucketEvaluationLoader, BucketTrainingLoader
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.data.text.encoder import TextEncoder, Unit
from rnnbench.data.text.vectors import Vectors, load_vectors, prepare_vectors
from rnnbench.data.text.vocabulary import Labels
from rnnbench.errors import UserError
from rnnbench.tasks.base import Spec, TaskData
from rnnbench.tasks.sentiment.examples import Example, examples_of, phrases_of

_STAGE_SPLITS: dict[str, tuple[Split, ...]] = {
    "fit": ("train", "validation"),
    "validate": ("validation",),
    "test": ("test",),
}


class Texts:
    """The texts of a split; called with some of their numbers, it makes a batch of them.

    Args:
        tokens: Ids ``(T,)`` of every text.
        classes: Their classes ``(N,)`` int64.
    """

    def __init__(self, tokens: Sequence[Tensor], classes: Tensor) -> None:
        self.tokens = tokens
        self.classes = classes

    @property
    def lengths(self) -> list[int]:
        """Number of tokens of each."""
        return [len(text) for text in self.tokens]

    def __call__(self, samples: list[int], epoch: int) -> SequenceBatch:
        """The batch of these texts, the same in every epoch."""
        x, lengths = as_batch([self.tokens[i] for i in samples])
        return SequenceBatch(x, lengths, self.classes[samples], torch.tensor(samples), int(lengths.sum()))


class SentimentData(TaskData):
    """Texts with a class each, in batches of about equal length.

    Rows have a ``text`` and a ``label``. Vocabulary and classes are those of the training split.

    Args:
        source: Where the texts come from.
        unit: What a token is: ``english`` for English words, ``char`` for Chinese.
        lowercase: Whether text is lower-cased.
        min_count: Rarer words become ``<unk>``.
        max_vocabulary: Keep only so many of the most frequent tokens, special ones included; size of a vocabulary of
            subwords.
        max_length: Cut what comes after so many tokens of a text, in all splits.
        classes: The class of each label, such as ``{very negative: negative, negative: negative}``; texts with another
            label are left out. Without it, every label is a class.
        phrases: Train on every phrase of the parse trees in the column ``tree``, each text once; the other splits stay
            sentences. The data and their fingerprint are the same.
        vectors: Pretrained word vectors: a file of GloVe, word2vec or fastText, or a card such as ``glove_6b_50d``.
        batch_size: Most texts of a batch of one process.
        max_tokens: Most tokens of a batch of one process, padding included.
        num_workers: Processes that read ahead.
    """

    def __init__(
        self,
        source: Source,
        unit: Unit = "english",
        lowercase: bool = True,
        min_count: int = 1,
        max_vocabulary: int | None = None,
        max_length: int | None = None,
        classes: dict[str, str] | None = None,
        phrases: bool = False,
        vectors: str | None = None,
        batch_size: int | None = 64,
        max_tokens: int | None = None,
        num_workers: int = 0,
    ) -> None:
        super().__init__()
        if max_length is not None and max_length < 1:
            raise UserError(f"must be at least 1, found {max_length}", where="data.max_length")
        self.budget = Budget(max_tokens, batch_size)
        self.source = source
        self.unit = unit
        self.lowercase = lowercase
        self.min_count = min_count
        self.max_vocabulary = max_vocabulary
        self.max_length = max_length
        self.classes = classes
        self.phrases = phrases
        self.vectors = vectors
        self.num_workers = num_workers
        self.dataset = source.dataset
        self.encoder: TextEncoder | None = None
        self.labels: Labels | None = None
        self.word_vectors: Vectors | None = None
        self.texts: dict[Split, Texts] = {}

    @property
    def spec(self) -> Spec:
        """Vocabulary, classes, and the length to which a text is cut."""
        assert self.encoder is not None, "setup comes first"
        assert self.labels is not None, "setup comes first"
        return {"encoder": self.encoder.state(), "labels": self.labels.names, "max_length": self.max_length}

    def details(self) -> dict[str, str | int | float]:
        """Unit, sizes of vocabulary and splits, classes, share of padding in training, pretrained vectors, phrases."""
        assert self.encoder is not None, "setup comes first"
        assert self.labels is not None, "setup comes first"
        found: dict[str, str | int | float] = {
            "unit": self.encoder.unit,
            "vocabulary": len(self.encoder),
            "classes": ", ".join(self.labels.names),
        }
        found |= {f"{split}_texts": len(texts.tokens) for split, texts in self.texts.items()}
        if "train" in self.texts:
            found["padding"] = round(self._training_batches().padding_waste(), 4)
        if self.vectors is not None:
            found["vectors"] = self.vectors
        if self.phrases:
            found["trained_on"] = "phrases"
        return found

    def prepare_data(self) -> None:
        """Fetches or generates what is missing, once on each machine."""
        self.source.prepare()
        if self.vectors is not None:
            prepare_vectors(self.vectors)

    def setup(self, stage: str) -> None:
        """Reads all splits, because the fingerprint is that of the whole data set, and encodes those of this stage."""
        if stage == "predict":
            raise UserError("predictions are those of a run", hint="rnnbench predict --run RUN lines.txt")
        rows: dict[str, list[Row]] = {split: self.source.rows(split) for split in SPLITS}
        self.fingerprint = fingerprint(rows, classes=self.classes)
        left_out = LeftOut()
        spec = self.model_spec()
        if spec is not None:
            self.encoder, self.labels = TextEncoder.from_state(spec["encoder"]), Labels(spec["labels"])
        examples = {split: self._examples(split, rows[split], left_out) for split in _STAGE_SPLITS[stage]}
        if self.encoder is None:
            self._train(examples.get("train") or self._examples("train", rows["train"], left_out))
        for split, found in examples.items():
            self.texts[split] = self._encode(split, found, left_out)
        self.report(left_out)

    def train_dataloader(self) -> BucketTrainingLoader[SequenceBatch]:
        """Batches in the order of the seed and the epoch, from where an interrupted epoch stopped."""
        return BucketTrainingLoader(
            self._training_batches(), self.texts["train"], *self.rank(), self.num_workers, self.position
        )

    def val_dataloader(self) -> BucketEvaluationLoader[SequenceBatch]:
        """Batches of the validation split."""
        return self._evaluation("validation")

    def test_dataloader(self) -> BucketEvaluationLoader[SequenceBatch]:
        """Batches of the test split."""
        return self._evaluation("test")

    def _evaluation(self, split: Split) -> BucketEvaluationLoader[SequenceBatch]:
        texts = self.texts[split]
        batches = evaluation_batches(texts.lengths, self.budget)
        return BucketEvaluationLoader(batches, texts, *self.rank(), self.num_workers)

    def _training_batches(self) -> TrainingBatches:
        return TrainingBatches(self.texts["train"].lengths, self.budget, self.seed())

    def _examples(self, split: Split, rows: list[Row], left_out: LeftOut) -> list[Example]:
        """What has a class in a split; in training, the phrases if they are wanted."""

        def place(number: int) -> str:
            return self.source.place(split, number)

        found = phrases_of(rows, place) if self.phrases and split == "train" else examples_of(rows, place)
        if self.classes is None:
            return found
        kept = []
        for one in found:
            if one.label in self.classes:
                kept.append(one._replace(label=self.classes[one.label]))
            else:
                left_out.add(split, one.row, f"label {one.label} is in no class", "dropped")
        if not kept:
            labels = sorted({one.label for one in found})
            raise UserError(f"no label of {split} is in a class; its labels: {', '.join(labels)}", where="data.classes")
        return kept

    def _train(self, examples: list[Example]) -> None:
        """Vocabulary and classes of the training split."""
        self.labels = Labels.train(one.label for one in examples)
        if len(self.labels) < 2:
            raise UserError(
                f"all texts of train have one label, {self.labels.names[0]!r}",
                where=self.dataset,
                hint="there is nothing to tell apart",
            )
        self.encoder = TextEncoder.train(
            self.unit,
            [one.text for one in examples],
            lowercase=self.lowercase,
            min_count=self.min_count,
            max_size=self.max_vocabulary,
        )
        if self.vectors is not None:
            self.word_vectors = load_vectors(self.vectors, self.encoder.tokens)
            self._tell(self.word_vectors.coverage())

    def _tell(self, line: str) -> None:
        if self.rank()[0] == 0:
            print(line, flush=True)

    def _encode(self, split: Split, examples: list[Example], left_out: LeftOut) -> Texts:
        assert self.encoder is not None
        assert self.labels is not None
        for one in examples:
            if one.label not in self.labels.names:
                self.labels.encode([one.label], where=self.source.place(split, one.row))
        classes = torch.from_numpy(self.labels.encode([one.label for one in examples], where=self.dataset))
        absent = sorted(set(self.labels.names) - {one.label for one in examples})
        if absent:
            self._tell(f"{split}: no text has the class {' or '.join(absent)}")
        tokens = [torch.from_numpy(self.encoder.encode(one.text)) for one in examples]
        for one, text in zip(examples, tokens, strict=True):
            if not len(text):
                left_out.add(split, one.row, "no words in it", "kept")
            elif self.max_length is not None and len(text) > self.max_length:
                left_out.add(split, one.row, f"longer than {self.max_length}", "cut")
        return Texts([text[: self.max_length] for text in tokens], classes)


def as_batch(texts: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Texts, given as their ids, as ``(B, T)`` and lengths ``(B,)``; T is at least 1, even where no text has a word."""
    x, lengths = pad(texts, TextEncoder.pad)
    return (x if x.shape[1] else x.new_full((len(texts), 1), TextEncoder.pad)), lengths
