"""Translation before networks: a dictionary that was found by counting, and a language model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rnnbench.data.batches.batch import PairBatch
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.decode.beam import Beam
from rnnbench.decode.language.kneser_ney import KneserNey
from rnnbench.nn.decoder import DecoderState
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1
from rnnbench.tasks.base import CountingModel, Measured
from rnnbench.tasks.translation.baselines.ibm import IBM, Floats, Ids, WordTable, train
from rnnbench.tasks.translation.data import TranslationData
from rnnbench.tasks.translation.model import TranslationModel

_TABLE = "counted_"
# What a word that the table does not know is given, so that every reference has a likelihood.
_SHARE = 0.01
# Stands in a history for the words before the beginning.
_NOT_WRITTEN = -1


class _Counted(NamedTuple):
    forth: IBM
    """From the source to the target."""
    back: WordTable
    """t(f | e), to be looked up by f."""
    language: KneserNey
    """Of the target."""


class WordByWord(CountingModel[TranslationData], TranslationModel):
    """A noisy channel: words of the source from the left to the right, each turned into one word of the target.

        argmax over e of sum over j of [log t(f_j | e_j) + w log p(e_j | e_(j-n+1) ... e_(j-1))]

    t is IBM model 1 or 2 (`rnnbench.tasks.translation.baselines.ibm`), counted from the target to the source; p is an
    interpolated Kneser-Ney n-gram model of the target. Nothing is reordered, left out or added. The likelihood of a
    reference, and where its words come from, are those of the same IBM model from the source to the target: the end
    mark of a source stands for the empty word, from which comes what translates no word.

    P. F. Brown et al., The Mathematics of Statistical Machine Translation, Computational Linguistics 19 (1993).

    Args:
        alignment: Which IBM model.
        rounds: Rounds of expectation maximisation of model 1, and as many of model 2 after them.
        order: n of the n-grams.
        language_weight: w.
        beam_size: Hypotheses of a sentence at a time, in test; validation takes the best word always.
        max_length: Most tokens of a translation.
    """

    # Their names are known only when they are there.
    tables = ()
    length_ratio = 1.0
    attends = True

    def __init__(
        self,
        alignment: Literal[1, 2] = 2,
        rounds: Annotated[int, AT_LEAST_1] = 5,
        order: Annotated[int, AT_LEAST_1] = 3,
        language_weight: Annotated[float, AT_LEAST_0] = 1.0,
        beam_size: int = 5,
        max_length: Annotated[int, AT_LEAST_1] = 200,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.alignment = alignment
        self.rounds = rounds
        self.order = order
        self.language_weight = language_weight
        self.beam = Beam(beam_size)
        self.beam.check()
        self.max_length = max_length
        self._made: _Counted | None = None

    def count_split(self) -> Mapping[str, Tensor]:
        """See `CountingModel.count_split`: both directions, and the n-grams."""
        pairs = self.data.splits["train"]
        sources = [one.numpy() for one in pairs.sources]
        targets = [one[1:].numpy() for one in pairs.targets]
        rounds = self.rounds, self.rounds * (self.alignment == 2)
        forth = train(sources, targets, len(self.target_encoder), *rounds)
        back = train(targets, sources, len(self.source_encoder), *rounds)
        ngrams = KneserNey.count(np.concatenate(targets), order=self.order, **self._fixed())
        shapes = sorted(forth.places)
        found = {
            "forth_keys": forth.words.keys,
            "forth_values": forth.words.values,
            "shapes": np.array(shapes, dtype=np.int64).reshape(-1, 2),
            "places": np.concatenate([np.empty(0), *(forth.places[shape].ravel() for shape in shapes)]),
            "back_keys": back.words.keys,
            "back_values": back.words.values,
            **{name: value for name, value in ngrams.state().items() if isinstance(value, np.ndarray)},
        }
        self._made = None
        return {_TABLE + name: torch.from_numpy(value) for name, value in found.items()}

    def start(self, source: Tensor, lengths: Tensor) -> DecoderState:
        """See `TranslationModel.start`: sources, lengths, the place of the next word, and what was written last."""
        history = torch.full((len(source), max(self.order - 1, 1)), _NOT_WRITTEN)
        return DecoderState((source, lengths, torch.zeros_like(lengths), history), None, None)

    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `TranslationModel.step`; scores of the noisy channel, which are no log-probabilities of anything."""
        source, lengths, place, history = state.stack
        history = torch.cat([history[:, 1:], tokens[:, None]], 1)
        here = source.gather(1, place[:, None])[:, 0]
        scores = torch.full((len(tokens), len(self.target_encoder)), -torch.inf)
        counted = self._counted()
        for row, (word, before) in enumerate(zip(here.tolist(), history.numpy(), strict=True)):
            candidates, channel = self._channel(word)
            known = before[(before != _NOT_WRITTEN) & (before != TextEncoder.begin)]
            language = np.log(counted.language.distribution(known)[candidates])
            scores[row, candidates] = torch.from_numpy(channel + self.language_weight * language).float()
        attention = torch.nn.functional.one_hot(place, source.shape[1]).float()
        moved = torch.minimum(place + 1, lengths - 1)
        return scores, DecoderState((source, lengths, moved, history), None, None, attention)

    def forward(self, batch: PairBatch) -> tuple[Tensor, Tensor | None]:
        """See `TranslationModel.forward`: log p(e_j | f) of all words e, and from where each word of the target is."""
        model, words = self._counted().forth, len(self.target_encoder)
        weights = torch.zeros(len(batch.source), int(batch.target_lengths.max()), batch.source.shape[1])
        scores = []
        for row, (size, length) in enumerate(
            zip(batch.target_lengths.tolist(), batch.source_lengths.tolist(), strict=True)
        ):
            source, target = batch.source[row, :length].numpy(), batch.target[row, 1 : size + 1].numpy()
            weights[row, :size, :length] = torch.from_numpy(model.links(source, target)[1])
            dictionary = np.zeros((length, words))
            for i, word in enumerate(source.tolist()):
                found, values = model.words.after(word)
                dictionary[i, found] = values
            mixed = (1 - _SHARE) * model.place((size, length)) @ dictionary + _SHARE / words
            scores.append(torch.from_numpy(np.log(mixed)))
        return torch.cat(scores), weights

    def measure(self, split: str) -> Measured:
        """See `TranslationModel.measure`; these likelihoods are told how long a reference is, and others are not."""
        found = super().measure(split)
        told = {name: f"{found.signatures[name]}|length:told" for name in ("perplexity", "character_perplexity")}
        return found._replace(signatures={**found.signatures, **told})

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Makes room for the tables, whose sizes only the checkpoint knows."""
        super().on_load_checkpoint(checkpoint)
        for name, table in checkpoint["state_dict"].items():
            if name.startswith(_TABLE):
                self.register_buffer(name, torch.empty_like(table))
        self._made = None

    def num_parameters(self) -> int:
        """Number of values of both dictionaries and of places, and of n-grams."""
        forth, back, language = self._counted()
        values = len(forth.words.keys) + len(back.keys) + sum(place.size for place in forth.places.values())
        return values + language.num_ngrams

    def model_name(self) -> str:
        """Which models."""
        return f"word by word: IBM model {self.alignment}, {self.order}-grams"

    def _channel(self, word: int) -> tuple[Ids, Floats]:
        """Words e that may have become a word f, and log t(f | e)."""
        end = self.target_encoder.end
        if word == self.source_encoder.end:
            return np.array([end]), np.zeros(1)
        candidates, values = self._counted().back.after(word)
        kept = (candidates != end) & (values > 0)
        if not kept.any():
            return np.array([self.target_encoder.unknown]), np.zeros(1)
        return candidates[kept], np.log(values[kept])

    def _counted(self) -> _Counted:
        """What was counted; before that, nothing."""
        if self._made is None:
            arrays = {
                name.removeprefix(_TABLE): table.cpu().numpy()
                for name, table in self.named_buffers()
                if name.startswith(_TABLE)
            }
            self._made = self._read(arrays) if arrays else self._read_nothing()
        return self._made

    def _read(self, arrays: dict[str, np.ndarray]) -> _Counted:
        sources, targets = len(self.source_encoder), len(self.target_encoder)
        shapes = [(int(t), int(s)) for t, s in arrays["shapes"]]
        parts = np.split(arrays["places"], np.cumsum([t * s for t, s in shapes])[:-1]) if shapes else []
        places = {shape: part.reshape(shape) for shape, part in zip(shapes, parts, strict=True)}
        forth = IBM(WordTable(arrays["forth_keys"], arrays["forth_values"], targets), places, [])
        # Counted by e; looked up by f.
        e, f = np.divmod(arrays["back_keys"], sources)
        order = np.lexsort((e, f))
        back = WordTable((f * targets + e)[order], arrays["back_values"][order], targets)
        language = KneserNey.from_state({**self._fixed(), "order": self.order, **arrays})
        return _Counted(forth, back, language)

    def _read_nothing(self) -> _Counted:
        nothing = WordTable(np.array([-1]), np.zeros(1), len(self.target_encoder))
        return _Counted(IBM(nothing, {}, []), nothing, KneserNey.from_state({**self._fixed(), "order": 0}))

    def _fixed(self) -> dict[str, int]:
        return {"vocabulary_size": len(self.target_encoder), "boundary": self.target_encoder.end}
