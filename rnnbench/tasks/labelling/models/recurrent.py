"""The recurrent tagger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.data.batches.batch import IGNORED, TaggingBatch
from rnnbench.errors import UserError
from rnnbench.nn import WordEmbedding
from rnnbench.nn.characters import CharacterEncoder
from rnnbench.nn.crf import LinearChainCRF
from rnnbench.tasks.base import Loss, Spec
from rnnbench.tasks.labelling.data import TaggingData
from rnnbench.tasks.labelling.model import TaggingModel
from rnnbench.tasks.labelling.scheme import legal

# Letters of an English word on average, for which a character encoder is counted.
_LETTERS = 5


class Tagger(TaggingModel):
    """Embedding, recurrent backbone, and a CRF or a softmax over the tags.

    Z. Huang, W. Xu and K. Yu, Bidirectional LSTM-CRF Models for Sequence Tagging, arXiv 1508.01991 (2015); with the
    characters of words: G. Lample et al., Neural Architectures for Named Entity Recognition, NAACL 2016.

    Args:
        backbone: Makes the recurrent stack from its input size.
        embedding: Makes the vectors of tokens from their number.
        bigram_size: Width of the vector of a pair of neighbours, where the data have pairs (``data.bigram_min_count``);
            every token has that of itself with the one before, and with the one after it.
        characters: Makes the encoder of words as characters from the number of characters; null for none.
        head: What chooses the tags: a CRF looks at all of them together, a softmax at each on its own.
        constrained: Whether the CRF rules out what is no sequence of words or entities, such as an inside without a
            beginning; plain tags have no such rules.
        dropout: Rate at which the vectors and the backbone's output are dropped in training.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        embedding: Callable[[int], WordEmbedding] = WordEmbedding,
        bigram_size: int = 50,
        characters: Callable[[int], CharacterEncoder] | None = None,
        head: Literal["crf", "softmax"] = "crf",
        constrained: bool = True,
        dropout: float = 0.0,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.make_backbone = backbone
        self.make_embedding = embedding
        self.bigram_size = bigram_size
        self.make_characters = characters
        self.head = head
        self.constrained = constrained
        self.dropout = nn.Dropout(dropout)
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers for this vocabulary and these tags."""
        encoder = self.encoder
        self.embedding = self.make_embedding(len(encoder.tokens))
        width = self.embedding.table.embedding_dim
        self.bigrams = self.characters = self.crf = None
        if encoder.bigrams is not None:
            self.bigrams = nn.Embedding(len(encoder.bigrams), self.bigram_size)
            width += 2 * self.bigram_size
        if self.make_characters is not None:
            if encoder.characters is None:
                raise UserError(
                    "the tokens of these data are characters already",
                    where="model.characters",
                    hint="leave them out: --model.characters null",
                )
            self.characters = self.make_characters(len(encoder.characters))
            width += self.characters.output_size
        self.backbone = self.make_backbone(width)
        self.output = nn.Linear(self.backbone.output_size, len(self.tags))
        if self.head == "crf":
            rules = legal(self.tags, self.scheme) if self.constrained and self.task != "tags" else None
            self.crf = LinearChainCRF(len(self.tags), rules)

    def start_from(self, data: TaggingData) -> None:
        """Puts the pretrained vectors of the data into a new model; later the checkpoint holds them."""
        self.embedding.start(data.vectors)

    def forward(self, batch: TaggingBatch) -> Tensor:
        """A batch of sentences -> scores of the tags ``(B, T, K)``."""
        parts = [self.embedding(batch.x)]
        if self.bigrams is not None:
            pairs = self.bigrams(batch.bigrams)
            parts += [pairs[:, :-1], pairs[:, 1:]]
        if self.characters is not None:
            words = self.characters(batch.characters, batch.character_lengths)
            parts.append(words[batch.spelled])
        hidden, _ = self.backbone(self.dropout(torch.cat(parts, dim=2)), batch.lengths)
        return self.output(self.dropout(hidden))

    def loss(self, batch: TaggingBatch) -> Loss:
        """Negative log-likelihood of the tags, over tokens."""
        scores = self(batch)
        if self.crf is not None:
            nats = -self.crf.log_likelihood(scores, batch.y, batch.lengths).sum()
        else:
            nats = F.cross_entropy(scores.flatten(0, 1), batch.y.flatten(), ignore_index=IGNORED, reduction="sum")
        return Loss(nats, batch.tokens)

    def predict_tags(self, batch: TaggingBatch) -> Tensor:
        """See `TaggingModel.predict_tags`."""
        scores = self(batch)
        return self.crf.decode(scores, batch.lengths) if self.crf is not None else scores.argmax(2)

    def tag_probabilities(self, batch: TaggingBatch, tags: Tensor) -> Tensor:
        """See `TaggingModel.tag_probabilities`; of a CRF these are marginal probabilities."""
        scores = self(batch)
        of_all = self.crf.marginals(scores, batch.lengths) if self.crf is not None else scores.softmax(2)
        return of_all.gather(2, tags[..., None]).squeeze(2)

    def flops_per_token(self) -> float | None:
        """Those of the backbone, of the output, and of the characters of a short word."""
        counted = self.backbone.flops_per_token() + 2 * self.output.weight.numel()
        if self.characters is not None:
            counted += self.characters.flops(_LETTERS)
        return float(counted)

    def model_name(self) -> str:
        """Direction, cell, head, depth, width, what else it sees, such as ``BiLSTM-CRF 1x128, bigrams``."""
        head = "-CRF" if self.crf is not None else ""
        sees = [type(self.characters).__name__] if self.characters is not None else []
        sees += ["bigrams"] if self.bigrams is not None else []
        return ", ".join([self.backbone.summary(head), *sees])
