"""SegRNN."""

from __future__ import annotations

from collections.abc import Callable

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.backbone.state import select
from rnnbench.errors import UserError
from rnnbench.tasks.base import Spec
from rnnbench.tasks.forecasting.inputs import Inputs, SeriesVectors
from rnnbench.tasks.forecasting.model import NeuralForecaster, Scaling
from rnnbench.tasks.forecasting.outputs import Output


class SegmentForecaster(NeuralForecaster):
    """Reads a series segment by segment and writes all segments of the future at once.

    S. Lin, W. Lin, W. Wu, F. Zhao, R. Mo and H. Zhang, SegRNN: Segment Recurrent Neural Network for Long-Term Time
    Series Forecasting, arXiv 2308.11200 (2023), over any cell. The last past value is taken off the past and put back
    on the forecast. Each segment of w values becomes relu(W s + b); the recurrent stack reads these. From its last
    state one step is made for every future segment, all side by side, with a vector of the segment's place and a vector
    of the series as its input; what the step puts out becomes the w values of the segment. Only the past values are
    read: covariates are not.

    Args:
        backbone: Makes the recurrent stack from its input size.
        segment: Number w of values; it divides context and horizon.
        dropout: Rate at which what stands before the values is dropped in training.
        identify: Whether the series has a vector; without, all of the input tells the place.
        scaling: The unit of the network.
        output: What is said of a value.
        conformal: Whether intervals are moved to hold their share of the validation split.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        segment: int = 24,
        dropout: float = 0.0,
        identify: bool = True,
        scaling: Scaling = "standard",
        output: Output | None = None,
        conformal: bool = True,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__(scaling, output, conformal)
        self.save_hyperparameters()
        self.make_backbone = backbone
        self.segment = segment
        self.identify = identify
        self.dropout = nn.Dropout(dropout)
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build_network(self, spec: Spec) -> None:
        """Makes the layers for this window."""
        for name, steps in (("context", self.context), ("horizon", self.horizon)):
            if self.segment < 1 or steps % self.segment:
                raise UserError(
                    f"segments of {self.segment} do not fill {steps} steps",
                    where=f"--data.{name} {steps}",
                    hint="--model.segment has to divide data.context and data.horizon",
                )
        # The stack's own width tells how wide a segment's vector is; it is asked for on the meta device.
        with torch.device("meta"):
            width = self.make_backbone(8).output_size
        if self.identify and width % 2:
            raise UserError(
                f"{width} units cannot be halved", where="model.backbone.hidden_size", hint="take an even one"
            )
        self.backbone = self.make_backbone(width)
        if not self.backbone.causal:
            raise UserError("a bidirectional stack cannot step", where="model.backbone", hint="bidirectional: false")
        self.embed = nn.Sequential(nn.Linear(self.segment * self.reader.value_size, width), nn.ReLU())
        half = width // 2 if self.identify else width
        self.places = nn.Parameter(torch.randn(self.horizon // self.segment, half))
        self.names = SeriesVectors(len(spec["series"]), half) if self.identify else None
        self.write = nn.Linear(width, self.segment * self.output.size)

    def forward(self, inputs: Inputs) -> Tensor:
        """See `NeuralForecaster.forward`."""
        batch, count = inputs.past.shape[0], len(self.places)
        last = last_there(inputs)
        shifted = inputs._replace(past=(inputs.past - last) * inputs.there)
        segments = self.reader.values(shifted).reshape(batch, self.context // self.segment, -1)
        _, state = self.backbone(self.embed(segments))
        asked = self.places.expand(batch, -1, -1)
        if self.names is not None:
            names = self.names(inputs.series)[:, None].expand(-1, count, -1)
            asked = torch.cat([asked, names], -1)
        rows = torch.arange(batch, device=last.device).repeat_interleave(count)
        hidden, _ = self.backbone.step(asked.reshape(batch * count, -1), select(state, rows))
        given = self.write(self.dropout(hidden)).view(batch, self.horizon, self.output.size)
        return shift(given, last, self.output)

    def flops_per_token(self) -> float | None:
        """Of the stack, for a future value: a step for each past segment and each future one."""
        steps = (self.context + self.horizon) / self.segment
        return self.backbone.flops_per_token() * steps / self.horizon

    def model_name(self) -> str:
        """Cell, depth, width and segment, such as ``SegRNN GRU 1x512, segments of 24``."""
        output = f", {self.output.name}" if self.probabilistic else ""
        return f"SegRNN {self.backbone.summary()}, segments of {self.segment}{output}"


def last_there(inputs: Inputs) -> Tensor:
    """The last past value that is there ``(B, 1)``; zero where there is none."""
    steps = torch.arange(inputs.past.shape[1], device=inputs.past.device)
    at = (steps * inputs.there).argmax(1, keepdim=True)
    return inputs.past.gather(1, at) * inputs.there.gather(1, at)


def shift(given: Tensor, by: Tensor, output: Output) -> Tensor:
    """Moves what is said ``(B, H, P)`` by ``(B, 1)``: its centre, or every quantile."""
    if output.shifts == "all":
        return given + by[..., None]
    if output.shifts == "first":
        return torch.cat([given[..., :1] + by[..., None], given[..., 1:]], -1)
    return given
