"""The recurrent attention model: one recurrent network speaks and chooses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor

from rnnbench.backbone import Backbone
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1
from rnnbench.tasks.glimpses.looking.glimpse import GlimpseNetwork
from rnnbench.tasks.glimpses.looking.policy import Policy
from rnnbench.tasks.glimpses.models.looking import LookingReader, States


class RecurrentAttention(LookingReader):
    """RAM, the recurrent attention model.

        h_t = backbone(glimpse(image, place_t), h_t-1),  place_t+1 ~ policy(h_t),  answer ~ softmax(W h_T + b)

    V. Mnih, N. Heess, A. Graves and K. Kavukcuoglu, Recurrent Models of Visual Attention, NeurIPS 2014; there the
    backbone is one layer of rectified linear units. How it learns is told at `LookingReader`; what the policy learns
    from rewards stops at h_t.

    Args:
        backbone: Makes the recurrent stack from its input size.
        glimpse: Makes the glimpse network.
        policy: Makes the policy from the width of what it reads.
        glimpses: Looks for every answer.
        samples: Passes over each image in training, from which choosing is learned.
        passes: Passes over each image in evaluation, whose probabilities are averaged; 1 looks at the means.
        weight: What the part of the loss that chooses is multiplied by.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate.
    """

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        glimpse: Callable[[], GlimpseNetwork] = GlimpseNetwork,
        policy: Callable[[int], Policy] = Policy,
        glimpses: Annotated[int, AT_LEAST_1] = 6,
        samples: Annotated[int, AT_LEAST_1] = 1,
        passes: Annotated[int, AT_LEAST_1] = 1,
        weight: Annotated[float, AT_LEAST_0] = 1.0,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__(glimpse, policy, glimpses, samples, passes, weight, optimizer, scheduler)
        self.save_hyperparameters()
        self.make_backbone = backbone

    def make_core(self) -> tuple[int, int]:
        """See `LookingReader.make_core`."""
        self.backbone = self.make_backbone(self.glimpse.size)
        return self.backbone.output_size, self.backbone.output_size

    def begin(self, images: Tensor, times: int) -> tuple[States, Tensor | None]:
        """See `LookingReader.begin`."""
        return (self.backbone.initial_state(images.shape[0] * times, images),), None

    def advance(self, glimpse: Tensor, state: States) -> tuple[Tensor, Tensor, States]:
        """See `LookingReader.advance`."""
        hidden, after = self.backbone.step(glimpse, state[0])
        return hidden, hidden.detach() if self.policy.rule == "reinforce" else hidden, (after,)
