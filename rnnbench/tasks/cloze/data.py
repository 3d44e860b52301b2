"""Texts of which one token after the other is left out."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.batches.bucket import Budget
from rnnbench.data.column_names import ColumnNames, documents_of
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.formats.text_file import split_lines
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import SPLITS, Source, Split
from rnnbench.data.text.encoder import TextEncoder, Unit
from rnnbench.data.text.vocabulary import SPECIALS
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1
from rnnbench.tasks.base import BucketedData, Spec
from rnnbench.tasks.cloze.batch import Texts


class ClozeData(BucketedData[Texts]):
    """Texts in batches of about equal length; every token of every text is a blank in turn.

    Args:
        source: Where the texts come from.
        unit: What a token, and so a blank, is: ``word`` for what white space separates, ``english``, ``char`` for
            Chinese.
        context: What a text is, beyond which nothing is seen: a ``line``, or a whole ``document`` or record.
        lowercase: Whether text is lower-cased.
        min_count: Rarer tokens become ``<unk>``.
        max_vocabulary: Keep only so many of the most frequent tokens, special ones included.
        max_length: Texts of more tokens are cut into pieces of at most so many, in all splits.
        vectors: Pretrained word vectors to start from: a file, or the name of a card such as ``glove_6b_50d``.
        max_tokens: Most tokens of a batch of one process, padding included.
        batch_size: Most texts of a batch of one process.
        num_workers: Processes that read ahead.
        columns: What columns are called in the data, where that is something else: ``{text: poem}``.
    """

    source: Source

    def __init__(
        self,
        source: Source,
        unit: Unit = "word",
        context: Literal["line", "document"] = "line",
        lowercase: bool = False,
        min_count: Annotated[int, AT_LEAST_1] = 1,
        max_vocabulary: int | None = None,
        max_length: Annotated[int, AT_LEAST_1] = 256,
        vectors: str | None = None,
        max_tokens: int | None = 2048,
        batch_size: int | None = None,
        num_workers: Annotated[int, AT_LEAST_0] = 0,
        columns: ColumnNames | None = None,
    ) -> None:
        super().__init__(source, Budget(max_tokens, batch_size), num_workers, vectors)
        self.columns = columns
        self.unit: Unit = unit
        self.context = context
        self.lowercase = lowercase
        self.min_count = min_count
        self.max_vocabulary = max_vocabulary
        self.max_length = max_length
        self.encoder: TextEncoder | None = None

    @property
    def spec(self) -> Spec:
        """The vocabulary."""
        assert self.encoder is not None, "setup comes first"
        return {"encoder": self.encoder.state()}

    def details(self) -> dict[str, str | int | float]:
        """Unit, sizes of the vocabulary and of each split that was read, share of padding in training."""
        assert self.encoder is not None, "setup comes first"
        found: dict[str, str | int | float] = {"unit": self.unit, "vocabulary": len(self.encoder)}
        for split, read in self.splits.items():
            found |= {f"{split}_texts": len(read.lengths), f"{split}_tokens": int(read.lengths.sum())}
        return found | self.padding()

    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """See `BucketedData.read`."""
        texts: dict[str, list[str]] = {split: self._texts(split) for split in SPLITS}
        self.fingerprint = fingerprint(
            texts,
            unit=self.unit,
            context=self.context,
            lowercase=self.lowercase,
            min_count=self.min_count,
            max_vocabulary=self.max_vocabulary,
            max_length=self.max_length,
        )
        spec = self.model_spec()
        if spec is not None:
            self.encoder = TextEncoder.from_state(spec["encoder"])
        else:
            self.encoder = TextEncoder.train(
                self.unit,
                texts["train"],
                lowercase=self.lowercase,
                min_count=self.min_count,
                max_size=self.max_vocabulary,
            )
            own = self.encoder.tokens[len(SPECIALS) :]
            self.encoder = self.encoder.grown(self.known_besides(self.encoder.kind, own))
            self.load_vectors(self.encoder.tokens)
        for split in wanted:
            pieces = [piece for text in texts[split] for piece in self._pieces(self.encoder.encode(text))]
            if not pieces:
                raise UserError(f"there is no token in {split}", where=self.dataset)
            self.splits[split] = Texts(pieces)

    def _texts(self, split: Split) -> list[str]:
        """The texts of a split that hold something."""
        documents = ["".join(one) for one in documents_of(self.source, split, self.columns)]
        texts = documents if self.context == "document" else [line for one in documents for line in split_lines(one)]
        return [text for text in texts if text.strip()]

    def _pieces(self, ids: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        return [ids[start : start + self.max_length] for start in range(0, len(ids), self.max_length)]
