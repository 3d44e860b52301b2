"""What every model of this application does: exact evaluation, pictures."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from rnnbench.data.generated.scenes.captions import meaning_of
from rnnbench.data.source import Split
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.examples import Example, plain
from rnnbench.tasks.base import Axes, Items, ItemSums, ItemTexts, Measured, Names, Spec, Task
from rnnbench.tasks.base.pictures import best_median_worst, record_picture
from rnnbench.tasks.captioning.batch import CaptionBatch
from rnnbench.tasks.captioning.data import CaptionData
from rnnbench.tasks.captioning.metrics import bleu_counts, bleu_signature, caption_metrics
from rnnbench.tasks.captioning.pictures import SHEET, Judged, draw_sheet
from rnnbench.tasks.captioning.scores.cider import cider
from rnnbench.tasks.captioning.scores.meteor import meteor

# What is told of a part of the test split.
_PICTURES = 6
_EXAMPLES = 6
_OF_PARTS = ("bleu_4", "cider", "exact_semantics", "pointing", "pointing_chance")


class CaptionModel(Task[CaptionData]):
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
        self._described: tuple[Items, list[list[str]]] | None = None

    @abstractmethod
    def describe_batch(self, batch: CaptionBatch, split: Split) -> tuple[list[str], Tensor]:
        """Captions of B images as this split wants them, and ``(B, K)`` numbers about each image."""

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around the vocabulary."""
        self.words = TextEncoder.from_state(spec["words"])
        super().use_spec(spec)

    def named_axes(self) -> Mapping[str, Axes]:
        """See `Task.named_axes`: the words that are read, and those that are predicted."""
        read, predicted = (Names(kind, self.words.tokens) for kind in (self.words.kind, "next token"))
        return {"embedding.table.weight": (read,), **dict.fromkeys(("output.weight", "output.bias"), (predicted,))}

    def evaluate(self, batch: CaptionBatch) -> None:
        """See `Task.evaluate`."""
        texts, numbers = self.describe_batch(batch, self._split())
        self.corpus.update(batch.ids, numbers, texts)

    def measure(self, split: str) -> Measured:
        """See `Task.measure`. Parts of the test split stand apart, under their names.

        The signature of a metric is that of sacreBLEU where it computes the metric, and how many images there are. How
        captions are searched for is a part of the model, so that it stands in one table with a baseline.
        """
        items = self.corpus.compute()
        images = self.data.splits[split].images  # type: ignore[index]
        values: dict[str, float] = {}
        signatures: dict[str, str] = {}
        for part in sorted({images[i].part for i in items.ids}, key=str):
            rows = [row for row, i in enumerate(items.ids) if images[i].part == part]
            some = Items([items.ids[row] for row in rows], items.values[rows], [items.texts[row] for row in rows])
            found, size = self._measure(some, split, part)
            for name, value in found.items():
                if part is None or name in _OF_PARTS:
                    whole_name = name if part is None else f"{part}_{name}"
                    values[whole_name] = value
                    known = f"{bleu_signature(int(name[-1]))}|" if "bleu_" in name else ""
                    # A likelihood tells nothing of what an unknown word was.
                    unknown = self.data.splits[split].unknown(some.ids) if name == "perplexity" else 0  # type: ignore[index]
                    signatures[whole_name] = f"{known}{size}" + (f"|unknown:{unknown}" if unknown else "")
        return Measured(values, "", ("bleu_4", "cider"), signatures)

    def further_metrics(self, values: Tensor) -> dict[str, float]:
        """Metrics that not every model has.

        Args:
            values: What `describe_batch` gave of some images ``(N, K)``.
        """
        return {}

    def test_items(self) -> ItemSums | None:
        """See `Task.test_items`: the counts of BLEU-4."""
        if self._described is None:
            return None
        items, references = self._described
        return ItemSums("bleu_4", torch.tensor(items.ids), bleu_counts(items.texts, references))

    def examples(self) -> list[Example]:
        """See `Task.examples`: captions of the first images; the sheet beside them shows some."""
        if self._described is None:
            return []
        items, references = self._described
        rows = list(zip(references, items.texts, strict=True))[:_EXAMPLES]
        return [(plain("reference", wanted[0]), plain("caption", found)) for wanted, found in rows]

    def draw_test(self) -> None:
        """See `Task.draw_test`: draws a sheet of good, middling and bad captions."""
        if self._described is not None:
            items, references = self._described
            read = self.data.splits["test"]
            scores = cider(items.texts, references)
            groups = [
                (name, [Judged(read.pixels(items.ids[i]), items.texts[i], references[i][0], scores[i]) for i in rows])
                for name, rows in best_median_worst(scores, _PICTURES)
            ]
            draw_sheet(Path(self.trainer.default_root_dir, SHEET), groups)
            record_picture(self.trainer, SHEET)

    def _measure(self, items: Items, split: str, part: str | None) -> tuple[dict[str, float], str]:
        """All metrics of some images, and how many images and references there are."""
        data = self.data
        images = data.splits[split].images  # type: ignore[index]
        everything = data.references(split)  # type: ignore[arg-type]
        references = [everything[i] for i in items.ids]
        counts = sorted({len(captions) for captions in references})
        nrefs = "-".join(str(count) for count in sorted({counts[0], counts[-1]}))
        if part is None:
            self._described = items, references
        values = caption_metrics(items.texts, references, data.training_captions)
        if split == "test" and part is None and (value := meteor(items.texts, references)) is not None:
            values["meteor"] = value
        said = [(text, images[i].meaning) for text, i in zip(items.texts, items.ids, strict=True)]
        known = [meaning_of(text) == meaning for text, meaning in said if meaning is not None]
        if known:
            values["exact_semantics"] = sum(known) / len(known)
        unreadable = data.unreadable[split]  # type: ignore[index]
        missing = f"|unreadable:{unreadable}" if unreadable else ""
        return values | self.further_metrics(items.values), f"images:{len(references)}|nrefs:{nrefs}{missing}"

    def _split(self) -> Split:
        return "test" if self.trainer.testing else "validation"
