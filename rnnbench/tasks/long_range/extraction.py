"""The finite automaton that a network became, read off its hidden states."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from rnnbench.data.automata.automaton import Automaton
from rnnbench.data.batches.bucket import evaluation_batches
from rnnbench.data.long_range.batch import Sequences
from rnnbench.tasks.base import evaluating
from rnnbench.tasks.long_range.data import LongRangeData
from rnnbench.tasks.long_range.models.recurrent import RecurrentModel

MOST_STATES = 24
"""No picture shows more."""
_STEPS = 8000
_TRIES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32)


class Extracted(NamedTuple):
    """What was read off."""

    automaton: Automaton
    fidelity: float
    """Share of the steps, of words that it was not made of, after which it says the same as the network."""
    difference: tuple[int, ...] | None
    """A shortest word of which the true automaton says something else; None where they are equal."""


class _Traces(NamedTuple):
    """Words, and what the network did on them: N steps in all, word after word."""

    hidden: NDArray[np.float64]
    """Outputs of the stack ``(N, O)``."""
    symbols: NDArray[np.int64]
    """What was read ``(N,)``."""
    said: NDArray[np.int64]
    """The answer of the network ``(N,)``."""
    begins: NDArray[np.bool_]
    """Whether a word begins ``(N,)``."""


def extract(model: RecurrentModel, data: LongRangeData) -> Extracted:
    """Clusters the hidden states; a cluster is a state, and where most of it goes by a symbol is the transition.

    The fewest clusters are taken with which the automaton says what the network says, or else the number with which it
    does so most often. C. L. Giles et al., Learning and Extracting Finite State Automata with Second-Order Recurrent
    Neural Networks, Neural Computation 1992, with k-means in the place of a grid.

    Args:
        model: A trained model of a problem with an automaton.
        data: Its data; words of the validation split are read, which are as long as those of training.
    """
    assert model.automaton is not None
    sequences = Sequences(data.problem.samples("validation", data.plan))
    half = len(sequences.lengths) // 2
    made_of, tried_on = _traces(model, sequences, 0, half), _traces(model, sequences, half, 2 * half)
    best: tuple[float, Automaton] | None = None
    for clusters in _TRIES:
        if clusters > len(made_of.symbols):
            break
        found = _clustered(made_of, clusters, model.automaton)
        fidelity = _agreement(found, tried_on)
        if best is None or fidelity > best[0]:
            best = fidelity, found
        if fidelity == 1.0:
            break
    assert best is not None
    least = best[1].minimal()
    automaton = replace(least, names=tuple(map(str, range(len(least)))))
    return Extracted(automaton, best[0], model.automaton.difference(automaton))


def _traces(model: RecurrentModel, sequences: Sequences, start: int, end: int) -> _Traces:
    """Of words until there are enough steps."""
    ends = np.cumsum(sequences.lengths[start:end])
    chosen = np.arange(start, start + max(1, int(np.searchsorted(ends, _STEPS, side="right"))))
    parts = []
    with evaluating(model):
        for numbers in evaluation_batches(sequences.lengths[chosen], model.data.budget):
            batch = sequences(chosen[numbers].tolist(), 0)
            x, lengths = batch.x.to(model.device), batch.lengths.to(model.device)
            inside = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
            hidden = model.hidden(x, lengths, inside)
            said = model.output(hidden).argmax(-1)
            begins = torch.zeros_like(inside)
            begins[:, 0] = True
            parts.append(
                _Traces(
                    hidden.double().cpu().numpy(),
                    x[inside].cpu().numpy(),
                    said.cpu().numpy(),
                    begins[inside].cpu().numpy(),
                )
            )
    return _Traces(*(np.concatenate([getattr(part, name) for part in parts]) for name in _Traces._fields))


def _clustered(traces: _Traces, clusters: int, true: Automaton) -> Automaton:
    """The automaton of a number of clusters, and of a state before the first symbol.

    Args:
        traces: What it is made of.
        clusters: How many.
        true: Names symbols and outputs.
    """
    from scipy.cluster.vq import kmeans2

    with warnings.catch_warnings():
        # A cluster that became empty is a state that nothing leads to.
        warnings.simplefilter("ignore")
        _, cluster = kmeans2(traces.hidden, clusters, minit="++", rng=0)
    here = 1 + cluster.astype(np.int64)
    before = np.where(traces.begins, 0, np.roll(here, 1))
    states, symbols = clusters + 1, len(true.symbols)
    went = np.zeros((states, symbols, states), dtype=np.int64)
    np.add.at(went, (before, traces.symbols, here), 1)
    # By a symbol that was never read there, it stays.
    following = np.where(went.any(-1), went.argmax(-1), np.arange(states)[:, None])
    said = np.zeros((states, len(true.outputs)), dtype=np.int64)
    np.add.at(said, (here, traces.said), 1)
    output = said.argmax(-1)
    # Before the first symbol the network says nothing; it is as if the empty word had its true output.
    output[0] = true.output[0]
    return Automaton(true.symbols, true.outputs, following, output, tuple(map(str, range(states))))


def _agreement(automaton: Automaton, traces: _Traces) -> float:
    state, right = 0, 0
    for symbol, said, begins in zip(traces.symbols.tolist(), traces.said.tolist(), traces.begins.tolist(), strict=True):
        state = int(automaton.next[0 if begins else state, symbol])
        right += int(automaton.output[state]) == said
    return right / len(traces.symbols)
