"""Text as a stream of words that is read once an epoch, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.batches.bucket_loader import Position
from rnnbench.data.column_names import ColumnNames
from rnnbench.data.generated.words import GeneratedWords
from rnnbench.data.source import Source, Split
from rnnbench.data.text.benchmarks import NO_BENCHMARKS, Benchmarks, load_benchmarks, prepare_benchmarks
from rnnbench.data.text.corpus import Corpus
from rnnbench.data.text.token_file import Tokens
from rnnbench.data.text.tokenizer import SPECIALS, Level, Tokenizer, TokenStream
from rnnbench.embeddings.windows import PIECE
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_1
from rnnbench.tasks.base import Spec, TaskData
from rnnbench.tasks.base.data import STAGE_SPLITS
from rnnbench.tasks.base.segmented import Segmented

# Pieces of an evaluation that are read at a time: changes nothing but the number of steps.
_COUNTED_AT_ONCE = 2**20


class WordBatch(NamedTuple):
    """Some pieces of a stream, one after the other."""

    x: Tensor
    """``(T,)`` int32 tokens."""
    ids: Tensor
    """``(P,)`` int64: the number of each piece of `PIECE` tokens; -1 for what counts for nothing."""
    epoch: int
    """Of which epoch."""
    length: int
    """Tokens of the whole stream."""
    tokens: int
    """T."""

    @property
    def place(self) -> int:
        """Where in the stream the first token stands."""
        return max(int(self.ids[0]), 0) * PIECE


class Pieces:
    """A stream in pieces, some of them a batch.

    Args:
        tokens: The stream ``(N,)``; of a file no more is read than a batch needs.
        batch_size: Pieces of a batch.
        rank: Number of this process; batches are dealt out whole.
        processes: Number of processes.
        position: Says where a training stands; it is asked whenever the loader is iterated over.
    """

    def __init__(
        self,
        tokens: Tokens,
        batch_size: int,
        rank: int = 0,
        processes: int = 1,
        position: Callable[[], Position] = lambda: Position(0, 0),
    ) -> None:
        self._tokens = tokens
        self._batch_size = batch_size
        self._rank = rank
        self._processes = processes
        self._position = position
        self._batches = -(-len(tokens) // (batch_size * PIECE))

    def __len__(self) -> int:
        return -(-self._batches // self._processes)

    def __iter__(self) -> Iterator[WordBatch]:
        epoch, done = self._position()
        for step in range(done, len(self)):
            yield self._batch(step * self._processes + self._rank, epoch)

    def _batch(self, number: int, epoch: int) -> WordBatch:
        start = number * self._batch_size * PIECE
        # A process that has nothing to read while others have gets nothing.
        x = torch.from_numpy(self._tokens[:][start : start + self._batch_size * PIECE].astype(np.int32))
        first = number * self._batch_size
        ids = torch.arange(first, first + -(-len(x) // PIECE)) if len(x) else torch.tensor([-1])
        return WordBatch(x, ids, epoch, len(self._tokens), len(x))

    def state_dict(self) -> dict[str, Any]:
        """How the stream is cut: with that, the trainer's counter says where the training stands."""
        return {"tokens": len(self._tokens), "batch_size": self._batch_size}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Refuses to go on in the middle of a stream that was cut in another way."""
        if self._position().batch and state != self.state_dict():
            raise UserError(
                f"the run stopped within an epoch of {state.get('tokens', 0):,} tokens in batches of"
                f" {state.get('batch_size')} pieces; these are {len(self._tokens):,} in batches of {self._batch_size}",
                where="--resume",
                hint=f"data.batch_size: {state.get('batch_size')}",
            )


class WordData(TaskData):
    """A text whose words get vectors, and what these are asked.

    Args:
        source: Where the text comes from.
        level: What a word is: what stands between white space, an English word in lower case, a character or a byte.
        min_count: Words that are rarer are left out, as if they were not there.
        max_vocabulary: Keep only so many of the most frequent words, ``<unk>`` and ``<eos>`` included.
        batch_size: Pieces of 1,000 tokens of one step; changes no result but when the rate falls.
        benchmarks: Similarities and analogies to be tested on: a folder, or the name of a card; None for those of the
            source, if it has any.
        analogy_words: Answers of analogies are looked for among so many of the most frequent words.
        columns: What columns are called in the data, where that is something else: ``{text: article}``.
        segmenter: Folder of a run of labelling that cuts text without spaces, such as Chinese, into words.
    """

    def __init__(
        self,
        source: Source,
        level: Level = "word",
        min_count: Annotated[int, AT_LEAST_1] = 5,
        max_vocabulary: int | None = None,
        batch_size: Annotated[int, AT_LEAST_1] = 100,
        benchmarks: str | None = None,
        analogy_words: Annotated[int, AT_LEAST_1] = 300_000,
        columns: ColumnNames | None = None,
        segmenter: str | None = None,
    ) -> None:
        super().__init__()
        self.source = source if segmenter is None else Segmented(source, segmenter, columns, level)
        self.level = level
        self.min_count = min_count
        self.max_vocabulary = max_vocabulary
        self.batch_size = batch_size
        self.benchmarks_name = benchmarks
        self.analogy_words = analogy_words
        # Those of a source that was cut are read by now.
        self.columns = columns if segmenter is None else None
        self.dataset = source.dataset
        self.tokenizer: Tokenizer | None = None
        self.counts: list[int] = []
        self.benchmarks: Benchmarks = NO_BENCHMARKS
        self.streams: dict[Split, TokenStream] = {}

    @property
    def spec(self) -> Spec:
        """Level, words, and how often each occurs in training."""
        assert self.tokenizer is not None, "setup comes first"
        return {**self.tokenizer.state(), "counts": self.counts}

    def details(self) -> dict[str, str | int | float]:
        """Level, number of words, tokens and unknown ones of each split that was read."""
        assert self.tokenizer is not None, "setup comes first"
        sizes = {f"{split}_tokens": len(stream.tokens) for split, stream in self.streams.items()}
        unknown = {f"{split}_unknown": stream.unknown for split, stream in self.streams.items()}
        return {"level": self.level, "vocabulary": len(self.tokenizer), **sizes, **unknown, **self.source.details()}

    def prepare_data(self) -> None:
        """Fetches or generates what is missing, once on each machine."""
        self.source.prepare()
        if self.benchmarks_name is not None:
            prepare_benchmarks(self.benchmarks_name)

    def setup(self, stage: str) -> None:
        """Reads and encodes the splits of this stage, and the benchmarks.

        Raises:
            UserError: There are not two words.
        """
        if stage == "predict":
            raise UserError("predictions are those of a run", hint="rnnbench predict --run RUN words.txt")
        # A file that is wrong is told of before a training, not after it.
        benchmarks = self._read_benchmarks()
        spec = self.model_spec()
        corpus = Corpus(self.source, self.level, self.max_vocabulary, self.columns, self.min_count)
        if self.tokenizer is None:
            if spec is not None:
                self.tokenizer, self.counts = Tokenizer.from_state(spec), spec["counts"]
            else:
                own = corpus.vocabulary()
                self.tokenizer = own.grown(self.known_besides(own.kind, own.tokens[len(SPECIALS) :]))
                self.counts = count_tokens(corpus.stream("train", self.tokenizer).tokens, self.tokenizer)
        self.fingerprint = corpus.fingerprint()
        for split in STAGE_SPLITS[stage]:
            self.streams[split] = corpus.stream(split, self.tokenizer)
        if sum(count > 0 for count in self.counts) < 2:
            raise UserError(
                f"a word is told from others, and there are not two that occur at least {self.min_count} times",
                where=f"{self.dataset}, train",
                hint="--data.min_count 1, or more text",
            )
        if stage == "test":
            self.benchmarks = benchmarks

    def _read_benchmarks(self) -> Benchmarks:
        if self.benchmarks_name is not None:
            return load_benchmarks(self.benchmarks_name)
        return self.source.benchmarks() if isinstance(self.source, GeneratedWords) else NO_BENCHMARKS

    def train_dataloader(self) -> Pieces:
        """The stream from front to back, from where an interrupted epoch stopped."""
        return Pieces(self.streams["train"].tokens, self.batch_size, *self.rank(), self.position)

    def val_dataloader(self) -> Pieces:
        """The validation split."""
        return Pieces(self.streams["validation"].tokens, self.batch_size, *self.rank())

    def test_dataloader(self) -> Pieces:
        """The test split."""
        return Pieces(self.streams["test"].tokens, self.batch_size, *self.rank())

    def state_dict(self) -> dict[str, Any]:
        """Nothing of its own: the words are the model's spec, the position the trainer's counter."""
        return {}


def count_tokens(tokens: Tokens, tokenizer: Tokenizer) -> list[int]:
    """How often each token occurs, at least once; 0 for what is no word: the end of a text, and what is unknown.

    Args:
        tokens: The stream.
        tokenizer: Says which tokens there are.
    """
    found: NDArray[np.int64] = np.zeros(len(tokenizer), dtype=np.int64)
    for start in range(0, len(tokens), _COUNTED_AT_ONCE):
        found += np.bincount(tokens[:][start : start + _COUNTED_AT_ONCE], minlength=len(tokenizer))
    # Words that a run knows besides, whose vectors are taken, may come in other texts.
    found = np.maximum(found, 1)
    found[left_out(tokenizer)] = 0
    return found.tolist()


def left_out(tokenizer: Tokenizer) -> Sequence[int]:
    """Tokens that are no words."""
    return [tokenizer.end] if tokenizer.unknown is None else [tokenizer.end, tokenizer.unknown]
