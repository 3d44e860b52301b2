"""CBOW and skip-gram as a trained model: the network of `rnnbench.embeddings`, with word2vec's rate and passes."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
import torch
from torch import Tensor

from rnnbench.embeddings import native
from rnnbench.embeddings.draws import Draws
from rnnbench.embeddings.network import Lost, WordNetwork
from rnnbench.embeddings.outputs import NegativeSampling, Output
from rnnbench.embeddings.subwords import Subwords
from rnnbench.embeddings.windows import Reading, subsampling
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1, POSITIVE
from rnnbench.tasks.base import Axes, Loss, Names, Spec
from rnnbench.tasks.word_vectors.data import WordBatch
from rnnbench.tasks.word_vectors.model import WordModel

# Held-out text is read in the same way by every run.
_HELD_OUT = Draws.of(0, -1)


class Word2Vec(WordModel):
    """Vectors that are learned by predicting words from those around them, see `rnnbench.embeddings.network`.

    The learning rate falls linearly with the text that is read, over all epochs.

    Args:
        architecture: ``skip_gram`` predicts a word from each word around it, ``cbow`` from their mean.
        output: How it is predicted: `NegativeSampling` or `HierarchicalSoftmax`.
        embedding_size: Width D of a vector.
        window: Most words to each side; of each window the width is drawn from 1 to this.
        sample: Words that are more than this share of the text are left out at random, the more often the more
            frequent they are; 0 leaves out none.
        subwords: Gives words vectors of the strings that they are made of, as fastText does; null for none.
        corrected: Whether the error of a mean of vectors is divided by their number, as its derivative says; word2vec
            gives each all of it.
        learning_rate: The rate in the beginning.
        last_rate: The rate in the end.
        threads: Threads of the native engine. With one a seed gives the same bits; with several it does not, because
            they learn from the same vectors at once.
        engine: ``native`` is compiled code, ``reference`` the definition in PyTorch, which learns from 32 windows at a
            time; ``auto`` takes the former where it can be had.
    """

    monitor = "validation/nats_per_pair"

    def __init__(
        self,
        architecture: Literal["skip_gram", "cbow"] = "skip_gram",
        output: Callable[[Sequence[int], int], Output] = NegativeSampling,
        embedding_size: Annotated[int, AT_LEAST_1] = 100,
        window: Annotated[int, AT_LEAST_1] = 5,
        sample: Annotated[float, AT_LEAST_0] = 1e-3,
        subwords: Callable[[], Subwords] | None = None,
        corrected: bool = False,
        learning_rate: Annotated[float, POSITIVE] = 0.025,
        last_rate: Annotated[float, AT_LEAST_0] = 1e-4,
        threads: Annotated[int, AT_LEAST_1] = 1,
        engine: Literal["auto", "native", "reference"] = "auto",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        # Steps are taken where gradients are computed; the optimizer counts them and shows the rate.
        self.automatic_optimization = False
        self.optimizer = functools.partial(torch.optim.SGD, lr=learning_rate)
        self.architecture = architecture
        self.make_output = output
        self.embedding_size = embedding_size
        self.window = window
        self.sample = sample
        self.subwords = None if subwords is None else subwords()
        self.corrected = corrected
        self.learning_rate, self.last_rate = learning_rate, last_rate
        self.threads = threads
        self.engine = engine
        self._running: str | None = None

    def build(self, spec: Spec) -> None:
        """Makes the tables."""
        counts = spec["counts"]
        unknown = -1 if self.tokenizer.unknown is None else self.tokenizer.unknown
        reading = Reading(self.window, subsampling(counts, self.sample), self.tokenizer.end, unknown)
        self.network = WordNetwork(
            self.tokenizer.tokens,
            self.embedding_size,
            reading,
            self.make_output(counts, self.embedding_size),
            bag=self.architecture == "cbow",
            subwords=self.subwords,
            corrected=self.corrected,
        )

    def setup(self, stage: str) -> None:
        """Refuses what the rate and the tables do not allow."""
        if stage != "fit":
            return
        if self.trainer.world_size > 1:
            raise UserError(
                "all of the text changes the same vectors: it is read in one process",
                hint="--trainer.devices 1 --model.threads N",
            )
        if self.trainer.max_epochs is None or self.trainer.max_epochs < 0:
            raise UserError("the rate falls over all epochs", where="trainer.max_epochs", hint="--trainer.max_epochs 5")

    def on_train_start(self) -> None:
        """Chooses the engine."""
        reason = None if self.engine == "reference" else native.refusal(self.network)
        if reason is not None and self.engine == "native":
            raise UserError(f"native code cannot be had: {reason}", where="model.engine", hint="--model.engine auto")
        self._running = "reference" if self.engine == "reference" or reason is not None else "native"
        if reason is not None:
            self.data.tell(f"vectors are learned by the definition, slowly: {reason}")
        if self.threads > 1 and self._running == "native":
            self.data.tell(f"{self.threads} threads learn from the same vectors: no two runs end with the same bits")

    def engines(self) -> str | None:
        """See `Task.engines`."""
        return self._running

    def loss(self, batch: WordBatch) -> Loss:
        """Learns from the batch; what it lost is over already."""
        epochs = self.trainer.max_epochs
        assert epochs is not None

        def rate(place: int) -> float:
            share = (batch.epoch * batch.length + place) / (epochs * batch.length)
            return self.learning_rate + (self.last_rate - self.learning_rate) * min(share, 1.0)

        draws = Draws.of(self.data.global_seed, batch.epoch)
        tokens = batch.x.cpu().numpy()
        if self._running == "native":
            lost = native.learn(self.network, tokens, batch.place, draws, rate, self.threads)
        else:
            lost = self.network.learn(tokens, batch.place, draws, rate)
        if not math.isfinite(lost.total):
            raise UserError("the vectors have diverged", where="model.learning_rate", hint="give a lower rate")
        optimizer: Any = self.optimizers()
        optimizer.param_groups[0]["lr"] = rate(batch.place)
        optimizer.step()
        return Loss(torch.tensor(lost.total), lost.pairs)

    def lost(self, piece: np.ndarray, place: int) -> Lost:
        """See `WordModel.lost`."""
        return self.network.measure(piece, place, _HELD_OUT)

    def objective(self) -> str:
        """Architecture, output and how text is read."""
        return f"{self.architecture}|{self.network.output.signature()}|window:{self.window}|sample:{self.sample:g}"

    def vectors(self) -> Tensor:
        """See `WordModel.vectors`."""
        return self.network.vectors()

    def unseen(self, word: str) -> Tensor | None:
        """The mean of the vectors of a word's strings, where strings have any."""
        rows = [] if self.subwords is None else self.subwords.buckets_of(word)
        if not rows:
            return None
        return self.network.weight.detach()[[len(self.tokenizer) + row for row in rows]].mean(0)

    def model_name(self) -> str:
        """Architecture, output and width."""
        parts = [self.architecture.replace("_", "-"), self.network.output.name.replace("_", " ")]
        parts += [] if self.subwords is None else ["subwords"]
        return ", ".join([*parts, str(self.embedding_size)])

    def named_axes(self) -> Mapping[str, Axes]:
        """Rows of words by their names, where there are no others in the table."""
        if self.subwords is not None:
            return {}
        found: dict[str, Axes] = {"network.weight": (Names(self.tokenizer.kind, self.tokenizer.tokens),)}
        if isinstance(self.network.output, NegativeSampling):
            found["network.output.weight"] = (Names("predicted word", self.tokenizer.tokens),)
        return found
