"""How a word is predicted without a sum over the whole vocabulary."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnbench.embeddings.draws import PER_PLACE, Draws
from rnnbench.embeddings.huffman import Codes, huffman_codes
from rnnbench.embeddings.noise import Noise
from rnnbench.embeddings.windows import NOISE
from rnnbench.ranges import AT_LEAST_0, Range


class Targets(NamedTuple):
    """What is to be told of a word: of K vectors, on which side of 0 their product with the input is."""

    rows: NDArray[np.int64]
    """``(N, K)``: rows of the output table."""
    signs: NDArray[np.int8]
    """``(N, K)``: 1 or -1; 0 for none."""


class Output(nn.Module, ABC):
    """Vectors that say how likely a word is, beginning at 0.

    Args:
        rows: Number of vectors.
        size: Their width D.
    """

    name: ClassVar[str]
    """As it stands in signatures."""
    together: ClassVar[bool]
    """Whether all inputs of a window learn at once, from the vectors as they were before."""

    def __init__(self, rows: int, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(rows, size))

    @abstractmethod
    def targets(self, words: NDArray[np.int64], places: NDArray[np.int64], draws: Draws) -> Targets:
        """What is to be told of some words ``(N,)`` at their places in the stream ``(N,)``."""

    @abstractmethod
    def most_targets(self) -> int:
        """The most targets of a word."""

    def signature(self) -> str:
        """All that its loss depends on, in a word."""
        return self.name


class NegativeSampling(Output):
    """Tells a word from others that were drawn from noise, which the whole window shares.

        loss = -log sigmoid(x . y_word) - sum of log sigmoid(-x . y_k) over the noise words k

    T. Mikolov et al., Distributed Representations of Words and Phrases and their Compositionality, NIPS 2013, equation
    4. One draw serves all inputs of a window, so that they and the targets are two small matrices: S. Ji et al.,
    Parallelizing Word2Vec in Shared and Distributed Memory, IEEE TPDS 30 (2019), arXiv 1604.04661.

    Args:
        counts: How often each word occurs ``(V,)``.
        size: Width D of a vector.
        negatives: Words drawn from noise for each word. One that is the word itself counts for nothing.
        power: Noise has words in proportion to this power of their counts.
    """

    name = "negative_sampling"
    together = True

    def __init__(
        self,
        counts: Sequence[int],
        size: int,
        negatives: Annotated[int, Range(least=1, most=PER_PLACE - NOISE)] = 5,
        power: Annotated[float, AT_LEAST_0] = 0.75,
    ) -> None:
        super().__init__(len(counts), size)
        self.negatives = negatives
        self.power = power
        self.noise = Noise.of(counts, power)

    def targets(self, words: NDArray[np.int64], places: NDArray[np.int64], draws: Draws) -> Targets:
        """See `Output.targets`: the word, then noise."""
        drawn = [self.noise.words(draws(places, NOISE + k)) for k in range(self.negatives)]
        rows = np.stack([words, *drawn], 1)
        signs = np.full(rows.shape, -1, dtype=np.int8)
        signs[:, 0] = 1
        signs[:, 1:][rows[:, 1:] == words[:, None]] = 0
        return Targets(rows, signs)

    def most_targets(self) -> int:
        """See `Output.most_targets`."""
        return 1 + self.negatives

    def signature(self) -> str:
        """See `Output.signature`."""
        return f"{self.name}:{self.negatives},{self.power:g}"


class HierarchicalSoftmax(Output):
    """Goes from the root of a Huffman tree to the word; at each node it decides where to.

        P(word | x) = product of sigmoid(+-x . y_node) over the nodes on the way

    F. Morin and Y. Bengio, Hierarchical Probabilistic Neural Network Language Model, AISTATS 2005; with the tree of T.
    Mikolov et al., Efficient Estimation of Word Representations in Vector Space, arXiv 1301.3781 (2013).

    Args:
        counts: How often each word occurs ``(V,)``.
        size: Width D of a vector.
    """

    name = "hierarchical_softmax"
    # All words of a window see the same nodes, which would take too large steps together: with a rate of 0.05 and a
    # vocabulary of a hundred words the vectors were measurably worse.
    together = False

    def __init__(self, counts: Sequence[int], size: int) -> None:
        super().__init__(sum(count > 0 for count in counts) - 1, size)
        self.codes: Codes = huffman_codes(counts)

    def targets(self, words: NDArray[np.int64], places: NDArray[np.int64], draws: Draws) -> Targets:
        """See `Output.targets`: the nodes on the way; 1 for bit 0."""
        begins = self.codes.offsets[words]
        lengths = self.codes.offsets[words + 1] - begins
        at = np.arange(lengths.max(initial=1))
        inside = at < lengths[:, None]
        where = np.where(inside, begins[:, None] + at, 0)
        signs = np.where(inside, 1 - 2 * self.codes.bits[where], 0).astype(np.int8)
        return Targets(np.where(inside, self.codes.nodes[where], 0), signs)

    def most_targets(self) -> int:
        """See `Output.most_targets`."""
        return int(np.diff(self.codes.offsets).max())

    def log_probabilities(self, x: Tensor) -> Tensor:
        """Of inputs ``(B, D)`` the log-probability of every word ``(B, V)``, -inf for one without a code."""
        words = np.arange(len(self.codes.offsets) - 1)
        targets = self.targets(words, words, Draws(0))
        rows, signs = torch.from_numpy(targets.rows), torch.from_numpy(targets.signs)
        scores = (x @ self.weight.T)[:, rows]
        found = torch.where(signs != 0, nn.functional.logsigmoid(signs * scores), 0).sum(-1)
        # What has no code is no word.
        return found.masked_fill((signs == 0).all(1), -torch.inf)
