"""The recurrent network of this application, one for all problems."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.data.long_range.batch import LongRangeBatch
from rnnbench.errors import UserError
from rnnbench.tasks.base import Loss, Spec, exact
from rnnbench.tasks.long_range.inputs import InputLayer
from rnnbench.tasks.long_range.model import LongRangeModel


class RecurrentModel(LongRangeModel):
    """Symbols or numbers, a recurrent backbone, and a linear layer that answers where an answer is asked for.

    Args:
        backbone: Makes the recurrent stack from its input size.
        embedding_size: Width to which a step is mapped; null for one-hot symbols and bare numbers.
        probe: Whether a linear layer learns to read the state of the problem's automaton off the hidden state. No
            gradient of it reaches the network.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        embedding_size: int | None = None,
        probe: bool = False,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.make_backbone = backbone
        self.embedding_size = embedding_size
        self.has_probe = probe
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers."""
        self.reader = InputLayer(self.inputs, self.embedding_size)
        self.backbone = self.make_backbone(self.reader.size)
        self.output = nn.Linear(self.backbone.output_size, self.answers.size)
        self.probe: nn.Linear | None = None
        if self.has_probe:
            if self.automaton is None:
                raise UserError(
                    "this problem has no automaton whose state could be read off",
                    where="--model.probe",
                    hint="leave it out, or take a problem with one, such as Tomita",
                )
            self.probe = nn.Linear(self.backbone.output_size, len(self.automaton))
            self.scores.metrics.append("state_accuracy")

    def hidden(self, x: Tensor, lengths: Tensor, asked: Tensor) -> Tensor:
        """Outputs of the backbone where an answer is asked for ``(N, O)``; see `LongRangeModel.forward`."""
        outputs, _ = self.backbone(self.reader(x), lengths)
        # By numbers rather than the mask, which a GPU would count once more on the way back, the host waiting for it.
        return outputs.flatten(0, 1).index_select(0, asked.flatten().nonzero()[:, 0])

    def forward(self, x: Tensor, lengths: Tensor, asked: Tensor) -> Tensor:
        """See `LongRangeModel.forward`."""
        return self.output(self.hidden(x, lengths, asked))

    def loss(self, batch: LongRangeBatch) -> Loss:
        """The mean over all answers, and that of the probe."""
        hidden = self.hidden(batch.x, batch.lengths, batch.asked)
        total = self.answers.losses(self.output(hidden), batch.y).sum()
        penalty = None if self.probe is None else F.cross_entropy(self.probe(hidden.detach()), batch.states)
        return Loss(total, len(batch.y), penalty)

    def evaluate(self, batch: LongRangeBatch) -> None:
        """See `Task.evaluate`."""
        hidden = self.hidden(batch.x, batch.lengths, batch.asked)
        state_right = None if self.probe is None else self.probe(hidden).argmax(-1) == batch.states
        self.enter(batch, exact(self.output(hidden)), state_right)

    def draw_test(self) -> None:
        """See `Task.draw_test`: draws the automaton that the network became beside the true one, where there is one."""
        super().draw_test()
        if self.automaton is not None:
            from rnnbench.tasks.long_range.show import record_automaton

            record_automaton(self)
