"""What networks that look share: glimpse after glimpse, answer after answer, and how choosing places is learned."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone.state import StackState
from rnnbench.data.batches.batch import IGNORED
from rnnbench.data.images.scenes import SceneBatch
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1
from rnnbench.tasks.base import Loss, Spec
from rnnbench.tasks.base.noise import noise_of
from rnnbench.tasks.glimpses.looking.glimpse import GlimpseNetwork
from rnnbench.tasks.glimpses.looking.policy import Place, Policy
from rnnbench.tasks.glimpses.looking.retina import Pyramid
from rnnbench.tasks.glimpses.model import SceneReader, nats_of

States = tuple[StackState, ...]
"""The states of the stacks of a model."""


class Looked(NamedTuple):
    """What came of T looks at B images, M times each: N = B * M rows, those of an image side by side."""

    scores: Tensor
    """``(N, L, K)``: log-probabilities of the classes up to a constant, after all looks for each answer."""
    spoken: list[Tensor]
    """T times ``(N, ...)``: what an answer would follow from after each look."""
    places: Tensor
    """``(N, T, 2)``: where it looked."""
    seen: Tensor
    """``(N, T', H)``: what the T' places that were chosen by the policy followed from."""
    log_likelihood: Tensor | None
    """``(N, T')``: of having chosen them, up to a constant; None where there is nothing to be learned from that."""


class LookingReader(SceneReader):
    """A recurrent network that looks `glimpses` times for every answer, and chooses where.

    What it says is learned by the gradient of the cross-entropy. Where it looks is learned, with the policy's rule
    ``reinforce``, from the rewards r_l, 1 for a right answer and 0 for a wrong one (R. J. Williams, 1992): the places
    that were chosen before answer l have the return R = r_l + r_l+1 + ..., and the loss has in addition

        - sum_t (R_t - b_t) log p(place_t) + sum_t (R_t - b_t)^2,   b_t = w h_t + c

    whose first part does not reach b_t, and neither of them what is learned by the cross-entropy (the hybrid loss of
    V. Mnih et al., 2014). Several passes over an image in training are several samples of that expectation.

    In evaluation the places are the means of the policy; with several passes they are drawn, by noise that belongs to
    the image, and the probabilities of the passes are averaged.

    Args:
        glimpse: Makes the glimpse network.
        policy: Makes the policy from the width of what it reads.
        glimpses: Looks for every answer.
        samples: Passes M over each image in training.
        passes: Passes over each image in evaluation; 1 looks at the means.
        weight: What the part of the loss that chooses is multiplied by.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate.
    """

    coarse: ClassVar[bool] = False
    """Whether the whole image is seen coarsely before the first look."""

    def __init__(
        self,
        glimpse: Callable[[], GlimpseNetwork],
        policy: Callable[[int], Policy],
        glimpses: Annotated[int, AT_LEAST_1],
        samples: Annotated[int, AT_LEAST_1],
        passes: Annotated[int, AT_LEAST_1],
        weight: Annotated[float, AT_LEAST_0],
        optimizer: OptimizerCallable,
        scheduler: LRSchedulerCallable | None,
    ) -> None:
        super().__init__()
        for name, value in {"glimpses": glimpses, "samples": samples, "passes": passes}.items():
            if (problem := AT_LEAST_1.complaint(value)) is not None:
                raise UserError(problem, where=f"model.{name}")
        self.make_glimpse, self.make_policy = glimpse, policy
        self.glimpses, self.samples, self.passes, self.weight = glimpses, samples, passes, weight
        self.optimizer, self.scheduler = optimizer, scheduler

    @abstractmethod
    def make_core(self) -> tuple[int, int]:
        """Makes the recurrent network behind ``self.glimpse``; gives the width of what speaks and of what chooses."""

    @abstractmethod
    def begin(self, images: Tensor, times: int) -> tuple[States, Tensor | None]:
        """Before the first look.

        Args:
            images: ``(B, C, C)`` from 0 to 1.
            times: M.

        Returns:
            The state of N rows; and what the first place follows from ``(N, H)``, None where nothing was seen yet.
        """

    @abstractmethod
    def advance(self, glimpse: Tensor, state: States) -> tuple[Tensor, Tensor, States]:
        """Takes in a glimpse ``(N, I)``: gives what speaks, what chooses, both ``(N, ...)``, and the new state."""

    def build(self, spec: Spec) -> None:
        """Makes the layers for scenes of this size and their classes."""
        self.glimpse = self.make_glimpse()
        width = self.glimpse.retina.width
        if width > self.size:
            raise UserError(
                f"a glimpse of {width} x {width} pixels is larger than the image, {self.size} x {self.size}",
                where="--model.glimpse.width",
                hint=f"at most {self.size}",
            )
        speaks, chooses = self.make_core()
        self.policy = self.make_policy(chooses)
        self.output = nn.Linear(speaks, len(self.classes))
        self.baseline_of = nn.Linear(chooses, 1) if self.policy.rule == "reinforce" else None

    @property
    def looks(self) -> int:
        """Looks T at an image."""
        return self.glimpses * self.answers

    @property
    def draws(self) -> bool:
        """Whether noise has a part in where it looks in evaluation."""
        policy = self.policy
        first = policy.start == "random" and not self.coarse
        return self.passes > 1 or policy.rule == "random" or first

    def look(self, images: Tensor, noise: Tensor, drawn: bool) -> Looked:
        """Looks at images.

        Args:
            images: ``(B, C, C)`` from 0 to 1.
            noise: Standard normal ``(T, B, M, 2)``.
            drawn: Whether places are drawn around their means.
        """
        pyramid = self.glimpse.retina.pyramid(images)
        state, chooses = self.begin(images, noise.shape[2])
        spoken, places, seen, likelihoods = [], [], [], []
        noise = noise.flatten(1, 2)
        for here in noise:
            if chooses is None:
                place = self.policy.first(here)
            else:
                place = self.policy(chooses, here, drawn)
                seen.append(chooses)
                likelihoods.append(place.log_likelihood)
            speaks, chooses, state = self.advance(self._glimpse(pyramid, place), state)
            spoken.append(speaks)
            places.append(place.at)
        learned = [one for one in likelihoods if one is not None]
        empty = noise.new_zeros(noise.shape[1], 0, 1)
        return Looked(
            self.output(torch.stack(spoken[self.glimpses - 1 :: self.glimpses], 1)),
            spoken,
            torch.stack(places, 1),
            torch.stack(seen, 1) if seen else empty,
            torch.stack(learned, 1) if learned else None,
        )

    def read(self, images: Tensor, passes: int) -> tuple[Tensor, Looked]:
        """Looks as in evaluation: what is seen of an image depends on nothing else.

        Args:
            images: ``(B, C, C)`` uint8.
            passes: Passes P over each.

        Returns:
            Log-probabilities ``(B, L, K)`` up to a constant, of the mean over the passes; and all B * P passes.
        """
        return self.read_with(images, noise_of(images, passes * self.looks * 2).view(-1, passes, self.looks, 2))

    def read_with(self, images: Tensor, noise: Tensor) -> tuple[Tensor, Looked]:
        """The same with noise from elsewhere.

        Args:
            images: ``(B, C, C)`` uint8.
            noise: Standard normal ``(B, P, T, 2)``; of a model that does not `draws`, anything.
        """
        pixels, passes = self._pixels(images), noise.shape[1]
        looked = self.look(pixels, noise.to(pixels).permute(2, 0, 1, 3), drawn=passes > 1)
        if passes == 1:
            return looked.scores, looked
        return F.log_softmax(looked.scores, 2).unflatten(0, (-1, passes)).logsumexp(1), looked

    def forward(self, images: Tensor) -> Tensor:
        """See `SceneReader.forward`."""
        return self.read(images, self.passes)[0]

    def loss(self, batch: SceneBatch) -> Loss:
        """See `LookingReader`."""
        pixels = self._pixels(batch.images)
        noise = torch.randn(self.looks, len(pixels), self.samples, 2, device=pixels.device, dtype=pixels.dtype)
        looked = self.look(pixels, noise, drawn=True)
        y = batch.y.repeat_interleave(self.samples, 0)
        total = nats_of(looked.scores, y).sum() / self.samples
        if looked.log_likelihood is None or self.baseline_of is None:
            return Loss(total, len(batch.y))
        returns = self._returns(looked.scores, y)[:, -looked.log_likelihood.shape[1] :]
        guessed = self.baseline_of(looked.seen.detach())[..., 0]
        advantage = returns - guessed
        chosen = -(advantage.detach() * looked.log_likelihood).sum(1).mean()
        return Loss(total, len(batch.y), self.weight * chosen + advantage.square().sum(1).mean())

    def draw_test(self) -> None:
        """See `Task.draw_test`: draws where it looked."""
        from rnnbench.tasks.glimpses.show import record_looks

        record_looks(self)

    def decoding(self) -> str | None:
        """See `Task.decoding`."""
        return f"{self.passes} passes" if self.passes > 1 else None

    def flops_per_token(self) -> float | None:
        """See `Task.flops_per_token`: of all looks at an image."""
        core = super().flops_per_token()
        return None if core is None else self.looks * (core + self.glimpse.flops())

    def model_name(self) -> str:
        """The core, the looks and the retina."""
        retina = self.glimpse.retina
        scales = f" x {retina.scales}" if retina.scales > 1 else ""
        how = {"reinforce": "", "gradient": ", differentiated", "random": ", random"}[self.policy.rule]
        passes = f", {self.passes} passes" if self.passes > 1 else ""
        return f"{super().model_name()}, {self.glimpses} glimpses of {retina.width}{scales}{how}{passes}"

    def _glimpse(self, pyramid: Pyramid, place: Place) -> Tensor:
        return self.glimpse(self.glimpse.retina(pyramid, place.at), place.at)

    def _pixels(self, images: Tensor) -> Tensor:
        return images.to(self.output.weight.dtype) / 255

    def _returns(self, scores: Tensor, y: Tensor) -> Tensor:
        """The return of each look ``(N, T)``."""
        right = ((scores.argmax(2) == y) & (y != IGNORED)).to(scores)
        return right.flip(1).cumsum(1).flip(1).repeat_interleave(self.glimpses, 1)
