"""What every model of this application does: exact evaluation, replies to a context, examples."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor

from rnnbench.data.batches.batch import PairBatch
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.decode.sample import Sampling, sample
from rnnbench.examples import Example, plain
from rnnbench.tasks.base import Items, ItemSums, Measured, Spec, Task, evaluating
from rnnbench.tasks.base.bleu import bleu_counts, bleu_metric, signature_of
from rnnbench.tasks.base.pairs.model import PairModel
from rnnbench.tasks.base.texts import perplexity
from rnnbench.tasks.dialogue.data import DialogueData, context_tokens, encode_context
from rnnbench.tasks.dialogue.metrics import CorpusReplies
from rnnbench.tasks.dialogue.mutual import Reranker
from rnnbench.tasks.dialogue.turns import Context

_EXAMPLES = 6
# What half a character of several bytes is shown as.
_HALF = "\ufffd"


class ReplyTask(Task[DialogueData]):
    """A model that replies. Subclasses write `build`, `evaluate` and `reply`."""

    application: ClassVar[str] = "dialogue"
    monitor = "validation/bleu"
    monitor_mode: ClassVar[str] = "max"
    words: TextEncoder
    turns: int
    """How many turns are read."""

    def __init__(self) -> None:
        super().__init__()
        self.corpus = CorpusReplies()
        self._replied: tuple[Items, list[str]] | None = None

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around the vocabulary."""
        self.words = TextEncoder.from_state(spec["target"])
        self.turns = spec["turns"]
        super().use_spec(spec)

    @abstractmethod
    def reply(self, context: Context, sampling: Sampling) -> Iterator[str]:
        """A reply, piece by piece as it is written.

        Args:
            context: What was said.
            sampling: How tokens are chosen, where they are drawn.
        """

    def measure(self, split: str) -> Measured:
        """See `Task.measure`. How replies are searched for is `Task.decoding`, so that they stand in one table."""
        items = self.corpus.compute()
        data = self.data
        pairs = data.pairs(split)  # type: ignore[arg-type]
        given = [pairs[i].target for i in items.ids]
        self._replied = items, given
        assert data.scorer is not None, "setup comes first"
        assert data.encoder is not None
        values = data.scorer.scores(items.texts, given)
        size = f"replies:{len(given)}|words:{'zh' if data.language == 'zh' else 'reversible'}"
        signatures = {
            "bleu": f"{signature_of(bleu_metric(data.language, True))}|{size}",
            "embedding_average": f"{size}|vectors:{data.scorer.vectors_name}",
        }
        nats, tokens = items.values.sum(0).tolist()
        if tokens:
            unknown = sum(len(data.encoder.unknown_in(text)) for text in given)
            likelihood = f"tokens:{int(tokens)}|vocabulary:{len(data.encoder)}"
            likelihood += f"|unknown:{unknown}" if unknown else ""
            values = {"perplexity": perplexity(nats / tokens), **values, "nats_per_token": nats / tokens}
            signatures |= dict.fromkeys(("perplexity", "nats_per_token"), likelihood)
        return Measured(values, size, ("perplexity", "bleu"), signatures)

    def examples(self) -> list[Example]:
        """See `Task.examples`: what was said, what was replied, and what the model replies."""
        if self._replied is None:
            return []
        items, given = self._replied
        pairs = self.data.pairs("test")
        return [
            (
                plain("said", " / ".join(turn.text for turn in pairs[i].source)),
                plain("given", wanted),
                plain("reply", found),
            )
            for i, wanted, found in list(zip(items.ids, given, items.texts, strict=True))[:_EXAMPLES]
        ]

    def bleu_items(self) -> ItemSums | None:
        """What each reply contributes to BLEU."""
        if self._replied is None:
            return None
        items, given = self._replied
        return ItemSums("bleu", torch.tensor(items.ids), bleu_counts(items.texts, given, self.data.language, True))


class DialogueModel(ReplyTask, PairModel[DialogueData]):
    """A model that writes a reply token by token.

    Subclasses write `build`, `start`, `step` and `forward`. In test, `DialogueData.mmi` re-ranks what was found.
    """

    monitor = "validation/perplexity"
    monitor_mode: ClassVar[str] = "min"

    def __init__(self) -> None:
        super().__init__()
        self._reranker: Reranker | None = None

    def read_source(self, source: Context) -> Tensor:
        """See `PairModel.read_source`: the last turns."""
        return encode_context(self.source_encoder, source, self.turns)

    def source_tokens(self, source: Context) -> list[str]:
        """See `PairModel.source_tokens`."""
        return context_tokens(self.source_encoder, source, self.turns)

    def on_test_start(self) -> None:
        """Loads what re-ranks."""
        self._reranker = self.data.mmi.make(self)

    def evaluate(self, batch: PairBatch) -> None:
        """See `Task.evaluate`."""
        nats, _ = self.likelihood(batch)
        split = self.split()
        beam = self.search_of(split)
        rerank = self._reranker if split == "test" else None
        if rerank is not None:
            size = max(beam.size, rerank.options.candidates)
            beam = replace(beam, size=size, nbest=size)
        found = self.search(batch, beam)
        if rerank is not None:
            pairs = self.data.pairs(split)
            found = [
                rerank(pairs[i].source, one) if i >= 0 else one
                for i, one in zip(batch.ids.tolist(), found, strict=True)
            ]
        texts = [self.target_encoder.decode(best[0].tokens) if best else "" for best in found]
        self.corpus.update(batch.ids, nats, batch.target_lengths, texts)

    def decoding(self) -> str:
        """See `Task.decoding`."""
        beam = f"beam:{self.beam.size}|length_penalty:{self.beam.length_penalty:g}" if self.beam.size > 1 else "greedy"
        return beam if self._reranker is None else self._reranker.summary()

    def reply(self, context: Context, sampling: Sampling) -> Iterator[str]:
        """See `ReplyTask.reply`: as far as it is sure how what is written looks."""
        ids: list[int] = []
        told = ""
        with evaluating(self):
            source = self.read_source(context)[None].to(self.device)
            state = self.start(source, torch.tensor([source.shape[1]], device=self.device))
            prompt = torch.tensor([TextEncoder.begin], device=self.device)
            for token in sample(self.step, prompt, state, sampling):
                if token == TextEncoder.end:
                    break
                ids.append(token)
                text = self.target_encoder.decode(ids).rstrip(_HALF)
                if text.startswith(told):
                    yield text[len(told) :]
                    told = text
        yield self.target_encoder.decode(ids)[len(told) :]
