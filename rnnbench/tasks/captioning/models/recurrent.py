"""The recurrent captioner."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn
from torch.optim import Optimizer

from rnnbench.backbone import Backbone
from rnnbench.data.source import Split
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.decode.beam import Beam
from rnnbench.errors import UserError
from rnnbench.nn import ConvEncoder, WordEmbedding
from rnnbench.nn.attention import Attention
from rnnbench.nn.decoder import DecoderState, Encoded, MakeStack, causal
from rnnbench.nn.image_encoders.base import ImageEncoder, RegionEncoder
from rnnbench.tasks.base import Loss, Spec, exact_nats
from rnnbench.tasks.base.maps import keep_maps
from rnnbench.tasks.base.pictures import record_picture
from rnnbench.tasks.base.texts import perplexity, predicted, sum_texts, where_predicted, without_padding
from rnnbench.tasks.captioning.batch import CaptionBatch
from rnnbench.tasks.captioning.decoders.base import CaptionDecoder
from rnnbench.tasks.captioning.decoders.soft import SoftAttentionDecoder
from rnnbench.tasks.captioning.model import CaptionModel
from rnnbench.tasks.captioning.models.self_critical import SelfCritic
from rnnbench.tasks.captioning.pictures import ATTENTION, Seen, draw_attention
from rnnbench.tasks.captioning.scores.pointing import count_pointed
from rnnbench.tasks.captioning.search import describe_images, search

_PICTURES = 8
_GREEDY = Beam(size=1)
# Padding, what is in no vocabulary and the mark of the beginning are never written.
_NEVER = [TextEncoder.pad, TextEncoder.unknown, TextEncoder.begin]


class Captioner(CaptionModel):
    """An encoder that looks at the image, and a decoder that writes the caption word by word.

    Args:
        encoder: Makes the encoder from the pixels of a side, or from the width of features.
        decoder: Makes the decoder from the widths of a token's vector and of the image's; the architectures of the
            papers are `ImageFirstDecoder`, `ImageAlwaysDecoder`, `SoftAttentionDecoder`, `HardAttentionDecoder` and
            `AdaptiveDecoder`.
        backbone: Makes the decoder's recurrent stack from its input size.
        embedding: Makes the vectors of the words from their number.
        dropout: Rate at which the vector before the softmax is dropped in training.
        self_critical_after: Number of epochs after which the model learns from captions that it draws, by their CIDEr-D
            (S. J. Rennie et al., CVPR 2017), rather than from those of the data; null for never.
        label_smoothing: Share of a target's probability that all words get in training (C. Szegedy et al., CVPR 2016).
        beam_size: Captions of an image at a time, in test; validation takes the best word always.
        length_penalty: Alpha of GNMT: 0 prefers short captions, 1 (about) the best mean over words.
        max_length: Most words of a caption.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    def __init__(
        self,
        encoder: Callable[[int], RegionEncoder] = ConvEncoder,
        decoder: Callable[[int, int, MakeStack], CaptionDecoder] = SoftAttentionDecoder,
        backbone: Callable[[int], Backbone] = Backbone,
        embedding: Callable[[int], WordEmbedding] = WordEmbedding,
        dropout: float = 0.0,
        self_critical_after: int | None = None,
        label_smoothing: float = 0.0,
        beam_size: int = 3,
        length_penalty: float = 0.0,
        max_length: int = 30,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        if not 0 <= label_smoothing <= 1:
            raise UserError(f"must be in [0, 1], found {label_smoothing}", where="model.label_smoothing")
        if self_critical_after is not None and self_critical_after < 0:
            raise UserError(f"must be 0 or more, found {self_critical_after}", where="model.self_critical_after")
        if max_length < 1:
            raise UserError(f"must be at least 1, found {max_length}", where="model.max_length")
        self.make_encoder = encoder
        self.make_decoder = decoder
        # A decoder makes the first state: a learned one would be no one's.
        make = functools.partial(backbone, learned_state=False)  # type: ignore[call-arg]
        self.make_stack: MakeStack = causal(make, "model.backbone")
        self.make_embedding = embedding
        self.dropout = nn.Dropout(dropout)
        self.self_critical_after = self_critical_after
        self.label_smoothing = label_smoothing
        self.beam = Beam(beam_size, length_penalty)
        self.beam.check()
        self.max_length = max_length
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers for this vocabulary and size of images or width of features."""
        self.encoder = self._make_encoder(spec)
        self.embedding = self.make_embedding(len(self.words))
        width = self.embedding.size
        self.decoder = self.make_decoder(width, self.encoder.output_size, self.make_stack)
        self.output = nn.Linear(self.decoder.output_size, len(self.words))

    @property
    def attends(self) -> bool:
        """Whether the decoder attends to regions."""
        return any(isinstance(part, Attention) for part in self.decoder.modules())

    @property
    def grid(self) -> tuple[int, int] | None:
        """Rows and columns that attention has in an image; None where it has no place there, or there is none."""
        return self.encoder.grid if self.attends else None

    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """One token ``(N,)`` of each caption -> log-probabilities of the next ``(N, V)``, and the state."""
        features, state = self.decoder.step(self.embedding(tokens), state)
        scores = self.output(features)
        scores[:, _NEVER] = -torch.inf
        return F.log_softmax(scores, 1), state

    def forward(self, batch: CaptionBatch) -> tuple[Tensor, Tensor | None]:
        """Reads images with their captions.

        Returns:
            Scores of the tokens of all captions ``(M, V)``, one caption after the other, and the weights of the
            attention ``(N, T, S)`` if there is one.
        """
        scores, _, attention = self._read(batch)
        return scores, attention

    def on_fit_start(self) -> None:
        """Makes the encoder ready, and computes maps that stay the same."""
        self.encoder.start_training(self.trainer.world_size)
        if isinstance(self.encoder, ImageEncoder):
            keep_maps(self.encoder, self.data, self.trainer)

    def make_optimizer(self, make: OptimizerCallable) -> Optimizer:
        """See `Task.make_optimizer`: the encoder may learn more slowly."""
        return self.encoder.make_optimizer(make, self)

    def on_train_start(self) -> None:
        """Looks at the clock, and tells the encoder: an epoch that goes on after a resume has no start."""
        self.encoder.start_epoch(self.current_epoch)
        self._images, self._began = 0, time.perf_counter()

    def on_train_epoch_start(self) -> None:
        """See `on_train_start`."""
        self.on_train_start()

    def on_train_batch_end(self, outputs: object, batch: CaptionBatch, batch_idx: int) -> None:
        """Counts the images."""
        self._images += len(batch.ids)
        seconds = time.perf_counter() - self._began
        self.log("train/images_per_second", self._images / seconds, batch_size=len(batch.ids))

    def loss(self, batch: CaptionBatch) -> Loss:
        """Cross-entropy of the captions, over tokens, and what the decoder adds to it; or `SelfCritic`'s loss."""
        if self.self_critical_after is not None and self.current_epoch >= self.self_critical_after:
            return self._self_critical_loss(batch)
        encoded = self.encoder(batch.images)
        scores, made, attention = self._read(batch, encoded)
        nats = F.cross_entropy(
            scores,
            predicted(batch),
            reduction="none",
            label_smoothing=self.label_smoothing,
        )
        valid = where_predicted(batch)
        # From one caption after the other to a row for each, zero past its end.
        spread = nats.new_zeros(valid.shape).masked_scatter(valid, nats)
        penalty = self.decoder.penalty(made, attention, spread, valid, encoded.lengths[batch.owner])
        return Loss(nats.sum(), batch.tokens, penalty)

    def _self_critical_loss(self, batch: CaptionBatch) -> Loss:
        """Minus the log-likelihood of drawn captions, each times its advantage, over tokens."""
        encoded = self.encoder(batch.images)
        drawn = self._critic.draw(self, batch, encoded, self.global_step)
        scores, _, _ = self._read(drawn.batch, encoded)
        scores = scores.index_fill(1, torch.tensor(_NEVER, device=scores.device), -torch.inf)
        nats = F.cross_entropy(scores, predicted(drawn.batch), reduction="none")
        advantage = drawn.advantage.repeat_interleave(drawn.batch.target_lengths).to(nats)
        self.log("train/cider", 100 * drawn.reward, batch_size=len(batch.ids))
        return Loss((advantage * nats).sum(), drawn.batch.tokens)

    @functools.cached_property
    def _critic(self) -> SelfCritic:
        return SelfCritic(self.data.references("train"))

    def describe_batch(self, batch: CaptionBatch, split: Split) -> tuple[list[str], Tensor]:
        """See `CaptionModel.describe_batch`: of the references negative log-likelihood, tokens, and `count_pointed`."""
        encoded = self.encoder(batch.images)
        scores, _, attention = self._read(batch, encoded)
        nats = exact_nats(scores, predicted(batch))
        of_captions = sum_texts(nats, batch.target_lengths)
        columns = torch.stack([of_captions, batch.target_lengths.to(of_captions)], 1)
        numbers = columns.new_zeros(len(batch.ids), 2).index_add(0, batch.owner.to(columns.device), columns)
        if attention is not None and self.grid is not None:
            of_split = self.data.splits[split].images
            images = [of_split[i] if i >= 0 else None for i in batch.ids.tolist()]
            pointed = count_pointed(attention, batch.owner, images, self.grid)
            numbers = torch.cat([numbers, pointed.to(numbers)], 1)
        found = search(self, encoded, self._search_of(split))
        # Where probabilities are no numbers, nothing is found.
        return [self.words.decode(best[0].tokens) if best else "" for best in found], numbers

    def draw_test(self) -> None:
        """See `Task.draw_test`: draws what was looked at in some images."""
        super().draw_test()
        if self.grid is not None:
            read = self.data.splits["test"]
            pixels = [read.pixels(i) for i in range(min(_PICTURES, len(read.images)))]
            found = describe_images(self, pixels, self.beam)
            items = [
                Seen(one, best.words, best.attention)
                for one, (best, *_) in zip(pixels, found, strict=True)
                if best.attention is not None
            ]
            draw_attention(Path(self.trainer.default_root_dir, ATTENTION), items)
            record_picture(self.trainer, ATTENTION)

    def further_metrics(self, values: Tensor) -> dict[str, float]:
        """See `CaptionModel.further_metrics`: perplexity per token of the references, end marks included; pointing."""
        nats, tokens, *pointing = (math.fsum(column) for column in values.T.tolist())
        found = {"perplexity": perplexity(nats / tokens)}
        if pointing and pointing[1]:
            pointed, nouns, chance = pointing
            found |= {"pointing": pointed / nouns, "pointing_chance": chance / nouns}
        return found

    def flops_per_token(self) -> float | None:
        """Of one token of a caption; the encoder reads an image once for all its captions, which is not counted."""
        return float(self.decoder.flops_per_token() + 2 * self.output.weight.numel())

    def model_name(self) -> str:
        """Decoder and stack, such as ``SoftAttentionDecoder, LSTM 1x256``."""
        cells = [layer[0] for stack in self.decoder.stacks for layer in stack.cells]
        return f"{type(self.decoder).__name__}, {self.cell_name()} {len(cells)}x{cells[0].hidden_size}"

    def cell_name(self) -> str | None:
        """Name of the decoder's cell."""
        return self.decoder.stacks[0].cell_name

    def _make_encoder(self, spec: Spec) -> RegionEncoder:
        """The encoder, if it reads what the data have."""
        # Of which kind it is only an encoder tells.
        encoder = self.make_encoder(spec["image_size"])
        features = spec.get("feature_size")
        if encoder.reads_features != (features is not None):
            name = type(encoder).__name__
            if features is not None:
                problem, hint = f"{name} reads pixels, and the data have features", "--model.encoder RegionFeatures"
            else:
                problem, hint = f"{name} reads features, and the data have pixels", "--data.features names their folder"
            raise UserError(problem, where="model.encoder", hint=hint)
        return encoder if features is None else self.make_encoder(features)

    def _read(self, batch: CaptionBatch, encoded: Encoded | None = None) -> tuple[Tensor, Tensor, Tensor | None]:
        """Scores ``(M, V)`` of all tokens, what the decoder made ``(N, T, P)``, and its attention."""
        # The encoder runs once an image, whatever the number of captions.
        state = self.decoder.start(self.encoder(batch.images) if encoded is None else encoded)
        x = self.embedding(batch.target[:, :-1])
        made, attention = self.decoder.read(x, batch.target_lengths, state.select(batch.owner))
        # The widest products by far: not for padding.
        features = self.decoder.finish(without_padding(made, batch), without_padding(x, batch))
        return self.output(self.dropout(features)), made, attention

    def _search_of(self, split: str) -> Beam:
        return self.beam if split == "test" else _GREEDY

    def decoding(self) -> str:
        """See `Task.decoding`: so many captions of an image at a time."""
        return f"beam:{self.beam.size}|length_penalty:{self.beam.length_penalty:g}"
