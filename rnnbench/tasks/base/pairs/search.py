"""Writing targets with one trained model, or with several that answer as one."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from rnnbench.data.batches.batch import pad
from rnnbench.data.batches.bucket import Budget, evaluation_batches
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.data.text.vocabulary import UNKNOWN
from rnnbench.decode.beam import Beam, Hypothesis, beam_search
from rnnbench.decode.sample import Sampling, sample_sequences
from rnnbench.errors import UserError
from rnnbench.nn.decoder import DecoderState
from rnnbench.tasks.base import HasModes, evaluating
from rnnbench.tasks.base.pairs.pictures import Item

# Of sources that are answered outside of the trainer.
_BUDGET = Budget(max_tokens=4096, batch_size=128)
# Short sources may be answered by more than any factor says.
_EXTRA_TOKENS = 10


Rerank = Callable[[Any, list[Hypothesis]], list[Hypothesis]]
"""Puts what was found for a source into another order."""


class Writing(HasModes, Protocol):
    """What is asked of a model that writes a target for a source: a translation, a reply."""

    source_encoder: TextEncoder
    target_encoder: TextEncoder
    beam: Beam
    max_length: int
    length_ratio: float

    @property
    def attends(self) -> bool:
        """Whether the decoder attends to the source."""

    @property
    def device(self) -> torch.device:
        """Where it is."""

    def read_source(self, source: Any) -> Tensor:
        """Ids ``(S,)`` of a source, the mark of its end among them; that mark alone is a source of nothing."""

    def source_tokens(self, source: Any) -> list[str]:
        """What these ids stand for."""

    def start(self, source: Tensor, lengths: Tensor) -> DecoderState:
        """Source ids ``(B, S)`` with lengths ``(B,)`` -> the state before the first token of the targets."""

    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """One token ``(N,)`` of each target -> log-probabilities of the next ``(N, V)``, and the state."""


class Written(NamedTuple):
    """A target that was written for a source."""

    text: str
    score: float
    """By which those of a source are ranked."""
    source: list[str]
    """The tokens that were read, the mark of the end among them."""
    target: list[str]
    """The tokens that were written, the mark of the end among them."""
    attention: Tensor | None
    """``(T, S)`` weights of every target token over the source tokens; None where they were not asked for, or where the
    model has no attention."""

    def as_picture(self) -> Item:
        """What `rnnbench.tasks.base.pairs.pictures.draw` takes; without end marks."""
        assert self.attention is not None
        return self.source[:-1], self.target[:-1], self.attention


class EnsembleState(NamedTuple):
    """The states of several models that answer the same sources."""

    states: tuple[DecoderState, ...]
    attending: tuple[int, ...]
    """Numbers of the models whose attention counts."""

    @property
    def attention(self) -> Tensor | None:
        """The mean over the models that attend."""
        found = [self.states[number].attention for number in self.attending]
        return None if not found or found[0] is None else torch.stack(found).mean(0)  # type: ignore[arg-type]

    def select(self, rows: Tensor) -> EnsembleState:
        """The rows ``(N,)`` (int64) of every state."""
        return self._replace(states=tuple(state.select(rows) for state in self.states))


class Ensemble:
    """Models that choose every token together: by the mean of their probabilities.

    Their attention is the mean over those that read the same tokens as the first.

    Args:
        models: One or more, all with the same target vocabulary; each reads the source with its own.

    Raises:
        UserError: Their target vocabularies differ.
    """

    def __init__(self, models: Sequence[Writing]) -> None:
        self.models = list(models)
        self.source_encoder, self.target_encoder = models[0].source_encoder, models[0].target_encoder
        for number, model in enumerate(models[1:], start=2):
            if model.target_encoder.state() != self.target_encoder.state():
                raise UserError(
                    f"model {number} has {len(model.target_encoder):,} target tokens, the first"
                    f" {len(self.target_encoder):,}, or others",
                    where="--run",
                    hint="models that write together are trained with the same target vocabulary",
                )

        reads = self.source_encoder.state()
        self._attending = tuple(
            number
            for number, model in enumerate(models)
            if model.attends and (number == 0 or model.source_encoder.state() == reads)
        )

    @property
    def attends(self) -> bool:
        """Whether it is known what a target attended to."""
        return bool(self._attending)

    @functools.cached_property
    def _names(self) -> list[str]:
        """The tokens of targets."""
        return self.target_encoder.tokens

    def step(self, tokens: Tensor, state: EnsembleState) -> tuple[Tensor, EnsembleState]:
        """Tokens ``(N,)`` -> log-probabilities of the next ones ``(N, V)``: the logarithm of their mean probability."""
        if len(self.models) == 1:
            log_probs, one = self.models[0].step(tokens, state.states[0])
            return log_probs, state._replace(states=(one,))
        steps = [model.step(tokens, one) for model, one in zip(self.models, state.states, strict=True)]
        together = torch.stack([log_probs.double() for log_probs, _ in steps]).logsumexp(0)
        mean = together - torch.tensor(len(steps), dtype=together.dtype).log()
        return mean.to(steps[0][0]), state._replace(states=tuple(one for _, one in steps))

    def write(
        self,
        wanted: Sequence[Any],
        beam: Beam,
        max_length: int | None = None,
        attention: bool = False,
        replace_unknown: bool = False,
        sampling: Sampling | None = None,
        first: int = 0,
        rerank: Rerank | None = None,
    ) -> Iterator[list[Written]]:
        """Writes targets.

        Args:
            wanted: The sources; one without a token is answered by an empty text.
            beam: How to search.
            max_length: Most tokens of a target; null for that of the models.
            attention: Whether targets come with their attention.
            replace_unknown: Whether ``<unk>`` is replaced by the source token that was attended to most.
            sampling: Draws a target for each source rather than to search for the best ones.
            first: Number of the first source, which its draws depend on.
            rerank: Has the last word on the order of what a search has found.

        Yields:
            For each source, in order, up to ``beam.nbest`` targets, best first.
        """
        sources = [[model.read_source(one) for one in wanted] for model in self.models]
        # An end mark alone is an empty line.
        filled = [i for i, ids in enumerate(sources[0]) if len(ids) > 1]
        # What is put into another order has to be there.
        searched = beam if rerank is None else replace(beam, nbest=beam.size)
        found: dict[int, list[Hypothesis]] = {}
        if filled:
            for rows in evaluation_batches([len(sources[0][i]) for i in filled], _BUDGET):
                chosen = [filled[row] for row in rows]
                batches = [pad([ids[i] for i in chosen], TextEncoder.pad) for ids in sources]
                if sampling is None:
                    results = self.search(batches, searched, max_length, attention or replace_unknown)
                else:
                    results = self.sample(batches, [first + i for i in chosen], sampling, max_length)
                found.update(zip(chosen, results, strict=True))
        nothing = Hypothesis([], 0.0, 0.0, None)
        for i, source in enumerate(wanted):
            best = found.get(i) or [nothing]
            if rerank is not None and sampling is None and i in found:
                best = rerank(source, best)[: beam.nbest]
            yield [self._written(source, one, attention, replace_unknown) for one in best]

    def search(
        self,
        sources: Sequence[tuple[Tensor, Tensor]],
        beam: Beam,
        max_length: int | None = None,
        keep_attention: bool = False,
    ) -> list[list[Hypothesis]]:
        """Hypotheses for the sources of a batch.

        Args:
            sources: For each model the ids ``(B, S)`` and the lengths ``(B,)`` of the same sources.
            beam: How to search.
            max_length: Most tokens of a target; null for that of the models.
            keep_attention: Whether hypotheses come with their attention.
        """
        with evaluating(*self.models):
            state, limits = self._start(sources, max_length)
            lengths = sources[0][1].to(limits.device)
            begin, end = TextEncoder.begin, TextEncoder.end
            return beam_search(self.step, state, begin, end, limits, beam, lengths, keep_attention)

    def sample(
        self,
        sources: Sequence[tuple[Tensor, Tensor]],
        numbers: Sequence[int],
        sampling: Sampling,
        max_length: int | None = None,
    ) -> list[list[Hypothesis]]:
        """Draws a target for each source of a batch.

        Args:
            sources: For each model the ids ``(B, S)`` and the lengths ``(B,)`` of the same sources.
            numbers: Their numbers, which the draws depend on.
            sampling: How tokens are chosen.
            max_length: Most tokens of a target; null for that of the models.
        """
        with evaluating(*self.models):
            state, limits = self._start(sources, max_length)
            begin, end = TextEncoder.begin, TextEncoder.end
            return [[one] for one in sample_sequences(self.step, state, begin, end, limits, numbers, sampling)]

    def _start(self, sources: Sequence[tuple[Tensor, Tensor]], max_length: int | None) -> tuple[EnsembleState, Tensor]:
        """The state before the first token, and the most tokens of each target."""
        states = tuple(
            model.start(ids.to(model.device), lengths.to(model.device))
            for model, (ids, lengths) in zip(self.models, sources, strict=True)
        )
        first = self.models[0]
        limits = (sources[0][1].to(first.device) * first.length_ratio).ceil().long() + _EXTRA_TOKENS
        return EnsembleState(states, self._attending), limits.clamp(
            max=first.max_length if max_length is None else max_length
        )

    def _written(self, source: Any, found: Hypothesis, attention: bool, replace_unknown: bool) -> Written:
        read = self.models[0].source_tokens(source)
        target = [self._names[i] for i in (*found.tokens, TextEncoder.end)]
        weights = None if found.attention is None else found.attention[:, : len(read)].cpu()
        words = self.target_encoder.decode(found.tokens)
        if replace_unknown and weights is not None:
            words = _fill_in(words, _attended(found.tokens, weights, read))
        return Written(words, found.score, read, target, weights if attention else None)


def _attended(tokens: Sequence[int], weights: Tensor, source: Sequence[str]) -> Iterator[str]:
    """For each unknown token the source token, but the end mark, with the largest weight."""
    for token, row in zip(tokens, weights, strict=False):
        if token == TextEncoder.unknown:
            yield source[int(row[:-1].argmax())]


def _fill_in(text: str, words: Iterable[str]) -> str:
    """The text with these words in the place of ``<unk>``."""
    rest = iter(words)
    return re.sub(re.escape(UNKNOWN), lambda unknown: next(rest, unknown.group()).removeprefix("￭"), text)
