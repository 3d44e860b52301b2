"""Recurrent forecasters: step by step on their own outputs, or all steps at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.backbone.state import StackState
from rnnbench.data.series.windows import WindowBatch
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_0
from rnnbench.tasks.base import Loss, Spec
from rnnbench.tasks.forecasting.inputs import Inputs, SeriesVectors, as_read
from rnnbench.tasks.forecasting.metrics import Forecast
from rnnbench.tasks.forecasting.model import NeuralForecaster, Scaling
from rnnbench.tasks.forecasting.models.roll_out import RollOut, check_roll_out, roll_out, sampled
from rnnbench.tasks.forecasting.outputs import Output


class RecurrentForecaster(NeuralForecaster):
    """Reads the past value by value, and what else is known of each step.

    One of two ways leads to the future.

    - ``steps``: the stack is trained to say the next value, given the true ones. It forecasts on its own: each value
      that it says is the next one that it reads. With an output that is a distribution it goes many ways at once, each
      on values drawn from what it says; of these come the intervals (DeepAR, D. Salinas et al., 2020). A cell with
      delay lines, such as ``TDNN`` or ``NARX``, makes it the classic network of that name.
    - ``direct``: after the last value a linear map says all future ones at once.

    Args:
        backbone: Makes the recurrent stack from its input size.
        way: How it comes to the future.
        truth: Share of true values among those read in training by ``steps``; in place of the others it reads what it
            said itself (scheduled sampling, S. Bengio et al., NeurIPS 2015).
        identify: Width of a learned vector of each series; 0 for none.
        paths: Number of ways at once, for an output that is a distribution.
        dropout: Rate at which what the stack puts out is dropped in training.
        scaling: The unit of the network.
        output: What is said of a value.
        conformal: Whether intervals are moved to hold their share of the validation split.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        way: RollOut = "steps",
        truth: float = 1.0,
        identify: Annotated[int, AT_LEAST_0] = 0,
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
        if way not in ("steps", "direct"):
            raise UserError(f"there is no way {way!r}", where="model.way", hint="known: steps, direct")
        check_roll_out(truth, paths)
        if truth < 1 and way == "direct":
            raise UserError(
                "nothing that it says is read where all is said at once", where="model.truth", hint="leave it out"
            )
        self.make_backbone = backbone
        self.way = way
        self.truth = truth
        self.identify = identify
        self.paths = paths
        self.dropout = nn.Dropout(dropout)
        self.optimizer = optimizer
        self.scheduler = scheduler

    @property
    def direct(self) -> bool:
        """See `NeuralForecaster.direct`: an option."""
        return self.way == "direct"

    def build_network(self, spec: Spec) -> None:
        """Makes the layers."""
        if self.way == "steps" and spec["seen"]:
            raise UserError(
                f"step by step it would have to know {', '.join(spec['seen'])} of the future",
                where="model.way",
                hint="--model.way direct reads covariates that are seen only",
            )
        self.names = SeriesVectors(len(spec["series"]), self.identify) if self.identify else None
        size = self.reader.value_size + self.reader.covariates_size + self.reader.static_size + self.identify
        self.backbone = self.make_backbone(size)
        if self.way == "steps" and not self.backbone.causal:
            raise UserError("a bidirectional stack cannot step", where="model.backbone", hint="bidirectional: false")
        said = self.output.size * (self.horizon if self.direct else 1)
        self.say = nn.Linear(self.backbone.output_size, said)
        # What is known of a future step speaks for that step, the same way for each.
        direct = self.direct and self.reader.known_size
        self.say_known = nn.Linear(self.reader.known_size, self.output.size, bias=False) if direct else None

    def read(self, values: Tensor, covariates: Tensor, inputs: Inputs) -> Tensor:
        """What the stack reads ``(B, T, I)``: values ``(B, T, 1 or 2)``, covariates ``(B, T, K + P)``, the series."""
        fixed = [inputs.static]
        if self.names is not None:
            fixed.append(self.names(inputs.series))
        steps = values.shape[1]
        return torch.cat([values, covariates, *(part[:, None].expand(-1, steps, -1) for part in fixed)], -1)

    def forward(self, inputs: Inputs) -> Tensor:
        """What is said of all future steps at once ``(B, H, P)``."""
        hidden, _ = self.backbone(self.read(self.reader.values(inputs), inputs.covariates, inputs))
        given = self.say(self.dropout(hidden[:, -1])).view(-1, self.horizon, self.output.size)
        return given if self.say_known is None else given + self.say_known(inputs.known)

    def loss(self, batch: WindowBatch) -> Loss:
        """``direct``: over the future values; ``steps``: over every next value, of past and future."""
        if self.direct:
            return super().loss(batch)
        inputs = self.reader(batch)
        truth = torch.cat([batch.past, batch.future], 1)
        there = ~truth.isnan()
        values = as_read(torch.where(there, inputs.unit.into(truth), 0.0))
        # At each step it reads the value and what is known of the step after it, of which it speaks.
        known = torch.cat([inputs.covariates, inputs.known], 1)[:, 1:]
        if self.truth == 1:
            read = self.read(self._flagged(values, as_read(there))[:, :-1], known, inputs)
            given = self.say(self.dropout(self.backbone(read)[0]))
        else:
            given = self._sampled(values, as_read(there), known, inputs)
        return self.summed_loss(given, truth[:, 1:], inputs)

    def forecast(self, batch: WindowBatch) -> Forecast:
        """See `Forecaster.forecast`."""
        if self.direct:
            return super().forecast(batch)
        inputs = self.reader(batch)
        known = torch.cat([inputs.covariates, inputs.known], 1)[:, 1:]
        read = self.read(self.reader.values(inputs), known[:, : self.context], inputs)
        hidden, state = self.backbone(read)

        def step(value: Tensor, number: int, state: object, of: Inputs) -> tuple[Tensor, object]:
            rows = of.past.shape[0] // known.shape[0]
            seen = known[:, self.context + number - 1].repeat_interleave(rows, 0)
            x = self.read(self._flagged(value, torch.ones_like(value))[:, None], seen[:, None], of)[:, 0]
            y, state = self.backbone.step(x, state)  # type: ignore[arg-type]
            return self.say(y), state

        return roll_out(self, self.say(hidden[:, -1]), state, step, inputs, self.paths)

    def flops_per_token(self) -> float | None:
        """Of the stack, for a future value."""
        steps = self.context + (self.horizon if self.way == "steps" else 0)
        return self.backbone.flops_per_token() * steps / self.horizon

    def model_name(self) -> str:
        """Cell, depth, width, way and output."""
        output = f", {self.output.name}" if self.probabilistic else ""
        way = "step by step" if self.way == "steps" else "direct"
        return f"{self.backbone.summary()}, {way}{output}"

    def _flagged(self, values: Tensor, there: Tensor) -> Tensor:
        """Values ``(...)`` with their flags, if values can be missing at all ``(..., 1 or 2)``."""
        return torch.stack([values, there] if self.reader.missing else [values], -1)

    def _sampled(self, values: Tensor, there: Tensor, known: Tensor, inputs: Inputs) -> Tensor:
        """What is said of each next value where some of those read are its own."""

        def read(value: Tensor, flag: Tensor, number: int, state: StackState) -> tuple[Tensor, StackState]:
            x = self.read(self._flagged(value, flag)[:, None], known[:, number : number + 1], inputs)[:, 0]
            y, state = self.backbone.step(x, state)
            return self.say(self.dropout(y)), state

        state = self.backbone.initial_state(len(values), values)
        return sampled(self, values[:, :-1], there[:, :-1], state, read, inputs.unit, self.truth)
