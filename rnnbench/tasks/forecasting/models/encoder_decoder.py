"""An encoder that reads the past, and a decoder that says the future step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.data.series.windows import WindowBatch
from rnnbench.errors import UserError
from rnnbench.nn.bridge import Bridge, BridgeKind
from rnnbench.tasks.base import Loss, Spec
from rnnbench.tasks.forecasting.inputs import Inputs, as_read
from rnnbench.tasks.forecasting.metrics import Forecast
from rnnbench.tasks.forecasting.model import NeuralForecaster, Scaling
from rnnbench.tasks.forecasting.models.roll_out import check_roll_out, roll_out, sampled
from rnnbench.tasks.forecasting.outputs import Output


class EncoderDecoderForecaster(NeuralForecaster):
    """One recurrent stack reads the past, another one goes on from its state.

    At each future step the decoder reads the value before, what is known of the step, and what the series is. In
    training the value before is the true one, or its own at a share of the steps; on its own it is always its own. An
    output that is a distribution goes many ways at once, as in `RecurrentForecaster`. K. Cho et al., Learning Phrase
    Representations using RNN Encoder-Decoder for Statistical Machine Translation, EMNLP 2014.

    Args:
        backbone: Makes the encoder from its input size; it may read in both directions.
        decoder: Makes the decoder; by default a stack as the encoder.
        bridge: How the decoder's first state is made of the encoder's last one.
        truth: Share of true values among those that the decoder reads in training.
        paths: Number of ways at once, for an output that is a distribution.
        dropout: Rate at which what the decoder puts out is dropped in training.
        scaling: The unit of the network.
        output: What is said of a value.
        conformal: Whether intervals are moved to hold their share of the validation split.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        decoder: Callable[[int], Backbone] | None = None,
        bridge: BridgeKind = "linear",
        truth: float = 1.0,
        paths: int = 100,
        dropout: float = 0.0,
        scaling: Scaling = "instance",
        output: Output | None = None,
        conformal: bool = True,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__(scaling, output, conformal)
        self.save_hyperparameters()
        check_roll_out(truth, paths)
        self.make_backbone = backbone
        self.make_decoder = decoder or backbone
        self.bridge_kind: BridgeKind = bridge
        self.truth = truth
        self.paths = paths
        self.dropout = nn.Dropout(dropout)
        self.optimizer = optimizer
        self.scheduler = scheduler

    @property
    def direct(self) -> bool:
        """See `NeuralForecaster.direct`: the decoder reads what it said."""
        return False

    def build_network(self, spec: Spec) -> None:
        """Makes the layers."""
        reader = self.reader
        self.backbone = self.make_backbone(reader.value_size + reader.covariates_size + reader.static_size)
        self.decoder = self.make_decoder(reader.value_size + reader.known_size + reader.static_size)
        if not self.decoder.causal:
            raise UserError(
                "a bidirectional stack cannot say one step after the other",
                where="model.decoder",
                hint="name a decoder of one direction: --model.decoder.bidirectional false",
            )
        self.bridge = Bridge(self.backbone.cells, self.decoder.cells, self.bridge_kind)
        self.say = nn.Linear(self.decoder.output_size, self.output.size)

    def forward(self, inputs: Inputs) -> Any:
        """The state from which the decoder goes on."""
        fixed = inputs.static[:, None].expand(-1, self.context, -1)
        _, state = self.backbone(torch.cat([self.reader.values(inputs), inputs.covariates, fixed], -1))
        return self.bridge(state, inputs.past)

    def loss(self, batch: WindowBatch) -> Loss:
        """The output's loss, over all future values that are there."""
        inputs = self.reader(batch)
        there = ~batch.future.isnan()
        future = as_read(torch.where(there, inputs.unit.into(batch.future), 0.0))
        values = torch.cat([inputs.past[:, -1:], future[:, :-1]], 1)
        flags = torch.cat([inputs.there[:, -1:], as_read(there[:, :-1])], 1)
        state = self(inputs)
        if self.truth == 1:
            hidden, _ = self.decoder(self._read(values, flags, inputs.known, inputs), state=state)
            return self.summed_loss(self.say(self.dropout(hidden)), batch.future, inputs)

        def read(value: Tensor, flag: Tensor, number: int, state: Any) -> tuple[Tensor, Any]:
            x = self._read(value[:, None], flag[:, None], inputs.known[:, number : number + 1], inputs)[:, 0]
            hidden, state = self.decoder.step(x, state)
            return self.say(self.dropout(hidden)), state

        return self.summed_loss(
            sampled(self, values, flags, state, read, inputs.unit, self.truth), batch.future, inputs
        )

    def forecast(self, batch: WindowBatch) -> Forecast:
        """See `Forecaster.forecast`."""
        inputs = self.reader(batch)

        def step(value: Tensor, number: int, state: Any, of: Inputs) -> tuple[Tensor, Any]:
            rows = len(of.past) // len(inputs.past)
            known = inputs.known[:, number : number + 1].repeat_interleave(rows, 0)
            hidden, state = self.decoder.step(
                self._read(value[:, None], torch.ones_like(value)[:, None], known, of)[:, 0], state
            )
            return self.say(hidden), state

        read = self._read(inputs.past[:, -1:], inputs.there[:, -1:], inputs.known[:, :1], inputs)
        hidden, state = self.decoder.step(read[:, 0], self(inputs))
        return roll_out(self, self.say(hidden), state, step, inputs, self.paths)

    def flops_per_token(self) -> float | None:
        """Of both stacks, for a future value."""
        return self.backbone.flops_per_token() * self.context / self.horizon + self.decoder.flops_per_token()

    def model_name(self) -> str:
        """Both stacks and the output."""
        output = f", {self.output.name}" if self.probabilistic else ""
        return f"encoder {self.backbone.summary()}, decoder {self.decoder.summary()}{output}"

    def _read(self, values: Tensor, flags: Tensor, known: Tensor, inputs: Inputs) -> Tensor:
        """What the decoder reads ``(B, T, I)``: values and flags ``(B, T)``, what is known ``(B, T, K)``."""
        parts = [values, flags] if self.reader.missing else [values]
        fixed = inputs.static[:, None].expand(-1, values.shape[1], -1)
        return torch.cat([torch.stack(parts, -1), known, fixed], -1)
