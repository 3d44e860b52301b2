"""Text as a stream of bytes, characters or words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnnbench.data.batches.strips import EvaluationLoader, Strips, TrainingLoader
from rnnbench.data.column_names import ColumnNames
from rnnbench.data.source import Document, Source, Split
from rnnbench.data.text.corpus import Corpus
from rnnbench.data.text.tokenizer import SPECIALS, Level, Tokenizer, TokenStream
from rnnbench.errors import UserError
from rnnbench.tasks.base import Spec, TaskData
from rnnbench.tasks.base.data import STAGE_SPLITS
from rnnbench.tasks.base.segmented import Segmented
from rnnbench.tasks.text_generation.samples.base import Samples


class TextData(TaskData):
    """Text for language modelling: truncated backpropagation over parallel strips, exact evaluation.

    Args:
        source: Where the text comes from.
        level: What a token is: a byte, a character, a word between white space, or an English word in lower case.
        batch_size: Strips that each process reads in parallel in training.
        sequence_length: Tokens of one training window; gradients reach no further back.
        max_vocabulary: Keep only so many of the most frequent tokens; the others become ``<unk>``.
        evaluation_strips: Strips into which a split is cut for evaluation; one is exact, more are faster and lose the
            context at their starts, so the number is part of the metric's signature.
        evaluation_batch: Strips that are read side by side in evaluation; changes no result beyond rounding.
        evaluation_length: Tokens of one evaluation window; the state is carried over, so it changes no result.
        samples: Texts that are written after the test, and what is counted on them: poems, code, lines.
        prompts: Beginnings of text to continue with ``predict``.
        columns: What columns are called in the data, where that is something else: ``{text: article}``.
        segmenter: Folder of a run of labelling that cuts text without spaces, such as Chinese, into words.
    """

    def __init__(
        self,
        source: Source,
        level: Level = "char",
        batch_size: int = 32,
        sequence_length: int = 128,
        max_vocabulary: int | None = None,
        evaluation_strips: int = 1,
        evaluation_batch: int = 16,
        evaluation_length: int = 256,
        samples: Samples | None = None,
        prompts: list[str] | None = None,
        columns: ColumnNames | None = None,
        segmenter: str | None = None,
    ) -> None:
        super().__init__()
        sizes = {
            "batch_size": batch_size,
            "sequence_length": sequence_length,
            "evaluation_strips": evaluation_strips,
            "evaluation_batch": evaluation_batch,
            "evaluation_length": evaluation_length,
        }
        for name, size in sizes.items():
            if size < 1:
                raise UserError(f"must be at least 1, found {size}", where=f"data.{name}")
        self.source = source if segmenter is None else Segmented(source, segmenter, columns, level)
        # Those of a source that was cut are read by now.
        self.columns = columns if segmenter is None else None
        self.level = level
        self.batch_size = batch_size
        self.sequence_length = sequence_length
        self.max_vocabulary = max_vocabulary
        self.evaluation_strips = evaluation_strips
        self.evaluation_batch = evaluation_batch
        self.evaluation_length = evaluation_length
        self.samples = samples
        self.prompts = prompts or []
        self.dataset = source.dataset
        self.tokenizer: Tokenizer | None = None
        self.streams: dict[Split, TokenStream] = {}

    @property
    def spec(self) -> Spec:
        """Level and vocabulary."""
        assert self.tokenizer is not None, "setup comes first"
        return self.tokenizer.state()

    def details(self) -> dict[str, str | int | float]:
        """Level, size of the vocabulary, tokens of each split that was read."""
        assert self.tokenizer is not None, "setup comes first"
        sizes = {f"{split}_tokens": len(stream.tokens) for split, stream in self.streams.items()}
        return {"level": self.level, "vocabulary": len(self.tokenizer), **sizes, **self.source.details()}

    def prepare_data(self) -> None:
        """Fetches or generates what is missing, once on each machine."""
        self.source.prepare()

    def setup(self, stage: str) -> None:
        """Reads and encodes the splits of this stage."""
        spec = self.model_spec()
        corpus = Corpus(self.source, self.level, self.max_vocabulary, self.columns)
        if self.tokenizer is None:
            if spec is not None:
                self.tokenizer = Tokenizer.from_state(spec)
            else:
                own = corpus.vocabulary()
                self.tokenizer = own.grown(self.known_besides(own.kind, own.tokens[len(SPECIALS) :]))
        if stage != "predict":
            self.fingerprint = corpus.fingerprint()
        for split in STAGE_SPLITS[stage]:
            self.streams[split] = corpus.stream(split, self.tokenizer)

    def train_dataloader(self) -> TrainingLoader:
        """Windows over this process's strips, from where an interrupted epoch stopped."""
        rank, processes = self.rank()
        strips = self._strips("train", self.batch_size * processes, self.sequence_length, even=True)
        return TrainingLoader(
            strips, slice(rank * self.batch_size, (rank + 1) * self.batch_size), lambda: self.position().batch
        )

    def val_dataloader(self) -> EvaluationLoader:
        """Windows of the validation split."""
        return self._evaluation("validation")

    def test_dataloader(self) -> EvaluationLoader:
        """Windows of the test split."""
        return self._evaluation("test")

    def predict_dataloader(self) -> list[str]:
        """The prompts."""
        if not self.prompts:
            raise UserError("there is no prompt to continue", where="data.prompts", hint="--data.prompts '[\"def \"]'")
        return self.prompts

    def _evaluation(self, split: Split) -> EvaluationLoader:
        strips = self._strips(split, self.evaluation_strips, self.evaluation_length, even=False)
        return EvaluationLoader(strips, self.evaluation_strips, self.evaluation_batch, *self.rank())

    def _strips(self, split: Split, strips: int, window: int, even: bool) -> Strips:
        assert self.tokenizer is not None, "setup comes first"
        return Strips(self.streams[split].tokens, first=self.tokenizer.end, strips=strips, window=window, even=even)

    def training_texts(self) -> Sequence[str | Document]:
        """The documents of the training split, read anew."""
        return Corpus(self.source, self.level, self.max_vocabulary, self.columns).documents("train")

    def state_dict(self) -> dict[str, Any]:
        """Nothing of its own: the vocabulary is the model's spec, the position the trainer's counter."""
        return {}
