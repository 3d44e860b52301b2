"""The feed-forward neural language model, a baseline with a window instead of a state."""

from __future__ import annotations

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone.state import StackState
from rnnbench.tasks.base import Spec
from rnnbench.tasks.text_generation.model import TextModel


class FeedForwardLanguageModel(TextModel):
    """Bengio's neural probabilistic language model over the last n - 1 tokens.

        e = [C(w_{t-1}); ...; C(w_{t-n+1})],  scores = b + W e + U tanh(d + H e)

    Y. Bengio, R. Ducharme, P. Vincent and C. Jauvin, A Neural Probabilistic Language Model, JMLR 3 (2003), equation 1.

    Args:
        order: n, the number of tokens in a window with the predicted one.
        embedding_size: Width of a token's vector C(w).
        hidden_size: Width of the hidden layer.
        direct: Whether the vectors reach the scores directly too (W); otherwise W = 0.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    baseline = True

    def __init__(
        self,
        order: int = 5,
        embedding_size: int = 60,
        hidden_size: int = 100,
        direct: bool = True,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.order = order
        self.embedding_size = embedding_size
        self.hidden_size = hidden_size
        self.has_direct = direct
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers for this vocabulary."""
        size, width = len(self.tokenizer), (self.order - 1) * self.embedding_size
        self.embedding = nn.Embedding(size, self.embedding_size)
        self.hidden = nn.Linear(width, self.hidden_size)
        self.output = nn.Linear(self.hidden_size, size)
        self.direct = nn.Linear(width, size, bias=False) if self.has_direct else None

    def initial_state(self, batch_size: int) -> StackState:
        """The n - 2 tokens before the first: ends of documents."""
        return (torch.full((batch_size, self.order - 2), self.tokenizer.end, device=self.device),)

    def forward(self, x: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """Tokens ``(B, T)`` -> scores of the next ones ``(B, T, V)`` and the last n - 2 tokens."""
        history = torch.cat([state[0], x], dim=1)
        windows = history.unfold(1, self.order - 1, 1)
        vectors = self.embedding(windows).flatten(2)
        scores = self.output(torch.tanh(self.hidden(vectors)))
        if self.direct is not None:
            scores = scores + self.direct(vectors)
        return scores, (history[:, x.shape[1] :],)

    def step(self, token: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """See `TextModel.step`."""
        scores, state = self(token[:, None], state)
        return scores[:, 0], state

    def model_name(self) -> str:
        """Order and width."""
        return f"feed-forward {self.order}-gram, {self.hidden_size} hidden"
