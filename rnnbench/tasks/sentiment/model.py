"""What every model of this application does: training, exact evaluation, probabilities of texts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.data.batches.batch import SequenceBatch
from rnnbench.data.batches.bucket import Budget, evaluation_batches
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.data.text.vocabulary import Labels
from rnnbench.examples import Example, Line, plain
from rnnbench.tasks.base import Axes, Loss, Measured, Names, Spec, Task, evaluating, exact, exact_nats
from rnnbench.tasks.base.classes import CorpusClasses, as_batch, in_turn
from rnnbench.tasks.sentiment.data import SentimentData
from rnnbench.tasks.sentiment.pictures import in_pieces

# Of texts whose probabilities are asked for outside of the trainer.
_BUDGET = Budget(max_tokens=8192)
_EXAMPLES = 6
_EXAMPLE_TOKENS = 80


class TextClassifier(Task[SentimentData]):
    """A model that gives a text one of several classes. Subclasses write `build` and `forward`."""

    application: ClassVar[str] = "sentiment"
    monitor = "validation/accuracy"
    monitor_mode: ClassVar[str] = "max"
    encoder: TextEncoder
    labels: Labels
    max_length: int | None

    def __init__(self) -> None:
        super().__init__()
        self.corpus = CorpusClasses()

    @abstractmethod
    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Ids ``(B, T)`` of texts with ``lengths (B,)`` -> scores ``(B, C)``: log-probabilities up to a constant."""

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around vocabulary and classes."""
        self.encoder = TextEncoder.from_state(spec["encoder"])
        self.labels = Labels(spec["labels"])
        self.max_length = spec["max_length"]
        super().use_spec(spec)

    def named_axes(self) -> Mapping[str, Axes]:
        """See `Task.named_axes`: tokens and classes."""
        classes = (Names("class", self.labels.names),)
        tokens = (Names(self.encoder.kind, self.encoder.tokens),)
        return {"embedding.table.weight": tokens, "output.weight": classes, "output.bias": classes}

    def loss(self, batch: SequenceBatch) -> Loss | None:
        """Cross-entropy of the texts."""
        return Loss(F.cross_entropy(self(batch.x, batch.lengths), batch.y, reduction="sum"), len(batch.y))

    def encode(self, text: str) -> Tensor:
        """Ids ``(T,)`` of a text, cut to the length that the model was trained with."""
        return torch.from_numpy(self.encoder.encode(text)[: self.max_length])

    def probabilities(self, texts: Sequence[Tensor]) -> Tensor:
        """Probabilities ``(N, C)`` of the classes of N texts, given as their ids; float64."""
        found = torch.empty(len(texts), len(self.labels), dtype=torch.float64)
        if not texts:
            return found
        with evaluating(self):
            for batch in evaluation_batches([len(text) for text in texts], _BUDGET):
                x, lengths = as_batch([texts[i] for i in batch])
                scores = self(x.to(self.device), lengths.to(self.device))
                found[torch.from_numpy(batch)] = exact(scores).softmax(1).cpu()
        return found

    def evaluate(self, batch: SequenceBatch) -> None:
        """See `Task.evaluate`."""
        scores = self(batch.x, batch.lengths)
        nats = exact_nats(scores, batch.y)
        self.corpus.update(batch.ids, nats, batch.y, scores.argmax(1))

    def measure(self, split: str) -> Measured:
        """See `Task.measure`."""
        values, texts = self.corpus.compute()
        return Measured(values, f"texts:{texts}|classes:{len(self.labels)}", ("accuracy",))

    def examples(self) -> list[Example]:
        """See `Task.examples`: texts coloured by what it thinks after each token, those of all classes in turn."""
        texts, originals = self.data.splits["test"], self.data.originals("test")
        found: list[Example] = []
        for number in in_turn(texts.classes.tolist(), _EXAMPLES):
            # The text as it was, and not its tokens: for people, an unknown word is a word.
            spans = self.encoder.spans(originals[number])[:_EXAMPLE_TOKENS]
            pieces = in_pieces(self, originals[number][: spans[-1][1] if spans else 0])
            wanted = self.labels.names[int(texts.classes[number])]
            said = next((piece.label for piece in reversed(pieces) if piece.label), "-")
            found.append((Line("text", tuple(pieces)), plain("class", wanted), plain("model", said)))
        return found
