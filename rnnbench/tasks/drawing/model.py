"""What every model of this application does: a bound of the likelihood is learned and measured, images are drawn."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from rnnbench.data.images.scenes import SceneBatch
from rnnbench.errors import UserError
from rnnbench.examples import Example, plain
from rnnbench.ranges import AT_LEAST_1
from rnnbench.tasks.base import Loss, Measured, Spec, Task, evaluating, exact
from rnnbench.tasks.base.noise import noise_of
from rnnbench.tasks.drawing.data import DrawingData
from rnnbench.tasks.drawing.likelihood import Bernoulli, Gaussian
from rnnbench.tasks.drawing.metrics import ImageBounds

_EXAMPLES = 5
# Rows that go through a model at once where an image is drawn several times.
_ROWS = 4000


class Weighed(NamedTuple):
    """What a model makes of N images, each with one drawing z of what lies behind it."""

    likelihood: Tensor
    """``(N,)``: log p(x | z)."""
    divergence: Tensor
    """``(N,)``: KL(q(z | x) || p(z)); of several strokes the sum of those given the strokes before."""
    ratio: Tensor
    """``(N,)``: log p(z) - log q(z | x)."""
    canvas: Tensor
    """``(N, D)``: what says of each pixel what it is like."""


class Drawn(NamedTuple):
    """N images that were drawn in T strokes."""

    canvases: Tensor
    """``(N, T, S, S)`` from 0 to 1: what is to be seen after each stroke."""
    windows: Tensor | None
    """``(N, T, 3)``: left, top and width of the window that was written to, in pixels; None without windows."""


class ImageModel(Task[DrawingData]):
    """A model of images. Subclasses write `build`, `noise_size`, `weigh` and `draw`.

    Args:
        importance_samples: Samples K of the importance-weighted bound of the test.
    """

    application: ClassVar[str] = "drawing"
    monitor = "validation/bound"
    exact_likelihood: ClassVar[bool] = False
    """Whether the bound is the negative log-likelihood itself, so that nothing behind an image is drawn."""
    likelihood: Bernoulli | Gaussian
    size: int
    classes: Sequence[str]
    binary: bool

    def __init__(self, importance_samples: int = 1) -> None:
        super().__init__()
        if (problem := AT_LEAST_1.complaint(importance_samples)) is not None:
            raise UserError(problem, where="model.importance_samples")
        self.importance_samples = importance_samples
        self.bounds = ImageBounds()

    @property
    @abstractmethod
    def noise_size(self) -> int:
        """Normal numbers that are drawn behind an image."""

    @abstractmethod
    def weigh(self, x: Tensor, y: Tensor, noise: Tensor) -> Weighed:
        """Weighs images.

        Args:
            x: ``(N, D)``: 0 and 1, or grey values from 0 to 1.
            y: Their classes ``(N,)``.
            noise: Standard normal ``(N, noise_size)``.
        """

    @abstractmethod
    def draw(self, y: Tensor, noise: Tensor) -> Drawn:
        """Draws images of classes ``(N,)``, from standard normal noise ``(N, noise_size)``."""

    def reconstruct(self, images: Tensor, y: Tensor) -> Tensor | None:
        """What becomes of images ``(B, S, S)`` uint8 of classes ``(B,)``: ``(B, S, S)`` from 0 to 1, on the CPU.

        What lies behind an image is the mean of what it may be. None for a model that puts nothing there.
        """
        if self.exact_likelihood:
            return None
        with evaluating(self):
            grey = images.flatten(1).to(self.number_type)
            x = self._seen(grey, None if self.binary else torch.full_like(grey, 0.5))
            weighed = self.weigh(x, y, grey.new_zeros(len(grey), self.noise_size))
            return self.likelihood.mean(weighed.canvas).view(images.shape).double().cpu()

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around size and ink of the images."""
        self.size, self.classes, self.binary = spec["size"], spec["classes"], spec["binary"]
        self.bounds.pixels = self.pixels
        self.likelihood = Bernoulli() if self.binary else Gaussian()
        super().use_spec(spec)

    @property
    def pixels(self) -> int:
        """Pixels D of an image."""
        return self.size**2

    def loss(self, batch: SceneBatch) -> Loss | None:
        """The bound: -log p(x | z) + KL, of each image with one z."""
        grey = batch.images.flatten(1).to(self.number_type)
        spread = None if self.binary else torch.rand_like(grey)
        noise = torch.randn(len(grey), self.noise_size, device=grey.device, dtype=grey.dtype)
        weighed = self.weigh(self._seen(grey, spread), batch.y[:, 0], noise)
        return Loss((weighed.divergence - weighed.likelihood).sum(), len(grey))

    def bounds_of(self, images: Tensor, y: Tensor, samples: int) -> tuple[Tensor, Tensor]:
        """Both bounds of images; what is drawn for it follows from their pixels.

            importance-weighted = -log 1/K sum_k p(x | z_k) p(z_k) / q(z_k | x),   z_k ~ q(z | x)

        Y. Burda, R. Grosse and R. Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016, equation 8.

        Args:
            images: ``(B, S, S)`` uint8.
            y: Their classes ``(B,)``.
            samples: K; the other bound is the mean over all of them.

        Returns:
            ``(B,)`` float64 each, in nats.
        """
        samples = 1 if self.exact_likelihood else samples
        grey = images.flatten(1).to(self.device, self.number_type)
        drawn = noise_of(images, samples * self.noise_size + (0 if self.binary else self.pixels))
        spread = None
        if not self.binary:
            spread = ((1 + torch.erf(drawn[:, -self.pixels :] / 2**0.5)) / 2).to(grey)
        x = self._seen(grey, spread)
        noise = drawn[:, : samples * self.noise_size].view(len(images), samples, self.noise_size).to(grey)
        bounds, weights = [], []
        for part in noise.split(max(1, _ROWS // len(images)), 1):
            many = part.shape[1]
            weighed = self.weigh(x.repeat_interleave(many, 0), y.repeat_interleave(many, 0), part.flatten(0, 1))
            bounds.append(exact(weighed.divergence - weighed.likelihood).view(-1, many))
            weights.append(exact(weighed.likelihood + weighed.ratio).view(-1, many))
        weight = torch.cat(weights, 1)
        return torch.cat(bounds, 1).mean(1), torch.log(torch.tensor(float(samples))).to(weight) - weight.logsumexp(1)

    def evaluate(self, batch: SceneBatch) -> None:
        """See `Task.evaluate`."""
        samples = self.importance_samples if self.trainer.testing else 1
        self.bounds.update(batch.ids, *self.bounds_of(batch.images, batch.y[:, 0], samples))

    def measure(self, split: str) -> Measured:
        """See `Task.measure`."""
        values, images = self.bounds.compute()
        samples = 1 if self.exact_likelihood or split != "test" else self.importance_samples
        if samples == 1:
            # Of one sample it is an estimate of the other bound.
            values.pop("importance_bound")
        ink = "black and white" if self.binary else "grey"
        signature = f"images:{images}|pixels:{self.pixels}|ink:{ink}"
        return Measured(values, signature, ("bound",), {"importance_bound": f"{signature}|samples:{samples}"})

    def examples(self) -> list[Example]:
        """See `Task.examples`: bounds of the first images of the test split."""
        images = self.data.splits["test"]
        batch = images(list(range(min(_EXAMPLES, len(images.lengths)))), 0)
        with evaluating(self):
            bounds, _ = self.bounds_of(batch.images, batch.y[:, 0].to(self.device), 1)
        return [
            (plain("image", f"test, {number + 1}"), plain("class", self.classes[y]), plain("bound", f"{bound:.2f}"))
            for number, (y, bound) in enumerate(zip(batch.y[:, 0].tolist(), bounds.tolist(), strict=True))
        ]

    def draw_test(self) -> None:
        """See `Task.draw_test`: draws images."""
        from rnnbench.tasks.drawing.show import record_drawings

        record_drawings(self, Path(self.trainer.default_root_dir))

    @property
    def number_type(self) -> torch.dtype:
        """The type of the model's numbers."""
        found = next(self.parameters(), None)
        return torch.float32 if found is None else found.dtype

    def _seen(self, grey: Tensor, spread: Tensor | None) -> Tensor:
        """Images ``(B, D)`` of whole numbers up to 255, as a model sees them."""
        return grey / 255 if spread is None else (grey + spread) / 256
