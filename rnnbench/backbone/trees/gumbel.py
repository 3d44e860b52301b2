"""A binary tree that a network finds itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnbench.backbone.trees.cell import Family
from rnnbench.backbone.trees.stack import TreeBackbone
from rnnbench.errors import UserError


class GumbelTree(nn.Module):
    """Merges the two neighbours that make the best phrase, round by round, until one is left.

        r~_i = compose(r_i, r_{i+1})                            every pair of neighbours, as if it were a phrase
        v    = softmax over i of q . y~_i                       how good a phrase it is; y~ is its output
        k    = argmax of log v + Gumbel noise                   in training; without noise otherwise
        r    = r_1 ... r_{k-1}, r~_k, r_{k+2} ...

    In training the choice is a sample of v, whose gradient is that of softmax((log v + noise) / temperature), straight
    through. J. Choi, K. M. Yoo and S. Lee, Learning to Compose Task-Specific Tree Structures, AAAI 2018. Every round
    looks at all pairs, so T words cost T^2 / 2 phrases instead of T.

    Args:
        backbone: The network over trees; its cell has to have room for two children.
        temperature: How far the softmax of the gradient is from a choice.

    Raises:
        UserError: The cell has no room, or the temperature is not positive.
    """

    def __init__(self, backbone: TreeBackbone, temperature: float = 1.0) -> None:
        super().__init__()
        arity = backbone.cell.arity
        if arity is not None and arity < 2:
            raise UserError(f"a tree of pairs needs room for 2 children, found {arity}", where="--model.backbone.cell")
        if temperature <= 0:
            raise UserError(f"must be above 0, found {temperature}", where="--model.temperature")
        self.cell = backbone.cell
        self.temperature = temperature
        self.query = nn.Linear(backbone.output_size, 1, bias=False)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Finds the trees of a batch of sentences.

        Args:
            x: Vectors of words ``(B, T, I)``; what stands past the end of a sentence changes nothing.
            lengths: Number of words of each ``(B,)``, at least 1.

        Returns:
            Outputs at the roots ``(B, O)``; and ``(B, T - 1)`` int64, which part is merged with its right neighbour in
            every round, -1 where a single one is left.
        """
        batch, steps, _ = x.shape
        output, state = self.cell.leaf(self.cell.project(x).flatten(0, 1))
        parts = [leaf.unflatten(0, (batch, steps)) for leaf in (output, *state)]
        blank = self.cell.project(x.new_zeros(1, x.shape[2]))
        chosen = []
        for step in range(steps - 1):
            pairs = batch * (steps - step - 1)
            rows = tuple(torch.stack([part[:, :-1], part[:, 1:]], 2).flatten(0, 2) for part in parts[1:])
            output, state = self.cell.compose(blank.expand(pairs, -1), rows, Family.of(pairs, 2, x.device))
            phrases = [leaf.unflatten(0, (batch, -1)) for leaf in (output, *state)]
            left = lengths - step - 1
            choice = self._choose(self.query(phrases[0])[..., 0], left)
            chosen.append(torch.where(left > 0, choice.detach().argmax(1), -1))
            # Of a single part nothing is chosen, and it stays.
            choice = choice * (left > 0).to(choice)[:, None]
            done = choice.cumsum(1)
            parts = [
                _weigh(1 - done, part[:, :-1]) + _weigh(choice, phrase) + _weigh(done - choice, part[:, 1:])
                for part, phrase in zip(parts, phrases, strict=True)
            ]
        return parts[0][:, 0], torch.stack(chosen, 1) if chosen else lengths.new_zeros(batch, 0)

    def _choose(self, scores: Tensor, pairs: Tensor) -> Tensor:
        """1 for the chosen one of the first so many pairs, 0 for others ``(B, M)``; differentiable in training."""
        valid = torch.arange(scores.shape[1], device=scores.device) < pairs[:, None]
        lowest = torch.finfo(scores.dtype).min
        logits = scores.masked_fill(~valid, lowest).log_softmax(1)
        if self.training:
            noise = -torch.empty_like(logits).exponential_().log()
            logits = ((logits + noise) / self.temperature).masked_fill(~valid, lowest)
        hard = torch.zeros_like(logits).scatter(1, logits.argmax(1, keepdim=True), 1.0)
        if not self.training:
            return hard
        soft = logits.softmax(1)
        return hard + soft - soft.detach()


def _weigh(weights: Tensor, values: Tensor) -> Tensor:
    """Weights ``(B, M)`` times values ``(B, M, ...)``."""
    return weights.view(*weights.shape, *[1] * (values.dim() - 2)) * values
