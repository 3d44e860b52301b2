"""What every model of translation does: exact evaluation, metrics of a corpus, examples."""

from __future__ import annotations

from typing import ClassVar

import torch

from rnnbench.data.batches.batch import PairBatch
from rnnbench.examples import Example, plain
from rnnbench.tasks.base import Items, ItemSums, Measured
from rnnbench.tasks.base.bleu import bleu_counts
from rnnbench.tasks.base.pairs.model import PairModel
from rnnbench.tasks.translation.data import TranslationData
from rnnbench.tasks.translation.metrics import (
    CorpusTranslations,
    count_aligned,
    signatures,
    translation_metrics,
)

_EXAMPLES = 6


class TranslationModel(PairModel[TranslationData]):
    """A model that writes the translation of a sentence token by token.

    Subclasses write `build`, `start`, `step` and `forward`.
    """

    application: ClassVar[str] = "translation"
    monitor = "validation/bleu"
    monitor_mode: ClassVar[str] = "max"

    def __init__(self) -> None:
        super().__init__()
        self.corpus = CorpusTranslations()
        self._translated: tuple[Items, list[str]] | None = None

    def evaluate(self, batch: PairBatch) -> None:
        """See `Task.evaluate`."""
        nats, weights = self.likelihood(batch)
        split = self.split()
        found = self.search(batch, self.search_of(split))
        texts = [self.target_encoder.decode(best[0].tokens) if best else "" for best in found]
        aligned = None
        if weights is not None:
            pairs = self.data.pairs(split)
            known = [pairs[i] if i >= 0 else None for i in batch.ids.tolist()]
            aligned = count_aligned(weights, batch.source_lengths, known)
        self.corpus.update(batch.ids, nats, batch.target_lengths, texts, aligned)

    def measure(self, split: str) -> Measured:
        """See `Task.measure`.

        The signature of a metric is that of sacreBLEU where it computes the metric, and how translations were searched
        for; of likelihoods and alignments, how many tokens the references have.
        """
        items = self.corpus.compute()
        pairs = self.data.pairs(split)  # type: ignore[arg-type]
        references = [pairs[i].target for i in items.ids]
        self._translated = items, references
        beam = self.search_of(split)
        search = f"beam:{beam.size}"
        if beam.size > 1:
            search += f"|length_penalty:{beam.length_penalty}|coverage_penalty:{beam.coverage_penalty}"
        tokens = f"tokens:{int(items.values[:, 1].sum())}"
        known = {name: f"{text}|{search}" for name, text in signatures(*self._scored_as()).items()}
        # What is easily right has to be known; per character it is charged for, so that vocabularies compare.
        unknown = [word for text in references for word in self.target_encoder.unknown_in(text)]
        # The fewer words are known, the easier they are to guess.
        likelihood = f"{tokens}|vocabulary:{len(self.target_encoder)}"
        unsearched = {"perplexity": likelihood, "character_perplexity": tokens}
        unsearched |= dict.fromkeys(("alignment_accuracy", "alignment_error_rate"), tokens)
        if unknown:
            unsearched["perplexity"] += f"|unknown:{len(unknown)}"
            unsearched["character_perplexity"] += "|unknown:spelled"
        values = translation_metrics(items, references, *self._scored_as(), unknown)
        return Measured(values, search, ("bleu", "perplexity"), known | unsearched)

    def test_items(self) -> ItemSums | None:
        """See `Task.test_items`: the counts of BLEU."""
        if self._translated is None:
            return None
        items, references = self._translated
        return ItemSums("bleu", torch.tensor(items.ids), bleu_counts(items.texts, references, *self._scored_as()))

    def examples(self) -> list[Example]:
        """See `Task.examples`: sentences with their references and translations."""
        if self._translated is None:
            return []
        items, references = self._translated
        pairs = self.data.pairs("test")
        rows = list(zip(items.ids, references, items.texts, strict=True))[:_EXAMPLES]
        return [
            (plain("source", pairs[i].source), plain("reference", wanted), plain("translation", found))
            for i, wanted, found in rows
        ]

    def _scored_as(self) -> tuple[str, bool]:
        """Language of the translations, and whether case is ignored."""
        assert self.spec is not None
        return self.spec["target_language"], self.target_encoder.lowercase
