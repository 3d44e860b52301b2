"""The recurrent encoder-decoder."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, Generic, Literal

import torch
import torch.nn.functional as F
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.backbone.initialize import uniform
from rnnbench.data.batches.batch import PairBatch
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.decode.beam import Beam
from rnnbench.errors import UserError
from rnnbench.nn import WordEmbedding
from rnnbench.nn.attention import Attention
from rnnbench.nn.bridge import BridgeKind
from rnnbench.nn.decoder import Decoder, DecoderState, MakeStack, causal
from rnnbench.nn.decoders.attention import BahdanauDecoder
from rnnbench.nn.encoder import Encoder
from rnnbench.nn.softmax import SoftmaxOutput
from rnnbench.ranges import POSITIVE
from rnnbench.tasks.base.data import Spec
from rnnbench.tasks.base.pairs.model import D, PairModel
from rnnbench.tasks.base.task import Loss
from rnnbench.tasks.base.texts import predicted, without_padding

Tie = Literal["none", "target", "all"]
"""Which matrices are one: none; the target embedding and the softmax; these and the source embedding."""


class EncoderDecoder(PairModel[D], Generic[D]):
    """An encoder over the source, and a decoder that writes the target token by token.

    Args:
        backbone: Makes the encoder's recurrent stack from its input size.
        decoder: Makes the decoder; the architectures of the papers are `SequenceDecoder`, `ContextDecoder`,
            `BahdanauDecoder`, `LuongDecoder` and `GNMTDecoder`.
        decoder_backbone: Makes the decoder's recurrent stack from its input size; null takes the encoder's options,
            with one direction.
        decoder_hidden_size: Number of hidden units of each layer of the decoder, in place of what its options say.
        decoder_layers: Depth of the decoder, in place of what its options say.
        bridge: How the decoder's first state comes from the encoder's last one.
        embedding: Makes the vectors of the tokens of one side from their number.
        tie_embeddings: Which of the source embedding, the target embedding and the weight of the softmax are one matrix
            (O. Press and L. Wolf, EACL 2017); ``all`` needs one vocabulary of both sides, as by ``data.joint``.
        reverse_source: Whether the encoder reads every source from its end.
        bidirectional_first: Whether the first layer of the encoder alone reads from both ends, as in GNMT.
        dropout: Rate at which the vector before the softmax is dropped in training.
        label_smoothing: Share of a target's probability that all tokens get in training (C. Szegedy et al., CVPR 2016).
        scheduled_sampling: Rate at which the decoder reads its own best token in training in place of the reference's
            (S. Bengio et al., NeurIPS 2015). Any decoder then has to go step by step, softmax included.
        sampling_steps: Training steps over which this rate grows from zero.
        init_range: Draw every weight and bias from U(-r, r) in place of each layer's own initialisation.
        beam_size: Hypotheses of a source at a time, in test; validation takes the best token always.
        length_penalty: Alpha of GNMT: 0 prefers short targets, 1 (about) the best mean over tokens.
        coverage_penalty: Beta of GNMT: punishes source tokens that were hardly attended to.
        max_length: Most tokens of a target.
        length_ratio: Most tokens of a target for each token of the source, ten more being allowed.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        decoder: Callable[[int, Encoder, MakeStack, BridgeKind], Decoder] = BahdanauDecoder,
        decoder_backbone: Callable[[int], Backbone] | None = None,
        decoder_hidden_size: int | None = None,
        decoder_layers: int | None = None,
        bridge: BridgeKind = "linear",
        embedding: Callable[[int], WordEmbedding] = WordEmbedding,
        tie_embeddings: Tie = "none",
        reverse_source: bool = False,
        bidirectional_first: bool = False,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        scheduled_sampling: float = 0.0,
        sampling_steps: int = 0,
        init_range: Annotated[float, POSITIVE] | None = None,
        beam_size: int = 5,
        length_penalty: float = 0.0,
        coverage_penalty: float = 0.0,
        max_length: int = 200,
        length_ratio: float = 3.0,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        for name, rate in (("label_smoothing", label_smoothing), ("scheduled_sampling", scheduled_sampling)):
            if not 0 <= rate <= 1:
                raise UserError(f"must be in [0, 1], found {rate}", where=f"model.{name}")
        if max_length < 1:
            raise UserError(f"must be at least 1, found {max_length}", where="model.max_length")
        for name, least in (("length_ratio", length_ratio), ("sampling_steps", sampling_steps)):
            if least < 0:
                raise UserError(f"must be 0 or more, found {least}", where=f"model.{name}")
        self.make_backbone = backbone
        self.make_decoder = decoder
        self.make_decoder_stack = self._decoder_stack(decoder_backbone, decoder_hidden_size, decoder_layers)
        self.bridge: BridgeKind = bridge
        self.make_embedding = embedding
        self.tie_embeddings = tie_embeddings
        self.reverse_source = reverse_source
        self.bidirectional_first = bidirectional_first
        self.dropout = nn.Dropout(dropout)
        self.label_smoothing = label_smoothing
        self.scheduled_sampling = scheduled_sampling
        self.sampling_steps = sampling_steps
        self.init_range = init_range
        self.beam = Beam(beam_size, length_penalty, coverage_penalty)
        self.beam.check()
        self.max_length = max_length
        self.length_ratio = length_ratio
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers for these vocabularies."""
        self.source_embedding = self.make_embedding(len(self.source_encoder))
        self.source_embedding.check_start()
        if self.tie_embeddings == "all":
            if not spec["joint"]:
                raise UserError(
                    "source and target have a vocabulary each, and one matrix cannot hold both",
                    where="model.tie_embeddings",
                    hint="--data.joint true; or --model.tie_embeddings target",
                )
            self.target_embedding = self.source_embedding
        else:
            self.target_embedding = self.make_embedding(len(self.target_encoder))
        width = self.source_embedding.size
        self.encoder = Encoder(self.make_backbone, width, self.reverse_source, self.bidirectional_first)
        self.decoder = self.make_decoder(width, self.encoder, self.make_decoder_stack, self.bridge)
        if self.beam.coverage_penalty and not self.attends:
            raise UserError("this decoder attends to nothing", where="model.coverage_penalty", hint="leave it at 0")
        self.output = SoftmaxOutput(self.decoder.output_size, len(self.target_encoder))
        if self.tie_embeddings != "none":
            if self.decoder.output_size != width:
                raise UserError(
                    f"tied embeddings must be as wide as what the decoder puts out: {width} is not"
                    f" {self.decoder.output_size}",
                    where="model.tie_embeddings",
                    hint=f"--model.embedding.embedding_size {self.decoder.output_size}, or another readout_size",
                )
            self.output.weight = self.target_embedding.table.weight
        if self.init_range is not None:
            uniform(self, self.init_range)

    @property
    def attends(self) -> bool:
        """See `PairModel.attends`."""
        return any(isinstance(part, Attention) for part in self.decoder.modules())

    def start(self, source: Tensor, lengths: Tensor) -> DecoderState:
        """See `PairModel.start`."""
        return self.decoder.start(self.encoder(self.source_embedding(source), lengths))

    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `PairModel.step`. Padding and the mark of the beginning are never written."""
        features, state = self.decoder.step(self.target_embedding(tokens), state)
        log_probs = F.log_softmax(self.output(features), 1)
        log_probs[:, [TextEncoder.pad, TextEncoder.begin]] = -torch.inf
        return log_probs, state

    def forward(self, batch: PairBatch) -> tuple[Tensor, Tensor | None]:
        """See `PairModel.forward`."""
        features, attention = self._read(batch)
        return self.output(features), attention

    def loss(self, batch: PairBatch) -> Loss:
        """Cross-entropy of the targets, over tokens."""
        features, _ = self._read(batch)
        return Loss(self.output.nats(features, predicted(batch), smoothing=self.label_smoothing), batch.tokens)

    def _read(self, batch: PairBatch) -> tuple[Tensor, Tensor | None]:
        """What the scores of all targets are made of ``(N, D)``, dropped, and the weights of the attention."""
        state = self.start(batch.source, batch.source_lengths)
        read = batch.target[:, :-1]
        rate = self._sampling_rate()
        if rate:
            features, attention = self._follow_itself(read, state, rate), None
        else:
            features, attention = self.decoder(self.target_embedding(read), batch.target_lengths, state)
        # The widest product by far: not for padding.
        return self.dropout(without_padding(features, batch)), attention

    def flops_per_token(self) -> float | None:
        """Of one token of the target and one of the source; the attention counts with its layers alone."""
        output = 2 * self.output.weight.numel()
        return float(self.encoder.flops_per_token() + self.decoder.flops_per_token() + output)

    def model_name(self) -> str:
        """Encoder and decoder, such as ``BiGRU 1x256, BahdanauDecoder 1x256``."""
        read = self.encoder.summary()
        written = [layer[0] for stack in self.decoder.stacks for layer in stack.cells]
        return f"{read}, {type(self.decoder).__name__} {len(written)}x{written[0].hidden_size}"

    def cell_name(self) -> str | None:
        """Name of the encoder's cell."""
        return self.encoder.cell_name

    def _sampling_rate(self) -> float:
        """Rate of scheduled sampling at this step of the training."""
        if not self.training or not self.scheduled_sampling:
            return 0.0
        grown = 1.0 if self.sampling_steps == 0 else min(self.global_step / self.sampling_steps, 1.0)
        return self.scheduled_sampling * grown

    def _follow_itself(self, read: Tensor, state: DecoderState, rate: float) -> Tensor:
        """Features ``(B, T, D)`` where the decoder reads tokens ``(B, T)``, or at a rate its own in their place."""
        token = read[:, 0]
        features = []
        for t in range(read.shape[1]):
            made, state = self.decoder.step(self.target_embedding(token), state)
            features.append(made)
            if t + 1 < read.shape[1]:
                with torch.no_grad():
                    own = self.output(made).argmax(1)
                token = torch.where(torch.rand(len(read), device=read.device) < rate, own, read[:, t + 1])
        return torch.stack(features, 1)

    def _decoder_stack(
        self, backbone: Callable[[int], Backbone] | None, hidden_size: int | None, layers: int | None
    ) -> MakeStack:
        """The decoder's options: its own, or the encoder's with one direction."""
        # A bridge makes the first state: a learned one would be no one's.
        options: dict[str, int | bool | None] = {"learned_state": False}
        if backbone is None:
            options["bidirectional"] = False
        if hidden_size is not None:
            options |= {"hidden_size": hidden_size, "parameters": None}
        if layers is not None:
            options["num_layers"] = layers
        make = functools.partial(self.make_backbone if backbone is None else backbone, **options)
        return causal(make, "model.decoder_backbone")
