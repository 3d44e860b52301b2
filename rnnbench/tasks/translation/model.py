"""What every model of this application does: training on pairs, exact evaluation, translating text."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from rnnbench.data.batches.batch import PairBatch
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.decode.beam import Beam
from rnnbench.examples import Example, plain
from rnnbench.nn.decoder import DecoderState
from rnnbench.tasks.base import Axes, Items, ItemSums, Measured, Names, Spec, Task, exact_nats
from rnnbench.tasks.base.texts import predicted, sum_texts
from rnnbench.tasks.translation.data import TranslationData
from rnnbench.tasks.translation.metrics import (
    CorpusTranslations,
    bleu_counts,
    count_aligned,
    signatures,
    translation_metrics,
)
from rnnbench.tasks.translation.pictures import record_alignments
from rnnbench.tasks.translation.search import Ensemble

_GREEDY = Beam(size=1)
_PICTURES = 12
_EXAMPLES = 6


class TranslationModel(Task[TranslationData]):
    """A model that writes the translation of a sentence token by token.

    Subclasses write `build`, `start`, `step` and `forward`. Validation takes the best token always, test searches as
    `beam` says; both compute the likelihood of the references beside it.
    """

    application: ClassVar[str] = "translation"
    monitor = "validation/bleu"
    monitor_mode: ClassVar[str] = "max"
    source_encoder: TextEncoder
    target_encoder: TextEncoder
    beam: Beam
    """How translations are searched for in test, and in predictions unless they say otherwise."""
    max_length: int
    """Most tokens of a translation."""
    length_ratio: float
    """Most tokens of a translation for each token of the source, a few more being allowed."""

    def __init__(self) -> None:
        super().__init__()
        self.corpus = CorpusTranslations()
        self._translated: tuple[Items, list[str]] | None = None

    @property
    @abstractmethod
    def attends(self) -> bool:
        """Whether the decoder attends to the source."""

    @abstractmethod
    def start(self, source: Tensor, lengths: Tensor) -> DecoderState:
        """Reads source sentences.

        Args:
            source: Ids ``(B, S)``, each sentence with its end mark.
            lengths: ``(B,)`` int64.

        Returns:
            The state before the first token of the translations.
        """

    @abstractmethod
    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """One token ``(N,)`` of each translation -> log-probabilities of the next ``(N, V)``, and the state."""

    @abstractmethod
    def forward(self, batch: PairBatch) -> tuple[Tensor, Tensor | None]:
        """Reads sentences with their translations.

        Returns:
            Scores of the tokens of all translations ``(N, V)``, one translation after the other, and the weights of the
            attention ``(B, T, S)`` if there is one.
        """

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around both vocabularies."""
        self.source_encoder = TextEncoder.from_state(spec["source"])
        self.target_encoder = TextEncoder.from_state(spec["target"])
        super().use_spec(spec)

    def named_axes(self) -> Mapping[str, Axes]:
        """See `Task.named_axes`: the tokens of both languages."""
        source, target = (
            Names("source token", self.source_encoder.tokens),
            Names("target token", self.target_encoder.tokens),
        )
        return {
            "source_embedding.table.weight": (source,),
            **dict.fromkeys(("target_embedding.table.weight", "output.weight", "output.bias"), (target,)),
        }

    def evaluate(self, batch: PairBatch) -> None:
        """See `Task.evaluate`."""
        scores, weights = self(batch)
        nats = exact_nats(scores, predicted(batch))
        of_pairs = sum_texts(nats, batch.target_lengths)
        split = "test" if self.trainer.testing else "validation"
        found = Ensemble([self]).search([(batch.source, batch.source_lengths)], self._search_of(split))
        # Where probabilities are no numbers, nothing is found.
        texts = [self.target_encoder.decode(best[0].tokens) if best else "" for best in found]
        aligned = None
        if weights is not None:
            pairs = self.data.pairs(split)  # type: ignore[arg-type]
            known = [pairs[i] if i >= 0 else None for i in batch.ids.tolist()]
            aligned = count_aligned(weights, batch.source_lengths, known)
        self.corpus.update(batch.ids, of_pairs, batch.target_lengths, texts, aligned)

    def measure(self, split: str) -> Measured:
        """See `Task.measure`.

        The signature of a metric is that of sacreBLEU where it computes the metric, and how translations were searched
        for; of likelihoods and alignments, how many tokens the references have.
        """
        items = self.corpus.compute()
        pairs = self.data.pairs(split)  # type: ignore[arg-type]
        references = [pairs[i].target for i in items.ids]
        self._translated = items, references
        beam = self._search_of(split)
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
        return ItemSums("bleu", torch.tensor(items.ids), bleu_counts(items, references, *self._scored_as()))

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

    def on_test_epoch_end(self) -> None:
        """Draws the attention of some sentences, besides the metrics."""
        super().on_test_epoch_end()
        if self.attends and self.trainer.is_global_zero:
            sources = [pair.source for pair in self.data.pairs("test")[:_PICTURES]]
            found = Ensemble([self]).translate(sources, self.beam, attention=True)
            items = [best.as_picture() for best, *_ in found if best.attention is not None]
            record_alignments(self.trainer, items)

    def _search_of(self, split: str) -> Beam:
        return self.beam if split == "test" else _GREEDY

    def _scored_as(self) -> tuple[str, bool]:
        """Language of the translations, and whether case is ignored."""
        assert self.spec is not None
        return self.spec["target_language"], self.target_encoder.lowercase
