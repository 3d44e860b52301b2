"""DRAW: an image is drawn onto a canvas, stroke by stroke."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
import torch.nn.functional as F
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1
from rnnbench.tasks.base import Spec
from rnnbench.tasks.drawing.attention import WindowLayer
from rnnbench.tasks.drawing.model import Drawn, ImageModel, Weighed


class Draw(ImageModel):
    """The deep recurrent attentive writer.

        r_t = read(x, x - sigmoid(c_t-1)),  e_t = encoder([r_t, h_t-1], e_t-1)
        z_t ~ N(mu(e_t), sigma(e_t)^2),  h_t = backbone(z_t, h_t-1),  c_t = c_t-1 + write(h_t)

    K. Gregor, I. Danihelka, A. Graves, D. J. Rezende and D. Wierstra, DRAW: A Recurrent Neural Network For Image
    Generation, ICML 2015. Reading and writing go through a window of Gaussian filters, whose place follows from h, or
    concern the whole image. The bound is -log p(x | c_T) + sum_t KL(q(z_t | x, z_<t) || N(0, 1)).

    Args:
        backbone: Makes the recurrent stack that draws from its input size.
        encoder: Makes the recurrent stack that reads from its input size.
        steps: Strokes T.
        latent: Numbers Z behind a stroke.
        read: Filters along each side of the window that is read through; 0 reads the whole image.
        write: The same of the window that is written to; 0 writes to the whole canvas.
        conditional: Whether both stacks are told the class of the image.
        importance_samples: Samples of the importance-weighted bound of the test.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate.
    """

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        encoder: Callable[[int], Backbone] = Backbone,
        steps: Annotated[int, AT_LEAST_1] = 10,
        latent: Annotated[int, AT_LEAST_1] = 10,
        read: Annotated[int, AT_LEAST_0] = 2,
        write: Annotated[int, AT_LEAST_0] = 5,
        conditional: bool = False,
        importance_samples: Annotated[int, AT_LEAST_1] = 50,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__(importance_samples)
        self.save_hyperparameters()
        for name, value in {"steps": steps, "latent": latent}.items():
            if (problem := AT_LEAST_1.complaint(value)) is not None:
                raise UserError(problem, where=f"model.{name}")
        self.make_backbone, self.make_encoder = backbone, encoder
        self.steps, self.latent, self.conditional = steps, latent, conditional
        self.read_width, self.write_width = read, write
        self.optimizer, self.scheduler = optimizer, scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers for images of this size."""
        for name, width in {"read": self.read_width, "write": self.write_width}.items():
            if not 0 <= width <= self.size:
                raise UserError(f"must be from 0 to {self.size}, found {width}", where=f"--model.{name}")
        told = len(self.classes) if self.conditional else 0
        self.backbone = self.make_backbone(self.latent + told)
        hidden = self.backbone.output_size
        self.encoder = self.make_encoder(2 * (self.read_width**2 or self.pixels) + hidden + told)
        self.code = nn.Linear(self.encoder.output_size, 2 * self.latent)
        self.reads = WindowLayer(hidden, self.size, self.read_width) if self.read_width else None
        self.writes = WindowLayer(hidden, self.size, self.write_width) if self.write_width else None
        self.stroke = nn.Linear(hidden, self.write_width**2 or self.pixels)

    @property
    def noise_size(self) -> int:
        """See `ImageModel.noise_size`."""
        return self.steps * self.latent

    def weigh(self, x: Tensor, y: Tensor, noise: Tensor) -> Weighed:
        """See `ImageModel.weigh`."""
        told = self._told(y, x)
        drawing, reading = self.backbone.initial_state(len(x), x), self.encoder.initial_state(len(x), x)
        hidden, canvas = x.new_zeros(len(x), self.backbone.output_size), torch.zeros_like(x)
        divergence = ratio = x.new_zeros(len(x))
        for here in noise.unflatten(1, (self.steps, self.latent)).unbind(1):
            seen = self._read(x, x - canvas.sigmoid(), hidden)
            code, reading = self.encoder.step(torch.cat([seen, hidden, *told], 1), reading)
            mean, log_deviation = self.code(code).chunk(2, 1)
            z = mean + log_deviation.exp() * here
            divergence = divergence + ((mean.square() + (2 * log_deviation).exp() - 1) / 2 - log_deviation).sum(1)
            ratio = ratio + ((here.square() - z.square()) / 2 + log_deviation).sum(1)
            hidden, drawing = self.backbone.step(torch.cat([z, *told], 1), drawing)
            canvas = canvas + self._write(hidden)[0]
        return Weighed(self.likelihood(canvas, x), divergence, ratio, canvas)

    def draw(self, y: Tensor, noise: Tensor) -> Drawn:
        """See `ImageModel.draw`."""
        told = self._told(y, noise)
        drawing = self.backbone.initial_state(noise.shape[0], noise)
        canvas = noise.new_zeros(noise.shape[0], self.pixels)
        canvases, windows = [], []
        for z in noise.unflatten(1, (self.steps, self.latent)).unbind(1):
            hidden, drawing = self.backbone.step(torch.cat([z, *told], 1), drawing)
            stroke, corners = self._write(hidden)
            canvas = canvas + stroke
            canvases.append(self.likelihood.mean(canvas).unflatten(1, (self.size, self.size)))
            windows.append(corners)
        shown = [one for one in windows if one is not None]
        return Drawn(torch.stack(canvases, 1), torch.stack(shown, 1) if shown else None)

    def flops_per_token(self) -> float | None:
        """See `Task.flops_per_token`: of all strokes, without the windows."""
        core = super().flops_per_token()
        if core is None:
            return None
        layers = 2 * (self.code.weight.numel() + self.stroke.weight.numel())
        return self.steps * (core + self.encoder.flops_per_token() + layers)

    def model_name(self) -> str:
        """The stack, the strokes and the windows."""
        windows = (
            f"windows {self.read_width}, {self.write_width}" if self.read_width and self.write_width else "no window"
        )
        return f"DRAW {super().model_name()}, {self.steps} strokes, {windows}" + (", told" if self.conditional else "")

    def _told(self, y: Tensor, like: Tensor) -> list[Tensor]:
        return [F.one_hot(y, len(self.classes)).to(like)] if self.conditional else []

    def _read(self, x: Tensor, missing: Tensor, hidden: Tensor) -> Tensor:
        if self.reads is None:
            return torch.cat([x, missing], 1)
        window = self.reads(hidden)
        shape = (self.size, self.size)
        return torch.cat([window.read(one.unflatten(1, shape)) for one in (x, missing)], 1)

    def _write(self, hidden: Tensor) -> tuple[Tensor, Tensor | None]:
        """The stroke ``(N, D)``, and where its window lies ``(N, 3)``."""
        stroke = self.stroke(hidden)
        if self.writes is None:
            return stroke, None
        window = self.writes(hidden)
        return window.write(stroke).flatten(1), window.corners
