"""Word segmentation by a dictionary alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from rnnbench.data.batches.batch import TaggingBatch
from rnnbench.data.text.spans import Span, spans, tag_spans
from rnnbench.data.text.vocabulary import SPECIALS, UNKNOWN
from rnnbench.errors import UserError
from rnnbench.tasks.base import CountingModel, Spec
from rnnbench.tasks.labelling.data import TaggingData
from rnnbench.tasks.labelling.model import TaggingModel

_UNKNOWN = SPECIALS.index(UNKNOWN)


class MaximumMatching(CountingModel[TaggingData], TaggingModel):
    """Forward maximum matching: from left to right, always the longest word that is in the dictionary.

    The dictionary are the words of the training split, which it reads in one epoch; a character that begins none of
    them is a word of its own. The baseline of the SIGHAN bakeoffs: R. Sproat and T. Emerson, The First International
    Chinese Word Segmentation Bakeoff, 2003.
    """

    # All words one after the other, and the length of each, so that a checkpoint can hold them.
    tables = ("letters", "sizes")
    letters: Tensor
    sizes: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()
        self._words: set[tuple[int, ...]] = set()

    def build(self, spec: Spec) -> None:
        """Makes an empty dictionary."""
        if self.task != "segmentation":
            raise UserError(
                "words are matched in segmentation only", where="data.task", hint="--data.task segmentation"
            )
        super().build(spec)

    def count_batch(self, batch: TaggingBatch) -> None:
        """Takes the words of some sentences."""
        for x, y, size in zip(batch.x.tolist(), batch.y.tolist(), batch.lengths.tolist(), strict=True):
            words = {tuple(x[start:end]) for start, end, _ in spans([self.tags[tag] for tag in y[:size]])}
            # What is unknown in one word may be anything else in another.
            self._words |= {word for word in words if _UNKNOWN not in word}

    def on_train_epoch_end(self) -> None:
        """Puts the dictionary into the form that is saved, before the split is measured."""
        self._store()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Saves the words so far."""
        super().on_save_checkpoint(checkpoint)
        self._store()
        checkpoint["state_dict"].update(letters=self.letters, sizes=self.sizes)

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Makes room for the dictionary, whose size only the checkpoint knows, and reads it."""
        super().on_load_checkpoint(checkpoint)
        self.letters, self.sizes = (checkpoint["state_dict"][name].clone() for name in ("letters", "sizes"))
        parts = self.letters.split(self.sizes.tolist()) if len(self.sizes) else ()
        self._words = {tuple(word.tolist()) for word in parts}

    def predict_tags(self, batch: TaggingBatch) -> Tensor:
        """See `TaggingModel.predict_tags`."""
        numbers = {tag: i for i, tag in enumerate(self.tags)}
        best = torch.zeros_like(batch.x)
        longest = max(map(len, self._words), default=1)
        for row, (x, size) in enumerate(zip(batch.x.tolist(), batch.lengths.tolist(), strict=True)):
            found = self._match(x[:size], longest)
            tags = tag_spans(found, size, self.scheme)
            best[row, :size] = torch.tensor([numbers[tag] for tag in tags], dtype=torch.int64)
        return best

    def num_parameters(self) -> int:
        """Number of words."""
        return len(self._words)

    def model_name(self) -> str:
        """What it is."""
        return "maximum matching"

    def _match(self, x: Sequence[int], longest: int) -> list[Span]:
        found, start = [], 0
        while start < len(x):
            ends = range(min(len(x), start + longest), start + 1, -1)
            end = next((end for end in ends if tuple(x[start:end]) in self._words), start + 1)
            found.append(Span(start, end, ""))
            start = end
        return found

    def _store(self) -> None:
        words = sorted(self._words)
        self.letters = torch.tensor([letter for word in words for letter in word], dtype=torch.int64)
        self.sizes = torch.tensor([len(word) for word in words], dtype=torch.int64)
