"""Vectors that are counted: how much more often words stand together than they would by chance, in few numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.embeddings.counted import count_pairs, decompose, mutual_information
from rnnbench.embeddings.draws import Draws
from rnnbench.embeddings.network import Lost
from rnnbench.embeddings.windows import Reading, subsampling
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1
from rnnbench.tasks.base import CountingModel
from rnnbench.tasks.word_vectors.data import WordData
from rnnbench.tasks.word_vectors.model import WordModel


class CountedVectors(CountingModel[WordData], WordModel):
    """Positive pointwise mutual information of words and those around them, by its largest singular values.

        PPMI(w, c) = max(0, log(n(w, c) n / (n(w) n(c)^a)) - log k),  vectors = U S^p of its decomposition U S V'

    with counts to the power a, divided so that they are shares. O. Levy, Y. Goldberg and I. Dagan, Improving
    Distributional Similarity with Lessons Learned from Word Embeddings, TACL 3 (2015): what word2vec learns, counted.

    Args:
        embedding_size: Width D of a vector; fewer where there are fewer words.
        window: Most words to each side; of each window the width is drawn from 1 to this.
        sample: As for `Word2Vec`.
        shift: k, as many as there are noise words in negative sampling.
        smoothing: a, how counts of words around are smoothed.
        power: p, how much singular values count.
    """

    tables: ClassVar[Sequence[str]] = ("table",)
    table: Tensor
    monitor = "validation/unknown"

    def __init__(
        self,
        embedding_size: Annotated[int, AT_LEAST_1] = 100,
        window: Annotated[int, AT_LEAST_1] = 5,
        sample: Annotated[float, AT_LEAST_0] = 1e-3,
        shift: Annotated[float, AT_LEAST_1] = 1.0,
        smoothing: Annotated[float, AT_LEAST_0] = 0.75,
        power: Annotated[float, AT_LEAST_0] = 0.5,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.embedding_size = embedding_size
        self.window = window
        self.sample = sample
        self.shift = shift
        self.smoothing = smoothing
        self.power = power

    def count_split(self) -> Mapping[str, Tensor]:
        """The vectors of all words ``(V, D)`` float64."""
        unknown = -1 if self.tokenizer.unknown is None else self.tokenizer.unknown
        counts = self.data.counts
        reading = Reading(self.window, subsampling(counts, self.sample), self.tokenizer.end, unknown)
        draws = Draws.of(self.data.global_seed, 0)
        together = count_pairs(self.data.streams["train"].tokens, len(counts), reading, draws)
        if not together.nnz:
            raise UserError("no two words stand in one text", where=self.data.dataset)
        shares = mutual_information(together, self.shift, self.smoothing)
        return {"table": torch.from_numpy(decompose(shares, self.embedding_size, self.power))}

    def vectors(self) -> Tensor:
        """See `WordModel.vectors`."""
        return self.table

    def lost(self, piece: NDArray[np.int32], place: int) -> Lost:
        """Nothing: it predicts no word."""
        return Lost(0.0, 0)

    def model_name(self) -> str:
        """What it is, and its width."""
        return f"PPMI and SVD, {self.embedding_size}"
