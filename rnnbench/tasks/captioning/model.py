"""What every model of this application does: exact evaluation, pictures."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from rnnbench.data.source import Split
from rnnbench.data.text_encoder import TextEncoder
from rnnbench.tasks.base import Spec, Task
from rnnbench.tasks.captioning.batch import CaptionBatch
from rnnbench.tasks.captioning.data import CaptionData
from rnnbench.tasks.captioning.metrics import bleu_counts, bleu_signature, caption_metrics
from rnnbench.tasks.item_texts import Items, ItemTexts
from rnnbench.tasks.item_values import ItemSums


class CaptionModel(Task):
    """A model that writes a caption of an image.

    Subclasses write `build` and `describe_batch`.
    """

    application: ClassVar[str] = "captioning"
    monitor = "validation/bleu_4"
    monitor_mode: ClassVar[str] = "max"
    words: TextEncoder

    def __init__(self) -> None:
        super().__init__()
        self.corpus = ItemTexts()
        self._measured: dict[str, str] = {}
        self._described: tuple[Items, list[list[str]]] | None = None

    @abstractmethod
    def describe_batch(self, batch: CaptionBatch, split: Split) -> tuple[list[str], Tensor]:
        """Captions of B images as this split wants them, and ``(B, K)`` numbers about each image."""

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around the vocabulary."""
        self.words = TextEncoder.from_state(spec["words"])
        super().use_spec(spec)

    def evaluate(self, batch: CaptionBatch) -> None:
        """See `Task.evaluate`."""
        texts, numbers = self.describe_batch(batch, self._split())
        self.corpus.update(batch.ids, numbers, texts)

    def log_metrics(self, split: str) -> None:
        """See `Task.log_metrics`."""
        items = self.corpus.compute()
        self.corpus.reset()
        data = self._data()
        everything = data.references(split)  # type: ignore[arg-type]
        references = [everything[i] for i in items.ids]
        self._described = items, references
        sizes = sorted({len(captions) for captions in references})
        self._measured[split] = f"images:{len(references)}|nrefs:{'-'.join(map(str, sorted({sizes[0], sizes[-1]})))}"
        values = caption_metrics(items.texts, references, data.training_captions)
        self.log_values(split, values | self.further_metrics(items, split), ("bleu_4", "cider"))

    def further_metrics(self, items: Items, split: str) -> dict[str, float]:
        """Metrics that not every model has.

        Args:
            items: What `describe_batch` gave of all images.
            split: Their split.
        """
        return {}

    def test_items(self) -> ItemSums | None:
        """See `Task.test_items`: the counts of BLEU-4."""
        if self._described is None:
            return None
        items, references = self._described
        return ItemSums("bleu_4", torch.tensor(items.ids), bleu_counts(items.texts, references))

    def metric_signature(self, split: str) -> str:
        """How many images there are, and how many references one has."""
        return self._measured[split]

    def signature_of(self, metric: str, split: str) -> str:
        """That of sacreBLEU where it computes the metric, and how captions were searched for."""
        known = f"{bleu_signature(int(metric[-1]))}|" if metric.startswith("bleu_") else ""
        return f"{known}{self.metric_signature(split)}{self.search_signature(split)}"

    def search_signature(self, split: str) -> str:
        """How captions were searched for, beginning with a bar."""
        return ""

    def _split(self) -> Split:
        return "test" if self.trainer.testing else "validation"

    def _data(self) -> CaptionData:
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(data, CaptionData)
        return data
