"""What models that write texts share: where a token is predicted, how likely a text is, how to search for one."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from rnnbench.decode.beam import Beam
from rnnbench.errors import UserError

_SHOWN = 10


class Texts(Protocol):
    """A batch of texts that are predicted token by token."""

    @property
    def target(self) -> Tensor:
        """``(B, T + 1)`` int64: ``<bos>``, the text, ``<eos>``, then padding. ``target[:, 1:]`` is predicted."""

    @property
    def target_lengths(self) -> Tensor:
        """``(B,)`` int64: number of predicted tokens, ``<eos>`` among them."""

    @property
    def places(self) -> Tensor:
        """``(N,)`` int64: where in ``(B, T)``, row by row, a token is predicted."""


def where_predicted(batch: Texts) -> Tensor:
    """Where a token is predicted ``(B, T)`` (bool)."""
    steps = batch.target.shape[1] - 1
    return torch.arange(steps, device=batch.target.device) < batch.target_lengths[:, None]


def without_padding(values: Tensor, batch: Texts) -> Tensor:
    """Of values ``(B, T, ...)`` those of predicted tokens ``(N, ...)``, one text after the other.

    Texts are ragged: what is computed for every token, the widest products by far, is computed for no padding.
    """
    return values.flatten(0, 1).index_select(0, batch.places)


def predicted(batch: Texts) -> Tensor:
    """The predicted tokens of all texts ``(N,)``, one text after the other."""
    return without_padding(batch.target[:, 1:], batch)


def sum_texts(values: Tensor, lengths: Tensor) -> Tensor:
    """Sums over each text ``(B,)`` of values ``(N,)`` that stand one text after the other."""
    # Text by text: a sum that goes through all of them, such as index_add, would round by what else is in the batch.
    return torch.stack([part.sum() for part in values.split(lengths.tolist())])


def perplexity(nats: float) -> float:
    """Exp of a mean negative log-likelihood, infinite where no number is as large."""
    return math.exp(nats) if nats < 700 else math.inf


def distinct(texts: Sequence[Sequence[str]], n: int) -> float:
    """The share of different n-grams among all of some texts (J. Li et al., NAACL 2016); 0 where there is none.

    Args:
        texts: The words of each text.
        n: Words of an n-gram.
    """
    grams = [tuple(words[i : i + n]) for words in texts for i in range(len(words) - n + 1)]
    return len(set(grams)) / max(len(grams), 1)


def listed(names: Sequence[str]) -> str:
    """Names in a row, only the first ones where they are many."""
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")


def unknown_words(missing: Sequence[str]) -> list[str]:
    """The warning before predictions, if any: what of a text a model has never seen."""
    if not missing:
        return []
    return [f"not in the vocabulary, read as <unk> ({len(missing):,}): {listed([repr(token) for token in missing])}"]


def chosen_beam(trained: Beam, arguments: argparse.Namespace) -> Beam:
    """A model's way to search for texts, with what the options of ``rnnbench predict`` say.

    Args:
        trained: The model's.
        arguments: ``beam_size``, ``length_penalty``, ``coverage_penalty`` (if there is one), ``nbest``, ``max_length``.

    Raises:
        UserError: One is out of range.
    """
    if arguments.max_length is not None and arguments.max_length < 1:
        raise UserError(f"must be at least 1, found {arguments.max_length}", where="--max-length")
    nbest = 1 if arguments.nbest is None else arguments.nbest
    coverage = getattr(arguments, "coverage_penalty", None)
    beam = Beam(
        # A beam has to hold what is asked for.
        max(trained.size, nbest) if arguments.beam_size is None else arguments.beam_size,
        trained.length_penalty if arguments.length_penalty is None else arguments.length_penalty,
        trained.coverage_penalty if coverage is None else coverage,
        nbest,
    )
    beam.check()
    return beam
