"""What every model of this application does: exact evaluation, tagging of text."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from torch import Tensor

from rnnbench.data.batches.batch import TaggingBatch
from rnnbench.data.batches.bucket import Budget, evaluation_batches
from rnnbench.data.text.spans import Scheme
from rnnbench.data.text.tokens import TokenEncoder
from rnnbench.errors import UserError
from rnnbench.examples import Example, plain
from rnnbench.tasks.base import Axes, Measured, Names, Spec, evaluating
from rnnbench.tasks.base.segmented import Segmenter
from rnnbench.tasks.labelling.data import TaggingData
from rnnbench.tasks.labelling.metrics import CorpusCounts, count_spans, count_tags, tagging_metrics
from rnnbench.tasks.labelling.sentences import LabellingTask
from rnnbench.tasks.labelling.text import show, split_text

# Of text that is tagged outside of the trainer.
_BUDGET = Budget(max_tokens=8192)
_EXAMPLES = 8
_LEADING = {"segmentation": "segmentation_f1", "entities": "entity_f1", "tags": "tag_accuracy"}


class Tagged(NamedTuple):
    """A sentence as a model tags it."""

    tokens: list[str]
    tags: list[str]
    probabilities: list[float] | None
    """Of each tag; None where they were not asked for."""


class TaggingModel(Segmenter[TaggingData]):
    """A model that gives each token a tag. Subclasses write `build` and `predict_tags`."""

    application: ClassVar[str] = "labelling"
    monitor_mode: ClassVar[str] = "max"
    encoder: TokenEncoder
    tags: list[str]
    task: LabellingTask
    scheme: Scheme

    def __init__(self) -> None:
        super().__init__()
        self.corpus = CorpusCounts()

    @abstractmethod
    def predict_tags(self, batch: TaggingBatch) -> Tensor:
        """The best tags of each sentence: ``(B, T)`` int64, anything past the end."""

    def tag_probabilities(self, batch: TaggingBatch, tags: Tensor) -> Tensor:
        """Probability of each of these tags ``(B, T)``: ``(B, T)``, anything past the end."""
        raise UserError(f"a {self.model_name()} model knows no probabilities", where="--probabilities")

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around vocabulary and tags."""
        self.encoder = TokenEncoder.from_state(spec["encoder"])
        self.task, self.scheme, self.tags = spec["task"], spec["scheme"], spec["tags"]
        self.corpus.leading = _LEADING[self.task]
        self.monitor = f"validation/{self.corpus.leading}"
        super().use_spec(spec)

    def named_axes(self) -> Mapping[str, Axes]:
        """See `Task.named_axes`: tokens, their characters, pairs of them, and tags."""
        encoder, tags = self.encoder, Names("tag", self.tags)
        axes: dict[str, Axes] = {
            "embedding.table.weight": (Names(encoder.kind, encoder.tokens.tokens),),
            **dict.fromkeys(("output.weight", "output.bias", "crf.starts", "crf.ends"), (tags,)),
            "crf.transitions": (tags, tags),
        }
        if encoder.characters is not None:
            axes["characters.embedding.weight"] = (Names("letter", encoder.characters.tokens),)
        if encoder.bigrams is not None:
            axes["bigrams.weight"] = (Names("pair", encoder.bigrams.tokens),)
        return axes

    def tag(self, sentences: Sequence[list[str]], probabilities: bool = False) -> list[Tagged]:
        """Tags sentences.

        Args:
            sentences: Their tokens; there may be none.
            probabilities: Whether to compute the probabilities of the tags too.
        """
        tagged = [Tagged(tokens, [], [] if probabilities else None) for tokens in sentences]
        filled = [i for i, tokens in enumerate(sentences) if tokens]
        if not filled:
            return tagged
        lengths = [len(sentences[i]) for i in filled]
        with evaluating(self):
            for rows in evaluation_batches(lengths, _BUDGET):
                chosen = [filled[row] for row in rows]
                batch = self.transfer_batch_to_device(
                    self.encoder.batch([sentences[i] for i in chosen]), self.device, 0
                )
                best = self.predict_tags(batch)
                certain = self.tag_probabilities(batch, best).tolist() if probabilities else None
                for row, i in enumerate(chosen):
                    size = len(sentences[i])
                    tags = [self.tags[tag] for tag in best[row, :size].tolist()]
                    tagged[i] = Tagged(sentences[i], tags, certain[row][:size] if certain is not None else None)
        return tagged

    def segment(self, lines: Sequence[str]) -> list[str]:
        """See `Segmenter.segment`."""
        if self.task != "segmentation":
            raise UserError(
                f"the task of this run is {self.task}, and text is cut into words by one of segmentation",
                where="--data.segmenter",
                hint="rnnbench fit --config labelling/segmentation_bilstm_crf trains one",
            )
        tagged = self.tag([split_text(line, self.encoder.of_characters) for line in lines])
        return [
            show(line, tokens, tags, self.task, self.encoder.of_characters)
            for line, (tokens, tags, _) in zip(lines, tagged, strict=True)
        ]

    def evaluate(self, batch: TaggingBatch) -> None:
        """See `Task.evaluate`."""
        names = self.data.tags
        count = count_tags if self.task == "tags" else count_spans
        columns = (part.tolist() for part in (batch.lengths, batch.y, self.predict_tags(batch), batch.novel))
        counts = [
            count([names[tag] for tag in wanted[:size]], [names[tag] for tag in found[:size]], novel[:size])
            for size, wanted, found, novel in zip(*columns, strict=True)
        ]
        self.corpus.update(batch.ids, counts)

    def measure(self, split: str) -> Measured:
        """See `Task.measure`. The signature tells how much there was to be found, and how much of it was new."""
        counts = self.corpus.compute()
        what = {"segmentation": "words", "entities": "entities", "tags": "tokens"}[self.task]
        novel = "" if self.task == "entities" else f"|oov:{counts.novel}"
        return Measured(tagging_metrics(counts, self.task), f"{what}:{counts.wanted}{novel}", (_LEADING[self.task],))

    def examples(self) -> list[Example]:
        """See `Task.examples`: sentences as they should be tagged, and as they are."""
        sentences = self.data.splits["test"].sentences[:_EXAMPLES]
        found = self.tag([sentence.tokens for sentence in sentences])
        characters = self.encoder.of_characters
        return [
            (
                plain("wanted", show("", one.tokens, one.tags, self.task, characters)),
                plain("found", show("", own.tokens, own.tags, self.task, characters)),
            )
            for one, own in zip(sentences, found, strict=True)
        ]
