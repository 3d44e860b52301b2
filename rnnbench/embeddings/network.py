"""Vectors of words that are learned from the words around them: CBOW and skip-gram, as they are defined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnbench.embeddings.draws import Draws
from rnnbench.embeddings.outputs import Output
from rnnbench.embeddings.subwords import Rows, Subwords
from rnnbench.embeddings.windows import PIECE, Reading, Windows, windows_of

# Windows whose gradients are added up before any of them is taken: with one, as word2vec goes, torch has little to do
# at a time.
_AT_ONCE = 32


class Inputs(NamedTuple):
    """What predicts the words in the middle: vectors, each the mean of some rows of the input table."""

    rows: Tensor
    """``(R,)`` int64: the rows of all of them, one input after the other."""
    slots: Tensor
    """``(R,)`` int64: of which input each row is; input k of window n has the number n times most inputs, plus k."""


class Lost(NamedTuple):
    """What was lost on some text."""

    total: float
    """In nats."""
    pairs: int
    """Inputs that predicted a word."""


class WordNetwork(nn.Module):
    """Two tables of vectors: what words say about their neighbours, and how these are told.

    Skip-gram predicts the word in the middle of a window from each of the others; CBOW predicts it from their mean.
    With subwords the vector of a word is the mean of its own and those of its strings.

    T. Mikolov, K. Chen, G. Corrado and J. Dean, Efficient Estimation of Word Representations in Vector Space, arXiv
    1301.3781 (2013). Words that are predicted and words that predict change roles in the program of its authors, which
    is the same over all windows but for their width; so it is here.

    Args:
        words: The words ``(V,)`` in the order of ids.
        size: Width D of a vector.
        reading: How the stream is read.
        output: How a word is predicted.
        bag: Whether it is CBOW.
        subwords: The strings of words, if they are to have vectors.
        corrected: Whether the error of a mean is divided by the number of its rows, as its derivative says; word2vec
            and fastText give each row all of it (O. Irsoy, A. Benton and K. Stratos, Corrected CBOW Performs as well as
            Skip-gram, 2021).
    """

    def __init__(
        self,
        words: Sequence[str],
        size: int,
        reading: Reading,
        output: Output,
        bag: bool,
        subwords: Subwords | None = None,
        corrected: bool = False,
    ) -> None:
        super().__init__()
        self.num_words = len(words)
        self.reading = reading
        self.output = output
        self.bag = bag
        self.corrected = corrected
        self.rows: Rows | None = None if subwords is None else subwords.rows(words)
        rows = self.num_words + (0 if subwords is None else subwords.buckets)
        self.weight = nn.Parameter(torch.empty(rows, size))
        # As fastText and gensim 4 begin; word2vec's program has half of it, and rare words then stay shorter.
        nn.init.uniform_(self.weight, -1 / size, 1 / size)

    def vectors(self) -> Tensor:
        """The vector of each word ``(V, D)``."""
        weight = self.weight.detach()
        if self.rows is None:
            return weight
        counts = torch.from_numpy(np.diff(self.rows.offsets))
        of = torch.repeat_interleave(torch.arange(len(counts)), counts)
        sums = weight.new_zeros(len(counts), weight.shape[1])
        rows = torch.from_numpy(self.rows.rows).long()
        return sums.index_add_(0, of.to(weight.device), weight[rows]) / counts.to(weight)[:, None]

    def inputs(self, windows: Windows) -> Inputs:
        """The inputs of some windows: the words around from left to right, each by itself or all in one."""
        window, column = np.nonzero(windows.contexts >= 0)
        rows, of = _rows_of(windows.contexts[window, column], self.rows)
        slots = window if self.bag else window * windows.contexts.shape[1] + column
        return Inputs(*(torch.from_numpy(part).to(self.weight.device) for part in (rows, slots[of])))

    def loss(self, windows: Windows, draws: Draws, x: Tensor, y: Tensor) -> Tensor:
        """What is lost on some windows, in nats, summed up ``()``.

        Args:
            windows: N windows.
            draws: The pass's random numbers.
            x: The rows of `inputs` ``(R, D)``.
            y: The vectors of the output's targets ``(N, K, D)``.
        """
        most = 1 if self.bag else windows.contexts.shape[1]
        sizes = self.sizes(windows)
        means = x.new_zeros(len(sizes), x.shape[1]).index_add(0, self.inputs(windows).slots, x)
        means = (means / sizes.clamp(min=1)[:, None]).unflatten(0, (len(windows.words), most))
        signs = torch.from_numpy(self.output.targets(windows.words, windows.places, draws).signs).to(x)[:, None]
        there = (sizes > 0).unflatten(0, (len(windows.words), most))[..., None] & (signs != 0)
        return (F.softplus(-signs * (means @ y.mT)) * there).sum()

    def sizes(self, windows: Windows) -> Tensor:
        """Of how many rows each input of some windows is the mean ``(N most,)``; 0 where there is none."""
        most = 1 if self.bag else windows.contexts.shape[1]
        return torch.bincount(self.inputs(windows).slots, minlength=len(windows.words) * most)

    def learn(self, tokens: NDArray[Any], place: int, draws: Draws, rate: Callable[[int], float]) -> Lost:
        """Takes a step of gradient descent after every few windows of some text, or inputs (`Output.together`).

        Args:
            tokens: The text ``(T,)``; no window goes beyond a piece of it (`PIECE`).
            place: Where in the stream the first token stands.
            draws: The pass's random numbers.
            rate: The learning rate at a place, where a piece begins.
        """
        total, pairs = 0.0, 0
        for start in range(0, len(tokens), PIECE):
            windows = windows_of(tokens[start : start + PIECE], place + start, self.reading, draws)
            if not (self.bag or self.output.together):
                windows = windows.apart()
            for some in windows.parts(_AT_ONCE):
                total += self._step(some, draws, rate(place + start))
                pairs += self._pairs(some)
        return Lost(total, pairs)

    def _step(self, windows: Windows, draws: Draws, rate: float) -> float:
        inputs, targets, x, y = self._looked_up(windows, draws)
        with torch.enable_grad():
            loss = self.loss(windows, draws, x.requires_grad_(), y.requires_grad_())
            of_x, of_y = torch.autograd.grad(loss, [x, y])
        if not self.corrected:
            of_x = of_x * self.sizes(windows)[inputs.slots][:, None]
        with torch.no_grad():
            self.weight.index_add_(0, inputs.rows, of_x, alpha=-rate)
            self.output.weight.index_add_(0, targets.flatten(), of_y.flatten(0, 1), alpha=-rate)
        return float(loss.detach())

    @torch.no_grad()
    def measure(self, tokens: NDArray[Any], place: int, draws: Draws) -> Lost:
        """What is lost on a piece of text, with nothing learned; takes what `learn` does."""
        windows = windows_of(tokens, place, self.reading, draws)
        _, _, x, y = self._looked_up(windows, draws)
        return Lost(float(self.loss(windows, draws, x.double(), y.double())), self._pairs(windows))

    def _looked_up(self, windows: Windows, draws: Draws) -> tuple[Inputs, Tensor, Tensor, Tensor]:
        """Rows of the inputs and of the targets, and what stands there."""
        inputs = self.inputs(windows)
        targets = torch.from_numpy(self.output.targets(windows.words, windows.places, draws).rows)
        targets = targets.to(self.weight.device)
        return inputs, targets, self.weight.detach()[inputs.rows], self.output.weight.detach()[targets]

    def _pairs(self, windows: Windows) -> int:
        return len(windows.words) if self.bag else int((windows.contexts >= 0).sum())


def _rows_of(words: NDArray[np.int64], rows: Rows | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of some words, and of which word each is."""
    if rows is None:
        return words, np.arange(len(words))
    begins = rows.offsets[words]
    counts = rows.offsets[words + 1] - begins
    of = np.repeat(np.arange(len(words)), counts)
    within = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows.rows[begins[of] + within].astype(np.int64), of
