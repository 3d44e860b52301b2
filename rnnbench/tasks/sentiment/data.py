"""Texts with their classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from rnnbench.data.batches.bucket import Budget
from rnnbench.data.column_names import ColumnNames, rows_of
from rnnbench.data.fingerprint import kept_fingerprint
from rnnbench.data.kept import Kept, short_hash
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.data.text.encoded import encoded
from rnnbench.data.text.encoder import TextEncoder, Unit
from rnnbench.data.text.vocabulary import SPECIALS, Labels
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_0
from rnnbench.tasks.base import BucketedData, Spec
from rnnbench.tasks.base.classes import ClassifiedSequences
from rnnbench.tasks.base.labelled_texts import LabelledTexts, class_numbers, in_classes, phrases_of, texts_of


class SentimentData(BucketedData[ClassifiedSequences]):
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
        columns: What columns are called in the data, where that is something else: ``{text: review, label: stars}``.
    """

    source: Source

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
        num_workers: Annotated[int, AT_LEAST_0] = 0,
        columns: ColumnNames | None = None,
    ) -> None:
        super().__init__(source, Budget(max_tokens, batch_size), num_workers, vectors)
        self.columns = columns
        if max_length is not None and max_length < 1:
            raise UserError(f"must be at least 1, found {max_length}", where="data.max_length")
        self.unit = unit
        self.lowercase = lowercase
        self.min_count = min_count
        self.max_vocabulary = max_vocabulary
        self.max_length = max_length
        self.classes = classes
        self.phrases = phrases
        self.encoder: TextEncoder | None = None
        self.labels: Labels | None = None

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
        found |= {f"{split}_texts": len(texts.tokens) for split, texts in self.splits.items()}
        found |= self.padding()
        found |= self.source.details()
        if self.vectors_name is not None:
            found["vectors"] = self.vectors_name
        if self.phrases:
            found["trained_on"] = "phrases"
        return found

    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """See `BucketedData.read`."""
        rows = {split: rows_of(self.source, split, self.columns) for split in SPLITS}
        kept = Kept(self.source.kept_in(), self.dataset)
        self.fingerprint = kept_fingerprint(kept, lambda: rows, self.columns, classes=self.classes)
        spec = self.model_spec()
        if spec is not None:
            self.encoder, self.labels = TextEncoder.from_state(spec["encoder"]), Labels(spec["labels"])
        needed = wanted if self.encoder is not None or "train" in wanted else (*wanted, "train")
        texts = {split: self._in_classes(split, rows[split], kept, left_out) for split in needed}
        if self.encoder is None:
            self._train(texts["train"], kept)
        for split in wanted:
            self.splits[split] = self._encode(split, texts[split], kept, left_out)

    def originals(self, split: Split) -> Sequence[str]:
        """The texts of a split as they were read, in the order of `splits`; they are not kept, but read again."""
        rows = rows_of(self.source, split, self.columns)
        return self._in_classes(split, rows, Kept(self.source.kept_in(), self.dataset), LeftOut()).texts

    def _name(self, what: str, *settings: object) -> str:
        """What something that is made of large data is called there: by all that it depends on."""
        return f"{what}-{short_hash([self.columns, *settings])}"

    def _chosen(self) -> tuple[object, ...]:
        """On what it depends which texts there are."""
        return None if self.classes is None else sorted(self.classes), self.phrases

    def _in_classes(self, split: Split, rows: Sequence[Row], kept: Kept, left_out: LeftOut) -> LabelledTexts:
        """What has a class in a split; in training, the phrases if they are wanted."""

        def place(number: int) -> str:
            return self.source.place(split, number)

        if self.phrases and split == "train":
            found = phrases_of(rows, place)
        else:
            found = texts_of(rows, place, kept, f"{split}-labels-{short_hash(self.columns)}")
        return in_classes(found, self.classes, split, left_out)

    def _train(self, texts: LabelledTexts, kept: Kept) -> None:
        """Vocabulary and classes of the training split."""
        self.labels = Labels(texts.occurring())
        if len(self.labels) < 2:
            raise UserError(
                f"all texts of train have one label, {self.labels.names[0]!r}",
                where=self.dataset,
                hint="there is nothing to tell apart",
            )
        self.encoder = kept(
            self._name("vocabulary", self.unit, self.lowercase, self.min_count, self.max_vocabulary, *self._chosen()),
            lambda: TextEncoder.train(
                self.unit,
                texts.texts,
                lowercase=self.lowercase,
                min_count=self.min_count,
                max_size=self.max_vocabulary,
            ).state(),
            TextEncoder.from_state,
        )
        own = self.encoder.tokens[len(SPECIALS) :]
        self.encoder = self.encoder.grown(self.known_besides(self.encoder.kind, own))
        self.load_vectors(self.encoder.tokens)

    def _encode(self, split: Split, texts: LabelledTexts, kept: Kept, left_out: LeftOut) -> ClassifiedSequences:
        assert self.encoder is not None
        assert self.labels is not None
        classes = class_numbers(texts, self.labels, lambda number: self.source.place(split, number))
        absent = sorted(set(self.labels.names) - set(texts.occurring()))
        if absent:
            self.tell(f"{split}: no text has the class {' or '.join(absent)}")
        name = self._name(f"{split}-tokens", self.encoder.state(), *self._chosen())
        tokens = encoded(texts.texts, self.encoder.encode, len(self.encoder), kept, name)
        most = self.max_length
        too_long = tokens.lengths > (tokens.lengths.max() if most is None else most)
        for number in np.flatnonzero(too_long | (tokens.lengths == 0)).tolist():
            reason, done = (f"longer than {most}", "cut") if too_long[number] else ("no words in it", "kept")
            left_out.add(split, int(texts.rows[number]), reason, done)
        return ClassifiedSequences(tokens if most is None else tokens.cut(most), classes)
