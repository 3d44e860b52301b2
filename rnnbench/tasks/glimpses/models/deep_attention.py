"""The deep recurrent attention model: one recurrent network speaks, another one on top of it chooses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.nn.bridge import VectorBridge
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1
from rnnbench.tasks.glimpses.looking.context import ContextNetwork
from rnnbench.tasks.glimpses.looking.glimpse import GlimpseNetwork
from rnnbench.tasks.glimpses.looking.policy import Policy
from rnnbench.tasks.glimpses.models.looking import LookingReader, States


class DeepRecurrentAttention(LookingReader):
    """DRAM, the deep recurrent attention model.

        c = context(coarse image),  u_0 = tanh(W c + b),  place_1 ~ policy(relu(V c + d))
        h_t = backbone(glimpse(image, place_t), h_t-1),  u_t = locator(h_t, u_t-1),  place_t+1 ~ policy(u_t)

    with an answer from h_t after every `glimpses` looks. J. L. Ba, V. Mnih and K. Kavukcuoglu, Multiple Object
    Recognition with Visual Attention, ICLR 2015. The network that speaks never sees the coarse image. How it learns is
    told at `LookingReader`; what locator, context and policy learn from rewards stops at h_t.

    Args:
        backbone: Makes the recurrent stack that speaks from its input size.
        locator: Makes the recurrent stack that chooses from its input size.
        glimpse: Makes the glimpse network.
        context: Makes the network over the coarse image.
        policy: Makes the policy from the width of what it reads.
        glimpses: Looks for every answer.
        samples: Passes over each image in training, from which choosing is learned.
        passes: Passes over each image in evaluation, whose probabilities are averaged; 1 looks at the means.
        weight: What the part of the loss that chooses is multiplied by.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate.
    """

    coarse = True

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        locator: Callable[[int], Backbone] = Backbone,
        glimpse: Callable[[], GlimpseNetwork] = GlimpseNetwork,
        context: Callable[[], ContextNetwork] = ContextNetwork,
        policy: Callable[[int], Policy] = Policy,
        glimpses: Annotated[int, AT_LEAST_1] = 4,
        samples: Annotated[int, AT_LEAST_1] = 1,
        passes: Annotated[int, AT_LEAST_1] = 1,
        weight: Annotated[float, AT_LEAST_0] = 1.0,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__(glimpse, policy, glimpses, samples, passes, weight, optimizer, scheduler)
        self.save_hyperparameters()
        self.make_backbone, self.make_locator, self.make_context = backbone, locator, context

    def make_core(self) -> tuple[int, int]:
        """See `LookingReader.make_core`."""
        self.backbone = self.make_backbone(self.glimpse.size)
        self.locator = self.make_locator(self.backbone.output_size)
        self.context = self.make_context()
        self.bridge = VectorBridge(self.context.size, self.locator.cells)
        self.first = nn.Linear(self.context.size, self.locator.output_size)
        return self.backbone.output_size, self.locator.output_size

    def begin(self, images: Tensor, times: int) -> tuple[States, Tensor | None]:
        """See `LookingReader.begin`."""
        context = self.context(images).repeat_interleave(times, 0)
        return (self.backbone.initial_state(images.shape[0] * times, images), self.bridge(context)), torch.relu(
            self.first(context)
        )

    def advance(self, glimpse: Tensor, state: States) -> tuple[Tensor, Tensor, States]:
        """See `LookingReader.advance`."""
        hidden, speaks = self.backbone.step(glimpse, state[0])
        seen = hidden.detach() if self.policy.rule == "reinforce" else hidden
        chosen, chooses = self.locator.step(seen, state[1])
        return hidden, chosen, (speaks, chooses)

    def flops_per_token(self) -> float | None:
        """See `Task.flops_per_token`: the locator's, too; the context is seen once."""
        found = super().flops_per_token()
        return None if found is None else found + self.looks * self.locator.flops_per_token()
