"""What every model that answers a text by a text does: training on pairs, exact likelihoods, searching for targets."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from torch import Tensor

from rnnbench.data.batches.batch import PairBatch
from rnnbench.data.source import Split
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.data.text.vocabulary import END
from rnnbench.decode.beam import Beam, Hypothesis
from rnnbench.nn.decoder import DecoderState
from rnnbench.tasks.base.data import Spec
from rnnbench.tasks.base.items import exact_nats
from rnnbench.tasks.base.pairs.data import PairData, encode_source
from rnnbench.tasks.base.pairs.pictures import record_alignments
from rnnbench.tasks.base.pairs.search import Ensemble
from rnnbench.tasks.base.task import Task
from rnnbench.tasks.base.texts import predicted, sum_texts
from rnnbench.tasks.base.transfer import Axes, Names

D = TypeVar("D", bound=PairData[Any])

_GREEDY = Beam(size=1)
_PICTURES = 12


class Likelihood(NamedTuple):
    """How likely the targets of a batch are."""

    nats: Tensor
    """Negative log-likelihood of each ``(B,)`` float64, end marks included."""
    attention: Tensor | None
    """Weights ``(B, T, S)`` of the step that predicts each token over all source tokens, if there are some."""


class PairModel(Task[D], Generic[D]):
    """A model that writes the target of a source token by token.

    Subclasses write `build`, `start`, `step` and `forward`. Validation takes the best token always, test searches as
    `beam` says; both compute the likelihood of the references beside it.
    """

    source_encoder: TextEncoder
    target_encoder: TextEncoder
    beam: Beam
    """How targets are searched for in test, and in predictions unless they say otherwise."""
    max_length: int
    """Most tokens of a target."""
    length_ratio: float
    """Most tokens of a target for each token of the source, a few more being allowed."""

    @property
    @abstractmethod
    def attends(self) -> bool:
        """Whether the decoder attends to the source."""

    @abstractmethod
    def start(self, source: Tensor, lengths: Tensor) -> DecoderState:
        """Reads sources.

        Args:
            source: Ids ``(B, S)``, each with its end mark.
            lengths: ``(B,)`` int64.

        Returns:
            The state before the first token of the targets.
        """

    @abstractmethod
    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """One token ``(N,)`` of each target -> log-probabilities of the next ``(N, V)``, and the state."""

    @abstractmethod
    def forward(self, batch: PairBatch) -> tuple[Tensor, Tensor | None]:
        """Reads sources with their targets.

        Returns:
            Scores of the tokens of all targets ``(N, V)``, one target after the other, and the weights of the
            attention ``(B, T, S)`` if there is one.
        """

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around both vocabularies."""
        self.source_encoder = TextEncoder.from_state(spec["source"])
        self.target_encoder = TextEncoder.from_state(spec["target"])
        super().use_spec(spec)

    def read_source(self, source: Any) -> Tensor:
        """See `rnnbench.tasks.base.pairs.search.Writing.read_source`."""
        return encode_source(self.source_encoder, source)

    def source_tokens(self, source: Any) -> list[str]:
        """See `rnnbench.tasks.base.pairs.search.Writing.source_tokens`."""
        return [*self.source_encoder.split(source), END]

    def named_axes(self) -> Mapping[str, Axes]:
        """See `Task.named_axes`: the tokens of both sides."""
        source, target = (
            Names("source token", self.source_encoder.tokens),
            Names("target token", self.target_encoder.tokens),
        )
        return {
            "source_embedding.table.weight": (source,),
            **dict.fromkeys(("target_embedding.table.weight", "output.weight", "output.bias"), (target,)),
        }

    def likelihood(self, batch: PairBatch) -> Likelihood:
        """How likely the targets of a batch are."""
        scores, weights = self(batch)
        return Likelihood(sum_texts(exact_nats(scores, predicted(batch)), batch.target_lengths), weights)

    def search(self, batch: PairBatch, beam: Beam) -> list[list[Hypothesis]]:
        """What is found for the sources of a batch, best first; nothing where probabilities are no numbers."""
        return Ensemble([self]).search([(batch.source, batch.source_lengths)], beam)

    def split(self) -> Split:
        """The split that is evaluated."""
        return "test" if self.trainer.testing else "validation"

    def search_of(self, split: str) -> Beam:
        """How targets are searched for in a split."""
        return self.beam if split == "test" else _GREEDY

    def draw_test(self) -> None:
        """See `Task.draw_test`: draws the attention of some targets."""
        if self.attends:
            sources: Sequence[Any] = [pair.source for pair in self.data.pairs("test")[:_PICTURES]]
            found = Ensemble([self]).write(sources, self.beam, attention=True)
            record_alignments(self.trainer, [best.as_picture() for best, *_ in found if best.attention is not None])
